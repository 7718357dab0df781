#!/usr/bin/env bash
# Updates of a box, with the real RAUC on files instead of partitions: what is refused and in which words, an installation under a running alarm,
# the trial that follows, going back, and sticks. RAUC's service runs on a bus of the test's own; where the kernel has no device mapper, its
# last step (mounting the bundle, writing the slot) is done here in its place. The whole of it, in a booted image: tests/image.
. tests/e2e/lib.sh
for tool in rauc grub-editenv dbus-daemon mksquashfs unsquashfs; do
    command -v "$tool" >/dev/null || {
        echo "skipped: $tool is not there"
        exit 0
    }
done
target=x86_64
VERSION=$("$WARDGATE" version | cut -d' ' -f2)
box=$TEST_DIR/box
data=$box/data
mkdir -p "$box" "$data" "$TEST_DIR/bin" "$TEST_DIR/stick"

# ---- keys, bundles ----

config/box/make-update-keys -n Test -o "$box/keys" >"$TEST_DIR/keys.log"
config/box/make-update-keys -n Other -o "$box/others" >>"$TEST_DIR/keys.log"
head -c 1000000 /dev/urandom >"$box/root.img"

bundle() { # VERSION FILE [TARGET [KEYS]]
    toolchain/image/make-bundle "${3:-$target}" "$1" "$box/root.img" "$box/${4:-keys}/update.key" "$box/${4:-keys}/update.pem" "$box/$2" \
        >>"$TEST_DIR/bundles.log" 2>&1 || fail "no bundle $2"
}

odd_bundle() { # BUILD FILE: one that says this of the store
    rm -rf "$box/odd"
    mkdir "$box/odd"
    cp "$box/root.img" "$box/odd/"
    printf '[update]\ncompatible=wardgate-%s\nversion=99.0.0\nbuild=%s\n[bundle]\nformat=verity\n[image.rootfs]\nfilename=root.img\n' \
        "$target" "$1" >"$box/odd/manifest.raucm"
    rauc bundle --cert="$box/keys/update.pem" --key="$box/keys/update.key" "$box/odd" "$box/$2" >>"$TEST_DIR/bundles.log" 2>&1
}

bundle 99.0.0 new.raucb
bundle 99.0.1 newer.raucb
bundle 0.0.1 older.raucb
bundle 99.0.0 board.raucb aarch64
bundle 99.0.0 others.raucb $target others
odd_bundle store=1-2 behind.raucb
odd_bundle store=98-99 ahead.raucb
odd_bundle '' plain.raucb
head -c 700000 "$box/new.raucb" >"$box/cut.raucb"
: >"$box/empty.raucb"
head -c 100000 /dev/urandom >"$box/junk.raucb"
cp "$box/new.raucb" "$box/payload.raucb"
printf 'xyz' | dd of="$box/payload.raucb" bs=1 seek=500000 conv=notrunc 2>/dev/null
cp "$box/new.raucb" "$box/manifest.raucb"
at=$(grep -abo 'version=99.0.0' "$box/new.raucb" | tail -n 1 | cut -d: -f1)
printf 'version=99.9.9' | dd of="$box/manifest.raucb" bs=1 seek="$at" conv=notrunc 2>/dev/null

# ---- a box: two slots, GRUB's environment, RAUC ----

slots() { # MIB
    rm -f "$box"/root[AB]
    truncate -s "${1}M" "$box/rootA" "$box/rootB"
}
slots 4
grub-editenv "$box/grubenv" create
grub-editenv "$box/grubenv" set ORDER="A B" A_OK=1 B_OK=0 A_TRY=1 B_TRY=0
cat >"$box/system.conf" <<END
[system]
compatible=wardgate-$target
bootloader=grub
grubenv=$box/grubenv
statusfile=$box/rauc.status
mountprefix=$box/mount
bundle-formats=verity

[keyring]
path=$data/update/keyring.pem

