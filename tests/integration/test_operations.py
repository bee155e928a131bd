"""Named operations over HTTP on a real PostgreSQL: rows, errors, cache, who may call."""

import json
import secrets
import subprocess
import time

import pytest

import harness
import operations_kit
from operations_kit import Api

DATABASE = "operations"


@pytest.fixture(scope="module")
def database(postgres):
    operations_kit.make_database(postgres, DATABASE)
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


def test_rows_are_json_with_their_types(api):
    [row] = api.call("types").rows
    assert row == {
        "big": 9223372036854775807, "real": 1.5, "nan": "NaN", "low": "-Infinity", "exact": "1.10",
        "yes": True, "nothing": None, "grid": [[1, 2], [3, None]],
        "json": {"a": float("inf"), "b": [True]}, "at": "2024-01-02 03:04:05+00",
        "bytes": "\\x00ff", "text": "é\"\\", "none": [], "twin": 1, "twin_2": 2}
    assert b'"big":9223372036854775807,' in api.call("types").body


def test_what_changes_no_row_says_how_many_it_touched(api):
    assert api.call("dropUser", id=999).json == {"rows": [], "row_count": 0}
    added = api.call("addUser", id=900, email=None)
    assert added.json == {"rows": [], "row_count": 1}
    assert added.cache == "BYPASS"
    assert api.call("dropUser", id=900).json["row_count"] == 1


def test_a_cached_operation_hits(api):
    before = api.sidecar.metrics()
    assert api.caches("getUser", id=11) == ["MISS", "HIT"]
    assert api.call("getUser", id=11).rows == [{"id": 11, "email": "user11@example.org"}]
    assert api.caches("getUser", id=12) == ["MISS", "HIT"]
    assert api.caches("getOrders", id=4711) == ["MISS", "HIT"]  # no rows are an answer, too
    counted = api.sidecar.metrics().since(before)
    assert counted.sum("pgsidecar_cache_lookups_total", cache="query") == 7
    assert counted.sum("pgsidecar_cache_hits_total", cache="query") == 4
    assert counted.sum("pgsidecar_cache_misses_total", cache="query") == 3
    assert counted.sum("pgsidecar_operation_cache_hits_total", operation="getUser") == 3
    assert counted.sum("pgsidecar_operation_duration_seconds_count", operation="getUser") == 5
    # Only what reached PostgreSQL is a statement.
    statements = api.sidecar.settled().since(before)
    assert statements.sum("pgsidecar_statement_duration_seconds_count", operation="getUser") in (0, 2)


def test_an_entry_lives_as_long_as_its_ttl(api):
    assert api.caches("brief") == ["MISS", "HIT"]
    time.sleep(0.35)
    assert api.call("brief").cache == "MISS"


def test_what_depends_on_the_moment_is_not_cached(api):
    before = api.sidecar.metrics()
    for _ in range(2):
        reply = api.call("moment")
        assert (reply.cache, reply.detail) == ("BYPASS", "function")
    for text in ("now", " Tomorrow "):
        assert api.call("byEmail", email=text).detail == "function"
    assert api.caches("byEmail", email="snow") == ["MISS", "HIT"]
    counted = api.sidecar.metrics().since(before)
    assert counted.by("reason", "pgsidecar_cache_bypasses_total", cache="query") == {"function": 4}


def test_many_callers_share_one_fetch(api, database):
    before = api.sidecar.metrics()
    started = database.sql("SELECT last_value, is_called FROM fetches", DATABASE)
    replies = api.together(8, "slowly", id=7)
    assert [reply.rows for reply in replies] == [[{"slow": 7}]] * 8
    after = database.sql("SELECT last_value, is_called FROM fetches", DATABASE)
    assert (after, started) == ([(1, True)], [(1, False)])
    counted = api.sidecar.metrics().since(before)
    assert counted.sum("pgsidecar_cache_lookups_total", cache="query") == 8
    assert counted.sum("pgsidecar_cache_coalesced_requests_total", cache="query") == 7


def test_more_than_eight_calls_at_once_are_refused(api):
    before = api.sidecar.metrics()
    replies = api.together(16, "sleep", seconds=1)
    statuses = sorted(reply.status for reply in replies)
    assert statuses == [200] * 8 + [503] * 8
    refused = next(reply for reply in replies if reply.status == 503)
    assert (refused.problem, refused.headers["Retry-After"]) == ("busy", "1")
    counted = api.sidecar.metrics().since(before)
    assert counted.by("reason", "pgsidecar_operation_requests_rejected_total") == {"busy": 8}


