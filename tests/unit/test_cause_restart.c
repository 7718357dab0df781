/* One cause, one alert, over a restart in the middle of it: nothing is told twice, what is folded stays so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "tests/unit/support/cause_ward.h"

/* Restarted amid it, where time-outs are longer than what the gateway's own alarms get: nothing is told twice. */
static void test_a_restart_with_long_time_outs(void **state)
{
    (void)state;
    configure();
    ward_config.beds[0].monitor_period_ms[0] = 20000;
    struct ward *before = start();
    ward_until(before, 100);
    down(before, 101, 111);
    ward_until(before, 120);
    struct ward *ward =
        ward_restart(before, &(struct ward_break){.committed = before->record_count, .begin_ms = 130000});
    ward_close(before);
    bus(ward, 130.5, false, "");
    ward_until(ward, 189);
    line(ward, 190.5, 0, LINE_DOWN);
    bus(ward, 190.5, true, "line-a");
    ward_until(ward, 200);
    assert_null(strstr(ward->text, "bus_down"));
    assert_null(strstr(ward->text, "monitor_silent"));
    ward_close(ward);
}

/* The same, and the line is well: it ends when whoever was part of it has had time to speak. */
static void test_a_restart_and_the_line_is_back(void **state)
{
    (void)state;
    configure();
    ward_config.beds[0].monitor_period_ms[0] = 20000;
    struct ward *before = start();
    down(before, 101, 111);
    ward_until(before, 120);
    struct ward *ward =
        ward_restart(before, &(struct ward_break){.committed = before->record_count, .begin_ms = 130000});
    ward_close(before);
    bus(ward, 130.5, false, "");
    ward_until(ward, 250);
    assert_non_null(strstr(ward->text, "193 bus_down end"));
    ward_close(ward);
}

/* A restart in the middle: nothing is said twice, what is folded stays so, and ends folded. */
static void test_a_restart_in_the_middle(void **state)
{
    (void)state;
    for (int none = 0; none < 2; none++) {
        configure();
        struct ward *before = start();
        down(before, 50.5, 60.5);
        ward_until(before, 90);
        struct ward *ward = ward_restart(
            before, &(struct ward_break){
                        .committed = before->record_count, .journal_from_ms = 0, .begin_ms = 91000, .none = none != 0});
        ward_close(before);
        line(ward, 91.3, 0, none != 0 ? LINE_DOWN : LINE_CLOSED); /* as far as this run knows */
        bus(ward, 91.3, none != 0, none != 0 ? "line-a" : "");
        line(ward, 101.5, 0, LINE_DOWN);
        bus(ward, 101.5, true, "line-a");
        ward_until(ward, 110);
        ward_expect(ward, "");
        ward_until(ward, 160);
        ward_expect(ward, "117.501 low.not_monitored start active medium 97 in bus_down\n");
        back(ward, 161);
        both(ward, 162, 163);
        ward_expect(ward, "161 bus_down end ended high -1\n"
                          "162 desat.not_monitored end ended high 97 in bus_down\n"
                          "162 fast.not_monitored end ended high 80 in bus_down\n"
                          "162 monitor_silent end ended medium -1 in bus_down\n");
        ward_close(ward);
    }
}

/* After a restart with a line's alarm, the silence of a monitor on another line is its own from the first: a new one, at the bed's
 * other monitor, and one that begins before anything is known of the lines. */
static void test_a_restart_and_another_line(void **state)
{
    (void)state;
    for (int told = 0; told < 2; told++) {
        configure();
        ward_add_second_bed();
        ward_config.beds[1].monitor_line[0] = 1;
        struct ward *before = start();
        down(before, 50.5, 60.5);
        for (int s = 11; s <= 90; s++) {
            const struct observation heard = {.at_ms = s * 1000 + 100, .bed = 1, .kind = OBSERVATION_HEARD};
            if (heard.at_ms > engine_now(before->engine)) {
                ward_feed(before, &heard);
            }
        }
        ward_until(before, 90.5);
        const struct ward_break lost = {.committed = before->record_count, .begin_ms = 91000, .none = told == 0};
        struct ward *ward = ward_restart(before, &lost);
        ward_close(before);
        if (told == 1) {
            line(ward, 91.3, 0, LINE_CLOSED);
            bus(ward, 91.3, false, "");
        }
        ward_until(ward, told == 1 ? 101 : 100.1);
        const struct alert *silent = ward_newest(ward);
        assert_int_equal(silent->key.bed, 1);
        assert_int_equal(silent->key.index, BUILTIN_monitor_silent);
        assert_int_equal(silent->phase, PHASE_START);
        assert_false(alert_is_folded(silent));
        ward_close(ward);
    }
}

/* After a restart the line's alarm is as it was told until somebody says otherwise, though what was part of it ends meanwhile. */
static void test_a_consequence_ends_before_the_line_is_known(void **state)
{
    (void)state;
    configure();
    struct ward *before = start();
    down(before, 50.5, 60.5);
    ward_until(before, 90);
    struct ward *ward =
        ward_restart(before, &(struct ward_break){.committed = before->record_count, .begin_ms = 91000});
    ward_close(before);
    ward_values(ward, 92, 93, VITAL_spo2, 97);
    ward_until(ward, 93);
    ward_expect(ward, "92 desat.not_monitored end ended high 97 in bus_down\n");
    bus(ward, 93.5, true, "line-a, line-b");
    ward_expect(ward, "93.5 bus_down update active high -1\n");
    ward_close(ward);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_restart_with_long_time_outs),
        cmocka_unit_test(test_a_restart_and_the_line_is_back),
        cmocka_unit_test(test_a_restart_in_the_middle),
        cmocka_unit_test(test_a_restart_and_another_line),
        cmocka_unit_test(test_a_consequence_ends_before_the_line_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
