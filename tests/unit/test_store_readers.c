/*
 * Other programs that read the store beside the gateway: one that is stopped inside a read does not fill the map, one that is merely slow is left in peace, and
 * Ctrl-Z waits until a read is over.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/wait.h>

#include "drivers/store/folder.h"
#include "drivers/store/store_internal.h"
#include "drivers/store/trends.h"
#include "tests/unit/support/store_folder.h"

enum { JSON = 900, WAIT_MS = 10000 };

static struct store_folder folder;
static int to_child[2], to_parent[2];

static int set_up(void **state)
{
    (void)state;
    store_folder_init(&folder);
    assert_int_equal(pipe(to_child), 0);
    assert_int_equal(pipe(to_parent), 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        close(to_child[i]);
        close(to_parent[i]);
    }
    store_folder_fini(&folder);
    return 0;
}

/* ---- the other program ---- */

static volatile sig_atomic_t stops_taken;

static void take_stop(int number)
{
    (void)number;
    stops_taken++;
}

static void say(char what)
{
    if (write(to_parent[1], &what, 1) != 1) {
        _exit(9);
    }
}

static bool stop_inside(void *context, const struct store_alert *alert)
{
    (void)context;
    (void)alert;
    (void)raise(SIGSTOP);
    return false;
}

static bool wait_inside(void *context, const struct store_alert *alert)
{
    char go = 0;
    (void)context;
    (void)alert;
    say('i');
    return read(to_child[0], &go, 1) != 1;
}

static bool ctrl_z_inside(void *context, const struct store_alert *alert)
{
    (void)alert;
    *(bool *)context = true;
    (void)raise(SIGTSTP);
    if (stops_taken != 0) {
        _exit(3);
    }
    return false;
}

static pid_t start_reader(store_alert_visit *visit)
{
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct store *store = NULL;
        bool came = false;
        (void)signal(SIGTSTP, take_stop);
        if (store_open_to_read(folder.path, &store) != STATUS_OK ||
            store_each_outbox(store, 0, 10, visit, &came) != STATUS_OK) {
            _exit(2);
        }
        _exit(visit == ctrl_z_inside && (!came || stops_taken != 1) ? 4 : 0);
    }
    return pid;
}

/* ---- the gateway's part ---- */

/* One alert comes, one is delivered: pages are given free and used all the time. */
static enum status turn_over(struct store *store, uint64_t seq)
{
    struct test_alert t;
    enum status status = store_begin(store);
    if (status == STATUS_OK) {
        status = store_put_alert(store, test_alert_make(&t, seq, JSON));
    }
    if (status == STATUS_OK && seq > 10) {
        status = store_mark_delivered(store, seq - 10);
    }
    return status == STATUS_OK ? store_commit(store) : status;
}

static void begin_with_some(struct store *store)
{
    for (uint64_t seq = 1; seq <= 10; seq++) {
        assert_int_equal(turn_over(store, seq), STATUS_OK);
    }
}

/* Every alert comes through: at the second try at the latest, the first of which found no page. How often that was. */
static unsigned turn_over_many(struct store *store, unsigned count)
{
    unsigned refused = 0;
    for (unsigned i = 0; i < count; i++) {
        enum status status = turn_over(store, 11 + i);
        if (status == STATUS_FULL) {
            refused++;
            status = turn_over(store, 11 + i);
        }
        assert_int_equal(status, STATUS_OK);
    }
    return refused;
}

static void test_stopped_inside_a_read(void **state)
{
    (void)state;
    int how = 0;
    struct store *store = store_folder_open(&folder);
    begin_with_some(store);
    const pid_t reader = start_reader(stop_inside);
    assert_int_equal(waitpid(reader, &how, WUNTRACED), reader);
    assert_true(WIFSTOPPED(how));
    assert_int_equal(turn_over_many(store, 2000), 1); /* once it stood in the way, and was ended */
    assert_int_equal(waitpid(reader, &how, WNOHANG), reader);
    assert_true(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL);
    store_close(store);
}

/* It holds pages until it is done, and nobody ends it. */
static void test_slow_inside_a_read(void **state)
{
    (void)state;
    char inside = 0;
    int how = 0;
    struct store *store = store_folder_open(&folder);
    begin_with_some(store);
    const pid_t reader = start_reader(wait_inside);
    assert_int_equal(read(to_parent[0], &inside, 1), 1);
    unsigned refused = 0;
    uint64_t seq = 11;
    for (unsigned i = 0; i < 2000 && refused < 5; i++) {
        const enum status status = turn_over(store, seq);
        assert_true(status == STATUS_OK || status == STATUS_FULL);
        refused += status == STATUS_FULL ? 1 : 0;
        seq += status == STATUS_OK ? 1 : 0;
    }
    assert_int_equal(refused, 5);
    assert_int_equal(waitpid(reader, &how, WNOHANG), 0);
    assert_int_equal(write(to_child[1], "g", 1), 1);
    assert_int_equal(waitpid(reader, &how, 0), reader);
    assert_true(WIFEXITED(how) && WEXITSTATUS(how) == 0);
    for (unsigned i = 0; i < 300; i++) {
        assert_int_equal(turn_over(store, seq++), STATUS_OK);
    }
    store_close(store);
}

