"""What no PostgreSQL says: unknown messages, impossible lengths, servers that vanish anywhere.
Traffic goes on or ends cleanly; nothing is guessed, and memory stays constant."""

import random
import signal
import socket
import struct
import time

import pytest

from books import recording
from harness import eventually
from protocol import (GREETING, TERMINATE, Client, FakeServer, answering, complete, data_row, error,
                      message, parameter_status, query, ready, row_description, select_one, split,
                      sqlstates, startup)

STARTUP = startup(user="u", database="d")
MEBIBYTE = 1 << 20


def header(kind, length):
    return kind.encode() + struct.pack("!I", length & 0xFFFFFFFF)


@pytest.mark.parametrize("request_bytes,reason", [
    (header("Q", 0), "bad_length"), (header("Q", 3), "bad_length"), (header("Q", -1), "bad_length"),
    (header("P", 2**31), "bad_length"), (message("\x7f", b"what"), "unknown_message"),
    (message("z", b"x" * 1000), "unknown_message"), (b"GET / HTTP/1.1\r\n\r\n", None)])
def test_client_messages_nobody_knows(start_sidecar, request_bytes, reason):
    received = []

    def script(client, _first):
        client.send(GREETING)
        received.append(client.until(lambda data: len(data) >= len(request_bytes) + 7))
        client.send(b"relayed all the same")

    with FakeServer(script) as server:
        sidecar = start_sidecar(server.uri)
        with recording(sidecar) as books, Client(sidecar.port) as client:
            client.ask(STARTUP)
            client.send(request_bytes + b"and so")
            client.send(b"!")
            assert client.socket.recv(100) == b"relayed all the same"
        assert received == [request_bytes + b"and so!"]
        assert sum(books().opaque.values()) == 1
        assert reason is None or books().opaque == {reason: 1}


@pytest.mark.parametrize("reply,reason", [
    (header("D", 0), "bad_length"), (header("D", 3), "bad_length"), (header("T", -1), "bad_length"),
    (message("\x7f", b"what"), "unknown_message"), (message("1"), "reply_mismatch"),
    (complete("SELECT 1") + ready() + ready(), "reply_mismatch"),
    (b"HTTP/1.1 400 Bad Request\r\n\r\n", None)])
def test_server_messages_nobody_knows(start_sidecar, reply, reason):
    with FakeServer(answering(reply + b"tail")) as server:
        sidecar = start_sidecar(server.uri)
        with recording(sidecar) as books, Client(sidecar.port) as client:
            client.ask(STARTUP)
            client.send(query("SELECT 1"))
            assert client.until(lambda data: data.endswith(b"tail")) == reply + b"tail"
            client.send(query("SELECT 2"))
            assert client.until(lambda data: data.endswith(b"tail")) == reply + b"tail"
        assert sum(books().opaque.values()) == 1
        assert reason is None or books().opaque == {reason: 1}


@pytest.mark.parametrize("body,sqlstate", [
    (b"\0", "unknown"), (b"", "unknown"), (b"SERROR\0Mtext\0\0", "unknown"),
    (b"SERROR\0C\0Mx\0\0", "unknown"), (b"SERROR\0C2201\0\0", "unknown"),
    (b"SERROR\0C22012", "unknown"), (b"SERROR\0C" + b"x" * 300 + b"\0\0", "unknown"),
    (b"SERROR\0VERROR\0C22012\0M" + b"x" * MEBIBYTE + b"\0\0", "22012"),
    (b"M" + b"x" * MEBIBYTE + b"\0C22012\0\0", None), (b"Cab\ncd\0\0", "unknown"),
    (b"CABCDE\0\0", "ABCDE"), (b"C" + b"\xff" * 5 + b"\0\0", "unknown")],
    ids=lambda value: value if isinstance(value, str) else value[:12].hex() if value else "-")
def test_odd_error_responses(start_sidecar, body, sqlstate):
    """CVE-2026-6666: every field missing, unterminated, or far too long."""
    reply = message("E", body) + ready()
    with FakeServer(answering(reply)) as server:
        sidecar = start_sidecar(server.uri)
        with recording(sidecar) as books, Client(sidecar.port) as client:
            client.ask(STARTUP)
            assert client.ask(query("SELECT 1")) == reply
        assert sum(books().errors.values()) == 1
        assert sqlstate is None or books().errors == {sqlstate: 1}
        assert b"ABCDE" in body or "22012" in books().errors or books().classes == {"other": 1}


REPLIES = [row_description("a"), data_row(b"1"), message("N", b"SNOTICE\0Mx\0\0"),
           parameter_status("TimeZone", "UTC"), data_row(b"2"), complete("SELECT 2"),
           row_description("b"), data_row(b"3"), complete("SELECT 1"), ready()]


