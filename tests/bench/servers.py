"""PostgreSQL and the relays between pgbench and it, each private and on its own free port."""

import contextlib
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, Optional

from pgclient import Session, answers
from workspace import (BenchError, Child, Workspace, find_program, free_port, unprivileged,
                       wait_until)

SOURCE = Path(__file__).resolve().parents[2]
TITLES = {"direct": "direct", "pgbouncer": "PgBouncer", "haproxy": "HAProxy",
          "bare_relay": "bare relay", "pgsidecar": "pgsidecar"}
CLIENTS_MAX = 6000

POSTGRES_SETTINGS = {
    "listen_addresses": "127.0.0.1", "max_connections": 300, "shared_buffers": "512MB",
    "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off",
    "max_parallel_workers_per_gather": 0, "jit": "off"}

PGBOUNCER_INI = """[databases]
* = host=127.0.0.1 port={upstream} user=bench
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = session
server_tls_sslmode = disable
{client_tls}max_client_conn = {clients}
default_pool_size = {clients}
log_connections = 0
log_disconnections = 0
"""

# `require`, as ours: what is measured is a leg without plaintext.
PGBOUNCER_CLIENT_TLS = """client_tls_sslmode = require
client_tls_cert_file = {cert}
client_tls_key_file = {key}
"""

HAPROXY_CFG = """global
  nbthread 1
  maxconn {clients}
defaults
  mode tcp
  timeout connect 5s
  timeout client 1h
  timeout server 1h
listen postgresql
  bind 127.0.0.1:{port}
  server one 127.0.0.1:{upstream}
"""


@dataclass
class Target:
    """Where a workload connects to. `direct` has no child: nothing stands between."""
    name: str
    port: int
    child: Optional[Child] = None
    admin_port: int = 0


@dataclass
class Certificate:
    """Of a relay, towards its clients."""
    cert: Path
    key: Path


@dataclass
class Postgres:
    port: int
    bin_directory: Path


def postgres_bin() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"),
                   key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else find_program("postgres", "postgresql").parent


def start_postgres(workspace: Workspace, scale: int) -> Postgres:
    binaries = postgres_bin()
    data = workspace.private_directory("data")
    subprocess.run([binaries / "initdb", "-D", data, "-U", "bench", "--auth=trust", "--no-sync",
                    "--locale=C", "--encoding=UTF8"], check=True, stdout=subprocess.DEVNULL,
                   cwd=workspace.directory, **unprivileged())
    port = free_port()
    settings = [f"-c{name}={value}" for name, value in POSTGRES_SETTINGS.items()]
    child = workspace.start("postgres", [binaries / "postgres", "-D", data, "-p", port,
                                         f"-cunix_socket_directories={data}", *settings],
                            **unprivileged())
    wait_until(lambda: answers(port, "postgres"), child)
    with Session(port, "postgres") as session:
        session.query("CREATE DATABASE bench")
    if scale:
        subprocess.run([binaries / "pgbench", "-i", "-q", "-s", str(scale), "-h", "127.0.0.1",
                        "-p", str(port), "-U", "bench", "bench"], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=client_env())
    return Postgres(port, binaries)


