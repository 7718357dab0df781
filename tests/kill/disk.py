"""The disk of the store is full: a small file system of its own, and a file beside the store that takes all the room.

The room of the store is reserved when it is opened, so a disk that fills up later takes nothing away from it. What can
still happen, one act each:

    at the start      there is no room for a store
    beside it         the disk fills up while the gateway runs, and is killed and started
    from under it     the file system has not kept what it had reserved, or cannot reserve (ext2, NFS): writes fail
    behind a backlog  the same, while the link is cut and alerts wait for it
    before it         the same, found by a gateway that starts
    and killed        the same, with a gateway killed that could commit nothing

Alerts must go on within DIRECT_S, marked not durable, with `store_failing`; once there is room again, everything is
committed, and arrives once, in order.
"""

import errno
import glob
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import judge
from script import Script
from stage import LIMIT, RULE, RULES, Failed, Stage, until

SIZE_KIB = 20480  # for a store of 16 MiB, and its trends
DIRECT_S = 2.0
COMMITTED_S = 20
MOUNTS_MARK = "WARDGATE_KILL_MOUNTS"
PIECE = 1 << 20

# Of low priority and above other limits: each rise of a rate is several alerts, so that the store has to grow.
MORE_RULES = RULES + "".join(
    f"""  rate_above_{limit}:
    when: hr > limit
    limit: {limit}
    priority: low
    text: "Heart rate above {{limit}}/min"
"""
    for limit in range(LIMIT - 8, LIMIT)
)


# ---- a file system of our own ----


def enter_mounts():
    """Goes on among mounts that nobody else sees, and that end with us; without, if the system does not let us."""
    if os.environ.get(MOUNTS_MARK):
        return
    for flags in (["--mount"], ["--mount", "--map-root-user"]):
        words = ["unshare", *flags]
        if shutil.which("unshare") and subprocess.run([*words, "true"], capture_output=True, check=False).returncode == 0:
            os.environ[MOUNTS_MARK] = "1"
            sys.stdout.flush()
            os.execvp("unshare", [*words, sys.executable, "-B", *sys.argv])


class Disk:
    """A tmpfs at `path`. Not one of its pages is lent twice, and what is not there is ENOSPC, as on any disk."""

    def __init__(self, path):
        self.path = path
        self.ballast = os.path.join(path, "ballast")
        os.makedirs(path)
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={SIZE_KIB}k,mode=0755", "ward", path],
            capture_output=True, text=True, check=False,
        )
        if done.returncode != 0:
            raise Failed(f"no file system for the store ({done.stderr.strip()})")

    def fill(self):
        """To the last page."""
        piece = PIECE
        with open(self.ballast, "ab") as file:
            while piece >= os.sysconf("SC_PAGESIZE"):
                try:
                    os.posix_fallocate(file.fileno(), os.fstat(file.fileno()).st_size, piece)
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
                    piece //= 2

    def clear(self):
        os.unlink(self.ballast)

    def take_reserved(self, store):
        """What was reserved for the store and is not used yet. Nobody may write meanwhile."""
        for file in glob.glob(os.path.join(store, "*", "data.mdb")):
            subprocess.run(["fallocate", "--punch-hole", "--offset", str(os.stat(file).st_size),
                            "--length", str(SIZE_KIB * 1024), file], check=True)

    def close(self):
        subprocess.run(["umount", "--lazy", self.path], capture_output=True, check=False)


# ---- what happens to the store ----


