#!/usr/bin/env bash
# Screening estimates: off unless configured, no alarm, without a result until all is known; what was told of a patient is back
# after a restart and gone with the patient; one that is taken out of the configuration is emptied, by reload or restart.
. tests/e2e/lib.sh

start_broker
start_ward <<END
control \${WARD_DIR}/ward.sock
tcp gw-a 127.0.0.1:\${WARD_PORT} turnaround=1ms
monitor b01 gw-a 1 generated seed=1
END
# configure MORE
configure() {
    write_config <<END
stay_after: 2s
buses:
  gw-a: {kind: modbus-tcp, host: 127.0.0.1, port: $WARD_PORT}
beds:
  b01: {bus: gw-a, address: 1, profile: generic-vitals, class: adult}
rules: [rules/standard.yaml]
$1
END
}

# told NAME: what was said last of it. says NAME PATTERN: it holds that.
told() { grep "^$BASE/b01/score/$1 " "$TEST_DIR/seen.txt" | tail -n 1; }
says() { told "$1" | grep -q -- "$2"; }
tell() { "$WARDGATE" command -c "$TEST_DIR/wardgate.yaml" b01 "$@" >"$TEST_DIR/tell.log" 2>&1; }

configure "models: [models/tabaei_herman.yaml]
blood_pressure: acc_aha_2017"
subscribe seen.txt "$BASE/#"
ward_do b01 value glucose 9.991 # as what is entered later: what a restart finds in the register is then no news
start_gateway
wait_for 10 "a stay begins by itself" grep -q "^$BASE/b01/alert .*admission_not_entered" "$TEST_DIR/seen.txt"
wait_for 10 "what is missing is told" says tabaei_herman \
    '"kind":"advisory","validated":false,"notice":"Screening estimate, not validated for inpatients, never an alarm","complete":false,"probability":null,.*"missing":\["age","sex","bmi","hours_since_food","glucose"\]'

tell describe attribute=age value=121 && fail "an age of 121"
tell describe attribute=age value=50 || fail "age: $(cat "$TEST_DIR/tell.log")"
tell describe attribute=sex value=male || fail "sex: $(cat "$TEST_DIR/tell.log")"
tell describe attribute=bmi value=28 || fail "bmi: $(cat "$TEST_DIR/tell.log")"
tell describe attribute=hours_since_food value=2 || fail "food: $(cat "$TEST_DIR/tell.log")"
tell observe vital=glucose value=9.991 || fail "glucose: $(cat "$TEST_DIR/tell.log")"
wait_for 10 "all is known" says tabaei_herman '"complete":true,"probability":0.203,"threshold":0.2,"reached":true,'
grep "^$BASE/b01/alert " "$TEST_DIR/seen.txt" | grep -q tabaei && fail "an alert of an estimate"
"$WARDGATE" audit -c "$TEST_DIR/wardgate.yaml" --json show | grep -q '"command":"describe".*"attribute":"sex","value":"male"' ||
    fail "no row in the audit log"

# All of it is there after a restart; what is no longer configured has its topic emptied.
stop_gateway
: >"$TEST_DIR/seen.txt"
configure "models: [models/tabaei_herman.yaml]"
start_gateway
wait_for 10 "the estimate comes back" says tabaei_herman '"complete":true,"probability":0.203'
wait_for 10 "the category is emptied" says blood_pressure "/score/blood_pressure \$"

tell describe attribute=bmi value=null || fail "taken back: $(cat "$TEST_DIR/tell.log")"
wait_for 5 "it was taken back" says tabaei_herman '"complete":false,.*"missing":\["bmi"\]'

configure "blood_pressure: esc_2018"
"$WARDGATE" reload -c "$TEST_DIR/wardgate.yaml" >"$TEST_DIR/reload.log" 2>&1 || fail "$(cat "$TEST_DIR/reload.log")"
wait_for 10 "the model is emptied" says tabaei_herman "/score/tabaei_herman \$"
wait_for 10 "the other one is there" says blood_pressure '"title":"Blood pressure category, ESC/ESH 2018"'

tell discharge || fail "discharge: $(cat "$TEST_DIR/tell.log")"
wait_for 5 "nobody's category" says blood_pressure "/score/blood_pressure \$"
