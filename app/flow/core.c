#include "app/flow/core.h"

#include <assert.h>
#include <string.h>

#include "app/flow/order.h"
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
    struct observation *batch = ARENA_TAKE(arena, struct observation, CORE_BATCH_MAX);
    struct observation *spare = ARENA_TAKE(arena, struct observation, CORE_BATCH_MAX);
    if (batch == NULL) {
        return STATUS_OK;
    }
    memset(core, 0, sizeof *core);
    core->config = *config;
    core->sink.put = put_record;
    core->records = config->records;
    core->batch = batch;
    core->spare = spare;
    return wake_open(&core->wake);
}

static bool has_room(const struct core *core)
{
    return ring_room(core->records) >= engine_records_max(core->config.engine);
}

/* Fair between runners: each gets an equal part of the batch. */
static uint32_t gather(struct core *core)
{
    const uint32_t share = CORE_BATCH_MAX / core->config.runner_count;
    uint32_t count = 0;
    for (unsigned i = 0; i < core->config.runner_count; i++) {
        count += ring_pop(&core->config.runners[i].ring, core->batch + count, share > 0 ? share : 1);
    }
    for (uint32_t i = 0; i < count; i++) {
        core->batch[i].at_ms += core->config.timebase->anchor_ms;
    }
    observations_sort(core->batch, core->spare, count);
    return count;
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
    /* Another runner's pass may have moved the engine on by a hair: an answer is no older than the engine's present. */
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

/* One pass: what had arrived when it began, then what is due. */
static uint32_t pass(struct core *core, int64_t boot_us)
{
    const uint64_t emitted = core->emitted;
    const int64_t now_ms = timebase_engine_ms(core->config.timebase, boot_us);
    const uint32_t count = has_room(core) ? gather(core) : 0;
    for (uint32_t i = 0; i < count; i++) {
        observe(core, &core->batch[i]);
    }
    step_until(core, now_ms);
    if (core->emitted != emitted) {
        wake_raise(core->config.store_wake);
    }
    show_news(core);
    return count;
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
        const int64_t boot_us = clock_boot_us();
        atomic_store_explicit(&core->config.board->engine_alive_us, boot_us, memory_order_relaxed);
        if (boot_us - conditions_us >= CORE_IDLE_US) {
            conditions_us = boot_us;
            const int64_t engine_ms = timebase_engine_ms(core->config.timebase, boot_us);
            step_until(core, engine_ms);
            core->config.conditions(core->config.conditions_context, core->config.engine, engine_ms, boot_us);
        }
        const uint32_t taken = pass(core, boot_us);
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
