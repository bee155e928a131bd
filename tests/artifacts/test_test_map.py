"""The tables of tests/integration/README.md name tests that exist."""

import pathlib
import re

DIRECTORY = pathlib.Path(__file__).resolve().parents[1] / "integration"
NAMED = re.compile(r"`(test_\w+|…)(?:::(test_\w+))?")


def named():
    """(file, test or nothing) of each mention; `…` is the file named before."""
    file = ""
    for found, test in NAMED.findall((DIRECTORY / "README.md").read_text()):
        file = file if found == "…" else found
        yield file, test


def test_every_named_test_exists():
    missing = []
    for file, test in named():
        path = DIRECTORY / f"{file}.py"
        if not path.exists() or test and f"def {test}(" not in path.read_text():
            missing.append(f"{file}::{test}")
    assert not missing
