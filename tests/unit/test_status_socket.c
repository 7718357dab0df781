/* The status socket: both answers, clients that stall, and what may stand in its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "app/flow/status_socket.h"
#include "hal/clock.h"

static char folder[64], path[80], file[80];
static char buffer[REPORT_TEXT_MAX], answer[REPORT_TEXT_MAX];
static size_t answer_length, room;

static struct bed_config bed = {.id = "b1"};
static struct engine_config config = {.beds = &bed, .bed_count = 1};
static struct payload_context payloads = {
    .config = &config, .gateway = "gw-7e", .boot = "00c0ffee", .epoch = "8f3a", .version = "1.2.3"};
static struct bed_view view;
static uint64_t version;
static struct board board = {.mutex = PTHREAD_MUTEX_INITIALIZER, .views = &view, .versions = &version, .bed_count = 1};
static struct store_state store_state;
static _Atomic(struct store *) store;
static const struct report report = {
    .payloads = &payloads, .board = &board, .store = &store, .store_state = &store_state, .bed_count = 1};

static int set_up(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/wardgate-status-XXXXXX");
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/s", folder);
    (void)snprintf(file, sizeof file, "%s/file", folder);
    answer_length = 0;
    room = sizeof answer;
    memset(answer, 0x5A, sizeof answer);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    (void)unlink(path);
    (void)unlink(file);
    return rmdir(folder);
}

static int open_socket(void)
{
    int fd = -1;
    assert_int_equal(status_socket_open(path, &fd), STATUS_OK);
    assert_true(fd >= 0);
    return fd;
}

/* A client of our own, connected and silent. */
static int dial(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

/* The client of `wardgate status`, on a thread of its own. */
static enum status asked;
static const char *word;

static void *ask(void *argument)
{
    (void)argument;
    asked = status_socket_ask(path, word, answer, room, &answer_length);
    return NULL;
}

static void ask_and_serve(int fd, const char *what)
{
    pthread_t client;
    word = what;
    assert_int_equal(pthread_create(&client, NULL, ask, NULL), 0);
    struct timeval patience = {.tv_sec = 5};
    fd_set waiting;
    FD_ZERO(&waiting);
    FD_SET(fd, &waiting);
    assert_int_equal(select(fd + 1, &waiting, NULL, NULL, &patience), 1);
    status_socket_serve(fd, &report, buffer);
    assert_int_equal(pthread_join(client, NULL), 0);
}

static int64_t serve_ms(int fd)
{
    const int64_t before_us = clock_boot_us();
    status_socket_serve(fd, &report, buffer);
    return (clock_boot_us() - before_us) / 1000;
}

static void test_text_and_json(void **state)
{
    (void)state;
    const int fd = open_socket();
    ask_and_serve(fd, "text");
    assert_int_equal(asked, STATUS_OK);
    assert_int_equal(strlen(answer), answer_length);
    assert_int_equal(strncmp(answer, "wardgate 1.2.3  gateway gw-7e", 29), 0);
    ask_and_serve(fd, "json");
    assert_int_equal(asked, STATUS_OK);
    assert_int_equal(strncmp(answer, "{\"schema\":\"1\"", 13), 0);
    assert_int_equal(answer[answer_length - 1], '}');
    ask_and_serve(fd, "what is this? a very long word indeed");
    assert_int_equal(asked, STATUS_OK);
    assert_int_equal(strncmp(answer, "wardgate ", 9), 0);
    status_socket_close(path, fd);
    assert_int_equal(access(path, F_OK), -1);
}

static void test_a_small_buffer_gets_what_fits(void **state)
{
    (void)state;
    const int fd = open_socket();
    room = 16;
    ask_and_serve(fd, "json");
    assert_int_equal(asked, STATUS_OK);
    assert_int_equal(answer_length, 15);
    assert_string_equal(answer, "{\"schema\":\"1\",\"");
    assert_int_equal(answer[16], 0x5A);
    status_socket_close(path, fd);
}

static void test_only_its_user_and_group_may_ask(void **state)
{
    (void)state;
    struct stat found;
    const int fd = open_socket();
    assert_int_equal(stat(path, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0660);
    status_socket_close(path, fd);
}

static void test_one_that_listens_keeps_its_place(void **state)
{
    (void)state;
    int other = 4711;
    const int fd = open_socket();
    assert_int_equal(status_socket_open(path, &other), STATUS_BUSY);
    assert_int_equal(other, 4711);
    status_socket_serve(fd, &report, buffer); /* the one that looked whether somebody listens */
    ask_and_serve(fd, "text");
    assert_int_equal(asked, STATUS_OK);
    status_socket_close(path, fd);
}

static void test_what_a_crash_left_is_removed(void **state)
{
    (void)state;
    (void)close(open_socket()); /* the file stays */
    assert_int_equal(access(path, F_OK), 0);
    const int fd = open_socket();
    ask_and_serve(fd, "text");
    assert_int_equal(asked, STATUS_OK);
    status_socket_close(path, fd);
}

/* A slip in the configuration must not cost a file. */
static void test_another_file_is_left_alone(void **state)
{
    (void)state;
    int fd = -1;
    FILE *stream = fopen(file, "we");
    assert_non_null(stream);
    assert_true(fputs("precious", stream) >= 0);
    assert_int_equal(fclose(stream), 0);
    assert_int_equal(status_socket_open(file, &fd), STATUS_BUSY);
    assert_int_equal(access(file, F_OK), 0);
    assert_int_equal(status_socket_open(folder, &fd), STATUS_BUSY);
}

static void test_places_where_none_can_be(void **state)
{
    (void)state;
    char deep[128];
    char longest[STATUS_SOCKET_PATH_MAX + 1];
    int fd = -1;
    (void)snprintf(deep, sizeof deep, "%s/not/there", folder);
    assert_int_equal(status_socket_open(deep, &fd), STATUS_NOT_FOUND);
    memset(longest, 'a', sizeof longest);
    longest[STATUS_SOCKET_PATH_MAX] = '\0';
    assert_int_equal(status_socket_open(longest, &fd), STATUS_TOO_LARGE);
    assert_int_equal(status_socket_open("", &fd), STATUS_TOO_LARGE);
    assert_int_equal(status_socket_ask(longest, "text", answer, sizeof answer, &answer_length), STATUS_TOO_LARGE);
    assert_int_equal(status_socket_ask(deep, "text", answer, sizeof answer, &answer_length), STATUS_NOT_FOUND);
    assert_int_equal(fd, -1);
    status_socket_close(path, -1);
}

static void test_clients_that_stall(void **state)
{
    (void)state;
    const int fd = open_socket();
    assert_true(serve_ms(fd) < 100); /* nobody waits: a poll that woke for nothing */
    const int silent = dial();
    const int64_t held_ms = serve_ms(fd);
    assert_true(held_ms >= STATUS_CLIENT_MS / 2 && held_ms < 10 * STATUS_CLIENT_MS);
    char byte;
    assert_int_equal(recv(silent, &byte, 1, 0), 0); /* it is hung up on */
    (void)close(silent);
    const int gone = dial();
    assert_int_equal(send(gone, "json\n", 5, MSG_NOSIGNAL), 5);
    (void)close(gone);
    (void)serve_ms(fd); /* and no SIGPIPE */
    const int lazy = dial();
    assert_int_equal(send(lazy, "text\n", 5, MSG_NOSIGNAL), 5);
    assert_true(serve_ms(fd) < 10 * STATUS_CLIENT_MS);
    (void)close(lazy);
    ask_and_serve(fd, "text");
    assert_int_equal(asked, STATUS_OK);
    status_socket_close(path, fd);
}

static void test_a_gateway_that_is_stuck(void **state)
{
    (void)state;
    const int fd = open_socket();
    const int64_t before_us = clock_boot_us();
    assert_int_equal(status_socket_ask(path, "text", answer, sizeof answer, &answer_length), STATUS_TIMEOUT);
    assert_true(clock_boot_us() - before_us < 2 * STATUS_ANSWER_MS * 1000);
    assert_int_equal(answer_length, 0);
    status_socket_close(path, fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_text_and_json, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_small_buffer_gets_what_fits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_only_its_user_and_group_may_ask, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_one_that_listens_keeps_its_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_a_crash_left_is_removed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_another_file_is_left_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_places_where_none_can_be, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_clients_that_stall, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_gateway_that_is_stuck, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("status_socket", tests, NULL, NULL);
}
