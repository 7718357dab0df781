/*
 * Asking a broker beside the connection that stands: its two packets to the byte, then real brokers that take us, refuse
 * us, are mute or are not there, with and without TLS; the connection notices nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "drivers/uplink/probe.h"
#include "tests/unit/support/certificates.h"
#include "tests/unit/support/uplink_bench.h"

/* ---- packets ---- */

static void expect_packet(int version, const char *username, const char *password, const char *wanted, size_t length)
{
    unsigned char packet[PROBE_PACKET_MAX];
    assert_int_equal(probe_write_connect(version, "gw", username, password, packet), length);
    assert_memory_equal(packet, wanted, length);
}

static void test_connect_packets(void **state)
{
    (void)state;
    expect_packet(5, NULL, NULL, "\x10\x0f\x00\x04MQTT\x05\x02\x00\x0a\x00\x00\x02gw", 17);
    expect_packet(4, NULL, NULL, "\x10\x0e\x00\x04MQTT\x04\x02\x00\x0a\x00\x02gw", 16);
    expect_packet(4, "me", "pw", "\x10\x16\x00\x04MQTT\x04\xc2\x00\x0a\x00\x02gw\x00\x02me\x00\x02pw", 24);
    expect_packet(5, "me", NULL, "\x10\x13\x00\x04MQTT\x05\x82\x00\x0a\x00\x00\x02gw\x00\x02me", 21);
}

/* A length takes one byte up to 127, two from there on; what does not fit is not written. */
static void test_long_connect_packets(void **state)
{
    (void)state;
    unsigned char packet[PROBE_PACKET_MAX];
    char name[PROBE_PACKET_MAX + 1];
    memset(name, 'n', sizeof name);
    name[127 - 14 - 2] = '\0';
    assert_int_equal(probe_write_connect(4, "gw", name, NULL, packet), 2 + 127);
    assert_int_equal(packet[1], 127);
    assert_memory_equal(packet + 2, "\x00\x04MQTT", 6);
    name[127 - 14 - 2] = 'n';
    name[128 - 14 - 2] = '\0';
    assert_int_equal(probe_write_connect(4, "gw", name, NULL, packet), 3 + 128);
    assert_memory_equal(packet, "\x10\x80\x01\x00\x04MQTT", 9);
    name[128 - 14 - 2] = 'n';
    name[PROBE_PACKET_MAX - 3 - 14 - 2] = '\0';
    assert_int_equal(probe_write_connect(4, "gw", name, NULL, packet), PROBE_PACKET_MAX);
    name[PROBE_PACKET_MAX - 3 - 14 - 2] = 'n';
    name[PROBE_PACKET_MAX - 3 - 14 - 1] = '\0';
    assert_int_equal(probe_write_connect(4, "gw", name, NULL, packet), 0);
    assert_int_equal(probe_write_connect(4, "gw", name, "password", packet), 0);
}

static int read_5(const char *bytes, size_t length)
{
    return probe_read_connack((const unsigned char *)bytes, length, 5);
}

static int read_4(const char *bytes, size_t length)
{
    return probe_read_connack((const unsigned char *)bytes, length, 4);
}

static void test_answers(void **state)
{
    (void)state;
    assert_int_equal(read_5("\x20\x03\x00\x00\x00", 5), 0);
    assert_int_equal(read_5("\x20\x03\x01\x87\x00", 5), 0x87);
    assert_int_equal(read_5("\x20\x80\x01\x00\x97", 5), 0x97); /* 128 bytes, properties among them */
    assert_int_equal(read_4("\x20\x02\x00\x00", 4), 0);
    assert_int_equal(read_4("\x20\x02\x00\x05", 4), 5);
    assert_int_equal(read_5("\x20\x03\x00\x00", 4), -1); /* cut */
    assert_int_equal(read_4("\x20\x02\x00", 3), -1);
    assert_int_equal(read_4("", 0), -1);
    assert_int_equal(read_4("HTTP", 4), -1);
    assert_int_equal(read_4("\x20\x01\x00\x00", 4), -1); /* too short to be one */
    assert_int_equal(read_4("\x20\x02\x40\x00", 4), -1); /* flags that there are not */
}

/* ---- brokers ---- */

