/* The risk models that come with the gateway, read from their files, give what their formulas do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/settings/settings.h"

static const struct profile_channel spo2 = {
    .vital = VITAL_spo2, .scale_micro = 1000000, .unit = {1, 1, 0}, .poll_interval_ms = 1000};
static const struct profile vitals = {
    .name = "test-vitals", .poll_interval_ms = 1000, .channel_count = 1, .channels = &spo2};

static struct settings *load(const char *models)
{
    static struct settings_report report;
    char path[] = "/tmp/wardgate-models-XXXXXX";
    struct settings *settings = NULL;
    char *folder = realpath(".", NULL);
    const int file = mkstemp(path);
    assert_true(file >= 0 && folder != NULL);
    FILE *stream = fdopen(file, "w");
    assert_non_null(stream);
    (void)fprintf(stream,
                  "gateway: {id: g, site: s, ward: w}\nuplink: {brokers: [\"mqtt://127.0.0.1\"]}\n"
                  "buses:\n  line: {kind: modbus-rtu, device: /dev/ttyS0}\n"
                  "beds:\n  b01: {bus: line, address: 1, profile: test-vitals, class: adult}\n"
                  "rules: [\"%s/config/rules/standard.yaml\"]\nmodels: [\"%s/config/models/%s.yaml\"]\n",
                  folder, folder, models);
    (void)fclose(stream);
    static const struct profile *const builtin[] = {&vitals, NULL};
    const bool good = settings_load(path, builtin, &settings, &report);
    if (!good) {
        fail_msg("%s", report.faults[0].message);
    }
    (void)remove(path);
    free(folder);
    assert_int_equal(settings->model_count, 1);
    assert_string_equal(settings->models[0].name, models);
    return settings;
}

struct told {
    uint8_t input;
    int32_t milli;
};

static int32_t probability_micro(const struct settings *settings, const struct told *told, unsigned count)
{
    struct estimate_inputs inputs = {.known = 0};
    struct estimate_result result;
    for (unsigned i = 0; i < count; i++) {
        inputs.known |= (uint16_t)(1U << told[i].input);
        inputs.value_milli[told[i].input] = told[i].milli;
    }
    estimate_model_compute(&settings->models[0], &inputs, &result);
    assert_true(result.complete);
    return result.probability_micro;
}

/* Glucose comes in mmol/L: 180, 95 and 220 mg/dL. Within the thousandths that a screen shows. */
static void test_tabaei_herman(void **state)
{
    (void)state;
    struct settings *s = load("tabaei_herman");
    static const struct {
        struct told told[5];
        int32_t micro;
    } cases[] = {{{{INPUT_OF_age, 50000},
                   {INPUT_OF_sex, 0},
                   {INPUT_OF_glucose, 9991},
                   {INPUT_OF_hours_since_food, 2000},
                   {INPUT_OF_bmi, 28000}},
                  202560},
                 {{{INPUT_OF_age, 35000},
                   {INPUT_OF_sex, 1000},
                   {INPUT_OF_glucose, 5273},
                   {INPUT_OF_hours_since_food, 4000},
                   {INPUT_OF_bmi, 22000}},
                  25820},
                 {{{INPUT_OF_age, 65000},
                   {INPUT_OF_sex, 1000},
                   {INPUT_OF_glucose, 12211},
                   {INPUT_OF_hours_since_food, 1000},
                   {INPUT_OF_bmi, 33000}},
                  699120}};
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const int32_t found_micro = probability_micro(s, cases[i].told, 5);
        assert_in_range(found_micro, cases[i].micro - 200, cases[i].micro + 200);
    }
    assert_int_equal(s->models[0].threshold_micro, 200000);
    settings_free(s);
}

/* HDL, too: 45, 60 and 38 mg/dL. */
static void test_san_antonio(void **state)
{
    (void)state;
    struct settings *s = load("san_antonio");
    static const struct {
        struct told told[8];
        int32_t micro;
    } cases[] = {{{{INPUT_OF_age, 50000},
                   {INPUT_OF_sex, 0},
                   {INPUT_OF_ethnicity_code, 0},
                   {INPUT_OF_glucose, 5551},
                   {INPUT_OF_nibp_sys, 130000},
                   {INPUT_OF_hdl, 1164},
                   {INPUT_OF_bmi, 28000},
                   {INPUT_OF_family_history, 1000}},
                  251810},
                 {{{INPUT_OF_age, 35000},
                   {INPUT_OF_sex, 1000},
                   {INPUT_OF_ethnicity_code, 0},
                   {INPUT_OF_glucose, 4718},
                   {INPUT_OF_nibp_sys, 115000},
                   {INPUT_OF_hdl, 1552},
                   {INPUT_OF_bmi, 22000},
                   {INPUT_OF_family_history, 0}},
                  22120},
                 {{{INPUT_OF_age, 60000},
                   {INPUT_OF_sex, 1000},
                   {INPUT_OF_ethnicity_code, 1000},
                   {INPUT_OF_glucose, 6383},
                   {INPUT_OF_nibp_sys, 150000},
                   {INPUT_OF_hdl, 983},
                   {INPUT_OF_bmi, 34000},
                   {INPUT_OF_family_history, 1000}},
                  924280}};
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const int32_t found_micro = probability_micro(s, cases[i].told, 8);
        assert_in_range(found_micro, cases[i].micro - 300, cases[i].micro + 300);
    }
    assert_int_equal(s->models[0].threshold_micro, 65000);
    settings_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tabaei_herman),
        cmocka_unit_test(test_san_antonio),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
