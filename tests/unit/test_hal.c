/* The system's services: clocks, wakes, threads, serial lines over a pty, connections over loopback. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "hal/clock.h"
#include "hal/net.h"
#include "hal/serial.h"
#include "hal/thread.h"
#include "hal/wake.h"

#define MS 1000

/* --- clocks -------------------------------------------------------------------------------------------------- */

static void test_clocks_run(void **state)
{
    (void)state;
    const int64_t before_us = clock_boot_us();
    clock_sleep_until_us(before_us + 20 * MS);
    const int64_t after_us = clock_boot_us();
    assert_true(after_us >= before_us + 20 * MS);
    assert_true(after_us < before_us + 2000 * MS);
    clock_sleep_until_us(before_us); /* over: returns */
    clock_sleep_until_us(-1);
    assert_in_range(clock_wall_ms() / 1000, time(NULL) - 2, time(NULL) + 2);
    (void)clock_is_synchronised(); /* either; it must not change the clock */
}

static void test_boot_id(void **state)
{
    (void)state;
    char text[37];
    char again[37];
    clock_boot_id(text);
    clock_boot_id(again);
    assert_int_equal(strlen(text), 36);
    assert_int_equal(text[8], '-');
    assert_string_equal(text, again);
}

/* --- wakes and threads --------------------------------------------------------------------------------------- */

static void test_wake(void **state)
{
    (void)state;
    struct wake wake;
    assert_int_equal(wake_open(&wake), STATUS_OK);
    assert_false(wake_wait_until(&wake, clock_boot_us() + 10 * MS));
    assert_false(wake_wait_until(&wake, 0));
    wake_raise(&wake);
    wake_raise(&wake);
    assert_true(wake_wait_until(&wake, 0));
    assert_false(wake_wait_until(&wake, 0)); /* cleared, however often it was raised */
    wake_raise(&wake);
    wake_clear(&wake);
    wake_clear(&wake);
    assert_false(wake_wait_until(&wake, 0));
    wake_close(&wake);
    wake_close(&wake);
}

struct worker {
    struct wake wake;
    sigset_t blocked;
    char name[16];
};

static void *work(void *argument)
{
    struct worker *worker = argument;
    (void)pthread_sigmask(SIG_SETMASK, NULL, &worker->blocked);
    (void)pthread_getname_np(pthread_self(), worker->name, sizeof worker->name);
    wake_raise(&worker->wake);
    return NULL;
}

static void test_thread(void **state)
{
    (void)state;
    struct thread thread = {0};
    struct worker worker;
    sigset_t ours;
    memset(&worker, 0, sizeof worker);
    thread_join(&thread); /* never started */
    assert_int_equal(wake_open(&worker.wake), STATUS_OK);
    assert_int_equal(thread_start(&thread, "fifteen-letters", work, &worker), STATUS_OK);
    assert_true(wake_wait_until(&worker.wake, clock_boot_us() + 2000 * MS));
    thread_join(&thread);
    assert_false(thread.running);
    assert_int_equal(sigismember(&worker.blocked, SIGTERM), 1);
    assert_int_equal(sigismember(&worker.blocked, SIGHUP), 1);
    (void)pthread_sigmask(SIG_SETMASK, NULL, &ours);
    assert_int_equal(sigismember(&ours, SIGTERM), 0);
    wake_close(&worker.wake);
}

/* --- serial lines -------------------------------------------------------------------------------------------- */

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

/* --- connections --------------------------------------------------------------------------------------------- */

static int listen_on(const char *host, uint16_t *out_port)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address;
    socklen_t size = sizeof address;
    memset(&address, 0, sizeof address);
    if (inet_pton(AF_INET, host, &address.v4.sin_addr) == 1) {
        address.v4.sin_family = AF_INET;
    } else {
        assert_int_equal(inet_pton(AF_INET6, host, &address.v6.sin6_addr), 1);
        address.v6.sin6_family = AF_INET6;
    }
    const int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 ||
        bind(fd, &address.any, address.any.sa_family == AF_INET ? sizeof address.v4 : sizeof address.v6) != 0) {
        return -1;
    }
    assert_int_equal(listen(fd, 4), 0);
    assert_int_equal(getsockname(fd, &address.any, &size), 0);
    *out_port = ntohs(address.any.sa_family == AF_INET ? address.v4.sin_port : address.v6.sin6_port);
    return fd;
}