@pytest.mark.parametrize("write, parameters, stale, fresh", [
    ("addUser", {"id": 901, "email": "x"}, ("getUser", "getPerson"), ("getOrders", "countEvents")),
    ("dropUser", {"id": 901}, ("getUser", "getPerson", "getOrders"), ("countEvents",)),
    ("addEvent", {"id": 1, "day": "2024-05-05"}, ("countEvents",), ("getUser", "getOrders")),
    ("addAudit", {}, ("getUser", "getPerson", "getOrders", "countEvents"), ()),
])
def test_a_write_drops_what_it_made_old_and_nothing_else(api, write, parameters, stale, fresh):
    reads = {name: {} if name == "countEvents" else {"id": 21} for name in (*stale, *fresh)}
    for name, values in reads.items():
        api.call(name, **values)
        assert api.call(name, **values).cache == "HIT", name
    assert api.call(write, **parameters).status == 200
    assert {name: api.call(name, **reads[name]).cache for name in stale} == dict.fromkeys(stale, "MISS")
    assert {name: api.call(name, **reads[name]).cache for name in fresh} == dict.fromkeys(fresh, "HIT")


def test_the_writer_reads_its_write(api):
    for i in range(20):
        assert api.call("getUser", id=950).rows == []
        api.call("addUser", id=950, email=f"v{i}")
        assert api.call("getUser", id=950).rows == [{"id": 950, "email": f"v{i}"}]
        api.call("dropUser", id=950)


def test_a_write_that_fails_drops_nothing(api):
    # What triggers said of earlier writes may still be on its way.
    assert harness.eventually(lambda: api.call("getUser", id=31).cache == "HIT")
    failed = api.call("addUser", id=31, email="twice")
    assert (failed.status, failed.problem, failed.json["sqlstate"]) == (422, "statement-failed", "23505")
    assert api.call("getUser", id=31).cache == "HIT"


@pytest.mark.parametrize("operation, body, status, slug", [
    ("nobody", "{}", 404, "unknown-operation"),
    ("getUser", "{}", 400, "missing-parameter"),
    ("getUser", '{"id": 1, "colour": "red"}', 400, "unknown-parameter"),
    ("getUser", '{"id": 1, "id": 2}', 400, "repeated-parameter"),
    ("getUser", '{"id": null}', 400, "null-parameter"),
    ("getUser", '{"id": "one"}', 400, "wrong-type"),
    ("getUser", '{"id": 1.5}', 400, "wrong-type"),
    ("getUser", '{"id": 2147483648}', 400, "wrong-type"),
    ("getUser", '{"id": [1]}', 400, "wrong-type"),
    ("getUser", '{"id": {"a": 1}}', 400, "wrong-type"),
    ("getUser", "[1]", 400, "bad-body"),
    ("getUser", "1", 400, "bad-body"),
    ("getUser", '{"id": 1', 400, "bad-body"),
    ("getUser", '{"id": 1} {}', 400, "bad-body"),
    ("echo", '{"numbers": ' + "[" * 7 + "]" * 7 + "}", 400, "bad-body"),
    ("echo", '{"text": ' + "[" * 100_000, 400, "bad-body"),
    ("echo", '{"text": ' + '{"a":' * 100_000, 400, "bad-body"),
    ("echo", '{"text": "a\\u0000b"}', 400, None),
    ("addEvent", '{"id": 1, "day": "someday"}', 400, "wrong-type"),
    ("divide", '{"by": 0}', 422, "statement-failed"),
    ("late", "{}", 504, "deadline"),
    ("many", '{"rows": 9000}', 422, "result-too-large"),
])
def test_what_is_wrong_is_a_problem_that_says_so(api, operation, body, status, slug):
    reply = api.ask("POST", f"/api/v1/operations/{operation}", body)
    assert reply.status == status, reply.body
    assert slug in (reply.problem, None)


