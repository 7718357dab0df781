#!/usr/bin/env bash
# Units of a box: a firewall that cannot be loaded closes it, and people are told. Under a real systemd: what alerts leave the box by is never given up; the watchdog counts
# on when the box is to start again, and only then; the report does not wait for a gateway whose start hangs.
. tests/e2e/lib.sh

box=$PWD/config/box
mkdir "$TEST_DIR/bin" "$TEST_DIR/efi"

# ---- a firewall that cannot be loaded

cat >"$TEST_DIR/bin/nft" <<END
#!/bin/sh
if grep -qs broken "\$2"; then echo "\$2:1:1: Error: syntax error, unexpected \$(printf '\033')[2Jbroken" >&2; exit 1; fi
cp "\$2" "$TEST_DIR/loaded"
END
chmod +x "$TEST_DIR/bin/nft"
RULES=$TEST_DIR/rules.nft CLOSED=$box/root/usr/lib/wardgate/closed.nft
load_firewall() { NFT=$TEST_DIR/bin/nft RULES=$RULES CLOSED=$CLOSED RUN=$TEST_DIR/run "$box/root/usr/lib/wardgate/load-firewall" >"$TEST_DIR/firewall.txt" 2>&1; }
told() {
    : >"$TEST_DIR/console"
    rm -f "$TEST_DIR/efi/report.txt"
    "$WARDGATE" box report --boot "$TEST_DIR/efi" --data "$TEST_DIR/data" --run "$TEST_DIR/run" --leds "$TEST_DIR/leds" --console "$TEST_DIR/console" >/dev/null
    { finds 'Report of this box' "$TEST_DIR/efi/report.txt" && [ -s "$TEST_DIR/console" ]; } || fail "there is no report"
    ! grep -q "$(printf '\033')" "$TEST_DIR/efi/report.txt" "$TEST_DIR/console" || fail "what nft said steers a terminal"
    finds -F "$1" "$TEST_DIR/efi/report.txt" && finds -F "$1" "$TEST_DIR/console"
}
echo 'table inet wardgate {}' >"$RULES"
load_firewall || fail "good rules are not loaded: $(cat "$TEST_DIR/firewall.txt")"
cmp -s "$RULES" "$TEST_DIR/loaded" || fail "other rules were loaded"
! told FIREWALL || fail "the report tells of what is well"
echo broken >"$RULES"
load_firewall || fail "no firewall stands for one that is broken: $(cat "$TEST_DIR/firewall.txt")"
cmp -s "$CLOSED" "$TEST_DIR/loaded" || fail "the box is open"
told 'THE FIREWALL CANNOT BE LOADED: in its place all is closed' || fail "the report: $(cat "$TEST_DIR/efi/report.txt")"
told 'syntax error' || fail "the report does not say why: $(cat "$TEST_DIR/efi/report.txt")"
[ -e "$TEST_DIR/run/firewall-loaded" ] || fail "what closes all is no firewall"
CLOSED=$RULES
! load_firewall || fail "no firewall at all is well"
told 'THERE IS NO FIREWALL' || fail "the report: $(cat "$TEST_DIR/efi/report.txt")"
[ ! -e "$TEST_DIR/run/firewall-loaded" ] || fail "sshd is started without a firewall"
echo 'table inet wardgate {}' >"$RULES"
load_firewall || fail "good rules are not loaded: $(cat "$TEST_DIR/firewall.txt")"
! told FIREWALL || fail "the report tells of what is over"
[ -e "$TEST_DIR/run/firewall-loaded" ] || fail "sshd is not started any more"

