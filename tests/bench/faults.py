"""Bad input: a monitor or a line misbehaves; what the others keep of their rate, whether the fault is named and passes.

Counted are messages with news at the subscriber, not answers on the wire: what was answered but not believed is lost.
On fast lines, whose every answer is not published, counted is what health says was believed. A fault is named when
health has its word and `wardgate status` its text, cleared when neither has.
"""

import json
import sys
import time

from lines import bus_text, fastest_ms, line_text
from scene import Scene, beds_on, monitors_on, row, seconds

BAUD, FAST_BAUD = 19200, 115200
OF_LINE = 6  # monitors
LINES = ("steady", "mute", "impostor", "dribbler", "talker")
FIRST = {name: 1 + OF_LINE * i for i, name in enumerate(LINES)}  # number of the first monitor, the one that misbehaves
NET = ("hanger", "resetter", "closer", "net1", "net2", "net3", "net4")  # TCP, a monitor each
FIRST_NET = 1 + OF_LINE * len(LINES)
FAST = ("steady", "impostor", "hummer")
FIRST_FAST = {name: 1 + OF_LINE * i for i, name in enumerate(FAST)}
BEFORE_S = 6
LEARN_S = 5  # time to find out who is bad
RECOVERY_S = 12  # more than the longest pause between two probes
# A connection that was ended after each answer is kept again after 30 s, a fault shown for 11 s; health comes every 10.
CLEAR_S = 52
UNASKED_EVERY_S, HUM_EVERY_S = 1, 0.2

BEGIN = (
    [f"m{FIRST['mute'] + i} silence" for i in range(OF_LINE)]
    + [f"m{FIRST['impostor']} wrong_unit", f"m{FIRST['dribbler']} dribble 20ms"]
    + [f"m{FIRST_NET} silence", "resetter after reset", "closer after close"]
)
END = (
    [f"m{FIRST['mute'] + i} answer" for i in range(OF_LINE)]
    + [f"m{FIRST['impostor']} answer", f"m{FIRST['dribbler']} answer"]
    + [f"m{FIRST_NET} answer", "resetter after keep", "closer after keep"]
)
# Bus, its monitor or None for the bus itself, word in health, text in status.
FAULTS = [("mute", i, "timeout", "no answer in time") for i in range(OF_LINE)] + [
    ("impostor", 0, "wrong_address", "answer from another address"),
    ("dribbler", 0, "too_slow", "pauses inside an answer"),
    ("talker", None, "unasked", "bytes on the line that nobody asked for"),
    ("hanger", 0, "timeout", "no answer in time"),
    ("resetter", None, "reset", "connection reset by the other side"),
    ("closer", None, "hung_up", "hung up by the other side"),
]
FAST_FAULTS = [
    ("impostor", 0, "wrong_address", "answer from another address"),
    ("hummer", None, "unasked", "bytes on the line that nobody asked for"),
]


def beds_of_line(name, but_first):
    return [f"b{FIRST[name] + i}" for i in range(1 if but_first else 0, OF_LINE)]


OTHERS = {
    "line with every monitor silent: other lines": beds_of_line("steady", False),
    "one of 6 answers for another": beds_of_line("impostor", True),
    "one of 6 dribbles bytes, 20 ms each": beds_of_line("dribbler", True),
    "one line talks unasked every second": beds_of_line("talker", False),
    "TCP: one never answers, one resets, one closes": [f"b{FIRST_NET + i}" for i in range(3, len(NET))],
    "TCP: closes after each answer, itself": [f"b{FIRST_NET + 2}"],
}
BAD = beds_of_line("mute", False) + [f"b{n}" for n in (FIRST["impostor"], FIRST["dribbler"], FIRST_NET, FIRST_NET + 1)]


def open_lines(s, names, firsts, baud):
    """Ward, buses and beds."""
    ward, buses, beds = "", "", ""
    for name in names:
        ward += line_text(name, s.folder, baud) + monitors_on(name, OF_LINE, firsts[name])
        buses += bus_text(name, s.folder, baud)
        beds += beds_on(name, OF_LINE, firsts[name])
    return ward, buses, beds


def run(s, ward, buses, beds, interval, monitors):
    s.start_broker()
    s.start_ward(ward)
    s.write_gateway(f"buses:\n{buses}beds:\n{beds}", interval)
    s.subscribe("+/vitals", "gateway/+/health")
    s.start_gateway()
    s.wait_until_polled(monitors)


def open_ward(s):
    ward, buses, beds = open_lines(s, LINES, FIRST, BAUD)
    for i, name in enumerate(NET):
        ward += f"tcp {name} 127.0.0.1:{s.ward_port + i} turnaround=2ms\nmonitor m{FIRST_NET + i} {name} 1 counting\n"
        buses += f"  {name}: {{kind: modbus-tcp, host: 127.0.0.1, port: {s.ward_port + i}}}\n"
        beds += f"  b{FIRST_NET + i}: {{bus: {name}, address: 1, profile: counting, class: adult}}\n"
    run(s, ward, buses, beds, "1s", OF_LINE * len(LINES) + len(NET))


def pass_time(s, duration_s, command=None, every_s=1.0):
    """(start, end) in nanoseconds."""
    start_ns = time.monotonic_ns()
    end = time.monotonic() + duration_s
    while time.monotonic() < end:
        if command is not None:
            s.ask(command)
        time.sleep(min(every_s, max(0.0, end - time.monotonic())))
    return start_ns, time.monotonic_ns()


