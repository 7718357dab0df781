#!/usr/bin/env bash
# Killed in the middle: alarms, numbers, stays and windows go on; nothing that was committed is lost or comes under
# another id.
. tests/e2e/lib.sh

start_broker
start_ward <<END
control \${WARD_DIR}/ward.sock
line line-a \${WARD_DIR}/line-a baud=19200 parity=even strict turnaround=2ms
monitor b01 line-a 1 generated seed=1
END
write_config <<END
stay_after: 3s
buses:
  line-a: {kind: modbus-rtu, device: $TEST_DIR/line-a, baud: 19200, parity: even}
beds:
  b01: {bus: line-a, address: 1, profile: generic-vitals, class: adult}
rules: [rules/standard.yaml]
END
subscribe seen.txt "$BASE/b01/alert" "$BASE/b01/vitals" "$BASE/gateway/gw-test/status"
start_gateway
ward_do b01 value spo2 84
wait_for 40 "the alarm starts" grep -q '"phase":"start".*"rule":"spo2_low"' "$TEST_DIR/seen.txt"
stay=$(grep '"rule":"spo2_low"' "$TEST_DIR/seen.txt" | member stay | tail -n 1)
id=$(grep '"rule":"spo2_low"' "$TEST_DIR/seen.txt" | member id | tail -n 1)
epoch=$(grep '"rule":"spo2_low"' "$TEST_DIR/seen.txt" | member epoch | tail -n 1)
sleep 2
kill_gateway
wait_for 5 "the will says offline" grep -q '"state":"offline","reason":"lost"' "$TEST_DIR/seen.txt"
killed=$(wc -l <"$TEST_DIR/seen.txt")

start_gateway
wait_for 5 "the stay goes on" bash -c "tail -n +$((killed + 1)) '$TEST_DIR/seen.txt' | grep -q 'vitals .*\"stay\":\"$stay\"'"
grep -q 'restored [1-9][0-9]* alarms' "$TEST_DIR/gateway.log" || fail "no alarm was restored"
sleep 3
tail -n +$((killed + 1)) "$TEST_DIR/seen.txt" | finds '"phase":"start".*"rule":"spo2_low"' && fail "the alarm started a second time"
ward_do b01 value spo2 auto
wait_for 20 "the alarm ends" bash -c "tail -n +$((killed + 1)) '$TEST_DIR/seen.txt' | grep -q '\"phase\":\"end\".*\"rule\":\"spo2_low\"'"
end=$(grep '"phase":"end".*"rule":"spo2_low"' "$TEST_DIR/seen.txt" | tail -n 1)
[ "$(member id <<<"$end")" = "$id" ] || fail "the end has another id than the start"
[ "$(member epoch <<<"$end")" = "$epoch" ] || fail "another epoch"
[ "$(member stay <<<"$end")" = "$stay" ] || fail "another stay"
grep '/alert ' "$TEST_DIR/seen.txt" | member seq | sort -n | uniq | awk '$1 != NR { exit 1 }' || fail "seq has a gap"
# One content under one id and rev: whatever came twice came with the same words.
grep '/alert ' "$TEST_DIR/seen.txt" | sed 's/,"delivery":.*//' | sort -u |
    while IFS= read -r line; do echo "$(member id <<<"$line") $(member rev <<<"$line")"; done | sort | uniq -d | grep . &&
    fail "one id and rev with two contents"
stop_gateway