def client_env(encrypt: bool = False) -> dict:
    """The caller's environment without the variables that configure libpq or pgsidecar."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return {**kept, "PGSSLMODE": "require" if encrypt else "disable", "PGGSSENCMODE": "disable"}


def make_certificate(workspace: Workspace) -> Certificate:
    """Self-signed, EC P-256; the key is readable for the account that PgBouncer runs as."""
    directory = workspace.private_directory("tls")
    made = Certificate(directory / "relay.pem", directory / "relay.key")
    subprocess.run([find_program("openssl", "openssl"), "req", "-x509", "-nodes", "-days", "2",
                    "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-subj",
                    "/CN=localhost", "-keyout", made.key, "-out", made.cert], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **unprivileged())
    return made


def built_program(name: str) -> Path:
    """From the variable of that name in upper case, or from the release build."""
    named = os.environ.get(name.upper())
    candidates = [Path(named).resolve()] if named else [
        SOURCE / "build/release" / directory / name
        for directory in ("", "tests/bench", "docker/demo-service")]
    for path in candidates:
        if path.is_file():
            return path
    raise BenchError(f"{name} is not built: cmake --preset release && cmake --build --preset "
                     f"release, or set {name.upper()}, or leave it out with --targets")


def program(name: str) -> Path:
    if name in ("pgbouncer", "haproxy"):
        return find_program(name, name)
    return built_program(name)


def launch(workspace: Workspace, name: str, upstream: int, wrap: tuple = (),
           certificate: Optional[Certificate] = None) -> Target:
    """Starts one relay and returns at once; `wait_until` tells when it serves. `wrap` is a command
    to run our own programs under: valgrind, for example. With a certificate PgBouncer and pgsidecar
    take encrypted clients only; the others know no TLS."""
    port = free_port()
    values = {"port": port, "upstream": upstream, "clients": CLIENTS_MAX}
    if name == "direct":
        return Target(name, upstream)
    if name == "pgbouncer":
        config = workspace.directory / "pgbouncer.ini"
        files = certificate and {"cert": certificate.cert, "key": certificate.key}
        values["client_tls"] = PGBOUNCER_CLIENT_TLS.format(**files) if files else ""
        config.write_text(PGBOUNCER_INI.format(**values))
        argv = [program(name), config]
        return Target(name, port, workspace.start(name, argv, **unprivileged()))
    if name == "haproxy":
        config = workspace.directory / "haproxy.cfg"
        config.write_text(HAPROXY_CFG.format(**values))
        argv = [program(name), "-db", "-f", config]
        return Target(name, port, workspace.start(name, argv))
    if name == "bare_relay":
        argv = [*wrap, program(name), port, "127.0.0.1", upstream]
        return Target(name, port, workspace.start(name, argv))
    admin = free_port()
    argv = [*wrap, program(name), "run", "--upstream",
            f"postgresql://127.0.0.1:{upstream}?sslmode=disable", "--listen",
            f"127.0.0.1:{port}", "--admin-listen", f"127.0.0.1:{admin}"]
    settings = {"PGSIDECAR_WIRE_MAX_CLIENTS": str(CLIENTS_MAX), "PGSIDECAR_DRAIN_ACCEPT_FOR": "0s"}
    if certificate:
        settings |= {"PGSIDECAR_WIRE_TLS_MODE": "require",
                     "PGSIDECAR_WIRE_TLS_CERT_FILE": str(certificate.cert),
                     "PGSIDECAR_WIRE_TLS_KEY_FILE": str(certificate.key)}
    child = workspace.start(name, argv, env={**client_env(), **settings})
    return Target(name, port, child, admin)


@contextlib.contextmanager
def running(workspace: Workspace, names: list, upstream: int,
            certificate: Optional[Certificate] = None) -> Iterator[list]:
    """Fresh relays in front of `upstream`, all serving; stopped on the way out."""
    targets = []
    try:
        for name in names:
            targets.append(launch(workspace, name, upstream, certificate=certificate))
            if targets[-1].child:
                port = targets[-1].port
                wait_until(lambda: answers(port, encrypt=certificate is not None),
                           targets[-1].child)
        yield targets
    finally:
        for target in targets:
            if target.child:
                workspace.stop(target.child)


@contextlib.contextmanager
def with_operations(workspace: Workspace, upstream: int, config: Path) -> Iterator[Target]:
    """A pgsidecar that runs the named operations of `config` on the database `bench`."""
    port, admin = free_port(), free_port()
    argv = [program("pgsidecar"), "run", "--config", config, "--upstream",
            f"postgresql://127.0.0.1:{upstream}?sslmode=disable", "--listen", f"127.0.0.1:{port}",
            "--admin-listen", f"127.0.0.1:{admin}"]
    settings = {"PGSIDECAR_EXECUTOR_USER": "bench", "PGSIDECAR_EXECUTOR_DATABASE": "bench",
                "PGSIDECAR_DRAIN_ACCEPT_FOR": "0s"}
    child = workspace.start("operations", argv, env={**client_env(), **settings})
    try:
        wait_until(lambda: answers(port), child)
        yield Target("pgsidecar", port, child, admin)
    finally:
        workspace.stop(child)


def start_idle_upstream(workspace: Workspace) -> tuple:
    port = free_port()
    script = Path(__file__).with_name("idle_upstream.py")
    child = workspace.start("idle_upstream", [sys.executable, script, port])
    wait_until(lambda: answers(port), child)
    return port, child


def http_get(port: int, path: str) -> Optional[bytes]:
    """The body of a 200, None for anything else."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.read()
    except (urllib.error.URLError, OSError):
        return None


def versions(names: list) -> list:
    """`PostgreSQL 15.9`, `PgBouncer 1.18.0`, ... of what a run used."""
    programs = [("PostgreSQL", postgres_bin() / "postgres", "--version")]
    if "pgbouncer" in names:
        programs.append(("PgBouncer", program("pgbouncer"), "--version"))
    if "haproxy" in names:
        programs.append(("HAProxy", program("haproxy"), "-v"))
    found = []
    for title, path, flag in programs:
        text = subprocess.run([path, flag], capture_output=True, text=True).stdout
        found.append(f"{title} {re.search(r'[0-9]+([.][0-9]+)+', text).group()}")
    return found
