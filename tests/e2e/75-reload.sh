#!/usr/bin/env bash
# The configuration again while the gateway runs: what it leaves alone goes on as if nothing had been (delays, windows,
# alarms, connections, numbers), what it takes away ends, and whatever is wrong with it changes nothing.
. tests/e2e/lib.sh
# shellcheck disable=SC2034 # for write_config
STORE_MORE=", trends: 0s" # they give descriptors back while a reload has them closed, and here those are counted

G() { echo $((WARD_PORT + $1)); }

start_broker
start_ward <<END
control \${WARD_DIR}/ward.sock
line line-a \${WARD_DIR}/line-a baud=19200 parity=even strict turnaround=2ms
tcp gw-a 127.0.0.1:$(G 0) turnaround=1ms
tcp gw-b 127.0.0.1:$(G 1) turnaround=1ms
tcp gw-c 127.0.0.1:$(G 2) turnaround=1ms
tcp gw-d 127.0.0.1:$(G 3) turnaround=1ms
tcp gw-e 127.0.0.1:$(G 4) turnaround=1ms
tcp gw-f 127.0.0.1:$(G 5) turnaround=1ms
monitor b01 line-a 1 generated seed=1
monitor b02 line-a 2 generated seed=2
$(for n in 03 04 05 06 07 08 09 10; do echo "monitor b$n gw-a ${n#0} generated seed=${n#0}"; done)
monitor b11 gw-b 1 generated seed=11
monitor b12 gw-b 2 generated seed=12
monitor b13 gw-c 1 generated seed=13
monitor b14 gw-d 1 generated seed=14
monitor b15 gw-e 1 generated seed=15
monitor b16 gw-f 1 generated seed=16
END

beds_of() { # BED...: on gw-a, each under the unit of its number
    local bed
    for bed in "$@"; do
        echo "  $bed: {bus: gw-a, address: $((10#${bed#b})), profile: generic-vitals, class: adult}"
    done
}

