/*
 * spans.h: a set of numbers that mostly follow each other, as spans (first to last), in fixed room.
 *
 * When the room is used up, the two spans with the smallest gap become one, with what lies between them: the set may
 * then say of a number that it is in it although it never was put there, never the other way round. Pure; the owner's
 * thread.
 */
#ifndef WARDGATE_SPANS_H
#define WARDGATE_SPANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SPANS_MAX 32U

struct span {
    uint64_t first, last;
};
struct spans {
    uint32_t count;
    struct span spans[SPANS_MAX + 1]; /* in order; one more than is kept, while one is put in */
};

bool spans_have(const struct spans *set, uint64_t number);
void spans_put(struct spans *set, uint64_t number);
/* "12-14 17": as many as fit, then " ..."; returns the length. */
size_t spans_write(const struct spans *set, char *out, size_t size);

#endif
