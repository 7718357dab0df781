/*
 * The retained scores and estimates: each when it changes in what it says (points, what is missing, scale, when the next
 * round is due; a probability, a category), not for a value that gives the same; again before it expires; emptied when the
 * stay ends.
 */
#include <assert.h>

#include "app/flow/deliver_internal.h"

#define TOPICS SCORES_TOPICS

_Static_assert(SCORE_COUNT + ESTIMATES_MAX <= 32, "sets of topics are 32 bits");

static struct score_said said_of(const struct deliver *d, const struct bed_view *view, enum score score)
{
    const uint32_t interval_ms = d->context->config->beds[view->bed].observation_interval_ms;
    struct score_said said = {
        .stay = view->stay, .result = view->scoring.results[score], .spo2_scale = view->spo2_scale};
    (void)scoring_due(&view->scoring, score, interval_ms, &said.due_ms);
    return said;
}

/* Member by member: structs have gaps whose bytes say nothing. */
static bool is_same_score(const struct score_said *a, const struct score_said *b)
{
    bool same = a->stay == b->stay && a->due_ms == b->due_ms && a->spo2_scale == b->spo2_scale &&
                a->result.missing == b->result.missing && a->result.total_milli == b->result.total_milli &&
                a->result.least_milli == b->result.least_milli && a->result.band == b->result.band;
    for (unsigned part = 0; part < SCORE_PART_COUNT; ++part) {
        same = same && a->result.points[part] == b->result.points[part];
    }
    return same;
}

static bool is_same_estimate(const struct estimate_said *said, const struct bed_view *view, unsigned estimate)
{
    const struct estimate_result *was = &said->result, *is = &view->estimates.results[estimate];
    return said->stay == view->stay && was->missing == is->missing && was->complete == is->complete &&
           was->category == is->category && was->reached == is->reached &&
           payload_probability_milli(was) == payload_probability_milli(is);
}

/* Topics of this bed, those of scores first. */
static uint32_t kept(const struct bed_view *view)
{
    return view->scoring.scores | (uint32_t)view->estimates.kept << SCORE_COUNT;
}

static bool is_news(const struct deliver *d, const struct bed_view *view, unsigned topic)
{
    const struct bed_present *bed = &d->present.beds[view->bed];
    if (topic >= SCORE_COUNT) {
        return !is_same_estimate(&bed->estimated[topic - SCORE_COUNT], view, topic - SCORE_COUNT);
    }
    const struct score_said said = said_of(d, view, (enum score)topic);
    return !is_same_score(&said, &bed->said[topic]);
}

static void note_said(struct deliver *d, const struct bed_view *view, unsigned topic)
{
    struct bed_present *bed = &d->present.beds[view->bed];
    if (topic < SCORE_COUNT) {
        bed->said[topic] = said_of(d, view, (enum score)topic);
    } else {
        bed->estimated[topic - SCORE_COUNT] =
            (struct estimate_said){.stay = view->stay, .result = view->estimates.results[topic - SCORE_COUNT]};
    }
}

void scores_note(struct deliver *d, const struct bed_view *view)
{
    struct bed_present *bed = &d->present.beds[view->bed];
    for (unsigned topic = 0; topic < TOPICS; ++topic) {
        if ((kept(view) >> topic & 1U) != 0) {
            bed->scores_due |= (is_news(d, view, topic) ? UINT32_C(1) : 0U) << topic;
        }
    }
}

static bool has_said(const struct bed_present *bed, unsigned topic)
{
    return topic < SCORE_COUNT ? bed->said[topic].stay != 0 : bed->estimated[topic - SCORE_COUNT].stay != 0;
}

void scores_make_due(struct deliver *d, bool emptied_too)
{
    for (uint16_t i = 0; i < d->context->config->bed_count; ++i) {
        struct bed_present *bed = &d->present.beds[i];
        for (unsigned topic = 0; topic < TOPICS; ++topic) {
            bed->scores_due |= (emptied_too || has_said(bed, topic) ? UINT32_C(1) : 0U) << topic;
        }
        bed->scores_us = INT64_MIN;
    }
}

static const char *name_of(const struct deliver *d, unsigned topic)
{
    return topic < SCORE_COUNT ? score_name((enum score)topic)
                               : payload_estimate_name(d->context->config, topic - SCORE_COUNT);
}

