#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "app/flow/deliver_internal.h"

_Static_assert(DELIVER_SCRATCH_MAX >= sizeof(struct direct_alert), "one is taken into it, to be forgotten");

/* The oldest in that state. */
static struct direct_slot *find(struct deliver *d, enum direct_state state)
{
    struct direct_slot *found = NULL;
    for (size_t i = 0; i < DELIVER_DIRECT_MAX; ++i) {
        struct direct_slot *slot = &d->direct[i];
        if (slot->state == state && (found == NULL || slot->place < found->place)) {
            found = slot;
        }
    }
    return found;
}

const char *direct_bed(const struct deliver *d, const struct direct_slot *slot)
{
    const uint16_t bed = slot->alert.alert.key.bed;
    return bed == BED_NONE ? "" : d->context->config->beds[bed].id;
}

static bool is_of_same_alarm(const struct alert *a, const struct alert *b)
{
    return a->key.bed == b->key.bed && a->key.family == b->key.family && a->key.index == b->key.index &&
           strncmp(a->reported, b->reported, MONITOR_ALARM_NAME_MAX) == 0;
}

bool direct_is_newest(const struct deliver *d, uint16_t index)
{
    const struct direct_slot *slot = &d->direct[index];
    if (slot->state == DIRECT_FREE || slot->alert.alert.test) {
        return false;
    }
    for (size_t i = 0; i < DELIVER_DIRECT_MAX; ++i) {
        const struct direct_slot *other = &d->direct[i];
        if (other->state != DIRECT_FREE && !other->alert.alert.test &&
            is_of_same_alarm(&slot->alert.alert, &other->alert.alert) && other->place > slot->place) {
            return false;
        }
    }
    return true;
}

static bool is_newer(const struct deliver *d, const struct alert *alert, const struct revision *than)
{
    if (than->run != strtoull(d->context->boot, NULL, 16)) {
        return true;
    }
    return alert->id != than->id ? alert->id > than->id : alert->rev > than->rev;
}

/* It may have waited while the store came to know it, and a newer one of its alarm: what has been shown by now must not come back. Of what the outbox has not come
 * to the store is not asked: its disk may hang. */
static bool is_overtaken(const struct deliver *d, const struct direct_slot *slot)
{
    const struct alert *alert = &slot->alert.alert;
    struct revision stored;
    char name[ALARM_NAME_MAX];
    if (alert->test || alert->seq > d->outbox.through_seq) {
        return false;
    }
    alarm_name(d->context->config, alert, name);
    return alarms_find(d, direct_bed(d, slot), name, &stored) && !is_newer(d, alert, &stored);
}

static bool is_lost(const struct deliver *d, const struct alert *alert)
{
    return d->direct_lost_seq != 0 && alert->seq <= d->direct_lost_seq;
}

static void pass_those_that_have_gone(struct deliver *d)
{
    const struct direct_alert *next;
    while ((next = ring_at(d->config.direct, 0)) != NULL && next->json_length == 0) {
        (void)ring_pop(d->config.direct, d->scratch, 1);
    }
}

/* A settled one may make room: then its alarm's topic is the store's again. One that was not sent never does: the ring
 * behind it fills and its producer keeps the rest. */
void direct_take(struct deliver *d)
{
    for (pass_those_that_have_gone(d); !ring_is_empty(d->config.direct); pass_those_that_have_gone(d)) {
        struct direct_slot *slot = find(d, DIRECT_FREE);
        if (slot == NULL) {
            slot = find(d, DIRECT_SETTLED);
        }
        if (slot == NULL || ring_pop(d->config.direct, &slot->alert, 1) == 0) {
            return;
        }
        slot->state = DIRECT_WAITING;
        slot->overtaken = is_overtaken(d, slot);
        slot->lost_us = is_lost(d, &slot->alert.alert) ? d->now_us : 0;
        slot->place = d->direct_place++;
        ++d->direct_waiting;
    }
}

