/*
 * poller.h: one monitor on a Modbus bus: what to ask it, when, and how patiently. Time is an argument; no I/O.
 *
 *   answering --poller_failed--> suspect --poller_recovered--> answering
 *
 * Answering: each run of registers is due on a grid of its interval, and a turn lasts until the next one begins: asking
 * serves the one that is on, whenever the answer comes. So it neither drifts nor catches up; a turn that was over before
 * the line had time for it is counted as missed. Which of the due ones goes first is the line's to say (line_plan.h). A run that the monitor refuses is cut in two; a single refused span is left out for 2 s (it may be
 * starting), then for ever longer, at most POLLER_PAUSE_MS_MAX. One that is busy is asked again between two turns, a few
 * times.
 *
 * Suspect: whatever went wrong, an answer may still be on its way, and RTU has no number that tells it from the
 * next one. So the monitor is only probed: a short read whose answer has another length than any of its polls has.
 * A late answer to a poll cannot pass for the probe's, nor a late answer to a probe for a poll's; and as a monitor
 * answers in order, none of the polls from before is outstanding once a probe was answered. Probes come ever more
 * rarely (but at least every probe_ms_max; when the line has time for them is its plan's to say) and most wait only about as
 * long as this monitor used to think, so that a dead monitor costs its neighbours little; some wait in full, for a
 * monitor that has become slower. An answered probe does not shorten the pauses: one that answers probes and fails at its
 * polls is probed ever more rarely, too, until as many polls were answered as it has. One that broke off in the middle of an
 * answer has to answer two in a row.
 *
 * Storage from the arena. Thread: the bus's.
 */
#ifndef WARDGATE_POLLER_H
#define WARDGATE_POLLER_H

#include "app/engine/arena.h"
#include "drivers/monitor/driver.h"
#include "drivers/monitor/modbus/answer_time.h"
#include "drivers/monitor/modbus/decode.h"
#include "drivers/monitor/modbus/requests.h"

#define POLLER_PROBE         UINT8_MAX /* instead of the index of a poll */
#define POLLER_PROBE_MS_MAX  8000      /* over a network, where a probe in vain costs a connection */
#define POLLER_PROBE_MS_LINE 2000      /* on a line, whose idle time costs nobody anything */
#define POLLER_PAUSE_MS_MAX  600000
#define POLLER_BUSY_MS       100 /* until it is asked again; then twice as long, POLLER_BUSY_TRIES times in all */
#define POLLER_BUSY_TRIES    3
#define POLLER_SILENT_MS     10000 /* longer without an answer, and nobody knows what happened meanwhile */
#define POLLER_SPREAD_MS_MAX 1000  /* first round: monitors begin one after the other within this time */
#define POLLER_TREND_TURNS   4     /* what no rule waits for yields for at most so many of its intervals */

struct poll {
    struct run run;
    uint8_t refusal; /* the code with which a single span was refused; 0: it is not */
    uint8_t tries;   /* since its turn */
    uint8_t lead;    /* this once before those with less: the identity, then bits, say whose and what the values are */
    bool urgent;     /* a rule waits for something it reads, or it says how to take values */
    uint32_t pause_ms; /* the newest pause of a refused span */
    int64_t grid_us;   /* an instant of its grid */
    int64_t due_us;    /* its turn */
    int64_t again_us;  /* asked once more, whatever its turn; 0: not */
    int64_t asked_us;  /* the newest time */
    int64_t tag_us;    /* see line_plan.h */
};

/* What a monitor is to be asked next. */
struct turn {
    uint8_t poll; /* or POLLER_PROBE */
    uint8_t lead;
    bool pressing; /* urgent, or not asked for POLLER_TREND_TURNS of its intervals */
    int64_t due_us;
    int64_t tag_us; /* see line_plan.h */
};

