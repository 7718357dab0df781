#!/usr/bin/env bash
# A box that was flashed: its two files are edited, rightly and wrongly, and every time the report says what is so, while the ward goes on being watched with the
# last good ones; the power fails at every step of it.
. tests/e2e/lib.sh
needs_no_sanitizer "what goes in front of the C library does not go with one"

BOOT=$TEST_DIR/efi DATA=$TEST_DIR/data RUN=$TEST_DIR/run LEDS=$TEST_DIR/leds
PLACES=(--boot "$BOOT" --data "$DATA" --run "$RUN")
mkdir -p "$BOOT" "$DATA" "$LEDS/ACT"
touch "$LEDS/ACT/"{trigger,delay_on,delay_off,brightness} "$TEST_DIR/console" "$TEST_DIR/screen"
"${CC:-cc}" -shared -fPIC -O1 -D_GNU_SOURCE tests/e2e/cut_calls.c -o "$TEST_DIR/cut.so"

setup() { "$WARDGATE" box setup "${PLACES[@]}" >"$TEST_DIR/setup.txt" 2>&1 || fail "setup ends with status $?"; }

# What the report on the boot partition says; each line ends as every laptop shows it.
report() {
    "$WARDGATE" box report "${PLACES[@]}" --leds "$LEDS" --console "$TEST_DIR/console" --console "$TEST_DIR/screen" >"$TEST_DIR/report.out" || fail "report ends with status $?"
    [ "$(grep -c $'\r$' "$BOOT/report.txt")" -eq "$(wc -l <"$BOOT/report.txt")" ] || fail "a line of report.txt does not end in CR LF"
}
says() { grep -qF -- "$1" "$BOOT/report.txt" || fail "report.txt does not say: $1"; }
reports() {
    report
    says "$1"
}
is_state() { report && grep -qF -- "$1" "$BOOT/report.txt"; }

# edit SED...: wardgate.yaml of the boot partition, out of the good one, with the line ends of Windows.
edit() {
    sed "$@" "$TEST_DIR/wardgate.yaml" | sed 's/$/\r/' >"$BOOT/wardgate.yaml"
    cp -r "$TEST_DIR/profiles" "$TEST_DIR/rules" "$BOOT/"
}

# refuses PLACE TEXT: it is not taken, that place is told, and what was in force before is so still.
refuses() {
    setup
    reports "    $1: "
    says "$2"
    says "wardgate.yaml: the last good one is in force, NOT that of this partition"
    cmp -s "$DATA/etc/wardgate.yaml" "$TEST_DIR/good.yaml" || fail "something else is in force"
    grep -q "^timer$" <(cat "$LEDS/ACT/trigger"; echo) || fail "the lamp does not blink"
    [ "$(cat "$LEDS/ACT/delay_on")" = 100 ] || fail "the lamp blinks otherwise: $(cat "$LEDS/ACT/delay_on")"
}

start_broker
watch_beds 2 </dev/null

# ---- a box fresh from the flash: nothing to read yet

setup
reports "NOTHING IS WATCHED: there is no good configuration"
says "wardgate.yaml: there is no such file on the boot partition, put it there"
says "network.yaml: none: every wired interface asks by DHCP"

# ---- its keys, its two files

config/box/identity keys "$DATA" "$RUN"
edit -e ''
printf '\xef\xbb\xbf' | cat - config/box/network.yaml | sed 's/$/\r/' >"$BOOT/network.yaml"
setup
grep -q "wardgate.yaml in force: taken from the boot partition" "$TEST_DIR/setup.txt" || fail "not taken: $(cat "$TEST_DIR/setup.txt")"
cp "$DATA/etc/wardgate.yaml" "$TEST_DIR/good.yaml"
config/box/identity request "$DATA" "$RUN"
openssl req -in "$DATA/etc/keys/gateway.csr" -noout -verify -subject 2>/dev/null | grep -q 'CN = gw-test$' || fail "no request for gw-test"
run_gateway -c "$DATA/etc/wardgate.yaml"
wait_for 20 "both monitors answer" is_state "2 of 2 monitors answer"
wait_for 20 "the report says that two beds are watched" is_state "gw-test watches 2 beds"
says "mqtt://127.0.0.1:$PORT: connected"
[ "$(cat "$LEDS/ACT/brightness")" = 255 ] || fail "the lamp is not on"
cmp -s "$BOOT/gateway.csr" "$DATA/etc/keys/gateway.csr" || fail "the request is not on the boot partition"
[ ! -e "$BOOT/gateway.key" ] || fail "the key is on the boot partition"
for console in console screen; do
    grep -q "gw-test watches 2 beds" "$TEST_DIR/$console" || fail "the $console does not say it"
