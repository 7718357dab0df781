/* A wall clock that is set while alerts are committed: what was shown is recorded as off, nothing is thrown away by a clock that may be wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hal/clock.h"
#include "tests/unit/support/commit_rig.h"
#include "tests/unit/support/draw.h"
#include "tests/unit/support/fake_clock.h"

#define BOOT    "6d5f3c1e-0000-4000-8000-00000000000a"
#define NOW_MS  INT64_C(1769903999000) /* 2026-01-31T23:59:59Z */
#define HOUR_US INT64_C(3600000000)
#define HOUR_MS INT64_C(3600000)
#define DAY_MS  (24 * HOUR_MS)

/* As the engine is told. */
static void set_synced(bool synced)
{
    fake_clock_synced(synced);
    commit_rig.clock_synced = synced;
}

/* With the store open; the box is 1 s old and says that it is `wall_ms`. */
static void make(int64_t wall_ms, bool synced)
{
    fake_clock_set(commit_rig.now_us, wall_ms);
    set_synced(synced);
    commit_rig.keeps_clock = true;
    commit_rig_make(true);
    commit_rig.clock_record = (struct clock_record){.count = 0};
    clock_record_begin(&commit_rig.clock_record, BOOT, commit_rig.epoch, 0,
                       wall_ms - timebase_engine_ms(&commit_rig.timebase, commit_rig.now_us), synced);
    commit_rig.clock_bridge = (struct clock_bridge){.open = 0};
    atomic_store(&commit_rig.clock_hardware.offset_ms, CLOCK_HARDWARE_UNKNOWN);
    atomic_store(&commit_rig.clock_hardware.wrong_ms, 0);
    atomic_store(&commit_rig.clock_hardware.anew, false);
    atomic_store(&commit_rig.clock_hardware.ends, false);
}

static void pass(int64_t us)
{
    fake_clock_pass(us);
    commit_rig_round(us);
}

static void alert(void)
{
    commit_rig_alert(0, PHASE_START);
    pass(1000000);
}

static void read_record(struct clock_record *out)
{
    size_t length = 0;
    assert_int_equal(store_get_state(commit_rig_store(), STATE_CLOCK_RECORD, out, sizeof *out, &length), STATUS_OK);
    assert_int_equal(length, sizeof *out);
}

static void expect_stored(uint64_t seq, int64_t off_ms, bool synced)
{
    struct clock_record found, shown;
    read_record(&found);
    board_take_clock(&commit_rig.board, &shown);
    assert_memory_equal(&found, &shown, sizeof found);
    const struct clock_span *span = clock_record_find(&found, seq);
    assert_non_null(span);
    assert_int_equal(span->off_ms, off_ms);
    assert_int_equal(span->synced, synced);
}

struct texts {
    unsigned count;
    char json[16][STORE_AUDIT_MAX + 1];
};

static bool see_audit(void *context, uint64_t row, int64_t wall_ms, const char *json, uint32_t length)
{
    struct texts *texts = context;
    (void)row;
    (void)wall_ms;
    assert_in_range(texts->count, 0, 15);
    (void)snprintf(texts->json[texts->count++], STORE_AUDIT_MAX + 1, "%.*s", (int)length, json);
    return true;
}

static void read_audit(struct texts *out)
{
    out->count = 0;
    assert_int_equal(store_each_audit(commit_rig_store(), 16, see_audit, out), STATUS_OK);
}

static bool see_at(void *context, const struct store_alert *alert)
{
    char *found = context; /* of the newest */
    (void)snprintf(found, TIME_TEXT_MAX, "%.*s", TIME_TEXT_MAX - 1, strstr(alert->json, "\"at\":\"") + 6);
    return true;
}

static void expect_newest_at(const char *text)
{
    char found[TIME_TEXT_MAX] = "";
    assert_int_equal(store_each_outbox(commit_rig_store(), 0, RIG_SEEN_MAX, see_at, found), STATUS_OK);
    assert_string_equal(found, text);
}

