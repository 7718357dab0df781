#!/usr/bin/env bash
# A store of which a part cannot be read: what only the running engine knows must not be lost by loading the configuration again.
. tests/e2e/lib.sh

start_broker
watch_beds 1 "rules/standard.yaml, rules/ours.yaml" <<<"stay_after: 2s"
cat >"$TEST_DIR/rules/ours.yaml" <<END
rules:
  spo2_ours:
    when: spo2 < limit
    limit: 80
    priority: high
    text: "SpO2 below {limit} %"
    advice: "Look"
END

seen() { # PHASE: of the alarm
    grep "^$BASE/b01/alert .*\"phase\":\"$1\".*\"rule\":\"spo2_ours\"" "$TEST_DIR/seen.txt"
}

subscribe seen.txt "$BASE/#"
start_gateway
wait_for 15 "a stay begins" grep -q "^$BASE/b01/alert .*admission_not_entered" "$TEST_DIR/seen.txt"
ward_do b01 value spo2 70
wait_for 15 "the alarm starts" seen start
sleep 1

# One letter in each copy of it: what it was shows in no seal any more.
grep -abo '"rule":"spo2_ours"' "$TEST_DIR/store/alerts/data.mdb" | cut -d: -f1 | while read -r at; do
    printf X | dd of="$TEST_DIR/store/alerts/data.mdb" bs=1 seek=$((at + 1)) conv=notrunc status=none
done
kill -HUP "$GATEWAY_PID"
wait_for 5 "the reload is refused" grep -q 'not loaded again: part of the store cannot be read (damaged).*the one before goes on' "$TEST_DIR/gateway.log"
kill -0 "$GATEWAY_PID" || fail "the gateway is gone"

# It goes on, and the alarm with it; its end is stored anew.
ward_do b01 value spo2 97
wait_for 15 "the alarm ends" seen end
[ "$(seen end | member id)" = "$(seen start | member id)" ] || fail "another alarm ended"
kill -HUP "$GATEWAY_PID"
wait_for 5 "it is loaded again" grep -q 'reloaded: 0 beds new, 0 gone, 1 goes on' "$TEST_DIR/gateway.log"
stop_gateway
