"""Reload on SIGHUP: wire.md, "Lifecycle". The old configuration stays unless all of the new is right."""

import json
import os
import pathlib
import signal
import socket
import urllib.error
import urllib.request

import pytest

from harness import Sidecar, eventually
from protocol import Client, kinds, query, sqlstates, startup

STARTUP = startup(user="postgres", database="postgres")
BASE = "wire:\n  max_clients: 10\n"


class Reloader:
    """A sidecar with a configuration file, and what became of it."""

    def __init__(self, process):
        self.process = process
        self.path = pathlib.Path(process.directory, "pgsidecar.yaml")

    def hash(self):
        ((labels, value),) = self.process.metrics().select("pgsidecar_config_info")
        assert value == 1
        return labels["hash"]

    def successful(self):
        return self.process.metrics().sum("pgsidecar_config_last_reload_successful")

    def reloaded_at(self):
        return self.process.metrics().sum(
            "pgsidecar_config_last_reload_success_timestamp_seconds")

    def write(self, text):
        self.path.write_text(text)

    def hang_up(self):
        """SIGHUP; what was logged about it."""
        before = len(self.process.log())
        said = lambda: self.process.log()[before:]
        self.process.process.send_signal(signal.SIGHUP)
        endings = ("the new configuration is in use", "the configuration stays as it was")
        assert eventually(lambda: any(words in said() for words in endings)), said()
        return said()


@pytest.fixture
def reloader(postgres, start_sidecar):
    return Reloader(start_sidecar(postgres.uri(), config=BASE))


def admitted(sidecar, count):
    """How many of `count` clients at the same time are let in."""
    clients = [Client(sidecar.port) for _ in range(count)]
    try:
        return sum("Z" in kinds(client.send(STARTUP).until_ready()) for client in clients)
    finally:
        for client in clients:
            client.close()


def test_new_values_are_used(reloader):
    before, time = reloader.hash(), reloader.reloaded_at()
    reloader.write("wire:\n  max_clients: 20\nlog:\n  level: debug\n")
    reloader.hang_up()
    assert reloader.hash() != before  # and there is one series only
    assert reloader.successful() == 1
    assert reloader.reloaded_at() > time
    reloader.write(BASE)
    reloader.hang_up()
    assert reloader.hash() == before


def test_the_log_level_is_new_at_once(reloader):
    time = reloader.reloaded_at()
    reloader.write("log:\n  level: error\n")
    reloader.process.process.send_signal(signal.SIGHUP)
    assert eventually(lambda: reloader.reloaded_at() > time)
    assert "in use" not in reloader.process.log()
    reloader.write("log:\n  level: info\n")
    assert "in use" in reloader.hang_up()


def test_max_clients_is_effective_for_new_sessions(reloader):
    sidecar = reloader.process
    with Client(sidecar.port) as old:
        old.login()
        reloader.write("wire:\n  max_clients: 3\n")
        reloader.hang_up()
        assert eventually(lambda: sidecar.metrics().sum("pgsidecar_client_connections_max") == 3)
        assert admitted(sidecar, 5) == 2
        assert kinds(old.ask(query("SELECT 1"))) == "TDCZ"


class FileSidecar(Sidecar):
    """The upstream is in the file instead of a flag, which would win."""

    def command(self):
        return [part for part in super().command() if part not in ("--upstream", self.upstream)]


def test_new_sessions_use_a_new_upstream(postgres):
    process = FileSidecar("none", config="upstream: postgresql://127.0.0.1:1\n")
    try:
        reloader = Reloader(process.start(ready=False))
        with Client(process.port) as client:
            assert sqlstates(client.send(STARTUP).rest()) == ["08001"]
        reloader.write(f"upstream: {postgres.uri()}\n")
        reloader.hang_up()
        with Client(process.port) as client:
            assert kinds(client.login().ask(query("SELECT 1"))) == "TDCZ"
        assert process.probe("/readyz") == 200
    finally:
        process.destroy()


