"""Real drivers see the same through pgsidecar as directly, and not a byte is changed."""

import asyncio
import os
import pathlib
import re
import shutil
import subprocess
import sys

import asyncpg
import psycopg
import pytest

from books import recording
from harness import Sidecar, Tap

DRIVERS = pathlib.Path(__file__).parent / "drivers"
JDBC_JAR = "/usr/share/java/postgresql.jar"
DEBIAN_NODE = pathlib.Path("/usr/share/nodejs")
NODE_CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache"),
                          "pgsidecar-tests", "node")


@pytest.fixture(scope="module")
def tapped(postgres):
    """A sidecar between two taps, to compare what went in with what came out."""
    inner = Tap(postgres.port)
    process = Sidecar(f"postgresql://127.0.0.1:{inner.port}?sslmode=disable")
    outer = Tap(process.port)
    try:
        process.start()
        yield process, outer, inner
        assert process.alive(), process.log()
    finally:
        outer.close()
        inner.close()
        process.destroy()


def install_pg():
    """node-postgres: Debian's, or else in a cache outside the tree."""
    NODE_CACHE.mkdir(parents=True, exist_ok=True)
    if not ((DEBIAN_NODE / "pg").exists() or (NODE_CACHE / "node_modules" / "pg").exists()):
        subprocess.run(["npm", "install", "--silent", "--no-fund", "--no-audit", "--prefix",
                        str(NODE_CACHE), "pg@8"], check=True, cwd=NODE_CACHE)


def command(driver):
    if driver == "node":
        install_pg()
        shutil.copy(DRIVERS / "node_operations.js", NODE_CACHE)
        return ["node", str(NODE_CACHE / "node_operations.js")]
    if driver == "jdbc":
        return ["java", "-Xmx256m", "-XX:TieredStopAtLevel=1", "-Dfile.encoding=UTF-8", "-cp",
                JDBC_JAR, str(DRIVERS / "JdbcOperations.java")]
    return [sys.executable, str(DRIVERS / f"{driver}_operations.py")]


def run(driver, port):
    result = subprocess.run([*command(driver), str(port)], capture_output=True, text=True,
                            env={**os.environ, "LC_ALL": "C.UTF-8"}, timeout=90)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-4000:]
    return re.sub(rf"\b{port}\b", "PORT", result.stdout).splitlines()


@pytest.mark.slow
@pytest.mark.deadline(180)
@pytest.mark.parametrize("driver", ["psycopg2", "psycopg", "asyncpg", "node", "jdbc"])
def test_driver_prints_the_same(postgres, tapped, driver):
    process, outer, inner = tapped
    before = process.metrics()
    outer.streams.clear()
    inner.streams.clear()
    through, direct = run(driver, outer.port), run(driver, postgres.port)
    assert len(direct) >= 30
    assert through == direct
    counted = process.settled().since(before)
    assert counted.sum("pgsidecar_query_duration_seconds_count") >= 30
    assert counted.sum("pgsidecar_opaque_sessions_total") == 0
    assert counted.sum("pgsidecar_internal_errors_total") == 0


def test_each_statement_of_a_drivers_pipeline_has_its_own_sample(tapped):
    process, _, _ = tapped
    with recording(process) as books:
        with psycopg.connect(host="127.0.0.1", port=process.port, user="postgres",
                             dbname="postgres", autocommit=True) as connection:
            connection.execute("CREATE TEMP TABLE samples (id int)")
            with connection.pipeline():
                for number in range(100):
                    connection.execute("SELECT %s::int", (number,))
            connection.cursor().executemany("INSERT INTO samples VALUES (%s)",
                                            [(number,) for number in range(100)])
    assert books().successes == {"DDL": 1, "SELECT": 100, "INSERT": 100}


def test_executemany_of_asyncpg(tapped):
    process, _, _ = tapped

    async def run_it():
        connection = await asyncpg.connect(host="127.0.0.1", port=process.port, user="postgres",
                                           database="postgres")
        await connection.execute("CREATE TEMP TABLE samples (id int)")
        await connection.executemany("INSERT INTO samples VALUES ($1)", [(n,) for n in range(100)])
        await connection.fetch("SELECT id FROM samples")
        await connection.close()

    with recording(process) as books:
        asyncio.run(run_it())
    assert books().successes == {"DDL": 1, "INSERT": 100, "SELECT": 1}
    assert (books().rows, books().affected) == (100, 100)


@pytest.mark.deadline(90)
def test_taps_saw_the_same_bytes(tapped):
    """A CancelRequest and a session without negotiation are relayed untouched; the answer to an
    SSLRequest is pgsidecar's own, so only what follows it is compared."""
    _, outer, inner = tapped
    outer.streams.clear()
    inner.streams.clear()
    for driver in ("psycopg2", "psycopg", "asyncpg"):
        run(driver, outer.port)
    assert without_negotiation(outer.conversations()) == inner.conversations()


def without_negotiation(conversations):
    stripped = []
    for up, down in conversations:
        while up[:8] in (b"\0\0\0\x08\x04\xd2\x16\x2f", b"\0\0\0\x08\x04\xd2\x16\x30"):
            assert down[:1] == b"N"
            up, down = up[8:], down[1:]
        stripped.append((up, down))
    return sorted(stripped)
