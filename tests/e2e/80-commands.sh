#!/usr/bin/env bash
# Commands from the broker and from the gateway's own box: done, refused with a reason, answered only when they are stored.
. tests/e2e/lib.sh

start_broker
start_ward <<END
control \${WARD_DIR}/ward.sock
tcp gw-a 127.0.0.1:\${WARD_PORT} turnaround=1ms
monitor b01 gw-a 1 generated seed=1
monitor b02 gw-a 2 generated seed=2
END
write_config <<END
stay_after: 2s
commands: {enabled: true, roles: [nurse, charge]}
buses:
  gw-a: {kind: modbus-tcp, host: 127.0.0.1, port: $WARD_PORT}
beds:
  b01: {bus: gw-a, address: 1, profile: generic-vitals, class: adult}
  b02: {bus: gw-a, address: 2, profile: generic-vitals, class: adult}
rules: [rules/standard.yaml, rules/latch.yaml]
END
cat >"$TEST_DIR/rules/latch.yaml" <<END
rules:
  spo2_latch:
    when: spo2 < limit
    limit: {adult: 75}
    priority: high
    latching: true
    text: "SpO2 was below {limit} %"
    advice: "Check the patient"
END

# stamp SECONDS: the time so many seconds from now, as commands have it.
stamp() { date -u -d "$1 seconds" +%Y-%m-%dT%H:%M:%S.%3NZ; }

# body ID COMMAND [MORE]: a command's payload for the stay in $stay, given AT seconds from now (0), good for VALID (10).
body() {
    local said=null at=${AT:-0}
    [ -z "$stay" ] || said="\"$stay\""
    printf '{"schema":"1","id":"%s","stay":%s,"at":"%s","expires_at":"%s","by":"n-17","command":"%s"%s}' \
        "$1" "$said" "$(stamp "$at")" "$(stamp $((at + ${VALID:-10})))" "$2" "${3:+,$3}"
}

# send BED ROLE PAYLOAD [OPTION...]
send() {
    local topic="$BASE/$1/command/$2" payload=$3
    shift 3
    mosquitto_pub -h 127.0.0.1 -p "$PORT" -q 1 -t "$topic" -m "$payload" "$@"
}

# expect BED ID REASON: the reply to this command; REASON null: it was accepted.
expect() {
    local reason=null
    [ "$3" = null ] || reason="\"$3\""
    wait_for 5 "the reply to $2" grep -q "^$BASE/$1/reply .*\"id\":\"$2\"" "$TEST_DIR/seen.txt"
    grep "^$BASE/$1/reply .*\"id\":\"$2\"" "$TEST_DIR/seen.txt" | grep -q "\"reason\":$reason," ||
        fail "$2: $(grep "\"id\":\"$2\"" "$TEST_DIR/seen.txt")"
}

# settings BED KEY: the newest.
settings() { grep "^$BASE/$1/settings " "$TEST_DIR/seen.txt" | tail -n 1 | member "$2"; }

# A command that somebody left on the broker is none, whatever it says.
stay=
send b02 nurse "$(body left-behind admit)" -r
subscribe seen.txt "$BASE/#"
start_gateway
expect b02 left-behind retained
send b02 nurse '' -r

# Whom the bed belongs to, and who may not say so.
wait_for 10 "a stay begins by itself" grep -q "^$BASE/b01/alert .*admission_not_entered" "$TEST_DIR/seen.txt"
stay=$(grep "^$BASE/b01/alert .*admission_not_entered" "$TEST_DIR/seen.txt" | tail -n 1 | member stay)
send b01 nurse "$(body admit-1 admit)"
expect b01 admit-1 null
wait_for 5 "the advisory ends" grep -q "^$BASE/b01/alert .*\"phase\":\"end\".*admission_not_entered" "$TEST_DIR/seen.txt"
end_line=$(grep -n "\"phase\":\"end\".*admission_not_entered" "$TEST_DIR/seen.txt" | head -n 1 | cut -d: -f1)
reply_line=$(grep -n "/reply .*admit-1" "$TEST_DIR/seen.txt" | cut -d: -f1)
[ "$end_line" -lt "$reply_line" ] || fail "the reply came before the alert that it caused"
send b01 nurse "$(body admit-1 discharge)"
wait_for 5 "an id is used once" grep -q '/reply .*"id":"admit-1".*"reason":"repeated"' "$TEST_DIR/seen.txt"
send b01 biomed "$(body bio-1 assign)"
expect b01 bio-1 role
send b01 nurse "$(body limit-1 set_limit '"rule":"spo2_low","value":88')"
expect b01 limit-1 role
send b01 surgeon "$(body who-1 admit)"
expect b01 who-1 role

