#include "app/flow/writer_store.h"

#include <stdio.h>
#include <string.h>

#include "app/flow/around.h"
#include "app/flow/snapshot_read.h"

static bool visit_waiting(void *context, const struct store_alert *alert)
{
    struct writer *w = context;
    if ((alert->flags & (STORE_ALERT_HIGH | STORE_ALERT_ENDS_ALARM)) == STORE_ALERT_HIGH) {
        atomic_store(&w->config->board->high_row, alert->row);
    }
    lost_see(&w->lost, w->config->payloads, alert);
    return true;
}

/* In another one, whose place it took. Nothing was ever committed to this one, whatever was given to it. */
static bool has_lost_another(const struct writer *w, const struct store *store)
{
    return (store_is_new(store) || store_set_aside_path(store) != NULL) && w->config->around != NULL;
}

static void find_lost(struct writer *w, const struct store *store)
{
    struct around_waiting waited[AROUND_WAITING_MAX];
    const uint32_t count = around_find_waiting(w->config->around, waited);
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(waited[i].epoch, store_epoch(store)) != 0) {
            lost_find_before(&w->lost, &waited[i]);
        }
    }
}

void writer_find_waiting(struct writer *writer, struct store *store)
{
    lost_find(&writer->lost);
    if (has_lost_another(writer, store)) {
        find_lost(writer, store);
    }
    if (store_each_outbox(store, 0, UINT32_MAX, visit_waiting, writer) == STATUS_CORRUPT) {
        /* One that cannot be read may be of high priority. Which row it is goes unsaid: until all of them have been passed. */
        atomic_store(&writer->config->board->high_row, store_last_row(store));
    }
}

/* What was delivered is asked before a store is looked at: of one that is empty, deliver thinks that nothing waits any more. */
static struct lost_reach delivered_so_far(const struct writer *w)
{
    const struct board *board = w->config->board;
    return (struct lost_reach){.seq = atomic_load(&board->delivered_seq), .row = atomic_load(&board->delivered_row)};
}

static void note_replaced(struct writer *w, struct lost_reach delivered)
{
    atomic_fetch_add(w->replaced, 1);
    w->was_replaced = true;
    lost_note(&w->lost, delivered);
}

enum status writer_open_store(struct writer *w, struct store **out)
{
    *out = atomic_load(w->store);
    if (*out != NULL) {
        return STATUS_OK;
    }
    const enum status status = store_open(&w->config->store, out);
    if (*out == NULL) {
        return status;
    }
    if (w->config->around != NULL) {
        around_take_up(w->config->around, w->config->store.path, w->config->payloads->epoch);
    }
    writer_find_waiting(w, *out);
    if (status == STATUS_CORRUPT) {
        struct lost_reach delivered = delivered_so_far(w);
        delivered.row = 0; /* no row of this one is known to anybody */
        note_replaced(w, delivered);
    }
    atomic_store(w->store, *out);
    return STATUS_OK;
}

static bool epoch_is_ours(const struct writer *w, const struct store *store)
{
    return strcmp(store_epoch(store), w->config->payloads->epoch) == 0;
}

/* Ours goes on with its numbers, and with all that is in it. */
static bool epoch_is_before_ours(const struct writer *w, const struct store *store)
{
    const struct epochs *before = w->config->payloads->epochs_before;
    const char *newest = before != NULL ? epochs_newest(before) : NULL;
    return newest != NULL && strcmp(store_epoch(store), newest) == 0;
}

bool writer_numbers_are_ours(const struct writer *w, const struct store *store)
{
    return epoch_is_ours(w, store) || epoch_is_before_ours(w, store);
}

static void tell_waiting(struct writer *w, uint64_t seq)
{
    struct around_waiting waiting[AROUND_WAITING_MAX];
    if (w->config->around != NULL) {
        const uint32_t count = lost_waiting(&w->lost, w->config->payloads->epoch, delivered_so_far(w), seq, waiting);
        around_waits(w->config->around, waiting, count);
    }
}

void writer_tell_waiting(struct writer *w, struct store *store)
{
    if (w->store_is_known && writer_numbers_are_ours(w, store)) {
        tell_waiting(w, w->stored_seq);
    }
}

void writer_tell_given(struct writer *w)
{
    tell_waiting(w, w->seq);
}

void writer_note_stored(struct writer *w)
{
    w->stored_seq = w->seq;
    w->stored_next_id = w->next_id;
}

