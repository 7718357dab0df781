#!/usr/bin/env bash
# A bed whose only alert stands behind the long backlog of another one, which goes slowly, has it told at once, and so what it says next; at each bed in order.
. tests/e2e/lib.sh

UPLINK_MORE=", backlog_rate: 2"
BACKLOG=40

heard() { # BED: alerts of its rule
    grep "^$BASE/$1/alert " "$TEST_DIR/after.txt" | grep -c '"rule":"rate"'
}

set_rate() { # BED VALUE
    ward_do "$1" value hr "$2"
    sleep 0.2
}

expect_order() { # BED
    grep "^$BASE/$1/alert " "$TEST_DIR/after.txt" | member bed_seq | sort -c -n -u 2>/dev/null ||
        fail "alerts of $1 are not in order: $(grep "^$BASE/$1/alert " "$TEST_DIR/after.txt" | member bed_seq | tr '\n' ' ')"
}

start_broker
watch_beds 2 rules/rate.yaml <<<"stay_after: 1s"
printf 'profile: quick\npoll_interval: 100ms\nchannels:\n  hr: {register: 0, type: u16, unit: "/min"}\n' >"$TEST_DIR/profiles/quick.yaml"
printf 'rules:\n  rate: {when: "hr > limit", limit: 120, priority: high, text: "Rate above {limit}"}\n' >"$TEST_DIR/rules/rate.yaml"
sed -i 's/generic-vitals/quick/' "$TEST_DIR/wardgate.yaml"
set_rate b01 70
set_rate b02 70
subscribe before.txt "$BASE/+/alert"
start_gateway
for bed in b01 b02; do
    wait_for 10 "the stay begins at $bed" grep -q "^$BASE/$bed/alert .*admission_not_entered" "$TEST_DIR/before.txt"
done
kill "$SUBSCRIBER_PID"
stop_broker

for _ in $(seq $((BACKLOG / 2))); do
    set_rate b01 140
    set_rate b01 70
done
set_rate b02 140
wait_for 10 "all of them wait" bash -c "[ \$('$WARDGATE' status -c '$TEST_DIR/wardgate.yaml' --json | grep -o '\"waiting\":[0-9]*' | head -n 1 | cut -d: -f2) -gt $BACKLOG ]"
return_broker after.txt "$BASE/+/alert"
wait_for 5 "the other bed's alert arrives" grep -q "^$BASE/b02/alert .*\"rule\":\"rate\"" "$TEST_DIR/after.txt"
[ "$(heard b01)" -lt $((BACKLOG / 2)) ] || fail "it waited for $(heard b01) alerts of the first bed"
set_rate b02 70
wait_for 3 "its end arrives, too" bash -c "[ \$(grep '^$BASE/b02/alert ' '$TEST_DIR/after.txt' | grep -c '\"rule\":\"rate\"') -eq 2 ]"
[ "$(heard b01)" -lt $((BACKLOG * 2 / 3)) ] || fail "its end waited for $(heard b01) alerts of the first bed"
wait_for 60 "the backlog arrives" bash -c "[ \$(grep '^$BASE/b01/alert ' '$TEST_DIR/after.txt' | grep -c '\"rule\":\"rate\"') -ge $BACKLOG ]"
expect_order b01
expect_order b02
stop_gateway
