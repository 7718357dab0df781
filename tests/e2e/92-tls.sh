#!/usr/bin/env bash
# The gateway at the broker that is shipped, over TLS: alerts arrive, a kept command is refused; a broker with a wrong or an ended
# certificate is told of in plain words; certificates are renewed while alerts are under way. No alert is lost.
. tests/e2e/lib.sh

FOLDER=$TEST_DIR/certificates
TLS=$TEST_DIR/tls
LOG=$TEST_DIR/gateway.log

make_certificates() { config/broker/make-certificates -b "$1" -w test/w1 -g gw-test -o "$FOLDER" >>"$TEST_DIR/made.txt"; }

# broker NAME: with that certificate.
broker() {
    {
        printf 'user root\npersistence true\npersistence_location %s/\nmax_queued_messages 100000\n' "$TEST_DIR"
        sed -e "s#/etc/mosquitto/wardgate#$FOLDER#; s#broker\.pem#$1.pem#; s#broker\.key#$1.key#" \
            -e "s#^listener 8883#listener $PORT 127.0.0.1#; /^max_queued/d" config/broker/mosquitto.conf
    } >"$TEST_DIR/shipped.conf"
    mosquitto -c "$TEST_DIR/shipped.conf" >>"$TEST_DIR/broker.log" 2>&1 &
    BROKER_PID=$!
    pids+=("$BROKER_PID")
}

as() { # USER COMMAND OPTION...
    local user=$1 command=$2
    shift 2
    "$command" -h 127.0.0.1 -p "$PORT" --cafile "$FOLDER/ca.pem" --cert "$FOLDER/$user.pem" --key "$FOLDER/$user.key" -V 5 -q 1 "$@"
}

# Gives up when the broker's certificate is wrong, and goes on where it was when it is started again.
display() {
    as w1-display mosquitto_sub -c -i display -x 3600 -t "$BASE/#" -F '%t %p' >>"$TEST_DIR/seen.txt" 2>>"$TEST_DIR/sub.log" &
    pids+=("$!")
}

install_files() { # NAME: as the gateway's, the key first, as somebody does by hand
    cp "$FOLDER/$1.key" "$TLS/gw.key.new" && mv "$TLS/gw.key.new" "$TLS/gw.key"
    sleep 1
    cp "$FOLDER/$1.pem" "$TLS/gw.pem.new" && mv "$TLS/gw.pem.new" "$TLS/gw.pem"
}

told() { wait_for "$1" "the gateway says: $2" grep -qF "$2" "$LOG"; }

# Signed by the ward's CA, and ended long ago.
make_ended() {
    cat >"$TEST_DIR/ca.conf" <<END
[ca]
default_ca = this
[this]
database = $TEST_DIR/index
new_certs_dir = $TEST_DIR
rand_serial = yes
default_md = sha256
policy = any
x509_extensions = names
copy_extensions = none
[any]
commonName = supplied
[names]
subjectAltName = IP:127.0.0.1
END
    : >"$TEST_DIR/index"
    cp "$FOLDER/broker.key" "$FOLDER/ended.key"
    openssl req -new -key "$FOLDER/ended.key" -subj /CN=ended -out "$TEST_DIR/request"
    openssl ca -config "$TEST_DIR/ca.conf" -cert "$FOLDER/ca.pem" -keyfile "$FOLDER/ca.key" -in "$TEST_DIR/request" -notext \
        -out "$FOLDER/ended.pem" -startdate 20230101000000Z -enddate 20240229000000Z -batch 2>>"$TEST_DIR/made.txt"
}

make_certificates 127.0.0.1
mkdir "$TLS" "$TEST_DIR/renewed"
cp "$FOLDER/ca.pem" "$TLS/"
install_files gw-test
make_ended
mv "$FOLDER"/broker.* "$TEST_DIR/renewed/"
make_certificates broker.example
for end in pem key; do
    mv "$FOLDER/broker.$end" "$FOLDER/elsewhere.$end"
    mv "$TEST_DIR/renewed/broker.$end" "$FOLDER/"
done

start_ward <<END
control \${WARD_DIR}/ward.sock
tcp gw-a 127.0.0.1:\${WARD_PORT} turnaround=1ms
monitor b01 gw-a 1 generated seed=1
END
write_config <<END
stay_after: 2s
commands: {enabled: true}
buses:
  gw-a: {kind: modbus-tcp, host: 127.0.0.1, port: $WARD_PORT}
beds:
  b01: {bus: gw-a, address: 1, profile: generic-vitals, class: adult}
