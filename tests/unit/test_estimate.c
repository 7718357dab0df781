/* The formulas of the screening estimates: every published vector, every boundary, and that no machine differs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/engine/estimate.h"

#define BIT(input) (1U << INPUT_OF_##input)

static const struct estimate_model tabaei_herman = {.name = "tabaei_herman",
                                                    .intercept_micro = -10038200,
                                                    .threshold_micro = 200000,
                                                    .inputs = BIT(age) | BIT(sex) | BIT(bmi) | BIT(hours_since_food) |
                                                              BIT(glucose),
                                                    .coefficient_micro = {[INPUT_OF_age] = 33100,
                                                                          [INPUT_OF_sex] = 562000,
                                                                          [INPUT_OF_bmi] = 34600,
                                                                          [INPUT_OF_hours_since_food] = 250000,
                                                                          [INPUT_OF_glucose] = 30800}};

static const struct estimate_model san_antonio = {.name = "san_antonio",
                                                  .intercept_micro = -13415000,
                                                  .threshold_micro = 65000,
                                                  .inputs = BIT(age) | BIT(sex) | BIT(ethnicity_code) | BIT(glucose) |
                                                            BIT(nibp_sys) | BIT(hdl) | BIT(bmi) | BIT(family_history),
                                                  .coefficient_micro = {[INPUT_OF_age] = 28000,
                                                                        [INPUT_OF_sex] = 661000,
                                                                        [INPUT_OF_ethnicity_code] = 412000,
                                                                        [INPUT_OF_glucose] = 79000,
                                                                        [INPUT_OF_nibp_sys] = 18000,
                                                                        [INPUT_OF_hdl] = -39000,
                                                                        [INPUT_OF_bmi] = 70000,
                                                                        [INPUT_OF_family_history] = 481000}};

static void set(struct estimate_inputs *inputs, unsigned input, int32_t whole)
{
    inputs->known |= (uint16_t)(1U << input);
    inputs->value_milli[input] = whole * 1000;
}

/* Vectors with values in the unit of the coefficients (mg/dL), so that nothing but the formula is in between. */
static int32_t tabaei(int age, int female, int glucose, int hours, int bmi)
{
    struct estimate_inputs inputs = {.known = 0};
    struct estimate_result result;
    set(&inputs, INPUT_OF_age, age);
    set(&inputs, INPUT_OF_sex, female);
    set(&inputs, INPUT_OF_glucose, glucose);
    set(&inputs, INPUT_OF_hours_since_food, hours);
    set(&inputs, INPUT_OF_bmi, bmi);
    estimate_model_compute(&tabaei_herman, &inputs, &result);
    assert_true(result.complete && result.missing == 0);
    assert_int_equal(result.reached, result.probability_micro >= 200000);
    return result.probability_micro;
}

static void test_tabaei_herman(void **state)
{
    (void)state;
    assert_in_range(tabaei(50, 0, 180, 2, 28), 202555, 202565);
    assert_in_range(tabaei(35, 1, 95, 4, 22), 25815, 25825);
    assert_in_range(tabaei(65, 1, 220, 1, 33), 699115, 699125);
}

static int32_t stern(int age, int female, int hispanic, int glucose, int sys, int hdl, int bmi, int family)
{
    struct estimate_inputs inputs = {.known = 0};
    struct estimate_result result;
    set(&inputs, INPUT_OF_age, age);
    set(&inputs, INPUT_OF_sex, female);
    set(&inputs, INPUT_OF_ethnicity_code, hispanic);
    set(&inputs, INPUT_OF_glucose, glucose);
    set(&inputs, INPUT_OF_nibp_sys, sys);
    set(&inputs, INPUT_OF_hdl, hdl);
    set(&inputs, INPUT_OF_bmi, bmi);
    set(&inputs, INPUT_OF_family_history, family);
    estimate_model_compute(&san_antonio, &inputs, &result);
    return result.probability_micro;
}

static void test_san_antonio(void **state)
{
    (void)state;
    assert_in_range(stern(50, 0, 0, 100, 130, 45, 28, 1), 251805, 251815);
    assert_in_range(stern(35, 1, 0, 85, 115, 60, 22, 0), 22115, 22125);
    assert_in_range(stern(60, 1, 1, 115, 150, 38, 34, 1), 924275, 924285);
}

