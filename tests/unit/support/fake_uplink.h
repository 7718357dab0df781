/*
 * fake_uplink.h: an uplink (drivers/uplink/uplink.h) and a clock in the place of the real ones, for tests of what deliver
 * does with brokers that misbehave. A test that includes it is linked without those two (FAKED in the Makefile).
 *
 * Up to four brokers fake://0 ... fake://3. A publish meets its fate when it is made: the test says which. The rounds are
 * made by the test (fake_run), which moves the time: nothing else does, but for what really passes.
 */
#ifndef WARDGATE_TESTS_FAKE_UPLINK_H
#define WARDGATE_TESTS_FAKE_UPLINK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "drivers/uplink/uplink.h"
#include "hal/clock.h"

#define FAKE_BROKERS   4
#define FAKE_SENT_MAX  8192
#define FAKE_TOPIC_MAX 96

enum fake_fate {
    FAKE_TAKEN,
    FAKE_REFUSED,  /* acknowledged with "not authorized" */
    FAKE_FATAL,    /* the connection ends at it, and what came behind it is lost */
    FAKE_UNHEARD,  /* no acknowledgement ever comes */
    FAKE_NO_ROOM,  /* the queue to the library is full */
    FAKE_TOO_LARGE /* larger than the broker takes (MQTT 5) */
};

struct fake_sent {
    char topic[FAKE_TOPIC_MAX];
    uint64_t seq; /* of an alert; 0: something else */
    unsigned broker;
    uint32_t connection;
    uint8_t qos;
    bool retained, is_empty, moved, late;
    enum fake_fate fate;
    int64_t at_us;
};

struct fake {
    bool reachable[FAKE_BROKERS], answers_probes[FAKE_BROKERS];
    enum fake_fate (*fate)(const struct uplink_message *message);
    unsigned broker, probes;
    int64_t shown_ends_ms[FAKE_BROKERS]; /* of the certificates that they show to a probe */
    bool connected, ended;               /* at that end, which may not have been told yet */
    uint32_t connection;
    uint16_t receive_maximum;
    struct uplink_event events[UPLINK_EVENTS_MAX];
    unsigned first, count;
    bool probed;
    struct uplink_probed outcome;
    uplink_round *round;
    void *context;
    unsigned sent_count;
    struct fake_sent sent[FAKE_SENT_MAX];
    atomic_llong skipped_us; /* also the other threads' clock */
    atomic_llong wall_offset_ms;
};
static struct fake fake;
static pthread_mutex_t fake_mutex = PTHREAD_MUTEX_INITIALIZER;

static inline enum fake_fate fake_take_all(const struct uplink_message *message)
{
    (void)message;
    return FAKE_TAKEN;
}

static inline void fake_reset(void)
{
    const int64_t skipped_us = atomic_load(&fake.skipped_us);
    memset(&fake, 0, sizeof fake);
    atomic_store(&fake.skipped_us, skipped_us);
    fake.fate = fake_take_all;
    fake.receive_maximum = UINT16_MAX;
    for (unsigned i = 0; i < FAKE_BROKERS; ++i) {
        fake.reachable[i] = fake.answers_probes[i] = true;
    }
}

/* ---- the clock ---- */

int64_t clock_boot_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_BOOTTIME, &now);
    return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000 + atomic_load(&fake.skipped_us);
}

int64_t clock_wall_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000 + atomic_load(&fake.skipped_us) / 1000 +
           atomic_load(&fake.wall_offset_ms);
}

int32_t clock_utc_offset_s(int64_t wall_ms)
{
    (void)wall_ms;
    return 0;
}

bool clock_is_synchronised(void)
{
    return true;
}

void clock_sleep_until_us(int64_t boot_us)
{
    (void)boot_us;
}

/* ---- the uplink ---- */

static inline void fake_note(struct uplink_event event)
{
    assert_true(fake.count < UPLINK_EVENTS_MAX);
    event.connection = fake.connection;
    fake.events[(fake.first + fake.count++) % UPLINK_EVENTS_MAX] = event;
}

