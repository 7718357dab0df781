#!/usr/bin/env bash
# The file for Prometheus: sound text with the figures of health, replaced whole, gone after an orderly stop; a folder that is missing and a disk that hangs hold up nothing.
. tests/e2e/lib.sh

METRICS=$TEST_DIR/textfiles/wardgate.prom
CHECK=tests/tools/check-exposition

figure() { # NAME[LABELS]: its value in the file
    awk -v series="$1" 'index($0, series " ") == 1 { print $NF }' "$METRICS"
}
is_figure() { [ "$(figure "$1")" = "$2" ]; }

# ---- its folder is not there: told once, counted, tried again; nothing else is affected

start_broker
watch_beds 2 <<END
stay_after: 2s
metrics: $METRICS
END
"$WARDGATE" check -c "$TEST_DIR/wardgate.yaml" >"$TEST_DIR/check.txt" 2>&1 || fail "check: $(cat "$TEST_DIR/check.txt")"
grep -q 'metrics: its folder is not there' "$TEST_DIR/check.txt" || fail "check does not warn of the folder"
grep -q "^metrics $METRICS, every 10 s" "$TEST_DIR/check.txt" || fail "check does not show the file"
start_gateway
wait_for 10 "it says so" grep -q "metrics file cannot be written ($METRICS: No such file or directory)" "$TEST_DIR/gateway.log"
wait_for 5 "health has it" status_has '"metrics":{"error":"No such file or directory","failures":1}'
wait_for 10 "alerts arrive all the same" grep -q "^$BASE/b01/alert .*admission_not_entered" "$TEST_DIR/payloads.txt"

# ---- the folder comes

mkdir "$TEST_DIR/textfiles"
wait_for 15 "the file" test -s "$METRICS"
wait_for 5 "the log says so" grep -q "metrics file is written again" "$TEST_DIR/gateway.log"
[ "$(stat -c %a "$METRICS")" = 644 ] || fail "its mode is $(stat -c %a "$METRICS")"
$CHECK "$METRICS" || fail "no sound text"
if command -v promtool >/dev/null; then
    promtool check metrics <"$METRICS" || fail "promtool"
fi
[ "$(figure wardgate_metrics_failures_total)" -ge 1 ] || fail "failures are not counted"
is_figure wardgate_uplink_connected 1 || fail "not connected"
is_figure 'wardgate_bus_open{bus="gw-a"}' 1 || fail "the line"
is_figure 'wardgate_monitor_answering{bus="gw-a",bed="b02",address="2"}' 1 || fail "a monitor"
is_figure 'wardgate_failures_total{failure="too_soon"}' 0 || fail "what has not failed has no counter"
ls "$TEST_DIR/textfiles" >"$TEST_DIR/files.txt"
[ "$(cat "$TEST_DIR/files.txt")" = wardgate.prom ] || fail "left behind: $(cat "$TEST_DIR/files.txt")"
grep -qE 'patient|"stay"|[0-9a-f]{16}.*stay' "$METRICS" && fail "something of a patient is in it"

# ---- the same figures as health: what stands still is equal, what counts lies between two healths

healths() { "$WARDGATE" status -c "$TEST_DIR/wardgate.yaml" --json; }
healths >"$TEST_DIR/before.json"
BEFORE=$(stat -c %i "$METRICS")
wait_for 15 "another file, not the same written over" bash -c "[ \$(stat -c %i '$METRICS') != $BEFORE ]"
cp "$METRICS" "$TEST_DIR/metrics.txt"
healths >"$TEST_DIR/after.json"
python3 - "$TEST_DIR" <<'END' || fail "the figures are not those of health"
import json, re, sys
folder = sys.argv[1]
before, after = (json.load(open(f"{folder}/{name}.json")) for name in ("before", "after"))
metrics = dict(re.findall(r"^([^# ]\S*) (\S+)$", open(f"{folder}/metrics.txt").read(), re.M))
def look(document, path):
    for key in path.split("."):
        document = document[int(key)] if key.isdigit() else document[key]
    return float(document)
