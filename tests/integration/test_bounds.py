"""Every label set has a bound, and beyond it an `other` that keeps the sums true."""

import json
import re
import subprocess

import pytest

from books import recording
from harness import eventually
from protocol import (GREETING, SYNC, Client, FakeServer, answering, bind, error, execute, extended,
                      parse, query, ready, select_one, startup)


def test_databases_beyond_the_eighth(start_sidecar):
    with FakeServer(answering(select_one())) as server:
        sidecar = start_sidecar(server.uri)
        for number in range(20):
            with Client(sidecar.port) as client:
                client.login(database=f"db{number}").ask(query("SELECT 1"))
        page = sidecar.settled()
    names = page.by("datname", "pgsidecar_query_duration_seconds_count")
    assert names == {**{f"db{number}": 1 for number in range(8)}, "other": 12}


def test_sqlstates_beyond_the_64th(start_sidecar):
    codes = iter(f"Z{number:04d}" for number in range(200))

    def reply(_request):
        return error(sqlstate=next(codes)) + ready()

    with FakeServer(answering(reply)) as server:
        sidecar = start_sidecar(server.uri)
        with recording(sidecar) as books, Client(sidecar.port) as client:
            client.login()
            for _ in range(200):
                client.ask(query("SELECT 1"))
    assert len(books().errors) <= 65
    assert sum(books().errors.values()) == 200
    assert books().errors["other"] >= 200 - 64
    assert books().classes == {"other": 200}


HOSTILE = ['quo"te', "back\\slash", "new\nline", "tab\tand\x01control", "ünï\N{SNOWMAN}", "{}=,",
           b"broken \xff utf-8".decode("utf-8", "surrogateescape"), "x" * 3000]


def test_hostile_database_names(start_sidecar):
    with FakeServer(answering(select_one())) as server:
        sidecar = start_sidecar(server.uri)
        for name in HOSTILE:
            packet = startup(user="u", database=name.encode("utf-8", "surrogateescape"))
            with Client(sidecar.port) as client:
                client.ask(packet)
                client.ask(query("SELECT 1"))
        page = sidecar.settled()
        status, _, body = sidecar.fetch("/metrics")
    result = subprocess.run(["promtool", "check", "metrics"], input=body, capture_output=True)
    assert (result.returncode, result.stdout + result.stderr) == (0, b"")
    names = page.by("datname", "pgsidecar_query_duration_seconds_count")
    assert sum(names.values()) == len(HOSTILE)
    for expected in ('quo"te', "back\\slash", "ünï\N{SNOWMAN}", "{}=,", "broken \N{REPLACEMENT CHARACTER} utf-8"):
        assert names[expected] == 1
    assert all(len(name.encode()) <= 128 for name in names)


def test_too_many_names_of_prepared_statements(postgres, sidecar):
    """Beyond 4,096 names the oldest is forgotten: its executions count as unknown, none is lost."""
    with recording(sidecar) as books, Client(sidecar.port) as client:
        client.login()
        client.ask(b"".join(parse("SELECT 1", f"n{number}") for number in range(5000)) + SYNC)
        client.ask((bind([], "n0") + execute()) + (bind([], "n4999") + execute()) + SYNC)
        assert eventually(lambda: sidecar.metrics().sum("pgsidecar_prepared_statements") == 4096)
    assert books().successes == {"SELECT": 2}
    assert books().opaque == {}
    assert eventually(lambda: sidecar.metrics().sum("pgsidecar_prepared_statements") == 0)


def test_too_many_suspended_portals(sidecar):
    with recording(sidecar) as books, Client(sidecar.port) as client:
        client.login().ask(query("BEGIN"))
        client.ask(parse("SELECT generate_series(1, 3)", "s") + b"".join(
            bind([], "s", f"p{number}") + execute(f"p{number}", 1) for number in range(300)) + SYNC)
        client.ask(query("ROLLBACK"))
    assert books().opaque == {}
    assert books().successes["SELECT"] == 300
    assert books().page.sum("pgsidecar_portal_overflows_total") > 0


