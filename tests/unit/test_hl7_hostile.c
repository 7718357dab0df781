/* The listening bus and whoever does not behave: too much, too many, too long, half gone, never listening. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "drivers/monitor/hl7/caller.h"
#include "hal/net.h"
#include "tests/unit/support/hl7_rig.h"

#define CALLERS_MAX 64

static const char *const ward[] = {"ICU^1^A", "ICU^1^B", NULL};

static int open_rig(void **state)
{
    (void)state;
    hl7_rig_open(BENCH_FAST, ward);
    return 0;
}

static int close_rig(void **state)
{
    (void)state;
    hl7_rig_close();
    return 0;
}

/* --- large ones ---------------------------------------------------------------------------------------------- */

/* A frame of a message of exactly so many bytes, by a long PID. */
static char *large_frame(size_t message_length, int spo2)
{
    char *frame = malloc(message_length + 4);
    char head[512];
    const char *text = hl7_rig_message("ICU^1^A", spo2);
    const char *rest = strstr(text, "\rPV1") + 1;
    const size_t head_length = (size_t)(strstr(text, "PID") - text), rest_length = strlen(rest);
    memcpy(head, text, head_length);
    frame[0] = '\x0b';
    memcpy(frame + 1, head, head_length);
    memset(frame + 1 + head_length, 'x', message_length - head_length - rest_length);
    memcpy(frame + 1 + head_length, "PID|", 4);
    frame[message_length - rest_length] = '\r';
    memcpy(frame + 1 + message_length - rest_length, rest, rest_length);
    memcpy(frame + 1 + message_length, "\x1c\r", 3);
    return frame;
}

static void test_large_message(void **state)
{
    (void)state;
    static const size_t lengths[] = {CALLER_BYTES - 3, CALLER_BYTES - 2, CALLER_BYTES - 1, CALLER_BYTES,
                                     CALLER_BYTES + 1, CALLER_BYTES * 2, 500000,           CALLER_MESSAGE_MAX};
    const int fd = hl7_rig_call();
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        char *frame = large_frame(lengths[i], 90);
        bench_forget();
        assert_true(hl7_rig_send(fd, frame, lengths[i] + 3));
        assert_int_equal(bench_count(OBSERVATION_HEARD), 1);
        assert_int_equal(hl7_rig_heard(fd, "AA"), 1);
        free(frame);
    }
    assert_int_equal(hl7_rig.health->refused, 0);
    assert_int_equal(hl7_rig.health->unasked, 0);
    (void)close(fd);
}

/* Refused once, passed over, and the next one is welcome. */
static void test_too_large(void **state)
{
    (void)state;
    static const size_t lengths[] = {CALLER_MESSAGE_MAX + 1, CALLER_MESSAGE_MAX + 2, 2 * CALLER_MESSAGE_MAX};
    const int fd = hl7_rig_call();
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        char *frame = large_frame(lengths[i], 90);
        bench_forget();
        assert_true(hl7_rig_send(fd, frame, lengths[i] + 3));
        assert_int_equal(bench.count, 0);
        assert_int_equal(hl7_rig_heard(fd, "AR"), 1);
        assert_int_equal(hl7_rig.health->refused, i + 1);
        assert_true(hl7_rig_say(fd, hl7_rig_message("ICU^1^A", 91)));
        assert_int_equal(bench_count(OBSERVATION_HEARD), 1);
        assert_int_equal(hl7_rig_heard(fd, "AA"), 1);
        free(frame);
    }
    assert_int_equal(hl7_rig_connections(), 1);
    (void)close(fd);
}

/* The few large blocks are shared: who finds none waits, is not lost, and is served as soon as one is free. */
static void test_blocks_are_shared(void **state)
{
    (void)state;
    enum { LENGTH = 100000, CALLS = CALLER_LARGE_COUNT + 2 };
    char *frames[CALLS];
    int fds[CALLS];
    for (int i = 0; i < CALLS; i++) {
        fds[i] = hl7_rig_call();
        frames[i] = large_frame(LENGTH, 90 + i);
        const size_t part = LENGTH / 2;
        (void)hl7_rig_send(fds[i], frames[i], part); /* the network holds what the bus does not take */
    }
    const int small = hl7_rig_call();
    assert_true(hl7_rig_say(small, hl7_rig_message("ICU^1^B", 99))); /* others go on */
    assert_int_equal(bench_values(1), 1);
    hl7_rig_pass_s(5);
    for (int i = 0; i < CALLS; i++) {
        bench_forget();
        assert_true(hl7_rig_send(fds[i], frames[i] + LENGTH / 2, LENGTH + 3 - LENGTH / 2));
        assert_int_equal(bench_count(OBSERVATION_HEARD), 1);
        assert_int_equal(hl7_rig_heard(fds[i], "AA"), 1);
    }
    for (int i = 0; i < CALLS; i++) {
        (void)close(fds[i]);
        free(frames[i]);
    }
    (void)close(small);
    hl7_rig_run();
    assert_int_equal(hl7_rig_connections(), 0);
}

