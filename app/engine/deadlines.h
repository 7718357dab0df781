/*
 * deadlines.h: which of many is due next: a binary heap that also knows where each of them stands.
 *
 * Each has a number below `count` and one deadline, DEADLINES_NEVER at first. Looking at the earliest costs nothing,
 * moving one O(log count), however the others stand; of equal deadlines any may come first. Storage from the arena.
 * Pure; one thread at a time.
 */
#ifndef WARDGATE_DEADLINES_H
#define WARDGATE_DEADLINES_H

#include <stdint.h>

#include "app/engine/arena.h"

#define DEADLINES_NEVER INT64_MAX

struct deadlines {
    int64_t *at;     /* of each number */
    uint32_t *heap;  /* numbers; none is earlier than the one at half its place */
    uint32_t *place; /* of each number, in heap */
    uint32_t count, size;
};

/* size: the most there may be, at least 1. While the arena measures, only storage is counted. Without any yet. */
void deadlines_init(struct deadlines *deadlines, struct arena *arena, uint32_t size);

/* From now on there are so many, at most size, none of them due. */
void deadlines_reset(struct deadlines *deadlines, uint32_t count);

void deadlines_set(struct deadlines *deadlines, uint32_t number, int64_t at);

/* The earliest deadline, DEADLINES_NEVER without one, and whose it is. */
static inline int64_t deadlines_next(const struct deadlines *deadlines, uint32_t *out_number)
{
    if (deadlines->count == 0) {
        return DEADLINES_NEVER;
    }
    *out_number = deadlines->heap[0];
    return deadlines->at[deadlines->heap[0]];
}

#endif
