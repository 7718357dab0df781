/* What goes into an engine one at a time (app/engine/input.h): what does not fit where it is changes nothing. And the words of closed lists, for numbers
 * that are in none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdalign.h>
#include <stdio.h>
#include <string.h>

#include "app/engine/bed_command.h"
#include "app/engine/condition.h"
#include "app/engine/entry.h"
#include "app/engine/input.h"
#include "app/engine/status.h"
#include "tests/unit/support/engine_ward.h"

static struct arena memory;
static struct engine *engine;
static unsigned emitted;

static void put(struct record_sink *sink, const struct record *record)
{
    (void)sink;
    (void)record;
    emitted++;
}

static struct record_sink sink = {.put = put};

static int set_up(void **state)
{
    (void)state;
    static alignas(64) unsigned char storage[1 << 20];
    ward_clear_config();
    ward_config.engine.replay = false;
    ward_config.engine.line_count = 2;
    ward_add_channel(VITAL_hr, 1000);
    ward_add_rule("hr_high", "hr > limit", NULL, 120, PRIORITY_HIGH);
    ward_add_ward_rule("many", "hr > limit", 1, 140, PRIORITY_HIGH);
    ward_add_ward_rule("most", "hr > limit", 1, 150, PRIORITY_HIGH);
    memset(storage, 0, sizeof storage);
    memory = (struct arena){.base = storage, .size = sizeof storage};
    engine = engine_make(&memory, &ward_config.engine);
    assert_non_null(engine);
    emitted = 0;
    return 0;
}

static bool take(struct engine_input input)
{
    return engine_take(engine, &input, &sink);
}

static bool take_value(int64_t at_ms, uint16_t bed)
{
    const struct observation o = {.at_ms = at_ms, .bed = bed, .vital = VITAL_hr, .value_milli = 72000};
    return take((struct engine_input){.kind = INPUT_OBSERVATION, .at_ms = at_ms, .observation = &o});
}

static void test_a_start_comes_in_order(void **state)
{
    (void)state;
    const struct bed_snapshot stay = {.stay = 7, .stay_start_ms = 500};
    const struct alarm_snapshot none = {.last = {.vital = VITAL_NONE}};
    const struct alarm_key unknown = {.bed = 0, .family = ALARM_OF_RULE, .index = 9};
    const struct alarm_key rule = {.bed = 0, .family = ALARM_OF_RULE, .index = 0};
    assert_false(take_value(1000, 0));
    assert_false(take((struct engine_input){.kind = INPUT_RESTORE_END, .at_ms = 1000}));
    assert_false(take((struct engine_input){.kind = INPUT_NUMBERS, .number = 5}));
    assert_true(take((struct engine_input){.kind = INPUT_SEED, .number = 5}));
    assert_true(take((struct engine_input){.kind = INPUT_NUMBERS, .number = 5, .number_2 = 6}));
    assert_false(take((struct engine_input){.kind = INPUT_STAY, .bed = 1, .stay = &stay}));
    assert_true(take((struct engine_input){.kind = INPUT_STAY, .bed = 0, .stay = &stay}));
    const struct alarm_snapshot past = {.last = {.vital = VITAL_NONE, .stay = 7, .state = ALARM_ENDED}};
    const struct alarm_key other = {.bed = 0, .family = ALARM_NOT_MONITORED, .index = 0};
    assert_false(take((struct engine_input){.kind = INPUT_PAST, .key = &unknown, .alarm = &past}));
    assert_false(take((struct engine_input){.kind = INPUT_PAST, .key = &other, .alarm = &past}));
    assert_false(take((struct engine_input){.kind = INPUT_PAST, .key = &rule, .alarm = &none})); /* of another stay */
    assert_true(take((struct engine_input){.kind = INPUT_PAST, .key = &rule, .alarm = &past}));
    assert_true(take((struct engine_input){.kind = INPUT_RESTORE_BEGIN, .at_ms = 500}));
    assert_false(take((struct engine_input){.kind = INPUT_RESTORE_BEGIN, .at_ms = 500}));
    assert_false(take((struct engine_input){.kind = INPUT_PAST, .key = &rule, .alarm = &past}));
    assert_false(take((struct engine_input){.kind = INPUT_SEED, .number = 5}));
    assert_false(take((struct engine_input){.kind = INPUT_BEGIN, .at_ms = 1000}));
    assert_true(take_value(700, 0));
    assert_false(take_value(600, 0));
    assert_false(take((struct engine_input){.kind = INPUT_LINE, .at_ms = 800, .number_2 = LINE_DOWN}));
    assert_true(take((struct engine_input){.kind = INPUT_RESTORE_END, .at_ms = 900}));
    assert_false(take((struct engine_input){.kind = INPUT_RESTORE_BEGIN, .at_ms = 950})); /* once */
    assert_false(take((struct engine_input){.kind = INPUT_ALARM, .key = &unknown, .alarm = &none}));
    assert_true(take((struct engine_input){.kind = INPUT_ALARM, .key = &rule, .alarm = &none}));
    assert_false(take((struct engine_input){.kind = INPUT_SAID, .at_ms = 900, .bed = 0, .detail = "vtach"}));
    assert_false(take((struct engine_input){.kind = INPUT_SAID, .at_ms = 900, .bed = 1, .detail = "vtach"}));
    assert_true(take((struct engine_input){.kind = INPUT_CLOCK, .at_ms = INT64_MIN, .flag = true}));
    assert_false(take((struct engine_input){.kind = INPUT_CONTINUE, .at_ms = 100}));
    assert_true(take((struct engine_input){.kind = INPUT_CONTINUE, .at_ms = 1000}));
    assert_false(take((struct engine_input){.kind = INPUT_BEGIN, .at_ms = 1000}));
    assert_false(take((struct engine_input){.kind = INPUT_NUMBERS, .number = 5, .number_2 = 6}));
}

