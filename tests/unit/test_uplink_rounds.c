/*
 * Rounds of the caller on the uplink's thread, and who makes them while that is in the library.
 */
#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/tcp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hal/clock.h"
#include "tests/unit/support/emulated.h"
#include "tests/unit/support/uplink_bench.h"

#define MS INT64_C(1000)

/* What rounds are told to do, and what came of it. */
struct caller {
    struct bench *bench;
    pthread_t test;
    atomic_uint rounds, by_test; /* made in all, and of them by the test's own thread */
    atomic_uint wanted, published;
    atomic_bool disconnects;
    atomic_llong disconnect_us; /* how long that took */
    int64_t every_us;
};

static void publish_wanted(struct caller *caller)
{
    char text[1024];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    while (atomic_load(&caller->published) < atomic_load(&caller->wanted) &&
           publish(caller->bench, "ward/b01/vitals", text, 0, 0, 0) == STATUS_OK) {
        atomic_fetch_add(&caller->published, 1);
    }
}

static int64_t make_round(void *context)
{
    struct caller *caller = context;
    atomic_fetch_add(&caller->by_test, pthread_equal(pthread_self(), caller->test) != 0);
    atomic_fetch_add(&caller->rounds, 1);
    publish_wanted(caller);
    if (atomic_exchange(&caller->disconnects, false)) {
        const int64_t begun_us = clock_boot_us();
        uplink_disconnect(caller->bench->uplink, 1000);
        atomic_store(&caller->disconnect_us, clock_boot_us() - begun_us);
    }
    return clock_boot_us() + caller->every_us;
}

static struct caller caller_of(struct bench *bench)
{
    return (struct caller){.bench = bench, .test = pthread_self(), .every_us = 3600000 * MS};
}

static bool reaches(atomic_uint *count, unsigned wanted)
{
    const int64_t until_ms = test_now_ms() + WAIT_MS;
    while (atomic_load(count) < wanted && test_now_ms() < until_ms) {
        (void)usleep(1000);
    }
    return atomic_load(count) >= wanted;
}

static void test_rounds_when_raised_and_when_due(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, 5);
    struct caller caller = caller_of(&bench);
    uplink_leave_rounds(bench.uplink, make_round, &caller);
    assert_true(reaches(&caller.rounds, 1)); /* once at the beginning */
    (void)usleep(50000);
    assert_int_equal(atomic_load(&caller.rounds), 1);
    for (unsigned i = 2; i < 50; i++) {
        wake_raise(&bench.wake);
        assert_true(reaches(&caller.rounds, i));
    }
    assert_int_equal(atomic_load(&caller.rounds), 49);
    uplink_take_rounds(bench.uplink);
    wake_raise(&bench.wake);
    (void)usleep(50000);
    assert_int_equal(atomic_load(&caller.rounds), 49);
    assert_true(wake_wait_until(&bench.wake, 0)); /* it is ours again, and nothing is lost */

    caller.every_us = 20 * MS;
    uplink_leave_rounds(bench.uplink, make_round, &caller);
    (void)usleep(500000);
    uplink_take_rounds(bench.uplink);
    assert_in_range(atomic_load(&caller.rounds), 49 + 3, 49 + 26);
    assert_int_equal(atomic_load(&caller.by_test), 0);
    bench_close(&bench);
}

/* Ten times what the queue holds. */
static void test_what_found_the_queue_full_goes_on(void **state)
{
    (void)state;
    struct bench bench;
    struct observer observer;
    struct seen seen;
    bench_open(&bench, 5);
    broker_start(&bench.broker);
    observer_open(&observer, &bench.broker, "ward/#");
    (void)connect_up(&bench);
    struct caller caller = caller_of(&bench); /* it never says that it wants another round */
    atomic_store(&caller.wanted, 300);
    uplink_leave_rounds(bench.uplink, make_round, &caller);
    for (unsigned i = 0; i < 300; i++) {
        assert_true(observer_next(&observer, WAIT_MS, &seen));
    }
    assert_in_range(atomic_load(&caller.rounds), 5, 310);
    uplink_take_rounds(bench.uplink);
    observer_close(&observer);
    bench_close(&bench);
}

