#!/usr/bin/env bash
# A dead box is replaced: backup of a running gateway, kill, restore elsewhere. Limits in force, stays and open alarms go on, under another epoch; no name is given twice.
. tests/e2e/lib.sh

LIMIT_87='"spo2_low":{[^}]*"value":87,'
alerts() { grep "/alert " "$TEST_DIR/seen.txt" | sed 's/^[^ ]* //'; }
newest() { alerts | grep "\"bed\":\"$1\".*\"rule\":\"$2\"" | tail -n 1; }
command_of() { "$WARDGATE" command -c "$CONFIG" "$@" >>"$TEST_DIR/commands.txt" || fail "refused: $*: $(tail -n 1 "$TEST_DIR/commands.txt")"; }
names_twice() { # KEY: what names one alert in an epoch
    alerts | sed 's/,"delivery":.*//' | sort -u | sed -E "s/.*\"epoch\":\"([^\"]*)\",\"id\":\"([^\"]*)\",\"rev\":([0-9]*),\"seq\":([0-9]*),.*/$1/" | sort | uniq -d
}
refuses() { # WORDS COMMAND...: it fails, says so, and has changed nothing
    local wanted=$1 before after
    shift
    before=$(find "$NEW" "$OLD" -type f -not -name lock -not -name '*.mdb' -exec sha256sum {} + 2>/dev/null | sort | sha256sum)
    ! "$@" >"$TEST_DIR/refused.txt" 2>&1 || fail "not refused: $*"
    grep -q -- "$wanted" "$TEST_DIR/refused.txt" || fail "no '$wanted' in: $(cat "$TEST_DIR/refused.txt")"
    after=$(find "$NEW" "$OLD" -type f -not -name lock -not -name '*.mdb' -exec sha256sum {} + 2>/dev/null | sort | sha256sum)
    [ "$before" = "$after" ] || fail "a refused restore changed something: $*"
    [ -z "$(find "$TEST_DIR" -maxdepth 3 -name '*restoring*' -o -name '*.restore')" ] || fail "a refused restore left something: $(find "$TEST_DIR" -name '*restor*')"
}

OLD=$TEST_DIR/old NEW=$TEST_DIR/new
mkdir "$OLD" "$NEW"
start_broker
watch_beds 3 <<END
stay_after: 1s
commands: {enabled: true, roles: [nurse, charge]}
END
# The box as it is installed: a folder with the configuration, one with the store.
mkdir "$OLD/etc"
mv "$TEST_DIR/rules" "$TEST_DIR/profiles" "$TEST_DIR/models" "$TEST_DIR/wardgate.yaml" "$OLD/etc"
echo 'hostname: gw-test' >"$OLD/etc/network.yaml"
sed -i "s#path: $TEST_DIR/store#path: $TEST_DIR/box/store#" "$OLD/etc/wardgate.yaml"
mkdir "$TEST_DIR/box"
CONFIG=$OLD/etc/wardgate.yaml
subscribe seen.txt "$BASE/#"
run_gateway -c "$CONFIG"
for bed in b01 b02 b03; do
    wait_for 15 "the stay of $bed begins" grep -q "^$BASE/$bed/vitals .*\"stay\":\"" "$TEST_DIR/seen.txt"
done
command_of b01 admit
command_of b01 set_limit rule=spo2_low value=87
command_of b02 pause what=audio duration=2min
ward_do b01 value spo2 70
wait_for 40 "the alarm of b01" finds "^$BASE/b01/alert .*\"phase\":\"start\".*\"rule\":\"spo2_desat\"" "$TEST_DIR/seen.txt"
wait_for 10 "the limit of b01" bash -c "grep '^$BASE/b01/settings ' '$TEST_DIR/seen.txt' | tail -n 1 | grep -q '$LIMIT_87'"
first=$(newest b01 spo2_desat | member epoch)
id=$(newest b01 spo2_desat | member id)
stay=$(newest b01 spo2_desat | member stay)

