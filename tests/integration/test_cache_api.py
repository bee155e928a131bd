"""The cache over the admin API, and everything that makes its answers old, on a real PostgreSQL."""

import json
import threading
import time

import pytest

import harness
import operations_kit
from operations_kit import Api

DATABASE = "cache_api"


@pytest.fixture(scope="module")
def database(postgres):
    operations_kit.make_database(postgres, DATABASE)
    postgres.sql("CREATE ROLE reader LOGIN; GRANT SELECT ON users, secrets TO reader", DATABASE)
    return postgres


@pytest.fixture(scope="module")
def sidecar(database):
    made = harness.Sidecar(operations_kit.uri(database, DATABASE), config=operations_kit.OPERATIONS)
    try:
        yield made.start()
    finally:
        made.destroy()


@pytest.fixture(scope="module")
def api(sidecar):
    return Api(sidecar).judges()


@pytest.fixture
def warm(api):
    """Three users are in the cache."""
    def fill():
        for user in (1, 2, 42):
            api.call("getUser", id=user)
    fill()
    assert [api.call("getUser", id=user).cache for user in (1, 2, 42)] == ["HIT"] * 3
    return fill


def hits(api, *users):
    return [user for user in users if api.call("getUser", id=user).cache == "HIT"]


@pytest.mark.parametrize("query, left", [
    ("pattern=user:42", [1, 2]),
    ("pattern=user:4", [1, 2, 42]),
    ("pattern=user:*", []),
    ("pattern=*", []),
    ("pattern=user:%3F", [42]),
    ("pattern=user:[!2-9]", [2, 42]),
    ("pattern=*2", [1]),
    ("pattern=user:*&cache=query", []),
    ("pattern=us*&cache=http", [1, 2, 42]),
    ("pattern=user:%5C*", [1, 2, 42]),
    ("tag=users", []),
    ("tag=user:2", [1, 42]),
    ("tag=user", [1, 2, 42]),
    ("tag=table:public.users", []),
    ("tag=table:%22public%22.users", []),
    ("tag=table:public.orders", [1, 2, 42]),
    (f"tag=db:{DATABASE}", []),
    ("tag=*", [1, 2, 42]),
])
def test_a_purge_drops_exactly_what_it_names(api, warm, query, left):
    answer = api.purge(query)
    assert answer.status == 200, answer.body
    assert answer.json["redis"] == "done"
    assert hits(api, 1, 2, 42) == left


def test_a_purge_says_how_many_left_memory(api, warm):
    api.purge("pattern=*")
    warm()
    assert api.purge("pattern=user:*").json == {"memory": 3, "redis": "done"}
    assert api.purge("pattern=user:*").json["memory"] == 0


@pytest.mark.parametrize("query", [
    "", "pattern=", "pattern=a&tag=b", "tag=", "pattern=[a", "pattern=a%5C", "cache=query",
    "pattern=a&cache=redis", "pattern=a&pattern=b", "colour=red", "pattern=%zz",
    "pattern=" + "a" * 257, "tag=" + "a" * 257])
def test_a_purge_that_makes_no_sense_is_refused(api, warm, query):
    assert api.purge(query).problem == "bad-parameter"
    assert hits(api, 1, 2, 42) == [1, 2, 42]


@pytest.mark.parametrize("text", ["%00", "%0D%0AFLUSHALL%0D%0A", "%22", "%27", "*%0A", "%F0%9F%98%80",
                                  "%FF", "{1}", "%5B%5D%5D"])
def test_hostile_purges_are_only_names(api, warm, text):
    assert api.purge(f"tag={text}").status == 200
    assert api.purge(f"pattern=x{text}").status in (200, 400)
    assert hits(api, 1, 2, 42) == [1, 2, 42]


def test_a_purge_of_a_megabyte_is_refused(api, warm):
    assert api.purge("pattern=" + "a" * (1 << 20)).status in (400, 413, 414, 431)
    assert hits(api, 1) == [1]


def test_numbers_of_the_cache(api, warm):
    before = api.ask("GET", "/api/v1/cache").json
    hits(api, 1, 2, 42)
    after = api.ask("GET", "/api/v1/cache").json
    memory = [page["caches"]["query"]["memory"] for page in (before, after)]
    assert memory[1]["hits"] == memory[0]["hits"] + 3
    assert memory[1]["lookups"] == memory[0]["lookups"] + 3
    assert (after["state"], after["notify_connected"]) == ("memory", True)
    assert after["entries"] >= 3 and after["bytes"] > 0
    page = api.sidecar.metrics()
    assert page.sum("pgsidecar_cache_hits_total", cache="query") == memory[1]["hits"]
    assert page.sum("pgsidecar_cache_lookups_total") == (
        page.sum("pgsidecar_cache_hits_total") + page.sum("pgsidecar_cache_misses_total")
        + page.sum("pgsidecar_cache_stale_total"))


