/*
 * lives.h: alarms as they are committed, each through its occurrences (one_life, stay): no part of the gateway.
 */
#ifndef WARDGATE_TESTS_SIM_LIVES_H
#define WARDGATE_TESTS_SIM_LIVES_H

#include <stdint.h>

#include "drivers/store/store.h"

void lives_put(const struct store_alarm *alarm, uint64_t digest); /* the digest of its content */
void lives_commit_ends(void);
void lives_begin_anew(void); /* another epoch: all have ended, and ids begin anew */

#endif
