/*
 * The only file that knows Paho: its MQTTClient, driven by a thread of our own, because its calls block.
 *
 *     caller ──orders──► uplink thread ──MQTTClient_*──► Paho     connect, publish, disconnect
 *     caller ◄──inbox─── callbacks, on Paho's own thread          acknowledged, lost
 *
 * Why not MQTTAsync: it keeps the reason of a good acknowledgement to itself ("no matching subscribers" is 16, and
 * nobody would know that nobody listens), looks at a connect's time-out only every 3 s, and leaks what it had queued.
 *
 * What Paho's source and its issues teach, and what is done about it here:
 *   - Callbacks run under its one global lock: they only note an event, and call nothing that takes it.
 *   - Every attempt has a fresh client. The old one is destroyed on the uplink thread, at least a back-off after its
 *     loss was told, when no callback of it can still be on its way; disconnected first, or destroying it would leak.
 *   - A publish blocks while the socket is full, a connect while a name is looked up: the caller never waits for
 *     either. uplink_close waits for a bounded time and then leaves the thread alone with all it stands on.
 *   - In MQTT 5 a DISCONNECT from the broker calls `disconnected`, not `connection lost`: both are taken.
 *   - Above the broker's Receive Maximum a publish blocks: UPLINK_CONNECTED tells it, the caller's window is smaller.
 */
#include "drivers/uplink/uplink.h"

#include <MQTTClient.h>
#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/uplink/inbox.h"
#include "drivers/uplink/orders.h"
#include "hal/clock.h"
#include "hal/thread.h"

#define URL_MAX                288
#define PASSWORD_MAX           256
#define ATTEMPTS_KEPT          8 /* contexts of callbacks: a late one still finds its own number */
#define CLOSE_WAIT_US          1500000
#define RECEIVE_MAXIMUM_UNSAID 65535 /* what an absent Receive Maximum means (MQTT 5, 3.2.2.3.3) */

/* AEAD suites exist from TLS 1.2 on: a list of nothing else is a minimum version that no system default can lower. */
#define TLS12_SUITES "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM"

struct attempt { /* context of a connection's callbacks */
    struct inbox *inbox;
    uint32_t connection;
};

/* Written by the caller before ORDER_CONNECT, read by the uplink thread; there is one attempt at a time. */
struct connect_request {
    struct uplink_broker broker;
    uint32_t connection;
    bool is_tls, has_password;
    char url[URL_MAX];
    char password[PASSWORD_MAX];
};

struct uplink {
    struct uplink_config config;
    struct connect_request request;
    uint32_t connection; /* caller's thread */
    struct inbox inbox;
    struct orders orders;
    struct thread thread;
    struct wake ended; /* raised when the uplink thread is about to end */
    atomic_bool left;  /* by the closer, who then frees nothing, or by the thread */
    /* uplink thread: */
    MQTTClient client; /* of the newest attempt; NULL before the first */
    uint32_t served;   /* the connection that it belongs to */
    struct attempt attempts[ATTEMPTS_KEPT];
    char tls_error[sizeof((struct uplink_event *)NULL)->text]; /* what OpenSSL said last in this attempt */
};

/* ---- callbacks, on Paho's threads ---- */

static void set_text(struct uplink_event *event, const char *text)
{
    (void)snprintf(event->text, sizeof event->text, "%s", text != NULL ? text : "");
}

static void note_acknowledged(const struct attempt *attempt, int token, int reason)
{
    struct uplink_event event = {.kind = reason >= UPLINK_REASON_REFUSED ? UPLINK_PUBLISH_FAILED : UPLINK_DELIVERED,
                                 .connection = attempt->connection,
                                 .reason = reason};
    set_text(&event, reason != 0 ? MQTTReasonCode_toString((enum MQTTReasonCodes)reason) : "");
    inbox_note_acknowledged(attempt->inbox, token, &event);
}

static void on_acknowledged5(void *context, int token, int packet_type, MQTTProperties *properties,
                             enum MQTTReasonCodes reason)
{
    (void)packet_type;
    (void)properties;
    note_acknowledged(context, token, (int)reason);
}

static void on_acknowledged4(void *context, MQTTClient_deliveryToken token)
{
    note_acknowledged(context, token, 0);
}

