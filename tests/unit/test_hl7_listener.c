/* The listening bus over real connections: frames, many callers, ports, silence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timex.h>
#include <unistd.h>

#include "drivers/monitor/hl7/caller.h"
#include "hal/net.h"
#include "tests/unit/support/hl7_rig.h"

static const char *const ward[] = {"ICU^1^A", "ICU^1^B", NULL};

static bool clock_is_kept;

/* What the kernel says of its time source (hal/clock.h). */
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): glibc names it __ntx */
int adjtimex(struct timex *buf)
{
    memset(buf, 0, sizeof *buf);
    buf->status = clock_is_kept ? 0 : STA_UNSYNC;
    return TIME_OK;
}

static int open_rig(void **state)
{
    (void)state;
    clock_is_kept = true;
    hl7_rig_open(BENCH_FAST, ward);
    return 0;
}

static int close_rig(void **state)
{
    (void)state;
    hl7_rig_close();
    return 0;
}

/* --- one message --------------------------------------------------------------------------------------------- */

static void test_message(void **state)
{
    (void)state;
    char bytes[2048];
    assert_int_equal(hl7_rig.health->state, BUS_OPEN);
    const int fd = hl7_rig_call();
    assert_int_equal(hl7_rig_connections(), 1);
    assert_true(hl7_rig_say(fd, hl7_rig_message("ICU^1^B", 97)));
    assert_non_null(bench_value(1, VITAL_spo2));
    assert_int_equal(bench_value(1, VITAL_spo2)->value_milli, 97000);
    assert_int_equal(bench_value(1, VITAL_spo2)->at_ms, hl7_rig.now_us / 1000);
    const size_t length = hl7_rig_hear(fd, bytes, sizeof bytes);
    assert_int_equal(bytes[0], '\x0b');
    assert_memory_equal(bytes + length - 3, "\r\x1c\r", 3);
    assert_int_equal(hl7_rig_count_acks(bytes, "AA"), 1);
    assert_true(hl7_rig.health->monitors[1].answering);
    assert_int_equal(hl7_rig.health->monitors[1].answers, 1);
    assert_int_equal(hl7_rig.health->requests, 1);
    assert_int_equal(hl7_rig.health->unasked, 0);
    (void)close(fd);
    hl7_rig_run();
    assert_int_equal(hl7_rig_connections(), 0);
}

/* In between, nothing is lost and nothing is invented. */
static void test_dribble(void **state)
{
    (void)state;
    char frame[1024];
    const int fd = hl7_rig_call();
    const int length = snprintf(frame, sizeof frame, "\x0b%s\x1c\r", hl7_rig_message("ICU^1^A", 96));
    for (int i = 0; i < length; i++) {
        assert_int_equal(hl7_rig_heard(fd, "AA"), i == length - 1 ? 1 : 0); /* the last byte is not waited for */
        assert_int_equal(bench.count, i == length - 1 ? 2 : 0);
        assert_int_equal(send(fd, frame + i, 1, 0), 1);
        hl7_rig_run();
    }
    assert_int_equal(hl7_rig_heard(fd, "AA"), 0);
    assert_int_equal(bench_values(0), 1);
    (void)close(fd);
}

static void test_garbage(void **state)
{
    (void)state;
    char frame[2048];
    const int fd = hl7_rig_call();
    assert_true(hl7_rig_send(fd, "GET / HTTP/1.1\r\n\r\n", 18));
    assert_int_equal(hl7_rig.health->unasked, 14);
    const int length =
        snprintf(frame, sizeof frame, "\x1c\r\xff\xff\x0bMSH|^~\\&|half\r\x0b%s\x1c\n\n\x0b\x1c\r\x0b%s\x1c",
                 hl7_rig_message("ICU^1^A", 96), hl7_rig_message("ICU^1^B", 95));
    assert_true(hl7_rig_send(fd, frame, (size_t)length));
    assert_int_equal(bench_values(0), 1);
    assert_int_equal(bench_values(1), 1);
    assert_int_equal(hl7_rig_heard(fd, "AA"), 2);
    assert_int_equal(hl7_rig.health->refused, 1); /* the empty one */
    assert_true(hl7_rig.health->unasked > 14);
    (void)close(fd);
}