struct two {
    struct bench bench;   /* the one that is connected to */
    struct broker broker; /* the other one */
    char ca[96];
};

static void attach_probing(struct two *two, int version)
{
    const struct uplink_config config = {.client_id = "gw",
                                         .version = version,
                                         .keep_alive_s = 10,
                                         .probes = true,
                                         .will_topic = will_topic,
                                         .will_payload = "{\"state\":\"offline\"}"};
    broker_open(&two->bench.broker);
    broker_start(&two->bench.broker);
    broker_open(&two->broker);
    two->bench.address = (struct uplink_broker){.url = two->bench.broker.url};
    assert_int_equal(wake_open(&two->bench.wake), STATUS_OK);
    assert_int_equal(uplink_open(&config, &two->bench.wake, &two->bench.uplink), STATUS_OK);
    (void)connect_up(&two->bench);
}

static void close_two(struct two *two)
{
    bench_close(&two->bench);
    broker_close(&two->broker);
}

static struct uplink_probed probe(struct two *two, const struct uplink_broker *broker)
{
    struct uplink_probed probed;
    const int64_t until_us = clock_boot_us() + WAIT_MS * 1000;
    assert_int_equal(uplink_probe(two->bench.uplink, broker), STATUS_OK);
    assert_int_equal(uplink_probe(two->bench.uplink, broker), STATUS_BUSY);
    while (!uplink_next_probed(two->bench.uplink, &probed)) {
        assert_true(clock_boot_us() < until_us);
        (void)wake_wait_until(&two->bench.wake, until_us);
    }
    assert_false(uplink_next_probed(two->bench.uplink, &probed));
    return probed;
}

static void probes_and_disturbs_nothing(int version)
{
    struct two two;
    struct observer observer;
    struct seen seen;
    attach_probing(&two, version);
    const struct uplink_broker other = {.url = two.broker.url};
    struct uplink_probed probed = probe(&two, &other);
    assert_false(probed.answers);
    assert_string_equal(probed.text, "no answer");
    broker_start(&two.broker);
    observer_open(&observer, &two.broker, "ward/#");
    for (unsigned i = 0; i < 20; ++i) {
        probed = probe(&two, &other);
        assert_true(probed.answers && probed.text[0] == '\0' && probed.ends_ms == 0);
    }
    assert_false(observer_next(&observer, 100, &seen)); /* not a word is published there */
    observer_close(&observer);
    probed = probe(&two, &two.bench.address); /* not even where it is connected, under another id */
    assert_true(probed.answers);
    assert_int_equal(publish(&two.bench, "ward/a", "x", 1, 0, 7), STATUS_OK);
    assert_int_equal(expect(&two.bench, UPLINK_DELIVERED).tag, 7);
    close_two(&two);
}

static void test_it_disturbs_nothing(void **state)
{
    (void)state;
    probes_and_disturbs_nothing(5);
    probes_and_disturbs_nothing(4);
}

static void test_it_logs_in(void **state)
{
    (void)state;
    struct two two;
    char users[128];
    char password[128];
    attach_probing(&two, 5);
    broker_configure(&two.broker, "password_file @/users\n");
    (void)snprintf(users, sizeof users, "%s/users", two.broker.folder);
    (void)snprintf(password, sizeof password, "%s/password", two.broker.folder);
    const char *const make[] = {"mosquitto_passwd", "-c", "-b", users, "gateway", "right word", NULL};
    assert_int_equal(test_run(make), 0);
    broker_start(&two.broker);
    const struct uplink_broker stranger = {.url = two.broker.url};
    assert_string_equal(probe(&two, &stranger).text, "the broker refuses the connection (reason 135)");
    const struct uplink_broker own = {.url = two.broker.url, .username = "gateway", .password_file = password};
    assert_non_null(strstr(probe(&two, &own).text, "/password cannot be read"));
    test_write_file(two.broker.folder, "password", "right word\n");
    assert_int_equal(chmod(password, 0600), 0);
    assert_true(probe(&two, &own).answers);
    test_write_file(two.broker.folder, "password", "wrong\n");
    assert_false(probe(&two, &own).answers);
    close_two(&two);
}

