/*
 * Commands as a real broker brings them: who may send what, how old it may be, what was used before, how much at once; and their replies, behind the alerts
 * that they caused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/timex.h>

#include "app/flow/command_read.h"
#include "app/flow/deliver_internal.h"
#include "tests/unit/support/deliver_bench.h"

#define STAY "0000000000000007"

static atomic_bool clock_is_kept, clock_stalls, clock_is_asked;

/* What the kernel says of its time source (hal/clock.h): asked while an expired command is being taken. */
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): glibc names it __ntx */
int adjtimex(struct timex *buf)
{
    memset(buf, 0, sizeof *buf);
    while (atomic_load(&clock_stalls)) {
        atomic_store(&clock_is_asked, true);
        (void)usleep(1000);
    }
    buf->status = atomic_load(&clock_is_kept) ? 0 : STA_UNSYNC;
    return TIME_OK;
}

static struct bench *bench;
static struct observer observer;

/* Nurse and charge may; biomed is off. */
static void open_bench(void)
{
    atomic_store(&clock_is_kept, true);
    bench = bench_open();
    broker_start(&bench->broker);
    bench->config.commands.roles = 1U << ROLE_nurse | 1U << ROLE_charge;
    observer_open(&observer, &bench->broker, BASE "+/reply");
}

static void start(void)
{
    bench_go_online(bench);
}

static void close_bench(void)
{
    observer_close(&observer);
    bench_close(bench);
}

static void publish(const char *topic, const char *payload, bool retained, int times)
{
    char port[16], count[16];
    (void)snprintf(port, sizeof port, "%d", bench->broker.port);
    (void)snprintf(count, sizeof count, "%d", times);
    const char *const arguments[] = {
        "mosquitto_pub",        "-h", "127.0.0.1", "-p", port, "-q", "1", "-t", topic, "-m", payload, "--repeat", count,
        retained ? "-r" : NULL, NULL};
    test_need(test_run(arguments) == 0, "mosquitto_pub");
}

/* A payload given `at_s` seconds from now and good for `valid_s`. */
static const char *body_at(const char *id, const char *more, int at_s, int valid_s)
{
    static char json[1024];
    char at[TIME_TEXT_MAX], expires[TIME_TEXT_MAX];
    const int64_t at_ms = clock_wall_ms() + at_s * INT64_C(1000);
    time_text(at_ms, at);
    time_text(at_ms + valid_s * INT64_C(1000), expires);
    (void)snprintf(json, sizeof json,
                   "{\"id\":\"%s\",\"by\":\"n-17\",\"stay\":\"" STAY "\",\"at\":\"%s\",\"expires_at\":\"%s\",%s}", id,
                   at, expires, more);
    return json;
}

static const char *body(const char *id, const char *more)
{
    return body_at(id, more, 0, 10);
}

#define BACK "\"command\":\"back\""

static bool wait_command(struct bed_command *out, int timeout_ms)
{
    const int64_t until_ms = test_now_ms() + timeout_ms;
    while (ring_pop(&bench->commands, out, 1) == 0) {
        if (test_now_ms() >= until_ms) {
            return false;
        }
        (void)wake_wait_until(&bench->engine_wake, clock_boot_us() + 20000);
    }
    return true;
}

/* What reaches the engine of a message. */
static struct bed_command sent(const char *topic, const char *payload)
{
    struct bed_command command;
    publish(topic, payload, false, 1);
    assert_true(wait_command(&command, BENCH_WAIT_MS));
    return command;
}

static void expect_verdict(const char *topic, const char *payload, enum command_verdict verdict)
{
    (void)usleep(100000); /* within its pace */
    const struct bed_command command = sent(topic, payload);
    assert_string_equal(verdict_word(command.verdict), verdict_word(verdict));
}

static void test_a_command_reaches_the_engine(void **state)
{
    (void)state;
    open_bench();
    start();
    const struct bed_command command =
        sent(BASE "b02/command/charge", body("c-1", "\"command\":\"set_limit\",\"rule\":\"spo2_low\",\"value\":88"));
    assert_int_equal(command.verdict, VERDICT_UNKNOWN_RULE); /* the bench's rules have no parameters */
    const struct bed_command away = sent(BASE "b02/command/nurse", body("c-2", "\"command\":\"away\""));
    assert_int_equal(away.verdict, VERDICT_ACCEPTED);
    assert_int_equal(away.kind, COMMAND_away);
    assert_int_equal(away.bed, 1);
    assert_int_equal(away.role, ROLE_nurse);
    assert_int_equal(away.stay, 7);
    assert_int_equal(origin_place(away.origin), ORIGIN_BROKER);
    assert_string_equal(away.id, "c-2");
    assert_string_equal(away.by, "n-17");
    assert_int_equal(atomic_load(&bench->board.commands), 2);
    assert_int_equal(atomic_load(&bench->board.commands_dropped), 0);
    close_bench();
}

