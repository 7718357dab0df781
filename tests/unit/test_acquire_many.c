/* The bus runner with hundreds of buses: a gentle start, a turn for each, and no work for those that have none. */
#include "tests/unit/support/acquire_bench.h"

static unsigned count_started(void)
{
    unsigned started = 0;
    for (unsigned i = 0; i < MANY; i++) {
        started += atomic_load(&buses[i].starts);
    }
    return started;
}

/* A network is not stormed. */
static void test_many_buses_start_gently(void **state)
{
    (void)state;
    const int64_t begin_us = clock_boot_us();
    make_runner(MANY);
    while (count_started() < MANY && clock_boot_us() - begin_us < 10000000) {
        sleep_ms(1);
    }
    runner_stop(&runner);
    for (unsigned i = 0; i < MANY; i++) {
        const unsigned batch = i / RUNNER_START_BATCH;
        assert_int_equal(atomic_load(&buses[i].starts), 1);
        assert_true(buses[i].started_us - begin_us >= (int64_t)batch * RUNNER_START_US);
    }
}

static void test_each_of_many_has_its_turn(void **state)
{
    (void)state;
    for (unsigned i = 0; i < MANY; i++) {
        buses[i].interval_us = 20000 + (int64_t)(i % 7) * 1000;
        assert_int_equal(pipe2(buses[i].pipe, O_CLOEXEC | O_NONBLOCK), 0);
    }
    make_runner(MANY);
    while (count_started() < MANY) {
        sleep_ms(5);
    }
    unsigned before[MANY];
    for (unsigned i = 0; i < MANY; i++) {
        before[i] = atomic_load(&buses[i].deadlines);
        assert_int_equal(write(buses[i].pipe[1], "x", 1), 1);
    }
    for (unsigned i = 0; i < MANY; i++) {
        WAIT_UNTIL(atomic_load(&buses[i].readies) > 0 && atomic_load(&buses[i].deadlines) - before[i] >= 10);
    }
    runner_stop(&runner);
    for (unsigned i = 0; i < MANY; i++) {
        assert_int_equal(atomic_load(&buses[i].readies), 1);
        assert_int_equal(atomic_load(&buses[i].early), 0);
    }
    assert_int_equal(ring_pop(&runner.ring, taken, ACQUIRE_RING_SLOTS), MANY);
}

/* One that is always due, and one that is always ready: all others go on. */
static void test_greedy_buses(void **state)
{
    (void)state;
    static const char much[4096];
    for (unsigned i = 0; i < 100; i++) {
        buses[i].interval_us = 5000;
    }
    buses[3].always_due = true;
    assert_int_equal(pipe2(buses[7].pipe, O_CLOEXEC | O_NONBLOCK), 0);
    while (write(buses[7].pipe[1], much, sizeof much) > 0) {
    }
    make_runner(100);
    WAIT_UNTIL(atomic_load(&buses[3].deadlines) > 1000 && atomic_load(&buses[7].readies) > 1000);
    for (unsigned i = 0; i < 100; i++) {
        WAIT_UNTIL(atomic_load(&buses[i].deadlines) >= 10);
    }
    runner_stop(&runner);
}

/* A wake-up costs the same, however many others there are: what is asked of buses that have nothing to do is counted. */
static void test_idle_buses_are_left_alone(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        buses[i].interval_us = 2000;
    }
    make_runner(MANY);
    while (count_started() < MANY) {
        sleep_ms(5);
    }
    const unsigned asked = atomic_load(&buses[MANY - 1].asked);
    const unsigned deadlines = atomic_load(&buses[0].deadlines);
    WAIT_UNTIL(atomic_load(&buses[0].deadlines) > deadlines + 20);
    runner_stop(&runner);
    assert_int_equal(atomic_load(&buses[MANY - 1].asked), asked);
}

/* A descriptor that is closed while nobody watches it, and another one under its number. */
static void test_a_descriptor_comes_again(void **state)
{
    (void)state;
    make_runner(1);
    for (unsigned i = 1; i <= 3; i++) {
        runner_pause(&runner);
        if (i > 1) {
            (void)close(buses[0].pipe[0]);
            (void)close(buses[0].pipe[1]);
        }
        assert_int_equal(pipe2(buses[0].pipe, O_CLOEXEC | O_NONBLOCK), 0);
        assert_int_equal(runner_start(&runner, "bus-test", ANCHOR_MS), STATUS_OK);
        assert_int_equal(write(buses[0].pipe[1], "x", 1), 1);
        WAIT_UNTIL(atomic_load(&buses[0].readies) == i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_many_buses_start_gently, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_each_of_many_has_its_turn, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_greedy_buses, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_idle_buses_are_left_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_descriptor_comes_again, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("acquire many", tests, NULL, NULL);
}
