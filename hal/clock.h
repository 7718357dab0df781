/*
 * clock.h: the clocks of the box. Any thread.
 */
#ifndef WARDGATE_CLOCK_H
#define WARDGATE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* CLOCK_BOOTTIME in µs: never steps, counts through suspend. */
int64_t clock_boot_us(void);

/* CLOCK_REALTIME in ms since 1970; may step. */
int64_t clock_wall_ms(void);

/* How far the box's own time zone lay east of UTC at an instant of the wall clock, in seconds. The zone is read at the
 * first call, which is to come before the gateway runs; a change of it needs a new start. */
int32_t clock_utc_offset_s(int64_t wall_ms);

/* True when the kernel says that the wall clock is disciplined by a time source (adjtimex(2)), a leap second under way
 * included. The error that it allows for grows by 0.5 ms a second from one answer of the source to the next, which come at
 * most some 70 min apart (2.1 s): at 4 s the source is gone, 2 h 13 min after a last good answer; the kernel itself goes on
 * to 16 s, for 9 hours. False also where it may not be asked (a container without CAP_SYS_TIME, a seccomp filter). */
bool clock_is_synchronised(void);

/* What the box's hardware clock says, in ms since 1970 (UTC), at most half a second beside it: it tells whole seconds, given is the middle. `file`:
 * CLOCK_HARDWARE but in tests, the first one, which the kernel sets the wall clock by at its start and keeps in step with it while it has a time source.
 * False: there is none, it does not answer, or it lost its time with its battery and says so. May take some milliseconds (a bus of the board). */
#define CLOCK_HARDWARE "/sys/class/rtc/rtc0/since_epoch"
bool clock_hardware_ms(const char *file, int64_t *out_ms);

/* Sleeps until the instant of CLOCK_BOOTTIME; returns early only when a signal interrupts. */
void clock_sleep_until_us(int64_t boot_us);

/* The identity of this boot of the kernel (36 characters and a NUL); all zeros when the kernel does not tell. */
void clock_boot_id(char text[37]);

#endif
