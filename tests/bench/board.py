"""The ward board in a browser: from the last byte of an answer on the wire to the frame that shows it, and its cost.

The page is that of `make board`, served by the broker; tests/browser/watch_page.js tells what each frame shows. Where the
machine has a third core, that is the browser's, else it shares the ward's.
"""

import json
import os
import shutil
import time

import scene
from lines import bus_text, line_text
from network import UNITS
from scene import ALARM_RULES, BASE, BUILD, Scene, beds_on, median, monitors_on, percentile, row, seconds

BOARD = "build/board"
BROWSER_CORE = 2 if os.cpu_count() > 2 else scene.WARD_CORE
OPEN_S = 40
SHOWN_S = 2  # what is not shown by then is not, and is counted
LEAST_SAMPLES = 30


def serve_board(s):
    """A broker that serves the page; its address."""
    if not os.path.exists(BOARD + "/index.html"):
        raise scene.Failed("no board, run make board")
    shutil.copytree(BOARD, s.path("board"))
    s.write("board/board.json", json.dumps({"base": BASE, "board": "bench"}))
    port = s.port + 2
    user = "user root\n" if os.getuid() == 0 else ""  # else it could not read the page
    s.start_broker(f"listener {port} 127.0.0.1\nsocket_domain ipv4\nprotocol websockets\nhttp_dir {s.path('board')}\n{user}")
    return f"http://127.0.0.1:{port}/"


def open_page(s, address):
    words = ["node", "tests/browser/watch_page.js", address]
    page = s.start(words, BROWSER_CORE, "page.txt")
    s.wait_for("the board shows the ward", lambda: "ready\n" in scene.read(s.path("page.txt")), OPEN_S)
    return page


def shown(s):
    """[(nanoseconds, bed, what, text)] of all frames, and the cores used at the end: (the page's process, all of the browser)."""
    frames, used = [], None
    for line in scene.read(s.path("page.txt")).splitlines():
        words = line.split(" ")
        if words[0] == "used":
            used = float(words[1]), float(words[2])
        elif words[0].isdigit() and len(words) >= 4:
            frames.append((int(words[0]), words[1], words[2], words[3]))
    return frames, used


def rounded(frame):
    """The heart rate in an answer, as a board shows it."""
    return str(int((frame[3] << 8 | frame[4]) / 10 + 0.5))


def delays_ms(events, frames):
    """For each (nanoseconds, bed, what, text) on the wire, until the first frame that shows it; and how many none did."""
    found, missed = [], 0
    for at_ns, bed, what, text in events:
        after = [f for f in frames if f[1:3] == (bed, what) and at_ns <= f[0] < at_ns + SHOWN_S * 1_000_000_000]
        hits = [f[0] for f in after if text in f[3].split(",")]
        if hits:
            found.append((hits[0] - at_ns) / 1e6)
        else:
            missed += 1
    return found, missed


def new_numbers(stamps):
    """Of each bed, the answers whose heart rate reads otherwise than the one before."""
    before, events = {}, []
    for at_ns, frame in stamps:
        bed, text = f"b{frame[0]}", rounded(frame)
        if before.get(bed, text) != text:
            events.append((at_ns, bed, "hr", text))
        before[bed] = text
    return events


def new_alarms(stamps):
    """Answers with which the alarm `turns` begins: its value reads high after it read low."""
    before, events = {}, []
    for at_ns, frame in stamps:
        if len(frame) < 27:
            continue  # what a probe is answered
        bed, high = f"b{frame[0]}", (frame[25] << 8 | frame[26]) == 800
        if high and before.get(bed) is False:
            events.append((at_ns, bed, "alarm", "turns"))
        before[bed] = high
    return events


def checked(delays, missed):
    if len(delays) < LEAST_SAMPLES or missed > 0.02 * len(delays):
        raise scene.Failed(f"{len(delays)} changes were shown, {missed} were not")
    return delays


def watch_line(monitors, interval, interval_s, rules, usual_s):
    """(answers, frames) of some monitors on one line, with the board open."""
    with Scene() as s:
        address = serve_board(s)
        s.start_ward(line_text("line", s.folder, 115200) + monitors_on("line", monitors))
        s.write_gateway("buses:\n" + bus_text("line", s.folder, 115200) + "beds:\n" + beds_on("line", monitors), interval,
                        rules, publish="100ms")
        s.start_gateway()
        s.wait_until_polled(monitors)
        open_page(s, address)
        s.wait_until_learnt(monitors, interval_s)
        s.stamp("line")
        time.sleep(seconds(usual_s))
        stamps = s.stamps("line")
        time.sleep(1)
        return stamps, shown(s)[0]


def measure_values():
    monitors = 8
    stamps, frames = watch_line(monitors, "100ms", 0.1, scene.WINDOW_RULES, 15)
    last_ns = stamps[-1][0]
    delays = checked(*delays_ms([e for e in new_numbers(stamps) if e[0] < last_ns - 1_000_000_000], frames))
    case = f"{monitors} monitors at 10 Hz, each answer published"
    yield row("wire_to_pixel_p50", case, median(delays), "ms", "most", 500)
    yield row("wire_to_pixel_p99", case, percentile(delays, 99), "ms", "most", 1000)


def measure_alarms():
    monitors = 4
    stamps, frames = watch_line(monitors, "500ms", 0.5, ALARM_RULES, 20)
    last_ns = stamps[-1][0]
    delays = checked(*delays_ms([e for e in new_alarms(stamps) if e[0] < last_ns - 1_000_000_000], frames))
    case = f"{monitors} monitors, alarms that come and go"
    yield row("alarm_to_pixel_p50", case, median(delays), "ms", "most", 100)
    yield row("alarm_to_pixel_p99", case, percentile(delays, 99), "ms", "most", 1000)


def measure_cost():
    with Scene() as s:
        address = serve_board(s)
        s.start_ward(f"tcp net 127.0.0.1:{s.ward_port + 3} turnaround=2ms\n" + monitors_on("net", UNITS))
        s.write_gateway(f"buses:\n  net: {{kind: modbus-tcp, host: 127.0.0.1, port: {s.ward_port + 3}}}\nbeds:\n"
                        + beds_on("net", UNITS), "1s")
        s.start_gateway()
        s.wait_until_polled(UNITS)
        open_page(s, address)
        time.sleep(seconds(30))
        _, used = shown(s)
    case = f"{UNITS} beds, {len(scene.VITALS)} vitals, 1 Hz"
    yield row("board_cpu", case, used[0] * 100, "% of a core", "most", 10)
    yield row("board_browser_cpu", case, used[1] * 100, "% of a core")


FIGURES = {"board_values": (measure_values, 3), "board_alarms": (measure_alarms, 3), "board_cpu": (measure_cost, 3)}
