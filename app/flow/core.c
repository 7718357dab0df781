#include "app/flow/core.h"

#include <assert.h>
#include <string.h>

#include "app/flow/order.h"
#include "hal/clock.h"

enum { CORE_FULL_US = 1000, CORE_HELD_US = 300, CORE_RECORDS_SPARE = 128 };

uint32_t core_record_slots(uint32_t records_max)
{
    uint32_t slots = CORE_RECORDS_SPARE;
    while (slots < records_max + CORE_RECORDS_SPARE) {
        slots *= 2;
    }
    return slots;
}

/* The store thread comes for it by itself every second; what comes faster than the ring can hold for so long calls it. */
static void pass_on_journal(struct core *core)
{
    struct ring *journal = core->config.journal;
    const uint32_t pushed = ring_push_batch(journal, core->journal, core->journal_count);
    atomic_fetch_add_explicit(&core->config.board->journal_dropped, core->journal_count - pushed, memory_order_relaxed);
    core->journal_count = 0;
    if (ring_count(journal) > ring_room(journal)) {
        wake_raise(core->config.store_wake);
    }
}

static void put_record(struct record_sink *sink, const struct record *record)
{
    struct core *core = (struct core *)(void *)sink; /* its first member */
    if (core->journal_count > 0) {
        pass_on_journal(core); /* whoever sees the record sees what it rests on */
    }
    const bool pushed = ring_push(core->records, record);
    assert(pushed); /* no step is taken without room for all it can emit */
    (void)pushed;
    if (record->kind == RECORD_ALERT && record->alert.priority == PRIORITY_HIGH && record->alert.phase != PHASE_END) {
        atomic_store_explicit(&core->config.board->high_seq, record->alert.seq, memory_order_relaxed);
    }
    core->emitted++;
}

void core_init(struct core *core, struct arena *arena, const struct core_config *config)
{
    struct core_intake *intakes = ARENA_TAKE(arena, struct core_intake, config->runner_count);
    if (intakes == NULL) {
        return;
    }
    memset(core, 0, sizeof *core);
    core->config = *config;
    core->sink.put = put_record;
    core->records = config->records;
    core->intakes = intakes;
}

static bool has_room(const struct core *core)
{
    return ring_room(core->records) >= engine_records_max(core->config.engine);
}

/* The oldest of a runner's observations that wait, or NULL. They are in order of time as its buses gave them. */
static const struct observation *head_of(struct core_intake *intake, struct runner *runner)
{
    if (intake->next == intake->count) {
        intake->next = 0;
        intake->count = ring_is_empty(&runner->ring) ? 0 : ring_pop(&runner->ring, intake->taken, CORE_INTAKE_SLOTS);
    }
    return intake->count > 0 ? &intake->taken[intake->next] : NULL;
}

static bool has_alarm(struct core_intake *intake, struct runner *runner)
{
    intake->has_alarm =
        intake->has_alarm || (!ring_is_empty(&runner->alarms) && ring_pop(&runner->alarms, &intake->alarm, 1) == 1);
    return intake->has_alarm;
}

/* --- what may still come ------------------------------------------------------------------------------------- */

/* The clock first: a runner that is seen asleep reads it later. */
static void look_ahead(struct core *core)
{
    int64_t horizon_us = clock_boot_us();
    for (unsigned i = 0; i < core->config.runner_count; i++) {
        const int64_t floor_us = atomic_load(&core->config.runners[i]->floor_us);
        const bool counts = floor_us != RUNNER_ASLEEP && floor_us != core->intakes[i].given_up_us;
        horizon_us = counts && floor_us < horizon_us ? floor_us : horizon_us;
    }
    core->horizon_us = horizon_us;
}

/* Whoever has not moved since then hangs. */
static void give_up_waiting(struct core *core)
{
    for (unsigned i = 0; i < core->config.runner_count; i++) {
        const int64_t floor_us = atomic_load(&core->config.runners[i]->floor_us);
        core->intakes[i].given_up_us = floor_us <= core->held_us ? floor_us : core->intakes[i].given_up_us;
    }
    core->held_us = 0;
}

