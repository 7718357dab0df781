"""Figures of the box, each beside its limit. What is measured in time is the median of several, for others work beside it."""

import os
import pty
import select
import shutil
import statistics
import subprocess
import termios
import time
import tty

from card import Card, run
from machine import LINE, Machine
from scene import STORE_MIB
from stage import Failed

ROUNDS = 3
STARTS = 5
BEDS = 64
SETTLED_S = 60
BOOT_S = 600
ROOT_MIB = {"x86_64": 120, "aarch64": 100}
MIB = 1 << 20

# Starts where wardgate.service does, and does nothing but what is measured.
BARE = """[Unit]
Description=the first byte on the line

[Service]
Type=oneshot
ExecStart=/bin/sh -c 'printf R >{line}'

[Install]
WantedBy=multi-user.target
"""
MARK = "[Service]\nExecStartPre=/bin/sh -c 'printf M >{line}'\n"


class Line:
    """A serial line with nobody at its end but who looks when a byte comes."""

    def __init__(self):
        self.near, self.far = pty.openpty()
        tty.setraw(self.far, termios.TCSANOW)
        self.name = os.ttyname(self.far)

    def first_byte(self, patience_s):
        """(when, what came)."""
        if not select.select([self.near], [], [], patience_s)[0]:
            raise Failed(f"no byte on the line within {patience_s} s")
        return time.monotonic(), os.read(self.near, 4096)

    def drain(self):
        while select.select([self.near], [], [], 0)[0]:
            os.read(self.near, 4096)

    def close(self):
        os.close(self.near)
        os.close(self.far)


def bare_image(bench):
    """The image with the same kernel, initrd and systemd, and nothing else that is started."""
    tree, packed = os.path.join(bench.work, "bare"), os.path.join(bench.work, "bare.squashfs")
    run(["unsquashfs", "-quiet", "-no-progress", "-dest", tree, os.path.join(bench.out, "root.squashfs")])
    shutil.rmtree(os.path.join(tree, "etc/systemd/system"))
    os.makedirs(os.path.join(tree, "etc/systemd/system/multi-user.target.wants"))
    os.symlink("/usr/lib/systemd/system/multi-user.target", os.path.join(tree, "etc/systemd/system/default.target"))
    write(os.path.join(tree, "etc/systemd/system/bare.service"), BARE.format(line=LINE[bench.target]))
    os.symlink("../bare.service", os.path.join(tree, "etc/systemd/system/multi-user.target.wants/bare.service"))
    write(os.path.join(tree, "etc/fstab"), "tmpfs /var tmpfs mode=755 0 0\n")
    shutil.rmtree(os.path.join(tree, "usr/lib/repart.d"), ignore_errors=True)
    run(["mksquashfs", tree, packed, "-comp", "gzip", "-noappend", "-no-xattrs", "-all-root", "-quiet", "-no-progress"])
    shutil.rmtree(tree)
    card = Card.flashed(bench.image, os.path.join(bench.work, "bare.img"))
    with open(packed, "rb") as file:
        card.overwrite("rootA", 0, file.read())
    return card


def write(path, text):
    if os.path.lexists(path):
        os.unlink(path)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def power_on(machine, line):
    """Seconds to the first byte on the line."""
    line.drain()
    machine.start()
    at, _ = line.first_byte(BOOT_S)
    return at - machine.powered_at


def to_first_request(bench, scene, line):
    """Medians of both images, by turns; the second boot of each on, as the first one makes the box's keys."""
    folder = os.path.join(scene.folder, "bare")
    os.makedirs(folder)
    ours = scene.machine
    bare = Machine(folder, bench.target, bare_image(bench), line=line.name)
    times = {ours: [], bare: []}
    try:
        for _ in range(ROUNDS + 1):
            for machine in (ours, bare):
                times[machine].append(power_on(machine, line))
                time.sleep(5 if machine is bare else 20)
                machine.kill()
    finally:
        bare.kill()
    return statistics.median(times[ours][1:]), statistics.median(times[bare][1:])


