/*
 * The only file that knows Paho: its MQTTClient, driven by a thread of our own, because its calls block.
 *
 *     uplink thread ──MQTTClient_*──► Paho     connect, subscribe, publish, disconnect
 *     inbox ◄──callbacks, on Paho's own thread     acknowledged, lost, incoming messages
 *
 * Why not MQTTAsync: it keeps the reason of a good acknowledgement to itself ("no matching subscribers" is 16, and
 * nobody would know that nobody listens), looks at a connect's time-out only every 3 s, and leaks what it had queued.
 *
 * What Paho's source and its issues teach, and what is done about it here:
 *   - Callbacks run under its one global lock: they only note what happened, and call nothing that takes it.
 *   - Every attempt has a fresh client. The old one is destroyed on the uplink thread, at least a back-off after its
 *     loss was told, when no callback of it can still be on its way; disconnected first, or destroying it would leak.
 *   - A publish blocks while the socket is full, a connect while a name is looked up: the caller never waits for
 *     either. uplink_close waits for a bounded time and then leaves the thread alone with all it stands on.
 *   - In MQTT 5 a DISCONNECT from the broker calls `disconnected`, not `connection lost`: both are taken.
 *   - Above the broker's Receive Maximum a publish blocks: UPLINK_CONNECTED tells it, the caller's window is smaller.
 *   - A message is acknowledged to the broker when Paho has it, before its callback: the inbox takes or drops it.
 *   - It formats a line about each packet and many of its calls, for a trace in its memory that nobody reads: 3 % of what a
 *     publish costs. Below the level of errors it does not.
 *   - Its thread wakes every 0.1 s, to look whether it has to ping or to go on with a write that the socket did not take
 *     whole, and costs more by that than by what it is there for. There is no setting for it, and no doing without: its
 *     calls for programs without callbacks are for one thread alone, which cannot wait for our orders and its socket at
 *     once, because the socket is nowhere shown. So once connected it may be woken later by the clock, together with
 *     somebody else; what comes in still wakes it at once.
 *   - Its sockets wait for the other side's confirmation before they send what is small, which takes 40 ms behind figures (QoS 0), for
 *     there is nothing to say to those; and there is no setting for that. So its socket is looked for among ours (hal/net.h).
 */
#include "drivers/uplink/client.h"

#include <MQTTClient.h>
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/uplink/certificate.h"
#include "drivers/uplink/filter.h"
#include "hal/net.h"
#include "hal/thread.h"

#define PAHO_SLACK_US          400000
#define RECEIVE_MAXIMUM_UNSAID 65535 /* what an absent Receive Maximum means (MQTT 5, 3.2.2.3.3) */

_Static_assert(MQTTVERSION_5 == 5 && MQTTVERSION_3_1_1 == 4, "uplink_config.version is the protocol's own number");

static bool is_5(const struct client *client)
{
    return client->config->version == MQTTVERSION_5;
}

/* ---- callbacks, on Paho's threads ---- */

static void set_text(struct uplink_event *event, const char *text)
{
    (void)snprintf(event->text, sizeof event->text, "%s", text != NULL ? text : "");
}

/* We are on Paho's thread nowhere but here, and are soon: status goes first, at QoS 1. */
static void settle_thread(struct client_attempt *attempt)
{
    if (!attempt->is_patient) {
        thread_set_slack_us(PAHO_SLACK_US);
        attempt->is_patient = true;
    }
}

