"""Two pgsidecars that share a Redis: entries, invalidations, outages, and what must never be said."""

import http.client
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import threading
import time

import pytest

import harness

DATABASE = "redis_cache"
PASSWORD = "hunter2-of-redis"
CONFIG = """
executor: {{facts_every: 1s}}
operations:
  - {{name: getUser, sql: "SELECT id, email FROM users WHERE id = $1", parameters: [id int4],
     cache: {{ttl: 60s, key: "user:{{id}}", tags: [users]}}}}
cache:
  secret_file: {secret}
  redis:
    url: unix://{socket}
    user: pgsidecar
    password_file: {password}
"""
# What docs/security.md says; in a file, so that it is there from the first moment of each start.
ACL = f"""
user default on nopass ~* &* +@all
user pgsidecar on >{PASSWORD} ~pgsc.* ~{{pgsc.* +get +set +unlink +incr +xadd +xread +xrange +ping +info +time +select +client|setname
"""


class Redis:
    """A private redis-server on a Unix socket."""

    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="pgsidecar-redis-")
        self.socket = os.path.join(self.directory, "redis.sock")
        self.acl = os.path.join(self.directory, "users.acl")
        pathlib.Path(self.acl).write_text(ACL.lstrip(), encoding="ascii")
        self.process = None

    def start(self):
        self.process = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", self.socket, "--dir", self.directory,
             "--save", "", "--aclfile", self.acl, "--logfile", os.path.join(self.directory, "log")])
        assert harness.eventually(lambda: self.do("PING") == "PONG")
        return self

    def do(self, *words):
        done = subprocess.run(["redis-cli", "-s", self.socket, *words], text=True, timeout=10,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
        return done.stdout.strip()

    def kill(self):
        harness.stop_process(self.process, signal.SIGKILL)

    def destroy(self):
        self.process.send_signal(signal.SIGCONT)
        self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)


class Instance:
    """A pgsidecar with that Redis, and its API."""

    def __init__(self, postgres, redis):
        secret = os.path.join(redis.directory, "secret")
        password = os.path.join(redis.directory, "password")
        for path, text in ((secret, "s" * 32), (password, PASSWORD + "\n")):
            pathlib.Path(path).write_text(text, encoding="ascii")
        config = CONFIG.format(secret=secret, socket=redis.socket, password=password)
        uri = f"postgresql://postgres@127.0.0.1:{postgres.port}/{DATABASE}"
        self.sidecar = harness.Sidecar(uri, config=config).start()

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.sidecar.admin_port, timeout=30)
        headers = {"Content-Type": "application/json"} if body is not None else {}
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer, json.loads(text)

    def user(self, number):
        """Whether it came from the cache; a look-up that fails is an error of the test."""
        answer, body = self.ask("POST", "/api/v1/operations/getUser", json.dumps({"id": number}))
        assert answer.status == 200, body
        assert body["rows"] == [{"id": number, "email": f"user{number}@example.org"}]
        return answer.headers["X-Cache"]

    def purge(self, pattern):
        return self.ask("DELETE", f"/api/v1/cache?pattern={pattern}")

    def metrics(self):
        return self.sidecar.fetch("/metrics")[2].decode()

    def state(self):
        return self.ask("GET", "/api/v1/cache")[1]["state"]

    def reaches(self, state):
        assert harness.eventually(lambda: self.state() == state, timeout=20), self.sidecar.log()
        return self

    def judges(self):
        """Nothing is cached before the catalogue was read."""
        body = json.dumps({"operation": "getUser"})
        assert harness.eventually(
            lambda: self.ask("POST", "/api/v1/cache/explain", body)[1]["cached"])
        return self


@pytest.fixture(scope="module")
def database(postgres):
    postgres.sql(f"CREATE DATABASE {DATABASE}")
    postgres.sql("CREATE TABLE users (id int PRIMARY KEY, email text); INSERT INTO users SELECT i,"
                 " 'user' || i || '@example.org' FROM generate_series(1, 100) i", DATABASE)
    return postgres


@pytest.fixture
def redis():
    made = Redis()
    try:
        yield made.start()
    finally:
        made.destroy()


@pytest.fixture
def instances(database, redis):
    made = [Instance(database, redis) for _ in range(2)]
    try:
        yield [each.judges().reaches("redis") for each in made]
    finally:
        for each in made:
            each.sidecar.destroy()


def test_entries_and_invalidations_are_shared(instances):
    one, two = instances
    assert one.user(1) == "MISS"
    assert harness.eventually(lambda: two.user(1) == "HIT")
    answer, body = one.purge("user:1")
    assert answer.status == 200, body
    time.sleep(0.1)
    assert two.user(1) == "MISS"


def test_a_kill_costs_no_error_and_no_deadline(instances, redis):
    one, _ = instances
    slowest, stop, problems = [0.0], threading.Event(), []

    def load():
        number = 0
        try:
            while not stop.is_set():
                number = number % 100 + 1
                start = time.monotonic()
                one.user(number)
                slowest[0] = max(slowest[0], time.monotonic() - start)
        except Exception as problem:  # pylint: disable=broad-except
            problems.append(problem)

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(2):
            time.sleep(0.5)
            redis.kill()
            one.reaches("memory")
            redis.start()
            one.reaches("redis")
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not problems
    assert slowest[0] < 1.0


def test_a_purge_during_an_outage_is_never_undone(instances, redis):
    one, two = instances
    assert one.user(2) == "MISS"
    redis.process.send_signal(signal.SIGSTOP)
    one.reaches("memory")
    answer, body = one.purge("user:2")
    assert answer.status == 202 and body["redis"] == "pending", body
    redis.process.send_signal(signal.SIGCONT)
    one.reaches("redis")
    assert one.user(2) == "MISS"
    two.reaches("redis")
    assert harness.eventually(
        lambda: "pgsidecar_cache_invalidations_pending 0" in one.metrics())


def test_metrics_say_what_happened(instances, redis):
    one, _ = instances
    one.user(3)
    assert 'pgsidecar_cache_state{state="redis"} 1' in one.metrics()
    assert 'pgsidecar_cache_store_authenticated{store="redis"} 1' in one.metrics()
    redis.kill()
    one.reaches("memory")
    text = one.metrics()
    assert 'pgsidecar_cache_state{state="memory"} 1' in text
    assert 'pgsidecar_cache_store_up{store="redis"} 0' in text
    assert "pgsidecar_cache_store_errors_total" in text


def test_the_password_is_nowhere(instances):
    for each in instances:
        assert PASSWORD not in each.sidecar.log()
        assert PASSWORD not in each.metrics()
        assert PASSWORD not in json.dumps(each.ask("GET", "/api/v1/cache")[1])


@pytest.mark.parametrize("url, said", [
    (f"redis://u:{PASSWORD}@127.0.0.1", "has a password"),
    ("http://127.0.0.1", "has an unknown scheme"),
    ("redis://127.0.0.1:0", "as port"),
])
def test_a_wrong_url_is_refused_by_name(url, said):
    done = subprocess.run(
        [str(harness.BINARY), "check-config"], text=True, capture_output=True, check=False,
        env={**os.environ, "PGSIDECAR_CACHE_REDIS_URL": url})
    assert done.returncode == 2
    assert "cache.redis.url" in done.stderr and said in done.stderr, done.stderr
    assert "allowed: redis://" in done.stderr
    assert PASSWORD not in done.stdout + done.stderr
