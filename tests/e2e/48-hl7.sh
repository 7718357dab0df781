#!/usr/bin/env bash
# HL7: many beds over one connection, acknowledgements, messages sent twice, marked as a test or a demonstration, cut or in an unknown
# encoding, a wrong clock, the monitors' own alarms from start to end, a monitor that turns up at another bed, a lost connection.
. tests/e2e/lib.sh

beds=(b01 b02 b03 b04 b05 b06 b07 b08 b09 b10 b11 b12 b13 b14 b15 b16)
start_broker
{
    printf 'control %s/ward.sock\nhl7 central 127.0.0.1:%s\n' "$TEST_DIR" "$WARD_PORT"
    for bed in "${beds[@]}"; do printf 'monitor %s central W1^%s^A generated seed=%d\n' "$bed" "$bed" "$((10#${bed#b}))"; done
    printf 'monitor stranger central W9^1^A generated\n'
} >"$TEST_DIR/description"
start_ward <"$TEST_DIR/description"
write_config <<END
stay_after: 2s
buses:
  central: {kind: hl7, listen: "127.0.0.1:$WARD_PORT"}
beds:
$(for bed in "${beds[@]}"; do echo "  $bed: {bus: central, address: W1^$bed^A, profile: hl7-pcd-fast, class: adult}"; done)
END
for bed in "${beds[@]}"; do ward_do "$bed" value hr $((60 + 10#${bed#b})) spo2 97; done
subscribe seen.txt "$BASE/+/vitals" "$BASE/+/alert"
start_gateway
count_alerts() { # BED PHASE RULE
    grep -cE "^$BASE/$1/alert .*\"phase\":\"$2\".*\"rule\":\"$3\"" "$TEST_DIR/seen.txt" || true
}
seen() {
    [ "$(count_alerts "$@")" -gt 0 ]
}
station() { # its part of the report
    echo report | "$BUILD/tests/ask" "$TEST_DIR/ward.sock" | tr '{' '\n' | grep '"kind":"hl7"'
}
report() { # KEY
    station | member "$1"
}
figure() { # KEY: of the bus
    "$WARDGATE" status -c "$TEST_DIR/wardgate.yaml" --json 2>/dev/null | tr '{' '\n' | grep '"bus":"central"' | member "$1"
}
rises() { # COMMAND KEY FROM
    [ "$($1 "$2")" -gt "$3" ]
}

for bed in "${beds[@]}"; do
    wait_for 10 "$bed has its heart rate" grep -qE "^$BASE/$bed/vitals .*\"hr\":$((60 + 10#${bed#b}))[,}]" "$TEST_DIR/seen.txt"
    wait_for 5 "$bed has its pressure, measured when the cuff did" grep -qE \
        "^$BASE/$bed/vitals .*\"nibp_sys\":1[0-9]+[,}].*\"observed\":{[^}]*\"nibp_sys\":\"20" "$TEST_DIR/seen.txt"
done
[ "$(figure connections)" -eq 1 ] || fail "$(figure connections) connections"
[ "$(report accepted)" -ge 17 ] || fail "only $(report accepted) acknowledgements"
[ "$(figure refused)" -gt 0 ] || fail "the stranger's messages were not counted"
ward_do stranger silence

# A measurement by the cuff is one, however often it is told. The monitor may just have measured by itself: not within 5 min again.
spread_ms() { # PRESSURE
    local instants
    ward_do b01 value nibp_sys "$1" nibp_dia 90 nibp_mean 109
    wait_for 5 "b01's new pressure" grep -q "^$BASE/b01/vitals .*\"nibp_sys\":$1" "$TEST_DIR/seen.txt"
    sleep 3
    instants=$(grep "^$BASE/b01/vitals .*\"nibp_sys\":$1" "$TEST_DIR/seen.txt" | grep -oE '"observed":\{[^}]*\}' |
        member nibp_sys | sort)
    echo $((($(date -d "$(tail -n 1 <<<"$instants")" +%s%N) - $(date -d "$(head -n 1 <<<"$instants")" +%s%N)) / 1000000))
}
spread=$(spread_ms 147)
[ "$spread" -le 100 ] || spread=$(spread_ms 148)
[ "$spread" -le 100 ] || fail "one measurement has instants $spread ms apart"

ward_do b09 bit asystole on

# Sent twice: both acknowledged, no effect. Marked as tests, as demonstrations: acknowledged, counted, never shown.
before=$(station)
ward_do b02 duplicate 5
sleep 6
after=$(station)
extra=$(($(member accepted <<<"$after") - $(member accepted <<<"$before") - ($(member messages <<<"$after") - $(member messages <<<"$before"))))
{ [ "$extra" -ge 4 ] && [ "$extra" -le 6 ]; } || fail "5 messages sent twice made $extra more acknowledgements"
grep -qE "^$BASE/b1[0-6]/alert .*not_monitored" "$TEST_DIR/seen.txt" && fail "what a monitor may lack is missed"
refused=$(figure refused)
ward_do b03 test
ward_do b04 bit demo on
ward_do b03 value hr 199
ward_do b04 value hr 199
wait_for 10 "b04's demonstration is told" grep -q "^$BASE/b04/vitals .*\"invalid\":{[^}]*\"hr\":\"demo\"" "$TEST_DIR/seen.txt"
wait_for 5 "tests and demonstrations are counted" rises figure refused $((refused + 3))
wait_for 20 "b03, of which only tests come, is silent" seen b03 start monitor_silent
ward_do b03 value hr 63
ward_do b03 answer
ward_do b04 value hr 64
ward_do b04 bit demo off
wait_for 20 "b03 is real again" seen b03 end monitor_silent
grep -qE "^$BASE/b0[34]/vitals .*\"hr\":199" "$TEST_DIR/seen.txt" && fail "a test was shown as a patient's"
[ "$(report failed)$(report rejected)$(report unexpected)" = 000 ] || fail "acknowledgements: $(report failed) AE, $(report rejected) AR"

# b09 has said more than once that it is in asystole. Whatever it says of it from now on gets lost.
seen b09 start monitor.ecg_asystole || fail "b09's own alarm did not come"
ward_do b09 lose_alarms

# An unknown encoding is an error, and a message that ends in its middle is none; it is sent again on the next connection.
ward_do b05 encoding 3
wait_for 10 "an unknown encoding is answered AE" rises report failed 2
[ "$(report rejected)" -eq 0 ] || fail "an unknown encoding was answered AR"
stray=$(figure unasked)
ward_do b05 half 2
wait_for 10 "the station called again, twice" rises report connections 2
[ "$(figure unasked)" -gt "$stray" ] || fail "half messages were not counted"

# Nobody reads the acknowledgements: the values go on.
ward_do central deaf on
before=$(grep -c "^$BASE/b06/vitals " "$TEST_DIR/seen.txt")
ward_do b06 value hr 77
wait_for 5 "b06 goes on while nobody reads" grep -qE "^$BASE/b06/vitals .*\"hr\":77[,}]" "$TEST_DIR/seen.txt"
ward_do central deaf off
ward_do b06 value hr 66
[ "$(grep -c "^$BASE/b06/vitals " "$TEST_DIR/seen.txt")" -gt "$before" ] || fail "b06 stood still"

# The monitors' own alarms: at their priority, one alert when they start, none when they go on, one when they end.
ward_do b07 asystole 25s
ward_do b08 leads_off 25s
wait_for 15 "asystole" grep -q "^$BASE/b07/alert .*\"phase\":\"start\".*\"priority\":\"high\".*\"source\":\"monitor\".*\"rule\":\"monitor.ecg_asystole\"" "$TEST_DIR/seen.txt"
wait_for 15 "leads off" grep -q "^$BASE/b08/alert .*\"phase\":\"start\".*\"priority\":\"low\".*\"kind\":\"technical\".*\"source\":\"monitor\".*\"rule\":\"monitor.leads_off\"" "$TEST_DIR/seen.txt"

# Meanwhile: a monitor is carried to another bed, whose own one is switched off.
ward_do b10 silence
ward_do b11 move 'W1^b10^A'
wait_for 20 "another monitor at b10" seen b10 start identity_changed
wait_for 5 "its values are nobody's" grep -q "^$BASE/b10/vitals .*\"invalid\":{[^}]*\"hr\":\"identity\"" "$TEST_DIR/seen.txt"
grep -qE "^$BASE/b10/vitals .*\"hr\":71[,}]" "$TEST_DIR/seen.txt" && fail "b10 shows b11's patient"
wait_for 20 "b11 has no monitor" seen b11 start monitor_silent
ward_do b11 move 'W1^b11^A'
ward_do b10 answer
wait_for 20 "b11 is back" seen b11 end monitor_silent
wait_for 20 "b10 has its own again" seen b10 end identity_changed

# A clock that is an hour behind: what it says is not current, and no value is.
ward_do central clock -3600
wait_for 25 "values of an hour ago are none" bash -c \
    "grep \"^$BASE/b12/vitals \" '$TEST_DIR/seen.txt' | tail -n 1 | grep -qv '\"hr\":[0-9]'"
wait_for 20 "whose clock is wrong is told" grep -q \
    "^$BASE/gateway/gw-test/alert .*\"phase\":\"start\".*\"rule\":\"bus_down\".*central (values are not current)" "$TEST_DIR/payloads.txt"
wait_for 5 "b12's state says so" grep -q \
    "^$BASE/b12/alarm/monitor_silent .*values are not current.*\"part_of\":{" "$TEST_DIR/payloads.txt"
grep -q "^$BASE/b1[0-9]/alert .*\"phase\":\"start\".*values are not current" "$TEST_DIR/payloads.txt" && fail "beds tell it, too"
grep -q "^$BASE/b12/alert .*\"rule\":\"no_pulse_signal\"" "$TEST_DIR/seen.txt" && fail "a wrong clock stopped a heart"
ward_do central clock 0
wait_for 20 "the right time" bash -c \
    "grep \"^$BASE/b12/vitals \" '$TEST_DIR/seen.txt' | tail -n 1 | grep -q '\"hr\":72'"

wait_for 30 "asystole ends" seen b07 end monitor.ecg_asystole
wait_for 30 "leads off ends" seen b08 end monitor.leads_off
for alarm in "b07 monitor.ecg_asystole" "b08 monitor.leads_off"; do
    alerts=$(grep -c "^$BASE/${alarm% *}/alert .*\"rule\":\"${alarm#* }\"" "$TEST_DIR/seen.txt")
    [ "$alerts" -eq 2 ] || fail "$alarm made $alerts alerts"
done

# Who said that an alarm goes on, and says so no longer, is not monitored; the alarm stays.
asystole='monitor.ecg_asystole","text":"Monitor: ASYSTOLE'
unheard='monitor.ecg_asystole".*"reason":"not_monitored'
wait_for 40 "b09's asystole is no longer said" seen b09 start "$unheard"
seen b09 end "$asystole" && fail "an alarm ended because nobody said it any more"
ward_do b09 answer
wait_for 15 "it is said again" seen b09 end "$unheard"
ward_do b09 bit asystole off
wait_for 10 "and ends" seen b09 end "$asystole"

# The connection is lost, with all its beds; it comes back.
ward_do central unplug
for bed in "${beds[@]}"; do wait_for 25 "$bed is silent" is_raised "$bed" monitor_silent; done
ward_do central replug
for bed in "${beds[@]}"; do
    wait_for 20 "$bed is back" is_over "$bed" monitor_silent
done
[ "$(report unexpected)" -eq 0 ] || fail "$(report unexpected) acknowledgements of nothing"
stop_gateway
