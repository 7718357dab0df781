/* Which is due next: against looking through all of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdalign.h>
#include <string.h>

#include "app/engine/deadlines.h"
#include "tests/unit/support/draw.h"

#define MOST 300U

static alignas(64) unsigned char storage[1 << 14];
static struct deadlines deadlines;
static int64_t plain[MOST];

static int set_up(void **state)
{
    (void)state;
    struct arena measure = {0};
    deadlines_init(NULL, &measure, MOST);
    assert_true(measure.used <= sizeof storage);
    memset(storage, 0, sizeof storage);
    struct arena arena = {.base = storage, .size = measure.used};
    deadlines_init(&deadlines, &arena, MOST);
    return 0;
}

static int64_t next(void)
{
    uint32_t number = UINT32_MAX;
    const int64_t at = deadlines_next(&deadlines, &number);
    if (number != UINT32_MAX) {
        assert_int_equal(plain[number], at);
    }
    return at;
}

static void set(uint32_t number, int64_t at)
{
    plain[number] = at;
    deadlines_set(&deadlines, number, at);
}

static void reset(uint32_t count)
{
    deadlines_reset(&deadlines, count);
    for (uint32_t i = 0; i < MOST; i++) {
        plain[i] = DEADLINES_NEVER;
    }
}

static int64_t plain_next(uint32_t count)
{
    int64_t earliest = DEADLINES_NEVER;
    for (uint32_t i = 0; i < count; i++) {
        earliest = plain[i] < earliest ? plain[i] : earliest;
    }
    return earliest;
}

static void test_none_and_one(void **state)
{
    (void)state;
    assert_int_equal(next(), DEADLINES_NEVER); /* nobody is there yet */
    reset(1);
    assert_int_equal(next(), DEADLINES_NEVER);
    set(0, -5);
    assert_int_equal(next(), -5);
    set(0, 7);
    assert_int_equal(next(), 7);
    set(0, DEADLINES_NEVER);
    assert_int_equal(next(), DEADLINES_NEVER);
}

static void test_everyone_in_turn(void **state)
{
    (void)state;
    reset(MOST);
    for (uint32_t i = 0; i < MOST; i++) {
        set(i, (int64_t)(i * 7919U % MOST));
    }
    for (uint32_t i = 0; i < MOST; i++) {
        uint32_t number = 0;
        assert_int_equal(deadlines_next(&deadlines, &number), i);
        set(number, DEADLINES_NEVER);
    }
    assert_int_equal(next(), DEADLINES_NEVER);
}

/* Forwards, back, alike, gone; as many as there may be, few, and another number of them. */
static void test_any_moves(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 60; round++) {
        const uint32_t count = 1 + (uint32_t)draw(round % 3 == 0 ? 4 : MOST);
        const uint32_t span = round % 2 == 0 ? 10 : 1000000;
        reset(count);
        for (unsigned i = 0; i < 2000; i++) {
            set((uint32_t)draw(count), chance(10) ? DEADLINES_NEVER : (int64_t)draw(span));
            assert_int_equal(next(), plain_next(count));
        }
    }
}

int main(void)
{
    draw_seed(20260401);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_none_and_one, set_up),
        cmocka_unit_test_setup(test_everyone_in_turn, set_up),
        cmocka_unit_test_setup(test_any_moves, set_up),
    };
    return cmocka_run_group_tests_name("deadlines", tests, NULL, NULL);
}
