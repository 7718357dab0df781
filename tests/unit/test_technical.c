/*
 * What is wrong with monitors and sensors, and how stays begin: technical alarms, a test a branch.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "app/engine/builtin_delay.h"
#include "tests/unit/support/engine_ward.h"

static void live_bed(void)
{
    ward_clear_config();
    ward_config.engine.replay = false;
}

/* A bed in a stay (admitted at 0) with a live monitor. */
static struct ward *start_admitted(void)
{
    ward_config.engine.replay = false;
    struct ward *ward = ward_start();
    engine_admit(ward->engine, 0, 0);
    ward_heard(ward, 0, 0);
    return ward;
}

/* --- rejection is never silent -------------------------------------------------------------------------------- */

/* 10 s after the first rejected value, counted from the loss; it ends with the next valid one. */
static void test_a_sensor_that_is_off(void **state)
{
    (void)state;
    ward_clear_config();
    ward_add_channel(VITAL_spo2, 1000);
    struct ward *ward = ward_start();
    ward_value(ward, 3, VITAL_spo2, 97);
    ward_invalids(ward, 4, 20, VITAL_spo2, QUALITY_SENSOR_OFF);
    ward_value(ward, 21, VITAL_spo2, 97);
    ward_until(ward, 21);
    ward_expect(ward, "14 sensor_off start active low -1\n21 sensor_off end ended low -1\n");
    const struct alert *a = ward_newest(ward);
    assert_int_equal(a->violated_at_ms, 4000);
    assert_int_equal(a->reason, REASON_SENSOR_OFF);
    assert_string_equal(a->detail, "spo2");
    ward_close(ward);
}

/* It is told again when other vitals are concerned, not otherwise. */
static void test_the_set_of_lost_vitals_changes(void **state)
{
    (void)state;
    ward_clear_config();
    ward_add_channel(VITAL_spo2, 1000);
    ward_add_channel(VITAL_resp, 1000);
    struct ward *ward = ward_start();
    ward_value(ward, 0, VITAL_spo2, 97);
    ward_values(ward, 0, 5, VITAL_resp, 16);
    ward_invalid(ward, 6, VITAL_spo2, QUALITY_ABSENT);
    ward_invalids(ward, 7, 30, VITAL_resp, QUALITY_ABSENT);
    ward_expect(ward, "16 sensor_off start active low -1\n17 sensor_off update active low -1\n");
    assert_string_equal(ward_newest(ward)->detail, "spo2, resp");
    ward_value(ward, 31, VITAL_spo2, 97);
    ward_until(ward, 31);
    ward_expect(ward, "31 sensor_off update active low -1\n");
    assert_string_equal(ward_newest(ward)->detail, "resp");
    ward_close(ward);
}

/* A sensor that never gave a value in this stay is not missed. */
static void test_a_sensor_that_was_never_on(void **state)
{
    (void)state;
    ward_clear_config();
    ward_add_channel(VITAL_spo2, 1000);
    struct ward *ward = ward_start();
    ward_invalids(ward, 0, 30, VITAL_spo2, QUALITY_SENSOR_OFF);
    ward_expect(ward, "");
    ward_close(ward);
}

/* A value that is not believed is shown as it came; other such values are no news (only a change of state is told). */
static void test_implausible_shows_the_raw_value(void **state)
{
    (void)state;
    ward_clear_config();
    ward_add_channel(VITAL_spo2, 1000);
    ward_config.channels[0].high_milli = 100000;
    struct ward *ward = ward_start();
    ward_values(ward, 0, 3, VITAL_spo2, 97);
    ward_values(ward, 4, 14, VITAL_spo2, 127.5);
    ward_values(ward, 15, 20, VITAL_spo2, 130);
    ward_values(ward, 21, 25, VITAL_spo2, 128);
    ward_expect(ward, "14 implausible start active medium 127.5\n");
    assert_string_equal(ward_newest(ward)->detail, "spo2 127.5 %");
    struct engine_counts counts;
    engine_count(ward->engine, &counts);
    assert_int_equal(counts.rejected[QUALITY_IMPLAUSIBLE], 22);
    ward_close(ward);
}

