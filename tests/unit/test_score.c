/*
 * Scores against their charts, transcribed here a second time as they are printed: whole numbers (or tenths) with both
 * ends of each band. Every value of every part is tried, to the thousandth around each end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/engine/score.h"

/* ---- charts ---- */

/* "LOW..HIGH POINTS | ...", in the unit of the chart; an end left out is open. step: what the chart rounds to, in
 * thousandths; 1: it does not, and `<x`, `>x` are strict. */
struct chart {
    enum score score;
    enum score_part part;
    enum patient_class patient_class;
    uint8_t scale;
    int32_t oxygen_milli; /* of the patient; -1: unknown */
    int32_t step_milli;
    int32_t low_milli, high_milli; /* what is tried */
    const char *text;
};

#define NEWS2(part, step, low, high, text)                                       \
    {                                                                            \
        SCORE_news2, SCORE_PART_##part, CLASS_adult, 1, 0, step, low, high, text \
    }
#define MEWS(part, step, low, high, text)                                       \
    {                                                                           \
        SCORE_mews, SCORE_PART_##part, CLASS_adult, 1, 0, step, low, high, text \
    }
#define QSOFA(part, step, low, high, text)                                       \
    {                                                                            \
        SCORE_qsofa, SCORE_PART_##part, CLASS_adult, 1, 0, step, low, high, text \
    }
#define SIRS(part, low, high, text)                                          \
    {                                                                        \
        SCORE_sirs, SCORE_PART_##part, CLASS_adult, 1, 0, 1, low, high, text \
    }
#define PEWS(part, class, high, text)                                                   \
    {                                                                                   \
        SCORE_bedside_pews, SCORE_PART_##part, CLASS_##class, 1, 0, 1000, 0, high, text \
    }
#define PEWS_ALL(part, step, high, text)                                              \
    {                                                                                 \
        SCORE_bedside_pews, SCORE_PART_##part, CLASS_child, 1, 0, step, 0, high, text \
    }

