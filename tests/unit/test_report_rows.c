/* Rows for a program: each one flat object that fits, what stands in them, and that the program's own reader takes all of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/cli/watch_ward.h"
#include "app/flow/json_read.h"
#include "hal/clock.h"
#include "tests/unit/support/report_bench.h"

#define WALL_MS INT64_C(1769903999000)

static const struct rule rules[] = {
    {.name = "spo2_low",
     .text = "SpO2 below {limit} % for {span} s, {other}",
     .priority = PRIORITY_MEDIUM,
     .parameter_count = 2,
     .parameters = {{.name = "limit", .has = {[CLASS_adult] = true}, .value_milli = {[CLASS_adult] = 90000}},
                    {.name = "span", .has = {[CLASS_adult] = true}, .value_milli = {[CLASS_adult] = 15000}}}}};
static const struct override_config overrides[] = {{.rule = 0, .parameter = 0, .value_milli = 88500}};
static struct signal_config signals[] = {{.name = "battery_low", .text = "Battery\n\033[2Jlow"}};
static const struct payload_context payloads = {
    .config = &report_config, .gateway = "gw-7e", .site = "s", .ward = "w", .boot = "00c0ffee", .version = "1.2.3"};
static struct timebase timebase;

static char all[1 << 22];
static size_t length, most;
static struct watch_ward ward;
static struct watch_reader reader;

static void make_ward(uint16_t bed_count, uint16_t monitor_count)
{
    report_bench_make(&payloads, bed_count, monitor_count, "b", "line-");
    report_config.rules = rules;
    report_config.rule_count = 1;
    for (uint16_t b = 0; b < bed_count; b++) {
        beds[b].patient_class = CLASS_adult;
        beds[b].signals = signals;
        beds[b].signal_count = 1;
        beds[b].overrides = overrides;
        beds[b].override_count = b == 1 ? 1 : 0;
        bus_configs[b].name = ids[b];
        bus_configs[b].kind = "modbus-tcp";
        bus_configs[b].host = "10.0.0.1";
        bus_configs[b].port = 502;
    }
    timebase.anchor_ms = 1000000 - clock_boot_us() / 1000; /* it is about 1,000,000 ms */
    report.timebase = &timebase;
    report.boards_expected = 0;
}

static bool keep(void *context, const char *row, size_t count)
{
    unsigned *rows = context;
    struct json_member members[JSON_MEMBERS_MAX];
    unsigned found;
    assert_true(count <= REPORT_ROW_MAX);
    assert_int_equal(row[count - 1], '\n');
    assert_null(memchr(row, '\n', count - 1));
    assert_true(json_read_object(row, count - 1, members, JSON_MEMBERS_MAX, &found));
    assert_true(json_member_is(&members[0], "row"));
    assert_true(length + count < sizeof all);
    memcpy(all + length, row, count);
    length += count;
    most = count > most ? count : most;
    ++*rows;
    return true;
}

static unsigned take(const char *bed)
{
    unsigned rows = 0;
    length = most = 0;
    report_rows(&report, WALL_MS, bed, keep, &rows);
    all[length] = '\0';
    watch_reader_init(&reader, &ward);
    watch_reader_feed(&reader, all, length);
    assert_true(ward.is_whole);
    return rows;
}

static void expect(const char *part)
{
    report_bench_expect(all, part);
}

static struct alarm_view alarm_of(const char *name, enum priority priority)
{
    struct alarm_view alarm = {
        .id = 5, .rev = 2, .priority = (uint8_t)priority, .state = ALARM_ACTIVE, .raised_ms = 990000};
    (void)snprintf(alarm.name, sizeof alarm.name, "%s", name);
    return alarm;
}

static void test_a_gateway_without_beds(void **state)
{
    (void)state;
    make_ward(0, 0);
    assert_int_equal(take(NULL), 5); /* gateway, store, two brokers, end */
    expect("{\"row\":\"gateway\",\"gateway\":\"gw-7e\",\"site\":\"s\",\"ward\":\"w\",\"version\":\"1.2.3\",\"boot\":"
           "\"00c0ffee\","
           "\"uptime_s\":61,\"at\":\"2026-01-31T23:59:59.000Z\",");
    assert_string_equal(ward.gateway, "gw-7e");
    assert_int_equal(ward.wall_ms, WALL_MS);
    assert_int_equal(ward.broker_count, 2);
    assert_true(ward.brokers[0].is_in_use);
    assert_string_equal(ward.brokers[0].state, "not connected");
}

static void test_boards(void **state)
{
    (void)state;
    make_ward(0, 0);
    (void)take(NULL);
    assert_false(ward.has_boards); /* none is expected, none is there */
    report.boards_expected = 3;
    (void)take(NULL);
    assert_true(ward.has_boards);
    assert_int_equal(ward.boards_expected, 3);
    assert_int_equal(ward.boards_looking + ward.boards_there, 0);
}