static void note_lost(const struct attempt *attempt, int reason, const char *text)
{
    struct uplink_event event = {.kind = UPLINK_LOST, .connection = attempt->connection, .reason = reason};
    set_text(&event, text);
    inbox_note(attempt->inbox, &event);
}

static void on_lost(void *context, char *cause)
{
    note_lost(context, 0, cause);
}

static void on_disconnected_by_broker(void *context, MQTTProperties *properties, enum MQTTReasonCodes reason)
{
    (void)properties;
    note_lost(context, (int)reason, MQTTReasonCode_toString(reason));
}

/* Nothing is subscribed to; what comes all the same is dropped. */
static int on_message(void *context, char *topic, int topic_length, MQTTClient_message *message)
{
    (void)context;
    (void)topic_length;
    MQTTClient_freeMessage(&message);
    MQTTClient_free(topic);
    return 1;
}

/* OpenSSL's lines are thread:error:code:library:function:reason:file:line:, the cause first. */
static int on_tls_error(const char *line, size_t length, void *context)
{
    enum { FIELDS_BEFORE_REASON = 5 };
    struct uplink *uplink = context;
    const char *const end = line + length;
    for (int i = 0; i < FIELDS_BEFORE_REASON && line != NULL; ++i) {
        line = memchr(line, ':', (size_t)(end - line));
        line = line != NULL ? line + 1 : NULL;
    }
    const char *const reason_end = line != NULL ? memchr(line, ':', (size_t)(end - line)) : NULL;
    if (reason_end != NULL && uplink->tls_error[0] == '\0') {
        (void)snprintf(uplink->tls_error, sizeof uplink->tls_error, "TLS: %.*s", (int)(reason_end - line), line);
    }
    return 1;
}

/* ---- connecting, on the uplink thread ---- */

static void disconnect_client(struct uplink *uplink)
{
    if (uplink->config.version == MQTTVERSION_5) {
        (void)MQTTClient_disconnect5(uplink->client, 0, MQTTREASONCODE_SUCCESS, NULL);
    } else {
        (void)MQTTClient_disconnect(uplink->client, 0);
    }
}

/* MQTTClient_destroy leaks the socket and the TLS session of a client that is connected. */
static void destroy_client(struct uplink *uplink)
{
    if (uplink->client != NULL) {
        disconnect_client(uplink);
        MQTTClient_destroy(&uplink->client);
        uplink->client = NULL;
    }
}

static int make_client(struct uplink *uplink)
{
    const struct connect_request *request = &uplink->request;
    struct attempt *attempt = &uplink->attempts[request->connection % ATTEMPTS_KEPT];
    const bool is_5 = uplink->config.version == MQTTVERSION_5;
    MQTTClient_createOptions options = MQTTClient_createOptions_initializer;
    options.MQTTVersion = uplink->config.version;
    *attempt = (struct attempt){.inbox = &uplink->inbox, .connection = request->connection};
    destroy_client(uplink);
    const int made = MQTTClient_createWithOptions(&uplink->client, request->url, uplink->config.client_id,
                                                  MQTTCLIENT_PERSISTENCE_NONE, NULL, &options);
    if (made == MQTTCLIENT_SUCCESS) { /* these fail only without a client */
        (void)MQTTClient_setCallbacks(uplink->client, attempt, on_lost, on_message, is_5 ? NULL : on_acknowledged4);
        (void)MQTTClient_setPublished(uplink->client, attempt, is_5 ? on_acknowledged5 : NULL);
        (void)MQTTClient_setDisconnected(uplink->client, attempt, is_5 ? on_disconnected_by_broker : NULL);
    }
    return made;
}

static MQTTClient_SSLOptions tls_options(struct uplink *uplink)
{
    const struct uplink_broker *broker = &uplink->request.broker;
    MQTTClient_SSLOptions tls = MQTTClient_SSLOptions_initializer;
    tls.trustStore = broker->ca;
    tls.keyStore = broker->cert;
    tls.privateKey = broker->key;
    tls.enabledCipherSuites = TLS12_SUITES;
    tls.enableServerCertAuth = 1;
    tls.verify = 1; /* the host name too */
    tls.disableDefaultTrustStore = broker->ca != NULL;
    tls.ssl_error_cb = on_tls_error;
    tls.ssl_error_context = uplink;
    return tls;
}