done

# ---- wrong files: each is told with its place

edit -e '1s/site: test/\tsite: test/' -e '4s/^/\t/'
refuses "wardgate.yaml:4:1" "a tab stands here, indent with spaces"
edit -e 's/b02: {bus: gw-a/b02: {bus: gw-x/'
refuses "wardgate.yaml:8:14" "beds.b02.bus: "
edit -e 's/class: adult/class: adlt/'
refuses "wardgate.yaml:7:64" 'did you mean "adult"?'
: >"$BOOT/wardgate.yaml"
refuses "wardgate.yaml" "this file is empty"
mv "$BOOT/wardgate.yaml" "$BOOT/wardgate.yaml.txt"
setup
reports '"wardgate.yaml.txt": rename it'
rm "$BOOT/wardgate.yaml.txt"
edit -e 's/rules: \[.*/rules: [rules\/none.yaml]/'
refuses "wardgate.yaml:9:9" "there is no such file"
edit -e ''
env LD_PRELOAD="$TEST_DIR/cut.so" CUT_READ=efi/wardgate.yaml "$WARDGATE" box setup "${PLACES[@]}" >"$TEST_DIR/setup.txt" 2>&1 || fail "status $?"
reports "wardgate.yaml cannot be read (input/output error)"
env LD_PRELOAD="$TEST_DIR/cut.so" CUT_READ=efi/network.yaml "$WARDGATE" box setup "${PLACES[@]}" >"$TEST_DIR/setup.txt" 2>&1 || fail "status $?"
reports "network.yaml: this file cannot be read (input/output error)"
says "network.yaml: the last good one is in force, NOT that of this partition"
mv "$BOOT" "$BOOT.away"
setup
"$WARDGATE" box report "${PLACES[@]}" --leds "$LEDS" >"$TEST_DIR/report.out" 2>&1 && fail "a report without a boot partition"
grep -q "the boot partition cannot be read" "$TEST_DIR/report.out" || fail "not told: $(cat "$TEST_DIR/report.out")"
mv "$BOOT.away" "$BOOT"
printf 'interfaces:\r\n  eth0: {address: 10.7.0.20/24, gateway: 10.8.0.1}\r\n' >"$BOOT/network.yaml"
setup
reports "    network.yaml:2:42: interfaces.eth0.gateway: 10.8.0.1 is not in the network of 10.7.0.20/24"
printf 'time: {servers: [ntp.example], nts: true}\r\nled: ACT\r\n' >"$BOOT/network.yaml"
setup
reports "gw-test SOMETHING IS WRONG WITH THIS BOX; 2 beds are watched"
says "network.yaml: the one of this partition is in force"
says "    network.yaml:1:37: warning: time.nts: needs ca"
finds "no server can prove itself" "$TEST_DIR/setup.txt" || fail "set-up does not say it: $(cat "$TEST_DIR/setup.txt")"
finds "no server can prove itself" "$TEST_DIR/console" || fail "the console does not say it"
[ "$(cat "$LEDS/ACT/delay_on")" = 900 ] || fail "the lamp blinks otherwise: $(cat "$LEDS/ACT/delay_on")"
printf '# nothing\r\n' >"$BOOT/network.yaml"
setup
reports "gw-test watches 2 beds"

# ---- a boot partition that is mounted read-only is so again afterwards

if [ "$(id -u)" -eq 0 ] && unshare -m true 2>/dev/null; then
    cat >"$TEST_DIR/locked.sh" <<END
set -e
mount -t tmpfs -o nosuid,nodev,noexec,noatime boot "$BOOT.away"
cp -r "$BOOT/." "$BOOT.away/"
rm -f "$BOOT.away/report.txt"
mount -o remount,ro "$BOOT.away"
"$WARDGATE" box report --boot "$BOOT.away" --data "$DATA" --run "$RUN" --leds "$LEDS"
grep -q "gw-test watches 2 beds" "$BOOT.away/report.txt"
grep -q "^boot .* ro,nosuid,nodev,noexec,noatime" /proc/mounts
END
    mkdir "$BOOT.away"
    unshare -m bash "$TEST_DIR/locked.sh" >"$TEST_DIR/locked.txt" 2>&1 || fail "read-only: $(cat "$TEST_DIR/locked.txt")"
