/*
 * Connections that a library made: found by where they lead, sending at once, and holding what is to leave together.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <linux/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hal/clock.h"
#include "hal/net.h"
#include "tests/unit/support/emulated.h"

enum { PIECES = 3, PIECE = 10, TRIES = 20, WAIT_US = 5000000 };

struct pair {
    int listening, library, peer;
    uint16_t port;
};

static uint16_t port_of(int fd)
{
    struct sockaddr_in address = {.sin_port = 0};
    socklen_t size = sizeof address;
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    return ntohs(address.sin_port);
}

/* As a library does it: nothing is asked of the socket. */
static int connect_plainly(uint16_t port)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static struct pair open_pair(void)
{
    struct pair pair = {.peer = -1};
    assert_int_equal(net_listen("127.0.0.1", 0, &pair.listening), STATUS_OK);
    pair.port = port_of(pair.listening);
    pair.library = connect_plainly(pair.port);
    const int64_t until_us = clock_boot_us() + WAIT_US;
    while (net_accept(pair.listening, &pair.peer) == STATUS_EMPTY) {
        assert_true(clock_boot_us() < until_us);
    }
    return pair;
}

static void close_pair(const struct pair *pair)
{
    net_close(pair->peer);
    net_close(pair->library);
    net_close(pair->listening);
}

static bool sends_at_once(int fd)
{
    int on = 0;
    socklen_t size = sizeof on;
    assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &size), 0);
    return on != 0;
}

static void test_the_only_one_is_found(void **state)
{
    (void)state;
    const struct pair pair = open_pair(), other = open_pair();
    assert_false(sends_at_once(pair.library));
    assert_int_equal(net_send_at_once(pair.port), pair.library);
    assert_true(sends_at_once(pair.library));
    assert_false(sends_at_once(other.library));
    assert_true(net_leads_to(pair.library, pair.port));
    assert_false(net_leads_to(other.library, pair.port));
    assert_false(net_leads_to(pair.listening, pair.port));
    close_pair(&other);
    assert_int_equal(net_send_at_once(other.port), -1); /* there is none any more */
    close_pair(&pair);
}

static void test_several_send_at_once_and_none_is_told(void **state)
{
    (void)state;
    const struct pair pair = open_pair();
    const int second = connect_plainly(pair.port);
    assert_int_equal(net_send_at_once(pair.port), -1);
    assert_true(sends_at_once(pair.library));
    assert_true(sends_at_once(second));
    net_close(second);
    assert_int_equal(net_send_at_once(pair.port), pair.library);
    close_pair(&pair);
}

static void receive_all(int fd, size_t wanted)
{
    const int64_t until_us = clock_boot_us() + WAIT_US;
    for (size_t got = 0; got < wanted;) {
        unsigned char bytes[PIECES * PIECE];
        size_t length = 0;
        assert_int_equal(net_receive(fd, bytes, sizeof bytes, &length), STATUS_OK);
        got += length;
        assert_true(clock_boot_us() < until_us);
    }
}

/* Packets with something in them. */
static unsigned packets_of(int fd)
{
    struct tcp_info info;
    socklen_t size = sizeof info;
    memset(&info, 0, sizeof info);
    assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size), 0);
    return info.tcpi_data_segs_out;
}

static unsigned packets_for_pieces(const struct pair *pair, bool held)
{
    const unsigned before = packets_of(pair->library);
    const unsigned char piece[PIECE] = {0};
    if (held) {
        net_hold(pair->library, true);
    }
    for (unsigned i = 0; i < PIECES; i++) {
        assert_int_equal(net_send_whole(pair->library, piece, sizeof piece), STATUS_OK);
    }
    net_hold(pair->library, false);
    receive_all(pair->peer, PIECES * sizeof piece);
    return packets_of(pair->library) - before;
}

/* Whoever is put aside for 0.2 s finds that the system held it no longer. */
static void test_what_was_held_leaves_together(void **state)
{
    (void)state;
    const struct pair pair = open_pair();
    unsigned packets = 0;
    NOT_EMULATED(); /* it does not tell what a connection has sent */
    assert_int_equal(net_send_at_once(pair.port), pair.library);
    for (unsigned i = 0; i < TRIES && packets != PIECES; i++) { /* one that is late is sent once more */
        packets = packets_for_pieces(&pair, false);
    }
    assert_int_equal(packets, PIECES);
    for (unsigned i = 0; i < TRIES && packets > 1; i++) {
        packets = packets_for_pieces(&pair, true);
    }
    assert_int_equal(packets, 1);
    close_pair(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_only_one_is_found),
        cmocka_unit_test(test_several_send_at_once_and_none_is_told),
        cmocka_unit_test(test_what_was_held_leaves_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
