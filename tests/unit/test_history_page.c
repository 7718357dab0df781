/*
 * History in pages: every alert once and in order while it moves on; a reader that waits, or dies, never keeps the gateway from committing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/wait.h>

#include "app/cli/history_page.h"
#include "tests/unit/support/draw.h"
#include "tests/unit/support/store_folder.h"

enum { JSON = 700, TURNS = 4000 };

static struct store_folder folder;
static struct history_page page;

static int set_up(void **state)
{
    (void)state;
    store_folder_init(&folder);
    page = (struct history_page){.after = 0};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    store_folder_fini(&folder);
    return 0;
}

static bool deliver(struct store *store, uint64_t row)
{
    return test_deliver(store, &row, 1) == STATUS_OK;
}

/* Reads on to the end; rows are seqs here. delivered[row] as it was when the page was read. */
static uint64_t read_on(struct store *store, uint64_t seen, const bool *delivered)
{
    do {
        assert_int_equal(history_page_next(store, &page), STATUS_OK);
        assert_true(page.count <= HISTORY_PAGE_ROWS);
        for (uint32_t i = 0; i < page.count; i++) {
            assert_int_equal(page.rows[i].row, ++seen);
            assert_int_equal(page.rows[i].waiting, !delivered[seen]);
            assert_int_equal(page.rows[i].length, JSON);
        }
    } while (page.count > 0);
    return seen;
}

static void test_each_once_in_order(void **state)
{
    (void)state;
    static bool delivered[2000];
    draw_seed(3);
    struct store *store = store_folder_open(&folder);
    assert_int_equal(read_on(store, 0, delivered), 0);
    for (unsigned round = 0; round < 20; round++) {
        const uint64_t count = draw(40) + 1, first = store_last_row(store) + 1;
        assert_int_equal(test_alerts_commit(store, first, (uint32_t)count, JSON), STATUS_OK);
        for (unsigned i = 0; i < count; i++) {
            const uint64_t row = draw(first + count - 1) + 1;
            assert_true(deliver(store, row));
            delivered[row] = true;
        }
        page = (struct history_page){.after = 0};
        assert_int_equal(read_on(store, 0, delivered), first + count - 1);
    }
    store_close(store);
}

/* Rows move from the outbox to history between pages, behind and before what was read. */
static void test_rows_that_move(void **state)
{
    (void)state;
    draw_seed(4);
    struct store *store = store_folder_open(&folder);
    const uint64_t rows = 600;
    for (uint64_t seq = 1; seq <= rows; seq += 20) {
        assert_int_equal(test_alerts_commit(store, seq, 20, JSON), STATUS_OK);
    }
    uint64_t seen = 0;
    do {
        for (unsigned i = 0; i < 60; i++) {
            assert_true(deliver(store, draw(rows) + 1));
        }
        assert_int_equal(history_page_next(store, &page), STATUS_OK);
        for (uint32_t i = 0; i < page.count; i++) {
            assert_int_equal(page.rows[i].row, ++seen);
        }
    } while (page.count > 0);
    assert_int_equal(seen, rows);
    store_close(store);
}

/* ---- beside a writer ---- */

/* The outbox turns over, many times what the map can hold; how many commits failed. */
static unsigned turn_over(struct store *store, unsigned turns)
{
    unsigned failed = 0;
    for (unsigned i = 0; i < turns; i++) {
        failed += test_alerts_commit(store, store_last_row(store) + 1, 1, JSON) != STATUS_OK;
        failed += !deliver(store, store_last_row(store));
    }
    return failed;
}

static void make_history(unsigned rows)
{
    struct store *store = store_folder_open(&folder);
    assert_int_equal(turn_over(store, rows), 0);
    store_close(store);
}

static void tell(int fd)
{
    if (write(fd, "x", 1) != 1) {
        _exit(3);
    }
}

static void wait_told(int fd)
{
    char byte = 0;
    assert_int_equal(read(fd, &byte, 1), 1);
}

/* `wardgate history | less`: a page is printed into a pipe that nobody reads. */
static void read_and_wait(int ready)
{
    static struct history_page mine;
    struct store *store = NULL;
    int stuck[2];
    if (store_open_to_read(folder.path, &store) != STATUS_OK || history_page_next(store, &mine) != STATUS_OK ||
        mine.count == 0 || pipe(stuck) != 0) {
        _exit(2);
    }
    tell(ready);
    for (;;) {
        (void)!write(stuck[1], mine.rows[0].json, mine.rows[0].length);
    }
}

