#include "app/flow/restore.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "app/flow/bed_numbers.h"
#include "app/flow/order.h"
#include "app/flow/restore_journal.h"
#include "app/flow/restore_numbers.h"
#include "app/flow/snapshot_read.h"

enum { MEASUREMENTS_MAX = 4096, GONE_MAX = 64 };

/* An alarm of the store that nothing in the configuration can end any more, and what stands in the store of it. */
struct gone_alarm {
    char bed[STORE_KEY_MAX], alarm[ALARM_NAME_MAX];
};
struct gone_content {
    const struct gone_alarm *alarm;
    char json[STORE_VALUE_MAX], snapshot[STORE_VALUE_MAX];
    struct store_alarm found;
};

/* Its arrays are filled as far as their counts say, and not cleared before: memory that is never needed stays untaken. */
struct restorer {
    struct store *store;
    const struct engine_config *config;
    struct engine *engine;
    struct restore_counts *counts;
    enum restore_break how;
    struct bed_numbers numbers;             /* the journal's */
    uint16_t bed_of[BED_NUMBERS_MAX];       /* number -> today's index; BED_NONE: gone */
    int64_t stay_start_ms[BED_NUMBERS_MAX]; /* INT64_MIN: vacant */
    int64_t unbroken_from_ms, journal_from_ms, now_ms;
    struct observation measurements[MEASUREMENTS_MAX], spare[MEASUREMENTS_MAX];
    uint32_t measurement_count, measurements_fed;
    struct gone_alarm gone[GONE_MAX];
    uint32_t gone_count;
    uint32_t unknown; /* alarms of a form that nobody knows: they are gone, and it is said */
    struct gone_content content;
};

/* STATUS_NOT_FOUND: there is none. */
static enum status read_state(struct store *store, const char *key, void *value, size_t size)
{
    size_t length = 0;
    const enum status status = store_get_state(store, key, value, size, &length);
    return status == STATUS_TOO_LARGE || (status == STATUS_OK && length != size) ? STATUS_CORRUPT : status;
}

static bool get_state(struct store *store, const char *key, void *value, size_t size)
{
    return read_state(store, key, value, size) == STATUS_OK;
}

/* The first one that is a fault. */
static enum status worse(enum status first, enum status second)
{
    return first == STATUS_OK || first == STATUS_NOT_FOUND ? second : first;
}

static enum status read_bed(struct store *store, const char *id, struct bed_snapshot *out)
{
    char key[STORE_KEY_MAX];
    struct bed_snapshot found;
    size_t length = 0;
    (void)snprintf(key, sizeof key, STATE_BED "%s", id);
    const enum status status = store_get_state(store, key, &found, sizeof found, &length);
    if (status != STATUS_OK) {
        return status == STATUS_TOO_LARGE ? STATUS_CORRUPT : status;
    }
    return snapshot_read_bed(&found, length, out) ? STATUS_OK : STATUS_CORRUPT;
}

enum status restore_check(struct store *store, const struct engine_config *config)
{
    int64_t newest_ms = 0;
    struct state_numbers numbers;
    enum status status =
        worse(restore_newest_instant(store, &newest_ms), read_state(store, STATE_NUMBERS, &numbers, sizeof numbers));
    for (uint16_t b = 0; b < config->bed_count; b++) {
        struct bed_snapshot bed;
        status = worse(status, read_bed(store, config->beds[b].id, &bed));
    }
    return worse(status, STATUS_OK);
}

/* --- numbers and stays --------------------------------------------------------------------------------------- */

static enum status restore_numbers(struct restorer *r)
{
    struct state_numbers numbers;
    const enum status status = read_state(r->store, STATE_NUMBERS, &numbers, sizeof numbers);
    if (status == STATUS_NOT_FOUND) {
        return STATUS_OK;
    }
    if (status != STATUS_OK || numbers.next_id == 0) {
        restore_find_numbers(r->store, &numbers);
    }
    engine_restore_numbers(r->engine, numbers.seq, numbers.next_id);
    return status;
}

/* Nobody knows how long a break lasted: what was paused before it is paused no more. */
static void end_pauses(const struct restorer *r, struct bed_snapshot *bed)
{
    const int64_t end_ms = r->how == RESTORE_BREAK_FOUND ? r->unbroken_from_ms : INT64_MAX;
    for (unsigned i = 0; i < PAUSES_PER_BED_MAX && r->how != RESTORE_UNBROKEN; i++) {
        struct pause *pause = &bed->pauses[i];
        if (pause->from_ms < end_ms && pause->until_ms > r->now_ms) {
            pause->until_ms = r->now_ms;
        }
    }
}

