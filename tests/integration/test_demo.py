"""scripts/demo.sh starts everything, sees the alert, and leaves nothing behind."""

import glob
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import uuid

import pytest

from harness import BINARY, REPOSITORY, eventually

pytestmark = [
    pytest.mark.slow,
    pytest.mark.deadline(150),
    pytest.mark.skipif(BINARY != REPOSITORY / "build/release/pgsidecar",
                       reason="the demo runs the release build"),
]
DEMO = str(REPOSITORY / "scripts/demo.sh")


class Demo:
    """One run, in a process group, with a mark in the environment that its children inherit."""

    def __init__(self, *arguments):
        self.mark = f"DEMO_MARK={uuid.uuid4()}"
        key, value = self.mark.split("=")
        self.temporary = tempfile.mkdtemp(prefix="pgsidecar-demo-test-")
        os.chmod(self.temporary, 0o755)
        self.output_path = pathlib.Path(self.temporary, "output")
        with open(self.output_path, "wb") as output:
            self.process = subprocess.Popen(
                ["bash", DEMO, *arguments], cwd="/", stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, start_new_session=True,
                env={**os.environ, key: value, "TMPDIR": self.temporary})

    def destroy(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(timeout=20)
        shutil.rmtree(self.temporary)

    def output(self):
        return self.output_path.read_text()

    def left_running(self):
        return [path for path in glob.glob("/proc/[0-9]*/environ") if self._carries_mark(path)]

    def _carries_mark(self, path):
        try:
            return self.mark.encode() in pathlib.Path(path).read_bytes()
        except OSError:
            return False

    def left_in_temporary(self):
        return sorted(path.name for path in pathlib.Path(self.temporary).iterdir()
                      if path != self.output_path)


@pytest.fixture
def start_demo():
    """Starts demos that end with the test at the latest."""
    started = []

    def start(*arguments):
        started.append(Demo(*arguments))
        return started[-1]

    yield start
    for demo in started:
        demo.destroy()


def test_a_timed_run_sees_the_alert_and_leaves_nothing(start_demo):
    demo = start_demo("--for", "20s")
    assert demo.process.wait(timeout=120) == 0, demo.output()
    output = demo.output()
    assert "ALERT firing: PgSidecarSlowStatement (warning" in output
    assert "usage_report on postgres took 1." in output
    assert "statements/s" in output
    assert any(int(share) > 0 for share in re.findall(r"cache hits +([0-9]+)%", output)), output
    assert not demo.left_running()
    assert not demo.left_in_temporary()


def test_killing_redis_fails_no_request(start_demo):
    demo = start_demo("--redis", "--for", "26s")
    assert demo.process.wait(timeout=120) == 0, demo.output()  # A failed request would be a 1.
    before, _, after = demo.output().partition("Redis was killed")
    assert "(redis)" in before and "(memory)" in after and "(redis)" in after, demo.output()
    assert not demo.left_running()
    assert not demo.left_in_temporary()


def test_ctrl_c_ends_it_cleanly(start_demo):
    demo = start_demo()
    assert eventually(lambda: "statements/s" in demo.output(), timeout=90), demo.output()
    os.killpg(demo.process.pid, signal.SIGINT)  # as a terminal does: to the whole group
    started = time.monotonic()
    assert demo.process.wait(timeout=30) == 0, demo.output()
    assert time.monotonic() - started < 20
    assert not demo.left_running()
    assert not demo.left_in_temporary()


@pytest.mark.parametrize("arguments", [("--for",), ("--for", "soon"), ("--for", "5s"), ("--fro",)])
def test_wrong_options(start_demo, arguments):
    demo = start_demo(*arguments)
    assert demo.process.wait(timeout=10) == 2
    assert "Usage: scripts/demo.sh" in demo.output()
