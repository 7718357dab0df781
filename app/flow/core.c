#include "app/flow/core.h"

#include <assert.h>
#include <string.h>

#include "hal/clock.h"

enum { CORE_FULL_US = 1000, CORE_RECORDS_SPARE = 1024 };

uint32_t core_record_slots(uint32_t records_max)
{
    uint32_t slots = CORE_RECORDS_SPARE;
    while (slots < records_max + CORE_RECORDS_SPARE) {
        slots *= 2;
    }
    return slots;
}

static void put_record(struct record_sink *sink, const struct record *record)
{
    struct core *core = (struct core *)(void *)sink; /* its first member */
    const bool pushed = ring_push(core->records, record);
    assert(pushed); /* no step is taken without room for all it can emit */
    (void)pushed;
    core->emitted++;
}

enum status core_init(struct core *core, struct arena *arena, const struct core_config *config)
{
    struct core_intake *intakes = ARENA_TAKE(arena, struct core_intake, config->runner_count);
    if (intakes == NULL) {
        return STATUS_OK;
    }
    memset(core, 0, sizeof *core);
    core->config = *config;
    core->sink.put = put_record;
    core->records = config->records;
    core->intakes = intakes;
    return wake_open(&core->wake);
}

static bool has_room(const struct core *core)
{
    return ring_room(core->records) >= engine_records_max(core->config.engine);
}

/* The oldest of a runner's observations that wait, or NULL. They are in order of time as its buses gave them. */
static const struct observation *head_of(const struct core *core, unsigned runner)
{
    struct core_intake *intake = &core->intakes[runner];
    if (intake->next == intake->count) {
        intake->next = 0;
        intake->count = ring_pop(&core->config.runners[runner].ring, intake->taken, CORE_INTAKE_SLOTS);
    }
    return intake->count > 0 ? &intake->taken[intake->next] : NULL;
}

/* The oldest observation of all runners, in engine time; false when none waits. */
static bool take_oldest(struct core *core, struct observation *out)
{
    const struct observation *oldest = NULL;
    unsigned of = 0;
    for (unsigned i = 0; i < core->config.runner_count; i++) {
        const struct observation *head = head_of(core, i);
        if (head != NULL && (oldest == NULL || head->at_ms < oldest->at_ms)) {
            oldest = head;
            of = i;
        }
    }
    if (oldest == NULL) {
        return false;
    }
    *out = *oldest;
    out->at_ms += core->config.timebase->anchor_ms;
    core->intakes[of].next++;
    return true;
}

/* Waits for room in the record ring; false when the gateway stops meanwhile. */
static bool wait_for_room(struct core *core)
{
    while (!has_room(core)) {
        if (atomic_load(&core->stop)) {
            return false;
        }
        wake_raise(core->config.store_wake);
        clock_sleep_until_us(clock_boot_us() + CORE_FULL_US);
    }
    return true;
}

/* Steps everything due up to `until_ms`. */
static void step_until(struct core *core, int64_t until_ms)
{
    struct engine *engine = core->config.engine;
    while (engine_next(engine) <= until_ms && wait_for_room(core)) {
        engine_step(engine, until_ms, &core->sink);
    }
}

static void observe(struct core *core, struct observation *o)
{
    struct engine *engine = core->config.engine;
    /* Another runner's answer may have moved the engine on by a hair: none is older than the engine's present. */
    if (o->at_ms < engine_now(engine)) {
        o->at_ms = engine_now(engine);
        atomic_fetch_add_explicit(&core->config.board->observations_late, 1, memory_order_relaxed);
    }
    step_until(core, o->at_ms - 1);
    if (engine_next(engine) < o->at_ms) {
        return; /* stopping without room: the next start goes on from the journal */
    }
    if (engine_observe(engine, o) && !ring_push(core->config.journal, o)) {
        atomic_fetch_add_explicit(&core->config.board->journal_dropped, 1, memory_order_relaxed);
    }
    atomic_fetch_add_explicit(&core->config.board->observations, 1, memory_order_relaxed);
}

static void show_news(struct core *core)
{
    bool any = false;
    for (uint16_t b = 0; b < core->config.bed_count; b++) {
        if (engine_take_news(core->config.engine, b)) {
            struct bed_view view;
            engine_view_bed(core->config.engine, b, &view);
            board_put(core->config.board, &view);
            any = true;
        }
    }
    if (any) {
        wake_raise(core->config.deliver_wake);
    }
}

/* What has arrived, then what is due; how many observations it took. As long as there may be more of them nothing else is due: they are older. */
static uint32_t pass(struct core *core, int64_t boot_us)
{
    struct observation o;
    uint32_t count = 0;
    for (; count < CORE_BATCH_MAX && take_oldest(core, &o); count++) {
        observe(core, &o);
    }
    if (count < CORE_BATCH_MAX) {
        step_until(core, timebase_engine_ms(core->config.timebase, boot_us));
    }
    return count;
}

/* The gateway's own conditions, at an instant that has been stepped: an observation may be newer than boot_us. */
static void look_at_conditions(struct core *core, int64_t boot_us)
{
    struct engine *engine = core->config.engine;
    const int64_t boot_ms = timebase_engine_ms(core->config.timebase, boot_us);
    const int64_t at_ms = boot_ms > engine_now(engine) ? boot_ms : engine_now(engine);
    step_until(core, at_ms);
    if (engine_next(engine) > at_ms) { /* else stopping without room */
        core->config.conditions(core->config.conditions_context, engine, at_ms, boot_us);
        step_until(core, at_ms);
    }
}

static int64_t next_wait_us(const struct core *core, int64_t boot_us)
{
    const int64_t idle_us = boot_us + CORE_IDLE_US;
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
    for (;;) {
        const bool stopping = atomic_load(&core->stop);
        const uint64_t emitted = core->emitted;
        const int64_t boot_us = clock_boot_us();
        atomic_store_explicit(&core->config.board->engine_alive_us, boot_us, memory_order_relaxed);
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
        (void)wake_wait_until(&core->wake, next_wait_us(core, boot_us));
    }
}

enum status core_start(struct core *core)
{
    return thread_start(&core->thread, "engine", run, core);
}

void core_stop(struct core *core)
{
    atomic_store(&core->stop, true);
    wake_raise(&core->wake);
    thread_join(&core->thread);
}
