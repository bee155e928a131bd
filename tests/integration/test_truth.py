"""64 clients with pipelines count for themselves; the books agree to the last statement."""

import collections
import random
import threading

import pytest

from actions import ACTIONS, batch
from books import recording
from harness import eventually
from protocol import SYNC, Client, FakeServer, GREETING, extended, query, select_one

CLIENTS = 64
ROUNDS = 40


def work(port, seed, totals, failures):
    chooser = random.Random(seed)
    counted = collections.Counter()
    try:
        with Client(port, timeout=50) as client:
            client.login()
            for number in range(ROUNDS):
                chosen = [ACTIONS[chooser.randrange(len(ACTIONS))] for _ in range(4)]
                requests, ready = batch(chosen, number, counted)
                client.ask(requests, ready)
    except (OSError, AssertionError) as problem:
        failures.append(problem)
    totals.append(counted)


@pytest.mark.slow
@pytest.mark.deadline(120)
def test_what_64_clients_counted(postgres, sidecar):
    postgres.sql("CREATE TABLE IF NOT EXISTS truth (id int)")
    totals, failures = [], []
    with recording(sidecar) as books:
        threads = [threading.Thread(target=work, args=(sidecar.port, seed, totals, failures))
                   for seed in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failures == []
    expected = sum(totals, collections.Counter())
    found = books()
    said = {**found.successes, **found.errors, **found.copies, "rows": found.rows,
            "affected": found.affected, "aborted": found.aborted, "blocks": found.blocks,
            "rollbacks": found.rollbacks}
    assert said == dict(expected)
    assert (found.abandoned, found.opaque) == (0, {})


@pytest.mark.parametrize("request_bytes,ready,blocks,rollbacks", [
    (query("BEGIN") + query("COMMIT"), 2, 1, 0),
    (query("BEGIN") + query("ROLLBACK"), 2, 1, 1),
    (query("BEGIN") + query("SELECT 1 / 0") + query("COMMIT"), 3, 1, 1),
    (query("BEGIN") + query("SAVEPOINT a") + query("ROLLBACK TO a") + query("COMMIT"), 4, 1, 0),
    (query("BEGIN") + query("SAVEPOINT a") + query("SELECT 1 / 0") + query("ROLLBACK TO a")
     + query("COMMIT"), 5, 1, 0),
    (query("BEGIN") + query("COMMIT AND CHAIN") + query("ROLLBACK AND CHAIN") + query("COMMIT"),
     4, 3, 1),
    (query("BEGIN; SELECT 1; COMMIT"), 1, 0, 0),
    (query("BEGIN; SELECT 1") + query("END"), 2, 1, 0),
    (query("START TRANSACTION READ ONLY") + query("ABORT"), 2, 1, 1),
    (query("BEGIN") + query("PREPARE TRANSACTION 'truth'") + query("ROLLBACK PREPARED 'truth'"),
     3, 1, 0),
    (extended("BEGIN") + SYNC + extended("COMMIT") + SYNC, 2, 1, 0),
    (query("BEGIN"), 1, 1, 1)],
    ids=["commit", "rollback", "commit of a failed one", "rollback to", "rollback to after error",
         "and chain", "one group", "begin in a text", "abort", "two phase", "extended", "left open"])
def test_transaction_blocks(sidecar, request_bytes, ready, blocks, rollbacks):
    with recording(sidecar) as books, Client(sidecar.port) as client:
        client.login().ask(request_bytes, ready)
    assert (books().blocks, books().rollbacks) == (blocks, rollbacks)


def test_notifications_and_notices_beside_statements(sidecar):
    with recording(sidecar) as books, Client(sidecar.port) as listener:
        listener.login().ask(query("LISTEN truth"))
        with Client(sidecar.port) as sender:
            sender.login()
            for number in range(200):
                sender.send(query(f"NOTIFY truth, '{number}'") + query(
                    "DO $$ BEGIN RAISE NOTICE 'x'; RAISE WARNING 'y'; END $$"))
                listener.ask(query("SELECT 1") + extended("SELECT 2") + SYNC, 2)
            sender.until_ready(400)
        listener.ask(query("SELECT 'the rest arrives before this'"))
    assert books().successes == {"SELECT": 401, "UTILITY": 401}
    page = books().page
    assert page.sum("pgsidecar_notifications_total") == 200
    levels = page.by("level", "pgsidecar_notices_total")
    assert sorted(levels.values()) == [200, 200], levels


SHAPES = 100_000
PACED = 10_000  # More than the 8,192 cells of a loop.
BATCH = 500     # Fits into the worker's queue of 1,024.
END = b";--\0"  # how the made-up server knows where a query ends


def ask_shapes(client, start):
    client.ask(b"".join(query(f"SELECT * FROM t{n} JOIN u{n % 7} USING (a{n});--")
                        for n in range(start, start + BATCH)), BATCH)


def wait_for_the_worker(sidecar, shapes):
    """Until the texts that were sent so far are identified; none may have been put off."""
    def parsed():
        return sidecar.metrics().sum("pgsidecar_statement_parses_total") == shapes
    assert eventually(parsed, timeout=60), "texts were put off, or the worker stopped"


@pytest.mark.slow
@pytest.mark.deadline(180)
def test_100000_shapes_of_statements(start_sidecar):
    """Series stay below the cap, memory is flat, and the sums are exact all the same."""
    def script(client, _first):
        client.send(GREETING)
        pending = b""
        while piece := client.socket.recv(1 << 20):
            pending += piece
            whole = pending.count(END)
            pending = pending[pending.rfind(END) + len(END):] if whole else pending
            client.send(select_one() * whole)

    with FakeServer(script) as server:
        sidecar = start_sidecar(server.uri)
        with recording(sidecar) as books, Client(sidecar.port) as client:
            client.login()
            # At the worker's pace until every cell has its statement: what is held then, with all
            # places taken, is what a flood must not add to.
            for start in range(0, PACED, BATCH):
                ask_shapes(client, start)
                wait_for_the_worker(sidecar, start + BATCH)
            early = sidecar.rss()
            for start in range(PACED, SHAPES, BATCH):
                ask_shapes(client, start)
            grown = sidecar.rss() - early
        assert books().successes == {"SELECT": SHAPES}
        assert grown < 8 << 20
        page = sidecar.metrics()
        tracked = page.sum("pgsidecar_statements_tracked")
        series = page.select("pgsidecar_statement_duration_seconds_count")
        assert tracked <= page.sum("pgsidecar_statements_limit") == 200
        assert 100 < len(series) <= 201 + 10
        assert page.sum("pgsidecar_statement_overflow_total") >= SHAPES - 200
        assert len(page.samples) <= page.sum("pgsidecar_series_limit")
