"""An update with the power lost on the way, at each of its steps."""

import os
import re
import statistics
import time

import judge
from bundles import NEWER
from card import run
from cases_boot import expect, judge_firsts
from cases_update import GOOD_S, INSTALL_S, MOUNT, RESTART_S, shelf, updated_scene, wait_good
from drive import Drive, Trap
from stage import RULE, Failed

NOTES = b"# GRUB Environment Block"
OFF_S = 180  # a bound for a box that is told to go off
# A start after a cut does what any start does, and mends a file system and the store beside. What would have the beds wait is a device that does not
# come, a slot that is given up, a reset: each is a whole start more, or 90 s. So less than two starts is one start on a machine that others share.
STARTS = 2


def writes(*words):
    """The disk is given something with all of these words in it."""
    return lambda _, data: all(word in data for word in words)


def writes_good_record(_, data):
    """It says version, with its commit, and slot; of an installation more is said."""
    return re.search(rb"version=%s\+[^\n]*\nslot=B\n\0" % re.escape(NEWER.encode()), data) is not None


def writes_share(partition, size, share):
    """The disk was given so much of what comes into the partition, (first byte, bytes)."""
    count = 0

    def is_it(first, data):
        nonlocal count
        if partition[0] <= first < partition[0] + partition[1]:
            count += len(data)
        return count > 0 and count >= share * size

    return is_it


