/* Room for the records of one step: a ward of 64 beds at which everything begins, is escalated, lost and left at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/engine/engine_internal.h"

enum { BEDS = 64, EMPTY = BEDS - 1, RULES = 8, WARD_RULES = 2, SIGNALS = 8 };

static const char *const rule_names[RULES] = {"r0", "r1", "r2", "r3", "r4", "r5", "w0", "w1"};
static const char *const signal_names[SIGNALS] = {"s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7"};
static char ids[BEDS][8];
static struct bed_config beds[BEDS];
static struct rule rules[RULES];
static struct signal_config signals[SIGNALS];
static const struct channel_config channels[] = {
    {.vital = VITAL_hr, .period_ms = 1000, .stale_ms = 10000, .low_milli = 0, .high_milli = 300000},
    {.vital = VITAL_spo2, .period_ms = 1000, .stale_ms = 10000, .low_milli = 0, .high_milli = 100000}};
static const struct engine_config config = {.beds = beds,
                                            .rules = rules,
                                            .bed_count = BEDS,
                                            .rule_count = RULES,
                                            .stay_after_ms = 600000,
                                            .pause = {.audio_ms = 60000, .audio_ms_max = 60000}};
static struct engine *engine;
static struct arena arena;

struct taken {
    struct record_sink sink; /* first */
    unsigned in_step, most, all;
};
static struct taken taken;

static void put(struct record_sink *sink, const struct record *record)
{
    (void)sink;
    (void)record;
    taken.in_step++;
    taken.all++;
}

static void configure_rule(unsigned number)
{
    static const struct parameter_names no_names = {.count = 0};
    struct expression_fault fault;
    struct rule *rule = &rules[number];
    *rule = (struct rule){.name = rule_names[number], .text = "", .advice = "", .priority = PRIORITY_MEDIUM};
    rule->unknown_after_ms = 1000;
    rule->latching = number % 2 == 0;
    rule->is_of_ward = number >= RULES - WARD_RULES;
    rule->beds = rule->is_of_ward ? BEDS / 2 : 0;
    rule->escalate_ms = rule->is_of_ward ? 0 : 5000;
    rule->escalate_to = PRIORITY_HIGH;
    assert_true(expression_compile(number % 2 == 0 ? "hr > 120" : "spo2 < 90", &no_names, 700, &rule->when, &fault));
}