static size_t write_payload(struct deliver *d, const struct bed_view *view, unsigned topic)
{
    const int64_t expires_ms = d->wall_ms + PAYLOAD_SCORE_EXPIRY_MS, correction_ms = deliver_correction_ms(d);
    const size_t length = topic < SCORE_COUNT ? payload_score(d->context, view, (enum score)topic, correction_ms,
                                                              expires_ms, d->scratch, PAYLOAD_SCORE_MAX)
                                              : payload_estimate(d->context, view, topic - SCORE_COUNT, correction_ms,
                                                                 expires_ms, d->scratch, PAYLOAD_SCORE_MAX);
    assert(length > 0);
    return length;
}

/* A vacant bed has none: the topic is emptied. */
static bool show(struct deliver *d, const struct bed_view *view, unsigned place)
{
    char topic[PAYLOAD_TOPIC_MAX], leaf[sizeof "score/" + COMMAND_ID_MAX];
    const size_t length = view->stay != 0 ? write_payload(d, view, place) : 0;
    (void)snprintf(leaf, sizeof leaf, "score/%s", name_of(d, place));
    topic_of_bed(d->context, d->context->config->beds[view->bed].id, leaf, topic);
    return link_publish_state(d, topic, d->scratch, length, length > 0 ? PAYLOAD_SCORE_EXPIRY_MS : 0);
}

static bool show_bed(struct deliver *d, uint16_t index)
{
    struct bed_view view;
    struct bed_present *bed = &d->present.beds[index];
    if (board_take(d->config.board, index, &view) == 0) {
        bed->scores_due = 0; /* the first view makes them due */
        return true;
    }
    for (unsigned topic = 0; topic < TOPICS; ++topic) {
        if ((bed->scores_due & kept(&view) & UINT32_C(1) << topic) == 0) {
            continue;
        }
        if (!link_has_spare_room(d) || !show(d, &view, topic)) {
            return false;
        }
        note_said(d, &view, topic);
        bed->scores_due &= ~(UINT32_C(1) << topic);
    }
    bed->scores_due = 0;
    bed->scores_us = d->now_us + (int64_t)d->config.publish_interval_ms * 1000;
    return true;
}

bool scores_show(struct deliver *d)
{
    for (uint16_t i = 0; i < d->context->config->bed_count; ++i) {
        const struct bed_present *bed = &d->present.beds[i];
        if (bed->scores_due == 0) {
            continue;
        }
        if (d->now_us < bed->scores_us) {
            deliver_due(d, bed->scores_us);
        } else if (!show_bed(d, i)) {
            return false;
        }
    }
    return true;
}

const char *scores_name_at(const struct deliver *d, uint16_t bed, unsigned topic)
{
    struct bed_view view;
    const bool is_told = board_take(d->config.board, bed, &view) != 0 && (kept(&view) >> topic & 1U) != 0;
    return is_told ? name_of(d, topic) : NULL;
}

bool scores_empty_at(struct deliver *d, const char *bed, const char *name)
{
    char topic[PAYLOAD_TOPIC_MAX], leaf[sizeof "score/" + SCORE_NAME_MAX];
    (void)snprintf(leaf, sizeof leaf, "score/%s", name);
    topic_of_bed(d->context, bed, leaf, topic);
    return link_has_spare_room(d) && link_publish_state(d, topic, d->scratch, 0, 0);
}

/* At each bed that has it not: nobody knows which of them had it. */
static bool empty_at_beds(struct deliver *d, const char *name)
{
    const struct engine_config *config = d->context->config;
    for (uint16_t *bed = &d->present.gone_bed; *bed < config->bed_count; ++*bed) {
        if (!score_name_is_kept_at(config, *bed, name) && !scores_empty_at(d, config->beds[*bed].id, name)) {
            return false;
        }
    }
    d->present.gone_bed = 0;
    return true;
}

bool scores_empty_gone(struct deliver *d)
{
    const struct score_names *known = d->config.known_scores;
    for (uint32_t *i = &d->present.gone_score; known != NULL && *i < known->count; ++*i) {
        if (!empty_at_beds(d, known->names[*i])) {
            return false;
        }
    }
    return true;
}