bool direct_is_newer(struct deliver *d, const char *bed, const char *alarm, const struct revision *revision)
{
    bool newer = false;
    for (size_t i = 0; i < DELIVER_DIRECT_MAX; ++i) {
        struct direct_slot *slot = &d->direct[i];
        char name[ALARM_NAME_MAX];
        if (slot->state == DIRECT_FREE || slot->alert.alert.test || strcmp(direct_bed(d, slot), bed) != 0) {
            continue;
        }
        alarm_name(d->context->config, &slot->alert.alert, name);
        if (strcmp(name, alarm) != 0) {
            continue;
        }
        if (is_newer(d, &slot->alert.alert, revision)) {
            newer = true;
        } else if (slot->state == DIRECT_SETTLED) {
            slot->state = DIRECT_FREE;
        } else {
            slot->overtaken = true;
        }
    }
    return newer;
}

void direct_lost(struct deliver *d, uint64_t seq)
{
    d->direct_lost_seq = seq > d->direct_lost_seq ? seq : d->direct_lost_seq;
    for (size_t i = 0; i < DELIVER_DIRECT_MAX; ++i) {
        struct direct_slot *slot = &d->direct[i];
        if (slot->state != DIRECT_FREE && slot->lost_us == 0 && slot->alert.alert.seq <= seq) {
            slot->lost_us = d->now_us;
        }
    }
}

static bool is_told_anew_in_ring(const struct deliver *d, const struct direct_slot *slot)
{
    bool is_told = false;
    const struct direct_alert *behind;
    for (uint32_t i = 0; !is_told && (behind = ring_at(d->config.direct, i)) != NULL; ++i) {
        is_told = !behind->alert.test && is_of_same_alarm(&slot->alert.alert, &behind->alert);
    }
    return is_told;
}

bool direct_is_over(const struct deliver *d, uint16_t index)
{
    const struct direct_slot *slot = &d->direct[index];
    return slot->state == DIRECT_SETTLED && !slot->overtaken && slot->lost_us != 0 &&
           d->now_us - slot->lost_us >= DELIVER_TOLD_ANEW_US && direct_is_newest(d, index) &&
           !is_told_anew_in_ring(d, slot);
}

/* The oldest that nothing of its bed has to precede. */
static struct direct_slot *next_to_go(const struct deliver *d)
{
    struct direct_slot *next = NULL;
    for (size_t i = 0; i < DELIVER_DIRECT_MAX; ++i) {
        struct direct_slot *slot = &d->direct[i];
        if (slot->state == DIRECT_WAITING && (next == NULL || slot->place < next->place) &&
            !outbox_precedes(d, direct_bed(d, slot))) {
            next = slot;
        }
    }
    return next;
}

static bool hand_over(struct deliver *d, struct direct_slot *slot)
{
    const struct alert *alert = &slot->alert.alert;
    const bool late = deliver_engine_ms(d) - alert->at_ms > DELIVER_LATE_MS;
    char topic[PAYLOAD_TOPIC_MAX];
    const size_t length =
        payload_alert_delivery(slot->alert.json, slot->alert.json_length, late, false, d->scratch, DELIVER_SCRATCH_MAX);
    assert(length > 0); /* payload_alert wrote it a moment ago */
    topic_of_bed(d->context, direct_bed(d, slot), "alert", topic);
    const struct uplink_message message = {.topic = topic, .payload = d->scratch, .length = length, .qos = 1};
    const struct flight what = {
        .kind = FLIGHT_DIRECT, .direct = (uint16_t)(slot - d->direct), .seq = slot->alert.alert.seq};
    return link_publish(d, &message, &what);
}

