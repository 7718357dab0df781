/* One cause, one alert: what is folded into which, in which order, and what becomes of it. (That folded alarms have a cause, and
 * that seq has no gap, is checked with every record: engine_ward.h.) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/support/engine_ward.h"

/* A live bed with a saturation and a heart rate a second, both on line 0, and rules of each priority. */
static void configure(void)
{
    ward_clear_config();
    ward_add_channel(VITAL_hr, 1000);
    ward_add_channel(VITAL_spo2, 1000);
    ward_add_rule("desat", "spo2 < limit", NULL, 80, PRIORITY_HIGH);
    ward_add_rule("low", "mean(spo2, 20s) < limit", NULL, 90, PRIORITY_MEDIUM);
    ward_add_rule("fast", "hr > limit", NULL, 120, PRIORITY_HIGH);
    ward_config.engine.replay = false;
    ward_config.engine.line_count = 2;
    ward_config.engine.stay_after_ms = 1000;
}

static void both(struct ward *ward, int from_s, int to_s)
{
    for (int s = from_s; s <= to_s; s++) {
        ward_value(ward, s, VITAL_hr, 80);
        ward_value(ward, s, VITAL_spo2, 97);
    }
}

/* Until 20 s with a patient, whose admission is entered. */
static struct ward *start(void)
{
    struct ward *ward = ward_start();
    both(ward, 0, 10);
    assert_int_equal(ward_tell(ward, 10.5, COMMAND_admit), VERDICT_ACCEPTED);
    both(ward, 11, 50);
    ward->text[0] = '\0';
    return ward;
}

static void line(struct ward *ward, double seconds, uint16_t number, enum line_state state)
{
    const int64_t at_ms = (int64_t)(seconds * 1000);
    ward_until_ms(ward, at_ms - 1);
    engine_line(ward->engine, at_ms, number, state);
}

static void bus(struct ward *ward, double seconds, bool on, const char *detail)
{
    const int64_t at_ms = (int64_t)(seconds * 1000);
    ward_until_ms(ward, at_ms - 1);
    engine_condition(ward->engine, at_ms, BUILTIN_bus_down, on, PRIORITY_NONE, detail);
    ward_until_ms(ward, at_ms);
}

/* As conditions.c tells it: closed first, down after 10 s. */
static void down(struct ward *ward, double closed_s, double down_s)
{
    line(ward, closed_s, 0, LINE_CLOSED);
    line(ward, down_s, 0, LINE_DOWN);
    bus(ward, down_s, true, "line-a");
}

static void back(struct ward *ward, double seconds)
{
    line(ward, seconds, 0, LINE_OPEN);
    bus(ward, seconds, false, "");
}

/* A pulled probe: one alert lists the rules that rest on it, and is high once a high one is blind. */
static void test_a_pulled_probe(void **state)
{
    (void)state;
    configure();
    struct ward *ward = start();
    for (int s = 51; s <= 130; s++) {
        ward_value(ward, s, VITAL_hr, 80);
        ward_invalid(ward, s, VITAL_spo2, QUALITY_SENSOR_OFF);
        if (s == 70) {
            const struct alert *cause = ward_newest_of(ward, "sensor_off");
            assert_true(alert_stands_for(cause, 0) && alert_stands_for(cause, 1) && !alert_stands_for(cause, 2));
            assert_true(cause->stands_for_key != 0);
        }
    }
    ward_expect(ward, "61 sensor_off start active low -1\n"
                      "81 desat.not_monitored start active high 97 in sensor_off\n"
                      "81 sensor_off escalate active high -1\n"
                      "117.001 low.not_monitored start active medium 97 in sensor_off\n");
    both(ward, 131, 170);
    ward_expect(ward, "131 desat.not_monitored end ended high 97 in sensor_off\n"
                      "131 sensor_off end ended high -1\n"
                      "151 low.not_monitored end ended medium 97 in sensor_off\n"); /* its window fills */
    ward_close(ward);
}

