/*
 * Scores at a bed: where parts come from, how long they count, what changes them, what is kept.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/support/engine_ward.h"

#define HOUR     3600
#define INTERVAL (4 * HOUR * 1000)

static void configure(enum patient_class patient_class, uint16_t scores)
{
    ward_clear_config();
    ward_config.engine.replay = false;
    ward_config.beds[0].scores = scores;
    ward_config.beds[0].patient_class = patient_class;
    ward_config.beds[0].observation_interval_ms = INTERVAL;
    static const enum vital given[] = {VITAL_hr,      VITAL_pulse,    VITAL_spo2,     VITAL_resp,
                                       VITAL_abp_sys, VITAL_nibp_sys, VITAL_nibp_dia, VITAL_temp};
    static const enum vital entered[] = {VITAL_fio2,   VITAL_consciousness, VITAL_oxygen_flow,  VITAL_cap_refill,
                                         VITAL_effort, VITAL_wbc,           VITAL_oxygen_device};
    for (unsigned i = 0; i < sizeof given / sizeof given[0]; i++) {
        ward_add_channel(given[i], 1000);
    }
    for (unsigned i = 0; i < sizeof entered / sizeof entered[0]; i++) {
        ward_add_entered(entered[i]);
    }
}

static struct ward *start(void)
{
    struct ward *ward = ward_start();
    engine_admit(ward->engine, 0, 0);
    ward_until(ward, 0);
    return ward;
}

static void enter(struct ward *ward, double seconds, enum vital vital, double value)
{
    const struct bed_command command = {.kind = COMMAND_observe,
                                        .stay = ward_stay(ward, 0),
                                        .vital = (uint8_t)vital,
                                        .value_milli = (int32_t)(value * 1000 + 0.5),
                                        .has_observed = true,
                                        .observed_ms = (int64_t)(seconds * 1000)};
    assert_int_equal(ward_command(ward, seconds, &command), VERDICT_ACCEPTED);
}

/* A well adult on air, all monitored but what people enter; 22 breaths are 2 points. */
static void give_monitored(struct ward *ward, double seconds)
{
    ward_value(ward, seconds, VITAL_hr, 72);
    ward_value(ward, seconds, VITAL_spo2, 97);
    ward_value(ward, seconds, VITAL_resp, 22);
    ward_value(ward, seconds, VITAL_nibp_sys, 120);
    ward_value(ward, seconds, VITAL_nibp_dia, 80);
    ward_value(ward, seconds, VITAL_temp, 36.8);
    ward_until(ward, seconds);
}

static struct bed_view view_of(const struct ward *ward)
{
    struct bed_view view;
    engine_view_bed(ward->engine, 0, &view);
    return view;
}

static struct score_result result_of(const struct ward *ward, enum score score)
{
    return view_of(ward).scoring.results[score];
}

static void expect_missing(const struct ward *ward, enum score score, unsigned missing)
{
    const struct score_result result = result_of(ward, score);
    assert_int_equal(result.missing, missing);
    assert_int_equal(result.complete, missing == 0);
}

#define PART(name) (1U << SCORE_PART_##name)
#define NEWS2      (1U << SCORE_news2)

/* A rate that the oximeter gives while the ECG is off is a pulse, also where a score shows where its parts come from. */
static void test_a_part_names_what_stands_in(void **state)
{
    (void)state;
    configure(CLASS_adult, NEWS2);
    ward_config.engine.pulse.hr_from_pulse = true;
    struct ward *ward = start();
    ward_value(ward, 1, VITAL_hr, 72);
    ward_value(ward, 1, VITAL_pulse, 74);
    ward_until(ward, 1);
    struct bed_view view = view_of(ward);
    assert_int_equal(view.scoring.parts[SCORE_PART_pulse].source, VITAL_hr);
    assert_int_equal(view.scoring.parts[SCORE_PART_pulse].value_milli, 72000);
    for (int second = 2; second <= 5; second++) {
        ward_invalid(ward, second, VITAL_hr, QUALITY_SENSOR_OFF);
        ward_value(ward, second, VITAL_pulse, 74);
    }
    ward_until(ward, 5);
    view = view_of(ward);
    assert_true(view.scoring.parts[SCORE_PART_pulse].known);
    assert_int_equal(view.scoring.parts[SCORE_PART_pulse].source, VITAL_pulse);
    assert_int_equal(view.scoring.parts[SCORE_PART_pulse].value_milli, 74000);
    ward_close(ward);
}

