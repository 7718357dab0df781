#include "app/flow/report_rows.h"

#include <string.h>

#include "app/flow/annunciator.h"
#include "app/flow/payload_internal.h"
#include "app/flow/report_rows_internal.h"
#include "hal/clock.h"

#define STUCK_BYTES 160

void rows_begin(struct rows *rows, const char *what)
{
    json_begin(&rows->json, rows->row, sizeof rows->row - 1);
    json_text(&rows->json, "row", what);
}

void rows_end(struct rows *rows)
{
    const size_t length = json_end(&rows->json);
    if (length > 0 && !rows->ended) { /* one that is too long is left out */
        rows->row[length] = '\n';
        rows->ended = !rows->put(rows->context, rows->row, length + 1);
    }
}

void rows_age(struct rows *rows, const char *key, int64_t since_ms)
{
    json_seconds(&rows->json, key, since_ms < rows->now_ms ? rows->now_ms - since_ms : 0);
}

/* "engine, store": parts that gave no sign of life for too long; "": none. */
static void put_stuck(struct json *json, const struct vigil *vigil)
{
    const unsigned stuck = vigil != NULL ? atomic_load_explicit(&vigil->stuck, memory_order_relaxed) : 0;
    bool is_first = true;
    json_text_open(json, "stuck", STUCK_BYTES);
    for (unsigned i = 0; i < VIGIL_PARTS; i++) {
        if ((stuck >> i & 1U) != 0) {
            const char *name = vigil_part_name((enum vigil_part)i);
            json_text_add(json, ", ", is_first ? 0 : 2);
            json_text_add(json, name, strlen(name));
            is_first = false;
        }
    }
    json_text_close(json);
}

static void put_gateway(struct rows *rows)
{
    const struct report *report = rows->report;
    const struct payload_context *payloads = report->payloads;
    struct json *json = &rows->json;
    rows_begin(rows, "gateway");
    json_text(json, "gateway", payloads->gateway);
    json_text(json, "site", payloads->site);
    json_text(json, "ward", payloads->ward);
    json_text(json, "version", payloads->version);
    json_text(json, "boot", payloads->boot);
    json_unsigned(json, "uptime_s", (uint64_t)(rows->now_us - report->started_us) / 1000000U);
    json_time(json, "at", rows->wall_ms);
    json_bool(json, "synced", clock_is_synchronised());
    json_unsigned(json, "dropped", report_dropped(report));
    put_stuck(json, report->vigil);
    rows_end(rows);
}

static void put_store(struct rows *rows)
{
    const struct report *report = rows->report;
    struct store *store = atomic_load(report->store);
    struct store_usage usage = {.commits = 0};
    struct json *json = &rows->json;
    const bool failing = store == NULL || store_state_is_failing(report->store_state, rows->now_us);
    if (store != NULL) {
        store_usage(store, &usage);
    }
    rows_begin(rows, "store");
    json_text(json, "error", failing ? status_text(store_state_status(report->store_state)) : NULL);
    json_unsigned(json, "waiting", usage.outbox_rows);
    json_unsigned(json, "history", usage.history_rows);
    json_unsigned(json, "omitted", atomic_load_explicit(&report->store_state->omitted, memory_order_relaxed));
    json_unsigned(json, "commits", usage.commits);
    json_unsigned(json, "kib", usage.alerts_bytes / 1024);
    json_unsigned(json, "kib_max", usage.alerts_bytes_max / 1024);
    json_bool(json, "trends_failing",
              report->trends != NULL && atomic_load_explicit(&report->trends->failing, memory_order_relaxed));
    rows_end(rows);
}

static void put_local(struct rows *rows)
{
    struct annunciator *annunciator = rows->report->annunciator;
    char names[LOCAL_TEXT_MAX];
    if (annunciator == NULL) {
        return;
    }
    const struct annunciator_look look = annunciator_look(annunciator, rows->now_us);
    local_names(look.reasons, names);
    rows_begin(rows, "local");
    json_text(&rows->json, "state", annunciator_word(look.state));
    json_bool(&rows->json, "on", look.state != ANNUNCIATOR_OFF);
    json_text(&rows->json, "priority", priority_word(look.priority));
    json_text(&rows->json, "what", names);
    rows_end(rows);
}

static void put_brokers(struct rows *rows)
{
    const struct report *report = rows->report;
    const unsigned in_use = atomic_load_explicit(&report->board->uplink_broker, memory_order_relaxed);
    const bool connected = atomic_load_explicit(&report->board->uplink_connected, memory_order_relaxed);
    for (unsigned i = 0; i < report->broker_count; i++) {
        rows_begin(rows, "broker");
        json_text(&rows->json, "broker", report->brokers[i]);
        json_bool(&rows->json, "in_use", i == in_use);
        json_text(&rows->json, "state",
                  i == in_use ? connected ? "connected" : "not connected" : board_broker_word(report->board, i));
        rows_end(rows);
    }
}

/* Where some are expected, or some are there. */
static void put_boards(struct rows *rows)
{
    struct presence presence;
    board_take_boards(rows->report->board, &presence);
    const struct presence_count count = presence_count(&presence, rows->now_us);
    if (rows->report->boards_expected > 0 || count.there > 0) {
        rows_begin(rows, "boards");
        json_unsigned(&rows->json, "expected", rows->report->boards_expected);
        json_unsigned(&rows->json, "looking", count.looking);
        json_unsigned(&rows->json, "there", count.there);
        rows_end(rows);
    }
}

static void put_capacity(struct json *json, const struct ward_figures *figures)
{
    if (figures->capacity.known) {
        json_milli(json, "load", (int32_t)figures->capacity.load_milli);
        json_milli(json, "no_bed_free_percent", (int32_t)(figures->capacity.erlang.blocked_micro / 10));
    }
}

static void put_staff(struct json *json, const struct ward_settings *settings, const struct ward_figures *figures)
{
    if (!figures->has_staff) {
        return;
    }
    json_text(json, "shift", figures->shift != NULL ? figures->shift->name : NULL);
    json_unsigned(json, "nurses", figures->nurses);
    if (figures->nurses > 0) {
        json_milli(json, "patients_each", (int32_t)ward_patients_per_nurse_milli(figures));
    }
    json_bool(json, "over_ratio", figures->over_ratio);
    if (settings->has_need) {
        json_milli(json, "needed", (int32_t)figures->needed_milli);
    }
}

static void put_ward(struct rows *rows)
{
    struct ward_bed beds[SETTINGS_BEDS_MAX];
    struct ward_figures figures;
    if (!report_ward(rows->report, rows->wall_ms, beds, &figures)) {
        return;
    }
    rows_begin(rows, "ward");
    put_staff(&rows->json, rows->report->payloads->ward_settings, &figures);
    put_capacity(&rows->json, &figures);
    rows_end(rows);
}

void report_rows(const struct report *report, int64_t wall_ms, const char *bed, report_row_put *put, void *context)
{
    const int64_t now_us = clock_boot_us();
    struct rows rows = {.report = report,
                        .now_us = now_us,
                        .now_ms = timebase_engine_ms(report->timebase, now_us),
                        .wall_ms = wall_ms,
                        .put = put,
                        .context = context};
    put_gateway(&rows);
    put_store(&rows);
    put_local(&rows);
    put_brokers(&rows);
    put_boards(&rows);
    put_ward(&rows);
    rows_of_beds(&rows, bed != NULL ? bed : "");
    rows_of_buses(&rows);
    rows_begin(&rows, "end");
    rows_end(&rows);
}
