/* Serial lines over a pty, and over an adapter that is made up: its answers to the questions of the kernel's interface. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/serial.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "hal/clock.h"
#include "hal/serial.h"
#include "tests/unit/support/emulated.h"

#define MS 1000

/* --- an adapter ---------------------------------------------------------------------------------------------- */

/* What a pty cannot do, this one can: it has modem wires, RS-485 and a latency. */
static struct {
    bool present;
    bool exclusive;
    int latency_flags;
    struct serial_rs485 rs485;
} adapter;

static int answer_for_adapter(unsigned long request, void *argument)
{
    switch (request) {
    case TIOCMGET:
        *(int *)argument = TIOCM_DTR | TIOCM_RTS;
        return 0;
    case TIOCEXCL:
        adapter.exclusive = true;
        return 0;
    case TIOCGSERIAL:
        *(struct serial_struct *)argument = (struct serial_struct){.flags = adapter.latency_flags, .baud_base = 460800};
        return 0;
    case TIOCSSERIAL: {
        const struct serial_struct *line = argument;
        assert_int_equal(line->baud_base, 460800); /* all else as it was */
        adapter.latency_flags = line->flags;
        return 0;
    }
    default:
        assert_int_equal(request, TIOCSRS485);
        adapter.rs485 = *(struct serial_rs485 *)argument;
        return 0;
    }
}

/* Stands in front of the C library's. */
int ioctl(int fd, unsigned long request, ...)
{
    va_list arguments;
    va_start(arguments, request);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    const bool is_its = request == TIOCMGET || request == TIOCEXCL || request == TIOCGSERIAL ||
                        request == TIOCSSERIAL || request == TIOCSRS485;
    if (adapter.present && is_its) {
        return answer_for_adapter(request, argument);
    }
    return (int)syscall(SYS_ioctl, fd, request, argument);
}

/* --- lines --------------------------------------------------------------------------------------------------- */

struct line {
    int master;
    char name[64];
};

static int open_line(void **state)
{
    static struct line line;
    line.master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(line.master >= 0 && grantpt(line.master) == 0 && unlockpt(line.master) == 0);
    assert_int_equal(ptsname_r(line.master, line.name, sizeof line.name), 0);
    memset(&adapter, 0, sizeof adapter);
    *state = &line;
    return 0;
}

static int close_line(void **state)
{
    const struct line *line = *state;
    return line->master >= 0 ? close(line->master) : 0;
}

static struct serial_settings settings_of(const struct line *line)
{
    return (struct serial_settings){.device = line->name, .baud = 19200, .parity = 'E', .stop_bits = 1};
}

static void wait_pending(int fd, size_t wanted)
{
    size_t pending = 0;
    for (unsigned i = 0; i < 200 && pending != wanted; i++) {
        assert_int_equal(serial_pending(fd, &pending), STATUS_OK);
        clock_sleep_until_us(clock_boot_us() + MS);
    }
    assert_int_equal(pending, wanted);
}

static void test_serial_is_raw(void **state)
{
    const struct line *line = *state;
    const struct serial_settings settings = settings_of(line);
    static const unsigned char bytes[] = {0x03, 0x11, 0x13, '\r', '\n', 0x00, 0x1A, 0xFF, 0x7F};
    unsigned char got[16];
    int fd = -1;
    assert_int_equal(serial_open(&settings, &fd), STATUS_OK);
    assert_int_equal(write(line->master, bytes, sizeof bytes), sizeof bytes);
    wait_pending(fd, sizeof bytes);
    assert_int_equal(read(fd, got, sizeof got), sizeof bytes);
    assert_memory_equal(got, bytes, sizeof bytes);
    assert_int_equal(read(fd, got, sizeof got), -1); /* never blocks */
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(write(fd, bytes, sizeof bytes), sizeof bytes);
    assert_int_equal(read(line->master, got, sizeof got), sizeof bytes);
    assert_memory_equal(got, bytes, sizeof bytes); /* no translation, no echo */
    wait_pending(fd, 0);
    serial_close(fd);
}

static void test_serial_discards(void **state)
{
    const struct line *line = *state;
    const struct serial_settings settings = settings_of(line);
    int fd = -1;
    assert_int_equal(write(line->master, "old", 3), 3);
    assert_int_equal(serial_open(&settings, &fd), STATUS_OK);
    assert_int_equal(write(line->master, "noise", 5), 5);
    clock_sleep_until_us(clock_boot_us() + 20 * MS);
    assert_int_equal(serial_discard(fd), STATUS_OK);
    wait_pending(fd, 0);
    serial_close(fd);
}

