#!/usr/bin/env bash
# Who feeds a box's watchdog (hold-watchdog), in a time that runs as fast as it can: whatever the gateway does or does not, a box that is well is never
# reset, and what nobody else feeds is fed by the box.
. tests/e2e/lib.sh
hold=config/box/root/usr/lib/wardgate/hold-watchdog
t=$TEST_DIR bin=$TEST_DIR/bin
mkdir -p "$bin"
export DEVICE=$t/device HOLDER=$t/holder UPTIME=$t/uptime TEST_DIR
export PATH=$bin:$PATH

# The device: one program has it (`opened`: its number, or "gateway"), and it counts from then on. Who closes it in order stops it, who just ends
# leaves it counting, until another one opens it.
cat >"$bin/watchdog" <<'END'
#!/bin/sh
has=$(cat "$TEST_DIR/opened" 2>/dev/null)
if [ "$has" = gateway ] || kill -0 "$has" 2>/dev/null; then
    echo $$ >"$TEST_DIR/refused"
    exit 1
fi
trap 'rm -f "$TEST_DIR/opened"; exit 0' TERM
echo $$ >"$TEST_DIR/opened"
while /bin/sleep 0.02; do :; done
END
cat >"$bin/wardgate" <<'END'
#!/bin/sh
[ -s "$TEST_DIR/says" ] || exit 1
echo '{"v":1,"watchdog":{"hardware":"'"$(cat "$TEST_DIR/says")"'","stuck":[]}}'
END
# The script's own pauses: time goes on by so much, `seen` gets who has the device, and the scenario happens. At its end `run` ends.
cat >"$bin/sleep" <<'END'
#!/usr/bin/env bash
[ "$1" != 0.1 ] || exec /bin/sleep 0.02
cd "$TEST_DIR" || exit 1
says() { echo "$1" >says; }
at() { [ "$now" -ge "$1" ] && [ ! -e "was-$1" ] && : >"was-$1"; } # true once
release() { "$HOLD" release; }
takes() { echo gateway >opened && says fed; }
tries() { if [ -c device ] && [ ! -e opened ]; then takes; else says unavailable; fi; } # at its start, and every 60 s
of() { cat "$1" 2>/dev/null; }
for _ in {1..250}; do # a feeder that was just started gets it, or not
    [ -s holder ] && [ -d "/proc/$(of holder)" ] && [ "$(of holder)" != 1 ] && [ "$(of opened)" != "$(of holder)" ] &&
        [ "$(of refused)" != "$(of holder)" ] || break
    /bin/sleep 0.02
done
now=$(($(of uptime) + $1))
echo $now >uptime
who=nobody
[ ! -e opened ] || who=counts
! kill -0 "$(of opened)" 2>/dev/null || who=box
[ "$(of opened)" != gateway ] || who=gateway
if [ $who = counts ]; then
    [ -s left ] || echo $((now - $1)) >left
    [ $((now - $(of left))) -lt "$(of counts || echo 120)" ] || who=RESET
else
    rm -f left
