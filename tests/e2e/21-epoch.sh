#!/usr/bin/env bash
# An epoch ends when nobody knows which of its names were given: killed while alerts went around a disk that hangs, started on a box that was off, or with a store that was put back. The next
# one goes on with everything else, and no name, and no number of an epoch, is ever given to two alerts.
. tests/e2e/lib.sh

needs_no_sanitizer "a sanitizer's own runtime comes before what is preloaded"

alerts() { grep "/alert " "$TEST_DIR/seen.txt" | sed 's/^[^ ]* //'; }
newest() { alerts | grep "\"rule\":\"$1\"" | tail -n 1; }
is_of_epoch() { [ "$(alerts | tail -n 1 | member epoch)" = "$1" ]; }
is_restored() { grep -q 'restored [1-9][0-9]* alarm' "$TEST_DIR/gateway.log"; }
names_twice() { # KEY: what names one alert in an epoch
    alerts | sed 's/,"delivery":.*//' | sort -u | sed -E "s/.*\"epoch\":\"([^\"]*)\",\"id\":\"([^\"]*)\",\"rev\":([0-9]*),\"seq\":([0-9]*),.*/$1/" | sort | uniq -d
}
keep_nothing_twice() {
    local twice
    twice=$(names_twice '\1 \2 \3')
    [ -z "$twice" ] || fail "one id and rev name two alerts: $twice"
    twice=$(names_twice '\1 \4')
    [ -z "$twice" ] || fail "one seq names two alerts: $twice"
}

"${CC:-cc}" -shared -fPIC -O1 -D_GNU_SOURCE tests/e2e/hang_calls.c -o "$TEST_DIR/hang.so"
start_broker
watch_beds 2 <<END
stay_after: 1s
END
subscribe seen.txt "$BASE/+/alert" "$BASE/gateway/+/alert" "$BASE/+/vitals" "$BASE/gateway/+/status"
HANG_DISK=$TEST_DIR/hang LD_PRELOAD=$TEST_DIR/hang.so start_gateway
wait_for 15 "stays begin" grep -q "^$BASE/b02/vitals .*\"stay\":\"" "$TEST_DIR/seen.txt"
ward_do b01 value spo2 70
wait_for 40 "the alarm of b01" finds '"phase":"start".*"rule":"spo2_desat"' "$TEST_DIR/seen.txt"
sleep 1
first=$(newest spo2_desat | member epoch)
id=$(newest spo2_desat | member id)

kill_gateway # with a disk that is well
HANG_DISK=$TEST_DIR/hang LD_PRELOAD=$TEST_DIR/hang.so start_gateway
wait_for 10 "alarms are restored" is_restored
ward_do b02 value spo2 70
wait_for 40 "the alarm of b02" finds "^$BASE/b02/alert .*\"phase\":\"start\".*\"rule\":\"spo2_desat\"" "$TEST_DIR/seen.txt"
is_of_epoch "$first" || fail "a kill with nothing around the store began another epoch"
sleep 1

: >"$TEST_DIR/hang"
ward_do b01 value spo2 auto
ward_do b02 value spo2 auto
wait_for 40 "the ends go around the store" finds '"phase":"end".*"rule":"spo2_desat".*"durable":false' "$TEST_DIR/seen.txt"
ends=$(alerts | grep -c '"phase":"end".*"rule":"spo2_desat"')
[ "$(newest spo2_desat | member epoch)" = "$first" ] || fail "what goes around the store has another epoch than what is in it"
kill_gateway
rm "$TEST_DIR/hang"
start_gateway
wait_for 10 "another epoch begins" grep -q "a new epoch begins" "$TEST_DIR/gateway.log"
wait_for 40 "what was not stored is told anew" bash -c "[ \$(grep -c '\"phase\":\"end\".*\"rule\":\"spo2_desat\"' '$TEST_DIR/seen.txt') -gt $ends ]"
second=$(newest spo2_desat | member epoch)
[ "$second" != "$first" ] || fail "names may have been given twice: $first goes on"
alerts | grep -q "\"epoch\":\"$second\",\"id\":\"$id\",.*\"phase\":\"end\"" || fail "the alarm of b01 did not go on under its id"
wait_for 10 "status says so" grep -q "status .*\"epoch\":\"$second\",\"epoch_before\":\"$first\"" "$TEST_DIR/seen.txt"
keep_nothing_twice

stop_gateway
rm "$(kept_in_memory)" # as on a box that was off
start_gateway
ward_do b01 value spo2 70
wait_for 40 "the alarm of b01 once more" bash -c "grep '^$BASE/b01/alert' '$TEST_DIR/seen.txt' | tail -n 1 | grep -q '\"phase\":\"start\".*\"rule\":\"spo2_desat\"'"
third=$(newest spo2_desat | member epoch)
case $third in "$first" | "$second") fail "a box that was off goes on with its epoch" ;; esac
sleep 1
stop_gateway
start_gateway # an orderly one, nothing around the store
ward_do b01 value spo2 auto
wait_for 40 "its end" bash -c "grep '^$BASE/b01/alert' '$TEST_DIR/seen.txt' | tail -n 1 | grep -q '\"phase\":\"end\".*\"rule\":\"spo2_desat\"'"
[ "$(newest spo2_desat | member epoch)" = "$third" ] || fail "an orderly stop and start began another epoch"
keep_nothing_twice
sleep 1

stop_gateway
cp -a "$TEST_DIR/store" "$TEST_DIR/kept"
start_gateway
ward_do b01 value spo2 70
wait_for 40 "an alarm that the copy has not" bash -c "grep '^$BASE/b01/alert' '$TEST_DIR/seen.txt' | tail -n 1 | grep -q '\"phase\":\"start\".*\"rule\":\"spo2_desat\"'"
is_of_epoch "$third" || fail "another epoch, and all is stored"
sleep 1
stop_gateway
rm -r "${TEST_DIR:?}/store/"*
cp -a "$TEST_DIR/kept/." "$TEST_DIR/store" # into the same folder
start_gateway
is_of_fourth() { case $(newest spo2_desat | member epoch) in "$first" | "$second" | "$third") false ;; esac }
wait_for 40 "a store that was put back goes on under another epoch" is_of_fourth
keep_nothing_twice
sleep 1
"$WARDGATE" history -c "$TEST_DIR/wardgate.yaml" --json | member seq | awk '$1 != NR { exit 1 }' || fail "seq has a gap in the store"
stop_gateway