def test_http_is_spoken_properly(api):
    assert api.ask("GET", "/api/v1/operations/getUser").status == 405
    assert api.ask("PUT", "/api/v1/operations", "{}").headers["Allow"] == "GET, HEAD, POST"
    plain = api.ask("POST", "/api/v1/operations/getUser", "{}", Content_Type="text/plain")
    assert plain.status == 415
    large = json.dumps({"text": "x" * (1 << 20)})
    assert api.ask("POST", "/api/v1/operations/echo", large).status == 413
    fits = "x" * ((1 << 20) - 100)
    assert api.call("echo", text=fits).rows[0]["text"] == fits


HOSTILE = ["*", "a'; DROP TABLE users; --", "\r\nSet-Cookie: a=b", '"', "\\", "{id}", "%00", "user:*",
           "é\u2028\U0001f600", "x" * 1000]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(api, text):
    assert api.call("echo", text=text).rows == [{"text": text, "bytes": None, "numbers": None}]
    assert api.caches("byEmail", email=text) == ["MISS", "HIT"]
    quoted = "".join(f"%{byte:02X}" for byte in text.encode())
    assert api.ask("POST", f"/api/v1/operations/{quoted}", "{}").status in (404, 414)
    assert api.call("getUser", **{text: 1}).status == 400
    assert len(api.call("getUser", id=1).rows) == 1


def test_a_batch_runs_each_call_for_itself(api):
    calls = [{"operation": "getUser", "parameters": {"id": 41}}, {"operation": "getUser"},
             {"operation": "nobody"}, {"operation": "divide", "parameters": {"by": 0}},
             {"operation": "getUser", "parameters": {"id": 41}}]
    reply = api.ask("POST", "/api/v1/operations", json.dumps({"calls": calls}))
    results = reply.json["results"]
    assert [each["status"] for each in results] == [200, 400, 404, 422, 200]
    assert [each.get("x_cache") for each in results] == ["MISS", None, None, None, "HIT"]
    assert results[3]["problem"]["sqlstate"] == "22012"
    assert results[4]["rows"] == [{"id": 41, "email": "user41@example.org"}]
    for body in ('{"calls": []}', "{}", "[]", '{"calls": [{"parameters": {}}]}', '{"calls": [1]}',
                 '{"calls": [{"operation": "getUser", "sql": "SELECT 1"}]}',
                 json.dumps({"calls": [{"operation": "getUser"}] * 33})):
        assert api.ask("POST", "/api/v1/operations", body).problem == "bad-body", body


def test_operations_describe_themselves(api):
    listed = {each["name"]: each for each in api.ask("GET", "/api/v1/operations").json["operations"]}
    assert listed["getUser"]["parameters"] == [{"name": "id", "type": "int4", "nullable": False}]
    assert listed["getUser"]["cache"]["ttl_seconds"] == 60
    assert (listed["getUser"]["read_only"], listed["addUser"]["read_only"]) == (True, False)
    document = api.ask("GET", "/api/v1/openapi.json").json
    assert document["openapi"] == "3.1.0"
    post = document["paths"]["/api/v1/operations/addUser"]["post"]
    schema = post["requestBody"]["content"]["application/json"]["schema"]
    assert schema["properties"]["email"]["type"] == ["string", "null"]
    assert schema["required"] == ["id"]
    assert set(document["paths"]) == {f"/api/v1/operations/{name}" for name in listed} | {
        "/api/v1/operations"}


def test_the_performance_monitor_knows_operations(api):
    api.call("getUser", id=1)
    metrics = api.ask("GET", "/api/v1/performance?name=query.getUser.duration").json["metrics"]
    assert metrics["query.getUser.duration"]["count"] > 0
    assert "query.getUser.success" in api.ask("GET", "/api/v1/performance").json["metrics"]
    assert api.ask("GET", "/api/v1/performance?name=nobody").problem == "unknown-metric"


def test_only_reading_is_free_of_the_token(database, start_sidecar, tmp_path):
    token = secrets.token_hex(32)
    (tmp_path / "tokens").write_text(token + "\n")
    api = Api(start_sidecar(operations_kit.uri(database, DATABASE), "--set",
                            f"admin.token_file={tmp_path}/tokens",
                            config=operations_kit.OPERATIONS))
    allowed = {"headers": {"Authorization": f"Bearer {token}"}.items()}
    assert api.call("getUser", id=1).status == 200
    assert api.call("dropUser", id=960).status == 401
    assert api.call("dropUser", id=960, **allowed).status == 200
    assert api.call("nobody").status == 404
    read, write = {"operation": "getUser", "parameters": {"id": 1}}, {
        "operation": "dropUser", "parameters": {"id": 960}}
    for calls, status in (([read], 200), ([read, write], 401)):
        body = json.dumps({"calls": calls})
        assert api.ask("POST", "/api/v1/operations", body).status == status
    assert api.purge("pattern=*").status == 401


