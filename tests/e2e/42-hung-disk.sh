#!/usr/bin/env bash
# A disk that hangs for longer than a watchdog waits resets nothing: alerts go on, marked not durable, the watchdogs are fed, the local alarm says so;
# and when the disk is back, all is stored.
. tests/e2e/lib.sh

needs_no_sanitizer "a sanitizer's own runtime comes before what is preloaded"

said() { grep -qF "$1" "$TEST_DIR/notified.txt"; }
told() { grep -qF "$1" "$TEST_DIR/seen.txt"; }
# How late each alert came that was not durable, in seconds from its transition (`at`) to when it was heard.
lags() {
    python3 - "$TEST_DIR/heard.txt" <<'END'
import datetime, json, sys

for line in open(sys.argv[1], encoding="utf-8"):
    if not line.endswith("\n"):
        break  # being written
    heard, _, payload = line.partition(" ")
    alert = json.loads(payload)
    at = datetime.datetime.fromisoformat(alert["at"].replace("Z", "+00:00"))
    if not alert["delivery"]["durable"]:
        print(f'{float(heard) - at.timestamp():.3f} {alert["rule"]}')
END
}
fed_times() { grep -c "WATCHDOG=1" "$TEST_DIR/notified.txt"; }

export NOTIFY_SOCKET=@wardgate-hung-disk-$$
"$BUILD/tests/notified" "$NOTIFY_SOCKET" >"$TEST_DIR/notified.txt" &
pids+=("$!")
mkfifo "$TEST_DIR/watchdog"
cat "$TEST_DIR/watchdog" >"$TEST_DIR/fed" &
pids+=("$!")
exec 9>"$TEST_DIR/watchdog"
cat >"$TEST_DIR/siren" <<'END'
#!/bin/sh
echo "$WARDGATE_STATE $WARDGATE_PRIORITY $WARDGATE_WHAT" >>"$1"
END
chmod 755 "$TEST_DIR/siren"
: >"$TEST_DIR/hook.txt"
"${CC:-cc}" -shared -fPIC -O1 -D_GNU_SOURCE tests/e2e/hang_calls.c -o "$TEST_DIR/hang.so"
start_broker
watch_beds 2 <<END
stay_after: 1s
watchdog: {device: $TEST_DIR/watchdog}
indicator: {hook: [$TEST_DIR/siren, $TEST_DIR/hook.txt]}
END
mosquitto_sub -h 127.0.0.1 -p "$PORT" -q 1 -F '%U %p' -t "$BASE/+/alert" -t "$BASE/gateway/+/alert" >"$TEST_DIR/heard.txt" 2>>"$TEST_DIR/sub.log" &
pids+=("$!")
subscribe seen.txt "$BASE/+/alert" "$BASE/gateway/+/alert" "$BASE/gateway/+/health" "$BASE/+/vitals"
WATCHDOG_USEC=2000000 HANG_DISK=$TEST_DIR/hang LD_PRELOAD=$TEST_DIR/hang.so start_gateway
wait_for 15 "all is well" said "STATUS=Watches 2 beds; connected; alerts are stored"
wait_for 15 "a stay begins" grep -q "^$BASE/b01/vitals .*\"stay\":\"" "$TEST_DIR/seen.txt"

: >"$TEST_DIR/hang"
ward_do b02 value spo2 70
wait_for 10 "the service manager hears of it" said "STATUS=Watches 2 beds; connected; alerts cannot be stored"
wait_for 5 "and who stands at the box" grep -q "^on low store_failing" "$TEST_DIR/hook.txt"
wait_for 10 "an alarm says so" told '"rule":"store_failing"'
sleep 13 # longer than a part may be without a sign of life
ward_do b01 value spo2 70
wait_for 15 "alerts go on" grep -q "^$BASE/b01/alert .*\"rule\":\"spo2_desat\".*\"durable\":false" "$TEST_DIR/seen.txt"
before=$(fed_times)
fed=$(stat -c %s "$TEST_DIR/fed")
sleep 2
[ "$(fed_times)" -gt "$before" ] || fail "the service manager's watchdog starves"
[ "$(stat -c %s "$TEST_DIR/fed")" -gt "$fed" ] || fail "the box's watchdog starves"
! said "watchdogs are not fed" || fail "something starved: $(cat "$TEST_DIR/notified.txt")"

# Within 2 s: most of them, as on a busy machine one or the other, or who hears it, may be late.
lags | sort -n >"$TEST_DIR/lags.txt"
[ "$(wc -l <"$TEST_DIR/lags.txt")" -ge 3 ] || fail "too few alerts came that are not durable: $(cat "$TEST_DIR/lags.txt")"
awk '{ lag[NR] = $1 } END { exit !(lag[int((NR + 1) / 2)] <= 2) }' "$TEST_DIR/lags.txt" || fail "alerts come late: $(cat "$TEST_DIR/lags.txt")"

rm "$TEST_DIR/hang"
wait_for 15 "the store works again" grep -q "the store works again" "$TEST_DIR/gateway.log"
wait_for 10 "the local alarm is over" bash -c "tail -n 1 '$TEST_DIR/hook.txt' | grep -q '^off none'"
wait_for 10 "all is stored" bash -c "'$WARDGATE' history -c '$TEST_DIR/wardgate.yaml' | grep -q spo2_desat"
stop_gateway
