/*
 * The only file that knows Paho. What its source and its issues taught, and what is done about it here:
 *   - Callbacks run on Paho's threads under its one global lock: they only note an event, and call nothing that takes it.
 *   - After a lost connection a client still sends what it had queued before, ahead of anything new: every attempt has a fresh client.
 *   - MQTTAsync_destroy of the last client waits for Paho's threads and can hang while a name is looked up under the lock. The new client
 *     is therefore made before the old one is destroyed, and uplink_close lets another thread destroy the last one and waits for it
 *     for a bounded time only; a client that does not end is left to the end of the process, and its callbacks find the uplink closed.
 *   - What a destroyed client had queued and not sent is leaked: its queue is kept short, and the caller tries again later.
 *   - In MQTT 5 a DISCONNECT from the broker calls `disconnected`, not `connection lost`: both are taken.
 *   - Above the broker's Receive Maximum sending stalls in steps of 1 s: UPLINK_CONNECTED tells it, the caller keeps its window below.
 */
#include "drivers/uplink/uplink.h"

#include <MQTTAsync.h>
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/uplink/inbox.h"
#include "hal/clock.h"
#include "hal/thread.h"

#define URL_MAX                288
#define PASSWORD_MAX           256
#define CLOSE_WAIT_US          1500000
#define RECEIVE_MAXIMUM_UNSAID 65535 /* what an absent Receive Maximum means (MQTT 5, 3.2.2.3.3) */

/* AEAD suites exist from TLS 1.2 on, so that a list of nothing else is a minimum version that no system default can lower. */
#define TLS12_SUITES "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM"

struct attempt { /* context of a connection's callbacks */
    struct inbox *inbox;
    uint32_t connection;
};

struct uplink {
    struct uplink_config config;
    MQTTAsync client; /* of the newest attempt; NULL before the first */
    uint32_t connection;
    struct attempt attempts[2]; /* of the newest attempt, and of the one before it while its client is destroyed */
    struct inbox inbox;
    struct wake destroyed; /* raised when the last client is gone */
};

/* ---- callbacks: on Paho's threads, under its lock ---- */

static void set_text(struct uplink_event *event, const char *text)
{
    (void)snprintf(event->text, sizeof event->text, "%s", text != NULL ? text : "");
}

static void note_connected(const struct attempt *attempt, int receive_maximum)
{
    inbox_note(attempt->inbox, &(struct uplink_event){.kind = UPLINK_CONNECTED,
                                                      .connection = attempt->connection,
                                                      .receive_maximum = (uint16_t)receive_maximum});
}

static void on_connected5(void *context, MQTTAsync_successData5 *response)
{
    const int told = MQTTProperties_getNumericValue(&response->properties, MQTTPROPERTY_CODE_RECEIVE_MAXIMUM);
    note_connected(context, told > 0 && told < RECEIVE_MAXIMUM_UNSAID ? told : RECEIVE_MAXIMUM_UNSAID);
}

static void on_connected4(void *context, MQTTAsync_successData *response)
{
    (void)response;
    note_connected(context, RECEIVE_MAXIMUM_UNSAID);
}

static void note_connect_failed(const struct attempt *attempt, int reason, const char *text)
{
    struct uplink_event event = {.kind = UPLINK_CONNECT_FAILED, .connection = attempt->connection, .reason = reason};
    set_text(&event, text);
    inbox_note(attempt->inbox, &event);
}

static void on_connect_failed5(void *context, MQTTAsync_failureData5 *response)
{
    if (response->code > 0) { /* a CONNACK that refuses: Paho gives its reason here */
        note_connect_failed(context, response->code, MQTTReasonCode_toString((enum MQTTReasonCodes)response->code));
    } else {
        note_connect_failed(context, response->code, response->message);
    }
}

static void on_connect_failed4(void *context, MQTTAsync_failureData *response)
{
    static const char *const refusals[] = {"",
                                           "protocol version refused",
                                           "client id refused",
                                           "broker not available",
                                           "user name or password wrong",
                                           "not authorised"};
    const bool refused = response->code > 0 && (size_t)response->code < sizeof refusals / sizeof refusals[0];
    note_connect_failed(context, response->code, refused ? refusals[response->code] : response->message);
}

