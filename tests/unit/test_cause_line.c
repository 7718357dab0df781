/* One cause, one alert, of a line that is dead or quiet: whose silence is folded into it, for how long one waits for it, what it takes over
 * and gives back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "tests/unit/support/cause_ward.h"

/* A dead line: the line's alarm tells the bed, and what the bed's monitor does not say is folded into it. */
static void test_a_dead_line(void **state)
{
    (void)state;
    configure();
    struct ward *ward = start();
    line(ward, 50.5, 0, LINE_CLOSED);
    ward_until(ward, 60.4); /* its monitor has been silent for 10 s: the line may be next */
    ward_expect(ward, "");
    line(ward, 60.5, 0, LINE_DOWN);
    bus(ward, 60.5, true, "line-a");
    assert_true(alert_stands_for(ward_newest_of(ward, "monitor_silent"), 0));
    ward_until(ward, 160);
    ward_expect(ward, "60.5 bus_down start active medium -1\n"
                      "60.5 monitor_silent start active medium -1 in bus_down\n"
                      "81.5 desat.not_monitored start active high 97 in bus_down\n"
                      "81.5 fast.not_monitored start active high 80 in bus_down\n"
                      "81.5 bus_down escalate active high -1\n"
                      "117.501 low.not_monitored start active medium 97 in bus_down\n");
    back(ward, 161);
    both(ward, 162, 190);
    ward_expect(ward, "161 bus_down end ended high -1\n"
                      "162 desat.not_monitored end ended high 97 in bus_down\n"
                      "162 fast.not_monitored end ended high 80 in bus_down\n"
                      "162 monitor_silent end ended medium -1 in bus_down\n"
                      "182 low.not_monitored end ended medium 97 in bus_down\n");
    ward_close(ward);
}

/* Its line has been down for half a minute: all that rests on its monitor is told, as part of that. */
static struct ward *start_on_a_dead_line(void)
{
    configure();
    struct ward *ward = start();
    down(ward, 50.5, 60.5);
    ward_until(ward, 90);
    ward->text[0] = '\0';
    return ward;
}

/* The line is back, its monitor is not: it is told by itself, and takes over what rests on it. */
static void test_the_line_is_back_alone(void **state)
{
    (void)state;
    struct ward *ward = start_on_a_dead_line();
    back(ward, 91);
    ward_until(ward, 110);
    ward_expect(ward, "91 bus_down end ended high -1\n103 monitor_silent start active medium -1\n"
                      "103 desat.not_monitored update active high 97 in monitor_silent\n"
                      "103 fast.not_monitored update active high 80 in monitor_silent\n"
                      "103 monitor_silent escalate active high -1\n");
    ward_close(ward);
}

/* A line that only flaps, or is found down too late, does not keep a silent monitor back for long. */
static void test_how_long_a_line_is_waited_for(void **state)
{
    (void)state;
    configure();
    struct ward *ward = start();
    line(ward, 55, 0, LINE_CLOSED);
    down(ward, 55, 65);
    ward_expect(ward, "63 monitor_silent start active medium -1\n65 bus_down start active medium -1\n");
    ward_until(ward, 90); /* told already: the rules are part of what tells of them */
    ward_expect(ward, "81.5 desat.not_monitored start active high 97 in monitor_silent\n"
                      "81.5 fast.not_monitored start active high 80 in monitor_silent\n"
                      "81.5 monitor_silent escalate active high -1\n");
    ward_close(ward);

    ward = start();
    line(ward, 51, 1, LINE_CLOSED); /* another line than its own */
    ward_until(ward, 61);
    ward_expect(ward, "60 monitor_silent start active medium -1\n");
    ward_close(ward);
}

static const struct alert *newest_of_gateway(const struct ward *ward)
{
    const struct alert *newest = NULL;
    for (unsigned i = 0; i < ward->record_count; i++) {
        newest = ward->records[i].alert.key.bed == BED_NONE ? &ward->records[i].alert : newest;
    }
    assert_non_null(newest);
    return newest;
}

