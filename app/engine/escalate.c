/*
 * An alarm that nobody acknowledges takes a higher priority after a while: the same alarm, under the same id.
 *
 *     active or latched, at the rule's priority --`after` from its start on, not acknowledged--> at the priority `to`
 *
 * Where another configuration gave it another priority meanwhile, the time runs from there: nobody can have seen that one sooner.
 * A pause does not stop the time: nobody has confirmed to have seen the alarm. What has escalated stays so until it ends,
 * through acknowledgement and restarts, as long as the configuration lets the rule escalate.
 *
 * Rules of the ward do so, too. The gateway's own alarms have one time and one priority for all of them (engine_config), and
 * another priority, or another bed on the list, gives one its time anew only if it had been acknowledged before. One that is as
 * urgent by itself counts as escalated, too, so that it does not come down before anybody has seen it.
 */
#include "app/engine/engine_internal.h"

static bool may_escalate(const struct rule_alarm *r)
{
    const struct alert_head *last = &r->alarm.last;
    return r->alarm.raised && r->rule->escalate_ms != 0 && !last->escalated &&
           last->unpaused != INACTIVATION_ACKNOWLEDGED;
}

int64_t escalate_at(const struct rule_alarm *r)
{
    return may_escalate(r) ? r->alarm.last.unseen_since_ms + (int64_t)r->rule->escalate_ms : SERIES_NEVER;
}

void escalate_step(struct engine *engine, struct bed *bed, struct rule_alarm *r)
{
    if (engine->restoring || escalate_at(r) > engine->now_ms) {
        return;
    }
    r->alarm.last.escalated = true;
    r->alarm.priority = (uint8_t)r->rule->escalate_to;
    const enum alarm_phase phase = alarm_take_priority(&r->alarm, r->rule->escalate_to);
    alarm_update(engine, bed, &r->alarm, phase);
}

void escalate_reset(struct rule_alarm *r)
{
    r->alarm.last.escalated = false;
    r->alarm.last.priority = r->alarm.priority = (uint8_t)r->rule->priority;
}

void escalate_restore(struct rule_alarm *r)
{
    struct alert_head *last = &r->alarm.last;
    last->escalated = last->escalated && r->rule->escalate_ms != 0;
    r->alarm.priority = (uint8_t)(last->escalated ? r->rule->escalate_to : r->rule->priority);
}

/* --- the gateway's own --------------------------------------------------------------------------------------- */

int64_t escalate_gateway_at(const struct engine *engine, const struct alarm *alarm)
{
    const struct alert_head *last = &alarm->last;
    const bool may = alarm->raised && engine->config->escalate_ms != 0 && !last->escalated &&
                     last->unpaused != INACTIVATION_ACKNOWLEDGED;
    return may ? last->unseen_since_ms + (int64_t)engine->config->escalate_ms : SERIES_NEVER;
}

void escalate_gateway_step(const struct engine *engine, struct alarm *alarm)
{
    alarm->last.escalated = alarm->raised && engine->config->escalate_ms != 0 &&
                            (alarm->last.escalated || escalate_gateway_at(engine, alarm) <= engine->now_ms);
}

enum priority escalate_gateway_priority(const struct engine *engine, const struct alarm *alarm, enum priority usual)
{
    return alarm->last.escalated && engine->config->escalate_to > usual ? engine->config->escalate_to : usual;
}
