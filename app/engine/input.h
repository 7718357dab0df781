/*
 * input.h: whatever goes into an engine, one at a time: what a recording of a run holds, and what a replay of it puts in again.
 *
 * An engine with a witness tells it of each call that changes it, just before it does, and of each record. The same calls in the same order make
 * the same records: engine_take makes them again. Only where steps lie between inputs of one instant must be told beside: `stepped`.
 * What an input points at is its giver's, for the call alone. Thread: the engine's (while it is being restored: main's).
 */
#ifndef WARDGATE_INPUT_H
#define WARDGATE_INPUT_H

#include "app/engine/engine.h"

/* kind, its word in a recording */
#define INPUT_LIST(X)                                                                                       \
    X(SEED, "seed")                   /* number */                                                          \
    X(CLOCK, "clock_synced")          /* flag */                                                            \
    X(NUMBERS, "restore_numbers")     /* number: seq, number_2: next_id */                                  \
    X(STAY, "restore_bed")            /* bed, stay */                                                       \
    X(PAST, "restore_past")           /* key, alarm */                                                      \
    X(RESTORE_BEGIN, "restore_begin") /* at_ms: from when on */                                             \
    X(RESTORE_END, "restore_end")                                                                           \
    X(ALARM, "restore_alarm")     /* key, alarm, flag: unverified */                                        \
    X(SAID, "restore_said")       /* at_ms, bed, detail: the alarm's name */                                \
    X(BEGIN, "begin")             /* at_ms */                                                               \
    X(CONTINUE, "continue")       /* at_ms */                                                               \
    X(OBSERVATION, "observation") /* at_ms, observation */                                                  \
    X(REPORTED, "alarm")          /* at_ms, reported */                                                     \
    X(COMMAND, "command")         /* at_ms, command */                                                      \
    X(CONDITION, "condition")     /* at_ms, number: enum builtin_alarm, flag: it holds, priority, detail */ \
    X(LINE, "line")               /* at_ms, number: the line, number_2: enum line_state */                  \
    X(RETIRE, "retire")           /* at_ms; nothing comes after it */

enum engine_input_kind {
#define INPUT_ENUM(name, word) INPUT_##name,
    INPUT_LIST(INPUT_ENUM)
#undef INPUT_ENUM
        INPUT_KIND_COUNT
};

struct engine_input {
    enum engine_input_kind kind;
    int64_t at_ms;
    bool stepped; /* since the input before, what is due at at_ms was stepped, too */
    bool flag;
    uint16_t bed;
    enum priority priority;
    uint64_t number, number_2;
    union {
        const struct observation *observation;
        const struct monitor_alarm *reported;
        const struct bed_command *command;
        const struct bed_snapshot *stay;
        const struct alarm_snapshot *alarm;
        const char *detail;
    };
    const struct alarm_key *key; /* ALARM */
};

struct engine_witness {
    void (*takes)(struct engine_witness *witness, const struct engine_input *input);
    void (*gives)(struct engine_witness *witness, const struct record *record);
};

/* Before anything goes in; NULL: nobody looks on. It outlives the engine. */
void engine_set_witness(struct engine *engine, struct engine_witness *witness);

/* Steps what is due before it and puts it in; not a RETIRE, which needs another configuration. False: it does not fit where the engine is (an instant in its
 * past, a bed or an alarm that it does not have, a restore after the begin ...), nothing has changed. */
bool engine_take(struct engine *engine, const struct engine_input *input, struct record_sink *sink);

const char *engine_input_word(unsigned kind); /* never NULL */

#endif
