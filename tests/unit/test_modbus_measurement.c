/* One observation per measurement of an episodic vital, registers that are not there, and who answers. */
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

/* --- registers that are not there ---------------------------------------------------------------------------- */

static void refuse(uint16_t first, uint16_t count)
{
    const struct request request = {.table = TABLE_HOLDING, .first = first, .count = count};
    t.count = 0;
    decode_refused(&t.monitor, &t.state, &request, t.now_ms, &t.sink);
}

static void test_a_refused_vital_is_named(void **state)
{
    (void)state;
    add(VITAL_hr, 0, TYPE_U16);
    add(VITAL_insulation, 1, TYPE_U32);
    add(VITAL_spo2, 1, TYPE_U16); /* the same register, for another vital */
    add_bit(3, 0, SIGNAL_standby, 0);
    refuse(1, 1);
    assert_int_equal(t.count, 1);
    assert_int_equal(t.seen[0].kind, OBSERVATION_REFUSED);
    assert_int_equal(t.seen[0].vital, VITAL_spo2);
    assert_int_equal(t.seen[0].value_milli, 1);
    assert_int_equal(t.seen[0].bed, 7);
    assert_int_equal(t.seen[0].monitor, 2);
    assert_int_equal(t.seen[0].at_ms, t.now_ms);
    refuse(1, 2);
    assert_int_equal(t.count, 2);
    refuse(1, 2); /* said again each time: whoever listens may be new */
    assert_int_equal(t.count, 2);
    refuse(3, 1);
    assert_int_equal(t.count, 0);
    answer(0, 1);
    assert_int_equal(count_kind(OBSERVATION_REFUSED), 0);
    answer(1, 1);
    assert_int_equal(count_kind(OBSERVATION_REFUSED), 1);
    assert_int_equal(t.seen[0].vital, VITAL_spo2);
    assert_int_equal(t.seen[0].value_milli, 0);
    decode_forget(&t.state); /* a silence says nothing about it */
    answer(1, 2);
    assert_int_equal(count_kind(OBSERVATION_REFUSED), 1);
    assert_int_equal(t.seen[0].vital, VITAL_insulation);
    answer(0, 4);
    assert_int_equal(count_kind(OBSERVATION_REFUSED), 0);
}

/* Another profile's counter, or another firmware's: the values themselves must do. */
static void test_a_counter_that_is_not_there(void **state)
{
    (void)state;
    static const enum vital cuff[] = {VITAL_nibp_sys, VITAL_nibp_dia};
    for (uint16_t i = 0; i < 2; i++) {
        struct profile_channel *channel = add_episodic(cuff[i], i);
        channel->has_changed_by = true;
        channel->changed_by = 9;
        t.registers[i] = 120;
    }
    refuse(9, 1);
    assert_int_equal(t.count, 0); /* no vital is lost by it */
    answer(0, 2);
    assert_int_equal(count_kind(OBSERVATION_VALUE), 2);
    assert_flags(VITAL_nibp_sys, OBSERVATION_AGE_UNKNOWN);
    refuse(9, 1);
    answer(0, 2);
    assert_int_equal(count_kind(OBSERVATION_VALUE), 0);
    t.registers[1] = 80;
    answer(0, 2);
    assert_int_equal(count_kind(OBSERVATION_VALUE), 2); /* one cuff */
    assert_flags(VITAL_nibp_sys, 0);
    t.registers[9] = 120; /* it is there after all, and happens to be what the value was */
    answer(9, 1);
    answer(0, 2);
    assert_flags(VITAL_nibp_sys, OBSERVATION_AGE_UNKNOWN);
    t.registers[0] = 130; /* again no measurement without its counter */
    answer(9, 1);
    answer(0, 2);
    assert_int_equal(count_kind(OBSERVATION_VALUE), 0);
}

static void test_an_exception_is_a_sign_of_life(void **state)
{
    (void)state;
    decode_heard(&t.monitor, 1234, &t.sink);
    assert_int_equal(t.count, 1);
    assert_int_equal(t.seen[0].kind, OBSERVATION_HEARD);
    assert_int_equal(t.seen[0].bed, 7);
    assert_int_equal(t.seen[0].monitor, 2);
    assert_int_equal(t.seen[0].at_ms, 1234);
}

