/* The Modbus driver on a serial line that hums, on which others talk, with monitors that are gone, and with a cable that
 * is pulled out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "drivers/monitor/modbus/modbus_bus.h"
#include "hal/clock.h"
#include "tests/unit/support/draw.h"
#include "tests/unit/support/emulated.h"
#include "tests/unit/support/modbus_rig.h"

#define BAUD        57600
#define GAP_US      1750
#define INTERVAL_MS 60
#define TIMEOUT_MS  90
#define THINK_US    3000

static void serve_well(struct peer *peer, const struct peer_request *request)
{
    peer_answer(peer, request, THINK_US);
}

static void open_rig(uint16_t monitors, void (*serve)(struct peer *peer, const struct peer_request *request))
{
    rig_open(BAUD, monitors, INTERVAL_MS, TIMEOUT_MS, serve);
}

/* --- noise --------------------------------------------------------------------------------------------------- */

static void test_noise_between_polls(void **state)
{
    (void)state;
    static const uint8_t noise[] = {0x00, 0xFF, 0x01, 0x03, 0x18};
    open_rig(2, serve_well);
    rig_start();
    for (unsigned i = 0; i < 12; i++) {
        rig_run_ms(25 + (unsigned)draw(30));
        peer_say(&rig.peer, noise, 1 + draw(sizeof noise));
    }
    assert_true(rig_failures(0, STATUS_UNASKED) + rig_failures(1, STATUS_UNASKED) >= 1);
    assert_true(rig_run_until_values(0, 3, 3000));
    assert_true(rig_run_until_values(1, 3, 3000));
    assert_true(atomic_load(&rig_health()->gap_us_min) >= GAP_US);
}

/* A whole good-looking frame that nobody asked for is noise, too. */
static void test_an_unasked_frame(void **state)
{
    (void)state;
    uint8_t frame[PEER_BYTES_MAX];
    const struct peer_request as_if = {.unit = 1, .function = 3, .count = RIG_REGISTERS};
    rig_open(BAUD, 1, 200, TIMEOUT_MS, serve_well); /* time enough before the next turn, on a busy machine too */
    rig_start();
    for (unsigned i = 0; i < 5; i++) {
        assert_true(rig_run_until_values(0, 1, 1000));
        size_t length = peer_frame(&rig.peer, &as_if, frame);
        memset(frame + 3, 0xEE, 2 * RIG_REGISTERS);
        peer_seal(&rig.peer, frame, length);
        peer_say(&rig.peer, frame, length);
    }
    assert_true(rig_failures(0, STATUS_UNASKED) >= 3);
    assert_true(atomic_load(&rig_health()->unasked) >= 3 * (2 * RIG_REGISTERS + 5));
    assert_int_equal(atomic_load(&rig_health()->foreign), 0);
}

/* --- the adapter --------------------------------------------------------------------------------------------- */

static void serve_later_each_time(struct peer *peer, const struct peer_request *request)
{
    static const int64_t think_us[] = {40000, 15000, 25000};
    peer_answer(peer, request, GAP_US + (atomic_load(&peer->mode) != 0 ? 30000 : think_us[(request->number - 1) % 3]));
}

static void test_the_adapter_is_learnt(void **state)
{
    (void)state;
    open_rig(1, serve_later_each_time);
    rig_start();
    assert_int_equal(atomic_load(&rig_health()->adapter_us), 0);
    assert_true(rig_run_until_values(0, 1, 1000));
    const unsigned first_us = atomic_load(&rig_health()->adapter_us);
    if (rig_was_stalled()) {
        skip();
    }
    assert_in_range(first_us, 40000, 70000);
    assert_true(rig_run_until_values(0, 1, 1000));
    const unsigned least_us = atomic_load(&rig_health()->adapter_us);
    assert_in_range(least_us, 15000, first_us - 1);
    assert_true(rig_run_until_values(0, 2, 1000)); /* the least there was */
    assert_in_range(atomic_load(&rig_health()->adapter_us), 15000, least_us);
    peer_unplug(&rig.peer);
    rig_run_ms(150);
    peer_plug(&rig.peer);
    (void)rig_retry_ms();
    assert_int_equal(atomic_load(&rig_health()->adapter_us), 0); /* another one */
    atomic_store(&rig.peer.mode, 1);
    assert_true(rig_run_until_values(0, 2, 2000));
    assert_in_range(atomic_load(&rig_health()->adapter_us), 30000, rig_was_stalled() ? UINT32_MAX : 60000);
}

/* It hands bytes on in portions, 45 ms apart: that is no silence. */
static void serve_in_portions(struct peer *peer, const struct peer_request *request)
{
    uint8_t frame[PEER_BYTES_MAX];
    const size_t length = peer_frame(peer, request, frame);
    const size_t half = length / 2;
    const int64_t at_us = request->out_us + 60000;
    peer_send(peer, request->fd, at_us, 1, frame, half);
    peer_send(peer, request->fd, at_us + (atomic_load(&peer->mode) != 0 ? 45000 : 1000), 1, frame + half,
              length - half);
}