static void test_a_run_takes_what_is_not_past(void **state)
{
    (void)state;
    const struct monitor_alarm nameless = {.at_ms = 2000};
    const struct bed_command nowhere = {.kind = COMMAND_discharge, .bed = 9};
    assert_true(take((struct engine_input){.kind = INPUT_BEGIN, .at_ms = 1000}));
    assert_true(take_value(2000, 0));
    assert_false(take_value(1999, 0));
    assert_false(take_value(INT64_MIN, 0));
    assert_false(take_value(2000, 1));
    assert_false(take((struct engine_input){.kind = INPUT_REPORTED, .at_ms = 2000, .reported = &nameless}));
    assert_false(take((struct engine_input){.kind = INPUT_CONDITION, .at_ms = 2000, .number = 0, .detail = ""}));
    assert_false(
        take((struct engine_input){.kind = INPUT_CONDITION, .at_ms = 2000, .number = BUILTIN_COUNT, .detail = ""}));
    assert_true(take((struct engine_input){
        .kind = INPUT_CONDITION, .at_ms = 2000, .number = BUILTIN_bus_down, .flag = true, .detail = "line-1"}));
    assert_true(take((struct engine_input){.kind = INPUT_CLOCK, .at_ms = 2000, .flag = true}));
    emitted = 0;
    assert_true(take((struct engine_input){.kind = INPUT_COMMAND, .at_ms = 3000, .command = &nowhere}));
    assert_true(take_value(3000, 0)); /* the command's instant is over with it */
    assert_true(emitted > 0);
    assert_false(take((struct engine_input){.kind = INPUT_RETIRE, .at_ms = 4000})); /* needs another configuration */
    assert_false(take((struct engine_input){.kind = INPUT_KIND_COUNT, .at_ms = 4000}));
}

struct seen_line {
    struct engine_witness witness; /* first */
    unsigned count;
    uint64_t number, state;
};

