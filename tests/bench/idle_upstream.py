"""Stands in for PostgreSQL where thousands of idle backends would be needed: logs everybody in,
answers every query with one row, then waits. Usage: idle_upstream.py PORT"""

import selectors
import socket
import struct
import sys

from pgclient import READY_IDLE, message

SSL_REQUEST = 80877103
PARAMETERS = {
    "server_version": "15.0", "server_encoding": "UTF8", "client_encoding": "UTF8",
    "DateStyle": "ISO, MDY", "TimeZone": "UTC", "IntervalStyle": "postgres",
    "integer_datetimes": "on", "standard_conforming_strings": "on", "application_name": "",
    "is_superuser": "off", "session_authorization": "bench",
    "default_transaction_read_only": "off", "in_hot_standby": "off"}
ONE_ROW = (message(b"T", b"\0\1a\0" + struct.pack("!IHIHIH", 0, 0, 23, 4, 0xFFFFFFFF, 0))
           + message(b"D", b"\0\1\0\0\0\0011") + message(b"C", b"SELECT 1\0") + READY_IDLE)


def welcome(number: int) -> bytes:
    pairs = [message(b"S", f"{name}\0{value}\0".encode()) for name, value in PARAMETERS.items()]
    key = message(b"K", struct.pack("!II", number, number))
    return message(b"R", b"\0\0\0\0") + b"".join(pairs) + key + READY_IDLE


class Connection:
    def __init__(self, peer: socket.socket, number: int):
        self.peer = peer
        self._number = number
        self._buffer = b""
        self._logged_in = False

    def feed(self, data: bytes) -> None:
        self._buffer += data
        head = 1 if self._logged_in else 0
        while len(self._buffer) >= head + 4:
            end = head + struct.unpack_from("!I", self._buffer, head)[0]
            if len(self._buffer) < end:
                return
            packet, self._buffer = self._buffer[:end], self._buffer[end:]
            self._answer(packet)
            head = 1 if self._logged_in else 0

    def _answer(self, packet: bytes) -> None:
        if self._logged_in:
            if packet[:1] == b"Q":
                self.peer.sendall(ONE_ROW)
        elif struct.unpack_from("!I", packet, 4)[0] == SSL_REQUEST:
            self.peer.sendall(b"N")
        else:
            self._logged_in = True
            self.peer.sendall(welcome(self._number))


def serve(port: int) -> None:
    selector = selectors.DefaultSelector()
    listener = socket.create_server(("127.0.0.1", port), backlog=1024)
    selector.register(listener, selectors.EVENT_READ, None)
    accepted = 0
    while True:
        for key, _ in selector.select():
            if key.data is None:
                accepted += 1
                peer, _ = listener.accept()
                selector.register(peer, selectors.EVENT_READ, Connection(peer, accepted))
                continue
            try:
                data = key.data.peer.recv(65536)
                key.data.feed(data)
            except OSError:
                data = b""
            if not data:
                selector.unregister(key.data.peer)
                key.data.peer.close()


if __name__ == "__main__":
    serve(int(sys.argv[1]))
