"""Where the messages of the v3 protocol begin and end, in bytes that arrive in pieces of any size."""

import dataclasses
import struct

SSL, GSS, CANCEL, STARTUP = "ssl", "gss", "cancel", "startup"
ANSWER, ENCRYPTED = "answer", "encrypted"
CODES = {80877102: CANCEL, 80877103: SSL, 80877104: GSS}


@dataclasses.dataclass(frozen=True)
class Place:
    """A place in one direction of a connection. `way`: "up" is from the client, "down" from the
    server. A number of bytes, or a message: the `number`-th of the direction, or of its `kind`, and
    the place `before` it, `inside` it or `after` it. Kinds are type letters; packets without one
    are "startup", "ssl", "gss", "cancel" (up) and "answer" (down, the byte that answers "ssl")."""
    way: str
    kind: str = ""
    number: int = 0
    part: str = "before"
    byte: int = -1


class Boundaries:
    """One direction. `split(data)` gives (kind, bytes) pieces: a piece is a whole message or a part
    of one; a header in pieces is kept back until it is whole. `place` is where `reached` turns
    true; the bytes behind it are in `behind`."""

    def __init__(self, way, place=None):
        self.place = place if place and place.way == way else None
        self.up = way == "up"
        self.typed = False
        self.encrypted = False
        self.answers = 0       # single bytes that the server owes
        self.counts = {}       # whole messages that passed, by kind
        self.begun = {}        # messages that began, by kind; "" counts all
        self.total = 0
        self.pending = b""     # a header that is not whole
        self.message = ("", 0, 0)  # kind, bytes to come, bytes until the place or -1
        self.reached = bool(self.place) and self.place.byte == 0
        self.behind = b""

    def feed(self, data):
        """The bytes that may pass now: all whose message is known, up to the place."""
        data, self.pending = self.pending + data, b""
        passed, at = [], 0
        while at < len(data) and not self.reached:
            if not self.message[1] and not self._begin(data, at):
                break
            at += self._advance(passed, data, at)
        if self.reached:
            self.behind += data[at:]
        else:
            self.pending = data[at:]
        result = b"".join(passed)
        self.total += len(result)
        return result

    def _begin(self, data, at):
        """Reads the header at `at`. False if it is not whole, or if the place is in front of it."""
        kind, size = self._header(data, at)
        if not kind:
            return False
        stop = -1
        if self._is_place(kind):
            part = self.place.part
            stop = {"before": 0, "inside": max(1, size // 2), "after": size}[part]
        for name in ("", kind):
            self.begun[name] = self.begun.get(name, 0) + 1
        self.message = (kind, size, stop)
        self.reached = stop == 0
        return stop != 0

    def _is_place(self, kind):
        place = self.place
        return (place is not None and place.byte < 0 and place.kind in ("", kind)
                and self.begun.get(place.kind, 0) == place.number)

    def _header(self, data, at):
        """(kind, size of the whole message), or ("", 0) if more bytes are needed."""
        if self.encrypted:
            return ENCRYPTED, len(data) - at
        if not self.up and self.answers:
            self.answers -= 1
            return ANSWER, 1
        if self.typed or not self.up:
            if len(data) - at < 5:
                return "", 0
            return chr(data[at]), max(5, 1 + struct.unpack_from("!I", data, at + 1)[0])
        if data[at] == 0x16:  # direct TLS
            self.encrypted = True
            return ENCRYPTED, len(data) - at
        if len(data) - at < 8:
            return "", 0
        size, code = struct.unpack_from("!II", data, at)
        kind = CODES.get(code, STARTUP)
        self.typed = kind == STARTUP
        return kind, max(8, size)

    def _advance(self, passed, data, at):
        kind, left, stop = self.message
        count = min(left, len(data) - at)
        if stop >= 0:
            count = min(count, stop)
        if self.place and self.place.byte >= 0:
            so_far = self.total + sum(map(len, passed))
            count = min(count, self.place.byte - so_far)
            self.reached = so_far + count == self.place.byte
        passed.append(data[at:at + count])
        left -= count
        if stop >= 0:
            stop -= count
            self.reached = stop == 0
        self.message = (kind, left, stop)
        if not left:
            self.counts[kind] = self.counts.get(kind, 0) + 1
        return count


def startup_fields(packet):
    """What a StartupMessage says, as a dictionary."""
    parts = packet[8:].split(b"\0")
    return {key.decode(errors="replace"): value.decode(errors="replace")
            for key, value in zip(parts[::2], parts[1::2]) if key}
