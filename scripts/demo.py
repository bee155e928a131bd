"""The demo: starts private servers around the demo service, shows what happens, ends without trace.

Usage: demo.py BUILD_DIRECTORY [--redis] [SECONDS]. Started by demo.sh.
"""

import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = pathlib.Path(sys.argv[1])
sys.path.insert(0, str(ROOT / "tests/integration"))
os.environ.setdefault("PGSIDECAR", str(BUILD / "pgsidecar"))

import harness  # noqa: E402  (the tests' servers, found through the path above)
import stack as monitoring  # noqa: E402
from demo_traffic import Traffic  # noqa: E402

OPERATIONS = ROOT / "docker/demo-service/pgsidecar.yaml"
EXPECTED_ALERT = "PgSidecarSlowStatement"
SUMMARY_EVERY = 2  # seconds
OUTAGE = 5  # seconds


class Failed(Exception):
    """What the demo cannot go on without; the text is for the user."""


def port_or_free(port):
    """The usual port, or any other if somebody has it."""
    with harness.socket.socket() as probe:
        probe.setsockopt(harness.socket.SOL_SOCKET, harness.socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            return port
        except OSError:
            return harness.free_port()


def print_alert(receiver, alert):
    labels, annotations = alert["labels"], alert["annotations"]
    print(f"\n  ALERT {alert['status']}: {labels['alertname']} ({labels['severity']}, "
          f"to {receiver})\n    {annotations['summary']}\n    {annotations['description']}\n"
          f"    runbook   {annotations['runbook_url']}\n", flush=True)


def quantile(q, buckets):
    """The q-quantile of cumulative [(upper bound, count)], as Prometheus estimates it."""
    buckets = sorted(buckets)
    rank = q * buckets[-1][1] if buckets else 0
    if rank == 0:
        return 0.0
    low, below = 0.0, 0.0
    for bound, count in buckets:
        if count >= rank:
            return low if bound == float("inf") else low + (bound - low) * (rank - below) / (
                count - below)
        low, below = bound, count
    return low


def percentile(q, values):
    return sorted(values)[int(q * (len(values) - 1))] if values else 0.0


class DemoService:
    """The watched service: a connection string to port 6432, and named operations on port 9432."""

    def __init__(self, sidecar):
        self.port = port_or_free(8080)
        self.log_path = os.path.join(sidecar.directory, "demo-service.log")
        self.command = [str(BUILD / "docker/demo-service/demo-service"),
                        "--database", f"postgresql://postgres@{sidecar.host}:{sidecar.port}/postgres",
                        "--operations", f"{sidecar.host}:{sidecar.admin_port}",
                        "--listen", f"127.0.0.1:{self.port}"]
        self.process = None

    def start(self):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log)
        healthy = f"http://127.0.0.1:{self.port}/healthz"
        if not harness.eventually(lambda: self.process.poll() is not None
                                  or monitoring.answers(healthy), timeout=20):
            raise Failed("The demo service does not answer.")
        if self.process.poll() is not None:
            raise Failed(pathlib.Path(self.log_path).read_text())

    def destroy(self):
        if self.process:
            harness.stop_process(self.process)


