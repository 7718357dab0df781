"""A gateway that stands still, and a box that is well."""

import time

from cases_boot import expect, judge_firsts

WATCHDOG_S = 15
FOUND_S = 300  # a bound: from the stop to the reset
WELL_S = 200  # longer than any watchdog here counts
START_S = 150  # of a gateway that takes its time


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


def stays_up(bench, scene, when, what="sleep 1"):
    """The box's own clock counts: an emulated one may be slower."""
    scene.machine.forget_events()
    scene.shell(f"{what}; sleep {WELL_S}", patience_s=1200)
    told = scene.status().get("watchdog", {}).get("hardware")
    expect(not scene.machine.has_seen("WATCHDOG") and not scene.machine.has_seen("RESET"), f"{when}: a box that is well was reset")
    held = scene.shell("pidof watchdog", check=False)[0] == 0
    bench.say(f"{when}: not reset within {WELL_S} s, the gateway says {told}, the box {'feeds' if held else 'does not feed'} it")
    return told, held


def well(bench):
    """a box that is well is not reset: without `watchdog:`, with a gateway that takes long to start, with a device that is not there, with its own"""
    scene = bench.scene()
    scene.boot()
    scene.wait_shell()
    expect(stays_up(bench, scene, "without `watchdog:`") == ("not_used", True), "who feeds it?")
    slow = "/run/systemd/system/wardgate.service.d"
    scene.shell(f"mkdir -p {slow}; printf '[Service]\\nExecStartPre=/bin/sleep {START_S}\\n' >{slow}/slow.conf; systemctl daemon-reload")
    told = stays_up(bench, scene, f"a start of {START_S} s", f"systemctl restart --no-block wardgate; sleep {START_S}")
    expect(told == ("not_used", True), "who feeds it?")
    scene.power_down()

    scene.more = "watchdog: {device: /dev/watchdog9}\n"
    scene.set_up()
    scene.boot()
    scene.wait_shell()
    expect(stays_up(bench, scene, "with a device that is not there")[0] == "unavailable", "it cannot have that")
    scene.power_down()

    scene.more = f"watchdog: {{device: /dev/watchdog-box, timeout: {WATCHDOG_S}s}}\n"
    scene.set_up()
    scene.boot()
    scene.wait_shell()
    expect(stays_up(bench, scene, "with its own") == ("fed", False), "who feeds it?")
    scene.power_down()
