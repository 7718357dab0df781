/*
 * The rings of suffix extremes against a look at every value, over random histories that put, take back and give up
 * entries; and that no search looks at more than it may, whatever the data.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "app/engine/extrema.h"
#include "app/engine/gallop.h"

#define CAPACITY 64
#define STEPS    20000

struct rings {
    struct extrema both[2];
    int32_t values[CAPACITY];
    uint64_t begin, end;
    uint64_t random;
};

static _Alignas(64) unsigned char storage[4096];

/* xorshift64*, Vigna 2016. */
static uint32_t below(struct rings *rings, uint32_t limit)
{
    rings->random ^= rings->random >> 12;
    rings->random ^= rings->random << 25;
    rings->random ^= rings->random >> 27;
    return (uint32_t)((rings->random * 2685821657736338717ULL) >> 33) % limit;
}

static uint64_t seed(void)
{
    const char *text = getenv("WARDGATE_TEST_SEED");
    return text != NULL ? strtoull(text, NULL, 0) : 20240229;
}

static void make(struct rings *rings, uint64_t random)
{
    struct arena arena = {.base = storage, .size = sizeof(storage)};
    memset(storage, 0, sizeof(storage));
    *rings = (struct rings){.random = random * 0x9E3779B97F4A7C15ULL + 1};
    extrema_make(&rings->both[MAXIMA], &arena, rings->values, CAPACITY, EXTREMUM_LARGEST);
    extrema_make(&rings->both[MINIMA], &arena, rings->values, CAPACITY, EXTREMUM_SMALLEST);
    assert(rings->both[MAXIMA].positions != NULL && rings->both[MINIMA].positions != NULL);
}

static void put(struct rings *rings, int32_t value, bool together)
{
    if (rings->end - rings->begin == CAPACITY) {
        extrema_drop(&rings->both[MAXIMA], rings->begin);
        extrema_drop(&rings->both[MINIMA], rings->begin);
        rings->begin++;
    }
    const uint64_t position = rings->end++;
    rings->values[position % CAPACITY] = value;
    if (together) {
        extrema_put_both(rings->both, position, value);
    } else {
        extrema_put(&rings->both[MAXIMA], position, value);
        extrema_put(&rings->both[MINIMA], position, value);
    }
}

static void take_back(struct rings *rings)
{
    extrema_take_back(&rings->both[MAXIMA]);
    extrema_take_back(&rings->both[MINIMA]);
    rings->end--;
}

static void check(struct rings *rings, uint64_t first)
{
    int32_t largest = INT32_MIN, smallest = INT32_MAX;
    for (uint64_t position = first; position < rings->end; position++) {
        const int32_t value = rings->values[position % CAPACITY];
        largest = value > largest ? value : largest;
        smallest = value < smallest ? value : smallest;
    }
    const uint32_t guess = below(rings, 4) == 0 ? below(rings, UINT32_MAX) : below(rings, CAPACITY);
    const uint32_t high = extrema_search(&rings->both[MAXIMA], (uint32_t)first, guess);
    const uint32_t low = extrema_search(&rings->both[MINIMA], (uint32_t)first, guess);
    assert_true(high < rings->both[MAXIMA].tail && low < rings->both[MINIMA].tail);
    assert_int_equal(extrema_value(&rings->both[MAXIMA], high), largest);
    assert_int_equal(extrema_value(&rings->both[MINIMA], low), smallest);
}

static int32_t next_value(struct rings *rings, unsigned shape, int32_t step)
{
    switch (shape) {
    case 0:
        return (int32_t)below(rings, 1000) - 500;
    case 1:
        return -step;
    case 2:
        return step;
    case 3:
        return -(step % 50);
    case 4:
        return (int32_t)below(rings, 3);
    default:
        return below(rings, 2) == 0 ? INT32_MIN : INT32_MAX;
    }
}

static void extremes_are_those_of_the_values(void **state)
{
    (void)state;
    print_message("seed %" PRIu64 "\n", seed());
    for (unsigned run = 0; run < 12; run++) {
        struct rings rings;
        make(&rings, seed() + run);
        for (int32_t step = 0; step < STEPS; step++) {
            put(&rings, next_value(&rings, run / 2, step), run % 2 == 0);
            if (below(&rings, 9) == 0 && rings.end - rings.begin > 1) {
                take_back(&rings);
                put(&rings, next_value(&rings, run / 2, step), run % 2 == 0);
            }
            check(&rings, rings.begin + below(&rings, (uint32_t)(rings.end - rings.begin)));
        }
    }
}

static void nothing_is_found_behind_the_newest_kept(void **state)
{
    (void)state;
    struct rings rings;
    make(&rings, 1);
    put(&rings, 5, true);
    assert_int_equal(extrema_search(&rings.both[MAXIMA], 1, 0), rings.both[MAXIMA].tail);
    extrema_reset(&rings.both[MAXIMA]);
    assert_int_equal(extrema_search(&rings.both[MAXIMA], 0, 7), 0);
}

/* ---- looks ---- */

static unsigned looks;

static bool lies_below(const void *items, uint64_t index, int64_t key)
{
    (void)items;
    looks++;
    return (int64_t)index < key;
}

/* Two looks where the guess is right, and about twice the logarithm of what it is off by. */
static void a_search_costs_the_logarithm_of_the_distance(void **state)
{
    (void)state;
    const uint64_t low = 1000, high = low + 100000;
    for (uint64_t place = low; place <= high; place += 977) {
        for (uint64_t guess = low; guess <= high; guess += 1013) {
            const uint64_t off = place > guess ? place - guess : guess - place;
            unsigned most = 4;
            for (uint64_t distance = off; distance > 0; distance /= 2) {
                most += 2;
            }
            looks = 0;
            assert_int_equal(gallop(lies_below, NULL, (int64_t)place, low, high, guess), place);
            assert_true(looks <= most);
        }
    }
}

static void a_search_minds_its_bounds(void **state)
{
    (void)state;
    const uint64_t guesses[] = {0, 9, 10, 15, 20, 21, UINT64_MAX};
    for (unsigned i = 0; i < sizeof(guesses) / sizeof(guesses[0]); i++) {
        assert_int_equal(gallop(lies_below, NULL, 5, 10, 20, guesses[i]), 10);
        assert_int_equal(gallop(lies_below, NULL, 25, 10, 20, guesses[i]), 20);
        assert_int_equal(gallop(lies_below, NULL, 15, 10, 20, guesses[i]), 15);
        assert_int_equal(gallop(lies_below, NULL, 15, 10, 10, guesses[i]), 10);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(extremes_are_those_of_the_values),
        cmocka_unit_test(nothing_is_found_behind_the_newest_kept),
        cmocka_unit_test(a_search_costs_the_logarithm_of_the_distance),
        cmocka_unit_test(a_search_minds_its_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
