/* One cause, one alert: what is folded into a sensor that is off or a value that cannot be, in which order, and what becomes of it. (That
 * folded alarms have a cause, and that seq has no gap, is checked with every record: engine_ward.h.) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/support/cause_ward.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_pulled_probe),
        cmocka_unit_test(test_the_priority_comes_down),
        cmocka_unit_test(test_it_begins_as_urgent_as_what_follows),
        cmocka_unit_test(test_acknowledged_it_comes_down),
        cmocka_unit_test(test_the_consequence_comes_first),
        cmocka_unit_test(test_another_reason_now),
        cmocka_unit_test(test_two_causes_begin_at_once),
        cmocka_unit_test(test_acknowledged_it_takes_more),
        cmocka_unit_test(test_random_storms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
