"""Lengths that are only claims, in every message of both sides and in every state; errors without
their fields (PgBouncer CVE-2026-6664 to 6666, pgx CVE-2024-27304, pgproto3 CVE-2026-4427)."""

import itertools
import random
import struct

import pytest

from books import recording
from boundaries import Place
from fault_proxy import Fault, FaultProxy
from harness import SANITIZED, eventually
from protocol import (AUTHENTICATION_OK, GREETING, SYNC, Client, FakeServer, bind, cancel_request,
                      closed, cstring, describe, execute, kinds, message, parse, query, ready,
                      row_description, sqlstates, startup)

STARTUP = startup(user="u", database="d")
FRONTEND = "QPBDECHSFdcfXp"
BACKEND = "RSKZTDCIENAGHWdc123nstVv"
LENGTHS = (0, 3, 2**31 - 1, 2**31, 2**32 - 1)
MEBIBYTE = 1 << 20


def claim(kind, length):
    return kind.encode() + struct.pack("!I", length) + b"x" * 3000


def check_left(sidecar, before, rss):
    assert sidecar.alive()
    assert sidecar.rss() - rss < 2 * MEBIBYTE
    assert eventually(lambda: sidecar.fds() <= before), (sidecar.fds(), before)
    page = sidecar.settled()
    for gauge in ("client_connections", "queries_in_flight", "client_handshakes_in_progress"):
        assert page.sum(f"pgsidecar_{gauge}") == 0, gauge
    return page


def check_doubted(page, kinds):
    """Each length ended the decoding of its session: PostgreSQL sends nothing above 1 GiB."""
    def doubted(reason):
        return page.sum("pgsidecar_opaque_sessions_total", reason=reason)
    logins_only = sum(kind in kinds for kind in "Rv") * len(LENGTHS)
    assert doubted("unknown_message") == logins_only
    assert doubted("bad_length") == len(kinds) * len(LENGTHS) - logins_only


def measured(sidecar):
    """(descriptors, resident bytes) once a first session has been served."""
    with Client(sidecar.port) as client:
        client.send(STARTUP).until_ready()
    eventually(lambda: sidecar.metrics().sum("pgsidecar_client_connections") == 0)
    return sidecar.fds(), sidecar.rss()


def test_every_frontend_message(start_sidecar):
    """Relayed as it came: what it means is the server's business."""
    expected = []

    def script(client, _first):
        client.send(GREETING)
        if (got := client.until(lambda data: len(data) >= 3005)):
            received.append(got)

    received = []
    with FakeServer(script) as server:
        sidecar = start_sidecar(server.uri)
        before = measured(sidecar)
        received.clear()
        for kind, length in itertools.product(FRONTEND, LENGTHS):
            with Client(sidecar.port) as client:
                client.send(STARTUP).until_ready()
                client.send(claim(kind, length)).rest()
                expected.append(claim(kind, length))
        assert sorted(received) == sorted(expected)
        check_doubted(check_left(sidecar, *before), FRONTEND)


def test_every_backend_message(start_sidecar):
    cases = iter(list(itertools.product(BACKEND, LENGTHS)))

    def script(client, _first):
        client.send(GREETING)
        if client.socket.recv(1000)[:1] == b"Q":
            client.send(row_description("x") + claim(*next(cases)))

    with FakeServer(script) as server:
        sidecar = start_sidecar(server.uri)
        before = measured(sidecar)
        for kind, length in itertools.product(BACKEND, LENGTHS):
            with Client(sidecar.port) as client:
                client.send(STARTUP).until_ready()
                answer = client.send(query("SELECT 1")).rest()
                assert answer == row_description("x") + claim(kind, length)
        check_doubted(check_left(sidecar, *before), BACKEND)


@pytest.mark.parametrize("greeting", [b"", AUTHENTICATION_OK], ids=["first", "behind the Ok"])
def test_every_backend_message_during_the_login(start_sidecar, greeting):
    """Login fails closed: at most a FATAL, never a session."""
    cases = iter(list(itertools.product(BACKEND, LENGTHS)))
    with FakeServer(lambda client, _first: client.send(
            greeting + claim(*next(cases)) + ready()) and client.rest()) as server:
        sidecar = start_sidecar(server.uri)
        fds, rss = sidecar.fds(), sidecar.rss()
        for kind, length in itertools.product(BACKEND, LENGTHS):
            with Client(sidecar.port) as client:
                answer = client.send(STARTUP).rest()
                assert claim(kind, length)[:5] not in answer
                assert "Z" not in kinds(answer)
                assert sqlstates(answer)[-1:] in (["08P01"], [])
        check_left(sidecar, fds, rss + MEBIBYTE)


