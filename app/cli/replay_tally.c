#include "app/cli/replay_tally.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_MS  (24.0 * 60.0 * 60.0 * 1000.0)
#define UNIT_MS 100

enum { STEPS_PER_DOUBLING = 1024, EXACT_STEPS = 2 * STEPS_PER_DOUBLING };

bool tally_make(struct tally *tally, const struct engine_config *config)
{
    const unsigned fixed = 2U * config->rule_count + BUILTIN_COUNT;
    const size_t rows = (size_t)fixed + TALLY_REPORTED_MAX;
    const size_t places = rows * (config->bed_count + 1U);
    *tally = (struct tally){.config = config, .row_count = fixed, .fixed_count = fixed};
    tally->rows = calloc(rows, sizeof *tally->rows);
    tally->ended_ms = malloc(places * sizeof *tally->ended_ms);
    tally->watched_from_ms = malloc(config->bed_count * sizeof *tally->watched_from_ms);
    tally->stays = calloc(config->bed_count, sizeof *tally->stays);
    if (tally->rows == NULL || tally->ended_ms == NULL || tally->watched_from_ms == NULL || tally->stays == NULL) {
        return false;
    }
    for (size_t i = 0; i < places; i++) {
        tally->ended_ms[i] = INT64_MIN;
    }
    for (unsigned b = 0; b < config->bed_count; b++) {
        tally->watched_from_ms[b] = INT64_MIN;
    }
    return true;
}

void tally_free(struct tally *tally)
{
    for (unsigned i = 0; tally->rows != NULL && i < tally->row_count; i++) {
        free(tally->rows[i].steps);
    }
    free(tally->rows);
    free(tally->ended_ms);
    free(tally->watched_from_ms);
    free(tally->stays);
}

/* --- rows ---------------------------------------------------------------------------------------------------- */

/* Monitors' alarms have no number of their own that all beds share, and few rules foresee: they are found by name. */
static unsigned find_reported(struct tally *tally, const char *name)
{
    unsigned r = tally->fixed_count;
    while (r < tally->row_count && strcmp(tally->rows[r].name, name) != 0) {
        r++;
    }
    if (r < tally->row_count) {
        return r;
    }
    if (tally->row_count == tally->fixed_count + TALLY_REPORTED_MAX) {
        return r - 1;
    }
    tally->row_count++;
    return r;
}

static unsigned find_row(struct tally *tally, const struct alert *alert, const char *name)
{
    switch ((enum alarm_family)alert->key.family) {
    case ALARM_OF_RULE:
        return 2U * alert->key.index;
    case ALARM_NOT_MONITORED:
        return 2U * alert->key.index + 1;
    case ALARM_BUILTIN:
        return 2U * tally->config->rule_count + alert->key.index;
    case ALARM_OF_MONITOR:
    case ALARM_REPORTED:
    case ALARM_REPORTED_NOT_MONITORED:
    case ALARM_FORESEEN:
        break;
    }
    return find_reported(tally, name);
}

static struct tally_row *row_of(struct tally *tally, const struct alert *alert, int64_t **out_ended_ms)
{
    char name[ALARM_NAME_MAX];
    alarm_name(tally->config, alert, name);
    const unsigned index = find_row(tally, alert, name);
    const unsigned place = alert->key.bed < tally->config->bed_count ? alert->key.bed : tally->config->bed_count;
    struct tally_row *row = &tally->rows[index];
    if (row->name[0] == '\0') {
        (void)snprintf(row->name, sizeof row->name, "%s", name);
    }
    *out_ended_ms = &tally->ended_ms[(size_t)index * (tally->config->bed_count + 1U) + place];
    return row;
}

/* --- how long ------------------------------------------------------------------------------------------------ */

static unsigned step_of(int64_t lasted_ms)
{
    uint64_t units = lasted_ms > 0 ? (uint64_t)lasted_ms / UNIT_MS : 0;
    unsigned step = 0;
    for (; units >= EXACT_STEPS; units /= 2) {
        step += STEPS_PER_DOUBLING;
    }
    step += (unsigned)units;
    return step < TALLY_STEPS ? step : TALLY_STEPS - 1;
}