static void note_acknowledged(struct client_attempt *attempt, int token, int reason)
{
    struct uplink_event event = {.kind = reason >= UPLINK_REASON_REFUSED ? UPLINK_PUBLISH_FAILED : UPLINK_DELIVERED,
                                 .connection = attempt->connection,
                                 .reason = reason};
    if (reason != 0) {
        set_text(&event, MQTTReasonCode_toString((enum MQTTReasonCodes)reason));
    }
    inbox_note_acknowledged(attempt->inbox, token, &event);
    haste_acknowledged(attempt->haste, &attempt->keeps_way);
    settle_thread(attempt);
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

static void note_lost(const struct client_attempt *attempt, int reason, const char *text)
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

/* A topic's length is told only when a NUL stands in it, which MQTT forbids: then it is not whole. */
static int on_message(void *context, char *topic, int topic_length, MQTTClient_message *message)
{
    const struct client_attempt *attempt = context;
    const struct inbox_arrival arrival = {.topic = topic,
                                          .payload = message->payload,
                                          .length = (size_t)message->payloadlen,
                                          .connection = attempt->connection,
                                          .topic_is_whole = topic_length == 0,
                                          .retained = message->retained != 0,
                                          .again = message->dup != 0,
                                          .presence = attempt->presence_filter != NULL &&
                                                      filter_matches(attempt->presence_filter, topic)};
    inbox_put_message(attempt->inbox, &arrival);
    MQTTClient_freeMessage(&message);
    MQTTClient_free(topic);
    return 1;
}

/* OpenSSL's lines are thread:error:code:library:function:reason:file:line:, the cause first. */
static int on_tls_error(const char *line, size_t length, void *context)
{
    enum { FIELDS_BEFORE_REASON = 5 };
    struct client *client = context;
    const char *const end = line + length;
    for (int i = 0; i < FIELDS_BEFORE_REASON && line != NULL; ++i) {
        line = memchr(line, ':', (size_t)(end - line));
        line = line != NULL ? line + 1 : NULL;
    }
    const char *const reason_end = line != NULL ? memchr(line, ':', (size_t)(end - line)) : NULL;
    if (reason_end != NULL && client->fault.text[0] == '\0') {
        (void)snprintf(client->fault.text, sizeof client->fault.text, "TLS: %.*s", (int)(reason_end - line), line);
    }
    return 1;
}

/* ---- connecting ---- */

void client_disconnect(struct client *client)
{
    client->socket = -1;
    if (client->paho == NULL) {
        return;
    }
    if (is_5(client)) {
        (void)MQTTClient_disconnect5(client->paho, 0, MQTTREASONCODE_SUCCESS, NULL);
    } else {
        (void)MQTTClient_disconnect(client->paho, 0);
    }
}

/* MQTTClient_destroy leaks the socket and the TLS session of a client that is connected. */
void client_fini(struct client *client)
{
    if (client->paho != NULL) {
        client_disconnect(client);
        MQTTClient_destroy(&client->paho);
        client->paho = NULL;
    }
}

static int make_paho(struct client *client, const char *url)
{
    struct client_attempt *attempt = &client->attempts[client->target.connection % CLIENT_ATTEMPTS_KEPT];
    MQTTClient_createOptions options = MQTTClient_createOptions_initializer;
    MQTTClient_init_options once = MQTTClient_init_options_initializer;
    once.do_openssl_init = 0; /* OpenSSL does that itself, at its first use: none without TLS, and 0.7 MB less */
    MQTTClient_global_init(&once);
    options.MQTTVersion = client->config->version;
    *attempt = (struct client_attempt){.inbox = client->inbox,
                                       .haste = client->haste,
                                       .connection = client->target.connection,
                                       .presence_filter = client->config->presence_filter};
    const int made = MQTTClient_createWithOptions(&client->paho, url, client->config->client_id,
                                                  MQTTCLIENT_PERSISTENCE_NONE, NULL, &options);
    MQTTClient_setTraceLevel(MQTTCLIENT_TRACE_ERROR); /* behind the first client, which sets it, too */
    if (made == MQTTCLIENT_SUCCESS) {                 /* these fail only without a client */
        (void)MQTTClient_setCallbacks(client->paho, attempt, on_lost, on_message,
                                      is_5(client) ? NULL : on_acknowledged4);
        (void)MQTTClient_setPublished(client->paho, attempt, is_5(client) ? on_acknowledged5 : NULL);
        (void)MQTTClient_setDisconnected(client->paho, attempt, is_5(client) ? on_disconnected_by_broker : NULL);
        (void)MQTTClient_setCommandTimeout(client->paho, UPLINK_CONNECT_TIMEOUT_S * 1000UL);
    }
    return made;
}

static MQTTClient_SSLOptions tls_options(struct client *client, const struct uplink_broker *broker)
{
    MQTTClient_SSLOptions tls = MQTTClient_SSLOptions_initializer;
    tls.trustStore = broker->ca;
    tls.keyStore = broker->cert;
    tls.privateKey = broker->key;
    tls.enabledCipherSuites = CERTIFICATE_SUITES;
    tls.enableServerCertAuth = 1;
    tls.verify = 1; /* the host name too */
    tls.disableDefaultTrustStore = 1;
    tls.ssl_error_cb = on_tls_error;
    tls.ssl_error_context = client;
    return tls;
}

/* MQTT's reason, or Paho's error when negative. */
static int handshake(struct client *client, MQTTClient_connectOptions *options, int *receive_maximum)
{
    *receive_maximum = RECEIVE_MAXIMUM_UNSAID;
    client->packet_max = 0;
    if (!is_5(client)) {
        return MQTTClient_connect(client->paho, options);
    }
    const MQTTResponse response = MQTTClient_connect5(client->paho, options, NULL, NULL);
    const int reason = (int)response.reasonCode;
    if (reason == MQTTCLIENT_SUCCESS && response.properties != NULL) {
        const int told = MQTTProperties_getNumericValue(response.properties, MQTTPROPERTY_CODE_RECEIVE_MAXIMUM);
        *receive_maximum = told > 0 && told < RECEIVE_MAXIMUM_UNSAID ? told : RECEIVE_MAXIMUM_UNSAID;
        const int largest = MQTTProperties_getNumericValue(response.properties, MQTTPROPERTY_CODE_MAXIMUM_PACKET_SIZE);
        client->packet_max = largest > 0 ? (uint32_t)largest : 0; /* absent, or 2 GiB and more: any size */
    }
    MQTTResponse_free(response);
    return reason;
}

/* What Paho and the broker call keep-alive: Paho pings when it has heard nothing for so long, waits 1.5 times that for
 * the answer, and may be half a second late; the broker waits for 1.5 times, too. A third, and two fifths of the shortest. */
static int ping_interval_s(uint16_t keep_alive_s)
{
    return (keep_alive_s * 2 + 3) / 6;
}

static int try_connect(struct client *client, const char *password, int *receive_maximum)
{
    const struct client_target *target = &client->target;
    const MQTTClient_connectOptions of_5 = MQTTClient_connectOptions_initializer5;
    const MQTTClient_connectOptions of_4 = MQTTClient_connectOptions_initializer;
    MQTTClient_connectOptions options = is_5(client) ? of_5 : of_4;
    MQTTClient_SSLOptions tls = tls_options(client, &target->broker);
    MQTTClient_willOptions will = MQTTClient_willOptions_initializer;
    will.topicName = client->config->will_topic;
    will.message = client->config->will_payload;
    will.qos = 1;
    will.retained = 1;
    options.MQTTVersion = client->config->version;
    options.keepAliveInterval = ping_interval_s(client->config->keep_alive_s);
    options.connectTimeout = UPLINK_CONNECT_TIMEOUT_S;
    options.maxInflightMessages = RECEIVE_MAXIMUM_UNSAID;
    options.reliable = 0; /* more than one in flight */
    options.will = &will;
    options.ssl = target->is_tls ? &tls : NULL;
    options.username = target->broker.username;
    options.password = password;
    return handshake(client, &options, receive_maximum);
}

/* ---- subscribing ---- */

/* is_marked: what was published to be kept comes marked as such, whenever it comes, so that it can be refused with a reason. (In 3.1.1 only
 * what stood there is marked.) What stands there comes too. The granted QoS, MQTT's refusal, or Paho's error when negative. */
static int subscribe(struct client *client, const char *filter, bool is_marked)
{
    if (!is_5(client)) {
        return MQTTClient_subscribe(client->paho, filter, 1);
    }
    MQTTSubscribe_options options = MQTTSubscribe_options_initializer;
    options.retainAsPublished = is_marked ? 1 : 0;
    options.retainHandling = 0;
    const MQTTResponse response = MQTTClient_subscribe5(client->paho, filter, 1, &options, NULL);
    const int reason = (int)response.reasonCode;
    MQTTResponse_free(response);
    return reason;
}

/* A refusal is noted; below 0 there is no connection any more. */
static int try_subscribe(struct client *client, const char *filter, bool is_marked)
{
    const int reason = subscribe(client, filter, is_marked);
    if (reason >= UPLINK_REASON_REFUSED) {
        struct uplink_event event = {
            .kind = UPLINK_UNSUBSCRIBED, .connection = client->target.connection, .reason = reason};
        set_text(&event, filter);
        inbox_note(client->inbox, &event);
    }
    return reason < 0 ? reason : MQTTCLIENT_SUCCESS;
}

static int subscribe_all(struct client *client)
{
    const struct uplink_config *config = client->config;
    int result = MQTTCLIENT_SUCCESS;
    for (uint8_t i = 0; i < config->filter_count && result == MQTTCLIENT_SUCCESS; ++i) {
        result = try_subscribe(client, config->filters[i], true);
    }
    if (config->presence_filter != NULL && result == MQTTCLIENT_SUCCESS) {
        result = try_subscribe(client, config->presence_filter, false);
    }
    return result;
}

/* ---- an attempt ---- */

/* What a stranger shows is not believed. */
static void note_broker_end(struct client *client, const struct certificate_probe *probe)
{
    if (probe->shook_hands) {
        atomic_store(&client->broker_ends_ms, probe->ends_ms);
    }
}

void client_examine(struct client *client)
{
    const struct certificate_probe probe = certificate_probe(&client->target.broker, false, NULL);
    note_broker_end(client, &probe);
}

/* Paho tells little of why a handshake does not succeed: a certificate of ours that has ended, or what a handshake of
 * our own meets. */
static void diagnose(struct client *client, const struct uplink_broker *broker)
{
    struct credential_text why;
    if (!certificate_check(broker, certificate_now_ms(), &why)) {
        client->fault = why;
        return;
    }
    const struct certificate_probe probe = certificate_probe(broker, true, NULL);
    client->was_reached = probe.reached;
    note_broker_end(client, &probe);
    if (probe.why.text[0] != '\0') {
        client->fault = probe.why;
    }
}

/* Without TLS all that can be wrong beside that has a reason, or is a fault of our own file. */
static bool is_unreached(const struct client *client, int reason)
{
    return reason < 0 && (client->target.is_tls ? !client->was_reached : client->fault.text[0] == '\0');
}

static const char *failure_text(const struct client *client, int reason)
{
    static const char *const refusals_4[] = {"protocol version refused", "client id refused", "broker not available",
                                             "user name or password wrong", "not authorised"};
    if (reason >= UPLINK_REASON_REFUSED) {
        return MQTTReasonCode_toString((enum MQTTReasonCodes)reason);
    }
    if (reason > 0 && (size_t)reason <= sizeof refusals_4 / sizeof refusals_4[0]) {
        return refusals_4[reason - 1];
    }
    return client->fault.text[0] != '\0' ? client->fault.text : "no answer";
}

static int connect_with_password(struct client *client, int *receive_maximum)
{
    const char *const path = client->target.broker.password_file;
    char password[CREDENTIAL_PASSWORD_MAX];
    if (path == NULL) {
        return try_connect(client, NULL, receive_maximum);
    }
    if (!credential_read_password(path, password, &client->fault)) {
        return MQTTCLIENT_FAILURE;
    }
    const int reason = try_connect(client, password, receive_maximum);
    explicit_bzero(password, sizeof password);
    return reason;
}

/* A lookup of its own would be wrong: the name may stand for several addresses. What is connected to the same port beside it (a probe) does no
 * harm, but then nothing is held. */
static void find_socket(struct client *client)
{
    const char *const colon = strrchr(client->target.url, ':');
    client->port = (uint16_t)strtoul(colon + 1, NULL, 10);
    client->socket = net_send_at_once(client->port);
}

void client_hold(struct client *client, bool held)
{
    if (client->holds != held && client->socket >= 0 && (!held || net_leads_to(client->socket, client->port))) {
        net_hold(client->socket, held);
        client->holds = held;
    }
}

static int attempt(struct client *client, int *receive_maximum)
{
    const struct client_target *target = &client->target;
    if (target->is_tls && !certificate_check(&target->broker, 0, &client->fault)) {
        return MQTTCLIENT_FAILURE;
    }
    int reason = make_paho(client, target->url);
    if (reason == MQTTCLIENT_SUCCESS) {
        reason = connect_with_password(client, receive_maximum);
        if (reason < 0 && target->is_tls) {
            diagnose(client, &target->broker);
        }
    }
    if (reason == MQTTCLIENT_SUCCESS) {
        find_socket(client);
        reason = subscribe_all(client);
    }
    return reason;
}

struct uplink_event client_connect(struct client *client, const struct client_target *target)
{
    int receive_maximum = 0;
    client_fini(client);
    client->fault.text[0] = '\0';
    client->was_reached = true;
    client->socket = -1;
    client->holds = false;
    const enum status copied = client_target_set(&client->target, &target->broker, target->connection);
    assert(copied == STATUS_OK); /* as it was when the caller made it */
    (void)copied;
    const int reason = attempt(client, &receive_maximum);
    struct uplink_event event = {.kind = reason == MQTTCLIENT_SUCCESS ? UPLINK_CONNECTED : UPLINK_CONNECT_FAILED,
                                 .connection = target->connection,
                                 .reason = reason,
                                 .receive_maximum = (uint16_t)receive_maximum};
    if (reason != MQTTCLIENT_SUCCESS) {
        set_text(&event, failure_text(client, reason));
        event.unreached = is_unreached(client, reason);
        client_disconnect(client); /* a subscription that got no answer leaves a connection */
    }
    return event;
}

/* A PUBLISH of MQTT 5 at its largest: header and length, topic, packet id, properties, payload. */
bool client_takes(const struct client *client, const struct order_message *message)
{
    enum { HEADER_MAX = 1 + 4, TOPIC_LENGTH = 2, PACKET_ID = 2, EXPIRY = 1 + 1 + 4 };
    const size_t size = HEADER_MAX + TOPIC_LENGTH + strlen(message->topic) + PACKET_ID + EXPIRY + message->length;
    return client->packet_max == 0 || size <= client->packet_max;
}

int client_publish(struct client *client, const struct order_message *message, int *token)
{
    MQTTProperty expiry = {.identifier = MQTTPROPERTY_CODE_MESSAGE_EXPIRY_INTERVAL,
                           .value.integer4 = message->expiry_s};
    MQTTClient_message paho = MQTTClient_message_initializer;
    paho.payload = message->payload;
    paho.payloadlen = (int)message->length;
    paho.qos = message->qos;
    paho.retained = message->retained;
    if (!is_5(client)) {
        return MQTTClient_publishMessage(client->paho, message->topic, &paho, token);
    }
    if (message->expiry_s > 0) { /* a list of one, on the stack: Paho copies it */
        paho.properties = (MQTTProperties){.count = 1, .max_count = 1, .length = 1 + 4, .array = &expiry};
    }
    return (int)MQTTClient_publishMessage5(client->paho, message->topic, &paho, token).reasonCode;
}

/* mqtt:// and mqtts:// are tcp:// and ssl:// to every version of Paho. It takes the port from behind the last colon, and
 * compares an IPv6 address in brackets, brackets and all, with a certificate's: so it gets it without. */
static bool write_url(struct client_target *target, const char *url)
{
    static const char plain[] = "mqtt://";
    static const char tls[] = "mqtts://";
    target->is_tls = strncmp(url, tls, sizeof tls - 1) == 0;
    if (!target->is_tls && strncmp(url, plain, sizeof plain - 1) != 0) {
        return false;
    }
    const char *place = url + (target->is_tls ? sizeof tls : sizeof plain) - 1;
    const char *const bracket = place[0] == '[' ? strstr(place, "]:") : NULL;
    const int host_length = (int)(bracket != NULL ? bracket - ++place : 0);
    const int length = snprintf(target->url, sizeof target->url, "%s%.*s%s", target->is_tls ? "ssl://" : "tcp://",
                                host_length, place, bracket != NULL ? bracket + 1 : place);
    return length > 0 && length < CLIENT_URL_MAX;
}

enum status client_target_set(struct client_target *target, const struct uplink_broker *broker, uint32_t connection)
{
    const char *const given[] = {broker->url, broker->ca,       broker->cert,
                                 broker->key, broker->username, broker->password_file};
    const char **const kept[] = {&target->broker.url, &target->broker.ca,       &target->broker.cert,
                                 &target->broker.key, &target->broker.username, &target->broker.password_file};
    size_t used = 0;
    if (!write_url(target, broker->url) || (target->is_tls && broker->ca == NULL)) {
        return STATUS_INVALID;
    }
    for (size_t i = 0; i < sizeof given / sizeof given[0]; ++i) {
        const size_t size = given[i] != NULL ? strlen(given[i]) + 1 : 0;
        if (size > sizeof target->texts - used) {
            return STATUS_TOO_LARGE;
        }
        *kept[i] = size != 0 ? memcpy(target->texts + used, given[i], size) : NULL;
        used += size;
    }
    target->connection = connection;
    return STATUS_OK;
}
