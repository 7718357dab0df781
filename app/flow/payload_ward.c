/* The ward as a whole: beds, staff, capacity. */
#include "app/flow/payload_internal.h"

static void put_priorities(struct json *json, const struct ward_figures *figures)
{
    json_open_object(json, "alarms");
    for (int priority = PRIORITY_HIGH; priority >= PRIORITY_NONE; --priority) {
        json_unsigned(json, priority_word((enum priority)priority), figures->priorities[priority]);
    }
    json_close_object(json);
}

static void put_bands(struct json *json, const struct ward_figures *figures)
{
    json_open_object(json, "bands");
    for (unsigned band = 0; band < CARE_BAND_COUNT; ++band) {
        json_unsigned(json, care_band_word((enum care_band)band), figures->bands[band]);
    }
    json_close_object(json);
}

/* A patient who is away, or not monitored, is in a bed. */
static void put_counts(struct json *json, const struct ward_figures *figures)
{
    const int32_t occupancy_milli =
        figures->total > 0 ? (int32_t)((figures->patients * UINT32_C(1000) + figures->total / 2U) / figures->total) : 0;
    json_open_object(json, "beds");
    json_unsigned(json, "total", figures->total);
    json_unsigned(json, "occupied", figures->patients);
    json_unsigned(json, "vacant", figures->states[WARD_vacant]);
    json_unsigned(json, "away", figures->states[WARD_away]);
    json_unsigned(json, "not_monitored", figures->states[WARD_not_monitored]);
    json_milli(json, "occupancy", occupancy_milli);
    put_priorities(json, figures);
    put_bands(json, figures);
    json_close_object(json);
}

static void put_bed(struct json *json, const char *id, const struct ward_bed *bed, uint8_t nurse)
{
    const bool is_scored = bed->score != SCORE_COUNT;
    json_open_object(json, NULL);
    json_text(json, "bed", id);
    json_text(json, "state", ward_state_word((enum ward_state)bed->state));
    json_text(json, "alarm", priority_word((enum priority)bed->priority));
    json_text(json, "score", is_scored ? score_name((enum score)bed->score) : NULL);
    json_text(json, "band", is_scored ? care_band_word((enum care_band)bed->band) : NULL);
    if (nurse != 0) {
        json_unsigned(json, "nurse", nurse);
    } else {
        json_null(json, "nurse");
    }
    json_close_object(json);
}

static void put_nurses(struct json *json, const struct ward_figures *figures)
{
    json_open_array(json, "assignment");
    for (unsigned i = 0; i < figures->nurses; ++i) {
        const struct staffing_nurse *nurse = &figures->staffing.nurses[i];
        json_open_object(json, NULL);
        json_unsigned(json, "nurse", i + 1);
        json_unsigned(json, "patients", nurse->patients);
        json_milli(json, "load", (int32_t)nurse->load_milli);
        json_close_object(json);
    }
    json_close_array(json);
}

static void put_need(struct json *json, const struct ward_settings *settings, const struct ward_figures *figures)
{
    const bool has = settings->has_need;
    const int32_t balance_milli = (int32_t)figures->nurses * 1000 - (int32_t)figures->needed_milli;
    payload_put_milli(json, "wte", has, (int32_t)figures->wte_milli);
    payload_put_milli(json, "nurses_needed", has, (int32_t)figures->needed_milli);
    payload_put_milli(json, "balance", has, balance_milli);
}

static void put_staff(struct json *json, const struct ward_settings *settings, const struct ward_figures *figures)
{
    const struct shift_settings *shift = figures->shift;
    if (!figures->has_staff) {
        json_null(json, "staff");
        return;
    }
    const bool has_nurses = figures->nurses > 0;
    json_open_object(json, "staff");
    json_text(json, "shift", shift != NULL ? shift->name : NULL);
    json_unsigned(json, "on_duty", figures->nurses);
    json_text(json, "source", figures->is_told ? "command" : "configuration");
    json_time(json, "until", figures->until_ms);
    payload_put_milli(json, "planned", shift != NULL, shift != NULL ? shift->nurses * 1000 : 0);
    payload_put_milli(json, "patients_per_nurse", has_nurses,
                      has_nurses ? (int32_t)ward_patients_per_nurse_milli(figures) : 0);
    payload_put_milli(json, "patients_per_nurse_max", settings->patients_per_nurse > 0,
                      settings->patients_per_nurse * 1000);
    json_bool(json, "over_ratio", figures->over_ratio);
    put_need(json, settings, figures);
    put_nurses(json, figures);
    json_close_object(json);
}

