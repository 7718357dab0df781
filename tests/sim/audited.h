/*
 * audited.h: the audit log as it is committed, and as it is found by each start (audited): no part of the gateway.
 */
#ifndef WARDGATE_TESTS_SIM_AUDITED_H
#define WARDGATE_TESTS_SIM_AUDITED_H

#include <stdbool.h>
#include <stdint.h>

void audited_put(const char *json);            /* a row is committed */
void audited_chained(uint64_t row, bool fits); /* a row that is there, behind the one before */
void audited_are_lost(void);                   /* all rows, with their store */
void audited_begin_process(void);
bool audited_lack_start(void); /* the process that runs has left no row, and nothing excuses it */

#endif
