"""Runs with a binary that a sanitizer instruments: where it reports, and what is left out.

Every process of a test writes its reports to a directory of the run, whatever becomes of its log
and of its exit code. A report fails the test in which it appeared.
"""

import os
import pathlib
import tempfile

import harness

OPTIONS = ("ASAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS")

# What a sanitizer cannot add to, because other programs take the time, or what it gets wrong,
# because sizes and times are the subject. A file, or one test of it.
LEFT_OUT = (
    "test_alerts_e2e.py",
    "test_artifacts.py",
    "test_demo.py",
    "test_doubt.py::test_a_message_of_half_a_gigabyte_from_the_client",
    "test_doubt.py::test_a_row_of_a_gigabyte",
    "test_drivers.py",
    "test_observability.py::test_prometheus_finds_the_exemplar_of_a_trace",
    "test_observability.py::test_promtool_accepts_the_page_idle_and_loaded",
    "test_timing.py",
)


LEAKS = pathlib.Path(__file__).with_name("lsan.supp")
RACES = pathlib.Path(__file__).with_name("tsan.supp")


def is_left_out(node_id):
    test = node_id.split("[")[0].rpartition("/")[2]
    return any(test == name or test.startswith(f"{name}::") for name in LEFT_OUT)


class Reports:
    """The reports of all processes that are started with this environment from now on."""

    def __init__(self):
        self._directory = tempfile.TemporaryDirectory(prefix="pgsidecar-sanitizer-")
        for name in OPTIONS:
            given = os.environ.get(name)
            own = f"log_path={self._directory.name}/report"
            if name == "LSAN_OPTIONS":
                own += f":suppressions={LEAKS}:print_suppressions=0"
            if name == "TSAN_OPTIONS":
                own += f":suppressions={RACES}"
            os.environ[name] = f"{given}:{own}" if given else own

    def take(self):
        """The texts of the reports since the last call."""
        texts = []
        for path in sorted(pathlib.Path(self._directory.name).iterdir()):
            texts.append(path.read_text(errors="replace"))
            path.unlink()
        return texts


def reports():
    """Where the reports are, or None if nothing is instrumented."""
    return Reports() if harness.SANITIZED else None
