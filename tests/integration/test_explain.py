"""Plans of slow statements: over a connection of our own, without harm and without secrets."""

import concurrent.futures
import contextlib
import json
import pathlib
import signal
import threading
import time

import psycopg2
import pytest

import harness
from harness import eventually

ROLE, PASSWORD = "scram_user", "scram-Secret-1"
PLANTED = "planted-Secret-4712"
SLOW = "SELECT pg_sleep(0.05) FROM explained.items WHERE id = 1"
REASONS = {"command", "text", "database", "recent", "queue_full", "connection", "server_version",
           "superuser", "timeout", "error"}

SCHEMA = f"""
CREATE SCHEMA explained;
GRANT USAGE ON SCHEMA explained TO {ROLE};
CREATE TABLE explained.items (id int PRIMARY KEY, name text, hits int NOT NULL DEFAULT 0);
INSERT INTO explained.items SELECT n, 'name ' || n FROM generate_series(1, 1000) AS n;
CREATE VIEW explained.nap AS
  SELECT count(*) AS n, pg_sleep(0.05)::text AS slept FROM explained.items;
-- Evaluated while PostgreSQL plans, and then slow for the role that explains.
CREATE FUNCTION explained.planned() RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN
  PERFORM pg_catalog.pg_sleep(CASE WHEN current_user = '{ROLE}' THEN 0.2 ELSE 0.05 END);
  RAISE WARNING 'overheard {PLANTED}';
  RETURN 1;
END $$;
CREATE FUNCTION explained.stuck() RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN
  PERFORM pg_catalog.pg_sleep(CASE WHEN current_user = '{ROLE}' THEN 20 ELSE 0.05 END);
  RETURN 1;
END $$;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA explained TO {ROLE};
"""


@pytest.fixture(scope="module")
def schema(postgres):
    postgres.sql(SCHEMA)
    yield postgres
    postgres.sql("DROP SCHEMA explained CASCADE")


def upstream_of(cluster, user=ROLE, password=PASSWORD, dbname="postgres"):
    """The URI and the environment of a sidecar that logs in for EXPLAIN."""
    uri = f"postgresql://{user}:{password}@{cluster.host}:{cluster.port}/{dbname}"
    return uri, {"PGUSER": user, "PGPASSWORD": password, "PGDATABASE": dbname}


def config_of(**explain):
    keys = "".join(f", {key}: {value}" for key, value in explain.items())
    return f"slow_query_threshold: 10ms\nslow_log: {{explain: {{enabled: true{keys}}}}}\n"


@pytest.fixture
def explaining(schema, start_sidecar):
    """Starts a sidecar that explains what takes 10 ms."""
    def start(cluster=schema, login=None, **explain):
        uri, environment = upstream_of(cluster, **(login or {}))
        return start_sidecar(uri, config=config_of(**explain), environment=environment)
    return start


def connect(sidecar, dbname="postgres", **more):
    connection = psycopg2.connect(host=sidecar.host, port=sidecar.port, dbname=dbname,
                                  user="postgres", **more)
    connection.autocommit = True
    return contextlib.closing(connection)


def run(sidecar, text, times=2, **more):
    """The first execution of a statement may be slow before it has an identity; hence twice."""
    with connect(sidecar, **more) as connection:
        for _ in range(times):
            connection.cursor().execute(text)
            time.sleep(0.35)


def lines(sidecar, event):
    found = [json.loads(line) for line in sidecar.log().splitlines() if line.startswith("{")]
    return [line for line in found if line["event"] == event]


def wait_for_plan(sidecar, count=1):
    plans = eventually(lambda: len(found := lines(sidecar, "plan")) >= count and found)
    assert plans, sidecar.log()
    return plans


def recent(sidecar):
    return json.loads(sidecar.fetch("/api/v1/slow-queries")[2])["recent"]


def skips(sidecar):
    page = sidecar.metrics()
    return {reason: page.sum("pgsidecar_slow_log_explain_skips_total", reason=reason)
            for reason in REASONS}


def wait_for_skip(sidecar, reason):
    assert eventually(lambda: skips(sidecar)[reason] > 0), (skips(sidecar), sidecar.log())


def plans_taken(sidecar):
    return sidecar.metrics().sum("pgsidecar_slow_log_explains_total")


