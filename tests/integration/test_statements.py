"""One row for each way to send statements: what the server answers and what the books then say."""

import dataclasses
import time

import pytest

from books import recording
from harness import Sidecar, Tap
from protocol import (COPY_DONE, SYNC, Client, bind, close, copy_data, copy_fail, describe,
                      execute, extended, function_call, kinds, parse, query, sqlstates, startup)


@dataclasses.dataclass
class Case:
    """`ready`: how many ReadyForQuery end it. The rest is what the books must say, else nothing."""
    name: str
    request: bytes
    ready: int = 1
    successes: dict = dataclasses.field(default_factory=dict)
    errors: dict = dataclasses.field(default_factory=dict)
    aborted: int = 0
    copies: dict = dataclasses.field(default_factory=dict)
    copy_errors: dict = dataclasses.field(default_factory=dict)


def select(count):
    return {"SELECT": count}


DIVISION = {"22012": 1}
ZERO = "SELECT 1 / 0"
COPY = "COPY bag FROM STDIN"

SIMPLE = [
    Case("nothing", query(""), successes={"EMPTY": 1}),
    Case("semicolons and comments", query(" ;; -- nothing\n;"), successes={"EMPTY": 1}),
    Case("one", query("SELECT 1"), successes=select(1)),
    Case("three", query("SELECT 1; SELECT 2; SELECT 3;"), successes=select(3)),
    Case("of several kinds", query("BEGIN; SELECT 1; COMMIT; SET work_mem = 100"),
         successes={"TRANSACTION": 2, "SELECT": 1, "UTILITY": 1}),
    Case("error", query(ZERO), errors=DIVISION),
    Case("error in the middle", query(f"SELECT 1; {ZERO}; SELECT 2; SELECT 3"),
         successes=select(1), errors=DIVISION, aborted=2),
    Case("syntax error", query("SELECT 1; SELEC 2"), errors={"42601": 1}, aborted=1),
    Case("pipelined behind an error", query(ZERO) + query("SELECT 2") * 3, ready=4,
         successes=select(3), errors=DIVISION),
    Case("a semicolon in a literal", query("SELECT ';', $$;$$, E'\\';' /* ; */"),
         successes=select(1)),
    Case("rows, then an error", query("SELECT 1 / (2 - n) FROM generate_series(1, 9) n"),
         errors=DIVISION),
    Case("a function body", query("CREATE OR REPLACE FUNCTION pg_temp.f() RETURNS int "
                                  "LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END; SELECT 1"),
         successes={"DDL": 1, "SELECT": 1}),
    Case("function call", function_call(177, 1, 2), successes={"CALL": 1}),
    Case("failing function call, then a query", function_call(154, 1, 0) + query("SELECT 1"),
         ready=2, successes=select(1), errors=DIVISION),
]

