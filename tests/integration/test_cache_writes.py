"""Writes that pass the relay drop the cached answers of operations before their client hears of it."""

import contextlib
import json
import threading
import time
import urllib.error
import urllib.request

import psycopg2
import pytest

from harness import Cluster, eventually
from protocol import Client, kinds, query

CONFIG = """
executor: {user: app, database: shop}
operations:
  - name: item
    sql: SELECT id, stock FROM items WHERE id = $1
    parameters: [id integer]
    read_only: true
    cache: {ttl: 300s, key: "item:{id}"}
  - name: summary
    sql: SELECT count(*) AS items, sum(stock) AS stock FROM stocked
    read_only: true
    cache: {ttl: 300s}
  - name: note
    sql: SELECT body FROM notes WHERE id = $1
    parameters: [id integer]
    read_only: true
    cache: {ttl: 300s}
"""

TABLES = """
CREATE TABLE items (id integer PRIMARY KEY, stock integer NOT NULL);
CREATE TABLE parts (item integer REFERENCES items ON DELETE CASCADE, name text);
CREATE TABLE notes (id integer PRIMARY KEY, body text);
CREATE TABLE log (line text);
CREATE VIEW stocked AS SELECT * FROM items WHERE stock > 0;
CREATE FUNCTION restock() RETURNS void LANGUAGE sql AS 'UPDATE items SET stock = stock + 1';
CREATE PROCEDURE restock_all() LANGUAGE sql AS 'UPDATE items SET stock = stock + 1';
INSERT INTO items SELECT n, 100 FROM generate_series(1, 50) AS n;
INSERT INTO notes VALUES (1, 'first');
GRANT SELECT ON ALL TABLES IN SCHEMA public TO app;
"""


@pytest.fixture(scope="module")
def shop():
    """A PostgreSQL of its own: privileges and tables change."""
    cluster = Cluster()
    try:
        cluster.start()
        cluster.sql("CREATE ROLE app LOGIN; CREATE ROLE other LOGIN")
        cluster.sql("CREATE DATABASE shop")
        cluster.sql(TABLES, "shop")
        yield cluster
    finally:
        cluster.destroy()


