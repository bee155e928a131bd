"""The first bytes of a connection, logins and cancel requests."""

import random
import socket
import struct
import time

import pytest

from books import recording
from harness import eventually
from protocol import (AUTHENTICATION_OK, GREETING, GSSENC_REQUEST, SSL_REQUEST, Client, FakeServer,
                      answering, backend_key, cancel_request, closed, kinds, message, query, ready,
                      select_one, sqlstates, startup)

STARTUP = startup(user="postgres", database="postgres")


def test_gss_then_ssl_then_startup_on_one_socket(sidecar):
    with recording(sidecar) as books, Client(sidecar.port) as client:
        for request in (GSSENC_REQUEST, SSL_REQUEST):
            client.send(request)
            assert client.socket.recv(10) == b"N"
        client.login()
        client.ask(query("SELECT 1"))
    assert books().successes == {"SELECT": 1}


@pytest.mark.parametrize("request_bytes", [SSL_REQUEST, GSSENC_REQUEST])
def test_a_second_negotiation_of_the_same_kind_is_refused(sidecar, request_bytes):
    with Client(sidecar.port) as client:
        client.send(request_bytes)
        assert client.socket.recv(10) == b"N"
        client.send(request_bytes)
        assert closed(client)


@pytest.mark.parametrize("first", [SSL_REQUEST, GSSENC_REQUEST])
@pytest.mark.parametrize("behind", [STARTUP, b"\0", STARTUP + query("SELECT 1")])
def test_plaintext_behind_a_negotiation_is_refused(start_sidecar, first, behind):
    """CVE-2021-3935, CVE-2021-23214: nothing of it reaches the server."""
    with FakeServer(answering(b"")) as server:
        sidecar = start_sidecar(server.uri)
        with Client(sidecar.port) as client:
            answer = client.send(first + behind).rest()
        assert sqlstates(answer.removeprefix(b"N")) == ["08P01"]
        time.sleep(0.2)
        assert server.received == []


def test_direct_tls_is_closed(sidecar):
    with Client(sidecar.port) as client:
        assert client.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 300).rest() == b""


@pytest.mark.parametrize("first", [SSL_REQUEST, STARTUP])
def test_first_packet_in_pieces(sidecar, first):
    for offset in range(1, len(first)):
        with Client(sidecar.port) as client:
            client.send(first[:offset])
            time.sleep(0.002)
            client.send(first[offset:])
            expected = "R" if first == STARTUP else "N"
            assert client.socket.recv(1) == expected.encode()


@pytest.mark.parametrize("packet", [
    struct.pack("!I", 0), struct.pack("!I", 3), struct.pack("!I", 7) + b"abc",
    struct.pack("!II", 10001, 196608) + b"x" * 9993, struct.pack("!II", 2**31 - 1, 196608),
    struct.pack("!II", 2**31, 196608), struct.pack("!II", 2**32 - 1, 196608), b"GET / HTTP/1.1\r\n\r\n"],
    ids=["0", "3", "7", "10001", "2^31-1", "2^31", "2^32-1", "HTTP"])
def test_impossible_first_packets_are_refused(sidecar, packet):
    before, rss = sidecar.metrics(), sidecar.rss()
    with Client(sidecar.port) as client:
        client.send(packet)
        assert closed(client)
    counted = sidecar.settled().since(before)
    assert counted.sum("pgsidecar_client_connections_rejected_total", reason="bad_startup") == 1
    assert sidecar.rss() - rss < 2 << 20


def test_random_bytes_end_only_their_own_connection(sidecar):
    generator = random.Random(4711)
    with Client(sidecar.port) as other:
        other.login()
        before = sidecar.fds()
        for _ in range(300):
            with Client(sidecar.port) as client:
                client.send(generator.randbytes(generator.randrange(1, 4000)))
        assert kinds(other.ask(query("SELECT 1"))) == "TDCZ"
        assert eventually(lambda: sidecar.fds() <= before)


@pytest.mark.parametrize("packet", [
    startup(user="u", database="d"), startup(version=196610, user="u", database="d"),
    startup(version=3 << 16 | 9999, user="u", database="d"),
    startup(user="u", **{"_pq_.unknown": "1", "_pq_.other": ""}),
    startup(user="u", **{f"parameter_{n}": "x" for n in range(500)}),
    startup(user="ü\N{SNOWMAN}", database="", application_name="x" * 5000)],
    ids=["plain", "3.2", "3.9999", "_pq_", "500 parameters", "odd names"])
