#!/usr/bin/env bash
# A line that is asked for twice what it can carry: `check` says so and what each will get, nobody starves, health and status tell, an
# alarm is raised; and one silent monitor on it costs the others next to nothing.
. tests/e2e/lib.sh

BEDS=8
start_broker
{
    echo "control \${WARD_DIR}/ward.sock"
    echo "line line-a \${WARD_DIR}/line-a baud=19200 parity=even strict turnaround=2ms"
    for ((i = 1; i <= BEDS; i++)); do echo "monitor b0$i line-a $i generated seed=$i"; done
} | start_ward
{
    echo "buses:"
    echo "  line-a: {kind: modbus-rtu, device: $TEST_DIR/line-a, baud: 19200, parity: even}"
    echo "beds:"
    for ((i = 1; i <= BEDS; i++)); do
        echo "  b0$i: {bus: line-a, address: $i, profile: hasty, class: adult}"
    done
    echo "rules: [rules/standard.yaml]"
} | write_config
sed 's/^profile: .*/profile: hasty/; s/^poll_interval: .*/poll_interval: 100ms/' config/profiles/generic-vitals.yaml \
    >"$TEST_DIR/profiles/hasty.yaml"

"$WARDGATE" check -c "$TEST_DIR/wardgate.yaml" >"$TEST_DIR/check.txt" 2>"$TEST_DIR/warned.txt" || fail "check refuses it"
grep -qE 'load 2[0-9][0-9] % of the line' "$TEST_DIR/check.txt" || fail "check tells no load"
grep -q 'MORE THAN IT CAN CARRY' "$TEST_DIR/check.txt" || fail "check does not say that it is too much"
grep -qE '^ +b08 +every +0\.[2-9] s instead of 0\.1 s' "$TEST_DIR/check.txt" || fail "check does not say what b08 will get"
grep -qE 'wardgate\.yaml:[0-9]+:[0-9]+: buses\.line-a: ' "$TEST_DIR/warned.txt" || fail "check does not say where"

status() { "$WARDGATE" status -c "$TEST_DIR/wardgate.yaml" --json; }
figure() { status | tr '{' '\n' | grep "$1" | member "$2"; } # of the first line with that text
answers() { for ((i = 1; i <= BEDS; i++)); do figure "\"bed\":\"b0$i\"" answers; done; }

# rates SECONDS: answers of each bed meanwhile
rates() {
    local -a before after
    mapfile -t before < <(answers)
    sleep "$1"
    mapfile -t after < <(answers)
    for ((i = 0; i < BEDS; i++)); do echo $((after[i] - before[i])); done
}

subscribe alarms.txt "$BASE/gateway/gw-test/alert"
start_gateway
wait_for 10 "all answer" bash -c "[ \$('$WARDGATE' status -c '$TEST_DIR/wardgate.yaml' --json | grep -o '\"answering\":true' | wc -l) = $BEDS ]"
sleep 3
mapfile -t all < <(rates 8)
least=$(printf '%s\n' "${all[@]}" | sort -n | head -1)
most=$(printf '%s\n' "${all[@]}" | sort -n | tail -1)
if [ "$least" -eq 0 ] || [ $((most - least)) -gt $((most / 10 + 2)) ]; then fail "not the same for all: ${all[*]}"; fi

ward_do b03 silence
sleep 3
mapfile -t others < <(rates 8)
sum() { local s=0 n; for n in "$@"; do s=$((s + n)); done; echo "$s"; }
[ "${others[2]}" = 0 ] || fail "b03 answered"
unset 'others[2]'
# The seven share what eight had: each must have at least 95 % of what it had before.
[ $(($(sum "${others[@]}") * 100)) -ge $((($(sum "${all[@]}") - all[2]) * 95)) ] ||
    fail "a silent monitor costs the others too much: ${all[*]} before, ${others[*]} now"
ward_do b03 answer

is_told() { [ "$(figure '"load"\|planned_permille' planned_permille)" -gt 2000 ] && status_text | finds 'overbooked 2'; }
status_text() { "$WARDGATE" status -c "$TEST_DIR/wardgate.yaml"; }
wait_for 15 "health and status say how much it is, with b03" is_told
[ "$(figure planned_permille missed)" -gt 100 ] || fail "health counts no missed turns"
wait_for 70 "the alarm" grep -q '"phase":"start".*"rule":"bus_overbooked"' "$TEST_DIR/alarms.txt"
echo report | "$BUILD/tests/ask" "$TEST_DIR/ward.sock" >"$TEST_DIR/report.json"
grep -qE '"gap_violations": *0' "$TEST_DIR/report.json" || fail "the gap was broken: $(cat "$TEST_DIR/report.json")"
stop_gateway
