/* A process killed in the middle of its commits: every one that was acknowledged is there, and no row is missing in between. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/unit/support/emulated.h"
#include "tests/unit/support/store_folder.h"

enum { JSON = 600 };

static struct store_folder folder;
static struct test_rows rows;

static int set_up(void **state)
{
    (void)state;
    store_folder_init(&folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    store_folder_fini(&folder);
    return 0;
}

/* The child commits alerts 1, 2, 3 ... in groups and tells each commit; it is killed anywhere. */
static void commit_for_ever(int acknowledge)
{
    struct store *store = NULL;
    if (store_open(&folder.config, &store) != STATUS_OK) {
        _exit(2);
    }
    struct test_rows *seen = malloc(sizeof *seen);
    uint64_t seq = seen != NULL && test_history_read(store, 0, JSON, seen) == STATUS_OK ? seen->count : 0;
    if (seen == NULL || test_outbox_read(store, 0, JSON, seen) != STATUS_OK) {
        _exit(3);
    }
    seq += seen->count;
    for (;;) {
        const uint32_t count = (uint32_t)(seq % 5) + 1;
        const uint64_t oldest = seq / 2;
        if (test_alerts_commit(store, seq + 1, count, JSON) != STATUS_OK ||
            test_deliver(store, &oldest, 1) != STATUS_OK) {
            _exit(4);
        }
        seq += count;
        if (write(acknowledge, &seq, sizeof seq) != sizeof seq) {
            _exit(5);
        }
    }
}

static uint64_t run_and_kill(long microseconds)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(ends[0]);
        commit_for_ever(ends[1]);
    }
    close(ends[1]);
    const long slower = is_emulated() ? 20 : 1; /* there its first commit alone takes longer */
    (void)nanosleep(&(struct timespec){0, microseconds * 1000 * slower}, NULL);
    assert_int_equal(kill(child, SIGKILL), 0);
    int result = 0;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_true(WIFSIGNALED(result));
    uint64_t seq = 0, acknowledged = 0;
    while (read(ends[0], &seq, sizeof seq) == sizeof seq) {
        acknowledged = seq;
    }
    close(ends[0]);
    return acknowledged;
}

static void test_killed_in_the_middle(void **state)
{
    (void)state;
    static bool there[4097];
    uint64_t newest = 0;
    store_close(store_folder_open(&folder));
    for (long round = 0; round < 25; round++) {
        const uint64_t acknowledged = run_and_kill(4000 + round * 731 % 9000);
        struct store *store = store_folder_open(&folder);
        memset(there, 0, sizeof there);
        newest = 0;
        assert_int_equal(test_outbox_read(store, 0, JSON, &rows), STATUS_OK);
        for (unsigned i = 0; i < rows.count; i++) {
            there[rows.seq[i]] = true;
            newest = rows.seq[i] > newest ? rows.seq[i] : newest;
        }
        assert_int_equal(rows.wrong, 0);
        assert_int_equal(test_history_read(store, 0, JSON, &rows), STATUS_OK);
        for (unsigned i = 0; i < rows.count; i++) {
            assert_false(there[rows.seq[i]]); /* never in both */
            there[rows.seq[i]] = true;
        }
        assert_int_equal(rows.wrong, 0);
        assert_true(newest >= acknowledged);
        for (uint64_t seq = 1; seq <= newest; seq++) {
            assert_true(there[seq]);
        }
        store_close(store);
        if (newest > 2000) {
            break; /* the map is small */
        }
    }
    assert_true(newest > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_killed_in_the_middle, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
