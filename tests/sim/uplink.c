/*
 * drivers/uplink/uplink.h over the model of a broker: connecting, publishing and acknowledging take time, and its thread may hang in a call.
 */
#include "drivers/uplink/uplink.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hal/clock.h"
#include "hal/thread.h"
#include "tests/powerloss/chance.h"
#include "tests/sim/broker.h"
#include "tests/sim/hal.h"
#include "tests/sim/scheduler.h"

#define AWAY_US       50000
#define AWAY_ROUND_US 100000
#define FAR_US        5000000
#define KEEP_ALIVE_US 45000000 /* of a link that is cut: 1.5 times what is configured */
#define RECEIVE_MAX   20

struct ack {
    bool used;
    uint64_t tag;
    int reason;
    int64_t due_us; /* world time; SCHEDULER_NEVER: it is lost */
};

struct uplink {
    struct uplink_config config;
    struct wake *wake, given;
    struct thread thread;
    bool ends, connected, connecting;
    unsigned broker, probed; /* that it connects to; that is asked */
    bool probing, has_probed;
    int64_t probed_us; /* world time: of the answer */
    uint32_t connection;
    int64_t answer_us, heard_us; /* world time: of the attempt; when the broker was last reached */
    struct ack acks[UPLINK_TAGS_MAX];
    unsigned ack_count; /* used */
    struct uplink_event events[UPLINK_EVENTS_MAX];
    uint32_t first_event, next_event;
    struct uplink_incoming messages[UPLINK_MESSAGES_MAX];
    uint32_t first_message, next_message, dropped;
    uplink_round *round;
    void *context;
    int64_t due_us;  /* CLOCK_BOOTTIME */
    int64_t away_us; /* since when it hangs; 0: it does not */
};

static struct uplink *the_uplink; /* of the process */

/* ---- events ---- */

static void note(struct uplink *u, const struct uplink_event *event)
{
    assert(u->next_event - u->first_event < UPLINK_EVENTS_MAX);
    u->events[u->next_event++ % UPLINK_EVENTS_MAX] = *event;
    wake_raise(u->wake);
}

static void lose(struct uplink *u)
{
    memset(u->acks, 0, sizeof u->acks);
    u->ack_count = 0;
    u->connected = false;
    broker_lose();
}

static void serve_connecting(struct uplink *u)
{
    const bool reached = broker_answers(u->broker);
    u->connecting = false;
    u->connected = reached;
    u->heard_us = scheduler_now_us();
    if (reached) {
        broker_accept(u->broker);
    } else {
        broker_fail(u->broker);
    }
    note(u, &(struct uplink_event){.kind = reached ? UPLINK_CONNECTED : UPLINK_CONNECT_FAILED,
                                   .connection = u->connection,
                                   .receive_maximum = RECEIVE_MAX,
                                   .text = ""});
}

static void serve_acks(struct uplink *u)
{
    for (unsigned i = 0, left = u->ack_count; left > 0; left -= u->acks[i].used, i++) {
        struct ack *a = &u->acks[i];
        if (a->used && a->due_us <= scheduler_now_us()) {
            a->used = false;
            left--;
            u->ack_count--;
            note(u, &(struct uplink_event){.kind = a->reason >= UPLINK_REASON_REFUSED ? UPLINK_PUBLISH_FAILED
                                                                                      : UPLINK_DELIVERED,
                                           .tag = a->tag,
                                           .reason = a->reason,
                                           .connection = u->connection});
        }
    }
}

static void serve_probe(struct uplink *u)
{
    if (u->probing && scheduler_now_us() >= u->probed_us) {
        u->probing = false;
        u->has_probed = true;
        wake_raise(u->wake);
    }
}

/* Nothing is heard of a link that is cut. */
static void serve_keep_alive(struct uplink *u)
{
    if (!broker_faults.link_cut) {
        u->heard_us = scheduler_now_us();
    } else if (u->connected && scheduler_now_us() - u->heard_us >= KEEP_ALIVE_US) {
        uplink_break();
    }
}

