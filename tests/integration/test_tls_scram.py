"""SCRAM through every pair of legs: the table "TLS and SCRAM" of wire.md and rows 5 and 6 of its trap
checklist."""

import time

import pytest

import scram
import tls_kit
from books import recording
from harness import free_port
from protocol import (AUTHENTICATION_OK, SSL_REQUEST, Client, FakeServer, backend_key,
                      cancel_request, closed, errors, query, ready, select_one, sqlstates, startup)
from test_tls import upstream
from tls_kit import psql

STARTUP = startup(user="scram_user", database="postgres")
STRIPPED = "pgsidecar_scram_plus_stripped_total"
REFUSED = "pgsidecar_scram_binding_failures_total"


def login(sidecar, binding, sslmode="disable", more=""):
    """(whether psql as scram_user got in, what it said otherwise)."""
    code, _, said = psql(sidecar.port, f"user=scram_user sslmode={sslmode} "
                                       f"channel_binding={binding} {more}")
    return code == 0, said


@pytest.mark.parametrize("front,mode,binding,works", [
    (None, "disable", "disable", True), (None, "disable", "prefer", True),
    (None, "disable", "require", False),
    (None, "require", "disable", True), (None, "require", "prefer", True),
    (None, "require", "require", False),
    ("other_server", "disable", "disable", True), ("other_server", "disable", "prefer", True),
    ("other_server", "disable", "require", False),
    ("other_server", "require", "disable", True), ("other_server", "require", "prefer", False),
    ("other_server", "require", "require", False),
    ("server", "require", "disable", True), ("server", "require", "prefer", True),
    ("server", "require", "require", True)])
def test_the_matrix(kit, tls_postgres, start_sidecar, front, mode, binding, works):
    """`front`: the certificate towards clients; PostgreSQL's own is `server`."""
    arguments = tls_kit.client_leg(getattr(kit, front)) if front else []
    sidecar = start_sidecar(upstream(tls_postgres.port, mode), *arguments)
    got_in, said = login(sidecar, binding, "require" if front else "disable")
    assert got_in == works, said
    page = sidecar.settled()
    assert page.sum(STRIPPED) == (not front and mode == "require")
    bound_to_us = front == "other_server" and mode == "require" and binding != "disable"
    assert page.sum(REFUSED) == bound_to_us
    if bound_to_us:
        assert "channel binding" in said  # the server's own words
        assert "channel_binding=disable" in sidecar.log()


def test_stripping_is_counted_each_time_and_told_once(tls_postgres, start_sidecar):
    sidecar = start_sidecar(upstream(tls_postgres.port, "require"))
    for _ in range(5):
        assert login(sidecar, "prefer")[0]
    assert sidecar.settled().sum(STRIPPED) == 5
    assert sidecar.log().count("SCRAM-SHA-256-PLUS") == 1


def test_a_wrong_password_is_no_binding_failure(kit, tls_postgres, start_sidecar):
    sidecar = start_sidecar(upstream(tls_postgres.port, "require"),
                            *tls_kit.client_leg(kit.other_server))
    code, _, said = psql(sidecar.port, "user=scram_user sslmode=require channel_binding=disable",
                         password="wrong")
    assert code == 2 and "password authentication failed" in said
    page = sidecar.settled()
    assert page.sum(REFUSED) == 0
    assert page.by("sqlstate", "pgsidecar_client_login_failures_total") == {"28P01": 1}
    assert "wrong" not in sidecar.log()


def offering(context, offer, cuts):
    """A script behind TLS that makes this offer in two pieces and waits for the answer."""
    def script(client, first):
        if first != SSL_REQUEST:
            return
        if not tls_kit.accept_tls(client, context):
            return  # a probe
        cut = next(cuts)
        client.send(offer[:cut])
        time.sleep(0.002)
        client.send(offer[cut:])
        if client.socket.recv(1000):
            client.send(AUTHENTICATION_OK + backend_key() + ready())
            client.socket.recv(1000)
            client.send(select_one())
    return script


OFFERS = {"first": [scram.PLUS, scram.SCRAM], "last": [scram.SCRAM, scram.PLUS],
          "between": [b"OTHER", scram.PLUS, scram.SCRAM], "none": [scram.SCRAM]}


