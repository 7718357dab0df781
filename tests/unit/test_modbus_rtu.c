/* The Modbus driver on a serial line whose monitors answer late, early, damaged, in another's name: no wrong value
 * is ever believed, neighbours go on, and the line is silent for 3.5 characters before every request. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "hal/clock.h"
#include "tests/unit/support/draw.h"
#include "tests/unit/support/emulated.h"
#include "tests/unit/support/modbus_rig.h"

#define BAUD        57600
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

static void assert_silences(void)
{
    assert_true(atomic_load(&rig_health()->gap_us_min) >= RIG_GAP_US);
    assert_true(atomic_load(&rig.peer.gap_us_min) >= RIG_GAP_US);
}

/* The number in a value is that of the request it answers, so it grows. */
static void assert_in_order(uint16_t monitor)
{
    int32_t before = -1;
    for (unsigned i = 0; i < rig.count; i++) {
        const struct observation *observation = &rig.seen[i];
        if (observation->kind == OBSERVATION_VALUE && observation->vital == VITAL_hr && observation->bed == monitor) {
            assert_true(observation->value_milli > before);
            before = observation->value_milli;
        }
    }
}

/* --- a good line --------------------------------------------------------------------------------------------- */

static void test_a_good_line(void **state)
{
    (void)state;
    open_rig(4, serve_well);
    rig_start();
    rig_run_ms(20);
    assert_true(atomic_load(&rig_health()->requests) >= 1);
    rig_run_ms(600);
    assert_int_equal(atomic_load(&rig_health()->state), BUS_OPEN);
    if (rig_was_stalled()) {
        skip();
    }
    for (uint16_t i = 0; i < 4; i++) {
        assert_in_range(rig_values(i), 7, 11);
        assert_true(rig_answering(i));
        assert_in_order(i);
        for (unsigned status = 0; status < STATUS_COUNT; status++) {
            assert_int_equal(rig_failures(i, (enum status)status), 0);
        }
        assert_true(atomic_load(&rig_health()->monitors[i].answer_us) >= THINK_US);
    }
    assert_silences();
    assert_true(atomic_load(&rig_health()->busy_us) > 200000);
    unsigned heard = 0;
    for (unsigned i = 0; i < rig.count; i++) {
        heard += rig.seen[i].kind == OBSERVATION_HEARD;
        assert_in_range(rig.seen[i].at_ms, rig.started_us / 1000, clock_boot_us() / 1000);
    }
    assert_int_equal(heard * (RIG_REGISTERS + 1), rig.count);
    assert_true(rig.wakes < 8 * atomic_load(&rig_health()->requests)); /* not one for every byte */
}

static void test_started_again(void **state)
{
    (void)state;
    open_rig(1, serve_well);
    rig_start();
    assert_true(rig_run_until_values(0, 2, 1000));
    rig.driver->stop(rig.bus);
    assert_int_equal(atomic_load(&rig_health()->state), BUS_CLOSED);
    assert_int_equal(rig.driver->next_deadline(rig.bus), BUS_NEVER);
    rig.driver->start(rig.bus, clock_boot_us());
    assert_true(rig_run_until_values(0, 2, 1000));
}

/* --- answers that are none ----------------------------------------------------------------------------------- */

/* Every answer of monitor 1 comes late while the mode is on: from just after the time-out to several polls later. */
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
    rig_run_ms(2000);
    assert_true(rig_failures(0, STATUS_TIMEOUT) >= 2);
    assert_false(rig_answering(0));
    assert_true(rig_values(1) >= 6);
    atomic_store(&rig.peer.mode, 0);
    assert_true(rig_run_until_values(0, 3, 4000));
    assert_in_order(0);
}

/* Before its request is out no answer can begin. */
static void serve_early(struct peer *peer, const struct peer_request *request)
{
    uint8_t frame[PEER_BYTES_MAX];
    peer_send(peer, request->fd, request->at_us, 1, frame, rig_bad_frame(peer, request, frame));
    peer_answer(peer, request, THINK_US);
}

static void test_early_answers(void **state)
{
    (void)state;
    rig_open(1200, 1, 200, 300, serve_early); /* slow, so that a busy machine does not make early from late */
    rig_start();
    assert_true(rig_run_until_values(0, 3, 9500));
    assert_true(rig_failures(0, STATUS_TOO_SOON) >= 3);
}

