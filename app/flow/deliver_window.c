/*
 * The window of unacknowledged publishes, alerts and states apart: what goes to the uplink, and what waits.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "app/flow/deliver_internal.h"

static uint32_t count_of_two(const struct deliver *d, enum flight_kind one, enum flight_kind other)
{
    uint32_t count = 0;
    for (size_t i = 0; i < DELIVER_FLIGHTS; ++i) {
        const enum flight_kind kind = d->link->flights[i].kind;
        count += kind == one || kind == other;
    }
    return count;
}

uint32_t link_in_flight(const struct deliver *d, enum flight_kind kind)
{
    return count_of_two(d, kind, kind);
}

/* Rows that the broker has and the store's thread does not take, because its disk hangs, are no reason to keep from the broker what goes around the store. */
static bool has_room_for_direct(const struct deliver *d)
{
    uint32_t unacked = 0;
    for (size_t i = 0; i < DELIVER_FLIGHTS; ++i) {
        const struct flight *flight = &d->link->flights[i];
        unacked += (flight->kind == FLIGHT_ROW && !flight->acked) || flight->kind == FLIGHT_DIRECT;
    }
    return unacked < d->link->window;
}

/* Of a broker that takes a single one the shares do not fit beside each other, and the library would wait for an acknowledgement within the call. */
static bool is_taken_up(const struct deliver *d)
{
    uint32_t unacked = 0;
    for (size_t i = 0; i < DELIVER_FLIGHTS && d->link->takes < 2; ++i) {
        unacked += d->link->flights[i].kind != FLIGHT_FREE && !d->link->flights[i].acked;
    }
    return unacked >= d->link->takes && d->link->takes < 2;
}

bool link_has_room(const struct deliver *d, enum flight_kind kind)
{
    if (!refused_leaves_room(d) || is_taken_up(d)) {
        return false;
    }
    if (kind == FLIGHT_STATE || kind == FLIGHT_RESEND) {
        return count_of_two(d, FLIGHT_STATE, FLIGHT_RESEND) < d->link->window_of_states;
    }
    if (kind == FLIGHT_DIRECT) {
        return has_room_for_direct(d);
    }
    return count_of_two(d, FLIGHT_ROW, FLIGHT_DIRECT) < d->link->window;
}

bool link_has_spare_room(const struct deliver *d)
{
    const bool is_busy = link_in_flight(d, FLIGHT_STATE) > d->link->window_of_states / 2;
    return d->present.stage != PRESENT_COMPLETE || !is_busy;
}

struct flight *window_find(struct deliver_link *link, uint64_t tag)
{
    for (size_t i = 0; i < DELIVER_FLIGHTS; ++i) {
        if (link->flights[i].kind != FLIGHT_FREE && !link->flights[i].acked && link->flights[i].tag == tag) {
            return &link->flights[i];
        }
    }
    return NULL;
}

static struct flight *free_flight(struct deliver_link *link)
{
    for (size_t i = 0; i < DELIVER_FLIGHTS; ++i) {
        if (link->flights[i].kind == FLIGHT_FREE) {
            return &link->flights[i];
        }
    }
    return NULL;
}

static bool is_taken(struct deliver *d, enum status published)
{
    if (published != STATUS_OK) {
        d->congested = true;
        deliver_due(d, d->now_us + DELIVER_RETRY_US);
    }
    return published == STATUS_OK;
}

static bool send(struct deliver *d, struct uplink_message message, struct flight *flight)
{
    message.tag = ++d->link->next_tag;
    flight->tag = message.tag;
    flight->sent_us = d->now_us;
    flight->acked = false;
    return is_taken(d, uplink_publish(d->link->uplink, &message));
}

bool link_publish(struct deliver *d, const struct uplink_message *message, const struct flight *what)
{
    struct flight *place = free_flight(d->link);
    struct flight flight = *what;
    assert(message->qos == 1);
    if (place == NULL || !link_has_room(d, what->kind)) {
        return false;
    }
    const size_t topic_length = strnlen(message->topic, sizeof flight.topic - 1);
    memcpy(flight.topic, message->topic, topic_length);
    flight.topic[topic_length] = '\0';
    const enum refused_gate gate = refused_look(d, &flight);
    if (gate == GATE_SHUT) {
        refused_shut(d, &flight); /* left out, as if it had gone */
        return true;
    }
    flight.alone = gate == GATE_ALONE;
    if (gate == GATE_WAIT || !send(d, *message, &flight)) {
        return false;
    }
    *place = flight;
    return true;
}

bool link_publish_state(struct deliver *d, const char *topic, const char *payload, size_t length, int64_t expiry_ms)
{
    const struct uplink_message message = {.topic = topic,
                                           .payload = payload,
                                           .length = length,
                                           .qos = 1,
                                           .retained = true,
                                           .expiry_s = (uint32_t)(expiry_ms / 1000)};
    return link_publish(d, &message, &(struct flight){.kind = FLIGHT_STATE});
}

bool link_publish_figures(struct deliver *d, const char *topic, const char *payload, size_t length, int64_t expiry_ms)
{
    const struct uplink_message message = {.topic = topic,
                                           .payload = payload,
                                           .length = length,
                                           .retained = true,
                                           .expiry_s = (uint32_t)(expiry_ms / 1000)};
    if (refused_watches(d, topic)) {
        return link_publish_state(d, topic, payload, length, expiry_ms);
    }
    return refused_leaves_room(d) && is_taken(d, uplink_publish(d->link->uplink, &message));
}
