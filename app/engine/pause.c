/*
 * Pauses of a bed's alarms, and what reminds of them.
 *
 *     no pause --command pause (pause_set)--> paused --time (pause_expire), command resume (pause_resume), or the stay's end
 *              (pause_forget)--> no pause
 *
 * What has expired goes before an instant's rules are looked at, so that what begins then is not silenced by it. Behind
 * them (pause_step) each alarm whose inactivation has become another one says so by an `update`, and the advisory
 * `alarms_paused` begins, is repeated or ends. It stands while a pause is on or a rule is off. An acknowledged alarm
 * alone raises it only when it has said nothing for reminder_off_ms: somebody knows of it. It is told again at each
 * interval, and at once when pauses change or an alarm of high priority comes under an alarm pause or leaves it: none of
 * those is suppressed in silence.
 */
#include "app/engine/pause.h"

#include <stdio.h>
#include <string.h>

#include "app/engine/condition.h"
#include "app/engine/engine_internal.h"
#include "app/engine/hash.h"
#include "app/engine/ward_rule.h"

uint32_t pause_key(const char *rule)
{
    return limit_key(rule, "");
}

const char *pause_word(unsigned what)
{
    static const char *const words[PAUSE_WHAT_COUNT] = {"none", "audio", "alarm"};
    return what < PAUSE_WHAT_COUNT ? words[what] : "unknown";
}

/* --- what they silence --------------------------------------------------------------------------------------- */

static bool covers(const struct bed *bed, const struct pause *pause, const struct alert_head *alert)
{
    const bool of_rule = alert->key.family == ALARM_OF_RULE || alert->key.family == ALARM_NOT_MONITORED;
    if (pause->what == PAUSE_NONE || alert->kind == KIND_ADVISORY) {
        return false; /* information has no signals */
    }
    return pause->rule_key == 0 ||
           (of_rule && pause->rule_key == pause_key(bed_rule(bed, alert->key.index)->rule->name));
}

static bool breaks_through(const struct pause *pause, const struct alert_head *alert)
{
    return pause->what == PAUSE_AUDIO && alert->priority == PRIORITY_HIGH && alert->pressing_at_ms >= pause->from_ms;
}

static unsigned strength(unsigned inactivation)
{
    static const uint8_t strengths[] = {[INACTIVATION_NONE] = 0,
                                        [INACTIVATION_AUDIO_PAUSED] = 1,
                                        [INACTIVATION_ACKNOWLEDGED] = 2,
                                        [INACTIVATION_ALARM_PAUSED] = 3};
    return inactivation < sizeof strengths ? strengths[inactivation] : 0;
}

enum alarm_inactivation pause_inactivation(const struct bed *bed, const struct alert_head *alert)
{
    unsigned strongest = alert->unpaused;
    for (unsigned i = 0; i < PAUSES_PER_BED_MAX; i++) {
        const struct pause *pause = &bed->state.pauses[i];
        const unsigned by = pause->what == PAUSE_ALARM ? INACTIVATION_ALARM_PAUSED : INACTIVATION_AUDIO_PAUSED;
        if (strength(by) > strength(strongest) && covers(bed, pause, alert) && !breaks_through(pause, alert)) {
            strongest = by;
        }
    }
    return (enum alarm_inactivation)strongest;
}

enum alarm_inactivation pause_ward_inactivation(const struct engine *engine, const struct alert_head *alert)
{
    const bool of_rule = alert->key.family == ALARM_OF_RULE || alert->key.family == ALARM_NOT_MONITORED;
    const uint32_t key = of_rule ? pause_key(engine->config->rules[alert->key.index].name) : 0;
    unsigned strongest = alert->unpaused;
    for (unsigned b = 0; of_rule && b < engine->config->bed_count; b++) {
        for (unsigned i = 0; i < PAUSES_PER_BED_MAX; i++) {
            const struct pause *pause = &engine->beds[b].state.pauses[i];
            const bool covers_it = pause->what == PAUSE_AUDIO && pause->rule_key == key;
            if (covers_it && strength(INACTIVATION_AUDIO_PAUSED) > strength(strongest) &&
                !breaks_through(pause, alert)) {
                strongest = INACTIVATION_AUDIO_PAUSED;
            }
        }
    }
    return (enum alarm_inactivation)strongest;
}

