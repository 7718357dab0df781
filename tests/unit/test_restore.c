/* Going on after a restart, over the real store: the anchor of time, numbers, stays, windows, alarms; and what must not come back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/flow/commit_journal.h"
#include "app/flow/restore.h"
#include "tests/unit/support/draw.h"
#include "tests/unit/support/store_folder.h"

#define BOOT_A   "6d5f3c1e-0000-4000-8000-00000000000a"
#define BOOT_B   "6d5f3c1e-0000-4000-8000-00000000000b"
#define NOW_MS   INT64_C(1769904000000) /* of the restart, in engine time */
#define KEEP_MS  600000
#define STAY_MS  (NOW_MS - 3600000)
#define ALARM_ID 77

static struct store_folder folder;
static struct store *store;
static struct channel_config channels[2];
static struct bed_config beds[3];
static struct rule rules[2];
static struct engine_config config;
static struct arena arena;
static struct engine *engine;
static struct restore_counts counts;
static struct commit_journal row;

/* ---- a ward of two beds: b1, b2; rules hr_high (mean of 10 s) and nibp_sys_low ---- */

static void make_rule(struct rule *rule, const char *name, const char *when, int32_t limit)
{
    static const struct parameter_names names = {.names = {"limit"}, .count = 1};
    struct expression_fault fault;
    memset(rule, 0, sizeof *rule);
    *rule = (struct rule){.name = name, .text = "", .advice = "", .priority = PRIORITY_MEDIUM, .parameter_count = 1};
    rule->unknown_after_ms = rule_unknown_after_ms(PRIORITY_MEDIUM);
    rule->parameters[0].name = "limit";
    for (unsigned c = 0; c < CLASS_COUNT; c++) {
        rule->parameters[0].has[c] = true;
        rule->parameters[0].value_milli[c] = limit * 1000;
    }
    assert_true(expression_compile(when, &names, 700, &rule->when, &fault));
}

static void make_config(const char *first, const char *second)
{
    channels[0] = (struct channel_config){
        .vital = VITAL_hr, .period_ms = 1000, .stale_ms = 10000, .low_milli = 0, .high_milli = 300000};
    channels[1] = (struct channel_config){.vital = VITAL_nibp_sys,
                                          .episodic = true,
                                          .period_ms = 1000,
                                          .stale_ms = 75 * 60000,
                                          .low_milli = 0,
                                          .high_milli = 300000};
    make_rule(&rules[0], "hr_high", "mean(hr, 10s) > limit", 120);
    make_rule(&rules[1], "nibp_sys_low", "nibp_sys < limit", 90);
    const char *const ids[] = {first, second};
    for (unsigned b = 0; b < 2; b++) {
        beds[b] = (struct bed_config){
            .id = ids[b], .channels = channels, .channel_count = 2, .monitor_count = 1, .monitor_period_ms = {1000}};
    }
    config = (struct engine_config){
        .beds = beds, .rules = rules, .bed_count = 2, .rule_count = 2, .stay_after_ms = ENGINE_STAY_AFTER_MS};
}

static void open_engine(void)
{
    free(arena.base);
    arena = (struct arena){.base = NULL};
    (void)engine_make(&arena, &config);
    arena.size = (arena.used + 63) / 64 * 64;
    arena.used = 0;
    arena.base = aligned_alloc(64, arena.size);
    assert_non_null(arena.base);
    memset(arena.base, 0, arena.size);
    engine = engine_make(&arena, &config);
    engine_seed(engine, 1);
}

static int set_up(void **state)
{
    (void)state;
    store_folder_init(&folder);
    store = store_folder_open(&folder);
    make_config("b1", "b2");
    open_engine();
    row = (struct commit_journal){.size = 0};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    store_close(store);
    store_folder_fini(&folder);
    free(arena.base);
    arena.base = NULL;
    return 0;
}

/* ---- what the run before left ---- */

static void put_state(const char *key, const void *value, size_t size)
{
    assert_int_equal(store_begin(store), STATUS_OK);
    assert_int_equal(store_put_state(store, key, value, size), STATUS_OK);
    assert_int_equal(store_commit(store), STATUS_OK);
}

