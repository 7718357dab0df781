/*
 * A rule's alarm while a journal is fed again: it comes and goes as its newest alert says, not by itself.
 *
 *     not there --instant of its start--> there --instant of its end, if it has ended--> not there
 *
 * The journal holds what monitors said, not what people did: who released a latched alarm, who acknowledged one so that it would not
 * latch. But a delay begins anew behind the alarm before, and while one is there none runs. Before its newest start nothing of it
 * matters any more, behind its end everything does; so the newest alert is all there is to know. Until it is over
 * `last` of the alarm holds that alert's instants and state, and from_before says so.
 *
 * An alarm that ended by itself was looked at once more at that instant; one that somebody released was not, for commands come first.
 */
#include "app/engine/engine_internal.h"

static void turn(struct rule_alarm *r, bool raised)
{
    r->alarm.raised = raised;
    r->alarm.from_before = raised;
    r->clear_since_ms = INSTANT_NONE;
    rule_alarm_reset_delay(r);
}

void past_take(struct rule_alarm *r, const struct alert *last)
{
    r->alarm.last.stay = last->stay;
    r->alarm.last.state = last->state;
    r->alarm.last.unpaused = last->unpaused;
    r->alarm.last.raised_at_ms = last->raised_at_ms;
    r->alarm.last.at_ms = last->at_ms;
    r->alarm.from_before = true;
}

static bool has_ended(const struct rule_alarm *r)
{
    return r->alarm.last.state == ALARM_ENDED;
}

static bool ends_by_itself(const struct rule_alarm *r, int64_t now_ms)
{
    const bool may_end = !r->rule->latching || r->alarm.last.unpaused == INACTIVATION_ACKNOWLEDGED;
    const int64_t clear_ms = r->clear_since_ms != INSTANT_NONE ? now_ms - r->clear_since_ms : 0;
    return may_end && clear_ms >= (int64_t)r->rule->clear_delay_ms;
}

void past_follow(struct rule_alarm *r, int64_t now_ms)
{
    const struct alert_head *last = &r->alarm.last;
    if (!r->alarm.from_before) {
        return;
    }
    if (!r->alarm.raised && now_ms > last->raised_at_ms) {
        turn(r, true);
    }
    const bool released = now_ms == last->at_ms && !ends_by_itself(r, now_ms);
    if (r->alarm.raised && has_ended(r) && (now_ms > last->at_ms || released)) {
        turn(r, false);
    }
}

void past_follow_instant(struct rule_alarm *r, int64_t now_ms)
{
    const struct alert_head *last = &r->alarm.last;
    if (!r->alarm.raised && r->alarm.from_before && now_ms == last->raised_at_ms) {
        turn(r, true);
    } else if (r->alarm.raised && has_ended(r) && now_ms == last->at_ms) {
        turn(r, false);
    }
}

void past_leave(struct rule_alarm *r)
{
    if (r->alarm.from_before && has_ended(r)) {
        turn(r, false);
    }
    r->alarm.from_before = false;
    r->alarm.last.unpaused = INACTIVATION_NONE; /* the next one is to be acknowledged anew */
}
