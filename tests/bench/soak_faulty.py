"""Clients of the soak test whose networks break: random faults on either leg, from one seed. What
they saw bounds what pgsidecar may have counted."""

import contextlib
import random
import socket
import struct
import threading
import time

import psycopg

from actions import ACTIONS
from boundaries import Place
from fault_proxy import Fault
from protocol import Client, split

DATABASE = "soak_faulty"
PATIENCE = 1.0


def random_fault(chooser, for_driver):
    """A driver has no patience of its own: it gets no fault that only a deadline ends."""
    actions = ["reset", "fin", "", ""] + ([] if for_driver else ["hole", "stall"])
    action = chooser.choice(actions)
    slow = chooser.choice([{}, {}, {"slice": chooser.choice([1, 5, 100])},
                           {"latency_up": 0.005}, {"latency_down": 0.005}, {"rate": 100_000}])
    if not action:
        return Fault(**slow)
    way = chooser.choice(["up", "down"])
    if chooser.random() < 0.3:
        return Fault(action, Place(way, byte=chooser.randrange(0, 3000)), **slow)
    part = chooser.choice(["before", "inside", "after"])
    number = chooser.randrange(0, 20 if way == "up" else 60)
    return Fault(action, Place(way, number=number, part=part), **slow)


def statements(adds):
    """How many statements and COPYs an action of actions.py sends."""
    return sum(count for key, count in adds.items()
               if key not in ("rows", "affected", "blocks", "rollbacks"))


class Troublemaker(threading.Thread):
    """One session after the other through `proxy`, on the way to the sidecar's `port`.
    `attempted` and `answered` count statements."""

    def __init__(self, proxy, port, name, seed):
        super().__init__(daemon=True)
        self.proxy, self.port, self.name = proxy, port, name
        self.chooser = random.Random(seed)
        self.attempted = self.answered = self.sessions = self.faults = 0
        self.stopping = threading.Event()

    def run(self):
        while not self.stopping.is_set():
            name = f"{self.name}-{self.sessions}"
            for_driver = self.chooser.random() < 0.2
            fault = random_fault(self.chooser, for_driver)
            self.proxy.plan(name, fault)
            self.sessions += 1
            self.faults += bool(fault.action)
            with contextlib.suppress(OSError, psycopg.Error, StopIteration, AssertionError):
                (self.drive if for_driver else self.talk)(name)
            self.proxy.end(name)

    def talk(self, name):
        with Client(self.port, timeout=PATIENCE) as client:
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.login(database=DATABASE, application_name=name)
            for _ in range(self.chooser.randrange(1, 15)):
                request, ready, adds = self.chooser.choice(
                    [action for action in ACTIONS if action[2]])
                self.attempted += statements(adds)
                answer = client.ask(request, ready)
                if sum(kind == "Z" for kind, _ in split(answer)[0]) < ready:
                    return
                self.answered += statements(adds)
            if self.chooser.random() < 0.5:  # else a reset
                client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                         struct.pack("ii", 0, 0))

    def drive(self, name):
        connection = psycopg.connect(host="127.0.0.1", port=self.port, dbname=DATABASE,
                                     user="postgres", sslmode="disable", autocommit=True,
                                     connect_timeout=5, application_name=name)
        with contextlib.closing(connection):
            for number in range(20):
                self.attempted += 1
                connection.execute("SELECT %s::int", (number,)).fetchall()
                self.answered += 1


class Outages(threading.Thread):
    """Now and then PostgreSQL refuses connections for a moment."""

    def __init__(self, proxy, seed):
        super().__init__(daemon=True)
        self.proxy, self.chooser = proxy, random.Random(seed)
        self.stopping = threading.Event()
        self.count = 0

    def run(self):
        while not self.stopping.wait(self.chooser.uniform(5, 20)):
            self.proxy.refuse()
            time.sleep(0.5)
            self.proxy.refuse(False)
            self.count += 1
