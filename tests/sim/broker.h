/*
 * broker.h: the broker, its link and its audience as a model; drivers/uplink is in uplink.c, which talks to this.
 *
 * A message that is published is with the broker at once, or never (link_cut: half-open, nobody is told). Its acknowledgement comes later, or never.
 */
#ifndef WARDGATE_TESTS_SIM_BROKER_H
#define WARDGATE_TESTS_SIM_BROKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/uplink/uplink.h"

#define BROKERS 2 /* the first is preferred */

struct broker_faults {
    bool refuses;           /* connections: at once */
    bool is_far;            /* connections: no answer */
    unsigned struck;        /* bit a broker: of these two, who does so */
    unsigned away;          /* bit a broker: it refuses connections, whatever becomes of the rest */
    bool link_cut;          /* what is sent and what comes gets lost, and nobody is told */
    bool keeps_acks;        /* messages arrive, acknowledgements do not */
    bool nobody_hears;      /* acknowledged as without a subscriber */
    bool queue_full;        /* publishes find the uplink's queue full, now and then */
    int refused_bed;        /* alerts of this bed are refused; -1: none */
    int64_t slow_us;        /* acknowledgements take so much longer */
    int64_t hangs_until_us; /* the uplink's thread stands in a call of the library until then (world time) */
};
extern struct broker_faults broker_faults;

#define BROKER_TOPICS_MAX 4096

/* What stands retained under a topic. */
struct retained {
    char topic[UPLINK_TOPIC_MAX];
    bool empty;
    uint64_t id; /* of an alarm's topic */
    uint32_t rev;
    int64_t at_us, expires_us; /* world time; 0: never */
};

void broker_trouble(void);            /* a fault began or ended */
bool broker_answers(unsigned broker); /* it takes a connection */
bool broker_is_far(unsigned broker);  /* else it says nothing at all */
bool broker_may_be_left(void);    /* for the first one, which has answered for a while: what is retained goes first */
uint32_t broker_connection(void); /* their count */
unsigned broker_in_use(void);     /* the one that is, or was, connected */
int64_t broker_wait_us(
    void); /* for how long the first one has answered beyond what a return may wait; not more than 0: it has not */
int64_t broker_well_since_us(void);          /* connected, and nothing wrong, since; now when it is not so */
bool broker_can_be_reached(unsigned broker); /* whoever tries is let in */
bool broker_is_connected(void);              /* seen from the broker: messages of the gateway arrive */
void broker_begin_anew(void); /* the connection stands, and what is not acknowledged may come again: a reload */
const struct retained *broker_find(const char *topic); /* NULL: never was */
/* What stands under the topics of the broker in use, empty or not, one after another, from *index 0 on; NULL: no more. */
const struct retained *broker_next(uint32_t *index);
void broker_forget_process(void);

/* uplink.c's side. */
void broker_accept(unsigned broker);
void broker_fail(unsigned broker); /* it took no connection */
void broker_lose(void);            /* the connection is gone */
void broker_leave(void);           /* it is about to be ended in order */
/* True: acknowledged with *out_reason, if at all. */
void broker_receive(const struct uplink_message *message, int *out_reason);

/* What the gateway is told over the connection that stands: dropped when there is none. */
void broker_command(const char *topic, const char *payload);
void uplink_break(void); /* the link is cut, and the gateway is told */
void uplink_command(const char *topic, const char *payload);
void uplink_forget_process(void);

#endif
