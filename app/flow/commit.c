#include "app/flow/commit.h"

#include <assert.h>
#include <string.h>

#include "hal/clock.h"

#define RETRY_US_LEAST 100000
#define RETRY_US_MOST  2000000
#define ALIVE_US       500000 /* a round at least this often: the watchdog looks */
#define DIRECT_FULL_US 20000  /* the deliver thread empties its ring faster than this */
#define STOP_US        900000

/* ---- how the store is doing ---- */

bool store_state_is_failing(const struct store_state *state, int64_t boot_us)
{
    const int64_t since_us = atomic_load_explicit(&state->failing_since_us, memory_order_relaxed);
    return since_us != 0 && boot_us - since_us >= COMMIT_DIRECT_US;
}

enum status store_state_status(const struct store_state *state)
{
    const enum status status = (enum status)atomic_load_explicit(&state->status, memory_order_relaxed);
    return status == STATUS_OK ? STATUS_TIMEOUT : status;
}

/* ---- making ---- */

enum status commit_init(struct commit *commit, struct arena *arena, const struct commit_config *config)
{
    struct pending_record *pending = ARENA_TAKE(arena, struct pending_record, COMMIT_PENDING_MAX);
    uint64_t *delivered = ARENA_TAKE(arena, uint64_t, COMMIT_GROUP_MAX);
    struct commit_journal *journal = ARENA_TAKE(arena, struct commit_journal, 2);
    if (pending == NULL || delivered == NULL || journal == NULL) {
        return writer_init(&commit->writer, arena, config);
    }
    memset(commit, 0, sizeof *commit);
    commit->config = *config;
    commit->pending = pending;
    commit->delivered = delivered;
    commit->journal = &journal[0];
    commit->journal_spare = &journal[1];
    enum status status = wake_open(&commit->wake);
    if (status == STATUS_OK) {
        status = writer_init(&commit->writer, arena, &commit->config);
    }
    commit->writer.store = &commit->store;
    commit->writer.replaced = &commit->state.replaced;
    commit->writer.done_wake = &commit->wake;
    return status;
}

void commit_adopt_store(struct commit *commit, struct store *opened, int64_t now_us)
{
    atomic_store(&commit->store, opened);
    if (opened != NULL) {
        atomic_store(&commit->committed_row, store_last_row(opened));
        atomic_store(&commit->state.replaced, store_set_aside_path(opened) != NULL);
    }
    commit->journal_due_us = now_us + commit->config.journal_interval_ms * INT64_C(1000);
}

/* ---- gathering ---- */

static bool is_superseded(const struct commit *c, uint32_t index)
{
    for (uint32_t later = index + 1; later < c->pending_count; later++) {
        if (c->pending[later].record.bed == c->pending[index].record.bed) {
            return true;
        }
    }
    return false;
}

/* Only where there is no room left: alerts that were handed over are given up for the store. The newest record of each bed stays, as a mere state. */
static void give_up_handed(struct commit *c)
{
    const uint32_t first = writer_is_idle(&c->writer) ? 0 : c->writer.batch.record_count;
    uint32_t kept = first;
    uint32_t kept_handed = first < c->handed ? first : c->handed;
    for (uint32_t i = first; i < c->pending_count; i++) {
        struct record *record = &c->pending[i].record;
        const bool handed = i < c->handed;
        if (handed && record->kind == RECORD_ALERT) {
            atomic_fetch_add(&c->state.unstored, 1);
            record->kind = RECORD_BED;
        }
        if (!handed || !is_superseded(c, i)) {
            kept_handed += handed;
            c->pending[kept++] = c->pending[i];
        }
    }
    c->pending_count = kept;
    c->handed = kept_handed;
}

static void gather_records(struct commit *c, int64_t correction_ms)
{
    if (c->pending_count == COMMIT_PENDING_MAX && c->handed > c->writer.batch.record_count) {
        give_up_handed(c);
    }
    while (c->pending_count < COMMIT_PENDING_MAX) {
        struct pending_record *next = &c->pending[c->pending_count];
        if (ring_pop(c->config.records, &next->record, 1) == 0) {
            return;
        }
        next->correction_ms = correction_ms;
        c->pending_count++;
    }
}

/* While both rows are taken, observations wait in their ring, and then are lost to the journal. */
static void gather_journal(struct commit *c, int64_t now_us)
{
    struct observation o;
    while (c->journal->size < COMMIT_JOURNAL_BYTES && ring_pop(c->config.journal, &o, 1) == 1) {
        if (!commit_journal_add(c->journal, &o)) {
            atomic_fetch_add_explicit(&c->config.board->journal_dropped, 1, memory_order_relaxed);
        }
    }
    if (c->journal->size == COMMIT_JOURNAL_BYTES && c->journal_due_us > now_us) {
        c->journal_due_us = now_us;
    }
}