/* The answer to the first poll comes when the probe was sent, and the probe's behind it. */
static void serve_one_behind(struct peer *peer, const struct peer_request *request)
{
    static struct peer_request first;
    uint8_t frame[PEER_BYTES_MAX];
    if (request->number == 1) {
        first = *request;
        return;
    }
    int64_t begin_us = request->out_us + THINK_US;
    if (request->number == 2) {
        const size_t length = peer_frame(peer, &first, frame);
        peer_send(peer, request->fd, begin_us, 0, frame, length);
        begin_us += (int64_t)length * peer->char_ns / 1000 + 20000;
    }
    peer_send(peer, request->fd, begin_us, 0, frame, peer_frame(peer, request, frame));
}

static void test_a_probe_finds_its_answer_behind_a_late_one(void **state)
{
    (void)state;
    open_rig(1, serve_one_behind);
    rig_start();
    assert_true(rig_run_until_values(0, 2, 2000));
    assert_int_equal(rig_failures(0, STATUS_TIMEOUT), 1);
    assert_int_equal(rig_failures(0, STATUS_WRONG_LENGTH), 1);
    assert_int_equal(atomic_load(&rig_health()->monitors[0].polls), 4);
    assert_int_equal(rig_newest(0), 4);
}

/* The same address and function, but other registers: a late answer to one bed's request must not become the
 * other's. */
static uint16_t value_by_register(struct peer *peer, const struct peer_request *request, uint16_t reg)
{
    (void)peer;
    (void)reg;
    return (uint16_t)(request->number % 10000 + (request->first >= 100 ? 20000 : 0));
}

static void serve_now_and_then_late(struct peer *peer, const struct peer_request *request)
{
    rig_answer_in_turn(peer, request, request->number % 7 == 3 ? (TIMEOUT_MS + 50) * INT64_C(1000) : THINK_US);
}

static void test_two_beds_at_one_address(void **state)
{
    (void)state;
    open_rig(2, serve_now_and_then_late);
    peer_set_value(&rig.peer, value_by_register);
    rig.numbered = false;
    static struct profile_room second;
    profile_copy(&rig.profile, &second);
    for (uint8_t i = 0; i < second.profile.channel_count; i++) {
        second.channels[i].reg = (uint16_t)(100 + i);
    }
    rig.monitors[1].profile = &second.profile;
    rig.monitors[1].address = 1;
    rig_start();
    rig_run_ms(800);
    assert_true(rig_failures(0, STATUS_TIMEOUT) + rig_failures(1, STATUS_TIMEOUT) >= 1);
    assert_true(rig_run_until_values(0, 2, 3000));
    assert_true(rig_run_until_values(1, 2, 3000));
    for (unsigned i = 0; i < rig.count; i++) {
        if (rig.seen[i].kind == OBSERVATION_VALUE) {
            assert_int_equal(rig.seen[i].value_milli >= 20000000, rig.seen[i].bed == 1);
        }
    }
}

/* Damage: one kind after the other, all from monitor 1. */
enum { FINE, TRUNCATED, BAD_CRC, WRONG_FUNCTION, LONGER, SHORTER, DRIBBLE, NOTHING, DAMAGE_END };

