/*
 * invariant.h: what must hold at every moment of a simulated run, by number and name; DESIGN.md has the same (toolchain/check-invariants). A broken one ends the run, with the command that
 * repeats it.
 */
#ifndef WARDGATE_TESTS_SIM_INVARIANT_H
#define WARDGATE_TESTS_SIM_INVARIANT_H

#include <stdbool.h>
#include <stdint.h>

#include "app/engine/status.h"

/* number, name, what must hold */
#define INVARIANT_LIST(X)                                                                                             \
    X(1, no_gap, "seq counts the gateway's alerts and bed_seq a bed's without a gap, as they are committed")          \
    X(2, content, "(epoch, id, rev) and seq name one content, however often and by whichever run it is sent")         \
    X(3, together, "an alert, its alarm's state, its bed's state and the numbers are of one transaction")             \
    X(4, one_life, "an alarm has one id from start to end, rev counts from 1, and what goes on has not ended")        \
    X(5, stay, "an alarm is of one stay, and a stay that is over does not come back")                                 \
    X(6, apart, "no delay and no window goes by two stays, or over a break of unknown length")                        \
    X(7, durable, "what is sent as durable was committed, and nothing else goes out while the disk is well")          \
    X(8, order, "alerts of a bed arrive for the first time in the order of bed_seq")                                  \
    X(9, once, "a durable alert comes once on a connection, but for reloads and refusals")                            \
    X(10, delivered, "a row leaves the outbox only after the broker had it")                                          \
    X(11, arrives, "with a broker that is well the outbox empties, and every alert has arrived, or a record of it")   \
    X(12, live, "an alert is there within 2 s of its commit while nothing is wrong")                                  \
    X(13, present, "what is retained of alarms is what they are")                                                     \
    X(14, implied, "a patient beyond a limit has the alarm, and one who is well has it not")                          \
    X(15, not_silent, "a monitor that is not heard, or has no values, is told of")                                    \
    X(16, shown, "a value that is shown is one that this bed's monitor gave within its stale time")                   \
    X(17, fresh, "while all is well each bed is shown, with its values, at least every 12 s")                         \
    X(18, answered, "a command that was answered is in the audit log")                                                \
    X(19, preferred, "the first broker in the list that answers for long enough is the one that is used")             \
    X(20, moved, "a broker that is left for an earlier one keeps nothing but that the gateway has moved")             \
    X(21, audited, "the audit log is one chain with each command and each start once, as long as its store is there") \
    X(22, replaced, "a store that is damaged is set aside, and an alarm says so")                                     \
    X(23, watched, "watchdogs are fed while every part of the gateway goes on, and starve when one stands still")     \
    X(24, in_place, "a line's thread that hangs has the gateway start in place, at most once an hour")                \
    X(25, clock, "an alert says whether the wall clock had a time source")                                            \
    X(26, joined, "windows go on over a break of known length, and over no other")                                    \
    X(27, goes_on, "the gateway runs, commits and connects again when what was wrong is over")                        \
    X(28, live_without_disk,                                                                                          \
      "an alert is there within 2 s of its being made, whatever the disk does, while all else is well")

enum invariant {
    INVARIANT_NONE,
#define INVARIANT_ENUM(number, name, text) INVARIANT_##name = (number),
    INVARIANT_LIST(INVARIANT_ENUM)
#undef INVARIANT_ENUM
        INVARIANT_COUNT
};

/* Says what was found, and how to see it again, and ends the program. */
_Noreturn void PRINTF_LIKE(2, 3) invariant_broken(enum invariant invariant, const char *format, ...);

/* It was looked at, and holds. */
void invariant_holds(enum invariant invariant);
void invariant_print_counts(void);

/* How to repeat the run: printed with a fault. */
void invariant_set_repeat(uint64_t seed, double days);
void invariant_print_repeat(void);

#endif
