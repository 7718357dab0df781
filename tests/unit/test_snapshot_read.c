/* Rows that wardgate wrote before (store schema 3), byte by byte where it put them: limits, pauses and open alarms go on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/flow/snapshot_read.h"
#include "tests/unit/support/restore_bench.h"

/* As that program had them, where a 64 bit number is aligned to 8 bytes. */
enum { BED_SIZE = 440, ALARM_SIZE = 320 };

static unsigned char bed_row[BED_SIZE], alarm_row[ALARM_SIZE];
static struct restore_counts counts;

#define PUT(row, offset, type, value) memcpy((row) + (offset), &(type){value}, sizeof(type))

/* An audio pause for 30 s more, and a limit of 150 for hr_high. */
static void make_bed(uint64_t stay)
{
    memset(bed_row, 0, sizeof bed_row);
    PUT(bed_row, 0, uint64_t, stay);
    PUT(bed_row, 8, int64_t, STAY_MS);
    PUT(bed_row, 16, uint64_t, 5);
    PUT(bed_row, 24, int64_t, NOW_MS + 60000); /* away till then, */
    PUT(bed_row, 32, int64_t, NOW_MS - 60000); /* since then */
    PUT(bed_row, 40 + 7 * 4, int32_t, 4711);   /* the last monitor's identity */
    PUT(bed_row, 72, uint32_t, limit_key("hr_high", "limit"));
    PUT(bed_row, 76, int32_t, 150000);
    PUT(bed_row, 72 + 15 * 8, uint32_t, 99); /* the last limit */
    PUT(bed_row, 200, int64_t, NOW_MS - 60000);
    PUT(bed_row, 208, int64_t, NOW_MS + 30000);
    PUT(bed_row, 216, uint32_t, PAUSE_AUDIO);
    PUT(bed_row, 200 + 7 * 24, int64_t, 17); /* the last pause */
    PUT(bed_row, 392, uint8_t, 2);
    PUT(bed_row, 400, uint16_t, 1);
}

static void make_alarm(void)
{
    memset(alarm_row, 0, sizeof alarm_row);
    PUT(alarm_row, 6, uint8_t, PHASE_UPDATE);
    PUT(alarm_row, 7, uint8_t, ALARM_ACTIVE);
    PUT(alarm_row, 9, uint8_t, PRIORITY_MEDIUM);
    PUT(alarm_row, 13, uint8_t, INACTIVATION_ACKNOWLEDGED);
    PUT(alarm_row, 19, bool, true);
    PUT(alarm_row, 21, uint8_t, VITAL_hr);
    PUT(alarm_row, 24, int32_t, 131000);
    PUT(alarm_row, 28, int32_t, 120000);
    PUT(alarm_row, 32, uint32_t, 3);
    PUT(alarm_row, 40, uint64_t, ALARM_ID);
    PUT(alarm_row, 48, uint64_t, 40);
    PUT(alarm_row, 56, uint64_t, 5);
    PUT(alarm_row, 64, uint64_t, 11);
    PUT(alarm_row, 72, int64_t, NOW_MS - 60000);
    PUT(alarm_row, 96, int64_t, NOW_MS - 90000);
    PUT(alarm_row, 104, uint64_t, 55);
    PUT(alarm_row, 112, uint16_t, 6);
    PUT(alarm_row, 114 + 31, uint8_t, 0x80);
    PUT(alarm_row, 148, uint32_t, 1234);
    PUT(alarm_row, 152, int64_t, NOW_MS - 80000);
    PUT(alarm_row, 160 + 5 * 4, int32_t, 9);
    memcpy(alarm_row + 184 + 94, "d", 1);
    memcpy(alarm_row + 280, "vtach", 5);
}

static void test_a_bed(void **state)
{
    (void)state;
    struct bed_snapshot bed;
    make_bed(11);
    assert_true(snapshot_read_bed(bed_row, sizeof bed_row, &bed));
    assert_int_equal(bed.stay, 11);
    assert_true(bed.stay_start_ms == STAY_MS && bed.stay_began_ms == STAY_MS);
    assert_int_equal(bed.admission_ms, 0);
    assert_int_equal(bed.bed_seq, 5);
    assert_true(bed.away_until_ms == NOW_MS + 60000 && bed.away_at_ms == NOW_MS - 60000);
    assert_int_equal(bed.identity[7], 4711);
    assert_int_equal(bed.limits[0].value_milli, 150000);
    assert_int_equal(bed.limits[15].key, 99);
    assert_true(bed.pauses[0].until_ms == NOW_MS + 30000 && bed.pauses[0].what == PAUSE_AUDIO);
    assert_int_equal(bed.pauses[7].from_ms, 17);
    assert_int_equal(bed.spo2_scale, 2);
    assert_int_equal(bed.attributes.known, 1);
    make_bed(0); /* vacant: no stay began */
    assert_true(snapshot_read_bed(bed_row, sizeof bed_row, &bed));
    assert_int_equal(bed.stay_began_ms, 0);
}

