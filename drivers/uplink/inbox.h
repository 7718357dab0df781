/*
 * inbox.h: what the library's threads leave for the uplink's caller: a bounded queue of events, and the places of publishes that wait.
 *
 * The library's callbacks note events (any thread, never block for long); the caller takes them. A place stands for one publish from
 * when it is handed over until its one event: it carries the tag, because a callback brings back nothing but a pointer. Private to
 * drivers/uplink. Owned by the uplink; fixed size.
 */
#ifndef WARDGATE_UPLINK_INBOX_H
#define WARDGATE_UPLINK_INBOX_H

#include <pthread.h>

#include "drivers/uplink/uplink.h"

struct inbox;

struct inbox_place {
    struct inbox *inbox;
    uint64_t tag; /* 0: free */
    uint32_t connection;
};

struct inbox {
    pthread_mutex_t mutex;
    pthread_cond_t disconnected_changed;
    /* under the mutex: */
    struct wake *wake; /* the caller's; NULL once detached */
    bool disconnected;
    bool overflowed;
    uint32_t first, count;
    struct uplink_event events[UPLINK_EVENTS_MAX];
    struct inbox_place places[UPLINK_TAGS_MAX];
};

void inbox_init(struct inbox *inbox, struct wake *wake);
void inbox_fini(struct inbox *inbox);

/* Any thread. A full queue drops the event: the caller will be told that the connection is lost, so that it waits for nothing for ever. */
void inbox_note(struct inbox *inbox, const struct uplink_event *event);

/* Caller's thread. */
bool inbox_next(struct inbox *inbox, uint32_t connection, struct uplink_event *out);

/* Caller's thread. NULL when all places are taken. */
struct inbox_place *inbox_take_place(struct inbox *inbox, uint64_t tag, uint32_t connection);
void inbox_free_place(struct inbox_place *place);
void inbox_free_places(struct inbox *inbox);

/* Any thread: the end of a publish. The place is free from here on; `event` gets its tag and connection. */
void inbox_note_published(struct inbox_place *place, struct uplink_event *event);

/* The end of a disconnect: awaited by the caller, noted by any thread. */
void inbox_expect_disconnect(struct inbox *inbox);
void inbox_note_disconnect(struct inbox *inbox);
void inbox_await_disconnect(struct inbox *inbox, uint32_t timeout_ms);

/* No event is noted and no wake raised after this. */
void inbox_detach(struct inbox *inbox);

#endif
