/* The system's services: clocks, wakes, threads, connections over loopback. */
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
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "hal/clock.h"
#include "hal/net.h"
#include "hal/thread.h"
#include "hal/wake.h"
#include "hal/watch.h"

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

/* Of the box's zone, summer time included. */
static void test_utc_offset(void **state)
{
    (void)state;
    static const struct {
        const char *zone;
        int32_t winter_s, summer_s;
    } cases[] = {{"UTC0", 0, 0}, {"CET-1CEST,M3.5.0,M10.5.0/3", 3600, 7200}, {"NST3:30", -12600, -12600}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(setenv("TZ", cases[i].zone, 1), 0);
        tzset();
        assert_int_equal(clock_utc_offset_s(INT64_C(1767225600000)), cases[i].winter_s); /* 2026-01-01 */
        assert_int_equal(clock_utc_offset_s(INT64_C(1782864000000)), cases[i].summer_s); /* 2026-07-01 */
    }
    assert_int_equal(unsetenv("TZ"), 0);
    tzset();
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

/* By its descriptor, from the beginning: raised before anybody looks, several times, and after it was cleared. */
static void test_wake_by_its_descriptor(void **state)
{
    (void)state;
    struct wake wake;
    assert_int_equal(wake_open(&wake), STATUS_OK);
    struct pollfd descriptor = {.fd = wake.fd, .events = POLLIN};
    assert_int_equal(poll(&descriptor, 1, 0), 0);
    for (unsigned i = 0; i < 3; i++) {
        wake_raise(&wake);
        wake_raise(&wake);
        assert_int_equal(poll(&descriptor, 1, 0), 1);
        wake_clear(&wake);
        wake_clear(&wake);
        assert_int_equal(poll(&descriptor, 1, 0), 0);
    }
    wake_close(&wake);
}

static void on_signal(int number)
{
    (void)number; /* it only ends a wait */
}

/* A wait that a signal ends comes back early, and says that nothing was raised. */
static void test_wait_ended_by_a_signal(void **state)
{
    (void)state;
    struct wake wake;
    const struct sigaction action = {.sa_handler = on_signal};
    const struct itimerval soon = {.it_value = {.tv_usec = 20 * MS}};
    assert_int_equal(wake_open(&wake), STATUS_OK);
    assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &soon, NULL), 0);
    const int64_t from_us = clock_boot_us();
    assert_false(wake_wait_until(&wake, INT64_MAX));
    assert_true(clock_boot_us() - from_us >= 10 * MS);
    wake_raise(&wake);
    assert_true(wake_wait_until(&wake, 0));
    wake_close(&wake);
}

/* Whoever is awake is not written to, and sees all the same that it was raised. */
static void test_raised_while_awake(void **state)
{
    (void)state;
    struct wake wake;
    assert_int_equal(wake_open(&wake), STATUS_OK);
    struct pollfd descriptor = {.fd = wake.fd, .events = POLLIN};
    assert_false(wake_wait_until(&wake, 0)); /* from now on by waiting */
    for (unsigned i = 0; i < 3; i++) {
        wake_raise(&wake);
        assert_int_equal(poll(&descriptor, 1, 0), 0);
        assert_true(wake_wait_until(&wake, clock_boot_us() + 1000 * MS));
        assert_false(wake_wait_until(&wake, 0));
    }
    wake_close(&wake);
}

enum { RELAYS = 20000 };

struct relay {
    struct wake there, back;
    unsigned sent; /* no atomic: what was done before a raise is seen after it */
};

static void *relay_back(void *argument)
{
    struct relay *relay = argument;
    for (unsigned i = 1; i <= RELAYS; i++) {
        while (!wake_wait_until(&relay->there, clock_boot_us() + 1000 * MS)) {
        }
        assert_int_equal(relay->sent, i);
        wake_raise(&relay->back);
    }
    return NULL;
}

