#!/usr/bin/env bash
# What `run --record` wrote gives the same records again: alarms, an acknowledgement, a discharge, a monitor that falls silent, a restart in the
# middle of alarms, a reload. And what stops a recording, or spoils it, is said.
. tests/e2e/lib.sh

start_broker
watch_beds 2 <<<'stay_after: 2s'
subscribe seen.txt "$BASE/+/alert" "$BASE/gateway/+/alert"

command() { "$WARDGATE" command -c "$TEST_DIR/wardgate.yaml" "$@" >>"$TEST_DIR/command.log" 2>&1; }

# replay NAME FILE: alerts go to $TEST_DIR/NAME.alerts
replay() {
    "$WARDGATE" replay -c "$TEST_DIR/wardgate.yaml" "$2" >"$TEST_DIR/$1.alerts" 2>"$TEST_DIR/$1.log"
}

# same FIRST LAST NAME: the alerts that the broker had from line FIRST to LAST are those of the replay. `delivery` is no part of an alert, and
# what people read of time is corrected by the wall clock of the moment, to the millisecond.
same() {
    sed -n "$1,$2p" "$TEST_DIR/seen.txt" | cut -d' ' -f2- >"$TEST_DIR/$3.seen"
    python3 - "$TEST_DIR/$3.seen" "$TEST_DIR/$3.alerts" <<'END'
import datetime, json, sys
seen, replayed = ([json.loads(line) for line in open(name)] for name in sys.argv[1:])
seen.sort(key=lambda alert: alert["seq"])
instant = lambda text: datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
assert len(seen) == len(replayed), f"{len(seen)} alerts were sent, {len(replayed)} replayed"
for a, b in zip(seen, replayed):
    del a["delivery"]
    for key in ("at", "violated_at", "condition_at", "raised_at"):
        x, y = a.pop(key), b.pop(key)
        assert (x is None) == (y is None) and (x is None or abs(instant(x) - instant(y)) < 0.02), (key, x, y)
    assert json.dumps(a) == json.dumps(b), f"\n{a}\n{b}"
END
}

lines() { wc -l <"$TEST_DIR/seen.txt"; }

is_new_alarm() { tail -n "+$((second_lines + 1))" "$TEST_DIR/seen.txt" | grep -q '"phase":"start".*spo2_desat'; }

### A run with all that can happen in it

start_recorded "$TEST_DIR/first.jsonl"
wait_for 10 "a stay begins by itself" grep -q "^$BASE/b01/alert .*admission_not_entered" "$TEST_DIR/seen.txt"
command b01 admit || fail "b01 is not admitted"
ward_do b01 value spo2 70
wait_for 15 "the saturation is an alarm" grep -q "^$BASE/b01/alert .*\"phase\":\"start\".*spo2_desat" "$TEST_DIR/seen.txt"
alarm=$(grep "^$BASE/b01/alert .*\"phase\":\"start\".*spo2_desat" "$TEST_DIR/seen.txt" | member id)
command b01 acknowledge alarm_id="$alarm" rev=1 || fail "the alarm is not acknowledged"
! command b01 acknowledge alarm_id="$alarm" rev=1 || fail "an acknowledgement of what is over is taken"
ward_do b02 silence
wait_for 20 "the monitor is silent" grep -q "^$BASE/b02/alert .*\"phase\":\"start\".*monitor_silent" "$TEST_DIR/seen.txt"
command b02 discharge || fail "b02 is not discharged"
stop_gateway
sleep 0.3
first_lines=$(lines)
replay first "$TEST_DIR/first.jsonl" || fail "the recording is not replayed, or to other records"
same 1 "$first_lines" first || fail "other alerts than those of the run"
[ "$(stat -c %a "$TEST_DIR/first.jsonl")" = 600 ] || fail "others may read the recording"
tail -n 2 "$TEST_DIR/first.jsonl" | head -n 1 | grep -q '"input":"check","records":[1-9]' || fail "the recording has no check"
for phase in acknowledge end; do
    grep -q "\"phase\":\"$phase\"" "$TEST_DIR/first.alerts" || fail "no alert of $phase"
