#!/usr/bin/env bash
# A ward in 2040: 32 bits of time end in January 2038. Alerts, stays, history and a restart carry dates behind that, and the wait of a delay is as long as
# ever. On a 32-bit box (make TARGET=armhf e2e) it shows that nothing of the gateway counts in 32 bits.
. tests/e2e/lib.sh
. tests/e2e/clock.sh

AHEAD_MS=$((($(date -u -d 2040-02-28T12:00:00Z +%s) - $(date +%s)) * 1000))
start_of() { grep "$BASE/$1/alert .*\"phase\":\"start\".*\"rule\":\"$2\"" "$TEST_DIR/seen.txt" | tail -n 1; }
is_2040() { [[ $1 == 2040-02-28T12:* ]]; }

start_broker
watch_beds 1 rules/clock.yaml <<<"stay_after: 1s"
cat >"$TEST_DIR/rules/clock.yaml" <<END
rules:
  at_once: {when: spo2 < 80, clear: spo2 >= 80, priority: medium, text: "SpO2 below 80 %", advice: "Look"}
  in_time: {when: hr > 180, clear: hr <= 180, delay: 4s, priority: medium, text: "Heart rate above 180/min", advice: "Look"}
END
subscribe seen.txt "$BASE/+/alert" "$BASE/b01/vitals"

set_clock "$AHEAD_MS" 1
start_by_clock
wait_for 10 "the stay begins" grep -q '"rule":"admission_not_entered"' "$TEST_DIR/seen.txt"
ward_do b01 value spo2 70
ward_do b01 value hr 200
wait_for 15 "the delay ends" grep -q '"phase":"start".*"rule":"in_time"' "$TEST_DIR/seen.txt"
first=$(start_of b01 at_once)
second=$(start_of b01 in_time)
is_2040 "$(member at <<<"$first")" || fail "not in 2040: $first"
is_2040 "$(grep "^$BASE/b01/vitals " "$TEST_DIR/seen.txt" | tail -n 1 | member at)" || fail "vitals are not of 2040"
near "$(($(ms_of "$(member condition_at <<<"$second")") - $(ms_of "$(member violated_at <<<"$second")")))" 4000 50 ||
    fail "the delay was not 4 s: $second"

kill_gateway
start_by_clock
ward_do b01 value spo2 97
wait_for 15 "the alarm of before ends" grep -q '"phase":"end".*"rule":"at_once"' "$TEST_DIR/seen.txt"
end=$(grep '"phase":"end".*"rule":"at_once"' "$TEST_DIR/seen.txt" | tail -n 1)
is_2040 "$(member at <<<"$end")" || fail "the end is not of 2040: $end"
is_2040 "$(member condition_at <<<"$end")" || fail "the end does not know when the alarm began: $end"
"$WARDGATE" history -c "$TEST_DIR/wardgate.yaml" --json >"$TEST_DIR/history.txt"
[ "$(grep -c '2040-02-28T12:' "$TEST_DIR/history.txt")" -ge 3 ] || fail "history has no dates of 2040"
stop_gateway
