/* A program of the hospital's, with real ones: arguments and environment as given, how it ended, never longer than it may. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hal/clock.h"
#include "hal/hook.h"
#include "tests/unit/support/emulated.h"

#define SECOND_US INT64_C(1000000)

static char folder[] = "/tmp/wardgate-hook-XXXXXX";
static char program[64], seen[64];
static const char *const environment[] = {"PATH=/usr/bin:/bin", "WARDGATE_WHAT=uplink_lost store_failing", NULL};

static void write_program(const char *text)
{
    FILE *file = fopen(program, "we");
    assert_non_null(file);
    (void)fprintf(file, "#!/bin/sh\n%s\n", text);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(program, 0700), 0);
}

static enum hook_end run(const char *text, int64_t most_us, int *code)
{
    const char *const arguments[] = {program, "two words", "$HOME; ls", seen, NULL};
    struct hook hook = {.pid = 0};
    enum hook_end end;
    write_program(text);
    assert_int_equal(hook_start(&hook, arguments, environment, clock_boot_us() + most_us), STATUS_OK);
    assert_true(hook.pid > 0);
    while ((end = hook_look(&hook, clock_boot_us(), code)) == HOOK_RUNS) {
        clock_sleep_until_us(clock_boot_us() + 2000);
    }
    assert_int_equal(hook.pid, 0);
    assert_int_equal(hook_look(&hook, clock_boot_us(), code), HOOK_RUNS); /* none runs */
    return end;
}

static void expect_seen(const char *text)
{
    char got[512] = "";
    const int fd = open(seen, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_true(read(fd, got, sizeof got - 1) >= 0);
    (void)close(fd);
    assert_string_equal(got, text);
    assert_int_equal(unlink(seen), 0);
}

/* No shell of ours: what looks like one's words are words. Nothing of our environment or descriptors. */
static void test_what_it_gets(void **state)
{
    (void)state;
    int code = -1;
    const int ours = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_int_equal(setenv("SECRET_OF_OURS", "yes", 1), 0);
    assert_int_equal(run("{ echo \"$1|$2|$WARDGATE_WHAT|$SECRET_OF_OURS\"; cat; ls /proc/self/fd | wc -l; } >\"$3\"",
                         5 * SECOND_US, &code),
                     HOOK_EXITED);
    assert_int_equal(code, 0);
    expect_seen("two words|$HOME; ls|uplink_lost store_failing|\n4\n"); /* the folder's own is the fourth */
    (void)close(ours);
}

static void test_its_signals(void **state)
{
    (void)state;
    int code = -1;
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    (void)signal(SIGPIPE, SIG_IGN);
    assert_int_equal(run("grep -E '^Sig(Blk|Ign)' /proc/self/status | cut -f 2 >\"$3\"", 5 * SECOND_US, &code),
                     HOOK_EXITED);
    (void)signal(SIGPIPE, SIG_DFL);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    char got[128] = "", *end = got;
    const int fd = open(seen, O_RDONLY | O_CLOEXEC);
    assert_true(read(fd, got, sizeof got - 1) > 0);
    (void)close(fd);
    assert_int_equal(unlink(seen), 0);
    for (unsigned i = 0; i < 2; i++) { /* those above are the C library's */
        assert_int_equal(strtoull(end, &end, 16) & ((UINT64_C(1) << 31) - 1), 0);
    }
}

static void test_how_it_ends(void **state)
{
    (void)state;
    int code = -1;
    assert_int_equal(run("exit 7", 5 * SECOND_US, &code), HOOK_EXITED);
    assert_int_equal(code, 7);
    assert_int_equal(run("kill -USR1 $$", 5 * SECOND_US, &code), HOOK_SIGNALLED);
    assert_int_equal(code, SIGUSR1);
}

/* With all that it has started. */
static void test_one_that_hangs(void **state)
{
    (void)state;
    int code = -1;
    char text[256];
    const int64_t begin_us = clock_boot_us();
    (void)snprintf(text, sizeof text, "trap '' TERM\nsleep 60 & echo $! >\"$3\"\nwait");
    assert_int_equal(run(text, SECOND_US, &code), HOOK_TIMED_OUT);
    assert_in_range(clock_boot_us() - begin_us, SECOND_US, 3 * SECOND_US);
    char got[32] = "";
    const int fd = open(seen, O_RDONLY | O_CLOEXEC);
    assert_true(read(fd, got, sizeof got - 1) > 0);
    (void)close(fd);
    const int child = (int)strtol(got, NULL, 10);
    char state_of[64], stat_text[256] = "";
    (void)snprintf(state_of, sizeof state_of, "/proc/%d/stat", child);
    for (unsigned i = 0; i < 100; i++) { /* gone, or a zombie of whoever adopts orphans here */
        const int stat_fd = open(state_of, O_RDONLY | O_CLOEXEC);
        stat_text[0] = '\0';
        if (stat_fd >= 0) {
            const ssize_t length = read(stat_fd, stat_text, sizeof stat_text - 1);
            stat_text[length > 0 ? length : 0] = '\0';
            (void)close(stat_fd);
        }
        if (stat_text[0] == '\0' || strstr(stat_text, ") Z") != NULL) {
            break;
        }
        clock_sleep_until_us(clock_boot_us() + 10000);
    }
    assert_true(stat_text[0] == '\0' || strstr(stat_text, ") Z") != NULL);
    assert_int_equal(unlink(seen), 0);
}

static void test_one_that_does_not_start(void **state)
{
    NOT_EMULATED(); /* a spawn that fails is told as an exit with 127: vfork shares no memory there */
    (void)state;
    const char *const nowhere[] = {"/nowhere/program", NULL};
    const char *const no_program[] = {program, NULL};
    struct hook hook = {.pid = 0};
    assert_int_equal(hook_start(&hook, nowhere, environment, INT64_MAX), STATUS_NOT_FOUND);
    write_program("exit 0");
    assert_int_equal(chmod(program, 0600), 0);
    assert_int_equal(hook_start(&hook, no_program, environment, INT64_MAX), STATUS_DENIED);
    assert_int_equal(hook.pid, 0);
    hook_kill(&hook); /* none runs */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_it_gets),
        cmocka_unit_test(test_its_signals),
        cmocka_unit_test(test_how_it_ends),
        cmocka_unit_test(test_one_that_hangs),
        cmocka_unit_test(test_one_that_does_not_start),
    };
    assert_non_null(mkdtemp(folder));
    (void)snprintf(program, sizeof program, "%s/program", folder);
    (void)snprintf(seen, sizeof seen, "%s/seen", folder);
    const int failed = cmocka_run_group_tests_name("hal_hook", tests, NULL, NULL);
    (void)unlink(program);
    (void)rmdir(folder);
    return failed;
}
