/* The present of a store as lines, and a new store from them: stays, limits, alarms and what waits go on, under another epoch; or beds begin anew. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/backup/state.h"
#include "app/flow/commit.h"
#include "app/flow/snapshot_read.h"
#include "tests/unit/support/store_folder.h"

#define MADE_MS INT64_C(1790000000000)

static struct store_folder then, now;
static struct json_lines lines;
static struct state_summary summary;
static char why[ARCHIVE_WHY_MAX];

static int set_up(void **state)
{
    (void)state;
    store_folder_init(&then);
    store_folder_init(&now);
    json_lines_init(&lines, STATE_LINES_MAX);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    json_lines_fini(&lines);
    store_folder_fini(&then);
    store_folder_fini(&now);
    return 0;
}

static void put_alarm(struct store *store, const char *bed, const char *alarm, bool ended)
{
    struct alarm_snapshot snapshot;
    memset(&snapshot, 0, sizeof snapshot);
    snapshot.last.at_ms = MADE_MS - 5000;
    snapshot.last.rev = 3;
    const char json[] = "{\"epoch\":\"e\",\"text\":\"\xC3\xA4 \\\"quoted\\\"\"}";
    assert_int_equal(store_put_alarm(store, &(struct store_alarm){.bed = bed,
                                                                  .alarm = alarm,
                                                                  .priority = 2,
                                                                  .ended = ended,
                                                                  .json = json,
                                                                  .json_length = sizeof json - 1,
                                                                  .snapshot = &snapshot,
                                                                  .snapshot_length = sizeof snapshot}),
                     STATUS_OK);
}

static void put_state(struct store *store, const char *key, const void *value, size_t size)
{
    assert_int_equal(store_put_state(store, key, value, size), STATUS_OK);
}

/* Two beds, one with a limit and a pause; an open and an ended alarm; five alerts, two of them delivered. */
static void fill(struct store *store)
{
    struct bed_snapshot bed;
    memset(&bed, 0, sizeof bed);
    bed.stay = 77;
    bed.bed_seq = 12;
    bed.stay_start_ms = MADE_MS - 60000;
    bed.limits[2] = (struct set_limit){.key = 5, .value_milli = 88000};
    bed.pauses[0] = (struct pause){.from_ms = MADE_MS - 1000, .until_ms = MADE_MS + 60000, .what = 1};
    const struct state_numbers numbers = {.seq = 5, .next_id = 901};
    const struct state_clock clock = {.boot_id = "another boot", .anchor_ms = 1, .synced = 1};
    const struct observation measurement = {.at_ms = MADE_MS - 3000};
    assert_int_equal(store_begin(store), STATUS_OK);
    put_state(store, STATE_BED "b01", &bed, sizeof bed);
    memset(&bed, 0, sizeof bed);
    put_state(store, STATE_BED "b02", &bed, sizeof bed);
    put_state(store, STATE_NUMBERS, &numbers, sizeof numbers);
    put_state(store, STATE_CLOCK, &clock, sizeof clock);
    put_state(store, STATE_MEASUREMENT "b01/nibp_sys", &measurement, sizeof measurement);
    put_alarm(store, "b01", "spo2_low", false);
    put_alarm(store, "", "clock_unsynced", true);
    assert_int_equal(store_commit(store), STATUS_OK);
    assert_int_equal(test_alerts_commit(store, 1, 5, 600), STATUS_OK);
    const uint64_t delivered[] = {1, 3};
    assert_int_equal(test_deliver(store, delivered, 2), STATUS_OK);
}

static void save(void)
{
    struct store *store = store_folder_open(&then);
    fill(store);
    assert_int_equal(state_save(store, MADE_MS, &lines, &summary), STATUS_OK);
    assert_string_equal(summary.epoch, store_epoch(store));
    store_close(store);
}

static unsigned beds_told;
static void count_beds(void *context, const struct state_bed *bed)
{
    (void)context;
    beds_told++;
    assert_int_equal(bed->has_stay, strcmp(bed->bed, "b01") == 0);
    assert_int_equal(bed->limits, bed->has_stay ? 1 : 0);
}

static bool is_known(void)
{
    struct state_summary read = {.engine_ms = MADE_MS};
    return state_check((const unsigned char *)lines.bytes, lines.size, count_beds, NULL, &read, why);
}

