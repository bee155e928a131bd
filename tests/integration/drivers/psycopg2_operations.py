"""Prints what psycopg2 sees of one server: python3 psycopg2_operations.py PORT."""

import io
import select
import sys

import psycopg2
import psycopg2.extensions
import psycopg2.extras
from psycopg2 import sql

PORT = int(sys.argv[1])
STEP = 0


def say(what, *values):
    global STEP
    STEP += 1
    print(STEP, what, *(repr(value) for value in values), flush=True)


def fails(what, call):
    try:
        call()
        say(what, "no error")
    except psycopg2.Error as error:
        say(what, type(error).__name__, error.pgcode, str(error).strip())


def connect(**options):
    return psycopg2.connect(host="127.0.0.1", port=PORT, user="postgres", dbname="postgres",
                            **options)


def one(cursor, text, parameters=None):
    cursor.execute(text, parameters)
    return cursor.fetchall() if cursor.description else cursor.statusmessage


def values_and_errors(cursor):
    say("integers", one(cursor, "SELECT 1, 2::int8, -3::int2"))
    say("numeric", one(cursor, "SELECT 1.50::numeric, 'NaN'::float8"))
    say("text", one(cursor, "SELECT %s, %s", ("quo'te", "äöü")))
    say("null", one(cursor, "SELECT %s", (None,)))
    say("bytea", bytes(one(cursor, "SELECT %s::bytea", (b"\x00\xff",))[0][0]))
    say("array", one(cursor, "SELECT %s", ([1, 2, 3],)))
    say("json", one(cursor, "SELECT %s::jsonb", (psycopg2.extras.Json({"a": [1]}),)))
    say("date", one(cursor, "SELECT '2024-02-29'::date, '1 day 2 hours'::interval"))
    say("range", one(cursor, "SELECT '[1,5)'::int4range"))
    say("empty", one(cursor, "SELECT 1 WHERE false"), cursor.rowcount)
    say("large", len(one(cursor, "SELECT repeat('x', 3000000)")[0][0]))
    say("many rows", sum(row[0] for row in one(cursor, "SELECT generate_series(1, 20000)")))
    say("several", one(cursor, "SELECT 1; SELECT 2; SELECT 3"))
    say("identifier", one(cursor, sql.SQL("SELECT 1 AS {}").format(sql.Identifier('a"b'))))
    fails("syntax", lambda: cursor.execute("SELEC 1"))
    fails("undefined table", lambda: cursor.execute("SELECT * FROM no_such_table"))
    fails("division", lambda: cursor.execute("SELECT 1 / 0"))
    fails("empty query", lambda: cursor.execute(""))
    say("after errors", one(cursor, "SELECT 'fine'"))


def tables(cursor):
    say("create", one(cursor, "CREATE TEMP TABLE t (id int PRIMARY KEY, v text)"))
    say("insert", one(cursor, "INSERT INTO t VALUES (1, 'a'), (2, 'b')"), cursor.rowcount)
    say("returning", one(cursor, "INSERT INTO t VALUES (3, 'c') RETURNING id, v"))
    cursor.executemany("INSERT INTO t VALUES (%s, %s)", [(n, str(n)) for n in range(10, 20)])
    say("executemany", one(cursor, "SELECT count(*) FROM t"))
    psycopg2.extras.execute_values(cursor, "INSERT INTO t VALUES %s", [(20, "x"), (21, "y")])
    psycopg2.extras.execute_batch(cursor, "UPDATE t SET v = %s WHERE id = %s", [("z", 20)] * 5)
    fails("duplicate", lambda: cursor.execute("INSERT INTO t VALUES (1, 'dup')"))
    say("update", one(cursor, "UPDATE t SET v = v || '!' WHERE id < 4"), cursor.rowcount)
    say("delete", one(cursor, "DELETE FROM t WHERE id = 3"), cursor.rowcount)
    cursor.copy_from(io.StringIO("30\tthirty\n31\t\\N\n"), "t")
    out = io.StringIO()
    cursor.copy_to(out, "t")
    say("copy", out.getvalue())
    cursor.copy_expert("COPY t FROM STDIN (FORMAT csv)", io.StringIO('40,"a,b"\n'))
    fails("bad copy", lambda: cursor.copy_from(io.StringIO("x\ty\n"), "t"))
    say("copy result", one(cursor, "SELECT * FROM t WHERE id >= 30 ORDER BY id"))


