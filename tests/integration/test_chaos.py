"""Networks that slice, delay and break connections, on either leg: what was counted stays true."""

import contextlib
import random
import socket
import time

import pytest

from books import recording
from boundaries import Place
from fault_proxy import Fault, FaultProxy
from harness import Tap, eventually
from protocol import Client, kinds, query, sqlstates
from test_statements import MIXED, SETUP, check


@pytest.fixture(scope="module", autouse=True)
def tables(postgres):
    postgres.sql(SETUP)


@pytest.mark.slow
@pytest.mark.parametrize("fault", [
    Fault(slice=1), Fault(slice=7), Fault(latency_up=0.01), Fault(latency_down=0.01),
    Fault(rate=20_000)], ids=["byte by byte", "7 bytes", "10 ms up", "10 ms down", "20 kB/s"])
@pytest.mark.parametrize("leg", ["client", "server"])
def test_slices_and_delays_change_nothing(postgres, start_sidecar, leg, fault):
    with contextlib.ExitStack() as stack:
        proxy, sidecar, port = behind_proxy(stack, postgres, start_sidecar, leg)
        proxy.fault = fault
        with recording(sidecar) as books:
            for _ in range(3):
                with Client(port) as client:
                    client.login().ask(MIXED.request, MIXED.ready)
    check(MIXED, books(), 3)


def behind_proxy(stack, postgres, start_sidecar, leg):
    """(proxy, sidecar, port for clients) with the proxy on that leg."""
    if leg == "server":
        proxy = stack.enter_context(FaultProxy(postgres.port))
        sidecar = start_sidecar(f"postgresql://127.0.0.1:{proxy.port}?sslmode=disable")
        return proxy, sidecar, sidecar.port
    sidecar = start_sidecar(postgres.uri())
    proxy = stack.enter_context(FaultProxy(sidecar.port))
    return proxy, sidecar, proxy.port


@pytest.mark.slow
@pytest.mark.deadline(120)
@pytest.mark.parametrize("leg", ["client", "server"])
def test_a_reset_anywhere(postgres, start_sidecar, leg):
    """At random bytes of what the server says. Nothing hangs, nothing leaks, the sums stay sums."""
    chooser = random.Random(11)
    with contextlib.ExitStack() as stack:
        proxy, sidecar, port = behind_proxy(stack, postgres, start_sidecar, leg)
        before = sidecar.fds()
        with recording(sidecar) as books:
            for _ in range(120):  # behind the login
                proxy.fault = Fault("reset", Place("down", byte=chooser.randrange(330, 900)))
                with Client(port) as client:
                    with contextlib.suppress(ConnectionError, StopIteration):
                        client.login()
                        client.ask(MIXED.request, MIXED.ready)
            proxy.fault = Fault()
            with Client(port) as client:
                assert kinds(client.login().ask(query("SELECT 1"))) == "TDCZ"
        assert eventually(lambda: sidecar.fds() <= before)
        assert sidecar.alive()
        page = sidecar.settled()
        assert page.sum("pgsidecar_client_connections") == 0
        assert page.sum("pgsidecar_relay_buffered_bytes") == 0
        assert books().opaque == {}
    active = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' " \
             "AND pid <> pg_backend_pid()"
    assert eventually(lambda: postgres.sql(active)[0][0] <= 3)


def test_a_black_hole_harms_only_its_own_session(postgres, start_sidecar):
    with contextlib.ExitStack() as stack:
        proxy, sidecar, port = behind_proxy(stack, postgres, start_sidecar, "server")
        proxy.fault = Fault("hole", Place("up", "Q"))
        client = Client(port).login()
        proxy.fault = Fault()
        client.send(query("SELECT 1"))
        time.sleep(0.5)
        assert sidecar.probe("/healthz") == 200
        page = sidecar.metrics()
        assert page.sum("pgsidecar_queries_in_flight") == 1
        assert page.sum("pgsidecar_oldest_running_query_start_timestamp_seconds") > 0
        client.close()
        assert eventually(lambda: sidecar.metrics().sum("pgsidecar_queries_abandoned_total") == 1)
        with Client(port) as client:
            assert kinds(client.login().ask(query("SELECT 1"))) == "TDCZ"
        assert eventually(lambda: sidecar.metrics().sum("pgsidecar_client_connections") == 0)


def test_upstream_that_accepts_and_says_nothing_is_given_up(start_sidecar):
    """A backlog that is full answers no SYN: the connect times out and says so."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        fillers = []
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
            fillers.append(filler)
        sidecar = start_sidecar(f"postgresql://127.0.0.1:{port}?connect_timeout=1", ready=False)
        with Client(sidecar.port) as client:
            started = time.monotonic()
            client.send(b"\0\0\0\x10\0\3\0\0user\0u\0\0")
            assert sqlstates(client.rest()) == ["08001"]
            assert time.monotonic() - started < 4
        for filler in fillers:
            filler.close()


def test_bytes_are_counted_exactly(postgres, start_sidecar):
    inner = Tap(postgres.port)
    sidecar = start_sidecar(f"postgresql://127.0.0.1:{inner.port}?sslmode=disable")
    outer = Tap(sidecar.port)
    for _ in range(5):
        with Client(outer.port) as client:
            client.login().ask(MIXED.request, MIXED.ready)
            client.ask(query("SELECT repeat('x', 100000) FROM generate_series(1, 50)"))
    assert eventually(lambda: sidecar.metrics().sum("pgsidecar_client_connections") == 0)
    page = sidecar.settled()

    def total(tap, side):
        return sum(len(stream[side]) for stream in tap.streams)

    assert page.sum("pgsidecar_client_received_bytes_total") == total(outer, 0)
    assert page.sum("pgsidecar_client_sent_bytes_total") == total(outer, 1)
    assert page.sum("pgsidecar_upstream_sent_bytes_total") == total(inner, 0)
    assert page.sum("pgsidecar_upstream_received_bytes_total") == total(inner, 1)
    outer.close()
    inner.close()