/* --- commands ------------------------------------------------------------------------------------------------ */

static bool may_pause(const struct pause_config *config, const struct bed_command *command)
{
    return command->what != PAUSE_ALARM || command->role == ROLE_local ||
           (config->alarm_roles >> command->role & 1U) != 0;
}

/* False: the bed has no such rule, or it is one of the ward, of which one bed's people may not suppress all signals. */
static bool find_key(const struct bed *bed, uint32_t what, uint16_t rule, uint32_t *out)
{
    const struct rule_alarm *r = rule != RULE_NONE ? bed_rule(bed, rule) : NULL;
    const bool has = r != NULL && !(r->rule->is_of_ward && what == PAUSE_ALARM);
    *out = has ? pause_key(r->rule->name) : 0;
    return rule == RULE_NONE || has;
}

/* The one for the same, or else a free place; NULL: there is none. */
static struct pause *find_place(struct bed *bed, uint32_t what, uint32_t key)
{
    struct pause *place = NULL;
    for (unsigned i = 0; i < PAUSES_PER_BED_MAX; i++) {
        struct pause *pause = &bed->state.pauses[i];
        if (pause->what == what && pause->rule_key == key) {
            return pause;
        }
        place = place == NULL && pause->what == PAUSE_NONE ? pause : place;
    }
    return place;
}

static void changed(struct engine *engine, struct bed *bed)
{
    bed->pause_due = true;
    ward_rules_look(engine); /* it may be of one of them */
    record_bed(engine, bed);
}

enum command_verdict pause_set(struct engine *engine, struct bed *bed, struct bed_command *command)
{
    const struct pause_config *config = &engine->config->pause;
    const bool audio = command->what == PAUSE_AUDIO;
    const uint32_t usual_ms = audio ? config->audio_ms : config->alarm_ms;
    const uint32_t most_ms = audio ? config->audio_ms_max : config->alarm_ms_max;
    uint32_t key = 0;
    if (command->what != PAUSE_AUDIO && command->what != PAUSE_ALARM) {
        return VERDICT_NOTHING;
    }
    if (!may_pause(config, command)) {
        return VERDICT_ROLE;
    }
    if (!find_key(bed, command->what, command->rule, &key)) {
        return VERDICT_UNKNOWN_RULE;
    }
    const uint32_t duration_ms = command->duration_ms != 0 ? command->duration_ms : usual_ms;
    if (duration_ms == 0 || duration_ms > most_ms) {
        return VERDICT_BOUNDS;
    }
    struct pause *pause = find_place(bed, command->what, key);
    if (pause == NULL) {
        return VERDICT_FULL;
    }
    *pause = (struct pause){.from_ms = engine->now_ms,
                            .until_ms = engine->now_ms + (int64_t)duration_ms,
                            .what = command->what,
                            .rule_key = key};
    command->duration_ms = duration_ms; /* for the audit log */
    changed(engine, bed);
    return VERDICT_ACCEPTED;
}

enum command_verdict pause_resume(struct engine *engine, struct bed *bed, struct bed_command *command)
{
    uint32_t key = 0;
    bool any = false;
    if (!find_key(bed, PAUSE_AUDIO, command->rule, &key)) {
        return VERDICT_UNKNOWN_RULE;
    }
    for (unsigned i = 0; i < PAUSES_PER_BED_MAX; i++) {
        struct pause *pause = &bed->state.pauses[i];
        const bool what = command->what == PAUSE_NONE || pause->what == command->what;
        const bool whose = command->rule == RULE_NONE || pause->rule_key == key;
        if (pause->what != PAUSE_NONE && what && whose) {
            *pause = (struct pause){.what = PAUSE_NONE};
            any = true;
        }
    }
    if (!any) {
        return VERDICT_NOTHING;
    }
    changed(engine, bed);
    return VERDICT_ACCEPTED;
}

