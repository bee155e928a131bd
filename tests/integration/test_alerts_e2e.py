"""From a slow statement to a notification: real PostgreSQL, pgsidecar, Prometheus, Alertmanager and
a webhook, with the rules, routes and inhibition that are shipped. Only intervals and the receivers'
addresses differ."""

import contextlib
import signal
import threading
import time

import psycopg2
import pytest

import harness
import stack as stack_module

SLOW = "PgSidecarSlowStatement"
RUNNING = "PgSidecarSlowQueryRunning"
UPSTREAM_DOWN = "PgSidecarUpstreamDown"
pytestmark = pytest.mark.deadline(60)


@pytest.fixture(scope="module")
def cluster():
    """A PostgreSQL of our own, since one test stops it."""
    own = harness.Cluster()
    try:
        yield own.start()
    finally:
        own.destroy()


@pytest.fixture(scope="module")
def watched(cluster):
    process = harness.Sidecar(cluster.uri(),
                              environment={"PGSIDECAR_STATEMENTS_NAMES_FROM_COMMENTS": "action"})
    try:
        yield process.start()
    finally:
        process.destroy()


@pytest.fixture(scope="module")
def stack(watched):
    servers = stack_module.Stack(watched)
    try:
        yield servers.start()
    finally:
        servers.destroy()


def run(sidecar, text):
    """One statement through the sidecar."""
    connection = psycopg2.connect(host=sidecar.host, port=sidecar.port, dbname="postgres",
                                  user="postgres")
    with contextlib.closing(connection):
        connection.autocommit = True
        connection.cursor().execute(text)


def only(found):
    assert len(found) == 1, found
    return found[0]


def names(alerts):
    return {labels["alertname"] for labels in alerts}


def test_a_statement_below_the_threshold_raises_nothing(watched, stack):
    run(watched, "SELECT pg_sleep(0.8)")
    time.sleep(4)  # four scrapes and four evaluations
    assert stack.prometheus.firing() == []
    assert stack.webhook.received == []


def test_a_slow_statement_arrives_at_the_webhook_by_name(watched, stack):
    run(watched, "SELECT pg_sleep(1.2)")
    finished = time.monotonic()
    firing = f'ALERTS{{alertname="{SLOW}", alertstate="firing"}}'
    assert harness.eventually(lambda: stack.prometheus.query(firing), timeout=10), watched.log()
    assert harness.eventually(lambda: stack.webhook.alerts(SLOW), timeout=15)
    assert time.monotonic() - finished < 15

    alert = only(stack.webhook.alerts(SLOW))
    labels, annotations = alert["labels"], alert["annotations"]
    assert labels["datname"] == "postgres"
    assert labels["operation"]
    assert len(labels["fingerprint"]) == 16
    assert "pg_sleep($1)" in labels["query"].lower()
    assert labels["severity"] == "warning"
    assert labels["service"] == "demo"
    assert not [value for value in labels.values() if "1.2" in value]
    assert annotations["description"].startswith(f"{labels['operation']} on postgres took 1.2")
    assert annotations["runbook_url"].endswith(f"/{SLOW}.md")
    assert labels["fingerprint"] in annotations["dashboard_url"]
    assert only(stack.alertmanager.alerts(SLOW))["status"]["state"] == "active"


def test_a_name_from_a_comment_is_the_operation_in_the_alert(watched, stack):
    run(watched, "SELECT pg_sleep(1.1), 'nightly' /*action='nightly_report'*/")

    def named():
        return [alert for alert in stack.webhook.alerts(SLOW)
                if alert["labels"]["operation"] == "nightly_report"]

    assert harness.eventually(named, timeout=15), stack.prometheus.firing()


def test_a_running_statement_raises_an_alert_before_it_ends(watched, stack):
    thread = threading.Thread(target=run, args=(watched, "SELECT pg_sleep(5)"))
    thread.start()
    try:
        fired = harness.eventually(lambda: stack.prometheus.firing(RUNNING), timeout=4.5)
        ran = thread.is_alive()
    finally:
        thread.join()
    assert ran and fired
    labels = only(fired)
    assert labels["severity"] == "info"
    assert labels["datname"] == "postgres"
    assert harness.eventually(lambda: not stack.prometheus.firing(RUNNING), timeout=10)


@pytest.mark.slow
@pytest.mark.deadline(150)
def test_a_stopped_postgresql_is_the_one_notification(cluster, watched, stack):
    """As shipped: the alert waits for a minute, so this takes one."""
    cluster.stop(signal.SIGINT)
    try:
        assert harness.eventually(lambda: stack.webhook.alerts(UPSTREAM_DOWN), timeout=90, every=1)
        labels = only(stack.webhook.alerts(UPSTREAM_DOWN))["labels"]
        assert labels["severity"] == "critical"
        assert labels["upstream"] == f"{cluster.host}:{cluster.port}"
        assert names(stack.prometheus.firing()) == {UPSTREAM_DOWN, SLOW}
        assert harness.eventually(lambda: all(
            alert["status"]["state"] == "suppressed" for alert in stack.alertmanager.alerts(SLOW)))
        assert watched.alive()
    finally:
        cluster.start()
    assert harness.eventually(
        lambda: stack.prometheus.query("pgsidecar_upstream_up == 1"), timeout=15)
