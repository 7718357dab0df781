/*
 * Leaving a broker for another one: whatever was retained there is emptied, so that nobody who still looks there takes it
 * for the present, and status says `moved`. Empty messages go at QoS 0: they come in order, and status behind them at
 * QoS 1, whose acknowledgement tells that all of them have come.
 */
#include <stdio.h>

#include "app/flow/deliver_internal.h"

void leave_begin(struct deliver *d)
{
    d->leave = (struct leave){.stage = LEAVE_ALARMS};
}

static bool empty(struct deliver *d, const char *topic)
{
    return link_publish_figures(d, topic, "", 0, 0);
}

static bool visit_alarm(void *context, const struct store_alarm *alarm)
{
    struct deliver *d = context;
    char topic[PAYLOAD_TOPIC_MAX];
    if (d->leave.passed < d->leave.emptied) {
        ++d->leave.passed;
        return true;
    }
    topic_of_alarm(d->context, alarm->bed, alarm->alarm, topic);
    if (!alarm->ended && !empty(d, topic)) { /* the others are empty already */
        d->leave.cut = true;
        return false;
    }
    ++d->leave.passed;
    ++d->leave.emptied;
    return true;
}

/* A store that cannot be read holds nobody up: what is retained expires. */
static bool empty_alarms(struct deliver *d)
{
    d->leave.passed = 0;
    d->leave.cut = false;
    const enum status status = store_each_alarm(d->store, visit_alarm, d);
    (void)status;
    return !d->leave.cut;
}

/* The store may know nothing of it, or have lost what it knew. By now none waits: what was shown is settled. */
static bool empty_direct(struct deliver *d)
{
    for (uint16_t *i = &d->leave.direct; *i < DELIVER_DIRECT_MAX; ++*i) {
        const struct direct_slot *slot = &d->direct[*i];
        char name[ALARM_NAME_MAX];
        char topic[PAYLOAD_TOPIC_MAX];
        if (slot->state != DIRECT_SETTLED || slot->overtaken || !direct_is_newest(d, *i)) {
            continue;
        }
        alarm_name(d->context->config, &slot->alert.alert, name);
        topic_of_alarm(d->context, direct_bed(d, slot), name, topic);
        if (!empty(d, topic)) {
            return false;
        }
    }
    return true;
}

static bool empty_leaf(struct deliver *d, const char *bed, const char *leaf)
{
    char topic[PAYLOAD_TOPIC_MAX];
    topic_of_bed(d->context, bed, leaf, topic);
    return empty(d, topic);
}

enum { LEAVES = 2, GATEWAY_LEAVES = 3 };

/* Its vitals, its settings, then what it has of scores and estimates. */
static bool empty_topic(struct deliver *d, uint16_t bed, unsigned topic)
{
    static const char *const leaves[LEAVES] = {"vitals", "settings"};
    char leaf[sizeof "score/" + COMMAND_ID_MAX];
    const char *id = d->context->config->beds[bed].id;
    if (topic < LEAVES) {
        return empty_leaf(d, id, leaves[topic]);
    }
    const char *name = scores_name_at(d, bed, topic - LEAVES);
    (void)snprintf(leaf, sizeof leaf, "score/%s", name != NULL ? name : "");
    return name == NULL || empty_leaf(d, id, leaf);
}

static bool empty_beds(struct deliver *d)
{
    struct leave *leave = &d->leave;
    for (; leave->bed < d->context->config->bed_count; ++leave->bed) {
        for (; leave->topic < LEAVES + SCORES_TOPICS; ++leave->topic) {
            if (!empty_topic(d, leave->bed, leave->topic)) {
                return false;
            }
        }
        leave->topic = 0;
    }
    return true;
}

static bool empty_gateway(struct deliver *d)
{
    static const char *const leaves[GATEWAY_LEAVES] = {"ward", "health", "clock"};
    for (; d->leave.topic < GATEWAY_LEAVES; ++d->leave.topic) {
        if (!empty_leaf(d, "", leaves[d->leave.topic])) {
            return false;
        }
    }
    return true;
}

static bool pass_stage(struct deliver *d)
{
    switch (d->leave.stage) {
    case LEAVE_ALARMS:
        return empty_alarms(d);
    case LEAVE_DIRECT:
        return empty_direct(d);
    case LEAVE_BEDS:
        return empty_beds(d);
    case LEAVE_GATEWAY:
        return empty_gateway(d);
    case LEAVE_STATUS:
        return present_status(d, "moved", NULL);
    case LEAVE_WAITS:
        return link_in_flight(d, FLIGHT_STATE) == 0;
    case LEAVE_DONE:
        break;
    }
    return false;
}

bool leave_step(struct deliver *d)
{
    while (d->leave.stage != LEAVE_DONE && pass_stage(d)) {
        ++d->leave.stage;
    }
    return d->leave.stage == LEAVE_DONE;
}
