/* The Modbus driver over TCP: every header is checked, a late or wrong answer dies with its connection, and a unit
 * behind a gateway that does not answer does not hold up the others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <unistd.h>

#include "hal/clock.h"
#include "tests/unit/support/draw.h"
#include "tests/unit/support/emulated.h"
#include "tests/unit/support/modbus_rig.h"

#define INTERVAL_MS 50
#define TIMEOUT_MS  80
#define PATIENT_MS  5000  /* no load makes an answer so late */
#define PART_US     50000 /* as in modbus_opening.c */
#define THINK_US    1000

static void serve_well(struct peer *peer, const struct peer_request *request)
{
    peer_answer(peer, request, THINK_US);
}

static void open_rig(uint16_t monitors, void (*serve)(struct peer *peer, const struct peer_request *request))
{
    rig_open(0, monitors, INTERVAL_MS, TIMEOUT_MS, serve);
}

/* No bed may have a monitor on it, and the other side may talk all the same. */
static void test_a_bus_without_monitors_survives_noise(void **state)
{
    (void)state;
    open_rig(0, serve_well);
    rig_start();
    rig_run_ms(50);
    static const uint8_t noise[] = {1, 2, 3};
    peer_say(&rig.peer, noise, sizeof noise);
    rig_run_ms(100);
    assert_true(atomic_load(&rig_health()->unasked) > 0);
}

/* --- good connections ---------------------------------------------------------------------------------------- */

static void test_units_take_turns_on_one_connection(void **state)
{
    (void)state;
    open_rig(3, serve_well);
    rig_start();
    rig_run_ms(20);
    assert_true(atomic_load(&rig_health()->requests) >= 1);
    rig_run_ms(500);
    for (uint16_t i = 0; i < 3; i++) {
        assert_in_range(rig_values(i), 7, 12);
        assert_true(rig_answering(i));
    }
    assert_int_equal(atomic_load(&rig.peer.connections), 1);
    assert_int_equal(atomic_load(&rig_health()->opened), 1);
    assert_int_equal(atomic_load(&rig_health()->state), BUS_OPEN);
    assert_true(rig.wakes < 6 * atomic_load(&rig_health()->requests));
}

static void serve_in_pieces(struct peer *peer, const struct peer_request *request)
{
    uint8_t frame[PEER_BYTES_MAX];
    peer_send(peer, request->fd, request->at_us + THINK_US, 500, frame, peer_frame(peer, request, frame));
}

static void test_an_answer_in_pieces(void **state)
{
    (void)state;
    open_rig(1, serve_in_pieces);
    rig_start();
    assert_true(rig_run_until_values(0, 4, 2000));
    assert_int_equal(atomic_load(&rig.peer.connections), 1);
}

static void serve_one_answer_a_connection(struct peer *peer, const struct peer_request *request)
{
    peer_answer(peer, request, THINK_US);
    peer_hang_up(peer, request->fd, request->at_us + THINK_US + 1000, false);
}

static void test_a_server_that_closes_after_each_answer(void **state)
{
    (void)state;
    open_rig(1, serve_one_answer_a_connection);
    for (uint8_t i = 1; i < rig.profile.channel_count; i++) {
        rig.channels[i].episodic = true;
    }
    rig_start();
    assert_true(rig_run_until_values(0, 5, 600)); /* each in its turn, without a pause */
    assert_true(atomic_load(&rig.peer.connections) >= 5);
    unsigned measurements = 0;
    for (unsigned i = 0; i < rig.count; i++) {
        measurements += rig.seen[i].kind == OBSERVATION_VALUE && rig.seen[i].vital == 1;
    }
    assert_int_equal(measurements, 1);                           /* a new connection is no new measurement */
    assert_in_range(atomic_load(&rig_health()->hang_ups), 1, 2); /* then it is hung up on first */
    assert_int_equal(atomic_load(&rig_health()->state), BUS_OPEN);
    assert_int_equal(atomic_load(&rig_health()->last_error), STATUS_OK);
    for (unsigned s = 1; s < STATUS_COUNT; s++) {
        assert_int_equal(rig_failures(0, (enum status)s), 0);
    }
}

