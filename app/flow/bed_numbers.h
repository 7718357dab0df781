/*
 * bed_numbers.h: a number for each bed that outlives changes of the configuration: its place in a list of ids that only grows.
 *
 * A bed's index is its place in the configuration, and another one after each change. What outlives a change carries numbers instead: the
 * journal, whose list stands in the store, and lines that go on through a reload. Plain data; thread: whoever owns the list.
 */
#ifndef WARDGATE_BED_NUMBERS_H
#define WARDGATE_BED_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/engine/engine.h"
#include "drivers/store/store.h"

#define BED_NUMBERS_MAX      1024
#define BED_NUMBERS_TEXT_MAX STORE_STATE_MAX

struct bed_numbers {
    uint16_t count;
    size_t size;
    char text[BED_NUMBERS_TEXT_MAX]; /* the ids, NUL-ended one after another */
};

/* The list as it stands under this key of the store; empty when there is none. */
void bed_numbers_read(struct bed_numbers *numbers, struct store *store, const char *key);

/* Adds the beds that it does not have. False when there is no room for all of them: it is as it was. */
bool bed_numbers_add(struct bed_numbers *numbers, const struct engine_config *config);

/* All ids in order of their numbers: `at` from 0, NULL behind the last. */
const char *bed_numbers_next(const struct bed_numbers *numbers, size_t *at);

/* The index of a bed in the configuration; BED_NONE when it is not there. */
uint16_t bed_index(const struct engine_config *config, const char *id);

/* index_of[number], BED_NONE for beds that are not configured; number_of[index], of beds that the list has. */
void bed_numbers_indices(const struct bed_numbers *numbers, const struct engine_config *config,
                         uint16_t index_of[BED_NUMBERS_MAX]);
void bed_numbers_numbers(const struct bed_numbers *numbers, const struct engine_config *config, uint16_t *number_of);

#endif
