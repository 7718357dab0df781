#include "app/flow/notices.h"

#include <stdio.h>
#include <string.h>

#include "app/flow/log.h"
#include "hal/clock.h"

enum { WHERE_MAX = 256 };

/* Connections that follow each other so quickly, so many in a row: somebody else may use our session with the broker. */
#define QUICK_US   30000000
#define QUICK_TOLD 3

/* How a monitor is heard. */
enum { MONITOR_SILENT, MONITOR_ANSWERS, MONITOR_OUTDATED };

void notices_init(struct notices *notices, struct arena *arena, uint16_t bus_count, uint32_t monitor_count)
{
    int *states = ARENA_TAKE(arena, int, bus_count);
    int *errors = ARENA_TAKE(arena, int, bus_count);
    unsigned *rs485_told = ARENA_TAKE(arena, unsigned, bus_count);
    uint8_t *monitors = ARENA_TAKE(arena, uint8_t, monitor_count);
    if (monitors == NULL) {
        return;
    }
    *notices = (struct notices){.bus_states = states,
                                .bus_errors = errors,
                                .rs485_told = rs485_told,
                                .monitors = monitors,
                                .uplink_connected = -1};
    for (unsigned i = 0; i < bus_count; i++) {
        states[i] = -1;
    }
}

static void line_place(const struct bus_config *config, char out[WHERE_MAX])
{
    if (config->device != NULL) {
        (void)snprintf(out, WHERE_MAX, "%s", config->device);
    } else {
        const bool is_v6 = strchr(config->host, ':') != NULL;
        (void)snprintf(out, WHERE_MAX, "%s%s%s:%u", is_v6 ? "[" : "", config->host, is_v6 ? "]" : "", config->port);
    }
}

/* The system's own words only where ours say nothing. */
static const char *line_fault(int error, int number)
{
    return error == STATUS_IO && number != 0 ? strerrordesc_np(number) : status_text((enum status)error);
}

static void look_at_bus(struct notices *n, const struct bus_config *config, const struct bus_health *health,
                        unsigned index)
{
    const int state = atomic_load_explicit(&health->state, memory_order_relaxed);
    const int error = atomic_load_explicit(&health->last_error, memory_order_relaxed);
    const int number = atomic_load_explicit(&health->last_errno, memory_order_relaxed);
    char where[WHERE_MAX];
    line_place(config, where);
    if (state == BUS_OPEN && n->bus_states[index] != BUS_OPEN) {
        log_note("line %s is open (%s)", config->name, where);
    } else if (state != BUS_OPEN && error != STATUS_OK &&
               (n->bus_states[index] == BUS_OPEN || error != n->bus_errors[index])) {
        log_warning("line %s cannot be used (%s: %s), it is tried again and again", config->name, where,
                    line_fault(error, number));
    }
    if (state == BUS_OPEN || error != STATUS_OK) {
        n->bus_states[index] = state;
        n->bus_errors[index] = error;
    }
}

static void look_at_rs485(struct notices *n, const struct bus_config *config, const struct bus_health *health,
                          unsigned index)
{
    const unsigned opening = atomic_load_explicit(&health->opened, memory_order_relaxed);
    const bool is_open = atomic_load_explicit(&health->state, memory_order_relaxed) == BUS_OPEN;
    if (is_open && opening != n->rs485_told[index] &&
        atomic_load_explicit(&health->rs485_missing, memory_order_relaxed)) {
        log_warning("RS-485 was asked for and this adapter's driver has no such mode (line %s, %s), take rs485 out if "
                    "the adapter turns the line round by itself",
                    config->name, config->device);
        n->rs485_told[index] = opening;
    }
}

/* As the configuration gives it: "line-a, address 3", "central, ICU^6^A", or the line alone. */
static void where_is(const struct bus_config *config, const struct monitor_config *monitor, char out[WHERE_MAX])
{
    if (monitor->place != NULL) {
        (void)snprintf(out, WHERE_MAX, "%s, %s", config->name, monitor->place);
    } else if (monitor->profile->protocol == PROTOCOL_MODBUS) {
        (void)snprintf(out, WHERE_MAX, "%s, address %u", config->name, monitor->address);
    } else {
        (void)snprintf(out, WHERE_MAX, "%s", config->name);
    }
}

static uint8_t heard_how(const struct monitor_health *health)
{
    if (atomic_load_explicit(&health->answering, memory_order_relaxed)) {
        return MONITOR_ANSWERS;
    }
    return atomic_load_explicit(&health->outdated, memory_order_relaxed) ? MONITOR_OUTDATED : MONITOR_SILENT;
}

