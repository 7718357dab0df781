"""Serial lines: how close to the legal rate, at what cost, and who suffers from a bad monitor.

Rate and cost are measured once the driver knows the monitors (Scene.wait_until_learnt): after half a minute at 1 Hz.
Beside them stand two references on the same line: the bare loop of libmodbus (reference_loop), and the least that a
poll can cost a program on this machine, two wake-ups with next to nothing in them (reference_least).
"""

import json
import socket
import subprocess
import threading
import time

import scene
from scene import BUILD, Scene, beds_on, legal_rate, monitors_on, pinned, row, seconds, silence_s

TURNAROUND_S = 0.002
OVERBOOKED = 0.97  # of the legal cycle of all monitors: more than the line carries, and hardly more
SPANS_1HZ = 3  # measured one after the other, of each gateway that has learnt


def line_text(name, folder, baud, options="strict"):
    return f"line {name} {folder}/{name} baud={baud} parity=even turnaround=2ms {options}\n"


def bus_text(name, folder, baud):
    return f"  {name}: {{kind: modbus-rtu, device: {folder}/{name}, baud: {baud}, parity: even}}\n"


def open_line(s, baud, monitors, interval, publish="500ms"):
    """One line, its monitors, and a gateway that polls them."""
    s.start_broker()
    s.start_ward(line_text("line", s.folder, baud) + monitors_on("line", monitors))
    s.write_gateway("buses:\n" + bus_text("line", s.folder, baud) + "beds:\n" + beds_on("line", monitors), interval,
                    publish=publish)


def fastest_ms(baud, monitors):
    """The poll interval that asks of a line as much as it carries, and a little more."""
    return int(OVERBOOKED * 1000 * monitors / legal_rate(baud, TURNAROUND_S))


def rate_of(stamps):
    """Answers a second, from the first to the last."""
    return (len(stamps) - 1) * 1e9 / (stamps[-1][0] - stamps[0][0])


def line_report(s, name="line"):
    return next(line for line in s.report()["lines"] if line["name"] == name)


def run_reference(name, s, *words):
    """(CPU ms per 1,000 polls, context switches a poll) of a program that polls the line instead of the gateway."""
    words = [f"{BUILD}/bench/{name}", s.path("line"), *map(str, words)]
    done = subprocess.run(words, capture_output=True, text=True, check=True, preexec_fn=pinned(scene.GATEWAY_CORE))
    tally = json.loads(done.stdout)
    if tally["failed"] > tally["answered"] / 10:
        raise scene.Failed(f"{name} failed {tally['failed']} times")
    return tally["cpu_ms"] * 1000 / tally["answered"], tally["switches"] / tally["answered"]


def run_bare_loop(s, baud, monitors, duration_s):
    """(answers a second, CPU ms per 1,000 polls) of the bare loop on the same line."""
    s.stamp("line")
    cpu, _ = run_reference("reference_loop", s, baud, monitors, max(1, round(duration_s)))
    return rate_of(s.stamps("line")), cpu


def run_least(s, baud, monitors, duration_s, period_us=0, port=None):
    """(CPU ms per 1,000 polls, context switches a poll) that are not to be had for less."""
    told = [baud, monitors, max(1, round(duration_s)), period_us] + ([port] if port else [])
    return run_reference("reference_least", s, *told)


class Sink:
    """Takes what is sent to its port, on the core of the ward."""

    def __init__(self):
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        threading.Thread(target=self.take, daemon=True).start()

    def take(self):
        connection, _ = self.listening.accept()
        while connection.recv(65536):
            pass
        connection.close()
        self.listening.close()


def run_gateway(s, duration_s):
    """(stamps of the answers, CPU ms per 1,000 polls, context switches a poll) of the gateway, which is running."""
    s.stamp("line")
    before = s.usage()
    time.sleep(duration_s)
    after = s.usage()
    stamps = s.stamps("line")
    polls = len(stamps)
    if polls < 2:
        raise scene.Failed("the gateway polls nothing")
    return (stamps, (after.cpu_ns - before.cpu_ns) / 1e6 * 1000 / polls,
            (after.switches - before.switches) / polls)


