/*
 * watchdog.h: the box's hardware watchdog: a timer that resets the box unless it is fed in time.
 *
 * From watchdog_open on it counts. It goes on counting when the program dies, or ends without watchdog_close(.., true):
 * that is what it is for. Some never stop once they count (nowayout), whatever is asked. One program at a time has it.
 * Thread: one at a time a watchdog.
 * Source: Linux, Documentation/watchdog/watchdog-api.rst; watchdogs that count in an interrupt (softdog) are fed the same way.
 */
#ifndef WARDGATE_WATCHDOG_H
#define WARDGATE_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>

#include "app/engine/status.h"

struct watchdog {
    int fd;             /* -1: not open */
    uint32_t timeout_s; /* that it counts by; 0: it does not tell */
};

/* Asks it to count so many seconds; one that cannot goes on with its own. STATUS_NOT_FOUND, STATUS_DENIED, STATUS_BUSY when
 * another program has it (systemd with RuntimeWatchdogSec=), STATUS_IO. */
enum status watchdog_open(const char *device, uint32_t timeout_s, struct watchdog *out) MUST_CHECK;

/* It begins to count anew. Never waits. */
enum status watchdog_feed(const struct watchdog *watchdog) MUST_CHECK;

/* stops: it stops counting; else it goes on, and whoever opens it next has so long. Does nothing when it is not open. */
void watchdog_close(struct watchdog *watchdog, bool stops);

#endif