static const struct chart charts[] = {
    NEWS2(resp, 1000, 0, 60000, "..8 3 | 9..11 1 | 12..20 0 | 21..24 2 | 25.. 3"),
    NEWS2(spo2, 1000, 50000, 100000, "..91 3 | 92..93 2 | 94..95 1 | 96.. 0"),
    {SCORE_news2, SCORE_PART_spo2, CLASS_adult, 2, SCORE_AIR_MILLI, 1000, 50000, 100000,
     "..83 3 | 84..85 2 | 86..87 1 | 88.. 0"},
    {SCORE_news2, SCORE_PART_spo2, CLASS_adult, 2, SCORE_OXYGEN_MILLI, 1000, 50000, 100000,
     "..83 3 | 84..85 2 | 86..87 1 | 88..92 0 | 93..94 1 | 95..96 2 | 97.. 3"},
    {SCORE_news2, SCORE_PART_spo2, CLASS_adult, 2, SCORE_HIGH_OXYGEN_MILLI, 1000, 50000, 100000,
     "..83 3 | 84..85 2 | 86..87 1 | 88..92 0 | 93..94 1 | 95..96 2 | 97.. 3"},
    {SCORE_news2, SCORE_PART_spo2, CLASS_adult, 2, -1, 1000, 50000, 92499, "..83 3 | 84..85 2 | 86..87 1 | 88.. 0"},
    NEWS2(oxygen, 1000, 0, 2000, "0..0 0 | 1..2 2"),
    NEWS2(sys, 1000, 0, 300000, "..90 3 | 91..100 2 | 101..110 1 | 111..219 0 | 220.. 3"),
    NEWS2(pulse, 1000, 0, 300000, "..40 3 | 41..50 1 | 51..90 0 | 91..110 1 | 111..130 2 | 131.. 3"),
    NEWS2(consciousness, 1000, 0, 4000, "0..0 0 | 1..4 3"),
    NEWS2(temp, 100, 20000, 45000, "..35.0 3 | 35.1..36.0 1 | 36.1..38.0 0 | 38.1..39.0 1 | 39.1.. 2"),

    MEWS(resp, 1000, 0, 60000, "..8 2 | 9..14 0 | 15..20 1 | 21..29 2 | 30.. 3"),
    MEWS(sys, 1000, 0, 300000, "..70 3 | 71..80 2 | 81..100 1 | 101..199 0 | 200.. 2"),
    MEWS(pulse, 1000, 0, 300000, "..40 2 | 41..50 1 | 51..100 0 | 101..110 1 | 111..129 2 | 130.. 3"),
    MEWS(temp, 100, 20000, 45000, "..34.9 2 | 35.0..38.4 0 | 38.5.. 2"),
    MEWS(consciousness, 1000, 0, 4000, "0..1 0 | 2..2 1 | 3..3 2 | 4..4 3"),

    QSOFA(resp, 1000, 0, 60000, "..21 0 | 22.. 1"),
    QSOFA(sys, 1000, 0, 300000, "..100 1 | 101.. 0"),
    QSOFA(consciousness, 1000, 0, 4000, "0..0 0 | 1..4 1"),

    SIRS(temp, 34000, 40000, "..35.999 1 | 36.0..38.0 0 | 38.001.. 1"),
    SIRS(pulse, 85000, 95000, "..90 0 | 90.001.. 1"),
    SIRS(resp, 15000, 25000, "..20 0 | 20.001.. 1"),
    SIRS(wbc, 0, 20000, "..3.999 1 | 4..12 0 | 12.001.. 1"),

    PEWS(pulse, neonate, 350000, "..80 4 | 81..90 2 | 91..110 1 | 111..149 0 | 150..179 1 | 180..189 2 | 190.. 4"),
    PEWS(pulse, infant, 350000, "..70 4 | 71..80 2 | 81..100 1 | 101..149 0 | 150..169 1 | 170..179 2 | 180.. 4"),
    PEWS(pulse, toddler, 350000, "..60 4 | 61..70 2 | 71..90 1 | 91..119 0 | 120..149 1 | 150..169 2 | 170.. 4"),
    PEWS(pulse, child, 300000, "..50 4 | 51..60 2 | 61..70 1 | 71..109 0 | 110..129 1 | 130..149 2 | 150.. 4"),
    PEWS(pulse, adolescent, 300000, "..40 4 | 41..50 2 | 51..60 1 | 61..99 0 | 100..119 1 | 120..139 2 | 140.. 4"),
    PEWS(sys, neonate, 200000, "..45 4 | 46..50 2 | 51..60 1 | 61..79 0 | 80..99 1 | 100..129 2 | 130.. 4"),
    PEWS(sys, infant, 250000, "..60 4 | 61..70 2 | 71..80 1 | 81..99 0 | 100..119 1 | 120..149 2 | 150.. 4"),
    PEWS(sys, toddler, 250000, "..65 4 | 66..75 2 | 76..90 1 | 91..109 0 | 110..124 1 | 125..159 2 | 160.. 4"),
    PEWS(sys, child, 300000, "..70 4 | 71..80 2 | 81..90 1 | 91..119 0 | 120..139 1 | 140..169 2 | 170.. 4"),
    PEWS(sys, adolescent, 300000, "..75 4 | 76..85 2 | 86..100 1 | 101..129 0 | 130..149 1 | 150..189 2 | 190.. 4"),
    PEWS(resp, neonate, 120000, "..15 4 | 16..19 2 | 20..29 1 | 30..60 0 | 61..80 1 | 81..90 2 | 91.. 4"),
    PEWS(resp, infant, 120000, "..15 4 | 16..19 2 | 20..24 1 | 25..50 0 | 51..70 1 | 71..80 2 | 81.. 4"),
    PEWS(resp, toddler, 120000, "..12 4 | 13..15 2 | 16..19 1 | 20..40 0 | 41..60 1 | 61..70 2 | 71.. 4"),
    PEWS(resp, child, 120000, "..10 4 | 11..14 2 | 15..19 1 | 20..30 0 | 31..40 1 | 41..50 2 | 51.. 4"),
    PEWS(resp, adolescent, 120000, "..9 4 | 10..10 2 | 11..11 1 | 12..16 0 | 17..22 1 | 23..29 2 | 30.. 4"),
    PEWS_ALL(cap_refill, 1, 10000, "..2.999 0 | 3.. 4"),
    PEWS_ALL(effort, 1000, 3000, "0..0 0 | 1..1 1 | 2..2 2 | 3..3 4"),
    PEWS_ALL(spo2, 1000, 100000, "..90 2 | 91..94 1 | 95.. 0"),
    PEWS_ALL(oxygen, 1000, 2000, "0..0 0 | 1..1 2 | 2..2 4"),
};

