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

/* True when the kernel says that the wall clock is disciplined by a time source. */
bool clock_is_synchronised(void);

/* Sleeps until the instant of CLOCK_BOOTTIME; returns early only when a signal interrupts. */
void clock_sleep_until_us(int64_t boot_us);

/* The identity of this boot of the kernel (36 characters and a NUL); all zeros when the kernel does not tell. */
void clock_boot_id(char text[37]);

#endif
