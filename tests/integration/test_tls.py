"""TLS on one leg at a time: wire.md, "The two legs", and rows 1, 2, 8 and 39 of its trap checklist."""

import contextlib
import os
import shutil
import signal
import socket
import ssl
import subprocess
import time

import psycopg
import pytest

import tls_kit
from books import recording
from harness import Sidecar, Tap, eventually
from protocol import (GREETING, SSL_REQUEST, Client, FakeServer, answering, closed, errors, kinds,
                      message, query, select_one, sqlstates, startup)
from test_drivers import DRIVERS, JDBC_JAR
from tls_kit import psql

STARTUP = startup(user="postgres", database="postgres")
MODES = ("disable", "prefer", "require", "verify-ca", "verify-full")


def upstream(port, mode, root="", host="localhost", **more):
    parameters = {"sslmode": mode, **({"sslrootcert": root} if root else {}), **more}
    return f"postgresql://{host}:{port}?" + "&".join(f"{k}={v}" for k, v in parameters.items())


def refusal(sidecar):
    """The error that a client gets which may not connect to PostgreSQL."""
    with Client(sidecar.port) as client:
        (found,) = errors(client.send(STARTUP).rest())
    assert (found["S"], found["C"]) == ("FATAL", "08001"), found
    assert found["M"].startswith("pgsidecar: cannot connect to PostgreSQL at "), found
    return found["M"]


# --- towards PostgreSQL

@pytest.mark.parametrize("mode", MODES)
def test_sslmode_with_a_server_that_has_tls(kit, tls_postgres, start_sidecar, mode):
    root = kit.authority.cert if mode.startswith("verify") else ""
    sidecar = start_sidecar(upstream(tls_postgres.port, mode, root))
    encrypted = "f" if mode == "disable" else "t"
    assert psql(sidecar.port, "sslmode=disable user=postgres")[:2] == (0, encrypted)
    assert sidecar.settled().sum("pgsidecar_query_successes_total", command="SELECT") == 1


@pytest.mark.parametrize("mode", MODES)
def test_sslmode_with_a_server_that_has_none(kit, postgres, start_sidecar, mode):
    root = kit.authority.cert if mode.startswith("verify") else ""
    works = mode in ("disable", "prefer")
    tap = Tap(postgres.port)
    sidecar = start_sidecar(upstream(tap.port, mode, root), ready=works)
    if works:
        assert psql(sidecar.port, "sslmode=disable user=postgres")[:2] == (0, "f")
    else:
        assert "does not support TLS" in refusal(sidecar)
        assert nothing_in_clear(tap)
        reasons = sidecar.settled().by("reason", "pgsidecar_upstream_connect_errors_total")
        assert reasons.get("tls", 0) >= 1, reasons
    tap.close()


def nothing_in_clear(tap):
    """Whether the server saw nothing but SSLRequest and records of TLS."""
    return all(up in (b"", SSL_REQUEST) or up.startswith(SSL_REQUEST + b"\x16\x03")
               and b"user" not in up for up, _ in tap.streams)


@pytest.mark.parametrize("mode,name,problem", [
    ("verify-full", "wrong_host", "host name"), ("verify-full", "expired", "expired"),
    ("verify-ca", "expired", "expired"), ("verify-full", "self_signed", "self-signed"),
    ("verify-ca", "self_signed", "self-signed"), ("verify-full", "foreign", "issuer certificate"),
    ("require", "foreign", "issuer certificate"), ("prefer", "foreign", "issuer certificate")])
def test_a_bad_certificate_is_named(kit, start_sidecar, mode, name, problem):
    """`require` with a root certificate verifies, as libpq does; `prefer` does not fall back."""
    context = tls_kit.server_context(getattr(kit, name))
    with FakeServer(tls_login(context)) as server:
        tap = Tap(server.port)
        sidecar = start_sidecar(upstream(tap.port, mode, kit.authority.cert), ready=False)
        assert problem in refusal(sidecar)
        assert nothing_in_clear(tap)
        assert server.received.count(STARTUP) == 0
        tap.close()