static int64_t next_service_us(const struct uplink *u)
{
    int64_t next_us = u->connecting ? u->answer_us : scheduler_now_us() + KEEP_ALIVE_US / 3;
    next_us = u->probing && u->probed_us < next_us ? u->probed_us : next_us;
    for (unsigned i = 0, left = u->ack_count; left > 0; left -= u->acks[i].used, i++) {
        if (u->acks[i].used && u->acks[i].due_us < next_us) {
            next_us = u->acks[i].due_us;
        }
    }
    return next_us;
}

/* ---- its thread ---- */

static void hang(struct uplink *u)
{
    if (scheduler_now_us() < broker_faults.hangs_until_us) {
        u->away_us = clock_boot_us();
        scheduler_hang_until(broker_faults.hangs_until_us);
        u->away_us = 0;
        broker_trouble();
    }
}

static void make_round(struct uplink *u)
{
    u->due_us = u->round(u->context);
}

static void *run(void *argument)
{
    struct uplink *u = argument;
    while (!u->ends) {
        hang(u);
        if (u->connecting && scheduler_now_us() >= u->answer_us) {
            serve_connecting(u);
        }
        serve_acks(u);
        serve_probe(u);
        serve_keep_alive(u);
        if (u->round != NULL && (wake_take(u->wake) || clock_boot_us() >= u->due_us)) {
            make_round(u);
        }
        const int64_t service_us = next_service_us(u) - (scheduler_now_us() - clock_boot_us());
        (void)wake_wait_until(&u->given, u->round != NULL && u->due_us < service_us ? u->due_us : service_us);
    }
    return NULL;
}

/* ---- uplink.h ---- */

enum status uplink_open(const struct uplink_config *config, struct wake *wake, struct uplink **out)
{
    struct uplink *u = calloc(1, sizeof *u);
    if (u == NULL) {
        return STATUS_NO_MEMORY;
    }
    u->config = *config;
    u->wake = wake;
    u->given.fd = -1;
    const enum status status = wake_open(&u->given);
    the_uplink = u;
    *out = u;
    return status == STATUS_OK ? thread_start(&u->thread, "uplink", run, u) : status;
}

void uplink_close(struct uplink *uplink)
{
    if (uplink == NULL) {
        return;
    }
    uplink->ends = true;
    wake_raise(&uplink->given);
    thread_join(&uplink->thread);
    lose(uplink);
    wake_close(&uplink->given);
    the_uplink = NULL;
    free(uplink);
}

/* The second one has the next port. */
static unsigned number_of(const struct uplink_broker *broker)
{
    return strcmp(broker->url, "mqtt://127.0.0.1:1883") == 0 ? 0 : 1;
}

static int64_t takes_us(unsigned broker)
{
    return broker_is_far(broker) ? FAR_US : 2000 + (int64_t)chance_draw(60000);
}

enum status uplink_connect(struct uplink *uplink, const struct uplink_broker *broker)
{
    lose(uplink); /* an attempt that hung is given up */
    uplink->broker = number_of(broker);
    uplink->connection++;
    uplink->connecting = true;
    uplink->answer_us = scheduler_now_us() + takes_us(uplink->broker);
    wake_raise(&uplink->given);
    return STATUS_OK;
}

void uplink_disconnect(struct uplink *uplink, uint32_t timeout_ms)
{
    (void)timeout_ms;
    broker_leave();
    lose(uplink);
}

static struct ack *take_ack(struct uplink *u)
{
    for (unsigned i = 0; i < UPLINK_TAGS_MAX; i++) {
        if (!u->acks[i].used) {
            return &u->acks[i];
        }
    }
    return NULL;
}

/* When the acknowledgement is there. */
static int64_t ack_due_us(void)
{
    const bool lost = broker_faults.link_cut || broker_faults.keeps_acks;
    return lost ? SCHEDULER_NEVER : scheduler_now_us() + 500 + (int64_t)chance_draw(5000) + broker_faults.slow_us;
}

