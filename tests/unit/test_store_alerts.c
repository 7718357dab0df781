/* Which alerts wait and which are history, held against a plain list of them: any order of deliveries, of what gives way, of starts, also of a store that an
 * older wardgate left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/support/draw.h"
#include "tests/unit/support/older_store.h"
#include "tests/unit/support/store_folder.h"

enum { JSON = 200, ROWS_MOST = 3000, ROUNDS = 400, GROUP = 24 };
enum place { NOWHERE, WAITS, DELIVERED };

static struct store_folder folder;
static struct store *store;
static enum place places[ROWS_MOST];
static bool folded[ROWS_MOST];
static uint64_t newest;

static int set_up(void **state)
{
    (void)state;
    store_folder_init(&folder);
    store = store_folder_open(&folder);
    memset(places, 0, sizeof places);
    memset(folded, 0, sizeof folded);
    newest = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    store_close(store);
    store_folder_fini(&folder);
    return 0;
}

/* ---- what is done, to the store and to the list ---- */

static void put(uint16_t flags)
{
    struct test_alert t = {.bed = ""};
    (void)test_alert_make(&t, newest + 1, JSON);
    t.alert.flags = flags;
    assert_int_equal(store_put_alert(store, &t.alert), STATUS_OK);
    newest++;
    assert_int_equal(store_last_row(store), newest);
    places[newest] = (flags & STORE_ALERT_SENT) != 0 ? DELIVERED : WAITS;
    folded[newest] = (flags & STORE_ALERT_FOLDED) != 0;
}

static void put_some(void)
{
    const uint64_t count = draw(GROUP);
    for (uint64_t i = 0; i < count && newest + 1 < ROWS_MOST; i++) {
        const uint64_t kind = draw(8);
        put(kind == 0 ? STORE_ALERT_SENT : kind == 1 ? STORE_ALERT_FOLDED : STORE_ALERT_HIGH);
    }
}

static void deliver(uint64_t row)
{
    assert_int_equal(store_mark_delivered(store, row), STATUS_OK);
    if (row <= newest && places[row] == WAITS) {
        places[row] = folded[row] ? NOWHERE : DELIVERED;
    }
}

/* Some in a row, some anywhere, some that never were or are delivered already. */
static void deliver_some(void)
{
    const uint64_t first = draw(newest + 3), count = draw(2) == 0 ? draw(3 * GROUP) : 1;
    for (uint64_t row = first; row < first + count && row <= newest + 2; row++) {
        deliver(row);
    }
}

static void omit_some(void)
{
    uint64_t rows[GROUP] = {0};
    const uint32_t count = (uint32_t)draw(GROUP);
    for (uint32_t i = 0; i < count; i++) {
        rows[i] = draw(newest + 1) + 1;
    }
    assert_int_equal(store_omit(store, rows, count, 0, NULL), STATUS_OK);
    for (uint32_t i = 0; i < count; i++) {
        if (rows[i] <= newest && places[rows[i]] == WAITS) {
            places[rows[i]] = NOWHERE;
        }
    }
}

static uint64_t count_of(enum place place)
{
    uint64_t count = 0;
    for (uint64_t row = 1; row <= newest; row++) {
        count += places[row] == place;
    }
    return count;
}

/* Up to eight of the oldest that are history go, never the last; what test_alert_make says is a millisecond each. */
static void forget_some(void)
{
    const uint64_t before = draw(newest + 2);
    const uint64_t all = count_of(DELIVERED);
    uint64_t left = all > 8 ? 8 : all > 0 ? all - 1 : 0;
    assert_int_equal(store_forget_history(store, 1700000000000 + (int64_t)before), STATUS_OK);
    for (uint64_t row = 1; row < before && left > 0; row++) {
        if (places[row] == DELIVERED) {
            places[row] = NOWHERE;
            left--;
        }
    }
}

/* ---- what is there ---- */

struct seen {
    enum place wanted; /* NOWHERE: both */
    uint64_t row, left;
};

static bool see(void *context, const struct store_alert *alert)
{
    struct seen *seen = context;
    do {
        seen->row++;
        assert_true(seen->row <= newest);
    } while (places[seen->row] == NOWHERE || (seen->wanted != NOWHERE && places[seen->row] != seen->wanted));
    assert_int_equal(alert->row, seen->row);
    assert_int_equal(alert->seq, seen->row);
    assert_int_equal(alert->waiting, places[seen->row] == WAITS);
    seen->left--;
    return true;
}