/* It needs no believable value before: a monitor that gives nothing else is not silent. */
static void test_implausible_from_the_first(void **state)
{
    (void)state;
    ward_clear_config();
    ward_add_channel(VITAL_spo2, 1000);
    ward_config.channels[0].high_milli = 100000;
    struct ward *ward = ward_start();
    ward_values(ward, 0, 20, VITAL_spo2, 127);
    ward_expect(ward, "10 implausible start active medium 127\n");
    ward_close(ward);
}

/* Another monitor's values are nobody's; when the first is back they are this patient's, and the alarm ends, though the
 * register holds the measurement of before. */
static void test_identity_changes_there_and_back(void **state)
{
    (void)state;
    ward_clear_config();
    ward_add_channel(VITAL_resp, 1000);
    ward_add_channel(VITAL_nibp_sys, 1000);
    struct ward *ward = ward_start();
    ward_identity(ward, 1, 0, 7);
    ward_value(ward, 1, VITAL_resp, 16);
    ward_value(ward, 1, VITAL_nibp_sys, 120);
    ward_identity(ward, 2, 0, 8);
    ward_value(ward, 2, VITAL_resp, 16);
    ward_value(ward, 2, VITAL_nibp_sys, 110);
    ward_until(ward, 2);
    ward_expect(ward, "2 identity_changed start active high -1\n");
    const struct observation found = {
        .kind = OBSERVATION_VALUE, .vital = VITAL_nibp_sys, .value_milli = 120000, .flags = OBSERVATION_AGE_UNKNOWN};
    ward_identity(ward, 3, 0, 7);
    ward_value(ward, 3, VITAL_resp, 16);
    ward_observe(ward, 3, &found);
    ward_until(ward, 3);
    ward_expect(ward, "3 identity_changed end ended high -1\n");
    struct bed_view view;
    engine_view_bed(ward->engine, 0, &view);
    assert_int_equal(view.vitals[1].quality, QUALITY_STALE); /* whose it was nobody knows */
    ward_close(ward);
}

/* --- silence --------------------------------------------------------------------------------------------------- */

/* Nothing heard for 10 s, or three poll intervals if longer; whatever is heard ends it. */
static void test_a_silent_monitor(void **state)
{
    (void)state;
    live_bed();
    ward_add_channel(VITAL_hr, 1000);
    struct ward *ward = ward_start();
    ward_until(ward, 9.999);
    ward_expect(ward, "");
    ward_heard(ward, 13, 0);
    ward_until(ward, 23);
    ward_expect(ward, "10 monitor_silent start active medium -1\n13 monitor_silent end ended medium -1\n"
                      "23 monitor_silent start active medium -1\n");
    assert_int_equal(ward_newest(ward)->violated_at_ms, 13000);
    ward_close(ward);

    ward_config.beds[0].monitor_period_ms[0] = 5000;
    ward = ward_start();
    ward_until(ward, 15);
    ward_expect(ward, "15 monitor_silent start active medium -1\n");
    ward_close(ward);
}

static void expect_disclosed(const struct ward *ward, enum builtin_alarm alarm)
{
    const struct alert *a = ward_newest(ward);
    assert_int_equal(a->key.index, alarm);
    assert_int_equal(a->raised_at_ms - a->violated_at_ms,
                     builtin_delay_ms(&ward_config.engine, &ward_config.beds[0], alarm));
}

/* What is disclosed is what it takes, to the millisecond, also for one that waits in vain for its line to be found down. */
static void test_the_disclosed_delay_is_the_real_one(void **state)
{
    (void)state;
    live_bed();
    ward_add_channel(VITAL_hr, 1000);
    ward_config.beds[0].monitor_period_ms[0] = 4001;
    ward_config.engine.line_count = 1;
    struct ward *ward = ward_start();
    engine_line(ward->engine, 0, 0, LINE_CLOSED);
    ward_until(ward, 15.002);
    ward_expect(ward, "");
    ward_until(ward, 15.003);
    ward_expect(ward, "15.003 monitor_silent start active medium -1\n");
    expect_disclosed(ward, BUILTIN_monitor_silent);
    ward_close(ward);

    ward_clear_config();
    ward_add_channel(VITAL_spo2, 1000);
    ward = ward_start();
    ward_value(ward, 3, VITAL_spo2, 97);
    ward_invalids(ward, 4, 14, VITAL_spo2, QUALITY_SENSOR_OFF);
    ward_until(ward, 14);
    ward_expect(ward, "14 sensor_off start active low -1\n");
    expect_disclosed(ward, BUILTIN_sensor_off);
    ward_close(ward);
}