static void second_value(struct ward *ward, double seconds)
{
    ward_bed_value(ward, seconds, 1, VITAL_spo2, 97);
}

/* Two beds on one line, values of both until 50 s. */
static struct ward *start_two(void)
{
    configure();
    ward_add_second_bed();
    struct ward *ward = ward_start();
    for (int s = 0; s <= 50; s++) {
        both(ward, s, s);
        second_value(ward, s + 0.5);
    }
    ward_until(ward, 51);
    ward->text[0] = '\0';
    return ward;
}

/* A line that is open and on which nobody is heard any more, of several: the first of them waits for who judges lines. */
static void test_a_line_that_falls_quiet(void **state)
{
    (void)state;
    struct line_silence silence;
    struct ward *ward = start_two();
    engine_hear_lines(ward->engine, 55499, 0, 1, &silence);
    assert_int_equal(silence.quiet_ms, 4999);
    assert_int_equal(silence.missed, 1);
    assert_false(line_is_quiet(&silence));
    engine_hear_lines(ward->engine, 55500, 0, 1, &silence);
    assert_int_equal(silence.missed, 2);
    assert_int_equal(silence.silent, 0);
    assert_true(line_is_quiet(&silence));
    ward_until(ward, 60.3);
    ward_expect(ward, "");
    engine_hear_lines(ward->engine, 60300, 0, 1, &silence);
    assert_int_equal(silence.silent, 1);
    line(ward, 60.4, 0, LINE_DOWN);
    bus(ward, 60.4, true, "line-a (nobody answers)");
    const struct alert *cause = newest_of_gateway(ward);
    assert_true(alert_stands_for(cause, 0) && alert_stands_for(cause, 1));
    ward_until(ward, 70);
    ward_expect(ward, "60.4 bus_down start active medium -1\n"
                      "60.4 monitor_silent start active medium -1 in bus_down\n"
                      "60.5 monitor_silent start active medium -1 in bus_down\n");
    ward_close(ward);
}

/* Nobody judges it: each is told by itself, 3 s later at most. */
static void test_a_quiet_line_that_nobody_judges(void **state)
{
    (void)state;
    struct ward *ward = start_two();
    ward_until(ward, 70);
    const struct alert *told = ward_newest_of(ward, "monitor_silent");
    assert_int_equal(told->violated_at_ms, 50000);
    assert_int_equal(told->condition_at_ms, 60000); /* its wait is told, too */
    assert_int_equal(told->raised_at_ms, 63000);
    ward_expect(ward, "63 monitor_silent start active medium -1\n63.5 monitor_silent start active medium -1\n");
    ward_close(ward);
}

/* One of two: whoever else is heard on the line makes it that monitor's own, at once or, heard meanwhile, within half a second. */
static void test_a_silent_monitor_among_others(void **state)
{
    (void)state;
    struct ward *ward = start_two();
    for (int s = 51; s <= 61; s++) {
        second_value(ward, s + 0.5);
    }
    ward_expect(ward, "60 monitor_silent start active medium -1\n");
    ward_close(ward);

    ward = start_two();
    second_value(ward, 60.7);
    ward_until(ward, 65);
    ward_expect(ward, "61 monitor_silent start active medium -1\n");
    ward_close(ward);
}

/* One that has been off for long is told, and counts for nothing: the other's silence is its own, and is not kept back. */
static void test_one_that_was_off_before(void **state)
{
    (void)state;
    struct line_silence silence;
    struct ward *ward = start_two();
    for (int s = 51; s <= 80; s++) {
        second_value(ward, s + 0.5);
    }
    ward_until(ward, 85);
    ward->text[0] = '\0';
    ward_until(ward, 92);
    ward_expect(ward, "90.5 monitor_silent start active medium -1\n");
    engine_hear_lines(ward->engine, 92000, 0, 2, (struct line_silence[2]){{0}});
    engine_hear_lines(ward->engine, 92000, 0, 1, &silence);
    assert_int_equal(silence.missed, 1);
    ward_close(ward);
}

