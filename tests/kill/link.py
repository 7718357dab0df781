"""The link between the gateway and its broker, which can be cut, or held so that nobody notices.

It reads along: an alert has arrived when the broker's acknowledgement (PUBACK, MQTT 5) comes out of the broker, whether
the gateway gets to see it or not. Of what passes nothing is changed.
"""

import json
import socket
import struct
import threading
import time
from typing import NamedTuple

PUBLISH, PUBACK = 3, 4
PIECE = 65536


class Arrival(NamedTuple):
    """An alert that the broker acknowledged, and when (by the monotonic clock)."""

    connection: int
    alert: dict
    at: float


class Packets:
    """The packets of one direction: (type, flags, body), as far as they are whole."""

    def __init__(self):
        self.bytes = b""

    def feed(self, piece):
        self.bytes += piece
        while len(self.bytes) >= 2:
            size, at = variable(self.bytes, 1)
            if size is None or len(self.bytes) < at + size:
                return
            first, body = self.bytes[0], self.bytes[at : at + size]
            self.bytes = self.bytes[at + size :]
            yield first >> 4, first & 15, body


def variable(text, at):
    """MQTT's variable byte integer: its value, and where it ends; None when there are not enough bytes."""
    value = shift = 0
    while at < len(text):
        value |= (text[at] & 127) << shift
        at += 1
        if text[at - 1] < 128:
            return value, at
        shift += 7
    return None, at


class Link(threading.Thread):
    """Listens on a port, passes on to the broker's. `arrived`: each alert as often as it was acknowledged."""

    def __init__(self, broker_port):
        super().__init__(daemon=True)
        self.broker_port = broker_port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.arrived = []
        self.connections = 0
        self.carries = None  # the number of the connection that stands
        self.lock = threading.Lock()
        self.sockets = []
        self.is_open = True
        self.passing = threading.Event()
        self.passing.set()
        self.trap = None

    def run(self):
        while True:
            near, _ = self.listener.accept()
            if not self.is_open:
                near.close()
                continue
            try:
                far = socket.create_connection(("127.0.0.1", self.broker_port), timeout=2)
            except OSError:
                near.close()
                continue
            far.settimeout(None)
            self.carry(near, far)

    def carry(self, near, far):
        with self.lock:
            self.connections += 1
            self.carries = number = self.connections
            self.sockets += [near, far]
        waiting = {}
        for source, sink, look in ((near, far, self.look_out), (far, near, self.look_in)):
            threading.Thread(target=self.pump, args=(source, sink, look, number, waiting), daemon=True).start()

    def pump(self, source, sink, look, number, waiting):
        packets = Packets()
        try:
            while True:
                piece = source.recv(PIECE)
                if not piece:
                    break
                self.passing.wait()
                for kind, flags, body in packets.feed(piece):
                    look(kind, flags, body, number, waiting)
                sink.sendall(piece)
        except OSError:
            pass
        with self.lock:
            if self.carries == number:
                self.carries = None
        for end in (source, sink):
            hang_up(end)

    def look_out(self, kind, flags, body, number, waiting):
        """From the gateway: an alert is on its way."""
        if kind == PUBLISH and flags >> 1 & 3 == 1:
            length = struct.unpack_from(">H", body)[0]
            topic = body[2 : 2 + length].decode()
            packet = struct.unpack_from(">H", body, 2 + length)[0]
            size, at = variable(body, 4 + length)
            waiting[packet] = (topic, body[at + size :])
            if topic.endswith("/alert"):
                self.spring("leaves")

    def look_in(self, kind, flags, body, number, waiting):
        """From the broker: it has it."""
        if kind == PUBACK:
            topic, payload = waiting.pop(struct.unpack_from(">H", body)[0], ("", b""))
            refused = len(body) > 2 and body[2] >= 128
            if topic.endswith("/alert") and not refused:
                with self.lock:
                    self.arrived.append(Arrival(number, json.loads(payload), time.monotonic()))
                self.spring("is acknowledged")

    # ---- faults ----

    def set_trap(self, event, action):
        """Once: before an alert that leaves, or its acknowledgement, gets any further, the action is done."""
        self.trap = (event, action)

    def clear_trap(self):
        self.trap = None

    def spring(self, event):
        trap = self.trap
        if trap is not None and trap[0] == event:
            self.trap = None
            trap[1]()

    def cut(self):
        """Whatever is under way is lost, and nobody gets through until mend."""
        self.is_open = False
        with self.lock:
            for end in self.sockets:
                hang_up(end)
            self.sockets = []
        self.passing.set()

    def mend(self):
        self.is_open = True

    def hold(self):
        """Both ends stay connected and hear nothing."""
        self.passing.clear()

    def release(self):
        self.passing.set()


def hang_up(end):
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    end.close()


def wait_for(what, done, patience_s, step_s=0.05):
    """False when it has not come in time; what: for whoever reads the traceback."""
    end = time.monotonic() + patience_s
    while not done():
        if time.monotonic() > end:
            return False
        time.sleep(step_s)
    return True
