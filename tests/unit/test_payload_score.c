/* Payloads of scores and of screening estimates: their exact text, what is missing, and that the largest fits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "app/flow/payload.h"
#include "tests/unit/support/json_check.h"

#define NOW_MS     INT64_C(1769903999000) /* 2026-01-31T23:59:59.000Z */
#define BIT(input) (1U << INPUT_OF_##input)
#define HEAD                                                                                               \
    "{\"schema\":\"1\",\"at\":\"2026-01-31T23:59:59.000Z\",\"bed\":\"b12\",\"stay\":\"0123456789abcdef\"," \
    "\"score\":"
#define TAIL ",\"gateway\":\"gw-7e\",\"boot\":\"00c0ffee\",\"expires_at\":\"2026-02-01T00:01:59.000Z\"}"
#define NOTICE                                   \
    "\"kind\":\"advisory\",\"validated\":false," \
    "\"notice\":\"Screening estimate, not validated for inpatients, never an alarm\","

static const struct estimate_model models[] = {{.name = "tabaei_herman",
                                                .title = "Diabetes",
                                                .source = "Diabetes Care 2002",
                                                .threshold_micro = 200000,
                                                .inputs = BIT(age) | BIT(sex) | BIT(glucose)},
                                               {.name = "bare", .title = "Bare", .source = "S", .inputs = BIT(bmi)}};
static const struct bed_config beds[] = {
    {.id = "b12", .patient_class = CLASS_adult, .observation_interval_ms = 4 * 3600 * 1000}};
static const struct engine_config engine_config = {
    .beds = beds, .bed_count = 1, .models = models, .model_count = 2, .pressure_scheme = PRESSURE_acc_aha_2017};
static const struct payload_context context = {.config = &engine_config, .gateway = "gw-7e", .boot = "00c0ffee"};

static char out[PAYLOAD_SCORE_MAX + 1];

static struct bed_view view_now(void)
{
    return (struct bed_view){.stay = UINT64_C(0x0123456789abcdef), .at_ms = NOW_MS, .spo2_scale = 1};
}

static void expect_score(const struct bed_view *view, enum score score, const char *expected)
{
    const size_t length = payload_score(&context, view, score, 0, NOW_MS + 120000, out, PAYLOAD_SCORE_MAX);
    assert_string_equal(out, expected);
    expect_json(out, length);
}

static void expect_estimate(const struct bed_view *view, unsigned estimate, const char *expected)
{
    const size_t length = payload_estimate(&context, view, estimate, 0, NOW_MS + 120000, out, PAYLOAD_SCORE_MAX);
    assert_string_equal(out, expected);
    expect_json(out, length);
}

/* ---- scores ---- */

static struct scored_part part_of(enum vital source, int32_t value_milli, bool entered)
{
    return (struct scored_part){.known = true,
                                .entered = entered,
                                .now_and_then = entered,
                                .source = (uint8_t)source,
                                .value_milli = value_milli,
                                .at_ms = NOW_MS - (entered ? 60000 : 1000)};
}

static struct bed_view view_of_qsofa(bool with_consciousness)
{
    struct bed_view view = view_now();
    struct score_inputs inputs = {.patient_class = CLASS_adult,
                                  .known = 1U << SCORE_PART_resp | 1U << SCORE_PART_sys |
                                           (with_consciousness ? 1U << SCORE_PART_consciousness : 0U)};
    inputs.value_milli[SCORE_PART_resp] = 22000;
    inputs.value_milli[SCORE_PART_sys] = 100000;
    view.scoring.parts[SCORE_PART_resp] = part_of(VITAL_resp, 22000, false);
    view.scoring.parts[SCORE_PART_sys] = part_of(VITAL_abp_sys, 100000, false);
    if (with_consciousness) {
        view.scoring.parts[SCORE_PART_consciousness] = part_of(VITAL_consciousness, 0, true);
    }
    score_compute(SCORE_qsofa, &inputs, &view.scoring.results[SCORE_qsofa]);
    return view;
}

#define RESP                                                                                       \
    "\"resp\":{\"value\":22,\"points\":1,\"at\":\"2026-01-31T23:59:58.000Z\",\"source\":\"resp\"," \
    "\"by\":\"monitor\"}"
#define SYS                                                                                           \
    "\"sys\":{\"value\":100,\"points\":1,\"at\":\"2026-01-31T23:59:58.000Z\",\"source\":\"abp_sys\"," \
    "\"by\":\"monitor\"}"

