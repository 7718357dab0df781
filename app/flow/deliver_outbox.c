/*
 * The outbox is read by two passes. The live pass goes on with the newest rows; a row whose place is behind it only
 * counts, because the place's older rows come first. The backlog pass follows, paced, and hands over the rows of the
 * places that are behind, until none is. Each row is handed over by exactly one of them, and the rows of one place in
 * their order:
 *
 *     backlog pass: [ ... behind_through ]   live pass: [ ... through ]   behind_through <= through
 *     behind[place] = rows of the place in (behind_through, through]      0: the live pass hands its rows over
 *
 * Before the backlog pass goes on from there, the first rows of each place that is behind go (firsts.h), wherever they are:
 * they are behind no more, and it passes over them.
 *
 * An acknowledged row goes to the store thread (deliver_acked.c), for which it is history then. A connection that ends
 * forgets all of this; the next one begins with what the outbox still holds.
 */
#include <inttypes.h>
#include <string.h>

#include "app/flow/deliver_internal.h"
#include "app/flow/log.h"

#define BACKLOG_BURST 20 /* rows that go without a pause: the first ones, and what a late round catches up with */

static uint32_t find_place(const struct deliver *d, const char *bed)
{
    const struct engine_config *config = d->context->config;
    uint32_t low = 0;
    uint32_t high = config->bed_count;
    if (bed[0] == '\0') {
        return config->bed_count;
    }
    while (low < high) {
        const uint32_t middle = (low + high) / 2;
        const int order = strcmp(bed, config->beds[d->beds_by_id[middle]].id);
        if (order == 0) {
            return d->beds_by_id[middle];
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return config->bed_count + 1U;
}

static uint32_t place_of(struct deliver *d, const char *bed)
{
    const struct engine_config *config = d->context->config;
    const uint32_t last = d->outbox.last_place;
    if (last >= config->bed_count || strcmp(bed, config->beds[last].id) != 0) {
        d->outbox.last_place = find_place(d, bed);
    }
    return d->outbox.last_place;
}

static uint64_t committed_row(const struct deliver *d)
{
    return atomic_load(d->config.committed_row);
}

static void try_again(struct deliver *d)
{
    struct outbox *outbox = &d->outbox;
    if (outbox->again_us == 0) {
        const int64_t wait_us = outbox->again_wait_us;
        outbox->again_wait_us = wait_us == 0                         ? DELIVER_AGAIN_US
                                : wait_us < DELIVER_AGAIN_US_MAX / 2 ? wait_us * 2
                                                                     : DELIVER_AGAIN_US_MAX;
        outbox->again_us = d->now_us + outbox->again_wait_us;
    }
}

void outbox_leave(struct deliver *d)
{
    d->outbox.left = true;
    try_again(d);
}

/* A damaged row is passed over by the store: the others were read, it is looked at again later. */
static bool was_read(struct deliver *d, enum status status)
{
    d->outbox.unread = status != STATUS_OK && status != STATUS_CORRUPT;
    if (status == STATUS_CORRUPT) {
        try_again(d);
    } else if (status != STATUS_OK) {
        deliver_due(d, d->now_us + DELIVER_STORE_RETRY_US);
    }
    return !d->outbox.unread;
}

/* ---- one row ---- */

static bool is_of_lost_store(const struct deliver *d, const struct store_alert *record)
{
    static const char reason[] = "\"reason\":\"store_replaced\"";
    return payload_counts(d->context, record) &&
           memmem(record->json, record->json_length, reason, sizeof reason - 1) != NULL;
}

/* The record of alerts that a full outbox gave up, or that were lost with a store, as it is. */
static bool hand_over_record(struct deliver *d, const struct store_alert *record)
{
    char topic[PAYLOAD_TOPIC_MAX];
    topic_of_gateway(d->context, "omitted", topic);
    const struct uplink_message message = {
        .topic = topic, .payload = record->json, .length = record->json_length, .qos = 1};
    return link_publish(d, &message,
                        &(struct flight){.kind = FLIGHT_ROW,
                                         .foreign = !payload_counts(d->context, record),
                                         .row = record->row,
                                         .seq = record->seq,
                                         .record = true});
}

static bool hand_over(struct deliver *d, const struct store_alert *alert)
{
    char topic[PAYLOAD_TOPIC_MAX];
    const bool late = clock_makes_late(d, alert);
    const size_t length =
        payload_alert_delivery(alert->json, alert->json_length, late, true, d->scratch, DELIVER_SCRATCH_MAX);
    if (length == 0) {
        log_error("an alert in the store is damaged (row %" PRIu64 "), it stays there unsent", alert->row);
        try_again(d);
        return true;
    }
    topic_of_bed(d->context, alert->bed, "alert", topic);
    const struct uplink_message message = {.topic = topic, .payload = d->scratch, .length = length, .qos = 1};
    return link_publish(
        d, &message,
        &(struct flight){
            .kind = FLIGHT_ROW, .foreign = !payload_counts(d->context, alert), .row = alert->row, .seq = alert->seq});
}

static bool is_folded(const struct store_alert *alert)
{
    return (alert->flags & STORE_ALERT_FOLDED) != 0;
}

/* Of what is folded there is nothing to be sent but its state, which comes again with every connection: the row has done its work. */
static bool pass_on(struct deliver *d, const struct store_alert *alert)
{
    if ((alert->flags & STORE_ALERT_OMITS) != 0) {
        if (is_of_lost_store(d, alert)) {
            direct_lost(d, alert->seq);
        }
        return hand_over_record(d, alert);
    }
    const bool passed = is_folded(alert) ? acked_return(d, alert->row) : hand_over(d, alert);
    if (passed) {
        direct_drop_durable(d, alert);
    }
    return passed;
}

static bool can_show_state(struct deliver *d)
{
    return alarms_settle(d) && link_has_room(d, FLIGHT_STATE);
}

static void show_state(struct deliver *d, const struct store_alert *alert)
{
    if ((alert->flags & (STORE_ALERT_TEST | STORE_ALERT_OMITS)) == 0) {
        alarms_show_stored(d, alert);
    }
}

static void add_behind(struct outbox *outbox, uint32_t place, uint64_t row)
{
    firsts_add(&outbox->firsts, place, outbox->behind[place], row);
    ++outbox->behind[place];
    ++outbox->behind_rows;
}

/* How far our numbers go: a store that was opened late has alerts of others, which say nothing of them. */
static uint64_t own_seq(const struct deliver *d, const struct store_alert *alert, uint64_t before)
{
    return payload_counts(d->context, alert) ? alert->seq : before;
}

/* ---- live pass ---- */

static bool visit_live(void *context, const struct store_alert *alert)
{
    struct deliver *d = context;
    struct outbox *outbox = &d->outbox;
    const uint32_t place = place_of(d, alert->bed);
    if (!can_show_state(d) || (outbox->behind[place] == 0 && !pass_on(d, alert))) {
        outbox->stopped = true;
        return false;
    }
    if (outbox->behind[place] > 0) { /* its alert waits for its turn; screens get to know the state at once */
        add_behind(outbox, place, alert->row);
    }
    show_state(d, alert);
    outbox->through = alert->row;
    outbox->through_seq = own_seq(d, alert, outbox->through_seq);
    return true;
}

static void pass_live(struct deliver *d)
{
    struct outbox *outbox = &d->outbox;
    const uint64_t newest = committed_row(d);
    if (newest <= outbox->through) {
        return;
    }
    outbox->stopped = false;
    const enum status status = store_each_outbox(d->store, outbox->through, UINT32_MAX, visit_live, d);
    if (status == STATUS_CORRUPT && outbox->shown_by == 0) {
        outbox->shown_by = alarms_begin_soon(d); /* else the state follows its alert */
    }
    if (was_read(d, status) && !outbox->stopped && newest > outbox->through) {
        outbox->through = newest; /* what was committed and is not here was delivered before */
    }
}

/* ---- backlog pass ---- */

/* Between two rows. Unless the configuration says more, the broker's acknowledgements are pace enough: no more than a window
 * is ever under way, and live rows take their place in it first. */
static int64_t pace_us(const struct deliver *d)
{
    return d->config.backlog_rate > 0 ? 1000000 / (int64_t)d->config.backlog_rate : 0;
}

/* False: the row does not go now. */
static bool pass_on_behind(struct deliver *d, uint32_t place, const struct store_alert *alert)
{
    struct outbox *outbox = &d->outbox;
    if ((d->now_us < outbox->behind_due_us && !is_folded(alert)) || !pass_on(d, alert)) {
        return false;
    }
    outbox->behind_due_us += is_folded(alert) ? 0 : pace_us(d);
    --outbox->behind[place];
    --outbox->behind_rows;
    return true;
}

/* False: the row does not go now. */
static bool pass_on_next(struct deliver *d, const struct store_alert *alert)
{
    struct outbox *outbox = &d->outbox;
    const uint32_t place = place_of(d, alert->bed);
    const bool is_behind = outbox->behind[place] > 0 && !firsts_have_passed(&outbox->firsts, place, alert->row);
    if (is_behind && !pass_on_behind(d, place, alert)) {
        return false;
    }
    outbox->behind_through = alert->row;
    outbox->behind_through_seq = own_seq(d, alert, outbox->behind_through_seq);
    return true;
}

/* All that was behind has been handed over; rows that were counted and are not there were given up by a full outbox. */
static void forget_behind(struct deliver *d)
{
    memset(d->outbox.behind, 0, (d->context->config->bed_count + 2U) * sizeof *d->outbox.behind);
    firsts_forget(&d->outbox.firsts);
    d->outbox.behind_rows = 0;
}

struct first_row {
    struct deliver *d;
    uint32_t place;
    uint64_t row;
    bool is_there, has_gone;
};

static bool visit_first(void *context, const struct store_alert *alert)
{
    struct first_row *first = context;
    first->is_there = alert->row == first->row;
    first->has_gone = first->is_there && pass_on_behind(first->d, first->place, alert);
    return false;
}

/* False: some are left. One that is not there was given up by a full outbox, or is damaged. */
static bool pass_firsts(struct deliver *d)
{
    struct outbox *outbox = &d->outbox;
    struct first_row first = {.d = d};
    while (link_has_room(d, FLIGHT_ROW) && firsts_next(&outbox->firsts, &first.place, &first.row)) {
        first.is_there = first.has_gone = false;
        if (!was_read(d, store_each_outbox(d->store, first.row - 1, 1, visit_first, &first)) ||
            (first.is_there && !first.has_gone)) {
            return false;
        }
        if (!first.is_there) {
            --outbox->behind[first.place];
            --outbox->behind_rows;
        }
        firsts_pass(&outbox->firsts, first.place);
    }
    return outbox->firsts.left == 0;
}

/* False: the store cannot be read, or nothing is behind any more. */
static bool has_read_ahead(struct deliver *d)
{
    struct outbox *outbox = &d->outbox;
    if (ahead_first(d) != NULL) {
        return true;
    }
    if (!was_read(d, ahead_read(d, outbox->behind_through, outbox->through))) {
        return false;
    }
    if (ahead_first(d) == NULL) {
        forget_behind(d);
    }
    return ahead_first(d) != NULL;
}

static void pass_behind(struct deliver *d)
{
    struct outbox *outbox = &d->outbox;
    const int64_t earliest_us = d->now_us - BACKLOG_BURST * pace_us(d);
    if (outbox->behind_due_us < earliest_us) {
        outbox->behind_due_us = earliest_us;
    }
    const bool are_firsts_gone = pass_firsts(d);
    while (are_firsts_gone && outbox->behind_rows > 0 &&
           link_has_room(d, FLIGHT_ROW)) { /* else an acknowledgement wakes */
        if (!has_read_ahead(d) || !pass_on_next(d, ahead_first(d))) {
            break;
        }
        ahead_pass(d);
    }
    if (outbox->behind_rows > 0 && !link_has_room(d, FLIGHT_ROW) &&
        ahead_read_on(d, outbox->through) == STATUS_CORRUPT) {
        try_again(d); /* what else fails is tried again when those that are there have gone */
    }
    if (outbox->behind_rows > 0 && outbox->behind_due_us > d->now_us) {
        deliver_due(d, outbox->behind_due_us);
    }
}

/* ---- beginning ---- */

static bool visit_count(void *context, const struct store_alert *alert)
{
    struct deliver *d = context;
    struct outbox *outbox = &d->outbox;
    if (alert->row > outbox->newest) {
        return false;
    }
    if (outbox->behind_rows == 0) { /* none before it waits */
        outbox->behind_through = alert->row - 1;
    }
    add_behind(outbox, place_of(d, alert->bed), alert->row);
    const uint64_t seq = own_seq(d, alert, 0);
    outbox->through_seq = seq > outbox->through_seq ? seq : outbox->through_seq;
    return true;
}

static void outbox_begin(struct deliver *d)
{
    struct outbox *outbox = &d->outbox;
    forget_behind(d);
    ahead_forget(d);
    outbox->behind_through = 0;
    outbox->through = outbox->newest; /* through_seq stays: what was passed before is not behind it now */
    outbox->behind_through_seq = 0;
    outbox->behind_due_us = 0;
    outbox->again_us = 0;
    outbox->left = false;
    outbox->begun = was_read(d, store_each_outbox(d->store, 0, UINT32_MAX, visit_count, d));
}

/* ---- what was left ---- */

/* The store knows of all that was acknowledged: it is in the outbox no more. */
static bool is_all_noted(const struct deliver *d)
{
    return ring_count(d->config.delivered) == 0 && (d->config.noting == NULL || atomic_load(d->config.noting) == 0);
}

/* What was left in the outbox (refused, damaged) is tried by beginning anew, when nothing is under way that may still
 * be acknowledged, or would be sent once more. */
static void begin_again_when_due(struct deliver *d)
{
    struct outbox *outbox = &d->outbox;
    if (outbox->again_us == 0) {
        return;
    }
    if (d->now_us < outbox->again_us) {
        deliver_due(d, outbox->again_us);
    } else if (!is_all_noted(d) && d->now_us - outbox->again_us < DELIVER_NOTED_US_MAX) {
        deliver_due(d, d->now_us + DELIVER_NOTED_US);
    } else if (outbox->behind_rows == 0 && link_in_flight(d, FLIGHT_ROW) == 0) {
        outbox->newest = outbox->through;
        outbox->begun = false;
    }
}

static bool has_waiting(const struct deliver *d)
{
    const struct outbox *outbox = &d->outbox;
    return !outbox->begun || outbox->behind_rows > 0 || committed_row(d) > outbox->through;
}

bool outbox_is_busy(const struct deliver *d)
{
    return d->store == NULL || has_waiting(d) || d->direct_waiting > 0 || d->alarms.owes ||
           link_in_flight(d, FLIGHT_ROW) + link_in_flight(d, FLIGHT_DIRECT) > 0;
}

static bool visit_any(void *context, const struct store_alert *alert)
{
    bool *found = context;
    *found = *found || alert->row != 0;
    return false;
}

bool outbox_is_settled(struct deliver *d)
{
    bool found = false;
    const enum status status = store_each_outbox(d->store, 0, 1, visit_any, &found);
    return d->outbox.again_us != 0 || (status == STATUS_OK && !found);
}

void outbox_step_live(struct deliver *d)
{
    if (d->store == NULL) {
        return;
    }
    begin_again_when_due(d);
    if (!d->outbox.begun) {
        outbox_begin(d);
    }
    if (d->outbox.begun) {
        pass_live(d);
    }
}

void outbox_step_behind(struct deliver *d)
{
    if (d->store != NULL && d->outbox.begun) {
        pass_behind(d);
    }
    if (!d->outbox.left && !has_waiting(d) && link_in_flight(d, FLIGHT_ROW) == 0) {
        if (d->outbox.again_us == 0) {
            d->outbox.again_wait_us = 0;
        }
        refused_over(d);
    }
}

/* One that cannot be read, or goes no further because its disk hangs, holds nothing up: better out of order than not at all. */
bool outbox_precedes(const struct deliver *d, const char *bed)
{
    const struct outbox *outbox = &d->outbox;
    if (d->store == NULL || !outbox->begun || outbox->unread || acked_is_stalled(d)) {
        return false;
    }
    return outbox->through < committed_row(d) || outbox->behind[find_place(d, bed)] > 0;
}