/* Two requests in each turn: the second goes over a connection of its own, once it is known. */
static void test_each_request_over_its_own_connection(void **state)
{
    (void)state;
    open_rig(1, serve_one_answer_a_connection);
    rig.channels[RIG_REGISTERS - 1].reg = 1000;
    rig_start();
    assert_true(rig_run_until_values(0, 3, 2000));
    const unsigned failures = rig_failures(0, STATUS_CLOSED) + rig_failures(0, STATUS_IO);
    assert_in_range(failures, 0, 1);
    assert_true(rig_run_until_values(0, 8, 8 * INTERVAL_MS + 100));
    assert_int_equal(rig_failures(0, STATUS_CLOSED) + rig_failures(0, STATUS_IO), failures);
}

/* With a reset, which is no reason to wait for longer, either. */
static void serve_one_answer_and_reset(struct peer *peer, const struct peer_request *request)
{
    peer_answer(peer, request, THINK_US);
    peer_hang_up(peer, request->fd, request->at_us + THINK_US + 10000, true);
}

static void test_a_server_that_resets_after_each_answer(void **state)
{
    (void)state;
    open_rig(1, serve_one_answer_and_reset);
    rig_start();
    assert_true(rig_run_until_values(0, 5, 600));
    assert_in_range(atomic_load(&rig_health()->hang_ups), 1, 2);
    assert_int_equal(atomic_load(&rig_health()->state), BUS_OPEN);
}

/* --- one connection for several clients ---------------------------------------------------------------------- */

static bool is_connected(void)
{
    bool writable = false;
    return rig.driver->descriptor(rig.bus, &writable) >= 0;
}

/* At the end of a turn: whether it has hung up. It keeps the connection for a turn that comes within PART_US, as one does whose answer was late. */
static bool has_parted(void)
{
    assert_true(rig_run_until_values(0, 1, 10000));
    if (is_connected()) {
        assert_in_range(rig.driver->next_deadline(rig.bus) - rig.started_us, 0,
                        clock_boot_us() - rig.started_us + PART_US);
        return false;
    }
    return true;
}

/* However busy the machine is: turns are made until so many of them have ended so. */
static void expect_parting(unsigned turns)
{
    for (unsigned parted = 0, tries = 0; parted < turns; tries++) {
        assert_true(tries < 1000);
        parted += has_parted();
    }
}

static void test_hanging_up_after_each_turn(void **state)
{
    (void)state;
    rig_open(0, 1, 100, PATIENT_MS, serve_well);
    rig.config.hang_up = true;
    rig_start();
    expect_parting(10);
    assert_true(atomic_load(&rig.peer.connections) >= 10);
    assert_int_equal(atomic_load(&rig_health()->hang_ups), 0); /* we did */
    assert_int_equal(atomic_load(&rig_health()->state), BUS_OPEN);
}

static void serve_only_one(struct peer *peer, const struct peer_request *request)
{
    if (atomic_load(&peer->mode) == 0) {
        peer_answer(peer, request, THINK_US);
    } else {
        peer_hang_up(peer, request->fd, request->at_us, false); /* another client has its connection */
    }
}

/* Not only was the first connection ended, the next one was, too. */
static bool was_turned_away(void)
{
    return atomic_load(&rig.peer.connections) > 1 && atomic_load(&rig_health()->state) == BUS_CLOSED;
}

