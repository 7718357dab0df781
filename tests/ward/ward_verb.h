/*
 * ward_verb.h: the list of everything that can be done to a monitor or a line, one row each, and how it is done.
 */
#ifndef WARD_VERB_H
#define WARD_VERB_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/ward/ward_command.h"
#include "tests/ward/ward_link.h"

enum ward_subject { WARD_SUBJECT_MONITOR, WARD_SUBJECT_LINK };

/*
 * Arguments by letter: d duration, n number (low..high), w word, v vitals and values, b on or off; D duration and
 * C count may be left out.
 */
struct ward_verb {
    const char *name;
    enum ward_subject subject;
    unsigned kinds; /* bit per enum ward_link_kind: on which links, or on whose monitors */
    const char *arguments;
    const char *usage;
    const char *(*run)(const struct ward_command *command); /* NULL when done, else why it could not be */
    bool (*check)(const struct ward_command *command);      /* what the letters cannot say; may be NULL */
    enum ward_fault_kind fault;                             /* for those that spoil answers */
    int64_t low, high;
};

/* NULL when there is none; every event has the same verb, whose `run` begins command->event. */
const struct ward_verb *ward_verb_by_name(const char *name);

#endif
