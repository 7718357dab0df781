/*
 * lives.h: alarms as they are committed, each through its occurrences (one_life, stay): no part of the gateway.
 */
#ifndef WARDGATE_TESTS_SIM_LIVES_H
#define WARDGATE_TESTS_SIM_LIVES_H

#include <stdint.h>

#include "drivers/store/store.h"

void lives_put(const struct store_alarm *alarm, uint64_t digest); /* the digest of its content */
void lives_commit_ends(void);
/* Of a bed that an alarm is of: what is missing counts from there on, as the patient is back, or the monitor is the right one again. */
void lives_note_break(int bed, const char *alarm);
void lives_are_lost(void);   /* with their store; in the next one they may go on, or begin anew */
void lives_begin_anew(void); /* another epoch: all have ended, and ids begin anew */

#endif
