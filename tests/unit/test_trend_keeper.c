/* Rows a minute from what the board shows: each valid value once, of one stay, and nothing of it in anybody's way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <sys/timex.h>

#include "app/flow/trend_keeper.h"
#include "hal/clock.h"
#include "hal/thread.h"
#include "tests/unit/support/disk_fault.h"
#include "tests/unit/support/store_folder.h"

enum { BEDS = 70, CHANNELS = 3 }; /* more than a transaction takes */
#define MINUTE INT64_C(28000000)
#define WALL   (MINUTE * TRENDS_MINUTE_MS)

static struct store_folder folder;
static struct engine_config engine;
static struct bed_config beds[BEDS];
static char ids[BEDS][8];
static struct board board;
static struct trend_keeper keeper;
static _Atomic(struct store *) store;
static void *memory;
static struct bed_view view;

static void build(struct arena *arena)
{
    const struct trend_keeper_config config = {
        .trends = {.path = folder.path, .bytes = trends_bytes(BEDS, 6, 60), .minutes = 60, .rows_most = BEDS},
        .engine = &engine,
        .board = &board,
        .store = &store};
    board_init(&board, arena, BEDS);
    trend_keeper_init(&keeper, arena, &config);
}

static bool clock_is_kept;

/* What the kernel says of its time source (hal/clock.h). */
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): glibc names it __ntx */
int adjtimex(struct timex *buf)
{
    memset(buf, 0, sizeof *buf);
    buf->status = clock_is_kept ? 0 : STA_UNSYNC;
    return TIME_OK;
}

