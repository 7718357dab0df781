"""The program itself: its start, its allocations, its size."""

import os
import subprocess
import time

import scene
from lines import bus_text, line_text
from scene import BUILD, GATEWAY, Scene, beds_on, median, monitors_on, read, row, seconds

STARTS = 15


def first_request_ms(s, program, *words):
    told = [BUILD + "/tests/first_request", s.path("line"), program, *words]
    done = subprocess.run(told, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise scene.Failed(f"no first request: {done.stderr[-500:]}")
    time.sleep(0.05)
    return float(done.stdout)


def measure_start():
    """The first start makes the store, the others find it; a pause between, so that each finds the machine at rest."""
    took, bare = [], []
    with Scene() as s:
        s.write_gateway("buses:\n" + bus_text("line", s.folder, 19200) + "beds:\n" + beds_on("line", 8), "1s")
        for _ in range(STARTS):
            took.append(first_request_ms(s, GATEWAY, "run", "-c", s.path("wardgate.yaml")))
            bare.append(first_request_ms(s, BUILD + "/bench/reference_loop", s.path("line"), "19200", "8", "1"))
    yield row("start_to_first_request", "8 monitors, store found", median(took), "ms", "most", 20, "bare loop",
              median(bare))


def measure_allocations():
    """Counted by caller in a gateway that polls, raises and ends alarms."""
    with Scene() as s:
        counter = s.path("count.so")
        words = ["cc", "-shared", "-fPIC", "-O1", "-D_GNU_SOURCE", "tests/e2e/count_allocations.c", "-o", counter]
        subprocess.run(words, check=True)
        s.start_broker()
        s.start_ward(line_text("line", s.folder, 115200) + monitors_on("line", 8))
        s.write_gateway("buses:\n" + bus_text("line", s.folder, 115200) + "beds:\n" + beds_on("line", 8), "500ms",
                        scene.ALARM_RULES)
        environment = {"COUNT_AFTER_MS": "2000", "COUNT_FILE": s.path("counts"), "LD_PRELOAD": counter}
        s.start_gateway(environment)
        s.wait_until_polled(8)
        time.sleep(seconds(5))
        s.stop_gateway()
        counts = dict(line.split()[:2] for line in read(s.path("counts")).splitlines())
    if int(counts["libraries"]) == 0:
        raise scene.Failed("nothing was counted")
    case = "8 monitors, alarms by turns"
    yield row("allocations_after_start", case, int(counts["program"]), "allocations", "most", 0, "by the libraries",
              int(counts["libraries"]), "allocations")


def measure_binary():
    linked = BUILD + "/bench/wardgate-linked"
    yield row("binary", "stripped, Paho and LMDB linked in", os.path.getsize(linked) / 1000, "kB", "most", 500,
              "without debugging symbols, libraries apart", stripped_size(GATEWAY) / 1000, "kB")


def stripped_size(program):
    with Scene() as s:
        subprocess.run(["strip", "-o", s.path("stripped"), program], check=True)
        return os.path.getsize(s.path("stripped"))


FIGURES = {"start": (measure_start, 5), "allocations": (measure_allocations, 1), "binary": (measure_binary, 1)}
