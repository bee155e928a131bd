"""Runs with a sanitizer: each report fails one test, and what is left out exists."""

import os
import pathlib
import sys

import pytest

INTEGRATION = pathlib.Path(__file__).resolve().parents[1] / "integration"
sys.path.insert(0, str(INTEGRATION))

import sanitizer  # noqa: E402


@pytest.fixture
def environment(monkeypatch):
    for name in sanitizer.OPTIONS:
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("TSAN_OPTIONS", "history_size=4")
    return monkeypatch


def test_a_report_is_taken_once(environment):
    reports = sanitizer.Reports()
    prefix = os.environ["ASAN_OPTIONS"].removeprefix("log_path=")
    assert os.environ["TSAN_OPTIONS"] == (
        f"history_size=4:log_path={prefix}:suppressions={sanitizer.RACES}")
    assert reports.take() == []
    pathlib.Path(f"{prefix}.4711").write_text("ERROR: LeakSanitizer")
    assert reports.take() == ["ERROR: LeakSanitizer"]
    assert reports.take() == []


@pytest.mark.parametrize("name", sanitizer.LEFT_OUT)
def test_what_is_left_out_exists(name):
    file, _, test = name.partition("::")
    text = (INTEGRATION / file).read_text()
    assert not test or f"\ndef {test}(" in text
    assert sanitizer.is_left_out(f"tests/integration/{file}::{test or 'test_any'}[some-4]")


def test_the_rest_is_run():
    assert not sanitizer.is_left_out("tests/integration/test_doubt.py::test_a_row[a/b]")
    assert not sanitizer.is_left_out("tests/integration/test_truth.py::test_demo.py")
