"""Servers and clients that die at the wrong moment, and limits that are reached."""

import contextlib
import os
import signal
import socket
import struct
import subprocess
import threading
import time

import pytest

from books import recording
from harness import SANITIZED, Cluster, eventually, free_port
from protocol import (SYNC, TERMINATE, Client, cancel_request, errors, extended, kinds, query,
                      sqlstates, startup)

STARTUP = startup(user="postgres", database="postgres")


@pytest.fixture
def cluster():
    """A server of its own, because these tests kill it."""
    server = Cluster()
    try:
        yield server.start()
    finally:
        server.destroy()


@contextlib.contextmanager
def untouched(sidecar):
    """Another session works before and after, descriptors return, nothing is in flight."""
    with Client(sidecar.port) as other:
        other.login()
        before = sidecar.fds()
        yield
        assert kinds(other.ask(query("SELECT 1"))) == "TDCZ"
        assert eventually(lambda: sidecar.fds() <= before), (sidecar.fds(), before)
    assert sidecar.alive()
    assert eventually(lambda: sidecar.metrics().sum("pgsidecar_queries_in_flight") == 0)


def reset(client):
    """Closes so that the other side gets a reset."""
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def test_upstream_down_at_start(start_sidecar):
    port = free_port()
    sidecar = start_sidecar(f"postgresql://127.0.0.1:{port}", ready=False)
    assert sidecar.probe("/startup") == 200
    assert sidecar.probe("/healthz") == 200
    assert sidecar.probe("/readyz") == 503
    for _ in range(3):
        with Client(sidecar.port) as client:
            started = time.monotonic()
            (found,) = errors(client.send(STARTUP).rest())
            assert time.monotonic() - started < 1
        assert (found["S"], found["C"]) == ("FATAL", "08001")
        assert found["M"] == ("pgsidecar: cannot connect to PostgreSQL at "
                              f"127.0.0.1:{port}: connection refused")
    page = eventually(lambda: failed_page(sidecar))
    assert page.sum("pgsidecar_upstream_up") == 0
    assert page.select("pgsidecar_upstream_up")[0][0] == {"upstream": f"127.0.0.1:{port}"}


def failed_page(sidecar):
    page = sidecar.metrics()
    return page if page.sum("pgsidecar_upstream_connect_errors_total") else None


def test_a_name_that_does_not_resolve(start_sidecar):
    sidecar = start_sidecar("postgresql://no-such-host.invalid:5432", ready=False)
    with Client(sidecar.port, timeout=20) as client:
        (found,) = errors(client.send(STARTUP).rest())
    assert found["C"] == "08001"
    assert "no-such-host.invalid:5432" in found["M"]


def test_upstream_that_appears_late(start_sidecar, postgres):
    sidecar = start_sidecar(postgres.uri(), ready=True)
    with Client(sidecar.port) as client:
        assert client.login().greeting.endswith(b"Z\0\0\0\x05I")
    assert eventually(lambda: sidecar.metrics().sum("pgsidecar_upstream_up") == 1)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGQUIT])
def test_postgres_killed_mid_result(start_sidecar, cluster, how):
    sidecar = start_sidecar(cluster.uri())
    with recording(sidecar) as books, Client(sidecar.port) as client, Client(sidecar.port) as idle:
        client.login()
        idle.login()
        client.send(query("SELECT repeat('x', 1000), pg_sleep(0.001) FROM generate_series(1, 100000)"))
        client.socket.recv(1000)
        os.kill(cluster.process.pid, how)
        client.rest()
        idle.rest()
    assert sum(books().errors.values()) == 1
    assert books().classes == {"connection": 1}
    assert books().successes == {}
    assert eventually(lambda: sidecar.metrics().sum("pgsidecar_client_connections") == 0)
    assert eventually(lambda: sidecar.metrics().sum("pgsidecar_upstream_up") == 0, timeout=15)
    cluster.stop(signal.SIGKILL)
    eventually(lambda: not os.path.exists(f"{cluster.data}/postmaster.pid") or remove_pid(cluster))
    cluster.start()
    with Client(sidecar.port) as client:
        time.sleep(1.1)  # a refusal is remembered for a second
        assert kinds(client.login().ask(query("SELECT 1"))) == "TDCZ"


