#include "app/flow/clock_record.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define SAME_MS 10 /* reading two clocks one after the other costs less */

void clock_record_begin(struct clock_record *record, const char *boot_id, const char *epoch, uint64_t newest_seq,
                        int64_t correction_ms, bool synced)
{
    const bool is_usable = record->count <= CLOCK_SPANS_MAX && record->older <= record->count;
    const bool same_epoch = is_usable && strncmp(record->epoch, epoch, sizeof record->epoch) == 0;
    if (!same_epoch) {
        *record = (struct clock_record){.count = 0};
        (void)snprintf(record->epoch, sizeof record->epoch, "%s", epoch);
    }
    if (same_epoch && strncmp(record->boot_id, boot_id, sizeof record->boot_id) == 0) {
        record->newest_seq = newest_seq;
        record->unconfirmed |= record->synced == 0 && newest_seq >= record->open_seq;
        return;
    }
    (void)snprintf(record->boot_id, sizeof record->boot_id, "%s", boot_id);
    record->synced = synced;
    record->unconfirmed = false;
    record->older = record->count;
    record->correction_ms = correction_ms;
    record->newest_seq = newest_seq;
    record->open_seq = newest_seq + 1;
}

void clock_record_shown(struct clock_record *record, uint64_t seq, bool synced)
{
    record->newest_seq = seq > record->newest_seq ? seq : record->newest_seq;
    record->unconfirmed |= !synced;
}

static void drop_oldest(struct clock_record *record)
{
    memmove(record->spans, record->spans + 1, (CLOCK_SPANS_MAX - 1) * sizeof record->spans[0]);
    record->count--;
    record->older -= record->older > 0;
}

/* What was shown since the last span becomes one, joined with that if the same is true of both. */
static void close_span(struct clock_record *record, int64_t off_ms, bool synced)
{
    const struct clock_span next = {record->open_seq, record->newest_seq, off_ms, synced};
    record->open_seq = record->newest_seq + 1;
    if (next.through_seq < next.from_seq) {
        return;
    }
    struct clock_span *last = record->count > record->older ? &record->spans[record->count - 1] : NULL;
    if (last != NULL && last->through_seq + 1 == next.from_seq && last->off_ms == next.off_ms &&
        last->synced == next.synced) {
        last->through_seq = next.through_seq;
        return;
    }
    if (record->count == CLOCK_SPANS_MAX) {
        drop_oldest(record);
    }
    record->spans[record->count++] = next;
}

/* All that was shown in this boot was turned into the time before: it is off by so much (more). */
static void move(struct clock_record *record, int64_t off_ms, bool synced)
{
    for (uint32_t i = record->older; i < record->count; i++) {
        record->spans[i].off_ms += off_ms;
        record->spans[i].synced = synced;
    }
    close_span(record, off_ms, synced);
    record->unconfirmed = !synced && record->count > record->older;
}

bool clock_record_look(struct clock_record *record, int64_t correction_ms, bool synced, int64_t *out_step_ms)
{
    const int64_t moved_ms = correction_ms - record->correction_ms;
    const bool stepped = moved_ms > CLOCK_STEP_MS || moved_ms < -CLOCK_STEP_MS;
    const bool confirms = synced && record->unconfirmed != 0;
    const bool changed = stepped || confirms || synced != (record->synced != 0);
    const int64_t off_ms = moved_ms > SAME_MS || moved_ms < -SAME_MS ? moved_ms : 0;
    *out_step_ms = stepped ? moved_ms : 0;
    if (stepped || confirms) {
        move(record, off_ms, synced);
        record->correction_ms += off_ms;
    }
    record->synced = synced;
    return changed;
}

const struct clock_span *clock_record_find(const struct clock_record *record, uint64_t seq)
{
    for (uint32_t i = record->count; i > 0; i--) {
        const struct clock_span *span = &record->spans[i - 1];
        if (seq >= span->from_seq && seq <= span->through_seq) {
            return span;
        }
    }
    return NULL;
}
