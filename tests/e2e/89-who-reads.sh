#!/usr/bin/env bash
# Whoever started the gateway no longer reads what it says, or reads it on a terminal: it ends when it is told to and goes on watching meanwhile; words of
# others do not steer the terminal.
. tests/e2e/lib.sh

start_broker
watch_beds 1 </dev/null
subscribe seen.txt "$BASE/#"

# ends PID SECONDS WHAT
ends() {
    local tries=$(($2 * 10 * PATIENCE))
    while [ "$tries" -gt 0 ] && kill -0 "$1" 2>/dev/null; do
        tries=$((tries - 1))
        sleep 0.1
    done
    [ "$tries" -gt 0 ] || fail "$3 has not ended $2 s after SIGTERM"
}

# ---- a pager that shows its first page: the pipe of the log is full

mkfifo "$TEST_DIR/log"
exec 8<>"$TEST_DIR/log" # somebody could read, and does not
timeout 2 dd if=/dev/zero of="$TEST_DIR/log" bs=64 2>/dev/null || true
"$WARDGATE" run -c "$TEST_DIR/wardgate.yaml" 2>"$TEST_DIR/log" </dev/null &
GATEWAY_PID=$!
pids+=("$GATEWAY_PID")
wait_for 20 "values although nobody reads the log" grep -q "^$BASE/b01/vitals .*\"spo2\"" "$TEST_DIR/seen.txt"
ward_do b01 silence
wait_for 30 "an alarm although nobody reads the log" grep -q "^$BASE/b01/alert .*monitor_silent" "$TEST_DIR/seen.txt"
ward_do b01 answer
# Somebody reads on: it is told what is missing.
cat <&8 >"$TEST_DIR/read.txt" &
reader=$!
pids+=("$reader")
wait_for 30 "what is missing is told" grep -aqE '^(.*)<4>wardgate: [0-9]+ lines are missing here, nobody read the log$' "$TEST_DIR/read.txt"
kill -STOP "$reader"
timeout 2 dd if=/dev/zero of="$TEST_DIR/log" bs=64 2>/dev/null || true
kill -TERM "$GATEWAY_PID"
ends "$GATEWAY_PID" 2 "the gateway"
wait "$GATEWAY_PID" || fail "the gateway ended with status $?"
kill -KILL "$reader"
exec 8>&-

# ---- a terminal that is no longer read: the screen of the ward

start_gateway
wait_for 20 "it answers" "$WARDGATE" status -c "$TEST_DIR/wardgate.yaml"
cat >"$TEST_DIR/unread.py" <<'PY'
import os, pty, signal, sys, time
pid, fd = pty.fork()
if pid == 0:
    os.environ["TERM"] = "xterm"
    os.execv(sys.argv[1], sys.argv[1:])
import fcntl, struct, termios
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 400, 400, 0, 0))
for _ in range(60):  # each size is drawn anew, until no more is taken
    for rows in (400, 399):
        fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, 400, 0, 0))
        os.kill(pid, signal.SIGWINCH)
        time.sleep(0.05)
with open(f"/proc/{pid}/wchan") as where:
    print("waits in", where.read())
os.kill(pid, signal.SIGTERM)
until = time.time() + 4
while time.time() < until:
    ended, status = os.waitpid(pid, os.WNOHANG)
    if ended:
        print("ended", os.waitstatus_to_exitcode(status))
        sys.exit(0)
    time.sleep(0.05)
os.kill(pid, signal.SIGKILL)
sys.exit("it has not ended 4 s after SIGTERM")
PY
python3 -B "$TEST_DIR/unread.py" "$WARDGATE" status -c "$TEST_DIR/wardgate.yaml" --watch --interval 0.2 >"$TEST_DIR/unread.txt" 2>&1 ||
    fail "the screen: $(cat "$TEST_DIR/unread.txt")"
stop_gateway

# ---- words of others, as a gateway's answer has them

cat >"$TEST_DIR/other.py" <<'PY'
import socket, sys
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen(1)
while True:
    peer, _ = server.accept()
    asked = peer.recv(256).decode()
    if asked.startswith("audit"):
        peer.sendall(b'ok {"at":"2026-11-22T10:00:00.000Z","kind":"command","bed":"b01","by":"\x1b[2J=1+1","text":"\\u001b]0;x\x07\xc2\x9b31m"}\n')
    elif asked.startswith("json"):
        peer.sendall(b'{"text":"\x7f\xc2\x9b31mred"}')
    elif asked.startswith(("reload", "test-alert")):
        peer.sendall(b'ok \x1b[2J \xc2\x9b31mdone\n')
    else:
        peer.sendall(b"bed b01  \x1b[2J\x1b]0;owned\x07 \xc2\x9b31m \xe8\x84\x89\xe6\x90\x8f\nend\n")
    peer.close()
PY
rm -f "$TEST_DIR/store/status.sock"
python3 -B "$TEST_DIR/other.py" "$TEST_DIR/store/status.sock" &
pids+=("$!")
wait_for 5 "a gateway of the test's own" test -S "$TEST_DIR/store/status.sock"
is_plain() { ! LC_ALL=C grep -aqP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]' "$1" || fail "a control character reaches the terminal: $(cat -v "$1")"; }
"$WARDGATE" status -c "$TEST_DIR/wardgate.yaml" >"$TEST_DIR/plain.txt" || fail "no status"
is_plain "$TEST_DIR/plain.txt"
grep -q '^bed b01 .*\[2J .*脉搏$' "$TEST_DIR/plain.txt" || fail "the text is lost: $(cat -v "$TEST_DIR/plain.txt")"
"$WARDGATE" audit show -c "$TEST_DIR/wardgate.yaml" >"$TEST_DIR/plain.txt" || fail "no audit log"
is_plain "$TEST_DIR/plain.txt"
grep -q '\[2J=1+1' "$TEST_DIR/plain.txt" || fail "the text is lost: $(cat -v "$TEST_DIR/plain.txt")"
for command in "status --json" reload "test-alert b01"; do
    # shellcheck disable=SC2086
    "$WARDGATE" $command -c "$TEST_DIR/wardgate.yaml" >"$TEST_DIR/plain.txt" || fail "no $command"
    is_plain "$TEST_DIR/plain.txt"
    grep -qE 'done|red' "$TEST_DIR/plain.txt" || fail "the text is lost: $(cat -v "$TEST_DIR/plain.txt")"
done
