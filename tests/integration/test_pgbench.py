"""The counts on /metrics equal what pgbench sent, by PostgreSQL's own log, exactly."""

import collections
import functools
import pathlib
import re
import subprocess

import pytest

from harness import eventually, postgres_bin

# the verb that PostgreSQL logged, and the label `command` it belongs to
COMMANDS = {"SELECT": "SELECT", "INSERT": "INSERT", "UPDATE": "UPDATE", "DELETE": "DELETE",
            "BEGIN": "TRANSACTION", "END": "TRANSACTION", "COMMIT": "TRANSACTION"}
LOGGED = re.compile(r"^(?P<name>[^|]*)\|\d+\|LOG:  (?:statement|execute [^:]*): (?P<verb>\w+)", re.M)


@pytest.fixture(scope="module")
def bench(postgres):
    postgres.sql("DROP DATABASE IF EXISTS bench")
    postgres.sql("CREATE DATABASE bench")
    pgbench(postgres.port, "-i", "-q")
    return postgres


def pgbench(port, *arguments, name="pgbench"):
    result = subprocess.run(
        [postgres_bin("pgbench"), "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "-n",
         *arguments, f"dbname=bench application_name={name}"], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert "number of failed transactions: 0" in result.stdout or "-i" in arguments, result.stdout
    return result.stdout


def logged(cluster, name):
    """What a client of this application_name ran, counted from the server's log."""
    text = pathlib.Path(cluster.log_path).read_text(errors="replace")
    return collections.Counter(COMMANDS[match["verb"].upper()] for match in LOGGED.finditer(text)
                               if match["name"] == name)


@functools.cache
def overhead(cluster, script, mode):
    """What pgbench runs beside its transactions: all of a run of one, less that one transaction."""
    name = "overhead" + "".join(script) + mode
    cluster.sql("ALTER DATABASE bench SET log_statement = 'all'")
    pgbench(cluster.port, *script, "-M", mode, "-t", "1", name=name)
    cluster.sql("ALTER DATABASE bench RESET log_statement")
    return logged(cluster, name) - TRANSACTION[script]


TRANSACTION = {
    ("-S",): collections.Counter(SELECT=1),
    ("-b", "tpcb-like"): collections.Counter(SELECT=1, UPDATE=3, INSERT=1, TRANSACTION=2),
    ("-N",): collections.Counter(SELECT=1, UPDATE=1, INSERT=1, TRANSACTION=2),
}
MATRIX = [(script, mode, clients) for script in TRANSACTION
          for mode in ("simple", "extended", "prepared") for clients in (1, 8, 64)]


@pytest.mark.parametrize("script,mode,clients", MATRIX,
                         ids=lambda value: "".join(value) if isinstance(value, tuple) else None)
def test_counts_are_exact(bench, sidecar, script, mode, clients):
    transactions = {1: 200, 8: 50, 64: 10}[clients]
    expected = overhead(bench, script, mode).copy()
    for command, count in TRANSACTION[script].items():
        expected[command] += count * clients * transactions
    before = sidecar.settled()
    pgbench(sidecar.port, *script, "-M", mode, "-c", str(clients), "-j", "2",
            "-t", str(transactions))

    def counts():
        counted = sidecar.metrics().since(before)
        return counted.by("command", "pgsidecar_query_duration_seconds_count", datname="bench")

    eventually(lambda: counts() == expected, timeout=5)
    assert counts() == expected
    counted = sidecar.settled().since(before)
    assert counted.by("command", "pgsidecar_query_successes_total") == expected
    assert counted.sum("pgsidecar_query_errors_total") == 0
    assert counted.sum("pgsidecar_statement_duration_seconds_count") == sum(expected.values())
    assert counted.sum("pgsidecar_queries_aborted_total") == 0
    assert counted.sum("pgsidecar_queries_abandoned_total") == 0
    assert counted.sum("pgsidecar_opaque_sessions_total") == 0
    if "-S" in script:
        assert counted.sum("pgsidecar_rows_returned_total") == expected["SELECT"]
    else:
        blocks = clients * transactions
        assert counted.sum("pgsidecar_rows_affected_total") == expected["UPDATE"] + blocks
        assert counted.sum("pgsidecar_transaction_duration_seconds_count") == blocks


def test_rollbacks_and_errors_of_conflicting_clients(bench, sidecar, tmp_path):
    """Serializable clients that fight for one row: pgbench's retries are our rollbacks."""
    script = tmp_path / "conflict.sql"
    script.write_text("BEGIN ISOLATION LEVEL SERIALIZABLE;\n"
                      "SELECT abalance FROM pgbench_accounts WHERE aid = 1;\n"
                      "UPDATE pgbench_accounts SET abalance = abalance + 1 WHERE aid = 1;\nEND;\n")
    before = sidecar.settled()
    report = pgbench(sidecar.port, "-c", "8", "-t", "30", "--max-tries=100", "-f", str(script))
    retries = int(re.search(r"total number of retries: (\d+)", report)[1])
    counted = sidecar.settled().since(before)
    assert retries > 0
    assert counted.by("sqlstate", "pgsidecar_query_sqlstate_errors_total") == {"40001": retries}
    assert counted.by("error_class", "pgsidecar_query_errors_total") == {"serialization": retries}
    assert counted.sum("pgsidecar_transaction_rollbacks_total") == retries
    assert counted.sum("pgsidecar_transaction_duration_seconds_count") == 8 * 30 + retries


def test_pipelines_of_pgbench(bench, sidecar, tmp_path):
    script = tmp_path / "pipeline.sql"
    script.write_text("\\startpipeline\n" + "SELECT 1;\nSELECT 2 + 2;\n" * 5 + "\\endpipeline\n")
    before = sidecar.settled()
    pgbench(sidecar.port, "-M", "extended", "-c", "64", "-j", "2", "-t", "20", "-f", str(script))
    counted = sidecar.settled().since(before)
    expected = 64 * 20 * 10
    got = counted.sum("pgsidecar_statement_duration_seconds_count")
    assert expected <= got <= expected + 2  # pgbench looks at its tables when it starts
    assert counted.sum("pgsidecar_query_successes_total", command="SELECT") == got
