/*
 * pattern.h: how a lamp flashes and a buzzer beeps by the priority of what they tell.
 *
 *     priority  lamp                          buzzer: pulses of a burst            a burst every
 *     high      2 flashes a second, 40 %      10, as 3+2, pause, 3+2               8 s
 *     medium    1 flash in 2 s, 50 %          3                                    20 s
 *     low       steady                        1                                    60 s
 *
 * High 1.4 to 2.8 Hz, medium 0.4 to 0.8 Hz, on for 20 to 60 %, bursts of 10, 3 and 1 pulses: what monitors' manuals give for the priorities of
 * IEC 60601-1-8. Not held against the standard's own text; a lamp of one colour and a buzzer of one tone can follow no more of it. Silenced,
 * the buzzer is off, and the lamp goes on.
 * Pure: instants are given.
 */
#ifndef WARDGATE_PATTERN_H
#define WARDGATE_PATTERN_H

#include <stdbool.h>
#include <stdint.h>

#include "app/engine/alert.h"

struct pattern_look {
    bool lamp, buzzer;
    uint32_t next_ms; /* until one of them changes, at the latest; PATTERN_STEADY: neither does */
};

#define PATTERN_STEADY UINT32_MAX

/* So long after it began. PRIORITY_NONE: both are off. */
struct pattern_look pattern_at(enum priority priority, uint64_t since_ms);

#endif
