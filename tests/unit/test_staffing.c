/*
 * Nursing need and the suggested assignment: by hand, and over random wards. WARDGATE_SEED=N runs one ward.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/engine/staffing.h"

#define WARDS 3000

/* Safer Nursing Care Tool, adult wards, 2013: 31.59 WTE; its 4.35 h a patient day of level 0 are 0.99 x 37.5 / 7 / 1.22. */
static void test_nurses_of_wte(void **state)
{
    (void)state;
    const uint32_t wte_milli = 10 * 990 + 8 * 1390 + 5 * 1720 + 1 * 1970;
    assert_int_equal(wte_milli, 31590);
    assert_int_equal(staffing_nurses_milli(wte_milli, 37500, 220000), 5780);
    assert_int_equal(staffing_nurses_milli(990, 37500, 220000), 181); /* 4.35 h of 24 */
    assert_int_equal(staffing_nurses_milli(5960, 37500, 220000), 1090);
    assert_int_equal(staffing_nurses_milli(1000, 168000, 0), 1000);
    assert_int_equal(staffing_nurses_milli(1000, 84000, 0), 500);
    assert_int_equal(staffing_nurses_milli(0, 37500, 220000), 0);
    assert_int_equal(staffing_nurses_milli(256 * 99000U, 80000, 0), 12068571);
}

/* Till the next shift, or the time that was told; without shifts half a day. */
static void test_how_long_what_was_told_holds(void **state)
{
    (void)state;
    const int64_t hour_ms = 3600000, at_ms = 1000 * hour_ms;
    struct staffing_told told = {.at_ms = at_ms, .nurses = 3};
    assert_false(staffing_told_holds(&told, at_ms - hour_ms, at_ms)); /* nobody told */
    told.is_told = true;
    assert_true(staffing_told_holds(&told, at_ms - hour_ms, at_ms + 7 * hour_ms));
    assert_true(staffing_told_holds(&told, at_ms, at_ms)); /* as the shift begins */
    assert_false(staffing_told_holds(&told, at_ms + 1, at_ms + 1));
    assert_true(staffing_told_holds(&told, 0, at_ms + 12 * hour_ms - 1));
    assert_false(staffing_told_holds(&told, 0, at_ms + 12 * hour_ms));
    told.until_ms = at_ms + hour_ms;
    assert_true(staffing_told_holds(&told, at_ms + 1, told.until_ms - 1)); /* over a change of shift */
    assert_false(staffing_told_holds(&told, at_ms - hour_ms, told.until_ms));
}

static void expect_nurses(const struct staffing *s, const char *digits)
{
    for (size_t i = 0; digits[i] != '\0'; i++) {
        assert_int_equal(s->nurse_of[i], digits[i] - '0');
    }
}

static void test_neighbours_stay_together(void **state)
{
    (void)state;
    struct staffing s;
    const uint32_t even[] = {1000, 1000, 1000, 0, 1000, 1000, 1000, 1000};
    staffing_assign(even, 8, 3, 5, &s);
    expect_nurses(&s, "11102233");
    assert_int_equal(s.nurses[0].patients, 3);
    assert_int_equal(s.nurses[1].load_milli, 2000);
    const uint32_t mixed[] = {2000, 1000, 1000, 2000, 1000, 1000};
    staffing_assign(mixed, 6, 2, 4, &s);
    expect_nurses(&s, "111222");
    assert_int_equal(s.nurses[0].load_milli, 4000);
}

static void test_longest_first(void **state)
{
    (void)state;
    struct staffing s;
    const uint32_t loads[] = {3000, 5000, 4000, 5000, 3000, 4000, 3000}; /* Graham's: 5+3+3, 5+3, 4+4 */
    staffing_assign(loads, 7, 3, 0, &s);
    assert_int_equal(s.nurses[0].load_milli, 11000);
    assert_int_equal(s.nurses[1].load_milli, 8000);
    assert_int_equal(s.nurses[2].load_milli, 8000);
}

static void test_too_few_nurses(void **state)
{
    (void)state;
    struct staffing s;
    const uint32_t loads[] = {1000, 9000, 1000, 1000, 1000, 1000, 1000};
    staffing_assign(loads, 7, 2, 2, &s); /* room for four: then both take one more, and one more */
    assert_int_equal(s.nurses[0].patients + s.nurses[1].patients, 7);
    assert_in_range(s.nurses[0].patients, 3, 4);
    staffing_assign(loads, 7, 0, 2, &s);
    expect_nurses(&s, "0000000");
    staffing_assign(loads, 0, 2, 2, &s);
    assert_int_equal(s.nurses[0].patients + s.nurses[1].patients, 0);
}

/* ---- any ward ---- */

struct ward {
    uint32_t load_milli[STAFFING_BEDS_MAX];
    uint16_t beds, patients_max;
    uint8_t nurses;
};

static uint64_t random_state;

static uint32_t any(uint32_t below)
{
    random_state = random_state * 6364136223846793005U + 1442695040888963407U;
    return (uint32_t)(random_state >> 33) % below;
}

static void make_ward(struct ward *w, uint16_t beds_max)
{
    const uint32_t kinds = 1 + any(6);
    memset(w, 0, sizeof *w);
    w->beds = (uint16_t)(1 + any(beds_max));
    w->nurses = (uint8_t)(1 + any(w->beds < 20 ? w->beds : 20));
    w->patients_max = (uint16_t)any(8);
    for (uint16_t i = 0; i < w->beds; i++) {
        w->load_milli[i] = any(5) == 0 ? 0 : 500 + 370 * any(kinds);
    }
}

