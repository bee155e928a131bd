"""Several servers in one URI: who is tried, who is taken, what a client sees on the way (rows 10, 11
and 36 of the trap checklist in wire.md)."""

import contextlib
import os
import socket
import subprocess
import threading
import time

import psycopg2
import pytest

from fault_proxy import Fault, FaultProxy
from harness import Cluster, eventually, free_port
from protocol import Client, cancel_request, errors, kinds, query, sqlstates, startup

STARTUP = startup(user="postgres", database="postgres")


@pytest.fixture(scope="module")
def pair(postgres):
    """Two servers that are no replicas of each other."""
    other = Cluster()
    try:
        yield postgres, other.start()
    finally:
        other.destroy()


def uri(*hosts, **parameters):
    """`hosts`: ports on 127.0.0.1, or host:port."""
    places = ",".join(f"127.0.0.1:{host}" if isinstance(host, int) else host for host in hosts)
    words = "&".join(f"{key}={value}" for key, value in
                     {"sslmode": "disable", **parameters}.items())
    return f"postgresql://{places}?{words}"


def landed(sidecar):
    """The port of the server that a new session reaches."""
    with psycopg2.connect(host="127.0.0.1", port=sidecar.port, user="postgres",
                          dbname="postgres") as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT inet_server_port()")
        return cursor.fetchone()[0]


def by_upstream(sidecar, name):
    return {labels["upstream"].rpartition(":")[2]: value for labels, value in
            sidecar.metrics().select(f"pgsidecar_{name}")}


def refused(sidecar):
    with Client(sidecar.port, timeout=20) as client:
        (found,) = errors(client.send(STARTUP).rest())
    return found["C"], found["M"]


