#!/usr/bin/env bash
# A test alert through the whole chain, with a broker and without one; a store that cannot be written; what the other commands say to a gateway that is
# not there.
. tests/e2e/lib.sh

start_broker
start_ward <<END
control \${WARD_DIR}/ward.sock
tcp gw-a 127.0.0.1:\${WARD_PORT} turnaround=1ms
monitor b01 gw-a 1 generated seed=1
END
write_config <<END
stay_after: 2s
buses:
  gw-a: {kind: modbus-tcp, host: 127.0.0.1, port: $WARD_PORT}
beds:
  b01: {bus: gw-a, address: 1, profile: generic-vitals, class: adult}
  b02: {bus: gw-a, address: 2, profile: generic-vitals, class: adult}
rules: [rules/standard.yaml]
END
config=$TEST_DIR/wardgate.yaml
for words in "test-alert b01" "command b01 back" "audit show" "reload"; do
    # shellcheck disable=SC2086 # several words
    "$WARDGATE" $words -c "$config" >"$TEST_DIR/out.txt" 2>&1 && fail "$words without a gateway"
    grep -q '^wardgate: no gateway answers (.*), start it' "$TEST_DIR/out.txt" || fail "$words: $(cat "$TEST_DIR/out.txt")"
done
for words in "test-alert" "test-alert b01 b02" "test-alert b01 --priority" "command b01" "command b01 back x" \
    "command b01 set_limit value=much" "audit show all" "history --since yesterday" "history --bed" "history --trends b01" "reload now"; do
    status=0
    # shellcheck disable=SC2086 # several words
    "$WARDGATE" $words -c "$config" >"$TEST_DIR/out.txt" 2>&1 || status=$?
    [ "$status" -eq 2 ] || fail "$words: status $status"
    grep -q '^usage: wardgate ' "$TEST_DIR/out.txt" || fail "$words says no usage"
done
for words in "test-alert b01" "command b01 back" "audit show" "reload" "status"; do # as `check` and `run`
    status=0
    # shellcheck disable=SC2086 # several words
    "$WARDGATE" $words -c "$TEST_DIR/none.yaml" >"$TEST_DIR/out.txt" 2>&1 || status=$?
    [ "$status" -eq 2 ] || fail "$words without a configuration: status $status"
done
for name in test-alert command history audit reload; do
    "$WARDGATE" help $name | finds "^usage: wardgate $name " || fail "no help for $name"
    "$WARDGATE" help | finds "^  $name " || fail "$name is not in the list"
done

subscribe seen.txt "$BASE/#"
start_gateway
wait_for 10 "a stay begins" grep -q "^$BASE/b01/alert .*admission_not_entered" "$TEST_DIR/seen.txt"
"$WARDGATE" test-alert -c "$config" b01 --priority high >"$TEST_DIR/out.txt" || fail "the test alert: $(cat "$TEST_DIR/out.txt")"
grep -q '^b01: committed, and a broker has it' "$TEST_DIR/out.txt" || fail "$(cat "$TEST_DIR/out.txt")"
wait_for 2 "the alert is there" grep -q "^$BASE/b01/alert .*\"priority\":\"high\".*\"rule\":\"test_alert\".*\"test\":true" "$TEST_DIR/seen.txt"
"$WARDGATE" test-alert -c "$config" b02 >"$TEST_DIR/out.txt" || fail "at a vacant bed: $(cat "$TEST_DIR/out.txt")"
wait_for 2 "the alert is there" grep -q "^$BASE/b02/alert .*\"stay\":null.*\"priority\":\"low\".*\"rule\":\"test_alert\".*\"test\":true" "$TEST_DIR/seen.txt"
sleep 0.5
grep -q "/alarm/test_alert" "$TEST_DIR/seen.txt" && fail "a test alert has an alarm topic"
"$WARDGATE" test-alert -c "$config" b09 >"$TEST_DIR/out.txt" 2>&1 && fail "b09"
grep -q '^wardgate: the test alert did not arrive (b09: there is no such bed; beds: b01 b02)$' "$TEST_DIR/out.txt" || fail "$(cat "$TEST_DIR/out.txt")"
"$WARDGATE" test-alert -c "$config" b01 -p deafening >"$TEST_DIR/out.txt" 2>&1 && fail "deafening"
grep -q '^wardgate: .*(b01: priority: .*low, medium or high)$' "$TEST_DIR/out.txt" || fail "$(cat "$TEST_DIR/out.txt")"

