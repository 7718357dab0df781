"""Never lose an alert: what comes of alerts whose broker is away, whose gateway is killed, and how fast a backlog goes.

BENCH_ALERTS is how long the backlog is (100,000), BENCH_SECONDS how long the broker is away (20 s).
"""

import atexit
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time

import scene
from lines import bus_text, line_text
from program import first_request_ms
from scene import BASE, BUILD, Failed, Scene, median, percentile, pinned, profile_text, row, seconds, stop

ALERTS = int(os.environ.get("BENCH_ALERTS") or 100000)

# ---- values set while the broker is away ----

VALUES = 40
LIMIT = 120
MORE_RETURNS = 3  # of the broker, each to a gateway that has tried for some seconds
TRIED_S = 3
OUTAGE_RULES = f'rules:\n  rate: {{when: "hr > limit", limit: {LIMIT}, priority: high, text: "Rate above {{limit}}"}}\n'
OUTAGE_PROFILE = 'profile: counting\npoll_interval: 100ms\nchannels:\n  hr: {register: 0, type: u16, unit: "/min"}\n'


def value_of(number):
    """Above the limit and below it by turns, each another one: each of them is one alert, a start or an end."""
    return (LIMIT + 20 if number % 2 == 0 else LIMIT - 60) + number


class Listener:
    """A subscriber with a session of its own, so that nothing is lost while it is away; as often as the broker is."""

    def __init__(self, s):
        self.scene = s
        self.process = None

    def listen(self):
        words = ["mosquitto_sub", "-h", "127.0.0.1", "-p", str(self.scene.port), "-i", "bench-board", "-c", "-q", "1"]
        self.process = self.scene.start(words + ["-t", f"{BASE}/b1/alert", "-F", "%U %p"], scene.WARD_CORE, "board.txt")

    def leave(self):
        stop(self.process)
        self.scene.processes.remove(self.process)

    def heard(self):
        """(seconds of the wall clock, alert) of each that arrived."""
        lines = scene.read(self.scene.path("board.txt")).splitlines()
        words = [line.split(" ", 1) for line in lines if " {" in line]
        return [(float(at), json.loads(text)) for at, text in words if text.endswith("}")]

    def alerts(self):
        return [alert for _, alert in self.heard() if alert["rule"] == "rate"]


def in_order(wanted, told):
    """How many of the wanted come in their order: the longest sequence that both have."""
    lengths = [0] * (len(told) + 1)
    for each in wanted:
        before = 0
        for i, other in enumerate(told):
            kept = lengths[i + 1]
            lengths[i + 1] = before + 1 if each == other else max(kept, lengths[i])
            before = kept
    return lengths[-1]


def once_each(alerts):
    """An alert may come again, under its name."""
    firsts = {}
    for alert in alerts:
        firsts.setdefault((alert["epoch"], alert["id"], alert["rev"]), alert)
    return list(firsts.values())


class Outage:
    def __init__(self, s):
        self.scene = s
        self.broker = None
        self.board = Listener(s)

    def begin(self):
        s = self.scene
        self.start_broker()
        s.start_ward(f"tcp net 127.0.0.1:{s.ward_port} turnaround=2ms\nmonitor m1 net 1 generated seed=1\n")
        s.write_gateway(f"buses:\n  net: {{kind: modbus-tcp, host: 127.0.0.1, port: {s.ward_port}}}\n"
                        "beds:\n  b1: {bus: net, address: 1, profile: counting, class: adult}\n", "100ms", OUTAGE_RULES)
        s.write("profiles/counting.yaml", OUTAGE_PROFILE)
        s.do(f"m1 value hr {value_of(1)}")
        self.board.listen()
        s.start_gateway()
        s.wait_until_polled(1)

    def start_broker(self):
        """One that keeps sessions over its restart."""
        self.scene.write("broker.conf", f"listener {self.scene.port} 127.0.0.1\nallow_anonymous true\n"
                         f"user root\npersistence true\npersistence_location {self.scene.folder}/\nset_tcp_nodelay true\n")
        self.broker = self.scene.start_mosquitto()

    def lose_broker(self):
        self.board.leave()
        stop(self.broker)
        self.scene.processes.remove(self.broker)

    def return_broker(self, told_before):
        """Milliseconds from the instant at which it takes connections to the first alert at the board."""
        self.start_broker()
        back_s = time.time()
        self.board.listen()
        self.scene.wait_for("an alert arrives", lambda: len(self.board.heard()) > told_before)
        return (self.board.heard()[told_before][0] - back_s) * 1000

    def kill_gateway(self):
        s = self.scene
        s.gateway.send_signal(signal.SIGKILL)
        s.gateway.wait()
        s.processes.remove(s.gateway)
        s.start_gateway()


