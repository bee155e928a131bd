"""Networks that slice, delay and break connections, on either leg: what was counted stays true."""

import contextlib
import random
import socket
import struct
import threading
import time

import pytest

from books import recording
from harness import Tap, eventually
from protocol import Client, kinds, query, sqlstates
from test_statements import MIXED, SETUP, check


class Fault:
    """A relay with one fault: `pieces` slices, `delay` waits before each piece, `cut` resets both
    sides once the server has sent that many bytes, `hole` swallows everything after them."""

    def __init__(self, port, pieces=65536, delay=0.0, cut=None, hole=None):
        self.target, self.pieces, self.delay, self.cut, self.hole = port, pieces, delay, cut, hole
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                server = socket.create_connection(("127.0.0.1", self.target))
                for one in (client, server):
                    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for pair, counts in (((client, server), False), ((server, client), True)):
                    threading.Thread(target=self._pump, args=(*pair, counts), daemon=True).start()

    def _pump(self, source, sink, counts):
        total = 0
        with contextlib.suppress(OSError):
            while data := source.recv(self.pieces):
                if counts and self.cut is not None and total + len(data) > self.cut:
                    sink.sendall(data[:self.cut - total])
                    time.sleep(0.01)  # so that what was sent is not lost with the reset
                    for one in (source, sink):
                        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                        one.shutdown(socket.SHUT_RD)
                        one.close()
                    return
                total += len(data)
                if self.hole is not None and counts and total > self.hole:
                    continue
                time.sleep(self.delay)
                sink.sendall(data)
        if self.hole is None:
            with contextlib.suppress(OSError):
                sink.shutdown(socket.SHUT_WR)

    def close(self):
        self.listener.close()


@pytest.fixture(scope="module", autouse=True)
def tables(postgres):
    postgres.sql(SETUP)


@pytest.mark.slow
@pytest.mark.parametrize("pieces,delay", [(1, 0), (7, 0), (65536, 0.01)],
                         ids=["byte by byte", "7 bytes", "10 ms"])
@pytest.mark.parametrize("leg", ["client", "server"])
def test_slices_and_delays_change_nothing(postgres, start_sidecar, leg, pieces, delay):
    fault = Fault(postgres.port, pieces, delay) if leg == "server" else None
    port = fault.port if fault else postgres.port
    sidecar = start_sidecar(f"postgresql://127.0.0.1:{port}")
    if leg == "client":
        fault = Fault(sidecar.port, pieces, delay)
    with recording(sidecar) as books:
        for _ in range(3):
            with Client(fault.port if leg == "client" else sidecar.port) as client:
                client.login().ask(MIXED.request, MIXED.ready)
    check(MIXED, books(), 3)
    fault.close()


@pytest.mark.slow
@pytest.mark.deadline(120)
@pytest.mark.parametrize("leg", ["client", "server"])
def test_a_reset_anywhere(postgres, start_sidecar, leg):
    """At random bytes of what the server says. Nothing hangs, nothing leaks, the sums stay sums."""
    chooser = random.Random(11)
    sidecar = start_sidecar(postgres.uri()) if leg == "client" else None
    with contextlib.ExitStack() as stack:
        faults = []
        if leg == "server":
            fault = Fault(postgres.port)
            stack.callback(fault.close)
            faults.append(fault)
            sidecar = start_sidecar(f"postgresql://127.0.0.1:{fault.port}")
        else:
            fault = Fault(sidecar.port)
            stack.callback(fault.close)
        before = sidecar.fds()
        with recording(sidecar) as books:
            for _ in range(120):
                fault.cut = chooser.randrange(330, 900)  # behind the login
                with Client(fault.port if leg == "client" else sidecar.port) as client:
                    with contextlib.suppress(ConnectionError, StopIteration):
                        client.login()
                        client.ask(MIXED.request, MIXED.ready)
            fault.cut = None
            with Client(fault.port if leg == "client" else sidecar.port) as client:
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
    fault = Fault(postgres.port)
    sidecar = start_sidecar(f"postgresql://127.0.0.1:{fault.port}")
    client = Client(sidecar.port).login()
    fault.hole = 0
    client.send(query("SELECT 1"))
    time.sleep(0.5)
    assert sidecar.probe("/healthz") == 200
    page = sidecar.metrics()
    assert page.sum("pgsidecar_queries_in_flight") == 1
    assert page.sum("pgsidecar_oldest_running_query_start_timestamp_seconds") > 0
    client.close()
    assert eventually(lambda: sidecar.metrics().sum("pgsidecar_queries_abandoned_total") == 1)
    fault.hole = None
    with Client(sidecar.port) as client:
        assert kinds(client.login().ask(query("SELECT 1"))) == "TDCZ"
    assert eventually(lambda: sidecar.metrics().sum("pgsidecar_client_connections") == 0)
    fault.close()


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
    sidecar = start_sidecar(f"postgresql://127.0.0.1:{inner.port}")
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
