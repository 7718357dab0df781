/* The local socket: its answers, commands whose clients wait, clients that stall, and what may stand in its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
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
static uint64_t version = 1;
static struct board board = {.mutex = PTHREAD_MUTEX_INITIALIZER, .views = &view, .versions = &version, .bed_count = 1};
static struct store_state store_state;
static _Atomic(struct store *) store;
static const struct report report = {
    .payloads = &payloads, .board = &board, .store = &store, .store_state = &store_state, .bed_count = 1};

static alignas(64) unsigned char storage[1U << 16];
static struct ring commands, replies;
static struct wake engine_wake;
static struct local_socket local;
static struct store_folder rows;

static unsigned reloads;
static char reloaded_by[COMMAND_BY_MAX];

static bool reload(void *context, const char *by, char *out, size_t size)
{
    assert_ptr_equal(context, &reloads);
    (void)snprintf(reloaded_by, sizeof reloaded_by, "%s", by);
    (void)snprintf(out, size, "reload number %u", ++reloads);
    return reloads < 2;
}

static int set_up(void **state)
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
    const struct local_requests requests = {.reload = reload, .context = &reloads};
    assert_int_equal(local_init(&local, &requests, buffer), STATUS_OK);
    local_attach(&local,
                 &(struct local_parts){
                     .report = &report, .commands = &commands, .replies = &replies, .engine_wake = &engine_wake});
    reloads = 0;
    atomic_store(&board.delivered_row, 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    local_close(&local);
    local_fini(&local);
    wake_close(&engine_wake);
    (void)unlink(path);
    (void)unlink(file);
    return rmdir(folder);
}

static void open_socket(void)
{
    assert_int_equal(local_open(&local, path), STATUS_OK);
    assert_true(local.fd >= 0);
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
static pthread_t client;
static atomic_bool answered;

static void *ask(void *argument)
{
    (void)argument;
    asked = connection_ask(path, word, LOCAL_ANSWER_MS, answer, room, &answer_length);
    atomic_store(&answered, true);
    return NULL;
}

static void begin_to_ask(const char *what)
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

static void end_asking(void)
{
    assert_int_equal(pthread_join(client, NULL), 0);
}

static void ask_and_serve(const char *what)
{
    begin_to_ask(what);
    end_asking();
}

static void expect_begin(const char *wanted)
{
    answer[strlen(wanted)] = '\0';
    assert_string_equal(answer, wanted);
}

static int64_t serve_ms(void)
{
    const int64_t before_us = clock_boot_us();
    local_step(&local);
    return (clock_boot_us() - before_us) / 1000;
}

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

/* ---- commands ---- */

static struct bed_command sent(void)
{
    struct bed_command command;
    assert_int_equal(ring_pop(&commands, &command, 1), 1);
    assert_true(wake_wait_until(&engine_wake, 0));
    return command;
}

static void reply_to(const struct bed_command *command, enum command_verdict verdict, uint64_t row)
{
    struct reply reply = {.command = *command, .stay = 0xabcd, .row = row, .wall_ms = 1769903999000};
    reply.command.verdict = (uint8_t)verdict;
    assert_true(ring_push(&replies, &reply));
    wake_raise(&local.wake);
    local_step(&local);
}

/* The gateway fills in id, stay and user; the answer waits for the commit. */
static void test_a_command_is_answered_after_its_commit(void **state)
{
    (void)state;
    open_socket();
    assert_int_equal(local_wait_ms(&local), -1);
    begin_to_ask("command b1 {\"command\":\"away\",\"duration\":\"30min\"}");
    const struct bed_command command = sent();
    char user[32];
    (void)snprintf(user, sizeof user, "uid-%u", (unsigned)getuid());
    assert_int_equal(command.kind, COMMAND_away);
    assert_int_equal(command.role, ROLE_local);
    assert_int_equal(command.verdict, VERDICT_ACCEPTED);
    assert_int_equal(command.bed, 0);
    assert_int_equal(command.stay, 0xabcd);
    assert_int_equal(command.duration_ms, 30 * 60 * 1000);
    assert_string_equal(command.id, "local-00c0ffee-1");
    assert_string_equal(command.by, user);
    assert_int_equal(origin_place(command.origin), ORIGIN_LOCAL);
    (void)usleep(20000);
    local_step(&local);
    assert_false(atomic_load(&answered));
    assert_in_range(local_wait_ms(&local), 1, REPLY_WAIT_MS);
    reply_to(&command, VERDICT_ACCEPTED, 0);
    end_asking();
    assert_non_null(strstr(answer, "\"accepted\":true,\"reason\":null"));
    expect_begin("ok {\"schema\":\"1\",\"id\":\"local-00c0ffee-1\"");
    assert_int_equal(local_wait_ms(&local), -1);
}