/* Who holds a block without getting done loses it. */
static void test_blocks_are_not_kept(void **state)
{
    (void)state;
    enum { LENGTH = 100000 };
    char *frame = large_frame(LENGTH, 90);
    int fds[CALLER_LARGE_COUNT];
    for (int i = 0; i < CALLER_LARGE_COUNT; i++) {
        fds[i] = hl7_rig_call();
        assert_true(hl7_rig_send(fds[i], frame, LENGTH / 2));
    }
    hl7_rig_pass_s(CALLER_LARGE_MS / 1000 - 10);
    const int last = hl7_rig_call();
    (void)hl7_rig_send(last, frame, LENGTH / 2);
    assert_int_equal(hl7_rig_connections(), CALLER_LARGE_COUNT + 1);
    hl7_rig_pass_s(12);
    assert_int_equal(hl7_rig_connections(), 1);
    assert_int_equal(hl7_rig.health->refused, CALLER_LARGE_COUNT);
    assert_true(hl7_rig_send(last, frame + LENGTH / 2, LENGTH + 3 - LENGTH / 2));
    assert_int_equal(hl7_rig_heard(last, "AA"), 1);
    for (int i = 0; i < CALLER_LARGE_COUNT; i++) {
        assert_true(hl7_rig_is_gone(fds[i]));
        (void)close(fds[i]);
    }
    (void)close(last);
    free(frame);
}

/* --- who does not behave ------------------------------------------------------------------------------------- */

static void test_65th(void **state)
{
    (void)state;
    int fds[CALLERS_MAX];
    for (int i = 0; i < CALLERS_MAX; i++) {
        fds[i] = hl7_rig_call();
    }
    assert_int_equal(hl7_rig_connections(), CALLERS_MAX);
    const int early = hl7_rig_call();
    assert_true(hl7_rig_is_gone(early));
    assert_int_equal(hl7_rig.health->refused, 1);
    for (int i = 1; i < CALLERS_MAX; i++) {
        assert_true(hl7_rig_say(fds[i], hl7_rig_message("ICU^1^A", 97)));
    }
    hl7_rig_pass_s(11);
    const int late = hl7_rig_call(); /* takes the place of the one that has said nothing */
    assert_int_equal(hl7_rig_connections(), CALLERS_MAX);
    assert_true(hl7_rig_is_gone(fds[0]));
    bench_forget();
    assert_true(hl7_rig_say(late, hl7_rig_message("ICU^1^B", 97)));
    assert_int_equal(bench_values(1), 1);
    const int last = hl7_rig_call(); /* all have spoken: none gives way */
    assert_true(hl7_rig_is_gone(last));
    assert_int_equal(hl7_rig_connections(), CALLERS_MAX);
    for (int i = 0; i < CALLERS_MAX; i++) {
        (void)close(fds[i]);
    }
    hl7_rig_run();
    assert_int_equal(hl7_rig_connections(), 1);
    (void)close(early);
    (void)close(late);
    (void)close(last);
}

static void test_idle(void **state)
{
    (void)state;
    const int idle = hl7_rig_call(), busy = hl7_rig_call();
    assert_true(hl7_rig_send(idle, "\x0bMSH", 4));
    hl7_rig_pass_s(300);
    assert_true(hl7_rig_say(busy, hl7_rig_message("ICU^1^A", 97)));
    assert_true(hl7_rig_send(idle, "|", 1)); /* a byte now and then is no message */
    hl7_rig_pass_s(299);
    assert_int_equal(hl7_rig_connections(), 2);
    hl7_rig_pass_s(2);
    assert_int_equal(hl7_rig_connections(), 1);
    assert_true(hl7_rig_is_gone(idle));
    hl7_rig_pass_s(300);
    assert_true(hl7_rig_is_gone(busy));
    assert_int_equal(hl7_rig_connections(), 0);
    (void)close(idle);
    (void)close(busy);
}

/* Messages that ask for two long acknowledgements each. */
static size_t talkative_messages(char *bytes, size_t size, unsigned count)
{
    static unsigned number;
    char name[91];
    size_t length = 0;
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    for (unsigned i = 0; i < count; i++) {
        length += (size_t)snprintf(bytes + length, size - length,
                                   "\x0bMSH|^~\\&|%s|%s||%s|%s||ORU^R01|%s%u|P|%s|||AL|AL\r\x1c\r", name, name, name,
                                   bench_time(0), name, ++number, name);
        assert_true(length < size);
    }
    return length;
}

