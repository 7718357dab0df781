"""A box without a network, and without a clock."""

import os
import shutil
import socket
import ssl
import struct
import subprocess
import threading
import time

from card import run
from cases_boot import expect, judge_firsts
from stage import Failed, answers, until

NO_CLOCK = "1970-01-01T00:00:10"
TIME_PORT = 123


def alone(bench):
    """no network at all, and a clock of 1970: beds on a serial line are watched, report.txt says what is missing"""
    scene = bench.scene(network=False, clock=NO_CLOCK)
    seconds = scene.boot(beds=("b1", "b2"))
    bench.say(f"two beds on the line are watched {seconds:.1f} s after power-on, without network and clock")
    time.sleep(45)  # what is missing must be told by then
    scene.power_down()
    report = scene.report()
    for words in ("NO BROKER IS REACHED", "NO INTERFACE", "NO TIME SERVER ANSWERS", "which no time server confirms"):
        expect(words in report, f"report.txt does not say {words!r}: {report!r}")
    expect(not scene.link.arrived, "an alert arrived without a network")
    # Back in the network, what was raised meanwhile arrives.
    scene.machine.network, scene.machine.clock = True, "utc"
    scene.boot()
    scene.wait_for_stays()
    bench.say(f"{judge_firsts(scene)} alerts arrive once there is a network, from seq 1 on")
    scene.power_down()


class TimeServer(threading.Thread):
    """Answers NTP on this machine's own address, where the box sees it; one that may not have the port says so."""

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", TIME_PORT))
        self.socket.settimeout(0.5)
        self.is_ended = False

    def run(self):
        while not self.is_ended:
            try:
                request, client = self.socket.recvfrom(512)
            except TimeoutError:
                continue
            now = time.time() + 2208988800
            stamp = struct.pack(">II", int(now), int(now % 1 * (1 << 32)))
            head = struct.pack(">BBbbII4s", 0x24, 1, request[2] if len(request) > 2 else 6, -20, 0, 16, b"LOCL")
            self.socket.sendto(head + stamp + request[40:48] + stamp + stamp, client)

    def close(self):
        """The port is free then."""
        self.is_ended = True
        if self.is_alive():
            self.join()
        self.socket.close()


def start_tls_broker(scene):
    """Its certificates are as config/broker/make-certificates makes them."""
    folder = scene.path("certificates")
    subprocess.run(["config/broker/make-certificates", "-b", "10.0.2.2", "-w", "test/w1", "-g", "gw-box", "-o", folder],
                   check=True, capture_output=True)
    scene.tls_port = scene.broker_port + 1
    scene.write("tls.conf", f"user root\nlistener {scene.tls_port} 127.0.0.1\nallow_anonymous true\npersistence false\n"
                            f"cafile {folder}/ca.pem\ncertfile {folder}/broker.pem\nkeyfile {folder}/broker.key\n"
                            "require_certificate true\n")
    mosquitto = shutil.which("mosquitto", path=os.environ["PATH"] + ":/usr/sbin")
    scene.start([mosquitto, "-c", scene.path("tls.conf")], "tls-broker.log")
    until("the broker with TLS answers", lambda: answers(scene.tls_port), 10)
    scene.start(["mosquitto_sub", "-h", "127.0.0.1", "-p", str(scene.tls_port), "--insecure", "--cafile", f"{folder}/ca.pem",
                 "--cert", f"{folder}/w1-display.pem", "--key", f"{folder}/w1-display.key",
                 "-q", "1", "-t", "wardgate/test/w1/#", "-F", "%t %p"], "tls-seen.txt")
    return folder


def valid_from(folder):
    """Seconds since 1970."""
    said = run(["openssl", "x509", "-in", f"{folder}/broker.pem", "-noout", "-startdate"]).decode()
    return ssl.cert_time_to_seconds(said.strip().split("=", 1)[1])


def clock(bench):
    """a clock of 1970 and a broker with TLS: told in plain words, alerts wait, and arrive once a time server answers"""
    try:
        server = TimeServer()
    except OSError as error:
        raise Failed(f"UDP port {TIME_PORT} of this machine cannot be had for a time server ({error}), run as root") from error
    scene = bench.scene(clock=NO_CLOCK)
    try:
        folder = start_tls_broker(scene)
        text = scene.config().replace(f"mqtt://10.0.2.2:{scene.link.port}", f"mqtts://10.0.2.2:{scene.tls_port}")
        text = text.replace("insecure: true", "ca: tls/ca.pem, cert: tls/gw-box.pem, key: tls/gw-box.key")
        scene.card.write("wardgate.yaml", text)
        for ours, theirs in (("ca.pem", "ca.pem"), ("gw-box.pem", "gw-box.pem"), ("gw-box.key", "gw-box.key")):
            with open(os.path.join(folder, theirs), "rb") as file:
                scene.card.write("tls/" + ours, file.read())
        scene.card.write("network.yaml", scene.network() + "time:\n  servers: [10.0.2.2]\n")
        seconds = scene.boot()
        bench.say(f"watched {seconds:.1f} s after power-on, in 1970")
        scene.wait_shell()
        year, begun = (int(word) for word in scene.shell("date +'%Y %s'").split())
        expect(begun < valid_from(folder), f"the box's clock ({year}) is not behind the broker's certificate: nothing is seen of that")
        scene.wait("the log says why the broker's certificate is not trusted",
                   lambda: "not valid before" in scene.shell("journalctl -u wardgate --no-pager", check=False)[1], 90, 3)
        seen = lambda: open(scene.path("tls-seen.txt"), encoding="utf-8").read()
        expect("/alert " not in seen(), "an alert arrived although the certificate is not valid yet")
        says = lambda words: words in scene.shell("cat /efi/report.txt", check=False)[1]
        for words in ("NO TIME SERVER ANSWERS", "the clock is not set, so certificates cannot be trusted"):
            scene.wait(f"report.txt says {words!r}", lambda: says(words), 90, 3)
        server.start()
        scene.wait("alerts arrive, once a time server answers", lambda: "/alert " in seen(), 240, 1)
        bench.say(f"the box began in {year}; alerts arrive over TLS since its time server answers")
        scene.power_down()
    finally:
        server.close()