/* Half up, to a multiple of step. */
static int32_t chart_value(int32_t value_milli, int32_t step_milli)
{
    int32_t value = 0;
    while (value + step_milli <= value_milli) {
        value += step_milli;
    }
    return 2 * (value_milli - value) >= step_milli ? value + step_milli : value;
}

/* One end of a band in thousandths, moving on; `open` where none is written. */
static int32_t read_end(const char **at, int32_t open)
{
    char *end = NULL;
    const double value = strtod(*at, &end);
    const bool none = end == *at;
    *at = end;
    return none ? open : (int32_t)(value * 1000.0 + 0.5);
}

/* The only band that the value is in. */
static int chart_points(const char *text, int32_t value_milli)
{
    int found = -1;
    for (const char *at = text; at != NULL; at = strchr(at, '|') != NULL ? strchr(at, '|') + 1 : NULL) {
        const char *band = at + strspn(at, " ");
        const char *dots = strstr(band, "..");
        char low_text[16] = "";
        assert_true(dots != NULL && (size_t)(dots - band) < sizeof low_text);
        memcpy(low_text, band, (size_t)(dots - band));
        const char *low_at = low_text, *rest = dots + 2;
        const int32_t low = read_end(&low_at, INT32_MIN);
        const int32_t high = *rest == ' ' ? INT32_MAX : read_end(&rest, INT32_MAX);
        if (value_milli >= low && value_milli <= high) {
            assert_int_equal(found, -1);
            found = (int)strtol(rest, NULL, 10);
        }
    }
    assert_int_not_equal(found, -1);
    return found;
}

static void put(struct score_inputs *in, enum score_part part, int32_t value_milli)
{
    in->known |= (uint16_t)(1U << part);
    in->value_milli[part] = value_milli;
}

static int got_points(const struct chart *chart, int32_t value_milli)
{
    struct score_inputs in = {.patient_class = chart->patient_class, .spo2_scale = chart->scale};
    struct score_result out;
    if (chart->oxygen_milli >= 0) {
        put(&in, SCORE_PART_oxygen, chart->oxygen_milli);
    }
    put(&in, chart->part, value_milli);
    score_compute(chart->score, &in, &out);
    assert_false(out.missing >> chart->part & 1U);
    assert_true(out.has_least);
    return out.points[chart->part];
}

static bool is_coded(enum score_part part)
{
    return part == SCORE_PART_oxygen || part == SCORE_PART_consciousness || part == SCORE_PART_effort;
}

static void every_part_has_the_points_of_its_chart(void **state)
{
    (void)state;
    for (size_t c = 0; c < sizeof charts / sizeof charts[0]; c++) {
        const struct chart *chart = &charts[c];
        int32_t chart_milli = chart_value(chart->low_milli, chart->step_milli);
        int points = chart_points(chart->text, chart_milli);
        for (int32_t v = chart->low_milli; v <= chart->high_milli; v += is_coded(chart->part) ? 1000 : 1) {
            if (2 * (v - chart_milli) >= chart->step_milli) {
                chart_milli += chart->step_milli;
                points = chart_points(chart->text, chart_milli);
            }
            const int got = got_points(chart, v);
            if (got != points) {
                fail_msg("%s, %s, class %d, at %d thousandths: %d, the chart has %d", score_name(chart->score),
                         score_part_name(chart->part), (int)chart->patient_class, (int)v, got, points);
            }
        }
    }
}

/* Whatever part a sum is made of has a chart here, at every class that it depends on. */
static void no_part_is_without_a_chart(void **state)
{
    (void)state;
    for (enum score score = 0; score < SCORE_COUNT; score++) {
        uint16_t charted = score_is_ratio(score) ? score_parts(score) : 0;
        for (size_t c = 0; c < sizeof charts / sizeof charts[0]; c++) {
            charted |= charts[c].score == score ? (uint16_t)(1U << charts[c].part) : 0;
        }
        assert_int_equal(charted, score_parts(score));
    }
}

