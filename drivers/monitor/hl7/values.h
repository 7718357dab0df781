/*
 * values.h: observations of PCD-01 (ORU^R01): OBX segments in, values of vitals out.
 *
 * The values of one order (OBR) are gathered first, because of several sources of one vital only the best counts, and
 * because only at the order's end it is known whose they are.
 *
 * What is used: OBX-2 NM, OBX-11 R or F, OBX-8 without DEMO or TEST, an identifier and a unit that we know. A value
 * is current when its instant (OBX-14, else OBR-7, else MSH-7) lies at most 60 s back and 10 s ahead of now (intake.h: whose). A continuous
 * vital takes only current values, each newer than the one before: what is sent again is no news, and of a sender
 * that is faster than the profile's period no more than 1.5 values a period are taken. An episodic one takes each
 * measurement once, told by instant and value; one that is not current, or that stood there when we first heard of it
 * without an instant of its own, has OBSERVATION_AGE_UNKNOWN. An empty value, OBX-11 X, INV and NAV say that there is
 * none.
 *
 * Pure: time is an argument, the memory the caller's. Thread: the bus's.
 */
#ifndef WARDGATE_HL7_VALUES_H
#define WARDGATE_HL7_VALUES_H

#include <stdbool.h>
#include <stdint.h>

#include "app/engine/observation.h"
#include "drivers/monitor/driver.h"
#include "drivers/monitor/hl7/message.h"

#define VALUES_OLD_MS    60000
#define VALUES_AHEAD_MS  10000
#define VALUES_SOURCE_MS 30000 /* a worse source of a continuous vital waits so long for the better one */

/* The instants of the box at which a message was whole. */
struct moment {
    int64_t wall_ms;      /* since 1970, UTC */
    int64_t at_ms;        /* CLOCK_BOOTTIME: the at_ms of observations */
    int32_t utc_offset_s; /* of the box's zone, for times that do not name theirs */
    bool is_doubtful;     /* the box has had no time source yet: wall_ms may be anything */
};

/* When something was observed, as the message says. */
struct observed {
    bool known;
    int64_t wall_ms;
};

/* The instant in `field`; what the next wider segment says, when it is empty; not known, when it cannot be read. */
struct observed observed_at(struct text field, struct observed otherwise, int32_t utc_offset_s);

struct value {
    struct observed observed;
    int32_t value_milli;
    uint8_t quality;  /* enum quality */
    uint8_t rank;     /* of its source: the smaller the better */
    bool own_instant; /* this very measurement's */
};

struct values {
    uint32_t present; /* bit per enum vital */
    struct value of[VITAL_COUNT];
    unsigned unusable; /* known vitals whose value or unit was not */
    bool demo;         /* at least one was not a patient's */
};

/* One OBX. Others than our vitals are passed over. */
void values_take(const struct message *message, struct text segment, struct observed order, int32_t utc_offset_s,
                 struct values *values);

/* What was given before, per monitor; zeroed: nothing. */
struct value_memory {
    uint32_t given; /* bit per enum vital */
    struct {
        int64_t observed_ms, at_ms;
        int32_t value_milli;
        uint8_t rank, quality;
    } of[VITAL_COUNT];
};

/* Of the continuous vitals that such a monitor gives: there is none, at least one is current, none of them is. */
enum values_age { VALUES_NONE, VALUES_CURRENT, VALUES_OUTDATED };
enum values_age values_age(const struct values *values, const struct profile *profile, const struct moment *now);

/* Puts what is news. Returns how many were not current, or older than what was given before. */
unsigned values_give(const struct values *values, const struct monitor_config *monitor, struct value_memory *memory,
                     const struct moment *now, struct observation_sink *out);

#endif
