#!/usr/bin/env bash
# Every alert is in the store, as seen from another process, at the moment a subscriber gets it; in the demo's ward.
. tests/e2e/lib.sh

start_broker
start_ward <tests/ward/demo-ward.conf
write_config <<END
stay_after: 3s
buses:
  line-a: {kind: modbus-rtu, device: $TEST_DIR/line-a, baud: 19200, parity: even}
  gw-a: {kind: modbus-tcp, host: 127.0.0.1, port: $WARD_PORT}
  gw-b: {kind: modbus-tcp, host: 127.0.0.1, port: $((WARD_PORT + 1))}
beds:
$(for n in 1 2 3 4 5 6 7 8; do echo "  b0$n: {bus: line-a, address: $n, profile: generic-vitals, class: adult}"; done)
  b09: {bus: gw-a, address: 1, profile: generic-vitals, class: adult}
  b10: {bus: gw-a, address: 2, profile: generic-vitals, class: adult}
  b11: {bus: gw-b, address: 1, profile: generic-vitals, class: adult}
  b12: {bus: gw-b, address: 2, profile: generic-vitals, class: adult}
rules: [rules/standard.yaml]
END
start_gateway
wait_for 5 "the store is there" test -e "$TEST_DIR/store/alerts/data.mdb"
# What opens a store has as many bits as what writes it, so the witness runs as the gateway does.
witness=("$BUILD/tests/witness")
[ -z "${EMULATOR:-}" ] || read -ra witness <<<"$EMULATOR $BUILD/$FLAVOUR/tests/witness"
"${witness[@]}" "tcp://127.0.0.1:$PORT" "$BASE" "$TEST_DIR/store" 25 30 || fail "an alert came before it was durable"
stop_gateway
