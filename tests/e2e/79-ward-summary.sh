#!/usr/bin/env bash
# The ward as a whole: admissions, discharges, alarms and a dead line move its topic; staff and capacity from the
# configuration; what was counted survives a restart; a reload changes and ends it; bad settings are told of.
. tests/e2e/lib.sh

start_broker
start_ward <<END
control \${WARD_DIR}/ward.sock
tcp gw-a 127.0.0.1:\${WARD_PORT} turnaround=1ms
monitor b01 gw-a 1 generated seed=1
monitor b02 gw-a 2 generated seed=2
END

# configure ENABLED NURSES CAPACITY
configure() {
    write_config <<END
stay_after: 2s
ward:
  enabled: $1
  patients_per_nurse: 1
  shifts: {all-day: {from: "00:00", nurses: $2}}
  need: {low: 1, low_medium: 1, medium: 1, high: 1, unscored: 1.5, week_hours: 42, leave: 0.25}
  capacity: $3
buses:
  gw-a: {kind: modbus-tcp, host: 127.0.0.1, port: $WARD_PORT}
beds:
  b01: {bus: gw-a, address: 1, profile: generic-vitals, class: adult}
  b02: {bus: gw-a, address: 2, profile: generic-vitals, class: adult}
rules: [rules/standard.yaml]
END
}

newest() { grep "^$BASE/gateway/gw-test/ward " "$TEST_DIR/seen.txt" | tail -n 1; }
says() { newest | grep -q -- "$1"; }
order() { "$WARDGATE" command -c "$TEST_DIR/wardgate.yaml" "$@" >/dev/null || fail "$*"; }

ward_do b02 silence
configure true 1 '{window: 28d}'
subscribe seen.txt "$BASE/gateway/#"
start_gateway
wait_for 15 "one bed is occupied" says '"beds":{"total":2,"occupied":1,"vacant":1,"away":0,"not_monitored":0,"occupancy":0.5,'
wait_for 5 "its patient is not scored yet" says '"bed":"b01","state":"occupied","alarm":"[a-z]*","score":"news2","band":"unscored","nurse":1}'
says '"staff":{"shift":"all-day","on_duty":1,"source":"configuration","until":"[^"]*","planned":1,"patients_per_nurse":1,"patients_per_nurse_max":1,"over_ratio":false,"wte":1.5,"nurses_needed":0.3,"balance":0.7,"assignment":\[{"nurse":1,"patients":1,"load":1.5}\]}' ||
    fail "$(newest)"
says '"capacity":{"source":"counted","reason":"insufficient_data",.*"no_bed_free":null,.*"counted":{"admissions":1,"stays":0,"stays_least":20,"days":0,"days_least":7}' ||
    wait_for 5 "the admission is counted" says '"counted":{"admissions":1,"stays":0,'

order b02 admit
wait_for 5 "both are occupied, one is not monitored" says '"occupied":2,"vacant":0,"away":0,"not_monitored":1,"occupancy":1,'
says '"patients_per_nurse":2,"patients_per_nurse_max":1,"over_ratio":true' || fail "$(newest)"
order b02 away
wait_for 5 "one is away" says '"bed":"b02","state":"away"'
ward_do b01 value spo2 70
wait_for 60 "a high alarm shows" says '"alarms":{"high":1,.*"bed":"b01","state":"occupied","alarm":"high"'
order b02 discharge
wait_for 5 "one has left" says '"occupied":1,"vacant":1,.*"counted":{"admissions":2,"stays":1,'
"$WARDGATE" status -c "$TEST_DIR/wardgate.yaml" >"$TEST_DIR/status.txt"
grep -q '^ward     1 of 2 beds occupied (0 away, 0 not monitored), alarms: 1 high' "$TEST_DIR/status.txt" ||
    fail "$(cat "$TEST_DIR/status.txt")"
grep -q '^staff    all-day: 1 nurse, 1.0 patients each, 0.2 needed' "$TEST_DIR/status.txt" || fail "$(cat "$TEST_DIR/status.txt")"
grep -q '^capacity insufficient data: 1 of 20 stays, 0 of 7 days' "$TEST_DIR/status.txt" || fail "$(cat "$TEST_DIR/status.txt")"
"$WARDGATE" status -c "$TEST_DIR/wardgate.yaml" --json | finds '"ward":{"beds":{"total":2,"occupied":1,' || fail "status --json"

