/*
 * The uplink against a real broker, with an independent MQTT 5 client as the witness.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/support/uplink_bench.h"

/* Paho forgets the message that it had half written when a connection is lost: at most one a loss. */
/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl51-cpp): the sanitizer's name */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libpaho-mqtt3cs";
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl51-cpp) */

/* Tries again while Paho's short queue is full. */
static enum status publish_patiently(struct bench *bench, const char *topic, const char *text, uint8_t qos,
                                     uint64_t tag)
{
    const int64_t until_ms = test_now_ms() + 300;
    enum status status = publish(bench, topic, text, qos, 0, tag);
    while (status == STATUS_FULL && test_now_ms() < until_ms) {
        (void)usleep(1000);
        status = publish(bench, topic, text, qos, 0, tag);
    }
    return status;
}

static void publishes_reach_a_subscriber(int version)
{
    struct bench bench;
    struct observer observer;
    struct seen seen;
    bench_open(&bench, version);
    broker_start(&bench.broker);
    observer_open(&observer, &bench.broker, "ward/#");
    const struct uplink_event connected = connect_up(&bench);
    assert_int_equal(connected.receive_maximum, version == 5 ? 20 : 65535); /* mosquitto tells 20 to MQTT 5 */

    assert_int_equal(publish(&bench, "ward/a", "{\"x\":1}", 1, 60, 7), STATUS_OK);
    const struct uplink_event delivered = expect(&bench, UPLINK_DELIVERED);
    assert_int_equal(delivered.tag, 7);
    assert_true(observer_next(&observer, WAIT_MS, &seen));
    assert_string_equal(seen.topic, "ward/a");
    assert_string_equal(seen.payload, "{\"x\":1}");
    assert_true(seen.retained);
    assert_int_equal(seen.qos, 1);
    assert_int_equal(seen.expiry_s, version == 5 ? 60 : -1);

    assert_int_equal(publish(&bench, "ward/b", "live", 0, 0, 0), STATUS_OK);
    assert_true(observer_next(&observer, WAIT_MS, &seen));
    assert_string_equal(seen.payload, "live");
    assert_false(seen.retained);
    assert_int_equal(seen.qos, 0);
    assert_int_equal(seen.expiry_s, -1);

    assert_int_equal(publish(&bench, "ward/a", "", 1, 0, 8), STATUS_OK);
    assert_int_equal(expect(&bench, UPLINK_DELIVERED).tag, 8);
    observer_close(&observer);
    observer_open(&observer, &bench.broker, "ward/#");
    assert_false(observer_next(&observer, 100, &seen)); /* the retained topic is empty now */
    observer_close(&observer);
    bench_close(&bench);
}

static void test_tells_when_nobody_has_subscribed(void **state)
{
    (void)state;
    struct bench bench;
    struct observer observer;
    bench_open(&bench, 5);
    broker_start(&bench.broker);
    (void)connect_up(&bench);
    assert_int_equal(publish(&bench, "ward/a", "x", 1, 0, 1), STATUS_OK);
    assert_int_equal(expect(&bench, UPLINK_DELIVERED).reason, UPLINK_REASON_NO_SUBSCRIBERS);
    observer_open(&observer, &bench.broker, "ward/#");
    assert_int_equal(publish(&bench, "ward/a", "x", 1, 0, 2), STATUS_OK);
    assert_int_equal(expect(&bench, UPLINK_DELIVERED).reason, 0);
    observer_close(&observer);
    bench_close(&bench);
}

static void test_publishes_with_mqtt_5(void **state)
{
    (void)state;
    publishes_reach_a_subscriber(5);
}

static void test_publishes_with_mqtt_3_1_1(void **state)
{
    (void)state;
    publishes_reach_a_subscriber(4);
}

