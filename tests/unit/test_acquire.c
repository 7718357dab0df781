/* The bus runner: deadlines and descriptors, engine time, a full ring, stopping; with a bus of the test's own, then
 * with a real line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdalign.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "app/flow/acquire.h"
#include "hal/clock.h"
#include "tests/unit/support/acquire_bench.h"
#include "tests/unit/support/emulated.h"
#include "tests/unit/support/modbus_rig.h"

static void test_deadlines(void **state)
{
    (void)state;
    buses[0].interval_us = 5000;
    buses[0].burst = 2;
    buses[1].interval_us = 20000;
    buses[1].burst = 1;
    make_runner(2);
    const int64_t start_us = clock_boot_us();
    const int64_t start_ms = start_us / 1000 + ANCHOR_MS;
    assert_true(wake_wait_until(&engine_wake, clock_boot_us() + 1000000));
    WAIT_UNTIL(atomic_load(&buses[0].deadlines) >= 30 && atomic_load(&buses[1].deadlines) >= 8);
    WAIT_UNTIL(clock_boot_us() - atomic_load(&runner.alive_us) < 200000);
    runner_stop(&runner);
    const int64_t took_us = clock_boot_us() - start_us;
    assert_true(atomic_load(&buses[0].deadlines) <= took_us / 5000 + 4);
    assert_true(atomic_load(&buses[1].deadlines) <= took_us / 20000 + 2);
    assert_int_equal(atomic_load(&buses[0].early) + atomic_load(&buses[1].early), 0);
    assert_int_equal(atomic_load(&buses[0].unannounced) + atomic_load(&buses[1].unannounced), 0);
    assert_int_equal(atomic_load(&runner.floor_us), RUNNER_ASLEEP);
    const uint32_t count = ring_pop(&runner.ring, taken, ACQUIRE_RING_SLOTS);
    assert_int_equal(count, 2 * atomic_load(&buses[0].deadlines) + atomic_load(&buses[1].deadlines));
    for (uint32_t i = 0; i < count; i++) {
        assert_in_range(taken[i].at_ms, start_ms - 100, start_ms + 5000);
        assert_true(i == 0 || taken[i].at_ms >= taken[i - 1].at_ms);
    }
    assert_int_equal(atomic_load(&runner.dropped), 0);
}

static void test_descriptors(void **state)
{
    (void)state;
    assert_int_equal(pipe2(buses[0].pipe, O_CLOEXEC | O_NONBLOCK), 0);
    assert_int_equal(pipe2(buses[1].pipe, O_CLOEXEC | O_NONBLOCK), 0);
    make_runner(2);
    for (unsigned i = 0; i < 10; i++) {
        const int64_t before_us = clock_boot_us();
        assert_int_equal(write(buses[i % 2].pipe[1], "x", 1), 1);
        assert_true(wake_wait_until(&engine_wake, before_us + 1000000));
        assert_int_equal(ring_pop(&runner.ring, taken, 2), 1);
        assert_int_equal(taken[0].bed, i % 2);
    }
    assert_int_equal(atomic_load(&buses[0].deadlines), 0);
    assert_int_equal(atomic_load(&buses[0].unannounced) + atomic_load(&buses[1].unannounced), 0);
    WAIT_UNTIL(atomic_load(&runner.floor_us) == RUNNER_ASLEEP);
}

static void test_stops_at_once_and_starts_again(void **state)
{
    (void)state;
    make_runner(2); /* nothing to do, for ever */
    sleep_ms(20);
    for (unsigned round = 1; round <= 2; round++) {
        const int64_t before_us = clock_boot_us();
        runner_stop(&runner);
        assert_true(clock_boot_us() - before_us < 1000000);
        assert_int_equal(atomic_load(&buses[1].starts), round);
        assert_int_equal(atomic_load(&buses[1].stops), round);
        assert_int_equal(runner_start(&runner, "bus-test", ANCHOR_MS), STATUS_OK);
        sleep_ms(20);
    }
    runner_stop(&runner);
    runner_stop(&runner); /* stopped already */
}

