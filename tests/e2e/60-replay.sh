#!/usr/bin/env bash
# Real recordings through the rules: a deterioration alert for alert, the same bytes each time; and what replay refuses.
#
# tests/replay/deterioration.jsonl was made by the program and checked line by line against the recording. When a rule
# or the engine is changed on purpose, make it anew (the command is `replay_deterioration`) and read the difference.
. tests/e2e/lib.sh

DATA=tests/data
DETERIORATION=$DATA/mimic3_numerics_1min/s25047_3234460n.csv
COLUMNS_MAP=HR=hr,PULSE=pulse,RESP=resp,SpO2=spo2,NBPSys=nibp_sys,NBPDias=nibp_dia,NBPMean=nibp_mean,t_s=time

write_config <<END
buses:
  line-a: {kind: modbus-rtu, device: /dev/ttyUSB0, baud: 19200, parity: even}
beds:
  b01: {bus: line-a, address: 1, profile: generic-vitals, class: adult}
  b02: {bus: line-a, address: 2, profile: generic-vitals, class: neonate}
rules: [rules/standard.yaml]
END

# replay OUT ARGUMENT...: alerts go to $TEST_DIR/OUT.jsonl, what it says to $TEST_DIR/OUT.log
replay() {
    local out=$TEST_DIR/$1
    shift
    "$WARDGATE" replay -c "$TEST_DIR/wardgate.yaml" "$@" >"$out.jsonl" 2>"$out.log"
}

replay_deterioration() {
    replay "$1" --map "$COLUMNS_MAP" --absent 0 --period 60s "$DETERIORATION"
}

# alert FILE TIME PHASE RULE KIND: there is exactly one such alert.
alert() {
    local count
    count=$(grep -cE "\"phase\":\"$3\".*\"kind\":\"$5\".*\"rule\":\"$4\".*\"at\":\"1970-01-01T$2\.000Z\"" "$TEST_DIR/$1.jsonl") || true
    [ "$count" -eq 1 ] || fail "$1: $count alerts '$4 $3' at $2"
}

# no_alert FILE RULE...
no_alert() {
    local file=$1 rule
    shift
    for rule in "$@"; do
        ! grep -q "\"rule\":\"$rule\"" "$TEST_DIR/$file.jsonl" || fail "$file: an alert of $rule"
    done
}

# refused STATUS WHAT ARGUMENT...: replay ends with that status, says WHAT, and gives no alert.
refused() {
    local wanted=$1 what=$2 status=0
    shift 2
    replay refused "$@" || status=$?
    [ "$status" -eq "$wanted" ] || fail "status $status instead of $wanted: replay $*"
    grep -qF -- "$what" "$TEST_DIR/refused.log" || fail "'$what' is not said: replay $*"
    [ ! -s "$TEST_DIR/refused.jsonl" ] || fail "alerts came: replay $*"
}

### A deterioration

replay_deterioration a || fail "the recording cannot be replayed"
alert a 00:02:00 start nibp_sys_low physiological       # cuff 87/46 at 120 s
alert a 00:24:00 end nibp_sys_low physiological         # 147 at 1440
alert a 00:32:00 start nibp_sys_low physiological       # 66/20 at 1920, 45/18 at 1980
alert a 00:32:00 start nibp_mean_low physiological
alert a 00:35:00 end nibp_sys_low physiological         # 151 at 2100
alert a 00:37:10 start hr_low physiological             # 44.7 at 2220, 10 s later
alert a 00:38:05 end hr_low physiological               # 76.8 at 2280, held for 5 s
alert a 00:40:05 start spo2_desat physiological         # 71.1 at 2400, 42.9 at 2460
alert a 00:40:15 start resp_low physiological           # 1.8 at 2400, 15 s later
alert a 00:41:10 start pulse_high physiological         # 120.3 at 2460
alert a 00:36:30 start pulse_disagrees technical        # 52.5 and 99.5 at 2160
alert a 00:39:30 end pulse_disagrees technical          # together again from 2340 on
alert a 00:45:10 start sensor_off technical             # the ECG is lost at 2700; its rules go on with the pulse
alert a 00:46:00 end spo2_desat physiological           # 97 at 2760
alert a 00:50:00 start no_pulse_signal technical        # both gone at 3000 ...
alert a 00:50:30 escalate sensor_off technical          # ... and the rules with them, which it stands for
alert a 00:51:00 end no_pulse_signal technical
alert a 00:55:00 start nibp_sys_low physiological       # 40/18 at 3300
alert a 00:55:00 start nibp_dia_low physiological
alert a 00:56:05 start spo2_desat physiological         # 64.8 at 3360, 41.9 at 3420
alert a 01:00:00 end spo2_desat physiological           # 99.8 at 3600
alert a 01:01:00 start nibp_mean_low physiological      # a row with a mean alone: 31 at 3660
alert a 01:02:00 start no_pulse_signal technical        # everything is lost at 3720 ...
alert a 01:03:00 start implausible technical            # ... but for 277 and 272.8, artefacts in an adult, ...
alert a 01:05:00 end implausible technical
alert a 01:09:00 end no_pulse_signal technical          # ... until 119 at 4140
alert a 00:58:10 start hr_high physiological            # 143.1 at 3480, the pulse's
grep -q '"rule":"hr_high","text":"Heart rate above 120/min: hr from pulse"' "$TEST_DIR/a.jsonl" ||
    fail "an alert does not say whose value it has"