static void test_refused_connection_is_told_and_can_be_tried_again(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, 5);
    for (uint32_t attempt = 1; attempt <= 3; ++attempt) {
        assert_int_equal(uplink_connect(bench.uplink, &bench.address), STATUS_OK);
        assert_int_equal(uplink_connection(bench.uplink), attempt);
        const struct uplink_event failed = expect(&bench, UPLINK_CONNECT_FAILED);
        assert_true(failed.reason < 0);
        assert_true(failed.unreached);
        assert_true(failed.text[0] != '\0');
        assert_int_equal(publish(&bench, "ward/a", "x", 1, 0, 1), STATUS_CLOSED);
    }
    broker_start(&bench.broker);
    (void)connect_up(&bench);
    bench_close(&bench);
}

static void test_broker_that_accepts_and_is_mute_fails_in_bounded_time(void **state)
{
    (void)state;
    struct bench bench;
    const int mute = bench_open_mute(&bench, 5);
    const int64_t begun_ms = test_now_ms();
    assert_int_equal(uplink_connect(bench.uplink, &bench.address), STATUS_OK);
    (void)expect(&bench, UPLINK_CONNECT_FAILED);
    assert_in_range(test_now_ms() - begun_ms, 1000, 7500);
    bench_close(&bench);
    (void)close(mute);
}

static void test_closes_at_once_while_connecting(void **state)
{
    (void)state;
    struct bench bench;
    const int mute = bench_open_mute(&bench, 5);
    assert_int_equal(uplink_connect(bench.uplink, &bench.address), STATUS_OK);
    (void)usleep(50000);
    const int64_t begun_ms = test_now_ms();
    bench_close(&bench);
    assert_in_range(test_now_ms() - begun_ms, 0, 2000);
    (void)close(mute); /* ends the attempt, and so the thread that was left alone with it */
    (void)usleep(999999);
}

static void test_lost_connection_is_told_once(void **state)
{
    (void)state;
    struct bench bench;
    struct uplink_event event;
    bench_open(&bench, 5);
    broker_start(&bench.broker);
    (void)connect_up(&bench);
    (void)kill(bench.broker.pid, SIGSTOP);
    assert_int_equal(publish(&bench, "ward/a", "x", 1, 0, 5), STATUS_OK);
    (void)usleep(100000); /* let it be sent */
    broker_signal(&bench.broker, SIGKILL);
    (void)expect(&bench, UPLINK_LOST);
    assert_false(next_event(&bench, 300, &event)); /* what was in flight is lost with it */
    assert_int_equal(publish(&bench, "ward/a", "x", 1, 0, 6), STATUS_CLOSED);
    bench_close(&bench);
}

static void test_broker_that_says_goodbye_is_lost(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, 5);
    broker_start(&bench.broker);
    (void)connect_up(&bench);
    char port[16];
    (void)snprintf(port, sizeof port, "%d", bench.broker.port);
    const char *const thief[] = {
        "mosquitto_pub", "-h", "127.0.0.1", "-V", "5", "-p", port, "-i", "gw", "-t", "a", "-m", "b", NULL};
    assert_int_equal(test_run(thief), 0); /* the same client id: mosquitto disconnects us */
    (void)expect(&bench, UPLINK_LOST);
    bench_close(&bench);
}