# The backup: of a gateway that runs, readable by its owner alone, by the tools that everybody has.
"$WARDGATE" backup -c "$CONFIG" "$TEST_DIR/gw.tar" >"$TEST_DIR/backup.txt" || fail "no backup: $(cat "$TEST_DIR/backup.txt")"
grep -q '1 limit set by command, 1 pause, [1-9][0-9]* open alarm' "$TEST_DIR/backup.txt" || fail "it says: $(cat "$TEST_DIR/backup.txt")"
[ "$(stat -c %a "$TEST_DIR/gw.tar")" = 600 ] || fail "others may read the backup"
mkdir "$TEST_DIR/looked"
tar -C "$TEST_DIR/looked" -xf "$TEST_DIR/gw.tar" || fail "tar cannot read it"
(cd "$TEST_DIR/looked" && sha256sum --quiet -c SHA256SUMS) || fail "its sums are wrong"
cmp "$TEST_DIR/looked/config/network.yaml" "$OLD/etc/network.yaml" || fail "network.yaml is not in it"
"$WARDGATE" backup -c "$CONFIG" - 2>"$TEST_DIR/pipe.txt" >"$TEST_DIR/pipe.tar"
"$WARDGATE" restore --look - <"$TEST_DIR/pipe.tar" | finds 'b01 .*1 limit set by command' || fail "a pipe does not carry it"
if command -v openssl >/dev/null; then
    openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=safe -days 2 -keyout "$TEST_DIR/safe.key" -out "$TEST_DIR/safe.pem" 2>/dev/null
    "$WARDGATE" backup -c "$CONFIG" - 2>/dev/null | openssl cms -encrypt -binary -aes256 -outform DER -out "$TEST_DIR/gw.cms" "$TEST_DIR/safe.pem"
    openssl cms -decrypt -inform DER -in "$TEST_DIR/gw.cms" -inkey "$TEST_DIR/safe.key" | "$WARDGATE" restore --look - | finds '^gw-test' ||
        fail "an encrypted one does not come back"
fi

# What must not be restored is refused, and nothing has changed.
refuses 'a gateway runs here' "$WARDGATE" restore -c "$CONFIG" "$TEST_DIR/gw.tar"
head -c 20000 "$TEST_DIR/gw.tar" >"$TEST_DIR/cut.tar"
refuses 'cut short' "$WARDGATE" restore -c "$NEW/etc/wardgate.yaml" "$TEST_DIR/cut.tar"
sed 's/"value":70/"value":71/; s/gw-test/gw-fake/' "$TEST_DIR/gw.tar" >"$TEST_DIR/changed.tar"
refuses 'SHA-256' "$WARDGATE" restore -c "$NEW/etc/wardgate.yaml" "$TEST_DIR/changed.tar"
refuses 'no header' "$WARDGATE" restore -c "$NEW/etc/wardgate.yaml" "$OLD/etc/wardgate.yaml"

# An alarm comes after the backup; then the box dies, its disk with it.
ward_do b02 value spo2 70
wait_for 40 "the alarm of b02" finds "^$BASE/b02/alert .*\"phase\":\"start\".*\"rule\":\"spo2_desat\"" "$TEST_DIR/seen.txt"
sleep 1
began=$SECONDS
kill_gateway
rm -r "$TEST_DIR/box/store" "${OLD:?}/etc"
: >"$TEST_DIR/marker"

