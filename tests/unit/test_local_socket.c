/* The local socket: what it answers at once, clients that stall, and what may stand in its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "tests/unit/support/local_bench.h"

static void test_text_and_json(void **state)
{
    (void)state;
    open_socket();
    ask_and_serve("text");
    assert_int_equal(asked, STATUS_OK);
    assert_int_equal(strlen(answer), answer_length);
    expect_begin("wardgate 1.2.3  gateway gw-7e");
    ask_and_serve("json");
    assert_int_equal(asked, STATUS_OK);
    assert_int_equal(answer[answer_length - 1], '}');
    expect_begin("{\"schema\":\"1\"");
    ask_and_serve("what is this? some words");
    assert_int_equal(asked, STATUS_OK);
    expect_begin("wardgate ");
    local_close(&local);
    assert_int_equal(access(path, F_OK), -1);
}

static void test_rows(void **state)
{
    (void)state;
    open_socket();
    ask_and_serve("rows b01");
    assert_int_equal(asked, STATUS_OK);
    assert_true(answer_length > 16);
    assert_string_equal(answer + answer_length - 14, "{\"row\":\"end\"}\n");
    expect_begin("{\"row\":\"gateway\",\"gateway\":\"gw-7e\"");
}

/* Who asks without waiting has the answer when it comes. */
static void test_asking_without_waiting(void **state)
{
    (void)state;
    char bytes[64];
    int fd = -1;
    assert_int_equal(connection_begin(path, "rows", &fd), STATUS_NOT_FOUND);
    assert_int_equal(fd, -1);
    open_socket();
    assert_int_equal(connection_begin(path, "rows", &fd), STATUS_OK);
    assert_int_equal(recv(fd, bytes, sizeof bytes, 0), -1);
    assert_int_equal(errno, EAGAIN);
    local_step(&local);
    assert_int_equal(recv(fd, bytes, 16, 0), 16);
    assert_memory_equal(bytes, "{\"row\":\"gateway\"", 16);
    (void)close(fd);
}

static void test_a_small_buffer_gets_what_fits(void **state)
{
    (void)state;
    open_socket();
    room = 16;
    ask_and_serve("json");
    assert_int_equal(asked, STATUS_OK);
    assert_int_equal(answer_length, 15);
    assert_string_equal(answer, "{\"schema\":\"1\",\"");
    assert_int_equal(answer[16], 0x5A);
}

