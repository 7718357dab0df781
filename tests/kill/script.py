"""What each bed shows, and the alarms that it implies.

A rate stays until the gateway has read it READS times in one piece, and was there for a while after that, connected or
not. So each change implies one start or one end of an alarm.
"""

import time

from judge import name_of
from stage import LIMIT, NORMAL, RULE

READS = 3
SETTLE_S = 0.4  # for the commit of what a rate has caused


class Script:
    def __init__(self, stage, random):
        self.stage, self.random = stage, random
        self.implied = {bed: [] for bed in stage.beds}
        self.turned = {bed: [] for bed in stage.beds}  # when, of each of them, and over which connection it could be told
        self.turns = 0
        self.marks = {}  # bed: the gateway that is to read it, how often it was read before, since when it was enough
        self.extra_s = {bed: 0.0 for bed in stage.beds}
        for bed in stage.beds:
            stage.set_rate(bed, NORMAL)

    def look(self):
        """Which beds have shown their rate for long enough."""
        reads, now = self.stage.reads(), time.monotonic()
        return [bed for bed in self.stage.beds if self.has_held(bed, reads[bed], now)]

    def has_held(self, bed, count, now):
        starts = self.stage.starts
        mark = self.marks.get(bed)
        if mark is None or mark[0] != starts:
            mark = (starts, count, None)
        if mark[2] is None and count - mark[1] >= READS:
            mark = (starts, mark[1], now)
        self.marks[bed] = mark
        return mark[2] is not None and now - mark[2] >= SETTLE_S + self.extra_s[bed] and not self.stage.struck

    def is_raised(self, bed):
        return bool(self.implied[bed]) and self.implied[bed][-1][0] == "start"

    def turn(self, bed):
        rate = NORMAL
        if self.is_raised(bed):
            self.implied[bed].append(("end", None))
        else:
            rate = LIMIT + 10 + self.turns % 60
            self.implied[bed].append(("start", rate))
        self.turns += 1
        self.marks.pop(bed, None)
        self.turned[bed].append((time.monotonic(), self.stage.link.carries))
        self.stage.set_rate(bed, rate)
        self.extra_s[bed] = self.random.uniform(0, 0.5)

    def delays(self, arrived):
        """Of each alert that the script implies, as it came first, over the connection that stood when its rate was set: its place
        in `arrived`, when its rate was set, when it came."""
        turns, seen = {}, set()
        for index, arrival in enumerate(list(arrived)):
            alert = arrival.alert
            if alert["rule"] != RULE or alert["phase"] not in ("start", "end") or name_of(alert) in seen:
                continue
            seen.add(name_of(alert))
            implied = self.implied[alert["bed"]]
            if alert["phase"] == "start":  # of those with this value the newest; its end is the turn after that
                turns[alert["id"]] = max(i for i, word in enumerate(implied) if word == ("start", alert["value"]))
            turn = turns[alert["id"]] + (alert["phase"] == "end")
            if turn == len(implied):  # an end that the script does not imply: judge.py's
                continue
            turned, connection = self.turned[alert["bed"]][turn]
            if connection == arrival.connection:
                yield index, turned, arrival.at

    def step(self):
        """True: some bed has another rate now."""
        turning = self.look()
        for bed in turning:
            self.turn(bed)
        return bool(turning)

    def hold(self):
        """Every bed keeps its rate for long enough."""
        while set(self.look()) != set(self.stage.beds):
            time.sleep(0.02)

    def finish(self):
        """Everything goes back to normal, and stays there for long enough."""
        self.hold()
        for bed in filter(self.is_raised, self.stage.beds):
            self.turn(bed)
        self.hold()
