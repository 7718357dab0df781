#include "tests/unit/support/series_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static _Alignas(64) unsigned char storage[1 << 20];

struct window_spec spec_in_time(enum aggregate aggregate, uint32_t span_ms)
{
    return (struct window_spec){
        .vital = VITAL_hr, .aggregate = aggregate, .span_ms = span_ms, .coverage_permille = 700};
}

struct window_spec spec_by_number(enum aggregate aggregate, uint32_t count)
{
    return (struct window_spec){.vital = VITAL_hr, .aggregate = aggregate, .count = count, .coverage_permille = 700};
}

static void make_from(struct fixture *fixture, struct arena *arena)
{
    fixture->series = series_make(arena, &fixture->config);
    for (unsigned index = 0; index < fixture->count; index++) {
        fixture->windows[index] = window_make(arena, fixture->series, &fixture->specs[index]);
    }
}

struct fixture fixture_make_of(struct series_config config, unsigned count, const struct window_spec *specs)
{
    struct fixture fixture = {.config = config, .count = count};
    for (unsigned index = 0; index < count; index++) {
        fixture.specs[index] = specs[index];
        series_demand_add(&fixture.config.demand, &specs[index]);
    }
    struct arena measure = {.base = NULL};
    make_from(&fixture, &measure);
    assert_true(measure.used <= sizeof(storage));
    memset(storage, 0, sizeof(storage));
    struct arena arena = {.base = storage, .size = measure.used};
    make_from(&fixture, &arena);
    assert_int_equal(arena.used, measure.used);
    series_reset(fixture.series, 0);
    return fixture;
}

struct fixture fixture_make(uint32_t period_ms, unsigned count, const struct window_spec *specs)
{
    return fixture_make_of((struct series_config){.period_ms = period_ms}, count, specs);
}

struct fixture fixture_make_one(enum aggregate aggregate, uint32_t span_ms)
{
    const struct window_spec spec = spec_in_time(aggregate, span_ms);
    return fixture_make(FIXTURE_PERIOD_MS, 1, &spec);
}

void fixture_put_regularly(struct fixture *fixture, int64_t from_ms, int64_t to_ms, int32_t value_milli)
{
    for (int64_t at_ms = from_ms; at_ms <= to_ms; at_ms += fixture->config.period_ms) {
        assert_true(series_put(fixture->series, at_ms, value_milli));
    }
}

void assert_window_unknown(struct fixture *fixture, unsigned window, int64_t now_ms)
{
    assert_false(window_answer(fixture->windows[window], now_ms).known);
}

void assert_window_micro(struct fixture *fixture, unsigned window, int64_t now_ms, int64_t micro)
{
    const struct answer answer = window_answer(fixture->windows[window], now_ms);
    assert_true(answer.known);
    assert_int_equal(answer.value_micro, micro);
}

void assert_window_next(struct fixture *fixture, unsigned window, int64_t now_ms, int64_t next_ms)
{
    assert_int_equal(window_next_change(fixture->windows[window], now_ms), next_ms);
}