/* It was turned away: from then on it does not keep a connection that others need. */
static void test_a_server_with_one_connection(void **state)
{
    (void)state;
    rig_open(0, 1, 100, PATIENT_MS, serve_only_one);
    rig_start();
    for (unsigned i = 0; i < 4; i++) {
        assert_true(rig_run_until_values(0, 1, 10000));
        assert_true(is_connected());
    }
    assert_int_equal(atomic_load(&rig.peer.connections), 1);
    atomic_store(&rig.peer.mode, 1);
    for (unsigned i = 0; !was_turned_away() && i < 1000; i++) {
        rig_run_ms(10);
    }
    assert_true(was_turned_away());
    assert_false(rig_answering(0));
    atomic_store(&rig.peer.mode, 0);
    assert_true(rig_run_until_values(0, 1, 10000));
    expect_parting(4);
    peer_refuse(&rig.peer);
    for (unsigned i = 0; atomic_load(&rig_health()->state) != BUS_CLOSED && i < 1000; i++) {
        rig_run_ms(10);
    }
    for (unsigned i = 0; i < 4; i++) { /* others use it for moments only: no longer pauses than those */
        assert_in_range(rig_retry_ms(), 0, 1000);
    }
}

/* As a box starts: there is nobody whom asking often would trouble, and the first to be asked as soon as there is a way. */
static void test_no_way_yet(void **state)
{
    (void)state;
    rig_open(0, 1, 100, TIMEOUT_MS, serve_well);
    rig.config.host = "255.255.255.255"; /* the kernel knows no way there for a connection */
    rig_start();
    rig_run_ms(50);
    assert_int_equal(atomic_load(&rig_health()->last_errno), ENETUNREACH);
    for (unsigned i = 0; i < 5; i++) {
        assert_in_range(rig_retry_ms(), 0, 1000);
    }
}

/* --- wrong answers ------------------------------------------------------------------------------------------- */

enum {
    FINE,
    TRANSACTION,
    PROTOCOL,
    LENGTH_SHORT,
    LENGTH_LONG,
    LENGTH_ZERO,
    UNIT,
    FUNCTION,
    BYTE_COUNT,
    LONGER,
    FLOOD,
    TWICE,
    DRIBBLE,
    TRUNCATED,
    NOTHING,
    WRONG_END
};

static const struct {
    int at; /* which byte is wrong */
    int add;
    enum status status;
} wrong[WRONG_END] = {[TRANSACTION] = {1, 7, STATUS_BAD_HEADER},   [PROTOCOL] = {3, 1, STATUS_BAD_HEADER},
                      [LENGTH_SHORT] = {5, -2, STATUS_LONG_FRAME}, [LENGTH_LONG] = {5, 2, STATUS_SHORT_FRAME},
                      [LENGTH_ZERO] = {5, -27, STATUS_BAD_HEADER}, [UNIT] = {6, 1, STATUS_WRONG_ADDRESS},
                      [FUNCTION] = {7, 1, STATUS_WRONG_FUNCTION},  [BYTE_COUNT] = {8, -2, STATUS_BAD_HEADER},
                      [LONGER] = {-1, 0, STATUS_WRONG_LENGTH},     [FLOOD] = {-1, 0, STATUS_LONG_FRAME},
                      [TWICE] = {-1, 0, STATUS_LONG_FRAME},        [DRIBBLE] = {-1, 0, STATUS_TOO_SLOW},
                      [TRUNCATED] = {-1, 0, STATUS_SHORT_FRAME},   [NOTHING] = {-1, 0, STATUS_TIMEOUT}};

static void serve_wrong(struct peer *peer, const struct peer_request *request)
{
    const int mode = atomic_load(&peer->mode);
    uint8_t frame[PEER_BYTES_MAX] = {0};
    struct peer_request other = *request;
    if (mode == FINE || request->unit != 1 || request->count == 1) {
        peer_answer(peer, request, THINK_US);
        return;
    }
    other.count = (uint16_t)(request->count + (mode == LONGER));
    size_t length = rig_bad_frame(peer, &other, frame);
    if (wrong[mode].at >= 0) {
        frame[wrong[mode].at] = (uint8_t)(frame[wrong[mode].at] + wrong[mode].add);
    }
    if (mode == TWICE) {
        memcpy(frame + length, frame, length);
        length *= 2;
    }
    length = mode == FLOOD ? sizeof frame : length - (mode == TRUNCATED ? 1 : 0);
    if (mode != NOTHING) {
        peer_send(peer, request->fd, request->at_us + THINK_US, mode == DRIBBLE ? 20000 : 0, frame, length);
    }
}

