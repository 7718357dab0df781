#!/usr/bin/env bash
# Serial oximeters: values of every format, noise and wrong checksums, a probe that comes off, a pulse that is lost, a plug that
# is pulled, and a line that speaks something else than was configured. No value is ever shown that was not sent.
. tests/e2e/lib.sh

start_broker
formats=(nonin-df2 nonin-df7 nonin-df8 masimo-ascii1 masimo-rad8)
{
    printf 'control %s/ward.sock\n' "$TEST_DIR"
    for i in "${!formats[@]}"; do printf 'oximeter ox%d %s/ox%d %s seed=%d\n' "$i" "$TEST_DIR" "$i" "${formats[i]}" "$i"; done
    printf 'oximeter ox5 %s/ox5 masimo-ascii1\n' "$TEST_DIR"
    printf 'oximeter ox6 %s/ox6 nonin-df7\n' "$TEST_DIR"
} >"$TEST_DIR/description"
start_ward <"$TEST_DIR/description"
write_config <<END
stay_after: 2s
buses:
$(for i in 0 1 2 3 4 5 6; do echo "  ox$i: {kind: serial, device: $TEST_DIR/ox$i}"; done)
beds:
$(for i in "${!formats[@]}"; do echo "  b$i: {bus: ox$i, profile: ${formats[i]}, class: adult}"; done)
  b5: {bus: ox5, profile: nonin-df2, class: adult}
  b6: {bus: ox6, profile: oximeter, class: adult}
rules: [rules/standard.yaml]
END
# Every oximeter has values of its own, and no other may ever be shown for it.
for i in 0 1 2 3 4 5 6; do ward_do ox$i value pulse $((61 + i)) spo2 $((91 + i)) perfusion $((1 + i)).25; done
subscribe seen.txt "$BASE/+/vitals" "$BASE/+/alert"
start_gateway
shows() { # BED KEY VALUE
    grep -qE "^$BASE/$1/vitals .*\"$2\":$3[,}]" "$TEST_DIR/seen.txt"
}
count_alerts() { # BED PHASE RULE
    grep -c "^$BASE/$1/alert .*\"phase\":\"$2\".*\"rule\":\"$3\"" "$TEST_DIR/seen.txt" || true
}
seen() {
    [ "$(count_alerts "$@")" -gt 0 ]
}
for i in 0 1 2 3 4 6; do
    wait_for 15 "b$i has its pulse" shows b$i pulse $((61 + i))
    wait_for 5 "b$i has its saturation" shows b$i spo2 $((91 + i))
done
for i in 3 4; do wait_for 5 "b$i has its perfusion" shows b$i perfusion $((1 + i)).25; done

# Another protocol than was configured: no value, and health says what the line speaks.
bus_of() { # BUS: its part of the status
    "$WARDGATE" status -c "$TEST_DIR/wardgate.yaml" --json | tr '{' '\n' | grep "\"bus\":\"$1\""
}
speaks() { # BUS NAME
    [ "$(bus_of "$1" | member speaks)" = "$2" ]
}
wait_for 15 "b5's line is recognised" speaks ox5 masimo-ascii1
bus_of ox5 | finds '"error":"[^"]*protocol' || fail "the wrong protocol is no error: $(bus_of ox5)"
"$WARDGATE" status -c "$TEST_DIR/wardgate.yaml" | finds '^ox5 .*masimo-ascii1' || fail "status does not name what ox5 speaks"
wait_for 12 "health says it, too" bash -c "mosquitto_sub -h 127.0.0.1 -p $PORT -t '$BASE/gateway/gw-test/health' -C 1 -W 11 | grep -q 'masimo-ascii1'"
wait_for 5 "an oximeter whose format was left open is recognised" speaks ox6 nonin-df7
wait_for 20 "b5 is silent" seen b5 start monitor_silent
grep "^$BASE/b5/vitals " "$TEST_DIR/seen.txt" | finds '"pulse":[0-9]' && fail "b5 has values out of another protocol"