static int set_up(void **state)
{
    (void)state;
    clock_is_kept = true;
    struct arena arena = {.base = NULL};
    store_folder_init(&folder);
    for (unsigned b = 0; b < BEDS; b++) {
        (void)snprintf(ids[b], sizeof ids[b], "b%02u", b + 1);
        beds[b] = (struct bed_config){.id = ids[b], .channel_count = CHANNELS};
    }
    engine = (struct engine_config){.beds = beds, .bed_count = BEDS};
    build(&arena);
    arena = (struct arena){.size = (arena.used + 63) / 64 * 64};
    memory = arena.base = aligned_alloc(64, arena.size);
    assert_non_null(memory);
    memset(memory, 0, arena.size);
    build(&arena);
    atomic_store(&store, store_folder_open(&folder));
    memset(&view, 0, sizeof view);
    trend_keeper_tend(&keeper, 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    trend_keeper_close(&keeper);
    store_close(atomic_load(&store));
    store_folder_fini(&folder);
    free(memory);
    return 0;
}

/* A bed as the engine puts it up. */
static void show(uint16_t bed, uint64_t stay, enum vital vital, enum quality quality, int32_t value_milli,
                 int64_t at_ms)
{
    view = (struct bed_view){.bed = bed, .monitored = stay != 0, .stay = stay, .vital_count = 1, .at_ms = at_ms};
    view.vitals[0] = (struct vital_view){
        .vital = (uint8_t)vital, .quality = (uint8_t)quality, .value_milli = value_milli, .at_ms = at_ms};
    (void)board_put(&board, &view);
}

/* What commit lets the writer do when nothing else waits; how many transactions it took. */
static unsigned write_all(int64_t wall_ms)
{
    unsigned count = 0;
    for (; trend_keeper_waits(&keeper, true); count++) {
        trend_keeper_write(&keeper, wall_ms);
    }
    return count;
}

struct found {
    unsigned rows;
    struct trends_row row;
};

static void see(void *context, int64_t minute, const struct trends_row *row)
{
    struct found *found = context;
    (void)minute;
    found->rows++;
    found->row = *row;
}

static struct found read_minute(const char *bed, int64_t minute)
{
    struct found found = {.rows = 0};
    assert_non_null(keeper.trends);
    assert_int_equal(trends_each(keeper.trends, bed, minute, minute + 1, see, &found), STATUS_OK);
    return found;
}

static void test_each_value_once(void **state)
{
    (void)state;
    for (int i = 0; i < 60; i++) {
        show(0, 5, VITAL_hr, QUALITY_VALID, 70000 + i * 10, 1000 * i);
        trend_keeper_look(&keeper, WALL + i * 1000);
        trend_keeper_look(&keeper, WALL + i * 1000 + 500);
        (void)board_put(&board, &view); /* news of something else */
        trend_keeper_look(&keeper, WALL + i * 1000 + 700);
    }
    assert_false(trend_keeper_waits(&keeper, false)); /* nothing is written before the minute is over */
    trend_keeper_look(&keeper, WALL + 60000);
    assert_true(trend_keeper_waits(&keeper, false));
    show(0, 5, VITAL_hr, QUALITY_VALID, 99000, 60000); /* comes while the rows wait, and is of the next minute */
    trend_keeper_look(&keeper, WALL + 60400);
    assert_int_equal(write_all(WALL + 60500), 2); /* once the minute that was, once the one that is */
    const struct found found = read_minute("b01", MINUTE);
    assert_int_equal(found.rows, 1);
    assert_int_equal(found.row.stay, 5);
    assert_int_equal(found.row.count, 1);
    assert_int_equal(found.row.entries[0].vital, VITAL_hr);
    assert_int_equal(found.row.entries[0].count, 60);
    assert_int_equal(found.row.entries[0].min_milli, 70000);
    assert_int_equal(found.row.entries[0].max_milli, 70590);
    assert_int_equal(found.row.entries[0].mean_milli, 70295);
    assert_int_equal(read_minute("b02", MINUTE).rows, 0);
    assert_int_equal(read_minute("b01", MINUTE + 1).row.entries[0].min_milli, 99000);
}

static void test_what_does_not_count(void **state)
{
    (void)state;
    trend_keeper_look(&keeper, WALL);
    show(0, 5, VITAL_hr, QUALITY_IMPLAUSIBLE, 400000, 1000);
    trend_keeper_look(&keeper, WALL + 1000);
    show(0, 5, VITAL_hr, QUALITY_STALE, 70000, 2000);
    trend_keeper_look(&keeper, WALL + 2000);
    show(1, 0, VITAL_hr, QUALITY_VALID, 70000, 2000); /* a vacant bed */
    view.vitals[0].at_ms = view.at_ms - TRENDS_MINUTE_MS - 1;
    trend_keeper_look(&keeper, WALL + 3000);
    show(0, 5, VITAL_nibp_sys, QUALITY_VALID, 120000, 9000000); /* an old cuff pressure, found at the start */
    view.vitals[0].at_ms = 9000000 - TRENDS_MINUTE_MS - 1;
    (void)board_put(&board, &view);
    trend_keeper_look(&keeper, WALL + 4000);
    write_all(WALL + 30000);
    assert_int_equal(read_minute("b01", MINUTE).rows, 0);
}

/* A minute of one value, by that wall clock; the rows are written. */
static void keep_minute(int64_t minute, int32_t hr_milli)
{
    static int64_t at_ms = 1000;
    trend_keeper_look(&keeper, minute * TRENDS_MINUTE_MS); /* what was counted before is over */
    (void)write_all(minute * TRENDS_MINUTE_MS);
    at_ms += 1000;
    show(0, 5, VITAL_hr, QUALITY_VALID, hr_milli, at_ms);
    trend_keeper_look(&keeper, minute * TRENDS_MINUTE_MS + 1000);
    (void)write_all(minute * TRENDS_MINUTE_MS + 2000);
}

/* Without a battery behind its clock a box starts in 1970: all that was written lies ahead of it then. */
static void test_a_clock_that_is_behind_without_a_time_source(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        keep_minute(MINUTE + i, 70000 + i);
    }
    clock_is_kept = false;
    for (int i = 0; i < 30; i++) {
        keep_minute(5 + i, 90000);
    }
    assert_int_equal(read_minute("b01", 5).rows, 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(read_minute("b01", MINUTE + i).row.entries[0].mean_milli, 70000 + i);
    }
    keep_minute(MINUTE + 3, 73000); /* its time is right, though nobody says so */
    assert_int_equal(read_minute("b01", MINUTE + 3).row.entries[0].mean_milli, 73000);
    clock_is_kept = true;
    keep_minute(MINUTE + 2, 80000); /* set back by who must know */
    assert_int_equal(read_minute("b01", MINUTE + 3).rows, 0);
    assert_int_equal(read_minute("b01", MINUTE + 1).row.entries[0].mean_milli, 70001);
}

/* A minute in which one patient goes and another comes has the row of the other alone. */
static void test_one_stay_a_row(void **state)
{
    (void)state;
    show(0, 5, VITAL_hr, QUALITY_VALID, 150000, 1000);
    trend_keeper_look(&keeper, WALL);
    show(0, 6, VITAL_hr, QUALITY_VALID, 70000, 2000);
    trend_keeper_look(&keeper, WALL + 1000);
    write_all(WALL + 30000);
    const struct found found = read_minute("b01", MINUTE);
    assert_int_equal(found.row.stay, 6);
    assert_int_equal(found.row.entries[0].count, 1);
    assert_int_equal(found.row.entries[0].max_milli, 70000);
}