static void test_wrong_answers(void **state)
{
    (void)state;
    open_rig(2, serve_wrong);
    rig_start();
    for (int mode = TRANSACTION; mode < WRONG_END; mode++) {
        assert_true(rig_run_until_values(0, 1, 3000));
        const unsigned connections = atomic_load(&rig.peer.connections);
        const unsigned values = rig_values(1);
        atomic_store(&rig.peer.mode, mode);
        rig_run_ms(140);
        assert_true(rig_failures(0, wrong[mode].status) >= 1);
        assert_true(atomic_load(&rig.peer.connections) > connections);
        assert_true(rig_values(1) > values);
        atomic_store(&rig.peer.mode, FINE);
    }
    assert_true(rig_run_until_values(0, 1, 3000));
}

static void serve_late(struct peer *peer, const struct peer_request *request)
{
    peer_answer(peer, request, atomic_load(&peer->mode) == 0 ? THINK_US : (TIMEOUT_MS + 30) * 1000);
}

static void test_late_answers(void **state)
{
    (void)state;
    open_rig(2, serve_late);
    rig_start();
    assert_true(rig_run_until_values(1, 2, 1000));
    atomic_store(&rig.peer.mode, 1);
    rig_run_ms(600);
    assert_true(rig_failures(0, STATUS_TIMEOUT) >= 2);
    assert_false(rig_answering(0));
    atomic_store(&rig.peer.mode, 0);
    assert_true(rig_run_until_values(0, 2, 2000));
    assert_true(rig_run_until_values(1, 2, 2000));
}

static void test_unasked_bytes(void **state)
{
    (void)state;
    uint8_t frame[PEER_BYTES_MAX];
    const struct peer_request as_if = {.unit = 1, .function = 3, .count = RIG_REGISTERS};
    open_rig(1, serve_well);
    rig_start();
    for (unsigned i = 0; i < 4; i++) {
        assert_true(rig_run_until_values(0, 1, 1000));
        const size_t length = peer_frame(&rig.peer, &as_if, frame);
        memset(frame + 9, 0xEE, 2 * RIG_REGISTERS);
        peer_say(&rig.peer, frame, length);
    }
    assert_true(rig_run_until_values(0, 1, 1000));
    assert_int_equal(rig_failures(0, STATUS_UNASKED), 4);
    assert_int_equal(atomic_load(&rig.peer.connections), 5);
}

static void serve_or_drop(struct peer *peer, const struct peer_request *request)
{
    if (atomic_load(&peer->mode) == 0) {
        peer_answer(peer, request, THINK_US);
    } else {
        peer_hang_up(peer, request->fd, request->at_us, false);
    }
}

/* Nobody knows who is connected behind a gateway that dropped every connection for a while. */
static void test_after_silence_identities_come_first(void **state)
{
    (void)state;
    open_rig(8, serve_or_drop);
    rig.profile.identity_register = 200;
    rig.profile.identity_count = 2;
    for (uint16_t i = 0; i < 8; i++) {
        rig.monitors[i].urgent_vitals = UINT32_MAX;
    }
    rig_start();
    assert_true(rig_run_until_values(7, 2, 2000));
    atomic_store(&rig.peer.mode, 1);
    rig_run_ms(12000);
    rig_forget();
    atomic_store(&rig.peer.mode, 0);
    (void)rig_retry_ms(); /* it would wait for some seconds */
    rig_run_ms(300);
    assert_true(rig.count > 0);
    unsigned values_first = 0;
    for (uint16_t m = 0; m < 8; m++) {
        unsigned i = 0;
        while (i < rig.count && (rig.seen[i].bed != m || rig.seen[i].kind == OBSERVATION_HEARD)) {
            i++;
        }
        values_first += i < rig.count && rig.seen[i].kind != OBSERVATION_IDENTITY;
    }
    assert_int_equal(values_first, 0);
}

