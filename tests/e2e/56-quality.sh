#!/usr/bin/env bash
# What is not believed is named, counted and told, never silent; the pulse stands in for a lost heart rate, with its name.
. tests/e2e/lib.sh

start_broker
watch_beds 2 <<<'stay_after: 3s
pulse: {disagree_by: 20, disagree_for: 2s}'
subscribe seen.txt "$BASE/#"
start_gateway
wait_for 10 "stays begin" bash -c "[ \$(grep -c '/alert .*admission_not_entered' '$TEST_DIR/seen.txt') -eq 2 ]"

# An artefact in an adult that lasts: out of sight at once, an alarm after 10 s.
ward_do b01 value pulse 277
wait_for 5 "the artefact is not shown" grep -q "^$BASE/b01/vitals .*\"invalid\":{[^}]*\"pulse\":\"implausible\"" "$TEST_DIR/seen.txt"
wait_for 20 "the artefact is told" grep -q "^$BASE/b01/alert .*\"phase\":\"start\".*\"rule\":\"implausible\".*pulse 277 /min" "$TEST_DIR/seen.txt"
! grep -q "^$BASE/b01/vitals .*\"pulse\":277" "$TEST_DIR/seen.txt" || fail "an artefact is shown as a value"
! grep -q "^$BASE/b01/alert .*\"rule\":\"pulse_extreme_high\"" "$TEST_DIR/seen.txt" || fail "an artefact is judged"

# The leads come off: the heart rate goes on as the pulse's.
ward_do b02 leads_off 60s
wait_for 10 "the pulse stands in" grep -q "^$BASE/b02/vitals .*\"hr\":[0-9].*\"source\":{\"hr\":\"pulse\"}" "$TEST_DIR/seen.txt"
wait_for 20 "the leads are told" grep -q "^$BASE/b02/alert .*\"phase\":\"start\".*\"rule\":\"sensor_off\"" "$TEST_DIR/seen.txt"

# Both are counted, for people and for programs.
counted() { "$WARDGATE" status -c "$TEST_DIR/wardgate.yaml" | grep -qE "$1"; }
wait_for 5 "the artefacts are counted" counted '^b01 +pulse +[0-9]+ implausible$'
wait_for 5 "the lost values are counted" counted '^b02 +hr +[0-9]+ sensor_off$'
wait_for 15 "health counts them" grep -qE "/health .*\"rejected\":\[\{\"bed\":\"b01\",\"count\":[0-9]+,\"vitals\":\{\"pulse\":\{\"implausible\":[0-9]+\}\}\}" "$TEST_DIR/seen.txt"

# The two at odds.
ward_do b01 value pulse auto
wait_for 10 "the artefact ends" grep -q "^$BASE/b01/alert .*\"phase\":\"end\".*\"rule\":\"implausible\"" "$TEST_DIR/seen.txt"
ward_do b01 value pulse 140
wait_for 10 "they disagree" grep -q "^$BASE/b01/alert .*\"phase\":\"start\".*\"priority\":\"low\".*\"rule\":\"pulse_disagrees\"" "$TEST_DIR/seen.txt"
ward_do b01 value pulse auto
wait_for 10 "they agree again" grep -q "^$BASE/b01/alert .*\"phase\":\"end\".*\"rule\":\"pulse_disagrees\"" "$TEST_DIR/seen.txt"
stop_gateway
