"""Runs the benchmarks and prints one table: what, ours, peer, ratio, target, met or not.

Exit code 0 whatever was met, 1 if something failed, 2 for wrong usage. Timings never decide.
"""

import argparse
import os
import sys

import api
import bulk
import footprint
import library
import report
import scrape
import servers
import statements
import tls
from pgclient import ProtocolError
from workspace import BenchError, Workspace

SCALE = 10
SECTIONS = {"statements": statements.measure, "rows": bulk.measure_rows,
            "copy": bulk.measure_copy, "idle": footprint.measure_idle,
            "start": footprint.measure_start, "scrape": scrape.measure,
            "tls": tls.measure, "library": library.measure, "api": api.measure}
NEEDS_TABLES = {"statements", "scrape", "tls"}
QUICK = {"seconds": 1, "rounds": 2, "rows": 200_000, "copy_mb": 64, "idle_pairs": 500}
FULL = {"seconds": 3, "rounds": 5, "rows": 1_000_000, "copy_mb": 1024, "idle_pairs": 5000}


def choices(allowed):
    def parse(text: str) -> list:
        names = text.split(",")
        unknown = [name for name in names if name not in allowed]
        if unknown:
            raise argparse.ArgumentTypeError(
                f"{unknown[0]!r} is not one of {', '.join(allowed)}")
        return names
    return parse


def positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return value


def parse_options(arguments: list) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests/bench/run.sh", description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=positive, help="length of a slice of pgbench (3)")
    parser.add_argument("--rounds", type=positive, help="turns of all targets (5)")
    parser.add_argument("--clients", type=lambda text: [positive(part) for part in text.split(",")],
                        default=[1, 8, 64], help="default 1,8,64")
    parser.add_argument("--modes", type=choices(["simple", "extended", "prepared"]),
                        default=["simple", "prepared"], help="default simple,prepared")
    parser.add_argument("--only", type=choices(SECTIONS), default=list(SECTIONS),
                        help=f"some of {','.join(SECTIONS)}")
    parser.add_argument("--targets", type=choices(servers.TITLES), default=list(servers.TITLES),
                        help=f"some of {','.join(servers.TITLES)}")
    parser.add_argument("--rows", type=positive, help="of the large result (1000000)")
    parser.add_argument("--copy-mb", type=positive, help="of each COPY (1024)")
    parser.add_argument("--idle-pairs", type=positive, help="idle connections (5000)")
    parser.add_argument("--quick", action="store_true",
                        help="small sizes and two rounds: shows that it runs, not how fast")
    parser.add_argument("--markdown", action="store_true",
                        help=f"write the tables into {report.DOCUMENT.name}")
    options = parser.parse_args(arguments)
    for name, value in (QUICK if options.quick else FULL).items():
        if getattr(options, name) is None:
            setattr(options, name, value)
    return options


def measure_all(options: argparse.Namespace) -> list:
    measures = []
    for name in options.targets:
        if name != "direct":
            servers.program(name)  # A missing one is better known now than in ten minutes.
    with Workspace() as workspace:
        scale = SCALE if NEEDS_TABLES & set(options.only) else 0
        postgres = servers.start_postgres(workspace, scale)
        for section in options.only:
            measures += SECTIONS[section](workspace, postgres, options)
    return measures


def main(arguments: list) -> int:
    options = parse_options(arguments)
    load = os.getloadavg()[0]
    options.progress = lambda text: print(text, file=sys.stderr, flush=True)
    try:
        measures = measure_all(options)
        repeat = [argument for argument in arguments if argument != "--markdown"]
        command = " ".join(["tests/bench/run.sh", *repeat])
        text = report.render(measures, options.targets, command, load)
        print(text)
        if options.markdown:
            report.write_document(text)
    except (BenchError, ProtocolError, OSError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt as stop:
        print(f"bench: stopped by {stop}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
