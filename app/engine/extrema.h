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

#include <stdint.h>

#include "app/engine/arena.h"

struct extrema {
    const int32_t *values; /* of the ring's entries, at position & mask */
    uint32_t *positions;   /* NULL: none are kept */
    uint32_t mask;
    int32_t sign; /* 1 largest, -1 smallest */
    uint64_t head, tail;
    uint64_t tail_before; /* these two take the newest put back */
    uint32_t overwritten;
};

/* capacity is that of the ring and a power of two. */
void extrema_make(struct extrema *extrema, struct arena *arena, const int32_t *values, uint32_t capacity, int32_t sign);
void extrema_reset(struct extrema *extrema);

/*
 * The newest entry, at `position`, has its value; again when the value of the newest entry has risen (for minima:
 * fallen).
 */
void extrema_put(struct extrema *extrema, uint64_t position);

/* Undoes the newest extrema_put, once; the caller has restored the value. */
void extrema_take_back(struct extrema *extrema);

/* The ring is about to give up its oldest entry. */
void extrema_drop(struct extrema *extrema, uint64_t position);

/* The extreme from position `first` (in the ring) to the newest; *cursor is a guess kept by the caller. */
int32_t extrema_from(const struct extrema *extrema, uint64_t first, uint64_t *cursor);

#endif
