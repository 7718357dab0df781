/* The health payload. */
#include <string.h>

#include "app/flow/payload_internal.h"
#include "app/flow/report.h"
#include "app/flow/report_json_internal.h"
#include "app/flow/status_key.h"
#include "hal/clock.h"

/* What there is no room for goes from the end of this list: a large ward without its monitors is better than none. */
enum detail { DETAIL_NONE, DETAIL_BUSES, DETAIL_MONITORS, DETAIL_REJECTED, DETAIL_ALARMS, DETAIL_VALUES };

static const char *bus_state_word(int state)
{
    static const char *const words[] = {[BUS_CLOSED] = "closed", [BUS_OPENING] = "opening", [BUS_OPEN] = "open"};
    return (unsigned)state < sizeof words / sizeof words[0] ? words[state] : "unknown";
}

static void write_failures(struct json *json, const struct monitor_health *health)
{
    json_open_object(json, "failures");
    for (unsigned s = 1; s < STATUS_COUNT; s++) {
        const unsigned count = atomic_load_explicit(&health->failures[s], memory_order_relaxed);
        if (count > 0) {
            char key[STATUS_KEY_MAX];
            status_key((enum status)s, key);
            json_unsigned(json, key, count);
        }
    }
    json_close_object(json);
}

/* One word for what is wrong now; nothing when nothing is. */
static void write_fault(struct json *json, enum status fault)
{
    char word[STATUS_KEY_MAX];
    if (fault != STATUS_OK) {
        status_key(fault, word);
        json_text(json, "fault", word);
    }
}

static void write_monitor(struct json *json, const char *bed, const struct monitor_config *config,
                          const struct monitor_health *health)
{
    json_open_object(json, NULL);
    json_text(json, "bed", bed);
    if (config->place != NULL) {
        json_text(json, "address", config->place);
    } else if (config->profile->protocol == PROTOCOL_MODBUS) {
        json_unsigned(json, "address", config->address);
    } else {
        json_null(json, "address"); /* alone on its line */
    }
    json_text(json, "profile", config->profile->name);
    json_bool(json, "answering", atomic_load_explicit(&health->answering, memory_order_relaxed));
    json_bool(json, "outdated", atomic_load_explicit(&health->outdated, memory_order_relaxed));
    json_unsigned(json, "polls", atomic_load_explicit(&health->polls, memory_order_relaxed));
    json_unsigned(json, "answers", atomic_load_explicit(&health->answers, memory_order_relaxed));
    json_unsigned(json, "answer_us", atomic_load_explicit(&health->answer_us, memory_order_relaxed));
    json_unsigned(json, "missed", atomic_load_explicit(&health->missed, memory_order_relaxed));
    json_unsigned(json, "exception", atomic_load_explicit(&health->exceptions, memory_order_relaxed));
    write_failures(json, health);
    write_fault(json, monitor_fault(health, clock_boot_us()));
    const enum status failing = monitor_failing(health);
    if (failing != STATUS_OK) {
        json_text(json, "failing", status_text(failing));
    }
    json_close_object(json);
}

static unsigned count_answering(const struct bus_config *config, const struct bus_health *health)
{
    unsigned count = 0;
    for (unsigned m = 0; m < config->monitor_count; m++) {
        count += atomic_load_explicit(&health->monitors[m].answering, memory_order_relaxed) ? 1U : 0U;
    }
    return count;
}

static void write_monitors(struct json *json, const struct report *report, const struct bus_config *config,
                           const struct bus_health *health)
{
    json_open_array(json, "monitors");
    for (unsigned m = 0; m < config->monitor_count; m++) {
        const struct monitor_config *monitor = &config->monitors[m];
        write_monitor(json, report->payloads->config->beds[monitor->bed].id, monitor, &health->monitors[m]);
    }
    json_close_array(json);
}

/* Of a line whose speed is known, and of whatever misses turns. */
static void write_load(struct json *json, const struct bus_health *health)
{
    const unsigned planned = atomic_load_explicit(&health->planned_permille, memory_order_relaxed);
    const unsigned missed = atomic_load_explicit(&health->missed, memory_order_relaxed);
    if (planned == 0 && missed == 0) {
        return;
    }
    json_open_object(json, "load");
    json_unsigned(json, "planned_permille", planned);
    json_unsigned(json, "busy_permille", atomic_load_explicit(&health->busy_permille, memory_order_relaxed));
    json_unsigned(json, "turns", atomic_load_explicit(&health->turns, memory_order_relaxed));
    json_unsigned(json, "missed", missed);
    json_close_object(json);
}

static void write_metrics(struct json *json, const struct metrics_file *metrics)
{
    if (metrics == NULL) {
        return;
    }
    const int error = atomic_load_explicit(&metrics->error, memory_order_relaxed);
    json_open_object(json, "metrics");
    json_text(json, "error", error != 0 ? strerrordesc_np(error) : NULL);
    json_unsigned(json, "failures", metrics_failures(metrics));
    json_close_object(json);
}

