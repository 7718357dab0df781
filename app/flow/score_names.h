/*
 * score_names.h: the scores and estimates that were ever published, by the last word of their topics.
 *
 * Kept in the store over restarts and changes of the configuration, so that the topic of one that is taken out is emptied;
 * else it would stand there until it expires, and for ever with MQTT 3.1.1. A full list forgets the oldest one that no bed
 * has any more. Plain data; thread: whoever owns the list.
 */
#ifndef WARDGATE_SCORE_NAMES_H
#define WARDGATE_SCORE_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "app/engine/engine.h"
#include "drivers/store/store.h"

#define SCORE_NAME_MAX  32
#define SCORE_NAMES_MAX 64 /* more than a configuration can have */

struct score_names {
    uint32_t count;
    char names[SCORE_NAMES_MAX][SCORE_NAME_MAX]; /* the oldest first; behind their end only NULs */
};

/* The list as the store has it; empty when there is none. */
void score_names_read(struct score_names *names, struct store *store);

/* Adds all that some bed of the configuration has. */
void score_names_add(struct score_names *names, const struct engine_config *config);

/* Whether some bed has a score or an estimate of this name, or that bed. */
bool score_name_is_kept(const struct engine_config *config, const char *name);
bool score_name_is_kept_at(const struct engine_config *config, uint16_t bed, const char *name);

#endif
