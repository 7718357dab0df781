#include "drivers/monitor/modbus/poller.h"

#include <assert.h>
#include <string.h>

enum {
    PAUSE_MS_MIN = 2000,
    FULL_PATIENCE_FIRST = 2, /* the second probe, then every fourth; after it was cut short, the first */
    FULL_PATIENCE_EVERY = 4,
    LEAD_IDENTITY = 2,
    LEAD_BITS = 1,
    REGISTERS_END = 65536
};

void poller_make(struct poller *poller, struct arena *arena, const struct monitor_config *config)
{
    struct request_plan plan;
    requests_plan(config->profile, &plan);
    struct span *spans = ARENA_TAKE(arena, struct span, plan.span_count);
    struct run *runs = ARENA_TAKE(arena, struct run, plan.run_count);
    int64_t *phases_us = ARENA_TAKE(arena, int64_t, plan.run_count);
    struct poll *polls = ARENA_TAKE(arena, struct poll, plan.span_count);
    if (polls == NULL) {
        return;
    }
    memcpy(spans, plan.spans, plan.span_count * sizeof *spans);
    memcpy(runs, plan.runs, plan.run_count * sizeof *runs);
    *poller = (struct poller){.config = config, .spans = spans, .runs = runs, .polls = polls};
    poller->probe_ms_max = POLLER_PROBE_MS_MAX;
    poller->phases_us = phases_us;
    poller->span_count = plan.span_count;
    poller->run_count = plan.run_count;
    poller->interval_ms = UINT32_MAX;
    for (uint8_t i = 0; i < plan.span_count; i++) {
        if (spans[i].interval_ms < poller->interval_ms) {
            poller->interval_ms = spans[i].interval_ms;
        }
    }
}

/* --- polls --------------------------------------------------------------------------------------------------- */

static bool has_identity(const struct poller *poller, struct run run)
{
    const struct request request = request_of_run(poller->spans, run);
    return request_reads_identity(&request, poller->config->profile);
}

static uint8_t run_lead(const struct poller *poller, struct run run)
{
    const struct request request = request_of_run(poller->spans, run);
    if (has_identity(poller, run)) {
        return LEAD_IDENTITY;
    }
    return request_reads_bits(&request, poller->config->profile) ? LEAD_BITS : 0;
}

static int64_t interval_us(const struct poller *poller, struct run run)
{
    return poller->spans[run.from].interval_ms * INT64_C(1000);
}

static struct poll make_poll(const struct poller *poller, struct run run, int64_t grid_us, int64_t due_us)
{
    const struct request request = request_of_run(poller->spans, run);
    return (struct poll){.run = run,
                         .lead = run_lead(poller, run),
                         .urgent = request_is_urgent(&request, poller->config),
                         .grid_us = grid_us,
                         .due_us = due_us,
                         .asked_us = due_us - interval_us(poller, run)};
}

static void merge_polls(struct poller *poller, int64_t due_us)
{
    poller->poll_count = poller->run_count;
    for (uint8_t i = 0; i < poller->run_count; i++) {
        poller->polls[i] = make_poll(poller, poller->runs[i], poller->epoch_us + poller->phases_us[i], due_us);
    }
}

static void cut_poll(struct poller *poller, uint8_t at, struct run left, struct run right, int64_t now_us)
{
    const int64_t grid_us = poller->polls[at].grid_us;
    assert(poller->poll_count < poller->span_count);
    for (uint8_t i = poller->poll_count; i > at + 1; i--) {
        poller->polls[i] = poller->polls[i - 1];
    }
    poller->poll_count++;
    poller->polls[at] = make_poll(poller, left, grid_us, now_us);
    poller->polls[at + 1] = make_poll(poller, right, grid_us, now_us);
}

/* The first instant of the poll's grid after this one. */
static int64_t next_turn_us(const struct poller *poller, const struct poll *poll, int64_t now_us)
{
    const int64_t step_us = interval_us(poller, poll->run);
    const int64_t behind_us = now_us - poll->grid_us;
    return behind_us < 0 ? poll->grid_us : poll->grid_us + (behind_us / step_us + 1) * step_us;
}

/* The turn is over that was on when it was asked; those before it were missed. The next one may be on already. */
static void move_on(struct poller *poller, uint8_t at)
{
    struct poll *poll = &poller->polls[at];
    const struct request request = request_of_run(poller->spans, poll->run);
    const int64_t next_us = next_turn_us(poller, poll, poll->asked_us);
    poller->missed += (uint32_t)((next_us - poll->due_us - 1) / interval_us(poller, poll->run));
    poll->due_us = next_us;
    poll->again_us = 0;
    poll->tries = 0;
    poll->lead = 0;
    poll->urgent = request_is_urgent(&request, poller->config); /* rules may have changed */
}