static void test_a_score_is_complete_with_its_last_part(void **state)
{
    (void)state;
    configure(CLASS_adult, NEWS2);
    struct ward *ward = start();
    expect_missing(ward, SCORE_news2, score_parts(SCORE_news2));
    give_monitored(ward, 1);
    expect_missing(ward, SCORE_news2, PART(oxygen) | PART(consciousness));
    assert_int_equal(result_of(ward, SCORE_news2).least_milli, 2000);
    enter(ward, 2, VITAL_consciousness, 0);
    expect_missing(ward, SCORE_news2, PART(oxygen));
    enter(ward, 3, VITAL_oxygen_flow, 0);
    expect_missing(ward, SCORE_news2, 0);
    assert_int_equal(result_of(ward, SCORE_news2).total_milli, 2000);
    enter(ward, 4, VITAL_oxygen_flow, 2);
    assert_int_equal(result_of(ward, SCORE_news2).total_milli, 4000);
    enter(ward, 5, VITAL_consciousness, 1);
    assert_int_equal(result_of(ward, SCORE_news2).total_milli, 7000);
    const struct bed_view view = view_of(ward);
    const struct scored_part *part = &view.scoring.parts[SCORE_PART_consciousness];
    assert_true(part->known && part->entered);
    assert_int_equal(part->at_ms, 5000);
    assert_int_equal(part->source, VITAL_consciousness);
    assert_false(view.scoring.parts[SCORE_PART_resp].entered);
    int64_t at_ms = 0;
    assert_true(scoring_oldest(&view.scoring, SCORE_news2, &at_ms));
    assert_int_equal(at_ms, 1000);
    assert_true(scoring_due(&view.scoring, SCORE_news2, INTERVAL, &at_ms));
    assert_int_equal(at_ms, 1000 + HOUR * 1000); /* the cuff's, and the band is high */
    assert_true(scoring_due(&view.scoring, SCORE_news2, HOUR * 500, &at_ms));
    assert_int_equal(at_ms, 1000 + HOUR * 500); /* rounds that are as close are not put off */
    ward_close(ward);
}

static void test_a_low_band_is_due_after_the_interval(void **state)
{
    (void)state;
    configure(CLASS_adult, NEWS2);
    struct ward *ward = start();
    int64_t at_ms = 0;
    struct bed_view view = view_of(ward);
    assert_false(scoring_due(&view.scoring, SCORE_news2, INTERVAL, &at_ms));
    assert_false(scoring_oldest(&view.scoring, SCORE_news2, &at_ms));
    give_monitored(ward, 1);
    enter(ward, 2, VITAL_consciousness, 0);
    view = view_of(ward);
    assert_true(scoring_due(&view.scoring, SCORE_news2, INTERVAL, &at_ms));
    assert_int_equal(at_ms, 1000 + INTERVAL);
    ward_close(ward);
}

/* What a monitor gives all the time counts for 5 minutes, what is observed now and then for the interval and an hour;
 * each leaves at its instant, though nothing arrives. */
static void test_parts_grow_too_old(void **state)
{
    (void)state;
    configure(CLASS_adult, NEWS2);
    struct ward *ward = start();
    give_monitored(ward, 1);
    enter(ward, 2, VITAL_consciousness, 0);
    enter(ward, 3, VITAL_oxygen_flow, 0);
    ward_until(ward, 300.999);
    expect_missing(ward, SCORE_news2, 0);
    ward_until(ward, 301);
    const unsigned monitored = PART(resp) | PART(spo2) | PART(pulse) | PART(temp);
    expect_missing(ward, SCORE_news2, monitored);
    ward_until(ward, 5 * HOUR + 0.999);
    expect_missing(ward, SCORE_news2, monitored);
    ward_until(ward, 5 * HOUR + 1);
    expect_missing(ward, SCORE_news2, monitored | PART(sys));
    ward_until(ward, 5 * HOUR + 2);
    expect_missing(ward, SCORE_news2, monitored | PART(sys) | PART(consciousness));
    ward_until(ward, 5 * HOUR + 3);
    expect_missing(ward, SCORE_news2, score_parts(SCORE_news2));
    ward_close(ward);
}

