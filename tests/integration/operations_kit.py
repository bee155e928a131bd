"""Calls of named operations and of the cache API, and a database for them."""

import concurrent.futures
import http.client
import json

import harness

SCHEMA = """
CREATE SEQUENCE fetches;
CREATE TABLE users (id int PRIMARY KEY, email text, tags text[]);
INSERT INTO users SELECT i, 'user' || i || '@example.org', ARRAY['a', 'b'] FROM generate_series(1, 50) i;
CREATE TABLE orders (id int PRIMARY KEY, user_id int REFERENCES users ON DELETE CASCADE);
INSERT INTO orders SELECT i, i FROM generate_series(1, 50) i;
CREATE VIEW people AS SELECT id, lower(email) AS email FROM users;
CREATE TABLE events (id int, day date) PARTITION BY RANGE (day);
CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE audited (id int);
CREATE TABLE secrets (id int);
INSERT INTO secrets VALUES (1);
CREATE FUNCTION counted(int) RETURNS int LANGUAGE sql STABLE AS 'SELECT $1';
CREATE FUNCTION slow(int) RETURNS int LANGUAGE plpgsql STABLE AS
  'BEGIN PERFORM nextval(''fetches''); PERFORM pg_sleep(0.5); RETURN $1; END';
CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER audit AFTER INSERT ON audited FOR EACH STATEMENT EXECUTE FUNCTION audit();
CREATE FUNCTION pgsidecar_invalidate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  PERFORM pg_catalog.pg_notify('pgsidecar_invalidate',
                               pg_catalog.format('table:%I.%I', TG_TABLE_SCHEMA, TG_TABLE_NAME));
  RETURN NULL; END $$;
CREATE TRIGGER pgsidecar_invalidate AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.users
  FOR EACH STATEMENT EXECUTE FUNCTION pgsidecar_invalidate();
"""

OPERATIONS = """
executor: {facts_every: 1s, connections_max: 12}
operations:
  - name: getUser
    description: One user.
    sql: SELECT id, email FROM users WHERE id = $1
    parameters: ["id int4"]
    cache: {ttl: 60s, key: "user:{id}", tags: [users, "user:{id}"]}
  - {name: getOrders, sql: "SELECT id FROM orders WHERE user_id = $1", parameters: [id int4],
     cache: {ttl: 60s, negative_ttl: 60s}}
  - {name: getPerson, sql: "SELECT email FROM people WHERE id = $1", parameters: [id int4],
     cache: {ttl: 60s}}
  - {name: countEvents, sql: SELECT count(*) FROM events_2024, cache: {ttl: 60s}}
  - {name: brief, sql: SELECT count(*) FROM users, cache: {ttl: 300ms, stale_if_error: 0}}
  - {name: slowly, sql: "SELECT slow(id) FROM users WHERE id = $1", parameters: [id int4],
     cache: {ttl: 60s, functions: [slow]}}
  - {name: moment, sql: "SELECT now() FROM users WHERE id = 1", cache: {ttl: 60s}}
  - {name: secret, sql: SELECT id FROM secrets, cache: {ttl: 60s}}
  - {name: byEmail, sql: SELECT id FROM users WHERE email = $1, parameters: [email text],
     cache: {ttl: 60s, key: "email:{email}"}}
  - {name: addUser, sql: "INSERT INTO users VALUES ($1, $2)", parameters: [id int4, email text null]}
  - {name: dropUser, sql: DELETE FROM users WHERE id = $1, parameters: [id int4]}
  - {name: addEvent, sql: "INSERT INTO events VALUES ($1, $2)", parameters: [id int4, day date]}
  - {name: addAudit, sql: "INSERT INTO audited VALUES (1)"}
  - {name: divide, sql: "SELECT 1 / $1::int4 AS answer", parameters: [by int4], read_only: true}
  - {name: sleep, sql: "SELECT pg_sleep($1)", parameters: [seconds float8], read_only: true,
     timeout: 3s}
  - {name: late, sql: SELECT pg_sleep(10), read_only: true, timeout: 200ms}
  - {name: echo, sql: "SELECT $1::text AS text, $2::bytea AS bytes, $3::int4[] AS numbers",
     parameters: [text text null, bytes bytea null, "numbers int4[] null"], read_only: true}
  - {name: many, sql: "SELECT repeat('x', 1000) AS x FROM generate_series(1, $1::int4)",
     parameters: [rows int4], read_only: true}
  - name: types
    read_only: true
    sql: >-
      SELECT 9223372036854775807::int8 AS big, 1.5::float8 AS real, 'NaN'::float8 AS nan,
      '-Infinity'::float4 AS low, 1.10::numeric AS exact, true AS yes, NULL::int AS nothing,
      '{{1,2},{3,NULL}}'::int[] AS grid, '{"a": 1e400, "b": [true]}'::json AS json,
      '2024-01-02 03:04:05+00'::timestamptz AS at, '\\x00ff'::bytea AS bytes, 'é"\\'::text AS text,
      '{}'::text[] AS none, 1 AS twin, 2 AS twin
"""


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body
        self.cache = headers.get("X-Cache")
        self.detail = headers.get("Cache-Status", "").rpartition("detail=")[2]

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def rows(self):
        assert self.status == 200, self.body
        return self.json["rows"]

    @property
    def problem(self):
        assert self.headers["Content-Type"] == "application/problem+json", self.body
        assert self.json["status"] == self.status
        return self.json["type"].removeprefix("urn:pgsidecar:problem:")


class Api:
    """The admin listener of one sidecar."""

    def __init__(self, sidecar):
        self.sidecar = sidecar

    def ask(self, method, path, body=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.sidecar.admin_port, timeout=30)
        sent = {"Content-Type": "application/json"} if body is not None else {}
        sent.update({name.replace("_", "-"): value for name, value in headers.items()})
        connection.request(method, path, body, sent)
        answer = connection.getresponse()
        reply = Reply(answer.status, answer.headers, answer.read())
        connection.close()
        return reply

    def call(self, operation, headers=(), **parameters):
        return self.ask("POST", f"/api/v1/operations/{operation}", json.dumps(parameters),
                        **dict(headers))

    def caches(self, operation, **parameters):
        return [self.call(operation, **parameters).cache for _ in range(2)]

    def purge(self, query):
        return self.ask("DELETE", f"/api/v1/cache?{query}")

    def explain(self, **what):
        return self.ask("POST", "/api/v1/cache/explain", json.dumps(what)).json

    def together(self, count, *arguments, **parameters):
        with concurrent.futures.ThreadPoolExecutor(count) as pool:
            calls = [pool.submit(self.call, *arguments, **parameters) for _ in range(count)]
            return [call.result() for call in calls]

    def judges(self):
        """Waits for the facts without which nothing is cached, and for LISTEN."""
        def ready():
            return (self.explain(operation="getUser")["cached"]
                    and self.ask("GET", "/api/v1/cache").json["notify_connected"])
        assert harness.eventually(ready), self.explain(operation="getUser")
        return self


def make_database(postgres, name):
    postgres.sql(f"CREATE DATABASE {name}")
    postgres.sql(SCHEMA, dbname=name)


def uri(postgres, name):
    return f"postgresql://postgres@127.0.0.1:{postgres.port}/{name}"
