"""Soak test: mixed load on two sidecars, one of them behind a broken network; see soak.sh.

Exit code 0 if everything held, 1 if not, 2 for wrong usage.
"""

import argparse
import collections
import contextlib
import multiprocessing
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))

import actions  # noqa: E402
import harness  # noqa: E402
import soak_clean  # noqa: E402
import soak_faulty  # noqa: E402
from books import Books  # noqa: E402
from fault_proxy import FaultProxy  # noqa: E402
from scrape import Scrape  # noqa: E402
from workspace import Workspace  # noqa: E402

BENCH = "soak_bench"
REPORT = re.compile(r"ERROR: AddressSanitizer|ERROR: LeakSanitizer|WARNING: ThreadSanitizer"
                    r"|: runtime error: ")
SANITIZERS = {"ASAN_OPTIONS": "exitcode=99:detect_stack_use_after_return=1",
              "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
              "TSAN_OPTIONS": "exitcode=99:second_deadlock_stack=1"}
SETTINGS = {"PGSIDECAR_WIRE_LOGIN_TIMEOUT": "5s", "PGSIDECAR_WIRE_WRITE_STALL_TIMEOUT": "5s",
            "PGSIDECAR_DRAIN_ACCEPT_FOR": "0s", "PGSIDECAR_WIRE_MAX_CLIENTS": "2000"}
GROWTH_KIB = 4096            # resident memory may rise by this much after the warm-up
GROWTH_KIB_PER_MINUTE = 128  # and this much more per minute


