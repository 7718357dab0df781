"""Bad input: a monitor or a line misbehaves; what the others keep of their rate, and whether it passes when that ends.

Counted are messages with news at the subscriber, not answers on the wire: what was answered but not believed is lost.
"""

import time

from lines import bus_text, line_text
from scene import Scene, beds_on, monitors_on, row, seconds

BAUD = 19200
OF_LINE = 6  # monitors
LINES = ("steady", "mute", "impostor", "dribbler", "talker")
FIRST = {name: 1 + OF_LINE * i for i, name in enumerate(LINES)}  # number of the first monitor, the one that misbehaves
NET = ("hanger", "resetter", "closer", "net1", "net2", "net3", "net4")  # TCP, a monitor each
FIRST_NET = 1 + OF_LINE * len(LINES)
BEFORE_S = 6
LEARN_S = 5  # time to find out who is bad
RECOVERY_S = 12  # more than the longest pause between two probes
UNASKED_EVERY_S = 1

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


def open_ward(s):
    ward, buses, beds = "", "", ""
    for name in LINES:
        ward += line_text(name, s.folder, BAUD) + monitors_on(name, OF_LINE, FIRST[name])
        buses += bus_text(name, s.folder, BAUD)
        beds += beds_on(name, OF_LINE, FIRST[name])
    for i, name in enumerate(NET):
        ward += f"tcp {name} 127.0.0.1:{s.ward_port + i} turnaround=2ms\nmonitor m{FIRST_NET + i} {name} 1 counting\n"
        buses += f"  {name}: {{kind: modbus-tcp, host: 127.0.0.1, port: {s.ward_port + i}}}\n"
        beds += f"  b{FIRST_NET + i}: {{bus: {name}, address: 1, profile: counting, class: adult}}\n"
    s.start_broker()
    s.start_ward(ward)
    s.write_gateway(f"buses:\n{buses}beds:\n{beds}", "1s")
    s.subscribe("+/vitals")
    s.start_gateway()
    s.wait_until_polled(OF_LINE * len(LINES) + len(NET))


def pass_time(s, duration_s, talks):
    """(start, end) in nanoseconds."""
    start_ns = time.monotonic_ns()
    end = time.monotonic() + duration_s
    while time.monotonic() < end:
        if talks:
            s.do("talker unasked")
        time.sleep(min(UNASKED_EVERY_S, max(0.0, end - time.monotonic())))
    return start_ns, time.monotonic_ns()


def news_rate(messages, beds, span):
    """Messages a second, within the span, that show another heart rate than the one before of that bed."""
    count, last = 0, {}
    for at_ns, bed, _, payload in messages:
        value = payload.get("hr")
        if bed in beds and span[0] <= at_ns < span[1] and value is not None and value != last.get(bed):
            count += 1
        last[bed] = value
    return count * 1e9 / (span[1] - span[0])


def measure_faults():
    with Scene() as s:
        open_ward(s)
        before = pass_time(s, BEFORE_S, False)
        for command in BEGIN:
            s.do(command)
        pass_time(s, LEARN_S, True)
        during = pass_time(s, seconds(12), True)
        for command in END:
            s.do(command)
        pass_time(s, RECOVERY_S, False)
        after = pass_time(s, BEFORE_S, False)
        messages = s.messages()
    for case, beds in OTHERS.items():
        kept = news_rate(messages, beds, during) / news_rate(messages, beds, before) * 100
        if "itself" in case:
            yield row("bad_input_rate", case, kept, "%")
        else:
            yield row("bad_input_others", case, kept, "%", "least", 95)
    yield row("bad_input_passes", f"the bad ones, {RECOVERY_S} s after", news_rate(messages, BAD, after)
              / news_rate(messages, BAD, before) * 100, "%", "least", 95)


FIGURES = {"bad_input": (measure_faults, 3)}