@pytest.mark.parametrize("what, cached, reasons", [
    ({"operation": "getUser"}, True, []),
    ({"operation": "moment"}, False, ["function"]),
    ({"operation": "echo"}, False, ["no_rule", "relation"]),
    ({"sql": "SELECT * FROM users"}, False, ["no_rule"]),
    ({"sql": "SELECT now() FROM users FOR UPDATE"}, False, ["no_rule", "not_select", "function"]),
    ({"sql": "SELECT * FROM pg_catalog.pg_class"}, False, ["no_rule", "relation"]),
    ({"sql": "SELECT * FROM gone"}, False, ["no_rule", "relation", "no_facts"]),
    ({"sql": "SELEC"}, False, ["no_rule", "not_judged"]),
    ({"sql": "SELECT " + "1+" * 30000 + "1"}, False, ["no_rule", "not_judged"]),
])
def test_why_something_is_not_cached(api, what, cached, reasons):
    answer = api.explain(**what)
    assert (answer["cached"], answer["reasons"]) == (cached, reasons)


def test_an_explanation_names_tags_and_ttl(api):
    answer = api.explain(operation="getPerson")
    assert answer["tags"] == [f"db:{DATABASE}", "table:public.people", "table:public.users"]
    assert answer["ttl_seconds"] == 60
    for body in ("", "[]", "{}", '{"sql": 1}', '{"sql": "x", "operation": "y"}', '{"sql": "' + "x" * 70000):
        refused = api.ask("POST", "/api/v1/cache/explain", body)
        assert refused.status in (400, 413), body
    assert api.ask("POST", "/api/v1/cache/explain", '{"operation": "nobody"}').status == 404


def notices(api):
    return api.sidecar.metrics().by("kind", "pgsidecar_cache_notifications_total")


@pytest.mark.parametrize("payload, kind, left", [
    ("table:public.users", "table", []),
    ('table:"public"."users"', "table", []),
    ("table:public.orders", "table", [1, 2, 42]),
    ("table:users", "unknown", [1, 2, 42]),
    ("tag:user:42", "tag", [1, 2]),
    ("key:user:1", "key", [2, 42]),
    ("key:user:*", "key", [1, 2, 42]),
    ("pattern:user:?", "pattern", [42]),
    ("pattern:[", "unknown", [1, 2, 42]),
    ("flush everything", "unknown", [1, 2, 42]),
    ("tag:", "unknown", [1, 2, 42]),
    ("pattern:" + "a" * 300, "unknown", [1, 2, 42]),
    ("", "unknown", [1, 2, 42]),
])
def test_a_notification_drops_exactly_what_it_names(api, warm, database, payload, kind, left):
    before = notices(api)
    database.sql(f"NOTIFY pgsidecar_invalidate, '{payload}'", DATABASE)
    heard = lambda: notices(api).get(kind, 0) == before.get(kind, 0) + 1
    assert harness.eventually(heard), (before, notices(api))
    assert hits(api, 1, 2, 42) == left


def test_the_documented_trigger_tells_of_writes_made_elsewhere(api, warm, database):
    before = notices(api).get("table", 0)
    database.sql("UPDATE users SET email = 'elsewhere' WHERE id = 42", DATABASE)
    assert harness.eventually(lambda: notices(api).get("table", 0) == before + 1)
    assert api.call("getUser", id=42).rows == [{"id": 42, "email": "elsewhere"}]
    database.sql("BEGIN; UPDATE users SET email = 'never' WHERE id = 42; ROLLBACK", DATABASE)
    database.sql("NOTIFY pgsidecar_invalidate, 'tag:nothing'", DATABASE)
    assert hits(api, 42) == [42]


def test_what_was_said_while_nobody_listened_is_made_up_for(api, warm, database):
    database.sql("ALTER TABLE users DISABLE TRIGGER pgsidecar_invalidate", DATABASE)
    warm()
    before = api.sidecar.log().count("listening on pgsidecar_invalidate")
    ended = database.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pgsidecar'"
        f" AND datname = '{DATABASE}'", DATABASE)
    assert ended
    database.sql("UPDATE users SET email = 'unheard' WHERE id = 42", DATABASE)
    database.sql("ALTER TABLE users ENABLE TRIGGER pgsidecar_invalidate", DATABASE)
    again = lambda: api.sidecar.log().count("cache: listening on pgsidecar_invalidate") > before
    assert harness.eventually(again)
    assert harness.eventually(
        lambda: api.sidecar.metrics().sum("pgsidecar_cache_notify_connected") == 1)
    assert api.call("getUser", id=42).rows == [{"id": 42, "email": "unheard"}]