static void on_lost(void *context, char *cause)
{
    const struct attempt *attempt = context;
    struct uplink_event event = {.kind = UPLINK_LOST, .connection = attempt->connection};
    set_text(&event, cause);
    inbox_note(attempt->inbox, &event);
}

static void on_disconnected_by_broker(void *context, MQTTProperties *properties, enum MQTTReasonCodes reason)
{
    (void)properties;
    const struct attempt *attempt = context;
    struct uplink_event event = {.kind = UPLINK_LOST, .connection = attempt->connection, .reason = (int)reason};
    set_text(&event, MQTTReasonCode_toString(reason));
    inbox_note(attempt->inbox, &event);
}

/* Nothing is subscribed to; what comes all the same is dropped. */
static int on_message(void *context, char *topic, int topic_length, MQTTAsync_message *message)
{
    (void)context;
    (void)topic_length;
    MQTTAsync_freeMessage(&message);
    MQTTAsync_free(topic);
    return 1;
}

/* Paho ends every publish in exactly one callback. */
static void note_published(struct inbox_place *place, enum uplink_event_kind kind, int reason, const char *text)
{
    struct uplink_event event = {.kind = kind, .reason = reason};
    set_text(&event, text);
    inbox_note_published(place, &event);
}

static void on_delivered5(void *context, MQTTAsync_successData5 *response)
{
    note_published(context, UPLINK_DELIVERED, (int)response->reasonCode, "");
}

static void on_delivered4(void *context, MQTTAsync_successData *response)
{
    (void)response;
    note_published(context, UPLINK_DELIVERED, 0, "");
}

static void on_publish_failed5(void *context, MQTTAsync_failureData5 *response)
{
    const bool refused = response->reasonCode >= MQTTREASONCODE_UNSPECIFIED_ERROR;
    note_published(context, UPLINK_PUBLISH_FAILED, refused ? (int)response->reasonCode : response->code,
                   refused ? MQTTReasonCode_toString(response->reasonCode) : response->message);
}

static void on_publish_failed4(void *context, MQTTAsync_failureData *response)
{
    note_published(context, UPLINK_PUBLISH_FAILED, response->code, response->message);
}

static void on_disconnect_done5(void *context, MQTTAsync_successData5 *response)
{
    (void)response;
    inbox_note_disconnect(context);
}

static void on_disconnect_done4(void *context, MQTTAsync_successData *response)
{
    (void)response;
    inbox_note_disconnect(context);
}

/* ---- connecting ---- */

static enum status status_of(int paho)
{
    switch (paho) {
    case MQTTASYNC_SUCCESS:
        return STATUS_OK;
    case MQTTASYNC_DISCONNECTED:
        return STATUS_CLOSED;
    case MQTTASYNC_MAX_MESSAGES_INFLIGHT:
    case MQTTASYNC_MAX_BUFFERED_MESSAGES:
    case MQTTASYNC_NO_MORE_MSGIDS:
        return STATUS_FULL;
    case MQTTASYNC_BAD_UTF8_STRING:
    case MQTTASYNC_NULL_PARAMETER:
    case MQTTASYNC_BAD_PROTOCOL:
        return STATUS_INVALID;
    default:
        return STATUS_IO;
    }
}

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
static enum status read_password(const char *path, char password[PASSWORD_MAX])
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return STATUS_NOT_FOUND;
    }
    const bool read = fgets(password, PASSWORD_MAX, file) != NULL;
    (void)fclose(file);
    if (!read) {
        return STATUS_NOT_FOUND;
    }
    password[strcspn(password, "\r\n")] = '\0';
    return STATUS_OK;
}

static int make_client(const struct uplink *uplink, struct attempt *attempt, const char *url, MQTTAsync *out)
{
    MQTTAsync_createOptions options = MQTTAsync_createOptions_initializer;
    options.MQTTVersion = uplink->config.version;
    options.maxBufferedMessages = UPLINK_QUEUE_MAX;
    MQTTAsync client = NULL;
    const int made = MQTTAsync_createWithOptions(&client, url, uplink->config.client_id, MQTTCLIENT_PERSISTENCE_NONE,
                                                 NULL, &options);
    if (made != MQTTASYNC_SUCCESS) {
        return made;
    }
    (void)MQTTAsync_setCallbacks(client, attempt, on_lost, on_message, NULL); /* fail only without a client */
    (void)MQTTAsync_setDisconnected(client, attempt, on_disconnected_by_broker);
    *out = client;
    return MQTTASYNC_SUCCESS;
}