EXTENDED = [
    Case("one", extended("SELECT 1") + SYNC, successes=select(1)),
    Case("nothing", extended("") + SYNC, successes={"EMPTY": 1}),
    Case("prepare only", parse("SELECT 1", "p") + describe("S", "p") + SYNC),
    Case("nothing but Sync", SYNC * 3, ready=3),
    Case("failing parse", parse("SELEC", "p") + SYNC, errors={"42601": 1}),
    Case("failing describe", describe("S", "no such") + SYNC, errors={"26000": 1}),
    Case("failing bind", parse("SELECT $1::int") + bind(["x"]) + describe() + execute() + SYNC,
         errors={"22P02": 1}),
    Case("failing execute of a missing portal", execute("none") + SYNC, errors={"34000": 1}),
    Case("100 under one Sync", extended("SELECT 1") * 100 + SYNC, successes=select(100)),
    Case("100 under 100 Syncs", (extended("SELECT 1") + SYNC) * 100, 100, select(100)),
    Case("prepared once, executed often",
         parse("SELECT $1::int", "p") + (bind([7], "p") + execute()) * 20 + SYNC,
         successes=select(20)),
    Case("an error skips to the Sync, queries too",
         extended(ZERO) + extended("SELECT 2") + query("SELECT 3") + function_call(177, 1, 2)
         + SYNC + extended("SELECT 4") + SYNC + extended("SELECT 5") + SYNC, ready=3,
         successes=select(2), errors=DIVISION, aborted=3),
    Case("successes before an error in the same group count",
         extended("SELECT 1") * 2 + extended(ZERO) + extended("SELECT 2") + SYNC,
         successes=select(2), errors=DIVISION, aborted=1),
    Case("deferred constraint at Sync",
         extended("INSERT INTO orphan VALUES (4711)") + SYNC + query("SELECT 1"), ready=2,
         successes=select(1), errors={"23503": 1}),
    Case("deferred constraint behind another statement",
         extended("SELECT 1") + extended("INSERT INTO orphan VALUES (4711)") + SYNC,
         successes=select(1), errors={"23503": 1}),
    Case("close of what is there and what is not",
         parse("SELECT 1", "p") + close("S", "p") + close("S", "none") + close("P", "") + SYNC),
    Case("SQL prepared, then bound",
         query("PREPARE q AS SELECT 1") + bind([], "q") + execute() + SYNC, ready=2,
         successes={"UTILITY": 1, "SELECT": 1}),
    Case("a taken name keeps its statement",
         parse("SELECT 1", "p") + SYNC + parse("INSERT INTO bag VALUES (1)", "p") + SYNC
         + bind([], "p") + execute() + SYNC, ready=3, successes=select(1), errors={"42P05": 1}),
    Case("a query drops the unnamed statement",
         parse("SELECT 1") + SYNC + query("SELECT 2") + bind() + execute() + SYNC, ready=3,
         successes=select(1), errors={"26000": 1}),
    Case("DISCARD ALL drops names",
         parse("SELECT 1", "p") + SYNC + query("DISCARD ALL") + bind([], "p") + execute() + SYNC,
         ready=3, successes={"UTILITY": 1}, errors={"26000": 1}),
    Case("a portal in parts",
         query("BEGIN") + parse("SELECT generate_series(1, 50)") + bind()
         + execute(rows=20) + execute(rows=20) + execute(rows=20) + SYNC + query("COMMIT"),
         ready=3, successes={"TRANSACTION": 2, "SELECT": 1}),
    Case("a portal left unfinished",
         query("BEGIN") + parse("SELECT generate_series(1, 50)") + bind() + execute(rows=20)
         + SYNC + query("COMMIT"), ready=3, successes={"TRANSACTION": 2, "SELECT": 1}),
    Case("a portal closed",
         query("BEGIN") + parse("SELECT generate_series(1, 50)") + bind(portal="c")
         + execute("c", 20) + close("P", "c") + SYNC + query("COMMIT"), ready=3,
         successes={"TRANSACTION": 2, "SELECT": 1}),
    Case("a portal bound anew",
         query("BEGIN") + parse("SELECT generate_series(1, 50)") + (bind() + execute(rows=20)) * 3
         + SYNC + query("ROLLBACK"), ready=3, successes={"TRANSACTION": 2, "SELECT": 3}),
]

COPIES = [
    Case("in", query(COPY) + copy_data(b"1\n2\n") + COPY_DONE + query("SELECT 1"), ready=2,
         successes=select(1), copies={"in": 1}),
    Case("in, extended, with the Sync in the same flight",
         extended(COPY) + SYNC + copy_data(b"1\n") + COPY_DONE + SYNC + query("SELECT 1"), ready=2,
         successes=select(1), copies={"in": 1}),
    Case("in, extended", extended(COPY) + copy_data(b"1\n") + COPY_DONE + SYNC,
         copies={"in": 1}),
    Case("in, then given up", query(COPY) + copy_data(b"1\n") + copy_fail() + query("SELECT 1"),
         ready=2, successes=select(1), copies={"in": 1}, copy_errors={"in": 1}),
    Case("in, extended, then given up", extended(COPY) + copy_fail() + SYNC + query("SELECT 1"),
         ready=2, successes=select(1), copies={"in": 1}, copy_errors={"in": 1}),
    Case("in, bad row in the middle",
         query(COPY) + copy_data(b"1\n") + copy_data(b"x\n") + copy_data(b"2\n") * 10 + COPY_DONE
         + query("SELECT 1") * 3, ready=4, successes=select(3), copies={"in": 1},
         copy_errors={"in": 1}),
    Case("in, extended, bad row",
         extended(COPY) + copy_data(b"x\n") + copy_data(b"2\n") + COPY_DONE + SYNC
         + extended("SELECT 1") + SYNC, ready=2, successes=select(1), copies={"in": 1},
         copy_errors={"in": 1}),
    Case("out", query("COPY (SELECT generate_series(1, 1000)) TO STDOUT") + query("SELECT 1"),
         ready=2, successes=select(1), copies={"out": 1}),
    Case("out, extended", extended("COPY (SELECT 1) TO STDOUT") + SYNC, copies={"out": 1}),
    Case("out, error in the middle",
         query("COPY (SELECT 1 / (5 - n) FROM generate_series(1, 9) n) TO STDOUT")
         + query("SELECT 1"), ready=2, successes=select(1), copies={"out": 1},
         copy_errors={"out": 1}),
    Case("between statements of one text",
         query("SELECT 1; COPY (SELECT 1) TO STDOUT; SELECT 2"), successes=select(2),
         copies={"out": 1}),
    Case("two in one text", query(f"{COPY}; {COPY}; SELECT 1") + copy_data(b"1\n") + COPY_DONE
         + copy_data(b"2\n") + COPY_DONE, successes=select(1), copies={"in": 2}),
]

SETUP = """
CREATE TABLE IF NOT EXISTS parent (id int PRIMARY KEY);
CREATE TABLE IF NOT EXISTS orphan (id int REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE IF NOT EXISTS bag (id int);
"""

