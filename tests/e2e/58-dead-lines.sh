#!/usr/bin/env bash
# Lines of every kind die at one time: a wire is cut behind an adapter that stays open, adapters are pulled, a gateway of several units
# and single monitors on the network go away, a central station hangs up. One alert names all lines and beds. A configuration that is loaded
# again amid it, with one bed more and one less, tells the new list and nothing twice; a kill tells nothing. Then all is back.
. tests/e2e/lib.sh

start_broker
start_ward <<END
control \${WARD_DIR}/ward.sock
line wire \${WARD_DIR}/wire baud=115200 parity=even turnaround=1ms
monitor b1 wire 1 generated seed=1
monitor b2 wire 2 generated seed=2
monitor b3 wire 3 generated seed=3
monitor b13 wire 13 generated seed=13
line usb \${WARD_DIR}/usb baud=115200 parity=even turnaround=1ms
monitor b4 usb 1 generated seed=4
monitor b5 usb 2 generated seed=5
tcp units 127.0.0.1:$((WARD_PORT + 1)) turnaround=1ms
monitor b6 units 1 generated seed=6
monitor b7 units 2 generated seed=7
tcp one 127.0.0.1:$((WARD_PORT + 2)) turnaround=1ms
monitor b8 one 1 generated seed=8
tcp two 127.0.0.1:$((WARD_PORT + 3)) turnaround=1ms
monitor b9 two 1 generated seed=9
hl7 central 127.0.0.1:$((WARD_PORT + 4))
monitor b10 central W^10^A generated seed=10
monitor b11 central W^11^A generated seed=11
oximeter b12 \${WARD_DIR}/stream nonin-df2 seed=12
END
beds() { # BED...: those on the wire
    local bed
    cat <<END
stay_after: 2s
buses:
  wire: {kind: modbus-rtu, device: $TEST_DIR/wire, baud: 115200, parity: even, timeout: 100ms}
  usb: {kind: modbus-rtu, device: $TEST_DIR/usb, baud: 115200, parity: even, timeout: 100ms}
  units: {kind: modbus-tcp, host: 127.0.0.1, port: $((WARD_PORT + 1))}
  one: {kind: modbus-tcp, host: 127.0.0.1, port: $((WARD_PORT + 2))}
  two: {kind: modbus-tcp, host: 127.0.0.1, port: $((WARD_PORT + 3))}
  central: {kind: hl7, listen: "127.0.0.1:$((WARD_PORT + 4))"}
  stream: {kind: serial, device: $TEST_DIR/stream, baud: 9600}
beds:
END
    for bed; do echo "  $bed: {bus: wire, address: ${bed#b}, profile: generic-vitals, class: adult}"; done
    cat <<END
  b4: {bus: usb, address: 1, profile: generic-vitals, class: adult}
  b5: {bus: usb, address: 2, profile: generic-vitals, class: adult}
  b6: {bus: units, address: 1, profile: generic-vitals, class: adult}
  b7: {bus: units, address: 2, profile: generic-vitals, class: adult}
  b8: {bus: one, address: 1, profile: generic-vitals, class: adult}
  b9: {bus: two, address: 1, profile: generic-vitals, class: adult}
  b10: {bus: central, address: W^10^A, profile: hl7-pcd-fast, class: adult}
  b11: {bus: central, address: W^11^A, profile: hl7-pcd-fast, class: adult}
  b12: {bus: stream, profile: nonin-df2, class: adult}
rules: [rules/standard.yaml]
END
}
beds b1 b2 b3 | write_config
subscribe seen.txt "$BASE/+/alert" "$BASE/gateway/gw-test/alert"
start_gateway
all_here() { [ "$(grep -c '"phase":"start".*"admission_not_entered"' "$TEST_DIR/seen.txt")" -eq 12 ]; }
wait_for 20 "all patients are there" all_here

