/* The engine's thread: runners' rings merged in order of time, commands behind what came before them, a full record ring that makes it wait, a full journal
 * that does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/flow/core.h"
#include "hal/clock.h"
#include "tests/unit/support/draw.h"

#define BEDS        3
#define RUNNERS     3
#define ANCHOR_MS   1000000000000
#define ARENA_BYTES (16U << 20)

static struct channel_config channel = {
    .vital = VITAL_hr, .period_ms = 1000, .stale_ms = 10000, .low_milli = 0, .high_milli = 300000};
static struct bed_config beds[BEDS];
static struct rule rule;
static struct engine_config config;

static alignas(64) unsigned char storage[ARENA_BYTES];
static struct arena arena;
static struct core core;
static struct board board;
static struct runner runners[RUNNERS], *runner_list[RUNNERS];
static struct ring records, journal, commands[ORIGIN_COUNT];
static bool reports_alarms; /* every bed's monitor tells alarms by name */
static struct wake core_wake, store_wake, deliver_wake;
static struct timebase timebase = {.anchor_ms = ANCHOR_MS};
static struct engine *engine;
static int64_t begin_ms; /* boot time: what runners stamp with */
static unsigned looks, early_looks;

/* Called only when everything up to its instant has been stepped. */
static void look(void *context, struct engine *of, int64_t engine_ms, int64_t boot_us)
{
    assert_ptr_equal(context, &looks);
    looks++;
    early_looks += engine_next(of) <= engine_ms || engine_now(of) > engine_ms ? 1 : 0;
    assert_true(boot_us / 1000 + ANCHOR_MS <= engine_ms);
}

static void make_config(void)
{
    static const struct parameter_names names = {.names = {"limit"}, .count = 1};
    static const char *const ids[BEDS] = {"b1", "b2", "b3"};
    struct expression_fault fault;
    memset(&rule, 0, sizeof rule);
    rule = (struct rule){.name = "hr_high", .text = "", .advice = "", .priority = PRIORITY_HIGH, .parameter_count = 1};
    rule.unknown_after_ms = rule_unknown_after_ms(PRIORITY_HIGH);
    rule.parameters[0].name = "limit";
    for (unsigned c = 0; c < CLASS_COUNT; c++) {
        rule.parameters[0].has[c] = true;
        rule.parameters[0].value_milli[c] = 120000;
    }
    assert_true(expression_compile("hr > limit", &names, 700, &rule.when, &fault));
    for (unsigned b = 0; b < BEDS; b++) {
        beds[b] = (struct bed_config){.reports_alarms = reports_alarms,
                                      .id = ids[b],
                                      .channels = &channel,
                                      .channel_count = 1,
                                      .monitor_count = 1,
                                      .monitor_period_ms = {1000}};
    }
    config =
        (struct engine_config){.beds = beds, .rules = &rule, .bed_count = BEDS, .rule_count = 1, .stay_after_ms = 1};
}

static void make_core(uint32_t record_slots, uint32_t journal_slots)
{
    make_config();
    memset(storage, 0, sizeof storage);
    memset(runners, 0, sizeof runners);
    arena = (struct arena){.base = storage, .size = sizeof storage};
    engine = engine_make(&arena, &config);
    board_init(&board, &arena, BEDS);
    atomic_store(&board.observations, 0);
    atomic_store(&board.observations_late, 0);
    atomic_store(&board.journal_dropped, 0);
    for (unsigned r = 0; r < RUNNERS; r++) {
        runner_list[r] = &runners[r];
        ring_init(&runners[r].ring, &arena, ACQUIRE_RING_SLOTS, sizeof(struct observation));
        ring_init(&runners[r].alarms, &arena, ACQUIRE_ALARM_SLOTS, sizeof(struct monitor_alarm));
    }
    ring_init(&records, &arena, record_slots, sizeof(struct record));
    ring_init(&journal, &arena, journal_slots, sizeof(struct observation));
    for (unsigned i = 0; i < ORIGIN_COUNT; i++) {
        ring_init(&commands[i], &arena, CORE_COMMAND_SLOTS, sizeof(struct bed_command));
    }
    const struct core_config core_config = {.engine = engine,
                                            .runners = runner_list,
                                            .runner_count = RUNNERS,
                                            .bed_count = BEDS,
                                            .wake = &core_wake,
                                            .timebase = &timebase,
                                            .commands = {&commands[ORIGIN_BROKER], &commands[ORIGIN_LOCAL]},
                                            .records = &records,
                                            .journal = &journal,
                                            .store_wake = &store_wake,
                                            .deliver_wake = &deliver_wake,
                                            .board = &board,
                                            .conditions = look,
                                            .conditions_context = &looks};
    core_init(&core, &arena, &core_config);
    looks = 0;
    early_looks = 0;
    begin_ms = clock_boot_us() / 1000 - 60000;
    engine_begin(engine, begin_ms + ANCHOR_MS);
    for (uint16_t b = 0; b < BEDS; b++) {
        engine_admit(engine, b, begin_ms + ANCHOR_MS);
    }
}

