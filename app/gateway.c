#include "app/gateway.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "app/flow/log.h"
#include "app/gateway_internal.h"
#include "drivers/monitor/modbus/modbus_driver.h"
#include "hal/clock.h"

#define JOURNAL_RING_SLOTS   8192U
#define DELIVERED_RING_SLOTS 1024U
#define DIRECT_RING_SLOTS    64U
#define JOURNAL_KEEP_LEAST   (10LL * 60 * 1000) /* what the longest window needs, and at least this */

static const struct monitor_driver *const drivers[] = {&modbus_rtu_driver, &modbus_tcp_driver};

const struct profile *const *gateway_profiles(void)
{
    static const struct profile *all[SETTINGS_PROFILES_MAX + 1];
    size_t count = 0;
    for (size_t i = 0; i < sizeof drivers / sizeof drivers[0]; i++) {
        for (const struct profile *const *p = drivers[i]->profiles; p != NULL && *p != NULL; p++) {
            assert(count < SETTINGS_PROFILES_MAX);
            all[count++] = *p;
        }
    }
    all[count] = NULL;
    return all;
}

const struct monitor_driver *gateway_driver(const char *kind)
{
    for (size_t i = 0; i < sizeof drivers / sizeof drivers[0]; i++) {
        if (strcmp(drivers[i]->kind, kind) == 0) {
            return drivers[i];
        }
    }
    return NULL;
}

static const struct monitor_driver *driver_of(const struct bus_config *bus)
{
    const struct monitor_driver *driver = gateway_driver(bus->kind);
    assert(driver != NULL); /* the settings know no other kinds */
    return driver;
}

/* A part of the build: what it took is a line of the bill. */
static void bill(struct gateway_bill *bill, const char *part, const struct arena *arena)
{
    if (bill == NULL) {
        return;
    }
    bill->lines[bill->count].part = part;
    bill->lines[bill->count++].bytes = arena->used - bill->total;
    bill->total = arena->used;
}

/* The plan has serial lines first, each with a runner of its own; the network links are dealt out to the few runners after them. */
static uint16_t count_runners(const struct plan *plan, uint16_t *out_serial)
{
    uint16_t serial = 0;
    for (unsigned i = 0; i < plan->bus_count; i++) {
        serial = (uint16_t)(serial + (driver_of(&plan->buses[i])->own_thread ? 1 : 0));
    }
    const unsigned network = plan->bus_count - serial;
    *out_serial = serial;
    return (uint16_t)(serial + (network < GATEWAY_NETWORK_THREADS ? network : GATEWAY_NETWORK_THREADS));
}

static void build_bus(struct gateway *g, struct arena *arena, unsigned index)
{
    const struct bus_config *config = &g->plan->buses[index];
    const struct monitor_driver *driver = driver_of(config);
    struct bus *bus = driver->make(arena, config);
    if (g->buses != NULL) {
        g->buses[index] = (struct acquire_bus){.driver = driver, .bus = bus};
    }
}

static uint32_t count_monitors(const struct plan *plan, unsigned first, unsigned count)
{
    uint32_t monitors = 0;
    for (unsigned i = first; i < first + count; i++) {
        monitors += plan->buses[i].monitor_count;
    }
    return monitors;
}

static void build_runner(struct gateway *g, struct arena *arena, unsigned runner, unsigned first, unsigned count)
{
    struct runner measured;
    struct runner *out = g->runners != NULL ? &g->runners[runner] : &measured;
    struct acquire_bus *buses = g->buses != NULL ? &g->buses[first] : NULL;
    if (g->runner_names != NULL) {
        g->runner_names[runner] = g->plan->buses[first].name;
    }
    runner_init(out, arena, buses, (uint16_t)count, count_monitors(g->plan, first, count), &g->core.wake);
}

static void build_runners(struct gateway *g, struct arena *arena)
{
    uint16_t serial = 0;
    g->runner_count = count_runners(g->plan, &serial);
    g->buses = ARENA_TAKE(arena, struct acquire_bus, g->plan->bus_count);
    g->runners = ARENA_TAKE(arena, struct runner, g->runner_count);
    g->runner_names = ARENA_TAKE(arena, const char *, g->runner_count);
    for (unsigned i = 0; i < g->plan->bus_count; i++) {
        build_bus(g, arena, i);
    }
    unsigned first = 0;
    for (unsigned r = 0; r < g->runner_count; r++) {
        const unsigned left = g->runner_count - r;
        const unsigned count = r < serial ? 1 : (g->plan->bus_count - first + left - 1) / left;
        build_runner(g, arena, r, first, count);
        first += count;
    }
}