/* No raise is ever lost, asleep, awake or just between. */
static void test_raised_at_any_moment(void **state)
{
    (void)state;
    struct relay relay = {.sent = 0};
    struct thread thread = {.running = false};
    assert_int_equal(wake_open(&relay.there), STATUS_OK);
    assert_int_equal(wake_open(&relay.back), STATUS_OK);
    assert_int_equal(thread_start(&thread, "relay", relay_back, &relay), STATUS_OK);
    const int64_t begin_us = clock_boot_us();
    for (unsigned i = 1; i <= RELAYS; i++) {
        relay.sent = i;
        wake_raise(&relay.there);
        while (!wake_wait_until(&relay.back, clock_boot_us() + (i % 3 == 0 ? 0 : 1000 * MS))) {
        }
    }
    thread_join(&thread);
    assert_true(clock_boot_us() - begin_us < RELAYS * INT64_C(1000)); /* a lost one would have cost a second */
    wake_close(&relay.there);
    wake_close(&relay.back);
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

/* One that does not end is given up, and joined once it does. */
static void *hold(void *argument)
{
    (void)wake_wait_until(argument, clock_boot_us() + 5000 * MS);
    return NULL;
}

static void test_a_thread_that_does_not_end(void **state)
{
    (void)state;
    struct thread thread = {0};
    struct wake end;
    assert_true(thread_join_until(&thread, 0)); /* never started */
    assert_int_equal(wake_open(&end), STATUS_OK);
    assert_int_equal(thread_start(&thread, "held", hold, &end), STATUS_OK);
    const int64_t begin_us = clock_boot_us();
    assert_false(thread_join_until(&thread, begin_us + 50 * MS));
    assert_in_range(clock_boot_us() - begin_us, 50 * MS, 1000 * MS);
    assert_true(thread.running);
    assert_true(atomic_load(&thread.number) > 0);
    assert_false(thread_is_beyond_reach(&thread)); /* it sleeps where a signal would find it */
    wake_raise(&end);
    assert_true(thread_join_until(&thread, clock_boot_us() + 1000 * MS));
    assert_false(thread.running);
    assert_false(thread_is_beyond_reach(&thread)); /* there is none any more */
    wake_close(&end);
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
        assert_int_equal(net_receive(fd, text, sizeof text, &length), STATUS_OK);
        assert_int_equal(length, 0);
        assert_int_equal(write(other, "abc", 3), 3);
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        assert_int_equal(poll(&ready, 1, 2000), 1);
        assert_int_equal(net_receive(fd, text, 1, &length), STATUS_OK);
        assert_int_equal(length, 1);
        assert_memory_equal(text, "a", 1);
        assert_int_equal(net_receive(fd, text, sizeof text, &length), STATUS_OK);
        assert_int_equal(length, 2);
        assert_memory_equal(text, "bc", 2);
        assert_int_equal(net_send_whole(fd, "defg", 4), STATUS_OK);
        assert_int_equal(read(other, text, sizeof text), 4);
        assert_memory_equal(text, "defg", 4);
        (void)close(other);
        assert_int_equal(poll(&ready, 1, 2000), 1);
        assert_int_equal(net_receive(fd, text, sizeof text, &length), STATUS_CLOSED);
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
    assert_int_equal(net_receive(fd, &byte, 1, &length), STATUS_IO);
    assert_int_equal(errno, ECONNRESET);
    assert_int_equal(net_send_whole(fd, "a", 1), STATUS_IO); /* and no SIGPIPE */
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

/* --- listening ----------------------------------------------------------------------------------------------- */

static uint16_t port_of(int fd)
{
    struct sockaddr_in address = {.sin_port = 0};
    socklen_t size = sizeof address;
    assert_int_equal(getsockname(fd, (struct sockaddr *)(void *)&address, &size), 0);
    return ntohs(address.sin_port);
}

static void test_listening(void **state)
{
    (void)state;
    int listening = -1, other = -1, fd = -1;
    assert_int_equal(net_listen("127.0.0.1", 0, &listening), STATUS_OK);
    assert_int_equal(net_accept(listening, &fd), STATUS_EMPTY);
    assert_int_equal(net_listen("127.0.0.1", port_of(listening), &other), STATUS_BUSY);
    assert_int_equal(net_listen("127.0.0.300", 2575, &other), STATUS_INVALID);
    assert_int_equal(net_listen("192.0.2.1", 2575, &other), STATUS_IO); /* not an address of this box */
    assert_int_equal(other, -1);
    net_close(listening);
}

/* Many descriptors behind one: what is ready is told by its token, until it is taken. */
static void test_watch(void **state)
{
    (void)state;
    char bytes[8];
    size_t length = 9;
    struct watch_ready ready[4];
    int watch = -1, listening = -1, calling = -1, taken = -1;
    assert_int_equal(watch_open(&watch), STATUS_OK);
    assert_int_equal(net_listen("127.0.0.1", 0, &listening), STATUS_OK);
    assert_int_equal(watch_set(watch, listening, 7, true, false), STATUS_OK);
    assert_int_equal(watch_wait(watch, 0, ready, 4), 0);
    assert_int_equal(net_connect_start("127.0.0.1", port_of(listening), &calling), STATUS_OK);
    struct pollfd wait = {.fd = watch, .events = POLLIN};
    assert_int_equal(poll(&wait, 1, 2000), 1);
    assert_int_equal(watch_wait(watch, 0, ready, 4), 1);
    assert_int_equal(ready[0].token, 7);
    assert_true(ready[0].readable && !ready[0].broken);
    assert_int_equal(net_accept(listening, &taken), STATUS_OK);
    assert_int_equal(watch_wait(watch, 0, ready, 4), 0);
    assert_int_equal(watch_set(watch, taken, 8, true, true), STATUS_OK);
    assert_int_equal(watch_wait(watch, 0, ready, 4), 1);
    assert_true(ready[0].token == 8 && ready[0].writable && !ready[0].readable);
    assert_int_equal(net_receive(taken, bytes, sizeof bytes, &length), STATUS_OK);
    assert_int_equal(length, 0);
    assert_int_equal(watch_set(watch, taken, 8, false, false), STATUS_OK); /* waits for nothing */
    assert_int_equal(net_send_some(calling, "abc", 3, &length), STATUS_OK);
    assert_int_equal(length, 3);
    assert_int_equal(watch_wait(watch, 0, ready, 4), 0);
    assert_int_equal(net_receive(taken, bytes, sizeof bytes, &length), STATUS_OK);
    assert_int_equal(length, 3);
    net_close(calling);
    assert_int_equal(net_receive(taken, bytes, sizeof bytes, &length), STATUS_CLOSED);
    net_close(taken); /* is no longer watched */
    assert_int_equal(watch_wait(watch, 0, ready, 4), 0);
    net_close(listening);
    watch_close(watch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clocks_run),
        cmocka_unit_test(test_boot_id),
        cmocka_unit_test(test_utc_offset),
        cmocka_unit_test(test_wake),
        cmocka_unit_test(test_wake_by_its_descriptor),
        cmocka_unit_test(test_wait_ended_by_a_signal),
        cmocka_unit_test(test_raised_while_awake),
        cmocka_unit_test(test_raised_at_any_moment),
        cmocka_unit_test(test_thread),
        cmocka_unit_test(test_a_thread_that_does_not_end),
        cmocka_unit_test(test_a_connection),
        cmocka_unit_test(test_a_broken_connection),
        cmocka_unit_test(test_a_refused_connection),
        cmocka_unit_test(test_only_numbers),
        cmocka_unit_test(test_listening),
        cmocka_unit_test(test_watch),
    };
    return cmocka_run_group_tests_name("hal", tests, NULL, NULL);
}