static void test_a_refusal_says_why(void **state)
{
    (void)state;
    static const struct {
        const char *request;
        enum command_verdict verdict;
    } cases[] = {{"command b1 {\"command\":\"set_limit\",\"rule\":\"spo2_low\"}", VERDICT_MALFORMED},
                 {"command b1 not JSON", VERDICT_MALFORMED},
                 {"command b1", VERDICT_MALFORMED},
                 {"command", VERDICT_UNKNOWN_BED},
                 {"command b2 {\"command\":\"admit\"}", VERDICT_UNKNOWN_BED},
                 {"command b1 {\"command\":\"dance\"}", VERDICT_UNKNOWN_COMMAND},
                 {"test-alert b1 loud", VERDICT_MALFORMED},
                 {"test-alert b1 low\",\"x\":\"", VERDICT_MALFORMED},
                 {"test-alert b9", VERDICT_UNKNOWN_BED}};
    open_socket();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin_to_ask(cases[i].request);
        const struct bed_command command = sent(); /* it is for the audit log, too */
        assert_int_equal(command.verdict, cases[i].verdict);
        reply_to(&command, cases[i].verdict, 0);
        end_asking();
        assert_non_null(strstr(answer, verdict_word(cases[i].verdict)));
        expect_begin("failed {");
    }
}

static void test_a_test_alert_waits_for_the_broker(void **state)
{
    (void)state;
    open_socket();
    begin_to_ask("test-alert b1 high");
    const struct bed_command command = sent();
    assert_int_equal(command.kind, COMMAND_test_alert);
    assert_int_equal(command.priority, PRIORITY_HIGH);
    reply_to(&command, VERDICT_ACCEPTED, 17);
    assert_in_range(local_wait_ms(&local), 1, 100);
    atomic_store(&board.delivered_row, 16);
    local_step(&local);
    (void)usleep(20000);
    assert_false(atomic_load(&answered));
    atomic_store(&board.delivered_row, 17);
    local_step(&local);
    end_asking();
    expect_begin("ok committed");
    begin_to_ask("test-alert b1");
    const struct bed_command refused = sent();
    assert_int_equal(refused.priority, PRIORITY_LOW);
    reply_to(&refused, VERDICT_VACANT, 0);
    end_asking();
    expect_begin("failed {");
}

/* A reply to somebody who has gone, or to a command that is none of theirs, goes nowhere. */
static void test_replies_find_their_own_client(void **state)
{
    (void)state;
    open_socket();
    begin_to_ask("command b1 {\"command\":\"back\"}");
    const struct bed_command command = sent();
    struct bed_command other = command;
    other.origin = origin_make(ORIGIN_LOCAL, 99);
    reply_to(&other, VERDICT_ACCEPTED, 0);
    (void)usleep(20000);
    assert_false(atomic_load(&answered));
    reply_to(&command, VERDICT_NOTHING, 0);
    end_asking();
    assert_non_null(strstr(answer, "nothing_to_do"));
    reply_to(&command, VERDICT_NOTHING, 0); /* a second time */
}

static void test_what_is_never_committed_ends(void **state)
{
    (void)state;
    open_socket();
    atomic_store(&store_state.status, STATUS_FULL);
    begin_to_ask("command b1 {\"command\":\"back\"}");
    (void)sent();
    local.clients[0].until_us = clock_boot_us(); /* ten seconds later */
    assert_in_range(local_wait_ms(&local), 0, 1);
    local_step(&local);
    end_asking();
    assert_non_null(strstr(answer, status_text(STATUS_FULL)));
    expect_begin("failed not committed");
    begin_to_ask("test-alert b1");
    const struct bed_command command = sent();
    reply_to(&command, VERDICT_ACCEPTED, 5);
    local.clients[0].until_us = clock_boot_us();
    local_step(&local);
    end_asking();
    expect_begin("failed committed, but no broker");
    atomic_store(&store_state.status, STATUS_OK);
}

