#include "app/flow/writer.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "app/flow/commit.h"
#include "app/flow/snapshot_read.h"
#include "app/flow/writer_store.h"
#include "hal/clock.h"

void writer_init(struct writer *writer, struct arena *arena, const struct commit_config *config)
{
    struct known_bed *beds = ARENA_TAKE(arena, struct known_bed, config->engine->bed_count);
    char *found = ARENA_TAKE(arena, char, BED_NUMBERS_TEXT_MAX);
    if (beds != NULL && found != NULL) {
        *writer = (struct writer){.config = config, .wake = writer->wake, .beds = beds, .beds_found = found};
    }
}

/* ---- what is put ---- */

enum status writer_put_bed(struct store *store, const char *id, const struct bed_snapshot *snapshot)
{
    char key[STORE_KEY_MAX];
    (void)snprintf(key, sizeof key, STATE_BED "%s", id);
    return store_put_state(store, key, snapshot, sizeof *snapshot);
}

enum status writer_put_numbers(const struct writer *w, struct store *store)
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
    flags |= alert_is_folded(alert) ? STORE_ALERT_FOLDED : 0;
    flags |= alert->seq <= acknowledged_seq && !alert_is_folded(alert) ? STORE_ALERT_SENT : 0;
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
    struct alarm_snapshot snapshot = {.last = *alert};
    snapshot.last.vital = snapshot_vital(alert->vital);
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

static enum status put_entries(const struct writer *w, struct store *store, const struct record *record)
{
    char key[STORE_KEY_MAX];
    (void)snprintf(key, sizeof key, STATE_ENTRIES "%s/%s", w->config->engine->beds[record->bed].id,
                   vital_info((enum vital)record->entries.vital)->name);
    return store_put_state(store, key, &record->entries, sizeof record->entries);
}

int64_t pending_wall_ms(const struct pending_record *pending, const struct timebase *timebase)
{
    return timebase_engine_ms(timebase, pending->taken_us) + pending->correction_ms;
}

static enum status put_command(struct writer *w, struct store *store, const struct pending_record *pending)
{
    const int64_t wall_ms = pending_wall_ms(pending, w->config->timebase);
    const size_t length = payload_audit(w->config->payloads, &pending->record.command, pending->record.bed_state.stay,
                                        wall_ms, w->json, STORE_AUDIT_MAX);
    assert(length > 0); /* payload.h: the largest fits */
    w->command_us = pending->taken_us;
    w->audit_grew = true;
    writer_staff_note(&w->staff, &pending->record.command, wall_ms);
    return store_put_audit(store, wall_ms, w->json, length);
}

/* What is folded has no number to tell whether it is there: said once more, it says the same. */
static enum status put_record(struct writer *w, struct store *store, const struct pending_record *pending,
                              const struct stored *stored)
{
    const struct record *record = &pending->record;
    enum status status = STATUS_OK;
    if (record->kind == RECORD_FOLDED || (record->kind == RECORD_ALERT && record->alert.seq > stored->seq)) {
        status = put_alert(w, store, pending);
    } else if (record->kind == RECORD_COMMAND && pending->taken_us > stored->audited.command_us) {
        status = put_command(w, store, pending);
    } else if (record->kind == RECORD_MEASUREMENT) {
        status = put_measurement(w, store, &record->measurement);
    } else if (record->kind == RECORD_ENTRIES) {
        status = put_entries(w, store, record);
    }
    if (status == STATUS_OK && record->bed != BED_NONE) {
        writer_admissions_count(&w->admissions, w->beds[record->bed].known ? &w->beds[record->bed].snapshot : NULL,
                                &record->bed_state, pending->correction_ms);
        w->beds[record->bed] = (struct known_bed){.known = true, .snapshot = record->bed_state};
        status = writer_put_bed(store, w->config->engine->beds[record->bed].id, &record->bed_state);
    }
    w->seq = record->seq;
    w->next_id = record->next_id;
    return status;
}

uint32_t records_whole(const struct pending_record *records, uint32_t count)
{
    while (count > 0 && records[count - 1].record.of_command) {
        count--;
    }
    return count;
}

