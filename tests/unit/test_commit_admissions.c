/*
 * Admissions on their way into the store: each stay once, with the bed's own state in one transaction, whatever the disk
 * does; the next run goes on counting.
 */
#include "tests/unit/support/commit_rig.h"

#include <errno.h>
#include <string.h>

#include "hal/clock.h"
#include "tests/unit/support/disk_fault.h"

#define HOUR_MS 3600000

static int rig_setup(void **state)
{
    memset(&disk_fault, 0, sizeof disk_fault);
    return commit_rig_setup(state);
}

static int rig_teardown(void **state)
{
    memset(&disk_fault, 0, sizeof disk_fault);
    return commit_rig_teardown(state);
}

/* A record of the bed: `stay` (0: vacant) since an instant of engine time. */
static void push_bed(uint16_t bed, uint64_t stay, int64_t since_ms)
{
    const struct record record = {
        .kind = RECORD_BED, .bed = bed, .bed_state = {.stay = stay, .stay_start_ms = since_ms}, .next_id = 1};
    assert_true(ring_push(&commit_rig.records, &record));
}

static int64_t engine_ms(void)
{
    return RIG_ANCHOR_MS + commit_rig.now_us / 1000;
}

static struct admissions stored(void)
{
    struct admissions admissions;
    size_t length = 0;
    assert_int_equal(store_get_state(commit_rig_store(), STATE_ADMISSIONS, &admissions, sizeof admissions, &length),
                     STATUS_OK);
    assert_int_equal(length, sizeof admissions);
    return admissions;
}

static void expect(const struct admissions *admissions, uint32_t came, uint32_t left, uint64_t stayed_s)
{
    struct admissions_sum sum;
    admissions_sum(admissions, clock_wall_ms() + 1000, ADMISSIONS_WINDOW_MS_MAX, &sum);
    assert_int_equal(sum.came, came);
    assert_int_equal(sum.left, left);
    assert_int_equal(sum.stayed_s, stayed_s);
}

static void expect_stored(uint32_t came, uint32_t left, uint64_t stayed_s)
{
    const struct admissions found = stored();
    struct admissions shown;
    struct staffing_told staff;
    expect(&found, came, left, stayed_s);
    board_take_ward(&commit_rig.board, &shown, &staff);
    assert_memory_equal(&shown, &found, sizeof found);
}

static void test_counting_begins_with_the_store(void **state)
{
    (void)state;
    const int64_t before_ms = clock_wall_ms();
    commit_rig_make(true);
    commit_rig_alert(BED_NONE, PHASE_START);
    commit_rig_round(0);
    expect_stored(0, 0, 0);
    assert_true(stored().since_ms >= before_ms);
}

static void test_stays_are_counted(void **state)
{
    (void)state;
    commit_rig_make(true);
    const int64_t now_ms = engine_ms() - HOUR_MS;
    push_bed(0, 11, now_ms);
    push_bed(0, 11, now_ms); /* the same, for another reason */
    push_bed(1, 12, now_ms);
    commit_rig_round(0);
    expect_stored(2, 0, 0);
    push_bed(0, 0, now_ms + HOUR_MS / 2);
    push_bed(1, 13, now_ms + HOUR_MS / 4); /* one patient for another */
    commit_rig_round(0);
    expect_stored(3, 2, 2700);
    push_bed(0, 0, now_ms + HOUR_MS);
    commit_rig_round(0);
    expect_stored(3, 2, 2700);
}

/* Groups that fail are tried again; what they held is counted once, and nobody sees it before it is durable. */
static void test_each_once_whatever_the_disk_does(void **state)
{
    (void)state;
    struct admissions shown;
    struct staffing_told staff;
    commit_rig_make(true);
    commit_rig_alert(BED_NONE, PHASE_START);
    commit_rig_round(0);
    atomic_store(&disk_fault.sync_error, EIO);
    push_bed(0, 11, engine_ms());
    for (unsigned i = 0; i < 5; i++) {
        commit_rig_round(200000);
    }
    board_take_ward(&commit_rig.board, &shown, &staff);
    expect(&shown, 0, 0, 0);
    atomic_store(&disk_fault.sync_error, 0);
    for (unsigned i = 0; i < 30; i++) {
        commit_rig_round(200000);
    }
    expect_stored(1, 0, 0);
}

static void test_the_next_run_goes_on(void **state)
{
    (void)state;
    commit_rig_make(true);
    const int64_t now_ms = engine_ms();
    push_bed(0, 11, now_ms - HOUR_MS);
    commit_rig_round(0);
    const int64_t since_ms = stored().since_ms;
    commit_rig_unmake();
    commit_rig_make(true);
    push_bed(0, 11, now_ms - HOUR_MS); /* it was there already */
    commit_rig_round(0);
    push_bed(0, 0, now_ms);
    commit_rig_round(0);
    expect_stored(1, 1, 3600);
    assert_int_equal(stored().since_ms, since_ms);
}

/* A store that was not there at the start gets to know all that was counted meanwhile. */
static void test_a_store_that_comes_late(void **state)
{
    (void)state;
    commit_rig_make(false);
    push_bed(0, 11, engine_ms());
    for (unsigned i = 0; i < 5; i++) {
        commit_rig_round(200000);
    }
    expect_stored(1, 0, 0);
    assert_true(stored().since_ms > 0);
}

int main(void)
{
#define COMMIT_TEST(test) cmocka_unit_test_setup_teardown(test, rig_setup, rig_teardown)
    const struct CMUnitTest tests[] = {
        COMMIT_TEST(test_counting_begins_with_the_store), COMMIT_TEST(test_stays_are_counted),
        COMMIT_TEST(test_each_once_whatever_the_disk_does), COMMIT_TEST(test_the_next_run_goes_on),
        COMMIT_TEST(test_a_store_that_comes_late)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
