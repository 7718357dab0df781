/* The figures for Prometheus. Each metric is one line of a list: name, type, unit of the number, help, and the number. */
#include "app/flow/report_metrics.h"

#include <assert.h>
#include <stdio.h>

#include "app/flow/metrics_file.h"
#include "app/flow/status_key.h"
#include "hal/clock.h"

#define ONE   1U
#define MILLI 1000U    /* thousandths */
#define MICRO 1000000U /* µs */

/* What is left out, from the last on. */
enum detail { DETAIL_NONE, DETAIL_BUSES, DETAIL_MONITORS, DETAIL_REJECTED };

/* What the lists look at. */
struct looked_at {
    const struct report *report;
    const struct board *board;
    const struct store_state *store_state;
    struct store_usage usage;
    struct presence_count boards;
    int64_t boot_us;
    uint64_t dropped;
};

#define READ(member) ((uint64_t)atomic_load_explicit(&(member), memory_order_relaxed))

/* clang-format off */
#define GATEWAY_METRIC_LIST(X)                                                                                                                              \
    X(uptime_seconds, GAUGE, MICRO, "since the program began", l->boot_us - l->report->started_us)                                                        \
    X(clock_synchronised, GAUGE, ONE, "1: the box's clock has a time source", clock_is_synchronised())                                                      \
    X(memory_arena_bytes, GAUGE, ONE, "reserved at the start", l->report->arena_bytes)                                                                      \
    X(uplink_connected, GAUGE, ONE, "1: a broker is connected", READ(l->board->uplink_connected))                                                           \
    X(uplink_connects_total, COUNTER, ONE, "connections made", READ(l->board->uplink_connects))                                                             \
    X(uplink_connect_failures_total, COUNTER, ONE, "attempts to connect that did not succeed, name lookups among them", READ(l->board->uplink_failures))    \
    X(uplink_losses_total, COUNTER, ONE, "connections that were lost", READ(l->board->uplink_losses))                                                       \
    X(uplink_unacknowledged_total, COUNTER, ONE, "of those, given up because nothing was acknowledged", READ(l->board->uplink_unacknowledged))              \
    X(uplink_refusals_total, COUNTER, ONE, "publishes that the broker refused", READ(l->board->uplink_refusals))                                            \
    X(uplink_unheard_alerts_total, COUNTER, ONE, "alerts that found no subscriber", READ(l->board->uplink_unheard_alerts))                                  \
    X(uplink_stand_ins_total, COUNTER, ONE, "rounds made by another thread because a call of the MQTT library did not come back", READ(l->board->uplink_stand_ins)) \
    X(uplink_oldest_unacknowledged_seconds, GAUGE, MICRO, "how long the oldest publish under way has waited", READ(l->board->uplink_waits_us))              \
    X(boards_expected, GAUGE, ONE, "screens that the configuration expects to be on", l->report->boards_expected)                                           \
    X(boards_looking, GAUGE, ONE, "screens that are there and can be seen", l->boards.looking)                                                              \
    X(boards_there, GAUGE, ONE, "screens that are there", l->boards.there)                                                                                  \
    X(boards_bad_total, COUNTER, ONE, "messages of screens that were not understood", READ(l->board->boards_bad))                                           \
    X(boards_dropped_total, COUNTER, ONE, "messages of screens left out as too many", READ(l->board->boards_dropped))                                       \
    X(queue_alerts, GAUGE, ONE, "alerts that wait for a broker", l->usage.outbox_rows)                                                                      \
    X(queue_delivered_through_seq, GAUGE, ONE, "every alert up to this seq is acknowledged or recorded as omitted", READ(l->board->delivered_seq))          \
    X(history_alerts, GAUGE, ONE, "alerts kept after their delivery", l->usage.history_rows)                                                                \
    X(alerts_omitted_total, COUNTER, ONE, "alerts that a full outbox gave up", READ(l->store_state->omitted))                                               \
    X(alerts_not_stored_total, COUNTER, ONE, "alerts that were only ever sent not durable", READ(l->store_state->unstored))                                 \
    X(store_failing, GAUGE, ONE, "1: alerts cannot be stored", store_state_is_failing(l->store_state, l->boot_us))                                          \
    X(store_commits_total, COUNTER, ONE, "commits since the store was opened", l->usage.commits)                                                            \
    X(store_commit_seconds, GAUGE, MICRO, "how long the newest commit took", READ(l->store_state->commit_us))                                               \
    X(store_alerts_used_bytes, GAUGE, ONE, "of the map of alerts", l->usage.alerts_bytes)                                                                   \
    X(store_alerts_size_bytes, GAUGE, ONE, "size of the map of alerts", l->usage.alerts_bytes_max)                                                          \
    X(store_journal_used_bytes, GAUGE, ONE, "of the journal", l->usage.journal_bytes)                                                                       \
    X(store_journal_size_bytes, GAUGE, ONE, "size of the journal", l->usage.journal_bytes_max)                                                              \
    X(store_replaced, GAUGE, ONE, "1: a damaged store was set aside since the start", READ(l->store_state->replaced))                                       \
    X(store_dead_readers_total, COUNTER, ONE, "readers whose process ended inside a transaction", l->usage.dead_readers)                                    \
    X(trends_failing, GAUGE, ONE, "1: trends cannot be written, or the disk is too slow", l->report->trends != NULL && READ(l->report->trends->failing) != 0) \
    X(engine_observations_total, COUNTER, ONE, "observations taken", READ(l->board->observations))                                                          \
    X(engine_late_total, COUNTER, ONE, "observations that came too late to be used", READ(l->board->observations_late))                                     \
    X(engine_replaced_total, COUNTER, ONE, "values that another of the same instant replaced", READ(l->board->observations_replaced))                       \
    X(engine_dropped_total, COUNTER, ONE, "observations and alarms for which a ring had no room", l->dropped)                                               \
    X(engine_journal_dropped_total, COUNTER, ONE, "copies for the journal for which there was no room", READ(l->board->journal_dropped))                    \
    X(engine_window_overruns_total, COUNTER, ONE, "times that a monitor sent faster than it was said to, and a window became unknown", READ(l->board->window_overruns)) \
    X(engine_alarms_dropped_total, COUNTER, ONE, "alarms of monitors for which their bed had no place", READ(l->board->alarms_dropped))                     \
    X(commands_total, COUNTER, ONE, "commands taken from the broker", READ(l->board->commands))                                                             \
    X(commands_dropped_total, COUNTER, ONE, "commands left out as too many", READ(l->board->commands_dropped))                                              \
    X(commands_unaudited_total, COUNTER, ONE, "commands that are in no audit log", READ(l->store_state->unaudited))                                         \
    X(metrics_failures_total, COUNTER, ONE, "times that this file could not be written", metrics_failures(l->report->metrics))

