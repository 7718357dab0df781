/* Quality at the entrance of the engine: rejected, counted and shown; the two sources of a pulse; a test a branch. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/support/engine_ward.h"

static struct channel_config *add_channel(enum vital vital)
{
    ward_add_channel(vital, 1000);
    struct channel_config *channel = &ward_config.channels[ward_config.beds[0].channel_count - 1];
    channel->rate_milli_per_s = vital_range(vital, CLASS_adult).rate_milli_per_s;
    return channel;
}

static struct vital_view shown(const struct ward *ward, enum vital vital)
{
    struct bed_view view;
    engine_view_bed(ward->engine, 0, &view);
    for (unsigned i = 0; i < view.vital_count; i++) {
        if (view.vitals[i].vital == vital) {
            return view.vitals[i];
        }
    }
    fail_msg("the bed has no %s", vital_info(vital)->name);
    return view.vitals[0];
}

static void expect_shown(const struct ward *ward, enum vital vital, int number, enum vital source)
{
    const struct vital_view view = shown(ward, vital);
    assert_int_equal(view.quality, QUALITY_VALID);
    assert_int_equal(view.value_milli, number * 1000);
    assert_int_equal(view.source, source);
}

static void expect_hidden(const struct ward *ward, enum vital vital, enum quality quality)
{
    assert_int_equal(shown(ward, vital).quality, quality);
}

/* How often a vital was not used for this reason. */
static uint32_t counted(const struct ward *ward, enum vital vital, enum quality quality)
{
    struct bed_view view;
    engine_view_bed(ward->engine, 0, &view);
    for (unsigned i = 0; i < view.rejection_count; i++) {
        if (view.rejections[i].vital == vital && view.rejections[i].quality == quality) {
            return view.rejections[i].count;
        }
    }
    return 0;
}

/* --- rejected, counted, shown -------------------------------------------------------------------------------- */

/* One artefact is shown as what it is until the next value, and no window has it. */
static void test_too_fast(void **state)
{
    (void)state;
    ward_clear_config();
    add_channel(VITAL_hr);
    ward_add_rule("high", "max(hr, 5s) > limit", NULL, 120, PRIORITY_HIGH);
    struct ward *ward = ward_start();
    ward_values(ward, 0, 9, VITAL_hr, 72);
    ward_value(ward, 10, VITAL_hr, 277);
    ward_until(ward, 10);
    expect_hidden(ward, VITAL_hr, QUALITY_RATE);
    ward_values(ward, 11, 20, VITAL_hr, 72);
    ward_until(ward, 20);
    ward_expect(ward, "");
    expect_shown(ward, VITAL_hr, 72, VITAL_hr);
    assert_int_equal(counted(ward, VITAL_hr, QUALITY_RATE), 1);
    ward_close(ward);
}

/* What a monitor cannot mean, below and above: counted, never shown. */
static void test_out_of_range(void **state)
{
    (void)state;
    ward_clear_config();
    add_channel(VITAL_spo2);
    struct ward *ward = ward_start();
    ward_value(ward, 1, VITAL_spo2, -1);
    ward_value(ward, 2, VITAL_spo2, 9999);
    ward_until(ward, 2);
    expect_hidden(ward, VITAL_spo2, QUALITY_IMPLAUSIBLE);
    assert_int_equal(counted(ward, VITAL_spo2, QUALITY_IMPLAUSIBLE), 2);
    ward_close(ward);
}

/* A level that lasts is judged with its second value. */
static void test_a_level_that_was_too_fast_at_first(void **state)
{
    (void)state;
    ward_clear_config();
    add_channel(VITAL_spo2);
    ward_add_rule("low", "spo2 < limit", NULL, 60, PRIORITY_HIGH);
    struct ward *ward = ward_start();
    ward_values(ward, 0, 9, VITAL_spo2, 98);
    ward_values(ward, 10, 12, VITAL_spo2, 40);
    ward_until(ward, 12);
    ward_expect(ward, "11 low start active high 40\n");
    ward_close(ward);
}

/* Ten seconds of what does not change any more, after the time that it may: never silent. */
static void test_frozen_is_told(void **state)
{
    (void)state;
    ward_clear_config();
    add_channel(VITAL_resp)->frozen_ms = 60000;
    struct ward *ward = ward_start();
    ward_values(ward, 0, 80, VITAL_resp, 16);
    ward_until(ward, 80);
    ward_expect(ward, "70 implausible start active medium 16\n");
    assert_string_equal(ward_newest(ward)->detail, "resp 16 /min");
    expect_hidden(ward, VITAL_resp, QUALITY_FROZEN);
    assert_int_equal(counted(ward, VITAL_resp, QUALITY_FROZEN), 21);
    ward_value(ward, 81, VITAL_resp, 17);
    ward_until(ward, 81);
    ward_expect(ward, "81 implausible end ended medium 16\n");
    expect_shown(ward, VITAL_resp, 17, VITAL_resp);
    ward_close(ward);
}

