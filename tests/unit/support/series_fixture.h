/*
 * series_fixture.h: a series with up to four windows, made as the engine makes them: measured first, then built.
 *
 * Storage is static: one fixture lives at a time. For cmocka tests.
 */
#ifndef WARDGATE_SERIES_FIXTURE_H
#define WARDGATE_SERIES_FIXTURE_H

#include "app/engine/series.h"

#define FIXTURE_PERIOD_MS   1000
#define FIXTURE_WINDOWS_MAX 4
#define MINUTE_MS           60000

struct fixture {
    struct series_config config;
    struct window_spec specs[FIXTURE_WINDOWS_MAX];
    unsigned count;
    struct series *series;
    struct window *windows[FIXTURE_WINDOWS_MAX];
};

struct window_spec spec_in_time(enum aggregate aggregate, uint32_t span_ms);
struct window_spec spec_by_number(enum aggregate aggregate, uint32_t count);

/* The stay begins at 0. */
struct fixture fixture_make_of(struct series_config config, unsigned count, const struct window_spec *specs);
struct fixture fixture_make(uint32_t period_ms, unsigned count, const struct window_spec *specs);
struct fixture fixture_make_one(enum aggregate aggregate, uint32_t span_ms);

/* One observation a period from `from_ms` to `to_ms`, both included. */
void fixture_put_regularly(struct fixture *fixture, int64_t from_ms, int64_t to_ms, int32_t value_milli);

void assert_window_unknown(struct fixture *fixture, unsigned window, int64_t now_ms);
void assert_window_micro(struct fixture *fixture, unsigned window, int64_t now_ms, int64_t micro);
void assert_window_next(struct fixture *fixture, unsigned window, int64_t now_ms, int64_t next_ms);

#endif
