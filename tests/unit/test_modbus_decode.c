/* From the bytes of an answer to observations: numbers of every type, bits, identity, and one observation per measurement. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "app/engine/signal.h"
#include "drivers/monitor/modbus/decode.h"
#include "tests/unit/support/draw.h"

#define SEEN_MAX  (2 * VITAL_COUNT + PROFILE_BITS_MAX + 1)
#define REGISTERS 128

/* One monitor with its registers, and what was put. */
static struct {
    struct observation_sink sink;
    struct profile profile;
    struct monitor_config monitor;
    struct decode_state state;
    uint16_t registers[REGISTERS];
    int64_t now_ms;
    struct observation seen[SEEN_MAX];
    unsigned count;
} t;

static void record(struct observation_sink *sink, const struct observation *observation)
{
    assert_ptr_equal(sink, &t.sink);
    assert_true(t.count < SEEN_MAX);
    t.seen[t.count++] = *observation;
}

static int set_up(void **state)
{
    (void)state;
    memset(&t, 0, sizeof t);
    t.sink.put = record;
    t.monitor = (struct monitor_config){.bed = 7, .monitor = 2, .address = 1, .profile = &t.profile};
    return 0;
}

static struct profile_channel *add(enum vital vital, uint16_t reg, enum register_type type)
{
    struct profile_channel *channel = &t.profile.channels[t.profile.channel_count++];
    *channel = (struct profile_channel){.vital = vital,
                                        .table = TABLE_HOLDING,
                                        .reg = reg,
                                        .type = type,
                                        .scale_micro = 1000000,
                                        .unit = {.multiplier = 1, .divisor = 1}};
    return channel;
}

static struct profile_channel *add_episodic(enum vital vital, uint16_t reg)
{
    struct profile_channel *channel = add(vital, reg, TYPE_U16);
    channel->episodic = true;
    return channel;
}

static void add_bit(uint16_t reg, uint8_t bit, enum signal_meaning means, uint32_t vitals)
{
    t.profile.bits[t.profile.bit_count++] =
        (struct profile_bit){.table = TABLE_HOLDING, .reg = reg, .bit = bit, .means = (uint8_t)means, .vitals = vitals};
}

/* An answer with the holding registers [first, first + count), as they stand. */
static void answer(uint16_t first, uint16_t count)
{
    uint8_t data[2 * REGISTERS];
    for (unsigned i = 0; i < count; i++) {
        data[2 * i] = (uint8_t)(t.registers[first + i] >> 8);
        data[2 * i + 1] = (uint8_t)t.registers[first + i];
    }
    const struct request request = {.table = TABLE_HOLDING, .first = first, .count = count};
    t.count = 0;
    t.now_ms += 1000;
    decode_answer(&t.monitor, &t.state, &request, data, t.now_ms, &t.sink);
    assert_true(t.count > 0);
    assert_int_equal(t.seen[t.count - 1].kind, OBSERVATION_HEARD);
}

static const struct observation *value_of(enum vital vital)
{
    const struct observation *found = NULL;
    for (unsigned i = 0; i < t.count; i++) {
        if (t.seen[i].kind == OBSERVATION_VALUE && t.seen[i].vital == vital) {
            assert_null(found);
            found = &t.seen[i];
        }
    }
    return found;
}

static void assert_value(enum vital vital, enum quality quality, int32_t value_milli)
{
    const struct observation *observation = value_of(vital);
    assert_non_null(observation);
    assert_int_equal(observation->quality, quality);
    assert_int_equal(observation->value_milli, value_milli);
    assert_int_equal(observation->bed, 7);
    assert_int_equal(observation->monitor, 2);
    assert_int_equal(observation->at_ms, t.now_ms);
}

static void assert_flags(enum vital vital, unsigned flags)
{
    assert_non_null(value_of(vital));
    assert_int_equal(value_of(vital)->flags, flags);
}

static unsigned count_kind(enum observation_kind kind)
{
    unsigned count = 0;
    for (unsigned i = 0; i < t.count; i++) {
        count += t.seen[i].kind == kind;
    }
    return count;
}

/* --- numbers ------------------------------------------------------------------------------------------------- */

static void assert_decodes(const struct profile_channel *channel, uint32_t raw, enum quality quality, int32_t milli)
{
    int32_t got_milli = -1;
    assert_int_equal(decode_value(channel, raw, &got_milli), quality);
    assert_int_equal(got_milli, milli);
}

static struct profile_channel number(enum register_type type, int64_t scale_micro, int64_t offset_micro)
{
    return (struct profile_channel){.vital = VITAL_hr,
                                    .table = TABLE_HOLDING,
                                    .type = type,
                                    .scale_micro = scale_micro,
                                    .offset_micro = offset_micro,
                                    .unit = {.multiplier = 1, .divisor = 1}};
}

