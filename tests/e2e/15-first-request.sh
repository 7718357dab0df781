#!/usr/bin/env bash
# From the start of the process to the first request on the wire: within 20 ms (the median of seven starts; a sanitizer
# may take longer). The first start makes the store, the others find it.
. tests/e2e/lib.sh
needs_no_emulator "it is about 20 ms of a real processor"

write_config <<END
buses:
  line-a: {kind: modbus-rtu, device: $TEST_DIR/line-a, baud: 19200, parity: even}
beds:
$(for n in 1 2 3 4 5 6 7 8; do echo "  b0$n: {bus: line-a, address: $n, profile: generic-vitals, class: adult}"; done)
rules: [rules/standard.yaml]
END
for _ in 1 2 3 4 5 6 7; do
    "$BUILD/tests/first_request" "$TEST_DIR/line-a" "$WARDGATE" run -c "$TEST_DIR/wardgate.yaml" \
        2>>"$TEST_DIR/gateway.log" >>"$TEST_DIR/took.txt" || fail "no request came"
done
median=$(sort -n "$TEST_DIR/took.txt" | sed -n 4p)
echo "first request after $median ms ($(tr '\n' ' ' <"$TEST_DIR/took.txt"))"
awk -v ms="$median" -v most="$((20 * PATIENCE * PATIENCE))" 'BEGIN { exit !(ms <= most) }' || fail "the first request came after $median ms"