/* The high ones are gone, a lower one lasts: the cause comes down with them. */
static void test_the_priority_comes_down(void **state)
{
    (void)state;
    configure();
    ward_config.rules[1].unknown_after_ms = 40000;
    struct ward *ward = start();
    for (int s = 51; s <= 100; s++) {
        ward_invalid(ward, s, VITAL_hr, QUALITY_SENSOR_OFF);
        ward_invalid(ward, s, VITAL_spo2, QUALITY_SENSOR_OFF);
    }
    ward_expect(ward, "61 sensor_off start active low -1\n"
                      "81 desat.not_monitored start active high 97 in sensor_off\n"
                      "81 fast.not_monitored start active high 80 in sensor_off\n"
                      "81 sensor_off escalate active high -1\n"
                      "97.001 low.not_monitored start active medium 97 in sensor_off\n");
    const unsigned before = ward->record_count;
    ward_command(ward, 100.5,
                 &(struct bed_command){.id = "x",
                                       .stay = ward_stay(ward, 0),
                                       .kind = COMMAND_acknowledge,
                                       .alarm_id = ward_newest_of(ward, "low.not_monitored")->id,
                                       .rev = 1});
    assert_int_equal(ward->record_count, before + 2); /* its state, and the command */
    ward_expect(ward, "100.5 low.not_monitored acknowledge active medium 97 in sensor_off\n");
    ward_value(ward, 101, VITAL_hr, 80);
    ward_until(ward, 101);
    ward_expect(ward, "101 fast.not_monitored end ended high 80 in sensor_off\n101 sensor_off update active high -1\n");
    ward_close(ward);
}

/* What it stands for is due at the very instant at which it begins: it begins as urgent as that, and says so once. Where two causes
 * begin, that one which the folded alarm is part of. */
static void test_it_begins_as_urgent_as_what_follows(void **state)
{
    (void)state;
    configure();
    ward_config.channels[0].high_milli = 250000;
    ward_config.rules[0].unknown_after_ms = ward_config.rules[2].unknown_after_ms = 10000;
    struct ward *ward = start();
    for (int s = 51; s <= 70; s++) {
        ward_value(ward, s, VITAL_hr, 277);
        ward_value(ward, s, VITAL_spo2, 97);
    }
    ward_expect(ward, "60 no_pulse_signal start active high -1\n61 implausible start active high 277\n61 "
                      "fast.not_monitored start active high 80 in implausible\n");
    both(ward, 71, 100);
    ward_expect(ward, "71 fast.not_monitored end ended high 80 in implausible\n71 implausible end ended high 277\n71 "
                      "no_pulse_signal end ended high -1\n");
    for (int s = 101; s <= 112; s++) {
        ward_value(ward, s, VITAL_hr, 277);
        ward_invalid(ward, s, VITAL_spo2, QUALITY_SENSOR_OFF);
    }
    ward_expect(ward, "110 no_pulse_signal start active high -1\n111 sensor_off start active high -1\n111 implausible "
                      "start active high 277\n"
                      "111 desat.not_monitored start active high 97 in sensor_off\n"
                      "111 fast.not_monitored start active high 80 in implausible\n");
    ward_close(ward);
}

/* Whoever acknowledged the cause has seen worse when it comes down; when it takes more with it again, or rises again, it is news. */
static void test_acknowledged_it_comes_down(void **state)
{
    (void)state;
    configure();
    ward_config.rules[0].priority = PRIORITY_MEDIUM;
    struct ward *ward = start();
    for (int s = 51; s <= 100; s++) {
        ward_invalid(ward, s, VITAL_hr, QUALITY_SENSOR_OFF);
        ward_invalid(ward, s, VITAL_spo2, QUALITY_SENSOR_OFF);
    }
    assert_int_equal(ward_newest_of(ward, "sensor_off")->priority, PRIORITY_HIGH);
    assert_int_equal(ward_acknowledge(ward, 100.5, ward_newest_of(ward, "sensor_off")), VERDICT_ACCEPTED);
    ward_value(ward, 101, VITAL_hr, 80);
    for (int s = 102; s <= 130; s++) {
        ward_invalid(ward, s, VITAL_hr, QUALITY_SENSOR_OFF);
        ward_invalid(ward, s, VITAL_spo2, QUALITY_SENSOR_OFF);
        const struct alert *down = ward_newest_of(ward, "sensor_off");
        assert_int_equal(down->priority, PRIORITY_MEDIUM);
        assert_int_equal(down->inactivation, s <= 112 ? INACTIVATION_ACKNOWLEDGED : INACTIVATION_NONE);
    }
    assert_int_equal(ward_acknowledge(ward, 130.5, ward_newest_of(ward, "sensor_off")), VERDICT_ACCEPTED);
    assert_non_null(strstr(ward->text, "101 sensor_off deescalate active medium"));
    assert_null(strstr(ward->text, "101 sensor_off escalate"));
    for (int s = 131; s <= 140; s++) {
        ward_invalid(ward, s, VITAL_hr, QUALITY_SENSOR_OFF);
        ward_invalid(ward, s, VITAL_spo2, QUALITY_SENSOR_OFF);
    }
    const struct alert *up = ward_newest_of(ward, "sensor_off");
    assert_int_equal(up->phase, PHASE_ESCALATE);
    assert_int_equal(up->priority, PRIORITY_HIGH);
    assert_int_equal(up->inactivation, INACTIVATION_NONE);
    ward_close(ward);
}

