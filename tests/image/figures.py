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
from machine import LINE, MEMORY_MIB, Machine
from scene import STORE_MIB
from stage import Failed

ROUNDS = 3
STARTS = 5
BEDS = 64
SETTLED_S = 60
BOOT_S = 600
ROOT_MIB = {"x86_64": 120, "aarch64": 100}
MIB = 1 << 20

# Starts where a service starts of which nothing else is known, and does nothing but what is measured.
BARE = """[Unit]
Description=the first request on the line

[Service]
Type=oneshot
ExecStart=/bin/sh /usr/lib/bare-request {line}

[Install]
WantedBy=multi-user.target
"""
BARE_REQUEST = "printf '\\002\\003\\000\\000\\000\\001\\2049' >\"$1\"\n"  # has no newline, which the line would change
REQUEST_SIZE = 8
# Before the program's own protection is set up (its own process of systemd's), and as the program begins.
MARK_START = "[Service]\nExecStartPre=+/bin/sh -c 'printf M >{line}'\n"
MARK_PROGRAM = "[Service]\nExecStart=\nExecStart=/bin/sh -c 'printf M >{line}; exec /usr/bin/wardgate run -c /data/etc/wardgate.yaml'\n"


def find_request(data):
    """Where in the bytes a whole Modbus request to read registers begins; -1: nowhere. Firmware and boot loader write onto every serial port, too."""
    for at in range(len(data) - REQUEST_SIZE + 1):
        frame = data[at:at + REQUEST_SIZE]
        if 1 <= frame[0] <= 247 and frame[1] in (3, 4) and crc(frame) == 0:
            return at
    return -1


def crc(data):
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return value


def self_test():
    """Raises when what firmware writes would be taken for a request, or a request would be passed over."""
    request = b"\x01\x03\x00\x00\x00\x01\x84\x0a"
    said = b"\x1b[2J\x1b[01;01HBdsDxe: loading Boot0001 \"UEFI Misc Device\"\r\nWelcome to GRUB!\n\r"
    for data, at in ((said, -1), (request, 0), (said + request, len(said)), (request[:-1], -1), (b"M" + request, 1),
                     (b"\x00" + request[1:], -1), (b"\x02\x03\x00\x00\x00\x01\x849", 0)):
        if find_request(data) != at:
            raise AssertionError(f"find_request is at {find_request(data)}, not {at}, of {data!r}")


class Line:
    """A serial line with nobody at its end but who looks when a byte comes."""

    def __init__(self):
        self.near, self.far = pty.openpty()
        tty.setraw(self.far, termios.TCSANOW)
        self.name = os.ttyname(self.far)

    def next_bytes(self, end):
        """(when, what came)."""
        left = end - time.monotonic()
        if left <= 0 or not select.select([self.near], [], [], left)[0]:
            raise Failed("nothing on the line in time")
        return time.monotonic(), os.read(self.near, 4096)

    def first_request(self, patience_s):
        """When it began, and when the byte M before it came (None: none did)."""
        end = time.monotonic() + patience_s
        data, times, mark = b"", [], None
        while True:
            now, more = self.next_bytes(end)
            data, times = data + more, times + [now] * len(more)
            at = find_request(data)
            if at >= 0:
                mark = data.rfind(b"M", 0, at)
                return times[at], times[mark] if mark >= 0 else None

    def drain(self):
        while select.select([self.near], [], [], 0)[0]:
            os.read(self.near, 4096)

    def close(self):
        os.close(self.near)
        os.close(self.far)


def bare_image(bench):
    """The image with the same kernel, initrd and systemd (with its udev, journal and temporary files), and nothing else that is started: what wardgate and the box's
    other packages add to /etc/systemd/system is gone, and so is /etc/fstab but for /var. A request is sent where an ordinary service starts."""
    tree, packed = os.path.join(bench.work, "bare"), os.path.join(bench.work, "bare.squashfs")
    run(["unsquashfs", "-quiet", "-no-progress", "-dest", tree, os.path.join(bench.out, "root.squashfs")])
    shutil.rmtree(os.path.join(tree, "etc/systemd/system"))
    os.makedirs(os.path.join(tree, "etc/systemd/system/multi-user.target.wants"))
    os.symlink("/usr/lib/systemd/system/multi-user.target", os.path.join(tree, "etc/systemd/system/default.target"))
    write(os.path.join(tree, "usr/lib/bare-request"), BARE_REQUEST)
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
    """Seconds to the first request on the line."""
    line.drain()
    machine.start()
    return line.first_request(BOOT_S)[0] - machine.powered_at


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