static void test_a_slow_adapter_is_given_time(void **state)
{
    (void)state;
    rig_open(BAUD, 1, 250, 300, serve_in_portions);
    rig_start();
    assert_true(rig_run_until_values(0, 2, 2000));
    assert_true(atomic_load(&rig_health()->adapter_us) >= 50000);
    atomic_store(&rig.peer.mode, 1);
    assert_true(rig_run_until_values(0, 3, 1000));
    assert_int_equal(rig_failures(0, STATUS_SHORT_FRAME), 0);
}

static void test_an_adapter_without_rs485(void **state)
{
    (void)state;
    open_rig(1, serve_well);
    rig.config.rs485 = true;
    rig_start();
    assert_true(rig_run_until_values(0, 1, 1000)); /* it may turn the line round by itself */
    assert_true(atomic_load(&rig_health()->rs485_missing));
}

/* The perfect answer, begun while the request is still on its way and ended behind it: it cannot be its answer. */
static void serve_across_the_request(struct peer *peer, const struct peer_request *request)
{
    uint8_t frame[PEER_BYTES_MAX];
    const size_t length = peer_frame(peer, request, frame);
    memset(frame + 3, 0xEE, 2U * request->count);
    peer_seal(peer, frame, length);
    peer_send(peer, request->fd, request->at_us, 0, frame, length);
}

static void test_an_answer_begun_before_its_request_was_out(void **state)
{
    (void)state;
    rig_open(4800, 1, 200, 300, serve_across_the_request);
    rig_start();
    for (unsigned i = 1; i <= 3; i++) {
        while (rig.bus->step == STEP_SENDING) {
            rig_step(); /* until it gives up */
        }
        while (rig.bus->step != STEP_SENDING) {
            rig_step();
        }
        for (size_t held = 0; held < 5;) { /* as much as a probe's answer, or more */
            assert_int_equal(link_receive(&rig.bus->link, &held), STATUS_OK);
        }
        /* A busy machine looks so late that the bytes might have come in time: for this one it is early. */
        rig.bus->ask.out_us = clock_boot_us() + 200000;
        rig.bus->deadline_us = clock_boot_us();
        rig_step();
        assert_int_equal(rig_failures(0, STATUS_TOO_SOON), i);
    }
    rig_step();
    assert_int_equal(rig_count(0, OBSERVATION_VALUE), 0); /* the rig knows them for bad ones */
    assert_true(atomic_load(&rig_health()->unasked) >= 15);
}

/* Somebody else asks a monitor of his, which answers him, between our turns. */
static void test_a_second_master(void **state)
{
    (void)state;
    uint8_t talk[64] = {0x11, 0x03, 0x00, 0x6B, 0x00, 0x03, 0x76, 0x87, 0x11, 0x03, 0x02, 0xEE, 0xEE};
    frame_seal(talk + FRAME_REQUEST, 5);
    rig_open(BAUD, 1, 150, TIMEOUT_MS, serve_well);
    rig_start();
    assert_true(rig_run_until_values(0, 1, 1000));
    assert_int_equal(atomic_load(&rig_health()->foreign), 0);
    for (unsigned i = 1; i <= 3; i++) {
        rig_run_ms(10);
        peer_say(&rig.peer, talk, FRAME_REQUEST + 7);
        assert_true(rig_run_until_values(0, 1, 1000)); /* in spite of it */
        assert_int_equal(atomic_load(&rig_health()->foreign), i);
        assert_int_equal(atomic_load(&rig_health()->unasked), i * (FRAME_REQUEST + 7));
        assert_int_equal(rig_failures(0, STATUS_UNASKED), i);
    }
}

/* An adapter that hears itself: its echo is no answer and nobody's request. */
static void serve_with_echo(struct peer *peer, const struct peer_request *request)
{
    uint8_t echo[FRAME_REQUEST] = {request->unit,
                                   request->function,
                                   (uint8_t)(request->first >> 8),
                                   (uint8_t)request->first,
                                   (uint8_t)(request->count >> 8),
                                   (uint8_t)request->count};
    frame_seal(echo, sizeof echo - 2);
    peer_send(peer, request->fd, request->at_us, 1, echo, sizeof echo);
    peer_answer(peer, request, THINK_US);
}

static void test_an_adapter_that_hears_itself(void **state)
{
    (void)state;
    rig_open(4800, 1, 200, 300, serve_with_echo);
    rig_start();
    assert_true(rig_run_until_values(0, 3, 3000));
    assert_int_equal(atomic_load(&rig_health()->foreign), 0);
}

