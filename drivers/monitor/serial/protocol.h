/*
 * protocol.h: what a protocol is that a monitor talks unasked on a serial line: one constant.
 *
 * `find` finds frames in bytes, `take` says what a frame means. Both are pure: no clock, no I/O, no allocation. find keeps nothing; take
 * keeps what it must between frames in the memory it is given (PROTOCOL_MEMORY bytes, aligned for anything, zeroed when the line is opened, falls silent or changes its
 * protocol). protocols.h has the list of them.
 */
#ifndef WARDGATE_PROTOCOL_H
#define WARDGATE_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/engine/observation.h"
#include "app/engine/status.h"
#include "drivers/monitor/profile.h"

#define PROTOCOL_FRAME_MAX 256
#define PROTOCOL_MEMORY    64
#define PROTOCOL_BAUDS     4
#define READING_VALUES_MAX 4

struct reading_value {
    enum vital vital;
    enum quality quality;
    int32_t value_milli; /* 0 unless valid */
};

/* What a monitor says at one instant. */
struct reading {
    uint8_t value_count;
    struct reading_value values[READING_VALUES_MAX];
    uint32_t bits_on; /* bit per index into the bits of the protocol's profile */
    int32_t identity; /* identity_hash of a serial number; 0: it says none */
};

/*
 * What stands at the head of some bytes:
 * STATUS_OK         a sound frame of `length` bytes
 * STATUS_EMPTY      0: what may become one; more bytes will tell. Never when there are PROTOCOL_FRAME_MAX bytes
 *                   else `length` bytes that mean nothing, as the rest of the end of a line
 * STATUS_NOT_FOUND  `length` bytes, at least one, that belong to no frame
 * any other         a frame that is broken in this way; `length` bytes, at least one, to pass over and look again
 */
struct cut {
    enum status status;
    size_t length;
};

struct protocol {
    const struct profile *profile; /* its name is the protocol's */
    uint32_t bauds[PROTOCOL_BAUDS];
    uint16_t usual_bytes; /* of a frame */
    uint8_t sure_frames;  /* so many in a row, nothing between them, and the line speaks nothing else */
    struct cut (*find)(const uint8_t *bytes, size_t count);
    /* False: the frame is sound, but what it says is not to be used. follows: nothing stood between the frame before and this one. */
    bool (*take)(void *memory, const uint8_t *frame, size_t length, bool follows, struct reading *out);
};

/* Adds a value; one that is not valid is 0. */
static inline void reading_add(struct reading *reading, enum vital vital, enum quality quality, int32_t value_milli)
{
    reading->values[reading->value_count++] =
        (struct reading_value){vital, quality, quality == QUALITY_VALID ? value_milli : 0};
}

/* A channel of a profile that comes with a protocol. */
#define PROTOCOL_CHANNEL(name, interval_ms, is_episodic)                                        \
    {                                                                                           \
        .vital = VITAL_##name, .scale_micro = 1000000, .unit = {.multiplier = 1, .divisor = 1}, \
        .poll_interval_ms = (interval_ms), .episodic = (is_episodic)                            \
    }

#endif
