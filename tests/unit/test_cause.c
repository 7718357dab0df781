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
    ward_expect(ward, "62 monitor_silent start active medium -1\n65 bus_down start active medium -1\n");
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
    const struct alert *cause = &ward->records[0].alert;
    for (unsigned i = 0; i < ward->record_count; i++) {
        cause = ward->records[i].alert.key.bed == BED_NONE ? &ward->records[i].alert : cause;
    }
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_line_gives_the_priority_back),
        cmocka_unit_test(test_a_consequence_ends_before_the_line_is_known),
        cmocka_unit_test(test_a_pulled_probe),
        cmocka_unit_test(test_the_priority_comes_down),
        cmocka_unit_test(test_the_consequence_comes_first),
        cmocka_unit_test(test_another_reason_now),
        cmocka_unit_test(test_a_dead_line),
        cmocka_unit_test(test_the_line_is_back_alone),
        cmocka_unit_test(test_how_long_a_line_is_waited_for),
        cmocka_unit_test(test_a_monitor_on_another_line),
        cmocka_unit_test(test_which_beds),
        cmocka_unit_test(test_a_restart_in_the_middle),
        cmocka_unit_test(test_a_discharge_in_the_middle),
        cmocka_unit_test(test_random_storms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
