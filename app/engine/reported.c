/*
 * The alarms that a bed's monitors tell by name (IHE PCD-04): up to ENGINE_REPORTED_PER_BED_MAX at one time.
 *
 *     free --said present (take_slot)--> active --said ended (step_slot)--> free
 *                                         | another text, kind, priority or inactivation: told (show)
 *                                         | repeated, and not said for ENGINE_REPORTED_SILENT_MS (step_silence):
 *                                         v      not_monitored beside it, until the next word
 *
 * The monitor's word is all there is: nothing ends by silence. The name tells one alarm from another, not the monitor: two
 * at a bed that say the same are one alarm, of which the last word counts. A name that a bit of this bed has, too, is told
 * apart by a suffix. What comes and goes, or goes and comes back, in one instant is told as that.
 *
 * When all slots are taken, the most urgent alarms are kept: a new one takes the place of the least urgent if that is less
 * urgent than itself, which ends with its alert; otherwise the new one is not taken. Both are counted
 * (engine_counts.reported_dropped). If it is said again when there is room, it begins then.
 *
 * A stay that ends takes them along: what still holds begins in the next when it is said again. A stay that begins at a
 * vacant bed finds its patient's alarms already there, and they begin anew in it.
 */
#include "app/engine/engine_internal.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const char SUFFIX[] = "_reported";

_Static_assert(MONITOR_ALARM_TEXT_MAX == ALERT_DETAIL_MAX, "an alert shows the monitor's words whole");

void reported_prepare(struct bed *bed, struct reported *slots, struct alert_words *words)
{
    struct alarm_key key = {.bed = bed->index};
    bed->reported = slots;
    for (unsigned i = 0; i < ENGINE_REPORTED_PER_BED_MAX; i++) {
        key.index = (uint16_t)i;
        key.family = ALARM_REPORTED;
        alarm_prepare(&slots[i].alarm, &key, KIND_PHYSIOLOGICAL, SOURCE_MONITOR, PRIORITY_NONE, REASON_NONE);
        key.family = ALARM_REPORTED_NOT_MONITORED;
        alarm_prepare(&slots[i].silent, &key, KIND_TECHNICAL, SOURCE_MONITOR, PRIORITY_NONE, REASON_NOT_MONITORED);
        slots[i].alarm.words = &words[2 * i];
        slots[i].silent.words = &words[2 * i + 1];
    }
}

static bool is_free(const struct reported *slot)
{
    return slot->said.name[0] == '\0';
}

static bool is_present(const struct reported *slot)
{
    return !is_free(slot) && slot->said.phase == MONITOR_ALARM_PRESENT;
}

static struct reported *find(const struct bed *bed, const char *name)
{
    for (unsigned i = 0; i < ENGINE_REPORTED_PER_BED_MAX; i++) {
        if (strcmp(bed->reported[i].said.name, name) == 0) {
            return &bed->reported[i];
        }
    }
    return NULL;
}

/* How much a slot is worth keeping. */
static int rank(const struct reported *slot)
{
    if (is_free(slot)) {
        return -2;
    }
    return is_present(slot) ? slot->said.priority : -1;
}

/* For an alarm that is new; NULL when all that is there is as urgent. */
static struct reported *take_slot(struct engine *engine, struct bed *bed, uint8_t priority)
{
    struct reported *least = &bed->reported[0];
    for (unsigned i = 1; i < ENGINE_REPORTED_PER_BED_MAX; i++) {
        least = rank(&bed->reported[i]) < rank(least) ? &bed->reported[i] : least;
    }
    if (rank(least) >= (int)priority) {
        return NULL;
    }
    engine->counts.reported_dropped += is_present(least);
    return least;
}

static void note_present(struct reported *slot, const struct monitor_alarm *said)
{
    const bool other = strcmp(slot->said.name, said->name) != 0;
    if (other || !is_present(slot)) {
        slot->since_ms = said->at_ms;
        slot->began = !slot->alarm.raised;
    }
    slot->said = *said;
    slot->said_at_ms = said->at_ms;
    slot->heard = true;
}

static void note_ended(struct reported *slot)
{
    if (slot != NULL && is_present(slot)) {
        slot->said.phase = MONITOR_ALARM_ENDED;
        slot->ended = true;
    }
}

/* A topic and a key of the store are made of it. */
static bool is_name(const char *name)
{
    const size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");
    return length > 0 && name[length] == '\0';
}

static bool is_sound(const struct monitor_alarm *alarm)
{
    return memchr(alarm->name, '\0', sizeof alarm->name) != NULL &&
           memchr(alarm->text, '\0', sizeof alarm->text) != NULL && is_name(alarm->name) &&
           alarm->priority <= PRIORITY_HIGH && alarm->kind <= KIND_ADVISORY && alarm->vital <= VITAL_NONE &&
           alarm->inactivation <= INACTIVATION_ALARM_PAUSED && alarm->phase <= MONITOR_ALARM_ENDED;
}

