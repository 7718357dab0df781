/*
 * Several brokers, in order of preference. Which one is next when one fails is the link's (deliver_link.c); here is what is
 * known of those that are not connected to, and the way back to an earlier one:
 *
 *     STAYING --an earlier one has answered for `return_after`, nothing waits or is unacknowledged--> LEAVING
 *     LEAVING --everything retained is emptied, `moved` is acknowledged, or time is over--> disconnect, connect to it
 *     LEAVING --the connection is lost--> STAYING
 *
 * An earlier one is probed beside the connection every quarter of return_after (1 to 15 s), and must answer each time. A
 * return that does not last as long doubles the wait, up to an hour, so that a broker that comes and goes does not take
 * the ward with it. A later one is asked every 10 min: whether it would take us, and when its certificate ends.
 */
#include <stdio.h>

#include "app/flow/deliver_internal.h"
#include "app/flow/log.h"

#define PROBE_US_MIN 1000000
#define PROBE_US_MAX 15000000
#define PROBE_SHARE  4 /* of return_after */
#define STANDBY_US   600000000
#define IN_ROW_LEAST 3
#define WAIT_US_MAX  3600000000
#define LEAVE_US     3000000 /* alerts wait for so long at most */
#define NOT_ASKED    SETTINGS_BROKERS_MAX

static int64_t return_after_us(const struct deliver *d)
{
    return (int64_t)d->config.return_after_ms * 1000;
}

static bool is_earlier(const struct deliver *d, unsigned broker)
{
    return broker < d->link->broker;
}

static int64_t probe_interval_us(const struct deliver *d, unsigned broker)
{
    const int64_t share_us = return_after_us(d) / PROBE_SHARE;
    if (!is_earlier(d, broker)) {
        return STANDBY_US;
    }
    return share_us < PROBE_US_MIN ? PROBE_US_MIN : share_us > PROBE_US_MAX ? PROBE_US_MAX : share_us;
}

static void put_answer(struct deliver *d, unsigned broker, enum broker_answer answer)
{
    atomic_store(&d->config.board->broker_answers[broker], (unsigned)answer);
}

/* ---- probes ---- */

static void take_answer(struct deliver *d, unsigned broker)
{
    struct broker_known *known = &d->link->brokers.known[broker];
    if (known->in_row == 0) {
        known->since_us = d->now_us;
        if (is_earlier(d, broker)) {
            log_note("an earlier broker answers (%s), it is returned to once it has done so for %g s",
                     d->config.brokers[broker].url, (double)d->link->brokers.wait_us / 1e6);
        }
    }
    known->in_row = known->in_row < UINT8_MAX ? (uint8_t)(known->in_row + 1) : UINT8_MAX;
    known->told_silent = false;
    put_answer(d, broker, BROKER_ANSWERS);
}

static void take_silence(struct deliver *d, unsigned broker, const char *why)
{
    struct broker_known *known = &d->link->brokers.known[broker];
    if (!known->told_silent && (known->in_row > 0 || !is_earlier(d, broker))) { /* else its loss was told */
        log_warning("a broker that is not in use does not answer (%s: %s), check it before it is needed",
                    d->config.brokers[broker].url, why);
        known->told_silent = true;
    }
    known->in_row = 0;
    put_answer(d, broker, BROKER_SILENT);
}

static void take_probe(struct deliver *d)
{
    struct brokers *brokers = &d->link->brokers;
    struct uplink_probed probed;
    if (!uplink_next_probed(d->link->uplink, &probed)) {
        return;
    }
    const unsigned broker = brokers->asked;
    brokers->asked = NOT_ASKED;
    if (broker == NOT_ASKED || broker == d->link->broker) {
        return; /* it has been connected to meanwhile */
    }
    if (probed.ends_ms != 0) {
        brokers->known[broker].ends_ms = probed.ends_ms;
        d->link->look_us = d->now_us;
    }
    if (probed.answers) {
        take_answer(d, broker);
    } else {
        take_silence(d, broker, probed.text);
    }
}

static unsigned next_to_ask(const struct deliver *d)
{
    const struct broker_known *known = d->link->brokers.known;
    unsigned next = NOT_ASKED;
    for (unsigned i = 0; i < d->config.broker_count; ++i) {
        if (i != d->link->broker && (next == NOT_ASKED || known[i].ask_us < known[next].ask_us)) {
            next = i;
        }
    }
    return next;
}

