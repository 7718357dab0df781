/*
 * A terminal is given back also when it has not been read for a moment, and one that is never read again holds nobody up.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pty.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "app/cli/terminal.h"

#define SHELLS_SCREEN "\033[?25h\033[?1049l"

static void sleep_ms(int ms)
{
    (void)nanosleep(&(const struct timespec){.tv_nsec = ms * 1000000L}, NULL);
}

/* As much as the terminal takes while nobody reads it. */
static void fill(void)
{
    char bytes[64];
    const int fd = open("/dev/tty", O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    memset(bytes, 'x', sizeof bytes);
    while (write(fd, bytes, sizeof bytes) > 0) {
    }
    (void)close(fd);
}

/* Opens it, fills it, says so, and closes it. */
static void be_program(int told)
{
    (void)alarm(10);
    const enum status status = terminal_open();
    fill();
    if (status != STATUS_OK || write(told, "f", 1) != 1) {
        _exit(2);
    }
    terminal_close();
    _exit(0);
}

/* Until it is silent; with what it had of before. */
static bool has_shells_screen(int fd)
{
    static char got[1 << 18];
    size_t length = 0;
    ssize_t more;
    while (length < sizeof got && (more = read(fd, got + length, sizeof got - length)) > 0) {
        length += (size_t)more;
    }
    return memmem(got, length, SHELLS_SCREEN, sizeof SHELLS_SCREEN - 1) != NULL;
}

static void is_left(int unread_ms, bool is_shells)
{
    int told[2], fd = -1, status = 0;
    char byte;
    assert_int_equal(pipe(told), 0);
    const pid_t pid = forkpty(&fd, NULL, NULL, NULL);
    if (pid == 0) {
        be_program(told[1]);
    }
    assert_true(pid > 0);
    assert_int_equal(read(told[0], &byte, 1), 1);
    sleep_ms(unread_ms);
    if (is_shells) {
        assert_true(has_shells_screen(fd));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    (void)close(fd);
    (void)close(told[0]);
    (void)close(told[1]);
}

static void test_it_is_read_a_moment_later(void **state)
{
    (void)state;
    is_left(50, true);
}

static void test_it_is_never_read_again(void **state)
{
    (void)state;
    is_left(0, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_it_is_read_a_moment_later),
                                       cmocka_unit_test(test_it_is_never_read_again)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
