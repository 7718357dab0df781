#!/usr/bin/env bash
# The slips of a tired engineer: each is told in one line with its place, `check` and `run` end with status 2, and
# nothing has been started or made.
. tests/e2e/lib.sh
umask 022

GOOD=$TEST_DIR/good
mkdir -p "$GOOD/rules" "$GOOD/profiles"
cat >"$GOOD/wardgate.yaml" <<END
gateway: {id: gw-7e, site: st-marys, ward: w7e}
store: {path: store, size: 16MiB}
uplink:
  brokers: ["mqtt://127.0.0.1:1883"]
buses:
  line-a: {kind: modbus-rtu, device: /dev/ttyUSB0, baud: 19200, parity: even}
  net-a: {kind: modbus-tcp, host: 10.7.0.32, port: 502}
beds:
  b01: {bus: line-a, address: 1, profile: module, class: adult}
  b02: {bus: line-a, address: 2, profile: module, class: child}
  b03:
    class: neonate
    monitors:
      - {bus: line-a, address: 3, profile: module}
      - {bus: net-a, address: 1, profile: module}
    overrides: {spo2_low: {limit: 88}}
rules: [rules/ward.yaml]
END
cat >"$GOOD/rules/ward.yaml" <<END
rules:
  spo2_low:
    when: share(spo2 < limit, 15s) >= 0.8
    clear: min(spo2, 5s) >= limit + 1
    limit: {adult: 90, adolescent: 90, child: 90, toddler: 90, infant: 90, neonate: 85}
    settable: {limit: [85, 95]}
    priority: medium
    text: "SpO2 below {limit} % for 15 s"
  temp_high:
    when: temp > limit
    hysteresis: 0.3
    limit: 39
    priority: low
    delay: 10s
    text: "Temperature above {limit} °C"
END
cat >"$GOOD/profiles/module.yaml" <<END
profile: module
title: A vital-signs module
poll_interval: 1s
channels:
  hr:   {register: 0, type: u16, unit: "/min"}
  spo2: {register: 1, type: u16, unit: "%", absent: [0xFFFF]}
  temp: {register: 3, type: s16, scale: 0.1, unit: Cel}
bits:
  leads_off: {register: 10, bit: 1, channels: [hr], means: sensor_off}
END

# wardgate_at FOLDER COMMAND [OPTION]: with the configuration there
wardgate_at() {
    (cd "$TEST_DIR/$1" && "$WARDGATE" "$2" -c wardgate.yaml ${3:+"$3"}) >"$TEST_DIR/out.log" 2>"$TEST_DIR/told.log" </dev/null
}

# tell COMMAND PLACE WHAT: one line says so, and the command ends with status 2.
tell() {
    local status=0
    wardgate_at bad "$1" || status=$?
    [ "$status" -eq 2 ] || fail "$1: status $status ($3)"
    [ "$(grep -c '^wardgate: ' "$TEST_DIR/told.log")" -eq 1 ] || fail "$1: not one line ($3)"
    grep -qF -- "wardgate: $2" "$TEST_DIR/told.log" || fail "$1: not at $2 ($3)"
    grep -qF -- "$3" "$TEST_DIR/told.log" || fail "$1: '$3' is not said"
    [ ! -s "$TEST_DIR/out.log" ] || fail "$1: something is on standard output ($3)"
    [ ! -e "$TEST_DIR/bad/store" ] || fail "$1: a store was made ($3)"
}

# slip FILE SED PLACE WHAT: with this change, that is told. A change that changes nothing is a fault of this test.
slip() {
    rm -rf "$TEST_DIR/bad"
    cp -r "$GOOD" "$TEST_DIR/bad"
    sed -i -E "$2" "$TEST_DIR/bad/$1"
    ! cmp -s "$GOOD/$1" "$TEST_DIR/bad/$1" || fail "no change: $2"
    tell check "$1:$3:" "$4"
    tell run "$1:$3:" "$4"
}

ward() { slip wardgate.yaml "$@"; }
rules() { slip rules/ward.yaml "$@"; }
profile() { slip profiles/module.yaml "$@"; }

wardgate_at good check || fail "the good configuration is refused"

### The form

ward 's/^  b02:/    b02:/' 10:5 "does not line up with those above"
ward 's/^  b02:/\tb02:/' 10:1 "a tab stands here, indent with spaces"
ward '9s/\}$//' 10:6 "a comma or } is missing before this (the bracket was opened in line 9)"
ward '9s/address: 1,/address: 1/' 9:40 "a comma or } is missing"
ward '4s/1883"/1883/' 4:13 "this quote is never closed"
ward '9s/class: adult/class:adult/' 9:51 "a space is missing behind the colon"
ward '9s/address/adress/' 9:22 'no such key, did you mean "address"?'
ward 's/^beds:/bed:/' 8:1 'no such key, did you mean "beds"?'
ward 's/^  b02:/  b01:/' 10:3 "given twice, first in line 9"