/* The spike raises nothing, the level that comes to stay does, one value later. */
static void test_spikes_are_cut_off(void **state)
{
    (void)state;
    ward_clear_config();
    add_channel(VITAL_hr)->median = true;
    ward_add_rule("high", "hr > limit", NULL, 120, PRIORITY_HIGH);
    struct ward *ward = ward_start();
    ward_values(ward, 0, 9, VITAL_hr, 72);
    ward_value(ward, 10, VITAL_hr, 180);
    ward_values(ward, 11, 19, VITAL_hr, 72);
    ward_values(ward, 20, 25, VITAL_hr, 180);
    ward_until(ward, 25);
    ward_expect(ward, "21 high start active high 180\n");
    assert_int_equal(counted(ward, VITAL_hr, QUALITY_SPIKE), 1);
    ward_close(ward);
}

/* The newest value, which nothing seconded, is never judged when its channel falls silent. */
static void test_a_spike_that_is_the_last(void **state)
{
    (void)state;
    ward_clear_config();
    add_channel(VITAL_hr)->median = true;
    ward_add_rule("high", "last(hr) > limit", NULL, 120, PRIORITY_HIGH);
    struct ward *ward = ward_start();
    ward_values(ward, 0, 9, VITAL_hr, 72);
    ward_value(ward, 10, VITAL_hr, 180);
    ward_until(ward, 15);
    expect_shown(ward, VITAL_hr, 72, VITAL_hr);
    ward_until(ward, 25);
    expect_hidden(ward, VITAL_hr, QUALITY_STALE);
    assert_int_equal(shown(ward, VITAL_hr).value_milli, 72000);
    ward_close(ward);
}

/* Its own time of being current, shorter than the vital's. */
static void test_stale_after(void **state)
{
    (void)state;
    ward_clear_config();
    add_channel(VITAL_spo2)->stale_ms = 3000;
    add_channel(VITAL_resp)->stale_ms = 10000;
    struct ward *ward = ward_start();
    ward_value(ward, 1, VITAL_spo2, 98);
    ward_value(ward, 1, VITAL_resp, 16);
    ward_until_ms(ward, 3999);
    expect_shown(ward, VITAL_spo2, 98, VITAL_spo2);
    ward_until_ms(ward, 4000);
    expect_hidden(ward, VITAL_spo2, QUALITY_STALE);
    expect_shown(ward, VITAL_resp, 16, VITAL_resp);
    ward_close(ward);
}

/* By vital in list order and by reason, through the stays; what there is no room for is in the sum. */
static void test_counts(void **state)
{
    (void)state;
    ward_clear_config();
    for (enum vital vital = 0; vital < VITAL_room_pressure; vital++) {
        if (vital_info(vital)->kind == VITAL_CONTINUOUS) {
            add_channel(vital);
        }
    }
    struct ward *ward = ward_start();
    ward_invalid(ward, 1, VITAL_hr, QUALITY_ABSENT);
    ward_invalid(ward, 2, VITAL_spo2, QUALITY_SENSOR_OFF);
    ward_invalid(ward, 3, VITAL_hr, QUALITY_ABSENT);
    ward_value(ward, 4, VITAL_hr, 999);
    ward_until(ward, 4);
    engine_admit(ward->engine, 0, 5000);
    ward_until(ward, 5);
    struct bed_view view;
    engine_view_bed(ward->engine, 0, &view);
    static const struct rejection_view expected[] = {
        {VITAL_hr, QUALITY_ABSENT, 2}, {VITAL_hr, QUALITY_IMPLAUSIBLE, 1}, {VITAL_spo2, QUALITY_SENSOR_OFF, 1}};
    assert_int_equal(view.rejection_count, 3);
    assert_int_equal(view.rejected, 4);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(view.rejections[i].vital, expected[i].vital);
        assert_int_equal(view.rejections[i].quality, expected[i].quality);
        assert_int_equal(view.rejections[i].count, expected[i].count);
    }
    for (unsigned i = 0; i < ward_config.beds[0].channel_count; i++) {
        for (enum quality q = QUALITY_ABSENT; q < QUALITY_COUNT; q++) {
            ward_invalid(ward, 6, ward_config.channels[i].vital, q);
        }
    }
    ward_until(ward, 6);
    engine_view_bed(ward->engine, 0, &view);
    assert_int_equal(view.rejection_count, ENGINE_REJECTIONS_VIEWED);
    assert_int_equal(view.rejected, 4U + ward_config.beds[0].channel_count * (QUALITY_COUNT - QUALITY_ABSENT));
    ward_close(ward);
}

