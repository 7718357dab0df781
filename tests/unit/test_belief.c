/* What can be believed beside what came just before: too fast, frozen, spikes; by hand, and drawn at random. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "app/engine/belief.h"
#include "tests/unit/support/draw.h"

static struct belief belief;
static struct channel_config config;
static unsigned spikes;
static int32_t stands; /* for the newest believed */

/* A channel of this vital in this class, a value a second. */
static void begin(enum vital vital, enum patient_class class)
{
    const struct vital_range range = vital_range(vital, class);
    belief = (struct belief){.has_heard = false};
    config = (struct channel_config){.vital = vital,
                                     .period_ms = 1000,
                                     .low_milli = range.low_milli,
                                     .high_milli = range.high_milli,
                                     .rate_milli_per_s = range.rate_milli_per_s};
    spikes = 0;
}

static enum quality give_ms(int64_t at_ms, int32_t milli)
{
    const enum quality quality = belief_judge(&belief, &config, at_ms, milli);
    bool spike = false;
    if (quality == QUALITY_VALID) {
        stands = belief_accept(&belief, &config, at_ms, milli, &spike);
        spikes += spike;
    } else {
        belief_reject(&belief, &config, at_ms, milli, quality);
    }
    return quality;
}

static enum quality give(int second, int number)
{
    return give_ms((int64_t)second * 1000, number * 1000);
}

/* --- rate of change ------------------------------------------------------------------------------------------ */

/* In every class, at any poll interval: from one value to the next. */
static void test_what_must_be_believed(void **state)
{
    (void)state;
    static const int32_t jumps[][2] = {{80, 0}, {0, 80}, {150, 240}, {70, 70}, {80, 230}, {60, 200}};
    static const int intervals_ms[] = {50, 500, 1000, 5000, 60000};
    for (enum patient_class class = 0; class < CLASS_COUNT; class ++) {
        for (size_t i = 0; i < sizeof jumps / sizeof jumps[0]; i++) {
            for (size_t k = 0; k < sizeof intervals_ms / sizeof intervals_ms[0]; k++) {
                begin(VITAL_hr, class);
                config.period_ms = (uint32_t)intervals_ms[k];
                assert_int_equal(give_ms(0, jumps[i][0] * 1000), QUALITY_VALID);
                assert_int_equal(give_ms(intervals_ms[k], jumps[i][1] * 1000), QUALITY_VALID);
            }
        }
    }
}

/* Exactly at the largest believable change, and a thousandth beyond. */
static void test_the_limit_itself(void **state)
{
    (void)state;
    begin(VITAL_spo2, CLASS_adult);
    config.high_milli = INT32_MAX;
    assert_int_equal(give_ms(0, 100000), QUALITY_VALID);
    assert_int_equal(give_ms(1000, 50000), QUALITY_VALID);
    assert_int_equal(give_ms(2000, 100001), QUALITY_RATE);
    assert_int_equal(give_ms(3000, 50000), QUALITY_VALID);
    assert_int_equal(give_ms(3100, 0), QUALITY_VALID); /* a monitor shows a new number a second */
    assert_int_equal(give_ms(3300, 50001), QUALITY_RATE);
}

static void test_an_artefact_alone(void **state)
{
    (void)state;
    begin(VITAL_hr, CLASS_adult);
    assert_int_equal(give(0, 72), QUALITY_VALID);
    assert_int_equal(give(1, 277), QUALITY_RATE);
    assert_int_equal(give(2, 73), QUALITY_VALID);
    assert_int_equal(give(3, 277), QUALITY_RATE);
    assert_int_equal(give(4, 74), QUALITY_VALID);
}

/* The second that agrees is believed; others that do not agree with it are too fast again. */
static void test_the_second_in_a_row_is_believed(void **state)
{
    (void)state;
    begin(VITAL_temp, CLASS_adult);
    assert_int_equal(give(0, 37), QUALITY_VALID);
    assert_int_equal(give(1, 20), QUALITY_RATE);
    assert_int_equal(give(2, 22), QUALITY_VALID);
    assert_int_equal(give(3, 37), QUALITY_RATE);
    assert_int_equal(give(4, 20), QUALITY_VALID);
    assert_int_equal(give(5, 44), QUALITY_RATE);
    assert_int_equal(give(6, 32), QUALITY_RATE); /* near neither */
    assert_int_equal(give(7, 33), QUALITY_VALID);
}

