# shellcheck shell=bash
# What the end-to-end tests share: a broker, a simulated ward, the gateway, a subscriber; all in TEST_DIR, all
# stopped at the end. Sourced by each test; set WARD_FILE and the configuration's pieces before start_*.
set -euo pipefail
PATH=$PATH:/usr/sbin # where Debian has mosquitto

: "${WARDGATE:?run this through make e2e}" "${WARD:?}" "${TEST_DIR:?}"
export PORT=$((12000 + ${TEST_SLOT:-0} % 20 * 1000 + RANDOM % 950)) # below those that the system hands out itself
export WARD_PORT=$((PORT + 1))
export WARD_DIR=$TEST_DIR
# How much longer things may take where a sanitizer, or an emulated processor, slows them down.
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
    [ ! -d "$TEST_DIR/store" ] || rm -f "$(kept_in_memory)"
    if [ "$status" -eq 0 ] && [ -s "$TEST_DIR/payloads.txt" ] &&
        ! tests/tools/check-payloads "$TEST_DIR/payloads.txt" >"$TEST_DIR/payloads.log" 2>&1; then
        echo "FAILED: payloads break the schemas of config/schemas:" >&2
        cat "$TEST_DIR/payloads.log" >&2
        exit 1
    fi
}
trap finish EXIT

# What the gateway has noted in memory that outlives it (hal/keepsake.h); it may be gone.
kept_in_memory() {
    # shellcheck disable=SC2046,SC2183 # two numbers
    printf '/dev/shm/wardgate-%x-%x' $(stat -c '%d %i' "$TEST_DIR/store")
}

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

# needs_no_emulator WHY: the test is skipped where qemu-user runs the gateway.
needs_no_emulator() {
    [ -z "${EMULATOR:-}" ] || {
        echo "skipped: $1"
        exit 0
    }
}

# needs_no_sanitizer WHY: the test is skipped where there is one, and where the gateway is emulated.
needs_no_sanitizer() {
    [ -z "${FLAVOUR:-}" ] || [ "$FLAVOUR" = clang ] || {
        echo "skipped: $1"
        exit 0
    }
}

# Further lines of its configuration are in BROKER_MORE.
start_broker() {
    cat >"$TEST_DIR/broker.conf" <<END
listener $PORT 127.0.0.1
allow_anonymous true
persistence false
max_queued_messages 100000
${BROKER_MORE:-}
END
    mosquitto -c "$TEST_DIR/broker.conf" >>"$TEST_DIR/broker.log" 2>&1 &
    BROKER_PID=$!
    pids+=("$BROKER_PID")
    wait_for 5 "the broker answers" mosquitto_pub -h 127.0.0.1 -p "$PORT" -t started -n
    [ ! -e "$TEST_DIR/payloads.txt" ] || return 0 # it connects again by itself; two would write into each other's lines
    # Commands may be anything, bytes that are no text among it; so may what a bad board says.
    mosquitto_sub -h 127.0.0.1 -p "$PORT" -t '#' -T "$BASE/+/command/+" -T "$BASE/board/bad" -F '%t %p' >>"$TEST_DIR/payloads.txt" 2>>"$TEST_DIR/sub.log" &
    pids+=("$!")
}

# await_subscriber: the one of payloads.txt has found the broker again.
is_heard() { # WORD
    mosquitto_pub -h 127.0.0.1 -p "$PORT" -t zz/heard -m "$1"
    sleep 0.1
    grep -q "^zz/heard $1" "$TEST_DIR/payloads.txt"
}
await_subscriber() {
    wait_for 10 "somebody listens again" is_heard "heard-$RANDOM"
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

# start_relay: what is to be carried to the broker may be sent to RELAY_PORT, for relay_do COMMAND (relay.py).
start_relay() {
    RELAY_PORT=$((PORT + 3))
    mkfifo "$TEST_DIR/relay.fifo"
    exec {RELAY_FD}<>"$TEST_DIR/relay.fifo"
    python3 -B tests/e2e/relay.py "$RELAY_PORT" "$PORT" <"$TEST_DIR/relay.fifo" >>"$TEST_DIR/relay.log" 2>&1 &
    pids+=("$!")
    wait_for 5 "the relay carries" mosquitto_pub -h 127.0.0.1 -p "$RELAY_PORT" -t carried -n
}

relay_do() { printf '%s\n' "$1" >&"$RELAY_FD"; }

# status_has TEXT: what the gateway says of itself (--json) has that in it.
status_has() { "$WARDGATE" status -c "$TEST_DIR/wardgate.yaml" --json | finds -F "$1"; }

# write_config: buses, beds and anything else come from standard input, after gateway, store and uplink.
write_config() {
    {
        echo "gateway: {id: gw-test, site: test, ward: w1}"
        echo "store: {path: $TEST_DIR/store, size: 16MiB${STORE_MORE:-}}"
        echo "uplink: {brokers: [${BROKERS:-\"mqtt://127.0.0.1:$PORT\"}]${UPLINK_MORE:-}}"
        cat
    } >"$TEST_DIR/wardgate.yaml"
    mkdir -p "$TEST_DIR/rules" "$TEST_DIR/profiles" "$TEST_DIR/models"
    cp config/profiles/*.yaml "$TEST_DIR/profiles/"
    cp config/rules/*.yaml "$TEST_DIR/rules/"
    cp config/models/*.yaml "$TEST_DIR/models/"
}

# watch_beds COUNT [RULES]: monitors b01, b02 ... on one link, and a configuration for them with these files of rules; keys
# of its own come from standard input.
watch_beds() {
    local keys monitor monitors
    keys=$(cat)
    mapfile -t monitors < <(seq "$1")
    start_ward < <(
        printf 'control %s/ward.sock\ntcp gw-a 127.0.0.1:%s turnaround=1ms\n' "$TEST_DIR" "$WARD_PORT"
        for monitor in "${monitors[@]}"; do
            printf 'monitor b%02d gw-a %d generated seed=%d\n' "$monitor" "$monitor" "$monitor"
        done
    )
    write_config < <(
        printf 'buses:\n  gw-a: {kind: modbus-tcp, host: 127.0.0.1, port: %s}\nbeds:\n' "$WARD_PORT"
        for monitor in "${monitors[@]}"; do
            printf '  b%02d: {bus: gw-a, address: %d, profile: generic-vitals, class: adult}\n' "$monitor" "$monitor"
        done
        printf 'rules: [%s]\n%s\n' "${2:-rules/standard.yaml}" "$keys"
    )
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

# return_broker FILE TOPIC...: the broker is back, and whoever listens is there before the gateway finds it, within a second.
return_broker() {
    kill -STOP "$GATEWAY_PID"
    start_broker
    subscribe "$@"
    sleep 0.5
    kill -CONT "$GATEWAY_PID"
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