done

### A start in the middle of alarms, and a reload

ward_do b02 answer
start_recorded "$TEST_DIR/second.jsonl"
wait_for 20 "the alarm of before goes on" grep -q '"input":"restore_alarm".*spo2_desat' "$TEST_DIR/second.jsonl"
sleep 1
ward_do b01 value spo2 97
wait_for 20 "it ends" grep -q "^$BASE/b01/alert .*\"phase\":\"end\".*spo2_desat" "$TEST_DIR/seen.txt"
sed -i 's/stay_after: 2s/stay_after: 3s/' "$TEST_DIR/wardgate.yaml"
cp "$TEST_DIR/wardgate.yaml" "$TEST_DIR/after.yaml"
kill -HUP "$GATEWAY_PID"
wait_for 10 "the recording ends" grep -q '"input":"end","why":"reload"' "$TEST_DIR/second.jsonl"
ward_do b01 value spo2 71
second_lines=$(lines)
wait_for 30 "the saturation is an alarm again" is_new_alarm
stop_gateway
sleep 0.3
tail -n 1 "$TEST_DIR/second.jsonl.2" | grep -q '"input":"end","why":"stop"' || fail "no second part is recorded"
replay changed "$TEST_DIR/second.jsonl" || true
grep -q "not the configuration of the recording" "$TEST_DIR/changed.log" || fail "another configuration is not noticed"
replay third "$TEST_DIR/second.jsonl.2" || fail "the part after a reload is not replayed, or to other records"
grep -q '"phase":"start".*spo2_desat' "$TEST_DIR/third.alerts" || fail "the part after a reload has no alarm"
sed -i 's/stay_after: 3s/stay_after: 2s/' "$TEST_DIR/wardgate.yaml"
replay second "$TEST_DIR/second.jsonl" || fail "the recording of a restart is not replayed, or to other records"
! grep -q "not the configuration of the recording" "$TEST_DIR/second.log" || fail "it is the configuration of then"
grep -q "the recording ends at a reload ($TEST_DIR/second.jsonl:" "$TEST_DIR/second.log" || fail "the reload is not said"

### What spoils a recording

# spoil NAME SED: the first recording, changed
spoil() { sed "$2" "$TEST_DIR/first.jsonl" >"$TEST_DIR/$1.jsonl"; }

# said NAME STATUS TEXT: its replay ends so and says so
said() {
    local status=0
    replay "$1" "$TEST_DIR/$1.jsonl" || status=$?
    [ "$status" -eq "$2" ] || fail "$1: status $status instead of $2"
    grep -qF -- "$3" "$TEST_DIR/$1.log" || fail "$1: '$3' is not said"
}

spoil other 's/"spo2":70,/"spo2":79,/'
said other 1 "the records up to here are not those of the run ($TEST_DIR/other.jsonl:"
spoil broken '20s/.*/{"t":1,/'
said broken 1 "it is no flat JSON object"
grep -qF "($TEST_DIR/broken.jsonl:20)" "$TEST_DIR/broken.log" || fail "the line is not named"
spoil stranger '20s/"bed":"b0[12]"/"bed":"b77"/'
said stranger 1 "bed 'b77' is not in the configuration ($TEST_DIR/stranger.jsonl:20)"
spoil version '1s/"version":1/"version":9/'
said version 1 "of another version (9"
head -c $(($(wc -c <"$TEST_DIR/first.jsonl") / 2)) "$TEST_DIR/first.jsonl" >"$TEST_DIR/cut.jsonl"
said cut 0 "the recording breaks off"

status=0
"$WARDGATE" run -c "$TEST_DIR/wardgate.yaml" --record "$TEST_DIR/first.jsonl" 2>"$TEST_DIR/twice.log" || status=$?
[ "$status" -eq 1 ] || fail "a recording is written over: status $status"
grep -q "cannot record ($TEST_DIR/first.jsonl: File exists)" "$TEST_DIR/twice.log" || fail "it is not said why"