/* One that speaks and says nothing that is current is not watched, at a vacant bed neither, whatever alarms it tells. */
static void test_an_outdated_monitor(void **state)
{
    (void)state;
    live_bed();
    ward_add_channel(VITAL_hr, 1000);
    const struct observation outdated = {.kind = OBSERVATION_OUTDATED};
    struct ward *ward = ward_start();
    ward_heard(ward, 1, 0);
    for (int s = 2; s <= 13; s++) {
        const struct observation o = {.kind = OBSERVATION_IDENTITY,
                                      .value_milli = 7}; /* heard, and says nothing else */
        ward_observe(ward, s, &outdated);
        ward_observe(ward, s, &o);
    }
    ward_expect(ward, "12 monitor_silent start active medium -1\n");
    assert_string_equal(ward_newest(ward)->detail, "its values are not current, check its clock and the gateway's");
    ward_heard(ward, 14, 0);
    ward_until(ward, 14);
    ward_expect(ward, "14 monitor_silent end ended medium -1\n");
    ward_observe(ward, 15, &outdated);
    ward_until(ward, 24);
    ward_expect(ward, "24 monitor_silent start active medium -1\n");
    ward_close(ward);
}

/* A reload misses nothing: what was not current before it is not after it, as long as nothing else is said. */
static void test_an_outdated_monitor_over_a_reload(void **state)
{
    (void)state;
    live_bed();
    ward_add_channel(VITAL_hr, 1000);
    const struct observation outdated = {.kind = OBSERVATION_OUTDATED};
    const struct observation spoke = {.kind = OBSERVATION_IDENTITY, .value_milli = 7};
    struct ward *ward = ward_start();
    ward_heard(ward, 1, 0);
    ward_observe(ward, 2, &outdated);
    ward_observe(ward, 2, &spoke);
    ward_until(ward, 13);
    const struct ward_break lost = {.committed = ward->record_count, .begin_ms = 13500, .none = true};
    struct ward *after = ward_restart(ward, &lost);
    for (int s = 14; s <= 40; s++) {
        ward_observe(after, s, &spoke);
    }
    ward_expect(after, "");
    ward_close(ward);
    ward_close(after);
}

/* Of several monitors at a bed it says which. */
static void test_two_silent_monitors(void **state)
{
    (void)state;
    live_bed();
    ward_add_channel(VITAL_hr, 1000);
    ward_add_monitor();
    struct ward *ward = ward_start();
    ward_heard(ward, 2, 1);
    ward_until(ward, 12);
    ward_expect(ward, "10 monitor_silent start active medium -1\n12 monitor_silent update active medium -1\n");
    assert_string_equal(ward_newest(ward)->detail, "monitor 1, monitor 2");
    ward_heard(ward, 13, 0);
    ward_until(ward, 13);
    assert_string_equal(ward_newest(ward)->detail, "monitor 2");
    ward_close(ward);
}

/* The slower one was heard longer ago, and counts as silent in the same instant: the alarm is as old as its silence. */
static void test_the_longer_silence_counts(void **state)
{
    (void)state;
    live_bed();
    ward_add_channel(VITAL_hr, 1000);
    ward_add_monitor();
    ward_config.beds[0].monitor_period_ms[1] = 4000;
    struct ward *ward = ward_start();
    ward_heard(ward, 1, 1);
    ward_heard(ward, 3, 0);
    ward_until(ward, 13);
    ward_expect(ward, "13 monitor_silent start active medium -1\n");
    assert_string_equal(ward_newest(ward)->detail, "monitor 1, monitor 2");
    assert_int_equal(ward_newest(ward)->violated_at_ms, 1000);
    ward_close(ward);
}

/* --- no pulse signal -------------------------------------------------------------------------------------------- */

