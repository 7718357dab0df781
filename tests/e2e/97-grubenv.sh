#!/usr/bin/env bash
# The boot loader's notes (grubenv), torn and damaged in every way: made anew of a copy, and a slot that was bad never comes to be one to start.
. tests/e2e/lib.sh
command -v grub-editenv >/dev/null || {
    echo "skipped: grub-editenv is not there"
    exit 0
}
efi=$TEST_DIR/efi data=$TEST_DIR/data
notes=$efi/grub/grubenv
mkdir -p "$efi/grub" "$data/rauc"

keep_grubenv() { CMDLINE=$TEST_DIR/cmdline config/box/root/usr/lib/wardgate/keep-grubenv "$1" "$efi" "$data" >"$TEST_DIR/said" 2>&1; }
keep() { # SLOT: as at boot
    echo "quiet rauc.slot=$1 panic=10" >"$TEST_DIR/cmdline"
    keep_grubenv repair || fail "keep-grubenv fails: $(cat "$TEST_DIR/said")"
}
are_copied() { # WHEN
    for copy in "$notes.spare" "$data/rauc/grubenv"; do
        cmp -s "$notes" "$copy" || fail "$1: $copy is no copy of the notes"
    done
}
has() { grub-editenv "$1" list | grep -qx "$2" || fail "$3: $1 lacks $2: $(grub-editenv "$1" list 2>&1 | tr '\n' ' ')"; }