static void put_micro(struct json *json, const char *key, bool has, int64_t value_micro)
{
    if (has) {
        json_micro(json, key, value_micro);
    } else {
        json_null(json, key);
    }
}

static void put_counted(struct json *json, const struct admissions_sum *sum)
{
    json_open_object(json, "counted");
    json_unsigned(json, "admissions", sum->came);
    json_unsigned(json, "stays", sum->left);
    json_unsigned(json, "stays_least", ADMISSIONS_STAYS_LEAST);
    json_unsigned(json, "days", (uint64_t)(sum->counted_ms / ADMISSIONS_DAY_MS));
    json_unsigned(json, "days_least", ADMISSIONS_MS_LEAST / ADMISSIONS_DAY_MS);
    json_close_object(json);
}

static void put_trend(struct json *json, const struct capacity *capacity)
{
    json_open_object(json, "trend");
    put_micro(json, "day_ago", capacity->has_day_ago, capacity->day_ago_micro);
    put_micro(json, "week_ago", capacity->has_week_ago, capacity->week_ago_micro);
    put_micro(json, "slope_per_day", capacity->has_slope, capacity->slope_micro);
    json_close_object(json);
}

static int64_t stay_days_micro(uint32_t stay_s)
{
    return ((int64_t)stay_s * 1000000 + 43200) / 86400;
}

static void put_capacity(struct json *json, const struct ward_settings *settings, const struct ward_figures *figures)
{
    const struct capacity *c = &figures->capacity;
    if (!settings->has_capacity) {
        json_null(json, "capacity");
        return;
    }
    json_open_object(json, "capacity");
    json_text(json, "source", settings->capacity.given ? "configuration" : "counted");
    json_text(json, "reason", c->known ? NULL : "insufficient_data");
    put_micro(json, "arrivals_per_day", c->known, c->arrivals_milli * INT64_C(1000));
    put_micro(json, "mean_stay_days", c->known, stay_days_micro(c->stay_s));
    put_micro(json, "load", c->known, c->load_milli * INT64_C(1000));
    put_micro(json, "no_bed_free", c->known, c->erlang.blocked_micro);
    put_micro(json, "waiting", c->known, c->erlang.waiting_micro);
    put_micro(json, "queue", c->known && !c->erlang.overloaded, (int64_t)c->erlang.queue_micro);
    put_micro(json, "wait_hours", c->known && !c->erlang.overloaded, capacity_wait_hours_milli(c) * 1000);
    if (!settings->capacity.given) {
        put_counted(json, &c->sum);
        put_trend(json, c);
    }
    json_close_object(json);
}

void payload_put_ward(struct json *json, const struct payload_context *context, const struct ward_bed *beds,
                      const struct ward_figures *figures)
{
    put_counts(json, figures);
    json_open_array(json, "list");
    for (uint16_t i = 0; i < figures->total; ++i) {
        put_bed(json, context->config->beds[i].id, &beds[i], figures->staffing.nurse_of[i]);
    }
    json_close_array(json);
    put_staff(json, context->ward_settings, figures);
    put_capacity(json, context->ward_settings, figures);
}

size_t payload_ward(const struct payload_context *context, const struct ward_bed *beds,
                    const struct ward_figures *figures, int64_t at_wall_ms, int64_t expires_wall_ms, char *out,
                    size_t size)
{
    struct json json;
    json_begin(&json, out, size);
    json_text(&json, "schema", PAYLOAD_SCHEMA);
    json_time(&json, "at", at_wall_ms);
    payload_put_ward(&json, context, beds, figures);
    payload_put_origin(&json, context);
    json_time(&json, "expires_at", expires_wall_ms);
    return json_end(&json);
}