grep -q '"rule":"implausible","text":"Value not believable: pulse 277 /min"' "$TEST_DIR/a.jsonl" ||
    fail "the artefact is not named"
! grep -qE '"kind":"physiological".*"rule":"(pulse|hr)_extreme_high"' "$TEST_DIR/a.jsonl" || fail "an artefact is an alarm"
grep -q "52 values not used: absent" "$TEST_DIR/a.log" || fail "zeros are not counted"
grep -q "2 values not used: implausible" "$TEST_DIR/a.log" || fail "artefacts are not counted"
grep -q "rule spo2_low is never known here: its span of 15 s is shorter than the period of 60 s" "$TEST_DIR/a.log" ||
    fail "nothing is said of a rule that cannot work"
grep -q "replayed 72 rows, 345 observations" "$TEST_DIR/a.log" || fail "not every row was replayed"
cmp "$TEST_DIR/a.jsonl" tests/replay/deterioration.jsonl || fail "other alerts than tests/replay/deterioration.jsonl"

replay_deterioration b
cmp "$TEST_DIR/a.jsonl" "$TEST_DIR/b.jsonl" || fail "not the same bytes twice"

### Recordings of one value a second

# A false alarm of asystole: the pulse goes on at about 125, with single beats missed that must not end the alarm.
replay false --map PR_bpm=pulse,t_s=time --period 1s "$DATA/derived_1hz/challenge2015_a103l_1hz.csv"
alert false 00:00:12 start pulse_high physiological # 129 from 2 s on
no_alert false no_pulse_signal pulse_low pulse_extreme_low sensor_off
[ "$(wc -l <"$TEST_DIR/false.jsonl")" -eq 1 ] || fail "more than the fast pulse"

# The same with an ECG beside the pulse, whose leads come off at 100 s ("no value"): its rules go on with the pulse, and
# nothing looks like an asystole.
beside_ecg() {
    awk -F, -v OFS=, "NR == 1 { print \"time,hr,pulse\"; next } { $1; print \$1, hr, pulse }" \
        "$DATA/derived_1hz/challenge2015_a103l_1hz.csv"
}
# shellcheck disable=SC2016 # columns of awk
beside_ecg 'pulse = $2; hr = $1 < 100 ? $2 : 0' >"$TEST_DIR/leads-off.csv"
replay leads-off --absent hr=0 --period 1s "$TEST_DIR/leads-off.csv"
alert leads-off 00:00:12 start hr_high physiological
alert leads-off 00:00:12 start pulse_high physiological
alert leads-off 00:01:50 start sensor_off technical
[ "$(wc -l <"$TEST_DIR/leads-off.jsonl")" -eq 3 ] || fail "more than the fast rate and the leads"

# Both lost at 200 s, and nothing says why: high, 10 s after the newest value.
# shellcheck disable=SC2016
beside_ecg 'pulse = $1 < 200 ? $2 : 0; hr = $1 < 100 ? $2 : 0' >"$TEST_DIR/both-lost.csv"
replay both-lost --absent 0 --period 1s "$TEST_DIR/both-lost.csv"
alert both-lost 00:03:29 start no_pulse_signal technical
grep -q '"priority":"high".*"rule":"no_pulse_signal"' "$TEST_DIR/both-lost.jsonl" || fail "no pulse signal is not high"

