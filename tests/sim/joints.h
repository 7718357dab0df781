/*
 * joints.h: where engine time of one boot of the box was joined to that of the boot before, as it is committed: over a break whose length was known, and
 * nowhere else (invariant joined). A break behind an orderly end of the box that a wrong hardware clock gave
 * another length may be joined until a time source says so.
 */
#ifndef WARDGATE_TESTS_SIM_JOINTS_H
#define WARDGATE_TESTS_SIM_JOINTS_H

#include "app/flow/commit.h"

void joints_put(const struct state_clock *clock); /* is durable */
void joints_forget(void);                         /* the store is gone */
/* Before anything else of that. is_ending: the power goes, and the gateway has been told to end with the box. */
void joints_end_boot(bool is_orderly, bool is_ending);
void joints_begin_boot(void); /* with the clocks that it has then */
void joints_judge(void);      /* once a second */

#endif