/* Something waits for a runner. */
static void hold(struct core *core)
{
    const int64_t now_us = clock_boot_us();
    core->held_us = core->held_us != 0 ? core->held_us : now_us;
    if (now_us - core->held_us >= INT64_C(1000) * ORDER_LIVE_MS) {
        give_up_waiting(core);
    }
}

/* What is due cannot be stepped for a runner; or that takes its time. */
static bool is_behind(const struct core *core, int64_t boot_us)
{
    const int64_t next_ms = engine_next(core->config.engine);
    return boot_us > core->horizon_us && (next_ms <= timebase_engine_ms(core->config.timebase, boot_us) ||
                                          boot_us - core->horizon_us > INT64_C(1000) * ORDER_LIVE_MS);
}

/* Nothing older than it can come any more. A core that stops waits for nobody: another takes what comes then. */
static bool is_settled(const struct core *core, int64_t at_ms)
{
    return at_ms <= core->horizon_us / 1000 || atomic_load_explicit(&core->stop, memory_order_relaxed);
}

/* What is to be taken next, of all runners: one of the two, or neither. */
struct oldest {
    int64_t at_ms;
    const struct runner *runner;
    struct core_intake *intake;
    const struct observation *observation;
    const struct monitor_alarm *alarm;
};

/* Alarms are looked at first: whoever sees one in its ring sees the observations that were put before it, too. */
static struct oldest find_oldest(const struct core *core)
{
    struct oldest oldest = {.at_ms = INT64_MAX};
    for (unsigned i = 0; i < core->config.runner_count; i++) {
        struct core_intake *intake = &core->intakes[i];
        struct runner *runner = core->config.runners[i];
        const bool alarm = has_alarm(intake, runner);
        const struct observation *head = head_of(intake, runner);
        if (alarm && intake->alarm.at_ms < oldest.at_ms) {
            oldest = (struct oldest){intake->alarm.at_ms, runner, intake, NULL, &intake->alarm};
        }
        if (head != NULL && (head->at_ms < oldest.at_ms || (head->at_ms == oldest.at_ms && oldest.alarm != NULL))) {
            oldest = (struct oldest){head->at_ms, runner, intake, head, NULL};
        }
    }
    return oldest;
}

/* Where the engine has a bed that the runner knows by this index; BED_NONE: nowhere any more. */
static uint16_t bed_of(const struct runner *runner, uint16_t bed)
{
    return runner->bed_map == NULL ? bed : runner->bed_map[bed];
}

/* Also while it waits: then the store's thread is the one to be looked at. */
static void show_alive(struct core *core, int64_t boot_us)
{
    atomic_store_explicit(&core->config.board->engine_alive_us, boot_us, memory_order_relaxed);
}

/* Waits for room in the record ring; false when the gateway stops meanwhile. */
static bool wait_for_room(struct core *core)
{
    while (!has_room(core)) {
        if (atomic_load(&core->stop)) {
            return false;
        }
        wake_raise(core->config.store_wake);
        show_alive(core, clock_boot_us());
        clock_sleep_until_us(clock_boot_us() + CORE_FULL_US);
    }
    return true;
}

/* Steps everything due up to `until_ms`; false when it stops without room, perhaps amid an instant. */
static bool step_until(struct core *core, int64_t until_ms)
{
    struct engine *engine = core->config.engine;
    while (engine_next(engine) <= until_ms || engine_is_amid(engine)) {
        if (!wait_for_room(core)) {
            return false;
        }
        engine_step(engine, until_ms, &core->sink);
    }
    return true;
}

/* Turns a runner's instant into the engine's, nothing being older than its present; tells whether it is too late to be taken so.
 * A channel is one runner's, whose ring is in order: what it brings late is still the newest that is known. */
static bool is_late(struct core *core, int64_t *at_ms)
{
    const int64_t now_ms = engine_now(core->config.engine);
    *at_ms += core->config.timebase->anchor_ms;
    const bool late = *at_ms < now_ms - ORDER_TAKEN_MS;
    *at_ms = *at_ms > now_ms ? *at_ms : now_ms;
    if (late) {
        atomic_fetch_add_explicit(&core->config.board->observations_late, 1, memory_order_relaxed);
    }
    return late;
}

