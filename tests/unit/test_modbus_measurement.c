/* One observation per measurement of an episodic vital, and what happens when another monitor answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/support/decode_bench.h"

/* --- measurements -------------------------------------------------------------------------------------------- */

static void test_a_counter_tells_of_a_measurement(void **state)
{
    (void)state;
    static const enum vital cuff[] = {VITAL_nibp_sys, VITAL_nibp_dia, VITAL_nibp_mean};
    for (uint16_t i = 0; i < 3; i++) {
        struct profile_channel *channel = add_episodic(cuff[i], i);
        channel->has_changed_by = true;
        channel->changed_by = 9;
        t.registers[i] = (uint16_t)(120 - 20 * i);
    }
    t.registers[9] = 4;
    answer(0, 10);
    assert_value(VITAL_nibp_sys, QUALITY_VALID, 120000);
    assert_flags(VITAL_nibp_sys, OBSERVATION_AGE_UNKNOWN);
    assert_flags(VITAL_nibp_mean, OBSERVATION_AGE_UNKNOWN);
    answer(0, 10);
    assert_int_equal(count_kind(OBSERVATION_VALUE), 0);
    t.registers[0] = 125; /* without its counter that is no measurement */
    answer(0, 10);
    assert_int_equal(count_kind(OBSERVATION_VALUE), 0);
    t.registers[9] = 5; /* the same values again, if need be */
    answer(0, 10);
    assert_int_equal(count_kind(OBSERVATION_VALUE), 3);
    assert_value(VITAL_nibp_sys, QUALITY_VALID, 125000);
    assert_flags(VITAL_nibp_sys, 0);
    assert_value(VITAL_nibp_dia, QUALITY_VALID, 100000);
    answer(0, 10);
    assert_int_equal(count_kind(OBSERVATION_VALUE), 0);
}

static void test_a_counter_in_another_answer(void **state)
{
    (void)state;
    struct profile_channel *channel = add_episodic(VITAL_glucose, 0);
    channel->has_changed_by = true;
    channel->changed_by = 100;
    t.registers[0] = 5;
    answer(0, 1);
    assert_int_equal(count_kind(OBSERVATION_VALUE), 0); /* nobody knows yet whether it is one */
    answer(100, 1);
    assert_int_equal(count_kind(OBSERVATION_VALUE), 0);
    answer(0, 1);
    assert_flags(VITAL_glucose, OBSERVATION_AGE_UNKNOWN);
    t.registers[0] = 6;
    t.registers[100] = 1;
    answer(100, 1);
    assert_int_equal(count_kind(OBSERVATION_VALUE), 0);
    answer(0, 1);
    assert_value(VITAL_glucose, QUALITY_VALID, 6000);
    answer(0, 1);
    assert_int_equal(count_kind(OBSERVATION_VALUE), 0);
}

static void test_without_a_counter_the_group_tells(void **state)
{
    (void)state;
    add_episodic(VITAL_nibp_sys, 0);
    struct profile_channel *dia = add_episodic(VITAL_nibp_dia, 1);
    dia->absent[0] = 0xFFFF;
    dia->absent_count = 1;
    add_episodic(VITAL_temp, 2);
    t.registers[0] = 120;
    t.registers[1] = 80;
    t.registers[2] = 37;
    answer(0, 3);
    assert_int_equal(count_kind(OBSERVATION_VALUE), 3);
    assert_flags(VITAL_nibp_dia, OBSERVATION_AGE_UNKNOWN);
    t.registers[0] = 121;
    answer(0, 3);
    assert_int_equal(count_kind(OBSERVATION_VALUE), 2); /* both pressures, not the temperature */
    assert_value(VITAL_nibp_dia, QUALITY_VALID, 80000);
    assert_flags(VITAL_nibp_dia, 0);
    t.registers[1] = 0xFFFF;
    answer(0, 3);
    assert_value(VITAL_nibp_sys, QUALITY_VALID, 121000);
    assert_value(VITAL_nibp_dia, QUALITY_ABSENT, 0);
    answer(0, 3);
    assert_int_equal(count_kind(OBSERVATION_VALUE), 0);
    t.registers[2] = 38;
    answer(0, 3);
    assert_int_equal(count_kind(OBSERVATION_VALUE), 1);
    assert_value(VITAL_temp, QUALITY_VALID, 38000);
}

