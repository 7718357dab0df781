#!/usr/bin/env bash
# What a hospital's IT asks for: the connections of a configuration, and the log with its priorities at a log server.
. tests/e2e/lib.sh

### Connections, for the firewall

cat >"$TEST_DIR/flows.yaml" <<END
gateway: {id: gw-test, site: test, ward: w1}
store: {path: $TEST_DIR/store, size: 16MiB}
uplink:
  insecure: true
  brokers: ["mqtt://127.0.0.1:1883", "mqtt://broker.example:1884", "mqtt://10.7.0.9:1883"]
buses:
  line-a: {kind: modbus-rtu, device: /dev/null}
  central: {kind: hl7, listen: "10.7.0.20:2600"}
beds:
  b01: {bus: line-a, address: 1, profile: generic-vitals, class: adult}
  b02: {bus: "modbus-tcp://10.7.0.32:502", address: 1, profile: generic-vitals, class: adult}
  b03: {bus: "rtu-over-tcp://10.7.0.33:4001", address: 2, profile: generic-vitals, class: adult}
  b04: {bus: central, address: "W7E^4^A", profile: hl7-pcd, class: adult}
rules: [rules/standard.yaml]
END
mkdir "$TEST_DIR/profiles" "$TEST_DIR/rules"
cp config/profiles/*.yaml "$TEST_DIR/profiles"
cp config/rules/*.yaml "$TEST_DIR/rules"
flows() { "$WARDGATE" check -c "$TEST_DIR/flows.yaml" --flows "$@" 2>"$TEST_DIR/told.log" || fail "no flows: $(cat "$TEST_DIR/told.log")"; }
has_flow() { flows --csv | tr -d '\r' | finds -Fx -- "$1" || fail "no flow '$1' in: $(flows --csv)"; }
has_flow 'direction,protocol,port,peer,here,carries,secured,why'
has_flow 'out,tcp,1883,127.0.0.1,any,MQTT,this host,"broker: alerts, vitals, commands"'
has_flow 'out,tcp,1884,broker.example,any,MQTT,NO,standby broker'
has_flow 'out,tcp,1883,10.7.0.9,any,MQTT,NO,standby broker'
has_flow 'in,tcp,2600,monitors,10.7.0.20,HL7 MLLP,NO,central: b04'
has_flow 'out,tcp,502,10.7.0.32,any,Modbus,NO,modbus-tcp://10.7.0.32:502: b02'
has_flow 'out,tcp,4001,10.7.0.33,any,Modbus RTU,NO,rtu-over-tcp://10.7.0.33:4001: b03'
flows --csv | finds '^out,udp,53,' || fail "who looks up a broker's name?"
[ "$(flows --csv | wc -l)" -eq 9 ] || fail "a flow too many or too few: $(flows --csv)"
[ "$(flows --json | python3 -c 'import json, sys; print(sum(json.loads(line)["port"] for line in sys.stdin))')" -eq \
    $((1883 + 1884 + 1883 + 2600 + 502 + 4001 + 53 + 123)) ] || fail "--json says: $(flows --json)"
flows | finds '^out  *tcp  *1884  *broker.example' || fail "the table says: $(flows)"
for any in 0.0.0.0 '[::]' '[0::0]' '[::0]' '[0:0:0:0:0:0:0:0]' '[::ffff:0.0.0.0]'; do
    sed "s/10.7.0.20:2600/$any:2600/" "$TEST_DIR/flows.yaml" >"$TEST_DIR/any.yaml"
    "$WARDGATE" check -c "$TEST_DIR/any.yaml" --flows --csv 2>"$TEST_DIR/told.log" | finds '^in,tcp,2600,monitors,any,HL7 MLLP,' ||
        fail "$any is not any: $("$WARDGATE" check -c "$TEST_DIR/any.yaml" --flows 2>&1)"
done
sed -i 's/broker.example/10.7.0.8/' "$TEST_DIR/flows.yaml"
flows --csv | finds '^out,udp,53,' && fail "a name server, and no name"
for words in --json "--flows --costs"; do
    status=0
    # shellcheck disable=SC2086 # words
    "$WARDGATE" check -c "$TEST_DIR/flows.yaml" $words >/dev/null 2>&1 || status=$?
    [ "$status" -eq 2 ] || fail "status $status of check $words"
done

### The log, with its priorities, at a log server

for program in logger rsyslogd; do
    command -v $program >/dev/null || fail "there is no $program, install the packages of the tests (toolchain/install-dependencies test)"
done
LOG_PORT=$((PORT + 4))
# run_rsyslog NAME: with $TEST_DIR/NAME.conf
run_rsyslog() {
    rsyslogd -n -iNONE -f "$TEST_DIR/$1.conf" >"$TEST_DIR/$1.log" 2>&1 &
    pids+=("$!")
}
# certify NAME FOR: a server's, of the CA that the hospital's log server has
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=ca -days 2 -keyout "$TEST_DIR/ca.key" -out "$TEST_DIR/log-ca.pem" 2>/dev/null
certify() {
    openssl req -newkey rsa:2048 -nodes -subj "/CN=$2" -keyout "$TEST_DIR/$1.key" -out "$TEST_DIR/$1.csr" 2>/dev/null
    openssl x509 -req -in "$TEST_DIR/$1.csr" -CA "$TEST_DIR/log-ca.pem" -CAkey "$TEST_DIR/ca.key" -CAcreateserial -days 2 \
        -extfile <(echo "subjectAltName=DNS:$2") -out "$TEST_DIR/$1.pem" 2>/dev/null
}
# serve NAME PORT: a log server that takes TLS alone and keeps what comes, as it comes, in NAME.txt
serve() {
    cat >"$TEST_DIR/$1.conf" <<END
global(defaultNetstreamDriver="ossl" defaultNetstreamDriverCAFile="$TEST_DIR/log-ca.pem"
    defaultNetstreamDriverCertFile="$TEST_DIR/$1.pem" defaultNetstreamDriverKeyFile="$TEST_DIR/$1.key")
module(load="imtcp" StreamDriver.Name="ossl" StreamDriver.Mode="1" StreamDriver.AuthMode="anon")
input(type="imtcp" address="127.0.0.1" port="$2")
template(name="raw" type="string" string="%rawmsg%\n")
action(type="omfile" file="$TEST_DIR/$1.txt" template="raw")
END
    run_rsyslog "$1"
}
# forward_to NAME PORT: rsyslogd as the recipe has it, but for the server's address, its port and the files; it reads $TEST_DIR/NAME.sock in place of the journal
forward_to() {
    {
        printf 'module(load="imuxsock" SysSock.Use="off")\ninput(type="imuxsock" Socket="%s" CreatePath="on")\n' "$TEST_DIR/$1.sock"
        sed -e 's#target="log\.example"#target="127.0.0.1"#' -e "s#port=\"6514\"#port=\"$2\"#" \
            -e "s#/etc/wardgate/tls/log-ca.pem#$TEST_DIR/log-ca.pem#" config/service/syslog.conf
    } >"$TEST_DIR/$1.conf"
    run_rsyslog "$1"
    wait_for 10 "rsyslogd listens" test -S "$TEST_DIR/$1.sock"
}
# As journald does it: the priority in front of each line is that of the message.
forward() { logger --prio-prefix -p daemon.info -t wardgate -u "$TEST_DIR/forward.sock"; }
listens() { (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
certify server log.example
serve server "$LOG_PORT"
wait_for 10 "the log server listens" listens "$LOG_PORT"
forward_to forward "$LOG_PORT"
start_broker
watch_beds 1 <<END
stay_after: 1s
END
"$WARDGATE" run -c "$TEST_DIR/wardgate.yaml" 2> >(tee -a "$TEST_DIR/gateway.log" | forward) </dev/null &
GATEWAY_PID=$!
pids+=("$GATEWAY_PID")
# <PRI>: facility * 8 + severity; of a daemon (3) 30 is information, 28 a warning, 27 an error.
has_line() { grep -qE "<($1)>1 [^ ]+ [^ ]+ wardgate .*$2" "$TEST_DIR/server.txt"; }
wait_for 20 "a note arrives as information" has_line 30 'wardgate: gw-test watches 1 bed'
wait_for 20 "the broker is found" has_line 30 'wardgate: connected to the broker'
stop_broker
wait_for 30 "a lost broker arrives as a warning" has_line 28 'wardgate: lost the broker'
stop_gateway
grep -E '"value"|"spo2"|[0-9]+ %' "$TEST_DIR/server.txt" && fail "a vital sign is in the log"
! grep -qE '^[^<0-9]' "$TEST_DIR/server.txt" || fail "a line without a priority: $(cat "$TEST_DIR/server.txt")"

# Only the server that is named: another one, although of the same CA, is hung up on before it is told anything.
certify other other.example
serve other $((LOG_PORT + 1))
wait_for 10 "the other log server listens" listens $((LOG_PORT + 1))
hung_up() { [ "$(grep -c 'SSL_ERROR_SSL' "$TEST_DIR/other.log")" -gt "$before" ]; }
sleep 1
before=$(grep -c 'SSL_ERROR_SSL' "$TEST_DIR/other.log" || true)
forward_to to-other $((LOG_PORT + 1))
echo "<4>wardgate: not for everybody" | logger --prio-prefix -p daemon.info -t wardgate -u "$TEST_DIR/to-other.sock"
wait_for 20 "another server is hung up on" hung_up
sleep 2
[ ! -s "$TEST_DIR/other.txt" ] || fail "another server has the log: $(cat "$TEST_DIR/other.txt")"
