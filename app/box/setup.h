/*
 * setup.h: `wardgate box setup`: at each boot, out of the two files that a person edits, all that the services of the box read.
 *
 * In run: network/ (systemd-networkd), nftables.conf, chrony.conf, hostname, wardgate.env (TZ), authorized_keys and rsyslog.conf (only when
 * network.yaml wants them), outcome (box.h). In data: etc/ (adopt.h, and network.yaml once it is good). Whatever is wrong, all of run is
 * written: with the last good file, else with the defaults. Thread: that of a command.
 */
#ifndef WARDGATE_SETUP_H
#define WARDGATE_SETUP_H

#include "app/box/box.h"

/* STATUS_OK also when a file of the person's is not good: that is in *out. Else what run could not take. */
enum status setup_run(const struct box_places *places, int64_t wall_ms, struct box_outcome *out) MUST_CHECK;

#endif
