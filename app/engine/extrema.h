/*
 * extrema.h: the largest (or smallest) of any latest stretch of entries, from one ring.
 *
 * Kept are the entries whose value no later value reaches: their values fall (for minima: rise) from the oldest to the
 * newest, so the extreme of everything from `first` on is the first kept one at or after `first`. A new value cuts off
 * the tail it reaches, at a place found by galloping search, never element by element: O(log n) at worst. Values are
 * kept as keys, in the order of what is sought, so that both kinds of ring fall.
 *
 * The newest entry may change still: it stands at the tail, where it has cut nothing yet, until another follows. So the
 * extreme is the larger of two keys: that of the newest, and that of the first kept one, which may be the newest.
 *
 * Entries are numbered; their low 32 bits are enough to order fewer than 2^31 of them. Storage from an arena. Thread:
 * the engine's.
 */
#ifndef WARDGATE_EXTREMA_H
#define WARDGATE_EXTREMA_H

#include <stdbool.h>
#include <stdint.h>

#include "app/engine/arena.h"

enum extremum { EXTREMUM_LARGEST, EXTREMUM_SMALLEST };

/* Back and forth: the smallest value has key 0, or the largest one where the smallest is sought. */
#define EXTREMA_TURN(sought) ((sought) == EXTREMUM_LARGEST ? 0x80000000U : 0x7FFFFFFFU)

static inline uint32_t extrema_key(enum extremum sought, int32_t value)
{
    return (uint32_t)value ^ EXTREMA_TURN(sought);
}

static inline int32_t extrema_value(enum extremum sought, uint32_t key)
{
    return (int32_t)(key ^ EXTREMA_TURN(sought));
}

/* An entry that is kept, and the key of its value. */
struct kept {
    uint32_t entry, key;
};

/* So many before the head have the largest key, so that nobody has to look whether there are any. */
#define EXTREMA_FENCE 8

struct extrema {
    struct kept *kept; /* at index & mask */
    uint32_t mask;
    uint32_t head, tail; /* indices count puts since the ring was emptied: fewer than 2^32 */
    bool has_newest;     /* at the tail; otherwise what stands there reaches nothing */
    uint32_t key_before; /* of the newest, before it was widened last */
};

/* entries: as many as are ever there at once. */
void extrema_make(struct extrema *extrema, struct arena *arena, uint32_t entries);
void extrema_reset(struct extrema *extrema);

/* Entries before `first` are given up. */
void extrema_drop(struct extrema *extrema, uint32_t first);

/* The newest entry is taken back; the one before it is settled, and cannot be widened. */
void extrema_take_back(struct extrema *extrema);

/* The newest entry is again what it was before it was widened last. */
void extrema_narrow(struct extrema *extrema);

/*
 * The index of the first kept one at or after entry `first`, which is not after the newest; `guess` is any index, best
 * the one found last time.
 */
uint32_t extrema_search(const struct extrema *extrema, uint32_t first, uint32_t guess);

/* How many of the newest that are settled a key reaches, and so cuts off: four at least. */
uint32_t extrema_count_reached(const struct extrema *extrema, uint32_t key);

static inline struct kept *extrema_at(const struct extrema *extrema, uint32_t index)
{
    return &extrema->kept[index & extrema->mask];
}

/* 1 or 0, to count with. */
static inline uint32_t extrema_precedes(uint32_t entry, uint32_t first)
{
    return (entry - first) >> 31;
}

/* How many of the four before an index a key reaches: summed up, not branched on, for values come in no order. */
static inline uint32_t extrema_reached_of_four(const struct extrema *extrema, uint32_t index, uint32_t key)
{
    return (uint32_t)(extrema_at(extrema, index - 1)->key <= key) +
           (uint32_t)(extrema_at(extrema, index - 2)->key <= key) +
           (uint32_t)(extrema_at(extrema, index - 3)->key <= key) +
           (uint32_t)(extrema_at(extrema, index - 4)->key <= key);
}

/* The newest entry takes its place. As a rule it reaches fewer than four. */
static inline void extrema_settle(struct extrema *extrema)
{
    const uint32_t tail = extrema->tail;
    const struct kept newest = *extrema_at(extrema, tail);
    uint32_t reached = extrema_reached_of_four(extrema, tail, newest.key);
    if (reached == 4) {
        reached = extrema_count_reached(extrema, newest.key);
    }
    *extrema_at(extrema, tail - reached) = newest;
    extrema->tail = tail - reached + 1;
}

/* Another entry follows. */
static inline void extrema_put(struct extrema *extrema, uint32_t entry, uint32_t key)
{
    if (extrema->has_newest) {
        extrema_settle(extrema);
    }
    extrema->has_newest = true;
    *extrema_at(extrema, extrema->tail) = (struct kept){.entry = entry, .key = key};
}

/* The newest entry has this key as well. It is always compared and kept: a branch would be a guess. */
static inline void extrema_widen(struct extrema *extrema, uint32_t key)
{
    struct kept *newest = extrema_at(extrema, extrema->tail);
    extrema->key_before = newest->key;
    newest->key = key > newest->key ? key : newest->key;
}

#endif