static int set_up(void **state)
{
    (void)state;
    reports_alarms = false;
    assert_int_equal(wake_open(&core_wake), STATUS_OK);
    assert_int_equal(wake_open(&store_wake), STATUS_OK);
    assert_int_equal(wake_open(&deliver_wake), STATUS_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    wake_close(&core_wake);
    wake_close(&store_wake);
    wake_close(&deliver_wake);
    return 0;
}

static void push(unsigned runner, int64_t after_ms, uint16_t bed, int32_t hr)
{
    const struct observation o = {
        .at_ms = begin_ms + after_ms, .bed = bed, .vital = VITAL_hr, .value_milli = hr * 1000};
    assert_true(ring_push(&runners[runner].ring, &o));
}

static void run_to_the_end(void)
{
    assert_int_equal(core_start(&core), STATUS_OK);
    core_stop(&core);
    assert_int_equal(early_looks, 0);
}

/* The alerts of the rule at one bed, as their instants since begin and phases: "5+ 8-". */
static const char *alerts_at(uint16_t bed, const struct record *taken, uint32_t count)
{
    static char text[1024];
    size_t length = 0;
    text[0] = '\0';
    for (uint32_t i = 0; i < count; i++) {
        const struct alert *a = &taken[i].alert;
        if (taken[i].kind == RECORD_ALERT && a->key.bed == bed && a->key.family == ALARM_OF_RULE) {
            length +=
                (size_t)snprintf(text + length, sizeof text - length, "%s%lld%s", length > 0 ? " " : "",
                                 (long long)(a->at_ms - begin_ms - ANCHOR_MS), a->phase == PHASE_START ? "+" : "-");
            assert_true(length < sizeof text);
        }
    }
    return text;
}

static void test_rings_are_merged_in_order_of_time(void **state)
{
    (void)state;
    static struct record taken[256];
    make_core(1024, 8192);
    for (int t = 0; t < 900; t += 3) {
        push(0, t, 0, t == 300 ? 150 : 80);
        push(1, t + 1, 1, t == 600 ? 150 : 80);
        push(2, t + 2, 2, 80);
    }
    run_to_the_end();
    assert_int_equal(atomic_load(&board.observations), 900);
    assert_int_equal(atomic_load(&board.observations_late), 0);
    struct observation o;
    for (int t = 0; t < 900; t++) {
        assert_int_equal(ring_pop(&journal, &o, 1), 1);
        assert_int_equal(o.at_ms - begin_ms - ANCHOR_MS, t);
        assert_int_equal(o.bed, t % 3);
    }
    const uint32_t count = ring_pop(&records, taken, 256);
    assert_string_equal(alerts_at(0, taken, count), "300+ 303-");
    assert_string_equal(alerts_at(1, taken, count), "601+ 604-");
    assert_string_equal(alerts_at(2, taken, count), "");
    assert_true(wake_wait_until(&store_wake, 0));
    assert_true(wake_wait_until(&deliver_wake, 0));
}

/* A network link with hundreds of monitors beside a slow line: what waits in the one is not overtaken by the other. */
static void test_a_backlog_is_not_overtaken(void **state)
{
    (void)state;
    static struct record taken[256];
    make_core(1024, 8192);
    for (int t = 0; t < 4000; t++) {
        push(0, t * 10, 0, t == 3000 ? 150 : 80);
    }
    for (int t = 0; t < 40; t++) {
        push(2, t * 1000 + 5, 1, 80);
    }
    run_to_the_end();
    assert_int_equal(atomic_load(&board.observations), 4040);
    assert_int_equal(atomic_load(&board.observations_late), 0);
    const uint32_t count = ring_pop(&records, taken, 256);
    assert_string_equal(alerts_at(0, taken, count), "30000+ 30010-");
    for (uint32_t i = 0; i < count; i++) { /* nobody fell silent, nothing went stale while it waited */
        const struct alert *a = &taken[i].alert;
        const bool judged = taken[i].kind == RECORD_ALERT && a->kind == KIND_TECHNICAL && a->key.bed < 2;
        assert_true(!judged || a->at_ms > begin_ms + ANCHOR_MS + 40000);
    }
}

static void test_what_comes_late_is_taken_as_of_now(void **state)
{
    (void)state;
    static struct record taken[256];
    make_core(1024, 64);
    push(0, -5000, 0, 150);
    push(0, 100, 0, 80);
    run_to_the_end();
    assert_int_equal(atomic_load(&board.observations_late), 1);
    assert_int_equal(atomic_load(&board.observations), 2);
    assert_string_equal(alerts_at(0, taken, ring_pop(&records, taken, 256)), "0+ 100-");
    struct observation o;
    assert_int_equal(ring_pop(&journal, &o, 1), 1);
    assert_int_equal(o.at_ms, begin_ms + ANCHOR_MS); /* the journal has it as the engine took it */
}

static void test_a_full_journal_is_only_counted(void **state)
{
    (void)state;
    static struct record taken[256];
    make_core(1024, 16);
    for (int t = 0; t < 500; t++) {
        push(0, t, 0, t == 450 ? 150 : 80);
    }
    run_to_the_end();
    assert_int_equal(atomic_load(&board.journal_dropped), 500 - 16);
    assert_int_equal(atomic_load(&board.observations), 500);
    assert_string_equal(alerts_at(0, taken, ring_pop(&records, taken, 256)), "450+ 451-");
}

/* Every observation starts or ends an alarm; the store takes them slowly out of a ring that holds one step. */
static void test_a_full_record_ring_makes_it_wait(void **state)
{
    (void)state;
    enum { COUNT = 3000 };
    static struct record taken[64];
    draw_seed(3);
    make_core(128, 8192);
    assert_true(engine_records_max(engine) <= 128);
    for (int t = 0; t < COUNT; t++) {
        push((unsigned)t % RUNNERS, t, 0, t % 2 == 0 ? 150 : 80);
    }
    assert_int_equal(core_start(&core), STATUS_OK);
    uint64_t seq = 0;
    unsigned of_rule = 0;
    const int64_t until_us = clock_boot_us() + 30000000;
    while (of_rule < COUNT && clock_boot_us() < until_us) {
        const uint32_t count = ring_pop(&records, taken, (uint32_t)draw(64));
        for (uint32_t i = 0; i < count; i++) {
            if (taken[i].kind == RECORD_ALERT) {
                assert_int_equal(taken[i].alert.seq, ++seq);
                of_rule += taken[i].alert.key.family == ALARM_OF_RULE && taken[i].alert.key.bed == 0 ? 1 : 0;
            }
        }
        if (chance(2)) {
            clock_sleep_until_us(clock_boot_us() + 3000);
        }
    }
    assert_int_equal(of_rule, COUNT);
    core_stop(&core);
    assert_int_equal(atomic_load(&board.observations), COUNT);
    assert_int_equal(atomic_load(&board.observations_late), 0);
    assert_int_equal(early_looks, 0);
}

static void test_a_stop_with_a_full_ring_ends(void **state)
{
    (void)state;
    make_core(64, 64);
    const struct record filler = {.kind = RECORD_BED};
    while (ring_push(&records, &filler)) {
    }
    for (int t = 0; t < 2000; t++) {
        push(0, t, 0, t % 2 == 0 ? 150 : 80);
    }
    assert_int_equal(core_start(&core), STATUS_OK);
    clock_sleep_until_us(clock_boot_us() + 20000);
    assert_int_equal(ring_count(&records), 64);
    const int64_t before_us = clock_boot_us();
    core_stop(&core);
    assert_true(clock_boot_us() - before_us < 1000000);
    assert_int_equal(early_looks, 0); /* nothing is judged ahead of what waits */
}

static void test_it_looks_at_conditions_and_shows_beds(void **state)
{
    (void)state;
    struct bed_view view;
    make_core(1024, 64);
    push(1, 0, 2, 80);
    assert_int_equal(core_start(&core), STATUS_OK);
    clock_sleep_until_us(clock_boot_us() + 1200000);
    core_stop(&core);
    assert_true(looks >= 2 && looks <= 4); /* twice a second */
    assert_int_equal(early_looks, 0);
    assert_true(board_take(&board, 2, &view) > 0);
    assert_int_equal(view.bed, 2);
    assert_int_equal(view.vitals[0].value_milli, 80000);
    assert_int_equal(view.vitals[0].quality, QUALITY_NO_ANSWER); /* a minute old */
}

/* ---- alarms of the monitors' own, and where their beds are ---- */

static void push_alarm(unsigned runner, int64_t after_ms, uint16_t bed, const char *name,
                       enum monitor_alarm_phase phase)
{
    struct monitor_alarm alarm = {.at_ms = begin_ms + after_ms,
                                  .bed = bed,
                                  .phase = (uint8_t)phase,
                                  .priority = PRIORITY_HIGH,
                                  .kind = KIND_PHYSIOLOGICAL,
                                  .vital = VITAL_NONE};
    (void)snprintf(alarm.name, sizeof alarm.name, "%s", name);
    assert_true(ring_push(&runners[runner].alarms, &alarm));
}

/* Everything that starts or ends at a bed, in order: "vtach 5+ hr_high 5+". */
static const char *starts_at(uint16_t bed, const struct record *taken, uint32_t count)
{
    static char text[1024];
    size_t length = 0;
    text[0] = '\0';
    for (uint32_t i = 0; i < count; i++) {
        const struct alert *a = &taken[i].alert;
        if (taken[i].kind != RECORD_ALERT || a->key.bed != bed || a->kind != KIND_PHYSIOLOGICAL) {
            continue;
        }
        char name[ALARM_NAME_MAX];
        alarm_name(&config, a, name);
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%s %lld%s", length > 0 ? " " : "", name,
                                   (long long)(a->at_ms - begin_ms - ANCHOR_MS), a->phase == PHASE_START ? "+" : "-");
        assert_true(length < sizeof text);
    }
    return text;
}

