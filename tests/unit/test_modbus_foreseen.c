/* Answers that nobody watches for, because they can be foreseen: one sleep from the request to the whole answer, and what
 * happens when they are not as foreseen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "drivers/monitor/modbus/modbus_bus.h"
#include "tests/unit/support/emulated.h"
#include "tests/unit/support/modbus_rig.h"

#define BAUD        57600
#define INTERVAL_MS 60
#define TIMEOUT_MS  300
#define THINK_US    3000

enum { USUAL, SLOWER, TWICE };

static void serve(struct peer *peer, const struct peer_request *request)
{
    uint8_t frame[PEER_BYTES_MAX];
    const int mode = atomic_load(&peer->mode);
    if (mode == TWICE) {
        peer_send(peer, request->fd, request->at_us, 1, frame, rig_bad_frame(peer, request, frame));
    }
    peer_answer(peer, request, mode == SLOWER ? 25 * THINK_US : THINK_US);
}

/* As after many answers on a line that was clean. */
static void trust(void)
{
    rig.bus->clean = BUS_CLEAN_AFTER;
    rig.bus->plan.pollers[0].answer_time = (struct answer_time){.floor_us = 50000,
                                                                .grain_us = wire_us(&rig.bus->wire, 1),
                                                                .smooth_us = THINK_US + 3000,
                                                                .deviation_us = 20,
                                                                .steady = ANSWER_STEADY_AFTER,
                                                                .aim = {.at_us = THINK_US + 3000}};
}

/* To the wait for the answer to the next poll. */
static void ask(void)
{
    while (rig.bus->step != STEP_LISTENING && rig.bus->step != STEP_SENDING) {
        rig_step();
    }
}

static void set_up_line(void)
{
    rig_open(BAUD, 1, INTERVAL_MS, TIMEOUT_MS, serve);
    rig_start();
    assert_true(rig_run_until_values(0, 2, 1000));
}

static void test_it_is_not_watched_for(void **state)
{
    (void)state;
    set_up_line();
    ask();
    assert_true(rig.bus->watching); /* nothing can be foreseen yet */
    assert_true(rig_run_until_values(0, 1, 1000));
    trust();
    ask();
    assert_true(rig.bus->ask.foreseen && !rig.bus->watching);
    assert_int_equal(rig.bus->step, STEP_LISTENING);
    const unsigned wakes = rig.wakes;
    assert_true(rig_run_until_values(0, 1, 1000));
    assert_true(rig_was_stalled() || rig.wakes == wakes + 1);
    assert_int_equal(rig_failures(0, STATUS_TIMEOUT) + rig_failures(0, STATUS_TOO_SOON), 0);
}

/* Looked for a little too soon: the rest is there at the next look, and is looked for later from then on. */
static void test_one_that_is_not_whole_yet(void **state)
{
    (void)state;
    set_up_line();
    trust();
    const struct answer_time *time = &rig.bus->plan.pollers[0].answer_time;
    rig.bus->plan.pollers[0].answer_time.aim.at_us = THINK_US - wire_us(&rig.bus->wire, 1);
    ask();
    assert_true(rig.bus->ask.foreseen);
    assert_true(rig_run_until_values(0, 1, 1000));
    assert_int_equal(rig_failures(0, STATUS_SHORT_FRAME) + rig_failures(0, STATUS_TOO_SLOW), 0);
    assert_true(rig_was_stalled() || time->aim.at_us > THINK_US - wire_us(&rig.bus->wire, 1));
}

static void test_a_slower_answer_is_waited_for(void **state)
{
    (void)state;
    set_up_line();
    trust();
    atomic_store(&rig.peer.mode, SLOWER);
    rig.bus->plan.pollers[0].answer_time.floor_us = 200000;
    ask();
    assert_true(rig.bus->ask.foreseen);
    assert_true(rig_run_until_values(0, 1, 1000));
    assert_int_equal(rig_failures(0, STATUS_TIMEOUT) + rig_failures(0, STATUS_SHORT_FRAME), 0);
    assert_true(rig.bus->plan.pollers[0].answer_time.smooth_us > THINK_US + 3000 + THINK_US);
}

/* A sound frame that came before the request was out, and the answer: neither is believed. From then on the line is
 * watched. */
static void test_more_than_the_answer(void **state)
{
    (void)state;
    set_up_line();
    trust();
    atomic_store(&rig.peer.mode, TWICE);
    ask();
    assert_true(rig.bus->ask.foreseen);
    rig.bus->deadline_us += 20000; /* both are there by then, however busy this machine is */
    const unsigned values = rig_values(0);
    rig_step();
    assert_int_equal(rig_failures(0, STATUS_TOO_SOON), 1);
    assert_int_equal(rig_values(0), values);
    assert_int_equal(rig.bus->clean, 0);
    atomic_store(&rig.peer.mode, USUAL);
    assert_true(rig_run_until_values(0, 2, 3000));
}

static void test_only_on_a_clean_line(void **state)
{
    (void)state;
    set_up_line();
    trust();
    rig.bus->clean = BUS_CLEAN_AFTER - 1;
    ask();
    assert_false(rig.bus->ask.foreseen);
    assert_true(rig_run_until_values(0, 1, 1000));
    assert_int_equal(rig.bus->clean, BUS_CLEAN_AFTER);
    static const uint8_t noise[] = {0x55, 0x55, 0x55};
    peer_say(&rig.peer, noise, sizeof noise);
    assert_true(rig_run_until_values(0, 1, 1000));
    assert_true(rig.bus->clean < BUS_CLEAN_AFTER);
}

int main(void)
{
    if (emulated_is_too_busy()) {
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_it_is_not_watched_for, rig_tear_down),
        cmocka_unit_test_teardown(test_one_that_is_not_whole_yet, rig_tear_down),
        cmocka_unit_test_teardown(test_a_slower_answer_is_waited_for, rig_tear_down),
        cmocka_unit_test_teardown(test_more_than_the_answer, rig_tear_down),
        cmocka_unit_test_teardown(test_only_on_a_clean_line, rig_tear_down),
    };
    return cmocka_run_group_tests_name("modbus foreseen", tests, NULL, NULL);
}
