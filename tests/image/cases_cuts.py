"""Power cuts in an alarm storm."""

import random
import time

import judge
import script as scripts
from cases_boot import expect
from drive import KINDS, Drive
from script import Script
from stage import RULE, Failed

STORM_BEDS = 6
DRAIN_S = 600


class Storm:
    """Rates go up and down at every bed while the power is cut; script.py says what must be told of it."""

    def __init__(self, scene, seed):
        self.scene, self.draw = scene, random.Random(seed)
        self.script = Script(scene, self.draw)

    def step_for(self, seconds, watched=False):
        """Goes on for so long; watched: counted from when the beds are read."""
        end = time.monotonic() + 600
        begun = None if watched else time.monotonic()
        while begun is None or time.monotonic() - begun < seconds:
            if self.scene.struck:
                return
            if begun is None and self.scene.is_watched():
                begun = time.monotonic()
            if time.monotonic() > end:
                raise Failed("not within 600 s: the beds are watched again")
            self.script.step()
            time.sleep(0.05)

    def cut(self, number, drive):
        """One cut, at an instant of its own kind; what was lost of what the disk had been given."""
        moment = ("while it boots", "soon after the first request", "in the storm", "as an alert leaves",
                  "as an acknowledgement comes")[number % 5]
        if moment == "while it boots":
            self.step_for(self.draw.uniform(2, 30))
        elif moment == "soon after the first request":
            self.step_for(self.draw.uniform(0, 3), watched=True)
        else:
            if moment != "in the storm":
                event = "leaves" if moment == "as an alert leaves" else "is acknowledged"
                self.step_for(1, watched=True)
                self.scene.link.set_trap(event, self.scene.strike_gateway)
            self.step_for(self.draw.uniform(5, 15), watched=True)
        self.scene.link.clear_trap()
        self.scene.kill_gateway()
        kind = KINDS[number % len(KINDS)]
        loose, lost = drive.cut(kind, self.draw.random())
        return moment, kind, loose, lost


def cuts(bench):
    """power cuts in an alarm storm, with a disk that loses what it was not told to keep: no alert is lost"""
    scripts.SETTLE_S = 3.0  # an emulated box is slow
    scene = bench.scene(beds=STORM_BEDS)
    drive = Drive(scene.card)
    scene.options["drive"] = drive
    scene.boot()
    scene.wait_for_stays()
    storm = Storm(scene, bench.seed)
    for number in range(bench.cuts):
        moment, kind, loose, lost = storm.cut(number, drive)
        bench.say(f"cut {number + 1}, {moment}: of {loose} loose sectors {lost} lost ({kind})")
        scene.start_gateway()
    scene.wait_watched()
    storm.script.finish()
    scene.wait_shell()
    scene.wait("the outbox is empty", scene.outbox_is_empty, DRAIN_S, 2)
    arrived = list(scene.link.arrived)
    broken = judge.judge(arrived, storm.script.implied, RULE, one_epoch=False)
    judge.tell(broken)
    implied = sum(len(words) for words in storm.script.implied.values())
    bench.say(f"{bench.cuts} cuts, {implied} alarms implied, {len(judge.firsts_of(arrived))} alerts arrived, "
              f"{len(arrived) - len(judge.firsts_of(arrived))} of them again")
    expect(not broken, f"{broken[0][0]} does not hold: {broken[0][1]}" if broken else "")
