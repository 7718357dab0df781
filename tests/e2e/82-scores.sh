#!/usr/bin/env bash
# Scores: incomplete until people have entered what no monitor gives, on their topic when they change, back after a restart,
# gone with the patient. The SpO2 scale is set by charge, with a reason.
. tests/e2e/lib.sh

start_broker
start_ward <<END
control \${WARD_DIR}/ward.sock
tcp gw-a 127.0.0.1:\${WARD_PORT} turnaround=1ms
monitor b01 gw-a 1 generated seed=1
END
write_config <<END
stay_after: 2s
commands: {enabled: true, roles: [nurse, charge]}
scores: [news2, qsofa, bedside_pews]
buses:
  gw-a: {kind: modbus-tcp, host: 127.0.0.1, port: $WARD_PORT}
beds:
  b01: {bus: gw-a, address: 1, profile: generic-vitals, class: adult, observation_interval: 6h}
rules: [rules/standard.yaml]
END

stamp() { date -u -d "$1 seconds" +%Y-%m-%dT%H:%M:%S.%3NZ; }

# send ROLE ID COMMAND MORE
send() {
    mosquitto_pub -h 127.0.0.1 -p "$PORT" -q 1 -t "$BASE/b01/command/$1" -m "$(printf \
        '{"id":"%s","stay":"%s","at":"%s","expires_at":"%s","by":"n-17","command":"%s",%s}' \
        "$2" "$stay" "$(stamp 0)" "$(stamp 10)" "$3" "$4")"
}

# expect ID REASON
expect() {
    wait_for 5 "the reply to $1" grep -q "^$BASE/b01/reply .*\"id\":\"$1\"" "$TEST_DIR/seen.txt"
    grep "^$BASE/b01/reply .*\"id\":\"$1\"" "$TEST_DIR/seen.txt" | grep -q "\"reason\":$2," ||
        fail "$1: $(grep "\"id\":\"$1\"" "$TEST_DIR/seen.txt")"
}

# newest: what was said last of NEWS2. says PATTERN: it holds that.
newest() { grep "^$BASE/b01/score/news2 " "$TEST_DIR/seen.txt" | tail -n 1; }
says() { newest | grep -q -- "$1"; }

subscribe seen.txt "$BASE/#"
ward_do b01 value hr 80
ward_do b01 value spo2 90
ward_do b01 value resp 16
ward_do b01 value temp 37.0
ward_do b01 value nibp_sys 125
start_gateway
wait_for 10 "a stay begins by itself" grep -q "^$BASE/b01/alert .*admission_not_entered" "$TEST_DIR/seen.txt"
stay=$(grep "^$BASE/b01/alert .*admission_not_entered" "$TEST_DIR/seen.txt" | tail -n 1 | member stay)

wait_for 10 "what is missing is told" says '"complete":false,"total":null,"band":null,"lower_bound":3,"lower_band":"low_medium","missing":\["oxygen",'
grep -q "^$BASE/b01/score/bedside_pews {" "$TEST_DIR/seen.txt" && fail "a child's score for an adult"

send nurse conscious observe "\"vital\":\"consciousness\",\"value\":\"alert\",\"observed_at\":\"$(stamp -60)\""
expect conscious '"observed_at"' # before this patient came
send nurse alert observe "\"vital\":\"consciousness\",\"value\":\"alert\",\"observed_at\":\"$(stamp 0)\""
expect alert null
send nurse oxygen observe "\"vital\":\"oxygen_flow\",\"value\":2,\"observed_at\":\"$(stamp 0)\""
expect oxygen null
send nurse pressure observe "\"vital\":\"nibp_sys\",\"value\":125,\"observed_at\":\"$(stamp 0)\""
expect pressure null
wait_for 5 "NEWS2 is complete" says '"complete":true,"total":5,"band":"medium"'
says '"consciousness":{"value":"alert","points":0,"at":"[^"]*","source":"consciousness","by":"nurse"}' || fail "$(newest)"
says '"spo2":{"value":90,"points":3,"at":"[^"]*","source":"spo2","by":"monitor"}' || fail "$(newest)"
wait_for 5 "vitals have it" grep -q "^$BASE/b01/vitals .*\"consciousness\":0,.*\"observed\":{[^}]*\"consciousness\":\"" "$TEST_DIR/seen.txt"

