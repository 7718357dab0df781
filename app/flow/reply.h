/*
 * reply.h: what became of a command, on its way from the store thread to whoever sent it.
 *
 * Made after the commit of the command's audit row and of everything it caused, and only then: it is the proof. While the store fails it waits, for the
 * command has had its effect but is not safe yet; whoever has heard nothing for REPLY_WAIT_MS is promised nothing, and finds in the retained state
 * of bed and alarm what holds. An older reply is not sent any more; the audit log has it. Plain data, copied through a ring.
 */
#ifndef WARDGATE_REPLY_H
#define WARDGATE_REPLY_H

#include <stdint.h>

#include "app/engine/bed_command.h"

#define REPLY_WAIT_MS 10000
#define REPLY_SLOTS   64U /* of a ring of them: more than commands come in REPLY_WAIT_MS from people */

/* Where commands come from and replies go to, each by rings of its own: the broker (deliver's thread), the local socket (main's). */
enum command_origin { ORIGIN_BROKER, ORIGIN_LOCAL, ORIGIN_COUNT };

/* bed_command.origin: the place, and a ticket that tells the sender's commands apart. */
static inline uint64_t origin_make(enum command_origin origin, uint64_t ticket)
{
    return ticket * ORIGIN_COUNT + origin;
}
static inline enum command_origin origin_place(uint64_t origin)
{
    return (enum command_origin)(origin % ORIGIN_COUNT);
}

struct reply {
    struct bed_command command; /* with its verdict */
    uint64_t stay;              /* in the bed afterwards; 0: vacant */
    uint64_t row_before;        /* newest row of the outbox before that commit */
    uint64_t row;               /* newest row of the outbox in the commit: what the command caused is not behind it */
    int64_t wall_ms;            /* when the engine had done it */
    int64_t since_us;           /* the same in CLOCK_BOOTTIME */
};

#endif
