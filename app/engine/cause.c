/*
 * One cause, one alert: alarms that are the consequence of another one, and are folded into it.
 *
 *     bus_down          <-- monitor_silent of beds whose silent monitors all hang on lines that are down
 *     monitor_silent, identity_changed, sensor_off, implausible
 *                       <-- not_monitored of rules all of whose missing vitals are gone because of them
 *
 * Nothing else is ever folded: no alarm of a rule or of a monitor, no lost pulse. A folded alarm has its id, its revisions
 * and its state as any other, but no alert: the cause lists what it stands for from its start on, and takes over the highest priority
 * among what is folded into it. What follows from something folded is part of what that is part of.
 *
 *     told by itself --------------------------------------------------> ended
 *     folded --cause gone and not back in time (follow)--> told by itself
 *     folded --another cause explains it (follow)--> folded into that one
 *
 * An alarm is folded from its start or never: one that was there before its cause has been told, and stays so. A cause that
 * ends leaves some time: a line that is back, for its monitors to answer; vitals that are back, for windows to fill; vitals
 * that are still missing, for the alarm that says why now. Then the alarm is told by itself.
 */
#include "app/engine/engine_internal.h"

#include <assert.h>
#include <string.h>

#include "app/engine/hash.h"

#define LINE_LOOK_MS 500 /* somebody else may be heard on a line meanwhile */
#define CAUSE_BACK_MS \
    (ENGINE_SILENT_AFTER_MS + ENGINE_CAUSE_WAIT_MS) /* as long as any technical alarm takes to start */

/* At a bed, the nearest to the root first. */
static const enum builtin_alarm causes[] = {BUILTIN_monitor_silent, BUILTIN_identity_changed, BUILTIN_sensor_off,
                                            BUILTIN_implausible};
#define CAUSE_COUNT (sizeof causes / sizeof causes[0])

static const struct alarm *line_alarm(const struct engine *engine)
{
    return &engine->gateway[BUILTIN_bus_down - BUILTIN_BED_COUNT].alarm;
}

/* ---- lines and their monitors ---- */

static enum line_state line_of(const struct engine *engine, const struct bed *bed, unsigned monitor)
{
    const uint16_t line = bed->config->monitor_line[monitor];
    return line < engine->config->line_count ? (enum line_state)engine->lines[line] : LINE_OPEN;
}

static bool has_line(const struct engine *engine, const struct bed *bed, unsigned monitor)
{
    return bed->config->monitor_line[monitor] < engine->config->line_count;
}

static bool hangs_on_dead_line(const struct engine *engine, const struct bed *bed)
{
    bool hangs = false;
    for (unsigned m = 0; m < bed->config->monitor_count; m++) {
        hangs |= line_of(engine, bed, m) == LINE_DOWN;
    }
    return hangs;
}

/* It is not open, or nobody on it is heard any more, of several. */
static bool may_go_down(const struct engine *engine, uint16_t line)
{
    struct line_silence silence;
    if (engine->lines[line] != LINE_OPEN) {
        return engine->lines[line] == LINE_CLOSED;
    }
    engine_hear_lines(engine, engine->now_ms, line, 1, &silence);
    return silence.missed > 1 && line_is_quiet(&silence);
}

int64_t cause_line_awaited_ms(const struct engine *engine, const struct bed *bed, unsigned monitor, int64_t silent_ms)
{
    const int64_t until_ms = silent_ms + ENGINE_LINE_WAIT_MS;
    const int64_t look_ms = engine->now_ms + LINE_LOOK_MS;
    if (engine->now_ms >= until_ms || bed->technical[BUILTIN_monitor_silent].raised ||
        !has_line(engine, bed, monitor) || !may_go_down(engine, bed->config->monitor_line[monitor])) {
        return INSTANT_NONE;
    }
    return look_ms < until_ms ? look_ms : until_ms;
}

static bool is_folded(const struct alarm *alarm)
{
    return alarm->raised && alarm_is_folded(alarm);
}

