"""Clients that encrypt: `pgbench -S` over TLS to PgBouncer and to pgsidecar, and what an idle
encrypted session holds. The way on to PostgreSQL is plaintext, as on one machine."""

import contextlib
import time

from footprint import KIB, SETTLE_SECONDS, idle_pairs
from pgclient import Session
from report import Bound, Measure
from servers import Certificate, Postgres, make_certificate, running, start_idle_upstream
from statements import Load, run_slice
from workspace import BenchError, Workspace

TARGETS = ("pgbouncer", "pgsidecar")  # The others know no TLS.
# Fewer than in plaintext: each is a handshake for both sides.
IDLE_PAIRS_MAX = 1000


def measures_of(load: Load) -> dict:
    title = load.title()
    return {"cpu": Measure(f"{title}: CPU per statement", "µs", [Bound(1.0, "pgbouncer")]),
            "rate": Measure(f"{title}: throughput", "1/s",
                            [Bound(1.0, "pgbouncer", at_most=False)])}


def measure_statements(workspace: Workspace, postgres: Postgres, options,
                       certificate: Certificate) -> list:
    found = []
    names = [name for name in options.targets if name in TARGETS]
    with running(workspace, names, postgres.port, certificate) as targets:
        for mode in options.modes:
            for clients in options.clients:
                load = Load(mode, clients, options.seconds, encrypt=True)
                measures = measures_of(load)
                for number in range(options.rounds):
                    options.progress(f"{load.title()}: round {number + 1} of {options.rounds}")
                    for target in targets:
                        result = run_slice(workspace, postgres, target, load)
                        measures["cpu"].add(target.name, result.cpu_us)
                        measures["rate"].add(target.name, result.per_second)
                found += measures.values()
    return found


def measure_idle(workspace: Workspace, options, certificate: Certificate) -> Measure:
    pairs = idle_pairs(min(options.idle_pairs, IDLE_PAIRS_MAX))
    measure = Measure(f"TLS, {pairs:,} idle connection pairs: resident each", "KiB",
                      [Bound(1.0, "pgbouncer")])
    upstream, child = start_idle_upstream(workspace)
    for name in options.targets:
        if name not in TARGETS:
            continue
        options.progress(f"{pairs} idle encrypted pairs through {name}")
        with (running(workspace, [name], upstream, certificate) as (target,),
              contextlib.ExitStack() as stack):
            before = target.child.resident_bytes()
            for _ in range(pairs):
                stack.enter_context(Session(target.port, encrypt=True)).query("SELECT 1")
            time.sleep(SETTLE_SECONDS)
            if target.child.descriptors() < 2 * pairs:
                raise BenchError(f"{name} does not hold one upstream connection per client")
            measure.add(name, (target.child.resident_bytes() - before) / pairs / KIB)
    workspace.stop(child)
    return measure


def measure(workspace: Workspace, postgres: Postgres, options) -> list:
    certificate = make_certificate(workspace)
    return [*measure_statements(workspace, postgres, options, certificate),
            measure_idle(workspace, options, certificate)]