# Who is on duty is for the charge nurse to tell, by any bed of the ward, whoever is in it; and why.
send b02 nurse "$(body staff-1 set_staff '"nurses":3,"reason":"one ill"')"
expect b02 staff-1 role
send b02 charge "$(body staff-2 set_staff '"nurses":3')"
expect b02 staff-2 malformed
send b02 charge "$(body staff-3 set_staff '"nurses":3,"reason":"one ill"')"
expect b02 staff-3 null
wait_for 5 "the ward has them, without shifts" grep -q "^$BASE/gateway/gw-test/ward .*\"staff\":{\"shift\":null,\"on_duty\":3,\"source\":\"command\"" "$TEST_DIR/seen.txt"

# Limits within what the rules file allows, and shown.
send b01 charge "$(body limit-2 set_limit '"rule":"spo2_low","value":20')"
expect b01 limit-2 bounds
send b01 charge "$(body limit-3 set_limit '"rule":"spo2_low","value":88')"
expect b01 limit-3 null
wait_for 5 "the settings show it" bash -c \
    "grep '^$BASE/b01/settings ' '$TEST_DIR/seen.txt' | tail -n 1 | grep -q '\"value\":88,.*\"source\":\"set\"'"
send b01 charge "$(body limit-4 set_limit '"rule":"no_such","value":88')"
expect b01 limit-4 unknown_rule

# Alerts once more, for whoever was away: marked, on a topic of their own, with an end; by any bed, whoever is in it.
wait_for 5 "an alert was delivered" grep -q "^$BASE/[^ ]*/alert .*\"seq\":1," "$TEST_DIR/seen.txt"
send b02 nurse "$(body again-1 resend '"from_seq":1,"through_seq":1')"
expect b02 again-1 null
wait_for 5 "it comes again" grep -q "^$BASE/gateway/gw-test/resend .*\"seq\":1,.*\"resend\":true" "$TEST_DIR/seen.txt"
wait_for 5 "the end is told" grep -q "^$BASE/gateway/gw-test/resend .*\"id\":\"again-1\".*\"sent\":1,\"missing\":0,\"complete\":true" "$TEST_DIR/seen.txt"
send b02 nurse "$(body again-2 resend '"from_seq":1,"through_seq":1001')"
expect b02 again-2 bounds
send b02 nurse "$(body again-3 resend '"from_seq":100000')"
expect b02 again-3 nothing_to_do
"$WARDGATE" command -c "$TEST_DIR/wardgate.yaml" b01 resend from_seq=1 >"$TEST_DIR/told.txt" || fail "resend from the box: $(cat "$TEST_DIR/told.txt")"
grep -q '"text":"alerts 1 to [0-9]* follow on resend"' "$TEST_DIR/told.txt" || fail "$(cat "$TEST_DIR/told.txt")"
wait_for 5 "the audit log has it" bash -c "'$WARDGATE' audit -c '$TEST_DIR/wardgate.yaml' --json show | grep -q '\"command\":\"resend\".*\"result\":\"accepted\",\"from_seq\":1,\"through_seq\":1}'"

# Age, form, stay.
send b01 nurse "$(AT=-60 body late-1 back)"
wait_for 5 "the reply to late-1" grep -qE "/reply .*\"id\":\"late-1\".*\"reason\":\"(expired|clock)\"" "$TEST_DIR/seen.txt"
send b01 nurse "$(AT=60 body early-1 back)"
wait_for 5 "the reply to early-1" grep -qE "/reply .*\"id\":\"early-1\".*\"reason\":\"(expiry|clock)\"" "$TEST_DIR/seen.txt"
send b01 nurse "$(VALID=40 body far-1 back)"
expect b01 far-1 expiry
send b01 nurse "$(body form-1 away '"duration":"soon"')"
expect b01 form-1 malformed
grep -q '"id":"form-1".*"text":"duration: .*such as 30min' "$TEST_DIR/seen.txt" || fail "the reply does not say which key, and what to write"
send b01 nurse 'not JSON at all'
wait_for 5 "no JSON" grep -q "^$BASE/b01/reply .*\"id\":null.*\"reason\":\"malformed\"" "$TEST_DIR/seen.txt"
mine=$stay
stay=00000000deadbeef
send b01 nurse "$(body other-1 discharge)"
expect b01 other-1 stay
stay=$mine
send b77 nurse "$(body where-1 admit)"
wait_for 5 "the reply to where-1" grep -q "^$BASE/gateway/gw-test/reply .*\"id\":\"where-1\".*\"reason\":\"unknown_bed\"" "$TEST_DIR/seen.txt"

