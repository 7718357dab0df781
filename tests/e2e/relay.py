#!/usr/bin/env python3
"""relay.py LISTEN BROKER: carries connections between the gateway and its broker, and does to them what it is told.

Commands, a line each on standard input:
    hold     both ends stay connected and hear nothing
    mute     only the gateway hears nothing: what it publishes arrives, what acknowledges it does not
    release  what was held goes on
    cut      every connection ends, and what was held is lost
"""

import socket
import sys
import threading

PIECE = 65536


class Relay:
    def __init__(self, broker_port):
        self.broker_port = broker_port
        self.outward, self.inward = threading.Event(), threading.Event()
        self.release()
        self.lock = threading.Lock()
        self.sockets = []

    def release(self):
        self.outward.set()
        self.inward.set()

    def mute(self):
        self.inward.clear()

    def hold(self):
        self.outward.clear()
        self.inward.clear()

    def cut(self):
        with self.lock:
            ends, self.sockets = self.sockets, []
        for end in ends:
            hang_up(end)
        self.release()

    def carry(self, near):
        try:
            far = socket.create_connection(("127.0.0.1", self.broker_port), timeout=2)
        except OSError:
            near.close()
            return
        far.settimeout(None)
        with self.lock:
            self.sockets += [near, far]
        for source, sink, passing in ((near, far, self.outward), (far, near, self.inward)):
            threading.Thread(target=pump, args=(source, sink, passing), daemon=True).start()


def pump(source, sink, passing):
    try:
        while piece := source.recv(PIECE):
            passing.wait()
            sink.sendall(piece)
    except OSError:
        pass
    hang_up(source)
    hang_up(sink)


def hang_up(end):
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    end.close()


def listen(relay, port):
    with socket.create_server(("127.0.0.1", port)) as listener:
        while True:
            relay.carry(listener.accept()[0])


def main():
    relay = Relay(int(sys.argv[2]))
    threading.Thread(target=listen, args=(relay, int(sys.argv[1])), daemon=True).start()
    for line in sys.stdin:
        getattr(relay, {"hold": "hold", "mute": "mute", "release": "release", "cut": "cut"}[line.strip()])()


main()