static void test_only_its_user_and_group_may_ask(void **state)
{
    (void)state;
    struct stat found;
    open_socket();
    assert_int_equal(stat(path, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0660);
}

static void test_one_that_listens_keeps_its_place(void **state)
{
    (void)state;
    int other = 4711;
    open_socket();
    assert_int_equal(connection_listen(path, &other), STATUS_BUSY);
    assert_int_equal(other, 4711);
    local_step(&local); /* the one that looked whether somebody listens */
    ask_and_serve("text");
    assert_int_equal(asked, STATUS_OK);
}

static void test_what_a_crash_left_is_removed(void **state)
{
    (void)state;
    open_socket();
    (void)close(local.fd); /* the file stays */
    assert_int_equal(access(path, F_OK), 0);
    open_socket();
    ask_and_serve("text");
    assert_int_equal(asked, STATUS_OK);
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
    assert_int_equal(connection_listen(file, &fd), STATUS_BUSY);
    assert_int_equal(access(file, F_OK), 0);
    assert_int_equal(connection_listen(folder, &fd), STATUS_BUSY);
}

/* Nobody listens there as we would, and yet it is somebody's. */
static void test_another_socket_is_left_alone(void **state)
{
    (void)state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = -1;
    const int other = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", file);
    assert_int_equal(bind(other, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(connection_listen(file, &fd), STATUS_IO);
    assert_int_equal(access(file, F_OK), 0);
    assert_int_equal(unlink(file), 0);
    (void)close(other);
}

static void test_places_where_none_can_be(void **state)
{
    (void)state;
    char deep[128];
    char longest[CONNECTION_PATH_MAX + 1];
    int fd = -1;
    (void)snprintf(deep, sizeof deep, "%s/not/there", folder);
    assert_int_equal(connection_listen(deep, &fd), STATUS_NOT_FOUND);
    memset(longest, 'a', sizeof longest);
    longest[CONNECTION_PATH_MAX] = '\0';
    assert_int_equal(connection_listen(longest, &fd), STATUS_TOO_LARGE);
    assert_int_equal(connection_listen("", &fd), STATUS_TOO_LARGE);
    assert_int_equal(connection_ask(longest, "text", LOCAL_ANSWER_MS, answer, sizeof answer, &answer_length),
                     STATUS_TOO_LARGE);
    assert_int_equal(connection_ask(deep, "text", LOCAL_ANSWER_MS, answer, sizeof answer, &answer_length),
                     STATUS_NOT_FOUND);
    assert_int_equal(fd, -1);
    connection_close(path, -1);
}

static void test_clients_that_stall(void **state)
{
    (void)state;
    open_socket();
    assert_true(serve_ms() < 100); /* nobody waits: a poll that woke for nothing */
    const int silent = dial();
    const int64_t held_ms = serve_ms();
    assert_true(held_ms >= LOCAL_CLIENT_MS / 2 && held_ms < 10 * LOCAL_CLIENT_MS);
    char byte;
    assert_int_equal(recv(silent, &byte, 1, 0), 0); /* it is hung up on */
    (void)close(silent);
    const int several[] = {dial(), dial(), dial()};
    assert_true(serve_ms() < 2 * LOCAL_CLIENT_MS); /* one a step: a signal is not kept waiting by all of them */
    for (unsigned i = 0; i < 3; i++) {
        (void)close(several[i]);
        local_step(&local);
    }
    const int gone = dial();
    assert_int_equal(send(gone, "json\n", 5, MSG_NOSIGNAL), 5);
    (void)close(gone);
    (void)serve_ms(); /* and no SIGPIPE */
    const int lazy = dial();
    assert_int_equal(send(lazy, "text\n", 5, MSG_NOSIGNAL), 5);
    assert_true(serve_ms() < 10 * LOCAL_CLIENT_MS);
    (void)close(lazy);
    ask_and_serve("text");
    assert_int_equal(asked, STATUS_OK);
}

static void test_a_gateway_that_is_stuck(void **state)
{
    (void)state;
    open_socket();
    const int64_t before_us = clock_boot_us();
    assert_int_equal(connection_ask(path, "text", LOCAL_ANSWER_MS, answer, sizeof answer, &answer_length),
                     STATUS_TIMEOUT);
    assert_true(clock_boot_us() - before_us < 2 * LOCAL_ANSWER_MS * 1000);
    assert_int_equal(answer_length, 0);
}

static void test_the_audit_log(void **state)
{
    (void)state;
    char row[64];
    struct store_folder rows;
    open_socket();
    ask_and_serve("audit 10");
    assert_string_equal(answer, "failed the store is not open");
    store_folder_init(&rows);
    struct store *opened = store_folder_open(&rows);
    atomic_store(&store, opened);
    ask_and_serve("audit 10");
    assert_string_equal(answer, "ok ");
    assert_int_equal(store_begin(opened), STATUS_OK);
    for (int i = 1; i <= 3; i++) {
        const int length = snprintf(row, sizeof row, "{\"n\":%d}", i);
        assert_int_equal(store_put_audit(opened, 1000 + i, row, (size_t)length), STATUS_OK);
    }
    assert_int_equal(store_commit(opened), STATUS_OK);
    ask_and_serve("audit 2");
    assert_string_equal(answer, "ok {\"n\":2}\n{\"n\":3}\n");
    ask_and_serve("audit 99999999999999999999");
    assert_string_equal(answer, "ok {\"n\":1}\n{\"n\":2}\n{\"n\":3}\n");
    ask_and_serve("audit");
    assert_string_equal(answer, "ok ");
    atomic_store(&store, NULL);
    store_close(opened);
    store_folder_fini(&rows);
}

static void test_lines_that_are_none(void **state)
{
    (void)state;
    static char longest[LOCAL_REQUEST_MAX + 2];
    open_socket();
    memset(longest, 'a', sizeof longest);
    longest[sizeof longest - 2] = '\n';
    const int client_fd = dial();
    assert_int_equal(send(client_fd, longest, sizeof longest - 1, MSG_NOSIGNAL), sizeof longest - 1);
    local_step(&local);
    char byte;
    assert_true(recv(client_fd, &byte, 1, 0) <= 0);
    (void)close(client_fd);
    const int slow = dial(); /* a line in two pieces is one */
    assert_int_equal(send(slow, "js", 2, MSG_NOSIGNAL), 2);
    assert_int_equal(send(slow, "on\n", 3, MSG_NOSIGNAL), 3);
    local_step(&local);
    assert_int_equal(recv(slow, &byte, 1, 0), 1);
    assert_int_equal(byte, '{');
    (void)close(slow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOCAL_TEST(test_text_and_json),
        LOCAL_TEST(test_rows),
        LOCAL_TEST(test_asking_without_waiting),
        LOCAL_TEST(test_a_small_buffer_gets_what_fits),
        LOCAL_TEST(test_only_its_user_and_group_may_ask),
        LOCAL_TEST(test_one_that_listens_keeps_its_place),
        LOCAL_TEST(test_what_a_crash_left_is_removed),
        LOCAL_TEST(test_another_file_is_left_alone),
        LOCAL_TEST(test_another_socket_is_left_alone),
        LOCAL_TEST(test_places_where_none_can_be),
        LOCAL_TEST(test_clients_that_stall),
        LOCAL_TEST(test_a_gateway_that_is_stuck),
        LOCAL_TEST(test_the_audit_log),
        LOCAL_TEST(test_lines_that_are_none),
    };
    return cmocka_run_group_tests_name("local_socket", tests, NULL, NULL);
}