[slot.rootfs.0]
device=$box/rootA
type=raw
bootname=A

[slot.rootfs.1]
device=$box/rootB
type=raw
bootname=B
END

# Where RAUC cannot mount a bundle: what it does then, the marks in GRUB's environment by RAUC itself.
REAL_RAUC=$(command -v rauc)
cat >"$TEST_DIR/bin/rauc" <<END
#!/bin/sh
if [ "\$1" = status ] && [ -e "$box/swapped" ]; then "$REAL_RAUC" "\$@" | sed "s/^\(RAUC_SLOT_STATUS_BUNDLE_VERSION_1\)=.*/\1='0.0.1'/" && exit; fi
[ "\$1" = install ] || exec "$REAL_RAUC" "\$@"
[ ! -e "$box/install-says" ] || { cat "$box/install-says"; exit 1; }
echo ' 40% Checking bundle done.'
"$REAL_RAUC" status mark-bad other >/dev/null
unsquashfs -q -n -d "$box/content" "\$2" root.img >/dev/null && dd if="$box/content/root.img" of="$box/root\$(cat "$box/other")" conv=notrunc 2>/dev/null
rm -rf "$box/content"
echo ' 90% Updating slots done.'
"$REAL_RAUC" status mark-active other >/dev/null && echo '100% Installing done.'
END
chmod +x "$TEST_DIR/bin/rauc"
[ -e /dev/mapper/control ] && [ "$(id -u)" -eq 0 ] || PATH=$TEST_DIR/bin:$PATH

export DBUS_SESSION_BUS_ADDRESS=unix:path=$TEST_DIR/bus DBUS_STARTER_BUS_TYPE=session
dbus-daemon --session --nofork --address="$DBUS_SESSION_BUS_ADDRESS" >"$TEST_DIR/bus.log" 2>&1 &
pids+=("$!")
wait_for 5 "a bus" test -S "$TEST_DIR/bus"

boot_slot() { # SLOT: RAUC as it is after a start with this slot; GRUB has counted a try
    if [ -n "${RAUC_PID:-}" ]; then
        kill "$RAUC_PID"
        wait "$RAUC_PID" || true
    fi
    grub-editenv "$box/grubenv" set "$1_TRY=1"
    case $1 in A) echo B ;; *) echo A ;; esac >"$box/other"
    "$REAL_RAUC" --conf="$box/system.conf" service --override-boot-slot="$1" >>"$TEST_DIR/rauc.log" 2>&1 &
    RAUC_PID=$!
    pids+=("$RAUC_PID")
    wait_for 5 "RAUC answers" rauc status
}
grub_has() { grub-editenv "$box/grubenv" list | grep -qx "$1" || fail "GRUB's environment lacks $1: $(grub-editenv "$box/grubenv" list | tr '\n' ' ')"; }

# Another start of the box, as far as what it notes goes.
another_boot() { [ ! -e "$data/update/pending" ] || sed -i 's/^boot=.*/boot=of-another-day/' "$data/update/pending"; }

update() { "$WARDGATE" update --system "$box/system.conf" --data "$data" -c "$TEST_DIR/wardgate.yaml" "$@"; }
refuses() { # WORDS OPTION...: fails, and says so
    local expected=$1
    shift
    ! update "$@" >"$TEST_DIR/said" 2>&1 || fail "not refused: $*"
    finds -F "$expected" <"$TEST_DIR/said" || fail "said of $*: $(cat "$TEST_DIR/said") (not: $expected)"
}

# ---- who is believed ----

write_config <<END
buses:
  gw-a: {kind: modbus-tcp, host: 127.0.0.1, port: $WARD_PORT}
beds:
  b01: {bus: gw-a, address: 1, profile: generic-vitals, class: adult}