/* mmol/L come in, the coefficients count mg/dL: 9.991 mmol/L are 180 mg/dL, 1.164 are 45. */
static void test_units(void **state)
{
    (void)state;
    struct estimate_model model = tabaei_herman;
    struct estimate_inputs inputs = {.known = 0};
    struct estimate_result result;
    model.glucose_mg_dl = true;
    set(&inputs, INPUT_OF_age, 50);
    set(&inputs, INPUT_OF_sex, 0);
    set(&inputs, INPUT_OF_hours_since_food, 2);
    set(&inputs, INPUT_OF_bmi, 28);
    set(&inputs, INPUT_OF_glucose, 0);
    inputs.value_milli[INPUT_OF_glucose] = 9991;
    estimate_model_compute(&model, &inputs, &result);
    assert_in_range(result.probability_micro, 202500, 202600);
    model = (struct estimate_model){.inputs = BIT(hdl), .hdl_mg_dl = true, .coefficient_micro[INPUT_OF_hdl] = 1000000};
    inputs = (struct estimate_inputs){.known = BIT(hdl), .value_milli[INPUT_OF_hdl] = 1};
    estimate_model_compute(&model, &inputs, &result); /* 0.001 mmol/L are 0.039 mg/dL */
    assert_int_equal(result.probability_micro, estimate_logistic_micro(39000000));
}

/* Of each single input: without it there is no result, and it is named. */
static void test_what_is_missing(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ESTIMATE_INPUT_COUNT; i++) {
        struct estimate_inputs inputs = {.known = (uint16_t)(san_antonio.inputs & ~(1U << i))};
        struct estimate_result result;
        estimate_model_compute(&san_antonio, &inputs, &result);
        assert_int_equal(result.missing, san_antonio.inputs & 1U << i);
        assert_int_equal(result.complete, (san_antonio.inputs & 1U << i) == 0);
        assert_true(result.complete || (result.probability_micro == 0 && !result.reached));
    }
}

/* Values of 1 / (1 + e^-x) to twelve places, rounded here to millionths; the two sides add up to one; it only rises. */
static void test_the_logistic_curve(void **state)
{
    (void)state;
    static const struct {
        int64_t x_nano;
        int32_t micro;
    } known[] = {{0, 500000},
                 {1000000000, 731059},
                 {2000000000, 880797},
                 {-1370400000, 202555},
                 {5000000000, 993307},
                 {10000000000, 999955},
                 {500000000, 622459},
                 {693147181, 666667},
                 {-3000000000, 47426},
                 {13815510558, 999999},
                 {40000000000, 1000000},
                 {INT64_C(9000000000000000), 1000000},
                 {-INT64_C(9000000000000000), 0}};
    for (unsigned i = 0; i < sizeof known / sizeof known[0]; i++) {
        assert_in_range(estimate_logistic_micro(known[i].x_nano) + 10, known[i].micro + 9, known[i].micro + 11);
    }
    int32_t before = 0;
    for (int64_t x_nano = -INT64_C(20000000000); x_nano <= INT64_C(20000000000); x_nano += 1234567) {
        const int32_t here = estimate_logistic_micro(x_nano), there = estimate_logistic_micro(-x_nano);
        assert_true(here >= before);
        assert_in_range(here + there, 999999, 1000001);
        before = here;
    }
}

static const char *category(enum pressure_scheme scheme, int32_t sys_milli, int32_t dia_milli)
{
    const struct estimate_inputs inputs = {
        .known = BIT(nibp_sys) | BIT(nibp_dia),
        .value_milli = {[INPUT_OF_nibp_sys] = sys_milli, [INPUT_OF_nibp_dia] = dia_milli}};
    struct estimate_result result;
    estimate_pressure_compute(scheme, &inputs, &result);
    assert_true(result.complete);
    return pressure_category_word(scheme, result.category);
}

