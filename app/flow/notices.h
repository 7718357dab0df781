/*
 * notices.h: says in the log what changed in the gateway's parts: lines, broker, store. Once a change, never the same thing again.
 *
 * Thread: main's, once a second. Storage of the newest known states comes from the arena.
 */
#ifndef WARDGATE_NOTICES_H
#define WARDGATE_NOTICES_H

#include "app/engine/arena.h"
#include "app/flow/report.h"

struct notices {
    int *bus_states;                        /* enum bus_state, -1: not looked at yet */
    int *bus_errors;                        /* enum status */
    unsigned *rs485_told;                   /* the opening (bus_health.opened) that was told to lack RS-485; 0: none */
    uint8_t *monitors;                      /* how each was heard last, all buses one after another; see notices.c */
    int uplink_connected;                   /* -1: not looked at yet */
    unsigned uplink_broker;                 /* index of the one in use */
    unsigned uplink_connects, uplink_quick; /* connections; how many in a row followed the one before quickly */
    int64_t uplink_begun_us;                /* CLOCK_BOOTTIME of the newest */
    int store_failing;
    unsigned long long omitted; /* alerts that the outbox gave up, as told last */
};

void notices_init(struct notices *notices, struct arena *arena, uint16_t bus_count, uint32_t monitor_count);
void notices_look(struct notices *notices, const struct report *report);

/* Goes on from what was known under the configuration before, so that nothing is said twice. from: where each bus stood there, -1: it is new. */
void notices_continue(struct notices *notices, const struct report *report, const struct notices *before,
                      const struct report *report_before, const int *from);

#endif
