#!/usr/bin/env bash
# Alerts that the broker has, whose acknowledgements never came: the link is muted towards the gateway, then cut. Each of them
# comes once more over the next connection, in order at each bed, and nothing else comes twice.
. tests/e2e/lib.sh

start_broker
start_relay
BROKERS="\"mqtt://127.0.0.1:$RELAY_PORT\""
watch_beds 2 rules/now.yaml <<<"stay_after: 2s"
cat >"$TEST_DIR/rules/now.yaml" <<END
rules:
  rate_high:
    when: hr > limit
    limit: 120
    priority: high
    text: "Heart rate above {limit}/min"
END
alerts() { grep -E "^$BASE/(b01|b02|gateway/gw-test)/alert " "$TEST_DIR/payloads.txt"; }
start_gateway
wait_for 10 "both stays begin" bash -c "[ \$(grep -c '/alert .*admission_not_entered' '$TEST_DIR/payloads.txt') = 2 ]"
wait_for 5 "all is acknowledged" status_has '"waiting":0'
BEFORE=$(alerts | wc -l)

relay_do mute
for rate in 131 80 132 81; do
    ward_do b01 value hr "$rate"
    ward_do b02 value hr "$((rate + 1))"
    sleep 1.5
done
wait_for 5 "they are at the broker" bash -c "[ \$(grep -c '/alert .*rate_high' '$TEST_DIR/payloads.txt') -ge 4 ]"
sleep 0.5
MIDDLE=$(alerts | wc -l)
relay_do cut
wait_for 15 "all is acknowledged" status_has '"waiting":0'
stop_gateway

alerts | sed -n "$((BEFORE + 1)),${MIDDLE}p" | member seq | sort -n >"$TEST_DIR/first.txt"
alerts | tail -n "+$((MIDDLE + 1))" | member seq >"$TEST_DIR/second.txt"
echo "under way when the link was cut: $(wc -l <"$TEST_DIR/first.txt"); over the next connection: $(tr '\n' ' ' <"$TEST_DIR/second.txt")"
sort -n "$TEST_DIR/second.txt" | uniq -d | grep . && fail "an alert comes twice over one connection"
while read -r seq; do
    grep -qx "$seq" "$TEST_DIR/second.txt" || fail "alert $seq was not acknowledged and does not come again"
done <"$TEST_DIR/first.txt"
for bed in b01 b02; do
    alerts | tail -n "+$((MIDDLE + 1))" | grep "^$BASE/$bed/" | member bed_seq | sort -n -c || fail "$bed is not in order"
done
alerts | member seq | sort -n -u | awk '$1 != NR { exit 1 }' || fail "an alert is missing"