static void keep_in_journal(struct core *core, const struct observation *o)
{
    core->journal[core->journal_count] = *o;
    engine_journal(core->config.engine, &core->journal[core->journal_count]);
    if (++core->journal_count == CORE_JOURNAL_BATCH) {
        pass_on_journal(core);
    }
}

static bool observe(struct core *core, struct observation *o)
{
    if (is_late(core, &o->at_ms) && o->kind == OBSERVATION_VALUE) {
        o->quality = QUALITY_LATE;
    }
    if (!step_until(core, o->at_ms - 1)) {
        return false;
    }
    if (engine_observe(core->config.engine, o) && o->quality != QUALITY_LATE) {
        keep_in_journal(core, o);
    }
    atomic_fetch_add_explicit(&core->config.board->observations, 1, memory_order_relaxed);
    return true;
}

static bool observe_alarm(struct core *core, struct monitor_alarm *alarm)
{
    (void)is_late(core, &alarm->at_ms); /* it says how it is */
    if (!step_until(core, alarm->at_ms - 1)) {
        return false;
    }
    (void)engine_observe_alarm(core->config.engine, alarm);
    return true;
}

/* What was put while it looked ahead may be older still: it looks into the rings after that, never before. */
static struct oldest find_settled(struct core *core)
{
    struct oldest oldest = find_oldest(core);
    if (oldest.intake != NULL && oldest.at_ms > core->horizon_us / 1000) {
        look_ahead(core);
        oldest = find_oldest(core);
    }
    core->waits = oldest.intake != NULL && !is_settled(core, oldest.at_ms);
    return oldest;
}

/* Takes what is oldest; false when nothing waits, when that waits itself for a runner, or when it stops without room: then what is oldest still is. */
static bool take_oldest(struct core *core)
{
    const struct oldest oldest = find_settled(core);
    bool taken = false;
    if (core->waits) {
        return false;
    }
    if (oldest.alarm != NULL) {
        struct monitor_alarm alarm = *oldest.alarm;
        alarm.bed = bed_of(oldest.runner, alarm.bed);
        taken = alarm.bed == BED_NONE || observe_alarm(core, &alarm);
        oldest.intake->has_alarm = !taken;
    } else if (oldest.observation != NULL) {
        struct observation o = *oldest.observation;
        o.bed = bed_of(oldest.runner, o.bed);
        taken = o.bed == BED_NONE || observe(core, &o);
        oldest.intake->next += taken;
    }
    return taken;
}

static void show_news(struct core *core)
{
    const struct engine *engine = core->config.engine;
    bool wakes = false;
    for (uint16_t b; (b = engine_take_news(core->config.engine)) != BED_NONE;) {
        struct bed_view view;
        engine_view_bed(engine, b, &view);
        wakes |= board_put(core->config.board, &view);
    }
    if (wakes) {
        wake_raise(core->config.deliver_wake);
    }
}

/* Steps up to now, and tells the instant: an observation may be newer than boot_us. False: stopping without room. */
static bool step_to_now(struct core *core, int64_t boot_us, int64_t *out_ms)
{
    struct engine *engine = core->config.engine;
    const int64_t until_us = boot_us < core->horizon_us || atomic_load(&core->stop) ? boot_us : core->horizon_us;
    const int64_t boot_ms = timebase_engine_ms(core->config.timebase, until_us);
    *out_ms = boot_ms > engine_now(engine) ? boot_ms : engine_now(engine);
    return step_until(core, *out_ms);
}

/* One command of each ring. Without room it stays there, and its ring fills. */
static uint32_t take_commands(struct core *core, int64_t at_ms)
{
    uint32_t count = 0;
    for (unsigned i = 0; i < ORIGIN_COUNT; i++) {
        struct bed_command command;
        struct ring *commands = core->config.commands[i];
        if (commands != NULL && has_room(core) && ring_pop(commands, &command, 1) == 1) {
            engine_command(core->config.engine, at_ms, &command);
            count++;
            if (!step_until(core, at_ms)) {
                break;
            }
        }
    }
    return count;
}

