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
#include "tests/unit/support/fake_clock.h"

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
static struct line_kept kept[LINES];
static struct line_look looks[LINES];
static struct line_silence silences[LINES];
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
                                     .lines = {.kept = kept, .looks = looks, .count = LINES},
                                     .silences = silences,
                                     .bus_turns = bus_turns};
    atomic_store(&board.uplink_connected, true);
    fake_clock_set(START_US, START_US / 1000);
    fake_clock_synced(true);
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
    static struct line_kept next_kept[LINES];
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
    static struct bus_config next_configs[LINES];
    memcpy(next_configs, bus_configs, sizeof next_configs);
    next_configs[0].name = "line-2";
    next_configs[1].name = "line-1";
    conditions.configs = next_configs;
    conditions.buses = swapped;
    conditions.lines.kept = next_kept;
    conditions.bus_turns = next_turns;
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
    static struct line_kept next_kept[LINES];
    const int from[LINES] = {1, -1, 0, -1, -1, -1, -1, -1, -1, -1, -1, -1};
    take_turns(1, 0, 61, 50);
    expect("30 bus_overbooked start: line-2\n");
    const struct conditions before = conditions;
    conditions.bus_turns = next_turns;
    conditions.lines.kept = next_kept;
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

/* A minute after the newest refusal, and for as long as an alert is set aside. */
static void test_a_broker_that_refuses(void **state)
{
    (void)state;
    board_put_refused(&board, (const char[ALERT_DETAIL_MAX]){"b02/alert: Not authorized"});
    look(0, 5);
    expect("");
    atomic_store(&board.uplink_refused_us, START_US + 5 * SECOND_US);
    look(5, 6);
    expect("5 refused_publish start: b02/alert: Not authorized\n");
    look(6, 66);
    expect("65 refused_publish end: b02/alert: Not authorized\n");
    atomic_store(&board.uplink_aside, true);
    look(66, 400);
    expect("66 refused_publish start: b02/alert: Not authorized\n");
    atomic_store(&board.uplink_aside, false);
    look(400, 401);
    expect("400 refused_publish end: b02/alert: Not authorized\n");
}

static void set_boards(unsigned expected, unsigned lately)
{
    conditions.boards_expected = (uint8_t)expected;
    atomic_store(&board.boards_lately, lately);
}

/* Nothing is known for a minute; then nobody looks, one of two does, both do. */
static void test_boards_that_are_expected(void **state)
{
    (void)state;
    atomic_store(&board.boards_known_us, START_US);
    set_boards(2, 0);
    look(0, 60);
    expect("");
    look(60, 61);
    expect("60 nobody_listening start: no board\n");
    set_boards(2, 1);
    look(61, 62);
    expect("61 nobody_listening end: no board\n61 board_missing start: 1 of 2\n");
    set_boards(2, 0);
    look(62, 63);
    expect("62 nobody_listening start: no board\n62 board_missing end: 1 of 2\n");
    set_boards(2, 2);
    look(63, 64);
    expect("63 nobody_listening end: no board\n");
    set_boards(3, 2); /* another configuration */
    look(64, 65);
    expect("64 board_missing start: 2 of 3\n");
    set_boards(0, 0);
    look(65, 200);
    expect("65 board_missing end: 2 of 3\n");
}

/* Without a connection, and for a minute behind it, what was so stays so. */
static void test_boards_and_the_connection(void **state)
{
    (void)state;
    atomic_store(&board.boards_known_us, START_US);
    set_boards(1, 1);
    look(0, 5);
    atomic_store(&board.uplink_changed_us, START_US + 5 * SECOND_US);
    atomic_store(&board.uplink_connected, false);
    set_boards(1, 0);
    look(5, 100);
    expect("15 uplink_down start\n");
    atomic_store(&board.uplink_connected, true);
    atomic_store(&board.boards_known_us, START_US + 100 * SECOND_US);
    look(100, 160);
    expect("100 uplink_down end\n");
    look(160, 161);
    expect("160 nobody_listening start: no board\n");
    atomic_store(&board.uplink_connected, false);
    atomic_store(&board.uplink_changed_us, START_US + 161 * SECOND_US);
    look(161, 165);
    atomic_store(&board.uplink_connected, true);
    atomic_store(&board.boards_known_us, START_US + 165 * SECOND_US);
    look(165, 170);
    expect("");
    set_boards(1, 1); /* it has found the way, too */
    look(170, 171);
    expect("170 nobody_listening end: no board\n");
}