/* What a client queued on a dead connection must not come out of the next one. */
static void test_nothing_old_is_sent_on_a_new_connection(void **state)
{
    (void)state;
    struct bench bench;
    struct observer observer;
    struct uplink_event event;
    struct seen seen;
    char large[16384];
    bench_open(&bench, 5);
    broker_start(&bench.broker);
    (void)connect_up(&bench);
    (void)kill(bench.broker.pid, SIGSTOP);
    memset(large, 'o', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    enum status queued = STATUS_OK;
    for (unsigned i = 0; i < 10000 && queued == STATUS_OK; ++i) {
        queued = publish_patiently(&bench, "ward/old", large, 0, 0);
    }
    assert_int_equal(queued, STATUS_FULL); /* the sockets are full, and so is Paho's queue, which is bounded */
    broker_signal(&bench.broker, SIGKILL);
    do {
        assert_true(next_event(&bench, WAIT_MS, &event));
    } while (event.kind != UPLINK_LOST);
    broker_start(&bench.broker);
    observer_open(&observer, &bench.broker, "ward/#");
    assert_int_equal(uplink_connect(bench.uplink, &bench.address), STATUS_OK);
    do {
        assert_true(next_event(&bench, WAIT_MS, &event));
    } while (event.connection != 2);
    assert_int_equal(event.kind, UPLINK_CONNECTED);
    assert_int_equal(publish(&bench, "ward/new", "n", 0, 0, 0), STATUS_OK);
    assert_true(observer_next(&observer, WAIT_MS, &seen));
    assert_string_equal(seen.topic, "ward/new");
    assert_false(observer_next(&observer, 200, &seen));
    observer_close(&observer);
    bench_close(&bench);
}

static void test_tags_are_bounded_and_come_back(void **state)
{
    (void)state;
    struct bench bench;
    struct uplink_event event;
    bench_open(&bench, 5);
    broker_configure(&bench.broker, "allow_anonymous true\nmax_inflight_messages 0\n");
    broker_start(&bench.broker);
    (void)connect_up(&bench);
    (void)kill(bench.broker.pid, SIGSTOP);
    for (uint64_t tag = 1; tag <= UPLINK_TAGS_MAX; ++tag) {
        assert_int_equal(publish_patiently(&bench, "ward/a", "x", 1, tag), STATUS_OK);
    }
    assert_int_equal(publish_patiently(&bench, "ward/a", "x", 1, 999), STATUS_FULL);
    (void)kill(bench.broker.pid, SIGCONT);
    for (uint64_t tag = 1; tag <= UPLINK_TAGS_MAX; ++tag) {
        assert_true(next_event(&bench, WAIT_MS, &event));
        assert_int_equal(event.kind, UPLINK_DELIVERED);
        assert_int_equal(event.tag, tag);
    }
    assert_int_equal(publish(&bench, "ward/a", "x", 1, 0, 1000), STATUS_OK);
    assert_int_equal(expect(&bench, UPLINK_DELIVERED).tag, 1000);
    bench_close(&bench);
}

static void test_refused_publish_tells_the_reason(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, 5);
    broker_configure(&bench.broker, "allow_anonymous true\nacl_file @/acl\n");
    test_write_file(bench.broker.folder, "acl", "topic readwrite ward/mine\n");
    broker_start(&bench.broker);
    (void)connect_up(&bench);
    assert_int_equal(publish(&bench, "ward/theirs", "x", 1, 0, 3), STATUS_OK);
    const struct uplink_event refused = expect(&bench, UPLINK_PUBLISH_FAILED);
    assert_int_equal(refused.tag, 3);
    assert_int_equal(refused.reason, 135); /* not authorized */
    assert_true(refused.text[0] != '\0');
    assert_int_equal(publish(&bench, "ward/mine", "x", 1, 0, 4), STATUS_OK);
    assert_int_equal(expect(&bench, UPLINK_DELIVERED).tag, 4);
    bench_close(&bench);
}

/* MQTT 5: the broker says how large a packet may be, and would end the connection at a larger one. */
static void test_what_is_too_large_is_not_sent(void **state)
{
    (void)state;
    struct bench bench;
    struct observer observer;
    struct seen seen;
    char text[400];
    bench_open(&bench, 5);
    broker_configure(&bench.broker, "allow_anonymous true\nmax_packet_size 300\n");
    broker_start(&bench.broker);
    observer_open(&observer, &bench.broker, "ward/#");
    (void)connect_up(&bench);
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    assert_int_equal(publish(&bench, "ward/a", text, 1, 0, 3), STATUS_OK);
    struct uplink_event refused = expect(&bench, UPLINK_PUBLISH_FAILED);
    assert_int_equal(refused.tag, 3);
    assert_int_equal(refused.reason, UPLINK_REASON_TOO_LARGE);
    assert_string_equal(refused.text, "larger than the 300 bytes that the broker takes");
    assert_int_equal(publish(&bench, "ward/a", text, 0, 0, 0), STATUS_OK);
    refused = expect(&bench, UPLINK_PUBLISH_FAILED);
    assert_int_equal(refused.tag, 0);
    text[260] = '\0';
    assert_int_equal(publish(&bench, "ward/a", text, 1, 60, 4), STATUS_OK);
    assert_int_equal(expect(&bench, UPLINK_DELIVERED).tag, 4);
    assert_true(observer_find(&observer, "ward/a", BROKER_WAIT_MS, &seen)); /* the first that comes through */
    assert_int_equal(strlen(seen.payload), 260);
    observer_close(&observer);
    bench_close(&bench);
}

