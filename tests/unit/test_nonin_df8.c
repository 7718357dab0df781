/* Nonin data format 8: four bytes a second, without a checksum. */
#include "tests/unit/support/draw.h"
#include "tests/unit/support/serial_bench.h"

static uint8_t bytes[64];

static void say(unsigned pulse, unsigned spo2, uint8_t status, uint8_t status2)
{
    bench_next(bytes, make_df8(pulse, spo2, status, status2, bytes));
}

/* Until what it says is believed. */
static void settle(unsigned pulse, unsigned spo2)
{
    bench_use(&nonin_df8_protocol);
    say(pulse, spo2, 0, 0);
    assert_int_equal(t.count, 0);
    say(pulse, spo2, 0, 0);
    assert_int_equal(t.count, 0);
    say(pulse, spo2, 0, 0);
    assert_value(VITAL_spo2, QUALITY_VALID, (int32_t)spo2 * 1000);
    assert_value(VITAL_pulse, QUALITY_VALID, (int32_t)pulse * 1000);
    assert_int_equal(count_kind(OBSERVATION_HEARD), 1);
}

static void test_the_third_frame_is_believed(void **state)
{
    (void)state;
    settle(74, 96);
    settle(127, 100);
    settle(128, 0);
    settle(300, 88);
    assert_int_equal(t.skipped, 0);
}

static void test_signals(void **state)
{
    (void)state;
    settle(74, 96);
    say(74, 96, 0x20, 0x01);
    assert_int_equal(signal_said("out_of_track"), 1);
    assert_int_equal(signal_said("low_battery"), 1);
    assert_value(VITAL_spo2, QUALITY_VALID, 96000);
    say(74, 96, 0x10 | 0x04, 0x20); /* SmartPoint says nothing to us */
    assert_int_equal(signal_said("out_of_track"), 0);
    assert_int_equal(signal_said("low_battery"), 0);
    assert_int_equal(signal_said("low_perfusion"), 1);
    assert_int_equal(signal_said("artifact"), 1);
    assert_int_equal(signal_said("sensor_off"), -1);
}

/* The finger is gone: the values go on for 10 s, with the sensor alarm. */
static void test_held_values_are_not_current(void **state)
{
    (void)state;
    settle(74, 96);
    say(74, 96, 0, ALARM);
    assert_null(bench_value(VITAL_spo2)); /* it was on the finger before: not believed at once */
    say(74, 96, 0, ALARM);
    assert_value(VITAL_spo2, QUALITY_SENSOR_OFF, 0);
    assert_value(VITAL_pulse, QUALITY_SENSOR_OFF, 0);
    assert_int_equal(signal_said("sensor_off"), 1);
    say(NO_PULSE, NO_SPO2, 0, ALARM);
    say(NO_PULSE, NO_SPO2, 0, ALARM);
    assert_value(VITAL_spo2, QUALITY_SENSOR_OFF, 0);
    say(NO_PULSE, NO_SPO2, DISCONNECTED, 0);
    assert_value(VITAL_spo2, QUALITY_SENSOR_OFF, 0);
}

static void test_missing_values(void **state)
{
    (void)state;
    settle(74, 96);
    say(NO_PULSE, 96, 0, 0);
    assert_null(bench_value(VITAL_pulse));
    say(NO_PULSE, 96, 0, 0);
    assert_value(VITAL_pulse, QUALITY_ABSENT, 0);
    assert_value(VITAL_spo2, QUALITY_VALID, 96000);
    say(NO_PULSE, NO_SPO2, 0, 0);
    say(NO_PULSE, NO_SPO2, 0, 0);
    assert_value(VITAL_spo2, QUALITY_ABSENT, 0);
}

/* A jump shows when it is said again; a single frame that jumps never does, and costs nothing else. */
static void test_a_jump_is_said_twice(void **state)
{
    (void)state;
    settle(74, 96);
    say(74, 92, 0, 0);
    assert_value(VITAL_spo2, QUALITY_VALID, 92000);
    say(74, 87, 0, 0);
    assert_null(bench_value(VITAL_spo2));
    say(74, 92, 0, 0);
    assert_value(VITAL_spo2, QUALITY_VALID, 92000);
    say(110, 92, 0, 0);
    assert_null(bench_value(VITAL_pulse));
    say(112, 92, 0, 0);
    assert_value(VITAL_pulse, QUALITY_VALID, 112000);
}

