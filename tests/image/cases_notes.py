"""The boot loader's notes of the slots, damaged."""

import os

from bundles import PANICKING
from cases_boot import expect

WAYS = {
    "zeros": lambda text: bytes(len(text)),
    "cut off": lambda text: text[:100],
    "noise": lambda text: os.urandom(len(text)),
}
PATIENCE_S = 1200
EVEN_MINUTE = "2026-11-22T10:00:00"  # then A is tried first (grub.cfg)


def notes(bench):
    """damaged notes of the boot loader: the slot that is good starts, the one that is bad does not come to be one to start"""
    scene = bench.scene()
    bench.bundles().panicking()
    fill(scene, "rootA", bench.bundles().path(f"root-{PANICKING}"))
    fill(scene, "rootB", os.path.join(bench.out, "root.squashfs"))
    scene.card.note("ORDER=B A", "A_OK=0", "A_TRY=0", "B_OK=1", "B_TRY=0", "B_PROVEN=1")
    check(bench, scene, "whole", scene.boot())
    for way, damage in WAYS.items():
        spoil(scene, damage, "grub/grubenv")
        check(bench, scene, f"grubenv: {way}", scene.boot())
    spoil(scene, WAYS["noise"], "grub/grubenv", "grub/grubenv.spare")
    scene.machine.clock = EVEN_MINUTE
    scene.start_gateway()
    check(bench, scene, "grubenv and its spare: noise", scene.wait_watched(patience_s=PATIENCE_S))
    expect("slot A is started" in scene.machine.said() or "panic" in scene.machine.said(), "slot A was not tried first")
    scene.power_down()


def fill(scene, partition, path):
    with open(path, "rb") as file:
        scene.card.overwrite(partition, 0, file.read())


def spoil(scene, damage, *names):
    scene.power_down()
    for name in names:
        scene.card.write(name, damage(scene.card.read_bytes(name)))


def check(bench, scene, what, seconds):
    """Of the running box: its slot, and the notes and their copies as they should be."""
    scene.wait_shell()
    expect(scene.slot() == "B", f"{what}: slot {scene.slot()} runs")
    for name in ("/efi/grub/grubenv", "/efi/grub/grubenv.spare", "/data/rauc/grubenv"):
        told = scene.shell(f"grub-editenv {name} list").splitlines()
        expect({"ORDER=B A", "A_OK=0", "B_OK=1"} <= set(told), f"{what}: {name} says {told}")
    bench.say(f"{what}: B is watched {seconds:.0f} s after power-on, A stays a bad one")
