"""pgsidecar as PID 1, as in a container without an init: signals work and orphans are reaped."""

import os
import pathlib
import signal
import subprocess

import pytest

from harness import Sidecar, eventually
from protocol import Client, kinds, query

NAMESPACE = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]


def can_unshare():
    return subprocess.run([*NAMESPACE, "true"], capture_output=True, check=False).returncode == 0


pytestmark = pytest.mark.skipif(not can_unshare(), reason="a PID namespace takes root")


def children(pid):
    return [int(child) for child in
            pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


class Init(Sidecar):
    """A sidecar that is PID 1 of a namespace of its own. Its process here is unshare, which ends
    as its child does."""

    def command(self):
        return [*NAMESPACE, *super().command()]

    @property
    def pid(self):
        (child,) = children(self.process.pid)
        return child

    def run(self, *command):
        """Runs a command in the namespace; what it leaves behind becomes a child of PID 1."""
        subprocess.run(["nsenter", "--target", str(self.pid), "--pid", "--", *command], check=True)


@pytest.fixture
def init(postgres):
    process = Init(postgres.uri(), environment={"PGSIDECAR_DRAIN_ACCEPT_FOR": "0",
                                                "PGSIDECAR_DRAIN_TIMEOUT": "3s"})
    try:
        yield process.start()
    finally:
        process.destroy()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_drains_and_ends_it(init, how):
    status = pathlib.Path(f"/proc/{init.pid}/status").read_text()
    assert [line.split()[-1] for line in status.splitlines() if line.startswith("NSpid")] == ["1"]
    with Client(init.port) as client:
        assert kinds(client.login().ask(query("SELECT 1"))) == "TDCZ"
        os.kill(init.pid, how)
        assert eventually(lambda: init.probe("/readyz") == 503)
        client.rest()
    assert init.process.wait(10) == 0


def test_it_reloads(init):
    os.kill(init.pid, signal.SIGHUP)
    assert eventually(lambda: "the new configuration is in use" in init.log())
    assert init.alive()


def test_orphans_are_reaped(init):
    init.run("sh", "-c", "sleep 0.5 & sleep 0.5 & sleep 0.5 &")
    orphans = children(init.pid)
    assert len(orphans) == 3
    assert eventually(lambda: not children(init.pid))
    assert not any(os.path.exists(f"/proc/{pid}") for pid in orphans)
