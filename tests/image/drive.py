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
import threading
import time

from card import SECTOR, Card, copy
from stage import Failed

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

    def entries(self, at=SECTOR):
        """(where in the log it ends, flags, first byte, data) of each from there on, as far as they are whole."""
        with open(self.log, "rb") as log:
            end = os.fstat(log.fileno()).st_size
            while at + SECTOR <= end:
                log.seek(at)
                first, count, flags, _ = struct.unpack("<QQQQ", log.read(32))
                at += SECTOR
                if (first, count, flags) == (0, 0, 0):
                    return  # room that no entry was written to
                size = 0 if flags & DISCARD else count * SECTOR
                if at + size > end:
                    return
                log.seek(at)
                data = log.read(size)
                at += size
                yield at, flags, first * SECTOR, data

    def cut(self, kind, seed, until=None):
        """After the machine was killed. until: where in the log, if the power was gone before the machine was. Returns (sectors that were never
        told to be kept, those of them that were not)."""
        draw = random.Random(seed)
        entries = [(flags, first, data) for at, flags, first, data in self.entries() if until is None or at <= until]
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


class Trap(threading.Thread):
    """Takes the power away as soon as the disk is given what is waited for: is_it(first byte, data). What it is given behind that, until the
    machine is gone, counts for nothing (`at`, for cut())."""

    def __init__(self, drive, is_it, strike):
        super().__init__(daemon=True)
        self.drive, self.is_it, self.strike = drive, is_it, strike
        self.seen = max((at for at, *_ in drive.entries()), default=SECTOR)
        self.at = None
        self.is_over = threading.Event()

    def run(self):
        while not self.is_over.wait(0.002):
            for at, _, first, data in self.drive.entries(self.seen):
                self.seen = at
                if self.is_it(first, data):
                    self.at = at
                    self.strike()
                    return

    def wait(self, what, patience_s, is_on):
        end = time.monotonic() + patience_s
        while self.is_alive() and is_on() and time.monotonic() < end:
            self.join(0.2)
        self.end()
        if self.at is None:
            raise Failed(f"{'not within %g s' % patience_s if is_on() else 'the box went off by itself before'}: {what}")
        return self.at

    def end(self):
        self.is_over.set()
        self.join()


def self_test(folder):
    """Each kind loses what it is to lose, and nothing that was flushed; nothing counts that came behind the moment of the cut."""
    card = Card(os.path.join(folder, "self-test.img"))
    given = ((0, 8, 0, b"a"), (0, 0, FLUSH, b""), (8, 32, 0, b"b"), (48, 1, FUA, b"c"))
    for kind, is_trapped in [(kind, is_trapped) for kind in KINDS for is_trapped in (False, True)]:
        with open(card.path, "wb") as disk:
            disk.truncate(64 * SECTOR)
        drive = Drive(card)
        drive.begin()
        trap = Trap(drive, lambda first, data: first == 8 * SECTOR and data[:1] == b"b", lambda: None)
        trap.start()
        with open(drive.log, "wb") as log:
            log.write(bytes(SECTOR))
            for first, count, flags, byte in given:
                log.write(struct.pack("<QQQQ", first, count, flags, 0).ljust(SECTOR, b"\0") + byte * count * SECTOR)
                log.flush()
        at = trap.wait("the trap closes", 10, lambda: True)
        loose, lost = drive.cut(kind, 1, at if is_trapped else None)
        with open(card.path, "rb") as disk:
            text = disk.read()
        assert text.count(b"a") == 8 * SECTOR and text.count(b"c") == (0 if is_trapped else SECTOR) and loose == 32
        assert text.count(b"b") == (32 - lost) * SECTOR
        assert {"kept": lost == 0, "dropped": lost == 32, "torn": 0 < lost < 32}[kind], (kind, lost)
    os.unlink(card.path)