/* MQTT's reason, or Paho's error when negative. */
static int connect_client(struct uplink *uplink, MQTTClient_connectOptions *options, int *receive_maximum)
{
    *receive_maximum = RECEIVE_MAXIMUM_UNSAID;
    if (uplink->config.version != MQTTVERSION_5) {
        return MQTTClient_connect(uplink->client, options);
    }
    const MQTTResponse response = MQTTClient_connect5(uplink->client, options, NULL, NULL);
    const int reason = (int)response.reasonCode;
    if (reason == MQTTCLIENT_SUCCESS && response.properties != NULL) {
        const int told = MQTTProperties_getNumericValue(response.properties, MQTTPROPERTY_CODE_RECEIVE_MAXIMUM);
        *receive_maximum = told > 0 && told < RECEIVE_MAXIMUM_UNSAID ? told : RECEIVE_MAXIMUM_UNSAID;
    }
    MQTTResponse_free(response);
    return reason;
}

static int try_connect(struct uplink *uplink, int *receive_maximum)
{
    const struct connect_request *request = &uplink->request;
    const MQTTClient_connectOptions of_5 = MQTTClient_connectOptions_initializer5;
    const MQTTClient_connectOptions of_4 = MQTTClient_connectOptions_initializer;
    MQTTClient_connectOptions options = uplink->config.version == MQTTVERSION_5 ? of_5 : of_4;
    MQTTClient_SSLOptions tls = tls_options(uplink);
    MQTTClient_willOptions will = MQTTClient_willOptions_initializer;
    will.topicName = uplink->config.will_topic;
    will.message = uplink->config.will_payload;
    will.qos = 1;
    will.retained = 1;
    options.MQTTVersion = uplink->config.version;
    options.keepAliveInterval = uplink->config.keep_alive_s;
    options.connectTimeout = UPLINK_CONNECT_TIMEOUT_S;
    options.maxInflightMessages = RECEIVE_MAXIMUM_UNSAID;
    options.reliable = 0; /* more than one in flight */
    options.will = &will;
    options.ssl = request->is_tls ? &tls : NULL;
    options.username = request->broker.username;
    options.password = request->has_password ? request->password : NULL;
    return connect_client(uplink, &options, receive_maximum);
}

static const char *failure_text(const struct uplink *uplink, int reason)
{
    static const char *const refusals_4[] = {"protocol version refused", "client id refused", "broker not available",
                                             "user name or password wrong", "not authorised"};
    if (reason >= UPLINK_REASON_REFUSED) {
        return MQTTReasonCode_toString((enum MQTTReasonCodes)reason);
    }
    if (reason > 0 && (size_t)reason <= sizeof refusals_4 / sizeof refusals_4[0]) {
        return refusals_4[reason - 1];
    }
    if (uplink->tls_error[0] != '\0') {
        return uplink->tls_error;
    }
    return uplink->request.is_tls ? "no answer, or its certificate names another host" : "no answer";
}

static void serve_connect(struct uplink *uplink)
{
    struct connect_request *request = &uplink->request;
    int receive_maximum = 0;
    uplink->tls_error[0] = '\0';
    uplink->served = request->connection;
    int reason = make_client(uplink);
    if (reason == MQTTCLIENT_SUCCESS) {
        reason = try_connect(uplink, &receive_maximum);
    }
    explicit_bzero(request->password, sizeof request->password);
    struct uplink_event event = {.kind = reason == MQTTCLIENT_SUCCESS ? UPLINK_CONNECTED : UPLINK_CONNECT_FAILED,
                                 .connection = request->connection,
                                 .reason = reason,
                                 .receive_maximum = (uint16_t)receive_maximum};
    set_text(&event, reason == MQTTCLIENT_SUCCESS ? "" : failure_text(uplink, reason));
    inbox_note(&uplink->inbox, &event);
}

/* ---- publishing and disconnecting, on the uplink thread ---- */