static void test_a_start_in_1970_and_a_time_source(void **state)
{
    (void)state;
    struct texts audit;
    make(20000, false);
    alert(); /* made at the start, shown 1 s later */
    expect_newest_at("1970-01-01T00:00:20.000Z");
    alert();
    fake_clock_step(NOW_MS - 22000);
    set_synced(true);
    alert();
    expect_newest_at("2026-01-31T23:59:59.000Z");
    expect_stored(1, NOW_MS - 22000, true);
    expect_stored(2, NOW_MS - 22000, true);
    read_audit(&audit);
    assert_int_equal(audit.count, 1);
    assert_non_null(
        strstr(audit.json[0], "\"kind\":\"clock\",\"step_s\":1769903977.000,\"clock\":\"synced\",\"through_seq\":2"));
    struct clock_record found;
    read_record(&found);
    assert_null(clock_record_find(&found, 3)); /* shown by the clock as it was set */
}

/* Told at first as it is, then confirmed. */
static void test_set_first_and_said_to_be_right_later(void **state)
{
    (void)state;
    make(20000, false);
    alert();
    fake_clock_step(NOW_MS);
    pass(1000000);
    expect_stored(1, NOW_MS, false);
    set_synced(true);
    pass(1000000);
    expect_stored(1, NOW_MS, true);
}

static void test_the_source_is_asked_twice_a_second_and_its_loss_is_stored(void **state)
{
    (void)state;
    struct clock_record found;
    make(NOW_MS, true);
    alert();
    read_record(&found);
    assert_int_equal(found.synced, 1);
    set_synced(false);
    pass(500000);
    read_record(&found);
    assert_int_equal(found.synced, 0);
    assert_int_equal(found.count, 0);
}

static void test_a_leap_second_leaves_no_trace(void **state)
{
    (void)state;
    struct texts audit;
    struct clock_record found;
    make(NOW_MS, true);
    alert();
    fake_clock_kernel(TIME_OOP, STA_INS, 1000);
    fake_clock_step(-1000);
    alert();
    fake_clock_kernel(TIME_WAIT, STA_INS, 1000);
    alert();
    read_record(&found);
    assert_int_equal(found.count, 0);
    read_audit(&audit);
    assert_int_equal(audit.count, 0);
}

/* The log of commands must not be pushed out by a clock that will not stand still. */
static void test_one_row_a_minute_of_the_audit_log(void **state)
{
    (void)state;
    struct texts audit;
    make(NOW_MS, true);
    alert();
    for (unsigned i = 0; i < 59; i++) {
        fake_clock_step(5000);
        pass(1000000);
    }
    read_audit(&audit);
    assert_int_equal(audit.count, 1);
    pass(2000000);
    read_audit(&audit);
    assert_int_equal(audit.count, 2);
    assert_non_null(strstr(audit.json[1], "\"step_s\":290.000"));
    expect_stored(1, 59 * 5000, true);
}

/* Nor does a reload forget what is still to be told, or begin another minute, or another hour of a steady clock. */
static void test_a_reload_goes_on_with_it(void **state)
{
    (void)state;
    static struct commit next;
    struct commit_clock *clock = &next.clock;
    make(NOW_MS, true);
    alert();
    fake_clock_step(5000);
    pass(1000000);
    fake_clock_step(7000);
    pass(1000000);
    const int64_t steady_us = commit_rig.now_us;
    commit_clock_init(clock, &commit_rig.clock_record, NULL, NULL, &commit_rig.timebase);
    commit_continue(&next, &commit_rig.commit);
    fake_clock_pass(58000000);
    commit_clock_look(clock, steady_us + 58000000);
    assert_false(clock->has_note);
    fake_clock_pass(1000000);
    commit_clock_look(clock, steady_us + 59000000);
    assert_true(clock->has_note);
    assert_non_null(strstr(clock->note.json, "\"step_s\":7.000"));
    assert_false(commit_clock_is_steady(clock, steady_us + COMMIT_CLOCK_STEADY_US - 1));
    assert_true(commit_clock_is_steady(clock, steady_us + COMMIT_CLOCK_STEADY_US));
}

