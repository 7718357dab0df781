/*
 * What nobody reads is not waited for, whatever it is: a pipe, a socket, a terminal.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pty.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
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
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_pipe), cmocka_unit_test(test_a_socket),
                                       cmocka_unit_test(test_a_terminal), cmocka_unit_test(test_a_file_takes_all)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