def our_connections(cluster):
    return cluster.sql("SELECT count(*) FROM pg_stat_activity"
                       " WHERE application_name = 'pgsidecar'")[0][0]


def test_a_slow_select_gets_its_plan_in_log_and_api(explaining):
    sidecar = explaining()
    run(sidecar, "SELECT name, pg_sleep(0.05) FROM explained.items"
                 f" WHERE id = 7 AND name <> '{PLANTED}'")
    plan = wait_for_plan(sidecar)[0]
    slow = lines(sidecar, "slow")[-1]
    for key in ("fingerprint", "operation", "command", "datname"):
        assert plan[key] == slow[key]
    node = json.dumps(plan["plan"]["Plan"])
    assert "Index Scan" in node and "items" in node
    assert "(id = $2)" in node and "'" not in node, "a generic plan"
    assert "Actual Rows" not in node
    explained = [event for event in recent(sidecar) if "plan" in event]
    assert explained and explained[0]["event"] == "slow"
    assert explained[0]["plan"] == plan["plan"]
    assert plans_taken(sidecar) == 1
    page = sidecar.metrics()
    assert page.sum("pgsidecar_slow_log_entries_total", event="plan") == 1
    for text in (sidecar.log(), json.dumps(recent(sidecar)), sidecar.fetch("/metrics")[2].decode()):
        assert PLANTED not in text and PASSWORD not in text


@pytest.mark.parametrize("text", [
    "UPDATE explained.items SET hits = hits + 1 WHERE id = 1 AND pg_sleep(0.05)::text = ''",
    "DELETE FROM explained.items WHERE id = 3 AND pg_sleep(0.05)::text = 'no'",
    "INSERT INTO explained.items (id) SELECT 5000 + count(*) + (random() * 1000000)::int"
    " FROM pg_sleep(0.05)",
    "WITH gone AS (DELETE FROM explained.items WHERE id = -1 RETURNING id)"
    " SELECT id, pg_sleep(0.05) FROM gone UNION ALL SELECT 1, pg_sleep(0.05)",
    "VALUES (1, pg_sleep(0.05)), (2, NULL)"])
@pytest.mark.parametrize("analyze", ["false", "true"])
def test_no_statement_is_executed_by_explain(schema, explaining, text, analyze):
    sidecar = explaining(analyze=analyze)
    run(sidecar, text)
    before = schema.sql("SELECT count(*), sum(hits) FROM explained.items")
    wait_for_plan(sidecar)
    assert schema.sql("SELECT count(*), sum(hits) FROM explained.items") == before
    assert "Actual Rows" not in sidecar.log()


def test_analyze_runs_a_select_without_parameters(explaining):
    sidecar = explaining(analyze="true")
    run(sidecar, "SELECT n, slept FROM explained.nap")
    assert "Actual Rows" in json.dumps(wait_for_plan(sidecar)[0]["plan"])


def test_nothing_is_explained_unless_it_is_enabled(schema, start_sidecar):
    uri, environment = upstream_of(schema)
    sidecar = start_sidecar(uri, config="slow_query_threshold: 10ms\n", environment=environment)
    run(sidecar, SLOW)
    assert lines(sidecar, "slow")
    assert our_connections(schema) == 0
    assert not lines(sidecar, "plan") and plans_taken(sidecar) == 0
    assert skips(sidecar) == dict.fromkeys(REASONS, 0), "the series exist"


def test_a_statement_is_explained_once_per_interval(explaining):
    sidecar = explaining()
    run(sidecar, SLOW, times=4)
    run(sidecar, "SELECT pg_sleep(0.05) FROM explained.items WHERE id = 2", times=1)
    wait_for_skip(sidecar, "recent")
    assert plans_taken(sidecar) == 1
    often = explaining(every="1ms")
    run(often, SLOW, times=4)
    wait_for_plan(often, 3)


def test_a_lock_ends_explain_and_delays_nobody(explaining):
    sidecar = explaining(every="1ms")
    with connect(sidecar) as connection:
        cursor = connection.cursor()
        cursor.execute("BEGIN; LOCK TABLE explained.items IN ACCESS EXCLUSIVE MODE")
        for _ in range(2):
            cursor.execute(SLOW)
            time.sleep(0.35)
            start = time.monotonic()
            cursor.execute("SELECT 1")
            assert time.monotonic() - start < 0.5
        wait_for_skip(sidecar, "timeout")
        cursor.execute("ROLLBACK")
    assert plans_taken(sidecar) == 0


