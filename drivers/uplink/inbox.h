/*
 * inbox.h: what the uplink's threads leave for its caller: a bounded queue of events, one of incoming messages, and the
 * places of publishes that wait.
 *
 * Events may come from any thread and are taken by the caller's. A place stands for one publish from when it is handed
 * over until its one event: it ties the caller's tag to the token by which the library names it. What belongs to an
 * older connection than the newest is dropped. Private to drivers/uplink. Owned by the uplink; fixed size.
 */
#ifndef WARDGATE_UPLINK_INBOX_H
#define WARDGATE_UPLINK_INBOX_H

#include <pthread.h>
#include <stdatomic.h>

#include "drivers/uplink/uplink.h"

struct inbox_place {
    uint64_t tag; /* 0: free */
    int token;    /* 0: not published yet */
};

/* An incoming message as the library has it. */
struct inbox_arrival {
    const char *topic; /* ends with a NUL */
    const void *payload;
    size_t length;
    uint32_t connection;
    bool topic_is_whole, retained, again, presence;
};

struct inbox {
    pthread_mutex_t mutex;
    pthread_cond_t disconnected_changed;
    /* under the mutex: */
    struct wake *wake; /* the caller's; NULL once detached */
    uint32_t connection;
    bool connected, disconnected;
    bool lost; /* before it was connected in our eyes */
    bool overflowed;
    uint32_t first, count;
    struct uplink_event events[UPLINK_EVENTS_MAX];
    struct inbox_place places[UPLINK_TAGS_MAX];
    struct uplink_event early; /* an acknowledgement that came before its token was known */
    int early_token;           /* 0: none. There is at most one, because publishes go one after another */
    uint32_t first_message, message_count;
    struct uplink_incoming messages[UPLINK_MESSAGES_MAX];
    uint32_t presence_count;                         /* of them */
    atomic_uint messages_dropped, presences_dropped; /* read without the mutex */
};

void inbox_init(struct inbox *inbox, struct wake *wake);
void inbox_fini(struct inbox *inbox);

/* Any thread. A full queue drops the event: the caller will be told that the connection is lost, so that it waits for
 * nothing for ever. A loss that overtakes UPLINK_CONNECTED turns that into UPLINK_CONNECT_FAILED. */
void inbox_note(struct inbox *inbox, const struct uplink_event *event);

/* Any thread: the end of the publish that the library calls `token`. Its tag is put into the event. */
void inbox_note_acknowledged(struct inbox *inbox, int token, const struct uplink_event *event);

/* Any thread: copies it; a full queue drops it and counts it. Presences have a part of it and no more. */
void inbox_put_message(struct inbox *inbox, const struct inbox_arrival *arrival);

/* Caller's thread. Messages outlive the connection that they came by, presences do not. */
bool inbox_next_message(struct inbox *inbox, struct uplink_incoming *out);
bool inbox_next(struct inbox *inbox, struct uplink_event *out);
bool inbox_is_connected(struct inbox *inbox);

/* Caller's thread: the number of the new attempt. Nothing is connected until it succeeds; all places are free. */
uint32_t inbox_begin_attempt(struct inbox *inbox);

/* Caller's thread. NULL when all places are taken. */
struct inbox_place *inbox_take_place(struct inbox *inbox, uint64_t tag);
void inbox_free_place(struct inbox *inbox, struct inbox_place *place);

/* Uplink's thread, behind its publish. */
void inbox_bind_place(struct inbox *inbox, struct inbox_place *place, uint32_t connection, int token);
void inbox_fail_place(struct inbox *inbox, struct inbox_place *place, const struct uplink_event *event);

/* The end of a disconnect: awaited by the caller, noted by the uplink's thread. */
void inbox_expect_disconnect(struct inbox *inbox);
void inbox_note_disconnect(struct inbox *inbox);
void inbox_await_disconnect(struct inbox *inbox, uint32_t timeout_ms);

/* No event is noted and no wake raised after this. */
void inbox_detach(struct inbox *inbox);

#endif