class Shop:
    """A sidecar with operations, and a connection through its relay."""

    def __init__(self, sidecar, cluster):
        self.sidecar, self.cluster = sidecar, cluster
        self.wire = self.connect()

    def connect(self):
        connection = psycopg2.connect(host=self.sidecar.host, port=self.sidecar.port, dbname="shop",
                                      user="postgres")
        connection.autocommit = True
        return connection

    def run(self, text):
        with self.wire.cursor() as cursor:
            cursor.execute(text)

    def call(self, name, **parameters):
        """(status, X-Cache, rows) of one call of an operation."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.sidecar.admin_port}/api/v1/operations/{name}",
            data=json.dumps(parameters).encode(), headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.headers["X-Cache"], json.load(answer)["rows"]
        except urllib.error.HTTPError as answer:
            return answer.code, answer.headers["X-Cache"], None

    def warm(self, name, **parameters):
        """Calls until the answer comes from the cache."""
        assert eventually(lambda: self.call(name, **parameters)[1] == "HIT"), \
            (self.call(name, **parameters), self.sidecar.log())

    def hit(self, name, **parameters):
        return self.call(name, **parameters)[1] == "HIT"


@pytest.fixture(scope="module")
def _started(shop):
    from harness import Sidecar
    process = Sidecar(shop.uri(), config=CONFIG)
    try:
        yield process.start()
    finally:
        process.destroy()


@pytest.fixture
def front(_started, shop):
    front = Shop(_started, shop)
    yield front
    front.wire.close()


WRITES = [
    "INSERT INTO items SELECT max(id) + 1, 5 FROM items",
    "UPDATE items SET stock = 7 WHERE id = 1000",
    "DELETE FROM items WHERE id = 1000",
    "INSERT INTO items VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET stock = 100",
    "WITH changed AS (UPDATE items SET stock = 100 RETURNING id) SELECT count(*) FROM changed",
    "SELECT restock()",
    "CALL restock_all()",
    "DO $$ BEGIN UPDATE items SET stock = 100; END $$",
    "PREPARE change AS UPDATE items SET stock = 100; EXECUTE change; DEALLOCATE change",
    "TRUNCATE log",
]


@pytest.mark.parametrize("text", WRITES)
def test_a_write_drops_the_answers_about_its_table(front, text):
    for _ in range(2):  # Before and after somebody has read the text.
        front.warm("item", id=1)
        front.warm("summary")
        front.run(text)
        if text.startswith("SELECT"):  # It is told with the next tick until its text was read.
            assert eventually(lambda: not front.hit("item", id=1), timeout=3)
        else:
            assert not front.hit("item", id=1)
        assert not front.hit("summary"), "a view over the table"


def test_copy_drops_the_answers(front):
    front.warm("summary")
    with front.wire.cursor() as cursor:
        import io
        cursor.copy_expert("COPY items FROM STDIN", io.StringIO("2000\t1\n"))
    assert not front.hit("summary")
    front.run("DELETE FROM items WHERE id = 2000")


def test_a_foreign_key_action_drops_the_answers(front):
    front.run("INSERT INTO items VALUES (3000, 1)")
    front.warm("item", id=3000)
    front.run("DELETE FROM items WHERE id = 3000")
    assert front.call("item", id=3000)[2] == []


def test_reads_and_other_tables_drop_nothing(front):
    front.run("SELECT 1")
    front.run("INSERT INTO log VALUES ('x')")
    time.sleep(0.6)  # Until the texts were read: before that, a write may be one to anything.
    front.warm("item", id=1)
    front.run("SELECT * FROM items")
    front.run("INSERT INTO log VALUES ('x')")
    front.run("SET work_mem = '8MB'")
    assert front.hit("item", id=1)


def test_a_rollback_is_no_event_and_a_commit_is(front):
    front.run("UPDATE items SET stock = 100 WHERE id = 2")
    time.sleep(0.6)
    front.warm("item", id=2)
    front.wire.autocommit = False
    front.run("UPDATE items SET stock = 55 WHERE id = 2")
    assert front.hit("item", id=2), "nothing is committed yet"
    front.wire.rollback()
    assert front.hit("item", id=2)
    front.run("UPDATE items SET stock = 66 WHERE id = 2")
    front.wire.commit()
    front.wire.autocommit = True
    assert front.call("item", id=2)[2] == [{"id": 2, "stock": 66}]


def test_a_revoke_ends_the_answers(front):
    """pgpool CVE-2024-45624: an answer must not outlive the right to see it."""
    front.warm("note", id=1)
    front.run("REVOKE SELECT ON notes FROM app")
    try:
        status, cache, rows = front.call("note", id=1)
        assert (status, rows) == (422, None) and cache != "HIT"
    finally:
        front.run("GRANT SELECT ON notes TO app")
    front.warm("note", id=1)


def test_row_security_ends_the_answers(front):
    """The same CVE: a policy that comes later hides rows that were cached."""
    front.warm("note", id=1)
    front.run("ALTER TABLE notes ENABLE ROW LEVEL SECURITY")
    try:
        assert front.call("note", id=1)[1:] != ("HIT", [{"body": "first"}])
        assert front.call("note", id=1)[2] == []
        assert eventually(lambda: front.call("note", id=1)[1] == "BYPASS")
    finally:
        front.run("ALTER TABLE notes DISABLE ROW LEVEL SECURITY")
    front.warm("note", id=1)


def test_a_busy_relay_does_not_keep_the_catalogue_from_being_read(front):
    """Statements that come while nothing is known of the catalogue are no changes of it."""
    ended, written = threading.Event(), []

    def write():
        with contextlib.closing(front.connect()) as connection, connection.cursor() as cursor:
            while not ended.is_set():
                cursor.execute("INSERT INTO log VALUES ('busy')")
                written.append(1)

    threads = [threading.Thread(target=write) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        time.sleep(0.6)  # Until their text was read.
        assert len(written) > 100
        front.run("CREATE TABLE other_things (id integer)")
        front.warm("item", id=1)
    finally:
        ended.set()
        for thread in threads:
            thread.join()
        front.run("DROP TABLE other_things")


def test_set_role_of_a_client_changes_nothing_for_operations(front):
    front.warm("note", id=1)
    front.run("SET ROLE other")
    assert front.call("note", id=1)[2] == [{"body": "first"}]
    front.run("RESET ROLE")


def test_an_opaque_session_is_not_trusted(front):
    """While a session is not understood it may write anything: nothing is answered from the cache."""
    front.warm("item", id=1)
    with Client(front.sidecar.port) as client:
        client.login(user="postgres", database="shop")
        assert "C" in kinds(client.ask(query("SELECT 1")))
        client.send(b"\xffthis is no message of the protocol")
        assert eventually(lambda: front.call("item", id=1)[1] == "BYPASS")
    assert eventually(lambda: front.call("item", id=1)[1] == "HIT")


@pytest.mark.slow
def test_nobody_reads_an_older_answer_than_the_last_write_it_saw(front):
    """Writers count up through the relay and say what was acknowledged; readers ask the operation and
    must not get less than what was acknowledged before they asked."""
    acknowledged, problems, hits = [0], [], [0]
    ended = threading.Event()
    front.run("INSERT INTO items VALUES (4000, 0) ON CONFLICT (id) DO UPDATE SET stock = 0")

    def write():
        with contextlib.closing(front.connect()) as connection, connection.cursor() as cursor:
            while not ended.is_set():
                cursor.execute("UPDATE items SET stock = stock + 1 WHERE id = 4000 RETURNING stock")
                acknowledged[0] = max(acknowledged[0], cursor.fetchone()[0])
                time.sleep(0.004)

    def read():
        while not ended.is_set():
            least = acknowledged[0]
            _, cache, rows = front.call("item", id=4000)
            hits[0] += cache == "HIT"
            if rows is None or rows[0]["stock"] < least:
                problems.append((least, cache, rows))

    threads = [threading.Thread(target=write)] + [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(8)
    ended.set()
    for thread in threads:
        thread.join()
    assert not problems, problems[:5]
    assert hits[0] > 100 and acknowledged[0] > 100, (hits, acknowledged)
