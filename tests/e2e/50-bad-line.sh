#!/usr/bin/env bash
# Bad days of a line: silence, wrong CRCs, late and early answers, noise, exceptions, unplugging. No wrong value is ever
# shown, neighbours go on, and everything recovers.
. tests/e2e/lib.sh

start_broker
start_ward <<END
control \${WARD_DIR}/ward.sock
line line-a \${WARD_DIR}/line-a baud=19200 parity=even strict turnaround=2ms
tcp gw-a 127.0.0.1:\${WARD_PORT} turnaround=1ms
monitor b01 line-a 1 generated seed=1
monitor b02 line-a 2 generated seed=2
monitor b03 gw-a 1 generated seed=3
monitor b04 gw-a 2 generated seed=4
END
write_config <<END
stay_after: 2s
buses:
  line-a: {kind: modbus-rtu, device: $TEST_DIR/line-a, baud: 19200, parity: even, timeout: 300ms}
  gw-a: {kind: modbus-tcp, host: 127.0.0.1, port: $WARD_PORT, timeout: 300ms}
beds:
  b01: {bus: line-a, address: 1, profile: generic-vitals, class: adult}
  b02: {bus: line-a, address: 2, profile: generic-vitals, class: adult}
  b03: {bus: gw-a, address: 1, profile: generic-vitals, class: adult}
  b04: {bus: gw-a, address: 2, profile: generic-vitals, class: adult}
rules: [rules/standard.yaml]
END
# Every monitor has a heart rate of its own, and no other value may ever be shown for it.
n=1
for bed in b01 b02 b03 b04; do
    ward_do "$bed" value hr $((60 + n)) pulse $((60 + n)) spo2 $((90 + n)) resp $((10 + n))
    n=$((n + 1))
done
subscribe seen.txt "$BASE/+/vitals" "$BASE/+/alert"
start_gateway
wait_for 5 "vitals flow" grep -q "^$BASE/b04/vitals .*\"hr\":64" "$TEST_DIR/seen.txt"

answered() { # BED: polls answered so far
    "$WARDGATE" status -c "$TEST_DIR/wardgate.yaml" --json | tr '{' '\n' | grep "\"bed\":\"$1\"" | member answers
}

for fault in "crc 3" "late 450ms 4" "truncate 7 3" "dribble 20ms 3" "exception 6 3" "wrong_unit 3" "wrong_length 3"; do
    # shellcheck disable=SC2086 # words of a command
    ward_do b01 $fault
    # shellcheck disable=SC2086
    [ "$fault" = "crc 3" ] || ward_do b03 $fault
    neighbour=$(answered b02)
    sleep 4
    [ $(($(answered b02) - neighbour)) -ge 2 ] || fail "b02 did not go on while b01 had: $fault"
done
ward_do b01 answer
ward_do b03 answer
for i in 1 2 3; do
    ward_do line-a noise 12
    sleep 0.3
    ward_do line-a unasked
    sleep 0.3
    ward_do gw-a unasked
    sleep 0.5
done
ward_do line-a flood 5
ward_do gw-a flood 20
ward_do gw-a reset
sleep 2
ward_do line-a unplug
sleep 2
ward_do line-a replug
ward_do b04 silence
for bed in b01 b02 b03; do
    was=$(answered "$bed")
    wait_for 25 "$bed answers again" bash -c "
        [ \$('$WARDGATE' status -c '$TEST_DIR/wardgate.yaml' --json | tr '{' '\n' | grep '\"bed\":\"$bed\"' |
            sed -nE 's/.*\"answers\":([0-9]+).*/\1/p') -gt $((was + 2)) ]"
done
wait_for 20 "b04 is silent" grep -q "^$BASE/b04/alert .*\"phase\":\"start\".*monitor_silent" "$TEST_DIR/seen.txt"
ward_do b04 answer
wait_for 20 "b04 is back" grep -q "^$BASE/b04/alert .*\"phase\":\"end\".*monitor_silent" "$TEST_DIR/seen.txt"

n=1
for bed in b01 b02 b03 b04; do
    wrong=$(grep "^$BASE/$bed/vitals " "$TEST_DIR/seen.txt" | member hr | grep -E "^[0-9.]+$" | grep -vx $((60 + n)) || true)
    [ -z "$wrong" ] || fail "$bed showed a heart rate that is not its own: $wrong"
    n=$((n + 1))
done
echo report | "$BUILD/tests/ask" "$TEST_DIR/ward.sock" >"$TEST_DIR/report.json"
grep -qE '"gap_violations": *0' "$TEST_DIR/report.json" || fail "the gap was broken: $(cat "$TEST_DIR/report.json")"
stop_gateway