rules: [rules/standard.yaml]
status_socket: $TEST_DIR/status.sock
END
! "$WARDGATE" update --system "$box/none" "$box/new.raucb" 2>"$TEST_DIR/said" || fail "an update of no box"
finds -F 'this is no box' <"$TEST_DIR/said" || fail "said: $(cat "$TEST_DIR/said")"
refuses 'not given the hospital' --check "$box/new.raucb"
update --trust "$box/nothing" || fail "nothing to believe is a fault"
refuses 'private key' --trust "$box/keys/update-ca.key"
refuses 'not update.pem' --trust "$box/keys/update.pem"
head -n 4 "$box/keys/update-ca.pem" >"$box/cut-ca.pem"
tail -n 1 "$box/keys/update-ca.pem" >>"$box/cut-ca.pem"
refuses 'not the whole certificate' --trust "$box/cut-ca.pem"
update --trust "$box/keys/update-ca.pem" 2>"$TEST_DIR/said" || fail "the certificate is not taken"
update --trust "$box/others/update-ca.pem" 2>"$TEST_DIR/said" || fail "another one is a fault"
finds -F 'changes nothing' <"$TEST_DIR/said" || fail "another one: $(cat "$TEST_DIR/said")"
cmp -s "$box/keys/update-ca.pem" "$data/update/keyring.pem" || fail "another certificate was taken"

# As the box does it at each start: what is wrong with the file stands where people look.
mkdir -p "$TEST_DIR/efi"
cat >"$TEST_DIR/bin/wardgate-trusts" <<END
#!/bin/sh
command=\$1 option=\$2 file=\$3
exec "$WARDGATE" "\$command" --system "$box/system.conf" --data "$data" "\$option" "\$file"
END
chmod +x "$TEST_DIR/bin/wardgate-trusts"
take_trust() {
    rm -rf "$TEST_DIR/trust-run"
    BOOT=$TEST_DIR/efi RUN=$TEST_DIR/trust-run WARDGATE=$TEST_DIR/bin/wardgate-trusts config/box/root/usr/lib/wardgate/take-trust 2>"$TEST_DIR/said"
}
trust_report() { "$WARDGATE" box report --boot "$TEST_DIR/efi" --data "$data" --run "$TEST_DIR/trust-run" --leds "$TEST_DIR/leds"; }
take_trust || fail "no certificate is a fault: $(cat "$TEST_DIR/said")"
cp "$box/others/update-ca.pem" "$TEST_DIR/efi/update-ca.pem"
take_trust || fail "another one is a fault: $(cat "$TEST_DIR/said")"
finds -F 'changes nothing' <"$TEST_DIR/said" || fail "the log does not have it: $(cat "$TEST_DIR/said")"
trust_report | finds -F 'update-ca.pem is not the certificate that this box took before' || fail "the report: $(trust_report)"
cp "$box/keys/update-ca.pem" "$TEST_DIR/efi/update-ca.pem"
take_trust || fail "the one that it has is a fault: $(cat "$TEST_DIR/said")"
! trust_report | finds -F update-ca.pem || fail "the report tells of what is well: $(trust_report)"
mv "$data/update/keyring.pem" "$TEST_DIR/keyring.pem"
echo nothing >"$TEST_DIR/efi/update-ca.pem"
! take_trust || fail "a file that is no certificate is well"
trust_report | finds -F 'update-ca.pem is no certificate' || fail "the report: $(trust_report)"
rm "$TEST_DIR/efi/update-ca.pem"
mv "$TEST_DIR/keyring.pem" "$data/update/keyring.pem"

# ---- what is refused, before anything is written ----

