/*
 * snapshot_read.h: what the engine put into the store, read back, also as the wardgate of before (store schema 3) wrote it. Pure.
 *
 * Rows keep the form in which they were written until the next record of their bed or alarm: so old ones are told by their size and made anew when they are
 * read. What the old form does not say gets the value that changes nothing: the stay began with its first observation, nobody knows of its admission,
 * and an alarm counts as unseen since it was raised.
 *
 * False: of a form that nobody knows; *out is untouched.
 *
 * A number keeps its meaning in rows: 31 is "no vital" there, since there were 31 of them, and the one that came then is 32.
 */
#ifndef WARDGATE_SNAPSHOT_READ_H
#define WARDGATE_SNAPSHOT_READ_H

#include <stdbool.h>
#include <stddef.h>

#include "app/engine/engine.h"

/* From the program to a row, and back: it is its own inverse. */
uint8_t snapshot_vital(uint8_t vital);

bool snapshot_read_bed(const void *bytes, size_t size, struct bed_snapshot *out);
bool snapshot_read_alarm(const void *bytes, size_t size, struct alarm_snapshot *out);

#endif