/* ---- worked examples ---- */

/* -1: not known; oxygen by flow and fraction. */
struct patient {
    double resp, spo2, sys, pulse, consciousness, temp;
    int oxygen, scale;
};

static struct score_inputs inputs_of(const struct patient *p)
{
    struct score_inputs in = {.patient_class = CLASS_adult, .spo2_scale = (uint8_t)p->scale};
    const struct {
        enum score_part part;
        double value;
    } parts[] = {{SCORE_PART_resp, p->resp},
                 {SCORE_PART_spo2, p->spo2},
                 {SCORE_PART_sys, p->sys},
                 {SCORE_PART_pulse, p->pulse},
                 {SCORE_PART_consciousness, p->consciousness},
                 {SCORE_PART_temp, p->temp},
                 {SCORE_PART_oxygen, p->oxygen}};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (parts[i].value >= 0) {
            put(&in, parts[i].part, (int32_t)(parts[i].value * 1000.0 + 0.5));
        }
    }
    return in;
}

static struct score_result compute(enum score score, const struct patient *p)
{
    const struct score_inputs in = inputs_of(p);
    struct score_result out;
    score_compute(score, &in, &out);
    return out;
}

enum { AIR = 0, OXYGEN = 1, UNKNOWN = -1, A = 0, C = 1, V = 2, P = 3, U = 4 };

static void news2_examples(void **state)
{
    (void)state;
    static const struct {
        struct patient patient; /* resp, spo2, sys, pulse, consciousness, temp, oxygen, scale */
        int8_t points[7];       /* resp, spo2, oxygen, sys, pulse, consciousness, temp */
        int total;
        const char *band;
    } examples[] = {
        {{16, 97, 120, 72, A, 36.8, AIR, 1}, {0, 0, 0, 0, 0, 0, 0}, 0, "low"},
        {{22, 94, 105, 112, A, 38.5, AIR, 1}, {2, 1, 0, 1, 2, 0, 1}, 7, "high"},
        {{26, 90, 88, 135, V, 39.2, OXYGEN, 1}, {3, 3, 2, 3, 3, 3, 2}, 19, "high"},
        {{18, 90, 118, 88, A, 37.0, OXYGEN, 2}, {0, 0, 2, 0, 0, 0, 0}, 2, "low"},
        {{18, 96, 118, 88, A, 37.0, OXYGEN, 2}, {0, 2, 2, 0, 0, 0, 0}, 4, "low"},
        {{18, 96, 118, 88, A, 37.0, AIR, 2}, {0, 0, 0, 0, 0, 0, 0}, 0, "low"},
        {{18, 97, 125, 80, C, 37.0, AIR, 1}, {0, 0, 0, 0, 0, 3, 0}, 3, "low_medium"},
        {{8, 83, 90, 40, U, 35.0, OXYGEN, 2}, {3, 3, 2, 3, 3, 3, 3}, 20, "high"},
        {{20, 96, 219, 90, A, 38.0, AIR, 1}, {0, 0, 0, 0, 0, 0, 0}, 0, "low"},
        {{21, 95, 220, 91, A, 38.1, AIR, 1}, {2, 1, 0, 3, 1, 0, 1}, 8, "high"},
        {{12, 96, 111, 51, A, 36.1, AIR, 1}, {0, 0, 0, 0, 0, 0, 0}, 0, "low"},
        {{22, 94, 105, 72, A, 38.5, AIR, 1}, {2, 1, 0, 1, 0, 0, 1}, 5, "medium"},
        {{22, 94, 105, 95, A, 38.5, AIR, 1}, {2, 1, 0, 1, 1, 0, 1}, 6, "medium"},
        {{22, 94, 105, 95, A, 37.0, AIR, 1}, {2, 1, 0, 1, 1, 0, 0}, 5, "medium"},
        {{22, 94, 105, 72, A, 37.0, AIR, 1}, {2, 1, 0, 1, 0, 0, 0}, 4, "low"},
    };
    static const enum score_part order[7] = {SCORE_PART_resp, SCORE_PART_spo2,  SCORE_PART_oxygen,
                                             SCORE_PART_sys,  SCORE_PART_pulse, SCORE_PART_consciousness,
                                             SCORE_PART_temp};
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        const struct score_result out = compute(SCORE_news2, &examples[i].patient);
        assert_true(out.complete);
        for (unsigned part = 0; part < 7; part++) {
            assert_int_equal(out.points[order[part]], examples[i].points[part]);
        }
        assert_int_equal(out.total_milli, examples[i].total * 1000);
        assert_int_equal(out.least_milli, out.total_milli);
        assert_string_equal(score_band_word(SCORE_news2, out.band), examples[i].band);
    }
}