update --check "$box/new.raucb" >"$TEST_DIR/said" || fail "a good one is refused"
update --check --json "$box/new.raucb" | python3 -c 'import json,sys; assert json.load(sys.stdin)["version"] == "99.0.0"' || fail "no JSON"
refuses 'not signed with a key that this box believes' "$box/others.raucb"
refuses 'not what was signed' "$box/payload.raucb"
refuses 'not what was signed' "$box/manifest.raucb"
refuses 'is not whole' "$box/cut.raucb"
refuses 'is no update' "$box/junk.raucb"
refuses 'is no update' "$box/empty.raucb"
refuses 'no update of wardgate' "$box/plain.raucb"
refuses 'for another board (wardgate-aarch64)' "$box/board.raucb"
refuses 'brings 0.0.1' "$box/older.raucb"
refuses 'No such file' "$box/nothing.raucb"
update --json "$box/payload.raucb" >"$TEST_DIR/said" && fail "not refused"
python3 -c 'import json,sys; assert json.load(sys.stdin)["reason"] == "tampered"' <"$TEST_DIR/said" || fail "JSON: $(cat "$TEST_DIR/said")"
[ ! -e "$data/update/pending" ] || fail "something refused was noted"
grub_has B_OK=0

# ---- an installation under a running alarm ----

start_broker
start_ward <<END
control $TEST_DIR/ward.sock
tcp gw-a 127.0.0.1:$WARD_PORT turnaround=1ms
monitor b01 gw-a 1 generated seed=1
END
start_gateway
wait_for 10 "a value" status_has '"spo2":'
ward_do b01 value spo2 75
wait_for 40 "the alarm" is_raised b01 spo2_low
boot_slot A
slots 1
truncate -s 100K "$box/rootB"
refuses 'does not fit' "$box/new.raucb"
slots 4
refuses "cannot read this box's store" --allow-older "$box/behind.raucb"
refuses 'cannot work in this box' "$box/ahead.raucb"
flock "$data/update" sleep 2 &
sleep 0.2
refuses 'another installation' "$box/new.raucb"
wait $!
echo 'LastError: Failed mounting bundle: no space left' >"$box/install-says"
if [ "$(command -v rauc)" != "$REAL_RAUC" ]; then
    refuses 'no room' "$box/new.raucb"
    echo 'LastError: Already processing a different method' >"$box/install-says"
    refuses 'another installation' "$box/new.raucb"
    [ ! -e "$data/update/pending" ] || fail "what did not come to be is noted"
fi
rm "$box/install-says"

mkdir -p "$TEST_DIR/lost"
echo 'there is no data partition' >"$TEST_DIR/lost/data-lost"
refuses 'the box keeps nothing at present' --run "$TEST_DIR/lost" "$box/new.raucb"
[ ! -e "$data/update/pending" ] || fail "what was refused is noted"

# A stick that shows RAUC another bundle than us: the slot is not started.
if [ "$(command -v rauc)" != "$REAL_RAUC" ]; then
    touch "$box/swapped"
    refuses 'another bundle when it was installed' "$box/new.raucb"
    rm "$box/swapped"
    grub_has B_OK=0
    [ ! -e "$data/update/pending" ] || fail "what is not started is noted"
fi

update "$box/new.raucb" >"$TEST_DIR/said" 2>&1 || fail "not installed: $(cat "$TEST_DIR/said")"
finds -F 'is in slot B' <"$TEST_DIR/said" || fail "said: $(cat "$TEST_DIR/said")"
cmp -s -n 1000000 "$box/root.img" "$box/rootB" || fail "slot B does not hold the root"
for has in 'ORDER=B A' A_OK=1 A_PROVEN=1 B_OK=1 B_TRY=0 B_PROVEN=0; do grub_has "$has"; done
grep -qx 'link gw-a' "$data/update/before" || fail "what works is not noted: $(cat "$data/update/before")"
[ "$(cat "$TEST_DIR/store/schema-most")" = "$(sed -nE 's/^#define STORE_SCHEMA +([0-9]+)U$/\1/p' drivers/store/store.h)" ] ||
    fail "the store may go where this version could not follow"
update --status >"$TEST_DIR/said"
finds -E 'slot B.* taken by the next start' <"$TEST_DIR/said" || fail "status: $(cat "$TEST_DIR/said")"
is_raised b01 spo2_low || fail "the alarm is gone"

