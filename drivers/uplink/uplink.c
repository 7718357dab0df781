/*
 * The uplink's thread and its caller.
 *
 *     caller ──orders──► uplink thread ──client──► Paho     connect, publish, disconnect
 *     caller ◄──inbox─── uplink thread, Paho's own thread   acknowledged, lost, incoming messages
 *
 * Whoever makes a round of the caller holds rounds.mutex: the uplink's thread, or the caller's while that one is away.
 */
#include "drivers/uplink/uplink.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/uplink/certificate.h"
#include "drivers/uplink/client.h"
#include "drivers/uplink/inbox.h"
#include "drivers/uplink/orders.h"
#include "drivers/uplink/probe.h"
#include "drivers/uplink/watch.h"
#include "hal/clock.h"
#include "hal/thread.h"

#define CLOSE_WAIT_US 1500000
#define AWAY_US       50000  /* without time for a round for longer than this: somebody has to stand in */
#define AWAY_ROUND_US 100000 /* between two rounds of who does, whatever they are for */

/* Of the caller, left to the uplink's thread. */
struct rounds {
    pthread_mutex_t mutex;
    struct wake *wake; /* the caller's; constant */
    /* under the mutex: */
    uplink_round *make; /* NULL: the caller makes them itself */
    void *context;
    int64_t due_us;
    bool is_cut; /* the newest one found the queue full: it goes on as soon as that is empty */
    bool here;   /* it is made on the uplink's thread */
};