static void test_half_message(void **state)
{
    (void)state;
    char frame[1024];
    const int length = snprintf(frame, sizeof frame, "\x0b%s\x1c\r", hl7_rig_message("ICU^1^A", 96));
    for (int part = 1; part < length - 1; part += 37) {
        const int fd = hl7_rig_call();
        assert_true(hl7_rig_send(fd, frame, (size_t)part));
        (void)close(fd);
        hl7_rig_run();
        assert_int_equal(hl7_rig_connections(), 0);
    }
    assert_int_equal(bench.count, 0);
    assert_true(hl7_rig.health->unasked > 0);
    const int fd = hl7_rig_call();
    assert_true(hl7_rig_send(fd, frame, (size_t)length));
    assert_int_equal(bench_values(0), 1);
    (void)close(fd);
}

/* --- many ---------------------------------------------------------------------------------------------------- */

static void test_two_callers(void **state)
{
    (void)state;
    const int a = hl7_rig_call(), b = hl7_rig_call();
    char frame[1024];
    const int length = snprintf(frame, sizeof frame, "\x0b%s\x1c\r", hl7_rig_message("ICU^1^A", 91));
    assert_true(hl7_rig_send(a, frame, 100));
    assert_true(hl7_rig_say(b, hl7_rig_message("ICU^1^B", 92))); /* in the middle of the other's */
    assert_int_equal(bench_values(1), 1);
    assert_int_equal(bench_values(0), 0);
    assert_true(hl7_rig_send(a, frame + 100, (size_t)length - 100));
    assert_int_equal(bench_values(0), 1);
    assert_int_equal(hl7_rig_heard(a, "AA"), 1);
    assert_int_equal(hl7_rig_heard(b, "AA"), 1);
    (void)close(a);
    (void)close(b);
}

/* A monitor that sends again after its connection broke: the message counts once. */
static void test_sent_again(void **state)
{
    (void)state;
    char text[512];
    (void)snprintf(text, sizeof text, "%s", hl7_rig_message("ICU^1^A", 91));
    int fd = hl7_rig_call();
    assert_true(hl7_rig_say(fd, text));
    (void)close(fd);
    fd = hl7_rig_call();
    assert_true(hl7_rig_say(fd, text));
    assert_int_equal(hl7_rig_heard(fd, "AA"), 1);
    assert_int_equal(bench_count(OBSERVATION_HEARD), 1);
    (void)close(fd);
}

/* Many at once, without waiting for any acknowledgement: all are answered, in order. */
static void test_burst(void **state)
{
    (void)state;
    enum { MESSAGES = 500 };
    static char bytes[MESSAGES * 512], answers[1 << 20];
    size_t length = 0;
    unsigned expected = 0;
    for (int i = 0; i < MESSAGES; i++) {
        length +=
            (size_t)snprintf(bytes + length, sizeof bytes - length, "\x0b%s\x1c\r", hl7_rig_message("ICU^1^A", 91));
    }
    const int fd = hl7_rig_call();
    assert_true(hl7_rig_send(fd, bytes, length));
    for (int i = 0; i < 50; i++) {
        expected += (unsigned)hl7_rig_hear(fd, answers + expected, sizeof answers - expected);
        hl7_rig_run();
    }
    assert_int_equal(hl7_rig_count_acks(answers, "AA"), MESSAGES);
    unsigned long before = 0;
    for (const char *at = answers; (at = strstr(at, "|AA|")) != NULL; at++) {
        const unsigned long id = strtoul(at + 4, NULL, 10);
        assert_true(before == 0 || id == before + 1);
        before = id;
    }
    assert_int_equal(hl7_rig.health->requests, MESSAGES);
    (void)close(fd);
}

/* Cut anywhere: the same comes out. */
static void test_any_cut(void **state)
{
    (void)state;
    char bytes[4096];
    size_t length = 0;
    const int fd = hl7_rig_call();
    for (size_t step = 1; step < 400; step += 23) {
        length = 0;
        bench_forget();
        for (int i = 0; i < 5; i++) {
            length += (size_t)snprintf(bytes + length, sizeof bytes - length, "\x0b%s\x1c\r",
                                       hl7_rig_message(ward[i % 2], 90 + i));
        }
        for (size_t at = 0; at < length; at += step) {
            const size_t part = length - at < step ? length - at : step;
            assert_int_equal(send(fd, bytes + at, part, 0), part);
            hl7_driver.on_ready(hl7_rig.bus, hl7_rig.now_us, &bench.sink);
        }
        hl7_rig_run();
        assert_int_equal(bench_count(OBSERVATION_HEARD), 5);
        assert_int_equal(hl7_rig_heard(fd, "AA"), 5);
    }
    assert_int_equal(hl7_rig.health->unasked, 0);
    (void)close(fd);
}

