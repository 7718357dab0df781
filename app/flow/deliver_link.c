/*
 *              link_connect                 CONNECTED
 *     DOWN ------------------> CONNECTING ------------> UP
 *      ^  \___ cannot begin __/     |                    |
 *      |                            | CONNECT_FAILED:    | LOST, a publish that failed, no acknowledgement
 *      +---------- link_drop <------+ next broker        | for 15 s: the same broker once more
 *      +---------- link_drop <---------------------------+
 *
 * The wait before the next attempt doubles from 0.2 s, 20 % more or less, and starts over once a connection lasted 10 s: to
 * 0.7 s while nobody takes the connection, so that a broker that is back is found within a second; to 10 s when hands are not
 * shaken, a broker refuses us, or connections end that were hardly made.
 */
#include <assert.h>
#include <string.h>

#include "app/engine/hash.h"
#include "app/flow/deliver_internal.h"
#include "app/flow/log.h"
#include "hal/clock.h"
#include "hal/service.h"

#define BACKOFF_MS_MIN       200
#define BACKOFF_MS_UNREACHED 700
#define BACKOFF_MS_MAX       10000
#define LASTED_US            10000000
#define DISCONNECT_MS        200
#define FAREWELL_US          300000
#define LEAVE_US             100000

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
    if (link != NULL) {
        link->wake.fd = link->standing_by.fd = -1;
        const bool opened = wake_open(&link->wake) == STATUS_OK && wake_open(&link->standing_by) == STATUS_OK;
        (void)opened; /* deliver_link_open tells */
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
    if (link->wake.fd < 0 || link->standing_by.fd < 0) {
        return STATUS_IO;
    }
    topic_of_gateway(d->context, "status", link->will_topic);
    config.will_topic = link->will_topic;
    config.will_payload = link->will_payload;
    commands_listen(d, &config);
    boards_listen(d, &config);
    config.probes = d->config.broker_count > 1;
    brokers_begin(link, d->config.return_after_ms);
    link->random = seed_of(d->context);
    link->backoff_ms = BACKOFF_MS_MIN;
    return uplink_open(&config, &link->wake, &link->uplink);
}