static void test_too_many_at_once(void **state)
{
    (void)state;
    open_socket();
    int waiting[4];
    for (unsigned i = 0; i < 4; i++) { /* the engine takes none of them */
        static const char request[] = "command b1 {\"command\":\"back\"}\n";
        waiting[i] = dial();
        assert_int_equal(send(waiting[i], request, sizeof request - 1, MSG_NOSIGNAL), sizeof request - 1);
        local_step(&local);
    }
    ask_and_serve("command b1 {\"command\":\"back\"}");
    expect_begin("failed too many");
    ask_and_serve("json");
    assert_int_equal(answer[0], '{');
    local_close(&local); /* those that wait are told */
    for (unsigned i = 0; i < 4; i++) {
        char text[64] = "";
        assert_true(recv(waiting[i], text, sizeof text - 1, 0) > 0);
        assert_string_equal(text, "failed the gateway stops");
        (void)close(waiting[i]);
    }
}

static void test_reload_is_mains(void **state)
{
    (void)state;
    char user[32];
    (void)snprintf(user, sizeof user, "uid-%u", (unsigned)getuid());
    open_socket();
    ask_and_serve("reload");
    assert_string_equal(answer, "ok reload number 1");
    assert_string_equal(reloaded_by, user);
    ask_and_serve("reload");
    assert_string_equal(answer, "failed reload number 2");
}

/* What the engine of before has answered is not lost when others take its place. */
static void test_other_parts(void **state)
{
    (void)state;
    static alignas(64) unsigned char more[1U << 14];
    struct arena arena = {.base = more, .size = sizeof more};
    struct ring next_commands, next_replies;
    ring_init(&next_commands, &arena, 4, sizeof(struct bed_command));
    ring_init(&next_replies, &arena, 4, sizeof(struct reply));
    open_socket();
    begin_to_ask("command b1 {\"command\":\"back\"}");
    struct reply reply = {.command = sent()};
    assert_true(ring_push(&replies, &reply));
    local_attach(&local, &(struct local_parts){.report = &report,
                                               .commands = &next_commands,
                                               .replies = &next_replies,
                                               .engine_wake = &engine_wake});
    end_asking();
    expect_begin("ok {");
    begin_to_ask("command b1 {\"command\":\"back\"}");
    assert_int_equal(ring_pop(&next_commands, &reply.command, 1), 1);
    assert_true(ring_push(&next_replies, &reply));
    local_step(&local);
    end_asking();
    expect_begin("ok {\"schema\":\"1\",\"id\":\"local-00c0ffee-2\"");
}

static void test_the_audit_log(void **state)
{
    (void)state;
    char row[64];
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

#define LOCAL_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOCAL_TEST(test_text_and_json),
        LOCAL_TEST(test_a_small_buffer_gets_what_fits),
        LOCAL_TEST(test_only_its_user_and_group_may_ask),
        LOCAL_TEST(test_one_that_listens_keeps_its_place),
        LOCAL_TEST(test_what_a_crash_left_is_removed),
        LOCAL_TEST(test_another_file_is_left_alone),
        LOCAL_TEST(test_places_where_none_can_be),
        LOCAL_TEST(test_clients_that_stall),
        LOCAL_TEST(test_a_gateway_that_is_stuck),
        LOCAL_TEST(test_a_command_is_answered_after_its_commit),
        LOCAL_TEST(test_a_refusal_says_why),
        LOCAL_TEST(test_a_test_alert_waits_for_the_broker),
        LOCAL_TEST(test_replies_find_their_own_client),
        LOCAL_TEST(test_what_is_never_committed_ends),
        LOCAL_TEST(test_too_many_at_once),
        LOCAL_TEST(test_reload_is_mains),
        LOCAL_TEST(test_other_parts),
        LOCAL_TEST(test_the_audit_log),
        LOCAL_TEST(test_lines_that_are_none),
    };
    return cmocka_run_group_tests_name("local_socket", tests, NULL, NULL);
}