# ---- the trial: this same program plays the new one, for the box knows another one as good ----

on_trial() {
    another_boot
    sed -i 's/^version=.*/version=0.0.9/' "$data/update/good"
    boot_slot B
}
stop_gateway
on_trial
start_gateway
update --status --json >"$TEST_DIR/said"
python3 -c 'import json,sys; s = json.load(sys.stdin); assert s["trial"] and [x for x in s["slots"] if x["runs"]][0]["slot"] == "B"' <"$TEST_DIR/said" ||
    fail "status: $(cat "$TEST_DIR/said")"
refuses 'is on trial itself' "$box/newer.raucb"
# Once GRUB has its mark it would start this one again: the box is not started for what else cannot be noted.
mkdir "$data/update/good.next"
code=0
update --good --for 3 --within 40 2>"$TEST_DIR/said" || code=$?
[ $code -eq 75 ] || fail "exit status $code: $(cat "$TEST_DIR/said")"
rmdir "$data/update/good.next"
update --good --for 3 --within 40 2>"$TEST_DIR/said" || fail "not good: $(cat "$TEST_DIR/said")"
for has in B_TRY=0 B_OK=1 B_PROVEN=1 A_OK=1; do grub_has "$has"; done
[ ! -e "$data/update/pending" ] || fail "the trial goes on"
update --status >"$TEST_DIR/said"
finds -E '^slot A +0\.0\.9 +good' <"$TEST_DIR/said" || fail "the version before is not known: $(cat "$TEST_DIR/said")"
is_raised b01 spo2_low || fail "the alarm did not survive"
# From then on, at once, whatever the ward is like.
boot_slot B
stop_gateway
update --good --for 60 --within 1 2>"$TEST_DIR/said" || fail "a proven version is not good: $(cat "$TEST_DIR/said")"
grub_has B_TRY=0

# ---- one that does not come so far ----

start_gateway
wait_for 10 "a value" status_has '"spo2":'
boot_slot B
update "$box/newer.raucb" >"$TEST_DIR/said" 2>&1 || fail "not installed: $(cat "$TEST_DIR/said")"
stop_gateway
another_boot
sed -i 's/^version=.*/version=0.0.9/' "$data/update/good"
boot_slot A
if update --good --for 2 --within 3 2>"$TEST_DIR/said"; then fail "good without a gateway"; fi
finds -F 'no gateway answers' <"$TEST_DIR/said" || fail "said: $(cat "$TEST_DIR/said")"
# GRUB has tried A once, and goes back to B.
sed -i "s/^version=.*/version=$VERSION/" "$data/update/good"
boot_slot B
update --good --for 1 --within 5 2>"$TEST_DIR/said" || fail "not good: $(cat "$TEST_DIR/said")"
finds -F 'update to 99.0.1 did not come to be (no gateway answers' <"$TEST_DIR/said" || fail "said: $(cat "$TEST_DIR/said")"
update --status | finds -F '99.0.1 was given up' || fail "status: $(update --status)"

mkdir -p "$TEST_DIR/efi"
"$WARDGATE" box report --boot "$TEST_DIR/efi" --data "$data" --run "$TEST_DIR/box-run" --leds "$TEST_DIR/leds" >"$TEST_DIR/said" || fail "no report"
finds -F 'the update to 99.0.1 WAS GIVEN UP: no gateway answers' <"$TEST_DIR/efi/report.txt" || fail "the report says: $(cat "$TEST_DIR/efi/report.txt")"
finds -F 'tries this one again, a stick does not' <"$TEST_DIR/efi/report.txt" || fail "the report says: $(cat "$TEST_DIR/efi/report.txt")"

