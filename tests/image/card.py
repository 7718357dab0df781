"""The box's disk as a person has it in hand: flashed, its boot partition edited on a laptop, a stick with bundles."""

import os
import struct
import subprocess

from stage import Failed

SECTOR = 512
FLASHED = 2 << 30  # larger than the image, as a real disk is: what is behind it is for the data partition
BOOT = "esp"


def run(words, **more):
    """What a command said, or Failed with it."""
    environment = dict(os.environ, MTOOLS_SKIP_CHECK="1", MTOOLSRC=os.devnull)
    done = subprocess.run(words, capture_output=True, check=False, env=environment, **more)
    if done.returncode != 0:
        raise Failed(f"{' '.join(words[:4])}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def copy(source, target, size=None):
    """Holes stay holes."""
    run(["cp", "--reflink=auto", "--sparse=always", source, target])
    if size is not None and size > os.path.getsize(target):
        os.truncate(target, size)


class Card:
    """A disk in a file. Nobody may have it in a machine meanwhile, except to look at it."""

    def __init__(self, path):
        self.path = path

    @classmethod
    def flashed(cls, image, path):
        """As `dd` writes it."""
        copy(image, path, FLASHED)
        return cls(path)

    def partitions(self):
        """Name: (first byte, bytes), from the GPT."""
        with open(self.path, "rb") as disk:
            disk.seek(SECTOR)
            header = disk.read(SECTOR)
            if header[:8] != b"EFI PART":
                raise Failed(f"{self.path} has no GPT")
            first, count, size = struct.unpack_from("<QII", header, 72)
            disk.seek(first * SECTOR)
            entries = [disk.read(size) for _ in range(count)]
        found = {}
        for entry in entries:
            start, end = struct.unpack_from("<QQ", entry, 32)
            if start:
                found[entry[56:128].decode("utf-16-le").rstrip("\0")] = (start * SECTOR, (end - start + 1) * SECTOR)
        return found

    def boot(self):
        """mtools' name of the boot partition."""
        return f"{self.path}@@{self.partitions()[BOOT][0]}"

    def write(self, name, text):
        """A file of the boot partition; its folders are made."""
        where = self.boot()
        parts = name.split("/")[:-1]
        for depth in range(len(parts)):
            run(["mmd", "-D", "s", "-i", where, "::" + "/".join(parts[: depth + 1])]) if not self.has(
                "/".join(parts[: depth + 1])) else None
        run(["mcopy", "-o", "-i", where, "-", "::" + name], input=text if isinstance(text, bytes) else text.encode())

    def spare_the_timer(self):
        """The kernel's look at its timer, which a machine of a busy host fails now and then, is left out."""
        self.note("arguments_more=no_timer_check")

    def note(self, *settings):
        """Into the boot loader's notes and their copy."""
        note = self.path + ".grubenv"
        with open(note, "wb") as kept:
            kept.write(self.read("grub/grubenv").encode())
        run(["grub-editenv", note, "set", *settings])
        with open(note, "rb") as kept:
            text = kept.read()
        for name in ("grub/grubenv", "grub/grubenv.spare"):
            self.write(name, text)
        os.remove(note)

    def has(self, name):
        try:
            run(["mdir", "-b", "-i", self.boot(), "::" + name])
        except Failed:
            return False
        return True

    def read(self, name):
        """None: there is none."""
        if not self.has(name):
            return None
        return self.read_bytes(name).decode(errors="replace")

    def read_bytes(self, name):
        return run(["mcopy", "-i", self.boot(), "::" + name, "-"])

    def names(self):
        return run(["mdir", "-/", "-b", "-i", self.boot(), "::"]).decode().split()

    def remove(self, name):
        run(["mdel", "-i", self.boot(), "::" + name])

    def sectors_of(self, text):
        """Those of the disk that hold this text of a file on the boot partition, where it lies in one piece."""
        start, size = self.partitions()[BOOT]
        with open(self.path, "rb") as disk:
            disk.seek(start)
            at = disk.read(size).find(text)
        if at < 0:
            raise Failed("the boot partition does not hold that text in one piece")
        return list(range((start + at) // SECTOR, (start + at + len(text) - 1) // SECTOR + 1))

    def overwrite(self, partition, offset, data):
        """Bytes of a partition, whatever they were."""
        start, size = self.partitions()[partition]
        if offset + len(data) > size:
            raise Failed(f"{partition} has {size} bytes")
        with open(self.path, "r+b") as disk:
            disk.seek(start + offset)
            disk.write(data)


def make_stick(path, files):
    """A FAT stick with copies of these files, {name: path}."""
    size = sum(os.path.getsize(file) for file in files.values()) + (16 << 20)
    with open(path, "wb") as stick:
        stick.truncate(max(size, 64 << 20))
    run(["mkfs.fat", "-F", "32", "-n", "STICK", path])
    for name, file in files.items():
        run(["mcopy", "-i", path, file, "::" + name])
