"""A box with another disk in it that was flashed, too."""

import os
import time

from card import Card
from cases_boot import expect

SCSI = ["-device", "virtio-scsi-pci,id=scsi", "-device", "scsi-hd,drive=other,bus=scsi.0"]  # sda: before vda, the box's own
LATER = ["-device", "virtio-blk-pci,drive=other"]  # vdb: behind it


def disks(bench):
    """another disk that was flashed is in the box, in front of its own and behind it: the one that it was started from is used"""
    scene = bench.scene()
    other = Card.flashed(bench.image, os.path.join(bench.work, "other.img"))
    if bench.target == "x86_64":
        other.spare_the_timer()
    there = ["-blockdev", f"driver=raw,node-name=other,file.driver=file,file.filename={other.path}"]
    try:
        scene.boot()
        scene.wait_shell()
        scene.wait("the machine's id is noted", lambda: scene.shell("grep -c ^machine_id= /efi/grub/grubenv", check=False)[0] == 0, 90, 1)
        scene.shell("sync")
        scene.power_down()
        for what, words in (("behind", LATER), ("in front", SCSI)):
            scene.machine.more = there + words
            seconds = scene.boot()
            scene.wait_shell()
            expect(len(scene.shell("ls /sys/class/block").split()) > 5, "the other disk is not there")
            used = scene.shell("for name in esp rootA data; do basename $(readlink -f /dev/box/$name); done; findmnt -n -o SOURCE /").split()
            expect(used == ["vda1", "vda2", "vda4", "/dev/vda2"], f"with another disk {what} the box uses {used}")
            bench.say(f"with another disk {what} of it, the box is watched {seconds:.0f} s after power-on, from its own")
            scene.power_down()
        # Started from the other one, which nobody has edited anything on: it looks for the monitors of the example.
        untouched = os.stat(scene.card.path).st_mtime_ns
        scene.machine.more = there + [word + ",bootindex=0" if word.startswith("scsi-hd") else word for word in SCSI]
        scene.start_gateway()
        scene.wait("the other disk's own configuration is in force", lambda: "NO MONITOR ANSWERS" in scene.machine.said(), 600, 1)
        time.sleep(10)
        scene.power_down()
        expect("NO MONITOR ANSWERS" in (other.read("report.txt") or ""), f"its own report says: {other.read('report.txt')!r}")
        expect(os.stat(scene.card.path).st_mtime_ns == untouched, "the box's own disk was written to")
        expect("other one out" not in scene.machine.said(), "the two disks cannot be told from each other")
        bench.say("started from the other disk, it is that one that is used")
    finally:
        os.unlink(other.path)