static void step(bool and_write)
{
    fake_clock_pass(100000);
    commit_rig.now_us += 100000;
    (void)commit_step(&commit_rig.commit, commit_rig.now_us);
    if (and_write) {
        (void)writer_step(&commit_rig.commit.writer);
    }
}

/* Rows wait for the writer in the order in which they came, so that a try again after a failure finds what the store has of them. */
static void test_rows_of_the_audit_log_keep_their_order(void **state)
{
    (void)state;
    struct texts audit;
    make(NOW_MS, true);
    alert();
    commit_rig_alert(0, PHASE_START);
    step(false); /* the writer has it */
    fake_clock_step(5000);
    step(false);
    assert_true(commit_note(&commit_rig.commit, "{\"kind\":\"later\"}", 16));
    step(true);
    step(true);
    step(true);
    read_audit(&audit);
    assert_int_equal(audit.count, 2);
    assert_non_null(strstr(audit.json[0], "\"kind\":\"clock\""));
    assert_non_null(strstr(audit.json[1], "\"kind\":\"later\""));
}

/* A disk that is not there yet when the clock is set: all of it is stored with the first group. */
static void test_a_step_before_there_is_a_store(void **state)
{
    (void)state;
    fake_clock_set(commit_rig.now_us, 20000);
    set_synced(false);
    commit_rig.keeps_clock = true;
    commit_rig_make(false);
    clock_record_begin(&commit_rig.clock_record, BOOT, commit_rig.epoch, 0,
                       20000 - timebase_engine_ms(&commit_rig.timebase, commit_rig.now_us), false);
    commit_rig_alert(0, PHASE_START);
    fake_clock_pass(1000000);
    commit_rig.now_us += 1000000;
    (void)commit_step(&commit_rig.commit, commit_rig.now_us); /* shown, and with the writer */
    fake_clock_step(NOW_MS);
    set_synced(true);
    pass(1000000);
    pass(1000000);
    expect_stored(1, NOW_MS, true);
}

/* ---- killed at any instant ---- */

enum { SHOWN_MAX = 512 };

static void read_bridge(struct clock_bridge *out)
{
    size_t length = 0;
    assert_int_equal(store_get_state(commit_rig_store(), STATE_CLOCK_BRIDGE, out, sizeof *out, &length), STATUS_OK);
    assert_int_equal(length, sizeof *out);
}

/* The next start of the box goes by what is in the store then. */
static void test_whether_the_hardware_clock_is_in_step_is_stored(void **state)
{
    (void)state;
    struct clock_bridge found;
    make(NOW_MS, true);
    alert();
    read_bridge(&found);
    assert_int_equal(found.in_step, 0);
    atomic_store(&commit_rig.clock_hardware.offset_ms, clock_wall_ms() - clock_boot_us() / 1000 + 1000);
    pass(1000000);
    read_bridge(&found);
    assert_int_equal(found.in_step, 1);
    fake_clock_step(1000); /* the kernel's clock has moved, the other not yet */
    pass(1000000);
    read_bridge(&found);
    assert_int_equal(found.in_step, 1);
    fake_clock_step(5000);
    pass(1000000);
    read_bridge(&found);
    assert_int_equal(found.in_step, 0);
}

static void open_bridge(void)
{
    make(NOW_MS, false);
    clock_bridge_begin(&commit_rig.clock_bridge, BOOT, true,
                       NOW_MS - timebase_engine_ms(&commit_rig.timebase, commit_rig.now_us), 1000);
    alert();
}

