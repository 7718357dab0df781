/* The set of numbers, by hand and against a plain list of flags. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/engine/marks.h"
#include "tests/unit/support/draw.h"

enum { MOST = 300 };

static _Alignas(64) unsigned char storage[64];
static struct marks marks;
static bool plain[MOST];

static void make(uint32_t size)
{
    struct arena arena = {.base = storage, .size = sizeof storage};
    memset(storage, 0, sizeof storage);
    memset(plain, 0, sizeof plain);
    marks_init(&marks, &arena, size);
}

static uint32_t plain_first(uint32_t from, uint32_t size)
{
    for (uint32_t i = from; i < size; i++) {
        if (plain[i]) {
            return i;
        }
    }
    return MARKS_NONE;
}

static void test_measures_without_touching(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct marks untouched = {.size = 7};
    marks_init(&untouched, &arena, 65);
    assert_int_equal(arena.used, 2 * sizeof(uint64_t));
    assert_int_equal(untouched.size, 7);
}

static void test_at_the_ends_of_words(void **state)
{
    (void)state;
    make(129);
    assert_int_equal(marks_first(&marks, 0), MARKS_NONE);
    static const uint32_t numbers[] = {0, 63, 64, 127, 128};
    for (size_t i = 0; i < 5; i++) {
        marks_add(&marks, numbers[i]);
        marks_add(&marks, numbers[i]); /* once more makes no difference */
    }
    assert_int_equal(marks.count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_true(marks_has(&marks, numbers[i]));
        assert_int_equal(marks_first(&marks, i == 0 ? 0 : numbers[i - 1] + 1), numbers[i]);
    }
    assert_int_equal(marks_first(&marks, 129), MARKS_NONE);
    marks_remove(&marks, 128);
    marks_remove(&marks, 128);
    assert_int_equal(marks.count, 4);
    assert_int_equal(marks_first(&marks, 128), MARKS_NONE);
}

static void test_like_a_list_of_flags(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 50; round++) {
        const uint32_t size = 1 + (uint32_t)draw(MOST);
        make(size);
        for (unsigned step = 0; step < 2000; step++) {
            const uint32_t number = (uint32_t)draw(size), from = (uint32_t)draw(size + 1);
            plain[number] = chance(40);
            if (plain[number]) {
                marks_add(&marks, number);
            } else {
                marks_remove(&marks, number);
            }
            uint32_t count = 0;
            for (uint32_t i = 0; i < size; i++) {
                count += plain[i];
            }
            assert_int_equal(marks.count, count);
            assert_int_equal(marks_first(&marks, from), plain_first(from, size));
        }
    }
}

int main(void)
{
    draw_seed(20260519);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_measures_without_touching),
        cmocka_unit_test(test_at_the_ends_of_words),
        cmocka_unit_test(test_like_a_list_of_flags),
    };
    return cmocka_run_group_tests_name("marks", tests, NULL, NULL);
}