/* --- one stands in for the other ----------------------------------------------------------------------------- */

static void two_sources(bool hr_from_pulse, bool pulse_from_hr)
{
    ward_clear_config();
    add_channel(VITAL_hr);
    add_channel(VITAL_pulse);
    ward_config.engine.pulse =
        (struct pulse_config){.hr_from_pulse = hr_from_pulse, .pulse_from_hr = pulse_from_hr, .disagree_milli = 30000};
}

/* Both a second, of which one is a fault. */
static void give_hr_lost(struct ward *ward, int from_s, int to_s, double pulse)
{
    for (int second = from_s; second <= to_s; second++) {
        ward_invalid(ward, second, VITAL_hr, QUALITY_ABSENT);
        ward_value(ward, second, VITAL_pulse, pulse);
    }
}

static void give_both(struct ward *ward, int from_s, int to_s, double hr, double pulse)
{
    for (int second = from_s; second <= to_s; second++) {
        ward_value(ward, second, VITAL_hr, hr);
        ward_value(ward, second, VITAL_pulse, pulse);
    }
}

/* The rule goes on without a hole, the alert names whose value it is, the lost sensor is told, and the first
 * value of its own takes over. */
static void test_the_pulse_stands_in(void **state)
{
    (void)state;
    two_sources(true, false);
    ward_add_rule("high", "min(hr, 5s) > limit", NULL, 120, PRIORITY_HIGH)->unknown_after_ms = 2000;
    struct ward *ward = ward_start();
    give_both(ward, 0, 9, 100, 101);
    give_hr_lost(ward, 10, 29, 130);
    ward_until(ward, 29);
    ward_expect(ward, "14 high start active high 130\n20 sensor_off start active low -1\n");
    assert_string_equal(ward_newest_of(ward, "high")->detail, "hr from pulse");
    expect_shown(ward, VITAL_hr, 130, VITAL_pulse);
    expect_shown(ward, VITAL_pulse, 130, VITAL_pulse);
    give_both(ward, 30, 31, 100, 130);
    ward_until(ward, 31);
    ward_expect(ward, "30 high end ended high 100\n30 sensor_off end ended low -1\n");
    assert_string_equal(ward_newest_of(ward, "high")->detail, "");
    expect_shown(ward, VITAL_hr, 100, VITAL_hr);
    struct engine_counts counts;
    engine_count(ward->engine, &counts);
    assert_int_equal(counts.replaced, 0);
    ward_close(ward);
}

/* Not where the configuration does not say so, and never the other way round. */
static void test_nothing_stands_in_unasked(void **state)
{
    (void)state;
    two_sources(false, true);
    struct ward *ward = ward_start();
    give_both(ward, 0, 3, 100, 101);
    give_hr_lost(ward, 4, 8, 102);
    ward_until(ward, 8);
    expect_hidden(ward, VITAL_hr, QUALITY_ABSENT);
    give_both(ward, 9, 9, 100, 101);
    ward_value(ward, 10, VITAL_hr, 99);
    ward_invalid(ward, 10, VITAL_pulse, QUALITY_SENSOR_OFF);
    ward_value(ward, 11, VITAL_hr, 99);
    ward_until(ward, 11);
    expect_shown(ward, VITAL_pulse, 99, VITAL_hr);
    ward_close(ward);
}

/* While it stands, its own source says nothing: a monitor that just stops to give one of them. */
static void test_it_stands_in_when_the_other_is_silent(void **state)
{
    (void)state;
    two_sources(true, false);
    ward_add_rule("low", "hr < limit", NULL, 50, PRIORITY_HIGH);
    struct ward *ward = ward_start();
    give_both(ward, 0, 5, 60, 61);
    ward_value(ward, 6, VITAL_pulse, 40);
    ward_until_ms(ward, 6499);
    expect_shown(ward, VITAL_hr, 60, VITAL_hr); /* still stands */
    ward_values(ward, 7, 9, VITAL_pulse, 40);
    ward_until(ward, 9);
    ward_expect(ward, "7 low start active high 40\n");
    expect_shown(ward, VITAL_hr, 40, VITAL_pulse);
    ward_close(ward);
}