static void put_clock(const char *boot, int64_t anchor_ms, bool synced)
{
    struct state_clock clock = {.anchor_ms = anchor_ms, .synced = synced};
    (void)snprintf(clock.boot_id, sizeof clock.boot_id, "%s", boot);
    put_state(STATE_CLOCK, &clock, sizeof clock);
}

static void put_stay(const char *bed, uint64_t stay, int64_t start_ms)
{
    char key[STORE_KEY_MAX];
    const struct bed_snapshot snapshot = {.stay = stay, .stay_start_ms = start_ms, .bed_seq = 5};
    (void)snprintf(key, sizeof key, STATE_BED "%s", bed);
    put_state(key, &snapshot, sizeof snapshot);
}

/* Stays in b1 and b2, numbers, and the journal's beds in this order. */
static void put_ward(void)
{
    const struct state_numbers numbers = {.seq = 40, .next_id = 90};
    put_state(STATE_NUMBERS, &numbers, sizeof numbers);
    put_state(STATE_BEDS, "b1\0b2", sizeof "b1\0b2");
    put_stay("b1", 11, STAY_MS);
    put_stay("b2", 12, STAY_MS);
}

static struct observation observation(int64_t at_ms, uint16_t bed, enum vital vital, int32_t number)
{
    return (struct observation){.at_ms = at_ms, .bed = bed, .vital = (uint8_t)vital, .value_milli = number * 1000};
}

static void flush_journal(int64_t at_ms)
{
    assert_int_equal(store_journal_put(store, at_ms, INT64_MIN, row.bytes, row.size), STATUS_OK);
    row = (struct commit_journal){.size = 0};
}

static void journal(const struct observation *o)
{
    assert_true(commit_journal_add(&row, o));
}

/* Heart rates every second of (from, to] before the restart in the order of the engine, in rows of 5 s; 0: this index has none. */
static void journal_beds(int from_s, int to_s, const int32_t *rates, uint16_t count)
{
    for (int s = from_s; s > to_s; s--) {
        const int64_t at_ms = NOW_MS - s * 1000 + 10;
        for (uint16_t b = 0; b < count; b++) {
            const struct observation o = observation(at_ms, b, VITAL_hr, rates[b]);
            if (rates[b] > 0) {
                journal(&o);
            }
        }
        if (s % 5 == 0 || s == to_s + 1) {
            flush_journal(at_ms);
        }
    }
}

static void journal_hr(int from_s, int to_s, uint16_t bed, int32_t rate)
{
    int32_t rates[2] = {0};
    rates[bed] = rate;
    journal_beds(from_s, to_s, rates, 2);
}

static void put_measurement(const char *bed, const struct observation *o)
{
    char key[STORE_KEY_MAX];
    (void)snprintf(key, sizeof key, STATE_MEASUREMENT "%s/%s", bed, vital_info((enum vital)o->vital)->name);
    put_state(key, o, sizeof *o);
}

static void put_alarm(const char *bed, const char *name, bool ended)
{
    struct alarm_snapshot snapshot;
    memset(&snapshot, 0, sizeof snapshot);
    snapshot.last = (struct alert){.state = ended ? ALARM_ENDED : ALARM_ACTIVE,
                                   .priority = PRIORITY_MEDIUM,
                                   .vital = VITAL_hr,
                                   .rev = 1,
                                   .id = ALARM_ID,
                                   .seq = 40,
                                   .bed_seq = 5,
                                   .stay = 11,
                                   .at_ms = NOW_MS - 60000,
                                   .raised_at_ms = NOW_MS - 60000};
    const struct store_alarm alarm = {.bed = bed,
                                      .alarm = name,
                                      .priority = PRIORITY_MEDIUM,
                                      .ended = ended,
                                      .json = "{}",
                                      .json_length = 2,
                                      .snapshot = &snapshot,
                                      .snapshot_length = sizeof snapshot};
    assert_int_equal(store_begin(store), STATUS_OK);
    assert_int_equal(store_put_alarm(store, &alarm), STATUS_OK);
    assert_int_equal(store_commit(store), STATUS_OK);
}

/* ---- and how it goes on ---- */

static struct record taken[64];
static unsigned taken_count;

