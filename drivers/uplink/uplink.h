/*
 * uplink.h: one connection to an MQTT broker (Eclipse Paho), MQTT 5 or 3.1.1, without the library's reconnect or
 * persistence.
 *
 * A thread of the uplink's own calls the library, whose calls block; the caller never waits for the network. Messages
 * are copied before uplink_publish returns. What happens is noted in a bounded queue and raises the caller's wake; the
 * caller takes events with uplink_next_event. Each attempt to connect has a fresh client, so that nothing queued for
 * an old connection can reach a new one. TLS 1.2 at least; the broker's certificate and host name are always verified.
 *
 * Most rounds of the caller end in a publish, and waking another thread for that costs more than the round. So it may leave
 * its rounds to the uplink's thread (uplink_leave_rounds), which makes them whenever it has nothing else to do, and itself only stands
 * by (uplink_stand_in): a call of the library that does not come back holds up what it publishes, nothing else.
 *
 * Thread: all calls from one (the deliver thread), or from within a round. Allocation: at uplink_open, and inside Paho and OpenSSL, in named
 * fences.
 * Source: MQTT 5.0 and 3.1.1 (OASIS); Paho C 1.3.12.
 */
#ifndef WARDGATE_UPLINK_H
#define WARDGATE_UPLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/engine/status.h"
#include "hal/wake.h"

#define UPLINK_EVENTS_MAX            256
#define UPLINK_FILTERS_MAX           8
#define UPLINK_TOPIC_MAX             256
#define UPLINK_PAYLOAD_MAX           1024 /* of an incoming message; longer ones are cut, which `whole` tells */
#define UPLINK_TAGS_MAX              64   /* publishes that may wait for their acknowledgement */
#define UPLINK_CONNECT_TIMEOUT_S     5    /* an attempt ends by then, or with its name lookup */
#define UPLINK_DIAGNOSIS_S           4    /* and this much later when a TLS handshake did not succeed: to say why */
#define UPLINK_TEXT_MAX              192
#define UPLINK_NAME_MAX              48
#define UPLINK_BROKER_LOOK_US        86400000000 /* how often the broker's certificate is looked at */
#define UPLINK_REASON_NO_SUBSCRIBERS 16          /* acknowledged, and nobody has subscribed (MQTT 5) */
#define UPLINK_REASON_REFUSED        128         /* MQTT reason codes from here on are refusals */
#define UPLINK_REASON_TOO_LARGE      149         /* the one for a packet larger than the broker takes */

struct uplink_broker {
    const char *url;                      /* mqtt://host:port or mqtts://host:port */
    const char *ca, *cert, *key;          /* mqtts only, ca always; NULL: none */
    const char *username, *password_file; /* NULL: none */
};

struct uplink_config {
    const char *client_id;
    int version;           /* 5 or 4 (3.1.1) */
    uint16_t keep_alive_s; /* at least 5: a link that carries nothing any more is found within it, from either side */
    bool probes;           /* uplink_probe will be called: a thread of its own is there for it */
    const char *will_topic, *will_payload; /* QoS 1, retained; must outlive the uplink, read at each uplink_connect */
    const char *const
        *filters; /* topic filters subscribed to (QoS 1) on every connection, before UPLINK_CONNECTED; or NULL */
    uint8_t filter_count; /* at most UPLINK_FILTERS_MAX */
    /* Or NULL; one more, of what others keep on the broker of themselves: `retained` then means that it stood there before we subscribed, and
     * what comes gives way to what the filters let in. */
    const char *presence_filter;
};

enum uplink_event_kind {
    UPLINK_CONNECTED,
    UPLINK_CONNECT_FAILED,
    UPLINK_LOST, /* and with it every publish that was not acknowledged: no event of its own comes for it */
    UPLINK_DELIVERED,
    UPLINK_PUBLISH_FAILED, /* one that is larger than the broker takes is not even sent; tag 0: at QoS 0 */
    UPLINK_UNSUBSCRIBED    /* the broker refuses a filter (text tells which): the connection stands without it */
};
struct uplink_event {
    enum uplink_event_kind kind;
    uint64_t tag;             /* of the publish */
    int reason;               /* MQTT reason code, or Paho's error when negative */
    uint32_t connection;      /* which connection attempt it belongs to: the newest */
    bool unreached;           /* UPLINK_CONNECT_FAILED: nobody took the connection, so that to ask again costs little */
    uint16_t receive_maximum; /* UPLINK_CONNECTED: how many unacknowledged publishes the broker takes */
    char text[UPLINK_TEXT_MAX]; /* why, for a person; may be empty */
};

struct uplink_message {
    const char *topic;
    const void *payload;
    size_t length; /* 0 with retained: empties the topic */
    uint8_t qos;
    bool retained;
    uint32_t expiry_s; /* MQTT 5 message expiry; 0: none */
    uint64_t tag;      /* QoS 1: comes back in UPLINK_DELIVERED or _PUBLISH_FAILED. QoS 0: 0, no event comes */
};

struct uplink;

/* Makes the object (allocates); does not connect. The wake must outlive it. STATUS_NO_MEMORY, STATUS_IO. */
enum status uplink_open(const struct uplink_config *config, struct wake *wake, struct uplink **out) MUST_CHECK;
void uplink_close(struct uplink *uplink); /* NULL is allowed; bounded in time even with a dead broker */

