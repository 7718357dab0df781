/* The estimates of a bed: what is told of a patient, how long measurements count, and whose they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "tests/unit/support/engine_ward.h"

#define HOUR       3600
#define BIT(input) (1U << INPUT_OF_##input)
#define MODEL      ESTIMATE_MODEL_0

/* Only what is added up matters here: the probability of a half is that of nothing. */
static const struct estimate_model model = {.name = "m",
                                            .title = "M",
                                            .source = "S",
                                            .threshold_micro = 500000,
                                            .inputs = BIT(age) | BIT(hours_since_food) | BIT(glucose),
                                            .coefficient_micro = {[INPUT_OF_hours_since_food] = 1000000}};

static struct ward *open_ward(enum patient_class patient_class)
{
    ward_clear_config();
    ward_config.engine.replay = false;
    ward_config.engine.models = &model;
    ward_config.engine.model_count = 1;
    ward_config.engine.pressure_scheme = PRESSURE_acc_aha_2017;
    ward_config.beds[0].patient_class = patient_class;
    ward_add_channel(VITAL_hr, 1000);
    ward_add_channel(VITAL_nibp_sys, 1000);
    ward_add_channel(VITAL_nibp_dia, 1000);
    ward_add_entered(VITAL_glucose);
    struct ward *ward = ward_start();
    engine_admit(ward->engine, 0, 0);
    ward_until(ward, 0);
    return ward;
}

static enum command_verdict describe(struct ward *ward, double seconds, unsigned attribute, int32_t value_milli)
{
    const struct bed_command command = {.kind = COMMAND_describe,
                                        .stay = ward_stay(ward, 0),
                                        .attribute = (uint8_t)attribute,
                                        .has_value = true,
                                        .value_milli = value_milli};
    return ward_command(ward, seconds, &command);
}

static void enter_glucose(struct ward *ward, double seconds, double observed_s)
{
    const struct bed_command command = {.kind = COMMAND_observe,
                                        .stay = ward_stay(ward, 0),
                                        .vital = VITAL_glucose,
                                        .value_milli = 9991,
                                        .has_observed = true,
                                        .observed_ms = (int64_t)(observed_s * 1000)};
    assert_int_equal(ward_command(ward, seconds, &command), VERDICT_ACCEPTED);
}

static struct bed_view view_of(const struct ward *ward)
{
    struct bed_view view;
    engine_view_bed(ward->engine, 0, &view);
    return view;
}

static void expect_missing(const struct ward *ward, unsigned missing)
{
    const struct bed_view view = view_of(ward);
    assert_int_equal(view.estimates.results[MODEL].missing, missing);
    assert_int_equal(view.estimates.results[MODEL].complete, missing == 0);
}

static void test_inputs_come_one_by_one(void **state)
{
    (void)state;
    struct ward *ward = open_ward(CLASS_adult);
    assert_int_equal(view_of(ward).estimates.kept, 3);
    expect_missing(ward, model.inputs);
    assert_int_equal(describe(ward, 10, INPUT_OF_age, 50000), VERDICT_ACCEPTED);
    expect_missing(ward, BIT(hours_since_food) | BIT(glucose));
    assert_int_equal(describe(ward, 11, INPUT_OF_hours_since_food, 2000), VERDICT_ACCEPTED);
    expect_missing(ward, BIT(glucose));
    enter_glucose(ward, HOUR, HOUR);
    expect_missing(ward, 0);
    const struct bed_view view = view_of(ward);
    assert_int_equal(view.estimates.inputs.value_milli[INPUT_OF_hours_since_food], 2996); /* the hours run on */
    assert_int_equal(view.estimates.results[MODEL].probability_micro, estimate_logistic_micro(2996000000));
    assert_true(view.estimates.results[MODEL].reached);
    assert_null(strstr(ward->text, "m start")); /* no alert of it */
    for (unsigned i = 0; i < ward->record_count; i++) {
        assert_true(ward->records[i].kind != RECORD_ALERT || ward->records[i].alert.kind != KIND_PHYSIOLOGICAL);
    }
    ward_close(ward);
}