def test_a_database_that_is_gone_is_503(start_sidecar):
    port = harness.free_port()
    api = Api(start_sidecar(upstream=f"postgresql://postgres@127.0.0.1:{port}/x", ready=False,
                            config=operations_kit.OPERATIONS))
    reply = api.call("getUser", id=1)
    assert (reply.status, reply.problem) == (503, "database-unavailable")
    assert (reply.cache, reply.headers["Retry-After"]) == (None, "1")
    assert api.explain(operation="getUser")["reasons"] == ["no_facts"]


def test_operations_are_warm_before_the_first_call(database, start_sidecar):
    config = operations_kit.OPERATIONS + """
  - {name: listUsers, sql: "SELECT id FROM users ORDER BY id", read_only: true}
cache:
  warmup:
    - {operation: getUser, params_from: listUsers, limit: 30}
    - {operation: countEvents}
"""
    sidecar = start_sidecar(config=config, upstream=operations_kit.uri(database, DATABASE))
    assert harness.eventually(lambda: "warm-up: 31 of 31 answers are cached" in sidecar.log())
    assert "warm-up: 31 answers to fetch" in sidecar.log()
    api = Api(sidecar)
    assert api.call("getUser", id=30).cache == "HIT"
    assert api.call("getUser", id=31).cache == "MISS"
    assert api.call("countEvents").cache == "HIT"
    refreshes = sidecar.metrics().by("reason", "pgsidecar_cache_refreshes_total")
    assert refreshes == {"warmup": 31}


def test_changed_operations_wait_for_a_restart(database, start_sidecar):
    sidecar = start_sidecar(operations_kit.uri(database, DATABASE), config=operations_kit.OPERATIONS)
    path = f"{sidecar.directory}/pgsidecar.yaml"
    with open(path, "a") as file:
        file.write("  - {name: added, sql: SELECT 1, read_only: true}\n")
    api = Api(sidecar)
    answer = api.ask("POST", "/-/reload").json
    assert answer == {"reloaded": True, "restart_needed": ["operations"]}
    assert api.call("added").status == 404
    assert api.call("getUser", id=1).status == 200
    with open(path, "a") as file:
        file.write("  - {name: added, sql: SELECT 1; SELECT 2}\n")
    refused = api.ask("POST", "/-/reload")
    assert (refused.status, "operations" in refused.json["errors"][0]) == (422, True)


def test_a_sidecar_with_operations_ends_at_once(database, start_sidecar):
    sidecar = start_sidecar(operations_kit.uri(database, DATABASE), "--set",
                            "drain.accept_for=0", config=operations_kit.OPERATIONS)
    Api(sidecar).judges()
    begun = time.monotonic()
    assert sidecar.stop() == 0
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize("operation, problem", [
    ("{name: a, sql: SELECT 1; SELECT 2}", "operations: operation a: sql is not one statement"),
    ("{name: a, sql: SET ROLE x}", "changes its session or what is defined"),
    ("{name: a, sql: DROP TABLE x}", "changes its session or what is defined"),
    ("{name: a, sql: SELECT 1 INTO x}", "changes its session or what is defined"),
    ("{name: a, sql: BEGIN}", "changes its session or what is defined"),
    ("{name: a, sql: DELETE FROM x, cache: {}}", "writes, so it cannot be cached"),
    ("{name: a, sql: DELETE FROM x, read_only: true}", "writes, but is read_only"),
    ("{name: a, sql: COPY x TO STDOUT}", "is of another kind"),
    ("{name: a, sql: SELECT 1, parameters: [id colour]}", "'id colour' has an unknown type"),
])
def test_what_cannot_be_an_operation_refuses_the_start(tmp_path, operation, problem):
    path = tmp_path / "pgsidecar.yaml"
    path.write_text(f"operations:\n  - {operation}\n")
    done = subprocess.run([str(harness.BINARY), "check-config", "--config", str(path)],
                          capture_output=True, text=True, timeout=20, check=False)
    assert (done.returncode, problem in done.stderr) == (2, True), done.stderr
    assert f"{path}:1: operations: " in done.stderr and "; allowed: " in done.stderr