static void gather(struct commit *c, int64_t now_us)
{
    gather_records(c, clock_wall_ms() - timebase_engine_ms(c->config.timebase, now_us));
    c->delivered_count +=
        ring_pop(c->config.delivered, c->delivered + c->delivered_count, COMMIT_GROUP_MAX - c->delivered_count);
    gather_journal(c, now_us);
}

/* ---- giving a batch to the writer and taking it back ---- */

static bool is_group_due(const struct commit *c, int64_t now_us)
{
    const bool waiting = c->pending_count + c->delivered_count > 0 || atomic_load(&c->store) == NULL;
    return waiting && now_us >= c->retry_us;
}

static bool is_journal_due(const struct commit *c, int64_t now_us)
{
    return c->journal->count > 0 && now_us >= c->journal_due_us;
}

static void give(struct commit *c, int64_t now_us)
{
    const bool group = is_group_due(c, now_us), journal = is_journal_due(c, now_us);
    if (!writer_is_idle(&c->writer) || (!group && !journal)) {
        return;
    }
    struct batch *b = &c->writer.batch;
    *b = (struct batch){
        .records = c->pending,
        .delivered = c->delivered,
        .journal_at_ms = timebase_engine_ms(c->config.timebase, now_us),
        .acknowledged_seq = atomic_load(&c->state.direct_acknowledged_seq),
        .again = c->retry_wait_us > 0,
    };
    if (group) {
        b->record_count = c->pending_count < COMMIT_GROUP_MAX ? c->pending_count : COMMIT_GROUP_MAX;
        b->delivered_count = c->delivered_count;
    }
    if (journal) {
        b->journal = c->journal;
        c->journal = c->journal_spare;
        c->journal_spare = NULL;
        c->journal_due_us = now_us + c->config.journal_interval_ms * INT64_C(1000);
    }
    if (atomic_load(&c->state.failing_since_us) == 0) {
        atomic_store(&c->state.failing_since_us, now_us);
    }
    writer_give(&c->writer);
}

static void take_journal(struct commit *c)
{
    const struct batch *b = &c->writer.batch;
    if (b->journal == NULL) {
        return;
    }
    if (b->journal_status != STATUS_OK) {
        atomic_fetch_add_explicit(&c->config.board->journal_dropped, b->journal->count, memory_order_relaxed);
    }
    c->journal_spare = c->journal == &c->journals[0] ? &c->journals[1] : &c->journals[0];
    c->journal_spare->size = 0;
    c->journal_spare->count = 0;
}

/* What is done leaves the front of both lists. */
static void drop_done(struct commit *c)
{
    const struct batch *b = &c->writer.batch;
    c->pending_count -= b->records_done;
    memmove(c->pending, c->pending + b->records_done, c->pending_count * sizeof c->pending[0]);
    c->handed -= b->records_done < c->handed ? b->records_done : c->handed;
    c->delivered_count -= b->delivered_done;
    memmove(c->delivered, c->delivered + b->delivered_done, c->delivered_count * sizeof c->delivered[0]);
}

static void note_success(struct commit *c)
{
    const struct batch *b = &c->writer.batch;
    atomic_store(&c->state.failing_since_us, 0);
    c->retry_us = 0;
    c->retry_wait_us = 0;
    if (b->took_us > 0) {
        atomic_fetch_add(&c->state.commits, 1);
        atomic_store(&c->state.commit_us, b->took_us);
    }
}

static void note_failure(struct commit *c, int64_t now_us)
{
    c->retry_wait_us = c->retry_wait_us == 0 ? RETRY_US_LEAST : 2 * c->retry_wait_us;
    c->retry_wait_us = c->retry_wait_us < RETRY_US_MOST ? c->retry_wait_us : RETRY_US_MOST;
    c->retry_us = now_us + c->retry_wait_us;
}

static void take(struct commit *c, int64_t now_us)
{
    if (!writer_take(&c->writer)) {
        return;
    }
    const struct batch *b = &c->writer.batch;
    atomic_store(&c->state.status, (int)b->status);
    take_journal(c);
    drop_done(c);
    if (b->status == STATUS_OK) {
        note_success(c);
    } else {
        note_failure(c, now_us);
    }
    if (b->row > atomic_load(&c->committed_row)) {
        atomic_store(&c->committed_row, b->row);
        wake_raise(c->config.deliver_wake);
    }
}