def service_start_ms(scene, line, marked):
    """The median from a byte that the unit sends, which is marked so, to the first request."""
    scene.shell("mkdir -p /run/systemd/system/wardgate.service.d", input=None)
    scene.shell("cat >/run/systemd/system/wardgate.service.d/mark.conf; systemctl daemon-reload",
                input=marked.format(line=LINE[scene.target]).encode())
    took = []
    for _ in range(STARTS):
        scene.shell("systemctl stop wardgate")
        time.sleep(1)
        line.drain()
        starting = subprocess.Popen([*scene.machine.ssh_words(scene.key), "systemctl start wardgate"], stdin=subprocess.DEVNULL,
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        asked, mark = line.first_request(120)
        starting.wait()
        if mark is None:
            raise Failed("a request came without the mark before it")
        took.append((asked - mark) * 1000)
    return statistics.median(took)


def memory_mib(bench):
    """(what the box has in use, as free(1) has it: its caches aside, which it gives back when somebody wants them; what the kernel, its tables
    and the firmware took of the machine before that is counted)."""
    scene = bench.scene("memory", beds=BEDS)
    text = scene.config().replace("rules/kill.yaml", "rules/standard.yaml").replace("profile: quick", "profile: generic-vitals")
    scene.card.write("wardgate.yaml", text.replace(f"size: {STORE_MIB}MiB, trends: 1h", "size: 128MiB"))
    scene.boot()
    time.sleep(SETTLED_S)
    scene.wait_shell()
    facts = {line.split(":")[0]: int(line.split()[1]) for line in scene.shell("cat /proc/meminfo").splitlines()}
    scene.machine.kill()
    return (facts["MemTotal"] - facts["MemAvailable"]) / 1024, MEMORY_MIB - facts["MemTotal"] / 1024


def flash_to_alert_s(bench):
    """As the README says: the line that writes the image onto a disk, two files edited, power on; an alert at the broker. An engineer's hands are not in it."""
    begun = time.monotonic()
    image = os.path.join(bench.work, "flashed.img")
    run(["bash", "-o", "pipefail", "-c", 'zstd -dc "$1" | dd of="$2" bs=4M conv=fsync status=none', "flash", bench.image + ".zst", image])
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
    self_test()
    good = [row("root file system, compressed", os.path.getsize(os.path.join(bench.out, "root.squashfs")) / MIB,
                ROOT_MIB[bench.target], "MiB")]
    good.append(row("flash to alert, by the README's steps", flash_to_alert_s(bench), 600, "s"))
    used, before = memory_mib(bench)
    good.append(row(f"memory in use, the whole box, {BEDS} beds", used, 96, "MiB"))
    row(f"beside that, of {MEMORY_MIB} MiB: kernel, its tables, firmware", before, None, "MiB")
    scene = bench.scene("starts")
    line = Line()
    try:
        scene.machine = Machine(scene.folder, scene.target, scene.card, line=line.name)
        power_on(scene.machine, line)
        scene.wait_shell()
        started = service_start_ms(scene, line, MARK_START)
        begun = service_start_ms(scene, line, MARK_PROGRAM)
        scene.machine.kill()
        ours, bare = to_first_request(bench, scene, line)
    finally:
        line.close()
    good.append(row("service start to first request, in the image", started, 150, "ms"))
    row("of it from the start of the program", begun, None, "ms")
    row("power-on to the request of the bare image", bare, None, "s", 1)
    row("power-on to first request", ours, None, "s", 1)
    good.append(row("power-on to first request, more than bare", ours - bare, 2, "s", 1))
    if not all(good):
        raise Failed("a figure is beyond its limit, see above (another's work on this machine counts, too)")