static void add_monitor_on_another_line(void)
{
    ward_add_monitor();
    ward_config.beds[0].monitor_line[1] = 1;
}

/* Two monitors, of which only one hangs on the dead line. */
static void test_a_monitor_on_another_line(void **state)
{
    (void)state;
    configure();
    add_monitor_on_another_line();
    struct ward *ward = start();
    ward_expect(ward, ""); /* monitor 2 has never been heard, and was told long ago */
    ward_heard(ward, 50, 1);
    down(ward, 50.5, 60.2);
    ward_until(ward, 61);
    ward_expect(ward, "50 monitor_silent end ended medium -1\n60 monitor_silent start active medium -1\n"
                      "60.2 bus_down start active medium -1\n60.2 monitor_silent update active medium -1\n");
    ward_close(ward);
}

/* Beds that hang on a line that is down, those of a second line with an update. */
static void test_which_beds(void **state)
{
    (void)state;
    configure();
    ward_add_second_bed();
    ward_config.beds[1].monitor_line[0] = 1;
    struct ward *ward = start();
    down(ward, 50.5, 60.5);
    const struct alert *cause = newest_of_gateway(ward);
    assert_true(alert_stands_for(cause, 0) && !alert_stands_for(cause, 1));
    line(ward, 62, 1, LINE_DOWN);
    bus(ward, 62, true, "line-a, line-b");
    cause = &ward->records[ward->record_count - 1].alert;
    assert_int_equal(cause->key.index, BUILTIN_bus_down);
    assert_int_equal(cause->phase, PHASE_UPDATE);
    assert_true(alert_stands_for(cause, 0) && alert_stands_for(cause, 1) && !alert_stands_for(cause, 2));
    ward_close(ward);
}

/* The patient goes: folded alarms end with the stay, and the empty bed is still not heard. */
static void test_a_discharge_in_the_middle(void **state)
{
    (void)state;
    struct ward *ward = start_on_a_dead_line();
    const struct bed_command discharge = {.kind = COMMAND_discharge, .stay = ward_stay(ward, 0)};
    engine_command(ward->engine, 91000, &discharge);
    ward->commands++;
    ward_until(ward, 95);
    ward_expect(ward, "91 desat.not_monitored end ended high 97 in bus_down\n"
                      "91 fast.not_monitored end ended high 80 in bus_down\n"
                      "91 monitor_silent end ended medium -1 in bus_down\n"
                      "91 monitor_silent start active medium -1 in bus_down\n"
                      "91 bus_down deescalate active medium -1\n");
    ward_close(ward);
}

/* Another monitor of the bed is silent as well, on a line that is open: what was part of the line's alarm is part of the silence
 * now, and the line gives the priority back. */
static void test_the_line_gives_the_priority_back(void **state)
{
    (void)state;
    configure();
    add_monitor_on_another_line();
    struct ward *ward = ward_start();
    for (int s = 0; s <= 50; s++) {
        both(ward, s, s);
        ward_heard(ward, s, 1);
    }
    line(ward, 50.5, 0, LINE_CLOSED);
    for (int s = 51; s <= 90; s++) {
        if (s == 61) {
            line(ward, 60.5, 0, LINE_DOWN);
            bus(ward, 60.5, true, "line-a");
        }
        ward_heard(ward, s, 1);
    }
    assert_non_null(strstr(ward->text, "81.5 bus_down escalate active high"));
    assert_null(strstr(ward->text, "bus_down deescalate"));
    ward_until(ward, 160);
    assert_int_equal(ward_newest_of(ward, "monitor_silent")->priority, PRIORITY_HIGH);
    assert_int_equal(ward_newest_of(ward, "desat.not_monitored")->part_of, ward_newest_of(ward, "monitor_silent")->id);
    assert_non_null(strstr(ward->text, "bus_down deescalate active medium"));
    ward_close(ward);
}

