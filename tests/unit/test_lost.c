/* lost.h: of which alerts that are not ours there has to be a record when their store is gone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
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

/* The first alerts of each bed go before the rest: that the newest of all has gone says nothing of those before it. */
static void test_the_newest_goes_first(void **state)
{
    (void)state;
    struct lost lost;
    find_theirs(&lost);
    lost_delivered(&lost, 3);
    lost_note(&lost, 0, 2);
    assert_true(lost.before.is_due);
    assert_string_equal(lost.before.waiting.epoch, "theirs");
    assert_int_equal(lost.before.waiting.first, 7);
    assert_int_equal(lost.before.waiting.through, 9);
}

static void test_all_have_gone(void **state)
{
    (void)state;
    struct lost lost;
    find_theirs(&lost);
    lost_note(&lost, 0, 3);
    assert_false(lost.before.is_due);
}

/* Their record has a row of the new store, which the old one's rows say nothing of. */
static void test_their_record_waits(void **state)
{
    (void)state;
    struct lost lost;
    find_theirs(&lost);
    lost_note(&lost, 0, 0);
    lost.before.put_row = 1;
    lost_committed(&lost, 20);
    lost_note(&lost, 0, 3);
    assert_true(lost.before.is_due);
    lost_committed(&lost, 20);
    lost_delivered(&lost, 1);
    lost_note(&lost, 0, 3);
    assert_false(lost.before.is_due);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_the_newest_goes_first),
                                       cmocka_unit_test(test_all_have_gone), cmocka_unit_test(test_their_record_waits)};
    return cmocka_run_group_tests_name("lost", tests, NULL, NULL);
}
