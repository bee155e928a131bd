"""A PostgreSQL client of a few lines, cheap enough that the relay under test stays visible.

Protocol 3.0 (PostgreSQL manual, chapter "Frontend/Backend Protocol"), trust authentication only.
"""

import socket
import ssl
import struct

READ_BYTES = 1 << 20
READY_IDLE = b"Z\0\0\0\5I"
SSL_REQUEST = struct.pack("!II", 8, 1234 << 16 | 5679)


UNVERIFIED = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
UNVERIFIED.check_hostname = False
UNVERIFIED.verify_mode = ssl.CERT_NONE


class ProtocolError(Exception):
    pass


def message(kind: bytes, body: bytes = b"") -> bytes:
    return kind + struct.pack("!I", len(body) + 4) + body


class Session:
    def __init__(self, port: int, database: str = "bench", timeout: float = 60.0,
                 encrypt: bool = False):
        self._socket = socket.create_connection(("127.0.0.1", port), timeout)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""
        parameters = b"user\0bench\0database\0" + database.encode() + b"\0\0"
        startup = struct.pack("!II", len(parameters) + 8, 3 << 16) + parameters
        try:
            if encrypt:
                self._encrypt()
            self._socket.sendall(startup)
            self._until(b"Z")
        except BaseException:
            self._socket.close()
            raise

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *_error) -> None:
        self.close()

    def close(self) -> None:
        try:
            self._socket.sendall(message(b"X"))
        except OSError:
            pass  # The peer was first; the socket is closed either way.
        self._socket.close()

    def _encrypt(self) -> None:
        self._socket.sendall(SSL_REQUEST)
        if self._socket.recv(1) != b"S":
            raise ProtocolError("the server takes no TLS")
        self._socket = UNVERIFIED.wrap_socket(self._socket)

    def query(self, sql: str) -> None:
        self._socket.sendall(message(b"Q", sql.encode() + b"\0"))
        self._until(b"Z")

    def drain(self, sql: str) -> int:
        """Runs one query, looks at none of its rows, returns the bytes of the answer."""
        self._socket.sendall(message(b"Q", sql.encode() + b"\0"))
        total, tail, buffer = 0, b"", bytearray(READ_BYTES)
        view = memoryview(buffer)
        while tail != READY_IDLE:
            count = self._socket.recv_into(view)
            if count == 0:
                raise ProtocolError("connection closed in the middle of a result")
            total += count
            tail = (tail + bytes(view[max(0, count - 6):count]))[-6:]
        return total

    def copy_in(self, sql: str, chunk: bytes, chunks: int) -> None:
        """`chunk` is a run of complete CopyData messages, sent `chunks` times."""
        self._socket.sendall(message(b"Q", sql.encode() + b"\0"))
        self._until(b"G")
        for _ in range(chunks):
            self._socket.sendall(chunk)
        self._socket.sendall(message(b"c"))
        self._until(b"Z")

    def _until(self, kind: bytes) -> None:
        while True:
            received, body = self._next()
            if received == b"E":
                raise ProtocolError(body.replace(b"\0", b" ").decode(errors="replace"))
            if received == kind:
                return

    def _next(self) -> tuple:
        while True:
            if len(self._buffer) >= 5:
                end = 1 + struct.unpack_from("!I", self._buffer, 1)[0]
                if len(self._buffer) >= end:
                    body, kind = self._buffer[5:end], self._buffer[:1]
                    self._buffer = self._buffer[end:]
                    return kind, body
            data = self._socket.recv(65536)
            if not data:
                raise ProtocolError("connection closed")
            self._buffer += data


def answers(port: int, database: str = "bench", encrypt: bool = False) -> bool:
    """Whether a login and a statement succeed now."""
    try:
        with Session(port, database, timeout=5.0, encrypt=encrypt) as session:
            session.query("SELECT 1")
        return True
    except (OSError, ProtocolError):
        return False
