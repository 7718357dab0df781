/*
 * ward_outlet.h: answers on their way out, each byte at its own time.
 *
 * A sending starts at its time, or when the one before it is through; byte k is due (k+1) steps after that, or all
 * bytes at the start when the step is 0. Pure: the caller writes what is due and says what it could write. Nanoseconds.
 */
#ifndef WARD_OUTLET_H
#define WARD_OUTLET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/ward/ward_frame.h"

#define WARD_SENDINGS_MAX 24

struct ward_sending {
    int64_t start_ns, step_ns;
    uint16_t length, sent;
    uint8_t bytes[WARD_ADU_MAX];
};

struct ward_outlet {
    size_t count;
    int64_t free_ns;                              /* end of the last sending that is through */
    bool used;                                    /* false until then */
    int64_t hold_ns;                              /* nothing is due before: the receiver did not take more */
    struct ward_sending queue[WARD_SENDINGS_MAX]; /* in the order in which they go out */
};

void ward_outlet_clear(struct ward_outlet *outlet);

/* False when the queue is full. length is 1..WARD_ADU_MAX. */
bool ward_outlet_add(struct ward_outlet *outlet, int64_t start_ns, int64_t step_ns, const uint8_t *bytes,
                     size_t length);

/* When the next byte is due; INT64_MAX when nothing is queued. */
int64_t ward_outlet_next(const struct ward_outlet *outlet);

/* The sending at the head and how many of its bytes are due and unsent; NULL when none is. */
const struct ward_sending *ward_outlet_due(const struct ward_outlet *outlet, int64_t now_ns, size_t *out_count);

/* That many bytes of the head went out. True when it is through: its place is free again. */
bool ward_outlet_sent(struct ward_outlet *outlet, size_t count);

/* End of the last sending that begins before at_ns; false when none ever did. */
bool ward_outlet_busy_until(const struct ward_outlet *outlet, int64_t at_ns, int64_t *out_ns);

#endif