static void mews_and_qsofa_examples(void **state)
{
    (void)state;
    struct score_result out = compute(SCORE_mews, &(struct patient){24, 97, 95, 115, V, 38.6, AIR, 1});
    assert_int_equal(out.total_milli, 8000);
    assert_string_equal(score_band_word(SCORE_mews, out.band), "high");
    out = compute(SCORE_mews, &(struct patient){14, 97, 120, 80, A, 37, AIR, 1});
    assert_int_equal(out.total_milli, 0);
    assert_string_equal(score_band_word(SCORE_mews, out.band), "low");
    out = compute(SCORE_mews, &(struct patient){24, 97, 95, 111, A, 37, AIR, 1});
    assert_int_equal(out.total_milli, 5000);
    assert_string_equal(score_band_word(SCORE_mews, out.band), "high");
    out = compute(SCORE_qsofa, &(struct patient){22, 97, 100, 80, A, 37, UNKNOWN, 1});
    assert_true(out.complete);
    assert_int_equal(out.total_milli, 2000);
    assert_string_equal(score_band_word(SCORE_qsofa, out.band), "positive");
    out = compute(SCORE_qsofa, &(struct patient){21, 97, 101, 80, C, 37, UNKNOWN, 1});
    assert_int_equal(out.total_milli, 1000);
    assert_string_equal(score_band_word(SCORE_qsofa, out.band), "negative");
}

/* Of available: without a count of white cells two criteria are positive already, one is not negative yet. */
static void sirs_goes_as_far_as_its_inputs(void **state)
{
    (void)state;
    struct score_result out = compute(SCORE_sirs, &(struct patient){20.5, 97, 120, 90, A, 38.1, AIR, 1});
    assert_false(out.complete);
    assert_int_equal(out.missing, 1U << SCORE_PART_wbc);
    assert_int_equal(out.least_milli, 2000);
    assert_string_equal(score_band_word(SCORE_sirs, out.least_band), "positive");
    struct score_inputs in = inputs_of(&(struct patient){20, 97, 120, 90, A, 38, AIR, 1});
    put(&in, SCORE_PART_wbc, 12001);
    score_compute(SCORE_sirs, &in, &out);
    assert_true(out.complete);
    assert_int_equal(out.total_milli, 1000);
    assert_string_equal(score_band_word(SCORE_sirs, out.band), "negative");
}

static struct score_result ratio(enum score score, enum score_part first, double a, enum score_part second, double b)
{
    struct score_inputs in = {.patient_class = CLASS_adult, .spo2_scale = 1};
    struct score_result out;
    put(&in, first, (int32_t)(a * 1000.0 + 0.5));
    put(&in, second, (int32_t)(b * 1000.0 + 0.5));
    score_compute(score, &in, &out);
    return out;
}

