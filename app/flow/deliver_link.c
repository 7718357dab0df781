/*
 *              link_connect                 CONNECTED
 *     DOWN ------------------> CONNECTING ------------> UP
 *      ^  \___ cannot begin __/     |                    |
 *      |                            | CONNECT_FAILED:    | LOST, a publish that failed, no acknowledgement
 *      +---------- link_drop <------+ next broker        | for 15 s: the same broker once more
 *      +---------- link_drop <---------------------------+
 *
 * The wait before the next attempt doubles from 0.2 s to 10 s, 20 % more or less, and starts over once a connection
 * lasted 10 s.
 */
#include <assert.h>
#include <string.h>

#include "app/engine/hash.h"
#include "app/flow/deliver_internal.h"
#include "app/flow/log.h"
#include "hal/clock.h"

#define BACKOFF_MS_MIN 200
#define BACKOFF_MS_MAX 10000
#define LASTED_US      10000000
#define DISCONNECT_MS  200
#define FAREWELL_US    300000
#define LEAVE_US       100000

static uint64_t hash_text(uint64_t hash, const char *text)
{
    return hash_64(hash, text, strlen(text));
}

/* Gateways of one ward start after the same power cut: what makes them differ is their name and their boot. */
static uint64_t seed_of(const struct payload_context *context)
{
    const char *const parts[] = {context->boot, context->gateway, context->site, context->ward};
    uint64_t hash = HASH_64_BASIS;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; ++i) {
        hash = hash_text(hash, parts[i]);
    }
    return hash != 0 ? hash : HASH_64_BASIS; /* xorshift stands still at 0 */
}

static uint64_t next_random(struct deliver_link *link)
{
    link->random ^= link->random << 13;
    link->random ^= link->random >> 7;
    link->random ^= link->random << 17;
    return link->random;
}

struct deliver_link *deliver_link_make(struct arena *arena)
{
    struct deliver_link *link = ARENA_TAKE(arena, struct deliver_link, 1);
    if (link != NULL && wake_open(&link->wake) != STATUS_OK) {
        link->wake.fd = -1; /* deliver_link_open tells */
    }
    return link;
}

enum status deliver_link_open(struct deliver *d)
{
    struct deliver_link *link = d->link;
    struct uplink_config config = d->config.uplink;
    if (link->uplink != NULL) {
        return STATUS_OK;
    }
    if (link->wake.fd < 0) {
        return STATUS_IO;
    }
    topic_of_gateway(d->context, "status", link->will_topic);
    config.will_topic = link->will_topic;
    config.will_payload = link->will_payload;
    commands_listen(d, &config);
    link->random = seed_of(d->context);
    link->backoff_ms = BACKOFF_MS_MIN;
    return uplink_open(&config, &link->wake, &link->uplink);
}

void deliver_link_close(struct deliver *d)
{
    uplink_close(d->link->uplink);
    d->link->uplink = NULL;
    wake_close(&d->link->wake);
}

static const struct uplink_broker *broker_of(const struct deliver *d)
{
    return &d->config.brokers[d->link->broker];
}

static void set_connected(struct deliver *d, bool connected)
{
    struct board *board = d->config.board;
    if (atomic_exchange(&board->uplink_connected, connected) != connected) {
        atomic_store(&board->uplink_changed_us, d->now_us);
    }
    atomic_store(&board->uplink_broker, d->link->broker);
}

/* Rows that were not acknowledged are read from the outbox again; acknowledged ones still go to the store thread. */
static void forget_flights(struct deliver_link *link)
{
    for (size_t i = 0; i < DELIVER_FLIGHTS; ++i) {
        if (!link->flights[i].acked) {
            link->flights[i].kind = FLIGHT_FREE;
        }
    }
}