/* Eight hours and more are eight; food after the glucose tells nothing of it. */
static void test_food(void **state)
{
    (void)state;
    struct ward *ward = open_ward(CLASS_adult);
    (void)describe(ward, 10, INPUT_OF_age, 50000);
    (void)describe(ward, 20, INPUT_OF_hours_since_food, 20000);
    enter_glucose(ward, HOUR, HOUR);
    assert_int_equal(view_of(ward).estimates.inputs.value_milli[INPUT_OF_hours_since_food], 8000);
    (void)describe(ward, HOUR + 60, INPUT_OF_hours_since_food, 0);
    expect_missing(ward, BIT(hours_since_food));
    enter_glucose(ward, HOUR + 120, HOUR + 61);
    assert_int_equal(view_of(ward).estimates.inputs.value_milli[INPUT_OF_hours_since_food], 0);
    expect_missing(ward, 0);
    const struct bed_command back = {
        .kind = COMMAND_describe, .stay = ward_stay(ward, 0), .attribute = INPUT_OF_hours_since_food};
    assert_int_equal(ward_command(ward, HOUR + 180, &back), VERDICT_ACCEPTED);
    expect_missing(ward, BIT(hours_since_food));
    ward_close(ward);
}

/* Six hours a glucose, 75 minutes a pressure; both pressures of one inflation. */
static void test_what_is_too_old(void **state)
{
    (void)state;
    struct ward *ward = open_ward(CLASS_adult);
    (void)describe(ward, 1, INPUT_OF_age, 50000);
    (void)describe(ward, 2, INPUT_OF_hours_since_food, 0);
    enter_glucose(ward, 10, 10);
    const int64_t stale_s = ward_config.channels[3].stale_ms / 1000;
    ward_until(ward, (double)stale_s + 9);
    expect_missing(ward, 0);
    ward_until(ward, (double)stale_s + 10);
    expect_missing(ward, BIT(glucose));
    ward_close(ward);

    ward = open_ward(CLASS_adult);
    ward_value(ward, 10, VITAL_nibp_sys, 181);
    ward_value(ward, 10, VITAL_nibp_dia, 100);
    ward_until(ward, 11);
    assert_true(view_of(ward).estimates.results[ESTIMATE_PRESSURE].complete);
    assert_int_equal(view_of(ward).estimates.results[ESTIMATE_PRESSURE].category, 4);
    ward_value(ward, 20, VITAL_nibp_sys, 118); /* its diastolic one has not come yet */
    ward_until(ward, 20);
    assert_int_equal(view_of(ward).estimates.results[ESTIMATE_PRESSURE].missing, BIT(nibp_dia));
    ward_value(ward, 30, VITAL_nibp_sys, 118);
    ward_value(ward, 30, VITAL_nibp_dia, 70);
    ward_until(ward, 30);
    assert_int_equal(view_of(ward).estimates.results[ESTIMATE_PRESSURE].category, 0);
    ward_until(ward, 30 + (double)ward_config.channels[1].stale_ms / 1000);
    assert_int_equal(view_of(ward).estimates.results[ESTIMATE_PRESSURE].missing, BIT(nibp_sys) | BIT(nibp_dia));
    ward_close(ward);
}

static void test_what_is_refused_and_taken_back(void **state)
{
    (void)state;
    struct ward *ward = open_ward(CLASS_adult);
    assert_int_equal(describe(ward, 1, INPUT_OF_age, 121000), VERDICT_BOUNDS);
    assert_int_equal(describe(ward, 2, INPUT_OF_sex, 500), VERDICT_BOUNDS);
    assert_int_equal(describe(ward, 3, INPUT_OF_glucose, 5000), VERDICT_BOUNDS); /* none that is told */
    expect_missing(ward, model.inputs);
    assert_int_equal(describe(ward, 4, INPUT_OF_age, 50000), VERDICT_ACCEPTED);
    struct bed_command back = {.kind = COMMAND_describe, .stay = ward_stay(ward, 0), .attribute = INPUT_OF_age};
    assert_int_equal(ward_command(ward, 5, &back), VERDICT_ACCEPTED);
    expect_missing(ward, model.inputs);
    assert_int_equal(ward_command(ward, 6, &back), VERDICT_NOTHING);
    back.stay = 1;
    assert_int_equal(ward_command(ward, 7, &back), VERDICT_STAY);
    ward_close(ward);
}

