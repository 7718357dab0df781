/*
 * uplink.h: one connection to an MQTT broker (Eclipse Paho MQTTAsync), MQTT 5 or 3.1.1, without its reconnect, buffer or persistence.
 *
 * Paho calls back on its own threads under its own lock; here every callback only notes an event in a bounded queue and raises the
 * caller's wake. The caller's thread takes events with uplink_next_event. Payloads are copied by Paho before uplink_publish returns.
 * Thread: all calls from one thread (the deliver thread). Allocation happens inside Paho, within its named fence.
 */
#ifndef WARDGATE_UPLINK_H
#define WARDGATE_UPLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/engine/status.h"
#include "hal/wake.h"

#define UPLINK_EVENTS_MAX            256
#define UPLINK_REASON_NO_SUBSCRIBERS 16

struct uplink_broker {
    const char *url;                      /* mqtt://host:port or mqtts://host:port */
    const char *ca, *cert, *key;          /* mqtts only; NULL: none */
    const char *username, *password_file; /* NULL: none */
};

struct uplink_config {
    const char *client_id;
    int version; /* 5 or 4 (3.1.1) */
    uint16_t keep_alive_s;
    const char *will_topic, *will_payload; /* QoS 1, retained */
};

enum uplink_event_kind {
    UPLINK_CONNECTED,
    UPLINK_CONNECT_FAILED,
    UPLINK_LOST,
    UPLINK_DELIVERED,
    UPLINK_PUBLISH_FAILED
};
struct uplink_event {
    enum uplink_event_kind kind;
    uint64_t tag;        /* of the publish */
    int reason;          /* MQTT reason code, or Paho's error when negative */
    uint32_t connection; /* which connection attempt it belongs to: events of an older one are to be ignored */
    char text[80];
};

struct uplink_message {
    const char *topic;
    const void *payload;
    size_t length; /* 0 with retained: empties the topic */
    uint8_t qos;
    bool retained;
    uint32_t expiry_s; /* MQTT 5 message expiry; 0: none */
    uint64_t tag;      /* comes back in UPLINK_DELIVERED; 0: no event wanted */
};

struct uplink;

/* Makes the object (allocates); does not connect. */
enum status uplink_open(const struct uplink_config *config, struct wake *wake, struct uplink **out) MUST_CHECK;
void uplink_close(struct uplink *uplink); /* NULL is allowed; bounded in time even with a dead broker */

/* Begins to connect (ends in UPLINK_CONNECTED or UPLINK_CONNECT_FAILED). */
enum status uplink_connect(struct uplink *uplink, const struct uplink_broker *broker) MUST_CHECK;
/* A clean DISCONNECT, waiting at most timeout_ms for it. */
void uplink_disconnect(struct uplink *uplink, uint32_t timeout_ms);
enum status uplink_publish(struct uplink *uplink, const struct uplink_message *message) MUST_CHECK;
bool uplink_next_event(struct uplink *uplink, struct uplink_event *out);
uint32_t uplink_connection(const struct uplink *uplink); /* number of the current connection attempt */

#endif