static void name_apart(const struct bed_config *config, struct monitor_alarm *alarm)
{
    for (unsigned i = 0; i < config->signal_count; i++) {
        if (strcmp(config->signals[i].name, alarm->name) == 0) {
            const int room = (int)(sizeof alarm->name - sizeof SUFFIX);
            char name[MONITOR_ALARM_NAME_MAX];
            (void)snprintf(name, sizeof name, "%.*s%s", room, alarm->name, SUFFIX);
            memcpy(alarm->name, name, sizeof alarm->name);
            return;
        }
    }
}

bool engine_observe_alarm(struct engine *engine, const struct monitor_alarm *alarm)
{
    const bool placed = alarm->bed < engine->config->bed_count && alarm->monitor < ENGINE_MONITORS_PER_BED_MAX;
    if (engine->retired || alarm->at_ms < engine->now_ms || !placed) {
        engine->counts.late++;
        return false;
    }
    struct bed *bed = &engine->beds[alarm->bed];
    input_tell(engine, (struct engine_input){.kind = INPUT_REPORTED, .at_ms = alarm->at_ms, .reported = alarm});
    engine->now_ms = alarm->at_ms;
    bed_make_dirty(engine, bed);
    monitor_note_heard(engine, bed, alarm->monitor);
    if (bed->reported == NULL || !is_sound(alarm)) {
        engine->counts.reported_dropped++;
        return false;
    }
    struct monitor_alarm said = *alarm;
    name_apart(bed->config, &said);
    struct reported *slot = find(bed, said.name);
    if (said.phase == MONITOR_ALARM_ENDED) {
        note_ended(slot);
        return true;
    }
    slot = slot != NULL ? slot : take_slot(engine, bed, said.priority);
    if (slot == NULL) {
        engine->counts.reported_dropped++;
        return false;
    }
    note_present(slot, &said);
    return true;
}

static const char *words_of(const struct monitor_alarm *said)
{
    return said->text[0] != '\0' ? said->text : said->name;
}

/* What the alarm shows of the newest word; false when it is what it showed before. */
static bool show(struct reported *slot, enum alarm_phase *phase)
{
    const struct monitor_alarm *said = &slot->said;
    struct alert_head *last = &slot->alarm.last;
    const struct alert_head before = *last;
    char words[ALERT_DETAIL_MAX];
    *phase = alarm_take_priority(&slot->alarm, (enum priority)said->priority);
    last->kind = said->kind;
    last->vital = said->vital;
    last->is_repeated = said->is_repeated;
    (void)snprintf(words, sizeof words, "%s", words_of(said));
    const bool is_same = strcmp(slot->alarm.words->detail, words) == 0;
    alarm_set_detail(&slot->alarm, words);
    if (*phase == PHASE_ESCALATE || slot->inactivation != said->inactivation) {
        last->unpaused = said->inactivation;
        slot->inactivation = said->inactivation;
    }
    last->unverified &= !slot->heard;
    last->reason = last->unverified ? REASON_UNVERIFIED : REASON_NONE;
    return *phase != PHASE_UPDATE || last->kind != before.kind || last->vital != before.vital ||
           last->unpaused != before.unpaused || last->unverified != before.unverified || !is_same;
}

static void start(struct engine *engine, struct bed *bed, struct reported *slot)
{
    enum alarm_phase phase = PHASE_UPDATE;
    struct alert_head *last = &slot->alarm.last;
    last->unverified = false;
    (void)show(slot, &phase);
    memcpy(slot->alarm.words->reported, slot->said.name, sizeof slot->said.name);
    last->unpaused = slot->inactivation = slot->said.inactivation;
    alarm_start(engine, bed, &slot->alarm, slot->since_ms, engine->now_ms);
}

static void step_alarm(struct engine *engine, struct bed *bed, struct reported *slot)
{
    const bool other = strcmp(slot->alarm.words->reported, slot->said.name) != 0;
    enum alarm_phase phase = PHASE_UPDATE;
    if (slot->alarm.raised && (slot->ended || other || !is_present(slot))) {
        alarm_end_if_raised(engine, bed, &slot->silent);
        alarm_end(engine, bed, &slot->alarm);
    } else if (slot->alarm.raised && (show(slot, &phase) || slot->alarm.announce)) {
        slot->alarm.announce = false;
        alarm_update(engine, bed, &slot->alarm, phase);
    }
    if (!slot->alarm.raised && (is_present(slot) || slot->began)) {
        start(engine, bed, slot);
    }
    if (slot->alarm.raised && !is_present(slot)) {
        alarm_end(engine, bed, &slot->alarm);
    }
}

static void begin_silence(struct engine *engine, struct bed *bed, struct reported *slot)
{
    struct alert_head *last = &slot->silent.last;
    const struct alert_head *of = &slot->alarm.last;
    last->priority = of->priority;
    last->vital = of->vital;
    *slot->silent.words = *slot->alarm.words;
    alarm_start(engine, bed, &slot->silent, slot->said_at_ms, engine->now_ms);
}

