"""Where time goes: to the statement that cost it, and never the client's own."""

import json
import threading
import time

import pytest

from books import recording
from harness import eventually
from protocol import (FLUSH, SYNC, Client, bind, describe, execute, extended, kinds, parse, query,
                      sqlstates)


@pytest.fixture
def client(sidecar):
    with Client(sidecar.port) as session:
        yield session.login(application_name="timing")


def slow_lines(sidecar, event):
    found = []
    for line in sidecar.log().splitlines():
        if line.startswith("{"):
            entry = json.loads(line)
            if entry.get("event") == event:
                found.append(entry)
    return found


def test_a_statement_takes_as_long_as_the_server(sidecar, client):
    with recording(sidecar) as books:
        client.ask(query("SELECT pg_sleep(0.3)"))
    assert 0.3 <= books().seconds["SELECT"] < 0.45


def test_pipelined_statements_share_the_busy_time_and_no_more(sidecar, client):
    with recording(sidecar) as books:
        started = time.monotonic()
        client.ask(extended("SELECT pg_sleep(0.01)") * 30 + SYNC)
        elapsed = time.monotonic() - started
    assert books().statements == 30
    assert 0.3 <= books().seconds["SELECT"] <= elapsed


def test_each_statement_of_a_pipeline_of_many_groups_is_timed_alone(sidecar, client):
    with recording(sidecar) as books:
        client.ask((extended("SELECT pg_sleep(0.03)") + SYNC) * 10
                   + (extended("SELECT pg_sleep(0.3)") + SYNC), 11)
    page = books().page
    assert page.sum("pgsidecar_query_duration_seconds_bucket", le="0.1") == 10
    assert page.sum("pgsidecar_query_duration_seconds_bucket", le="0.5") == 11
    assert page.sum("pgsidecar_query_duration_seconds_bucket", le="0.025") == 0


@pytest.mark.parametrize("request_bytes", [
    query("BEGIN; SELECT pg_sleep(1.2)"), extended("BEGIN") + extended("SELECT pg_sleep(1.2)") + SYNC])
def test_time_is_not_on_begin(sidecar, client, request_bytes):
    with recording(sidecar) as books:
        client.ask(request_bytes)
    assert 1.2 <= books().seconds["SELECT"] < 1.35
    assert books().seconds.get("TRANSACTION", 0) < 0.05
    assert books().slow == 1
    line = eventually(lambda: slow_lines(sidecar, "slow"))[-1]
    assert 1.2 <= line["duration_s"] < 1.35
    assert (line["datname"], line["user"], line["application_name"]) == \
        ("postgres", "postgres", "timing")
    assert "pg_sleep" in line["query"] and "1.2" not in line["query"]
    client.ask(query("ROLLBACK"))


def test_slow_together_but_not_alone(sidecar, client):
    with recording(sidecar) as books:
        client.ask(query("SELECT 1; SELECT pg_sleep(1.2)"))
    assert books().slow == 0
    assert books().slow_groups == 1
    assert 1.2 <= books().seconds["SELECT"] < 1.35
    line = eventually(lambda: slow_lines(sidecar, "slow_group"))[-1]
    assert line["shared"] == 2


def test_the_wait_after_a_flush_is_the_clients(sidecar, client):
    with recording(sidecar) as books:
        client.send(parse("SELECT pg_sleep(0.1)") + describe("S") + FLUSH)
        client.until(lambda data: kinds(data) == "1tT")
        time.sleep(0.5)
        client.ask(bind() + execute() + SYNC)
    assert 0.1 <= books().seconds["SELECT"] < 0.25


def test_think_time_between_parts_of_a_portal_is_the_clients(sidecar, client):
    with recording(sidecar) as books:
        client.ask(query("BEGIN"))
        client.send(parse("SELECT pg_sleep(0.05) FROM generate_series(1, 4)") + bind())
        for _ in range(5):
            client.send(execute(rows=1) + FLUSH)
            client.until(lambda data: kinds(data)[-1:] in ("s", "C"))
            time.sleep(0.2)
        client.ask(SYNC)
        client.ask(query("COMMIT"))
    assert books().successes == {"TRANSACTION": 2, "SELECT": 1}
    assert books().rows == 4
    assert 0.2 <= books().seconds["SELECT"] < 0.4


