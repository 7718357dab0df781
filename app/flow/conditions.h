/*
 * conditions.h: what the gateway knows of its own parts, as technical alarms: dead and overbooked lines, a failing or replaced store, no broker or one that
 * refuses, nobody who listens, too few boards, a certificate that ends, a clock without a time source, a stuck
 * thread.
 *
 * Called on the engine's thread (core.h) twice a second; reads the figures that the other threads keep as atomics. Each condition must last for a while before
 * it is an alarm, so that a reconnect or a start does not ring.
 */
#ifndef WARDGATE_CONDITIONS_H
#define WARDGATE_CONDITIONS_H

#include "app/engine/engine.h"
#include "app/flow/acquire.h"
#include "app/flow/board.h"
#include "app/flow/commit.h"
#include "app/flow/lines.h"

#define CONDITION_UPLINK_DOWN_US 10000000    /* 10 s without a broker */
#define CONDITION_TURNS_US       30000000    /* turns of a line are judged by the half minute */
#define CONDITION_TURNS_MISSED   20          /* one in so many missed is too many */
#define CONDITION_BOARDS_US      60000000    /* 1 min without enough boards */
#define CONDITION_REFUSED_US     60000000    /* 1 min after the newest refusal */
#define CONDITION_STUCK_US       10000000    /* 10 s without a round */
#define CONDITION_UNSYNCED_US    600000000LL /* 10 min without a time source */
#define CONDITION_ENDS_DAYS      30          /* a certificate ends: low priority */
#define CONDITION_ENDS_SOON_DAYS 7           /* medium, and so once it has ended */

/* How a line kept up with its turns. */
struct condition_turns {
    int64_t since_us; /* of the half minute under way, and what was counted until then */
    unsigned turns, missed;
    bool overbooked; /* in the one before */
};

struct conditions {
    const struct bus_config *configs; /* one a bus, as in `buses` */
    const struct acquire_bus *buses;
    const struct runner *const *bus_runners; /* one a bus: whose thread steps it; NULL: nobody's is looked at */
    const struct runner *const *runners;
    const char *const *runner_names;
    struct board *board;
    const struct store_state *store_state;
    const atomic_bool *trends_replaced; /* NULL: there are none */
    uint16_t bus_count, runner_count;
    uint8_t boards_expected;       /* 0: none are */
    struct lines lines;            /* the buses, in their order */
    struct line_silence *silences; /* scratch, one a bus */
    struct condition_turns *bus_turns;
    int64_t started_us, synced_us;
    bool was_synced; /* since the start */
};

/* Storage of what is kept for each bus comes from the arena. */
void conditions_init(struct conditions *conditions, struct arena *arena, uint16_t bus_count);
void conditions_start(struct conditions *conditions, int64_t boot_us);

/* Instead of conditions_start: goes on from those of the configuration before. from: where each bus stood there, -1: it is new
 * (whether a line is down goes by its name). */
void conditions_continue(struct conditions *conditions, const struct conditions *before, const int *from,
                         int64_t boot_us);

/* How the lines are, alone: before anything of a run that goes on is stepped, so that a silence that is due then is known to be a
 * line's or not. */
void conditions_lines(struct conditions *conditions, struct engine *engine, int64_t engine_ms, int64_t boot_us);

/* How much a certificate's end matters at that instant of the wall clock, and its words; PRIORITY_NONE: not yet. */
enum priority conditions_certificate(const struct uplink_certificate *first_end, int64_t wall_ms,
                                     char detail[ALERT_DETAIL_MAX]);

/* How long one of the gateway's own takes at most to begin, what it looks at, and how long what was wrong must have ended: what
 * the judgements go by, disclosed in the alert (twice a second: half a second more). */
struct condition_times {
    int64_t delay_us, window_us, clear_delay_us;
};
struct condition_times conditions_times(const struct engine_config *config, enum builtin_alarm alarm);

/* A core_conditions (core.h); context is the struct conditions. */
void conditions_apply(void *context, struct engine *engine, int64_t engine_ms, int64_t boot_us);

#endif
