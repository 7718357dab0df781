#include "tests/sim/broker.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/bedside.h"
#include "tests/sim/judge.h"
#include "tests/sim/process.h"
#include "tests/sim/read.h"
#include "tests/sim/scheduler.h"
#include "tests/sim/witness.h"

#define REFUSED 135 /* not authorized */

struct broker_faults broker_faults = {.refused_bed = -1};

static struct {
    struct retained topics[BROKER_TOPICS_MAX];
    uint32_t topic_count;
    bool connected;
    uint32_t connection;
    int64_t trouble_us;
} b;

void broker_trouble(void)
{
    b.trouble_us = scheduler_now_us();
}

static bool is_well(void)
{
    const struct broker_faults *f = &broker_faults;
    return b.connected && !f->refuses && !f->is_far && !f->link_cut && !f->keeps_acks && !f->queue_full &&
           !f->nobody_hears && f->refused_bed < 0 && f->slow_us == 0 && scheduler_now_us() >= f->hangs_until_us;
}

int64_t broker_well_since_us(void)
{
    return is_well() ? b.trouble_us : scheduler_now_us();
}

bool broker_is_connected(void)
{
    return b.connected && !broker_faults.link_cut;
}

bool broker_can_be_reached(void)
{
    const struct broker_faults *f = &broker_faults;
    return !f->refuses && !f->is_far && !f->link_cut && scheduler_now_us() >= f->hangs_until_us;
}

void broker_begin_anew(void)
{
    b.connection++;
}

void broker_accept(uint32_t connection)
{
    (void)connection;
    b.connected = true;
    b.connection++;
    broker_trouble();
}

void broker_lose(void)
{
    if (b.connected) {
        b.connected = false;
        broker_trouble();
    }
}

void broker_forget_process(void)
{
    uplink_forget_process();
    broker_lose();
}

/* ---- retained ---- */

static struct retained *find_topic(const char *topic)
{
    for (uint32_t i = 0, at = (uint32_t)read_digest(topic, strlen(topic)); i < BROKER_TOPICS_MAX; i++, at++) {
        struct retained *r = &b.topics[at % BROKER_TOPICS_MAX];
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

static void retain(const struct uplink_message *m)
{
    struct retained *r = find_topic(m->topic);
    if (r->topic[0] == '\0') {
        assert(b.topic_count++ < BROKER_TOPICS_MAX / 2);
        (void)snprintf(r->topic, sizeof r->topic, "%s", m->topic);
    }
    r->at_us = scheduler_now_us();
    r->expires_us = m->expiry_s > 0 ? r->at_us + m->expiry_s * INT64_C(1000000) : 0;
    r->empty = m->length == 0;
    r->id = 0;
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
