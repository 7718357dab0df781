/*
 * The uplink's thread and its caller.
 *
 *     caller ──orders──► uplink thread ──client──► Paho     connect, publish, disconnect
 *     caller ◄──inbox─── uplink thread, Paho's own thread   acknowledged, lost, incoming messages
 */
#include "drivers/uplink/uplink.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/uplink/certificate.h"
#include "drivers/uplink/client.h"
#include "drivers/uplink/inbox.h"
#include "drivers/uplink/orders.h"
#include "drivers/uplink/watch.h"
#include "hal/clock.h"
#include "hal/thread.h"

#define CLOSE_WAIT_US 1500000

struct uplink {
    struct uplink_config config;
    struct client_target target; /* written by the caller before ORDER_CONNECT, copied when that is served */
    uint32_t connection;         /* caller's thread */
    struct inbox inbox;
    struct orders orders;
    struct watch watch; /* caller's thread */
    struct thread thread;
    struct wake ended;    /* raised when the uplink thread is about to end */
    atomic_bool left;     /* by the closer, who then frees nothing, or by the thread */
    struct client client; /* uplink thread */
};

/* ---- the uplink's thread ---- */

static void serve_connect(struct uplink *uplink)
{
    const struct uplink_event event = client_connect(&uplink->client, &uplink->target);
    inbox_note(&uplink->inbox, &event);
}

static void serve_publish(struct uplink *uplink, const struct order_message *message)
{
    int token = 0;
    if (message->connection != uplink->client.target.connection) {
        return; /* it was meant for a connection that is gone */
    }
    const int result = client_publish(&uplink->client, message, &token);
    if (message->place == NULL) {
        return;
    }
    if (result == 0) {
        inbox_bind_place(&uplink->inbox, message->place, message->connection, token);
    } else {
        inbox_fail_place(&uplink->inbox, message->place,
                         &(struct uplink_event){.kind = UPLINK_PUBLISH_FAILED,
                                                .connection = message->connection,
                                                .reason = result < 0 ? result : -result});
    }
}

static void serve_disconnect(struct uplink *uplink)
{
    client_disconnect(&uplink->client);
    inbox_note_disconnect(&uplink->inbox);
}

static void free_uplink(struct uplink *uplink)
{
    wake_close(&uplink->ended);
    orders_fini(&uplink->orders);
    inbox_fini(&uplink->inbox);
    free(uplink);
}

static void *run(void *argument)
{
    struct uplink *uplink = argument;
    struct order_message *message;
    enum order order;
    thread_give_way(); /* and so does Paho's own, which is made on this one */
    while ((order = orders_take(&uplink->orders, &message)) != ORDER_END) {
        if (order == ORDER_PUBLISH) {
            serve_publish(uplink, message);
            orders_release_message(&uplink->orders);
        } else if (order == ORDER_CONNECT) {
            serve_connect(uplink);
        } else if (order == ORDER_EXAMINE) {
            client_examine(&uplink->client); /* what is published meanwhile waits for it */
        } else {
            serve_disconnect(uplink);
        }
    }
    client_fini(&uplink->client);
    if (atomic_exchange(&uplink->left, true)) { /* nobody waits any more */
        free_uplink(uplink);
    } else {
        wake_raise(&uplink->ended);
    }
    return NULL;
}

/* ---- the caller's thread ---- */

enum status uplink_connect(struct uplink *uplink, const struct uplink_broker *broker)
{
    const bool is_other = uplink->target.broker.url == NULL || strcmp(uplink->target.broker.url, broker->url) != 0;
    const enum status status = client_target_set(&uplink->target, broker, uplink->connection + 1);
    if (status != STATUS_OK) {
        return status;
    }
    if (is_other) {
        atomic_store(&uplink->client.broker_ends_ms, 0);
    }
    uplink->connection = inbox_begin_attempt(&uplink->inbox);
    assert(uplink->connection == uplink->target.connection);
    watch_begin(&uplink->watch, &uplink->target.broker, uplink->target.is_tls);
    orders_put(&uplink->orders, ORDER_CONNECT);
    return STATUS_OK;
}

enum status uplink_publish(struct uplink *uplink, const struct uplink_message *message)
{
    assert(message->qos == (message->tag != 0 ? 1 : 0)); /* an acknowledgement is always somebody's */
    struct inbox_place *place = NULL;
    if (!inbox_is_connected(&uplink->inbox)) {
        return STATUS_CLOSED;
    }
    if (message->tag != 0) {
        place = inbox_take_place(&uplink->inbox, message->tag);
        if (place == NULL) {
            return STATUS_FULL;
        }
    }
    if (!orders_put_message(&uplink->orders, message, uplink->connection, place)) {
        if (place != NULL) {
            inbox_free_place(&uplink->inbox, place);
        }
        return STATUS_FULL;
    }
    return STATUS_OK;
}