# Somebody is ill: who is on duty is told, until the next shift or a given time, and outlives the process.
"$WARDGATE" command -c "$TEST_DIR/wardgate.yaml" b02 set_staff nurses=0 reason="one ill" | finds '"command":"set_staff","bed":"b02",.*"accepted":true' ||
    fail "set_staff"
wait_for 5 "nobody is on duty" says '"on_duty":0,"source":"command","until":"[^"]*","planned":1,.*"over_ratio":true'
until="$(date -u -d '+3 hours' +%Y-%m-%dT%H:%M:00Z)"
order b01 set_staff nurses=2 reason="a bank nurse came" "until=$until"
wait_for 5 "two are on duty, so long" says "\"on_duty\":2,\"source\":\"command\",\"until\":\"${until%Z}.000Z\",\"planned\":1,.*\"nurse\":1,\"patients\":1,\"load\":1},{\"nurse\":2,"
"$WARDGATE" status -c "$TEST_DIR/wardgate.yaml" | finds '^staff    all-day: 2 nurses, by command until ..:.., 0.5 patients each' || fail "status"
"$WARDGATE" command -c "$TEST_DIR/wardgate.yaml" b01 set_staff nurses=2 reason="for a week" "until=$(date -u -d '+7 days' +%Y-%m-%dT%H:%M:00Z)" >"$TEST_DIR/told.txt" && fail "a week"
grep -q '"accepted":false,"reason":"bounds","text":"until must lie ahead, at most 24 h"' "$TEST_DIR/told.txt" || fail "$(cat "$TEST_DIR/told.txt")"
"$WARDGATE" audit show --json -c "$TEST_DIR/wardgate.yaml" | finds '"result":"accepted","nurses":2,"until":"[^"]*","reason":"a bank nurse came"' || fail "audit"

# What was counted outlives the process, and a stay that goes on is not counted again.
kill_gateway
: >"$TEST_DIR/seen.txt"
start_gateway
wait_for 15 "the counts go on" says '"occupied":1,.*"counted":{"admissions":2,"stays":1,'
says "\"on_duty\":2,\"source\":\"command\",\"until\":\"${until%Z}.000Z\"" || fail "$(newest)"

configure true 4 '{arrivals_per_day: 0.5, mean_stay: 2d}'
"$WARDGATE" check -c "$TEST_DIR/wardgate.yaml" >"$TEST_DIR/check.txt" || fail "check"
grep -q '^  from 00:00 all-day: 4 nurses$' "$TEST_DIR/check.txt" || fail "$(cat "$TEST_DIR/check.txt")"
grep -q '^  capacity: load 1 of 2 beds' "$TEST_DIR/check.txt" || fail "$(cat "$TEST_DIR/check.txt")"
"$WARDGATE" reload -c "$TEST_DIR/wardgate.yaml" >/dev/null || fail "reload"
wait_for 5 "other nurses are planned, and a load that somebody gave" says '"on_duty":2,"source":"command",.*"planned":4,.*"capacity":{"source":"configuration","reason":null,"arrivals_per_day":0.5,"mean_stay_days":2,"load":1,"no_bed_free":0.2,"waiting":0.333333,"queue":0.333333,"wait_hours":16}'

configure false 4 '{window: 28d}'
"$WARDGATE" reload -c "$TEST_DIR/wardgate.yaml" >/dev/null || fail "reload"
wait_for 5 "it is emptied" says '/ward $'

configure true none '{window: 1d}'
"$WARDGATE" check -c "$TEST_DIR/wardgate.yaml" 2>"$TEST_DIR/told.txt" && fail "a bad ward is taken"
grep -q 'ward.shifts.all-day.nurses: "none" is not a whole number' "$TEST_DIR/told.txt" || fail "$(cat "$TEST_DIR/told.txt")"
grep -q 'ward.capacity.window: 1d is out of range, it must be from 7d to 28d' "$TEST_DIR/told.txt" || fail "$(cat "$TEST_DIR/told.txt")"
