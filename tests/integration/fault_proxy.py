"""A relay that breaks connections on purpose: one thread, for either leg of pgsidecar.

    proxy = FaultProxy(port)                    # relays to 127.0.0.1:port, no fault yet
    proxy.fault = Fault("reset", Place("down", "D", part="inside"))   # of connections from now on
    proxy.plan("checkout", Fault(slice=1))      # only where application_name says so

A test sets faults and reads counters from its own thread; everything else happens in the proxy's.
"""

import collections
import contextlib
import dataclasses
import heapq
import itertools
import selectors
import socket
import struct
import threading
import time

from boundaries import CANCEL, GSS, SSL, STARTUP, Boundaries, CODES, startup_fields

READ_BYTES = 65536
QUEUE_BYTES = 1 << 18      # a direction with more waiting bytes is not read
BEFORE_RESET = 0.01        # so that what was sent before a reset arrives
END, ACT = "end", "act"    # marks in a queue of bytes


@dataclasses.dataclass(frozen=True)
class Fault:
    """`action` happens once at `place` (boundaries.Place), after all bytes in front of it were sent:
    "reset" and "fin" end both sides, "hole" swallows all that follows in both directions and passes
    no end on, "stall" stops reading that direction. The rest slows the whole connection.
    `silent`: accepts, then neither reads nor connects."""
    action: str = ""
    place: object = None
    slice: int = 0            # bytes per send
    latency_up: float = 0     # seconds
    latency_down: float = 0
    rate: int = 0             # bytes per second and direction
    silent: bool = False
    track: bool = False       # count messages although no place needs it


