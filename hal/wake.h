/*
 * wake.h: one thread wakes another through a descriptor that can be waited for beside others.
 *
 * wake_raise: any thread or a signal handler, never blocks. wake_clear: the waiting thread.
 */
#ifndef WARDGATE_WAKE_H
#define WARDGATE_WAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "app/engine/status.h"

struct wake {
    int fd;
};

enum status wake_open(struct wake *wake) MUST_CHECK;
void wake_close(struct wake *wake);
void wake_raise(struct wake *wake);
void wake_clear(struct wake *wake);

/* Waits until raised or the instant (CLOCK_BOOTTIME, µs); true when raised (and clears it). */
bool wake_wait_until(struct wake *wake, int64_t boot_us);

#endif
