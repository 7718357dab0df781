/* The report for people: what stands on its page, and what is left out of it where there is no room. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/support/report_page.h"

static const struct vital_view nothing[1];

static void show(uint16_t bed, const struct vital_view *vitals, uint8_t count, uint8_t alarms, enum priority priority)
{
    struct bed_view view = {.bed = bed,
                            .patient_class = CLASS_adult,
                            .monitored = true,
                            .vital_count = count,
                            .alarm_count = alarms,
                            .priority = (uint8_t)priority};
    memcpy(view.vitals, vitals, count * sizeof *vitals);
    board_put(&board, &view);
}

static void test_a_screen(void **state)
{
    (void)state;
    report_bench_make(&payloads, 3, 2, "b", "line-");
    const struct vital_view vitals[] = {{.vital = VITAL_hr, .quality = QUALITY_VALID, .value_milli = 72000},
                                        {.vital = VITAL_spo2, .quality = QUALITY_SENSOR_OFF, .value_milli = 97000},
                                        {.vital = VITAL_resp, .quality = QUALITY_NEVER},
                                        {.vital = VITAL_temp, .quality = QUALITY_VALID, .value_milli = 36750}};
    show(0, vitals, 4, 2, PRIORITY_HIGH);
    const struct bed_view vacant = {.bed = 2, .patient_class = CLASS_neonate};
    board_put(&board, &vacant);
    atomic_store(&lines[1].health.state, BUS_OPEN);
    atomic_store(&lines[1].monitors[0].answering, true);
    atomic_store(&lines[1].monitors[0].answers, 12);
    atomic_store(&lines[0].health.last_error, STATUS_NOT_FOUND);
    const size_t length = report_text(&report, page, sizeof page);
    assert_int_equal(length, strlen(page));
    expect("wardgate 1.2.3  gateway gw-7e  up 61 s\n");
    expect("bed      class               hr       pulse        spo2        resp    nibp_sys        temp  alarm\n");
    expect("b01      adult               72           -  sensor_off           -           -        36.8  high\n");
    expect_not("b02 "); /* nobody has said anything of it yet */
    expect("b03      neonate              -           -           -           -           -           -  vacant\n");
    expect("line-1                        0 of  2 answer          0 answers  not found\n");
    expect("line-2                        1 of  2 answer         12 answers  open\n");
    expect("broker   mqtts://broker-a.example:8883 not connected\n");
    expect("Secondary notification");
    atomic_store(&lines[1].monitors[1].outdated, true);
    (void)report_text(&report, page, sizeof page);
    expect("line-2                        1 of  2 answer         12 answers  values of 1 not current: check clocks\n");
}

static void test_a_screen_names_every_alarm(void **state)
{
    (void)state;
    report_bench_make(&payloads, 3, 1, "b", "line-");
    report_bench_show_alarms(0, 2);
    report_bench_show_alarms(2, ENGINE_ALARMS_VIEWED + 3);
    assert_true(report_text(&report, page, sizeof page) > 0);
    expect("bed      alarm                               alarm_id         rev\n"
           "b01      high   monitor.vtach                fedcba9876543210   1  latched\n"
           "b01      medium spo2_low                     0000000000000012   3  acknowledged\n"
           "b03      high   monitor.vtach                fedcba9876543210   1  latched\n");
    expect("b03      and 3 more\n");
}

/* Two beds must never look alike. */
static void test_long_bed_ids_are_whole(void **state)
{
    (void)state;
    report_bench_make(&payloads, 2, 1, "bed-of-the-north-wing-", "line-");
    show(0, nothing, 0, 0, PRIORITY_NONE);
    show(1, nothing, 0, 0, PRIORITY_NONE);
    assert_true(report_text(&report, page, sizeof page) > 0);
    expect("bed-of-the-north-wing-01 adult");
    expect("bed-of-the-north-wing-02 adult");
}

static void test_the_largest_screen_fits(void **state)
{
    (void)state;
    report_bench_make(&payloads, 256, FAKE_MONITORS_MAX, "a-bed-with-an-id-of-32-letter",
                      "modbus-tcp://[2001:0db8:1234:5678:9abc:def0:1234:5678]:10");
    const struct vital_view vital = {.vital = VITAL_hr, .quality = QUALITY_IMPLAUSIBLE};
    for (uint16_t b = 0; b < 256; b++) {
        report_bench_worst_figures(b);
        show(b, &vital, 1, 1, PRIORITY_MEDIUM);
    }
    const size_t length = report_text(&report, page, sizeof page);
    print_message("the largest screen: %zu bytes\n", length);
    expect("\nstore    "); /* only alarms may be left out */
    expect("Secondary notification");
}

static void test_a_screen_is_cut_between_lines(void **state)
{
    (void)state;
    static char whole[REPORT_TEXT_MAX];
    report_bench_make(&payloads, 3, 1, "b", "line-");
    for (uint16_t b = 0; b < 3; b++) {
        report_bench_show_alarms(b, 2);
    }
    const size_t most = report_text(&report, whole, sizeof whole);
    for (size_t size = 1; size <= most + 1; size++) {
        memset(page, 0x5A, sizeof page);
        report.started_us = clock_boot_us() - 61500000; /* it has been running for 61 s every time */
        const size_t length = report_text(&report, page, size);
        assert_true(length < size);
        assert_int_equal(page[length], '\0');
        assert_true(length == 0 || page[length - 1] == '\n');
        assert_memory_equal(page, whole, length);
        assert_int_equal(page[size], 0x5A);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_screen),
        cmocka_unit_test(test_a_screen_names_every_alarm),
        cmocka_unit_test(test_long_bed_ids_are_whole),
        cmocka_unit_test(test_the_largest_screen_fits),
        cmocka_unit_test(test_a_screen_is_cut_between_lines),
    };
    return cmocka_run_group_tests_name("report_text", tests, NULL, NULL);
}