/* Two at one instant are one observation, and an implausible one between them is no agreement. */
static void test_what_does_not_second(void **state)
{
    (void)state;
    begin(VITAL_temp, CLASS_adult);
    assert_int_equal(give(0, 37), QUALITY_VALID);
    assert_int_equal(give(1, 20), QUALITY_RATE);
    assert_int_equal(give(1, 20), QUALITY_RATE);
    belief_reject(&belief, &config, 2000, 99000, QUALITY_IMPLAUSIBLE);
    assert_int_equal(give(3, 20), QUALITY_RATE);
    assert_int_equal(give(4, 20), QUALITY_VALID);
}

/* What comes after a hole, or after no number, is believed as the first is. */
static void test_nothing_to_compare_with(void **state)
{
    (void)state;
    static const enum quality no_numbers[] = {QUALITY_ABSENT, QUALITY_SENSOR_OFF, QUALITY_STANDBY, QUALITY_DEMO,
                                              QUALITY_IDENTITY};
    begin(VITAL_temp, CLASS_adult);
    assert_int_equal(give(0, 37), QUALITY_VALID);
    assert_int_equal(give_ms(1500, 20000), QUALITY_RATE);
    begin(VITAL_temp, CLASS_adult);
    assert_int_equal(give(0, 37), QUALITY_VALID);
    assert_int_equal(give_ms(1501, 20000), QUALITY_VALID);
    for (size_t i = 0; i < sizeof no_numbers / sizeof no_numbers[0]; i++) {
        begin(VITAL_spo2, CLASS_adult);
        assert_int_equal(give(0, 98), QUALITY_VALID);
        belief_reject(&belief, &config, 1000, 0, no_numbers[i]);
        assert_int_equal(give(2, 40), QUALITY_VALID);
    }
}

/* Whatever a monitor sends, one value a second within the plausible range: nothing but ever other nonsense is shut out
 * for more than the time in which any value is within reach, and never two in a row that agree. */
static void test_nothing_is_shut_out_for_ever(void **state)
{
    (void)state;
    draw_seed(20261121);
    for (unsigned round = 0; round < 400; round++) {
        begin((enum vital)draw(VITAL_COUNT), (enum patient_class)draw(CLASS_COUNT));
        const int64_t apart = (int64_t)config.high_milli - config.low_milli + 1;
        int64_t rejected_since_ms = -1;
        int32_t before = 0;
        for (int64_t at_ms = 0; at_ms < 60000; at_ms += 1000) {
            const int32_t milli = draw(3) == 0 && at_ms > 0
                                      ? before
                                      : (int32_t)(config.low_milli + (int64_t)draw(UINT32_MAX) * apart / UINT32_MAX);
            if (give_ms(at_ms, milli) == QUALITY_VALID) {
                rejected_since_ms = -1;
            } else {
                assert_true(rejected_since_ms < 0 || milli != before);
                rejected_since_ms = rejected_since_ms < 0 ? at_ms : rejected_since_ms;
                assert_true(at_ms - rejected_since_ms < apart * 1000 / config.rate_milli_per_s);
            }
            before = milli;
        }
    }
}

/* --- frozen -------------------------------------------------------------------------------------------------- */

static void test_frozen(void **state)
{
    (void)state;
    begin(VITAL_resp, CLASS_adult);
    config.frozen_ms = 10000;
    for (int second = 0; second < 10; second++) {
        assert_int_equal(give(second, 16), QUALITY_VALID);
    }
    for (int second = 10; second < 100; second++) {
        assert_int_equal(give(second, 16), QUALITY_FROZEN);
    }
    assert_int_equal(give_ms(100000, 16001), QUALITY_VALID); /* the first that differs */
    assert_int_equal(give(101, 16), QUALITY_VALID);
}

/* A paced heart, for an hour: nobody said that it must not. */
static void test_a_constant_70(void **state)
{
    (void)state;
    begin(VITAL_hr, CLASS_adult);
    for (int second = 0; second < 3600; second++) {
        assert_int_equal(give(second, 70), QUALITY_VALID);
    }
}

/* The time counts anew after a hole, after no number, and after another one, believed or not. */
static void test_what_ends_a_frozen_stretch(void **state)
{
    (void)state;
    begin(VITAL_hr, CLASS_adult);
    config.frozen_ms = 3000;
    assert_int_equal(give(0, 70), QUALITY_VALID);
    assert_int_equal(give(2, 70), QUALITY_VALID); /* after a hole */
    assert_int_equal(give(3, 70), QUALITY_VALID);
    belief_reject(&belief, &config, 4000, 0, QUALITY_ABSENT);
    assert_int_equal(give(5, 70), QUALITY_VALID);
    assert_int_equal(give(6, 70), QUALITY_VALID);
    assert_int_equal(give(7, 299), QUALITY_RATE);
    assert_int_equal(give(8, 70), QUALITY_VALID);
    assert_int_equal(give(9, 70), QUALITY_VALID);
    assert_int_equal(give(10, 70), QUALITY_VALID);
    assert_int_equal(give(11, 70), QUALITY_FROZEN);
}

