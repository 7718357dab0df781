#!/usr/bin/env bash
# Every shipped profile against a device with its registers: the values and the device's own alarms that must come of them.
. tests/e2e/lib.sh

start_broker
beds=()
{
    printf 'control %s/ward.sock\n' "$TEST_DIR"
    printf 'tcp devices 127.0.0.1:%s\n' "$WARD_PORT"
    unit=0
    for file in config/profiles/*.yaml; do
        profile=$(basename "$file" .yaml)
        [ "$profile" != generic-vitals ] || continue # the whole simulated ward is that
        [ -f "tests/data/registers/$profile.txt" ] || fail "no registers to test the profile $profile with"
        unit=$((unit + 1))
        printf 'monitor %s devices %d registers tests/data/registers/%s.txt\n' "$profile" $unit "$profile"
        beds+=("  $profile: {bus: devices, address: $unit, profile: $profile, class: adult}")
    done
} >"$TEST_DIR/description"
start_ward <"$TEST_DIR/description"
write_config <<END
stay_after: 2s
buses:
  devices: {kind: modbus-tcp, host: 127.0.0.1, port: $WARD_PORT}
beds:
$(printf '%s\n' "${beds[@]}")
END
subscribe seen.txt "$BASE/#"
start_gateway

expect_profile() { # PROFILE
    local profile=$1 expected key value
    while read -r expected; do
        key=${expected%%=*} value=${expected#*=}
        wait_for 25 "$profile gives $key $value" grep -qE "^$BASE/$profile/vitals .*\"$key\":${value}[,}]" "$TEST_DIR/seen.txt"
    done < <(sed -n 's/^# expect //p' "tests/data/registers/$profile.txt")
    while read -r expected; do
        wait_for 25 "$profile's own alarm $expected" grep -qE \
            "^$BASE/$profile/alert .*\"phase\":\"start\".*\"source\":\"monitor\".*\"rule\":\"monitor.$expected\"" "$TEST_DIR/seen.txt"
    done < <(sed -n 's/^# alarm //p' "tests/data/registers/$profile.txt")
}
for bed in "${beds[@]}"; do
    bed=${bed#  }
    expect_profile "${bed%%:*}"
done

# And nothing that is not expected: no other alarm of a device, no register that a device does not have.
for bed in "${beds[@]}"; do
    bed=${bed#  } bed=${bed%%:*}
    grep -oE "^$BASE/$bed/alert .*\"rule\":\"monitor\.[a-z_]*\"" "$TEST_DIR/seen.txt" | member rule | sort -u | sed 's/^monitor\.//' >"$TEST_DIR/came" || true
    sed -n 's/^# alarm //p' "tests/data/registers/$bed.txt" | sort >"$TEST_DIR/wanted"
    diff "$TEST_DIR/wanted" "$TEST_DIR/came" >&2 || fail "$bed has other alarms than expected"
done
echo report | "$BUILD/tests/ask" "$TEST_DIR/ward.sock" >"$TEST_DIR/report.json"
! grep -q '"exceptions": *[1-9]' "$TEST_DIR/report.json" || fail "a device was asked for what it does not have"
stop_gateway
