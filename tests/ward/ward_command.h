/*
 * ward_command.h: what can be made to happen: events of patients, faults of monitors and lines. The list is in
 * ward_verb.c.
 *
 * A command is parsed once, when the description is read or the line arrives, and run later: mistakes show early.
 */
#ifndef WARD_COMMAND_H
#define WARD_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/ward/ward_patient.h"
#include "tests/ward/ward_registers.h"

#define WARD_WORD_MAX 256
#define WARD_TEXT_MAX 160

struct ward;
struct ward_link;
struct ward_monitor;
struct ward_verb;

struct ward_setting {
    enum ward_vital vital;
    bool automatic; /* the source decides again */
    int32_t milli;
};

struct ward_command {
    const struct ward_verb *verb;
    const struct ward_event *event; /* NULL: a command of another kind */
    struct ward_link *link;
    struct ward_monitor *monitor;
    int64_t duration_ns; /* WARD_UNTIL_TOLD when left out */
    int64_t number;
    int64_t count;  /* WARD_UNTIL_TOLD when left out */
    int64_t now_ns; /* when it runs: set by ward_command_run */
    bool on;
    char word[WARD_WORD_MAX];
    size_t setting_count;
    struct ward_setting settings[WARD_VITALS];
    char text[WARD_TEXT_MAX]; /* as it was given */
};

/* Words "SUBJECT VERB [ARGUMENTS]" or "VERB SUBJECT [ARGUMENTS]". On false `why` says what is wrong. */
bool ward_command_parse(struct ward *ward, char *words[], size_t count, struct ward_command *out, char *why,
                        size_t why_size);

/* NULL when done, else why it could not be. Told on standard error unless the ward is quiet. */
const char *ward_command_run(const struct ward *ward, struct ward_command *command, int64_t now_ns);

/* True when a monitor or a line may not be called so. */
bool ward_command_is_word(const char *name);

#endif
