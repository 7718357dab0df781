"""kill.py: the program under a real broker and the simulated ward, killed at random; its broker, its link, its disk, too.

    KILLS      how often gateways are killed (kill -9), 20; several of them side by side, more than 100 a minute
    KILL_SEED  everything that is drawn follows from it; the machine's own pace does not

Each lane is a gateway with a broker, a link and a ward of its own. The script is the ward's (script.py): at each bed the
heart rate goes above a limit and back, each time to a number of its own. Kills come at any instant, soon after a rate
has changed, as an alert leaves the gateway, and as its acknowledgement comes back. After the kills the link is held
until the gateway finds out by itself. At the end everything is mended and the outbox must run empty; then judge.py
holds what the broker acknowledged against the script. The disk has a stage of its own (disk.py).
"""

import os
import random
import sys
import threading
import time
import traceback

import disk
import judge
from link import wait_for
from script import Script
from stage import KEEP_ALIVE_S, RULE, Failed, Stage

LANES_MOST = 4
TICK_S = 0.02
LONG_S = 1.6  # as long as a rate takes to come through
FOUND_OUT_S = KEEP_ALIVE_S + 2  # silent for so long it is lost; then comes the next connection
SETTLED_S = 11  # the longest wait between two attempts to connect is over
DRAIN_S = 90


class Faults:
    """Kills of the gateway, and every few of them something else, which is over after a while."""

    def __init__(self, stage, kills, draw):
        self.stage, self.draw, self.kills_left = stage, draw, kills
        self.next = time.monotonic() + LONG_S
        self.over = None  # what ends the fault of broker or link, and when
        self.over_at = 0.0
        self.counts = {name: 0 for name in ("an alert leaves", "an alert is acknowledged")}
        self.counts.update({name: 0 for name in ("broker killed", "link cut", "link held")})

    def pause_s(self):
        """Kills come in a row, some before the start is over; then the gateway is left alone for as long as an alarm takes."""
        if self.draw.random() < 0.5:
            return self.draw.choice([0.03, 0.2, 1.0]) * self.draw.random()
        return LONG_S + self.draw.uniform(0, 1)

    def begin(self, name, begin, end, seconds):
        self.counts[name] += 1
        begin()
        self.over, self.over_at = end, time.monotonic() + seconds

    def disturb(self):
        draw = self.draw.random()
        link = self.stage.link
        if draw < 0.35:
            self.begin("broker killed", self.stage.kill_broker, self.stage.start_broker, self.draw.uniform(0.1, 4))
        elif draw < 0.7:
            self.begin("link cut", link.cut, link.mend, self.draw.uniform(0.1, 8))
        else:
            self.begin("link held", link.hold, link.release, self.draw.uniform(1, 6))

    def strike(self, event):
        """On the link's thread: what it was about to pass on gets no further before the gateway is gone."""
        self.counts["an alert " + event] += 1
        self.stage.strike_gateway()

    def set_trap(self):
        """True: there is one, and it is to be given time."""
        event = self.draw.choice(["leaves", "is acknowledged", None, None])
        if event is not None:
            self.stage.link.set_trap(event, lambda: self.strike(event))
        return event is not None

    def step(self, has_turned):
        """A kill soon after a rate has changed comes in the middle of its alert's way, more often than by chance."""
        now = time.monotonic()
        if has_turned and self.draw.random() < 0.3:
            self.next = now + self.draw.uniform(0, 0.5)
        if self.over is not None and now >= self.over_at:
            self.finish()
        if (now < self.next and not self.stage.struck) or self.kills_left == 0:
            return
        if self.over is None and self.draw.random() < 0.3:
            self.disturb()
        self.stage.link.clear_trap()
        self.stage.kill_gateway()
        time.sleep(self.draw.choice([0, 0, 0, 0.2]))
        self.kills_left -= 1
        waits = self.kills_left > 0 and self.set_trap()
        self.stage.start_gateway()
        self.next = now + (2 * LONG_S if waits else self.pause_s())

    def finish(self):
        if self.over is not None:
            self.over()
            self.over = None