# Both at zero at 200 s, which is a rate: an asystole, 5 s later, by the extreme limits.
# shellcheck disable=SC2016
beside_ecg 'pulse = $1 < 200 ? $2 : 0; hr = pulse' >"$TEST_DIR/asystole.csv"
replay asystole --period 1s "$TEST_DIR/asystole.csv"
alert asystole 00:03:25 start hr_extreme_low physiological
alert asystole 00:03:25 start pulse_extreme_low physiological
no_alert asystole no_pulse_signal sensor_off

# A fast pulse and a low pressure from the first value to the last.
ABP_MAP=PR_bpm=pulse,ABP_sys=abp_sys,ABP_dia=abp_dia,ABP_mean=abp_mean,RESP_rpm=resp,t_s=time
replay low --map $ABP_MAP --period 1s "$DATA/derived_1hz/mimicdb_03700181_1hz.csv"
alert low 00:00:12 start pulse_high physiological
alert low 00:00:12 start abp_sys_low physiological # 50/31 from 2 s on
alert low 00:00:12 start abp_mean_low physiological
[ "$(wc -l <"$TEST_DIR/low.jsonl")" -eq 3 ] || fail "more than the fast pulse and the low pressure"

# Normal values with flushes of the line: the delay outlasts them. Its column of respiration is empty.
replay flush --map $ABP_MAP --period 1s "$DATA/derived_1hz/mimic3_3975656_0015_1hz.csv"
! grep -q '"kind":"physiological"' "$TEST_DIR/flush.jsonl" || fail "a flush is an alarm"
alert flush 00:00:30 start apnoea technical

### Beds, order, the other class

cat >"$TEST_DIR/two.csv" <<END
time,bed,hr
2026-01-31T23:59:40Z,b01,130
2026-01-31T23:59:40Z,b02,130
2026-01-31T23:59:30Z,b02,85
2026-01-31T23:59:29Z,b01,999
2026-01-31T23:59:45Z,b02,85
2026-02-01T00:59:46+01:00,b01,130
2026-01-31T23:59:56Z,b01,130
2026-01-31T23:59:56Z,b02,85
END
replay two --period 10s "$TEST_DIR/two.csv"
grep -q '"phase":"start".*"priority":"medium".*"rule":"hr_high".*"at":"2026-01-31T23:59:50.000Z"' "$TEST_DIR/two.jsonl" ||
    fail "an adult's 130 is no alarm"
! grep -q '"rule":"hr_low".*"at":"2026-01-31T23:59:40.000Z"' "$TEST_DIR/two.jsonl" || fail "130 does not end 85"
grep -q '"bed":"b02".*"phase":"start".*"rule":"hr_low".*"at":"2026-01-31T23:59:55.000Z"' "$TEST_DIR/two.jsonl" ||
    fail "a newborn's 85 is no alarm"
grep -q "1 row came more than 10 s late" "$TEST_DIR/two.log" || fail "the late row is not counted"

### What is refused

printf 'time,bed,hr\n0,b01,72\n1,b09,72\n' >"$TEST_DIR/stranger.csv"
refused 1 "bed 'b09' is not in the configuration ($TEST_DIR/stranger.csv:3)" "$TEST_DIR/stranger.csv"
refused 2 "bed 'b09' is not in the configuration" --bed b09 "$DETERIORATION"
refused 1 "cannot open the recording ($TEST_DIR/none.csv: No such file" "$TEST_DIR/none.csv"
refused 1 "cannot read the recording ($TEST_DIR: Is a directory)" "$TEST_DIR"
refused 1 "no column is called 'time'" "$DETERIORATION"
printf 'time,hr\n0,72\n1,many\n' >"$TEST_DIR/text.csv"
refused 1 "'many' is no number ($TEST_DIR/text.csv:3)" "$TEST_DIR/text.csv"
: >"$TEST_DIR/empty.csv"
refused 1 "the recording is empty ($TEST_DIR/empty.csv)" "$TEST_DIR/empty.csv"
refused 2 "no recording is named" --absent 0
refused 2 "--absent: 'HR=0' is not understood" --absent HR=0 "$DETERIORATION"
refused 2 "--absent: 'zero' is not understood" --absent zero "$DETERIORATION"
refused 2 "--map: 'HR=heart' is not understood" --map t_s=time,HR=heart "$DETERIORATION"
refused 2 "--period: '60' is no duration" --period 60 "$DETERIORATION"
refused 2 "--episodic: 'temperature' is no vital" --episodic temp,temperature "$DETERIORATION"
refused 2 "'--speed' is no option" --speed 2 "$DETERIORATION"
refused 2 "'--absent' stands behind a recording" "$DETERIORATION" --absent 0
refused 2 "none.yaml: there is no such file" -c "$TEST_DIR/none.yaml" "$DETERIORATION"
status=0
"$WARDGATE" replay -c "$TEST_DIR/wardgate.yaml" --map "$COLUMNS_MAP" --absent 0 --period 60s "$DETERIORATION" \
    >/dev/full 2>"$TEST_DIR/full.log" || status=$?
