#include "tests/sim/disk.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/powerloss/chance.h"
#include "tests/sim/audited.h"
#include "tests/sim/durable.h"
#include "tests/sim/process.h"
#include "tests/sim/scheduler.h"
#include "tests/sim/witness.h"

#define CHANGES_MAX 4096U
#define BATCH_MOST  256U
#define SCRATCH     (8U << 20)

enum change_kind {
    CHANGE_ALERT,
    CHANGE_ALARM,
    CHANGE_STATE,
    CHANGE_DELIVERED,
    CHANGE_AUDIT,
    CHANGE_ADOPT,
    CHANGE_RENAME
};
struct change {
    enum change_kind kind;
    union {
        struct store_alert alert;
        struct store_alarm alarm;
        struct {
            const char *key;
            const void *value;
            size_t size;
        } state;
        uint64_t row;
        struct {
            int64_t wall_ms;
            const char *json;
            size_t length;
        } audit;
        const char *epoch;
    };
};

struct store {
    bool open, in_transaction;
    bool is_new;
    bool is_lost;   /* after an error: to be opened again before the next transaction */
    bool set_aside; /* what was there, by this process */
};

struct disk_faults disk_faults;

static struct {
    struct store store; /* of the process */
    struct change changes[CHANGES_MAX];
    uint32_t change_count;
    unsigned char scratch[SCRATCH];
    size_t scratch_used;
    uint64_t commits;
    int64_t trouble_us;
    unsigned stalled; /* calls that take their time since there was a fault */
    bool damaged, is_still;
    bool is_another;                  /* it took the place of one that was set aside */
    char begun_from[STORE_EPOCH_MAX]; /* what this process goes on from, which it read as it started; "": nothing */
    int64_t replaced_us, trends_lost_us;
} d = {.replaced_us = INT64_MIN / 2, .trends_lost_us = INT64_MIN / 2};

/* ---- the world's side ---- */

void disk_trouble(void)
{
    d.trouble_us = scheduler_now_us();
}

bool disk_is_well(void)
{
    const struct disk_faults *f = &disk_faults;
    return !f->fails && !f->is_full && !f->opens_not && f->stalls_us == 0 && f->ghosts == 0 && d.stalled == 0 &&
           !d.is_still;
}

int64_t disk_well_since_us(void)
{
    return disk_is_well() ? d.trouble_us : scheduler_now_us();
}

void disk_damage(void)
{
    d.damaged = true;
}

void disk_stand_still(bool still)
{
    d.is_still = still;
    disk_trouble();
}

void disk_note_trends_lost(void)
{
    d.trends_lost_us = scheduler_now_us();
}

int64_t disk_trends_lost_us(void)
{
    return d.trends_lost_us;
}

int64_t disk_replaced_us(void)
{
    return d.replaced_us;
}

void disk_forget_process(void)
{
    d.store = (struct store){.open = false};
    d.change_count = 0;
    d.scratch_used = 0;
    d.stalled = 0;
    d.begun_from[0] = '\0';
}

/* Of what was not synced, the first rows may have come through. */
void disk_lose_power(void)
{
    const uint64_t unsynced = durable.next_piece - durable.synced_piece;
    durable.next_piece = durable.synced_piece + chance_draw(unsynced + 1);
    durable.synced_piece = durable.next_piece;
}

bool disk_is_open(void)
{
    return d.store.open;
}

uint64_t disk_commits(void)
{
    return d.commits;
}

/* ---- a transaction ---- */

static struct change *add_change(enum change_kind kind)
{
    assert(d.store.in_transaction && d.change_count < CHANGES_MAX);
    struct change *change = &d.changes[d.change_count++];
    change->kind = kind;
    return change;
}

static const void *keep(const void *bytes, size_t size)
{
    assert(d.scratch_used + size + 1 <= SCRATCH);
    unsigned char *kept = d.scratch + d.scratch_used;
    if (bytes != NULL) { /* else there is nothing */
        memcpy(kept, bytes, size);
    }
    kept[size] = '\0';
    d.scratch_used += (size + 8) / 8 * 8;
    return kept;
}

static void drop_transaction(void)
{
    d.store.in_transaction = false;
    d.change_count = 0;
    d.scratch_used = 0;
}

/* Any failure of a put ends it. */
static enum status fault_of_put(void)
{
    if (disk_faults.fails && chance_is(50)) {
        drop_transaction();
        d.store.is_lost = true;
        return STATUS_IO;
    }
    return STATUS_OK;
}

