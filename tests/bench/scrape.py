"""What a scrape of thousands of series costs, and whether statements notice it."""

import threading
import time

from pgclient import Session
from report import OURS, Bound, Measure
from servers import Postgres, Target, http_get, running
from statements import Load, run_slice
from workspace import BenchError, Workspace

SERIES = 5000
SHAPES_MAX = 5000
SCRAPES = 20


def count_series(target: Target) -> int:
    body = http_get(target.admin_port, "/metrics")
    if body is None:
        raise BenchError("pgsidecar: /metrics does not answer")
    return sum(1 for line in body.splitlines() if line and not line.startswith(b"#"))


def fill(target: Target) -> int:
    """Runs statements of new shapes until there are enough series, or no more are given out."""
    with Session(target.port) as session:
        for shape in range(SHAPES_MAX):
            session.query(f"SELECT 1 AS shape_{shape}")
            if shape % 100 == 99:
                time.sleep(0.1)  # New statements get their series a moment after they ran.
                if count_series(target) >= SERIES:
                    break
    return count_series(target)


class Scraper:
    """Scrapes once a second beside the load."""

    def __init__(self, target: Target):
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(target,))

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_error) -> None:
        self._stopped.set()
        self._thread.join()

    def _run(self, target: Target) -> None:
        while not self._stopped.wait(1.0):
            http_get(target.admin_port, "/metrics")


def measure(workspace: Workspace, postgres: Postgres, options) -> list:
    if OURS not in options.targets:
        return []
    quiet = "without scrapes"
    load = Load("simple", 1, max(options.seconds, 2))
    with running(workspace, [OURS], postgres.port) as (target,):
        series = fill(target)
        cpu = Measure(f"CPU of a scrape of {series:,} series", "ms", [Bound(10.0)])
        p99 = Measure(f"{load.title()}: p99 while scraped every second", "µs",
                      [Bound(1.05, quiet)])
        for number in range(options.rounds):
            options.progress(f"scrape: round {number + 1} of {options.rounds}")
            before = target.child.cpu_seconds()
            for _ in range(SCRAPES):
                http_get(target.admin_port, "/metrics")
            cpu.add(OURS, (target.child.cpu_seconds() - before) * 1e3 / SCRAPES)
            p99.add(quiet, run_slice(workspace, postgres, target, load).p99_us)
            with Scraper(target):
                p99.add(OURS, run_slice(workspace, postgres, target, load).p99_us)
    return [cpu, p99]
