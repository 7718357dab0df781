#!/usr/bin/env bash
# The main job: monitors on a strict line and over TCP, an alarm that starts and ends, what a subscriber sees of it, and
# a clean stop.
. tests/e2e/lib.sh

"$WARD" --help | finds '^  monitor b01 a 1 generated$' || fail "ward does not say how"
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
stay_after: 3s
buses:
  line-a: {kind: modbus-rtu, device: $TEST_DIR/line-a, baud: 19200, parity: even}
  gw-a: {kind: modbus-tcp, host: 127.0.0.1, port: $WARD_PORT}
beds:
  b01: {bus: line-a, address: 1, profile: generic-vitals, class: adult}
  b02: {bus: line-a, address: 2, profile: generic-vitals, class: adult}
  b03: {bus: gw-a, address: 1, profile: generic-vitals, class: adult}
  b04: {bus: gw-a, address: 2, profile: generic-vitals, class: adult}
rules: [rules/standard.yaml]
END
"$WARDGATE" check -c "$TEST_DIR/wardgate.yaml" >"$TEST_DIR/check.txt"
grep -q 'load .* % of the line' "$TEST_DIR/check.txt" || fail "check tells no load"

subscribe seen.txt "$BASE/#"
export WARDGATE_STOPPING=$TEST_DIR/stopping
start_gateway
wait_for 5 "every bed has vitals" bash -c \
    "for bed in b01 b02 b03 b04; do grep -q \"^$BASE/\$bed/vitals .*\\\"hr\\\":\" '$TEST_DIR/seen.txt' || exit 1; done"
wait_for 10 "stays begin" bash -c "[ \$(grep -c '/alert .*admission_not_entered' '$TEST_DIR/seen.txt') -eq 4 ]"

ward_do b01 value spo2 84
ward_do b03 value spo2 75
wait_for 15 "b03 is desaturated, at once" grep -q "^$BASE/b03/alert .*\"phase\":\"start\".*\"priority\":\"high\".*\"rule\":\"spo2_desat\"" "$TEST_DIR/seen.txt"
wait_for 25 "b01 is low, after its window" grep -q "^$BASE/b01/alert .*\"phase\":\"start\".*\"rule\":\"spo2_low\"" "$TEST_DIR/seen.txt"
wait_for 5 "the alarm is retained" bash -c \
    "mosquitto_sub -h 127.0.0.1 -p $PORT -t '$BASE/b01/alarm/spo2_low' -C 1 -W 2 | grep -q '\"expires_at\"'"
ward_do b01 value spo2 auto
ward_do b03 value spo2 auto
wait_for 20 "b01's alarm ends" grep -q "^$BASE/b01/alert .*\"phase\":\"end\".*\"rule\":\"spo2_low\"" "$TEST_DIR/seen.txt"
wait_for 5 "its topic is emptied" grep -qE "^$BASE/b01/alarm/spo2_low *\$" "$TEST_DIR/seen.txt"

"$WARDGATE" status -c "$TEST_DIR/wardgate.yaml" >"$TEST_DIR/status.txt" || fail "status does not answer"
grep -q 'connected' "$TEST_DIR/status.txt" || fail "status shows no broker"
wait_for 12 "health is published" grep -q "^$BASE/gateway/gw-test/health " "$TEST_DIR/seen.txt"

before=$(date +%s%N)
echo update >"$TEST_DIR/stopping" # as config/wardgate-farewell.service writes it
stop_gateway
took_ms=$((($(date +%s%N) - before) / 1000000))
[ "$took_ms" -le $((2000 * PATIENCE)) ] || fail "stopping took $took_ms ms"
wait_for 5 "the status says offline" grep -q "^$BASE/gateway/gw-test/status .*\"state\":\"offline\",\"reason\":\"update\"" "$TEST_DIR/seen.txt"

# Numbers: seq without a gap, in order; every payload is whole.
grep -hE '/alert ' "$TEST_DIR/seen.txt" | member seq | sort -n | uniq | awk '$1 != NR { exit 1 }' || fail "seq has a gap"
for bed in b01 b02 b03 b04; do
    grep -E "^$BASE/$bed/alert " "$TEST_DIR/seen.txt" | member bed_seq | awk '$1 != NR { exit 1 }' || fail "bed_seq of $bed"
done
echo report | "$BUILD/tests/ask" "$TEST_DIR/ward.sock" >"$TEST_DIR/report.json"
grep -qE '"gap_violations": *0' "$TEST_DIR/report.json" || fail "the line's gap was broken: $(cat "$TEST_DIR/report.json")"
