/*
 * What comes in to the uplink: over a real broker, and from one that answers as no broker should.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "drivers/uplink/inbox.h"
#include "hal/thread.h"
#include "tests/unit/support/uplink_bench.h"

static const char *const command_filters[] = {"ward/+/command/+", NULL};
static const char *const two_filters[] = {"ward/+/command/+", "ward/resend", NULL};

static void open_listening(struct bench *bench, int version, const char *const *filters)
{
    broker_open(&bench->broker);
    broker_start(&bench->broker);
    bench_attach_listening(bench, version, filters);
}

static bool next_message(struct bench *bench, int timeout_ms, struct uplink_incoming *out)
{
    const int64_t until_us = clock_boot_us() + (int64_t)timeout_ms * 1000;
    while (!uplink_next_message(bench->uplink, out)) {
        if (clock_boot_us() >= until_us) {
            return false;
        }
        (void)wake_wait_until(&bench->wake, until_us);
    }
    return true;
}

static void send_by(struct bench *bench, const char *const *more, const char *topic, const char *text)
{
    char port[16];
    (void)snprintf(port, sizeof port, "%d", bench->broker.port);
    const char *arguments[24] = {"mosquitto_pub", "-h", "127.0.0.1", "-p", port, "-q", "1", "-t", topic, "-m", text};
    for (size_t i = 0; more != NULL && more[i] != NULL; ++i) {
        arguments[11 + i] = more[i];
    }
    test_need(test_run(arguments) == 0, "mosquitto_pub");
}

static void assert_message(const struct uplink_incoming *message, const char *topic, const char *text, bool retained)
{
    assert_string_equal(message->topic, topic);
    assert_int_equal(message->length, strlen(text));
    assert_memory_equal(message->payload, text, strlen(text));
    assert_int_equal(message->retained, retained);
    assert_true(message->whole);
    assert_false(message->again);
}

static void messages_come_in(int version)
{
    struct bench bench;
    struct uplink_incoming message;
    open_listening(&bench, version, two_filters);
    (void)connect_up(&bench);
    assert_false(uplink_next_message(bench.uplink, &message));
    send_by(&bench, NULL, "ward/b01/command/nurse", "{\"id\":\"1\"}"); /* stands already: no wait after CONNECTED */
    send_by(&bench, NULL, "ward/b01/alert", "not asked for");
    send_by(&bench, NULL, "ward/b01/command/nurse/more", "not asked for");
    send_by(&bench, NULL, "ward/resend", "");
    assert_true(next_message(&bench, WAIT_MS, &message));
    assert_message(&message, "ward/b01/command/nurse", "{\"id\":\"1\"}", false);
    assert_true(next_message(&bench, WAIT_MS, &message));
    assert_message(&message, "ward/resend", "", false);
    assert_false(next_message(&bench, 100, &message));
    assert_int_equal(uplink_messages_dropped(bench.uplink), 0);
    bench_close(&bench);
}

static void test_messages_come_in_by_mqtt_5(void **state)
{
    (void)state;
    messages_come_in(5);
}

static void test_messages_come_in_by_mqtt_3_1_1(void **state)
{
    (void)state;
    messages_come_in(4);
}

/* A command that is kept would be done again after every restart. Whoever refuses it must be told which they are. */
static void retained_is_told(int version)
{
    static const char *const retain[] = {"-r", NULL};
    struct bench bench;
    struct uplink_incoming message;
    open_listening(&bench, version, command_filters);
    send_by(&bench, retain, "ward/b01/command/nurse", "old");
    (void)connect_up(&bench);
    assert_true(next_message(&bench, WAIT_MS, &message));
    assert_message(&message, "ward/b01/command/nurse", "old", true);
    send_by(&bench, retain, "ward/b02/command/nurse", "live and kept");
    assert_true(next_message(&bench, WAIT_MS, &message));
    assert_message(&message, "ward/b02/command/nurse", "live and kept", version == 5); /* 3.1.1 cannot tell */
    send_by(&bench, NULL, "ward/b02/command/nurse", "live");
    assert_true(next_message(&bench, WAIT_MS, &message));
    assert_message(&message, "ward/b02/command/nurse", "live", false);
    bench_close(&bench);
}

static void test_retained_is_told(void **state)
{
    (void)state;
    retained_is_told(5);
    retained_is_told(4);
}

