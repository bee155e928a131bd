"""The pages as Prometheus and a person see them: formats, contract, exemplars, no secrets."""

import json
import re
import subprocess
import threading
import time
import urllib.parse
import urllib.request

import pytest

from harness import REPOSITORY, eventually, free_port, stop_process
from protocol import (COPY_DONE, SYNC, Client, bind, copy_data, execute, extended, parse, query)
from scrape import Scrape

OPENMETRICS = "application/openmetrics-text;version=1.0.0"


def load(port):
    """A bit of everything that has a metric."""
    with Client(port) as client:
        client.login()
        client.ask(query("BEGIN; SELECT 1; ROLLBACK") + query("SELECT 1 / 0")
                   + query("CREATE TEMP TABLE load (v text)") + query("COPY load FROM STDIN")
                   + copy_data(b"x\n") + COPY_DONE + query("COPY load TO STDOUT")
                   + query("DO $$ BEGIN RAISE NOTICE 'x'; END $$")
                   + extended("SELECT pg_sleep(1.1)") + SYNC
                   + query("INSERT INTO load VALUES ('y'); UPDATE load SET v = 'z'; DELETE FROM load"),
                   8)


def promtool(page):
    return subprocess.run(["promtool", "check", "metrics"], input=page, capture_output=True)


def test_promtool_accepts_the_page_idle_and_loaded(postgres, start_sidecar):
    sidecar = start_sidecar(postgres.uri())
    idle = sidecar.fetch("/metrics")[2]
    load(sidecar.port)
    sidecar.settled()
    loaded = sidecar.fetch("/metrics")[2]
    assert len(loaded) > len(idle)
    for page in (idle, loaded):
        result = promtool(page)
        assert (result.returncode, result.stdout + result.stderr) == (0, b"")


def test_every_family_is_documented_and_every_sample_has_a_family(sidecar):
    load(sidecar.port)
    page = sidecar.settled()
    documented = (REPOSITORY / "docs/metrics.md").read_text()
    for family in page.families():
        assert f"`{family}`" in documented, family
        assert page.help[family]
    suffixes = re.compile(r"_(bucket|sum|count)$")
    for name, _ in page.samples:
        assert name in page.types or suffixes.sub("", name) in page.types, name
        assert name.startswith(("pgsidecar_", "process_")), name


# test_tls.py and test_redis.py see these.
WITH_TLS = {"pgsidecar_tls_certificate_not_after_timestamp_seconds"}
WITH_REDIS = {f"pgsidecar_cache_{name}" for name in (
    "invalidation_lag_seconds", "invalidations_pending", "state", "state_transitions_total",
    "store_authenticated", "store_errors_total")}
OPERATION = """
executor: {user: postgres, database: postgres}
operations:
  - {name: one, sql: SELECT datname FROM pg_database LIMIT 1, cache: {ttl: 60s}}
"""