def test_server_bytes_cut_at_every_offset(start_sidecar):
    reply = b"".join(REPLIES)
    cuts = iter(range(1, len(reply)))

    def script(client, _first):
        client.send(GREETING)
        client.socket.recv(1000)
        cut = next(cuts)
        client.send(reply[:cut])
        time.sleep(0.002)
        client.send(reply[cut:])

    with FakeServer(script) as server:
        sidecar = start_sidecar(server.uri)
        with recording(sidecar) as books:
            for _ in range(1, len(reply)):
                with Client(sidecar.port) as client:
                    client.ask(STARTUP)
                    assert client.ask(query("SELECT 1; SELECT 2")) == reply
        assert books().successes == {"SELECT": 2 * (len(reply) - 1)}
        assert books().rows == 3 * (len(reply) - 1)
        assert books().opaque == {}
        assert books().page.sum("pgsidecar_notices_total") == len(reply) - 1


@pytest.mark.parametrize("half", [False, True], ids=["between", "inside"])
def test_server_vanishes_at_every_message(start_sidecar, half):
    """Behind message k, or in the middle of it: an error at a boundary or a plain close."""
    position = iter(range(len(REPLIES)))

    def script(client, _first):
        client.send(GREETING)
        client.socket.recv(1000)
        count = next(position)
        client.send(b"".join(REPLIES[:count]))
        if half:
            client.send(REPLIES[count][:-1])

    with FakeServer(script) as server:
        sidecar = start_sidecar(server.uri)
        with recording(sidecar) as books:
            for count in range(len(REPLIES)):
                with Client(sidecar.port) as client:
                    client.ask(STARTUP)
                    answer = client.send(query("SELECT 1; SELECT 2")).rest()
                sent = b"".join(REPLIES[:count]) + (REPLIES[count][:-1] if half else b"")
                assert answer.startswith(sent)
                assert sqlstates(answer[len(sent):]) == ([] if half else ["08006"])
        assert sum(books().errors.values()) == len(REPLIES)
        assert books().classes == {"connection": len(REPLIES)}
        assert eventually(lambda: sidecar.metrics().sum("pgsidecar_client_connections") == 0)


def test_the_text_that_drivers_look_for(start_sidecar):
    with FakeServer(lambda client, first: client.send(GREETING) and client.socket.recv(9)) as server:
        sidecar = start_sidecar(server.uri)
        with Client(sidecar.port) as client:
            client.ask(STARTUP)
            answer = client.send(query("SELECT 1")).rest()
        (found,) = [kind for kind in split(answer)[0] if kind[0] == "E"]
        assert (f"Mpgsidecar: PostgreSQL at 127.0.0.1:{server.port} closed the connection "
                "unexpectedly").encode() in found[1]
        assert b"SFATAL\0VFATAL\0C08006\0" in found[1]


