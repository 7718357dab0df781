#!/usr/bin/env bash
# The broker configuration that is shipped, in a real broker: each role may do its own and nothing else. Every cell of a
# table of topic and role is tried, reading and writing; strangers do not get in at all.
. tests/e2e/lib.sh

FOLDER=$TEST_DIR/certificates
SERVER=(-h 127.0.0.1 -p "$PORT" --cafile "$FOLDER/ca.pem")

users=(gw-test w1-nurse w1-charge w1-biomed w1-display w1-nobody)
# r reads, w writes, - neither; a column for each user
table() {
    cat <<END
$BASE/b01/vitals                     w   r  r  r  r  -
$BASE/b01/alert                      w   r  r  r  r  -
$BASE/b01/alarm/spo2_low             w   r  r  r  r  -
$BASE/b01/alarm/spo2_low.foreseen    w   r  r  r  r  -
$BASE/b01/score/news2                w   r  r  r  r  -
$BASE/b01/score/blood_pressure       w   r  r  r  r  -
$BASE/b01/settings                   w   r  r  r  r  -
$BASE/b01/reply                      w   r  r  r  r  -
$BASE/gateway/gw-test/status         rw  r  r  r  r  -
$BASE/gateway/gw-test/ward           rw  r  r  r  r  -
$BASE/gateway/gw-test/clock          rw  r  r  r  r  -
$BASE/gateway/gw-test/reply          rw  r  r  r  r  -
$BASE/gateway/gw-test/alarm/bus_down rw  r  r  r  r  -
$BASE/gateway/gw-other/status        -   r  r  r  r  -
$BASE/gateway/gw-other/ward          -   r  r  r  r  -
$BASE/b01/command/nurse              r   rw r  r  r  -
$BASE/b01/command/charge             r   r  rw r  r  -
$BASE/b01/command/biomed             r   r  r  rw r  -
$BASE/b01/command/local              r   r  r  r  r  -
$BASE/b01/command/nurse/more         -   r  r  r  r  -
$BASE/board/w1-corridor              r   rw rw rw rw -
$BASE/board/w1-corridor/more         -   r  r  r  r  -
$BASE/b01/elsewhere                  -   r  r  r  r  -
wardgate/test/w2/b01/vitals          -   -  -  -  -  -
wardgate/test/w2/b01/command/nurse   -   -  -  -  -  -
wardgate/test/w2/board/w1-corridor   -   -  -  -  -  -
wardgate/test/w2/gateway/gw-test/alert - -  -  -  -  -
somewhere/else                       -   -  -  -  -  -
END
}

as() { # USER: its part of a command line
    printf '%s\n' --cert "$FOLDER/$1.pem" --key "$FOLDER/$1.key"
}

# ---- certificates, and what make-certificates refuses