static void serve_nobody(struct peer *peer, const struct peer_request *request)
{
    peer_hang_up(peer, request->fd, request->at_us, false);
}

/* One that takes every connection and says nothing, as a switch with a dead monitor behind it does, is not stormed. */
static void test_taken_and_dropped(void **state)
{
    (void)state;
    open_rig(1, serve_nobody);
    rig_start();
    rig_run_ms(6500);
    assert_in_range(atomic_load(&rig.peer.connections), 3, 4); /* at 0, 1, 3 and maybe 6 s */
}

/* --- gateways ------------------------------------------------------------------------------------------------ */

static void serve_without_unit_1(struct peer *peer, const struct peer_request *request)
{
    const int mode = atomic_load(&peer->mode);
    if (request->unit != 1 || mode == 0) {
        peer_answer(peer, request, THINK_US);
    } else if (mode == 1) {
        peer_except(peer, request, 0x0B, 30000);
    } else if (mode == 3) {
        peer_hang_up(peer, request->fd, request->at_us, false);
    }
}

static void test_a_dead_unit_behind_a_gateway(void **state)
{
    (void)state;
    for (int mode = 1; mode <= 3; mode++) { /* says so; says nothing; hangs up */
        open_rig(3, serve_without_unit_1);
        rig_start();
        assert_true(rig_run_until_values(2, 1, 1000));
        atomic_store(&rig.peer.mode, mode);
        const unsigned asked = atomic_load(&rig.peer.requests[1]);
        rig_run_ms(INTERVAL_MS);
        rig_forget();
        rig_run_ms(400);
        assert_int_equal(rig_values(0), 0);
        assert_false(rig_answering(0));
        assert_true(rig_values(1) >= 4);
        assert_true(rig_values(2) >= 4);
        assert_in_range(atomic_load(&rig.peer.requests[1]) - asked, 1, 7);
        atomic_store(&rig.peer.mode, 0);
        assert_true(rig_run_until_values(0, 2, 3000));
        if (mode < 3) {
            rig_close();
        }
    }
}

/* --- connections that fail ----------------------------------------------------------------------------------- */

static void test_refused_and_back(void **state)
{
    (void)state;
    open_rig(2, serve_well); /* behind a gateway, which has more than one connection */
    rig_start();
    assert_true(rig_run_until_values(0, 1, 1000));
    peer_refuse(&rig.peer);
    rig_run_ms(100);
    assert_int_equal(atomic_load(&rig_health()->state), BUS_CLOSED);
    assert_int_equal(atomic_load(&rig_health()->last_error), STATUS_REFUSED);
    assert_false(rig_answering(0));
    static const unsigned waits_ms[] = {2000, 4000, 8000, 16000, 30000, 30000};
    (void)rig_retry_ms();
    for (unsigned i = 0; i < 6; i++) {
        assert_in_range(rig_retry_ms(), waits_ms[i] * 3 / 4 - 100, waits_ms[i] + 100);
        assert_int_equal(atomic_load(&rig_health()->last_errno), ECONNREFUSED);
    }
    peer_listen(&rig.peer);
    (void)rig_retry_ms();
    assert_true(rig_run_until_values(0, 1, 1000));
    assert_int_equal(atomic_load(&rig_health()->last_error), STATUS_OK);
}

static void test_a_name_is_no_address(void **state)
{
    (void)state;
    open_rig(1, serve_well);
    rig.config.host = "localhost";
    rig_start();
    assert_int_equal(atomic_load(&rig_health()->last_error), STATUS_INVALID);
    assert_int_equal(atomic_load(&rig_health()->state), BUS_CLOSED);
}