def generator(client, kind, size, piece=b"x" * MEBIBYTE):
    client.send(header(kind, 4 + size))
    for _ in range(size // MEBIBYTE):
        client.send(piece)


@pytest.mark.slow
@pytest.mark.deadline(120)
@pytest.mark.parametrize("size", [1023 * MEBIBYTE])
def test_a_row_of_a_gigabyte(start_sidecar, size):
    def script(client, _first):
        client.send(GREETING)
        client.socket.recv(1000)
        client.send(row_description("x"))
        generator(client, "D", size)
        client.send(complete("SELECT 1") + ready())

    with FakeServer(script) as server:
        sidecar = start_sidecar(server.uri)
        with recording(sidecar) as books, Client(sidecar.port, timeout=60) as client:
            client.ask(STARTUP)
            before = sidecar.rss()
            client.send(query("SELECT 1"))
            total, expected = 0, size + 5 + len(row_description("x") + complete("SELECT 1") + ready())
            buffer = bytearray(MEBIBYTE)
            while total < expected:
                total += client.socket.recv_into(buffer)
            assert sidecar.rss() - before < 4 * MEBIBYTE
        assert total == expected
        assert (books().successes, books().rows) == ({"SELECT": 1}, 1)


@pytest.mark.slow
@pytest.mark.deadline(120)
@pytest.mark.parametrize("kind", ["Q", "d", "B"])
def test_a_message_of_half_a_gigabyte_from_the_client(start_sidecar, kind):
    size = 512 * MEBIBYTE

    def script(client, _first):
        client.send(GREETING)
        total, buffer = 0, bytearray(MEBIBYTE)
        while total < size + 5:
            total += client.socket.recv_into(buffer)
        client.send(error(sqlstate="54000") + ready())

    with FakeServer(script) as server:
        sidecar = start_sidecar(server.uri)
        with recording(sidecar), Client(sidecar.port, timeout=60) as client:
            client.ask(STARTUP)
            before = sidecar.rss()
            generator(client, kind, size)
            assert sqlstates(client.until_ready()) == ["54000"]
            assert sidecar.rss() - before < 8 * MEBIBYTE
        assert sidecar.alive()


@pytest.mark.parametrize("side", ["client", "server"])
def test_the_longest_length_takes_no_memory(start_sidecar, side):
    """A header that promises 2^31-1 bytes, and little behind it."""
    cut = header("Q" if side == "client" else "D", 2**31 - 1) + b"x" * 1000

    def script(client, _first):
        client.send(GREETING)
        client.socket.recv(1000)
        if side == "server":
            client.send(row_description("x") + cut)
        time.sleep(0.5)

    with FakeServer(script) as server:
        sidecar = start_sidecar(server.uri)
        with Client(sidecar.port) as client:
            client.ask(STARTUP)
            before = sidecar.rss()
            client.send(cut if side == "client" else query("SELECT 1"))
            client.rest()
            assert sidecar.rss() - before < 2 * MEBIBYTE
        assert sidecar.settled().sum("pgsidecar_queries_in_flight") == 0
        assert sidecar.alive()


def test_half_close_of_the_client_leaves_the_answer(start_sidecar):

    def script(client, _first):
        client.send(GREETING)
        assert client.until(lambda data: False) == query("SELECT 1")
        client.send(select_one())

    with FakeServer(script) as server:
        sidecar = start_sidecar(server.uri)
        with Client(sidecar.port) as client:
            client.ask(STARTUP)
            client.send(query("SELECT 1"))
            client.socket.shutdown(socket.SHUT_WR)
            assert client.rest() == select_one()


def test_late_data_after_the_servers_half_close(start_sidecar):
    """What the client still sends reaches a server that has nothing more to say."""
    received = []

    def script(client, _first):
        client.send(GREETING)
        client.socket.shutdown(socket.SHUT_WR)
        received.append(client.until(lambda data: False))

    with FakeServer(script) as server:
        sidecar = start_sidecar(server.uri)
        with Client(sidecar.port) as client:
            client.ask(STARTUP)
            assert client.rest() == b""
            client.send(query("SELECT 'late'"))
        assert eventually(lambda: received) == [query("SELECT 'late'")]
        assert sidecar.alive()
        assert sidecar.settled().sum("pgsidecar_client_connections") == 0


@pytest.mark.parametrize("goodbye", [b"", TERMINATE], ids=["", "Terminate"])
def test_a_client_that_goes_on_after_the_servers_end_keeps_no_session(start_sidecar, goodbye):
    """As a pool does whose PostgreSQL was restarted: it asks, sees the end, and says goodbye. The
    first bytes are answered with a reset, so that the next cannot be sent."""
    with FakeServer(lambda client, _first: client.send(GREETING)) as server:
        sidecar = start_sidecar(server.uri)
        before = sidecar.fds()
        with recording(sidecar) as books:
            for _ in range(10):
                with Client(sidecar.port) as client:
                    client.ask(STARTUP)
                    assert client.rest() == b""
                    client.send(query("SELECT 1"))
                    time.sleep(0.02)
                    client.send(query("SELECT 2") + goodbye)
                    time.sleep(0.02)
            assert eventually(lambda: sidecar.fds() <= before), (sidecar.fds(), before)
        page = sidecar.settled()
        assert page.sum("pgsidecar_client_connections") == 0
        assert books().classes == {"connection": 10}


def test_a_goodbye_that_meets_the_servers_reset_keeps_no_session(start_sidecar):
    """Both wait when pgsidecar looks, the goodbye in front: it cannot be sent any more."""
    with FakeServer(lambda client, _first: client.send(GREETING) and client.until(lambda _: False)) \
            as server:
        sidecar = start_sidecar(server.uri)
        before = sidecar.fds()
        with Client(sidecar.port) as client:
            client.ask(STARTUP)
            time.sleep(0.1)
            sidecar.process.send_signal(signal.SIGSTOP)
            client.send(TERMINATE)
            (behind,) = [one for one in server.connections if one.socket.fileno() >= 0]
            behind.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            behind.socket.shutdown(socket.SHUT_RD)
            behind.close()
            time.sleep(0.1)
            sidecar.process.send_signal(signal.SIGCONT)
        assert eventually(lambda: sidecar.fds() <= before), (sidecar.fds(), before)
        assert sidecar.settled().sum("pgsidecar_client_connections") == 0


def test_a_server_that_hangs_keeps_no_session_whose_client_left(start_sidecar):
    def script(client, _first):
        client.send(GREETING)
        time.sleep(25)  # never looks at its socket again

    with FakeServer(script) as server:
        sidecar = start_sidecar(server.uri)
        before = sidecar.fds()
        with Client(sidecar.port) as client:
            client.ask(STARTUP)
        eventually(lambda: sidecar.fds() <= before, timeout=14)
        assert sidecar.settled().sum("pgsidecar_client_connections") == 0


def test_10000_random_startup_parameters(start_sidecar):
    """ProxySQL #4811. In packets that PostgreSQL's limit of 10,000 bytes allows."""
    random.seed(1)
    with FakeServer(answering(select_one())) as server:
        sidecar = start_sidecar(server.uri)
        sent = []
        for _ in range(100):
            names = {f"p{random.getrandbits(64):x}": random.choice(["", "x", "ü", "%s", "'"])
                     for _ in range(100)}
            sent.append(startup(user="u", database="d", **names))
            with Client(sidecar.port) as client:
                assert client.ask(sent[-1]) == GREETING
        assert server.received == sent
