/*
 * draw.h: random numbers for tests that a seed repeats. WARDGATE_SEED in the environment gives the seed.
 */
#ifndef WARDGATE_TESTS_DRAW_H
#define WARDGATE_TESTS_DRAW_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t draw_state;

/* Prints the seed, so that a failure can be repeated. */
static inline void draw_seed(uint64_t usual)
{
    const char *given = getenv("WARDGATE_SEED");
    draw_state = given != NULL ? strtoull(given, NULL, 10) : usual;
    printf("WARDGATE_SEED=%llu\n", (unsigned long long)draw_state);
}

/* From 0 to below - 1 (xorshift64; the state is never 0). */
static inline uint64_t draw(uint64_t below)
{
    draw_state += draw_state == 0 ? 1 : 0;
    draw_state ^= draw_state << 13;
    draw_state ^= draw_state >> 7;
    draw_state ^= draw_state << 17;
    return (draw_state >> 11) % below;
}

static inline bool chance(unsigned percent)
{
    return draw(100) < percent;
}

#endif
