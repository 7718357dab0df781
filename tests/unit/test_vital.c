/* The closed list of vitals, what is believable of each, and the units it may come in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/engine/vital.h"

static void names_find_their_vital(void **state)
{
    (void)state;
    for (enum vital vital = 0; vital < VITAL_COUNT; vital++) {
        const char *name = vital_info(vital)->name;
        assert_int_equal(vital_by_name(name, strlen(name)), vital);
    }
    assert_int_equal(vital_by_name("spo2 < 90", 4), VITAL_spo2);
    assert_int_equal(vital_by_name("temp_core", 4), VITAL_temp);
    assert_int_equal(vital_by_name("tem", 3), VITAL_NONE);
    assert_int_equal(vital_by_name("HR", 2), VITAL_NONE);
    assert_int_equal(vital_by_name("", 0), VITAL_NONE);
}

static void classes_find_their_name(void **state)
{
    (void)state;
    assert_int_equal(CLASS_COUNT, 6);
    for (enum patient_class class = 0; class < CLASS_COUNT; class ++) {
        assert_int_equal(patient_class_by_name(patient_class_name(class)), class);
    }
    assert_string_equal(patient_class_name(CLASS_neonate), "neonate");
    assert_int_equal(patient_class_by_name("Adult"), CLASS_COUNT);
    assert_int_equal(patient_class_by_name(""), CLASS_COUNT);
}

/* LOINC ends in a check digit (mod 10, as on credit cards); a wrong one would name another measurement. */
static bool has_right_check_digit(const char *loinc)
{
    const size_t digits = strcspn(loinc, "-");
    unsigned sum = 0;
    for (size_t place = 0; place < digits; place++) {
        const unsigned digit = (unsigned)(loinc[digits - 1 - place] - '0');
        const unsigned doubled = place % 2 == 0 ? 2 * digit : digit;
        sum += doubled / 10 + doubled % 10;
    }
    return loinc[digits] == '-' && (unsigned)(loinc[digits + 1] - '0') == (10 - sum % 10) % 10;
}

static void codes_and_kinds_are_those_of_the_list(void **state)
{
    (void)state;
    for (enum vital vital = 0; vital < VITAL_COUNT; vital++) {
        const struct vital_info *info = vital_info(vital);
        assert_true(info->loinc[0] == '\0' || has_right_check_digit(info->loinc));
        assert_true(info->mdc == 0 || info->mdc >> 16 == 2); /* partition 2: vital signs */
        assert_true(info->kind == VITAL_EPISODIC || info->stale_ms == 10000);
    }
    assert_int_equal(vital_info(VITAL_hr)->mdc, 147842);
    assert_int_equal(vital_info(VITAL_nibp_sys)->kind, VITAL_EPISODIC);
    assert_int_equal(vital_info(VITAL_nibp_sys)->stale_ms, 75 * VITAL_MINUTE_MS);
    assert_int_equal(vital_info(VITAL_glucose)->stale_ms, 360 * VITAL_MINUTE_MS);
    assert_string_equal(vital_info(VITAL_temp)->unit, "Cel");
}

static bool is_believed(enum vital vital, enum patient_class class, int32_t milli)
{
    const struct vital_range range = vital_range(vital, class);
    return milli >= range.low_milli && milli <= range.high_milli;
}

static void ranges_hold_for_every_class(void **state)
{
    (void)state;
    for (enum vital vital = 0; vital < VITAL_COUNT; vital++) {
        for (enum patient_class class = 0; class < CLASS_COUNT; class ++) {
            assert_true(vital_range(vital, class).low_milli < vital_range(vital, class).high_milli);
        }
        assert_true(vital_info(vital)->kind == VITAL_CONTINUOUS ||
                    vital_range(vital, CLASS_adult).rate_milli_per_s == 0);
    }
}

static void alarming_is_not_implausible(void **state)
{
    (void)state;
    static const enum vital rates[] = {VITAL_hr, VITAL_pulse};
    for (unsigned index = 0; index < 2; index++) {
        for (enum patient_class class = 0; class < CLASS_COUNT; class ++) {
            const struct vital_range range = vital_range(rates[index], class);
            assert_true(is_believed(rates[index], class, 0) && is_believed(rates[index], class, 70000));
            assert_true(range.rate_milli_per_s == 0 || range.rate_milli_per_s >= 2 * 90000);
            assert_true(is_believed(rates[index], class, 250000));
        }
        assert_true(is_believed(rates[index], CLASS_neonate, 300000));
    }
    assert_true(is_believed(VITAL_resp, CLASS_adult, 0) && is_believed(VITAL_resp, CLASS_neonate, 150000));
    assert_true(is_believed(VITAL_spo2, CLASS_adult, 0) && is_believed(VITAL_spo2, CLASS_adult, 100000));
    assert_true(is_believed(VITAL_temp, CLASS_adult, 20000) && is_believed(VITAL_glucose, CLASS_adult, 1100));
}

