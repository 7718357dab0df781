# shellcheck shell=bash
# What tests share that run units under a real systemd, process 1 of a namespace of its own. Sourced behind lib.sh; skips the test where there is no
# systemd, or no right to make such a namespace.

SYSTEMD=/lib/systemd/systemd
SPACE="unshare --pid --fork --kill-child --mount --mount-proc --uts --ipc"
if [ "$(id -u)" -ne 0 ] || [ ! -x $SYSTEMD ] || ! $SPACE true 2>/dev/null; then
    echo "skipped: needs systemd, and root to make a namespace for it"
    exit 0
fi
UNITS=$TEST_DIR/units
mkdir "$UNITS"

# drive <SCRIPT: with the units in $UNITS, until the script has said "over"; what it said is then in $TEST_DIR/drive.txt.
drive() {
    local space
    { echo "exec >$TEST_DIR/drive.txt 2>&1" && cat && echo "echo over"; } >"$TEST_DIR/drive.sh"
    cat >"$UNITS/drive.service" <<END
[Unit]
DefaultDependencies=no
[Service]
Type=oneshot
TimeoutStartSec=120
ExecStart=/bin/bash $TEST_DIR/drive.sh
END
    printf '[Unit]\nWants=drive.service\n' >"$UNITS/drive.target"
    cat >"$TEST_DIR/begin.sh" <<END
mount --make-rprivate / && mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/system
export container=docker SYSTEMD_UNIT_PATH=$UNITS
exec $SYSTEMD --system --unit=drive.target --show-status=no
END
    $SPACE bash "$TEST_DIR/begin.sh" >"$TEST_DIR/systemd.log" 2>&1 </dev/null &
    space=$!
    sleep 1
    if ! kill -0 $space 2>/dev/null; then
        echo "skipped: systemd does not run in a namespace here"
        exit 0
    fi
    for ((i = 0; i < 600; i++)); do
        grep -q "^over" "$TEST_DIR/drive.txt" 2>/dev/null && break
        sleep 0.1
    done
    kill -KILL $space
    wait $space 2>/dev/null || true
    if [ ! -s "$TEST_DIR/drive.txt" ]; then
        echo "skipped: systemd starts nothing in a namespace here"
        exit 0
    fi
}
