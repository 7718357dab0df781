"""Windows over the switch of slots: an alarm on a mean of five minutes, and a rate that is normal again when the newer version looks."""

import os
import time

from bundles import NEWER
from cases_alone import TIME_PORT, TimeServer
from cases_boot import expect, judge_firsts
from cases_update import install_from_stick, runs, updated_scene, wait_good
from stage import NORMAL, RULES, Failed

MEAN, MEAN_LIMIT, SPAN_S, HIGH = "rate_mean_high", 95, 300, 110  # the limit is half way from what was to what is
BED = "b2"
SLACK_S = 40  # an emulated box is asked more slowly at times, so that its mean comes down later or sooner
# However much of the span nobody watched: a start may take half of it.
WINDOW_RULES = RULES + f"""  {MEAN}:
    when: mean(hr, {SPAN_S}s) > limit
    coverage: 0.1
    limit: {MEAN_LIMIT}
    priority: low
    text: "Mean heart rate above {{limit}}/min"
"""


class Switch:
    """A box whose mean was high for a whole span; it is switched, and the rate is normal since it went down."""

    def __init__(self, bench, servers=""):
        self.bench = bench
        self.scene = scene = updated_scene(bench, rules=WINDOW_RULES)
        if servers:
            scene.card.write("network.yaml", scene.network() + f"time:\n  servers: [{servers}]\n")
        scene.set_rate(BED, HIGH)
        scene.boot()
        scene.wait_shell()
        wait_good(scene, bench.bundles().version)
        scene.wait("the mean of a whole span is high", lambda: scene.alerts(BED, MEAN, "start"), 2 * SPAN_S)
        self.begun = scene.alerts(BED, MEAN, "start")[-1]

    def to(self, version, bundle):
        scene = self.scene
        stick = install_from_stick(self.bench, scene, {f"wardgate-{version}.raucb": bundle}, when_down=self.calm)
        expect(not scene.alerts(BED, MEAN, "end"), "the mean ended before the switch")
        scene.wait_watched(beds=[BED], mark=self.mark)
        self.back = time.monotonic()
        self.hole = self.back - self.down
        expect(self.hole < SPAN_S - 2 * SLACK_S, f"nobody watched for {self.hole:.0f} s: too long to see anything of a window over that")
        scene.wait_shell()
        expect(runs(scene, version), f"slot {scene.slot()} runs {scene.version()}")
        os.unlink(stick)

    def calm(self):
        self.scene.set_rate(BED, NORMAL)
        self.down, self.mark = time.monotonic(), self.scene.reads()

    def ends(self):
        """Seconds from the first look of the newer version to the end of the alarm."""
        scene = self.scene
        scene.wait("the mean is normal again", lambda: scene.alerts(BED, MEAN, "end"), 3 * SPAN_S)
        seconds = time.monotonic() - self.back
        ended = scene.alerts(BED, MEAN, "end")[-1]
        expect(ended["id"] == self.begun["id"], f"the alarm {self.begun['id']} ends as {ended['id']}")
        self.bench.say(f"nobody watched for {self.hole:.0f} s; its alarm ended {seconds:.0f} s after that; {judge_firsts(scene)} alerts, none missing")
        return seconds


def windows(bench):
    """a switch of slots with a time source before it: the hardware clock carries windows over it, the hole in them counted"""
    try:
        server = TimeServer()
    except OSError as error:
        raise Failed(f"UDP port {TIME_PORT} of this machine cannot be had for a time server ({error}), run as root") from error
    server.start()
    try:
        switch = Switch(bench, servers="10.0.2.2")
        expect(switch.begun["clock"] == "synced", "the clock had no time source before the switch")
        switch.to(NEWER, bench.bundles().newer())
        told = switch.scene.shell("journalctl -b -u wardgate -o cat --no-pager")
        expect("as long as the hardware clock says" in told, "the newer version did not go on by the hardware clock")
        seconds, wanted = switch.ends(), (SPAN_S - switch.hole) / 2  # as much of the one as of the other
        expect(seconds < SPAN_S - SLACK_S, f"the window was lost: its alarm ended {seconds:.0f} s after the start, not {wanted:.0f}")
        expect(abs(seconds - wanted) < SLACK_S, f"the window is another: its alarm ended {seconds:.0f} s after the start, not {wanted:.0f}")
        switch.scene.power_down()
    finally:
        server.close()


def gap(bench):
    """a switch of slots without a time source: windows begin empty, no later start joins them, and their alarm stands until one is whole"""
    switch = Switch(bench)
    scene = switch.scene
    expect(switch.begun["clock"] == "unsynced", "the clock has a time source")
    switch.to(NEWER, bench.bundles().newer())
    wait_good(scene, NEWER)
    scene.shell("systemctl kill --kill-whom=main -s KILL wardgate")
    killed = time.monotonic() - switch.back
    seconds = switch.ends()
    bench.say(f"the gateway was killed {killed:.0f} s after its first look")
    expect(killed < SPAN_S - SLACK_S, f"the gateway was killed too late ({killed:.0f} s) to see anything of that")
    expect(seconds > SPAN_S - SLACK_S, f"a gap that nobody knows was joined: its alarm ended {seconds:.0f} s after the start")
    expect(seconds < SPAN_S + SLACK_S, f"the window since the switch was lost with the kill: its alarm ended only {seconds:.0f} s after the start")
    scene.power_down()
