#!/usr/bin/env bash
# What is broken at start is reported and tried again; the rest works: no broker, no line, no monitor, no store. Only a
# second gateway does not start.
. tests/e2e/lib.sh

start_ward <<END
control \${WARD_DIR}/ward.sock
tcp gw-a 127.0.0.1:\${WARD_PORT} turnaround=1ms
monitor b01 gw-a 1 generated seed=1
END
write_config <<END
stay_after: 2s
buses:
  gw-a: {kind: modbus-tcp, host: 127.0.0.1, port: $WARD_PORT}
  line-x: {kind: modbus-rtu, device: $TEST_DIR/not-there, baud: 19200, parity: even}
beds:
  b01: {bus: gw-a, address: 1, profile: generic-vitals, class: adult}
  b02: {bus: line-x, address: 1, profile: generic-vitals, class: adult}
rules: [rules/standard.yaml]
END
echo "in the way" >"$TEST_DIR/store" # where the store's folder should be
start_gateway
wait_for 5 "the line is reported" grep -q "line line-x cannot be used" "$TEST_DIR/gateway.log"
wait_for 5 "the store is reported" grep -q "store cannot be opened" "$TEST_DIR/gateway.log"
start_broker
subscribe seen.txt "$BASE/#"
wait_for 30 "vitals flow" grep -q "^$BASE/b01/vitals .*\"hr\":" "$TEST_DIR/seen.txt"
wait_for 20 "alerts go out, not durable" grep -q '/alert .*"durable":false' "$TEST_DIR/seen.txt"
wait_for 20 "the dead line is an alarm" grep -q "^$BASE/gateway/gw-test/alert .*bus_down.*\"stands_for\":\[\"b02\"\]" \
    "$TEST_DIR/seen.txt"
wait_for 20 "the silent monitor is part of it" grep -q "^$BASE/b02/alarm/monitor_silent .*\"part_of\"" "$TEST_DIR/seen.txt"
wait_for 20 "the store is an alarm" grep -q "^$BASE/gateway/gw-test/alert .*store_failing" "$TEST_DIR/seen.txt"
rm "$TEST_DIR/store"
wait_for 20 "the store works again" grep -q "store works again" "$TEST_DIR/gateway.log"
wait_for 20 "the alarm ends, durable" grep -q '/alert .*"phase":"end".*store_failing.*"durable":true' "$TEST_DIR/seen.txt"

# A second gateway with the same store ends, and the first one keeps its broker.
status=0
timeout $((10 * PATIENCE)) "$WARDGATE" run -c "$TEST_DIR/wardgate.yaml" >"$TEST_DIR/second.log" 2>&1 || status=$?
[ "$status" -eq 1 ] || fail "the second gateway: status $status"
grep -q "another gateway runs with this store ($TEST_DIR/store), stop it first" "$TEST_DIR/second.log" || fail "the second gateway does not say why"
sleep 1.5
! grep -q "lost the broker" "$TEST_DIR/gateway.log" || fail "the second gateway disturbs the first"
stop_gateway
