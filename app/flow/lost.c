#include "app/flow/lost.h"

#include <stdlib.h>
#include <string.h>

#include "app/flow/omission.h"

void lost_find(struct lost *lost)
{
    *lost = (struct lost){.first = 0};
}

/* Of our own JSON. One that cannot be read stands for all there is. */
static uint64_t first_of_record(const struct store_alert *record)
{
    static const char key[] = "\"seq_ranges\":[[";
    const char *found = strstr(record->json, key);
    const uint64_t from = found != NULL ? strtoull(found + sizeof key - 1, NULL, 10) : 0;
    return from > 0 ? from : 1;
}

/* An alert of another epoch; of several, those of the newest count. */
static void see_other(struct lost *lost, const struct payload_context *context, const struct store_alert *alert)
{
    struct around_waiting *waiting = &lost->before.waiting;
    char epoch[STORE_EPOCH_MAX] = "";
    if (lost->before.is_due || !payload_epoch(context, alert, epoch)) {
        return;
    }
    if (strcmp(epoch, waiting->epoch) != 0) {
        *waiting = (struct around_waiting){.first = alert->seq};
        memcpy(waiting->epoch, epoch, sizeof waiting->epoch);
    }
    waiting->first = alert->seq < waiting->first ? alert->seq : waiting->first;
    waiting->through = alert->seq > waiting->through ? alert->seq : waiting->through;
    lost->before.row = alert->row;
    lost->before.is_record = false;
}

void lost_see(struct lost *lost, const struct payload_context *context, const struct store_alert *waiting)
{
    if ((waiting->flags & STORE_ALERT_FOLDED) != 0) {
        return;
    }
    if (!payload_counts(context, waiting)) {
        if ((waiting->flags & STORE_ALERT_OMITS) == 0) {
            see_other(lost, context, waiting);
        }
        return;
    }
    if ((waiting->flags & STORE_ALERT_OMITS) != 0) {
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
    lost->before.waiting = *waiting;
    lost->before.is_due = true;
}

uint64_t lost_first(const struct lost *lost, uint64_t delivered_seq)
{
    const uint64_t first = delivered_seq + 1 > lost->first ? delivered_seq + 1 : lost->first;
    return lost->records_from != 0 && lost->records_from < first ? lost->records_from : first;
}

/* Another one that is gone before there is a record of the first: what was known then is what counts. */
void lost_note(struct lost *lost, uint64_t delivered_seq, uint64_t delivered_row)
{
    if (!lost->before.is_record && lost->before.row <= delivered_row) {
        lost->before.row = 0;
    }
    lost->before.is_due = lost->before.is_due || lost->before.row != 0;
    if (lost->is_due) {
        return;
    }
    lost->is_due = true;
    lost->first = lost_first(lost, delivered_seq);
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

enum status lost_put_before(struct lost *lost, struct store *store, const struct payload_context *context, uint64_t seq,
                            char *json, size_t size)
{
    const struct around_waiting *waiting = &lost->before.waiting;
    struct payload_context of_epoch = *context;
    lost->before.put_row = 0;
    if (!lost->before.is_due) {
        return STATUS_OK;
    }
    of_epoch.epoch = waiting->epoch;
    const enum status status =
        put_record(store, &of_epoch, (struct omitted_range){waiting->first, waiting->through}, seq, json, size);
    lost->before.put_row = status == STATUS_OK ? store_last_row(store) : 0;
    return status;
}

/* From here on the record stands for what was lost, also for what the records of the store that is gone stood for. */
void lost_committed(struct lost *lost, uint64_t seq)
{
    if (lost->before.is_due) {
        lost->before.row = lost->before.put_row;
        lost->before.is_record = true;
        lost->before.is_due = false;
    }
    if (lost->is_due) {
        lost->records_from = lost->put_row != 0 ? lost->first : 0;
        lost->records_row = lost->put_row;
        lost->put_row = 0;
        lost->first = lost->through + 1;
        lost->is_due = false;
    }
    lost->through = seq > lost->through ? seq : lost->through;
}

void lost_recorded(struct lost *lost, uint64_t from, uint64_t row)
{
    if (lost->records_from == 0 || from < lost->records_from) {
        lost->records_from = from;
    }
    lost->records_row = row > lost->records_row ? row : lost->records_row;
}

/* Records are delivered in their order, alerts of several beds are not. */
void lost_delivered(struct lost *lost, uint64_t row)
{
    if (row == lost->records_row) {
        lost->records_from = 0;
    }
    if (lost->before.is_record && row == lost->before.row) {
        lost->before.row = 0;
    }
}