class Play:
    """The stage on that disk, its script, and what must be seen there."""

    def __init__(self, seed):
        self.draw = random.Random(seed)
        self.stage = Stage(rules=MORE_RULES)
        self.stage.store = os.path.join(self.stage.path("disk"), "store")
        self.stage.write("wardgate.yaml", self.stage.config())
        self.disk = Disk(self.stage.path("disk"))
        self.script = Script(self.stage, self.draw)

    def arrived(self):
        return self.stage.link.arrived

    def count(self):
        return len(self.arrived())

    def turn_all(self, times=1):
        """Each bed's rate goes up or back, and has time to be told of."""
        for _ in range(times):
            self.script.hold()
            for bed in self.stage.beds:
                self.script.turn(bed)
        self.script.hold()

    def delays_s(self, since):
        """From a rate's change to the broker's acknowledgement of its alert, of those that arrived from `since` on."""
        return [came - turned for index, turned, came in self.script.delays(self.arrived()) if index >= since]

    def is_failing(self):
        told = [a.alert for a in self.arrived() if a.alert["rule"] == "store_failing"]
        return bool(told) and told[-1]["phase"] != "end"

    def expect_direct(self, what, full, failing):
        """All that arrived since the disk was full came in time, since the store failed not durable, and the gateway has said why."""
        delays = self.delays_s(full)
        durable = sum(a.alert["delivery"]["durable"] for a in self.arrived()[failing:])
        if not self.is_failing() or not delays or durable > 0 or max(delays) > DIRECT_S:
            raise Failed(f"{what}: {len(delays)} alarms within {max(delays, default=0):.2f} s, {durable} alerts durable, "
                         f"store_failing: {self.is_failing()}")
        return f"{len(delays)} alarms within {max(delays):.2f} s, not durable while it failed"

    def stored(self, what):
        """By name; and the names of those that wait for the broker."""
        stored, waiting = {}, set()
        for alert in self.stage.history():
            name = judge.name_of(alert)
            if name in stored:
                raise Failed(f"{what}: seq {alert['seq']} is in the store twice")
            if not alert.pop("delivered"):
                waiting.add(name)
            stored[name] = judge.content_of(alert)
        return stored, waiting

    def expect_committed(self, what):
        """The alarm ends, and the store holds what arrived, word for word, each once. What is told meanwhile is in the one before it is in the other."""
        until(f"{what}: the store commits again", lambda: self.stage.is_committing() and not self.is_failing(), COMMITTED_S)
        until(f"{what}: the outbox is empty", self.stage.outbox_is_empty, COMMITTED_S)
        end = time.monotonic() + COMMITTED_S
        while not (said := self.compare(what, time.monotonic() > end)):
            time.sleep(0.1)
        return said

    def compare(self, what, is_last):
        """Nothing yet while the two are not the same: an alert of right now is in one of them before it is in the other."""
        stored, waiting = self.stored(what)
        told = {judge.name_of(alert): judge.content_of(alert) for alert in judge.firsts_of(self.arrived())}
        changed = sorted(name for name in set(stored) & set(told) if stored[name] != told[name])
        alone = sorted(set(stored) ^ set(told))
        if changed or (is_last and (alone or waiting)):
            raise Failed(f"{what}: the store holds {len(stored)} alerts, {len(waiting)} of them not as delivered, {len(told)} arrived; "
                         f"in one of them alone: {alone[:3]}, not the same in both: {changed[:3]}")
        return "" if alone or waiting else f"{len(stored)} alerts in the store, as they arrived"

    def restart(self):
        self.stage.kill_gateway()
        self.stage.start_gateway()

    def take_all(self):
        self.disk.take_reserved(self.stage.store)
        self.disk.fill()

    def stop_writing(self, action):
        """Between two writes, for a gateway that runs."""
        self.stage.gateway.send_signal(signal.SIGSTOP)
        try:
            until("every thread of the gateway stands still", self.stands_still, 5)
            action()
        finally:
            self.stage.gateway.send_signal(signal.SIGCONT)

    def stands_still(self):
        tasks = f"/proc/{self.stage.gateway.pid}/task"
        states = [open(f"{tasks}/{task}/stat", encoding="ascii").read().rsplit(")", 1)[1].split()[0]
                  for task in os.listdir(tasks)]
        return set(states) == {"T"}


def act_at_the_start(play):
    play.disk.fill()
    play.stage.start_gateway()
    play.stage.wait_for_stays()
    until("store_failing", play.is_failing, 10)
    play.turn_all(2)
    said = play.expect_direct("no room for a store", 0, 0)
    play.disk.clear()
    return f"{said}; then {play.expect_committed('no room for a store')}"


def act_beside_it(play):
    play.disk.fill()
    since = play.count()
    for _ in range(6):
        play.turn_all()
        time.sleep(play.draw.uniform(0, 1))
        play.restart()
    play.turn_all()
    said = play.expect_committed("a full disk beside a store that has its room")
    unsafe = sum(not a.alert["delivery"]["durable"] for a in play.arrived()[since:])
    if unsafe > 0:
        raise Failed(f"{unsafe} alerts were not durable, although the store had its room")
    play.disk.clear()
    return f"6 kills, all durable; {said}"


def grow_until_failing(play):
    """What is free inside the store's file is used first."""
    until("the store needs room that is not there", play.is_failing, 60, step=play.script.step)


def act_from_under_it(play):
    full = play.count()
    play.stop_writing(play.take_all)
    grow_until_failing(play)
    failing = play.count()
    play.turn_all(2)
    said = play.expect_direct("no room to write", full, failing)
    play.stage.link.cut()
    play.turn_all(2)
    play.stage.link.mend()
    play.disk.clear()
    return f"{said}; the link cut meanwhile; then {play.expect_committed('no room to write')}"