static inline void fake_lose(void)
{
    if (fake.connected) {
        fake.connected = false;
        fake_note((struct uplink_event){.kind = UPLINK_LOST, .text = "it was ended"});
    }
}

enum status uplink_open(const struct uplink_config *config, struct wake *wake, struct uplink **out)
{
    (void)config;
    (void)wake;
    *out = (struct uplink *)(void *)&fake;
    return STATUS_OK;
}

void uplink_close(struct uplink *uplink)
{
    (void)uplink;
}

enum status uplink_connect(struct uplink *uplink, const struct uplink_broker *broker)
{
    (void)uplink;
    fake.broker = (unsigned)(broker->url[strlen(broker->url) - 1] - '0');
    ++fake.connection;
    fake.first = fake.count = 0;
    fake.ended = false;
    fake.connected = fake.reachable[fake.broker];
    fake_note((struct uplink_event){.kind = fake.connected ? UPLINK_CONNECTED : UPLINK_CONNECT_FAILED,
                                    .receive_maximum = fake.receive_maximum,
                                    .text = "no answer"});
    return STATUS_OK;
}

void uplink_disconnect(struct uplink *uplink, uint32_t timeout_ms)
{
    (void)uplink;
    (void)timeout_ms;
    fake.connected = fake.ended = false;
}

static inline bool fake_has(const struct uplink_message *message, const char *part)
{
    return memmem(message->payload, message->length, part, strlen(part)) != NULL;
}

static inline uint64_t fake_seq(const struct uplink_message *message)
{
    static const char key[] = "\"seq\":";
    const char *leaf = strrchr(message->topic, '/');
    const char *at = memmem(message->payload, message->length, key, sizeof key - 1);
    return strcmp(leaf, "/alert") == 0 && at != NULL ? strtoull(at + sizeof key - 1, NULL, 10) : 0;
}

static inline void fake_log(const struct uplink_message *message, enum fake_fate fate)
{
    assert_true(fake.sent_count < FAKE_SENT_MAX);
    struct fake_sent *sent = &fake.sent[fake.sent_count++];
    *sent = (struct fake_sent){.seq = fake_seq(message),
                               .broker = fake.broker,
                               .connection = fake.connection,
                               .qos = message->qos,
                               .retained = message->retained,
                               .is_empty = message->length == 0,
                               .moved = fake_has(message, "\"state\":\"moved\""),
                               .late = fake_has(message, "\"late\":true"),
                               .fate = fate,
                               .at_us = clock_boot_us()};
    (void)snprintf(sent->topic, sizeof sent->topic, "%s", message->topic);
}

static inline void fake_answer(const struct uplink_message *message, enum fake_fate fate)
{
    struct uplink_event event = {.tag = message->tag, .kind = UPLINK_DELIVERED};
    if (fate == FAKE_REFUSED || fate == FAKE_TOO_LARGE) {
        event.kind = UPLINK_PUBLISH_FAILED;
        event.reason = fate == FAKE_REFUSED ? 135 : UPLINK_REASON_TOO_LARGE;
        (void)snprintf(event.text, sizeof event.text, fate == FAKE_REFUSED ? "Not authorized" : "too large");
    }
    if (message->tag != 0 || fate == FAKE_TOO_LARGE) {
        fake_note(event);
    }
}

enum status uplink_publish(struct uplink *uplink, const struct uplink_message *message)
{
    (void)uplink;
    if (!fake.connected) {
        return STATUS_CLOSED;
    }
    const enum fake_fate fate = fake.ended ? FAKE_UNHEARD : fake.fate(message);
    if (fate == FAKE_NO_ROOM) {
        return STATUS_FULL;
    }
    fake_log(message, fate);
    if (fate == FAKE_FATAL) {
        fake.ended = true; /* what is published until that is told goes nowhere */
    } else if (fate != FAKE_UNHEARD) {
        fake_answer(message, fate);
    }
    return STATUS_OK;
}

