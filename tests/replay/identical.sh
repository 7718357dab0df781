#!/usr/bin/env bash
# identical.sh PROGRAM...: replays fixed inputs with each build of the program, perhaps under qemu-user, and compares what they say byte for byte: alerts,
# summaries, what-if tables. The inputs are the recordings of tests/data, and the recording of a run with a restart in the middle of alarms, whose checks of
# its own records each build passes or fails by itself. Called by `make identical`.
. tests/e2e/lib.sh

programs=("$@")
NUMERICS=tests/data/mimic3_numerics_1min/s25047_3234460n.csv
NUMERICS_MAP=HR=hr,PULSE=pulse,RESP=resp,SpO2=spo2,NBPSys=nibp_sys,NBPDias=nibp_dia,NBPMean=nibp_mean,t_s=time
DERIVED_MAP=PR_bpm=pulse,ABP_sys=abp_sys,ABP_dia=abp_dia,ABP_mean=abp_mean,RESP_rpm=resp,t_s=time

### The recording of a run

start_broker
watch_beds 2 <<<'stay_after: 2s'
subscribe seen.txt "$BASE/+/alert" "$BASE/gateway/+/alert"

seen() { grep -q "$1" "$TEST_DIR/seen.txt"; }

start_recorded "$TEST_DIR/first.run"
wait_for 10 "a stay begins by itself" seen "^$BASE/b01/alert .*admission_not_entered"
"$WARDGATE" command -c "$TEST_DIR/wardgate.yaml" b01 admit >/dev/null || fail "b01 is not admitted"
ward_do b01 value spo2 70
ward_do b02 silence
wait_for 15 "the saturation is an alarm" seen "^$BASE/b01/alert .*\"phase\":\"start\".*spo2_desat"
wait_for 20 "the monitor is silent" seen "^$BASE/b02/alert .*\"phase\":\"start\".*monitor_silent"
stop_gateway
ward_do b02 answer
start_recorded "$TEST_DIR/second.run"
wait_for 20 "the alarm of before goes on" grep -q '"input":"restore_alarm".*spo2_desat' "$TEST_DIR/second.run"
ward_do b01 value spo2 97
wait_for 20 "it ends" seen "^$BASE/b01/alert .*\"phase\":\"end\".*spo2_desat"
stop_gateway

### Each program over each input

# replays PROGRAM OUT: all that a program says of all the inputs, in OUT
replays() {
    local program out=$2 input
    read -ra program <<<"$1"
    say() { "${program[@]}" replay -c "$TEST_DIR/wardgate.yaml" "$@" >>"$out" 2>&1 || fail "$1: no replay: $*"; }
    : >"$out"
    say --map "$NUMERICS_MAP" --absent 0 --period 60s "$NUMERICS"
    say --json --map "$NUMERICS_MAP" --absent 0 --period 60s "$NUMERICS"
    say --map "$NUMERICS_MAP" --absent 0 --period 60s --what-if spo2_low.limit=86..92 --what-if spo2_low.delay=0s..30s:10s \
        "$NUMERICS"
    for input in tests/data/derived_1hz/*.csv; do
        say --map "$DERIVED_MAP" --period 1s "$input"
    done
    say "$TEST_DIR/first.run"
    say "$TEST_DIR/second.run"
}

for i in "${!programs[@]}"; do
    replays "${programs[$i]}" "$TEST_DIR/$i.out"
    cmp "$TEST_DIR/0.out" "$TEST_DIR/$i.out" || fail "${programs[$i]} does not say what ${programs[0]} does"
    echo "SAME  ${programs[$i]} ($(wc -c <"$TEST_DIR/$i.out") bytes, $(grep -c '"phase":' "$TEST_DIR/$i.out") alerts)"
done
