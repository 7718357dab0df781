/* The figures for Prometheus: sound text whatever the names are, each figure in its unit, nothing of a patient, and the table in DESIGN.md is of these. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/flow/report_metrics.h"
#include "tests/unit/support/exposition_check.h"
#include "tests/unit/support/report_bench.h"

static struct payload_context payloads = {.config = &report_config,
                                          .site = "st-marys",
                                          .ward = "w7e",
                                          .gateway = "gw-7e",
                                          .boot = "00c0ffee",
                                          .epoch = "8f3a",
                                          .version = "1.2.3"};
static char out[REPORT_METRICS_MAX];

static void make_ward(uint16_t bed_count, const char *line_name)
{
    report_bench_make(&payloads, bed_count, 2, "b", line_name);
}

static size_t make_text(size_t size)
{
    memset(out, 0x5A, sizeof out);
    const size_t length = report_metrics(&report, out, size);
    if (length > 0) {
        assert_true(length < size);
        assert_int_equal(strlen(out), length);
        const char *problem = exposition_problem(out);
        if (problem != NULL) {
            fail_msg("%s in %s", problem, out);
        }
    }
    return length;
}

static void expect(const char *series, const char *number)
{
    char found[32];
    if (exposition_find(out, series, found) == NULL || strcmp(found, number) != 0) {
        fail_msg("%s is not %s in %s", series, number, out);
    }
}

static void expect_none(const char *part)
{
    if (strstr(out, part) != NULL) {
        fail_msg("%s is in %s", part, out);
    }
}

/* ---- the figures ---- */

static void test_a_gateway_that_has_just_started(void **state)
{
    (void)state;
    make_ward(1, "line-");
    assert_true(make_text(sizeof out) > 0);
    expect("wardgate_info{gateway=\"gw-7e\",site=\"st-marys\",ward=\"w7e\",version=\"1.2.3\",boot=\"00c0ffee\",epoch="
           "\"8f3a\"}",
           "1");
    expect("wardgate_uplink_connected", "0");
    expect("wardgate_memory_arena_bytes", "1234567");
    expect("wardgate_boards_expected", "2");
    expect("wardgate_bus_open{bus=\"line-1\"}", "0");
    expect("wardgate_bus_info{bus=\"line-1\",kind=\"modbus-rtu\"}", "1");
    expect("wardgate_monitor_answering{bus=\"line-1\",bed=\"b01\",address=\"2\"}", "0");
    expect("wardgate_left_out{what=\"monitors\"}", "0");
    expect("wardgate_broker_up{broker=\"mqtts://broker-a.example:8883\"}", "0");
    expect_none("wardgate_broker_up{broker=\"mqtt://127.0.0.1:1883\"}"); /* nobody knows */
    expect_none("wardgate_uplink_certificate_end");
    expect_none("wardgate_monitor_failures_total");
    expect_none("wardgate_part_stuck");
}

/* Each way in which the libraries are known to fail has a counter from the start. */
static void test_every_failure_has_a_counter(void **state)
{
    (void)state;
    static const char *const always[] = {"wardgate_failures_total{failure=\"timeout\"}",
                                         "wardgate_failures_total{failure=\"too_soon\"}",
                                         "wardgate_failures_total{failure=\"unasked\"}",
                                         "wardgate_failures_total{failure=\"wrong_address\"}",
                                         "wardgate_failures_total{failure=\"wrong_function\"}",
                                         "wardgate_failures_total{failure=\"bad_header\"}",
                                         "wardgate_failures_total{failure=\"wrong_length\"}",
                                         "wardgate_failures_total{failure=\"long_frame\"}",
                                         "wardgate_failures_total{failure=\"short_frame\"}",
                                         "wardgate_failures_total{failure=\"bad_checksum\"}",
                                         "wardgate_failures_total{failure=\"too_slow\"}",
                                         "wardgate_failures_total{failure=\"exception\"}",
                                         "wardgate_failures_total{failure=\"hung_up\"}",
                                         "wardgate_failures_total{failure=\"reset\"}",
                                         "wardgate_failures_total{failure=\"refused\"}",
                                         "wardgate_failures_total{failure=\"other_master\"}",
                                         "wardgate_failures_total{failure=\"wrong_protocol\"}",
                                         "wardgate_failures_total{failure=\"outdated\"}",
                                         "wardgate_store_failures_total{failure=\"full\"}",
                                         "wardgate_store_failures_total{failure=\"io\"}",
                                         "wardgate_store_failures_total{failure=\"corrupt\"}",
                                         "wardgate_store_dead_readers_total",
                                         "wardgate_uplink_connect_failures_total",
                                         "wardgate_uplink_losses_total",
                                         "wardgate_uplink_unacknowledged_total",
                                         "wardgate_uplink_refusals_total",
                                         "wardgate_uplink_unheard_alerts_total",
                                         "wardgate_uplink_stand_ins_total",
                                         "wardgate_bus_lost_total{bus=\"line-1\"}",
                                         "wardgate_bus_unasked_bytes_total{bus=\"line-1\"}",
                                         "wardgate_bus_turns_missed_total{bus=\"line-1\"}",
                                         "wardgate_bus_hang_ups_total{bus=\"line-1\"}",
                                         "wardgate_bus_foreign_requests_total{bus=\"line-1\"}",
                                         "wardgate_engine_window_overruns_total"};
    make_ward(1, "line-");
    assert_true(make_text(sizeof out) > 0);
    for (size_t i = 0; i < sizeof always / sizeof always[0]; i++) {
        expect(always[i], "0");
    }
}