static void test_who_may(void **state)
{
    (void)state;
    open_bench();
    start();
    expect_verdict(BASE "b01/command/biomed", body("r-1", "\"command\":\"assign\""), VERDICT_ROLE); /* off */
    expect_verdict(BASE "b01/command/local", body("r-2", BACK), VERDICT_ROLE); /* never from here */
    expect_verdict(BASE "b01/command/surgeon", body("r-3", BACK), VERDICT_ROLE);
    expect_verdict(BASE "b01/command/nurses", body("r-4", BACK), VERDICT_ROLE);
    expect_verdict(BASE "b01/command/nurse", body("r-5", "\"command\":\"assign\""), VERDICT_ROLE);
    expect_verdict(BASE "b01/command/nurse", body("r-6", BACK), VERDICT_ACCEPTED);
    expect_verdict(BASE "b09/command/nurse", body("r-7", BACK), VERDICT_UNKNOWN_BED);
    close_bench();
}

static void test_how_old_it_may_be(void **state)
{
    (void)state;
    open_bench();
    start();
    const char *const topic = BASE "b01/command/nurse";
    expect_verdict(topic, body_at("a-1", BACK, -20, 30), VERDICT_ACCEPTED);
    expect_verdict(topic, body_at("a-2", BACK, -20, 10), VERDICT_EXPIRED);
    expect_verdict(topic, body_at("a-3", BACK, 0, 31), VERDICT_EXPIRY);
    expect_verdict(topic, body_at("a-4", BACK, 20, 30), VERDICT_EXPIRY); /* from a clock that is ahead */
    expect_verdict(topic, body_at("a-5", BACK, 0, -1), VERDICT_EXPIRY);
    expect_verdict(topic, "{\"id\":\"a-6\",\"by\":\"n\",\"stay\":null,\"at\":\"2026-01-31T23:59:59Z\"," BACK "}",
                   VERDICT_EXPIRY);
    expect_verdict(topic, body_at("a-7", BACK, -1000000, 30), VERDICT_EXPIRED);
    atomic_store(&clock_is_kept, false);
    expect_verdict(topic, body_at("a-8", BACK, 0, 10), VERDICT_ACCEPTED); /* sender and gateway agree */
    expect_verdict(topic, body_at("a-9", BACK, -60, 30), VERDICT_CLOCK);
    expect_verdict(topic, body_at("a-10", BACK, 60, 30), VERDICT_CLOCK);
    expect_verdict(topic, body_at("a-11", BACK, 0, 31), VERDICT_EXPIRY); /* that much can be said without a clock */
    close_bench();
}

static void test_an_id_is_used_once(void **state)
{
    (void)state;
    open_bench();
    start();
    const char *const topic = BASE "b01/command/nurse";
    expect_verdict(topic, body("i-1", BACK), VERDICT_ACCEPTED);
    expect_verdict(topic, body("i-1", BACK), VERDICT_REPEATED);
    expect_verdict(BASE "b02/command/nurse", body("i-1", "\"command\":\"admit\""), VERDICT_REPEATED);
    expect_verdict(BASE "b01/command/charge", body("i-1", BACK), VERDICT_ACCEPTED); /* of another role */
    expect_verdict(topic, body("i-2", "\"command\":\"dance\""), VERDICT_UNKNOWN_COMMAND);
    expect_verdict(topic, body("i-2", BACK), VERDICT_REPEATED);
    expect_verdict(topic, body_at("i-3", BACK, -60, 10), VERDICT_EXPIRED); /* it was too late and had no effect ... */
    expect_verdict(topic, body("i-3", BACK), VERDICT_ACCEPTED);            /* ... so it may be said again */
    close_bench();
}

static void put_audit(struct store *store, const char *json)
{
    assert_int_equal(store_begin(store), STATUS_OK);
    assert_int_equal(store_put_audit(store, 1, json, strlen(json)), STATUS_OK);
    assert_int_equal(store_commit(store), STATUS_OK);
}