def test_documented_families_are_live(postgres, start_sidecar):
    sidecar = start_sidecar(postgres.uri(), config=OPERATION)
    load(sidecar.port)
    request = urllib.request.Request(
        f"http://127.0.0.1:{sidecar.admin_port}/api/v1/operations/one", data=b"{}",
        headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200
    families = sidecar.settled().families()
    documented = set(re.findall(r"`((?:pgsidecar|process)_[a-z_]+)`",
                                (REPOSITORY / "docs/metrics.md").read_text()))
    assert documented - families == WITH_TLS | WITH_REDIS


def test_the_two_formats_agree(sidecar):
    load(sidecar.port)
    sidecar.settled()
    text = Scrape(sidecar.fetch("/metrics")[2].decode())
    status, headers, body = sidecar.fetch("/metrics", Accept=OPENMETRICS)
    assert status == 200
    assert headers["Content-Type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert body.endswith(b"\n# EOF\n")
    plain = re.sub(rb" # \{[^\n]*", b"", body)
    other = Scrape(plain.decode())
    assert set(other.samples) == set(text.samples)


@pytest.mark.parametrize("accept,expected", [
    ("", "text/plain"), ("*/*", "text/plain"), ("text/html", "text/plain"),
    ("application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.9", "text/plain"),
    ("application/openmetrics-text;version=0.0.1,text/plain;version=0.0.4;q=0.5", "text/plain"),
    ("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
     "text/plain;version=0.0.4;q=0.5,*/*;q=0.1", "application/openmetrics-text")])
def test_negotiation(sidecar, accept, expected):
    status, headers, _ = sidecar.fetch("/metrics", Accept=accept)
    assert status == 200
    assert headers["Content-Type"].startswith(expected)


TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"


@pytest.fixture
def prometheus(sidecar, tmp_path):
    """A real Prometheus that scrapes the sidecar every second."""
    port = free_port()
    config = tmp_path / "prometheus.yml"
    config.write_text("global: {scrape_interval: 1s}\nscrape_configs:\n- job_name: pgsidecar\n"
                      f"  static_configs: [{{targets: ['127.0.0.1:{sidecar.admin_port}']}}]\n")
    with open(tmp_path / "log", "w") as log:
        process = subprocess.Popen(
            ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={tmp_path}/data",
             f"--web.listen-address=127.0.0.1:{port}", "--enable-feature=exemplar-storage",
             "--log.level=warn"], stdout=log, stderr=log)
    try:
        yield port
        assert "msg=" not in (tmp_path / "log").read_text().replace("Prometheus", "")
    finally:
        stop_process(process)


def ask_prometheus(port, path, **parameters):
    url = f"http://127.0.0.1:{port}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
    with urllib.request.urlopen(url, timeout=5) as answer:
        return json.load(answer)["data"]


@pytest.mark.slow
def test_prometheus_finds_the_exemplar_of_a_trace(sidecar, prometheus):
    with Client(sidecar.port) as client:
        client.login().ask(query(
            f"SELECT pg_sleep(0.02) /*action='exemplar',traceparent='00-{TRACE}-{SPAN}-01'*/"))

    def exemplars():
        found = ask_prometheus(prometheus, "query_exemplars", start=time.time() - 60,
                               end=time.time() + 60,
                               query="pgsidecar_query_duration_seconds_bucket")
        return [exemplar["labels"] for series in found for exemplar in series["exemplars"]]

    found = eventually(exemplars, timeout=30, every=0.5)
    assert {"trace_id": TRACE, "span_id": SPAN}.items() <= found[0].items()
    assert re.fullmatch("[0-9a-f]{16}", found[0]["fingerprint"])
    up = ask_prometheus(prometheus, "query", query="up")["result"]
    assert up[0]["value"][1] == "1"
    stored = ask_prometheus(prometheus, "query", query='count({__name__=~"pgsidecar_.*"})')
    assert int(stored["result"][0]["value"][1]) > 100
    assert TRACE not in sidecar.fetch("/metrics")[2].decode()


PLANTED = "planted-Secret-4711"
LEAKS = [
    f"SELECT '{PLANTED}'", f"SELECT E'\\'{PLANTED}'", f"SELECT $x${PLANTED}$x$",
    f"SELECT 1 -- {PLANTED}", f"/* {PLANTED} */ SELECT 1", f"SELECT 1 /* action='{PLANTED} */",
    f"SELECT U&'{PLANTED}'", f"NOTIFY leak, '{PLANTED}'", f"SET leak.value = '{PLANTED}'",
    f"PREPARE leak AS SELECT '{PLANTED}'", f"EXECUTE leak('{PLANTED}')",
    f"ALTER ROLE rejected_user PASSWORD '{PLANTED}'", f"CREATE ROLE leak PASSWORD '{PLANTED}'",
    f"COMMENT ON TABLE pg_class IS '{PLANTED}'", f"DO $$ BEGIN PERFORM '{PLANTED}'; END $$",
    f"COPY pg_am TO PROGRAM 'true {PLANTED}'", f"SELECT '{PLANTED}'::int",
    f"SELECT * FROM pg_am WHERE amname IN ('{PLANTED}', '{PLANTED}x')",
    f"LISTEN \"{PLANTED}\"", f"SAVEPOINT \"{PLANTED}\"", f"SELECT '{PLANTED}", f"SELEC '{PLANTED}'",
    f"CREATE SUBSCRIPTION leak CONNECTION 'password={PLANTED}' PUBLICATION p",
    f"EXPLAIN SELECT '{PLANTED}'", f"DECLARE leak CURSOR FOR SELECT '{PLANTED}'",
    f"CREATE TEMP VIEW leak AS SELECT '{PLANTED}'", f"CALL nothing('{PLANTED}')",
    f"VALUES ('{PLANTED}')", f"SELECT B'{PLANTED}', X'{PLANTED}', N'{PLANTED}'",
    f"SELECT pg_sleep(0.1), '{PLANTED}'",
]


def test_no_secret_in_any_page_or_log(postgres, start_sidecar):
    sidecar = start_sidecar(postgres.uri(), environment={
        "PGSIDECAR_SLOW_QUERY_THRESHOLD": "1us", "PGSIDECAR_LOG_LEVEL": "debug",
        "PGSIDECAR_SLOW_LOG_RATE": "1000", "PGSIDECAR_SLOW_LOG_BURST": "1000"})
    for strings in ("on", "off"):
        for text in LEAKS:
            with Client(sidecar.port) as client:
                client.login(standard_conforming_strings=strings, application_name="leaks")
                client.ask(query(text))
                client.ask(parse(text) + SYNC)
    with Client(sidecar.port) as client:
        client.login().ask(parse("SELECT $1::text") + bind([PLANTED]) + execute() + SYNC)
    sidecar.settled()
    for path in ("/metrics", "/api/v1/statements?limit=1000", "/api/v1/slow-queries", "/"):
        status, _, body = sidecar.fetch(path)
        assert status == 200
        assert PLANTED not in body.decode(), path
        assert "4711" not in body.decode() or path == "/metrics", path
    assert '"slow"' in sidecar.log()
    assert PLANTED not in sidecar.log()


def test_the_api_agrees_with_the_metrics(sidecar):
    load(sidecar.port)
    page = sidecar.settled()
    answer = json.loads(sidecar.fetch("/api/v1/statements?limit=1000")[2])
    rows = answer["statements"]
    assert sum(row["calls"] for row in rows) == page.sum("pgsidecar_statement_duration_seconds_count")
    assert sum(row["errors"] for row in rows) == page.sum("pgsidecar_statement_errors_total")


def test_scrapes_under_load_do_not_disturb(sidecar):
    stop = threading.Event()
    statuses = []

    def scrape():
        while not stop.is_set():
            statuses.append(sidecar.fetch("/metrics", Accept_Encoding="gzip")[0])

    threads = [threading.Thread(target=scrape) for _ in range(8)]
    for thread in threads:
        thread.start()
    slowest = 0
    with Client(sidecar.port) as client:
        client.login()
        for _ in range(300):
            started = time.monotonic()
            client.ask(query("SELECT 1"))
            slowest = max(slowest, time.monotonic() - started)
    stop.set()
    for thread in threads:
        thread.join()
    assert set(statuses) <= {200, 503}
    assert slowest < 1