void pause_forget(struct engine *engine, struct bed *bed)
{
    ward_rules_look(engine);
    memset(bed->state.pauses, 0, sizeof bed->state.pauses);
    bed->pause_due = true;
}

/* --- time ---------------------------------------------------------------------------------------------------- */

void pause_expire(struct engine *engine, struct bed *bed)
{
    bool any = false;
    if (engine->restoring || bed->pause_deadline_ms > engine->now_ms) {
        return;
    }
    for (unsigned i = 0; i < PAUSES_PER_BED_MAX; i++) {
        struct pause *pause = &bed->state.pauses[i];
        if (pause->what != PAUSE_NONE && pause->until_ms <= engine->now_ms) {
            *pause = (struct pause){.what = PAUSE_NONE};
            any = true;
        }
    }
    if (any) {
        changed(engine, bed);
    }
}

struct telling {
    struct engine *engine;
    struct bed *bed;
};

static void tell_alarm(void *context, struct alarm *alarm)
{
    const struct telling *telling = context;
    if (alarm->raised && pause_inactivation(telling->bed, &alarm->last) != alarm->last.inactivation) {
        alarm_update(telling->engine, telling->bed, alarm, PHASE_UPDATE);
    }
}

/* --- reminder ------------------------------------------------------------------------------------------------ */

/* What there is to be reminded of. */
struct reminder {
    const struct engine *engine;
    const struct bed *bed;
    struct condition c;
    unsigned acknowledged;
    int64_t quiet_since_ms; /* the oldest of those has said nothing since then */
    uint32_t about;         /* of what is told at once when it changes; never 0 */
    bool paused, off;
};

static void add_about(struct reminder *r, int64_t number)
{
    r->about = hash_32(r->about, &number, sizeof number);
}

static const char *rule_of_key(const struct bed *bed, uint32_t key)
{
    for (unsigned i = 0; i < bed->rule_count; i++) {
        if (pause_key(bed->rules[i].rule->name) == key) {
            return bed->rules[i].rule->name;
        }
    }
    return "a rule that is gone";
}

static void add_pauses(struct reminder *r)
{
    for (unsigned i = 0; i < PAUSES_PER_BED_MAX; i++) {
        const struct pause *pause = &r->bed->state.pauses[i];
        if (pause->what == PAUSE_NONE) {
            continue;
        }
        char word[ALERT_DETAIL_MAX];
        const long long left_s = (long long)(pause->until_ms - r->engine->now_ms + 999) / 1000;
        (void)snprintf(word, sizeof word, "%s%s%s paused %lld s more",
                       pause->rule_key != 0 ? rule_of_key(r->bed, pause->rule_key) : "",
                       pause->rule_key != 0 ? " " : "", pause_word(pause->what), left_s);
        condition_add_word(&r->c, word);
        add_about(r, pause->until_ms);
        add_about(r, (int64_t)pause->what << 32 | pause->rule_key);
        r->paused = true;
    }
}

static void add_off(struct reminder *r)
{
    const struct engine_config *config = r->engine->config;
    for (unsigned i = 0; i < config->rule_count && r->bed->state.stay != 0 && r->bed->config->override_count > 0; i++) {
        if (rule_is_off(r->bed->config, i) && rule_applies(r->bed->config, &config->rules[i])) {
            char word[RULE_NAME_MAX + sizeof " is off"];
            (void)snprintf(word, sizeof word, "%s is off", config->rules[i].name);
            condition_add_word(&r->c, word);
            add_about(r, i);
            r->off = true;
        }
    }
}

/* One that is acknowledged, and one of high priority that an alarm pause suppresses. Information has no signals to silence:
 * to have seen the reminder is no reason for it. */
