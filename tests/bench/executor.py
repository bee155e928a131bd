"""Executor against bare libpqxx, paired; prints what testing.md asks for, with the targets."""

import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
import harness

ADDED_MAX_US = 2.0
RATIO_MIN = 0.98
CACHED_MIN = 10


def main():
    program = sys.argv[1]
    rounds, calls = (sys.argv[2:] + ["9", "20000"][len(sys.argv) - 2:])[:2]
    cluster = harness.Cluster().start()
    try:
        uri = f"host={cluster.directory} port={cluster.port} user=postgres dbname=postgres"
        met = True
        for threads in ("1", "8"):
            done = subprocess.run([program, uri, rounds, calls, threads], check=True,
                                  capture_output=True, text=True)
            result = json.loads(done.stdout)
            good = (result["added_cpu_us"] <= ADDED_MAX_US
                    and result["throughput_ratio"] >= RATIO_MIN
                    and result["cached_ratio"] >= CACHED_MIN)
            met &= good
            print(f"threads {threads}: bare {result['bare_cpu_us']:.1f} us, "
                  f"executor {result['our_cpu_us']:.1f} us, added {result['added_cpu_us']:.2f} us "
                  f"(<= {ADDED_MAX_US}), throughput {result['throughput_ratio']:.3f} "
                  f"(>= {RATIO_MIN}), cached {result['cached_cpu_us']:.2f} us, "
                  f"{result['cached_ratio']:.1f} x (>= {CACHED_MIN}): {'met' if good else 'NOT met'}", flush=True)
        return 0 if met else 1
    finally:
        cluster.destroy()


sys.exit(main())
