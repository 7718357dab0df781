/* Looking for Modbus monitors where that must not be done, or where answers are not what they seem. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <pty.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "drivers/monitor/modbus/frame.h"
#include "drivers/monitor/modbus/modbus_probe.h"
#include "tests/unit/support/emulated.h"

/* What the far end of the line does with each request of 8 bytes. */
typedef size_t answerer(const uint8_t *request, uint8_t *out);

struct far_end {
    int fd;
    answerer *answer;
    bool talks;           /* by itself, as a master does */
    atomic_uint pause_us; /* pause behind the first bytes of an answer */
    atomic_bool stop;
    atomic_uint requests;
    pthread_t thread;
};

struct bench {
    struct probe_listener listener; /* first */
    struct far_end far;
    int held;
    char device[64];
    unsigned found, warned;
    struct probe_finding finding;
    char warning[200];
};

static struct bench *bench_of(struct probe_listener *listener)
{
    return (struct bench *)(void *)listener;
}

static void progress(struct probe_listener *listener, unsigned done, unsigned total, const char *text)
{
    (void)listener;
    assert_true(done <= total);
    assert_non_null(text);
}

static void found(struct probe_listener *listener, const struct probe_finding *finding)
{
    bench_of(listener)->found++;
    bench_of(listener)->finding = *finding;
}

static void warn(struct probe_listener *listener, const char *text)
{
    bench_of(listener)->warned++;
    (void)snprintf(bench_of(listener)->warning, sizeof bench_of(listener)->warning, "%s", text);
}

static bool go_on(struct probe_listener *listener)
{
    (void)listener;
    return true;
}

static void write_all(int fd, const uint8_t *bytes, size_t length)
{
    assert_int_equal(write(fd, bytes, length), (ssize_t)length);
}

static void talk(struct far_end *far)
{
    uint8_t request[8] = {1, 3, 0, 0, 0, 2};
    frame_seal(request, 6);
    while (!atomic_load(&far->stop)) {
        write_all(far->fd, request, sizeof request);
        (void)usleep(50000);
    }
}

static void *far_main(void *argument)
{
    struct far_end *far = argument;
    uint8_t bytes[64];
    size_t length = 0;
    if (far->talks) {
        talk(far);
        return NULL;
    }
    while (!atomic_load(&far->stop)) {
        const ssize_t got = read(far->fd, bytes + length, sizeof bytes - length);
        length = got > 0 ? length + (size_t)got : 0;
        if (got <= 0) {
            (void)usleep(1000);
        } else if (length >= 8) {
            uint8_t out[FRAME_MAX];
            atomic_fetch_add(&far->requests, 1);
            const size_t answered = far->answer != NULL ? far->answer(bytes, out) : 0;
            const unsigned pause_us = atomic_load(&far->pause_us);
            const size_t first = pause_us != 0 ? answered / 2 : 0;
            write_all(far->fd, out, first);
            (void)usleep(pause_us);
            write_all(far->fd, out + first, answered - first);
            length = 0;
        }
    }
    return NULL;
}

static void bench_open(struct bench *bench, answerer *answer, bool talks)
{
    *bench = (struct bench){.listener = {.progress = progress, .found = found, .warn = warn, .go_on = go_on}};
    int slave = -1;
    assert_int_equal(openpty(&bench->far.fd, &slave, bench->device, NULL, NULL), 0);
    bench->held = slave; /* the master's end would end with the last holder */
    assert_int_equal(fcntl(bench->far.fd, F_SETFL, O_NONBLOCK), 0);
    bench->far.answer = answer;
    bench->far.talks = talks;
    assert_int_equal(pthread_create(&bench->far.thread, NULL, far_main, &bench->far), 0);
}

static void bench_close(struct bench *bench)
{
    atomic_store(&bench->far.stop, true);
    assert_int_equal(pthread_join(bench->far.thread, NULL), 0);
    (void)close(bench->far.fd);
    (void)close(bench->held);
}

static enum status probe_at(struct bench *bench, uint32_t baud, uint8_t first, uint8_t last, uint32_t answer_ms)
{
    static const struct profile *const none[] = {NULL};
    const struct probe_target target = {
        .device = bench->device, .baud = baud, .first = first, .last = last, .answer_ms = answer_ms, .profiles = none};
    return modbus_probe_rtu(&target, &bench->listener);
}