/* Once more before its next turn, if that leaves time for it and it was not tried too often. */
static void try_again(struct poller *poller, uint8_t at, int64_t now_us, int64_t wait_us, uint8_t tries_max)
{
    struct poll *poll = &poller->polls[at];
    if (poll->tries >= tries_max || now_us + wait_us >= next_turn_us(poller, poll, poll->asked_us)) {
        move_on(poller, at);
        return;
    }
    poll->tries++;
    poll->again_us = now_us + wait_us;
}

static int64_t poll_due_us(const struct poll *poll)
{
    return poll->again_us != 0 ? poll->again_us : poll->due_us;
}

static void begin_anew(struct poller *poller, int64_t due_us)
{
    decode_forget(&poller->decode);
    merge_polls(poller, due_us);
    poller->suspect = false;
    poller->heard_us = due_us;
}

void poller_restart(struct poller *poller, int64_t epoch_us)
{
    poller->epoch_us = epoch_us;
    poller->failures = 0;
    begin_anew(poller, epoch_us + poller->begin_us);
}

static struct turn turn_of(const struct poller *poller, uint8_t at, int64_t at_us)
{
    const struct poll *poll = &poller->polls[at];
    const bool starves = at_us - poll->asked_us >= POLLER_TREND_TURNS * interval_us(poller, poll->run);
    return (struct turn){.poll = at,
                         .lead = poll->lead,
                         .pressing = (poll->urgent && poll->refusal == 0) || starves,
                         .due_us = poll_due_us(poll),
                         .tag_us = poll->tag_us};
}

static bool is_more_pressing(const struct turn *a, const struct turn *b)
{
    if (a->lead != b->lead) {
        return a->lead > b->lead;
    }
    if (a->pressing != b->pressing) {
        return a->pressing;
    }
    return a->tag_us != b->tag_us ? a->tag_us < b->tag_us : a->due_us < b->due_us;
}

bool turn_goes_before(const struct turn *a, const struct turn *b, int64_t at_us)
{
    const bool both_due = a->due_us <= at_us && b->due_us <= at_us;
    return both_due ? is_more_pressing(a, b) : a->due_us < b->due_us;
}

int64_t poller_due_us(const struct poller *poller)
{
    if (poller->run_count == 0) {
        return BUS_NEVER;
    }
    int64_t earliest_us = poller->suspect ? poller->probe_due_us : BUS_NEVER;
    for (uint8_t i = 0; i < poller->poll_count && !poller->suspect; i++) {
        const int64_t due_us = poll_due_us(&poller->polls[i]);
        earliest_us = due_us < earliest_us ? due_us : earliest_us;
    }
    return earliest_us;
}

int64_t poller_ask(struct poller *poller, uint8_t poll, int64_t now_us, int64_t clock_us)
{
    struct poll *asked = &poller->polls[poll];
    const int64_t from_us = asked->tag_us > clock_us ? asked->tag_us : clock_us;
    asked->tag_us = from_us + interval_us(poller, asked->run);
    asked->asked_us = now_us;
    return from_us;
}

int64_t poller_yields_us(const struct poller *poller)
{
    int64_t earliest_us = BUS_NEVER;
    for (uint8_t i = 0; i < poller->poll_count; i++) {
        const struct poll *poll = &poller->polls[i];
        const int64_t until_us = poll_due_us(poll) + interval_us(poller, poll->run) / 2;
        earliest_us = until_us < earliest_us ? until_us : earliest_us;
    }
    return earliest_us;
}

struct turn poller_turn(const struct poller *poller, int64_t at_us)
{
    assert(poller->run_count > 0);
    if (poller->suspect) {
        return (struct turn){.poll = POLLER_PROBE, .due_us = poller->probe_due_us};
    }
    struct turn next = turn_of(poller, 0, at_us);
    for (uint8_t i = 1; i < poller->poll_count; i++) {
        const struct turn turn = turn_of(poller, i, at_us);
        if (turn_goes_before(&turn, &next, at_us)) {
            next = turn;
        }
    }
    return next;
}

/* --- probes -------------------------------------------------------------------------------------------------- */

static bool answers_alike(const struct request *a, const struct request *b)
{
    return a->table == b->table && request_data_bytes(a) == request_data_bytes(b);
}

