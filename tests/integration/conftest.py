"""Fixtures. One PostgreSQL cluster serves the whole run; a sidecar is started by each module."""

import signal

import pytest

import harness
import tls_kit
import sanitizer

REPORTS = sanitizer.reports()


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes more than ten seconds")
    config.addinivalue_line("markers", "deadline(seconds): fails after this time instead of 60 s")
    signal.signal(signal.SIGTERM, lambda *_: pytest.exit("terminated", 143))  # fixtures end servers


def pytest_collection_modifyitems(config, items):
    if REPORTS is None:
        return
    left_out = [item for item in items if sanitizer.is_left_out(item.nodeid)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def fail_on_reports():
    texts = REPORTS.take() if REPORTS else []
    if texts:
        pytest.fail("\n".join(texts), pytrace=False)


@pytest.fixture(scope="module", autouse=True)
def no_sanitizer_report_at_the_end():
    """The processes that a module's tests share end after the last of them."""
    yield
    fail_on_reports()


@pytest.fixture(autouse=True)
def no_sanitizer_report():
    yield
    fail_on_reports()


@pytest.fixture(autouse=True)
def deadline(request):
    """No test hangs: an alarm ends it."""
    marker = request.node.get_closest_marker("deadline")
    seconds = (marker.args[0] if marker else 60) * harness.SLOWDOWN

    def expired(_signal, _frame):
        raise TimeoutError(f"not done after {seconds} s")

    previous = signal.signal(signal.SIGALRM, expired)
    signal.alarm(seconds)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, previous)


ROLES = """
CREATE ROLE scram_user LOGIN PASSWORD 'scram-Secret-1';
SET password_encryption = 'md5';
CREATE ROLE md5_user LOGIN PASSWORD 'md5-Secret-2';
CREATE ROLE password_user LOGIN PASSWORD 'plain-Secret-3';
CREATE ROLE rejected_user LOGIN;
RESET password_encryption;
"""


@pytest.fixture(scope="session")
def postgres():
    cluster = harness.Cluster()
    try:
        cluster.start()
        cluster.sql(ROLES)
        yield cluster
    finally:
        cluster.destroy()


TLS_ROLES = """
CREATE ROLE cert_user LOGIN;
CREATE ROLE encrypted_user LOGIN;
CREATE ROLE plain_user LOGIN;
"""


@pytest.fixture(scope="session")
def kit():
    """Certificates (tls_kit.py)."""
    made = tls_kit.Kit()
    yield made
    made.destroy()


@pytest.fixture(scope="session")
def tls_postgres(kit):
    """A PostgreSQL that takes TLS with the certificate `kit.server`."""
    cluster = harness.Cluster(ssl=kit.server)
    try:
        cluster.start()
        cluster.sql(ROLES + TLS_ROLES)
        yield cluster
    finally:
        cluster.destroy()


@pytest.fixture(scope="module")
def sidecar(postgres):
    """A pgsidecar with default settings in front of `postgres`."""
    process = harness.Sidecar(postgres.uri())
    try:
        yield process.start()
        assert process.alive(), f"the sidecar did not survive: {process.log()}"
    finally:
        process.destroy()


@pytest.fixture
def start_sidecar():
    """Starts sidecars with settings of their own; all end with the test."""
    started = []

    def start(upstream, *arguments, ready=True, **options):
        process = harness.Sidecar(upstream, *arguments, **options)
        started.append(process)
        return process.start(ready)

    yield start
    for process in started:
        process.destroy()