int64_t cause_lines_settle_ms(const struct engine *engine)
{
    int64_t settle_ms = engine->settle_until_ms;
    for (unsigned b = 0; b < engine->config->bed_count; b++) {
        const struct bed *bed = &engine->beds[b];
        const struct alarm *silent = &bed->technical[BUILTIN_monitor_silent];
        const int64_t bed_ms = bed->settle_until_ms + ENGINE_LINE_WAIT_MS;
        if (bed->settle_until_ms != INSTANT_NONE && is_folded(silent) && bed_ms > settle_ms) {
            settle_ms = bed_ms;
        }
    }
    return settle_ms;
}

/* Each of its silent monitors hangs on a line that is down. (After a restart the line's own alarm is there before that is
 * known of any line: what is folded waits, see settles; no silence begins as soon as that.) */
static bool silence_is_of_lines(const struct engine *engine, const struct bed *bed)
{
    bool explained = true;
    for (unsigned m = 0; m < bed->config->monitor_count && explained; m++) {
        const int64_t unheard_ms = away_counts_from(bed, monitor_unheard_since(&bed->monitors[m]));
        const bool silent = engine->now_ms >= unheard_ms + monitor_patience_ms(bed, m);
        explained = !silent || line_of(engine, bed, m) == LINE_DOWN;
    }
    return explained;
}

void cause_take_silence(const struct engine *engine, struct bed *bed)
{
    struct alert_head *last = &bed->technical[BUILTIN_monitor_silent].last;
    const bool folds = line_alarm(engine)->raised && silence_is_of_lines(engine, bed);
    last->part_of = folds ? line_alarm(engine)->last.id : 0;
    last->part_of_index = folds ? BUILTIN_bus_down : 0;
}

/* ---- vitals and the rules that rest on them ---- */

static bool is_missing(const struct channel *channel, int64_t now_ms)
{
    int64_t at_ms = 0;
    int32_t value_milli = 0;
    if (!channel->config->episodic) {
        return !series_stands(channel->series, now_ms);
    }
    return channel->lost_at_ms != INSTANT_NONE || !series_last(channel->series, &at_ms, &value_milli) ||
           now_ms - at_ms >= (int64_t)channel->config->stale_ms;
}

static uint32_t missing_vitals(const struct bed *bed, int64_t now_ms)
{
    uint32_t vitals = 0;
    for (unsigned i = 0; i < bed->config->channel_count; i++) {
        const struct channel *channel = &bed->channels[i];
        vitals |= is_missing(channel, now_ms) ? UINT32_C(1) << channel->config->vital : 0;
    }
    return vitals;
}

/* What its alarms say, or will say at this instant. */
enum outlook { AS_TOLD, AS_JUDGED };

static uint32_t gone_because_of(const struct alarm *cause, enum outlook outlook)
{
    if (outlook == AS_JUDGED) {
        return cause->gone_now;
    }
    return cause->raised ? cause->gone : 0;
}

static uint32_t explained_vitals(const struct bed *bed, enum outlook outlook)
{
    uint32_t vitals = 0;
    for (unsigned i = 0; i < CAUSE_COUNT; i++) {
        vitals |= gone_because_of(&bed->technical[causes[i]], outlook);
    }
    return vitals;
}

static bool rests_on(const struct bed *bed, const struct rule *rule, uint32_t gone)
{
    return (rule_vitals(rule) & gone) != 0 || scoring_loses(bed, rule_scores(rule), gone);
}