/* True when the answer to a poll of this monitor, as it is or as it was at first, could pass for the probe's. */
static bool is_like_a_poll(const struct poller *poller, const struct request *probe)
{
    for (uint8_t i = 0; i < poller->poll_count; i++) {
        const struct request request = request_of_run(poller->spans, poller->polls[i].run);
        if (answers_alike(&request, probe)) {
            return true;
        }
    }
    for (uint8_t i = 0; i < poller->run_count; i++) {
        const struct request request = request_of_run(poller->spans, poller->runs[i]);
        if (answers_alike(&request, probe)) {
            return true;
        }
    }
    return false;
}

static bool is_unmistakable(const struct request *probe, const struct poller *self, const struct poller *all,
                            uint16_t count)
{
    for (uint16_t i = 0; i < count; i++) {
        if (all[i].config->address == self->config->address && is_like_a_poll(&all[i], probe)) {
            return false;
        }
    }
    return true;
}

/* The shortest read from the start of its first run on that is like none of its polls; beyond the run if need be:
 * an exception is an answer too. */
static struct request make_probe(const struct poller *self, const struct poller *all, uint16_t count)
{
    struct request probe = request_of_run(self->spans, self->runs[0]);
    const uint16_t step = table_is_bits(probe.table) ? 8 : 1; /* one more data byte, or register */
    const uint16_t most = table_is_bits(probe.table) ? REQUEST_BITS_MAX : REQUEST_REGISTERS_MAX;
    for (probe.count = 1; probe.count + step <= most; probe.count = (uint16_t)(probe.count + step)) {
        if (is_unmistakable(&probe, self, all, count)) {
            break;
        }
    }
    if ((uint32_t)probe.first + probe.count > REGISTERS_END) {
        probe.first = (uint16_t)(REGISTERS_END - probe.count);
    }
    return probe;
}

struct request poller_request(const struct poller *poller, uint8_t poll, const struct poller *all, uint16_t count)
{
    return poll == POLLER_PROBE ? make_probe(poller, all, count)
                                : request_of_run(poller->spans, poller->polls[poll].run);
}

uint32_t poller_patience_us(const struct poller *poller, uint32_t timeout_ms)
{
    const uint32_t full_us = timeout_ms * UINT32_C(1000);
    const uint32_t learnt_us = answer_time_limit_us(&poller->answer_time);
    const int full_at = FULL_PATIENCE_FIRST - (poller->cut_short ? 1 : 0);
    const bool in_full = poller->suspect ? poller->failures % FULL_PATIENCE_EVERY == full_at
                                         : !answer_time_is_trusted(&poller->answer_time);
    return in_full || learnt_us > full_us ? full_us : learnt_us;
}

/* --- what became of it --------------------------------------------------------------------------------------- */

bool poller_is_silent(const struct poller *poller, int64_t now_us)
{
    return now_us - poller->heard_us > (POLLER_SILENT_MS + INT64_C(1) * poller->interval_ms) * 1000;
}

void poller_heard(struct poller *poller, int64_t now_us)
{
    if (poller_is_silent(poller, now_us)) {
        decode_forget(&poller->decode);
    }
    poller->heard_us = now_us;
}

void poller_answered(struct poller *poller, uint8_t poll, int64_t now_us, uint32_t begun_us)
{
    answer_time_note(&poller->answer_time, begun_us);
    if (poller->polls[poll].refusal != 0) {
        merge_polls(poller, now_us); /* it gives again what it refused: it was starting, or is another one */
    } else {
        move_on(poller, poll);
    }
    poller->answered = (uint8_t)(poller->answered < UINT8_MAX ? poller->answered + 1 : UINT8_MAX);
    if (poller->answered >= poller->poll_count) {
        poller->failures = 0;
        poller->straggles_us = 0;
    }
}

bool poller_refused(struct poller *poller, uint8_t poll, int64_t now_us, uint8_t code)
{
    struct poll *refused = &poller->polls[poll];
    struct run left;
    struct run right;
    if (run_cut(poller->spans, refused->run, &left, &right)) {
        cut_poll(poller, poll, left, right, now_us);
        return false;
    }
    const uint32_t longer_ms = refused->pause_ms * 2;
    refused->refusal = code;
    refused->pause_ms = longer_ms < PAUSE_MS_MIN ? PAUSE_MS_MIN : longer_ms;
    if (refused->pause_ms > POLLER_PAUSE_MS_MAX) {
        refused->pause_ms = POLLER_PAUSE_MS_MAX;
    }
    refused->due_us = now_us + refused->pause_ms * INT64_C(1000);
    refused->asked_us = refused->due_us; /* behind those that it gives */
    refused->lead = 0;
    refused->again_us = 0;
    refused->tries = 0;
    return true;
}

