"""Certificates of every kind, made with the openssl command, and clients that speak TLS by hand."""

import dataclasses
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import tempfile

from protocol import SSL_REQUEST, Client

KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
HERE = "DNS:localhost,IP:127.0.0.1"


@dataclasses.dataclass(frozen=True)
class Certificate:
    cert: str
    key: str
    root: str   # what verifies it; of a client certificate, the authority's


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


class Kit:
    """A directory with two authorities. Servers: `server` is right for localhost and 127.0.0.1,
    `other_server` too with another key; `wrong_host`, `expired`, `self_signed` and `foreign` (of the
    other authority) each have one fault. Clients: `client` is for the user cert_user."""

    def __init__(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="pgsidecar-tls-"))
        self.directory.chmod(0o755)
        self.authority = self._root("authority")
        self.stranger = self._root("stranger")
        self.server = self.issue("server")
        self.other_server = self.issue("other_server")
        self.wrong_host = self.issue("wrong_host", names="DNS:elsewhere.example")
        self.expired = self.issue("expired", days=-1)
        self.foreign = self.issue("foreign", authority=self.stranger)
        self.self_signed = self._root("self_signed", names=HERE)
        self.client = self.issue("client", common_name="cert_user", names="DNS:client")
        self.foreign_client = self.issue("foreign_client", common_name="cert_user",
                                         authority=self.stranger)

    def _paths(self, name):
        return str(self.directory / f"{name}.pem"), str(self.directory / f"{name}.key")

    def _root(self, name, names=""):
        cert, key = self._paths(name)
        extension = ["-addext", f"subjectAltName={names}"] if names else []
        openssl("req", "-x509", *KEY, "-keyout", key, "-out", cert, "-days", "30", "-subj",
                f"/CN={name}", *extension)
        os.chmod(key, 0o600)
        return Certificate(cert, key, cert)

    def issue(self, name, common_name="localhost", names=HERE, days=30, authority=None):
        """A certificate signed by an authority of the kit."""
        authority = authority or self.authority
        cert, key = self._paths(name)
        request, extensions = self.directory / f"{name}.csr", self.directory / f"{name}.ext"
        extensions.write_text(f"subjectAltName={names}\n")
        openssl("req", *KEY, "-keyout", key, "-out", str(request), "-subj", f"/CN={common_name}")
        openssl("x509", "-req", "-in", str(request), "-CA", authority.cert, "-CAkey",
                authority.key, "-CAcreateserial", "-days", str(days), "-extfile", str(extensions),
                "-out", cert)
        os.chmod(key, 0o600)
        return Certificate(cert, key, authority.cert)

    def destroy(self):
        shutil.rmtree(self.directory, ignore_errors=True)


def client_leg(certificate, mode="require", client_ca=""):
    """The arguments that turn TLS on towards clients."""
    settings = {"mode": mode, "cert_file": certificate.cert, "key_file": certificate.key}
    if client_ca:
        settings["client_ca_file"] = client_ca
    return [part for key, value in settings.items() for part in ("--set", f"wire.tls.{key}={value}")]


def lax_system(directory):
    """The environment of a system whose OpenSSL takes every version: the one of these tests refuses
    old ones by itself, and what we refuse would not show."""
    path = directory / "openssl.cnf"
    path.write_text("openssl_conf = all\n[all]\nssl_conf = ssl\n[ssl]\nsystem_default = lax\n"
                    "[lax]\nMinProtocol = TLSv1\nCipherString = DEFAULT@SECLEVEL=0\n")
    return {"OPENSSL_CONF": str(path)}


def psql(port, options, password="scram-Secret-1"):
    """(exit code, output, errors) of psql that asks whether it is encrypted."""
    done = subprocess.run(
        ["psql", "-XAtq", f"host=localhost port={port} dbname=postgres gssencmode=disable {options}",
         "-c", "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"],
        env={**os.environ, "PGPASSWORD": password, "PGSSLCERT": "/none", "PGSSLKEY": "/none",
             "PGSSLROOTCERT": "/none"},
        capture_output=True, text=True, check=False)
    return done.returncode, done.stdout.strip(), done.stderr


def server_context(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.cert, certificate.key)
    return context


def client_context(root="", alpn=(), certificate=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = bool(root)
    context.verify_mode = ssl.CERT_REQUIRED if root else ssl.CERT_NONE
    if root:
        context.load_verify_locations(root)
    if alpn:
        context.set_alpn_protocols(list(alpn))
    if certificate:
        context.load_cert_chain(certificate.cert, certificate.key)
    return context


def wrap(client, context):
    """Does the handshake on the socket of a Client, which goes on encrypted."""
    client.socket = context.wrap_socket(client.socket, server_hostname="localhost")
    client.socket.settimeout(15)
    return client


def tls_client(port, context=None, direct=False):
    """A Client behind TLS, by SSLRequest or directly."""
    client = Client(port)
    try:
        if not direct:
            client.send(SSL_REQUEST)
            answer = client.socket.recv(1)
            assert answer == b"S", answer
        return wrap(client, context or client_context())
    except BaseException:
        client.close()
        raise


def accept_tls(client, context):
    """The server's side of SSLRequest, for the script of a FakeServer; the StartupMessage."""
    client.send(b"S")
    client.socket = context.wrap_socket(client.socket, server_side=True)
    return client.until(lambda data: len(data) >= 4 and
                        len(data) >= int.from_bytes(data[:4], "big"))


class Pipe:
    """TLS over a socket with every record in one's hands: ends can be said or left out."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.settimeout(15)
        self.socket.sendall(SSL_REQUEST)
        assert self.socket.recv(1) == b"S"
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = client_context().wrap_bio(self.incoming, self.outgoing)
        self._until_done(self.tls.do_handshake)

    def _flush(self):
        if data := self.outgoing.read():
            self.socket.sendall(data)

    def _until_done(self, step):
        while True:
            try:
                answer = step()
                self._flush()
                return answer
            except ssl.SSLWantReadError:
                self._flush()
                data = self.socket.recv(65536)
                if data:
                    self.incoming.write(data)
                else:
                    self.incoming.write_eof()

    def send(self, data):
        self.tls.write(data)
        self._flush()

    def receive(self):
        """Some bytes; none at the end, however it came."""
        try:
            return self._until_done(lambda: self.tls.read(65536))
        except (ssl.SSLError, ConnectionError):
            return b""

    def say_end(self):
        """close_notify; what the other side still says can be received."""
        try:
            self.tls.unwrap()
        except ssl.SSLWantReadError:
            pass
        self._flush()

    def close(self):
        self.socket.close()
