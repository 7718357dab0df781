/* The board: what wakes who shows the beds, and that no news are lost between looking and going to sleep. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "app/flow/board.h"
#include "hal/clock.h"
#include "hal/wake.h"
#include "tests/unit/support/draw.h"

enum { BEDS = 3, ARENA_BYTES = 1 << 16, WAIT_US = 5000000 };

static unsigned char memory[ARENA_BYTES] __attribute__((aligned(64)));
static struct board board;

static void open_board(void)
{
    struct arena arena = {.base = memory, .size = sizeof memory};
    memset(memory, 0, sizeof memory);
    memset(&board, 0, sizeof board);
    board_init(&board, &arena, BEDS);
}

static struct bed_view view_of(uint16_t bed, int32_t hr)
{
    return (struct bed_view){
        .bed = bed,
        .stay = 7,
        .at_ms = hr,
        .vital_count = 2,
        .vitals = {{.vital = VITAL_hr, .value_milli = hr, .at_ms = hr}, {.vital = VITAL_spo2, .value_milli = 97000}}};
}

static void test_values_wake_only_who_wants_them(void **state)
{
    (void)state;
    open_board();
    struct bed_view view = view_of(1, 60);
    assert_true(board_put(&board, &view)); /* a first view always does */
    view = view_of(1, 61);
    assert_true(board_put(&board, &view)); /* everything is wanted at first */
    assert_int_equal(board_want(&board, 1, false), 2);
    view = view_of(1, 62);
    assert_false(board_put(&board, &view));
    view = view_of(2, 62);
    assert_true(board_put(&board, &view)); /* of another bed */
    assert_int_equal(board_want(&board, 1, true), 3);
    view = view_of(1, 63);
    assert_true(board_put(&board, &view));
    assert_int_equal(board_version(&board, 1), 4);
    assert_int_equal(board_changes(&board, 1), 1); /* the first */
    assert_int_equal(board_version(&board, 0), 0);
}

static void put_changed(const struct bed_view *view)
{
    const uint64_t changes = board_changes(&board, 1);
    assert_true(board_put(&board, view));
    assert_int_equal(board_changes(&board, 1), changes + 1);
    assert_false(board_put(&board, view)); /* the same once more is no change */
    assert_int_equal(board_changes(&board, 1), changes + 1);
}

static void test_what_must_be_told_wakes_in_any_case(void **state)
{
    (void)state;
    open_board();
    (void)board_want(&board, 1, false);
    struct bed_view view = view_of(1, 60);
    put_changed(&view);
    view.vitals[1].quality = QUALITY_SENSOR_OFF;
    put_changed(&view);
    view.vitals[1].quality = QUALITY_VALID;
    put_changed(&view);
    view.vital_count = 1;
    put_changed(&view);
    view.stay = 8;
    put_changed(&view);
    view.away_until_ms = 1000;
    put_changed(&view);
    view.limits[ENGINE_LIMITS_PER_BED_MAX - 1] = (struct set_limit){.key = 1, .value_milli = 90000};
    put_changed(&view);
    view.limits[ENGINE_LIMITS_PER_BED_MAX - 1].value_milli = 91000;
    put_changed(&view);
    view.alarm_count = 1; /* they become known through the store */
    view.at_ms += 1000;
    view.vitals[0].at_ms += 1000;
    view.vitals[0].value_milli += 1000;
    assert_false(board_put(&board, &view));
}

/* ---- two threads ---- */

enum { ROUNDS = 60000 };

static struct wake wake;
static atomic_int seen;

/* As the engine's thread: puts a value, and the next one when that was seen. */
static void *put_all(void *unused)
{
    (void)unused;
    for (int i = 1; i <= ROUNDS; i++) {
        const struct bed_view view = view_of(0, i);
        if (board_put(&board, &view)) {
            wake_raise(&wake);
        }
        while (atomic_load(&seen) != i) {
        }
    }
    return NULL;
}

static void look(uint64_t *known)
{
    struct bed_view view;
    if (board_version(&board, 0) != *known) {
        *known = board_take(&board, 0, &view);
        assert_int_equal(view.vitals[0].value_milli, *known);
        atomic_store(&seen, view.vitals[0].value_milli);
    }
}

/* As the deliver thread: news are not wanted for a while, then they are, and only when there is none it sleeps. */
static void test_no_news_are_lost_between_looking_and_sleeping(void **state)
{
    (void)state;
    pthread_t putter;
    uint64_t known = 0;
    open_board();
    atomic_store(&seen, 0);
    draw_seed(1);
    assert_int_equal(wake_open(&wake), STATUS_OK);
    assert_int_equal(pthread_create(&putter, NULL, put_all, NULL), 0);
    while (known < ROUNDS) {
        (void)board_want(&board, 0, false);
        for (uint64_t spins = draw(4); spins > 0; spins--) {
            look(&known);
        }
        if (known < ROUNDS && board_want(&board, 0, true) == known) {
            const int64_t until_us = clock_boot_us() + WAIT_US;
            while (board_version(&board, 0) == known && clock_boot_us() < until_us) {
                (void)wake_wait_until(&wake, until_us);
            }
            assert_true(clock_boot_us() < until_us);
        }
        look(&known);
    }
    assert_int_equal(pthread_join(putter, NULL), 0);
    wake_close(&wake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_wake_only_who_wants_them),
        cmocka_unit_test(test_what_must_be_told_wakes_in_any_case),
        cmocka_unit_test(test_no_news_are_lost_between_looking_and_sleeping),
    };
    return cmocka_run_group_tests_name("board", tests, NULL, NULL);
}
