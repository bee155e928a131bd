"""Every fault at every stage of the protocol, on both legs: the client gets a right answer, a right
error or the end of its connection, and pgsidecar is as before. One batch per leg and fault runs all
stages at the same time."""

import contextlib
import dataclasses
import socket
import struct
import threading
import time

import pytest

import scram
from books import recording
from boundaries import CANCEL, Place
from fault_proxy import Fault, FaultProxy
from fault_stages import (BULK, FAULTS, PLACED, SETUP, SLOWED, STAGES, expected, fault_at,
                          may_count_more)
from harness import Sidecar, eventually
from protocol import (GREETING, Client, FakeServer, cancel_request, error, kinds, message,
                      query, split, sqlstates, startup)

PASSWORD = "scram-Secret-1"
LOGIN_TIMEOUT = 3
SILENCE = 6           # longer than any deadline of the sidecar where nothing may come
PATIENCE = 30         # where something must come, on a busy machine, too
BATCH_DEADLINE = 60


class Ended(Exception):
    """Nothing more comes."""


class Witness(Client):
    """A client that remembers all the server said and how it ended."""

    def __init__(self, port, timeout):
        super().__init__(port, timeout=timeout)
        self.said, self.end = bytearray(), "done"

    def send(self, data):
        try:
            return super().send(data)
        except TimeoutError:
            self.end = "silence"
            raise Ended from None
        except OSError:
            self.until(lambda _: False)  # what was said before the end
            raise Ended from None

    def until(self, done):
        data = bytearray()
        while not done(data):
            try:
                piece = self.socket.recv(65536)
            except TimeoutError:
                self.end = "silence"
                raise Ended from None
            except OSError:
                piece = b""
            if not piece:
                self.end = "closed"
                raise Ended
            data += piece
            self.said += piece
        return bytes(data)

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()


@dataclasses.dataclass
class Outcome:
    end: str = "hung"
    said: bytes = b""
    after_login: bytes = b""
    fired: bool = False
    sent: int = 0          # statements that the sidecar got whole

    @property
    def states(self):
        return sqlstates(self.said)


def converse(port, one, waits, patience=PATIENCE, name=""):
    """Logs in as scram_user, takes the steps of a stage; `waits` for the end of the connection."""
    outcome = Outcome()
    client = Witness(port, patience)
    try:
        scram.login(client, startup(user="scram_user", database="postgres",
                                    application_name=name), PASSWORD)
        logged_in = len(client.said)
        for request, ready in one.steps:
            client.send(request)
            if ready:
                client.until_ready(ready)
        outcome.after_login = bytes(client.said[logged_in:])
        if waits:
            client.until(lambda _: False)
    except Ended:
        pass
    outcome.end, outcome.said = client.end, bytes(client.said)
    client.reset()
    return outcome


class Batch:
    """All stages with one fault on one leg."""

    def __init__(self, postgres, leg, fault):
        self.leg, self.fault, self.postgres = leg, fault, postgres
        self.outcomes, self.problems = {}, []
        self.patience = SILENCE if fault in ("hole", "stall") else PATIENCE
        self.stages = STAGES + (BULK if fault == "stall" else [])
        options = {"PGSIDECAR_WIRE_WRITE_STALL_TIMEOUT": "1s"}
        if fault in ("hole", "stall"):
            options["PGSIDECAR_WIRE_LOGIN_TIMEOUT"] = f"{LOGIN_TIMEOUT}s"
        with contextlib.ExitStack() as stack:
            if leg == "server":
                self.proxy = stack.enter_context(FaultProxy(postgres.port))
            upstream = self.proxy.port if leg == "server" else postgres.port
            self.sidecar = Sidecar(f"postgresql://127.0.0.1:{upstream}?sslmode=disable",
                                   environment=options)
            stack.callback(self.sidecar.destroy)
            self.sidecar.start()
            if leg == "client":
                self.proxy = stack.enter_context(FaultProxy(self.sidecar.port))
            self.port = self.proxy.port if leg == "client" else self.sidecar.port
            self.proxy.plan("other", Fault())
            self.run()

    def run(self):
        sidecar = self.sidecar
        with Client(sidecar.port) as other:
            other.login(application_name="other")
            eventually(lambda: sidecar.metrics().sum("pgsidecar_client_connections") == 1)
            self.fds_before = sidecar.fds()
            try:
                with recording(sidecar) as books:
                    self.converse_all()
                    self.proxy.drop(keep=["other"])
                    self.other = kinds(other.ask(query("SELECT 1")))
                    eventually(lambda: sidecar.fds() <= self.fds_before, timeout=15)
                self.books = books()
            except AssertionError as problem:
                self.problems.append(problem)
            self.fds_after, self.page = sidecar.fds(), sidecar.metrics()
        self.alive, self.log = sidecar.alive(), sidecar.log()

    def converse_all(self):
        threads = [threading.Thread(target=self.take, args=(number, one), daemon=True)
                   for number, one in enumerate(self.stages)]
        threads += [threading.Thread(target=self.cancel, args=(part,), daemon=True)
                    for part in ("before", "inside")]
        for thread in threads:
            thread.start()
            time.sleep(0.01)
        end = time.monotonic() + BATCH_DEADLINE
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))

    def take(self, number, one):
        fault = fault_at(self.fault, one.place)
        if fault is None:
            return
        name = f"stage {number}"
        self.proxy.plan(name, fault)
        outcome = converse(self.port, one, self.fault in PLACED, self.patience, name)
        seen = self.proxy.seen.get(name)
        outcome.fired = seen is not None and seen.fired
        outcome.sent = len(one.steps) if one not in BULK else 1
        if self.leg == "client" and seen is not None:
            counts = seen.up.boundaries.counts
            outcome.sent = sum(counts.get(kind, 0) for kind in "QEF")
        self.outcomes[one.name] = outcome

    def cancel(self, part):
        """A session that sleeps, and a cancel request for it that has the fault."""
        place = Place("up", CANCEL, part=part)
        fault = fault_at(self.fault, place)
        if fault is None or part == "inside" and self.fault in SLOWED:
            return
        outcome = Outcome(sent=1)
        with Client(self.sidecar.port) as session:
            session.login()
            self.proxy.plan(session.key(), fault)
            session.send(query(f"SELECT pg_sleep({20 if self.fault in SLOWED else 2})"))
            time.sleep(0.2)
            canceler = Witness(self.port, self.patience)
            with contextlib.suppress(Ended):
                canceler.send(cancel_request(session.key())).until(lambda _: False)
            outcome.end = canceler.end
            canceler.reset()
            outcome.said = session.until_ready()
        outcome.fired = self.proxy.seen[session.key()].fired
        self.outcomes[f"cancel {part}"] = outcome