/* Others go on as if nothing had been: their bus is not started again. */
static void test_buses_come_and_go_in_a_pause(void **state)
{
    (void)state;
    buses[0].interval_us = buses[1].interval_us = 5000;
    buses[0].burst = buses[1].burst = 1;
    lay_out_runner(2);
    runner_add(&runner, &own_driver, &buses[0]);
    assert_int_equal(runner_start(&runner, "bus-test", ANCHOR_MS), STATUS_OK);
    WAIT_UNTIL(atomic_load(&buses[0].deadlines) > 2);
    runner_pause(&runner);
    runner_pause(&runner); /* paused already */
    assert_int_equal(atomic_load(&buses[0].stops), 0);
    const unsigned deadlines = atomic_load(&buses[0].deadlines);
    runner_add(&runner, &own_driver, &buses[1]);
    assert_int_equal(runner_start(&runner, "bus-test", ANCHOR_MS), STATUS_OK);
    WAIT_UNTIL(atomic_load(&buses[0].deadlines) > deadlines && atomic_load(&buses[1].starts) > 0);
    runner_pause(&runner);
    assert_int_equal(atomic_load(&buses[0].starts), 1);
    assert_int_equal(atomic_load(&buses[1].starts), 1);
    runner_remove(&runner, &buses[0]);
    assert_int_equal(atomic_load(&buses[0].stops), 1);
    assert_int_equal(runner_start(&runner, "bus-test", ANCHOR_MS), STATUS_OK);
    runner_stop(&runner);
    assert_int_equal(atomic_load(&buses[0].stops), 1);
    assert_int_equal(atomic_load(&buses[1].stops), 1);
    assert_int_equal(atomic_load(&buses[1].starts), 1);
}

/* A reload that goes back must not need what may have become scarce meanwhile. */
static void test_going_on_needs_no_descriptor(void **state)
{
    (void)state;
    struct rlimit before;
    make_runner(1);
    runner_pause(&runner);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    const struct rlimit scarce = {.rlim_cur = 3, .rlim_max = before.rlim_max}; /* the standard ones are above that */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &scarce), 0);
    const enum status status = runner_start(&runner, "bus-test", ANCHOR_MS);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(status, STATUS_OK);
    runner_stop(&runner);
    assert_int_equal(runner.stop_wake.fd, -1);
}

/* A monitor's own alarms have a ring of their own, in engine time; one that does not fit makes the monitor one that was not heard. */
static void test_alarms(void **state)
{
    (void)state;
    struct monitor_alarm alarm = {.at_ms = 5, .bed = 1, .monitor = 2, .name = "vtach"};
    lay_out_runner(1);
    runner.anchor_ms = ANCHOR_MS;
    for (unsigned i = 0; i < ACQUIRE_ALARM_SLOTS; i++) {
        runner.sink.put_alarm(&runner.sink, &alarm);
    }
    assert_int_equal(atomic_load(&runner.dropped), 0);
    runner.sink.put_alarm(&runner.sink, &alarm);
    runner.sink.put_alarm(&runner.sink, &alarm);
    assert_int_equal(atomic_load(&runner.dropped), 2);
    const struct observation o = {.at_ms = 6, .bed = 1, .monitor = 0, .kind = OBSERVATION_HEARD};
    runner.sink.put(&runner.sink, &o); /* the mark goes before it */
    assert_int_equal(ring_pop(&runner.ring, taken, ACQUIRE_RING_SLOTS), 2);
    assert_int_equal(taken[0].kind, OBSERVATION_LOST);
    assert_int_equal(taken[0].bed, 1);
    assert_int_equal(taken[0].monitor, 2);
    assert_int_equal(taken[1].kind, OBSERVATION_HEARD);
    static struct monitor_alarm alarms[ACQUIRE_ALARM_SLOTS + 1];
    assert_int_equal(ring_pop(&runner.alarms, alarms, ACQUIRE_ALARM_SLOTS + 1), ACQUIRE_ALARM_SLOTS);
    assert_int_equal(alarms[0].at_ms, ANCHOR_MS + 5);
    assert_string_equal(alarms[ACQUIRE_ALARM_SLOTS - 1].name, "vtach");
}

