/*
 * The alarms' retained states. One follows each alert as it is handed over (alarms_show); a pass over all of them comes
 * on every connect and every 20 s. A pass shows the direct ones first, then the store's, high priority first.
 *
 * The store is read in batches, because each visit of it begins at its first alarm. What was gathered and not shown yet
 * is forgotten when an alert overtakes it: a state never goes back to an older one.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "app/flow/deliver_internal.h"

/* One gathered alarm: this, the bed, the alarm's name and its alert, one after another. */
struct gathered {
    struct revision revision;
    uint32_t json_length;          /* 0: ended */
    uint16_t bed_size, alarm_size; /* with their NULs */
};

/* ---- one state ---- */

static bool publish(struct deliver *d, const char *topic, const char *payload, size_t length)
{
    return link_publish_state(d, topic, payload, length, length > 0 ? PAYLOAD_ALARM_EXPIRY_MS : 0);
}

/* Of an alarm that has ended there is no content (length 0), and its topic is emptied. False: the content is damaged,
 * and says nothing that could be shown; that is not the end of the alarm. */
static bool write_state(const struct deliver *d, const char *json, size_t length, char *out, size_t *out_length)
{
    *out_length = 0;
    if (length > 0) {
        *out_length = payload_alarm(json, length, d->wall_ms + PAYLOAD_ALARM_EXPIRY_MS, out, DELIVER_ALARM_PAYLOAD_MAX);
    }
    return length == 0 || *out_length > 0;
}

static bool show(struct deliver *d, const char *bed, const char *alarm, const char *json, size_t length)
{
    char topic[PAYLOAD_TOPIC_MAX];
    size_t state_length;
    if (!link_has_spare_room(d)) {
        return false;
    }
    if (!write_state(d, json, length, d->scratch, &state_length)) {
        return true;
    }
    topic_of_alarm(d->context, bed, alarm, topic);
    return publish(d, topic, d->scratch, state_length);
}

bool alarms_settle(struct deliver *d)
{
    struct alarms *alarms = &d->alarms;
    if (alarms->owes && publish(d, alarms->owed_topic, alarms->owed, alarms->owed_length)) {
        alarms->owes = false;
    }
    return !alarms->owes;
}

static void forget_gathered(struct alarms *alarms)
{
    alarms->taken -= alarms->waiting;
    alarms->waiting = 0;
    alarms->complete = false;
}

void alarms_show(struct deliver *d, const char *bed, const char *alarm, const char *json, size_t length, bool ended)
{
    struct alarms *alarms = &d->alarms;
    assert(!alarms->owes);
    forget_gathered(alarms);
    topic_of_alarm(d->context, bed, alarm, alarms->owed_topic);
    alarms->owes = write_state(d, json, ended ? 0 : length, alarms->owed, &alarms->owed_length);
    (void)alarms_settle(d);
}

/* The number behind a key of an alert's content, which payload_alert wrote: no free text stands before it. */
static uint64_t number_of(const char *json, size_t length, const char *key, int base)
{
    const char *at = memmem(json, length, key, strlen(key));
    return at != NULL ? strtoull(at + strlen(key), NULL, base) : 0;
}

/* The content ends in a brace: no number runs on behind it. */
static struct revision revision_of(const char *json, size_t length)
{
    return (struct revision){.run = number_of(json, length, ",\"boot\":\"", 16),
                             .id = number_of(json, length, ",\"id\":\"", 16),
                             .rev = (uint32_t)number_of(json, length, ",\"rev\":", 10)};
}

static bool visit_revision(void *context, const struct store_alarm *alarm)
{
    struct revision *revision = context;
    *revision = revision_of(alarm->json, alarm->json_length);
    return false;
}

bool alarms_find(const struct deliver *d, const char *bed, const char *alarm, struct revision *out)
{
    return d->store != NULL && store_get_alarm(d->store, bed, alarm, visit_revision, out) == STATUS_OK;
}

/* A pass shows what is direct, and never again what has ended: from here on nothing direct may say otherwise. */
void alarms_show_stored(struct deliver *d, const struct store_alert *alert)
{
    const struct revision revision = revision_of(alert->json, alert->json_length);
    if (!direct_is_newer(d, alert->bed, alert->alarm, &revision)) {
        alarms_show(d, alert->bed, alert->alarm, alert->json, alert->json_length,
                    (alert->flags & STORE_ALERT_ENDS_ALARM) != 0);
    }
}

/* ---- a pass ---- */

void alarms_begin(struct deliver *d, bool with_ended)
{
    struct alarms *alarms = &d->alarms;
    alarms->running = true;
    ++alarms->begun;
    alarms->with_ended = with_ended;
    alarms->direct = 0;
    alarms->priority = PRIORITY_HIGH;
    alarms->taken = alarms->waiting = 0;
    alarms->complete = false;
    alarms->failed = false;
    alarms->due_us = d->now_us + DELIVER_ALARMS_US;
}

uint64_t alarms_begin_soon(struct deliver *d)
{
    const int64_t soon_us = d->now_us + DELIVER_STORE_RETRY_US;
    d->alarms.due_us = d->alarms.due_us < soon_us ? d->alarms.due_us : soon_us;
    deliver_due(d, d->alarms.due_us);
    return d->alarms.begun + 1;
}

bool alarms_have_shown(const struct deliver *d, uint64_t pass)
{
    return d->alarms.begun >= pass && !d->alarms.running && !d->alarms.failed;
}

