#include "app/flow/restore_clock.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "app/flow/restore_journal.h"
#include "app/flow/restore_numbers.h"
#include "app/flow/snapshot_read.h"

static bool get_state(struct store *store, const char *key, void *value, size_t size)
{
    size_t length = 0;
    return store_get_state(store, key, value, size, &length) == STATUS_OK && length == size;
}

static bool note_instant(void *context, int64_t at_ms, const void *bytes, size_t size)
{
    int64_t *newest_ms = context;
    (void)bytes;
    (void)size;
    *newest_ms = at_ms > *newest_ms ? at_ms : *newest_ms;
    return true;
}

static bool note_alarm(void *context, const struct store_alarm *alarm)
{
    struct alarm_snapshot snapshot;
    if (snapshot_read_alarm(alarm->snapshot, alarm->snapshot_length, &snapshot)) {
        (void)note_instant(context, snapshot.last.at_ms, NULL, 0);
    }
    return true;
}

enum status restore_newest_instant(struct store *store, int64_t *out_ms)
{
    *out_ms = restore_journal_tail_ms(store);
    const enum status journal = store_journal_each(store, INT64_MIN, note_instant, out_ms);
    const enum status alarms = store_each_alarm(store, note_alarm, out_ms);
    return alarms != STATUS_OK ? alarms : journal;
}

static bool read_clock(struct store *store, struct state_clock *out)
{
    size_t length = 0;
    *out = (struct state_clock){.unbroken_from_ms = INT64_MIN};
    const enum status status = store_get_state(store, STATE_CLOCK, out, sizeof *out, &length);
    out->boot_id[sizeof out->boot_id - 1] = '\0';
    return status == STATUS_OK && (length == sizeof *out || length == offsetof(struct state_clock, unbroken_from_ms));
}

int64_t restore_unbroken_from_ms(struct store *store)
{
    struct state_clock clock;
    return read_clock(store, &clock) ? clock.unbroken_from_ms : INT64_MIN;
}

/* Of that boot; else nothing is known of it. */
static struct clock_bridge read_bridge(struct store *store, const char *boot_id)
{
    struct clock_bridge bridge;
    const bool known = get_state(store, STATE_CLOCK_BRIDGE, &bridge, sizeof bridge) &&
                       strncmp(bridge.boot_id, boot_id, sizeof bridge.boot_id) == 0;
    return known ? bridge : (struct clock_bridge){.open = 0};
}

/* The anchor, and whether there was no break of unknown length. */
static bool choose_anchor(struct store *store, const struct restore_clock *now, const struct state_clock *known_before,
                          struct state_clock *out)
{
    const int64_t boot_ms = now->boot_us / 1000;
    const bool known = known_before != NULL;
    struct state_clock before = known ? *known_before : (struct state_clock){.anchor_ms = 0};
    const int64_t before_from_ms = known ? before.unbroken_from_ms : INT64_MIN; /* there a gateway began */
    if (known && strcmp(before.boot_id, out->boot_id) == 0) {
        out->anchor_ms = before.anchor_ms;
        return true;
    }
    const struct clock_bridge bridge = read_bridge(store, before.boot_id);
    const bool is_told = now->synced || (now->is_hardwares && bridge.in_step != 0 && bridge.ended != 0);
    struct clock_record record;
    if (known && get_state(store, STATE_CLOCK_RECORD, &record, sizeof record) &&
        strncmp(record.boot_id, before.boot_id, sizeof record.boot_id) == 0) {
        before.synced = record.synced; /* at the end of that boot, not at its beginning */
        out->anchor_ms -= is_told && record.synced != 0 ? record.correction_ms : 0;
    }
    int64_t newest_ms = 0;
    const bool readable = restore_newest_instant(store, &newest_ms) == STATUS_OK;
    newest_ms = newest_ms > before_from_ms ? newest_ms : before_from_ms;
    if (newest_ms >= out->anchor_ms + boot_ms) {
        out->anchor_ms = newest_ms + 1 - boot_ms;
        return false; /* the wall clock fell behind what is known: nobody can say how long the break was */
    }
    /* What is from before the box went off is from before it came on, and that is a while ago. */
    const bool is_possible = now->synced || newest_ms <= out->anchor_ms + CLOCK_STEP_MS;
    return known && readable && is_told && is_possible && before.synced != 0 && bridge.open == 0;
}

/* What is from before a break stays in the journal: a later start that goes on from this one must not join it either. */
bool restore_clock(struct store *store, const struct restore_clock *now, struct state_clock *out)
{
    const int64_t boot_ms = now->boot_us / 1000;
    struct state_clock before = {.unbroken_from_ms = INT64_MIN};
    *out = (struct state_clock){.anchor_ms = now->wall_ms - boot_ms, .synced = now->synced};
    (void)snprintf(out->boot_id, sizeof out->boot_id, "%s", now->boot_id);
    const bool known = store != NULL && read_clock(store, &before);
    const bool continuous = store != NULL && choose_anchor(store, now, known ? &before : NULL, out);
    out->unbroken_from_ms = continuous ? before.unbroken_from_ms : out->anchor_ms + boot_ms;
    return continuous;
}

void restore_clock_record(struct store *store, const struct state_clock *clock, const struct restore_clock *now,
                          const char *epoch, struct clock_record *out)
{
    const int64_t engine_ms = now->boot_us / 1000 + clock->anchor_ms;
    struct state_numbers numbers = {.seq = 0};
    if (store == NULL || !get_state(store, STATE_CLOCK_RECORD, out, sizeof *out)) {
        *out = (struct clock_record){.count = 0};
    }
    if (store != NULL && strncmp(out->epoch, store_epoch(store), sizeof out->epoch) == 0) {
        memset(
            out->epoch, 0,
            sizeof out->epoch); /* another epoch may go on with the store's numbers, and with what is known of them */
        (void)snprintf(out->epoch, sizeof out->epoch, "%s", epoch);
    }
    if (store != NULL && !get_state(store, STATE_NUMBERS, &numbers, sizeof numbers)) {
        restore_find_numbers(store, &numbers);
    }
    clock_record_begin(out, clock->boot_id, epoch, numbers.seq, now->wall_ms - engine_ms, now->synced);
}

void restore_clock_bridge(struct store *store, const struct state_clock *clock, const struct restore_clock *now,
                          bool continuous, struct clock_bridge *out)
{
    const int64_t engine_ms = now->boot_us / 1000 + clock->anchor_ms;
    struct state_clock before;
    *out = (struct clock_bridge){.open = 0};
    if (store != NULL) {
        *out = read_bridge(store, clock->boot_id);
    }
    const bool boots = store != NULL && read_clock(store, &before) && strcmp(before.boot_id, clock->boot_id) != 0;
    clock_bridge_begin(out, clock->boot_id, boots && continuous && !now->synced, now->wall_ms - engine_ms, engine_ms);
}
