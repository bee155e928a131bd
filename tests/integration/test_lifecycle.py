"""Start, drain and stop: wire.md, "Lifecycle"."""

import signal
import threading
import time

import pytest

from harness import eventually
from protocol import Client, cancel_request, kinds, query, sqlstates, startup

STARTUP = startup(user="postgres", database="postgres")
FAST = {"PGSIDECAR_DRAIN_ACCEPT_FOR": "1s", "PGSIDECAR_DRAIN_TIMEOUT": "3s"}


@pytest.fixture
def draining(postgres, start_sidecar):
    return start_sidecar(postgres.uri(), environment=FAST)


def terminate(sidecar, how=signal.SIGTERM):
    sidecar.process.send_signal(how)
    assert eventually(lambda: sidecar.probe("/readyz") == 503, timeout=2)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_idle_process_ends_with_0(draining, how):
    started = time.monotonic()
    terminate(draining, how)
    assert draining.probe("/healthz") == 200
    assert draining.metrics().sum("pgsidecar_draining") == 1
    assert draining.process.wait(10) == 0
    assert time.monotonic() - started < 3


def test_sessions_of_the_first_moments_are_served(draining):
    terminate(draining)
    with Client(draining.port) as client:
        assert kinds(client.login().ask(query("SELECT 1"))) == "TDCZ"
        assert eventually(lambda: refused(draining), timeout=3)
        assert kinds(client.ask(query("SELECT 1"))) == "TDCZ"
    assert draining.process.wait(10) == 0


def refused(sidecar):
    with Client(sidecar.port) as client:
        return sqlstates(client.send(STARTUP).until_ready()) == ["57P03"]


def test_idle_busy_and_open_sessions_at_the_timeout(draining):
    sessions = {name: Client(draining.port).login() for name in ("idle", "open", "busy", "copy")}
    sessions["open"].ask(query("BEGIN"))
    sessions["busy"].send(query("SELECT pg_sleep(30)"))
    sessions["copy"].send(query("COPY (SELECT generate_series(1, 10000000)) TO STDOUT"))
    started = time.monotonic()
    terminate(draining)
    answers = {name: client.rest() for name, client in sessions.items() if name != "copy"}
    assert 2.5 < time.monotonic() - started < 8
    assert sqlstates(answers["idle"]) == ["57P01"]
    assert sqlstates(answers["open"]) == ["57P01"]
    assert sqlstates(answers["busy"]) == ["57014", "57P01"]
    sessions["copy"].rest()
    assert draining.process.wait(10) == 0


def test_cancel_works_while_draining(draining):
    with Client(draining.port) as client:
        client.login().send(query("SELECT pg_sleep(30)"))
        terminate(draining)
        assert eventually(lambda: refused(draining), timeout=3)
        with Client(draining.port) as canceler:
            canceler.send(cancel_request(client.key())).rest()
        assert sqlstates(client.until_ready()) == ["57014"]


def test_a_second_signal_ends_it_now(postgres, start_sidecar):
    sidecar = start_sidecar(postgres.uri())
    with Client(sidecar.port) as client:
        client.login()
        terminate(sidecar)
        started = time.monotonic()
        sidecar.process.send_signal(signal.SIGTERM)
        assert sqlstates(client.rest()) == ["57P01"]
        assert sidecar.process.wait(10) == 0
        assert time.monotonic() - started < 5


def test_metrics_answer_until_the_end(draining):
    answers = []

    def scrape():
        while True:
            try:
                answers.append((time.monotonic(), draining.fetch("/metrics")[0]))
            except OSError:
                return
            time.sleep(0.05)

    with Client(draining.port) as client:
        client.login()
        thread = threading.Thread(target=scrape)
        thread.start()
        terminate(draining)
        draining.process.wait(10)
        ended = time.monotonic()
        thread.join()
    assert {status for _, status in answers} == {200}
    assert ended - answers[-1][0] < 1


def test_starts_and_is_ready_quickly(postgres, start_sidecar):
    started = time.monotonic()
    sidecar = start_sidecar(postgres.uri())
    assert time.monotonic() - started < 2
    assert sidecar.rss() < 64 << 20
