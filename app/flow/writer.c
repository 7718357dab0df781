#include "app/flow/writer.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "app/flow/commit.h"
#include "hal/clock.h"

#define WRITER_IDLE_US 1000000

enum status writer_init(struct writer *writer, struct arena *arena, const struct commit_config *config)
{
    size_t text_size = 0;
    for (uint16_t b = 0; b < config->engine->bed_count; b++) {
        text_size += strlen(config->engine->beds[b].id) + 1;
    }
    struct known_bed *beds = ARENA_TAKE(arena, struct known_bed, config->engine->bed_count);
    char *text = ARENA_TAKE(arena, char, text_size), *found = ARENA_TAKE(arena, char, text_size);
    if (beds == NULL || text == NULL || found == NULL) {
        return STATUS_OK;
    }
    *writer = (struct writer){.config = config, .beds = beds, .beds_text_size = text_size, .beds_found = found};
    writer->beds_text = text;
    for (uint16_t b = 0; b < config->engine->bed_count; b++) {
        const size_t size = strlen(config->engine->beds[b].id) + 1;
        memcpy(text, config->engine->beds[b].id, size);
        text += size;
    }
    return wake_open(&writer->wake);
}

/* ---- what is put ---- */

static enum status put_bed(struct store *store, const char *id, const struct bed_snapshot *snapshot)
{
    char key[STORE_KEY_MAX];
    (void)snprintf(key, sizeof key, STATE_BED "%s", id);
    return store_put_state(store, key, snapshot, sizeof *snapshot);
}

static enum status put_numbers(const struct writer *w, struct store *store)
{
    const struct state_numbers numbers = {w->seq, w->next_id};
    return store_put_state(store, STATE_NUMBERS, &numbers, sizeof numbers);
}

static uint16_t flags_of(const struct alert *alert, uint64_t acknowledged_seq)
{
    unsigned flags = 0;
    flags |= alert->phase == PHASE_END ? STORE_ALERT_ENDS_ALARM : 0;
    flags |= alert->test ? STORE_ALERT_TEST : 0;
    flags |= alert->priority == PRIORITY_HIGH ? STORE_ALERT_HIGH : 0;
    flags |= alert->seq <= acknowledged_seq ? STORE_ALERT_SENT : 0;
    return (uint16_t)flags;
}

static enum status put_alert(struct writer *w, struct store *store, const struct pending_record *pending)
{
    const struct alert *alert = &pending->record.alert;
    const struct engine_config *engine = w->config->engine;
    const char *bed = alert->key.bed == BED_NONE ? "" : engine->beds[alert->key.bed].id;
    char name[ALARM_NAME_MAX];
    alarm_name(engine, alert, name);
    const size_t length = payload_alert(w->config->payloads, alert, pending->correction_ms, w->json, sizeof w->json);
    assert(length > 0); /* payload.h: the largest fits PAYLOAD_ALERT_MAX */
    const struct store_alert row = {.seq = alert->seq,
                                    .flags = flags_of(alert, w->batch.acknowledged_seq),
                                    .committed_wall_ms = clock_wall_ms(),
                                    .bed = bed,
                                    .alarm = name,
                                    .json = w->json,
                                    .json_length = (uint32_t)length};
    const enum status status = store_put_alert(store, &row);
    if (status != STATUS_OK || alert->test) {
        return status;
    }
    const struct alarm_snapshot snapshot = {.last = *alert};
    const struct store_alarm alarm = {.bed = bed,
                                      .alarm = name,
                                      .priority = alert->priority,
                                      .ended = alert->phase == PHASE_END,
                                      .json = w->json,
                                      .json_length = (uint32_t)length,
                                      .snapshot = &snapshot,
                                      .snapshot_length = sizeof snapshot};
    return store_put_alarm(store, &alarm);
}

/* The newest of an episodic vital, which outlives the journal. */
static enum status put_measurement(const struct writer *w, struct store *store, const struct observation *o)
{
    char key[STORE_KEY_MAX];
    (void)snprintf(key, sizeof key, STATE_MEASUREMENT "%s/%s", w->config->engine->beds[o->bed].id,
                   vital_info(o->vital)->name);
    return store_put_state(store, key, o, sizeof *o);
}

/* An alert whose seq the store knows already is one of a commit that seemed to have failed. */
static enum status put_record(struct writer *w, struct store *store, const struct pending_record *pending,
                              uint64_t stored_seq)
{
    const struct record *record = &pending->record;
    enum status status = STATUS_OK;
    if (record->kind == RECORD_ALERT && record->alert.seq > stored_seq) {
        status = put_alert(w, store, pending);
    } else if (record->kind == RECORD_MEASUREMENT) {
        status = put_measurement(w, store, &record->measurement);
    }
    if (status == STATUS_OK && record->bed != BED_NONE) {
        w->beds[record->bed] = (struct known_bed){.known = true, .snapshot = record->bed_state};
        status = put_bed(store, w->config->engine->beds[record->bed].id, &record->bed_state);
    }
    w->seq = record->seq;
    w->next_id = record->next_id;
    return status;
}

