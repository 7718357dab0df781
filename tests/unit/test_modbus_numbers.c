/* Raw values of every type: scaled, rounded, converted, absent, out of range, too large. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "drivers/monitor/modbus/decode.h"
#include "tests/unit/support/draw.h"

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

int main(void)
{
    draw_seed(20240618);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_scale_is_rounded_once),
        cmocka_unit_test(test_the_largest_numbers_do_not_wrap),
        cmocka_unit_test(test_floats),
        cmocka_unit_test(test_any_float),
        cmocka_unit_test(test_absent_codes_and_range),
        cmocka_unit_test(test_units),
    };
    return cmocka_run_group_tests_name("modbus numbers", tests, NULL, NULL);
}