def tls_login(context, greeting=GREETING):
    """A script: TLS, then a login that succeeds, and SELECT 1 for every request."""
    def script(client, first):
        if first == SSL_REQUEST:
            first = tls_kit.accept_tls(client, context)
        answering(select_one(), greeting)(client, first)
    return script


@pytest.mark.parametrize("mode,name", [("verify-ca", "wrong_host"), ("require", "wrong_host")])
def test_a_certificate_that_is_good_enough(kit, start_sidecar, mode, name):
    with FakeServer(tls_login(tls_kit.server_context(getattr(kit, name)))) as server:
        sidecar = start_sidecar(upstream(server.port, mode, kit.authority.cert))
        with Client(sidecar.port) as client:
            assert kinds(client.login().ask(query("SELECT 1"))) == "TDCZ"


def test_an_address_in_the_certificate(kit, tls_postgres, start_sidecar):
    sidecar = start_sidecar(upstream(tls_postgres.port, "verify-full", kit.authority.cert,
                                     host="127.0.0.1"))
    assert psql(sidecar.port, "sslmode=disable user=encrypted_user")[:2] == (0, "t")


@pytest.mark.parametrize("mode,answer,problem", [
    (mode, *row) for mode in ("require", "prefer") for row in [
        (b"S" + GREETING, "unexpected bytes"), (b"S\x16\x03\x03", "unexpected bytes"),
        (message("E", b"x" * (1 << 20)), ""), (b"E", "with S or N"), (b"G", "with S or N"),
        (b"", "closed the connection"), (b"N", "does not support TLS")]
    if (mode, row[0]) != ("prefer", b"N")],
    ids=lambda value: value[:3].hex() or "-" if isinstance(value, bytes) else value[:7])
def test_a_server_that_answers_ssl_request_badly(start_sidecar, mode, answer, problem):
    """CVE-2021-23222, CVE-2024-10977: none of it reaches the client, and no startup is sent. Only an
    `N` lets `prefer` go on in clear."""
    def script(client, _first):
        client.send(answer)
        if answer:
            server.received.append(client.rest())

    with FakeServer(script) as server:
        sidecar = start_sidecar(upstream(server.port, mode, host="127.0.0.1"), ready=False)
        before = sidecar.rss()
        assert problem in refusal(sidecar)
        assert sidecar.rss() - before < 2 << 20
        assert set(server.received) <= {SSL_REQUEST, b""}, server.received


def test_an_old_tls_version_is_refused_towards_the_server(kit, start_sidecar, tmp_path):
    context = tls_kit.server_context(kit.server)
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with FakeServer(tls_login(context)) as server:
        sidecar = start_sidecar(upstream(server.port, "require", host="127.0.0.1"), ready=False,
                                environment=tls_kit.lax_system(tmp_path))
        assert "TLS" in refusal(sidecar)


def test_our_certificate_towards_the_server(kit, tls_postgres, start_sidecar):
    mine = {"sslcert": kit.client.cert, "sslkey": kit.client.key}
    for more, expected in ((mine, (0, "t")), ({}, (2, ""))):
        sidecar = start_sidecar(upstream(tls_postgres.port, "verify-full", kit.authority.cert,
                                         **more))
        assert psql(sidecar.port, "sslmode=disable user=cert_user")[:2] == expected


