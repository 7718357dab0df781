#!/usr/bin/env bash
# The whole thing at work: a broker, a simulated ward of fourteen beds, the gateway, and a subscriber on this terminal.
# DEMO_SECONDS ends it by itself (0, the default: when interrupted); exit status 0 only if alerts came. Everything lives
# in a temporary folder and is gone afterwards. Run by `make demo`.
set -euo pipefail
PATH=$PATH:/usr/sbin # where Debian has mosquitto

: "${BUILD:?run this through make demo}" "${WARDGATE:?}" "${WARD:?}" "${BOARD:?}"
seconds=${DEMO_SECONDS:-0}
case $seconds in
'' | *[!0-9]*)
    echo "demo: DEMO_SECONDS must be a whole number of seconds, not '$seconds'" >&2
    exit 2
    ;;
esac

WARD_DIR=$(mktemp -d "${TMPDIR:-/tmp}/wardgate-demo.XXXXXX")
port=$((20000 + RANDOM % 10000))
web_port=${DEMO_WEB_PORT:-$((port + 10000))}
WARD_PORT=$((port + 1))
export WARD_DIR WARD_PORT
pids=()

# shellcheck disable=SC2317 # called by the trap
clean_up() {
    local pid
    for pid in "${pids[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
    for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
    rm -rf "$WARD_DIR"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

start() { # NAME COMMAND...
    local name=$1
    shift
    "$@" >"$WARD_DIR/$name.log" 2>&1 </dev/null &
    pids+=("$!")
}

wait_until() { # WHAT COMMAND...
    local what=$1 i
    shift
    for ((i = 0; i < 100; i++)); do
        "$@" >/dev/null 2>&1 && return 0
        sleep 0.1
    done
    echo "demo: $what did not come up within 10 s" >&2
    tail -n 20 "$WARD_DIR"/*.log >&2
    exit 1
}

# The board, as a hospital would have it: the page, and beside it what this ward is. There is none where it could not be built.
has_board=false
if [ -e "$BOARD/board.js" ]; then
    has_board=true
    cp -r "$BOARD" "$WARD_DIR/board"
    cat >"$WARD_DIR/board/board.json" <<END
{"base": "wardgate/demo/ward", "board": "demo", "title": "Demonstration ward", "role": "charge"}
END
fi
{
    printf 'listener %s 127.0.0.1\n' "$port"
    # Without socket_domain mosquitto's websockets listen on every address of the machine, whatever is said here.
    ! $has_board || printf 'listener %s 127.0.0.1\nsocket_domain ipv4\nprotocol websockets\nhttp_dir %s\n' "$web_port" "$WARD_DIR/board"
    printf 'allow_anonymous true\npersistence false\nset_tcp_nodelay true\nmax_packet_size 131072\n'
    # Started by root it would become somebody who cannot read this folder.
    if [ "$(id -u)" -eq 0 ]; then echo 'user root'; fi
} >"$WARD_DIR/broker.conf"
start broker mosquitto -c "$WARD_DIR/broker.conf"
wait_until "the broker" mosquitto_pub -h 127.0.0.1 -p "$port" -t started -n
start ward "$WARD" -q tests/ward/demo-ward.conf
wait_until "the ward" grep -q 'ward: ready' "$WARD_DIR/ward.log"

mkdir "$WARD_DIR/profiles" "$WARD_DIR/rules"
cp config/profiles/*.yaml "$WARD_DIR/profiles/"
cp config/rules/*.yaml "$WARD_DIR/rules/"
cat >"$WARD_DIR/wardgate.yaml" <<END
gateway: {id: gw-demo, site: demo, ward: ward}
store: {path: $WARD_DIR/store, size: 16MiB}
uplink: {brokers: ["mqtt://127.0.0.1:$port"]}
stay_after: 5s
commands: {enabled: true, roles: [nurse, charge]}
ward:
  shifts: {day: {from: "07:00", nurses: 3}, night: {from: "19:00", nurses: 2}}
  patients_per_nurse: 6
  capacity: {arrivals_per_day: 3.1, mean_stay: 3d}
buses:
  line-a: {kind: modbus-rtu, device: $WARD_DIR/line-a, baud: 19200, parity: even}
  gw-a: {kind: modbus-tcp, host: 127.0.0.1, port: $WARD_PORT}
  gw-b: {kind: modbus-tcp, host: 127.0.0.1, port: $((WARD_PORT + 1))}
  oximeter-a: {kind: serial, device: $WARD_DIR/oximeter-a}
  central: {kind: hl7, listen: "127.0.0.1:$((WARD_PORT + 2))"}
beds:
$(for n in 1 2 3 4 5 6 7 8; do echo "  b0$n: {bus: line-a, address: $n, profile: generic-vitals, class: adult}"; done)
  b09: {bus: gw-a, address: 1, profile: generic-vitals, class: adult}
  b10: {bus: gw-a, address: 2, profile: generic-vitals, class: adult}
  b11: {bus: gw-b, address: 1, profile: generic-vitals, class: adult}
  b12: {bus: gw-b, address: 2, profile: generic-vitals, class: adult}
  b13: {bus: oximeter-a, profile: nonin-df2, class: adult}
  b14: {bus: central, address: WARD^7^A, profile: hl7-pcd-fast, class: adult}
rules: [rules/standard.yaml]
END
start gateway "$WARDGATE" run -c "$WARD_DIR/wardgate.yaml"

echo "A ward of fourteen beds: eight on a 19200 line, four over TCP, an oximeter (b13) and HL7 (b14)."
echo "b04 is a recorded deterioration, played 20 times faster."
! $has_board || echo "The board, in a browser of this machine:  http://127.0.0.1:$web_port/"
echo "The broker listens on 127.0.0.1:$port:  mosquitto_sub -h 127.0.0.1 -p $port -v -t 'wardgate/#'"
echo "The gateway itself:  $WARDGATE status -c $WARD_DIR/wardgate.yaml"
echo
status=0
"$BUILD/tests/watch" "tcp://127.0.0.1:$port" wardgate/demo/ward "$seconds" || status=$?
if [ "$status" -ne 0 ]; then
    tail -n 20 "$WARD_DIR/gateway.log" >&2
fi
exit "$status"
