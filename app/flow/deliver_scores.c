/*
 * The retained scores: each when it changes in what it says (points, what is missing, scale, when the next round is due),
 * not for a value that gives the same points; again before it expires; emptied when the stay ends.
 */
#include <assert.h>

#include "app/flow/deliver_internal.h"

static struct score_said said_of(const struct deliver *d, const struct bed_view *view, enum score score)
{
    const uint32_t interval_ms = d->context->config->beds[view->bed].observation_interval_ms;
    struct score_said said = {
        .stay = view->stay, .result = view->scoring.results[score], .spo2_scale = view->spo2_scale};
    (void)scoring_due(&view->scoring, score, interval_ms, &said.due_ms);
    return said;
}

/* Member by member: structs have gaps whose bytes say nothing. */
static bool is_same(const struct score_said *a, const struct score_said *b)
{
    bool same = a->stay == b->stay && a->due_ms == b->due_ms && a->spo2_scale == b->spo2_scale &&
                a->result.missing == b->result.missing && a->result.total_milli == b->result.total_milli &&
                a->result.least_milli == b->result.least_milli && a->result.band == b->result.band;
    for (unsigned part = 0; part < SCORE_PART_COUNT; ++part) {
        same = same && a->result.points[part] == b->result.points[part];
    }
    return same;
}

static bool is_kept(const struct bed_view *view, enum score score)
{
    return (view->scoring.scores >> score & 1U) != 0;
}

void scores_note(struct deliver *d, const struct bed_view *view)
{
    struct bed_present *bed = &d->present.beds[view->bed];
    for (enum score score = 0; score < SCORE_COUNT; ++score) {
        if (is_kept(view, score)) {
            const struct score_said said = said_of(d, view, score);
            bed->scores_due |= (uint16_t)((is_same(&said, &bed->said[score]) ? 0U : 1U) << score);
        }
    }
}

void scores_make_due(struct deliver *d, bool emptied_too)
{
    for (uint16_t i = 0; i < d->context->config->bed_count; ++i) {
        struct bed_present *bed = &d->present.beds[i];
        for (enum score score = 0; score < SCORE_COUNT; ++score) {
            bed->scores_due |= (uint16_t)((emptied_too || bed->said[score].stay != 0 ? 1U : 0U) << score);
        }
        bed->scores_us = INT64_MIN;
    }
}

static bool show(struct deliver *d, const struct bed_view *view, enum score score)
{
    char topic[PAYLOAD_TOPIC_MAX], leaf[sizeof "score/" + COMMAND_ID_MAX];
    size_t length = 0; /* a vacant bed has none: the topic is emptied */
    if (view->stay != 0) {
        length = payload_score(d->context, view, score, deliver_correction_ms(d), d->wall_ms + PAYLOAD_SCORE_EXPIRY_MS,
                               d->scratch, PAYLOAD_SCORE_MAX);
        assert(length > 0);
    }
    (void)snprintf(leaf, sizeof leaf, "score/%s", score_name(score));
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
    for (enum score score = 0; score < SCORE_COUNT; ++score) {
        if ((bed->scores_due >> score & 1U) == 0 || !is_kept(&view, score)) {
            continue;
        }
        if (!link_has_spare_room(d) || !show(d, &view, score)) {
            return false;
        }
        bed->said[score] = said_of(d, &view, score);
        bed->scores_due &= (uint16_t) ~(1U << score);
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