static enum status put_records(struct writer *w, struct store *store, uint64_t stored_seq)
{
    struct batch *b = &w->batch;
    const uint32_t most = store_batch_max(store) < b->record_count ? store_batch_max(store) : b->record_count;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && b->records_done < most && store_has_room(store)) {
        status = put_record(w, store, &b->records[b->records_done], stored_seq);
        b->records_done += status == STATUS_OK;
    }
    return status == STATUS_OK && b->records_done > 0 ? put_numbers(w, store) : status;
}

static enum status put_delivered(struct writer *w, struct store *store)
{
    struct batch *b = &w->batch;
    const uint32_t most = store_batch_max(store) < b->delivered_count ? store_batch_max(store) : b->delivered_count;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && b->delivered_done < most) {
        status = store_mark_delivered(store, b->delivered[b->delivered_done]);
        b->delivered_done += status == STATUS_OK;
    }
    return status;
}

/* ---- meeting a store ---- */

static enum status open_store(struct writer *w, struct store **out)
{
    *out = atomic_load(w->store);
    if (*out != NULL) {
        return STATUS_OK;
    }
    const enum status status = store_open(&w->config->store, out);
    if (*out == NULL) {
        return status;
    }
    if (status == STATUS_CORRUPT) {
        atomic_store(w->replaced, true);
    }
    atomic_store(w->store, *out);
    return STATUS_OK;
}

static bool epoch_is_ours(const struct writer *w, const struct store *store)
{
    return strcmp(store_epoch(store), w->config->payloads->epoch) == 0;
}

/* Once: what this store says of the beds, should it have to be said to another. */
static void learn(struct writer *w, struct store *store)
{
    if (w->store_is_known || !epoch_is_ours(w, store)) {
        return;
    }
    struct state_numbers numbers;
    size_t length = 0;
    if (store_get_state(store, STATE_NUMBERS, &numbers, sizeof numbers, &length) == STATUS_OK) {
        w->seq = numbers.seq;
        w->next_id = numbers.next_id;
    }
    for (uint16_t b = 0; b < w->config->engine->bed_count; b++) {
        char key[STORE_KEY_MAX];
        (void)snprintf(key, sizeof key, STATE_BED "%s", w->config->engine->beds[b].id);
        struct known_bed *bed = &w->beds[b];
        bed->known = store_get_state(store, key, &bed->snapshot, sizeof bed->snapshot, &length) == STATUS_OK &&
                     length == sizeof bed->snapshot;
    }
    w->store_is_known = true;
}

/* A store of another epoch (opened late, or in place of a damaged one) goes on under the gateway's: it is told all that is known. */
static enum status adopt(struct writer *w, struct store *store)
{
    enum status status = store_adopt(store, w->config->payloads->epoch);
    for (uint16_t b = 0; status == STATUS_OK && b < w->config->engine->bed_count; b++) {
        if (w->beds[b].known) {
            status = put_bed(store, w->config->engine->beds[b].id, &w->beds[b].snapshot);
        }
    }
    w->store_is_known = true;
    w->clock_is_put = w->beds_are_put = false;
    return status == STATUS_OK && w->next_id > 0 ? put_numbers(w, store) : status;
}

/* The store may set a damaged file aside and go on with a new one. */
static enum status begin(struct writer *w, struct store *store)
{
    enum status status = store_begin(store);
    if (status == STATUS_CORRUPT) {
        atomic_store(w->replaced, store_set_aside_path(store) != NULL);
        status = store_begin(store);
    }
    if (status == STATUS_OK && !epoch_is_ours(w, store)) {
        status = adopt(w, store);
    }
    return status;
}

/* ---- a batch ---- */

/* The newest seq that is durable, 0 when that cannot be read: an earlier try may have come through after all. */
static enum status find_stored_seq(struct writer *w, struct store *store, uint64_t *out_seq)
{
    struct state_numbers numbers;
    size_t length = 0;
    const enum status status = begin(w, store); /* opens again what the failure closed: only then can it be read */
    if (status != STATUS_OK) {
        return status;
    }
    store_abort(store);
    const bool known = epoch_is_ours(w, store) &&
                       store_get_state(store, STATE_NUMBERS, &numbers, sizeof numbers, &length) == STATUS_OK;
    *out_seq = known ? numbers.seq : 0;
    return STATUS_OK;
}

static bool has_group(const struct writer *w)
{
    return w->batch.record_count + w->batch.delivered_count > 0 || !w->clock_is_put;
}

static enum status put_group(struct writer *w, struct store *store, uint64_t stored_seq)
{
    enum status status = put_delivered(w, store);
    if (status == STATUS_OK) {
        status = put_records(w, store, stored_seq);
    }
    if (status == STATUS_OK && !w->clock_is_put) {
        status = store_put_state(store, STATE_CLOCK, w->config->clock, sizeof *w->config->clock);
    }
    return status;
}

