"""Updates that are broken."""

import os
import time

from bundles import PANICKING, SICK
from cases_boot import expect, judge_firsts
from cases_update import install_from_stick, runs, updated_scene, wait_good

SICK_S = 900     # after five minutes a version that does not get well is given up


def fallback(bench):
    """an update whose kernel panics, and one that never gets well: the box goes back by itself, with its alarm"""
    scene = updated_scene(bench)
    scene.boot()
    scene.wait_for_stays()
    scene.wait_shell()
    wait_good(scene, bench.bundles().version)
    slot, begun = scene.slot(), scene.raise_alarm("b1")
    for version, bundle, patience_s in ((PANICKING, bench.bundles().panicking(), 300), (SICK, bench.bundles().sick(), SICK_S)):
        stick = install_from_stick(bench, scene, {f"wardgate-{version}.raucb": bundle}, name=f"stick-{version[2]}")
        down = time.monotonic()
        seconds = scene.wait_watched(mark=scene.reads(), patience_s=patience_s)
        scene.wait_shell()
        expect(scene.slot() == slot and runs(scene, bench.bundles().version), f"slot {scene.slot()} runs {scene.version()}")
        status = scene.shell("wardgate update --status", check=False)[1]
        expect(version in status, f"nobody says that {version} was given up: {status}")
        bench.say(f"{version} ({'its kernel panics' if version == PANICKING else 'its gateway never gets ready'}): "
                  f"back in {time.monotonic() - down:.0f} s, watched after {seconds:.0f} s")
        os.unlink(stick)
    ended = scene.end_alarm("b1")
    expect(ended["id"] == begun["id"], f"the alarm {begun['id']} ends as {ended['id']}")
    bench.say(f"{judge_firsts(scene)} alerts, none missing")
