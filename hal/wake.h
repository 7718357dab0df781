/*
 * wake.h: one thread wakes another, which waits for nothing else, or for this beside other descriptors.
 *
 * Who waits does so in one of two ways, always the same one for a wake: by wake_wait_until, or for its descriptor and
 * then by wake_clear. In the first way a thread that is awake is raised without a call of the system, and so is one
 * that was raised already:
 *
 *     AWAKE --wake_wait_until--> SLEEPING --wake_raise, wakes it--> RAISED --wake_wait_until--> AWAKE
 *       +-------------------------wake_raise-------------------------^
 *
 * In the second it is WATCHED, as at first, or RAISED: then the descriptor was written to, or is about to be.
 *
 * wake_raise: any thread or a signal handler, never blocks; what was done before it is seen by who was woken. All else:
 * the waiting thread.
 */
#ifndef WARDGATE_WAKE_H
#define WARDGATE_WAKE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "app/engine/status.h"

struct wake {
    int fd;
    atomic_int state;
};

enum status wake_open(struct wake *wake) MUST_CHECK;
void wake_close(struct wake *wake);
void wake_raise(struct wake *wake);
void wake_clear(struct wake *wake);

/* Waits until raised or the instant (CLOCK_BOOTTIME, µs; INT64_MAX: none); true when raised (and clears it). May come
 * back early. */
bool wake_wait_until(struct wake *wake, int64_t boot_us);

#endif
