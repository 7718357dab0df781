/*
 * gallop.h: search in a sorted sequence, outward from a guess in doubling steps.
 *
 * A guess that is right costs two looks, one that is off by d costs O(log d): cursors that follow time stay cheap and
 * none of them can be wrong, only slow. Pure; thread: any.
 */
#ifndef WARDGATE_GALLOP_H
#define WARDGATE_GALLOP_H

#include <stdbool.h>
#include <stdint.h>

/*
 * True for the items before the place looked for. Over the sequence it is true up to some index and false from there
 * on.
 */
typedef bool gallop_precedes(const void *items, uint64_t index, int64_t key);

/* The first index in [low, high) whose item does not precede the key; high when all do. */
static inline uint64_t gallop(gallop_precedes *precedes, const void *items, int64_t key, uint64_t low, uint64_t high,
                              uint64_t guess)
{
    uint64_t step = 1;
    guess = guess < low ? low : guess > high ? high : guess;
    if (guess > low && !precedes(items, guess - 1, key)) {
        high = guess - 1;
        while (high - low >= step && !precedes(items, high - step, key)) {
            high -= step;
            step *= 2;
        }
        low = high - low >= step ? high - step + 1 : low;
    } else {
        low = guess;
        while (high - low >= step && precedes(items, low + step - 1, key)) {
            low += step;
            step *= 2;
        }
        high = high - low >= step ? low + step - 1 : high;
    }
    /* Which way each step goes is chosen, not branched on: half of all guesses would be wrong. */
    for (uint64_t count = high - low; count > 0;) {
        const uint64_t half = count / 2;
        const bool is_before = precedes(items, low + half, key);
        low += is_before ? half + 1 : 0;
        count = is_before ? count - half - 1 : half;
    }
    return low;
}

#endif
