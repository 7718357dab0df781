/*
 * What a broker refuses must not hold up the rest. MQTT 5 says which publish it was, and why: that one is set aside, which
 * is noted for the audit log, and shown by an alarm until all that was set aside has gone through.
 *
 * Other brokers (MQTT 3.1.1, and some of MQTT 5) end the connection at a publish that they forbid or that is too large for
 * them, or never acknowledge it. Sent first again and again, it would keep everything behind it from the broker. Who it is
 * shows when publishes go alone:
 *
 *     FREE --three connections in a row lost early, or with something unacknowledged--> CAREFUL: one publish at a time
 *     CAREFUL --three times lost, or twice without an answer, with the same one under way--> that one is barred for 30 s,
 *                 then twice as long, up to 1 h
 *     CAREFUL --the connection has lasted 10 s--> FREE
 *
 * In CAREFUL figures go at QoS 1, too, so that nothing is under way unseen. A barred one is tried again alone, and costs
 * one connection if the broker has not changed its mind.
 */
#include <stdio.h>
#include <string.h>

#include "app/engine/hash.h"
#include "app/flow/deliver_internal.h"
#include "app/flow/log.h"

#define CALM_US            10000000
#define SLOW_US            2000000
#define LOSSES_CAREFUL     3
#define STRIKES_DROPPED    3
#define STRIKES_UNANSWERED 2
#define BARRED_US          30000000
#define BARRED_US_MAX      3600000000
#define TOLD_US            60000000
#define DROPPED_WHY        "the broker ends the connection at it"
#define UNANSWERED_WHY     "the broker does not acknowledge it"

/* ---- what was set aside ---- */

/* Where it was to go, for a person: behind the ward's part of the topic. */
static const char *short_topic(const struct deliver *d, const char *topic)
{
    const char *const levels[] = {d->context->topic_root, d->context->site, d->context->ward};
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; ++i) {
        const size_t length = strlen(levels[i]);
        if (strncmp(topic, levels[i], length) != 0 || topic[length] != '/') {
            return topic;
        }
        topic += length + 1;
    }
    return topic;
}

static void copy_bed(const struct deliver *d, const char *topic, char bed[SETTINGS_ID_MAX + 1])
{
    const char *place = short_topic(d, topic);
    const size_t length = strcspn(place, "/");
    (void)snprintf(bed, SETTINGS_ID_MAX + 1, "%.*s", (int)length, place);
    if (strcmp(bed, "gateway") == 0) {
        bed[0] = '\0';
    }
}

static void note_aside(struct deliver *d, const struct flight *flight, int reason, const char *why)
{
    struct refused *refused = &d->link->refused;
    struct aside_note note = {.seq = flight->seq, .reason = reason, .broker = d->link->broker};
    if (d->config.asides == NULL || flight->record || flight->seq == 0 || spans_have(&refused->noted, flight->seq)) {
        return;
    }
    copy_bed(d, flight->topic, note.bed);
    (void)snprintf(note.text, sizeof note.text, "%s", why);
    if (ring_push(d->config.asides, &note)) { /* else when it is refused again */
        spans_put(&refused->noted, flight->seq);
    }
}

static void tell_refusal(struct deliver *d, const char *topic, const char *why)
{
    struct board *board = d->config.board;
    const int64_t before_us = atomic_load(&board->uplink_refused_us);
    if (!atomic_load(&board->uplink_aside) && (before_us == 0 || d->now_us - before_us > TOLD_US)) {
        char text[ALERT_DETAIL_MAX] = "";
        (void)snprintf(text, sizeof text, "%.60s: %.32s", topic[0] != '\0' ? short_topic(d, topic) : "figures", why);
        board_put_refused(board, text); /* the first stays: an alarm whose text changes again and again says less */
    }
    atomic_store(&board->uplink_refused_us, d->now_us);
    if (!d->link->told_refusal) {
        log_warning(
            "a message is refused (%s: %s, %s), check the broker's access rules and limits; alerts are kept and "
            "tried again",
            d->config.brokers[d->link->broker].url, topic[0] != '\0' ? topic : "figures", why);
        d->link->told_refusal = true;
    }
}