def test_observation_memory(start_sidecar):
    """A server that owes 200,000 replies: the session goes opaque, the bytes go on."""
    def script(client, _first):
        client.send(GREETING)
        total = 0
        while total < 200_000 * len(query("SELECT 1")):
            total += len(client.socket.recv(1 << 20))
        client.send(select_one() * 200_000)

    with FakeServer(script) as server:
        sidecar = start_sidecar(server.uri, environment={"PGSIDECAR_WIRE_OBSERVE_MEMORY": "1MiB"})
        with Client(sidecar.port) as client:
            client.login()
            client.send(query("SELECT 1") * 100_000)
            assert eventually(lambda: sidecar.metrics().sum("pgsidecar_opaque_sessions_total"))
            client.send(query("SELECT 1") * 100_000)
            expected = len(select_one()) * 200_000
            assert len(client.until(lambda data: len(data) >= expected)) == expected
        page = sidecar.settled()
    assert page.by("reason", "pgsidecar_opaque_sessions_total") == {"observe_memory": 1}
    assert page.sum("pgsidecar_queries_abandoned_total") > 0


def test_the_page_stays_below_its_own_limit(sidecar):
    page = sidecar.metrics()
    assert len(page.samples) <= page.sum("pgsidecar_series_limit") <= 15_000


def test_a_full_disk_costs_log_lines_and_nothing_else(postgres, start_sidecar):
    sidecar = start_sidecar(postgres.uri(), environment={
        "PGSIDECAR_SLOW_LOG_PATH": "/dev/full", "PGSIDECAR_SLOW_QUERY_THRESHOLD": "1us"})
    with Client(sidecar.port) as client:
        client.login()
        for _ in range(20):
            client.ask(query("SELECT 1"))
    assert eventually(lambda: lost_lines(sidecar) == 20)
    assert sidecar.metrics().sum("pgsidecar_query_successes_total") == 20
    assert "the slow query log /dev/full cannot be written" in sidecar.log()
    assert sidecar.alive()


def lost_lines(sidecar):
    page = sidecar.metrics()
    return page.sum("pgsidecar_events_dropped_total") + page.sum("pgsidecar_internal_errors_total")


# --- names of statements

def statements(sidecar):
    """calls by (operation, query), from the live page."""
    page = sidecar.settled()
    texts = {labels["fingerprint"]: labels["query"] for labels, _ in
             page.select("pgsidecar_statement_info")}
    found = {}
    for labels, value in page.select("pgsidecar_statement_duration_seconds_count"):
        if value:
            key = (labels["operation"], texts[labels["fingerprint"]])
            found[key] = found.get(key, 0) + value
    return found


def ask(sidecar, *texts, **parameters):
    with Client(sidecar.port) as client:
        client.login(**parameters)
        for text in texts:
            client.ask(query(text))


def test_one_statement_in_many_spellings(postgres, start_sidecar):
    postgres.sql("CREATE TABLE IF NOT EXISTS users (id int, name text)")
    sidecar = start_sidecar(postgres.uri())
    ask(sidecar, "SELECT name FROM users WHERE id = 1", "select name from users where id = -77",
        "SELECT  name\n FROM Users /* why */ WHERE id=2 -- so", "SELECT name FROM users WHERE id = 3;")
    with Client(sidecar.port) as client:
        client.login().ask(extended("SELECT name FROM users WHERE id = $1", [9]) + SYNC)
    assert statements(sidecar) == {
        ("SELECT users", "SELECT name FROM users WHERE id = $1"): 5}


def test_lists_of_any_length_are_one_statement(postgres, start_sidecar):
    sidecar = start_sidecar(postgres.uri())
    ask(sidecar, *(f"SELECT 1 WHERE 1 IN ({', '.join(map(str, range(n)))})" for n in (1, 2, 500)))
    assert list(statements(sidecar).values()) == [3]


def test_names_from_configuration_and_comments(postgres, start_sidecar):
    postgres.sql("CREATE TABLE IF NOT EXISTS users (id int, name text)")
    sidecar = start_sidecar(postgres.uri(), config="""
statements:
  names_from_comments: [action]
  operations:
    - {name: "user by id", sql: "SELECT name FROM users WHERE id = 1"}
""")
    ask(sidecar, "SELECT name FROM users WHERE id = 5", "SELECT 1 /*action='checkout'*/",
        "SELECT 1 /*action='hostile%0A%22name'*/", "SELECT 2")
    names = {operation: calls for (operation, _), calls in statements(sidecar).items()}
    assert names == {"user by id": 1, "checkout": 1, "hostile__name": 1, "SELECT": 1}