class Demo:
    """All parts, in the order they start; they end in the opposite order."""

    def __init__(self, with_redis):
        self.with_redis, self.redis = with_redis, None
        self.parts = []
        self.cluster = self.sidecar = self.service = self.stack = self.traffic = None
        self.requests = self.failed_requests = 0
        self.killed = None

    def start(self):
        self.cluster = harness.Cluster()
        self.parts.append(("PostgreSQL", self.cluster))
        self.cluster.start()
        settings = {"PGSIDECAR_STATEMENTS_NAMES_FROM_COMMENTS": "action",
                    "PGSIDECAR_EXECUTOR_USER": "postgres", "PGSIDECAR_EXECUTOR_DATABASE": "postgres"}
        if self.with_redis:
            self.redis = monitoring.Redis()
            self.parts.append(("Redis", self.redis))
            self.redis.start()
            settings["PGSIDECAR_CACHE_REDIS_URL"] = self.redis.uri
        self.sidecar = harness.Sidecar(self.cluster.uri(), config=OPERATIONS.read_text(),
                                       environment=settings)
        self.sidecar.port, self.sidecar.admin_port = port_or_free(6432), port_or_free(9432)
        self.sidecar.listen = [f"127.0.0.1:{self.sidecar.port}"]
        self.parts.append(("pgsidecar", self.sidecar))
        self.sidecar.start()
        self.service = DemoService(self.sidecar)
        self.parts.append(("demo service", self.service))
        self.service.start()
        self.stack = monitoring.Stack(self.sidecar, print_alert, {
            "prometheus": port_or_free(9090), "alertmanager": port_or_free(9093)})
        self.parts += [("Prometheus", self.stack.prometheus),
                       ("Alertmanager", self.stack.alertmanager)]
        self.stack.start()
        self.traffic = Traffic("127.0.0.1", self.service.port)
        self.traffic.start()

    def stop(self):
        """Ends the clients first, so that nobody sees a server go."""
        if self.traffic:
            self.traffic.stop()
        for _, part in reversed(self.parts):
            part.destroy()
        if self.stack:
            self.stack.webhook.destroy()

    def check_alive(self):
        for name, part in self.parts:
            if part.process.poll() is not None and part is not self.killed:
                raise Failed(f"{name} ended by itself with exit code {part.process.returncode}.")

    def print_addresses(self):
        print(f"""
  users and servers  http://127.0.0.1:{self.service.port}/users/7   /users/7/servers   /servers?region=north
  PostgreSQL         {self.sidecar.host}:{self.sidecar.port} through pgsidecar, {self.cluster.host}:{self.cluster.port} direct (user postgres)
  pgsidecar          http://127.0.0.1:{self.sidecar.admin_port}/ and /metrics, /api/v1/operations, /api/v1/cache
  Prometheus         {self.stack.prometheus.url}/alerts
  Alertmanager       {self.stack.alertmanager.url}

  A slow query comes every 20 s; its alert a few seconds later. Ctrl-C ends.
""", flush=True)

    def summary(self, seconds, before, now):
        """One line: what the clients saw, what pgsidecar saw, what fires."""
        durations, failed = self.traffic.take()
        self.requests += len(durations)
        self.failed_requests += failed
        difference = now.since(before)
        count = difference.sum("pgsidecar_query_duration_seconds_count")
        bounds = difference.by("le", "pgsidecar_query_duration_seconds_bucket")
        p95 = quantile(0.95, [(float(bound), number) for bound, number in bounds.items()])
        states = now.by("state", "pgsidecar_cache_state")
        state = next((name for name, value in states.items() if value), "")
        lookups = difference.sum("pgsidecar_cache_lookups_total")
        hits = difference.sum("pgsidecar_cache_hits_total") / lookups if lookups else 0
        firing = sorted({found["alertname"] for found in self.stack.prometheus.firing()})
        return (f"{len(durations) / seconds:5.0f} req/s  p95 {percentile(0.95, durations) * 1e3:6.1f} ms"
                f"  | {count / seconds:5.0f} statements/s  p95 {p95 * 1e3:6.2f} ms"
                f"  errors {now.sum('pgsidecar_query_errors_total'):.0f}"
                f"  slow {now.sum('pgsidecar_slow_queries_total'):.0f}"
                f"  | cache hits {hits:4.0%} ({state})"
                f"  | firing: {', '.join(firing) or '-'}")

    def run(self, seconds):
        """Shows the summary until `seconds` are over; None means for ever."""
        end = time.monotonic() + seconds if seconds else float("inf")
        outage = end - seconds / 2 if self.redis and seconds else float("inf")
        before, then = self.sidecar.metrics(), time.monotonic()
        while time.monotonic() < end:
            time.sleep(SUMMARY_EVERY)
            if time.monotonic() >= outage:
                outage = self.redis_outage(outage)
            self.check_alive()
            now, moment = self.sidecar.metrics(), time.monotonic()
            print(f"  {self.summary(moment - then, before, now)}", flush=True)
            before, then = now, moment

    def redis_outage(self, began):
        """Kills Redis, or starts it again after a while. When to be called again."""
        if self.killed is None:
            harness.stop_process(self.redis.process, signal.SIGKILL)
            self.killed = self.redis
            print("\n  Redis was killed: answers come from memory.\n", flush=True)
            return began + OUTAGE
        self.redis.start()
        self.killed = None
        print("\n  Redis is back, and begins empty.\n", flush=True)
        return float("inf")

    def verdict(self):
        """What is missing at the end of a timed run; nothing if all is well."""
        if not self.requests or self.failed_requests:
            return f"{self.requests} requests were answered and {self.failed_requests} failed."
        if not self.stack.webhook.alerts(EXPECTED_ALERT):
            return f"{EXPECTED_ALERT} did not arrive at the webhook."
        if not self.sidecar.metrics().sum("pgsidecar_cache_hits_total"):
            return "No answer came from the cache."
        return None


def main():
    arguments = [argument for argument in sys.argv[2:] if argument != "--redis"]
    seconds = int(arguments[0]) if arguments else None

    def interrupted(_signal, _frame):
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupted)
    demo = Demo(with_redis="--redis" in sys.argv)
    # All parts make their directories in this one, so that an early Ctrl-C leaves none behind.
    own = tempfile.TemporaryDirectory(prefix="pgsidecar-demo-", ignore_cleanup_errors=True)
    os.chmod(own.name, 0o755)
    tempfile.tempdir = own.name
    try:
        demo.start()
        demo.print_addresses()
        demo.run(seconds)
        problem = demo.verdict()
    except KeyboardInterrupt:
        problem = None
    except (Failed, RuntimeError, OSError, subprocess.SubprocessError) as error:
        problem = str(error)
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        demo.stop()
        own.cleanup()
    print(f"  The demo failed: {problem}" if problem else "  The demo ended; nothing is left running.")
    return 1 if problem else 0


if __name__ == "__main__":
    sys.exit(main())