/* The uplink's thread is in the library: who may have to stand in for it is to look again soon. */
static bool is_held(struct uplink *uplink)
{
    const int64_t until_ms = test_now_ms() + WAIT_MS;
    while (uplink_stand_in(uplink) - clock_boot_us() > 500 * MS) {
        if (test_now_ms() >= until_ms) {
            return false;
        }
        (void)usleep(1000);
    }
    return true;
}

/* A broker that accepts a connection and says nothing holds the uplink's thread for 5 s. */
static void test_stands_in_while_the_library_does_not_come_back(void **state)
{
    (void)state;
    struct bench bench;
    const int mute = bench_open_mute(&bench, 5);
    struct caller caller = caller_of(&bench);
    uplink_leave_rounds(bench.uplink, make_round, &caller);
    assert_true(reaches(&caller.rounds, 1));
    const int64_t idle_us = uplink_stand_in(bench.uplink) - clock_boot_us();
    assert_in_range(idle_us, 1000 * MS, UPLINK_STAND_IN_US);
    const int64_t begun_us = clock_boot_us();
    assert_int_equal(uplink_connect(bench.uplink, &bench.address), STATUS_OK);
    assert_true(is_held(bench.uplink));
    const unsigned before = atomic_load(&caller.rounds);
    assert_true(before == 1 ||
                clock_boot_us() - begun_us >= 50 * MS); /* not long enough yet, unless this machine is busy */
    (void)usleep(60000);
    wake_raise(&bench.wake);
    const int64_t again_us = uplink_stand_in(bench.uplink) - clock_boot_us();
    assert_true(again_us < 200 * MS);
    assert_int_equal(atomic_load(&caller.rounds), before + 1);
    assert_int_equal(atomic_load(&caller.by_test), before); /* all but the first */
    uplink_take_rounds(bench.uplink);
    assert_false(wake_wait_until(&bench.wake, 0)); /* what it was raised for was done */
    (void)expect(&bench, UPLINK_CONNECT_FAILED);
    bench_close(&bench);
    (void)close(mute);
}

static void test_a_round_does_not_wait_for_a_disconnect(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, 5);
    broker_start(&bench.broker);
    (void)connect_up(&bench);
    struct caller caller = caller_of(&bench);
    atomic_store(&caller.disconnects, true);
    uplink_leave_rounds(bench.uplink, make_round, &caller);
    assert_true(reaches(&caller.rounds, 1));
    (void)usleep(100000);
    uplink_take_rounds(bench.uplink);
    assert_true(atomic_load(&caller.disconnect_us) < 500 * MS);
    assert_int_equal(publish(&bench, "ward/a", "x", 0, 0, 0), STATUS_CLOSED);
    (void)connect_up(&bench); /* it came after the round */
    bench_close(&bench);
}

/* ---- a broker that acknowledges what it is told to, one packet at a time (MQTT 3.1.1) ---- */

static void take_bytes(int socket, unsigned char *out, size_t size)
{
    assert_int_equal(recv(socket, out, size, MSG_WAITALL), (ssize_t)size);
}

/* Of a packet that is shorter than 128 bytes: its first byte. */
static unsigned char take_packet(int socket, unsigned char body[128])
{
    unsigned char head[2];
    take_bytes(socket, head, sizeof head);
    assert_in_range(head[1], 1, 127);
    take_bytes(socket, body, head[1]);
    return head[0];
}

static void give_packet(int socket, const unsigned char bytes[4])
{
    assert_int_equal(send(socket, bytes, 4, MSG_NOSIGNAL), 4);
}

static int take_connection(struct bench *bench, int mute)
{
    unsigned char body[128];
    assert_int_equal(uplink_connect(bench->uplink, &bench->address), STATUS_OK);
    const int socket = accept(mute, NULL, NULL);
    assert_true(socket >= 0);
    assert_int_equal(take_packet(socket, body), 0x10);
    give_packet(socket, (const unsigned char[]){0x20, 2, 0, 0});
    (void)expect(bench, UPLINK_CONNECTED);
    return socket;
}