# One that is cut off, or never comes to be loaded: sshd goes by what is there, not by what is missing, and what set-up wrote before stays.
rm -r "$TEST_DIR/run"
mkdir "$TEST_DIR/run"
sed -n '/firewall-loaded \]/,/^fi$/p' "$box/set-up" | sed "s#/run/box#$TEST_DIR/run#g" >"$TEST_DIR/set-up"
sh "$TEST_DIR/set-up"
cat >"$TEST_DIR/bin/timeout" <<END
#!/bin/sh
kill -KILL "\$(cat "$TEST_DIR/cut.pid")"
END
chmod +x "$TEST_DIR/bin/timeout"
export NFT=$TEST_DIR/bin/nft RULES CLOSED RUN=$TEST_DIR/run
PATH=$TEST_DIR/bin:$PATH sh -c "echo \$\$ >'$TEST_DIR/cut.pid'; exec '$box/root/usr/lib/wardgate/load-firewall'" >"$TEST_DIR/cut.txt" 2>&1 || cut=$?
[ "${cut:-0}" -eq 137 ] || fail "it was not cut off: $(cat "$TEST_DIR/cut.txt")"
unset NFT RUN
rm "$TEST_DIR/bin/timeout"
[ ! -e "$TEST_DIR/run/firewall-loaded" ] || fail "sshd is started without a firewall"
told 'THE FIREWALL IS NOT LOADED' || fail "the report: $(cat "$TEST_DIR/efi/report.txt")"
load_firewall || fail "good rules are not loaded: $(cat "$TEST_DIR/firewall.txt")"
! told FIREWALL || fail "the report tells of what is over"
sh "$TEST_DIR/set-up" # once more, as a person may
! told FIREWALL || fail "the report tells of what is over"

# What makes an address is let in by the rules that close, as by those of set-up; the kernel takes them where it may be asked.
for words in 'mld-listener-query' 'udp sport 67 udp dport 68 accept' 'ip6 saddr fe80::/10 udp sport 547 udp dport 546 accept'; do
    finds -F "$words" "$box/root/usr/lib/wardgate/closed.nft" || fail "closed.nft lacks: $words"
    finds -F "$words" app/box/generate_firewall.c || fail "another rule than: $words"
done
kernel_says=''
if ! command -v nft >/dev/null || ! unshare -n nft list ruleset >/dev/null 2>&1; then
    kernel_says="skipped: whether the kernel takes closed.nft (there is no nft, or no namespace for networks); all else was tried"
else
    unshare -n sh -c "nft -f $box/root/usr/lib/wardgate/closed.nft && nft list ruleset" | finds 'hook input .*policy drop' || fail "closed.nft does not close"
fi

. tests/e2e/systemd.sh

# ---- services that end again and again, as Debian's units have them, with the box's drop-ins and without

for unit in systemd-networkd systemd-resolved chrony without; do
    printf '[Unit]\nDefaultDependencies=no\n[Service]\nRestart=on-failure\nRestartSec=0\nExecStart=/bin/sh -c "echo >>%s; exit 1"\n' \
        "$TEST_DIR/$unit.starts" >"$UNITS/$unit.service"
    if [ $unit != without ]; then
        mkdir "$UNITS/$unit.service.d"
        sed 's/^RestartSec=10/RestartSec=1/' "$box/root/usr/lib/systemd/system/$unit.service.d/box.conf" >"$UNITS/$unit.service.d/box.conf"
    fi
done

# ---- the end of a box: everything but the last step, with the unit's own program and one in the place of busybox's

cat >"$TEST_DIR/bin/watchdog" <<END
#!/bin/sh
trap 'rm -f "$TEST_DIR/counts"; exit 0' TERM
echo \$\$ >"$TEST_DIR/counts"
while sleep 0.1; do :; done
END
chmod +x "$TEST_DIR/bin/watchdog"
ln -s /dev/null "$TEST_DIR/device"
sed -e "s#/usr/lib/wardgate/#$box/root/usr/lib/wardgate/#" -e '/^\(Protect.*\|Restrict.*\|OOMScoreAdjust\)=/d' \
    -e "s#^\[Service\]#&\nEnvironment=PATH=$TEST_DIR/bin:$PATH DEVICE=$TEST_DIR/device HOLDER=$TEST_DIR/holder#" \
    "$box/wardgate-watchdog.service" >"$UNITS/wardgate-watchdog.service"
