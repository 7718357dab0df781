#!/usr/bin/env bash
# Every way in which a command can be wrong, through a real broker: each has one answer that says why, none changes anything
# of the bed, and an alarm that comes meanwhile is delivered as ever.
. tests/e2e/lib.sh

start_broker
start_ward <<END
control \${WARD_DIR}/ward.sock
tcp gw-a 127.0.0.1:\${WARD_PORT} turnaround=1ms
monitor b01 gw-a 1 generated seed=1
monitor b02 gw-a 2 generated seed=2
monitor b03 gw-a 3 generated seed=3
monitor b04 gw-a 4 generated seed=4
END
write_config <<END
stay_after: 10min
commands: {enabled: true, roles: [nurse, charge]}
scores: [news2]
pauses: {alarm: 2min, alarm_at_most: 10min}
buses:
  gw-a: {kind: modbus-tcp, host: 127.0.0.1, port: $WARD_PORT}
beds:
  b01: {bus: gw-a, address: 1, profile: generic-vitals, class: adult}
  b02: {bus: gw-a, address: 2, profile: generic-vitals, class: adult}
  b03: {bus: gw-a, address: 3, profile: generic-vitals, class: adult}
  b04: {bus: gw-a, address: 4, profile: generic-vitals, class: child}
rules: [rules/standard.yaml, rules/fixed.yaml]
END
cat >"$TEST_DIR/rules/fixed.yaml" <<END
rules:
  spo2_fixed:
    when: spo2 < limit
    limit: {adult: 60, child: 60}
    priority: high
    text: "SpO2 below {limit} %"
END

stamp() { date -u -d "$1 seconds" +%Y-%m-%dT%H:%M:%S.%3NZ; }

# A command for the patient of b01 is a sound one ($SOUND), with what is wrong in place of the key (or after all others).
SOUND=(schema '"1"' id '' stay '' at '' expires_at '' by '"n-17"' command '"back"')