def set_values(outage, away_s):
    for number in range(VALUES):
        outage.scene.do(f"m1 value hr {value_of(number)}")
        if number == VALUES // 2:
            outage.kill_gateway()
        time.sleep(away_s / VALUES)


def return_once_more(outage, number):
    """The gateway has found nobody since its start."""
    told = len(outage.board.heard())
    outage.lose_broker()
    outage.kill_gateway()
    time.sleep(TRIED_S)
    outage.scene.do(f"m1 value hr {value_of(number)}")
    time.sleep(0.5)
    return outage.return_broker(told)


def measure_outage():
    away_s = seconds(20)
    with Scene() as s:
        outage = Outage(s)
        outage.begin()
        told = len(outage.board.heard())
        outage.lose_broker()
        set_values(outage, away_s)
        back_ms = [outage.return_broker(told)]
        time.sleep(2)
        alerts = once_each(outage.board.alerts())
        back_ms += [return_once_more(outage, VALUES + i) for i in range(MORE_RETURNS)]
    wanted = [value_of(number) for number in range(VALUES)]
    delivered = in_order(wanted, [alert["value"] for alert in alerts])
    case = f"{VALUES} values in {away_s:.0f} s without a broker, gateway killed in the middle"
    yield row("outage_delivered", case, delivered, "alerts, in order", "least", VALUES, "values set", VALUES)
    yield row("outage_repeated", case, len(alerts) - delivered, "alerts under another id")
    yield row("outage_first", f"broker back to first alert, slowest of {len(back_ms)}", max(back_ms), "ms", "most", 1000,
              "fastest", min(back_ms))


# ---- a backlog ----

BEDS = 64
LIVE_BED = f"b{BEDS + 1}"
WINDOW = 12  # unacknowledged alerts, the gateway's and the reference's
TURNING = 12  # rules that turn with every answer
LIVE_INTERVAL_S = 0.05

# The heart rate counts up with every answer, so an alert's value tells which answer it is of. The live monitor has no
# saturation, so that it has one of these rules, which the others have too.
TURN_RULES = "".join(
    f'  turns{i}: {{when: "{vital} > 0 and perfusion > limit", limit: 5, priority: high, text: "by turns"}}\n'
    for i, vital in enumerate(["hr"] + ["spo2"] * (TURNING - 1))
)
backlog = {}  # "store": its folder


def monitors_text(s, source):
    return f"tcp net 0.0.0.0:{s.ward_port} turnaround=2ms\n" + "".join(
        f"monitor m{i} net {i} {source}\n" for i in range(1, BEDS + 1)
    )


def write_backlog_gateway(s, interval, with_live_bed):
    buses, beds = "", ""
    for i in range(1, BEDS + 1):
        buses += f"  n{i}: {{kind: modbus-tcp, host: 127.0.1.{i}, port: {s.ward_port}}}\n"
        beds += f"  b{i}: {{bus: n{i}, address: {i}, profile: counting, class: adult}}\n"
    if with_live_bed:
        buses += bus_text("line", s.folder, 115200)
        beds += f"  {LIVE_BED}: {{bus: line, address: 1, profile: live, class: adult}}\n"
        lines = profile_text(f"{LIVE_INTERVAL_S * 1000:.0f}ms").splitlines()
        lines = ["profile: live"] + [line for line in lines[1:] if not line.startswith("  spo2:")]
        s.write("profiles/live.yaml", "\n".join(lines) + "\n")
    s.write_gateway(f"buses:\n{buses}beds:\n{beds}", interval, scene.WINDOW_RULES + TURN_RULES, size="512MiB")


def queue(s):
    """(alerts that wait, alerts delivered) in the store; none of both before the gateway can say."""
    time.sleep(0.7)  # the gateway's own time goes into the answer
    try:
        said = json.loads(s.status("--json"))["queue"]
    except subprocess.CalledProcessError:
        return 0, 0
    return said["waiting"], said["history"]


def is_made(s):
    return queue(s)[0] >= ALERTS


def is_drained(s):
    waiting, delivered = queue(s)
    return delivered >= ALERTS and waiting < 100  # live ones come and go


def make_backlog():
    """Once: a gateway without a broker, whose beds raise and end alarms with every answer."""
    if "store" in backlog:
        return
    folder = tempfile.mkdtemp(prefix="wardgate-bench-backlog.")
    atexit.register(shutil.rmtree, folder, True)
    with Scene() as s:
        s.start_ward(monitors_text(s, "counting"))
        write_backlog_gateway(s, "100ms", False)
        s.start_gateway()
        s.wait_until_polled(BEDS)
        s.wait_for("the backlog is there", lambda: is_made(s), 240)
        s.stop_gateway()
        copy_store(s.path("store"), folder)
    backlog["store"] = os.path.join(folder, "store")