# Another build of the same version is on trial like any other.
cp "$data/update/failed" "$TEST_DIR/failed"
bundle "$VERSION" same.raucb
update --allow-older "$box/same.raucb" >"$TEST_DIR/said" 2>&1 || fail "not installed: $(cat "$TEST_DIR/said")"
another_boot
boot_slot A
update --status | finds -E '^slot A.* on trial' || fail "status: $(update --status)"
if update --good --for 2 --within 3 2>"$TEST_DIR/said"; then fail "another build of the same version is good unseen"; fi
grub_has A_PROVEN=0
boot_slot B
update --good --for 60 --within 1 2>"$TEST_DIR/said" || fail "not good: $(cat "$TEST_DIR/said")"

# A version with which the box does not find its records, as when it cannot mount their partition, does not stay; one that GRUB knows as proven does.
start_gateway
grub-editenv "$box/grubenv" set A_OK=1 A_PROVEN=0
mv "$data/update/good" "$TEST_DIR/good"
boot_slot A
if update --good --for 1 --within 20 2>"$TEST_DIR/said"; then fail "good without the box's records"; fi
finds -F "the box's records are not there" <"$TEST_DIR/said" || fail "said: $(cat "$TEST_DIR/said")"
grub_has A_PROVEN=0
boot_slot B
stop_gateway
update --good --for 60 --within 1 2>"$TEST_DIR/said" || fail "a proven version is not good without the records: $(cat "$TEST_DIR/said")"
cmp "$data/update/good" "$TEST_DIR/good" || fail "what runs well is not noted anew"

# One with which RAUC does not answer cannot be marked, and so cannot stay.
printf 'version=%s\nslot=B\nboot=of-another-day\nstate=installed\n' "$VERSION" >"$data/update/pending"
sed -i 's/^version=.*/version=0.0.9/' "$data/update/good"
kill "$RAUC_PID"
wait "$RAUC_PID" || true
code=0
update --good --for 1 --within 2 2>"$TEST_DIR/said" || code=$?
[ $code -eq 1 ] || fail "exit status $code: $(cat "$TEST_DIR/said")"
finds -F 'given up (RAUC does not say which slot runs)' <"$TEST_DIR/said" || fail "said: $(cat "$TEST_DIR/said")"
grep -q '^reason=RAUC' "$data/update/pending" || fail "its reason is not noted: $(cat "$data/update/pending")"
# Another build of the same version is told from the one before by the slot that GRUB has told the kernel, and is no trial where that is the good one's.
sed -i "s/^version=.*/version=$VERSION/" "$data/update/good"
sed -i -e 's/^slot=.*/slot=A/' -e '/^reason=/d' "$data/update/pending"
cp "$data/update/pending" "$TEST_DIR/pending"
grep -qx slot=B "$data/update/good" || fail "the good one is not in B: $(cat "$data/update/good")"
echo 'quiet rauc.slot=A panic=10' >"$TEST_DIR/kernel-a"
echo 'quiet rauc.slot=B' >"$TEST_DIR/kernel-b"
code=0
timeout 30 "$WARDGATE" update --system "$box/system.conf" --data "$data" -c "$TEST_DIR/wardgate.yaml" --kernel "$TEST_DIR/kernel-a" --good --for 1 --within 2 \
    2>"$TEST_DIR/said" || code=$?
[ $code -eq 1 ] || fail "another build of the same version: exit status $code: $(cat "$TEST_DIR/said")"
finds -F 'given up (RAUC does not say which slot runs)' <"$TEST_DIR/said" || fail "said: $(cat "$TEST_DIR/said")"
cp "$TEST_DIR/pending" "$data/update/pending"
code=0
timeout 5 "$WARDGATE" update --system "$box/system.conf" --data "$data" -c "$TEST_DIR/wardgate.yaml" --kernel "$TEST_DIR/kernel-b" --good --for 1 --within 2 \
    2>"$TEST_DIR/said" || code=$?