/* Who never takes an acknowledgement is not read any more, holds up nobody, and has to go. */
static void test_never_reads(void **state)
{
    (void)state;
    enum { DEAF = 4, BATCH = 64 };
    static char bytes[BATCH * 1024];
    int fds[DEAF];
    const int good = hl7_rig_call();
    for (int i = 0; i < DEAF; i++) {
        fds[i] = hl7_rig_call_deaf();
        bool taken = true;
        for (int round = 0; round < 1000 && taken; round++) {
            taken = hl7_rig_send(fds[i], bytes, talkative_messages(bytes, sizeof bytes, BATCH));
        }
        assert_false(taken);
    }
    assert_int_equal(hl7_rig_connections(), DEAF + 1);
    for (int i = 0; i < 10; i++) {
        bench_forget();
        assert_true(hl7_rig_say(good, hl7_rig_message("ICU^1^A", 97)));
        assert_int_equal(hl7_rig_heard(good, "AA"), 1);
        assert_int_equal(bench_count(OBSERVATION_HEARD), 1);
    }
    const unsigned rounds = hl7_rig.rounds;
    hl7_rig_run();
    assert_int_equal(hl7_rig.rounds, rounds); /* and it costs nothing */
    hl7_rig_pass_s(29);
    assert_int_equal(hl7_rig_connections(), DEAF + 1);
    hl7_rig_pass_s(2);
    assert_int_equal(hl7_rig_connections(), 1);
    for (int i = 0; i < DEAF; i++) {
        (void)close(fds[i]);
    }
    (void)close(good);
}

/* Who takes them late gets all of them. */
static void test_reads_late(void **state)
{
    (void)state;
    enum { BATCH = 64 };
    static char bytes[BATCH * 1024], answers[64 * 1024];
    const int fd = hl7_rig_call_deaf();
    unsigned sent = 0, accepted = 0;
    size_t length = 0;
    while (sent < 1000 && (length == 0 || hl7_rig_send(fd, bytes, length))) {
        length = talkative_messages(bytes, sizeof bytes, 1);
        sent++;
    }
    for (int i = 0; i < 20000 && accepted < sent - 1; i++) {
        size_t used = 0;
        while (used < sizeof answers - 1 && recv(fd, answers + used, 1, MSG_DONTWAIT) == 1 &&
               answers[used++] != '\x1c') {
        }
        answers[used] = '\0';
        accepted += hl7_rig_count_acks(answers, "AA");
        if (used == 0) {
            hl7_rig_run();
        }
    }
    assert_int_equal(accepted, sent - 1);
    assert_int_equal(hl7_rig.health->refused, sent - 1); /* no bed of ours */
    (void)close(fd);
}

/* Reset in the middle, of one that waits for nothing, too. */
static void test_reset(void **state)
{
    (void)state;
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    for (int i = 0; i < 20; i++) {
        const int fd = hl7_rig_call();
        assert_true(hl7_rig_send(fd, "\x0bMSH|^~", 7));
        (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        (void)close(fd);
        hl7_rig_run();
        assert_int_equal(hl7_rig_connections(), 0);
    }
}

/* Says all it has to say and ends its side: the answer still goes out. */
static void test_half_closed(void **state)
{
    (void)state;
    char frame[1024];
    const int fd = hl7_rig_call();
    const int length = snprintf(frame, sizeof frame, "\x0b%s\x1c\r", hl7_rig_message("ICU^1^A", 96));
    assert_int_equal(send(fd, frame, (size_t)length, 0), length);
    (void)shutdown(fd, SHUT_WR);
    hl7_rig_run();
    assert_int_equal(hl7_rig_heard(fd, "AA"), 1);
    assert_int_equal(hl7_rig_connections(), 0);
    (void)close(fd);
}

int main(void)
{
#define RIG_TEST(test) cmocka_unit_test_setup_teardown(test, open_rig, close_rig)
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_large_message),       RIG_TEST(test_too_large),  RIG_TEST(test_blocks_are_shared),
        RIG_TEST(test_blocks_are_not_kept), RIG_TEST(test_65th),       RIG_TEST(test_idle),
        RIG_TEST(test_never_reads),         RIG_TEST(test_reads_late), RIG_TEST(test_reset),
        RIG_TEST(test_half_closed),
    };
#undef RIG_TEST
    return cmocka_run_group_tests_name("hl7 hostile", tests, NULL, NULL);
}