/* --- identity ------------------------------------------------------------------------------------------------ */

static void assert_identity(const void *bytes, size_t length)
{
    assert_int_equal(count_kind(OBSERVATION_IDENTITY), 1);
    assert_int_equal(t.seen[0].kind, OBSERVATION_IDENTITY); /* before the values it holds for */
    assert_int_equal(t.seen[0].value_milli, identity_hash(bytes, length));
    assert_int_equal(t.seen[0].bed, 7);
    assert_int_equal(t.seen[0].monitor, 2);
}

static void test_the_identity_comes_first(void **state)
{
    (void)state;
    add(VITAL_hr, 92, TYPE_U16);
    add_bit(93, 0, SIGNAL_standby, 0);
    t.profile.identity_register = 90;
    t.profile.identity_count = 2;
    t.registers[90] = 0x4142;
    t.registers[91] = 0x0043;
    t.registers[92] = 72;
    for (unsigned i = 0; i < 2; i++) { /* whenever it is read */
        answer(88, 6);
        assert_identity("AB\0C", 4);
        assert_value(VITAL_hr, QUALITY_VALID, 72000);
    }
    answer(90, 1); /* half of it */
    assert_int_equal(count_kind(OBSERVATION_IDENTITY), 0);
    answer(92, 2);
    assert_int_equal(count_kind(OBSERVATION_IDENTITY), 0);
}

static void test_no_identity(void **state)
{
    (void)state;
    t.profile.identity_register = 0;
    t.profile.identity_count = 3;
    answer(0, 3);
    assert_int_equal(count_kind(OBSERVATION_IDENTITY), 0);
    t.registers[0] = t.registers[1] = t.registers[2] = 0xFFFF;
    answer(0, 3);
    assert_int_equal(count_kind(OBSERVATION_IDENTITY), 0);
    t.registers[0] = 0;
    answer(0, 3);
    assert_identity("\0\0\377\377\377\377", 6);
    t.registers[0] = t.registers[1] = t.registers[2] = 0x4141;
    answer(0, 3);
    assert_identity("AAAAAA", 6);
}

/* Whose patient it is the engine decides; here all that was known of the other one is forgotten. */
static void test_another_monitor_begins_anew(void **state)
{
    (void)state;
    add(VITAL_hr, 0, TYPE_U16);
    add_episodic(VITAL_glucose, 1);
    add_bit(2, 0, SIGNAL_standby, UINT32_C(1) << VITAL_spo2);
    t.profile.identity_register = 90;
    t.profile.identity_count = 2;
    t.registers[0] = 72;
    t.registers[1] = 5;
    t.registers[91] = 0x1234;
    answer(90, 2);
    answer(0, 3);
    answer(0, 3);
    assert_null(value_of(VITAL_glucose));
    t.registers[90] = t.registers[91] = 0; /* it does not say just now */
    answer(90, 2);
    t.registers[91] = 0x1234;
    answer(90, 2);
    answer(0, 3);
    assert_null(value_of(VITAL_glucose));
    t.registers[91] = 0x1235;
    answer(90, 2);
    answer(0, 3);
    assert_value(VITAL_hr, QUALITY_VALID, 72000);
    assert_flags(VITAL_glucose, OBSERVATION_AGE_UNKNOWN);
    assert_int_equal(count_kind(OBSERVATION_SIGNAL), 1);
    t.registers[91] = 0x1234; /* the first one is back: as new as any */
    answer(90, 2);
    answer(0, 3);
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
        cmocka_unit_test_setup(test_a_refused_vital_is_named, set_up),
        cmocka_unit_test_setup(test_a_counter_that_is_not_there, set_up),
        cmocka_unit_test_setup(test_an_exception_is_a_sign_of_life, set_up),
        cmocka_unit_test_setup(test_the_identity_comes_first, set_up),
        cmocka_unit_test_setup(test_no_identity, set_up),
        cmocka_unit_test_setup(test_another_monitor_begins_anew, set_up),
    };
    return cmocka_run_group_tests_name("modbus measurements", tests, NULL, NULL);
}