FIELDS = {"S": "FATAL", "V": "FATAL", "C": "28P01", "M": "no"}


@pytest.mark.parametrize("missing", [*FIELDS, *itertools.combinations(FIELDS, 2), tuple(FIELDS)],
                         ids="".join)
@pytest.mark.parametrize("when", ["login", "statement", "idle"])
def test_an_error_without_some_of_its_fields(start_sidecar, when, missing):
    body = b"".join(key.encode() + cstring(value) for key, value in FIELDS.items()
                    if key not in missing) + b"\0"
    reply = message("E", body)

    def script(client, _first):
        if when != "login":
            client.send(GREETING)
        if when == "statement":
            client.socket.recv(1000)
        client.send(reply)

    with FakeServer(script) as server:
        sidecar = start_sidecar(server.uri)
        with Client(sidecar.port) as client:
            said = client.send(STARTUP).until_ready()
            if when == "statement":
                client.send(query("SELECT 1"))
            said += client.rest()
        assert said.removeprefix(GREETING).startswith(reply)
        assert set(sqlstates(said)[1:]) <= {"08006"}
        page = sidecar.settled()
        family = {"login": "client_login_failures_total", "idle": "client_idle_errors_total",
                  "statement": "query_sqlstate_errors_total"}[when]
        counted = page.by("sqlstate", f"pgsidecar_{family}")
        assert sum(counted.values()) >= 1
        assert set(counted) <= {"28P01", "unknown", "08006"}
        assert ("unknown" in counted) == ("C" in missing), counted
        assert sidecar.alive()


@pytest.mark.parametrize("size", [0, 3, 257, 4000])
def test_cancel_keys_of_impossible_sizes(start_sidecar, size):
    with FakeServer(lambda client, _first: client.send(GREETING) and client.rest()) as server:
        sidecar = start_sidecar(server.uri)
        with Client(sidecar.port) as canceler:
            canceler.send(cancel_request(b"\0\0\0\1" + b"k" * size))
            assert closed(canceler)
        assert all(first[4:8] != cancel_request(b"")[4:8] for first in server.received)


@pytest.mark.slow
@pytest.mark.deadline(120)
@pytest.mark.skipif(SANITIZED, reason="ten seconds of parsing with a sanitizer")
def test_10000_parameters_and_a_kill_at_every_message(postgres, start_sidecar):
    """ProxySQL #6109: the server goes away before and inside each message of the reply."""
    chooser = random.Random(5)
    values = [chooser.randbytes(chooser.randrange(1, 20)).hex() for _ in range(10_000)]
    text = "SELECT count(*) FROM (VALUES " + ", ".join(f"(${n + 1}::text)" for n in range(10_000)) \
           + ") AS v (x)"
    request = parse(text) + bind(values) + describe() + execute() + SYNC
    with FaultProxy(postgres.port) as proxy:
        sidecar = start_sidecar(f"postgresql://127.0.0.1:{proxy.port}?sslmode=disable")
        proxy.plan("whole", Fault())
        before = sidecar.fds()
        with recording(sidecar) as books:
            for kind, part in itertools.product("12TDC", ("before", "inside")):
                proxy.plan("killed", Fault("reset", Place("down", kind, part=part)))
                with Client(sidecar.port) as client:
                    client.login(application_name="killed")
                    answer = client.send(request).rest()
                    assert sqlstates(answer) == ([] if part == "inside" else ["08006"])
                assert proxy.seen["killed"].fired
            with Client(sidecar.port) as client:
                assert kinds(client.login(application_name="whole").ask(request)) == "12TDCZ"
        assert books().classes == {"connection": 10}
        assert books().successes == {"SELECT": 1}
        assert eventually(lambda: sidecar.fds() <= before), (sidecar.fds(), before)
