#include "app/flow/commit.h"

#include <assert.h>
#include <string.h>

#include "app/flow/restore_journal.h"
#include "hal/clock.h"

#define RETRY_US_LEAST 100000
#define RETRY_US_MOST  2000000
#define ALIVE_US       1000000 /* a round at least this often: the journal ring is emptied, the watchdog looks */
#define SLACK_US       20000   /* of its own instants: a row of the journal, a try, a direct alert */
#define DIRECT_FULL_US 20000   /* the deliver thread empties its ring faster than this */
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

void commit_init(struct commit *commit, struct arena *arena, const struct commit_config *config)
{
    struct pending_record *pending = ARENA_TAKE(arena_reserve(arena), struct pending_record, COMMIT_PENDING_MAX);
    uint64_t *delivered = ARENA_TAKE(arena, uint64_t, COMMIT_DELIVERED_MAX);
    struct commit_journal *journals = ARENA_TAKE(arena, struct commit_journal, 2);
    if (pending != NULL && delivered != NULL && journals != NULL) {
        *commit = (struct commit){.config = *config,
                                  .wake = commit->wake,
                                  .writer = {.wake = commit->writer.wake},
                                  .pending = pending,
                                  .delivered = delivered,
                                  .journals = journals};
        config = &commit->config;
    }
    commit_clock_init(&commit->clock, config->clock_record, config->clock_bridge, config->clock_hardware,
                      config->timebase);
    ring_init(&commit->notes, arena, COMMIT_NOTE_SLOTS, sizeof(struct audit_note));
    writer_init(&commit->writer, arena, config);
    commit->writer.store = &commit->store;
    commit->writer.replaced = &commit->state.replaced;
    commit->writer.omitted = &commit->state.omitted;
    commit->writer.committed_row = &commit->committed_row;
    commit->writer.done_wake = &commit->wake;
}

enum status commit_open(struct commit *commit)
{
    commit->wake.fd = commit->writer.wake.fd = -1;
    const enum status status = wake_open(&commit->wake);
    return status == STATUS_OK ? wake_open(&commit->writer.wake) : status;
}

static struct commit_journal *filling(const struct commit *c)
{
    return &c->journals[c->filling];
}

/* Else the first alert of this run would take away what those of the run before rest on. */
static void carry_tail(struct commit *c, struct store *opened)
{
    if (filling(c)->size == 0 && writer_journal_goes_on(&c->writer, opened)) {
        restore_journal_carry(opened, filling(c));
    }
}

void commit_adopt_store(struct commit *commit, struct store *opened, int64_t now_us)
{
    atomic_store(&commit->store, opened);
    if (opened != NULL) {
        carry_tail(commit, opened);
        atomic_store(&commit->committed_row, store_last_row(opened));
        if (atomic_load(&commit->state.replaced) == 0) { /* else it is known from before a reload, how often, too */
            atomic_store(&commit->state.replaced, store_set_aside_path(opened) != NULL);
        }
    }
    commit->journal_due_us = now_us + commit->config.journal_interval_ms * INT64_C(1000);
    commit->beat_due_us = now_us + COMMIT_BEAT_US;
    if (commit->config.clock_record != NULL) {
        board_put_clock(commit->config.board, commit->config.clock_record);
    }
}

/* ---- gathering ---- */

/* How many records at the front of the list the writer may be reading. */
static uint32_t with_writer(const struct commit *c)
{
    return writer_is_idle(&c->writer) ? 0 : c->writer.batch.record_count;
}

static bool is_superseded(const struct commit *c, uint32_t index)
{
    for (uint32_t later = index + 1; later < c->pending_count; later++) {
        if (c->pending[later].record.bed == c->pending[index].record.bed) {
            return true;
        }
    }
    return false;
}

static bool has_alert(const struct record *record)
{
    return record->kind == RECORD_ALERT || record->kind == RECORD_FOLDED;
}

static void count_given_up(struct commit *c, const struct record *record)
{
    atomic_fetch_add(&c->state.unstored, record->kind == RECORD_ALERT);
    atomic_fetch_add(&c->state.unaudited, record->kind == RECORD_COMMAND);
}

