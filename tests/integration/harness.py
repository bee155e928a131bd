"""Private servers for the integration tests: a PostgreSQL cluster, pgsidecar, and how to wait."""

import contextlib
import glob
import itertools
import os
import pathlib
import pwd
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

import psycopg2

from scrape import Scrape

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("PGSIDECAR", REPOSITORY / "build/release/pgsidecar"))

SANITIZED = BINARY.exists() and any(
    name in BINARY.read_bytes() for name in (b"__asan_init", b"__tsan_init"))
SLOWDOWN = 3 if SANITIZED else 1  # Of everything that a test waits for.

HBA = """
local all         all                             trust
local replication all                             trust
host  all         scram_user     127.0.0.1/32     scram-sha-256
host  all         md5_user       127.0.0.1/32     md5
host  all         password_user  127.0.0.1/32     password
host  all         rejected_user  127.0.0.1/32     reject
host  all         all            127.0.0.1/32     trust
host  replication all            127.0.0.1/32     trust
"""

TLS_HBA = """
hostssl   all  cert_user      127.0.0.1/32  cert
hostnossl all  encrypted_user 127.0.0.1/32  reject
hostssl   all  plain_user     127.0.0.1/32  reject
"""

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",
    "wal_level": "logical",
    "max_wal_senders": "10",
    "max_replication_slots": "10",
    "max_connections": "300",
    "max_prepared_transactions": "20",
    "shared_buffers": "64MB",
    "lc_messages": "C",
    "log_line_prefix": "%a|%p|",
}


def eventually(check, timeout=10.0, every=0.05):
    """Calls `check` until it returns something true; its last answer or failure after `timeout`."""
    end = time.monotonic() + timeout * SLOWDOWN
    while True:
        try:
            answer = check()
            if answer or time.monotonic() > end:
                return answer
        except (AssertionError, OSError, KeyError):
            if time.monotonic() > end:
                raise
        time.sleep(every)


class Ports:
    """Ports below those that outgoing connections take. Runs beside each other never share one: each
    process claims blocks by the name of an abstract socket, which is gone when the process is."""

    FIRST, BLOCK, BLOCKS = 11003, 250, 80

    def __init__(self):
        self.claims, self.ports = [], iter(())

    def _claim(self):
        for block in range(self.BLOCKS):
            claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            try:
                claim.bind(f"\0pgsidecar-test-ports-{block}")
            except OSError:
                claim.close()
                continue
            self.claims.append(claim)
            first = self.FIRST + block * self.BLOCK
            return itertools.cycle(range(first, first + self.BLOCK))
        raise RuntimeError(f"all {self.BLOCKS} blocks of test ports are claimed by running processes")

    def take(self):
        """A port that nothing listens on. Gives the same one again after all others of its block."""
        if not self.claims:
            self.ports = self._claim()
        for port in itertools.islice(self.ports, self.BLOCK):
            with contextlib.suppress(OSError), socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
                return port
        raise RuntimeError(f"all {self.BLOCK} ports of this process are taken")


free_port = Ports().take


def stop_process(process, how=signal.SIGTERM, timeout=15):
    """Ends a process we started, by its id, and returns its exit code."""
    if process.poll() is None:
        process.send_signal(how)
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(timeout)
    return process.returncode


def postgres_bin(name):
    """The newest installed PostgreSQL's program, or the one on the path."""
    found = glob.glob(f"/usr/lib/postgresql/*/bin/{name}")
    newest = sorted(found, key=lambda path: int(path.split("/")[4]))
    return newest[-1] if newest else shutil.which(name) or name


