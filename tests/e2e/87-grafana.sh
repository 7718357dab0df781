#!/usr/bin/env bash
# What is shipped for Telegraf, Grafana and Prometheus names nothing that the gateway does not say: every path, tag, field and metric is looked up in the schemas and in
# what a running gateway publishes and writes. And the one who looks it up finds what is wrong.
. tests/e2e/lib.sh

METRICS=$TEST_DIR/wardgate.prom
CHECK=tests/tools/check-grafana
python3 -c 'import tomllib, yaml' 2>/dev/null || {
    echo "skipped: python3 is too old for TOML, or python3-yaml is missing"
    exit 0
}

start_broker
watch_beds 2 <<END
stay_after: 1s
metrics: $METRICS
END
start_gateway
wait_for 10 "vitals" grep -q "^$BASE/b01/vitals .*\"hr\":" "$TEST_DIR/payloads.txt"
ward_do b01 value spo2 75
wait_for 40 "an alert with a value" grep -q "^$BASE/b01/alert .*\"value\":75" "$TEST_DIR/payloads.txt"
wait_for 40 "an alert of the gateway" grep -q "^$BASE/gateway/gw-test/alert " "$TEST_DIR/payloads.txt" &
WAITING=$!
"$WARDGATE" test-alert -c "$TEST_DIR/wardgate.yaml" b01 >"$TEST_DIR/test-alert.txt" 2>&1 || true
stop_broker
sleep 11 # uplink_down
start_broker
await_subscriber
wait "$WAITING" || fail "no alert of the gateway"
wait_for 15 "health with both lines" grep -q "^$BASE/gateway/gw-test/health .*\"buses\":\[{" "$TEST_DIR/payloads.txt"
wait_for 15 "the metrics" test -s "$METRICS"
$CHECK "$TEST_DIR/payloads.txt" "$METRICS" || fail "they name what there is not"

# ---- what is wrong in a copy of them is found

COPY=$TEST_DIR/copy
mkdir -p "$COPY/tests/tools"
cp -r config "$COPY/"
cp DESIGN.md "$COPY/"
cp $CHECK "$COPY/tests/tools/"
finds_fault() { # FILE SED WHAT
    cp "$COPY/$1" "$TEST_DIR/sound"
    sed -i "$2" "$COPY/$1"
    cmp -s "$COPY/$1" "$TEST_DIR/sound" && fail "nothing was changed: $2"
    "$COPY/$CHECK" "$TEST_DIR/payloads.txt" "$METRICS" >"$TEST_DIR/fault.txt" 2>&1 && fail "not found: $3"
    grep -qF "$3" "$TEST_DIR/fault.txt" || fail "found something else than: $3: $(cat "$TEST_DIR/fault.txt")"
    cp "$TEST_DIR/sound" "$COPY/$1"
}
finds_fault config/telegraf/wardgate.conf 's/path = "spo2"/path = "sp02"/' "the schema has no sp02"
finds_fault config/telegraf/wardgate.conf '/path = "rev"/,/type/s/"int"/"bool"/' "rev is ['integer'], not bool"
finds_fault config/telegraf/wardgate.conf '0,/optional = true/s///' "is not always there"
finds_fault config/telegraf/wardgate.conf 's/telegraf-wardgate-buses/telegraf-wardgate-gateway/' "one client id"
finds_fault config/grafana/ward.json 's/, \\"stay\\" fill/ fill/' "joins one patient and the next"
finds_fault config/grafana/ward.json 's/mean(\\"hr\\")/mean(\\"heart\\")/' "wardgate_vitals has no heart"
finds_fault config/grafana/gateway.json 's/wardgate_queue_alerts/wardgate_queue_length/' "there is no wardgate_queue_length"
finds_fault config/grafana/gateway.json 's/by (reason)/by (patient)/' "names a label that there is not"
finds_fault config/schemas/vitals.schema.json 's/"spo2": {/"spo3": {/' "the schema has no spo2"
stop_gateway
