/* The line through what a vital did, and how far it is believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "app/engine/foresee.h"

#define MINUTE_MS 60000

/* The 64-bit generator of Knuth's MMIX: the same numbers everywhere. */
struct noise {
    uint64_t state;
};

static int32_t draw(struct noise *noise, int32_t below)
{
    noise->state = noise->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int32_t)((noise->state >> 33) % (uint64_t)below);
}

/* One value a second on a line, from start_milli on, milli_per_min; up to and with the end of its last bin. */
static void feed_line(struct foresee *f, int seconds, int32_t start_milli, int32_t milli_per_min)
{
    for (int s = 0; s < seconds; s++) {
        (void)foresee_put(f, (int64_t)s * 1000, start_milli + milli_per_min * s / 60);
    }
    (void)foresee_close(f, (int64_t)seconds * 1000);
}

static struct foresight look(const struct foresee *f, int32_t limit_milli, int side)
{
    struct foresight sight = {.reach_ms = -1};
    assert_true(foresee_estimate(f, limit_milli, side, &sight));
    return sight;
}

/* 96 % falling by 0.5 % a minute is at 91 after ten: 88 is six minutes away. */
static void test_a_line_is_met_where_it_meets(void **state)
{
    (void)state;
    struct foresee f;
    foresee_reset(&f);
    feed_line(&f, 600, 96000, -500);
    const struct foresight sight = look(&f, 88000, 1);
    assert_in_range(sight.reach_ms, 6 * MINUTE_MS - 3000, 6 * MINUTE_MS + 3000);
    assert_int_equal(sight.agreement_permille, 1000);
    assert_true(sight.stands_out);
    /* the other side: what rises reaches a limit above */
    foresee_reset(&f);
    feed_line(&f, 600, 80000, 2000);
    assert_in_range(look(&f, 120000, -1).reach_ms, 10 * MINUTE_MS - 3000, 10 * MINUTE_MS + 3000);
    assert_int_equal(look(&f, 88000, 1).reach_ms, FORESEE_NEVER_MS); /* and leaves one below */
    assert_int_equal(look(&f, 99000, -1).reach_ms, 0);               /* that one is passed */
}

static void test_too_few_bins_tell_nothing(void **state)
{
    (void)state;
    struct foresee f;
    struct foresight sight;
    foresee_reset(&f);
    assert_false(foresee_estimate(&f, 88000, 1, &sight));
    assert_int_equal(foresee_next_ms(&f), INT64_MAX);
    feed_line(&f, 7 * 30, 96000, -500);
    assert_false(foresee_estimate(&f, 88000, 1, &sight));
    feed_line(&f, 8 * 30, 96000, -500); /* what is there already stays in its bins */
    assert_true(foresee_estimate(&f, 88000, 1, &sight));
}

/* No way at all, and one that half of the time goes back. */
static void test_what_stands_still_is_no_trend(void **state)
{
    (void)state;
    struct foresee f;
    foresee_reset(&f);
    feed_line(&f, 600, 96000, 0);
    struct foresight sight = look(&f, 88000, 1);
    assert_int_equal(sight.agreement_permille, 0);
    assert_int_equal(sight.reach_ms, FORESEE_NEVER_MS);
    foresee_reset(&f);
    for (int s = 0; s < 600; s++) {
        (void)foresee_put(&f, (int64_t)s * 1000, s / 30 % 2 == 0 ? 96000 : 92000);
    }
    (void)foresee_close(&f, 600000);
    assert_true(look(&f, 88000, 1).agreement_permille < 750);
}

/* Twelve seconds of zeros in each half minute, as a loose probe gives them, leave no trace. */
static void test_artefacts_leave_no_trace(void **state)
{
    (void)state;
    struct foresee f;
    foresee_reset(&f);
    for (int s = 0; s < 600; s++) {
        (void)foresee_put(&f, (int64_t)s * 1000, s % 30 < 12 ? 0 : 96000 - 500 * s / 60);
    }
    (void)foresee_close(&f, 600000);
    const struct foresight sight = look(&f, 88000, 1);
    assert_in_range(sight.reach_ms, 5 * MINUTE_MS, 7 * MINUTE_MS);
    assert_true(sight.agreement_permille > 950 && sight.stands_out);
}