static int set_up(void **state)
{
    (void)state;
    for (unsigned r = 0; r < RULES; r++) {
        configure_rule(r);
    }
    for (unsigned s = 0; s < SIGNALS; s++) {
        signals[s] = (struct signal_config){
            .name = signal_names[s], .text = "", .means = SIGNAL_monitor_alarm_high, .number = (uint8_t)s};
    }
    for (unsigned b = 0; b < BEDS; b++) {
        (void)snprintf(ids[b], sizeof ids[b], "b%u", b);
        beds[b] = (struct bed_config){.id = ids[b],
                                      .patient_class = CLASS_adult,
                                      .channels = channels,
                                      .channel_count = 2,
                                      .signals = signals,
                                      .signal_count = SIGNALS,
                                      .reports_alarms = true,
                                      .monitor_count = 1,
                                      .monitor_period_ms = {1000}};
    }
    arena = (struct arena){.size = 0};
    (void)engine_make(&arena, &config);
    arena = (struct arena){.size = (arena.used + 63) / 64 * 64};
    arena.base = aligned_alloc(64, arena.size);
    assert_non_null(arena.base);
    memset(arena.base, 0, arena.size);
    engine = engine_make(&arena, &config);
    taken = (struct taken){.sink = {.put = put}};
    engine_begin(engine, 0);
    for (uint16_t b = 0; b < (uint16_t)EMPTY; b++) {
        engine_admit(engine, b, 0);
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(arena.base);
    return 0;
}

/* The most of one step of these. */
static unsigned step_until(int64_t until_ms)
{
    taken.most = 0;
    while (engine_next(engine) <= until_ms) {
        taken.in_step = 0;
        engine_step(engine, until_ms, &taken.sink);
        assert_true(taken.in_step <= engine_records_max(engine));
        taken.most = taken.in_step > taken.most ? taken.in_step : taken.most;
    }
    return taken.most;
}

static void tell(int64_t at_ms, uint16_t bed, enum observation_kind kind, enum vital vital, int value)
{
    const struct observation o = {
        .at_ms = at_ms, .bed = bed, .kind = (uint8_t)kind, .vital = (uint8_t)vital, .value_milli = value * 1000};
    (void)step_until(at_ms - 1);
    assert_true(engine_observe(engine, &o));
}

static void tell_signals(int64_t at_ms, uint16_t bed, bool on)
{
    for (uint8_t s = 0; s < (uint8_t)SIGNALS; s++) {
        const struct observation o = {
            .at_ms = at_ms, .bed = bed, .kind = OBSERVATION_SIGNAL, .signal = s, .value_milli = on ? 1 : 0};
        assert_true(engine_observe(engine, &o));
    }
}

static void say(int64_t at_ms, uint16_t bed)
{
    for (unsigned i = 0; i < ENGINE_REPORTED_PER_BED_MAX; i++) {
        struct monitor_alarm alarm = {.at_ms = at_ms,
                                      .bed = bed,
                                      .priority = PRIORITY_HIGH,
                                      .vital = VITAL_NONE,
                                      .is_repeated = true,
                                      .phase = MONITOR_ALARM_PRESENT};
        (void)snprintf(alarm.name, sizeof alarm.name, "a%u", i);
        assert_true(engine_observe_alarm(engine, &alarm));
    }
}

static void count_at(void *context, const struct alert *alert)
{
    unsigned *at = context;
    at[alert->key.bed == BED_NONE ? BEDS : alert->key.bed]++;
}

/* All alarms of rules, monitors and signals there are; 40 s later nobody says anything any more. */
static void raise_all(void)
{
    for (int64_t at_ms = 1000; at_ms <= 10000; at_ms += 1000) {
        for (uint16_t b = 0; b < (uint16_t)BEDS; b++) {
            tell(at_ms, b, OBSERVATION_VALUE, VITAL_hr, 200);
            tell(at_ms, b, OBSERVATION_VALUE, VITAL_spo2, 50);
            if (at_ms == 1000) {
                tell_signals(at_ms, b, true);
                say(at_ms, b);
            }
        }
    }
    (void)step_until(60000);
}

static void fail_gateway(int64_t at_ms)
{
    for (unsigned i = BUILTIN_BED_COUNT; i < BUILTIN_COUNT; i++) {
        engine_condition(engine, at_ms, (enum builtin_alarm)i, true, PRIORITY_NONE, "x");
    }
}

static void test_a_transfer_while_everything_is_wrong(void **state)
{
    (void)state;
    raise_all();
    unsigned at[BEDS + 1] = {0};
    engine_each_alarm(engine, count_at, at);
    /* Two a rule of the bed (its own, and what is not monitored told or folded), the signals, two a reported one */
    assert_true(at[0] >= 2 * (RULES - WARD_RULES) + SIGNALS + 2 * ENGINE_REPORTED_PER_BED_MAX);
    assert_true(at[EMPTY] >= SIGNALS && at[BEDS] >= WARD_RULES);
    const struct bed_command transfer = {.kind = COMMAND_transfer, .stay = engine->beds[0].state.stay, .to_bed = EMPTY};
    (void)step_until(60999);
    fail_gateway(61000);
    engine_command(engine, 61000, &transfer);
    const unsigned before = taken.all;
    const unsigned most = step_until(61000);
    /* What was there ends, the gateway's begin, two stays change: all in the one step. */
    assert_true(most >= at[0] + at[EMPTY] + BUILTIN_COUNT - BUILTIN_BED_COUNT + 2);
    assert_true(taken.all - before >= most + 1);
    assert_int_equal(engine->beds[0].state.stay, 0);
    assert_true(engine->beds[EMPTY].state.stay != 0);
}

static void test_a_pause_and_its_end(void **state)
{
    (void)state;
    raise_all();
    const struct bed_command pause = {
        .kind = COMMAND_pause, .bed = 5, .what = PAUSE_AUDIO, .rule = RULE_NONE, .stay = engine->beds[5].state.stay};
    (void)step_until(60999);
    engine_command(engine, 61000, &pause);
    assert_true(step_until(61000) >= SIGNALS + ENGINE_REPORTED_PER_BED_MAX);
    assert_true(step_until(121000) >= SIGNALS + ENGINE_REPORTED_PER_BED_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_transfer_while_everything_is_wrong, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_pause_and_its_end, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
