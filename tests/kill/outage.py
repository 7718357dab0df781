"""outage.py: the broker is away for OUTAGE_S (20), VALUES (40) values are set meanwhile, the gateway is killed in the middle.

Each value is above the limit or below it in turn, so it is an alert of its own: a start with that value, or an end. All
must arrive, in order, each once. Prints how many did, and how long after the broker's return the first one came.
"""

import os
import random
import sys
import time

import judge
from stage import LIMIT, RULE, Failed, Stage, until

VALUES = int(os.environ.get("VALUES") or 40)
OUTAGE_S = float(os.environ.get("OUTAGE_S") or 20)
BED = "b1"


def rate(number):
    """Of the values 1, 2, ...: no two are the same."""
    return LIMIT + number if number % 2 else LIMIT - number


def wait_for_reads(stage, patience_s):
    """The gateway reads the monitor, and what it reads can be stored."""
    before = stage.reads()[BED]
    until("the gateway reads the monitor", lambda: stage.reads()[BED] >= before + 3, patience_s)


def set_values(stage, begun):
    """Evenly over the outage; none while no gateway is there to read it."""
    for number in range(1, VALUES + 1):
        time.sleep(max(0, begun + (number - 0.5) * OUTAGE_S / VALUES - time.monotonic()))
        stage.set_rate(BED, rate(number))
        if number == VALUES // 2:
            time.sleep(random.uniform(0, 0.3))
            stage.kill_gateway()
            stage.start_gateway()
            wait_for_reads(stage, 10)


def play(stage):
    """The alerts of those values as they arrived, and how long the first one took."""
    stage.set_rate(BED, rate(VALUES + VALUES % 2))
    stage.start_gateway()
    stage.wait_for_stays()
    until("the outbox is empty", stage.outbox_is_empty, 10)
    begun, before = time.monotonic(), len(stage.link.arrived)
    stage.kill_broker()
    set_values(stage, begun)
    time.sleep(max(0, begun + OUTAGE_S - time.monotonic()))
    back = stage.start_broker()
    until("something arrives", lambda: len(stage.link.arrived) > before, 30)
    until("the outbox is empty", stage.outbox_is_empty, 30)
    return stage.link.arrived[before].at - back


def main():
    random.seed(int(os.environ.get("KILL_SEED") or 1))
    stage = Stage(beds=1)
    good = False
    try:
        first_s = play(stage)
        firsts = judge.firsts_of(stage.link.arrived)
        told = judge.told_of(firsts, BED, RULE)
        wanted = [("start", rate(n)) if n % 2 else ("end", None) for n in range(1, VALUES + 1)]
        in_order = next((i for i, (one, other) in enumerate(zip(told, wanted)) if one != other), min(len(told), len(wanted)))
        broken = judge.judge(stage.link.arrived, {BED: wanted}, RULE)
        print(f"outage: {in_order} of {VALUES} values set in {OUTAGE_S:g} s without a broker delivered in order, the gateway "
              f"killed in the middle; the first {first_s * 1000:.0f} ms after the broker was back")
        judge.tell(broken)
        good = not broken and in_order == VALUES
    except Failed as failed:
        print(f"outage: {failed}")
    finally:
        stage.close()
    if good:
        stage.remove()
    else:
        print(f"outage: FAILED, its files are in {stage.folder}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
