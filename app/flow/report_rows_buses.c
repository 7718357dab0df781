/* Of each line or connection: how busy it is, what is wrong with it, and its monitors with their failures by name. */
#include <inttypes.h>
#include <stdio.h>

#include "app/flow/report_rows_internal.h"

#define FAILURES_BYTES 480

static unsigned load(const atomic_uint *figure)
{
    return atomic_load_explicit(figure, memory_order_relaxed);
}

static void put_where(struct json *json, const struct bus_config *config)
{
    char text[96];
    if (config->device != NULL) {
        json_text(json, "where", config->device);
    } else if (config->host != NULL) {
        (void)snprintf(text, sizeof text, "%s:%u", config->host, config->port);
        json_text(json, "where", text);
    }
}

static const char *state_word(int state)
{
    return state == BUS_OPEN ? "open" : state == BUS_OPENING ? "opening" : "closed";
}

static unsigned count_answering(const struct bus_config *config, const struct bus_health *health)
{
    unsigned count = 0;
    for (unsigned m = 0; m < config->monitor_count; m++) {
        count += atomic_load_explicit(&health->monitors[m].answering, memory_order_relaxed) ? 1U : 0U;
    }
    return count;
}

static void put_bus(struct rows *rows, const struct bus_config *config, const struct bus_health *health)
{
    struct json *json = &rows->json;
    const enum status fault = bus_fault(health, rows->now_us);
    rows_begin(rows, "bus");
    json_text(json, "bus", config->name);
    json_text(json, "kind", config->kind);
    put_where(json, config);
    json_text(json, "state", state_word(atomic_load_explicit(&health->state, memory_order_relaxed)));
    json_text(json, "fault", fault == STATUS_OK ? NULL : status_text(fault));
    json_text(json, "speaks", atomic_load_explicit(&health->speaks, memory_order_relaxed));
    json_unsigned(json, "monitors", config->monitor_count);
    json_unsigned(json, "answering", count_answering(config, health));
    json_unsigned(json, "planned_permille", load(&health->planned_permille));
    json_unsigned(json, "busy_permille", load(&health->busy_permille));
    json_unsigned(json, "requests", load(&health->requests));
    json_unsigned(json, "missed", load(&health->missed));
    json_unsigned(json, "opened", load(&health->opened));
    json_unsigned(json, "unasked", load(&health->unasked));
    json_unsigned(json, "foreign", load(&health->foreign));
    json_unsigned(json, "refused", load(&health->refused));
    json_unsigned(json, "repeated", load(&health->repeated));
    json_unsigned(json, "hang_ups", load(&health->hang_ups));
    rows_end(rows);
}

/* "no answer in time 12, checksum wrong 3" */
static void put_failures(struct json *json, const struct monitor_health *health)
{
    bool is_first = true;
    json_text_open(json, "failures", FAILURES_BYTES);
    for (unsigned s = 1; s < STATUS_COUNT; s++) {
        const unsigned count = load(&health->failures[s]);
        if (count > 0) {
            char text[64];
            const int length =
                snprintf(text, sizeof text, "%s%s %u", is_first ? "" : ", ", status_text((enum status)s), count);
            json_text_add(json, text, length > 0 ? (size_t)length : 0);
            is_first = false;
        }
    }
    json_text_close(json);
}

static void put_monitor(struct rows *rows, const struct monitor_config *config, const struct monitor_health *health)
{
    struct json *json = &rows->json;
    const enum status fault = monitor_fault(health, rows->now_us);
    rows_begin(rows, "monitor");
    json_text(json, "bed", rows->report->payloads->config->beds[config->bed].id);
    if (config->place != NULL) {
        json_text(json, "place", config->place);
    } else if (config->profile->protocol == PROTOCOL_MODBUS) {
        json_unsigned(json, "address", config->address);
    }
    json_text(json, "profile", config->profile->name);
    json_bool(json, "answering", atomic_load_explicit(&health->answering, memory_order_relaxed));
    json_bool(json, "outdated", atomic_load_explicit(&health->outdated, memory_order_relaxed));
    json_text(json, "fault", fault == STATUS_OK ? NULL : status_text(fault));
    json_unsigned(json, "polls", load(&health->polls));
    json_unsigned(json, "answers", load(&health->answers));
    json_unsigned(json, "answer_us", load(&health->answer_us));
    json_unsigned(json, "missed", load(&health->missed));
    put_failures(json, health);
    rows_end(rows);
}

void rows_of_buses(struct rows *rows)
{
    const struct report *report = rows->report;
    for (unsigned i = 0; i < report->bus_count && !rows->ended; i++) {
        const struct bus_config *config = &report->configs[i];
        const struct bus_health *health = report->buses[i].driver->health(report->buses[i].bus);
        put_bus(rows, config, health);
        for (unsigned m = 0; m < config->monitor_count; m++) {
            put_monitor(rows, &config->monitors[m], &health->monitors[m]);
        }
    }
}