### Names and numbers

ward '9s/b01:/007:/' 9:3 '"007" cannot be a name'
ward '1s/gw-7e/7/' 1:15 '"7" is not an id'
ward '1s/w7e/1e3/' 1:44 '"1e3" is not an id'
ward '9s/, class: adult//' 9:3 'the key "class" is missing: adult'
ward '9s/class: adult/class: grownup/' 9:58 '"grownup" is not known here, possible: adult, adolescent'
ward '9s/address: 1/address: one/' 9:31 '"one" is not a whole number'
ward '9s/address: 1/address: 248/' 9:31 "248 is out of range, on a line it must be from 1 to 247"
ward 's/16MiB/16/' 2:28 '"16" has no unit'
ward 's/port: 502/port: 50200000/' 7:52 "out of range"
ward 's/19200/19201/' 6:58 "no line has this speed"
ward 's/parity: even/parity: evne/' 6:73 'did you mean "even"?'

### What refers to something else

ward '10s/address: 2/address: 1/' 10:31 "this monitor (line-a, address 1) is already at bed b01 in line 9"
ward '9s/line-a/line-b/' 9:14 'there is no bus "line-b", did you mean "line-a"?'
ward '9s/profile: module/profile: modul/' 9:43 'there is no profile "modul", did you mean "module"?'
ward '9s/profile: module/profile: philips/' 9:43 'or keep the configuration in its folder config'
ward 's#rules/ward.yaml#rules/wards.yaml#' 17:9 "neither rules/wards.yaml nor"
ward 's/spo2_low: \{limit/spo2_lo: {limit/' 16:17 'there is no rule "spo2_lo", did you mean "spo2_low"?'
ward 's/limit: 88/limt: 88/' 16:28 'no parameter "limt", did you mean "limit"?'
ward 's/limit: 88/limit: 880/' 16:35 "outside of what the rule lets be set, it must be from 85 to 95"

### What rules cannot mean

rules '3s/spo2 < limit/spo2 < hr/' 3:17 "one comparison of one vital with a value"
rules '10s/temp > limit/temp > hr + limit/' 10:11 '">" has Cel on its left and /min on its right, both sides need the same unit'
rules '10s/temp > limit/temp > 30min/' 10:11 "a duration is compared with age only"
rules '10s/temp > limit/temp > limit and hr < limit/' 10:28 '"<" has /min on its left and Cel on its right'
rules '12s/39/"39 %"/' 12:12 '"%" is no unit of this value, possible: Cel'
rules '10s/when: (.*)/each: \1/' 10:5 "is of a rule with scope: ward, name it when, or add scope: ward"
rules '9s/$/\n    scope: ward/; 10s/when/each/; 15d' 9:3 'the key "beds" is missing, which scope: ward needs'

# Each is sound by itself, all of them ask too much of the processor.
rm -rf "$TEST_DIR/bad"
cp -r "$GOOD" "$TEST_DIR/bad"
sed -i 's/poll_interval: 1s/poll_interval: 5ms/' "$TEST_DIR/bad/profiles/module.yaml"
wardgate_at bad check || fail "fast rules are refused"
grep -qE '^  together +[0-9.]+ % of a core of 500 MHz, of 50.00 % allowed$' "$TEST_DIR/out.log" || fail "what rules cost is not told"
grep -qE '^  dearest rule   spo2_low, [0-9.]+ % at 3 beds$' "$TEST_DIR/out.log" || fail "the dearest rule is not told"
grep -qE '^  dearest bed    b0[123], [0-9.]+ % with [0-9]+ rules$' "$TEST_DIR/out.log" || fail "the dearest bed is not told"
wardgate_at bad check --costs || fail "--costs"
grep -qE '^  spo2_low +[0-9]+ a look +[0-9]+ a second at   3 beds' "$TEST_DIR/out.log" || fail "what a rule costs is not told"
grep -qE '^  together +[0-9]+ a second .* of 50.00 % allowed' "$TEST_DIR/out.log" || fail "what rules cost is not told"
echo "rule_load: 0.001" >>"$TEST_DIR/bad/wardgate.yaml"
for command in check run; do
    status=0
    wardgate_at bad "$command" || status=$?
    [ "$status" -ne 0 ] || fail "$command: rules that cost too much are taken"
    grep -q "more.* than rule_load: allows (wardgate.yaml" "$TEST_DIR/told.log" || fail "$command: rule_load is not named"
done

### The network

ward '4s/127.0.0.1/10.0.0.9/' 4:13 'use mqtts:// or set "insecure: true"'
ward '4s#mqtt://##' 4:13 "write SCHEME://HOST:PORT"
ward 's/10.7.0.32/monitor.lan/' 7:35 "names are not looked up"

### Kinds of buses