static void test_monitors_alarms_in_order_of_time(void **state)
{
    (void)state;
    static struct record taken[512];
    reports_alarms = true;
    make_core(1024, 8192);
    for (int t = 0; t < 900; t += 3) {
        push((unsigned)t % RUNNERS, t, 0, t == 300 ? 150 : 80);
    }
    push_alarm(0, 100, 0, "early", MONITOR_ALARM_PRESENT);
    push_alarm(1, 300, 0, "vtach", MONITOR_ALARM_PRESENT); /* of the instant of an observation, and of another runner */
    push_alarm(1, 450, 0, "vtach", MONITOR_ALARM_ENDED);
    push_alarm(2, 5000, 0, "late", MONITOR_ALARM_PRESENT);
    run_to_the_end();
    assert_int_equal(atomic_load(&board.observations), 300);
    assert_int_equal(atomic_load(&board.observations_late), 0);
    const uint32_t count = ring_pop(&records, taken, 512);
    assert_string_equal(starts_at(0, taken, count), "monitor.early 100+ hr_high 300+ monitor.vtach 300+ hr_high 303- "
                                                    "monitor.vtach 450- monitor.late 5000+");
}

static void test_beds_stand_elsewhere(void **state)
{
    (void)state;
    static struct record taken[512];
    static const uint16_t map[] = {2, BED_NONE, 0};
    reports_alarms = true;
    make_core(1024, 64);
    runners[1].bed_map = map;
    push(0, 10, 1, 150); /* as it stands */
    push(1, 20, 0, 151); /* at 2 now */
    push(1, 30, 1, 152); /* gone */
    push(1, 40, 2, 153); /* at 0 now */
    push_alarm(1, 50, 1, "gone", MONITOR_ALARM_PRESENT);
    push_alarm(1, 60, 2, "moved", MONITOR_ALARM_PRESENT);
    run_to_the_end();
    assert_int_equal(atomic_load(&board.observations), 3);
    const uint32_t count = ring_pop(&records, taken, 512);
    assert_string_equal(starts_at(0, taken, count), "hr_high 40+ monitor.moved 60+");
    assert_string_equal(starts_at(1, taken, count), "hr_high 10+");
    assert_string_equal(starts_at(2, taken, count), "hr_high 20+");
    struct observation o;
    assert_int_equal(ring_pop(&journal, &o, 1), 1);
    assert_int_equal(ring_pop(&journal, &o, 1), 1);
    assert_int_equal(o.bed, 2);
}

