#!/usr/bin/env bash
# One cause, one alert: eight monitors on one line that dies. The gateway's alert lists the beds; each bed's retained state says what is
# not watched there, and no bed's alert topic carries the storm. A restart in its middle changes nothing; then all of it ends.
. tests/e2e/lib.sh

start_broker
{
    echo "control \${WARD_DIR}/ward.sock"
    echo "line line-a \${WARD_DIR}/line-a baud=115200 parity=even turnaround=1ms"
    for n in 1 2 3 4 5 6 7 8; do echo "monitor b0$n line-a $n generated seed=$n"; done
} | start_ward
{
    echo "stay_after: 2s"
    echo "buses: {line-a: {kind: modbus-rtu, device: $TEST_DIR/line-a, baud: 115200, parity: even, timeout: 100ms}}"
    echo "beds:"
    for n in 1 2 3 4 5 6 7 8; do
        echo "  b0$n: {bus: line-a, address: $n, profile: generic-vitals, class: adult}"
    done
    echo "rules: [rules/standard.yaml]"
} | write_config
for n in 1 2 3 4 5 6 7 8; do ward_do "b0$n" value hr 75 pulse 75 spo2 97 resp 14; done
subscribe seen.txt "$BASE/+/alert" "$BASE/gateway/gw-test/alert"
subscribe states.txt "$BASE/+/alarm/#" "$BASE/gateway/gw-test/alarm/#"
start_gateway
wait_for 20 "all patients are there" bash -c \
    "[ \$(grep -c '\"phase\":\"start\".*\"admission_not_entered\"' '$TEST_DIR/seen.txt') -eq 8 ]"
sleep 2

# state BED ALARM: the newest retained state, empty once it has ended
state() { grep "^$BASE/$1/alarm/$2 " "$TEST_DIR/states.txt" | tail -1 | cut -d' ' -f2-; }
told() { grep -c "^$BASE/gateway/gw-test/alert .*\"phase\":\"$1\".*\"rule\":\"bus_down\"" "$TEST_DIR/seen.txt" || true; }
silent_beds() {
    local n count=0
    for n in 1 2 3 4 5 6 7 8; do
        if state "b0$n" monitor_silent | finds "\"part_of\":{\"gateway\":\"gw-test\",\"rule\":\"bus_down\""; then
            count=$((count + 1))
        fi
    done
    [ "$count" -eq 8 ]
}

ward_do line-a unplug
wait_for 20 "the dead line is told" bash -c "finds() { [ \$(grep -c \"\$@\") -gt 0 ]; }
    finds '^$BASE/gateway/gw-test/alert .*\"phase\":\"start\".*\"rule\":\"bus_down\"' <'$TEST_DIR/seen.txt'"
grep "^$BASE/gateway/gw-test/alert .*\"phase\":\"start\".*\"rule\":\"bus_down\"" "$TEST_DIR/seen.txt" |
    finds '"stands_for":\["b01","b02","b03","b04","b05","b06","b07","b08"\],"stands_for_more":0' ||
    fail "the alert does not list the beds"
wait_for 5 "each bed says that its monitor is silent" silent_beds
id=$(grep "\"rule\":\"bus_down\"" "$TEST_DIR/seen.txt" | tail -1 | member id)
state b05 monitor_silent | finds "\"seq\":null.*\"part_of\":{[^}]*\"id\":\"$id\"" || fail "b05 is part of something else"
wait_for 40 "the line's alert takes their priority over" bash -c \
    "grep -q '^$BASE/gateway/gw-test/alert .*\"phase\":\"escalate\".*\"priority\":\"high\".*\"bus_down\"' '$TEST_DIR/seen.txt'"
[ "$(told start)" -eq 1 ] || fail "the dead line was told $(told start) times"
[ "$(told escalate)" -eq 1 ] || fail "it was escalated $(told escalate) times"
part_of_line() { state "$1" "$2" | finds "\"part_of\":{[^}]*\"id\":\"$id\""; }
wait_for 10 "b03's rule says so" part_of_line b03 spo2_desat.not_monitored

# In the middle of it.
kill_gateway
start_gateway
sleep 16
[ "$(told start)" -eq 1 ] || fail "the restart told it again"
silent_beds || fail "after the restart a bed is not said to be silent"

ward_do line-a replug
wait_for 20 "the line is back" bash -c \
    "grep -q '^$BASE/gateway/gw-test/alert .*\"phase\":\"end\".*\"bus_down\"' '$TEST_DIR/seen.txt'"
all_ended() {
    local topic
    while read -r topic; do
        [ -z "$(grep "^$topic " "$TEST_DIR/states.txt" | tail -1 | cut -d' ' -f2-)" ] || return 1
    done < <(grep -E '/(monitor_silent|[a-z0-9_]+\.not_monitored) ' "$TEST_DIR/states.txt" | cut -d' ' -f1 | sort -u)
}
wait_for 60 "every bed's states end" all_ended
grep -E "^$BASE/b0[0-9]/alert .*(monitor_silent|not_monitored)" "$TEST_DIR/seen.txt" >"$TEST_DIR/storm.txt" || true
[ ! -s "$TEST_DIR/storm.txt" ] || fail "beds' alerts carry the storm: $(head -3 "$TEST_DIR/storm.txt")"
numbers=$(member seq <"$TEST_DIR/seen.txt" | sort -nu)
[ "$(echo "$numbers" | wc -l)" -eq "$(echo "$numbers" | tail -1)" ] || fail "seq has a gap"
stop_gateway