# bus BUS BED PLACE WHAT: with one more bus (line 8), and b02 (line 11) on it.
bus() { ward "7a\\  $1"$'\n'"10s/.*/  b02: {$2, class: child}/" "$3" "$4"; }

bus "x: {kind: serail, device: /dev/x}" "bus: x, profile: nonin-df2" 8:13 'did you mean "serial"?'
bus "x: {kind: serial, device: /dev/x, host: 10.0.0.1}" "bus: x, profile: nonin-df2" 8:37 "a serial bus has no host, remove it"
bus "x: {kind: serial, device: /dev/ttyUSB0}" "bus: x, profile: nonin-df2" 8:3 "one line has one protocol"
bus "x: {kind: serial, device: /dev/x}" "bus: x, address: 1, profile: nonin-df2" 11:17 "has no address, remove it"
bus "x: {kind: serial, device: /dev/x}" "bus: x, profile: module" 11:26 "profile module is for a Modbus bus, x is serial, possible:"
bus "x: {kind: serial, device: /dev/x}" "bus: x, profile: nonin-df3" 11:26 'did you mean "nonin-df'
bus "x: {kind: hl7, listen: gateway}" "bus: x, address: A^1^B, profile: hl7-pcd" 8:26 "must be an address of this box in digits"
bus "x: {kind: hl7}" "bus: x, profile: hl7-pcd" 11:3 'the key "address" is missing: POC^ROOM^BED'
bus "x: {kind: hl7}" "bus: x, address: A^1, profile: hl7-pcd" 11:26 '"A^1" is no place, write POC^ROOM^BED'
bus "x: {kind: rtu-over-tcp, host: 10.7.0.32}" "bus: x, address: 1, profile: module" 8:3 "which is modbus-tcp"
ward '10s/module/nonin-df2/' 10:43 "profile nonin-df2 is for a serial bus, line-a is modbus-rtu"

### Secrets

LOGIN='4s#.*#  brokers: [{url: "mqtt://127.0.0.1:1883", username: u, password_file: password}]#'
ward "$LOGIN" 4:72 "there is no such file, put it there"
echo secret >"$GOOD/password"
chmod 644 "$GOOD/password"
ward "$LOGIN" 4:72 "other users can open this secret (mode 0644), run: chmod 600 password"
rm "$GOOD/password"

### Rules

rules 's/temp > limit/tmep > limit/' 10:11 'unknown name "tmep", did you mean "temp"?'
rules 's/temp > limit/etco2 > limit/' 10:11 "no monitor of bed b01 gives etco2"
rules 's/temp > limit/temp > > limit/' 10:18 "expected a value here"
rules 's/limit, 15s\)/limit, 15s/' 3:35 'expected ")"'
rules '5s/, neonate: 85//' 5:12 "no value for class neonate, which bed b03 has"
rules 's/priority: low/priority: lwo/' 13:15 '"lwo" is not known here, did you mean "low"?'
rules 's/delay: 10s/delay: 10/' 14:12 '"10" has no unit'
rules 's/limit: 39/limit: "102 mmHg"/' 12:12 '"mmHg" is no unit of this value'

### Profiles

profile '7s/unit: Cel/unit: kPa/' 7:52 '"kPa" is no unit of temp'
profile '5s/u16/u61/' 5:29 'did you mean "u16"?'
profile '7s/temp:/tepm:/' 7:3 '"tepm" is no vital'
profile '1s/module/modul/' 1:10 'the file is that of "module"'
profile 's/bit: 1,/bit: 16,/' 9:34 "16 is out of range, it must be from 0 to 15"
profile 's/sensor_off/sensoroff/' 9:60 'did you mean "sensor_off"?'

### Files

rm -rf "$TEST_DIR/bad"
mkdir -p "$TEST_DIR/bad/wardgate.yaml"
tell check wardgate.yaml: "this is a folder or device, name a file"
tell run wardgate.yaml: "this is a folder or device, name a file"
rmdir "$TEST_DIR/bad/wardgate.yaml"
tell check wardgate.yaml: "there is no such file"
tell run wardgate.yaml: "there is no such file"
: >"$TEST_DIR/bad/wardgate.yaml"
tell check wardgate.yaml: "this file is empty"
printf 'gateway: {id: gw-\377}\n' >"$TEST_DIR/bad/wardgate.yaml"
tell check wardgate.yaml:1: "this is not UTF-8 text"

### Several slips are told in one go

cp -r "$GOOD/." "$TEST_DIR/bad"
sed -i -e '9s/adult/adlut/' -e '10s/address: 2/address: 300/' "$TEST_DIR/bad/wardgate.yaml"
sed -i 's/temp > limit/temp >/' "$TEST_DIR/bad/rules/ward.yaml"
! wardgate_at bad check || fail "three slips are let pass"
[ "$(grep -c '^wardgate: .*:[0-9]*:[0-9]*: ' "$TEST_DIR/told.log")" -eq 3 ] || fail "not three lines for three slips"
