#!/usr/bin/env bash
# Another monitor answers at an occupied bed in the middle of an alarm: its values count for nothing, and that is told; over
# a reload and a kill, too. Once somebody confirms it everything goes on; and nothing of one patient comes to the next.
. tests/e2e/lib.sh

start_broker
start_ward <<END
control \${WARD_DIR}/ward.sock
tcp gw-a 127.0.0.1:\${WARD_PORT} turnaround=1ms
monitor b01 gw-a 1 generated seed=1 identity=ONE
monitor b02 gw-a 2 generated seed=2 identity=TWO
END
write_config <<END
stay_after: 2s
buses:
  gw-a: {kind: modbus-tcp, host: 127.0.0.1, port: $WARD_PORT}
beds:
  b01: {bus: gw-a, address: 1, profile: generic-vitals, class: adult}
  b02: {bus: gw-a, address: 2, profile: generic-vitals, class: adult}
rules: [rules/standard.yaml, rules/ours.yaml]
END
cat >"$TEST_DIR/rules/ours.yaml" <<END
rules:
  spo2_ours:
    when: spo2 < limit
    limit: 80
    settable: {limit: [70, 90]}
    unknown_after: 3s
    priority: high
    text: "SpO2 below {limit} %"
    advice: "Look"
END

alerts() { # BED ALARM PHASE: its lines
    local keep='!p'
    [ "$2" = "${2%.not_monitored}" ] || keep=p
    sed -n "\#^$BASE/$1/alert .*\"phase\":\"$3\".*\"rule\":\"${2%.not_monitored}\"#{/\"reason\":\"not_monitored\"/$keep;}" "$TEST_DIR/seen.txt"
}

count() { alerts "$@" | wc -l; }

wait_alert() { # BED ALARM PHASE [COUNT]
    wait_for 15 "$2 $3 at $1" eval "[ \$(count $1 $2 $3) -ge ${4:-1} ]"
}

vitals() { grep "^$BASE/$1/vitals " "$TEST_DIR/seen.txt" | tail -n 1; }

tell() { # BED COMMAND...: from the gateway's own box
    "$WARDGATE" command -c "$TEST_DIR/wardgate.yaml" "$@" >"$TEST_DIR/reply.json"
}

told() { tell "$@" || fail "$*: $(cat "$TEST_DIR/reply.json")"; }

in_doubt() {
    vitals b01 | grep -q '"invalid":{[^}]*"spo2":"identity"' && ! vitals b01 | grep -q '"spo2":[0-9]'
}

still_in_doubt() { # WHEN: for some seconds, in which nothing ends and nothing is told again
    wait_for 15 "b01 is in doubt $1" in_doubt
    sleep 2
    in_doubt || fail "values are believed $1: $(vitals b01)"
    [ "$(count b01 spo2_ours end)" = 0 ] || fail "the alarm ended $1"
    [ "$(alerts b01 spo2_ours start | member id | sort -u)" = "$alarm" ] || fail "the alarm has another id $1"
    [ "$(count b01 identity_changed end)" = 0 ] || fail "the doubt ended $1"
    [ "$(alerts b01 identity_changed start | member id | sort -u | wc -l)" = 1 ] || fail "the doubt was told again $1"
}

subscribe seen.txt "$BASE/#"
start_gateway
wait_alert b01 admission_not_entered start
wait_alert b02 admission_not_entered start
stay=$(alerts b01 admission_not_entered start | member stay)
told b01 set_limit rule=spo2_ours value=85
ward_do b01 value spo2 70
wait_alert b01 spo2_ours start
alarm=$(alerts b01 spo2_ours start | member id)

# Another one, in the middle of the alarm, and it shows other values.
ward_do b01 identity OTHER
wait_alert b01 identity_changed start
ward_do b01 value spo2 97
wait_for 15 "the rule is not monitored, as part of that" is_raised b01 spo2_ours.not_monitored
grep "^$BASE/b01/alarm/spo2_ours.not_monitored " "$TEST_DIR/payloads.txt" |
    finds '"priority":"high","kind":"technical".*"part_of":{"bed":"b01","rule":"identity_changed"' ||
    fail "$(grep "^$BASE/b01/alarm/spo2_ours.not_monitored " "$TEST_DIR/payloads.txt")"
still_in_doubt "at first"
kill -HUP "$GATEWAY_PID"
wait_for 5 "it is loaded again" grep -q 'reloaded: 0 beds new, 0 gone, 2 go on' "$TEST_DIR/gateway.log"
still_in_doubt "after a reload"
kill_gateway
start_gateway
wait_for 10 "it is back" bash -c "[ \$(grep -c '/status .*\"online\"' '$TEST_DIR/seen.txt') -ge 2 ]"
still_in_doubt "after a kill"

# Confirmed, for this patient only.
! tell b01 assign stay=00000000deadbeef || fail "it was confirmed for another patient"
grep -q '"reason":"stay"' "$TEST_DIR/reply.json" || fail "$(cat "$TEST_DIR/reply.json")"
! tell b02 assign || fail "there was something to confirm at b02"
ward_do b01 value spo2 71
sleep 2
told b01 assign
wait_alert b01 identity_changed end
wait_for 15 "the rule is monitored" is_over b01 spo2_ours.not_monitored
wait_for 5 "its values count" eval "vitals b01 | grep -q '\"spo2\":71[,}]'"
[ "$(count b01 spo2_ours end)" = 0 ] || fail "the alarm ended although it holds"
ward_do b01 value spo2 97
wait_alert b01 spo2_ours end
[ "$(alerts b01 spo2_ours end | member id)" = "$alarm" ] || fail "another alarm ended"
[ "$(vitals b01 | member stay)" = "$stay" ] || fail "b01 has another stay"

# A third one in the next alarm, and the patient goes: the next one is whoever the monitor that is there shows.
ward_do b01 value spo2 70
wait_alert b01 spo2_ours start 2
ward_do b01 identity THIRD
wait_alert b01 identity_changed start 2
told b01 discharge
wait_alert b01 spo2_ours end 2
wait_alert b01 identity_changed end 2
[ "$(alerts b01 spo2_ours end | tail -n 1 | member stay)" = "$stay" ] || fail "the alarm ended in another stay"
wait_alert b01 admission_not_entered start 2
wait_alert b01 spo2_ours start 3
next=$(alerts b01 spo2_ours start | tail -n 1)
[ "$(member stay <<<"$next")" != "$stay" ] || fail "the next patient has the stay of the one before"
[ "$(member limit <<<"$next")" = 80 ] || fail "the next patient has the limit of the one before: $next"
[ "$(alerts b01 spo2_ours start | member id | sort -u | wc -l)" = 3 ] || fail "an alarm has the id of another"
[ "$(count b01 identity_changed start)" = 2 ] || fail "the next patient's monitor is in doubt"
[ "$(count b02 identity_changed start)" = 0 ] || fail "b02 is in doubt"
stop_gateway
