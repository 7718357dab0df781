/* Numbers in millionths: products and quotients are exact, rounded once, half away from zero. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/engine/micro.h"
#include "tests/unit/support/draw.h"

struct case_of {
    int64_t left, right;
    bool fits;
    int64_t result;
};

static void check(bool (*operation)(int64_t, int64_t, int64_t *), const struct case_of *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int64_t result = -4711;
        if (operation(cases[i].left, cases[i].right, &result) != cases[i].fits) {
            fail_msg("case %zu: fits is not %d", i, cases[i].fits);
        }
        assert_int_equal(result, cases[i].fits ? cases[i].result : -4711);
    }
}

static void test_multiply(void **state)
{
    (void)state;
    static const struct case_of cases[] = {
        {2 * MICRO_ONE, 3 * MICRO_ONE, true, 6 * MICRO_ONE},
        {0, INT64_MIN, true, 0},
        {1, 499999, true, 0},
        {1, 500000, true, 1},
        {-1, 500000, true, -1},
        {1, -499999, true, 0},
        {-1, -500000, true, 1},
        {3, 500000, true, 2},
        {-3, 500000, true, -2},
        {MICRO_ONE, INT64_MAX, true, INT64_MAX},
        {MICRO_ONE, INT64_MIN, true, INT64_MIN},
        {-MICRO_ONE, INT64_MIN, false, 0},
        {-MICRO_ONE, INT64_MAX, true, -INT64_MAX},
        {MICRO_ONE + 1, INT64_MAX, false, 0},
        {INT64_MAX, INT64_MAX, false, 0},
        {INT64_MIN, INT64_MIN, false, 0},
        {3037000499976, 3037000499976, true, 9223372036854473976}, /* close below the largest */
        {3037000500025, 3037000500025, false, 0},
        {106359602116, 173437505469331, false, 0}, /* by what its fractions add to 64 bits */
    };
    check(micro_multiply, cases, sizeof cases / sizeof cases[0]);
}

static void test_divide(void **state)
{
    (void)state;
    static const struct case_of cases[] = {
        {6 * MICRO_ONE, 3 * MICRO_ONE, true, 2 * MICRO_ONE},
        {1 * MICRO_ONE, 3 * MICRO_ONE, true, 333333},
        {2 * MICRO_ONE, 3 * MICRO_ONE, true, 666667},
        {-2 * MICRO_ONE, 3 * MICRO_ONE, true, -666667},
        {1, 2 * MICRO_ONE, true, 1},
        {-1, 2 * MICRO_ONE, true, -1},
        {1, -2 * MICRO_ONE, true, -1},
        {499999, 1000000000000, true, 0},
        {500000, 1000000000000, true, 1},
        {0, -5, true, 0},
        {5, 0, false, 0},
        {0, 0, false, 0},
        {INT64_MIN, 0, false, 0},
        {INT64_MAX, MICRO_ONE, true, INT64_MAX},
        {INT64_MIN, MICRO_ONE, true, INT64_MIN},
        {INT64_MIN, -MICRO_ONE, false, 0},
        {INT64_MAX, MICRO_ONE - 1, false, 0},
        {INT64_MAX, INT64_MIN, true, -MICRO_ONE},
        {INT64_MIN, INT64_MIN, true, MICRO_ONE},
        {INT64_MAX - 1, INT64_MAX, true, MICRO_ONE},
        {INT64_MAX / 2, INT64_MAX, true, 500000},
        {1, INT64_MIN, true, 0},
        {184467440737096, 10, false, 0}, /* likewise */
    };
    check(micro_divide, cases, sizeof cases / sizeof cases[0]);
}

#ifdef __SIZEOF_INT128__
__extension__ typedef __int128 wide_int;

/* Numbers of every size, both signs. */
static int64_t any_number(void)
{
    const int64_t size = (int64_t)(draw(UINT64_MAX) << 10 >> (1 + draw(63)));
    return chance(50) ? -size : size;
}

static wide_int rounded(wide_int dividend, wide_int divisor)
{
    const wide_int quotient = dividend / divisor, rest = dividend % divisor;
    const wide_int twice = 2 * (rest < 0 ? -rest : rest), size = divisor < 0 ? -divisor : divisor;
    const bool negative = (dividend < 0) != (divisor < 0);
    return twice < size ? quotient : negative ? quotient - 1 : quotient + 1;
}

static void check_against(bool done, int64_t result, wide_int expected)
{
    assert_int_equal(done, expected >= INT64_MIN && expected <= INT64_MAX);
    if (done) {
        assert_true((wide_int)result == expected);
    }
}

static void test_random_against_wide_integers(void **state)
{
    (void)state;
    draw_seed(20061101);
    for (int i = 0; i < 300000; i++) {
        const int64_t left = any_number(), right = any_number();
        int64_t result = 0;
        bool done = micro_multiply(left, right, &result);
        check_against(done, result, rounded((wide_int)left * right, MICRO_ONE));
        if (right != 0) {
            done = micro_divide(left, right, &result);
            check_against(done, result, rounded((wide_int)left * MICRO_ONE, right));
        }
    }
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_multiply),
        cmocka_unit_test(test_divide),
#ifdef __SIZEOF_INT128__
        cmocka_unit_test(test_random_against_wide_integers),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
