/* What the service manager is told, with real datagram sockets: by a path, and by an abstract name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "hal/service.h"

static char path[64], abstract[64];
static int manager = -1;

static void listen_at(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const size_t length = strlen(name);
    memcpy(address.sun_path, name, length);
    address.sun_path[0] = name[0] == '@' ? '\0' : name[0];
    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(manager >= 0);
    const socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + (name[0] == '@' ? 0 : 1));
    assert_int_equal(bind(manager, (struct sockaddr *)&address, size), 0);
    assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
}

static int tear_down(void **state)
{
    (void)state;
    if (manager >= 0) {
        (void)close(manager);
        manager = -1;
    }
    (void)unlink(path);
    (void)unsetenv("NOTIFY_SOCKET");
    (void)unsetenv("WATCHDOG_USEC");
    (void)unsetenv("WATCHDOG_PID");
    return 0;
}

static void expect_told(const char *lines)
{
    char got[1024] = "";
    const ssize_t length = recv(manager, got, sizeof got - 1, 0);
    assert_int_equal(length, strlen(lines));
    assert_string_equal(got, lines);
}

static void tell_at(const char *name)
{
    struct service service;
    listen_at(name);
    assert_int_equal(service_open(&service), STATUS_OK);
    assert_int_equal(service_tell(&service, "READY=1\nSTATUS=Watches 8 beds"), STATUS_OK);
    expect_told("READY=1\nSTATUS=Watches 8 beds");
    service_close(&service);
    assert_int_equal(service.fd, -1);
    service_close(&service);                                           /* closed already */
    assert_int_equal(service_tell(&service, "WATCHDOG=1"), STATUS_OK); /* to nobody */
    assert_int_equal(recv(manager, (char[8]){0}, 8, 0), -1);
}

static void says_why(const char *in_file, const char *expected)
{
    char file[] = "/tmp/wardgate-stopping-XXXXXX";
    const int fd = mkstemp(file);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, in_file, strlen(in_file)), strlen(in_file));
    assert_int_equal(close(fd), 0);
    assert_int_equal(setenv("WARDGATE_STOPPING", file, 1), 0);
    assert_string_equal(service_stop_reason(), expected);
    assert_int_equal(unlink(file), 0);
    assert_string_equal(service_stop_reason(), "stopped"); /* no such file */
    assert_int_equal(unsetenv("WARDGATE_STOPPING"), 0);
    assert_string_equal(service_stop_reason(), "stopped");
}

static void test_why_it_is_ended(void **state)
{
    (void)state;
    says_why("update\n", "update");
    says_why("shutdown", "shutdown");
    says_why("", "stopped");
    says_why("update of something that is far too long\n", "stopped");
    says_why("\"}{\n", "stopped");
}

static void test_a_path(void **state)
{
    (void)state;
    tell_at(path);
}

static void test_an_abstract_name(void **state)
{
    (void)state;
    tell_at(abstract);
}

static void test_no_manager(void **state)
{
    (void)state;
    struct service service;
    assert_int_equal(service_open(&service), STATUS_OK);
    assert_int_equal(service.fd, -1);
    assert_int_equal(service_tell(&service, "READY=1"), STATUS_OK);
    service_tell_reload(&service);
    assert_int_equal(setenv("NOTIFY_SOCKET", "", 1), 0);
    assert_int_equal(service_open(&service), STATUS_OK);
    assert_int_equal(service.fd, -1);
}

static void test_names_that_are_none(void **state)
{
    (void)state;
    char longest[sizeof((struct sockaddr_un *)NULL)->sun_path + 2];
    const char *const names[] = {"relative", "@", "/", longest};
    memset(longest, 'x', sizeof longest - 1);
    longest[0] = '/';
    longest[sizeof longest - 1] = '\0';
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct service service;
        assert_int_equal(setenv("NOTIFY_SOCKET", names[i], 1), 0);
        assert_int_equal(service_open(&service), STATUS_INVALID);
        assert_int_equal(service.fd, -1);
    }
}

