"""The private world of one run: a temporary directory, child processes, their accounts in /proc.

Nothing outlives the `with Workspace()` block: children are stopped by pid and the directory is
removed, also after Ctrl-C or SIGTERM.
"""

import os
import pwd
import random
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
STOP_SECONDS = 5.0


class BenchError(Exception):
    """A run that cannot go on; the text is the whole message for the user."""


class Child:
    """One server process. Figures cover all its threads."""

    def __init__(self, name: str, argv: list, log: Path, **popen):
        self.name = name
        self.log = log
        with open(log, "ab") as output:
            self.process = subprocess.Popen(
                [str(part) for part in argv], stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, start_new_session=True, cwd=log.parent, **popen)

    def cpu_seconds(self) -> float:
        # The command name in field 2 may contain spaces: count from behind its parenthesis.
        fields = self._proc("stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS

    def resident_bytes(self) -> int:
        return self._status_bytes("VmRSS")

    def peak_resident_bytes(self) -> int:
        return self._status_bytes("VmHWM")

    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def check_alive(self) -> None:
        code = self.process.poll()
        if code is not None:
            lines = self.log.read_text(errors="replace").splitlines()[-10:]
            raise BenchError("\n".join([f"{self.name} ended with code {code}:", *lines]))

    def stop(self, stop_signal: int = signal.SIGTERM) -> None:
        if self.process.poll() is not None:
            return
        self.process.send_signal(stop_signal)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _proc(self, name: str) -> str:
        self.check_alive()
        return Path(f"/proc/{self.process.pid}/{name}").read_text()

    def _status_bytes(self, key: str) -> int:
        for line in self._proc("status").splitlines():
            if line.startswith(key + ":"):
                return int(line.split()[1]) * 1024
        raise BenchError(f"{self.name}: no {key} in /proc status")


class Workspace:
    def __init__(self):
        self._children = []
        self.directory = Path(tempfile.mkdtemp(prefix="pgsidecar-bench-"))
        self.directory.chmod(0o755)  # Servers that refuse to run as root must get in.

    def __enter__(self) -> "Workspace":
        def interrupt(number, _frame):
            handle_stop_signals(signal.SIG_IGN)  # A second Ctrl-C must not leave servers behind.
            raise KeyboardInterrupt(signal.Signals(number).name)

        handle_stop_signals(interrupt)
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        return self

    def __exit__(self, *_error) -> None:
        handle_stop_signals(signal.SIG_IGN)
        for child in reversed(list(self._children)):
            self.stop(child)
        shutil.rmtree(self.directory, ignore_errors=True)

    def start(self, name: str, argv: list, **popen) -> Child:
        child = Child(name, argv, self.directory / f"{name}.log", **popen)
        self._children.append(child)
        return child

    def stop(self, child: Child) -> None:
        # SIGINT is PostgreSQL's fast shutdown; its SIGTERM waits for the clients.
        child.stop(signal.SIGINT if child.name == "postgres" else signal.SIGTERM)
        self._children.remove(child)

    def private_directory(self, name: str) -> Path:
        """Owned by the account that `unprivileged()` names."""
        path = self.directory / name
        path.mkdir()
        account = unprivileged()
        if account:
            os.chown(path, account["user"], account["group"])
        return path


def handle_stop_signals(handler) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, handler)


def unprivileged() -> dict:
    """Popen arguments for servers that refuse to run as root; empty for any other caller."""
    if os.geteuid() != 0:
        return {}
    try:
        account = pwd.getpwnam("postgres")
    except KeyError:
        account = pwd.getpwnam("nobody")
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def free_port() -> int:
    """Outside the ephemeral range, so that no outgoing connection takes it meanwhile."""
    for _ in range(1000):
        port = random.randint(15000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise BenchError("no free port between 15000 and 32000")


def find_program(name: str, package: str, *directories: Path) -> Path:
    path = os.pathsep.join([*map(str, directories), os.environ.get("PATH", ""), "/usr/sbin"])
    found = shutil.which(name, path=path)
    if not found:
        raise BenchError(f"{name} not found: install the package {package}")
    return Path(found)


def wait_until(ready, child: Child, seconds: float = 20.0) -> float:
    """Calls `ready` every millisecond until it is true; returns the seconds that took."""
    begin = time.monotonic()
    while not ready():
        child.check_alive()
        if time.monotonic() - begin > seconds:
            raise BenchError(f"{child.name} was not ready after {seconds:g} s")
        time.sleep(0.001)
    return time.monotonic() - begin
