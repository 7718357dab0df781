#!/usr/bin/env bash
# The broker goes away, the gateway is killed meanwhile, the broker comes back: every alert arrives, in order, once, and
# those from the outage are marked late.
. tests/e2e/lib.sh

start_broker
watch_beds 1 <<<"stay_after: 2s"
subscribe before.txt "$BASE/b01/alert" "$BASE/gateway/gw-test/alert"
start_gateway
wait_for 10 "the stay begins" grep -q admission_not_entered "$TEST_DIR/before.txt"
kill "$SUBSCRIBER_PID"
stop_broker

for value in 75 97 76 98 74; do
    ward_do b01 value spo2 "$value"
    sleep 7
done
kill_gateway
start_gateway
sleep 6 # long enough for the alerts to be late
return_broker after.txt "$BASE/b01/alert" "$BASE/gateway/gw-test/alert"
wait_for 15 "all starts arrive" bash -c "[ \$(grep '\"phase\":\"start\"' '$TEST_DIR/after.txt' | grep -c spo2_desat) -ge 3 ]"
grep '"rule":"spo2_desat"' "$TEST_DIR/after.txt" | head -n 1 | grep -q '"late":true' || fail "the first is not marked late"
cat "$TEST_DIR/before.txt" "$TEST_DIR/after.txt" | member seq | uniq | awk '$1 != NR { exit 1 }' ||
    fail "not every alert once and in order: $(cat "$TEST_DIR/before.txt" "$TEST_DIR/after.txt" | member seq | tr '\n' ' ')"
wait_for 10 "the outbox is empty" bash -c "'$WARDGATE' status -c '$TEST_DIR/wardgate.yaml' --json | grep -q '\"waiting\":0'"
stop_gateway