static void shock_index_examples(void **state)
{
    (void)state;
    static const struct {
        double pulse, sys;
        int total_milli;
        const char *band;
    } examples[] = {{110, 120, 917, "raised"},   {60, 120, 500, "normal"},    {90, 100, 900, "raised"},
                    {89.99, 100, 900, "normal"}, /* shown as 0.9, and decided before it is rounded */
                    {100, 100, 1000, "high"},    {99.99, 100, 1000, "raised"}};
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        const struct score_result out =
            ratio(SCORE_shock_index, SCORE_PART_pulse, examples[i].pulse, SCORE_PART_sys, examples[i].sys);
        assert_true(out.complete);
        assert_false(out.has_least);
        assert_int_equal(out.total_milli, examples[i].total_milli);
        assert_string_equal(score_band_word(SCORE_shock_index, out.band), examples[i].band);
    }
    assert_int_equal(score_mean_pressure_milli(120000, 80000), 93333);
    struct score_result out = ratio(SCORE_modified_shock_index, SCORE_PART_pulse, 110, SCORE_PART_mean, 93.333);
    assert_int_equal(out.total_milli, 1179);
    assert_string_equal(score_band_word(SCORE_modified_shock_index, out.band), "normal");
    out = ratio(SCORE_modified_shock_index, SCORE_PART_pulse, 130, SCORE_PART_mean, 100);
    assert_string_equal(score_band_word(SCORE_modified_shock_index, out.band), "normal");
    out = ratio(SCORE_modified_shock_index, SCORE_PART_pulse, 130.01, SCORE_PART_mean, 100);
    assert_string_equal(score_band_word(SCORE_modified_shock_index, out.band), "high");
    out = ratio(SCORE_modified_shock_index, SCORE_PART_pulse, 69.99, SCORE_PART_mean, 100);
    assert_string_equal(score_band_word(SCORE_modified_shock_index, out.band), "low");
    out = ratio(SCORE_modified_shock_index, SCORE_PART_pulse, 70, SCORE_PART_mean, 100);
    assert_string_equal(score_band_word(SCORE_modified_shock_index, out.band), "normal");
}

static struct score_result rox(double spo2, double fio2, double resp)
{
    struct score_inputs in = {.patient_class = CLASS_adult, .spo2_scale = 1};
    struct score_result out;
    put(&in, SCORE_PART_spo2, (int32_t)(spo2 * 1000.0 + 0.5));
    put(&in, SCORE_PART_fio2, (int32_t)(fio2 * 1000.0 + 0.5));
    put(&in, SCORE_PART_resp, (int32_t)(resp * 1000.0 + 0.5));
    score_compute(SCORE_rox, &in, &out);
    return out;
}

static void rox_examples(void **state)
{
    (void)state;
    static const struct {
        double spo2, fio2, resp;
        int total_milli;
        const char *band;
    } examples[] = {{92, 50, 30, 6133, "low"},       {90, 80, 35, 3214, "raised"},
                    {97.6, 50, 40, 4880, "low"},     {97.599, 50, 40, 4880, "uncertain"},
                    {77, 50, 40, 3850, "uncertain"}, {76.999, 50, 40, 3850, "raised"},
                    {57, 50, 40, 2850, "raised"},    {56.999, 50, 40, 2850, "high"}};
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        const struct score_result out = rox(examples[i].spo2, examples[i].fio2, examples[i].resp);
        assert_true(out.complete);
        assert_int_equal(out.total_milli, examples[i].total_milli);
        assert_string_equal(score_band_word(SCORE_rox, out.band), examples[i].band);
    }
}

/* Nothing is divided by zero: a part that cannot be used is as good as missing. */
static void a_ratio_over_nothing_is_incomplete(void **state)
{
    (void)state;
    struct score_result out = rox(95, 40, 0);
    assert_false(out.complete || out.has_least);
    assert_int_equal(out.missing, 1U << SCORE_PART_resp);
    out = ratio(SCORE_shock_index, SCORE_PART_pulse, 100, SCORE_PART_sys, 0);
    assert_int_equal(out.missing, 1U << SCORE_PART_sys);
    out = ratio(SCORE_modified_shock_index, SCORE_PART_pulse, 100, SCORE_PART_sys, 100);
    assert_int_equal(out.missing, 1U << SCORE_PART_mean);
}