fi
echo "$now $who" >>seen
[ $who != RESET ] && [ $now -lt "$(of end)" ] || exit 1
. ./scenario
exit 0
END
chmod +x "$bin"/*
export HOLD=$PWD/$hold

# play SECONDS <scenario: from power-on, with the initrd's feeder, or without a device (NO_DEVICE)
play() {
    (cd "$t" && rm -f was-* opened refused holder says seen left counts device)
    echo 0 >"$t/uptime"
    echo "$1" >"$t/end"
    cat >"$t/scenario"
    if [ -z "${NO_DEVICE:-}" ]; then
        ln -s /dev/null "$t/device"
        watchdog &
        echo $! >"$t/holder"
        pids+=($!)
        wait_for 5 "the initrd's feeder" test -s "$t/opened"
    fi
    "$hold" run 2>"$t/run.log" || true
    [ ! -s "$t/run.log" ] || fail "$name: it complains"
    ! grep -q RESET "$t/seen" || [ "${RESET:-}" = expected ] || fail "$name: the box was reset: $(tr '\n' ';' <"$t/seen")"
    "$hold" release
}
# has KIND FROM TO: at each look of that time
has() {
    awk -v kind="$1" -v from="$2" -v to="$3" '$1 >= from && $1 <= to { n++; if ($2 != kind) bad = 1 } END { exit bad || !n }' "$t/seen" ||
        fail "$name: not $1 from $2 to $3 s: $(tr '\n' ';' <"$t/seen")"
}

name="a gateway without a watchdog"
play 400 <<'END'
at 20 && release
at 30 && says not_used
END
has box 10 20
has box 130 400

name="a gateway with it"
play 400 <<'END'
at 20 && { release; tries; }
END
has gateway 30 400

name="a long start, then a gateway without it"
play 700 <<'END'
at 20 && release
at 500 && says not_used
END
has box 130 700

name="a long start of a gateway that has it"
play 400 <<'END'
at 20 && { release; takes; rm says; }
at 300 && says fed
END
has gateway 30 400

name="a device that is not there"
play 1500 <<'END'
at 20 && { release; says unavailable; }
END
has box 200 700
[ "$(grep -c box "$t/seen")" -gt 110 ] || fail "$name: the box feeds it seldom: $(tr '\n' ';' <"$t/seen")"

name="a device that comes late, as does the gateway's next try"
NO_DEVICE=1 play 600 <<'END'
at 20 && { release; tries; }
at 70 && ln -s /dev/null device
at 80 && tries
END
has gateway 90 600

name="a device that comes late, to nobody"
NO_DEVICE=1 play 400 <<'END'
at 200 && ln -s /dev/null device
END
has nobody 10 200
has box 300 400

name="a gateway that finds it taken"
play 600 <<'END'
at 40 && tries
at 100 && tries
END
has gateway 110 600

name="a gateway that is stopped in order"
play 500 <<'END'
at 20 && { release; tries; }
at 200 && rm opened says
END
has gateway 30 200
has box 300 500

name="a gateway that crashes and is back"
play 500 <<'END'
at 20 && { release; tries; echo 60 >counts; }
at 200 && { rm says; echo crashed >opened; }
at 220 && { release; takes; }
END
has gateway 230 500

name="a gateway that crashes and is not back"
RESET=expected play 500 <<'END'
at 20 && { release; tries; echo 60 >counts; }
at 200 && { rm says; echo crashed >opened; }
END
has RESET 260 500

name="a gateway that is started again and again"
play 600 <<'END'
[ $((now % 20)) -ne 0 ] || release
END
has nobody 30 80

name="a feeder that was killed, and its number is another's"
play 400 <<'END'
at 50 && { kill -KILL "$(of holder)"; echo 1 >holder; }
END
has counts 60 110
has box 150 400

# ---- the end of a box: it counts on when the box is to start again, and only then

cat >"$bin/systemctl" <<'END'
#!/bin/sh
[ "$1" = list-jobs ] && cat "$TEST_DIR/jobs"
END
chmod +x "$bin/systemctl"
counts() { [ -s "$t/opened" ] && [ "$(cat "$t/opened")" != gateway ] && ! kill -0 "$(cat "$t/opened")" 2>/dev/null; }
is_fed() { [ -s "$t/opened" ] && kill -0 "$(cat "$t/opened")" 2>/dev/null; }
feed() {
    (cd "$t" && rm -f opened refused holder device)
    ln -s /dev/null "$t/device"
    watchdog &
    echo $! >"$t/holder"
    pids+=($!)
    wait_for 5 "a feeder" test -s "$t/opened"
}
echo '  61 shutdown.target start waiting' >"$t/jobs"
echo ' 187 poweroff.target start waiting' >>"$t/jobs"
feed
"$hold" last
is_fed || fail "a box that is switched off may be started again by its watchdog"
echo '  61 reboot.target start waiting' >"$t/jobs"
"$hold" last
counts || fail "the box's own feeder ends, and the watchdog does not count"
(cd "$t" && rm -f opened holder && echo gateway >opened)
"$hold" last &
pids+=($!)
wait_for 5 "it asks for what the gateway has" test -s "$t/refused"
[ "$(cat "$t/opened")" = gateway ] || fail "it has what the gateway has not let go of"
rm "$t/opened"
wait_for 5 "it counts behind the gateway" counts
rm "$t/device" "$t/opened" "$t/holder"
"$hold" last
[ ! -e "$t/holder" ] || fail "it looks for a device that is not there"