static struct store *put(bool keeps_stays)
{
    struct store *store = store_folder_open(&now);
    assert_int_equal(state_put((const unsigned char *)lines.bytes, lines.size, keeps_stays, MADE_MS, store), STATUS_OK);
    return store;
}

struct seen {
    unsigned open, ended;
};
static bool see_alarm(void *context, const struct store_alarm *alarm)
{
    struct seen *seen = context;
    struct alarm_snapshot snapshot;
    *(alarm->ended ? &seen->ended : &seen->open) += 1;
    assert_true(snapshot_read_alarm(alarm->snapshot, alarm->snapshot_length, &snapshot));
    assert_int_equal(snapshot.last.rev, 3);
    assert_int_equal(alarm->priority, 2);
    assert_memory_equal(alarm->json, "{\"epoch\":\"e\",\"text\":\"\xC3\xA4 \\\"quoted\\\"\"}", alarm->json_length);
    return true;
}

static struct seen alarms_of(struct store *store)
{
    struct seen seen = {0, 0};
    assert_int_equal(store_each_alarm(store, see_alarm, &seen), STATUS_OK);
    return seen;
}

static struct bed_snapshot bed_of(struct store *store, const char *key)
{
    struct bed_snapshot bed;
    size_t length = 0;
    assert_int_equal(store_get_state(store, key, &bed, sizeof bed, &length), STATUS_OK);
    assert_int_equal(length, sizeof bed);
    return bed;
}

static void test_summary(void **state)
{
    (void)state;
    save();
    assert_int_equal(summary.beds, 2);
    assert_int_equal(summary.stays, 1);
    assert_int_equal(summary.limits, 1);
    assert_int_equal(summary.pauses, 1);
    assert_int_equal(summary.alarms, 1);
    assert_int_equal(summary.waiting, 3);
    assert_int_equal(summary.left_out, 0);
    assert_int_equal(summary.engine_ms, MADE_MS); /* of another boot: the clock's */
    beds_told = 0;
    assert_true(is_known());
    assert_int_equal(beds_told, 2);
}

static void test_all_goes_on(void **state)
{
    (void)state;
    static struct test_rows rows;
    save();
    struct store *store = put(true);
    assert_string_not_equal(store_epoch(store), summary.epoch);
    const struct bed_snapshot bed = bed_of(store, STATE_BED "b01");
    assert_int_equal(bed.stay, 77);
    assert_int_equal(bed.limits[2].value_milli, 88000);
    assert_int_equal(bed.bed_seq, 12);
    const struct seen seen = alarms_of(store);
    assert_int_equal(seen.open, 1);
    assert_int_equal(seen.ended, 1);
    assert_int_equal(test_outbox_read(store, 0, 600, &rows), STATUS_OK);
    assert_int_equal(rows.wrong, 0);
    assert_int_equal(rows.count, 3);
    assert_int_equal(rows.seq[0], 2);
    assert_int_equal(rows.seq[2], 5);
    struct state_numbers numbers;
    size_t length = 0;
    assert_int_equal(store_get_state(store, STATE_NUMBERS, &numbers, sizeof numbers, &length), STATUS_OK);
    assert_int_equal(numbers.next_id, 901);
    /* Another box, at another time: nothing says that no time was lost. */
    struct state_clock clock;
    assert_int_equal(store_get_state(store, STATE_CLOCK, &clock, sizeof clock, &length), STATUS_NOT_FOUND);
    store_close(store);
}

static void test_beds_begin_anew(void **state)
{
    (void)state;
    save();
    struct store *store = put(false);
    const struct bed_snapshot bed = bed_of(store, STATE_BED "b01");
    assert_int_equal(bed.stay, 0);
    assert_int_equal(bed.limits[2].key, 0);
    assert_int_equal(bed.bed_seq, 12);
    const struct seen seen = alarms_of(store);
    assert_int_equal(seen.open, 0);
    assert_int_equal(seen.ended, 2);
    struct observation measurement;
    size_t length = 0;
    assert_int_equal(
        store_get_state(store, STATE_MEASUREMENT "b01/nibp_sys", &measurement, sizeof measurement, &length),
        STATUS_NOT_FOUND);
    store_close(store);
}

static bool note_instant(void *context, int64_t at_ms, const void *bytes, size_t size)
{
    (void)bytes;
    (void)size;
    *(int64_t *)context = at_ms;
    return true;
}