/* A payload from before a restart, within its 30 s. The store may come later than the broker. */
static void test_a_replay_after_a_restart(void **state)
{
    (void)state;
    open_bench();
    struct reply before = {.wall_ms = 1};
    before.command = (struct bed_command){.kind = COMMAND_back, .role = ROLE_nurse, .id = "old-1", .by = "n"};
    char json[STORE_AUDIT_MAX];
    assert_true(payload_audit(&bench_context, &before.command, 7, 1, json, sizeof json) > 0);
    put_audit(bench->opened, json);
    put_audit(bench->opened, "{\"kind\":\"reload\",\"by\":\"uid-0\",\"lines\":[1,2]}");
    put_audit(bench->opened, "no JSON at all");
    put_audit(bench->opened, "{\"kind\":\"command\",\"role\":7,\"id\":\"old-2\"}");
    put_audit(bench->opened, "{\"kind\":\"command\",\"role\":\"nurse\",\"id\":null}");
    put_audit(bench->opened, "{\"kind\":\"command\",\"role\":\"local\",\"id\":\"old-3\"}");
    for (unsigned i = 0; i < 300; i++) {
        (void)snprintf(json, sizeof json, "{\"kind\":\"command\",\"role\":\"nurse\",\"id\":\"more-%u\"}", i);
        put_audit(bench->opened, json);
    }
    atomic_store(&bench->store, NULL);
    start();
    expect_verdict(BASE "b01/command/charge", body("old-1", BACK), VERDICT_ACCEPTED);
    atomic_store(&bench->store, bench->opened);
    wake_raise(deliver_wake(bench->deliver));
    (void)usleep(200000);
    expect_verdict(BASE "b01/command/nurse", body("old-1", BACK), VERDICT_REPEATED);
    expect_verdict(BASE "b01/command/charge", body("old-1", BACK),
                   VERDICT_REPEATED); /* what is learnt takes no place from it */
    expect_verdict(BASE "b01/command/nurse", body("more-0", BACK), VERDICT_REPEATED);
    expect_verdict(BASE "b01/command/nurse", body("more-299", BACK), VERDICT_REPEATED);
    expect_verdict(BASE "b01/command/nurse", body("old-3", BACK), VERDICT_ACCEPTED);
    close_bench();
}

static void test_what_was_left_on_the_broker(void **state)
{
    (void)state;
    struct bed_command command;
    open_bench();
    publish(BASE "b01/command/nurse", body("k-1", "\"command\":\"discharge\""), true, 1);
    start();
    assert_true(wait_command(&command, BENCH_WAIT_MS));
    assert_int_equal(command.verdict, VERDICT_RETAINED);
    assert_string_equal(command.id, "k-1");
    publish(BASE "b01/command/nurse", "", true, 1); /* taken away: nothing is said of it */
    assert_false(wait_command(&command, 300));
    assert_int_equal(atomic_load(&bench->board.commands), 1);
    close_bench();
}

static void test_what_is_none(void **state)
{
    (void)state;
    open_bench();
    start();
    const char *const topic = BASE "b01/command/nurse";
    static char large[COMMAND_PAYLOAD_MAX + 200];
    const size_t length = (size_t)snprintf(large, sizeof large, "%s", body("m-1", BACK));
    memset(large + length, ' ', sizeof large - 1 - length); /* white space behind it: whole, it would be a command */
    (void)usleep(100000);
    struct bed_command command = sent(topic, large);
    assert_int_equal(command.verdict, VERDICT_MALFORMED);
    assert_int_equal(command.fault, COMMAND_FAULT_TOO_LONG);
    command = sent(topic, "[]");
    assert_int_equal(command.verdict, VERDICT_MALFORMED);
    assert_int_equal(command.fault, COMMAND_FAULT_FORM);
    command = sent(topic, body("m-2", BACK ",\"rev\":1"));
    assert_int_equal(command.fault, COMMAND_KEY_rev);
    assert_string_equal(command.id, "m-2");
    publish("wardgate/site/other/b01/command/nurse", body("m-3", BACK), false, 1); /* another ward's */
    publish(BASE "b01/command/nurse/x", body("m-4", BACK), false, 1);
    publish(BASE "b01/commands/nurse", body("m-5", BACK), false, 1);
    assert_false(wait_command(&command, 300));
    close_bench();
}

static void test_off_is_off(void **state)
{
    (void)state;
    struct bed_command command;
    open_bench();
    bench->config.commands.roles = 0;
    start();
    publish(BASE "b01/command/nurse", body("o-1", BACK), false, 1);
    assert_false(wait_command(&command, 500));
    close_bench();
}

