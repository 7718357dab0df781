#include "app/flow/conditions.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "hal/clock.h"

void conditions_init(struct conditions *conditions, struct arena *arena, uint16_t bus_count)
{
    int64_t *open_us = ARENA_TAKE(arena, int64_t, bus_count);
    struct condition_turns *turns = ARENA_TAKE(arena, struct condition_turns, bus_count);
    if (conditions != NULL) {
        conditions->bus_open_us = open_us;
        conditions->bus_turns = turns;
        conditions->bus_count = bus_count;
    }
}

void conditions_start(struct conditions *conditions, int64_t boot_us)
{
    conditions->started_us = boot_us;
    conditions->synced_us = boot_us;
    for (unsigned i = 0; i < conditions->bus_count; i++) {
        conditions->bus_open_us[i] = boot_us;
        conditions->bus_turns[i] = (struct condition_turns){.since_us = boot_us};
    }
}

void conditions_continue(struct conditions *conditions, const struct conditions *before, const int *from,
                         int64_t boot_us)
{
    conditions->started_us = before->started_us;
    conditions->synced_us = before->synced_us;
    for (unsigned i = 0; i < conditions->bus_count; i++) {
        conditions->bus_open_us[i] = from[i] >= 0 ? before->bus_open_us[from[i]] : boot_us;
        conditions->bus_turns[i] =
            from[i] >= 0 ? before->bus_turns[from[i]] : (struct condition_turns){.since_us = boot_us};
    }
}

static void add_name(char *detail, const char *name)
{
    const size_t length = strlen(detail);
    (void)snprintf(detail + length, ALERT_DETAIL_MAX - length, "%s%s", length > 0 ? ", " : "", name);
}

static void judge_buses(struct conditions *c, struct engine *engine, int64_t engine_ms, int64_t boot_us)
{
    char detail[ALERT_DETAIL_MAX] = "";
    for (unsigned i = 0; i < c->bus_count; i++) {
        const struct bus_health *health = c->buses[i].driver->health(c->buses[i].bus);
        enum line_state state = LINE_CLOSED;
        if (atomic_load_explicit(&health->state, memory_order_relaxed) == BUS_OPEN) {
            c->bus_open_us[i] = boot_us;
            state = LINE_OPEN;
        } else if (boot_us - c->bus_open_us[i] >= CONDITION_BUS_DOWN_US) {
            add_name(detail, c->configs[i].name);
            state = LINE_DOWN;
        }
        engine_line(engine, engine_ms, (uint16_t)i, state);
    }
    engine_condition(engine, engine_ms, BUILTIN_bus_down, detail[0] != '\0', PRIORITY_NONE, detail);
}

static void judge_turns(struct condition_turns *turns, const struct bus_health *health, int64_t boot_us)
{
    const unsigned came = atomic_load_explicit(&health->turns, memory_order_relaxed);
    const unsigned missed = atomic_load_explicit(&health->missed, memory_order_relaxed);
    if (boot_us - turns->since_us >= CONDITION_TURNS_US) {
        const uint64_t missed_now = missed - turns->missed;
        *turns = (struct condition_turns){.since_us = boot_us,
                                          .turns = came,
                                          .missed = missed,
                                          .overbooked = missed_now * CONDITION_TURNS_MISSED > came - turns->turns};
    }
}

static void judge_load(struct conditions *c, struct engine *engine, int64_t engine_ms, int64_t boot_us)
{
    char detail[ALERT_DETAIL_MAX] = "";
    for (unsigned i = 0; i < c->bus_count; i++) {
        judge_turns(&c->bus_turns[i], c->buses[i].driver->health(c->buses[i].bus), boot_us);
        if (c->bus_turns[i].overbooked) {
            add_name(detail, c->configs[i].name);
        }
    }
    engine_condition(engine, engine_ms, BUILTIN_bus_overbooked, detail[0] != '\0', PRIORITY_NONE, detail);
}

static void judge_store(struct conditions *c, struct engine *engine, int64_t engine_ms, int64_t boot_us)
{
    const bool failing = store_state_is_failing(c->store_state, boot_us);
    const char *detail = failing ? status_text(store_state_status(c->store_state)) : "";
    engine_condition(engine, engine_ms, BUILTIN_store_failing, failing, PRIORITY_NONE, detail);
    engine_condition(engine, engine_ms, BUILTIN_store_replaced, atomic_load(&c->store_state->replaced), PRIORITY_NONE,
                     "");
}

static void judge_uplink(struct conditions *c, struct engine *engine, int64_t engine_ms, int64_t boot_us)
{
    const bool connected = atomic_load_explicit(&c->board->uplink_connected, memory_order_relaxed);
    const int64_t changed_us = atomic_load_explicit(&c->board->uplink_changed_us, memory_order_relaxed);
    const int64_t since_us = changed_us > c->started_us ? changed_us : c->started_us;
    engine_condition(engine, engine_ms, BUILTIN_uplink_down,
                     !connected && boot_us - since_us >= CONDITION_UPLINK_DOWN_US, PRIORITY_NONE, "");
}