#define BUS_METRIC_LIST(X)                                                                                                                                  \
    X(bus_open, GAUGE, ONE, "1: the line or connection is open", READ(h->state) == BUS_OPEN)                                                                \
    X(bus_opened_total, COUNTER, ONE, "times that it was opened", READ(h->opened))                                                                          \
    X(bus_lost_total, COUNTER, ONE, "times that it could not be opened, or was lost with an error", READ(h->lost))                                          \
    X(bus_requests_total, COUNTER, ONE, "requests sent", READ(h->requests))                                                                                 \
    X(bus_busy_seconds_total, COUNTER, MICRO, "time the wire was in use", READ(h->busy_us))                                                                 \
    X(bus_gap_min_seconds, GAUGE, MICRO, "the smallest silence kept before a request", READ(h->gap_us_min))                                                 \
    X(bus_adapter_delay_seconds, GAUGE, MICRO, "by which every answer was later than the wire explains", READ(h->adapter_us))                               \
    X(bus_planned_load_ratio, GAUGE, MILLI, "what is asked of it, of its time; 0: its speed is not known", READ(h->planned_permille))                       \
    X(bus_busy_load_ratio, GAUGE, MILLI, "how much of its time was in use over the last seconds", READ(h->busy_permille))                                   \
    X(bus_turns_total, COUNTER, ONE, "turns of its monitors, asked or missed", READ(h->turns))                                                              \
    X(bus_turns_missed_total, COUNTER, ONE, "turns that were over before it had time for them", READ(h->missed))                                            \
    X(bus_unasked_bytes_total, COUNTER, ONE, "bytes that nobody asked for: noise, late answers, floods", READ(h->unasked))                                  \
    X(bus_foreign_requests_total, COUNTER, ONE, "requests of another master", READ(h->foreign))                                                             \
    X(bus_refused_total, COUNTER, ONE, "messages refused; Modbus: registers refused by a monitor", READ(h->refused))                                        \
    X(bus_repeated_total, COUNTER, ONE, "HL7 messages that had come before", READ(h->repeated))                                                             \
    X(bus_hang_ups_total, COUNTER, ONE, "connections that the other side ended between two answers", READ(h->hang_ups))                                     \
    X(bus_connections, GAUGE, ONE, "HL7: callers that are connected", READ(h->connections))                                                                 \
    X(bus_monitors, GAUGE, ONE, "monitors on it", c->monitor_count)                                                                                         \
    X(bus_rs485_missing, GAUGE, ONE, "1: the adapter's driver cannot turn the line round", READ(h->rs485_missing))