/* What is older than ten minutes is forgotten: only the newest line counts. */
static void test_the_window_moves_on(void **state)
{
    (void)state;
    struct foresee f;
    foresee_reset(&f);
    for (int s = 0; s < 1800; s++) {
        (void)foresee_put(&f, (int64_t)s * 1000, s < 1200 ? 90000 + s * 5 : 96000 - 500 * (s - 1200) / 60);
    }
    (void)foresee_close(&f, 1800000);
    assert_int_equal(f.point_count, FORESEE_BINS);
    assert_int_equal(look(&f, 88000, 1).agreement_permille, 1000);
}

/* A value a minute, as charts have them, is ten points; faster than one a second is no more than that. */
static void test_slow_and_fast_monitors(void **state)
{
    (void)state;
    struct foresee f;
    foresee_reset(&f);
    for (int m = 0; m < 15; m++) {
        (void)foresee_put(&f, (int64_t)m * MINUTE_MS, 96000 - 500 * m);
    }
    (void)foresee_close(&f, 15 * MINUTE_MS);
    assert_int_equal(f.point_count, 10);
    assert_in_range(look(&f, 86000, 1).reach_ms, 5 * MINUTE_MS, 7 * MINUTE_MS);
    foresee_reset(&f);
    for (int i = 0; i < 30000; i++) {
        (void)foresee_put(&f, (int64_t)i * 20, 96000);
        assert_true(f.value_count <= FORESEE_BIN_VALUES);
    }
}

/* The ends of the numbers do not overflow. */
static void test_the_widest_values(void **state)
{
    (void)state;
    struct foresee f;
    foresee_reset(&f);
    for (int s = 0; s < 600; s++) {
        (void)foresee_put(&f, (int64_t)s * 1000, s < 300 ? INT32_MAX : INT32_MIN);
    }
    (void)foresee_close(&f, 600000);
    struct foresight sight;
    assert_true(foresee_estimate(&f, INT32_MIN, 1, &sight));
    assert_true(foresee_estimate(&f, INT32_MAX, -1, &sight));
    assert_true(sight.reach_ms >= 0);
}

/* One round: a line with noise as wide as it likes; true when it would be told. */
static bool is_told(struct noise *noise, int32_t milli_per_min, int32_t noise_milli, int64_t *out_reach_ms)
{
    struct foresee f;
    foresee_reset(&f);
    for (int s = 0; s < 600; s++) {
        const bool artefact = draw(noise, 10) == 0;
        const int32_t near_milli = 96000 + milli_per_min * s / 60 + draw(noise, 2 * noise_milli + 1) - noise_milli;
        (void)foresee_put(&f, (int64_t)s * 1000, artefact ? draw(noise, 100000) : near_milli);
    }
    (void)foresee_close(&f, 600000);
    const struct foresight sight = look(&f, 88000, 1);
    *out_reach_ms = sight.reach_ms;
    return sight.agreement_permille >= 900 && sight.stands_out && sight.reach_ms > 0 &&
           sight.reach_ms <= 15 * MINUTE_MS;
}

/* Noise of 2 % and one artefact in ten: what falls is told and its six minutes are told as three to nine; what does not is
 * not told. */
static void test_trends_in_noise(void **state)
{
    (void)state;
    const uint64_t seed = 20240607;
    struct noise noise = {.state = seed};
    int falls_told = 0, flat_told = 0;
    for (int round = 0; round < 300; round++) {
        int64_t reach_ms = 0;
        if (is_told(&noise, -500, 2000, &reach_ms)) {
            falls_told++;
            assert_in_range(reach_ms, 3 * MINUTE_MS, 9 * MINUTE_MS);
        }
        flat_told += is_told(&noise, 0, 2000, &reach_ms) ? 1 : 0;
    }
    print_message("seed %llu: told of %d of 300 that fall, of %d of 300 that do not\n", (unsigned long long)seed,
                  falls_told, flat_told);
    assert_true(falls_told >= 290);
    assert_int_equal(flat_told, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_line_is_met_where_it_meets),
        cmocka_unit_test(test_too_few_bins_tell_nothing),
        cmocka_unit_test(test_what_stands_still_is_no_trend),
        cmocka_unit_test(test_artefacts_leave_no_trace),
        cmocka_unit_test(test_the_window_moves_on),
        cmocka_unit_test(test_slow_and_fast_monitors),
        cmocka_unit_test(test_the_widest_values),
        cmocka_unit_test(test_trends_in_noise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
