#include <stdlib.h>
#include <string.h>

#include "app/flow/log.h"
#include "app/gateway_internal.h"
#include "hal/clock.h"

#define JOURNAL_RING_LEAST   2048U
#define JOURNAL_RING_MOST    8192U
#define JOURNAL_RING_MS      2500U /* what comes in so long; the store thread comes for it every second */
#define DELIVERED_RING_SLOTS 4096U
#define DIRECT_RING_SLOTS    64U
#define JOURNAL_KEEP_LEAST   (10LL * 60 * 1000) /* what the longest window needs, and at least this */

uint32_t generation_journal_keep_ms(const struct plan *plan)
{
    const int64_t longest_ms = (int64_t)plan_longest_span_ms(plan) + SERIES_PANE_MS;
    return (uint32_t)(longest_ms > JOURNAL_KEEP_LEAST ? longest_ms : JOURNAL_KEEP_LEAST);
}

static uint32_t count_monitors(const struct plan *plan)
{
    uint32_t monitors = 0;
    for (unsigned i = 0; i < plan->bus_count; i++) {
        monitors += plan->buses[i].monitor_count;
    }
    return monitors;
}

static uint32_t journal_slots(const struct plan *plan)
{
    uint64_t a_million_seconds = 0;
    uint32_t slots = JOURNAL_RING_LEAST;
    for (unsigned b = 0; b < plan->engine.bed_count; b++) {
        const struct bed_config *bed = &plan->beds[b];
        for (unsigned c = 0; c < bed->channel_count; c++) {
            a_million_seconds += bed->channels[c].entered ? 0 : UINT64_C(1000000000) / bed->channels[c].period_ms;
        }
    }
    while (slots < JOURNAL_RING_MOST && slots < a_million_seconds * JOURNAL_RING_MS / UINT64_C(1000000000)) {
        slots *= 2;
    }
    return slots;
}

/* --- parts --------------------------------------------------------------------------------------------------- */

static size_t write_health(void *context, int64_t wall_ms, char *out, size_t size)
{
    return report_json(context, wall_ms, out, size);
}

static void build_core(struct gateway *g, struct generation *gen, struct arena *arena)
{
    ring_init(&gen->records, arena, core_record_slots(engine_config_records_max(&gen->plan->engine)),
              sizeof(struct record));
    ring_init(&gen->journal, arena, journal_slots(gen->plan), sizeof(struct observation));
    for (unsigned i = 0; i < ORIGIN_COUNT; i++) {
        ring_init(&gen->commands[i], arena, CORE_COMMAND_SLOTS, sizeof(struct bed_command));
    }
    const struct core_config config = {
        .engine = gen->engine,
        .runners = gen->runners,
        .runner_count = lines_runners_max(gen->plan),
        .bed_count = gen->plan->engine.bed_count,
        .wake = &g->engine_wake,
        .timebase = &g->timebase,
        .commands = {[ORIGIN_BROKER] = &gen->commands[ORIGIN_BROKER], [ORIGIN_LOCAL] = &gen->commands[ORIGIN_LOCAL]},
        .records = &gen->records,
        .journal = &gen->journal,
        .store_wake = &gen->commit.wake,
        .deliver_wake = gen->deliver != NULL ? deliver_wake(gen->deliver) : NULL,
        .board = &gen->board,
        .conditions = conditions_apply,
        .conditions_context = &gen->conditions};
    core_init(&gen->core, arena, &config);
}

static void build_commit(struct gateway *g, struct generation *gen, struct arena *arena)
{
    ring_init(&gen->delivered, arena, DELIVERED_RING_SLOTS, sizeof(uint64_t));
    ring_init(&gen->direct, arena_reserve(arena), DIRECT_RING_SLOTS, sizeof(struct direct_alert));
    ring_init(&gen->resends, arena, RESEND_SLOTS, sizeof(struct resend_request));
    for (unsigned i = 0; i < ORIGIN_COUNT; i++) {
        ring_init(&gen->replies[i], arena, REPLY_SLOTS, sizeof(struct reply));
    }
    const struct commit_config config = {
        .store = {.path = g->settings->store.path, .size_bytes = g->settings->store.size_bytes},
        .engine = &gen->plan->engine,
        .beds = &gen->journal_beds,
        .scores = &gen->scores,
        .bed_numbers = gen->journal_numbers,
        .payloads = &gen->payloads,
        .around = &g->around,
        .timebase = &g->timebase,
        .board = &gen->board,
        .records = &gen->records,
        .journal = &gen->journal,
        .delivered = &gen->delivered,
        .direct = &gen->direct,
        .deliver_wake = gen->deliver != NULL ? deliver_wake(gen->deliver) : NULL,
        .replies = {[ORIGIN_BROKER] = &gen->replies[ORIGIN_BROKER], [ORIGIN_LOCAL] = &gen->replies[ORIGIN_LOCAL]},
        .reply_wakes = {[ORIGIN_BROKER] = gen->deliver != NULL ? deliver_wake(gen->deliver) : NULL,
                        [ORIGIN_LOCAL] = &g->local.wake},
        .resends = &gen->resends,
        .clock = &g->clock,
        .clock_record = &g->clock_record,
        .clock_bridge = &g->clock_bridge,
        .clock_hardware = &g->clock_hardware,
        .trends = &gen->trends,
        .journal_interval_ms = g->settings->store.journal_interval_ms,
        .history_keep_ms = g->settings->store.history_keep_ms};
    commit_init(&gen->commit, arena, &config);
}

