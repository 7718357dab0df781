/* Many beds: each step looks at one, in order, and what is due next is what a look at all of them would find. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/engine/engine_internal.h"
#include "tests/unit/support/draw.h"

enum { BEDS = 150, INSTANTS = 3000 };

static char ids[BEDS][8];
static struct bed_config beds[BEDS];
static struct rule rules[1];
static struct engine *engine;
static struct arena arena;

struct taken {
    struct record_sink sink; /* first */
    unsigned in_step, in_instant;
    int64_t at_ms;
    uint16_t bed;
};

static void put(struct record_sink *sink, const struct record *record)
{
    struct taken *taken = (struct taken *)(void *)sink;
    assert_true(taken->in_step == 0 || record->bed == taken->bed);
    if (record->kind == RECORD_ALERT) {
        assert_int_equal(record->alert.at_ms, engine_now(engine));
    }
    taken->in_step++;
    taken->bed = record->bed;
}

static int set_up(void **state)
{
    (void)state;
    static const struct channel_config channel = {
        .vital = VITAL_hr, .period_ms = 1000, .stale_ms = 10000, .low_milli = 0, .high_milli = 300000};
    static const struct parameter_names no_names = {.count = 0};
    struct expression_fault fault;
    rules[0] = (struct rule){.name = "high", .text = "", .advice = "", .priority = PRIORITY_HIGH};
    rules[0].delay_ms = 1500;
    assert_true(expression_compile("hr > 120", &no_names, 700, &rules[0].when, &fault));
    for (unsigned b = 0; b < BEDS; b++) {
        (void)snprintf(ids[b], sizeof ids[b], "b%u", b);
        beds[b] = (struct bed_config){.id = ids[b],
                                      .patient_class = CLASS_adult,
                                      .channels = &channel,
                                      .channel_count = 1,
                                      .monitor_count = 1,
                                      .monitor_period_ms = {1000}};
    }
    static const struct engine_config config = {
        .beds = beds, .rules = rules, .bed_count = BEDS, .rule_count = 1, .stay_after_ms = 3000};
    (void)engine_make(&arena, &config);
    arena = (struct arena){.size = (arena.used + 63) / 64 * 64};
    arena.base = aligned_alloc(64, arena.size);
    assert_non_null(arena.base);
    memset(arena.base, 0, arena.size);
    engine = engine_make(&arena, &config);
    engine_begin(engine, 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(arena.base);
    return 0;
}

static int64_t plain_next(void)
{
    int64_t next_ms = engine->gateway_dirty ? engine->now_ms : engine->gateway_deadline_ms;
    for (unsigned b = 0; b < BEDS; b++) {
        const int64_t bed_ms = marks_has(&engine->dirty, b) ? engine->now_ms : engine->beds[b].deadline_ms;
        next_ms = bed_ms < next_ms ? bed_ms : next_ms;
    }
    return next_ms;
}

/* Within an instant each stage goes through the beds once, upwards. */
static unsigned step_until(int64_t until_ms)
{
    struct taken taken = {.sink = {.put = put}};
    unsigned alerts = 0;
    while (engine_next(engine) <= until_ms) {
        const bool goes_on = engine_is_amid(engine);
        const uint32_t bed_before = engine->next_bed;
        const enum stage stage_before = engine->stage;
        assert_true(goes_on || engine_next(engine) == plain_next());
        taken.in_step = 0;
        engine_step(engine, until_ms, &taken.sink);
        assert_true(taken.in_step <= engine_records_max(engine));
        assert_true(!goes_on || engine->stage != stage_before || engine->next_bed > bed_before);
        alerts += taken.in_step;
    }
    assert_int_equal(engine_next(engine), plain_next());
    return alerts;
}

static void test_any_beds_at_any_time(void **state)
{
    (void)state;
    int64_t at_ms = 0;
    unsigned alerts = 0, news = 0;
    for (unsigned i = 0; i < INSTANTS; i++) {
        at_ms += (int64_t)draw(i % 500 == 499 ? 20000 : 60); /* now and then nobody says anything for long */
        alerts += step_until(at_ms - 1);
        for (unsigned many = (unsigned)draw(chance(5) ? BEDS : 6); many > 0; many--) {
            const struct observation o = {.at_ms = at_ms,
                                          .bed = (uint16_t)draw(BEDS),
                                          .kind = OBSERVATION_VALUE,
                                          .vital = VITAL_hr,
                                          .value_milli = 60000 + (int32_t)draw(100000)};
            assert_true(engine_observe(engine, &o));
        }
        alerts += step_until(at_ms);
        for (uint32_t before = 0, bed; (bed = engine_take_news(engine)) != BED_NONE; before = bed + 1) {
            assert_true(bed >= before);
            news++;
        }
    }
    assert_true(alerts > INSTANTS && news > INSTANTS);
}

int main(void)
{
    draw_seed(20260520);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_any_beds_at_any_time, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("engine_beds", tests, NULL, NULL);
}