class Lane(threading.Thread):
    """A gateway of its own, and what became of it."""

    def __init__(self, number, kills, seed):
        super().__init__(daemon=True)
        self.number, self.kills = number, kills
        self.draw = random.Random(f"{seed} {number}")
        self.stage = Stage()
        self.fault = None
        self.found_out_s = self.killed_s = 0.0

    def run(self):
        try:
            self.play()
        except Failed as failed:
            self.fault = str(failed)
        except Exception:  # whatever else it is, it must not pass for a good lane
            self.fault = traceback.format_exc()

    def play(self):
        stage, script = self.stage, Script(self.stage, self.draw)
        self.script = script
        stage.start_gateway()
        stage.wait_for_stays()
        begun = time.monotonic()
        self.faults = Faults(stage, self.kills, self.draw)
        while self.faults.kills_left > 0:
            self.faults.step(script.step())
            time.sleep(TICK_S)
        self.killed_s = time.monotonic() - begun
        self.faults.finish()
        stage.link.clear_trap()
        self.drain()
        self.found_out_s = self.hold_until_found_out()
        script.finish()
        self.drain()

    def drain(self):
        if not wait_for("the outbox is empty", self.stage.outbox_is_empty, DRAIN_S):
            raise Failed(f"the outbox is not empty {DRAIN_S} s after the last fault")

    def hold_until_found_out(self):
        """A link that is half open: it looks sound to both ends. Meanwhile the ward goes on."""
        time.sleep(SETTLED_S)
        link = self.stage.link
        before, begun = link.connections, time.monotonic()
        link.hold()
        while link.connections == before:
            if time.monotonic() - begun > FOUND_OUT_S:
                raise Failed(f"a half-open link was not found out within {FOUND_OUT_S} s")
            self.script.step()
            time.sleep(TICK_S)
        link.release()
        return time.monotonic() - begun


def share(kills, lanes):
    return [kills // lanes + (lane < kills % lanes) for lane in range(lanes)]


def tell(lanes, kills):
    """What was done, and what came of it, over all lanes."""
    done = {name: sum(lane.faults.counts[name] for lane in lanes) for name in lanes[0].faults.counts}
    minutes = max(lane.killed_s for lane in lanes) / 60
    others = ", ".join(f"{name} {done[name]} times" for name in ("broker killed", "link cut", "link held"))
    print(f"kill: gateways killed {kills} times, {kills / minutes:.0f} a minute ({done['an alert leaves']} as an alert left, "
          f"{done['an alert is acknowledged']} as its acknowledgement came), {others}; "
          f"{sum(lane.stage.link.connections for lane in lanes)} connections")
    print(f"kill: a half-open link found out in {max(lane.found_out_s for lane in lanes):.1f} s at most")
    firsts = [judge.firsts_of(lane.stage.link.arrived) for lane in lanes]
    alerts = sum(map(len, firsts))
    late = sum(alert["delivery"]["late"] for lane in firsts for alert in lane)
    unsafe = sum(not alert["delivery"]["durable"] for lane in firsts for alert in lane)
    again = sum(len(lane.stage.link.arrived) for lane in lanes) - alerts
    implied = sum(len(words) for lane in lanes for words in lane.script.implied.values())
    print(f"kill: {implied} alarms implied, {alerts} alerts arrived ({late} late, {unsafe} not durable), {again} of them "
          f"again")


def kill_all(kills, seed):
    """True: all that must hold did."""
    lanes = [Lane(number, own, seed) for number, own in enumerate(share(kills, min(LANES_MOST, kills)))]
    for lane in lanes:
        lane.start()
    for lane in lanes:
        lane.join()
    broken = []
    for lane in lanes:
        lane.stage.close()
        if lane.fault is None:
            broken += [(name, f"lane {lane.number}: {fault}")
                       for name, fault in judge.judge(lane.stage.link.arrived, lane.script.implied, RULE)]
        else:
            print(f"kill: lane {lane.number}: {lane.fault}")
    if not any(lane.fault for lane in lanes):
        tell(lanes, kills)
        judge.tell(broken)
    good = not broken and not any(lane.fault for lane in lanes)
    for lane in lanes:
        if good:
            lane.stage.remove()
        else:
            print(f"kill: the files of lane {lane.number} are in {lane.stage.folder}")
    return good


def main():
    kills = int(os.environ.get("KILLS") or 20)
    seed = int(os.environ.get("KILL_SEED") or 1)
    judge.self_test()
    disk.enter_mounts()
    good = kills == 0 or kill_all(kills, seed)
    good = disk.fill_and_judge(seed) and good
    if not good:
        print("kill: FAILED")
        print(f"kill: again with: KILL_SEED={seed} KILLS={kills} make test-kill")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