/* A temperature taken by hand counts where the monitor's probe is not in use; an artery goes before the cuff. */
static void test_one_source_stands_in_for_another(void **state)
{
    (void)state;
    configure(CLASS_adult, NEWS2);
    struct ward *ward = start();
    ward_value(ward, 1, VITAL_pulse, 95);
    ward_value(ward, 1, VITAL_nibp_sys, 95);
    enter(ward, 2, VITAL_temp, 39.2);
    struct bed_view view = view_of(ward);
    assert_int_equal(view.scoring.parts[SCORE_PART_temp].value_milli, 39200);
    assert_true(view.scoring.parts[SCORE_PART_temp].entered);
    assert_int_equal(view.scoring.parts[SCORE_PART_pulse].source, VITAL_pulse);
    assert_int_equal(view.scoring.parts[SCORE_PART_sys].source, VITAL_nibp_sys);
    ward_value(ward, 3, VITAL_hr, 96);
    ward_value(ward, 3, VITAL_abp_sys, 110);
    ward_value(ward, 3, VITAL_temp, 37);
    ward_until(ward, 3);
    view = view_of(ward);
    assert_int_equal(view.scoring.parts[SCORE_PART_temp].value_milli, 37000);
    assert_int_equal(view.scoring.parts[SCORE_PART_pulse].source, VITAL_hr);
    assert_int_equal(view.scoring.parts[SCORE_PART_sys].value_milli, 110000);
    ward_until(ward, 303);
    view = view_of(ward);
    assert_int_equal(view.scoring.parts[SCORE_PART_temp].value_milli, 39200);
    assert_int_equal(view.scoring.parts[SCORE_PART_sys].value_milli, 95000);
    ward_close(ward);
}

static void test_oxygen_comes_from_either(void **state)
{
    (void)state;
    configure(CLASS_adult, NEWS2);
    struct ward *ward = start();
    assert_false(view_of(ward).scoring.parts[SCORE_PART_oxygen].known);
    enter(ward, 1, VITAL_fio2, 21);
    assert_int_equal(view_of(ward).scoring.parts[SCORE_PART_oxygen].value_milli, SCORE_AIR_MILLI);
    enter(ward, 2, VITAL_oxygen_flow, 1);
    struct bed_view view = view_of(ward);
    assert_int_equal(view.scoring.parts[SCORE_PART_oxygen].value_milli, SCORE_OXYGEN_MILLI);
    assert_int_equal(view.scoring.parts[SCORE_PART_oxygen].source, VITAL_oxygen_flow);
    enter(ward, 3, VITAL_fio2, 60);
    view = view_of(ward);
    assert_int_equal(view.scoring.parts[SCORE_PART_oxygen].value_milli, SCORE_HIGH_OXYGEN_MILLI);
    assert_int_equal(view.scoring.parts[SCORE_PART_oxygen].source, VITAL_fio2);
    ward_close(ward);
}

static void expect_oxygen(const struct ward *ward, int32_t value_milli, enum vital source)
{
    const struct bed_view view = view_of(ward);
    assert_true(view.scoring.parts[SCORE_PART_oxygen].known);
    assert_int_equal(view.scoring.parts[SCORE_PART_oxygen].value_milli, value_milli);
    assert_int_equal(view.scoring.parts[SCORE_PART_oxygen].source, source);
}

static void test_oxygen_by_the_device(void **state)
{
    (void)state;
    enum { AIR = 0, NASAL = 1, CPAP = 8 };
    configure(CLASS_adult, NEWS2);
    struct ward *ward = start();
    enter(ward, 1, VITAL_oxygen_device, NASAL);
    expect_oxygen(ward, SCORE_SOME_OXYGEN_MILLI, VITAL_oxygen_device);
    enter(ward, 2, VITAL_oxygen_flow, 2);
    expect_oxygen(ward, SCORE_OXYGEN_MILLI, VITAL_oxygen_flow);
    enter(ward, 3, VITAL_oxygen_flow, 0);
    expect_oxygen(ward, SCORE_SOME_OXYGEN_MILLI, VITAL_oxygen_device);
    enter(ward, 4, VITAL_oxygen_device, CPAP);
    enter(ward, 5, VITAL_fio2, 60);
    expect_oxygen(ward, SCORE_HIGH_OXYGEN_MILLI, VITAL_fio2);
    enter(ward, 6, VITAL_oxygen_device, AIR);
    expect_oxygen(ward, SCORE_AIR_MILLI, VITAL_oxygen_flow); /* 0, from 3 on */
    enter(ward, 7, VITAL_fio2, 60);
    expect_oxygen(ward, SCORE_HIGH_OXYGEN_MILLI, VITAL_fio2);
    ward_close(ward);
}

