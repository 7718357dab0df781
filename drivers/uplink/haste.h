/*
 * haste.h: whether the uplink's thread and the library's give way (hal/thread.h).
 *
 * The library calls us back under its one lock, so whoever is raised there and takes the core at once only waits for that lock. Therefore both give
 * way: a thread ends what it is at, and finds several acknowledgements at a time instead of one. But beside a stranger's program that never
 * sleeps each of them would wait for that one's turn to end, some ms for each window. So both keep their way for a second whenever ours
 * was woken late.
 *
 * Private to drivers/uplink. Owned by the uplink; fixed size.
 */
#ifndef WARDGATE_UPLINK_HASTE_H
#define WARDGATE_UPLINK_HASTE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define HASTE_LATE_US 2500    /* less than the turn of a program that never sleeps, more than what we do ourselves */
#define HASTE_US      1000000 /* then it is tried again how late we are */

struct haste {
    atomic_llong
        raised_us; /* the first acknowledgement since our thread fell asleep (CLOCK_BOOTTIME); 0: there was none */
    atomic_bool keeps_way; /* as both are to do */
    int64_t until_us;      /* our thread's */
};

/* The library's thread, behind an acknowledgement. keeps_way: of that thread, as it stands. */
void haste_acknowledged(struct haste *haste, bool *keeps_way);

/* Our thread, before and after it waits. */
void haste_asleep(struct haste *haste);
void haste_awake(struct haste *haste);

#endif