static enum status probe(struct bench *bench, uint8_t first, uint8_t last)
{
    return probe_at(bench, 57600, first, last, 40);
}

static size_t exception(const uint8_t *request, uint8_t code, uint8_t *out)
{
    out[0] = request[0];
    out[1] = request[1] | 0x80U;
    out[2] = code;
    frame_seal(out, 3);
    return 5;
}

static size_t refuse(const uint8_t *request, uint8_t *out)
{
    return exception(request, 2, out);
}

static size_t nobody_there(const uint8_t *request, uint8_t *out)
{
    return exception(request, 0x0B, out);
}

static size_t other_address(const uint8_t *request, uint8_t *out)
{
    (void)refuse(request, out);
    out[0]++;
    frame_seal(out, 3);
    return 5;
}

static size_t bad_checksum(const uint8_t *request, uint8_t *out)
{
    (void)refuse(request, out);
    out[3] ^= 1U;
    return 5;
}

static size_t echo(const uint8_t *request, uint8_t *out)
{
    memcpy(out, request, 8); /* a two-wire adapter that hears itself: the request, and nobody */
    return 8;
}

static void test_an_exception_is_somebody(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, refuse, false);
    assert_int_equal(probe(&bench, 5, 5), STATUS_OK);
    assert_int_equal(bench.found, 1);
    assert_int_equal(bench.finding.address, 5);
    assert_int_equal(bench.finding.baud, 57600);
    assert_null(bench.finding.profile);
    bench_close(&bench);
}

/* USB adapters hold bytes back inside of an answer. */
static void test_an_answer_in_pieces(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, refuse, false);
    atomic_store(&bench.far.pause_us, 20000);
    assert_int_equal(probe_at(&bench, 57600, 5, 5, 400), STATUS_OK);
    assert_int_equal(bench.found, 1);
    bench_close(&bench);
}

static void test_a_speed_that_is_not_usual(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, refuse, false);
    assert_int_equal(probe_at(&bench, 4800, 5, 5, 400), STATUS_OK);
    assert_int_equal(bench.found, 1);
    assert_int_equal(bench.finding.baud, 4800);
    assert_int_equal(bench.finding.parity, PARITY_EVEN);
    bench_close(&bench);
}

static void test_what_is_nobody(void **state)
{
    (void)state;
    answerer *const answers[] = {NULL, nobody_there, other_address, bad_checksum, echo};
    for (unsigned i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        struct bench bench;
        bench_open(&bench, answers[i], false);
        assert_int_equal(probe(&bench, 1, 3), STATUS_OK);
        assert_int_equal(bench.found, 0);
        assert_int_equal(atomic_load(&bench.far.requests), 12); /* parity even, none, odd; or two stop bits */
        bench_close(&bench);
    }
}

static void test_another_master_is_left_alone(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, NULL, true);
    assert_int_equal(probe(&bench, 1, 20), STATUS_OK);
    assert_int_equal(bench.found, 0);
    assert_int_equal(bench.warned, 1);
    assert_non_null(strstr(bench.warning, "another master asks on this line"));
    bench_close(&bench);
}

static void test_a_line_in_use_is_refused(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, NULL, false);
    const int holder = open(bench.device, O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(holder >= 0);
    assert_int_equal(flock(holder, LOCK_EX | LOCK_NB), 0);
    assert_int_equal(probe(&bench, 1, 1), STATUS_BUSY);
    assert_int_equal(atomic_load(&bench.far.requests), 0);
    (void)close(holder);
    assert_int_equal(probe(&bench, 1, 1), STATUS_OK);
    bench_close(&bench);
}

static void test_no_line(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, NULL, false);
    (void)snprintf(bench.device, sizeof bench.device, "/nowhere/at/all");
    assert_int_equal(probe(&bench, 1, 1), STATUS_NOT_FOUND);
    bench_close(&bench);
}

int main(void)
{
    if (emulated_is_too_busy()) {
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_exception_is_somebody),
        cmocka_unit_test(test_an_answer_in_pieces),
        cmocka_unit_test(test_a_speed_that_is_not_usual),
        cmocka_unit_test(test_what_is_nobody),
        cmocka_unit_test(test_another_master_is_left_alone),
        cmocka_unit_test(test_a_line_in_use_is_refused),
        cmocka_unit_test(test_no_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