/* One that could not be stored will be in the outbox, too, once the store works again. */
static void set_aside(struct deliver *d, const struct flight *flight, int reason, const char *why)
{
    if (flight->kind == FLIGHT_ROW) {
        d->link->refused.holds = true;
        atomic_store(&d->config.board->uplink_aside, true);
        note_aside(d, flight, reason, why);
        outbox_leave(d);
    } else if (flight->kind == FLIGHT_DIRECT) {
        direct_settled(d, flight->direct, true);
    } else if (flight->kind == FLIGHT_RESEND) {
        resend_settled(d, flight, true);
    }
}

void refused_take(struct deliver *d, const struct flight *flight, int reason, const char *why)
{
    tell_refusal(d, flight != NULL ? flight->topic : "", why);
    atomic_fetch_add(&d->config.board->uplink_refusals, 1);
    if (flight != NULL) {
        set_aside(d, flight, reason, why);
    }
}

void refused_over(struct deliver *d)
{
    struct refused *refused = &d->link->refused;
    struct aside_note note = {.broker = d->link->broker, .through = refused->noted};
    if (!refused->holds) {
        return;
    }
    if (refused->noted.count > 0 && !ring_push(d->config.asides, &note)) {
        return; /* the next round */
    }
    refused->holds = false;
    refused->noted.count = 0;
    atomic_store(&d->config.board->uplink_aside, false);
    log_note("what was refused has gone through (%s)", d->config.brokers[d->link->broker].url);
}

/* ---- one at a time ---- */

static uint64_t key_of(const struct flight *flight)
{
    uint64_t key = hash_64(HASH_64_BASIS, flight->topic, strlen(flight->topic));
    if (flight->kind == FLIGHT_ROW || flight->kind == FLIGHT_DIRECT) { /* of many on that topic, this one */
        key = hash_64(key, &flight->seq, sizeof flight->seq);
    }
    return key != 0 ? key : HASH_64_BASIS;
}

static struct barred *find_barred(struct refused *refused, uint64_t key)
{
    for (size_t i = 0; i < DELIVER_BARRED_MAX; ++i) {
        if (refused->barred[i].key == key) {
            return &refused->barred[i];
        }
    }
    return NULL;
}

static bool has_barred(const struct refused *refused)
{
    bool found = false;
    for (size_t i = 0; i < DELIVER_BARRED_MAX; ++i) {
        found = found || refused->barred[i].key != 0;
    }
    return found;
}

/* The place of the one that is tried again soonest, if none is free. */
static struct barred *make_place(struct refused *refused)
{
    struct barred *place = &refused->barred[0];
    for (size_t i = 0; i < DELIVER_BARRED_MAX && place->key != 0; ++i) {
        struct barred *other = &refused->barred[i];
        place = other->key == 0 || other->until_us < place->until_us ? other : place;
    }
    *place = (struct barred){.key = 0};
    return place;
}

static void bar(struct deliver *d, const struct flight *flight, const char *why)
{
    struct refused *refused = &d->link->refused;
    const uint64_t key = key_of(flight);
    struct barred *barred = find_barred(refused, key);
    if (barred == NULL) {
        barred = make_place(refused);
    }
    barred->key = key;
    barred->wait_us = barred->wait_us == 0                  ? BARRED_US
                      : barred->wait_us < BARRED_US_MAX / 2 ? barred->wait_us * 2
                                                            : BARRED_US_MAX;
    barred->until_us = d->now_us + barred->wait_us;
    refused->any_barred = true;
    refused->strikes = 0;
    refused->suspect = 0;
    refused_take(d, flight, 0, why);
}

static const struct flight *only_flight(const struct deliver_link *link, uint32_t *out_count)
{
    const struct flight *found = NULL;
    *out_count = 0;
    for (size_t i = 0; i < DELIVER_FLIGHTS; ++i) {
        if (link->flights[i].kind != FLIGHT_FREE && !link->flights[i].acked) {
            found = &link->flights[i];
            ++*out_count;
        }
    }
    return *out_count == 1 ? found : NULL;
}

