#!/usr/bin/env bash
# A link that is held: both ends stay connected and hear nothing. The gateway finds out within the keep-alive, and so does
# the broker, which says "offline" for it; what was raised meanwhile arrives when the link is back, and is marked late.
. tests/e2e/lib.sh

KEEP_ALIVE=10
start_broker
start_relay
BROKERS="\"mqtt://127.0.0.1:$RELAY_PORT\""
UPLINK_MORE=", keep_alive: ${KEEP_ALIVE}s"
watch_beds 1 <<<"stay_after: 2s"
start_gateway
wait_for 10 "the stay begins" grep -q "^$BASE/b01/alert .*admission_not_entered" "$TEST_DIR/payloads.txt"

now_ms() { date +%s%3N; }
says_offline() { [ "$(grep "^$BASE/gateway/gw-test/status " "$TEST_DIR/payloads.txt" | tail -n 1 | grep -c offline)" = 1 ]; }

# hold_until_found WHAT: holds the link; how long gateway and broker took to find out.
hold_until_found() {
    local begun gateway='' broker=''
    relay_do hold
    begun=$(now_ms)
    while [ -z "$gateway" ] || [ -z "$broker" ]; do
        [ -n "$gateway" ] || ! status_has '"connected":false' || gateway=$(($(now_ms) - begun))
        [ -n "$broker" ] || ! says_offline || broker=$(($(now_ms) - begun))
        [ $(($(now_ms) - begun)) -lt $((PATIENCE * (KEEP_ALIVE + 5) * 1000)) ] || # the broker of this test looks every 5 s
            fail "a held link ($1) is not found (gateway $gateway, broker $broker ms)"
        sleep 0.1
    done
    echo "a held link ($1), keep-alive $KEEP_ALIVE s: found by the gateway after $gateway ms, by the broker after $broker ms"
    [ "$gateway" -le $((PATIENCE * KEEP_ALIVE * 1000)) ] || fail "the gateway took $gateway ms"
}

# ---- nothing but figures goes out

sleep 2
hold_until_found "figures only"
relay_do cut
wait_for 15 "the link is back" status_has '"connected":true'

# ---- an alert is on its way

sleep 1
ward_do b01 value spo2 75
sleep 3
hold_until_found "an alert under way"
sleep 5
relay_do cut
wait_for 20 "the alarm arrives" grep -q "^$BASE/b01/alert .*\"phase\":\"start\".*spo2_desat" "$TEST_DIR/payloads.txt"
grep "^$BASE/b01/alert .*spo2_desat" "$TEST_DIR/payloads.txt" | sed -n 1p | grep -q '"late":true' || fail "it is not marked late"
[ -n "$(grep -n "^$BASE/b01/alarm/spo2_desat {" "$TEST_DIR/payloads.txt" | sed -n 1p)" ] || fail "its state is not shown"
BEFORE=$(grep -nE "^$BASE/b01/alarm/spo2_desat \{" "$TEST_DIR/payloads.txt" | sed -n 1p | cut -d: -f1)
BEHIND=$(grep -nE "^$BASE/b01/alert .*spo2_desat" "$TEST_DIR/payloads.txt" | sed -n 1p | cut -d: -f1)
[ "$BEFORE" -lt "$BEHIND" ] || fail "the late alert comes before the present"
wait_for 10 "the outbox is empty" status_has '"waiting":0'
stop_gateway