static void test_values_and_their_ages(void **state)
{
    (void)state;
    make_ward(2, 1);
    const struct bed_view view = {
        .bed = 0,
        .stay = 0xabcd,
        .monitored = true,
        .stay_start_ms = 400000,
        .at_ms = 1000000,
        .vital_count = 3,
        .vitals = {
            {.vital = VITAL_hr, .source = VITAL_pulse, .quality = QUALITY_VALID, .value_milli = 72000, .at_ms = 999000},
            {.vital = VITAL_spo2, .source = VITAL_spo2, .quality = QUALITY_FROZEN, .value_milli = 97000},
            {.vital = VITAL_nibp_sys,
             .source = VITAL_nibp_sys,
             .quality = QUALITY_VALID,
             .value_milli = 121000,
             .age_unknown = true,
             .episodic = true}}};
    board_put(&board, &view);
    (void)take(NULL);
    assert_int_equal(ward.bed_count, 1); /* of the other one nothing is known yet */
    const struct watch_vital *v = &ward.vitals[0];
    assert_true(v->is_valid && v->vital == VITAL_hr && v->source == VITAL_pulse && v->value_milli == 72000);
    assert_true(v->age_ms >= 1000 && v->age_ms < 20000);
    assert_true(ward.beds[0].stay_age_ms >= 600000 && ward.beds[0].stay_age_ms < 620000);
    assert_false(ward.vitals[1].is_valid);
    assert_string_equal(ward.vitals[1].invalid, "frozen");
    assert_true(ward.vitals[2].is_episodic);
    assert_int_equal(ward.vitals[2].age_ms, WATCH_AGE_UNKNOWN);
    assert_null(strstr(all, "\"value\":97")); /* a value that is not believed does not leave the gateway */
}

/* The limit in force: that of the class, of the configuration, of a command; braces that name nothing stay. */
static void test_texts_have_the_limits_in_force(void **state)
{
    (void)state;
    make_ward(3, 1);
    for (uint16_t b = 0; b < 3; b++) {
        struct bed_view view = {.bed = b, .stay = 1, .monitored = true, .alarm_count = 1, .priority = PRIORITY_MEDIUM};
        view.alarms[0] = alarm_of("spo2_low", PRIORITY_MEDIUM);
        if (b == 2) {
            view.limits[0] = (struct set_limit){.key = limit_key("spo2_low", "limit"), .value_milli = 86000};
        }
        board_put(&board, &view);
    }
    (void)take("b02");
    assert_string_equal(ward.alarms[0].text, "SpO2 below 90 % for 15 s, {other}");
    assert_string_equal(ward.alarms[1].text, "SpO2 below 88.5 % for 15 s, {other}");
    assert_string_equal(ward.alarms[2].text, "SpO2 below 86 % for 15 s, {other}");
    assert_true(ward.alarms[0].age_ms >= 10000 && ward.alarms[0].age_ms < 30000);
    assert_int_equal(ward.alarms[0].rev, 2);
}

static void test_texts_of_other_alarms(void **state)
{
    (void)state;
    make_ward(1, 1);
    struct bed_view view = {.bed = 0, .stay = 1, .monitored = true, .alarm_count = 4, .priority = PRIORITY_HIGH};
    view.alarms[0] = alarm_of("monitor.battery_low", PRIORITY_HIGH);
    view.alarms[1] = alarm_of("spo2_low.not_monitored", PRIORITY_LOW);
    view.alarms[2] = alarm_of("monitor_silent", PRIORITY_LOW);
    view.alarms[3] = alarm_of("gone_since", PRIORITY_LOW);
    view.alarms[3].state = ALARM_LATCHED;
    view.alarms[3].inactivation = INACTIVATION_ACKNOWLEDGED;
    board_put(&board, &view);
    (void)take(NULL);
    assert_string_equal(ward.alarms[0].text, "Battery\n\033[2Jlow"); /* whoever shows it makes it harmless */
    assert_string_equal(ward.alarms[1].text, "not monitored: SpO2 below 90 % for 15 s, {other}");
    assert_string_equal(ward.alarms[2].text, "Monitor does not answer");
    assert_string_equal(ward.alarms[3].text, "");
    assert_true(ward.alarms[3].is_latched);
    assert_string_equal(ward.alarms[3].inactivation, "acknowledged");
}

