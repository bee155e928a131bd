"""The closing line of scripts/test.sh counts every test once, and a crash as a failure."""

import pathlib
import subprocess
import sys

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts/count_results.py"

GOOGLETEST = """<testsuites><testsuite name="A">
<testcase name="Passes" classname="A" status="run" result="completed"/>
<testcase name="Fails" classname="A" status="run" result="completed"><failure message="no"/></testcase>
<testcase name="Skips" classname="A" status="run" result="skipped"><skipped/></testcase>
<testcase name="DISABLED_Sleeps" classname="A" status="notrun" result="suppressed"/>
</testsuite></testsuites>"""
PYTEST = """<testsuites><testsuite name="pytest">
<testcase classname="a" name="passes"/><testcase classname="a" name="breaks"><error/></testcase>
<testcase classname="a" name="skips"><skipped/></testcase></testsuite></testsuites>"""
PASSES = '<testsuite><testcase classname="c" name="passes" status="run"/></testsuite>'


def fill(directory, **programs):
    directory.mkdir(exist_ok=True)
    for name, (exit_code, xml) in programs.items():
        (directory / f"{name}.status").write_text(f"{exit_code}\n")
        if xml:
            (directory / f"{name}.xml").write_text(xml)


def closing(*directories):
    done = subprocess.run([sys.executable, str(SCRIPT), *map(str, directories)], text=True,
                          check=False, stdout=subprocess.PIPE)
    return done.returncode, done.stdout.splitlines()[-1]


def count(directory, **programs):
    fill(directory, **programs)
    return closing(directory)


def test_adds_up_every_format(tmp_path):
    found = count(tmp_path, unit=(1, GOOGLETEST), servers=(1, PYTEST), replay=(0, PASSES))
    assert found == (1, "3 passed, 2 failed")


def test_all_passed(tmp_path):
    assert count(tmp_path, replay=(0, PASSES)) == (0, "1 passed, 0 failed")


def test_a_crash_is_a_failure(tmp_path):
    found = count(tmp_path, unit=(139, None), cut=(139, PYTEST[:60]), late=(139, PASSES))
    assert found == (1, "1 passed, 3 failed")


def test_nothing_run_is_no_success(tmp_path):
    assert count(tmp_path) == (1, "0 passed, 1 failed")
    assert closing() == (1, "0 passed, 0 failed")


def test_sums_all_runs(tmp_path):
    fill(tmp_path / "release", unit=(0, PASSES), servers=(0, PASSES))
    fill(tmp_path / "asan", unit=(1, GOOGLETEST))
    assert closing(tmp_path / "release", tmp_path / "asan") == (1, "3 passed, 1 failed")
    assert closing(tmp_path / "release", tmp_path / "tsan") == (1, "2 passed, 1 failed")


REPORTED = '<testcase classname="a" name="races"><failure>WARNING: ThreadSanitizer</failure></testcase>'


def test_what_passes_alone_counts_as_passed_and_is_named(tmp_path):
    fill(tmp_path, servers=(1, PYTEST))
    (tmp_path / "servers.again.xml").write_text(
        '<testsuite><testcase classname="a" name="breaks"/></testsuite>')
    done = subprocess.run([sys.executable, str(SCRIPT), str(tmp_path)], text=True, check=False,
                          stdout=subprocess.PIPE)
    assert done.returncode == 0 and done.stdout.splitlines()[-1] == "2 passed, 0 failed"
    assert "PASSED WHEN RUN ALONE" in done.stdout and "a.breaks" in done.stdout


def test_what_fails_twice_is_a_failure(tmp_path):
    fill(tmp_path, servers=(1, PYTEST))
    (tmp_path / "servers.again.xml").write_text(PYTEST)
    assert closing(tmp_path) == (1, "1 passed, 1 failed")


def test_a_report_of_a_sanitizer_is_not_taken_back(tmp_path):
    fill(tmp_path, servers=(1, f"<testsuite>{REPORTED}</testsuite>"))
    (tmp_path / "servers.again.xml").write_text(
        '<testsuite><testcase classname="a" name="races"/></testsuite>')
    assert closing(tmp_path) == (1, "0 passed, 1 failed")


def test_failed_tests_are_a_filter(tmp_path):
    (tmp_path / "unit.xml").write_text(GOOGLETEST.replace("Passes", "Breaks/1").replace(
        'result="completed"/>', 'result="completed"><failure message="no"/></testcase>', 1))
    done = subprocess.run([sys.executable, str(SCRIPT), "--failed", str(tmp_path / "unit.xml")],
                          text=True, check=True, stdout=subprocess.PIPE)
    assert done.stdout == "A.Breaks/1:A.Fails\n"
