/*
 * invariant.h: what must hold at every moment of a simulated run, by name; DESIGN.md says the same. A broken one ends the run, with the command that
 * repeats it.
 */
#ifndef WARDGATE_TESTS_SIM_INVARIANT_H
#define WARDGATE_TESTS_SIM_INVARIANT_H

#include <stdbool.h>
#include <stdint.h>

#include "app/engine/status.h"

#define INVARIANT_LIST(X)                                                                                         \
    X(no_gap, "seq counts the gateway's alerts and bed_seq a bed's without a gap, as they are committed")         \
    X(content, "(epoch, id, rev) and seq name one content, however often and by whichever run it is sent")        \
    X(together, "an alert, its alarm's state, its bed's state and the numbers are of one transaction")            \
    X(one_life, "an alarm has one id from start to end, rev counts from 1, and what goes on has not ended")       \
    X(stay, "an alarm is of one stay, and a stay that is over does not come back")                                \
    X(durable, "what is sent as durable was committed, and nothing else goes out while the disk is well")         \
    X(order, "alerts of a bed arrive for the first time in the order of bed_seq")                                 \
    X(once, "a durable alert comes once on a connection, but for reloads and refusals")                           \
    X(delivered, "a row leaves the outbox only after the broker had it")                                          \
    X(arrives, "with a broker that is well the outbox empties, and every alert has arrived, or a record of it")   \
    X(live, "an alert is there within 2 s of its commit while nothing is wrong")                                  \
    X(present, "what is retained of alarms is what they are")                                                     \
    X(implied, "a patient beyond a limit has the alarm, and one who is well has it not")                          \
    X(not_silent, "a monitor that is not heard, or has no values, is told of")                                    \
    X(shown, "a value that is shown is one that this bed's monitor gave within its stale time")                   \
    X(fresh, "while all is well each bed is shown, with its values, at least every 12 s")                         \
    X(preferred, "the first broker in the list that answers for long enough is the one that is used")             \
    X(moved, "a broker that is left for an earlier one keeps nothing but that the gateway has moved")             \
    X(answered, "a command that was answered is in the audit log")                                                \
    X(audited, "the audit log is one chain with each command and each start once, as long as its store is there") \
    X(replaced, "a store that is damaged is set aside, and an alarm says so")                                     \
    X(clock, "an alert says whether the wall clock had a time source")                                            \
    X(joined, "windows go on over a break of known length, and over no other")                                    \
    X(watched, "watchdogs are fed while every part of the gateway goes on, and starve when one stands still")     \
    X(in_place, "a line's thread that hangs has the gateway start in place, at most once an hour")                \
    X(goes_on, "the gateway runs, commits and connects again when what was wrong is over")

enum invariant {
#define INVARIANT_ENUM(name, text) INVARIANT_##name,
    INVARIANT_LIST(INVARIANT_ENUM)
#undef INVARIANT_ENUM
        INVARIANT_COUNT
};

/* Says what was found, and how to see it again, and ends the program. */
_Noreturn void PRINTF_LIKE(2, 3) invariant_broken(enum invariant invariant, const char *format, ...);

/* It was looked at, and holds. */
void invariant_holds(enum invariant invariant);
void invariant_print_counts(void);

/* False, and those are named: an invariant was never looked at, so that it holds says nothing. */
bool invariant_were_all_looked_at(void);

/* How to repeat the run: printed with a fault. */
void invariant_set_repeat(uint64_t seed, double days);
void invariant_print_repeat(void);

#endif