static void serve_damaged(struct peer *peer, const struct peer_request *request)
{
    uint8_t frame[PEER_BYTES_MAX];
    struct peer_request other = *request;
    const int mode = request->unit == 1 ? atomic_load(&peer->mode) : FINE;
    other.count = (uint16_t)(request->count + (mode == LONGER    ? 3
                                               : mode == SHORTER ? (request->count > 1 ? -1 : 1)
                                                                 : 0));
    other.function = mode == WRONG_FUNCTION ? 4 : request->function;
    size_t length = mode == FINE ? peer_frame(peer, &other, frame) : rig_bad_frame(peer, &other, frame);
    if (mode == BAD_CRC) {
        frame[length - 1] ^= 0x10;
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
        [LONGER] = STATUS_COUNT,          [SHORTER] = STATUS_COUNT,        [DRIBBLE] = STATUS_TOO_SLOW,
        [NOTHING] = STATUS_TIMEOUT};
    open_rig(2, serve_damaged);
    rig_start();
    for (int mode = TRUNCATED; mode < DAMAGE_END; mode++) {
        assert_true(rig_run_until_values(0, 1, 3000));
        const unsigned before = counted[mode] == STATUS_COUNT ? 0 : rig_failures(0, counted[mode]);
        const unsigned polls = atomic_load(&rig_health()->monitors[0].polls);
        const unsigned answers = atomic_load(&rig_health()->monitors[0].answers);
        rig_forget();
        atomic_store(&rig.peer.mode, mode);
        rig_run_ms(250);
        assert_true(counted[mode] == STATUS_COUNT || rig_failures(0, counted[mode]) > before);
        assert_true(atomic_load(&rig_health()->monitors[0].polls) - polls >= 1);
        assert_int_equal(atomic_load(&rig_health()->monitors[0].answers), answers);
        assert_false(rig_answering(0));
        assert_true(rig_values(1) >= (mode == DRIBBLE ? 0 : 1)); /* whose bytes run into the others' answers */
        atomic_store(&rig.peer.mode, FINE);
    }
    assert_true(rig_run_until_values(0, 1, 3000));
}

/* Another monitor's frame stands before the answer: taken away, and the answer behind it is found. */
static void serve_with_foreign_frames(struct peer *peer, const struct peer_request *request)
{
    uint8_t frame[PEER_BYTES_MAX];
    struct peer_request foreign = *request;
    foreign.unit = 77;
    foreign.count = (uint16_t)(request->number % 2 == 0 ? request->count : 2);
    const size_t length = rig_bad_frame(peer, &foreign, frame);
    const int64_t begin_us = request->out_us + THINK_US;
    peer_send(peer, request->fd, begin_us, 0, frame, length);
    peer_send(peer, request->fd, begin_us + (int64_t)(length + 5) * peer->char_ns / 1000, 0, frame,
              peer_frame(peer, request, frame));
}

static void test_foreign_frames(void **state)
{
    (void)state;
    open_rig(1, serve_with_foreign_frames);
    rig_start();
    assert_true(rig_run_until_values(0, 4, 2000));
    assert_true(rig_failures(0, STATUS_WRONG_ADDRESS) >= 4);
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
    if (chance(40)) { /* late, and otherwise perfect */
        rig_answer_in_turn(peer, request, TIMEOUT_MS * 1000 + 20000 + (int64_t)draw(300000));
        return;
    }
    other.unit = (uint8_t)(chance(70) ? request->unit : 1 + draw(4));
    other.count = (uint16_t)(chance(70) ? request->count : 1 + draw(20));
    const bool whole = other.unit == request->unit && other.count == request->count;
    size_t length = rig_bad_frame(peer, &other, frame);
    if (chance(30)) {
        length -= draw(length);
    }
    for (unsigned i = 0; i < length && (whole || chance(50)); i += 1 + (unsigned)draw(length)) {
        frame[i] ^= (uint8_t)(1 + draw(255));
    }
    if (frame[0] == request->unit && length == peer_frame(peer, request, (uint8_t[PEER_BYTES_MAX]){0})) {
        frame[length - 1] ^= 0x5A; /* lest it be perfect by chance */
        frame[length - 2] ^= 0xA5;
    }
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
        assert_in_order(i);
    }
    assert_true(atomic_load(&rig_health()->gap_us_min) >= RIG_GAP_US);
}

int main(void)
{
    if (emulated_is_too_busy()) {
        return 0;
    }
    draw_seed(20240616);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_a_good_line, rig_tear_down),
        cmocka_unit_test_teardown(test_started_again, rig_tear_down),
        cmocka_unit_test_teardown(test_late_answers, rig_tear_down),
        cmocka_unit_test_teardown(test_early_answers, rig_tear_down),
        cmocka_unit_test_teardown(test_a_probe_finds_its_answer_behind_a_late_one, rig_tear_down),
        cmocka_unit_test_teardown(test_two_beds_at_one_address, rig_tear_down),
        cmocka_unit_test_teardown(test_damaged_answers, rig_tear_down),
        cmocka_unit_test_teardown(test_foreign_frames, rig_tear_down),
        cmocka_unit_test_teardown(test_any_mixture, rig_tear_down),
    };
    return cmocka_run_group_tests_name("modbus rtu", tests, NULL, NULL);
}