# body ID [KEY VALUE]...: VALUE `-` leaves the key out.
body() {
    local id=$1 i text='' key
    shift
    declare -A keys=()
    local order=()
    set -- "${SOUND[@]}" id "\"$id\"" stay "\"$stay\"" at "\"$(stamp 0)\"" expires_at "\"$(stamp 10)\"" "$@"
    for ((i = 1; i < $#; i += 2)); do
        key=${!i}
        [ -n "${keys[$key]+there}" ] || order+=("$key")
        local value=$((i + 1))
        keys[$key]=${!value}
    done
    for key in "${order[@]}"; do
        [ "${keys[$key]}" = - ] || text+="${text:+,}\"$key\":${keys[$key]}"
    done
    printf '{%s}' "$text"
}

# Ten commands a second are taken; one that is given sooner would be told of that alone.
given_us=0
pace() {
    local left_us=$((given_us + 100000 - ${EPOCHREALTIME//[.,]/}))
    [ "$left_us" -le 0 ] || sleep "$(printf '0.%06d' "$left_us")"
    given_us=${EPOCHREALTIME//[.,]/}
}

replies() { grep -c '/reply {' "$TEST_DIR/seen.txt" || true; }
is_answered() { [ "$(replies)" -gt "$1" ]; }

# give BED ROLE OPTION... <PAYLOAD: publishes it, byte for byte.
give() {
    local topic="$BASE/$1/command/$2"
    shift 2
    mosquitto_pub -h 127.0.0.1 -p "$PORT" -q 1 -t "$topic" -s "$@"
}

# check REASON WHAT BED BEFORE (REASON: or one of A|B, for a clock that nobody keeps is said first): one more reply than before, of that bed (gateway: of the gateway), with this reason, saying WHAT.
check() {
    local line where="$BASE/$3"
    [ "$3" != gateway ] || where=$BASE/gateway/gw-test
    wait_for 5 "the answer ($1, $2)" is_answered "$4"
    line=$(grep '/reply {' "$TEST_DIR/seen.txt" | tail -n 1)
    [[ $line == "$where/reply {"* ]] || fail "not an answer of $3: $line"
    [[ $line =~ \"accepted\":false,\"reason\":\"($1)\" ]] || fail "not $1: $line"
    [[ $line == *"$2"* ]] || fail "'$2' is not said: $line"
    told=$((told + 1))
}

# bad REASON WHAT ID [KEY VALUE]...: as a nurse, at b01.  bad_at BED ROLE ...: somewhere else, or as somebody else.
bad_at() {
    local bed=$1 role=$2 reason=$3 what=$4 before
    shift 4
    pace
    before=$(replies)
    body "$@" | give "$bed" "$role"
    [[ $bed != b77 ]] || bed=gateway
    check "$reason" "$what" "$bed" "$before"
}
bad() { bad_at b01 nurse "$@"; }

# bad_bytes WHAT <PAYLOAD: it is no command at all.
bad_bytes() {
    local before
    pace
    before=$(replies)
    give b01 nurse
    check malformed "$1" b01 "$before"
}

# good ID [KEY VALUE]...: the charge nurse's, at b01, which is done.
good() {
    local before line
    pace
    before=$(replies)
    body "$@" | give b01 charge
    wait_for 5 "the answer to $1" is_answered "$before"
    line=$(grep '/reply {' "$TEST_DIR/seen.txt" | tail -n 1)
    [[ $line == *"\"accepted\":true"* ]] || fail "$1 is refused: $line"
}

# What stands on the broker of the patients' beds: settings, scores and alarms, without the time until which they stand.
state() {
    mosquitto_sub -h 127.0.0.1 -p "$PORT" -t "$BASE/+/settings" -t "$BASE/+/alarm/+" -F '%t %p' --retained-only -W 1 |
        grep "^$BASE/b0[134]/" | sed -E 's/"(at|expires_at)":"[^"]*",?//g' | LC_ALL=C sort || true
}

here() { "$WARDGATE" command -c "$TEST_DIR/wardgate.yaml" "$@" >"$TEST_DIR/local.json" || fail "$*: $(cat "$TEST_DIR/local.json")"; }

told=0
stay=00000000deadbeef
subscribe seen.txt "$BASE/+/reply" "$BASE/gateway/+/+" "$BASE/+/settings" "$BASE/+/alert"
start_gateway
wait_for 10 "it is there" grep -q '/status .*"online"' "$TEST_DIR/seen.txt"
for bed in b01 b02 b04; do here "$bed" admit; done
# shellcheck disable=SC2016 # the $ are for the shell that waits
wait_for 5 "somebody is in b01" bash -c \
    'grep "^'"$BASE"'/b01/settings " "'"$TEST_DIR"'/seen.txt" | tail -n 1 | grep -qE "\"stay\":\"[0-9a-f]{16}\""'
stay=$(grep "^$BASE/b01/settings " "$TEST_DIR/seen.txt" | tail -n 1 | member stay)
good limit-1 command '"set_limit"' rule '"spo2_low"' value 88
good pressure command '"observe"' vital '"consciousness"' value '"alert"' observed_at "\"$(stamp 0)\""
sleep 1
state >"$TEST_DIR/before.txt"
[ "$(grep -c '/settings ' "$TEST_DIR/before.txt")" -eq 3 ] || fail "no state: $(cat "$TEST_DIR/before.txt")"
grep -q '"value":88,' "$TEST_DIR/before.txt" || fail "the limit is not in force"
ward_do b02 value spo2 70 # an alarm is on its way all the while

### Not a command at all

bad_bytes "not a flat JSON object" <<<'raise the alarm, please'
bad_bytes "not a flat JSON object" <<<'["set_limit",88]'
bad_bytes "not a flat JSON object" <<<'{"id":"half-a-com'
bad_bytes "not a flat JSON object" < <(body twice && body twice)
bad_bytes "not a flat JSON object" < <(body deep | sed 's/"back"/{"a":{"b":[[[["back"]]]]}}/')
bad_bytes "not a flat JSON object" < <(printf '[%.0s' $(seq 1000))
bad_bytes "not a flat JSON object" < <(printf '{"a":%.0s' $(seq 200))
bad_bytes "not a flat JSON object" < <(printf '\0\0\0\0')
bad_bytes "not a flat JSON object" < <(body nul && printf '\0')
bad_bytes "not a flat JSON object" < <(body newline | sed 's/n-17/n\x0117/')
bad_bytes "not a flat JSON object" < <(body comma | sed 's/}/,}/')
bad_bytes "not a flat JSON object" < <(body quotes | tr '"' "'")
bad_bytes "too long" < <(body long command "\"$(printf 'x%.0s' $(seq 2000))\"")
bad_bytes "too long" < <(printf '{"schema":"1","id":"big","by":"' && head -c 1048576 /dev/zero | tr '\0' a && printf '"}')
bad_bytes "too long" < <(head -c 1048576 /dev/zero)

### Keys: unknown, missing, twice, of another command, with what they cannot have

bad malformed "unknown, or there twice" unknown-1 urgent true
bad malformed "unknown, or there twice" unknown-2 Command '"back"'
bad_bytes "unknown, or there twice" < <(body twice-1 | sed 's/}/,"command":"discharge"}/')
bad malformed "schema: " schema-1 schema '"2"'
bad malformed "schema: " schema-2 schema 1
bad malformed '"id":null' '' id -
bad malformed '"id":null' '' id 17
bad malformed '"id":null' "$(printf 'i%.0s' $(seq 40))"
bad malformed '"id":null' 'a b'
bad malformed "by: " by-1 by -
bad malformed "by: " by-2 by '""'
bad malformed "by: " by-3 by $'"\xff\xfe"'
bad malformed "by: " by-4 by '"Schwester \u00c4"'
bad malformed "by: " by-5 by '"a\u0000b"'
bad malformed "command: " command-1 command -
bad malformed "command: " command-2 command null
bad malformed "stay: " stay-1 stay -
bad malformed "stay: " stay-2 stay '"1"'
bad malformed "stay: " stay-3 stay '"0000000000000000"'
bad malformed "at: " at-1 at -
bad malformed "at: " at-2 at '"now"'
bad malformed "at: " at-3 at '"2025-02-30T00:00:00Z"'
bad malformed "at: " at-4 at "\"$(date -u +%Y-%m-%dT%H:%M:%S)\""
bad malformed "expires_at: " expires-1 expires_at 1999999999
bad malformed "rule: " other-1 rule '"spo2_low"'
limit=(command '"set_limit"' rule '"spo2_low"')
for value in 1e999 -1e999 9e1 88.0001 99999999999999999999 2147484 '"88"' null true -; do
    bad_at b01 charge malformed "value: " "value-$told" "${limit[@]}" value "$value"
done
for value in NaN Infinity 088 .5 +88 0x58 88.; do
    bad_bytes "not a flat JSON object" < <(body "value-$told" "${limit[@]}" value "$value")
done
bad malformed "rev: " rev-1 command '"acknowledge"' alarm_id "\"$stay\"" rev 0
bad malformed "rev: " rev-2 command '"acknowledge"' alarm_id "\"$stay\"" rev 4294967296
bad malformed "alarm_id: " alarm-1 command '"acknowledge"' alarm_id '"xyz"' rev 1
bad malformed "duration: " away-1 command '"away"' duration '"13h"'
bad malformed "duration: " away-2 command '"away"' duration '"-5min"'
bad malformed "what: " pause-1 command '"pause"' what '"everything"'
bad_at b01 charge malformed "scale: " scale-1 command '"set_scale"' scale 3 reason '"copd"'
bad_at b01 charge malformed "reason: " scale-2 command '"set_scale"' scale 2 reason '"  "'
bad malformed "vital: " vital-1 command '"observe"' vital '"mood"' value 1 observed_at "\"$(stamp 0)\""
bad malformed "value: " vital-2 command '"observe"' vital '"consciousness"' value '"grumpy"' observed_at "\"$(stamp 0)\""

### Well formed, and not to be done: when, by whom, where

before=$(replies)
body left-1 | give b01 nurse -r
check retained "must not be retained" b01 "$before"
mosquitto_pub -h 127.0.0.1 -p "$PORT" -q 1 -t "$BASE/b01/command/nurse" -r -n
bad 'expired|clock' '"text":"it ' old-1 at "\"$(stamp -60)\"" expires_at "\"$(stamp -31)\""
bad 'expired|clock' '"text":"it ' old-2 at '"1970-01-01T00:00:00Z"' expires_at '"1970-01-01T00:00:30Z"'
bad 'expiry|clock' '"text":"' ahead-1 expires_at "\"$(stamp 60)\""
bad 'expiry|clock' '"text":"' ahead-2 at "\"$(stamp 60)\"" expires_at "\"$(stamp 70)\""
bad 'expiry|clock' '"text":"' ahead-3 at '"9999-12-31T23:59:59Z"' expires_at '"9999-12-31T23:59:59Z"'
bad expiry "expires_at is missing" ahead-4 expires_at -
bad expiry "expires_at is missing" ahead-5 expires_at "\"$(stamp -1)\""
bad_at b01 charge repeated "used before" limit-1 "${limit[@]}" value 88
bad_at b01 charge repeated "used before" limit-1 "${limit[@]}" value 90
bad_at b01 charge repeated "used before" limit-1 command '"discharge"'
bad_at b01 biomed role "may not do that" role-1
bad_at b01 local role "may not do that" role-2
bad_at b01 surgeon role "may not do that" role-3
bad_at b01 nurse role "may not do that" role-4 "${limit[@]}" value 88
bad unknown_command "no such command" word-1 command '"silence"'
bad_at b77 nurse unknown_bed "beds: b01 b02 b03 b04" where-1
bad_at b77 nurse malformed "not a flat JSON object" '"'
bad unknown_bed "no such bed" where-2 command '"transfer"' to_bed '"b77"'
bad occupied "somebody is in that bed" where-3 command '"transfer"' to_bed '"b02"'
bad occupied "somebody is in that bed" where-4 command '"transfer"' to_bed '"b01"'

### ... to whom, and what

bad stay "another patient" stay-4 stay '"00000000deadbeef"' command '"discharge"'
bad stay "another patient" stay-5 stay null command '"discharge"'
bad_at b03 nurse vacant "nobody is in this bed" vacant-2 command '"discharge"'
bad_at b03 nurse vacant "nobody is in this bed" vacant-1 stay null command '"discharge"'
bad nothing_to_do "nothing to change" nothing-1
bad unknown_alarm "over, or never was" alarm-2 command '"acknowledge"' alarm_id '"00000000deadbeef"' rev 1
bad_at b01 charge unknown_rule "no such rule" rule-1 command '"set_limit"' rule '"no_such"' value 88
bad_at b01 charge unknown_rule "no such rule" rule-2 "${limit[@]}" parameter '"low"' value 88
bad_at b01 charge not_settable "does not let this be set" set-1 command '"set_limit"' rule '"spo2_fixed"' value 70
bad_at b01 charge bounds "84.999 is outside of 85 to 95" set-2 "${limit[@]}" value 84.999
bad_at b01 charge bounds "95.001 is outside of 85 to 95" set-3 "${limit[@]}" value 95.001
bad_at b01 charge bounds "-2147483.648 is outside of" set-4 "${limit[@]}" value -2147483.648
bad_at b01 charge nothing_to_do "nothing to change" reset-1 command '"reset_limit"' rule '"spo2_fixed"'
bad role "may not do that" pause-2 command '"pause"' what '"alarm"'
bad_at b01 charge bounds "at most 600 s of alarm pause" pause-3 command '"pause"' what '"alarm"' duration '"11min"'
bad nothing_to_do "nothing to change" resume-1 command '"resume"'
bad not_entered "nobody enters this vital" enter-1 command '"observe"' vital '"hr"' value 80 observed_at "\"$(stamp 0)\""
entry=(command '"observe"' vital '"consciousness"' value '"voice"' observed_at)
bad observed_at "before this patient came" enter-2 "${entry[@]}" "\"$(stamp -600)\""
bad observed_at "lies ahead" enter-3 "${entry[@]}" "\"$(stamp 60)\""
bad nothing_to_do "nothing to change" enter-4 command '"retract"' vital '"consciousness"' observed_at "\"$(stamp -5000)\""
child=$(grep "^$BASE/b04/settings " "$TEST_DIR/seen.txt" | tail -n 1 | member stay)
bad_at b04 charge class "under 16 years" scale-3 stay "\"$child\"" command '"set_scale"' scale 2 reason '"copd"'

### The alarm that began meanwhile came through, once; it is acknowledged as it was seen or not at all

started() { grep "^$BASE/b02/alert .*\"phase\":\"start\".*\"rule\":\"spo2_desat\"" "$TEST_DIR/seen.txt"; }
wait_for 20 "b02 is desaturated" started
alarm=$(started | member id)
[ "$(wc -w <<<"$alarm")" -eq 1 ] || fail "not one alarm: $alarm"
patient=$(started | member stay)
ack=(stay "\"$patient\"" command '"acknowledge"' alarm_id "\"$alarm\"" rev)
bad_at b02 nurse rev "has changed since" ack-1 "${ack[@]}" 2
bad unknown_alarm "over, or never was" ack-2 "${ack[@]}" 1 stay "\"$stay\""
is_raised b02 spo2_desat || fail "the alarm is not on its topic"
! grep -q "^$BASE/b02/alert .*\"phase\":\"acknowledge\"" "$TEST_DIR/seen.txt" || fail "it was acknowledged by nobody"

### Nothing has changed, each answer was given once, each was kept, and the next sound command is done

state >"$TEST_DIR/after.txt"
diff "$TEST_DIR/before.txt" "$TEST_DIR/after.txt" >&2 || fail "a bad command has changed something"
[ "$(grep -c '/reply {' "$TEST_DIR/seen.txt")" -eq $((told + 2)) ] || fail "not $told answers"
! grep -qE "^$BASE/b0[134]/alert .*\"phase\":\"end\"" "$TEST_DIR/seen.txt" || fail "an alarm ended"
good limit-2 "${limit[@]}" value 89
"$WARDGATE" audit -c "$TEST_DIR/wardgate.yaml" --json show 1000 >"$TEST_DIR/audit.txt"
[ "$(grep -c '"kind":"command"' "$TEST_DIR/audit.txt")" -eq $((told + 3 + 3)) ] || fail "not each is in the audit log, once"
"$WARDGATE" audit -c "$TEST_DIR/wardgate.yaml" verify >"$TEST_DIR/verify.txt" || fail "$(cat "$TEST_DIR/verify.txt")"
stop_gateway