static void test_tls_and_its_certificate(void **state)
{
    (void)state;
    struct two two;
    char url[64];
    attach_probing(&two, 5);
    make_certificate(two.broker.folder, "ca", &(struct wanted_certificate){.is_authority = true});
    make_certificate(
        two.broker.folder, "broker",
        &(struct wanted_certificate){.signer = "ca", .names = "DNS:localhost,IP:127.0.0.1", .ends_s = 9 * TEST_DAY_S});
    make_certificate(two.broker.folder, "other", &(struct wanted_certificate){.is_authority = true});
    broker_configure(&two.broker,
                     "allow_anonymous true\ncafile @/ca.pem\ncertfile @/broker.pem\nkeyfile @/broker.key\n");
    broker_start(&two.broker);
    (void)snprintf(url, sizeof url, "mqtts://127.0.0.1:%d", two.broker.port);
    (void)snprintf(two.ca, sizeof two.ca, "%s/ca.pem", two.broker.folder);
    const struct uplink_broker broker = {.url = url, .ca = two.ca};
    const struct uplink_probed probed = probe(&two, &broker);
    assert_true(probed.answers);
    const int64_t wanted_ms = clock_wall_ms() + 9 * TEST_DAY_S * 1000;
    assert_in_range(probed.ends_ms, wanted_ms - 60000, wanted_ms + 60000);
    (void)snprintf(two.ca, sizeof two.ca, "%s/other.pem", two.broker.folder);
    assert_non_null(strstr(probe(&two, &broker).text, "signed by another CA"));
    (void)snprintf(two.ca, sizeof two.ca, "%s/none.pem", two.broker.folder);
    assert_non_null(strstr(probe(&two, &broker).text, "none.pem"));
    close_two(&two);
}

/* Somebody who takes the connection and says nothing; what is published meanwhile goes on. */
static void test_one_that_is_mute(void **state)
{
    (void)state;
    struct two two;
    char url[64];
    int port;
    struct uplink_probed probed;
    attach_probing(&two, 5);
    const int listener = test_mute_listener(&port);
    (void)snprintf(url, sizeof url, "mqtt://127.0.0.1:%d", port);
    const struct uplink_broker mute = {.url = url};
    const int64_t begun_ms = test_now_ms();
    assert_int_equal(uplink_probe(two.bench.uplink, &mute), STATUS_OK);
    for (uint64_t tag = 1; tag <= 50; ++tag) {
        assert_int_equal(publish(&two.bench, "ward/a", "x", 1, 0, tag), STATUS_OK);
        assert_int_equal(expect(&two.bench, UPLINK_DELIVERED).tag, tag);
    }
    assert_in_range(test_now_ms() - begun_ms, 0, 2500);
    assert_false(uplink_next_probed(two.bench.uplink, &probed));
    while (!uplink_next_probed(two.bench.uplink, &probed)) {
        assert_in_range(test_now_ms() - begun_ms, 0, 6000);
        (void)wake_wait_until(&two.bench.wake, clock_boot_us() + 100000);
    }
    assert_string_equal(probed.text, "no answer");
    assert_int_equal(uplink_probe(two.bench.uplink, &mute), STATUS_OK); /* and is left alone at the end */
    const int64_t closing_ms = test_now_ms();
    close_two(&two);
    assert_in_range(test_now_ms() - closing_ms, 0, 2000);
    (void)close(listener);
}

static void test_wrong_urls(void **state)
{
    (void)state;
    struct two two;
    attach_probing(&two, 5);
    const struct uplink_broker web = {.url = "http://127.0.0.1:80"};
    assert_int_equal(uplink_probe(two.bench.uplink, &web), STATUS_INVALID);
    const struct uplink_broker unfounded = {.url = "mqtt://nobody.invalid:1883"};
    assert_non_null(strstr(probe(&two, &unfounded).text, "not found: nobody.invalid"));
    close_two(&two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_connect_packets), cmocka_unit_test(test_long_connect_packets),
        cmocka_unit_test(test_answers),         cmocka_unit_test(test_it_disturbs_nothing),
        cmocka_unit_test(test_it_logs_in),      cmocka_unit_test(test_tls_and_its_certificate),
        cmocka_unit_test(test_wrong_urls),      cmocka_unit_test(test_one_that_is_mute),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
