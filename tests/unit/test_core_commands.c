/* The engine's thread: alarms that monitors name, beds that stand elsewhere, commands behind what came before them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/support/core_bench.h"

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
    while (engine_next(engine) <= begin_ms + ANCHOR_MS) {
        engine_step(engine, begin_ms + ANCHOR_MS, &core.sink);
    }
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
    make_core(256, 64);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_monitors_alarms_in_order_of_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_beds_stand_elsewhere, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_commands_come_behind_what_came_before, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_commands_wait_for_room, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("core_commands", tests, NULL, NULL);
}