static void take(struct record_sink *sink, const struct record *record)
{
    (void)sink;
    assert_true(taken_count < 64);
    taken[taken_count++] = *record;
}

static void step_until(int64_t until_ms)
{
    struct record_sink sink = {.put = take};
    while (engine_next(engine) <= until_ms) {
        engine_step(engine, until_ms, &sink);
    }
}

static enum status restore(bool continuous)
{
    taken_count = 0;
    const enum status status = restore_engine(store, &config, engine, NOW_MS, KEEP_MS, continuous, &counts);
    assert_true(engine_now(engine) <= NOW_MS);
    engine_begin(engine, NOW_MS);
    step_until(NOW_MS);
    return status;
}

/* Without reading on, "vital value quality" of those that have a value. */
static const char *view_of(uint16_t bed)
{
    static char text[256];
    struct bed_view view;
    size_t length = 0;
    text[0] = '\0';
    engine_view_bed(engine, bed, &view);
    for (unsigned i = 0; i < view.vital_count; i++) {
        const struct vital_view *v = &view.vitals[i];
        if (v->quality != QUALITY_NEVER) {
            length += (size_t)snprintf(text + length, sizeof text - length, "%s%s %d %s", length > 0 ? ", " : "",
                                       vital_info((enum vital)v->vital)->name, v->value_milli / 1000,
                                       quality_word((enum quality)v->quality));
        }
    }
    return text;
}

static unsigned alerts_named(const char *wanted, uint16_t bed)
{
    unsigned found = 0;
    for (unsigned i = 0; i < taken_count; i++) {
        char name[ALARM_NAME_MAX];
        if (taken[i].kind == RECORD_ALERT) {
            alarm_name(&config, &taken[i].alert.key, name);
            found += strcmp(name, wanted) == 0 && taken[i].alert.key.bed == bed ? 1 : 0;
        }
    }
    return found;
}

/* ---- time ---- */

static struct restore_clock at_start(const char *boot, int64_t boot_s, int64_t wall_ms, bool synced)
{
    struct restore_clock now = {.boot_us = boot_s * 1000000, .wall_ms = wall_ms, .synced = synced};
    (void)snprintf(now.boot_id, sizeof now.boot_id, "%s", boot);
    return now;
}

static void expect_clock(const struct restore_clock *now, bool continuous, int64_t engine_ms)
{
    struct state_clock clock;
    memset(&clock, 0x5A, sizeof clock);
    assert_int_equal(restore_clock(store, now, &clock), continuous);
    assert_string_equal(clock.boot_id, now->boot_id);
    assert_int_equal(clock.anchor_ms + now->boot_us / 1000, engine_ms);
    assert_int_equal(clock.synced, now->synced);
}

static void test_no_store_and_a_new_store_start_at_the_wall_clock(void **state)
{
    (void)state;
    const struct restore_clock now = at_start(BOOT_A, 100, NOW_MS, true);
    struct state_clock clock;
    assert_false(restore_clock(NULL, &now, &clock));
    assert_int_equal(clock.anchor_ms, NOW_MS - 100000);
    expect_clock(&now, false, NOW_MS);
}

static void test_the_same_boot_goes_on_whatever_the_wall_clock_did(void **state)
{
    (void)state;
    put_clock(BOOT_A, NOW_MS - 100000, false);
    const struct restore_clock stepped_back = at_start(BOOT_A, 130, NOW_MS - 86400000, false);
    const struct restore_clock stepped_on = at_start(BOOT_A, 130, NOW_MS + 86400000, true);
    expect_clock(&stepped_back, true, NOW_MS + 30000);
    expect_clock(&stepped_on, true, NOW_MS + 30000);
}

static void test_another_boot_goes_on_only_with_both_clocks_synced(void **state)
{
    (void)state;
    for (unsigned before = 0; before < 2; before++) {
        put_clock(BOOT_A, NOW_MS - 100000, before == 1);
        const struct restore_clock synced = at_start(BOOT_B, 20, NOW_MS + 60000, true);
        const struct restore_clock unsynced = at_start(BOOT_B, 20, NOW_MS + 60000, false);
        expect_clock(&synced, before == 1, NOW_MS + 60000);
        expect_clock(&unsynced, false, NOW_MS + 60000);
    }
}

