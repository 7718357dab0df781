/*
 * expression_bench.h: one bed for tests of the expression language: an expression, real series for its vitals, and
 * bound windows.
 *
 * Static storage, one bench at a time; bench_make starts anew. Expected period 1 s unless set before.
 */
#ifndef WARDGATE_TESTS_EXPRESSION_BENCH_H
#define WARDGATE_TESTS_EXPRESSION_BENCH_H

#include "app/engine/expression.h"

#define BENCH_BYTES     (4U << 20)
#define BENCH_PERIOD_MS 1000

struct bench {
    struct expression expression;
    struct bound_expression bound;
    struct window *windows[EXPRESSION_WINDOWS_MAX];
    struct series *series[VITAL_COUNT];
    int64_t parameters_micro[PARAMETERS_MAX];
    struct arena arena;
};

static _Alignas(64) unsigned char bench_storage[BENCH_BYTES];
static const struct parameter_names bench_names = {.names = {"limit", "low", "high"}, .count = 3};
static const int64_t bench_parameters_micro[PARAMETERS_MAX] = {90000000, 50000000, 120000000};

static inline void bench_make_series(struct bench *bench, enum vital vital, const struct series_demand *demand)
{
    const struct series_config config = {.period_ms = BENCH_PERIOD_MS,
                                         .stale_ms = vital_info(vital)->stale_ms,
                                         .episodic = vital_info(vital)->kind == VITAL_EPISODIC,
                                         .demand = *demand};
    bench->series[vital] = series_make(&bench->arena, &config);
    series_reset(bench->series[vital], 0);
}

/* Binds what is in bench->expression; the stay begins at 0, nothing is observed. spare: room in the series for that
 * many expressions alike. */
static inline void bench_bind(struct bench *bench, int spare)
{
    memset(bench_storage, 0, sizeof bench_storage);
    bench->arena = (struct arena){.base = bench_storage, .size = sizeof bench_storage};
    bench->bound = (struct bound_expression){.expression = &bench->expression, .windows = bench->windows};
    for (unsigned vital = 0; vital < VITAL_COUNT; vital++) {
        struct series_demand demand = {0};
        for (int i = 0; i <= spare; i++) {
            expression_demand(&bench->expression, (enum vital)vital, &demand);
        }
        if ((bench->expression.vitals >> vital & 1U) != 0) {
            bench_make_series(bench, (enum vital)vital, &demand);
        }
    }
    for (unsigned i = 0; i < bench->expression.window_count; i++) {
        const struct window_spec *spec = &bench->expression.windows[i];
        bench->bound.windows[i] = window_make(&bench->arena, bench->series[spec->vital], spec);
    }
    expression_set_parameters(&bench->bound, bench->parameters_micro);
}

static inline void bench_make(struct bench *bench, const char *text)
{
    struct expression_fault fault;
    memset(bench, 0, sizeof *bench);
    memcpy(bench->parameters_micro, bench_parameters_micro, sizeof bench->parameters_micro);
    if (!expression_compile(text, &bench_names, 700, &bench->expression, &fault)) {
        fail_msg("%s: at %zu: %s", text, fault.offset, fault.message);
    }
    bench_bind(bench, 0);
}

static inline void bench_put(struct bench *bench, enum vital vital, int64_t at_ms, int32_t value_milli)
{
    (void)series_put(bench->series[vital], at_ms, value_milli);
}

static inline enum verdict bench_verdict(const struct bench *bench, int64_t now_ms)
{
    return expression_verdict(&bench->bound, bench->parameters_micro, now_ms);
}

#endif
