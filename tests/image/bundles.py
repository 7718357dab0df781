"""Updates for the emulated box: what its own root is made of, under other versions, sound and broken; and keys to sign them with."""

import os
import shutil
import subprocess

from card import run
from stage import Failed

NEWER, SICK, PANICKING = "9.1.0", "9.2.0", "9.3.0"
SQUASH = ["-comp", "gzip", "-Xcompression-level", "1", "-noappend", "-no-xattrs", "-all-root", "-quiet", "-no-progress"]
NEVER_READY = "[Service]\nExecStart=\nExecStart=/usr/bin/sleep infinity\nTimeoutStartSec=20\n"


class Bundles:
    """folder: where they are made. out: build/image/TARGET. What was made is there for every case of a run."""

    def __init__(self, folder, target, out):
        self.folder, self.target, self.out = folder, target, out
        self.keys = os.path.join(folder, "keys")
        self.foreign = os.path.join(folder, "foreign-keys")
        self.version = os.environ.get("VERSION") or "0.1.0"
        for keys, name in ((self.keys, "a hospital"), (self.foreign, "another hospital")):
            run(["config/box/make-update-keys", "-n", name, "-o", keys])

    def path(self, name):
        return os.path.join(self.folder, name)

    def authority(self):
        """What the box is given once, on its boot partition."""
        with open(os.path.join(self.keys, "update-ca.pem"), "rb") as file:
            return file.read()

    def root(self, version, spoil=None):
        """The image's own root as another version."""
        packed = self.path(f"root-{version}")
        if not os.path.exists(packed):
            tree = self.path(f"tree-{version}")
            run(["unsquashfs", "-quiet", "-no-progress", "-dest", tree, os.path.join(self.out, "root.squashfs")])
            rename(os.path.join(tree, "usr/bin/wardgate"), self.version, version)
            if spoil is not None:
                spoil(tree)
            run(["mksquashfs", tree, packed, *SQUASH])
            shutil.rmtree(tree)
        return packed

    def make(self, name, version, root, keys=None, target=None):
        bundle = self.path(name + ".raucb")
        if not os.path.exists(bundle):
            keys = keys or self.keys
            run(["toolchain/image/make-bundle", target or self.target, version, root, f"{keys}/update.key", f"{keys}/update.pem", bundle])
        return bundle

    def newer(self):
        return self.make("newer", NEWER, self.root(NEWER))

    def sick(self):
        """Its gateway never gets ready."""

        def spoil(tree):
            folder = os.path.join(tree, "usr/lib/systemd/system/wardgate.service.d")
            os.makedirs(folder, exist_ok=True)
            with open(os.path.join(folder, "zz-sick.conf"), "w", encoding="ascii") as file:
                file.write(NEVER_READY)

        return self.make("sick", SICK, self.root(SICK, spoil))

    def panicking(self):
        """Its kernel finds nothing to start."""

        def spoil(tree):
            with open(os.path.join(tree, "boot/initrd"), "wb") as file:
                file.write(b"no initrd")

        return self.make("panicking", PANICKING, self.root(PANICKING, spoil))

    def refused(self):
        """Name: what `wardgate update` is to say of it."""
        newer = self.newer()
        small = self.path("small")
        with open(small, "wb") as file:
            file.write(os.urandom(1 << 20))
        other = "aarch64" if self.target == "x86_64" else "x86_64"
        bundles = {
            "wrong-key": (self.make("wrong-key", NEWER, small, keys=self.foreign), ("key", "sign")),
            "other-board": (self.make("other-board", NEWER, small, target=other), ("board",)),
            "older": (self.make("older", "0.0.1", small), ("--allow-older",)),
            "tampered": (self.altered(newer, "tampered", flip), ("altered", "changed", "verif", "damaged")),
            "cut": (self.altered(newer, "cut", halve), ("not whole", "cut")),
        }
        return bundles

    def altered(self, bundle, name, alter):
        path = self.path(name + ".raucb")
        if not os.path.exists(path):
            shutil.copy(bundle, path)
            alter(path)
        return path


def flip(path):
    """One bit in the middle of what it brings."""
    with open(path, "r+b") as file:
        file.seek(os.path.getsize(path) // 2)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 1]))


def halve(path):
    os.truncate(path, os.path.getsize(path) // 2)


def rename(program, old, new):
    """The version that a program says it is; both are as long."""
    with open(program, "rb") as file:
        text = file.read()
    if len(old) != len(new) or text.count(old.encode() + b"+") != 1:
        raise Failed(f"{program} does not say {old}+ once")
    with open(program, "wb") as file:
        file.write(text.replace(old.encode() + b"+", new.encode() + b"+"))
