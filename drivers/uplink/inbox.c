#include "drivers/uplink/inbox.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

void inbox_init(struct inbox *inbox, struct wake *wake)
{
    pthread_condattr_t attributes;
    int failed = pthread_condattr_init(&attributes);
    failed |= pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    failed |= pthread_cond_init(&inbox->disconnected_changed, &attributes);
    failed |= pthread_mutex_init(&inbox->mutex, NULL);
    assert(failed == 0); /* none of these can fail on Linux */
    (void)failed;
    (void)pthread_condattr_destroy(&attributes);
    inbox->wake = wake;
}

void inbox_fini(struct inbox *inbox)
{
    (void)pthread_cond_destroy(&inbox->disconnected_changed);
    (void)pthread_mutex_destroy(&inbox->mutex);
}

/* ---- events ---- */

static void note_locked(struct inbox *inbox, const struct uplink_event *event)
{
    if (inbox->wake == NULL || event->connection != inbox->connection) {
        return;
    }
    if (inbox->count == UPLINK_EVENTS_MAX) {
        inbox->overflowed = true;
    } else {
        inbox->events[(inbox->first + inbox->count) % UPLINK_EVENTS_MAX] = *event;
        ++inbox->count;
    }
    wake_raise(inbox->wake);
}

/* The loss of what the caller does not know as connected is told by its attempt's failure, which is still to come. */
static void note_lost(struct inbox *inbox, const struct uplink_event *event)
{
    if (inbox->connected) {
        inbox->connected = false;
        note_locked(inbox, event);
    } else {
        inbox->lost = true;
    }
}

static void note_connected(struct inbox *inbox, const struct uplink_event *event)
{
    struct uplink_event outcome = *event;
    if (inbox->lost) {
        outcome.kind = UPLINK_CONNECT_FAILED;
        (void)snprintf(outcome.text, sizeof outcome.text, "the broker ended the connection at once");
    }
    inbox->connected = !inbox->lost;
    note_locked(inbox, &outcome);
}

void inbox_note(struct inbox *inbox, const struct uplink_event *event)
{
    pthread_mutex_lock(&inbox->mutex);
    const bool is_current = event->connection == inbox->connection;
    if (is_current && event->kind == UPLINK_LOST) {
        note_lost(inbox, event);
    } else if (is_current && event->kind == UPLINK_CONNECTED) {
        note_connected(inbox, event);
    } else {
        note_locked(inbox, event);
    }
    pthread_mutex_unlock(&inbox->mutex);
}

bool inbox_next(struct inbox *inbox, struct uplink_event *out)
{
    bool found = true;
    pthread_mutex_lock(&inbox->mutex);
    if (inbox->count > 0) {
        *out = inbox->events[inbox->first];
        inbox->first = (inbox->first + 1) % UPLINK_EVENTS_MAX;
        --inbox->count;
    } else if (inbox->overflowed) {
        *out = (struct uplink_event){
            .kind = UPLINK_LOST, .connection = inbox->connection, .text = "events were not taken in time"};
        inbox->overflowed = false;
    } else {
        found = false;
    }
    pthread_mutex_unlock(&inbox->mutex);
    return found;
}

bool inbox_is_connected(struct inbox *inbox)
{
    pthread_mutex_lock(&inbox->mutex);
    const bool connected = inbox->connected;
    pthread_mutex_unlock(&inbox->mutex);
    return connected;
}

/* Who was there by the connection before is not known to be there by this one. */
static void forget_presences(struct inbox *inbox)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < inbox->message_count; ++i) {
        const struct uplink_incoming *message = &inbox->messages[(inbox->first_message + i) % UPLINK_MESSAGES_MAX];
        if (!message->presence) {
            inbox->messages[(inbox->first_message + kept++) % UPLINK_MESSAGES_MAX] = *message;
        }
    }
    inbox->message_count = kept;
    inbox->presence_count = 0;
}

uint32_t inbox_begin_attempt(struct inbox *inbox)
{
    pthread_mutex_lock(&inbox->mutex);
    forget_presences(inbox);
    const uint32_t connection = ++inbox->connection;
    inbox->connected = inbox->lost = false;
    inbox->early_token = 0;
    inbox->first = inbox->count = 0;
    inbox->overflowed = false;
    memset(inbox->places, 0, sizeof inbox->places);
    pthread_mutex_unlock(&inbox->mutex);
    return connection;
}

/* ---- incoming messages ---- */

static void copy_message(struct uplink_incoming *out, const struct inbox_arrival *arrival)
{
    const size_t topic_length = strnlen(arrival->topic, sizeof out->topic - 1);
    out->length = arrival->length < sizeof out->payload ? arrival->length : sizeof out->payload;
    out->whole = arrival->topic_is_whole && arrival->topic[topic_length] == '\0' && out->length == arrival->length;
    out->retained = arrival->retained;
    out->again = arrival->again;
    out->presence = arrival->presence;
    memcpy(out->topic, arrival->topic, topic_length);
    out->topic[topic_length] = '\0';
    if (out->length > 0) {
        memcpy(out->payload, arrival->payload, out->length);
    }
}