static void link_drop(struct deliver *d)
{
    struct deliver_link *link = d->link;
    if (link->state == LINK_UP && d->now_us - link->changed_us >= LASTED_US) {
        link->backoff_ms = BACKOFF_MS_MIN;
        memset(link->told_failures, 0, sizeof link->told_failures);
    }
    link->retry_us = d->now_us + (int64_t)(link->backoff_ms * (80 + next_random(link) % 41) / 100) * 1000;
    link->backoff_ms = link->backoff_ms < BACKOFF_MS_MAX / 2 ? link->backoff_ms * 2 : BACKOFF_MS_MAX;
    link->state = LINK_DOWN;
    link->changed_us = d->now_us;
    forget_flights(link);
    direct_unsent(d);
    set_connected(d, false);
}

static void tell_failure(struct deliver *d, const char *what, const char *why)
{
    uint64_t *told = &d->link->told_failures[d->link->broker];
    const uint64_t failure = hash_text(hash_text(HASH_64_BASIS, what), why);
    if (*told != failure && why[0] != '\0') {
        log_warning("%s (%s: %s), it is tried again and again", what, broker_of(d)->url, why);
        *told = failure;
    }
}

static void link_fail(struct deliver *d, const char *why)
{
    tell_failure(d, "the broker is not reached", why);
    link_drop(d);
    d->link->broker = (uint8_t)((d->link->broker + 1) % d->config.broker_count);
}

static void link_connect(struct deliver *d)
{
    const uint32_t connects = atomic_load(&d->config.board->uplink_connects) + 1;
    const size_t length = payload_status(d->context, "offline", connects, d->wall_ms, d->link->will_payload,
                                         sizeof d->link->will_payload);
    assert(length > 0);
    (void)length;
    const enum status begun = uplink_connect(d->link->uplink, broker_of(d));
    d->link->state = LINK_CONNECTING;
    d->link->changed_us = d->now_us;
    if (begun != STATUS_OK) {
        link_fail(d, status_text(begun));
    }
}

static void link_rise(struct deliver *d, uint16_t receive_maximum)
{
    struct deliver_link *link = d->link;
    const uint32_t half = receive_maximum / 2U;
    link->state = LINK_UP;
    link->changed_us = d->now_us;
    link->told_refusal = false;
    link->window = half < 1 ? 1 : half < DELIVER_IN_FLIGHT ? half : DELIVER_IN_FLIGHT;
    atomic_fetch_add(&d->config.board->uplink_connects, 1);
    set_connected(d, true);
    present_begin(d);
}

/* ---- the window ---- */

uint32_t link_in_flight(const struct deliver *d, enum flight_kind kind)
{
    uint32_t count = 0;
    for (size_t i = 0; i < DELIVER_FLIGHTS; ++i) {
        count += d->link->flights[i].kind == kind ? 1 : 0;
    }
    return count;
}

bool link_has_room(const struct deliver *d, enum flight_kind kind)
{
    if (kind == FLIGHT_STATE) {
        return link_in_flight(d, FLIGHT_STATE) < d->link->window;
    }
    return link_in_flight(d, FLIGHT_ROW) + link_in_flight(d, FLIGHT_DIRECT) < d->link->window;
}

bool link_has_spare_room(const struct deliver *d)
{
    const bool is_busy = link_in_flight(d, FLIGHT_STATE) > d->link->window / 2;
    return d->present.stage != PRESENT_COMPLETE || !is_busy;
}

static struct flight *find_flight(struct deliver_link *link, uint64_t tag)
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

static void note_refused(struct deliver *d, const char *why)
{
    atomic_store(&d->config.board->uplink_refused_us, d->now_us);
    if (!d->link->told_refusal) {
        log_warning("a message is refused (%s: %s), check the broker's access rules", broker_of(d)->url, why);
        d->link->told_refusal = true;
    }
}

static bool is_taken(struct deliver *d, enum status published)
{
    if (published != STATUS_OK) {
        d->congested = true;
        deliver_due(d, d->now_us + DELIVER_RETRY_US);
    }
    return published == STATUS_OK;
}