/* What the not_monitored of this rule follows from; the one that it is part of already, if that is one of them. */
static const struct alarm *rule_cause(const struct engine *engine, const struct bed *bed, const struct rule_alarm *r,
                                      enum outlook outlook)
{
    const uint32_t missing = missing_vitals(bed, engine->now_ms);
    const uint32_t explained = explained_vitals(bed, outlook) & missing;
    const struct alarm *found = NULL;
    if ((rule_vitals(r->rule) & missing & ~explained) != 0 ||
        !scoring_explained(bed, rule_scores(r->rule), explained)) {
        return NULL;
    }
    for (unsigned i = 0; i < CAUSE_COUNT; i++) {
        const struct alarm *cause = &bed->technical[causes[i]];
        const bool is_one = rests_on(bed, r->rule, gone_because_of(cause, outlook) & missing);
        const bool is_present =
            is_one && alarm_is_folded(&r->not_monitored) && cause->last.id == r->not_monitored.last.part_of;
        found = is_one && (found == NULL || is_present) ? cause : found;
    }
    return found;
}

/* Folded into a line's alarm that has ended: it waits for what becomes of it. */
static bool is_orphan(const struct engine *engine, const struct alarm *alarm)
{
    const struct alarm *down = line_alarm(engine);
    return alarm_is_folded(alarm) && !(down->raised && down->last.id == alarm->last.part_of);
}

/* What is folded has no alert to be part of. */
static const struct alarm *root_of(const struct engine *engine, const struct alarm *cause)
{
    return cause != NULL && alarm_is_folded(cause) ? line_alarm(engine) : cause;
}

static void start_blind(struct engine *engine, struct bed *bed, struct rule_alarm *r)
{
    struct alert_head *last = &r->not_monitored.last;
    const struct alarm *nearest = rule_cause(engine, bed, r, AS_TOLD);
    if (nearest != NULL && is_orphan(engine, nearest)) {
        alarm_tell(engine, bed, &bed->technical[nearest->last.key.index]); /* it has something to tell */
    }
    last->part_of = 0;
    last->part_of_index = 0;
    if (nearest != NULL) {
        const struct alarm *cause = root_of(engine, nearest);
        last->part_of = cause->last.id;
        last->part_of_index = cause->last.key.index;
    }
    alarm_start(engine, bed, &r->not_monitored, r->unknown_since_ms, engine->now_ms);
}

/* ---- as long as it is folded ---- */

struct following {
    struct engine *engine;
    struct bed *bed;
    int64_t next_ms;
    bool moved; /* some alarm is part of another cause now, or of none */
};

/* The cause is still there. After a restart nothing else is known of it until monitors have had time to speak. */
static bool settles(const struct engine *engine, const struct bed *bed, const struct alert_head *last)
{
    const bool at_bed = last->part_of_index < BUILTIN_BED_COUNT;
    const struct alarm *cause = at_bed ? &bed->technical[last->part_of_index] : line_alarm(engine);
    return engine->now_ms < bed->settle_until_ms && cause->raised && cause->last.id == last->part_of;
}

/* cause: what explains it now, or NULL. */
static void follow(struct following *f, struct alarm *alarm, const struct alarm *cause, int64_t patience_ms)
{
    struct alert_head *last = &alarm->last;
    if (cause != NULL && cause->last.id != last->part_of) {
        alarm_fold(f->engine, f->bed, alarm, &cause->last);
        f->moved = true;
    }
    if (cause != NULL || settles(f->engine, f->bed, last)) {
        alarm->alone_since_ms = INSTANT_NONE;
        return;
    }
    if (alarm->alone_since_ms == INSTANT_NONE) {
        alarm->alone_since_ms = f->engine->now_ms;
    }
    const int64_t at_ms = alarm->alone_since_ms + patience_ms;
    if (f->engine->now_ms >= at_ms) {
        alarm_tell(f->engine, f->bed, alarm);
        f->moved = true;
    } else {
        f->next_ms = at_ms < f->next_ms ? at_ms : f->next_ms;
    }
}

/* A line that is back has its monitors answer at once or, after many polls in vain, as late as a silence takes. */
static int64_t silence_patience_ms(const struct bed *bed)
{
    int64_t longest_ms = 0;
    for (unsigned m = 0; m < bed->config->monitor_count; m++) {
        const int64_t patience_ms = monitor_patience_ms(bed, m);
        longest_ms = patience_ms > longest_ms ? patience_ms : longest_ms;
    }
    return longest_ms + ENGINE_CAUSE_WAIT_MS;
}

