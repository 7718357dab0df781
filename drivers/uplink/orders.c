#include "drivers/uplink/orders.h"

#include <assert.h>
#include <string.h>

enum status orders_init(struct orders *orders)
{
    const int failed = pthread_mutex_init(&orders->mutex, NULL);
    assert(failed == 0); /* it cannot on Linux */
    (void)failed;
    orders->given.fd = -1;
    return wake_open(&orders->given);
}

void orders_fini(struct orders *orders)
{
    wake_close(&orders->given);
    (void)pthread_mutex_destroy(&orders->mutex);
}

static size_t aligned(size_t size)
{
    return (size + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t);
}

static struct order_message *message_at(struct orders *orders, size_t offset)
{
    return (struct order_message *)(void *)(orders->bytes + offset);
}

static void write_message(struct order_message *out, const struct uplink_message *message)
{
    char *topic = (char *)(out + 1);
    const size_t topic_size = strlen(message->topic) + 1;
    memcpy(topic, message->topic, topic_size);
    if (message->length > 0) {
        memcpy(topic + topic_size, message->payload, message->length);
    }
    out->topic = topic;
    out->payload = topic + topic_size;
    out->length = message->length;
    out->expiry_s = message->expiry_s;
    out->qos = message->qos;
    out->retained = message->retained;
}

static bool fits(const struct orders *orders, size_t size, uint8_t qos)
{
    const bool is_crowded = orders->behind_last - orders->first >= ORDERS_BYTES_QOS_0;
    return size <= ORDERS_BYTES - orders->behind_last && (qos > 0 || !is_crowded);
}

bool orders_put_message(struct orders *orders, const struct uplink_message *message, uint32_t connection,
                        struct inbox_place *place)
{
    const size_t size = aligned(sizeof(struct order_message) + strlen(message->topic) + 1 + message->length);
    pthread_mutex_lock(&orders->mutex);
    const bool taken = fits(orders, size, message->qos);
    if (taken) {
        struct order_message *out = message_at(orders, orders->behind_last);
        write_message(out, message);
        out->size = size;
        out->connection = connection;
        out->place = place;
        orders->behind_last += size;
    }
    pthread_mutex_unlock(&orders->mutex);
    if (taken) {
        wake_raise(&orders->given); /* behind the unlocking: who is woken would only wait for it */
    }
    return taken;
}

void orders_put(struct orders *orders, enum order order)
{
    assert(order != ORDER_PUBLISH && order != ORDER_NONE);
    pthread_mutex_lock(&orders->mutex);
    orders->connect |= order == ORDER_CONNECT;
    orders->disconnect |= order == ORDER_DISCONNECT;
    orders->examine |= order == ORDER_EXAMINE;
    orders->end |= order == ORDER_END;
    pthread_mutex_unlock(&orders->mutex);
    wake_raise(&orders->given);
}

static bool is_empty(const struct orders *orders)
{
    return orders->first == orders->behind_last;
}

static enum order next_order(struct orders *orders)
{
    if (orders->end) {
        return ORDER_END;
    }
    if (!is_empty(orders)) {
        return ORDER_PUBLISH;
    }
    if (orders->disconnect) {
        orders->disconnect = false;
        return ORDER_DISCONNECT;
    }
    if (orders->connect) {
        orders->connect = false;
        return ORDER_CONNECT;
    }
    if (orders->examine) {
        orders->examine = false;
        return ORDER_EXAMINE;
    }
    return ORDER_NONE;
}

bool orders_has_messages(struct orders *orders)
{
    pthread_mutex_lock(&orders->mutex);
    const bool found = !is_empty(orders);
    pthread_mutex_unlock(&orders->mutex);
    return found;
}

enum order orders_take(struct orders *orders, struct order_message **out)
{
    pthread_mutex_lock(&orders->mutex);
    const enum order order = next_order(orders);
    *out = NULL;
    if (order == ORDER_PUBLISH) {
        *out = message_at(orders, orders->first);
        (*out)->is_last = orders->first + (*out)->size == orders->behind_last;
    }
    pthread_mutex_unlock(&orders->mutex);
    return order;
}

void orders_release_message(struct orders *orders)
{
    pthread_mutex_lock(&orders->mutex);
    orders->first += message_at(orders, orders->first)->size;
    if (is_empty(orders)) {
        orders->first = orders->behind_last = 0;
    }
    pthread_mutex_unlock(&orders->mutex);
}
