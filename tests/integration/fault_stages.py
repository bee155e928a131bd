"""The rows and columns of the fault matrix: the stages of the protocol, the faults, and what a
client must see where they meet (wire.md, "Failure")."""

import dataclasses

from boundaries import Place
from fault_proxy import Fault
from protocol import COPY_DONE, SYNC, copy_data, extended, function_call, query

LOGIN, IDLE, BUSY = "login", "idle", "busy"
SETUP = "CREATE TABLE IF NOT EXISTS matrix (id int)"

SIMPLE = [(query("SELECT 1 /* matrix */"), 1)]
EXTENDED = [(extended("SELECT 1 /* matrix */") + SYNC, 1)]
COPY_IN = [(query("COPY matrix FROM STDIN") + copy_data(b"1\n") * 8 + COPY_DONE, 1)]
COPY_OUT = [(query("COPY (SELECT generate_series(1, 60)) TO STDOUT"), 1)]
BLOCK = [(query("BEGIN"), 1), (query("SELECT 1 /* matrix */"), 1)]
CALL = [(function_call(177, 20, 22), 1)]
BULK_IN = [(query("COPY matrix FROM STDIN"), 0), (copy_data(b"1\n" * 5000) * 3000, 0)]
BULK_OUT = [(query("COPY (SELECT repeat('x', 1000) FROM generate_series(1, 30000)) TO STDOUT"), 1)]


@dataclasses.dataclass(frozen=True)
class Stage:
    """`steps`: requests after the login, each with the ReadyForQuery to wait for."""
    name: str
    phase: str
    place: Place
    steps: tuple = ()


def place_of(place):
    """Of words: "up Q", "down D 3", "down Z 1 after"."""
    words = place.split()
    number = next((word for word in words[2:] if word.isdigit()), "0")
    part = next((word for word in words[2:] if not word.isdigit()), "before")
    return Place(words[0], words[1], int(number), part)


def stages(phase, name, steps, *places):
    return [Stage(f"{name}, {place}", phase, place_of(place), tuple(steps)) for place in places]


STAGES = [
    *stages(LOGIN, "startup", [], "up startup"),
    *stages(LOGIN, "SASL", [], "down R", "up p", "down R 1", "up p 1", "down R 2"),
    *stages(LOGIN, "greeting", [], "down R 3 after", "down S 1", "down K", "down Z"),
    *stages(IDLE, "idle", [], "down Z after"),
    *stages(BUSY, "simple", SIMPLE, "up Q", "up Q after", "down T", "down D", "down C", "down Z 1"),
    *stages(BUSY, "extended", EXTENDED, "up P", "up B", "up D", "up E", "up S", "up S after",
            "down 1", "down 2", "down T", "down D", "down C", "down Z 1"),
    *stages(BUSY, "copy in", COPY_IN, "up Q", "down G", "up d", "up d 5", "up c", "down C"),
    *stages(BUSY, "copy out", COPY_OUT, "up Q", "down H", "down d", "down d 40", "down c",
            "down C"),
    *stages(IDLE, "in a block", BLOCK[:1], "down Z 1 after"),
    *stages(BUSY, "in a block", BLOCK, "up Q 1", "down D", "down Z 2"),
    *stages(BUSY, "function call", CALL, "up F", "down V", "down Z 1"),
]
BULK = [*stages(BUSY, "bulk in", BULK_IN, "up d 20"),
        *stages(BUSY, "bulk out", BULK_OUT, "down d 100")]

# what a fault does at the place of a stage; "cut" is a reset inside the message
PLACED = ("reset", "fin", "cut", "hole", "stall")
SLOWED = {"latency": Fault(latency_up=0.01, latency_down=0.01, track=True),
          "slices": Fault(slice=1, track=True)}
FAULTS = (*PLACED, *SLOWED)


def fault_at(name, place):
    """The fault of this name at this place; None if there is none, as for a cut behind a message."""
    if name in SLOWED:
        return SLOWED[name]
    if name != "cut":
        return Fault(name, place)
    if place.part != "before":
        return None
    return Fault("reset", dataclasses.replace(place, part="inside"))


def expected(leg, name, one):
    """(how it ends for the client, the SQLSTATEs that pgsidecar says): "done" is a complete answer,
    "closed" the end of the connection, "silence" none of both."""
    if name in SLOWED:
        return "done", []
    if leg == "client":
        if name == "stall" and one.phase == LOGIN and one.place.way == "up":
            return "closed", ["57014"]  # only what the client says does not arrive
        return ("silence" if name in ("hole", "stall") else "closed"), []
    if one.phase == LOGIN:
        if name in ("hole", "stall"):
            return "closed", ["57014"]
        return "closed", ["08006"]  # a login is relayed in whole messages: there is a boundary
    if name in ("hole", "stall"):
        return "silence", []
    if one.phase == IDLE or name == "cut" and one.place.way == "down":
        return "closed", []
    return "closed", ["08006"]


def may_count_more(leg, name, one):
    """Whether the books may have one entry more than statements were sent: a Query whose reply was
    complete fails without its ReadyForQuery; a unit fails before its Execute was sent; or the
    server never got the whole of a message that was counted at its header."""
    kind, way = one.place.kind, one.place.way
    if leg == "server":
        return (name in ("reset", "fin", "cut") and kind == "Z" and one.phase == BUSY
                and one.steps[-1][0][:1] == b"Q")
    return way == "up" and (name == "fin" and kind in ("B", "D", "E")
                            or name == "cut" and kind in ("E", "F"))