/* A dead line begins as urgent as what becomes blind at that instant and will be part of it. */
static void test_a_dead_line_begins_as_urgent_as_what_follows(void **state)
{
    (void)state;
    configure();
    ward_config.rules[0].unknown_after_ms = 9000; /* unknown from 51.5 s on */
    struct ward *ward = start();
    down(ward, 50.5, 60.5);
    ward_until(ward, 70);
    ward_expect(ward, "60.5 bus_down start active high -1\n"
                      "60.5 monitor_silent start active medium -1 in bus_down\n"
                      "60.5 desat.not_monitored start active high 97 in bus_down\n");
    ward_close(ward);

    ward_config.rules[0].unknown_after_ms = 9001; /* a moment later */
    ward = start();
    down(ward, 50.5, 60.5);
    ward_until(ward, 70);
    ward_expect(ward, "60.5 bus_down start active medium -1\n"
                      "60.5 monitor_silent start active medium -1 in bus_down\n"
                      "60.501 desat.not_monitored start active high 97 in bus_down\n"
                      "60.501 bus_down escalate active high -1\n");
    ward_close(ward);

    ward_config.rules[0].unknown_after_ms = 9000;
    ward = start(); /* silent for a reason of its own: its rules are no part of the line's */
    line(ward, 50.5, 1, LINE_CLOSED);
    line(ward, 60.5, 1, LINE_DOWN);
    bus(ward, 60.5, true, "line-b");
    ward_expect(ward, "60 monitor_silent start active medium -1\n"
                      "60.5 bus_down start active medium -1\n"
                      "60.5 desat.not_monitored start active high 97 in monitor_silent\n"
                      "60.5 monitor_silent escalate active high -1\n");
    ward_close(ward);
}

/* A second monitor of the bed: the saturation comes from there, on line 1. */
static void add_second_monitor(void)
{
    add_monitor_on_another_line();
    ward_config.channels[1].monitor = 1;
}

static void saturation(struct ward *ward, double seconds, enum quality quality)
{
    ward_observe(ward, seconds,
                 &(struct observation){.kind = OBSERVATION_VALUE,
                                       .vital = VITAL_spo2,
                                       .monitor = 1,
                                       .quality = (uint8_t)quality,
                                       .value_milli = 97000});
}

static struct ward *start_with_two_monitors(void)
{
    struct ward *ward = ward_start();
    for (int s = 0; s <= 50; s++) {
        ward_value(ward, s, VITAL_hr, 80);
        saturation(ward, s, QUALITY_VALID);
        if (s == 10) {
            assert_int_equal(ward_tell(ward, 10.5, COMMAND_admit), VERDICT_ACCEPTED);
        }
    }
    ward->text[0] = '\0';
    return ward;
}

/* The line takes over of one monitor's rules, the highest of them; what a sensor of the other one explains stays there. */
static void test_a_dead_line_takes_over_only_what_is_its_own(void **state)
{
    (void)state;
    configure();
    add_second_monitor();
    ward_add_rule("slow", "hr < limit", NULL, 40, PRIORITY_MEDIUM);
    ward_config.rules[0].unknown_after_ms = 19500;   /* desat: unknown from 51 s on */
    ward_config.rules[1].unknown_after_ms = 3600000; /* low */
    ward_config.rules[3].unknown_after_ms = 9000;    /* slow: from 61.5 s on */
    for (unsigned high = 0; high < 2; high++) {
        ward_config.rules[2].unknown_after_ms = high != 0 ? 9000 : 3600000; /* fast */
        struct ward *ward = start_with_two_monitors();
        for (int s = 51; s <= 60; s++) {
            saturation(ward, s, QUALITY_SENSOR_OFF);
            ward_value(ward, s, VITAL_hr, 80);
        }
        line(ward, 60.5, 0, LINE_CLOSED);
        for (int s = 61; s <= 70; s++) {
            saturation(ward, s, QUALITY_SENSOR_OFF);
        }
        line(ward, 70.5, 0, LINE_DOWN);
        bus(ward, 70.5, true, "line-a");
        ward_expect(ward, high != 0 ? "61 sensor_off start active low -1\n"
                                      "70.5 bus_down start active high -1\n"
                                      "70.5 monitor_silent start active medium -1 in bus_down\n"
                                      "70.5 desat.not_monitored start active high 97 in sensor_off\n"
                                      "70.5 fast.not_monitored start active high 80 in bus_down\n"
                                      "70.5 slow.not_monitored start active medium 80 in bus_down\n"
                                      "70.5 sensor_off escalate active high -1\n"
                                    : "61 sensor_off start active low -1\n"
                                      "70.5 bus_down start active medium -1\n"
                                      "70.5 monitor_silent start active medium -1 in bus_down\n"
                                      "70.5 desat.not_monitored start active high 97 in sensor_off\n"
                                      "70.5 slow.not_monitored start active medium 80 in bus_down\n"
                                      "70.5 sensor_off escalate active high -1\n");
        ward_close(ward);
    }
}