static void see_line(struct engine_witness *witness, const struct engine_input *input)
{
    struct seen_line *seen = (struct seen_line *)witness;
    if (input->kind == INPUT_LINE) {
        seen->count++;
        seen->number = input->number;
        seen->state = input->number_2;
    }
}

static void see_nothing(struct engine_witness *witness, const struct record *record)
{
    (void)witness;
    (void)record;
}

static void test_lines_that_there_are(void **state)
{
    (void)state;
    struct seen_line seen = {.witness = {.takes = see_line, .gives = see_nothing}};
    engine_set_witness(engine, &seen.witness);
    assert_true(take((struct engine_input){.kind = INPUT_BEGIN, .at_ms = 1000}));
    assert_true(take((struct engine_input){.kind = INPUT_LINE, .at_ms = 2000, .number = 1, .number_2 = LINE_DOWN}));
    assert_false(take((struct engine_input){.kind = INPUT_LINE, .at_ms = 2000, .number = 2, .number_2 = LINE_DOWN}));
    assert_false(take((struct engine_input){.kind = INPUT_LINE, .at_ms = 2000, .number_2 = LINE_DOWN + 1}));
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.number, 1);
    assert_int_equal(seen.state, LINE_DOWN);
    engine_set_witness(engine, NULL);
}

static void test_nothing_comes_after_a_retirement(void **state)
{
    (void)state;
    assert_true(take((struct engine_input){.kind = INPUT_BEGIN, .at_ms = 1000}));
    assert_true(take_value(2000, 0));
    assert_true(take((struct engine_input){.kind = INPUT_CLOCK, .at_ms = 3000, .stepped = true, .flag = true}));
    engine_retire(engine, 3000, &ward_config.engine);
    assert_false(take_value(4000, 0));
    assert_false(take((struct engine_input){.kind = INPUT_LINE, .at_ms = 4000, .number_2 = LINE_DOWN}));
}

static bool take_alarm(uint16_t bed, enum alarm_family family, uint16_t index, const char *detail)
{
    struct alarm_snapshot alarm = {.last = {.vital = VITAL_NONE, .id = 7, .rev = 1, .state = ALARM_ACTIVE}};
    const struct alarm_key key = {.bed = bed, .family = (uint8_t)family, .index = index};
    (void)snprintf(alarm.last.detail, sizeof alarm.last.detail, "%s", detail);
    return take((struct engine_input){.kind = INPUT_ALARM, .key = &key, .alarm = &alarm});
}

/* A rule of the ward has its alarm at no bed, one of beds none at the ward, and neither is foreseen unless it asks for that. */
static void test_alarms_are_restored_where_they_are(void **state)
{
    (void)state;
    assert_false(take_alarm(0, ALARM_OF_RULE, 1, ""));
    assert_false(take_alarm(0, ALARM_FORESEEN, 0, ""));
    assert_false(take_alarm(BED_NONE, ALARM_OF_RULE, 0, ""));
    assert_false(take_alarm(BED_NONE, ALARM_FORESEEN, 1, ""));
    assert_false(take_alarm(0, ALARM_REPORTED, 0, ""));
    assert_true(take_alarm(BED_NONE, ALARM_NOT_MONITORED, 1, ""));
    assert_true(take_alarm(BED_NONE, ALARM_OF_RULE, 2, "b1"));
    assert_true(take_alarm(0, ALARM_NOT_MONITORED, 0, ""));
    assert_true(take_alarm(BED_NONE, ALARM_BUILTIN, BUILTIN_bus_down, "line-1"));
}

