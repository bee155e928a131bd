"""The fault matrix where a leg is encrypted: the proxy sees bytes, so the places are numbers of bytes
spread over a whole session. The client must get all, an error, or the end; nothing may be left."""

import contextlib
import socket
import threading
import time

import pytest

import tls_kit
from books import recording
from boundaries import Place
from fault_proxy import Fault, FaultProxy
from harness import Sidecar, eventually
from protocol import COPY_DONE, SYNC, Client, copy_data, extended, kinds, query, split, sqlstates

REQUEST = (query("SELECT 1") + extended("SELECT 2") + SYNC + query("COPY matrix FROM STDIN")
           + copy_data(b"1\n") * 5 + COPY_DONE + query("COPY (SELECT generate_series(1, 50)) TO STDOUT"))
READY = 4
PLACES = 8
ACTIONS = ("reset", "fin", "hole", "stall")
SLOW = (Fault(slice=5), Fault(latency_up=0.01, latency_down=0.01), Fault(rate=30_000))
SILENCE = 6       # longer than any deadline of the sidecar here
PATIENCE = 30     # where something must come


class Legs:
    """A sidecar with TLS on the legs of that name, and a proxy on one of them."""

    def __init__(self, kit, tls_postgres, legs, leg):
        self.client_tls, upstream_tls = (word == "tls" for word in legs.split("/"))
        self.stack = contextlib.ExitStack()
        mode = "require" if upstream_tls else "disable"
        port = tls_postgres.port
        if leg == "server":
            self.proxy = self.stack.enter_context(FaultProxy(port))
            port = self.proxy.port
        arguments = tls_kit.client_leg(kit.other_server) if self.client_tls else []
        self.sidecar = Sidecar(f"postgresql://127.0.0.1:{port}?sslmode={mode}"
                               "&connect_timeout=1", *arguments,
                               environment={"PGSIDECAR_WIRE_LOGIN_TIMEOUT": "4s",
                                            "PGSIDECAR_WIRE_WRITE_STALL_TIMEOUT": "1s"})
        self.stack.callback(self.sidecar.destroy)
        self.sidecar.start()
        self.port = self.sidecar.port
        if leg == "client":
            self.proxy = self.stack.enter_context(FaultProxy(self.port))
            self.port = self.proxy.port

    def session(self, patience=PATIENCE):
        """(how it ended, all the server said) of one login and REQUEST."""
        said, end, client = b"", "done", None
        try:
            if self.client_tls:
                client = tls_kit.tls_client(self.port)
            else:
                client = Client(self.port)
            client.socket.settimeout(patience)
            said = client.login().greeting
            if said.endswith(b"I"):
                said += client.ask(REQUEST, READY)
            if kinds(said).count("Z") < READY + 1:
                end = "closed"
        except TimeoutError:
            end = "silence"
        except (OSError, AssertionError):
            end = "closed"
        finally:
            if client:
                client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                client.close()
        return end, said


@pytest.mark.slow
@pytest.mark.deadline(150)
@pytest.mark.parametrize("legs,leg", [
    ("plain/tls", "server"), ("tls/plain", "client"), ("tls/tls", "server"), ("tls/tls", "client"),
    ("plain/tls", "client"), ("tls/plain", "server")])
def test_faults_at_bytes(kit, tls_postgres, legs, leg):
    tls_postgres.sql("CREATE TABLE IF NOT EXISTS matrix (id int)")
    made = Legs(kit, tls_postgres, legs, leg)
    with made.stack:
        proxy, sidecar = made.proxy, made.sidecar
        whole = made.session()
        assert whole[0] == "done"
        eventually(lambda: sidecar.metrics().sum("pgsidecar_client_connections") == 0)
        time.sleep(0.3)
        before = sidecar.fds()
        with recording(sidecar) as books:
            for fault in SLOW:
                proxy.fault = fault
                assert kinds(made.session()[1]) == kinds(whole[1])
            outcomes = {}
            take_all(made, outcomes)
            proxy.drop()
            proxy.fault = Fault()
            assert eventually(lambda: kinds(made.session()[1]) == kinds(whole[1]))
            assert eventually(lambda: sidecar.fds() <= before, timeout=20), (sidecar.fds(), before)
        assert sidecar.alive()
        page = sidecar.settled()
        for gauge in ("client_connections", "client_handshakes_in_progress",
                      "relay_buffered_bytes", "upstream_connections"):
            assert page.sum(f"pgsidecar_{gauge}") == 0, gauge
        assert books().opaque == {}
    for (action, place), (end, said) in outcomes.items():
        assert set(sqlstates(said)) <= {"08001", "08006", "57014"}, (action, place, said)
        assert end != "silence" or action in ("hole", "stall"), (action, place)
        if end == "done":
            assert kinds(said) == kinds(whole[1])
        if action in ("reset", "fin") and leg == "client":
            assert sqlstates(said) == []
        assert len(split(said)[0]) <= len(split(whole[1])[0]) + 1


def take_all(made, outcomes):
    """Every action at every place. The fault belongs to the connection that is accepted next, so
    each session starts alone and then goes on beside the others."""
    threads = []
    for action in ACTIONS:
        for way, size in (("up", 2000), ("down", 4500)):
            for number in range(PLACES):
                place = Place(way, byte=size * number // PLACES)
                threads.append(start(made, action, place, outcomes))
    end = time.monotonic() + 60
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    assert len(outcomes) == len(ACTIONS) * 2 * PLACES


def start(made, action, place, outcomes):
    """The thread of a session that has reached the proxy. For a second after a failed handshake
    with the only server, sessions fail without being tried: these are started again."""
    made.proxy.fault = Fault(action, place)
    accepted = made.proxy.accepted

    def take():
        outcomes[action, place] = made.session(SILENCE if action in ("hole", "stall")
                                               else PATIENCE)

    while True:
        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        while thread.is_alive() and made.proxy.accepted == accepted:
            time.sleep(0.002)
        if made.proxy.accepted > accepted:
            return thread
        time.sleep(0.1)