buses() { # NAME PLACE...
    echo "stay_after: 2s"
    echo "buses:"
    echo "  line-a: {kind: modbus-rtu, device: $TEST_DIR/line-a, baud: 19200, parity: even}"
    while [ $# -gt 0 ]; do
        echo "  $1: {kind: modbus-tcp, host: 127.0.0.1, port: $(G "$2")}"
        shift 2
    done
}

ours() { # LIMIT
    cat >"$TEST_DIR/rules/ours.yaml" <<END
rules:
  spo2_ours:
    when: spo2 < limit
    limit: $1
    priority: medium
    text: "SpO2 below {limit} %"
    advice: "Look"
  hr_held:
    when: hr > limit
    limit: 170
    delay: 15s
    priority: high
    text: "Heart rate above {limit}/min"
    advice: "Look"
END
}

first_config() {
    {
        buses gw-a 0 gw-b 1 gw-c 2 gw-e 4 gw-f 5
        echo "beds:"
        echo "  b01: {bus: line-a, address: 1, profile: generic-vitals, class: adult}"
        echo "  b02: {bus: line-a, address: 2, profile: generic-vitals, class: adult}"
        beds_of b03 b04 b05 b06 b07 b08 b09 b10
        echo "  b11: {bus: gw-b, address: 1, profile: generic-vitals, class: adult}"
        echo "  b12: {bus: gw-b, address: 2, profile: generic-vitals, class: adult}"
        echo "  b13: {bus: gw-c, address: 1, profile: generic-vitals, class: adult}"
        echo "  b15: {bus: gw-e, address: 1, profile: ours, class: adult}"
        echo "  b16: {bus: gw-f, address: 1, profile: generic-vitals, class: adult}"
        echo "rules: [rules/standard.yaml, rules/ours.yaml]"
    } | write_config
    ours 60
    sed 's/^profile: .*/profile: ours/' config/profiles/generic-vitals.yaml >"$TEST_DIR/profiles/ours.yaml"
}

# b16 stands first now, b12 has another name, b13 is gone, b14 is new on a line of its own; another limit, another profile.
second_config() {
    {
        buses gw-a 0 gw-b 1 gw-d 3 gw-e 4 gw-f 5
        echo "beds:"
        echo "  b16: {bus: gw-f, address: 1, profile: generic-vitals, class: adult}"
        echo "  b01: {bus: line-a, address: 1, profile: generic-vitals, class: adult}"
        echo "  b02: {bus: line-a, address: 2, profile: generic-vitals, class: adult}"
        beds_of b03 b04 b05 b06 b07 b08 b09 b10
        echo "  b11: {bus: gw-b, address: 1, profile: generic-vitals, class: adult}"
        echo "  b92: {bus: gw-b, address: 2, profile: generic-vitals, class: adult}"
        echo "  b14: {bus: gw-d, address: 1, profile: generic-vitals, class: adult}"
        echo "  b15: {bus: gw-e, address: 1, profile: ours, class: adult}"
        echo "rules: [rules/standard.yaml, rules/ours.yaml]"
    } | write_config
    ours "$1"
    sed -e 's/^profile: .*/profile: ours/' -e 's/^poll_interval: .*/poll_interval: 2s/' \
        config/profiles/generic-vitals.yaml >"$TEST_DIR/profiles/ours.yaml"
}

reloads() { grep -c 'wardgate: reloaded: ' "$TEST_DIR/gateway.log" || true; }

reload() {
    local before
    before=$(reloads)
    kill -HUP "$GATEWAY_PID"
    wait_for 5 "the configuration is loaded again" eval "[ \$(grep -c 'wardgate: reloaded: ' '$TEST_DIR/gateway.log') -gt $before ]"
}

refused() { # PATTERN: a reload that must be refused with these words
    local before from
    before=$(reloads)
    from=$(($(wc -l <"$TEST_DIR/gateway.log") + 1))
    kill -HUP "$GATEWAY_PID"
    wait_for 5 "the reload is refused: $1" eval "tail -n +$from '$TEST_DIR/gateway.log' | finds '$1'"
    tail -n +"$from" "$TEST_DIR/gateway.log" | finds 'the one before goes on' || fail "nobody said that the old configuration goes on"
    [ "$(reloads)" = "$before" ] || fail "it was loaded all the same"
}

alerts() { # BED ALARM PHASE: its lines
    grep -h "^$BASE/$1/alert .*\"phase\":\"$3\".*\"rule\":\"$2\"" "$TEST_DIR/seen.txt" || true
}

count() { alerts "$@" | wc -l; }

ms_of() { date -d "$1" +%s%3N; }

figure() { # LINK KEY: out of the ward's own report
    echo report | "$BUILD/tests/ask" "$TEST_DIR/ward.sock" | tr '{' '\n' | grep "\"name\":\"$1\"" | member "$2"
}

vitals_flow() { # BED: from now on
    local from
    from=$(($(wc -l <"$TEST_DIR/seen.txt") + 1))
    wait_for 10 "vitals of $1 flow" eval "tail -n +$from '$TEST_DIR/seen.txt' | finds '^$BASE/$1/vitals .*\"hr\":'"
}

# --- what goes on, what ends, what begins ---

first_config
subscribe seen.txt "$BASE/#"
start_gateway
wait_for 15 "stays begin" eval "[ \$(grep -c '/alert .*admission_not_entered' '$TEST_DIR/seen.txt') -eq 15 ]"
for bed in b06 b07 b08 b09 b10; do ward_do "$bed" value spo2 97 hr 80; done
ward_do b05 value spo2 70
ward_do b11 value spo2 70
ward_do b13 value spo2 70
ward_do b16 value spo2 70
for bed in b05 b11 b13 b16; do
    wait_for 15 "$bed has its alarm" eval "grep -q '^$BASE/$bed/alert .*\"phase\":\"start\".*\"rule\":\"spo2_desat\"' '$TEST_DIR/seen.txt'"
done
# One that does not come up (there is no descriptor left for the thread of a new line) goes back to what there was. The
# limit leaves two free, for what is built before; this early none of those in use is above it.
cp "$TEST_DIR/wardgate.yaml" "$TEST_DIR/good.yaml"
sed -e "s|^buses:|buses:\n  line-b: {kind: modbus-rtu, device: $TEST_DIR/line-b, baud: 19200}|" \
    -e 's|^beds:|beds:\n  b20: {bus: line-b, address: 1, profile: generic-vitals, class: adult}|' \
    "$TEST_DIR/good.yaml" >"$TEST_DIR/wardgate.yaml"
limit=$(find "/proc/$GATEWAY_PID/fd" -type l -printf '%f\n' | sort -n |
    awk 'BEGIN { free = 2 } { for (; at < $1 && free > 0; at++) free--; if (free > 0) at = $1 + 1 } END { print at + free }')
prlimit --pid "$GATEWAY_PID" --nofile="$limit":1024
refused 'it does not start'
prlimit --pid "$GATEWAY_PID" --nofile=1024:1024
cp "$TEST_DIR/good.yaml" "$TEST_DIR/wardgate.yaml"
vitals_flow b05
[ "$(count b05 spo2_desat start)" = 1 ] || fail "the alarm of b05 started again after a reload that went back"

ward_do b06 value spo2 93
sleep 12 # a window of its own
ward_do b03 value hr 180
ward_do b04 value spo2 84
sleep 6
connects=$(grep "/status " "$TEST_DIR/seen.txt" | tail -n 1 | member connect_count)
stay=$(grep "^$BASE/b16/vitals" "$TEST_DIR/seen.txt" | tail -n 1 | member stay)
[ "$(count b03 hr_held start)" = 0 ] || fail "the delay of b03 is over already"
[ "$(count b04 spo2_low start)" = 0 ] || fail "the window of b04 is full already"
second_config 95
reloaded_ms=$(date +%s%3N)
reload
pause_ms=$(grep 'reloaded: ' "$TEST_DIR/gateway.log" | tail -n 1 | sed -E 's/.* ([0-9]+) ms$/\1/')
echo "the pause took $pause_ms ms"
[ "$pause_ms" -le $((500 * PATIENCE)) ] || fail "the pause took $pause_ms ms"
grep -q 'reloaded: 2 beds new, 2 gone, 13 go on; 3 of 6 lines untouched' "$TEST_DIR/gateway.log" ||
    fail "it does not say what it did: $(grep reloaded "$TEST_DIR/gateway.log")"

wait_for 14 "the delay of b03 goes on" eval "grep -q '^$BASE/b03/alert .*\"phase\":\"start\".*\"rule\":\"hr_held\"' '$TEST_DIR/seen.txt'"
held=$(alerts b03 hr_held start | tail -n 1)
[ $(($(ms_of "$(member raised_at <<<"$held")") - $(ms_of "$(member violated_at <<<"$held")"))) = 15000 ] || fail "the delay of b03 was not 15 s: $held"
[ "$(ms_of "$(member violated_at <<<"$held")")" -lt "$reloaded_ms" ] || fail "the delay of b03 began anew"
wait_for 14 "the window of b04 goes on" eval "grep -q '^$BASE/b04/alert .*\"phase\":\"start\".*\"rule\":\"spo2_low\"' '$TEST_DIR/seen.txt'"
[ $(($(ms_of "$(alerts b04 spo2_low start | tail -n 1 | member raised_at)") - reloaded_ms)) -lt 9500 ] || fail "the window of b04 began anew"
wait_for 5 "the new limit holds" eval "grep -q '^$BASE/b06/alert .*\"phase\":\"start\".*\"rule\":\"spo2_ours\"' '$TEST_DIR/seen.txt'"
[ "$(count b07 spo2_ours start)" = 0 ] || fail "the new limit holds where it should not"
wait_for 5 "the alarm of the bed that is gone ends" eval "grep -q '^$BASE/b13/alert .*\"phase\":\"end\".*\"rule\":\"spo2_desat\"' '$TEST_DIR/seen.txt'"
vitals_flow b14
vitals_flow b92
vitals_flow b15
grep "^$BASE/b92/vitals" "$TEST_DIR/seen.txt" | member stay | finds -x "$(grep "^$BASE/b12/vitals" "$TEST_DIR/seen.txt" | tail -n 2 | head -n 1 | member stay)" &&
    fail "another bed has the stay of the one that is gone"
for bed in b12 b13; do
    for leaf in vitals settings; do
        wait_for 5 "$bed/$leaf is emptied" eval "grep -qE '^$BASE/$bed/$leaf *\$' '$TEST_DIR/seen.txt'"
    done
done
wait_for 5 "so is the alarm of b13" eval "grep -qE '^$BASE/b13/alarm/spo2_desat *\$' '$TEST_DIR/seen.txt'"
for bed in b05 b11 b16; do
    [ "$(count "$bed" spo2_desat start)" = 1 ] || fail "the alarm of $bed started again"
    [ "$(count "$bed" spo2_desat end)" = 0 ] || fail "the alarm of $bed ended"
done
[ "$(grep "^$BASE/b16/vitals" "$TEST_DIR/seen.txt" | tail -n 1 | member stay)" = "$stay" ] || fail "b16 has another stay"
grep "/status " "$TEST_DIR/seen.txt" | finds '"state":"offline"' && fail "the gateway was offline"
[ "$(grep "/status " "$TEST_DIR/seen.txt" | tail -n 1 | member connect_count)" = "$connects" ] || fail "it connected again"
for link in gw-a gw-f; do
    [ "$(figure "$link" connections)" = 1 ] || fail "$link was closed: $(figure "$link" connections) connections"
done
"$WARDGATE" status -c "$TEST_DIR/wardgate.yaml" --json >"$TEST_DIR/status.json"
grep -q '"dropped":0[,}]' "$TEST_DIR/status.json" || fail "observations were dropped"
for bed in b03 b10; do
    asked=$(figure "$bed" requests)
    answers=$("$WARDGATE" status -c "$TEST_DIR/wardgate.yaml" --json | tr '{' '\n' | grep "\"bed\":\"$bed\"" | member answers)
    [ $((answers - asked)) -ge -1 ] || fail "answers of $bed were lost: $answers of $asked"
done
grep -q 'monitor at b03 (gw-a, address 3) answers' "$TEST_DIR/gateway.log" || fail "the log does not tell of monitors"
[ "$(grep -c 'monitor at b03 (gw-a, address 3) answers' "$TEST_DIR/gateway.log")" = 1 ] || fail "the log tells of b03 again"

# --- what is refused changes nothing ---

cp "$TEST_DIR/wardgate.yaml" "$TEST_DIR/good.yaml"
sed -i 's/class: adult/class: grown-up/' "$TEST_DIR/wardgate.yaml"
refused 'wardgate.yaml:[0-9]*:[0-9]*: beds.b16.class'
"$WARDGATE" reload -c "$TEST_DIR/wardgate.yaml" >"$TEST_DIR/asked.txt" 2>&1 && fail "a bad file was loaded"
grep -q 'wardgate.yaml:[0-9]*:[0-9]*: beds.b16.class' "$TEST_DIR/asked.txt" || fail "who asked is not told: $(cat "$TEST_DIR/asked.txt")"
sed 's/id: gw-test/id: gw-other/' "$TEST_DIR/good.yaml" >"$TEST_DIR/wardgate.yaml"
refused 'wardgate.yaml:1:[0-9]*: gateway.id: .*restart'
sed '1i memory: 1MiB' "$TEST_DIR/good.yaml" >"$TEST_DIR/wardgate.yaml"
refused 'the windows need [0-9]* KiB, more than memory: allows'
rm "$TEST_DIR/wardgate.yaml"
refused 'wardgate.yaml'
cp "$TEST_DIR/good.yaml" "$TEST_DIR/wardgate.yaml"
"$WARDGATE" reload -c "$TEST_DIR/wardgate.yaml" | finds 'reloaded: 0 beds new, 0 gone, 15 go on; 6 of 6 lines untouched' || fail "it is not loaded when asked"
"$WARDGATE" audit -c "$TEST_DIR/wardgate.yaml" --json >"$TEST_DIR/audit.txt"
[ "$(grep -c '"kind":"reload".*"result":"accepted"' "$TEST_DIR/audit.txt")" = 2 ] || fail "the audit log: $(cat "$TEST_DIR/audit.txt")"
[ "$(grep -c '"kind":"reload".*"result":"refused"' "$TEST_DIR/audit.txt")" = 5 ] || fail "the audit log: $(cat "$TEST_DIR/audit.txt")"
vitals_flow b03
[ "$(figure gw-a connections)" = 1 ] || fail "gw-a was closed"

# --- a storm, while the broker goes and comes ---

for i in $(seq 20); do
    kill -HUP "$GATEWAY_PID"
    sleep 0.05
done
reload
vitals_flow b16
ward_do b05 value spo2 auto
wait_for 20 "the alarm of b05 ends" eval "grep -q '^$BASE/b05/alert .*\"phase\":\"end\".*\"rule\":\"spo2_desat\"' '$TEST_DIR/seen.txt'"
[ "$(alerts b05 spo2_desat end | member id | sort -u)" = "$(alerts b05 spo2_desat start | member id | sort -u)" ] || fail "the end of b05 has another id"
[ "$(figure gw-a connections)" = 1 ] || fail "gw-a was closed in the storm"

if [ -z "${FLAVOUR:-}" ]; then # a sanitizer keeps what was freed
    resident() { sed -nE 's/^VmRSS:\s+([0-9]+) kB/\1/p' "/proc/$GATEWAY_PID/status"; }
    for i in $(seq 20); do reload; done
    before_kb=$(resident)
    for i in $(seq 80); do reload; done
    echo "resident: $before_kb KiB after 20 more reloads, $(resident) KiB after 100"
    [ "$(resident)" -lt $((before_kb + 4096)) ] || fail "memory grows with each reload: $before_kb to $(resident) KiB"
    [ "$(find "/proc/$GATEWAY_PID/fd" -type l | wc -l)" -lt 60 ] || fail "descriptors are left over"
fi

stop_broker
sleep 1
ward_do b07 value spo2 90
second_config 96
reload
sleep 1
: >"$TEST_DIR/seen-again.txt"
return_broker seen-again.txt "$BASE/#"
wait_for 20 "the alert of b07 comes" grep -q "^$BASE/b07/alert .*\"phase\":\"start\".*\"rule\":\"spo2_ours\"" "$TEST_DIR/seen-again.txt"
wait_for 10 "vitals flow again" grep -q "^$BASE/b14/vitals .*\"hr\":" "$TEST_DIR/seen-again.txt"

# --- killed right behind a reload; told to stop in the middle of one ---

second_config 95
reload
kill_gateway
start_gateway
wait_for 10 "it goes on" eval "[ \$(grep -c 'restored [1-9][0-9]* alarms' '$TEST_DIR/gateway.log') -ge 1 ]"
grep 'restored [1-9][0-9]* alarms' "$TEST_DIR/gateway.log" | tail -n 1 | grep -q ' 0 observations' && fail "the windows are empty after a kill"
from=$(($(wc -l <"$TEST_DIR/seen-again.txt") + 1))
wait_for 10 "vitals flow after the kill" eval "tail -n +$from '$TEST_DIR/seen-again.txt' | finds '^$BASE/b16/vitals .*\"stay\":\"$stay\"'"
sleep 3
for file in seen.txt seen-again.txt; do
    [ "$(grep -h "^$BASE/b16/alert .*\"phase\":\"start\".*\"rule\":\"spo2_desat\"" "$TEST_DIR/$file" | member id | sort -u | wc -l)" -le 1 ] || fail "the alarm of b16 has two ids"
done
cat "$TEST_DIR/seen.txt" "$TEST_DIR/seen-again.txt" | grep -h '/alert ' | member seq | sort -n | uniq | awk '$1 != NR { exit 1 }' || fail "seq has a gap"
cat "$TEST_DIR/seen.txt" "$TEST_DIR/seen-again.txt" | grep -h '/alert ' | sed 's/,"delivery":.*//' | sort -u |
    while IFS= read -r line; do echo "$(member id <<<"$line") $(member rev <<<"$line")"; done | sort | uniq -d | grep . &&
    fail "one id and rev with two contents"

kill -HUP "$GATEWAY_PID"
before=$(date +%s%N)
stop_gateway
took_ms=$((($(date +%s%N) - before) / 1000000))
[ "$took_ms" -le $((2000 * PATIENCE)) ] || fail "stopping in a reload took $took_ms ms"