/* ---- commands ---- */

static void push_command(enum command_origin origin, uint16_t bed, enum command_kind kind, const char *id)
{
    struct bed_command command = {
        .kind = (uint8_t)kind, .role = ROLE_charge, .bed = bed, .to_bed = BED_NONE, .origin = origin_make(origin, 0)};
    struct bed_view view;
    engine_view_bed(engine, bed, &view);
    command.stay = view.stay;
    (void)snprintf(command.id, sizeof command.id, "%s", id);
    assert_true(ring_push(&commands[origin], &command));
}

static void test_commands_come_behind_what_came_before(void **state)
{
    (void)state;
    static struct record taken[512];
    make_core(1024, 8192);
    engine_step(engine, begin_ms + ANCHOR_MS, &core.sink);
    (void)ring_pop(&records, taken, 512);
    push_command(ORIGIN_BROKER, 0, COMMAND_discharge, "c1");
    push_command(ORIGIN_LOCAL, 1, COMMAND_back, "c2");
    push_command(ORIGIN_BROKER, 0, COMMAND_discharge, "c3");
    for (int t = 0; t < 2000; t++) { /* more than one pass takes */
        push(0, t, 0, t == 1999 ? 150 : 80);
    }
    run_to_the_end();
    assert_int_equal(atomic_load(&board.observations), 2000);
    const uint32_t count = ring_pop(&records, taken, 512);
    const char *const wanted[] = {"c1", "c2", "c3"};
    const unsigned verdicts[] = {VERDICT_ACCEPTED, VERDICT_NOTHING, VERDICT_VACANT};
    unsigned seen = 0, started = 0, ended = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct record *r = &taken[i];
        const bool of_rule = r->kind == RECORD_ALERT && r->alert.key.bed == 0 && r->alert.key.family == ALARM_OF_RULE;
        started += of_rule && r->alert.phase == PHASE_START ? 1 : 0;
        ended += of_rule && r->alert.phase == PHASE_END ? 1 : 0;
        if (r->kind == RECORD_COMMAND) {
            assert_true(seen < 3);
            assert_string_equal(r->command.id, wanted[seen]);
            assert_int_equal(r->command.verdict, verdicts[seen]);
            assert_int_equal(started, 1); /* all that had arrived was taken before */
            assert_int_equal(ended, 1);   /* and what it caused stands before it */
            seen++;
        }
    }
    assert_int_equal(seen, 3);
}