/* A fresh client takes the place of the one before, whose connection and queue are gone with it. */
static int replace_client(struct uplink *uplink, const char *url)
{
    struct attempt *attempt = &uplink->attempts[(uplink->connection + 1) % 2];
    *attempt = (struct attempt){.inbox = &uplink->inbox, .connection = uplink->connection + 1};
    MQTTAsync client;
    const int made = make_client(uplink, attempt, url, &client);
    if (made != MQTTASYNC_SUCCESS) {
        return made;
    }
    MQTTAsync_destroy(&uplink->client); /* does nothing before the first attempt */
    inbox_free_places(&uplink->inbox);  /* no callback can come for them any more */
    uplink->client = client;
    uplink->connection = attempt->connection;
    return MQTTASYNC_SUCCESS;
}

static int begin(struct uplink *uplink, const struct uplink_broker *broker, MQTTAsync_SSLOptions *tls,
                 const char *password)
{
    const bool is_5 = uplink->config.version == MQTTVERSION_5;
    const MQTTAsync_connectOptions of_5 = MQTTAsync_connectOptions_initializer5;
    const MQTTAsync_connectOptions of_4 = MQTTAsync_connectOptions_initializer;
    MQTTAsync_willOptions will = MQTTAsync_willOptions_initializer;
    MQTTAsync_connectOptions options = is_5 ? of_5 : of_4;
    will.topicName = uplink->config.will_topic;
    will.message = uplink->config.will_payload;
    will.qos = 1;
    will.retained = 1;
    options.MQTTVersion = uplink->config.version;
    options.keepAliveInterval = uplink->config.keep_alive_s;
    options.connectTimeout = UPLINK_CONNECT_TIMEOUT_S;
    options.will = &will;
    options.ssl = tls;
    options.username = broker->username;
    options.password = password;
    options.context = &uplink->attempts[uplink->connection % 2];
    options.onSuccess5 = is_5 ? on_connected5 : NULL;
    options.onFailure5 = is_5 ? on_connect_failed5 : NULL;
    options.onSuccess = is_5 ? NULL : on_connected4;
    options.onFailure = is_5 ? NULL : on_connect_failed4;
    return MQTTAsync_connect(uplink->client, &options);
}

static MQTTAsync_SSLOptions tls_options(const struct uplink_broker *broker)
{
    MQTTAsync_SSLOptions tls = MQTTAsync_SSLOptions_initializer;
    tls.trustStore = broker->ca;
    tls.keyStore = broker->cert;
    tls.privateKey = broker->key;
    tls.enabledCipherSuites = TLS12_SUITES;
    tls.enableServerCertAuth = 1;
    tls.verify = 1; /* the host name too */
    tls.disableDefaultTrustStore = broker->ca != NULL;
    return tls;
}

enum status uplink_connect(struct uplink *uplink, const struct uplink_broker *broker)
{
    char url[URL_MAX];
    char password[PASSWORD_MAX];
    bool is_tls;
    if (!paho_url(broker->url, url, &is_tls)) {
        return STATUS_INVALID;
    }
    const bool has_password = broker->password_file != NULL;
    if (has_password && read_password(broker->password_file, password) != STATUS_OK) {
        return STATUS_NOT_FOUND;
    }
    int begun = replace_client(uplink, url);
    if (begun == MQTTASYNC_SUCCESS) {
        MQTTAsync_SSLOptions tls = tls_options(broker);
        begun = begin(uplink, broker, is_tls ? &tls : NULL, has_password ? password : NULL);
    }
    explicit_bzero(password, sizeof password);
    return status_of(begun);
}

/* ---- publishing ---- */