static int publish(struct uplink *uplink, const struct order_message *message, int *token)
{
    const bool is_5 = uplink->config.version == MQTTVERSION_5;
    MQTTProperty expiry = {.identifier = MQTTPROPERTY_CODE_MESSAGE_EXPIRY_INTERVAL,
                           .value.integer4 = message->expiry_s};
    MQTTClient_message paho = MQTTClient_message_initializer;
    paho.payload = message->payload;
    paho.payloadlen = (int)message->length;
    paho.qos = message->qos;
    paho.retained = message->retained;
    if (!is_5) {
        return MQTTClient_publishMessage(uplink->client, message->topic, &paho, token);
    }
    if (message->expiry_s > 0) { /* a list of one, on the stack: Paho copies it */
        paho.properties = (MQTTProperties){.count = 1, .max_count = 1, .length = 1 + 4, .array = &expiry};
    }
    return (int)MQTTClient_publishMessage5(uplink->client, message->topic, &paho, token).reasonCode;
}

static void serve_publish(struct uplink *uplink, const struct order_message *message)
{
    int token = 0;
    if (message->connection != uplink->served) {
        return; /* it was meant for a connection that is gone */
    }
    const int result = publish(uplink, message, &token);
    if (message->place == NULL) {
        return;
    }
    if (result == MQTTCLIENT_SUCCESS) {
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
    if (uplink->client != NULL) {
        disconnect_client(uplink);
    }
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
    while ((order = orders_take(&uplink->orders, &message)) != ORDER_END) {
        if (order == ORDER_PUBLISH) {
            serve_publish(uplink, message);
            orders_release_message(&uplink->orders);
        } else if (order == ORDER_CONNECT) {
            serve_connect(uplink);
        } else {
            serve_disconnect(uplink);
        }
    }
    destroy_client(uplink);
    if (atomic_exchange(&uplink->left, true)) { /* nobody waits any more */
        free_uplink(uplink);
    } else {
        wake_raise(&uplink->ended);
    }
    return NULL;
}

/* ---- the caller's thread ---- */

/* mqtt:// and mqtts:// are tcp:// and ssl:// to every version of Paho. */
static bool paho_url(const char *url, char out[URL_MAX], bool *is_tls)
{
    static const char plain[] = "mqtt://";
    static const char tls[] = "mqtts://";
    *is_tls = strncmp(url, tls, sizeof tls - 1) == 0;
    if (!*is_tls && strncmp(url, plain, sizeof plain - 1) != 0) {
        return false;
    }
    const char *place = url + (*is_tls ? sizeof tls : sizeof plain) - 1;
    const int length = snprintf(out, URL_MAX, "%s%s", *is_tls ? "ssl://" : "tcp://", place);
    return length > 0 && length < URL_MAX;
}

/* The first line of the file. Read at each attempt, so that a changed password needs no restart. */
static bool read_password(const char *path, char password[PASSWORD_MAX])
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return false;
    }
    const bool read = fgets(password, PASSWORD_MAX, file) != NULL;
    (void)fclose(file);
    if (read) {
        password[strcspn(password, "\r\n")] = '\0';
    }
    return read;
}

enum status uplink_connect(struct uplink *uplink, const struct uplink_broker *broker)
{
    struct connect_request *request = &uplink->request;
    if (!paho_url(broker->url, request->url, &request->is_tls)) {
        return STATUS_INVALID;
    }
    request->has_password = broker->password_file != NULL;
    if (request->has_password && !read_password(broker->password_file, request->password)) {
        return STATUS_NOT_FOUND;
    }
    request->broker = *broker;
    request->connection = uplink->connection = inbox_begin_attempt(&uplink->inbox);
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

uint32_t uplink_connection(const struct uplink *uplink)
{
    return uplink->connection;
}

enum status uplink_open(const struct uplink_config *config, struct wake *wake, struct uplink **out)
{
    assert(config->version == MQTTVERSION_5 || config->version == MQTTVERSION_3_1_1);
    struct uplink *uplink = calloc(1, sizeof *uplink);
    if (uplink == NULL) {
        return STATUS_NO_MEMORY;
    }
    uplink->config = *config;
    uplink->ended.fd = -1;
    inbox_init(&uplink->inbox, wake);
    orders_init(&uplink->orders);
    enum status status = wake_open(&uplink->ended);
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
