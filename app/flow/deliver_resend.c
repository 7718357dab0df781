/*
 * Alerts sent again on request (resend.h). One is in flight at a time, so that each is acknowledged before the next goes: a connection that ends begins
 * again with the one that was not.
 *
 * History is in order of rows, and seq grows with them within an epoch and those that it goes on with; what comes before their first row is of others. So the
 * first row that is asked for is found by halving, a row a look.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "app/flow/deliver_internal.h"
#include "app/flow/log.h"

#define PACE_US     (1000000 / RESEND_A_SECOND)
#define PASSED_MOST 64U /* rows that are no alerts to be sent, a look */

static struct resend *resend_of(const struct deliver *d)
{
    return &d->link->resend;
}

static const struct resend_request *request_of(const struct deliver *d)
{
    return &resend_of(d)->waiting[0];
}

static void take_requests(struct deliver *d)
{
    struct resend *r = resend_of(d);
    while (d->config.resends != NULL && r->count < RESEND_WAITING &&
           ring_pop(d->config.resends, &r->waiting[r->count], 1) == 1) {
        r->count++;
    }
}

static void drop_first(struct resend *r)
{
    r->count--;
    memmove(r->waiting, r->waiting + 1, r->count * sizeof r->waiting[0]);
    r->is_begun = r->is_over = false;
    r->sent = 0;
    r->end = RESEND_COMPLETE;
}

/* ---- which rows ---- */

struct look {
    const struct deliver *d;
    uint64_t row;
    bool has_come; /* to the first that is asked for */
};

static bool visit_look(void *context, const struct store_alert *alert)
{
    struct look *look = context;
    look->row = alert->row;
    look->has_come = payload_counts(look->d->context, alert) && alert->seq >= request_of(look->d)->from_seq;
    return false;
}

static bool was_read(enum status status)
{
    return status == STATUS_OK || status == STATUS_CORRUPT; /* a damaged row is passed over */
}

/* The newest row before those that are asked for. */
static enum status find_before(struct deliver *d, uint64_t *out_row)
{
    uint64_t before = 0, most = atomic_load(d->config.committed_row);
    while (before < most) {
        const uint64_t middle = before + (most - before) / 2;
        struct look look = {.d = d, .row = UINT64_MAX};
        const enum status status = store_each_history(d->store, middle, 1, visit_look, &look);
        if (!was_read(status)) {
            return status;
        }
        if (look.row <= most && !look.has_come) {
            before = look.row;
        } else {
            most = middle;
        }
    }
    *out_row = before;
    return STATUS_OK;
}

/* ---- what is sent ---- */

static bool publish(struct deliver *d, size_t length, uint64_t row)
{
    char topic[PAYLOAD_TOPIC_MAX];
    topic_of_gateway(d->context, "resend", topic);
    const struct uplink_message message = {.topic = topic, .payload = d->scratch, .length = length, .qos = 1};
    return link_publish(d, &message, &(struct flight){.kind = FLIGHT_RESEND, .row = row});
}

/* True: the next row may be looked at in this visit. */
static bool visit_next(void *context, const struct store_alert *alert)
{
    struct deliver *d = context;
    struct resend *r = resend_of(d);
    const bool is_alert = (alert->flags & STORE_ALERT_OMITS) == 0;
    const bool is_ours = is_alert && payload_counts(d->context, alert) && alert->seq >= request_of(d)->from_seq;
    r->seen++;
    r->is_over = is_ours && alert->seq > request_of(d)->through_seq;
    if (!is_ours || r->is_over) {
        r->row = alert->row;
        return !r->is_over;
    }
    const size_t length = payload_alert_resent(alert->json, alert->json_length, d->scratch, DELIVER_SCRATCH_MAX);
    if (length == 0) {
        r->row = alert->row; /* no JSON of ours: it counts as missing */
        return true;
    }
    (void)publish(d, length, alert->row);
    return false;
}

static enum status begin(struct deliver *d)
{
    struct resend *r = resend_of(d);
    const enum status status = r->is_begun ? STATUS_OK : find_before(d, &r->row);
    r->is_begun = status == STATUS_OK;
    return status;
}

static void send_next(struct deliver *d)
{
    struct resend *r = resend_of(d);
    enum status status = begin(d);
    r->seen = 0;
    if (status == STATUS_OK) {
        status = store_each_history(d->store, r->row, PASSED_MOST, visit_next, d);
    }
    if (!was_read(status)) {
        deliver_due(d, d->now_us + DELIVER_STORE_RETRY_US);
        return;
    }
    r->is_over = r->is_over || r->seen == 0;
    if (link_in_flight(d, FLIGHT_RESEND) == 0) {
        deliver_due(d, d->now_us + DELIVER_RETRY_US); /* the end, rows behind those that were passed, or room */
    }
}

/* False: not now. */
static bool send_end(struct deliver *d, enum resend_end end)
{
    const struct resend *r = resend_of(d);
    const struct resend_result result = {.request = *request_of(d), .sent = r->sent, .end = end, .wall_ms = d->wall_ms};
    const size_t length = payload_resend_end(d->context, &result, d->scratch, DELIVER_SCRATCH_MAX);
    assert(length > 0);
    return publish(d, length, 0);
}

void resend_step(struct deliver *d)
{
    struct resend *r = resend_of(d);
    take_requests(d);
    if (r->count == 0 || d->store == NULL || d->congested || d->outbox.behind_rows > 0 ||
        link_in_flight(d, FLIGHT_RESEND) > 0 || !link_has_spare_room(d)) {
        return;
    }
    if (d->now_us < r->due_us) {
        deliver_due(d, r->due_us);
        return;
    }
    if (r->is_over) {
        (void)send_end(d, r->end);
    } else {
        send_next(d);
    }
    r->due_us = link_in_flight(d, FLIGHT_RESEND) > 0 ? d->now_us + PACE_US : r->due_us;
}

void resend_settled(struct deliver *d, const struct flight *flight, bool refused)
{
    struct resend *r = resend_of(d);
    if (r->count == 0) {
        return;
    }
    if (flight->row == 0) {
        drop_first(r); /* its end: where it may not be said either there is nobody to tell */
    } else if (refused) {
        r->is_over = true;
        r->end = RESEND_REFUSED;
    } else {
        r->row = flight->row;
        r->sent++;
    }
}

void resend_leave(struct deliver *d)
{
    take_requests(d);
    struct resend_request lost;
    while (d->config.resends != NULL && ring_pop(d->config.resends, &lost, 1) == 1) {
        log_warning("alerts are not sent again after all (%s), ask once more", lost.id);
    }
}

void resend_farewell(struct deliver *d)
{
    struct resend *r = resend_of(d);
    take_requests(d);
    while (r->count > 0 && link_has_room(d, FLIGHT_RESEND) && send_end(d, RESEND_STOPPED)) {
        drop_first(r);
    }
}
