/* Of the health payload: what waits to be sent, and the store that it waits in. */
#include "app/flow/report_json_internal.h"
#include "app/flow/status_key.h"
#include "hal/clock.h"

static const char *trends_word(const struct trend_keeper *trends)
{
    if (trends == NULL || trends->config.trends.minutes == 0) {
        return "off";
    }
    return atomic_load_explicit(&trends->failing, memory_order_relaxed) ? "failing" : "ok";
}

/* Those that there were. */
static void write_counts(struct json *json, const atomic_ullong failures[STATUS_COUNT])
{
    json_open_object(json, "failures");
    for (unsigned s = 1; s < STATUS_COUNT; s++) {
        const unsigned long long count = atomic_load_explicit(&failures[s], memory_order_relaxed);
        if (count > 0) {
            char key[STATUS_KEY_MAX];
            status_key((enum status)s, key);
            json_unsigned(json, key, count);
        }
    }
    json_close_object(json);
}

/* Kept by whoever keeps health, it is the mark outside that `wardgate audit verify --from` asks for. */
static void write_newest_audit(struct json *json, const struct report *report)
{
    char text[STORE_MARK_TEXT_MAX];
    struct store_audit_mark mark;
    struct store *store = atomic_load(report->store);
    if (store == NULL || store_audit_newest(store, &mark) != STATUS_OK) {
        json_null(json, "audit_newest");
        return;
    }
    store_mark_text(&mark, text);
    json_text(json, "audit_newest", text);
}

void report_json_storage(struct json *json, const struct report *report, const struct store_usage *usage)
{
    const bool failing = store_state_is_failing(report->store_state, clock_boot_us());
    json_open_object(json, "queue");
    json_unsigned(json, "waiting", usage->outbox_rows);
    json_unsigned(json, "delivered_through", atomic_load_explicit(&report->board->delivered_seq, memory_order_relaxed));
    json_unsigned(json, "history", usage->history_rows);
    json_unsigned(json, "omitted", atomic_load_explicit(&report->store_state->omitted, memory_order_relaxed));
    json_close_object(json);
    json_open_object(json, "storage");
    json_text(json, "state", failing ? "failing" : "ok");
    json_text(json, "error", failing ? status_text(store_state_status(report->store_state)) : NULL);
    json_unsigned(json, "commits", usage->commits);
    json_unsigned(json, "commit_us", atomic_load_explicit(&report->store_state->commit_us, memory_order_relaxed));
    write_counts(json, report->store_state->failures);
    json_unsigned(json, "not_stored", atomic_load_explicit(&report->store_state->unstored, memory_order_relaxed));
    json_bool(json, "replaced", atomic_load_explicit(&report->store_state->replaced, memory_order_relaxed));
    json_unsigned(json, "dead_readers", usage->dead_readers);
    json_unsigned(json, "alerts_bytes", usage->alerts_bytes);
    json_unsigned(json, "alerts_bytes_max", usage->alerts_bytes_max);
    json_unsigned(json, "trends_bytes", usage->journal_bytes);
    json_unsigned(json, "trends_bytes_max", usage->journal_bytes_max);
    json_text(json, "trends", trends_word(report->trends));
    write_newest_audit(json, report);
    json_close_object(json);
}