void uplink_disconnect(struct uplink *uplink, uint32_t timeout_ms)
{
    inbox_expect_disconnect(&uplink->inbox);
    orders_put(&uplink->orders, ORDER_DISCONNECT);
    inbox_await_disconnect(&uplink->inbox, timeout_ms);
}

bool uplink_next_event(struct uplink *uplink, struct uplink_event *out)
{
    return inbox_next(&uplink->inbox, out);
}

void uplink_look(struct uplink *uplink, struct uplink_look *out)
{
    const bool is_connected = inbox_is_connected(&uplink->inbox);
    const int64_t broker_ends_ms = atomic_load(&uplink->client.broker_ends_ms);
    if (watch_look(&uplink->watch, is_connected, broker_ends_ms, out)) {
        orders_put(&uplink->orders, ORDER_EXAMINE);
    }
}

void uplink_note_end(const struct uplink_broker *broker, struct uplink_certificate *first_end)
{
    const struct uplink_certificate own = certificate_first_end(broker);
    if (own.ends_ms != 0 && (first_end->ends_ms == 0 || own.ends_ms < first_end->ends_ms)) {
        *first_end = own;
    }
}

enum status uplink_check_files(const struct uplink_broker *broker, char why[UPLINK_TEXT_MAX])
{
    struct credential_text text = {.text = ""};
    const char *const files[CREDENTIAL_FILES] = {broker->ca, broker->cert, broker->key, broker->password_file};
    for (size_t i = 0; i < CREDENTIAL_FILES; ++i) {
        if (files[i] != NULL && !credential_is_for_us(files[i])) {
            (void)snprintf(why, UPLINK_TEXT_MAX, "%s", files[i]);
            return STATUS_DENIED;
        }
    }
    const bool fit = certificate_check(broker, certificate_now_ms(), &text);
    (void)snprintf(why, UPLINK_TEXT_MAX, "%s", text.text);
    return fit ? STATUS_OK : STATUS_INVALID;
}

bool uplink_next_message(struct uplink *uplink, struct uplink_incoming *out)
{
    return inbox_next_message(&uplink->inbox, out);
}

uint32_t uplink_messages_dropped(const struct uplink *uplink)
{
    return atomic_load_explicit(&uplink->inbox.messages_dropped, memory_order_relaxed);
}

uint32_t uplink_connection(const struct uplink *uplink)
{
    return uplink->connection;
}

enum status uplink_open(const struct uplink_config *config, struct wake *wake, struct uplink **out)
{
    assert(config->version == 5 || config->version == 4);
    assert(config->filter_count <= UPLINK_FILTERS_MAX && (config->filter_count == 0 || config->filters != NULL));
    struct uplink *uplink = calloc(1, sizeof *uplink);
    if (uplink == NULL) {
        return STATUS_NO_MEMORY;
    }
    uplink->config = *config;
    uplink->ended.fd = -1;
    uplink->client.config = &uplink->config;
    uplink->client.inbox = &uplink->inbox;
    inbox_init(&uplink->inbox, wake);
    enum status status = orders_init(&uplink->orders);
    if (status == STATUS_OK) {
        status = wake_open(&uplink->ended);
    }
    if (status == STATUS_OK) {
        status = thread_start(&uplink->thread, "uplink", run, uplink);
    }
    if (status != STATUS_OK) {
        uplink_close(uplink);
        return status;
    }
    *out = uplink;
    return STATUS_OK;
}

/* A thread that hangs inside Paho is left alone with all it stands on, and frees that should it ever come back. */
void uplink_close(struct uplink *uplink)
{
    if (uplink == NULL) {
        return;
    }
    inbox_detach(&uplink->inbox);
    if (!uplink->thread.running) {
        free_uplink(uplink);
        return;
    }
    orders_put(&uplink->orders, ORDER_END);
    const bool in_time = wake_wait_until(&uplink->ended, clock_boot_us() + CLOSE_WAIT_US);
    if (in_time || atomic_exchange(&uplink->left, true)) {
        thread_join(&uplink->thread);
        free_uplink(uplink);
    } else {
        (void)pthread_detach(uplink->thread.id);
    }
}
