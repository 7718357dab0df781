#include "tests/sim/broker.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/bedside.h"
#include "tests/sim/disk.h"
#include "tests/sim/invariant.h"
#include "tests/sim/judge.h"
#include "tests/sim/process.h"
#include "tests/sim/read.h"
#include "tests/sim/scheduler.h"
#include "tests/sim/witness.h"

#define REFUSED        135               /* not authorized */
#define RETURN_US      INT64_C(20000000) /* as configured */
#define RETURN_MOST_US INT64_C(3600000000)
#define WELL_US        INT64_C(18000000) /* nothing is left of what was wrong */
#define TRIED_US       INT64_C(6000000)
#define LEFT_US        INT64_C(1000000)

struct broker_faults broker_faults = {.refused_bed = -1};

static struct {
    struct retained topics[BROKERS][BROKER_TOPICS_MAX];
    uint32_t topic_count[BROKERS];
    bool moved[BROKERS]; /* by its status */
    unsigned at;
    bool connected, first_answered;
    int64_t accepted_us, ended_us;     /* a connection, by the gateway */
    int64_t left_us, first_answers_us; /* in order, from the second; since when the first one does */
    unsigned first_lost;               /* connections to it, by this process */
    uint32_t connection;
    int64_t trouble_us;
} b = {.left_us = INT64_MIN / 2};

bool broker_is_far(unsigned broker)
{
    const struct broker_faults *f = &broker_faults;
    return f->link_cut || (f->is_far && (f->struck >> broker & 1U) != 0);
}

bool broker_answers(unsigned broker)
{
    const struct broker_faults *f = &broker_faults;
    const bool refuses = (f->refuses && (f->struck >> broker & 1U) != 0) || (f->away >> broker & 1U) != 0;
    return !refuses && !broker_is_far(broker);
}

uint32_t broker_connection(void)
{
    return b.connection;
}

unsigned broker_in_use(void)
{
    return b.at;
}

void broker_trouble(void)
{
    b.trouble_us = scheduler_now_us();
    const bool answers = broker_answers(0);
    b.first_answers_us = answers && b.first_answered ? b.first_answers_us : b.trouble_us;
    b.first_answered = answers;
}

bool broker_may_be_left(void)
{
    return b.at != 0 && broker_answers(0) && scheduler_now_us() - b.first_answers_us > RETURN_US / 2;
}

/* A return that does not last has the next one wait twice as long. */
int64_t broker_wait_us(void)
{
    int64_t wait_us = RETURN_US;
    for (unsigned i = 0; i < b.first_lost && wait_us < RETURN_MOST_US; i++) {
        wait_us *= 2;
    }
    /* it is asked from the connection to the other on */
    const int64_t since_us = b.first_answers_us > b.accepted_us ? b.first_answers_us : b.accepted_us;
    return broker_answers(0) ? scheduler_now_us() - since_us - wait_us : 0;
}

static bool is_well(void)
{
    const struct broker_faults *f = &broker_faults;
    return b.connected && broker_answers(b.at) && !f->keeps_acks && !f->queue_full && !f->nobody_hears &&
           f->refused_bed < 0 && f->slow_us == 0 && scheduler_now_us() >= f->hangs_until_us;
}

int64_t broker_well_since_us(void)
{
    return is_well() ? b.trouble_us : scheduler_now_us();
}

bool broker_is_connected(void)
{
    return b.connected && !broker_faults.link_cut;
}

bool broker_can_be_reached(unsigned broker)
{
    return broker_answers(broker) && scheduler_now_us() >= broker_faults.hangs_until_us;
}

void broker_begin_anew(void)
{
    b.connection++;
}

static void check_moved(unsigned broker)
{
    const int64_t begun_us = scheduler_now_us() - process_life_us();
    const int64_t known_us = begun_us > disk_replaced_us() ? begun_us : disk_replaced_us();
    for (uint32_t i = 0; i < BROKER_TOPICS_MAX; i++) {
        const struct retained *r = &b.topics[broker][i];
        /* what nobody remembers expires */
        const bool is_over = r->expires_us != 0 && (r->expires_us <= scheduler_now_us() || r->at_us < known_us);
        if (r->topic[0] != '\0' && !r->empty && !is_over && strstr(r->topic, "/status") == NULL) {
            invariant_broken(INVARIANT_moved, "%s stands retained at a broker that was left", r->topic);
        }
    }
    if (!b.moved[broker]) {
        invariant_broken(INVARIANT_moved, "a broker was left, and its status does not say so");
    }
    invariant_holds(INVARIANT_moved);
}