static void test_a_manager_that_is_gone(void **state)
{
    (void)state;
    struct service service;
    listen_at(path);
    assert_int_equal(service_open(&service), STATUS_OK);
    (void)close(manager);
    manager = -1;
    assert_int_equal(service_tell(&service, "WATCHDOG=1"), STATUS_IO);
    service_close(&service);
}

/* One that does not read is not waited for. */
static void test_a_manager_that_sleeps(void **state)
{
    (void)state;
    struct service service;
    enum status status = STATUS_OK;
    listen_at(path);
    assert_int_equal(service_open(&service), STATUS_OK);
    for (unsigned i = 0; i < 100000 && status == STATUS_OK; i++) {
        status = service_tell(&service, "WATCHDOG=1");
    }
    assert_int_equal(status, STATUS_IO);
    service_close(&service);
}

static int64_t watchdog_of(const char *usec, const char *pid)
{
    struct service service;
    assert_int_equal(setenv("WATCHDOG_USEC", usec, 1), 0);
    if (pid != NULL) {
        assert_int_equal(setenv("WATCHDOG_PID", pid, 1), 0);
    }
    assert_int_equal(service_open(&service), STATUS_OK);
    service_close(&service);
    return service.watchdog_us;
}

static void test_how_often(void **state)
{
    (void)state;
    char own[32];
    listen_at(path);
    (void)snprintf(own, sizeof own, "%d", (int)getpid());
    assert_int_equal(watchdog_of("30000000", NULL), 30000000);
    assert_int_equal(watchdog_of("30000000", own), 30000000);
    assert_int_equal(watchdog_of("30000000", "1"), 0); /* another process's */
    assert_int_equal(watchdog_of("30000000", "0"), 0);
    assert_int_equal(watchdog_of("30000000", ""), 0);
    assert_int_equal(watchdog_of("0", own), 0);
    assert_int_equal(watchdog_of("-5", own), 0);
    assert_int_equal(watchdog_of("30s", own), 0);
    assert_int_equal(watchdog_of("99999999999999999999", own), 0);
}

static void test_a_reload(void **state)
{
    (void)state;
    struct service service;
    struct timespec before, after;
    char got[256] = "";
    int64_t at_us = 0;
    listen_at(abstract);
    assert_int_equal(service_open(&service), STATUS_OK);
    (void)clock_gettime(CLOCK_MONOTONIC, &before);
    service_tell_reload(&service);
    (void)clock_gettime(CLOCK_MONOTONIC, &after);
    assert_true(recv(manager, got, sizeof got - 1, 0) > 0);
    static const char head[] = "RELOADING=1\nMONOTONIC_USEC=";
    char *end = NULL;
    assert_memory_equal(got, head, sizeof head - 1);
    at_us = strtoll(got + sizeof head - 1, &end, 10);
    assert_memory_equal(end, "\nSTATUS=", 8);
    assert_true(at_us >= before.tv_sec * INT64_C(1000000) + before.tv_nsec / 1000);
    assert_true(at_us <= after.tv_sec * INT64_C(1000000) + after.tv_nsec / 1000);
    service_close(&service);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_why_it_is_ended, tear_down),
        cmocka_unit_test_teardown(test_a_path, tear_down),
        cmocka_unit_test_teardown(test_an_abstract_name, tear_down),
        cmocka_unit_test_teardown(test_no_manager, tear_down),
        cmocka_unit_test_teardown(test_names_that_are_none, tear_down),
        cmocka_unit_test_teardown(test_a_manager_that_is_gone, tear_down),
        cmocka_unit_test_teardown(test_a_manager_that_sleeps, tear_down),
        cmocka_unit_test_teardown(test_how_often, tear_down),
        cmocka_unit_test_teardown(test_a_reload, tear_down),
    };
    (void)snprintf(path, sizeof path, "/tmp/wardgate-notify-%d", (int)getpid());
    (void)snprintf(abstract, sizeof abstract, "@wardgate-notify-%d", (int)getpid());
    return cmocka_run_group_tests_name("hal_service", tests, NULL, NULL);
}
