#!/usr/bin/env bash
# One gateway, all kinds of monitors at once: Modbus on a line and over TCP, an oximeter on its own line, HL7 from a central station.
# An alarm of each reaches the subscriber; whichever of them dies, the others go on and raise alarms.
. tests/e2e/lib.sh

start_broker
start_ward <<END
control \${WARD_DIR}/ward.sock
line line-a \${WARD_DIR}/line-a baud=19200 parity=even strict turnaround=2ms
tcp gw-a 127.0.0.1:\${WARD_PORT} turnaround=1ms
oximeter ox-a \${WARD_DIR}/ox-a nonin-df2 seed=3
hl7 central 127.0.0.1:\${WARD_PORT+1}
monitor b01 line-a 1 generated seed=1
monitor b02 gw-a 1 generated seed=2
monitor b04 central W1^4^A generated seed=4
END
write_config <<END
stay_after: 2s
buses:
  line-a: {kind: modbus-rtu, device: $TEST_DIR/line-a, baud: 19200, parity: even, timeout: 300ms}
  gw-a: {kind: modbus-tcp, host: 127.0.0.1, port: $WARD_PORT, timeout: 300ms}
  ox-a: {kind: serial, device: $TEST_DIR/ox-a}
  central: {kind: hl7, listen: "127.0.0.1:$((WARD_PORT + 1))"}
beds:
  b01: {bus: line-a, address: 1, profile: generic-vitals, class: adult}
  b02: {bus: gw-a, address: 1, profile: generic-vitals, class: adult}
  b03: {bus: ox-a, profile: nonin-df2, class: adult}
  b04: {bus: central, address: W1^4^A, profile: hl7-pcd-fast, class: adult}
rules: [rules/standard.yaml]
END
"$WARDGATE" check -c "$TEST_DIR/wardgate.yaml" >"$TEST_DIR/check.txt" || fail "check: $(cat "$TEST_DIR/check.txt")"

subscribe seen.txt "$BASE/+/vitals" "$BASE/+/alert"
start_gateway
monitors=(b01 b02 ox-a b04)
beds=(b01 b02 b03 b04)
seen() { # BED PHASE RULE
    grep -q "^$BASE/$1/alert .*\"phase\":\"$2\".*\"rule\":\"$3\"" "$TEST_DIR/seen.txt"
}
vitals_of() { # BED: how many came so far with a saturation
    grep -c "^$BASE/$1/vitals .*\"spo2\":" "$TEST_DIR/seen.txt" || true
}
for bed in "${beds[@]}"; do
    wait_for 10 "$bed has vitals" grep -q "^$BASE/$bed/vitals .*\"spo2\":.*\"pulse\":\|^$BASE/$bed/vitals .*\"pulse\":.*\"spo2\":" "$TEST_DIR/seen.txt"
done

# The same alarm by every way in, and its end.
for monitor in "${monitors[@]}"; do ward_do "$monitor" value spo2 75; done
for bed in "${beds[@]}"; do
    wait_for 20 "$bed is desaturated" seen "$bed" start spo2_desat
done
for monitor in "${monitors[@]}"; do ward_do "$monitor" value spo2 auto; done
for bed in "${beds[@]}"; do
    wait_for 20 "$bed's alarm ends" seen "$bed" end spo2_desat
done

# One after another dies, and comes back while the next is dead already.
dies=("line-a unplug" "gw-a refuse" "ox-a unplug" "central unplug")
lives=("line-a replug" "gw-a accept" "ox-a replug" "central replug")
for dead in 0 1 2 3; do
    # shellcheck disable=SC2086 # words of a command
    ward_do ${dies[dead]}
    [ "$dead" -ne 1 ] || ward_do gw-a reset
    before=()
    for bed in "${beds[@]}"; do before+=("$(vitals_of "$bed")"); done
    wait_for 25 "${beds[dead]} is silent" is_raised "${beds[dead]}" monitor_silent
    for other in 0 1 2 3; do
        [ "$other" -eq "$dead" ] || [ "$(vitals_of "${beds[other]}")" -ge $((before[other] + 3)) ] ||
            fail "${beds[other]} stood still while ${beds[dead]} was dead"
        [ "$other" -le "$dead" ] || ! is_raised "${beds[other]}" monitor_silent || fail "${beds[other]} is silent, too"
    done
    # shellcheck disable=SC2086
    ward_do ${lives[dead]}
done
for bed in "${beds[@]}"; do
    wait_for 25 "$bed is back" is_over "$bed" monitor_silent
    [ "$(grep "^$BASE/$bed/alarm/monitor_silent {" "$TEST_DIR/payloads.txt" | member id | sort -u | wc -l)" -eq 1 ] ||
        fail "$bed was silent more than once"
done

echo report | "$BUILD/tests/ask" "$TEST_DIR/ward.sock" >"$TEST_DIR/report.json"
grep -q '"name":"ox-a","kind":"oximeter","received":0,' "$TEST_DIR/report.json" || fail "the gateway sent something to the oximeter"
grep -qE '"kind":"hl7","connections":2,.*"failed":0,"rejected":0,"unexpected":0' "$TEST_DIR/report.json" ||
    fail "the central station: $(cat "$TEST_DIR/report.json")"
stop_gateway