void broker_accept(unsigned broker)
{
    const bool returns = broker == 0 && b.at == 1 && scheduler_now_us() - b.left_us < LEFT_US;
    b.at = broker;
    b.accepted_us = scheduler_now_us();
    b.connected = true;
    b.connection++;
    broker_trouble();
    if (returns) {
        check_moved(1);
    }
}

/* A return to the first that comes to nothing. */
void broker_fail(unsigned broker)
{
    b.first_lost += broker == 0 && b.at == 1 && scheduler_now_us() - b.ended_us < TRIED_US;
}

/* Well as it was, for no other reason than that an earlier one is back. */
void broker_leave(void)
{
    b.ended_us = scheduler_now_us();
    if (b.at == 1 && scheduler_now_us() - broker_well_since_us() > WELL_US && process_up_us() > WELL_US &&
        scheduler_now_us() - disk_well_since_us() > WELL_US) { /* else not all that is retained is known */
        b.left_us = scheduler_now_us();
    }
}

void broker_lose(void)
{
    if (b.connected) {
        b.connected = false;
        b.first_lost += b.at == 0;
        broker_trouble();
    }
}

void broker_forget_process(void)
{
    uplink_forget_process();
    broker_lose();
    b.first_lost = 0;
    b.left_us = INT64_MIN / 2;
}

/* ---- retained ---- */

static struct retained *find_topic(const char *topic)
{
    for (uint32_t i = 0, at = (uint32_t)read_digest(topic, strlen(topic)); i < BROKER_TOPICS_MAX; i++, at++) {
        struct retained *r = &b.topics[b.at][at % BROKER_TOPICS_MAX];
        if (r->topic[0] == '\0' || strcmp(r->topic, topic) == 0) {
            return r;
        }
    }
    abort();
}

const struct retained *broker_find(const char *topic)
{
    const struct retained *r = find_topic(topic);
    return r->topic[0] == '\0' ? NULL : r;
}

const struct retained *broker_next(uint32_t *index)
{
    while (*index < BROKER_TOPICS_MAX) {
        const struct retained *r = &b.topics[b.at][(*index)++];
        if (r->topic[0] != '\0') {
            return r;
        }
    }
    return NULL;
}

static void retain(const struct uplink_message *m)
{
    struct retained *r = find_topic(m->topic);
    if (r->topic[0] == '\0') {
        assert(b.topic_count[b.at]++ < BROKER_TOPICS_MAX / 2);
        (void)snprintf(r->topic, sizeof r->topic, "%s", m->topic);
    }
    r->at_us = scheduler_now_us();
    r->expires_us = m->expiry_s > 0 ? r->at_us + m->expiry_s * INT64_C(1000000) : 0;
    r->empty = m->length == 0;
    r->id = 0;
    if (strstr(m->topic, "/status") != NULL) {
        b.moved[b.at] = m->length > 0 && read_is(m->payload, "state", "moved");
    }
    if (m->length > 0 && strstr(m->topic, "/alarm/") != NULL) {
        r->id = read_hex(m->payload, "id");
        r->rev = (uint32_t)read_number(m->payload, "rev");
    }
}

/* ---- what arrives ---- */

void broker_receive(const struct uplink_message *message, int *out_reason)
{
    const char *leaf = NULL;
    const int bed = bedside_bed_of_topic(message->topic, &leaf);
    *out_reason = broker_faults.nobody_hears ? UPLINK_REASON_NO_SUBSCRIBERS : 0;
    if (message->qos > 0) {
        process_tell("%s: %.*s", message->topic, (int)(message->length < 200 ? message->length : 200),
                     (const char *)message->payload);
    }
    if (leaf != NULL && strcmp(leaf, "alert") == 0) {
        if (bed >= 0 && bed == broker_faults.refused_bed) {
            *out_reason = REFUSED;
            judge_note_refusal();
            return;
        }
        witness_arrived(bed, message->payload, message->length, b.connection);
    } else if (leaf != NULL && strcmp(leaf, "vitals") == 0) {
        witness_vitals(bed, message->payload, message->length);
    } else if (leaf != NULL && strcmp(leaf, "omitted") == 0) {
        witness_record_arrived(message->payload, message->length);
    } else if (leaf != NULL && strcmp(leaf, "reply") == 0) {
        witness_reply(bed, message->payload);
    }
    if (message->retained) {
        retain(message);
    }
}

void broker_command(const char *topic, const char *payload)
{
    if (broker_is_connected()) {
        uplink_command(topic, payload);
    }
}