/* The newest alert reached nobody: that is so whatever boards say of themselves. */
static void test_an_alert_that_nobody_received(void **state)
{
    (void)state;
    set_boards(1, 1);
    atomic_store(&board.uplink_unheard, true);
    look(0, 1);
    expect("0 nobody_listening start\n");
    set_boards(1, 0);
    look(1, 70);
    atomic_store(&board.uplink_unheard, false);
    look(70, 80);
    seen[0] = '\0'; /* now it is for want of a board */
    set_boards(1, 1);
    look(80, 81);
    assert_non_null(strstr(seen, "80 nobody_listening end"));
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

/* Of the trends alone it is said; with the alerts' store gone they are not worth a word. */
static void test_what_was_set_aside(void **state)
{
    (void)state;
    static atomic_bool trends_replaced;
    conditions.trends_replaced = &trends_replaced;
    look(0, 1);
    expect("");
    atomic_store(&trends_replaced, true);
    look(1, 3);
    expect("1 store_replaced start: trends only\n");
    atomic_store(&trends_replaced, false);
    look(3, 4);
    expect("3 store_replaced end: trends only\n");
    atomic_store(&store_state.replaced, true);
    atomic_store(&trends_replaced, true);
    look(4, 6);
    expect("4 store_replaced start\n");
    atomic_store(&store_state.replaced, 2);
    look(6, 8);
    expect("6 store_replaced update: 2 times since the start\n");
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

/* Its line is down, whatever the driver said last; the thread's own alarm says why. */
static void test_a_line_whose_thread_is_stuck(void **state)
{
    (void)state;
    static const struct runner *of_lines[LINES];
    for (unsigned i = 0; i < LINES; i++) {
        of_lines[i] = &runners[i == 1 ? 1 : 0];
    }
    conditions.bus_runners = of_lines;
    for (int s = 0; s < 20; s++) { /* the other goes on */
        atomic_store(&runners[0].alive_us, START_US + s * SECOND_US);
        atomic_store(&runners[1].alive_us, START_US + (s < 3 ? s : 3) * SECOND_US);
        look(s, s + 1);
    }
    expect("13 bus_down start: line-2 (its thread is stuck)\n13 thread_stuck start: line-2\n");
    atomic_store(&runners[0].alive_us, START_US + 20 * SECOND_US);
    atomic_store(&runners[1].alive_us, START_US + 20 * SECOND_US);
    look(20, 22);
    expect("20 bus_down end: line-2 (its thread is stuck)\n20 thread_stuck end: line-2\n");
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
    alignas(64) unsigned char storage[1024];
    struct arena taken = {.base = storage, .size = sizeof storage};
    struct conditions made = {.bus_count = 0};
    conditions_init(NULL, &measured, 7);
    conditions_init(&made, &taken, 7);
    assert_int_equal(measured.used, taken.used);
    assert_int_equal(made.bus_count, 7);
    conditions_start(&made, 42);
    assert_int_equal(made.lines.count, 7);
    assert_int_equal(made.lines.kept[6].open_us, 42);
    assert_int_equal(made.bus_turns[6].since_us, 42);
}

/* ---- the time source ---- */

static void test_a_clock_without_a_time_source(void **state)
{
    (void)state;
    fake_clock_synced(false);
    look(0, 600);
    expect("");
    look(600, 700);
    expect("600 clock_unsynced start: no time source since the start\n");
    fake_clock_synced(true);
    look(700, 701);
    expect("700 clock_unsynced end: no time source since the start\n");
}

static void test_a_time_source_that_is_lost(void **state)
{
    (void)state;
    look(0, 100);
    fake_clock_synced(false);
    look(100, 699); /* last seen at 99.5 s */
    expect("");
    look(699, 800);
    expect("699 clock_unsynced start: its time source is lost\n");
    fake_clock_synced(true);
    look(800, 900);
    expect("800 clock_unsynced end: its time source is lost\n");
    fake_clock_synced(false);
    look(900, 1499);
    fake_clock_synced(true); /* in time */
    look(1499, 1600);
    expect("");
}

/* No daemon tells the kernel that it is gone: the error that grows does. */
static void test_a_time_source_that_is_gone(void **state)
{
    (void)state;
    look(0, 10);
    fake_clock_kernel(TIME_OK, 0, 3999999);
    look(10, 700);
    expect("");
    fake_clock_kernel(TIME_OK, 0, 4000000);
    look(700, 1310);
    expect("1299 clock_unsynced start: its time source is lost\n");
}

static void test_a_leap_second_and_steps_are_no_loss(void **state)
{
    (void)state;
    static const int states[] = {TIME_INS, TIME_OOP, TIME_WAIT, TIME_OK};
    for (int i = 0; i < 4; i++) {
        fake_clock_kernel(states[i], i < 3 ? STA_INS : 0, 1000);
        fake_clock_step(i == 1 ? -1000 : i == 3 ? 86400000 : 0);
        look(i * 1000, i * 1000 + 1000);
    }
    expect("");
}

/* The alarm of the run before goes on: it does not end because this run has not waited yet. */
static void restart_unsynced(void)
{
    struct alarm_snapshot before = {.last = {.state = ALARM_ACTIVE,
                                             .phase = PHASE_START,
                                             .priority = PRIORITY_LOW,
                                             .kind = KIND_TECHNICAL,
                                             .vital = VITAL_NONE,
                                             .rev = 1,
                                             .id = 7,
                                             .seq = 3,
                                             .at_ms = START_US / 1000 - 60000}};
    const struct alarm_key key = {.bed = BED_NONE, .family = ALARM_BUILTIN, .index = BUILTIN_clock_unsynced};
    before.last.key = key;
    (void)snprintf(before.last.detail, sizeof before.last.detail, "its time source is lost");
    memset(arena.base, 0, arena.size);
    arena.used = 0;
    engine = engine_make(&arena, &config);
    engine_restore_numbers(engine, 3, 8);
    assert_true(engine_restore_alarm(engine, &key, &before, false));
    engine_begin(engine, START_US / 1000);
    fake_clock_synced(false);
}

static void test_a_restart_without_a_time_source(void **state)
{
    (void)state;
    restart_unsynced();
    look(0, 600);
    expect("");
    look(600, 700);
    expect("600 clock_unsynced update: no time source since the start\n");
    fake_clock_synced(true);
    look(700, 701);
    expect("700 clock_unsynced end: no time source since the start\n");
}

static void test_a_time_source_is_back_after_a_restart(void **state)
{
    (void)state;
    restart_unsynced();
    look(0, 20);
    fake_clock_synced(true);
    look(20, 30);
    expect("20 clock_unsynced end: its time source is lost\n");
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
        cmocka_unit_test_setup_teardown(test_a_broker_that_refuses, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_boards_that_are_expected, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_boards_and_the_connection, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_an_alert_that_nobody_received, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_store_that_fails, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_was_set_aside, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_threads_that_are_stuck, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_line_whose_thread_is_stuck, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_clock_without_a_source, set_up, tear_down),
        cmocka_unit_test(test_a_certificate_that_ends),
        cmocka_unit_test(test_storage),
        cmocka_unit_test_setup_teardown(test_a_clock_without_a_time_source, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_time_source_that_is_lost, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_time_source_that_is_gone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_leap_second_and_steps_are_no_loss, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_restart_without_a_time_source, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_time_source_is_back_after_a_restart, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("conditions", tests, NULL, NULL);
}