static void expect_failure(struct bench *bench, const char *told)
{
    assert_int_equal(uplink_connect(bench->uplink, &bench->address), STATUS_OK);
    const struct uplink_event failed = expect(bench, UPLINK_CONNECT_FAILED);
    assert_non_null(strstr(failed.text, told));
    assert_false(failed.unreached);
}

static void password_decides(int version)
{
    struct bench bench;
    char path[128];
    char password[128];
    bench_open(&bench, version);
    broker_configure(&bench.broker, "password_file @/users\n");
    (void)snprintf(path, sizeof path, "%s/users", bench.broker.folder);
    const char *const make[] = {"mosquitto_passwd", "-c", "-b", path, "gateway", "right word", NULL};
    assert_int_equal(test_run(make), 0);
    broker_start(&bench.broker);
    (void)snprintf(password, sizeof password, "%s/password", bench.broker.folder);
    bench.address.username = "gateway";
    bench.address.password_file = password;
    expect_failure(&bench, "/password cannot be read (No such file or directory)");
    test_write_file(bench.broker.folder, "password", "right word\n");
    assert_int_equal(chmod(password, 0644), 0);
    expect_failure(&bench, "/password is open to others (mode 0644), chmod 600 it");
    assert_int_equal(chmod(password, 0600), 0);
    test_write_file(bench.broker.folder, "password", "\nright word\n");
    expect_failure(&bench, "/password holds no password");
    test_write_file(bench.broker.folder, "password", "wrong\n");
    assert_int_equal(uplink_connect(bench.uplink, &bench.address), STATUS_OK);
    const struct uplink_event refused = expect(&bench, UPLINK_CONNECT_FAILED);
    assert_int_equal(refused.reason, version == 5 ? 135 : 5); /* not authorized */
    test_write_file(bench.broker.folder, "password", "right word\n");
    (void)connect_up(&bench);
    bench_close(&bench);
}

static void test_password_file_is_read_at_each_attempt(void **state)
{
    (void)state;
    password_decides(5);
    password_decides(4);
}

static void test_wrong_urls_are_refused(void **state)
{
    (void)state;
    static const char *const urls[] = {"", "http://127.0.0.1:1883", "127.0.0.1:1883", "mqtt:/127.0.0.1"};
    struct bench bench;
    char endless[400];
    bench_open(&bench, 5);
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; ++i) {
        bench.address.url = urls[i];
        assert_int_equal(uplink_connect(bench.uplink, &bench.address), STATUS_INVALID);
    }
    (void)snprintf(endless, sizeof endless, "mqtt://%0350d", 1);
    bench.address.url = endless;
    assert_int_equal(uplink_connect(bench.uplink, &bench.address), STATUS_INVALID);
    assert_int_equal(publish(&bench, "ward/a", "x", 1, 0, 1), STATUS_CLOSED);
    bench_close(&bench);
}

/* In a process of its own. Says when it is connected. */
static void run_until_killed(struct bench *bench, int ready)
{
    struct uplink_event event;
    bench_attach(bench, 5);
    if (uplink_connect(bench->uplink, &bench->address) == STATUS_OK && next_event(bench, WAIT_MS, &event) &&
        event.kind == UPLINK_CONNECTED) {
        (void)!write(ready, "1", 1);
    }
    for (;;) {
        (void)pause();
    }
}

