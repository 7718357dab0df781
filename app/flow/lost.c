#include "app/flow/lost.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "app/flow/omitted.h"
#include "hal/clock.h"

#define ALARM_NAME "omitted" /* as the row's; it is none */

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

void lost_see(struct lost *lost, const struct payload_context *context, const struct store_alert *waiting)
{
    if ((waiting->flags & STORE_ALERT_FOLDED) != 0 || !payload_counts(context, waiting)) {
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

/* Another one that is gone before there is a record of the first: what was known then is what counts. */
void lost_note(struct lost *lost, uint64_t delivered_seq)
{
    if (lost->is_due) {
        return;
    }
    lost->is_due = true;
    lost->first = delivered_seq + 1 > lost->first ? delivered_seq + 1 : lost->first;
    if (lost->records_from != 0 && lost->records_from < lost->first) {
        lost->first = lost->records_from;
    }
}

enum status lost_put(struct lost *lost, struct store *store, const struct payload_context *context, char *json,
                     size_t size)
{
    const uint64_t first = lost->first;
    const int64_t wall_ms = clock_wall_ms();
    lost->put_row = 0;
    if (!lost->is_due || first > lost->through) {
        return STATUS_OK;
    }
    struct omitted omitted = {.of_lost_store = true, .count = 1, .ranges = {{first, lost->through}}};
    omitted.alerts[PRIORITY_NONE] = lost->through - first + 1;
    const size_t length = payload_omitted(context, &omitted, wall_ms, json, size);
    assert(length > 0); /* omitted.h: a larger one fits */
    const struct store_alert record = {.seq = lost->through,
                                       .flags = STORE_ALERT_OMITS,
                                       .committed_wall_ms = wall_ms,
                                       .bed = "",
                                       .alarm = ALARM_NAME,
                                       .json = json,
                                       .json_length = (uint32_t)length};
    const enum status status = store_omit(store, NULL, 0, 0, &record);
    lost->put_row = status == STATUS_OK ? store_last_row(store) : 0;
    return status;
}

/* From here on the record stands for what was lost, also for what the records of the store that is gone stood for. */
void lost_committed(struct lost *lost, uint64_t seq)
{
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

/* Records are delivered in their order. */
void lost_delivered(struct lost *lost, uint64_t row)
{
    if (row == lost->records_row) {
        lost->records_from = 0;
    }
}