/* A store that cannot be read must not hold up the rest, least of all what goes around it. */
static void fail_pass(struct deliver *d)
{
    d->alarms.running = false;
    d->alarms.failed = true;
    d->alarms.due_us = d->now_us + DELIVER_STORE_RETRY_US;
}

/* What is direct is newer than anything stored. One that waits is shown behind its alert. */
static bool show_direct(struct deliver *d)
{
    for (uint16_t *i = &d->alarms.direct; *i < DELIVER_DIRECT_MAX; ++*i) {
        const struct direct_slot *slot = &d->direct[*i];
        const struct direct_alert *direct = &slot->alert;
        char name[ALARM_NAME_MAX];
        if (slot->state == DIRECT_WAITING || slot->overtaken || !direct_is_newest(d, *i)) {
            continue;
        }
        alarm_name(d->context->config, &direct->alert, name);
        if (!show(d, direct_bed(d, slot), name, direct->json,
                  direct->alert.state == ALARM_ENDED ? 0 : direct->json_length)) {
            return false;
        }
    }
    return true;
}

static char *append(char *at, const void *bytes, size_t size)
{
    memcpy(at, bytes, size);
    return at + size;
}

static bool gather(struct alarms *alarms, const struct store_alarm *alarm)
{
    const struct gathered head = {.revision = revision_of(alarm->json, alarm->json_length),
                                  .json_length = alarm->ended ? 0 : alarm->json_length,
                                  .bed_size = (uint16_t)(strlen(alarm->bed) + 1),
                                  .alarm_size = (uint16_t)(strlen(alarm->alarm) + 1)};
    const size_t size = sizeof head + head.bed_size + head.alarm_size + head.json_length;
    if (size > DELIVER_GATHERED_MAX - alarms->gathered_size) {
        return false;
    }
    char *at = append(alarms->gathered + alarms->gathered_size, &head, sizeof head);
    at = append(at, alarm->bed, head.bed_size);
    at = append(at, alarm->alarm, head.alarm_size);
    (void)append(at, alarm->json, head.json_length);
    alarms->gathered_size += size;
    ++alarms->waiting;
    return true;
}

static bool visit(void *context, const struct store_alarm *alarm)
{
    struct alarms *alarms = context;
    if (alarm->priority != alarms->priority || (alarm->ended && !alarms->with_ended)) {
        return true;
    }
    if (alarms->passed < alarms->taken) {
        ++alarms->passed;
        return true;
    }
    if (!gather(alarms, alarm)) {
        alarms->complete = false;
        return false;
    }
    ++alarms->passed;
    ++alarms->taken;
    return true;
}

static bool gather_some(struct deliver *d)
{
    struct alarms *alarms = &d->alarms;
    alarms->gathered_size = alarms->gathered_at = 0;
    alarms->passed = 0;
    alarms->complete = true;
    const enum status status = store_each_alarm(d->store, visit, alarms);
    if (status != STATUS_OK &&
        status != STATUS_CORRUPT) { /* a damaged one is passed over: what is retained of it expires */
        fail_pass(d);
        return false;
    }
    return true;
}

/* False: not now. */
static bool show_gathered(struct deliver *d)
{
    struct alarms *alarms = &d->alarms;
    struct gathered head;
    const char *bed = alarms->gathered + alarms->gathered_at + sizeof head;
    memcpy(&head, alarms->gathered + alarms->gathered_at, sizeof head);
    const char *alarm = bed + head.bed_size;
    if (!direct_is_newer(d, bed, alarm, &head.revision) &&
        !show(d, bed, alarm, alarm + head.alarm_size, head.json_length)) {
        return false;
    }
    alarms->gathered_at += sizeof head + head.bed_size + head.alarm_size + head.json_length;
    --alarms->waiting;
    return true;
}

/* False: not now, or the store cannot be read. */
static bool show_stored(struct deliver *d)
{
    struct alarms *alarms = &d->alarms;
    while (alarms->waiting > 0 || !alarms->complete) {
        if (alarms->waiting > 0 ? !show_gathered(d) : !gather_some(d)) {
            return false;
        }
    }
    return true;
}

/* Behind what the store has, which lets go of those that it knows. False: not now. */
static bool empty_lost(struct deliver *d)
{
    for (uint16_t i = 0; i < DELIVER_DIRECT_MAX; ++i) {
        struct direct_slot *slot = &d->direct[i];
        char name[ALARM_NAME_MAX];
        if (!direct_is_over(d, i)) {
            continue;
        }
        alarm_name(d->context->config, &slot->alert.alert, name);
        if (!show(d, direct_bed(d, slot), name, slot->alert.json, 0)) {
            return false;
        }
        slot->overtaken = true; /* it stays: older ones of its alarm must not come back */
    }
    return true;
}

static bool show_rest(struct deliver *d)
{
    return d->store == NULL || (d->alarms.priority >= PRIORITY_NONE ? show_stored(d) : empty_lost(d));
}

bool alarms_step(struct deliver *d)
{
    struct alarms *alarms = &d->alarms;
    while (alarms->running && show_direct(d) && show_rest(d)) {
        --alarms->priority;
        alarms->taken = 0;
        alarms->complete = false;
        alarms->running = d->store != NULL && alarms->priority >= PRIORITY_NONE - 1;
    }
    return !alarms->running;
}