def transactions():
    connection = connect()
    cursor = connection.cursor()
    one(cursor, "CREATE TEMP TABLE t (id int)")
    connection.commit()
    one(cursor, "INSERT INTO t VALUES (1)")
    connection.rollback()
    say("rolled back", one(cursor, "SELECT count(*) FROM t"))
    fails("in transaction", lambda: cursor.execute("SELECT 1 / 0"))
    fails("failed transaction", lambda: cursor.execute("SELECT 1"))
    connection.rollback()
    connection.set_session(isolation_level="SERIALIZABLE", readonly=True)
    fails("read only", lambda: cursor.execute("CREATE TABLE x ()"))
    connection.rollback()
    connection.set_session(isolation_level="DEFAULT", readonly=False)
    named = connection.cursor("server_side", withhold=True)
    named.itersize = 7
    named.execute("SELECT generate_series(1, 50)")
    say("named cursor", [row[0] for row in named])
    named.close()
    connection.commit()
    connection.tpc_begin(connection.xid(1, f"driver-{PORT}", "branch"))
    one(cursor, "CREATE TABLE two_phase_psycopg2 ()")
    connection.tpc_prepare()
    connection.tpc_rollback()
    say("two phase", connection.status)
    connection.close()


def large_objects():
    connection = connect()
    large = connection.lobject(0, "wb")
    large.write(b"0123456789" * 1000)
    large.close()
    large = connection.lobject(large.oid, "rb")
    large.seek(5)
    say("large object", large.read(10), large.tell())
    large.unlink()
    connection.rollback()
    connection.close()


def notifications(connection, cursor):
    cursor.execute("LISTEN psycopg2; NOTIFY psycopg2, 'payload'")
    connection.poll()
    say("notify", [(note.channel, note.payload) for note in connection.notifies])
    cursor.execute("DO $$ BEGIN RAISE NOTICE 'a notice'; END $$")
    say("notices", connection.notices)


def asynchronous():
    connection = connect(async_=True)
    wait(connection)
    cursor = connection.cursor()
    cursor.execute("SELECT pg_sleep(0.05), 7")
    wait(connection)
    say("asynchronous", cursor.fetchone()[1])
    cursor.execute("SELECT pg_sleep(30)")
    select.select([], [], [], 0.2)
    connection.cancel() if not connection.async_ else cancel(connection)
    fails("canceled", lambda: wait(connection))
    connection.close()


def cancel(connection):
    helper = connect()
    helper.autocommit = True
    pid = connection.info.backend_pid
    say("cancel", one(helper.cursor(), "SELECT pg_cancel_backend(%s)", (pid,)))
    helper.close()


def wait(connection):
    while (state := connection.poll()) != psycopg2.extensions.POLL_OK:
        reading = [connection] if state == psycopg2.extensions.POLL_READ else []
        writing = [connection] if state == psycopg2.extensions.POLL_WRITE else []
        select.select(reading, writing, [], 10)


def main():
    connection = connect(application_name="psycopg2")
    connection.autocommit = True
    cursor = connection.cursor()
    say("server", connection.server_version, connection.encoding)
    values_and_errors(cursor)
    tables(cursor)
    notifications(connection, cursor)
    connection.set_client_encoding("LATIN1")
    say("latin1", one(cursor, "SELECT 'äöü'"))
    connection.close()
    transactions()
    large_objects()
    asynchronous()


main()