/* Neither of the two for 10 s: the one that goes on holds it back. */
static void test_no_pulse_signal(void **state)
{
    (void)state;
    ward_clear_config();
    ward_add_channel(VITAL_hr, 1000);
    ward_add_channel(VITAL_pulse, 1000);
    struct ward *ward = ward_start();
    ward_values(ward, 0, 5, VITAL_hr, 80);
    ward_invalid(ward, 6, VITAL_hr, QUALITY_ABSENT);
    ward_values(ward, 7, 20, VITAL_pulse, 80);
    ward_invalid(ward, 21, VITAL_pulse, QUALITY_ABSENT);
    ward_until(ward, 35);
    ward_expect(ward, "16 sensor_off start active low -1\n30 no_pulse_signal start active high -1\n"
                      "31 sensor_off update active low -1\n");
    assert_int_equal(ward_newest_of(ward, "no_pulse_signal")->violated_at_ms, 21000);
    ward_value(ward, 36, VITAL_pulse, 50);
    ward_until(ward, 36);
    ward_expect(ward, "36 sensor_off update active low -1\n36 no_pulse_signal end ended high -1\n");
    ward_close(ward);
}

/* Never valid in this stay: nothing is lost. */
static void test_a_pulse_that_never_was(void **state)
{
    (void)state;
    ward_clear_config();
    ward_add_channel(VITAL_hr, 1000);
    ward_add_channel(VITAL_pulse, 1000);
    struct ward *ward = ward_start();
    ward_invalids(ward, 0, 30, VITAL_hr, QUALITY_ABSENT);
    ward_expect(ward, "");
    ward_close(ward);
}

/* What explains a loss: sensor off, standby, demo; what does not: absent, not believable. */
static void test_what_explains_a_lost_pulse(void **state)
{
    (void)state;
    static const struct {
        enum quality quality;
        bool alarm;
    } cases[] = {{QUALITY_SENSOR_OFF, false},
                 {QUALITY_STANDBY, false},
                 {QUALITY_DEMO, false},
                 {QUALITY_ABSENT, true},
                 {QUALITY_IMPLAUSIBLE, true}};
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ward_clear_config();
        ward_add_channel(VITAL_pulse, 1000);
        struct ward *ward = ward_start();
        ward_values(ward, 0, 5, VITAL_pulse, 80);
        ward_invalids(ward, 6, 60, VITAL_pulse, cases[i].quality);
        assert_int_equal(strstr(ward->text, "15 no_pulse_signal start active high -1\n") != NULL, cases[i].alarm);
        ward_close(ward);
    }
}

/* One explanation is enough for both: a finger clip gives both rates at some monitors. */
static void test_one_explanation_is_enough(void **state)
{
    (void)state;
    ward_clear_config();
    ward_add_channel(VITAL_hr, 1000);
    ward_add_channel(VITAL_pulse, 1000);
    struct ward *ward = ward_start();
    ward_value(ward, 0, VITAL_hr, 80);
    ward_value(ward, 0, VITAL_pulse, 80);
    ward_invalid(ward, 1, VITAL_hr, QUALITY_ABSENT);
    ward_invalid(ward, 1, VITAL_pulse, QUALITY_SENSOR_OFF);
    ward_until(ward, 30);
    ward_expect(ward, "11 sensor_off start active low -1\n");
    ward_close(ward);
}

/* Values that just stop coming, from a monitor that goes on answering. */
static void test_a_pulse_that_stops_coming(void **state)
{
    (void)state;
    ward_clear_config();
    ward_add_channel(VITAL_hr, 1000);
    struct ward *ward = start_admitted();
    ward_value(ward, 5, VITAL_hr, 80);
    for (int t = 6; t <= 20; t++) {
        ward_heard(ward, t, 0);
    }
    ward_expect(ward, "15 no_pulse_signal start active high -1\n");
    ward_close(ward);
}

