#!/usr/bin/env bash
# A box without a clock of its own: it starts in 1970, finds a time source while a delay runs, has a leap second, is set back while the gateway
# is dead. Alarms, delays and numbers go on; what was shown before is told as off by how much, on the broker and in history.
. tests/e2e/lib.sh
. tests/e2e/clock.sh

start_of() { grep "$BASE/$1/alert .*\"phase\":\"start\".*\"rule\":\"$2\"" "$TEST_DIR/seen.txt" | tail -n 1; }
# off_of SEQ: by how much the newest message says that this alert was off, in ms; nothing when it says nothing.
off_of() {
    grep "^$BASE/gateway/gw-test/clock " "$TEST_DIR/payloads.txt" | tail -n 1 | cut -d' ' -f2- |
        python3 -c 'import json, sys
for c in json.load(sys.stdin)["corrections"]:
    if c["from_seq"] <= int(sys.argv[1]) <= c["through_seq"]:
        print(round(c["off_s"] * 1000), c["clock"])' "$1"
}
is_told() { off_of "$1" | finds " $2\$"; }
is_off_by() { # SEQ MS
    local off
    read -r off _ <<<"$(off_of "$1")"
    [ -n "$off" ] && near "$off" "$2" 50
}
history() { "$WARDGATE" history -c "$TEST_DIR/wardgate.yaml" "$@"; }

start_broker
watch_beds 2 rules/clock.yaml <<<"stay_after: 1s"
cat >"$TEST_DIR/rules/clock.yaml" <<END
rules:
  at_once: {when: spo2 < 80, clear: spo2 >= 80, priority: medium, text: "SpO2 below 80 %", advice: "Look"}
  in_time: {when: hr > 180, clear: hr <= 180, delay: 8s, priority: medium, text: "Heart rate above 180/min", advice: "Look"}
END
subscribe seen.txt "$BASE/+/alert" "$BASE/gateway/gw-test/alert"

# ---- 1970, and no time source
set_clock_1970 0
start_by_clock
wait_for 10 "the stay begins" grep -q '"rule":"admission_not_entered"' "$TEST_DIR/seen.txt"
ward_do b01 value spo2 70
wait_for 10 "the alarm starts" grep -q '"phase":"start".*"rule":"at_once"' "$TEST_DIR/seen.txt"
first=$(start_of b01 at_once)
[[ $(member at <<<"$first") == 1970-01-01T00:0* ]] || fail "not shown in 1970: $first"
[ "$(member clock <<<"$first")" = unsynced ] || fail "not said to be unsynced: $first"
[ "$(member value <<<"$first")" = 70 ] || fail "without its content: $first"
seq=$(member seq <<<"$first")
[ -z "$(off_of "$seq")" ] || fail "a correction before there was a clock"

# ---- it finds its time source in the middle of a delay
ward_do b02 value hr 200
sleep 3
set_clock 0 1
wait_for 10 "the correction is told" is_told "$seq" synced
read -r off _ <<<"$(off_of "$seq")"
[ "$off" -gt 1700000000000 ] || fail "off by $off ms"
wait_for 20 "the delay ends" grep -q "$BASE/b02/alert .*\"phase\":\"start\".*\"rule\":\"in_time\"" "$TEST_DIR/seen.txt"
second=$(start_of b02 in_time)
[ "$(member clock <<<"$second")" = synced ] || fail "still unsynced: $second"
near "$(ms_of "$(member at <<<"$second")")" "$(date +%s%3N)" 20000 || fail "not shown by the clock as it is: $second"
near "$(($(ms_of "$(member condition_at <<<"$second")") - $(ms_of "$(member violated_at <<<"$second")")))" 8000 50 ||
    fail "the delay was not 8 s: $second"
grep '/alert ' "$TEST_DIR/seen.txt" | finds '"phase":"end"' && fail "a step of the clock ended an alarm"

# ---- history by the clock as it is now
history --csv --bed b01 >"$TEST_DIR/history.csv"
grep ',at_once,start,' "$TEST_DIR/history.csv" | finds ',corrected,' || fail "history does not say that it corrects"
shown=$(grep ',at_once,start,' "$TEST_DIR/history.csv" | cut -d, -f1)
near "$(ms_of "$shown")" "$(($(ms_of "$(member at <<<"$first")") + off))" 5 || fail "history says $shown"
near "$(ms_of "$shown")" "$(date +%s%3N)" 60000 || fail "that is not when it was: $shown"
history --json --bed b01 | grep '"rule":"at_once"' | finds '"at":"1970-.*"correction":{"at":"20' || fail "the alert as it was sent, and its correction"
"$WARDGATE" audit show -c "$TEST_DIR/wardgate.yaml" | finds 'clock .*step_s=' || fail "no row in the audit log"

# ---- a leap second is none
told=$(grep -c "^$BASE/gateway/gw-test/clock " "$TEST_DIR/payloads.txt")
set_clock -1000 1
sleep 3
grep "^$BASE/gateway/gw-test/clock " "$TEST_DIR/payloads.txt" | tail -n +$((told + 1)) | finds . && fail "a leap second was told as a step"
set_clock 0 1

# ---- set back by an hour while the gateway is dead: the same boot of the box, so nothing of time is lost
kill_gateway
set_clock -3600000 1
start_by_clock
wait_for 10 "that is told" is_told "$(member seq <<<"$second")" synced
read -r off _ <<<"$(off_of "$(member seq <<<"$second")")"
near "$off" -3600000 50 || fail "off by $off ms after the step back"
sleep 2
set_clock 0 1 # it was a mistake
ward_do b01 value spo2 auto
wait_for 20 "the alarm ends" grep -q "$BASE/b01/alert .*\"phase\":\"end\".*\"rule\":\"at_once\"" "$TEST_DIR/seen.txt"
end=$(grep "$BASE/b01/alert .*\"phase\":\"end\".*\"rule\":\"at_once\"" "$TEST_DIR/seen.txt" | tail -n 1)
[ "$(member id <<<"$end")" = "$(member id <<<"$first")" ] || fail "the end has another id than the start"
near "$(ms_of "$(member at <<<"$end")")" "$(date +%s%3N)" 20000 || fail "not shown by the clock as it is: $end"
wait_for 10 "that is taken back" is_off_by "$(member seq <<<"$second")" 0
grep '/alert ' "$TEST_DIR/seen.txt" | member seq | sort -n | uniq | awk '$1 != NR { exit 1 }' || fail "seq has a gap"
[ "$(grep -c '"phase":"start".*"rule":"in_time"' "$TEST_DIR/seen.txt")" = 1 ] || fail "an alarm started twice"
"$WARDGATE" audit verify -c "$TEST_DIR/wardgate.yaml" >/dev/null || fail "the audit log is not whole"
stop_gateway