static int64_t rule_patience_ms(const struct engine *engine, const struct bed *bed, const struct rule_alarm *r)
{
    const bool missing = rests_on(bed, r->rule, missing_vitals(bed, engine->now_ms));
    return CAUSE_BACK_MS + (missing ? 0 : rule_alarm_span_ms(bed, r));
}

static void follow_rule(struct following *f, struct rule_alarm *r)
{
    if (!is_folded(&r->not_monitored)) {
        return;
    }
    const struct alarm *cause = rule_cause(f->engine, f->bed, r, AS_TOLD);
    if (cause == NULL || !is_orphan(f->engine, cause)) {
        follow(f, &r->not_monitored, root_of(f->engine, cause), rule_patience_ms(f->engine, f->bed, r));
    }
    f->bed->may_fold |= is_folded(&r->not_monitored);
}

bool cause_step(struct engine *engine, struct bed *bed, int64_t *next_ms)
{
    struct following f = {.engine = engine, .bed = bed, .next_ms = SERIES_NEVER};
    struct alarm *silent = &bed->technical[BUILTIN_monitor_silent];
    bed->may_fold = false;
    if (is_folded(silent)) {
        const bool is_of_lines = line_alarm(engine)->raised && silence_is_of_lines(engine, bed);
        follow(&f, silent, is_of_lines ? line_alarm(engine) : NULL, silence_patience_ms(bed));
        bed->may_fold |= is_folded(silent);
    }
    for (unsigned i = 0; i < bed->rule_count; i++) {
        struct rule_alarm *r = &bed->rules[i];
        if (r->blind_due) {
            r->blind_due = false;
            start_blind(engine, bed, r);
            f.moved = true;
        }
        follow_rule(&f, r);
    }
    *next_ms = f.next_ms;
    return f.moved;
}

/* ---- what a cause takes over ---- */

static uint8_t highest_folded(const struct bed *bed, uint64_t id, uint8_t highest)
{
    const struct alarm *silent = &bed->technical[BUILTIN_monitor_silent];
    highest = is_folded(silent) && silent->last.part_of == id && silent->last.priority > highest ? silent->last.priority
                                                                                                 : highest;
    for (unsigned i = 0; i < bed->rule_count; i++) {
        const struct alarm *alarm = &bed->rules[i].not_monitored;
        const bool is_part = is_folded(alarm) && alarm->last.part_of == id;
        highest = is_part && alarm->last.priority > highest ? alarm->last.priority : highest;
    }
    return highest;
}

/* Of those that are due or folded at this instant and will be part of this one, so that it begins as urgent as they are. */
static uint8_t highest_due(const struct engine *engine, const struct bed *bed, const struct alarm *alarm,
                           uint8_t highest)
{
    for (unsigned i = 0; i < bed->rule_count; i++) {
        const struct rule_alarm *r = &bed->rules[i];
        const bool may_be = r->blind_due || is_folded(&r->not_monitored);
        const bool is_part = may_be && rule_cause(engine, bed, r, AS_JUDGED) == alarm;
        highest = is_part && r->not_monitored.priority > highest ? r->not_monitored.priority : highest;
    }
    return highest;
}

/* Of those at this bed that start at this instant, behind the line's alarm, and will be part of it. */
static uint8_t highest_to_come(const struct engine *engine, struct bed *bed, uint8_t highest)
{
    const struct alarm *silent = &bed->technical[BUILTIN_monitor_silent];
    if (silent->raised || !hangs_on_dead_line(engine, bed) || !silence_is_of_lines(engine, bed)) {
        return highest;
    }
    technical_judge_causes(engine, bed);
    highest = silent->gone_now != 0 && silent->priority > highest ? silent->priority : highest;
    for (unsigned i = 0; i < bed->rule_count; i++) {
        const struct rule_alarm *r = &bed->rules[i];
        const bool is_part = rule_alarm_goes_blind(engine, bed, r) && rule_cause(engine, bed, r, AS_JUDGED) == silent;
        highest = is_part && r->not_monitored.priority > highest ? r->not_monitored.priority : highest;
    }
    return highest;
}

