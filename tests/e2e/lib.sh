# shellcheck shell=bash
# What the end-to-end tests share: a broker, a simulated ward, the gateway, a subscriber; all in TEST_DIR, all
# stopped at the end. Sourced by each test; set WARD_FILE and the configuration's pieces before start_*.
set -euo pipefail
PATH=$PATH:/usr/sbin # where Debian has mosquitto

: "${WARDGATE:?run this through make e2e}" "${WARD:?}" "${TEST_DIR:?}"
export PORT=$((12000 + ${TEST_SLOT:-0} % 20 * 1000 + RANDOM % 950)) # below those that the system hands out itself
export WARD_PORT=$((PORT + 1))
export WARD_DIR=$TEST_DIR
# How much longer things may take where a sanitizer slows them down.
PATIENCE=$([ -n "${FLAVOUR:-}" ] && echo 4 || echo 1)
# shellcheck disable=SC2034 # for the tests
BASE=wardgate/test/w1
pids=()

fail() {
    echo "FAILED: $*" >&2
    for log in "$TEST_DIR"/*.log; do
        [ -s "$log" ] && { echo "--- $log"; tail -n 40 "$log"; } >&2
    done
    exit 1
}

# Whatever the test was about, every payload that went over its broker keeps its contract.
finish() {
    local status=$? pid
    for pid in "${pids[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
    for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
    if [ "$status" -eq 0 ] && [ -s "$TEST_DIR/payloads.txt" ] &&
        ! tests/tools/check-payloads "$TEST_DIR/payloads.txt" >"$TEST_DIR/payloads.log" 2>&1; then
        echo "FAILED: payloads break the schemas of config/schemas:" >&2
        cat "$TEST_DIR/payloads.log" >&2
        exit 1
    fi
}
trap finish EXIT

# wait_for SECONDS WHAT COMMAND...: until the command succeeds.
wait_for() {
    local limit=$(($1 * PATIENCE * 10)) what=$2 i
    shift 2
    for ((i = 0; i < limit; i++)); do
        "$@" >/dev/null 2>&1 && return 0
        sleep 0.1
    done
    fail "not within $((limit / 10)) s: $what"
}

start_broker() {
    cat >"$TEST_DIR/broker.conf" <<END
listener $PORT 127.0.0.1
allow_anonymous true
persistence false
max_queued_messages 100000
END
    mosquitto -c "$TEST_DIR/broker.conf" >>"$TEST_DIR/broker.log" 2>&1 &
    BROKER_PID=$!
    pids+=("$BROKER_PID")
    wait_for 5 "the broker answers" mosquitto_pub -h 127.0.0.1 -p "$PORT" -t started -n
    [ ! -e "$TEST_DIR/payloads.txt" ] || return 0 # it connects again by itself; two would write into each other's lines
    mosquitto_sub -h 127.0.0.1 -p "$PORT" -t '#' -F '%t %p' >>"$TEST_DIR/payloads.txt" 2>>"$TEST_DIR/sub.log" &
    pids+=("$!")
}

stop_broker() {
    kill -TERM "$BROKER_PID"
    wait "$BROKER_PID" || true
}

# start_ward: the description comes from standard input.
start_ward() {
    cat >"$TEST_DIR/ward.conf"
    "$WARD" -q "$TEST_DIR/ward.conf" >"$TEST_DIR/ward.log" 2>&1 </dev/null &
    WARD_PID=$!
    pids+=("$WARD_PID")
    wait_for 5 "the ward is ready" grep -q 'ward: ready' "$TEST_DIR/ward.log"
}

# ward_do COMMAND...: one command through the control socket ($TEST_DIR/ward.sock in the description).
ward_do() {
    local answer
    answer=$(printf '%s\n' "$*" | "$BUILD/tests/ask" "$TEST_DIR/ward.sock") || fail "the ward does not answer: $*"
    [ "${answer%%$'\n'*}" = ok ] || fail "the ward says: $answer ($*)"
}

# write_config: buses, beds and anything else come from standard input, after gateway, store and uplink.
write_config() {
    {
        echo "gateway: {id: gw-test, site: test, ward: w1}"
        echo "store: {path: $TEST_DIR/store, size: 16MiB}"
        echo "uplink: {brokers: [\"mqtt://127.0.0.1:$PORT\"]${UPLINK_MORE:-}}"
        cat
    } >"$TEST_DIR/wardgate.yaml"
    mkdir -p "$TEST_DIR/rules" "$TEST_DIR/profiles" "$TEST_DIR/models"
    cp config/profiles/*.yaml "$TEST_DIR/profiles/"
    cp config/rules/*.yaml "$TEST_DIR/rules/"
    cp config/models/*.yaml "$TEST_DIR/models/"
}

# start_two_beds: a broker, and a configuration for two monitors on one link; keys of its own come from standard input.
start_two_beds() {
    local keys
    keys=$(cat)
    start_broker
    start_ward <<END
control \${WARD_DIR}/ward.sock
tcp gw-a 127.0.0.1:\${WARD_PORT} turnaround=1ms
monitor b01 gw-a 1 generated seed=1
monitor b02 gw-a 2 generated seed=2
END
    write_config <<END
buses:
  gw-a: {kind: modbus-tcp, host: 127.0.0.1, port: $WARD_PORT}
beds:
  b01: {bus: gw-a, address: 1, profile: generic-vitals, class: adult}
  b02: {bus: gw-a, address: 2, profile: generic-vitals, class: adult}
rules: [rules/standard.yaml]
$keys
END
}

run_gateway() { # OPTION...
    "$WARDGATE" run "$@" >>"$TEST_DIR/gateway.log" 2>&1 </dev/null &
    GATEWAY_PID=$!
    pids+=("$GATEWAY_PID")
}

start_gateway() { run_gateway -c "$TEST_DIR/wardgate.yaml"; }

# start_recorded FILE: one that records what goes into the engine.
start_recorded() { run_gateway -c "$TEST_DIR/wardgate.yaml" --record "$1"; }

stop_gateway() {
    kill -TERM "$GATEWAY_PID"
    wait "$GATEWAY_PID" || fail "the gateway ended with status $?"
}

kill_gateway() {
    kill -KILL "$GATEWAY_PID"
    wait "$GATEWAY_PID" 2>/dev/null || true
}

# subscribe FILE TOPIC...: lines "TOPIC PAYLOAD" go to $TEST_DIR/FILE for as long as the test runs.
subscribe() {
    local file=$TEST_DIR/$1 topic words=()
    shift
    for topic in "$@"; do words+=(-t "$topic"); done
    mosquitto_sub -h 127.0.0.1 -p "$PORT" -q 1 -F '%t %p' "${words[@]}" >>"$file" 2>>"$TEST_DIR/sub.log" &
    pids+=("$!")
    # shellcheck disable=SC2034 # for the tests
    SUBSCRIBER_PID=$!
}

# is_raised BED ALARM, is_over BED ALARM: by its retained state, which an alarm has that is part of another one, too.
is_raised() {
    [ -n "$(grep "^$BASE/$1/alarm/$2 " "$TEST_DIR/payloads.txt" | tail -n 1 | cut -d' ' -f2-)" ]
}

is_over() {
    [ "$(grep -c "^$BASE/$1/alarm/$2 " "$TEST_DIR/payloads.txt")" -gt 0 ] && ! is_raised "$1" "$2"
}

# finds PATTERN: grep -q for a pipe. It reads all that comes: breaking off who writes would make the pipe fail (pipefail).
finds() {
    [ "$(grep -c "$@")" -gt 0 ]
}

# member KEY: the value of a key in each line of standard input, quotes taken off.
member() {
    sed -nE "s/.*\"$1\":(\"([^\"]*)\"|([^,}]*)).*/\\2\\3/p"
}