@pytest.fixture
def reader(start_sidecar, database):
    uri = f"postgresql://reader@127.0.0.1:{database.port}/{DATABASE}"
    return Api(start_sidecar(uri, config=operations_kit.OPERATIONS)).judges()


def test_a_revoked_privilege_ends_the_answers_it_allowed(reader, database):
    assert reader.caches("getUser", id=1) == ["MISS", "HIT"]
    database.sql("REVOKE SELECT ON users FROM reader", DATABASE)
    try:
        refused = lambda: reader.call("getUser", id=1).status == 422
        assert harness.eventually(refused, timeout=5)
        assert reader.call("getUser", id=1).json["sqlstate"] == "42501"
    finally:
        database.sql("GRANT SELECT ON users TO reader", DATABASE)


def test_rows_behind_policies_are_not_cached(reader, database):
    assert reader.caches("secret") == ["MISS", "HIT"]
    database.sql("ALTER TABLE secrets ENABLE ROW LEVEL SECURITY", DATABASE)
    try:
        assert harness.eventually(lambda: reader.call("secret").detail == "row_security", timeout=5)
        assert reader.call("secret").rows == []
        assert reader.explain(operation="secret")["reasons"] == ["row_security"]
    finally:
        database.sql("ALTER TABLE secrets DISABLE ROW LEVEL SECURITY", DATABASE)
    assert harness.eventually(lambda: reader.call("secret").cache == "HIT", timeout=5)


def test_two_users_never_share_an_answer(api, reader, database):
    """Each sidecar has a cache of its own; what they share is only the server."""
    database.sql("REVOKE SELECT ON secrets FROM reader", DATABASE)
    try:
        assert api.call("secret").rows == [{"id": 1}]
        assert harness.eventually(lambda: reader.call("secret").status == 422, timeout=5)
    finally:
        database.sql("GRANT SELECT ON secrets TO reader", DATABASE)


def test_a_table_that_shadows_another_makes_the_name_ambiguous(api, database):
    assert api.caches("getOrders", id=1)[1] == "HIT"
    database.sql("CREATE SCHEMA shadow; CREATE TABLE shadow.orders (id int, user_id int)", DATABASE)
    try:
        ambiguous = lambda: api.call("getOrders", id=1).detail == "ambiguous_name"
        assert harness.eventually(ambiguous, timeout=5)
    finally:
        database.sql("DROP SCHEMA shadow CASCADE", DATABASE)
    assert harness.eventually(lambda: api.call("getOrders", id=1).cache == "HIT", timeout=5)


def test_a_volatile_overload_ends_the_caching(api, database):
    assert api.caches("getPerson", id=1)[1] == "HIT"
    database.sql("CREATE FUNCTION lower(int) RETURNS int LANGUAGE sql VOLATILE AS 'SELECT 1'", DATABASE)
    try:
        # The view means the function of PostgreSQL, which it names; a statement might not.
        assert harness.eventually(
            lambda: "ambiguous_name" in api.explain(sql="SELECT lower(email) FROM users")["reasons"])
        assert api.explain(operation="getPerson")["reasons"] == []
    finally:
        database.sql("DROP FUNCTION lower(int)", DATABASE)


def test_a_write_between_read_and_store_wins(api, database):
    """A write that commits while an answer is fetched keeps that answer out of the cache."""
    assert harness.eventually(lambda: api.caches("slowly", id=8)[1] == "HIT")
    slow = threading.Thread(target=lambda: api.call("slowly", id=9))
    slow.start()
    time.sleep(0.2)
    api.call("dropUser", id=999)
    slow.join()
    assert api.call("slowly", id=9).cache == "MISS"
    assert harness.eventually(lambda: api.call("slowly", id=9).cache == "HIT")
    raced = api.sidecar.metrics().sum("pgsidecar_cache_insertions_refused_total", reason="raced")
    assert raced >= 1


def test_nothing_of_a_call_is_in_the_log(api):
    secret = "marker-4711"
    api.call("byEmail", email=secret)
    api.call("echo", text=secret)
    api.purge(f"tag={secret}")
    assert secret not in api.sidecar.log()
    assert json.dumps(secret) not in api.sidecar.fetch("/metrics")[2].decode()
