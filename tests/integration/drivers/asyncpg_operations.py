"""Prints what asyncpg sees of one server: python3 asyncpg_operations.py PORT."""

import asyncio
import datetime
import io
import sys

import asyncpg

PORT = int(sys.argv[1])
STEP = 0


def say(what, *values):
    global STEP
    STEP += 1
    print(STEP, what, *(repr(value) for value in values), flush=True)


async def fails(what, call):
    try:
        await call
        say(what, "no error")
    except asyncpg.PostgresError as error:
        say(what, type(error).__name__, error.sqlstate, str(error))


async def values(connection):
    say("integers", await connection.fetchrow("SELECT 1, $1::int8, -3::int2", 2))
    say("floats", await connection.fetchrow("SELECT 1.5::float4, 'NaN'::float8, 1.50::numeric"))
    say("text", await connection.fetchval("SELECT $1::text", "quo'te äöü"))
    say("null", await connection.fetchval("SELECT $1::text", None))
    say("bytea", await connection.fetchval("SELECT $1::bytea", b"\x00\xff"))
    say("array", await connection.fetchval("SELECT $1::int[]", [1, 2, 3]))
    say("json", await connection.fetchval("SELECT $1::jsonb", '{"a": [1]}'))
    say("date", await connection.fetchval("SELECT $1::date", datetime.date(2024, 2, 29)))
    say("interval", await connection.fetchval("SELECT '1 day 02:00'::interval"))
    say("uuid", await connection.fetchval("SELECT '00000000-0000-0000-0000-000000000001'::uuid"))
    say("composite", await connection.fetchval("SELECT ROW(1, 'two'::text)"))
    say("range", await connection.fetchval("SELECT '[1,5)'::int4range"))
    say("box", await connection.fetchval("SELECT '((1,2),(3,4))'::box"))
    rows = await connection.fetch("SELECT generate_series(1, 20000) AS n")
    say("rows", sum(row["n"] for row in rows))
    say("large", len(await connection.fetchval("SELECT repeat('x', 3000000)")))
    say("simple", await connection.execute("SELECT 1; SELECT 2"))


async def errors(connection):
    await fails("syntax", connection.execute("SELEC 1"))
    await fails("parse", connection.fetch("SELECT * FROM no_such_table"))
    await fails("execute", connection.fetch("SELECT 1 / $1::int", 0))
    await fails("mid result", connection.fetch("SELECT 1 / (5 - n) FROM generate_series(1, 9) n"))
    say("fine", await connection.fetchval("SELECT 'fine'"))


async def tables(connection):
    say("create", await connection.execute("CREATE TEMP TABLE t (id int PRIMARY KEY, v text)"))
    await connection.executemany("INSERT INTO t VALUES ($1, $2)",
                                 [(n, str(n)) for n in range(100)])
    say("executemany", await connection.fetchval("SELECT count(*) FROM t"))
    await fails("broken executemany",
                connection.executemany("INSERT INTO t VALUES ($1, 'x')", [(500,), (1,), (501,)]))
    say("update", await connection.execute("UPDATE t SET v = v || '!' WHERE id < $1", 4))
    say("copy in", await connection.copy_records_to_table("t", records=[(200, "a"), (201, None)]))
    out = io.BytesIO()
    say("copy out", await connection.copy_from_query("SELECT * FROM t WHERE id > $1", 98,
                                                     output=out), out.getvalue())
    await fails("bad copy", connection.copy_to_table("t", source=io.BytesIO(b"x\ty\n")))
    say("after", await connection.fetchval("SELECT count(*) FROM t"))


async def statements(connection):
    statement = await connection.prepare("SELECT id, v FROM t WHERE id > $1 ORDER BY id")
    say("prepared", [attribute.name for attribute in statement.get_attributes()])
    say("again", [len(await statement.fetch(n)) for n in (10, 50, 90)])
    async with connection.transaction():
        cursor = await statement.cursor(0)
        say("cursor", len(await cursor.fetch(7)), await cursor.forward(10),
            len(await cursor.fetch(1000)))
        say("iterated", len([row async for row in statement.cursor(95, prefetch=2)]))
    say("explain", "Plan" in (await statement.explain(1))[0])


async def transactions(connection):
    async def broken():
        async with connection.transaction(isolation="serializable"):
            await connection.execute("DELETE FROM t")
            await connection.execute("SELECT 1 / 0")
    await fails("transaction", broken())
    async with connection.transaction():
        await connection.execute("DELETE FROM t WHERE id = 1")
        try:
            async with connection.transaction():
                await connection.execute("DELETE FROM t")
                raise ValueError
        except ValueError:
            pass
    say("savepoint", await connection.fetchval("SELECT count(*) FROM t"))


async def timeouts(connection):
    try:
        await connection.fetch("SELECT pg_sleep(30)", timeout=0.3)
    except asyncio.TimeoutError:
        say("timeout", "canceled by the driver")
    say("usable", await connection.fetchval("SELECT 'fine'"))


async def notifications(connection):
    arrived = asyncio.get_running_loop().create_future()
    await connection.add_listener("asyncpg", lambda *note: arrived.set_result(note[2:]))
    await connection.execute("NOTIFY asyncpg, 'payload'")
    say("notify", await arrived)
    logged = []
    connection.add_log_listener(lambda _, message: logged.append(str(message)))
    await connection.execute("DO $$ BEGIN RAISE WARNING 'a warning'; END $$")
    await asyncio.sleep(0)
    say("notices", logged)


async def main():
    options = {"host": "127.0.0.1", "port": PORT, "user": "postgres", "database": "postgres"}
    connection = await asyncpg.connect(**options)
    say("server", connection.get_server_version().major)
    await values(connection)
    await errors(connection)
    await tables(connection)
    await statements(connection)
    await transactions(connection)
    await timeouts(connection)
    await notifications(connection)
    await connection.close()
    async with asyncpg.create_pool(min_size=3, max_size=3, **options) as pool:
        answers = await asyncio.gather(*(pool.fetchval("SELECT $1::int", n) for n in range(60)))
        say("pool", answers)


asyncio.run(main())
