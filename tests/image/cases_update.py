"""Updates of a box: to a newer version, and none at all."""

import os
import time

from bundles import NEWER
from card import make_stick, run
from cases_boot import expect, judge_firsts
from stage import Failed

INSTALL_S = 600  # a bound
RESTART_S = 120
GOOD_S = 420     # likewise; it takes a minute, once all runs


def updated_scene(bench, **options):
    """A box that takes the hospital's updates."""
    scene = bench.scene(**options)
    scene.card.write("update-ca.pem", bench.bundles().authority())
    return scene


def stick_report(stick):
    return run(["mcopy", "-i", stick, "::report.txt", "-"]).decode(errors="replace")


def runs(scene, version):
    return scene.shell("wardgate --version", check=False)[1].find(version) >= 0


def install_from_stick(bench, scene, files, name="stick", when_down=None):
    """Plugs it in, waits until the box has gone down, and pulls it out."""
    stick = os.path.join(bench.work, name + ".img")
    make_stick(stick, files)
    scene.machine.forget_events()
    scene.machine.plug_stick(stick, name)
    scene.wait("the update is installed, or why not", lambda: scene.machine.has_seen("RESET") or stick_has(stick, "report.txt"), INSTALL_S, 1)
    try:
        scene.wait("the box starts again", lambda: scene.machine.has_seen("RESET"), RESTART_S, 1)
    except Failed as failed:
        raise Failed(f"{failed}; the stick's report.txt: {stick_report(stick)!r}") from failed
    if when_down is not None:
        when_down()
    scene.machine.pull_stick(name)
    return stick


def wait_good(scene, version):
    scene.wait_shell()
    scene.wait(f"{version} is marked good", lambda: f"version={version}" in scene.shell("cat /data/update/good", check=False)[1], GOOD_S, 5)


def stick_has(stick, name):
    return name in run(["mdir", "-b", "-i", stick, "::"]).decode()


def update(bench):
    """from a stick to a newer version, under a running alarm, which ends under its own id"""
    scene = updated_scene(bench)
    scene.boot()
    scene.wait_for_stays()
    scene.wait_shell()
    wait_good(scene, bench.bundles().version)
    slot = scene.slot()
    begun = scene.raise_alarm("b1")
    started = time.monotonic()
    stick = install_from_stick(bench, scene, {"wardgate-newer.raucb": bench.bundles().newer()})
    down = time.monotonic()
    seconds = scene.wait_watched(mark=scene.reads())
    bench.say(f"installed in {down - started:.0f} s; watched again {seconds:.1f} s after the box went down")
    expect(NEWER in stick_report(stick), f"the stick's report.txt does not tell: {stick_report(stick)!r}")
    scene.wait_shell()
    expect(scene.slot() != slot and runs(scene, NEWER), f"slot {scene.slot()} runs {scene.version()}")
    middle = scene.raise_alarm("b3")
    ended = scene.end_alarm("b1")
    expect(ended["id"] == begun["id"], f"the alarm {begun['id']} ends as {ended['id']}")
    expect(begun["seq"] < middle["seq"] < ended["seq"], "the numbers do not go on")
    wait_good(scene, NEWER)
    bench.say(f"{NEWER} marked good in slot {scene.slot()}; {judge_firsts(scene)} alerts, none missing")
    os.unlink(stick)
    scene.power_down()


def shelf(bench, files):
    """Words for QEMU: a disk with these bundles; on the box /dev/vdb."""
    disk = os.path.join(bench.work, "shelf.img")
    make_stick(disk, files)
    return ["-blockdev", f"driver=raw,node-name=shelf,read-only=on,file.driver=file,file.filename={disk}",
            "-device", "virtio-blk-pci,drive=shelf"]


MOUNT = "mkdir -p /run/shelf; mountpoint -q /run/shelf || mount -t vfat -o ro /dev/vdb /run/shelf"


def refused(bench):
    """updates of the wrong key, tampered with, older, for another board, cut off, and a stick with two: refused, nothing written"""
    bundles = bench.bundles().refused()
    scene = updated_scene(bench)
    scene.options["more"] = shelf(bench, {f"{name}.raucb": path for name, (path, _) in bundles.items()})
    scene.boot()
    scene.wait_shell()
    scene.shell(MOUNT)
    other = "B" if scene.slot() == "A" else "A"
    before = scene.shell(f"sha256sum /dev/box/root{other}", patience_s=300)
    for name, (_, words) in bundles.items():
        code, said = scene.shell(f"wardgate update /run/shelf/{name}.raucb", check=False, patience_s=600)
        expect(code != 0 and any(word in said for word in words), f"{name}: status {code}, it says: {said[-300:]}")
        bench.say(f"{name}: {said.splitlines()[-1][:160]}")
    expect(scene.shell(f"sha256sum /dev/box/root{other}", patience_s=300) == before, "something was written into the other slot")
    stick = os.path.join(bench.work, "two.img")
    second = bench.bundles().make("second", "9.1.1", bench.bundles().path("small"))
    make_stick(stick, {"one.raucb": bench.bundles().newer(), "two.raucb": second})
    scene.machine.plug_stick(stick, "two")
    scene.wait("the stick with two bundles is told of, in whole", lambda: stick_has(stick, "report.txt") and stick_report(stick), 240, 3)
    report = stick_report(stick)
    expect("one.raucb" in report and "two.raucb" in report, f"the stick's report.txt does not name both: {report!r}")
    bench.say("two bundles: " + report.strip().splitlines()[-1].strip()[:160])
    expect(scene.shell(f"sha256sum /dev/box/root{other}", patience_s=300) == before, "something was written into the other slot")
    expect(scene.is_watched(), "the beds are not watched any more")
