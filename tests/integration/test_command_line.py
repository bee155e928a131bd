"""The command line and configuration, as a person meets them."""

import json
import os
import signal
import socket
import subprocess
import time

import pytest
import yaml

from harness import BINARY, REPOSITORY, eventually, stop_process
from protocol import Client, query


def pgsidecar(*arguments, timeout=10, **environment):
    return subprocess.run([str(BINARY), *arguments], capture_output=True, text=True,
                          env={**os.environ, **environment}, timeout=timeout)


def one_line_error(result):
    """Exit 2, nothing on standard output, one line that says what is wrong."""
    assert result.returncode == 2, result
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1, result.stderr
    return result.stderr


@pytest.mark.parametrize("text,words", [
    ("slow_query_treshold: 1s\n", ["slow_query_treshold", "slow_query_threshold"]),
    ("slow_query_threshold: soon\n", ["slow_query_threshold", "soon"]),
    ("wire:\n  max_clients: -1\n", ["wire.max_clients", "-1"]),
    ("wire:\n  max_clients: many\n", ["wire.max_clients", "many"]),
    ("wire: 7\n", ["wire"]),
    ("log:\n  level: loud\n", ["log.level", "loud"]),
    ("a: [1\n", []), ("\x00\x01\x02", []), ("upstream: mysql://db\n", ["upstream", "mysql"]),
    ("upstream: postgresql://db?sslmode=verify-full\n", ["sslmode", "verify-full"]),
    ("upstream: postgresql://db?nonsense=1\n", ["nonsense"]),
    ("log:\n  level: info\n  level: debug\n", ["level"])])
def test_a_bad_file(tmp_path, text, words):
    path = tmp_path / "pgsidecar.yaml"
    path.write_text(text)
    for command in ("check-config", "run"):
        message = one_line_error(pgsidecar(command, "--config", str(path)))
        assert str(path) in message
        for word in words:
            assert word in message


def test_a_missing_file(tmp_path):
    message = one_line_error(pgsidecar("run", "--config", str(tmp_path / "none.yaml")))
    assert "none.yaml" in message


@pytest.mark.parametrize("name,value", [
    ("PGSIDECAR_WIRE_MAX_CLIENTS", "0x"), ("PGSIDECAR_NO_SUCH_KEY", "1"),
    ("PGSIDECAR_SLOW_QUERY_THRESHOLD", "-1s"), ("PGSIDECAR_ADMIN_LISTEN", "nowhere")])
def test_a_bad_environment_variable(name, value):
    assert name in one_line_error(pgsidecar("run", **{name: value}))


@pytest.mark.parametrize("arguments", [
    ["run", "--no-such-flag"], ["no-such-command"], ["run", "--upstream"], ["run", "--listen", "x"],
    ["run", "--upstream", "not a uri"], ["run", "--log-level", "loud"]])
def test_bad_arguments(arguments):
    result = pgsidecar(*arguments)
    assert result.returncode == 2
    assert result.stderr.strip()


@pytest.mark.parametrize("flag", ["--listen", "--admin-listen"])
def test_a_port_in_use(flag):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        other = "--admin-listen" if flag == "--listen" else "--listen"
        result = pgsidecar("run", flag, address, other, "127.0.0.1:0")
    message = result.stderr.strip().splitlines()[-1]
    assert result.returncode == 2, result
    assert address in message and "in use" in message.lower()


def test_runs_with_no_file_on_the_default_ports():
    process = subprocess.Popen([str(BINARY), "run"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        def listening():
            for port in (6432, 9432):
                socket.create_connection(("127.0.0.1", port)).close()
            return True
        assert eventually(listening)
    finally:
        process.send_signal(signal.SIGTERM)
        time.sleep(0.2)  # the second signal ends the drain
        stop_process(process, signal.SIGTERM)
    assert process.returncode == 0, process.stderr.read()


def test_help_teaches():
    for arguments in (["--help"], ["run", "--help"], ["check-config", "--help"]):
        result = pgsidecar(*arguments)
        assert result.returncode == 0
        assert len(result.stdout) > 200
    assert "postgresql://" in pgsidecar("run", "--help").stdout


def test_version():
    result = pgsidecar("version")
    assert result.returncode == 0
    assert "pgsidecar" in result.stdout


def test_print_config_masks_the_password(tmp_path):
    path = tmp_path / "pgsidecar.yaml"
    path.write_text("upstream: postgresql://me:planted-Secret@db:5433/app\nlog:\n  level: debug\n")
    result = pgsidecar("print-config", "--config", str(path), PGSIDECAR_WIRE_MAX_CLIENTS="77")
    assert result.returncode == 0, result.stderr
    assert "planted-Secret" not in result.stdout + result.stderr
    effective = yaml.safe_load(result.stdout)
    assert effective["wire"]["max_clients"] == 77
    assert effective["log"]["level"] == "debug"


@pytest.mark.parametrize("topic", ["metrics", "configuration"])
def test_describe_equals_the_committed_page(topic):
    result = pgsidecar("describe", topic)
    assert result.returncode == 0
    committed = REPOSITORY / "docs" / f"{topic}.md"
    assert result.stdout == committed.read_text()


def test_slow_log_to_a_file(postgres, start_sidecar, tmp_path):
    path = tmp_path / "slow.log"
    sidecar = start_sidecar(postgres.uri(), environment={
        "PGSIDECAR_SLOW_LOG_PATH": str(path), "PGSIDECAR_SLOW_QUERY_THRESHOLD": "50ms"})
    with Client(sidecar.port) as client:
        client.login().ask(query("SELECT pg_sleep(0.1), 'planted-literal'"))
    line = json.loads(eventually(lambda: path.exists() and path.read_text()))
    assert (line["event"], line["command"]) == ("slow", "SELECT")
    assert "planted-literal" not in json.dumps(line)
    page = sidecar.settled()
    assert page.sum("pgsidecar_slow_queries_total") == 1
    assert page.sum("pgsidecar_slow_query_threshold_seconds") == 0.05
    assert page.sum("pgsidecar_query_duration_seconds_bucket", le="0.05") == 0
