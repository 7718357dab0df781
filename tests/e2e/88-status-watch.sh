#!/usr/bin/env bash
# `wardgate status --watch` on a real terminal: what it shows, keys, other sizes, a gateway that stops and comes back, and the terminal as it was afterwards.
. tests/e2e/lib.sh

start_broker
start_ward <<END
control $TEST_DIR/ward.sock
tcp gw-a 127.0.0.1:$WARD_PORT turnaround=1ms
monitor b01 gw-a 1 generated seed=1
monitor b02 gw-a 2 generated seed=2
monitor b10 gw-a 3 generated seed=3
END
write_config <<END
buses: {gw-a: {kind: modbus-tcp, host: 127.0.0.1, port: $WARD_PORT}}
beds:
  b01: {bus: gw-a, address: 1, profile: generic-vitals, class: adult}
  b02: {bus: gw-a, address: 2, profile: generic-vitals, class: adult}
  b10: {bus: gw-a, address: 3, profile: generic-vitals, class: child}
stay_after: 1s
rules: [rules/standard.yaml]
END

# ---- the terminal (screen.py), driven by its commands

open_screen() { # ROWS COLS [NAME=VALUE...]
    local rows=$1 cols=$2
    shift 2
    coproc SCREEN { exec env TERM=xterm LC_ALL=C.UTF-8 "$@" python3 -B tests/e2e/screen.py "$rows" "$cols" \
        "$WARDGATE" status -c "$TEST_DIR/wardgate.yaml" --watch 2>"$TEST_DIR/screen.log"; }
    SCREEN_PROCESS=$SCREEN_PID
    pids+=("$SCREEN_PROCESS")
}

screen() { # COMMAND...
    local answer
    printf '%s\n' "$*" >&"${SCREEN[1]}"
    while IFS= read -r -t 60 answer <&"${SCREEN[0]}"; do
        case $answer in
        ok) return 0 ;;
        failed*)
            echo "screen: $* -> $answer" >&2
            timeout 1 cat <&"${SCREEN[0]}" >&2 || true
            fail "screen: $*"
            ;;
        *) printf '%s\n' "$answer" ;;
        esac
    done
    fail "the terminal does not answer: $*"
}

close_screen() {
    kill -TERM "$SCREEN_PROCESS" 2>/dev/null || true
    wait "$SCREEN_PROCESS" 2>/dev/null || true
}

W=$((5 * PATIENCE))

# Before there is a gateway: it says so, and is there as soon as that is.
open_screen 24 80
screen expect $W 'GATEWAY LOST: none runs with this configuration'
screen expect $W 'Waiting for the gateway'
start_gateway
screen expect $((10 * PATIENCE)) 'gw-test  test/w1'
screen without $W 'GATEWAY LOST'
screen expect $W 'connected, 0 alerts waiting'
screen expect $W 'store ok'
screen expect $W 'Secondary notification'
screen expect $((15 * PATIENCE)) '3 beds: 3 occupied'
screen row $W 'b10 s'

# Every value as it is, and no more bytes than what has changed.
ward_do b01 value hr 71
screen row $W 'b01 71'
screen quiet 3 6000

# An alarm: at the top by severity, with its mark; further down by name.
ward_do b10 silence
screen row $((30 * PATIENCE)) 'b10 Monitor does not answer'
screen show >"$TEST_DIR/alarm.txt"
[ "$(grep -nE '^.(b01|b10) ' "$TEST_DIR/alarm.txt" | head -n 1 | grep -c b10)" = 1 ] ||
    fail "the bed with the alarm is not the first: $(cat "$TEST_DIR/alarm.txt")"
grep -qE '^.b10 .* !+ ' "$TEST_DIR/alarm.txt" || grep -qE 'b10 +!+ ' "$TEST_DIR/alarm.txt" || fail "no mark: $(cat "$TEST_DIR/alarm.txt")"
screen key s
screen expect $W 'by name'
screen show >"$TEST_DIR/names.txt"
[ "$(grep -oE '^.b[0-9]+ ' "$TEST_DIR/names.txt" | tr -d ' >' | tr '\n' ' ')" = 'b01 b02 b10 ' ] || fail "not by name: $(cat "$TEST_DIR/names.txt")"
screen key s

