/* Nonin data format 13: spot checks. */
#include "tests/unit/support/serial_bench.h"

enum { NOT_MEASURED = 0x0100, SMART_POINT = 0x0200, FROM_MEMORY = 0x0010, BATTERY_LOW = 0x0001 };

static uint8_t bytes[256];

static void test_the_documented_layout(void **state)
{
    (void)state;
    static const uint8_t frame[] = {0x00, 0x02, 0x00, 0x0D, 0x00, 0x0E, 0x20, 0x24, 0x02, 0x29, 0x13,
                                    0x45, 0x07, 0x50, 0x02, 0x00, 0x01, 0x2C, 0x00, 0x61, 0xAE, 0x03};
    bench_use(&nonin_df13_protocol);
    bench_next(frame, sizeof frame);
    assert_value(VITAL_pulse, QUALITY_VALID, 300000); /* 9 bits, not split at seven */
    assert_value(VITAL_spo2, QUALITY_VALID, 97000);
    assert_int_equal(count_kind(OBSERVATION_HEARD), 1);
    assert_int_equal(t.skipped, 0);
}

/* Also two in a minute: a measurement is never left out because another was soon before. */
static void test_each_measurement_counts(void **state)
{
    (void)state;
    bench_use(&nonin_df13_protocol);
    for (uint8_t second = 0; second < 3; second++) {
        t.now_us += 1000000;
        t.count = 0;
        bench_feed(bytes, make_df13(70U + second, 97, SMART_POINT, second, bytes));
        assert_value(VITAL_pulse, QUALITY_VALID, 70000 + second * 1000);
        assert_value(VITAL_spo2, QUALITY_VALID, 97000);
    }
    t.count = 0;
    bench_feed(bytes, 22); /* the same frame again */
    assert_int_equal(count_kind(OBSERVATION_VALUE), 0);
    assert_int_equal(count_kind(OBSERVATION_HEARD), 1);
}

static void test_old_readings_are_heard_and_not_used(void **state)
{
    (void)state;
    bench_use(&nonin_df13_protocol);
    bench_next(bytes, make_df13(70, 97, FROM_MEMORY | SMART_POINT, 1, bytes));
    assert_int_equal(count_kind(OBSERVATION_VALUE), 0);
    assert_int_equal(count_kind(OBSERVATION_HEARD), 1);
    bench_next(bytes, make_df13(70, 97, NOT_MEASURED, 2, bytes));
    assert_int_equal(count_kind(OBSERVATION_VALUE), 0);
    bench_next(bytes, make_df13(NO_PULSE, NO_SPO2, 0, 3, bytes));
    assert_int_equal(count_kind(OBSERVATION_VALUE), 0);
    bench_next(bytes, make_df13(NO_PULSE, 95, 0, 4, bytes));
    assert_null(bench_value(VITAL_pulse));
    assert_value(VITAL_spo2, QUALITY_VALID, 95000);
}

static void test_the_battery(void **state)
{
    (void)state;
    bench_use(&nonin_df13_protocol);
    bench_next(bytes, make_df13(70, 97, BATTERY_LOW, 1, bytes));
    assert_int_equal(signal_said("low_battery"), 1);
    assert_value(VITAL_pulse, QUALITY_VALID, 70000);
    bench_next(bytes, make_df13(70, 97, 0, 2, bytes));
    assert_int_equal(signal_said("low_battery"), 0);
}

/* What later editions add is passed over, but in the sum. */
static void test_longer_frames(void **state)
{
    (void)state;
    bench_use(&nonin_df13_protocol);
    for (uint8_t data_bytes = 14; data_bytes <= 64; data_bytes++) {
        (void)make_df13(70, 80U + data_bytes % 20U, 0, data_bytes, bytes);
        memset(bytes + 20, 0xA5, data_bytes - 14U);
        bench_next(bytes, seal_df13(bytes, data_bytes));
        assert_value(VITAL_spo2, QUALITY_VALID, (80 + data_bytes % 20) * 1000);
    }
    assert_int_equal(t.skipped, 0);
    (void)make_df13(70, 80, 0, 1, bytes);
    bench_next(bytes, seal_df13(bytes, 65));
    assert_int_equal(t.count, 0);
    assert_int_equal(t.broken[STATUS_BAD_HEADER], 1);
    (void)make_df13(70, 80, 0, 1, bytes);
    bench_next(bytes, seal_df13(bytes, 13));
    assert_int_equal(t.count, 0);
    assert_int_equal(t.broken[STATUS_BAD_HEADER], 2);
}

static void test_a_wrong_bit_costs_one_frame(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 22 * 8; bit++) {
        bench_use(&nonin_df13_protocol);
        (void)make_df13(70, 97, 0, 1, bytes);
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        bench_next(bytes, 22);
        assert_int_equal(t.count, 0);
        bench_next(bytes, make_df13(71, 96, 0, 2, bytes));
        assert_value(VITAL_pulse, QUALITY_VALID, 71000);
        assert_value(VITAL_spo2, QUALITY_VALID, 96000);
    }
}

static void test_faults_are_told_apart(void **state)
{
    (void)state;
    bench_use(&nonin_df13_protocol);
    (void)make_df13(70, 97, 0, 1, bytes);
    bytes[19] ^= 1;
    bench_next(bytes, 22);
    assert_int_equal(t.broken[STATUS_BAD_CHECKSUM], 1);
    (void)make_df13(70, 97, 0, 1, bytes);
    bytes[21] = 0x04;
    bench_next(bytes, 22);
    assert_int_equal(t.broken[STATUS_WRONG_LENGTH], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_the_documented_layout),
                                       cmocka_unit_test(test_each_measurement_counts),
                                       cmocka_unit_test(test_old_readings_are_heard_and_not_used),
                                       cmocka_unit_test(test_the_battery),
                                       cmocka_unit_test(test_longer_frames),
                                       cmocka_unit_test(test_a_wrong_bit_costs_one_frame),
                                       cmocka_unit_test(test_faults_are_told_apart)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