/* What has arrived, then what is due, then commands; how much it took. As long as there may be more observations nothing else is due: they are older. */
static uint32_t pass(struct core *core, int64_t boot_us)
{
    int64_t at_ms;
    uint32_t count = 0;
    core->waits = false;
    look_ahead(core);
    while (count < CORE_BATCH_MAX && take_oldest(core)) {
        count++;
    }
    if (core->waits || is_behind(core, boot_us)) {
        hold(core);
    } else {
        core->held_us = 0;
    }
    if (core->journal_count > 0) {
        pass_on_journal(core);
    }
    if (count < CORE_BATCH_MAX && step_to_now(core, boot_us, &at_ms)) {
        count += take_commands(core, at_ms);
    }
    return count;
}

/* The gateway's own conditions. */
static void look_at_conditions(struct core *core, int64_t boot_us)
{
    int64_t at_ms;
    struct engine_counts counts;
    engine_count(core->config.engine, &counts);
    atomic_store_explicit(&core->config.board->observations_replaced, counts.replaced, memory_order_relaxed);
    atomic_store_explicit(&core->config.board->window_overruns, counts.overruns, memory_order_relaxed);
    atomic_store_explicit(&core->config.board->alarms_dropped, counts.reported_dropped, memory_order_relaxed);
    if (step_to_now(core, boot_us, &at_ms)) {
        core->config.conditions(core->config.conditions_context, core->config.engine, at_ms, boot_us);
        (void)step_until(core, at_ms); /* without room: the next core goes on with it */
    }
}

static int64_t next_wait_us(const struct core *core, int64_t boot_us)
{
    const int64_t idle_us = boot_us + (core->held_us != 0 ? CORE_HELD_US : CORE_IDLE_US);
    if (core->held_us != 0) {
        return idle_us;
    }
    const int64_t next_ms = engine_next(core->config.engine);
    if (next_ms == SERIES_NEVER) {
        return idle_us;
    }
    const int64_t next_us = timebase_boot_us(core->config.timebase, next_ms);
    return next_us < idle_us ? next_us : idle_us;
}

static void *run(void *argument)
{
    struct core *core = argument;
    int64_t conditions_us = 0;
    thread_give_way();
    for (;;) {
        const bool stopping = atomic_load(&core->stop);
        const uint64_t emitted = core->emitted;
        const int64_t boot_us = clock_boot_us();
        show_alive(core, boot_us);
        const uint32_t taken = pass(core, boot_us);
        if (taken < CORE_BATCH_MAX && boot_us - conditions_us >= CORE_IDLE_US) {
            conditions_us = boot_us;
            look_at_conditions(core, boot_us);
        }
        if (core->emitted != emitted) {
            wake_raise(core->config.store_wake);
        }
        show_news(core);
        if (taken > 0) {
            continue;
        }
        if (stopping) {
            return NULL;
        }
        (void)wake_wait_until(core->config.wake, next_wait_us(core, boot_us));
    }
}

void core_announce(struct core *core)
{
    atomic_store(&core->stop, true); /* nobody makes room yet: not waited for */
    (void)step_until(core, engine_now(core->config.engine));
}

enum status core_start(struct core *core)
{
    atomic_store(&core->stop, false);
    return thread_start(&core->thread, "engine", run, core);
}

void core_stop(struct core *core)
{
    atomic_store(&core->stop, true);
    wake_raise(core->config.wake);
    thread_join(&core->thread);
}

bool core_has_left(const struct core *core)
{
    bool left = engine_next(core->config.engine) <= engine_now(core->config.engine);
    for (unsigned i = 0; i < core->config.runner_count; i++) {
        left |= core->intakes[i].has_alarm || core->intakes[i].next < core->intakes[i].count;
    }
    for (unsigned i = 0; i < ORIGIN_COUNT; i++) {
        left |= core->config.commands[i] != NULL && ring_count(core->config.commands[i]) > 0;
    }
    return left;
}

bool core_retire(struct core *core, const struct engine_config *next, int64_t *out_ms)
{
    struct engine *engine = core->config.engine;
    const int64_t at_ms = engine_now(engine);
    engine_retire(engine, at_ms, next);
    *out_ms = at_ms;
    return step_until(core, at_ms); /* it stops already: it does not wait for room */
}