def test_startup_is_forwarded_as_it_came(start_sidecar, packet):
    negotiate = message("v", struct.pack("!II", 196608, 1) + b"_pq_.unknown\0")
    with FakeServer(answering(select_one(), negotiate + GREETING)) as server:
        sidecar = start_sidecar(server.uri)
        with recording(sidecar) as books, Client(sidecar.port) as client:
            assert client.ask(packet) == negotiate + GREETING
            assert client.ask(query("SELECT 1")) == select_one()
        assert server.received == [packet]
        assert books().successes == {"SELECT": 1}
        assert books().opaque == {}


def test_another_major_version_is_relayed_undecoded(start_sidecar):
    packet = startup(version=4 << 16, user="u")
    with FakeServer(answering(b"anything", b"what is that?")) as server:
        sidecar = start_sidecar(server.uri)
        with recording(sidecar) as books, Client(sidecar.port) as client:
            assert client.send(packet).socket.recv(100) == b"what is that?"
            assert client.send(b"\xff\xff").socket.recv(100) == b"anything"
        assert server.received == [packet]
        assert books().opaque == {"protocol_major": 1}


@pytest.mark.parametrize("greeting", [
    AUTHENTICATION_OK + message("S", b"x" * 70000), message("?", b"hello") + ready(),
    b"R" + struct.pack("!I", 3), b"R" + struct.pack("!I", 2**31 - 1) + b"x" * 100,
    AUTHENTICATION_OK + backend_key(b"\0\0\0\1" + b"k" * 3) + ready(),
    AUTHENTICATION_OK + backend_key(b"\0\0\0\1" + b"k" * 257) + ready(),
    message("R", struct.pack("!I", 11) + b"r=" + b"x" * 65536),
    b"HTTP/1.1 400 Bad Request\r\n\r\n"],
    ids=["70 kB", "unknown type", "length 3", "length 2^31-1", "key of 3", "key of 257", "nonce of 64 KiB",
         "HTTP"])
def test_login_fails_closed(start_sidecar, greeting):
    with FakeServer(answering(b"", greeting)) as server:
        sidecar = start_sidecar(server.uri)
        with Client(sidecar.port) as client:
            answer = client.send(STARTUP).rest()
        assert "Z" not in kinds(answer)
        assert sqlstates(answer)[-1:] in (["08P01"], [])
        assert eventually(lambda: sidecar.metrics().sum("pgsidecar_client_handshakes_in_progress") == 0)
        assert sidecar.alive()


@pytest.mark.parametrize("length", [0, 3, 2**31 - 1, 2**31, 2**32 - 1])
def test_impossible_answers_to_a_password_request(start_sidecar, length):
    """CVE-2026-6664: before authentication, too, a length is only a claim."""
    request = message("R", struct.pack("!I", 3))
    relayed = []

    def script(client, _first):
        client.send(request)
        relayed.append(client.rest())

    with FakeServer(script) as server:
        sidecar = start_sidecar(server.uri)
        with Client(sidecar.port) as client:
            assert client.send(STARTUP).socket.recv(100) == request
            before = sidecar.rss()
            client.send(b"p" + struct.pack("!I", length) + b"x" * 100_000)
            assert sqlstates(client.rest()) == ["08P01"]
            assert sidecar.rss() - before < 2 << 20
        assert eventually(lambda: relayed) == [b""]
        assert sidecar.alive()
        assert sidecar.settled().sum("pgsidecar_client_handshakes_in_progress") == 0


def test_every_cut_of_a_login(start_sidecar):
    reply = GREETING + b""
    offsets = iter(range(1, len(reply)))

    def script(client, _first):
        cut = next(offsets)
        client.send(reply[:cut])
        time.sleep(0.002)
        client.send(reply[cut:])
        client.socket.recv(100)
        client.send(select_one())

    with FakeServer(script) as server:
        sidecar = start_sidecar(server.uri)
        with recording(sidecar) as books:
            for _ in range(1, len(reply)):
                with Client(sidecar.port) as client:
                    assert client.ask(STARTUP) == reply
                    assert client.ask(query("SELECT 1")) == select_one()
        assert books().successes == {"SELECT": len(reply) - 1}