/* It is of this patient; and it survives a restart. */
static void test_stays_and_restarts(void **state)
{
    (void)state;
    struct ward *ward = open_ward(CLASS_adult);
    (void)describe(ward, 1, INPUT_OF_age, 50000);
    (void)describe(ward, 2, INPUT_OF_hours_since_food, 1000);
    struct ward *next = ward_restart(
        ward, &(struct ward_break){.committed = ward->record_count, .journal_from_ms = 0, .begin_ms = 100000});
    ward_until(next, 100);
    expect_missing(next, BIT(glucose));
    enter_glucose(next, HOUR, HOUR);
    assert_int_equal(view_of(next).estimates.inputs.value_milli[INPUT_OF_hours_since_food], 1999);
    assert_int_equal(ward_tell(next, HOUR + 1, COMMAND_admit), VERDICT_ACCEPTED);
    ward_until(next, HOUR + 2);
    expect_missing(next, model.inputs);
    assert_int_equal(ward_tell(next, HOUR + 3, COMMAND_discharge), VERDICT_ACCEPTED);
    ward_until(next, HOUR + 4);
    expect_missing(next, model.inputs);
    ward_close(next);
    ward_close(ward);
}

static void test_adults_only(void **state)
{
    (void)state;
    for (enum patient_class c = CLASS_adolescent; c < CLASS_COUNT; c++) {
        struct ward *ward = open_ward(c);
        assert_int_equal(view_of(ward).estimates.kept, 0);
        ward_close(ward);
    }
}

/* At an empty bed nothing stands of the patient who was there, not even for the instant of the discharge. */
static void test_nothing_is_left_at_an_empty_bed(void **state)
{
    (void)state;
    struct ward *ward = open_ward(CLASS_adult);
    (void)describe(ward, 10, INPUT_OF_age, 50000);
    (void)describe(ward, 11, INPUT_OF_hours_since_food, 2000);
    enter_glucose(ward, HOUR, HOUR);
    expect_missing(ward, 0);
    assert_int_equal(ward_tell(ward, HOUR + 1, COMMAND_discharge), VERDICT_ACCEPTED);
    expect_missing(ward, model.inputs);
    assert_int_equal(view_of(ward).estimates.inputs.known, 0);
    ward_close(ward);
}

/* The category needs a scheme, a model its formula; each is kept without the other. */
static void test_each_is_kept_by_itself(void **state)
{
    (void)state;
    static const struct {
        enum pressure_scheme scheme;
        uint8_t models;
        unsigned kept;
    } cases[] = {
        {PRESSURE_acc_aha_2017, 0, 1U << ESTIMATE_PRESSURE}, {PRESSURE_none, 1, 1U << MODEL}, {PRESSURE_none, 0, 0}};
    ward_close(open_ward(CLASS_adult));
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ward_config.engine.pressure_scheme = cases[i].scheme;
        ward_config.engine.model_count = cases[i].models;
        struct ward *ward = ward_start();
        engine_admit(ward->engine, 0, 0);
        ward_value(ward, 1, VITAL_nibp_sys, 181);
        ward_value(ward, 1, VITAL_nibp_dia, 100);
        ward_until(ward, 2);
        const struct estimates estimates = view_of(ward).estimates;
        assert_int_equal(estimates.kept, cases[i].kept);
        assert_int_equal(estimates.results[ESTIMATE_PRESSURE].complete, cases[i].scheme != PRESSURE_none);
        assert_int_equal(estimates.results[MODEL].missing,
                         cases[i].models != 0 ? BIT(age) | BIT(hours_since_food) | BIT(glucose) : 0);
        ward_close(ward);
    }
}

