"""Drain, reload and a restart of PostgreSQL while clients work: nothing is lost, nothing is doubled
(rows 38 and 39 of the trap checklist in wire.md)."""

import re
import shutil
import signal
import subprocess
import threading
import time

import psycopg
import pytest

import tls_kit
from harness import Cluster, eventually, postgres_bin
from protocol import Client, kinds, query

CLIENTS = 32
THREADS = [1, 4]
TABLE = "DROP TABLE IF EXISTS ledger; CREATE TABLE ledger (client int, at timestamptz)"


class Bench:
    """pgbench in the background with one INSERT per transaction."""

    def __init__(self, port, tmp_path, sslmode="disable", seconds=120):
        script = tmp_path / "ledger.sql"
        script.write_text("INSERT INTO ledger VALUES (:client_id, clock_timestamp());\n")
        self.process = subprocess.Popen(
            [postgres_bin("pgbench"), "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "-n",
             "-c", str(CLIENTS), "-j", "2", "-T", str(seconds), "-f", str(script),
             f"dbname=postgres sslmode={sslmode} channel_binding=disable"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def finish(self, timeout=60):
        out, err = self.process.communicate(timeout=timeout)
        counted = re.search(r"actually processed: (\d+)", out)
        return (int(counted[1]) if counted else None), out + err


class Scraper(threading.Thread):
    """Keeps the last page and when it came, until there is none any more."""

    def __init__(self, sidecar):
        super().__init__(daemon=True)
        self.sidecar, self.pages, self.problems = sidecar, [], []
        self.start()

    def run(self):
        while not self.sidecar.exited():
            try:
                self.pages.append((time.monotonic(), self.sidecar.metrics()))
            except OSError:
                return
            except (AssertionError, ValueError) as problem:
                self.problems.append(problem)
            time.sleep(0.1)


def inserts(page):
    return page.sum("pgsidecar_query_successes_total", command="INSERT")


@pytest.mark.slow
@pytest.mark.deadline(120)
@pytest.mark.parametrize("threads", THREADS)
def test_a_drain_under_load(postgres, start_sidecar, tmp_path, threads):
    """PostgreSQL's rows, the client's count and ours agree up to what was running at the end."""
    postgres.sql(TABLE)
    sidecar = start_sidecar(postgres.uri(), "--set", f"wire.threads={threads}", environment={
        "PGSIDECAR_DRAIN_ACCEPT_FOR": "1s", "PGSIDECAR_DRAIN_TIMEOUT": "3s"})
    bench = Bench(sidecar.port, tmp_path)
    scraper = Scraper(sidecar)
    assert eventually(lambda: postgres.sql("SELECT count(*) FROM ledger")[0][0] > 2000, timeout=20)
    started = time.monotonic()
    sidecar.process.send_signal(signal.SIGTERM)
    assert sidecar.process.wait(20) == 0
    ended = time.monotonic()
    assert 2.5 < ended - started < 12
    processed, said = bench.finish()
    scraper.join(10)
    assert scraper.problems == []
    assert ended - scraper.pages[-1][0] < 1
    assert "pgsidecar: shutting down, the connection is closed" in said
    rows = postgres.sql("SELECT count(*) FROM ledger")[0][0]
    assert processed is not None, said
    assert processed <= rows <= processed + CLIENTS, (processed, rows)
    assert inserts(scraper.pages[-1][1]) <= rows
    idle = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'INSERT INTO ledger%'"
    assert eventually(lambda: postgres.sql(idle)[0][0] == 0)


@pytest.mark.slow
@pytest.mark.deadline(120)
@pytest.mark.parametrize("threads", THREADS)
def test_a_drain_that_clients_use(postgres, start_sidecar, tmp_path, threads):
    """Clients that end in time lose nothing, and the books are exact."""
    postgres.sql(TABLE)
    sidecar = start_sidecar(postgres.uri(), "--set", f"wire.threads={threads}", environment={
        "PGSIDECAR_DRAIN_ACCEPT_FOR": "1s", "PGSIDECAR_DRAIN_TIMEOUT": "60s"})
    with Client(sidecar.port) as last:  # keeps the process until the books were read
        last.login()
        bench = Bench(sidecar.port, tmp_path, seconds=5)
        assert eventually(lambda: postgres.sql("SELECT count(*) FROM ledger")[0][0] > 200, timeout=20)
        sidecar.process.send_signal(signal.SIGTERM)
        processed, said = bench.finish()
        assert "aborted" not in said, said
        rows = postgres.sql("SELECT count(*) FROM ledger")[0][0]
        assert processed == rows
        assert inserts(sidecar.settled()) == rows
        assert kinds(last.ask(query("SELECT 1"))) == "TDCZ"
    assert sidecar.process.wait(20) == 0


@pytest.mark.slow
@pytest.mark.deadline(120)
@pytest.mark.parametrize("threads", THREADS)
def test_20_reloads_under_load(kit, postgres, start_sidecar, tmp_path, threads):
    postgres.sql(TABLE)
    mine = tls_kit.Certificate(str(tmp_path / "cert.pem"), str(tmp_path / "key.pem"), "")

    def install(certificate):
        shutil.copy(certificate.cert, mine.cert)
        shutil.copy(certificate.key, mine.key)

    def shown():
        with tls_kit.tls_client(sidecar.port) as client:
            return client.socket.getpeercert(True)

    install(kit.server)
    sidecar = start_sidecar(postgres.uri(), *tls_kit.client_leg(mine), "--set",
                            f"wire.threads={threads}")
    bench = Bench(sidecar.port, tmp_path, "require", seconds=14)
    shapes = set()
    for number in range(20):
        install((kit.other_server, kit.server)[number % 2])
        before = shown()
        sidecar.process.send_signal(signal.SIGHUP)
        assert eventually(lambda: shown() != before, timeout=5), number
        shapes.add(shown())
        with psycopg.connect(f"host=localhost port={sidecar.port} user=postgres dbname=postgres "
                             f"sslmode=require channel_binding=disable") as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    assert len(shapes) == 2
    processed, said = bench.finish()
    assert "aborted" not in said, said
    assert processed == postgres.sql("SELECT count(*) FROM ledger")[0][0]
    page = sidecar.settled()
    assert inserts(page) == processed
    assert page.sum("pgsidecar_config_last_reload_successful") == 1
    assert page.sum("pgsidecar_query_errors_total") == 0


@pytest.mark.slow
@pytest.mark.deadline(150)
@pytest.mark.parametrize("threads", THREADS)
def test_postgres_restarts_under_clients_that_come_back(start_sidecar, threads):
    cluster = Cluster()
    try:
        cluster.start()
        cluster.sql("CREATE TABLE log (client int, number int)")
        sidecar = start_sidecar(cluster.uri(), "--set", f"wire.threads={threads}")
        before = sidecar.fds()
        stop, written, states = threading.Event(), [], set()

        def work(number):
            count = 0
            while not stop.is_set():
                try:
                    with psycopg.connect(host="127.0.0.1", port=sidecar.port, user="postgres",
                                         dbname="postgres", sslmode="disable", autocommit=True,
                                         connect_timeout=5) as connection:
                        while not stop.is_set():
                            count += 1
                            connection.execute("INSERT INTO log VALUES (%s, %s)", (number, count))
                            written.append((number, count))
                except psycopg.Error as problem:
                    states.add(problem.sqlstate)
                    time.sleep(0.1)

        workers = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for worker in workers:
            worker.start()
        for how in (signal.SIGINT, signal.SIGQUIT):
            time.sleep(1)
            cluster.stop(how)
            time.sleep(0.5)
            cluster.start()
            count = len(written)
            assert eventually(lambda: len(written) > count + 100, timeout=20)
        stop.set()
        for worker in workers:
            worker.join(20)
        assert states <= {None, "57P01", "57P02", "57P03", "08001", "08006"}, states
        rows = cluster.sql("SELECT client, number FROM log")
        assert len(rows) == len(set(rows))
        assert set(written) <= set(rows)
        assert eventually(lambda: sidecar.fds() <= before, timeout=15)
        page = sidecar.settled()
        assert page.sum("pgsidecar_client_connections") == 0
        assert page.sum("pgsidecar_upstream_up") == 1
        assert len(written) <= inserts(page) <= len(rows)
    finally:
        cluster.destroy()
