#include "app/flow/conditions.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "app/engine/builtin_delay.h"
#include "hal/clock.h"

void conditions_init(struct conditions *conditions, struct arena *arena, uint16_t bus_count)
{
    struct line_kept *kept = ARENA_TAKE(arena, struct line_kept, bus_count);
    struct line_look *looks = ARENA_TAKE(arena, struct line_look, bus_count);
    struct line_silence *silences = ARENA_TAKE(arena, struct line_silence, bus_count);
    struct condition_turns *turns = ARENA_TAKE(arena, struct condition_turns, bus_count);
    if (conditions != NULL) {
        conditions->lines = (struct lines){.kept = kept, .looks = looks, .count = bus_count};
        conditions->silences = silences;
        conditions->bus_turns = turns;
        conditions->bus_count = bus_count;
    }
}

void conditions_start(struct conditions *conditions, int64_t boot_us)
{
    conditions->started_us = boot_us;
    conditions->synced_us = boot_us;
    conditions->was_synced = false;
    for (unsigned i = 0; i < conditions->bus_count; i++) {
        conditions->lines.kept[i] = (struct line_kept){.open_us = boot_us};
        conditions->bus_turns[i] = (struct condition_turns){.since_us = boot_us};
    }
}

/* By its name: whether it was down does not hang on what else was changed of it. */
static struct line_kept keep_line(const struct conditions *before, const char *name, int64_t boot_us)
{
    unsigned i = 0;
    while (i < before->bus_count && strcmp(before->configs[i].name, name) != 0) {
        i++;
    }
    return i < before->bus_count ? before->lines.kept[i] : (struct line_kept){.open_us = boot_us};
}

void conditions_continue(struct conditions *conditions, const struct conditions *before, const int *from,
                         int64_t boot_us)
{
    conditions->started_us = before->started_us;
    conditions->synced_us = before->synced_us;
    conditions->was_synced = before->was_synced;
    for (unsigned i = 0; i < conditions->bus_count; i++) {
        conditions->lines.kept[i] = keep_line(before, conditions->configs[i].name, boot_us);
        conditions->bus_turns[i] =
            from[i] >= 0 ? before->bus_turns[from[i]] : (struct condition_turns){.since_us = boot_us};
    }
}

static void add_name(char *detail, const char *name)
{
    const size_t length = strlen(detail);
    (void)snprintf(detail + length, ALERT_DETAIL_MAX - length, "%s%s", length > 0 ? ", " : "", name);
}

/* How long the thread that steps this bus has made no round; 0: it has not begun. */
static int64_t still_us(const struct conditions *c, unsigned bus, int64_t boot_us)
{
    const int64_t at_us =
        c->bus_runners != NULL ? atomic_load_explicit(&c->bus_runners[bus]->alive_us, memory_order_relaxed) : 0;
    return at_us != 0 ? boot_us - at_us : 0;
}

static void look_at_lines(struct conditions *c, const struct engine *engine, int64_t engine_ms, int64_t boot_us)
{
    engine_hear_lines(engine, engine_ms, 0, c->lines.count, c->silences);
    for (unsigned i = 0; i < c->lines.count; i++) {
        const struct bus_health *health = c->buses[i].driver->health(c->buses[i].bus);
        c->lines.looks[i] =
            (struct line_look){.open = atomic_load_explicit(&health->state, memory_order_relaxed) == BUS_OPEN,
                               .networked = c->configs[i].host != NULL,
                               .still_us = still_us(c, i, boot_us),
                               .silence = c->silences[i]};
    }
}