@pytest.mark.parametrize("polite", [True, False], ids=["close_notify", "truncated"])
@pytest.mark.parametrize("cut", [False, True], ids=["boundary", "inside"])
def test_the_server_ends_tls_mid_result(kit, start_sidecar, polite, cut):
    context = tls_kit.server_context(kit.server)

    def script(client, first):
        if first == SSL_REQUEST:
            tls_kit.accept_tls(client, context)
        client.send(GREETING)
        client.socket.recv(1000)
        client.send(select_one()[:-9] if cut else select_one()[:-6])
        if polite:
            client.socket.settimeout(1)
            with contextlib.suppress(OSError):
                client.socket.unwrap()
        else:
            client.socket.shutdown(socket.SHUT_RDWR)

    with FakeServer(script) as server:
        sidecar = start_sidecar(upstream(server.port, "require", host="127.0.0.1"))
        with recording(sidecar) as books, Client(sidecar.port) as client:
            client.login()
            assert sqlstates(client.send(query("SELECT 1")).rest()) == ([] if cut else ["08006"])
        assert sum(books().errors.values()) == 1
        assert sidecar.settled().sum("pgsidecar_client_connections") == 0


# --- towards clients

@pytest.fixture(scope="module")
def fronts(kit, postgres):
    """Sidecars by wire.tls.mode in front of a server without TLS."""
    made = {}
    with contextlib.ExitStack() as stack:
        for mode in ("off", "allow", "require"):
            arguments = tls_kit.client_leg(kit.server, mode) if mode != "off" else []
            made[mode] = Sidecar(postgres.uri() + "?sslmode=disable", *arguments)
            stack.callback(made[mode].destroy)
            made[mode].start()
        yield made
        assert all(sidecar.alive() for sidecar in made.values())


def accepted(mode, wanted):
    """Whether a client that asks for `wanted` gets in: libpq's and JDBC's words are the same."""
    if wanted == "disable":
        return mode != "require"
    return mode != "off" or wanted == "prefer"


WANTED = ("disable", "prefer", "require", "verify-full")


@pytest.mark.parametrize("wanted", WANTED)
@pytest.mark.parametrize("mode", ["off", "allow", "require"])
def test_psql_and_psycopg(kit, fronts, mode, wanted):
    sidecar = fronts[mode]
    root = f"sslrootcert={kit.authority.cert}" if wanted == "verify-full" else ""
    code, said, problem = psql(sidecar.port, f"sslmode={wanted} {root} user=postgres")
    if accepted(mode, wanted):
        assert (code, said) == (0, "f"), problem  # between us and PostgreSQL there is none
    else:
        assert code == 2
    try:
        with psycopg.connect(f"host=localhost port={sidecar.port} user=postgres dbname=postgres "
                             f"sslmode={wanted} {root}") as connection:
            got_in = True
            encrypted = connection.pgconn.ssl_in_use
            assert encrypted == (mode != "off" and wanted != "disable")
    except psycopg.OperationalError:
        got_in = False
    assert got_in == accepted(mode, wanted)


@pytest.mark.slow
@pytest.mark.parametrize("wanted", WANTED)
@pytest.mark.parametrize("mode", ["off", "require"])
def test_jdbc(kit, fronts, mode, wanted):
    url = f"jdbc:postgresql://localhost:{fronts[mode].port}/postgres?sslmode={wanted}"
    if wanted == "verify-full":
        url += f"&sslrootcert={kit.authority.cert}"
    done = subprocess.run(
        ["java", "-Xmx256m", "-XX:TieredStopAtLevel=1", "-cp", JDBC_JAR,
         str(DRIVERS / "JdbcConnect.java"), url, "postgres", "none"], capture_output=True,
        text=True, check=False)
    assert (done.returncode == 0) == accepted(mode, wanted), done.stdout
    if mode == "require" and wanted == "disable":
        assert done.stdout.startswith("28000")


def test_plaintext_where_tls_is_required(fronts):
    with Client(fronts["require"].port) as client:
        (found,) = errors(client.send(STARTUP).rest())
    assert (found["S"], found["C"]) == ("FATAL", "28000")
    rejected = fronts["require"].settled().by("reason", "pgsidecar_client_connections_rejected_total")
    assert rejected.get("tls_required", 0) >= 1, rejected


