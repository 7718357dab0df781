#include "drivers/monitor/modbus/poller.h"

#include <assert.h>
#include <string.h>

enum {
    PAUSE_MS_MIN = 2000,
    THINK_FACTOR = 4,
    FULL_PATIENCE_FIRST = 2, /* the second probe, then every fourth */
    FULL_PATIENCE_EVERY = 4,
    REGISTERS_END = 65536
};

void poller_make(struct poller *poller, struct arena *arena, const struct monitor_config *config)
{
    struct request_plan plan;
    requests_plan(config->profile, &plan);
    struct span *spans = ARENA_TAKE(arena, struct span, plan.span_count);
    struct run *runs = ARENA_TAKE(arena, struct run, plan.run_count);
    struct poll *polls = ARENA_TAKE(arena, struct poll, plan.span_count);
    if (polls == NULL) {
        return;
    }
    memcpy(spans, plan.spans, plan.span_count * sizeof *spans);
    memcpy(runs, plan.runs, plan.run_count * sizeof *runs);
    *poller = (struct poller){.config = config, .spans = spans, .runs = runs, .polls = polls};
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
    const struct profile *profile = poller->config->profile;
    const struct request request = request_of_run(poller->spans, run);
    return profile->identity_count > 0 &&
           request_covers(&request, TABLE_HOLDING, profile->identity_register, profile->identity_count);
}

/* How much earlier than others a run is asked in the first round. */
static int64_t run_precedence(const struct poller *poller, struct run run)
{
    const struct profile *profile = poller->config->profile;
    const struct request request = request_of_run(poller->spans, run);
    if (has_identity(poller, run)) {
        return 2;
    }
    for (uint8_t i = 0; i < profile->bit_count; i++) {
        if (request_covers(&request, profile->bits[i].table, profile->bits[i].reg, 1)) {
            return 1;
        }
    }
    return 0;
}

static void merge_polls(struct poller *poller, int64_t due_us)
{
    poller->poll_count = poller->run_count;
    for (uint8_t i = 0; i < poller->run_count; i++) {
        const struct run run = poller->runs[i];
        poller->polls[i] = (struct poll){.run = run, .due_us = due_us - run_precedence(poller, run)};
    }
}

static void cut_poll(struct poller *poller, uint8_t at, struct run left, struct run right, int64_t now_us)
{
    assert(poller->poll_count < poller->span_count);
    for (uint8_t i = poller->poll_count; i > at + 1; i--) {
        poller->polls[i] = poller->polls[i - 1];
    }
    poller->poll_count++;
    poller->polls[at] = (struct poll){.run = left, .due_us = now_us};
    poller->polls[at + 1] = (struct poll){.run = right, .due_us = now_us};
}

/* The next instant of the poll's grid that is not over. */
static int64_t next_turn_us(const struct poller *poller, const struct poll *poll, int64_t now_us)
{
    const int64_t interval_us = poller->spans[poll->run.from].interval_ms * INT64_C(1000);
    const int64_t late_us = now_us - poll->due_us;
    return poll->due_us + (late_us < 0 ? interval_us : (late_us / interval_us + 1) * interval_us);
}

static void move_on(struct poller *poller, uint8_t at, int64_t now_us)
{
    struct poll *poll = &poller->polls[at];
    poll->due_us = next_turn_us(poller, poll, now_us);
    poll->again_us = 0;
    poll->tries = 0;
}

/* Once more before its next turn, if that leaves time for it and it was not tried too often. */
static void try_again(struct poller *poller, uint8_t at, int64_t now_us, int64_t wait_us, uint8_t tries_max)
{
    struct poll *poll = &poller->polls[at];
    if (poll->tries >= tries_max || now_us + wait_us >= next_turn_us(poller, poll, now_us)) {
        move_on(poller, at, now_us);
        return;
    }
    poll->tries++;
    poll->again_us = now_us + wait_us;
}

static int64_t poll_due_us(const struct poll *poll)
{
    return poll->again_us != 0 ? poll->again_us : poll->due_us;
}

void poller_restart(struct poller *poller, int64_t due_us)
{
    decode_forget(&poller->decode);
    merge_polls(poller, due_us);
    poller->suspect = false;
    poller->failures = 0;
    poller->heard_us = due_us;
}

int64_t poller_due_us(const struct poller *poller, uint8_t *out_poll)
{
    if (poller->run_count == 0) {
        return BUS_NEVER; /* its profile is empty */
    }
    if (poller->suspect) {
        *out_poll = POLLER_PROBE;
        return poller->probe_due_us;
    }
    uint8_t earliest = 0;
    for (uint8_t i = 1; i < poller->poll_count; i++) {
        if (poll_due_us(&poller->polls[i]) < poll_due_us(&poller->polls[earliest])) {
            earliest = i;
        }
    }
    *out_poll = earliest;
    return poll_due_us(&poller->polls[earliest]);
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
    const uint64_t full_us = timeout_ms * UINT64_C(1000);
    uint64_t quick_us = poller->think_us * UINT64_C(1) * THINK_FACTOR;
    if (!poller->suspect || poller->failures % FULL_PATIENCE_EVERY == FULL_PATIENCE_FIRST) {
        return (uint32_t)full_us;
    }
    if (quick_us < POLLER_PATIENCE_MS * UINT64_C(1000)) {
        quick_us = POLLER_PATIENCE_MS * UINT64_C(1000);
    }
    return (uint32_t)(quick_us < full_us ? quick_us : full_us);
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

void poller_answered(struct poller *poller, uint8_t poll, int64_t now_us, uint32_t think_us)
{
    /* Slower counts at once, faster little by little. */
    poller->think_us = think_us > poller->think_us ? think_us : poller->think_us - (poller->think_us - think_us) / 8;
    if (poller->polls[poll].refusal != 0) {
        merge_polls(poller, now_us); /* it gives again what it refused: it was starting, or is another one */
    } else {
        move_on(poller, poll, now_us);
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
        move_on(poller, poll, now_us);
    }
}

static int64_t probe_interval_us(const struct poller *poller)
{
    const int64_t shortest_ms = poller->interval_ms;
    const int64_t longest_ms = shortest_ms > POLLER_PROBE_MS_MAX ? shortest_ms : POLLER_PROBE_MS_MAX;
    int64_t interval_ms = shortest_ms;
    for (uint8_t i = 1; i < poller->failures && interval_ms < longest_ms; i++) {
        interval_ms *= 2;
    }
    return (interval_ms < longest_ms ? interval_ms : longest_ms) * 1000;
}

void poller_failed(struct poller *poller, int64_t now_us)
{
    if (poller->failures < UINT8_MAX) {
        poller->failures++;
    }
    poller->suspect = true;
    poller->probe_due_us = now_us + probe_interval_us(poller);
}

static void ask_identity_first(struct poller *poller)
{
    uint8_t earliest = 0;
    const int64_t first_us = poller_due_us(poller, &earliest);
    for (uint8_t i = 0; i < poller->poll_count; i++) {
        if (i != earliest && poller->polls[i].refusal == 0 && has_identity(poller, poller->polls[i].run)) {
            poller->polls[i].again_us = first_us - 1;
        }
    }
}

void poller_recovered(struct poller *poller, int64_t now_us)
{
    if (poller_is_silent(poller, now_us)) {
        poller_restart(poller, now_us);
    }
    poller->suspect = false;
    poller->failures = 0;
    poller->heard_us = now_us;
    ask_identity_first(poller);
}

void poller_doubt(struct poller *poller)
{
    if (!poller->suspect) {
        uint8_t poll;
        poller->probe_due_us = poller_due_us(poller, &poll);
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
