/*
 * restore_numbers.h: numbers whose own row cannot be read, out of the rows that bear them.
 *
 * No number may be given twice in an epoch. The rows of alerts and alarms say which there are, two of them of almost each alert; a gap
 * is better than a number that names two alerts. Thread: main's, while the store thread does not run.
 */
#ifndef WARDGATE_RESTORE_NUMBERS_H
#define WARDGATE_RESTORE_NUMBERS_H

#include <stdint.h>

#include "app/flow/commit.h"
#include "drivers/store/store.h"

/* At least the newest of the gateway's. */
void restore_find_numbers(struct store *store, struct state_numbers *out);

/* The newest bed_seq of a bed that any row tells of; 0: none does. */
uint64_t restore_find_bed_seq(struct store *store, const char *bed);

#endif
