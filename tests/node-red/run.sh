#!/usr/bin/env bash
# The flow of config/node-red in a real Node-RED, headless, with a real broker, gateway and simulated ward: what it shows, from retained topics at its start on;
# ends, bad messages, a gateway and a broker that go and come back. As a display of config/broker/acl, with no more rights than that.
# NODE_RED: the folder in which its packages are installed (make test-node-red).
. tests/e2e/lib.sh
: "${NODE_RED:?run this through make test-node-red}"

export NODE_RED_PORT=$((PORT + 5))

# The broker of the other tests: whoever has no name may do all, who has one what config/broker/acl lets that name do.
mosquitto_passwd -b -c "$TEST_DIR/passwords" w7e-display see-only 2>/dev/null
{
    echo 'topic readwrite #'
    sed -e 's#st-marys/w7e#test/w1#g' config/broker/acl
} >"$TEST_DIR/acl"
chmod 600 "$TEST_DIR/passwords" "$TEST_DIR/acl"
export BROKER_MORE="user root
password_file $TEST_DIR/passwords
acl_file $TEST_DIR/acl"
start_broker
start_ward <<END
control $TEST_DIR/ward.sock
tcp gw-a 127.0.0.1:$WARD_PORT turnaround=1ms
monitor b01 gw-a 1 generated seed=1
monitor b02 gw-a 2 generated seed=2
END
write_config <<END
buses: {gw-a: {kind: modbus-tcp, host: 127.0.0.1, port: $WARD_PORT}}
beds:
  b01: {bus: gw-a, address: 1, profile: generic-vitals, class: adult}
  b02: {bus: gw-a, address: 2, profile: generic-vitals, class: adult}
stay_after: 1s
rules: [rules/standard.yaml]
END

ask() { node tests/node-red/ask.js "$@"; }
shows() { ask shown "$1" | finds -E "$2"; }
shows_not() { ! shows "$1" "$2"; }

start_node_red() {
    (cd "$TEST_DIR" && exec node "$NODE_RED/node_modules/node-red/red.js" --userDir "$TEST_DIR/node-red" --settings "$OLDPWD/tests/node-red/settings.js") >>"$TEST_DIR/node-red.log" 2>&1 </dev/null &
    NODE_RED_PID=$!
    pids+=("$NODE_RED_PID")
    wait_for 40 "Node-RED answers" ask page /settings
}

# An alarm is on before anybody looks.
start_gateway
ward_do b01 value spo2 74 hr 91
wait_for 30 "the alarm is on" is_raised b01 spo2_desat
mkdir -p "$TEST_DIR/node-red"
ln -s "$NODE_RED/node_modules" "$TEST_DIR/node-red/node_modules"
cp "$NODE_RED/package.json" "$TEST_DIR/node-red/"
start_node_red
ask import config/node-red/flow.json "$PORT" w7e-display see-only || fail "the flow cannot be imported"

# Late, it is filled from what is retained.
wait_for 10 "the alarm is shown" shows wg-alarms '"mark":"!!!","bed":"b01","text":"SpO2'
wait_for 5 "its bed is shown with its value" shows wg-beds '"bed":"b01".*"alarm":"!!! SpO2.*"hr":"91","spo2":"74"'
wait_for 15 "the other bed is shown" shows wg-beds '"bed":"b02".*"hr":"[0-9]+","spo2":"[0-9]+"'
wait_for 15 "the gateway is known" shows wg-state 'connected to gw-test'
[ "$(ask shown wg-beds | sed -n 1p | grep -c '"bed":"b01"')" = 1 ] || fail "the bed with the alarm is not the first"
wait_for 5 "the gauge shows the first bed" shows wg-gauge-spo2 '"payload":74.*"visible":true'
wait_for 5 "beds can be chosen" shows wg-choose '"value":"b01".*"value":"b02"'
shows wg-notice 'do not rely on it for alarms' || fail "there is no notice"
ask page /dashboard/ward | finds -i '<html' || fail "there is no page"

# What changes comes within two seconds, and a value that is none has its reason and no gauge.
ward_do b01 value spo2 73
wait_for 2 "the new value is shown" shows wg-beds '"bed":"b01".*"spo2":"73"'
ward_do b01 probe_off
wait_for 15 "the reason is shown" shows wg-beds '"bed":"b01".*"spo2":"[a-z ]+"'
wait_for 5 "the gauge is gone" shows wg-gauge-spo2 '"payload":null.*"visible":false'