[ "$status" -eq 1 ] || fail "status $status when the alerts cannot be written"
grep -q "cannot write the alerts" "$TEST_DIR/full.log" || fail "nothing is said of alerts that cannot be written"

### Figures: of the deterioration, and of a recording whose figures can be reckoned by hand

replay json --json --map "$COLUMNS_MAP" --absent 0 --period 60s "$DETERIORATION"
python3 - "$TEST_DIR/json.log" "$TEST_DIR/a.jsonl" <<'CHECK' || fail "the summary does not count the alerts"
import json, sys
summary = json.loads(open(sys.argv[1]).read().splitlines()[-1])
alerts = [json.loads(line) for line in open(sys.argv[2])]
starts = sum(alert["phase"] == "start" for alert in alerts)
assert sum(row["starts"] for row in summary["alarms"]) == starts, starts
assert sum(row["starts"] for row in summary["priorities"].values()) == starts
assert abs(summary["bed_days"] - 71 * 60 / 86400) < 0.001, summary["bed_days"]
CHECK

# Ten minutes; SpO2 is 85 for 30 s from 60 s on, 88 for 30 s from 120 s on.
awk 'BEGIN { print "time,spo2"; for (t = 0; t <= 600; t++) print t "," (t >= 60 && t < 90 ? 85 : t >= 120 && t < 150 ? 88 : 97) }' \
    >"$TEST_DIR/dips.csv"
replay dips --period 1s "$TEST_DIR/dips.csv"
grep -qE '^  spo2_low  +medium +2 +288\.0 .* 1$' "$TEST_DIR/dips.log" || fail "two alarms in 10 minutes, one of them soon after the other"
replay grid --period 1s --what-if spo2_low.limit=86..90:2 --what-if spo2_low.delay=0s..30s:15s --csv "$TEST_DIR/grid.csv" \
    "$TEST_DIR/dips.csv" || fail "no grid"
[ "$(wc -l <"$TEST_DIR/grid.csv")" -eq 10 ] || fail "a grid of 3 by 3 points has a header and 9 lines"
head -n 1 "$TEST_DIR/grid.csv" | grep -qx "spo2_low.limit,spo2_low.delay_s,alarm,per_bed_day,starts,median_s,in_alarm_s,repeats" ||
    fail "another header"
grep -q "^86,0,spo2_low,144.0000,1," "$TEST_DIR/grid.csv" || fail "one dip is below 86"
grep -q "^88,0,spo2_low,144.0000,1," "$TEST_DIR/grid.csv" || fail "88 is not below 88"
grep -q "^90,0,spo2_low,288.0000,2," "$TEST_DIR/grid.csv" || fail "both dips are below 90"
grep -q "^90,30,spo2_low,0.0000,0," "$TEST_DIR/grid.csv" || fail "no dip outlasts the window and 30 s"
# What the grid says of the present numbers is what the replay says.
[ "$(grep '^90,0,' "$TEST_DIR/grid.csv" | cut -d, -f5)" -eq 2 ] || fail "the grid and the replay disagree"
refused 2 "'spo2_lo' is no rule of the configuration (did you mean 'spo2_low'?)" --what-if spo2_lo.limit=88 "$TEST_DIR/dips.csv"
refused 2 "'limt' is no number of rule spo2_low (did you mean 'limit'?)" --what-if spo2_low.limt=88 "$TEST_DIR/dips.csv"
refused 2 "'hysteresis' is no number of rule spo2_low" --what-if spo2_low.hysteresis=1 "$TEST_DIR/dips.csv"
refused 2 "'90..80' runs backwards" --what-if spo2_low.limit=90..80 "$TEST_DIR/dips.csv"
refused 2 "more than 1000 points" --what-if spo2_low.limit=1..99 --what-if spo2_low.delay=0s..60s "$TEST_DIR/dips.csv"
refused 2 "'5' is no duration" --what-if spo2_low.delay=5 "$TEST_DIR/dips.csv"
refused 2 "is varied twice" --what-if spo2_low.limit=88 --what-if spo2_low.limit=89 "$TEST_DIR/dips.csv"
refused 2 "--csv writes the table of --what-if" --csv "$TEST_DIR/x.csv" "$TEST_DIR/dips.csv"
status=0
replay unwritten --what-if spo2_low.limit=88 --csv /dev/full "$TEST_DIR/dips.csv" || status=$?
[ "$status" -eq 1 ] || fail "status $status when the table cannot be written"
grep -q "cannot write the table (/dev/full: No space left on device)" "$TEST_DIR/unwritten.log" || fail "that is not said"