static void apply(const struct change *c)
{
    switch (c->kind) {
    case CHANGE_ALERT:
        witness_committed(&c->alert);
        durable_put_row(&c->alert);
        break;
    case CHANGE_ALARM:
        witness_alarm(&c->alarm);
        durable_put_alarm(&c->alarm);
        break;
    case CHANGE_STATE:
        witness_state(c->state.key, c->state.value, c->state.size);
        durable_put_state(c->state.key, c->state.value, c->state.size);
        break;
    case CHANGE_DELIVERED:
        durable_mark_delivered(c->row);
        break;
    case CHANGE_AUDIT:
        audited_put(c->audit.json);
        durable_put_audit(c->audit.wall_ms, c->audit.json, c->audit.length);
        break;
    case CHANGE_ADOPT:
        witness_adopted(c->epoch, d.begun_from);
        durable_adopt(c->epoch);
        break;
    case CHANGE_RENAME:
        witness_renamed(c->epoch);
        (void)snprintf(durable.epoch, sizeof durable.epoch, "%s", c->epoch);
        break;
    }
}

static void apply_all(void)
{
    for (uint32_t i = 0; i < d.change_count; i++) {
        apply(&d.changes[i]);
    }
    witness_commit_ends();
    while (durable.history > HISTORY_KEPT && durable.first_row < durable.first_waiting) {
        durable_drop_oldest();
    }
    d.commits++;
    drop_transaction();
}

static bool dies(unsigned in_a_million)
{
    return in_a_million > 0 && chance_draw(1000000) < in_a_million;
}

static void take_time(int64_t least_us, int64_t most_us)
{
    const int64_t us = least_us + (int64_t)chance_draw((uint64_t)(most_us - least_us));
    const bool stalls = disk_faults.stalls_us > 0;
    d.stalled += stalls;
    scheduler_hang_until(scheduler_now_us() + us + disk_faults.stalls_us);
    if (stalls) {
        d.stalled--;
        disk_trouble();
    }
}

/* ---- store.h ---- */

/* What was there is set aside, and a new one begins. Of a process that runs the row numbers go on. */
static void replace(uint64_t next_row)
{
    char epoch[STORE_EPOCH_MAX];
    (void)snprintf(epoch, sizeof epoch, "%016llx", (unsigned long long)chance_names(UINT64_MAX));
    process_tell("the store is set aside, %s begins", epoch);
    witness_replaced(epoch);
    durable_begin_anew(epoch, next_row);
    d.damaged = false;
    d.store.set_aside = d.store.is_new = d.is_another = true;
    d.replaced_us = scheduler_now_us();
    disk_trouble();
}

enum status store_open(const struct store_config *config, struct store **out)
{
    (void)config;
    *out = NULL;
    take_time(1000, 20000);
    if (disk_faults.opens_not || disk_faults.fails) {
        for (unsigned b = 0; b < WARD_BEDS; b++) {
            bedside_change_patient(b); /* a gateway that starts so knows nobody */
        }
        return STATUS_IO;
    }
    const bool is_new = durable.epoch[0] == '\0';
    if (is_new) {
        (void)snprintf(durable.epoch, sizeof durable.epoch, "%016llx", (unsigned long long)chance_names(UINT64_MAX));
        witness_adopted(durable.epoch, "");
    }
    d.store = (struct store){.open = true, .is_new = is_new};
    *out = &d.store;
    if (d.damaged) {
        replace(1);
        return STATUS_CORRUPT;
    }
    durable_look_at_audit();
    if (!is_new && strcmp(scheduler_name(scheduler_self()), "main") == 0) {
        (void)snprintf(d.begun_from, sizeof d.begun_from, "%s", durable.epoch);
    }
    d.store.set_aside = d.is_another && durable.state_count == 0; /* as long as nothing is committed */
    return d.store.set_aside ? STATUS_CORRUPT : STATUS_OK;
}

void store_close(struct store *store)
{
    if (store != NULL) {
        store->open = false;
    }
}

const char *store_epoch(const struct store *store)
{
    (void)store;
    return durable.epoch;
}

uint32_t store_schema(const struct store *store)
{
    (void)store;
    return STORE_SCHEMA;
}

bool store_is_new(const struct store *store)
{
    return store->is_new;
}

uint64_t store_last_row(const struct store *store)
{
    (void)store;
    return durable.next_row - 1;
}

const char *store_set_aside_path(const struct store *store)
{
    return store->set_aside ? "/nonexistent/wardgate/alerts.damaged" : NULL;
}

enum status store_begin(struct store *store)
{
    assert(store->open && !store->in_transaction);
    if (disk_faults.fails && chance_is(30)) {
        store->is_lost = true;
        return STATUS_IO;
    }
    if (store->is_lost && d.damaged && !disk_faults.fails) {
        store->is_lost = chance_is(30); /* what is set aside leaves no room for a new one, until the next try */
        replace(durable.next_row);
        if (chance_is(30)) {
            process_die(); /* before anything is committed to the new one */
        }
        return store->is_lost ? STATUS_FULL : STATUS_CORRUPT;
    }
    store->is_lost = false;
    store->in_transaction = true;
    return STATUS_OK;
}

uint32_t store_batch_max(const struct store *store)
{
    (void)store;
    return BATCH_MOST;
}

bool store_has_room(struct store *store)
{
    assert(store->in_transaction);
    return !disk_faults.is_full;
}

