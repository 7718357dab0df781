#include "app/flow/lost.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/flow/omission.h"

void lost_find(struct lost *lost)
{
    *lost = (struct lost){.first = 0};
}

static struct lost_other *find_other(struct lost *lost, const char *epoch)
{
    struct lost_other *found = NULL;
    for (uint32_t i = 0; i < lost->other_count && found == NULL; i++) {
        found = strcmp(lost->others[i].waiting.epoch, epoch) == 0 ? &lost->others[i] : NULL;
    }
    return found;
}

static void drop_other(struct lost *lost, uint32_t at)
{
    lost->other_count--;
    memmove(&lost->others[at], &lost->others[at + 1], (lost->other_count - at) * sizeof lost->others[0]);
}

/* That one, with what is known of it and this, too. */
static struct lost_other *add_other(struct lost *lost, const struct around_waiting *waiting)
{
    struct lost_other *other = find_other(lost, waiting->epoch);
    if (other == NULL) {
        if (lost->other_count == LOST_OTHERS_MAX) {
            drop_other(lost, 0);
        }
        other = &lost->others[lost->other_count++];
        *other = (struct lost_other){.waiting = *waiting};
    }
    struct around_waiting *known = &other->waiting;
    known->first = waiting->first < known->first ? waiting->first : known->first;
    known->through = waiting->through > known->through ? waiting->through : known->through;
    return other;
}

/* Of our own JSON: all that the ranges of a record lie in. */
static bool read_ranges(const struct store_alert *record, struct omitted_range *out)
{
    static const char key[] = "\"seq_ranges\":[[";
    const char *begin = strstr(record->json, key);
    const char *end = begin != NULL ? strstr(begin, "]]") : NULL;
    if (end == NULL) {
        return false;
    }
    const char *last = end;
    while (last > begin && last[-1] != ',') {
        last--;
    }
    out->from = strtoull(begin + sizeof key - 1, NULL, 10);
    out->through = strtoull(last, NULL, 10);
    return out->from > 0 && out->from <= out->through;
}

/* One that cannot be read stands for all there is. */
static uint64_t first_of_record(const struct store_alert *record)
{
    struct omitted_range range;
    return read_ranges(record, &range) ? range.from : 1;
}

/* An alert of another epoch, or a record; of one that cannot be read nobody knows what it stands for. */
static void see_other(struct lost *lost, const struct payload_context *context, const struct store_alert *alert)
{
    struct around_waiting waiting = {.first = alert->seq, .through = alert->seq};
    struct omitted_range range;
    if (!payload_epoch(context, alert, waiting.epoch)) {
        return;
    }
    if ((alert->flags & STORE_ALERT_OMITS) != 0) {
        if (!read_ranges(alert, &range)) {
            return;
        }
        waiting.first = range.from;
        waiting.through = range.through;
    }
    add_other(lost, &waiting)->row = alert->row;
}

void lost_see(struct lost *lost, const struct payload_context *context, const struct store_alert *waiting)
{
    if ((waiting->flags & STORE_ALERT_FOLDED) != 0) {
        return;
    }
    if (!payload_counts(context, waiting)) {
        see_other(lost, context, waiting);
    } else if ((waiting->flags & STORE_ALERT_OMITS) != 0) {
        lost_recorded(lost, first_of_record(waiting), waiting->row);
    } else if (lost->first == 0 || waiting->seq < lost->first) {
        lost->first = waiting->seq;
    }
}

void lost_learn(struct lost *lost, uint64_t seq)
{
    lost->through = seq;
    lost->first = lost->first == 0 ? seq + 1 : lost->first;
}

void lost_find_before(struct lost *lost, const struct around_waiting *waiting)
{
    add_other(lost, waiting)->is_due = true;
}

static uint64_t first_of_ours(const struct lost *lost, uint64_t delivered_seq)
{
    const uint64_t first = delivered_seq + 1 > lost->first ? delivered_seq + 1 : lost->first;
    return lost->records_from != 0 && lost->records_from < first ? lost->records_from : first;
}

/* How far rows are delivered says nothing of a record that we put: that is told by its row. */
static void forget_delivered(struct lost *lost, uint64_t delivered_row)
{
    for (uint32_t i = lost->other_count; i-- > 0;) {
        const struct lost_other *other = &lost->others[i];
        if (!other->is_due && !other->is_record && other->row <= delivered_row) {
            drop_other(lost, i);
        }
    }
}