/* --- the bus ------------------------------------------------------------------------------------------------- */

static void test_silence(void **state)
{
    (void)state;
    const int fd = hl7_rig_call();
    assert_true(hl7_rig_say(fd, hl7_rig_message("ICU^1^A", 97)));
    hl7_rig_pass_s(9);
    assert_true(hl7_rig.health->monitors[0].answering);
    hl7_rig_pass_s(2);
    assert_false(hl7_rig.health->monitors[0].answering);
    assert_true(hl7_rig_say(fd, hl7_rig_message("ICU^1^A", 97)));
    assert_true(hl7_rig.health->monitors[0].answering);
    (void)close(fd);
}

/* One whose clock is wrong says so until it falls silent, too. */
static void test_outdated(void **state)
{
    (void)state;
    const int fd = hl7_rig_call();
    assert_true(hl7_rig_say(fd, "MSH|^~\\&|M||||20200101000000||ORU^R01|o1|P|2.6\rPV1||I|ICU^1^A\rOBR|1\r"
                                "OBX|1|NM|150456^^MDC||97|%|||||R\r"));
    assert_false(hl7_rig.health->monitors[0].answering);
    assert_true(hl7_rig.health->monitors[0].outdated);
    hl7_rig_pass_s(9);
    assert_true(hl7_rig.health->monitors[0].outdated);
    assert_true(hl7_rig_say(fd, "MSH|^~\\&|M||||20200101000009||ORU^R01|o2|P|2.6\rPV1||I|ICU^1^A\rOBR|1\r"
                                "OBX|1|ST|1^OTHER^MDC||x||||||R\r")); /* nothing that has an age: it is as it was */
    hl7_rig_pass_s(2);
    assert_true(hl7_rig.health->monitors[0].outdated);
    hl7_rig_pass_s(9);
    assert_false(hl7_rig.health->monitors[0].outdated);
    (void)close(fd);
}

/* A box that has had no time source since it started cannot say whose clock is wrong. */
static void test_a_box_without_a_time_source(void **state)
{
    (void)state;
    static const char said[] = "MSH|^~\\&|M||||20200101000000||ORU^R01|o%u|P|2.6\rPV1||I|ICU^1^A\rOBR|1\r"
                               "OBX|1|NM|150456^^MDC||97|%%|||||R\r";
    char text[256];
    const int fd = hl7_rig_call();
    clock_is_kept = false;
    (void)snprintf(text, sizeof text, said, 1U);
    assert_true(hl7_rig_say(fd, text));
    assert_false(hl7_rig.health->monitors[0].outdated);
    assert_true(hl7_rig.health->monitors[0].answering);
    clock_is_kept = true; /* it finds one: now it can */
    (void)snprintf(text, sizeof text, said, 2U);
    assert_true(hl7_rig_say(fd, text));
    assert_true(hl7_rig.health->monitors[0].outdated);
    clock_is_kept = false; /* it is lost: the clock was right before, and is not wrong at once */
    (void)snprintf(text, sizeof text, said, 3U);
    assert_true(hl7_rig_say(fd, text));
    assert_true(hl7_rig.health->monitors[0].outdated);
    assert_true(hl7_rig_say(fd, hl7_rig_message("ICU^1^A", 97)));
    assert_false(hl7_rig.health->monitors[0].outdated);
    (void)close(fd);
}