### By hand, with commands: the example of DESIGN.md

sed -n '/^A recording by hand is/,/^A key that has no place/p' DESIGN.md | grep '^{' >"$TEST_DIR/by-hand.jsonl"
replay hand "$TEST_DIR/by-hand.jsonl" || fail "the example of DESIGN.md is not replayed"
alert hand 00:00:07 start spo2_desat physiological
alert hand 00:00:08 acknowledge spo2_desat physiological
alert hand 00:00:09 start patient_away advisory
alert hand 00:20:00 end patient_away advisory
refused 2 "are for CSV" --absent 0 "$TEST_DIR/by-hand.jsonl"

### What if, over a recording with commands: an alarm is acknowledged by its id of then, and another rule's limit is set

cat >"$TEST_DIR/latching.yaml" <<'END'
rules:
  early: {when: hr > limit, limit: 100, settable: {limit: [90, 150]}, priority: low, text: "Heart rate high", advice: "Look"}
  late: {when: spo2 < limit, limit: 90, latching: true, priority: high, text: "SpO2 low", advice: "Look"}
END
sed -i "s|rules/standard.yaml|$TEST_DIR/latching.yaml|" "$TEST_DIR/wardgate.yaml"
{
    echo '{"t":0,"bed":"b01","command":"admit"}'
    echo '{"t":1,"bed":"b01","heard":true,"hr":120,"spo2":97}'
    echo '{"t":2,"bed":"b01","hr":120,"spo2":80}'
    echo '{"t":4,"bed":"b01","hr":120,"spo2":97}'
} >"$TEST_DIR/night"
replay latched "$TEST_DIR/night" || fail "the beginning of a recording by hand is not replayed"
latched=$(grep '"rule":"late"' "$TEST_DIR/latched.jsonl" | tail -n 1)
{
    echo '{"t":8,"bed":"b01","command":"set_limit","rule":"early","parameter":"limit","value":140}'
    echo "{\"t\":10,\"bed\":\"b01\",\"command\":\"acknowledge\",\"alarm_id\":\"$(member id <<<"$latched")\",\"rev\":$(member rev <<<"$latched")}"
    echo '{"t":600,"bed":"b01","heard":true,"hr":80,"spo2":97}'
} >>"$TEST_DIR/night"
replay night "$TEST_DIR/night" || fail "a recording by hand is not replayed"
alert night 00:00:10 end late physiological
replay other --what-if late.limit=70..90:10 --csv "$TEST_DIR/late.csv" "$TEST_DIR/night" ||
    fail "what if is not told of a recording with commands"
grep -q "^90,late,.*,1,8\.0,8\.000,0$" "$TEST_DIR/late.csv" || fail "an acknowledgement by id is left out of what if"
grep -q "^70,late,0\.0000,0," "$TEST_DIR/late.csv" || fail "80 is not below 70"

# So is an alarm of the whole ward, from any bed, also by its name.
cat >"$TEST_DIR/latching.yaml" <<'END'
rules:
  both: {scope: ward, each: hr > limit, beds: 2, limit: 150, priority: high, text: "Several at once: {beds}"}
END
{
    for bed in b01 b02; do echo "{\"t\":0,\"bed\":\"$bed\",\"command\":\"admit\"}"; done
    for t in 1 2 3 4 5 6 7 8; do for bed in b01 b02; do echo "{\"t\":$t,\"bed\":\"$bed\",\"heard\":true,\"hr\":160}"; done; done
    echo '{"t":9,"bed":"b02","command":"acknowledge","name":"both"}'
} >"$TEST_DIR/night"
replay ward "$TEST_DIR/night" || fail "a recording by hand is not replayed"
grep -q '"phase":"acknowledge".*"rule":"both"' "$TEST_DIR/ward.jsonl" || fail "an alarm of the ward is not acknowledged by its name"
