/*
 * verdict.h: whether an image is what a power cut may leave: the invariants, each with its number and name (DESIGN.md, The store).
 */
#ifndef WARDGATE_TESTS_VERDICT_H
#define WARDGATE_TESTS_VERDICT_H

#include <stdint.h>

/* number, name, what must hold */
#define INVARIANT_LIST(X)                                                                                          \
    X(1, opens, "the store opens as it is, and everything in it can be read")                                      \
    X(2, committed, "an alert whose commit returned is in the outbox, or, once the broker had it, in history")     \
    X(3, content, "(epoch, id, rev) and seq name what they named when it was committed")                           \
    X(4, no_gap, "seq has no gap, bed_seq none at any bed, and rows stand in their order")                         \
    X(5, together, "an alert, its alarm's state, its bed's state and the numbers are of one transaction")          \
    X(6, whole, "the store holds what the last commit that returned left, or the one under way, and no mixture")   \
    X(7, once, "no alert is both in the outbox and in history")                                                    \
    X(8, answered, "a command that was answered is in the audit log")                                              \
    X(9, active, "each alarm that is active in the store is active in the engine that starts from it")             \
    X(10, goes_on, "the next alert is committed, and takes the next number")                                       \
    X(11, journal, "the journal gives nothing that was not put into it")                                           \
    X(12, set_aside, "a damaged store is still there, under its name or the one it was set aside under")           \
    X(13, chained, "the chain of the audit log is whole")                                                          \
    X(14, windows, "the engine that starts has all that it had when it made the newest alert of a bed")            \
    X(15, trends, "trends open, hold what their last commit left, or the one under way, and take the next minute") \
    X(16, trends_aside, "damaged trends are set aside and begun anew, and cost no alert")

enum invariant {
    INVARIANT_NONE,
#define INVARIANT_ENUM(number, name, text) INVARIANT_##name = (number),
    INVARIANT_LIST(INVARIANT_ENUM)
#undef INVARIANT_ENUM
        INVARIANT_COUNT
};

const char *invariant_name(unsigned invariant);

/* Opens the store in `path`, as it is after the power cut before operation `cut`; the first that does not hold, and in `why` what is wrong. */
enum invariant verdict_of(const char *path, uint64_t size_bytes, uint32_t cut, char why[200]);

/* The content of a store that opens, for the record that goes on from there; aborts when it cannot be read. */
struct content_of_store;
void verdict_read(const char *path, uint64_t size_bytes, struct content_of_store *out);

#endif
