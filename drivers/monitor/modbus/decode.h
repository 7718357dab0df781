/*
 * decode.h: bytes of an answer in, observations out. Pure: no clock, no I/O, no floating point.
 *
 * What has to be remembered between answers stands in a decode_state that the caller owns, zeroed at first. The
 * quality that a value goes out with, the first that holds: its data are no patient's (demo, test), it stands by or
 * calibrates, its sensor is off, it says "no value" (absent; NaN and infinity too), the value is out of the profile's
 * range or of what an int32 of thousandths holds (implausible, then with the nearest value that fits), valid.
 *
 * An episodic channel gives one observation per measurement: when its counter changes, or without one when any
 * value of its group (the three cuff pressures are one) changes; none while the cuff inflates. What stands there at
 * the first reading was measured at an unknown instant and is flagged so. A channel whose counter the monitor turns
 * out not to have is taken like one without.
 *
 * The identity goes out whenever it is read, before the values of the same answer; whose values they are is the
 * engine's to judge. Registers that are all 0, or all 0xFFFF, say nothing. With another monitor everything begins anew.
 */
#ifndef WARDGATE_DECODE_H
#define WARDGATE_DECODE_H

#include <stdint.h>

#include "app/engine/observation.h"
#include "drivers/monitor/driver.h"
#include "drivers/monitor/modbus/requests.h"

/* Sets of channels and of bits have a bit per index in the profile. */
struct decode_state {
    uint32_t bits_known, bits_on;
    uint32_t marked;                     /* episodic channels whose mark is known */
    uint32_t due;                        /* episodic channels with a measurement not yet put */
    uint32_t age_unknown;                /* of those due: measured at an unknown instant */
    uint32_t refused;                    /* channels that the monitor says it has not */
    uint32_t counterless;                /* channels whose counter it says it has not */
    uint32_t mark[PROFILE_CHANNELS_MAX]; /* what changes with each measurement: the counter, else the raw value */
    int32_t identity;                    /* the newest; 0: none yet */
};

/* After a silence: nobody knows what happened meanwhile, so the next reading counts as a first one. The identity
 * and what is refused stay. */
void decode_forget(struct decode_state *state);

/* `data` holds the request_data_bytes of the answer; at_ms is the instant at which it was whole. Puts the identity,
 * signals, vitals that are refused no more, values, and at the end that the monitor was heard. */
void decode_answer(const struct monitor_config *monitor, struct decode_state *state, const struct request *request,
                   const uint8_t *data, int64_t at_ms, struct observation_sink *out);

/* It answered with an exception: it was heard. */
void decode_heard(const struct monitor_config *monitor, int64_t at_ms, struct observation_sink *out);

/* The monitor has not got the registers of a request that asks for no more than it must: puts the vitals that it
 * refuses thereby. */
void decode_refused(const struct monitor_config *monitor, struct decode_state *state, const struct request *request,
                    int64_t at_ms, struct observation_sink *out);

/* QUALITY_VALID, _ABSENT (value 0) or _IMPLAUSIBLE of a raw value of 16 or 32 bits (0 or 1 of a coil). */
enum quality decode_value(const struct profile_channel *channel, uint32_t raw, int32_t *out_milli);

#endif
