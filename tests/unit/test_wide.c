/* 128-bit arithmetic: by its own laws on random numbers, and at the edges by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/engine/wide.h"

#define ROUNDS 200000

static uint64_t random_state = 88172645463325252ULL;

/* xorshift64, Marsaglia 2003. */
static uint64_t next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

/* Of any length, so that carries and short numbers are as likely as long ones. */
static uint64_t any_length(void)
{
    return next_random() >> (next_random() % 64);
}

static int64_t any_sign(void)
{
    const int64_t size = (int64_t)(any_length() >> 1);
    return next_random() % 2 == 0 ? size : -size - 1;
}

static void assert_wide_equal(struct wide got, struct wide wanted)
{
    assert_true(got.high == wanted.high && got.low == wanted.low);
}

static void products_at_the_edges(void **state)
{
    (void)state;
    assert_wide_equal(wide_product(INT64_MIN, INT64_MIN), (struct wide){1ULL << 62, 0});
    assert_wide_equal(wide_product(INT64_MIN, INT64_MAX), (struct wide){0xC000000000000000, 1ULL << 63});
    assert_wide_equal(wide_product(INT64_MAX, INT64_MAX), (struct wide){0x3FFFFFFFFFFFFFFF, 1});
    assert_wide_equal(wide_product(-1, 1), wide_of(-1));
    assert_wide_equal(wide_product(0, INT64_MIN), wide_of(0));
    assert_wide_equal(wide_multiply(wide_of(-3), 5), wide_of(-15));
    assert_wide_equal(wide_multiply((struct wide){1, UINT64_MAX}, 2), (struct wide){3, UINT64_MAX - 1});
}

static void sums_carry_and_come_back(void **state)
{
    (void)state;
    assert_wide_equal(wide_add((struct wide){0, UINT64_MAX}, wide_of(1)), (struct wide){1, 0});
    assert_wide_equal(wide_subtract((struct wide){1, 0}, wide_of(1)), (struct wide){0, UINT64_MAX});
    assert_wide_equal(wide_subtract(wide_of(0), wide_of(1)), wide_of(-1));
    for (unsigned round = 0; round < ROUNDS; round++) {
        const struct wide left = {any_length(), any_length()}, right = {any_length(), any_length()};
        assert_wide_equal(wide_subtract(wide_add(left, right), right), left);
    }
}

static void products_distribute(void **state)
{
    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        const int64_t left = any_sign(), right = any_sign() / 2, other = any_sign() / 2;
        assert_wide_equal(wide_product(left, right + other),
                          wide_add(wide_product(left, right), wide_product(left, other)));
        assert_wide_equal(wide_product(left, right), wide_product(right, left));
    }
}

static void order_is_signed(void **state)
{
    (void)state;
    assert_true(wide_compare(wide_of(-1), wide_of(0)) < 0);
    assert_true(wide_compare(wide_of(0), wide_of(-1)) > 0);
    assert_true(wide_compare(wide_of(-1), wide_of(-2)) > 0);
    assert_true(wide_compare((struct wide){1, 0}, (struct wide){0, UINT64_MAX}) > 0);
    assert_true(wide_compare((struct wide){1, 5}, (struct wide){1, 5}) == 0);
    assert_true(wide_compare((struct wide){1ULL << 63, 0}, (struct wide){0, 0}) < 0);
}

static void division_is_multiplication_undone(void **state)
{
    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        const uint64_t factor = any_length() >> 1;
        const struct wide divisor = {any_length() >> 40, any_length() | 1};
        struct wide dividend = {any_length() >> 1, any_length()};
        struct wide rest;
        const struct wide quotient = wide_divide(dividend, divisor, &rest);
        assert_true(wide_compare(rest, divisor) < 0 && !wide_is_negative(rest));
        struct wide back = wide_add(wide_multiply(divisor, quotient.low), rest);
        back.high += divisor.low * quotient.high;
        assert_wide_equal(back, dividend);

        dividend = wide_product((int64_t)(divisor.low >> 1), (int64_t)factor);
        if (divisor.low >> 1 != 0) {
            assert_wide_equal(wide_divide(dividend, (struct wide){0, divisor.low >> 1}, &rest),
                              (struct wide){0, factor});
            assert_wide_equal(rest, wide_of(0));
        }
    }
}

static void root_is_the_floor(void **state)
{
    (void)state;
    assert_int_equal(wide_square_root(wide_of(0)), 0);
    assert_int_equal(wide_square_root(wide_of(1)), 1);
    assert_int_equal(wide_square_root(wide_of(3)), 1);
    assert_int_equal(wide_square_root(wide_of(4)), 2);
    for (unsigned round = 0; round < ROUNDS / 4; round++) {
        const int64_t root = (int64_t)(any_length() >> 1);
        const struct wide square = wide_product(root, root);
        assert_int_equal(wide_square_root(square), (uint64_t)root);
        assert_int_equal(wide_square_root(wide_add(square, wide_of(root))), (uint64_t)root);
        if (root > 0) {
            assert_int_equal(wide_square_root(wide_subtract(square, wide_of(1))), (uint64_t)root - 1);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_at_the_edges),
        cmocka_unit_test(sums_carry_and_come_back),
        cmocka_unit_test(products_distribute),
        cmocka_unit_test(order_is_signed),
        cmocka_unit_test(division_is_multiplication_undone),
        cmocka_unit_test(root_is_the_floor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
