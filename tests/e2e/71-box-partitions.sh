#!/usr/bin/env bash
# A box without its data partition (none, broken, read-only), and one without its boot partition (none, broken): the box's own scripts in a root of their own,
# with the places as a box has them. What stands in, and what is told.
. tests/e2e/lib.sh
needs_no_sanitizer "the program is put into another root"
if [ "$(id -u)" -ne 0 ] || ! unshare --mount --uts true 2>/dev/null; then
    echo "skipped: needs root, and a namespace for mounts"
    exit 0
fi

# root <SCRIPT: runs it as a box's shell, with nothing mounted at /data and /efi; `disk NAME` makes a partition of which nobody can mount anything.
ROOT=$TEST_DIR/root
mkdir "$ROOT"
# shellcheck disable=SC2016 # what is written here is for another shell, below, too
root() {
    { echo 'set -eu; disk() { mknod "/dev/box/$1" b 7 99; }' && cat; } >"$TEST_DIR/inside.sh"
    cat >"$TEST_DIR/outside.sh" <<END
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs "$ROOT"
cd "$ROOT"
mkdir -p usr proc dev/box run/box data/etc/keys data/etc/ssh efi var etc tmp box
mount --rbind /usr usr
mount --rbind /proc proc
for link in bin sbin lib lib64; do [ ! -e /\$link ] || ln -s usr/\$link \$link; done
mknod dev/null c 1 3
cp /etc/ld.so.cache etc/
{ echo root:x:0:0::/:/bin/sh; grep -v '^root:' "$PWD/config/box/passwd"; } >etc/passwd
{ echo root:x:0:; grep -v '^root:' "$PWD/config/box/group"; } >etc/group
cp "$WARDGATE" box/wardgate
cp "$PWD/config/box/set-up" "$PWD/config/box/root/usr/lib/wardgate/prepare-data" "$TEST_DIR/inside.sh" box/
echo key | tee data/etc/keys/gateway.key >data/etc/ssh/ssh_host_ed25519_key
PATH=/box:/usr/bin:/usr/sbin:/bin:/sbin exec chroot . /bin/sh /box/inside.sh
END
    unshare --mount --uts bash "$TEST_DIR/outside.sh" >"$TEST_DIR/said.txt" 2>&1 || fail "the box's script fails: $(cat "$TEST_DIR/said.txt")"
}
says() { grep -qF -- "$1" "$TEST_DIR/said.txt" || fail "it does not say \"$1\": $(cat "$TEST_DIR/said.txt")"; }
says_not() { ! grep -qF -- "$1" "$TEST_DIR/said.txt" || fail "it says \"$1\": $(cat "$TEST_DIR/said.txt")"; }

### The disk that the initrd takes, of those that have the slot's partition

# shellcheck disable=SC2016
sed -n '/^find_root()/,/^}/p; /^is_found()/,/^}/p; /^if \[ \$best -ge 4 \]/,/^fi$/p' config/box/init |
    sed -e "s#/sys/#$TEST_DIR/sys/#g" -e "s#/run/box#$TEST_DIR/run-box#g" >"$TEST_DIR/find.sh"