static void test_ctrl_z_waits(void **state)
{
    (void)state;
    int how = 0;
    struct store *store = store_folder_open(&folder);
    begin_with_some(store);
    const pid_t reader = start_reader(ctrl_z_inside);
    assert_int_equal(waitpid(reader, &how, 0), reader);
    assert_true(WIFEXITED(how));
    assert_int_equal(WEXITSTATUS(how), 0);
    store_close(store);
}

/* ---- whether a gateway has it ---- */

static void test_whether_it_is_held(void **state)
{
    (void)state;
    int fd = -1;
    store_close(store_folder_open(&folder));
    assert_int_equal(folder_open_existing(folder.path, &fd), STATUS_OK);
    assert_false(folder_is_held(fd));
    struct store *store = store_folder_open(&folder);
    assert_true(folder_is_held(fd));
    assert_true(folder_is_held(fd)); /* asking takes nothing */
    store_close(store);
    assert_false(folder_is_held(fd));
    store_close(store_folder_open(&folder));
    close(fd);
}

/* ---- trends from before the clock was set ---- */

static void put_minute(struct trends *trends, int64_t minute)
{
    const struct trends_row row = {.bed = "b01", .stay = 7, .count = 1, .entries = {{.vital = VITAL_hr, .count = 60}}};
    assert_int_equal(trends_begin(trends, minute), STATUS_OK);
    assert_int_equal(trends_put(trends, &row), STATUS_OK);
    assert_int_equal(trends_commit(trends), STATUS_OK);
}

static void test_the_next_minute_there_is(void **state)
{
    (void)state;
    struct trends *trends = NULL;
    const struct trends_config config = {
        .path = folder.path, .bytes = trends_bytes(1, 1, 60), .minutes = UINT32_MAX, .rows_most = 1};
    int64_t minute = -1;
    store_close(store_folder_open(&folder));
    assert_int_equal(trends_open(&config, &trends), STATUS_OK);
    assert_int_equal(trends_next(trends, 0, &minute), STATUS_NOT_FOUND);
    put_minute(trends, 3);
    put_minute(trends, 29500000);
    assert_int_equal(trends_next(trends, 0, &minute), STATUS_OK);
    assert_int_equal(minute, 3);
    assert_int_equal(trends_next(trends, 3, &minute), STATUS_OK);
    assert_int_equal(minute, 3);
    assert_int_equal(trends_next(trends, 4, &minute), STATUS_OK);
    assert_int_equal(minute, 29500000);
    assert_int_equal(trends_next(trends, 29500001, &minute), STATUS_NOT_FOUND);
    assert_int_equal(trends_next(trends, INT64_C(1) << 40, &minute), STATUS_NOT_FOUND);
    trends_close(trends);
}

/* While the environment is exchanged nobody reads: what is asked for figures gets those of the newest commit, and does not wait. */
static void test_figures_need_no_lmdb(void **state)
{
    (void)state;
    struct store *store = store_folder_open(&folder);
    struct store_usage before, during;
    assert_int_equal(test_alerts_commit(store, 1, 3, 100), STATUS_OK);
    assert_int_equal(store_journal_put(store, 1, "abc", 3), STATUS_OK);
    store_usage(store, &before);
    assert_int_equal(before.outbox_rows, 3);
    assert_true(before.alerts_bytes > 0 && before.alerts_bytes_max > before.alerts_bytes);
    assert_true(before.journal_bytes > 0 && before.journal_bytes_max > before.journal_bytes);
    pthread_rwlock_wrlock(&store->guard);
    pthread_rwlock_wrlock(&store->journal_guard);
    store_usage(store, &during);
    pthread_rwlock_unlock(&store->journal_guard);
    pthread_rwlock_unlock(&store->guard);
    assert_memory_equal(&during, &before, sizeof during);
    store_close(store);
}

int main(void)
{
#define STORE_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        STORE_TEST(test_figures_need_no_lmdb), STORE_TEST(test_stopped_inside_a_read),
        STORE_TEST(test_slow_inside_a_read),   STORE_TEST(test_ctrl_z_waits),
        STORE_TEST(test_whether_it_is_held),   STORE_TEST(test_the_next_minute_there_is),
    };
    return cmocka_run_group_tests_name("store_readers", tests, NULL, NULL);
}
