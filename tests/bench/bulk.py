"""Many bytes in one statement: a result of a million rows, COPY out and COPY in."""

import time
from dataclasses import dataclass
from typing import Callable

from pgclient import Session, message
from report import Bound, Measure
from servers import Postgres, Target, running
from workspace import BenchError, Workspace

MIB = 1 << 20
ROW_BYTES = 1024
GROWTH_MIB_MAX = 4.0
ROWS = "SELECT generate_series(1, {rows}), repeat('x', 64)"
COPY_OUT = "COPY (SELECT repeat('x', {width}) FROM generate_series(1, {rows})) TO STDOUT"
# Parsed and thrown away by the server: the disk has no part in it.
COPY_IN = "COPY sink FROM STDIN WHERE false"


def copy_chunk() -> bytes:
    """1 MiB of table data in CopyData messages of 64 rows."""
    line = b"x" * (ROW_BYTES - 1) + b"\n"
    return message(b"d", line * 64) * (MIB // ROW_BYTES // 64)


@dataclass
class Transfer:
    title: str
    move: Callable[[Session], int]  # Returns the bytes, the same through every target.


def compare(workspace: Workspace, postgres: Postgres, options, transfer: Transfer) -> list:
    title = transfer.title
    rate = Measure(f"{title}: throughput", "MiB/s", [Bound(1.0, "pgbouncer", at_most=False)])
    cpu = Measure(f"{title}: CPU per MiB", "µs")
    growth = Measure(f"{title}: memory growth", "MiB", [Bound(GROWTH_MIB_MAX)])
    sizes = set()
    with running(workspace, options.targets, postgres.port) as targets:
        resident = {target.name: target.child.resident_bytes()
                    for target in targets if target.child}
        for number in range(options.rounds):
            options.progress(f"{title}: round {number + 1} of {options.rounds}")
            for target in targets:
                size, seconds, cpu_seconds = timed(target, transfer.move)
                sizes.add(size)
                rate.add(target.name, size / MIB / seconds)
                if target.child:
                    cpu.add(target.name, cpu_seconds * 1e6 / (size / MIB))
        for target in targets:
            if target.child:
                grown = target.child.peak_resident_bytes() - resident[target.name]
                growth.add(target.name, grown / MIB)
    if len(sizes) != 1:
        raise BenchError(f"{title}: answers differ in size: {sorted(sizes)}")
    return [rate, cpu, growth]


def timed(target: Target, move) -> tuple:
    with Session(target.port) as session:
        cpu = target.child.cpu_seconds() if target.child else 0.0
        begin = time.monotonic()
        size = move(session)
        seconds = time.monotonic() - begin
        return size, seconds, (target.child.cpu_seconds() - cpu if target.child else 0.0)


def measure_rows(workspace: Workspace, postgres: Postgres, options) -> list:
    sql = ROWS.format(rows=options.rows)
    rows = Transfer(f"result of {options.rows:,} rows", lambda session: session.drain(sql))
    return compare(workspace, postgres, options, rows)


def measure_copy(workspace: Workspace, postgres: Postgres, options) -> list:
    with Session(postgres.port) as session:
        session.query("CREATE UNLOGGED TABLE IF NOT EXISTS sink (line text)")
    chunk, size = copy_chunk(), options.copy_mb
    sql = COPY_OUT.format(width=ROW_BYTES - 1, rows=size * MIB // ROW_BYTES)

    def copy_in(session: Session) -> int:
        session.copy_in(COPY_IN, chunk, size)
        return len(chunk) * size

    ways = [Transfer(f"COPY out of {size} MiB", lambda session: session.drain(sql)),
            Transfer(f"COPY in of {size} MiB", copy_in)]
    return [found for way in ways for found in compare(workspace, postgres, options, way)]