def remove_pid(cluster):
    os.unlink(f"{cluster.data}/postmaster.pid")
    return True


def test_restart_of_postgres_under_idle_sessions(start_sidecar, cluster):
    sidecar = start_sidecar(cluster.uri())
    with recording(sidecar) as books, Client(sidecar.port) as client:
        client.login()
        cluster.stop()
        answer = client.rest()
        assert sqlstates(answer) == ["57P01"]
    assert books().statements == 0
    assert books().page.by("sqlstate", "pgsidecar_client_idle_errors_total") == {"57P01": 1}


def test_terminated_mid_statement(postgres, sidecar):
    with recording(sidecar) as books, Client(sidecar.port) as client:
        client.login().send(query("SELECT pg_sleep(30) /* terminate */") + query("SELECT 2"))
        terminate = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity " \
                    "WHERE query LIKE '%/* terminate */%' AND pid <> pg_backend_pid()"
        assert eventually(lambda: postgres.sql(terminate)[0][0])
        assert sqlstates(client.rest()) == ["57P01"]
    assert books().errors == {"57P01": 1}
    assert books().aborted == 1


@pytest.mark.parametrize("leave", [reset, Client.close], ids=["reset", "close"])
@pytest.mark.parametrize("request_bytes", [
    query("SELECT pg_sleep(60) /* left */"), extended("SELECT pg_sleep(60) /* left */") + SYNC,
    query("SELECT count(*) FROM generate_series(1, 10000000000) /* left */")])
def test_client_gone_mid_query(postgres, sidecar, leave, request_bytes):
    running = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%/* left */%' " \
              "AND state = 'active' AND pid <> pg_backend_pid()"
    with recording(sidecar) as books, untouched(sidecar):
        client = Client(sidecar.port).login()
        client.send(request_bytes)
        assert eventually(lambda: postgres.sql(running)[0][0] == 1)
        leave(client)
        assert eventually(lambda: postgres.sql(running)[0][0] == 0, timeout=8)
    assert books().abandoned == 1
    assert books().errors == {}
    assert books().page.sum("pgsidecar_cancel_requests_total") == 0


def test_client_gone_mid_copy(postgres, sidecar):
    postgres.sql("CREATE TABLE IF NOT EXISTS faults (v text)")
    running = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%/* mid copy */' " \
              "AND pid <> pg_backend_pid()"
    with untouched(sidecar):
        for request in ("COPY faults FROM STDIN /* mid copy */",
                        "COPY (SELECT repeat('x', 1000) FROM generate_series(1, 1000000)) "
                        "TO STDOUT /* mid copy */"):
            client = Client(sidecar.port).login()
            client.send(query(request))
            client.socket.recv(100)
            reset(client)
            assert eventually(lambda: postgres.sql(running)[0][0] == 0, timeout=8)
    assert postgres.sql("SELECT count(*) FROM faults")[0][0] == 0


def test_client_gone_without_and_with_terminate(sidecar):
    with untouched(sidecar):
        for _ in range(50):
            Client(sidecar.port).login().close()
            Client(sidecar.port).login().send(TERMINATE).close()
            Client(sidecar.port).close()
    assert eventually(lambda: sidecar.metrics().sum("pgsidecar_client_connections") == 0)


BEYOND = 500  # Clients at once, beyond the limit.