static void build_trends(struct gateway *g, struct generation *gen, struct arena *arena)
{
    const struct trend_keeper_config config = {
        .trends = {.path = g->settings->store.path,
                   .bytes = plan_trends_bytes(gen->plan),
                   .minutes = (uint32_t)(g->settings->store.trends_keep_ms / TRENDS_MINUTE_MS),
                   .rows_most = gen->plan->engine.bed_count < TREND_ROWS_MOST ? gen->plan->engine.bed_count
                                                                              : (uint32_t)TREND_ROWS_MOST},
        .engine = &gen->plan->engine,
        .board = &gen->board,
        .store = &gen->commit.store};
    trend_keeper_init(&gen->trends, arena, &config);
}

static void build_deliver(struct gateway *g, struct generation *gen, struct arena *arena)
{
    const struct settings *s = g->settings;
    const struct deliver_config config = {
        .link = g->link,
        .known_beds = &gen->journal_beds,
        .known_scores = &gen->scores,
        .context = &gen->payloads,
        .timebase = &g->timebase,
        .board = &gen->board,
        .store = &gen->commit.store,
        .committed_row = &gen->commit.committed_row,
        .omitted = &gen->commit.state.omitted,
        .delivered = &gen->delivered,
        .noting = &gen->commit.state.noting,
        .store_wake = &gen->commit.wake,
        .direct = &gen->direct,
        .direct_acknowledged_seq = &gen->commit.state.direct_acknowledged_seq,
        .brokers = g->uplink_brokers,
        .broker_count = s->uplink.broker_count,
        .return_after_ms = s->uplink.return_after_ms,
        .asides = &g->asides_ring,
        .uplink = {.client_id = g->client_id, .version = s->uplink.version, .keep_alive_s = s->uplink.keep_alive_s},
        .commands = {.roles = s->commands.enabled ? s->commands.roles : 0,
                     .out = &gen->commands[ORIGIN_BROKER],
                     .replies = &gen->replies[ORIGIN_BROKER],
                     .engine_wake = &g->engine_wake},
        .resends = &gen->resends,
        .publish_interval_ms = s->uplink.publish_interval_ms,
        .backlog_rate = s->uplink.backlog_rate,
        .health = write_health,
        .health_context = &gen->report};
    gen->deliver = deliver_make(arena, &config);
}

/* The conditions and the report look at the same parts. */
static void fill_views(struct gateway *g, struct generation *gen)
{
    gen->conditions.configs = gen->plan->buses;
    gen->conditions.buses = gen->buses;
    gen->conditions.bus_runners = gen->bus_runners;
    gen->conditions.runners = (const struct runner *const *)gen->runners;
    gen->conditions.runner_names = gen->runner_names;
    gen->conditions.runner_count = gen->runner_count;
    gen->conditions.board = &gen->board;
    gen->conditions.boards_expected = gen->settings->uplink.boards;
    gen->conditions.store_state = &gen->commit.state;
    gen->conditions.trends_replaced = &gen->trends.replaced;
    gen->report = (struct report){.payloads = &gen->payloads,
                                  .timebase = &g->timebase,
                                  .board = &gen->board,
                                  .store = &gen->commit.store,
                                  .store_state = &gen->commit.state,
                                  .trends = &gen->trends,
                                  .configs = gen->plan->buses,
                                  .buses = gen->buses,
                                  .runners = (const struct runner *const *)gen->runners,
                                  .recorder = g->record != NULL ? &g->recorder : NULL,
                                  .vigil = &g->vigil,
                                  .annunciator = annunciator_is_there(&g->annunciator) ? &g->annunciator : NULL,
                                  .brokers = g->brokers,
                                  .bus_count = gen->plan->bus_count,
                                  .runner_count = gen->runner_count,
                                  .bed_count = gen->plan->engine.bed_count,
                                  .broker_count = g->settings->uplink.broker_count,
                                  .metrics = metrics_is_on(&g->metrics) ? &g->metrics : NULL,
                                  .boards_expected = gen->settings->uplink.boards,
                                  .arena_bytes = gen->arena.size + gen->reserve.size + g->lasting.size +
                                                 g->lasting_reserve.size + lines_measure(gen->plan),
                                  .started_us = g->started_us};
}

static void name_everything(const struct gateway *g, struct generation *gen)
{
    gen->payloads =
        (struct payload_context){.config = &gen->plan->engine,
                                 .topic_root = g->settings->uplink.topic_root,
                                 .site = g->settings->gateway.site,
                                 .ward = g->settings->gateway.ward,
                                 .gateway = g->settings->gateway.id,
                                 .boot = g->boot,
                                 .epoch = g->epoch,
                                 .epochs_before = &g->epochs_before,
                                 .command_roles = g->settings->commands.enabled ? g->settings->commands.roles : 0,
                                 .version = WARDGATE_VERSION,
                                 .ward_settings = &gen->settings->ward};
}

