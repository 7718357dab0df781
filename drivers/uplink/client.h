/*
 * client.h: Eclipse Paho's MQTTClient, one fresh one for each attempt to connect. Its calls block: the uplink's thread
 * alone makes them. What happens meanwhile goes into the inbox, from Paho's own threads.
 *
 * Private to drivers/uplink. Owned by the uplink; allocates inside Paho only.
 */
#ifndef WARDGATE_UPLINK_CLIENT_H
#define WARDGATE_UPLINK_CLIENT_H

#include <stdatomic.h>

#include "drivers/uplink/credential.h"
#include "drivers/uplink/haste.h"
#include "drivers/uplink/inbox.h"
#include "drivers/uplink/orders.h"
#include "drivers/uplink/uplink.h"

#define CLIENT_URL_MAX       288
#define CLIENT_TEXTS_MAX     2048
#define CLIENT_ATTEMPTS_KEPT 8 /* contexts of callbacks: a late one still finds its own number */

/* Where to connect, with copies of all texts. */
struct client_target {
    struct uplink_broker broker; /* points into texts */
    uint32_t connection;
    bool is_tls;
    char url[CLIENT_URL_MAX]; /* as Paho writes it */
    char texts[CLIENT_TEXTS_MAX];
};

struct client_attempt { /* context of a connection's callbacks */
    struct inbox *inbox;
    uint32_t connection;
    const char *presence_filter; /* NULL: none */
    struct haste *haste;
    bool is_patient, keeps_way; /* Paho's thread was told how late it may be woken; how it stands to others (haste.h) */
};

struct client {
    const struct uplink_config *config;
    struct inbox *inbox;
    struct haste *haste;
    void *paho;                  /* of the newest attempt; NULL before the first */
    struct client_target target; /* of the newest attempt */
    struct client_attempt attempts[CLIENT_ATTEMPTS_KEPT];
    struct credential_text fault; /* what is known of why this attempt fails */
    bool was_reached;             /* with TLS: somebody took the connection, or it never came to that */
    atomic_llong broker_ends_ms;  /* when the certificate ends that a broker showed last; 0: not known */
    uint32_t packet_max;          /* the largest packet that the broker takes (MQTT 5); 0: it did not say */
    int socket;                   /* of the newest connection, to this port; -1: it could not be told from others */
    uint16_t port;
    bool holds;
};

/* Any thread. STATUS_INVALID: neither mqtt:// nor mqtts://, too long, or mqtts:// without ca. STATUS_TOO_LARGE: the texts. */
enum status client_target_set(struct client_target *target, const struct uplink_broker *broker,
                              uint32_t connection) MUST_CHECK;

/* Drops the client before, connects and subscribes. What came of it, to be noted: UPLINK_CONNECTED or _CONNECT_FAILED.
 * A refused filter is noted at once. */
struct uplink_event client_connect(struct client *client, const struct client_target *target);
/* False: the broker has said that it does not take packets so large; it would end the connection. */
bool client_takes(const struct client *client, const struct order_message *message);
/* Paho's result; *token names the publish in its acknowledgement. */
int client_publish(struct client *client, const struct order_message *message, int *token);
/* What is published while held leaves in as few packets as it fits: one for each costs both sides more than the messages do. */
void client_hold(struct client *client, bool held);
void client_disconnect(struct client *client);
/* Looks at the broker's certificate by a handshake beside the connection. */
void client_examine(struct client *client);
void client_fini(struct client *client);

#endif
