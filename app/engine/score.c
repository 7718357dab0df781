#include "app/engine/score.h"

#include <assert.h>
#include <string.h>

#include "app/engine/entry.h"
#include "app/engine/score_tables.h"

#define LOW_MEDIUM_POINTS 3 /* NEWS2: one part that has as many */
#define AIR_FIO2_MILLI    21000
#define HIGH_FIO2_MILLI   50000
#define HIGH_FLOW_MILLI   4000
#define PERCENT           100
#define MILLI             1000

_Static_assert(SCORE_PART_COUNT <= 16, "sets of parts are 16 bits");

/* ---- names ---- */

const char *score_name(enum score score)
{
    static const char *const names[SCORE_COUNT] = {
#define SCORE_NAME(name, title) #name,
        SCORE_LIST(SCORE_NAME)
#undef SCORE_NAME
    };
    assert((unsigned)score < SCORE_COUNT);
    return names[score];
}

const char *score_title(enum score score)
{
    static const char *const titles[SCORE_COUNT] = {
#define SCORE_TITLE(name, title) title,
        SCORE_LIST(SCORE_TITLE)
#undef SCORE_TITLE
    };
    assert((unsigned)score < SCORE_COUNT);
    return titles[score];
}

enum score score_by_name(const char *name, size_t length)
{
    enum score score = 0;
    while (score < SCORE_COUNT &&
           (strlen(score_name(score)) != length || memcmp(score_name(score), name, length) != 0)) {
        score++;
    }
    return score;
}

const char *score_part_name(enum score_part part)
{
    static const char *const names[SCORE_PART_COUNT] = {
#define SCORE_PART_NAME(name) #name,
        SCORE_PART_LIST(SCORE_PART_NAME)
#undef SCORE_PART_NAME
    };
    assert((unsigned)part < SCORE_PART_COUNT);
    return names[part];
}

const char *score_band_word(enum score score, unsigned band)
{
    assert((unsigned)score < SCORE_COUNT && band < SCORE_BANDS_MAX && score_tables[score].bands[band].word != NULL);
    return score_tables[score].bands[band].word;
}

uint16_t score_parts(enum score score)
{
    assert((unsigned)score < SCORE_COUNT);
    return score_tables[score].parts;
}

bool score_is_ratio(enum score score)
{
    assert((unsigned)score < SCORE_COUNT);
    return score_tables[score].kind == SCORE_RATIO;
}

bool score_is_for(enum score score, enum patient_class patient_class)
{
    return (patient_class == CLASS_adult) != (score == SCORE_bedside_pews);
}

/* ---- inputs ---- */

static int32_t grade(int32_t value_milli, int32_t air_milli, int32_t high_milli)
{
    if (value_milli <= air_milli) {
        return SCORE_AIR_MILLI;
    }
    return value_milli < high_milli ? SCORE_OXYGEN_MILLI : SCORE_HIGH_OXYGEN_MILLI;
}

static int32_t more_of(int32_t one, int32_t other)
{
    return one > other ? one : other;
}

bool score_oxygen(const struct score_oxygen *told, int32_t *out_milli)
{
    if (told->flow_milli == NULL && told->fio2_milli == NULL && told->device_milli == NULL) {
        return false;
    }
    int32_t most = SCORE_AIR_MILLI;
    if (told->flow_milli != NULL) {
        most = more_of(most, grade(*told->flow_milli, 0, HIGH_FLOW_MILLI));
    }
    if (told->fio2_milli != NULL) {
        most = more_of(most, grade(*told->fio2_milli, AIR_FIO2_MILLI, HIGH_FIO2_MILLI));
    }
    if (told->device_milli != NULL && *told->device_milli != ENTRY_AIR_MILLI) {
        most = more_of(most, SCORE_SOME_OXYGEN_MILLI);
    }
    *out_milli = most;
    return true;
}

/* Half away from zero; divisor positive. */
static int64_t divide(int64_t dividend, int64_t divisor)
{
    const int64_t half = divisor / 2;
    return (dividend < 0 ? dividend - half : dividend + half) / divisor;
}

int32_t score_mean_pressure_milli(int32_t sys_milli, int32_t dia_milli)
{
    return (int32_t)divide((int64_t)sys_milli + 2 * (int64_t)dia_milli, 3);
}

/* Half up. */
static int64_t round_to(int32_t value_milli, int32_t unit_milli)
{
    const int64_t raised_milli = (int64_t)value_milli + unit_milli / 2;
    const int64_t rest_milli = raised_milli % unit_milli;
    return raised_milli - (rest_milli < 0 ? rest_milli + unit_milli : rest_milli);
}

static int64_t rounded(int32_t value_milli, enum score_rounding rounding)
{
    switch (rounding) {
    case ROUND_UNIT:
        return round_to(value_milli, 1000);
    case ROUND_TENTH:
        return round_to(value_milli, 100);
    case ROUND_NOT:
        break;
    }
    return value_milli;
}

static bool has(uint16_t parts, enum score_part part)
{
    return (parts >> part & 1U) != 0;
}

/* ---- sums ---- */

