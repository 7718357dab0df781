/* What `wardgate status` says of the ward as a whole, for people and as JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdalign.h>
#include <string.h>

#include "app/flow/report.h"
#include "hal/clock.h"
#include "tests/unit/support/json_check.h"

#define BEDS 10

static struct bed_config beds[BEDS];
static const struct engine_config config = {.beds = beds, .bed_count = BEDS};
static struct ward_settings settings;
static const struct payload_context payloads = {
    .config = &config, .gateway = "gw", .boot = "00c0ffee", .epoch = "e", .version = "1", .ward_settings = &settings};
static const char *const brokers[] = {"mqtt://127.0.0.1:1883"};
static struct board board;
static struct store_state store_state;
static _Atomic(struct store *) store;
static struct report report;
static alignas(64) unsigned char storage[1 << 18];
static char out[PAYLOAD_HEALTH_MAX];

static int set_up(void **state)
{
    (void)state;
    memset(storage, 0, sizeof storage);
    memset(&board, 0, sizeof board);
    struct arena arena = {.base = storage, .size = sizeof storage};
    board_init(&board, &arena, BEDS);
    for (unsigned b = 0; b < BEDS; b++) {
        beds[b] = (struct bed_config){.id = "b"};
    }
    settings = (struct ward_settings){.enabled = true};
    report = (struct report){.payloads = &payloads,
                             .board = &board,
                             .store = &store,
                             .store_state = &store_state,
                             .brokers = brokers,
                             .bed_count = BEDS,
                             .broker_count = 1,
                             .started_us = clock_boot_us()};
    const struct bed_view away = {.bed = 0, .stay = 7, .away_until_ms = 1, .priority = PRIORITY_HIGH};
    const struct bed_view unseen = {.bed = 1, .stay = 8};
    const struct bed_view empty = {.bed = 2, .priority = PRIORITY_LOW};
    (void)board_put(&board, &away);
    (void)board_put(&board, &unseen);
    (void)board_put(&board, &empty);
    return 0;
}

static void expect_line(const char *line)
{
    assert_true(report_text(&report, out, sizeof out) > 0);
    if (strstr(out, line) == NULL) {
        fail_msg("'%s' is not in %s", line, out);
    }
}

static void expect_none_of(const char *head)
{
    assert_true(report_text(&report, out, sizeof out) > 0);
    assert_null(strstr(out, head));
}

static void test_beds(void **state)
{
    (void)state;
    expect_line("\nward     2 of 10 beds occupied (1 away, 1 not monitored), alarms: 1 high, 0 medium, 1 low\n");
    expect_none_of("\nstaff ");
    expect_none_of("\ncapacity ");
    settings.enabled = false;
    expect_none_of("\nward ");
}

static void test_staff(void **state)
{
    (void)state;
    settings.shift_count = 1;
    settings.shifts[0] = (struct shift_settings){"day", 0, 4};
    expect_line("\nstaff    day: 4 nurses, 0.5 patients each\n");
    settings.patients_per_nurse = 1;
    settings.shifts[0].nurses = 1;
    expect_line("\nstaff    day: 1 nurse, 2.0 patients each, more than configured\n");
    settings.shifts[0].nurses = 0;
    expect_line("\nstaff    day: 0 nurses\n");
    settings.has_need = true;
    settings.need_milli[CARE_unscored] = 1500;
    settings.week_hours_milli = 42000;
    expect_line("\nstaff    day: 0 nurses, 0.8 needed\n");
    const struct staffing_told told = {.at_ms = clock_wall_ms(), .nurses = 2, .is_told = true};
    board_put_staff(&board, &told);
    expect_line("\nstaff    day: 2 nurses, by command until 00:00, 1.0 patients each, 0.8 needed\n");
    settings.shift_count = 0;
    expect_line("\nstaff    2 nurses, by command until ");
}

static void test_capacity(void **state)
{
    (void)state;
    settings.has_capacity = true;
    settings.capacity.window_ms = ADMISSIONS_WINDOW_MS_MAX;
    expect_line("\ncapacity insufficient data: 0 of 20 stays, 0 of 7 days\n");
    settings.capacity = (struct capacity_config){.given = true, .arrivals_milli = 2000, .stay_s = 4 * 86400};
    expect_line("\ncapacity load 8.0 of 10 beds, no bed free 12.2 %, waiting 40.9 %, mean wait 19.6 h\n");
    settings.capacity.arrivals_milli = 2500;
    expect_line("\ncapacity load 10.0 of 10 beds, no bed free 21.5 %, waiting 100.0 %\n");
}

static void test_json(void **state)
{
    (void)state;
    expect_json(out, report_json_with_alarms(&report, clock_wall_ms(), out, sizeof out));
    assert_non_null(strstr(out, "\"ward\":{\"beds\":{\"total\":10,\"occupied\":2,\"vacant\":8,\"away\":1,"));
    expect_json(out, report_json(&report, clock_wall_ms(), out, sizeof out));
    assert_null(strstr(out, "\"ward\":")); /* the health topic has no room for what has its own */
    settings.enabled = false;
    expect_json(out, report_json_with_alarms(&report, clock_wall_ms(), out, sizeof out));
    assert_null(strstr(out, "\"ward\":"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_beds, set_up), cmocka_unit_test_setup(test_staff, set_up),
        cmocka_unit_test_setup(test_capacity, set_up), cmocka_unit_test_setup(test_json, set_up)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