static int send_message(struct uplink *uplink, const struct uplink_message *message, struct inbox_place *place)
{
    const bool is_5 = uplink->config.version == MQTTVERSION_5;
    MQTTProperty expiry = {.identifier = MQTTPROPERTY_CODE_MESSAGE_EXPIRY_INTERVAL,
                           .value.integer4 = message->expiry_s};
    MQTTAsync_message paho = MQTTAsync_message_initializer;
    MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
    union {
        const void *given;
        void *wanted; /* Paho copies and does not write, though its type could */
    } payload = {.given = message->length > 0 ? message->payload : ""};
    paho.payload = payload.wanted;
    paho.payloadlen = (int)message->length;
    paho.qos = message->qos;
    paho.retained = message->retained;
    if (is_5 && message->expiry_s > 0) { /* a list of one, on the stack: Paho copies it */
        paho.properties = (MQTTProperties){.count = 1, .max_count = 1, .length = 1 + 4, .array = &expiry};
    }
    if (place != NULL) {
        options.context = place;
        options.onSuccess5 = is_5 ? on_delivered5 : NULL;
        options.onFailure5 = is_5 ? on_publish_failed5 : NULL;
        options.onSuccess = is_5 ? NULL : on_delivered4;
        options.onFailure = is_5 ? NULL : on_publish_failed4;
    }
    return MQTTAsync_sendMessage(uplink->client, message->topic, &paho, &options);
}

enum status uplink_publish(struct uplink *uplink, const struct uplink_message *message)
{
    assert(message->qos <= 1 && (message->tag == 0 || message->qos == 1));
    struct inbox_place *place = NULL;
    if (uplink->client == NULL) {
        return STATUS_CLOSED;
    }
    if (message->tag != 0) {
        place = inbox_take_place(&uplink->inbox, message->tag, uplink->connection);
        if (place == NULL) {
            return STATUS_FULL;
        }
    }
    const enum status sent = status_of(send_message(uplink, message, place));
    if (sent != STATUS_OK && place != NULL) {
        inbox_free_place(place);
    }
    return sent;
}

/* ---- events ---- */

bool uplink_next_event(struct uplink *uplink, struct uplink_event *out)
{
    return inbox_next(&uplink->inbox, uplink->connection, out);
}

uint32_t uplink_connection(const struct uplink *uplink)
{
    return uplink->connection;
}

/* ---- opening, disconnecting, closing ---- */

enum status uplink_open(const struct uplink_config *config, struct wake *wake, struct uplink **out)
{
    assert(config->version == MQTTVERSION_5 || config->version == MQTTVERSION_3_1_1);
    struct uplink *uplink = calloc(1, sizeof *uplink);
    if (uplink == NULL) {
        return STATUS_NO_MEMORY;
    }
    const enum status opened = wake_open(&uplink->destroyed);
    if (opened != STATUS_OK) {
        free(uplink);
        return opened;
    }
    inbox_init(&uplink->inbox, wake);
    uplink->config = *config;
    *out = uplink;
    return STATUS_OK;
}

void uplink_disconnect(struct uplink *uplink, uint32_t timeout_ms)
{
    if (uplink->client == NULL) {
        return;
    }
    const bool is_5 = uplink->config.version == MQTTVERSION_5;
    MQTTAsync_disconnectOptions options = MQTTAsync_disconnectOptions_initializer;
    options.struct_version = is_5 ? 1 : 0;
    options.timeout = 0; /* what is in flight is not waited for: Paho would look at it only every 3 s */
    options.context = &uplink->inbox;
    options.onSuccess5 = is_5 ? on_disconnect_done5 : NULL;
    options.onSuccess = is_5 ? NULL : on_disconnect_done4;
    inbox_expect_disconnect(&uplink->inbox);
    if (MQTTAsync_disconnect(uplink->client, &options) == MQTTASYNC_SUCCESS) {
        inbox_await_disconnect(&uplink->inbox, timeout_ms);
    }
}

static void *destroy_client(void *argument)
{
    struct uplink *uplink = argument;
    MQTTAsync_destroy(&uplink->client);
    wake_raise(&uplink->destroyed);
    return NULL;
}

/* False: Paho did not end in time; the uplink, at which its callbacks point, must stay. */
static bool destroy_bounded(struct uplink *uplink)
{
    struct thread thread = {.running = false};
    if (thread_start(&thread, "uplink-close", destroy_client, uplink) != STATUS_OK ||
        !wake_wait_until(&uplink->destroyed, clock_boot_us() + CLOSE_WAIT_US)) {
        return false;
    }
    thread_join(&thread);
    return true;
}

void uplink_close(struct uplink *uplink)
{
    if (uplink == NULL) {
        return;
    }
    inbox_detach(&uplink->inbox);
    if (uplink->client != NULL && !destroy_bounded(uplink)) {
        return;
    }
    wake_close(&uplink->destroyed);
    inbox_fini(&uplink->inbox);
    free(uplink);
}
