"""A data partition without room."""

import os
import time

from cases_boot import expect, judge_firsts

NOT_GOOD_S = 100  # longer than it takes to find that out


def full(bench):
    """a data partition without room: what is reserved goes on; a box that finds no room for a store alerts all the same"""
    scene = bench.scene()
    scene.boot()
    scene.wait_for_stays()
    scene.wait_shell()
    fill = "dd if=/dev/zero of=/data/ballast bs=1M 2>/dev/null; dd if=/dev/zero of=/data/ballast2 bs=512 2>/dev/null; sync; df /data | tail -1"
    bench.say(f"filled: {scene.shell(fill, patience_s=600)}")
    begun, ended = scene.raise_alarm("b1"), scene.end_alarm("b1")
    expect(begun["delivery"]["durable"] and ended["delivery"]["durable"], "an alert was not durable, although the store has its room")
    scene.raise_alarm("b3")
    scene.kill_gateway()
    seconds = scene.boot()
    scene.end_alarm("b3")
    bench.say(f"power cut and started with a full disk: watched after {seconds:.1f} s, {judge_firsts(scene)} alerts, all there")
    scene.wait_shell()
    scene.wait("report.txt tells of the full disk", lambda: "DISK IS FULL" in scene.report(), 120, 3)
    scene.wait("the console says it first", lambda: "THE DISK IS FULL: changed files are not taken" in scene.machine.said(), 60, 2)
    time.sleep(NOT_GOOD_S)
    expect(not scene.machine.has_seen("RESET"), "the box starts itself again, because it cannot note that its version is good")

    scene.shell("systemctl stop wardgate; rm -rf /data/wardgate/*; "
                "cat /dev/zero >/data/ballast3; cat /dev/zero >/data/ballast4; sync", check=False, patience_s=600)
    scene.kill_gateway()
    since = len(scene.link.arrived)
    scene.boot()
    alert = scene.raise_alarm("b2")
    expect(not alert["delivery"]["durable"], "an alert says that it is durable, although there is no store")
    told = {a.alert["rule"] for a in list(scene.link.arrived)[since:]}
    expect("store_failing" in told, f"nobody was told that the store fails, only {sorted(told)}")
    scene.wait("the console says that nothing is kept", lambda: "NOTHING IS KEPT" in scene.machine.said(), 120, 2)
    bench.say("no room for a store: beds watched, alerts told directly, store_failing, the console says that nothing is kept")
    scene.wait_shell()
    scene.shell("rm -f /data/ballast*; sync")
    scene.wait("the store works again, once there is room", scene.is_committing, 180, 3)


def lost(bench):
    """a data partition whose file system is gone: the ward is watched in memory, and lamp, console and report.txt say that nothing is kept"""
    scene = bench.scene(usb=True)  # the line of its monitors is behind a USB adapter
    scene.boot()
    scene.power_down()
    size = scene.card.partitions()["data"][1]
    for offset in range(0, size, 16 << 20):
        scene.card.overwrite("data", offset, os.urandom(1 << 20) + bytes(min(16 << 20, size - offset) - (1 << 20)))
    seconds = scene.boot()
    scene.raise_alarm("b1")
    scene.wait("the console says that nothing is kept", lambda: "NOTHING IS KEPT" in scene.machine.said(), 120, 2)
    expect("the data partition cannot be mounted, its file system is broken" in scene.machine.said(), "the console does not say why")
    scene.wait("report.txt says so, too", lambda: "NOTHING IS KEPT" in scene.report(), 120, 3)
    bench.say(f"watched {seconds:.1f} s after power-on with nothing on the data partition; an alarm arrives")
    scene.power_down()
