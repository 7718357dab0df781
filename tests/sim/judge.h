/*
 * judge.h: once a simulated second, holds what is told of the ward against what is true of it (implied, not_silent, present, fresh, arrives, goes_on).
 *
 * What is told is what stands retained at a broker that can be reached; else what the store holds. Each fault and each change gives the gateway the time
 * that it is promised to need; nothing is asked of it before that.
 */
#ifndef WARDGATE_TESTS_SIM_JUDGE_H
#define WARDGATE_TESTS_SIM_JUDGE_H

#include <stdbool.h>

void judge_second(void);
bool judge_is_quiet(void);       /* nothing was wrong with disk, broker and process for a minute */
bool judge_disk_was_ill(void);   /* since this process was started */
bool judge_refused_lately(void); /* the broker has refused an alert: the order of that bed is another */
void judge_note_refusal(void);

#endif
