#!/usr/bin/env bash
# After the start nothing of ours allocates: counted by caller while alarms come and go, a monitor fails, commands are given,
# the ward is summed up, the broker is lost and found.
. tests/e2e/lib.sh

needs_no_sanitizer "a sanitizer replaces the allocator"
"${CC:-cc}" -shared -fPIC -O1 -D_GNU_SOURCE tests/e2e/count_allocations.c -o "$TEST_DIR/count.so"
start_broker
start_ward <<END
control \${WARD_DIR}/ward.sock
line line-a \${WARD_DIR}/line-a baud=19200 parity=even strict turnaround=2ms
tcp gw-a 127.0.0.1:\${WARD_PORT} turnaround=1ms
monitor b01 line-a 1 generated seed=1
monitor b02 gw-a 1 generated seed=2
END
write_config <<END
stay_after: 1s
ward:
  shifts: {day: {from: "07:00", nurses: 2}, night: {from: "19:00", nurses: 1}}
  capacity: {window: 28d}
buses:
  line-a: {kind: modbus-rtu, device: $TEST_DIR/line-a, baud: 19200, parity: even}
  gw-a: {kind: modbus-tcp, host: 127.0.0.1, port: $WARD_PORT}
beds:
  b01: {bus: line-a, address: 1, profile: generic-vitals, class: adult}
  b02: {bus: gw-a, address: 1, profile: generic-vitals, class: adult}
rules: [rules/standard.yaml]
END
subscribe seen.txt "$BASE/+/alert"
COUNT_AFTER_MS=2000 COUNT_FILE=$TEST_DIR/counts.txt LD_PRELOAD=$TEST_DIR/count.so start_gateway
sleep 2
ward_do b01 value spo2 70
ward_do b02 silence 3s
wait_for 20 "alerts come" grep -q spo2_desat "$TEST_DIR/seen.txt"
for order in "pause what=audio" "describe attribute=age value=54" resume away back; do
    # shellcheck disable=SC2086 # words
    "$WARDGATE" command -c "$TEST_DIR/wardgate.yaml" b01 $order >/dev/null || fail "$order"
done
ward_do line-a unplug
stop_broker
sleep 2
ward_do line-a replug
start_broker
"$WARDGATE" status -c "$TEST_DIR/wardgate.yaml" >/dev/null || true
sleep 4
stop_gateway
cat "$TEST_DIR/counts.txt"
grep -q '^libraries [1-9]' "$TEST_DIR/counts.txt" || fail "nothing was counted: the test sees nothing"
grep -q '^program 0 ' "$TEST_DIR/counts.txt" || fail "our own code allocated: $(grep program "$TEST_DIR/counts.txt") (addr2line -e $WARDGATE)"
