"""`pgbench -S` through every target in turn: CPU per statement, throughput, latency."""

import os
import re
import statistics
import subprocess
from dataclasses import dataclass

from report import Bound, Measure
from servers import Postgres, Target, client_env, running
from workspace import BenchError, Workspace

# Every fourth transaction is logged: enough for a p99, too little to slow pgbench down.
SAMPLING_RATE = "0.25"


@dataclass
class Load:
    mode: str
    clients: int
    seconds: int
    encrypt: bool = False  # The client's leg.

    def title(self) -> str:
        text = f"{self.mode}, {self.clients} client{'s' if self.clients > 1 else ''}"
        return f"TLS, {text}" if self.encrypt else text


@dataclass
class Slice:
    """One run of pgbench through one target."""
    transactions: int
    per_second: float
    p50_us: float
    p99_us: float
    cpu_us: float  # Of the relay, per transaction.


def run_slice(workspace: Workspace, postgres: Postgres, target: Target, load: Load) -> Slice:
    prefix = workspace.directory / "latency"
    threads = min(load.clients, max(1, (os.cpu_count() or 1) // 2))
    argv = [postgres.bin_directory / "pgbench", "-n", "-S", "-M", load.mode, "-c", load.clients,
            "-j", threads, "-T", load.seconds, "-h", "127.0.0.1", "-p", target.port, "-U", "bench",
            "-l", f"--log-prefix={prefix}", f"--sampling-rate={SAMPLING_RATE}", "bench"]
    before = target.child.cpu_seconds() if target.child else 0.0
    done = subprocess.run([str(part) for part in argv], capture_output=True, text=True,
                          env=client_env(load.encrypt))
    after = target.child.cpu_seconds() if target.child else 0.0
    transactions = figure(r"transactions actually processed: (\d+)", done)
    if done.returncode or figure(r"failed transactions: (\d+)", done):
        raise BenchError(f"pgbench through {target.name} failed:\n{done.stdout}{done.stderr}")
    latencies = read_latencies(prefix)
    return Slice(int(transactions), figure(r"tps = ([\d.]+) \(without", done),
                 statistics.median_grouped(latencies, 1),
                 statistics.quantiles(latencies, n=100)[98],
                 (after - before) / transactions * 1e6)


def figure(pattern: str, done: subprocess.CompletedProcess) -> float:
    found = re.search(pattern, done.stdout)
    if not found:
        raise BenchError(f"pgbench did not report {pattern!r}:\n{done.stdout}{done.stderr}")
    return float(found.group(1))


def read_latencies(prefix) -> list:
    """In microseconds; pgbench logs whole ones. Removes the logs."""
    latencies = []
    for log in prefix.parent.glob(prefix.name + ".*"):
        latencies += [int(line.split()[2]) for line in log.read_text().splitlines()]
        log.unlink()
    if len(latencies) < 100:
        raise BenchError(f"only {len(latencies)} latencies were logged: use more --seconds")
    return latencies


def measures_of(load: Load) -> dict:
    title = load.title()
    return {
        "cpu": Measure(f"{title}: CPU per statement", "µs",
                       [Bound(1.0, "pgbouncer"), Bound(1.1, "bare_relay")]),
        "rate": Measure(f"{title}: throughput", "1/s", [Bound(1.0, "pgbouncer", at_most=False)]),
        "p50": Measure(f"{title}: p50 latency", "µs"),
        "p99": Measure(f"{title}: p99 latency", "µs"),
        "added p50": Measure(f"{title}: p50 latency added to direct", "µs",
                             [Bound(1.0, "pgbouncer")]),
        "added p99": Measure(f"{title}: p99 latency added to direct", "µs",
                             [Bound(1.0, "pgbouncer")])}


def add_round(measures: dict, slices: dict) -> None:
    direct = slices.get("direct")
    for name, result in slices.items():
        measures["rate"].add(name, result.per_second)
        measures["p50"].add(name, result.p50_us)
        measures["p99"].add(name, result.p99_us)
        if name == "direct":
            continue
        measures["cpu"].add(name, result.cpu_us)
        if direct:
            measures["added p50"].add(name, result.p50_us - direct.p50_us)
            measures["added p99"].add(name, result.p99_us - direct.p99_us)


def measure(workspace: Workspace, postgres: Postgres, options) -> list:
    found = []
    with running(workspace, options.targets, postgres.port) as targets:
        for mode in options.modes:
            for clients in options.clients:
                load = Load(mode, clients, options.seconds)
                measures = measures_of(load)
                for number in range(options.rounds):
                    options.progress(f"{load.title()}: round {number + 1} of {options.rounds}")
                    add_round(measures, {target.name: run_slice(workspace, postgres, target, load)
                                         for target in targets})
                found += measures.values()
    return found
