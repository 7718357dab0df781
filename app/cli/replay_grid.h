/*
 * replay_grid.h: a recording through every point of a grid (what_if.h): as many engines side by side as memory allows, and the recording again for the
 * next ones.
 */
#ifndef WARDGATE_REPLAY_GRID_H
#define WARDGATE_REPLAY_GRID_H

#include <stdbool.h>

#include "app/cli/replay_run.h"
#include "app/cli/what_if.h"

#define REPLAY_GRID_BYTES (64U * 1024 * 1024) /* of engines at a time */

struct replay_grid {
    struct what_if *what_if;
    const struct engine_config *base;
    const struct payload_context *payloads;
    bool has_commands; /* the recording may: what they mean is known from a reference with base */
    /* The whole recording through these runs, and the reference (NULL: none); false after a fault, already told. */
    bool (*feed)(void *context, struct replay_run *runs, unsigned count, struct replay_run *reference);
    void *context;
};

/* Fills what_if->results. False after a fault, already told. */
bool replay_grid_run(const struct replay_grid *grid);

#endif