def test_failed_logins_create_no_series(sidecar):
    with Client(sidecar.port) as client:
        client.login()
    before = sidecar.settled()
    for number in range(500):
        with Client(sidecar.port) as client:
            client.send(startup(user=f"nobody_{number}", database=f"nowhere_{number}")).rest()
    after = sidecar.settled()
    failed = after.since(before).by("sqlstate", "pgsidecar_client_login_failures_total")
    assert failed == {"28000": 500}
    new = {key for key in after.samples if key not in before.samples}
    assert {name for name, _ in new} <= {"pgsidecar_client_login_failures_total"}


@pytest.mark.parametrize("size", [4, 32, 256])
def test_cancel_keys_of_any_size(start_sidecar, size):
    key = b"\0\0\0\7" + bytes(range(256))[:size]
    greeting = AUTHENTICATION_OK + backend_key(key) + ready()

    def script(client, first):
        if first != cancel_request(key):
            answering(b"", greeting)(client, first)

    with FakeServer(script) as server:
        sidecar = start_sidecar(server.uri)
        with Client(sidecar.port) as client, Client(sidecar.port) as canceler:
            assert client.ask(STARTUP) == greeting
            assert canceler.send(cancel_request(key)).rest() == b""
            assert eventually(lambda: cancel_request(key) in server.received)
        assert sidecar.settled().sum("pgsidecar_cancel_requests_total") == 1


def test_the_canceler_waits_for_the_servers_end(start_sidecar):
    def script(client, first):
        if first[4:8] == cancel_request(b"")[4:8]:
            time.sleep(0.7)
            return
        answering(b"")(client, first)

    with FakeServer(script) as server:
        sidecar = start_sidecar(server.uri)
        with Client(sidecar.port) as client, Client(sidecar.port) as canceler:
            client.login()
            started = time.monotonic()
            canceler.send(cancel_request(client.key())).rest()
            assert 0.6 < time.monotonic() - started < 3


def test_cancel_races_hit_the_right_session(sidecar, postgres):
    """Each session cancels only itself; its neighbour sleeps on. PostgreSQL drops a cancel that
    comes before the statement, so the statement is seen to run first."""
    def runs(process):
        return postgres.sql("SELECT 1 FROM pg_catalog.pg_stat_activity WHERE wait_event = 'PgSleep'"
                            f" AND pid = {process}")

    with Client(sidecar.port) as neighbour:
        neighbour.login().send(query("SELECT pg_sleep(4)"))
        for _ in range(50):
            with Client(sidecar.port) as client, Client(sidecar.port) as canceler:
                client.login().send(query("SELECT pg_sleep(30)"))
                assert eventually(lambda: runs(int.from_bytes(client.key()[:4], "big")), every=0.002)
                canceler.send(cancel_request(client.key())).rest()
                assert sqlstates(client.until_ready()) == ["57014"]
        assert sqlstates(neighbour.until_ready()) == []


def test_cancel_with_an_unknown_key(sidecar):
    with Client(sidecar.port) as canceler:
        assert canceler.send(cancel_request(b"\0\0\0\1nope")).rest() == b""


@pytest.mark.slow
def test_1000_half_open_startups(start_sidecar, postgres):
    """Traefik CVE-2026-25949: an SSLRequest or a piece of a startup, then silence."""
    sidecar = start_sidecar(postgres.uri(), environment={"PGSIDECAR_WIRE_LOGIN_TIMEOUT": "3s"})
    with Client(sidecar.port) as other:
        other.login()
        before = sidecar.fds()
        silent = []
        for number in range(1000):
            client = socket.create_connection(("127.0.0.1", sidecar.port))
            client.sendall((SSL_REQUEST, STARTUP[:7], b"")[number % 3])
            silent.append(client)
        assert kinds(other.ask(query("SELECT 1"))) == "TDCZ"
        assert eventually(lambda: sidecar.fds() <= before, timeout=15)
        for client in silent:
            client.close()
        assert kinds(other.ask(query("SELECT 1"))) == "TDCZ"
    counted = sidecar.settled()
    assert counted.sum("pgsidecar_client_handshakes_in_progress") == 0
    rejected = counted.by("reason", "pgsidecar_client_connections_rejected_total")
    assert sum(rejected.values()) == 1000, rejected


def test_a_server_that_never_ends_the_login(start_sidecar):
    with FakeServer(lambda client, first: time.sleep(20)) as server:
        sidecar = start_sidecar(server.uri, environment={"PGSIDECAR_WIRE_LOGIN_TIMEOUT": "1s"})
        with Client(sidecar.port) as client:
            started = time.monotonic()
            assert sqlstates(client.send(STARTUP).rest()) == ["57014"]
            assert time.monotonic() - started < 4