static void test_an_alarm(void **state)
{
    (void)state;
    struct alarm_snapshot alarm;
    make_alarm();
    assert_true(snapshot_read_alarm(alarm_row, sizeof alarm_row, &alarm));
    const struct alert *a = &alarm.last;
    assert_int_equal(a->phase, PHASE_UPDATE);
    assert_int_equal(a->state, ALARM_ACTIVE);
    assert_int_equal(a->priority, PRIORITY_MEDIUM);
    assert_int_equal(a->unpaused, INACTIVATION_ACKNOWLEDGED);
    assert_true(a->escalated && !a->is_repeated);
    assert_int_equal(a->vital, VITAL_hr);
    assert_int_equal(a->value_milli, 131000);
    assert_int_equal(a->limit_milli, 120000);
    assert_int_equal(a->rev, 3);
    assert_int_equal(a->id, ALARM_ID);
    assert_int_equal(a->seq, 40);
    assert_int_equal(a->bed_seq, 5);
    assert_int_equal(a->stay, 11);
    assert_true(a->at_ms == NOW_MS - 60000 && a->raised_at_ms == NOW_MS - 90000);
    assert_true(a->pressing_at_ms == NOW_MS - 80000 && a->unseen_since_ms == NOW_MS - 90000);
    assert_int_equal(a->part_of, 55);
    assert_int_equal(a->part_of_index, 6);
    assert_int_equal(a->stands_for[31], 0x80);
    assert_int_equal(a->stands_for_key, 1234);
    assert_int_equal(a->parameters_milli[5], 9);
    assert_string_equal(a->detail + 94, "d");
    assert_string_equal(a->reported, "vtach");
}

/* Rows have 31 for "none" from when there were 31 vitals: the numbers of the others stay. */
static void test_no_vital_is_31_in_a_row(void **state)
{
    (void)state;
    struct alarm_snapshot kept = {.last = {.vital = 31}}, alarm;
    assert_true(snapshot_read_alarm(&kept, sizeof kept, &alarm));
    assert_int_equal(alarm.last.vital, VITAL_NONE);
    assert_int_equal(snapshot_vital(VITAL_NONE), 31);
    for (unsigned vital = 0; vital <= VITAL_NONE; vital++) {
        assert_int_equal(snapshot_vital(snapshot_vital((uint8_t)vital)), vital);
        assert_true(vital >= 31 || snapshot_vital((uint8_t)vital) == vital);
    }
}

static void test_forms_that_nobody_knows(void **state)
{
    (void)state;
    static unsigned char bytes[1024];
    struct bed_snapshot bed = {.stay = 3};
    struct alarm_snapshot alarm = {.last = {.rev = 3}};
    for (size_t size = 0; size <= sizeof bytes; size++) {
        if (size != BED_SIZE && size != sizeof bed) {
            assert_false(snapshot_read_bed(bytes, size, &bed));
        }
        if (size != ALARM_SIZE && size != sizeof alarm) {
            assert_false(snapshot_read_alarm(bytes, size, &alarm));
        }
    }
    assert_int_equal(bed.stay, 3);
    assert_int_equal(alarm.last.rev, 3);
}

static void put_old_alarm(const char *name, size_t size)
{
    const struct store_alarm alarm = {.bed = "b1",
                                      .alarm = name,
                                      .priority = PRIORITY_MEDIUM,
                                      .json = "{}",
                                      .json_length = 2,
                                      .snapshot = alarm_row,
                                      .snapshot_length = (uint32_t)size};
    assert_int_equal(store_begin(store), STATUS_OK);
    assert_int_equal(store_put_alarm(store, &alarm), STATUS_OK);
    assert_int_equal(store_commit(store), STATUS_OK);
}

static void put_old_ward(void)
{
    rules[0].parameters[0].settable = true;
    rules[0].parameters[0].settable_low_milli = 100000;
    rules[0].parameters[0].settable_high_milli = 160000;
    put_ward();
    make_bed(11);
    PUT(bed_row, 24, int64_t, 0); /* the patient is here */
    put_state(STATE_BED "b1", bed_row, sizeof bed_row);
    make_alarm();
    memset(alarm_row + 104, 0, 10); /* it stands by itself */
    memset(alarm_row + 280, 0, 40);
}

/* A whole start over them: the stay, its limit, its pause, and the open alarm under its id. */
static void test_a_start_over_them(void **state)
{
    (void)state;
    struct bed_view view;
    put_old_ward();
    put_old_alarm("hr_high", sizeof alarm_row);
    assert_int_equal(restore_engine(store, &config, engine, NOW_MS, KEEP_MS, RESTORE_UNBROKEN, 0, &counts), STATUS_OK);
    assert_int_equal(counts.alarms, 1);
    assert_int_equal(counts.alarms_gone, 0);
    engine_begin(engine, NOW_MS);
    engine_view_bed(engine, 0, &view);
    assert_int_equal(view.stay, 11);
    assert_int_equal(view.limits[0].value_milli, 150000);
    assert_int_equal(view.pauses[0].until_ms, NOW_MS + 30000);
}

/* An open alarm of a form that nobody knows ends, and it is said that something could not be read; once. */
static void test_an_open_alarm_that_cannot_be_read(void **state)
{
    (void)state;
    put_old_ward();
    put_old_alarm("hr_high", sizeof alarm_row - 8);
    assert_int_equal(restore_engine(store, &config, engine, NOW_MS, KEEP_MS, RESTORE_UNBROKEN, 0, &counts),
                     STATUS_CORRUPT);
    assert_int_equal(counts.alarms, 0);
    assert_int_equal(counts.alarms_gone, 1);
    open_engine();
    assert_int_equal(restore_engine(store, &config, engine, NOW_MS, KEEP_MS, RESTORE_UNBROKEN, 0, &counts), STATUS_OK);
}

#define RESTORE_TEST(test) cmocka_unit_test_setup_teardown(test, restore_set_up, restore_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_bed),
        cmocka_unit_test(test_an_alarm),
        cmocka_unit_test(test_no_vital_is_31_in_a_row),
        cmocka_unit_test(test_forms_that_nobody_knows),
        RESTORE_TEST(test_a_start_over_them),
        RESTORE_TEST(test_an_open_alarm_that_cannot_be_read),
    };
    return cmocka_run_group_tests_name("snapshot_read", tests, NULL, NULL);
}