struct uplink {
    struct uplink_config config;
    struct client_target target; /* written by the caller before ORDER_CONNECT, copied when that is served */
    uint32_t connection;         /* caller's thread */
    struct inbox inbox;
    struct haste haste;
    struct orders orders;
    struct watch watch;  /* caller's thread */
    struct probe *probe; /* likewise; NULL: none is wanted */
    struct rounds rounds;
    atomic_uint stand_ins;
    atomic_llong
        away_us; /* since when the uplink's thread serves orders without a round (CLOCK_BOOTTIME); 0: it does not */
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

/* As the broker would refuse it, if it did not end the connection instead. */
static void refuse_large(struct uplink *uplink, const struct order_message *message)
{
    struct uplink_event event = {
        .kind = UPLINK_PUBLISH_FAILED, .connection = message->connection, .reason = UPLINK_REASON_TOO_LARGE};
    (void)snprintf(event.text, sizeof event.text, "larger than the %u bytes that the broker takes",
                   uplink->client.packet_max);
    if (message->place != NULL) {
        inbox_fail_place(&uplink->inbox, message->place, &event);
    } else {
        inbox_note(&uplink->inbox, &event);
    }
}

static void serve_publish(struct uplink *uplink, const struct order_message *message)
{
    int token = 0;
    if (message->connection != uplink->client.target.connection) {
        return; /* it was meant for a connection that is gone */
    }
    if (!client_takes(&uplink->client, message)) {
        refuse_large(uplink, message);
        return;
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
    (void)pthread_mutex_destroy(&uplink->rounds.mutex);
    free(uplink);
}

static int64_t make_round(struct uplink *uplink)
{
    struct rounds *rounds = &uplink->rounds;
    rounds->is_cut = false;
    rounds->due_us = rounds->make(rounds->context);
    return rounds->due_us;
}

/* When it has to be called again. */
static int64_t make_due_round(struct uplink *uplink)
{
    struct rounds *rounds = &uplink->rounds;
    int64_t next_us = INT64_MAX;
    pthread_mutex_lock(&rounds->mutex);
    if (rounds->make != NULL) {
        const bool raised = wake_take(rounds->wake);
        rounds->here = true;
        next_us = raised || rounds->is_cut || clock_boot_us() >= rounds->due_us ? make_round(uplink) : rounds->due_us;
        rounds->here = false;
    }
    pthread_mutex_unlock(&rounds->mutex);
    return next_us;
}

/* Rounds come when there is no order: what they order is served before the next one. */
static enum order await_order(struct uplink *uplink, struct order_message **out)
{
    enum order order;
    while ((order = orders_take(&uplink->orders, out)) == ORDER_NONE) {
        atomic_store(&uplink->away_us, 0);
        const int64_t next_us = make_due_round(uplink);
        haste_asleep(&uplink->haste);
        (void)wake_wait_until(&uplink->orders.given, next_us);
        haste_awake(&uplink->haste);
    }
    return order;
}

/* What was ordered together leaves together. */
static void serve_message(struct uplink *uplink, struct order_message *message)
{
    const bool is_last = message->is_last;
    if (!is_last) {
        client_hold(&uplink->client, true);
    }
    serve_publish(uplink, message);
    orders_release_message(&uplink->orders);
    if (is_last) {
        client_hold(&uplink->client, false);
    }
}

static void serve(struct uplink *uplink, enum order order, struct order_message *message)
{
    if (atomic_load(&uplink->away_us) == 0) {
        atomic_store(&uplink->away_us, clock_boot_us());
    }
    if (order == ORDER_PUBLISH) {
        serve_message(uplink, message);
    } else if (order == ORDER_CONNECT) {
        serve_connect(uplink);
    } else if (order == ORDER_EXAMINE) {
        client_examine(&uplink->client); /* what is published meanwhile waits for it */
    } else {
        serve_disconnect(uplink);
    }
}

static void *run(void *argument)
{
    struct uplink *uplink = argument;
    struct order_message *message;
    enum order order;
    thread_give_way(); /* and so does Paho's own, which is made on this one (haste.h) */
    while ((order = await_order(uplink, &message)) != ORDER_END) {
        serve(uplink, order, message);
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
        uplink->rounds.is_cut = uplink->rounds.here && orders_has_messages(&uplink->orders);
        return STATUS_FULL;
    }
    return STATUS_OK;
}

void uplink_disconnect(struct uplink *uplink, uint32_t timeout_ms)
{
    inbox_expect_disconnect(&uplink->inbox);
    orders_put(&uplink->orders, ORDER_DISCONNECT);
    if (!uplink->rounds.here) { /* else it comes when this round has ended */
        inbox_await_disconnect(&uplink->inbox, timeout_ms);
    }
}

void uplink_leave_rounds(struct uplink *uplink, uplink_round *round, void *context)
{
    struct rounds *rounds = &uplink->rounds;
    pthread_mutex_lock(&rounds->mutex);
    assert(rounds->make == NULL);
    rounds->make = round;
    rounds->context = context;
    rounds->due_us = 0;
    wake_lend(rounds->wake, &uplink->orders.given);
    pthread_mutex_unlock(&rounds->mutex);
}

void uplink_take_rounds(struct uplink *uplink)
{
    struct rounds *rounds = &uplink->rounds;
    pthread_mutex_lock(&rounds->mutex);
    rounds->make = NULL;
    wake_reclaim(rounds->wake);
    pthread_mutex_unlock(&rounds->mutex);
}

int64_t uplink_stand_in(struct uplink *uplink)
{
    const int64_t away_us = atomic_load(&uplink->away_us);
    const int64_t now_us = clock_boot_us();
    if (away_us == 0) {
        return now_us + UPLINK_STAND_IN_US - AWAY_US;
    }
    if (now_us - away_us < AWAY_US) {
        return away_us + AWAY_US;
    }
    pthread_mutex_lock(&uplink->rounds.mutex);
    (void)wake_take(uplink->rounds.wake);
    (void)atomic_fetch_add(&uplink->stand_ins, 1);
    (void)make_round(uplink);
    pthread_mutex_unlock(&uplink->rounds.mutex);
    wake_raise(&uplink->orders.given); /* should it be back, and asleep until its own round was due again */
    return now_us + AWAY_ROUND_US;
}

uint32_t uplink_stand_ins(const struct uplink *uplink)
{
    return atomic_load(&uplink->stand_ins);
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

enum status uplink_probe(struct uplink *uplink, const struct uplink_broker *broker)
{
    assert(uplink->probe != NULL);
    return probe_ask(uplink->probe, broker);
}

bool uplink_next_probed(struct uplink *uplink, struct uplink_probed *out)
{
    return uplink->probe != NULL && probe_take(uplink->probe, out);
}

bool uplink_next_message(struct uplink *uplink, struct uplink_incoming *out)
{
    return inbox_next_message(&uplink->inbox, out);
}

uint32_t uplink_messages_dropped(const struct uplink *uplink)
{
    return atomic_load_explicit(&uplink->inbox.messages_dropped, memory_order_relaxed);
}

uint32_t uplink_presences_dropped(const struct uplink *uplink)
{
    return atomic_load_explicit(&uplink->inbox.presences_dropped, memory_order_relaxed);
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
    uplink->client.haste = &uplink->haste;
    uplink->client.socket = -1;
    inbox_init(&uplink->inbox, wake);
    uplink->rounds.wake = wake;
    const int failed = pthread_mutex_init(&uplink->rounds.mutex, NULL);
    assert(failed == 0); /* it cannot on Linux */
    (void)failed;
    enum status status = orders_init(&uplink->orders);
    if (status == STATUS_OK) {
        status = wake_open(&uplink->ended);
    }
    if (status == STATUS_OK && config->probes) {
        status = probe_open(config, wake, &uplink->probe);
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
    probe_close(uplink->probe);
    if (!uplink->thread.running) {
        free_uplink(uplink);
        return;
    }
    orders_put(&uplink->orders, ORDER_END);
    const pthread_t id = uplink->thread.id; /* left, it may be freed at once */
    const bool in_time = wake_wait_until(&uplink->ended, clock_boot_us() + CLOSE_WAIT_US);
    if (in_time || atomic_exchange(&uplink->left, true)) {
        thread_join(&uplink->thread);
        free_uplink(uplink);
    } else {
        (void)pthread_detach(id);
    }
}
