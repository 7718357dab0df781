/*
 * replay_run.h: one engine that a recording runs through, and what comes out of it: alerts as JSON lines, figures for the summary.
 *
 * The same engine as the gateway's, driven the same way. Several runs may be fed side by side with the same observations. One thread; allocated
 * by replay_run_make.
 */
#ifndef WARDGATE_REPLAY_RUN_H
#define WARDGATE_REPLAY_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "app/cli/replay_tally.h"
#include "app/engine/engine.h"
#include "app/flow/input_line.h"
#include "app/flow/payload.h"

struct replay_run {
    struct record_sink sink; /* first: the engine puts through it */
    struct arena arena;
    struct engine *engine;
    struct payload_context payloads;
    struct tally tally;
    FILE *alerts;    /* NULL: they are only counted */
    bool *admitted;  /* one a bed */
    bool begun;      /* records before, of a restore, count for nothing */
    uint32_t vitals; /* bit per enum vital that is looked at; the others of a CSV are passed over */
    bool differs;    /* other rules than those recorded: ids differ, too */
    uint64_t records, digest;
    bool write_failed;
};

/* config and what payloads point at outlive it. False: out of memory, already told; free it in any case. */
bool replay_run_make(struct replay_run *run, const struct engine_config *config, const struct payload_context *payloads,
                     FILE *alerts);
void replay_run_free(struct replay_run *run);

/* Time begins. */
void replay_run_begin(struct replay_run *run, int64_t at_ms);

/* Steps everything due up to that instant. */
void replay_run_step(struct replay_run *run, int64_t until_ms);

/* Observations in order of time; a bed's first one admits it. */
void replay_run_observe(struct replay_run *run, const struct observation *observations, size_t count);

/* One input of a line of a recording of a run; a command that does not name its stay, or its alarm, gets the present one first. False: the engine cannot
 * take it where it is. */
bool replay_run_take(struct replay_run *run, const struct input_line *line, const struct engine_input *input);

/* The newest alert of an alarm that is active or latched at a bed, or of the whole ward: of that name, or with that id. False: there is none. */
bool replay_run_find_alarm(const struct replay_run *run, uint16_t bed, const char *name, struct alert *out);
bool replay_run_find_alarm_id(const struct replay_run *run, uint16_t bed, uint64_t id, struct alert *out);

/* Up to the end of the recording, that instant included. */
void replay_run_end(struct replay_run *run, int64_t at_ms);

#endif
