#!/usr/bin/env bash
# Boards say that they are there (mosquitto_pub and mosquitto_sub in their place): health counts those that somebody can see, too few of them for a minute
# are a technical alarm that ends when they are back, a reload changes how many are expected, and what is none is counted.
. tests/e2e/lib.sh

UPLINK_MORE=", boards: 1"

presence() { # NAME VISIBLE EXPIRES_IN_S
    printf '{"schema":"1","board":"%s","at":"%s","expires_at":"%s","visible":%s,"sound":"on"}' "$1" \
        "$(date -u +%Y-%m-%dT%H:%M:%S.000Z)" "$(date -u -d "$3 seconds" +%Y-%m-%dT%H:%M:%S.000Z)" "$2"
}

say() { # NAME VISIBLE [EXPIRES_IN_S]
    mosquitto_pub -h 127.0.0.1 -p "$PORT" -q 1 -r -t "$BASE/board/$1" -m "$(presence "$1" "$2" "${3:-60}")"
}

keep_saying() { # NAME: as a board does
    while say "$1" true; do sleep 10; done
}

shows() { # TEXT: the screen does
    "$WARDGATE" status -c "$TEST_DIR/wardgate.yaml" | finds -F "$1"
}

expect_boards() { # NUMBER
    sed -i "s/boards: [0-9]*/boards: $1/" "$TEST_DIR/wardgate.yaml"
    "$WARDGATE" reload -c "$TEST_DIR/wardgate.yaml" >>"$TEST_DIR/reload.txt" 2>&1 ||
        fail "a reload to $1 boards: $(cat "$TEST_DIR/reload.txt")"
}

start_broker
watch_beds 1 <<<"stay_after: 2s"
"$WARDGATE" check -c "$TEST_DIR/wardgate.yaml" >"$TEST_DIR/check.txt"
grep -q '1 board is expected to be on' "$TEST_DIR/check.txt" || fail "check says nothing of boards"

# ---- one stands there before the gateway comes; another connects, with its will

say wall true 30
start_gateway
wait_for 10 "health knows one" status_has '"boards":{"expected":1,"looking":1,"there":1,'
shows "boards   1 on of 1 expected" || fail "the screen does not show it"
mosquitto_sub -h 127.0.0.1 -p "$PORT" -i phone --will-topic "$BASE/board/phone" --will-retain --will-qos 1 -t zz/none &
PHONE=$!
keep_saying phone &
SAYING=$!
pids+=("$SAYING")
wait_for 10 "health knows two" status_has '"looking":2,"there":2,'
status_has '{"board":"phone","visible":true,"sound":"on"}' || fail "health does not name it"
say wall false
wait_for 5 "one that nobody sees does not count" status_has '"looking":1,"there":2,'

# ---- what is none

for payload in '{"schema":"1"}' 'x' "$(presence wall true 60)" '[1,2]'; do
    mosquitto_pub -h 127.0.0.1 -p "$PORT" -q 1 -t "$BASE/board/bad" -m "$payload"
done
head -c 200000 /dev/zero | tr '\0' x | mosquitto_pub -h 127.0.0.1 -p "$PORT" -q 1 -t "$BASE/board/bad" -s
wait_for 5 "five are counted" status_has '"bad":5,'
[ "$(grep -c "a board's presence is not understood (bad: it" "$TEST_DIR/gateway.log")" -eq 1 ] || fail "told more than once, or never"

# ---- the last one that was looked at dies: its will, and a minute later an alarm, that ends as soon as one is back

kill "$SAYING"
kill -KILL "$PHONE"
GONE=$(date +%s)
wait_for 5 "its will" status_has '"looking":0,'
sleep 50
is_raised gateway/gw-test nobody_listening && fail "the alarm is there after $(($(date +%s) - GONE)) s already"
wait_for 25 "the alarm" is_raised gateway/gw-test nobody_listening
TOOK=$(($(date +%s) - GONE))
[ "$TOOK" -ge 55 ] || fail "the alarm is there after $TOOK s already"
echo "the alarm came after $TOOK s"
grep "^$BASE/gateway/gw-test/alert .*\"rule\":\"nobody_listening\"" "$TEST_DIR/payloads.txt" | finds 'no board' ||
    fail "its text does not say why"
say wall true
wait_for 5 "the alarm ends" is_over gateway/gw-test nobody_listening

# ---- a reload changes how many there should be

expect_boards 2
wait_for 5 "one of two" is_raised gateway/gw-test board_missing
grep "^$BASE/gateway/gw-test/alert .*\"rule\":\"board_missing\"" "$TEST_DIR/payloads.txt" | finds '1 of 2' ||
    fail "its text does not say how many"
say hall true
wait_for 25 "both are there" is_over gateway/gw-test board_missing
expect_boards 3
wait_for 5 "two of three" is_raised gateway/gw-test board_missing
expect_boards 0
wait_for 25 "none is expected" is_over gateway/gw-test board_missing

# ---- the broker is gone and back: they say so again, and nothing rings meanwhile

expect_boards 1
stop_broker
sleep 1
start_broker
await_subscriber
wait_for 10 "connected again" status_has '"connected":true'
wait_for 5 "nothing is known of them" status_has '"looking":0,'
say wall true
wait_for 5 "it is known again" status_has '"looking":1,'
is_over gateway/gw-test nobody_listening || fail "an alarm for a broker that was away"
stop_gateway