static void test_serial_speeds(void **state)
{
    NOT_EMULATED(); /* it knows no more than 460800 baud */
    const struct line *line = *state;
    static const struct {
        uint32_t baud;
        speed_t speed;
    } speeds[] = {{1200, B1200}, {9600, B9600}, {19200, B19200}, {115200, B115200}, {921600, B921600}};
    struct serial_settings settings = settings_of(line);
    for (unsigned i = 0; i < 5; i++) {
        struct termios now;
        int fd = -1;
        settings.baud = speeds[i].baud;
        settings.parity = "NEO"[i % 3];
        assert_int_equal(serial_open(&settings, &fd), STATUS_OK);
        assert_int_equal(tcgetattr(fd, &now), 0);
        assert_int_equal(cfgetospeed(&now), speeds[i].speed);
        serial_close(fd);
    }
    int fd = -1;
    settings.baud = 12345;
    assert_int_equal(serial_open(&settings, &fd), STATUS_INVALID);
    assert_int_equal(fd, -1);
}

static void test_serial_is_for_one(void **state)
{
    const struct line *line = *state;
    const struct serial_settings settings = settings_of(line);
    int first = -1;
    int second = -1;
    assert_int_equal(serial_open(&settings, &first), STATUS_OK);
    assert_int_equal(serial_open(&settings, &second), STATUS_BUSY);
    assert_int_equal(second, -1);
    serial_close(first);
    assert_int_equal(serial_open(&settings, &second), STATUS_OK);
    serial_close(second);
}

static void test_serial_is_unplugged(void **state)
{
    struct line *line = *state;
    const struct serial_settings settings = settings_of(line);
    size_t pending = 7;
    int fd = -1;
    assert_int_equal(serial_open(&settings, &fd), STATUS_OK);
    (void)close(line->master);
    line->master = -1;
    assert_int_equal(serial_pending(fd, &pending), STATUS_IO);
    assert_int_equal(pending, 7);
    assert_int_equal(serial_discard(fd), STATUS_IO);
    serial_close(fd);
    assert_int_not_equal(serial_open(&settings, &fd), STATUS_OK);
}

static void test_serial_that_is_none(void **state)
{
    (void)state;
    int fd = -1;
    struct serial_settings settings = {.device = "/nowhere/tty", .baud = 9600, .parity = 'N', .stop_bits = 2};
    assert_int_equal(serial_open(&settings, &fd), STATUS_NOT_FOUND);
    assert_int_equal(errno, ENOENT);
    settings.device = "/dev/null";
    assert_int_equal(serial_open(&settings, &fd), STATUS_INVALID);
    assert_int_equal(fd, -1);
}

/* Another process of the same user, which here may be root, that opens the line by its own name. */
static int open_in_another_process(const struct serial_settings *settings)
{
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int fd = -1;
        _exit((int)serial_open(settings, &fd));
    }
    int ended = 0;
    assert_int_equal(waitpid(child, &ended, 0), child);
    assert_true(WIFEXITED(ended));
    return WEXITSTATUS(ended);
}

static void test_another_process_is_kept_out(void **state)
{
    const struct line *line = *state;
    const struct serial_settings settings = settings_of(line);
    struct serial_settings by_link = settings;
    char folder[] = "/tmp/wardgate-hal-XXXXXX";
    char name[64];
    int fd = -1;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(name, sizeof name, "%s/adapter", folder);
    assert_int_equal(symlink(line->name, name), 0);
    by_link.device = name;
    assert_int_equal(serial_open(&settings, &fd), STATUS_OK);
    assert_int_equal(open_in_another_process(&settings), STATUS_BUSY);
    assert_int_equal(open_in_another_process(&by_link), STATUS_BUSY); /* the line counts, not its name */
    serial_close(fd);
    assert_int_equal(open_in_another_process(&by_link), STATUS_OK);
    assert_int_equal(serial_open(&settings, &fd), STATUS_OK); /* the other one has died meanwhile */
    serial_close(fd);
    (void)unlink(name);
    (void)rmdir(folder);
}

