#!/usr/bin/env bash
# What helps with writing a configuration: help on a key, an example to begin with, a profile tried without a monitor.
. tests/e2e/lib.sh

# says TEXT COMMAND...: the command succeeds, and says so on standard output.
says() {
    local text=$1
    shift
    "$@" >"$TEST_DIR/out.log" 2>"$TEST_DIR/told.log" </dev/null || fail "status $? of $*"
    grep -qF -- "$text" "$TEST_DIR/out.log" || fail "'$text' is not said by $*"
    [ ! -s "$TEST_DIR/told.log" ] || fail "something is on standard error of $*"
}

# refuses TEXT COMMAND...: the command ends with status 2, says so on standard error, and nothing else.
refuses() {
    local text=$1 status=0
    shift
    "$@" >"$TEST_DIR/out.log" 2>"$TEST_DIR/told.log" </dev/null || status=$?
    [ "$status" -eq 2 ] || fail "status $status of $*"
    grep -qF -- "$text" "$TEST_DIR/told.log" || fail "'$text' is not said by $*"
    [ ! -s "$TEST_DIR/out.log" ] || fail "something is on standard output of $*"
}

### Help

says "usage: wardgate COMMAND" "$WARDGATE" help
says "usage: wardgate check" "$WARDGATE" help check
for word in admit discharge transfer away back assign acknowledge set_limit reset_limit test_alert observe retract \
    set_scale pause resume describe set_staff resend; do
    says "$word" "$WARDGATE" help command
done
for word in run check probe replay status test-alert command reload history audit indicator box update backup restore version help; do
    says "  $word" "$WARDGATE" help
    says "usage: wardgate $word" "$WARDGATE" "$word" --help
done
says "range     5s to 1h" "$WARDGATE" help uplink.keep_alive
says "words     adult, adolescent" "$WARDGATE" help beds.b03.class
says "Oxygen saturation (pulse) in %" "$WARDGATE" help spo2
! grep -q "changing by" "$TEST_DIR/out.log" || fail "help tells of a check that there is not"
refuses "there is no command, key or vital 'uplink.kep_alive' (did you mean 'keep_alive'?)" "$WARDGATE" help uplink.kep_alive
refuses "did you mean 'spo2'?" "$WARDGATE" help spo3
refuses "rules stand in the files that the key rules names" "$WARDGATE" help spo2_low
refuses "kinds of bus are told by \`wardgate help kind\`" "$WARDGATE" help hl7
says "words     modbus-rtu" "$WARDGATE" help kind
refuses "is one word too many" "$WARDGATE" help beds class

# The example is what is shipped, and a configuration to begin with.
"$WARDGATE" help --yaml >"$TEST_DIR/wardgate.yaml"
cmp -s "$TEST_DIR/wardgate.yaml" config/wardgate.yaml || fail "config/wardgate.yaml is not what the tables say, run make example"
cp -r config/profiles config/rules "$TEST_DIR"
says "no rule watches" "$WARDGATE" check -c "$TEST_DIR/wardgate.yaml"

[ -e /etc/wardgate/wardgate.yaml ] || refuses "name one with -c FILE" "$WARDGATE" check

### A profile without a monitor

MODULE=config/profiles/generic-vitals.yaml
says "holding 0-11" "$WARDGATE" check --profile "$MODULE"
says "72 /min     valid" "$WARDGATE" check --profile "$MODULE" --registers "0=72,1=97,10=0x0001"
says "97 %        sensor_off" "$WARDGATE" check --profile "$MODULE" --registers "0=72,1=97,10=0x0001"
says "ON    probe_off" "$WARDGATE" check --profile "$MODULE" --registers "0=72,1=97,10=0x0001"
says " 97.5 %        valid" "$WARDGATE" check --profile config/profiles/oximeter-x.yaml --registers "0=975,1=64"
says " - %        sensor_off" "$WARDGATE" check --profile config/profiles/oximeter-x.yaml --registers "0=0xFFFF,1=64,3=1"
says " 64 /min     sensor_off" "$WARDGATE" check --profile config/profiles/oximeter-x.yaml --registers "0=0xFFFF,1=64,3=1"
printf '# read with another tool\ninput:7=0x6666 input:8=0x40A6\n3=-20\n' >"$TEST_DIR/registers"
says "5.2 mmol/L   valid, age unknown" "$WARDGATE" check --profile "$MODULE" --registers "$TEST_DIR/registers"

# What a unit has no sensor for it gives as 0: no value.
"$WARDGATE" check --profile config/profiles/tsi-pressura-rpc30.yaml --registers "input:0=100,input:3=0,input:4=0" >"$TEST_DIR/tsi.txt"
[ "$(grep -c ' absent$' "$TEST_DIR/tsi.txt")" -eq 2 ] || fail "0 of a missing sensor is a value: $(cat "$TEST_DIR/tsi.txt")"
says "-2 Cel" "$WARDGATE" check --profile "$MODULE" --registers "$TEST_DIR/registers"
refuses "'0=x' is no register" "$WARDGATE" check --profile "$MODULE" --registers "1=2,0=x"
refuses "the registers cannot be read" "$WARDGATE" check --profile "$MODULE" --registers no-such-file
refuses "--registers needs --profile" "$WARDGATE" check --registers 0=1
refuses "not both" "$WARDGATE" check -c "$TEST_DIR/wardgate.yaml" --profile "$MODULE"
refuses "is no option, or its value is missing" "$WARDGATE" check --profile
refuses "there is no such file" "$WARDGATE" check --profile "$TEST_DIR/profiles/none.yaml"
sed 's/unit: Cel/unit: kPa/' "$MODULE" >"$TEST_DIR/profiles/generic-vitals.yaml"
refuses "channels.temp.unit: \"kPa\" is no unit" "$WARDGATE" check --profile "$TEST_DIR/profiles/generic-vitals.yaml"
