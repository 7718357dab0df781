/*
 * intake.h: one whole HL7 message: what it is, whether it counts, whose it is; its values and alarms are put.
 *
 * Taken are ORU^R01 (values) and ORU^R40 (alarms). A message has an effect only when all of it is sound, when it is
 * real (MSH-11 neither T nor, unless the bus believes it, D) and when its sender has not sent its MSH-10 for its places
 * (PV1) before. Its groups (PID, PV1, OBR) may be about many beds. Of PID nothing is read.
 *
 * Of MSH-10 the newest INTAKE_RECENT are remembered, for INTAKE_RECENT_MS. Monitors count from 1 again when they are
 * switched on, some with each connection: the same MSH-10 over another connection and with another MSH-7 is another
 * message. A message that is sent again (because its acknowledgement was lost, say) keeps its MSH-7.
 *
 * Pure: time is an argument, nothing is read or allocated; counters go into the bus's health. Thread: the bus's.
 */
#ifndef WARDGATE_HL7_INTAKE_H
#define WARDGATE_HL7_INTAKE_H

#include <stddef.h>
#include <stdint.h>

#include "app/engine/arena.h"
#include "drivers/monitor/driver.h"
#include "drivers/monitor/hl7/ack.h"
#include "drivers/monitor/hl7/message.h"
#include "drivers/monitor/hl7/origin.h"
#include "drivers/monitor/hl7/values.h"

#define INTAKE_RECENT     2048
#define INTAKE_RECENT_MS  300000
#define INTAKE_ALARMS_MAX 128 /* of one message, which usually has one (each may end at once); the rest is refused */

struct intake_monitor {
    struct value_memory values;
    struct origin_monitor origin;
    bool is_outdated;      /* its newest continuous values were not current */
    int64_t outdated_ms;   /* CLOCK_BOOTTIME: when it last spoke like that */
    int64_t heard_ms;      /* CLOCK_BOOTTIME */
    uint64_t heard_number; /* the message that it was heard by */
    uint64_t named_number; /* and that which said who it is */
};

struct intake_recent {
    uint64_t id;   /* hash of sender, MSH-10 and PV1 */
    uint64_t sent; /* hash of MSH-7 */
    uint64_t connection;
    int64_t at_ms;
};

struct intake {
    const struct bus_config *config;
    struct bus_health *health;
    struct intake_monitor *monitors;
    struct intake_recent *recent;
    unsigned next_recent;
    uint64_t messages;
    uint64_t connection; /* that the message comes over, by a number of its own: set before intake_take */
    struct origin_memory senders;
    bool has_senders_clock;   /* the next */
    int64_t senders_ahead_ms; /* of CLOCK_BOOTTIME: the clock of the sender that is furthest ahead */
};

/* Takes storage only, while the arena measures (then `intake` is NULL). */
void intake_make(struct intake *intake, struct arena *arena, const struct bus_config *config,
                 struct bus_health *health);

/*
 * One message, without its frame. False: nothing in it can be read, so there is nothing to acknowledge. out_message
 * (which points into the bytes), out_result and out_reason are what its acknowledgement needs.
 */
bool intake_take(struct intake *intake, const char *bytes, size_t length, const struct moment *now,
                 struct observation_sink *out, struct message *out_message, enum ack_result *out_result,
                 const char **out_reason);

/* The beginning of a message that is too long: refused, if it can be read at all. */
bool intake_refuse(struct intake *intake, const char *bytes, size_t length, struct message *out_message);

#endif
