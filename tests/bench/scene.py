"""What a measurement of the whole system needs: a broker, a simulated ward, a subscriber and the gateway.

The gateway has a core of its own; ward, broker, subscriber and this program share the other. A Scene is a folder and
the processes in it; leaving it ends them. All times are CLOCK_MONOTONIC, in seconds unless a name says otherwise.
"""

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

WARD_CORE = 0
GATEWAY_CORE = min(1, os.cpu_count() - 1)
BUILD = os.environ.get("BUILD", "build")
GATEWAY = os.environ.get("WARDGATE", BUILD + "/wardgate")
WARD = os.environ.get("WARD", BUILD + "/tests/ward")
BASE = "wardgate/bench/w1"
PATIENCE_S = 15
SETTLE_S = 2.5  # stays have begun, everything has been published once
# Until the driver knows when answers are whole: of each monitor (answer_time.h), and of the line (modbus_bus.h).
LEARN_ANSWERS, LEARN_EXCHANGES = 40, 72

# In the order of the registers of a monitor that counts (tests/ward/ward_monitor.h); the last reads 3 and 8 by turns.
VITALS = ["hr", "pulse", "spo2", "resp", "abp_sys", "abp_dia", "abp_mean", "cvp", "icp", "etco2", "fio2", "perfusion"]
REGISTERS = len(VITALS)


class Failed(Exception):
    """A measurement that could not be made, and why."""


def seconds(usual):
    """How long to measure: the usual time, or what BENCH_SECONDS says."""
    return float(os.environ.get("BENCH_SECONDS") or usual)


def character_s(baud):
    return 11 / baud  # 8E1


def silence_s(baud):
    return 0.00175 if baud > 19200 else 3.5 * character_s(baud)


def legal_rate(baud, turnaround_s):
    """Polls a second that a line carries when every silence is kept and no longer: 8 characters ask, 29 answer."""
    silence = silence_s(baud)
    return 1 / (37 * character_s(baud) + max(turnaround_s, silence) + silence)


def median(numbers):
    ordered = sorted(numbers)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def percentile(numbers, percent):
    """The smallest of the numbers that so many percent do not exceed."""
    ordered = sorted(numbers)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def profile_text(interval):
    lines = ["profile: counting", f"poll_interval: {interval}", "channels:"]
    for register, vital in enumerate(VITALS):
        scale, unit = (0.01, "%") if vital == "perfusion" else (0.1, unit_of(vital))
        lines.append(f'  {vital}: {{register: {register}, type: u16, scale: {scale}, unit: "{unit}"}}')
    return "\n".join(lines) + "\n"


def unit_of(vital):
    return "%" if vital in ("spo2", "fio2") else "/min" if vital in ("hr", "pulse", "resp") else "mm[Hg]"


# A window of a minute on each vital; the mean never gets there.
WINDOW_RULES = "rules:\n" + "".join(
    f'  {vital}_mean: {{when: "mean({vital}, 60s) > limit", limit: {25 if vital == "perfusion" else 95}, '
    'priority: low, text: "high", unknown_after: 1h}\n'
    for vital in VITALS
)
# True and false by turns, from one answer to the next.
ALARM_RULES = 'rules:\n  turns: {when: "perfusion > limit", limit: 5, priority: high, text: "by turns"}\n'


def pinned(core):
    return lambda: os.sched_setaffinity(0, {core})


def free_ports(count):
    """The first of so many free ports in a row, below those that the system hands out itself."""
    for _ in range(50):
        first = random.randrange(12000, 32000)
        try:
            for port in range(first, first + count):
                with socket.socket() as probe:
                    probe.bind(("0.0.0.0", port))
            return first
        except OSError:
            continue
    raise Failed("no free ports")


class Usage:
    """What a process has used since its start: CPU time, context switches of all its threads."""

    def __init__(self, pid):
        self.cpu_ns = 0
        self.switches = 0
        self.threads = 0
        for task in os.listdir(f"/proc/{pid}/task"):
            folder = f"/proc/{pid}/task/{task}"
            self.cpu_ns += int(read(folder + "/schedstat").split()[0])
            self.threads += 1
            for line in read(folder + "/status").splitlines():
                if "ctxt_switches" in line:
                    self.switches += int(line.split()[1])


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def pss_kb(pid):
    for line in read(f"/proc/{pid}/smaps_rollup").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    raise Failed("no Pss in smaps_rollup")


