#!/usr/bin/env bash
# A broker with TLS and a box in 1970: no certificate is valid yet. That is said, with its cause; alerts wait; when the time source is found they
# arrive, by themselves, and what they were shown by is corrected.
. tests/e2e/lib.sh
. tests/e2e/clock.sh

FOLDER=$TEST_DIR/certificates

config/broker/make-certificates -b 127.0.0.1 -w test/w1 -g gw-test -o "$FOLDER" >"$TEST_DIR/made.txt"
cat >"$TEST_DIR/tls.conf" <<END
user root
listener $PORT 127.0.0.1
allow_anonymous true
cafile $FOLDER/ca.pem
certfile $FOLDER/broker.pem
keyfile $FOLDER/broker.key
END
mosquitto -c "$TEST_DIR/tls.conf" >>"$TEST_DIR/broker.log" 2>&1 &
pids+=("$!")
wait_for 5 "the broker answers" mosquitto_pub -h 127.0.0.1 -p "$PORT" --cafile "$FOLDER/ca.pem" -t started -n
mosquitto_sub -h 127.0.0.1 -p "$PORT" --cafile "$FOLDER/ca.pem" -q 1 -t "$BASE/#" -F '%t %p' >>"$TEST_DIR/payloads.txt" 2>>"$TEST_DIR/sub.log" &
pids+=("$!")
watch_beds 1 <<<"stay_after: 1s"
sed -i "s#^uplink:.*#uplink: {brokers: [\"mqtts://127.0.0.1:$PORT\"], ca: $FOLDER/ca.pem}#" "$TEST_DIR/wardgate.yaml"

set_clock_1970 0
start_by_clock
wait_for 20 "whose certificate is not valid yet is said" \
    grep -qE "certificate .*is not valid before 20[0-9-]+ \(this box's clock has no time source, it may be wrong\)" "$TEST_DIR/gateway.log"
wait_for 15 "an alert waits" bash -c "'$WARDGATE' history -c '$TEST_DIR/wardgate.yaml' --csv | grep -q '^1970-01-01.*,admission_not_entered,start,.*,no,unsynced,'"
set_clock 0 1
wait_for 25 "it arrives" grep -q "^$BASE/b01/alert .*\"rule\":\"admission_not_entered\".*\"at\":\"1970-" "$TEST_DIR/payloads.txt"
wait_for 10 "and what was wrong with it" grep -q "^$BASE/gateway/gw-test/clock .*\"corrections\":\[{\"from_seq\":1,.*\"clock\":\"synced\"}" "$TEST_DIR/payloads.txt"
wait_for 5 "it is shown as it was" bash -c "'$WARDGATE' history -c '$TEST_DIR/wardgate.yaml' --csv | grep -q '^20.*,admission_not_entered,start,.*,yes,corrected,'"
stop_gateway
