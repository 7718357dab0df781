/*
 * restore_bench.h: what a run of the gateway left in a store, for tests of how the next one goes on. Included by one file of a program.
 */
#ifndef WARDGATE_TESTS_RESTORE_BENCH_H
#define WARDGATE_TESTS_RESTORE_BENCH_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/flow/commit_journal.h"
#include "app/flow/restore.h"
#include "tests/unit/support/store_folder.h"

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
static struct commit_journal row;

/* ---- a ward of two beds: b1, b2; rules hr_high (mean of 10 s) and nibp_sys_low ---- */

static inline void make_rule(struct rule *rule, const char *name, const char *when, int32_t limit)
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

static inline void make_config(const char *first, const char *second)
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

static inline void open_engine(void)
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

static inline int restore_set_up(void **state)
{
    (void)state;
    store_folder_init(&folder);
    store = store_folder_open(&folder);
    make_config("b1", "b2");
    open_engine();
    row = (struct commit_journal){.size = 0};
    return 0;
}

static inline int restore_tear_down(void **state)
{
    (void)state;
    store_close(store);
    store_folder_fini(&folder);
    free(arena.base);
    arena.base = NULL;
    return 0;
}

/* ---- what the run before left ---- */

static inline void put_state(const char *key, const void *value, size_t size)
{
    assert_int_equal(store_begin(store), STATUS_OK);
    assert_int_equal(store_put_state(store, key, value, size), STATUS_OK);
    assert_int_equal(store_commit(store), STATUS_OK);
}

static inline void put_clock(const char *boot, int64_t anchor_ms, bool synced)
{
    struct state_clock clock = {.anchor_ms = anchor_ms, .synced = synced};
    (void)snprintf(clock.boot_id, sizeof clock.boot_id, "%s", boot);
    put_state(STATE_CLOCK, &clock, sizeof clock);
}

static inline void put_stay(const char *bed, uint64_t stay, int64_t start_ms)
{
    char key[STORE_KEY_MAX];
    const struct bed_snapshot snapshot = {.stay = stay, .stay_start_ms = start_ms, .bed_seq = 5};
    (void)snprintf(key, sizeof key, STATE_BED "%s", bed);
    put_state(key, &snapshot, sizeof snapshot);
}

/* Stays in b1 and b2, numbers, and the journal's beds in this order. */
static inline void put_ward(void)
{
    const struct state_numbers numbers = {.seq = 40, .next_id = 90};
    put_state(STATE_NUMBERS, &numbers, sizeof numbers);
    put_state(STATE_BEDS, "b1\0b2", sizeof "b1\0b2");
    put_stay("b1", 11, STAY_MS);
    put_stay("b2", 12, STAY_MS);
}

static inline struct observation observation(int64_t at_ms, uint16_t bed, enum vital vital, int32_t number)
{
    return (struct observation){.at_ms = at_ms, .bed = bed, .vital = (uint8_t)vital, .value_milli = number * 1000};
}

static inline void flush_journal(int64_t at_ms)
{
    assert_int_equal(store_journal_put(store, at_ms, row.bytes, row.size), STATUS_OK);
    commit_journal_empty(&row);
}

static inline void journal(const struct observation *o)
{
    assert_true(commit_journal_add(&row, o));
}

/* What stands in the row was committed with an alert, and is not put yet. */
static inline void put_tail(void)
{
    const struct state_tail tail = {.size = (uint32_t)row.size};
    for (size_t done = 0; done < row.size; done += STORE_PIECE_MAX) {
        char key[STORE_KEY_MAX];
        (void)snprintf(key, sizeof key, STATE_TAIL "/%zu", done / STORE_PIECE_MAX);
        put_state(key, row.bytes + done, row.size - done < STORE_PIECE_MAX ? row.size - done : STORE_PIECE_MAX);
    }
    put_state(STATE_TAIL, &tail, sizeof tail);
}

/* The same into the row alone, a piece a second, of one bed. */
static inline void row_hr(int from_s, int to_s, uint16_t bed, int32_t rate)
{
    for (int s = from_s; s > to_s; s--) {
        const struct observation o = observation(NOW_MS - s * 1000 + 10, bed, VITAL_hr, rate);
        journal(&o);
        commit_journal_close(&row);
    }
}

/* Heart rates every second of (from, to] before the restart in the order of the engine, in rows of 5 s; 0: this index has none. */
static inline void journal_beds(int from_s, int to_s, const int32_t *rates, uint16_t count)
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

static inline void journal_hr(int from_s, int to_s, uint16_t bed, int32_t rate)
{
    int32_t rates[2] = {0};
    rates[bed] = rate;
    journal_beds(from_s, to_s, rates, 2);
}

static inline void put_measurement(const char *bed, const struct observation *o)
{
    char key[STORE_KEY_MAX];
    (void)snprintf(key, sizeof key, STATE_MEASUREMENT "%s/%s", bed, vital_info((enum vital)o->vital)->name);
    put_state(key, o, sizeof *o);
}

/* reported: the name of a monitor's own alarm, "" for others. */
static inline void put_alarm_of(const char *bed, const char *name, bool ended, const char *reported)
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
    (void)snprintf(snapshot.last.reported, sizeof snapshot.last.reported, "%s", reported);
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

static inline void put_alarm(const char *bed, const char *name, bool ended)
{
    put_alarm_of(bed, name, ended, "");
}

#endif
