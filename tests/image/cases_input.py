"""What people do wrong: each is said where they look, and what can run runs."""

import time

from cases_boot import expect
from stage import Failed

WRONG = {
    # what was done to wardgate.yaml, whether it is watched all the same, where it is wrong (None: as a whole), what report.txt must say of that
    "Windows line ends": (lambda text: text.replace("\n", "\r\n"), True, None, ""),
    "a tab": (lambda text: text.replace("  b1:", "\tb1:"), False, "\tb1:", "a tab stands here"),
    "a wrong bed": (lambda text: text.replace("bus: gw,", "bus: nowhere,"), False, "nowhere", "nowhere"),
    "nothing in it": (lambda _: "", False, None, "this file is empty"),
}
NO_FILE = "wardgate.yaml: there is no such file on the boot partition, put it there"


def place_of(text, sign):
    """As report.txt gives it: file, line, column."""
    if sign is None:
        return "wardgate.yaml: "
    at = text.index(sign)
    line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
    return f"wardgate.yaml:{line}:{column}: "


def files(bench):
    """a wardgate.yaml with Windows line ends, a tab, a wrong bed, nothing in it: report.txt says where, the last good one goes on"""
    scene = bench.scene()
    good = scene.config()
    for first in (True, False):
        for what, (spoil, is_taken, sign, fault) in WRONG.items():
            if first and is_taken:
                continue  # with the others in the second round
            scene.card.write("wardgate.yaml", spoil(good))
            words = () if is_taken else (place_of(spoil(good), sign), fault)
            forget_report(scene)
            runs = is_taken or not first
            if runs:
                seconds = scene.boot()
            else:
                scene.start_gateway()
                scene.wait_shell()
                expect(not scene.is_watched(), f"{what}: beds are watched, although there is no good configuration")
            scene.wait(f"{what}: report.txt says so, with {words}", lambda: says(scene, words), 120, 3)
            told = scene.shell("cat /efi/report.txt")
            scene.wait(f"{what}: the console says so", lambda: in_a_line(scene.machine.said(), words), 60, 2)
            bench.say(f"{what}{'' if first else ', after a good one'}: {told_line(told, words)}")
            scene.power_down()
        if first:
            scene.card.write("wardgate.yaml", good)
            scene.boot()
            scene.power_down()
    # Mended, it is taken, and nothing is told any more.
    scene.card.write("wardgate.yaml", good)
    forget_report(scene)
    scene.boot()
    scene.wait_shell()
    scene.wait("report.txt says that all is well", lambda: says(scene, ("watches 3 beds",)) and not says(scene, ("NOT that of",)), 90, 3)


def forget_report(scene):
    """What is read next is of the boot that comes."""
    if scene.card.has("report.txt"):
        scene.card.remove("report.txt")


def says(scene, words):
    report = scene.shell("cat /efi/report.txt", check=False)[1]
    return "watches 3 beds" in report if not words else in_a_line(report, words)


def in_a_line(text, words):
    """All of them in one."""
    return not words or any(all(word in line for word in words) for line in text.splitlines())


def told_line(report, words):
    for line in report.splitlines():
        if words and all(word in line for word in words):
            return line.strip()
    return " / ".join(line.strip() for line in report.splitlines() if line.strip())[:160]


def partition(bench):
    """a boot partition with nothing of a person's on it, then without its files: the last good one goes on"""
    scene = bench.scene()
    for name in ("wardgate.yaml", "network.yaml"):
        scene.card.remove(name)
    scene.start_gateway()
    scene.wait("the console asks for wardgate.yaml", lambda: NO_FILE in scene.machine.said(), 240)
    bench.say("flashed and nothing written: " + next(line.strip() for line in scene.machine.said().splitlines() if NO_FILE in line))
    scene.wait("report.txt asks for it, too", lambda: NO_FILE in scene.report(), 60, 2)
    scene.power_down()
    scene.set_up()
    scene.boot()
    scene.power_down()
    for name in ("wardgate.yaml", "network.yaml"):
        scene.card.remove(name)
    forget_report(scene)
    goes_on(bench, scene, "its files removed later")


def goes_on(bench, scene, what):
    """Watched with the last good one, and told of on the console and in report.txt."""
    seconds = scene.boot()
    scene.wait_shell()
    for words in (NO_FILE, "network.yaml: there is no such file", "wardgate.yaml: the last good one is in force", "3 beds are watched"):
        scene.wait(f"{what}: report.txt says {words!r}", lambda: says(scene, (words,)), 120, 3)
    scene.wait(f"{what}: the console tells of it", lambda: NO_FILE in scene.machine.said(), 60, 2)
    told = told_line(scene.shell("cat /efi/report.txt"), (NO_FILE,))
    bench.say(f"{what}: watched {seconds:.1f} s after power-on, {told}")
    scene.power_down()