/* Air as the device, and a flow of 4 L/min. */
static void test_device_against_flow(void **state)
{
    (void)state;
    configure(CLASS_adult, NEWS2);
    struct ward *ward = start();
    enter(ward, 1, VITAL_oxygen_flow, 4);
    enter(ward, 2, VITAL_oxygen_device, 0);
    expect_oxygen(ward, SCORE_AIR_MILLI, VITAL_oxygen_flow);
    enter(ward, 3, VITAL_oxygen_flow, 4);
    expect_oxygen(ward, SCORE_HIGH_OXYGEN_MILLI, VITAL_oxygen_flow);
    enter(ward, 3.05, VITAL_oxygen_device, 0); /* of one instant: the more */
    expect_oxygen(ward, SCORE_HIGH_OXYGEN_MILLI, VITAL_oxygen_flow);
    enter(ward, 4, VITAL_oxygen_device, 0);
    expect_oxygen(ward, SCORE_AIR_MILLI, VITAL_oxygen_flow);
    const struct bed_command back = {.kind = COMMAND_retract,
                                     .stay = ward_stay(ward, 0),
                                     .vital = VITAL_oxygen_device,
                                     .has_observed = true,
                                     .observed_ms = 4000};
    assert_int_equal(ward_command(ward, 5, &back), VERDICT_ACCEPTED);
    expect_oxygen(ward, SCORE_HIGH_OXYGEN_MILLI, VITAL_oxygen_flow);
    ward_close(ward);
}

/* Bedside PEWS asks how much: it is missing, and is no points of the lower bound. */
static void test_device_alone_is_not_how_much(void **state)
{
    (void)state;
    configure(CLASS_child, 1U << SCORE_bedside_pews);
    struct ward *ward = start();
    enter(ward, 1, VITAL_cap_refill, 2);
    enter(ward, 1, VITAL_oxygen_device, 8);
    struct bed_view view = view_of(ward);
    assert_true(view.scoring.results[SCORE_bedside_pews].missing >> SCORE_PART_oxygen & 1U);
    assert_int_equal(view.scoring.results[SCORE_bedside_pews].least_milli, 0);
    enter(ward, 2, VITAL_oxygen_flow, 4);
    view = view_of(ward);
    assert_false(view.scoring.results[SCORE_bedside_pews].missing >> SCORE_PART_oxygen & 1U);
    assert_int_equal(view.scoring.results[SCORE_bedside_pews].least_milli, 4000);
    ward_close(ward);
}

static void test_mean_pressure_of_one_inflation(void **state)
{
    (void)state;
    configure(CLASS_adult, 1U << SCORE_modified_shock_index);
    struct ward *ward = start();
    ward_value(ward, 1, VITAL_hr, 110);
    ward_value(ward, 1, VITAL_nibp_sys, 120);
    ward_until(ward, 1);
    expect_missing(ward, SCORE_modified_shock_index, PART(mean));
    ward_value(ward, 2, VITAL_nibp_dia, 80);
    ward_until(ward, 2);
    expect_missing(ward, SCORE_modified_shock_index, PART(mean)); /* of another one */
    ward_value(ward, 3, VITAL_nibp_sys, 120);
    ward_value(ward, 3, VITAL_nibp_dia, 80);
    ward_until(ward, 3);
    expect_missing(ward, SCORE_modified_shock_index, 0);
    assert_int_equal(result_of(ward, SCORE_modified_shock_index).total_milli, 1179);
    ward_close(ward);
}

static void test_each_class_has_its_scores(void **state)
{
    (void)state;
    const uint16_t all = (1U << SCORE_COUNT) - 1U;
    configure(CLASS_adolescent, all);
    struct ward *ward = start();
    assert_int_equal(view_of(ward).scoring.scores, 1U << SCORE_bedside_pews);
    assert_int_equal(view_of(ward).spo2_scale, 0);
    ward_close(ward);
    configure(CLASS_adult, all);
    ward = start();
    assert_int_equal(view_of(ward).scoring.scores, all & ~(1U << SCORE_bedside_pews));
    assert_int_equal(view_of(ward).spo2_scale, 1);
    ward_close(ward);
}