fi

# ---- what the gateway sees, while it runs: followed, and told when it changes

"$WARDGATE" box report --follow "${PLACES[@]}" --leds "$LEDS" --console "$TEST_DIR/console" >"$TEST_DIR/follow.log" 2>&1 &
FOLLOWER=$!
pids+=("$FOLLOWER")
has() { grep -qF -- "$1" "$BOOT/report.txt"; }
ward_do b02 silence
wait_for 40 "a silent monitor is told" has "b02 at 2 (generic-vitals): SILENT, no answer in time -> switch it on"
ward_do b01 silence
wait_for 40 "no monitor answers" has "NO MONITOR ANSWERS"
[ "$(cat "$LEDS/ACT/delay_on")" = 500 ] || fail "the lamp blinks otherwise: $(cat "$LEDS/ACT/delay_on")"
ward_do b01 answer
ward_do b02 answer
wait_for 60 "all is well again" has "gw-test watches 2 beds"
stop_broker
wait_for 40 "no broker" has "NO BROKER IS REACHED"
kill -TERM "$FOLLOWER"
wait "$FOLLOWER" || true
grep -qE '"(hr|spo2|patient)"|stay' "$BOOT/report.txt" && fail "something of a patient is in the report"
stop_gateway
reports "NOTHING IS WATCHED: the gateway does not answer"

# ---- another box, just flashed, goes on from a backup: what was restored is in force and no fault, until a file of the partition is another

FLASHED=$TEST_DIR/flashed
go_to() { BOOT=$1/efi DATA=$1/data RUN=$1/run PLACES=(--boot "$1/efi" --data "$1/data" --run "$1/run"); }
mkdir -p "$BOOT/tls" "$FLASHED/efi"
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=log -days 2 -keyout /dev/null -out "$BOOT/tls/log-ca.pem" 2>/dev/null
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=time -days 2 -keyout /dev/null -out "$BOOT/tls/time-ca.pem" 2>/dev/null
printf 'led: ACT\ntime: {servers: [localhost], nts: true, ca: tls/time-ca.pem}\nsyslog: {target: "tls://127.0.0.1:6599", ca: ./tls/log-ca.pem}\n' >"$BOOT/network.yaml"
setup
"$WARDGATE" backup -c "$DATA/etc/wardgate.yaml" "$TEST_DIR/box.tar" >/dev/null || fail "no backup"
go_to "$FLASHED"
cp config/box/network.yaml "$BOOT/"
setup
reports "NOTHING IS WATCHED: there is no good configuration"
"$WARDGATE" restore --replace -c "$DATA/etc/wardgate.yaml" "$TEST_DIR/box.tar" >"$TEST_DIR/restored.txt" || fail "no restore"
grep -qF "start the box again" "$TEST_DIR/restored.txt" || fail "restore does not say what a flashed box wants: $(cat "$TEST_DIR/restored.txt")"
setup
grep -q "wardgate.yaml in force: .*restored" "$TEST_DIR/setup.txt" || fail "setup says: $(cat "$TEST_DIR/setup.txt")"
grep -q 'target="127.0.0.1" port="6599"' "$RUN/rsyslog.conf" || fail "the network.yaml that was restored is not in force"
cmp -s "$RUN/syslog-ca.pem" "$TEST_DIR/efi/tls/log-ca.pem" || fail "the certificate of the log server was not restored"
cmp -s "$RUN/time-ca.pem" "$TEST_DIR/efi/tls/time-ca.pem" || fail "the certificate of the time servers was not restored"
start_broker
run_gateway -c "$DATA/etc/wardgate.yaml"
wait_for 20 "the report of the other box says that two beds are watched" is_state "gw-test watches 2 beds"
says "wardgate.yaml: one that was restored is in force"
says "network.yaml: one that was restored is in force"
says "since $(date -u +%Y-)"
setup
reports "wardgate.yaml: one that was restored is in force"
mv "$BOOT/network.yaml" "$TEST_DIR/template.yaml"
setup
reports "network.yaml: one that was restored is in force"
mv "$TEST_DIR/template.yaml" "$BOOT/network.yaml"
touch "$BOOT/wardgate.yaml.txt"
setup
reports '"wardgate.yaml.txt": rename it'
rm "$BOOT/wardgate.yaml.txt"
# A person's own files come first again once they are changed.
echo 'led: none' >"$BOOT/network.yaml"
edit -e 's/ward: w1/ward: w9/'
setup
reports "wardgate.yaml: the one of this partition is in force"
says "network.yaml: the one of this partition is in force"
[ ! -e "$RUN/rsyslog.conf" ] || fail "the network.yaml that was restored is in force still"
rm "$BOOT/wardgate.yaml"
setup
reports "wardgate.yaml: there is no such file on the boot partition, put it there"
says "A CONFIGURATION IS WRONG"
stop_gateway
go_to "$TEST_DIR"
printf '# nothing\r\n' >"$BOOT/network.yaml"
rm -r "$BOOT/tls"
setup