static void test_one_bed_in_detail(void **state)
{
    (void)state;
    make_ward(2, 1);
    for (uint16_t b = 0; b < 2; b++) {
        struct bed_view view = {.bed = b, .stay = 1, .monitored = true, .scoring.scores = 1U << SCORE_news2};
        view.scoring.results[SCORE_news2] = (struct score_result){
            .has_least = true, .least_milli = 3000, .missing = 1U << SCORE_PART_temp | 1U << SCORE_PART_sys};
        view.pauses[0] = (struct pause){.what = PAUSE_AUDIO, .until_ms = 1060000};
        view.pauses[1] = (struct pause){.what = PAUSE_ALARM, .rule_key = pause_key("spo2_low"), .until_ms = 1090000};
        view.pauses[2] = (struct pause){.what = PAUSE_ALARM, .until_ms = 1}; /* over */
        board_put(&board, &view);
    }
    (void)take(NULL);
    assert_int_equal(ward.score_count + ward.pause_count, 0);
    assert_string_equal(ward.beds[0].score.name, "news2");
    assert_true(ward.beds[0].score.has_total && !ward.beds[0].score.is_complete);
    (void)take("b02");
    assert_int_equal(ward.score_count, 1);
    assert_string_equal(ward.scores[0].missing, "sys temp");
    assert_int_equal(ward.pause_count, 2);
    assert_string_equal(ward.pauses[1].rule, "spo2_low");
    assert_true(ward.pauses[0].left_ms > 40000 && ward.pauses[0].left_ms <= 60000);
    (void)take("b99");
    assert_int_equal(ward.score_count, 0);
}

static void test_lines_and_monitors(void **state)
{
    (void)state;
    make_ward(1, 2);
    bus_configs[0].device = "/dev/ttyUSB0";
    atomic_store(&lines[0].health.state, BUS_OPEN);
    atomic_store(&lines[0].health.planned_permille, 410);
    atomic_store(&lines[0].health.busy_permille, 388);
    atomic_store(&lines[0].monitors[0].answering, true);
    atomic_store(&lines[0].monitors[1].last_failure, STATUS_TIMEOUT);
    atomic_store(&lines[0].monitors[1].failures[STATUS_TIMEOUT], 41);
    atomic_store(&lines[0].monitors[1].failures[STATUS_BAD_CHECKSUM], 2);
    (void)take(NULL);
    assert_int_equal(ward.bus_count, 1);
    assert_string_equal(ward.buses[0].where, "/dev/ttyUSB0");
    assert_string_equal(ward.buses[0].state, "open");
    assert_int_equal(ward.buses[0].busy_permille, 388);
    assert_int_equal(ward.buses[0].monitors_told, 2);
    assert_int_equal(ward.buses[0].answering_count, 1);
    assert_true(ward.monitors[0].is_answering);
    assert_string_equal(ward.monitors[0].failures, "");
    assert_string_equal(ward.monitors[1].fault, "no answer in time");
    assert_string_equal(ward.monitors[1].failures, "no answer in time 41, checksum wrong 2");
    assert_string_equal(ward.monitors[1].place, "2");
}

/* Whoever has seen enough says so, and gets no more. */
static bool take_three(void *context, const char *row, size_t count)
{
    unsigned *rows = context;
    (void)row;
    (void)count;
    return ++*rows < 3;
}

static void test_no_more_rows_than_are_wanted(void **state)
{
    (void)state;
    unsigned rows = 0;
    make_ward(9, 1);
    report_rows(&report, WALL_MS, NULL, take_three, &rows);
    assert_int_equal(rows, 3);
}

static void test_the_largest_ward(void **state)
{
    (void)state;
    make_ward(BEDS_MAX, 4);
    for (uint16_t b = 0; b < BEDS_MAX; b++) {
        struct bed_view view = {.bed = b,
                                .stay = UINT64_MAX,
                                .monitored = true,
                                .alarm_count = 255,
                                .vital_count = 12,
                                .priority = PRIORITY_HIGH};
        for (unsigned i = 0; i < 12; i++) {
            view.vitals[i] = (struct vital_view){
                .vital = (uint8_t)i, .source = (uint8_t)i, .quality = QUALITY_VALID, .value_milli = INT32_MIN};
        }
        for (unsigned i = 0; i < 4; i++) {
            view.alarms[i] = alarm_of("spo2_low.not_monitored", PRIORITY_HIGH);
        }
        view.alarm_count = 4;
        board_put(&board, &view);
        for (unsigned m = 0; m < 4; m++) {
            for (unsigned s = 1; s < STATUS_COUNT; s++) {
                atomic_store(&lines[b].monitors[m].failures[s], UINT32_MAX);
            }
        }
    }
    const unsigned rows = take("b256");
    print_message("the largest ward: %u rows, %zu bytes, the longest row %zu\n", rows, length, most);
    assert_int_equal(ward.bed_count, BEDS_MAX);
    assert_int_equal(ward.vital_count, 12 * BEDS_MAX);
    assert_int_equal(ward.alarm_count, 4 * BEDS_MAX);
    assert_int_equal(ward.monitor_count, 4 * BEDS_MAX);
    assert_int_equal(ward.left_out, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_gateway_without_beds), cmocka_unit_test(test_boards),
        cmocka_unit_test(test_values_and_their_ages),  cmocka_unit_test(test_texts_have_the_limits_in_force),
        cmocka_unit_test(test_texts_of_other_alarms),  cmocka_unit_test(test_one_bed_in_detail),
        cmocka_unit_test(test_lines_and_monitors),     cmocka_unit_test(test_no_more_rows_than_are_wanted),
        cmocka_unit_test(test_the_largest_ward),
    };
    return cmocka_run_group_tests_name("report_rows", tests, NULL, NULL);
}