/* An idle runner still shows that it lives. */
static void test_alive_without_work(void **state)
{
    (void)state;
    make_runner(1);
    sleep_ms(20);
    const int64_t before_us = atomic_load(&runner.alive_us);
    WAIT_UNTIL(atomic_load(&runner.alive_us) > before_us);
}

/* A step that does not come back: its thread is given up, once, and keeps what it has. */
static void test_a_bus_that_hangs(void **state)
{
    (void)state;
    buses[0].interval_us = 5000;
    atomic_store(&buses[0].hangs, true);
    make_runner(2);
    WAIT_UNTIL(atomic_load(&buses[0].deadlines) == 1);
    const int64_t alive_us = atomic_load(&runner.alive_us);
    int64_t begin_us = clock_boot_us();
    assert_false(runner_pause(&runner));
    assert_in_range(clock_boot_us() - begin_us, RUNNER_PAUSE_US, 3 * RUNNER_PAUSE_US);
    begin_us = clock_boot_us();
    assert_false(runner_pause(&runner)); /* not waited for again */
    assert_false(runner_stop(&runner));
    assert_true(clock_boot_us() - begin_us < RUNNER_PAUSE_US / 2);
    assert_int_equal(atomic_load(&runner.alive_us), alive_us);
    assert_int_equal(atomic_load(&buses[0].stops) + atomic_load(&buses[1].stops), 0); /* nobody touches them */
    atomic_store(&buses[0].hangs, false);
    thread_join(&runner.thread); /* it sees that it shall stop */
    runner.is_lost = false;
}

static void test_a_full_ring_is_marked(void **state)
{
    (void)state;
    assert_int_equal(pipe2(buses[0].pipe, O_CLOEXEC | O_NONBLOCK), 0);
    buses[0].interval_us = 30000;
    buses[0].burst = ACQUIRE_RING_SLOTS + 100;
    make_runner(1);
    while (atomic_load(&buses[0].deadlines) < 2) {
        sleep_ms(5);
    }
    runner_stop(&runner);
    const unsigned put = atomic_load(&buses[0].deadlines) * buses[0].burst;
    assert_int_equal(atomic_load(&runner.dropped), put - ACQUIRE_RING_SLOTS);
    assert_int_equal(ring_pop(&runner.ring, taken, ACQUIRE_RING_SLOTS), ACQUIRE_RING_SLOTS);
    for (unsigned i = 0; i < ACQUIRE_RING_SLOTS; i++) {
        assert_int_equal(taken[i].kind, OBSERVATION_VALUE);
        assert_int_equal(taken[i].value_milli, i); /* the oldest are kept */
    }
    /* With room again each monitor is marked once, and before anything new. */
    buses[0].interval_us = 0;
    assert_int_equal(runner_start(&runner, "bus-test", ANCHOR_MS), STATUS_OK);
    assert_int_equal(write(buses[0].pipe[1], "x", 1), 1);
    WAIT_UNTIL(ring_count(&runner.ring) >= 4);
    assert_int_equal(ring_pop(&runner.ring, taken, 16), 4);
    unsigned marked = 0;
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(taken[i].kind, OBSERVATION_LOST);
        assert_true(taken[i].at_ms > ANCHOR_MS);
        marked |= 1U << taken[i].monitor;
    }
    assert_int_equal(marked, 7);
    assert_int_equal(taken[3].kind, OBSERVATION_VALUE);
}

static void put_one(uint8_t monitor, int32_t value_milli)
{
    const struct observation observation = {.monitor = monitor, .value_milli = value_milli};
    runner.sink.put(&runner.sink, &observation);
}

