/* The Modbus driver on a line behind a converter (RTU over TCP): the rules of a line, over a connection that stays;
 * what comes late is never believed, not even over another connection. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "drivers/monitor/modbus/modbus_bus.h"
#include "hal/clock.h"
#include "tests/unit/support/draw.h"
#include "tests/unit/support/emulated.h"
#include "tests/unit/support/modbus_rig.h"

#define BAUD        57600
#define INTERVAL_MS 60
#define TIMEOUT_MS  90
#define THINK_US    3000
#define FOREIGN     20
#define FOREIGN_US  150000
#define GUARD_US    4011 /* where nobody said how fast the line is */

static void serve_well(struct peer *peer, const struct peer_request *request)
{
    peer_answer(peer, request, THINK_US);
}

static void open_rig(uint16_t monitors, void (*serve)(struct peer *peer, const struct peer_request *request))
{
    rig_open_converter(BAUD, monitors, INTERVAL_MS, TIMEOUT_MS, serve);
}

/* --- good lines ---------------------------------------------------------------------------------------------- */

static void assert_good_line(int64_t gap_us, unsigned wakes)
{
    rig_run_ms(600);
    if (rig_was_stalled()) {
        skip();
    }
    for (uint16_t i = 0; i < 4; i++) {
        assert_in_range(rig_values(i), 7, 11);
        assert_true(rig_answering(i));
        for (unsigned status = 0; status < STATUS_COUNT; status++) {
            assert_int_equal(rig_failures(i, (enum status)status), 0);
        }
    }
    assert_int_equal(atomic_load(&rig.peer.connections), 1);
    assert_int_equal(atomic_load(&rig_health()->state), BUS_OPEN);
    assert_in_range(atomic_load(&rig_health()->gap_us_min), gap_us, gap_us + 3000);
    assert_true(atomic_load(&rig.peer.gap_us_min) >= gap_us);
    assert_in_range(atomic_load(&rig_health()->adapter_us), 1, 10000);
    assert_true(rig.wakes < wakes * atomic_load(&rig_health()->requests));
}

static void test_monitors_take_turns_on_one_connection(void **state)
{
    (void)state;
    open_rig(4, serve_well);
    assert_false(rig.driver->own_thread);
    rig_start();
    assert_good_line(RIG_GAP_US, 8);
}

static void test_a_line_of_unknown_speed(void **state)
{
    (void)state;
    open_rig(4, serve_well);
    rig.config.baud = 0;
    rig_start();
    assert_good_line(GUARD_US, 20); /* how long an answer takes cannot be told */
}

static void serve_in_pieces(struct peer *peer, const struct peer_request *request)
{
    uint8_t frame[PEER_BYTES_MAX];
    peer_send(peer, request->fd, request->out_us + THINK_US, 700, frame, peer_frame(peer, request, frame));
}

static void test_an_answer_in_pieces(void **state)
{
    (void)state;
    open_rig(1, serve_in_pieces);
    rig_start();
    assert_true(rig_run_until_values(0, 4, 2000));
    assert_int_equal(rig_failures(0, STATUS_SHORT_FRAME), 0);
}

/* --- answers that are none ----------------------------------------------------------------------------------- */

static void serve_late(struct peer *peer, const struct peer_request *request)
{
    if (request->unit == 1 && atomic_load(&peer->mode) != 0) {
        rig_answer_in_turn(peer, request, (TIMEOUT_MS + 60 + request->number * 77 % 400) * INT64_C(1000));
    } else {
        rig_answer_in_turn(peer, request, THINK_US);
    }
}

static void test_late_answers(void **state)
{
    (void)state;
    open_rig(2, serve_late);
    rig_start();
    assert_true(rig_run_until_values(0, 1, 1000));
    atomic_store(&rig.peer.mode, 1);
    rig_run_ms(2500);
    assert_true(rig_failures(0, STATUS_TIMEOUT) >= 2);
    assert_false(rig_answering(0));
    assert_true(rig_values(1) >= 6);
    atomic_store(&rig.peer.mode, 0);
    assert_true(rig_run_until_values(0, 3, 4000));
    assert_int_equal(atomic_load(&rig.peer.connections), 1); /* nobody loses a turn over it */
}

/* The converter restarts while a monitor thinks, and gives what it says to the new connection: before the answer to what
 * was asked over that one. */