told() { grep "^$BASE/gateway/gw-test/alert .*\"rule\":\"bus_down\"" "$TEST_DIR/seen.txt" | grep -c "\"phase\":\"$1\"" || true; }
is_told() { [ "$(told "$1")" -eq "$2" ]; }
newest() { grep "^$BASE/gateway/gw-test/alert .*\"rule\":\"bus_down\"" "$TEST_DIR/seen.txt" | tail -n 1; }
names() { # BED...: the newest alert stands for these
    newest | finds "\"stands_for\":\[$(printf '"%s",' "$@" | sed 's/,$//')\],\"stands_for_more\":0"
}
part_of_lines() { # BED...
    local bed
    for bed; do
        grep "^$BASE/$bed/alarm/monitor_silent " "$TEST_DIR/payloads.txt" | tail -n 1 | finds '"part_of":{"gateway":"gw-test","rule":"bus_down"' ||
            return 1
    done
}
by_themselves() { grep -E "^$BASE/b[0-9]+/alert .*\"(monitor_silent|[a-z0-9_]+\.not_monitored)\"" "$TEST_DIR/seen.txt" || true; }

printf '%s\n' 'b1 silence' 'b2 silence' 'b3 silence' 'b13 silence' 'usb unplug' 'b12 unplug' 'central unplug' \
    'units refuse' 'one refuse' 'two refuse' 'units reset' 'one reset' 'two reset' |
    "$BUILD/tests/ask" "$TEST_DIR/ward.sock" >"$TEST_DIR/storm.txt"
[ "$(grep -c '^ok' "$TEST_DIR/storm.txt")" -eq 13 ] || fail "the storm did not begin: $(cat "$TEST_DIR/storm.txt")"
wait_for 20 "it is told" is_told start 1
wait_for 5 "each bed is not monitored" part_of_lines b{1..12}
names b{1..12} || fail "it does not list the beds: $(newest)"
newest | finds '(nobody answers)' || fail "it does not say on which line nobody answers"
[ -z "$(by_themselves)" ] || fail "beds tell it, too: $(by_themselves | head -n 3)"
updates=$(told update)
[ "$updates" -le 1 ] || fail "the list was told in $((updates + 1)) pieces"

# Somebody at one of the beds has seen it.
"$WARDGATE" command -c "$TEST_DIR/wardgate.yaml" b9 acknowledge "alarm_id=$(newest | member id)" "rev=$(newest | member rev)" \
    >"$TEST_DIR/command.log" 2>&1 || fail "it cannot be acknowledged: $(cat "$TEST_DIR/command.log")"
wait_for 5 "it is acknowledged" is_told acknowledge 1
newest | finds '"inactivation":"acknowledged"' || fail "it is not said to be acknowledged"

# Loaded again amid it.
beds b1 b2 b13 | write_config
"$WARDGATE" reload -c "$TEST_DIR/wardgate.yaml" >"$TEST_DIR/reload.log" || fail "the reload was refused"
gone() { is_over b3 monitor_silent; }
wait_for 5 "the bed that went shows nothing any more" gone
wait_for 20 "the new list is told" names b1 b2 b13 b{4..12}
newest | finds '"inactivation":"none"' || fail "a bed that nobody has acknowledged is silenced"
wait_for 20 "the new bed is not monitored" part_of_lines b1 b2 b13 b{4..12}
kill_gateway
start_gateway
sleep 15
part_of_lines b1 b2 b13 b{4..12} || fail "after the restart a bed is not said to be silent"
names b1 b2 b13 b{4..12} || fail "after the restart the list is another: $(newest)"
[ "$(told start)" -eq 1 ] || fail "it was told $(told start) times"
[ "$(told update)" -eq $((updates + 1)) ] || fail "the new list was told $(($(told update) - updates)) times"
[ "$(told end)" -eq 0 ] || fail "it has ended"
[ -z "$(by_themselves)" ] || fail "beds tell it, too: $(by_themselves | head -n 3)"

for what in 'b1 answer' 'b2 answer' 'b13 answer' 'usb replug' 'b12 replug' 'central replug' 'units accept' 'one accept' 'two accept'; do
    ward_do "$what"
done
all_over() {
    local bed
    is_told end 1 || return 1
    for bed in b1 b2 b13 b{4..12}; do is_over "$bed" monitor_silent || return 1; done
}
wait_for 40 "all is back" all_over
[ -z "$(by_themselves)" ] || fail "beds tell it, too: $(by_themselves | head -n 3)"
numbers=$(member seq <"$TEST_DIR/seen.txt" | sort -nu)
[ "$(echo "$numbers" | wc -l)" -eq "$(echo "$numbers" | tail -n 1)" ] || fail "seq has a gap"
stop_gateway