bool link_publish(struct deliver *d, const struct uplink_message *message, const struct flight *what)
{
    struct flight *flight = free_flight(d->link);
    assert(message->qos == 1);
    if (flight == NULL || !link_has_room(d, what->kind)) {
        return false;
    }
    struct uplink_message tagged = *message;
    tagged.tag = ++d->link->next_tag;
    if (!is_taken(d, uplink_publish(d->link->uplink, &tagged))) {
        return false;
    }
    *flight = *what;
    flight->acked = false;
    flight->tag = tagged.tag;
    flight->sent_us = d->now_us;
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
    return is_taken(d, uplink_publish(d->link->uplink, &message));
}

/* ---- events ---- */

/* An alert that the broker could give to nobody; anything that somebody received shows that somebody is there again. */
static void note_audience(struct deliver *d, enum flight_kind kind, int reason)
{
    if (reason == UPLINK_REASON_NO_SUBSCRIBERS && kind != FLIGHT_STATE) {
        atomic_store(&d->config.board->uplink_unheard, true);
    } else if (reason == 0) {
        atomic_store(&d->config.board->uplink_unheard, false);
    }
}

static void take_delivered(struct deliver *d, const struct uplink_event *event)
{
    struct flight *flight = find_flight(d->link, event->tag);
    if (flight == NULL) {
        return;
    }
    note_audience(d, flight->kind, event->reason);
    if (flight->kind == FLIGHT_ROW) {
        flight->acked = true;
        return;
    }
    if (flight->kind == FLIGHT_DIRECT) {
        direct_settled(d, flight->direct, false);
    }
    flight->kind = FLIGHT_FREE;
}

/* A row that the broker refuses stays in the outbox. A direct alert will be there too, once the store works again. */
static void take_refused(struct deliver *d, const struct uplink_event *event)
{
    struct flight *flight = find_flight(d->link, event->tag);
    note_refused(d, event->text);
    if (flight == NULL) {
        return;
    }
    if (flight->kind == FLIGHT_ROW) {
        outbox_try_again(d);
    } else if (flight->kind == FLIGHT_DIRECT) {
        direct_settled(d, flight->direct, true);
    }
    flight->kind = FLIGHT_FREE;
}

static void take_publish_failed(struct deliver *d, const struct uplink_event *event)
{
    if (event->reason >= UPLINK_REASON_REFUSED) {
        take_refused(d, event);
    } else if (d->link->state == LINK_UP) {
        link_drop(d);
    }
}

static void take_event(struct deliver *d, const struct uplink_event *event)
{
    switch (event->kind) {
    case UPLINK_CONNECTED:
        if (d->link->state == LINK_CONNECTING) {
            link_rise(d, event->receive_maximum);
        }
        break;
    case UPLINK_CONNECT_FAILED:
        if (d->link->state == LINK_CONNECTING) {
            link_fail(d, event->text);
        }
        break;
    case UPLINK_LOST:
        if (d->link->state == LINK_UP) {
            tell_failure(d, "the broker ended the connection", event->text);
            link_drop(d);
        }
        break;
    case UPLINK_DELIVERED:
        take_delivered(d, event);
        break;
    case UPLINK_PUBLISH_FAILED:
        take_publish_failed(d, event);
        break;
    case UPLINK_UNSUBSCRIBED:
        log_warning("the broker does not let this gateway listen for commands (%s), allow it in its access rules",
                    event->text);
        break;
    }
}

static void take_events(struct deliver *d)
{
    struct uplink_event event;
    while (uplink_next_event(d->link->uplink, &event)) {
        if (event.connection == uplink_connection(d->link->uplink)) {
            take_event(d, &event);
        }
    }
}

/* When the oldest publish that is not acknowledged was sent; INT64_MAX when there is none. */
static int64_t oldest_unacked_us(const struct deliver_link *link)
{
    int64_t oldest_us = INT64_MAX;
    for (size_t i = 0; i < DELIVER_FLIGHTS; ++i) {
        const struct flight *flight = &link->flights[i];
        if (flight->kind != FLIGHT_FREE && !flight->acked && flight->sent_us < oldest_us) {
            oldest_us = flight->sent_us;
        }
    }
    return oldest_us;
}

