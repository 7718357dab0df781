/* A score of a bed. */
#include "app/flow/payload_internal.h"

static bool has(unsigned parts, unsigned part)
{
    return (parts >> part & 1U) != 0;
}

static void put_band(struct json *json, const char *key, bool has_it, enum score score, unsigned band)
{
    json_text(json, key, has_it ? score_band_word(score, band) : NULL);
}

static void put_instant(struct json *json, const char *key, bool has_it, int64_t wall_ms)
{
    if (has_it) {
        json_time(json, key, wall_ms);
    } else {
        json_null(json, key);
    }
}

static void put_missing(struct json *json, unsigned missing)
{
    json_open_array(json, "missing");
    for (unsigned part = 0; part < SCORE_PART_COUNT; ++part) {
        if (has(missing, part)) {
            json_text(json, NULL, score_part_name((enum score_part)part));
        }
    }
    json_close_array(json);
}

static void put_part(struct json *json, const struct bed_view *view, enum score score, enum score_part part,
                     int64_t correction_ms)
{
    const struct scored_part *from = &view->scoring.parts[part];
    const struct score_result *result = &view->scoring.results[score];
    const char *word = part == SCORE_PART_oxygen ? (from->value_milli == SCORE_AIR_MILLI ? "air" : "oxygen")
                                                 : entry_word((enum vital)from->source, from->value_milli);
    json_open_object(json, score_part_name(part));
    if (word != NULL) {
        json_text(json, "value", word);
    } else {
        json_milli(json, "value", from->value_milli);
    }
    if (score_is_ratio(score) || has(result->missing, part)) {
        json_null(json, "points");
    } else {
        json_unsigned(json, "points", (uint64_t)result->points[part]);
    }
    json_time(json, "at", from->at_ms + correction_ms);
    json_text(json, "source", vital_info((enum vital)from->source)->name);
    json_text(json, "by", from->entered ? "nurse" : "monitor");
    json_close_object(json);
}

static void put_parts(struct json *json, const struct bed_view *view, enum score score, int64_t correction_ms)
{
    json_open_object(json, "parts");
    for (unsigned part = 0; part < SCORE_PART_COUNT; ++part) {
        if (has(score_parts(score), part) && view->scoring.parts[part].known) {
            put_part(json, view, score, (enum score_part)part, correction_ms);
        }
    }
    json_close_object(json);
}

static void put_times(struct json *json, const struct payload_context *context, const struct bed_view *view,
                      enum score score, int64_t correction_ms)
{
    const uint32_t interval_ms = context->config->beds[view->bed].observation_interval_ms;
    int64_t oldest_ms = 0, due_ms = 0;
    const bool has_oldest = scoring_oldest(&view->scoring, score, &oldest_ms);
    const bool has_due = scoring_due(&view->scoring, score, interval_ms, &due_ms);
    put_instant(json, "oldest_at", has_oldest, oldest_ms + correction_ms);
    put_instant(json, "due_at", has_due, due_ms + correction_ms);
}

size_t payload_score(const struct payload_context *context, const struct bed_view *view, enum score score,
                     int64_t correction_ms, int64_t expires_wall_ms, char *out, size_t size)
{
    const struct score_result *result = &view->scoring.results[score];
    struct json json;
    json_begin(&json, out, size);
    json_text(&json, "schema", PAYLOAD_SCHEMA);
    json_time(&json, "at", view->at_ms + correction_ms);
    json_text(&json, "bed", context->config->beds[view->bed].id);
    payload_put_id(&json, "stay", view->stay);
    json_text(&json, "score", score_name(score));
    json_text(&json, "title", score_title(score));
    json_bool(&json, "complete", result->complete);
    payload_put_milli(&json, "total", result->complete, result->total_milli);
    put_band(&json, "band", result->complete, score, result->band);
    payload_put_milli(&json, "lower_bound", result->has_least, result->least_milli);
    put_band(&json, "lower_band", result->has_least, score, result->least_band);
    put_missing(&json, result->missing);
    if (score == SCORE_news2) {
        json_unsigned(&json, "spo2_scale", view->spo2_scale);
    }
    put_times(&json, context, view, score, correction_ms);
    put_parts(&json, view, score, correction_ms);
    payload_put_origin(&json, context);
    json_time(&json, "expires_at", expires_wall_ms);
    return json_end(&json);
}