# It ends: gone from the alarms, and in the history, once.
ward_do b01 recover
ward_do b01 value spo2 97
wait_for 60 "the alarm has ended" is_over b01 spo2_desat
wait_for 3 "it is shown no more" shows_not wg-alarms 'spo2_desat|SpO2 below 80'
wait_for 5 "its end is in the history" shows wg-history '"bed":"b01".*"phase":"end".*"text":"SpO2'
[ "$(ask shown wg-history | grep '"bed":"b01"' | grep -c '"phase":"start".*SpO2.*80')" -le 1 ] || fail "an alert is there twice"

# Bad messages: counted and told, and everything else goes on. Markup is text: escaped in the one place that would take it for markup.
publish() { mosquitto_pub -h 127.0.0.1 -p "$PORT" -q 1 -t "$1" -m "$2"; }
publish "$BASE/b02/vitals" '{"hostile": not json'
publish "$BASE/b02/vitals" '["hostile"]'
publish "$BASE/b02/vitals" '{"schema":"2","hostile":1}'
publish "$BASE/zz1/alarm/hostile" '"hostile"'
publish "$BASE/zz2/vitals" '{"schema":"1","hostile":true,"invalid":7,"hr":"72","spo2":1e999,"expires_at":"never"}'
publish "$BASE/gateway/__proto__/status" '{"schema":"1","state":"online","hostile":1}'
publish "$BASE/hostile<img src=x onerror=alert(1)>/vitals" 'hostile'
publish "$BASE/zz3/vitals/__proto__/hostile" '{"schema":"1","__proto__":{"hostile":1}}'
publish "$BASE/zz4/constructor" '{"schema":"1","hostile":1}'
publish "$BASE/zz5/alarm/hostile" '{"schema":"1","state":"active","priority":"high","inactivation":"none","rule":"hostile","text":"<b onclick=x>hostile</b>","raised_at":7,"part_of":"x","expires_at":"2099-01-01T00:00:00.000Z"}'
wait_for 5 "bad messages are counted" shows wg-state '6 messages were not understood'
shows wg-state '&lt;img' || fail "the line of state is not escaped: $(ask shown wg-state)"
shows wg-state '<img' && fail "markup in the line of state"
wait_for 5 "markup is shown as it is, in a cell of text" shows wg-alarms '<b onclick=x>hostile</b>'
[ "$(node -p 'JSON.parse(require("fs").readFileSync("config/node-red/flow.json")).filter((n) => n.type === "ui-table").every((n) => n.columns.every((c) => c.type === "text"))')" = true ] || fail "a cell takes markup"
publish "$BASE/zz5/alarm/hostile" ''
wait_for 3 "an alarm that is emptied is gone" shows_not wg-alarms 'hostile'
wait_for 12 "b02 is still shown" shows wg-beds '"bed":"b02".*"hr":"[0-9]+"'
shows wg-beds '"bed":"zz2".*"hr":"(no data)?"' || fail "a value that is none is shown: $(ask shown wg-beds)"

# The gateway is killed, and comes back.
kill_gateway
wait_for 30 "the gateway is lost" shows wg-state 'GATEWAY LOST: gw-test'
wait_for 5 "on every bed" shows wg-beds '"bed":"b02".*"alarm":"GATEWAY LOST"'
wait_for 5 "nor is a value of it" shows wg-beds '"bed":"b02".*"hr":"no data","spo2":"no data"'
wait_for 5 "and no gauge shows a value" shows wg-gauge-hr '"payload":null.*"visible":false'
start_gateway
wait_for 30 "it is back" shows wg-state 'connected to gw-test'
wait_for 15 "and its beds are" shows wg-beds '"bed":"b02","ward":"w1","alarm":"[^G]*","hr":"[0-9]+"'

# The broker goes, and comes back.
stop_broker
wait_for 30 "the broker is lost" shows wg-state 'THIS SCREEN HAS LOST THE BROKER'
shows wg-beds '"bed":"b01".*"alarm":"GATEWAY LOST"' || fail "a bed is shown as if it were live"
start_broker
wait_for 40 "all is back" shows wg-state 'connected to gw-test'

kill -0 "$NODE_RED_PID" || fail "Node-RED has ended"
grep -E '\[error\]|TypeError|Uncaught' "$TEST_DIR/node-red.log" && fail "errors in Node-RED"
stop_gateway
sed -i '/hostile/d; \#/zz[0-9]/#d' "$TEST_DIR/payloads.txt" # what was not the gateway's