static void test_a_time_source_confirms_the_hardware_clock(void **state)
{
    (void)state;
    struct clock_bridge found;
    open_bridge();
    read_bridge(&found);
    assert_int_equal(found.open, 1);
    fake_clock_step(1500);
    set_synced(true);
    pass(1000000);
    read_bridge(&found);
    assert_int_equal(found.open, 0);
    assert_int_equal(atomic_load(&commit_rig.clock_hardware.wrong_ms), 0);
}

static void test_a_time_source_says_that_the_hardware_clock_was_wrong(void **state)
{
    (void)state;
    struct clock_bridge found;
    open_bridge();
    fake_clock_step(HOUR_MS);
    pass(1000000);
    assert_int_equal(atomic_load(&commit_rig.clock_hardware.wrong_ms), 0); /* nobody has said that this is right */
    set_synced(true);
    pass(1000000);
    assert_int_equal(atomic_load(&commit_rig.clock_hardware.wrong_ms), HOUR_MS);
    read_bridge(&found);
    assert_int_equal(found.open, 1); /* until windows have begun anew, so that no other boot goes on from this one */
}

/* The bridge closes with what the engine said of that: a run that ends before begins anew once more. */
static void test_a_bridge_closes_with_all_that_begins_anew(void **state)
{
    (void)state;
    struct clock_bridge found;
    open_bridge();
    fake_clock_step(HOUR_MS);
    set_synced(true);
    pass(1000000);
    atomic_store(&commit_rig.clock_hardware.anew, true);
    for (unsigned i = 0; i <= COMMIT_GROUP_MAX; i++) {
        commit_rig_active(i);
    }
    fake_clock_pass(1000000);
    commit_rig.now_us += 1000000;
    (void)commit_step(&commit_rig.commit, commit_rig.now_us); /* one group, and one alert is left */
    assert_true(writer_step(&commit_rig.commit.writer));
    read_bridge(&found);
    assert_int_equal(found.open, 1);
    assert_int_equal(atomic_load(&commit_rig.clock_hardware.wrong_ms), 0); /* told, and heard */
    for (unsigned i = 0; i < 4; i++) { /* of as many rows as a transaction has room for */
        pass(1000000);
    }
    read_bridge(&found);
    assert_int_equal(found.open, 0);
    assert_int_equal(commit_rig.clock_bridge.open, 0);
}

static struct clock_bridge bridge_after(bool ends)
{
    struct clock_bridge found;
    struct store *store = NULL;
    size_t length = 0;
    make(NOW_MS, true);
    commit_rig.clock_bridge.ended = 0;
    atomic_store(&commit_rig.clock_hardware.ends, ends);
    commit_rig_alert(0, PHASE_START);
    commit_rig_start();
    commit_rig_stop();
    store = store_folder_open(&commit_rig.folder);
    assert_int_equal(store_get_state(store, STATE_CLOCK_BRIDGE, &found, sizeof found, &length), STATUS_OK);
    store_close(store);
    return found;
}

static void test_an_orderly_end_of_the_box_is_marked(void **state)
{
    (void)state;
    assert_int_equal(bridge_after(true).ended, 1);
}

static void test_another_end_is_not(void **state)
{
    (void)state;
    assert_int_equal(bridge_after(false).ended, 0); /* the program alone */
}

/* What a start in the same boot would find, and the engine instants of what is in the outbox. */
struct recovered {
    struct clock_record record;
    int64_t correction_ms, worst_ms;
    const int64_t *at_ms; /* of each seq */
};

static bool hold_against(void *context, const struct store_alert *alert)
{
    struct recovered *r = context;
    char text[TIME_TEXT_MAX];
    int64_t shown_ms = 0;
    const struct clock_span *span = clock_record_find(&r->record, alert->seq);
    (void)snprintf(text, sizeof text, "%.*s", TIME_TEXT_MAX - 1, strstr(alert->json, "\"at\":\"") + 6);
    assert_true(time_read(text, &shown_ms));
    const int64_t off_ms = shown_ms + (span != NULL ? span->off_ms : 0) - (r->at_ms[alert->seq] + r->correction_ms);
    const int64_t size_ms = off_ms < 0 ? -off_ms : off_ms;
    r->worst_ms = size_ms > r->worst_ms ? size_ms : r->worst_ms;
    return true;
}