/* A raise of the wake may have found it lent, and still be about to raise the uplink's. */
void deliver_link_close(struct deliver_link *link)
{
    uplink_close(link->uplink);
    link->uplink = NULL;
    wake_close(&link->standing_by);
    wake_close(&link->wake);
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

/* Rows that were not acknowledged are read from the outbox again, which is begun anew: until then nothing says how far they
 * went. Acknowledged ones still go to the store thread. */
static void forget_flights(struct deliver *d)
{
    struct deliver_link *link = d->link;
    for (size_t i = 0; i < DELIVER_FLIGHTS; ++i) {
        if (!link->flights[i].acked) {
            link->flights[i].kind = FLIGHT_FREE;
        }
    }
    d->outbox.begun = false;
}

static uint32_t next_backoff_ms(struct deliver_link *link, uint32_t most_ms)
{
    const uint32_t now_ms = link->backoff_ms < most_ms ? link->backoff_ms : most_ms;
    if (link->backoff_ms < most_ms) {
        link->backoff_ms = link->backoff_ms < most_ms / 2 ? link->backoff_ms * 2 : most_ms;
    }
    return now_ms;
}

static void link_drop(struct deliver *d, uint32_t backoff_ms_most)
{
    struct deliver_link *link = d->link;
    if (link->state == LINK_UP && d->now_us - link->changed_us >= LASTED_US) {
        link->backoff_ms = BACKOFF_MS_MIN;
        memset(link->told_failures, 0, sizeof link->told_failures);
    }
    link->retry_us =
        d->now_us + (int64_t)(next_backoff_ms(link, backoff_ms_most) * (80 + next_random(link) % 41) / 100) * 1000;
    link->state = LINK_DOWN;
    link->changed_us = d->now_us;
    atomic_store(&d->config.board->uplink_waits_us, 0);
    forget_flights(d);
    direct_unsent(d);
    brokers_lost(d);
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

static void link_fail(struct deliver *d, bool unreached, const char *why)
{
    tell_failure(d, "the broker is not reached", why);
    atomic_fetch_add(&d->config.board->uplink_failures, 1);
    atomic_store(&d->config.board->uplink_moves, false);
    link_drop(d, unreached ? BACKOFF_MS_UNREACHED : BACKOFF_MS_MAX);
    d->link->broker = (uint8_t)((d->link->broker + 1) % d->config.broker_count);
}

static void link_connect(struct deliver *d)
{
    const uint32_t connects = atomic_load(&d->config.board->uplink_connects) + 1;
    const size_t length = payload_status(d->context, "offline", PAYLOAD_LOST, connects, d->wall_ms,
                                         d->link->will_payload, sizeof d->link->will_payload);
    assert(length > 0);
    (void)length;
    const enum status begun = uplink_connect(d->link->uplink, broker_of(d));
    d->link->state = LINK_CONNECTING;
    d->link->changed_us = d->now_us;
    if (begun != STATUS_OK) {
        link_fail(d, false, status_text(begun));
    }
}

/* Of a broker that takes less than both kinds together would send, each has its share. */
static uint32_t part_of(uint16_t receive_maximum, uint32_t wanted)
{
    const uint32_t share = receive_maximum * wanted / DELIVER_FLIGHTS;
    return share < 1 ? 1 : share < wanted ? share : wanted;
}

static void link_rise(struct deliver *d, uint16_t receive_maximum)
{
    struct deliver_link *link = d->link;
    link->state = LINK_UP;
    link->changed_us = d->now_us;
    link->told_refusal = false;
    link->takes = receive_maximum;
    link->window = part_of(receive_maximum, DELIVER_IN_FLIGHT);
    link->window_of_states = part_of(receive_maximum, DELIVER_STATES_IN_FLIGHT);
    atomic_fetch_add(&d->config.board->uplink_connects, 1);
    d->outbox.again_wait_us = 0;
    atomic_store(&d->config.board->uplink_moves, false);
    set_connected(d, true);
    brokers_risen(d);
    boards_begin(d);
    present_begin(d);
}

/* ---- events ---- */

/* An alert that the broker could give to nobody; anything that somebody received shows that somebody is there again. */
static void note_audience(struct deliver *d, const struct flight *flight, int reason)
{
    const bool is_alert = (flight->kind == FLIGHT_ROW && !flight->record) || flight->kind == FLIGHT_DIRECT;
    if (reason == UPLINK_REASON_NO_SUBSCRIBERS && is_alert) {
        atomic_store(&d->config.board->uplink_unheard, true);
        atomic_fetch_add(&d->config.board->uplink_unheard_alerts, 1);
    } else if (reason == 0) {
        atomic_store(&d->config.board->uplink_unheard, false);
    }
}

static void take_delivered(struct deliver *d, const struct uplink_event *event)
{
    struct flight *flight = window_find(d->link, event->tag);
    if (flight == NULL) {
        return;
    }
    note_audience(d, flight, event->reason);
    refused_acked(d, flight);
    if (flight->kind == FLIGHT_ROW) {
        flight->acked = true;
        return;
    }
    if (flight->kind == FLIGHT_DIRECT) {
        direct_settled(d, flight->direct, false);
    } else if (flight->kind == FLIGHT_RESEND) {
        resend_settled(d, flight, false);
    }
    flight->kind = FLIGHT_FREE;
}

/* A row that the broker refuses stays in the outbox. */
static void take_refused(struct deliver *d, const struct uplink_event *event)
{
    struct flight *flight = window_find(d->link, event->tag);
    if (flight != NULL) {
        refused_acked(d, flight);
    }
    refused_take(d, flight, event->reason, event->text);
    if (flight != NULL) {
        flight->kind = FLIGHT_FREE;
    }
}

static void lose(struct deliver *d, bool answered)
{
    const bool is_explained = refused_lost(d, answered);
    atomic_fetch_add(&d->config.board->uplink_losses, 1);
    link_drop(d, BACKOFF_MS_MAX);
    if (is_explained) { /* the next connection is another experiment */
        d->link->backoff_ms = BACKOFF_MS_MIN;
    }
}

static void take_publish_failed(struct deliver *d, const struct uplink_event *event)
{
    if (event->reason >= UPLINK_REASON_REFUSED) {
        take_refused(d, event);
    } else if (d->link->state == LINK_UP) {
        lose(d, true);
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
            link_fail(d, event->unreached, event->text);
        }
        break;
    case UPLINK_LOST:
        if (d->link->state == LINK_UP) {
            tell_failure(d, "the broker ended the connection", event->text);
            lose(d, true);
        }
        break;
    case UPLINK_DELIVERED:
        take_delivered(d, event);
        break;
    case UPLINK_PUBLISH_FAILED:
        take_publish_failed(d, event);
        break;
    case UPLINK_UNSUBSCRIBED:
        log_warning("the broker does not let this gateway listen there (%s), allow it in its access rules",
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
    const int64_t share_us =
        d->config.uplink.keep_alive_s * INT64_C(800000); /* the link is found dead within the whole */
    const int64_t patience_us = share_us < DELIVER_ACK_TIMEOUT_US ? share_us : DELIVER_ACK_TIMEOUT_US;
    refused_step(d, oldest_us);
    atomic_store(&d->config.board->uplink_waits_us, oldest_us == INT64_MAX ? 0 : d->now_us - oldest_us);
    if (oldest_us == INT64_MAX) {
        return;
    }
    if (d->now_us - oldest_us >= patience_us) {
        log_warning("publishes are not acknowledged (%s), connecting anew", broker_of(d)->url);
        uplink_disconnect(d->link->uplink, DISCONNECT_MS);
        atomic_fetch_add(&d->config.board->uplink_unacknowledged, 1);
        lose(d, false);
    } else {
        deliver_due(d, oldest_us + patience_us);
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
    brokers_note_ends(d, &look.first_end);
    board_put_certificate(d->config.board, &look.first_end);
    if (look.files == UPLINK_FILES_BAD) {
        log_warning("changed files are not used (%s: %s), the connection goes on with the old ones", broker_of(d)->url,
                    look.text);
    } else if (look.files == UPLINK_FILES_NEW && d->link->state == LINK_UP) {
        log_note("certificates or passwords have changed (%s), connecting anew", broker_of(d)->url);
        uplink_disconnect(d->link->uplink, DISCONNECT_MS);
        link_drop(d, BACKOFF_MS_MAX);
    }
}

/* To the broker that brokers.to names, at once. */
static void link_move(struct deliver *d)
{
    struct deliver_link *link = d->link;
    const uint8_t to = link->brokers.to;
    uplink_disconnect(link->uplink, DISCONNECT_MS);
    link_drop(d, BACKOFF_MS_MAX);
    brokers_moved(d, to);
    atomic_store(&d->config.board->uplink_moves, true);
    link->broker = to;
    link->backoff_ms = BACKOFF_MS_MIN;
    link->retry_us = d->now_us;
}

static void count_stand_ins(struct deliver *d)
{
    const uint32_t stand_ins = uplink_stand_ins(d->link->uplink);
    atomic_fetch_add(&d->config.board->uplink_stand_ins, stand_ins - d->link->stand_ins);
    d->link->stand_ins = stand_ins;
}

void link_step(struct deliver *d)
{
    take_events(d);
    count_stand_ins(d);
    brokers_step(d);
    if (d->now_us >= d->link->look_us) {
        look_at_files(d);
    }
    deliver_due(d, d->link->look_us);
    if (d->link->state == LINK_UP) {
        watch_acknowledgements(d);
    }
    if (brokers_leaving(d) && brokers_leave_step(d)) {
        link_move(d);
    }
    if (d->link->state == LINK_CONNECTING && d->now_us - d->link->changed_us >= DELIVER_CONNECT_GUARD_US) {
        link_fail(d, false, "no end of the attempt");
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
    d->link->brokers.leaving = false;
    if (d->link->state == LINK_UP) {
        present_begin(d);
    }
}

void link_leave(struct deliver *d)
{
    resend_leave(d);
    const int64_t until_us = d->now_us + LEAVE_US;
    while (d->link->state == LINK_UP && oldest_unacked_us(d->link) != INT64_MAX && clock_boot_us() < until_us) {
        (void)wake_wait_until(&d->link->wake, until_us);
        take_events(d);
    }
    acked_return_all(d); /* while it is known how far it went */
    forget_flights(d);
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
    const char *reason = service_stop_reason();
    bool said = false;
    resend_farewell(d);
    while (clock_boot_us() < until_us && (!said || oldest_unacked_us(d->link) != INT64_MAX)) {
        said = said || present_status(d, "offline", reason);
        (void)wake_wait_until(&d->link->wake, said ? until_us : clock_boot_us() + DELIVER_RETRY_US);
        take_events(d);
    }
    uplink_disconnect(d->link->uplink, DISCONNECT_MS);
    set_connected(d, false);
}