/* A clock that is set wrong stops no heart: what is not current is told as that, whatever else the monitor says. */
static void test_an_outdated_pulse(void **state)
{
    (void)state;
    ward_clear_config();
    ward_add_channel(VITAL_hr, 1000);
    const struct observation outdated = {.kind = OBSERVATION_OUTDATED};
    const struct observation spoke = {.kind = OBSERVATION_IDENTITY, .value_milli = 7};
    struct ward *ward = start_admitted();
    ward_values(ward, 1, 5, VITAL_hr, 80);
    for (int s = 6; s <= 30; s++) {
        ward_observe(ward, s, &spoke);
        ward_observe(ward, s, &outdated);
    }
    ward_expect(ward, "16 monitor_silent start active medium -1\n");
    ward_close(ward);
}

/* A monitor that falls silent, in the middle of a poll or not, has its own alarm instead ... */
static void test_silence_is_no_lost_pulse(void **state)
{
    (void)state;
    ward_clear_config();
    ward_add_channel(VITAL_hr, 1000);
    struct ward *ward = start_admitted();
    ward_value(ward, 5, VITAL_hr, 80);
    ward_heard(ward, 5.5, 0); /* the other half of the poll */
    ward_until(ward, 60);
    ward_expect(ward, "15.5 monitor_silent start active medium -1\n");
    ward_heard(ward, 60.1, 0); /* back, this half first: no news of the pulse yet */
    ward_value(ward, 60.6, VITAL_hr, 80);
    ward_until(ward, 61);
    ward_expect(ward, "60.1 monitor_silent end ended medium -1\n");
    ward_until(ward, 100);
    ward->text[0] = '\0';
    ward_heard(ward, 101, 0);
    ward_heard(ward, 102.6, 0); /* back, and no pulse in 1.5 periods */
    ward_until(ward, 102.6);
    ward_expect(ward, "101 monitor_silent end ended medium -1\n102.6 no_pulse_signal start active high -1\n");
    ward_close(ward);
}

/* ... with a slow poll, too, where silence takes longer than 10 s to be told ... */
static void test_slow_silence_is_no_lost_pulse(void **state)
{
    (void)state;
    ward_clear_config();
    ward_add_channel(VITAL_hr, 5000);
    ward_config.beds[0].monitor_period_ms[0] = 5000;
    struct ward *ward = start_admitted();
    ward_value(ward, 5, VITAL_hr, 80);
    ward_until(ward, 60);
    ward_expect(ward, "20 monitor_silent start active medium -1\n");
    ward_close(ward);
}

/* ... but it does not hide the pulse that another monitor loses, and takes back no loss that was told. */
static void test_silence_hides_no_lost_pulse(void **state)
{
    (void)state;
    ward_clear_config();
    ward_add_channel(VITAL_hr, 1000);
    ward_add_channel(VITAL_pulse, 1000);
    ward_add_monitor();
    ward_config.channels[1].monitor = 1;
    struct ward *ward = start_admitted();
    struct observation pulse = {.kind = OBSERVATION_VALUE, .vital = VITAL_pulse, .monitor = 1, .value_milli = 80000};
    ward_value(ward, 1, VITAL_hr, 80);
    for (int t = 1; t <= 30; t++) {
        ward_observe(ward, t, &pulse);
    }
    ward_until(ward, 30);
    ward_expect(ward, "11 monitor_silent start active medium -1\n");
    pulse.quality = QUALITY_ABSENT;
    ward_observe(ward, 31, &pulse);
    ward_until(ward, 60);
    ward_expect(ward, "40 no_pulse_signal start active high -1\n41 monitor_silent update active medium -1\n"
                      "41 sensor_off start active low -1\n");
    ward_close(ward);
}

/* --- stays ------------------------------------------------------------------------------------------------------ */

/* Valid vitals for 30 s begin a stay that counts from the first of them, windows included; a longer break than 10 s
 * starts over. */
static void test_a_stay_begins_by_itself(void **state)
{
    (void)state;
    live_bed();
    ward_add_channel(VITAL_hr, 1000);
    ward_add_rule("hr_high", "mean(hr, 30s) > limit", NULL, 120, PRIORITY_MEDIUM);
    struct ward *ward = ward_start();
    ward_values(ward, 0, 20, VITAL_hr, 140);
    ward_values(ward, 31, 60, VITAL_hr, 140); /* broken off for 11 s: counts anew from 31 */
    ward_until(ward, 60);
    ward_expect(ward, "30 monitor_silent start active medium -1\n31 monitor_silent end ended medium -1\n");
    ward_value(ward, 61, VITAL_hr, 140);
    ward_until(ward, 61);
    ward_expect(ward, "61 admission_not_entered start active none -1\n61 hr_high start active medium 140\n");
    struct bed_view view;
    engine_view_bed(ward->engine, 0, &view);
    assert_true(view.monitored && view.stay != 0);
    assert_int_equal(view.stay_start_ms, 31000);
    assert_int_equal(ward_newest_of(ward, "admission_not_entered")->violated_at_ms, 31000);
    ward_close(ward);
}

