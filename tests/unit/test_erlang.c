/*
 * Erlang B and C against published numbers, and over all loads and beds against direct sums in extended precision.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "app/engine/erlang.h"

struct vector {
    uint32_t load_milli;
    uint16_t beds;
    uint32_t blocked_micro, waiting_micro;
    uint64_t queue_tenth_milli; /* four places are given */
};

static const struct vector vectors[] = {{8000, 10, 121661, 409180, 16367},
                                        {20000, 24, 66097, 298072, 14904},
                                        {25500, 30, 59433, 296397, 16796},
                                        {24000, 28, 66612, 333139, 19988}};

static void test_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        const struct vector *v = &vectors[i];
        struct erlang e;
        erlang_compute(v->load_milli, v->beds, &e);
        assert_false(e.overloaded);
        assert_int_equal(e.blocked_micro, v->blocked_micro);
        assert_int_equal(e.waiting_micro, v->waiting_micro);
        assert_int_equal((e.queue_micro + 50) / 100, v->queue_tenth_milli);
        assert_int_equal(((uint64_t)e.wait_micro * v->load_milli + 50000) / 100000, v->queue_tenth_milli); /* Little */
    }
}

/* P(all busy) = (a^c / c!) / sum of a^k / k!, from its largest term down, so that nothing overflows. */
static long double direct_blocked(long double load, unsigned beds)
{
    long double term = 1, sum = 1;
    for (unsigned k = beds; k > 0; k--) {
        term *= k / load;
        sum += term;
    }
    return 1 / sum;
}

static void test_all_against_direct_sums(void **state)
{
    (void)state;
    for (unsigned beds = 1; beds <= 256; beds += 5) {
        for (uint32_t load_milli = 1; load_milli < 300000; load_milli += load_milli / 7 + 1) {
            struct erlang e;
            const long double load = load_milli / 1000.0L, b = direct_blocked(load, beds);
            erlang_compute(load_milli, (uint16_t)beds, &e);
            assert_true((long double)labs((long)e.blocked_micro - (long)(b * 1000000 + 0.5L)) <= 1);
            assert_int_equal(e.overloaded, load_milli >= beds * 1000);
            if (!e.overloaded) {
                const long double rho = load / beds, c = b / (1 - rho * (1 - b)), queue = c * rho / (1 - rho);
                const long double off = (long double)e.queue_micro / 1000000 - queue;
                assert_true(labs((long)e.waiting_micro - (long)(c * 1000000 + 0.5L)) <= 1);
                assert_true(off < queue * 1e-6L + 1e-6L && off > -queue * 1e-6L - 1e-6L);
                const long double wait = c / (beds - load), late = (long double)e.wait_micro / 1000000 - wait;
                assert_true(late < wait * 1e-6L + 1e-6L && late > -wait * 1e-6L - 1e-6L);
            }
        }
    }
}

static void test_at_and_above_capacity(void **state)
{
    (void)state;
    struct erlang e;
    erlang_compute(9999, 10, &e);
    assert_false(e.overloaded);
    assert_true(e.waiting_micro < 1000000 && e.queue_micro > 9000 * UINT64_C(1000000));
    erlang_compute(10000, 10, &e);
    assert_true(e.overloaded);
    assert_int_equal(e.waiting_micro, 1000000);
    assert_int_equal(e.queue_micro, 0);
    assert_int_equal(e.wait_micro, 0);
    assert_in_range(e.blocked_micro, 214000, 215000); /* 0.2146 */
    erlang_compute(UINT32_MAX, 10, &e);
    assert_true(e.overloaded && e.blocked_micro > 980000);
}

static void test_ends(void **state)
{
    (void)state;
    struct erlang e;
    erlang_compute(0, 10, &e);
    assert_true(!e.overloaded && e.blocked_micro == 0 && e.waiting_micro == 0 && e.queue_micro == 0);
    erlang_compute(0, 0, &e);
    assert_true(e.overloaded && e.blocked_micro == 1000000 && e.waiting_micro == 1000000);
    erlang_compute(1000, 1, &e);
    assert_true(e.overloaded && e.blocked_micro == 500000);
    erlang_compute(ERLANG_LOAD_MILLI_MAX, ERLANG_BEDS_MAX, &e);
    assert_true(!e.overloaded && e.blocked_micro > 0 && e.blocked_micro < e.waiting_micro);
}

/* More load never makes a free bed likelier, more beds never less likely. */
static void test_is_monotonic(void **state)
{
    (void)state;
    for (uint16_t beds = 1; beds <= 40; beds++) {
        uint32_t before = 0;
        for (uint32_t load_milli = 0; load_milli <= 60000; load_milli += 250) {
            struct erlang e, more;
            erlang_compute(load_milli, beds, &e);
            erlang_compute(load_milli, (uint16_t)(beds + 1), &more);
            assert_true(e.blocked_micro >= before && more.blocked_micro <= e.blocked_micro);
            assert_true(e.waiting_micro >= e.blocked_micro);
            before = e.blocked_micro;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_vectors), cmocka_unit_test(test_all_against_direct_sums),
                                       cmocka_unit_test(test_at_and_above_capacity), cmocka_unit_test(test_ends),
                                       cmocka_unit_test(test_is_monotonic)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
