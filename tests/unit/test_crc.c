/* crc.h against the definition, bit by bit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "drivers/store/crc.h"

enum { LONGEST = 80, ALIGNMENTS = 8 };

static uint32_t by_definition(const unsigned char *bytes, size_t size)
{
    uint32_t crc = UINT32_MAX;
    for (size_t bit = 0; bit < 8 * size; bit++) {
        const uint32_t differs = (crc ^ (uint32_t)bytes[bit / 8] >> bit % 8) & 1U;
        crc = crc >> 1 ^ (differs != 0 ? 0xEDB88320U : 0);
    }
    return ~crc;
}

static void test_known(void **state)
{
    (void)state;
    assert_int_equal(crc_32("123456789", 9), 0xCBF43926U);
    assert_int_equal(crc_32("", 0), 0);
    assert_int_equal(crc_32(NULL, 0), 0);
}

static void test_every_length_and_place(void **state)
{
    (void)state;
    unsigned char bytes[LONGEST + ALIGNMENTS];
    uint32_t next = 1;
    for (size_t i = 0; i < sizeof bytes; i++) {
        next = next * 1664525U + 1013904223U;
        bytes[i] = (unsigned char)(next >> 24);
    }
    for (size_t at = 0; at < ALIGNMENTS; at++) {
        for (size_t size = 0; size <= LONGEST; size++) {
            assert_int_equal(crc_32(bytes + at, size), by_definition(bytes + at, size));
        }
    }
}

/* Any single bit changes it. */
static void test_every_bit_counts(void **state)
{
    (void)state;
    unsigned char bytes[LONGEST] = {0};
    const uint32_t before = crc_32(bytes, sizeof bytes);
    for (size_t bit = 0; bit < 8 * sizeof bytes; bit++) {
        bytes[bit / 8] = (unsigned char)(1U << bit % 8);
        assert_int_not_equal(crc_32(bytes, sizeof bytes), before);
        assert_int_equal(crc_32(bytes, sizeof bytes), by_definition(bytes, sizeof bytes));
        bytes[bit / 8] = 0;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_every_length_and_place),
        cmocka_unit_test(test_every_bit_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
