/*
 * line_plan.h: who on a Modbus bus is asked next, and when. Time is an argument; no I/O.
 *
 * Spread: runs of the same interval begin one after the other over all of that interval, each as far behind the one before
 * as that takes of the wire, so that the line is in use evenly. Where the wire's speed is not known all count alike.
 *
 * Choice: of what is due, first what alarm rules wait for; of those alike, what is behind most by the line's own clock. When
 * a line cannot carry everything that clock goes slower, and each run still has one turn an interval by it: so each gets the
 * same share of what it asked for (start-time fair queueing: a run's tag is where the clock stood when it was asked, and an
 * interval; the clock stands at the tag of what is asked). What only trends falls behind first, but counts as urgent once
 * it was not asked for POLLER_TREND_TURNS of its intervals: no run starves.
 *
 * Monitors that do not answer live on idle time: a probe begins when it can be over before any run that is due has waited
 * for half its interval. One that cannot, as on a line that is never idle, may hold the others up for longer, but all
 * that probes and failed requests do so is at most one part in LINE_SPARE of the time: after each there is none for
 * LINE_SPARE - 1 times as long.
 *
 * Thread: the bus's.
 */
#ifndef WARDGATE_LINE_PLAN_H
#define WARDGATE_LINE_PLAN_H

#include "drivers/monitor/modbus/poller.h"

#define LINE_SPARE 20 /* 5 % */

struct line_plan {
    struct poller *pollers;
    uint16_t count;
    uint32_t timeout_ms;
    int64_t slack_us; /* so much longer is waited for one that gets its whole time-out */
    int64_t clock_us; /* the line's own clock */
    int64_t spare_us; /* from then on monitors that do not answer may hold up others again */
};

struct line_turn {
    struct poller *poller; /* NULL: nobody is to be asked */
    uint8_t poll;
    int64_t at_us;
    int64_t others_us; /* until when the others who answer can wait; BUS_NEVER: there are none */
};

/* Sets where the turns of all pollers begin, from what each of their runs takes of the wire. */
void line_plan_spread(const struct line_plan *plan, const struct wire *wire);

/* What is asked of the wire, in thousandths of its time; 0: its speed is not known. */
uint32_t line_plan_permille(const struct line_plan *plan, const struct wire *wire);

/* `extra_us`: what a probe without an answer takes of the line beside the waiting. */
struct line_turn line_plan_next(const struct line_plan *plan, int64_t now_us, int64_t extra_us);

/* A poll is being asked. */
void line_plan_ask(struct line_plan *plan, struct poller *poller, uint8_t poll, int64_t now_us);

/* A probe, answered or not, or another request that failed has held the line; others_us as it was chosen. */
void line_plan_held(struct line_plan *plan, int64_t others_us, int64_t from_us, int64_t to_us);

/* Half an answer of this one was given up; with the rest of it, that was waited out, it has held the line. Until its polls are
 * answered again, each probe of it is taken to end like that. */
void line_plan_straggled(struct line_plan *plan, struct poller *poller, int64_t others_us, int64_t from_us,
                         int64_t to_us);

/* Nobody could be asked for a while, whatever the plan. */
void line_plan_excuse(const struct line_plan *plan, int64_t now_us);

/* Nobody was asked for a while; who answers from now on is not known of those that were not heard for long. */
void line_plan_expect(const struct line_plan *plan, int64_t now_us);

#endif