/* Begins to connect and ends in UPLINK_CONNECTED or UPLINK_CONNECT_FAILED: only then call it again. The texts are
 * copied. The connection before is dropped. The files are read anew each time; the key and the
 * password file must be private: ours alone (mode 0600), or root's, whose group may read them (0640). STATUS_INVALID
 * (URL, mqtts:// without ca), STATUS_TOO_LARGE (texts): nothing was begun. */
enum status uplink_connect(struct uplink *uplink, const struct uplink_broker *broker) MUST_CHECK;
/* A clean DISCONNECT after what is queued, waiting at most timeout_ms for it. No UPLINK_LOST follows. */
void uplink_disconnect(struct uplink *uplink, uint32_t timeout_ms);

/* STATUS_CLOSED (not connected), STATUS_FULL (queue or tags: try later). */
enum status uplink_publish(struct uplink *uplink, const struct uplink_message *message) MUST_CHECK;
bool uplink_next_event(struct uplink *uplink, struct uplink_event *out);

/* Messages that came in over the filters, oldest first, in a queue of their own of UPLINK_MESSAGES_MAX: when it is full
 * the newest is dropped and counted. The broker has its acknowledgement before they are taken: whoever wants an answer
 * gets it as a message. They outlive the connection that they came by, but for presences. */
#define UPLINK_MESSAGES_MAX  32
#define UPLINK_PRESENCES_MAX 24 /* of them, by the presence filter: one more is dropped and counted apart */
struct uplink_incoming {
    char topic[UPLINK_TOPIC_MAX];
    uint8_t payload[UPLINK_PAYLOAD_MAX];
    size_t length;
    bool whole;    /* topic and payload were not cut */
    bool presence; /* it came by the presence filter */
    bool retained; /* published to be kept; in MQTT 3.1.1 told only of what stood there before we subscribed */
    bool again;    /* the broker marked it as a duplicate */
};
bool uplink_next_message(struct uplink *uplink, struct uplink_incoming *out);
uint32_t uplink_messages_dropped(const struct uplink *uplink);
uint32_t uplink_presences_dropped(const struct uplink *uplink);

/* Which certificate ends first. */
struct uplink_certificate {
    int64_t ends_ms;            /* wall clock; 0: there is none, or none could be read */
    char name[UPLINK_NAME_MAX]; /* of its file, without folders; or "the broker's" */
};
enum uplink_files {
    UPLINK_FILES_SAME,
    UPLINK_FILES_NEW, /* changed since the connection was made, and fit for use: a new connection will use them */
    UPLINK_FILES_BAD  /* changed, and not fit (text tells): the connection that stands is better */
};
struct uplink_look {
    enum uplink_files files; /* while connected; told once for each change */
    char text[UPLINK_TEXT_MAX];
    struct uplink_certificate first_end; /* of our own, of those in the CA file, and of the broker's */
};
/* Looks at the files of the newest uplink_connect: to be called every UPLINK_LOOK_US. A change counts once it has stood
 * from one look to the next, so that files that are being written are left alone. The broker's own certificate is seen by
 * a handshake beside the connection, at a first look and once a day. Reads files. */
#define UPLINK_LOOK_US 15000000
void uplink_look(struct uplink *uplink, struct uplink_look *out);
/* A broker that is not connected to, but may have to be: *first_end becomes the end of one of its files that ends sooner.
 * What it shows itself is not known. Reads files. */
void uplink_note_end(const struct uplink_broker *broker, struct uplink_certificate *first_end);
/* What uplink_connect would find wrong with a broker's files, before it is connected to; STATUS_DENIED: only the user whom
 * they belong to can tell. Reads files. Any thread; no uplink is needed. */
enum status uplink_check_files(const struct uplink_broker *broker, char why[UPLINK_TEXT_MAX]) MUST_CHECK;
/* Asks in the background whether another broker than the connected one would take this gateway, as it would log in there
 * (under a client id of its own): a few seconds, more when a name lookup hangs. What came of it raises the wake and is
 * taken by uplink_next_probed. Only with uplink_config.probes. STATUS_BUSY: one is under way, or was not taken yet. STATUS_INVALID and
 * _TOO_LARGE as uplink_connect. */
struct uplink_probed {
    bool answers;               /* it would take us */
    int64_t ends_ms;            /* of the certificate that it showed; 0: none */
    char text[UPLINK_TEXT_MAX]; /* why not, for a person */
};
enum status uplink_probe(struct uplink *uplink, const struct uplink_broker *broker) MUST_CHECK;
bool uplink_next_probed(struct uplink *uplink, struct uplink_probed *out);

uint32_t uplink_connection(const struct uplink *uplink); /* number of the current connection attempt */

/* A round of the caller: returns when the next one is due (CLOCK_BOOTTIME, µs). It never waits for anything. */
typedef int64_t uplink_round(void *context);

/* From now on, until uplink_take_rounds has returned, rounds are made when the wake of uplink_open is raised, when they are due, and once at the
 * beginning; never two at once. In a round uplink_disconnect does not wait, and what found the queue full is tried again as soon as that is empty. */
void uplink_leave_rounds(struct uplink *uplink, uplink_round *round, void *context);
void uplink_take_rounds(struct uplink *uplink);
/* Meanwhile, on the caller's thread: makes a round if the uplink's thread has been in a call of the library for too long. Returns when it is to be called
 * again: that is, at the latest, when it takes over. */
#define UPLINK_STAND_IN_US 2000000
int64_t uplink_stand_in(struct uplink *uplink);
uint32_t uplink_stand_ins(const struct uplink *uplink); /* rounds made so; any thread */

#endif
