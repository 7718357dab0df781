/*
 * extrema.h: the largest (or smallest) of any latest stretch of a ring, from one ring of positions.
 *
 * Kept are the positions whose value no later value reaches: their values fall (for minima: rise) from the oldest to
 * the newest, so the extreme of everything from `first` on stands at the first kept position at or after `first`. A
 * new value cuts off the tail it reaches, at a place found by galloping search, never element by element: O(log n) at
 * worst. Positions count entries since the ring was emptied; only their low 32 bits are kept, which is enough to
 * order a ring of fewer than 2^31 entries. Storage from an arena; the values belong to the ring. Thread: the
 * engine's.
 */
#ifndef WARDGATE_EXTREMA_H
#define WARDGATE_EXTREMA_H

#include <stdbool.h>
#include <stdint.h>

#include "app/engine/arena.h"

/* What is sought, as a mask: it turns the order of values round, bit by bit, or leaves it. */
enum extremum { EXTREMUM_LARGEST = 0, EXTREMUM_SMALLEST = -1 };

struct extrema {
    const int32_t *values; /* of the ring's entries, at position & mask */
    uint32_t *positions;   /* NULL: none are kept */
    uint32_t mask;
    int32_t flip;                      /* enum extremum */
    uint32_t head, tail;               /* indices count puts since the ring was emptied: fewer than 2^32 */
    uint32_t tail_before, overwritten; /* take the newest put back */
};

/* Where a ring keeps both. */
enum { MAXIMA, MINIMA };

/* capacity is that of the ring and a power of two. */
void extrema_make(struct extrema *extrema, struct arena *arena, const int32_t *values, uint32_t capacity,
                  enum extremum sought);
void extrema_reset(struct extrema *extrema);

/* Undoes the newest put, once. */
void extrema_take_back(struct extrema *extrema);

/*
 * The index of the extreme of everything from position `first` on, the tail when nothing is kept from there; `guess` is
 * any index, best the one found last time.
 */
uint32_t extrema_search(const struct extrema *extrema, uint32_t first, uint32_t guess);

/* The index where a value cuts. */
uint32_t extrema_search_cut(const struct extrema *extrema, int32_t value);

/* True when `value` is at least as large (as small) as the other. */
static inline bool extrema_reaches(int32_t value, int32_t other, int32_t flip)
{
    return (value ^ flip) >= (other ^ flip);
}

static inline int32_t extrema_value(const struct extrema *extrema, uint32_t index)
{
    return extrema->values[extrema->positions[index & extrema->mask] & extrema->mask];
}

/* The ring is about to give up its oldest entry. */
static inline void extrema_drop(struct extrema *extrema, uint64_t position)
{
    const uint32_t head = extrema->head;
    if (head < extrema->tail && extrema->positions[head & extrema->mask] == (uint32_t)position) {
        extrema->head = head + 1;
    }
}

/* The newest entry, at `position`, cuts here; what takes it back is kept. */
static inline void extrema_cut(struct extrema *extrema, uint32_t cut, uint64_t position)
{
    uint32_t *slot = &extrema->positions[cut & extrema->mask];
    extrema->overwritten = *slot;
    extrema->tail_before = extrema->tail;
    *slot = (uint32_t)position;
    extrema->tail = cut + 1;
}

/* The newest entry, at `position`, has this value. */
static inline void extrema_put(struct extrema *extrema, uint64_t position, int32_t value)
{
    extrema_cut(extrema, extrema_search_cut(extrema, value), position);
}

/*
 * The same for both of a ring where each entry has one value. The newest before is the newest of both, so the value cuts
 * one of them and lengthens the other (where an equal one may stay: it is as good). Which is which is an index, not a
 * branch, for values come in no order.
 */
static inline void extrema_put_both(struct extrema both[2], uint64_t position, int32_t value)
{
    const struct extrema *maxima = &both[MAXIMA];
    const bool falls = maxima->tail > maxima->head && value < extrema_value(maxima, maxima->tail - 1);
    struct extrema *reached = &both[falls ? MINIMA : MAXIMA], *other = &both[falls ? MAXIMA : MINIMA];
    extrema_cut(other, other->tail, position);
    extrema_cut(reached, extrema_search_cut(reached, value), position);
}

#endif