/* Only when there is no room left: what was handed over is given up for the store. The newest record of each bed stays, as a mere state. */
static void give_up_handed(struct commit *c)
{
    const uint32_t first = with_writer(c);
    uint32_t kept = first, kept_handed = first;
    for (uint32_t i = first; i < c->pending_count; i++) {
        struct record *record = &c->pending[i].record;
        const bool handed = i < c->handed;
        if (handed && (has_alert(record) || record->kind == RECORD_COMMAND)) {
            c->gave_up = c->gave_up || has_alert(record);
            count_given_up(c, record);
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

/* What they are taken for: an instant that nothing else has. */
static int64_t next_taken_us(struct commit *c, int64_t now_us)
{
    c->taken_us = now_us > c->taken_us ? now_us : c->taken_us + 1;
    return c->taken_us;
}

/* For a store that goes on, if slowly, the engine waits: what is handed over has to be stored all the same. */
static void gather_records(struct commit *c, int64_t now_us)
{
    if (c->pending_count == COMMIT_PENDING_MAX && c->handed > with_writer(c) &&
        store_state_is_failing(&c->state, now_us)) {
        give_up_handed(c);
    }
    while (c->pending_count < COMMIT_PENDING_MAX) {
        struct pending_record *next = &c->pending[c->pending_count];
        if (ring_pop(c->config.records, &next->record, 1) == 0) {
            return;
        }
        next->correction_ms = c->clock.correction_ms;
        next->taken_us = next_taken_us(c, now_us);
        if (next->record.kind == RECORD_ALERT && c->config.clock_record != NULL) {
            clock_record_shown(c->config.clock_record, next->record.alert.seq, next->record.alert.clock_synced);
        }
        c->pending_count++;
    }
}

/* Behind the records, so that what they rest on is there. While the row is full and the writer has the other, observations wait in their ring; a full ring loses only the journal. */
static void gather_journal(struct commit *c, int64_t now_us)
{
    struct observation o;
    while (!commit_journal_is_full(filling(c)) && ring_pop(c->config.journal, &o, 1) == 1) {
        o.bed = c->config.bed_numbers[o.bed];
        const bool added = commit_journal_add(filling(c), &o);
        assert(added);
        (void)added;
    }
    if (commit_journal_is_full(filling(c)) || atomic_load(&c->stop)) {
        c->journal_due_us = now_us;
    }
}

static bool are_deliveries_due(const struct commit *c, uint32_t waiting, int64_t now_us)
{
    return waiting >= COMMIT_DELIVERED_MANY || now_us >= c->delivered_due_us || c->pending_count > 0 || c->has_note ||
           c->clock.has_note || atomic_load(&c->stop);
}

/* They stay in their ring until the writer can have them, and there are many, or the first one has waited, or something is
 * committed anyway: a commit writes about as much for one as for many. */
static void gather_delivered(struct commit *c, int64_t now_us)
{
    const uint32_t waiting = ring_count(c->config.delivered);
    if (waiting == 0 || !writer_is_idle(&c->writer)) {
        return;
    }
    if (c->delivered_due_us == 0) {
        c->delivered_due_us = now_us + COMMIT_DELIVERED_WAIT_US;
    }
    if (are_deliveries_due(c, waiting, now_us)) {
        atomic_store(&c->state.noting, c->delivered_count + waiting); /* at no moment are some neither here nor there */
        c->delivered_count +=
            ring_pop(c->config.delivered, c->delivered + c->delivered_count, COMMIT_DELIVERED_MAX - c->delivered_count);
        atomic_store(&c->state.noting, c->delivered_count);
        c->delivered_due_us = 0;
    }
}

static void gather(struct commit *c, int64_t now_us)
{
    commit_clock_look(&c->clock, now_us);
    gather_records(c, now_us);
    if (!c->has_note && ring_pop(&c->notes, &c->note, 1) == 1) {
        c->has_note = true;
        c->note.taken_us = next_taken_us(c, now_us);
    }
    if (c->clock.has_note && c->clock.note.taken_us == 0) {
        c->clock.note.taken_us = next_taken_us(c, now_us);
    }
    gather_delivered(c, now_us);
    gather_journal(c, now_us);
}

/* ---- a batch to the writer and back ---- */

/* What a command caused waits for the command's own record, which follows at once; one that caused more than fits cannot. */
static uint32_t group_size(const struct commit *c)
{
    const uint32_t most = c->pending_count < COMMIT_GROUP_MAX ? c->pending_count : COMMIT_GROUP_MAX;
    const uint32_t whole = records_whole(c->pending, most);
    return whole > 0 || most < COMMIT_GROUP_MAX ? whole : most;
}

static bool is_group_waiting(const struct commit *c)
{
    return group_size(c) + c->delivered_count > 0 || c->has_note || c->clock.has_note || c->clock.is_due ||
           atomic_load(&c->store) == NULL;
}

static enum batch_journal journal_due(const struct commit *c, int64_t now_us)
{
    if (filling(c)->count > 0 && now_us >= c->journal_due_us) {
        return BATCH_SYNCS_JOURNAL;
    }
    return filling(c)->size > c->journal_put && now_us >= c->beat_due_us ? BATCH_PUTS_JOURNAL : BATCH_NO_JOURNAL;
}

/* Only when nothing else waits: what comes next waits for one small transaction at most. */
static enum batch_trends trends_due(const struct commit *c, bool journal, int64_t now_us)
{
    if (c->config.trends == NULL) {
        return BATCH_NO_TRENDS;
    }
    if (!journal && !is_group_waiting(c) && trend_keeper_waits(c->config.trends, atomic_load(&c->stop))) {
        return BATCH_WRITES_TRENDS;
    }
    return journal && now_us >= c->beat_due_us ? BATCH_LOOKS : BATCH_NO_TRENDS;
}

/* What is there of the row changes no more. A row that is to be synced is the writer's. */
static void add_journal(struct commit *c, struct batch *batch, enum batch_journal goes, int64_t now_us)
{
    commit_journal_close(filling(c));
    batch->journal = filling(c);
    batch->journal_size = filling(c)->size;
    batch->journal_from = c->journal_put;
    batch->journal_goes = goes;
    if (goes != BATCH_NO_JOURNAL) {
        c->journal_put = batch->journal_size;
        c->beat_due_us = now_us >= c->beat_due_us ? now_us + COMMIT_BEAT_US : c->beat_due_us;
    }
    if (goes == BATCH_SYNCS_JOURNAL) {
        c->filling = 1 - c->filling;
        c->journal_put = 0;
        c->journal_due_us = now_us + c->config.journal_interval_ms * INT64_C(1000);
    }
}

/* In the order in which they were taken: by the newest instant in the store it is known after a failure which of them it has. */
static const struct audit_note *next_note(const struct commit *c)
{
    const bool is_first = !c->has_note || c->clock.note.taken_us < c->note.taken_us;
    return c->clock.has_note && is_first ? &c->clock.note : c->has_note ? &c->note : NULL;
}

/* With all that the engine has said of its new beginning, so that whatever ends the program, either both are in the store or the next run begins anew once more. */
static bool closes_bridge(const struct commit *c, const struct batch *batch)
{
    return c->config.clock_bridge->open != 0 && atomic_load(&c->config.clock_hardware->anew) &&
           batch->record_count == c->pending_count && ring_is_empty(c->config.records);
}

/* A copy: the record goes on while the writer has it. */
static void give_clock(struct commit *c, struct batch *batch)
{
    if (c->config.clock_record != NULL) {
        c->clock.given = *c->config.clock_record;
        batch->clock_record = &c->clock.given;
        if (c->config.clock_bridge != NULL) {
            c->clock.given_bridge = *c->config.clock_bridge;
            batch->clock_bridge = &c->clock.given_bridge;
            batch->closes_bridge = closes_bridge(c, batch);
        }
        batch->clock_is_due = c->clock.is_due;
        c->clock.is_due = false;
    }
}

static void give(struct commit *c, int64_t now_us)
{
    const enum batch_journal journal = journal_due(c, now_us);
    if (!writer_is_idle(&c->writer) || now_us < c->retry_us) {
        return;
    }
    const enum batch_trends trends = trends_due(c, journal != BATCH_NO_JOURNAL, now_us);
    if (journal == BATCH_NO_JOURNAL && !is_group_waiting(c) && trends == BATCH_NO_TRENDS) {
        return;
    }
    struct batch *b = &c->writer.batch;
    *b = (struct batch){
        .records = c->pending,
        .delivered = c->delivered,
        .record_count = group_size(c),
        .delivered_count = c->delivered_count,
        .note = next_note(c),
        .trends = trends,
        .journal_at_ms = timebase_engine_ms(c->config.timebase, now_us),
        .acknowledged_seq = atomic_load(&c->state.direct_acknowledged_seq),
        .again = c->retry_wait_us > 0,
        .forgets = c->config.history_keep_ms > 0 && commit_clock_is_steady(&c->clock, now_us),
    };
    give_clock(c, b);
    add_journal(c, b, journal, now_us);
    if (atomic_load(&c->state.failing_since_us) == 0) {
        atomic_store(&c->state.failing_since_us, now_us);
    }
    writer_give(&c->writer);
}

/* What could not be put is tried again as long as its row is being filled. */
static void take_journal(struct commit *c)
{
    const struct batch *b = &c->writer.batch;
    const bool failed = b->journal_status != STATUS_OK;
    if (b->journal_goes == BATCH_PUTS_JOURNAL && failed) {
        c->journal_put = b->journal_from;
    }
    if (b->journal_goes != BATCH_SYNCS_JOURNAL) {
        return;
    }
    struct commit_journal *done = &c->journals[1 - c->filling];
    atomic_fetch_add_explicit(&c->config.board->journal_dropped, failed ? done->count : 0, memory_order_relaxed);
    commit_journal_empty(done);
}

/* What a command asks of the deliver thread; false when too many of that wait there. */
static bool pass_on(struct commit *c, const struct bed_command *command)
{
    struct resend_request request = {.from_seq = command->from_seq, .through_seq = command->through_seq};
    if (command->kind != COMMAND_resend || command->verdict != VERDICT_ACCEPTED) {
        return true;
    }
    memcpy(request.id, command->id, sizeof request.id);
    if (c->config.resends == NULL || !ring_push(c->config.resends, &request)) {
        return false;
    }
    wake_raise(c->config.deliver_wake);
    return true;
}

static void answer(struct commit *c, const struct pending_record *pending)
{
    const struct record *record = &pending->record;
    const enum command_origin place = origin_place(record->command.origin);
    struct reply reply = {.command = record->command,
                          .stay = record->bed_state.stay,
                          .row_before = c->writer.batch.row_before,
                          .row = c->writer.batch.row,
                          .wall_ms = pending_wall_ms(pending, c->config.timebase),
                          .since_us = pending->taken_us};
    if (!pass_on(c, &record->command)) {
        reply.command.verdict = VERDICT_BUSY;
    }
    if (ring_push(c->config.replies[place], &reply)) {
        wake_raise(c->config.reply_wakes[place]);
    }
}

/* Behind committed_row, so that the alerts that a command caused can be sent before its reply. */
static void answer_done(struct commit *c)
{
    for (uint32_t i = 0; i < c->writer.batch.records_done; i++) {
        if (c->pending[i].record.kind == RECORD_COMMAND) {
            answer(c, &c->pending[i]);
        }
    }
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
    atomic_store(&c->state.noting, c->delivered_count);
    if (b->note_done && b->note == &c->clock.note) {
        c->clock.has_note = false;
        c->clock.note.taken_us = 0;
    } else if (b->note_done) {
        c->has_note = false;
        atomic_fetch_add(&c->notes_done, 1);
    }
}

/* Shown once it is stored. */
static void take_clock(struct commit *c)
{
    const struct batch *b = &c->writer.batch;
    if (b->clock_is_due && b->status != STATUS_OK) {
        c->clock.is_due = true;
    } else if (b->clock_is_due) {
        board_put_clock(c->config.board, b->clock_record);
    }
    if (b->status == STATUS_OK && b->bridge_is_closed) {
        c->config.clock_bridge->open = 0;
    }
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
    if (b->row > atomic_load(&c->committed_row)) {
        atomic_store(&c->committed_row, b->row);
        wake_raise(c->config.deliver_wake);
    }
}

/* Quickly as long as nobody needs to know, then less and less often. The first that fails may have hung for longer than that. */
static void note_failure(struct commit *c, int64_t now_us)
{
    const bool quick = c->retry_wait_us == 0 || !store_state_is_failing(&c->state, now_us) || atomic_load(&c->stop);
    const int64_t longer_us = 2 * c->retry_wait_us < RETRY_US_MOST ? 2 * c->retry_wait_us : RETRY_US_MOST;
    c->retry_wait_us = quick ? RETRY_US_LEAST : longer_us;
    c->retry_us = now_us + c->retry_wait_us;
}

/* What was given up for the store will never be in it: that its names were given stays noted. */
static void settle_around(struct commit *c)
{
    if (c->config.around != NULL && c->handed == 0 && !c->gave_up) {
        around_settle(c->config.around);
    }
}

/* Before it is known whether all is settled: a store that has less than this is not the one that we leave. */
static void note_stored(struct commit *c)
{
    const uint32_t done = c->writer.batch.records_done;
    if (c->config.around != NULL && done > 0) {
        around_stored(c->config.around, c->pending[done - 1].record.seq);
    }
}

static void take(struct commit *c, int64_t now_us)
{
    if (!writer_take(&c->writer)) {
        return;
    }
    const enum status status = c->writer.batch.status;
    atomic_store(&c->state.status, (int)status);
    take_journal(c);
    take_clock(c);
    if (status == STATUS_OK) {
        note_success(c);
    } else {
        atomic_fetch_add(&c->state.failures[status], 1);
        note_failure(c, now_us);
    }
    note_stored(c);
    answer_done(c);
    drop_done(c);
    if (status == STATUS_OK) {
        settle_around(c);
    }
}

/* ---- around a store that does not commit ---- */

static bool push_direct(struct commit *c, const struct pending_record *pending)
{
    struct direct_alert *direct = &c->direct;
    direct->alert = pending->record.alert;
    direct->json_length = (uint32_t)payload_alert(c->config.payloads, &direct->alert, pending->correction_ms,
                                                  direct->json, sizeof direct->json);
    assert(direct->json_length > 0); /* payload.h: the largest fits */
    return ring_push(c->config.direct, direct);
}

/* The writer may commit at this moment, and the newer of the same alarm would then be overtaken by what is pushed. */
static bool is_durable_by_now(const struct commit *c, uint32_t index)
{
    return !writer_is_idle(&c->writer) && index < atomic_load(&c->writer.durable);
}

/* Before it goes: whatever ends the program from here on, the next start knows. */
static void note_around(struct commit *c)
{
    if (c->config.around != NULL) {
        around_note(c->config.around);
    }
}

/* Each alert once, in order; what is durable goes by the outbox. A full ring is tried again soon. */
static void hand_over(struct commit *c)
{
    bool pushed = false;
    while (c->handed < c->pending_count) {
        const struct pending_record *next = &c->pending[c->handed];
        if (has_alert(&next->record) && !is_durable_by_now(c, c->handed)) {
            note_around(c);
            if (!push_direct(c, next)) {
                break;
            }
            pushed = true;
        }
        c->handed++;
    }
    if (pushed) {
        wake_raise(c->config.deliver_wake);
    }
}

static int64_t earlier(int64_t left_us, int64_t right_us)
{
    return left_us < right_us ? left_us : right_us;
}

/* Of the first one that was not handed over: when the store has failed for long, or has gone on, but slowly. */
static int64_t direct_due_us(const struct commit *c)
{
    const int64_t since_us = atomic_load(&c->state.failing_since_us);
    const int64_t waited_us = c->pending[c->handed].taken_us + COMMIT_WAIT_US;
    return since_us != 0 ? earlier(since_us + COMMIT_DIRECT_US, waited_us) : waited_us;
}

static bool is_direct_due(const struct commit *c, int64_t now_us)
{
    const bool last_chance = atomic_load(&c->stop) && c->retry_wait_us > 0;
    return c->handed < c->pending_count && (last_chance || now_us >= direct_due_us(c));
}

/* ---- the thread ---- */

static int64_t next_step_us(const struct commit *c, int64_t now_us)
{
    int64_t next_us = now_us + ALIVE_US;
    if (c->handed < c->pending_count) {
        const int64_t due_us = direct_due_us(c);
        next_us = earlier(next_us, due_us > now_us ? due_us : now_us + DIRECT_FULL_US);
    }
    if (writer_is_idle(&c->writer) && is_group_waiting(c)) {
        next_us = earlier(next_us, c->retry_us);
    }
    /* Rows that are delivered are gathered when it is idle, which wakes us. */
    if (writer_is_idle(&c->writer) && c->delivered_due_us != 0) {
        next_us = earlier(next_us, c->delivered_due_us);
    }
    if (writer_is_idle(&c->writer) && filling(c)->count > 0) {
        const int64_t due_us =
            filling(c)->size > c->journal_put ? earlier(c->journal_due_us, c->beat_due_us) : c->journal_due_us;
        next_us = earlier(next_us, due_us > c->retry_us ? due_us : c->retry_us);
    }
    return next_us;
}

int64_t commit_step(struct commit *commit, int64_t now_us)
{
    take(commit, now_us);
    gather(commit, now_us);
    give(commit, now_us);
    if (is_direct_due(commit, now_us)) {
        hand_over(commit);
    }
    return next_step_us(commit, now_us);
}

static bool is_drained(const struct commit *c)
{
    return writer_is_idle(&c->writer) && c->pending_count + c->delivered_count + filling(c)->count == 0 &&
           !c->has_note && !c->clock.has_note && !c->clock.is_due && ring_count(&c->notes) == 0 &&
           ring_count(c->config.records) + ring_count(c->config.delivered) + ring_count(c->config.journal) == 0 &&
           (c->config.trends == NULL || !trend_keeper_waits(c->config.trends, true));
}

/* That the box went off in order is the last that is committed. */
static bool is_over(struct commit *c)
{
    return is_drained(c) && (atomic_load(&c->store) == NULL || !commit_clock_end(&c->clock));
}

static void *run(void *argument)
{
    struct commit *c = argument;
    int64_t stop_us = INT64_MAX, now_us = clock_boot_us();
    thread_set_slack_us(SLACK_US);
    while (now_us < stop_us) {
        const bool stopping = atomic_load(&c->stop);
        atomic_store_explicit(&c->config.board->store_alive_us, now_us, memory_order_relaxed);
        int64_t next_us = commit_step(c, now_us);
        if (stopping && stop_us == INT64_MAX) {
            stop_us = now_us + STOP_US;
        }
        if (stopping && is_over(c)) {
            return NULL;
        }
        next_us = stopping && c->clock.is_due && writer_is_idle(&c->writer) ? earlier(next_us, c->retry_us) : next_us;
        (void)wake_wait_until(&c->wake, earlier(next_us, stop_us));
        now_us = clock_boot_us();
    }
    return NULL;
}

enum status commit_resume(struct commit *commit)
{
    atomic_store(&commit->stop, false);
    const enum status status = writer_start(&commit->writer);
    return status == STATUS_OK ? thread_start(&commit->thread, "commit", run, commit) : status;
}

enum status commit_start(struct commit *commit, struct store *opened)
{
    commit_adopt_store(commit, opened, clock_boot_us());
    const enum status status = commit_resume(commit);
    if (status != STATUS_OK) {
        const bool ended = writer_stop(&commit->writer);
        assert(ended); /* nothing was given to the writer yet */
        (void)ended;
        atomic_store(&commit->store, NULL);
    }
    return status;
}

bool commit_note(struct commit *commit, const char *json, size_t length)
{
    struct audit_note note = {.wall_ms = clock_wall_ms(), .length = (uint32_t)length};
    assert(length > 0 && length <= sizeof note.json);
    memcpy(note.json, json, length);
    if (!ring_push(&commit->notes, &note)) {
        return false;
    }
    commit->notes_given++;
    wake_raise(&commit->wake);
    return true;
}

bool commit_has_noted(const struct commit *commit)
{
    return atomic_load(&commit->notes_done) == commit->notes_given;
}

static void count_unstored(struct commit *c)
{
    for (uint32_t i = 0; i < c->pending_count; i++) {
        count_given_up(c, &c->pending[i].record);
    }
}

static void end_thread(struct commit *commit)
{
    atomic_store(&commit->stop, true);
    wake_raise(&commit->wake);
    thread_join(&commit->thread);
}

/* Before the store gives its lock away. */
static void close_trends(struct commit *commit)
{
    if (commit->config.trends != NULL) {
        trend_keeper_close(commit->config.trends);
    }
}

bool commit_detach(struct commit *commit, struct store **out)
{
    end_thread(commit);
    if (atomic_load(&commit->store) == NULL || !is_drained(commit) || !writer_stop(&commit->writer)) {
        return false;
    }
    close_trends(commit);
    *out = atomic_load(&commit->store);
    return true;
}

void commit_fini(struct commit *commit)
{
    wake_close(&commit->writer.wake);
    wake_close(&commit->wake);
}

void commit_continue(struct commit *commit, const struct commit *before)
{
    for (unsigned i = 0; i < STATUS_COUNT; i++) {
        atomic_store(&commit->state.failures[i], atomic_load(&before->state.failures[i]));
    }
    atomic_store(&commit->state.commits, atomic_load(&before->state.commits));
    atomic_store(&commit->state.commit_us, atomic_load(&before->state.commit_us));
    atomic_store(&commit->state.unstored, atomic_load(&before->state.unstored));
    atomic_store(&commit->state.omitted, atomic_load(&before->state.omitted));
    atomic_store(&commit->state.unaudited, atomic_load(&before->state.unaudited));
    atomic_store(&commit->state.replaced, atomic_load(&before->state.replaced));
    commit->gave_up = before->gave_up;
    commit->writer.lost = before->writer.lost;
    commit_clock_continue(&commit->clock, &before->clock);
}

bool commit_stop(struct commit *commit)
{
    end_thread(commit);
    count_unstored(commit);
    if (!writer_stop(&commit->writer)) {
        return false;
    }
    close_trends(commit);
    store_close(atomic_exchange(&commit->store, NULL));
    commit_fini(commit);
    return true;
}