static void test_time_never_begins_before_what_the_store_knows(void **state)
{
    (void)state;
    put_clock(BOOT_A, NOW_MS - 100000, true);
    journal_hr(10, 9, 0, 80); /* up to 10 s before NOW */
    const struct restore_clock behind = at_start(BOOT_B, 20, NOW_MS - 86400000, true);
    const struct restore_clock ahead = at_start(BOOT_B, 20, NOW_MS, true);
    expect_clock(&behind, false, NOW_MS - 10000 + 11);
    expect_clock(&ahead, true, NOW_MS);
    const struct restore_clock equal = at_start(BOOT_B, 20, NOW_MS - 10000 + 10, true);
    expect_clock(&equal, false, NOW_MS - 10000 + 11);
}

static void test_nor_before_an_alert_when_the_journal_is_lost(void **state)
{
    (void)state;
    put_alarm("b1", "hr_high", true); /* at NOW - 60 s */
    const struct restore_clock behind = at_start(BOOT_B, 20, 1000, true);
    expect_clock(&behind, false, NOW_MS - 60000 + 1);
    put_clock(BOOT_A, NOW_MS - 100000, true);
    expect_clock(&behind, false, NOW_MS - 60000 + 1);
}

static void test_a_clock_of_another_form_is_no_clock(void **state)
{
    (void)state;
    put_state(STATE_CLOCK, "short", 5);
    const struct restore_clock now = at_start(BOOT_A, 20, NOW_MS, true);
    expect_clock(&now, false, NOW_MS);
}

/* ---- numbers, stays, windows ---- */

static void test_an_empty_store(void **state)
{
    (void)state;
    assert_int_equal(restore(true), STATUS_OK);
    assert_int_equal(counts.alarms + counts.alarms_gone + counts.observations, 0);
    assert_string_equal(view_of(0), "");
    assert_int_equal(taken_count, 0);
}

static void test_windows_and_numbers_go_on(void **state)
{
    (void)state;
    struct bed_view view;
    put_ward();
    journal_beds(60, 0, (const int32_t[]){130, 80}, 2);
    assert_int_equal(restore(true), STATUS_OK);
    assert_int_equal(counts.observations, 120);
    assert_string_equal(view_of(0), "hr 130 valid");
    assert_string_equal(view_of(1), "hr 80 valid");
    engine_view_bed(engine, 0, &view);
    assert_int_equal(view.stay, 11);
    assert_int_equal(view.stay_start_ms, STAY_MS);
    /* The window is whole: the alarm whose start was not committed starts at once, with the numbers that follow. */
    assert_int_equal(alerts_named("hr_high", 0), 1);
    assert_int_equal(alerts_named("hr_high", 1), 0);
    assert_int_equal(taken[0].alert.seq, 41);
    assert_int_equal(taken[0].alert.id, 90);
    assert_int_equal(taken[0].alert.bed_seq, 6);
    assert_int_equal(taken[0].alert.stay, 11);
}

static void test_a_break_of_unknown_length_empties_windows(void **state)
{
    (void)state;
    struct bed_view view;
    put_ward();
    put_alarm("b1", "hr_high", false);
    journal_hr(60, 0, 0, 130);
    assert_int_equal(restore(false), STATUS_OK);
    assert_int_equal(counts.observations, 0);
    assert_int_equal(counts.alarms, 1);
    assert_string_equal(view_of(0), "");
    engine_view_bed(engine, 0, &view);
    assert_int_equal(view.stay, 11);
    assert_int_equal(view.alarm_count, 1); /* it stays, and says that it is not verified */
    assert_int_equal(alerts_named("hr_high", 0), 1);
    assert_int_equal(taken[0].alert.reason, REASON_UNVERIFIED);
    assert_int_equal(taken[0].alert.phase, PHASE_UPDATE);
    assert_int_equal(taken[0].alert.id, ALARM_ID);
    assert_int_equal(taken[0].alert.rev, 2);
}