static enum status put_records(struct writer *w, struct store *store, const struct stored *stored)
{
    struct batch *b = &w->batch;
    const uint32_t fitting = store_batch_max(store) < b->record_count ? store_batch_max(store) : b->record_count;
    const uint32_t whole = records_whole(b->records, fitting);
    const uint32_t most = whole > 0 ? whole : fitting; /* a command may have caused more than fits */
    enum status status = STATUS_OK;
    while (status == STATUS_OK && b->records_done < most && store_has_room(store)) {
        status = put_record(w, store, &b->records[b->records_done], stored);
        b->records_done += status == STATUS_OK;
    }
    return status == STATUS_OK && b->records_done > 0 ? writer_put_numbers(w, store) : status;
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

static enum status put_note(struct writer *w, struct store *store, const struct stored *stored)
{
    const struct audit_note *note = w->batch.note;
    if (note == NULL || !store_has_room(store)) {
        return STATUS_OK;
    }
    w->batch.note_done = true;
    if (note->taken_us <= stored->audited.note_us) {
        return STATUS_OK;
    }
    w->note_us = note->taken_us;
    w->audit_grew = true;
    return store_put_audit(store, note->wall_ms, note->json, note->length);
}

/* How far the audit log reaches now, if it grew. */
static enum status put_audited(const struct writer *w, struct store *store)
{
    struct state_audited audited = {.command_us = w->command_us, .note_us = w->note_us};
    if (!w->audit_grew) {
        return STATUS_OK;
    }
    memcpy(audited.boot_id, w->config->clock->boot_id, sizeof audited.boot_id);
    return store_put_state(store, STATE_AUDITED, &audited, sizeof audited);
}

/* ---- a batch ---- */

/* What the try that failed put is not there. */
static void forget_unstored(struct writer *w)
{
    w->seq = w->stored_seq;
    w->next_id = w->stored_next_id;
}

static bool has_group(const struct writer *w)
{
    return w->batch.record_count + w->batch.delivered_count > 0 || w->batch.note != NULL || w->batch.clock_is_due ||
           !w->clock_is_put;
}

/* By a clock that may be wrong nothing is thrown away (commit_clock_is_steady). */
static enum status forget_history(const struct writer *w, struct store *store)
{
    return w->batch.forgets ? store_forget_history(store, clock_wall_ms() - w->config->history_keep_ms) : STATUS_OK;
}

/* What waits no longer is not to be given up, and what a commit that may have come through did nobody knows. */
static void look_for_room(struct writer *w, struct store *store)
{
    const struct batch *b = &w->batch;
    if (b->again) {
        omission_forget(&w->omission);
    }
    for (uint32_t i = 0; i < b->delivered_count; i++) {
        omission_delivered(&w->omission, b->delivered[i]);
        lost_delivered(&w->lost, b->delivered[i]);
    }
    if (writer_numbers_are_ours(w, store) && b->delivered_count == 0) { /* else they make room, which history keeps */
        omission_look(&w->omission, store, w->config->payloads);
    }
}

/* ---- the journal's beds, and its tail ---- */

/* Whether the answer says what the store's list is: not one that could not be asked just now (CLOSED, BUSY, IO). */
static bool is_told(enum status status)
{
    return status == STATUS_OK || status == STATUS_NOT_FOUND || status == STATUS_TOO_LARGE || status == STATUS_CORRUPT;
}

/* The list of the store, and whether it only grew into ours: what the journal holds means the same beds then. */
static enum status find_beds(struct writer *w, struct store *store, size_t *out_length, bool *out_goes_on)
{
    const struct bed_numbers *beds = w->config->beds;
    *out_length = 0;
    const enum status status = store_get_state(store, STATE_BEDS, w->beds_found, BED_NUMBERS_TEXT_MAX, out_length);
    *out_goes_on = status == STATUS_OK && *out_length > 0 && *out_length <= beds->size &&
                   memcmp(w->beds_found, beds->text, *out_length) == 0;
    return status;
}

bool writer_journal_goes_on(struct writer *writer, struct store *store)
{
    size_t length = 0;
    bool goes_on = false;
    return find_beds(writer, store, &length, &goes_on) == STATUS_OK && goes_on;
}

/* The numbers of the journal, and of its tail, mean the beds of this list. When the list of the store only grew, they still do; another one, or one
 * that is damaged: what the journal holds means nothing any more. */
static enum status agree_on_beds(struct writer *w, struct store *store)
{
    size_t length = 0;
    bool goes_on = false;
    if (w->beds_turn != BEDS_UNKNOWN) {
        return STATUS_OK;
    }
    enum status status = find_beds(w, store, &length, &goes_on);
    if (!is_told(status)) {
        return status;
    }
    status = goes_on ? STATUS_OK : store_journal_clear(store);
    if (status == STATUS_OK) {
        w->beds_turn = goes_on && length == w->config->beds->size ? BEDS_AGREE : BEDS_TO_PUT;
    }
    return status;
}

static enum status put_beds(const struct writer *w, struct store *store)
{
    const struct state_tail none = {.size = 0};
    if (w->beds_turn != BEDS_TO_PUT) {
        return STATUS_OK;
    }
    const enum status status = store_put_state(store, STATE_BEDS, w->config->beds->text, w->config->beds->size);
    return status == STATUS_OK ? store_put_state(store, STATE_TAIL, &none, sizeof none) : status;
}

static void note_beds(struct writer *w)
{
    w->beds_turn = w->beds_turn == BEDS_TO_PUT ? BEDS_AGREE : w->beds_turn;
}

static bool has_alert(const struct batch *b)
{
    bool has = false;
    for (uint32_t i = 0; i < b->record_count && !has; i++) {
        has = b->records[i].record.kind == RECORD_ALERT || b->records[i].record.kind == RECORD_FOLDED;
    }
    return has;
}

/* What was observed up to these alerts and might not outlive a power cut is durable with them. */
static enum status put_tail(struct writer *w, struct store *store)
{
    const struct batch *b = &w->batch;
    const struct state_tail tail = {.size = (uint32_t)b->journal_size};
    enum status status = STATUS_OK;
    if (w->beds_turn == BEDS_UNKNOWN || b->records_done == 0 || !has_alert(b)) {
        return STATUS_OK;
    }
    for (size_t done = 0; status == STATUS_OK && done < tail.size; done += STORE_PIECE_MAX) {
        char key[STORE_KEY_MAX];
        const size_t left = tail.size - done;
        (void)snprintf(key, sizeof key, STATE_TAIL "/%zu", done / STORE_PIECE_MAX);
        status = store_put_state(store, key, b->journal->bytes + done, left < STORE_PIECE_MAX ? left : STORE_PIECE_MAX);
    }
    return status == STATUS_OK ? store_put_state(store, STATE_TAIL, &tail, sizeof tail) : status;
}

/* What the store has of this run's clocks, and what is known once: with its first commit, and when it has changed. */
static enum status put_clocks(struct writer *w, struct store *store)
{
    struct batch *b = &w->batch;
    const bool is_due = b->clock_is_due || !w->clock_is_put;
    enum status status = STATUS_OK;
    if (!w->clock_is_put) {
        status = store_put_state(store, STATE_CLOCK, w->config->clock, sizeof *w->config->clock);
    }
    if (status == STATUS_OK && b->clock_record != NULL && is_due) {
        status = store_put_state(store, STATE_CLOCK_RECORD, b->clock_record, sizeof *b->clock_record);
    }
    if (status == STATUS_OK && b->clock_bridge != NULL && is_due) {
        struct clock_bridge bridge = *b->clock_bridge;
        b->bridge_is_closed = b->closes_bridge && b->records_done == b->record_count;
        bridge.open = b->bridge_is_closed ? 0 : bridge.open;
        status = store_put_state(store, STATE_CLOCK_BRIDGE, &bridge, sizeof bridge);
    }
    if (status == STATUS_OK && !w->clock_is_put && w->config->scores != NULL) {
        status = store_put_state(store, STATE_SCORES, w->config->scores, sizeof *w->config->scores);
    }
    return status;
}

static enum status put_group(struct writer *w, struct store *store, const struct stored *stored)
{
    w->audit_grew = false;
    enum status status = lost_put_others(&w->lost, store, w->config->payloads, w->seq, w->json, sizeof w->json);
    if (status == STATUS_OK) {
        status = omission_put(&w->omission, store, w->config->payloads, w->seq, w->json, sizeof w->json);
    }
    if (status == STATUS_OK) {
        status = put_delivered(w, store);
    }
    if (status == STATUS_OK) {
        status = forget_history(w, store);
    }
    if (status == STATUS_OK) {
        status =
            put_note(w, store, stored); /* before the records: when there is no room for it, there is none for them */
    }
    if (status == STATUS_OK) {
        status = put_records(w, store, stored);
    }
    if (status == STATUS_OK) {
        status = put_beds(w, store);
    }
    if (status == STATUS_OK) {
        status = put_tail(w, store);
    }
    if (status == STATUS_OK) {
        status = put_audited(w, store);
    }
    if (status == STATUS_OK) {
        status = writer_admissions_put(&w->admissions, store);
    }
    if (status == STATUS_OK) {
        status = writer_staff_put(&w->staff, store);
    }
    return status == STATUS_OK ? put_clocks(w, store) : status;
}

/* Of a full outbox: what was given up. */
static void note_record(struct writer *w)
{
    const struct omission *o = &w->omission;
    if (o->row_count == 0 || o->grown.count == 0) {
        return;
    }
    if (strcmp(o->epoch, w->config->payloads->epoch) == 0) {
        lost_recorded(&w->lost, o->grown.ranges[0].from, o->grown_row);
        return;
    }
    struct around_waiting waiting = {.first = o->grown.ranges[0].from,
                                     .through = o->grown.ranges[o->grown.count - 1].through};
    memcpy(waiting.epoch, o->epoch, sizeof waiting.epoch);
    lost_recorded_other(&w->lost, &waiting, o->grown_row);
}

static enum status commit_group(struct writer *w, struct store *store)
{
    const struct stored nothing = {.seq = 0, .audited = {.command_us = INT64_MIN, .note_us = INT64_MIN}};
    struct stored stored = nothing;
    w->was_replaced = false;
    enum status status = w->batch.again ? writer_find_stored(w, store, &stored) : STATUS_OK;
    if (status == STATUS_OK && has_alert(&w->batch) && writer_numbers_are_ours(w, store)) {
        (void)!agree_on_beds(w, store); /* an alert does not wait for its tail */
    }
    look_for_room(w, store);
    if (status == STATUS_OK) {
        status = writer_begin(w, store);
    }
    if (status != STATUS_OK) {
        return status;
    }
    status = put_group(w, store, w->was_replaced ? &nothing : &stored);
    if (status == STATUS_OK) {
        writer_tell_given(w);
        status = store_commit(store);
    } else {
        store_abort(store); /* the put that failed has ended it, unless the fault was found before */
    }
    w->clock_is_put = w->clock_is_put || status == STATUS_OK;
    if (status == STATUS_OK) {
        note_beds(w);
        note_record(w);
        writer_note_stored(w);
        lost_committed(&w->lost, w->seq);
        w->is_older = false;
        writer_admissions_done(&w->admissions, w->config->board);
        writer_staff_done(&w->staff, w->config->board);
        atomic_fetch_add(w->omitted, omission_done(&w->omission));
    } else {
        omission_forget(&w->omission);
        forget_unstored(w);
    }
    return status;
}

/* The deliver thread goes on at once: neither the journal nor commit's thread has anything to add to what is durable. */
static void tell_committed(struct writer *w, uint64_t row)
{
    if (row > atomic_load(w->committed_row)) {
        atomic_store(w->committed_row, row);
        wake_raise(w->config->deliver_wake);
    }
}

static void write_group(struct writer *w, struct store *store)
{
    struct batch *b = &w->batch;
    const int64_t begun_us = clock_boot_us();
    b->status = commit_group(w, store);
    b->took_us = (uint32_t)(clock_boot_us() - begun_us);
    if (b->status != STATUS_OK) {
        b->records_done = b->delivered_done = 0;
        b->note_done = false;
    } else if ((b->record_count > 0 && b->records_done == 0) || (b->note != NULL && !b->note_done)) {
        b->status = STATUS_FULL; /* deliveries were committed, and will make room */
    }
    b->row = store_last_row(store);
    if (b->status == STATUS_OK) {
        atomic_store(&w->durable, b->records_done);
        tell_committed(w, b->row);
    }
}

/* Only of a store that is ours: another one is told all at once, by the next group. */
static enum status commit_beds(struct writer *w, struct store *store)
{
    enum status status = w->beds_turn == BEDS_TO_PUT ? writer_begin(w, store) : STATUS_OK;
    if (status == STATUS_OK && w->beds_turn == BEDS_UNKNOWN) {
        store_abort(store);
        return STATUS_CLOSED;
    }
    if (status != STATUS_OK || w->beds_turn == BEDS_AGREE) {
        return status;
    }
    status = put_beds(w, store);
    status = status == STATUS_OK ? store_commit(store) : status;
    if (status == STATUS_OK) {
        note_beds(w);
    }
    return status;
}

static enum status put_journal(struct writer *w, struct store *store)
{
    const struct batch *b = &w->batch;
    const unsigned char *from = b->journal->bytes + b->journal_from;
    return b->journal_size > b->journal_from
               ? store_journal_put(store, b->journal_at_ms, from, b->journal_size - b->journal_from)
               : STATUS_OK;
}

static enum status write_journal(struct writer *w, struct store *store)
{
    enum status status = agree_on_beds(w, store);
    if (status == STATUS_OK) {
        status = commit_beds(w, store);
    }
    if (status == STATUS_OK) {
        status = put_journal(w, store);
    }
    return status == STATUS_OK && w->batch.journal_goes == BATCH_SYNCS_JOURNAL ? store_journal_sync(store) : status;
}

/* Behind a group that failed, only when the store says what the numbers mean: another one is told so by the group. */
static bool may_write_journal(const struct writer *w)
{
    return w->batch.status == STATUS_OK || w->beds_turn == BEDS_AGREE;
}

/* The group comes first; what becomes of the journal does not concern it. */
static void do_batch(struct writer *w)
{
    struct batch *b = &w->batch;
    struct store *store = NULL;
    b->records_done = b->delivered_done = 0;
    b->note_done = false;
    b->row_before = b->row = 0;
    b->took_us = 0;
    b->journal_status = STATUS_OK;
    if (b->trends == BATCH_WRITES_TRENDS) {
        b->status = STATUS_OK; /* the store's: what becomes of them does not concern it */
        trend_keeper_write(w->config->trends, clock_wall_ms());
        return;
    }
    b->status = writer_open_store(w, &store);
    if (store != NULL) {
        w->has_ours = w->has_ours || writer_numbers_are_ours(w, store);
        writer_learn(w, store);
        writer_tell_waiting(w, store);
        b->row_before = b->row = store_last_row(store);
    }
    if (store != NULL && has_group(w)) {
        write_group(w, store);
    }
    if (b->journal_goes != BATCH_NO_JOURNAL) {
        b->journal_status = store != NULL && may_write_journal(w) ? write_journal(w, store) : STATUS_CLOSED;
    }
    if (b->trends == BATCH_LOOKS) {
        trend_keeper_look(w->config->trends, clock_wall_ms());
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
    atomic_store(&writer->durable, 0);
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
        (void)wake_wait_until(&writer->wake, INT64_MAX);
        (void)writer_step(writer);
    }
    return NULL;
}

enum status writer_start(struct writer *writer)
{
    atomic_store(&writer->stop, false);
    return writer->thread.running ? STATUS_OK : thread_start(&writer->thread, "store", run, writer);
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
