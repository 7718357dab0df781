/*
 * replay_lines.h: the recording of a run (`wardgate run --record`, or written by hand; input_line.h) through engines.
 *
 * One line after the other, in constant memory. What the recording says of its own records is compared with those of the first engine.
 *
 * An engine with other rules than those recorded (`differs`) takes what has a meaning there: what is of rules that it does not have is left out, and an
 * acknowledgement is of the alarm that bears the same name there. Which that was is known from an engine with the recorded ones, the reference.
 */
#ifndef WARDGATE_REPLAY_LINES_H
#define WARDGATE_REPLAY_LINES_H

#include <stdbool.h>

#include "app/cli/replay_run.h"

struct replay_lines {
    uint64_t lines, heard;
    int64_t last_ms;
    uint32_t vitals; /* bit per enum vital that came */
    struct input_head head;
    bool differed; /* the records are not those of the run; told */
};

/* False: it cannot be opened, or its first byte is no brace. */
bool replay_lines_is_one(const char *file);

/* Up to its end. reference: NULL where no run differs. False after a fault, already told with its line. */
bool replay_lines_read(const char *file, struct replay_run *runs, unsigned run_count, struct replay_run *reference,
                       struct replay_lines *out);

#endif
