"""Adds up the results of all test programs and prints `N passed, N failed` as its last line.

Usage: count_results.py DIRECTORY...
       count_results.py --failed FILE: the failed tests of one file, as a filter for GoogleTest.

Each directory has, for each program, NAME.status with its exit
code and NAME.xml in JUnit's or GoogleTest's format. A program that failed without saying which test
did counts as one failed test, and so does a directory without any program. Where the failed tests
of a program ran a second time, alone, NAME.again.xml has their results: a test that passed then
counts as passed and is named. What a sanitizer reported stays a failure.
"""

import pathlib
import sys
import xml.etree.ElementTree as ElementTree


def outcome(case):
    """passed, failed or skipped, for one <testcase>."""
    if case.find("failure") is not None or case.find("error") is not None:
        return "failed"
    if (
        case.find("skipped") is not None
        or case.get("status") in ("notrun", "disabled")
        or case.get("result") in ("skipped", "suppressed")
    ):
        return "skipped"
    return "passed"


def is_report(case):
    """Whether it failed because of a sanitizer's report, which no second try takes back."""
    texts = list(case.itertext()) + [problem.get("message", "") for problem in case]
    return any(mark in text for text in texts for mark in ("Sanitizer", "runtime error:"))


def read_cases(path):
    """[(name, outcome, is_report)] of one result file; none if the program did not finish writing it."""
    try:
        root = ElementTree.parse(path).getroot()
    except (OSError, ElementTree.ParseError):
        return []
    return [
        (f"{case.get('classname', '')}.{case.get('name', '')}", outcome(case), is_report(case))
        for case in root.iter("testcase")
    ]


def second_tries(path):
    """The names of the tests that passed when they ran again and did not fail in any part."""
    cases = read_cases(path)
    failed = {name for name, result, _ in cases if result == "failed"}
    return {name for name, result, _ in cases if result == "passed"} - failed


def collect(directory, names):
    """Files the results of one directory under passed, failed and skipped."""
    statuses = sorted(directory.glob("*.status"))
    if not statuses:
        names["failed"].append(f"{directory}: nothing was run")
    for status in statuses:
        program = f"{directory.parent.name}: {status.stem}"
        cases = read_cases(status.with_suffix(".xml"))
        again = second_tries(status.with_suffix(".again.xml"))
        for name, result, report in cases:
            if result == "failed" and name in again and not report:
                names["passed when run alone"].append(f"{program}: {name}")
                result = "passed"
            names[result].append(f"{program}: {name}")
        exit_code = int(status.read_text())
        if exit_code != 0 and not any(result == "failed" for _, result, _ in cases):
            names["failed"].append(f"{program}: exit code {exit_code}")


def main(directories):
    names = {"passed": [], "failed": [], "skipped": [], "passed when run alone": []}
    for directory in directories:
        collect(pathlib.Path(directory), names)
    for result in ("skipped", "passed when run alone", "failed"):
        for name in names[result]:
            print(f"{result.upper()} {name}")
    print(f"{len(names['passed'])} passed, {len(names['failed'])} failed")
    return 1 if names["failed"] or not names["passed"] else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--failed"]:
        cases = read_cases(pathlib.Path(sys.argv[2]))
        print(":".join(name for name, result, _ in cases if result == "failed"))
        sys.exit(0)
    sys.exit(main(sys.argv[1:]))