#define MONITOR_METRIC_LIST(X)                                                                                                                              \
    X(monitor_answering, GAUGE, ONE, "1: it answers", READ(h->answering))                                                                                   \
    X(monitor_outdated, GAUGE, ONE, "1: it speaks, but nothing of it is current", READ(h->outdated))                                                        \
    X(monitor_polls_total, COUNTER, ONE, "requests to it, or messages of it", READ(h->polls))                                                               \
    X(monitor_answers_total, COUNTER, ONE, "sound answers", READ(h->answers))                                                                               \
    X(monitor_turns_missed_total, COUNTER, ONE, "turns that were over before its line had time for them", READ(h->missed))                                  \
    X(monitor_answer_seconds, GAUGE, MICRO, "newest time from the end of a request to the whole answer", READ(h->answer_us))

/* With labels of their own. */
#define LABELLED_METRIC_LIST(X)                                                                                                                             \
    X(info, GAUGE, "1; what this gateway is")                                                                                                               \
    X(left_out, GAUGE, "1: this is too large for the file and is left out")                                                                                 \
    X(uplink_certificate_end_timestamp_seconds, GAUGE, "when the first certificate ends")                                                                   \
    X(broker_up, GAUGE, "1: it is connected, or answered when it was asked last; 0: it did not")                                                            \
    X(store_failures_total, COUNTER, "commits that failed, by why")                                                                                         \
    X(failures_total, COUNTER, "exchanges with monitors that failed, by why; of the lines that there are now")                                              \
    X(part_stuck, GAUGE, "1: no sign of life for 10 s")                                                                                                     \
    X(watchdog_fed, GAUGE, "1: this watchdog is fed; 0: it starves, or cannot be had")                                                                      \
    X(recording_dropped_total, COUNTER, "inputs that are missing in the recording of this run")                                                             \
    X(bus_info, GAUGE, "1; of what kind it is")                                                                                                             \
    X(bus_fault, GAUGE, "1: what is wrong with it now")                                                                                                     \
    X(monitor_failures_total, COUNTER, "exchanges that failed, by why, if any did")                                                                         \
    X(values_rejected_total, COUNTER, "values that were not used, by vital and reason, since the start or the newest reload")
/* clang-format on */

enum {
#define METRIC_ENUM(name, type, unit, help, number) M_##name,
#define LABELLED_ENUM(name, type, help)             M_##name,
    GATEWAY_METRIC_LIST(METRIC_ENUM) BUS_METRIC_LIST(METRIC_ENUM) MONITOR_METRIC_LIST(METRIC_ENUM)
        LABELLED_METRIC_LIST(LABELLED_ENUM) M_COUNT
#undef METRIC_ENUM
#undef LABELLED_ENUM
};

static const struct metric metrics[M_COUNT] = {
#define METRIC_ROW(name, type, unit, help, number) {"wardgate_" #name, help, METRIC_##type},
#define LABELLED_ROW(name, type, help)             {"wardgate_" #name, help, METRIC_##type},
    GATEWAY_METRIC_LIST(METRIC_ROW) BUS_METRIC_LIST(METRIC_ROW) MONITOR_METRIC_LIST(METRIC_ROW)
        LABELLED_METRIC_LIST(LABELLED_ROW)
#undef METRIC_ROW
#undef LABELLED_ROW
};

const struct metric *report_metric(unsigned index)
{
    return index < M_COUNT ? &metrics[index] : NULL;
}

