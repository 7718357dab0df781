"""soak.py: one gateway for MINUTES (2): alarms that come and go, commands, reloads, a broker and a link that fail.

Sampled all the time: memory (anonymous, PSS, RSS), file descriptors, threads, alerts that wait, and how long an alert takes from
the monitor to the broker. After a warm-up, in which everything has happened at least once, the medians of the last third
are held against those of the first. Beside it runs a control that leaks memory, descriptors and threads (leak.c), and
must be found out.
"""

import json
import os
import random
import signal
import statistics
import subprocess
import sys
import threading
import time
import traceback
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

import judge
from script import Script
from stage import BUILD, RULE, RULES, Failed, Stage, until

MINUTES = float(os.environ.get("MINUTES") or 2)
SEED = int(os.environ.get("SOAK_SEED") or 1)
WARM_UP_S = min(max(20, 15 * MINUTES), 300)
LENGTH_S = 60 * MINUTES
TICK_S = 0.05
SAMPLE_S = 1.0
ROWS = 10  # of the table
LEAKS = 8  # of the control, between the middle of the first third and that of the last
COMMAND_S, RELOAD_S, FAULT_S = 2, 7, 12  # every so often
WARM_UP_EVERY_S = 1  # at most: a heap has had all its sizes after some 15 reloads
GONE_S = 1.0  # how long a broker or a link is away

# what is sampled, its unit, and by how much the last third may be above the first
MEASURES = {
    "anonymous": ("kB", 256),
    "pss": ("kB", 512),
    "rss": ("kB", 512),
    "fds": ("", 0),
    "threads": ("", 0),
    "waiting": ("alerts", 8),
    "latency": ("ms", 100),
}
LEAKED = ("anonymous", "fds", "threads")  # by the control
UNJUDGED = ("once",)  # a reload sends again what was not acknowledged, over the connection that goes on


class Sample(NamedTuple):
    at: float
    values: dict


def memory_kb(pid):
    """Anonymous is what the gateway took; the others also have pages of files, PSS with whoever else has them."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        lines = dict(line.split(":") for line in file.read().splitlines()[1:])
    return {name.lower(): int(lines[name].split()[0]) for name in ("Anonymous", "Pss", "Rss")}


class Soaked(threading.Thread):
    """A gateway, what happens around it, and its samples."""

    def __init__(self, preload=None):
        super().__init__(daemon=True)
        self.stage = Stage(preload=preload, more="commands: {enabled: true, roles: [nurse]}\n")
        self.draw = random.Random(SEED)
        self.samples, self.fault = [], None
        self.counts = {"commands": 0, "reloads": 0, "broker killed": 0, "link cut": 0}
        self.every_s = {self.command: COMMAND_S, self.reload: RELOAD_S, self.fail: FAULT_S}
        self.due_s = {what: WARM_UP_EVERY_S for what in self.every_s}
        self.over = None  # what ends the fault under way, and when
        self.over_at = 0.0

    def run(self):
        try:
            self.play()
        except Failed as failed:
            self.fault = str(failed)
        except Exception:  # whatever else it is, it must not pass for a good run
            self.fault = traceback.format_exc()

    def play(self):
        self.script = Script(self.stage, self.draw)
        self.stage.start_gateway()
        self.stage.wait_for_stays()
        self.begun = time.monotonic()
        next_sample = self.begun
        while (now := time.monotonic()) < self.begun + LENGTH_S:
            self.script.step()
            self.happen(now)
            if now >= next_sample:
                self.sample(now)
                next_sample += SAMPLE_S
            time.sleep(TICK_S)
        self.end_fault()
        self.script.finish()
        until("the outbox is empty", self.stage.outbox_is_empty, 60)

    # ---- what happens ----

    def happen(self, now):
        if self.over is not None and now >= self.over_at:
            self.end_fault()
        warm = now - self.begun >= WARM_UP_S
        for what, every_s in self.every_s.items():
            if now - self.begun >= self.due_s[what] and self.over is None:
                self.due_s[what] += every_s if warm or what == self.fail else WARM_UP_EVERY_S
                what()

    def end_fault(self):
        if self.over is not None:
            self.over()
            self.over = None

    def fail(self):
        """The broker and the link in turn."""
        if self.counts["broker killed"] > self.counts["link cut"]:
            name, begin, end = "link cut", self.stage.link.cut, self.stage.link.mend
        else:
            name, begin, end = "broker killed", self.stage.kill_broker, self.stage.start_broker
        self.counts[name] += 1
        begin()
        self.over, self.over_at = end, time.monotonic() + GONE_S

    def reload(self):
        """Every other time with another rule in it."""
        self.counts["reloads"] += 1
        more = RULES.replace("rules:\n", "").replace(RULE, "rate_very_high").replace("limit: 120", "limit: 300")
        self.stage.write("rules/kill.yaml", RULES + (more if self.counts["reloads"] % 2 else ""))
        self.stage.gateway.send_signal(signal.SIGHUP)

    def command(self):
        """From the gateway's own box and by the broker in turn."""
        self.counts["commands"] += 1
        bed = self.draw.choice(self.stage.beds)
        if self.counts["commands"] % 2:
            self.stage.ask_gateway("command", bed, self.draw.choice(["resume", "pause"]), "what=audio")
        else:
            self.publish_command(bed)

    def publish_command(self, bed):
        stay = next(a.alert["stay"] for a in reversed(self.stage.link.arrived) if a.alert.get("bed") == bed)
        now = datetime.now(timezone.utc)
        stamps = [f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z" for at in (now, now + timedelta(seconds=10))]
        body = {"schema": "1", "id": f"soak-{self.counts['commands']}", "stay": stay, "at": stamps[0],
                "expires_at": stamps[1], "by": "n-1", "command": "pause", "what": "audio"}
        subprocess.run(["mosquitto_pub", "-h", "127.0.0.1", "-p", str(self.stage.broker_port), "-q", "1",
                        "-t", f"wardgate/test/w1/{bed}/command/nurse", "-m", json.dumps(body)],
                       capture_output=True, check=False)

    # ---- what is seen ----

    def sample(self, now):
        pid = self.stage.gateway.pid
        if self.stage.gateway.poll() is not None:
            raise Failed(f"the gateway ended by itself, with status {self.stage.gateway.returncode}")
        waiting = self.stage.status().get("queue", {}).get("waiting") if self.stage.link.carries is not None else None
        self.samples.append(Sample(now - self.begun, {
            **memory_kb(pid), "fds": len(os.listdir(f"/proc/{pid}/fd")),
            "threads": len(os.listdir(f"/proc/{pid}/task")), "waiting": waiting}))

    def latencies(self):
        """When a rate changed while there was a broker, and how many ms later it had the alert."""
        return [(turned - self.begun, (came - turned) * 1000)
                for _, turned, came in self.script.delays(self.stage.link.arrived)]

    def between(self, from_s, to_s):
        """Medians of what was sampled in that time; None where nothing was."""
        values = {name: [s.values[name] for s in self.samples if from_s <= s.at < to_s and s.values.get(name) is not None]
                  for name in MEASURES if name != "latency"}
        values["latency"] = [ms for at, ms in self.latencies() if from_s <= at < to_s]
        return {name: statistics.median(of) if of else None for name, of in values.items()}


def grown(first, last):
    """By how much each measure has grown, and which of them more than it may."""
    growth = {name: last[name] - first[name] for name in MEASURES if None not in (first[name], last[name])}
    return growth, [name for name in MEASURES if name not in growth or growth[name] > MEASURES[name][1]]


def judge_flat(soaked):
    third_s = (LENGTH_S - WARM_UP_S) / 3
    return grown(soaked.between(WARM_UP_S, WARM_UP_S + third_s), soaked.between(LENGTH_S - third_s, LENGTH_S))


def show(soaked):
    print("  from s " + "".join(f"{name + (' ' + unit if unit else ''):>16}" for name, (unit, _) in MEASURES.items()))
    for row in range(ROWS):
        values = soaked.between(row * LENGTH_S / ROWS, (row + 1) * LENGTH_S / ROWS)
        cells = "".join(f"{'-' if values[name] is None else format(values[name], '.0f'):>16}" for name in MEASURES)
        print(f"  {row * LENGTH_S / ROWS:6.0f} {cells}")


def self_test():
    """Each measure can fail, by growing too much or by not being there."""
    flat = {name: 100.0 for name in MEASURES}
    assert grown(flat, flat)[1] == []
    for name, (_, most) in MEASURES.items():
        assert grown(flat, {**flat, name: 100.0 + most})[1] == []
        assert grown(flat, {**flat, name: 101.0 + most})[1] == [name]
        assert grown(flat, {**flat, name: None})[1] == [name]


def build_leak(folder):
    library = os.path.join(folder, "leak.so")
    subprocess.run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-O1", "-D_GNU_SOURCE", "tests/kill/leak.c", "-o",
                    library, "-lpthread"], check=True)
    os.environ["LEAK_EVERY_MS"] = str(int((LENGTH_S - WARM_UP_S) * 2 / 3 * 1000 / LEAKS))
    return library


