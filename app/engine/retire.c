/*
 * What the next configuration does not have any more ends with its proper alert, so that nobody's screen shows it for ever. The
 * rest goes on in the next engine as after a restart.
 */
#include "app/engine/engine_internal.h"
#include "app/engine/ward_rule.h"

#include <string.h>

struct retiring {
    struct engine *engine;
    struct bed *bed;   /* NULL: of the ward */
    uint16_t next_bed; /* in the next configuration; BED_NONE: it goes */
};

static uint16_t find_bed(const struct engine_config *config, const char *id)
{
    for (uint16_t b = 0; b < config->bed_count; b++) {
        if (strcmp(config->beds[b].id, id) == 0) {
            return b;
        }
    }
    return BED_NONE;
}

static bool has_alarm(const struct retiring *r, const struct alarm *alarm)
{
    const struct engine_config *next = r->engine->next;
    char name[ALARM_NAME_MAX];
    struct alarm_key key;
    alarm_name_of(r->engine->config, alarm, name);
    if (!alarm_find(next, r->next_bed, name, &key) || key.family != alarm->last.key.family) {
        return false;
    }
    const bool of_rule =
        key.family == ALARM_OF_RULE || key.family == ALARM_NOT_MONITORED || key.family == ALARM_FORESEEN;
    if (!of_rule || r->bed == NULL) {
        return true;
    }
    const struct bed_config *bed = &next->beds[r->next_bed];
    if (key.family == ALARM_FORESEEN && !foreseen_applies(bed, &next->rules[key.index])) {
        return false;
    }
    return rule_applies(bed, &next->rules[key.index]) && !rule_is_off(bed, key.index);
}

static void retire_alarm(void *context, struct alarm *alarm)
{
    const struct retiring *r = context;
    const bool is_gone = r->bed != NULL && r->next_bed == BED_NONE;
    if (alarm->raised && (is_gone || !has_alarm(r, alarm))) {
        alarm_end(r->engine, r->bed, alarm);
    }
}

void retire_bed(struct engine *engine, uint16_t bed_index)
{
    struct bed *bed = &engine->beds[bed_index];
    struct retiring r = {.engine = engine, .bed = bed, .next_bed = find_bed(engine->next, bed->config->id)};
    bed_each_alarm(bed, retire_alarm, &r);
}

void retire_ward_rules(struct engine *engine)
{
    struct retiring r = {.engine = engine, .bed = NULL, .next_bed = BED_NONE};
    ward_rules_each_alarm(engine, retire_alarm, &r);
}