/* What is shut out for its rate of change alone comes in long before anybody would call the vital unmonitored. */
static void every_value_is_within_reach_in_time(void **state)
{
    (void)state;
    for (enum vital vital = 0; vital < VITAL_COUNT; vital++) {
        for (enum patient_class class = 0; class < CLASS_COUNT; class ++) {
            const struct vital_range range = vital_range(vital, class);
            const int64_t apart_milli = (int64_t)range.high_milli - range.low_milli;
            assert_true(range.rate_milli_per_s == 0 || apart_milli / range.rate_milli_per_s <= 8);
            assert_true(vital_info(vital)->kind == VITAL_CONTINUOUS || range.rate_milli_per_s == 0);
        }
    }
}

static void nonsense_is_implausible(void **state)
{
    (void)state;
    assert_false(is_believed(VITAL_hr, CLASS_adult, 301000));
    assert_false(is_believed(VITAL_pulse, CLASS_adult, 277000));
    assert_false(is_believed(VITAL_hr, CLASS_neonate, 351000));
    assert_false(is_believed(VITAL_hr, CLASS_adult, -1000));
    assert_false(is_believed(VITAL_spo2, CLASS_adult, 100001));
    assert_false(is_believed(VITAL_temp, CLASS_adult, 98600)); /* degrees Fahrenheit */
    assert_false(is_believed(VITAL_fio2, CLASS_adult, 400));   /* a fraction */
    assert_false(is_believed(VITAL_nibp_sys, CLASS_adult, 9000));
    assert_false(is_believed(VITAL_glucose, CLASS_adult, 180000)); /* mg/dL */
}

static int32_t converted(enum vital vital, const char *unit, int64_t value_micro)
{
    struct unit_conversion conversion;
    int32_t milli = 0;
    if (!unit_find(vital, unit, &conversion)) {
        fail_msg("%s is not a unit of %s", unit, vital_info(vital)->name);
    }
    assert_true(unit_convert(&conversion, value_micro, &milli));
    return milli;
}

static void canonical_units_change_nothing(void **state)
{
    (void)state;
    for (enum vital vital = 0; vital < VITAL_COUNT; vital++) {
        assert_int_equal(converted(vital, vital_info(vital)->unit, 12345000), 12345);
        assert_int_equal(converted(vital, vital_info(vital)->unit, -12345000), -12345);
    }
    assert_int_equal(converted(VITAL_hr, "bpm", 72000000), 72000);
    assert_int_equal(converted(VITAL_nibp_sys, "mmHg", 120000000), 120000);
}

/* Against values worked out by hand from the definitions. */
static void units_convert(void **state)
{
    (void)state;
    static const struct {
        enum vital vital;
        const char *unit;
        int64_t value_micro;
        int32_t milli;
    } rows[] = {
        {VITAL_temp, "[degF]", 98600000, 37000},
        {VITAL_temp, "degF", 32000000, 0},
        {VITAL_temp, "[degF]", 0, -17778},        /* -17.7777... */
        {VITAL_temp, "[degF]", 101000000, 38333}, /* 38.3333... */
        {VITAL_temp, "\302\260F", 212000000, 100000},
        {VITAL_room_temp, "K", 295150000, 22000},
        {VITAL_nibp_sys, "kPa", 16000000, 120010}, /* 16 000 / 133.322387415 = 120.00985... */
        {VITAL_etco2, "kPa", 5000000, 37503},      /* 37.50308... */
        {VITAL_icp, "cm[H2O]", 20000000, 14711},   /* 20 / 1.35951 = 14.71118... */
        {VITAL_cvp, "mbar", 10000000, 7501},
        {VITAL_glucose, "mg/dL", 180000000, 9991}, /* 9.99112... */
        {VITAL_glucose, "mg/dL", 18016000, 1000},
        {VITAL_glucose, "mg/dL", 70000000, 3885}, /* 3.88543... */
        {VITAL_fio2, "1", 400000, 40000},
        {VITAL_spo2, "1", 975000, 97500},
        {VITAL_humidity, "1", 455000, 45500},
        {VITAL_st_ii, "mV", -150000, -1500},
        {VITAL_st_ii, "uV", 120000000, 1200},
        {VITAL_room_pressure, "[in_i'H2O]", 50000, 12454}, /* 0.05 * 249.08891 = 12.45444... */
        {VITAL_room_pressure, "mm[H2O]", 1000000, 9807},
        {VITAL_insulation, "MOhm", 1500000, 1500000},
        {VITAL_insulation, "Ohm", 50000000000, 50000},
        {VITAL_gas_pressure, "bar", 4000000, 400000},
        {VITAL_gas_pressure, "psi", 50000000, 344738}, /* 50 * 6.894757293168... */
        {VITAL_gas_pressure, "MPa", 13700000, 13700000},
        {VITAL_gas_pressure, "mm[Hg]", -500000000, -66661},
    };
    for (unsigned row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        const int32_t milli = converted(rows[row].vital, rows[row].unit, rows[row].value_micro);
        if (milli != rows[row].milli) {
            fail_msg("row %u (%s): %d, should be %d", row, rows[row].unit, milli, rows[row].milli);
        }
    }
}