static void test_bedside_pews_of_a_child(void **state)
{
    (void)state;
    configure(CLASS_child, 1U << SCORE_bedside_pews);
    struct ward *ward = start();
    ward_value(ward, 1, VITAL_hr, 130);
    ward_value(ward, 1, VITAL_spo2, 93);
    ward_value(ward, 1, VITAL_resp, 31);
    ward_value(ward, 1, VITAL_nibp_sys, 100);
    enter(ward, 2, VITAL_cap_refill, 3);
    enter(ward, 2, VITAL_effort, 1);
    expect_missing(ward, SCORE_bedside_pews, PART(oxygen));
    enter(ward, 2, VITAL_oxygen_flow, 4);
    expect_missing(ward, SCORE_bedside_pews, 0);
    assert_int_equal(result_of(ward, SCORE_bedside_pews).total_milli, 13000); /* 2 1 1 0 4 1 4 */
    ward_close(ward);
}

static enum command_verdict set_scale(struct ward *ward, double seconds, uint8_t scale)
{
    const struct bed_command command = {
        .kind = COMMAND_set_scale, .stay = ward_stay(ward, 0), .scale = scale, .reason = "COPD"};
    return ward_command(ward, seconds, &command);
}

static void test_the_spo2_scale_is_the_stays(void **state)
{
    (void)state;
    configure(CLASS_adult, NEWS2);
    struct ward *ward = start();
    ward_value(ward, 1, VITAL_spo2, 90);
    ward_until(ward, 1);
    assert_int_equal(result_of(ward, SCORE_news2).points[SCORE_PART_spo2], 3);
    assert_int_equal(set_scale(ward, 2, 1), VERDICT_NOTHING);
    assert_int_equal(set_scale(ward, 2, 2), VERDICT_ACCEPTED);
    assert_int_equal(result_of(ward, SCORE_news2).points[SCORE_PART_spo2], 0);
    assert_int_equal(view_of(ward).spo2_scale, 2);
    assert_int_equal(set_scale(ward, 2.1, 2), VERDICT_NOTHING);
    assert_int_equal(set_scale(ward, 2.2, 1), VERDICT_ACCEPTED);
    assert_int_equal(result_of(ward, SCORE_news2).points[SCORE_PART_spo2], 3);
    assert_int_equal(set_scale(ward, 2.3, 2), VERDICT_ACCEPTED);
    const struct ward_break lost = {.committed = ward->record_count, .begin_ms = 3000};
    struct ward *after = ward_restart(ward, &lost);
    ward_close(ward);
    ward_until(after, 3);
    assert_int_equal(view_of(after).spo2_scale, 2);
    assert_int_equal(result_of(after, SCORE_news2).points[SCORE_PART_spo2], 0);
    assert_int_equal(ward_tell(after, 4, COMMAND_discharge), VERDICT_ACCEPTED);
    assert_int_equal(set_scale(after, 5, 2), VERDICT_VACANT);
    assert_int_equal(ward_tell(after, 6, COMMAND_admit), VERDICT_ACCEPTED);
    assert_int_equal(view_of(after).spo2_scale, 1);
    ward_close(after);
}

static void test_no_scale_for_whom_it_is_not(void **state)
{
    (void)state;
    for (enum patient_class class = CLASS_adolescent; class < CLASS_COUNT; class ++) {
        configure(class, NEWS2);
        struct ward *ward = start();
        assert_int_equal(set_scale(ward, 1, 2), VERDICT_CLASS);
        ward_close(ward);
    }
}

/* A bed without NEWS2 (pregnancy: it is not made for that) has no scale of it either. */
static void test_no_scale_without_news2(void **state)
{
    (void)state;
    configure(CLASS_adult, 1U << SCORE_shock_index);
    struct ward *ward = start();
    assert_int_equal(set_scale(ward, 1, 2), VERDICT_NOT_SETTABLE);
    ward_close(ward);
}

/* Scores are the stay's, and come back with what they are made of. */
static void test_scores_end_with_the_stay_and_outlive_a_restart(void **state)
{
    (void)state;
    configure(CLASS_adult, NEWS2);
    struct ward *ward = start();
    give_monitored(ward, 1);
    enter(ward, 2, VITAL_consciousness, 2);
    enter(ward, 3, VITAL_oxygen_flow, 0);
    const struct ward_break lost = {.committed = ward->record_count, .begin_ms = 60000};
    struct ward *after = ward_restart(ward, &lost);
    ward_close(ward);
    ward_until(after, 60);
    expect_missing(after, SCORE_news2, 0);
    assert_int_equal(result_of(after, SCORE_news2).total_milli, 5000);
    assert_int_equal(view_of(after).scoring.parts[SCORE_PART_consciousness].at_ms, 2000);
    assert_int_equal(ward_tell(after, 61, COMMAND_admit), VERDICT_ACCEPTED);
    expect_missing(after, SCORE_news2, score_parts(SCORE_news2)); /* another patient */
    ward_close(after);
}

