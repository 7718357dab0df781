"""A disk that loses its power: what it was given and never told to keep is kept by chance, sector by sector.

While the machine runs, QEMU (blklogwrites) notes each write and each flush in their order, in the form of Linux's
dm-log-writes. After the machine was killed, the disk is made of what it was before, all that came before its last
flush, and of what came later as many sectors as the cut's kind lets through:

    kept      all of them: a machine that was reset, or a drive with a capacitor
    dropped   none: a cache that is gone as a whole
    torn      each by itself, every second one: a cache that was being emptied
"""

import os
import random
import struct

from card import SECTOR, Card, copy

FLUSH, FUA, DISCARD = 1, 2, 4
KINDS = ("kept", "dropped", "torn")


class Drive:
    """A card in a machine that will not be switched off but cut off."""

    def __init__(self, card):
        self.card = card
        self.before = card.path + ".before"
        self.log = card.path + ".log"

    def begin(self):
        """Before the machine starts."""
        copy(self.card.path, self.before)
        with open(self.log, "wb"):
            pass

    def entries(self):
        """(flags, first byte, data) of each, as far as they are whole."""
        with open(self.log, "rb") as log:
            at, end = SECTOR, os.fstat(log.fileno()).st_size
            while at + SECTOR <= end:
                log.seek(at)
                first, count, flags, _ = struct.unpack("<QQQQ", log.read(32))
                at += SECTOR
                if (first, count, flags) == (0, 0, 0):
                    return  # room that no entry was written to
                size = 0 if flags & DISCARD else count * SECTOR
                log.seek(at)
                if at + size <= end:
                    yield flags, first * SECTOR, log.read(size)
                at += size

    def cut(self, kind, seed):
        """After the machine was killed. Returns (sectors that were never told to be kept, those of them that were not)."""
        draw = random.Random(seed)
        entries = list(self.entries())
        flushed = max((i for i, (flags, _, _) in enumerate(entries) if flags & FLUSH), default=-1)
        loose = lost = 0
        with open(self.before, "r+b") as disk:
            for i, (flags, first, data) in enumerate(entries):
                kept_for_sure = i <= flushed or flags & FUA
                for at in range(0, len(data), SECTOR) if not kept_for_sure else ():
                    loose += 1
                    if kind == "dropped" or (kind == "torn" and draw.random() < 0.5):
                        lost += 1
                        continue
                    disk.seek(first + at)
                    disk.write(data[at : at + SECTOR])
                if kept_for_sure and data:
                    disk.seek(first)
                    disk.write(data)
        os.replace(self.before, self.card.path)
        os.unlink(self.log)
        return loose, lost


def self_test(folder):
    """Each kind loses what it is to lose, and nothing that was flushed."""
    card = Card(os.path.join(folder, "self-test.img"))
    for kind in KINDS:
        with open(card.path, "wb") as disk:
            disk.truncate(64 * SECTOR)
        drive = Drive(card)
        drive.begin()
        with open(drive.log, "wb") as log:
            log.write(bytes(SECTOR))
            for first, count, flags, byte in ((0, 8, 0, b"a"), (0, 0, FLUSH, b""), (8, 32, 0, b"b"), (48, 1, FUA, b"c")):
                log.write(struct.pack("<QQQQ", first, count, flags, 0).ljust(SECTOR, b"\0") + byte * count * SECTOR)
        loose, lost = drive.cut(kind, 1)
        with open(card.path, "rb") as disk:
            text = disk.read()
        assert text.count(b"a") == 8 * SECTOR and text.count(b"c") == SECTOR and loose == 32
        assert text.count(b"b") == (32 - lost) * SECTOR
        assert {"kept": lost == 0, "dropped": lost == 32, "torn": 0 < lost < 32}[kind], (kind, lost)
    os.unlink(card.path)
