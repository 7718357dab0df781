"""A gateway that stands still."""

import time

from cases_boot import expect, judge_firsts

WATCHDOG_S = 15
FOUND_S = 300  # a bound: from the stop to the reset


def watchdog(bench):
    """a gateway that stands still: the board's watchdog resets the box, which goes on with the alarm that it had"""
    scene = bench.scene(more=f"watchdog: {{device: /dev/watchdog-box, timeout: {WATCHDOG_S}s}}\n")
    scene.boot()
    scene.wait_for_stays()
    begun = scene.raise_alarm("b1")
    scene.wait_shell()
    scene.wait("the watchdog is fed", lambda: '"hardware":"fed"' in scene.shell("wardgate status --json", check=False)[1].replace(" ", ""), 90, 2)
    mark, stopped = scene.reads(), time.monotonic()
    scene.shell("kill -STOP $(pidof wardgate)")
    scene.wait("the watchdog resets the box", lambda: scene.machine.has_seen("WATCHDOG"), FOUND_S, 0.5)
    reset = time.monotonic()
    seconds = scene.wait_watched(mark=scene.reads())
    expect(scene.machine.has_seen("RESET"), "the watchdog bit, but the box was not reset")
    bench.say(f"reset {reset - stopped:.0f} s after the gateway stood still, watched again {seconds:.1f} s later")
    ended = scene.end_alarm("b1")
    expect(ended["id"] == begun["id"], f"the alarm {begun['id']} ends as {ended['id']}")
    bench.say(f"its alarm ended under its own id, {judge_firsts(scene)} alerts")