# Dirt on the line.
for round in 1 2 3 4; do
    for i in 0 1 2 3 4; do ward_do ox$i noise $((3 + 40 * round)); done
    ward_do ox0 crc 2
    ward_do ox1 truncate 3 1
    ward_do ox4 truncate 20 1
    sleep 1.7
done
for i in 0 1 2 3 4; do
    was=$(bus_of ox$i | member busy_us)
    wait_for 5 "ox$i goes on" bash -c "[ \$('$WARDGATE' status -c '$TEST_DIR/wardgate.yaml' --json | tr '{' '\n' | grep '\"bus\":\"ox$i\"' |
        sed -nE 's/.*\"busy_us\":([0-9]+).*/\1/p') -gt $was ]"
    ! seen b$i start monitor_silent || fail "noise made b$i silent"
done
[ "$(bus_of ox0 | member unasked)" -gt 0 ] || fail "the dirt on ox0 was not counted"

# The finger is gone: the sensor's alarm, not a lost pulse, and no value, the ones held for displays neither.
for i in 0 1 2 3 4; do ward_do ox$i probe_off; done
for i in 0 1 2 3 4; do
    wait_for 20 "b$i has lost its sensor" seen b$i start sensor_off
    wait_for 5 "b$i shows why" grep -q "^$BASE/b$i/vitals .*\"invalid\":{[^}]*\"spo2\":\"sensor_off\"" "$TEST_DIR/seen.txt"
done
sleep 4
for i in 0 1 2 3 4; do
    ! seen b$i start no_pulse_signal || fail "b$i: a sensor that is off was taken for a lost pulse"
    grep "^$BASE/b$i/vitals " "$TEST_DIR/seen.txt" | tail -n 1 | grep -q '"spo2":[0-9]' && fail "b$i still has a saturation"
    ward_do ox$i recover
done
for i in 0 1 2 3 4; do wait_for 20 "b$i has its sensor again" seen b$i end sensor_off; done

# The finger is there and the pulse is not.
ward_do ox0 value pulse absent spo2 absent
ward_do ox3 value pulse absent spo2 absent
for i in 0 3; do wait_for 25 "b$i has no pulse" seen b$i start no_pulse_signal; done
for i in 0 3; do ward_do ox$i value pulse $((61 + i)) spo2 $((91 + i)); done
for i in 0 3; do wait_for 20 "b$i has a pulse again" seen b$i end no_pulse_signal; done

# Unplugged; back under the same name, another pty behind it. And one that says nothing for a while.
ward_do ox1 unplug
ward_do ox2 silence
for i in 1 2; do wait_for 30 "b$i is silent" is_raised b$i monitor_silent; done
[ "$(bus_of ox1 | member state)" != open ] || fail "a line that is gone is open"
ward_do ox1 replug
ward_do ox2 answer
for i in 1 2; do wait_for 20 "b$i is back" is_over b$i monitor_silent; done
[ "$(bus_of ox1 | member opened)" -eq 2 ] || fail "ox1 was opened $(bus_of ox1 | member opened) times"

for i in 0 1 2 3 4 6; do
    for key in "pulse $((61 + i))" "spo2 $((91 + i))"; do
        wrong=$(grep "^$BASE/b$i/vitals " "$TEST_DIR/seen.txt" | sed 's/"invalid":{[^}]*}//' | member "${key% *}" | grep -E '^[0-9.]+$' |
            grep -vx "${key#* }" || true)
        [ -z "$wrong" ] || fail "b$i showed a ${key% *} that was never sent: $wrong"
    done
done
echo report | "$BUILD/tests/ask" "$TEST_DIR/ward.sock" >"$TEST_DIR/report.json"
grep -q '"received":[1-9]' "$TEST_DIR/report.json" && fail "the gateway sent something to an oximeter"
grep -q '"wrong_speed":[1-9]' "$TEST_DIR/report.json" && fail "a line was read at another speed: $(cat "$TEST_DIR/report.json")"
stop_gateway