static void serve_over_the_next_connection(struct peer *peer, const struct peer_request *request)
{
    static struct peer_request first;
    uint8_t frame[PEER_BYTES_MAX];
    if (request->number == 1) {
        first = *request;
        peer_hang_up(peer, request->fd, request->out_us, false);
        return;
    }
    int64_t begin_us = request->out_us + THINK_US;
    if (request->number == 2) {
        const size_t length = peer_frame(peer, &first, frame);
        peer_send(peer, request->fd, begin_us, 0, frame, length);
        begin_us += (int64_t)length * peer->char_ns / 1000;
    }
    peer_send(peer, request->fd, begin_us, 0, frame, peer_frame(peer, request, frame));
}

static void test_a_late_answer_over_a_new_connection(void **state)
{
    (void)state;
    open_rig(1, serve_over_the_next_connection);
    rig_start();
    for (unsigned i = 0; i < 200 && atomic_load(&rig_health()->state) != BUS_CLOSED; i++) {
        rig_run_ms(5);
    }
    (void)rig_retry_ms();
    assert_true(rig_run_until_values(0, 2, 2000));
    assert_int_equal(atomic_load(&rig.peer.connections), 2);
    assert_int_equal(rig_failures(0, STATUS_WRONG_LENGTH), 1);
    assert_int_equal(rig_newest(0), 4);
}

enum { FINE, TRUNCATED, BAD_CRC, WRONG_FUNCTION, LONGER, SHORTER, WRONG_UNIT, FLOOD, DRIBBLE, NOTHING, DAMAGE_END };

/* What all of monitor 1's answers are like. */
static void serve_damaged(struct peer *peer, const struct peer_request *request)
{
    uint8_t frame[PEER_BYTES_MAX];
    struct peer_request other = *request;
    const int mode = request->unit == 1 ? atomic_load(&peer->mode) : FINE;
    other.count = (uint16_t)(request->count + (mode == LONGER    ? 3
                                               : mode == SHORTER ? (request->count > 1 ? -1 : 1)
                                                                 : 0));
    other.function = mode == WRONG_FUNCTION ? 4 : request->function;
    other.unit = (uint8_t)(request->unit + (mode == WRONG_UNIT ? 70 : 0));
    size_t length = mode == FINE ? peer_frame(peer, &other, frame) : rig_bad_frame(peer, &other, frame);
    if (mode == BAD_CRC) {
        frame[length - 1] ^= 0x10;
    } else if (mode == FLOOD) {
        memset(frame, 0xA5, PEER_BYTES_MAX);
        length = PEER_BYTES_MAX;
    }
    length -= mode == TRUNCATED ? 4 : 0;
    if (mode != NOTHING) {
        peer_send(peer, request->fd, request->out_us + THINK_US, mode == DRIBBLE ? 15000 : 0, frame, length);
    }
}

static void test_damaged_answers(void **state)
{
    (void)state;
    static const enum status counted[DAMAGE_END] = {
        [TRUNCATED] = STATUS_SHORT_FRAME, [BAD_CRC] = STATUS_BAD_CHECKSUM, [WRONG_FUNCTION] = STATUS_WRONG_FUNCTION,
        [LONGER] = STATUS_WRONG_LENGTH,   [SHORTER] = STATUS_WRONG_LENGTH, [WRONG_UNIT] = STATUS_WRONG_ADDRESS,
        [FLOOD] = STATUS_BAD_CHECKSUM,    [DRIBBLE] = STATUS_TOO_SLOW,     [NOTHING] = STATUS_TIMEOUT};
    open_rig(2, serve_damaged);
    rig_start();
    for (int mode = TRUNCATED; mode < DAMAGE_END; mode++) {
        assert_true(rig_run_until_values(0, 1, 3000));
        const unsigned before = rig_failures(0, counted[mode]);
        rig_forget();
        atomic_store(&rig.peer.mode, mode);
        assert_true(rig_run_until_failure(0, counted[mode], before, 9500));
        for (unsigned i = 0; i < 100 && rig_answering(0); i++) {
            rig_run_ms(10); /* what is not the answer is passed over: it may still come */
        }
        assert_false(rig_answering(0));
        if (mode != DRIBBLE && mode != FLOOD) { /* which run into the others' answers */
            assert_true(rig_run_until_values(1, 2, 3000));
        }
        atomic_store(&rig.peer.mode, FINE);
    }
    assert_true(rig_run_until_values(0, 1, 3000));
    assert_int_equal(atomic_load(&rig.peer.connections), 1);
}

