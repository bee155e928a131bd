"""What a relay costs while nothing happens: at start, at rest, and with thousands of idle pairs."""

import contextlib
import resource
import time

from pgclient import Session, answers
from report import Bound, Measure
from servers import Postgres, http_get, launch, running, start_idle_upstream
from workspace import BenchError, Workspace, wait_until

KIB, MIB = 1 << 10, 1 << 20
SETTLE_SECONDS = 1.0


def idle_pairs(wanted: int) -> int:
    """A relay needs two descriptors for each; 200 are left for everything else."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return min(wanted, (hard - 200) // 2)


def measure_idle(workspace: Workspace, _postgres: Postgres, options) -> list:
    pairs = idle_pairs(options.idle_pairs)
    per_pair = Measure(f"{pairs:,} idle connection pairs: resident each", "KiB",
                       [Bound(16.0)])
    upstream, child = start_idle_upstream(workspace)
    for name in options.targets:
        if name == "direct":
            continue
        options.progress(f"{pairs} idle pairs through {name}")
        with running(workspace, [name], upstream) as (target,), contextlib.ExitStack() as stack:
            before = target.child.resident_bytes()
            for _ in range(pairs):
                stack.enter_context(Session(target.port)).query("SELECT 1")
            time.sleep(SETTLE_SECONDS)
            if target.child.descriptors() < 2 * pairs:
                raise BenchError(f"{name} does not hold one upstream connection per client")
            per_pair.add(name, (target.child.resident_bytes() - before) / pairs / KIB)
    workspace.stop(child)
    return [per_pair]


def measure_start(workspace: Workspace, postgres: Postgres, options) -> list:
    ready = Measure("start to /readyz 200", "ms", [Bound(100.0)])
    first = Measure("start to first statement answered", "ms")
    resident = Measure("resident memory at rest", "MiB", [Bound(20.0)])
    for number in range(options.rounds):
        options.progress(f"start: round {number + 1} of {options.rounds}")
        for name in options.targets:
            if name == "direct":
                continue
            begin = time.monotonic()
            target = launch(workspace, name, postgres.port)
            if target.admin_port:
                wait_until(lambda: http_get(target.admin_port, "/readyz") is not None, target.child)
                ready.add(name, (time.monotonic() - begin) * 1e3)
            wait_until(lambda: answers(target.port), target.child)
            first.add(name, (time.monotonic() - begin) * 1e3)
            time.sleep(SETTLE_SECONDS)
            resident.add(name, target.child.resident_bytes() / MIB)
            workspace.stop(target.child)
    return [ready, first, resident]