/* A store that takes nothing: commands wait in their ring, and none is lost or done twice. */
static void test_commands_wait_for_room(void **state)
{
    (void)state;
    static struct record taken[512];
    make_core(128, 64);
    const struct record filler = {.kind = RECORD_BED};
    char id[16];
    for (unsigned i = 0; i < CORE_COMMAND_SLOTS; i++) {
        (void)snprintf(id, sizeof id, "c%u", i);
        push_command(ORIGIN_BROKER, 2, COMMAND_back, id);
    }
    while (ring_push(&records, &filler)) {
    }
    assert_int_equal(core_start(&core), STATUS_OK);
    clock_sleep_until_us(clock_boot_us() + 50000);
    assert_int_equal(ring_count(&commands[ORIGIN_BROKER]), CORE_COMMAND_SLOTS);
    unsigned next = 0;
    const int64_t until_us = clock_boot_us() + 30000000;
    while (next < CORE_COMMAND_SLOTS && clock_boot_us() < until_us) {
        const uint32_t count = ring_pop(&records, taken, 512);
        for (uint32_t i = 0; i < count; i++) {
            if (taken[i].kind == RECORD_COMMAND) {
                (void)snprintf(id, sizeof id, "c%u", next++);
                assert_string_equal(taken[i].command.id, id);
            }
        }
        wake_raise(&core_wake);
        clock_sleep_until_us(clock_boot_us() + 1000);
    }
    core_stop(&core);
    assert_int_equal(next, CORE_COMMAND_SLOTS);
}

static void test_room_for_records(void **state)
{
    (void)state;
    assert_int_equal(core_record_slots(0), 1024);
    assert_int_equal(core_record_slots(1), 2048);
    assert_int_equal(core_record_slots(1024), 2048);
    assert_int_equal(core_record_slots(1025), 4096);
    assert_int_equal(core_record_slots(40000), 65536);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_rings_are_merged_in_order_of_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_backlog_is_not_overtaken, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_comes_late_is_taken_as_of_now, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_full_journal_is_only_counted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_full_record_ring_makes_it_wait, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_stop_with_a_full_ring_ends, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_it_looks_at_conditions_and_shows_beds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_monitors_alarms_in_order_of_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_beds_stand_elsewhere, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_commands_come_behind_what_came_before, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_commands_wait_for_room, set_up, tear_down),
        cmocka_unit_test(test_room_for_records),
    };
    return cmocka_run_group_tests_name("core", tests, NULL, NULL);
}
