"""Clients of the soak test that meet no fault. Each worker is a process that counts for itself what
pgsidecar must have counted; a difference of one fails the run."""

import collections
import contextlib
import random
import threading
import time

import psycopg
import psycopg2

from actions import ACTIONS, batch
from protocol import Client, cancel_request, query, split, sqlstates

DATABASE = "soak_clean"
BIG_ROWS = 20_000


class Worker:
    """Takes random actions until the time is over."""

    def __init__(self, port, seed):
        self.port, self.chooser = port, random.Random(seed)
        self.counted = collections.Counter()
        self.failures = []

    def run(self, seconds):
        end = time.monotonic() + seconds
        kinds = [(self.raw_session, 30), (self.storm, 2), (self.cancel, 4), (self.big_result, 1),
                 (self.psycopg2_session, 6), (self.psycopg_session, 6)]
        actions = [action for action, weight in kinds for _ in range(weight)]
        while time.monotonic() < end and len(self.failures) < 5:
            action = self.chooser.choice(actions)
            try:
                action()
            except Exception as problem:  # whatever it is belongs into the report
                self.failures.append(f"{action.__name__}: {type(problem).__name__}: {problem}")
        return self

    def client(self):
        return Client(self.port, timeout=60).login(database=DATABASE, application_name="clean")

    def raw_session(self):
        with self.client() as client:
            for number in range(self.chooser.randrange(1, 80)):
                chosen = self.chooser.choices(ACTIONS, k=self.chooser.randrange(1, 9))
                counted = collections.Counter()
                requests, ready = batch(chosen, number, counted)
                answer = client.ask(requests, ready)
                self.counted.update(counted)
                seen = sum(kind == "Z" for kind, _ in split(answer)[0])
                if seen != ready:
                    raise ConnectionError(f"{seen} of {ready} answers: {sqlstates(answer)}")

    def storm(self):
        """Many sessions at the same time that come and go at once."""
        done = []

        def visit():
            with contextlib.suppress(OSError), self.client() as client:
                done.append(client.ask(query("SELECT 1"))[-6:] == b"Z\0\0\0\5I"[-6:])

        threads = [threading.Thread(target=visit) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.counted.update(SELECT=20, rows=20)
        if done != [True] * 20:
            raise ConnectionError(f"{len(done)} of 20 visits")

    def cancel(self):
        with self.client() as client:
            client.send(query("SELECT pg_sleep(60)"))
            client.socket.settimeout(0.5)
            for _ in range(60):  # a cancel that overtakes its statement does nothing
                with Client(self.port) as canceler:
                    canceler.send(cancel_request(client.key())).rest()
                try:
                    states = sqlstates(client.until_ready())
                    break
                except TimeoutError:
                    continue
            self.counted.update({"57014": 1})
            if states != ["57014"]:
                raise ConnectionError(f"not cancelled: {states}")

    def big_result(self):
        with self.client() as client:
            client.send(query("SELECT repeat('x', 1000), n FROM generate_series(1, "
                              f"{BIG_ROWS}) n"))
            buffer, tail = bytearray(1 << 20), b""
            while tail[-6:] != b"Z\0\0\0\5I":
                count = client.socket.recv_into(buffer)
                if not count:
                    raise ConnectionError("a big result ended early")
                tail = (tail + bytes(buffer[max(0, count - 6):count]))[-6:]
            self.counted.update(SELECT=1, rows=BIG_ROWS)

    def psycopg2_session(self):
        connection = psycopg2.connect(host="127.0.0.1", port=self.port, dbname=DATABASE,
                                      user="postgres", sslmode="disable")
        with contextlib.closing(connection):
            cursor = connection.cursor()
            for _ in range(5):
                cursor.execute("SELECT %s::int", (7,))
                cursor.execute("INSERT INTO truth VALUES (1)")
                connection.commit()
                self.counted.update(TRANSACTION=2, SELECT=1, INSERT=1, rows=1, affected=1,
                                    blocks=1)
            with contextlib.suppress(psycopg2.Error):
                cursor.execute("SELECT 1 / 0")
            connection.rollback()
            self.counted.update({"TRANSACTION": 2, "22012": 1, "blocks": 1, "rollbacks": 1})

    def psycopg_session(self):
        with psycopg.connect(host="127.0.0.1", port=self.port, dbname=DATABASE, user="postgres",
                             sslmode="disable", autocommit=True) as connection:
            for number in range(20):  # prepared on its own after the fifth
                connection.execute("SELECT %s::int", (number,)).fetchall()
            self.counted.update(SELECT=20, rows=20)
            with connection.cursor() as cursor:
                cursor.execute("SELECT generate_series(1, %s)", (100,), binary=True)
                with cursor.copy("COPY truth FROM STDIN") as copy:
                    for number in range(10):
                        copy.write_row((number,))
            self.counted.update({"SELECT": 1, "rows": 100, "in": 1, "affected": 10})
            with connection.pipeline():
                for number in range(10):
                    connection.execute("SELECT %s::int", (number,))
            self.counted.update(SELECT=10, rows=10)


def work(port, seed, seconds, queue):
    """The body of a worker process."""
    worker = Worker(port, seed).run(seconds)
    queue.put((worker.counted, worker.failures))