static void test_only_what_the_journal_must_keep_is_fed(void **state)
{
    (void)state;
    put_ward();
    journal_hr(700, 690, 0, 70); /* older than KEEP_MS */
    journal_hr(5, 0, 0, 80);
    assert_int_equal(restore(true), STATUS_OK);
    assert_int_equal(counts.observations, 5);
}

/* An empty bed's monitor says "no value" all the time; then somebody comes. A restart soon after must not trip over what was before. */
static void test_what_was_before_the_stay_stays_there(void **state)
{
    (void)state;
    put_ward();
    put_stay("b1", 11, NOW_MS - 30000);
    journal_hr(60, 30, 0, 200);
    struct observation o = observation(NOW_MS - 31000, 0, VITAL_hr, 0);
    o.quality = QUALITY_ABSENT;
    journal(&o);
    o.kind = OBSERVATION_LOST;
    journal(&o);
    o = observation(NOW_MS - 31000, 0, VITAL_nibp_sys, 60); /* another patient's */
    journal(&o);
    put_measurement("b1", &o);
    flush_journal(NOW_MS - 30500);
    journal_hr(30, 0, 0, 80);
    assert_int_equal(restore(true), STATUS_OK);
    assert_int_equal(counts.observations, 30);
    assert_string_equal(view_of(0), "hr 80 valid");
    assert_int_equal(taken_count, 0);
}

static void test_a_vacant_bed_collects_its_seconds_again(void **state)
{
    (void)state;
    put_ward();
    put_stay("b1", 0, 0);
    journal_hr(20, 0, 0, 80);
    assert_int_equal(restore(true), STATUS_OK);
    assert_int_equal(counts.observations, 20);
    for (int s = 0; s < 11; s++) {
        const struct observation o = observation(NOW_MS + s * 1000 + 10, 0, VITAL_hr, 80);
        step_until(o.at_ms - 1);
        assert_true(engine_observe(engine, &o));
    }
    step_until(NOW_MS + 10010);
    assert_int_equal(alerts_named("admission_not_entered", 0), 1); /* 30 s after the first of them */
}

/* ---- beds and rules that are others now ---- */

static void test_beds_are_found_by_name(void **state)
{
    (void)state;
    put_ward();
    put_stay("b3", 13, STAY_MS);
    put_state(STATE_BEDS, "b1\0b2\0b3", sizeof "b1\0b2\0b3");
    journal_beds(20, 0, (const int32_t[]){70, 80, 90, 100}, 4); /* no bed had the last index */
    make_config("b3", "b1");
    open_engine();
    assert_int_equal(restore(true), STATUS_OK);
    assert_int_equal(counts.observations, 40);
    assert_string_equal(view_of(0), "hr 90 valid");
    assert_string_equal(view_of(1), "hr 70 valid");
}

static void test_a_journal_whose_beds_nobody_knows_is_left(void **state)
{
    (void)state;
    put_ward();
    put_state(STATE_BEDS, "", 0);
    journal_hr(20, 0, 0, 70);
    assert_int_equal(restore(true), STATUS_OK);
    assert_int_equal(counts.observations, 0);
    assert_string_equal(view_of(0), "");
}

static void test_alarms_whose_rule_or_bed_is_gone(void **state)
{
    (void)state;
    put_ward();
    put_alarm("b1", "hr_high", false);
    put_alarm("b1", "nibp_sys_low", true);
    put_alarm("b1", "hr_low", false);
    put_alarm("b1", "hr_low.not_monitored", false);
    put_alarm("b1", "monitor.vtach", false);
    put_alarm("b9", "hr_high", false);
    put_alarm("", "uplink_down", false);
    put_alarm("", "hr_high", false);
    put_alarm("b1", "uplink_down", false);
    put_alarm("", "monitor_silent", false);
    assert_int_equal(restore(true), STATUS_OK);
    assert_int_equal(counts.alarms, 2);
    assert_int_equal(counts.alarms_gone, 7);
    step_until(NOW_MS + 9000);
    assert_int_equal(alerts_named("hr_high", 0), 0); /* unknown ends nothing */
}

/* ---- measurements ---- */