uint8_t poller_refusal(const struct poller *poller)
{
    for (uint8_t i = 0; i < poller->poll_count; i++) {
        if (poller->polls[i].refusal != 0) {
            return poller->polls[i].refusal;
        }
    }
    return 0;
}

void poller_busy(struct poller *poller, uint8_t poll, int64_t now_us)
{
    const int64_t wait_ms = (INT64_C(1) * POLLER_BUSY_MS) << poller->polls[poll].tries;
    try_again(poller, poll, now_us, wait_ms * 1000, POLLER_BUSY_TRIES);
}

void poller_damaged(struct poller *poller, uint8_t poll, int64_t now_us)
{
    try_again(poller, poll, now_us, 0, 1);
}

void poller_skipped(struct poller *poller, uint8_t poll, int64_t now_us)
{
    if (poll == POLLER_PROBE) {
        poller->probe_due_us = now_us + poller->interval_ms * INT64_C(1000);
    } else {
        poller->polls[poll].asked_us = now_us;
        move_on(poller, poll);
    }
}

static int64_t probe_interval_us(const struct poller *poller)
{
    const int64_t shortest_ms = poller->interval_ms;
    const int64_t longest_ms = shortest_ms > poller->probe_ms_max ? shortest_ms : poller->probe_ms_max;
    int64_t interval_ms = shortest_ms;
    for (uint8_t i = 1; i < poller->failures && interval_ms < longest_ms; i++) {
        interval_ms *= 2;
    }
    return (interval_ms < longest_ms ? interval_ms : longest_ms) * 1000;
}

void poller_failed(struct poller *poller, int64_t now_us)
{
    /* Goes round near its end, so that some of its probes still wait in full. */
    poller->failures =
        (uint8_t)(poller->failures < UINT8_MAX ? poller->failures + 1 : poller->failures + 1 - FULL_PATIENCE_EVERY);
    poller->cut_short = poller->suspect ? poller->cut_short : answer_time_is_trusted(&poller->answer_time);
    answer_time_failed(&poller->answer_time);
    poller->suspect = true;
    poller->was_whole = false;
    poller->probe_due_us = now_us + probe_interval_us(poller);
}

void poller_excuse(struct poller *poller, int64_t now_us)
{
    for (uint8_t i = 0; i < poller->poll_count; i++) {
        struct poll *poll = &poller->polls[i];
        const int64_t step_us = interval_us(poller, poll->run);
        const int64_t newest_us = next_turn_us(poller, poll, now_us) - step_us;
        if (poll->due_us < newest_us) {
            poll->due_us = newest_us;
            poll->asked_us = newest_us - step_us;
        }
    }
}

static void ask_identity_first(struct poller *poller, int64_t now_us)
{
    for (uint8_t i = 0; i < poller->poll_count; i++) {
        struct poll *poll = &poller->polls[i];
        if (poll->refusal == 0 && has_identity(poller, poll->run)) {
            poll->lead = LEAD_IDENTITY;
            poll->again_us = now_us;
        }
    }
}

void poller_expect(struct poller *poller, int64_t now_us)
{
    if (!poller->suspect && poller_is_silent(poller, now_us)) {
        ask_identity_first(poller, now_us);
    }
}

/* That its answer was whole may be this machine's doing, which slept through its pauses, and polls of it hold the line for
 * longer than probes. */
static bool is_doubtful(struct poller *poller)
{
    const bool doubtful = poller->straggles_us > 0 && !poller->was_whole;
    poller->was_whole = doubtful;
    return doubtful;
}

void poller_recovered(struct poller *poller, int64_t now_us)
{
    if (is_doubtful(poller)) {
        poller->probe_due_us = now_us;
        return;
    }
    if (poller_is_silent(poller, now_us)) {
        begin_anew(poller, now_us);
    }
    poller_excuse(poller, now_us);
    poller->suspect = false;
    poller->answered = 0;
    poller->heard_us = now_us;
    ask_identity_first(poller, now_us);
}

void poller_doubt(struct poller *poller)
{
    if (!poller->suspect) {
        poller->probe_due_us = poller_due_us(poller);
        poller->suspect = true;
    }
}

void poller_retry(struct poller *poller, int64_t now_us)
{
    if (poller->suspect && poller->probe_due_us > now_us) {
        poller->probe_due_us = now_us;
        poller->failures = 1; /* patient no longer than it used to need */
    }
}