@pytest.mark.parametrize("behind", [STARTUP, b"\x16\x03\x01", b"\0"])
def test_plaintext_behind_ssl_request(fronts, behind):
    """CVE-2021-23214 where TLS is on: a handshake in the same segment is refused, too."""
    with Client(fronts["allow"].port) as client:
        answer = client.send(SSL_REQUEST + behind).rest()
    assert "R" not in kinds(answer.removeprefix(b"S"))
    assert sqlstates(answer) in (["08P01"], [])


@pytest.mark.parametrize("alpn,works", [
    (["postgresql"], True), (["http/1.1", "postgresql"], True), ([], False), (["http/1.1"], False)],
    ids=["postgresql", "among others", "missing", "foreign"])
def test_direct_tls(kit, fronts, alpn, works):
    context = tls_kit.client_context(kit.authority.cert, alpn)
    for mode in ("allow", "require"):
        try:
            with tls_kit.tls_client(fronts[mode].port, context, direct=True) as client:
                got_in = kinds(client.login().greeting).endswith("Z")
                chosen = client.socket.selected_alpn_protocol()
        except OSError:
            got_in = False
        assert got_in == works
        assert not works or chosen == "postgresql"


@pytest.mark.parametrize("alpn,works", [(["postgresql"], True), ([], True), (["h2"], False)],
                         ids=["postgresql", "none", "foreign"])
def test_alpn_behind_ssl_request(kit, fronts, alpn, works):
    context = tls_kit.client_context(kit.authority.cert, alpn)
    try:
        with tls_kit.tls_client(fronts["require"].port, context) as client:
            got_in = kinds(client.login().greeting).endswith("Z")
    except OSError:
        got_in = False
    assert got_in == works


def test_direct_tls_where_it_is_off(fronts):
    with Client(fronts["off"].port) as client:
        client.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 300)
        assert closed(client)


def s_client(port, *arguments, said=""):
    done = subprocess.run(["openssl", "s_client", "-starttls", "postgres", "-connect",
                           f"127.0.0.1:{port}", *arguments], input=said, capture_output=True,
                          text=True, check=False, timeout=20)
    return done.returncode, done.stdout + done.stderr


def test_old_tls_versions_are_refused_towards_clients(kit, start_sidecar, postgres, tmp_path):
    port = start_sidecar(postgres.uri() + "?sslmode=disable", *tls_kit.client_leg(kit.server),
                         environment=tls_kit.lax_system(tmp_path)).port
    weak = ("-cipher", "DEFAULT@SECLEVEL=0")
    assert s_client(port, "-tls1_2", *weak)[0] == 0
    assert s_client(port, "-tls1_3")[0] == 0
    for version in ("-tls1", "-tls1_1"):
        code, said = s_client(port, version, *weak)
        assert code != 0 and "alert protocol version" in said, said


def test_renegotiation_is_refused(fronts):
    _, said = s_client(fronts["require"].port, "-tls1_2", said="R\n")
    assert "RENEGOTIATING" in said
    assert "no renegotiation" in said, said
    assert fronts["require"].alive()


def test_clients_must_show_a_certificate(kit, postgres, start_sidecar):
    sidecar = start_sidecar(postgres.uri(), *tls_kit.client_leg(kit.server, "require",
                                                                kit.authority.cert))
    base = "sslmode=require user=postgres"
    assert psql(sidecar.port, f"{base} sslcert={kit.client.cert} sslkey={kit.client.key}")[0] == 0
    assert psql(sidecar.port, base)[0] == 2
    foreign = kit.foreign_client
    assert psql(sidecar.port, f"{base} sslcert={foreign.cert} sslkey={foreign.key}")[0] == 2
    assert psql(sidecar.port, "sslmode=disable user=postgres")[0] == 2


def test_half_close_of_a_client_leaves_the_answer(kit, start_sidecar):
    def script(client, _first):
        client.send(GREETING)
        client.until(lambda data: False)
        client.send(select_one())

    with FakeServer(script) as server:
        sidecar = start_sidecar(server.uri, *tls_kit.client_leg(kit.server))
        pipe = tls_kit.Pipe(sidecar.port)
        pipe.send(STARTUP)
        said = b""
        while not said.endswith(b"I"):
            said += pipe.receive()
        pipe.send(query("SELECT 1"))
        pipe.say_end()
        answer = b""
        while piece := pipe.receive():
            answer += piece
        pipe.close()
        assert answer == select_one()