static void bedside_pews_spans_its_range(void **state)
{
    (void)state;
    for (enum patient_class class = CLASS_adolescent; class < CLASS_COUNT; class ++) {
        struct score_inputs worst = {.patient_class = class, .spo2_scale = 1};
        struct score_result out;
        put(&worst, SCORE_PART_pulse, 250000);
        put(&worst, SCORE_PART_sys, 20000);
        put(&worst, SCORE_PART_resp, 2000);
        put(&worst, SCORE_PART_cap_refill, 3000);
        put(&worst, SCORE_PART_effort, 3000);
        put(&worst, SCORE_PART_spo2, 90000);
        put(&worst, SCORE_PART_oxygen, SCORE_HIGH_OXYGEN_MILLI);
        score_compute(SCORE_bedside_pews, &worst, &out);
        assert_true(out.complete);
        assert_int_equal(out.total_milli, 26000);
        assert_string_equal(score_band_word(SCORE_bedside_pews, out.band), "high");
    }
}

/* ---- incomplete ---- */

static void a_lower_bound_never_falls_when_a_part_comes(void **state)
{
    (void)state;
    const struct patient whole = {26, 90, 88, 135, V, 39.2, OXYGEN, 1};
    const struct score_inputs all = inputs_of(&whole);
    for (unsigned known = 0; known <= UINT8_MAX; known++) {
        for (enum score_part more = 0; more < SCORE_PART_COUNT; more++) {
            struct score_inputs in = all;
            struct score_result before, after;
            in.known = (uint16_t)(known & all.known);
            score_compute(SCORE_news2, &in, &before);
            in.known |= (uint16_t)(1U << more) & all.known;
            score_compute(SCORE_news2, &in, &after);
            assert_true(after.least_milli >= before.least_milli && after.least_band >= before.least_band);
            assert_int_equal(before.missing, score_parts(SCORE_news2) & ~(known & all.known));
            assert_int_equal(before.complete, before.missing == 0);
        }
    }
}

/* It is neither air nor no points. On scale 2 it is not known either what a saturation of 93 and more means. */
static void unknown_oxygen_is_missing(void **state)
{
    (void)state;
    struct score_result out = compute(SCORE_news2, &(struct patient){18, 92, 118, 88, A, 37, UNKNOWN, 2});
    assert_false(out.complete);
    assert_int_equal(out.missing, 1U << SCORE_PART_oxygen);
    out = compute(SCORE_news2, &(struct patient){18, 92.499, 118, 88, A, 37, UNKNOWN, 2});
    assert_int_equal(out.missing, 1U << SCORE_PART_oxygen);
    out = compute(SCORE_news2, &(struct patient){18, 92.5, 118, 88, A, 37, UNKNOWN, 2});
    assert_int_equal(out.missing, 1U << SCORE_PART_oxygen | 1U << SCORE_PART_spo2);
    out = compute(SCORE_news2, &(struct patient){18, 97, 118, 88, A, 37, UNKNOWN, 1});
    assert_int_equal(out.missing, 1U << SCORE_PART_oxygen);
}