static void test_a_complete_score(void **state)
{
    (void)state;
    const struct bed_view view = view_of_qsofa(true);
    expect_score(&view, SCORE_qsofa,
                 HEAD "\"qsofa\",\"title\":\"quick SOFA\",\"complete\":true,\"total\":2,\"band\":\"positive\","
                      "\"lower_bound\":2,\"lower_band\":\"positive\",\"missing\":[],"
                      "\"oldest_at\":\"2026-01-31T23:58:59.000Z\",\"due_at\":\"2026-02-01T00:58:59.000Z\","
                      "\"parts\":{" RESP "," SYS ",\"consciousness\":{\"value\":\"alert\",\"points\":0,"
                      "\"at\":\"2026-01-31T23:58:59.000Z\",\"source\":\"consciousness\",\"by\":\"nurse\"}}" TAIL);
}

/* Never a part of a score under its full name. */
static void test_an_incomplete_score(void **state)
{
    (void)state;
    const struct bed_view view = view_of_qsofa(false);
    expect_score(&view, SCORE_qsofa,
                 HEAD "\"qsofa\",\"title\":\"quick SOFA\",\"complete\":false,\"total\":null,\"band\":null,"
                      "\"lower_bound\":2,\"lower_band\":\"positive\",\"missing\":[\"consciousness\"],"
                      "\"oldest_at\":\"2026-01-31T23:59:58.000Z\",\"due_at\":null,\"parts\":{" RESP "," SYS "}" TAIL);
}

/* A ratio has no points and no lower bound; NEWS2 alone has a scale. */
static void test_a_ratio_and_the_scale(void **state)
{
    (void)state;
    struct bed_view view = view_now();
    view.scoring.results[SCORE_rox] = (struct score_result){.missing = score_parts(SCORE_rox)};
    expect_score(&view, SCORE_rox,
                 HEAD "\"rox\",\"title\":\"ROX index\",\"complete\":false,\"total\":null,\"band\":null,"
                      "\"lower_bound\":null,\"lower_band\":null,\"missing\":[\"resp\",\"spo2\",\"fio2\"],"
                      "\"oldest_at\":null,\"due_at\":null,\"parts\":{}" TAIL);
    view.scoring.parts[SCORE_PART_fio2] = part_of(VITAL_fio2, 40000, false);
    (void)payload_score(&context, &view, SCORE_rox, 0, NOW_MS, out, PAYLOAD_SCORE_MAX);
    assert_non_null(strstr(out, "\"fio2\":{\"value\":40,\"points\":null,"));
    assert_null(strstr(out, "spo2_scale"));
    view.spo2_scale = 2;
    view.scoring.results[SCORE_news2] = (struct score_result){.has_least = true};
    view.scoring.parts[SCORE_PART_oxygen] = part_of(VITAL_oxygen_flow, SCORE_AIR_MILLI, true);
    (void)payload_score(&context, &view, SCORE_news2, 0, NOW_MS, out, PAYLOAD_SCORE_MAX);
    assert_non_null(strstr(out, "\"spo2_scale\":2"));
    assert_non_null(strstr(out, "\"oxygen\":{\"value\":\"air\""));
}

/* ---- estimates ---- */

static void test_a_probability(void **state)
{
    (void)state;
    struct bed_view view = view_now();
    view.estimates.inputs.known = BIT(age) | BIT(sex) | BIT(glucose) | BIT(bmi); /* bmi is not asked */
    view.estimates.inputs.value_milli[INPUT_OF_age] = 50000;
    view.estimates.inputs.value_milli[INPUT_OF_sex] = 1000;
    view.estimates.inputs.value_milli[INPUT_OF_glucose] = 9991;
    view.estimates.at_ms[INPUT_OF_glucose] = NOW_MS - 60000;
    view.estimates.results[ESTIMATE_MODEL_0] =
        (struct estimate_result){.complete = true, .reached = true, .probability_micro = 202555};
    expect_estimate(&view, ESTIMATE_MODEL_0,
                    HEAD "\"tabaei_herman\",\"title\":\"Diabetes\"," NOTICE
                         "\"complete\":true,\"probability\":0.203,\"threshold\":0.2,\"reached\":true,"
                         "\"origin\":\"Diabetes Care 2002\",\"missing\":[],"
                         "\"inputs\":{\"age\":50,\"sex\":\"female\",\"glucose\":9.991},"
                         "\"oldest_at\":\"2026-01-31T23:58:59.000Z\"" TAIL);
}

