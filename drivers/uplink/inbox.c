#include "drivers/uplink/inbox.h"

#include <assert.h>
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

static void note_locked(struct inbox *inbox, const struct uplink_event *event)
{
    if (inbox->wake == NULL) {
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

void inbox_note(struct inbox *inbox, const struct uplink_event *event)
{
    pthread_mutex_lock(&inbox->mutex);
    note_locked(inbox, event);
    pthread_mutex_unlock(&inbox->mutex);
}

bool inbox_next(struct inbox *inbox, uint32_t connection, struct uplink_event *out)
{
    bool found = true;
    pthread_mutex_lock(&inbox->mutex);
    if (inbox->count > 0) {
        *out = inbox->events[inbox->first];
        inbox->first = (inbox->first + 1) % UPLINK_EVENTS_MAX;
        --inbox->count;
    } else if (inbox->overflowed) {
        *out = (struct uplink_event){
            .kind = UPLINK_LOST, .connection = connection, .text = "events were not taken in time"};
        inbox->overflowed = false;
    } else {
        found = false;
    }
    pthread_mutex_unlock(&inbox->mutex);
    return found;
}

struct inbox_place *inbox_take_place(struct inbox *inbox, uint64_t tag, uint32_t connection)
{
    assert(tag != 0);
    struct inbox_place *place = NULL;
    pthread_mutex_lock(&inbox->mutex);
    for (size_t i = 0; i < UPLINK_TAGS_MAX && place == NULL; ++i) {
        if (inbox->places[i].tag == 0) {
            place = &inbox->places[i];
            *place = (struct inbox_place){.inbox = inbox, .tag = tag, .connection = connection};
        }
    }
    pthread_mutex_unlock(&inbox->mutex);
    return place;
}

void inbox_free_place(struct inbox_place *place)
{
    pthread_mutex_lock(&place->inbox->mutex);
    place->tag = 0;
    pthread_mutex_unlock(&place->inbox->mutex);
}

void inbox_free_places(struct inbox *inbox)
{
    pthread_mutex_lock(&inbox->mutex);
    for (size_t i = 0; i < UPLINK_TAGS_MAX; ++i) {
        inbox->places[i].tag = 0;
    }
    pthread_mutex_unlock(&inbox->mutex);
}

void inbox_note_published(struct inbox_place *place, struct uplink_event *event)
{
    struct inbox *inbox = place->inbox;
    pthread_mutex_lock(&inbox->mutex);
    event->tag = place->tag;
    event->connection = place->connection;
    place->tag = 0;
    note_locked(inbox, event);
    pthread_mutex_unlock(&inbox->mutex);
}

void inbox_expect_disconnect(struct inbox *inbox)
{
    pthread_mutex_lock(&inbox->mutex);
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
