#include "app/flow/score_names.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "app/flow/commit.h"
#include "app/flow/payload.h"

_Static_assert(SCORE_NAMES_MAX > SCORE_COUNT + ESTIMATES_MAX, "there is always one to forget");
_Static_assert(sizeof(struct score_names) <= STORE_STATE_MAX, "the store holds the list");

void score_names_read(struct score_names *names, struct store *store)
{
    size_t length = 0;
    const enum status status = store_get_state(store, STATE_SCORES, names, sizeof *names, &length);
    if (status != STATUS_OK || length != sizeof *names || names->count > SCORE_NAMES_MAX) {
        memset(names, 0, sizeof *names);
    }
    for (uint32_t i = 0; i < names->count; i++) {
        names->names[i][SCORE_NAME_MAX - 1] = '\0';
    }
}

/* Scores first, then estimates. */
static bool has(const struct engine_config *config, uint16_t b, unsigned place)
{
    const struct bed_config *bed = &config->beds[b];
    if (place < SCORE_COUNT) {
        return (bed->scores >> place & 1U) != 0 && score_is_for((enum score)place, bed->patient_class);
    }
    const unsigned estimate = place - SCORE_COUNT;
    const bool is_on = estimate == ESTIMATE_PRESSURE ? config->pressure_scheme != PRESSURE_none
                                                     : estimate - ESTIMATE_MODEL_0 < config->model_count;
    return is_on && bed->patient_class == CLASS_adult;
}

/* Of one that some bed has. */
static const char *name_at(const struct engine_config *config, unsigned place)
{
    return place < SCORE_COUNT ? score_name((enum score)place) : payload_estimate_name(config, place - SCORE_COUNT);
}

static bool some_bed_has(const struct engine_config *config, unsigned place)
{
    bool found = false;
    for (uint16_t b = 0; b < config->bed_count && !found; b++) {
        found = has(config, b, place);
    }
    return found;
}

bool score_name_is_kept_at(const struct engine_config *config, uint16_t bed, const char *name)
{
    bool found = false;
    for (unsigned place = 0; place < SCORE_COUNT + ESTIMATES_MAX && !found; place++) {
        found = has(config, bed, place) && strcmp(name_at(config, place), name) == 0;
    }
    return found;
}

bool score_name_is_kept(const struct engine_config *config, const char *name)
{
    bool found = false;
    for (uint16_t b = 0; b < config->bed_count && !found; b++) {
        found = score_name_is_kept_at(config, b, name);
    }
    return found;
}

static void forget_one(struct score_names *names, const struct engine_config *config)
{
    uint32_t i = 0;
    while (i + 1 < names->count && score_name_is_kept(config, names->names[i])) {
        i++;
    }
    names->count--;
    memmove(names->names[i], names->names[i + 1], (names->count - i) * sizeof names->names[0]);
    memset(names->names[names->count], 0, sizeof names->names[0]);
}

static void add(struct score_names *names, const struct engine_config *config, const char *name)
{
    for (uint32_t i = 0; i < names->count; i++) {
        if (strcmp(names->names[i], name) == 0) {
            return;
        }
    }
    if (names->count == SCORE_NAMES_MAX) {
        forget_one(names, config);
    }
    assert(strlen(name) < SCORE_NAME_MAX);
    (void)snprintf(names->names[names->count++], SCORE_NAME_MAX, "%s", name);
}

void score_names_add(struct score_names *names, const struct engine_config *config)
{
    for (unsigned place = 0; place < SCORE_COUNT + ESTIMATES_MAX; place++) {
        if (some_bed_has(config, place)) {
            add(names, config, name_at(config, place));
        }
    }
}