/* More vitals than channels, as of a bed of another configuration: what there is no room for is left out. */
static void test_more_vitals_than_channels(void **state)
{
    (void)state;
    view = (struct bed_view){.bed = 0, .monitored = true, .stay = 9, .vital_count = CHANNELS + 2, .at_ms = 1000};
    for (int v = 0; v < CHANNELS + 2; v++) {
        view.vitals[v] =
            (struct vital_view){.vital = (uint8_t)v, .quality = QUALITY_VALID, .value_milli = v, .at_ms = 1000};
    }
    (void)board_put(&board, &view);
    trend_keeper_look(&keeper, WALL);
    write_all(WALL + 30000);
    assert_int_equal(read_minute("b01", MINUTE).row.count, CHANNELS);
}

static void show_all(int32_t value_milli, int64_t at_ms)
{
    for (unsigned b = 0; b < BEDS; b++) {
        show((uint16_t)b, 5, VITAL_hr, QUALITY_VALID, value_milli, at_ms);
    }
}

/* So many rows a transaction, each bed once; what is shown between two of them is of the next minute. */
static void test_small_transactions(void **state)
{
    (void)state;
    _Static_assert(BEDS > TREND_ROWS_MOST && BEDS <= 2 * TREND_ROWS_MOST, "two transactions");
    show_all(70000, 1000);
    trend_keeper_look(&keeper, WALL);
    trend_keeper_look(&keeper, WALL + TRENDS_MINUTE_MS);
    trend_keeper_write(&keeper, WALL + TRENDS_MINUTE_MS);
    assert_int_equal(read_minute("b64", MINUTE).rows, 1);
    assert_int_equal(read_minute("b65", MINUTE).rows, 0);
    assert_true(trend_keeper_waits(&keeper, false));
    show_all(80000, 61000);
    trend_keeper_look(&keeper, WALL + TRENDS_MINUTE_MS + 1000);
    trend_keeper_write(&keeper, WALL + TRENDS_MINUTE_MS + 1000);
    assert_false(trend_keeper_waits(&keeper, false));
    for (unsigned b = 0; b < BEDS; b++) {
        assert_int_equal(read_minute(ids[b], MINUTE).row.entries[0].max_milli, 70000);
    }
    assert_int_equal(write_all(WALL + TRENDS_MINUTE_MS + 2000), 2);
    assert_int_equal(read_minute("b70", MINUTE + 1).row.entries[0].min_milli, 80000);
    assert_int_equal(read_minute("b70", MINUTE + 1).row.entries[0].count, 1);
}

/* Rows that nobody lets it write are lost when the next minute is over, too: no row is of two minutes. */
static void test_rows_that_wait_too_long(void **state)
{
    (void)state;
    show(0, 5, VITAL_hr, QUALITY_VALID, 70000, 1000);
    trend_keeper_look(&keeper, WALL);
    trend_keeper_look(&keeper, WALL + TRENDS_MINUTE_MS);
    show(0, 5, VITAL_hr, QUALITY_VALID, 80000, 120000);
    trend_keeper_look(&keeper, WALL + 2 * TRENDS_MINUTE_MS - 1);
    assert_true(trend_keeper_waits(&keeper, false));
    trend_keeper_look(&keeper, WALL + 2 * TRENDS_MINUTE_MS);
    assert_false(trend_keeper_waits(&keeper, false));
    assert_int_equal(write_all(WALL + 2 * TRENDS_MINUTE_MS), 1);
    assert_int_equal(read_minute("b01", MINUTE).rows, 0);
    assert_int_equal(read_minute("b01", MINUTE + 2).row.entries[0].max_milli, 80000);
}

/* Before the store is open nobody may write into its folder, and nothing piles up. */
static void test_behind_the_store(void **state)
{
    (void)state;
    struct store *opened = atomic_exchange(&store, NULL);
    trend_keeper_close(&keeper);
    trend_keeper_tend(&keeper, TREND_REST_US);
    assert_null(keeper.trends);
    show(0, 5, VITAL_hr, QUALITY_VALID, 70000, 1000);
    trend_keeper_look(&keeper, WALL);
    trend_keeper_look(&keeper, WALL + TRENDS_MINUTE_MS);
    assert_false(trend_keeper_waits(&keeper, true));
    atomic_store(&store, opened);
    trend_keeper_tend(&keeper, TREND_REST_US);
    show(0, 5, VITAL_hr, QUALITY_VALID, 71000, 2000);
    trend_keeper_look(&keeper, WALL + TRENDS_MINUTE_MS);
    write_all(WALL + TRENDS_MINUTE_MS);
    assert_int_equal(read_minute("b01", MINUTE).rows, 0);
    assert_int_equal(read_minute("b01", MINUTE + 1).rows, 1);
    trend_keeper_close(&keeper);
    keeper.config.trends.minutes = 0; /* none are kept */
    trend_keeper_tend(&keeper, 2 * TREND_REST_US);
    assert_null(keeper.trends);
}

