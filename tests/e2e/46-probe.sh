#!/usr/bin/env bash
# `wardgate probe`: finds monitors on a line at a speed nobody told it, and behind addresses; names their profiles; what it prints
# is a configuration that works; a line in use is refused.
. tests/e2e/lib.sh

start_ward <<END
control $TEST_DIR/ward.sock
line line-a $TEST_DIR/line-a baud=9600 parity=none strict turnaround=2ms
line line-b $TEST_DIR/line-b baud=19200 parity=even strict turnaround=2ms
tcp gw-a 127.0.0.1:$WARD_PORT turnaround=1ms
monitor b01 line-a 3 generated seed=1
monitor b02 line-a 7 registers tests/data/registers/oximeter-x.txt
monitor b03 gw-a 1 generated seed=3
monitor b04 gw-a 2 registers tests/data/registers/vaisala-hmp.txt
monitor b05 gw-a 9 registers tests/data/registers/bender-isobat425.txt
END
probe() { "$WARDGATE" probe --profiles config/profiles "$@"; }

probe "$TEST_DIR/line-a" --addresses 1-10 --seconds 1 >"$TEST_DIR/serial.txt" 2>"$TEST_DIR/serial.err" || fail "nothing found on the line"
grep -q '^address 3 at 9600 baud: generic-vitals (b01)' "$TEST_DIR/serial.txt" || fail "b01 is not found: $(cat "$TEST_DIR/serial.txt")"
grep -q '^address 7 at 9600 baud: oximeter-x' "$TEST_DIR/serial.txt" || fail "b02 is not found"
[ "$(grep -c '^address' "$TEST_DIR/serial.txt")" -eq 2 ] || fail "somebody is found who is not there"

probe "127.0.0.1:$WARD_PORT" --addresses 1-10 >"$TEST_DIR/tcp.txt" || fail "nothing found on the network"
grep -q '^address 1: generic-vitals (b03)' "$TEST_DIR/tcp.txt" || fail "b03 is not found: $(cat "$TEST_DIR/tcp.txt")"
grep -q '^address 2: vaisala-hmp' "$TEST_DIR/tcp.txt" || fail "the probe of Vaisala is not recognised"
grep -q '^address 9: bender-iso' "$TEST_DIR/tcp.txt" || fail "the insulation monitor is not recognised"
[ "$(grep -c '^address' "$TEST_DIR/tcp.txt")" -eq 3 ] || fail "somebody is found behind the gateway who is not there"

# What it printed, behind a gateway's own lines: all but the class of the patients, which must be written.
sed -n '/^buses:/,$p' "$TEST_DIR/serial.txt" | write_config
"$WARDGATE" check -c "$TEST_DIR/wardgate.yaml" >/dev/null 2>"$TEST_DIR/class.txt" && fail "a class that nobody wrote is taken"
grep -q '"WRITE-ONE" is not known here, possible: adult' "$TEST_DIR/class.txt" || fail "the class: $(cat "$TEST_DIR/class.txt")"
sed -i 's/class: WRITE-ONE/class: adult/' "$TEST_DIR/wardgate.yaml"
"$WARDGATE" check -c "$TEST_DIR/wardgate.yaml" >/dev/null || fail "what probe prints is no configuration"
start_broker
subscribe seen.txt "$BASE/#"
start_gateway
wait_for 10 "the printed configuration works" grep -q "^$BASE/bed-2/vitals .*\"spo2\":97.5" "$TEST_DIR/seen.txt"

# The gateway holds the line now; nobody may ask there meanwhile.
probe "$TEST_DIR/line-a" >"$TEST_DIR/busy.txt" 2>"$TEST_DIR/busy.err" && fail "a line in use was probed"
grep -q 'another program holds it' "$TEST_DIR/busy.err" || fail "a line in use: $(cat "$TEST_DIR/busy.err")"
stop_gateway

# Nobody there, nothing there.
status=0
probe "$TEST_DIR/line-b" --addresses 1-3 --baud 19200 --answer 20 --seconds 1 >/dev/null 2>"$TEST_DIR/none.err" || status=$?
{ [ "$status" -eq 1 ] && grep -q 'no monitor answers' "$TEST_DIR/none.err"; } || fail "an empty line: $status $(cat "$TEST_DIR/none.err")"
status=0
probe "$TEST_DIR/no-such-line" >/dev/null 2>"$TEST_DIR/none.err" || status=$?
{ [ "$status" -eq 1 ] && grep -q 'cannot look there' "$TEST_DIR/none.err"; } || fail "no line: $status $(cat "$TEST_DIR/none.err")"
status=0
probe "127.0.0.1:$((PORT + 900))" >/dev/null 2>"$TEST_DIR/none.err" || status=$?
{ [ "$status" -eq 1 ] && grep -q 'Connection refused' "$TEST_DIR/none.err"; } || fail "nobody listens: $status $(cat "$TEST_DIR/none.err")"
for wrong in "" "name.example" "127.0.0.1:0" "127.0.0.1 --addresses 0-9" "127.0.0.1 --baud x" "listen:99999"; do
    status=0
    # shellcheck disable=SC2086 # several words
    probe $wrong >/dev/null 2>&1 || status=$?
    [ "$status" -eq 2 ] || fail "wrong usage ($wrong) ends with $status"
done

# HL7: who sends, whatever it sends.
probe "listen:$((PORT + 2))" --seconds 8 >"$TEST_DIR/hl7.txt" &
probe_pid=$!
sleep 0.5
for message in mindray_vs900_oru_r01 ge_mural_oru_r40; do
    file=tests/data/hl7/$message.hl7
    [ -f "$file" ] || fail "$file is not there"
    { printf '\013'; cat "$file"; printf '\034\r'; sleep 1; } | timeout 5 bash -c "cat >/dev/tcp/127.0.0.1/$((PORT + 2))" || true
done
wait "$probe_pid" || fail "no HL7 monitor was found"
grep -q '^ICU^B1^B1: hl7-pcd' "$TEST_DIR/hl7.txt" || fail "the place is not told: $(cat "$TEST_DIR/hl7.txt")"
grep -q '00A0370098007A80' "$TEST_DIR/hl7.txt" || fail "the device is not told: $(cat "$TEST_DIR/hl7.txt")"

# Over IPv6, from a place with signs that YAML knows: what is printed is still a configuration.
if [ -s /proc/net/if_inet6 ]; then
    probe "listen:[::1]:$((PORT + 3))" --seconds 6 >"$TEST_DIR/hl7-6.txt" &
    probe_pid=$!
    sleep 0.5
    { printf '\013MSH|^~\\&|MON|H|||20240101000000||ORU^R01^ORU_R01|1|P|2.6\rPV1||I|W"1^R^B\rOBR|1\r\034\r'; sleep 1; } |
        timeout 5 bash -c "cat >/dev/tcp/::1/$((PORT + 3))" || true
    wait "$probe_pid" || fail "nobody was found over IPv6"
    sed -n '/^buses:/,$p' "$TEST_DIR/hl7-6.txt" | sed 's/WRITE-ONE/adult/' | write_config
    "$WARDGATE" check -c "$TEST_DIR/wardgate.yaml" >/dev/null 2>"$TEST_DIR/check-6.txt" ||
        fail "what probe prints over IPv6 is no configuration: $(cat "$TEST_DIR/check-6.txt" "$TEST_DIR/hl7-6.txt")"
fi