static void put_one(struct exposition *e, const char *key, const char *text, uint64_t value)
{
    exposition_sample(e, &(struct exposition_label){key, text}, 1, value, ONE);
}

/* ---- the gateway ---- */

static void put_figures(struct exposition *e, const struct looked_at *l)
{
#define METRIC_PUT(name, type, unit, help, number) \
    exposition_metric(e, &metrics[M_##name]);      \
    exposition_sample(e, NULL, 0, (uint64_t)(number), unit);
    GATEWAY_METRIC_LIST(METRIC_PUT)
#undef METRIC_PUT
}

static void put_info(struct exposition *e, const struct report *report)
{
    const struct payload_context *p = report->payloads;
    const struct exposition_label labels[] = {{"gateway", p->gateway}, {"site", p->site}, {"ward", p->ward},
                                              {"version", p->version}, {"boot", p->boot}, {"epoch", p->epoch}};
    exposition_metric(e, &metrics[M_info]);
    exposition_sample(e, labels, sizeof labels / sizeof labels[0], 1, ONE);
}

static void put_certificate(struct exposition *e, const struct report *report)
{
    struct uplink_certificate first_end;
    board_take_certificate(report->board, &first_end);
    if (first_end.ends_ms > 0) {
        exposition_metric(e, &metrics[M_uplink_certificate_end_timestamp_seconds]);
        put_one(e, "certificate", first_end.name, (uint64_t)first_end.ends_ms / 1000);
    }
}

static void put_brokers(struct exposition *e, const struct looked_at *l)
{
    const unsigned in_use = (unsigned)READ(l->board->uplink_broker);
    exposition_metric(e, &metrics[M_broker_up]);
    for (unsigned i = 0; i < l->report->broker_count; i++) {
        const unsigned answer = (unsigned)READ(l->board->broker_answers[i]);
        const bool connected = i == in_use && READ(l->board->uplink_connected) != 0;
        if (connected || answer != BROKER_UNKNOWN || i == in_use) {
            put_one(e, "broker", l->report->brokers[i], connected || (answer == BROKER_ANSWERS && i != in_use));
        }
    }
}

/* Of an exchange with a monitor; the others are of files and of our own. */
static bool is_of_exchange(unsigned status)
{
    return status >= STATUS_TIMEOUT && status != STATUS_CORRUPT && status != STATUS_WRONG_VERSION &&
           status != STATUS_OTHER_MACHINE;
}

static uint64_t sum_failures(const struct report *report, unsigned status)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < report->bus_count; i++) {
        const struct bus_health *health = report->buses[i].driver->health(report->buses[i].bus);
        for (unsigned m = 0; m < report->configs[i].monitor_count; m++) {
            sum += READ(health->monitors[m].failures[status]);
        }
    }
    return sum;
}

static void put_failures(struct exposition *e, const struct looked_at *l)
{
    char key[STATUS_KEY_MAX];
    exposition_metric(e, &metrics[M_failures_total]);
    for (unsigned s = 1; s < STATUS_COUNT; s++) {
        const uint64_t sum = sum_failures(l->report, s);
        if (sum > 0 || is_of_exchange(s)) {
            status_key((enum status)s, key);
            put_one(e, "failure", key, sum);
        }
    }
    exposition_metric(e, &metrics[M_store_failures_total]);
    for (unsigned s = 1; s < STATUS_COUNT; s++) {
        const uint64_t count = READ(l->store_state->failures[s]);
        if (count > 0 || s == STATUS_FULL || s == STATUS_IO || s == STATUS_CORRUPT) {
            status_key((enum status)s, key);
            put_one(e, "failure", key, count);
        }
    }
}

static void put_watchdog(struct exposition *e, const char *name, int state)
{
    if (state != VIGIL_NOT_USED) {
        put_one(e, "watchdog", name, state == VIGIL_FED);
    }
}