# B runs and is proven; what is in A must not be started.
fresh() {
    rm -f "$efi"/grub/* "$data"/rauc/*
    grub-editenv "$notes" create
    grub-editenv "$notes" set "ORDER=B A" A_OK=0 A_TRY=0 B_OK=1 B_TRY=0 B_PROVEN=1 machine_id=0123456789abcdef0123456789abcdef
    keep B
}

# damage FILE WAY
damage() {
    case $2 in
    zeros) dd if=/dev/zero of="$1" bs=1024 count=1 conv=notrunc status=none ;;
    erased) head -c 1024 /dev/zero | tr '\0' '\377' >"$1" ;;
    noise) head -c 1024 /dev/urandom >"$1" ;;
    short) truncate -s 100 "$1" ;;
    empty) : >"$1" ;;
    gone) rm -f "$1" ;;
    first-sector) dd if=/dev/zero of="$1" bs=512 count=1 conv=notrunc status=none ;;
    none-of-it) grub-editenv "$1" create ;;
    half-of-it) grub-editenv "$1" unset A_OK ;;
    esac
}
ways="zeros erased noise short empty gone first-sector none-of-it half-of-it"

fresh
are_copied "at first"
before=$(stat -c '%i %y' "$notes" "$notes.spare" "$data/rauc/grubenv")
keep B
[ "$(stat -c '%i %y' "$notes" "$notes.spare" "$data/rauc/grubenv")" = "$before" ] || fail "something was written although all was well"
[ ! -s "$TEST_DIR/said" ] || fail "it tells of something although all was well: $(cat "$TEST_DIR/said")"

for way in $ways; do
    fresh
    damage "$notes" "$way"
    keep B
    for setting in "ORDER=B A" A_OK=0 B_OK=1 B_PROVEN=1 machine_id=0123456789abcdef0123456789abcdef; do has "$notes" "$setting" "$way"; done

    fresh
    damage "$notes" "$way"
    damage "$notes.spare" "$way"
    keep B
    for setting in "ORDER=B A" A_OK=0 B_OK=1 B_PROVEN=1; do has "$notes" "$setting" "$way, the spare, too"; done
    cmp -s "$notes" "$notes.spare" || fail "$way: the spare is not made anew"

    fresh
    for file in "$notes" "$notes.spare" "$data/rauc/grubenv"; do damage "$file" "$way"; done
    keep B
    for setting in "ORDER=B A" A_OK=0 B_OK=1; do has "$notes" "$setting" "$way, everywhere"; done
    grep -q 'only one to start' "$TEST_DIR/said" || fail "$way, everywhere: it does not say so"
done

# What changes later is copied, and a damaged copy does no harm.
fresh
grub-editenv "$notes" set A_OK=1 "ORDER=A B"
damage "$notes.spare" noise
damage "$data/rauc/grubenv" short
keep B
for file in "$notes" "$notes.spare" "$data/rauc/grubenv"; do has "$file" "ORDER=A B" "after a change"; done

### Beside others who write the notes, in place, as grub-editenv does: cut to nothing first

# What it is cut to for a while, then what it becomes.
slow_write() { # SETTINGS...
    cp "$notes" "$TEST_DIR/coming"
    grub-editenv "$TEST_DIR/coming" set "$@"
    { sleep 0.7 && head -c "$half" && sleep 0.7 && cat; } <"$TEST_DIR/coming" >"$notes"
}
follow() { keep_grubenv follow || fail "the copies are not made: $(cat "$TEST_DIR/said")"; }

# A change under way is no damage: what is written stays, and no copy is ever one of something half written. grub-editenv
# takes what is cut off for damage when it is 512 bytes.
for half in 0 512; do
    fresh
    slow_write A_OK=1 "ORDER=A B" &
    writer=$!
    sleep 0.2
    follow &
    follower=$!
    for _ in 1 2 3 4; do
        for copy in "$notes.spare" "$data/rauc/grubenv"; do
            has "$copy" "B_PROVEN=1" "while $half bytes of the notes are there"
        done
        sleep 0.25
    done
    wait $writer
    wait $follower || exit 1
    for setting in A_OK=1 "ORDER=A B" B_PROVEN=1; do has "$notes" "$setting" "after a slow change"; done
    are_copied "after a slow change"
done

# One run sees the second of a pair as well, for systemd starts no other one meanwhile.
for pause in 0 0.05 0.2 0.5 0.8; do
    fresh
    grub-editenv "$notes" set A_TRY=2
    follow &
    follower=$!
    sleep $pause
    grub-editenv "$notes" set A_PROVEN=1
    wait $follower || exit 1
    for setting in A_TRY=2 A_PROVEN=1; do has "$notes" "$setting" "a pair, $pause s apart"; done
    are_copied "a pair, $pause s apart"
done

# Pair after pair: none is lost, none is undone.
fresh
: >"$TEST_DIR/writes"
while [ -e "$TEST_DIR/writes" ]; do follow || exit 1; done &
follower=$!
for n in $(seq 60); do
    grub-editenv "$notes" set "A_TRY=$n"
    grub-editenv "$notes" set "note=$n"
    for setting in "A_TRY=$n" "note=$n"; do has "$notes" "$setting" "pair $n, beside keep-grubenv"; done
done
rm "$TEST_DIR/writes"
wait $follower || exit 1
for setting in A_TRY=60 note=60 A_OK=0 machine_id=0123456789abcdef0123456789abcdef; do has "$notes" "$setting" "after all pairs"; done
are_copied "after all pairs"

# Damage is left to the next start: notes and copies stay as they are.
for way in noise empty gone; do
    fresh
    damage "$notes" "$way"
    before=$(md5sum "$notes" "$notes.spare" "$data/rauc/grubenv" 2>&1) || true
    TRIES=3 keep_grubenv follow && fail "$way: copies of damaged notes are made"
    [ "$(md5sum "$notes" "$notes.spare" "$data/rauc/grubenv" 2>&1)" = "$before" ] || fail "$way: something was written between starts"
    grep -q 'the next start makes the notes anew' "$TEST_DIR/said" || fail "$way: it does not say so: $(cat "$TEST_DIR/said")"
done

# When the box goes off.
fresh
grub-editenv "$notes" set B_OK=0
keep_grubenv copy || fail "no copies at the end: $(cat "$TEST_DIR/said")"
are_copied "at the end"
has "$notes.spare" B_OK=0 "at the end"
damage "$notes" noise
keep_grubenv copy && fail "damaged notes are copied at the end"
has "$notes.spare" B_OK=0 "at the end, with damaged notes"

# Of the box's units only the one that runs before all others mends.
for unit in config/box/*.service; do
    sed -n 's#^Exec[A-Za-z]*=/usr/lib/wardgate/keep-grubenv #'"${unit##*/}"' #p' "$unit"
done >"$TEST_DIR/modes"
printf '%s\n' 'wardgate-grubenv-copy.service follow' 'wardgate-grubenv.service repair' 'wardgate-grubenv.service copy' | cmp -s - "$TEST_DIR/modes" ||
    fail "the units do otherwise: $(cat "$TEST_DIR/modes")"
grep -qx 'Unit=wardgate-grubenv-copy.service' config/box/wardgate-grubenv.path || fail "a change starts another unit"