/* --- rules over scores --- */

static const struct {
    const char *when;
    const char *incomplete, *at_least, *complete; /* verdicts: lower bound 4, lower bound 7, and complete with 7 */
} comparisons[] = {{"news2 >= 7", "?", "met", "met"},     {"news2 > 6", "?", "met", "met"},
                   {"news2 > 7", "?", "?", "clear"},      {"news2 < 7", "?", "clear", "clear"},
                   {"news2 <= 6", "?", "clear", "clear"}, {"news2 <= 7", "?", "?", "met"},
                   {"7 <= news2", "?", "met", "met"},     {"news2 == 3", "clear", "clear", "clear"},
                   {"news2 != 3", "met", "met", "met"},   {"news2 == 7", "?", "?", "met"},
                   {"news2 + 0 >= 7", "?", "?", "met"}};

static void expect_verdict(struct ward *ward, const char *when, const char *wanted)
{
    static const struct parameter_names names = {.count = 0};
    static const char *const words[] = {[VERDICT_CLEAR] = "clear", [VERDICT_MET] = "met", [VERDICT_UNKNOWN] = "?"};
    const int64_t parameters[PARAMETERS_MAX] = {0};
    struct expression expression;
    struct expression_fault fault;
    assert_true(expression_compile(when, &names, 700, &expression, &fault));
    const struct bed_view view = view_of(ward);
    const struct bound_expression bound = {.expression = &expression, .scoring = &view.scoring};
    const enum verdict got = expression_verdict(&bound, parameters, 0);
    if (strcmp(words[got], wanted) != 0) {
        fail_msg("%s: %s, not %s", when, words[got], wanted);
    }
}

static void test_a_lower_bound_decides_what_it_can(void **state)
{
    (void)state;
    configure(CLASS_adult, NEWS2);
    struct ward *ward = start();
    const unsigned count = sizeof comparisons / sizeof comparisons[0];
    expect_verdict(ward, "news2 >= 0", "met");
    expect_verdict(ward, "news2 >= 1", "?");
    expect_verdict(ward, "mews >= 0", "?"); /* not kept here */
    expect_verdict(ward, "news2 >= mews", "?");
    expect_verdict(ward, "news2 + 1 >= mews + 1", "?");
    enter(ward, 1, VITAL_oxygen_flow, 1);
    ward_value(ward, 1, VITAL_resp, 22);
    ward_until(ward, 1);
    for (unsigned i = 0; i < count; i++) {
        expect_verdict(ward, comparisons[i].when, comparisons[i].incomplete);
    }
    enter(ward, 2, VITAL_consciousness, 1);
    for (unsigned i = 0; i < count; i++) {
        expect_verdict(ward, comparisons[i].when, comparisons[i].at_least);
    }
    give_monitored(ward, 3);
    expect_missing(ward, SCORE_news2, 0);
    for (unsigned i = 0; i < count; i++) {
        expect_verdict(ward, comparisons[i].when, comparisons[i].complete);
    }
    ward_close(ward);
}

/* It waits until the score was complete once; from then on a round that is overdue is told. */
static void test_a_rule_over_a_score(void **state)
{
    (void)state;
    configure(CLASS_adult, NEWS2);
    ward_add_rule("ill", "news2 >= limit", NULL, 7, PRIORITY_MEDIUM);
    struct ward *ward = start();
    for (int s = 1; s <= 180; s++) {
        ward_value(ward, s, VITAL_hr, 72);
    }
    ward_expect(ward, "");
    give_monitored(ward, 181);
    enter(ward, 182, VITAL_oxygen_flow, 2);
    ward_expect(ward, "");
    enter(ward, 183, VITAL_consciousness, 2);
    ward_expect(ward, "183 ill start active medium 7\n");
    assert_int_equal(ward_newest(ward)->vital, VITAL_NONE);
    enter(ward, 184, VITAL_consciousness, 0);
    ward_expect(ward, "184 ill end ended medium 4\n");
    ward_close(ward);
}