[ $code -eq 124 ] || fail "the version before is not waited for: exit status $code: $(cat "$TEST_DIR/said")"
RAUC_PID=
rm "$data/update/pending"
mv "$TEST_DIR/failed" "$data/update/failed"
sed -i "s/^version=.*/version=$VERSION/" "$data/update/good"
boot_slot B

# Without another one to go back to it is waited for, and nothing is started again.
grub-editenv "$box/grubenv" set A_OK=0
sed -i 's/^version=.*/version=0.0.9/' "$data/update/good"
code=0
update --good --for 2 --within 2 2>"$TEST_DIR/said" || code=$?
[ $code -eq 75 ] || fail "exit status $code: $(cat "$TEST_DIR/said")"
sed -i "s/^version=.*/version=$VERSION/" "$data/update/good"

# ---- a box that was just switched on: what works is seen before it is noted ----

since_s=$(cut -d. -f1 /proc/uptime)
if unshare --time --boottime -$((since_s - 260)) true 2>/dev/null; then
    start_gateway
    rm "$data/update/before"
    started_s=$(cut -d. -f1 /proc/uptime)
    unshare --time --boottime -$((started_s - 285)) "$WARDGATE" update --system "$box/system.conf" --data "$data" -c "$TEST_DIR/wardgate.yaml" \
        "$box/new.raucb" >"$TEST_DIR/said" 2>&1 || fail "not installed: $(cat "$TEST_DIR/said")"
    finds -F 'until the gateway has run for a minute' <"$TEST_DIR/said" || fail "it does not wait: $(cat "$TEST_DIR/said")"
    [ $(($(cut -d. -f1 /proc/uptime) - started_s)) -ge 14 ] || fail "it did not wait"
    grep -qx 'link gw-a' "$data/update/before" || fail "what works is not noted: $(cat "$data/update/before")"
    stop_gateway
fi

# ---- sticks ----

stick=$TEST_DIR/stick
from_stick() { update --stick "$stick" >"$TEST_DIR/said" 2>&1; }
tells() { finds -F "$1" <"$TEST_DIR/said" || fail "the stick's report: $(cat "$TEST_DIR/said")"; }
! from_stick || fail "an empty stick"
tells 'no update on this stick'
cp "$box/newer.raucb" "$stick/"
! from_stick || fail "one that was given up is tried again"
tells 'was tried before and given up'
# nothing of that is noted yet, as RAUC has not said which version runs
mv "$data/update/failed" "$TEST_DIR/failed"
sed -e 's/^boot=.*/boot=of-another-day/' -e 's/^state=.*/state=installed/' -e '/^reason=/d' "$TEST_DIR/failed" >"$data/update/pending"
grep -q '^state=' "$data/update/pending" || echo state=installed >>"$data/update/pending"
grep -q '^boot=' "$data/update/pending" || echo boot=of-another-day >>"$data/update/pending"
! from_stick || fail "one that does not run after its restart is tried again"
tells 'was tried before and given up (it does not run)'
sed -i 's/^state=.*/state=installing/' "$data/update/pending" # a power cut in the middle of it
from_stick || fail "one whose installation was cut short is not tried again: $(cat "$TEST_DIR/said")"
rm "$data/update/pending"
mv "$TEST_DIR/failed" "$data/update/failed"
cp "$box/new.raucb" "$stick/one.raucb"
bundle 99.0.2 two.raucb
cp "$box/two.raucb" "$stick/"
! from_stick || fail "two updates on one stick"
tells 'leave the one update on the stick'
rm "$stick/one.raucb"
cp "$box/payload.raucb" "$box/board.raucb" "$stick/"
from_stick || fail "the one that fits: $(cat "$TEST_DIR/said")"
tells 'payload.raucb is not what was signed'
tells 'for another board'
tells '99.0.2 is in slot A'