static void look_at_monitors(uint8_t *before, const struct report *report, const struct bus_config *config,
                             const struct bus_health *health)
{
    static const char *const words[] = {[MONITOR_SILENT] = "does not answer",
                                        [MONITOR_ANSWERS] = "answers",
                                        [MONITOR_OUTDATED] =
                                            "sends values that are not current, check its clock and this box's"};
    for (unsigned m = 0; m < config->monitor_count; m++) {
        const uint8_t now = heard_how(&health->monitors[m]);
        const struct monitor_config *monitor = &config->monitors[m];
        if (now != before[m]) {
            char where[WHERE_MAX];
            where_is(config, monitor, where);
            log_note("monitor at %s (%s) %s", report->payloads->config->beds[monitor->bed].id, where, words[now]);
        }
        before[m] = now;
    }
}

static void count_connections(struct notices *n, const struct board *board)
{
    const unsigned connects = atomic_load_explicit(&board->uplink_connects, memory_order_relaxed);
    const int64_t now_us = clock_boot_us();
    if (connects != n->uplink_connects) {
        const bool is_quick = n->uplink_connects != 0 && now_us - n->uplink_begun_us < QUICK_US;
        n->uplink_quick = is_quick ? n->uplink_quick + connects - n->uplink_connects : 0;
        n->uplink_connects = connects;
        n->uplink_begun_us = now_us;
    }
}

static void tell_lost(const struct notices *n, const struct report *report, const char *url)
{
    if (n->uplink_quick >= QUICK_TOLD) {
        log_warning("lost the broker again and again (%s), alerts wait in the store; does a second gateway run with "
                    "the id %s?",
                    url, report->payloads->gateway);
    } else {
        log_warning("lost the broker (%s), alerts wait in the store", url);
    }
}

static void look_at_uplink(struct notices *n, const struct report *report)
{
    const int connected = atomic_load_explicit(&report->board->uplink_connected, memory_order_relaxed) ? 1 : 0;
    const unsigned broker = atomic_load_explicit(&report->board->uplink_broker, memory_order_relaxed);
    const char *url = broker < report->broker_count ? report->brokers[broker] : "none";
    count_connections(n, report->board);
    if (connected == 1 && (n->uplink_connected != 1 || n->uplink_broker != broker)) {
        log_note("connected to the broker (%s)", url);
    } else if (connected == 0 && atomic_load_explicit(&report->board->uplink_moves, memory_order_relaxed)) {
        return; /* it has said so */
    } else if (connected == 0 && n->uplink_connected == 1) {
        tell_lost(n, report, url);
    }
    n->uplink_connected = connected;
    n->uplink_broker = broker;
}

static void look_at_store(struct notices *n, const struct report *report)
{
    const bool failing = store_state_is_failing(report->store_state, clock_boot_us());
    if (failing && n->store_failing == 0) {
        log_error("alerts cannot be stored (%s), they are sent without being safe from a power cut",
                  status_text(store_state_status(report->store_state)));
    } else if (!failing && n->store_failing == 1) {
        log_note("the store works again");
    }
    n->store_failing = failing ? 1 : 0;
    const unsigned long long omitted = atomic_load_explicit(&report->store_state->omitted, memory_order_relaxed);
    if (omitted > 0 && n->omitted == 0) {
        log_warning("the outbox is full, its oldest alerts that are over are left out, low priority first "
                    "(%llu so far), a record tells the broker which",
                    omitted);
    }
    n->omitted = omitted;
}

void notices_look(struct notices *notices, const struct report *report)
{
    uint8_t *monitors = notices->monitors;
    for (unsigned i = 0; i < report->bus_count; i++) {
        const struct bus_health *health = report->buses[i].driver->health(report->buses[i].bus);
        look_at_bus(notices, &report->configs[i], health, i);
        look_at_rs485(notices, &report->configs[i], health, i);
        look_at_monitors(monitors, report, &report->configs[i], health);
        monitors += report->configs[i].monitor_count;
    }
    look_at_uplink(notices, report);
    look_at_store(notices, report);
}

static uint32_t first_monitor(const struct report *report, int bus)
{
    uint32_t first = 0;
    for (int i = 0; i < bus; i++) {
        first += report->configs[i].monitor_count;
    }
    return first;
}

void notices_continue(struct notices *notices, const struct report *report, const struct notices *before,
                      const struct report *report_before, const int *from)
{
    notices->uplink_connected = before->uplink_connected;
    notices->uplink_broker = before->uplink_broker;
    notices->uplink_connects = before->uplink_connects;
    notices->uplink_quick = before->uplink_quick;
    notices->uplink_begun_us = before->uplink_begun_us;
    notices->store_failing = before->store_failing;
    notices->omitted = before->omitted;
    for (int i = 0; i < report->bus_count; i++) {
        if (from[i] < 0) {
            continue;
        }
        notices->bus_states[i] = before->bus_states[from[i]];
        notices->bus_errors[i] = before->bus_errors[from[i]];
        notices->rs485_told[i] = before->rs485_told[from[i]];
        memcpy(notices->monitors + first_monitor(report, i), before->monitors + first_monitor(report_before, from[i]),
               report->configs[i].monitor_count * sizeof notices->monitors[0]);
    }
}