pairs = {"wardgate_uplink_connects_total": "uplink.connects", "wardgate_uplink_losses_total": "uplink.failures.lost",
         "wardgate_queue_delivered_through_seq": "queue.delivered_through", "wardgate_queue_alerts": "queue.waiting",
         "wardgate_engine_observations_total": "engine.observations", "wardgate_store_alerts_size_bytes": "storage.alerts_bytes_max",
         "wardgate_memory_arena_bytes": "memory.arena_bytes", "wardgate_boards_expected": "boards.expected",
         'wardgate_bus_requests_total{bus="gw-a"}': "buses.0.requests",
         'wardgate_monitor_polls_total{bus="gw-a",bed="b01",address="1"}': "buses.0.monitors.0.polls",
         "wardgate_commands_total": "commands.taken", "wardgate_metrics_failures_total": "metrics.failures"}
for name, path in pairs.items():
    low, value, high = look(before, path), float(metrics[name]), look(after, path)
    if not low <= value <= high:
        sys.exit(f"{name} {value} is not between {low} and {high} ({path})")
END

# ---- a monitor that fails is counted under its name, at it and in all

ward_do b01 silence
wait_for 30 "a failure of b01" bash -c "grep -qE '^wardgate_monitor_failures_total\{bus=\"gw-a\",bed=\"b01\",address=\"1\",failure=\"timeout\"\} [1-9]' '$METRICS'"
grep -qE '^wardgate_failures_total\{failure="timeout"\} [1-9]' "$METRICS" || fail "it is not in the sum"
ward_do b01 answer

# ---- a reload goes on with it

"$WARDGATE" reload -c "$TEST_DIR/wardgate.yaml" >"$TEST_DIR/reload.txt" 2>&1 || fail "reload: $(cat "$TEST_DIR/reload.txt")"
INODE=$(stat -c %i "$METRICS")
wait_for 15 "the file goes on" bash -c "[ \$(stat -c %i '$METRICS') != $INODE ]"
$CHECK "$METRICS" || fail "no sound text after a reload"

# ---- gone after an orderly stop

stop_gateway
[ ! -e "$METRICS" ] || fail "the file is still there"

# ---- the disk of the file hangs: nothing else does

if [ -z "${FLAVOUR:-}" ]; then # a sanitizer wants to be in front of the C library itself
    export HANG_LINE=$TEST_DIR/hang
    "${CC:-cc}" -shared -fPIC -O1 -D_GNU_SOURCE tests/e2e/hang_calls.c -o "$TEST_DIR/hang.so"
    LD_PRELOAD=$TEST_DIR/hang.so start_gateway
    wait_for 10 "the file" test -s "$METRICS"
    ln -s "$METRICS.new" "$HANG_LINE"
    wait_for 15 "it hangs" test -e "$METRICS.new"
    sleep 1
    timeout 5 "$WARDGATE" reload -c "$TEST_DIR/wardgate.yaml" >>"$TEST_DIR/reload.txt" 2>&1 || fail "no reload beside a disk that hangs"
    ward_do b02 value spo2 75
    wait_for 30 "an alert" grep -q "^$BASE/b02/alert .*\"phase\":\"start\".*spo2_desat" "$TEST_DIR/payloads.txt"
    status_has '"uplink":{"connected":true' || fail "no status"
    SINCE=$(date +%s%3N)
    kill -TERM "$GATEWAY_PID"
    wait "$GATEWAY_PID" || true # it says that a thread did not end
    TOOK=$(($(date +%s%3N) - SINCE))
    [ "$TOOK" -lt 3000 ] || fail "the stop took $TOOK ms"
    grep -q 'a thread did not end' "$TEST_DIR/gateway.log" || fail "the log does not say why"
fi