static void put_watch(struct exposition *e, const struct report *report)
{
    const struct vigil *vigil = report->vigil;
    if (vigil != NULL) {
        const unsigned stuck = (unsigned)READ(vigil->stuck);
        exposition_metric(e, &metrics[M_part_stuck]);
        for (unsigned i = 0; i < VIGIL_PARTS; i++) {
            put_one(e, "part", vigil_part_name((enum vigil_part)i), stuck >> i & 1U);
        }
        exposition_metric(e, &metrics[M_watchdog_fed]);
        put_watchdog(e, "hardware", atomic_load_explicit(&vigil->hardware, memory_order_relaxed));
        put_watchdog(e, "service", atomic_load_explicit(&vigil->of_manager, memory_order_relaxed));
    }
    if (report->recorder != NULL) {
        exposition_metric(e, &metrics[M_recording_dropped_total]);
        exposition_sample(e, NULL, 0, READ(report->recorder->lost), ONE);
    }
}

static void put_left_out(struct exposition *e, enum detail detail)
{
    static const char *const words[] = {
        [DETAIL_BUSES] = "buses", [DETAIL_MONITORS] = "monitors", [DETAIL_REJECTED] = "rejected"};
    exposition_metric(e, &metrics[M_left_out]);
    for (unsigned d = DETAIL_BUSES; d <= DETAIL_REJECTED; d++) {
        put_one(e, "what", words[d], d > (unsigned)detail);
    }
}

/* ---- lines and monitors ---- */

static uint64_t bus_number(unsigned metric, const struct bus_config *c, const struct bus_health *h, uint32_t *unit)
{
    switch (metric) {
#define METRIC_CASE(name, type, of_unit, help, number) \
    case M_##name:                                     \
        *unit = (of_unit);                             \
        return (uint64_t)(number);
        BUS_METRIC_LIST(METRIC_CASE)
    default:
        assert(false);
        return 0;
    }
}

static uint64_t monitor_number(unsigned metric, const struct monitor_health *h, uint32_t *unit)
{
    switch (metric) {
        MONITOR_METRIC_LIST(METRIC_CASE)
#undef METRIC_CASE
    default:
        assert(false);
        return 0;
    }
}

static const struct bus_health *health_of(const struct report *report, unsigned bus)
{
    return report->buses[bus].driver->health(report->buses[bus].bus);
}

static void put_bus_metric(struct exposition *e, const struct report *report, unsigned metric)
{
    uint32_t unit = ONE;
    exposition_metric(e, &metrics[metric]);
    for (unsigned i = 0; i < report->bus_count; i++) {
        const uint64_t number = bus_number(metric, &report->configs[i], health_of(report, i), &unit);
        exposition_sample(e, &(struct exposition_label){"bus", report->configs[i].name}, 1, number, unit);
    }
}

static void put_bus_words(struct exposition *e, const struct report *report)
{
    exposition_metric(e, &metrics[M_bus_info]);
    for (unsigned i = 0; i < report->bus_count; i++) {
        exposition_sample(
            e, (const struct exposition_label[]){{"bus", report->configs[i].name}, {"kind", report->configs[i].kind}},
            2, 1, ONE);
    }
    exposition_metric(e, &metrics[M_bus_fault]);
    for (unsigned i = 0; i < report->bus_count; i++) {
        char key[STATUS_KEY_MAX];
        const enum status fault = bus_fault(health_of(report, i), clock_boot_us());
        if (fault != STATUS_OK) {
            status_key(fault, key);
            exposition_sample(e, (const struct exposition_label[]){{"bus", report->configs[i].name}, {"fault", key}}, 2,
                              1, ONE);
        }
    }
}

static void put_buses(struct exposition *e, const struct report *report)
{
    put_bus_words(e, report);
#define METRIC_BUS(name, type, unit, help, number) put_bus_metric(e, report, M_##name);
    BUS_METRIC_LIST(METRIC_BUS)
#undef METRIC_BUS
}

#define MONITOR_LABELS 3
#define ADDRESS_MAX    8

/* Several monitors may be at one bed, and on one line. */
static void name_monitor(const struct report *report, const struct bus_config *bus, unsigned monitor,
                         char address[ADDRESS_MAX], struct exposition_label labels[MONITOR_LABELS])
{
    const struct monitor_config *m = &bus->monitors[monitor];
    (void)snprintf(address, ADDRESS_MAX, "%u", m->address);
    labels[0] = (struct exposition_label){"bus", bus->name};
    labels[1] = (struct exposition_label){"bed", report->payloads->config->beds[m->bed].id};
    labels[2] = (struct exposition_label){"address", m->place != NULL ? m->place : address};
}