void writer_learn(struct writer *w, struct store *store)
{
    if (w->store_is_known || !writer_numbers_are_ours(w, store)) {
        return;
    }
    struct state_numbers numbers;
    size_t length = 0;
    if (store_get_state(store, STATE_NUMBERS, &numbers, sizeof numbers, &length) == STATUS_OK) {
        w->seq = numbers.seq;
        w->next_id = numbers.next_id;
        writer_note_stored(w);
        lost_learn(&w->lost, numbers.seq);
    }
    for (uint16_t b = 0; b < w->config->engine->bed_count; b++) {
        char key[STORE_KEY_MAX];
        (void)snprintf(key, sizeof key, STATE_BED "%s", w->config->engine->beds[b].id);
        struct bed_snapshot found;
        struct known_bed *bed = &w->beds[b];
        bed->known = store_get_state(store, key, &found, sizeof found, &length) == STATUS_OK &&
                     snapshot_read_bed(&found, length, &bed->snapshot);
    }
    writer_admissions_learn(&w->admissions, store, w->config->board);
    writer_staff_learn(&w->staff, store, w->config->board);
    w->store_is_known = true;
}

/* A store of another epoch (opened late, or in place of a damaged one) goes on under the gateway's: it is told all that is known. */
static enum status adopt(struct writer *w, struct store *store)
{
    enum status status = store_adopt(store, w->config->payloads->epoch);
    for (uint16_t b = 0; status == STATUS_OK && b < w->config->engine->bed_count; b++) {
        if (w->beds[b].known) {
            status = writer_put_bed(store, w->config->engine->beds[b].id, &w->beds[b].snapshot);
        }
    }
    w->store_is_known = true;
    w->clock_is_put = false;
    w->beds_turn = BEDS_UNKNOWN;
    writer_admissions_tell_all(&w->admissions);
    writer_staff_tell_all(&w->staff);
    omission_forget(&w->omission);
    if (status == STATUS_OK) {
        status = lost_put(&w->lost, store, w->config->payloads, w->json, sizeof w->json);
    }
    return status == STATUS_OK && w->next_id > 0 ? writer_put_numbers(w, store) : status;
}

static enum status go_on(struct writer *w, struct store *store)
{
    const struct epochs *before = w->config->payloads->epochs_before;
    const enum status status = store_rename(store, w->config->payloads->epoch);
    return status == STATUS_OK ? store_put_state(store, STATE_EPOCHS, before, sizeof *before) : status;
}

/* Another one instead of ours is known by its epoch: ours may have been set aside by a try that could not make the new one. One of others that was opened late and is not ours yet may go, too. */
static enum status begin_in_store(struct writer *w, struct store *store)
{
    const struct lost_reach delivered = delivered_so_far(w);
    enum status status = store_begin(store);
    const bool is_another = status == STATUS_CORRUPT;
    status = is_another ? store_begin(store) : status;
    if (w->has_ours ? !writer_numbers_are_ours(w, store) : is_another && !w->lost.is_due) {
        w->has_ours = w->is_older = false;
        note_replaced(w, delivered);
    }
    return status;
}

/* The store may set a damaged file aside and go on with a new one. */
enum status writer_begin(struct writer *w, struct store *store)
{
    enum status status = begin_in_store(w, store);
    if (status == STATUS_OK && (w->is_older || !epoch_is_ours(w, store))) {
        status = !w->is_older && epoch_is_before_ours(w, store) ? go_on(w, store) : adopt(w, store);
    }
    return status;
}

static void read_stored(const struct writer *w, struct store *store, struct stored *out)
{
    struct state_numbers numbers;
    struct state_audited audited;
    size_t length = 0;
    if (!writer_numbers_are_ours(w, store)) {
        return;
    }
    if (store_get_state(store, STATE_NUMBERS, &numbers, sizeof numbers, &length) == STATUS_OK) {
        out->seq = numbers.seq;
    }
    if (store_get_state(store, STATE_AUDITED, &audited, sizeof audited, &length) == STATUS_OK &&
        memcmp(audited.boot_id, w->config->clock->boot_id, sizeof audited.boot_id) == 0) {
        out->audited = audited;
    }
}

/* Opened again after a failure, it may be another one of ours: a copy that somebody put back. */
static bool is_from_before(const struct writer *w, struct store *store)
{
    struct state_numbers numbers = {.seq = 0};
    size_t length = 0;
    const enum status status = store_get_state(store, STATE_NUMBERS, &numbers, sizeof numbers, &length);
    return !w->is_older && writer_numbers_are_ours(w, store) && (status == STATUS_OK || status == STATUS_NOT_FOUND) &&
           numbers.seq < w->stored_seq;
}

enum status writer_find_stored(struct writer *w, struct store *store, struct stored *out)
{
    const struct lost_reach delivered = delivered_so_far(w);
    const enum status status =
        writer_begin(w, store); /* opens again what the failure closed: only then can it be read */
    if (status == STATUS_OK) {
        store_abort(store);
        if (is_from_before(w, store)) {
            w->is_older = true;
            note_replaced(w, delivered);
        }
        read_stored(w, store, out);
        w->command_us = out->audited.command_us;
        w->note_us = out->audited.note_us;
    }
    return status;
}