class Outage:
    """A box with an alarm under way at b1, whose power goes again and again; b3's alarm begins after one start and ends after the next."""

    def __init__(self, bench):
        self.bench, self.older, self.newer = bench, bench.bundles().version, bench.bundles().newer()
        self.scene = updated_scene(bench)
        self.drive = Drive(self.scene.card)
        self.scene.options["drive"] = self.drive
        self.scene.options["more"] = shelf(bench, {"newer.raucb": self.newer})
        self.usual, self.after = [], []  # (seconds from power-on until the beds are watched, when)
        self.other = None                # b3's alarm, if it is under way
        self.toggles = 0
        self.count(self.scene.boot(), "as it was flashed")
        self.scene.wait_for_stays()
        self.begun = self.scene.raise_alarm("b1")
        self.scene.wait_shell()
        expect(self.scene.slot() == "A", "the box does not begin in slot A")

    def count(self, seconds, when, cut=False):
        (self.after if cut else self.usual).append((seconds, when))
        self.bench.say(f"{when}: watched {seconds:.0f} s after {'power-on' if cut else 'its start'}")

    # ---- the power ----

    def start_in_order(self, when):
        """A start to hold the others against."""
        self.scene.shell("systemctl start --no-block --job-mode=replace-irreversibly poweroff.target", check=False)
        end = time.monotonic() + OFF_S
        while self.scene.machine.is_on():
            expect(time.monotonic() < end, f"the box does not go off within {OFF_S} s")
            time.sleep(0.2)
        self.scene.power_down()
        self.count(self.scene.boot(), when)

    def cut(self, when, kind, until=None):
        """The power goes and comes back; watched again, by one start."""
        self.scene.kill_gateway()
        loose, lost = self.drive.cut(kind, f"{self.bench.seed} {when}", until)
        seconds = self.scene.boot()
        self.count(seconds, f"power lost {when} ({kind}: {lost} of {loose} loose sectors lost)", cut=True)
        expect(not self.scene.machine.has_seen("RESET"), f"power lost {when}: the box started more than once until its beds were watched")
        self.look()

    def look(self):
        """It is watched for what is new, too, not only read."""
        if self.other is None:
            self.other = self.scene.raise_alarm("b3")
        else:
            ended = self.scene.end_alarm("b3")
            expect(ended["id"] == self.other["id"], f"b3's alarm {self.other['id']} ends as {ended['id']}")
            self.other = None
        self.toggles += 1

    def runs(self):
        self.scene.wait_shell()
        return self.scene.version().split("+")[0]

    # ---- steps of an update ----

    def cut_as(self, when, kind, is_it, patience_s, begin=None):
        """As soon as the disk is given something."""
        trap = Trap(self.drive, is_it, self.scene.strike_gateway)
        trap.start()
        try:
            if begin is not None:
                begin()
            at = trap.wait(when, patience_s, lambda: self.scene.struck or self.scene.machine.is_on())
        except Failed as failed:
            trap.end()
            raise Failed(f"{failed}; {self.said()}") from failed
        self.cut(when, kind, at)

    def said(self):
        return self.scene.shell("cat /run/update.log; wardgate update --status", check=False)[1][-600:]

    def install(self):
        self.scene.wait_shell()
        self.scene.shell(MOUNT)
        self.scene.shell("(wardgate update /run/shelf/newer.raucb; echo status $?) >/run/update.log 2>&1 </dev/null &")

    def cut_installing(self, when, kind, is_it):
        """Nothing is lost by it: the version before runs, and says why."""
        self.cut_as(f"as {when}", kind, is_it, INSTALL_S, self.install)
        self.stays_older("its installation was cut off")

    def stays_older(self, why):
        version = self.runs()
        expect(version == self.older, f"{version} runs, not {self.older}")
        words = f"the update to {NEWER} was given up: {why}"
        self.scene.wait(f"the box says: {words}", lambda: words in self.said(), 180, 3)

    def install_whole(self):
        self.install()
        self.scene.wait("the update is installed", lambda: "status 0" in self.said(), INSTALL_S, 0.5)

    def cut_installed(self):
        """What `wardgate update` said is installed is what the next start takes, however that comes."""
        self.install_whole()
        self.cut("between the installation and the restart", "dropped")
        version = self.runs()
        expect(version == NEWER, f"{version} runs, though {NEWER} was installed")

    def cut_on_trial(self):
        good = self.scene.shell("cat /data/update/good")
        expect(f"version={self.older}" in good, f"{NEWER} is not on trial any more, this comes too late: {good}")
        self.cut("on trial", "torn")
        self.stays_older("it did not start, or not so far as to look after itself")

    def cut_marking(self):
        """The first thing that a good mark writes. GRUB's notes are written in place: at that moment they are neither the old ones nor the new."""
        self.install_whole()
        self.start_in_order("a start in order, of the newer version on trial")
        version = self.runs()
        expect(version == NEWER, f"{version} runs, though {NEWER} was installed")
        self.cut_as("as the boot loader's notes begin to say that it is good", "kept", writes(NOTES, b"B_TRY=0"), GOOD_S)
        self.stays_older("it did not start, or not so far as to look after itself")

    def cut_marked(self):
        """The last thing that it writes; the boot loader starts it again from then on."""
        self.cut_as("as the record of the version that is good is written", "dropped", writes_good_record, GOOD_S)
        version = self.runs()
        expect(version == NEWER, f"{version} runs, though the boot loader knew that {NEWER} is good")
        wait_good(self.scene, NEWER)

    def restart_into_it(self):
        """The README's way."""
        to = f"/data/wardgate-{NEWER}.raucb"
        run(self.scene.machine.scp_words(self.scene.key, self.newer, to), timeout=INSTALL_S)
        self.scene.machine.forget_events()
        code, said = self.scene.shell(f"wardgate update --reboot {to}", check=False, patience_s=INSTALL_S)
        expect(code in (0, 255) and f"{NEWER} is in slot B. The box starts again now" in said, f"wardgate update --reboot: status {code}, {said[-600:]}")
        self.scene.wait("the box starts again by itself", lambda: self.scene.machine.has_seen("RESET"), RESTART_S, 0.1)
        self.count(self.scene.wait_watched(mark=self.scene.reads()), "wardgate update --reboot, over ssh")
        self.look()

    # ---- the end ----

    def judge_times(self):
        usual = statistics.median(seconds for seconds, _ in self.usual)
        slowest, when = max(self.after)
        self.bench.say(f"{len(self.after)} times the power was lost: watched at most {slowest:.0f} s after it came back ({when}), "
                       f"{usual:.0f} s otherwise (the median of {len(self.usual)})")
        expect(slowest < STARTS * usual, f"watched only {slowest:.0f} s after power-on, power lost {when}; otherwise it takes {usual:.0f} s")

    def judge_alarms(self):
        ended = self.scene.end_alarm("b1")
        expect(ended["id"] == self.begun["id"], f"the alarm {self.begun['id']} ends as {ended['id']}")
        count = judge_firsts(self.scene)
        firsts = judge.firsts_of(list(self.scene.link.arrived))
        for bed, wanted in (("b1", ["start", "end"]), ("b3", (["start", "end"] * self.toggles)[: self.toggles])):
            told = [phase for phase, _ in judge.told_of(firsts, bed, RULE)]
            expect(told == wanted, f"{bed}'s alarms were told as {told}, not {wanted}")
        self.bench.say(f"{count} alerts, none missing; the alarm that was under way over all of it ended under its own id")


def power(bench):
    """the power lost at each step of an update, under an alarm: while it is written, installed, on trial, as it is marked good; and `update --reboot`"""
    box = Outage(bench)
    size = os.path.getsize(bench.bundles().root(NEWER))
    root = box.scene.card.partitions()["rootB"]
    box.cut_installed()
    box.cut_on_trial()
    box.cut_marking()
    box.cut_installing("half of it is written", "torn", writes_share(root, size, 0.5))
    box.cut_installing("all of it is written", "kept", writes_share(root, size, 1))
    box.cut_installing("it is noted as the one to start", "dropped", writes(NOTES, b"ORDER=B A", b"B_OK=1"))
    box.restart_into_it()
    box.cut_marked()
    status = box.scene.shell(f"wardgate update --status; rm /data/wardgate-{NEWER}.raucb")
    bench.say(next(line for line in status.splitlines() if line.startswith("slot B")))
    box.judge_alarms()
    box.judge_times()
    box.scene.power_down()
