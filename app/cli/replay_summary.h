/*
 * replay_summary.h: what a replay comes to, for people (a table) or for programs (one JSON object in a line).
 */
#ifndef WARDGATE_REPLAY_SUMMARY_H
#define WARDGATE_REPLAY_SUMMARY_H

#include <stdint.h>
#include <stdio.h>

#include "app/cli/replay_run.h"

/* What was read, beside what the engine counts itself. */
struct replay_source {
    uint64_t rows, late_rows; /* lines, and those that came too late */
    uint64_t heard;           /* observations that are no values */
    uint32_t vitals;          /* bit per enum vital that was recorded */
    uint32_t period_ms;       /* of --period; 0: the profile's */
};

void replay_summary_text(FILE *stream, const struct replay_run *run, const struct replay_source *source);
void replay_summary_json(FILE *stream, const struct replay_run *run, const struct replay_source *source);

#endif