# The configuration again, by the command.
"$WARDGATE" reload -c "$config" >"$TEST_DIR/out.txt" || fail "reload: $(cat "$TEST_DIR/out.txt")"
grep -q 'reloaded: 0 beds new, 0 gone, 2 go on; 1 of 1 line ' "$TEST_DIR/out.txt" || fail "$(cat "$TEST_DIR/out.txt")"
sed -i '/^  b02:/s/adult/child/' "$config"
"$WARDGATE" reload -c "$config" >"$TEST_DIR/out.txt" || fail "reload: $(cat "$TEST_DIR/out.txt")"
grep -q 'reloaded: 0 beds new, 0 gone, 2 go on; changed: b02; 1 of 1 line ' "$TEST_DIR/out.txt" || fail "$(cat "$TEST_DIR/out.txt")"
"$WARDGATE" test-alert -c "$config" b01 >"$TEST_DIR/out.txt" || fail "after a reload: $(cat "$TEST_DIR/out.txt")"
echo 'nonsense: 1' >>"$config"
"$WARDGATE" reload -c "$config" >"$TEST_DIR/out.txt" 2>&1 && fail "a faulty configuration was loaded"
sed -i '$d' "$config"
# History has them, with what no broker has yet; by bed, by time, for a spreadsheet, for a program.
history() { "$WARDGATE" history -c "$config" "$@"; }
history --bed b02 >"$TEST_DIR/history.txt" || fail "history: $(cat "$TEST_DIR/history.txt")"
grep -q '^at  *bed  *priority  *rule ' "$TEST_DIR/history.txt" || fail "$(cat "$TEST_DIR/history.txt")"
grep -q ' b02  *low  *test_alert  *.* yes ' "$TEST_DIR/history.txt" || fail "$(cat "$TEST_DIR/history.txt")"
grep -q ' b01 ' "$TEST_DIR/history.txt" && fail "of another bed: $(cat "$TEST_DIR/history.txt")"
history --csv | finds '^[^,]*,b01,high,test_alert,' || fail "no CSV"
history --json >"$TEST_DIR/history.txt" || fail "no JSON"
grep -q '"bed":"b01".*"rule":"test_alert".*"delivered":true}$' "$TEST_DIR/history.txt" || fail "$(cat "$TEST_DIR/history.txt")"
[ "$(history --since 1h --json | wc -l)" = "$(history --until 0s --json | wc -l)" ] || fail "since an hour"
[ "$(history --until 1h --csv | wc -l)" = 1 ] || fail "until an hour ago there was nothing"
"$WARDGATE" audit -c "$config" --json show 100 >"$TEST_DIR/audit.txt"
[ "$(grep -c '"command":"test_alert".*"result":"accepted"' "$TEST_DIR/audit.txt")" -eq 3 ] || fail "$(cat "$TEST_DIR/audit.txt")"
grep -q '"kind":"reload"' "$TEST_DIR/audit.txt" || fail "the reload is not in the audit log"

# Without a broker it is told how far it came; with the next connection it arrives.
stop_broker
"$WARDGATE" test-alert -c "$config" b01 >"$TEST_DIR/out.txt" 2>&1 && fail "without a broker"
grep -q 'committed, but no broker has it' "$TEST_DIR/out.txt" || fail "$(cat "$TEST_DIR/out.txt")"
return_broker after.txt "$BASE/#"
wait_for 20 "it arrives late" grep -q "^$BASE/b01/alert .*\"rule\":\"test_alert\".*\"late\":true" "$TEST_DIR/after.txt"
stop_gateway