def copy_store(store, folder):
    """Holes stay holes; and what is written is on the disk before anything is measured."""
    subprocess.run(["cp", "-r", "--sparse=always", store, folder], check=True)
    os.sync()


def bare_drain(s, count, size):
    """Alerts a second, and µs of CPU time an alert, of the bare loop."""
    words = [BUILD + "/bench/reference_drain", str(s.port), str(count), str(size), str(WINDOW), str(BEDS)]
    done = subprocess.run(words, capture_output=True, text=True, check=True, preexec_fn=pinned(scene.GATEWAY_CORE))
    said = json.loads(done.stdout)
    return said["rate"], said["cpu_us"]


def live_delays_ms(stamps, alerts, from_ns, until_ns):
    """From each answer that turned the rules to the first alert that tells of it."""
    found, last = [], None
    for at_ns, frame in stamps:
        if not from_ns <= at_ns <= until_ns or len(frame) < 3 + 2 * len(scene.VITALS):
            continue
        turned, last = last != frame[25:27], frame[25:27]
        value = (frame[3] << 8 | frame[4]) / 10
        heard = [when for when, alert in alerts if when >= at_ns and alert["value"] == value]
        if turned and heard:
            found.append((min(heard) - at_ns) / 1e6)
    return found


def drain(s):
    """(alerts of the backlog, with the instants at which they came; live ones; answers of the live monitor; what the
    gateway has used since its start)."""
    s.start_broker()
    s.write("still.txt", "holding 0 " + " ".join(["300"] * len(scene.VITALS)) + "\n")
    s.start_ward(monitors_text(s, f"registers {s.path('still.txt')}") + line_text("line", s.folder, 115200)
                 + f"monitor m{BEDS + 1} line 1 counting\n")
    write_backlog_gateway(s, "1s", True)
    copy_store(backlog["store"], s.folder)
    s.subscribe("+/alert", "gateway/+/status")
    s.start_gateway()
    s.stamp("line")
    s.wait_for("the backlog is gone", lambda: is_drained(s), 600)
    used = s.usage()
    stamps = s.stamps("line")
    s.stop_gateway()
    messages = s.messages()
    boot = [payload["boot"] for _, _, topic, payload in messages if topic == "status"][0]
    alerts = [(at_ns, payload) for at_ns, _, topic, payload in messages if topic == "alert"]
    old = [(at_ns, alert) for at_ns, alert in alerts if alert["boot"] != boot]
    live = [(at_ns, alert) for at_ns, alert in alerts if alert["boot"] == boot and alert["bed"] == LIVE_BED]
    return old, live, stamps, used


def measure_backlog():
    make_backlog()
    with Scene() as s:
        old, live, stamps, used = drain(s)
        size = round(sum(len(json.dumps(alert, separators=(",", ":"))) for _, alert in old[:1000]) / len(old[:1000]))
        s.subscribe("+/alert")
        bare, bare_cpu_us = bare_drain(s, len(old), size)
    names = {(alert["epoch"], alert["id"], alert["rev"]) for _, alert in old}
    if len(names) < ALERTS:
        raise Failed(f"of {ALERTS} alerts only {len(names)} came")
    delays = live_delays_ms(stamps, live, old[0][0], old[-1][0])
    if not delays:
        raise Failed("no live alert came while the backlog was drained")
    rate = (len(old) - 1) * 1e9 / (old[-1][0] - old[0][0])
    case = f"{ALERTS} alerts of {BEDS} beds, {WINDOW} in flight"
    yield row("backlog_rate", case, rate / bare, "of the bare loop", "least", 0.8, "bare Paho loop", bare, "alerts/s")
    yield row("backlog_time", case, ALERTS / rate, "s")
    yield row("backlog_cpu", "the gateway's whole CPU time, with its start", used.cpu_ns / 1e3 / len(old), "us an alert",
              None, None, "bare Paho loop", bare_cpu_us, "us an alert")
    yield row("backlog_live_p50", "a bed without backlog, meanwhile", median(delays), "ms")
    yield row("backlog_live_p99", "a bed without backlog, meanwhile", percentile(delays, 99), "ms", "most", 50)


# ---- a restart ----

STARTS = 5


def measure_restart():
    make_backlog()
    with Scene() as s:
        write_backlog_gateway(s, "1s", True)
        copy_store(backlog["store"], s.folder)
        took = [first_request_ms(s, scene.GATEWAY, "run", "-c", s.path("wardgate.yaml")) for _ in range(STARTS)]
    yield row("restart_to_first_request", f"{ALERTS} alerts queued, {BEDS} beds of windows", median(took), "ms", "most",
              100)


FIGURES = {"outage": (measure_outage, 2), "backlog": (measure_backlog, 3), "restart": (measure_restart, 3)}