/* Sums are what was handed out, and every patient has a nurse. */
static void check_sums(const struct ward *w, const struct staffing *s)
{
    struct staffing_nurse sums[STAFFING_NURSES_MAX] = {{0}};
    for (uint16_t i = 0; i < w->beds; i++) {
        assert_int_equal(s->nurse_of[i] != 0, w->load_milli[i] != 0);
        assert_true(s->nurse_of[i] <= w->nurses);
        if (s->nurse_of[i] != 0) {
            sums[s->nurse_of[i] - 1].patients++;
            sums[s->nurse_of[i] - 1].load_milli += w->load_milli[i];
        }
    }
    for (uint8_t n = 0; n < w->nurses; n++) {
        assert_int_equal(sums[n].patients, s->nurses[n].patients);
        assert_int_equal(sums[n].load_milli, s->nurses[n].load_milli);
    }
}

static void check_room(const struct ward *w, const struct staffing *s)
{
    uint16_t most = 0, least = UINT16_MAX;
    for (uint8_t n = 0; n < w->nurses; n++) {
        most = s->nurses[n].patients > most ? s->nurses[n].patients : most;
        least = s->nurses[n].patients < least ? s->nurses[n].patients : least;
    }
    if (w->patients_max > 0 && most > w->patients_max) {
        assert_true(least >= w->patients_max && most - least <= 1); /* nobody is over while another has room */
    }
}

/* Of beds of one load, those of a nurse lie before those of the next. */
static void check_neighbours(const struct ward *w, const struct staffing *s)
{
    for (uint16_t i = 0; i < w->beds; i++) {
        for (uint16_t j = (uint16_t)(i + 1); j < w->beds; j++) {
            if (w->load_milli[i] == w->load_milli[j]) {
                assert_true(s->nurse_of[i] <= s->nurse_of[j]);
            }
        }
    }
}

static uint32_t highest(const struct ward *w, const struct staffing *s)
{
    uint32_t load = 0;
    for (uint8_t n = 0; n < w->nurses; n++) {
        load = s->nurses[n].load_milli > load ? s->nurses[n].load_milli : load;
    }
    return load;
}

/* The best of all assignments: every one is tried. */
static uint32_t best(const struct ward *w)
{
    uint32_t lowest = UINT32_MAX, ways = 1;
    for (uint16_t i = 0; i < w->beds; i++) {
        ways *= w->nurses;
    }
    for (uint32_t way = 0; way < ways; way++) {
        uint32_t loads[STAFFING_NURSES_MAX] = {0}, top = 0, rest = way;
        for (uint16_t i = 0; i < w->beds; i++, rest /= w->nurses) {
            loads[rest % w->nurses] += w->load_milli[i];
        }
        for (uint8_t n = 0; n < w->nurses; n++) {
            top = loads[n] > top ? loads[n] : top;
        }
        lowest = top < lowest ? top : lowest;
    }
    return lowest;
}

static void test_any_ward(void **state)
{
    (void)state;
    const char *seed = getenv("WARDGATE_SEED");
    const uint64_t first = seed != NULL ? strtoull(seed, NULL, 10) : 1;
    for (uint64_t i = first; i < first + (seed != NULL ? 1 : WARDS); i++) {
        struct ward w;
        struct staffing s, again;
        random_state = i;
        print_message(i % 1000 == 0 ? "seed %llu\n" : "", (unsigned long long)i);
        make_ward(&w, STAFFING_BEDS_MAX);
        staffing_assign(w.load_milli, w.beds, w.nurses, w.patients_max, &s);
        staffing_assign(w.load_milli, w.beds, w.nurses, w.patients_max, &again);
        assert_memory_equal(&s, &again, sizeof s);
        check_sums(&w, &s);
        check_room(&w, &s);
        check_neighbours(&w, &s);
    }
}

/* Load <= (4/3 - 1/(3m)) of the best, where patients are not bounded: 3 m load <= (4 m - 1) best. */
static void test_near_the_best(void **state)
{
    (void)state;
    for (uint64_t i = 1; i <= 300; i++) {
        struct ward w;
        struct staffing s;
        random_state = i;
        make_ward(&w, 8);
        w.nurses = (uint8_t)(1 + any(3));
        staffing_assign(w.load_milli, w.beds, w.nurses, 0, &s);
        const uint64_t m = w.nurses;
        assert_true(3 * m * highest(&w, &s) <= (4 * m - 1) * best(&w));
    }
}

static void test_words_of_bands(void **state)
{
    (void)state;
    for (enum care_band band = 0; band < CARE_BAND_COUNT; band++) {
        assert_int_equal(care_band_by_word(care_band_word(band)), band);
    }
    assert_int_equal(care_band_by_word("no such"), CARE_unscored);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_how_long_what_was_told_holds),
                                       cmocka_unit_test(test_nurses_of_wte),
                                       cmocka_unit_test(test_neighbours_stay_together),
                                       cmocka_unit_test(test_longest_first),
                                       cmocka_unit_test(test_too_few_nurses),
                                       cmocka_unit_test(test_any_ward),
                                       cmocka_unit_test(test_near_the_best),
                                       cmocka_unit_test(test_words_of_bands)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
