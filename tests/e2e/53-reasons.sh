#!/usr/bin/env bash
# Every reason for which a value is not used, live: out of sight at once under its reason in `invalid`, counted by channel in
# `wardgate status` and in health, and the value itself never shown.
. tests/e2e/lib.sh

start_broker
start_ward <<END
control \${WARD_DIR}/ward.sock
tcp gw-a 127.0.0.1:\${WARD_PORT} turnaround=1ms
monitor b01 gw-a 1 generated seed=1
END
write_config <<END
stay_after: 2s
pulse: {fallback: none}
buses:
  gw-a: {kind: modbus-tcp, host: 127.0.0.1, port: $WARD_PORT}
beds:
  b01: {bus: gw-a, address: 1, profile: picky, class: adult}
rules: [rules/standard.yaml]
END
# All that is off unless a profile asks for it.
sed -e 's/^profile: .*/profile: picky/' \
    -e '/^  temp: /s/}$/, frozen_after: 10s}/' \
    -e '/^  resp: /s/}$/, spike: median}/' config/profiles/generic-vitals.yaml >"$TEST_DIR/profiles/picky.yaml"
subscribe seen.txt "$BASE/#"
start_gateway
wait_for 10 "a stay begins" grep -q '/alert .*admission_not_entered' "$TEST_DIR/seen.txt"

# reason VITAL WHY COMMAND...: from then on the vital is invalid, for that reason, and it is counted
reason() {
    local vital=$1 why=$2
    shift 2
    [ $# -eq 0 ] || ward_do "$@"
    wait_for 20 "$vital is not shown as $why" grep -qE "^$BASE/b01/vitals .*\"invalid\":\{[^}]*\"$vital\":\"$why\"" "$TEST_DIR/seen.txt"
}
counted() {
    "$WARDGATE" status -c "$TEST_DIR/wardgate.yaml" >"$TEST_DIR/status.txt"
    grep -qE "^b01 +$1 +([0-9]+ [a-z_]+, )*[0-9]+ $2(,|$)" "$TEST_DIR/status.txt"
}
never_shown() { ! grep -q "^$BASE/b01/vitals .*\"$1\":$2[,}]" "$TEST_DIR/seen.txt" || fail "$1 of $2 is shown"; }

reason hr absent b01 value hr absent
reason hr implausible b01 value hr 340
never_shown hr 340
ward_do b01 value hr auto
sleep 3 # it is believed again
reason spo2 rate b01 value spo2 31
never_shown spo2 31
ward_do b01 value spo2 auto
reason temp frozen b01 value temp 36.6
ward_do b01 value temp auto
# One that stands out alone is cut off: what stands for it is shown in its place, so the vital stays valid, and it is counted.
for _ in 1 2 3 4 5; do
    ward_do b01 value resp 61
    sleep 1
    ward_do b01 value resp auto
    sleep 3
    ! counted resp spike || break
done
counted resp spike || fail "a spike is not counted"
reason pulse sensor_off b01 bit probe_off on
ward_do b01 bit probe_off off
reason hr standby b01 bit standby on
ward_do b01 bit standby off
reason hr demo b01 bit demo on
ward_do b01 bit demo off
for row in "hr absent" "hr implausible" "spo2 rate" "temp frozen" "resp spike" "pulse sensor_off" "hr standby" "hr demo"; do
    # shellcheck disable=SC2086 # two words
    wait_for 5 "$row is not counted in status" counted $row
    wait_for 15 "$row is not counted in health" \
        grep -qE "/health .*\"rejected\":\[\{\"bed\":\"b01\",[^]]*\"${row% *}\":\{[^}]*\"${row#* }\":[0-9]" "$TEST_DIR/seen.txt"
done

# Silence: stale vitals are gone, the monitor's alarm comes, and nothing is counted, for nothing was said.
ward_do b01 silence
reason hr no_answer
wait_for 15 "silence is told" grep -q "^$BASE/b01/alert .*\"phase\":\"start\".*\"rule\":\"monitor_silent\"" "$TEST_DIR/seen.txt"
! counted hr no_answer || fail "what was not said is counted"
stop_gateway