static enum status connect_to(const char *host, uint16_t port, int *out_fd)
{
    enum status status = net_connect_start(host, port, out_fd);
    if (status != STATUS_OK) {
        return status;
    }
    struct pollfd ready = {.fd = *out_fd, .events = POLLOUT};
    assert_int_equal(poll(&ready, 1, 2000), 1);
    status = net_connect_finish(*out_fd);
    if (status != STATUS_OK) {
        net_close(*out_fd);
    }
    return status;
}

static void test_a_connection(void **state)
{
    (void)state;
    static const char *const hosts[] = {"127.0.0.1", "::1"};
    for (unsigned i = 0; i < 2; i++) {
        uint16_t port = 0;
        int fd = -1;
        char text[8];
        size_t length = 99;
        const int listening = listen_on(hosts[i], &port);
        if (listening < 0) {
            assert_int_equal(i, 1); /* a machine without IPv6 */
            continue;
        }
        assert_int_equal(connect_to(hosts[i], port, &fd), STATUS_OK);
        const int other = accept(listening, NULL, NULL);
        assert_true(other >= 0);
        assert_int_equal(net_peek(fd, text, sizeof text, &length), STATUS_OK);
        assert_int_equal(length, 0);
        assert_int_equal(write(other, "abc", 3), 3);
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        assert_int_equal(poll(&ready, 1, 2000), 1);
        for (unsigned again = 0; again < 2; again++) { /* it stays there */
            assert_int_equal(net_peek(fd, text, sizeof text, &length), STATUS_OK);
            assert_int_equal(length, 3);
            assert_memory_equal(text, "abc", 3);
        }
        assert_int_equal(read(fd, text, sizeof text), 3);
        (void)close(other);
        assert_int_equal(poll(&ready, 1, 2000), 1);
        assert_int_equal(net_peek(fd, text, sizeof text, &length), STATUS_CLOSED);
        net_close(fd);
        (void)close(listening);
    }
}

static void test_a_broken_connection(void **state)
{
    (void)state;
    uint16_t port = 0;
    int fd = -1;
    char byte;
    size_t length = 0;
    const int listening = listen_on("127.0.0.1", &port);
    assert_int_equal(connect_to("127.0.0.1", port, &fd), STATUS_OK);
    const int other = accept(listening, NULL, NULL);
    const struct linger at_once = {.l_onoff = 1};
    assert_int_equal(setsockopt(other, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
    (void)close(other);
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&ready, 1, 2000), 1);
    assert_int_equal(net_peek(fd, &byte, 1, &length), STATUS_IO);
    assert_int_equal(errno, ECONNRESET);
    net_close(fd);
    (void)close(listening);
}

static void test_a_refused_connection(void **state)
{
    (void)state;
    uint16_t port = 0;
    int fd = -1;
    (void)close(listen_on("127.0.0.1", &port));
    assert_int_equal(connect_to("127.0.0.1", port, &fd), STATUS_IO);
    assert_int_equal(errno, ECONNREFUSED);
}

static void test_only_numbers(void **state)
{
    (void)state;
    static const char *const names[] = {"localhost", "", "10.0.0", "10.0.0.256", "1.2.3.4:502", "fe80::zz", "::1%1"};
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        int fd = -1;
        assert_int_equal(net_connect_start(names[i], 502, &fd), STATUS_INVALID);
        assert_int_equal(fd, -1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clocks_run),
        cmocka_unit_test(test_boot_id),
        cmocka_unit_test(test_wake),
        cmocka_unit_test(test_thread),
        cmocka_unit_test_setup_teardown(test_serial_is_raw, open_line, close_line),
        cmocka_unit_test_setup_teardown(test_serial_discards, open_line, close_line),
        cmocka_unit_test_setup_teardown(test_serial_speeds, open_line, close_line),
        cmocka_unit_test_setup_teardown(test_serial_is_for_one, open_line, close_line),
        cmocka_unit_test_setup_teardown(test_serial_is_unplugged, open_line, close_line),
        cmocka_unit_test(test_serial_that_is_none),
        cmocka_unit_test(test_a_connection),
        cmocka_unit_test(test_a_broken_connection),
        cmocka_unit_test(test_a_refused_connection),
        cmocka_unit_test(test_only_numbers),
    };
    return cmocka_run_group_tests_name("hal", tests, NULL, NULL);
}
