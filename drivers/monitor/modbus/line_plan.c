#include "drivers/monitor/modbus/line_plan.h"

enum { TURNAROUND_US = 2000 };

/* --- spread -------------------------------------------------------------------------------------------------- */

static int64_t run_cost(const struct poller *poller, uint8_t run, const struct wire *wire)
{
    const struct request request = request_of_run(poller->spans, poller->runs[run]);
    return wire->char_ns > 0 ? wire_poll_us(wire, &request, TURNAROUND_US) : 1;
}

static uint32_t run_interval_ms(const struct poller *poller, uint8_t run)
{
    return poller->spans[poller->runs[run].from].interval_ms;
}

static int64_t monitor_cost(const struct poller *poller, const struct wire *wire)
{
    int64_t cost = 0;
    for (uint8_t r = 0; r < poller->run_count; r++) {
        cost += run_cost(poller, r, wire);
    }
    return cost;
}

/* The runs of one interval, those of all monitors: what they cost together, and with `all` the phases that follow from
 * it. */
static int64_t visit_interval(const struct line_plan *plan, const struct wire *wire, uint32_t interval_ms, int64_t all)
{
    int64_t before = 0;
    for (uint16_t m = 0; m < plan->count; m++) {
        const struct poller *poller = &plan->pollers[m];
        for (uint8_t r = 0; r < poller->run_count; r++) {
            if (run_interval_ms(poller, r) == interval_ms) {
                poller->phases_us[r] = all > 0 ? interval_ms * INT64_C(1000) * before / all : 0;
                before += run_cost(poller, r, wire);
            }
        }
    }
    return before;
}

static void spread_runs(const struct line_plan *plan, const struct wire *wire, const struct poller *poller)
{
    for (uint8_t r = 0; r < poller->run_count; r++) {
        if (poller->phases_us[r] < 0) { /* the first of its interval */
            const uint32_t interval_ms = run_interval_ms(poller, r);
            (void)visit_interval(plan, wire, interval_ms, visit_interval(plan, wire, interval_ms, 0));
        }
    }
}

static void clear_phases(const struct line_plan *plan)
{
    for (uint16_t m = 0; m < plan->count; m++) {
        for (uint8_t r = 0; r < plan->pollers[m].run_count; r++) {
            plan->pollers[m].phases_us[r] = -1;
        }
    }
}

void line_plan_spread(const struct line_plan *plan, const struct wire *wire)
{
    int64_t all = 0;
    int64_t before = 0;
    clear_phases(plan);
    for (uint16_t m = 0; m < plan->count; m++) {
        all += monitor_cost(&plan->pollers[m], wire);
        spread_runs(plan, wire, &plan->pollers[m]);
    }
    for (uint16_t m = 0; m < plan->count && all > 0; m++) {
        struct poller *poller = &plan->pollers[m];
        const int64_t within_ms =
            poller->interval_ms < POLLER_SPREAD_MS_MAX ? poller->interval_ms : POLLER_SPREAD_MS_MAX;
        poller->begin_us = within_ms * 1000 * before / all;
        before += monitor_cost(poller, wire);
    }
}

uint32_t line_plan_permille(const struct line_plan *plan, const struct wire *wire)
{
    uint64_t millionths = 0;
    for (uint16_t m = 0; m < plan->count && wire->char_ns > 0; m++) {
        const struct poller *poller = &plan->pollers[m];
        for (uint8_t r = 0; r < poller->run_count; r++) {
            millionths += (uint64_t)run_cost(poller, r, wire) * 1000 / run_interval_ms(poller, r);
        }
    }
    return (uint32_t)((millionths + 500) / 1000);
}

/* --- choice -------------------------------------------------------------------------------------------------- */

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Of those that answer, when the first is due. */
static int64_t first_due_us(const struct line_plan *plan)
{
    int64_t first_us = BUS_NEVER;
    for (uint16_t i = 0; i < plan->count; i++) {
        const struct poller *poller = &plan->pollers[i];
        const int64_t due_us = poller->suspect ? BUS_NEVER : poller_due_us(poller);
        first_us = due_us < first_us ? due_us : first_us;
    }
    return first_us;
}