@pytest.mark.parametrize("text,words", [
    ("wire: [\n", ["not valid YAML", "pgsidecar.yaml:2"]),
    ("wire:\n  max_clients: 20\n  max_client: 1\n", ["wire.max_client", "unknown key"]),
    ("wire:\n  max_clients: many\n", ["wire.max_clients", "many"]),
    ("wire:\n  max_clients: 100000\n", ["wire.max_clients", "200128 open files"]),
    ("wire:\n  tls:\n    mode: require\n", ["wire.tls.mode", "wire.tls.cert_file"]),
    ("statements:\n  operations: [{name: a, sql: 'select 1; select 2'}]\n", ["statements.operations"]),
    ("wire: [\nlog: 1\n", ["not valid YAML"])])
def test_any_error_leaves_the_old_configuration(postgres, start_sidecar, text, words):
    reloader = Reloader(start_sidecar(postgres.uri(), config=BASE, nofile=1024))
    before, time = reloader.hash(), reloader.reloaded_at()
    reloader.write(text)
    said = reloader.hang_up()
    for word in words:
        assert word in said
    assert (reloader.hash(), reloader.reloaded_at()) == (before, time)
    assert reloader.successful() == 0
    with Client(reloader.process.port) as client:
        assert kinds(client.login().ask(query("SELECT 1"))) == "TDCZ"
    reloader.write(BASE)
    reloader.hang_up()
    assert reloader.successful() == 1


def test_an_unreadable_file(reloader):
    reloader.path.unlink()
    assert "pgsidecar.yaml: cannot be read" in reloader.hang_up()
    assert reloader.successful() == 0


def test_all_errors_are_named(reloader):
    reloader.write("wire:\n  max_clients: many\n  nonsense: 1\nlog:\n  level: loud\n")
    said = reloader.hang_up()
    for key in ("wire.max_clients", "wire.nonsense", "log.level"):
        assert key in said


def test_keys_that_take_a_restart_are_named_each_time(reloader):
    reloader.write(BASE + "log:\n  format: json\nslow_query_threshold: 2s\n")
    for _ in range(2):
        said = reloader.hang_up()
        for key in ("log.format", "slow_query_threshold"):
            assert f"the new value of {key} waits for a restart" in said
        assert "max_clients" not in said
    page = reloader.process.metrics()
    assert page.sum("pgsidecar_slow_query_threshold_seconds") == 1
    assert reloader.successful() == 1


def test_no_password_is_logged(reloader):
    reloader.write(BASE + "upstream: postgresql://me:planted-Secret@db:99999\n")
    said = reloader.hang_up()
    assert "upstream" in said and "planted-Secret" not in said


def test_a_reload_is_refused_during_the_drain(postgres, start_sidecar):
    environment = {"PGSIDECAR_DRAIN_ACCEPT_FOR": "0", "PGSIDECAR_DRAIN_TIMEOUT": "5s"}
    reloader = Reloader(start_sidecar(postgres.uri(), config=BASE, environment=environment))
    before = reloader.hash()
    with Client(reloader.process.port) as client:
        client.login()
        reloader.process.process.send_signal(signal.SIGTERM)
        assert eventually(lambda: reloader.process.probe("/readyz") == 503)
        reloader.write("wire:\n  max_clients: 20\n")
        assert "draining: the configuration is not read again" in reloader.hang_up()
        assert (reloader.hash(), reloader.successful()) == (before, 1)
    assert reloader.process.process.wait(10) == 0


def test_a_hundred_reloads_under_load(reloader):
    """No session notices, nothing leaks, no series is left behind."""
    process = reloader.process
    with Client(process.port) as client:
        client.login()
        reloader.hang_up()
        fds = process.fds()
        for i in range(100):
            reloader.write(f"wire:\n  max_clients: {10 + i % 7}\n")
            process.process.send_signal(signal.SIGHUP)
            assert kinds(client.ask(query("SELECT 1"))) == "TDCZ"
        reloader.hang_up()
        assert len(process.metrics().select("pgsidecar_config_info")) == 1
        assert process.fds() <= fds + 2


TOKEN = "a-token-of-the-tests-" + "x" * 32