/* Pulled out and put in elsewhere: the kernel calls it otherwise, udev's link does not. */
static void test_a_lasting_name_finds_the_adapter_again(void **state)
{
    struct line *line = *state;
    struct serial_settings settings = settings_of(line);
    char folder[] = "/tmp/wardgate-hal-XXXXXX";
    char name[64];
    char first_name[64];
    int fd = -1;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(name, sizeof name, "%s/by-id", folder);
    (void)snprintf(first_name, sizeof first_name, "%s", line->name);
    assert_int_equal(symlink(line->name, name), 0);
    settings.device = name;
    assert_int_equal(serial_open(&settings, &fd), STATUS_OK);
    const int first_master = line->master;
    assert_int_equal(open_line(state), 0); /* while the old one's name is still taken */
    line = *state;
    assert_string_not_equal(line->name, first_name);
    (void)close(first_master);
    size_t pending = 0;
    assert_int_equal(serial_pending(fd, &pending), STATUS_IO);
    serial_close(fd);
    assert_int_equal(unlink(name), 0);
    assert_int_equal(serial_open(&settings, &fd), STATUS_NOT_FOUND);
    assert_int_equal(symlink(line->name, name), 0);
    assert_int_equal(serial_open(&settings, &fd), STATUS_OK);
    assert_int_equal(write(line->master, "abc", 3), 3);
    wait_pending(fd, 3);
    serial_close(fd);
    (void)unlink(name);
    (void)rmdir(folder);
}

static void test_an_adapter_is_asked_to_hurry(void **state)
{
    const struct line *line = *state;
    const struct serial_settings settings = settings_of(line);
    int fd = -1;
    adapter.present = true;
    adapter.latency_flags = ASYNC_SKIP_TEST;
    assert_int_equal(serial_open(&settings, &fd), STATUS_OK);
    assert_int_equal(adapter.latency_flags, ASYNC_SKIP_TEST | ASYNC_LOW_LATENCY);
    assert_true(adapter.exclusive);
    assert_int_equal(adapter.rs485.flags, 0); /* nobody asked for that */
    serial_close(fd);
}

static void test_a_pty_is_not_marked(void **state)
{
    NOT_EMULATED(); /* no TIOCEXCL */
    const struct line *line = *state;
    const struct serial_settings settings = settings_of(line);
    int fd = -1;
    assert_int_equal(serial_open(&settings, &fd), STATUS_OK);
    int exclusive = -1;
    assert_int_equal(ioctl(fd, TIOCGEXCL, &exclusive), 0);
    assert_int_equal(exclusive, 0);
    serial_close(fd);
}

static void test_rs485(void **state)
{
    NOT_EMULATED(); /* no TIOCSRS485 */
    const struct line *line = *state;
    const struct serial_settings settings = settings_of(line);
    int fd = -1;
    assert_int_equal(serial_open(&settings, &fd), STATUS_OK);
    assert_int_equal(serial_set_rs485(fd), STATUS_INVALID);
    assert_int_equal(errno, ENOTTY);
    adapter.present = true;
    assert_int_equal(serial_set_rs485(fd), STATUS_OK);
    assert_int_equal(adapter.rs485.flags, SER_RS485_ENABLED | SER_RS485_RTS_ON_SEND);
    assert_int_equal(adapter.rs485.delay_rts_before_send, 0);
    assert_int_equal(adapter.rs485.delay_rts_after_send, 0);
    serial_close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_serial_is_raw, open_line, close_line),
        cmocka_unit_test_setup_teardown(test_serial_discards, open_line, close_line),
        cmocka_unit_test_setup_teardown(test_serial_speeds, open_line, close_line),
        cmocka_unit_test_setup_teardown(test_serial_is_for_one, open_line, close_line),
        cmocka_unit_test_setup_teardown(test_serial_is_unplugged, open_line, close_line),
        cmocka_unit_test(test_serial_that_is_none),
        cmocka_unit_test_setup_teardown(test_another_process_is_kept_out, open_line, close_line),
        cmocka_unit_test_setup_teardown(test_a_lasting_name_finds_the_adapter_again, open_line, close_line),
        cmocka_unit_test_setup_teardown(test_an_adapter_is_asked_to_hurry, open_line, close_line),
        cmocka_unit_test_setup_teardown(test_a_pty_is_not_marked, open_line, close_line),
        cmocka_unit_test_setup_teardown(test_rs485, open_line, close_line),
    };
    return cmocka_run_group_tests_name("hal serial", tests, NULL, NULL);
}
