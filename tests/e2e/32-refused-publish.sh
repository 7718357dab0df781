#!/usr/bin/env bash
# A broker that refuses one alert by its access rules, or ends the connection at what is too large for it: the rest arrives,
# the audit log and an alarm tell of what was set aside, and it goes through when the broker lets it.
. tests/e2e/lib.sh

printf 'topic readwrite #\ntopic deny %s\n' "$BASE/b02/alert" >"$TEST_DIR/acl"
export BROKER_MORE="user root
acl_file $TEST_DIR/acl"
start_broker
watch_beds 2 <<<"stay_after: 2s"
alerts() { grep -E "^$BASE/(b01|b02|gateway/gw-test)/alert " "$TEST_DIR/payloads.txt"; }
audit() { "$WARDGATE" audit -c "$TEST_DIR/wardgate.yaml" --json show 50; }
has_row() { audit | finds "$@"; }

# ---- access rules (MQTT 5)

start_gateway
wait_for 10 "the other bed's alert arrives" grep -q "^$BASE/b01/alert .*admission_not_entered" "$TEST_DIR/payloads.txt"
wait_for 10 "the audit log tells" has_row '"kind":"set_aside","bed":"b02","text":"Not authorized","reason":135'
wait_for 10 "an alarm tells" is_raised gateway/gw-test refused_publish
grep "^$BASE/gateway/gw-test/alarm/refused_publish {" "$TEST_DIR/payloads.txt" | finds 'b02/alert: Not authorized' ||
    fail "the alarm does not say what is refused"
ward_do b01 value spo2 75
wait_for 15 "alerts go on" grep -q "^$BASE/b01/alert .*spo2_desat" "$TEST_DIR/payloads.txt"
status_has '"connects":1,' || fail "the connection did not stand"

printf 'topic readwrite #\n' >"$TEST_DIR/acl"
kill -HUP "$BROKER_PID"
wait_for 45 "it goes through" grep -q "^$BASE/b02/alert .*admission_not_entered" "$TEST_DIR/payloads.txt"
grep "^$BASE/b02/alert .*admission_not_entered" "$TEST_DIR/payloads.txt" | finds '"late":true' || fail "it is not marked late"
wait_for 5 "the audit log tells that, too" has_row '"kind":"went_through"'
wait_for 5 "the outbox is empty" status_has '"waiting":0'
[ "$(audit | grep -c '"kind":"set_aside"')" = 1 ] || fail "the audit log has it more than once"
stop_gateway
alerts | member seq | sort -n | uniq -d | grep . && fail "an alert came twice"
stop_broker

# ---- packets of 1,400 bytes at most: MQTT 5 says so beforehand

: >"$TEST_DIR/gateway.log"
BROKER_MORE="max_packet_size 1400"
start_broker
await_subscriber
start_gateway
ward_do b01 value spo2 97
wait_for 20 "an alert arrives" grep -q "^$BASE/b01/alert .*\"phase\":\"end\".*spo2_desat" "$TEST_DIR/payloads.txt"
wait_for 10 "it is told" grep -q 'larger than the 1400 bytes that the broker takes' "$TEST_DIR/gateway.log"
status_has '"connects":1,' || fail "the connection did not stand"
stop_gateway

# ---- the same with MQTT 3.1.1, where it ends the connection

: >"$TEST_DIR/gateway.log"
sed -i 's/^uplink: {/uplink: {version: 3.1.1, /' "$TEST_DIR/wardgate.yaml"
start_gateway
ward_do b01 value spo2 74
SINCE=$(alerts | wc -l)
wait_for 40 "an alert arrives" bash -c "grep -E '^$BASE/b01/alert ' '$TEST_DIR/payloads.txt' | tail -n +1 | grep -c '\"phase\":\"start\".*spo2_desat' | grep -qx 2"
wait_for 60 "what ends connections is found" grep -q 'the broker ends the connection at it' "$TEST_DIR/gateway.log"
stands() { # for 5 s
    local connects
    connects=$("$WARDGATE" status -c "$TEST_DIR/wardgate.yaml" --json | member connects)
    sleep 5
    status_has '"connected":true' && status_has "\"connects\":$connects,"
}
for _ in 1 2 3 4 5 6; do stands && break; done
stands || fail "the connection does not stand"
wait_for 10 "the outbox is empty" status_has '"waiting":0'
echo "alerts before $SINCE, after $(alerts | wc -l)"
stop_gateway
