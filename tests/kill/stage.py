"""A folder with a broker, a link before it, a ward and a gateway, and what is done to them."""

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

from link import Link, wait_for

BUILD = os.environ.get("BUILD", "build")
GATEWAY = os.environ.get("WARDGATE", BUILD + "/wardgate")
WARD = os.environ.get("WARD", BUILD + "/tests/ward")
BEDS = 8
RULE, LIMIT, NORMAL = "rate_high", 120, 80
KEEP_ALIVE_S = 5
PORTS = (15000, 31000)  # below those that the system hands out by itself

RULES = f"""rules:
  {RULE}:
    when: hr > limit
    limit: {LIMIT}
    priority: high
    text: "Heart rate above {{limit}}/min"
"""

PROFILE = """profile: quick
title: The heart rate of the simulated ward, often
poll_interval: 200ms
channels:
  hr: {register: 0, type: u16, unit: "/min", absent: [0xFFFF], range: [0, 350]}
"""


class Failed(Exception):
    """The run could not be made, and why."""


class Stage:
    """beds: how many. rules: a file of them. more: keys of its configuration. preload: a library for the gateway."""

    def __init__(self, beds=BEDS, rules=RULES, more="", preload=None):
        self.folder = tempfile.mkdtemp(prefix="wardgate-kill.")
        self.store = self.path("store")
        self.more = more
        self.beds = [f"b{number + 1}" for number in range(beds)]
        self.broker_port, self.ward_port = free_port(), free_port()
        self.environment = dict(os.environ, **({"LD_PRELOAD": preload} if preload else {}))
        self.broker = self.gateway = None
        self.starts = 0  # of the gateway
        self.struck = False  # the gateway was killed, and is not started again
        self.hand = threading.Lock()  # whoever kills or starts it
        self.processes = []
        self.start_broker()
        self.link = Link(self.broker_port)
        self.link.start()
        self.start_ward()
        for name, text in (
            ("wardgate.yaml", self.config()),
            ("rules/kill.yaml", rules),
            ("profiles/quick.yaml", PROFILE),
        ):
            self.write(name, text)

    def config(self):
        beds = "".join(
            f"  {bed}: {{bus: gw, address: {i + 1}, profile: quick, class: adult}}\n" for i, bed in enumerate(self.beds)
        )
        return (
            "gateway: {id: gw-kill, site: test, ward: w1}\n"
            f"store: {{path: {self.store}, size: 16MiB, trends: 1h}}\n"
            f'uplink: {{brokers: ["mqtt://127.0.0.1:{self.link.port}"], keep_alive: {KEEP_ALIVE_S}s}}\n'
            f"stay_after: 1s\nrules: [rules/kill.yaml]\n{self.more}"
            f"buses:\n  gw: {{kind: modbus-tcp, host: 127.0.0.1, port: {self.ward_port}}}\nbeds:\n{beds}"
        )

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def start(self, words, log, environment=None):
        with open(self.path(log), "a", encoding="utf-8") as output:
            process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment
            )
        self.processes.append(process)
        return process

    def kill(self, process):
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.processes.remove(process)

    # ---- the broker ----

    def start_broker(self):
        """Returns when it answered first. It stays who it is: among mounts of our own there may be nobody else."""
        self.write(
            "broker.conf",
            f"listener {self.broker_port} 127.0.0.1\nallow_anonymous true\npersistence false\nuser root\n",
        )
        mosquitto = shutil.which("mosquitto", path=os.environ["PATH"] + ":/usr/sbin")  # where Debian has it
        if mosquitto is None:
            raise Failed("no mosquitto, install it (toolchain/install-dependencies test)")
        self.broker = self.start([mosquitto, "-c", self.path("broker.conf")], "broker.log")
        if not wait_for("the broker answers", lambda: answers(self.broker_port), 10, 0.002):
            raise Failed("the broker does not answer")
        return time.monotonic()

    def kill_broker(self):
        self.kill(self.broker)

    # ---- the ward ----

    def start_ward(self):
        lines = [f"control {self.path('ward.sock')}", f"tcp gw 127.0.0.1:{self.ward_port} turnaround=1ms"]
        lines += [f"monitor {bed} gw {i + 1} generated seed={i + 1}" for i, bed in enumerate(self.beds)]
        self.write("ward.conf", "\n".join(lines) + "\n")
        self.start([WARD, "-q", self.path("ward.conf")], "ward.log")
        if not wait_for("the ward is ready", self.reaches_ward, 10):
            raise Failed("the ward is not ready")
        self.answers = self.control.makefile("r")

    def reaches_ward(self):
        """Its socket has a name before it listens."""
        self.control = socket.socket(socket.AF_UNIX)
        try:
            self.control.connect(self.path("ward.sock"))
        except (FileNotFoundError, ConnectionRefusedError):
            self.control.close()
            return False
        return True

    def ask_ward(self, line):
        self.control.sendall((line + "\n").encode())
        return self.answers.readline().strip()

    def set_rate(self, bed, rate):
        answer = self.ask_ward(f"{bed} value hr {rate}")
        if answer != "ok":
            raise Failed(f"the ward says {answer}")

    def reads(self):
        """How often each bed's monitor was read."""
        return {monitor["name"]: monitor["answered"] for monitor in json.loads(self.ask_ward("report"))["monitors"]}

    # ---- the gateway ----

    def start_gateway(self):
        with self.hand:
            self.struck = False
            self.starts += 1
            self.gateway = self.start(
                [GATEWAY, "run", "-c", self.path("wardgate.yaml")], "gateway.log", self.environment
            )

    def wait_for_stays(self, patience_s=20):
        """Before somebody lies in a bed, nothing is judged there."""

        def all_begun():
            begun = {a.alert.get("bed") for a in self.link.arrived if a.alert["rule"] == "admission_not_entered"}
            return begun >= set(self.beds)

        until("a stay begins at each bed", all_begun, patience_s)

    def strike_gateway(self):
        """From any thread, at once; kill_gateway says afterwards that it is gone."""
        with self.hand:
            if not self.struck:
                self.struck = True
                self.gateway.send_signal(signal.SIGKILL)

    def kill_gateway(self):
        if not self.struck and self.gateway.poll() is not None:
            raise Failed(f"the gateway ended by itself, with status {self.gateway.returncode}")
        self.strike_gateway()
        self.gateway.wait()
        self.processes.remove(self.gateway)

    def status(self):
        """What a running gateway says of itself; {} when it says nothing."""
        done = self.ask_gateway("status", "--json")
        try:
            return json.loads(done.stdout)
        except ValueError:
            return {}

    def ask_gateway(self, command, *words):
        words = [GATEWAY, command, "-c", self.path("wardgate.yaml"), *words]
        return subprocess.run(words, capture_output=True, text=True, check=False)

    def history(self):
        """Every alert that the store holds."""
        return [json.loads(line) for line in self.ask_gateway("history", "--json").stdout.splitlines()]

    def outbox_is_empty(self):
        return self.status().get("queue", {}).get("waiting") == 0

    def is_committing(self):
        return self.status().get("storage", {}).get("state") == "ok"

    def close(self):
        for process in reversed(self.processes):
            process.terminate()
            process.wait()

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)


def free_port():
    """Not even the next connection of anybody may be given it, between now and when it is listened at."""
    while True:
        port = random.SystemRandom().randrange(*PORTS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def until(what, done, patience_s, step=None):
    """Waits; `step` is made meanwhile."""
    end = time.monotonic() + patience_s
    while not done():
        if time.monotonic() > end:
            raise Failed(f"not within {patience_s:g} s: {what}")
        if step is not None:
            step()
        time.sleep(0.02)