static void look_at(void *context, struct alarm *alarm)
{
    struct reminder *r = context;
    const struct alert_head *last = &alarm->last;
    if (alarm->raised && last->kind != KIND_ADVISORY && last->unpaused == INACTIVATION_ACKNOWLEDGED) {
        r->quiet_since_ms = r->acknowledged == 0 || last->at_ms < r->quiet_since_ms ? last->at_ms : r->quiet_since_ms;
        r->acknowledged++;
    }
    if (alarm->raised && last->priority == PRIORITY_HIGH && last->inactivation == INACTIVATION_ALARM_PAUSED) {
        char name[ALARM_NAME_MAX], word[ALARM_NAME_MAX + sizeof "HIGH "];
        alarm_name_of(r->engine->config, alarm, name);
        (void)snprintf(word, sizeof word, "HIGH %s", name);
        condition_add_word(&r->c, word);
        add_about(r, (int64_t)last->id);
    }
}

static void add_acknowledged(struct reminder *r)
{
    if (r->acknowledged > 0) {
        char word[32];
        (void)snprintf(word, sizeof word, "%u acknowledged", r->acknowledged);
        condition_add_word(&r->c, word);
    }
}

static void collect(struct reminder *r, struct bed *bed)
{
    bed_each_alarm(bed, look_at, r);
    add_pauses(r);
    add_off(r);
    add_acknowledged(r);
    r->about |= 1;
}

/* When acknowledged alarms alone raise it. */
static int64_t acknowledged_at(const struct reminder *r)
{
    const uint32_t after_ms = r->engine->config->pause.reminder_off_ms;
    return r->acknowledged == 0 || after_ms == 0 ? SERIES_NEVER : r->quiet_since_ms + (int64_t)after_ms;
}

static int64_t repeated_at(const struct reminder *r, const struct alarm *alarm)
{
    const struct pause_config *config = &r->engine->config->pause;
    const uint32_t every_ms = r->paused ? config->reminder_ms : config->reminder_off_ms;
    return alarm->raised && every_ms != 0 ? alarm->last.at_ms + (int64_t)every_ms : SERIES_NEVER;
}

static void show(struct engine *engine, struct bed *bed, struct alarm *alarm, const struct reminder *r)
{
    alarm->about = r->about;
    alarm->from_before = false;
    alarm_set_detail(alarm, r->c.detail);
    alarm->last.unverified = false;
    if (alarm->raised) {
        alarm_update(engine, bed, alarm, PHASE_UPDATE);
    } else {
        alarm_start(engine, bed, alarm, engine->now_ms, engine->now_ms);
    }
}

/* Returns when it is to be looked at again. */
static int64_t remind(struct engine *engine, struct bed *bed)
{
    struct alarm *alarm = &bed->technical[BUILTIN_alarms_paused];
    struct reminder r = {.engine = engine, .bed = bed, .c = CONDITION_NONE, .about = HASH_32_BASIS};
    collect(&r, bed);
    const bool by_acknowledged = r.acknowledged > 0 && (alarm->raised || acknowledged_at(&r) <= engine->now_ms);
    if (!r.paused && !r.off && !by_acknowledged) {
        alarm_end_if_raised(engine, bed, alarm);
        return acknowledged_at(&r);
    }
    if (!alarm->raised || alarm->about != r.about || repeated_at(&r, alarm) <= engine->now_ms) {
        show(engine, bed, alarm, &r);
    }
    return repeated_at(&r, alarm);
}

int64_t pause_step(struct engine *engine, struct bed *bed)
{
    if (engine->restoring) {
        return SERIES_NEVER;
    }
    if (!bed->pause_due && bed->pause_deadline_ms > engine->now_ms) {
        return bed->pause_deadline_ms;
    }
    bed_each_alarm(bed, tell_alarm, &(struct telling){.engine = engine, .bed = bed});
    bed->pause_deadline_ms = remind(engine, bed);
    for (unsigned i = 0; i < PAUSES_PER_BED_MAX; i++) {
        const struct pause *pause = &bed->state.pauses[i];
        if (pause->what != PAUSE_NONE && pause->until_ms < bed->pause_deadline_ms) {
            bed->pause_deadline_ms = pause->until_ms;
        }
    }
    bed->pause_due = false;
    return bed->pause_deadline_ms;
}
