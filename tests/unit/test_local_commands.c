/* Commands over the local socket: their clients wait for the store, and for the broker. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/support/local_bench.h"

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
    struct reply reply = {
        .command = *command, .stay = 0xabcd, .row_before = row > 1 ? row - 2 : 0, .row = row, .wall_ms = 1769903999000};
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
    atomic_store(&board.passed_row, 16);
    local_step(&local);
    (void)usleep(20000);
    assert_false(atomic_load(&answered));
    atomic_store(&board.passed_row, 17);
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

static void put_alerts(struct store *opened, uint64_t last)
{
    struct test_alert made;
    assert_int_equal(store_begin(opened), STATUS_OK);
    for (uint64_t seq = 1; seq <= last; seq++) {
        struct store_alert alert = *test_alert_make(&made, seq, 200);
        made.json[alert.json_length - 1] = '}';
        assert_int_equal(store_put_alert(opened, &alert), STATUS_OK);
    }
    assert_int_equal(store_commit(opened), STATUS_OK);
}

/* What is said of a test alert of rows 2 and 3 when a broker has all that can be sent. */
static void expect_said(const char *words)
{
    begin_to_ask("test-alert b1");
    const struct bed_command command = sent();
    atomic_store(&board.passed_row, 0);
    reply_to(&command, VERDICT_ACCEPTED, 3);
    atomic_store(&board.passed_row, 4);
    local_step(&local);
    end_asking();
    expect_begin(words);
}

/* What is behind it was sent; it was not. */
static void test_a_test_alert_that_is_damaged(void **state)
{
    (void)state;
    struct store_folder made;
    store_folder_init(&made);
    struct store *opened = store_folder_open(&made);
    put_alerts(opened, 4);
    atomic_store(&store, opened);
    open_socket();
    expect_said("ok committed");
    assert_int_equal(test_deliver(opened, (const uint64_t[]){2}, 1), STATUS_OK);
    expect_said("ok committed");
    store_folder_damage_alert(&made, 1);
    store_folder_damage_alert(&made, 4);
    expect_said("ok committed"); /* those are others' */
    store_folder_damage_alert(&made, 3);
    expect_said("failed committed, but damaged in the store");
    atomic_store(&store, NULL);
    expect_said("ok committed"); /* nothing says otherwise */
    store_close(opened);
    store_folder_fini(&made);
}

/* Readable, and nothing that could be sent. */
static void test_a_test_alert_of_no_use(void **state)
{
    (void)state;
    struct store_folder made;
    store_folder_init(&made);
    struct store *opened = store_folder_open(&made);
    const struct store_alert cut = {.seq = 3, .bed = "b1", .alarm = "test", .json = "{\"cut", .json_length = 5};
    put_alerts(opened, 2);
    assert_int_equal(store_begin(opened), STATUS_OK);
    assert_int_equal(store_put_alert(opened, &cut), STATUS_OK);
    assert_int_equal(store_commit(opened), STATUS_OK);
    atomic_store(&store, opened);
    open_socket();
    expect_said("failed committed, but damaged in the store");
    atomic_store(&store, NULL);
    store_close(opened);
    store_folder_fini(&made);
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

static void test_the_local_alarm_is_mains(void **state)
{
    (void)state;
    char wanted[128];
    open_socket();
    ask_and_serve("indicator quiet");
    (void)snprintf(wanted, sizeof wanted, "ok uid-%u asks for <quiet>", (unsigned)getuid());
    assert_string_equal(answer, wanted);
    ask_and_serve("indicator test high");
    (void)snprintf(wanted, sizeof wanted, "failed uid-%u asks for <test high>", (unsigned)getuid());
    assert_string_equal(answer, wanted);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOCAL_TEST(test_a_command_is_answered_after_its_commit),
        LOCAL_TEST(test_a_refusal_says_why),
        LOCAL_TEST(test_a_test_alert_waits_for_the_broker),
        LOCAL_TEST(test_a_test_alert_that_is_damaged),
        LOCAL_TEST(test_a_test_alert_of_no_use),
        LOCAL_TEST(test_replies_find_their_own_client),
        LOCAL_TEST(test_what_is_never_committed_ends),
        LOCAL_TEST(test_too_many_at_once),
        LOCAL_TEST(test_reload_is_mains),
        LOCAL_TEST(test_the_local_alarm_is_mains),
        LOCAL_TEST(test_other_parts),
    };
    return cmocka_run_group_tests_name("local_commands", tests, NULL, NULL);
}