void direct_step(struct deliver *d)
{
    while (d->direct_waiting > 0 && alarms_settle(d) && link_has_room(d, FLIGHT_STATE)) {
        struct direct_slot *slot = next_to_go(d);
        if (slot == NULL) {
            return;
        }
        const struct alert *alert = &slot->alert.alert;
        const bool folded = alert_is_folded(alert); /* its state is all there is to send */
        slot->state = !folded ? DIRECT_IN_FLIGHT : slot->overtaken ? DIRECT_FREE : DIRECT_SETTLED;
        if (!folded && !hand_over(d, slot)) {
            slot->state = DIRECT_WAITING;
            return;
        }
        --d->direct_waiting;
        if (!alert->test && !slot->overtaken) {
            char name[ALARM_NAME_MAX];
            alarm_name(d->context->config, alert, name);
            alarms_show(d, direct_bed(d, slot), name, slot->alert.json, slot->alert.json_length,
                        alert->state == ALARM_ENDED);
        }
    }
}

/* They come in the order of seq. What was refused is a hole that the number never passes: the store has to bring it. */
static void tell_acknowledged(struct deliver *d, uint64_t settled_seq)
{
    uint64_t through = settled_seq;
    for (size_t i = 0; i < DELIVER_DIRECT_MAX; ++i) {
        const struct direct_slot *slot = &d->direct[i];
        const bool open = slot->state == DIRECT_WAITING || slot->state == DIRECT_IN_FLIGHT;
        if (open && !alert_is_folded(&slot->alert.alert) && slot->alert.alert.seq <= through) {
            through = slot->alert.alert.seq - 1;
        }
    }
    if (d->direct_refused_seq != 0 && d->direct_refused_seq <= through) {
        through = d->direct_refused_seq - 1;
    }
    if (through > atomic_load(d->config.direct_acknowledged_seq)) {
        atomic_store(d->config.direct_acknowledged_seq, through);
    }
}

static uint64_t newest_settled_seq(const struct deliver *d)
{
    uint64_t newest = 0;
    for (size_t i = 0; i < DELIVER_DIRECT_MAX; ++i) {
        const struct direct_slot *slot = &d->direct[i];
        if (slot->state == DIRECT_SETTLED && slot->alert.alert.seq > newest) {
            newest = slot->alert.alert.seq;
        }
    }
    return newest;
}

void direct_settled(struct deliver *d, uint16_t index, bool refused)
{
    struct direct_slot *slot = &d->direct[index];
    const uint64_t seq = slot->alert.alert.seq;
    slot->state = DIRECT_SETTLED;
    if (refused && (d->direct_refused_seq == 0 || seq < d->direct_refused_seq)) {
        d->direct_refused_seq = seq;
    }
    tell_acknowledged(d, newest_settled_seq(d));
    if (slot->alert.alert.test || slot->overtaken) { /* nothing is retained of it */
        slot->state = DIRECT_FREE;
    }
}

void direct_unsent(struct deliver *d)
{
    for (size_t i = 0; i < DELIVER_DIRECT_MAX; ++i) {
        if (d->direct[i].state == DIRECT_IN_FLIGHT) {
            d->direct[i].state = DIRECT_WAITING;
            ++d->direct_waiting;
        }
    }
}

static bool is_of_row(const struct direct_alert *direct, const struct store_alert *row)
{
    return direct->json_length == row->json_length && memcmp(direct->json, row->json, row->json_length) == 0;
}

/* Marked as durable it says more; its alarm's topic is the store's again. */
void direct_drop_durable(struct deliver *d, const struct store_alert *alert)
{
    for (size_t i = 0; i < DELIVER_DIRECT_MAX && d->direct_waiting > 0; ++i) {
        struct direct_slot *slot = &d->direct[i];
        if (slot->state == DIRECT_WAITING && is_of_row(&slot->alert, alert)) {
            slot->state = DIRECT_FREE;
            --d->direct_waiting;
        }
    }
    struct direct_alert *behind;
    for (uint32_t i = 0; (behind = ring_at(d->config.direct, i)) != NULL; ++i) {
        behind->json_length = is_of_row(behind, alert) ? 0 : behind->json_length;
    }
}
