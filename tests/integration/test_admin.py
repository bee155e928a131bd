"""The admin listener of the real binary, over raw sockets: who may call what, and what it costs."""

import contextlib
import json
import secrets
import socket
import time

import pytest

import harness
from harness import eventually
from protocol import Client, query
from test_command_line import one_line_error, pgsidecar

MUTATING = ["/-/reload", "/-/drain"]
READS = ["/", "/app.js", "/metrics", "/api/v1/statements", "/api/v1/slow-queries"]
PROBES = ["/startup", "/healthz", "/readyz"]


class Answer:
    """An HTTP answer taken apart; status 0 if there was none."""

    def __init__(self, raw):
        head, _, self.body = raw.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        self.status = int(lines[0].split()[1]) if raw.startswith(b"HTTP/1.1 ") else 0
        self.headers = {name.lower(): value for name, _, value in
                        (line.partition(": ") for line in lines[1:])}

    def problem(self):
        assert self.headers["content-type"] == "application/problem+json", self.body
        return json.loads(self.body)


def exchange(port, raw):
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        got = b""
        with contextlib.suppress(OSError):  # an answer before the end of a request may cut it
            client.sendall(raw)
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                got += data
    return Answer(got)


def ask(sidecar, method, path, *headers, host="localhost", body=b""):
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *headers]
    return exchange(sidecar.admin_port, "\r\n".join([*lines, "", ""]).encode() + body)


def bearer(token):
    return f"Authorization: Bearer {token}"


class Guarded:
    """A sidecar whose tokens are in a file."""

    def __init__(self, start_sidecar, postgres, directory, **options):
        self.path = directory / "tokens"
        self.tokens = [secrets.token_urlsafe(40), secrets.token_urlsafe(40)]
        self.write(*self.tokens)
        config = options.pop("config", "")
        self.sidecar = start_sidecar(
            postgres.uri(), config=f"admin.token_file: {self.path}\n{config}", **options)

    def write(self, *tokens):
        """Replaces the file at once, as a rotation does."""
        new = self.path.with_suffix(".new")
        new.write_text("".join(f"{token}\n" for token in tokens))
        new.chmod(0o600)
        new.rename(self.path)


@pytest.fixture
def guarded(start_sidecar, postgres, tmp_path):
    return Guarded(start_sidecar, postgres, tmp_path, config="drain.accept_for: 60s\n"
                   "drain.timeout: 60s\n")


def draining(sidecar):
    return sidecar.metrics().sum("pgsidecar_draining") == 1


def test_no_mutating_route_without_its_token(guarded):
    sidecar, token = guarded.sidecar, guarded.tokens[0]
    wrong = ["", bearer(""), bearer("x" * 40), bearer(token[:-1]), bearer(token + "x"),
             bearer(token.swapcase()), f"Authorization: Basic {token}", f"Authorization: {token}",
             f"Cookie: token={token}", bearer("x" * 10_000)]
    for path in MUTATING:
        for header in wrong:
            answer = ask(sidecar, "POST", path, *filter(None, [header]))
            assert answer.status == 401, (path, header[:60], answer.body)
            assert answer.headers["www-authenticate"] == 'Bearer realm="pgsidecar"'
            assert answer.problem()["type"] == "urn:pgsidecar:problem:unauthorized"
        assert ask(sidecar, "POST", f"{path}?token={token}&access_token={token}").status == 401
        assert ask(sidecar, "POST", path, bearer(token), bearer(token)).status == 400
        # Larger than any head that is read: refused before it is understood.
        assert ask(sidecar, "POST", path, bearer("x" * (1 << 20))).status in (0, 400, 401, 431)
    assert sidecar.alive()
    assert not draining(sidecar)
    page = sidecar.metrics()
    assert page.sum("pgsidecar_admin_unauthorized_total") == len(MUTATING) * (len(wrong) + 1)
    assert page.sum("pgsidecar_admin_requests_total", code="401") == page.sum(
        "pgsidecar_admin_unauthorized_total")