/* Status comes first in every connection: a broker that ends it there takes nothing at all. */
static void suspect(struct deliver *d, const struct flight *flight, bool answered)
{
    struct refused *refused = &d->link->refused;
    const uint64_t key = key_of(flight);
    if (strcmp(flight->topic, d->link->will_topic) == 0) {
        return;
    }
    refused->strikes = refused->suspect == key ? (uint8_t)(refused->strikes + 1) : 1;
    refused->suspect = key;
    if (refused->strikes >= (answered ? STRIKES_DROPPED : STRIKES_UNANSWERED) || find_barred(refused, key) != NULL) {
        bar(d, flight, answered ? DROPPED_WHY : UNANSWERED_WHY);
    }
}

bool refused_lost(struct deliver *d, bool answered)
{
    struct refused *refused = &d->link->refused;
    uint32_t open;
    const struct flight *only = only_flight(d->link, &open);
    const bool was_early = d->now_us - d->link->changed_us < CALM_US;
    refused->waits = false;
    if (only != NULL && only->alone) {
        suspect(d, only, answered);
        return true;
    }
    refused->losses = open > 0 || was_early ? (uint8_t)(refused->losses + 1) : 0;
    if (refused->losses >= LOSSES_CAREFUL && !refused->careful) {
        log_note("connections do not last (%s), publishes go one at a time to see whether one of them is why",
                 d->config.brokers[d->link->broker].url);
        refused->careful = true;
        refused->strikes = 0;
    }
    return false;
}

void refused_step(struct deliver *d, int64_t oldest_unacked_us)
{
    struct refused *refused = &d->link->refused;
    uint32_t open;
    (void)only_flight(d->link, &open);
    refused->waits = refused->waits && open > 0;
    if ((refused->careful || refused->losses > 0) && d->now_us - d->link->changed_us >= CALM_US &&
        (open == 0 || d->now_us - oldest_unacked_us < SLOW_US)) {
        refused->careful = false;
        refused->losses = 0;
        refused->suspect = 0;
        refused->strikes = 0;
    }
}

/* Most of the time there is nothing to look at. */
bool refused_leaves_room(const struct deliver *d)
{
    const struct refused *refused = &d->link->refused;
    uint32_t open;
    if (!refused->careful && !refused->any_barred) {
        return true;
    }
    const struct flight *only = only_flight(d->link, &open);
    return open == 0 || (!refused->careful && !refused->waits && !(only != NULL && only->alone));
}

bool refused_watches(const struct deliver *d, const char *topic)
{
    struct refused *refused = &d->link->refused;
    return refused->careful ||
           (refused->any_barred && find_barred(refused, hash_64(HASH_64_BASIS, topic, strlen(topic))) != NULL);
}

enum refused_gate refused_look(struct deliver *d, const struct flight *flight)
{
    struct refused *refused = &d->link->refused;
    uint32_t open;
    const struct barred *barred = refused->any_barred ? find_barred(refused, key_of(flight)) : NULL;
    if (barred == NULL) {
        return refused->careful ? GATE_ALONE : GATE_OPEN;
    }
    if (d->now_us < barred->until_us) {
        return GATE_SHUT;
    }
    (void)only_flight(d->link, &open);
    refused->waits = open > 0;
    return open > 0 ? GATE_WAIT : GATE_ALONE;
}

void refused_shut(struct deliver *d, const struct flight *flight)
{
    set_aside(d, flight, 0, DROPPED_WHY);
}

void refused_acked(struct deliver *d, const struct flight *flight)
{
    struct refused *refused = &d->link->refused;
    struct barred *barred = refused->any_barred && flight->alone ? find_barred(refused, key_of(flight)) : NULL;
    if (barred != NULL) {
        *barred = (struct barred){.key = 0};
        refused->any_barred = has_barred(refused);
    }
    if (flight->alone && refused->suspect == key_of(flight)) {
        refused->suspect = 0;
        refused->strikes = 0;
    }
}