static size_t used_of(const struct arena *arena)
{
    return arena->used + arena->reserve->used;
}

/* Measures while arena->base is NULL, builds otherwise; the same steps in the same order. */
static void build(struct gateway *g, struct generation *gen, struct arena *arena, struct gateway_bill *bill)
{
    size_t before = used_of(arena);
    gen->engine = engine_make(arena, &gen->plan->engine);
    gateway_add_to_bill(bill, "windows, rules, alarms", used_of(arena) - before);
    before = used_of(arena);
    board_init(&gen->board, arena, gen->plan->engine.bed_count);
    build_deliver(g, gen, arena);
    gateway_add_to_bill(bill, "uplink and views", used_of(arena) - before);
    before = used_of(arena);
    build_core(g, gen, arena);
    build_commit(g, gen, arena);
    build_trends(g, gen, arena);
    gateway_add_to_bill(bill, "rings and store", used_of(arena) - before);
    before = used_of(arena);
    conditions_init(&gen->conditions, arena, gen->plan->bus_count);
    notices_init(&gen->notices, arena, gen->plan->bus_count, count_monitors(gen->plan));
    gateway_add_to_bill(bill, "reports", used_of(arena) - before);
}

/* --- the whole ----------------------------------------------------------------------------------------------- */

static struct generation *new_generation(const struct gateway *g, const struct settings *settings,
                                         const struct plan *plan)
{
    struct generation *gen = aligned_alloc(64, (sizeof *gen + 63) / 64 * 64);
    if (gen != NULL) {
        *gen = (struct generation){.settings = settings, .plan = plan};
        gen->commit.wake.fd = gen->commit.writer.wake.fd = -1;
        name_everything(g, gen);
    }
    return gen;
}

/* What the two arenas must hold. */
struct sizes {
    size_t bytes, reserve_bytes;
};

static enum status measure(struct gateway *g, const struct plan *plan, struct sizes *out, struct gateway_bill *bill)
{
    struct arena reserve = {.base = NULL}, arena = {.reserve = &reserve};
    struct generation *gen = new_generation(g, plan->settings, plan);
    if (gen == NULL) {
        return STATUS_NO_MEMORY;
    }
    build(g, gen, &arena, bill);
    *out = (struct sizes){arena.used, reserve.used};
    free(gen);
    return STATUS_OK;
}

enum status generation_measure(struct gateway *g, const struct plan *plan, struct gateway_bill *bill)
{
    struct sizes sizes;
    const enum status status = measure(g, plan, &sizes, bill);
    gateway_add_to_bill(bill, "lines and monitors", lines_measure(plan));
    return status;
}

static void fill(struct gateway *g, struct generation *gen)
{
    struct arena reserve = gen->reserve, arena = gen->arena; /* what they have used is of no use any more */
    arena.reserve = &reserve;
    build(g, gen, &arena, NULL);
    gen->core.config.runner_count = gen->runner_count;
    fill_views(g, gen);
}

struct generation *generation_make(struct gateway *g, const struct settings *settings, const struct plan *plan,
                                   const struct generation *before)
{
    struct sizes sizes;
    struct generation *gen = new_generation(g, settings, plan);
    if (gen == NULL) {
        return NULL;
    }
    if (measure(g, plan, &sizes, NULL) != STATUS_OK || !gateway_take_memory(&gen->arena, sizes.bytes) ||
        !gateway_take_reserve(&gen->reserve, sizes.reserve_bytes) || !lines_make(g, gen, before) ||
        commit_open(&gen->commit) != STATUS_OK) {
        generation_free(g, gen, before);
        return NULL;
    }
    fill(g, gen);
    return gen;
}

void generation_free(struct gateway *g, struct generation *gen, const struct generation *other)
{
    if (gen == NULL) {
        return;
    }
    commit_fini(&gen->commit);
    lines_free(g, gen, other);
    gateway_free_memory(&gen->arena);
    gateway_free_reserve(&gen->reserve);
    if (gen->planned != NULL) {
        plan_free(gen->planned);
        free(gen->planned);
    }
    settings_free(gen->loaded);
    free(gen);
}

void generation_remake(struct gateway *g, struct generation *gen)
{
    memset(gen->arena.base, 0, gen->arena.size);
    gateway_clear_reserve(&gen->reserve);
    fill(g, gen);
}

void generation_continue(struct generation *gen, struct generation *before)
{
    int from[SETTINGS_BUSES_MAX];
    for (unsigned i = 0; i < gen->plan->bus_count; i++) {
        from[i] = lines_find(before, gen->lines[i]);
    }
    board_continue(&gen->board, &before->board);
    commit_continue(&gen->commit, &before->commit);
    atomic_store(&gen->trends.replaced, atomic_load(&before->trends.replaced));
    conditions_continue(&gen->conditions, &before->conditions, from, clock_boot_us());
    notices_continue(&gen->notices, &gen->report, &before->notices, &before->report, from);
}