def service_start_ms(scene, line):
    """From a byte that the service's own start sends, before the program, to the program's first."""
    scene.shell("mkdir -p /run/systemd/system/wardgate.service.d", input=None)
    scene.shell("cat >/run/systemd/system/wardgate.service.d/mark.conf; systemctl daemon-reload",
                input=MARK.format(line=LINE[scene.target]).encode())
    took = []
    for _ in range(STARTS):
        scene.shell("systemctl stop wardgate")
        time.sleep(1)
        line.drain()
        starting = subprocess.Popen([*scene.machine.ssh_words(scene.key), "systemctl start wardgate"], stdin=subprocess.DEVNULL,
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        marked, first = line.first_byte(120)
        if first[:1] != b"M":
            raise Failed(f"the line begins with {first!r}, not with the mark")
        asked = marked if len(first) > 1 else line.first_byte(60)[0]
        took.append((asked - marked) * 1000)
        starting.wait()
    return statistics.median(took)


def memory_mib(bench):
    """What the box has in use, its caches aside, which it gives back when somebody wants them."""
    scene = bench.scene("memory", beds=BEDS)
    text = scene.config().replace("rules/kill.yaml", "rules/standard.yaml").replace("profile: quick", "profile: generic-vitals")
    scene.card.write("wardgate.yaml", text.replace(f"size: {STORE_MIB}MiB, trends: 1h", "size: 128MiB"))
    scene.boot()
    time.sleep(SETTLED_S)
    scene.wait_shell()
    facts = {line.split(":")[0]: int(line.split()[1]) for line in scene.shell("cat /proc/meminfo").splitlines()}
    scene.machine.kill()
    return (facts["MemTotal"] - facts["MemAvailable"]) / 1024


def flash_to_alert_s(bench):
    """As the README says: write the image onto a disk, edit two files, power on; an alert at the broker."""
    begun = time.monotonic()
    packed = bench.image + ".zst"
    image = bench.image
    if os.path.exists(packed):
        image = os.path.join(bench.work, "flashed.img")
        run(["zstd", "-q", "-d", "-f", "--sparse", "-o", image, packed])
    scene = bench.scene("flash", image=image)
    scene.boot()
    scene.wait_for_stays()
    scene.raise_alarm("b1", patience_s=240)
    took = time.monotonic() - begun
    scene.machine.kill()
    return took


def row(name, value, limit, unit, digits=0):
    verdict = "" if limit is None else f"at most {limit:.{digits}f} {unit}" + ("" if value <= limit else "  BEYOND")
    print(f"       {name:58} {value:9.{digits}f} {unit:4} {verdict}", flush=True)
    return limit is None or value <= limit


def figures(bench):
    """start, power-on to the first request, memory, sizes, each beside its limit"""
    good = [row("root file system, compressed", os.path.getsize(os.path.join(bench.out, "root.squashfs")) / MIB,
                ROOT_MIB[bench.target], "MiB")]
    good.append(row("flash to alert, by the README's steps", flash_to_alert_s(bench), 600, "s"))
    good.append(row(f"memory in use, the whole box, {BEDS} beds", memory_mib(bench), 96, "MiB"))
    scene = bench.scene("starts")
    line = Line()
    try:
        scene.machine = Machine(scene.folder, scene.target, scene.card, line=line.name)
        power_on(scene.machine, line)
        scene.wait_shell()
        started = service_start_ms(scene, line)
        scene.machine.kill()
        ours, bare = to_first_request(bench, scene, line)
    finally:
        line.close()
    good.append(row("service start to first request, in the image", started, 150, "ms"))
    row("power-on to first byte, bare image", bare, None, "s", 1)
    row("power-on to first request", ours, None, "s", 1)
    good.append(row("power-on to first request, more than bare", ours - bare, 2, "s", 1))
    if not all(good):
        raise Failed("a figure is beyond its limit, see above (another's work on this machine counts, too)")