static void test_an_estimate_without_its_inputs(void **state)
{
    (void)state;
    struct bed_view view = view_now();
    view.estimates.inputs.known = BIT(age);
    view.estimates.inputs.value_milli[INPUT_OF_age] = 50000;
    view.estimates.results[ESTIMATE_MODEL_0].missing = BIT(sex) | BIT(glucose);
    expect_estimate(&view, ESTIMATE_MODEL_0,
                    HEAD "\"tabaei_herman\",\"title\":\"Diabetes\"," NOTICE
                         "\"complete\":false,\"probability\":null,\"threshold\":0.2,\"reached\":null,"
                         "\"origin\":\"Diabetes Care 2002\",\"missing\":[\"sex\",\"glucose\"],\"inputs\":{\"age\":50},"
                         "\"oldest_at\":null" TAIL);
    view.estimates.results[ESTIMATE_MODEL_0 + 1] = (struct estimate_result){.complete = true};
    expect_estimate(&view, ESTIMATE_MODEL_0 + 1,
                    HEAD "\"bare\",\"title\":\"Bare\"," NOTICE
                         "\"complete\":true,\"probability\":0,\"threshold\":null,\"reached\":null,\"origin\":\"S\","
                         "\"missing\":[],\"inputs\":{},\"oldest_at\":null" TAIL);
}

static void test_a_category(void **state)
{
    (void)state;
    struct bed_view view = view_now();
    view.estimates.inputs.known = BIT(nibp_sys) | BIT(nibp_dia);
    view.estimates.inputs.value_milli[INPUT_OF_nibp_sys] = 128000;
    view.estimates.inputs.value_milli[INPUT_OF_nibp_dia] = 82000;
    view.estimates.at_ms[INPUT_OF_nibp_sys] = view.estimates.at_ms[INPUT_OF_nibp_dia] = NOW_MS;
    view.estimates.results[ESTIMATE_PRESSURE] = (struct estimate_result){.complete = true, .category = 2};
    expect_estimate(&view, ESTIMATE_PRESSURE,
                    HEAD
                    "\"blood_pressure\",\"title\":\"Blood pressure category, ACC/AHA 2017\"," NOTICE
                    "\"complete\":true,\"category\":\"stage_1\",\"missing\":[],"
                    "\"inputs\":{\"nibp_sys\":128,\"nibp_dia\":82},\"oldest_at\":\"2026-01-31T23:59:59.000Z\"" TAIL);
}

static void test_rounding_to_thousandths(void **state)
{
    (void)state;
    static const int32_t cases[][2] = {{0, 0}, {499, 0}, {500, 1}, {202499, 202}, {202500, 203}, {1000000, 1000}};
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct estimate_result result = {.probability_micro = cases[i][0]};
        assert_int_equal(payload_probability_milli(&result), cases[i][1]);
    }
}

static void test_the_largest_fit(void **state)
{
    (void)state;
    static char title[96], source[161];
    memset(title, 0x02, sizeof title - 1); /* six bytes each in JSON */
    memset(source, 0x02, sizeof source - 1);
    const struct estimate_model most = {.name = "m234567890123456789012345678901",
                                        .title = title,
                                        .source = source,
                                        .threshold_micro = 1,
                                        .inputs = (1U << ESTIMATE_INPUT_COUNT) - 1U};
    struct engine_config config = engine_config;
    struct payload_context large = context;
    config.models = &most;
    large.config = &config;
    struct bed_view view = view_now();
    view.estimates.inputs.known = most.inputs;
    view.estimates.results[ESTIMATE_MODEL_0].missing = most.inputs;
    for (unsigned i = 0; i < ESTIMATE_INPUT_COUNT; i++) {
        view.estimates.inputs.value_milli[i] = INT32_MIN + 1;
    }
    const size_t length = payload_estimate(&large, &view, ESTIMATE_MODEL_0, 0, NOW_MS, out, PAYLOAD_SCORE_MAX);
    assert_in_range(length, 1, PAYLOAD_SCORE_MAX - 1);
    expect_json(out, length);
    for (size_t size = 1; size <= length; size++) { /* it says so when it does not */
        assert_int_equal(payload_estimate(&large, &view, ESTIMATE_MODEL_0, 0, NOW_MS, out, size), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_complete_score),
        cmocka_unit_test(test_an_incomplete_score),
        cmocka_unit_test(test_a_ratio_and_the_scale),
        cmocka_unit_test(test_a_probability),
        cmocka_unit_test(test_an_estimate_without_its_inputs),
        cmocka_unit_test(test_a_category),
        cmocka_unit_test(test_rounding_to_thousandths),
        cmocka_unit_test(test_the_largest_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
