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
 * Who waits by wake_wait_until may lend its wake to a thread that waits for another one. Raising it then raises that one, and
 * that thread sees by wake_take what it was for:
 *
 *     AWAKE --wake_lend--> LENT --wake_raise, raises the other--> RAISED --wake_take--> LENT --wake_reclaim--> AWAKE
 *
 * wake_raise: any thread or a signal handler, never blocks; what was done before it is seen by who was woken. All else:
 * the waiting thread. wake_take: the thread it is lent to, never beside wake_reclaim.
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
    struct wake *lent_to; /* while it is LENT; outlives that */
};

enum status wake_open(struct wake *wake) MUST_CHECK;
void wake_close(struct wake *wake);
void wake_raise(struct wake *wake);
void wake_clear(struct wake *wake);

/* Waits until raised or the instant (CLOCK_BOOTTIME, µs; INT64_MAX: none); true when raised (and clears it). May come
 * back early. */
bool wake_wait_until(struct wake *wake, int64_t boot_us);

/* `other` is raised once at the beginning, too. */
void wake_lend(struct wake *wake, struct wake *other);
bool wake_take(struct wake *wake); /* true when raised (and clears it) */
void wake_reclaim(struct wake *wake);

#endif