/* --- spikes -------------------------------------------------------------------------------------------------- */

static void expect_stands(int second, int number, int milli)
{
    assert_int_equal(give(second, number), QUALITY_VALID);
    assert_int_equal(stands, milli * 1000);
}

static void test_a_spike_never_shows(void **state)
{
    (void)state;
    begin(VITAL_hr, CLASS_adult);
    config.median = true;
    expect_stands(0, 72, 72);
    expect_stands(1, 73, 73);
    expect_stands(2, 180, 73);
    assert_int_equal(spikes, 0); /* who knows yet */
    expect_stands(3, 74, 74);
    assert_int_equal(spikes, 1);
    expect_stands(4, 20, 74);
    expect_stands(5, 75, 74);
    assert_int_equal(spikes, 2);
}

/* With its second observation, one later. */
static void test_a_new_level_shows(void **state)
{
    (void)state;
    begin(VITAL_hr, CLASS_adult);
    config.median = true;
    expect_stands(0, 80, 80);
    expect_stands(1, 80, 80);
    expect_stands(2, 0, 80);
    expect_stands(3, 0, 0);
    expect_stands(4, 0, 0);
    assert_int_equal(spikes, 0);
}

/* One that was too fast and is seconded counts as one of the three: it costs no second delay. */
static void test_a_new_level_that_was_too_fast(void **state)
{
    (void)state;
    begin(VITAL_spo2, CLASS_adult);
    config.median = true;
    expect_stands(0, 98, 98);
    expect_stands(1, 98, 98);
    assert_int_equal(give(2, 40), QUALITY_RATE);
    expect_stands(3, 41, 41);
    assert_int_equal(spikes, 0);
}

/* Of two at one instant the last wins, and a spike is one spike however often it is said. */
static void test_two_at_one_instant(void **state)
{
    (void)state;
    begin(VITAL_hr, CLASS_adult);
    config.median = true;
    expect_stands(0, 70, 70);
    expect_stands(1, 71, 71);
    expect_stands(2, 200, 71);
    expect_stands(3, 72, 72);
    assert_int_equal(spikes, 1);
    expect_stands(3, 74, 74);
    assert_int_equal(spikes, 1);
    expect_stands(4, 75, 75);
    assert_int_equal(spikes, 1);
}

/* Fewer than three stand for themselves: at the beginning, and behind a hole. */
static void test_fewer_than_three(void **state)
{
    (void)state;
    begin(VITAL_hr, CLASS_adult);
    config.median = true;
    expect_stands(0, 72, 72);
    expect_stands(1, 200, 200);
    expect_stands(2, 73, 73);
    expect_stands(10, 200, 200);
    expect_stands(11, 100, 100);
    expect_stands(12, 101, 101);
}

/* Against sorting: each answer is the middle one of the newest three. */
static void test_medians_at_random(void **state)
{
    (void)state;
    draw_seed(5);
    begin(VITAL_hr, CLASS_adult);
    config.median = true;
    config.rate_milli_per_s = 0;
    int32_t last[3] = {0, 0, 0};
    for (int second = 0; second < 5000; second++) {
        last[second % 3] = (int32_t)draw(6) * 1000;
        assert_int_equal(give_ms((int64_t)second * 1000, last[second % 3]), QUALITY_VALID);
        unsigned below = 0, above = 0;
        for (unsigned i = 0; i < 3; i++) {
            below += last[i] < stands;
            above += last[i] > stands;
        }
        assert_true(second < 2 || (below <= 1 && above <= 1));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_must_be_believed),
        cmocka_unit_test(test_the_limit_itself),
        cmocka_unit_test(test_an_artefact_alone),
        cmocka_unit_test(test_the_second_in_a_row_is_believed),
        cmocka_unit_test(test_what_does_not_second),
        cmocka_unit_test(test_nothing_to_compare_with),
        cmocka_unit_test(test_nothing_is_shut_out_for_ever),
        cmocka_unit_test(test_frozen),
        cmocka_unit_test(test_a_constant_70),
        cmocka_unit_test(test_what_ends_a_frozen_stretch),
        cmocka_unit_test(test_a_spike_never_shows),
        cmocka_unit_test(test_a_new_level_shows),
        cmocka_unit_test(test_a_new_level_that_was_too_fast),
        cmocka_unit_test(test_two_at_one_instant),
        cmocka_unit_test(test_fewer_than_three),
        cmocka_unit_test(test_medians_at_random),
    };
    return cmocka_run_group_tests_name("belief", tests, NULL, NULL);
}