/* The other monitor falls silent at that instant, on a line that is open: the silence is the bed's own, and so are its rules. */
static void test_a_dead_line_and_another_silence_at_once(void **state)
{
    (void)state;
    configure();
    add_second_monitor();
    for (unsigned r = 0; r < 3; r++) {
        ward_config.rules[r].unknown_after_ms = r == 2 ? 9000 : 3600000; /* fast: unknown from 51.5 s on */
    }
    struct ward *ward = start_with_two_monitors();
    saturation(ward, 50.5, QUALITY_VALID);
    down(ward, 50.6, 60.5);
    ward_expect(ward, "60.5 bus_down start active medium -1\n"
                      "60.5 monitor_silent start active high -1\n"
                      "60.5 fast.not_monitored start active high 80 in monitor_silent\n");
    ward_close(ward);
}

/* One that is told as less urgent than a silence begins as urgent as that, where there is one. */
static void test_a_dead_line_of_low_priority(void **state)
{
    (void)state;
    configure();
    struct ward *ward = start();
    line(ward, 50.5, 0, LINE_CLOSED);
    line(ward, 60.5, 0, LINE_DOWN);
    engine_condition(ward->engine, 60500, BUILTIN_bus_down, true, PRIORITY_LOW, "line-a");
    ward_until(ward, 70);
    ward_expect(ward, "60.5 bus_down start active medium -1\n"
                      "60.5 monitor_silent start active medium -1 in bus_down\n");
    ward_close(ward);
    ward = start(); /* nobody is silent yet */
    line(ward, 50.5, 0, LINE_DOWN);
    engine_condition(ward->engine, 50500, BUILTIN_bus_down, true, PRIORITY_LOW, "line-a");
    ward_until(ward, 51);
    ward_expect(ward, "50.5 bus_down start active low -1\n");
    ward_close(ward);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_dead_line),
        cmocka_unit_test(test_the_line_is_back_alone),
        cmocka_unit_test(test_how_long_a_line_is_waited_for),
        cmocka_unit_test(test_a_line_that_falls_quiet),
        cmocka_unit_test(test_a_quiet_line_that_nobody_judges),
        cmocka_unit_test(test_a_silent_monitor_among_others),
        cmocka_unit_test(test_one_that_was_off_before),
        cmocka_unit_test(test_a_monitor_on_another_line),
        cmocka_unit_test(test_which_beds),
        cmocka_unit_test(test_a_discharge_in_the_middle),
        cmocka_unit_test(test_the_line_gives_the_priority_back),
        cmocka_unit_test(test_a_dead_line_begins_as_urgent_as_what_follows),
        cmocka_unit_test(test_a_dead_line_takes_over_only_what_is_its_own),
        cmocka_unit_test(test_a_dead_line_and_another_silence_at_once),
        cmocka_unit_test(test_a_dead_line_of_low_priority),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