/* A broker that takes publishes and acknowledges none is no broker. */
static void watch_acknowledgements(struct deliver *d)
{
    const int64_t oldest_us = oldest_unacked_us(d->link);
    if (oldest_us == INT64_MAX) {
        return;
    }
    if (d->now_us - oldest_us >= DELIVER_ACK_TIMEOUT_US) {
        log_warning("publishes are not acknowledged (%s), connecting anew", broker_of(d)->url);
        uplink_disconnect(d->link->uplink, DISCONNECT_MS);
        link_drop(d);
    } else {
        deliver_due(d, oldest_us + DELIVER_ACK_TIMEOUT_US);
    }
}

/* Certificates, keys and passwords are renewed while we run. Good new ones are worth a new connection at once, so that
 * a fault shows while somebody is still there; bad ones are not, while the old connection stands. */
static void look_at_files(struct deliver *d)
{
    struct uplink_look look;
    d->link->look_us = d->now_us + UPLINK_LOOK_US;
    uplink_look(d->link->uplink, &look);
    for (uint8_t i = 0; i < d->config.broker_count; ++i) {
        if (i != d->link->broker) { /* it has to be of use when this one is lost */
            uplink_note_end(&d->config.brokers[i], &look.first_end);
        }
    }
    board_put_certificate(d->config.board, &look.first_end);
    if (look.files == UPLINK_FILES_BAD) {
        log_warning("changed files are not used (%s: %s), the connection goes on with the old ones", broker_of(d)->url,
                    look.text);
    } else if (look.files == UPLINK_FILES_NEW && d->link->state == LINK_UP) {
        log_note("certificates or passwords have changed (%s), connecting anew", broker_of(d)->url);
        uplink_disconnect(d->link->uplink, DISCONNECT_MS);
        link_drop(d);
    }
}

void link_step(struct deliver *d)
{
    take_events(d);
    if (d->now_us >= d->link->look_us) {
        look_at_files(d);
    }
    deliver_due(d, d->link->look_us);
    if (d->link->state == LINK_UP) {
        watch_acknowledgements(d);
    }
    if (d->link->state == LINK_CONNECTING && d->now_us - d->link->changed_us >= DELIVER_CONNECT_GUARD_US) {
        link_fail(d, "no end of the attempt");
    }
    if (d->link->state == LINK_DOWN && d->now_us >= d->link->retry_us) {
        link_connect(d);
    }
    if (d->link->state == LINK_DOWN) {
        deliver_due(d, d->link->retry_us);
    }
}

void link_begin(struct deliver *d)
{
    if (d->link->state == LINK_UP) {
        present_begin(d);
    }
}

void link_leave(struct deliver *d)
{
    const int64_t until_us = d->now_us + LEAVE_US;
    while (d->link->state == LINK_UP && oldest_unacked_us(d->link) != INT64_MAX && clock_boot_us() < until_us) {
        (void)wake_wait_until(&d->link->wake, until_us);
        take_events(d);
    }
    forget_flights(d->link);
    direct_unsent(d);
}

/* The last word: offline, retained, so that nobody waits for the keep-alive. What was acknowledged meanwhile need not
 * be sent again. */
void link_farewell(struct deliver *d)
{
    if (d->link->state != LINK_UP) {
        return;
    }
    const int64_t until_us = d->now_us + FAREWELL_US;
    bool said = false;
    while (clock_boot_us() < until_us && (!said || oldest_unacked_us(d->link) != INT64_MAX)) {
        said = said || present_status(d, "offline");
        (void)wake_wait_until(&d->link->wake, said ? until_us : clock_boot_us() + DELIVER_RETRY_US);
        take_events(d);
    }
    uplink_disconnect(d->link->uplink, DISCONNECT_MS);
    set_connected(d, false);
}