@pytest.fixture(scope="module", params=[(leg, fault) for leg in ("client", "server")
                                        for fault in FAULTS],
                ids=lambda pair: "-".join(pair))
def batch(request, postgres):
    postgres.sql(SETUP)
    postgres.sql("GRANT ALL ON matrix TO scram_user")
    return Batch(postgres, *request.param)


@pytest.fixture(scope="module")
def answers(postgres):
    """What PostgreSQL itself answers to the steps of each stage."""
    postgres.sql(SETUP)
    postgres.sql("GRANT ALL ON matrix TO scram_user")
    return {one.name: converse(postgres.port, one, waits=False).after_login
            for one in STAGES}


@pytest.mark.slow
@pytest.mark.parametrize("one", STAGES + BULK, ids=lambda one: one.name)
def test_what_the_client_sees(batch, answers, one):
    if one in BULK and batch.fault != "stall" or fault_at(batch.fault, one.place) is None:
        pytest.skip("no such combination")
    outcome = batch.outcomes[one.name]
    assert outcome.fired == (batch.fault in PLACED)
    if one in BULK:
        assert outcome.end in ("closed", "silence")
        assert outcome.states == []
        return
    assert (outcome.end, outcome.states) == expected(batch.leg, batch.fault, one)
    if outcome.end == "done":
        assert outcome.after_login == answers[one.name]
    elif batch.fault in ("reset", "fin") or one.place.way == "up":
        assert split(outcome.said)[1] == b"", "a message was cut"


@pytest.mark.slow
@pytest.mark.parametrize("part", ["before", "inside"])
def test_what_a_canceler_sees(batch, part):
    name = f"cancel {part}"
    if part == "inside" and batch.fault in SLOWED:
        pytest.skip("no such combination")
    if batch.fault == "cut" and part == "inside":
        pytest.skip("the same as a cut of the whole")
    outcome = batch.outcomes[name]
    canceled = batch.fault in SLOWED
    silent = batch.fault == "hole" or (batch.leg, batch.fault) == ("server", "stall")
    assert outcome.end == ("silence" if silent else "closed")
    assert outcome.states == (["57014"] if canceled else [])


@pytest.mark.slow
def test_what_is_left(batch):
    assert not batch.problems
    assert batch.alive
    assert batch.other == "TDCZ"
    assert batch.fds_after <= batch.fds_before
    page = batch.page
    assert page.sum("pgsidecar_client_connections") == 1
    for gauge in ("client_handshakes_in_progress", "relay_buffered_bytes", "queries_in_flight",
                  "running_slow_queries", "oldest_transaction_start_timestamp_seconds"):
        assert page.sum(f"pgsidecar_{gauge}") == 0, gauge
    assert batch.books.opaque == {}


@pytest.mark.slow
def test_every_statement_has_an_end_in_the_books(batch):
    books = batch.books
    sent = 1 + sum(outcome.sent for outcome in batch.outcomes.values())  # 1: of the other session
    more = sum(may_count_more(batch.leg, batch.fault, one) for one in STAGES)
    ended = books.statements + sum(books.copies.values()) + books.aborted + books.abandoned
    assert sent <= ended <= sent + more, (books.successes, books.errors, books.aborted,
                                           books.abandoned, books.copies)


@pytest.mark.parametrize("answer,books_say", [
    (error(sqlstate="22012"), ({"22012": 1}, {})),
    (message("G", b"\0\0\0") + error(sqlstate="22P04"), ({}, {"in": 1})),
    (message("G", b"\0\0\0") + error(sqlstate="08006") + error("FATAL", "08P01"), ({}, {"in": 1}))],
    ids=["statement", "copy", "copy, and the server gives up"])
def test_what_failed_does_not_fail_again_with_the_connection(start_sidecar, answer, books_say):
    def script(client, _first):
        client.send(GREETING)
        client.socket.recv(1000)
        client.send(answer)

    with FakeServer(script) as server:
        sidecar = start_sidecar(server.uri)
        with recording(sidecar) as books, Client(sidecar.port) as client:
            client.login()
            client.send(query("COPY t FROM STDIN")).rest()
        assert (books().errors, books().copy_errors) == books_say