/* What was told before its cause came stays told, and ends with its own end. */
static void test_the_consequence_comes_first(void **state)
{
    (void)state;
    configure();
    ward_config.rules[2].unknown_after_ms = 5000;
    struct ward *ward = start();
    for (int s = 51; s <= 70; s++) {
        ward_value(ward, s, VITAL_spo2, 97);
        ward_invalid(ward, s, VITAL_hr, QUALITY_SENSOR_OFF);
    }
    both(ward, 71, 72);
    ward_expect(ward, "56 fast.not_monitored start active high 80\n61 sensor_off start active low -1\n"
                      "71 fast.not_monitored end ended high 80\n71 sensor_off end ended low -1\n");
    ward_close(ward);
}

/* The sensor is in its place again, and yet there is no value: after 12 s the alarm is told by itself, once, under its id. */
static void test_another_reason_now(void **state)
{
    (void)state;
    configure();
    struct ward *ward = start();
    for (int s = 51; s <= 120; s++) {
        ward_value(ward, s, VITAL_hr, 80);
        ward_invalid(ward, s, VITAL_spo2, s < 90 ? QUALITY_SENSOR_OFF : QUALITY_STANDBY);
    }
    ward_expect(ward, "61 sensor_off start active low -1\n"
                      "81 desat.not_monitored start active high 97 in sensor_off\n"
                      "81 sensor_off escalate active high -1\n90 sensor_off end ended high -1\n"
                      "102 desat.not_monitored start active high 97\n"
                      "117.001 low.not_monitored start active medium 97\n");
    const struct alert *told = ward_newest_of(ward, "desat.not_monitored");
    assert_int_equal(told->rev, 2);
    assert_int_equal(told->raised_at_ms, 81000);
    both(ward, 121, 122);
    ward_expect(ward, "121 desat.not_monitored end ended high 97\n");
    ward_close(ward);
}

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

