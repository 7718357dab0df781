#include "app/flow/pattern.h"

#include <stddef.h>

/* What changes over and over: on first, then off, each for so long; a period is the sum of all. */
struct beat {
    const uint16_t *steps_ms;
    size_t count; /* 0: on all the time */
};

/* 3+2 pulses, and once more: 0.15 s each. Steps: on, off, on, off ... */
static const uint16_t high_burst[] = {150, 100, 150, 100, 150, 300, 150, 100, 150, 700,
                                      150, 100, 150, 100, 150, 300, 150, 100, 150, 4600};
static const uint16_t medium_burst[] = {200, 200, 200, 200, 200, 19000};
static const uint16_t low_burst[] = {200, 59800};
static const uint16_t high_flash[] = {200, 300};
static const uint16_t medium_flash[] = {1000, 1000};

#define BEAT(steps)                                 \
    {                                               \
        (steps), sizeof(steps) / sizeof((steps)[0]) \
    }
static const struct {
    struct beat lamp, buzzer;
} patterns[] = {[PRIORITY_LOW] = {{NULL, 0}, BEAT(low_burst)},
                [PRIORITY_MEDIUM] = {BEAT(medium_flash), BEAT(medium_burst)},
                [PRIORITY_HIGH] = {BEAT(high_flash), BEAT(high_burst)}};

static uint32_t period_of(const struct beat *beat)
{
    uint32_t period_ms = 0;
    for (size_t i = 0; i < beat->count; i++) {
        period_ms += beat->steps_ms[i];
    }
    return period_ms;
}

/* Whether it is on now; *left_ms: until that changes. */
static bool beat_at(const struct beat *beat, uint64_t since_ms, uint32_t *left_ms)
{
    if (beat->count == 0) {
        *left_ms = PATTERN_STEADY;
        return true;
    }
    uint32_t at_ms = (uint32_t)(since_ms % period_of(beat));
    size_t i = 0;
    while (at_ms >= beat->steps_ms[i]) {
        at_ms -= beat->steps_ms[i++];
    }
    *left_ms = beat->steps_ms[i] - at_ms;
    return i % 2 == 0;
}

struct pattern_look pattern_at(enum priority priority, uint64_t since_ms)
{
    uint32_t lamp_ms = PATTERN_STEADY, buzzer_ms = PATTERN_STEADY;
    if (priority == PRIORITY_NONE) {
        return (struct pattern_look){.next_ms = PATTERN_STEADY};
    }
    const bool lamp = beat_at(&patterns[priority].lamp, since_ms, &lamp_ms);
    const bool buzzer = beat_at(&patterns[priority].buzzer, since_ms, &buzzer_ms);
    return (struct pattern_look){.lamp = lamp, .buzzer = buzzer, .next_ms = lamp_ms < buzzer_ms ? lamp_ms : buzzer_ms};
}