def test_a_connection_that_is_killed_is_counted_as_such(schema, explaining):
    sidecar = explaining(timeout="30s")
    run(sidecar, "SELECT explained.stuck(), name FROM explained.items")
    assert eventually(lambda: our_connections(schema) == 1)
    schema.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
               " WHERE application_name = 'pgsidecar'")
    wait_for_skip(sidecar, "connection")
    assert sidecar.alive() and plans_taken(sidecar) == 0


def test_slow_planning_ends_at_the_timeout(explaining):
    sidecar = explaining(timeout="100ms")
    run(sidecar, "SELECT explained.planned(), name FROM explained.items")
    wait_for_skip(sidecar, "timeout")
    assert plans_taken(sidecar) == 0


def test_one_at_a_time_and_a_bounded_queue(schema, explaining):
    sidecar = explaining(every="0")
    text = "SELECT explained.planned(), name FROM explained.items"
    run(sidecar, text, times=1)
    seen, done = [], threading.Event()

    def watch():
        while not done.wait(0.02):
            seen.append(our_connections(schema))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        with concurrent.futures.ThreadPoolExecutor(30) as pool:
            list(pool.map(lambda _: run(sidecar, text, times=1), range(30)))
        wait_for_skip(sidecar, "queue_full")

        def all_told():
            offered = sidecar.metrics().sum("pgsidecar_slow_log_entries_total", event="slow")
            return plans_taken(sidecar) + sum(skips(sidecar).values()) == offered
        assert eventually(all_told, timeout=20)
    finally:
        done.set()
        watcher.join()
    assert max(seen) == 1, "one connection, and it was seen"
    assert 16 <= plans_taken(sidecar) <= 18
    assert eventually(lambda: our_connections(schema) == 0), "closed when nothing is left"
    assert PLANTED not in sidecar.log(), "a warning of the server"


@pytest.mark.parametrize("reason,login,text", [
    ("connection", {"password": "wrong-Secret-5"}, SLOW),
    ("connection", {"dbname": "nowhere"}, SLOW),
    ("database", {"dbname": "template1"}, SLOW),
    ("superuser", {"user": "postgres"}, SLOW),
    ("error", {}, f"SELECT rolname, pg_sleep(0.02) FROM pg_authid WHERE rolname <> '{PLANTED}'"),
    ("command", {}, "CALL explained.nothing()"),
    ("command", {}, f"DO $$ BEGIN PERFORM pg_sleep(0.05); END $$ -- {PLANTED}"),
    ("text", {}, SLOW.replace("SELECT", "SELECT" + ",".join(
        f" length(name || name) AS column_number_{n}" for n in range(150)) + ",")),
])
def test_what_is_not_explained_is_counted(schema, explaining, reason, login, text):
    schema.sql("CREATE OR REPLACE PROCEDURE explained.nothing() LANGUAGE sql AS"
               " 'SELECT pg_sleep(0.05)'")
    sidecar = explaining(login=login)
    run(sidecar, text)
    wait_for_skip(sidecar, reason)
    assert plans_taken(sidecar) == 0 and not lines(sidecar, "plan")
    for secret in (PLANTED, PASSWORD, login.get("password", PASSWORD)):
        assert secret not in sidecar.log()
    assert sidecar.alive()


@pytest.mark.parametrize("policy", ["summary", "off"])
def test_without_the_text_there_is_no_plan(schema, start_sidecar, policy):
    uri, environment = upstream_of(schema)
    sidecar = start_sidecar(uri, config=config_of() + f"statements: {{text: {policy}}}\n",
                            environment=environment)
    run(sidecar, SLOW)
    wait_for_skip(sidecar, "text")
    assert plans_taken(sidecar) == 0


def test_a_failed_login_is_not_repeated_for_each_statement(explaining):
    sidecar = explaining(login={"password": "wrong-Secret-5"})
    run(sidecar, "SELECT pg_sleep(0.02) FROM explained.items WHERE id = 1", times=5)
    wait_for_skip(sidecar, "connection")
    assert sidecar.log().count("slow statements are not explained") == 1