class Scene:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="wardgate-bench.")
        self.port = free_ports(8)
        self.ward_port = self.port + 1
        self.processes = []
        self.gateway_pid = 0

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        for process in reversed(self.processes):
            stop(process)
        if kind is not None:
            for name in ("gateway.log", "ward.log"):
                if os.path.exists(self.path(name)) and read(self.path(name)):
                    print(f"--- {name}\n{read(self.path(name))[-2000:]}", file=sys.stderr)
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def start(self, words, core, log, environment=None):
        with open(self.path(log), "a", encoding="utf-8") as output:
            process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                preexec_fn=pinned(core),
                env={**os.environ, **(environment or {})},
            )
        self.processes.append(process)
        return process

    def wait_for(self, what, done, patience_s=PATIENCE_S):
        end = time.monotonic() + patience_s
        while not done():
            if time.monotonic() > end:
                raise Failed(f"not within {patience_s} s: {what}")
            if any(process.poll() is not None for process in self.processes):
                raise Failed(f"something ended too early while waiting: {what}")
            time.sleep(0.02)

    # ---- broker and subscriber ----

    def start_broker(self, more=""):
        # Without waiting for small packets to fill: what is timed is not the broker's TCP.
        self.write(
            "broker.conf",
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence false\nset_tcp_nodelay true\n"
            f"max_queued_messages 100000\n{more}",
        )
        self.start_mosquitto()

    def start_mosquitto(self):
        environment = {"PATH": os.environ["PATH"] + ":/usr/sbin"}  # where Debian has mosquitto
        mosquitto = shutil.which("mosquitto", path=environment["PATH"])
        if mosquitto is None:
            raise Failed("no mosquitto")
        broker = self.start([mosquitto, "-c", self.path("broker.conf")], WARD_CORE, "broker.log", environment)
        self.wait_for("the broker answers", self.broker_answers)
        return broker

    def broker_answers(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def subscribe(self, *topics):
        words = [BUILD + "/bench/subscriber", str(self.port)] + [f"{BASE}/{topic}" for topic in topics]
        self.subscriber = self.start(words, WARD_CORE, "messages.txt")
        self.wait_for("the subscriber hears", lambda: "subscribed" in read(self.path("messages.txt")))

    def messages(self):
        """Ends the subscriber: (nanoseconds, bed, last word of the topic, payload) of all it heard."""
        stop(self.subscriber)
        self.processes.remove(self.subscriber)
        heard = []
        for line in read(self.path("messages.txt")).splitlines():
            words = line.split(" ", 2)
            if len(words) == 3 and words[2].startswith("{"):
                topic = words[1].split("/")
                heard.append((int(words[0]), topic[3], topic[-1], json.loads(words[2])))
        return heard

    # ---- ward ----

    def start_ward(self, description):
        self.write("ward.conf", f"control {self.path('ward.sock')}\n{description}")
        self.start([WARD, "-q", self.path("ward.conf")], WARD_CORE, "ward.log")
        self.wait_for("the ward is ready", lambda: "ward: ready" in read(self.path("ward.log")))
        self.control = socket.socket(socket.AF_UNIX)
        self.control.connect(self.path("ward.sock"))
        self.answers = self.control.makefile("r")

    def ask(self, text):
        self.control.sendall((text + "\n").encode())
        return self.answers.readline().strip()

    def do(self, text):
        answer = self.ask(text)
        if answer != "ok":
            raise Failed(f"the ward says {answer} ({text})")

    def report(self):
        return json.loads(self.ask("report"))

    def stamp(self, line):
        self.do(f"{line} stamp {self.path('stamps-' + line)}")

    def stamps(self, line):
        """Ends the stamps of a line: (nanoseconds, frame) of each answer."""
        self.do(f"{line} stamp off")
        found = []
        for text in read(self.path("stamps-" + line)).splitlines():
            at_ns, frame = text.split()
            found.append((int(at_ns), bytes.fromhex(frame)))
        return found

    # ---- gateway ----

    def write_gateway(self, buses_and_beds, interval, rules=WINDOW_RULES, publish="500ms", size="16MiB"):
        self.write("profiles/counting.yaml", profile_text(interval))
        self.write("rules/bench.yaml", rules)
        self.write(
            "wardgate.yaml",
            "gateway: {id: gw-bench, site: bench, ward: w1}\n"
            f"store: {{path: {self.path('store')}, size: {size}}}\n"
            f'uplink: {{brokers: ["mqtt://127.0.0.1:{self.port}"], publish_interval: {publish}}}\n'
            "stay_after: 1s\nmemory: 256MiB\nrules: [rules/bench.yaml]\n" + buses_and_beds,
        )

    def start_gateway(self, environment=None):
        words = [GATEWAY, "run", "-c", self.path("wardgate.yaml")]
        self.answered = {monitor["name"]: monitor["answered"] for monitor in self.report()["monitors"]}
        self.gateway = self.start(words, GATEWAY_CORE, "gateway.log", environment)
        self.gateway_pid = self.gateway.pid

    def wait_until_polled(self, monitors):
        self.wait_for(
            "every monitor has answered",
            lambda: sum(m["answered"] > self.answered[m["name"]] for m in self.report()["monitors"]) >= monitors,
        )
        time.sleep(SETTLE_S)
        if self.gateway.poll() is not None:
            raise Failed("the gateway has ended")

    def wait_until_learnt(self, monitors, interval_s):
        """What a line costs for weeks is measured, not what it costs in its first seconds: the driver sleeps through
        an answer once it has seen enough of them."""
        enough = max(LEARN_ANSWERS, LEARN_EXCHANGES // monitors)
        if enough * interval_s > 20:
            print(f"bench: about {enough * interval_s:.0f} s to learn answer times", file=sys.stderr, flush=True)
        self.wait_for(
            "the driver knows the monitors",
            lambda: monitors
            <= sum(m["answered"] >= self.answered[m["name"]] + enough for m in self.report()["monitors"]),
            2 * enough * interval_s + PATIENCE_S,
        )

    def stop_gateway(self):
        stop(self.gateway)
        self.processes.remove(self.gateway)

    def status(self, *words):
        """What `wardgate status` says."""
        command = [GATEWAY, "status", "-c", self.path("wardgate.yaml"), *words]
        done = subprocess.run(command, capture_output=True, text=True, check=True, preexec_fn=pinned(WARD_CORE))
        return done.stdout

    def usage(self):
        return Usage(self.gateway_pid)


def delays_ms(stamps, messages):
    """For each answer, from its last byte to the first message with its value; answers without one are passed over."""
    found = []
    for at_ns, frame in stamps:
        value = (frame[3] << 8 | frame[4]) / 10
        for heard_ns, bed, _, payload in messages:
            if at_ns <= heard_ns < at_ns + 1_000_000_000 and bed == f"b{frame[0]}" and payload.get("hr") == value:
                found.append((heard_ns - at_ns) / 1e6)
                break
    return found


def stop(process):
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def beds_on(bus, count, first=1):
    """Lines of the configuration: beds b1 .. on one bus, their monitors' unit ids from 1 on."""
    return "".join(
        f"  b{first + i}: {{bus: {bus}, address: {1 + i}, profile: counting, class: adult}}\n"
        for i in range(count)
    )


def monitors_on(line, count, first=1):
    """Lines of the ward's description: m1 .. on one line."""
    return "".join(f"monitor m{first + i} {line} {i + 1} counting\n" for i in range(count))


def row(figure, case, value, unit, bound=None, limit=None, reference=None, reference_value=None, reference_unit=None):
    made = {"figure": figure, "case": case, "value": value, "unit": unit}
    if bound is not None:
        made.update(bound=bound, limit=limit)
    if reference is not None:
        made.update(reference=reference, reference_value=reference_value, reference_unit=reference_unit or unit)
    return made