static void expect_recoverable(const int64_t *at_ms)
{
    struct recovered r = {.at_ms = at_ms};
    struct state_numbers numbers = {.seq = 0};
    struct store *store = commit_rig_store();
    size_t length = 0;
    int64_t step_ms = 0;
    if (store_get_state(store, STATE_CLOCK_RECORD, &r.record, sizeof r.record, &length) != STATUS_OK) {
        return; /* nothing is stored yet */
    }
    const enum status numbered = store_get_state(store, STATE_NUMBERS, &numbers, sizeof numbers, &length);
    assert_true(numbered == STATUS_OK || numbered == STATUS_NOT_FOUND);
    r.correction_ms = clock_wall_ms() - timebase_engine_ms(&commit_rig.timebase, clock_boot_us());
    clock_record_begin(&r.record, BOOT, commit_rig.epoch, numbers.seq, r.correction_ms, true);
    (void)clock_record_look(&r.record, r.correction_ms, true, &step_ms);
    assert_int_equal(store_each_outbox(store, 0, RIG_SEEN_MAX, hold_against, &r), STATUS_OK);
    assert_in_range(r.worst_ms, 0, 2 * CLOCK_STEP_MS);
}

/* Both threads' work in any order, the clock set at any instant between: whatever is in the store is shown right from there. */
static void test_the_record_is_never_behind_what_was_shown(void **state)
{
    (void)state;
    static int64_t at_ms[SHOWN_MAX + 1];
    draw_seed(20260131);
    uint64_t seq = 0;
    make(NOW_MS, true);
    for (unsigned i = 0; i < 4000 && seq < 240; i++) { /* fewer steps than there are spans would be too easy */
        const int what = (int)draw(40);
        if (what < 3) {
            at_ms[++seq] = timebase_engine_ms(&commit_rig.timebase, commit_rig.now_us);
            commit_rig_alert((uint16_t)(seq % RIG_BEDS), PHASE_START);
        } else if (what == 3 && commit_rig.clock_record.count + 2 < CLOCK_SPANS_MAX) {
            fake_clock_step(draw(2) == 0 ? (int)draw(5000) - 2500 : (int)draw(2 * HOUR_MS) - (int)HOUR_MS);
        } else if (what == 4) {
            set_synced(draw(3) > 0);
        } else if (what < 20) {
            fake_clock_pass(50000);
            commit_rig.now_us += 50000;
            (void)commit_step(&commit_rig.commit, commit_rig.now_us);
        } else {
            (void)writer_step(&commit_rig.commit.writer);
        }
        expect_recoverable(at_ms);
    }
    assert_int_equal(seq, 240);
    assert_true(commit_rig.clock_record.count > CLOCK_SPANS_MAX / 2);
}

/* ---- who came ---- */

static void come(uint64_t stay)
{
    const struct record record = {
        .kind = RECORD_BED,
        .bed = 0,
        .bed_state = {.stay = stay, .stay_start_ms = timebase_engine_ms(&commit_rig.timebase, commit_rig.now_us)},
        .next_id = 1};
    assert_true(ring_push(&commit_rig.records, &record));
    pass(1000000);
}

static struct admissions admissions_shown(void)
{
    struct admissions shown;
    struct staffing_told staff;
    board_take_ward(&commit_rig.board, &shown, &staff);
    return shown;
}

static void test_nobody_came_in_1970(void **state)
{
    (void)state;
    struct admissions_sum sum;
    make(20000, false);
    come(7);
    assert_int_equal(admissions_shown().since_ms, 0);
    fake_clock_step(NOW_MS);
    set_synced(true);
    come(8);
    const struct admissions shown = admissions_shown();
    assert_true(shown.since_ms >= NOW_MS);
    admissions_sum(&shown, clock_wall_ms() + 1000, ADMISSIONS_WINDOW_MS_MAX, &sum);
    assert_int_equal(sum.came, 1);
    assert_in_range(sum.counted_ms, 1, 60000);
}