/* So do delays: one that is over by then gives an alarm at once, with its own instants. */
static void test_delays_run_before_the_stay(void **state)
{
    (void)state;
    live_bed();
    ward_add_channel(VITAL_hr, 1000);
    ward_add_rule("hr_high", "hr > limit", NULL, 120, PRIORITY_MEDIUM)->delay_ms = 10000;
    struct ward *ward = ward_start();
    ward_values(ward, 0, 4, VITAL_hr, 80);
    ward_values(ward, 5, 29, VITAL_hr, 130);
    ward_expect(ward, "");
    ward_value(ward, 30, VITAL_hr, 131);
    ward_until(ward, 30);
    ward_expect(ward, "30 admission_not_entered start active none -1\n30 hr_high start active medium 131\n");
    const struct alert *a = ward_newest(ward);
    assert_int_equal(a->violated_at_ms, 5000);
    assert_int_equal(a->condition_at_ms, 15000);
    assert_int_equal(a->raised_at_ms, 30000);
    ward_close(ward);
}

/* A break of 10 s is none; values that are not valid, and measurements, begin nothing. */
static void test_what_begins_no_stay(void **state)
{
    (void)state;
    live_bed();
    ward_add_channel(VITAL_hr, 1000);
    ward_add_channel(VITAL_nibp_sys, 1000);
    struct ward *ward = ward_start();
    for (int t = 0; t <= 100; t++) {
        ward_invalid(ward, t, VITAL_hr, QUALITY_ABSENT);
        ward_value(ward, t, VITAL_nibp_sys, 120);
    }
    ward_expect(ward, "");
    for (int t = 110; t <= 140; t += 10) {
        ward_value(ward, t, VITAL_hr, 80);
    }
    ward_until(ward, 140);
    assert_non_null(strstr(ward->text, "140 admission_not_entered start"));
    ward_close(ward);
}

/* What was valid before the stay is not lost in it. */
static void test_nothing_of_before_the_stay_is_missed(void **state)
{
    (void)state;
    live_bed();
    ward_add_channel(VITAL_hr, 1000);
    ward_add_channel(VITAL_spo2, 1000);
    struct ward *ward = ward_start();
    ward_values(ward, 0, 3, VITAL_spo2, 97); /* somebody tries the clip on */
    ward_invalids(ward, 4, 19, VITAL_spo2, QUALITY_ABSENT);
    for (int t = 20; t <= 60; t++) {
        ward_value(ward, t, VITAL_hr, 80);
        ward_invalid(ward, t, VITAL_spo2, QUALITY_ABSENT);
    }
    ward_expect(ward, "50 admission_not_entered start active none -1\n");
    ward_close(ward);
}

