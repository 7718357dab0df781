#!/usr/bin/env bash
# The shipped unit under a real systemd, process 1 of a namespace of its own: it counts as started when it watches, is fed, loads its configuration
# again, is ended and started again when it hangs, stops at once.
. tests/e2e/lib.sh
. tests/e2e/systemd.sh
needs_no_sanitizer "a sanitizer is too slow for the watchdog of 4 s"

program=$(readlink -f "$WARDGATE")
write_config <<END
buses:
  gw-a: {kind: modbus-tcp, host: 127.0.0.1, port: $WARD_PORT}
beds:
  b01: {bus: gw-a, address: 1, profile: generic-vitals, class: adult}
rules: [rules/standard.yaml]
END
# As it is shipped, but for where things are, what the namespace does not have, and a shorter watchdog.
sed -e "s#^ExecStart=wardgate run#ExecStart=$program run -c $TEST_DIR/wardgate.yaml#" -e "s#^ExecReload=wardgate reload#ExecReload=$program reload -c $TEST_DIR/wardgate.yaml#" \
    -e 's/^WatchdogSec=.*/WatchdogSec=4/' -e '/^\(User\|Group\|SupplementaryGroups\|After\|Protect.*\|Private.*\|Device.*\|StateDirectory.*\)=/d' \
    -e 's/^\[Unit\]/&\nDefaultDependencies=no/' -e "s#^\[Service\]#&\nStandardError=append:$TEST_DIR/gateway.log#" \
    config/wardgate.service >"$UNITS/wardgate.service"
sed -e 's#^ExecStart=rm#ExecStart=/bin/rm#' -e 's#^ExecStop=sh#ExecStop=/bin/sh#' -e '/^\(Protect.*\|Private.*\|ReadWritePaths\)=/d' -e 's/^\[Unit\]/&\nDefaultDependencies=no/' \
    config/wardgate-farewell.service >"$UNITS/wardgate-farewell.service"
grep -q "^Type=notify" "$UNITS/wardgate.service" || fail "the unit is not one that tells how it is"
drive <<END
show() { echo "\$1: \$(systemctl show wardgate -p ActiveState,StatusText,NRestarts | LC_ALL=C sort | tr '\n' ' ')"; }
systemctl start wardgate; show started
sleep 6; show fed
systemctl reload wardgate && echo "reloaded"
kill -STOP "\$(systemctl show wardgate -p MainPID --value)"
for i in \$(seq 150); do [ "\$(systemctl show wardgate -p NRestarts --value)" = 0 ] || break; sleep 0.1; done
for i in \$(seq 100); do systemctl is-active -q wardgate && break; sleep 0.1; done
show "hung and started again"
systemctl start wardgate-farewell
begun=\$(date +%s%N); systemctl stop wardgate-farewell wardgate; ended=\$(date +%s%N)
[ \$((ended - begun)) -lt 2000000000 ] && echo "stopped within 2 s"
echo "why: \$(cat /run/wardgate-stopping), known before: \$([ "\$(systemctl show wardgate-farewell -p InactiveEnterTimestampMonotonic --value)" -le \
    "\$(systemctl show wardgate -p ActiveExitTimestampMonotonic --value)" ] && echo yes)"
echo "Result \$(systemctl show wardgate -p Result --value)"
END
diff - "$TEST_DIR/drive.txt" <<'END' || fail "systemd saw something else"
started: ActiveState=active NRestarts=0 StatusText=Watches 1 bed; no broker; alerts are stored 
fed: ActiveState=active NRestarts=0 StatusText=Watches 1 bed; no broker; alerts are stored 
reloaded
hung and started again: ActiveState=active NRestarts=1 StatusText=Watches 1 bed; no broker; alerts are stored 
stopped within 2 s
why: shutdown, known before: yes
Result success
over
END
