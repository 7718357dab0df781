/*
 * marks.h: a set of numbers, one bit each: adding and removing cost nothing, going through them in order 1/64 of the
 * most there may be. Storage from the arena. Pure; one thread at a time.
 */
#ifndef WARDGATE_MARKS_H
#define WARDGATE_MARKS_H

#include <stdbool.h>
#include <stdint.h>

#include "app/engine/arena.h"

#define MARKS_NONE UINT32_MAX

struct marks {
    uint64_t *words;
    uint32_t size;
    uint32_t count; /* how many are in it */
};

/* For numbers below `size`, at first empty. While the arena measures, only storage is counted. */
void marks_init(struct marks *marks, struct arena *arena, uint32_t size);

/* Whether it is in it already, or not, makes no difference. */
void marks_add(struct marks *marks, uint32_t number);
void marks_remove(struct marks *marks, uint32_t number);

bool marks_has(const struct marks *marks, uint32_t number);

/* The least number in it that is not below `from`; MARKS_NONE: none. */
uint32_t marks_first(const struct marks *marks, uint32_t from);

#endif
