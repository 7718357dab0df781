/*
 * core_bench.h: the engine's thread between rings that a test fills and empties: three beds with one rule, three runners, a minute of time behind it. Included
 * by one file of a program.
 */
#ifndef WARDGATE_TESTS_CORE_BENCH_H
#define WARDGATE_TESTS_CORE_BENCH_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/flow/core.h"
#include "hal/clock.h"

#define BEDS        3
#define RUNNERS     3
#define ANCHOR_MS   1000000000000
#define ARENA_BYTES (16U << 20)

static struct channel_config channel = {
    .vital = VITAL_hr, .period_ms = 1000, .stale_ms = 10000, .low_milli = 0, .high_milli = 300000};
static struct bed_config beds[BEDS];
static struct rule rule;
static struct engine_config config;

static alignas(64) unsigned char storage[ARENA_BYTES];
static struct arena arena;
static struct core core;
static struct board board;
static struct runner runners[RUNNERS], *runner_list[RUNNERS];
static struct ring records, journal, commands[ORIGIN_COUNT];
static bool reports_alarms; /* every bed's monitor tells alarms by name */
static struct wake core_wake, store_wake, deliver_wake;
static struct timebase timebase = {.anchor_ms = ANCHOR_MS};
static struct engine *engine;
static int64_t begin_ms; /* boot time: what runners stamp with */
static unsigned looks, early_looks;

/* Called only when everything up to its instant has been stepped. */
static inline void look(void *context, struct engine *of, int64_t engine_ms, int64_t boot_us)
{
    assert_ptr_equal(context, &looks);
    looks++;
    early_looks += engine_next(of) <= engine_ms || engine_now(of) > engine_ms ? 1 : 0;
    const int64_t until_us = boot_us < core.horizon_us ? boot_us : core.horizon_us; /* a runner may be waited for */
    assert_true(until_us / 1000 + ANCHOR_MS <= engine_ms);
}

static inline void make_config(void)
{
    static const struct parameter_names names = {.names = {"limit"}, .count = 1};
    static const char *const ids[BEDS] = {"b1", "b2", "b3"};
    struct expression_fault fault;
    memset(&rule, 0, sizeof rule);
    rule = (struct rule){.name = "hr_high", .text = "", .advice = "", .priority = PRIORITY_HIGH, .parameter_count = 1};
    rule.unknown_after_ms = rule_unknown_after_ms(PRIORITY_HIGH);
    rule.parameters[0].name = "limit";
    for (unsigned c = 0; c < CLASS_COUNT; c++) {
        rule.parameters[0].has[c] = true;
        rule.parameters[0].value_milli[c] = 120000;
    }
    assert_true(expression_compile("hr > limit", &names, 700, &rule.when, &fault));
    for (unsigned b = 0; b < BEDS; b++) {
        beds[b] = (struct bed_config){.reports_alarms = reports_alarms,
                                      .id = ids[b],
                                      .channels = &channel,
                                      .channel_count = 1,
                                      .monitor_count = 1,
                                      .monitor_period_ms = {1000}};
    }
    config =
        (struct engine_config){.beds = beds, .rules = &rule, .bed_count = BEDS, .rule_count = 1, .stay_after_ms = 1};
}

static inline void make_core(uint32_t record_slots, uint32_t journal_slots)
{
    make_config();
    memset(storage, 0, sizeof storage);
    memset(runners, 0, sizeof runners);
    arena = (struct arena){.base = storage, .size = sizeof storage};
    engine = engine_make(&arena, &config);
    board_init(&board, &arena, BEDS);
    atomic_store(&board.observations, 0);
    atomic_store(&board.observations_late, 0);
    atomic_store(&board.journal_dropped, 0);
    for (unsigned r = 0; r < RUNNERS; r++) {
        runner_list[r] = &runners[r];
        ring_init(&runners[r].ring, &arena, ACQUIRE_RING_SLOTS, sizeof(struct observation));
        ring_init(&runners[r].alarms, &arena, ACQUIRE_ALARM_SLOTS, sizeof(struct monitor_alarm));
    }
    ring_init(&records, &arena, record_slots, sizeof(struct record));
    ring_init(&journal, &arena, journal_slots, sizeof(struct observation));
    for (unsigned i = 0; i < ORIGIN_COUNT; i++) {
        ring_init(&commands[i], &arena, CORE_COMMAND_SLOTS, sizeof(struct bed_command));
    }
    const struct core_config core_config = {.engine = engine,
                                            .runners = runner_list,
                                            .runner_count = RUNNERS,
                                            .bed_count = BEDS,
                                            .wake = &core_wake,
                                            .timebase = &timebase,
                                            .commands = {&commands[ORIGIN_BROKER], &commands[ORIGIN_LOCAL]},
                                            .records = &records,
                                            .journal = &journal,
                                            .store_wake = &store_wake,
                                            .deliver_wake = &deliver_wake,
                                            .board = &board,
                                            .conditions = look,
                                            .conditions_context = &looks};
    core_init(&core, &arena, &core_config);
    looks = 0;
    early_looks = 0;
    begin_ms = clock_boot_us() / 1000 - 60000;
    engine_begin(engine, begin_ms + ANCHOR_MS);
    for (uint16_t b = 0; b < BEDS; b++) {
        engine_admit(engine, b, begin_ms + ANCHOR_MS);
    }
}

static inline int set_up(void **state)
{
    (void)state;
    reports_alarms = false;
    assert_int_equal(wake_open(&core_wake), STATUS_OK);
    assert_int_equal(wake_open(&store_wake), STATUS_OK);
    assert_int_equal(wake_open(&deliver_wake), STATUS_OK);
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    wake_close(&core_wake);
    wake_close(&store_wake);
    wake_close(&deliver_wake);
    return 0;
}

static inline void push(unsigned runner, int64_t after_ms, uint16_t bed, int32_t hr)
{
    const struct observation o = {
        .at_ms = begin_ms + after_ms, .bed = bed, .vital = VITAL_hr, .value_milli = hr * 1000};
    assert_true(ring_push(&runners[runner].ring, &o));
}

static inline void run_to_the_end(void)
{
    assert_int_equal(core_start(&core), STATUS_OK);
    core_stop(&core);
    assert_int_equal(early_looks, 0);
}

#endif
