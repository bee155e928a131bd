"""What was measured, the targets it is held against, and the tables that show both."""

import datetime
import os
import re
import statistics
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional

from servers import SOURCE, TITLES, versions
from workspace import BenchError

OURS = "pgsidecar"
DOCUMENT = SOURCE / "docs/performance/optimization.md"
BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"


@dataclass
class Bound:
    """A target: at most (or at least) `limit` times the peer; without a peer, `limit` itself."""
    limit: float
    peer: Optional[str] = None
    at_most: bool = True

    def holds(self, value: float) -> bool:
        return value <= self.limit if self.at_most else value >= self.limit


@dataclass
class Measure:
    """One quantity, one value per round and target. Rounds of one index were taken side by side."""
    what: str
    unit: str
    bounds: list = field(default_factory=list)
    rounds: dict = field(default_factory=dict)

    def add(self, target: str, value: float) -> None:
        self.rounds.setdefault(target, []).append(value)

    def median(self, target: str) -> Optional[float]:
        values = self.rounds.get(target)
        return statistics.median(values) if values else None

    def ratios(self, peer: str) -> list:
        """Of each round. Empty if one of the peer's values is zero or less, as a difference can
        be by noise: then only the medians can be compared."""
        theirs = self.rounds[peer]
        if min(theirs) <= 0:
            return []
        return [ours / their for ours, their in zip(self.rounds[OURS], theirs)]


def number(value: Optional[float], unit: str = "") -> str:
    if value is None:
        return "–"
    text = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.2f}" if abs(value) < 10 else \
        f"{value:.1f}"
    return f"{text} {unit}".rstrip()


def target_row(measure: Measure, bound: Bound) -> list:
    ours = measure.median(OURS)
    sign = "≤" if bound.at_most else "≥"
    if bound.peer is None:
        return [measure.what, number(ours, measure.unit), "–", "–",
                f"{sign} {number(bound.limit, measure.unit)}", verdict(bound.holds(ours))]
    title = TITLES.get(bound.peer, bound.peer)
    theirs = measure.median(bound.peer)
    ratios = measure.ratios(bound.peer)
    if ratios:
        middle = statistics.median(ratios)
        ratio, met = f"{middle:.2f} ({min(ratios):.2f}–{max(ratios):.2f})", bound.holds(middle)
    else:
        ratio, met = "–", ours <= theirs if bound.at_most else ours >= theirs
    return [measure.what, number(ours, measure.unit), f"{number(theirs, measure.unit)} {title}",
            ratio, f"{sign} {bound.limit:.2f} × {title}", verdict(met)]


def verdict(met: bool) -> str:
    return "met" if met else "not met"


def target_table(measures: list) -> list:
    rows = [target_row(measure, bound) for measure in measures for bound in measure.bounds
            if OURS in measure.rounds and (bound.peer is None or bound.peer in measure.rounds)]
    return [["what", "ours", "peer", "ratio (range)", "target", "met"], *rows] if rows else []


def median_table(measures: list, names: list) -> list:
    rows = [[measure.what, measure.unit, *(number(measure.median(name)) for name in names)]
            for measure in measures if any(name in measure.rounds for name in names)]
    return [["median of the rounds", "unit", *(TITLES[name] for name in names)], *rows]


def aligned(table: list) -> str:
    """As text for a terminal, which is also valid Markdown."""
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |"
             for row in table]
    lines.insert(1, "| " + " | ".join("-" * width for width in widths) + " |")
    return "\n".join(lines)


def machine() -> str:
    info = Path("/proc/cpuinfo").read_text()
    model = re.search(r"model name\s*:\s*(.*)", info)
    kernel = re.match(r"[0-9.]+", os.uname().release).group().rstrip(".")
    return f"{os.cpu_count()} cores of {model.group(1) if model else os.uname().machine}, " \
           f"Linux {kernel}"


def render(measures: list, names: list, command: str, load: float) -> str:
    """`load` is the machine's load average before the run: other people's work."""
    parts = [f"Measured {datetime.date.today().isoformat()} on {machine()}, load average "
             f"{load:.1f} before the run; {', '.join(versions(names))}. Repeat with:",
             f"    {command}"]
    targets = target_table(measures)
    if targets:
        parts.append(aligned(targets))
    parts.append(aligned(median_table(measures, names)))
    return "\n\n".join(parts)


def write_document(text: str) -> None:
    document = DOCUMENT.read_text()
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise BenchError(f"{DOCUMENT.name} has no {BEGIN} ... {END}")
    DOCUMENT.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")
