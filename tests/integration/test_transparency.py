"""PostgreSQL's own programs say the same through pgsidecar as directly."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

import pytest

from harness import eventually, postgres_bin, stop_process

SCRIPTS = sorted((pathlib.Path(__file__).parent / "sql").glob("*.sql"))


def psql(port, *arguments, cwd=None, stdin=subprocess.DEVNULL, host="127.0.0.1", **environment):
    return subprocess.run(
        [postgres_bin("psql"), "-X", "-h", host, "-p", str(port), "-U", "postgres", *arguments],
        stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=cwd,
        env={**os.environ, "LC_ALL": "C.UTF-8", "PGDATABASE": "postgres", **environment})


def comparable(output):
    """Without what differs between any two runs: process ids and object numbers."""
    return re.sub(rb"PID \d+|\b\d{5}\b", b"n", output)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_psql_prints_the_same(postgres, sidecar, tmp_path, script):
    direct, through = tmp_path / "direct", tmp_path / "through"
    results = []
    for place, port in ((direct, postgres.port), (through, sidecar.port)):
        place.mkdir()
        results.append(psql(port, "-a", "-e", "-f", str(script), cwd=place))
    assert results[0].returncode == results[1].returncode
    assert len(results[0].stdout) > 2000
    assert comparable(results[0].stdout).splitlines() == comparable(results[1].stdout).splitlines()
    for file in direct.iterdir():
        assert file.read_bytes() == (through / file.name).read_bytes()


@pytest.mark.parametrize("mode", ["prefer", "disable"])
def test_libpq_negotiates_tls_and_gssapi_away(sidecar, mode):
    result = psql(sidecar.port, "-Atc", "SELECT 42", PGSSLMODE=mode, PGGSSENCMODE="prefer")
    assert (result.returncode, result.stdout) == (0, b"42\n")


def test_tls_required_by_the_client_fails_with_its_own_message(sidecar):
    result = psql(sidecar.port, "-Atc", "SELECT 42", PGSSLMODE="require")
    assert result.returncode == 2
    assert b"server does not support SSL, but SSL was required" in result.stdout


@pytest.mark.parametrize("user,password,accepted", [
    ("postgres", None, True), ("scram_user", "scram-Secret-1", True),
    ("scram_user", "wrong-Secret-9", False), ("md5_user", "md5-Secret-2", True),
    ("md5_user", "wrong-Secret-9", False), ("password_user", "plain-Secret-3", True),
    ("rejected_user", None, False), ("no_such_role", None, False)])
def test_every_way_to_log_in(postgres, sidecar, user, password, accepted):
    environment = {"PGPASSWORD": password} if password else {}
    direct, through = (psql(port, "-U", user, "-Atc", "SELECT current_user", **environment)
                       for port in (postgres.port, sidecar.port))
    assert (direct.returncode == 0) == accepted
    assert direct.returncode == through.returncode
    assert direct.stdout.replace(str(postgres.port).encode(), b"") == \
        through.stdout.replace(str(sidecar.port).encode(), b"")
    assert "Secret" not in sidecar.log()
    assert b"Secret" not in sidecar.fetch("/metrics")[2]


def test_unix_sockets_on_both_legs(postgres, start_sidecar, tmp_path):
    shutil.chown(tmp_path, os.geteuid())
    sidecar = start_sidecar(f"postgresql://%2F{postgres.directory.strip('/').replace('/', '%2F')}"
                            f":{postgres.port}", listen=[f"{tmp_path}:6432"])
    result = psql(6432, "-Atc", "SELECT inet_client_addr() IS NULL", host=str(tmp_path))
    assert result.stdout == b"t\n", result.stdout
    assert (tmp_path / ".s.PGSQL.6432").stat().st_mode & 0o777 == 0o660
    assert sidecar.settled().sum("pgsidecar_query_successes_total", command="SELECT") == 1


@pytest.mark.deadline(120)
def test_dump_and_restore(postgres, sidecar, tmp_path):
    postgres.sql("DROP DATABASE IF EXISTS source")
    postgres.sql("DROP DATABASE IF EXISTS restored")
    postgres.sql("CREATE DATABASE source")
    postgres.sql("CREATE DATABASE restored")
    fill = subprocess.run([postgres_bin("pgbench"), "-i", "-q", "-h", "127.0.0.1", "-p",
                           str(sidecar.port), "-U", "postgres", "source"], capture_output=True)
    assert fill.returncode == 0, fill.stderr
    postgres.sql("SELECT lo_from_bytea(0, 'large object'); CREATE VIEW v AS SELECT 1 AS one",
                 "source")

    def dump(port, database):  # newer minor versions bracket it with a random restrict key
        text = subprocess.run([postgres_bin("pg_dump"), "-h", "127.0.0.1", "-p", str(port), "-U",
                               "postgres", database], check=True, capture_output=True).stdout
        return re.sub(rb"(?m)^\\(un)?restrict .*$", b"", text)

    through = dump(sidecar.port, "source")
    assert through == dump(postgres.port, "source")
    path = tmp_path / "dump.sql"
    path.write_bytes(through)
    restore = psql(sidecar.port, "-v", "ON_ERROR_STOP=1", "-q", "-f", str(path), "restored")
    assert restore.returncode == 0, restore.stdout
    assert dump(postgres.port, "restored") == through


@pytest.mark.deadline(120)
@pytest.mark.parametrize("style", [("-Ft",), ("-Fp", "-Xs")])
def test_base_backup(postgres, sidecar, tmp_path, style):
    before = sidecar.metrics()
    target = tmp_path / "backup"
    result = subprocess.run(
        [postgres_bin("pg_basebackup"), "-h", "127.0.0.1", "-p", str(sidecar.port), "-U",
         "postgres", "-D", str(target), "--checkpoint=fast", "--no-sync", *style],
        capture_output=True)
    assert result.returncode == 0, result.stderr
    if "-Fp" in style:
        verify = subprocess.run([postgres_bin("pg_verifybackup"), str(target)],
                                capture_output=True)
        assert verify.returncode == 0, verify.stderr
    counted = sidecar.settled().since(before)
    assert counted.sum("pgsidecar_replication_sessions_total") == 2
    assert counted.sum("pgsidecar_query_duration_seconds_count") == 0
    assert counted.sum("pgsidecar_opaque_sessions_total") == 0


def run_until(command, done):
    """Starts a program that never ends by itself, waits, and interrupts it."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        assert eventually(done, timeout=20), process.poll()
    finally:
        stop_process(process, signal.SIGINT)
    assert process.returncode == 0, process.stderr.read()


