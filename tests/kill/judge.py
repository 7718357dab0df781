"""Whether what arrived is what the ward's script implies: the invariants, by number and name (DESIGN.md, Kills)."""

import json

from link import Arrival

# name, what must hold; K1, K2 ... in this order
INVARIANTS = {
    "implied": "each alarm that the script implies arrives, and no other: its start with its value, its end, in the script's order",
    "no_gap": "every alert of the gateway arrives: seq from 1 on without a gap, and bed_seq at each bed",
    "order": "at each bed alerts arrive for the first time in the order of bed_seq",
    "content": "(epoch, id, rev) names one content, and one epoch all of them, unless the box was off",
    "once": "an alert comes again only on another connection than the one that acknowledged it, or when it is durable at last",
}


def content_of(alert):
    return json.dumps({key: value for key, value in alert.items() if key != "delivery"}, sort_keys=True)


def firsts_of(arrived):
    """Each alert once, as it came first."""
    seen, firsts = set(), []
    for arrival in arrived:
        name = name_of(arrival.alert)
        if name not in seen:
            seen.add(name)
            firsts.append(arrival.alert)
    return firsts


def name_of(alert):
    return alert["epoch"], alert["id"], alert["rev"]


def judge_content(arrived, one_epoch=True):
    contents = {}
    for arrival in arrived:
        contents.setdefault(name_of(arrival.alert), set()).add(content_of(arrival.alert))
    yield from (f"{name} has {len(all_of)} contents" for name, all_of in contents.items() if len(all_of) > 1)
    epochs = {arrival.alert["epoch"] for arrival in arrived}
    if one_epoch and len(epochs) != 1:
        yield f"{len(epochs)} epochs"


def judge_no_gap(firsts):
    yield from gaps("seq", sorted(alert["seq"] for alert in firsts))
    for bed in beds_of(firsts):
        yield from gaps(f"bed_seq of {bed}", sorted(a["bed_seq"] for a in firsts if a.get("bed") == bed))


def gaps(what, numbers):
    if numbers != list(range(1, len(numbers) + 1)):
        missing = sorted(set(range(1, max(numbers, default=0) + 1)) - set(numbers))
        yield f"{what}: {len(numbers)} of {max(numbers, default=0)}, missing {missing[:10]}"


def beds_of(firsts):
    return sorted({alert["bed"] for alert in firsts if alert.get("bed")})


def judge_order(firsts):
    for bed in beds_of(firsts):
        order = [alert["bed_seq"] for alert in firsts if alert.get("bed") == bed]
        for before, after in zip(order, order[1:]):
            if after < before:
                yield f"{bed}: {after} after {before}"


def judge_once(arrived):
    seen = set()
    for arrival in arrived:
        copy = (arrival.connection, name_of(arrival.alert), arrival.alert["delivery"]["durable"])
        if copy in seen:
            yield f"seq {arrival.alert['seq']} twice on one connection"
        seen.add(copy)


def told_of(firsts, bed, rule):
    return [
        (alert["phase"], alert["value"] if alert["phase"] == "start" else None)
        for alert in firsts
        if alert.get("bed") == bed and alert.get("rule") == rule and alert["phase"] in ("start", "end")
    ]


def judge_implied(firsts, script, rule):
    for bed, wanted in script.items():
        told = told_of(firsts, bed, rule)
        if told != wanted:
            same = [pair[0] == pair[1] for pair in zip(told, wanted)]
            at = same.index(False) if False in same else len(same)
            yield f"{bed}: {len(told)} of {len(wanted)}, at {at}: {told[at : at + 3]} instead of {wanted[at : at + 3]}"


def judge(arrived, script, rule, one_epoch=True):
    """(invariant, fault) of each that does not hold. one_epoch: no box was off meanwhile."""
    firsts = firsts_of(arrived)
    found = {
        "implied": judge_implied(firsts, script, rule),
        "no_gap": judge_no_gap(firsts),
        "order": judge_order(firsts),
        "content": judge_content(arrived, one_epoch),
        "once": judge_once(arrived),
    }
    return [(name, fault) for name in INVARIANTS for fault in found[name]]


def tell(broken, unjudged=()):
    for number, (name, text) in enumerate(INVARIANTS.items(), 1):
        if name in unjudged:
            continue
        faults = [fault for invariant, fault in broken if invariant == name]
        print(f"  K{number} {name}: {text}: {'held' if not faults else 'BROKEN: ' + '; '.join(faults[:3])}")


def self_test():
    """Each invariant can fail."""

    def arrival(seq, phase="start", value=150, connection=1, durable=True):
        alert = {"epoch": "e", "id": f"a{seq}", "rev": 1, "seq": seq, "bed_seq": seq, "bed": "b1", "rule": "r",
                 "phase": phase, "value": value, "delivery": {"durable": durable}}
        return Arrival(connection, alert, 0.0)

    script = {"b1": [("start", 150), ("end", None)]}
    good = [arrival(1, durable=False), arrival(2, "end")]
    cases = {
        "implied": [arrival(1, value=151), arrival(2, "end")],
        "no_gap": [arrival(1), arrival(3, "end")],
        "order": [arrival(2, "end"), arrival(1)],
        "content": good + [arrival(1, value=152, connection=2)],
        "once": good + [arrival(2, "end")],
    }
    assert not judge(good, script, "r") and not judge(good + [arrival(1), arrival(2, "end", connection=2)], script, "r")
    again = [arrival(3), arrival(4, "end")]  # an alarm that a kill began once more
    assert [broken for broken, _ in judge(good + again, script, "r")] == ["implied"]
    for name, arrived in cases.items():
        assert name in [broken for broken, _ in judge(arrived, script, "r")], name