# Another box: its folders are there, as the package made them.
mkdir "$NEW/etc"
echo "# as installed" >"$NEW/etc/wardgate.yaml"
CONFIG=$NEW/etc/wardgate.yaml
"$WARDGATE" restore -c "$CONFIG" "$TEST_DIR/gw.tar" >"$TEST_DIR/restored.txt" || fail "no restore"
grep -q "b01 .*the stay goes on, 1 limit set by command" "$TEST_DIR/restored.txt" || fail "it says: $(cat "$TEST_DIR/restored.txt")"
[ "$(head -n 1 "$NEW/etc.replaced-1/wardgate.yaml")" = "# as installed" ] || fail "what was there is gone"
[ -s "$NEW/etc/network.yaml" ] || fail "network.yaml is not there"
{ [ ! -e "$NEW/etc.restore" ] && [ ! -e "$NEW/etc.restoring" ]; } || fail "the restore is not finished"
ward_do b02 value spo2 auto
before=$(wc -l <"$TEST_DIR/seen.txt")
run_gateway -c "$CONFIG"
since() { tail -n +"$((before + 1))" "$TEST_DIR/seen.txt"; }
told_again() { since | finds "^$BASE/b01/alert .*\"id\":\"$id\".*\"rule\":\"spo2_desat\""; }
wait_for 20 "the alarm of b01 is told again" told_again
echo "from the kill to the alert: $((SECONDS - began)) s"
[ $((SECONDS - began)) -lt 60 ] || fail "that took $((SECONDS - began)) s"
second=$(newest b01 spo2_desat | member epoch)
{ [ -n "$second" ] && [ "$second" != "$first" ]; } || fail "the epoch of the dead box goes on: $second"
since | grep "^$BASE/b01/alert .*spo2_desat" | finds unverified || fail "nothing says that the alarm is unverified"
wait_for 10 "the limit is in force" bash -c "tail -n +$((before + 1)) '$TEST_DIR/seen.txt' | grep '^$BASE/b01/settings ' | tail -n 1 | grep -q '$LIMIT_87'"
[ "$(newest b01 spo2_desat | member stay)" = "$stay" ] || fail "another stay: $(newest b01 spo2_desat)"
# What the dead box had left on the broker of the alarm that nobody saw end goes.
wait_for 40 "b02's state is of the new box or gone" bash -c "
    ! mosquitto_sub -h 127.0.0.1 -p $PORT -t '$BASE/b02/alarm/spo2_desat' -W 2 -F %p 2>/dev/null | grep -q '$first'"
ward_do b01 value spo2 auto
wait_for 40 "the alarm of b01 ends" finds "\"id\":\"$id\".*\"phase\":\"end\"" "$TEST_DIR/seen.txt"
twice=$(names_twice '\1 \2 \3')
[ -z "$twice" ] || fail "one id and rev name two alerts: $twice"
twice=$(names_twice '\1 \4')
[ -z "$twice" ] || fail "one seq names two alerts: $twice"
"$WARDGATE" audit -c "$CONFIG" show | finds ' restore ' || fail "the audit log does not say so"
"$WARDGATE" audit -c "$CONFIG" verify >/dev/null || fail "the audit log is not whole"

# Undelivered alerts are not set aside unless it is said; patients of yesterday are not taken for today's.
stop_broker
sleep 1
ward_do b03 value spo2 70
sleep 20
stop_gateway
refuses 'undelivered alert' "$WARDGATE" restore -c "$CONFIG" "$TEST_DIR/gw.tar"
if [ -z "${EMULATOR:-}" ] && { [ -z "${FLAVOUR:-}" ] || [ "$FLAVOUR" = clang ]; }; then # it goes in front of the C library
    command -v faketime >/dev/null || fail "there is no faketime, install the packages of the tests (toolchain/install-dependencies test)"
    refuses 'stays keep' faketime '+2 hours' "$WARDGATE" restore --replace -c "$CONFIG" "$TEST_DIR/gw.tar"
else
    echo "left out: the question of a backup's age, nothing goes in front of the C library here"
