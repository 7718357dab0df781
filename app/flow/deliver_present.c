#include <assert.h>
#include <string.h>

#include "app/flow/deliver_internal.h"

static const struct engine_config *config_of(const struct deliver *d)
{
    return d->context->config;
}

/* ---- status ---- */

bool present_status(struct deliver *d, const char *state)
{
    char topic[PAYLOAD_TOPIC_MAX];
    const uint32_t connects = atomic_load(&d->config.board->uplink_connects);
    const size_t length = payload_status(d->context, state, connects, d->wall_ms, d->scratch, DELIVER_SCRATCH_MAX);
    assert(length > 0);
    topic_of_gateway(d->context, "status", topic);
    return link_publish_state(d, topic, d->scratch, length, 0); /* never expires: the will cannot either */
}

/* ---- alarms ---- */

static size_t write_alarm(struct deliver *d, const char *json, size_t length, bool ended, char *out)
{
    return ended ? 0
                 : payload_alarm(json, length, d->wall_ms + PAYLOAD_ALARM_EXPIRY_MS, out, DELIVER_ALARM_PAYLOAD_MAX);
}

static bool publish_alarm(struct deliver *d, const char *topic, const char *payload, size_t length)
{
    return link_publish_state(d, topic, payload, length, length > 0 ? PAYLOAD_ALARM_EXPIRY_MS : 0);
}

void present_alarm(struct deliver *d, const char *bed, const char *alarm, const char *json, size_t length, bool ended)
{
    struct present *present = &d->present;
    assert(!present->owes);
    topic_of_alarm(d->context, bed, alarm, present->owed_topic);
    present->owed_length = write_alarm(d, json, length, ended, present->owed);
    present->owes = true;
    (void)present_settle(d);
}

bool present_settle(struct deliver *d)
{
    struct present *present = &d->present;
    if (present->owes && publish_alarm(d, present->owed_topic, present->owed, present->owed_length)) {
        present->owes = false;
    }
    return !present->owes;
}

static void begin_pass(struct deliver *d, bool with_ended)
{
    d->present.pass = (struct alarm_pass){.running = true, .with_ended = with_ended, .priority = PRIORITY_HIGH};
    d->present.pass_failed = false;
    d->present.alarms_us = d->now_us + DELIVER_ALARMS_US;
}

/* A store that cannot be read must not hold up the rest, least of all what goes around it. */
static void fail_pass(struct deliver *d)
{
    d->present.pass.running = false;
    d->present.pass_failed = true;
    d->present.alarms_us = d->now_us + DELIVER_STORE_RETRY_US;
}

/* An alert's seq from its content, which payload_alert wrote: no text stands before it. */
static uint64_t seq_of(const char *json, size_t length)
{
    static const char key[] = ",\"seq\":";
    const char *at = memmem(json, length, key, sizeof key - 1);
    uint64_t seq = 0;
    if (at != NULL) {
        for (at += sizeof key - 1; at < json + length && *at >= '0' && *at <= '9'; ++at) {
            seq = seq * 10 + (uint64_t)(*at - '0');
        }
    }
    return seq;
}

static bool show_stored_alarm(struct deliver *d, const struct store_alarm *alarm)
{
    char topic[PAYLOAD_TOPIC_MAX];
    if (direct_is_newer(d, alarm->bed, alarm->alarm, seq_of(alarm->json, alarm->json_length))) {
        return true; /* shown by that one */
    }
    topic_of_alarm(d->context, alarm->bed, alarm->alarm, topic);
    const size_t length = write_alarm(d, alarm->json, alarm->json_length, alarm->ended, d->scratch);
    return publish_alarm(d, topic, d->scratch, length);
}

static bool visit_alarm(void *context, const struct store_alarm *alarm)
{
    struct deliver *d = context;
    struct alarm_pass *pass = &d->present.pass;
    if (alarm->priority != pass->priority || (alarm->ended && !pass->with_ended)) {
        return true;
    }
    if (pass->visited++ < pass->done) {
        return true;
    }
    if (!show_stored_alarm(d, alarm)) {
        return false;
    }
    ++pass->done;
    return true;
}

/* True when all alarms of the pass's priority were shown. */
static bool show_stored_alarms(struct deliver *d)
{
    struct alarm_pass *pass = &d->present.pass;
    pass->visited = 0;
    const enum status status = store_each_alarm(d->store, visit_alarm, d);
    if (status != STATUS_OK &&
        status != STATUS_CORRUPT) { /* a damaged one is passed over: what is retained of it expires */
        fail_pass(d);
        return false;
    }
    return pass->visited == pass->done;
}