send nurse no-scale set_scale '"scale":2,"reason":"COPD"'
expect no-scale '"role"'
send charge no-reason set_scale '"scale":2'
expect no-reason '"malformed"'
send charge scale set_scale '"scale":2,"reason":"target 88-92, COPD"'
expect scale null
wait_for 5 "scale 2 counts" says '"complete":true,"total":2,"band":"low",.*"spo2_scale":2'
wait_for 5 "settings say so" grep -q "^$BASE/b01/settings .*\"oxygen\":\"oxygen\",\"spo2_scale\":2" "$TEST_DIR/seen.txt"

send nurse device observe "\"vital\":\"oxygen_device\",\"value\":\"venturi_mask\",\"observed_at\":\"$(stamp 0)\""
expect device null
wait_for 5 "vitals have the device" grep -q "^$BASE/b01/vitals .*\"oxygen_device\":3," "$TEST_DIR/seen.txt"
send nurse snorkel observe "\"vital\":\"oxygen_device\",\"value\":\"snorkel\",\"observed_at\":\"$(stamp 0)\""
expect snorkel '"malformed"'
"$WARDGATE" command -c "$TEST_DIR/wardgate.yaml" b01 observe vital=oxygen_device value=air >/dev/null || fail "air"
wait_for 5 "on air, and the flow is over" says '"complete":true,"total":0,.*"oxygen":{"value":"air","points":0,'
wait_for 5 "settings say air" grep -q "^$BASE/b01/settings .*\"oxygen\":\"air\"" "$TEST_DIR/seen.txt"
"$WARDGATE" command -c "$TEST_DIR/wardgate.yaml" b01 retract vital=oxygen_device >/dev/null || fail "not air"
wait_for 5 "the flow is back" says '"total":2,"band":"low",.*"oxygen":{"value":"oxygen","points":2,"at":"[^"]*","source":"oxygen_flow"'

send nurse worse observe "\"vital\":\"consciousness\",\"value\":\"voice\",\"observed_at\":\"$(stamp 0)\""
expect worse null
wait_for 5 "somebody is drowsy" says '"total":5,"band":"medium"'
send nurse wrong retract "\"vital\":\"consciousness\",\"observed_at\":\"$(grep '"id":"worse"' "$TEST_DIR/seen.txt" | head -n 1 | sed 's/.*"observed_at":"\([^"]*\)".*/\1/')\""
expect wrong null
wait_for 5 "it was taken back" says '"total":2,"band":"low"'

# All of it is there after a restart, while nobody listens.
stop_gateway
: >"$TEST_DIR/seen.txt"
start_gateway
wait_for 10 "the score comes back" says '"complete":true,"total":2,"band":"low",.*"spo2_scale":2'
"$WARDGATE" audit -c "$TEST_DIR/wardgate.yaml" --json show | grep -q '"command":"set_scale".*"scale":2,"reason":"target 88-92, COPD"' ||
    fail "no row in the audit log"
"$WARDGATE" command -c "$TEST_DIR/wardgate.yaml" b01 observe vital=consciousness value=pain >/dev/null || fail "locally"
wait_for 5 "the local one counts" says '"total":5,'
"$WARDGATE" command -c "$TEST_DIR/wardgate.yaml" b01 retract vital=consciousness >/dev/null || fail "taken back locally"
wait_for 5 "and is taken back" says '"total":2,'

send nurse leaves discharge '"schema":"1"'
expect leaves null
wait_for 5 "the topic is emptied" says "/score/news2 \$"