static void put_monitor_metric(struct exposition *e, const struct report *report, unsigned metric)
{
    struct exposition_label labels[MONITOR_LABELS];
    char address[ADDRESS_MAX];
    uint32_t unit = ONE;
    exposition_metric(e, &metrics[metric]);
    for (unsigned i = 0; i < report->bus_count; i++) {
        for (unsigned m = 0; m < report->configs[i].monitor_count; m++) {
            const uint64_t number = monitor_number(metric, &health_of(report, i)->monitors[m], &unit);
            name_monitor(report, &report->configs[i], m, address, labels);
            exposition_sample(e, labels, MONITOR_LABELS, number, unit);
        }
    }
}

static void put_failures_of(struct exposition *e, const struct report *report, unsigned bus, unsigned monitor)
{
    struct exposition_label labels[MONITOR_LABELS + 1];
    char address[ADDRESS_MAX], key[STATUS_KEY_MAX];
    name_monitor(report, &report->configs[bus], monitor, address, labels);
    labels[MONITOR_LABELS] = (struct exposition_label){"failure", key};
    for (unsigned s = 1; s < STATUS_COUNT; s++) {
        const uint64_t count = READ(health_of(report, bus)->monitors[monitor].failures[s]);
        if (count > 0) {
            status_key((enum status)s, key);
            exposition_sample(e, labels, MONITOR_LABELS + 1, count, ONE);
        }
    }
}

static void put_monitors(struct exposition *e, const struct report *report)
{
#define METRIC_MONITOR(name, type, unit, help, number) put_monitor_metric(e, report, M_##name);
    MONITOR_METRIC_LIST(METRIC_MONITOR)
#undef METRIC_MONITOR
    exposition_metric(e, &metrics[M_monitor_failures_total]);
    for (unsigned i = 0; i < report->bus_count; i++) {
        for (unsigned m = 0; m < report->configs[i].monitor_count; m++) {
            put_failures_of(e, report, i, m);
        }
    }
}

static void put_rejected(struct exposition *e, const struct report *report)
{
    exposition_metric(e, &metrics[M_values_rejected_total]);
    for (uint16_t b = 0; b < report->bed_count; b++) {
        struct bed_view view;
        if (board_take(report->board, b, &view) == 0) {
            continue;
        }
        for (unsigned i = 0; i < view.rejection_count; i++) {
            const struct rejection_view *r = &view.rejections[i];
            const struct exposition_label labels[] = {{"bed", report->payloads->config->beds[b].id},
                                                      {"vital", vital_info((enum vital)r->vital)->name},
                                                      {"reason", quality_word((enum quality)r->quality)}};
            exposition_sample(e, labels, sizeof labels / sizeof labels[0], r->count, ONE);
        }
    }
}

/* ---- the whole ---- */

static size_t write_all(const struct looked_at *l, enum detail detail, char *out, size_t size)
{
    struct exposition e;
    exposition_begin(&e, out, size);
    put_info(&e, l->report);
    put_left_out(&e, detail);
    put_figures(&e, l);
    put_certificate(&e, l->report);
    put_brokers(&e, l);
    put_failures(&e, l);
    put_watch(&e, l->report);
    if (detail >= DETAIL_BUSES) {
        put_buses(&e, l->report);
    }
    if (detail >= DETAIL_MONITORS) {
        put_monitors(&e, l->report);
    }
    if (detail >= DETAIL_REJECTED) {
        put_rejected(&e, l->report);
    }
    return exposition_end(&e);
}

size_t report_metrics(const struct report *report, char *out, size_t size)
{
    struct looked_at l = {.report = report,
                          .board = report->board,
                          .store_state = report->store_state,
                          .boot_us = clock_boot_us(),
                          .dropped = report_dropped(report)};
    struct store *store = atomic_load(report->store);
    struct presence presence;
    size_t length = 0;
    if (store != NULL) {
        store_usage(store, &l.usage);
    }
    board_take_boards(report->board, &presence);
    l.boards = presence_count(&presence, l.boot_us);
    for (int detail = DETAIL_REJECTED; detail >= DETAIL_NONE && length == 0; detail--) {
        length = write_all(&l, (enum detail)detail, out, size);
    }
    return length;
}