/* It names a vital that the bed has no more: that one does not keep it. */
static void test_a_technical_alarm_of_a_vital_that_is_gone(void **state)
{
    (void)state;
    const struct bed_snapshot stay = {.stay = 7, .stay_start_ms = 500};
    struct bed_view view;
    assert_true(take((struct engine_input){.kind = INPUT_STAY, .bed = 0, .stay = &stay}));
    assert_true(take_alarm(0, ALARM_BUILTIN, BUILTIN_sensor_off, "spo2, hr"));
    assert_true(take((struct engine_input){.kind = INPUT_CONTINUE, .at_ms = 1000}));
    engine_view_bed(engine, 0, &view);
    assert_int_equal(view.alarm_count, 1);
    assert_string_equal(view.alarms[0].name, "sensor_off");
    for (int64_t at_ms = 1000; at_ms <= 30000; at_ms += 1000) {
        const struct observation heard = {.at_ms = at_ms, .kind = OBSERVATION_HEARD};
        assert_true(take((struct engine_input){.kind = INPUT_OBSERVATION, .at_ms = at_ms, .observation = &heard}));
        assert_true(take_value(at_ms, 0));
    }
    engine_view_bed(engine, 0, &view);
    assert_int_equal(view.alarm_count, 0);
}

/* It is counted, and what stands goes on standing. */
static void test_a_value_that_comes_late(void **state)
{
    (void)state;
    struct bed_view view;
    const struct observation late = {.at_ms = 2500, .vital = VITAL_hr, .value_milli = 250000, .quality = QUALITY_LATE};
    assert_true(take((struct engine_input){.kind = INPUT_BEGIN, .at_ms = 0}));
    assert_true(take_value(2000, 0));
    assert_true(take((struct engine_input){.kind = INPUT_OBSERVATION, .at_ms = 2500, .observation = &late}));
    engine_view_bed(engine, 0, &view);
    assert_int_equal(view.vital_count, 1);
    assert_int_equal(view.vitals[0].quality, QUALITY_VALID);
    assert_int_equal(view.vitals[0].value_milli, 72000);
    assert_int_equal(view.vitals[0].at_ms, 2000);
    assert_int_equal(view.rejection_count, 1);
    assert_int_equal(view.rejections[0].quality, QUALITY_LATE);
    assert_int_equal(view.rejections[0].count, 1);
}

static void test_words_of_what_is_in_no_list(void **state)
{
    (void)state;
    assert_string_equal(status_text((enum status)STATUS_COUNT), "unknown status");
    assert_string_equal(quality_word((enum quality)QUALITY_COUNT), "unknown");
    assert_string_equal(quality_word(QUALITY_LATE), "late");
    assert_string_equal(command_word(COMMAND_KIND_COUNT), "unknown");
    assert_string_equal(role_word(ROLE_COUNT), "unknown");
    assert_string_equal(verdict_word(VERDICT_COUNT), "unknown");
    assert_string_equal(verdict_text(VERDICT_COUNT), "unknown");
    assert_string_equal(engine_input_word(INPUT_KIND_COUNT), "unknown");
    assert_false(role_may(ROLE_COUNT, COMMAND_admit));
    assert_false(role_may(ROLE_local, COMMAND_KIND_COUNT));
    assert_true(role_may(ROLE_nurse, COMMAND_admit));
    assert_false(role_may(ROLE_nurse, COMMAND_set_limit));
    assert_true(role_may(ROLE_charge, COMMAND_set_limit));
    assert_int_not_equal(identity_hash("", 0), 0);
}