/* When the alarm counts as not said again. */
static int64_t silence_at(const struct engine *engine, const struct bed *bed, const struct reported *slot)
{
    const bool waits = slot->alarm.raised && slot->alarm.last.is_repeated && !slot->silent.raised;
    if (!waits || bed_is_away(bed) || engine->config->replay) {
        return SERIES_NEVER;
    }
    return away_counts_from(bed, slot->said_at_ms) + ENGINE_REPORTED_SILENT_MS;
}

static int64_t step_silence(struct engine *engine, struct bed *bed, struct reported *slot)
{
    if (slot->silent.raised && (slot->heard || bed_is_away(bed) || !slot->alarm.raised)) {
        alarm_end(engine, bed, &slot->silent);
    }
    if (silence_at(engine, bed, slot) <= engine->now_ms) {
        begin_silence(engine, bed, slot);
    }
    return silence_at(engine, bed, slot);
}

int64_t reported_step(struct engine *engine, struct bed *bed)
{
    int64_t next_ms = SERIES_NEVER;
    for (unsigned i = 0; i < ENGINE_REPORTED_PER_BED_MAX && bed->reported != NULL; i++) {
        struct reported *slot = &bed->reported[i];
        if (is_free(slot)) {
            continue;
        }
        step_alarm(engine, bed, slot);
        const int64_t at_ms = step_silence(engine, bed, slot);
        next_ms = at_ms < next_ms ? at_ms : next_ms;
        slot->began = slot->ended = slot->heard = false;
        if (!is_present(slot)) {
            slot->said.name[0] = '\0';
        }
    }
    return next_ms;
}

void reported_forget(struct bed *bed)
{
    for (unsigned i = 0; i < ENGINE_REPORTED_PER_BED_MAX && bed->reported != NULL; i++) {
        struct reported *slot = &bed->reported[i];
        slot->said.name[0] = '\0';
        slot->began = slot->ended = slot->heard = false;
    }
}

/* Silence counts from here, or from the newest word as far as that is known. */
void reported_begin(struct bed *bed, int64_t now_ms)
{
    for (unsigned i = 0; i < ENGINE_REPORTED_PER_BED_MAX && bed->reported != NULL; i++) {
        struct reported *slot = &bed->reported[i];
        const bool known = slot->said_at_ms != INSTANT_NONE && slot->said_at_ms < now_ms;
        slot->said_at_ms = known ? slot->said_at_ms : now_ms;
    }
}

void engine_each_said(const struct engine *engine,
                      void (*visit)(void *context, uint16_t bed, const char *name, int64_t at_ms), void *context)
{
    for (uint16_t b = 0; b < engine->config->bed_count; b++) {
        const struct bed *bed = &engine->beds[b];
        for (unsigned i = 0; i < ENGINE_REPORTED_PER_BED_MAX && bed->reported != NULL; i++) {
            if (is_present(&bed->reported[i])) {
                visit(context, b, bed->reported[i].said.name, bed->reported[i].said_at_ms);
            }
        }
    }
}

bool engine_restore_said(struct engine *engine, uint16_t bed_index, const char *name, int64_t at_ms)
{
    assert(!engine->begun && !engine->restoring && bed_index < engine->config->bed_count);
    const struct bed *bed = &engine->beds[bed_index];
    struct reported *slot = bed->reported != NULL && name[0] != '\0' ? find(bed, name) : NULL;
    if (slot == NULL) {
        return false;
    }
    input_tell(engine, (struct engine_input){.kind = INPUT_SAID, .at_ms = at_ms, .bed = bed_index, .detail = name});
    slot->said_at_ms = at_ms;
    return true;
}

struct alarm *reported_restore(struct bed *bed, const struct alarm_key *key, const struct alert *last)
{
    const bool ends = memchr(last->reported, '\0', sizeof last->reported) != NULL;
    if (bed->reported == NULL || !ends || !is_name(last->reported)) {
        return NULL;
    }
    struct reported *slot = find(bed, last->reported);
    slot = slot != NULL ? slot : find(bed, "");
    if (slot == NULL) {
        return NULL;
    }
    if (key->family == ALARM_REPORTED_NOT_MONITORED) {
        if (is_free(slot)) {
            slot->said.phase = MONITOR_ALARM_ENDED; /* until its alarm follows */
            memcpy(slot->said.name, last->reported, sizeof slot->said.name);
        }
        return &slot->silent;
    }
    slot->inactivation = last->unpaused == INACTIVATION_ACKNOWLEDGED ? INACTIVATION_NONE : last->unpaused;
    slot->said = (struct monitor_alarm){.at_ms = last->at_ms,
                                        .bed = bed->index,
                                        .phase = MONITOR_ALARM_PRESENT,
                                        .priority = last->priority,
                                        .kind = last->kind,
                                        .vital = last->vital,
                                        .inactivation = slot->inactivation,
                                        .is_repeated = last->is_repeated};
    slot->said_at_ms = INSTANT_NONE; /* the store does not know when it was said again */
    memcpy(slot->said.name, last->reported, sizeof slot->said.name);
    memcpy(slot->said.text, last->detail, sizeof slot->said.text);
    return &slot->alarm;
}