rules: [rules/standard.yaml]
END
sed -i "s#^uplink:.*#uplink: {brokers: [\"mqtts://127.0.0.1:$PORT\"], ca: tls/ca.pem, cert: tls/gw.pem, key: tls/gw.key}#" \
    "$TEST_DIR/wardgate.yaml"

# ---- what check says of the files

"$WARDGATE" check -c "$TEST_DIR/wardgate.yaml" >"$TEST_DIR/check.txt" 2>&1 || fail "check: $(tail -n 3 "$TEST_DIR/check.txt")"
mv "$TLS/gw.key" "$TLS/kept.key"
(umask 077 && echo abc >"$TLS/gw.key")
status=0
"$WARDGATE" check -c "$TEST_DIR/wardgate.yaml" >"$TEST_DIR/check.txt" 2>&1 || status=$?
{ [ "$status" -eq 2 ] && grep -q "^wardgate: .*gw.key .*wardgate.yaml" "$TEST_DIR/check.txt"; } || fail "a key that is none: $status $(tail -n 3 "$TEST_DIR/check.txt")"
mv "$TLS/kept.key" "$TLS/gw.key"

# ---- all is well

broker broker
wait_for 5 "the broker answers" as w1-display mosquitto_pub -t x -m x
as w1-nurse mosquitto_pub -r -t "$BASE/b01/command/nurse" \
    -m '{"schema":"1","id":"old","command":"acknowledge","at":"2026-01-01T00:00:00.000Z"}'
display
start_gateway
wait_for 15 "the stay begins" grep -q admission_not_entered "$TEST_DIR/seen.txt"
wait_for 5 "a kept command is refused" grep -qE "^$BASE/(b01|gateway/gw-test)/reply .*retained" "$TEST_DIR/seen.txt"
as w1-nurse mosquitto_pub -r -n -t "$BASE/b01/command/nurse"

# ---- a broker under another name, then one with an ended certificate; meanwhile there is an alarm

stop_broker
broker elsewhere
told 20 "the broker's certificate does not name the host of the url"
ward_do b01 value spo2 75
stop_broker
broker ended
told 30 "the broker's certificate ended on 2024-02-29"
sleep 7 # as long as the alarm's window
ward_do b01 value spo2 97
stop_broker
kill -STOP "$GATEWAY_PID" # whoever listens is there before it
broker broker
wait_for 5 "the broker answers" as w1-display mosquitto_pub -t x -m x
display
sleep 0.5
kill -CONT "$GATEWAY_PID"
wait_for 30 "the alarm of the outage arrives" grep -q '"phase":"start".*"rule":"spo2_desat"' "$TEST_DIR/seen.txt"
wait_for 10 "the outage itself is told" grep -q '"phase":"start".*"rule":"uplink_down"' "$TEST_DIR/seen.txt"
wait_for 15 "its end too" grep -q '"phase":"end".*"rule":"uplink_down"' "$TEST_DIR/seen.txt"

# ---- a bad new file: told, and the connection stands

connects() { grep -c "New client connected .* u'gw-test'" "$TEST_DIR/broker.log"; }
before=$(connects)
chmod 644 "$TLS/gw.key"
told 45 "changed files are not used"
grep -qF "$TLS/gw.key is open to others (mode 0644), chmod 600 it" "$LOG" || fail "the file is not named"
[ "$(connects)" -eq "$before" ] || fail "a bad file ended the connection"
chmod 600 "$TLS/gw.key"

# ---- renewed while alerts are under way

mv "$FOLDER"/gw-test.* "$TEST_DIR/renewed/"
make_certificates 127.0.0.1
install_files gw-test
for value in 75 97 76 98 74 97; do
    ward_do b01 value spo2 "$value"
    sleep 7
done
told 10 "connecting anew"
wait_for 10 "it has connected anew" test "$(connects)" -gt "$before"
as w1-display mosquitto_sub -t "$BASE/gateway/gw-test/status" -C 1 -W 5 | grep -q '"state":"online"' || fail "not online"
wait_for 20 "all starts arrive" bash -c "[ \$(grep '\"phase\":\"start\"' '$TEST_DIR/seen.txt' | grep -c spo2_desat) -ge 4 ]"

# ---- nothing was lost, and no secret told

grep -hE '/alert ' "$TEST_DIR/seen.txt" | member seq | sort -n | uniq | awk '$1 != NR { exit 1 }' ||
    fail "seq has a gap: $(grep -hE '/alert ' "$TEST_DIR/seen.txt" | member seq | sort -n | uniq | tr '\n' ' ')"
grep -qF 'PRIVATE KEY' "$LOG" && fail "a key is in the log"
[ "$(grep -c "does not name the host" "$LOG")" -eq 1 ] || fail "told again and again"
stop_gateway