def test_reads_and_probes_need_no_token_unless_told(guarded, start_sidecar, postgres, tmp_path):
    for path in READS + PROBES:
        assert ask(guarded.sidecar, "GET", path).status == 200, path
    (tmp_path / "all").mkdir()
    everything = Guarded(start_sidecar, postgres, tmp_path / "all", ready=False,
                         config="admin.token_scope: all\n")
    sidecar = everything.sidecar
    for path in READS:
        assert ask(sidecar, "GET", path).status == 401, path
        assert ask(sidecar, "HEAD", path).status == 401, path
        assert ask(sidecar, "GET", path, bearer(everything.tokens[1])).status == 200, path
    for path in PROBES:
        assert ask(sidecar, "GET", path).status in (200, 503), path


def test_either_of_two_tokens_drains(guarded):
    first, second = guarded.tokens
    answer = ask(guarded.sidecar, "POST", "/-/drain", bearer(first))
    assert (answer.status, json.loads(answer.body)) == (202, {"draining": True})
    eventually(lambda: ask(guarded.sidecar, "GET", "/readyz").status == 503)
    assert eventually(lambda: draining(guarded.sidecar))
    ask(guarded.sidecar, "POST", "/-/drain", bearer(second))
    assert eventually(guarded.sidecar.exited, timeout=20), "a second drain ends what is open"


def test_tokens_rotate_by_replacing_the_file(guarded):
    sidecar, (old, second) = guarded.sidecar, guarded.tokens
    new = secrets.token_urlsafe(40)

    def reload(token):
        return ask(sidecar, "POST", "/-/reload", bearer(token))

    assert reload(second).status == 200
    guarded.write(old, new)
    assert reload(new).status == 401, "not before a reload"
    answer = reload(old)
    assert (answer.status, json.loads(answer.body)["reloaded"]) == (200, True)
    assert reload(second).status == 401
    assert reload(new).status == 200
    guarded.write("short")
    answer = reload(new)
    assert answer.status == 422
    errors = answer.problem()["errors"]
    assert any(str(guarded.path) in error and "shorter than 32" in error for error in errors)
    guarded.write(new)
    assert reload(old).status == 200, "a file that is wrong changed nothing"
    assert reload(old).status == 401
    assert reload(new).status == 200


def test_without_a_token_a_loopback_listener_obeys(start_sidecar, postgres):
    sidecar = start_sidecar(postgres.uri(), "--set", "drain.accept_for=60s")
    assert ask(sidecar, "POST", "/-/reload").status in (200, 422)
    assert ask(sidecar, "POST", "/-/drain", "Content-Length: 0").status == 202
    assert eventually(lambda: draining(sidecar))


def test_who_is_not_named_right_gets_nothing(guarded):
    """DNS rebinding: the name is the attacker's, the address is ours."""
    sidecar, good = guarded.sidecar, bearer(guarded.tokens[0])
    for path in READS + PROBES:
        for host in ("evil", "evil.example:9432", "localhost.evil.example", ""):
            answer = ask(sidecar, "GET", path, host=host)
            assert (answer.status, answer.problem()["type"]) == (
                403, "urn:pgsidecar:problem:host-not-allowed"), (path, host)
    for path in MUTATING:
        assert ask(sidecar, "POST", path, good, host="evil").status == 403
        for origin in ("http://evil.example", "null", "https://localhost", "http://localhost:1"):
            answer = ask(sidecar, "POST", path, good, f"Origin: {origin}")
            assert answer.problem()["type"] == "urn:pgsidecar:problem:origin-not-allowed", origin
            assert "access-control-allow-origin" not in answer.headers
        preflight = ask(sidecar, "OPTIONS", path, "Origin: http://evil.example",
                        "Access-Control-Request-Method: POST",
                        "Access-Control-Request-Headers: authorization")
        assert preflight.status == 403
        assert "access-control-allow-origin" not in preflight.headers
    assert not draining(sidecar)