/* Few have any. */
static void write_rare(struct json *json, const struct bus_health *health)
{
    const unsigned hang_ups = atomic_load_explicit(&health->hang_ups, memory_order_relaxed);
    const unsigned repeated = atomic_load_explicit(&health->repeated, memory_order_relaxed);
    const unsigned lost = atomic_load_explicit(&health->lost, memory_order_relaxed);
    if (lost > 0) {
        json_unsigned(json, "lost", lost);
    }
    if (repeated > 0) {
        json_unsigned(json, "repeated", repeated);
    }
    if (hang_ups > 0) {
        json_unsigned(json, "hang_ups", hang_ups);
    }
}

static void write_bus(struct json *json, const struct report *report, unsigned index, enum detail detail)
{
    const struct bus_config *config = &report->configs[index];
    const struct bus_health *health = report->buses[index].driver->health(report->buses[index].bus);
    const int error = atomic_load_explicit(&health->last_error, memory_order_relaxed);
    json_open_object(json, NULL);
    json_text(json, "bus", config->name);
    json_text(json, "kind", config->kind);
    json_text(json, "state", bus_state_word(atomic_load_explicit(&health->state, memory_order_relaxed)));
    json_text(json, "error", error == STATUS_OK ? NULL : status_text((enum status)error));
    if (error == STATUS_OK) {
        write_fault(json, bus_fault(health, clock_boot_us()));
    }
    json_unsigned(json, "opened", atomic_load_explicit(&health->opened, memory_order_relaxed));
    json_unsigned(json, "requests", atomic_load_explicit(&health->requests, memory_order_relaxed));
    json_unsigned(json, "gap_us_min", atomic_load_explicit(&health->gap_us_min, memory_order_relaxed));
    json_unsigned(json, "busy_us", atomic_load_explicit(&health->busy_us, memory_order_relaxed));
    write_load(json, health);
    json_unsigned(json, "adapter_us", atomic_load_explicit(&health->adapter_us, memory_order_relaxed));
    json_unsigned(json, "unasked", atomic_load_explicit(&health->unasked, memory_order_relaxed));
    json_unsigned(json, "foreign", atomic_load_explicit(&health->foreign, memory_order_relaxed));
    json_unsigned(json, "refused", atomic_load_explicit(&health->refused, memory_order_relaxed));
    json_unsigned(json, "connections", atomic_load_explicit(&health->connections, memory_order_relaxed));
    write_rare(json, health);
    json_text(json, "speaks", atomic_load_explicit(&health->speaks, memory_order_relaxed));
    json_unsigned(json, "monitor_count", config->monitor_count);
    json_unsigned(json, "answering_count", count_answering(config, health));
    if (detail >= DETAIL_MONITORS) {
        write_monitors(json, report, config, health);
    }
    json_close_object(json);
}

static void write_buses(struct json *json, const struct report *report, enum detail detail)
{
    if (detail < DETAIL_BUSES) {
        return;
    }
    json_open_array(json, "buses");
    for (unsigned i = 0; i < report->bus_count; i++) {
        write_bus(json, report, i, detail);
    }
    json_close_array(json);
}

static void write_alarm(struct json *json, const struct alarm_view *alarm)
{
    json_open_object(json, NULL);
    json_text(json, "rule", alarm->name);
    json_text(json, "priority", priority_word((enum priority)alarm->priority));
    json_hex(json, "id", alarm->id, PAYLOAD_ID_DIGITS);
    json_unsigned(json, "rev", alarm->rev);
    json_text(json, "state", alarm_state_word(alarm->state));
    json_text(json, "inactivation", alarm_inactivation_word(alarm->inactivation));
    json_close_object(json);
}

/* As the vitals topic has them. */
static void write_values(struct json *json, const struct bed_view *view)
{
    json_open_object(json, "vitals");
    for (unsigned i = 0; i < view->vital_count; i++) {
        const struct vital_view *v = &view->vitals[i];
        if (v->quality == QUALITY_VALID) {
            json_milli(json, vital_info((enum vital)v->vital)->name, v->value_milli);
        }
    }
    json_close_object(json);
    json_open_object(json, "invalid");
    for (unsigned i = 0; i < view->vital_count; i++) {
        const struct vital_view *v = &view->vitals[i];
        if (v->quality != QUALITY_VALID) {
            json_text(json, vital_info((enum vital)v->vital)->name, quality_word((enum quality)v->quality));
        }
    }
    json_close_object(json);
}