static void test_values_as_people_write_them(void **state)
{
    (void)state;
    static const struct {
        int32_t value_milli;
        const char *text;
    } cases[] = {
        {0, "hr 0 /min"},     {100000, "hr 100 /min"}, {36600, "hr 36.6 /min"}, {-1500, "hr -1.5 /min"},
        {1, "hr 0.001 /min"}, {-1, "hr -0.001 /min"},  {120, "hr 0.12 /min"},   {INT32_MIN, "hr -2147483.648 /min"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct condition c = {.detail = ""};
        condition_add_value(&c, VITAL_hr, cases[i].value_milli);
        assert_string_equal(c.detail, cases[i].text);
    }
}

static void test_words_of_entries(void **state)
{
    (void)state;
    int32_t value_milli = 7;
    assert_string_equal(entry_word(VITAL_consciousness, 3000), "pain");
    assert_null(entry_word(VITAL_consciousness, 5000));
    assert_null(entry_word(VITAL_consciousness, -1000));
    assert_null(entry_word(VITAL_consciousness, 1500));
    assert_null(entry_word(VITAL_effort, 4000));
    assert_null(entry_word(VITAL_temp, 1000));
    assert_true(entry_value(VITAL_effort, "severe", &value_milli));
    assert_int_equal(value_milli, 3000);
    assert_false(entry_value(VITAL_effort, "pain", &value_milli));
    assert_false(entry_value(VITAL_temp, "severe", &value_milli));
    assert_int_equal(value_milli, 3000);
    assert_string_equal(entry_words(VITAL_temp), "");
    assert_non_null(strstr(entry_words(VITAL_consciousness), "new_confusion"));
    assert_true(entry_is_sound(VITAL_temp, CLASS_adult, 37000));
    assert_false(entry_is_sound(VITAL_temp, CLASS_adult, 370000));
    assert_false(entry_is_sound(VITAL_temp, CLASS_adult, -37000));
    assert_false(entry_is_sound(VITAL_consciousness, CLASS_adult, 500));
}

static void test_entries_that_are_kept(void **state)
{
    (void)state;
    struct entries entries = {.count = 0};
    assert_false(entries_take_back(&entries, 0));
    assert_false(entries_is_entered(NULL, 0));
    for (int64_t i = 1; i <= ENTRY_KEPT; i++) {
        entries_put(&entries, &(struct kept_value){i * ENTRY_SLACK_MS * 3, 1000, false});
    }
    assert_int_equal(entries.count, ENTRY_KEPT);
    entries_put(&entries, &(struct kept_value){1, 2000, false}); /* older than all that is kept */
    assert_int_equal(entries.list[ENTRY_KEPT - 1].at_ms, ENTRY_SLACK_MS * 3);
    const int64_t newest_ms = ENTRY_KEPT * ENTRY_SLACK_MS * 3;
    entries_put(&entries, &(struct kept_value){newest_ms, 3000, false}); /* of the same instant: the last wins */
    assert_int_equal(entries.count, ENTRY_KEPT);
    assert_int_equal(entries.list[0].value_milli, 3000);
    assert_false(entries_is_entered(&entries, newest_ms));
    assert_false(entries_is_entered(&entries, newest_ms + 1));
    assert_false(entries_take_back(&entries, newest_ms)); /* measured: nobody entered it */
    entries_put(&entries, &(struct kept_value){newest_ms + 5 * ENTRY_SLACK_MS, 4000, true});
    assert_true(entries_is_entered(&entries, newest_ms + 5 * ENTRY_SLACK_MS));
    assert_int_equal(entries.list[1].value_milli, 3000);
    assert_false(entries_take_back(&entries, newest_ms + 4 * ENTRY_SLACK_MS));
    assert_false(entries_take_back(&entries, newest_ms + 6 * ENTRY_SLACK_MS));
    assert_true(entries_take_back(&entries, newest_ms + 5 * ENTRY_SLACK_MS + ENTRY_SLACK_MS - 1));
    assert_int_equal(entries.list[0].value_milli, 3000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_a_start_comes_in_order, set_up),
        cmocka_unit_test_setup(test_a_run_takes_what_is_not_past, set_up),
        cmocka_unit_test_setup(test_lines_that_there_are, set_up),
        cmocka_unit_test_setup(test_nothing_comes_after_a_retirement, set_up),
        cmocka_unit_test_setup(test_alarms_are_restored_where_they_are, set_up),
        cmocka_unit_test_setup(test_a_technical_alarm_of_a_vital_that_is_gone, set_up),
        cmocka_unit_test_setup(test_a_value_that_comes_late, set_up),
        cmocka_unit_test(test_words_of_what_is_in_no_list),
        cmocka_unit_test(test_values_as_people_write_them),
        cmocka_unit_test(test_words_of_entries),
        cmocka_unit_test(test_entries_that_are_kept),
    };
    return cmocka_run_group_tests_name("input", tests, NULL, NULL);
}