/* NULL: it cannot be said, for want of another part, or of how much oxygen it is. */
static const struct score_steps *steps_of(enum score score, enum score_part part, const struct score_inputs *in)
{
    const struct score_steps *steps = &score_tables[score].steps[part];
    if (score == SCORE_bedside_pews && part == SCORE_PART_oxygen && in->value_milli[part] == SCORE_SOME_OXYGEN_MILLI) {
        return NULL;
    }
    if (score == SCORE_bedside_pews) {
        const struct score_steps *of_age = score_pews_steps(part, in->patient_class);
        return of_age != NULL ? of_age : steps;
    }
    if (score != SCORE_news2 || part != SCORE_PART_spo2 || in->spo2_scale != 2) {
        return steps;
    }
    if (!has(in->known, SCORE_PART_oxygen)) {
        const bool counts = rounded(in->value_milli[part], steps->rounding) >= SCORE_SCALE_2_OXYGEN_COUNTS_MILLI;
        return counts ? NULL : &score_spo2_scale_2_air;
    }
    const bool on_air = in->value_milli[SCORE_PART_oxygen] == SCORE_AIR_MILLI;
    return on_air ? &score_spo2_scale_2_air : &score_spo2_scale_2_oxygen;
}

static int8_t points_of(const struct score_steps *steps, int32_t value_milli)
{
    const int64_t value = rounded(value_milli, steps->rounding);
    const struct score_step *row = steps->rows;
    while (row->upto_milli != ABOVE && value > row->upto_milli) {
        row++;
    }
    return row->points;
}

/* The last one that numerator / denominator has reached. */
static uint8_t band_of(enum score score, int64_t numerator, int64_t denominator)
{
    const struct score_band *bands = score_tables[score].bands;
    uint8_t band = 0;
    for (uint8_t i = 1; i < SCORE_BANDS_MAX && bands[i].word != NULL; i++) {
        const int64_t distance = numerator * MILLI - bands[i].from_milli * denominator;
        band = distance > 0 || (distance == 0 && !bands[i].above) ? i : band;
    }
    return band;
}

/* NEWS2: a single part of 3 points asks for more than its sum. */
static uint8_t band_of_sum(enum score score, int32_t sum, int8_t most)
{
    enum { NEWS2_LOW, NEWS2_LOW_MEDIUM };
    const uint8_t band = band_of(score, sum, 1);
    return score == SCORE_news2 && band == NEWS2_LOW && most >= LOW_MEDIUM_POINTS ? NEWS2_LOW_MEDIUM : band;
}

static void compute_sum(enum score score, const struct score_inputs *in, struct score_result *out)
{
    int32_t sum = 0;
    int8_t most = 0;
    for (enum score_part part = 0; part < SCORE_PART_COUNT; part++) {
        if (!has(score_tables[score].parts, part)) {
            continue;
        }
        const struct score_steps *steps = has(in->known, part) ? steps_of(score, part, in) : NULL;
        if (steps == NULL) {
            out->missing |= (uint16_t)(1U << part);
            continue;
        }
        out->points[part] = points_of(steps, in->value_milli[part]);
        sum += out->points[part];
        most = out->points[part] > most ? out->points[part] : most;
    }
    out->has_least = true;
    out->least_milli = sum * MILLI;
    out->least_band = band_of_sum(score, sum, most);
}

/* ---- ratios ---- */

struct ratio {
    int64_t numerator, denominator;
};

/* Of whole units. */
static struct ratio ratio_of(enum score score, const int32_t *value_milli)
{
    const int64_t resp = value_milli[SCORE_PART_resp], fio2 = value_milli[SCORE_PART_fio2];
    switch (score) {
    case SCORE_modified_shock_index:
        return (struct ratio){value_milli[SCORE_PART_pulse], value_milli[SCORE_PART_mean]};
    case SCORE_rox:
        return (struct ratio){(int64_t)value_milli[SCORE_PART_spo2] * PERCENT * MILLI, fio2 * resp};
    case SCORE_shock_index:
    case SCORE_news2:
    case SCORE_mews:
    case SCORE_qsofa:
    case SCORE_sirs:
    case SCORE_bedside_pews:
    case SCORE_COUNT:
        break;
    }
    return (struct ratio){value_milli[SCORE_PART_pulse], value_milli[SCORE_PART_sys]};
}

/* A part below the line that is not above zero cannot be used: it is as good as missing. */
static uint16_t unusable(enum score score, const struct score_inputs *in)
{
    static const uint16_t below[SCORE_COUNT] = {[SCORE_shock_index] = 1U << SCORE_PART_sys,
                                                [SCORE_modified_shock_index] = 1U << SCORE_PART_mean,
                                                [SCORE_rox] = 1U << SCORE_PART_fio2 | 1U << SCORE_PART_resp};
    uint16_t parts = 0;
    for (enum score_part part = 0; part < SCORE_PART_COUNT; part++) {
        if (has(below[score], part) && in->value_milli[part] <= 0) {
            parts |= (uint16_t)(1U << part);
        }
    }
    return parts;
}

static void compute_ratio(enum score score, const struct score_inputs *in, struct score_result *out)
{
    out->missing = score_tables[score].parts & (uint16_t)(~in->known | unusable(score, in));
    if (out->missing != 0) {
        return;
    }
    const struct ratio ratio = ratio_of(score, in->value_milli);
    const int64_t total_milli = divide(ratio.numerator * MILLI, ratio.denominator);
    out->total_milli = total_milli < INT32_MAX ? (int32_t)total_milli : INT32_MAX;
    out->band = band_of(score, ratio.numerator, ratio.denominator);
}

void score_compute(enum score score, const struct score_inputs *inputs, struct score_result *out)
{
    assert(score_is_for(score, inputs->patient_class));
    *out = (struct score_result){.complete = false};
    if (score_tables[score].kind == SCORE_SUM) {
        compute_sum(score, inputs, out);
        out->total_milli = out->least_milli;
        out->band = out->least_band;
    } else {
        compute_ratio(score, inputs, out);
    }
    out->complete = out->missing == 0;
}