/* What is invalid there is invalid here at once; silence makes it stale. */
static void test_the_stand_in_ends(void **state)
{
    (void)state;
    two_sources(true, false);
    ward_add_rule("any", "hr > limit", NULL, 0, PRIORITY_LOW)->unknown_after_ms = 60000;
    struct ward *ward = ward_start();
    give_hr_lost(ward, 0, 5, 80);
    ward_until(ward, 5);
    expect_shown(ward, VITAL_hr, 80, VITAL_pulse); /* though it never gave a value of its own */
    ward_invalid(ward, 6, VITAL_hr, QUALITY_ABSENT);
    ward_invalid(ward, 6, VITAL_pulse, QUALITY_SENSOR_OFF);
    ward_until(ward, 6);
    expect_hidden(ward, VITAL_hr, QUALITY_ABSENT);
    expect_hidden(ward, VITAL_pulse, QUALITY_SENSOR_OFF);
    give_hr_lost(ward, 7, 8, 80);
    ward_until_ms(ward, 17999);
    expect_shown(ward, VITAL_hr, 80, VITAL_pulse);
    ward_until(ward, 18);
    expect_hidden(ward, VITAL_hr, QUALITY_ABSENT);
    expect_hidden(ward, VITAL_pulse, QUALITY_STALE);
    ward_close(ward);
}

/* A discharge ends it like everything else. */
static void test_a_stand_in_of_another_stay(void **state)
{
    (void)state;
    two_sources(true, false);
    struct ward *ward = ward_start();
    give_hr_lost(ward, 0, 5, 80);
    ward_until(ward, 5);
    engine_admit(ward->engine, 0, 6000);
    ward_until(ward, 6);
    expect_hidden(ward, VITAL_hr, QUALITY_NEVER);
    ward_close(ward);
}

/* --- asystole ------------------------------------------------------------------------------------------------ */

/* A false one: the leads are off, the pulse goes on. */
static void test_leads_off_with_a_pulse(void **state)
{
    (void)state;
    two_sources(true, false);
    ward_add_rule("asystole", "hr < limit", NULL, 35, PRIORITY_HIGH)->unknown_after_ms = 30000;
    struct ward *ward = ward_start();
    give_both(ward, 0, 9, 120, 121);
    give_hr_lost(ward, 10, 120, 125);
    ward_until(ward, 120);
    ward_expect(ward, "20 sensor_off start active low -1\n");
    ward_close(ward);
}

/* A true one, both gone without a reason: high, 10 s after the newest value. */
static void test_both_gone(void **state)
{
    (void)state;
    two_sources(true, false);
    ward_add_rule("asystole", "hr < limit", NULL, 35, PRIORITY_HIGH)->unknown_after_ms = 30000;
    struct ward *ward = ward_start();
    give_both(ward, 0, 9, 120, 121);
    give_hr_lost(ward, 10, 19, 125);
    for (int second = 20; second <= 60; second++) {
        ward_invalid(ward, second, VITAL_hr, QUALITY_ABSENT);
        ward_invalid(ward, second, VITAL_pulse, QUALITY_ABSENT);
    }
    ward_until(ward, 60);
    ward_expect(ward,
                "20 sensor_off start active low -1\n29 no_pulse_signal start active high -1\n"
                "30 sensor_off update active low -1\n50 asystole.not_monitored start active high 125 in sensor_off\n"
                "50 sensor_off escalate active high -1\n");
    ward_close(ward);
}

/* Both at zero, which is a rate: at once by the rule. */
static void test_both_at_zero(void **state)
{
    (void)state;
    two_sources(true, false);
    ward_add_rule("asystole", "hr < limit", NULL, 35, PRIORITY_HIGH);
    struct ward *ward = ward_start();
    give_both(ward, 0, 9, 80, 80);
    give_both(ward, 10, 30, 0, 0);
    ward_until(ward, 30);
    ward_expect(ward, "10 asystole start active high 0\n");
    ward_close(ward);
}

/* --- at odds ------------------------------------------------------------------------------------------------- */

static void at_odds_after(uint32_t disagree_ms)
{
    two_sources(true, false);
    ward_config.engine.pulse.disagree_ms = disagree_ms;
}

/* After the time, by more than the difference, until they have agreed for as long. */
static void test_at_odds(void **state)
{
    (void)state;
    at_odds_after(20000);
    struct ward *ward = ward_start();
    give_both(ward, 0, 9, 100, 70); /* exactly 30 apart */
    give_both(ward, 10, 40, 100, 69);
    give_both(ward, 41, 50, 100, 100);
    give_both(ward, 51, 55, 60, 100);
    give_both(ward, 56, 80, 100, 101);
    ward_until(ward, 80);
    ward_expect(ward, "30 pulse_disagrees start active low 100\n76 pulse_disagrees end ended low 100\n");
    const struct alert *a = ward_newest_of(ward, "pulse_disagrees");
    assert_int_equal(a->violated_at_ms, 10000);
    assert_string_equal(a->detail, "hr 100 /min, pulse 69 /min");
    ward_close(ward);
}

