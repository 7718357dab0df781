/*
 * reporter.h: readings of one monitor become observations. Pure; time is an argument.
 *
 * Of a reading: identity, signals, values, heard. Identity and signals only when they are new or changed. Values no more often, over time, than the profile of the
 * monitor promises, for a series has room for no more; those of a spot check each time. A signal of the profile that the protocol does
 * not have is off. Storage is the caller's. Thread: the bus's.
 */
#ifndef WARDGATE_REPORTER_H
#define WARDGATE_REPORTER_H

#include "drivers/monitor/driver.h"
#include "drivers/monitor/serial/protocol.h"

struct reporter {
    const struct monitor_config *monitor;
    uint8_t source[PROFILE_BITS_MAX]; /* by bit of the monitor's profile: its index in the protocol's, or NO_BIT */
    bool is_known;                    /* the signals were put */
    uint32_t bits_on;                 /* of the monitor's profile */
    int32_t identity;
    int64_t due_ms; /* the values; 0: at once */
};

/* Begins anew, with the readings of a protocol. */
void reporter_use(struct reporter *reporter, const struct monitor_config *monitor, const struct protocol *protocol);

/* Nobody knows what happened meanwhile: identity and signals are put again. */
void reporter_forget(struct reporter *reporter);

void reporter_put(struct reporter *reporter, const struct reading *reading, int64_t at_ms,
                  struct observation_sink *out);

#endif