@contextlib.contextmanager
def full_listener():
    """The port of a listener whose backlog is full: it answers no SYN, as a black hole."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def test_the_first_that_answers_is_taken(pair, start_sidecar):
    first, second = pair
    sidecar = start_sidecar(uri(first.port, second.port))
    assert [landed(sidecar) for _ in range(5)] == [first.port] * 5
    assert sidecar.metrics().sum("pgsidecar_upstream_failovers_total") == 0


def test_the_first_is_down(pair, start_sidecar):
    _, second = pair
    dead = free_port()
    sidecar = start_sidecar(uri(dead, second.port), ready=False)
    started = time.monotonic()
    assert [landed(sidecar) for _ in range(3)] == [second.port] * 3
    assert time.monotonic() - started < 2
    assert by_upstream(sidecar, "upstream_up") == {str(dead): 0, str(second.port): 1}


def test_a_failover_is_counted(pair, start_sidecar):
    first, second = pair
    with FaultProxy(first.port) as proxy:
        sidecar = start_sidecar(uri(proxy.port, second.port))
        assert landed(sidecar) == first.port
        proxy.refuse()
        assert landed(sidecar) == second.port
        assert eventually(lambda: sidecar.metrics().sum("pgsidecar_upstream_failovers_total") == 1)
        proxy.refuse(False)
        assert eventually(lambda: by_upstream(sidecar, "upstream_up")[str(proxy.port)] == 1,
                          timeout=12)
        assert landed(sidecar) == first.port


def test_a_black_hole_costs_one_connect_timeout(pair, start_sidecar):
    _, second = pair
    with full_listener() as hole:
        sidecar = start_sidecar(uri(hole, second.port, connect_timeout=2), ready=False)
        started = time.monotonic()
        assert landed(sidecar) == second.port
        assert time.monotonic() - started < 4
        started = time.monotonic()
        assert landed(sidecar) == second.port  # it is known by now
        assert time.monotonic() - started < 1


def test_a_server_that_accepts_and_never_answers(pair, start_sidecar):
    """That is no failed connect: the login deadline ends it, and the next client is no worse off."""
    first, second = pair
    with FaultProxy(first.port) as proxy:
        proxy.fault = Fault(silent=True)
        sidecar = start_sidecar(uri(proxy.port, second.port), ready=False,
                                environment={"PGSIDECAR_WIRE_LOGIN_TIMEOUT": "1s"})
        assert refused(sidecar)[0] == "57014"
        proxy.fault = Fault()
        assert landed(sidecar) == first.port


def test_all_down(start_sidecar):
    dead = [free_port() for _ in range(3)]
    sidecar = start_sidecar(uri(*dead), ready=False)
    for _ in range(3):  # later clients hear it at once
        started = time.monotonic()
        code, text = refused(sidecar)
        assert time.monotonic() - started < 1
        assert code == "08001"
        for port in dead:
            assert f"127.0.0.1:{port}: connection refused" in text
    assert set(by_upstream(sidecar, "upstream_up").values()) == {0}


def test_behind_one_who_waited_the_others_hear_it_at_once(start_sidecar):
    with full_listener() as hole:
        sidecar = start_sidecar(uri(hole, connect_timeout=3), ready=False)
        assert refused(sidecar)[0] == "08001"
        started = time.monotonic()
        assert refused(sidecar)[0] == "08001"
        assert time.monotonic() - started < 1.5


def test_all_down_in_different_ways(start_sidecar):
    with full_listener() as hole:
        dead = free_port()
        sidecar = start_sidecar(uri(hole, dead, "no-such-host.invalid:5432", connect_timeout=1),
                                ready=False)
        started = time.monotonic()
        code, text = refused(sidecar)
        assert time.monotonic() - started < 15
        assert code == "08001"
        for name in (f"127.0.0.1:{hole}", f"127.0.0.1:{dead}", "no-such-host.invalid:5432"):
            assert name in text
        started = time.monotonic()
        assert refused(sidecar)[0] == "08001"
        assert time.monotonic() - started < 15


def test_a_name_that_is_dead_in_front_of_one_that_lives(pair, start_sidecar):
    sidecar = start_sidecar(uri("no-such-host.invalid:5432", pair[1].port))
    assert landed(sidecar) == pair[1].port


def test_a_cancel_reaches_the_owner(pair, start_sidecar):
    first, second = pair
    with FaultProxy(first.port) as proxy:
        sidecar = start_sidecar(uri(proxy.port, second.port))
        with Client(sidecar.port) as one, Client(sidecar.port) as two:
            one.login().send(query("SELECT pg_sleep(30) /* owner */"))
            proxy.refuse()
            two.login().send(query("SELECT pg_sleep(30) /* owner */"))
            sleeping = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%/* owner */%' " \
                       "AND pid <> pg_backend_pid()"
            assert eventually(lambda: first.sql(sleeping)[0][0] == second.sql(sleeping)[0][0] == 1)
            proxy.refuse(False)
            for client in (two, one):
                with Client(sidecar.port) as canceler:
                    canceler.send(cancel_request(client.key())).rest()
                assert sqlstates(client.until_ready()) == ["57014"]


# --- roles

@pytest.fixture
def replicated():
    """(primary, its streaming replica)."""
    primary = Cluster()
    standby = None
    try:
        primary.start()
        standby = Cluster(primary=primary)
        standby.start()
        assert eventually(lambda: primary.sql("SELECT count(*) FROM pg_stat_replication")[0][0])
        yield primary, standby
    finally:
        for cluster in (standby, primary):
            if cluster:
                cluster.destroy()


def retrying(sidecar, times=4):
    """The port that is reached by a client which tries again, as drivers do, and what it saw."""
    seen = []
    for _ in range(times):
        try:
            return landed(sidecar), seen
        except psycopg2.OperationalError as problem:
            seen.append(str(problem))
    return None, seen


@pytest.mark.slow
@pytest.mark.deadline(120)
def test_roles(replicated, start_sidecar):
    primary, standby = replicated
    wanted = {"any": standby, "read-write": primary, "primary": primary, "read-only": standby,
              "standby": standby, "prefer-standby": standby}
    for attributes, cluster in wanted.items():
        sidecar = start_sidecar(uri(standby.port, primary.port, target_session_attrs=attributes))
        port, seen = retrying(sidecar)
        assert port == cluster.port, (attributes, seen)
        assert all("target_session_attrs" in text for text in seen), seen
        assert landed(sidecar) == cluster.port  # no second miss
    sidecar = start_sidecar(uri(primary.port, standby.port, target_session_attrs="standby"))
    assert retrying(sidecar)[0] == standby.port
    roles = by_upstream(sidecar, "upstream_is_primary")
    assert roles == {str(primary.port): 1, str(standby.port): 0}


def test_nobody_has_the_wanted_role(pair, start_sidecar):
    sidecar = start_sidecar(uri(*(one.port for one in pair), target_session_attrs="standby"))
    for _ in range(4):
        code, text = refused(sidecar)
        assert code == "57P03"
        assert "target_session_attrs=standby" in text


def test_the_held_login_is_relayed_whole(pair, start_sidecar):
    """With a wanted role the greeting is held back; it must arrive unchanged all the same."""
    sidecar = start_sidecar(uri(pair[0].port, target_session_attrs="primary"))
    with Client(sidecar.port) as client, Client(pair[0].port) as direct:
        assert kinds(client.login().greeting) == kinds(direct.login().greeting)
        assert kinds(client.ask(query("SELECT 1"))) == "TDCZ"


@pytest.mark.slow
@pytest.mark.deadline(180)
def test_a_promotion_under_load(replicated, start_sidecar):
    """The primary dies, the replica is promoted: clients that connect again land on it."""
    primary, standby = replicated
    primary.sql("CREATE TABLE log (client int, number int)")
    sidecar = start_sidecar(uri(primary.port, standby.port, target_session_attrs="read-write"))
    assert landed(sidecar) == primary.port
    stop, written, states = threading.Event(), [], []

    def work(number):
        count = 0
        while not stop.is_set():
            try:
                with Client(sidecar.port) as client:
                    answer = client.login().greeting
                    states.extend(sqlstates(answer))
                    while answer.endswith(b"I") and not stop.is_set():
                        count += 1
                        answer = client.ask(query(f"INSERT INTO log VALUES ({number}, {count})"))
                        states.extend(sqlstates(answer))
                        if kinds(answer) == "CZ":
                            written.append((number, count))
            except OSError:
                pass
            time.sleep(0.05)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    time.sleep(1)
    primary.stop()  # a fast shutdown waits until the replica has everything
    before = len(written)
    standby.sql("SELECT pg_promote()")
    assert eventually(lambda: len(written) > before + 200, timeout=30)
    stop.set()
    for thread in threads:
        thread.join(20)
    assert set(states) <= {"57P01", "57P03", "08001", "08006", "25006"}, set(states)
    rows = set(standby.sql("SELECT client, number FROM log"))
    assert set(written) <= rows
    assert eventually(lambda: by_upstream(sidecar, "upstream_is_primary")[str(standby.port)] == 1)
    assert by_upstream(sidecar, "upstream_up") == {str(primary.port): 0, str(standby.port): 1}
    assert sidecar.metrics().sum("pgsidecar_upstream_failovers_total") >= 1
    assert sidecar.settled().sum("pgsidecar_client_connections") == 0


def test_libpq_goes_on_to_its_next_host_after_57p03(pair, start_sidecar):
    """Both entries are the same sidecar: one that refuses is not the end for a client."""
    sidecar = start_sidecar(uri(*(one.port for one in pair), target_session_attrs="standby"))
    done = subprocess.run(
        ["psql", "-XAt", f"host=127.0.0.1,127.0.0.1 port={sidecar.port},{sidecar.port} "
         "user=postgres dbname=postgres sslmode=disable", "-c", "SELECT 1"],
        capture_output=True, text=True, check=False, env={**os.environ})
    assert done.returncode == 2
    assert done.stderr.count("target_session_attrs=standby") == 2, done.stderr