static void test_a_flood_is_cut_off(void **state)
{
    (void)state;
    struct bed_command command;
    struct seen seen;
    open_bench();
    start();
    bench_view(bench, 1, 70, QUALITY_VALID, 7);
    publish(BASE "b01/command/nurse", body("f-1", BACK), false, 200);
    assert_true(observer_find(&observer, BASE "b01/reply", BENCH_WAIT_MS, &seen));
    assert_true(seen_has(&seen, "\"id\":\"f-1\"") && seen_has(&seen, "\"reason\":\"busy\""));
    assert_true(seen_has(&seen, "\"stay\":\"" STAY "\""));
    unsigned taken = 0;
    while (wait_command(&command, 500)) {
        assert_int_equal(command.verdict, taken == 0 ? VERDICT_ACCEPTED : VERDICT_REPEATED);
        taken++;
    }
    assert_in_range(taken, 1, 10 + 3 * DELIVER_COMMANDS_A_SECOND);
    assert_true(atomic_load(&bench->board.commands_dropped) >= 100);
    (void)usleep(200000);
    expect_verdict(BASE "b01/command/nurse", body("f-2", BACK), VERDICT_ACCEPTED); /* and on it goes */
    close_bench();
}

/* An engine that takes nothing. */
static void test_a_full_ring(void **state)
{
    (void)state;
    struct seen seen;
    const struct bed_command filler = {.kind = COMMAND_back};
    open_bench();
    bench_build(bench, 64);
    while (ring_push(&bench->commands, &filler)) {
    }
    start();
    publish(BASE "b02/command/nurse", body("g-1", BACK), false, 1);
    assert_true(observer_find(&observer, BASE "b02/reply", BENCH_WAIT_MS, &seen));
    assert_true(seen_has(&seen, "\"id\":\"g-1\"") && seen_has(&seen, "\"reason\":\"busy\""));
    assert_int_equal(atomic_load(&bench->board.commands), 0);
    struct bed_command command;
    while (ring_pop(&bench->commands, &command, 1) == 1) {
        assert_string_equal(command.id, "");
    }
    (void)usleep(100000);
    assert_int_equal(sent(BASE "b02/command/nurse", body("g-1", BACK)).verdict,
                     VERDICT_ACCEPTED); /* it was not taken */
    close_bench();
}

/* ---- replies ---- */

static void push_reply(const char *id, uint16_t bed, uint64_t row, int64_t age_ms)
{
    struct reply reply = {.command = {.kind = COMMAND_back, .role = ROLE_nurse, .bed = bed},
                          .stay = 7,
                          .row = row,
                          .wall_ms = clock_wall_ms(),
                          .since_us = clock_boot_us() - age_ms * 1000};
    (void)snprintf(reply.command.id, sizeof reply.command.id, "%s", id);
    assert_true(ring_push(&bench->replies, &reply));
    wake_raise(deliver_wake(bench->deliver));
}

static void test_a_reply_comes_behind_its_alerts(void **state)
{
    (void)state;
    struct seen seen;
    struct observer all;
    open_bench();
    observer_open(&all, &bench->broker, BASE "b01/+");
    start();
    push_reply("p-0", 0, 0, 0);
    assert_true(observer_find(&all, BASE "b01/reply", BENCH_WAIT_MS, &seen));
    assert_int_equal(seen.qos, 1);
    assert_false(seen.retained);
    assert_int_equal(seen.expiry_s, REPLY_WAIT_MS / 1000);
    assert_true(
        seen_has(&seen, "\"id\":\"p-0\",\"command\":\"back\",\"bed\":\"b01\",\"stay\":\"" STAY "\",\"accepted\":true"));
    for (unsigned i = 1; i <= 40; i++) { /* more than the window takes at once */
        const struct alert alert = bench_alert(bench, 1, 1, i % 2 == 0);
        bench_put(bench, &alert, 0);
    }
    push_reply("p-1", 0, 40, 0); /* before the deliver thread knows of the rows */
    (void)usleep(100000);
    bench_tell_committed(bench);
    unsigned alerts = 0;
    for (;;) {
        assert_true(observer_next(&all, BENCH_WAIT_MS, &seen));
        if (strcmp(seen.topic, BASE "b01/reply") == 0) {
            break;
        }
        alerts += strcmp(seen.topic, BASE "b01/alert") == 0 ? 1 : 0;
    }
    assert_true(seen_has(&seen, "\"id\":\"p-1\""));
    assert_int_equal(alerts, 40);
    observer_close(&all);
    close_bench();
}

