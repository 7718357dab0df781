/*
 * The rings of suffix extremes against a look at every value, over random histories that put, widen, take back and give
 * up entries; and that no search looks at more than it may, whatever the data.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <assert.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "app/engine/extrema.h"
#include "app/engine/gallop.h"

#define CAPACITY 64
#define STEPS    20000

/* What the newest entry was before it was widened last. */
struct range {
    int32_t highest, lowest;
};

struct rings {
    struct extrema both[2];
    struct range ranges[CAPACITY], before;
    uint32_t begin, end;
    bool is_open; /* the newest entry may be widened */
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
    for (unsigned sought = EXTREMUM_LARGEST; sought <= EXTREMUM_SMALLEST; sought++) {
        extrema_make(&rings->both[sought], &arena, CAPACITY);
        assert(rings->both[sought].kept != NULL);
        extrema_reset(&rings->both[sought]);
    }
}

static void put(struct rings *rings, int32_t value)
{
    if (rings->end - rings->begin == CAPACITY) {
        rings->begin += 1 + below(rings, CAPACITY / 2);
        extrema_drop(&rings->both[EXTREMUM_LARGEST], rings->begin);
        extrema_drop(&rings->both[EXTREMUM_SMALLEST], rings->begin);
    }
    extrema_put(&rings->both[EXTREMUM_LARGEST], rings->end, extrema_key(EXTREMUM_LARGEST, value));
    extrema_put(&rings->both[EXTREMUM_SMALLEST], rings->end, extrema_key(EXTREMUM_SMALLEST, value));
    rings->ranges[rings->end++ % CAPACITY] = (struct range){value, value};
    rings->is_open = true;
}

static void widen(struct rings *rings, int32_t value)
{
    struct range *newest = &rings->ranges[(rings->end - 1) % CAPACITY];
    rings->before = *newest;
    newest->highest = value > newest->highest ? value : newest->highest;
    newest->lowest = value < newest->lowest ? value : newest->lowest;
    extrema_widen(&rings->both[EXTREMUM_LARGEST], extrema_key(EXTREMUM_LARGEST, value));
    extrema_widen(&rings->both[EXTREMUM_SMALLEST], extrema_key(EXTREMUM_SMALLEST, value));
}

static void narrow(struct rings *rings)
{
    rings->ranges[(rings->end - 1) % CAPACITY] = rings->before;
    extrema_narrow(&rings->both[EXTREMUM_LARGEST]);
    extrema_narrow(&rings->both[EXTREMUM_SMALLEST]);
}

static void take_back(struct rings *rings)
{
    rings->end--;
    rings->is_open = false;
    extrema_take_back(&rings->both[EXTREMUM_LARGEST]);
    extrema_take_back(&rings->both[EXTREMUM_SMALLEST]);
}

/* The larger of the first kept one and the newest. */
static int32_t extreme_from(const struct rings *rings, enum extremum sought, uint32_t first, uint32_t guess)
{
    const struct extrema *extrema = &rings->both[sought];
    const uint32_t index = extrema_search(extrema, first, guess);
    assert_true(index >= extrema->head && index <= extrema->tail);
    const uint32_t key = extrema_at(extrema, index)->key, newest = extrema_at(extrema, extrema->tail)->key;
    return extrema_value(sought, key > newest ? key : newest);
}

static void check(struct rings *rings, uint32_t first)
{
    int32_t largest = INT32_MIN, smallest = INT32_MAX;
    for (uint32_t entry = first; entry < rings->end; entry++) {
        const struct range *range = &rings->ranges[entry % CAPACITY];
        largest = range->highest > largest ? range->highest : largest;
        smallest = range->lowest < smallest ? range->lowest : smallest;
    }
    const uint32_t guess = below(rings, 4) == 0 ? below(rings, UINT32_MAX) : below(rings, CAPACITY);
    assert_int_equal(extreme_from(rings, EXTREMUM_LARGEST, first, guess), largest);
    assert_int_equal(extreme_from(rings, EXTREMUM_SMALLEST, first, guess), smallest);
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

static void step_once(struct rings *rings, unsigned shape, int32_t step)
{
    if (rings->is_open && below(rings, 3) == 0) {
        widen(rings, next_value(rings, shape, step));
        if (below(rings, 4) == 0) {
            narrow(rings);
        }
        return;
    }
    put(rings, next_value(rings, shape, step));
    if (below(rings, 9) == 0 && rings->end - rings->begin > 1) {
        take_back(rings);
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
            step_once(&rings, run / 2, step);
            check(&rings, rings.begin + below(&rings, rings.end - rings.begin));
        }
    }
}

static void the_newest_alone_stands_at_the_tail(void **state)
{
    (void)state;
    struct rings rings;
    make(&rings, 1);
    put(&rings, 5);
    assert_int_equal(rings.both[EXTREMUM_LARGEST].tail, 0);
    assert_int_equal(extreme_from(&rings, EXTREMUM_LARGEST, 0, 7), 5);
    put(&rings, 4);
    assert_int_equal(extrema_search(&rings.both[EXTREMUM_LARGEST], 1, 0), rings.both[EXTREMUM_LARGEST].tail);
    extrema_reset(&rings.both[EXTREMUM_LARGEST]);
    assert_int_equal(extrema_search(&rings.both[EXTREMUM_LARGEST], 0, 7), 0);
}

/* A value that reaches any number of those before it cuts off just those, whatever stood there before. */
static void a_value_cuts_off_what_it_reaches(void **state)
{
    (void)state;
    for (int32_t reached = 0; reached <= 40; reached++) {
        struct rings rings;
        make(&rings, 1);
        for (int32_t value = 40; value > 0; value--) {
            put(&rings, value);
        }
        put(&rings, reached);
        put(&rings, INT32_MIN); /* settles it */
        assert_int_equal(rings.both[EXTREMUM_LARGEST].tail, 40 - reached + 1);
        assert_int_equal(rings.both[EXTREMUM_SMALLEST].tail, reached > 1 ? 2 : 1);
    }
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
        cmocka_unit_test(the_newest_alone_stands_at_the_tail),
        cmocka_unit_test(a_value_cuts_off_what_it_reaches),
        cmocka_unit_test(a_search_costs_the_logarithm_of_the_distance),
        cmocka_unit_test(a_search_minds_its_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
