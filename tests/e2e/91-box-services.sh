#!/usr/bin/env bash
# What set-up writes for a box's services, read by those services themselves: chronyd and rsyslogd take every form of it, and a time server proves itself
# by the certificates that network.yaml names, and by no others.
. tests/e2e/lib.sh
needs_no_emulator "the services are this machine's"

BOOT=$TEST_DIR/efi DATA=$TEST_DIR/data RUN=$TEST_DIR/run
mkdir -p "$BOOT/tls" "$DATA"
PATH=$PATH:/usr/sbin:$PWD/build/unpacked/chrony/usr/sbin
for program in chronyd rsyslogd; do
    command -v $program >/dev/null || fail "there is no $program, install the packages of the tests (toolchain/install-dependencies test; toolchain/unpack-package chrony build/unpacked)"
done

# set_up TEXT...: with these lines as network.yaml
set_up() {
    printf '%s\n' "$@" >"$BOOT/network.yaml"
    "$WARDGATE" box setup --boot "$BOOT" --data "$DATA" --run "$RUN" >"$TEST_DIR/setup.txt" 2>&1 || fail "setup ends with status $?"
    grep '^wardgate: network.yaml' "$TEST_DIR/setup.txt" | grep -qv ': warning: ' && fail "not taken: $(cat "$TEST_DIR/setup.txt")"
    chronyd -p -f "$RUN/chrony.conf" >"$TEST_DIR/chronyd.txt" 2>&1 || fail "chronyd does not take it: $(cat "$TEST_DIR/chronyd.txt")"
}
# syslog_taken: rsyslogd says nothing against what it is given
syslog_taken() {
    [ -s "$RUN/rsyslog.conf" ] || fail "there is nothing for rsyslogd: $(cat "$TEST_DIR/setup.txt")"
    rsyslogd -N1 -f "$RUN/rsyslog.conf" >"$TEST_DIR/rsyslogd.txt" 2>&1 || fail "rsyslogd does not take it: $(cat "$TEST_DIR/rsyslogd.txt")"
    grep -iE 'error|warning|unknown' "$TEST_DIR/rsyslogd.txt" && fail "rsyslogd has something against it"
    return 0
}

# ca NAME: an authority of the hospital's; certify NAME CA: a certificate of its for 127.0.0.1, which every machine knows without being told
ca() {
    openssl req -x509 -newkey rsa:2048 -nodes -subj "/CN=$1" -days 2 -keyout "$TEST_DIR/$1.key" -out "$BOOT/tls/$1.pem" 2>/dev/null
}
certify() {
    openssl req -newkey rsa:2048 -nodes -subj /CN=127.0.0.1 -keyout "$TEST_DIR/$1.key" -out "$TEST_DIR/$1.csr" 2>/dev/null
    openssl x509 -req -in "$TEST_DIR/$1.csr" -CA "$BOOT/tls/$2.pem" -CAkey "$TEST_DIR/$2.key" -CAcreateserial -days 2 \
        -extfile <(echo "subjectAltName=IP:127.0.0.1") -out "$TEST_DIR/$1.pem" 2>/dev/null
}
ca hospital
ca other
certify server hospital

### Every form of it

set_up '# nothing'
set_up 'time: {servers: [ntp.example, 10.7.0.3, "fd00::3"]}'
set_up 'syslog: {target: "udp://10.7.0.9:5514"}'
syslog_taken
set_up 'syslog: {target: tcp://log.example}'
syslog_taken
set_up 'syslog: {target: tls://log.example, ca: tls/hospital.pem}'
syslog_taken

### A time server that proves itself

# It answers over NTS on two ports of its own, and has the time from this machine.
KEYS_PORT=$((PORT + 5)) NTP_PORT=$((PORT + 6))
cat >"$TEST_DIR/server.conf" <<END
local stratum 1
allow 127.0.0.1
port $NTP_PORT
ntsport $KEYS_PORT
ntsserverkey $TEST_DIR/server.key
ntsservercert $TEST_DIR/server.pem
ntsprocesses 0
cmdport 0
bindcmdaddress /
pidfile $TEST_DIR/server.pid
END
chronyd -d -x -U -u "$(id -un)" -f "$TEST_DIR/server.conf" >"$TEST_DIR/server.log" 2>&1 &
pids+=("$!")
listens() { (: <"/dev/tcp/127.0.0.1/$KEYS_PORT") 2>/dev/null; }
wait_for 10 "the time server listens" listens

# asks CA SECONDS: whether chronyd gets the time of it, asked once with what set-up wrote; only the ports are this test's
asks() {
    set_up "time: {servers: [127.0.0.1], nts: true, ca: tls/$1.pem}"
    cmp -s "$RUN/time-ca.pem" "$BOOT/tls/$1.pem" || fail "the certificates of the time server are not where chronyd looks for them"
    asks_as_set_up "$@"
}
asks_as_set_up() {
    mkdir -p "$DATA/chrony"
    sed -e "s/^server 127.0.0.1 iburst nts$/& ntsport $KEYS_PORT/" -e '/^rtcsync$/d' "$RUN/chrony.conf" >"$TEST_DIR/client.conf"
    printf 'bindcmdaddress /\npidfile %s\n' "$TEST_DIR/client.pid" >>"$TEST_DIR/client.conf"
    chronyd -Q -t "$2" -U -u "$(id -un)" -f "$TEST_DIR/client.conf" >"$TEST_DIR/client-$1.log" 2>&1
}
asks hospital 15 || fail "no time from a server whose certificate is of the CA that is named: $(cat "$TEST_DIR/client-hospital.log")"
grep -q 'System clock wrong by' "$TEST_DIR/client-hospital.log" || fail "no time: $(cat "$TEST_DIR/client-hospital.log")"
rm -rf "$DATA/chrony" # the cookies of before
asks other 8 && fail "time from a server whose certificate is of another CA"
grep -qi 'certificate' "$TEST_DIR/client-other.log" || fail "refused for another reason: $(cat "$TEST_DIR/client-other.log")"
rm -rf "$DATA/chrony" "$RUN"
set_up 'time: {servers: [127.0.0.1], nts: true}'
asks_as_set_up none 8 && fail "time from a server that proves itself to nobody"
grep -qi 'certificate' "$TEST_DIR/client-none.log" || fail "refused for another reason: $(cat "$TEST_DIR/client-none.log")"