static void test_half_an_answer_is_not_left_to_the_next(void **state)
{
    (void)state;
    open_rig(2, serve_damaged);
    atomic_store(&rig.peer.mode, TRUNCATED);
    rig_start();
    rig_run_ms(2500);
    assert_true(rig_failures(0, STATUS_SHORT_FRAME) >= 2);
    assert_int_equal(rig_failures(0, STATUS_UNASKED) + rig_failures(1, STATUS_UNASKED), 0);
    assert_true(rig_values(1) >= 4);
}

static void test_unasked_frames(void **state)
{
    (void)state;
    uint8_t frame[PEER_BYTES_MAX];
    const struct peer_request as_if = {.unit = 1, .function = 3, .count = RIG_REGISTERS};
    open_rig(1, serve_well);
    rig_start();
    unsigned bytes = 0;
    for (unsigned i = 0; i < 4; i++) {
        assert_true(rig_run_until_values(0, 1, 1000));
        const size_t length = peer_frame(&rig.peer, &as_if, frame);
        memset(frame + 3, 0xEE, 2 * RIG_REGISTERS);
        peer_seal(&rig.peer, frame, length);
        peer_say(&rig.peer, frame, length);
        bytes += (unsigned)length;
        rig_run_ms(20); /* all of it, before the next turn */
    }
    assert_true(rig_run_until_values(0, 1, 1000));
    assert_int_equal(rig_failures(0, STATUS_UNASKED), 4);
    assert_int_equal(atomic_load(&rig_health()->unasked), bytes);
    assert_int_equal(atomic_load(&rig.peer.connections), 1);
}

/* Sound frames of others may come as fast as they are looked at: the exchange ends in time all the same, for the bus's
 * runner has other buses, too. */
static void serve_others_frames(struct peer *peer, const struct peer_request *request)
{
    uint8_t frames[FOREIGN * 5];
    const struct peer_request other = {.unit = 99, .function = 3};
    for (size_t at = 0; at < sizeof frames; at += 5) {
        (void)peer_except_frame(peer, &other, 2, frames + at);
    }
    peer_send(peer, request->fd, request->out_us + FOREIGN_US, 1, frames, sizeof frames);
}

static void test_others_frames_do_not_hold_the_runner(void **state)
{
    (void)state;
    open_rig(1, serve_others_frames);
    rig.config.timeout_ms = 5000;
    rig_start();
    while (rig.bus->step != STEP_SENDING) {
        rig_run_ms(1);
    }
    (void)usleep(2 * FOREIGN_US); /* they are all there */
    rig.bus->ask.give_up_us = clock_boot_us();
    rig.driver->on_ready(rig.bus, clock_boot_us(), &rig.sink);
    assert_in_range(rig_failures(0, STATUS_WRONG_ADDRESS), 1, FOREIGN / 2);
    assert_int_equal(rig_failures(0, STATUS_TIMEOUT), 1);
}

/* --- exceptions ---------------------------------------------------------------------------------------------- */

static void serve_exception_to_unit_1(struct peer *peer, const struct peer_request *request)
{
    if (request->unit == 1 && atomic_load(&peer->mode) != 0) {
        peer_except(peer, request, (uint8_t)atomic_load(&peer->mode), THINK_US);
    } else {
        peer_answer(peer, request, THINK_US);
    }
}

static void test_an_exception_is_taken_as_soon_as_it_is_there(void **state)
{
    (void)state;
    open_rig(2, serve_exception_to_unit_1);
    atomic_store(&rig.peer.mode, 4);
    rig_start();
    rig_run_ms(400);
    assert_true(rig_failures(0, STATUS_EXCEPTION) >= 5);
    assert_true(rig_answering(0));
    assert_true(rig_values(1) >= 5);
    assert_true(atomic_load(&rig_health()->busy_us) <
                300000); /* it waits for no silence: the frame says how long it is */
}

/* --- connections that fail ----------------------------------------------------------------------------------- */

