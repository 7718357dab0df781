# shellcheck shell=bash
# What tests share that set the gateway's wall clock. Sourced behind lib.sh.

# A sanitizer's own runtime comes before anything that is preloaded.
[ -n "${EMULATOR:-}" ] || needs_no_sanitizer "a sanitizer's own runtime comes first"
read -ra cc <<<"${CC:-cc}"
"${cc[@]}" -shared -fPIC -O1 -D_GNU_SOURCE tests/e2e/set_clock.c -o "$TEST_DIR/set_clock.so"
export CLOCK_FILE=$TEST_DIR/clock.txt
truncate -s 64 "$CLOCK_FILE"

# set_clock OFFSET_MS SYNCED: from the real one, with a time source (1) or without (0); in one write, as the gateway sees it.
set_clock() {
    printf '%-63s\n' "$1 $2" | dd of="$CLOCK_FILE" bs=64 count=1 conv=notrunc status=none
}

# set_clock_1970 SYNCED
set_clock_1970() { set_clock "-$(date +%s%3N)" "$1"; }

start_by_clock() { LD_PRELOAD=$TEST_DIR/set_clock.so start_gateway; }

ms_of() { date -u -d "$1" +%s%3N; }

# near MS MS MS: the first two are at most the third apart.
near() {
    local apart=$(($1 - $2))
    [ "${apart#-}" -le "$3" ]
}
