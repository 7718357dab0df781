/* The gateway's own alarms: each begins after its patience and not sooner, names what it is about, and ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/flow/conditions.h"
#include "hal/clock.h"
#include "tests/unit/support/fake_bus.h"

#define LINES     12
#define RUNNERS   2
#define START_US  INT64_C(5000000000)
#define SECOND_US INT64_C(1000000)

static struct bed_config bed = {.id = "b1"};
static struct engine_config config = {.beds = &bed, .bed_count = 1, .stay_after_ms = 30000, .line_count = LINES};
static struct arena arena;
static struct engine *engine;

static struct bus lines[LINES];
static struct acquire_bus buses[LINES];
static struct bus_config bus_configs[LINES];
static struct runner runners[RUNNERS];
static const struct runner *const runner_list[RUNNERS] = {&runners[0], &runners[1]};
static const char *const runner_names[RUNNERS] = {"line-1", "line-2"};
static struct board board;
static struct store_state store_state;
static int64_t bus_open_us[LINES];
static struct condition_turns bus_turns[LINES];
static struct conditions conditions;
static char seen[4096];

static void take(struct record_sink *sink, const struct record *record)
{
    (void)sink;
    const struct alert *a = &record->alert;
    char name[ALARM_NAME_MAX];
    assert_int_equal(record->kind, RECORD_ALERT);
    assert_int_equal(record->bed, BED_NONE);
    alarm_name(&config, a, name);
    if (strcmp(name, "clock_unsynced") == 0) {
        return; /* of this box, not of the test */
    }
    const size_t length = strlen(seen);
    (void)snprintf(seen + length, sizeof seen - length, "%lld %s %s%s%s\n",
                   (long long)(a->at_ms - START_US / 1000) / 1000, name, alarm_phase_word(a->phase),
                   a->detail[0] != '\0' ? ": " : "", a->detail);
}

static int set_up(void **state)
{
    static const char *const names[LINES] = {"line-1",   "line-2",   "a-line-3", "a-line-4",  "a-line-5",  "a-line-6",
                                             "a-line-7", "a-line-8", "a-line-9", "a-line-10", "a-line-11", "a-line-12"};
    (void)state;
    arena = (struct arena){.base = NULL};
    (void)engine_make(&arena, &config);
    arena.size = (arena.used + 63) / 64 * 64;
    arena.used = 0;
    arena.base = aligned_alloc(64, arena.size);
    assert_non_null(arena.base);
    memset(arena.base, 0, arena.size);
    engine = engine_make(&arena, &config);
    engine_begin(engine, START_US / 1000);
    memset(lines, 0, sizeof lines);
    memset(runners, 0, sizeof runners);
    memset(&board, 0, sizeof board);
    memset(&store_state, 0, sizeof store_state);
    for (unsigned i = 0; i < LINES; i++) {
        buses[i] = fake_bus_init(&lines[i]);
        atomic_store(&lines[i].health.state, BUS_OPEN);
        bus_configs[i].name = names[i];
    }
    conditions = (struct conditions){.configs = bus_configs,
                                     .buses = buses,
                                     .runners = runner_list,
                                     .runner_names = runner_names,
                                     .board = &board,
                                     .store_state = &store_state,
                                     .bus_count = LINES,
                                     .runner_count = RUNNERS,
                                     .bus_open_us = bus_open_us,
                                     .bus_turns = bus_turns};
    atomic_store(&board.uplink_connected, true);
    conditions_start(&conditions, START_US);
    seen[0] = '\0';
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(arena.base);
    return 0;
}

/* Twice a second, as the engine's thread does; [from, to). */
static void look(int from_s, int to_s)
{
    struct record_sink sink = {.put = take};
    for (int64_t us = START_US + from_s * SECOND_US; us < START_US + to_s * SECOND_US; us += SECOND_US / 2) {
        conditions_apply(&conditions, engine, us / 1000, us);
        while (engine_next(engine) <= us / 1000) {
            engine_step(engine, us / 1000, &sink);
        }
    }
}

static void expect(const char *lines_expected)
{
    assert_string_equal(seen, lines_expected);
    seen[0] = '\0';
}

static void test_all_is_well(void **state)
{
    (void)state;
    look(0, 120);
    expect("");
}