static void test_will_speaks_after_a_sudden_death(void **state)
{
    (void)state;
    struct bench bench;
    struct observer observer;
    struct seen seen;
    int ready[2];
    char byte;
    broker_open(&bench.broker);
    broker_start(&bench.broker);
    observer_open(&observer, &bench.broker, "ward/#");
    assert_int_equal(pipe(ready), 0);
    const pid_t child = fork();
    if (child == 0) {
        run_until_killed(&bench, ready[1]);
    }
    (void)close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_false(observer_next(&observer, 100, &seen));
    (void)kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_true(observer_next(&observer, WAIT_MS, &seen));
    assert_string_equal(seen.topic, will_topic);
    assert_string_equal(seen.payload, "{\"state\":\"offline\"}");
    assert_true(seen.retained);
    assert_int_equal(seen.qos, 1);
    observer_close(&observer);
    (void)close(ready[0]);
    broker_close(&bench.broker);
}

static void test_clean_disconnect_sends_what_is_queued_and_no_will(void **state)
{
    (void)state;
    struct bench bench;
    struct observer observer;
    struct uplink_event event;
    struct seen seen;
    bench_open(&bench, 5);
    broker_start(&bench.broker);
    observer_open(&observer, &bench.broker, "ward/#");
    (void)connect_up(&bench);
    assert_int_equal(publish(&bench, "ward/last", "bye", 0, 0, 0), STATUS_OK);
    uplink_disconnect(bench.uplink, 1000);
    assert_true(observer_next(&observer, WAIT_MS, &seen));
    assert_string_equal(seen.topic, "ward/last");
    assert_false(observer_next(&observer, 200, &seen));
    assert_false(next_event(&bench, 50, &event)); /* asked for: not lost */
    assert_int_equal(publish(&bench, "ward/a", "x", 1, 0, 1), STATUS_CLOSED);
    (void)connect_up(&bench);
    observer_close(&observer);
    bench_close(&bench);
}

static void test_disconnect_from_a_frozen_broker_is_bounded(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, 5);
    broker_start(&bench.broker);
    (void)connect_up(&bench);
    (void)kill(bench.broker.pid, SIGSTOP);
    assert_int_equal(publish(&bench, "ward/a", "x", 1, 0, 1), STATUS_OK);
    const int64_t begun_ms = test_now_ms();
    uplink_disconnect(bench.uplink, 300);
    uplink_close(bench.uplink);
    assert_in_range(test_now_ms() - begun_ms, 0, 2000);
    bench.uplink = NULL;
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_will_speaks_after_a_sudden_death), /* first: a fork wants no other threads */
        cmocka_unit_test(test_publishes_with_mqtt_5),
        cmocka_unit_test(test_publishes_with_mqtt_3_1_1),
        cmocka_unit_test(test_tells_when_nobody_has_subscribed),
        cmocka_unit_test(test_refused_connection_is_told_and_can_be_tried_again),
        cmocka_unit_test(test_broker_that_accepts_and_is_mute_fails_in_bounded_time),
        cmocka_unit_test(test_lost_connection_is_told_once),
        cmocka_unit_test(test_broker_that_says_goodbye_is_lost),
        cmocka_unit_test(test_nothing_old_is_sent_on_a_new_connection),
        cmocka_unit_test(test_tags_are_bounded_and_come_back),
        cmocka_unit_test(test_refused_publish_tells_the_reason),
        cmocka_unit_test(test_what_is_too_large_is_not_sent),
        cmocka_unit_test(test_password_file_is_read_at_each_attempt),
        cmocka_unit_test(test_wrong_urls_are_refused),
        cmocka_unit_test(test_clean_disconnect_sends_what_is_queued_and_no_will),
        cmocka_unit_test(test_disconnect_from_a_frozen_broker_is_bounded),
        cmocka_unit_test(test_closes_at_once_while_connecting), /* last: its attempt goes on for a while */
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
