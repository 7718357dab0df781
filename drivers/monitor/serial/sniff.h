/*
 * sniff.h: which protocol a line speaks, from nothing but bytes of it; for monitors whose protocol nobody configured, for a line
 * that speaks another than was configured, and for whoever looks for monitors (`protocols`, protocols.h, has their names and usual speeds).
 *
 * Pure; any thread.
 */
#ifndef WARDGATE_SNIFF_H
#define WARDGATE_SNIFF_H

#include "drivers/monitor/serial/protocol.h"

/* The newest bytes of a line; enough for two frames of any protocol. Zeroed: none yet. */
#define SNIFF_BYTES 512

struct sniff_window {
    uint8_t bytes[SNIFF_BYTES];
    size_t count;
};

void sniff_add(struct sniff_window *window, const uint8_t *bytes, size_t count);

/*
 * NULL unless exactly one protocol can have said the newest of these bytes: they end in a run of its frames, sound and without a gap, long enough to be sure, and
 * perhaps the beginning of the next.
 */
const struct protocol *sniff(const uint8_t *bytes, size_t count);

#endif