static void test_a_humming_line_does_not_wedge(void **state)
{
    (void)state;
    static uint8_t hum[PEER_BYTES_MAX];
    memset(hum, 0xAA, sizeof hum);
    open_rig(2, serve_well);
    rig_start();
    assert_true(rig_run_until_values(1, 1, 1000));
    const unsigned wakes = rig.wakes;
    for (unsigned i = 0; i < 5; i++) {
        peer_say(&rig.peer, hum, sizeof hum); /* 115 ms */
        rig_run_ms(100);
    }
    assert_true(rig.wakes - wakes < 2000);
    assert_true(rig_failures(0, STATUS_UNASKED) > 0 && rig_failures(1, STATUS_UNASKED) > 0); /* each in its turn */
    assert_true(rig_run_until_values(0, 1, 2000));
    assert_true(rig_run_until_values(1, 1, 1000));
}

/* --- monitors and lines that are gone ------------------------------------------------------------------------ */

static void serve_but_one(struct peer *peer, const struct peer_request *request)
{
    if (request->unit != 2 || atomic_load(&peer->mode) != 0) {
        peer_answer(peer, request, THINK_US);
    }
}

static void test_a_dead_monitor_costs_little(void **state)
{
    (void)state;
    open_rig(4, serve_but_one);
    rig_start();
    for (uint16_t i = 0; i < 4; i++) {
        assert_true(i == 1 || rig_values(i) >= 60 || rig_run_until_values(i, 60 - rig_values(i), 9500));
    }
    assert_in_range(atomic_load(&rig.peer.requests[2]), 2, 9); /* ever more rarely, while the others have 60 turns */
    assert_false(rig_answering(1));
    assert_int_equal(rig_values(1), 0);
    atomic_store(&rig.peer.mode, 1);
    assert_true(rig_run_until_values(1, 3, 4000)); /* at full rate again */
    assert_true(atomic_load(&rig_health()->gap_us_min) >= GAP_US);
    assert_true(atomic_load(&rig.peer.gap_us_min) >= GAP_US);
}

static void serve_two(struct peer *peer, const struct peer_request *request)
{
    if (request->unit >= 7) {
        peer_answer(peer, request, THINK_US);
    }
}

static void serve_none_in_mode_1(struct peer *peer, const struct peer_request *request)
{
    if (atomic_load(&peer->mode) == 0) {
        peer_answer(peer, request, THINK_US);
    }
}

/* A byte every 5 ms: less of a pause than adapters make, but anew for each byte. */
static void serve_dribbling_one(struct peer *peer, const struct peer_request *request)
{
    uint8_t frame[PEER_BYTES_MAX];
    const size_t length = peer_frame(peer, request, frame);
    const bool dribbles = request->unit == 1 && atomic_load(&peer->mode) != 0;
    peer_send(peer, request->fd, request->out_us + THINK_US, dribbles ? 5000 : 0, frame, length);
}

/* It is given up soon, the rest of its answer ruins nobody else's, and that it answers probes, which are short, does not
 * bring it back again and again. */
static void test_a_dribbler_costs_little(void **state)
{
    (void)state;
    rig_open(BAUD, 3, 200, TIMEOUT_MS, serve_dribbling_one);
    rig.config.timeout_ms = 500;
    rig_start();
    for (uint16_t i = 0; i < 3; i++) {
        assert_true(rig_run_until_values(i, 1, 2000));
    }
    atomic_store(&rig.peer.mode, 1);
    assert_true(rig_run_until_failure(0, STATUS_TOO_SLOW, 0, 1000));
    assert_true(clock_boot_us() - rig.bus->straggler.from_us < 100000 || rig_was_stalled()); /* of 150 ms, of 500 */
    assert_false(rig_answering(0));
    rig_run_ms(1000); /* it is found out */
    rig_forget();
    rig_run_ms(4000);
    if (rig_was_stalled()) {
        skip();
    }
    for (uint16_t i = 1; i < 3; i++) {
        assert_in_range(rig_values(i), 19, 22);
        for (unsigned status = 0; status < STATUS_COUNT; status++) {
            assert_true(status == STATUS_UNASKED || rig_failures(i, (enum status)status) == 0);
        }
    }
    assert_in_range(rig_failures(0, STATUS_TOO_SLOW), 1, 6);
    atomic_store(&rig.peer.mode, 0);
    assert_true(rig_run_until_values(0, 5, 4000)); /* at full rate again */
}

/* The machine stood still while a monitor was asked: that is not held against monitors that do not answer. */
static void test_a_stall_costs_no_probes(void **state)
{
    (void)state;
    open_rig(2, serve_none_in_mode_1);
    rig_start();
    assert_true(rig_run_until_values(1, 2, 2000));
    atomic_store(&rig.peer.mode, 1);
    const unsigned asked = atomic_load(&rig.peer.newest);
    while (atomic_load(&rig.peer.newest) == asked) {
        rig_run_ms(1);
    }
    (void)usleep(999999);
    rig_run_ms(1);
    assert_true(rig.bus->plan.spare_us < clock_boot_us() + 5000000);
}