class Cluster:
    """A PostgreSQL server in a temporary directory, on a free port and a Unix socket. With `ssl`, a
    certificate (tls_kit), it also takes TLS, and client certificates of the same authority. With
    `primary`, another cluster that runs, it is its streaming replica."""

    def __init__(self, ssl=None, primary=None, **settings):
        self.directory = tempfile.mkdtemp(prefix="pgsidecar-pg-")
        self.data = os.path.join(self.directory, "data")
        self.log_path = os.path.join(self.directory, "log")
        self.host, self.port = "127.0.0.1", free_port()
        self.process = None
        self.account = {}
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            owner = pwd.getpwnam("postgres")
            os.chown(self.directory, owner.pw_uid, owner.pw_gid)
            self.account = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        os.chmod(self.directory, 0o755)
        self._initialise({**SETTINGS, **settings}, primary)
        if ssl:
            self.use_certificate(ssl)
            with open(os.path.join(self.data, "postgresql.auto.conf"), "a") as file:
                file.write("ssl = on\nssl_ca_file = 'root.crt'\n")
            pathlib.Path(self.data, "pg_hba.conf").write_text(TLS_HBA + HBA)

    def use_certificate(self, certificate):
        """Copies the files to where the server looks, as the server's account wants them; a server
        that runs needs pg_reload_conf()."""
        for source, name in ((certificate.cert, "server.crt"), (certificate.key, "server.key"),
                             (certificate.root, "root.crt")):
            target = os.path.join(self.data, name)
            shutil.copy(source, target)
            os.chmod(target, 0o600)
            if self.account:
                os.chown(target, self.account["user"], self.account["group"])

    def _initialise(self, settings, primary):
        command = [postgres_bin("initdb"), "-D", self.data, "-U", "postgres", "--auth=trust",
                   "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        if primary:
            command = [postgres_bin("pg_basebackup"), "-D", self.data, "-R", "-c", "fast", "-N",
                       "-U", "postgres", "-h", primary.directory, "-p", str(primary.port)]
        subprocess.run(command, check=True, cwd=self.directory, stdout=subprocess.DEVNULL,
                       **self.account)
        settings.setdefault("unix_socket_directories", self.directory)
        with open(os.path.join(self.data, "postgresql.auto.conf"), "a") as file:
            for key, value in settings.items():
                file.write(f"{key} = '{value}'\n")
        pathlib.Path(self.data, "pg_hba.conf").write_text(HBA)

    def start(self):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [postgres_bin("postgres"), "-D", self.data, "-p", str(self.port)],
                cwd=self.directory, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                **self.account)
        if not eventually(self.accepts, timeout=30):
            raise RuntimeError(pathlib.Path(self.log_path).read_text())
        return self

    def accepts(self):
        try:
            self.connect().close()
            return True
        except psycopg2.OperationalError:
            return False

    def stop(self, how=signal.SIGINT):
        """SIGINT is a fast shutdown, SIGQUIT an immediate one."""
        if self.process:
            stop_process(self.process, how)
            self.process = None

    def destroy(self):
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.directory, ignore_errors=True)

    def connect(self, dbname="postgres", user="postgres"):
        """A psycopg2 connection in autocommit, past the sidecar: over the Unix socket."""
        connection = psycopg2.connect(host=self.directory, port=self.port, dbname=dbname, user=user)
        connection.autocommit = True
        return connection

    def sql(self, text, dbname="postgres"):
        with contextlib.closing(self.connect(dbname)) as connection:
            cursor = connection.cursor()
            cursor.execute(text)
            return cursor.fetchall() if cursor.description else []

    def uri(self):
        return f"postgresql://{self.host}:{self.port}"