CASES = [pytest.param(case, id=f"{kind}: {case.name}") for kind, cases in
         (("simple", SIMPLE), ("extended", EXTENDED), ("copy", COPIES)) for case in cases]


@pytest.fixture(scope="module")
def tapped(postgres):
    postgres.sql(SETUP)
    tap = Tap(postgres.port)
    process = Sidecar(f"postgresql://127.0.0.1:{tap.port}")
    try:
        process.start()
        yield process, tap
        assert process.alive(), process.log()
    finally:
        process.destroy()
        tap.close()


def check(case, books, times=1):
    def expected(counts):
        return {key: value * times for key, value in counts.items()}

    assert books.opaque == {}
    assert books.errors == expected(case.errors)
    assert books.successes == expected(case.successes)
    assert books.aborted == case.aborted * times
    assert books.copies == expected(case.copies)
    assert books.copy_errors == expected(case.copy_errors)
    assert books.abandoned == 0


@pytest.mark.parametrize("case", CASES)
def test_books_of(tapped, case):
    process, tap = tapped
    with recording(process) as books:
        tap.streams.clear()
        with Client(process.port) as client:
            client.login()
            answer = client.ask(case.request, case.ready)
    assert kinds(answer).count("Z") == case.ready
    assert [state for state in sqlstates(answer) if state] == list(case.errors) or case.copy_errors
    sent, received = tap.conversations()[0]
    assert sent.endswith(case.request)
    assert received.endswith(answer)
    check(case, books())


def test_syncs_inside_the_data_of_a_copy_are_swallowed(tapped):
    """Sent when the server waits for data already, they have no ReadyForQuery of their own."""
    process, _ = tapped
    with recording(process) as books, Client(process.port) as client:
        client.login().send(query(COPY)).until(lambda data: data[:1] == b"G")
        client.ask(SYNC + copy_data(b"1\n") + SYNC * 2 + COPY_DONE + query("SELECT 1"), 2)
        assert kinds(client.ask(query("SELECT 2"))) == "TDCZ"
    check(Case("", b"", successes=select(2), copies={"in": 1}), books())


def test_syncs_behind_data_that_fails_are_answered(tapped):
    """Sent as part of the COPY, read when the COPY is over: a ReadyForQuery more for each."""
    process, _ = tapped
    with recording(process) as books, Client(process.port) as client:
        client.login().send(query(COPY)).until(lambda data: data[:1] == b"G")
        answer = client.ask(copy_data(b"no number\n") + SYNC * 2 + COPY_DONE, 3)
        assert kinds(answer) == "EZZZ"
        assert kinds(client.ask(query("SELECT 2"))) == "TDCZ"
    check(Case("", b"", successes=select(1), copies={"in": 1}, copy_errors={"in": 1}), books())


MIXED = Case(
    "mixed", query("BEGIN; SELECT 1") + parse("SELECT $1::int", "a") + bind([1], "a") + execute()
    + SYNC + extended(ZERO) + extended("SELECT 'aborted'") + SYNC + query("ROLLBACK")
    + query(COPY) + copy_data(b"1\n") + COPY_DONE + function_call(177, 1, 2) + query(""),
    ready=7, successes={"TRANSACTION": 2, "SELECT": 2, "CALL": 1, "EMPTY": 1}, errors=DIVISION,
    aborted=1, copies={"in": 1})


@pytest.mark.slow
@pytest.mark.deadline(120)
def test_client_bytes_cut_at_every_offset(tapped):
    process, tap = tapped
    offsets = range(1, len(MIXED.request))
    with recording(process) as books:
        tap.streams.clear()
        for offset in offsets:
            with Client(process.port) as client:
                client.login()
                client.send(MIXED.request[:offset])
                time.sleep(0.001)
                client.ask(MIXED.request[offset:], MIXED.ready)
    check(MIXED, books(), len(offsets))
    assert all(sent.endswith(MIXED.request) for sent, _ in tap.conversations())


def test_client_bytes_one_by_one(tapped):
    process, _ = tapped
    with recording(process) as books, Client(process.port) as client:
        client.login()
        for byte in MIXED.request:
            client.send(bytes([byte]))
            time.sleep(0.0005)
        client.until_ready(MIXED.ready)
    check(MIXED, books())


def test_startup_and_all_in_one_piece(tapped):
    process, _ = tapped
    with recording(process) as books, Client(process.port) as client:
        client.ask(startup(user="postgres", database="postgres") + MIXED.request, MIXED.ready + 1)
    check(MIXED, books())


def test_text_longer_than_any_buffer(tapped):
    process, tap = tapped
    text = "SELECT " + ", ".join(f"'{'x' * 1000}' AS c{n}" for n in range(600))
    with recording(process) as books, Client(process.port) as client:
        client.login()
        client.ask(query(text) + query(text + "; SELECT 2"), 2)
    assert books().successes == select(3)
    assert books().opaque == {}