class Flow:
    """One direction of a connection."""

    def __init__(self, connection, way):
        self.connection, self.way = connection, way
        self.source = self.sink = None
        self.queue, self.queued = collections.deque(), 0
        self.boundaries = None
        self.ended = self.finished = self.paused = False
        self.blocked = False   # the sink takes no more
        self.next_send = 0.0

    @property
    def reads(self):
        return not self.ended and not self.paused and self.queued < QUEUE_BYTES

    def push(self, item):
        fault = self.connection.fault
        latency = fault.latency_up if self.way == "up" else fault.latency_down
        self.queue.append((time.monotonic() + latency, item))
        if item not in (END, ACT):
            self.queued += len(item)
        self.pump()

    def pump(self):
        """Sends what is due; asks to be called again for the rest."""
        while self.queue and not self.blocked:
            due, item = self.queue[0]
            wait = max(due, self.next_send) - time.monotonic()
            if wait > 0:
                self.connection.proxy.later(wait, self.connection.resume, self)
                return
            if item in (END, ACT):
                self.queue.popleft()
                self.connection.mark(self, item)
            elif not self._send(due, item):
                return

    def _send(self, due, item):
        fault = self.connection.fault
        piece = fault.slice or (max(1, fault.rate // 20) if fault.rate else len(item))
        try:
            sent = self.sink.send(item[:piece])
        except BlockingIOError:
            self.blocked = True
            return False
        except OSError:
            self.connection.lost()
            return False
        self.queued -= sent
        if sent == len(item):
            self.queue.popleft()
        else:
            self.queue[0] = (due, item[sent:])
        if fault.rate:
            self.next_send = time.monotonic() + sent / fault.rate
        if fault.slice:  # the next piece in the next pass, so that the reader sees pieces
            self.next_send = max(self.next_send, time.monotonic() + 1e-5)
        return True


class Connection:
    """A client, a server, two flows, and the fault that was chosen for them."""

    def __init__(self, proxy, client, fault):
        self.proxy, self.client, self.server, self.fault = proxy, client, None, fault
        self.name = None
        self.first = b"" if proxy.plans else None   # bytes before the choice
        self.up, self.down = Flow(self, "up"), Flow(self, "down")
        self.swallows = self.open = True
        self.fired = False
        if fault.silent:
            return
        try:
            self.server = socket.create_connection(proxy.target, timeout=5)
        except OSError:
            self.close(reset=True)
            return
        self.swallows = False
        for one in (client, self.server):
            one.setblocking(False)
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.up.source, self.up.sink = client, self.server
        self.down.source, self.down.sink = self.server, client
        self.observe()
        self.update()

    def observe(self):
        """Looks for the place of the fault from here on."""
        place = self.fault.place
        if place is None and not self.fault.track:
            self.up.boundaries = self.down.boundaries = None
            return
        for flow in (self.up, self.down):
            flow.boundaries = Boundaries(flow.way, place)
            if flow.boundaries.reached:
                self.fire(flow)

    def update(self):
        if not self.open or self.server is None:
            return
        for one, reads, writes in ((self.client, self.up, self.down),
                                   (self.server, self.down, self.up)):
            mask = selectors.EVENT_READ * reads.reads | selectors.EVENT_WRITE * writes.blocked
            self.proxy.watch(one, mask, self)

    def ready(self, which, mask):
        reads, writes = (self.up, self.down) if which is self.client else (self.down, self.up)
        if mask & selectors.EVENT_WRITE:
            writes.blocked = False
            writes.pump()
        if mask & selectors.EVENT_READ and self.open and reads.reads:
            self.read(reads)
        self.update()

    def resume(self, flow):
        if self.open:
            flow.pump()
            self.update()

    def read(self, flow):
        try:
            data = flow.source.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            flow.ended = True
            if self.swallows:
                self.close_if_over()
            else:
                self.lost()
            return
        if not data:
            flow.ended = True
        if self.swallows:
            self.close_if_over()
        elif not data:
            rest = flow.boundaries.pending if flow.boundaries else b""
            flow.push((self.first or b"" if flow is self.up else b"") + rest)
            if self.open:
                flow.push(END)
        elif flow is self.up and self.first is not None:
            self.choose(data)
        else:
            self.pass_on(flow, data)

    def choose(self, data):
        """Waits for the first packet that says who this is, then takes the fault planned for it."""
        self.first += data
        if self.first[:1] == b"\x16":  # TLS keeps the name to itself
            data, self.first = self.first, None
            self.pass_on(self.up, data)
            return
        while len(self.first) >= 8:
            size, code = struct.unpack_from("!II", self.first)
            if len(self.first) < size:
                return
            kind, packet = CODES.get(code, STARTUP), self.first[:size]
            if kind in (SSL, GSS):
                self.first = self.first[size:]
                self.pass_on(self.up, packet)
                continue
            self.name = (packet[8:] if kind == CANCEL
                         else startup_fields(packet).get("application_name"))
            self.fault = self.proxy.plans.get(self.name, self.fault)
            self.proxy.seen[self.name] = self
            data, self.first = self.first, None
            self.observe()
            self.pass_on(self.up, data)
            return

    def pass_on(self, flow, data):
        boundaries = flow.boundaries
        if boundaries is None:
            flow.push(data)
            return
        if boundaries.reached:
            return
        passed = boundaries.feed(data)
        other = (self.down if flow is self.up else self.up).boundaries
        if flow is self.up:
            asked = boundaries.counts.get(SSL, 0) + boundaries.counts.get(GSS, 0)
            other.answers = asked - other.begun.get("answer", 0)
        elif passed[:1] == b"S" and boundaries.total == boundaries.counts.get("answer"):
            boundaries.encrypted = other.encrypted = True
        if passed:
            flow.push(passed)
        if boundaries.reached and self.open:
            self.fire(flow)

    def fire(self, flow):
        """The place is reached: acts once all in front of it was sent."""
        flow.paused = True
        if self.fault.action in ("reset", "fin"):  # nothing overtakes the end
            self.up.paused = self.down.paused = True
        flow.push(ACT)

    def mark(self, flow, item):
        if item == END:
            flow.finished = True
            with contextlib.suppress(OSError):
                flow.sink.shutdown(socket.SHUT_WR)
            if self.up.finished and self.down.finished:
                self.close()
            return
        self.fired = True
        action = self.fault.action
        if action == "reset":
            self.proxy.later(BEFORE_RESET, self.close, True)
        elif action in ("fin", "hole"):
            self.swallow(action == "fin")
        # "stall": the flow stays paused

    def swallow(self, say_end):
        self.swallows = True
        for flow in (self.up, self.down):
            flow.paused, flow.queued, flow.blocked = False, 0, False
            flow.queue.clear()
            if say_end and flow.sink:
                with contextlib.suppress(OSError):
                    flow.sink.shutdown(socket.SHUT_WR)

    def close_if_over(self):
        if self.up.ended and self.down.ended:
            self.close()

    def lost(self):
        """One side was reset: so is the other."""
        self.close(reset=True)

    def close(self, reset=False):
        if not self.open:
            return
        self.open = False
        for one in (self.client, self.server):
            if one is None:
                continue
            self.proxy.watch(one, 0, self)
            if reset:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            one.close()
        self.proxy.connections.discard(self)


class FaultProxy:
    """`accepted` counts connections, `connections` holds the open ones, `seen` the latest by name
    (application_name, or the key of a cancel request) once there are plans."""

    def __init__(self, port, host="127.0.0.1"):
        self.target = (host, port)
        self.fault = Fault()
        self.plans, self.seen = {}, {}
        self.connections, self.accepted = set(), 0
        self._timers, self._numbers = [], itertools.count()
        self._commands = collections.deque()
        self._selector = selectors.DefaultSelector()
        self._wake, self._woken = socket.socketpair()
        self._woken.setblocking(False)
        self._selector.register(self._woken, selectors.EVENT_READ, None)
        self.port = 0
        self._listen()
        self._running = True
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    # --- for the test's thread

    def plan(self, name, fault):
        """The fault of connections with this application_name; bytes: of cancels with this key."""
        self.plans[name] = fault
        self.seen.pop(name, None)

    def end(self, name):
        """Forgets the plan of this name and resets its connection."""
        self.plans.pop(name, None)
        connection = self.seen.pop(name, None)
        if connection:
            self.call(lambda: connection.close(reset=True))

    def refuse(self, on=True):
        """Whether connects are refused, as if nobody listened."""
        self.call(self._unlisten if on else self._listen)

    def drop(self, keep=()):
        """Resets every open connection but those of these names."""
        self.call(lambda: [one.close(reset=True) for one in list(self.connections)
                           if one.name not in keep])

    def close(self):
        if self._running:
            self.drop()
            self.call(self._stop)
            self._thread.join(5)

    def call(self, function):
        """Runs `function` in the proxy's thread and waits for it."""
        done = threading.Event()
        self._commands.append((function, done))
        self._wake.send(b"x")
        if not done.wait(10):
            raise TimeoutError("the proxy does not answer")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # --- in the proxy's thread

    def later(self, seconds, function, *arguments):
        heapq.heappush(self._timers, (time.monotonic() + seconds, next(self._numbers), function,
                                      arguments))

    def watch(self, one, mask, connection):
        """Which events of a socket reach its connection; 0 for none."""
        try:
            known = self._selector.get_key(one).events
        except KeyError:
            known = 0
        if mask == known:
            return
        if not mask:
            self._selector.unregister(one)
        elif not known:
            self._selector.register(one, mask, connection)
        else:
            self._selector.modify(one, mask, connection)

    def _listen(self):
        self.listener = socket.create_server(("127.0.0.1", self.port), backlog=1024)
        self.listener.setblocking(False)
        self.port = self.listener.getsockname()[1]
        self._selector.register(self.listener, selectors.EVENT_READ, self)

    def _unlisten(self):
        self._selector.unregister(self.listener)
        self.listener.close()

    def _stop(self):
        self._running = False
        with contextlib.suppress(KeyError, ValueError):
            self._unlisten()

    def _run(self):
        while self._running:
            timeout = None
            if self._timers:
                timeout = max(0.0, self._timers[0][0] - time.monotonic())
            for key, mask in self._selector.select(timeout):
                if key.data is self:
                    self._accept()
                elif key.data is None:
                    with contextlib.suppress(BlockingIOError):
                        self._woken.recv(1000)
                elif key.data.open:
                    key.data.ready(key.fileobj, mask)
            while self._timers and self._timers[0][0] <= time.monotonic():
                _, _, function, arguments = heapq.heappop(self._timers)
                function(*arguments)
            while self._commands:
                function, done = self._commands.popleft()
                function()
                done.set()

    def _accept(self):
        with contextlib.suppress(OSError):
            client, _ = self.listener.accept()
            self.accepted += 1
            connection = Connection(self, client, self.fault)
            if connection.open:
                self.connections.add(connection)
