/*
 * The staff on duty that somebody told, on its way into the store: with the command's row in the audit log, shown only once it is durable, there again in
 * the next run, and in a store that comes late.
 */
#include "tests/unit/support/commit_rig.h"

#include <errno.h>
#include <string.h>

#include "tests/unit/support/disk_fault.h"

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

static void push_staff(uint8_t nurses, int64_t until_wall_ms, enum command_verdict verdict)
{
    struct commit_rig *r = &commit_rig;
    struct record record = {.kind = RECORD_COMMAND, .bed = BED_NONE, .seq = r->seq, .next_id = r->seq + 1};
    record.command = (struct bed_command){.kind = COMMAND_set_staff,
                                          .role = ROLE_charge,
                                          .verdict = (uint8_t)verdict,
                                          .bed = BED_NONE,
                                          .nurses = nurses,
                                          .has_until = until_wall_ms != 0,
                                          .until_wall_ms = until_wall_ms,
                                          .origin = origin_make(ORIGIN_BROKER, 1),
                                          .id = "c1",
                                          .by = "n1",
                                          .reason = "one ill"};
    assert_true(ring_push(&r->records, &record));
}

static struct staffing_told shown(void)
{
    struct admissions admissions;
    struct staffing_told told;
    board_take_ward(&commit_rig.board, &admissions, &told);
    return told;
}

static void expect_stored(uint8_t nurses, int64_t until_ms)
{
    struct staffing_told found;
    size_t length = 0;
    assert_int_equal(store_get_state(commit_rig_store(), STATE_STAFF, &found, sizeof found, &length), STATUS_OK);
    assert_int_equal(length, sizeof found);
    assert_true(found.is_told && found.at_ms > 0);
    assert_int_equal(found.nurses, nurses);
    assert_int_equal(found.until_ms, until_ms);
    const struct staffing_told on_board = shown();
    assert_memory_equal(&on_board, &found, sizeof found);
}

static void test_what_is_told_is_kept(void **state)
{
    (void)state;
    commit_rig_make(true);
    commit_rig_alert(BED_NONE, PHASE_START);
    commit_rig_round(0);
    assert_false(shown().is_told);
    push_staff(3, 0, VERDICT_ACCEPTED);
    commit_rig_round(0);
    expect_stored(3, 0);
    push_staff(2, RIG_ANCHOR_MS, VERDICT_ACCEPTED);
    push_staff(9, 0, VERDICT_BOUNDS); /* refused: recorded, and nothing else */
    commit_rig_round(0);
    expect_stored(2, RIG_ANCHOR_MS);
    commit_rig_unmake();
    commit_rig_make(true);
    commit_rig_alert(BED_NONE, PHASE_START);
    commit_rig_round(0);
    expect_stored(2, RIG_ANCHOR_MS);
}

/* Nobody sees it before it is durable, and there is no reply either. */
static void test_not_before_it_is_durable(void **state)
{
    (void)state;
    struct reply reply;
    commit_rig_make(true);
    commit_rig_alert(BED_NONE, PHASE_START);
    commit_rig_round(0);
    atomic_store(&disk_fault.sync_error, EIO);
    push_staff(3, 0, VERDICT_ACCEPTED);
    for (unsigned i = 0; i < 5; i++) {
        commit_rig_round(200000);
    }
    assert_false(shown().is_told);
    assert_false(commit_rig_pop_reply(ORIGIN_BROKER, &reply));
    atomic_store(&disk_fault.sync_error, 0);
    for (unsigned i = 0; i < 30; i++) {
        commit_rig_round(200000);
    }
    expect_stored(3, 0);
    assert_true(commit_rig_pop_reply(ORIGIN_BROKER, &reply));
}

static void test_a_store_that_comes_late(void **state)
{
    (void)state;
    commit_rig_make(false);
    push_staff(3, 0, VERDICT_ACCEPTED);
    for (unsigned i = 0; i < 5; i++) {
        commit_rig_round(200000);
    }
    expect_stored(3, 0);
}

int main(void)
{
#define COMMIT_TEST(test) cmocka_unit_test_setup_teardown(test, rig_setup, rig_teardown)
    const struct CMUnitTest tests[] = {COMMIT_TEST(test_what_is_told_is_kept),
                                       COMMIT_TEST(test_not_before_it_is_durable),
                                       COMMIT_TEST(test_a_store_that_comes_late)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