struct poller {
    const struct monitor_config *config;
    struct span *spans;
    struct run *runs;   /* as merged at first */
    int64_t *phases_us; /* of each: where its grid begins behind the line's start */
    struct poll *polls;
    uint8_t span_count, run_count, poll_count;
    bool suspect;
    bool cut_short;       /* it became suspect without having been waited for in full */
    bool was_whole;       /* the answer to its newest probe, after one that broke off: one more is asked for */
    uint8_t failures;     /* since as many polls were answered as it has */
    uint8_t answered;     /* polls, since it recovered */
    uint32_t interval_ms; /* the shortest */
    uint32_t probe_ms_max;
    uint32_t missed; /* turns */
    struct answer_time answer_time;
    int64_t begin_us; /* its first turn, behind the line's start */
    int64_t epoch_us; /* the line's start */
    int64_t probe_due_us, heard_us;
    int64_t straggles_us; /* its newest half answer held the line so long; 0: none did since all was well */
    struct decode_state decode;
};

/* Takes storage only, while the arena measures. */
void poller_make(struct poller *poller, struct arena *arena, const struct monitor_config *config);

/* As after start: everything merged, its turns begin at their phases behind epoch_us. */
void poller_restart(struct poller *poller, int64_t epoch_us);

/* When it has to be asked next; BUS_NEVER: its profile is empty. */
int64_t poller_due_us(const struct poller *poller);

/* Until when that can wait without harm: half an interval. */
int64_t poller_yields_us(const struct poller *poller);

/* What goes first of what is due at an instant, else what is due first; only when there is something to ask. */
struct turn poller_turn(const struct poller *poller, int64_t at_us);

/* It is being asked, the turn served that is on now. By the line's clock (line_plan.h) its tag moves on by its interval;
 * returns where that clock stands now. */
int64_t poller_ask(struct poller *poller, uint8_t poll, int64_t now_us, int64_t clock_us);

/* Which of two goes first at an instant, also of different monitors. */
bool turn_goes_before(const struct turn *a, const struct turn *b, int64_t at_us);

/* `all` are the monitors of the bus; those with the same address answer with the same one. */
struct request poller_request(const struct poller *poller, uint8_t poll, const struct poller *all, uint16_t count);

/* How long to wait for the answer to begin. */
uint32_t poller_patience_us(const struct poller *poller, uint32_t timeout_ms);

/* A sound answer or exception to a poll came; before it is decoded. */
void poller_heard(struct poller *poller, int64_t now_us);

/* What became of it: answered whole, begun (as far as that was seen, else ANSWER_UNSEEN) so long after the request; refused its registers with a code (true: they are a single span, no more to be
 * cut); busy; damaged inside the monitor; not this time (it failed, or the line was not free); no sound answer. */
void poller_answered(struct poller *poller, uint8_t poll, int64_t now_us, uint32_t begun_us);
bool poller_refused(struct poller *poller, uint8_t poll, int64_t now_us, uint8_t code);
void poller_busy(struct poller *poller, uint8_t poll, int64_t now_us);
void poller_damaged(struct poller *poller, uint8_t poll, int64_t now_us);
void poller_skipped(struct poller *poller, uint8_t poll, int64_t now_us);
void poller_failed(struct poller *poller, int64_t now_us);

/* The code of a span that is refused; 0: none is. */
uint8_t poller_refusal(const struct poller *poller);

/* The line could not carry anything for a while, for no fault of its plan: turns that are over are not missed. */
void poller_excuse(struct poller *poller, int64_t now_us);

/* A probe was answered, if only by an exception. Its identity is asked for first: it may be another one by now. One whose answers broke off in
 * the middle stays suspect until a second probe in a row was answered. */
void poller_recovered(struct poller *poller, int64_t now_us);

/* After an outage that was not its own: one that is silent may be another one by now, its identity is asked for first. */
void poller_expect(struct poller *poller, int64_t now_us);

/* No answer for so long that what is known of it may no longer hold. */
bool poller_is_silent(const struct poller *poller, int64_t now_us);

/* Another monitor at its address failed: what it is asked next is a probe, too. */
void poller_doubt(struct poller *poller);

/* The line works again: a suspect monitor is probed at once. */
void poller_retry(struct poller *poller, int64_t now_us);

#endif