/* What is direct is newer than anything stored. */
static bool show_direct_alarms(struct deliver *d)
{
    for (uint16_t *i = &d->present.pass.direct; *i < DELIVER_DIRECT_MAX; ++*i) {
        const struct direct_slot *slot = &d->direct[*i];
        char name[ALARM_NAME_MAX];
        char topic[PAYLOAD_TOPIC_MAX];
        if (!direct_is_newest(d, *i) || slot->state == DIRECT_WAITING) { /* a waiting one goes behind its alert */
            continue;
        }
        alarm_name(config_of(d), &slot->alert.alert.key, name);
        topic_of_alarm(d->context, direct_bed(d, slot), name, topic);
        const size_t length = write_alarm(d, slot->alert.json, slot->alert.json_length,
                                          slot->alert.alert.state == ALARM_ENDED, d->scratch);
        if (!publish_alarm(d, topic, d->scratch, length)) {
            return false;
        }
    }
    return true;
}

/* Goes on with the pass; true when it is over. It waits for half the window, because each visit of the store starts at its first alarm. */
static bool continue_pass(struct deliver *d)
{
    struct alarm_pass *pass = &d->present.pass;
    while (pass->running && link_in_flight(d, FLIGHT_STATE) <= d->link.window / 2) {
        if (!show_direct_alarms(d) || (d->store != NULL && !show_stored_alarms(d))) {
            break;
        }
        --pass->priority;
        pass->done = 0;
        pass->running = d->store != NULL && pass->priority >= PRIORITY_NONE;
    }
    return !pass->running;
}

/* ---- settings and vitals ---- */

static bool show_settings(struct deliver *d, uint16_t index)
{
    struct bed_view view;
    char topic[PAYLOAD_TOPIC_MAX];
    struct bed_present *bed = &d->present.beds[index];
    if (board_take(d->config.board, index, &view) == 0) {
        return true; /* nothing is known yet; the first view makes them due */
    }
    const size_t length = payload_settings(d->context, &view, deliver_correction_ms(d), d->wall_ms,
                                           d->wall_ms + PAYLOAD_SETTINGS_EXPIRY_MS, d->scratch, DELIVER_SCRATCH_MAX);
    assert(length > 0);
    topic_of_bed(d->context, config_of(d)->beds[index].id, "settings", topic);
    if (!link_publish_state(d, topic, d->scratch, length, PAYLOAD_SETTINGS_EXPIRY_MS)) {
        return false;
    }
    bed->settings_due = false;
    bed->settings_stay = view.stay;
    return true;
}

static bool show_due_settings(struct deliver *d)
{
    for (uint16_t i = 0; i < config_of(d)->bed_count; ++i) {
        if (d->present.beds[i].settings_due && !show_settings(d, i)) {
            return false;
        }
    }
    return true;
}

static void make_settings_due(struct deliver *d)
{
    for (uint16_t i = 0; i < config_of(d)->bed_count; ++i) {
        d->present.beds[i].settings_due = true;
    }
    d->present.settings_us = d->now_us + DELIVER_SETTINGS_US;
}

static const struct channel_config *channel_of(const struct bed_config *bed, uint8_t vital)
{
    for (unsigned i = 0; i < bed->channel_count; ++i) {
        if (bed->channels[i].vital == (enum vital)vital) {
            return &bed->channels[i];
        }
    }
    return NULL;
}

/* The engine takes a value out of its view when it goes stale. Should its thread stand still, the value must not stay current here. */
static void drop_stale(struct deliver *d, struct bed_view *view)
{
    const int64_t now_ms = deliver_engine_ms(d);
    for (unsigned i = 0; i < view->vital_count; ++i) {
        struct vital_view *vital = &view->vitals[i];
        const struct channel_config *channel = channel_of(&config_of(d)->beds[view->bed], vital->vital);
        if (vital->quality != QUALITY_VALID || vital->age_unknown || channel == NULL) {
            continue;
        }
        const int64_t standing_ms = (int64_t)channel->period_ms * 3 / 2;
        const int64_t stale_ms = channel->stale_ms > standing_ms ? channel->stale_ms : standing_ms;
        if (now_ms - vital->at_ms > stale_ms + DELIVER_STATE_IS_TOO_OLD_MS) {
            vital->quality = QUALITY_STALE;
        }
    }
}

static bool validity_changed(const struct bed_present *bed, const struct bed_view *view)
{
    for (unsigned i = 0; i < view->vital_count; ++i) {
        if (bed->quality[i] != view->vitals[i].quality) {
            return true;
        }
    }
    return false;
}