@pytest.mark.parametrize("how", ["fin", "reset", "garbage"])
def test_tls_that_a_client_cuts(fronts, how):
    sidecar = fronts["require"]
    with recording(sidecar) as books, tls_kit.tls_client(sidecar.port) as other:
        other.login()
        before = sidecar.fds()
        for _ in range(20):
            client = tls_kit.tls_client(sidecar.port)
            client.login().send(query("SELECT pg_sleep(20)"))
            raw = socket.socket(fileno=client.socket.detach())
            if how == "garbage":
                raw.sendall(b"\x17\x03\x03\x00\x20" + b"x" * 32)
            if how == "reset":
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            raw.close()
        assert eventually(lambda: sidecar.fds() <= before, timeout=15)
        assert kinds(other.ask(query("SELECT 1"))) == "TDCZ"
    assert books().abandoned + sum(books().errors.values()) == 20


def test_new_sessions_see_the_new_certificate(kit, postgres, start_sidecar, tmp_path):
    mine = tls_kit.Certificate(str(tmp_path / "cert.pem"), str(tmp_path / "key.pem"), "")

    def install(certificate):
        shutil.copy(certificate.cert, mine.cert)
        shutil.copy(certificate.key, mine.key)
        os.chmod(mine.key, 0o600)

    def shown():
        with tls_kit.tls_client(sidecar.port) as client:
            return ssl.DER_cert_to_PEM_cert(client.socket.getpeercert(True))

    install(kit.server)
    sidecar = start_sidecar(postgres.uri(), *tls_kit.client_leg(mine))
    with tls_kit.tls_client(sidecar.port) as old:
        old.login()
        assert shown() in open(kit.server.cert).read()
        install(kit.other_server)
        sidecar.process.send_signal(signal.SIGHUP)
        assert eventually(lambda: shown() in open(kit.other_server.cert).read(), timeout=5)
        assert kinds(old.ask(query("SELECT 1"))) == "TDCZ"
        page = sidecar.metrics()
        assert page.sum("pgsidecar_config_last_reload_successful") == 1
        shutil.copy(kit.server.key, mine.key)  # does not fit
        sidecar.process.send_signal(signal.SIGHUP)
        assert eventually(lambda: sidecar.metrics().sum(
            "pgsidecar_config_last_reload_successful") == 0, timeout=5)
        assert shown() in open(kit.other_server.cert).read()
        assert kinds(old.ask(query("SELECT 1"))) == "TDCZ"


@pytest.mark.slow
def test_half_done_handshakes_end_at_the_login_deadline(kit, postgres, start_sidecar):
    """CVE-2026-25949 with TLS on: SSLRequest, its answer, and half a ClientHello at most."""
    sidecar = start_sidecar(postgres.uri(), *tls_kit.client_leg(kit.server),
                            environment={"PGSIDECAR_WIRE_LOGIN_TIMEOUT": "2s",
                                         "PGSIDECAR_WIRE_MAX_PRELUDE": "2000"})
    with tls_kit.tls_client(sidecar.port) as other:
        other.login()
        before = sidecar.fds()
        silent = []
        for number in range(1000):
            client = socket.create_connection(("127.0.0.1", sidecar.port))
            client.sendall(SSL_REQUEST)
            if number % 2:
                assert client.recv(1) == b"S"
                client.sendall(b"\x16\x03\x01\x02\x00\x01\x00")
            silent.append(client)
        assert kinds(other.ask(query("SELECT 1"))) == "TDCZ"
        started = time.monotonic()
        assert eventually(lambda: sidecar.fds() <= before, timeout=15)
        assert time.monotonic() - started < 10
        for client in silent:
            client.close()