/* A box whose clock stands in 1970 does not put people's stays into the future. */
static void test_time_does_not_fall_behind(void **state)
{
    (void)state;
    int64_t newest_ms = 0;
    save();
    struct store *store = put(true);
    assert_int_equal(store_journal_each(store, INT64_MIN, note_instant, &newest_ms), STATUS_OK);
    assert_int_equal(newest_ms, MADE_MS);
    store_close(store);
}

static void test_the_newest_alert_of_a_page_is_not_lost(void **state)
{
    (void)state;
    static struct test_rows rows;
    struct store *store = store_folder_open(&then);
    for (uint64_t first = 1; first < 601; first += 20) {
        assert_int_equal(test_alerts_commit(store, first, 20, 600), STATUS_OK);
    }
    assert_int_equal(state_save(store, MADE_MS, &lines, &summary), STATUS_OK);
    store_close(store);
    assert_int_equal(summary.waiting, 600);
    store = put(true);
    assert_int_equal(test_outbox_read(store, 0, 600, &rows), STATUS_OK);
    assert_int_equal(rows.count, 600);
    assert_int_equal(rows.wrong, 0);
    store_close(store);
}

static void test_what_has_no_room_is_counted(void **state)
{
    (void)state;
    json_lines_init(&lines, 12000);
    struct store *store = store_folder_open(&then);
    assert_int_equal(test_alerts_commit(store, 1, 20, 600), STATUS_OK);
    assert_int_equal(state_save(store, MADE_MS, &lines, &summary), STATUS_OK);
    store_close(store);
    assert_int_equal(summary.waiting + summary.left_out, 20);
    assert_in_range(summary.waiting, 10, 19);
    assert_true(is_known());
}

static void replace_line(const char *text)
{
    json_lines_fini(&lines);
    json_lines_init(&lines, STATE_LINES_MAX);
    assert_true(json_lines_add(&lines, text, strlen(text)));
}

static void test_forms_that_nobody_knows(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "no json",
        "{}",
        "{\"kind\":\"other\"}",
        "{\"kind\":\"state\",\"key\":\"bed/b01\",\"bytes\":\"00\"}",
        "{\"kind\":\"state\",\"key\":\"clock\",\"bytes\":\"\"}",
        "{\"kind\":\"state\",\"key\":\"numbers\",\"bytes\":\"0\"}",
        "{\"kind\":\"state\",\"key\":\"numbers\",\"bytes\":\"zz\"}",
        "{\"kind\":\"state\",\"key\":\"journal/beds\",\"bytes\":\"41\"}",
        "{\"kind\":\"alarm\",\"bed\":\"b01\",\"alarm\":\"a\",\"priority\":2,\"ended\":false,\"alert\":\"{}\",\"bytes\":"
        "\"00\"}",
        "{\"kind\":\"alert\",\"bed\":\"b01\",\"alarm\":\"\",\"seq\":1,\"flags\":0,\"committed_ms\":1,\"alert\":\"{}\"}",
        "{\"kind\":\"alert\",\"bed\":\"b01\",\"alarm\":\"a\",\"seq\":-1,\"flags\":0,\"committed_ms\":1,\"alert\":\"{}"
        "\"}",
        "{\"kind\":\"alert\",\"bed\":\"b01\",\"alarm\":\"a\",\"seq\":1,\"flags\":65536,\"committed_ms\":1,\"alert\":\"{"
        "}\"}",
        "{\"kind\":\"alert\",\"bed\":\"b01\",\"alarm\":\"a\",\"seq\":1,\"flags\":0,\"committed_ms\":1}"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        replace_line(bad[i]);
        if (is_known()) {
            fail_msg("taken: %s", bad[i]);
        }
        assert_non_null(strstr(why, "line 1 "));
    }
    replace_line("{\"kind\":\"alert\",\"bed\":\"b01\",\"alarm\":\"a\",\"seq\":1,\"flags\":0,\"committed_ms\":1,"
                 "\"alert\":\"{}\"}");
    assert_true(is_known());
    lines.size--; /* its end */
    assert_false(is_known());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_summary, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_all_goes_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_beds_begin_anew, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_time_does_not_fall_behind, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_newest_alert_of_a_page_is_not_lost, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_has_no_room_is_counted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_forms_that_nobody_knows, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