static void oxygen_is_what_says_the_most(void **state)
{
    (void)state;
    enum { UNTOLD = -1, ON_AIR = 0, CPAP = 8000, OTHER = 11000 };
    static const struct {
        int32_t flow, fio2, device;
        int32_t grade; /* UNTOLD: unknown */
    } cases[] = {{UNTOLD, UNTOLD, UNTOLD, UNTOLD},
                 {0, UNTOLD, UNTOLD, SCORE_AIR_MILLI},
                 {UNTOLD, 21000, UNTOLD, SCORE_AIR_MILLI},
                 {UNTOLD, 20900, UNTOLD, SCORE_AIR_MILLI},
                 {0, 21000, UNTOLD, SCORE_AIR_MILLI},
                 {1, UNTOLD, UNTOLD, SCORE_OXYGEN_MILLI},
                 {UNTOLD, 21001, UNTOLD, SCORE_OXYGEN_MILLI},
                 {3999, UNTOLD, UNTOLD, SCORE_OXYGEN_MILLI},
                 {4000, UNTOLD, UNTOLD, SCORE_HIGH_OXYGEN_MILLI},
                 {UNTOLD, 49999, UNTOLD, SCORE_OXYGEN_MILLI},
                 {UNTOLD, 50000, UNTOLD, SCORE_HIGH_OXYGEN_MILLI},
                 {0, 40000, UNTOLD, SCORE_OXYGEN_MILLI},
                 {2000, 21000, UNTOLD, SCORE_OXYGEN_MILLI},
                 {15000, 28000, UNTOLD, SCORE_HIGH_OXYGEN_MILLI},
                 {2000, 60000, UNTOLD, SCORE_HIGH_OXYGEN_MILLI},
                 {UNTOLD, UNTOLD, ON_AIR, SCORE_AIR_MILLI},
                 {UNTOLD, UNTOLD, 1000, SCORE_SOME_OXYGEN_MILLI},
                 {UNTOLD, UNTOLD, OTHER, SCORE_SOME_OXYGEN_MILLI},
                 {0, UNTOLD, CPAP, SCORE_SOME_OXYGEN_MILLI},
                 {UNTOLD, 21000, CPAP, SCORE_SOME_OXYGEN_MILLI},
                 {0, 21000, ON_AIR, SCORE_AIR_MILLI},
                 {4000, UNTOLD, ON_AIR, SCORE_HIGH_OXYGEN_MILLI},
                 {UNTOLD, 28000, ON_AIR, SCORE_OXYGEN_MILLI},
                 {2000, UNTOLD, 1000, SCORE_OXYGEN_MILLI},
                 {UNTOLD, 60000, CPAP, SCORE_HIGH_OXYGEN_MILLI}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct score_oxygen told = {cases[i].flow != UNTOLD ? &cases[i].flow : NULL,
                                          cases[i].fio2 != UNTOLD ? &cases[i].fio2 : NULL,
                                          cases[i].device != UNTOLD ? &cases[i].device : NULL};
        int32_t got = UNTOLD;
        assert_int_equal(score_oxygen(&told, &got), cases[i].grade != UNTOLD);
        assert_int_equal(got, cases[i].grade);
    }
}

static void names_are_found_again(void **state)
{
    (void)state;
    for (enum score score = 0; score < SCORE_COUNT; score++) {
        assert_int_equal(score_by_name(score_name(score), strlen(score_name(score))), score);
        assert_true(strlen(score_title(score)) > 0);
        assert_int_equal(vital_by_name(score_name(score), strlen(score_name(score))), VITAL_NONE);
        assert_int_equal(score_is_for(score, CLASS_adult), score != SCORE_bedside_pews);
        assert_int_equal(score_is_for(score, CLASS_adolescent), score == SCORE_bedside_pews);
    }
    assert_int_equal(score_by_name("news", 4), SCORE_COUNT);
    assert_int_equal(score_by_name("news22", 6), SCORE_COUNT);
}

/* What no patient has, but a broken device may send. */
static void numbers_beyond_all_patients(void **state)
{
    (void)state;
    struct score_inputs in = {.patient_class = CLASS_adult, .known = UINT16_MAX, .spo2_scale = 1};
    struct score_result result;
    for (unsigned part = 0; part < SCORE_PART_COUNT; part++) {
        in.value_milli[part] = 1;
    }
    in.value_milli[SCORE_PART_spo2] = INT32_MAX;
    score_compute(SCORE_rox, &in, &result);
    assert_true(result.complete && result.total_milli == INT32_MAX);
    in.value_milli[SCORE_PART_temp] = -40000;
    score_compute(SCORE_news2, &in, &result);
    assert_int_equal(result.points[SCORE_PART_temp], 3);
    assert_int_equal(score_mean_pressure_milli(-10000, -20000), -16667);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_part_has_the_points_of_its_chart),
        cmocka_unit_test(no_part_is_without_a_chart),
        cmocka_unit_test(news2_examples),
        cmocka_unit_test(mews_and_qsofa_examples),
        cmocka_unit_test(sirs_goes_as_far_as_its_inputs),
        cmocka_unit_test(shock_index_examples),
        cmocka_unit_test(rox_examples),
        cmocka_unit_test(a_ratio_over_nothing_is_incomplete),
        cmocka_unit_test(bedside_pews_spans_its_range),
        cmocka_unit_test(a_lower_bound_never_falls_when_a_part_comes),
        cmocka_unit_test(unknown_oxygen_is_missing),
        cmocka_unit_test(oxygen_is_what_says_the_most),
        cmocka_unit_test(names_are_found_again),
        cmocka_unit_test(numbers_beyond_all_patients),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