# An alarm that is acknowledged as it was seen.
ward_do b01 value spo2 70
wait_for 20 "b01 is desaturated" grep -q "^$BASE/b01/alert .*\"phase\":\"start\".*\"rule\":\"spo2_desat\"" "$TEST_DIR/seen.txt"
alarm=$(grep "^$BASE/b01/alert .*\"phase\":\"start\".*\"rule\":\"spo2_desat\"" "$TEST_DIR/seen.txt" | tail -n 1 | member id)
send b01 nurse "$(body ack-1 acknowledge "\"alarm_id\":\"$alarm\",\"rev\":7")"
expect b01 ack-1 rev
send b01 nurse "$(body ack-2 acknowledge "\"alarm_id\":\"$alarm\",\"rev\":1")"
expect b01 ack-2 null
wait_for 5 "the alarm says so" grep -q "\"phase\":\"acknowledge\".*\"inactivation\":\"acknowledged\".*spo2_desat" "$TEST_DIR/seen.txt"
ward_do b01 value spo2 auto

# One that latches stays until somebody has seen it as it is now.
wait_for 20 "it is latched" grep -q "^$BASE/b01/alert .*\"state\":\"latched\".*\"rule\":\"spo2_latch\"" "$TEST_DIR/seen.txt"
latched=$(grep "^$BASE/b01/alert .*\"state\":\"latched\".*\"rule\":\"spo2_latch\"" "$TEST_DIR/seen.txt" | tail -n 1)
alarm=$(member id <<<"$latched")
send b01 nurse "$(body latch-1 acknowledge "\"alarm_id\":\"$alarm\",\"rev\":$(($(member rev <<<"$latched") - 1))")"
expect b01 latch-1 rev
send b01 nurse "$(body latch-2 acknowledge "\"alarm_id\":\"$alarm\",\"rev\":$(member rev <<<"$latched")")"
expect b01 latch-2 null
end_line=$(grep -n "\"phase\":\"end\".*\"rule\":\"spo2_latch\"" "$TEST_DIR/seen.txt" | head -n 1 | cut -d: -f1)
[ "${end_line:-999999}" -lt "$(grep -n '/reply .*latch-2' "$TEST_DIR/seen.txt" | cut -d: -f1)" ] || fail "the reply came before the end"
wait_for 5 "its topic is emptied" grep -qE "^$BASE/b01/alarm/spo2_latch *\$" "$TEST_DIR/seen.txt"
send b01 nurse "$(body latch-3 acknowledge "\"alarm_id\":\"$alarm\",\"rev\":3")"
expect b01 latch-3 unknown_alarm

# From the box itself.
"$WARDGATE" command -c "$TEST_DIR/wardgate.yaml" b01 away duration=30min by=tester >"$TEST_DIR/local.json" || fail "away"
grep -q '"accepted":true' "$TEST_DIR/local.json" || fail "$(cat "$TEST_DIR/local.json")"
wait_for 5 "the settings show it" bash -c \
    "grep '^$BASE/b01/settings ' '$TEST_DIR/seen.txt' | tail -n 1 | grep -q '\"away\":{\"until\":\"20'"
! "$WARDGATE" command -c "$TEST_DIR/wardgate.yaml" b01 set_limit rule=spo2_low value=20 >"$TEST_DIR/local.json" || fail "bounds"
grep -q '"reason":"bounds","text":"20 is outside of 85 to 95"' "$TEST_DIR/local.json" || fail "$(cat "$TEST_DIR/local.json")"
! "$WARDGATE" command -c "$TEST_DIR/wardgate.yaml" b99 admit >"$TEST_DIR/local.json" || fail "b99"
grep -q '"reason":"unknown_bed"' "$TEST_DIR/local.json" || fail "$(cat "$TEST_DIR/local.json")"

# What was used before a power cut stays used; the limit and the patient stay, too.
replay=$(VALID=29 body replay-1 back)
send b01 nurse "$replay"
expect b01 replay-1 null
kill_gateway
start_gateway
wait_for 10 "it is back" bash -c "[ \$(grep -c '/status .*\"online\"' '$TEST_DIR/seen.txt') -ge 2 ]"
send b01 nurse "$replay"
wait_for 5 "the replay is refused" grep -q '"id":"replay-1".*"reason":"repeated"' "$TEST_DIR/seen.txt"
wait_for 5 "the limit is still set" bash -c \
    "grep '^$BASE/b01/settings ' '$TEST_DIR/seen.txt' | tail -n 1 | grep -q '\"stay\":\"$stay\".*\"value\":88,.*\"source\":\"set\"'"

# A flood is cut off, and the gateway goes on.
for n in $(seq 60); do body "flood-$n" back && echo; done |
    mosquitto_pub -h 127.0.0.1 -p "$PORT" -q 0 -t "$BASE/b01/command/nurse" -l
wait_for 5 "somebody is told" grep -q '"id":"flood-.*"reason":"busy"' "$TEST_DIR/seen.txt"
sleep 1
send b01 nurse "$(body after-1 back)"
expect b01 after-1 nothing_to_do

