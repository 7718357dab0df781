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

keep() { # SLOT
    echo "quiet rauc.slot=$1 panic=10" >"$TEST_DIR/cmdline"
    CMDLINE=$TEST_DIR/cmdline config/box/root/usr/lib/wardgate/keep-grubenv "$efi" "$data" >"$TEST_DIR/said" 2>&1 ||
        fail "keep-grubenv fails: $(cat "$TEST_DIR/said")"
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
for copy in "$notes.spare" "$data/rauc/grubenv"; do
    cmp -s "$notes" "$copy" || fail "$copy is no copy of the notes"
done
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
