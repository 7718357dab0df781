#!/usr/bin/env bash
# A store that this gateway cannot use: of a newer version, of another kind of machine, of random bytes, of zeros. Each is told with what to do, none is
# overwritten, and alerts go on.
. tests/e2e/lib.sh

start_broker
watch_beds 1 <<<"stay_after: 2s"
DATA=$TEST_DIR/store/alerts/data.mdb
subscribe seen.txt "$BASE/#"
start_gateway
wait_for 15 "an alert is stored" grep -q "^$BASE/b01/alert " "$TEST_DIR/seen.txt"
stop_gateway
cp "$DATA" "$TEST_DIR/good.mdb"

# make WHAT: the store's file out of the good one.
make_store() {
    python3 - "$1" "$TEST_DIR/good.mdb" "$DATA" <<'END'
import random, re, sys
what, source, out = sys.argv[1:]
good = open(source, "rb").read()
bad = {
    "newer": re.sub(rb"schema[\x01-\x40]\0\0\0", b"schema\x41\0\0\0", good),
    "narrow": bytes([0] * 6 + [8, 0, 0, 0, 0, 0, 0xDE, 0xC0, 0xEF, 0xBE, 1, 0, 0, 0]) + bytes(8172),
    "wide": bytes([0] * 10 + [8, 0, 0, 0, 0, 0, 0xDE, 0xC0, 0xEF, 0xBE, 1, 0, 0, 0]) + bytes(8168),
    "random": random.Random(1).randbytes(65536),
    "zeros": bytes(len(good)),
}[what]
open(out, "wb").write(bad)
END
}

# starts WORDS: it says so, and watches the ward all the same.
starts() {
    : >"$TEST_DIR/gateway.log"
    start_gateway
    subscribe "seen-$what.txt" "$BASE/#"
    wait_for 5 "it says: $1" grep -q "$1" "$TEST_DIR/gateway.log"
    wait_for 15 "vitals flow" grep -q "^$BASE/b01/vitals .*\"hr\":" "$TEST_DIR/seen-$what.txt"
}

other=narrow # the other width of a number, seen from this gateway's own
[ "${FLAVOUR:-}" != armhf ] || other=wide
for what in newer $other; do
    make_store "$what"
    cksum <"$DATA" >"$TEST_DIR/before.txt"
    if [ "$what" = newer ]; then
        starts "cannot be opened ($TEST_DIR/store: of another version).*start the wardgate that wrote it"
    else
        starts "cannot be opened ($TEST_DIR/store: of another kind of machine).*move it away"
    fi
    wait_for 20 "an alert goes out, not durable" grep -q '/alert .*"durable":false' "$TEST_DIR/seen-$what.txt"
    "$WARDGATE" history -c "$TEST_DIR/wardgate.yaml" >"$TEST_DIR/told.txt" 2>&1 && fail "$what: history is read"
    grep -q "the store cannot be read ($TEST_DIR/store: of another" "$TEST_DIR/told.txt" || fail "$(cat "$TEST_DIR/told.txt")"
    stop_gateway
    cksum <"$DATA" | cmp - "$TEST_DIR/before.txt" || fail "$what: the store was changed"
done

count=0
for what in random zeros; do
    count=$((count + 1))
    make_store "$what"
    cksum <"$DATA" >"$TEST_DIR/before.txt"
    starts "was damaged and is set aside ($TEST_DIR/store/alerts.damaged-$count), a new one begins"
    wait_for 20 "an alarm says so" grep -q "^$BASE/gateway/gw-test/alert .*store_replaced.*\"durable\":true" "$TEST_DIR/seen-$what.txt"
    stop_gateway
    cksum <"$TEST_DIR/store/alerts.damaged-$count/data.mdb" | cmp - "$TEST_DIR/before.txt" || fail "$what: what was set aside was changed"
done