def test_named_hosts_are_served(start_sidecar, postgres):
    sidecar = start_sidecar(postgres.uri(), config="admin.hosts: [pgsidecar.internal]\n")
    for host, status in (("pgsidecar.internal", 200), ("PGSIDECAR.internal:9432", 200),
                         ("other.internal", 403)):
        assert ask(sidecar, "GET", "/metrics", host=host).status == status


class OutsideSidecar(harness.Sidecar):
    """One whose admin listener is bound to every address."""

    def command(self):
        return [part.replace(f"127.0.0.1:{self.admin_port}", f"0.0.0.0:{self.admin_port}")
                for part in super().command()]


def test_beyond_loopback(postgres):
    refusal = one_line_error(pgsidecar("run", "--listen", "127.0.0.1:0", "--admin-listen",
                                       "0.0.0.0:0"))
    for words in ("admin.listen", "0.0.0.0:0", "admin.token_file", "admin.allow_unauthenticated"):
        assert words in refusal
    with contextlib.ExitStack() as stack:
        open_one = OutsideSidecar(postgres.uri(), "--set", "admin.allow_unauthenticated=true")
        stack.callback(open_one.destroy)
        open_one.start()
        assert ask(open_one, "GET", "/metrics", host="pod-7").status == 200
        for path in MUTATING:
            assert ask(open_one, "POST", path).status == 401
            assert ask(open_one, "POST", path, bearer("x" * 40)).status == 401
            assert ask(open_one, "POST", path, host="pod-7").status == 403
        token = secrets.token_urlsafe(40)
        closed = OutsideSidecar(postgres.uri(), environment={"PGSIDECAR_ADMIN_TOKEN": token})
        stack.callback(closed.destroy)
        closed.start()
        assert ask(closed, "GET", "/metrics", host="pod-7").status == 200
        assert ask(closed, "POST", "/-/drain").status == 401
        assert ask(closed, "POST", "/-/drain", bearer(token), host="pod-7").status == 403
        assert ask(closed, "POST", "/-/drain", bearer(token), host="10.0.0.7").status == 202


def test_methods_and_bodies(guarded):
    sidecar, good = guarded.sidecar, bearer(guarded.tokens[0])
    for path in MUTATING:
        for method in ("GET", "HEAD", "PUT", "DELETE"):
            answer = ask(sidecar, method, path, good, "Content-Length: 0")
            assert (answer.status, answer.headers["allow"]) == (405, "POST"), method
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
            answer = ask(sidecar, "POST", path, good, f"Content-Type: {kind}", "Content-Length: 2",
                         body=b"{}")
            assert answer.status == 415, kind
        assert ask(sidecar, "POST", path, good, "Content-Length: 2", body=b"{}").status == 415
        answer = ask(sidecar, "POST", path, good, "Content-Type: application/json",
                     f"Content-Length: {1 << 20}", body=b" " * (1 << 20))
        assert answer.status in (0, 413)
    for path in READS + PROBES:
        answer = ask(sidecar, "POST", path, good, "Content-Length: 0")
        assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD"), path
    assert not draining(sidecar)
    answer = ask(sidecar, "POST", "/-/drain", good, "Content-Type: application/json",
                 "Content-Length: 2", body=b"{}")
    assert answer.status == 202


@pytest.mark.parametrize("path", [
    "/../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/%2e%2e/", "//metrics", "/metrics%00",
    "/metrics/../../etc/passwd", "/..%2f..%2fetc/passwd", "/-/reload/", "//-/drain", "/%2d/drain",
    "/-/../-/drain", "/.htpasswd", "http://localhost/../etc/passwd", "http://evil/metrics"])
def test_no_path_leads_elsewhere(sidecar, path):
    for method in ("GET", "POST"):
        answer = ask(sidecar, method, path, "Content-Length: 0")
        # An address of somebody else in the path gets no answer at all.
        assert answer.status in ((0,) if path.startswith("http:") else (400, 404))
        assert b"root:" not in answer.body
    assert not draining(sidecar)