static void test_stop_and_start(void **state)
{
    (void)state;
    const int fd = hl7_rig_call();
    assert_true(hl7_rig_say(fd, hl7_rig_message("ICU^1^A", 97)));
    hl7_driver.stop(hl7_rig.bus);
    bool writable = true;
    assert_int_equal(hl7_driver.descriptor(hl7_rig.bus, &writable), -1);
    assert_int_equal(hl7_driver.next_deadline(hl7_rig.bus), BUS_NEVER);
    assert_int_equal(hl7_rig.health->state, BUS_CLOSED);
    assert_int_equal(hl7_rig_connections(), 0);
    hl7_driver.start(hl7_rig.bus, hl7_rig.now_us); /* at the same port, at once */
    assert_int_equal(hl7_rig.health->state, BUS_OPEN);
    const int again = hl7_rig_call();
    bench_forget();
    assert_true(hl7_rig_say(again, hl7_rig_message("ICU^1^A", 96)));
    assert_int_equal(bench_count(OBSERVATION_HEARD), 1);
    (void)close(fd);
    (void)close(again);
}

/* A port that is taken: said, and tried again ever more rarely. */
static void test_port_is_taken(void **state)
{
    (void)state;
    static const unsigned waits_s[] = {1, 2, 4, 8, 16, 30, 30};
    int holder = -1;
    hl7_driver.stop(hl7_rig.bus);
    assert_int_equal(net_listen("127.0.0.1", hl7_rig.config.port, &holder), STATUS_OK);
    hl7_driver.start(hl7_rig.bus, hl7_rig.now_us);
    for (size_t i = 0; i < sizeof waits_s / sizeof waits_s[0]; i++) {
        assert_int_equal(hl7_rig.health->state, BUS_CLOSED);
        assert_int_equal(hl7_rig.health->last_error, STATUS_BUSY);
        assert_int_equal(hl7_driver.next_deadline(hl7_rig.bus), hl7_rig.now_us + waits_s[i] * INT64_C(1000000));
        hl7_rig.now_us += waits_s[i] * INT64_C(1000000);
        hl7_driver.on_deadline(hl7_rig.bus, hl7_rig.now_us, &bench.sink);
    }
    net_close(holder);
    hl7_rig.now_us += 30000000;
    hl7_driver.on_deadline(hl7_rig.bus, hl7_rig.now_us, &bench.sink);
    assert_int_equal(hl7_rig.health->state, BUS_OPEN);
    assert_int_equal(hl7_rig.health->opened, 2);
}

static void visit(void *context, const struct bus_request *request)
{
    unsigned *count = context;
    assert_int_equal(request->monitor, *count);
    assert_int_equal(request->wire_us, 0);
    assert_int_equal(request->interval_ms, 1000);
    assert_non_null(strstr(request->text, ward[*count]));
    ++*count;
}

static void test_driver(void **state)
{
    (void)state;
    unsigned count = 0;
    hl7_driver.each_request(&hl7_rig.config, visit, &count);
    assert_int_equal(count, 2);
    struct arena measure = {.base = NULL};
    assert_null(hl7_driver.make(&measure, &hl7_rig.config));
    assert_true(measure.used < 6U << 20);
    for (const struct profile *const *p = hl7_driver.profiles; *p != NULL; p++) {
        assert_int_equal((*p)->protocol, PROTOCOL_HL7);
        for (uint8_t i = 0; i < (*p)->channel_count; i++) {
            const struct profile_channel *channel = &(*p)->channels[i];
            assert_true(i == 0 || channel->vital > (*p)->channels[i - 1].vital);
            assert_true(channel->episodic || vital_info(channel->vital)->kind == VITAL_CONTINUOUS);
            assert_int_equal(channel->poll_interval_ms, (*p)->poll_interval_ms);
        }
    }
}

int main(void)
{
#define RIG_TEST(test) cmocka_unit_test_setup_teardown(test, open_rig, close_rig)
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_message),
        RIG_TEST(test_dribble),
        RIG_TEST(test_garbage),
        RIG_TEST(test_half_message),
        RIG_TEST(test_two_callers),
        RIG_TEST(test_sent_again),
        RIG_TEST(test_burst),
        RIG_TEST(test_any_cut),
        RIG_TEST(test_silence),
        RIG_TEST(test_outdated),
        RIG_TEST(test_a_box_without_a_time_source),
        RIG_TEST(test_stop_and_start),
        RIG_TEST(test_port_is_taken),
        RIG_TEST(test_driver),
    };
#undef RIG_TEST
    return cmocka_run_group_tests_name("hl7 listener", tests, NULL, NULL);
}