# Each is in the audit log once, with who and what.
"$WARDGATE" audit -c "$TEST_DIR/wardgate.yaml" --json show 1000 >"$TEST_DIR/audit.txt"
for id in left-behind admit-1 limit-2 limit-3 late-1 far-1 form-1 other-1 where-1 ack-1 ack-2 replay-1; do
    grep -q "\"id\":\"$id\"" "$TEST_DIR/audit.txt" || fail "$id is not in the audit log"
done
[ "$(grep -c '"id":"limit-3"' "$TEST_DIR/audit.txt")" -eq 1 ] || fail "limit-3 is there twice"
grep '"id":"limit-3"' "$TEST_DIR/audit.txt" | grep -q '"by":"n-17","role":"charge".*"result":"accepted","rule":"spo2_low","parameter":"limit","old":90,"new":88' ||
    fail "$(grep limit-3 "$TEST_DIR/audit.txt")"
grep -q '"kind":"command","command":"away".*"by":"tester","role":"local"' "$TEST_DIR/audit.txt" || fail "the local command is not there"
grep -q '"kind":"start","version":".*"configuration":"[0-9a-f]\{16\}","files":"[0-9a-f]\{16\}"' "$TEST_DIR/audit.txt" || fail "the start is not there"
"$WARDGATE" audit -c "$TEST_DIR/wardgate.yaml" show 1000 >"$TEST_DIR/audit.txt"
grep -q '^at  *what  *bed  *by  *result  *detail$' "$TEST_DIR/audit.txt" || fail "$(head -3 "$TEST_DIR/audit.txt")"
grep -q ' set_limit  *b01  *n-17 (charge)  *accepted  .*rule=spo2_low parameter=limit old=90 new=88' "$TEST_DIR/audit.txt" ||
    fail "$(grep set_limit "$TEST_DIR/audit.txt")"
"$WARDGATE" audit -c "$TEST_DIR/wardgate.yaml" --csv show 1000 | finds '^[^,]*,set_limit,b01,n-17 (charge),accepted,' || fail "no CSV"

# Nobody changed it; the newest row, noted now, is the same later; one byte of a row that is another is found and said where.
audit() { "$WARDGATE" audit -c "$TEST_DIR/wardgate.yaml" "$@"; }
audit verify >"$TEST_DIR/verify.txt" || fail "$(cat "$TEST_DIR/verify.txt")"
grep -q '^the audit log is whole: ' "$TEST_DIR/verify.txt" || fail "$(cat "$TEST_DIR/verify.txt")"
noted=$(sed -n 's/^newest row: //p' "$TEST_DIR/verify.txt")
wait_for 15 "health has it, too" grep -q "^$BASE/gateway/gw-test/health .*\"audit_newest\":\"$noted\"" "$TEST_DIR/seen.txt"
grep -q "^$BASE/gateway/gw-test/health .*\"trends\":\"ok\"" "$TEST_DIR/seen.txt" || fail "health does not say how the trends are"
stop_gateway
# The minute under way is written at the end.
"$WARDGATE" history -c "$TEST_DIR/wardgate.yaml" --trends b01 hr --json >"$TEST_DIR/trends.txt" || fail "no trends: $(cat "$TEST_DIR/trends.txt")"
grep -q '^{"at":".*:00.000Z","bed":"b01","stay":"[0-9a-f]\{16\}","vital":"hr","count":[0-9]*,"min":.*,"mean":.*,"max":.*,"unit":"/min"}$' "$TEST_DIR/trends.txt" ||
    fail "trends: $(cat "$TEST_DIR/trends.txt")"
"$WARDGATE" history -c "$TEST_DIR/wardgate.yaml" --trends b01 hr | finds '^at  *stay  *count  *min ' || fail "no columns"
status=0
"$WARDGATE" history -c "$TEST_DIR/wardgate.yaml" --trends b01 heart >"$TEST_DIR/trends.txt" 2>&1 || status=$?
[ "$status" -eq 2 ] || fail "heart: status $status"
audit verify --from "$noted" >"$TEST_DIR/verify.txt" || fail "without a gateway: $(cat "$TEST_DIR/verify.txt")"
audit verify --from "${noted%????}beef" >"$TEST_DIR/verify.txt" && fail "another newest row: $(cat "$TEST_DIR/verify.txt")"
sed -i 's/"by":"n-17","role":"charge"/"by":"n-71","role":"charge"/' "$TEST_DIR/store/alerts/data.mdb"
audit verify >"$TEST_DIR/verify.txt" && fail "a changed row: $(cat "$TEST_DIR/verify.txt")"
grep -q '^row [0-9]* is not what it was written as' "$TEST_DIR/verify.txt" || fail "$(cat "$TEST_DIR/verify.txt")"
{ audit verify --json || true; } | finds '^{"whole":false,.*"fault":"changed"}' || fail "no JSON"
