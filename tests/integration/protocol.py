"""The PostgreSQL v3 protocol by hand: messages, a raw client and a scripted server."""

import contextlib
import socket
import struct
import threading

PROTOCOL_3_0 = 196608
SSL_REQUEST = struct.pack("!II", 8, 80877103)
GSSENC_REQUEST = struct.pack("!II", 8, 80877104)


def cancel_request(key):
    """`key`: process id and secret as BackendKeyData had them."""
    return struct.pack("!II", 8 + len(key), 80877102) + key


def startup(version=PROTOCOL_3_0, **parameters):
    body = b"".join(cstring(k) + cstring(v) for k, v in parameters.items()) + b"\0"
    return struct.pack("!II", 8 + len(body), version) + body


def cstring(text):
    return (text if isinstance(text, bytes) else text.encode()) + b"\0"


def message(kind, body=b""):
    return kind.encode() + struct.pack("!I", 4 + len(body)) + body


# --- what a client sends

def query(sql):
    return message("Q", cstring(sql))


def parse(sql, name=""):
    return message("P", cstring(name) + cstring(sql) + struct.pack("!H", 0))


def bind(parameters=(), name="", portal="", result_format=0):
    values = b""
    for value in parameters:
        if value is None:
            values += struct.pack("!i", -1)
        else:
            encoded = str(value).encode()
            values += struct.pack("!i", len(encoded)) + encoded
    return message("B", cstring(portal) + cstring(name) + struct.pack("!HH", 0, len(parameters))
                   + values + struct.pack("!HH", 1, result_format))


def describe(kind="P", name=""):
    return message("D", kind.encode() + cstring(name))


def execute(portal="", rows=0):
    return message("E", cstring(portal) + struct.pack("!i", rows))


def close(kind="S", name=""):
    return message("C", kind.encode() + cstring(name))


def function_call(oid, *arguments):
    """Arguments and result in binary; integers are sent as int4, bytes as they are."""
    body = struct.pack("!IHHH", oid, 1, 1, len(arguments))
    for value in arguments:
        encoded = value if isinstance(value, bytes) else struct.pack("!i", value)
        body += struct.pack("!i", len(encoded)) + encoded
    return message("F", body + struct.pack("!H", 1))


SYNC, FLUSH, TERMINATE = message("S"), message("H"), message("X")
COPY_DONE = message("c")


def copy_data(data):
    return message("d", data)


def copy_fail(reason="stopped"):
    return message("f", cstring(reason))


def extended(sql, parameters=(), name="", rows=0):
    """Parse, Bind, Describe, Execute of one statement, without the Sync."""
    return parse(sql, name) + bind(parameters, name) + describe() + execute(rows=rows)


# --- what a server sends

AUTHENTICATION_OK = message("R", struct.pack("!I", 0))
PARSE_COMPLETE, BIND_COMPLETE, CLOSE_COMPLETE = message("1"), message("2"), message("3")
NO_DATA, EMPTY_QUERY, PORTAL_SUSPENDED = message("n"), message("I"), message("s")


def ready(status="I"):
    return message("Z", status.encode())


def parameter_status(name, value):
    return message("S", cstring(name) + cstring(value))


def backend_key(key=b"\0\0\0\1\1\2\3\4"):
    return message("K", key)


def error(severity="ERROR", sqlstate="XX000", text="made up"):
    return message("E", b"S" + cstring(severity) + b"V" + cstring(severity)
                   + b"C" + cstring(sqlstate) + b"M" + cstring(text) + b"\0")


def row_description(*names):
    fields = b"".join(cstring(n) + struct.pack("!IhIhih", 0, 0, 25, -1, -1, 0) for n in names)
    return message("T", struct.pack("!H", len(names)) + fields)


def data_row(*values):
    fields = b"".join(struct.pack("!i", len(v)) + v for v in values)
    return message("D", struct.pack("!H", len(values)) + fields)


def complete(tag):
    return message("C", cstring(tag))


def select_one(value=b"1"):
    return row_description("x") + data_row(value) + complete("SELECT 1") + ready()


# --- reading