/* Another one that is gone before there is a record of the first: what was known then is what counts. */
void lost_note(struct lost *lost, struct lost_reach delivered)
{
    forget_delivered(lost, delivered.row);
    for (uint32_t i = 0; i < lost->other_count; i++) {
        lost->others[i].is_due = true;
    }
    if (lost->is_due) {
        return;
    }
    lost->is_due = true;
    lost->first = first_of_ours(lost, delivered.seq);
}

uint32_t lost_waiting(struct lost *lost, const char *epoch, struct lost_reach delivered, uint64_t seq,
                      struct around_waiting out[AROUND_WAITING_MAX])
{
    uint32_t count = 1;
    out[0] = (struct around_waiting){.first = lost->is_due ? lost->first : first_of_ours(lost, delivered.seq),
                                     .through = seq > lost->through ? seq : lost->through};
    (void)snprintf(out[0].epoch, sizeof out[0].epoch, "%s", epoch);
    forget_delivered(lost, delivered.row);
    for (uint32_t i = 0; i < lost->other_count; i++) {
        out[count++] = lost->others[i].waiting;
    }
    return count;
}

static enum status put_record(struct store *store, const struct payload_context *context, struct omitted_range range,
                              uint64_t seq, char *json, size_t size)
{
    struct omitted omitted = {.of_lost_store = true, .count = 1, .ranges = {range}};
    omitted.alerts[PRIORITY_NONE] = range.through - range.from + 1;
    const struct store_alert record = omission_record(context, &omitted, seq, json, size);
    return store_omit(store, NULL, 0, 0, &record);
}

enum status lost_put(struct lost *lost, struct store *store, const struct payload_context *context, char *json,
                     size_t size)
{
    const struct omitted_range range = {lost->first, lost->through};
    lost->put_row = 0;
    if (!lost->is_due || range.from > range.through) {
        return STATUS_OK;
    }
    const enum status status = put_record(store, context, range, range.through, json, size);
    lost->put_row = status == STATUS_OK ? store_last_row(store) : 0;
    return status;
}

enum status lost_put_others(struct lost *lost, struct store *store, const struct payload_context *context, uint64_t seq,
                            char *json, size_t size)
{
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < lost->other_count && status == STATUS_OK; i++) {
        struct lost_other *other = &lost->others[i];
        if (other->is_due) {
            struct payload_context of_epoch = *context;
            of_epoch.epoch = other->waiting.epoch;
            const struct omitted_range range = {other->waiting.first, other->waiting.through};
            status = put_record(store, &of_epoch, range, seq, json, size);
            other->put_row = store_last_row(store);
        }
    }
    return status;
}

/* From here on the record stands for what was lost, also for what the records of the store that is gone stood for. */
void lost_committed(struct lost *lost, uint64_t seq)
{
    for (uint32_t i = 0; i < lost->other_count; i++) {
        struct lost_other *other = &lost->others[i];
        if (other->is_due) {
            other->row = other->put_row;
            other->is_record = true;
            other->is_due = false;
        }
    }
    if (lost->is_due) {
        lost->records_from = lost->put_row != 0 ? lost->first : 0;
        lost->records_row = lost->put_row;
        lost->put_row = 0;
        lost->first = lost->through + 1;
        lost->is_due = false;
    }
    lost->through = seq > lost->through ? seq : lost->through;
    lost->first = lost->first == 0 ? 1 : lost->first; /* of a store that had no numbers: all are from now on */
}

void lost_recorded(struct lost *lost, uint64_t from, uint64_t row)
{
    if (lost->records_from == 0 || from < lost->records_from) {
        lost->records_from = from;
    }
    lost->records_row = row > lost->records_row ? row : lost->records_row;
}

void lost_recorded_other(struct lost *lost, const struct around_waiting *waiting, uint64_t row)
{
    add_other(lost, waiting)->row = row;
}

/* Records are delivered in their order, alerts of several beds are not. */
void lost_delivered(struct lost *lost, uint64_t row)
{
    if (row == lost->records_row) {
        lost->records_from = 0;
    }
    for (uint32_t i = lost->other_count; i-- > 0;) {
        if (lost->others[i].is_record && !lost->others[i].is_due && lost->others[i].row == row) {
            drop_other(lost, i);
        }
    }
}