/* Under another configuration, with the lines the other way round: what was on its way goes on. */
static void test_another_configuration(void **state)
{
    (void)state;
    static int64_t next_open_us[LINES];
    static struct condition_turns next_turns[LINES];
    const int from[LINES] = {1, 0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    look(0, 5);
    atomic_store(&lines[1].health.state, BUS_CLOSED);
    atomic_store(&board.uplink_connected, false);
    atomic_store(&board.uplink_changed_us, START_US + 5 * SECOND_US);
    look(5, 10);
    const struct conditions before = conditions;
    struct acquire_bus swapped[LINES];
    memcpy(swapped, buses, sizeof swapped);
    swapped[0] = buses[1];
    swapped[1] = buses[0];
    conditions.buses = swapped;
    conditions.bus_open_us = next_open_us;
    conditions.bus_turns = next_turns;
    bus_configs[0].name = "line-2";
    bus_configs[1].name = "line-1";
    conditions_continue(&conditions, &before, from, START_US + 10 * SECOND_US);
    look(10, 20);
    expect("14 bus_down start: line-2\n15 uplink_down start\n");
}

static void test_a_line_that_is_down(void **state)
{
    (void)state;
    look(0, 5);
    atomic_store(&lines[1].health.state, BUS_CLOSED);
    look(5, 14); /* last seen open at 4.5 s */
    expect("");
    look(14, 20);
    expect("14 bus_down start: line-2\n");
    atomic_store(&lines[0].health.state, BUS_OPENING);
    look(20, 40);
    expect("29 bus_down update: line-1, line-2\n");
    atomic_store(&lines[1].health.state, BUS_OPEN);
    look(40, 41);
    expect("40 bus_down update: line-1\n");
    atomic_store(&lines[0].health.state, BUS_OPEN);
    look(41, 60);
    expect("41 bus_down end: line-1\n");
}

/* By the half minute: more than one turn in twenty. */
static void take_turns(unsigned line, int from_s, int to_s, unsigned missed_of_100)
{
    for (int s = from_s; s < to_s; s++) {
        atomic_fetch_add(&lines[line].health.turns, 100);
        atomic_fetch_add(&lines[line].health.missed, missed_of_100);
        look(s, s + 1);
    }
}

static void test_lines_that_carry_too_much(void **state)
{
    (void)state;
    take_turns(2, 0, 301, 5); /* now and then one is missed anywhere */
    expect("");
    take_turns(2, 301, 380, 6);
    expect("330 bus_overbooked start: a-line-3\n");
    atomic_store(&lines[0].health.turns, 1000);
    atomic_store(&lines[0].health.missed, 1000);
    take_turns(2, 380, 440, 6);
    expect("390 bus_overbooked update: line-1, a-line-3\n420 bus_overbooked update: a-line-3\n");
    take_turns(2, 440, 620, 5);
    expect("480 bus_overbooked end: a-line-3\n");
}

static void test_an_overbooked_line_under_another_configuration(void **state)
{
    (void)state;
    static struct condition_turns next_turns[LINES];
    const int from[LINES] = {1, -1, 0, -1, -1, -1, -1, -1, -1, -1, -1, -1};
    take_turns(1, 0, 61, 50);
    expect("30 bus_overbooked start: line-2\n");
    const struct conditions before = conditions;
    conditions.bus_turns = next_turns;
    conditions_continue(&conditions, &before, from, START_US + 61 * SECOND_US);
    assert_true(next_turns[0].overbooked);
    assert_int_equal(next_turns[0].missed, bus_turns[1].missed);
    assert_false(next_turns[1].overbooked);
    assert_int_equal(next_turns[1].since_us, START_US + 61 * SECOND_US);
}

static void test_a_line_that_was_never_open(void **state)
{
    (void)state;
    atomic_store(&lines[0].health.state, BUS_OPENING);
    look(0, 10);
    expect("");
    look(10, 11);
    expect("10 bus_down start: line-1\n");
}

static void test_a_short_break_is_no_alarm(void **state)
{
    (void)state;
    for (int s = 0; s < 100; s += 10) {
        atomic_store(&lines[0].health.state, BUS_CLOSED);
        look(s, s + 9);
        atomic_store(&lines[0].health.state, BUS_OPEN);
        look(s + 9, s + 10);
    }
    expect("");
}

/* More names than there is room for: as many as fit, and an end to it. */
static void test_all_lines_are_down(void **state)
{
    (void)state;
    for (unsigned i = 0; i < LINES; i++) {
        atomic_store(&lines[i].health.state, BUS_CLOSED);
    }
    look(0, 30);
    assert_int_equal(strncmp(seen, "10 bus_down start: line-1, line-2, a-line-3, ", 45), 0);
    assert_ptr_equal(strchr(seen, '\n'), seen + strlen(seen) - 1); /* once */
    assert_true(strlen(seen) < sizeof "10 bus_down start: \n" + ALERT_DETAIL_MAX);
}

static void test_no_broker(void **state)
{
    (void)state;
    look(0, 20);
    atomic_store(&board.uplink_changed_us, START_US + 20 * SECOND_US);
    atomic_store(&board.uplink_connected, false);
    look(20, 30);
    expect("");
    look(30, 40);
    expect("30 uplink_down start\n");
    atomic_store(&board.uplink_changed_us, START_US + 40 * SECOND_US);
    atomic_store(&board.uplink_connected, true);
    look(40, 50);
    expect("40 uplink_down end\n");
}

static void test_no_broker_from_the_start(void **state)
{
    (void)state;
    atomic_store(&board.uplink_connected, false);
    look(0, 10);
    expect("");
    look(10, 11);
    expect("10 uplink_down start\n");
}

static void test_a_store_that_fails(void **state)
{
    (void)state;
    look(0, 5);
    atomic_store(&store_state.status, STATUS_FULL);
    atomic_store(&store_state.failing_since_us, START_US + 5 * SECOND_US);
    look(5, 6);
    expect("");
    look(6, 7);
    expect("6 store_failing start: no room left\n");
    atomic_store(&store_state.status, STATUS_IO);
    look(7, 8);
    expect("7 store_failing update: input/output error\n");
    atomic_store(&store_state.failing_since_us, 0);
    atomic_store(&store_state.status, STATUS_OK);
    look(8, 9);
    expect("8 store_failing end: input/output error\n");
}

static void test_threads_that_are_stuck(void **state)
{
    (void)state;
    atomic_store(&runners[1].alive_us, START_US + SECOND_US);
    atomic_store(&board.store_alive_us, START_US + 3 * SECOND_US);
    atomic_store(&board.deliver_alive_us, START_US + 3 * SECOND_US);
    look(0, 11);
    expect(""); /* one that has not begun its first round is not stuck */
    look(11, 12);
    expect("11 thread_stuck start: line-2\n");
    look(12, 14);
    expect("13 thread_stuck update: line-2, store, uplink\n");
    atomic_store(&runners[1].alive_us, START_US + 14 * SECOND_US);
    atomic_store(&board.store_alive_us, START_US + 14 * SECOND_US);
    atomic_store(&board.deliver_alive_us, START_US + 14 * SECOND_US);
    look(14, 15);
    expect("14 thread_stuck end: line-2, store, uplink\n");
}

static void test_a_clock_without_a_source(void **state)
{
    (void)state;
    look(0, 1);
    const int64_t synced_us = conditions.synced_us;
    look(1, 3);
    assert_int_equal(conditions.synced_us != synced_us, clock_is_synchronised());
}

static void expect_certificate(int64_t left_ms, enum priority priority, const char *words)
{
    static const int64_t ends_ms = INT64_C(1798761600000); /* 2027-01-01 */
    const struct uplink_certificate first_end = {.ends_ms = ends_ms, .name = "gw-7e.pem"};
    char detail[ALERT_DETAIL_MAX];
    assert_int_equal(conditions_certificate(&first_end, ends_ms - left_ms, detail), priority);
    assert_string_equal(detail, words);
}

static void test_a_certificate_that_ends(void **state)
{
    (void)state;
    static const int64_t day_ms = INT64_C(86400000);
    const struct uplink_certificate none = {.ends_ms = 0};
    char detail[ALERT_DETAIL_MAX];
    expect_certificate(30 * day_ms + 1, PRIORITY_NONE, "");
    expect_certificate(30 * day_ms, PRIORITY_LOW, "gw-7e.pem ends 2027-01-01");
    expect_certificate(7 * day_ms + 1, PRIORITY_LOW, "gw-7e.pem ends 2027-01-01");
    expect_certificate(7 * day_ms, PRIORITY_MEDIUM, "gw-7e.pem ends 2027-01-01");
    expect_certificate(1, PRIORITY_MEDIUM, "gw-7e.pem ends 2027-01-01");
    expect_certificate(0, PRIORITY_MEDIUM, "gw-7e.pem ended 2027-01-01");
    expect_certificate(-400 * day_ms, PRIORITY_MEDIUM, "gw-7e.pem ended 2027-01-01");
    assert_int_equal(conditions_certificate(&none, INT64_C(1798761600000), detail), PRIORITY_NONE);
}

static void test_storage(void **state)
{
    (void)state;
    struct arena measured = {.base = NULL};
    alignas(64) unsigned char storage[512];
    struct arena taken = {.base = storage, .size = sizeof storage};
    struct conditions made = {.bus_count = 0};
    conditions_init(NULL, &measured, 7);
    conditions_init(&made, &taken, 7);
    assert_int_equal(measured.used, taken.used);
    assert_int_equal(made.bus_count, 7);
    conditions_start(&made, 42);
    assert_int_equal(made.bus_open_us[6], 42);
    assert_int_equal(made.bus_turns[6].since_us, 42);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_all_is_well, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_another_configuration, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_line_that_is_down, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_lines_that_carry_too_much, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_an_overbooked_line_under_another_configuration, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_line_that_was_never_open, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_short_break_is_no_alarm, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_all_lines_are_down, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_broker, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_broker_from_the_start, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_store_that_fails, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_threads_that_are_stuck, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_clock_without_a_source, set_up, tear_down),
        cmocka_unit_test(test_a_certificate_that_ends),
        cmocka_unit_test(test_storage),
    };
    return cmocka_run_group_tests_name("conditions", tests, NULL, NULL);
}