/* Until when those that answer, other than this one, can wait. */
static int64_t others_yield_us(const struct line_plan *plan, const struct poller *self)
{
    int64_t until_us = BUS_NEVER;
    for (uint16_t i = 0; i < plan->count; i++) {
        const struct poller *poller = &plan->pollers[i];
        const int64_t yields_us = poller->suspect || poller == self ? BUS_NEVER : poller_yields_us(poller);
        until_us = yields_us < until_us ? yields_us : until_us;
    }
    return until_us;
}

/* Of the monitors that answer. */
static struct line_turn next_poll(const struct line_plan *plan, int64_t now_us)
{
    struct turn best = {.due_us = BUS_NEVER};
    struct line_turn next = {.at_us = later(first_due_us(plan), now_us)};
    for (uint16_t i = 0; i < plan->count && next.at_us != BUS_NEVER; i++) {
        struct poller *poller = &plan->pollers[i];
        if (poller->suspect || poller->run_count == 0) {
            continue;
        }
        const struct turn turn = poller_turn(poller, next.at_us);
        if (turn_goes_before(&turn, &best, next.at_us)) {
            best = turn;
            next.poller = poller;
            next.poll = turn.poll;
        }
    }
    next.others_us = others_yield_us(plan, next.poller);
    return next;
}

/* When a probe that is due at an instant may begin. */
static int64_t probe_at(const struct line_plan *plan, const struct poller *poller, int64_t at_us, int64_t others_us,
                        int64_t extra_us)
{
    const uint32_t patience_us = poller_patience_us(poller, plan->timeout_ms);
    const bool in_full = patience_us == plan->timeout_ms * UINT32_C(1000);
    const int64_t vain_us = patience_us + extra_us + (in_full ? plan->slack_us : 0);
    const int64_t over_us = at_us + later(vain_us, poller->straggles_us);
    return over_us <= others_us ? at_us : later(at_us, plan->spare_us);
}

struct line_turn line_plan_next(const struct line_plan *plan, int64_t now_us, int64_t extra_us)
{
    const struct line_turn poll = next_poll(plan, now_us);
    const int64_t others_us = others_yield_us(plan, NULL);
    struct line_turn next = poll;
    int64_t probe_due_us = BUS_NEVER;
    for (uint16_t i = 0; i < plan->count; i++) {
        struct poller *poller = &plan->pollers[i];
        const int64_t due_us = poller->suspect ? poller_due_us(poller) : BUS_NEVER;
        if (due_us == BUS_NEVER) {
            continue;
        }
        const int64_t at_us = probe_at(plan, poller, later(due_us, now_us), others_us, extra_us);
        if (at_us < next.at_us || (at_us == next.at_us && due_us < probe_due_us)) {
            next = (struct line_turn){.poller = poller, .poll = POLLER_PROBE, .at_us = at_us, .others_us = others_us};
            probe_due_us = due_us;
        }
    }
    return next;
}

void line_plan_ask(struct line_plan *plan, struct poller *poller, uint8_t poll, int64_t now_us)
{
    if (poll != POLLER_PROBE) {
        plan->clock_us = poller_ask(poller, poll, now_us, plan->clock_us);
    }
}

void line_plan_held(struct line_plan *plan, int64_t others_us, int64_t from_us, int64_t to_us)
{
    const int64_t held_us = to_us - later(from_us, others_us);
    if (held_us > 0) {
        plan->spare_us = later(plan->spare_us, to_us + held_us * (LINE_SPARE - 1));
    }
}

void line_plan_straggled(struct line_plan *plan, struct poller *poller, int64_t others_us, int64_t from_us,
                         int64_t to_us)
{
    poller->straggles_us = to_us - from_us;
    line_plan_held(plan, others_us, from_us, to_us);
}

void line_plan_excuse(const struct line_plan *plan, int64_t now_us)
{
    for (uint16_t i = 0; i < plan->count; i++) {
        poller_excuse(&plan->pollers[i], now_us);
    }
}

void line_plan_expect(const struct line_plan *plan, int64_t now_us)
{
    for (uint16_t i = 0; i < plan->count; i++) {
        poller_expect(&plan->pollers[i], now_us);
    }
}