def test_an_error_reaches_a_client_that_sends_no_sync(sidecar, client):
    with recording(sidecar) as books:
        client.send(parse("SELEC 1"))
        answer = client.until(lambda data: kinds(data) == "E")
        assert sqlstates(answer) == ["42601"]
        time.sleep(0.4)
        client.send(bind() + execute())  # of the failed unit; no statement of its own
        client.send(extended("SELECT 2"))  # skipped: the Sync is still to come
        assert kinds(client.ask(SYNC)) == "Z"
        client.ask(query("SELECT 1"))
    assert books().errors == {"42601": 1}
    assert books().successes == {"SELECT": 1}
    assert books().aborted == 1
    assert sum(books().seconds.values()) < 0.2


def test_idle_time_in_a_transaction_is_the_transactions(sidecar, client):
    with recording(sidecar) as books:
        client.ask(query("BEGIN"))
        page = eventually(lambda: idle_page(sidecar))
        assert page.sum("pgsidecar_oldest_transaction_start_timestamp_seconds") > time.time() - 5
        time.sleep(0.5)
        client.ask(query("COMMIT"))
    page = books().page
    assert books().blocks == 1
    assert 0.5 <= page.sum("pgsidecar_transaction_idle_seconds_total") < 2
    assert 0.5 <= page.sum("pgsidecar_transaction_duration_seconds_sum") < 2
    assert sum(books().seconds.values()) < 0.3


def idle_page(sidecar):
    page = sidecar.metrics()
    return page if page.sum("pgsidecar_client_connections", state="idle_in_transaction") else None


def test_a_running_slow_query_is_seen_before_it_ends(sidecar, client):
    with recording(sidecar) as books:
        client.send(query("SELECT pg_sleep(2.5)"))
        page = eventually(lambda: running_page(sidecar), timeout=2.4)
        assert page.sum("pgsidecar_running_slow_queries", datname="postgres") == 1
        assert page.sum("pgsidecar_queries_in_flight", datname="postgres") == 1
        started = page.sum("pgsidecar_oldest_running_query_start_timestamp_seconds",
                           datname="postgres")
        assert 0.5 < time.time() - started < 3
        assert page.sum("pgsidecar_client_connections", state="active") >= 1
        answer = json.loads(sidecar.fetch("/api/v1/slow-queries")[2])
        assert "pg_sleep" in json.dumps(answer)
        client.until_ready()
    assert books().slow == 1


def running_page(sidecar):
    page = sidecar.metrics()
    return page if page.sum("pgsidecar_running_slow_queries") else None


def test_a_client_that_does_not_read_is_seen_as_a_stall(sidecar, client):
    with recording(sidecar) as books:
        before = sidecar.rss()
        client.send(query("SELECT repeat('x', 1000) FROM generate_series(1, 60000)"))
        time.sleep(1.5)
        grown = sidecar.rss() - before
        client.until_ready()
    assert books().rows == 60000
    assert books().page.sum("pgsidecar_query_client_stall_seconds_total") > 1
    assert grown < 4 << 20


def test_a_slow_copy_is_not_a_slow_query(sidecar, client):
    with recording(sidecar) as books:
        client.send(query("COPY (SELECT repeat('x', 1000) FROM generate_series(1, 60000)) TO STDOUT"))
        time.sleep(1.5)
        client.until_ready()
    assert books().copies == {"out": 1}
    assert (books().slow, books().statements) == (0, 0)
    page = books().page
    assert page.sum("pgsidecar_copy_duration_seconds_sum", direction="out") > 1
    assert page.sum("pgsidecar_copy_out_bytes_total") == 60000 * 1001
    assert books().rows == 60000


@pytest.mark.slow
@pytest.mark.deadline(90)
def test_a_pipeline_of_a_client_that_does_not_read_yet(sidecar, client):
    """30 MB of requests whose answers wait: nobody waits for the other for ever."""
    count, text = 30000, "SELECT 1 /* " + "x" * 1000 + " */"
    with recording(sidecar) as books:
        before = sidecar.rss()
        sender = threading.Thread(target=client.send, args=(query(text) * count,))
        sender.start()
        sender.join(3)
        grown = sidecar.rss() - before
        answer = client.until_ready(count)
        sender.join()
    assert kinds(answer).count("Z") == count
    assert books().successes == {"SELECT": count}
    assert grown < 16 << 20