/* Everything entered, and monitored once a second until `to_s`. */
static struct ward *start_with_a_score(void)
{
    configure(CLASS_adult, NEWS2);
    ward_add_rule("ill", "news2 >= limit", NULL, 7, PRIORITY_MEDIUM);
    struct ward *ward = start();
    for (int s = 1; s <= 60; s++) {
        give_monitored(ward, s);
    }
    enter(ward, 60, VITAL_oxygen_flow, 0);
    enter(ward, 60, VITAL_consciousness, 0);
    expect_missing(ward, SCORE_news2, 0);
    ward_expect(ward, "");
    return ward;
}

/* The parts that it gave count for five minutes more; then its silence is why the score is not there. */
static void test_a_score_that_a_silent_monitor_takes_away(void **state)
{
    (void)state;
    struct ward *ward = start_with_a_score();
    ward_until(ward, 300);
    const struct alert *silence = ward_newest_of(ward, "monitor_silent");
    assert_true(alert_stands_for(silence, 0));
    const uint64_t id = silence->id;
    ward_until(ward, 600);
    assert_non_null(strstr(ward->text, "ill.not_monitored start active medium"));
    assert_non_null(strstr(ward->text, " in monitor_silent\n"));
    assert_int_equal(ward_newest_of(ward, "ill.not_monitored")->part_of, id);
    ward_close(ward);
}

/* Another part was taken back: that is not the monitor's doing, and is told by itself. */
static void test_a_score_that_lacks_more_than_a_silence_explains(void **state)
{
    (void)state;
    struct ward *ward = start_with_a_score();
    const struct bed_command back = {.kind = COMMAND_retract, .stay = ward_stay(ward, 0), .vital = VITAL_consciousness};
    assert_int_equal(ward_command(ward, 61, &back), VERDICT_ACCEPTED);
    ward_until(ward, 600);
    assert_non_null(ward_newest_of(ward, "monitor_silent"));
    assert_int_equal(ward_newest_of(ward, "ill.not_monitored")->part_of, 0);
    ward_close(ward);
}

/* A probe stands for the score of whose parts it is the only source; a rate has two. */
static void test_which_probes_a_score_rests_on(void **state)
{
    (void)state;
    struct ward *ward = start_with_a_score();
    for (int s = 61; s <= 160; s++) {
        ward_value(ward, s, VITAL_pulse, 72);
        ward_invalid(ward, s, VITAL_hr, QUALITY_SENSOR_OFF);
        ward_value(ward, s, VITAL_spo2, 97);
        ward_value(ward, s, VITAL_resp, 22);
        ward_value(ward, s, VITAL_temp, 36.8);
    }
    ward_until(ward, 160);
    assert_false(alert_stands_for(ward_newest_of(ward, "sensor_off"), 0));
    ward_close(ward);
    ward = start_with_a_score();
    for (int s = 61; s <= 160; s++) {
        ward_value(ward, s, VITAL_hr, 72);
        ward_invalid(ward, s, VITAL_spo2, QUALITY_SENSOR_OFF);
        ward_value(ward, s, VITAL_resp, 22);
        ward_value(ward, s, VITAL_temp, 36.8);
    }
    ward_until(ward, 160);
    assert_true(alert_stands_for(ward_newest_of(ward, "sensor_off"), 0));
    ward_close(ward);
}

static void test_a_rule_applies_where_its_score_is_kept(void **state)
{
    (void)state;
    configure(CLASS_adult, NEWS2);
    ward_add_rule("ill", "news2 >= 7", NULL, 0, PRIORITY_MEDIUM);
    ward_add_rule("child", "bedside_pews >= 7 and hr > 10", NULL, 0, PRIORITY_MEDIUM);
    assert_true(rule_applies(&ward_config.beds[0], &ward_config.rules[0]));
    assert_false(rule_applies(&ward_config.beds[0], &ward_config.rules[1]));
    ward_config.beds[0].scores = (1U << SCORE_COUNT) - 1U;
    assert_false(rule_applies(&ward_config.beds[0], &ward_config.rules[1]));
    ward_config.beds[0].patient_class = CLASS_infant;
    assert_false(rule_applies(&ward_config.beds[0], &ward_config.rules[0]));
    assert_true(rule_applies(&ward_config.beds[0], &ward_config.rules[1]));
}