def act_behind_a_backlog(play):
    """At each bed what was committed comes before what could not be, although that is told first elsewhere."""
    play.stage.link.cut()
    play.turn_all(2)
    play.stop_writing(play.take_all)
    until("the store fails", lambda: play.stage.status().get("storage", {}).get("state") == "failing", 60,
          step=play.script.step)
    play.turn_all()
    play.stage.link.mend()
    until("all of it arrives", lambda: not late_ones(play), COMMITTED_S)
    play.disk.clear()
    return play.expect_committed("no room to write, and a backlog")


def act_before_it(play):
    epoch = play.arrived()[-1].alert["epoch"]
    play.turn_all()
    play.stage.link.cut()
    play.turn_all()
    play.stage.kill_gateway()
    play.take_all()
    play.stage.start_gateway()
    play.stage.link.mend()
    play.turn_all()
    until("what was committed is delivered", lambda: not late_ones(play), COMMITTED_S, step=play.script.step)
    play.disk.clear()
    said = play.expect_committed("a start without room")
    if play.arrived()[-1].alert["epoch"] != epoch:
        raise Failed("a start without room began another epoch, although the store was there")
    return f"the store was opened as it was; then {said}"


def act_killed_meanwhile(play):
    """What went out and was committed nowhere is told again, in another epoch: none of its names, and no number, is given to anything else."""
    since = play.count()
    play.stop_writing(play.take_all)
    grow_until_failing(play)
    play.turn_all()
    before = {alert["id"] for alert in starts(play, since) if not alert["delivery"]["durable"]}
    epochs = {arrival.alert["epoch"] for arrival in play.arrived()}
    play.stage.kill_gateway()
    play.disk.clear()
    restarted = play.count()
    play.stage.start_gateway()
    play.turn_all(2)
    until("the outbox is empty", play.stage.outbox_is_empty, COMMITTED_S)
    contents, numbers = {}, {}
    for arrival in play.arrived():
        contents.setdefault(judge.name_of(arrival.alert), set()).add(judge.content_of(arrival.alert))
        numbers.setdefault((arrival.alert["epoch"], arrival.alert["seq"]), set()).add(judge.content_of(arrival.alert))
    shared = [name for name, all_of in [*contents.items(), *numbers.items()] if len(all_of) > 1]
    if shared or not before:
        raise Failed(f"killed while the store failed: {len(before)} alarms began; names with two contents: {shared[:3]}")
    anew = [alert for alert in starts(play, restarted) if alert["epoch"] not in epochs]
    stored = play.stage.history()
    seqs = sorted(alert["seq"] for alert in stored)
    if not anew or seqs != list(range(seqs[0], seqs[0] + len(seqs))):
        raise Failed(f"killed while the store failed: {len(anew)} alarms began in another epoch; numbers stored: {seqs}")
    return f"{len(before)} alarms had begun, not durable; then {len(anew)} in another epoch, which goes on with the numbers"


def starts(play, since):
    return [a.alert for a in play.arrived()[since:] if a.alert["phase"] == "start"]


def late_ones(play):
    """Alarms that the script implies and that have not arrived."""
    firsts = judge.firsts_of(play.arrived())
    return [bed for bed in play.stage.beds if len(judge.told_of(firsts, bed, RULE)) < len(play.script.implied[bed])]


ACTS = {
    "at the start": act_at_the_start,
    "beside it": act_beside_it,
    "from under it": act_from_under_it,
    "behind a backlog": act_behind_a_backlog,
    "before it": act_before_it,
}


def play_all(play):
    for name, act in ACTS.items():
        print(f"kill: disk full {name}: {act(play)}", flush=True)
    play.restart()
    play.turn_all()
    play.script.finish()
    until("the outbox is empty", play.stage.outbox_is_empty, COMMITTED_S)


def fill_and_judge(seed):
    """True: all that must hold did. Where it cannot be tried that is no success, unless MAY_LEAVE_OUT says so."""
    if not os.environ.get(MOUNTS_MARK):
        print("kill: disk full: LEFT OUT, this user may not mount a file system (unshare --mount --map-root-user); "
              "MAY_LEAVE_OUT=1 lets that pass")
        return bool(os.environ.get("MAY_LEAVE_OUT"))
    play = Play(seed)
    good = False
    try:
        play_all(play)
        broken = judge.judge(play.arrived(), play.script.implied, RULE)
        judge.tell(broken)
        print(f"kill: disk full and killed: {act_killed_meanwhile(play)}")
        good = not broken
    except Failed as failed:
        print(f"kill: disk full: {failed}")
    finally:
        play.stage.close()
        play.disk.close()
    if good:
        play.stage.remove()
    else:
        print(f"kill: the files of the full disk are in {play.stage.folder}")
    return good