class Sidecar:
    """One pgsidecar process with free ports. Its log is a file; a core of helpers reads it."""

    def __init__(self, upstream, *arguments, environment=None, nofile=None, config=None, listen=()):
        self.upstream, self.arguments = upstream, list(arguments)
        self.environment, self.nofile = {**self._threads(), **(environment or {})}, nofile
        self.directory = tempfile.mkdtemp(prefix="pgsidecar-it-")
        os.chmod(self.directory, 0o755)
        self.log_path = os.path.join(self.directory, "log")
        self.host, self.port, self.admin_port = "127.0.0.1", free_port(), free_port()
        self.listen = [f"127.0.0.1:{self.port}", *listen]
        self.process = None
        if config is not None:
            path = os.path.join(self.directory, "pgsidecar.yaml")
            pathlib.Path(path).write_text(config)
            self.arguments += ["--config", path]

    @staticmethod
    def _threads():
        """TEST_WIRE_THREADS gives each sidecar that many loops, so that they meet."""
        threads = os.environ.get("TEST_WIRE_THREADS")
        return {"PGSIDECAR_WIRE_THREADS": threads} if threads else {}

    def command(self):
        command = [str(BINARY), "run", "--upstream", self.upstream,
                   "--admin-listen", f"127.0.0.1:{self.admin_port}"]
        for address in self.listen:
            command += ["--listen", address]
        return command + self.arguments

    def start(self, ready=True):
        limit = None
        if self.nofile:
            limit = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (self.nofile, self.nofile))
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, **self.environment}, preexec_fn=limit)
        probe = "/readyz" if ready else "/startup"
        if not eventually(lambda: self.exited() or self.probe(probe) == 200, timeout=15):
            raise RuntimeError(f"{probe} did not become 200: {self.log()}")
        if self.exited():
            raise RuntimeError(f"exit {self.process.returncode}: {self.log()}")
        return self

    def exited(self):
        return self.process.poll() is not None

    def stop(self, how=signal.SIGTERM, timeout=40):
        """A SIGTERM drains for seconds; use SIGKILL where the drain is not the subject."""
        return stop_process(self.process, how, timeout)

    def destroy(self):
        if self.process:
            if SANITIZED:
                self._leave()
            self.stop(signal.SIGKILL)
        shutil.rmtree(self.directory, ignore_errors=True)

    def _leave(self):
        """Lets the process end by itself, so that its sanitizer looks for leaks. A second signal
        ends a drain; one that is stopped goes on first."""
        def ended():
            for how in (signal.SIGCONT, signal.SIGTERM):
                self.process.send_signal(how)
            return self.exited()
        eventually(ended, timeout=5, every=0.1)

    @property
    def pid(self):
        return self.process.pid

    def log(self):
        return pathlib.Path(self.log_path).read_text(errors="replace")

    def fetch(self, path, **headers):
        """(status, headers, body) of one GET on the admin listener."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.admin_port}{path}",
                                         headers={k.replace("_", "-"): v
                                                  for k, v in headers.items()})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.headers, answer.read()

    def probe(self, path):
        try:
            return self.fetch(path)[0]
        except OSError:
            return 0

    def metrics(self):
        status, _, body = self.fetch("/metrics")
        assert status == 200, body
        return Scrape(body.decode())

    def settled(self, timeout=10):
        """The page once nothing is in flight and what is queued has been counted."""
        def quiet():
            page = self.metrics()
            return (page.sum("pgsidecar_queries_in_flight") == 0
                    and page.sum("pgsidecar_statements_pending") == 0
                    and page.sum("pgsidecar_query_duration_seconds_count")
                    == page.sum("pgsidecar_statement_duration_seconds_count"))
        time.sleep(0.35)  # one tick publishes what a loop counted
        eventually(quiet, timeout)
        return self.metrics()

    def fds(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def rss(self):
        """Resident bytes; 0 under a sanitizer, which keeps what was freed."""
        if SANITIZED:
            return 0
        with open(f"/proc/{self.pid}/statm") as file:
            return int(file.read().split()[1]) * resource.getpagesize()

    def alive(self):
        return not self.exited() and self.probe("/healthz") == 200


class Tap:
    """A relay that keeps what passed: `streams` holds (client bytes, server bytes) by connection.
    Slow and simple; the truth that pgsidecar's bytes are compared with."""

    def __init__(self, port):
        self.target = port
        self.streams = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                client.close()
                continue
            kept = (bytearray(), bytearray())
            self.streams.append(kept)
            for source, sink, store in ((client, server, kept[0]), (server, client, kept[1])):
                sink.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._pump, args=(source, sink, store), daemon=True).start()

    @staticmethod
    def _pump(source, sink, store):
        try:
            while data := source.recv(65536):
                store += data
                sink.sendall(data)
        except OSError:
            pass
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def conversations(self):
        """What passed, in no order, without connections that said nothing (probes)."""
        return sorted((bytes(up), bytes(down)) for up, down in self.streams if up)

    def close(self):
        self.listener.close()
