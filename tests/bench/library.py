"""The executor against bare libpqxx: the same prepared look-up by both in one process, in turn, and
the same again from the cache."""

import subprocess

from report import OURS, Bound, Measure
from servers import Postgres, built_program, client_env
from workspace import BenchError, Workspace

BARE = "bare libpqxx"
CALLS = 10_000
THREADS = (1, 8)


def run_rounds(workspace: Workspace, postgres: Postgres, rounds: int, threads: int) -> list:
    """[(what, CPU microseconds per call, calls per second)], three for each round."""
    uri = f"host={workspace.directory}/data port={postgres.port} user=bench dbname=bench"
    program = built_program("executor_overhead")
    done = subprocess.run([program, uri, str(rounds), str(CALLS // threads), str(threads)],
                          capture_output=True, text=True, env=client_env(), check=False)
    if done.returncode != 0:
        raise BenchError(f"executor_overhead: {done.stderr.strip() or done.returncode}")
    words = [line.split() for line in done.stdout.splitlines()]
    return [(what, float(cpu), float(rate)) for what, cpu, rate in words]


def measure_threads(workspace: Workspace, postgres: Postgres, options, threads: int) -> list:
    title = f"library, {threads} thread{'s' if threads > 1 else ''}"
    added = Measure(f"{title}: CPU added to a call of libpqxx", "µs", [Bound(2.0)])
    rate = Measure(f"{title}: calls", "1/s", [Bound(0.98, BARE, at_most=False)])
    cached = Measure(f"{title}: cached calls", "1/s", [Bound(10.0, BARE, at_most=False)])
    options.progress(title)
    found = run_rounds(workspace, postgres, options.rounds, threads)
    for bare, executor, hit in zip(*[iter(found)] * 3):
        added.add(OURS, executor[1] - bare[1])
        for measure, ours in ((rate, executor), (cached, hit)):
            measure.add(BARE, bare[2])
            measure.add(OURS, ours[2])
    return [added, rate, cached]


def measure(workspace: Workspace, postgres: Postgres, options) -> list:
    if OURS not in options.targets:
        return []
    return [measure for threads in THREADS
            for measure in measure_threads(workspace, postgres, options, threads)]
