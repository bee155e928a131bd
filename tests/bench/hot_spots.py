"""Prints the symbols in which a relay spends its CPU while pgbench -S runs through it.

Samples with perf; where perf may not sample, counts instructions with callgrind (pgsidecar and
bare_relay only, much slower, without the kernel's share).
"""

import argparse
import signal
import subprocess
import sys

import servers
from pgclient import ProtocolError, answers
from run import SCALE
from statements import Load, run_slice
from workspace import BenchError, Workspace, find_program, wait_until

SAMPLES_PER_SECOND = "997"  # A prime: in step with no timer.


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests/bench/profile.sh",
                                     description=__doc__.split("\n")[0])
    names = [name for name in servers.TITLES if name != "direct"]
    parser.add_argument("--target", choices=names, default="pgsidecar")
    parser.add_argument("--mode", choices=["simple", "extended", "prepared"], default="simple")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--lines", type=int, default=40, help="how many symbols (40)")
    parser.add_argument("--callgrind", action="store_true", help="count instructions, no sampling")
    return parser.parse_args()


def output_of(argv: list, lines: int) -> str:
    done = subprocess.run([str(part) for part in argv], capture_output=True, text=True)
    if done.returncode:
        raise BenchError(f"{argv[0]} failed:\n{done.stderr}")
    kept = [line.rstrip() for line in done.stdout.splitlines()
            if line.strip() and not line.startswith("#")]
    return "\n".join(kept[:lines])


def can_sample(workspace: Workspace) -> bool:
    try:
        perf = find_program("perf", "linux-perf")
    except BenchError:
        return False
    trial = [perf, "record", "-q", "-o", workspace.directory / "trial.perf", "true"]
    return subprocess.run(trial, capture_output=True).returncode == 0


def sample(workspace: Workspace, postgres: servers.Postgres, options) -> str:
    data = workspace.directory / "perf.data"
    perf = find_program("perf", "linux-perf")
    load = Load(options.mode, options.clients, options.seconds)
    with servers.running(workspace, [options.target], postgres.port) as (target,):
        recorder = workspace.start("perf", [perf, "record", "-q", "-F", SAMPLES_PER_SECOND, "-o",
                                            data, "-p", target.child.process.pid])
        result = run_slice(workspace, postgres, target, load)
        recorder.stop(signal.SIGINT)
    print(f"{options.target}, {load.title()}: {result.per_second:,.0f} statements/s, "
          f"{result.cpu_us:.1f} µs CPU each")
    return output_of([perf, "report", "--stdio", "-q", "-F", "overhead,dso,symbol", "-i", data],
                     options.lines)


def count(workspace: Workspace, postgres: servers.Postgres, options) -> str:
    data = workspace.directory / "callgrind.out"
    valgrind = find_program("valgrind", "valgrind")
    wrap = (valgrind, "--tool=callgrind", f"--callgrind-out-file={data}")
    target = servers.launch(workspace, options.target, postgres.port, wrap)
    wait_until(lambda: answers(target.port), target.child)
    load = Load(options.mode, options.clients, options.seconds)
    result = run_slice(workspace, postgres, target, load)
    workspace.stop(target.child)
    print(f"{options.target}, {load.title()}: {result.transactions:,} statements, in callgrind")
    return output_of([find_program("callgrind_annotate", "valgrind"), data], options.lines)


def main() -> int:
    options = parse_options()
    try:
        servers.program(options.target)
        with Workspace() as workspace:
            postgres = servers.start_postgres(workspace, SCALE)
            sampled = not options.callgrind and can_sample(workspace)
            print((sample if sampled else count)(workspace, postgres, options))
    except (BenchError, ProtocolError, OSError) as error:
        print(f"profile: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt as stop:
        print(f"profile: stopped by {stop}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