/* The line is back, its monitor is not: it is told by itself, and takes over what rests on it. */
static void test_the_line_is_back_alone(void **state)
{
    (void)state;
    configure();
    struct ward *ward = start();
    down(ward, 50.5, 60.5);
    ward_until(ward, 90);
    ward->text[0] = '\0';
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

/* Two monitors, of which only one hangs on the dead line. */
static void test_a_monitor_on_another_line(void **state)
{
    (void)state;
    configure();
    ward_add_monitor();
    ward_config.beds[0].monitor_line[1] = 1;
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

/* The patient goes: folded alarms end with the stay, and the empty bed is still not heard. */
static void test_a_discharge_in_the_middle(void **state)
{
    (void)state;
    configure();
    struct ward *ward = start();
    down(ward, 50.5, 60.5);
    ward_until(ward, 90);
    ward->text[0] = '\0';
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

/* Random storms: whatever comes, alarms of the patient are told (engine_ward.h checks the rest with each record). */
static void test_random_storms(void **state)
{
    (void)state;
    const char *given = getenv("WARDGATE_SEED");
    uint64_t random = given != NULL ? strtoull(given, NULL, 10) : 20260407;
    print_message("WARDGATE_SEED=%llu\n", (unsigned long long)random);
    for (unsigned run = 0; run < 20; run++) {
        unsigned folded = 0, told = 0;
        configure();
        ward_add_second_bed();
        ward_config.beds[1].monitor_line[0] = 1;
        struct ward *ward = start();
        enum line_state lines[2] = {LINE_OPEN, LINE_OPEN};
        for (int s = 51; s < 600; s++) {
            random = random * UINT64_C(6364136223846793005) + 1442695040888963407U;
            const unsigned dice = (unsigned)(random >> 33) % 1000;
            const unsigned at = dice % 2;
            if (dice < 30) {
                lines[at] = (enum line_state)(dice / 10);
                line(ward, s, (uint16_t)at, lines[at]);
                const bool any = lines[0] == LINE_DOWN || lines[1] == LINE_DOWN;
                bus(ward, s, any, any ? "lines" : "");
            }
            const bool silent = ((unsigned)s / 60 + run) % 3 == 1;
            const bool off = ((unsigned)s / 45 + run) % 4 == 2;
            if (!silent) {
                ward_value(ward, s, VITAL_hr, dice % 97 == 0 ? 400 : dice % 5 == 0 ? 130 : 80);
                ward_invalid(ward, s, VITAL_spo2, off ? QUALITY_SENSOR_OFF : QUALITY_ABSENT);
                if (!off) {
                    ward_value(ward, s, VITAL_spo2, dice % 200 < 60 ? 75 : 97);
                }
            }
        }
        for (unsigned i = 0; i < ward->record_count; i++) {
            const struct record *r = &ward->records[i];
            const bool physiological = r->alert.kind == KIND_PHYSIOLOGICAL;
            folded += r->kind == RECORD_FOLDED;
            told += r->kind == RECORD_ALERT && physiological;
            assert_false(r->kind == RECORD_FOLDED && physiological);
        }
        assert_true(folded > 0 && told > 0);
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

/* Another monitor of the bed is silent as well, on a line that is open: what was part of the line's alarm is part of the silence
 * now, and the line gives the priority back. */
static void test_the_line_gives_the_priority_back(void **state)
{
    (void)state;
    configure();
    ward_add_monitor();
    ward_config.beds[0].monitor_line[1] = 1;
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

/* Of two causes that begin at one instant the one that the rule will be part of is as urgent, though neither has ever been there. */
static void test_two_causes_begin_at_once(void **state)
{
    (void)state;
    configure();
    ward_config.channels[0].high_milli = 250000;
    ward_add_rule("both", "spo2 < limit and hr > 120", NULL, 85, PRIORITY_HIGH);
    for (unsigned r = 0; r < 4; r++) {
        ward_config.rules[r].unknown_after_ms = r == 3 ? 10000 : 3600000;
    }
    struct ward *ward = start();
    for (int s = 51; s <= 62; s++) {
        ward_value(ward, s, VITAL_hr, 277);
        ward_invalid(ward, s, VITAL_spo2, QUALITY_SENSOR_OFF);
    }
    ward_expect(ward, "60 no_pulse_signal start active high -1\n"
                      "61 sensor_off start active high -1\n"
                      "61 implausible start active medium 277\n"
                      "61 both.not_monitored start active high 97 in sensor_off\n");
    ward_close(ward);
}

/* A dead line begins as urgent as what becomes blind at that instant and will be part of it. */
static void test_a_dead_line_begins_as_urgent_as_what_follows(void **state)
{
    (void)state;
    configure();
    ward_config.rules[0].unknown_after_ms = 9000; /* unknown from 51.5 s on */
    struct ward *ward = start();
    line(ward, 50.5, 0, LINE_CLOSED);
    line(ward, 60.5, 0, LINE_DOWN);
    bus(ward, 60.5, true, "line-a");
    ward_until(ward, 70);
    ward_expect(ward, "60.5 bus_down start active high -1\n"
                      "60.5 monitor_silent start active medium -1 in bus_down\n"
                      "60.5 desat.not_monitored start active high 97 in bus_down\n");
    ward_close(ward);

    ward_config.rules[0].unknown_after_ms = 9001; /* a moment later */
    ward = start();
    line(ward, 50.5, 0, LINE_CLOSED);
    line(ward, 60.5, 0, LINE_DOWN);
    bus(ward, 60.5, true, "line-a");
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

/* Acknowledged is what was seen: who loses another sensor, as urgent as the first, must be told of it; one less is no news. An
 * older pause of the audio does not know of it either. */
static void test_acknowledged_it_takes_more(void **state)
{
    (void)state;
    configure();
    struct ward *ward = start();
    const struct alert *cause = NULL;
    for (int s = 51; s <= 140; s++) {
        const bool hr_off = s >= 100 && s < 130;
        if (hr_off) {
            ward_invalid(ward, s, VITAL_hr, QUALITY_SENSOR_OFF);
        } else {
            ward_value(ward, s, VITAL_hr, 80);
        }
        ward_invalid(ward, s, VITAL_spo2, QUALITY_SENSOR_OFF);
        cause = s > 70 ? ward_newest_of(ward, "sensor_off") : NULL;
        if (s == 90 || s == 125) {
            assert_int_equal(cause->priority, PRIORITY_HIGH);
            assert_int_equal(ward_acknowledge(ward, s + 0.5, cause), VERDICT_ACCEPTED);
        } else if (s == 109 || s > 125) {
            assert_int_equal(cause->inactivation, INACTIVATION_ACKNOWLEDGED);
        } else if (s == 111) {
            assert_int_equal(cause->phase, PHASE_UPDATE);
            assert_int_equal(cause->inactivation, INACTIVATION_NONE);
            assert_int_equal(cause->pressing_at_ms, 110000);
        }
    }
    assert_non_null(strstr(ward->text, "130 sensor_off update active high"));
    ward_close(ward);
}

/* A second monitor of the bed: the saturation comes from there, on line 1. */
static void add_second_monitor(void)
{
    ward_add_monitor();
    ward_config.beds[0].monitor_line[1] = 1;
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
    line(ward, 50.6, 0, LINE_CLOSED);
    line(ward, 60.5, 0, LINE_DOWN);
    bus(ward, 60.5, true, "line-a");
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
        cmocka_unit_test(test_the_line_gives_the_priority_back),
        cmocka_unit_test(test_a_consequence_ends_before_the_line_is_known),
        cmocka_unit_test(test_two_causes_begin_at_once),
        cmocka_unit_test(test_a_dead_line_begins_as_urgent_as_what_follows),
        cmocka_unit_test(test_a_dead_line_takes_over_only_what_is_its_own),
        cmocka_unit_test(test_a_dead_line_and_another_silence_at_once),
        cmocka_unit_test(test_a_dead_line_of_low_priority),
        cmocka_unit_test(test_acknowledged_it_takes_more),
        cmocka_unit_test(test_a_pulled_probe),
        cmocka_unit_test(test_the_priority_comes_down),
        cmocka_unit_test(test_it_begins_as_urgent_as_what_follows),
        cmocka_unit_test(test_acknowledged_it_comes_down),
        cmocka_unit_test(test_the_consequence_comes_first),
        cmocka_unit_test(test_another_reason_now),
        cmocka_unit_test(test_a_dead_line),
        cmocka_unit_test(test_the_line_is_back_alone),
        cmocka_unit_test(test_how_long_a_line_is_waited_for),
        cmocka_unit_test(test_a_line_that_falls_quiet),
        cmocka_unit_test(test_a_quiet_line_that_nobody_judges),
        cmocka_unit_test(test_a_silent_monitor_among_others),
        cmocka_unit_test(test_one_that_was_off_before),
        cmocka_unit_test(test_a_restart_with_long_time_outs),
        cmocka_unit_test(test_a_restart_and_the_line_is_back),
        cmocka_unit_test(test_a_monitor_on_another_line),
        cmocka_unit_test(test_which_beds),
        cmocka_unit_test(test_a_restart_in_the_middle),
        cmocka_unit_test(test_a_restart_and_another_line),
        cmocka_unit_test(test_a_discharge_in_the_middle),
        cmocka_unit_test(test_random_storms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
