#!/usr/bin/env bash
# Thirty-two TCP monitors, some of them bad: silent, resetting, closing after each answer, late, answering under a wrong
# number, with one connection that somebody else takes. The others keep their rate, each fault is named and goes by itself,
# and no late or foreign value is ever shown.
. tests/e2e/lib.sh

MONITORS=32
host() { echo "127.0.2.$1"; }

ward() {
    local i
    echo "control \${WARD_DIR}/ward.sock"
    for ((i = 1; i <= MONITORS; i++)); do echo "tcp t$i $(host "$i"):\${WARD_PORT} turnaround=2ms"; done
    for ((i = 1; i <= MONITORS; i++)); do echo "monitor b$i t$i 1 generated seed=$i"; done
    # Every monitor has a heart rate of its own, and no other value may ever be shown for it.
    for ((i = 1; i <= MONITORS; i++)); do echo "at 0 b$i value hr $((60 + i)) pulse $((60 + i)) spo2 96 resp 15"; done
}

config() {
    local i more
    echo "stay_after: 2s"
    echo "buses:"
    for ((i = 1; i <= MONITORS; i++)); do
        more=$([ "$i" -ne 8 ] || echo ', hang_up: true')
        echo "  t$i: {kind: modbus-tcp, host: $(host "$i"), port: $WARD_PORT, timeout: 300ms$more}"
    done
    echo "beds:"
    for ((i = 1; i <= MONITORS; i++)); do
        echo "  b$i: {bus: t$i, address: 1, profile: generic-vitals, class: adult}"
    done
    echo "rules: [rules/standard.yaml]"
}

start_broker
start_ward < <(ward)
write_config < <(config)
subscribe seen.txt "$BASE/+/vitals" "$BASE/+/alert"
start_gateway
wait_for 8 "every bed has vitals" bash -c "[ \$(grep -o '/b[0-9]*/vitals .*\"hr\":' '$TEST_DIR/seen.txt' | cut -d/ -f2 | sort -u | wc -l) -eq $MONITORS ]"

threads=$(find "/proc/$GATEWAY_PID/task" -mindepth 1 -maxdepth 1 | wc -l)
[ "$threads" -le 8 ] || fail "$threads threads"

status_json() { "$WARDGATE" status -c "$TEST_DIR/wardgate.yaml" --json | tr '{' '\n'; }
ward_report() { echo report | "$BUILD/tests/ask" "$TEST_DIR/ward.sock" | tr '{' '\n'; }
answers() { status_json | grep '"bed":"b[0-9]*","address"' | sed -nE 's/.*"bed":"b([0-9]+)".*"answers":([0-9]+).*/\1 \2/p' | sort -n; }
connections() { ward_report | grep "\"name\":\"$1\",\"kind\"" | member connections; } # TCP

# The bad ones: b1 silent, b2 resets, b3 closes after each answer, b4 late, b5 under a wrong number, b6 has one connection
# (which is taken), b7 refuses; b8 is hung up on after each turn, by its configuration.
ward_do b1 silence
ward_do t2 after reset
ward_do t3 after close
ward_do b4 late 450ms
ward_do b5 wrong_number
exec 9<>"/dev/tcp/$(host 6)/$WARD_PORT" # somebody else, who stays
ward_do t6 slots 1
ward_do t6 after close
ward_do t7 refuse
ward_do t7 reset
sleep 2
answers >"$TEST_DIR/before.txt"
began=$(date +%s%N)
hung_up=$(connections t8)
closed=$(connections t3)
sleep 10
answers >"$TEST_DIR/after.txt"
took_ms=$((($(date +%s%N) - began) / 1000000))

# Two requests a second and one more every ten (glucose): what the good ones had time for.
join "$TEST_DIR/before.txt" "$TEST_DIR/after.txt" | while read -r bed before after; do
    got=$((after - before))
    case $bed in
    1 | 4 | 5 | 6 | 7) [ "$got" -eq 0 ] || [ "$bed" -eq 4 ] || fail "b$bed answered $got times" ;;
    *) [ $((got * 1000)) -ge $((took_ms * 95 / 100 - 1000)) ] || fail "b$bed answered only $got times in $took_ms ms" ;;
    esac
done
[ $(($(connections t3) - closed)) -ge 8 ] || fail "b3, which closes, was not asked over new connections"
[ $(($(connections t8) - hung_up)) -ge 8 ] || fail "b8, with hang_up, was not hung up on"

status_json >"$TEST_DIR/status.json.txt"
"$WARDGATE" status -c "$TEST_DIR/wardgate.yaml" >"$TEST_DIR/status.txt"
named() { # BED WHY: in both
    grep "\"bed\":\"b$1\",\"address\"" "$TEST_DIR/status.json.txt" -A1 | grep -qi "$2" || grep "\"bus\":\"t$1\"" "$TEST_DIR/status.json.txt" | grep -qi "$2" ||
        fail "health does not name the fault of b$1 ($2): $(grep -A2 "\"bus\":\"t$1\"" "$TEST_DIR/status.json.txt")"
    grep -E "^t$1 .*$3" "$TEST_DIR/status.txt" >/dev/null || fail "status does not name the fault of b$1 ($3): $(grep "^t$1 " "$TEST_DIR/status.txt")"
}
named 1 '"timeout":[1-9]' 'no answer in time'
named 2 '"hang_ups":[1-9]' 'connection reset'
named 3 '"hang_ups":[1-9]' 'hung up'
named 4 '"timeout":[1-9]' 'no answer in time'
named 5 '"bad_header":[1-9]' 'wrong header'
named 6 'hung up\|connection reset' 'hung up|connection reset'
named 7 'connection refused\|connection reset' 'connection refused|connection reset'

# All of them are well again, and answer by themselves.
ward_do b1 answer
ward_do t2 after keep
ward_do t3 after keep
ward_do b4 answer
ward_do b5 answer
exec 9>&-
ward_do t6 after keep
ward_do t7 accept
answers >"$TEST_DIR/before.txt"
for bed in 1 2 3 4 5 6 7; do
    was=$(sed -n "s/^$bed //p" "$TEST_DIR/before.txt")
    wait_for 12 "b$bed answers again" bash -c "
        [ \$('$WARDGATE' status -c '$TEST_DIR/wardgate.yaml' --json | tr '{' '\n' | grep '\"bed\":\"b$bed\",\"address\"' |
            sed -nE 's/.*\"answers\":([0-9]+).*/\1/p') -gt $((was + 2)) ]"
done
for ((i = 1; i <= MONITORS; i++)); do
    wrong=$(grep "^$BASE/b$i/vitals " "$TEST_DIR/seen.txt" | member hr | grep -E "^[0-9.]+$" | grep -vx $((60 + i)) || true)
    [ -z "$wrong" ] || fail "b$i showed a heart rate that is not its own: $wrong"
done
stop_gateway