# disks NAME WHOSE REMOVABLE...: those are there, in that order
disks() {
    rm -rf "$TEST_DIR/sys" "$TEST_DIR/run-box"
    mkdir -p "$TEST_DIR/sys/class/block" "$TEST_DIR/run-box"
    while [ $# -gt 0 ]; do
        mkdir -p "$TEST_DIR/sys/devices/$1/${1}1"
        printf 'DEVNAME=%s1\nPARTNAME=rootA\n' "$1" >"$TEST_DIR/sys/devices/$1/${1}1/uevent"
        printf '%s' "$2" >"$TEST_DIR/run-box/whose.$1"
        printf '%s' "$3" >"$TEST_DIR/sys/devices/$1/removable"
        ln -s "../../devices/$1/${1}1" "$TEST_DIR/sys/class/block/${1}1"
        shift 3
    done
}
# takes TRIES DISK [EQUAL]: it is taken at that try, none before it; that other one may as well be it
takes() {
    local now before
    # shellcheck disable=SC2016
    now=$(sh -uc 'slot=A tries=$2; tell() { echo "told: $1"; }; eval "$(sed "/^if /,\$d" "$1")"
        is_found || { echo waits; exit; }; eval "$(sed -n "/^if /,\$p" "$1")"; echo "${root##*/} ${equal##*/}"' sh "$TEST_DIR/find.sh" "$1" 2>&1) || true
    before=''
    [ "$1" -eq 0 ] || before=$(sh -uc 'slot=A tries=$(($2 - 1)); eval "$(sed "/^if /,\$d" "$1")"; is_found || echo waits' sh "$TEST_DIR/find.sh" "$1" 2>&1) || true
    [ "$(tail -n 1 <<<"$now")" = "${2}1 ${3:+${3}1}" ] || fail "not $2 at try $1: $now"
    [ "$1" -eq 0 ] || [ "$before" = waits ] || fail "taken before try $1: $before"
    said=$now
}
disks sda 0 0
takes 0 sda
disks sda 4 0 sdb 0 1
takes 0 sdb
disks sda 2 0
takes 26 sda
disks sda 2 1 sdb 2 0 # neither has been started: the one that cannot be pulled out, and that is told
takes 26 sdb sda
disks sda 0 0 sdb 0 1 # a copy
takes 0 sda sdb
disks sda 4 0 # another box's: after the whole wait, and never silently
takes 150 sda
grep -q '^told: THE DISK OF ANOTHER BOX IS USED: sda1' <<<"$said" || fail "it is not told: $said"
grep -q 'THE DISK OF ANOTHER BOX' "$TEST_DIR/run-box/wrong.d/disk" || fail "the report will not tell of it"
disks sda '' '' # it goes as it is looked at: nothing that ends the initrd
takes 26 sda

### The data partition

# What is asked of /data, whatever it is: its folders with their owners, where the gateway has its store, nothing that can be run from it.
# shellcheck disable=SC2016
LOOK='prepare-data
stat -c "%n %U:%G %a" /data/wardgate /data/etc /data/rauc /data/log /data/chrony
touch /var/lib/wardgate/store && ls /data/wardgate
while read -r _ where kind options _; do if [ "$where" = /data ]; then echo "at /data: $kind $options"; fi; done </proc/mounts
cat /run/box/data-lost 2>/dev/null || echo nothing lost
mkdir -p /leds && wardgate box report --leds /leds >/dev/null 2>&1 || true
cat /efi/report.txt'
looks_right() {
    for line in "/data/wardgate wardgate:wardgate 750" "/data/etc root:wardgate 750" "/data/rauc root:root 700" "/data/log root:systemd-journal 2755" \
        "/data/chrony _chrony:_chrony 750" store; do
        grep -qxF "$line" "$TEST_DIR/said.txt" || fail "no \"$line\": $(cat "$TEST_DIR/said.txt")"
    done
}
# stands_in WHY: memory is in its place, and that is told to whoever reads the journal, the console or the report
stands_in() {
    looks_right
    says "wardgate: $1; what the box keeps is gone with the power"
    [ "$(grep -cF -- "$1" "$TEST_DIR/said.txt")" -ge 3 ] || fail "not told by data-lost and report: $(cat "$TEST_DIR/said.txt")"
    grep -q '^at /data: tmpfs .*noexec' "$TEST_DIR/said.txt" || fail "what stands in for it: $(cat "$TEST_DIR/said.txt")"
}
root <<<"$LOOK"
stands_in "there is no data partition"
root <<<"disk data
$LOOK"
stands_in "the data partition cannot be mounted, its file system is broken"
root <<<"mount -t tmpfs -o ro tmpfs /data
$LOOK"
stands_in "the data partition cannot be written to"
root <<<"mount -t tmpfs -o nosuid,nodev,noexec tmpfs /data; echo here >/data/kept
$LOOK
cat /data/kept"
looks_right
says "nothing lost"
says here
says_not "gone with the power"
[ "$(grep -c '^at /data' "$TEST_DIR/said.txt")" -eq 1 ] || fail "something was mounted over a sound one"

### The boot partition

SET_UP='set-up
cat /run/box/boot-lost 2>/dev/null || echo nothing lost
mkdir -p /leds && wardgate box report --leds /leds || true'
root <<<"$SET_UP"
says "the boot partition is not there: its files are not read; repair it on a laptop, or change the disk"
says_not "there is no such file on the boot partition"
root <<<"disk esp
$SET_UP"
says "the boot partition cannot be mounted (its file system is broken, or its flash is worn out): its files are not read"
says_not "there is no such file on the boot partition"
root <<<"mount -t tmpfs tmpfs /efi; echo before >/run/box/boot-lost
$SET_UP"
says "nothing lost"
says "there is no such file on the boot partition"
