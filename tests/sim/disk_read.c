/* The reads of drivers/store/store.h over the model of the disk. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/sim/durable.h"

static bool show_alarm(const struct disk_alarm *a, store_alarm_visit *visit, void *context)
{
    const struct store_alarm alarm = {.bed = a->bed,
                                      .alarm = a->alarm,
                                      .priority = a->priority,
                                      .ended = a->ended,
                                      .json = a->json,
                                      .json_length = a->json_length,
                                      .snapshot = a->snapshot,
                                      .snapshot_length = a->snapshot_length};
    return visit(context, &alarm);
}

enum status store_get_alarm(struct store *store, const char *bed, const char *alarm, store_alarm_visit *visit,
                            void *context)
{
    (void)store;
    const struct disk_alarm *a = disk_find_alarm(bed, alarm);
    if (a == NULL) {
        return STATUS_NOT_FOUND;
    }
    (void)show_alarm(a, visit, context);
    return STATUS_OK;
}

static enum status each_alert(uint64_t after, uint32_t most, bool waiting, bool delivered, store_alert_visit *visit,
                              void *context)
{
    uint64_t row = after + 1 > durable.first_row ? after + 1 : durable.first_row;
    row = !delivered && row < durable.first_waiting ? durable.first_waiting : row;
    for (; row < durable.next_row && most > 0; row++) {
        const struct kept_row *r = &durable.rows[row % ROWS];
        if (r->there && (r->alert.waiting ? waiting : delivered)) {
            most--;
            if (!visit(context, &r->alert)) {
                break;
            }
        }
    }
    return STATUS_OK;
}

enum status store_each_outbox(struct store *store, uint64_t after, uint32_t most, store_alert_visit *visit,
                              void *context)
{
    (void)store;
    return each_alert(after, most, true, false, visit, context);
}

enum status store_each_alert(struct store *store, uint64_t after, uint32_t most, store_alert_visit *visit,
                             void *context)
{
    (void)store;
    return each_alert(after, most, true, true, visit, context);
}

enum status store_each_history(struct store *store, uint64_t after, uint32_t most, store_alert_visit *visit,
                               void *context)
{
    (void)store;
    return each_alert(after, most, false, true, visit, context);
}

enum status store_each_alarm(struct store *store, store_alarm_visit *visit, void *context)
{
    (void)store;
    for (uint32_t i = 0; i < durable.alarm_count && show_alarm(&durable.alarms[i], visit, context); i++) {
    }
    return STATUS_OK;
}

enum status store_each_audit(struct store *store, uint32_t most, store_audit_visit *visit, void *context)
{
    (void)store;
    const uint64_t kept = durable.audit_rows < AUDIT_ROWS ? durable.audit_rows : AUDIT_ROWS;
    const uint64_t count = kept < most ? kept : most;
    for (uint64_t row = durable.audit_rows - count; row < durable.audit_rows; row++) {
        const struct audit_row *a = &durable.audit[(row + 1) % AUDIT_ROWS];
        if (!visit(context, row + 1, a->wall_ms, a->json, a->length)) {
            break;
        }
    }
    return STATUS_OK;
}

enum status store_get_state(struct store *store, const char *key, void *value, size_t size, size_t *out_length)
{
    (void)store;
    const struct state *s = durable_find_state(key);
    if (s == NULL || s->size > size) {
        return s == NULL ? STATUS_NOT_FOUND : STATUS_TOO_LARGE;
    }
    memcpy(value, s->value, s->size);
    *out_length = s->size;
    return STATUS_OK;
}

enum status store_journal_each(struct store *store, int64_t from_ms, store_journal_visit *visit, void *context)
{
    (void)store;
    for (uint64_t i = durable.first_piece; i < durable.next_piece; i++) {
        const struct piece *p = &durable.pieces[i % PIECES];
        if (p->at_ms >= from_ms && !visit(context, p->at_ms, p->bytes, p->size)) {
            break;
        }
    }
    return STATUS_OK;
}

void store_usage(const struct store *store, struct store_usage *out)
{
    (void)store;
    *out = (struct store_usage){.alerts_bytes_max = 1U << 26,
                                .journal_bytes_max = 1U << 24,
                                .outbox_rows = durable.waiting,
                                .history_rows = durable.history,
                                .commits = disk_commits()};
}

enum status store_audit_newest(struct store *store, struct store_audit_mark *out)
{
    (void)store;
    if (durable.audit_rows == 0) {
        return STATUS_NOT_FOUND;
    }
    *out = (struct store_audit_mark){.row = durable.audit_rows};
    memcpy(out->link, durable.audit_end.link, sizeof out->link);
    return STATUS_OK;
}

/* As far as it is told apart: the first bytes of the link. */
void store_mark_text(const struct store_audit_mark *mark, char out[STORE_MARK_TEXT_MAX])
{
    (void)snprintf(out, STORE_MARK_TEXT_MAX, "%" PRIu64 ":%02x%02x%02x%02x", mark->row, mark->link[0], mark->link[1],
                   mark->link[2], mark->link[3]);
}