fi
"$WARDGATE" restore --replace --stays end -c "$CONFIG" "$TEST_DIR/gw.tar" >"$TEST_DIR/restored.txt" || fail "--replace is refused"
grep -q 'the stay ends, 1 limit set by command fall' "$TEST_DIR/restored.txt" || fail "it says: $(cat "$TEST_DIR/restored.txt")"
[ -d "$TEST_DIR/box/store/replaced-1/alerts" ] || fail "the store that was here is gone"
start_broker
await_subscriber
before=$(wc -l <"$TEST_DIR/payloads.txt")
run_gateway -c "$CONFIG"
wait_for 15 "b01 is told" bash -c "tail -n +$((before + 1)) '$TEST_DIR/payloads.txt' | grep -q '^$BASE/b01/settings '"
tail -n +"$((before + 1))" "$TEST_DIR/payloads.txt" | grep "^$BASE/b01/settings " | tail -n 1 | grep -q "$LIMIT_87" && fail "a limit of the stay before is in force"

# A power cut between the two names: nothing runs until the restore has been finished.
stop_gateway
mkdir "$TEST_DIR/box/store/restoring"
mv "$TEST_DIR/box/store/alerts" "$TEST_DIR/box/store/journal" "$TEST_DIR/box/store/restoring"
printf '{"kind":"restore","folder_aside":"%s","store":"%s","store_aside":"%s"}\n' "$NEW/etc.replaced-9" "$TEST_DIR/box/store" \
    "$TEST_DIR/box/store/replaced-9" >"$NEW/etc.restore"
! "$WARDGATE" run -c "$CONFIG" 2>"$TEST_DIR/cut.txt" || fail "half a restore runs"
grep -q 'restore --finish' "$TEST_DIR/cut.txt" || fail "it says: $(cat "$TEST_DIR/cut.txt")"
"$WARDGATE" restore --finish -c "$CONFIG" >/dev/null || fail "it cannot be finished"
{ [ -d "$TEST_DIR/box/store/alerts" ] && [ ! -e "$NEW/etc.restore" ]; } || fail "it is not finished"
"$WARDGATE" restore --finish -c "$CONFIG" || fail "nothing to finish is no fault"

# One that cannot be ended as a box starts: that stands where people look, until it can be.
PLACES=(--boot "$TEST_DIR/efi" --data "$NEW" --run "$TEST_DIR/run" --leds "$TEST_DIR/leds" --processes "$TEST_DIR/none")
mkdir -p "$TEST_DIR/efi"
finish() { DATA=$NEW RUN=$TEST_DIR/run WARDGATE=$WARDGATE config/box/root/usr/lib/wardgate/finish-restore >"$TEST_DIR/finish.txt" 2>&1; }
told() {
    : >"$TEST_DIR/console"
    rm -f "$TEST_DIR/efi/report.txt"
    "$WARDGATE" box report "${PLACES[@]}" --console "$TEST_DIR/console" >/dev/null
    { finds 'Report of this box' "$TEST_DIR/efi/report.txt" && [ -s "$TEST_DIR/console" ]; } || fail "there is no report"
    finds -F "$1" "$TEST_DIR/efi/report.txt" && finds -F "$1" "$TEST_DIR/console"
}
echo nothing >"$NEW/etc.restore"
! finish || fail "a restore whose note says nothing is ended"
finds -F 'cannot be done' "$TEST_DIR/finish.txt" || fail "the log has: $(cat "$TEST_DIR/finish.txt")"
told 'A RESTORE WAS CUT SHORT AND CANNOT BE ENDED: NO GATEWAY RUNS' || fail "the report: $(cat "$TEST_DIR/efi/report.txt"), the console: $(cat "$TEST_DIR/console")"
told 'cannot be done' || fail "the report does not say why: $(cat "$TEST_DIR/efi/report.txt")"
rm "$NEW/etc.restore"
! told 'A RESTORE WAS CUT SHORT' || fail "one that was ended by hand is told of"
echo nothing >"$NEW/etc.restore"
told 'NO GATEWAY RUNS' || fail "the report does not tell of it any more"
rm "$NEW/etc.restore"
finish || fail "nothing to end is a fault: $(cat "$TEST_DIR/finish.txt")"
! told 'A RESTORE WAS CUT SHORT' || fail "the report tells of it still"