make=config/broker/make-certificates
$make -b 127.0.0.1 -w test/w1 -g gw-test -o "$FOLDER" >"$TEST_DIR/made.txt"
for key in "$FOLDER"/*.key; do
    [ "$(stat -c %a "$key")" = 600 ] || fail "$key is open to others"
done
cksum "$FOLDER"/* >"$TEST_DIR/before.sum"
$make -b 127.0.0.1 -w test/w1 -g gw-test -o "$FOLDER" >"$TEST_DIR/again.txt" || fail "a second run fails"
cksum "$FOLDER"/* | cmp -s - "$TEST_DIR/before.sum" || fail "a second run changes what is there"
for wrong in "-b x -w w1 -g gw" "-b x -w test/w1 -g 7e" "-b x -w test/w1" "-b x -w test/w1 -g gw -d soon"; do
    # shellcheck disable=SC2086 # words
    $make $wrong -o "$TEST_DIR/no" >>"$TEST_DIR/wrong.txt" 2>&1 && fail "make-certificates takes $wrong"
done
[ ! -e "$TEST_DIR/no" ] || fail "a wrong use leaves something behind"

# A certificate of the ward's CA that no line of the acl knows, and one of another CA.
$make -b 127.0.0.1 -w test/w1 -g w1-nobody -o "$FOLDER" >>"$TEST_DIR/made.txt"
$make -b 127.0.0.1 -w test/w1 -g gw-test -o "$TEST_DIR/strange" >>"$TEST_DIR/made.txt"

# ---- a broker that lets everybody do everything keeps a message in each topic; then comes the one that is shipped

common="user root
persistence true
persistence_location $TEST_DIR/
autosave_interval 0"
cat >"$TEST_DIR/seed.conf" <<END
$common
listener $PORT 127.0.0.1
allow_anonymous true
END
{
    echo "$common"
    sed -e "s#/etc/mosquitto/wardgate#$FOLDER#; s#^listener 8883#listener $PORT 127.0.0.1#" config/broker/mosquitto.conf
} >"$TEST_DIR/shipped.conf"

run_broker() { # NAME OPTION...: waits until one can connect with the options
    local name=$1
    shift
    mosquitto -c "$TEST_DIR/$name.conf" >>"$TEST_DIR/broker.log" 2>&1 &
    BROKER_PID=$!
    pids+=("$BROKER_PID")
    wait_for 5 "the broker answers ($name)" mosquitto_pub "$@" -t started -m 1
}

run_broker seed -h 127.0.0.1 -p "$PORT"
table | while read -r topic _; do
    mosquitto_pub -h 127.0.0.1 -p "$PORT" -q 1 -r -t "$topic" -m kept
done
stop_broker
mapfile -t display < <(as w1-display)
run_broker shipped "${SERVER[@]}" "${display[@]}"

# ---- every cell

for i in "${!users[@]}"; do
    user=${users[i]}
    mapfile -t identity < <(as "$user")
    timeout 10 mosquitto_sub "${SERVER[@]}" "${identity[@]}" -V 5 -q 1 --retained-only -W 1 -t '#' -F %t \
        >"$TEST_DIR/read-$user.txt" 2>&1 || true
    while read -r topic cells; do
        read -ra cell <<<"$cells"
        may=-
        grep -qxF "$topic" "$TEST_DIR/read-$user.txt" && may=r
        mosquitto_pub "${SERVER[@]}" "${identity[@]}" -V 5 -q 1 -d -t "$topic" -m "$user" >"$TEST_DIR/pub.txt" 2>&1 || true
        code=$(sed -nE 's/.*PUBACK \(Mid: [0-9]+, RC:([0-9]+)\).*/\1/p' "$TEST_DIR/pub.txt")
        case $code in
        0 | 16) may=${may#-}w ;;
        135) ;; # not authorized: the denial is visible
        *) fail "$user gets no clear answer to a publish to $topic: $(cat "$TEST_DIR/pub.txt")" ;;
        esac
        [ "$may" = "${cell[i]}" ] || fail "$user has \"$may\" on $topic, not \"${cell[i]}\""
        echo "$user $topic $may"
    done < <(table)
done >"$TEST_DIR/cells.txt"
[ "$(wc -l <"$TEST_DIR/cells.txt")" -eq "$(($(table | wc -l) * ${#users[@]}))" ] || fail "not every cell was tried"

# What was denied did not come through either: the display sees only what the roles may write.
mosquitto_sub "${SERVER[@]}" "${display[@]}" -q 1 -W 2 -t "$BASE/#" -F '%t %p' >"$TEST_DIR/live.txt" &
sleep 0.5
mapfile -t nurse < <(as w1-nurse)
mosquitto_pub "${SERVER[@]}" "${nurse[@]}" -q 1 -t "$BASE/b01/vitals" -m forged
mosquitto_pub "${SERVER[@]}" "${nurse[@]}" -q 1 -t "$BASE/b01/command/charge" -m forged
mosquitto_pub "${SERVER[@]}" "${nurse[@]}" -q 1 -t "$BASE/b01/command/nurse" -m mine
wait $! || true # it ends by its time
grep -q "command/nurse mine" "$TEST_DIR/live.txt" || fail "a nurse's command does not come through"
grep -q forged "$TEST_DIR/live.txt" && fail "a publish without the right comes through"

# ---- strangers

refused() { # WHO OPTION...
    local who=$1
    shift
    timeout 5 mosquitto_pub -h 127.0.0.1 -p "$PORT" -q 1 -t "$BASE/b01/command/nurse" -m x "$@" >>"$TEST_DIR/strangers.txt" 2>&1 &&
        fail "$who gets in"
    return 0
}
refused "somebody without TLS"
refused "somebody without a certificate" --cafile "$FOLDER/ca.pem"
refused "somebody of another CA" --cafile "$FOLDER/ca.pem" --cert "$TEST_DIR/strange/gw-test.pem" --key "$TEST_DIR/strange/gw-test.key"
refused "somebody with only a name" --cafile "$FOLDER/ca.pem" -u gw-test -P gw-test
openssl s_client -connect "127.0.0.1:$PORT" -CAfile "$FOLDER/ca.pem" "${display[@]/#--/-}" -tls1_1 \
    -cipher 'DEFAULT@SECLEVEL=0' </dev/null >>"$TEST_DIR/strangers.txt" 2>&1 && fail "somebody with TLS 1.1 gets in"
openssl s_client -connect "127.0.0.1:$PORT" -CAfile "$FOLDER/ca.pem" "${display[@]/#--/-}" -tls1_2 \
    </dev/null >>"$TEST_DIR/strangers.txt" 2>&1 || fail "TLS 1.2 is not spoken"
