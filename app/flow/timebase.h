/*
 * timebase.h: the three times of the gateway and how they are turned into one another.
 *
 *     boot   CLOCK_BOOTTIME in µs: what threads wait on
 *     engine boot time in ms + a constant anchor chosen at start: never steps; restored windows fit onto it
 *     wall   CLOCK_REALTIME in ms: what people read; may step when a time source is found
 *
 * An engine instant is shown as wall time by the correction of the moment it is rendered (wall now - engine now), so that instants from before a
 * step of the wall clock are shown right. In a replay the correction is 0. Constant after start: any thread.
 */
#ifndef WARDGATE_TIMEBASE_H
#define WARDGATE_TIMEBASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TIME_TEXT_MAX 25 /* 2026-01-31T23:59:59.999Z and a NUL */

struct timebase {
    int64_t anchor_ms;
};

int64_t timebase_engine_ms(const struct timebase *base, int64_t boot_us);
int64_t timebase_boot_us(const struct timebase *base, int64_t engine_ms);

/* RFC 3339 in UTC with milliseconds; years 0000 to 9999, clamped. */
void time_text(int64_t wall_ms, char text[TIME_TEXT_MAX]);

/* RFC 3339 with a zone, the whole text; digits beyond ms are dropped. */
bool time_read(const char *text, int64_t *out_wall_ms);

#endif
