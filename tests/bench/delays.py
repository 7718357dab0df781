"""From the last byte of an answer on the wire to the message at a subscriber, once the driver knows the monitors."""

import subprocess
import time

import scene
from lines import bus_text, line_text, open_line
from scene import ALARM_RULES, BUILD, Scene, beds_on, median, monitors_on, percentile, pinned, row, seconds

def measure_vitals():
    monitors = 4
    with Scene() as s:
        open_line(s, 115200, monitors, "150ms", publish="100ms")
        s.subscribe("+/vitals")
        s.start_gateway()
        s.wait_until_polled(monitors)
        s.wait_until_learnt(monitors, 0.15)
        s.stamp("line")
        time.sleep(seconds(8))
        stamps = s.stamps("line")
        time.sleep(0.2)
        messages = s.messages()
    delays = scene.delays_ms(stamps, messages)
    if len(delays) < 0.9 * len(stamps):
        raise scene.Failed(f"of {len(stamps)} answers only {len(delays)} were published")
    case = "4 monitors, 115200 baud, each answer published"
    yield row("wire_to_vitals_p50", case, median(delays), "ms", "most", 0.35)
    yield row("wire_to_vitals_p99", case, percentile(delays, 99), "ms", "most", 1.5)


def commit_ms(s, count):
    """p50 of a durable commit onto the disk of the gateway's store."""
    folder = s.path("reference")
    subprocess.run(["mkdir", "-p", folder], check=True)
    words = [BUILD + "/bench/reference_commit", folder, str(count), "20"]
    done = subprocess.run(words, capture_output=True, text=True, check=True, preexec_fn=pinned(scene.GATEWAY_CORE))
    return [float(line) / 1000 for line in done.stdout.split()]


ANSWER_BYTES = 27  # up to the register that turns; what a probe is answered is shorter


def alert_delays_ms(stamps, messages):
    """The alarm turns with every answer: alert k tells of answer k. The first alert says which turn that is."""
    found = []
    for heard_ns, _, _, payload in messages:
        high = payload["phase"] == "start"
        before = [at_ns for at_ns, frame in stamps if at_ns < heard_ns and (frame[25] << 8 | frame[26] == 800) == high]
        if before:
            found.append((heard_ns - before[-1]) / 1e6)
    return found


def measure_alert():
    with Scene() as s:
        s.start_broker()
        s.start_ward(line_text("line", s.folder, 115200) + monitors_on("line", 1))
        s.write_gateway("buses:\n" + bus_text("line", s.folder, 115200) + "beds:\n" + beds_on("line", 1), "200ms",
                        ALARM_RULES)
        s.subscribe("b1/alert")
        commits = commit_ms(s, 40)
        s.start_gateway()
        s.wait_until_polled(1)
        s.wait_until_learnt(1, 0.2)
        s.stamp("line")
        time.sleep(seconds(10))
        stamps = [stamp for stamp in s.stamps("line") if len(stamp[1]) >= ANSWER_BYTES]
        s.stop_gateway()
        commits += commit_ms(s, 40)
        first_ns = stamps[0][0]
        messages = [m for m in s.messages() if m[0] > first_ns and m[3]["rule"] == "turns"]
    delays = alert_delays_ms(stamps, messages)
    if len(delays) < 0.8 * len(stamps):
        raise scene.Failed(f"of {len(stamps)} turns only {len(delays)} became alerts")
    commit = median(commits)
    case = "one alert at a time"
    yield row("wire_to_alert_p50", case, median(delays), "ms", "most", commit + 0.5, "durable commit p50", commit)
    yield row("wire_to_alert_p99", case, percentile(delays, 99), "ms", reference="durable commit p99",
              reference_value=percentile(commits, 99))


FIGURES = {"delay_vitals": (measure_vitals, 5), "delay_alert": (measure_alert, 5)}