for target in reboot poweroff; do
    printf '[Unit]\nDefaultDependencies=no\nRequires=shutdown.target\nAfter=shutdown.target\n' >"$UNITS/$target.target"
done
printf '[Unit]\nDefaultDependencies=no\nRefuseManualStart=yes\n' >"$UNITS/shutdown.target"

# ---- a gateway whose start hangs, and the report beside it

printf '[Unit]\nDefaultDependencies=no\n[Service]\nType=notify\nTimeoutStartSec=5min\nExecStart=/bin/sleep 300\n' >"$UNITS/wardgate.service"
grep -E '^(\[(Unit|Service)\]|(After|Wants|Requires|Type|ExecStartPre|ExecCondition)=)' "$box/wardgate-report.service" |
    sed -e "s#^\[Service\]#DefaultDependencies=no\n&\nExecStart=/bin/sh -c 'echo >$TEST_DIR/reports; exec sleep 300'#" >"$UNITS/wardgate-report.service"

# ---- sshd, behind a firewall alone

printf '[Unit]\nDefaultDependencies=no\n[Service]\nExecStart=/bin/sleep 300\n' >"$UNITS/ssh.service"
mkdir "$UNITS/ssh.service.d"
sed "s#/run/box/#$TEST_DIR/ssh/#" "$box/root/usr/lib/systemd/system/ssh.service.d/box.conf" >"$UNITS/ssh.service.d/box.conf"
mkdir "$TEST_DIR/ssh"
: >"$TEST_DIR/ssh/authorized_keys"

drive <<END
systemctl start ssh
echo "sshd without a firewall: \$(systemctl is-active ssh)"
: >$TEST_DIR/ssh/firewall-loaded
systemctl start ssh
echo "sshd behind one: \$(systemctl is-active ssh)"
systemctl start --no-block wardgate wardgate-report
for i in \$(seq 150); do [ -e $TEST_DIR/reports ] && break; sleep 0.1; done
echo "wardgate: \$(systemctl is-active wardgate), report: \$([ -e $TEST_DIR/reports ] && echo runs || echo waits)"
systemctl start systemd-networkd systemd-resolved chrony without
for target in poweroff reboot; do
    systemctl start wardgate-watchdog
    setsid --fork $TEST_DIR/bin/watchdog
    for i in \$(seq 100); do [ -s $TEST_DIR/counts ] && break; sleep 0.1; done
    cp $TEST_DIR/counts $TEST_DIR/holder
    systemctl start --no-block --job-mode=replace-irreversibly \$target.target
    for i in \$(seq 200); do case \$(systemctl is-active wardgate-watchdog) in inactive | failed) break ;; esac; sleep 0.1; done # deactivating: not yet
    kill -TERM "\$(cat $TEST_DIR/holder)" 2>/dev/null # as the last programs are ended
    sleep 1
    echo "\$target: \$([ -e $TEST_DIR/counts ] && echo counts on || echo stopped)"
    rm -f $TEST_DIR/counts
done
sleep 6
for unit in systemd-networkd systemd-resolved chrony without; do
    echo "\$unit: \$([ "\$(systemctl is-active \$unit)" = failed ] && echo given up || echo started again)"
done
END
diff - "$TEST_DIR/drive.txt" <<'END' || fail "systemd saw something else"
sshd without a firewall: inactive
sshd behind one: active
wardgate: activating, report: runs
poweroff: stopped
reboot: counts on
systemd-networkd: started again
systemd-resolved: started again
chrony: started again
without: given up
over
END
for unit in systemd-networkd systemd-resolved chrony; do
    [ "$(wc -l <"$TEST_DIR/$unit.starts")" -gt 6 ] || fail "$unit was started $(wc -l <"$TEST_DIR/$unit.starts") times"
done
[ -z "$kernel_says" ] || echo "$kernel_says"