static enum status put_row(const struct store_alert *alert)
{
    const enum status status = fault_of_put();
    const uint64_t row = durable.next_row++;
    while (durable.next_row - durable.first_row >= ROWS / 2 && durable.first_row < durable.first_waiting) {
        durable_drop_oldest();
    }
    if (durable.next_row - durable.first_row >= ROWS) {
        (void)fprintf(stderr, "sim: the outbox has outgrown the model\n");
        abort();
    }
    if (status == STATUS_OK) {
        struct change *c = add_change(CHANGE_ALERT);
        c->alert = *alert;
        c->alert.row = row;
        c->alert.bed = keep(alert->bed, strlen(alert->bed));
        c->alert.alarm = keep(alert->alarm, strlen(alert->alarm));
        c->alert.json = keep(alert->json, alert->json_length);
    }
    return status;
}

enum status store_put_alert(struct store *store, const struct store_alert *alert)
{
    if (!store_has_room(store)) {
        drop_transaction();
        return STATUS_FULL;
    }
    return put_row(alert);
}

enum status store_put_alarm(struct store *store, const struct store_alarm *alarm)
{
    (void)store;
    const enum status status = fault_of_put();
    if (status == STATUS_OK) {
        struct change *c = add_change(CHANGE_ALARM);
        c->alarm = *alarm;
        c->alarm.bed = keep(alarm->bed, strlen(alarm->bed));
        c->alarm.alarm = keep(alarm->alarm, strlen(alarm->alarm));
        c->alarm.json = keep(alarm->json, alarm->json_length);
        c->alarm.snapshot = keep(alarm->snapshot, alarm->snapshot_length);
    }
    return status;
}

enum status store_put_state(struct store *store, const char *key, const void *value, size_t size)
{
    (void)store;
    const enum status status = fault_of_put();
    if (status == STATUS_OK) {
        struct change *c = add_change(CHANGE_STATE);
        c->state.key = keep(key, strlen(key));
        c->state.value = keep(value, size);
        c->state.size = size;
    }
    return status;
}

enum status store_mark_delivered(struct store *store, uint64_t row)
{
    (void)store;
    add_change(CHANGE_DELIVERED)->row = row;
    return STATUS_OK;
}

enum status store_forget_history(struct store *store, int64_t before_wall_ms)
{
    (void)store;
    (void)before_wall_ms;
    return STATUS_OK;
}

enum status store_adopt(struct store *store, const char *epoch)
{
    (void)store;
    add_change(CHANGE_ADOPT)->epoch = keep(epoch, strlen(epoch));
    return STATUS_OK;
}

enum status store_rename(struct store *store, const char *epoch)
{
    (void)store;
    add_change(CHANGE_RENAME)->epoch = keep(epoch, strlen(epoch));
    return STATUS_OK;
}

enum status store_put_audit(struct store *store, int64_t wall_ms, const char *json, size_t length)
{
    (void)store;
    const enum status status = fault_of_put();
    if (status == STATUS_OK) {
        struct change *c = add_change(CHANGE_AUDIT);
        c->audit.wall_ms = wall_ms;
        c->audit.json = keep(json, length);
        c->audit.length = length;
    }
    return status;
}

enum status store_commit(struct store *store)
{
    assert(store->in_transaction);
    const bool ghost = chance_draw(1000) < disk_faults.ghosts;
    take_time(500, 4000);
    if (dies(disk_faults.dies_early)) {
        process_die();
    }
    store->is_lost = ghost || disk_faults.fails;
    if (disk_faults.fails && !ghost) {
        drop_transaction();
        return STATUS_IO;
    }
    apply_all();
    if (dies(disk_faults.dies_late)) {
        process_die();
    }
    return ghost ? STATUS_IO : STATUS_OK;
}

void store_abort(struct store *store)
{
    (void)store;
    drop_transaction();
}

/* Weeks of outage are not simulated: there is always room for what waits. */
bool store_is_crowded(struct store *store)
{
    (void)store;
    return false;
}

bool store_lacks_room(const struct store *store)
{
    (void)store;
    return false;
}

enum status store_omit(struct store *store, const uint64_t *rows, uint32_t count, uint64_t before,
                       const struct store_alert *record)
{
    (void)store;
    (void)rows;
    if (count > 0 || before != 0 || record == NULL) {
        abort(); /* of a store that is crowded */
    }
    return put_row(record);
}

/* ---- the journal ---- */

enum status store_journal_put(struct store *store, int64_t at_ms, const void *bytes, size_t size)
{
    (void)store;
    take_time(50, 500);
    if (disk_faults.fails) {
        return STATUS_IO;
    }
    durable_put_piece(at_ms, bytes, size);
    return STATUS_OK;
}

enum status store_journal_sync(struct store *store)
{
    (void)store;
    take_time(300, 2000);
    if (disk_faults.fails) {
        return STATUS_IO;
    }
    durable.synced_piece = durable.next_piece;
    return STATUS_OK;
}

enum status store_journal_clear(struct store *store)
{
    (void)store;
    durable.first_piece = durable.synced_piece = durable.next_piece;
    return STATUS_OK;
}