static void test_figures_in_their_units(void **state)
{
    (void)state;
    make_ward(2, "line-");
    atomic_store(&board.uplink_connected, true);
    atomic_store(&board.uplink_broker, 1);
    atomic_store(&board.broker_answers[0], BROKER_ANSWERS);
    atomic_store(&board.uplink_connects, 7);
    atomic_store(&board.uplink_failures, 3);
    atomic_store(&board.uplink_losses, 2);
    atomic_store(&board.uplink_waits_us, 250000);
    atomic_store(&board.observations, 123456789012);
    atomic_store(&board.boards_bad, 4);
    board_put_certificate(&board, &(struct uplink_certificate){.ends_ms = INT64_C(1900000000500), .name = "gw.pem"});
    atomic_store(&store_state.failures[STATUS_FULL], 5);
    atomic_store(&store_state.failures[STATUS_NO_MEMORY], 6);
    atomic_store(&store_state.commit_us, 371);
    atomic_store(&store_state.unstored, 8);
    atomic_store(&runners[0].dropped, 9);
    atomic_store(&lines[0].health.state, BUS_OPEN);
    atomic_store(&lines[0].health.busy_us, 5250000000);
    atomic_store(&lines[0].health.gap_us_min, 1750);
    atomic_store(&lines[0].health.planned_permille, 1250);
    atomic_store(&lines[0].health.lost, 10);
    atomic_store(&lines[1].health.fault, STATUS_HUNG_UP);
    atomic_store(&lines[1].health.fault_until_us, INT64_MAX);
    atomic_store(&lines[0].monitors[1].failures[STATUS_TIMEOUT], 11);
    atomic_store(&lines[1].monitors[0].failures[STATUS_TIMEOUT], 12);
    atomic_store(&lines[1].monitors[0].answering, true);
    atomic_store(&lines[1].monitors[0].answer_us, 12345);
    monitors[1][1].place = "ICU^6^\"A\"";
    assert_true(make_text(sizeof out) > 0);
    monitors[1][1].place = NULL;
    expect("wardgate_uplink_connected", "1");
    expect("wardgate_uplink_connects_total", "7");
    expect("wardgate_uplink_connect_failures_total", "3");
    expect("wardgate_uplink_losses_total", "2");
    expect("wardgate_uplink_oldest_unacknowledged_seconds", "0.25");
    expect("wardgate_uplink_certificate_end_timestamp_seconds{certificate=\"gw.pem\"}", "1900000000");
    expect("wardgate_broker_up{broker=\"mqtts://broker-a.example:8883\"}", "1");
    expect("wardgate_broker_up{broker=\"mqtt://127.0.0.1:1883\"}", "1");
    expect("wardgate_engine_observations_total", "123456789012");
    expect("wardgate_engine_dropped_total", "9");
    expect("wardgate_boards_bad_total", "4");
    expect("wardgate_store_failures_total{failure=\"full\"}", "5");
    expect("wardgate_store_failures_total{failure=\"no_memory\"}", "6");
    expect("wardgate_store_commit_seconds", "0.000371");
    expect("wardgate_alerts_not_stored_total", "8");
    expect("wardgate_bus_open{bus=\"line-1\"}", "1");
    expect("wardgate_bus_busy_seconds_total{bus=\"line-1\"}", "5250");
    expect("wardgate_bus_gap_min_seconds{bus=\"line-1\"}", "0.00175");
    expect("wardgate_bus_planned_load_ratio{bus=\"line-1\"}", "1.25");
    expect("wardgate_bus_lost_total{bus=\"line-1\"}", "10");
    expect("wardgate_bus_fault{bus=\"line-2\",fault=\"hung_up\"}", "1");
    expect("wardgate_monitor_failures_total{bus=\"line-1\",bed=\"b01\",address=\"2\",failure=\"timeout\"}", "11");
    expect("wardgate_failures_total{failure=\"timeout\"}", "23");
    expect("wardgate_monitor_answer_seconds{bus=\"line-2\",bed=\"b02\",address=\"1\"}", "0.012345");
    expect("wardgate_monitor_answering{bus=\"line-2\",bed=\"b02\",address=\"ICU^6^\\\"A\\\"\"}", "0");
}