def split(data):
    """Typed messages of a byte string as [(type, body)]; the rest that is no whole message."""
    found, at = [], 0
    while at + 5 <= len(data):
        length = struct.unpack_from("!I", data, at + 1)[0]
        if length < 4 or at + 1 + length > len(data):
            break
        found.append((chr(data[at]), data[at + 5:at + 1 + length]))
        at += 1 + length
    return found, data[at:]


def kinds(data):
    """The types of the messages in a byte string, as one word."""
    return "".join(kind for kind, _ in split(data)[0])


def fields(body):
    """The fields of an ErrorResponse or NoticeResponse."""
    return {part[:1].decode(): part[1:].decode(errors="replace")
            for part in body.split(b"\0") if part}


def errors(data):
    return [fields(body) for kind, body in split(data)[0] if kind == "E"]


def sqlstates(data):
    return [found.get("C") for found in errors(data)]


class Client:
    """A socket that speaks the protocol and checks nothing."""

    def __init__(self, port, host="127.0.0.1", timeout=15):
        if host.startswith("/"):
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.connect(f"{host}/.s.PGSQL.{port}")
        else:
            self.socket = socket.create_connection((host, port))
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.settimeout(timeout)
        self.greeting = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)
        return self

    def login(self, user="postgres", database="postgres", **parameters):
        self.send(startup(user=user, database=database, **parameters))
        self.greeting = self.until_ready()
        return self

    def key(self):
        """The cancel key of the session."""
        return next(body for kind, body in split(self.greeting)[0] if kind == "K")

    def until(self, done):
        """Reads until `done(bytes so far)` or the end; the bytes."""
        data = bytearray()
        while not done(data):
            piece = self.socket.recv(65536)
            if not piece:
                break
            data += piece
        return bytes(data)

    def until_ready(self, times=1):
        """Reads up to and with this many ReadyForQuery, or the end."""
        at, seen = 0, 0

        def done(data):
            nonlocal at, seen
            while at + 5 <= len(data):
                end = at + 1 + struct.unpack_from("!I", data, at + 1)[0]
                if end > len(data) or end < at + 5:
                    break
                seen += data[at] == ord("Z")
                at = end
            return seen >= times

        return self.until(done)

    def rest(self):
        """Everything until the other side closes; also what came before a reset."""
        data = bytearray()
        with contextlib.suppress(ConnectionError):
            while piece := self.socket.recv(65536):
                data += piece
        return bytes(data)

    def ask(self, data, times=1):
        return self.send(data).until_ready(times)


def closed(client, timeout=5):
    """Whether the other side closes the connection in this time, whatever it still says."""
    client.socket.settimeout(timeout)
    try:
        while client.socket.recv(65536):
            pass
        return True
    except ConnectionError:
        return True
    except TimeoutError:
        return False


class FakeServer:
    """Stands in for PostgreSQL where no PostgreSQL would misbehave as the test needs. `script` gets
    each connection that says something, wrapped in a Client; what it received is in `received`."""

    def __init__(self, script):
        self.script = script
        self.received = []
        self.connections = []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port = self.listener.getsockname()[1]
        self.uri = f"postgresql://127.0.0.1:{self.port}?sslmode=disable"
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()
        for connection in self.connections:
            connection.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                accepted, _ = self.listener.accept()
                client = Client.__new__(Client)
                client.socket, client.greeting = accepted, b""
                accepted.settimeout(30)
                self.connections.append(client)
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with contextlib.suppress(OSError), client:
            first = client.until(lambda data: len(data) >= 4 and
                                 len(data) >= struct.unpack_from("!I", data)[0])
            if first:
                self.received.append(first)
                self.script(client, first)


GREETING = (AUTHENTICATION_OK + parameter_status("server_version", "15.0")
            + parameter_status("client_encoding", "UTF8")
            + parameter_status("standard_conforming_strings", "on") + backend_key() + ready())


def answering(reply, greeting=GREETING):
    """A script: logs in, then sends `reply` for every piece of request it reads."""
    def script(client, _first):
        client.send(greeting)
        while request := client.socket.recv(65536):
            if request == TERMINATE:
                return
            client.send(reply(request) if callable(reply) else reply)
    return script
