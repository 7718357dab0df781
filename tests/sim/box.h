/*
 * box.h: what else the box has (hal/service.h, watchdog.h): a hardware watchdog that resets it, and half of the time a service manager with a watchdog of
 * its own, which ends a process that it does not hear from. What must hold of both (watched), and of starts in place (in_place).
 *
 * A part of the gateway may be held: its thread stands still, whatever it is asked, until it is released or the process is gone.
 */
#ifndef WARDGATE_TESTS_SIM_BOX_H
#define WARDGATE_TESTS_SIM_BOX_H

#include <stdbool.h>

void box_boot(void);     /* the watchdog counts no more */
void box_goes_off(void); /* in order: what runs is asked to end, and told why, until it has booted */
void box_begin_process(bool in_place);
void box_forget_process(void);     /* it was killed */
void box_note_signal(void);        /* a reload or a stop has begun: main has its own time for it */
bool box_resets(void);             /* the watchdog was not fed in time */
bool box_ends_process(void);       /* the manager was not told in time */
bool box_hold(const char *thread); /* false: there is none of that name */
void box_release(void);
bool box_holds(void);
bool box_holds_alerts(
    void); /* one that each alert goes through: not main, nor the writer, which is as if its disk hung */
void box_starts_in_place(void); /* the gateway asks for it */
void box_judge(void);           /* once a second */

#endif