static void test_acc_aha(void **state)
{
    (void)state;
    static const struct {
        int32_t sys, dia;
        const char *word;
    } cases[] = {{128, 78, "elevated"}, {128, 82, "stage_1"},  {139, 91, "stage_2"},  {181, 100, "crisis"},
                 {119, 79, "normal"},   {120, 79, "elevated"}, {129, 79, "elevated"}, {119, 80, "stage_1"},
                 {130, 79, "stage_1"},  {139, 89, "stage_1"},  {140, 60, "stage_2"},  {110, 90, "stage_2"},
                 {180, 120, "stage_2"}, {110, 121, "crisis"}};
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_string_equal(category(PRESSURE_acc_aha_2017, cases[i].sys * 1000, cases[i].dia * 1000), cases[i].word);
    }
    assert_string_equal(category(PRESSURE_acc_aha_2017, 180001, 80000), "crisis");
    assert_string_equal(category(PRESSURE_acc_aha_2017, 119999, 79999), "normal");
}

static void test_esc(void **state)
{
    (void)state;
    static const struct {
        int32_t sys, dia;
        const char *of_2018, *of_2024;
    } cases[] = {{119, 69, "optimal", "non_elevated"},  {119, 79, "optimal", "elevated"},
                 {120, 69, "normal", "elevated"},       {119, 80, "normal", "elevated"},
                 {129, 84, "normal", "elevated"},       {130, 70, "high_normal", "elevated"},
                 {119, 85, "high_normal", "elevated"},  {139, 89, "high_normal", "elevated"},
                 {140, 60, "grade_1", "hypertension"},  {119, 90, "grade_1", "hypertension"},
                 {159, 99, "grade_1", "hypertension"},  {160, 60, "grade_2", "hypertension"},
                 {119, 100, "grade_2", "hypertension"}, {179, 109, "grade_2", "hypertension"},
                 {180, 60, "grade_3", "hypertension"},  {119, 110, "grade_3", "hypertension"}};
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const int32_t sys_milli = cases[i].sys * 1000, dia_milli = cases[i].dia * 1000;
        assert_string_equal(category(PRESSURE_esc_2018, sys_milli, dia_milli), cases[i].of_2018);
        assert_string_equal(category(PRESSURE_esc_2024, sys_milli, dia_milli), cases[i].of_2024);
    }
    const struct estimate_inputs half = {.known = BIT(nibp_sys), .value_milli = {[INPUT_OF_nibp_sys] = 190000}};
    struct estimate_result result;
    estimate_pressure_compute(PRESSURE_esc_2018, &half, &result);
    assert_true(!result.complete && result.missing == BIT(nibp_dia) && result.category == 0);
}

static void test_attributes(void **state)
{
    (void)state;
    int32_t milli = -1;
    assert_int_equal(attribute_by_name("age"), INPUT_OF_age);
    assert_int_equal(attribute_by_name("glucose"), ATTRIBUTE_NONE); /* measured, not told */
    assert_int_equal(attribute_by_name(""), ATTRIBUTE_NONE);
    assert_true(attribute_value(INPUT_OF_sex, "female", &milli) && milli == 1000);
    assert_true(attribute_value(INPUT_OF_family_history, "no", &milli) && milli == 0);
    assert_false(attribute_value(INPUT_OF_age, "female", &milli));
    assert_false(attribute_value(INPUT_OF_sex, "yes", &milli));
    assert_string_equal(attribute_word(INPUT_OF_sex, 0), "male");
    assert_null(attribute_word(INPUT_OF_sex, 500));
    assert_null(attribute_word(INPUT_OF_bmi, 1000));
    assert_true(attribute_is_sound(INPUT_OF_age, 0) && attribute_is_sound(INPUT_OF_age, 120000));
    assert_false(attribute_is_sound(INPUT_OF_age, -1) || attribute_is_sound(INPUT_OF_age, 120001));
    assert_false(attribute_is_sound(INPUT_OF_sex, 500) || attribute_is_sound(INPUT_OF_sex, 2000));
    assert_false(attribute_is_sound(INPUT_OF_ethnicity_code, 1500));
    assert_true(attribute_is_sound(INPUT_OF_bmi, 8000) && !attribute_is_sound(INPUT_OF_bmi, 7999));
    assert_true(attribute_is_sound(INPUT_OF_hdl, 1164));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tabaei_herman),
        cmocka_unit_test(test_san_antonio),
        cmocka_unit_test(test_units),
        cmocka_unit_test(test_what_is_missing),
        cmocka_unit_test(test_the_logistic_curve),
        cmocka_unit_test(test_acc_aha),
        cmocka_unit_test(test_esc),
        cmocka_unit_test(test_attributes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
