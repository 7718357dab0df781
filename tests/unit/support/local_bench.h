/*
 * local_bench.h: a local socket of one bed's gateway, whose engine and store are the test's, and a client on a thread of its own. Included by one file of a
 * program.
 */
#ifndef WARDGATE_TESTS_LOCAL_BENCH_H
#define WARDGATE_TESTS_LOCAL_BENCH_H

#include <fcntl.h>
#include <pthread.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "app/flow/local_connection.h"
#include "app/flow/local_socket.h"
#include "hal/clock.h"
#include "tests/unit/support/store_folder.h"

static char folder[64], path[80], file[80];
static char buffer[REPORT_TEXT_MAX], answer[REPORT_TEXT_MAX];
static size_t answer_length, room;

static struct rule rule = {.name = "spo2_low", .parameters = {{.name = "limit"}}, .parameter_count = 1};
static struct bed_config bed = {.id = "b1"};
static struct engine_config config = {.beds = &bed, .bed_count = 1, .rules = &rule, .rule_count = 1};
static struct payload_context payloads = {
    .config = &config, .gateway = "gw-7e", .boot = "00c0ffee", .epoch = "8f3a", .version = "1.2.3"};
static struct bed_view view = {.stay = 0xabcd};
static struct board_news news = {.version = 1};
static struct board board = {.mutex = PTHREAD_MUTEX_INITIALIZER, .views = &view, .news = &news, .bed_count = 1};
static struct store_state store_state;
static _Atomic(struct store *) store;
static const struct timebase timebase;
static const struct report report = {.timebase = &timebase,
                                     .payloads = &payloads,
                                     .board = &board,
                                     .store = &store,
                                     .store_state = &store_state,
                                     .bed_count = 1};

static alignas(64) unsigned char storage[1U << 16];
static struct ring commands, replies;
static struct wake engine_wake;
static struct local_socket local;

static unsigned reloads;
static char reloaded_by[COMMAND_BY_MAX];

static inline bool reload(void *context, const char *by, char *out, size_t size)
{
    assert_ptr_equal(context, &reloads);
    (void)snprintf(reloaded_by, sizeof reloaded_by, "%s", by);
    (void)snprintf(out, size, "reload number %u", ++reloads);
    return reloads < 2;
}

static inline bool indicate(void *context, const char *by, const char *words, char *out, size_t size)
{
    assert_ptr_equal(context, &reloads);
    (void)snprintf(out, size, "%s asks for <%s>", by, words);
    return strcmp(words, "quiet") == 0;
}

static inline int set_up(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/wardgate-local-XXXXXX");
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/s", folder);
    (void)snprintf(file, sizeof file, "%s/file", folder);
    answer_length = 0;
    room = sizeof answer;
    memset(answer, 0x5A, sizeof answer);
    struct arena arena = {.base = storage, .size = sizeof storage};
    ring_init(&commands, &arena, 4, sizeof(struct bed_command));
    ring_init(&replies, &arena, 16, sizeof(struct reply));
    assert_int_equal(wake_open(&engine_wake), STATUS_OK);
    const struct local_requests requests = {.reload = reload, .indicator = indicate, .context = &reloads};
    assert_int_equal(local_init(&local, &requests, buffer), STATUS_OK);
    local_attach(&local,
                 &(struct local_parts){
                     .report = &report, .commands = &commands, .replies = &replies, .engine_wake = &engine_wake});
    reloads = 0;
    atomic_store(&board.passed_row, 0);
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    local_close(&local);
    local_fini(&local);
    wake_close(&engine_wake);
    (void)unlink(path);
    (void)unlink(file);
    return rmdir(folder);
}

static inline void open_socket(void)
{
    assert_int_equal(local_open(&local, path), STATUS_OK);
    assert_true(local.fd >= 0);
}

/* A client of our own, connected and silent. */
static inline int dial(void)
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
static pthread_t client;
static atomic_bool answered;

static inline void *ask(void *argument)
{
    (void)argument;
    asked = connection_ask(path, word, LOCAL_ANSWER_MS, answer, room, &answer_length);
    atomic_store(&answered, true);
    return NULL;
}

static inline void begin_to_ask(const char *what)
{
    struct timeval patience = {.tv_sec = 5};
    fd_set waiting;
    word = what;
    atomic_store(&answered, false);
    assert_int_equal(pthread_create(&client, NULL, ask, NULL), 0);
    FD_ZERO(&waiting);
    FD_SET(local.fd, &waiting);
    assert_int_equal(select(local.fd + 1, &waiting, NULL, NULL, &patience), 1);
    local_step(&local);
}

static inline void end_asking(void)
{
    assert_int_equal(pthread_join(client, NULL), 0);
}

static inline void ask_and_serve(const char *what)
{
    begin_to_ask(what);
    end_asking();
}

static inline void expect_begin(const char *wanted)
{
    answer[strlen(wanted)] = '\0';
    assert_string_equal(answer, wanted);
}

static inline int64_t serve_ms(void)
{
    const int64_t before_us = clock_boot_us();
    local_step(&local);
    return (clock_boot_us() - before_us) / 1000;
}

#define LOCAL_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif
