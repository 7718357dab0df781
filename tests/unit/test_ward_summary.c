/* The ward as a whole: what each view comes to, the figures, and the payload with its bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "app/flow/payload.h"
#include "tests/unit/support/json_check.h"

#define BEDS    4
#define NOON_MS (INT64_C(20000) * 86400000 + 12 * 3600000)
#define HOUR_MS INT64_C(3600000)

static const struct bed_config bed_configs[BEDS] = {{.id = "b01"}, {.id = "b02"}, {.id = "b03"}, {.id = "b04"}};
static const struct engine_config engine = {.beds = bed_configs, .bed_count = BEDS};
static struct ward_settings settings;
static const struct payload_context context = {.config = &engine,
                                               .topic_root = "wardgate",
                                               .site = "s",
                                               .ward = "w",
                                               .gateway = "gw",
                                               .boot = "00c0ffee",
                                               .ward_settings = &settings};
static struct admissions nobody;
static struct staffing_told told;
static struct ward_figures figures;
static char out[PAYLOAD_WARD_MAX];

static int set_up(void **state)
{
    (void)state;
    assert_int_equal(setenv("TZ", "CET-1", 1), 0); /* noon is 13:00 here */
    tzset();
    settings = (struct ward_settings){.enabled = true};
    told = (struct staffing_told){.is_told = false};
    return 0;
}

/* ---- a bed ---- */

static struct bed_view view_of(uint64_t stay, enum quality quality, bool episodic)
{
    struct bed_view view = {.stay = stay, .vital_count = 1, .priority = PRIORITY_LOW};
    view.vitals[0] = (struct vital_view){.quality = (uint8_t)quality, .episodic = episodic};
    return view;
}

static enum ward_state state_of(const struct bed_view *view)
{
    struct ward_bed bed;
    ward_bed_of(view, &bed);
    return (enum ward_state)bed.state;
}

static void test_states(void **state)
{
    (void)state;
    struct bed_view view = view_of(0, QUALITY_VALID, false);
    assert_int_equal(state_of(&view), WARD_vacant);
    view = view_of(7, QUALITY_VALID, false);
    assert_int_equal(state_of(&view), WARD_occupied);
    view = view_of(7, QUALITY_NO_ANSWER, false);
    assert_int_equal(state_of(&view), WARD_not_monitored);
    view = view_of(7, QUALITY_VALID, true); /* a cuff pressure of an hour ago watches nobody */
    assert_int_equal(state_of(&view), WARD_not_monitored);
    view.away_until_ms = 1;
    assert_int_equal(state_of(&view), WARD_away);
}

static void expect_band(const struct bed_view *view, enum score score, enum care_band band)
{
    struct ward_bed bed;
    ward_bed_of(view, &bed);
    assert_int_equal(bed.score, score);
    assert_int_equal(bed.band, band);
}

static void test_bands(void **state)
{
    (void)state;
    struct bed_view view = view_of(7, QUALITY_VALID, false);
    expect_band(&view, SCORE_COUNT, CARE_unscored);
    view.scoring.scores = 1U << SCORE_news2 | 1U << SCORE_bedside_pews;
    struct score_result *news2 = &view.scoring.results[SCORE_news2];
    static const enum care_band bands[] = {CARE_low, CARE_low_medium, CARE_medium, CARE_high};
    for (uint8_t i = 0; i < 4; i++) {
        *news2 = (struct score_result){.complete = true, .band = i};
        expect_band(&view, SCORE_news2, bands[i]);
        *news2 = (struct score_result){.has_least = true, .least_band = i}; /* a low bound may still become anything */
        expect_band(&view, SCORE_news2, i == 0 ? CARE_unscored : bands[i]);
    }
    *news2 = (struct score_result){.missing = 1};
    expect_band(&view, SCORE_news2, CARE_unscored);
    view.scoring.scores = 1U << SCORE_bedside_pews | 1U << SCORE_rox;
    view.scoring.results[SCORE_bedside_pews] = (struct score_result){.complete = true, .band = 1};
    expect_band(&view, SCORE_bedside_pews, CARE_high);
    view.stay = 0;
    expect_band(&view, SCORE_COUNT, CARE_unscored);
}

static void test_what_is_news(void **state)
{
    (void)state;
    const struct ward_bed bed = {.state = WARD_occupied, .priority = PRIORITY_LOW, .score = 1, .band = 1};
    struct ward_bed other = bed;
    assert_true(ward_bed_is_same(&bed, &other));
    other.state = WARD_away;
    assert_false(ward_bed_is_same(&bed, &other));
    other = bed;
    other.priority = PRIORITY_HIGH;
    assert_false(ward_bed_is_same(&bed, &other));
    other = bed;
    other.score = 0;
    assert_false(ward_bed_is_same(&bed, &other));
    other = bed;
    other.band = 0;
    assert_false(ward_bed_is_same(&bed, &other));
}

/* ---- figures ---- */

static const struct ward_bed ward[BEDS] = {
    {.state = WARD_occupied, .priority = PRIORITY_HIGH, .score = SCORE_news2, .band = CARE_high},
    {.state = WARD_vacant, .priority = PRIORITY_LOW, .score = SCORE_COUNT, .band = CARE_unscored},
    {.state = WARD_away, .score = SCORE_news2, .band = CARE_low},
    {.state = WARD_not_monitored, .priority = PRIORITY_MEDIUM, .score = SCORE_COUNT, .band = CARE_unscored}};

static void make(int64_t wall_ms)
{
    ward_figures_make(&settings, ward, BEDS, &nobody, &told, wall_ms, &figures);
}

static void test_beds(void **state)
{
    (void)state;
    make(NOON_MS);
    assert_int_equal(figures.total, 4);
    assert_int_equal(figures.patients, 3);
    assert_int_equal(figures.states[WARD_away], 1);
    assert_int_equal(figures.states[WARD_not_monitored], 1);
    assert_int_equal(figures.priorities[PRIORITY_HIGH], 1);
    assert_int_equal(figures.priorities[PRIORITY_NONE], 1);
    assert_int_equal(figures.bands[CARE_unscored], 1); /* nobody in the vacant one */
    assert_null(figures.shift);
    assert_false(figures.has_staff);
}

static void expect_shift(int64_t wall_ms, const char *name)
{
    make(wall_ms);
    assert_string_equal(figures.shift->name, name);
    assert_true(figures.until_ms > wall_ms && figures.until_ms <= wall_ms + 24 * HOUR_MS);
    const int64_t until_ms = figures.until_ms;
    make(until_ms - 1);
    assert_string_equal(figures.shift->name, name);
    make(until_ms);
    assert_true(figures.until_ms > until_ms);
    if (settings.shift_count > 1) {
        assert_string_not_equal(figures.shift->name, name);
    }
}

static void test_shifts_are_local(void **state)
{
    (void)state;
    settings.shift_count = 2;
    settings.shifts[0] = (struct shift_settings){"day", 7 * 60, 2};
    settings.shifts[1] = (struct shift_settings){"night", 19 * 60 + 30, 1};
    expect_shift(NOON_MS, "day");
    expect_shift(NOON_MS - 6 * HOUR_MS - 1, "night"); /* 06:59:59.999 */
    expect_shift(NOON_MS - 6 * HOUR_MS, "day");
    expect_shift(NOON_MS + 6 * HOUR_MS + HOUR_MS / 2 - 1, "day");
    expect_shift(NOON_MS + 6 * HOUR_MS + HOUR_MS / 2, "night");
    expect_shift(NOON_MS + 11 * HOUR_MS, "night"); /* midnight */
    settings.shift_count = 1;
    expect_shift(NOON_MS - 12 * HOUR_MS, "day"); /* all day long */
}

static void test_staff(void **state)
{
    (void)state;
    settings.shift_count = 1;
    settings.shifts[0] = (struct shift_settings){"day", 0, 2};
    settings.patients_per_nurse = 2;
    make(NOON_MS);
    assert_false(figures.over_ratio);
    assert_int_equal(ward_patients_per_nurse_milli(&figures), 1500);
    assert_int_equal(figures.staffing.nurses[0].patients, 2);
    assert_int_equal(figures.staffing.nurse_of[1], 0);
    settings.patients_per_nurse = 1;
    make(NOON_MS);
    assert_true(figures.over_ratio);
    settings.patients_per_nurse = 0;
    make(NOON_MS);
    assert_false(figures.over_ratio);
    settings.shifts[0].nurses = 0;
    make(NOON_MS);
    assert_true(figures.over_ratio);
}

static void expect_on_duty(int64_t wall_ms, bool is_told, uint8_t nurses, int64_t until_ms)
{
    make(wall_ms);
    assert_true(figures.has_staff);
    assert_int_equal(figures.is_told, is_told);
    assert_int_equal(figures.nurses, nurses);
    assert_int_equal(figures.until_ms, until_ms);
}

/* Day 07:00 to 19:30 here, which is 06:00 to 18:30 UTC. */
static void test_staff_told(void **state)
{
    (void)state;
    settings.shift_count = 2;
    settings.shifts[0] = (struct shift_settings){"day", 7 * 60, 4};
    settings.shifts[1] = (struct shift_settings){"night", 19 * 60 + 30, 2};
    const int64_t evening_ms = NOON_MS + 6 * HOUR_MS + HOUR_MS / 2, morning_ms = NOON_MS + 18 * HOUR_MS;
    expect_on_duty(NOON_MS, false, 4, evening_ms);
    told = (struct staffing_told){.at_ms = NOON_MS, .nurses = 3, .is_told = true};
    expect_on_duty(NOON_MS, true, 3, evening_ms);
    assert_int_equal(ward_patients_per_nurse_milli(&figures), 1000);
    expect_on_duty(evening_ms - 1, true, 3, evening_ms);
    expect_on_duty(evening_ms, false, 2, morning_ms);
    told.at_ms = evening_ms; /* told of the night, which runs over midnight */
    expect_on_duty(morning_ms - 1, true, 3, morning_ms);
    expect_on_duty(morning_ms, false, 4, evening_ms + 24 * HOUR_MS);
    told.until_ms = morning_ms + HOUR_MS; /* over the change of shift */
    expect_on_duty(morning_ms, true, 3, morning_ms + HOUR_MS);
    expect_on_duty(morning_ms + HOUR_MS, false, 4, evening_ms + 24 * HOUR_MS);
}

static void test_staff_told_without_shifts(void **state)
{
    (void)state;
    told = (struct staffing_told){.at_ms = NOON_MS, .nurses = 0, .is_told = true};
    expect_on_duty(NOON_MS, true, 0, NOON_MS + 12 * HOUR_MS);
    assert_true(figures.over_ratio); /* patients, and no nurse */
    assert_null(figures.shift);
    make(NOON_MS + 12 * HOUR_MS);
    assert_false(figures.has_staff);
}

/* The night that is an hour shorter: 02:00 on 31 March 2024 is 03:00. */
static void test_a_shift_over_a_change_of_the_clock(void **state)
{
    (void)state;
    const int64_t change_ms = INT64_C(1711846800000); /* 01:00 UTC */
    assert_int_equal(setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1), 0);
    tzset();
    settings.shift_count = 2;
    settings.shifts[0] = (struct shift_settings){"day", 7 * 60, 4};
    settings.shifts[1] = (struct shift_settings){"night", 19 * 60, 2};
    const int64_t began_ms = change_ms - 7 * HOUR_MS, ends_ms = change_ms + 4 * HOUR_MS;
    expect_on_duty(began_ms, false, 2, ends_ms);
    told = (struct staffing_told){.at_ms = began_ms, .nurses = 3, .is_told = true};
    expect_on_duty(ends_ms - 1, true, 3, ends_ms);
    told.at_ms = began_ms - 1; /* of the day before */
    expect_on_duty(ends_ms - 1, false, 2, ends_ms);
}

static void test_need(void **state)
{
    (void)state;
    settings = (struct ward_settings){.enabled = true,
                                      .shift_count = 1,
                                      .shifts = {{"day", 0, 2}},
                                      .has_need = true,
                                      .need_milli = {1000, 1200, 1500, 2000, 1300},
                                      .week_hours_milli = 37500,
                                      .leave_micro = 220000};
    make(NOON_MS);
    assert_int_equal(figures.wte_milli, 2000 + 1000 + 1300);
    assert_int_equal(figures.needed_milli, 787); /* 4.3 * 37.5 / 168 / 1.22 */
    assert_int_equal(figures.staffing.nurse_of[0], 1);
    assert_int_equal(figures.staffing.nurse_of[2], 2);
    assert_int_equal(figures.staffing.nurse_of[3], 2);
}

/* ---- payload ---- */

static void expect_payload(const char *text)
{
    const size_t length = payload_ward(&context, ward, &figures, NOON_MS, NOON_MS + 120000, out, sizeof out);
    expect_json(out, length);
    assert_string_equal(out, text);
}

#define HEAD                                                                                                       \
    "{\"schema\":\"1\",\"at\":\"2024-10-04T12:00:00.000Z\",\"beds\":{\"total\":4,\"occupied\":3,\"vacant\":1,"     \
    "\"away\":1,\"not_monitored\":1,\"occupancy\":0.75,\"alarms\":{\"high\":1,\"medium\":1,\"low\":1,\"none\":1}," \
    "\"bands\":{\"low\":1,\"low_medium\":0,\"medium\":0,\"high\":1,\"unscored\":1}},\"list\":["
#define TAIL "\"gateway\":\"gw\",\"boot\":\"00c0ffee\",\"expires_at\":\"2024-10-04T12:02:00.000Z\"}"
#define BED(id, word, alarm, score, band, nurse)                                                            \
    "{\"bed\":\"" id "\",\"state\":\"" word "\",\"alarm\":\"" alarm "\",\"score\":" score ",\"band\":" band \
    ",\"nurse\":" nurse "}"

static void test_payload_of_beds(void **state)
{
    (void)state;
    make(NOON_MS);
    expect_payload(HEAD BED("b01", "occupied", "high", "\"news2\"", "\"high\"",
                            "null") "," BED("b02", "vacant", "low", "null", "null",
                                            "null") "," BED("b03", "away", "none", "\"news2\"", "\"low\"",
                                                            "null") "," BED("b04", "not_monitored", "medium", "null",
                                                                            "null", "null") "],\"staff\":null,"
                                                                                            "\"capacity\":null," TAIL);
}

static void test_payload_of_staff_and_capacity(void **state)
{
    (void)state;
    settings = (struct ward_settings){.enabled = true,
                                      .patients_per_nurse = 5,
                                      .shift_count = 1,
                                      .shifts = {{"day", 0, 1}},
                                      .has_capacity = true,
                                      .capacity = {.given = true, .arrivals_milli = 500, .stay_s = 4 * 86400}};
    make(NOON_MS);
    const size_t length = payload_ward(&context, ward, &figures, NOON_MS, NOON_MS, out, sizeof out);
    expect_json(out, length);
    assert_non_null(strstr(out, "\"staff\":{\"shift\":\"day\",\"on_duty\":1,\"source\":\"configuration\","
                                "\"until\":\"2024-10-04T23:00:00.000Z\",\"planned\":1,\"patients_per_nurse\":3,"
                                "\"patients_per_nurse_max\":5,\"over_ratio\":false,\"wte\":null,\"nurses_needed\":null,"
                                "\"balance\":null,\"assignment\":[{\"nurse\":1,\"patients\":3,\"load\":3}]},"));
    assert_non_null(strstr(out, "\"capacity\":{\"source\":\"configuration\",\"reason\":null,\"arrivals_per_day\":0.5,"
                                "\"mean_stay_days\":4,\"load\":2,\"no_bed_free\":0.095238,\"waiting\":0.173913,"
                                "\"queue\":0.173913,\"wait_hours\":8.348},"));
    settings.capacity.arrivals_milli = 1000; /* four patients for four beds */
    make(NOON_MS);
    (void)payload_ward(&context, ward, &figures, NOON_MS, NOON_MS, out, sizeof out);
    assert_non_null(
        strstr(out, "\"load\":4,\"no_bed_free\":0.31068,\"waiting\":1,\"queue\":null,\"wait_hours\":null}"));
}

static void test_payload_of_what_is_not_known(void **state)
{
    (void)state;
    settings.has_capacity = true;
    settings.capacity = (struct capacity_config){.window_ms = ADMISSIONS_WINDOW_MS_MAX};
    make(NOON_MS);
    const size_t length = payload_ward(&context, ward, &figures, NOON_MS, NOON_MS, out, sizeof out);
    expect_json(out, length);
    assert_non_null(
        strstr(out, "\"capacity\":{\"source\":\"counted\",\"reason\":\"insufficient_data\","
                    "\"arrivals_per_day\":null,\"mean_stay_days\":null,\"load\":null,\"no_bed_free\":null,"
                    "\"waiting\":null,\"queue\":null,\"wait_hours\":null,\"counted\":{\"admissions\":0,\"stays\":0,"
                    "\"stays_least\":20,\"days\":0,\"days_least\":7},"
                    "\"trend\":{\"day_ago\":null,\"week_ago\":null,\"slope_per_day\":null}},"));
}

static void test_largest_fits(void **state)
{
    (void)state;
    static struct bed_config most[SETTINGS_BEDS_MAX];
    static struct ward_bed beds[SETTINGS_BEDS_MAX];
    static const char id[] = "iiiiiiiiiiiiiiiiiiiiiiiiiiiiiiii";
    for (unsigned i = 0; i < SETTINGS_BEDS_MAX; i++) {
        most[i] = (struct bed_config){.id = id};
        beds[i] = (struct ward_bed){.state = WARD_not_monitored,
                                    .priority = PRIORITY_MEDIUM,
                                    .score = SCORE_bedside_pews,
                                    .band = CARE_low_medium};
    }
    settings = (struct ward_settings){.patients_per_nurse = 99,
                                      .shift_count = 1,
                                      .shifts = {{id, 0, STAFFING_NURSES_MAX}},
                                      .has_need = true,
                                      .need_milli = {19999, 19999, 19999, 19999, 19999},
                                      .week_hours_milli = 168000,
                                      .has_capacity = true,
                                      .capacity = {.given = true, .arrivals_milli = 63999, .stay_s = 345599}};
    const struct engine_config large = {.beds = most, .bed_count = SETTINGS_BEDS_MAX};
    struct payload_context wide = context;
    wide.config = &large;
    wide.gateway = id;
    told = (struct staffing_told){.at_ms = NOON_MS, .nurses = STAFFING_NURSES_MAX, .is_told = true};
    ward_figures_make(&settings, beds, SETTINGS_BEDS_MAX, &nobody, &told, NOON_MS, &figures);
    const size_t length = payload_ward(&wide, beds, &figures, NOON_MS, NOON_MS, out, sizeof out);
    print_message("largest ward: %zu bytes\n", length);
    expect_json(out, length);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_states),
                                       cmocka_unit_test(test_bands),
                                       cmocka_unit_test(test_what_is_news),
                                       cmocka_unit_test_setup(test_beds, set_up),
                                       cmocka_unit_test_setup(test_shifts_are_local, set_up),
                                       cmocka_unit_test_setup(test_staff, set_up),
                                       cmocka_unit_test_setup(test_staff_told, set_up),
                                       cmocka_unit_test_setup(test_staff_told_without_shifts, set_up),
                                       cmocka_unit_test_setup(test_a_shift_over_a_change_of_the_clock, set_up),
                                       cmocka_unit_test_setup(test_need, set_up),
                                       cmocka_unit_test_setup(test_payload_of_beds, set_up),
                                       cmocka_unit_test_setup(test_payload_of_staff_and_capacity, set_up),
                                       cmocka_unit_test_setup(test_payload_of_what_is_not_known, set_up),
                                       cmocka_unit_test_setup(test_largest_fits, set_up)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