static enum status commit_group(struct writer *w, struct store *store)
{
    uint64_t stored_seq = 0;
    enum status status = w->batch.again ? find_stored_seq(w, store, &stored_seq) : STATUS_OK;
    if (status == STATUS_OK) {
        status = begin(w, store);
    }
    if (status != STATUS_OK) {
        return status;
    }
    status = put_group(w, store, stored_seq);
    if (status != STATUS_OK) {
        store_abort(store); /* the put that failed has ended it, unless the fault was found before */
        return status;
    }
    status = store_commit(store);
    w->clock_is_put = w->clock_is_put || status == STATUS_OK;
    return status;
}

static void write_group(struct writer *w, struct store *store)
{
    struct batch *b = &w->batch;
    const int64_t begun_us = clock_boot_us();
    b->status = commit_group(w, store);
    b->took_us = (uint32_t)(clock_boot_us() - begun_us);
    if (b->status != STATUS_OK) {
        b->records_done = b->delivered_done = 0;
    } else if (b->record_count > 0 && b->records_done == 0) {
        b->status = STATUS_FULL; /* deliveries were committed, and will make room */
    }
    b->row = store_last_row(store);
}

/* The journal's indices mean the beds of this list. Another list: what the journal holds means nothing any more. */
static enum status agree_on_beds(struct writer *w, struct store *store)
{
    size_t length = 0;
    if (w->beds_are_put) {
        return STATUS_OK;
    }
    enum status status = store_get_state(store, STATE_BEDS, w->beds_found, w->beds_text_size, &length);
    if (status != STATUS_OK || length != w->beds_text_size || memcmp(w->beds_found, w->beds_text, length) != 0) {
        status = store_journal_clear(store);
        status = status == STATUS_OK ? begin(w, store) : status;
        status = status == STATUS_OK ? store_put_state(store, STATE_BEDS, w->beds_text, w->beds_text_size) : status;
        status = status == STATUS_OK ? store_commit(store) : status;
    }
    w->beds_are_put = status == STATUS_OK;
    return status;
}

static enum status write_journal(struct writer *w, struct store *store)
{
    const struct batch *b = &w->batch;
    const enum status status = agree_on_beds(w, store);
    return status != STATUS_OK
               ? status
               : store_journal_put(store, b->journal_at_ms, b->journal_at_ms - w->config->journal_keep_ms,
                                   b->journal->bytes, b->journal->size);
}

/* The group comes first; what becomes of the journal does not concern it. */
static void do_batch(struct writer *w)
{
    struct batch *b = &w->batch;
    struct store *store = NULL;
    b->records_done = b->delivered_done = 0;
    b->row = 0;
    b->took_us = 0;
    b->status = open_store(w, &store);
    b->journal_status = STATUS_OK;
    if (store != NULL) {
        learn(w, store);
        b->row = store_last_row(store);
    }
    if (store != NULL && has_group(w)) {
        write_group(w, store);
    }
    if (b->journal != NULL) {
        b->journal_status = store != NULL ? write_journal(w, store) : STATUS_CLOSED;
    }
}

/* ---- whose turn it is ---- */

bool writer_is_idle(const struct writer *writer)
{
    return atomic_load_explicit(&writer->turn, memory_order_acquire) == WRITER_IDLE;
}

void writer_give(struct writer *writer)
{
    assert(writer_is_idle(writer));
    /* Release: the batch is whole before the writer can see that it has it. */
    atomic_store_explicit(&writer->turn, WRITER_GIVEN, memory_order_release);
    wake_raise(&writer->wake);
}

bool writer_take(struct writer *writer)
{
    /* Acquire: pairs with the release in writer_step; the result is whole. */
    if (atomic_load_explicit(&writer->turn, memory_order_acquire) != WRITER_DONE) {
        return false;
    }
    atomic_store_explicit(&writer->turn, WRITER_IDLE, memory_order_relaxed);
    return true;
}

bool writer_step(struct writer *writer)
{
    /* Acquire: pairs with the release in writer_give. */
    if (atomic_load_explicit(&writer->turn, memory_order_acquire) != WRITER_GIVEN) {
        return false;
    }
    do_batch(writer);
    atomic_store_explicit(&writer->turn, WRITER_DONE, memory_order_release);
    wake_raise(writer->done_wake);
    return true;
}

static void *run(void *argument)
{
    struct writer *writer = argument;
    while (!atomic_load(&writer->stop)) {
        (void)wake_wait_until(&writer->wake, clock_boot_us() + WRITER_IDLE_US);
        (void)writer_step(writer);
    }
    return NULL;
}

enum status writer_start(struct writer *writer)
{
    return thread_start(&writer->thread, "store", run, writer);
}

bool writer_stop(struct writer *writer)
{
    if (atomic_load_explicit(&writer->turn, memory_order_acquire) == WRITER_GIVEN) {
        return false;
    }
    atomic_store(&writer->stop, true);
    wake_raise(&writer->wake);
    thread_join(&writer->thread);
    return true;
}
