/*
 * Which rows of a backlog go first: by hand, then against a plain list of all that waits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/flow/firsts.h"
#include "tests/unit/support/draw.h"

enum { PLACES = 5, ROWS = 400 };

static struct firsts_place places[PLACES];
static struct firsts firsts = {.places = places, .place_count = PLACES};

static void expect_next(uint32_t place, uint64_t row)
{
    uint32_t next_place = PLACES;
    uint64_t next_row = 0;
    assert_true(firsts_next(&firsts, &next_place, &next_row));
    assert_int_equal(next_place, place);
    assert_int_equal(next_row, row);
    firsts_pass(&firsts, place);
    assert_true(firsts_have_passed(&firsts, place, row));
    assert_false(firsts_have_passed(&firsts, place, row + 1));
}

static void expect_none(void)
{
    uint32_t place;
    uint64_t row;
    assert_false(firsts_next(&firsts, &place, &row));
}

static void test_some_of_each_place(void **state)
{
    (void)state;
    firsts_forget(&firsts);
    expect_none();
    for (uint32_t row = 1; row <= 100; ++row) {
        firsts_add(&firsts, 3, row - 1, row);
    }
    firsts_add(&firsts, 0, 0, 101);
    firsts_add(&firsts, 1, 0, 102);
    firsts_add(&firsts, 0, 1, 103);
    for (uint64_t row = 1; row <= FIRSTS_KEPT; ++row) {
        expect_next(3, row);
    }
    expect_next(0, 101);
    firsts_add(&firsts, 0, 1, 104);
    firsts_add(&firsts, 3, 100 - FIRSTS_KEPT, 105); /* what is before it is not kept */
    expect_next(1, 102);
    expect_next(0, 103);
    expect_next(0, 104);
    expect_none();
    firsts_forget(&firsts);
    assert_false(firsts_have_passed(&firsts, 3, 1));
}

/* What goes is always the oldest that waits of its place; a place all of whose rows came while there was room never waits. */
static void test_against_a_list(void **state)
{
    (void)state;
    draw_seed(1);
    uint32_t waiting[PLACES] = {0};
    uint32_t of[ROWS] = {0};
    bool gone[ROWS] = {false};
    firsts_forget(&firsts);
    for (uint32_t row = 0; row < ROWS; ++row) {
        of[row] = (uint32_t)draw(PLACES);
        firsts_add(&firsts, of[row], waiting[of[row]]++, row + 1);
        uint32_t place;
        uint64_t next;
        while (draw(3) == 0 && firsts_next(&firsts, &place, &next)) {
            assert_true(next <= row + 1 && of[next - 1] == place && !gone[next - 1]);
            for (uint64_t before = 1; before < next; ++before) {
                assert_true(gone[before - 1] || of[before - 1] != place);
                assert_true(gone[before - 1] || !firsts_have_passed(&firsts, of[before - 1], before));
            }
            firsts_pass(&firsts, place);
            gone[next - 1] = true;
            --waiting[place];
        }
        for (uint32_t i = 0; i < PLACES; ++i) {
            assert_true(places[i].count <= waiting[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_some_of_each_place),
                                       cmocka_unit_test(test_against_a_list)};
    return cmocka_run_group_tests_name("firsts", tests, NULL, NULL);
}
