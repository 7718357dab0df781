/*
 * made.h: the invariant `live_without_disk`: what the engine makes of alerts is at the broker within 2 s, whatever the disk does meanwhile.
 *
 * The clock begins as the engine hands an alert over, at the seam between it and the ring of records (the linker's --wrap), before anything is begun with
 * the disk; it ends as the broker has it, by whichever way. That one which is not committed says so is held by `durable`.
 */
#ifndef WARDGATE_TESTS_SIM_MADE_H
#define WARDGATE_TESTS_SIM_MADE_H

#include <stdint.h>

void made_arrived(uint64_t seq, uint64_t id, uint32_t rev);
void made_judge(void);          /* once a second: what has not arrived */
void made_forget_process(void); /* it is gone, and what was on its way */

#endif
