#include "app/flow/omission.h"

#include <assert.h>
#include <string.h>

#include "hal/clock.h"

#define ALARM_NAME "omitted" /* as the row's; it is none */

_Static_assert(OMISSION_STAGES == PRIORITY_HIGH - PRIORITY_LOW + 1, "a stage for each priority that is given up");

/* ---- which rows ---- */

/* Of our own JSON, in whose texts a quote is never without a backslash. */
static enum priority priority_of(const struct store_alert *alert)
{
    static const char key[] = "\"priority\":\"";
    const char *found = strstr(alert->json, key);
    for (unsigned p = PRIORITY_NONE; found != NULL && p <= PRIORITY_HIGH; p++) {
        const char *word = priority_word((enum priority)p);
        if (strncmp(found + sizeof key - 1, word, strlen(word)) == 0) {
            return (enum priority)p;
        }
    }
    return PRIORITY_HIGH; /* nothing that we know: the last to go */
}

struct present {
    const struct store_alert *alert;
    bool is_it; /* the alert is the newest of an alarm that is active */
};

static bool compare(void *context, const struct store_alarm *alarm)
{
    struct present *present = context;
    present->is_it = !alarm->ended && alarm->json_length == present->alert->json_length &&
                     memcmp(alarm->json, present->alert->json, alarm->json_length) == 0;
    return false;
}

/* One whose state cannot be read may be. */
static bool is_present(struct store *store, const struct store_alert *alert)
{
    struct present present = {.alert = alert};
    const enum status status = store_get_alarm(store, alert->bed, alert->alarm, compare, &present);
    return (status != STATUS_OK && status != STATUS_NOT_FOUND) || present.is_it;
}

struct look {
    struct omission *omission;
    struct store *store;
    const struct payload_context *context;
    unsigned stage;
    bool has_stopped; /* before the last row */
};

static unsigned stage_of(const struct store_alert *alert)
{
    const enum priority priority = priority_of(alert);
    return priority == PRIORITY_NONE ? 0 : (unsigned)priority - PRIORITY_LOW;
}

static bool is_to_go(const struct look *look, const struct store_alert *alert)
{
    if ((alert->flags & STORE_ALERT_OMITS) != 0) {
        return false;
    }
    if ((alert->flags & STORE_ALERT_FOLDED) != 0) {
        return true;
    }
    return stage_of(alert) == look->stage &&
           ((alert->flags & STORE_ALERT_TEST) != 0 || !is_present(look->store, alert));
}

/* Into the record that may grow, or another one, if nothing of this group is in that. */
static bool add(struct omission *o, const struct store_alert *alert, const char epoch[STORE_EPOCH_MAX])
{
    const enum priority priority = priority_of(alert);
    if (strcmp(epoch, o->epoch) == 0 && omitted_add(&o->grown, alert->seq, priority, alert->committed_wall_ms)) {
        return true;
    }
    if (omitted_alerts(&o->grown) > omitted_alerts(&o->open)) {
        return false;
    }
    o->open_row = 0;
    o->open = o->grown = (struct omitted){.count = 0};
    memcpy(o->epoch, epoch, sizeof o->epoch);
    return omitted_add(&o->grown, alert->seq, priority, alert->committed_wall_ms);
}

static bool take(const struct look *look, const struct store_alert *alert)
{
    struct omission *o = look->omission;
    char epoch[STORE_EPOCH_MAX] = "";
    if ((alert->flags & STORE_ALERT_FOLDED) == 0) {
        if (!payload_epoch(look->context, alert, epoch)) {
            return true;
        }
        if (!add(o, alert, epoch)) {
            o->is_full = true;
            return false;
        }
    }
    o->rows[o->row_count++] = alert->row;
    return true;
}

static bool visit(void *context, const struct store_alert *alert)
{
    struct look *look = context;
    struct omission *o = look->omission;
    if (o->looked == OMISSION_LOOK_ROWS || o->row_count == o->rows_most ||
        (is_to_go(look, alert) && !take(look, alert))) {
        look->has_stopped = true;
        return false;
    }
    o->looked++;
    o->places[look->stage].after = alert->row;
    return true;
}