/* Agreement in between begins the time anew; a beat that is missing does not, and begins and ends nothing. */
static void test_at_odds_with_holes(void **state)
{
    (void)state;
    at_odds_after(20000);
    struct ward *ward = ward_start();
    give_both(ward, 0, 15, 100, 50);
    give_both(ward, 16, 16, 100, 90);
    give_both(ward, 17, 30, 100, 50);
    give_hr_lost(ward, 31, 38, 50);
    give_both(ward, 39, 50, 100, 50);
    ward_until(ward, 50);
    ward_expect(ward, "39 pulse_disagrees start active low 100\n");
    ward_close(ward);
}

/* One that is gone for 10 s has nothing to be compared with: its loss has alarms of its own. A value that stands in
 * is no second source. */
static void test_at_odds_with_nobody(void **state)
{
    (void)state;
    at_odds_after(20000);
    struct ward *ward = ward_start();
    give_both(ward, 0, 30, 100, 50);
    give_hr_lost(ward, 31, 60, 50);
    ward_until(ward, 60);
    ward_expect(ward, "20 pulse_disagrees start active low 100\n40 pulse_disagrees end ended low 100\n"
                      "41 sensor_off start active low -1\n");
    ward_close(ward);
}

static void test_never_at_odds(void **state)
{
    (void)state;
    at_odds_after(0);
    struct ward *ward = ward_start();
    give_both(ward, 0, 100, 100, 50);
    ward_until(ward, 100);
    ward_expect(ward, "");
    ward_close(ward);
}

/* --- over a restart ------------------------------------------------------------------------------------------ */

/* The journal tells again what was too fast, frozen or stood in; nothing is told twice. */
static void test_a_restart_midway(void **state)
{
    (void)state;
    two_sources(true, false);
    ward_config.engine.pulse.disagree_ms = 20000;
    ward_config.channels[1].frozen_ms = 30000;
    ward_add_rule("high", "hr > limit", NULL, 120, PRIORITY_HIGH);
    struct ward *ward = ward_start();
    give_both(ward, 0, 4, 100, 50);
    give_hr_lost(ward, 5, 5, 50);
    give_both(ward, 6, 25, 100, 50);
    ward_until(ward, 25);
    ward_expect(ward, "20 pulse_disagrees start active low 100\n");
    assert_int_equal(counted(ward, VITAL_hr, QUALITY_ABSENT), 1);
    const struct ward_break lost = {.committed = ward->record_count, .begin_ms = 26000};
    struct ward *after = ward_restart(ward, &lost);
    ward_close(ward);
    give_hr_lost(after, 26, 29, 50);
    ward_until(after, 29);
    expect_shown(after, VITAL_hr, 50, VITAL_pulse);
    give_hr_lost(after, 30, 30, 50);
    ward_until(after, 30);
    expect_hidden(after, VITAL_pulse, QUALITY_FROZEN); /* since 0, over the break */
    expect_hidden(after, VITAL_hr, QUALITY_ABSENT);
    ward_expect(after, "");
    assert_int_equal(counted(after, VITAL_hr, QUALITY_ABSENT), 5); /* of this run */
    ward_close(after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_too_fast),
        cmocka_unit_test(test_out_of_range),
        cmocka_unit_test(test_a_level_that_was_too_fast_at_first),
        cmocka_unit_test(test_frozen_is_told),
        cmocka_unit_test(test_spikes_are_cut_off),
        cmocka_unit_test(test_a_spike_that_is_the_last),
        cmocka_unit_test(test_stale_after),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_the_pulse_stands_in),
        cmocka_unit_test(test_nothing_stands_in_unasked),
        cmocka_unit_test(test_it_stands_in_when_the_other_is_silent),
        cmocka_unit_test(test_the_stand_in_ends),
        cmocka_unit_test(test_a_stand_in_of_another_stay),
        cmocka_unit_test(test_leads_off_with_a_pulse),
        cmocka_unit_test(test_both_gone),
        cmocka_unit_test(test_both_at_zero),
        cmocka_unit_test(test_at_odds),
        cmocka_unit_test(test_at_odds_with_holes),
        cmocka_unit_test(test_at_odds_with_nobody),
        cmocka_unit_test(test_never_at_odds),
        cmocka_unit_test(test_a_restart_midway),
    };
    return cmocka_run_group_tests_name("quality", tests, NULL, NULL);
}