/* ---- what history keeps ---- */

static uint32_t history_rows(void)
{
    static struct commit_rig_rows rows;
    commit_rig_history(&rows);
    return rows.count;
}

/* Two alerts of now, delivered, in a history of 30 days. */
static void make_history(bool synced)
{
    commit_rig.history_keep_ms = 30 * DAY_MS;
    make(NOW_MS, synced);
    for (uint64_t row = 1; row <= 2; row++) {
        alert();
        assert_true(ring_push(&commit_rig.delivered, &row));
        pass(COMMIT_DELIVERED_WAIT_US); /* it waits for others */
        pass(COMMIT_DELIVERED_WAIT_US);
    }
    assert_int_equal(history_rows(), 2);
}

static void test_history_goes_by_a_steady_clock(void **state)
{
    (void)state;
    make_history(true);
    fake_clock_step(31 * DAY_MS); /* ahead, it may be by mistake */
    alert();
    pass(HOUR_US - 2000000);
    alert();
    assert_int_equal(history_rows(), 2);
    pass(2000000);
    alert();
    assert_int_equal(history_rows(), 1); /* never the last one */
}

static void test_history_outlives_a_jump_that_is_taken_back(void **state)
{
    (void)state;
    make_history(true);
    for (unsigned i = 0; i < 20; i++) {
        fake_clock_step(i % 2 == 0 ? 10000 * DAY_MS : -10000 * DAY_MS);
        pass(HOUR_US / 2);
        alert();
    }
    pass(2 * HOUR_US);
    alert();
    assert_int_equal(history_rows(), 2);
}

static void test_history_is_kept_without_a_time_source(void **state)
{
    (void)state;
    make_history(false);
    pass(40 * 24 * HOUR_US);
    alert();
    assert_int_equal(history_rows(), 2);
    set_synced(true); /* found while it runs */
    alert();
    assert_int_equal(history_rows(), 2);
    pass(HOUR_US);
    alert();
    assert_int_equal(history_rows(), 1);
    set_synced(false);
    alert();
    pass(2 * HOUR_US);
    alert();
    assert_int_equal(history_rows(), 1);
}

#define RIG_TEST(test) cmocka_unit_test_setup_teardown(test, commit_rig_setup, commit_rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_a_start_in_1970_and_a_time_source),
        RIG_TEST(test_set_first_and_said_to_be_right_later),
        RIG_TEST(test_the_source_is_asked_twice_a_second_and_its_loss_is_stored),
        RIG_TEST(test_a_leap_second_leaves_no_trace),
        RIG_TEST(test_one_row_a_minute_of_the_audit_log),
        RIG_TEST(test_a_reload_goes_on_with_it),
        RIG_TEST(test_rows_of_the_audit_log_keep_their_order),
        RIG_TEST(test_a_step_before_there_is_a_store),
        RIG_TEST(test_whether_the_hardware_clock_is_in_step_is_stored),
        RIG_TEST(test_a_time_source_confirms_the_hardware_clock),
        RIG_TEST(test_a_time_source_says_that_the_hardware_clock_was_wrong),
        RIG_TEST(test_a_bridge_closes_with_all_that_begins_anew),
        RIG_TEST(test_an_orderly_end_of_the_box_is_marked),
        RIG_TEST(test_another_end_is_not),
        RIG_TEST(test_the_record_is_never_behind_what_was_shown),
        RIG_TEST(test_nobody_came_in_1970),
        RIG_TEST(test_history_goes_by_a_steady_clock),
        RIG_TEST(test_history_outlives_a_jump_that_is_taken_back),
        RIG_TEST(test_history_is_kept_without_a_time_source),
    };
    return cmocka_run_group_tests_name("commit_clock", tests, NULL, NULL);
}