/* Room that appears between two observations of one answer: first the marks, and while not all fit nothing else. */
static void test_marks_go_first(void **state)
{
    (void)state;
    make_runner(1);
    runner_stop(&runner);
    for (unsigned i = 0; i < ACQUIRE_RING_SLOTS; i++) {
        put_one(0, 1);
    }
    put_one(0, 2);
    put_one(1, 2);
    put_one(1, 2);
    assert_int_equal(atomic_load(&runner.dropped), 3);
    assert_int_equal(ring_pop(&runner.ring, taken, 1), 1);
    put_one(2, 3); /* room for one mark only: dropped, too */
    assert_int_equal(atomic_load(&runner.dropped), 4);
    assert_int_equal(ring_pop(&runner.ring, taken, 4), 4);
    put_one(0, 4);
    assert_int_equal(atomic_load(&runner.dropped), 4);
    const uint32_t count = ring_pop(&runner.ring, taken, ACQUIRE_RING_SLOTS);
    assert_int_equal(taken[count - 1].value_milli, 4);
    unsigned marked = 0;
    for (uint32_t i = 0; i < count; i++) {
        marked |= taken[i].kind == OBSERVATION_LOST ? 1U << taken[i].monitor : 0;
        assert_int_not_equal(taken[i].value_milli, 2);
        assert_int_not_equal(taken[i].value_milli, 3);
    }
    assert_int_equal(marked, 7);
    assert_int_equal(taken[count - 2].kind, OBSERVATION_LOST);
}

/* --- a real line --------------------------------------------------------------------------------------------- */

static void serve_well(struct peer *peer, const struct peer_request *request)
{
    peer_answer(peer, request, 2000);
}

static void test_a_modbus_line(void **state)
{
    (void)state;
    static alignas(64) unsigned char bus_storage[1 << 16];
    rig_open(115200, 2, 50, 300, serve_well);
    memset(bus_storage, 0, sizeof bus_storage);
    struct arena arena = {.base = bus_storage, .size = sizeof bus_storage};
    struct bus *bus = modbus_rtu_driver.make(&arena, &rig.config);
    lay_out_runner(1);
    runner_add(&runner, &modbus_rtu_driver, bus);
    assert_int_equal(runner_start(&runner, "bus-test", ANCHOR_MS), STATUS_OK);
    const struct bus_health *health = modbus_rtu_driver.health(bus);
    unsigned heard[2] = {0};
    unsigned values = 0;
    const int64_t begin_us = clock_boot_us();
    const int64_t least_us = begin_us + 600000; /* an emulator may be too slow, but not too fast */
    const int64_t most_us = is_emulated() ? begin_us + 20000000 : least_us;
    int64_t now_us = begin_us;
    while (now_us < least_us || ((heard[0] < 8 || heard[1] < 8) && now_us < most_us)) {
        (void)wake_wait_until(&engine_wake, now_us + 100000);
        const uint32_t count = ring_pop(&runner.ring, taken, ACQUIRE_RING_SLOTS);
        for (uint32_t i = 0; i < count; i++) {
            assert_in_range(taken[i].bed, 0, 1);
            heard[taken[i].bed] += taken[i].kind == OBSERVATION_HEARD;
            values += taken[i].kind == OBSERVATION_VALUE;
        }
        assert_in_range(atomic_load(&health->state), BUS_CLOSED, BUS_OPEN);
        now_us = clock_boot_us();
    }
    runner_stop(&runner);
    const int64_t heard_most = (now_us - begin_us) / 50000 + 2;
    assert_in_range(heard[0], 8, heard_most);
    assert_in_range(heard[1], 8, heard_most);
    assert_int_equal(values, RIG_REGISTERS * (heard[0] + heard[1]));
    assert_int_equal(atomic_load(&health->state), BUS_CLOSED);
    assert_true(atomic_load(&rig.peer.gap_us_min) >= 1750);
    rig_close();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_deadlines, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_descriptors, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_stops_at_once_and_starts_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_buses_come_and_go_in_a_pause, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_going_on_needs_no_descriptor, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_alarms, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_alive_without_work, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_bus_that_hangs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_full_ring_is_marked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_marks_go_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_modbus_line, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("acquire", tests, NULL, NULL);
}
