"""Requests to the demo service, as a front end with some users would send them."""

import http.client
import random
import secrets
import threading
import time

SLOW_EVERY = 20  # seconds
SLOW_FIRST = 4
CLIENTS = 4
PAUSE = 0.02  # mean pause of a client between two requests, in seconds


def pick(chance):
    """(method, path) of one request."""
    user = int(min(chance.paretovariate(0.6), 3000))  # Some are seen far more often than others.
    region = chance.choice(("north", "south", "east", "west"))
    requests = (
        (40, "GET", f"/users/{user}"),
        (20, "GET", f"/users/user{user}%40example.com"),
        (20, "GET", f"/users/{user}/servers"),
        (12, "GET", f"/servers?region={region}&limit=20"),
        (7, "POST", f"/users/{user}/touch"),
        (1, "POST", f"/users?email=user{user}%40example.com&name=Twice"),
    )
    _, method, path = chance.choices(requests, [weight for weight, _, _ in requests])[0]
    return method, path


class Traffic:
    """Clients on threads of their own. `take()` says what happened since the last call."""

    def __init__(self, host, port):
        self.host, self.port = host, port
        self.lock = threading.Lock()
        self.ended = threading.Event()
        self.durations, self.failed = [], 0
        self.threads = [threading.Thread(target=self._visit, args=(seed,), daemon=True)
                        for seed in range(CLIENTS)]
        self.threads.append(threading.Thread(target=self._report, daemon=True))

    def start(self):
        for thread in self.threads:
            thread.start()

    def stop(self):
        self.ended.set()
        for thread in self.threads:
            thread.join(timeout=5)

    def take(self):
        """(durations in seconds of the answered requests, number of failed ones)."""
        with self.lock:
            taken = self.durations, self.failed
            self.durations, self.failed = [], 0
        return taken

    def _visit(self, seed):
        chance = random.Random(seed)
        connection = http.client.HTTPConnection(self.host, self.port, timeout=10)
        while not self.ended.wait(chance.expovariate(1 / PAUSE)):
            self._send(connection, *pick(chance))
        connection.close()

    def _report(self):
        """The slow query, from a client that is not in a hurry."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=40)
        pause = SLOW_FIRST
        while not self.ended.wait(pause):
            self._send(connection, "GET", "/reports/usage?seconds=1.3")
            connection.close()  # the service would not keep it open until the next one
            pause = SLOW_EVERY

    def _send(self, connection, method, path):
        trace = f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"
        started = time.monotonic()
        try:
            connection.request(method, path, headers={"traceparent": trace})
            answer = connection.getresponse()
            answer.read()
            good = answer.status < 500
        except (OSError, http.client.HTTPException):
            connection.close()
            good = False
        with self.lock:
            if good:
                self.durations.append(time.monotonic() - started)
            else:
                self.failed += 1
