#!/usr/bin/env bash
# Pauses: what they silence, what breaks through, that a power cut does not end them and their time does; an alarm that
# nobody acknowledges escalates; a rule that is off is seen to be.
. tests/e2e/lib.sh

start_broker
start_ward <<END
control \${WARD_DIR}/ward.sock
tcp gw-a 127.0.0.1:\${WARD_PORT} turnaround=1ms
monitor b01 gw-a 1 generated seed=1
END
write_config <<END
stay_after: 2s
commands: {enabled: true, roles: [nurse, charge]}
pauses: {audio_at_most: 10min, reminder: 10s}
escalate: {after: 90s, to: high}
buses:
  gw-a: {kind: modbus-tcp, host: 127.0.0.1, port: $WARD_PORT}
beds:
  b01:
    bus: gw-a
    address: 1
    profile: generic-vitals
    class: adult
    overrides: {slow: {off: true}}
rules: [rules/own.yaml]
END
cat >"$TEST_DIR/rules/own.yaml" <<END
rules:
  fast: {when: hr > 150, priority: medium, escalate: {after: 6s, to: high}, text: "Fast", advice: "Look"}
  faint: {when: spo2 < 75, priority: high, text: "Faint", advice: "Look"}
  slow: {when: hr < 20, priority: high, text: "Slow", advice: "Look"}
END

# told PATTERN...: an alert of the bed has all of these, in the order of its keys.
told() { wait_for 15 "an alert: $1" grep -qE "^$BASE/b01/alert .*$1" "$TEST_DIR/seen.txt"; }

# tell COMMAND [KEY=VALUE ...]: under the role local.
tell() {
    "$WARDGATE" command -c "$TEST_DIR/wardgate.yaml" b01 "$@" >"$TEST_DIR/local.json" || true
    grep -qE "${EXPECTED:-\"accepted\":true}" "$TEST_DIR/local.json" || fail "$*: $(cat "$TEST_DIR/local.json")"
}

# publish ROLE ID MORE: a pause over the broker.
publish() {
    local now
    now=$(date -u +%Y-%m-%dT%H:%M:%S.%3NZ)
    mosquitto_pub -h 127.0.0.1 -p "$PORT" -q 1 -t "$BASE/b01/command/$1" -m \
        "{\"id\":\"$2\",\"by\":\"n-17\",\"stay\":\"$stay\",\"at\":\"$now\",\"expires_at\":\"$(date -u -d '10 seconds' +%Y-%m-%dT%H:%M:%S.%3NZ)\",\"command\":\"pause\",$3}"
}

# shows PATTERN: the newest settings.
shows() {
    wait_for 5 "the settings show $1" bash -c "grep '^$BASE/b01/settings ' '$TEST_DIR/seen.txt' | tail -n 1 | grep -qE '$1'"
}

"$WARDGATE" check -c "$TEST_DIR/wardgate.yaml" >"$TEST_DIR/check.txt" 2>&1 || fail "check"
grep -q '  b01 .*; OFF: slow (high)' "$TEST_DIR/check.txt" || fail "check does not say what is off"
grep -q 'warning: beds.b01.overrides.slow.off: a rule of high priority is off' "$TEST_DIR/check.txt" || fail "no warning"
grep -q "^the gateway's own alarms: high after 90 s without acknowledgement\$" "$TEST_DIR/check.txt" || fail "check does not say what escalates"

ward_do b01 value hr 70
ward_do b01 value spo2 97
subscribe seen.txt "$BASE/#"
start_gateway
told '"phase":"start".*"rule":"alarms_paused","text":"[^"]*: slow is off"'
stay=$(grep "^$BASE/b01/alert .*admission_not_entered" "$TEST_DIR/seen.txt" | tail -n 1 | member stay)
shows '"rules_off":\["slow"\],"pauses":\[\]'

# Who may pause what, and for how long.
publish nurse p-1 '"what":"alarm"'
wait_for 5 "a nurse may not" grep -q '/reply .*"id":"p-1".*"reason":"role"' "$TEST_DIR/seen.txt"
publish nurse p-2 '"what":"audio","duration":"11min"'
wait_for 5 "not for so long" grep -q '/reply .*"id":"p-2".*"text":"at most 600 s of audio pause"' "$TEST_DIR/seen.txt"
publish nurse p-3 '"what":"audio","duration":"10min"'
wait_for 5 "audio" grep -q '/reply .*"id":"p-3".*"accepted":true' "$TEST_DIR/seen.txt"
shows '"pauses":\[\{"what":"audio","rule":null,"from":"20[^"]*","until":"20[^"]*"\}\]'
told '"rule":"alarms_paused","text":"[^"]*audio paused 600 s more, slow is off"'

# What begins is silenced, what is of high priority is not, and what escalates to it neither.
ward_do b01 value hr 180
told '"phase":"start".*"inactivation":"audio_paused","priority":"medium".*"rule":"fast".*"delays":\{.*"escalate_s":6\}'
ward_do b01 value spo2 60
told '"phase":"start".*"inactivation":"none","priority":"high".*"rule":"faint"'
id=$(grep "^$BASE/b01/alert .*\"rule\":\"fast\"" "$TEST_DIR/seen.txt" | head -n 1 | member id)
told "\"id\":\"$id\".*\"phase\":\"escalate\".*\"inactivation\":\"none\",\"priority\":\"high\".*\"rule\":\"fast\""

# No signals at all, of one rule; a power cut does not end it.
tell pause what=alarm rule=faint duration=20s
told '"phase":"update".*"inactivation":"alarm_paused","priority":"high".*"rule":"faint"'
told '"rule":"alarms_paused","text":"[^"]*: HIGH faint, '
kill_gateway
start_gateway
wait_for 10 "it is back" bash -c "[ \$(grep -c '/status .*\"online\"' '$TEST_DIR/seen.txt') -ge 2 ]"
shows '"what":"alarm","rule":"faint"'
wait_for 5 "fast is still high" bash -c "grep '^$BASE/b01/alarm/fast ' '$TEST_DIR/seen.txt' | tail -n 1 | grep -q '\"priority\":\"high\"'"
grep -q '"phase":"deescalate"' "$TEST_DIR/seen.txt" && fail "a restart took the escalation back"

# Its time ends it, and what is still there says so.
wait_for 25 "it is over" bash -c \
    "grep '^$BASE/b01/alarm/faint ' '$TEST_DIR/seen.txt' | tail -n 1 | grep -q '\"phase\":\"update\".*\"inactivation\":\"none\"'"
[ "$(grep -c "^$BASE/b01/alert .*\"phase\":\"update\".*\"rule\":\"alarms_paused\"" "$TEST_DIR/seen.txt")" -ge 3 ] || fail "no reminder"
tell resume what=audio
EXPECTED='"reason":"nothing_to_do"' tell resume
shows '"pauses":\[\]'
"$WARDGATE" audit -c "$TEST_DIR/wardgate.yaml" --json show 100 >"$TEST_DIR/audit.txt"
grep -q '"command":"pause".*"role":"local".*"result":"accepted","what":"alarm","rule":"faint","duration_s":20' "$TEST_DIR/audit.txt" ||
    fail "$(cat "$TEST_DIR/audit.txt")"
stop_gateway