def test_names_mean_what_they_mean_to_the_role_and_not_to_the_client(schema, explaining):
    """CVE-2025-12819 of PgBouncer: a search_path of the client reached the pooler's own queries."""
    schema.sql("CREATE TABLE explained.mine (id int); GRANT SELECT ON explained.mine TO PUBLIC")
    sidecar = explaining()
    run(sidecar, "SELECT pg_sleep(0.05) FROM mine UNION ALL SELECT pg_sleep(0.05)",
        options="-csearch_path=explained")
    wait_for_skip(sidecar, "error")
    schema.sql(f"ALTER ROLE {ROLE} SET search_path = explained")
    try:
        sidecar = explaining()
        run(sidecar, "SELECT pg_sleep(0.05) FROM mine UNION ALL SELECT pg_sleep(0.05)",
            options="-csearch_path=explained")
        wait_for_plan(sidecar)
    finally:
        schema.sql(f"ALTER ROLE {ROLE} RESET search_path")


TRAPS = f"""
CREATE SCHEMA traps;
GRANT USAGE ON SCHEMA traps TO PUBLIC;
CREATE TABLE traps.sprung (what text);
GRANT INSERT ON traps.sprung TO PUBLIC;
CREATE FUNCTION traps.current_setting(text) RETURNS text LANGUAGE sql AS $$ SELECT 'on' $$;
CREATE FUNCTION traps.cardinality(regtype[]) RETURNS int LANGUAGE sql AS $$ SELECT 99 $$;
CREATE FUNCTION traps.equal(name, text) RETURNS bool LANGUAGE sql AS $$ SELECT false $$;
CREATE OPERATOR traps.= (FUNCTION = traps.equal, LEFTARG = name, RIGHTARG = text);
CREATE VIEW traps.pg_prepared_statements AS
  SELECT 'trap' AS name, NULL::regtype[] AS parameter_types;
ALTER ROLE {ROLE} SET search_path = traps, pg_catalog;
"""


def test_our_own_queries_cannot_be_shadowed(schema, explaining):
    schema.sql(TRAPS)
    try:
        sidecar = explaining()
        run(sidecar, SLOW)
        wait_for_plan(sidecar)
    finally:
        schema.sql(f"ALTER ROLE {ROLE} RESET search_path; DROP SCHEMA traps CASCADE")


def test_a_reload_turns_it_on(schema, start_sidecar):
    uri, environment = upstream_of(schema)
    off = "slow_query_threshold: 10ms\n"
    sidecar = start_sidecar(uri, config=off, environment=environment)
    run(sidecar, SLOW)
    for config, count in ((config_of(), 1), (off, 1), (config_of(every="1ms"), 2)):
        pathlib.Path(sidecar.directory, "pgsidecar.yaml").write_text(config)
        reloads = sidecar.log().count("the new configuration is in use")
        sidecar.process.send_signal(signal.SIGHUP)
        assert eventually(
            lambda: sidecar.log().count("the new configuration is in use") > reloads)
        run(sidecar, SLOW, times=1)
        assert len(wait_for_plan(sidecar, count)) == count


def test_a_restarted_server_is_found_again(start_sidecar):
    cluster = harness.Cluster()
    try:
        cluster.start()
        cluster.sql("CREATE ROLE plain LOGIN")
        uri, environment = upstream_of(cluster, user="plain", password="unused")
        sidecar = start_sidecar(uri, config=config_of(every="1ms"), environment=environment)
        run(sidecar, "SELECT pg_sleep(0.05)")
        count = len(wait_for_plan(sidecar))
        cluster.stop()
        cluster.start()
        run(sidecar, "SELECT pg_sleep(0.05)")
        wait_for_plan(sidecar, count + 1)
    finally:
        cluster.destroy()


def test_a_stuck_explain_does_not_hold_up_the_exit(schema, start_sidecar):
    uri, environment = upstream_of(schema)
    config = config_of(timeout="30s") + "drain: {accept_for: 0, timeout: 0}\n"
    sidecar = start_sidecar(uri, config=config, environment=environment)
    run(sidecar, "SELECT explained.stuck(), name FROM explained.items")
    assert eventually(lambda: our_connections(schema) == 1)
    start = time.monotonic()
    assert sidecar.stop(signal.SIGTERM) == 0
    assert time.monotonic() - start < 3
    schema.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
               " WHERE application_name = 'pgsidecar'")