uint32_t gateway_journal_keep_ms(const struct plan *plan)
{
    const int64_t longest_ms = (int64_t)plan_longest_span_ms(plan) + SERIES_PANE_MS;
    return (uint32_t)(longest_ms > JOURNAL_KEEP_LEAST ? longest_ms : JOURNAL_KEEP_LEAST);
}

static size_t write_health(void *context, int64_t wall_ms, char *out, size_t size)
{
    return report_json(context, wall_ms, out, size);
}

static enum status build_core(struct gateway *g, struct arena *arena)
{
    ring_init(&g->records, arena, core_record_slots(engine_config_records_max(&g->plan->engine)),
              sizeof(struct record));
    ring_init(&g->journal, arena, JOURNAL_RING_SLOTS, sizeof(struct observation));
    const struct core_config config = {.engine = g->engine,
                                       .runners = g->runners,
                                       .runner_count = g->runner_count,
                                       .bed_count = g->plan->engine.bed_count,
                                       .timebase = &g->timebase,
                                       .records = &g->records,
                                       .journal = &g->journal,
                                       .store_wake = &g->commit.wake,
                                       .deliver_wake = g->deliver != NULL ? deliver_wake(g->deliver) : NULL,
                                       .board = &g->board,
                                       .conditions = conditions_apply,
                                       .conditions_context = &g->conditions};
    return core_init(&g->core, arena, &config);
}

static enum status build_commit(struct gateway *g, struct arena *arena)
{
    ring_init(&g->delivered, arena, DELIVERED_RING_SLOTS, sizeof(uint64_t));
    ring_init(&g->direct, arena, DIRECT_RING_SLOTS, sizeof(struct direct_alert));
    const struct commit_config config = {
        .store = {.path = g->settings->store.path, .size_bytes = g->settings->store.size_bytes},
        .engine = &g->plan->engine,
        .payloads = &g->payloads,
        .timebase = &g->timebase,
        .board = &g->board,
        .records = &g->records,
        .journal = &g->journal,
        .delivered = &g->delivered,
        .direct = &g->direct,
        .deliver_wake = g->deliver != NULL ? deliver_wake(g->deliver) : NULL,
        .clock = &g->clock,
        .journal_interval_ms = g->settings->store.journal_interval_ms,
        .journal_keep_ms = gateway_journal_keep_ms(g->plan)};
    return commit_init(&g->commit, arena, &config);
}

static void build_deliver(struct gateway *g, struct arena *arena)
{
    const struct settings *s = g->settings;
    const struct deliver_config config = {
        .context = &g->payloads,
        .timebase = &g->timebase,
        .board = &g->board,
        .store = &g->commit.store,
        .committed_row = &g->commit.committed_row,
        .delivered = &g->delivered,
        .store_wake = &g->commit.wake,
        .direct = &g->direct,
        .direct_acknowledged_seq = &g->commit.state.direct_acknowledged_seq,
        .brokers = g->uplink_brokers,
        .broker_count = s->uplink.broker_count,
        .uplink = {.client_id = g->client_id, .version = s->uplink.version, .keep_alive_s = s->uplink.keep_alive_s},
        .publish_interval_ms = s->uplink.publish_interval_ms,
        .health = write_health,
        .health_context = &g->report};
    g->deliver = deliver_make(arena, &config);
}

/* The conditions and the report look at the same parts. */
static void fill_views(struct gateway *g)
{
    g->conditions.configs = g->plan->buses;
    g->conditions.buses = g->buses;
    g->conditions.runners = g->runners;
    g->conditions.runner_names = (const char *const *)g->runner_names;
    g->conditions.runner_count = g->runner_count;
    g->conditions.board = &g->board;
    g->conditions.store_state = &g->commit.state;
    g->report = (struct report){.payloads = &g->payloads,
                                .timebase = &g->timebase,
                                .board = &g->board,
                                .store = &g->commit.store,
                                .store_state = &g->commit.state,
                                .configs = g->plan->buses,
                                .buses = g->buses,
                                .runners = g->runners,
                                .brokers = g->brokers,
                                .bus_count = g->plan->bus_count,
                                .runner_count = g->runner_count,
                                .bed_count = g->plan->engine.bed_count,
                                .broker_count = g->settings->uplink.broker_count,
                                .arena_bytes = g->arena.size,
                                .started_us = clock_boot_us()};
}