def tell(soaked, control):
    growth, too_much = judge_flat(soaked)
    leak, found = judge_flat(control)
    broken = [(name, fault) for name, fault in judge.judge(soaked.stage.link.arrived, soaked.script.implied, RULE)
              if name not in UNJUDGED]
    done = ", ".join(f"{name} {count}" for name, count in soaked.counts.items())
    print(f"soak: {MINUTES:g} min, {len(judge.firsts_of(soaked.stage.link.arrived))} alerts; {done}")
    show(soaked)
    for name, (unit, most) in MEASURES.items():
        said = f"{growth[name]:+.0f} {unit}".strip() if name in growth else "not seen"
        print(f"  {name}: last third against the first after {WARM_UP_S:.0f} s: {said} (at most +{most}): "
              f"{'GROWS' if name in too_much else 'flat'}")
    judge.tell(broken, UNJUDGED)
    missed = [name for name in LEAKED if name not in found]
    leaked = ", ".join(f"{name} {leak[name]:+.0f}" for name in MEASURES if name in leak)
    print(f"soak: the control that leaks ({leaked}) was {'NOT found out by ' + ', '.join(missed) if missed else 'found out'}")
    return not too_much and not broken and not missed


def main():
    self_test()
    if LENGTH_S < 2 * WARM_UP_S:
        print(f"soak: too short (MINUTES={MINUTES:g}), at least {2 * WARM_UP_S / 60:.1f}")
        return 2
    soaked = Soaked()
    control = Soaked(preload=build_leak(soaked.stage.folder))
    good = False
    for run in (soaked, control):
        run.start()
    for run in (soaked, control):
        run.join()
        run.stage.close()
        if run.fault:
            print(f"soak: {'the control' if run is control else 'the gateway'}: {run.fault}")
    if not soaked.fault and not control.fault:
        good = tell(soaked, control)
    for run in (soaked, control):
        if good:
            run.stage.remove()
        else:
            print(f"soak: FAILED, files are in {run.stage.folder}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
