#!/usr/bin/env bash
# What is wrong with a monitor or a line is named, by one word in health and in words on the screen, while it lasts, only
# there where it is, and no longer.
. tests/e2e/lib.sh

LINES="mute impostor dribbler talker"
NET="hanger resetter closer"

ward() {
    local line i n=1
    echo "control \${WARD_DIR}/ward.sock"
    for line in $LINES; do
        echo "line $line \${WARD_DIR}/$line baud=19200 parity=even turnaround=2ms"
        for i in 1 2; do echo "monitor $line-$i $line $i generated seed=$i"; done
    done
    for line in $NET; do
        echo "tcp $line 127.0.2.$n:\${WARD_PORT} turnaround=2ms"
        echo "monitor $line-1 $line 1 generated seed=$n"
        n=$((n + 1))
    done
}

config() {
    local line n=1
    echo "stay_after: 2s"
    echo "buses:"
    for line in $LINES; do
        echo "  $line: {kind: modbus-rtu, device: $TEST_DIR/$line, baud: 19200, parity: even, timeout: 300ms}"
    done
    for line in $NET; do
        echo "  $line: {kind: modbus-tcp, host: 127.0.2.$n, port: $WARD_PORT, timeout: 300ms}"
        n=$((n + 1))
    done
    echo "beds:"
    for line in $LINES; do
        echo "  $line-1: {bus: $line, address: 1, profile: generic-vitals, class: adult}"
        echo "  $line-2: {bus: $line, address: 2, profile: generic-vitals, class: adult}"
    done
    for line in $NET; do
        echo "  $line-1: {bus: $line, address: 1, profile: generic-vitals, class: adult}"
    done
    echo "rules: [rules/standard.yaml]"
}

screen() { "$WARDGATE" status -c "$TEST_DIR/wardgate.yaml"; }
json() { "$WARDGATE" status -c "$TEST_DIR/wardgate.yaml" --json; }
health() { mosquitto_sub -h 127.0.0.1 -p "$PORT" -t "$BASE/gateway/gw-test/health" -C 1; } # retained: the newest

# faults: lines "PLACE WORD" of a health payload: a bus, or a bed with its monitor.
faults() {
    sed 's/{"\(bus\|bed\)":/\n&/g' | sed -nE 's/^\{"(bus|bed)":"([^"]*)".*"fault":"([a-z_]*)".*/\2 \3/p' | LC_ALL=C sort
}
none() { [ -z "$(json | faults)" ]; }
# The rest of an answer that dribbles is, by then, nobody's: said of its line or not, as it happens.
same() { [ "$("$1" | faults | grep -v '^dribbler ')" = "$(cat "$TEST_DIR/expected.txt")" ]; }

LC_ALL=C sort >"$TEST_DIR/expected.txt" <<END
mute-1 timeout
mute-2 timeout
impostor-1 wrong_address
dribbler-1 too_slow
talker unasked
hanger-1 timeout
resetter reset
closer hung_up
END

start_broker
start_ward < <(ward)
write_config < <(config)
start_gateway
all_answer() { [ "$(screen | grep -cE '^[a-z]+ +(1 of  1|2 of  2) answer')" -eq 7 ]; }
wait_for 10 "every monitor answers" all_answer
wait_for 15 "nothing is wrong" none

ward_do mute-1 silence
ward_do mute-2 silence
ward_do impostor-1 wrong_unit
ward_do dribbler-1 dribble 20ms
ward_do hanger-1 silence
ward_do resetter after reset
ward_do closer after close
talk() { while :; do echo "talker unasked" | "$BUILD/tests/ask" "$TEST_DIR/ward.sock" >"$TEST_DIR/talk.txt"; sleep 1; done; }
talk &
TALKER_PID=$!
pids+=("$TALKER_PID")
wait_for 20 "every fault is named, and nothing else, by status --json" same json
wait_for 12 "and by the health topic" same health

screen >"$TEST_DIR/screen.txt"
says() { # BUS WORDS
    grep -qE "^$1 .*$2" "$TEST_DIR/screen.txt" || fail "status does not say of $1: $2: $(grep "^$1 " "$TEST_DIR/screen.txt")"
}
says mute 'mute-1: no answer in time and 1 more'
says impostor 'impostor-1: answer from another address'
says dribbler 'dribbler-1: pauses inside an answer'
says talker 'bytes on the line that nobody asked for'
says hanger 'hanger-1: no answer in time'
says resetter 'connection reset by the other side'
says closer 'hung up by the other side'

kill -TERM "$TALKER_PID"
for monitor in mute-1 mute-2 impostor-1 dribbler-1 hanger-1; do ward_do "$monitor" answer; done
ward_do resetter after keep
ward_do closer after keep
wait_for 60 "every fault clears by itself" none
wait_for 12 "also on the health topic" bash -c "! mosquitto_sub -h 127.0.0.1 -p $PORT -t '$BASE/gateway/gw-test/health' -C 1 | grep -q '\"fault\"'"
all_answer || fail "not every monitor answers: $(screen)"
screen >"$TEST_DIR/screen.txt"
for bus in $LINES $NET; do says "$bus" '  open'; done
stop_gateway
