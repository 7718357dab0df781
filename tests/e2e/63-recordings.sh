#!/usr/bin/env bash
# Real recordings to the second: what is no value is named and counted, what only looks like an asystole raises none, and
# nothing is held between observations to make an alarm come. (60-replay.sh: the deterioration, alert for alert.)
. tests/e2e/lib.sh

DATA=tests/data
FALSE_ASYSTOLE=$DATA/derived_1hz/challenge2015_a103l_1hz.csv

write_config <<END
buses:
  line-a: {kind: modbus-rtu, device: /dev/ttyUSB0, baud: 19200, parity: even}
beds:
  b01: {bus: line-a, address: 1, profile: generic-vitals, class: adult}
rules: [rules/standard.yaml]
END

# replay OUT ARGUMENT...: alerts go to $TEST_DIR/OUT.jsonl, the summary to $TEST_DIR/OUT.json
replay() {
    local out=$TEST_DIR/$1
    shift
    "$WARDGATE" replay -c "$TEST_DIR/wardgate.yaml" --json "$@" >"$out.jsonl" 2>"$out.json"
}

# came OUT RULE...: the alerts of these rules, "MM:SS phase rule value reason" a line, "-" for none; not_monitored aside
came() {
    local out=$1
    shift
    python3 - "$TEST_DIR/$out.jsonl" "$@" <<'PYTHON'
import json, sys
for line in open(sys.argv[1]):
    a = json.loads(line)
    if a["rule"] in sys.argv[2:] and a["reason"] != "not_monitored":
        value = "-" if a["value"] is None else a["value"]
        hour, minute, second = a["at"][11:-1].split(":")
        print(f'{int(hour) * 60 + int(minute):02}:{second.removesuffix(".000")}', a["phase"], a["rule"], value, a["reason"] or "-")
PYTHON
}

# expect WHAT OUT RULE... <<< the lines of came
expect() {
    local what=$1
    shift
    diff <(came "$@") - >"$TEST_DIR/difference.log" || fail "$what: < came, > expected"
}

# beside_ecg AWK: the pulse of the false asystole (pulse, t) with what an ECG says beside it (hr)
beside_ecg() {
    awk -F, -v OFS=, "NR == 1 { print \"time,hr,pulse\"; next } { t = \$1; pulse = \$2; $1; print t, hr, pulse }" "$FALSE_ASYSTOLE"
}

### The deterioration: artefacts and zeros

replay deterioration --map HR=hr,PULSE=pulse,RESP=resp,SpO2=spo2,NBPSys=nibp_sys,NBPDias=nibp_dia,NBPMean=nibp_mean,t_s=time \
    --absent 0 --period 60s $DATA/mimic3_numerics_1min/s25047_3234460n.csv
# 277 at 3780 and 272.8 at 3840 are no pulse of an adult; everything is lost before, and again afterwards.
expect "artefacts are not named" deterioration implausible <<END
63:00 start implausible 277 implausible
65:00 end implausible 277 implausible
END
expect "an artefact is an alarm of the patient" deterioration hr_extreme_high pulse_extreme_high </dev/null
expect "a zero is an alarm of the patient" deterioration hr_extreme_low pulse_extreme_low </dev/null
expect "a lost pulse is not told" deterioration no_pulse_signal <<END
50:00 start no_pulse_signal - -
51:00 end no_pulse_signal - -
62:00 start no_pulse_signal - -
69:00 end no_pulse_signal - -
END
# One value a minute never fills a window of 15 s, and nothing is held to fill it.
expect "a window was filled with what nobody measured" deterioration spo2_low </dev/null
python3 - "$TEST_DIR/deterioration.json" <<'CHECK' || fail "the summary does not count what was not used"
import json, sys
summary = json.loads(open(sys.argv[1]).read().splitlines()[-1])
rejected = {reason: count for reason, count in summary["rejected"].items() if count > 0}
assert rejected == {"absent": 52, "implausible": 2}, rejected
starts = {row["alarm"]: row["starts"] for row in summary["alarms"]}
assert starts["implausible"] == 1 and starts["no_pulse_signal"] == 2 and starts["spo2_desat"] == 3, starts
CHECK

### The false asystole

# The ECG says zero from 100 s on, the pulse goes on at about 125: the zero is not believed, which is told after 10 s, and
# the pulse stands in. For 3 s the oximeter loses it (171 to 175 s), too: so long the zero is believed, too short for an alarm.
# shellcheck disable=SC2016 # columns of awk
beside_ecg 'hr = t < 100 ? pulse : 0' >"$TEST_DIR/zeros.csv"
replay zeros --period 1s "$TEST_DIR/zeros.csv"
expect "a false asystole is one" zeros hr_low hr_extreme_low pulse_low pulse_extreme_low no_pulse_signal implausible hr_high <<END
00:12 start hr_high 127 -
01:50 start implausible 0 implausible
02:53 end implausible 0 implausible
03:06 start implausible 0 implausible
END

# Both at zero from 200 s on: an asystole, 5 s later.
# shellcheck disable=SC2016
beside_ecg 'pulse = t < 200 ? pulse : 0; hr = t < 100 ? pulse : 0' >"$TEST_DIR/true.csv"
replay true --period 1s "$TEST_DIR/true.csv"
expect "a true asystole is none" true hr_extreme_low pulse_extreme_low implausible no_pulse_signal <<END
01:50 start implausible 0 implausible
02:53 end implausible 0 implausible
03:06 start implausible 0 implausible
03:21 end implausible 0 implausible
03:25 start hr_extreme_low 0 -
03:25 start pulse_extreme_low 0 -
END

# Both gone from 200 s on, and nothing says why.
# shellcheck disable=SC2016
beside_ecg 'pulse = t < 200 ? pulse : ""; hr = t < 200 ? pulse : ""' >"$TEST_DIR/gone.csv"
replay gone --period 1s "$TEST_DIR/gone.csv"
expect "a lost pulse is not told" gone hr_extreme_low pulse_extreme_low no_pulse_signal <<END
03:29 start no_pulse_signal - -
END

### Nothing is held between observations

# One fast value every ten seconds, of a monitor that gives one a second: each stands for 1.5 s, so that the delay of 10 s
# needs seven of them; the eighth is slow.
awk 'BEGIN { print "time,hr"; for (t = 0; t <= 60; t++) print t ",80"; for (t = 70; t <= 120; t += 10) print t ",130"; print "130,80" }' \
    >"$TEST_DIR/holes.csv"
replay holes --period 1s "$TEST_DIR/holes.csv"
expect "six values of 1.5 s are 10 s" holes hr_high </dev/null
awk 'BEGIN { print "time,hr"; for (t = 0; t <= 60; t++) print t ",80"; for (t = 70; t <= 200; t += 10) print t ",130" }' \
    >"$TEST_DIR/more.csv"
replay more --period 1s "$TEST_DIR/more.csv"
expect "seven values of 1.5 s are not 10 s" more hr_high <<END
02:11 start hr_high 130 -
END

### The example of DESIGN.md

sed -n '/^# spo2_desat: SpO2 below 80 %/,/^```/p' DESIGN.md | grep -v '```' >"$TEST_DIR/example.txt"
"$BUILD/tests/scenario" "$TEST_DIR/example.txt" >"$TEST_DIR/example.log" || fail "the scenario of DESIGN.md does not come so"
grep -q '^\[       OK \] .*raise' "$TEST_DIR/example.log" || fail "the scenario of DESIGN.md is not played"
