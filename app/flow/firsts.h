/*
 * firsts.h: of each place (a bed, the gateway) the rows of the outbox that go first, while it is behind.
 *
 * The outbox is one list of all places, in which whoever comes late stands behind the whole backlog of the others. So of each
 * place the first FIRSTS_KEPT rows are known by their numbers, and go, the oldest first, before the rest is read from front
 * to back. A place that has no more than these waits for no more than these of the others.
 *
 * Pure; the caller's memory, one thread. Bound: every call looks at each place once at most.
 */
#ifndef WARDGATE_FIRSTS_H
#define WARDGATE_FIRSTS_H

#include <stdbool.h>
#include <stdint.h>

#define FIRSTS_KEPT 4U

struct firsts_place {
    uint64_t rows[FIRSTS_KEPT]; /* that wait, in order */
    uint64_t through;           /* the newest of this place that went by firsts_pass; 0: none has */
    uint32_t count;
};

struct firsts {
    struct firsts_place *places;
    uint32_t place_count;
    uint32_t left; /* rows, of all places */
};

void firsts_forget(struct firsts *firsts);

/* The next row of that place, of which so many waited before. Not kept when there is no room, or one before it was not. */
void firsts_add(struct firsts *firsts, uint32_t place, uint32_t waiting_before, uint64_t row);

/* The oldest that is left, and whose it is; false: none is. */
bool firsts_next(const struct firsts *firsts, uint32_t *out_place, uint64_t *out_row);
void firsts_pass(struct firsts *firsts, uint32_t place); /* over the oldest of that place */

/* It was passed over here, and is not to go once more. */
bool firsts_have_passed(const struct firsts *firsts, uint32_t place, uint64_t row);

#endif