/* Measures while arena->base is NULL, builds otherwise; the same steps in the same order. */
static enum status build(struct gateway *g, struct arena *arena, struct gateway_bill *out_bill)
{
    g->engine = engine_make(arena, &g->plan->engine);
    bill(out_bill, "windows, rules, alarms", arena);
    build_runners(g, arena);
    bill(out_bill, "lines and monitors", arena);
    board_init(&g->board, arena, g->plan->engine.bed_count);
    build_deliver(g, arena);
    bill(out_bill, "uplink and views", arena);
    enum status status = build_core(g, arena);
    if (status == STATUS_OK) {
        status = build_commit(g, arena);
    }
    bill(out_bill, "rings and store", arena);
    conditions_init(&g->conditions, arena, g->plan->bus_count);
    notices_init(&g->notices, arena, g->plan->bus_count, count_monitors(g->plan, 0, g->plan->bus_count));
    g->report_text = ARENA_TAKE(arena, char, REPORT_TEXT_MAX);
    bill(out_bill, "reports", arena);
    return status;
}

/* A random number as lower-case hex digits. */
static void random_hex(char *text, size_t digits)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char bytes[STORE_EPOCH_MAX] = {0};
    if (getrandom(bytes, digits, 0) != (ssize_t)digits) {
        const uint64_t instant = (uint64_t)clock_wall_ms() * 1000003U + (uint64_t)clock_boot_us();
        memcpy(bytes, &instant, sizeof instant);
    }
    for (size_t i = 0; i < digits; i++) {
        text[i] = hex[bytes[i] & 15U];
    }
    text[digits] = '\0';
}

static void name_everything(struct gateway *g)
{
    const struct settings *s = g->settings;
    random_hex(g->boot, sizeof g->boot - 1);
    random_hex(g->epoch, 16); /* the store's own takes its place as soon as it is open */
    (void)snprintf(g->client_id, sizeof g->client_id, "wardgate-%s", s->gateway.id);
    g->payloads = (struct payload_context){.config = &g->plan->engine,
                                           .topic_root = s->uplink.topic_root,
                                           .site = s->gateway.site,
                                           .ward = s->gateway.ward,
                                           .gateway = s->gateway.id,
                                           .boot = g->boot,
                                           .epoch = g->epoch,
                                           .version = WARDGATE_VERSION};
    for (unsigned i = 0; i < s->uplink.broker_count; i++) {
        const struct broker_settings *b = &s->uplink.brokers[i];
        g->brokers[i] = b->url;
        g->uplink_brokers[i] = (struct uplink_broker){.url = b->url,
                                                      .ca = b->ca,
                                                      .cert = b->cert,
                                                      .key = b->key,
                                                      .username = b->username,
                                                      .password_file = b->password_file};
    }
}

static struct gateway *new_gateway(const struct settings *settings, const struct plan *plan)
{
    struct gateway *g = calloc(1, sizeof *g);
    if (g != NULL) {
        g->settings = settings;
        g->plan = plan;
        g->status_fd = -1;
        g->signal_fd = -1;
        name_everything(g);
    }
    return g;
}

void gateway_measure(const struct plan *plan, struct gateway_bill *out)
{
    struct gateway *g = new_gateway(plan->settings, plan);
    struct arena arena = {.base = NULL};
    *out = (struct gateway_bill){.count = 0};
    if (g != NULL) {
        const enum status status = build(g, &arena, out);
        (void)status; /* measuring opens nothing that could fail */
        free(g);
    }
}

static bool make_arena(struct gateway *g)
{
    struct gateway_bill measured;
    gateway_measure(g->plan, &measured);
    if (measured.total > g->settings->memory_bytes) {
        log_error("the windows need %zu KiB, more than memory: allows (%s), see `wardgate check`",
                  measured.total / 1024, g->settings->file);
        return false;
    }
    g->arena.size = (measured.total + 63) / 64 * 64;
    g->arena.base = aligned_alloc(64, g->arena.size);
    if (g->arena.base == NULL) {
        log_error("out of memory: %zu KiB are needed, free some", g->arena.size / 1024);
        return false;
    }
    memset(g->arena.base, 0, g->arena.size); /* every page is there before the first alarm */
    return true;
}

bool gateway_run(const struct settings *settings, const struct plan *plan)
{
    struct gateway *g = new_gateway(settings, plan);
    bool done = false;
    if (g == NULL) {
        log_error("out of memory, free some");
        return false;
    }
    if (make_arena(g)) {
        struct arena arena = g->arena;
        const enum status status = build(g, &arena, NULL);
        fill_views(g);
        if (status == STATUS_OK) {
            done = gateway_run_parts(g);
        } else {
            log_error("cannot start (%s), give the box more file descriptors", status_text(status));
        }
        free(g->arena.base);
    }
    free(g);
    return done;
}