/* Hundreds of monitors, and a store and a broker: their numbers may go beyond what select could wait for. */
static void test_descriptors_beyond_select(void **state)
{
    (void)state;
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    const rlim_t usual = limit.rlim_cur;
    open_rig(1, serve_well);
    if (limit.rlim_max <= FD_SETSIZE + 8) {
        rig_start();
        return; /* cannot happen on this machine */
    }
    limit.rlim_cur = FD_SETSIZE + 8;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    static int taken[FD_SETSIZE];
    unsigned count = 0;
    while ((taken[count] = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0)) >= 0 && taken[count] < FD_SETSIZE - 1) {
        count++;
    }
    rig_start();
    const bool answered = rig_run_until_values(0, 2, 1000);
    for (unsigned i = 0; i <= count; i++) {
        (void)close(taken[i]);
    }
    limit.rlim_cur = usual;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_true(answered);
}

/* --- everything at once -------------------------------------------------------------------------------------- */

static void serve_anything(struct peer *peer, const struct peer_request *request)
{
    uint8_t frame[PEER_BYTES_MAX];
    if (atomic_load(&peer->mode) == 0 || chance(70)) {
        peer_answer(peer, request, THINK_US);
        return;
    }
    if (chance(10)) {
        peer_hang_up(peer, request->fd, request->at_us + (int64_t)draw(3000), chance(20));
        return;
    }
    if (chance(30)) { /* late, and otherwise perfect */
        peer_answer(peer, request, TIMEOUT_MS * 1000 + (int64_t)draw(100000));
        return;
    }
    const size_t length = rig_bad_frame(peer, request, frame);
    frame[draw(9)] ^= (uint8_t)(1 + draw(255));
    peer_send(peer, request->fd, request->at_us + (int64_t)draw(120000), chance(20) ? 3000 : 0, frame, length);
}

static void test_any_mixture(void **state)
{
    (void)state;
    open_rig(4, serve_anything);
    atomic_store(&rig.peer.mode, 1);
    rig_start();
    rig_run_ms(1500);
    atomic_store(&rig.peer.mode, 0);
    for (uint16_t i = 0; i < 4; i++) {
        assert_true(rig_run_until_values(i, 1, 9500));
    }
}

int main(void)
{
    if (emulated_is_too_busy()) {
        return 0;
    }
    draw_seed(20240617);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_a_bus_without_monitors_survives_noise, rig_tear_down),
        cmocka_unit_test_teardown(test_taken_and_dropped, rig_tear_down),
        cmocka_unit_test_teardown(test_after_silence_identities_come_first, rig_tear_down),
        cmocka_unit_test_teardown(test_units_take_turns_on_one_connection, rig_tear_down),
        cmocka_unit_test_teardown(test_an_answer_in_pieces, rig_tear_down),
        cmocka_unit_test_teardown(test_a_server_that_closes_after_each_answer, rig_tear_down),
        cmocka_unit_test_teardown(test_each_request_over_its_own_connection, rig_tear_down),
        cmocka_unit_test_teardown(test_a_server_that_resets_after_each_answer, rig_tear_down),
        cmocka_unit_test_teardown(test_hanging_up_after_each_turn, rig_tear_down),
        cmocka_unit_test_teardown(test_a_server_with_one_connection, rig_tear_down),
        cmocka_unit_test_teardown(test_no_way_yet, rig_tear_down),
        cmocka_unit_test_teardown(test_wrong_answers, rig_tear_down),
        cmocka_unit_test_teardown(test_late_answers, rig_tear_down),
        cmocka_unit_test_teardown(test_unasked_bytes, rig_tear_down),
        cmocka_unit_test_teardown(test_a_dead_unit_behind_a_gateway, rig_tear_down),
        cmocka_unit_test_teardown(test_refused_and_back, rig_tear_down),
        cmocka_unit_test_teardown(test_a_name_is_no_address, rig_tear_down),
        cmocka_unit_test_teardown(test_descriptors_beyond_select, rig_tear_down),
        cmocka_unit_test_teardown(test_any_mixture, rig_tear_down),
    };
    return cmocka_run_group_tests_name("modbus tcp", tests, NULL, NULL);
}
