#include <assert.h>
#include <string.h>

#include "app/flow/deliver_internal.h"

static const struct engine_config *config_of(const struct deliver *d)
{
    return d->context->config;
}

/* ---- status ---- */

bool present_status(struct deliver *d, const char *state, const char *reason)
{
    char topic[PAYLOAD_TOPIC_MAX];
    const uint32_t connects = atomic_load(&d->config.board->uplink_connects);
    const size_t length =
        payload_status(d->context, state, reason, connects, d->wall_ms, d->scratch, DELIVER_SCRATCH_MAX);
    assert(length > 0);
    topic_of_gateway(d->context, "status", topic);
    return link_publish_state(d, topic, d->scratch, length, 0); /* never expires: the will cannot either */
}

/* ---- settings and vitals ---- */

enum { OXYGEN_UNKNOWN, OXYGEN_NONE, OXYGEN_GIVEN };

static uint8_t oxygen_of(const struct bed_view *view)
{
    const struct scored_part *oxygen = &view->scoring.parts[SCORE_PART_oxygen];
    const uint8_t known = oxygen->value_milli == SCORE_AIR_MILLI ? OXYGEN_NONE : OXYGEN_GIVEN;
    return oxygen->known ? known : OXYGEN_UNKNOWN;
}

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
    bed->settings_away_until_ms = view.away_until_ms;
    memcpy(bed->settings_limits, view.limits, sizeof bed->settings_limits);
    memcpy(bed->settings_pauses, view.pauses, sizeof bed->settings_pauses);
    bed->settings_scale = view.spo2_scale;
    bed->settings_oxygen = oxygen_of(&view);
    return true;
}

static bool settings_changed(const struct bed_present *bed, const struct bed_view *view)
{
    return bed->version == 0 || bed->settings_stay != view->stay ||
           bed->settings_away_until_ms != view->away_until_ms || bed->settings_scale != view->spo2_scale ||
           bed->settings_oxygen != oxygen_of(view) ||
           memcmp(bed->settings_limits, view->limits, sizeof bed->settings_limits) != 0 ||
           memcmp(bed->settings_pauses, view->pauses, sizeof bed->settings_pauses) != 0;
}

