/* Which of the store's states go on elsewhere, and in which form. */
#include <string.h>

#include "app/backup/state_internal.h"
#include "app/engine/admissions.h"
#include "app/engine/staffing.h"
#include "app/flow/commit.h"
#include "app/flow/snapshot_read.h"

struct known_state {
    const char *key;
    bool is_prefix;
    size_t size; /* 0: told by is_form */
};

static const struct known_state known[] = {
    {STATE_NUMBERS, false, sizeof(struct state_numbers)},  {STATE_BEDS, false, 0},
    {STATE_SCORES, false, sizeof(struct score_names)},     {STATE_BED, true, 0},
    {STATE_MEASUREMENT, true, sizeof(struct observation)}, {STATE_ENTRIES, true, sizeof(struct entries_snapshot)},
    {STATE_ADMISSIONS, false, sizeof(struct admissions)},  {STATE_STAFF, false, sizeof(struct staffing_told)},
};

static const struct known_state *find(const char *key)
{
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        const struct known_state *state = &known[i];
        const size_t length = strlen(state->key);
        if (state->is_prefix ? strncmp(key, state->key, length) == 0 && key[length] != '\0'
                             : strcmp(key, state->key) == 0) {
            return state;
        }
    }
    return NULL;
}

bool state_is_kept(const char *key)
{
    return find(key) != NULL;
}

/* Ids, each with its NUL. */
static bool is_list(const char *bytes, size_t size)
{
    return size <= BED_NUMBERS_TEXT_MAX && (size == 0 || bytes[size - 1] == '\0');
}

bool state_is_known(const char *key, const void *bytes, size_t size)
{
    const struct known_state *state = find(key);
    struct bed_snapshot bed;
    if (state == NULL) {
        return false;
    }
    return state->size != 0   ? state->size == size
           : state->is_prefix ? snapshot_read_bed(bytes, size, &bed)
                              : is_list(bytes, size);
}

void state_count_bed(const struct bed_snapshot *bed, int64_t engine_ms, struct state_summary *summary,
                     struct state_bed *out_bed)
{
    unsigned limits = 0, pauses = 0;
    for (unsigned i = 0; i < ENGINE_LIMITS_PER_BED_MAX; i++) {
        limits += bed->limits[i].key != 0 ? 1 : 0;
    }
    for (unsigned i = 0; i < PAUSES_PER_BED_MAX; i++) {
        pauses += bed->pauses[i].what != 0 && bed->pauses[i].until_ms > engine_ms ? 1 : 0;
    }
    summary->beds++;
    summary->stays += bed->stay != 0 ? 1 : 0;
    summary->limits += limits;
    summary->pauses += pauses;
    if (out_bed != NULL) {
        out_bed->has_stay = bed->stay != 0;
        out_bed->limits = limits;
        out_bed->pauses = pauses;
    }
}