def news_rate(messages, beds, span):
    """Messages a second, within the span, that show another heart rate than the one before of that bed."""
    count, last = 0, {}
    for at_ns, bed, topic, payload in messages:
        value = payload.get("hr")
        if topic == "vitals" and bed in beds and span[0] <= at_ns < span[1] and value not in (None, last.get(bed)):
            count += 1
        last[bed] = value
    return count * 1e9 / (span[1] - span[0])


def health_by(messages, at_ns):
    """{bus: what the newest health of before that instant says of it}"""
    newest = [payload for heard_ns, _, topic, payload in messages if topic == "health" and heard_ns < at_ns][-1]
    return {bus["bus"]: bus for bus in newest["buses"]}


def said_of(screen, bus):
    return "".join(line for line in screen.splitlines() if line.startswith(f"{bus} "))


def is_named(health, screen, fault):
    bus, monitor, word, text = fault
    place = health[bus] if monitor is None else health[bus]["monitors"][monitor]
    return place.get("fault") == word and text in said_of(screen, bus)


def is_cleared(health, screen, fault):
    bus, _, _, text = fault
    places = [health[bus]] + health[bus]["monitors"]
    return not any(place.get("fault") or place.get("error") for place in places) and text not in said_of(screen, bus)


def naming_rows(case, faults, messages, spans, screens):
    """spans: while it lasts, and after; screens: what `wardgate status` said at the end of each."""
    for figure, check, span, screen in (
        ("bad_input_named", is_named, spans[0], screens[0]),
        ("bad_input_cleared", is_cleared, spans[1], screens[1]),
    ):
        health = health_by(messages, span[1])
        done = [fault for fault in faults if check(health, screen, fault)]
        for fault in faults:
            if fault not in done:
                print(f"bench: {figure}: not so: {fault}", file=sys.stderr, flush=True)
        yield row(figure, case, len(done), "faults", "least", len(faults), "faults made", len(faults))


def measure_faults():
    unasked = ("talker unasked", UNASKED_EVERY_S)
    with Scene() as s:
        open_ward(s)
        before = pass_time(s, BEFORE_S)
        for command in BEGIN:
            s.do(command)
        pass_time(s, LEARN_S, *unasked)
        during = pass_time(s, seconds(12), *unasked)
        screens = [s.status()]
        for command in END:
            s.do(command)
        pass_time(s, RECOVERY_S)
        after = pass_time(s, BEFORE_S)
        cleared = pass_time(s, CLEAR_S - RECOVERY_S - BEFORE_S)
        screens.append(s.status())
        messages = s.messages()
    for case, beds in OTHERS.items():
        kept = news_rate(messages, beds, during) / news_rate(messages, beds, before) * 100
        if "itself" in case:
            yield row("bad_input_rate", case, kept, "%")
        else:
            yield row("bad_input_others", case, kept, "%", "least", 95)
    yield row("bad_input_passes", f"the bad ones, {RECOVERY_S} s after", news_rate(messages, BAD, after)
              / news_rate(messages, BAD, before) * 100, "%", "least", 95)
    yield from naming_rows("in health and status", FAULTS, messages, (during, cleared), screens)


def believed(s, bus, but_first):
    """Answers of its monitors so far."""
    buses = json.loads(s.status("--json"))["buses"]
    monitors = next(each["monitors"] for each in buses if each["bus"] == bus)
    return sum(monitor["answers"] for monitor in monitors[1 if but_first else 0 :])


def measure_span(s, *talk):
    """(span, answers a second of the steady line, and of the others on the impostor's, CPU in % of a core)."""
    counted = [believed(s, "steady", False), believed(s, "impostor", True)]
    cpu_ns = s.usage().cpu_ns
    span = pass_time(s, seconds(6), *talk)
    took_s = (span[1] - span[0]) / 1e9
    cpu = (s.usage().cpu_ns - cpu_ns) / 1e7 / took_s
    return (span, (believed(s, "steady", False) - counted[0]) / took_s,
            (believed(s, "impostor", True) - counted[1]) / took_s, cpu)


def measure_fast():
    """As fast as lines allow: one monitor answers for another, one line hums without a pause."""
    hum = ("hummer flood 100", HUM_EVERY_S)
    with Scene() as s:
        ward, buses, beds = open_lines(s, FAST, FIRST_FAST, FAST_BAUD)
        run(s, ward, buses, beds, f"{fastest_ms(FAST_BAUD, OF_LINE)}ms", OF_LINE * len(FAST))
        _, steady, others, cpu = measure_span(s)
        s.do(f"m{FIRST_FAST['impostor']} wrong_unit")
        pass_time(s, LEARN_S, *hum)
        during, steady_kept, others_kept, cpu_kept = measure_span(s, *hum)
        screens = [s.status()]
        s.do(f"m{FIRST_FAST['impostor']} answer")
        cleared = pass_time(s, 22)
        screens.append(s.status())
        messages = s.messages()
    yield row("bad_input_others", "fast line, one of 6 answers for another", others_kept / others * 100, "%", "least",
              95)
    yield row("bad_input_others", "fast line hums all the time: other lines", steady_kept / steady * 100, "%", "least",
              95)
    yield row("bad_input_cpu", "fast line hums all the time", cpu_kept, "% of a core", reference="before",
              reference_value=cpu)
    yield from naming_rows("fast lines", FAST_FAULTS, messages, (during, cleared), screens)


FIGURES = {"bad_input": (measure_faults, 2), "bad_input_fast": (measure_fast, 2)}