/* A bed without a cuff and without glucose: nothing of them can come. */
static void test_a_bed_without_the_channels(void **state)
{
    (void)state;
    struct ward *ward = open_ward(CLASS_adult);
    ward_close(ward);
    ward_config.beds[0].channel_count = 1;
    ward = ward_start();
    engine_admit(ward->engine, 0, 0);
    ward_until(ward, 0);
    assert_int_equal(describe(ward, 1, INPUT_OF_age, 50000), VERDICT_ACCEPTED);
    ward_value(ward, 2, VITAL_hr, 70);
    ward_until(ward, 3);
    expect_missing(ward, BIT(hours_since_food) | BIT(glucose));
    assert_int_equal(view_of(ward).estimates.results[ESTIMATE_PRESSURE].missing, BIT(nibp_sys) | BIT(nibp_dia));
    ward_close(ward);
}

/* What a monitor had on its screen already when it was first read may be of anybody, and of any time. */
static void test_a_pressure_of_unknown_age(void **state)
{
    (void)state;
    struct ward *ward = open_ward(CLASS_adult);
    struct observation o = {.vital = VITAL_nibp_sys, .value_milli = 181000, .flags = OBSERVATION_AGE_UNKNOWN};
    ward_observe(ward, 10, &o);
    o.value_milli = 182000; /* another one: it is of this stay, since when nobody knows */
    ward_observe(ward, 20, &o);
    o = (struct observation){.vital = VITAL_nibp_dia, .value_milli = 100000};
    ward_observe(ward, 20, &o);
    ward_until(ward, 21);
    assert_int_equal(view_of(ward).estimates.results[ESTIMATE_PRESSURE].missing, BIT(nibp_sys) | BIT(nibp_dia));
    ward_value(ward, 30, VITAL_nibp_sys, 181);
    ward_value(ward, 30, VITAL_nibp_dia, 100);
    ward_until(ward, 31);
    assert_true(view_of(ward).estimates.results[ESTIMATE_PRESSURE].complete);
    ward_close(ward);
}

/* One half of a pressure is none, and neither is what another patient's monitor may have measured. */
static void test_half_a_pressure_and_anothers(void **state)
{
    (void)state;
    struct ward *ward = open_ward(CLASS_adult);
    ward_identity(ward, 1, 0, 7);
    ward_value(ward, 10, VITAL_nibp_sys, 181);
    ward_until(ward, 11);
    assert_int_equal(view_of(ward).estimates.results[ESTIMATE_PRESSURE].missing, BIT(nibp_dia));
    ward_value(ward, 20, VITAL_nibp_sys, 182);
    ward_value(ward, 20, VITAL_nibp_dia, 100);
    ward_until(ward, 21);
    assert_true(view_of(ward).estimates.results[ESTIMATE_PRESSURE].complete);
    ward_identity(ward, 30, 0, 8);
    ward_value(ward, 30, VITAL_nibp_sys, 183);
    ward_until(ward, 31);
    assert_int_equal(view_of(ward).estimates.results[ESTIMATE_PRESSURE].missing, BIT(nibp_sys) | BIT(nibp_dia));
    ward_close(ward);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_left_at_an_empty_bed),
        cmocka_unit_test(test_half_a_pressure_and_anothers),
        cmocka_unit_test(test_inputs_come_one_by_one),
        cmocka_unit_test(test_food),
        cmocka_unit_test(test_what_is_too_old),
        cmocka_unit_test(test_what_is_refused_and_taken_back),
        cmocka_unit_test(test_stays_and_restarts),
        cmocka_unit_test(test_adults_only),
        cmocka_unit_test(test_each_is_kept_by_itself),
        cmocka_unit_test(test_a_bed_without_the_channels),
        cmocka_unit_test(test_a_pressure_of_unknown_age),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