static enum status restore_beds(struct restorer *r)
{
    enum status status = STATUS_OK;
    for (uint16_t b = 0; b < r->config->bed_count; b++) {
        struct bed_snapshot bed;
        const enum status found = read_bed(r->store, r->config->beds[b].id, &bed);
        r->stay_start_ms[b] = INT64_MIN;
        if (found == STATUS_OK) {
            end_pauses(r, &bed);
            engine_restore_bed(r->engine, b, &bed);
            r->stay_start_ms[b] = bed.stay != 0 ? bed.stay_start_ms : INT64_MIN;
        }
        if (found != STATUS_OK && found != STATUS_NOT_FOUND) {
            const struct bed_snapshot lost = {.bed_seq = restore_find_bed_seq(r->store, r->config->beds[b].id)};
            engine_restore_bed(r->engine, b, &lost); /* nobody knows who was there */
        }
        status = worse(status, found);
    }
    return worse(status, STATUS_OK);
}

/* --- windows ------------------------------------------------------------------------------------------------- */

static bool is_of_this_stay(const struct restorer *r, uint16_t bed, int64_t at_ms)
{
    return r->stay_start_ms[bed] != INT64_MIN && at_ms >= r->stay_start_ms[bed] && at_ms >= r->unbroken_from_ms &&
           at_ms <= r->now_ms;
}

static void collect_entries(struct restorer *r, uint16_t bed, const struct channel_config *channel)
{
    char key[STORE_KEY_MAX];
    struct entries_snapshot kept;
    (void)snprintf(key, sizeof key, STATE_ENTRIES "%s/%s", r->config->beds[bed].id, vital_info(channel->vital)->name);
    if (!get_state(r->store, key, &kept, sizeof kept) || kept.vital != channel->vital) {
        return;
    }
    for (unsigned i = 0; i < kept.entries.count && i < ENTRY_KEPT && r->measurement_count < MEASUREMENTS_MAX; i++) {
        const struct kept_value *entry = &kept.entries.list[i];
        if (is_of_this_stay(r, bed, entry->at_ms)) {
            r->measurements[r->measurement_count++] =
                (struct observation){.at_ms = entry->at_ms,
                                     .value_milli = entry->value_milli,
                                     .bed = bed,
                                     .monitor = channel->monitor,
                                     .kind = OBSERVATION_VALUE,
                                     .vital = (uint8_t)channel->vital,
                                     .quality = QUALITY_VALID,
                                     .flags = entry->entered ? OBSERVATION_ENTERED : 0};
        }
    }
}

/* The newest measurement of each episodic vital: it may be older than the journal, which may have been lost besides. */
static void collect_measurements(struct restorer *r)
{
    char key[STORE_KEY_MAX];
    for (uint16_t b = 0; b < r->config->bed_count; b++) {
        const struct bed_config *bed = &r->config->beds[b];
        for (unsigned c = 0; c < bed->channel_count && r->measurement_count < MEASUREMENTS_MAX; c++) {
            const struct channel_config *channel = &bed->channels[c];
            struct observation o;
            (void)snprintf(key, sizeof key, STATE_MEASUREMENT "%s/%s", bed->id, vital_info(channel->vital)->name);
            if (channel->episodic && get_state(r->store, key, &o, sizeof o) && o.vital == channel->vital &&
                is_of_this_stay(r, b, o.at_ms)) {
                o.bed = b;
                o.monitor = channel->monitor;
                r->measurements[r->measurement_count++] = o;
            }
            if ((ENTRY_VITALS >> channel->vital & 1U) != 0) {
                collect_entries(r, b, channel);
            }
        }
    }
    observations_sort(r->measurements, r->spare, r->measurement_count);
}

static void drop_record(struct record_sink *sink, const struct record *record)
{
    (void)sink;
    (void)record;
}

static void step_until(struct engine *engine, int64_t until_ms)
{
    struct record_sink drop = {.put = drop_record};
    while (engine_next(engine) <= until_ms) {
        engine_step(engine, until_ms, &drop);
    }
}

/* Neither out of order nor from the future: a damaged row must not do harm. (The engine passes over what was the patient's before.) */
static bool is_sound(const struct restorer *r, const struct observation *o)
{
    return o->kind <= OBSERVATION_OUTDATED && o->quality < QUALITY_COUNT && o->at_ms >= engine_now(r->engine) &&
           o->at_ms <= r->now_ms;
}