enum priority cause_priority(const struct engine *engine, const struct bed *bed, const struct alarm *alarm,
                             enum priority usual)
{
    uint8_t highest = (uint8_t)usual;
    if (alarm_is_folded(alarm) || (bed == NULL ? alarm != line_alarm(engine) : !bed->may_fold)) {
        return usual;
    }
    if (bed != NULL) {
        highest =
            alarm->raised ? highest_folded(bed, alarm->last.id, highest) : highest_due(engine, bed, alarm, highest);
        return (enum priority)highest;
    }
    for (unsigned b = 0; b < engine->config->bed_count; b++) {
        struct bed *other = &engine->beds[b];
        if (!alarm->raised) {
            highest = highest_to_come(engine, other, highest);
        } else if (other->may_fold) {
            highest = highest_folded(other, alarm->last.id, highest);
        }
    }
    return (enum priority)highest;
}

static void list(uint8_t stands_for[STANDS_FOR_MAX / 8], unsigned index)
{
    if (index < STANDS_FOR_MAX) {
        stands_for[index / 8] |= (uint8_t)(1U << index % 8);
    }
}

void cause_list(const struct engine *engine, const struct bed *bed, const struct alarm *alarm, uint32_t gone,
                uint8_t stands_for[STANDS_FOR_MAX / 8])
{
    for (unsigned b = 0; alarm == line_alarm(engine) && b < engine->config->bed_count; b++) {
        if (hangs_on_dead_line(engine, &engine->beds[b])) {
            list(stands_for, b);
        }
    }
    if (bed == NULL || gone == 0 || bed->state.stay == 0) {
        return;
    }
    const uint32_t missing = gone & missing_vitals(bed, engine->now_ms);
    for (unsigned i = 0; i < bed->rule_count && missing != 0; i++) {
        if (!bed->rules[i].rule->is_of_ward && rests_on(bed, bed->rules[i].rule, missing)) {
            list(stands_for, bed->rules[i].alarm.last.key.index);
        }
    }
}

static bool stands_for(const struct alarm *alarm, unsigned rule)
{
    return (alarm->words->stands_for[rule / 8] >> rule % 8 & 1U) != 0;
}

bool cause_has_listed(const struct bed *bed, const struct alarm *alarm)
{
    assert(bed != NULL); /* nothing is gone where an alarm is not of a bed */
    bool listed = true;
    for (unsigned i = 0; bed->may_fold && i < bed->rule_count; i++) {
        const struct alarm *folded = &bed->rules[i].not_monitored;
        const unsigned rule = folded->last.key.index;
        const bool is_part = is_folded(folded) && folded->last.part_of == alarm->last.id;
        listed &= !is_part || rule >= STANDS_FOR_MAX || stands_for(alarm, rule);
    }
    return listed;
}

uint32_t cause_list_key(const struct engine *engine, const struct bed *bed,
                        const uint8_t stands_for[STANDS_FOR_MAX / 8])
{
    const unsigned count = bed == NULL ? engine->config->bed_count : engine->config->rule_count;
    uint64_t hash = HASH_64_BASIS;
    bool any = false;
    for (unsigned i = 0; i < count && i < STANDS_FOR_MAX; i++) {
        const char *name = bed == NULL ? engine->config->beds[i].id : engine->config->rules[i].name;
        if ((stands_for[i / 8] >> i % 8 & 1U) != 0) {
            hash = hash_64(hash, name, strlen(name) + 1);
            any = true;
        }
    }
    return any ? (uint32_t)(hash ^ hash >> 32) : 0;
}