/* Counts of what was not used, by vital and reason; never a value, a stay or an alarm. */
static void test_nothing_of_a_patient(void **state)
{
    (void)state;
    make_ward(1, "line-");
    struct bed_view view = {.bed = 0,
                            .monitored = true,
                            .stay = 0xfeedfacecafef00dULL,
                            .vital_count = 1,
                            .vitals = {{.vital = VITAL_hr, .value_milli = 654321, .at_ms = 1}},
                            .alarm_count = 1,
                            .alarms = {{.name = "spo2_low", .id = 0xabcdef0123456789ULL}},
                            .rejected = 4,
                            .rejection_count = 1,
                            .rejections = {{.vital = VITAL_spo2, .quality = QUALITY_SENSOR_OFF, .count = 4}}};
    (void)board_put(&board, &view);
    assert_true(make_text(sizeof out) > 0);
    expect("wardgate_values_rejected_total{bed=\"b01\",vital=\"spo2\",reason=\"sensor_off\"}", "4");
    expect_none("654321");
    expect_none("654.321");
    expect_none("feedface");
    expect_none("abcdef01");
    expect_none("spo2_low");
}

/* The largest ward, everything seen to fail: it fits; in less room monitors go first, then lines. */
static void test_a_large_ward(void **state)
{
    (void)state;
    make_ward(BEDS_MAX, "modbus-tcp://10.107.200.132:50200-");
    for (unsigned b = 0; b < BEDS_MAX; b++) {
        for (unsigned m = 0; m < 2; m++) {
            for (unsigned s = STATUS_TIMEOUT; s <= STATUS_TOO_SLOW; s += 2) {
                atomic_store(&lines[b].monitors[m].failures[s], 4000000000U);
            }
        }
    }
    const size_t whole = make_text(sizeof out);
    assert_true(whole > 0);
    (void)fprintf(stderr, "256 lines with 2 monitors: %zu bytes\n", whole);
    expect("wardgate_left_out{what=\"rejected\"}", "0");
    const size_t without_monitors = make_text(whole / 2);
    assert_true(without_monitors > 0);
    expect("wardgate_left_out{what=\"monitors\"}", "1");
    expect("wardgate_left_out{what=\"buses\"}", "0");
    expect_none("wardgate_monitor_");
    assert_true(make_text(without_monitors / 2) > 0);
    expect("wardgate_left_out{what=\"buses\"}", "1");
    expect_none("wardgate_bus_");
    assert_int_equal(make_text(1000), 0);
}

/* ---- DESIGN.md has each of them in its table, with its type, and no others ---- */

static void test_the_table_in_design(void **state)
{
    (void)state;
    static char design[1 << 20];
    FILE *file = fopen("DESIGN.md", "re");
    assert_non_null(file);
    const size_t length = fread(design, 1, sizeof design - 1, file);
    assert_int_equal(fclose(file), 0);
    design[length] = '\0';
    unsigned count = 0, rows = 0;
    for (const struct metric *m; (m = report_metric(count)) != NULL; count++) {
        char row[128];
        (void)snprintf(row, sizeof row, "\n| `%s` | %s |", m->name, m->type == METRIC_COUNTER ? "counter" : "gauge");
        if (strstr(design, row) == NULL) {
            fail_msg("DESIGN.md has no row for %s", m->name);
        }
    }
    for (const char *at = design; (at = strstr(at, "\n| `wardgate_")) != NULL; at++) {
        rows++;
    }
    assert_int_equal(rows, count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_gateway_that_has_just_started),
        cmocka_unit_test(test_every_failure_has_a_counter),
        cmocka_unit_test(test_figures_in_their_units),
        cmocka_unit_test(test_nothing_of_a_patient),
        cmocka_unit_test(test_a_large_ward),
        cmocka_unit_test(test_the_table_in_design),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