@pytest.mark.parametrize("policy,shown", [("normalised", True), ("summary", True), ("off", False)])
def test_text_policies(postgres, start_sidecar, policy, shown):
    postgres.sql("CREATE TABLE IF NOT EXISTS users (id int, name text)")
    sidecar = start_sidecar(postgres.uri(), environment={
        "PGSIDECAR_STATEMENTS_TEXT": policy, "PGSIDECAR_SLOW_QUERY_THRESHOLD": "1us"})
    ask(sidecar, "SELECT name FROM users WHERE id = 1")
    sidecar.settled()  # the text has its identity from here on
    ask(sidecar, "SELECT name FROM users WHERE id = 2")
    assert eventually(lambda: sidecar.log().count('"slow"') == 2)
    pages = [sidecar.fetch(path)[2].decode() for path in
             ("/metrics", "/api/v1/statements", "/api/v1/slow-queries")] + [sidecar.log()]
    assert all(("users" in page) == shown for page in pages)
    assert all(("WHERE id" in page) == (policy == "normalised") for page in pages)


def test_identities_are_the_same_in_every_process(postgres, start_sidecar):
    found = []
    for _ in range(2):
        sidecar = start_sidecar(postgres.uri())
        ask(sidecar, "SELECT 1", "SELECT count(*) FROM pg_class", "BEGIN", "SHOW work_mem",
            client_encoding="UTF8")
        page = sidecar.settled()
        found.append(sorted(labels["fingerprint"] for labels, _ in
                            page.select("pgsidecar_statement_info")))
    assert found[0] == found[1]
    assert all(re.fullmatch("[0-9a-f]{16}|other", fingerprint) for fingerprint in found[0])


def test_encodings_that_hide_quotes_show_the_command_only(postgres, start_sidecar):
    sidecar = start_sidecar(postgres.uri())
    ask(sidecar, "SELECT 'planted' FROM pg_class", client_encoding="SJIS")
    body = sidecar.fetch("/metrics")[2].decode()
    assert "planted" not in body and "pg_class" not in body
    assert sidecar.settled().sum("pgsidecar_query_successes_total", command="SELECT") == 1


def test_no_places_at_all(postgres, start_sidecar):
    sidecar = start_sidecar(postgres.uri(), environment={"PGSIDECAR_STATEMENTS_LIMIT": "0"})
    ask(sidecar, "SELECT 1", "SELECT 1 / 0", "BEGIN")
    page = sidecar.settled()
    assert page.by("fingerprint", "pgsidecar_statement_duration_seconds_count") == {"other": 3}


def test_the_slow_list(postgres, start_sidecar):
    sidecar = start_sidecar(postgres.uri(), environment={
        "PGSIDECAR_SLOW_QUERY_THRESHOLD": "20ms", "PGSIDECAR_STATEMENTS_LIMIT": "0"})
    ask(sidecar, "SELECT pg_sleep(0.05)")

    def listed():
        page = sidecar.metrics()
        found = page.select("pgsidecar_statement_last_slow_duration_seconds")
        return found and page
    page = eventually(listed)
    (labels, duration), = page.select("pgsidecar_statement_last_slow_duration_seconds")
    assert 0.05 <= duration < 0.2
    info = page.select("pgsidecar_statement_info", fingerprint=labels["fingerprint"])
    assert info[0][0]["query"] == "SELECT pg_sleep($1)"


def test_one_statement_in_sixteen_tells_the_overhead(sidecar):
    before = sidecar.settled()
    ask(sidecar, *["SELECT 1"] * 160)
    counted = sidecar.settled().since(before)
    assert 5 <= counted.sum("pgsidecar_wire_overhead_seconds_count") <= 20
    mean = counted.sum("pgsidecar_wire_overhead_seconds_sum") / counted.sum(
        "pgsidecar_wire_overhead_seconds_count")
    assert 0 < mean < 0.005


def test_api_sorts_and_refuses(sidecar):
    ask(sidecar, *["SELECT 1"] * 3, "SELECT 1 / 0")
    sidecar.settled()
    for key in ("total", "calls", "mean", "p95", "errors", "rows"):
        status, _, body = sidecar.fetch(f"/api/v1/statements?sort={key}&limit=2")
        assert status == 200 and len(json.loads(body)["statements"]) <= 2
    for bad in ("sort=evil", "limit=0", "limit=1001", "limit=x"):
        status, headers, body = sidecar.fetch(f"/api/v1/statements?{bad}")
        assert status == 400
        assert headers["Content-Type"].startswith("application/problem+json")