def test_every_answer_has_the_headers_of_safety(guarded):
    sidecar, good = guarded.sidecar, bearer(guarded.tokens[0])
    answers = [ask(sidecar, "GET", path) for path in READS + PROBES + MUTATING + ["/none"]]
    answers += [ask(sidecar, "POST", path) for path in MUTATING]
    answers += [ask(sidecar, "POST", "/-/reload", good), ask(sidecar, "GET", "/", host="evil"),
                ask(sidecar, "POST", "/-/drain", good), exchange(sidecar.admin_port, b"x\r\n\r\n")]
    for answer in answers:
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("how", ["head", "body"])
def test_a_probe_answers_beside_slow_clients(sidecar, how):
    starts = {"head": b"GET /metrics HTTP/1.1\r\nHost: loc",
              "body": b"POST /-/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n"
                      b"Content-Type: application/json\r\n\r\n{"}
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            slow = stack.enter_context(socket.create_connection(("127.0.0.1", sidecar.admin_port)))
            slow.sendall(starts[how])
        time.sleep(0.2)
        for path in PROBES:
            start = time.monotonic()
            assert ask(sidecar, "GET", path).status == 200
            assert time.monotonic() - start < 1


def test_a_listener_with_tls_is_refused_with_the_reason():
    message = one_line_error(pgsidecar("run", "--admin-listen", "127.0.0.1:9432s"))
    assert "OpenSSL 3" in message and "127.0.0.1:9432s" in message
    for key in ("admin.tls", "admin.ssl_certificate"):
        assert "unknown key" in one_line_error(pgsidecar("run", "--set", f"{key}=/x"))


def test_a_token_file_that_is_wrong_refuses_the_start(tmp_path):
    path = tmp_path / "tokens"
    for content, words in ((None, "cannot be read"), ("short-Secret\n", "shorter than 32"),
                           ("with space " * 5, "space"), ("", "no token"),
                           ("a-Secret" * 600, "longer than 4096")):
        if content is not None:
            path.write_text(content)
        for command in ("run", "check-config"):
            message = one_line_error(pgsidecar(command, PGSIDECAR_ADMIN_TOKEN_FILE=str(path)))
            assert "admin.token_file" in message and str(path) in message and words in message
            assert "Secret" not in message


def test_a_file_that_everybody_reads_is_a_warning(start_sidecar, postgres, tmp_path):
    path = tmp_path / "tokens"
    path.write_text(secrets.token_urlsafe(40))
    path.chmod(0o644)
    sidecar = start_sidecar(postgres.uri(), config=f"admin.token_file: {path}\n")
    assert eventually(lambda: "warn" in sidecar.log() and str(path) in sidecar.log())


def test_no_secret_in_any_answer_or_in_the_log(start_sidecar, postgres):
    token, wrong, password = (f"planted-{kind}-{secrets.token_urlsafe(40)}" for kind in "abc")
    upstream = f"postgresql://me:{password}@127.0.0.1:{postgres.port}/postgres"
    environment = {"PGSIDECAR_ADMIN_TOKEN": token, "PGSIDECAR_SLOW_QUERY_THRESHOLD": "1us",
                   "PGSIDECAR_LOG_LEVEL": "debug"}
    sidecar = start_sidecar(upstream, environment=environment)
    with Client(sidecar.port) as client:
        client.login().ask(query("SELECT 'planted-literal'"))
    sidecar.settled()
    answers = [ask(sidecar, "POST", path, header) for path in MUTATING[:1]
               for header in (bearer(token), bearer(wrong))]
    answers += [ask(sidecar, "GET", f"/none?token={wrong}"),
                ask(sidecar, "GET", f"/api/v1/slow-queries?since=0&token={wrong[:8]}")]
    answers += [ask(sidecar, "GET", path, bearer(token)) for path in READS + PROBES]
    shown = b"".join(answer.body + repr(answer.headers).encode() for answer in answers)
    printed = pgsidecar("print-config", "--upstream", upstream, **environment)
    assert '"***"' in printed.stdout
    for text in (shown.decode(), sidecar.log(), printed.stdout + printed.stderr):
        for secret in (token, wrong, password, "planted-literal"):
            assert secret not in text
