/* From the bytes of an answer to observations: word orders, coils, bits and what they say about values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "app/engine/signal.h"
#include "drivers/monitor/modbus/decode.h"
#include "tests/unit/support/decode_bench.h"
#include "tests/unit/support/draw.h"

/* --- registers ----------------------------------------------------------------------------------------------- */

static void test_word_orders(void **state)
{
    (void)state;
    static const uint16_t words[][2] = {[WORDS_ABCD] = {0x0001, 0xE240},
                                        [WORDS_CDAB] = {0xE240, 0x0001},
                                        [WORDS_BADC] = {0x0100, 0x40E2},
                                        [WORDS_DCBA] = {0x40E2, 0x0100}};
    for (unsigned order = 0; order < 4; order++) {
        for (unsigned type = TYPE_U32; type <= TYPE_F32; type++) {
            (void)set_up(NULL);
            struct profile_channel *channel = add(VITAL_insulation, 3, (enum register_type)type);
            channel->words = (enum word_order)order;
            t.registers[3] = words[order][0];
            t.registers[4] = words[order][1];
            answer(0, 6);
            assert_value(VITAL_insulation, QUALITY_VALID, type == TYPE_F32 ? 0 : 123456000);
        }
    }
    (void)set_up(NULL);
    add(VITAL_glucose, 0, TYPE_F32)->words = WORDS_CDAB;
    t.registers[0] = 0x0000;
    t.registers[1] = 0x40B0; /* 5.5 */
    answer(0, 2);
    assert_value(VITAL_glucose, QUALITY_VALID, 5500);
}

static void test_coils(void **state)
{
    (void)state;
    add(VITAL_gas_pressure, 21, TYPE_U16)->table = TABLE_COIL;
    add(VITAL_room_pressure, 29, TYPE_F32)->table = TABLE_DISCRETE;
    t.bits[0] = (struct profile_bit){.table = TABLE_COIL, .reg = 30, .means = SIGNAL_monitor_alarm_low};
    t.profile.bit_count = 1;
    const uint8_t data[] = {0x02, 0x04}; /* coils 21 and 30 of 20 to 30 */
    struct request request = {.table = TABLE_COIL, .first = 20, .count = 11};
    decode_answer(&t.monitor, &t.state, &request, data, t.now_ms, &t.sink);
    assert_value(VITAL_gas_pressure, QUALITY_VALID, 1000);
    assert_null(value_of(VITAL_room_pressure));
    assert_int_equal(count_kind(OBSERVATION_SIGNAL), 1);
    assert_int_equal(t.seen[0].value_milli, 1);
    request.table = TABLE_DISCRETE;
    t.count = 0;
    decode_answer(&t.monitor, &t.state, &request, data, t.now_ms, &t.sink);
    assert_value(VITAL_room_pressure, QUALITY_VALID, 0);
    assert_int_equal(count_kind(OBSERVATION_SIGNAL), 0);
}

/* --- what is put --------------------------------------------------------------------------------------------- */

static void test_only_what_was_read(void **state)
{
    (void)state;
    add(VITAL_hr, 0, TYPE_U16);
    add(VITAL_insulation, 2, TYPE_U32);
    t.registers[0] = 72;
    answer(0, 3); /* half of the second */
    assert_value(VITAL_hr, QUALITY_VALID, 72000);
    assert_null(value_of(VITAL_insulation));
    answer(1, 3);
    assert_null(value_of(VITAL_hr));
    assert_non_null(value_of(VITAL_insulation));
    assert_int_equal(count_kind(OBSERVATION_HEARD), 1);
}

static void test_a_continuous_vital_comes_with_every_answer(void **state)
{
    (void)state;
    add(VITAL_hr, 0, TYPE_U16);
    for (unsigned i = 0; i < 3; i++) {
        t.registers[0] = 70;
        answer(0, 1);
        assert_value(VITAL_hr, QUALITY_VALID, 70000);
        assert_flags(VITAL_hr, 0);
    }
}

static void test_signals_come_on_change(void **state)
{
    (void)state;
    add_bit(10, 0, SIGNAL_monitor_alarm_high, 0);
    add_bit(10, 3, SIGNAL_alarms_paused, 0);
    t.registers[10] = 0x0008;
    answer(10, 1);
    assert_int_equal(count_kind(OBSERVATION_SIGNAL), 2); /* at first both, whatever they are */
    assert_int_equal(t.seen[0].signal, 0);
    assert_int_equal(t.seen[0].value_milli, 0);
    assert_int_equal(t.seen[1].signal, 1);
    assert_int_equal(t.seen[1].value_milli, 1);
    answer(10, 1);
    assert_int_equal(count_kind(OBSERVATION_SIGNAL), 0);
    t.registers[10] = 0x0009;
    answer(10, 1);
    assert_int_equal(count_kind(OBSERVATION_SIGNAL), 1);
    assert_int_equal(t.seen[0].signal, 0);
    assert_int_equal(t.seen[0].value_milli, 1);
    decode_forget(&t.state);
    answer(10, 1);
    assert_int_equal(count_kind(OBSERVATION_SIGNAL), 2);
}