/* A damaged file is begun anew, and said. */
static void test_damaged(void **state)
{
    (void)state;
    char path[128];
    trend_keeper_close(&keeper);
    (void)snprintf(path, sizeof path, "%s/minutes/data.mdb", folder.path);
    assert_int_equal(truncate(path, 100), 0);
    trend_keeper_tend(&keeper, TREND_REST_US);
    assert_true(atomic_load(&keeper.replaced));
    show(0, 5, VITAL_hr, QUALITY_VALID, 71000, 2000);
    trend_keeper_look(&keeper, WALL);
    assert_int_equal(write_all(WALL), 1);
    assert_int_equal(read_minute("b01", MINUTE).rows, 1);
}

/* A disk that fails: that minute is lost, main closes it, and opens it again after a rest. */
static void test_a_disk_that_fails(void **state)
{
    (void)state;
    show(0, 5, VITAL_hr, QUALITY_VALID, 70000, 1000);
    trend_keeper_look(&keeper, WALL);
    atomic_store(&disk_fault.sync_error, EIO);
    assert_int_equal(write_all(WALL), 1);
    assert_false(trend_keeper_waits(&keeper, true));
    trend_keeper_tend(&keeper, 5000);
    atomic_store(&disk_fault.sync_error, 0);
    assert_null(keeper.trends);
    assert_int_not_equal(keeper.told, STATUS_OK);
    trend_keeper_tend(&keeper, 5000 + TREND_REST_US - 1);
    assert_null(keeper.trends);
    trend_keeper_tend(&keeper, 5000 + TREND_REST_US);
    assert_non_null(keeper.trends);
    trend_keeper_tend(&keeper, 5000 + TREND_REST_US + 1);
    assert_int_not_equal(keeper.told, STATUS_OK); /* nothing was written yet */
    show(0, 5, VITAL_hr, QUALITY_VALID, 71000, 61000);
    trend_keeper_look(&keeper, WALL + TRENDS_MINUTE_MS);
    write_all(WALL + TRENDS_MINUTE_MS);
    trend_keeper_tend(&keeper, 5000 + TREND_REST_US + 2);
    assert_int_equal(keeper.told, STATUS_OK);
    assert_int_equal(read_minute("b01", MINUTE).rows, 0);
    assert_int_equal(read_minute("b01", MINUTE + 1).rows, 1);
}

static void *answer_late(void *argument)
{
    (void)argument;
    clock_sleep_until_us(clock_boot_us() + TREND_SLOW_US + 100000);
    atomic_store(&disk_fault.hang, false);
    return NULL;
}

/* A disk that works and is slow: what it was given is there, and then it is left in peace. */
static void test_a_slow_disk(void **state)
{
    (void)state;
    struct thread late = {.running = false};
    show_all(70000, 1000);
    trend_keeper_look(&keeper, WALL);
    atomic_store(&disk_fault.hang, true);
    assert_int_equal(thread_start(&late, "late", answer_late, NULL), STATUS_OK);
    assert_int_equal(write_all(WALL), 1); /* the rest of the minute is lost */
    thread_join(&late);
    assert_int_equal(read_minute("b64", MINUTE).rows, 1);
    trend_keeper_tend(&keeper, 5000);
    trend_keeper_tend(&keeper, 5000 + TREND_LONG_REST_US - 1);
    assert_null(keeper.trends);
    trend_keeper_tend(&keeper, 5000 + TREND_LONG_REST_US);
    assert_int_equal(read_minute("b65", MINUTE).rows, 0);
    show_all(71000, 61000);
    trend_keeper_look(&keeper, WALL + TRENDS_MINUTE_MS);
    assert_int_equal(write_all(WALL + TRENDS_MINUTE_MS), 2);
    assert_int_equal(read_minute("b65", MINUTE + 1).rows, 1);
}

#define KEEPER_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        KEEPER_TEST(test_each_value_once),
        KEEPER_TEST(test_what_does_not_count),
        KEEPER_TEST(test_a_clock_that_is_behind_without_a_time_source),
        KEEPER_TEST(test_one_stay_a_row),
        KEEPER_TEST(test_more_vitals_than_channels),
        KEEPER_TEST(test_small_transactions),
        KEEPER_TEST(test_rows_that_wait_too_long),
        KEEPER_TEST(test_behind_the_store),
        KEEPER_TEST(test_damaged),
        KEEPER_TEST(test_a_disk_that_fails),
        KEEPER_TEST(test_a_slow_disk),
    };
    return cmocka_run_group_tests_name("trend_keeper", tests, NULL, NULL);
}