def measure_rate_case(baud, monitors):
    case = f"{baud} baud, {monitors} monitor{'s' if monitors > 1 else ''}"
    duration_s = seconds(4)
    interval_ms = fastest_ms(baud, monitors)
    legal = legal_rate(baud, TURNAROUND_S)
    with Scene() as s:
        open_line(s, baud, monitors, f"{interval_ms}ms")
        s.subscribe("+/vitals")
        s.start_gateway()
        s.wait_until_polled(monitors)
        s.wait_until_learnt(monitors, interval_ms / 1000)
        stamps, cpu, switches = run_gateway(s, duration_s)
        line = line_report(s)
        s.stop_gateway()
        s.do("line replug")  # a pty keeps no parity; asked for nothing else, glibc calls that a fault
        bare, bare_cpu = run_bare_loop(s, baud, monitors, seconds(3))
        s.do("line replug")
        least_cpu, least_switches = run_least(s, baud, monitors, seconds(3))
    rate = rate_of(stamps)
    yield row("rtu_rate_of_legal", case, rate / legal * 100, "%", "least", 96 if baud > 19200 else 98, "legal limit",
              legal, "polls/s")
    yield row("rtu_rate_of_bare_loop", case, rate / bare * 100, "%", "least", 99.5, "bare loop", bare, "polls/s")
    yield row("rtu_gap_violations", case, line["gap_violations"] + line["collisions"], "requests", "most", 0,
              "smallest gap", line["smallest_gap_us"], f"us of {silence_s(baud) * 1e6:.0f}")
    yield row("rtu_cpu_fast", case, cpu, "ms/1000 polls", "most", 60, "two wake-ups a poll", least_cpu)
    yield row("rtu_cpu_over_least", case, cpu / least_cpu, "times two wake-ups")
    yield row("rtu_cpu_of_bare_loop", case, cpu / bare_cpu * 100, "%", reference="bare loop",
              reference_value=bare_cpu, reference_unit="ms/1000 polls")
    yield row("rtu_switches_fast", case, switches, "a poll", "most", 4, "two wake-ups a poll", least_switches)


def measure_rate():
    for baud in (19200, 115200):
        for monitors in (1, 8):
            yield from measure_rate_case(baud, monitors)


def measure_1hz():
    """Eight monitors that keep to the rules, once a second, every change published."""
    monitors = 8
    duration_s = round(seconds(8))
    case = "8 monitors, 19200 baud, 1 Hz"
    spans = []
    with Scene() as s:
        open_line(s, 19200, monitors, "1s")
        s.subscribe("+/vitals")
        s.start_gateway()
        s.wait_until_polled(monitors)
        s.wait_until_learnt(monitors, 1)
        for _ in range(SPANS_1HZ):
            start_ns = time.monotonic_ns()
            spans.append((start_ns, *run_gateway(s, duration_s)))
        line = line_report(s)
        time.sleep(0.2)  # for the message of the last
        messages = s.messages()
        s.stop_gateway()
        s.do("line replug")
        least_cpu, least_switches = run_least(s, 19200, monitors, duration_s, 1000000 // monitors, Sink().port)
    for start_ns, stamps, cpu, switches in spans:
        polls = sum(1 for at_ns, _ in stamps if at_ns < start_ns + duration_s * 1e9)
        published = len(scene.delays_ms(stamps, messages)) / len(stamps)
        yield row("rtu_1hz_strict", case, polls / duration_s, "answers/s", "least", 8.0, "asked for", 8.0)
        yield row("rtu_1hz_published", case, published * 100, "% of answers", "least", 98)
        yield row("rtu_cpu_1hz", case, cpu, "ms/1000 polls", "most", 150, "two wake-ups, a send", least_cpu)
        yield row("rtu_cpu_over_least", case, cpu / least_cpu, "times two wake-ups, a send")
        yield row("rtu_switches_1hz", case, switches, "a poll", "most", 6, "two wake-ups, a send", least_switches)
    yield row("rtu_1hz_gap_violations", case, line["gap_violations"] + line["collisions"], "requests", "most", 0)


def answers_of(stamps, unit):
    return [at_ns for at_ns, frame in stamps if frame[0] == unit]


def measure_silent_case(interval, name):
    """One of eight falls silent: from that moment on, against the time before; then it answers again."""
    with Scene() as s:
        open_line(s, 19200, 8, interval)
        s.subscribe("+/vitals")
        s.start_gateway()
        s.wait_until_polled(8)
        s.stamp("line")
        time.sleep(seconds(4))
        before = s.stamps("line")
        s.stamp("line")
        s.do("m3 silence")
        time.sleep(seconds(10))
        during = s.stamps("line")
        s.stamp("line")
        answered = s.report()["monitors"][2]["answered"]
        s.do("m3 answer")
        awake_ns = time.monotonic_ns()
        s.wait_for("the silent one answers twice", lambda: s.report()["monitors"][2]["answered"] >= answered + 2, 60)
        time.sleep(0.1)  # counted before its last byte is through
        back = answers_of(s.stamps("line"), 3)
    kept = others_rate(during, seconds(10)) / others_rate(before, seconds(4)) * 100
    yield row("rtu_silent_others", name, kept, "%", "least", 95)
    yield row("rtu_silent_asked_again", name, (back[0] - awake_ns) / 1e6, "ms after it could answer")
    yield row("rtu_silent_full_rate", name, (back[1] - back[0]) / 1e6, "ms", "most", 1050, "its period",
              1000 if interval == "1s" else 8e3 / legal_rate(19200, TURNAROUND_S))


def others_rate(stamps, duration_s):
    return sum(1 for _, frame in stamps if frame[0] != 3) / duration_s


def measure_silent():
    yield from measure_silent_case(f"{fastest_ms(19200, 8)}ms", "as fast as possible")
    yield from measure_silent_case("1s", "1 Hz")


FIGURES = {"rtu_rate": (measure_rate, 5), "rtu_1hz": (measure_1hz, 2), "rtu_silent": (measure_silent, 2)}