static void ask_when_due(struct deliver *d)
{
    struct brokers *brokers = &d->link->brokers;
    const unsigned next = next_to_ask(d);
    if (brokers->asked != NOT_ASKED || next == NOT_ASKED) {
        return;
    }
    struct broker_known *known = &brokers->known[next];
    if (d->now_us >= known->ask_us) {
        const enum status status = uplink_probe(d->link->uplink, &d->config.brokers[next]);
        known->ask_us = d->now_us + (status == STATUS_BUSY ? PROBE_US_MIN : probe_interval_us(d, next));
        brokers->asked = status == STATUS_OK ? (uint8_t)next : NOT_ASKED;
    }
    deliver_due(d, brokers->known[next_to_ask(d)].ask_us);
}

/* ---- the way back ---- */

static bool has_answered_long_enough(const struct deliver *d, unsigned broker)
{
    const struct broker_known *known = &d->link->brokers.known[broker];
    return known->in_row >= IN_ROW_LEAST && d->now_us - known->since_us >= d->link->brokers.wait_us;
}

static unsigned best_earlier(const struct deliver *d)
{
    unsigned broker = 0;
    while (broker < d->link->broker && !has_answered_long_enough(d, broker)) {
        ++broker;
    }
    return broker;
}

static void begin_leaving(struct deliver *d, unsigned to)
{
    struct brokers *brokers = &d->link->brokers;
    log_note("returning to an earlier broker (%s), which has answered for %lld s", d->config.brokers[to].url,
             (long long)(d->now_us - brokers->known[to].since_us) / 1000000);
    brokers->leaving = true;
    brokers->to = (uint8_t)to;
    brokers->leave_us = d->now_us + LEAVE_US;
    leave_begin(d);
}

void brokers_begin(struct deliver_link *link, uint32_t return_after_ms)
{
    link->brokers.asked = NOT_ASKED;
    link->brokers.wait_us = (int64_t)return_after_ms * 1000;
}

bool brokers_leaving(const struct deliver *d)
{
    return d->link->brokers.leaving;
}

/* What is known of a broker counts from when another one was connected to. */
void brokers_risen(struct deliver *d)
{
    struct brokers *brokers = &d->link->brokers;
    for (unsigned i = 0; i < d->config.broker_count; ++i) {
        struct broker_known *known = &brokers->known[i];
        known->in_row = 0;
        known->ask_us = i < d->link->broker ? d->now_us + probe_interval_us(d, i) : known->ask_us;
    }
    put_answer(d, d->link->broker, BROKER_ANSWERS);
}

static void lengthen_wait(struct brokers *brokers)
{
    brokers->wait_us = brokers->wait_us < WAIT_US_MAX / 2 ? brokers->wait_us * 2 : WAIT_US_MAX;
    brokers->returned_us = 0;
}

void brokers_lost(struct deliver *d)
{
    struct brokers *brokers = &d->link->brokers;
    brokers->leaving = false;
    put_answer(d, d->link->broker, BROKER_SILENT);
    d->link->brokers.known[d->link->broker].ask_us = d->now_us;
    if (brokers->returned_us != 0 && d->now_us - brokers->returned_us < brokers->wait_us) {
        lengthen_wait(brokers);
    }
}

void brokers_step(struct deliver *d)
{
    struct brokers *brokers = &d->link->brokers;
    if (d->config.broker_count < 2) {
        return;
    }
    take_probe(d);
    if (d->link->state != LINK_UP || brokers->leaving) {
        return;
    }
    ask_when_due(d);
    if (brokers->returned_us != 0 && d->now_us - brokers->returned_us >= brokers->wait_us) {
        brokers->returned_us = 0;
        brokers->wait_us = return_after_us(d);
    }
    const unsigned to = best_earlier(d);
    if (to < d->link->broker && d->present.stage == PRESENT_COMPLETE && !outbox_is_busy(d) && outbox_is_settled(d)) {
        begin_leaving(d, to);
    }
}

bool brokers_leave_step(struct deliver *d)
{
    struct brokers *brokers = &d->link->brokers;
    const bool done = leave_step(d);
    deliver_due(d, brokers->leave_us);
    return done || d->now_us >= brokers->leave_us;
}

void brokers_moved(struct deliver *d, uint8_t to)
{
    put_answer(d, d->link->broker, BROKER_ANSWERS);
    put_answer(d, to, BROKER_UNKNOWN);
    d->link->brokers.returned_us = d->now_us;
}

void brokers_note_ends(const struct deliver *d, struct uplink_certificate *first_end)
{
    for (unsigned i = 0; i < d->config.broker_count; ++i) {
        const int64_t ends_ms = d->link->brokers.known[i].ends_ms;
        if (i != d->link->broker && ends_ms != 0 && (first_end->ends_ms == 0 || ends_ms < first_end->ends_ms)) {
            first_end->ends_ms = ends_ms;
            (void)snprintf(first_end->name, sizeof first_end->name, "broker %u's", i + 1);
        }
    }
}
