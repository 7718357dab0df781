/*
 * A store that is damaged while the gateway runs is set aside, and the next one knows of no alarm: neither would boards, as soon as what is retained
 * expires, nor the next start. So every alarm that is on is told once more, by an alert of its own, when the engine is told of it (store_replaced).
 *
 * What an instant tells of by itself needs no second word, so that a step emits no more than it may (make.c).
 */
#include "app/engine/engine_internal.h"
#include "app/engine/ward_rule.h"

struct telling {
    struct engine *engine;
    struct bed *bed; /* NULL: gateway */
};

static void tell(void *context, struct alarm *alarm)
{
    const struct telling *telling = context;
    if (alarm->raised && alarm->last.at_ms < telling->engine->now_ms) {
        alarm_update(telling->engine, telling->bed, alarm, PHASE_UPDATE);
    }
}

void anew_begin(struct engine *engine)
{
    for (unsigned b = 0; b < engine->config->bed_count; b++) {
        engine->beds[b].tells_anew = true;
        bed_make_dirty(engine, &engine->beds[b]);
    }
    for (unsigned i = 0; i < sizeof engine->gateway / sizeof engine->gateway[0]; i++) {
        engine->gateway[i].tells_anew = engine->gateway[i].alarm.raised;
        engine->gateway[i].changed |= engine->gateway[i].alarm.raised;
    }
    engine->ward_tells_anew = true;
    engine->gateway_dirty = true;
}

void anew_tell_bed(struct engine *engine, struct bed *bed)
{
    if (bed->tells_anew) {
        bed->tells_anew = false;
        bed_each_alarm(bed, tell, &(struct telling){engine, bed});
    }
}

void anew_tell_condition(struct engine *engine, struct gateway_condition *g)
{
    if (g->tells_anew) {
        g->tells_anew = false;
        tell(&(struct telling){engine, NULL}, &g->alarm);
    }
}

void anew_tell_ward(struct engine *engine)
{
    if (engine->ward_tells_anew) {
        engine->ward_tells_anew = false;
        ward_rules_each_alarm(engine, tell, &(struct telling){engine, NULL});
    }
}