static int64_t begin_of_step(unsigned step)
{
    if (step < EXACT_STEPS) {
        return (int64_t)step * UNIT_MS;
    }
    const unsigned doublings = step / STEPS_PER_DOUBLING - 1;
    return (int64_t)(STEPS_PER_DOUBLING + step % STEPS_PER_DOUBLING) * (INT64_C(1) << doublings) * UNIT_MS;
}

static void add_lasted(struct tally_row *row, int64_t lasted_ms)
{
    row->lasted++;
    row->total_ms += lasted_ms;
    row->longest_ms = lasted_ms > row->longest_ms ? lasted_ms : row->longest_ms;
    if (row->steps == NULL) {
        row->steps = calloc(TALLY_STEPS, sizeof *row->steps);
    }
    if (row->steps != NULL) {
        row->steps[step_of(lasted_ms)]++;
    }
}

int64_t tally_median_ms(const struct tally_row *row)
{
    uint64_t seen = 0;
    for (unsigned i = 0; row->steps != NULL && i < TALLY_STEPS; i++) {
        seen += row->steps[i];
        if (2 * seen >= row->lasted && seen > 0) {
            return begin_of_step(i);
        }
    }
    return 0;
}

/* --- records ------------------------------------------------------------------------------------------------- */

static void take_alert(struct tally *tally, const struct alert *alert)
{
    int64_t *ended_ms;
    struct tally_row *row = row_of(tally, alert, &ended_ms);
    if (alert->phase == PHASE_START) {
        row->starts++;
        row->priority = (enum priority)alert->priority;
        row->repeats += *ended_ms != INT64_MIN && alert->at_ms - *ended_ms < TALLY_REPEAT_MS ? 1 : 0;
    } else if (alert->phase == PHASE_END) {
        add_lasted(row, alert->at_ms - alert->raised_at_ms);
        *ended_ms = alert->at_ms;
    }
}

static void watch_bed(struct tally *tally, uint16_t bed, uint64_t stay, int64_t from_ms, int64_t at_ms)
{
    int64_t *watched_from_ms = &tally->watched_from_ms[bed];
    if (tally->stays[bed] == stay) {
        return;
    }
    tally->watched_ms += *watched_from_ms != INT64_MIN && at_ms > *watched_from_ms ? at_ms - *watched_from_ms : 0;
    *watched_from_ms = stay != 0 ? from_ms : INT64_MIN;
    tally->stays[bed] = stay;
}

void tally_begin(struct tally *tally, const struct engine *engine, int64_t at_ms)
{
    for (uint16_t b = 0; b < tally->config->bed_count; b++) {
        struct bed_view view;
        engine_view_bed(engine, b, &view);
        watch_bed(tally, b, view.stay, at_ms, at_ms);
    }
}

void tally_take(struct tally *tally, const struct record *record, int64_t at_ms)
{
    if (record->kind == RECORD_ALERT) {
        take_alert(tally, &record->alert);
    }
    if (record->bed != BED_NONE) {
        watch_bed(tally, record->bed, record->bed_state.stay, record->bed_state.stay_start_ms, at_ms);
    }
}

struct ending {
    struct tally *tally;
    int64_t at_ms;
};

static void end_alarm(void *context, const struct alert *alert)
{
    const struct ending *ending = context;
    int64_t *ended_ms;
    struct tally_row *row = row_of(ending->tally, alert, &ended_ms);
    if (ending->at_ms > alert->raised_at_ms) {
        add_lasted(row, ending->at_ms - alert->raised_at_ms);
    }
}

void tally_end(struct tally *tally, const struct engine *engine, int64_t at_ms)
{
    struct ending ending = {.tally = tally, .at_ms = at_ms};
    engine_each_alarm(engine, end_alarm, &ending);
    for (uint16_t b = 0; b < tally->config->bed_count; b++) {
        watch_bed(tally, b, 0, at_ms, at_ms);
    }
}

double tally_bed_days(const struct tally *tally)
{
    return (double)tally->watched_ms / DAY_MS;
}