static bool show_due_settings(struct deliver *d)
{
    for (uint16_t i = 0; i < config_of(d)->bed_count; ++i) {
        if (d->present.beds[i].settings_due && (!link_has_spare_room(d) || !show_settings(d, i))) {
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

/* The engine takes a value out of its view when it goes stale. Should its thread stand still, the value must not stay
 * current here. */
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
        if (now_ms - vital->at_ms > stale_ms + DELIVER_STALE_GRACE_MS) {
            vital->quality = QUALITY_STALE;
        }
    }
}

static bool validity_changed(const struct bed_present *bed, const struct bed_view *view)
{
    for (unsigned i = 0; i < view->vital_count; ++i) {
        if (bed->quality[view->vitals[i].vital] != view->vitals[i].quality) {
            return true;
        }
    }
    return false;
}

static int64_t interval_us_of(const struct deliver *d)
{
    return (int64_t)d->config.publish_interval_ms * 1000;
}

/* The first tick from an instant on: all beds have the same ones, an interval apart, so that one round serves them all. */
static int64_t tick_from(const struct deliver *d, int64_t at_us)
{
    const int64_t interval_us = interval_us_of(d);
    return (at_us + interval_us - 1) / interval_us * interval_us;
}

/* Whether there is anything newer than what was shown. None at a tick: no more ticks, the next news wake us again. */
static bool has_news(struct deliver *d, uint16_t index)
{
    struct bed_present *bed = &d->present.beds[index];
    const bool news = board_version(d->config.board, index) != bed->version;
    if (news || bed->tick_us == 0 || d->now_us < bed->tick_us) {
        return news;
    }
    bed->tick_us = 0;
    return board_want(d->config.board, index, true) != bed->version;
}

/* News that come too soon wait for a tick, and do not wake us any more. It may be an interval late for this bed: then
 * what is promised of the longest silence comes first. */
static int64_t news_due_us(struct deliver *d, uint16_t index)
{
    struct bed_present *bed = &d->present.beds[index];
    const int64_t allowed_us = bed->vitals_us + interval_us_of(d);
    const int64_t repeat_us = bed->vitals_us + DELIVER_VITALS_REPEAT_US;
    const int64_t latest_us = allowed_us > repeat_us ? allowed_us : repeat_us;
    if (bed->tick_us == 0 && d->now_us >= allowed_us) {
        return allowed_us;
    }
    if (bed->tick_us == 0) {
        bed->tick_us = tick_from(d, allowed_us);
        (void)board_want(d->config.board, index, false);
    }
    return bed->tick_us < latest_us ? bed->tick_us : latest_us;
}

/* When its vitals are to be looked at again; news: there are some that were not shown. */
static int64_t vitals_due_us(struct deliver *d, uint16_t index, bool news)
{
    const struct bed_present *bed = &d->present.beds[index];
    const int64_t repeat_us = bed->vitals_us + DELIVER_VITALS_REPEAT_US;
    if (news) {
        return news_due_us(d, index);
    }
    return bed->tick_us != 0 && bed->tick_us < repeat_us ? bed->tick_us : repeat_us;
}

/* A tick after a tick, however late this round came to its own; what went out in between has its whole interval. */
static void note_shown(struct deliver *d, struct bed_present *bed)
{
    if (bed->tick_us != 0) {
        const int64_t interval_us = interval_us_of(d);
        bed->tick_us = tick_from(d, d->now_us + (d->now_us >= bed->tick_us ? interval_us / 2 : interval_us));
    }
    bed->vitals_us = d->now_us;
    bed->vitals_due = false;
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
    note_shown(d, bed);
    for (unsigned i = 0; i < view->vital_count; ++i) {
        bed->quality[view->vitals[i].vital] = view->vitals[i].quality;
    }
    return true;
}

/* News as soon as the interval allows, a change of validity at once, the same again before 10 s are over. */
static bool show_vitals_when_due(struct deliver *d, uint16_t index)
{
    struct bed_view view;
    struct bed_present *bed = &d->present.beds[index];
    const uint64_t changes = board_changes(d->config.board, index); /* the view is at least as new */
    const bool news = has_news(d, index);
    const bool is_due = bed->vitals_due || d->now_us >= vitals_due_us(d, index, news);
    if (is_due || changes != bed->changes) {
        const uint64_t version = board_take(d->config.board, index, &view);
        if (version == 0) {
            return true;
        }
        bed->settings_due = bed->settings_due || settings_changed(bed, &view);
        scores_note(d, &view);
        if (!news) {
            view.at_ms = deliver_engine_ms(d); /* no news: what the view says is so now */
        }
        drop_stale(d, &view);
        ward_note(d, &view);
        if ((is_due || validity_changed(bed, &view)) && !show_vitals(d, version, &view)) {
            return false;
        }
        bed->changes = changes;
    }
    deliver_due(d, vitals_due_us(d, index, board_version(d->config.board, index) != bed->version));
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

/* ---- beds that are gone ---- */

enum { LEAVES = 2 };

/* Its vitals, its settings, then all scores and estimates that ever were; false: not now. */
static bool empty_topic(struct deliver *d, const char *bed, unsigned which)
{
    static const char *const leaves[LEAVES] = {"vitals", "settings"};
    char topic[PAYLOAD_TOPIC_MAX];
    if (which >= LEAVES + SCORE_COUNT) {
        return scores_empty_at(d, bed, d->config.known_scores->names[which - LEAVES - SCORE_COUNT]);
    }
    if (which >= LEAVES) {
        return scores_empty_at(d, bed, score_name((enum score)(which - LEAVES)));
    }
    topic_of_bed(d->context, bed, leaves[which], topic);
    return link_has_spare_room(d) && link_publish_state(d, topic, d->scratch, 0, 0);
}

/* Scores are emptied without the list, too. */
static bool is_told_already(const struct deliver *d, unsigned which)
{
    const char *name = which >= LEAVES + SCORE_COUNT ? d->config.known_scores->names[which - LEAVES - SCORE_COUNT] : "";
    return score_by_name(name, strlen(name)) != SCORE_COUNT;
}

/* Else what was retained of them would stand there until it expires, and for ever with MQTT 3.1.1. */
static bool empty_gone(struct deliver *d)
{
    struct present *present = &d->present;
    const struct bed_numbers *known = d->config.known_beds;
    const unsigned topics = LEAVES + SCORE_COUNT + (d->config.known_scores != NULL ? d->config.known_scores->count : 0);
    size_t next = present->gone_at;
    const char *id;
    while (known != NULL && (id = bed_numbers_next(known, &next)) != NULL) {
        const bool gone = bed_index(config_of(d), id) == BED_NONE;
        for (; gone && present->gone_topic < topics; ++present->gone_topic) {
            if (!is_told_already(d, present->gone_topic) && !empty_topic(d, id, present->gone_topic)) {
                return false;
            }
        }
        present->gone_topic = 0;
        present->gone_at = next;
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
    present->gone_is_left = true;
    present->gone_at = 0;
    present->gone_topic = 0;
    present->gone_score = 0;
    present->gone_bed = 0;
    d->alarms.owes = false;
    present->health_us = d->now_us;
    d->outbox.begun = false;
    d->outbox.newest = atomic_load(d->config.committed_row);
    for (uint16_t i = 0; i < config_of(d)->bed_count; ++i) {
        present->beds[i].vitals_due = true;
    }
    make_settings_due(d);
    scores_make_due(d, true);
    alarms_begin(d, true);
}

static bool pass_stage(struct deliver *d)
{
    switch (d->present.stage) {
    case PRESENT_STATUS:
        clock_note(d);
        return present_status(d, "online", NULL);
    case PRESENT_ALARMS:
        return alarms_step(d);
    case PRESENT_SETTINGS:
        return show_due_settings(d);
    case PRESENT_VITALS:
        return show_all_vitals(d);
    case PRESENT_SCORES:
        return scores_show(d);
    case PRESENT_WARD:
        return ward_show(d);
    case PRESENT_CLOCK:
        return clock_show(d);
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

/* What is retained tells when it expires: after a step of the wall clock all of it is told anew. */
static void show_all_again(struct deliver *d)
{
    for (uint16_t i = 0; i < config_of(d)->bed_count; ++i) {
        d->present.beds[i].vitals_due = true;
    }
    make_settings_due(d);
    scores_make_due(d, false);
    d->alarms.due_us = d->present.health_us = d->now_us;
    d->ward.is_news = d->clock.is_owed = true;
}

void present_refresh(struct deliver *d)
{
    struct present *present = &d->present;
    if (clock_was_set(d)) {
        show_all_again(d);
    }
    if (d->now_us >= d->alarms.due_us) {
        alarms_begin(d, d->alarms.failed);
    }
    if (d->now_us >= present->settings_us) {
        make_settings_due(d);
        scores_make_due(d, false);
    }
    if (d->now_us >= present->health_us) { /* one that cannot go is no reason to turn in circles */
        present->health_us = d->now_us + (show_health(d) ? DELIVER_HEALTH_US : DELIVER_HEALTH_AGAIN_US);
    }
    (void)alarms_step(d);
    (void)show_all_vitals(d);
    (void)show_due_settings(d);
    (void)scores_show(d);
    ward_refresh(d);
    clock_refresh(d);
    if (present->gone_is_left && !(empty_gone(d) && scores_empty_gone(d))) {
        deliver_due(d, d->now_us + DELIVER_RETRY_US);
    } else {
        present->gone_is_left = false;
    }
    deliver_due(d, d->alarms.due_us);
    deliver_due(d, present->settings_us);
    deliver_due(d, present->health_us);
}