/* A place of the window stands empty until the caller knows that it is free. */
static void test_each_acknowledgement_brings_a_round(void **state)
{
    (void)state;
    enum { UNDER_WAY = 8, TOPIC = 6 };
    unsigned char ids[UNDER_WAY][2], body[128];
    struct bench bench;
    struct uplink_event event;
    const int mute = bench_open_mute(&bench, 4);
    const int socket = take_connection(&bench, mute);
    for (uint64_t tag = 1; tag <= UNDER_WAY; tag++) {
        assert_int_equal(publish(&bench, "ward/a", "x", 1, 0, tag), STATUS_OK);
        assert_int_equal(take_packet(socket, body), 0x32);
        memcpy(ids[tag - 1], body + 2 + TOPIC, sizeof ids[0]);
    }
    struct caller caller = caller_of(&bench);
    uplink_leave_rounds(bench.uplink, make_round, &caller);
    assert_true(reaches(&caller.rounds, 1));
    for (unsigned i = 0; i < UNDER_WAY; i++) {
        give_packet(socket, (const unsigned char[]){0x40, 2, ids[i][0], ids[i][1]});
        assert_true(reaches(&caller.rounds, 2 + i));
    }
    uplink_take_rounds(bench.uplink);
    for (uint64_t tag = 1; tag <= UNDER_WAY; tag++) {
        assert_true(next_event(&bench, 0, &event));
        assert_int_equal(event.kind, UPLINK_DELIVERED);
        assert_int_equal(event.tag, tag);
    }
    bench_close(&bench);
    (void)close(socket);
    (void)close(mute);
}

/* ---- packets ---- */

/* Those with something in them, of the only connection to the broker. */
static unsigned packets_of(int fd)
{
    struct tcp_info info;
    socklen_t size = sizeof info;
    memset(&info, 0, sizeof info);
    assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size), 0);
    return info.tcpi_data_segs_out;
}

/* The library's own socket waits for a confirmation before each small packet but the first. */
static int find_socket(uint16_t port)
{
    for (int fd = 3; fd < 256; fd++) {
        struct sockaddr_in peer = {.sin_family = AF_UNSPEC};
        socklen_t size = sizeof peer;
        if (getpeername(fd, (struct sockaddr *)&peer, &size) == 0 && peer.sin_family == AF_INET &&
            peer.sin_port == htons(port)) {
            return fd;
        }
    }
    return -1;
}

/* Of one round: together, and none waits for anything. Held for longer than 0.2 s, because somebody else had the processor, it may be more. */
static void test_what_a_round_publishes_leaves_together(void **state)
{
    (void)state;
    enum { MESSAGES = 12, TRIES = 20 };
    NOT_EMULATED(); /* it does not tell what a connection has sent */
    struct bench bench;
    struct observer observer;
    struct seen seen;
    bench_open(&bench, 5);
    broker_start(&bench.broker);
    (void)connect_up(&bench);
    const int fd = find_socket((uint16_t)bench.broker.port);
    int at_once = 0;
    socklen_t size = sizeof at_once;
    assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &at_once, &size), 0);
    assert_int_not_equal(at_once, 0);
    observer_open(&observer, &bench.broker, "ward/#");
    struct caller caller = caller_of(&bench);
    uplink_leave_rounds(bench.uplink, make_round, &caller);
    assert_true(reaches(&caller.rounds, 1));
    unsigned packets = MESSAGES;
    for (unsigned i = 1; i <= TRIES && packets > 1; i++) {
        const unsigned before = packets_of(fd);
        atomic_store(&caller.wanted, i * MESSAGES);
        wake_raise(&bench.wake);
        for (unsigned m = 0; m < MESSAGES; m++) {
            assert_true(observer_next(&observer, WAIT_MS, &seen));
        }
        packets = packets_of(fd) - before;
    }
    assert_int_equal(packets, 1);
    uplink_take_rounds(bench.uplink);
    observer_close(&observer);
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rounds_when_raised_and_when_due),
        cmocka_unit_test(test_what_found_the_queue_full_goes_on),
        cmocka_unit_test(test_stands_in_while_the_library_does_not_come_back),
        cmocka_unit_test(test_a_round_does_not_wait_for_a_disconnect),
        cmocka_unit_test(test_each_acknowledgement_brings_a_round),
        cmocka_unit_test(test_what_a_round_publishes_leaves_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