static void test_bits_shadow_their_vitals(void **state)
{
    (void)state;
    static const struct {
        enum signal_meaning means;
        enum quality quality;
    } cases[] = {{SIGNAL_sensor_off, QUALITY_SENSOR_OFF},
                 {SIGNAL_demo, QUALITY_DEMO},
                 {SIGNAL_test, QUALITY_DEMO},
                 {SIGNAL_standby, QUALITY_STANDBY},
                 {SIGNAL_calibrating, QUALITY_STANDBY},
                 {SIGNAL_monitor_alarm_high, QUALITY_VALID},
                 {SIGNAL_alarms_off, QUALITY_VALID},
                 {SIGNAL_cuff_inflating, QUALITY_VALID}};
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (unsigned whole = 0; whole < 2; whole++) {
            (void)set_up(NULL);
            add(VITAL_hr, 0, TYPE_U16);
            add(VITAL_spo2, 1, TYPE_U16);
            add_bit(2, 5, cases[i].means, whole ? 0 : UINT32_C(1) << VITAL_spo2);
            t.registers[0] = 72;
            t.registers[1] = 97;
            t.registers[2] = 1 << 5;
            answer(0, 3);
            assert_value(VITAL_hr, whole ? cases[i].quality : QUALITY_VALID, 72000);
            assert_value(VITAL_spo2, cases[i].quality, 97000);
            t.registers[2] = 0;
            answer(0, 3);
            assert_value(VITAL_spo2, QUALITY_VALID, 97000);
        }
    }
}

static void test_the_strongest_reason_is_given(void **state)
{
    (void)state;
    struct profile_channel *channel = add(VITAL_spo2, 0, TYPE_U16);
    channel->absent[0] = 0;
    channel->absent_count = 1;
    add_bit(1, 0, SIGNAL_sensor_off, UINT32_C(1) << VITAL_spo2);
    add_bit(1, 1, SIGNAL_standby, 0);
    add_bit(1, 2, SIGNAL_demo, 0);
    static const enum quality expected[] = {QUALITY_ABSENT, QUALITY_SENSOR_OFF, QUALITY_STANDBY, QUALITY_STANDBY,
                                            QUALITY_DEMO,   QUALITY_DEMO,       QUALITY_DEMO,    QUALITY_DEMO};
    for (uint16_t bits = 0; bits < 8; bits++) {
        t.registers[1] = bits;
        answer(0, 2);
        assert_value(VITAL_spo2, expected[bits], 0);
    }
}

static void test_a_bit_of_another_request_counts(void **state)
{
    (void)state;
    add(VITAL_spo2, 0, TYPE_U16);
    add_bit(50, 0, SIGNAL_sensor_off, UINT32_C(1) << VITAL_spo2);
    t.registers[0] = 97;
    t.registers[50] = 1;
    answer(50, 1);
    answer(0, 1);
    assert_value(VITAL_spo2, QUALITY_SENSOR_OFF, 97000);
    decode_forget(&t.state); /* last known, until it is read again */
    answer(0, 1);
    assert_value(VITAL_spo2, QUALITY_SENSOR_OFF, 97000);
    t.registers[50] = 0;
    answer(50, 1);
    answer(0, 1);
    assert_value(VITAL_spo2, QUALITY_VALID, 97000);
}

/* Any profile, any registers, any requests: nothing crashes, and each channel is put at most once an answer. */
static void test_anything_is_survived(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 2000; round++) {
        (void)set_up(NULL);
        const unsigned channels = (unsigned)draw(VITAL_COUNT + 1);
        for (unsigned i = 0; i < channels; i++) {
            struct profile_channel *channel = add((enum vital)i, (uint16_t)draw(40), (enum register_type)draw(5));
            channel->words = (enum word_order)draw(4);
            channel->scale_micro = (int64_t)draw(2000000001) - 1000000000;
            channel->offset_micro = (int64_t)draw(UINT64_MAX);
            channel->episodic = chance(50);
            channel->has_changed_by = chance(50);
            channel->changed_by = (uint16_t)draw(40);
            channel->absent_count = (uint8_t)draw(PROFILE_ABSENT_MAX + 1);
        }
        for (unsigned i = 0; i < PROFILE_BITS_MAX; i++) {
            add_bit((uint16_t)draw(40), (uint8_t)draw(16), (enum signal_meaning)draw(SIGNAL_COUNT),
                    (uint32_t)draw(UINT64_C(1) << VITAL_COUNT));
        }
        t.profile.identity_register = (uint16_t)draw(40);
        t.profile.identity_count = (uint8_t)draw(PROFILE_IDENTITY_REGISTERS_MAX + 1);
        for (unsigned i = 0; i < 10; i++) {
            t.registers[draw(40)] = (uint16_t)draw(65536);
            const uint16_t first = (uint16_t)draw(40);
            answer(first, (uint16_t)(1 + draw(60)));
            if (chance(10)) {
                decode_forget(&t.state);
            }
        }
    }
}

int main(void)
{
    draw_seed(20240614);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_word_orders, set_up),
        cmocka_unit_test_setup(test_coils, set_up),
        cmocka_unit_test_setup(test_only_what_was_read, set_up),
        cmocka_unit_test_setup(test_a_continuous_vital_comes_with_every_answer, set_up),
        cmocka_unit_test_setup(test_signals_come_on_change, set_up),
        cmocka_unit_test_setup(test_bits_shadow_their_vitals, set_up),
        cmocka_unit_test_setup(test_the_strongest_reason_is_given, set_up),
        cmocka_unit_test_setup(test_a_bit_of_another_request_counts, set_up),
        cmocka_unit_test_setup(test_anything_is_survived, set_up),
    };
    return cmocka_run_group_tests_name("modbus decode", tests, NULL, NULL);
}