# The other lists, a bed in detail with its limits, help, a filter.
screen key a
screen row $W 'b10 monitor_silent'
screen key enter
screen expect $W 'Vitals: value, unit, age, limits in force'
screen expect $W 'b10  child'
screen key pgdn
screen key pgdn
screen expect $W 'SILENT'
screen key esc
screen key l
screen row $W 'gw-a 2/3'
screen expect $W 'SILENT'
screen key b
screen key down
screen key enter
screen expect $W 'spo2_low'
screen key esc
screen key '?'
screen expect $W 'sort beds and lines'
screen key esc
screen key /
screen key b02
screen without $W 'b01'
screen key enter
screen expect $W "Only what has 'b02' in it"
screen key esc
screen row $W 'b01 s'

# Paused it stands still and says so.
screen key p
screen expect $W 'PAUSED since'
screen key p
screen without $W 'PAUSED'

# Other sizes: all there is on a large one, what matters most on a small one.
screen size 60 200
screen row $W 'b10 Monitor'
screen row $W 'Alarms Lines'
screen expect $W 'modbus-tcp 127.0.0.1'
screen size 12 40
screen row $W 'b10 !'
screen expect $W 'Secondary: watch the monitors'
screen size 3 15
screen expect $W 'too small'
screen size 24 80

# Stopped by a signal, it does not answer: keys work all the same. Then killed, then back.
kill -STOP "$GATEWAY_PID"
screen expect $((6 * PATIENCE)) 'it does not answer'
screen key '?'
screen expect 1 'sort beds and lines'
screen key '?'
kill -CONT "$GATEWAY_PID"
screen without $W 'GATEWAY LOST'
kill_gateway
screen expect $W 'GATEWAY LOST since'
start_gateway
screen without $((10 * PATIENCE)) 'GATEWAY LOST'

# Ctrl-Z and back; then every way out leaves the terminal as it was.
screen signal TSTP
screen stopped $W
screen signal CONT
screen expect $W 'gw-test  test/w1'
screen key q
screen ended $W 0
close_screen
for signal in INT TERM HUP QUIT; do
    open_screen 24 80
    screen expect $W 'gw-test  test/w1'
    screen signal $signal
    screen ended $W 0
    close_screen
done
open_screen 24 80
screen expect $W 'gw-test  test/w1'
screen signal SEGV
screen ended $W -11
close_screen

# Without colours nothing is missing; without UTF-8 there is nothing but ASCII.
open_screen 24 80 NO_COLOR=1 LC_ALL=C
screen row $W 'b10 Monitor'
screen show >"$TEST_DIR/ascii.txt"
! LC_ALL=C grep -q '[^ -~]' "$TEST_DIR/ascii.txt" || fail "no ASCII: $(cat "$TEST_DIR/ascii.txt")"
screen key q
screen ended $W 0
close_screen

# Where there is no terminal, text again and again, and JSON a line each time; it outlives the gateway.
"$WARDGATE" status -c "$TEST_DIR/wardgate.yaml" --watch --interval 0.2 >"$TEST_DIR/text.txt" 2>"$TEST_DIR/text.log" &
TEXT_PID=$!
"$WARDGATE" status -c "$TEST_DIR/wardgate.yaml" --watch --json --interval 0.2 >"$TEST_DIR/lines.json" 2>/dev/null &
JSON_PID=$!
pids+=("$TEXT_PID" "$JSON_PID")
has_lines() { [ "$(grep -c "$1" "$2")" -ge "$3" ]; }
wait_for 5 "text comes again" has_lines '^Secondary notification' "$TEST_DIR/text.txt" 3
wait_for 5 "JSON comes again" has_lines '"schema":"1"' "$TEST_DIR/lines.json" 3
stop_gateway
wait_for 5 "it says that the gateway is gone" grep -q 'no gateway answers.*trying again' "$TEST_DIR/text.log"
start_gateway
wait_for 10 "and that it is back" grep -q 'answers again' "$TEST_DIR/text.log"
kill "$TEXT_PID" "$JSON_PID"
wait "$TEXT_PID" "$JSON_PID" 2>/dev/null || true
! grep -q $'\033' "$TEST_DIR/text.txt" || fail "escapes where there is no terminal"
python3 - "$TEST_DIR/lines.json" <<'END' || fail "the lines are no JSON with values"
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1]) if line.endswith("\n")]
beds = {bed["bed"]: bed for bed in lines[0]["beds"]}
assert isinstance(beds["b01"]["vitals"]["hr"], (int, float)), beds["b01"]
assert "hr" in beds["b10"]["invalid"] and "hr" not in beds["b10"]["vitals"], beds["b10"]
END
TERM=dumb "$WARDGATE" status -c "$TEST_DIR/wardgate.yaml" --interval 2 2>/dev/null && fail "an interval without --watch"
"$WARDGATE" status -c "$TEST_DIR/wardgate.yaml" --watch --interval 0 2>/dev/null && fail "no interval at all"
stop_gateway