static bool show_vitals(struct deliver *d, uint64_t version, const struct bed_view *view)
{
    struct bed_present *bed = &d->present.beds[view->bed];
    char topic[PAYLOAD_TOPIC_MAX];
    const size_t length = payload_vitals(d->context, view, deliver_correction_ms(d),
                                         d->wall_ms + PAYLOAD_VITALS_EXPIRY_MS, d->scratch, DELIVER_SCRATCH_MAX);
    assert(length > 0);
    topic_of_bed(d->context, config_of(d)->beds[view->bed].id, "vitals", topic);
    if (!link_publish_figures(d, topic, d->scratch, length, PAYLOAD_VITALS_EXPIRY_MS)) {
        return false;
    }
    bed->version = version;
    bed->vitals_us = d->now_us;
    bed->vitals_due = false;
    for (unsigned i = 0; i < view->vital_count; ++i) {
        bed->quality[i] = view->vitals[i].quality;
    }
    return true;
}

/* News as soon as the interval allows, a change of validity at once, the same again before 10 s are over. */
static bool show_vitals_when_due(struct deliver *d, uint16_t index)
{
    struct bed_view view;
    struct bed_present *bed = &d->present.beds[index];
    const bool news = board_version(d->config.board, index) != bed->version;
    int64_t due_us = bed->vitals_us + (news ? (int64_t)d->config.publish_interval_ms * 1000 : DELIVER_VITALS_REPEAT_US);
    if (!news && !bed->vitals_due && d->now_us < due_us) {
        deliver_due(d, due_us);
        return true;
    }
    const uint64_t version = board_take(d->config.board, index, &view);
    if (version == 0) {
        return true;
    }
    bed->settings_due = bed->settings_due || bed->settings_stay != view.stay || bed->version == 0;
    if (!news) {
        view.at_ms = deliver_engine_ms(d); /* no news: what the view says is so now */
    }
    drop_stale(d, &view);
    if (bed->vitals_due || d->now_us >= due_us || validity_changed(bed, &view)) {
        return show_vitals(d, version, &view);
    }
    deliver_due(d, due_us);
    return true;
}

static bool show_all_vitals(struct deliver *d)
{
    for (uint16_t i = 0; i < config_of(d)->bed_count; ++i) {
        if (!show_vitals_when_due(d, i)) {
            return false;
        }
    }
    return true;
}

/* ---- health ---- */

static bool show_health(struct deliver *d)
{
    char topic[PAYLOAD_TOPIC_MAX];
    const size_t length = d->config.health(d->config.health_context, d->wall_ms, d->scratch, PAYLOAD_HEALTH_MAX);
    topic_of_gateway(d->context, "health", topic);
    return length == 0 || link_publish_figures(d, topic, d->scratch, length, PAYLOAD_HEALTH_EXPIRY_MS);
}

/* ---- on connect, and from then on ---- */

void present_begin(struct deliver *d)
{
    struct present *present = &d->present;
    present->stage = PRESENT_STATUS;
    present->owes = false;
    present->health_us = d->now_us;
    d->outbox.begun = false;
    d->outbox.newest = atomic_load(d->config.committed_row);
    for (uint16_t i = 0; i < config_of(d)->bed_count; ++i) {
        present->beds[i].vitals_due = true;
    }
    make_settings_due(d);
    begin_pass(d, true);
}

static bool pass_stage(struct deliver *d)
{
    switch (d->present.stage) {
    case PRESENT_STATUS:
        return present_status(d, "online");
    case PRESENT_ALARMS:
        return continue_pass(d);
    case PRESENT_SETTINGS:
        return show_due_settings(d);
    case PRESENT_VITALS:
        return show_all_vitals(d);
    case PRESENT_COMPLETE:
        break;
    }
    return false;
}

bool present_step(struct deliver *d)
{
    while (d->present.stage != PRESENT_COMPLETE && pass_stage(d)) {
        ++d->present.stage;
    }
    return d->present.stage == PRESENT_COMPLETE;
}

void present_refresh(struct deliver *d)
{
    struct present *present = &d->present;
    if (d->now_us >= present->alarms_us) {
        begin_pass(d, present->pass_failed);
    }
    if (d->now_us >= present->settings_us) {
        make_settings_due(d);
    }
    if (d->now_us >= present->health_us && show_health(d)) {
        present->health_us = d->now_us + DELIVER_HEALTH_US;
    }
    (void)continue_pass(d);
    (void)show_all_vitals(d);
    (void)show_due_settings(d);
    deliver_due(d, present->alarms_us);
    deliver_due(d, present->settings_us);
    deliver_due(d, present->health_us);
}