static void test_long_messages_are_cut_and_say_so(void **state)
{
    (void)state;
    struct bench bench;
    struct uplink_incoming message;
    char fits[UPLINK_PAYLOAD_MAX + 1];
    char longer[UPLINK_PAYLOAD_MAX + 2];
    char topic[UPLINK_TOPIC_MAX + 32];
    open_listening(&bench, 5, command_filters);
    (void)connect_up(&bench);
    memset(fits, 'f', sizeof fits - 1);
    fits[sizeof fits - 1] = '\0';
    memset(longer, 'l', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    (void)snprintf(topic, sizeof topic, "ward/b01/command/%0*d", UPLINK_TOPIC_MAX - 17, 1); /* one too long */
    assert_int_equal(strlen(topic), UPLINK_TOPIC_MAX);

    send_by(&bench, NULL, "ward/b01/command/nurse", fits);
    assert_true(next_message(&bench, WAIT_MS, &message));
    assert_message(&message, "ward/b01/command/nurse", fits, false);
    send_by(&bench, NULL, "ward/b01/command/nurse", longer);
    assert_true(next_message(&bench, WAIT_MS, &message));
    assert_false(message.whole);
    assert_int_equal(message.length, UPLINK_PAYLOAD_MAX);
    send_by(&bench, NULL, topic, "x");
    assert_true(next_message(&bench, WAIT_MS, &message));
    assert_false(message.whole);
    assert_int_equal(strlen(message.topic), UPLINK_TOPIC_MAX - 1);
    topic[UPLINK_TOPIC_MAX - 1] = '\0';
    send_by(&bench, NULL, topic, "x");
    assert_true(next_message(&bench, WAIT_MS, &message));
    assert_message(&message, topic, "x", false);
    bench_close(&bench);
}

static void test_full_queue_drops_the_newest_and_counts(void **state)
{
    (void)state;
    struct bench bench;
    struct uplink_incoming message;
    char text[16];
    open_listening(&bench, 5, two_filters);
    (void)connect_up(&bench);
    for (int i = 0; i < UPLINK_MESSAGES_MAX + 3; ++i) {
        (void)snprintf(text, sizeof text, "%d", i);
        send_by(&bench, NULL, "ward/b01/command/nurse", text);
    }
    const int64_t until_ms = test_now_ms() + WAIT_MS;
    while (uplink_messages_dropped(bench.uplink) < 3 && test_now_ms() < until_ms) {
        (void)usleep(1000);
    }
    assert_int_equal(uplink_messages_dropped(bench.uplink), 3);
    for (int i = 0; i < UPLINK_MESSAGES_MAX; ++i) {
        (void)snprintf(text, sizeof text, "%d", i);
        assert_true(next_message(&bench, WAIT_MS, &message));
        assert_message(&message, "ward/b01/command/nurse", text, false);
    }
    assert_false(next_message(&bench, 50, &message));
    send_by(&bench, NULL, "ward/resend", "room again");
    assert_true(next_message(&bench, WAIT_MS, &message));
    assert_message(&message, "ward/resend", "room again", false);
    bench_close(&bench);
}

/* `retained` tells of presences what stood there before, in MQTT 5, too; and they have a part of the queue. */
static void presences_come_in(int version)
{
    struct bench bench;
    struct uplink_incoming message;
    char text[16];
    broker_open(&bench.broker);
    broker_start(&bench.broker);
    send_by(&bench, (const char *const[]){"-r", NULL}, "ward/board/wall", "stood there");
    bench_attach_with(&bench, version, command_filters, "ward/board/+");
    (void)connect_up(&bench);
    assert_true(next_message(&bench, WAIT_MS, &message));
    assert_message(&message, "ward/board/wall", "stood there", true);
    assert_true(message.presence);
    send_by(&bench, (const char *const[]){"-r", NULL}, "ward/board/wall", "comes now");
    assert_true(next_message(&bench, WAIT_MS, &message));
    assert_message(&message, "ward/board/wall", "comes now", false);
    for (int i = 0; i < UPLINK_MESSAGES_MAX; ++i) {
        (void)snprintf(text, sizeof text, "%d", i);
        send_by(&bench, NULL, "ward/board/wall", text);
    }
    send_by(&bench, NULL, "ward/b01/command/nurse", "for me there is room");
    for (int i = 0; i < UPLINK_PRESENCES_MAX; ++i) {
        (void)snprintf(text, sizeof text, "%d", i);
        assert_true(next_message(&bench, WAIT_MS, &message));
        assert_message(&message, "ward/board/wall", text, false);
    }
    assert_true(next_message(&bench, WAIT_MS, &message));
    assert_message(&message, "ward/b01/command/nurse", "for me there is room", false);
    assert_false(message.presence);
    assert_int_equal(uplink_messages_dropped(bench.uplink), 0);
    assert_int_equal(uplink_presences_dropped(bench.uplink), UPLINK_MESSAGES_MAX - UPLINK_PRESENCES_MAX);
    send_by(&bench, NULL, "ward/board/wall", "room again");
    assert_true(next_message(&bench, WAIT_MS, &message));
    assert_message(&message, "ward/board/wall", "room again", false);
    bench_close(&bench);
}

static void test_presences_come_in_by_mqtt_5(void **state)
{
    (void)state;
    presences_come_in(5);
}

static void test_presences_come_in_by_mqtt_311(void **state)
{
    (void)state;
    presences_come_in(4);
}

/* What the broker has our acknowledgement for is not forgotten with the connection; and the next one listens too. */
static void test_messages_outlive_the_connection(void **state)
{
    (void)state;
    struct bench bench;
    struct uplink_incoming message;
    open_listening(&bench, 5, command_filters);
    (void)connect_up(&bench);
    send_by(&bench, NULL, "ward/b01/command/nurse", "before");
    (void)wake_wait_until(&bench.wake, clock_boot_us() + WAIT_MS * 1000);
    broker_signal(&bench.broker, SIGTERM);
    (void)expect(&bench, UPLINK_LOST);
    broker_start(&bench.broker);
    (void)connect_up(&bench);
    send_by(&bench, NULL, "ward/b01/command/nurse", "after");
    assert_true(next_message(&bench, WAIT_MS, &message));
    assert_message(&message, "ward/b01/command/nurse", "before", false);
    assert_true(next_message(&bench, WAIT_MS, &message));
    assert_message(&message, "ward/b01/command/nurse", "after", false);
    bench_close(&bench);
}

/* ---- a broker of fixed words: takes each packet of the client, answers with the next of its own ---- */

struct script {
    struct thread thread;
    int listener, port;
    const uint8_t (*answers)[8]; /* each begins with its length; 0 ends the connection, LATE is silence */
};
#define LATE 0xFF

static bool read_packet(int fd, uint8_t *packet)
{
    if (recv(fd, packet, 2, MSG_WAITALL) != 2) {
        return false;
    }
    size_t length = packet[1] & 0x7F;
    if (packet[1] >= 0x80) {
        uint8_t high;
        if (recv(fd, &high, 1, MSG_WAITALL) != 1) {
            return false;
        }
        length += (size_t)high << 7;
    }
    return recv(fd, packet + 2, length, MSG_WAITALL) == (ssize_t)length;
}

static void *play(void *argument)
{
    const struct script *script = argument;
    uint8_t packet[512];
    const int fd = accept(script->listener, NULL, NULL);
    for (const uint8_t(*answer)[8] = script->answers; read_packet(fd, packet) && (*answer)[0] != 0; ++answer) {
        if ((*answer)[0] == LATE) {
            continue;
        }
        uint8_t bytes[8];
        memcpy(bytes, *answer + 1, sizeof bytes - 1);
        if (bytes[0] == 0x90) { /* SUBACK: of that packet */
            bytes[2] = packet[2];
            bytes[3] = packet[3];
        }
        (void)send(fd, bytes, (*answer)[0], MSG_NOSIGNAL);
    }
    (void)close(fd);
    return NULL;
}

static void open_scripted(struct bench *bench, struct script *script, const uint8_t (*answers)[8])
{
    static char url[64];
    script->answers = answers;
    script->listener = test_mute_listener(&script->port);
    broker_open(&bench->broker);
    bench_attach_listening(bench, 5, two_filters);
    (void)snprintf(url, sizeof url, "mqtt://127.0.0.1:%d", script->port);
    bench->address.url = url;
    assert_int_equal(thread_start(&script->thread, "script", play, script), STATUS_OK);
    assert_int_equal(uplink_connect(bench->uplink, &bench->address), STATUS_OK);
}

static void close_scripted(struct bench *bench, struct script *script)
{
    bench_close(bench);
    thread_join(&script->thread);
    (void)close(script->listener);
}

#define CONNACK             \
    {                       \
        5, 0x20, 3, 0, 0, 0 \
    }
#define SUBACK(code)              \
    {                             \
        6, 0x90, 4, 0, 0, 0, code \
    }

static void arrive(struct inbox *inbox, uint32_t connection, const char *topic, bool presence)
{
    inbox_put_message(
        inbox,
        &(struct inbox_arrival){
            .topic = topic, .payload = "", .connection = connection, .topic_is_whole = true, .presence = presence});
}

/* Commands wait for whoever takes them; a board that was there by the connection before need not be there by this one. */
static void test_presences_end_with_the_connection(void **state)
{
    (void)state;
    static struct inbox inbox;
    struct wake wake;
    static struct uplink_incoming message;
    assert_int_equal(wake_open(&wake), STATUS_OK);
    inbox_init(&inbox, &wake);
    const uint32_t before = inbox_begin_attempt(&inbox);
    for (unsigned i = 0; i < UPLINK_MESSAGES_MAX - 1; ++i) { /* so that what waits goes round the end of the queue */
        arrive(&inbox, before, "ward/b01/command/nurse", false);
        assert_true(inbox_next_message(&inbox, &message));
    }
    arrive(&inbox, before, "ward/board/old", true);
    arrive(&inbox, before, "ward/b01/command/nurse", false);
    arrive(&inbox, before, "ward/board/older", true);
    arrive(&inbox, before, "ward/b02/command/nurse", false);
    const uint32_t now = inbox_begin_attempt(&inbox);
    arrive(&inbox, before, "ward/board/late", true);
    for (unsigned i = 0; i < UPLINK_PRESENCES_MAX; ++i) { /* all of their places are free */
        arrive(&inbox, now, "ward/board/new", true);
    }
    assert_true(inbox_next_message(&inbox, &message));
    assert_string_equal(message.topic, "ward/b01/command/nurse");
    assert_true(inbox_next_message(&inbox, &message));
    assert_string_equal(message.topic, "ward/b02/command/nurse");
    for (unsigned i = 0; i < UPLINK_PRESENCES_MAX; ++i) {
        assert_true(inbox_next_message(&inbox, &message));
        assert_string_equal(message.topic, "ward/board/new");
    }
    assert_false(inbox_next_message(&inbox, &message));
    assert_int_equal(atomic_load(&inbox.presences_dropped), 0);
    inbox_fini(&inbox);
    wake_close(&wake);
}

static void test_refused_filter_is_told_and_the_connection_stands(void **state)
{
    (void)state;
    static const uint8_t answers[][8] = {CONNACK, SUBACK(135), SUBACK(1), {LATE}, {LATE}};
    struct bench bench;
    struct script script;
    open_scripted(&bench, &script, answers);
    const struct uplink_event refused = expect(&bench, UPLINK_UNSUBSCRIBED);
    assert_int_equal(refused.reason, 135);
    assert_string_equal(refused.text, "ward/+/command/+");
    (void)expect(&bench, UPLINK_CONNECTED);
    close_scripted(&bench, &script);
}

static void test_connection_that_ends_while_subscribing_has_failed(void **state)
{
    (void)state;
    static const uint8_t answers[][8] = {CONNACK, {0}};
    struct bench bench;
    struct script script;
    struct uplink_event event;
    open_scripted(&bench, &script, answers);
    assert_true(expect(&bench, UPLINK_CONNECT_FAILED).text[0] != '\0');
    assert_false(next_event(&bench, 100, &event));
    assert_int_equal(publish(&bench, "ward/a", "x", 1, 0, 1), STATUS_CLOSED);
    close_scripted(&bench, &script);
}

static void test_unanswered_subscription_has_failed_in_bounded_time(void **state)
{
    (void)state;
    static const uint8_t answers[][8] = {CONNACK, {LATE}, {LATE}, {LATE}};
    struct bench bench;
    struct script script;
    open_scripted(&bench, &script, answers);
    const int64_t begun_ms = test_now_ms();
    (void)expect(&bench, UPLINK_CONNECT_FAILED);
    assert_in_range(test_now_ms() - begun_ms, 1000, 7500);
    close_scripted(&bench, &script);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages_come_in_by_mqtt_5),
        cmocka_unit_test(test_messages_come_in_by_mqtt_3_1_1),
        cmocka_unit_test(test_retained_is_told),
        cmocka_unit_test(test_long_messages_are_cut_and_say_so),
        cmocka_unit_test(test_full_queue_drops_the_newest_and_counts),
        cmocka_unit_test(test_presences_come_in_by_mqtt_5),
        cmocka_unit_test(test_presences_come_in_by_mqtt_311),
        cmocka_unit_test(test_messages_outlive_the_connection),
        cmocka_unit_test(test_presences_end_with_the_connection),
        cmocka_unit_test(test_refused_filter_is_told_and_the_connection_stands),
        cmocka_unit_test(test_connection_that_ends_while_subscribing_has_failed),
        cmocka_unit_test(test_unanswered_subscription_has_failed_in_bounded_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