def parse_options(arguments):
    parser = argparse.ArgumentParser(prog="tests/bench/soak.sh",
                                     description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--sanitize", choices=["address", "thread"], default="")
    parser.add_argument("--threads", type=int, default=0, help="wire.threads (its default)")
    parser.add_argument("--workers", type=int, default=3, help="processes without faults (3)")
    parser.add_argument("--faulty", type=int, default=6, help="clients with faults per leg (6)")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    options = parser.parse_args(arguments)
    if options.minutes <= 0:
        parser.error("--minutes must be more than 0")
    return options


class Watched:
    """A sidecar, scraped every second. `samples` holds (seconds, resident bytes, descriptors)."""

    def __init__(self, name, upstream, environment):
        self.name, self.sidecar = name, harness.Sidecar(upstream, environment=environment)
        self.samples, self.problems = [], []
        self.page = Scrape()
        self.stopping = threading.Event()

    def start(self):
        self.sidecar.start()
        self.begin = time.monotonic()
        self.fds_before = self.sidecar.fds()
        self.before = self.sidecar.settled()
        self.thread = threading.Thread(target=self.scrape, daemon=True)
        self.thread.start()

    def scrape(self):
        while not self.stopping.wait(1.0):
            try:
                self.page = self.sidecar.metrics()
                self.samples.append((time.monotonic() - self.begin, self.resident(),
                                     self.sidecar.fds()))
            except (OSError, AssertionError, ValueError) as problem:
                self.problems.append(f"{self.name}: scrape: {problem}")
                if self.sidecar.exited():
                    return

    def resident(self):
        with open(f"/proc/{self.sidecar.pid}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def statements(self):
        return self.page.sum("pgsidecar_query_duration_seconds_count")

    def growth(self):
        """(KiB per minute, minutes) by least squares over the last two thirds of the run."""
        points = self.samples[len(self.samples) // 3:]
        if len(points) < 10:
            return 0.0, 0.0
        mean_x = sum(x for x, _, _ in points) / len(points)
        mean_y = sum(y for _, y, _ in points) / len(points)
        spread = sum((x - mean_x) ** 2 for x, _, _ in points)
        slope = sum((x - mean_x) * (y - mean_y) for x, y, _ in points) / spread
        return slope * 60 / 1024, (points[-1][0] - points[0][0]) / 60


class Checks:
    """Collects the closing table."""

    def __init__(self):
        self.rows, self.failed = [], 0

    def add(self, what, holds, found=""):
        self.rows.append((what, "ok" if holds else "FAILED", str(found)))
        self.failed += not holds

    def print(self):
        width = max(len(row[0]) for row in self.rows)
        for what, verdict, found in self.rows:
            print(f"{what:<{width}}  {verdict:<6}  {found}")


def of_database(page, name):
    found = Scrape()
    found.samples = {key: value for key, value in page.samples.items()
                     if ("datname", name) in key[1]}
    return found


def said(books):
    """What the books say, in the words in which the clients count."""
    totals = {**books.successes, **books.errors, **books.copies, "rows": books.rows,
              "affected": books.affected, "aborted": books.aborted, "blocks": books.blocks,
              "rollbacks": books.rollbacks}
    return {key: value for key, value in totals.items() if value}


class Bench(threading.Thread):
    """pgbench, again and again: the fast client. Counts transactions of five statements."""

    SCRIPT = "SELECT 1;\nSELECT 2;\n\\startpipeline\nSELECT 3;\nSELECT 4;\nSELECT 5;\n\\endpipeline\n"

    def __init__(self, port, directory):
        super().__init__(daemon=True)
        self.port, self.script = port, directory / "soak.sql"
        self.script.write_text(self.SCRIPT)
        self.transactions, self.failures = 0, []
        self.stopping = threading.Event()

    def run(self):
        while not self.stopping.is_set() and len(self.failures) < 5:
            done = subprocess.run(
                [harness.postgres_bin("pgbench"), "-h", "127.0.0.1", "-p", str(self.port), "-U",
                 "postgres", "-n", "-c", "4", "-T", "3", "-R", "800", "-M", "extended", "-f",
                 self.script, f"dbname={BENCH} sslmode=disable"],
                capture_output=True, text=True, check=False)
            counted = re.search(r"actually processed: (\d+)", done.stdout)
            if done.returncode or not counted:
                self.failures.append(f"pgbench: {done.stderr[-500:]}")
            else:
                self.transactions += int(counted[1])


class Soak:
    def __init__(self, options, workspace):
        self.options, self.workspace = options, workspace
        self.seconds = options.minutes * 60
        self.checks = Checks()
        self.counted, self.failures = collections.Counter(), []

    def run(self):
        with contextlib.ExitStack() as stack:
            self.cluster = harness.Cluster()
            stack.callback(self.cluster.destroy)
            self.cluster.start()
            for database in (soak_clean.DATABASE, soak_faulty.DATABASE, BENCH):
                self.cluster.sql(f"CREATE DATABASE {database}")
                self.cluster.sql(actions.TABLE, database)
            environment = {**SETTINGS, **(SANITIZERS if self.options.sanitize else {})}
            if self.options.threads:
                environment["PGSIDECAR_WIRE_THREADS"] = str(self.options.threads)
            server_leg = stack.enter_context(FaultProxy(self.cluster.port))
            self.near = Watched("near", self.cluster.uri() + "?sslmode=disable", environment)
            self.far = Watched("far", f"postgresql://127.0.0.1:{server_leg.port}?sslmode=disable",
                               environment)
            for watched in (self.near, self.far):
                stack.callback(watched.sidecar.destroy)
                watched.start()
            client_leg = stack.enter_context(FaultProxy(self.near.sidecar.port))
            self.load(server_leg, client_leg)
            for proxy in (client_leg, server_leg):
                proxy.drop()
            self.check()
        self.checks.print()
        return 1 if self.checks.failed else 0

    def load(self, server_leg, client_leg):
        chooser = random.Random(self.options.seed)
        context = multiprocessing.get_context("spawn")
        queue = context.Queue()
        workers = [context.Process(target=soak_clean.work, daemon=True, args=(
            self.near.sidecar.port, chooser.random(), self.seconds, queue))
            for _ in range(self.options.workers)]
        self.bench = Bench(self.near.sidecar.port, self.workspace.directory)
        self.faulty = [soak_faulty.Troublemaker(proxy, port, f"{leg}{number}", chooser.random())
                       for leg, proxy, port in (("c", client_leg, client_leg.port),
                                                ("s", server_leg, self.far.sidecar.port))
                       for number in range(self.options.faulty)]
        self.outages = soak_faulty.Outages(server_leg, chooser.random())
        threads = [self.bench, self.outages, *self.faulty]
        for worker in [*workers, *threads]:
            worker.start()
        self.reloads = 0
        self.watch(workers)
        for thread in threads:
            thread.stopping.set()
        for worker in workers:
            counted, failures = queue.get(timeout=120)
            self.counted.update(counted)
            self.failures += failures
        for worker in [*workers, *threads]:
            worker.join(60)
        self.failures += self.bench.failures

    def watch(self, workers):
        begin = time.monotonic()
        last = 0.0
        while time.monotonic() - begin < self.seconds:
            time.sleep(min(10.0, max(0.1, self.seconds - (time.monotonic() - begin))))
            total = self.near.statements() + self.far.statements()
            rate = (total - last) / 10
            last = total
            print(f"{time.monotonic() - begin:6.0f} s  {total:10.0f} statements {rate:7.0f}/s  "
                  f"faults {sum(one.faults for one in self.faulty):6d}  "
                  f"reloads {self.reloads:3d}  " + "  ".join(
                      f"{one.name}: {one.samples[-1][1] >> 10} KiB {one.samples[-1][2]} fds"
                      for one in (self.near, self.far) if one.samples),
                  file=sys.stderr, flush=True)
            self.cluster.sql("TRUNCATE truth", soak_clean.DATABASE)
            self.cluster.sql("TRUNCATE truth", soak_faulty.DATABASE)
            if any(one.sidecar.exited() for one in (self.near, self.far)) or \
                    not any(worker.is_alive() for worker in workers):
                break
            if int((time.monotonic() - begin) / 10) % 3 == 0:
                for one in (self.near, self.far):
                    one.sidecar.process.send_signal(signal.SIGHUP)
                self.reloads += 1

    def check(self):
        checks = self.checks
        checks.add("clients without faults saw none", not self.failures, "; ".join(self.failures))
        for watched in (self.near, self.far):
            if not watched.sidecar.exited():
                self.check_books(watched)
            self.check_rest(watched)
        checks.rows.append(("seed", "", self.options.seed))

    def check_books(self, watched):
        name, sidecar, checks = watched.name, watched.sidecar, self.checks
        harness.eventually(lambda: sidecar.fds() <= watched.fds_before, timeout=20)
        page = sidecar.settled()
        counted = page.since(watched.before)
        try:
            Books(counted).check_identities()
            checks.add(f"{name}: durations, successes and errors agree", True)
        except AssertionError as problem:
            checks.add(f"{name}: durations, successes and errors agree", False, problem)
        if watched is self.near:
            clean = said(Books(of_database(counted, soak_clean.DATABASE)))
            wrong = {key: (clean.get(key, 0), self.counted[key])
                     for key in {*clean, *self.counted} if clean.get(key, 0) != self.counted[key]}
            checks.add("counts of clients without faults are exact", not wrong,
                       wrong or f"{sum(self.counted.values()):.0f} counted")
            bench = Books(of_database(counted, BENCH)).successes.get("SELECT", 0)
            checks.add("counts of pgbench are exact", bench == 5 * self.bench.transactions,
                       f"{bench:.0f} of {5 * self.bench.transactions}")
        self.check_faulty(name, counted)
        for gauge in ("client_connections", "client_handshakes_in_progress", "queries_in_flight",
                      "relay_buffered_bytes", "upstream_connections", "prepared_statements",
                      "running_slow_queries", "oldest_transaction_start_timestamp_seconds"):
            value = page.sum(f"pgsidecar_{gauge}")
            if value:
                checks.add(f"{name}: {gauge} is back at 0", False, value)
        # A scrape or a probe may hold one for a moment; what stays is a leak.
        back = harness.eventually(lambda: sidecar.fds() <= watched.fds_before, timeout=20)
        checks.add(f"{name}: descriptors are back", back,
                   f"{sidecar.fds()} of {watched.fds_before}")
        opaque = counted.by("reason", "pgsidecar_opaque_sessions_total")
        checks.add(f"{name}: no session lost its decoding", not opaque, opaque or "")

    def check_faulty(self, name, counted):
        """With faults only bounds are known: what was answered was counted, and nothing that was
        not sent; a reply without its ReadyForQuery is counted as a success and an error."""
        mine = [one for one in self.faulty if one.name.startswith("c" if name == "near" else "s")]
        books = Books(of_database(counted, soak_faulty.DATABASE))
        ended = books.statements + sum(books.copies.values()) + books.aborted + books.abandoned
        low = sum(one.answered for one in mine)
        high = sum(one.attempted + one.faults for one in mine)
        self.checks.add(f"{name}: counts with faults are within their bounds",
                        low <= ended <= high, f"{low} <= {ended:.0f} <= {high}, "
                        f"{sum(one.faults for one in mine)} faults")

    def check_rest(self, watched):
        name, sidecar, checks = watched.name, watched.sidecar, self.checks
        checks.add(f"{name}: alive", sidecar.alive())
        checks.add(f"{name}: every scrape answered", not watched.problems,
                   "; ".join(watched.problems[:3]) or len(watched.samples))
        slope, minutes = watched.growth()
        allowed = GROWTH_KIB + GROWTH_KIB_PER_MINUTE * minutes
        checks.add(f"{name}: memory is flat", bool(self.options.sanitize)
                   or slope * minutes <= allowed, f"{slope:+.0f} KiB/min over {minutes:.1f} min")
        code = sidecar.stop()
        checks.add(f"{name}: ends with 0", code == 0, code)
        reports = REPORT.findall(sidecar.log())
        checks.add(f"{name}: no sanitizer report", not reports, len(reports) or "")
        if reports or code != 0:
            print(sidecar.log()[-20000:], file=sys.stderr)


def main(arguments):
    options = parse_options(arguments)
    print(f"soak: {options.minutes:g} minutes, seed {options.seed}", file=sys.stderr, flush=True)
    with Workspace() as workspace:
        try:
            return Soak(options, workspace).run()
        except KeyboardInterrupt as stop:
            print(f"soak: stopped by {stop}", file=sys.stderr)
            return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