/* As steep as patients get: nothing of it is lost. */
static void test_a_steep_fall_is_followed(void **state)
{
    (void)state;
    settle(140, 98);
    for (unsigned i = 1; i <= 8; i++) {
        say(140 - 15 * i, 98 - 4 * i, 0, 0);
        assert_value(VITAL_spo2, QUALITY_VALID, (int32_t)(98 - 4 * i) * 1000);
        assert_value(VITAL_pulse, QUALITY_VALID, (int32_t)(140 - 15 * i) * 1000);
    }
}

/* The bound that the decoder promises: every wrong bit costs at most 3 s, and what passes is near. */
static void test_a_wrong_bit(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 32; bit++) {
        unsigned missing = 0;
        settle(74, 96);
        for (unsigned i = 0; i < 6; i++) {
            (void)make_df8(74, 96, 0, 0, bytes);
            bytes[bit / 8] ^= (uint8_t)(i == 0 ? 1U << bit % 8 : 0);
            bench_next(bytes, 4);
            const struct observation *spo2 = bench_value(VITAL_spo2);
            const struct observation *pulse = bench_value(VITAL_pulse);
            missing += spo2 == NULL;
            if (spo2 != NULL) {
                assert_non_null(pulse);
                assert_int_equal(spo2->quality, QUALITY_VALID);
                assert_in_range(spo2->value_milli, 92000, 100000);
                assert_in_range(pulse->value_milli, 58000, 90000);
            }
        }
        assert_in_range(missing, 0, 3);
        assert_value(VITAL_spo2, QUALITY_VALID, 96000);
    }
}

static void test_broken_frames(void **state)
{
    (void)state;
    settle(74, 96);
    (void)make_df8(74, 96, 0, 0, bytes);
    (void)make_df8(74, 96, 0, 0, bytes + 2); /* begins before the first has ended */
    bench_next(bytes, 6);
    assert_int_equal(t.broken[STATUS_SHORT_FRAME], 1);
    assert_int_equal(t.skipped, 2);
    assert_int_equal(t.count, 0);
    (void)make_df8(74, 101, 0, 0, bytes); /* more than all of it */
    bench_next(bytes, 4);
    assert_int_equal(t.broken[STATUS_CORRUPT], 1);
    assert_int_equal(t.count, 0);
}

static void test_a_pause_ends_a_frame(void **state)
{
    (void)state;
    settle(74, 96);
    (void)make_df8(74, 96, 0, 0, bytes);
    bench_next(bytes, 2);
    t.now_us += STREAM_PAUSE_US + 1;
    bench_feed(bytes + 2, 2);
    assert_int_equal(t.sound, 3);
    assert_int_equal(t.skipped, 4);
    bench_next(bytes, 1); /* within the pause it is one frame */
    t.now_us += STREAM_PAUSE_US;
    bench_feed(bytes + 1, 3);
    assert_int_equal(t.sound, 4);
}

/* Hours of bytes by chance at the full speed of the line: nothing is believed. */
static void test_noise_gives_nothing(void **state)
{
    (void)state;
    draw_seed(20240229);
    bench_use(&nonin_df8_protocol);
    for (unsigned i = 0; i < 200000; i++) {
        for (size_t j = 0; j < sizeof bytes; j++) {
            bytes[j] = (uint8_t)draw(256);
        }
        bench_feed(bytes, sizeof bytes);
    }
    assert_int_equal(t.count, 0);
    assert_true(t.skipped > 1000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_the_third_frame_is_believed),
                                       cmocka_unit_test(test_signals),
                                       cmocka_unit_test(test_held_values_are_not_current),
                                       cmocka_unit_test(test_missing_values),
                                       cmocka_unit_test(test_a_jump_is_said_twice),
                                       cmocka_unit_test(test_a_steep_fall_is_followed),
                                       cmocka_unit_test(test_a_wrong_bit),
                                       cmocka_unit_test(test_broken_frames),
                                       cmocka_unit_test(test_a_pause_ends_a_frame),
                                       cmocka_unit_test(test_noise_gives_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