def test_receivewal(postgres, sidecar, tmp_path):
    before = sidecar.metrics()

    def received():
        postgres.sql("SELECT pg_switch_wal()")
        return [path for path in tmp_path.iterdir() if path.suffix != ".partial"]

    run_until([postgres_bin("pg_receivewal"), "-h", "127.0.0.1", "-p", str(sidecar.port), "-U",
               "postgres", "-D", str(tmp_path), "--no-sync"], received)
    counted = sidecar.settled().since(before)
    assert counted.sum("pgsidecar_replication_sent_bytes_total") >= 16 << 20
    assert counted.sum("pgsidecar_query_duration_seconds_count") == 0


def test_recvlogical(postgres, sidecar, tmp_path):
    target = tmp_path / "changes"
    common = [postgres_bin("pg_recvlogical"), "-h", "127.0.0.1", "-p", str(sidecar.port), "-U",
              "postgres", "-d", "postgres", "--slot=transparency"]
    subprocess.run([*common, "--create-slot", "--plugin=test_decoding"], check=True)
    try:
        postgres.sql("DROP TABLE IF EXISTS logical; CREATE TABLE logical (id int)")
        postgres.sql("INSERT INTO logical VALUES (4711)")
        run_until([*common, "--start", "-f", str(target), "--fsync-interval=0"],
                  lambda: target.exists() and "4711" in target.read_text())
    finally:
        subprocess.run([*common, "--drop-slot"], check=True)


def test_ctrl_c_in_psql_cancels_the_query(postgres, sidecar):
    before = sidecar.metrics()
    process = subprocess.Popen(
        [postgres_bin("psql"), "-X", "-h", "127.0.0.1", "-p", str(sidecar.port), "-U", "postgres",
         "-c", "SELECT pg_sleep(60) /* ctrl-c */"], stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT)
    running = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%ctrl-c%' " \
              "AND state = 'active' AND pid <> pg_backend_pid()"
    assert eventually(lambda: postgres.sql(running)[0][0] == 1)
    started = time.monotonic()
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=10)
    assert b"canceling statement due to user request" in output
    assert time.monotonic() - started < 5
    counted = sidecar.settled().since(before)
    assert counted.sum("pgsidecar_cancel_requests_total") == 1
    assert counted.by("error_class", "pgsidecar_query_errors_total") == {"canceled": 1}


def test_libpq_environment_options_reach_the_server(sidecar):
    result = psql(sidecar.port, "-Atc", "SHOW work_mem; SHOW application_name",
                  PGOPTIONS="-c work_mem=123kB", PGAPPNAME="a name")
    assert result.stdout == b"123kB\na name\n"