static bool die(void *context, const struct store_alert *alert)
{
    (void)alert;
    tell(*(const int *)context);
    (void)raise(SIGKILL);
    return false;
}

/* Killed in the middle of a transaction. */
static void read_and_die(int ready)
{
    struct store *store = NULL;
    if (store_open_to_read(folder.path, &store) == STATUS_OK) {
        (void)!store_each_alert(store, 0, 10, die, &ready);
    }
    _exit(2);
}

/* A process of its own: nobody may use LMDB across a fork. */
static pid_t start_reader(void (*read_as)(int ready))
{
    int ready[2];
    assert_int_equal(pipe(ready), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        read_as(ready[1]);
        _exit(0);
    }
    wait_told(ready[0]);
    close(ready[0]);
    close(ready[1]);
    return child;
}

static void test_a_reader_that_waits(void **state)
{
    (void)state;
    make_history(200);
    const pid_t child = start_reader(read_and_wait);
    struct store *store = store_folder_open(&folder);
    assert_int_equal(turn_over(store, TURNS), 0);
    assert_int_equal(waitpid(child, NULL, WNOHANG), 0); /* it waits still */
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    store_close(store);
}

/* The gateway is there before the reader and after it. */
static void write_beside(int ready)
{
    struct store *store = NULL;
    if (store_open(&folder.config, &store) != STATUS_OK || turn_over(store, 10) != 0) {
        _exit(2);
    }
    tell(ready);
    (void)usleep(100000); /* the reader comes and dies meanwhile, or a little later */
    const unsigned failed = turn_over(store, TURNS);
    _exit(failed <= 2 && turn_over(store, 100) == 0 ? 0
                                                    : 1); /* the one that finds the map full, and what goes with it */
}

static void test_a_reader_that_dies(void **state)
{
    (void)state;
    make_history(200);
    const pid_t gateway = start_reader(write_beside);
    for (unsigned i = 0; i < 5; i++) {
        const pid_t reader = start_reader(read_and_die);
        int result = 0;
        assert_int_equal(waitpid(reader, &result, 0), reader);
        assert_true(WIFSIGNALED(result));
    }
    int result = 0;
    assert_int_equal(waitpid(gateway, &result, 0), gateway);
    assert_true(WIFEXITED(result));
    assert_int_equal(WEXITSTATUS(result), 0);
}

/* ---- bounded by time ---- */

static uint64_t history_rows(struct store *store)
{
    struct store_usage usage;
    store_usage(store, &usage);
    return usage.history_rows;
}

static enum status forget(struct store *store, int64_t before_wall_ms)
{
    enum status status = store_begin(store);
    status = status == STATUS_OK ? store_forget_history(store, before_wall_ms) : status;
    return status == STATUS_OK ? store_commit(store) : status;
}

static void test_the_oldest_are_forgotten(void **state)
{
    (void)state;
    const int64_t first_ms = 1700000000001; /* of seq 1; each a millisecond later */
    struct store *store = store_folder_open(&folder);
    assert_int_equal(forget(store, INT64_MAX), STATUS_OK); /* there is none */
    assert_int_equal(turn_over(store, 30), 0);
    assert_int_equal(forget(store, first_ms), STATUS_OK);
    assert_int_equal(history_rows(store), 30);
    assert_int_equal(forget(store, first_ms + 5), STATUS_OK);
    assert_int_equal(history_rows(store), 25);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(forget(store, INT64_MAX), STATUS_OK);
    }
    assert_int_equal(history_rows(store), 1); /* row numbers go on from it */
    const uint64_t last = store_last_row(store);
    store_close(store);
    store = store_folder_open(&folder);
    assert_int_equal(store_last_row(store), last);
    store_close(store);
}

#define STORE_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(test_each_once_in_order),       STORE_TEST(test_rows_that_move),
        STORE_TEST(test_a_reader_that_waits),      STORE_TEST(test_a_reader_that_dies),
        STORE_TEST(test_the_oldest_are_forgotten),
    };
    return cmocka_run_group_tests_name("history_page", tests, NULL, NULL);
}