static void test_a_measurement_older_than_the_journal(void **state)
{
    (void)state;
    struct bed_view view;
    const struct observation o = observation(NOW_MS - 1800000, 5, VITAL_nibp_sys, 85); /* of a bed index of that day */
    put_ward();
    put_measurement("b2", &o);
    journal_hr(20, 0, 1, 80);
    assert_int_equal(restore(true), STATUS_OK);
    assert_string_equal(view_of(1), "hr 80 valid, nibp_sys 85 valid");
    engine_view_bed(engine, 1, &view);
    assert_int_equal(view.vitals[1].at_ms, NOW_MS - 1800000);
    assert_int_equal(alerts_named("nibp_sys_low", 1), 1);
    assert_int_equal(alerts_named("nibp_sys_low", 0), 0);
}

static void test_a_measurement_that_the_journal_lost(void **state)
{
    (void)state;
    const struct observation o = observation(NOW_MS - 30000, 1, VITAL_nibp_sys, 110);
    put_ward();
    put_measurement("b2", &o);
    journal_hr(60, 0, 1, 80);
    assert_int_equal(restore(true), STATUS_OK);
    assert_string_equal(view_of(1), "hr 80 valid, nibp_sys 110 valid");
}

static void test_measurements_that_cannot_be(void **state)
{
    (void)state;
    put_ward();
    put_stay("b2", 0, 0);
    struct observation o = observation(NOW_MS + 1000, 0, VITAL_nibp_sys, 110);
    put_measurement("b1", &o); /* from the future */
    o.at_ms = INT64_MIN;
    put_measurement("b2", &o); /* of nobody */
    assert_int_equal(restore(true), STATUS_OK);
    assert_int_equal(counts.observations, 0);
    open_engine();
    o = observation(NOW_MS - 1000, 0, VITAL_nibp_sys, 110);
    o.vital = VITAL_hr;
    put_state(STATE_MEASUREMENT "b1/nibp_sys", &o, sizeof o);
    assert_int_equal(restore(true), STATUS_OK);
    assert_string_equal(view_of(0), "");
}

/* ---- damage ---- */

static void test_damaged_rows_do_no_harm(void **state)
{
    (void)state;
    unsigned char bytes[STORE_PIECE_MAX];
    draw_seed(5);
    put_ward();
    journal_hr(60, 40, 0, 80);
    for (unsigned i = 0; i < 200; i++) {
        const size_t size = 1 + draw(400);
        for (size_t b = 0; b < size; b++) {
            bytes[b] = (unsigned char)draw(256);
        }
        assert_int_equal(store_journal_put(store, NOW_MS - 40000 + (int)i, INT64_MIN, bytes, size), STATUS_OK);
    }
    for (unsigned i = 0; i < 200; i++) { /* rows of ours with damaged bytes */
        for (unsigned n = 0; n < 10; n++) {
            const struct observation o = observation(NOW_MS - 39000 + (int)(i * 10 + n), 0, VITAL_hr, 80);
            journal(&o);
        }
        for (uint64_t changes = draw(4); changes > 0; changes--) {
            row.bytes[draw(row.size)] = (unsigned char)draw(256);
        }
        flush_journal(NOW_MS - 39000 + (int)(i * 10 + 9));
    }
    journal_hr(20, 0, 0, 90);
    assert_int_equal(restore(true), STATUS_OK);
    assert_true(counts.observations >= 40);
    assert_string_equal(view_of(0), "hr 90 valid");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_no_store_and_a_new_store_start_at_the_wall_clock, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_same_boot_goes_on_whatever_the_wall_clock_did, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_another_boot_goes_on_only_with_both_clocks_synced, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_time_never_begins_before_what_the_store_knows, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_nor_before_an_alert_when_the_journal_is_lost, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_clock_of_another_form_is_no_clock, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_an_empty_store, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_windows_and_numbers_go_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_break_of_unknown_length_empties_windows, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_only_what_the_journal_must_keep_is_fed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_was_before_the_stay_stays_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_vacant_bed_collects_its_seconds_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_beds_are_found_by_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_journal_whose_beds_nobody_knows_is_left, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_alarms_whose_rule_or_bed_is_gone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_measurement_older_than_the_journal, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_measurement_that_the_journal_lost, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_measurements_that_cannot_be, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_damaged_rows_do_no_harm, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("restore", tests, NULL, NULL);
}