/* Every alarm ends with its stay. What still holds begins anew in the next: windows and delays do not. */
static void test_an_admission_to_an_occupied_bed(void **state)
{
    (void)state;
    live_bed();
    ward_add_channel(VITAL_hr, 1000);
    ward_add_channel(VITAL_spo2, 1000);
    ward_add_monitor();
    ward_add_signal("vtach", SIGNAL_monitor_alarm_high, 0, 0);
    ward_add_rule("hr_high", "hr > limit", NULL, 120, PRIORITY_MEDIUM)->delay_ms = 5000;
    ward_add_rule("spo2_low", "mean(spo2, 10s) < limit", NULL, 90, PRIORITY_HIGH);
    struct ward *ward = ward_start();
    ward_values(ward, 0, 40, VITAL_hr, 130);
    ward_signal(ward, 40, 0, 0, true);
    ward_until(ward, 40);
    ward_expect(ward, "10 monitor_silent start active medium -1\n" /* of the second one */
                      "30 monitor_silent end ended medium -1\n"
                      "30 admission_not_entered start active none -1\n30 hr_high start active medium 130\n"
                      "30 monitor_silent start active medium -1\n30 spo2_low.not_monitored start active high -1\n"
                      "40 monitor.vtach start active high -1\n");
    const uint64_t before = ward_newest(ward)->stay;
    ward_values(ward, 41, 42, VITAL_hr, 130);
    ward_until(ward, 42);
    engine_admit(ward->engine, 0, 43000);
    ward_values(ward, 43, 48, VITAL_hr, 140);
    ward_until(ward, 48);
    ward_expect(ward, "43 hr_high end ended medium 130\n43 spo2_low.not_monitored end ended high -1\n"
                      "43 monitor_silent end ended medium -1\n43 admission_not_entered end ended none -1\n"
                      "43 monitor.vtach end ended high -1\n43 monitor_silent start active medium -1\n"
                      "43 monitor.vtach start active high -1\n48 hr_high start active medium 140\n");
    assert_int_not_equal(ward_newest(ward)->stay, before);
    assert_int_equal(ward_newest(ward)->violated_at_ms, 43000);
    ward_close(ward);
}

/* A bit of a monitor is an alarm of the priority that its profile gives it. */
static void test_alarms_of_bits_by_priority(void **state)
{
    (void)state;
    live_bed();
    ward_add_channel(VITAL_hr, 1000);
    ward_add_signal("vtach", SIGNAL_monitor_alarm_high, 0, 0);
    ward_add_signal("brady", SIGNAL_monitor_alarm_medium, 0, 1);
    ward_add_signal("battery", SIGNAL_monitor_alarm_low, 0, 2);
    struct ward *ward = ward_start();
    engine_admit(ward->engine, 0, 0);
    ward_value(ward, 1, VITAL_hr, 70);
    for (uint8_t signal = 0; signal < 3; signal++) {
        ward_signal(ward, 2 + signal, 0, signal, true);
    }
    ward_signal(ward, 5, 0, 1, false);
    ward_until(ward, 5);
    ward_expect(ward, "2 monitor.vtach start active high -1\n3 monitor.brady start active medium -1\n"
                      "4 monitor.battery start active low -1\n5 monitor.brady end ended medium -1\n");
    ward_close(ward);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_sensor_that_is_off),
        cmocka_unit_test(test_the_set_of_lost_vitals_changes),
        cmocka_unit_test(test_a_sensor_that_was_never_on),
        cmocka_unit_test(test_implausible_shows_the_raw_value),
        cmocka_unit_test(test_implausible_from_the_first),
        cmocka_unit_test(test_identity_changes_there_and_back),
        cmocka_unit_test(test_a_silent_monitor),
        cmocka_unit_test(test_the_disclosed_delay_is_the_real_one),
        cmocka_unit_test(test_an_outdated_monitor),
        cmocka_unit_test(test_an_outdated_monitor_over_a_reload),
        cmocka_unit_test(test_two_silent_monitors),
        cmocka_unit_test(test_the_longer_silence_counts),
        cmocka_unit_test(test_no_pulse_signal),
        cmocka_unit_test(test_an_outdated_pulse),
        cmocka_unit_test(test_a_pulse_that_never_was),
        cmocka_unit_test(test_what_explains_a_lost_pulse),
        cmocka_unit_test(test_one_explanation_is_enough),
        cmocka_unit_test(test_a_pulse_that_stops_coming),
        cmocka_unit_test(test_silence_is_no_lost_pulse),
        cmocka_unit_test(test_slow_silence_is_no_lost_pulse),
        cmocka_unit_test(test_silence_hides_no_lost_pulse),
        cmocka_unit_test(test_a_stay_begins_by_itself),
        cmocka_unit_test(test_delays_run_before_the_stay),
        cmocka_unit_test(test_what_begins_no_stay),
        cmocka_unit_test(test_nothing_of_before_the_stay_is_missed),
        cmocka_unit_test(test_an_admission_to_an_occupied_bed),
        cmocka_unit_test(test_alarms_of_bits_by_priority),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