static uint64_t count_behind(uint64_t after, enum place wanted)
{
    uint64_t count = 0;
    for (uint64_t row = after + 1; row <= newest; row++) {
        count += wanted == NOWHERE ? places[row] != NOWHERE : places[row] == wanted;
    }
    return count;
}

typedef enum status each_alert(struct store *store, uint64_t after, uint32_t most, store_alert_visit *visit,
                               void *context);

static void check_one(each_alert *each, enum place wanted)
{
    const uint64_t after = draw(3) == 0 ? draw(newest + 1) : 0;
    const uint32_t most = draw(2) == 0 ? (uint32_t)draw(60) : UINT32_MAX;
    const uint64_t there = count_behind(after, wanted), first = there < most ? there : most;
    struct seen seen = {.wanted = wanted, .row = after, .left = first};
    assert_int_equal(each(store, after, most, see, &seen), STATUS_OK);
    assert_int_equal(seen.left, 0);
}

static void check(void)
{
    struct store_usage usage;
    store_usage(store, &usage);
    assert_int_equal(usage.outbox_rows, count_of(WAITS));
    assert_int_equal(usage.history_rows, count_of(DELIVERED));
    check_one(store_each_outbox, WAITS);
    check_one(store_each_history, DELIVERED);
    check_one(store_each_alert, NOWHERE);
}

/* An older wardgate's tables hold what this one's do; row numbers go on from what is there. */
static void reopen(bool older)
{
    store_close(store);
    if (older) {
        assert_true(older_store_make(folder.path, draw(2) == 0 ? 4 : 3));
    }
    store = store_folder_open(&folder);
    assert_null(store_set_aside_path(store));
    assert_true(store_last_row(store) <= newest);
    while (newest > store_last_row(store)) {
        assert_int_equal(places[newest--], NOWHERE);
    }
}

static void step(void)
{
    static void (*const done[])(void) = {put_some, deliver_some, omit_some, forget_some};
    assert_int_equal(store_begin(store), STATUS_OK);
    for (uint64_t i = draw(4); i > 0; i--) {
        const uint64_t what = draw(8);
        done[what < 3 ? 0 : what < 6 ? 1 : what - 4]();
    }
    assert_int_equal(store_commit(store), STATUS_OK);
}

static void test_any_order(void **state)
{
    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        step();
        if (draw(20) == 0) {
            reopen(false);
        }
        check();
    }
}

/* Rows in the old outbox and behind them, by turns; once more older with all of that. */
static void test_brought_forward(void **state)
{
    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        step();
        if (draw(8) == 0) {
            reopen(true);
        }
        check();
    }
}

/* What is not committed never was. */
static void test_given_up(void **state)
{
    (void)state;
    assert_int_equal(store_begin(store), STATUS_OK);
    for (unsigned i = 0; i < 40; i++) {
        put(0);
    }
    assert_int_equal(store_commit(store), STATUS_OK);
    assert_int_equal(store_begin(store), STATUS_OK);
    for (uint64_t row = 1; row <= 40; row += 3) {
        assert_int_equal(store_mark_delivered(store, row), STATUS_OK);
    }
    store_abort(store);
    check();
}

/* Behind a long backlog there is history, too: it is found, and gives way, without what waits. */
static void test_history_behind_a_backlog(void **state)
{
    (void)state;
    for (unsigned group = 0; group < 20; group++) {
        assert_int_equal(store_begin(store), STATUS_OK);
        for (unsigned i = 0; i < 100; i++) {
            put(group == 19 && i >= 90 ? STORE_ALERT_SENT : 0);
        }
        assert_int_equal(store_commit(store), STATUS_OK);
    }
    check();
    assert_int_equal(store_begin(store), STATUS_OK);
    assert_int_equal(store_forget_history(store, INT64_MAX), STATUS_OK);
    assert_int_equal(store_commit(store), STATUS_OK);
    for (uint64_t row = 1991; row < 1999; row++) {
        places[row] = NOWHERE;
    }
    check();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_any_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_brought_forward, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_given_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_history_behind_a_backlog, set_up, tear_down),
    };
    draw_seed(11);
    return cmocka_run_group_tests_name("store_alerts", tests, NULL, NULL);
}
