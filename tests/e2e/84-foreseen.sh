#!/usr/bin/env bash
# Foreseen limits over the real recordings: the figures that DESIGN.md tells of them, and that it is off unless asked for.
. tests/e2e/lib.sh

DATA=tests/data
# configure MORE: each rule has that, too.
configure() {
    write_config <<END
buses:
  line-a: {kind: modbus-rtu, device: /dev/ttyUSB0, baud: 19200, parity: even}
beds:
  b01: {bus: line-a, address: 1, profile: generic-vitals, class: adult}
rules: [rules/own.yaml]
END
    cat >"$TEST_DIR/rules/own.yaml" <<END
optional: true
rules:
  spo2_low: {when: "share(spo2 < limit, 15s) >= 0.8", limit: 90, priority: medium$1}
  hr_high: {when: hr > limit, limit: 120, priority: medium$1}
  hr_low: {when: hr < limit, limit: 50, priority: medium$1}
  pulse_high: {when: pulse > limit, limit: 120, priority: medium$1}
  pulse_low: {when: pulse < limit, limit: 50, priority: medium$1}
  resp_high: {when: resp > limit, limit: 30, priority: medium$1}
  resp_low: {when: resp < limit, limit: 8, priority: medium$1}
  abp_sys_high: {when: abp_sys > limit, limit: 160, priority: medium$1}
  abp_sys_low: {when: abp_sys < limit, limit: 90, priority: medium$1}
  abp_mean_low: {when: abp_mean < limit, limit: 60, priority: medium$1}
END
}

# foreseen FILE MAP...: "PHASE RULE TIME" of each, a line.
foreseen() {
    local file=$1
    shift
    "$WARDGATE" replay -c "$TEST_DIR/wardgate.yaml" "$@" "$DATA/$file" 2>"$TEST_DIR/replay.log" >"$TEST_DIR/alerts.jsonl" ||
        fail "replay of $file"
    grep '"reason":"foreseen"' "$TEST_DIR/alerts.jsonl" |
        sed 's/.*"phase":"\([^"]*\)".*"priority":"none","kind":"advisory".*"rule":"\([^"]*\)".*"at":"1970-01-01T\([^"]*\)\.000Z".*/\1 \2 \3/' || true
}

# expect FILE WANTED MAP...
expect() {
    local file=$1 wanted=$2 found
    shift 2
    found=$(foreseen "$file" "$@")
    [ "$found" = "$wanted" ] || fail "$file: '$found' instead of '$wanted'"
}

CHART=HR=hr,PULSE=pulse,RESP=resp,SpO2=spo2,NBPSys=nibp_sys,NBPDias=nibp_dia,NBPMean=nibp_mean,t_s=time
SECONDS_MAP=PR_bpm=pulse,ABP_sys=abp_sys,ABP_dia=abp_dia,ABP_mean=abp_mean,RESP_rpm=resp,t_s=time

configure ", foresee: 15min"
expect mimic3_numerics_1min/s25047_3234460n.csv $'start spo2_low 00:38:00\nend spo2_low 00:40:30' \
    --map "$CHART" --absent 0 --period 60s
grep -q '"text":"Screening estimate, no alarm: spo2 reaches 90 % in about 5 min (95 % of slopes agree)"' \
    <("$WARDGATE" replay -c "$TEST_DIR/wardgate.yaml" --map "$CHART" --absent 0 --period 60s \
        "$DATA/mimic3_numerics_1min/s25047_3234460n.csv" 2>/dev/null) || fail "what it says"
expect derived_1hz/mimicdb_03700181_1hz.csv $'start resp_high 00:05:08\nend resp_high 00:05:38' --map "$SECONDS_MAP"
expect derived_1hz/mimic3_3975656_0015_1hz.csv "" --map "$SECONDS_MAP"
expect derived_1hz/challenge2015_a103l_1hz.csv "" --map "$SECONDS_MAP"

configure ""
expect mimic3_numerics_1min/s25047_3234460n.csv "" --map "$CHART" --absent 0 --period 60s