/* False: not to the last row. */
static bool look_on(struct look *look)
{
    const uint64_t after = look->omission->places[look->stage].after;
    look->has_stopped = false;
    const enum status status = store_each_outbox(look->store, after, UINT32_MAX, visit, look);
    return (status == STATUS_OK || status == STATUS_CORRUPT) && !look->has_stopped;
}

/* Those that were passed over may have ended since. */
static bool begin_again(const struct look *look)
{
    struct omission_place *place = &look->omission->places[look->stage];
    const uint64_t newest = store_last_row(look->store);
    const bool is_due = newest >= place->begun + OMISSION_AGAIN_ROWS;
    place->is_again = true;
    if (is_due) {
        place->after = 0;
        place->begun = newest;
    }
    return is_due;
}

/* True: the next stage may have its turn. */
static bool look_at(struct look *look)
{
    const struct omission *o = look->omission;
    look->omission->looked = 0;
    if (look_on(look) && begin_again(look)) {
        (void)look_on(look);
    }
    return o->places[look->stage].is_again && !o->is_full && o->row_count < o->rows_most;
}

void omission_look(struct omission *omission, struct store *store, const struct payload_context *context)
{
    struct look look = {.omission = omission, .store = store, .context = context};
    const uint32_t batch = store_batch_max(store);
    omission->row_count = 0;
    omission->is_full = false;
    memcpy(omission->places_before, omission->places, sizeof omission->places);
    if (!store_is_crowded(store)) {
        return;
    }
    omission->rows_most = batch < OMISSION_ROWS_LEAST ? OMISSION_ROWS_LEAST
                          : batch > OMISSION_ROWS_MAX ? OMISSION_ROWS_MAX
                                                      : batch;
    omission->grown = omission->open;
    for (; look.stage < OMISSION_STAGES && look_at(&look); look.stage++) {
    }
}

/* ---- the record ---- */

struct store_alert omission_record(const struct payload_context *context, const struct omitted *omitted, uint64_t seq,
                                   char *json, size_t size)
{
    const int64_t wall_ms = clock_wall_ms();
    const size_t length = payload_omitted(context, omitted, wall_ms, json, size);
    assert(length > 0); /* omitted.h: the largest fits */
    return (struct store_alert){.seq = seq,
                                .flags = STORE_ALERT_OMITS,
                                .committed_wall_ms = wall_ms,
                                .bed = "",
                                .alarm = ALARM_NAME,
                                .json = json,
                                .json_length = (uint32_t)length};
}

static enum status put_record(struct omission *o, struct store *store, const struct payload_context *context,
                              uint64_t seq, char *json, size_t size)
{
    struct payload_context of_epoch = *context;
    of_epoch.epoch = o->epoch;
    const struct store_alert record = omission_record(&of_epoch, &o->grown, seq, json, size);
    const enum status status = store_omit(store, o->rows, o->row_count, o->open_row, &record);
    o->grown_row = store_last_row(store);
    return status;
}

enum status omission_put(struct omission *omission, struct store *store, const struct payload_context *context,
                         uint64_t seq, char *json, size_t size)
{
    if (omission->row_count == 0) {
        return STATUS_OK;
    }
    return omitted_alerts(&omission->grown) > omitted_alerts(&omission->open)
               ? put_record(omission, store, context, seq, json, size)
               : store_omit(store, omission->rows, omission->row_count, 0, NULL);
}

/* A full one grows no more. */
uint64_t omission_done(struct omission *omission)
{
    const uint64_t before = omitted_alerts(&omission->open), after = omitted_alerts(&omission->grown);
    if (omission->row_count == 0) {
        return 0;
    }
    omission->row_count = 0;
    if (after > before) {
        omission->open = omission->grown;
        omission->open_row = omission->grown_row;
    }
    if (omission->is_full) {
        omission->open_row = 0;
        omission->open = (struct omitted){.count = 0};
    }
    return after - before;
}

void omission_forget(struct omission *omission)
{
    memcpy(omission->places, omission->places_before, sizeof omission->places);
    omission->row_count = 0;
    omission->open_row = 0;
    omission->open = (struct omitted){.count = 0};
}

void omission_delivered(struct omission *omission, uint64_t row)
{
    if (row == omission->open_row) {
        omission->open_row = 0;
        omission->open = (struct omitted){.count = 0};
    }
}