bool uplink_next_event(struct uplink *uplink, struct uplink_event *out)
{
    (void)uplink;
    if (fake.count == 0) {
        return false;
    }
    *out = fake.events[fake.first];
    fake.first = (fake.first + 1) % UPLINK_EVENTS_MAX;
    --fake.count;
    return true;
}

bool uplink_next_message(struct uplink *uplink, struct uplink_incoming *out)
{
    (void)uplink;
    (void)out;
    return false;
}

uint32_t uplink_messages_dropped(const struct uplink *uplink)
{
    (void)uplink;
    return 0;
}

uint32_t uplink_stand_ins(const struct uplink *uplink)
{
    (void)uplink;
    return 0;
}

uint32_t uplink_presences_dropped(const struct uplink *uplink)
{
    (void)uplink;
    return 0;
}

void uplink_look(struct uplink *uplink, struct uplink_look *out)
{
    (void)uplink;
    *out = (struct uplink_look){.files = UPLINK_FILES_SAME};
}

void uplink_note_end(const struct uplink_broker *broker, struct uplink_certificate *first_end)
{
    (void)broker;
    (void)first_end;
}

uint32_t uplink_connection(const struct uplink *uplink)
{
    (void)uplink;
    return fake.connection;
}

enum status uplink_probe(struct uplink *uplink, const struct uplink_broker *broker)
{
    (void)uplink;
    const unsigned index = (unsigned)(broker->url[strlen(broker->url) - 1] - '0');
    assert_false(fake.probed);
    assert_int_not_equal(index, fake.broker); /* never the one that is connected to */
    fake.probed = true;
    ++fake.probes;
    fake.outcome = (struct uplink_probed){.answers = fake.reachable[index] && fake.answers_probes[index],
                                          .ends_ms = fake.shown_ends_ms[index]};
    return STATUS_OK;
}

bool uplink_next_probed(struct uplink *uplink, struct uplink_probed *out)
{
    (void)uplink;
    const bool probed = fake.probed;
    *out = fake.outcome;
    fake.probed = false;
    return probed;
}

void uplink_leave_rounds(struct uplink *uplink, uplink_round *round, void *context)
{
    (void)uplink;
    pthread_mutex_lock(&fake_mutex);
    fake.round = round;
    fake.context = context;
    pthread_mutex_unlock(&fake_mutex);
}

void uplink_take_rounds(struct uplink *uplink)
{
    (void)uplink;
    pthread_mutex_lock(&fake_mutex);
    fake.round = NULL;
    pthread_mutex_unlock(&fake_mutex);
}

int64_t uplink_stand_in(struct uplink *uplink)
{
    (void)uplink;
    return INT64_MAX;
}

/* ---- what the test does ---- */

static inline void fake_round(void)
{
    if (fake.ended) { /* now it is noticed */
        fake.ended = false;
        fake_lose();
    }
    pthread_mutex_lock(&fake_mutex);
    (void)fake.round(fake.context);
    pthread_mutex_unlock(&fake_mutex);
}

/* So much time passes, in steps of that length; rounds are made until nothing comes of them, at least one a step. */
static inline void fake_run(int64_t us, int64_t step_us)
{
    for (int64_t at_us = 0; at_us < us; at_us += step_us) {
        atomic_fetch_add(&fake.skipped_us, step_us);
        unsigned before;
        do {
            before = fake.sent_count;
            fake_round();
        } while (fake.sent_count != before || fake.count > 0 || fake.ended);
    }
}

/* The deliver thread has left its rounds to us. */
static inline void fake_await(void)
{
    bool left = false;
    while (!left) {
        pthread_mutex_lock(&fake_mutex);
        left = fake.round != NULL;
        pthread_mutex_unlock(&fake_mutex);
    }
}

static inline unsigned fake_count_alerts(uint64_t seq, enum fake_fate fate)
{
    unsigned count = 0;
    for (unsigned i = 0; i < fake.sent_count; ++i) {
        count += fake.sent[i].seq == seq && fake.sent[i].fate == fate ? 1 : 0;
    }
    return count;
}

#endif