# ---- the power fails at every step of a change: the whole old one is in force, or the whole new one, and the next boot goes on

rm -rf "$TEST_DIR/old" && cp -r "$DATA" "$TEST_DIR/old"
edit -e 's/ward: w1/ward: w2/'
echo '# own' >"$BOOT/rules/own.yaml"
rm "$BOOT/profiles/tsi-pressura-rpc30.yaml"
setup
rm -rf "$TEST_DIR/new" && cp -r "$DATA" "$TEST_DIR/new"
diff -rq "$TEST_DIR/old/etc" "$TEST_DIR/new/etc" >"$TEST_DIR/differ.txt" && fail "the two are the same"
cuts=0 swapped=0
for ((at = 1 + RANDOM % 3; at < 2000; at += 3)); do # another third of them each time
    rm -rf "$DATA" "$RUN" && cp -r "$TEST_DIR/old" "$DATA"
    status=0
    { env LD_PRELOAD="$TEST_DIR/cut.so" CUT_AT=$at "$WARDGATE" box setup "${PLACES[@]}" >"$TEST_DIR/cut.txt" 2>&1 || status=$?; } 2>/dev/null
    [ "$status" -eq 137 ] || break
    cuts=$((cuts + 1))
    if diff -rq -x '*.new' -x network.yaml -x ssh "$DATA/etc" "$TEST_DIR/new/etc" >/dev/null; then
        swapped=$((swapped + 1))
    else
        diff -rq -x '*.new' "$DATA/etc" "$TEST_DIR/old/etc" >"$TEST_DIR/differ.txt" || fail "a cut at $at left: $(cat "$TEST_DIR/differ.txt")"
    fi
    if [ $((at % 8)) -eq 0 ] || [ "$swapped" -gt 0 ]; then
        config/box/identity keys "$DATA" "$RUN" # as config/box/set-up does
        setup
        diff -rq -x '*.new' "$DATA/etc" "$TEST_DIR/new/etc" >"$TEST_DIR/differ.txt" || fail "after a cut at $at the next boot has: $(cat "$TEST_DIR/differ.txt")"
        [ ! -e "$DATA/etc.new" ] || fail "after a cut at $at the old one lies about"
    fi
done
[ "$status" -eq 0 ] || fail "setup ends with status $status: $(cat "$TEST_DIR/cut.txt")"
{ [ "$cuts" -gt 60 ] && [ "$swapped" -gt 10 ]; } || fail "$cuts cuts, $swapped behind the change: too few"
echo "$cuts cuts, $swapped of them behind the change"

# ---- keys are made once, whenever the power fails

key=$(cat "$DATA/etc/keys/gateway.key")
host=$(cat "$DATA/etc/ssh/ssh_host_ed25519_key")
config/box/identity keys "$DATA" "$RUN" && config/box/identity request "$DATA" "$RUN"
[ "$key$host" = "$(cat "$DATA/etc/keys/gateway.key")$(cat "$DATA/etc/ssh/ssh_host_ed25519_key")" ] || fail "the box has another identity"
for delay in 0.005 0.01 0.015 0.02 0.03 0.04 0.06; do
    rm -rf "$TEST_DIR/fresh"
    { timeout -s KILL "$delay" config/box/identity keys "$TEST_DIR/fresh" "$RUN" || true; } 2>/dev/null
    config/box/identity keys "$TEST_DIR/fresh" "$RUN"
    config/box/identity request "$TEST_DIR/fresh" "$RUN"
    [ "$(openssl req -in "$TEST_DIR/fresh/etc/keys/gateway.csr" -noout -pubkey)" = "$(openssl pkey -in "$TEST_DIR/fresh/etc/keys/gateway.key" -pubout)" ] ||
        fail "the request is not for the key"
    ssh-keygen -y -f "$TEST_DIR/fresh/etc/ssh/ssh_host_ed25519_key" >/dev/null || fail "the key of sshd is not whole"
done
