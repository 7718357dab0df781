#!/usr/bin/env bash
# Two brokers in order of preference: the second one serves while the first is away, the gateway goes back when the first
# has answered for a while, what it leaves says so and holds nothing any more; every alert arrives once, in order.
. tests/e2e/lib.sh

SECOND=$((PORT + 2))
BROKERS="\"mqtt://127.0.0.1:$PORT\", \"mqtt://127.0.0.1:$SECOND\""
UPLINK_MORE=", return_after: 4s, keep_alive: 5s"

cat >"$TEST_DIR/second.conf" <<END
listener $SECOND 127.0.0.1
allow_anonymous true
persistence false
END
mosquitto -c "$TEST_DIR/second.conf" >>"$TEST_DIR/second.log" 2>&1 &
pids+=("$!")
wait_for 5 "the second broker answers" mosquitto_pub -h 127.0.0.1 -p "$SECOND" -t started -n
mosquitto_sub -h 127.0.0.1 -p "$SECOND" -q 1 -t '#' -F '%t %p' >>"$TEST_DIR/second.txt" 2>>"$TEST_DIR/sub.log" &
pids+=("$!")

watch_beds 1 <<<"stay_after: 2s"
"$WARDGATE" check -c "$TEST_DIR/wardgate.yaml" >"$TEST_DIR/check.txt"
grep -q 'back to an earlier one when it has answered for 4 s' "$TEST_DIR/check.txt" || fail "check says nothing of the way back"

# ---- the first broker is away: the second one serves

start_gateway
wait_for 10 "alerts arrive at the second broker" grep -q "^$BASE/b01/alert .*admission_not_entered" "$TEST_DIR/second.txt"
ward_do b01 value spo2 75
wait_for 15 "an alarm at the second broker" grep -q "^$BASE/b01/alert .*spo2_desat" "$TEST_DIR/second.txt"
status_has "{\"broker\":\"mqtt://127.0.0.1:$PORT\",\"state\":\"silent\"},{\"broker\":\"mqtt://127.0.0.1:$SECOND\",\"state\":\"connected\"}" ||
    fail "status does not say which broker is in use"
"$WARDGATE" status -c "$TEST_DIR/wardgate.yaml" >"$TEST_DIR/status.txt"
grep -q "^earlier  mqtt://127.0.0.1:$PORT silent" "$TEST_DIR/status.txt" || fail "the screen says nothing of the first broker"

# ---- it is back: the gateway returns, not at once

start_broker
SINCE=$(date +%s%3N)
wait_for 15 "the gateway returns" grep -q "^$BASE/gateway/gw-test/status .*\"state\":\"moved\"" "$TEST_DIR/second.txt"
TOOK=$(($(date +%s%3N) - SINCE))
wait_for 5 "the present is at the first broker" grep -q "^$BASE/b01/alarm/spo2_desat {" "$TEST_DIR/payloads.txt"
[ "$TOOK" -ge 3900 ] || fail "it returned after $TOOK ms already"
echo "returned $TOOK ms after the first broker's start"
sleep 1
timeout 5 mosquitto_sub -h 127.0.0.1 -p "$SECOND" --retained-only -W 1 -t "$BASE/#" -F '%t' >"$TEST_DIR/left.txt" || true
[ "$(cat "$TEST_DIR/left.txt")" = "$BASE/gateway/gw-test/status" ] || fail "left behind: $(cat "$TEST_DIR/left.txt")"
grep -q "returning to an earlier broker (mqtt://127.0.0.1:$PORT)" "$TEST_DIR/gateway.log" || fail "the log does not tell"

# ---- and there it goes on; when that broker dies, the second one is there again

ward_do b01 value spo2 97
wait_for 20 "the end at the first broker" grep -q "^$BASE/b01/alert .*\"phase\":\"end\".*spo2_desat" "$TEST_DIR/payloads.txt"
sleep 1
stop_broker
ward_do b01 value spo2 74
wait_for 25 "another alarm at the second broker" bash -c \
    "[ \$(grep -c '^$BASE/b01/alert .*\"phase\":\"start\".*spo2_desat' '$TEST_DIR/second.txt') -ge 2 ]"
wait_for 5 "the outbox is empty" status_has '"waiting":0'
stop_gateway

tests/tools/check-payloads "$TEST_DIR/second.txt" >"$TEST_DIR/second-payloads.log" 2>&1 ||
    fail "payloads at the second broker break their schemas: $(cat "$TEST_DIR/second-payloads.log")"
cat "$TEST_DIR/second.txt" "$TEST_DIR/payloads.txt" | grep -E "^$BASE/(b01|gateway/gw-test)/alert " | member seq | sort -n >"$TEST_DIR/seqs.txt"
awk '$1 != NR { exit 1 }' "$TEST_DIR/seqs.txt" || fail "not every alert once: $(tr '\n' ' ' <"$TEST_DIR/seqs.txt")"