void conditions_lines(struct conditions *c, struct engine *engine, int64_t engine_ms, int64_t boot_us)
{
    char detail[ALERT_DETAIL_MAX] = "";
    look_at_lines(c, engine, engine_ms, boot_us);
    lines_judge(&c->lines, boot_us);
    for (unsigned i = 0; i < c->lines.count; i++) {
        const struct line_kept *kept = &c->lines.kept[i];
        engine_line(engine, engine_ms, (uint16_t)i, kept->state);
        if (kept->state == LINE_DOWN) {
            char name[BUS_NAME_MAX + 32];
            (void)snprintf(name, sizeof name, "%s%s", c->configs[i].name, line_fault_text(kept->fault));
            add_name(detail, name);
        }
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
    const unsigned times = atomic_load(&c->store_state->replaced);
    const bool trends = c->trends_replaced != NULL && atomic_load(c->trends_replaced);
    char often[ALERT_DETAIL_MAX] = "";
    if (times > 1) { /* each one is news: the engine tells all alarms anew */
        (void)snprintf(often, sizeof often, "%u times since the start", times);
    }
    engine_condition(engine, engine_ms, BUILTIN_store_replaced, times > 0 || trends, PRIORITY_NONE,
                     times == 0 && trends ? CONDITION_TRENDS_ONLY : often);
}

static void judge_uplink(struct conditions *c, struct engine *engine, int64_t engine_ms, int64_t boot_us)
{
    const bool connected = atomic_load_explicit(&c->board->uplink_connected, memory_order_relaxed);
    const int64_t changed_us = atomic_load_explicit(&c->board->uplink_changed_us, memory_order_relaxed);
    const int64_t since_us = changed_us > c->started_us ? changed_us : c->started_us;
    engine_condition(engine, engine_ms, BUILTIN_uplink_down,
                     !connected && boot_us - since_us >= CONDITION_UPLINK_DOWN_US, PRIORITY_NONE, "");
}

/* Before a connection has lasted for a minute nobody knows who is there: what was so stays so. */
static bool knows_boards(const struct conditions *c, int64_t boot_us)
{
    return atomic_load_explicit(&c->board->uplink_connected, memory_order_relaxed) &&
           boot_us - atomic_load_explicit(&c->board->boards_known_us, memory_order_relaxed) >= CONDITION_BOARDS_US;
}

static void judge_boards(const struct conditions *c, struct engine *engine, int64_t engine_ms, int64_t boot_us,
                         bool unheard)
{
    const unsigned lately = atomic_load_explicit(&c->board->boards_lately, memory_order_relaxed);
    const bool enough = lately >= c->boards_expected;
    const bool known = enough || knows_boards(c, boot_us);
    const bool none = known && !enough && lately == 0;
    char detail[ALERT_DETAIL_MAX] = "";
    if (!enough) {
        (void)snprintf(detail, sizeof detail, "%u of %u", lately, c->boards_expected);
    }
    if (known || unheard || lately > 0) {
        engine_condition(engine, engine_ms, BUILTIN_nobody_listening, unheard || none, PRIORITY_NONE,
                         none ? "no board" : "");
    }
    if (known) {
        engine_condition(engine, engine_ms, BUILTIN_board_missing, !enough && !none, PRIORITY_NONE, detail);
    }
}

static void judge_audience(const struct conditions *c, struct engine *engine, int64_t engine_ms, int64_t boot_us)
{
    const int64_t refused_us = atomic_load_explicit(&c->board->uplink_refused_us, memory_order_relaxed);
    const bool aside = atomic_load_explicit(&c->board->uplink_aside, memory_order_relaxed);
    const bool refused = aside || (refused_us != 0 && boot_us - refused_us < CONDITION_REFUSED_US);
    char detail[ALERT_DETAIL_MAX] = "";
    const bool unheard = atomic_load_explicit(&c->board->uplink_unheard, memory_order_relaxed);
    if (refused) {
        board_take_refused(c->board, detail);
    }
    engine_condition(engine, engine_ms, BUILTIN_refused_publish, refused, PRIORITY_NONE, detail);
    judge_boards(c, engine, engine_ms, boot_us, unheard);
}

/* A line's monitors are awaited as long as the slowest of any line; lines that fall silent together are told together. */
static int64_t line_delay_us(const struct engine_config *config)
{
    const int64_t patience_us = builtin_lines_patience_ms(config) * 1000;
    return (patience_us > LINES_CLOSED_US ? patience_us : LINES_CLOSED_US) + LINES_HELD_US;
}

struct condition_times conditions_times(const struct engine_config *config, enum builtin_alarm alarm)
{
    switch ((unsigned)alarm) {
    case BUILTIN_bus_down:
        return (struct condition_times){.delay_us = line_delay_us(config)};
    case BUILTIN_bus_overbooked:
        return (struct condition_times){.window_us = CONDITION_TURNS_US};
    case BUILTIN_store_failing:
        return (struct condition_times){.delay_us = COMMIT_DIRECT_US};
    case BUILTIN_uplink_down:
        return (struct condition_times){.delay_us = CONDITION_UPLINK_DOWN_US};
    case BUILTIN_nobody_listening:
    case BUILTIN_board_missing:
        return (struct condition_times){.delay_us = CONDITION_BOARDS_US};
    case BUILTIN_refused_publish:
        return (struct condition_times){.clear_delay_us = CONDITION_REFUSED_US};
    case BUILTIN_clock_unsynced:
        return (struct condition_times){.delay_us = CONDITION_UNSYNCED_US};
    case BUILTIN_thread_stuck:
        return (struct condition_times){.delay_us = CONDITION_STUCK_US};
    default:
        return (struct condition_times){0};
    }
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

/* Of a clock that has no time source yet nothing is said before its time, so that an alarm from before a restart does not end and begin
 * anew. */
static void judge_clock(struct conditions *c, struct engine *engine, int64_t engine_ms, int64_t boot_us, bool synced)
{
    const bool has_waited = boot_us - c->synced_us >= CONDITION_UNSYNCED_US;
    if (synced) {
        c->synced_us = boot_us;
        c->was_synced = true;
    }
    engine_clock_synced(engine, synced);
    if (synced || has_waited) {
        engine_condition(engine, engine_ms, BUILTIN_clock_unsynced, !synced, PRIORITY_NONE,
                         synced          ? ""
                         : c->was_synced ? "its time source is lost"
                                         : "no time source since the start");
    }
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
    conditions_lines(c, engine, engine_ms, boot_us);
    judge_load(c, engine, engine_ms, boot_us);
    judge_store(c, engine, engine_ms, boot_us);
    judge_uplink(c, engine, engine_ms, boot_us);
    judge_audience(c, engine, engine_ms, boot_us);
    judge_certificates(c, engine, engine_ms, synced);
    judge_clock(c, engine, engine_ms, boot_us, synced);
    judge_threads(c, engine, engine_ms, boot_us);
}
