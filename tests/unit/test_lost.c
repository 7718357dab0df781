/* lost.h: of which alerts that are not ours there has to be a record when their store is gone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "app/flow/lost.h"

static const struct payload_context ours = {.epoch = "ours"};

static void see(struct lost *lost, uint64_t row, uint64_t seq)
{
    static const char json[] = "{\"schema\":\"1\",\"epoch\":\"theirs\",\"id\":\"1\"}";
    const struct store_alert alert = {
        .row = row, .seq = seq, .bed = "b1", .alarm = "low", .json = json, .json_length = sizeof json - 1};
    lost_see(lost, &ours, &alert);
}

static void find_theirs(struct lost *lost)
{
    lost_find(lost);
    see(lost, 1, 7);
    see(lost, 2, 8);
    see(lost, 3, 9);
}

static void note(struct lost *lost, uint64_t delivered_row)
{
    lost_note(lost, (struct lost_reach){.row = delivered_row});
}

static void expect_due(const struct lost *lost, uint32_t at, const char *epoch, uint64_t first, uint64_t through)
{
    assert_true(at < lost->other_count);
    const struct lost_other *other = &lost->others[at];
    assert_true(other->is_due);
    assert_string_equal(other->waiting.epoch, epoch);
    assert_int_equal(other->waiting.first, first);
    assert_int_equal(other->waiting.through, through);
}

/* The first alerts of each bed go before the rest: that the newest of all has gone says nothing of those before it. */
static void test_the_newest_goes_first(void **state)
{
    (void)state;
    struct lost lost;
    find_theirs(&lost);
    lost_delivered(&lost, 3);
    note(&lost, 2);
    expect_due(&lost, 0, "theirs", 7, 9);
}

static void test_all_have_gone(void **state)
{
    (void)state;
    struct lost lost;
    find_theirs(&lost);
    note(&lost, 3);
    assert_int_equal(lost.other_count, 0);
}

/* Their record has a row of the new store, which the old one's rows say nothing of. */
static void test_their_record_waits(void **state)
{
    (void)state;
    struct lost lost;
    find_theirs(&lost);
    note(&lost, 0);
    lost.others[0].put_row = 1;
    lost_committed(&lost, 20);
    note(&lost, 3);
    expect_due(&lost, 0, "theirs", 7, 9);
    lost_committed(&lost, 20);
    lost_delivered(&lost, 1);
    note(&lost, 3);
    assert_int_equal(lost.other_count, 0);
}

static void see_record(struct lost *lost, uint64_t row, const char *json)
{
    const struct store_alert record = {.row = row,
                                       .seq = 2,
                                       .flags = STORE_ALERT_OMITS,
                                       .bed = "",
                                       .alarm = "omitted",
                                       .json = json,
                                       .json_length = (uint32_t)strlen(json)};
    lost_see(lost, &ours, &record);
}

/* A record of theirs stands for what its ranges say, whatever its own number. */
static void test_a_record_of_theirs(void **state)
{
    (void)state;
    struct lost lost;
    find_theirs(&lost);
    see_record(&lost, 4, "{\"schema\":\"1\",\"epoch\":\"theirs\",\"alerts\":3,\"seq_ranges\":[[4,5],[8,12]],\"at\":1}");
    see_record(&lost, 5, "{\"schema\":\"1\",\"epoch\":\"older\",\"alerts\":1,\"seq_ranges\":[[31,31]],\"at\":1}");
    see_record(&lost, 6, "{\"schema\":\"1\",\"epoch\":\"damaged\",\"alerts\":1,\"seq_ranges\":[[31,3");
    see_record(&lost, 6, "{\"schema\":\"1\",\"epoch\":\"damaged\",\"alerts\":1,\"seq_ranges\":[[31,3]]}");
    note(&lost, 3);
    assert_int_equal(lost.other_count, 2);
    expect_due(&lost, 0, "theirs", 4, 12);
    expect_due(&lost, 1, "older", 31, 31);
}

/* A full outbox gave up some of theirs: from then on they wait in that record. */
static void test_a_new_record_of_theirs(void **state)
{
    (void)state;
    struct lost lost;
    find_theirs(&lost);
    lost_recorded_other(&lost, &(struct around_waiting){.epoch = "theirs", .first = 7, .through = 8}, 30);
    note(&lost, 29);
    expect_due(&lost, 0, "theirs", 7, 9);
}

static void test_what_waits(void **state)
{
    (void)state;
    struct lost lost;
    struct around_waiting waiting[AROUND_WAITING_MAX];
    find_theirs(&lost);
    lost_learn(&lost, 20);
    assert_int_equal(lost_waiting(&lost, "ours", (struct lost_reach){.seq = 21, .row = 2}, 25, waiting), 2);
    assert_string_equal(waiting[0].epoch, "ours");
    assert_int_equal(waiting[0].first, 22);
    assert_int_equal(waiting[0].through, 25);
    assert_string_equal(waiting[1].epoch, "theirs");
    assert_int_equal(lost_waiting(&lost, "ours", (struct lost_reach){.seq = 21, .row = 3}, 25, waiting), 1);
    lost_note(&lost, (struct lost_reach){.seq = 22});
    assert_int_equal(lost_waiting(&lost, "ours", (struct lost_reach){.seq = 25}, 25, waiting), 1);
    assert_int_equal(waiting[0].first,
                     23); /* what deliver makes of the next store, which is empty, counts for nothing */
}

/* A new store has no numbers when it is opened. After a reload it is asked again, and what was committed meanwhile may still wait. */
static void test_a_reload_behind_a_new_store(void **state)
{
    (void)state;
    struct lost lost;
    lost_find(&lost);
    lost_committed(&lost, 12);
    lost_learn(&lost, 12);
    lost_committed(&lost, 13);
    lost_note(&lost, (struct lost_reach){.seq = 1});
    assert_int_equal(lost.first, 2);
    assert_int_equal(lost.through, 13);
}

/* More than are kept: the one that was seen first is forgotten, and as many can be told of as are known. */
static void test_there_is_a_bound(void **state)
{
    (void)state;
    struct lost lost;
    struct around_waiting waiting[AROUND_WAITING_MAX];
    lost_find(&lost);
    for (unsigned i = 0; i <= LOST_OTHERS_MAX; i++) {
        struct around_waiting before = {.first = i + 1, .through = i + 1};
        (void)snprintf(before.epoch, sizeof before.epoch, "e%u", i);
        lost_find_before(&lost, &before);
    }
    assert_int_equal(lost_waiting(&lost, "ours", (struct lost_reach){.seq = 0}, 0, waiting), AROUND_WAITING_MAX);
    assert_string_equal(waiting[1].epoch, "e1");
    assert_int_equal(waiting[1].first, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_newest_goes_first),       cmocka_unit_test(test_all_have_gone),
        cmocka_unit_test(test_their_record_waits),          cmocka_unit_test(test_a_record_of_theirs),
        cmocka_unit_test(test_a_new_record_of_theirs),      cmocka_unit_test(test_what_waits),
        cmocka_unit_test(test_a_reload_behind_a_new_store), cmocka_unit_test(test_there_is_a_bound)};
    return cmocka_run_group_tests_name("lost", tests, NULL, NULL);
}