static void test_integers(void **state)
{
    (void)state;
    const struct profile_channel u16 = number(TYPE_U16, 1000000, 0);
    const struct profile_channel s16 = number(TYPE_S16, 100000, 0);
    const struct profile_channel u32 = number(TYPE_U32, 1000, 0);
    const struct profile_channel s32 = number(TYPE_S32, 10000, -5000000);
    assert_decodes(&u16, 72, QUALITY_VALID, 72000);
    assert_decodes(&u16, 65535, QUALITY_VALID, 65535000);
    assert_decodes(&s16, 368, QUALITY_VALID, 36800);
    assert_decodes(&s16, 0xFFFF, QUALITY_VALID, -100);
    assert_decodes(&s16, 0x8000, QUALITY_VALID, -3276800);
    assert_decodes(&u32, 0xFFFFFFFF, QUALITY_IMPLAUSIBLE, INT32_MAX); /* 4294967.295 */
    assert_decodes(&u32, 2147483647, QUALITY_VALID, 2147483647);
    assert_decodes(&s32, (uint32_t)-12345, QUALITY_VALID, -128450);
    assert_decodes(&s32, 0x80000000, QUALITY_IMPLAUSIBLE, INT32_MIN);
}

static void test_scale_is_rounded_once(void **state)
{
    (void)state;
    const struct profile_channel third = number(TYPE_S16, 333333, 0);
    const struct profile_channel small = number(TYPE_S16, 500, 0);
    const struct profile_channel falling = number(TYPE_U16, -100000, 100000000);
    assert_decodes(&third, 1, QUALITY_VALID, 333);
    assert_decodes(&third, 2, QUALITY_VALID, 667);
    assert_decodes(&small, 1, QUALITY_VALID, 1); /* half away from zero */
    assert_decodes(&small, (uint16_t)-1, QUALITY_VALID, -1);
    assert_decodes(&small, (uint16_t)-3, QUALITY_VALID, -2);
    assert_decodes(&falling, 70, QUALITY_VALID, 93000);
}

static void test_the_largest_numbers_do_not_wrap(void **state)
{
    (void)state;
    const struct profile_channel up = number(TYPE_U32, 1000000000, INT64_MAX);
    const struct profile_channel down = number(TYPE_S32, 1000000000, INT64_MIN);
    assert_decodes(&up, UINT32_MAX, QUALITY_IMPLAUSIBLE, INT32_MAX);
    assert_decodes(&down, 0x80000000, QUALITY_IMPLAUSIBLE, INT32_MIN);
    const struct profile_channel real = number(TYPE_F32, 1000000000, 0);
    assert_decodes(&real, 0x7F7FFFFF, QUALITY_IMPLAUSIBLE, INT32_MAX);
    assert_decodes(&real, 0xFF7FFFFF, QUALITY_IMPLAUSIBLE, INT32_MIN);
}

static uint32_t float_bits(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static void test_floats(void **state)
{
    (void)state;
    const struct profile_channel real = number(TYPE_F32, 1000000, 0);
    const struct profile_channel tenth = number(TYPE_F32, 100000, 0);
    assert_decodes(&real, 0x41200000, QUALITY_VALID, 10000);
    assert_decodes(&real, float_bits(5.55F), QUALITY_VALID, 5550);
    assert_decodes(&real, float_bits(-273.15F), QUALITY_VALID, -273150);
    assert_decodes(&tenth, float_bits(368.0F), QUALITY_VALID, 36800);
    assert_decodes(&real, 0x00000000, QUALITY_VALID, 0);
    assert_decodes(&real, 0x80000000, QUALITY_VALID, 0);
    assert_decodes(&real, 0x00000001, QUALITY_VALID, 0); /* the smallest there is */
    assert_decodes(&real, 0x7F800000, QUALITY_ABSENT, 0);
    assert_decodes(&real, 0xFF800000, QUALITY_ABSENT, 0);
    assert_decodes(&real, 0x7FC00000, QUALITY_ABSENT, 0);
    assert_decodes(&real, 0xFFFFFFFF, QUALITY_ABSENT, 0);
    assert_decodes(&real, float_bits(3e9F), QUALITY_IMPLAUSIBLE, INT32_MAX);
    assert_decodes(&real, float_bits(-3e9F), QUALITY_IMPLAUSIBLE, INT32_MIN);
}

/* Half away from zero. */
static int64_t rounded(double x)
{
    const int64_t whole = (int64_t)x;
    const double rest = x - (double)whole;
    return whole + (rest >= 0.5) - (rest <= -0.5);
}

/* Against the processor's own arithmetic: the products of 24 and 27 bits are exact in a double. */
static void test_any_float(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 300000; round++) {
        const uint32_t raw = (uint32_t)(draw(2) << 31 | (90 + draw(70)) << 23 | draw(1U << 23));
        const int64_t scale_micro = (int64_t)draw(chance(50) ? 100000000 : 2000) - (chance(20) ? 1000 : 0);
        const struct profile_channel channel = number(TYPE_F32, scale_micro, 0);
        float value;
        int32_t got_milli = 0;
        memcpy(&value, &raw, sizeof value);
        const int64_t micro = rounded((double)value * (double)scale_micro);
        const int64_t milli = (micro + (micro < 0 ? -500 : 500)) / 1000;
        const enum quality quality = decode_value(&channel, raw, &got_milli);
        if (milli > INT32_MAX || milli < INT32_MIN) {
            assert_int_equal(quality, QUALITY_IMPLAUSIBLE);
        } else if (quality != QUALITY_VALID || got_milli != milli) {
            fail_msg("%.9g * %lld: %d", (double)value, (long long)scale_micro, got_milli);
        }
    }
}

