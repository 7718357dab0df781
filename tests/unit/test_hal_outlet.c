/*
 * What nobody reads is not waited for, whatever it is: a pipe, a socket, a terminal.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <pty.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hal/outlet.h"

static char line[256];

/* Until it is full; then some is read, and there is room again. */
static void fills(int writes, int reads, unsigned most)
{
    char got[4096];
    unsigned count = 0;
    memset(line, 'x', sizeof line);
    enum status status = STATUS_OK;
    while (status == STATUS_OK && count < most) {
        status = outlet_put(writes, line, sizeof line);
        count++;
    }
    assert_int_equal(status, STATUS_FULL);
    assert_true(count > 4);
    assert_int_equal(outlet_put(writes, line, sizeof line), STATUS_FULL);
    assert_int_equal(fcntl(reads, F_SETFL, O_NONBLOCK), 0);
    while (read(reads, got, sizeof got) > 0) {
    }
    assert_int_equal(outlet_put(writes, line, sizeof line), STATUS_OK);
    (void)close(writes);
    (void)close(reads);
}

static void test_a_pipe(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    const int writes = dup(ends[1]);
    fills(writes, ends[0], 1000);
    assert_int_equal(fcntl(ends[1], F_GETFL) & O_NONBLOCK, 0); /* others write to it as before */
    (void)close(ends[1]);
}

static void test_a_socket(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    fills(ends[0], ends[1], 100000);
}

static void test_a_terminal(void **state)
{
    (void)state;
    int far = -1, near = -1;
    assert_int_equal(openpty(&far, &near, NULL, NULL, NULL), 0);
    fills(near, far, 100000);
}

/* What belongs to another user, as a pipe of the shell's does to a gateway that sudo started. */
static void fills_of_another(int writes, int reads)
{
    const bool is_root = geteuid() == 0;
    assert_int_equal(fchmod(writes, 0), 0);
    assert_true(!is_root || seteuid(65534) == 0);
    assert_int_equal(outlet_reopen(writes), -1);
    (void)alarm(10); /* waiting would be for ever */
    fills(writes, reads, 100000);
    (void)alarm(0);
    assert_true(!is_root || seteuid(0) == 0);
}

static void test_a_pipe_of_another_user(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    fills_of_another(ends[1], ends[0]);
}

static void test_a_terminal_of_another_user(void **state)
{
    (void)state;
    int far = -1, near = -1;
    assert_int_equal(openpty(&far, &near, NULL, NULL, NULL), 0);
    fills_of_another(near, far);
}

enum { WRITERS = 4, ROUNDS = 300 };

static void *fill(void *context)
{
    static char page[4096];
    while (outlet_put(*(const int *)context, page, sizeof page) == STATUS_OK) {
    }
    return NULL;
}

/* None of our threads waits for the others, whoever has the last room. */
static void test_threads_at_a_pipe_of_another_user(void **state)
{
    (void)state;
    static char got[1 << 16];
    const bool is_root = geteuid() == 0;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(fchmod(ends[1], 0), 0);
    assert_true(!is_root || seteuid(65534) == 0);
    assert_int_equal(outlet_reopen(ends[1]), -1);
    (void)alarm(20); /* waiting would be for ever */
    for (int round = 0; round < ROUNDS; round++) {
        pthread_t writers[WRITERS];
        for (int i = 0; i < WRITERS; i++) {
            assert_int_equal(pthread_create(&writers[i], NULL, fill, &ends[1]), 0);
        }
        for (int i = 0; i < WRITERS; i++) {
            assert_int_equal(pthread_join(writers[i], NULL), 0);
        }
        while (read(ends[0], got, sizeof got) > 0) {
        }
    }
    (void)alarm(0);
    assert_true(!is_root || seteuid(0) == 0);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

/* A line of which there was room for a part only counts as one that is missing. */
static void cuts_no_line_silently(bool is_of_another)
{
    char all[512], got[4096];
    int far = -1, near = -1;
    unsigned whole = 0;
    size_t ends = 0;
    memset(all, 'x', sizeof all);
    all[sizeof all - 1] = '\n';
    assert_int_equal(openpty(&far, &near, NULL, NULL, NULL), 0);
    assert_int_equal(is_of_another ? fchmod(near, 0) : 0, 0);
    assert_true(!is_of_another || geteuid() != 0 || seteuid(65534) == 0);
    (void)alarm(10);
    while (whole < 10000 && outlet_put(near, all, sizeof all) == STATUS_OK) {
        whole++;
    }
    (void)alarm(0);
    assert_true(!is_of_another || getuid() != 0 || seteuid(0) == 0);
    assert_int_equal(fcntl(far, F_SETFL, O_NONBLOCK), 0);
    for (ssize_t length; (length = read(far, got, sizeof got)) > 0;) {
        for (ssize_t i = 0; i < length; i++) {
            ends += got[i] == '\n' ? 1 : 0;
        }
    }
    assert_int_equal(ends, whole);
    (void)close(near);
    (void)close(far);
}

static void test_a_terminal_takes_whole_lines(void **state)
{
    (void)state;
    cuts_no_line_silently(false);
    cuts_no_line_silently(true);
}

static void test_a_file_takes_all(void **state)
{
    (void)state;
    char path[] = "/tmp/wardgate-outlet-XXXXXX", got[8] = "";
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(outlet_reopen(fd), -1);
    assert_int_equal(outlet_put(fd, "abc", 3), STATUS_OK);
    assert_int_equal(outlet_put(fd, "def", 3), STATUS_OK);
    assert_int_equal(pread(fd, got, sizeof got, 0), 6);
    assert_string_equal(got, "abcdef");
    (void)close(fd);
    assert_int_equal(outlet_put(fd, "abc", 3), STATUS_IO);
    (void)unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_pipe),
                                       cmocka_unit_test(test_a_socket),
                                       cmocka_unit_test(test_a_terminal),
                                       cmocka_unit_test(test_a_pipe_of_another_user),
                                       cmocka_unit_test(test_a_terminal_of_another_user),
                                       cmocka_unit_test(test_threads_at_a_pipe_of_another_user),
                                       cmocka_unit_test(test_a_terminal_takes_whole_lines),
                                       cmocka_unit_test(test_a_file_takes_all)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
