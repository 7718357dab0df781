/*
 * omitted.h: which alerts a full outbox has given up, or were lost with a store (lost.h), and the record that stands for them.
 *
 * A record lies in the outbox like an alert and is delivered like one, to `<base>/gateway/<id>/omitted`. As long as it waits it grows: one that has grown takes
 * the place of what it was, and holds all of it. Pure; the caller's memory.
 */
#ifndef WARDGATE_OMITTED_H
#define WARDGATE_OMITTED_H

#include <stdbool.h>
#include <stdint.h>

#include "app/engine/alert.h"

#define OMITTED_RANGES_MAX 72U /* of the largest numbers they fit a row of the store */

struct omitted_range {
    uint64_t from, through; /* seq, both included */
};

struct omitted {
    bool of_lost_store; /* at most these, and nobody knows more of them: all count as of no priority */
    uint32_t count;
    struct omitted_range ranges[OMITTED_RANGES_MAX]; /* in order, none touches the next */
    uint64_t alerts[PRIORITY_HIGH + 1];              /* by priority */
    int64_t oldest_wall_ms, newest_wall_ms;          /* when they were committed */
};

/* False, and nothing is changed: it would take one range too many. A seq that is in it already is counted once. */
bool omitted_add(struct omitted *omitted, uint64_t seq, enum priority priority, int64_t wall_ms);
uint64_t omitted_alerts(const struct omitted *omitted);

#endif