static void test_absent_codes_and_range(void **state)
{
    (void)state;
    struct profile_channel channel = number(TYPE_S16, 1000000, 0);
    channel.absent[0] = 0x7FFF;
    channel.absent[1] = 0xFFFFFFFF; /* -1, as somebody may have written it */
    channel.absent_count = 2;
    channel.has_range = true;
    channel.low_milli = -10000;
    channel.high_milli = 350000;
    assert_decodes(&channel, 0x7FFF, QUALITY_ABSENT, 0);
    assert_decodes(&channel, 0xFFFF, QUALITY_ABSENT, 0);
    assert_decodes(&channel, 350, QUALITY_VALID, 350000);
    assert_decodes(&channel, 351, QUALITY_IMPLAUSIBLE, 351000);
    assert_decodes(&channel, (uint16_t)-10, QUALITY_VALID, -10000);
    assert_decodes(&channel, (uint16_t)-11, QUALITY_IMPLAUSIBLE, -11000);
    channel.type = TYPE_U32;
    assert_decodes(&channel, 0xFFFF, QUALITY_IMPLAUSIBLE, 65535000);
    assert_decodes(&channel, 0xFFFFFFFF, QUALITY_ABSENT, 0);
}

static void test_units(void **state)
{
    (void)state;
    struct profile_channel channel = number(TYPE_U16, 100000, 0);
    assert_true(unit_find(VITAL_temp, "[degF]", &channel.unit));
    assert_decodes(&channel, 986, QUALITY_VALID, 37000);
    assert_true(unit_find(VITAL_nibp_sys, "kPa", &channel.unit));
    assert_decodes(&channel, 160, QUALITY_VALID, 120010);
}

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
    t.profile.bits[0] = (struct profile_bit){.table = TABLE_COIL, .reg = 30, .means = SIGNAL_monitor_alarm_low};
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
                    (uint32_t)draw(1U << VITAL_COUNT));
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
        cmocka_unit_test_setup(test_integers, set_up),
        cmocka_unit_test_setup(test_scale_is_rounded_once, set_up),
        cmocka_unit_test_setup(test_the_largest_numbers_do_not_wrap, set_up),
        cmocka_unit_test_setup(test_floats, set_up),
        cmocka_unit_test_setup(test_any_float, set_up),
        cmocka_unit_test_setup(test_absent_codes_and_range, set_up),
        cmocka_unit_test_setup(test_units, set_up),
        cmocka_unit_test_setup(test_word_orders, set_up),
        cmocka_unit_test_setup(test_coils, set_up),
        cmocka_unit_test_setup(test_only_what_was_read, set_up),
        cmocka_unit_test_setup(test_a_continuous_vital_comes_with_every_answer, set_up),
        cmocka_unit_test_setup(test_signals_come_on_change, set_up),
        cmocka_unit_test_setup(test_bits_shadow_their_vitals, set_up),
        cmocka_unit_test_setup(test_the_strongest_reason_is_given, set_up),
        cmocka_unit_test_setup(test_a_bit_of_another_request_counts, set_up),
        cmocka_unit_test_setup(test_a_counter_tells_of_a_measurement, set_up),
        cmocka_unit_test_setup(test_a_counter_in_another_answer, set_up),
        cmocka_unit_test_setup(test_without_a_counter_the_group_tells, set_up),
        cmocka_unit_test_setup(test_nothing_while_the_cuff_inflates, set_up),
        cmocka_unit_test_setup(test_a_counter_that_moved_while_inflating, set_up),
        cmocka_unit_test_setup(test_after_a_silence_the_age_is_unknown, set_up),
        cmocka_unit_test_setup(test_another_monitor_is_noticed, set_up),
        cmocka_unit_test_setup(test_anything_is_survived, set_up),
    };
    return cmocka_run_group_tests_name("modbus decode", tests, NULL, NULL);
}
