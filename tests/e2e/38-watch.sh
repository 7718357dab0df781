#!/usr/bin/env bash
# The gateway watches itself: what it tells a service manager and feeds to a watchdog; the local alarm when no broker is reached, at once with an
# alert of high priority; a line whose thread hangs in its driver: told, the other line goes on, and the gateway starts anew, once.
. tests/e2e/lib.sh

needs_no_sanitizer "a sanitizer's own runtime comes before what is preloaded"

said() { grep -qF "$1" "$TEST_DIR/notified.txt"; }
hook_said() { tail -n 1 "$TEST_DIR/hook.txt" | grep -q "^$1"; }

export NOTIFY_SOCKET=$TEST_DIR/notify
"$BUILD/tests/notified" "$NOTIFY_SOCKET" >"$TEST_DIR/notified.txt" &
pids+=("$!")
wait_for 5 "the service manager listens" test -S "$NOTIFY_SOCKET"
mkfifo "$TEST_DIR/watchdog"
cat "$TEST_DIR/watchdog" >"$TEST_DIR/fed" & # a watchdog that takes what is written to it
pids+=("$!")
exec 9>"$TEST_DIR/watchdog" # so that it stays open between two runs
cat >"$TEST_DIR/siren" <<'END'
#!/bin/sh
echo "$WARDGATE_STATE $WARDGATE_PRIORITY $WARDGATE_WHAT $1" >>"$2"
END
chmod 755 "$TEST_DIR/siren"
: >"$TEST_DIR/hook.txt"
"${CC:-cc}" -shared -fPIC -O1 -D_GNU_SOURCE tests/e2e/hang_calls.c -o "$TEST_DIR/hang.so"

start_broker
start_ward <<END
control \${WARD_DIR}/ward.sock
line line-a \${WARD_DIR}/line-a baud=19200 parity=even strict turnaround=2ms
line line-b \${WARD_DIR}/line-b baud=19200 parity=even strict turnaround=2ms
monitor b01 line-a 1 generated seed=1
monitor b02 line-b 1 generated seed=2
END
write_config <<END
stay_after: 1s
watchdog: {device: $TEST_DIR/watchdog}
indicator: {after: 5s, hook: [$TEST_DIR/siren, "two words", $TEST_DIR/hook.txt]}
buses:
  line-a: {kind: modbus-rtu, device: $TEST_DIR/line-a, baud: 19200, parity: even}
  line-b: {kind: modbus-rtu, device: $TEST_DIR/line-b, baud: 19200, parity: even}
beds:
  b01: {bus: line-a, address: 1, profile: generic-vitals, class: adult}
  b02: {bus: line-b, address: 1, profile: generic-vitals, class: adult}
rules: [rules/standard.yaml]
END
subscribe seen.txt "$BASE/+/vitals" "$BASE/+/alert" "$BASE/gateway/+/alert" "$BASE/gateway/+/health"
WATCHDOG_USEC=1000000 HANG_LINE=$TEST_DIR/hang LD_PRELOAD=$TEST_DIR/hang.so start_gateway
ask_gateway() { "$WARDGATE" "$@" -c "$TEST_DIR/wardgate.yaml"; }

# All is well.
wait_for 10 "ready" said READY=1
wait_for 10 "how it is" said "STATUS=Watches 2 beds; connected; alerts are stored"
wait_for 10 "fed" said WATCHDOG=1
wait_for 10 "the watchdog is fed" test -s "$TEST_DIR/fed"
wait_for 15 "health tells" grep -q '"watchdog":{"hardware":"fed","service":"fed","stuck":\[\]}' "$TEST_DIR/seen.txt"
echo "off none  two words" | diff - "$TEST_DIR/hook.txt" || fail "a local alarm without a reason"
kill -HUP "$GATEWAY_PID"
wait_for 10 "a reload is told" said RELOADING=1
told_times() { test "$(grep -cF "$2" "$TEST_DIR/$1")" -ge "$3"; }
wait_for 10 "and its end" told_times notified.txt READY=1 2