static void write_bed(struct json *json, const struct report *report, uint16_t bed, enum detail detail)
{
    struct bed_view view;
    if (board_take(report->board, bed, &view) == 0) {
        return;
    }
    json_open_object(json, NULL);
    json_text(json, "bed", report->payloads->config->beds[bed].id);
    payload_put_id(json, "stay", view.stay);
    json_unsigned(json, "alarm_count", view.alarm_count);
    json_open_array(json, "alarms");
    for (unsigned i = 0; i < view.alarm_count && i < ENGINE_ALARMS_VIEWED; i++) {
        write_alarm(json, &view.alarms[i]);
    }
    json_close_array(json);
    if (detail >= DETAIL_VALUES) {
        write_values(json, &view);
    }
    json_close_object(json);
}

static void write_beds(struct json *json, const struct report *report, enum detail detail)
{
    if (detail < DETAIL_ALARMS) {
        return;
    }
    json_open_array(json, "beds");
    for (uint16_t b = 0; b < report->bed_count; b++) {
        write_bed(json, report, b, detail);
    }
    json_close_array(json);
}

/* As the ward's own topic has it, of the views as they are now. */
static void write_ward(struct json *json, const struct report *report, enum detail detail, int64_t wall_ms)
{
    struct ward_bed beds[SETTINGS_BEDS_MAX];
    struct ward_figures figures;
    if (detail >= DETAIL_ALARMS && report_ward(report, wall_ms, beds, &figures)) {
        json_open_object(json, "ward");
        payload_put_ward(json, report->payloads, beds, &figures);
        json_close_object(json);
    }
}

/* By vital and reason; they stand together in the view. */
static void write_rejections(struct json *json, const struct bed_view *view)
{
    json_open_object(json, "vitals");
    for (unsigned i = 0; i < view->rejection_count; i++) {
        const struct rejection_view *r = &view->rejections[i];
        const bool is_first = i == 0 || r[-1].vital != r->vital;
        const bool is_last = i + 1U == view->rejection_count || r[1].vital != r->vital;
        if (is_first) {
            json_open_object(json, vital_info((enum vital)r->vital)->name);
        }
        json_unsigned(json, quality_word((enum quality)r->quality), r->count);
        if (is_last) {
            json_close_object(json);
        }
    }
    json_close_object(json);
}

static void write_rejected(struct json *json, const struct report *report, enum detail detail)
{
    if (detail < DETAIL_REJECTED) {
        return;
    }
    json_open_array(json, "rejected");
    for (uint16_t b = 0; b < report->bed_count; b++) {
        struct bed_view view;
        if (board_take(report->board, b, &view) == 0 || view.rejected == 0) {
            continue;
        }
        json_open_object(json, NULL);
        json_text(json, "bed", report->payloads->config->beds[b].id);
        json_unsigned(json, "count", view.rejected);
        write_rejections(json, &view);
        json_close_object(json);
    }
    json_close_array(json);
}

uint64_t report_dropped(const struct report *report)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < report->runner_count; i++) {
        sum += atomic_load_explicit(&report->runners[i]->dropped, memory_order_relaxed);
    }
    return sum;
}

static void write_engine(struct json *json, const struct report *report)
{
    const struct board *board = report->board;
    json_open_object(json, "engine");
    json_unsigned(json, "observations", atomic_load_explicit(&board->observations, memory_order_relaxed));
    json_unsigned(json, "late", atomic_load_explicit(&board->observations_late, memory_order_relaxed));
    json_unsigned(json, "replaced", atomic_load_explicit(&board->observations_replaced, memory_order_relaxed));
    json_unsigned(json, "dropped", report_dropped(report));
    json_unsigned(json, "journal_dropped", atomic_load_explicit(&board->journal_dropped, memory_order_relaxed));
    json_unsigned(json, "window_overruns", atomic_load_explicit(&board->window_overruns, memory_order_relaxed));
    json_unsigned(json, "alarms_dropped", atomic_load_explicit(&board->alarms_dropped, memory_order_relaxed));
    json_close_object(json);
}

/* Of a run that is to be recorded. */
static void write_recording(struct json *json, const struct recorder *recorder)
{
    if (recorder == NULL) {
        return;
    }
    json_open_object(json, "recording");
    json_text(json, "state", atomic_load_explicit(&recorder->runs, memory_order_relaxed) ? "on" : "ended");
    json_unsigned(json, "part", atomic_load_explicit(&recorder->part, memory_order_relaxed));
    json_unsigned(json, "dropped", atomic_load_explicit(&recorder->lost, memory_order_relaxed));
    json_close_object(json);
}

static const char *line_word(const char *configured, const atomic_int *status)
{
    return configured == NULL ? NULL : status_text((enum status)atomic_load_explicit(status, memory_order_relaxed));
}

