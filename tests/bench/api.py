"""The demo's API, route by route: the service alone, and the service behind pgsidecar, whose named
operations answer for profiles and server lists from a cache."""

import contextlib
import http.client
import random
import statistics
import time
from typing import Iterator

from report import OURS, Bound, Measure
from servers import SOURCE, Postgres, Target, client_env, http_get, program, with_operations
from workspace import BenchError, Workspace, free_port, wait_until

ALONE = "service alone"
USERS = 3000
REGIONS = ("north", "south", "east", "west")

# Route, target against the service alone, and how the path of one request is made. The last one is
# not cached: its statement passes the relay.
ROUTES = (
    ("GET /users/{id}", 0.8, lambda chance: f"/users/{popular(chance)}"),
    ("GET /users/{email}", 0.8, lambda chance: f"/users/user{popular(chance)}%40example.com"),
    ("GET /servers", 0.8, lambda chance: f"/servers?region={chance.choice(REGIONS)}&limit=20"),
    ("GET /users/{id}/servers", 1.0, lambda chance: f"/users/{popular(chance)}/servers"),
)


def popular(chance: random.Random) -> int:
    """A user's number: some are asked for far more often than others, as in scripts/demo.sh."""
    return int(min(chance.paretovariate(0.6), USERS))


@contextlib.contextmanager
def service(workspace: Workspace, name: str, database_port: int, operations: str) -> Iterator[int]:
    """A demo service; the port it answers on."""
    port = free_port()
    command = [program("demo-service"), "--listen", f"127.0.0.1:{port}", "--database",
               f"postgresql://bench@127.0.0.1:{database_port}/bench"]
    if operations:
        command += ["--operations", operations]
    child = workspace.start(name, command, env=client_env())
    try:
        wait_until(lambda: http_get(port, "/healthz") is not None, child)
        yield port
    finally:
        workspace.stop(child)


def slice_of(port: int, path_of, seconds: float) -> tuple:
    """(p50, p95) in microseconds of requests one after the other: more clients in one Python process
    would wait for each other and not for the service."""
    chance, until, durations = random.Random(1), time.monotonic() + seconds, []
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    while time.monotonic() < until:
        path, started = path_of(chance), time.perf_counter()
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        durations.append(time.perf_counter() - started)
        if answer.status != 200:
            raise BenchError(f"{path} was answered with {answer.status}")
    connection.close()
    durations.sort()
    return statistics.median(durations) * 1e6, durations[int(0.95 * len(durations))] * 1e6


def measure_route(route: tuple, ports: dict, options) -> list:
    title, limit, path_of = route
    p50 = Measure(f"API {title}: p50", "µs", [Bound(limit, ALONE)])
    p95 = Measure(f"API {title}: p95", "µs", [Bound(limit, ALONE)])
    for _ in range(options.rounds):
        for name, port in ports.items():
            middle, late = slice_of(port, path_of, options.seconds)
            p50.add(name, middle)
            p95.add(name, late)
    return [p50, p95]


def measure(workspace: Workspace, postgres: Postgres, options) -> list:
    if OURS not in options.targets:
        return []
    config = SOURCE / "docker/demo-service/pgsidecar.yaml"
    measures = []
    with contextlib.ExitStack() as stack:
        alone = stack.enter_context(service(workspace, "alone", postgres.port, ""))
        sidecar: Target = stack.enter_context(with_operations(workspace, postgres.port, config))
        behind = stack.enter_context(service(workspace, "behind", sidecar.port,
                                             f"127.0.0.1:{sidecar.admin_port}"))
        for route in ROUTES:
            options.progress(f"api: {route[0]}")
            measures += measure_route(route, {ALONE: alone, OURS: behind}, options)
    return measures