static void judge_audience(const struct conditions *c, struct engine *engine, int64_t engine_ms, int64_t boot_us)
{
    const int64_t refused_us = atomic_load_explicit(&c->board->uplink_refused_us, memory_order_relaxed);
    const bool refused = refused_us != 0 && boot_us - refused_us < CONDITION_REFUSED_US;
    const bool unheard = atomic_load_explicit(&c->board->uplink_unheard, memory_order_relaxed);
    engine_condition(engine, engine_ms, BUILTIN_refused_publish, refused, PRIORITY_NONE, "");
    engine_condition(engine, engine_ms, BUILTIN_nobody_listening, unheard, PRIORITY_NONE, "");
}

enum priority conditions_certificate(const struct uplink_certificate *first_end, int64_t wall_ms,
                                     char detail[ALERT_DETAIL_MAX])
{
    static const int64_t day_ms = INT64_C(86400000);
    const int64_t left_ms = first_end->ends_ms - wall_ms;
    const time_t ends_s = (time_t)(first_end->ends_ms / 1000);
    struct tm day;
    detail[0] = '\0';
    if (first_end->ends_ms == 0 || left_ms > CONDITION_ENDS_DAYS * day_ms || gmtime_r(&ends_s, &day) == NULL) {
        return PRIORITY_NONE;
    }
    (void)snprintf(detail, ALERT_DETAIL_MAX, "%.48s %s %04d-%02d-%02d", first_end->name, left_ms > 0 ? "ends" : "ended",
                   day.tm_year + 1900, day.tm_mon + 1, day.tm_mday);
    return left_ms > CONDITION_ENDS_SOON_DAYS * day_ms ? PRIORITY_LOW : PRIORITY_MEDIUM;
}

/* A clock that may be wrong says nothing of certificates, neither that one ends nor that it does not. */
static void judge_certificates(const struct conditions *c, struct engine *engine, int64_t engine_ms, bool synced)
{
    struct uplink_certificate first_end;
    char detail[ALERT_DETAIL_MAX];
    if (!synced) {
        return;
    }
    board_take_certificate(c->board, &first_end);
    const enum priority priority = conditions_certificate(&first_end, clock_wall_ms(), detail);
    engine_condition(engine, engine_ms, BUILTIN_certificate_expiring, priority != PRIORITY_NONE, priority, detail);
}

static void judge_clock(struct conditions *c, struct engine *engine, int64_t engine_ms, int64_t boot_us, bool synced)
{
    if (synced) {
        c->synced_us = boot_us;
    }
    engine_clock_synced(engine, synced);
    engine_condition(engine, engine_ms, BUILTIN_clock_unsynced, boot_us - c->synced_us >= CONDITION_UNSYNCED_US,
                     PRIORITY_NONE, "");
}

static bool is_stuck(const atomic_llong *alive_us, int64_t boot_us)
{
    const int64_t at_us = atomic_load_explicit(alive_us, memory_order_relaxed);
    return at_us != 0 && boot_us - at_us >= CONDITION_STUCK_US;
}

static void judge_threads(struct conditions *c, struct engine *engine, int64_t engine_ms, int64_t boot_us)
{
    char detail[ALERT_DETAIL_MAX] = "";
    for (unsigned i = 0; i < c->runner_count; i++) {
        if (is_stuck(&c->runners[i]->alive_us, boot_us)) {
            add_name(detail, c->runner_names[i]);
        }
    }
    if (is_stuck(&c->board->store_alive_us, boot_us)) {
        add_name(detail, "store");
    }
    if (is_stuck(&c->board->deliver_alive_us, boot_us)) {
        add_name(detail, "uplink");
    }
    engine_condition(engine, engine_ms, BUILTIN_thread_stuck, detail[0] != '\0', PRIORITY_NONE, detail);
}

void conditions_apply(void *context, struct engine *engine, int64_t engine_ms, int64_t boot_us)
{
    struct conditions *c = context;
    const bool synced = clock_is_synchronised();
    judge_buses(c, engine, engine_ms, boot_us);
    judge_load(c, engine, engine_ms, boot_us);
    judge_store(c, engine, engine_ms, boot_us);
    judge_uplink(c, engine, engine_ms, boot_us);
    judge_audience(c, engine, engine_ms, boot_us);
    judge_certificates(c, engine, engine_ms, synced);
    judge_clock(c, engine, engine_ms, boot_us, synced);
    judge_threads(c, engine, engine_ms, boot_us);
}