/* At an empty bed no part stands of the patient who was there, not even for the instant of the discharge. */
static void test_no_part_is_left_at_an_empty_bed(void **state)
{
    (void)state;
    configure(CLASS_adult, NEWS2);
    struct ward *ward = start();
    ward_value(ward, 1, VITAL_spo2, 90);
    ward_until(ward, 1);
    assert_true(view_of(ward).scoring.parts[SCORE_PART_spo2].known);
    assert_int_equal(ward_tell(ward, 2, COMMAND_discharge), VERDICT_ACCEPTED);
    assert_false(view_of(ward).scoring.parts[SCORE_PART_spo2].known || view_of(ward).scoring.has_stay);
    ward_close(ward);
}

/* Whoever answers may be another patient's monitor, and what stood on its screen before may be of any time: no part of a score. */
static void test_values_in_doubt_are_no_part(void **state)
{
    (void)state;
    const uint16_t pulse = 1U << SCORE_PART_pulse, sys = 1U << SCORE_PART_sys;
    configure(CLASS_adult, 1U << SCORE_news2);
    struct ward *ward = start();
    ward_identity(ward, 1, 0, 7);
    give_monitored(ward, 2);
    assert_int_equal(result_of(ward, SCORE_news2).missing & (pulse | sys), 0);
    ward_identity(ward, 3, 0, 8);
    ward_value(ward, 3, VITAL_hr, 72);
    ward_until(ward, 3);
    assert_int_equal(result_of(ward, SCORE_news2).missing & pulse, pulse);
    const struct bed_command assign = {.kind = COMMAND_assign, .stay = ward_stay(ward, 0)};
    assert_int_equal(ward_command(ward, 4, &assign), VERDICT_ACCEPTED);
    give_monitored(ward, 5);
    assert_int_equal(result_of(ward, SCORE_news2).missing & (pulse | sys), 0);
    ward_close(ward);
}

static void test_a_measurement_of_unknown_age_is_no_part(void **state)
{
    (void)state;
    const uint16_t sys = 1U << SCORE_PART_sys;
    configure(CLASS_adult, 1U << SCORE_news2);
    struct ward *ward = start();
    struct observation found = {.vital = VITAL_nibp_sys, .value_milli = 120000, .flags = OBSERVATION_AGE_UNKNOWN};
    ward_observe(ward, 1, &found);
    found.value_milli = 121000; /* another one: of this stay, but since when? */
    ward_observe(ward, 2, &found);
    ward_until(ward, 2);
    assert_int_equal(result_of(ward, SCORE_news2).missing & sys, sys);
    ward_value(ward, 3, VITAL_nibp_sys, 122);
    ward_until(ward, 3);
    assert_int_equal(result_of(ward, SCORE_news2).missing & sys, 0);
    ward_close(ward);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_in_doubt_are_no_part),
        cmocka_unit_test(test_a_measurement_of_unknown_age_is_no_part),
        cmocka_unit_test(test_no_part_is_left_at_an_empty_bed),
        cmocka_unit_test(test_a_part_names_what_stands_in),
        cmocka_unit_test(test_a_score_is_complete_with_its_last_part),
        cmocka_unit_test(test_a_low_band_is_due_after_the_interval),
        cmocka_unit_test(test_parts_grow_too_old),
        cmocka_unit_test(test_one_source_stands_in_for_another),
        cmocka_unit_test(test_oxygen_comes_from_either),
        cmocka_unit_test(test_oxygen_by_the_device),
        cmocka_unit_test(test_device_against_flow),
        cmocka_unit_test(test_device_alone_is_not_how_much),
        cmocka_unit_test(test_mean_pressure_of_one_inflation),
        cmocka_unit_test(test_each_class_has_its_scores),
        cmocka_unit_test(test_bedside_pews_of_a_child),
        cmocka_unit_test(test_the_spo2_scale_is_the_stays),
        cmocka_unit_test(test_no_scale_for_whom_it_is_not),
        cmocka_unit_test(test_no_scale_without_news2),
        cmocka_unit_test(test_a_lower_bound_decides_what_it_can),
        cmocka_unit_test(test_a_rule_over_a_score),
        cmocka_unit_test(test_a_score_that_a_silent_monitor_takes_away),
        cmocka_unit_test(test_a_score_that_lacks_more_than_a_silence_explains),
        cmocka_unit_test(test_which_probes_a_score_rests_on),
        cmocka_unit_test(test_a_rule_applies_where_its_score_is_kept),
        cmocka_unit_test(test_scores_end_with_the_stay_and_outlive_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