enum status uplink_publish(struct uplink *uplink, const struct uplink_message *message)
{
    struct ack *ack = message->tag != 0 ? take_ack(uplink) : NULL;
    int reason = 0;
    assert(message->qos == (message->tag != 0 ? 1 : 0));
    if (!uplink->connected) {
        return STATUS_CLOSED;
    }
    if ((message->tag != 0 && ack == NULL) || uplink->away_us != 0 || (broker_faults.queue_full && chance_is(30))) {
        return STATUS_FULL;
    }
    if (!broker_faults.link_cut) {
        broker_receive(message, &reason);
    }
    if (ack != NULL) {
        uplink->ack_count++;
        *ack = (struct ack){.used = true, .tag = message->tag, .reason = reason, .due_us = ack_due_us()};
        wake_raise(&uplink->given);
    }
    return STATUS_OK;
}

bool uplink_next_event(struct uplink *uplink, struct uplink_event *out)
{
    if (uplink->first_event == uplink->next_event) {
        return false;
    }
    *out = uplink->events[uplink->first_event++ % UPLINK_EVENTS_MAX];
    return true;
}

bool uplink_next_message(struct uplink *uplink, struct uplink_incoming *out)
{
    if (uplink->first_message == uplink->next_message) {
        return false;
    }
    *out = uplink->messages[uplink->first_message++ % UPLINK_MESSAGES_MAX];
    return true;
}

uint32_t uplink_messages_dropped(const struct uplink *uplink)
{
    return uplink->dropped;
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

enum status uplink_probe(struct uplink *uplink, const struct uplink_broker *broker)
{
    if (uplink->probing || uplink->has_probed) {
        return STATUS_BUSY;
    }
    uplink->probing = true;
    uplink->probed = number_of(broker);
    uplink->probed_us = scheduler_now_us() + takes_us(uplink->probed);
    wake_raise(&uplink->given);
    return STATUS_OK;
}

bool uplink_next_probed(struct uplink *uplink, struct uplink_probed *out)
{
    if (!uplink->has_probed) {
        return false;
    }
    uplink->has_probed = false;
    *out = (struct uplink_probed){.answers = broker_answers(uplink->probed), .text = "refused"};
    return true;
}

uint32_t uplink_connection(const struct uplink *uplink)
{
    return uplink->connection;
}

void uplink_leave_rounds(struct uplink *uplink, uplink_round *round, void *context)
{
    uplink->round = round;
    uplink->context = context;
    uplink->due_us = 0;
    wake_lend(uplink->wake, &uplink->given);
}

void uplink_take_rounds(struct uplink *uplink)
{
    uplink->round = NULL;
    wake_reclaim(uplink->wake);
    broker_begin_anew(); /* whoever makes rounds from now on knows nothing of what is not acknowledged */
}

int64_t uplink_stand_in(struct uplink *uplink)
{
    const int64_t now_us = clock_boot_us();
    if (uplink->away_us == 0) {
        return now_us + UPLINK_STAND_IN_US - AWAY_US;
    }
    if (now_us - uplink->away_us < AWAY_US) {
        return uplink->away_us + AWAY_US;
    }
    (void)wake_take(uplink->wake);
    make_round(uplink);
    wake_raise(&uplink->given);
    return now_us + AWAY_ROUND_US;
}

/* ---- the world's side ---- */

void uplink_break(void)
{
    struct uplink *u = the_uplink;
    if (u != NULL && u->connected) {
        lose(u);
        note(u, &(struct uplink_event){.kind = UPLINK_LOST, .connection = u->connection, .text = "cut"});
    }
}

void uplink_command(const char *topic, const char *payload)
{
    struct uplink *u = the_uplink;
    if (u == NULL || !u->connected || u->config.filter_count == 0) {
        return;
    }
    if (u->next_message - u->first_message == UPLINK_MESSAGES_MAX) {
        u->dropped++;
        return;
    }
    struct uplink_incoming *m = &u->messages[u->next_message++ % UPLINK_MESSAGES_MAX];
    *m = (struct uplink_incoming){.length = strlen(payload), .whole = true};
    (void)snprintf(m->topic, sizeof m->topic, "%s", topic);
    memcpy(m->payload, payload, m->length);
    wake_raise(u->wake);
}

void uplink_forget_process(void)
{
    the_uplink = NULL;
}
