/*
 * apart.h: the invariant `apart`: nothing that a delay or a window goes by is of another stay, or of before a break of unknown length.
 *
 * Two things are looked at. What a start feeds into the engine, at the seam between them (the linker's --wrap): nothing at all after a break of unknown
 * length, and nothing from before it ever after. And each start of an alarm with a delay or a window, as it is committed: it comes no sooner than that
 * after its stay's beginning, and after the start that followed such a break.
 * A break is of unknown length for sure when the box was off and it starts with neither time source nor hardware clock, or had none for long as the process before ended.
 */
#ifndef WARDGATE_TESTS_SIM_APART_H
#define WARDGATE_TESTS_SIM_APART_H

#include <stdbool.h>
#include <stdint.h>

#include "app/engine/engine.h"
#include "drivers/store/store.h"

void apart_begin_process(void);
void apart_end_process(void);
void apart_stay(unsigned bed, const struct bed_snapshot *snapshot); /* as it is committed */
void apart_alarm(
    int bed, const struct store_alarm *alarm); /* likewise, behind its bed's state or before it in one transaction */
void apart_clock(void);                        /* it is written down when this process began, and by which clock */
void apart_commit_ends(void);
bool apart_is_feeding(void); /* a start feeds its engine in silence */
void apart_are_lost(void);   /* the stays that were committed */

#endif