static void feed(struct restorer *r, const struct observation *o)
{
    if (!is_sound(r, o)) {
        return;
    }
    step_until(r->engine, o->at_ms - 1);
    if (engine_observe(r->engine, o)) {
        r->counts->observations++;
    }
}

static void feed_measurements(struct restorer *r, int64_t until_ms)
{
    while (r->measurements_fed < r->measurement_count && r->measurements[r->measurements_fed].at_ms <= until_ms) {
        feed(r, &r->measurements[r->measurements_fed++]);
    }
}

static void feed_kept(void *context, const struct observation *kept)
{
    struct restorer *r = context;
    struct observation o = *kept;
    o.bed = o.bed < BED_NUMBERS_MAX ? r->bed_of[o.bed] : BED_NONE;
    if (o.bed != BED_NONE) {
        feed_measurements(r, o.at_ms - 1); /* one that stands in the journal too is replaced by itself */
        feed(r, &o);
    }
}

/* A bed that comes back into the configuration later may have another patient: its stay ends with it. */
static enum status vacate_gone_bed(struct restorer *r, const char *id)
{
    char key[STORE_KEY_MAX];
    struct bed_snapshot bed;
    if (read_bed(r->store, id, &bed) != STATUS_OK || bed.stay == 0) {
        return STATUS_OK;
    }
    (void)snprintf(key, sizeof key, STATE_BED "%s", id);
    const struct bed_snapshot vacant = {.bed_seq = bed.bed_seq, .stay_start_ms = r->now_ms};
    enum status status = store_begin(r->store);
    if (status == STATUS_OK) {
        status = store_put_state(r->store, key, &vacant, sizeof vacant);
    }
    return status == STATUS_OK ? store_commit(r->store) : status;
}

static enum status vacate_gone_beds(struct restorer *r)
{
    enum status status = STATUS_OK;
    size_t at = 0;
    for (const char *id = bed_numbers_next(&r->numbers, &at); id != NULL && status == STATUS_OK;
         id = bed_numbers_next(&r->numbers, &at)) {
        status = bed_index(r->config, id) == BED_NONE ? vacate_gone_bed(r, id) : STATUS_OK;
    }
    return status;
}

/* When rules' alarms came and went as far as the journal reaches back. */
static bool restore_past(void *context, const struct store_alarm *alarm)
{
    struct restorer *r = context;
    struct alarm_snapshot snapshot;
    struct alarm_key key;
    const uint16_t bed = alarm->bed[0] == '\0' ? BED_NONE : bed_index(r->config, alarm->bed);
    const bool placed = alarm->bed[0] == '\0' || bed != BED_NONE;
    if (!placed || !snapshot_read_alarm(alarm->snapshot, alarm->snapshot_length, &snapshot) ||
        !alarm_find(r->config, bed, alarm->alarm, &key)) {
        return true;
    }
    if (key.family == ALARM_OF_RULE && (!alarm->ended || snapshot.last.at_ms >= r->journal_from_ms)) {
        (void)engine_restore_past(r->engine, &key, &snapshot);
    }
    return true;
}

static enum status restore_windows(struct restorer *r)
{
    bed_numbers_indices(&r->numbers, r->config, r->bed_of);
    collect_measurements(r);
    (void)!store_each_alarm(r->store, restore_past, r); /* what cannot be read is told by restore_alarms */
    const bool older = r->measurement_count > 0 && r->measurements[0].at_ms < r->journal_from_ms;
    engine_restore_begin(r->engine, older ? r->measurements[0].at_ms : r->journal_from_ms);
    const enum status status = restore_journal_each(r->store, r->journal_from_ms, feed_kept, r);
    feed_measurements(r, r->now_ms);
    step_until(r->engine, r->now_ms);
    engine_restore_end(r->engine);
    return status;
}

/* --- alarms -------------------------------------------------------------------------------------------------- */

static void note_gone(struct restorer *r, const struct store_alarm *alarm)
{
    r->counts->alarms_gone++;
    if (r->gone_count < GONE_MAX) {
        struct gone_alarm *gone = &r->gone[r->gone_count++];
        (void)snprintf(gone->bed, sizeof gone->bed, "%s", alarm->bed);
        (void)snprintf(gone->alarm, sizeof gone->alarm, "%s", alarm->alarm);
    }
}