static void queue_message(struct inbox *inbox, const struct inbox_arrival *arrival)
{
    const bool is_full = inbox->message_count == UPLINK_MESSAGES_MAX ||
                         (arrival->presence && inbox->presence_count == UPLINK_PRESENCES_MAX);
    if (is_full) {
        atomic_uint *dropped = arrival->presence ? &inbox->presences_dropped : &inbox->messages_dropped;
        (void)atomic_fetch_add_explicit(dropped, 1, memory_order_relaxed);
        return;
    }
    inbox->presence_count += arrival->presence ? 1 : 0;
    copy_message(&inbox->messages[(inbox->first_message + inbox->message_count) % UPLINK_MESSAGES_MAX], arrival);
    ++inbox->message_count;
    wake_raise(inbox->wake);
}

void inbox_put_message(struct inbox *inbox, const struct inbox_arrival *arrival)
{
    pthread_mutex_lock(&inbox->mutex);
    if (inbox->wake != NULL && arrival->connection == inbox->connection) {
        queue_message(inbox, arrival);
    }
    pthread_mutex_unlock(&inbox->mutex);
}

bool inbox_next_message(struct inbox *inbox, struct uplink_incoming *out)
{
    pthread_mutex_lock(&inbox->mutex);
    const bool found = inbox->message_count > 0;
    if (found) {
        *out = inbox->messages[inbox->first_message];
        inbox->first_message = (inbox->first_message + 1) % UPLINK_MESSAGES_MAX;
        --inbox->message_count;
        inbox->presence_count -= out->presence ? 1 : 0;
    }
    pthread_mutex_unlock(&inbox->mutex);
    return found;
}

/* ---- places ---- */

struct inbox_place *inbox_take_place(struct inbox *inbox, uint64_t tag)
{
    assert(tag != 0);
    struct inbox_place *place = NULL;
    pthread_mutex_lock(&inbox->mutex);
    for (size_t i = 0; i < UPLINK_TAGS_MAX && place == NULL; ++i) {
        if (inbox->places[i].tag == 0) {
            place = &inbox->places[i];
            *place = (struct inbox_place){.tag = tag};
        }
    }
    pthread_mutex_unlock(&inbox->mutex);
    return place;
}

void inbox_free_place(struct inbox *inbox, struct inbox_place *place)
{
    pthread_mutex_lock(&inbox->mutex);
    place->tag = 0;
    pthread_mutex_unlock(&inbox->mutex);
}

static void end_place(struct inbox *inbox, struct inbox_place *place, const struct uplink_event *event)
{
    struct uplink_event tagged = *event;
    tagged.tag = place->tag;
    place->tag = 0;
    note_locked(inbox, &tagged);
}

static struct inbox_place *find_token(struct inbox *inbox, int token)
{
    for (size_t i = 0; i < UPLINK_TAGS_MAX; ++i) {
        if (inbox->places[i].tag != 0 && inbox->places[i].token == token) {
            return &inbox->places[i];
        }
    }
    return NULL;
}

void inbox_note_acknowledged(struct inbox *inbox, int token, const struct uplink_event *event)
{
    pthread_mutex_lock(&inbox->mutex);
    struct inbox_place *place = find_token(inbox, token);
    if (event->connection == inbox->connection && place != NULL) {
        end_place(inbox, place, event);
    } else if (event->connection == inbox->connection) {
        inbox->early = *event;
        inbox->early_token = token;
    }
    pthread_mutex_unlock(&inbox->mutex);
}

void inbox_bind_place(struct inbox *inbox, struct inbox_place *place, uint32_t connection, int token)
{
    pthread_mutex_lock(&inbox->mutex);
    if (connection == inbox->connection) { /* else the place is another publish's by now */
        place->token = token;
        if (inbox->early_token == token) {
            end_place(inbox, place, &inbox->early);
        }
        inbox->early_token = 0;
    }
    pthread_mutex_unlock(&inbox->mutex);
}

void inbox_fail_place(struct inbox *inbox, struct inbox_place *place, const struct uplink_event *event)
{
    pthread_mutex_lock(&inbox->mutex);
    if (event->connection == inbox->connection) {
        end_place(inbox, place, event);
    }
    pthread_mutex_unlock(&inbox->mutex);
}

/* ---- the end of a connection ---- */

void inbox_expect_disconnect(struct inbox *inbox)
{
    pthread_mutex_lock(&inbox->mutex);
    inbox->connected = false;
    inbox->disconnected = false;
    pthread_mutex_unlock(&inbox->mutex);
}

void inbox_note_disconnect(struct inbox *inbox)
{
    pthread_mutex_lock(&inbox->mutex);
    inbox->disconnected = true;
    pthread_cond_signal(&inbox->disconnected_changed);
    pthread_mutex_unlock(&inbox->mutex);
}

void inbox_await_disconnect(struct inbox *inbox, uint32_t timeout_ms)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    const long nanoseconds = until.tv_nsec + (long)(timeout_ms % 1000) * 1000000;
    until.tv_sec += (time_t)(timeout_ms / 1000) + nanoseconds / 1000000000;
    until.tv_nsec = nanoseconds % 1000000000;
    bool in_time = true;
    pthread_mutex_lock(&inbox->mutex);
    while (!inbox->disconnected && in_time) {
        in_time = pthread_cond_timedwait(&inbox->disconnected_changed, &inbox->mutex, &until) == 0;
    }
    pthread_mutex_unlock(&inbox->mutex);
}

void inbox_detach(struct inbox *inbox)
{
    pthread_mutex_lock(&inbox->mutex);
    inbox->wake = NULL;
    pthread_mutex_unlock(&inbox->mutex);
}