def post(sidecar, path):
    """(status, JSON) of a call that changes something."""
    request = urllib.request.Request(f"http://127.0.0.1:{sidecar.admin_port}{path}", method="POST",
                                     headers={"Authorization": f"Bearer {TOKEN}"}, data=b"")
    try:
        with urllib.request.urlopen(request, timeout=15) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as answer:
        return answer.code, json.load(answer)


@pytest.fixture
def by_admin(postgres, start_sidecar):
    return Reloader(start_sidecar(postgres.uri(), config=BASE, environment={
        "PGSIDECAR_ADMIN_TOKEN": TOKEN, "PGSIDECAR_DRAIN_ACCEPT_FOR": "0"}))


def test_the_admin_listener_reloads(by_admin):
    before = by_admin.hash()
    by_admin.write("wire:\n  max_clients: 20\nlog:\n  format: json\n")
    status, answer = post(by_admin.process, "/-/reload")
    assert status == 200
    assert "log.format" in json.dumps(answer)
    assert by_admin.hash() != before
    by_admin.write("wire:\n  max_clients: many\n  nonsense: 1\n")
    status, answer = post(by_admin.process, "/-/reload")
    assert status == 422
    assert "wire.max_clients" in json.dumps(answer) and "wire.nonsense" in json.dumps(answer)
    assert by_admin.successful() == 0


def test_the_admin_listener_drains(by_admin):
    with Client(by_admin.process.port) as client:
        client.login()
        assert post(by_admin.process, "/-/drain")[0] == 202
        assert eventually(lambda: by_admin.process.probe("/readyz") == 503)
        assert post(by_admin.process, "/-/reload")[0] == 422
    assert by_admin.process.process.wait(10) == 0
    assert "drained, exiting" in by_admin.process.log()


class ServiceManager:
    """What systemd would hear."""

    def __init__(self, path):
        self.path = str(path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.settimeout(10)

    def hears(self, *beginnings):
        """The next message that is no sign of life, which begins with one of these."""
        while True:
            message = self.socket.recv(4096).decode()
            if message != "WATCHDOG=1":
                assert message.startswith(beginnings), message
                return message


def test_the_service_manager_hears_every_state(postgres, start_sidecar, tmp_path):
    manager = ServiceManager(tmp_path / "notify")
    process = start_sidecar(postgres.uri(), config=BASE, environment={
        "NOTIFY_SOCKET": manager.path, "PGSIDECAR_DRAIN_ACCEPT_FOR": "0"})
    assert f"127.0.0.1:{process.port}" in manager.hears("READY=1\nSTATUS=")
    process.process.send_signal(signal.SIGHUP)
    assert "MONOTONIC_USEC=" in manager.hears("RELOADING=1")
    manager.hears("READY=1\nSTATUS=serves")
    pathlib.Path(process.directory, "pgsidecar.yaml").write_text("x: 1\n")
    process.process.send_signal(signal.SIGHUP)
    manager.hears("RELOADING=1")
    manager.hears("READY=1\nSTATUS=the last reload failed: ")
    process.process.send_signal(signal.SIGTERM)
    manager.hears("STOPPING=1")
    assert process.process.wait(10) == 0


def test_the_watchdog_is_fed_twice_in_its_time(postgres, start_sidecar, tmp_path):
    manager = ServiceManager(tmp_path / "notify")
    start_sidecar(postgres.uri(), environment={
        "NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "200000"})
    manager.hears("READY=1")
    manager.socket.settimeout(2)
    for _ in range(5):
        assert manager.socket.recv(4096) == b"WATCHDOG=1"


def test_a_watchdog_of_another_process_is_not_fed(postgres, start_sidecar, tmp_path):
    manager = ServiceManager(tmp_path / "notify")
    start_sidecar(postgres.uri(), environment={
        "NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "200000",
        "WATCHDOG_PID": str(os.getpid())})
    manager.hears("READY=1")
    manager.socket.settimeout(1)
    with pytest.raises(TimeoutError):
        manager.socket.recv(4096)
