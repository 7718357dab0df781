"""A box whose firewall cannot be loaded."""

import time

from cases_boot import expect

LACKING = "nft_limit"  # a module of the kernel that the box's rules need, and those that close it do not


def firewall(bench):
    """rules that cannot be loaded: nobody gets in, the ward is watched, alerts go out, and the report and the console say so"""
    scene = bench.scene()
    scene.card.note(f"arguments_more=no_timer_check module_blacklist={LACKING}")
    seconds = scene.boot()
    bench.say(f"watched {seconds:.1f} s after power-on")
    scene.raise_alarm("b1")
    scene.wait("the console says that the firewall cannot be loaded", lambda: "THE FIREWALL CANNOT BE LOADED" in scene.machine.said(), 120, 1)
    end = time.monotonic() + 60  # sshd comes after the ward, and might come late
    while time.monotonic() < end:
        expect(scene.shell("true", check=False)[0] != 0, "somebody can log in")
        time.sleep(2)
    scene.end_alarm("b1")
    expect(scene.shell("true", check=False)[0] != 0, "somebody can log in by now")
    scene.power_down()
    expect("THE FIREWALL CANNOT BE LOADED" in scene.report(), f"report.txt does not say so: {scene.report()!r}")
    bench.say("alerts arrive, nobody can log in, and console and report say why")
    scene.card.note("arguments_more=no_timer_check")
    scene.boot()
    scene.wait_shell()
    expect("policy drop" in scene.shell("nft list ruleset"), "the box is open")
    scene.wait("the report tells of it no more", lambda: "FIREWALL" not in scene.shell("cat /efi/report.txt"), 120, 2)
    scene.power_down()
