"""The C++ library against a real PostgreSQL: runs the program of tests/integration/executor, a group
of tests at a time, with a server that it can restart."""

import os
import pathlib
import signal
import subprocess
import threading

import pytest

import harness

PROGRAM = (pathlib.Path(os.environ.get("SIDECAR_BUILD", "build/release"))
           / "tests/integration/executor/executor_live_test")


@pytest.fixture(scope="module")
def server():
    cluster = harness.Cluster(max_connections="50")
    yield cluster.start()
    cluster.destroy()


class Control:
    """Does with the server what the program asks for: a line on one pipe, a byte on another."""

    def __init__(self, server):
        self.server = server
        self.commands, self.ask = os.pipe()
        self.answer, self.answers = os.pipe()
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def _serve(self):
        with os.fdopen(self.commands) as commands:
            for command in commands:
                getattr(self, command.strip())()
                os.write(self.answers, b".")

    def stop(self):
        self.server.stop()

    def start(self):
        self.server.start()

    def restart(self):
        self.stop()
        self.start()

    def _backends(self):
        listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(self.server.process.pid)],
                                capture_output=True, text=True, check=True)
        return [int(pid) for pid in listed.stdout.split()]

    def suspend(self):
        self.stopped = [self.server.process.pid, *self._backends()]
        for pid in self.stopped:
            os.kill(pid, signal.SIGSTOP)

    def resume(self):
        for pid in self.stopped:
            os.kill(pid, signal.SIGCONT)

    def close(self):
        os.close(self.ask)
        self.thread.join()
        os.close(self.answer)
        os.close(self.answers)


@pytest.mark.deadline(120)
@pytest.mark.parametrize("group", ["Values", "Errors", "PoolOf", "Books", "Blocks", "Cached",
                                   "Operations"])
def test_the_library(server, group):
    control = Control(server)
    environment = {**os.environ, "PGSIDECAR_TEST_URI": server.uri(),
                   "PGSIDECAR_TEST_COMMANDS": str(control.ask),
                   "PGSIDECAR_TEST_ANSWERS": str(control.answer)}
    try:
        done = subprocess.run([PROGRAM, f"--gtest_filter={group}.*"], env=environment,
                              pass_fds=(control.ask, control.answer), capture_output=True,
                              text=True, check=False)
    finally:
        control.close()
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-6000:]
    assert " 0 tests from" not in done.stdout