# A trial, by hand.
ask_gateway indicator test --priority low >"$TEST_DIR/trial.txt" || fail "the trial: $(cat "$TEST_DIR/trial.txt")"
grep -q "program: ok, 3 runs" "$TEST_DIR/trial.txt" || fail "the trial says: $(cat "$TEST_DIR/trial.txt")"
diff - "$TEST_DIR/hook.txt" <<END || fail "the program did not hear the trial"
off none  two words
test low  two words
off none  two words
END

# No broker: after 5 s, silenced by hand, at once for an alert of high priority, over when it is back.
stop_broker
wait_for 15 "the local alarm" hook_said "on medium uplink_lost"
ask_gateway indicator quiet || fail "it cannot be silenced"
wait_for 5 "it is silent" hook_said "quiet medium uplink_lost"
wait_for 5 "who silenced it is in the audit log" bash -c "'$WARDGATE' audit -c '$TEST_DIR/wardgate.yaml' show | grep indicator"
ask_gateway test-alert b01 --priority high >/dev/null 2>&1 || true # no broker has it
wait_for 5 "it sounds again" hook_said "on high uplink_lost high_undelivered"
ask_gateway status | grep -q "^local    on, high: uplink_lost high_undelivered" || fail "status does not tell"
start_broker
wait_for 20 "it is over" hook_said "off none"
subscribe seen-later.txt "$BASE/+/vitals" "$BASE/gateway/+/alert"

# A thread that hangs: its bed is told of, the other goes on, the whole is begun anew after 20 s.
ln -s "$(readlink -f "$TEST_DIR/line-a")" "$TEST_DIR/hang"
wait_for 30 "the line's thread is told of" grep -q '"rule":"thread_stuck".*line-a\|line-a.*"rule":"thread_stuck"' "$TEST_DIR/seen-later.txt"
wait_for 5 "its bed is told of" grep -q '"rule":"bus_down".*its thread is stuck.*"stands_for":\["b01"\]' "$TEST_DIR/seen-later.txt"
! grep -q '"rule":"monitor_silent".*"bed":"b01"\|"bed":"b01".*"rule":"monitor_silent"' "$TEST_DIR/seen-later.txt" || fail "one cause, two alerts"
heard=$(grep -c "^$BASE/b02/vitals" "$TEST_DIR/seen-later.txt")
sleep 2
[ "$(grep -c "^$BASE/b02/vitals" "$TEST_DIR/seen-later.txt")" -gt "$heard" ] || fail "the other line stands still"
wait_for 10 "the service manager is told" grep -q "stuck: line-[ab]" "$TEST_DIR/notified.txt"
rm "$TEST_DIR/hang"
wait_for 40 "it starts anew" grep -q "so the gateway starts anew" "$TEST_DIR/gateway.log"
wait_for 20 "it watches again" told_times gateway.log "watches 2 beds" 2
started=$(wc -l <"$TEST_DIR/seen-later.txt")
wait_for 20 "the bed is heard again" bash -c "tail -n +$started '$TEST_DIR/seen-later.txt' | grep -q '^$BASE/b01/vitals .*\"hr\":[0-9]'"
kill -0 "$GATEWAY_PID" || fail "it is another process"
! grep -q V "$TEST_DIR/fed" || fail "the watchdog was stopped for a new start"

# Not again within the hour.
ln -s "$(readlink -f "$TEST_DIR/line-a")" "$TEST_DIR/hang"
wait_for 60 "it says why not" grep -q "does not start anew: it did so less than an hour ago" "$TEST_DIR/gateway.log"
kill -TERM "$GATEWAY_PID"
wait "$GATEWAY_PID" && fail "a thread hung at the end, which is no good end"
said STOPPING=1 || fail "the end was not told"
wait_for 5 "the watchdog is stopped" grep -q V "$TEST_DIR/fed"