@pytest.mark.parametrize("place", OFFERS)
def test_an_offer_at_every_cut(kit, start_sidecar, place):
    offer = scram.offer(*OFFERS[place])
    expected = scram.offer(*[name for name in OFFERS[place] if name != scram.PLUS])
    cuts = iter(range(1, len(offer)))
    with FakeServer(offering(tls_kit.server_context(kit.server), offer, cuts)) as server:
        sidecar = start_sidecar(upstream(server.port, "require", host="127.0.0.1"))
        with recording(sidecar) as books:
            for _ in range(1, len(offer)):
                with Client(sidecar.port) as client:
                    got = client.send(STARTUP).until(lambda data: len(data) >= len(expected))
                    assert got == expected
                    client.send(scram.initial()).until_ready()
                    assert client.ask(query("SELECT 1")) == select_one()
        assert books().successes == {"SELECT": len(offer) - 1}
        assert books().page.sum(STRIPPED) == (0 if place == "none" else len(offer) - 1)


def test_an_offer_of_plus_only(kit, start_sidecar):
    offer = scram.offer(scram.PLUS)
    cuts = iter(range(1, len(offer)))
    with FakeServer(offering(tls_kit.server_context(kit.server), offer, cuts)) as server:
        sidecar = start_sidecar(upstream(server.port, "require", host="127.0.0.1"))
        for _ in range(1, len(offer)):
            with Client(sidecar.port) as client:
                (found,) = errors(client.send(STARTUP).rest())
            assert (found["S"], found["C"]) == ("FATAL", "28000")
            assert found["M"].startswith("pgsidecar: ") and "PLUS" in found["M"]


def test_an_offer_of_tls_clients_is_untouched(kit, start_sidecar):
    offer = scram.offer(scram.PLUS, scram.SCRAM)
    context = tls_kit.server_context(kit.server)
    with FakeServer(offering(context, offer, iter([3] * 100))) as server:
        sidecar = start_sidecar(upstream(server.port, "require", host="127.0.0.1"),
                                *tls_kit.client_leg(kit.other_server))
        with tls_kit.tls_client(sidecar.port) as client:
            assert client.send(STARTUP).until(lambda data: len(data) >= len(offer)) == offer
        assert sidecar.settled().sum(STRIPPED) == 0


def test_a_server_nonce_of_64_kib(kit, start_sidecar):
    """CVE-2026-6665: long, but within the bound of a login message; one byte more is refused."""
    for length, passes in ((65000, True), (70000, False)):
        nonce = b"\0\0\0\x0br=" + b"n" * length
        continued = b"R" + (4 + len(nonce)).to_bytes(4, "big") + nonce

        def script(client, _first):
            client.send(scram.offer(scram.SCRAM))
            client.socket.recv(1000)
            client.send(continued)
            client.rest()

        with FakeServer(script) as server:
            sidecar = start_sidecar(server.uri)
            with Client(sidecar.port) as client:
                client.send(STARTUP).socket.recv(1000)
                client.send(scram.initial())
                if passes:
                    assert client.until(lambda data: len(data) >= len(continued)) == continued
                else:
                    assert closed(client)
            assert sidecar.alive()


# --- pass-through

@pytest.fixture
def passing(kit, tls_postgres, start_sidecar):
    """(sidecar, port) of a listener that relays every byte undecoded."""
    port = free_port()
    sidecar = start_sidecar(upstream(tls_postgres.port, "disable"), "--set",
                            f"wire.pass_through_listen=127.0.0.1:{port}")
    return sidecar, port


def test_end_to_end_tls_with_binding(kit, passing):
    sidecar, port = passing
    before = sidecar.settled()
    code, encrypted, said = psql(port, "user=scram_user sslmode=verify-full channel_binding=require "
                                       f"sslrootcert={kit.authority.cert}")
    assert (code, encrypted) == (0, "t"), said
    counted = sidecar.settled().since(before)
    assert counted.sum("pgsidecar_query_successes_total") == 0
    assert counted.sum("pgsidecar_client_received_bytes_total") > 500
    assert counted.sum("pgsidecar_client_session_duration_seconds_count",
                       **{"class": "pass_through"}) == 1


def test_pass_through_relays_what_nobody_knows(start_sidecar):
    port = free_port()
    with FakeServer(lambda client, first: client.send(b"anything" + first) and client.rest()) as server:
        start_sidecar(server.uri, "--set", f"wire.pass_through_listen=127.0.0.1:{port}")
        with Client(port) as client:
            client.send(b"\0\0\0\x08what")
            assert client.until(lambda data: len(data) >= 16) == b"anything\0\0\0\x08what"


def test_cancel_through_pass_through(passing):
    _, port = passing
    with Client(port) as client:
        client.login().send(query("SELECT pg_sleep(30)"))
        time.sleep(0.2)
        with Client(port) as canceler:
            canceler.send(cancel_request(client.key())).rest()
        assert sqlstates(client.until_ready()) == ["57014"]