def test_too_many_clients(start_sidecar, postgres):
    sidecar = start_sidecar(postgres.uri(), environment={"PGSIDECAR_WIRE_MAX_CLIENTS": "20"})
    with untouched(sidecar):
        accepted = [Client(sidecar.port).login() for _ in range(19)]
        before = sidecar.rss()
        crowd = [Client(sidecar.port) for _ in range(BEYOND)]
        for client in crowd:
            with contextlib.suppress(OSError):  # Closed at accept: too many have not said a word.
                client.send(STARTUP)
        told = 0
        for client in crowd:
            with contextlib.suppress(OSError):
                answer = client.until_ready()
                assert sqlstates(answer) in (["53300"], [])
                assert "Z" not in kinds(answer)
                told += answer.startswith(b"E") and errors(answer)[0]["M"].startswith("pgsidecar: ")
            client.close()
        assert told >= 100
        assert sidecar.rss() - before < 4 << 20
        assert all(kinds(client.ask(query("SELECT 1"))) == "TDCZ" for client in accepted)
        canceled = accepted[0]
        canceled.send(query("SELECT pg_sleep(30)"))
        time.sleep(0.2)
        with Client(sidecar.port) as canceler:  # cancels are exempt from the limit
            canceler.send(cancel_request(canceled.key())).rest()
        assert sqlstates(canceled.until_ready()) == ["57014"]
        for client in accepted:
            client.close()
    page = sidecar.settled()
    assert page.sum("pgsidecar_client_connections_rejected_total", reason="limit") == BEYOND
    with Client(sidecar.port) as client:
        client.login()


@pytest.mark.slow
@pytest.mark.deadline(90)
@pytest.mark.skipif(SANITIZED, reason="a sanitizer needs descriptors of its own to check memory")
def test_no_descriptors_left(start_sidecar, postgres):
    sidecar = start_sidecar(postgres.uri(), environment={"PGSIDECAR_WIRE_MAX_CLIENTS": "200"})
    with untouched(sidecar):
        limit = sidecar.fds() + 20
        subprocess.run(["prlimit", f"--pid={sidecar.pid}", f"--nofile={limit}:20000"], check=True)
        clients = []
        for _ in range(60):
            with contextlib.suppress(OSError):
                client = Client(sidecar.port, timeout=3)
                clients.append(client)
                client.send(STARTUP)
        served = 0
        for client in clients:
            with contextlib.suppress(OSError):
                served += client.until_ready().endswith(b"Z\0\0\0\x05I")
        assert 0 < served < 60
        for client in clients:
            client.close()
        subprocess.run(["prlimit", f"--pid={sidecar.pid}", "--nofile=20000:20000"], check=True)

        def served_again():
            with Client(sidecar.port, timeout=3) as client:
                return client.login().greeting.endswith(b"I")
        assert eventually(served_again)
    rejected = sidecar.settled().by("reason", "pgsidecar_client_connections_rejected_total")
    assert rejected.get("file_descriptors", 0) > 0


def test_frozen_postgres(start_sidecar, cluster):
    """SIGSTOP: sessions wait, nothing else does."""
    sidecar = start_sidecar(cluster.uri())
    with Client(sidecar.port, timeout=20) as client:
        client.login()
        backend = int.from_bytes(client.key()[:4], "big")
        os.kill(backend, signal.SIGSTOP)
        try:
            client.send(query("SELECT 1"))
            started = time.monotonic()
            assert sidecar.probe("/healthz") == 200
            with Client(sidecar.port) as other:
                assert kinds(other.login().ask(query("SELECT 1"))) == "TDCZ"
            assert time.monotonic() - started < 2
            time.sleep(1)
        finally:
            os.kill(backend, signal.SIGCONT)
        assert kinds(client.until_ready()) == "TDCZ"


def test_connection_storm(sidecar):
    """Sessions that come and go from many threads leave nothing behind."""
    failures = []

    def work():
        try:
            for _ in range(15):
                with Client(sidecar.port) as client:
                    if kinds(client.login().ask(query("SELECT 1"))) != "TDCZ":
                        failures.append("answer")
        except OSError as problem:
            failures.append(problem)

    with recording(sidecar) as books, untouched(sidecar):
        threads = [threading.Thread(target=work) for _ in range(32)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failures == []
    assert books().successes == {"SELECT": 32 * 15 + 1}