static bool restore_alarm(void *context, const struct store_alarm *alarm)
{
    struct restorer *r = context;
    struct alarm_snapshot snapshot;
    struct alarm_key key;
    const uint16_t bed = alarm->bed[0] == '\0' ? BED_NONE : bed_index(r->config, alarm->bed);
    const bool placed = alarm->bed[0] == '\0' || bed != BED_NONE;
    if (alarm->ended) {
        return true;
    }
    const bool known = snapshot_read_alarm(alarm->snapshot, alarm->snapshot_length, &snapshot);
    r->unknown += !known;
    if (known && placed && alarm_find(r->config, bed, alarm->alarm, &key) &&
        engine_restore_alarm(r->engine, &key, &snapshot, r->how != RESTORE_UNBROKEN)) {
        r->counts->alarms++;
    } else {
        note_gone(r, alarm);
    }
    return true;
}

static bool copy_gone(void *context, const struct store_alarm *alarm)
{
    struct gone_content *content = context;
    if (strcmp(alarm->bed, content->alarm->bed) != 0 || strcmp(alarm->alarm, content->alarm->alarm) != 0) {
        return true;
    }
    memcpy(content->json, alarm->json, alarm->json_length);
    memcpy(content->snapshot, alarm->snapshot, alarm->snapshot_length);
    content->found = *alarm;
    return false;
}

/* Else its retained topic would show it for ever. */
static enum status end_in_store(struct restorer *r, const struct gone_alarm *gone)
{
    struct gone_content *content = &r->content;
    content->alarm = gone;
    content->found.alarm = NULL;
    enum status status = store_each_alarm(r->store, copy_gone, content);
    if (content->found.alarm == NULL) {
        return status;
    }
    content->found.bed = gone->bed;
    content->found.alarm = gone->alarm;
    content->found.json = content->json;
    content->found.snapshot = content->snapshot;
    content->found.ended = true;
    status = store_begin(r->store);
    if (status == STATUS_OK) {
        status = store_put_alarm(r->store, &content->found);
    }
    return status == STATUS_OK ? store_commit(r->store) : status;
}

static enum status end_gone_alarms(struct restorer *r)
{
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < r->gone_count && status == STATUS_OK; i++) {
        status = end_in_store(r, &r->gone[i]);
    }
    return status;
}

/* Once more as long as more are gone than are ended at a time: those that are restored are so again. */
static enum status restore_alarms(struct restorer *r)
{
    enum status status, ended;
    uint32_t gone = 0;
    do {
        r->counts->alarms = r->counts->alarms_gone = r->gone_count = 0;
        status = store_each_alarm(r->store, restore_alarm, r);
        ended = end_gone_alarms(r);
        gone += r->gone_count;
    } while (r->counts->alarms_gone > r->gone_count && ended == STATUS_OK);
    r->counts->alarms_gone = gone;
    return status == STATUS_OK && r->unknown > 0 ? STATUS_CORRUPT : status != STATUS_OK ? status : ended;
}

enum status restore_engine(struct store *store, const struct engine_config *config, struct engine *engine,
                           int64_t now_ms, int64_t journal_keep_ms, enum restore_break how, int64_t found_ms,
                           struct restore_counts *out)
{
    static struct restorer restorer; /* too large for a stack; start-up has one thread */
    restorer.store = store;
    restorer.config = config;
    restorer.engine = engine;
    restorer.counts = out;
    restorer.how = how;
    restorer.unbroken_from_ms = restore_unbroken_from_ms(store);
    if (how == RESTORE_BREAK_FOUND && restorer.unbroken_from_ms < found_ms) {
        restorer.unbroken_from_ms = found_ms; /* the store hears of it with the first commit */
    }
    restorer.journal_from_ms = now_ms - journal_keep_ms;
    if (restorer.journal_from_ms < restorer.unbroken_from_ms) {
        restorer.journal_from_ms = restorer.unbroken_from_ms;
    }
    restorer.now_ms = now_ms;
    restorer.measurement_count = restorer.measurements_fed = restorer.gone_count = restorer.unknown = 0;
    assert(config->bed_count <= BED_NUMBERS_MAX);
    *out = (struct restore_counts){.alarms = 0};
    bed_numbers_read(&restorer.numbers, store, STATE_BEDS);
    const enum status numbers = restore_numbers(&restorer);
    const enum status beds = restore_beds(&restorer);
    const enum status windows = how != RESTORE_BROKEN ? restore_windows(&restorer) : STATUS_OK;
    const enum status alarms = restore_alarms(&restorer);
    const enum status vacated = vacate_gone_beds(&restorer);
    return worse(worse(numbers, beds), worse(worse(alarms, windows), vacated));
}