static void write_indicator(struct json *json, struct annunciator *annunciator)
{
    char names[LOCAL_TEXT_MAX];
    if (annunciator == NULL) {
        return;
    }
    const struct annunciator_config *config = &annunciator->config;
    const struct annunciator_look look = annunciator_look(annunciator, clock_boot_us());
    local_names(look.reasons, names);
    json_open_object(json, "indicator");
    json_text(json, "state", annunciator_word(look.state));
    json_text(json, "priority", priority_word(look.priority));
    json_text(json, "what", names);
    json_text(json, "led", line_word(config->lamp, &annunciator->lamp_status));
    json_text(json, "buzzer", line_word(config->buzzer, &annunciator->buzzer_status));
    json_text(json, "program", line_word(config->hook != NULL ? config->hook[0] : NULL, &annunciator->hook_status));
    json_close_object(json);
}

static void write_watchdog(struct json *json, const struct vigil *vigil)
{
    if (vigil == NULL) {
        return;
    }
    const unsigned stuck = atomic_load_explicit(&vigil->stuck, memory_order_relaxed);
    json_open_object(json, "watchdog");
    json_text(json, "hardware", vigil_watchdog_word((enum vigil_watchdog)atomic_load(&vigil->hardware)));
    json_text(json, "service", vigil_watchdog_word((enum vigil_watchdog)atomic_load(&vigil->of_manager)));
    json_open_array(json, "stuck");
    for (unsigned i = 0; i < VIGIL_PARTS; i++) {
        if ((stuck >> i & 1U) != 0) {
            json_text(json, NULL, vigil_part_name((enum vigil_part)i));
        }
    }
    json_close_array(json);
    json_close_object(json);
}

static void write_commands(struct json *json, const struct report *report)
{
    const struct board *board = report->board;
    json_open_object(json, "commands");
    json_unsigned(json, "taken", atomic_load_explicit(&board->commands, memory_order_relaxed));
    json_unsigned(json, "dropped", atomic_load_explicit(&board->commands_dropped, memory_order_relaxed));
    json_unsigned(json, "unaudited", atomic_load_explicit(&report->store_state->unaudited, memory_order_relaxed));
    json_close_object(json);
}

static size_t write_report(const struct report *report, const struct store_usage *usage, enum detail detail,
                           const char *left_out, int64_t wall_ms, char *out, size_t size)
{
    struct json json;
    json_begin(&json, out, size);
    json_text(&json, "schema", "1");
    json_time(&json, "at", wall_ms);
    json_text(&json, "gateway", report->payloads->gateway);
    json_text(&json, "boot", report->payloads->boot);
    json_text(&json, "epoch", report->payloads->epoch);
    json_text(&json, "version", report->payloads->version);
    json_unsigned(&json, "uptime_s", (uint64_t)(clock_boot_us() - report->started_us) / 1000000U);
    json_text(&json, "clock", clock_is_synchronised() ? "synced" : "unsynced");
    report_json_uplink(&json, report, wall_ms);
    report_json_boards(&json, report);
    report_json_storage(&json, report, usage);
    write_engine(&json, report);
    write_commands(&json, report);
    write_watchdog(&json, report->vigil);
    write_indicator(&json, report->annunciator);
    write_recording(&json, report->recorder);
    write_metrics(&json, report->metrics);
    json_open_object(&json, "memory");
    json_unsigned(&json, "arena_bytes", report->arena_bytes);
    json_close_object(&json);
    json_text(&json, "left_out", left_out);
    write_buses(&json, report, detail);
    write_rejected(&json, report, detail);
    write_beds(&json, report, detail);
    write_ward(&json, report, detail, wall_ms);
    json_time(&json, "expires_at", wall_ms + PAYLOAD_HEALTH_EXPIRY_MS);
    return json_end(&json);
}

static size_t write_most(const struct report *report, enum detail most, int64_t wall_ms, char *out, size_t size)
{
    static const char *const left_out[] = {[DETAIL_NONE] = "buses",
                                           [DETAIL_BUSES] = "monitors",
                                           [DETAIL_MONITORS] = "rejected",
                                           [DETAIL_REJECTED] = "alarms",
                                           [DETAIL_ALARMS] = "values"};
    struct store *store = atomic_load(report->store);
    struct store_usage usage = {.commits = 0};
    size_t length = 0;
    if (store != NULL) {
        store_usage(store, &usage);
    }
    for (int detail = (int)most; detail >= 0 && length == 0; detail--) {
        const char *without = detail < (int)most ? left_out[detail] : NULL;
        length = write_report(report, &usage, (enum detail)detail, without, wall_ms, out, size);
    }
    return length;
}

size_t report_json(const struct report *report, int64_t wall_ms, char *out, size_t size)
{
    return write_most(report, DETAIL_REJECTED, wall_ms, out, size);
}

size_t report_json_with_alarms(const struct report *report, int64_t wall_ms, char *out, size_t size)
{
    return write_most(report, DETAIL_VALUES, wall_ms, out, size);
}
