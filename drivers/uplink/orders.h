/*
 * orders.h: what the uplink's caller wants of its thread: messages to publish, in order, and to connect, disconnect,
 * examine the broker's certificate, or end.
 *
 * One producer, one consumer. Messages are copied into a buffer of fixed size, which starts over each time it has run
 * empty; one that does not fit is refused, figures (QoS 0) sooner than alerts (QoS 1). A disconnect comes after the
 * messages before it, an examination when nothing else is to be done; the end comes before everything. Private to drivers/uplink.
 */
#ifndef WARDGATE_UPLINK_ORDERS_H
#define WARDGATE_UPLINK_ORDERS_H

#include <pthread.h>
#include <stdalign.h>

#include "drivers/uplink/inbox.h"
#include "drivers/uplink/uplink.h"

#define ORDERS_BYTES (256U * 1024U)
#define ORDERS_BYTES_QOS_0 \
    (32U * 1024U) /* QoS 0 goes into an emptier buffer only, so that QoS 1 does not wait behind much of it */

enum order { ORDER_NONE, ORDER_PUBLISH, ORDER_CONNECT, ORDER_DISCONNECT, ORDER_EXAMINE, ORDER_END };

/* A message in the buffer, followed by its topic and its payload. */
struct order_message {
    size_t size; /* with what follows it */
    const char *topic;
    void *payload; /* the library's type wants to write to it, and does not */
    size_t length;
    uint32_t expiry_s, connection;
    uint8_t qos;
    bool retained, is_last;    /* is_last: nothing was behind it when it was taken */
    struct inbox_place *place; /* NULL: no event wanted */
};

struct orders {
    pthread_mutex_t mutex;
    struct wake given; /* what the uplink's thread waits for */
    /* under the mutex: */
    bool connect, disconnect, examine, end;
    size_t first, behind_last;
    alignas(max_align_t) unsigned char bytes[ORDERS_BYTES];
};

enum status orders_init(struct orders *orders) MUST_CHECK; /* STATUS_IO; orders_fini in any case */
void orders_fini(struct orders *orders);

/* Caller's thread. False when there is no room. */
bool orders_put_message(struct orders *orders, const struct uplink_message *message, uint32_t connection,
                        struct inbox_place *place);
void orders_put(struct orders *orders, enum order order);

/* Any thread: messages are waiting. */
bool orders_has_messages(struct orders *orders);

/* Uplink's thread; ORDER_NONE: there is none. A message is the thread's own until it is released. */
enum order orders_take(struct orders *orders, struct order_message **out);
void orders_release_message(struct orders *orders);

#endif
