"""Prints what psycopg 3 sees of one server: python3 psycopg_operations.py PORT."""

import sys

import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

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
    except psycopg.Error as error:
        say(what, type(error).__name__, error.sqlstate, str(error).strip())


def connect(**options):
    return psycopg.connect(host="127.0.0.1", port=PORT, user="postgres", dbname="postgres",
                           **options)


def all_rows(connection, text, parameters=None, **options):
    return connection.execute(text, parameters, **options).fetchall()


def values(connection):
    for binary in (False, True):
        def ask(text, *parameters):
            return all_rows(connection, text, parameters or None, binary=binary)
        say("integers", ask("SELECT 1, %s::int8, -3::int2", 2))
        say("floats", ask("SELECT 1.5::float4, 'Infinity'::float8, 1.50::numeric"))
        say("text", ask("SELECT %s::text, %s::text", "quo'te", "äöü"))
        say("null and bool", ask("SELECT %s::text, true", None))
        say("bytea", ask("SELECT %s::bytea", b"\x00\xff"))
        say("array", ask("SELECT %s::int[]", [1, 2, 3]))
        say("json", ask("SELECT %s::jsonb", Jsonb({"a": [1]})))
        say("times", ask("SELECT '2024-02-29'::date, '1 day'::interval, '12:00'::time"))
        say("uuid", ask("SELECT '00000000-0000-0000-0000-000000000001'::uuid, '::1'::inet"))
        say("range", ask("SELECT '[1,5)'::int4range"))
        say("rows", sum(row[0] for row in ask("SELECT generate_series(1, 20000)")))


def errors(connection):
    fails("syntax", lambda: connection.execute("SELEC 1"))
    fails("table", lambda: connection.execute("SELECT * FROM no_such_table"))
    fails("bind", lambda: connection.execute("SELECT %s::int", ("x",)))
    fails("division", lambda: connection.execute("SELECT 1 / %s", (0,)))
    fails("mid result", lambda: connection.execute("SELECT 1 / (5 - n) FROM generate_series(1, 9) n"))
    say("fine", all_rows(connection, "SELECT 'fine'"))


def tables(connection):
    connection.execute("CREATE TEMP TABLE t (id int PRIMARY KEY, v text)")
    cursor = connection.cursor()
    cursor.executemany("INSERT INTO t VALUES (%s, %s)", [(n, str(n)) for n in range(50)])
    say("executemany", cursor.rowcount)
    cursor.executemany("INSERT INTO t VALUES (%s, 'x') RETURNING id", [(100,), (101,)],
                       returning=True)
    say("returning", cursor.fetchall(), cursor.nextset(), cursor.fetchall())
    for number in range(12):  # prepared by the driver from the fifth on
        all_rows(connection, "SELECT v FROM t WHERE id = %s", (number,))
    say("prepared", all_rows(connection, "SELECT count(*) FROM pg_prepared_statements"))
    with cursor.copy("COPY t FROM STDIN") as copy:
        copy.write_row((200, "two hundred"))
        copy.write_row((201, None))
    with cursor.copy("COPY (SELECT * FROM t WHERE id >= 100 ORDER BY id) TO STDOUT") as copy:
        say("copy", list(copy.rows()))
    with cursor.copy("COPY t TO STDOUT (FORMAT binary)") as copy:
        say("binary copy", sum(len(part) for part in copy))
    with_error = psycopg.errors.BadCopyFileFormat

    def broken():
        with cursor.copy("COPY t FROM STDIN") as copy:
            copy.write("1\n")
    fails("bad copy", broken)
    say("class", with_error.__name__)
    say("dict", connection.cursor(row_factory=dict_row).execute(
        sql.SQL("SELECT 1 AS {}").format(sql.Identifier("A b"))).fetchall())
    say("stream", [row[0] for row in cursor.stream("SELECT generate_series(1, 10)")])


def pipelines(connection):
    connection.execute("CREATE TEMP TABLE p (id int PRIMARY KEY)")
    with connection.pipeline() as pipeline:
        cursors = [connection.execute("SELECT %s::int", (n,)) for n in range(30)]
        pipeline.sync()
        say("pipeline", [cursor.fetchone()[0] for cursor in cursors])
        connection.execute("INSERT INTO p VALUES (1)")
        connection.execute("INSERT INTO p VALUES (2)")
    say("inserted", all_rows(connection, "SELECT id FROM p"))

    def broken():
        with connection.pipeline():
            connection.execute("INSERT INTO p VALUES (3)")
            connection.execute("INSERT INTO p VALUES (1)")
            connection.execute("INSERT INTO p VALUES (4)")
    fails("broken pipeline", broken)
    say("after it", all_rows(connection, "SELECT id FROM p ORDER BY id"))
    with connection.pipeline():
        with connection.transaction():
            connection.execute("INSERT INTO p VALUES (10)")
        answer = connection.execute("SELECT count(*) FROM p")
    say("transaction in a pipeline", answer.fetchone())


def transactions(connection):
    connection.execute("CREATE TEMP TABLE x (id int)")
    try:
        with connection.transaction():
            connection.execute("INSERT INTO x VALUES (1)")
            raise ValueError
    except ValueError:
        say("rolled back", all_rows(connection, "SELECT count(*) FROM x"))
    with connection.transaction():
        connection.execute("INSERT INTO x VALUES (2)")
        try:
            with connection.transaction():
                connection.execute("SELECT 1 / 0")
        except psycopg.Error as error:
            say("savepoint", error.sqlstate)
    say("kept", all_rows(connection, "SELECT id FROM x"))
    with connection.transaction(), connection.cursor("named", scrollable=True) as cursor:
        cursor.execute("SELECT generate_series(1, 40)")
        say("fetchmany", cursor.fetchmany(3))
        cursor.scroll(10)
        say("scroll", cursor.fetchone(), len(cursor.fetchall()))


def main():
    with connect(autocommit=True, application_name="psycopg 3") as connection:
        say("server", connection.info.server_version, connection.info.encoding)
        values(connection)
        errors(connection)
        tables(connection)
        pipelines(connection)
        transactions(connection)
        connection.add_notify_handler(lambda note: say("notify", note.channel, note.payload))
        connection.execute("LISTEN psycopg")
        connection.execute("NOTIFY psycopg, 'payload'")
        client = psycopg.ClientCursor(connection)
        say("client cursor", client.execute("SELECT %s; SELECT %s", (1, "b")).fetchall(),
            client.nextset(), client.fetchall())


main()