static void halves_round_away_from_zero(void **state)
{
    (void)state;
    assert_int_equal(converted(VITAL_hr, "/min", 72000500), 72001);
    assert_int_equal(converted(VITAL_hr, "/min", 72000499), 72000);
    assert_int_equal(converted(VITAL_st_ii, "mm", -500), -1);
    assert_int_equal(converted(VITAL_st_ii, "mm", -499), 0);
    assert_int_equal(converted(VITAL_insulation, "Ohm", 500000), 1);
    assert_int_equal(converted(VITAL_insulation, "Ohm", 499999), 0);
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    struct unit_conversion kilo_ohm, mega_ohm, fahrenheit;
    assert_true(unit_find(VITAL_insulation, "kOhm", &kilo_ohm));
    assert_true(unit_find(VITAL_insulation, "MOhm", &mega_ohm));
    assert_true(unit_find(VITAL_temp, "F", &fahrenheit));
    int32_t milli = 42;
    assert_true(unit_convert(&kilo_ohm, 2147483647499, &milli));
    assert_int_equal(milli, INT32_MAX);
    assert_true(unit_convert(&kilo_ohm, -2147483648499, &milli));
    assert_int_equal(milli, INT32_MIN);
    milli = 42;
    assert_false(unit_convert(&kilo_ohm, 2147483647500, &milli));
    assert_false(unit_convert(&kilo_ohm, -2147483648500, &milli));
    assert_false(unit_convert(&mega_ohm, 2147483648000, &milli));
    assert_false(unit_convert(&mega_ohm, INT64_MAX, &milli));
    assert_false(unit_convert(&fahrenheit, INT64_MIN, &milli));
    assert_false(unit_convert(&fahrenheit, INT64_MAX / 4, &milli));
    static const struct unit_conversion huge = {.multiplier = 1000000000000, .divisor = 1};
    assert_false(unit_convert(&huge, INT64_MAX / 4, &milli));
    assert_int_equal(milli, 42);
}

static void foreign_units_are_refused(void **state)
{
    (void)state;
    struct unit_conversion conversion = {7, 7, 7};
    assert_false(unit_find(VITAL_hr, "mm[Hg]", &conversion));
    assert_false(unit_find(VITAL_etco2, "%", &conversion));
    assert_false(unit_find(VITAL_temp, "", &conversion));
    assert_false(unit_find(VITAL_nibp_sys, "KPA", &conversion));
    assert_false(unit_find(VITAL_glucose, "g/L", &conversion));
    assert_int_equal(conversion.divisor, 7);
}

static void unit_names_are_listed(void **state)
{
    (void)state;
    char text[80];
    unit_names(VITAL_temp, text, sizeof(text));
    assert_string_equal(text, "Cel, [degF], K");
    unit_names(VITAL_glucose, text, sizeof(text));
    assert_string_equal(text, "mmol/L, mg/dL");
    char narrow[8];
    memset(narrow, 'x', sizeof(narrow));
    unit_names(VITAL_temp, narrow, 7);
    assert_string_equal(narrow, "Cel, [");
    assert_int_equal(narrow[7], 'x');
}

/* Every name that a message offers must be one that is accepted. */
static void listed_units_are_found(void **state)
{
    (void)state;
    for (enum vital vital = 0; vital < VITAL_COUNT; vital++) {
        char text[120];
        unit_names(vital, text, sizeof(text));
        char *rest = NULL;
        for (const char *name = strtok_r(text, ", ", &rest); name != NULL; name = strtok_r(NULL, ", ", &rest)) {
            struct unit_conversion conversion;
            assert_true(unit_find(vital, name, &conversion));
            assert_true(conversion.multiplier > 0 && conversion.divisor > 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_find_their_vital),
        cmocka_unit_test(classes_find_their_name),
        cmocka_unit_test(codes_and_kinds_are_those_of_the_list),
        cmocka_unit_test(ranges_hold_for_every_class),
        cmocka_unit_test(alarming_is_not_implausible),
        cmocka_unit_test(every_value_is_within_reach_in_time),
        cmocka_unit_test(nonsense_is_implausible),
        cmocka_unit_test(canonical_units_change_nothing),
        cmocka_unit_test(units_convert),
        cmocka_unit_test(halves_round_away_from_zero),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(foreign_units_are_refused),
        cmocka_unit_test(unit_names_are_listed),
        cmocka_unit_test(listed_units_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