static void test_nothing_while_the_cuff_inflates(void **state)
{
    (void)state;
    add_episodic(VITAL_nibp_sys, 0);
    add_episodic(VITAL_nibp_dia, 1);
    add_episodic(VITAL_temp, 2);
    add_bit(3, 0, SIGNAL_cuff_inflating, 0); /* the whole monitor has one cuff, and the temperature is not its */
    t.registers[0] = 120;
    t.registers[3] = 1;
    answer(0, 4);
    assert_null(value_of(VITAL_nibp_sys));
    assert_flags(VITAL_temp, OBSERVATION_AGE_UNKNOWN);
    t.registers[3] = 0;
    answer(0, 4);
    assert_flags(VITAL_nibp_sys, OBSERVATION_AGE_UNKNOWN);
    t.registers[3] = 1;
    t.registers[0] = 180; /* on the way up, then broken off */
    answer(0, 4);
    assert_null(value_of(VITAL_nibp_sys));
    t.registers[3] = 0;
    t.registers[0] = 120;
    answer(0, 4);
    assert_null(value_of(VITAL_nibp_sys));
    t.registers[3] = 1;
    answer(0, 4);
    t.registers[3] = 0;
    t.registers[0] = 118;
    answer(0, 4);
    assert_value(VITAL_nibp_sys, QUALITY_VALID, 118000);
    assert_flags(VITAL_nibp_sys, 0);
}

static void test_a_counter_that_moved_while_inflating(void **state)
{
    (void)state;
    struct profile_channel *channel = add_episodic(VITAL_nibp_sys, 0);
    channel->has_changed_by = true;
    channel->changed_by = 1;
    add_bit(2, 0, SIGNAL_cuff_inflating, UINT32_C(1) << VITAL_nibp_sys);
    answer(0, 3);
    t.registers[1] = 1;
    t.registers[2] = 1;
    answer(0, 3);
    assert_null(value_of(VITAL_nibp_sys));
    t.registers[0] = 111;
    t.registers[2] = 0;
    answer(0, 3);
    assert_value(VITAL_nibp_sys, QUALITY_VALID, 111000);
}

static void test_after_a_silence_the_age_is_unknown(void **state)
{
    (void)state;
    add_episodic(VITAL_glucose, 0);
    t.registers[0] = 5;
    answer(0, 1);
    decode_forget(&t.state);
    answer(0, 1);
    assert_value(VITAL_glucose, QUALITY_VALID, 5000);
    assert_flags(VITAL_glucose, OBSERVATION_AGE_UNKNOWN);
}

/* --- identity ------------------------------------------------------------------------------------------------ */

static void test_another_monitor_is_noticed(void **state)
{
    (void)state;
    add(VITAL_hr, 0, TYPE_U16);
    add_episodic(VITAL_glucose, 1);
    t.profile.identity_register = 90;
    t.profile.identity_count = 2;
    t.registers[0] = 72;
    t.registers[1] = 5;
    t.registers[91] = 0x1234;
    answer(90, 2);
    answer(0, 2);
    assert_value(VITAL_hr, QUALITY_VALID, 72000);
    t.registers[91] = 0x1235;
    answer(90, 2);
    assert_value(VITAL_hr, QUALITY_IDENTITY, 0); /* at once, what was measured before included */
    assert_value(VITAL_glucose, QUALITY_IDENTITY, 0);
    answer(90, 2);
    assert_int_equal(count_kind(OBSERVATION_VALUE), 0);
    answer(0, 2);
    assert_value(VITAL_hr, QUALITY_IDENTITY, 72000);
    decode_forget(&t.state); /* a silence does not make it the right one */
    answer(0, 2);
    assert_value(VITAL_hr, QUALITY_IDENTITY, 72000);
    t.registers[91] = 0x1234;
    answer(90, 2);
    answer(0, 2);
    assert_value(VITAL_hr, QUALITY_VALID, 72000);
    assert_value(VITAL_glucose, QUALITY_VALID, 5000);
    assert_flags(VITAL_glucose, OBSERVATION_AGE_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_a_counter_tells_of_a_measurement, set_up),
        cmocka_unit_test_setup(test_a_counter_in_another_answer, set_up),
        cmocka_unit_test_setup(test_without_a_counter_the_group_tells, set_up),
        cmocka_unit_test_setup(test_nothing_while_the_cuff_inflates, set_up),
        cmocka_unit_test_setup(test_a_counter_that_moved_while_inflating, set_up),
        cmocka_unit_test_setup(test_after_a_silence_the_age_is_unknown, set_up),
        cmocka_unit_test_setup(test_another_monitor_is_noticed, set_up),
    };
    return cmocka_run_group_tests_name("modbus measurements", tests, NULL, NULL);
}