# As the box does it when a stick is plugged in; folders for sticks here.
rm "$stick"/*
cat >"$TEST_DIR/bin/mount-stick" <<END
#!/bin/sh
echo "mount \$*" >>"$TEST_DIR/mounts"
rm -rf "\$4" && ln -s "$stick" "\$4"
END
cat >"$TEST_DIR/bin/umount" <<'END'
#!/bin/sh
rm "$1" && mkdir "$1"
END
cat >"$TEST_DIR/bin/wardgate-here" <<END
#!/bin/sh
command=\$1 option=\$2 folder=\$3
exec "$WARDGATE" "\$command" --system "$box/system.conf" --data "$data" "\$option" "\$folder" -c "$TEST_DIR/wardgate.yaml"
END
chmod +x "$TEST_DIR"/bin/*
plug_in() {
    PATH=$TEST_DIR/bin:$PATH CONSOLE=$TEST_DIR/console MOUNT=${MOUNT:-mount-stick} RUN=$TEST_DIR WARDGATE=wardgate-here \
        REBOOT="touch $TEST_DIR/restarted" config/box/root/usr/lib/wardgate/stick sdx1
}
plug_in
finds -F 'no update on this stick' <"$stick/report.txt" || fail "report.txt: $(cat "$stick/report.txt")"
finds -F 'no update on this stick' <"$TEST_DIR/console" || fail "console: $(cat "$TEST_DIR/console")"
[ ! -e "$TEST_DIR/restarted" ] || fail "the box was started again for nothing"
box_report() { "$WARDGATE" box report --boot "$TEST_DIR/efi" --data "$data" --run "$TEST_DIR" --leds "$TEST_DIR/leds"; }
box_report | finds 'A stick brought no update, at 20.*UTC:' || fail "the box's report: $(box_report)"
box_report | finds -F 'no update on this stick' || fail "the box's report: $(box_report)"
[ "$(sed -n 1p "$TEST_DIR/mounts")" = "mount -o ro,noexec,nosuid,nodev /dev/sdx1 $TEST_DIR/stick-sdx1" ] || fail "mounted: $(cat "$TEST_DIR/mounts")"
# Names on a stick steer no terminal, wherever they are shown, nor do they bring lines of their own.
head -c 1000 /dev/urandom >"$stick/"$'\e[2Jsure\nwardgate: all is well\xc2\x9b2J\x7f.raucb'
plug_in
finds -F 'sure wardgate: all is well' <"$stick/report.txt" || fail "report.txt: $(cat "$stick/report.txt")"
finds -F 'sure wardgate: all is well' <"$TEST_DIR/console" || fail "console: $(cat "$TEST_DIR/console")"
for file in "$stick/report.txt" "$TEST_DIR/console" "$TEST_DIR/report.d/stick"; do
    ! LC_ALL=C grep -qP '[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\xc2[\x80-\x9f]' "$file" || fail "control characters: $(cat -v "$file")"
    ! grep -q '^\(wardgate: \)\?all is well' "$file" || fail "a line of its own: $(cat -v "$file")"
done
rm -f "$stick"/*.raucb
cat >"$TEST_DIR/bin/mount-nothing" <<'END'
#!/bin/sh
exit 32
END
chmod +x "$TEST_DIR/bin/mount-nothing"
! MOUNT=mount-nothing plug_in || fail "a stick of another kind is well"
finds -F 'wardgate: the stick sdx1 cannot be read, format it as FAT' <"$TEST_DIR/console" || fail "console: $(cat "$TEST_DIR/console")"
box_report | finds -F 'the stick sdx1 cannot be read, format it as FAT' || fail "the box's report: $(box_report)"
cp "$box/two.raucb" "$stick/"
plug_in
finds -F '99.0.2 is in slot A' <"$stick/report.txt" || fail "report.txt: $(cat "$stick/report.txt")"
[ -e "$TEST_DIR/restarted" ] || fail "the box was not started again"
! box_report | grep -q 'A stick brought no update' || fail "the box's report still tells of the stick before"