static void test_a_bed_of_another_gateway(void **state)
{
    (void)state;
    struct seen seen;
    struct observer own;
    open_bench();
    observer_open(&own, &bench->broker, BASE "gateway/gw/reply");
    start();
    push_reply("b-1", BED_NONE, 0, 0);
    assert_true(observer_next(&own, BENCH_WAIT_MS, &seen));
    assert_true(seen_has(&seen, "\"id\":\"b-1\",\"command\":\"back\",\"bed\":null"));
    while (observer_next(&observer, 200, &seen)) { /* nothing that could be taken for the other's answer */
        assert_string_equal(seen.topic, "zz/ready");
    }
    observer_close(&own);
    close_bench();
}

/* Nobody waits for it any more, and it must not be in the way of the next. */
static void test_a_late_reply_is_not_sent(void **state)
{
    (void)state;
    struct seen seen;
    open_bench();
    start();
    push_reply("l-1", 0, 0, REPLY_WAIT_MS + 1);
    push_reply("l-2", 0, 0, REPLY_WAIT_MS - 3000);
    assert_true(observer_next(&observer, BENCH_WAIT_MS, &seen));
    assert_true(seen_has(&seen, "\"id\":\"l-2\""));
    close_bench();
}

static void test_a_broker_that_was_away(void **state)
{
    (void)state;
    struct seen seen;
    open_bench();
    start();
    observer_close(&observer);
    broker_signal(&bench->broker, SIGKILL);
    assert_true(bench_wait_connected(bench, false, BENCH_WAIT_MS));
    push_reply("w-1", 0, 0, REPLY_WAIT_MS - 500); /* too old before there is a broker again */
    (void)usleep(700000);
    broker_start(&bench->broker);
    observer_open(&observer, &bench->broker, BASE "+/reply");
    push_reply("w-2", 0, 0, 0);
    assert_true(observer_next(&observer, 2 * BENCH_WAIT_MS, &seen));
    assert_true(seen_has(&seen, "\"id\":\"w-2\""));
    assert_true(bench_wait_connected(bench, true, BENCH_WAIT_MS));
    expect_verdict(BASE "b01/command/nurse", body("w-3", BACK), VERDICT_ACCEPTED); /* it listens again */
    close_bench();
}

static void *hold(void *is_held)
{
    deliver_hold(bench->deliver, true);
    atomic_store((atomic_bool *)is_held, true);
    return NULL;
}

/* Before a reload: the engine's thread ends next, so what is being taken comes before that, or not at all. */
static void test_nothing_comes_behind_a_hold(void **state)
{
    (void)state;
    pthread_t holder;
    atomic_bool is_held = false;
    struct bed_command command;
    open_bench();
    start();
    atomic_store(&clock_is_asked, false);
    atomic_store(&clock_stalls, true);
    publish(BASE "b01/command/nurse", body_at("h-1", BACK, -60, 30), false, 1);
    for (int i = 0; i < BENCH_WAIT_MS && !atomic_load(&clock_is_asked); i++) {
        (void)usleep(1000);
    }
    assert_true(atomic_load(&clock_is_asked));
    assert_int_equal(pthread_create(&holder, NULL, hold, &is_held), 0);
    (void)usleep(20000);
    assert_false(atomic_load(&is_held));
    atomic_store(&clock_stalls, false);
    assert_int_equal(pthread_join(holder, NULL), 0);
    assert_int_equal(ring_pop(&bench->commands, &command, 1), 1);
    publish(BASE "b01/command/nurse", body("h-2", BACK), false, 1);
    assert_false(wait_command(&command, 200));
    deliver_hold(bench->deliver, false);
    wake_raise(deliver_wake(bench->deliver));
    assert_true(wait_command(&command, BENCH_WAIT_MS)); /* it waited in the uplink */
    assert_string_equal(command.id, "h-2");
    close_bench();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_command_reaches_the_engine),
        cmocka_unit_test(test_who_may),
        cmocka_unit_test(test_how_old_it_may_be),
        cmocka_unit_test(test_an_id_is_used_once),
        cmocka_unit_test(test_a_replay_after_a_restart),
        cmocka_unit_test(test_what_was_left_on_the_broker),
        cmocka_unit_test(test_what_is_none),
        cmocka_unit_test(test_off_is_off),
        cmocka_unit_test(test_a_flood_is_cut_off),
        cmocka_unit_test(test_a_full_ring),
        cmocka_unit_test(test_a_reply_comes_behind_its_alerts),
        cmocka_unit_test(test_a_bed_of_another_gateway),
        cmocka_unit_test(test_a_late_reply_is_not_sent),
        cmocka_unit_test(test_a_broker_that_was_away),
        cmocka_unit_test(test_nothing_comes_behind_a_hold),
    };
    return cmocka_run_group_tests_name("deliver_commands", tests, NULL, NULL);
}