/* Most beds of a line are empty: whoever is due goes before the next probe. */
static void test_many_dead_monitors(void **state)
{
    (void)state;
    open_rig(8, serve_two);
    rig_start();
    rig_run_ms(1000); /* each of the six was asked in vain, and probed */
    rig_forget();
    assert_true(rig_run_until_values(6, 5, 2500));
    assert_true(rig_values(7) >= 5 || rig_run_until_values(7, 5 - rig_values(7), 1000));
    for (unsigned unit = 1; unit <= 6; unit++) {
        for (unsigned i = 0; i < 100 && atomic_load(&rig.peer.requests[unit]) < 2; i++) {
            rig_run_ms(50);
        }
        assert_true(atomic_load(&rig.peer.requests[unit]) >= 2);
    }
}

static void test_unplugged_and_plugged_in_again(void **state)
{
    (void)state;
    open_rig(2, serve_well);
    rig_start();
    assert_true(rig_run_until_values(1, 2, 1000));
    peer_unplug(&rig.peer);
    rig_run_ms(150);
    assert_int_equal(atomic_load(&rig_health()->state), BUS_CLOSED);
    assert_int_not_equal(atomic_load(&rig_health()->last_error), STATUS_OK);
    assert_false(rig_answering(0));
    peer_plug(&rig.peer);
    (void)rig_retry_ms();
    assert_true(rig_run_until_values(0, 2, 2000));
    assert_int_equal(atomic_load(&rig_health()->state), BUS_OPEN);
    assert_int_equal(atomic_load(&rig_health()->last_error), STATUS_OK);
    assert_int_equal(atomic_load(&rig_health()->opened), 2);
}

static void test_missing_at_the_start(void **state)
{
    (void)state;
    open_rig(1, serve_well);
    peer_unplug(&rig.peer);
    rig_start();
    assert_int_equal(atomic_load(&rig_health()->last_error), STATUS_NOT_FOUND);
    assert_int_equal(atomic_load(&rig_health()->last_errno), ENOENT);
    static const unsigned waits_ms[] = {1000, 2000, 4000, 5000, 5000};
    for (unsigned i = 0; i < 5; i++) {
        assert_in_range(rig_retry_ms(), waits_ms[i] - 100, waits_ms[i] + 100);
    }
    peer_plug(&rig.peer);
    (void)rig_retry_ms();
    assert_true(rig_run_until_values(0, 1, 2000));
}

static void test_a_line_in_use_is_left_alone(void **state)
{
    (void)state;
    open_rig(1, serve_well);
    const int other = open(rig.peer.device, O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_int_equal(flock(other, LOCK_EX | LOCK_NB), 0);
    rig_start();
    assert_int_equal(atomic_load(&rig_health()->last_error), STATUS_BUSY);
    (void)close(other);
    (void)rig_retry_ms();
    assert_true(rig_run_until_values(0, 1, 2000));
}

int main(void)
{
    if (emulated_is_too_busy()) {
        return 0;
    }
    draw_seed(20240619);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_noise_between_polls, rig_tear_down),
        cmocka_unit_test_teardown(test_an_unasked_frame, rig_tear_down),
        cmocka_unit_test_teardown(test_an_answer_begun_before_its_request_was_out, rig_tear_down),
        cmocka_unit_test_teardown(test_a_second_master, rig_tear_down),
        cmocka_unit_test_teardown(test_an_adapter_that_hears_itself, rig_tear_down),
        cmocka_unit_test_teardown(test_the_adapter_is_learnt, rig_tear_down),
        cmocka_unit_test_teardown(test_a_slow_adapter_is_given_time, rig_tear_down),
        cmocka_unit_test_teardown(test_an_adapter_without_rs485, rig_tear_down),
        cmocka_unit_test_teardown(test_a_humming_line_does_not_wedge, rig_tear_down),
        cmocka_unit_test_teardown(test_a_dead_monitor_costs_little, rig_tear_down),
        cmocka_unit_test_teardown(test_a_dribbler_costs_little, rig_tear_down),
        cmocka_unit_test_teardown(test_a_stall_costs_no_probes, rig_tear_down),
        cmocka_unit_test_teardown(test_many_dead_monitors, rig_tear_down),
        cmocka_unit_test_teardown(test_unplugged_and_plugged_in_again, rig_tear_down),
        cmocka_unit_test_teardown(test_missing_at_the_start, rig_tear_down),
        cmocka_unit_test_teardown(test_a_line_in_use_is_left_alone, rig_tear_down),
    };
    return cmocka_run_group_tests_name("modbus line", tests, NULL, NULL);
}
