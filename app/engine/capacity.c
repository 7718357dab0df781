#include "app/engine/capacity.h"

#include <assert.h>
#include <stddef.h>

struct points {
    bool known[CAPACITY_TREND_DAYS + 1]; /* by days ago */
    uint32_t blocked_micro[CAPACITY_TREND_DAYS + 1];
};

/* n, and sums over the points, of x (days from the oldest) and y (millionths). */
struct line_sums {
    int64_t n, x, y, xx, xy;
};

static int64_t rounded(int64_t part, int64_t whole)
{
    const int64_t half = whole / 2;
    return (part >= 0 ? part + half : part - half) / whole;
}

static void fit(const struct points *points, struct capacity *out)
{
    struct line_sums s = {0};
    for (int64_t ago = 0; ago <= CAPACITY_TREND_DAYS; ++ago) {
        if (points->known[ago]) {
            const int64_t x = CAPACITY_TREND_DAYS - ago, y = points->blocked_micro[ago];
            s = (struct line_sums){s.n + 1, s.x + x, s.y + y, s.xx + x * x, s.xy + x * y};
        }
    }
    out->has_slope = s.n >= CAPACITY_SLOPE_POINTS;
    if (out->has_slope) {
        out->slope_micro = (int32_t)rounded(s.n * s.xy - s.x * s.y, s.n * s.xx - s.x * s.x);
    }
}

static void set_load(struct capacity *out, uint32_t arrivals_milli, uint32_t stay_s, uint16_t beds)
{
    out->known = true;
    out->arrivals_milli = arrivals_milli;
    out->stay_s = stay_s;
    out->load_milli = admissions_load_milli(arrivals_milli, stay_s);
    erlang_compute(out->load_milli, beds, &out->erlang);
}

static void compute_counted(const struct capacity_config *config, const struct admissions *admissions, uint16_t beds,
                            int64_t at_ms, struct capacity *out)
{
    *out = (struct capacity){.known = false};
    admissions_sum(admissions, at_ms, config->window_ms, &out->sum);
    if (admissions_is_enough(&out->sum)) {
        set_load(out, admissions_arrivals_milli(&out->sum), admissions_stay_s(&out->sum), beds);
    }
}

/* The end of the slot that it lies in, of which all is known by now. */
static int64_t days_ago_ms(int64_t wall_ms, int64_t ago)
{
    return ((wall_ms - ago * ADMISSIONS_DAY_MS) / ADMISSIONS_SLOT_MS + 1) * ADMISSIONS_SLOT_MS - 1;
}

static void compute_trend(const struct capacity_config *config, const struct admissions *admissions, uint16_t beds,
                          int64_t wall_ms, struct capacity *out)
{
    struct points points = {.known = {out->known}, .blocked_micro = {out->erlang.blocked_micro}};
    for (int64_t ago = 1; ago <= CAPACITY_TREND_DAYS; ++ago) {
        struct capacity then;
        compute_counted(config, admissions, beds, days_ago_ms(wall_ms, ago), &then);
        points.known[ago] = then.known;
        points.blocked_micro[ago] = then.erlang.blocked_micro;
    }
    out->has_day_ago = points.known[1];
    out->day_ago_micro = points.blocked_micro[1];
    out->has_week_ago = points.known[CAPACITY_TREND_DAYS];
    out->week_ago_micro = points.blocked_micro[CAPACITY_TREND_DAYS];
    fit(&points, out);
}

int64_t capacity_wait_hours_milli(const struct capacity *capacity)
{
    return rounded((int64_t)capacity->erlang.wait_micro * capacity->stay_s, 3600 * 1000);
}

void capacity_compute(const struct capacity_config *config, const struct admissions *admissions, uint16_t beds,
                      int64_t wall_ms, struct capacity *out)
{
    assert(config != NULL && admissions != NULL && out != NULL);
    if (config->given) {
        *out = (struct capacity){.known = false};
        set_load(out, config->arrivals_milli, config->stay_s, beds);
        return;
    }
    compute_counted(config, admissions, beds, wall_ms, out);
    compute_trend(config, admissions, beds, wall_ms, out);
}