static void test_refused_and_back(void **state)
{
    (void)state;
    open_rig(2, serve_well);
    rig_start();
    assert_true(rig_run_until_values(1, 1, 1000));
    peer_refuse(&rig.peer);
    rig_run_ms(150);
    assert_int_equal(atomic_load(&rig_health()->state), BUS_CLOSED);
    assert_int_equal(atomic_load(&rig_health()->last_error), STATUS_RESET);
    assert_false(rig_answering(0));
    (void)rig_retry_ms();
    assert_int_equal(atomic_load(&rig_health()->last_errno), ECONNREFUSED);
    peer_listen(&rig.peer);
    (void)rig_retry_ms();
    assert_true(rig_run_until_values(0, 1, 1000));
    assert_true(rig_run_until_values(1, 1, 1000));
}

/* A converter that lost its power ends no connection: after a long silence a new one is tried, and only then. */
static void serve_while_on(struct peer *peer, const struct peer_request *request)
{
    if (atomic_load(&peer->mode) == 0) {
        peer_answer(peer, request, THINK_US);
    }
}

static void test_a_connection_that_is_dead(void **state)
{
    (void)state;
    open_rig(2, serve_while_on);
    rig_start();
    assert_true(rig_run_until_values(1, 1, 1000));
    atomic_store(&rig.peer.mode, 1);
    rig_run_ms(1000);
    assert_int_equal(atomic_load(&rig.peer.connections), 1);
    rig.bus->sound_us -= POLLER_SILENT_MS * INT64_C(1000);
    for (unsigned i = 0; i < 30 && atomic_load(&rig.peer.connections) == 1; i++) {
        rig_run_ms(100);
    }
    rig_run_ms(1000);
    assert_int_equal(atomic_load(&rig.peer.connections), 2);
    atomic_store(&rig.peer.mode, 0);
    assert_true(rig_run_until_values(0, 1, 9500));
}

/* --- everything at once -------------------------------------------------------------------------------------- */

static void serve_anything(struct peer *peer, const struct peer_request *request)
{
    uint8_t frame[PEER_BYTES_MAX];
    struct peer_request other = *request;
    if (atomic_load(&peer->mode) == 0 || chance(60)) {
        rig_answer_in_turn(peer, request, THINK_US);
        return;
    }
    if (chance(10)) {
        peer_hang_up(peer, request->fd, request->at_us + (int64_t)draw(3000), chance(20));
        return;
    }
    if (chance(40)) { /* late, and otherwise perfect */
        rig_answer_in_turn(peer, request, TIMEOUT_MS * 1000 + 20000 + (int64_t)draw(300000));
        return;
    }
    other.unit = (uint8_t)(chance(70) ? request->unit : 11 + draw(4));
    other.count = (uint16_t)(1 + draw(20));
    size_t length = rig_bad_frame(peer, &other, frame);
    if (other.unit == request->unit) {
        frame[draw(length)] ^= (uint8_t)(1 + draw(255));
    }
    length -= chance(30) ? draw(length) : 0;
    peer_send(peer, request->fd, request->out_us + (int64_t)draw(100000), chance(20) ? 5000 : 0, frame, length);
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
    draw_seed(20240621);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_monitors_take_turns_on_one_connection, rig_tear_down),
        cmocka_unit_test_teardown(test_a_line_of_unknown_speed, rig_tear_down),
        cmocka_unit_test_teardown(test_an_answer_in_pieces, rig_tear_down),
        cmocka_unit_test_teardown(test_late_answers, rig_tear_down),
        cmocka_unit_test_teardown(test_a_late_answer_over_a_new_connection, rig_tear_down),
        cmocka_unit_test_teardown(test_damaged_answers, rig_tear_down),
        cmocka_unit_test_teardown(test_half_an_answer_is_not_left_to_the_next, rig_tear_down),
        cmocka_unit_test_teardown(test_unasked_frames, rig_tear_down),
        cmocka_unit_test_teardown(test_others_frames_do_not_hold_the_runner, rig_tear_down),
        cmocka_unit_test_teardown(test_an_exception_is_taken_as_soon_as_it_is_there, rig_tear_down),
        cmocka_unit_test_teardown(test_refused_and_back, rig_tear_down),
        cmocka_unit_test_teardown(test_a_connection_that_is_dead, rig_tear_down),
        cmocka_unit_test_teardown(test_any_mixture, rig_tear_down),
    };
    return cmocka_run_group_tests_name("modbus converter", tests, NULL, NULL);
}
