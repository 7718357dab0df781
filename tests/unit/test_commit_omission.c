/*
 * Weeks without a broker: the outbox fills up, and what is over gives way, low priority first. Each alert is in the outbox or in a record, exactly one of them, and
 * a new one always finds room.
 */
#include "tests/unit/support/commit_rig.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/support/disk_fault.h"
#include "tests/unit/support/draw.h"

enum { SEQ_MOST = 140000, ROUND = 200 };

static int rig_setup(void **state)
{
    memset(&disk_fault, 0, sizeof disk_fault);
    return commit_rig_setup(state);
}

static int rig_teardown(void **state)
{
    memset(&disk_fault, 0, sizeof disk_fault);
    return commit_rig_teardown(state);
}

/* ---- what happens ---- */

static void push(uint16_t bed, uint64_t id, uint32_t rev, enum alarm_phase phase, enum priority priority)
{
    struct commit_rig *r = &commit_rig;
    struct record record = {.kind = RECORD_ALERT, .bed = bed, .seq = ++r->seq, .next_id = r->seq + 1};
    record.alert = (struct alert){.key = {.bed = bed, .family = ALARM_OF_RULE, .index = 0},
                                  .phase = (uint8_t)phase,
                                  .state = phase == PHASE_END ? ALARM_ENDED : ALARM_ACTIVE,
                                  .priority = (uint8_t)priority,
                                  .vital = VITAL_spo2,
                                  .rev = rev,
                                  .id = id,
                                  .seq = r->seq,
                                  .bed_seq = ++r->bed_seq[bed],
                                  .stay = 7,
                                  .at_ms = RIG_ANCHOR_MS + r->now_us / 1000};
    record.bed_state = (struct bed_snapshot){.stay = 7, .stay_start_ms = 1, .bed_seq = r->bed_seq[bed]};
    assert_true(ring_push(&r->records, &record));
}

static bool is_settled(void)
{
    return ring_count(&commit_rig.records) == 0 && commit_rig.commit.pending_count == 0;
}

/* Until all is committed; without a fault that is never more than some rounds, and none of them finds the store full. */
static void settle(bool disk_works)
{
    for (unsigned i = 0; i < 1000 && !is_settled(); i++) {
        commit_rig_round(100000);
        assert_true(!disk_works || atomic_load(&commit_rig.commit.state.status) == STATUS_OK);
    }
    assert_true(is_settled());
}

/* Alarms of b01 that come and go. */
static void happen(unsigned alarms, enum priority priority)
{
    for (unsigned i = 0; i < alarms; i++) {
        const uint64_t id = commit_rig.seq + 1;
        push(0, id, 1, PHASE_START, priority);
        push(0, id, 2, PHASE_END, priority);
        if (i % (ROUND / 2) == ROUND / 2 - 1 || i + 1 == alarms) {
            settle(true);
        }
    }
}

/* ---- what is kept ---- */

static struct {
    unsigned char times[SEQ_MOST + 1]; /* how often each seq is there */
    unsigned alerts[PRIORITY_HIGH + 1];
    unsigned records;
    uint64_t omitted[PRIORITY_HIGH + 1];
    uint64_t newest_row;
} kept;

static uint64_t number_behind(const char *json, const char *key)
{
    const char *found = strstr(json, key);
    assert_non_null(found);
    return strtoull(found + strlen(key), NULL, 10);
}

static void see_record(const struct store_alert *record)
{
    static const char *const keys[] = {"\"none\":", "\"low\":", "\"medium\":", "\"high\":"};
    uint64_t held = 0;
    char *at = strstr(record->json, "\"seq_ranges\":[[");
    assert_non_null(at);
    at += strlen("\"seq_ranges\":[[") - 1;
    while (*at == '[') {
        const uint64_t from = strtoull(at + 1, &at, 10), through = strtoull(at + 1, &at, 10);
        assert_in_range(through, from, SEQ_MOST);
        for (uint64_t seq = from; seq <= through; seq++) {
            kept.times[seq]++;
        }
        held += through - from + 1;
        at += at[1] == ',' ? 2 : 1;
    }
    assert_int_equal(held, number_behind(record->json, "\"alerts\":"));
    for (unsigned p = 0; p <= PRIORITY_HIGH; p++) {
        kept.omitted[p] += number_behind(record->json, keys[p]);
    }
    assert_string_equal(record->bed, "");
    kept.records++;
}

static bool names(const struct store_alert *alert, const char *epoch)
{
    char words[64];
    (void)snprintf(words, sizeof words, "\"epoch\":\"%s\"", epoch);
    return strstr(alert->json, words) != NULL;
}

/* context: of this epoch only; NULL: all of them. */
static bool see(void *context, const struct store_alert *alert)
{
    if (context != NULL && !names(alert, context)) {
        return true;
    }
    assert_true(alert->row > kept.newest_row);
    kept.newest_row = alert->row;
    if ((alert->flags & STORE_ALERT_OMITS) != 0) {
        see_record(alert);
        return true;
    }
    const char *priority = strstr(alert->json, "\"priority\":\"");
    assert_non_null(priority);
    for (unsigned p = 0; p <= PRIORITY_HIGH; p++) {
        kept.alerts[p] += strncmp(priority + 12, priority_word((enum priority)p), 3) == 0 ? 1 : 0;
    }
    kept.times[alert->seq]++;
    return true;
}

static void read_outbox_of(char *epoch)
{
    memset(&kept, 0, sizeof kept);
    assert_int_equal(store_each_outbox(commit_rig_store(), 0, UINT32_MAX, see, epoch), STATUS_OK);
}

static void read_outbox(void)
{
    read_outbox_of(NULL);
}

/* Each alert is there, and once. */
static void expect_all_of(char *epoch, uint64_t through)
{
    read_outbox_of(epoch);
    for (uint64_t seq = 1; seq <= through; seq++) {
        if (kept.times[seq] != 1) {
            fail_msg("seq %llu is there %u times", (unsigned long long)seq, kept.times[seq]);
        }
    }
}

static void expect_all(void)
{
    expect_all_of(NULL, commit_rig.seq);
}

static unsigned percent_used(void)
{
    struct store_usage usage;
    store_usage(commit_rig_store(), &usage);
    return (unsigned)(usage.alerts_bytes * 100 / usage.alerts_bytes_max);
}

static void expect_omitted(bool low, bool medium, bool high)
{
    expect_all();
    assert_int_equal(kept.omitted[PRIORITY_LOW] > 0, low);
    assert_int_equal(kept.omitted[PRIORITY_MEDIUM] > 0, medium);
    assert_int_equal(kept.omitted[PRIORITY_HIGH] > 0, high);
    assert_true(percent_used() <= 76);
    uint64_t omitted = 0;
    for (unsigned p = 0; p <= PRIORITY_HIGH; p++) {
        omitted += kept.omitted[p];
    }
    assert_int_equal(atomic_load(&commit_rig.commit.state.omitted), omitted);
}

/* At the bound of the map: low goes first, then medium, then high; an alarm that is active keeps its newest alert all the time. */
static void test_in_order_of_priority(void **state)
{
    (void)state;
    commit_rig_make(true);
    push(1, 1, 1, PHASE_START, PRIORITY_LOW);
    push(1, 1, 2, PHASE_UPDATE, PRIORITY_LOW); /* what is active, with what it said before */
    settle(true);
    happen(200, PRIORITY_HIGH);
    happen(1000, PRIORITY_MEDIUM);
    happen(9000, PRIORITY_LOW);
    expect_omitted(true, false, false);
    assert_int_equal(kept.alerts[PRIORITY_MEDIUM], 2000);
    assert_true(kept.records < 8);
    happen(9000, PRIORITY_MEDIUM);
    expect_omitted(true, true, false);
    assert_int_equal(kept.alerts[PRIORITY_HIGH], 400);
    assert_in_range(kept.alerts[PRIORITY_LOW], 1, 3 * ROUND);
    assert_int_equal(kept.times[1], 1);
    happen(9000, PRIORITY_HIGH);
    expect_omitted(true, true, true);
    assert_in_range(kept.alerts[PRIORITY_MEDIUM], 0, 3 * ROUND);
    struct commit_rig_rows rows;
    commit_rig_outbox(&rows);
    bool there = false;
    for (uint32_t i = 0; i < rows.count; i++) {
        there = there || rows.seq[i] == 2;
    }
    assert_true(there);
}

static struct {
    uint64_t rows[500];
    uint32_t count;
} oldest;

static bool see_oldest(void *context, const struct store_alert *alert)
{
    (void)context;
    oldest.rows[oldest.count++] = alert->row;
    return oldest.count < 500;
}

static void deliver_oldest(void)
{
    oldest.count = 0;
    assert_int_equal(store_each_outbox(commit_rig_store(), 0, 500, see_oldest, NULL), STATUS_OK);
    for (uint32_t i = 0; i < oldest.count; i++) {
        assert_true(ring_push(&commit_rig.delivered, &oldest.rows[i]));
    }
    while (commit_rig.commit.delivered_count > 0 || ring_count(&commit_rig.delivered) > 0) {
        commit_rig_round(1000);
    }
}

/* With the broker back all of it goes, the records, too, and nothing more is given up. */
static void test_the_broker_comes_back(void **state)
{
    (void)state;
    commit_rig_make(true);
    happen(6000, PRIORITY_LOW);
    expect_omitted(true, false, false);
    const uint64_t omitted = atomic_load(&commit_rig.commit.state.omitted);
    struct store_usage usage;
    do {
        deliver_oldest();
        store_usage(commit_rig_store(), &usage);
    } while (usage.outbox_rows > 0);
    assert_true(usage.history_rows > 1000);
    happen(10, PRIORITY_LOW);
    assert_int_equal(atomic_load(&commit_rig.commit.state.omitted), omitted);
    read_outbox();
    assert_int_equal(kept.records, 0);
    assert_int_equal(kept.alerts[PRIORITY_LOW], 20);
}

/* Another run, and a disk that fails now and then: nothing is missing, and nothing is given up twice. */
static void test_restarts_and_faults(void **state)
{
    (void)state;
    draw_seed(20260402);
    commit_rig_make(true);
    happen(4000, PRIORITY_LOW);
    for (unsigned run = 0; run < 4; run++) {
        commit_rig_unmake();
        commit_rig_make(true);
        for (unsigned i = 0; i < 30; i++) {
            atomic_store(chance(50) ? &disk_fault.sync_error : &disk_fault.meta_error, chance(40) ? EIO : 0);
            atomic_store(&disk_fault.meta_slips, chance(10));
            for (unsigned a = 0; a < 20; a++) {
                const uint64_t id = commit_rig.seq + 1;
                push(0, id, 1, PHASE_START, PRIORITY_LOW);
                push(0, id, 2, PHASE_END, PRIORITY_LOW);
            }
            commit_rig_round(100000);
            commit_rig_round(100000);
            memset(&disk_fault, 0, sizeof disk_fault);
            for (unsigned k = 0; k < 40 && !is_settled(); k++) {
                commit_rig_round(2000000);
            }
            assert_true(is_settled());
        }
        expect_all();
    }
}

/* States without an alert go first, and no record needs to tell of them. */
static void test_states_without_an_alert(void **state)
{
    (void)state;
    struct commit_rig *r = &commit_rig;
    commit_rig_make(true);
    for (unsigned i = 0; i < 12000; i++) {
        struct record record = {.kind = RECORD_FOLDED, .bed = 0, .seq = r->seq, .next_id = 2};
        record.alert = (struct alert){.key = {.bed = 0, .family = ALARM_OF_RULE, .index = 0},
                                      .phase = PHASE_UPDATE,
                                      .priority = PRIORITY_HIGH,
                                      .vital = VITAL_spo2,
                                      .rev = 1 + i,
                                      .id = 1,
                                      .seq = r->seq,
                                      .part_of = 99,
                                      .part_of_index = BUILTIN_bus_down};
        record.bed_state = (struct bed_snapshot){.stay = 7, .stay_start_ms = 1};
        assert_true(ring_push(&r->records, &record));
        if (i % ROUND == ROUND - 1) {
            settle(true);
        }
    }
    assert_true(percent_used() <= 76);
    assert_int_equal(atomic_load(&r->commit.state.omitted), 0);
    read_outbox();
    assert_int_equal(kept.records, 0);
    happen(10, PRIORITY_LOW);
    expect_all();
}

/* A store that is opened late has alerts of others, with the numbers that ours have: each record says whose it stands for. */
static void test_alerts_of_others(void **state)
{
    (void)state;
    char moved[128], others[STORE_EPOCH_MAX];
    commit_rig_make(true);
    happen(1500, PRIORITY_LOW);
    happen(1500, PRIORITY_MEDIUM);
    (void)snprintf(others, sizeof others, "%s", commit_rig.epoch);
    const uint64_t seq_of_others = commit_rig.seq;
    commit_rig_unmake();
    (void)snprintf(moved, sizeof moved, "%s.away", commit_rig.folder.base);
    assert_int_equal(rename(commit_rig.folder.base, moved), 0);
    commit_rig.seq = 0;
    memset(commit_rig.bed_seq, 0, sizeof commit_rig.bed_seq);
    commit_rig_make(false);
    push(0, 1, 1, PHASE_START, PRIORITY_LOW);
    for (unsigned i = 0; i < 30; i++) {
        commit_rig_round(100000);
    }
    assert_int_equal(rename(moved, commit_rig.folder.base), 0);
    settle(false);
    assert_string_not_equal(commit_rig.epoch, others);
    assert_string_equal(store_epoch(commit_rig_store()), commit_rig.epoch);

    happen(6000, PRIORITY_LOW);
    expect_all_of(others, seq_of_others);
    assert_true(kept.omitted[PRIORITY_LOW] > 0);
    happen(6000, PRIORITY_MEDIUM);
    expect_all_of(others, seq_of_others);
    assert_true(kept.omitted[PRIORITY_MEDIUM] > 0);
    expect_all_of(commit_rig.epoch, commit_rig.seq);
    assert_true(kept.omitted[PRIORITY_LOW] > 0 && kept.records < 8);
}

/* The size of a real one: 100,000 alerts wait, and as many again come. */
static void test_a_hundred_thousand(void **state)
{
    (void)state;
    commit_rig.folder.config.size_bytes = 160ULL << 20;
    commit_rig_make(true);
    while (atomic_load(&commit_rig.commit.state.omitted) == 0) {
        happen(500, commit_rig.seq % 3000 == 0 ? PRIORITY_MEDIUM : PRIORITY_LOW);
    }
    struct store_usage usage;
    store_usage(commit_rig_store(), &usage);
    assert_true(usage.outbox_rows >= 100000);
    happen(5000, PRIORITY_HIGH);
    expect_omitted(true, false, false);
    assert_int_equal(kept.alerts[PRIORITY_HIGH], 10000);
    store_usage(commit_rig_store(), &usage);
    assert_true(usage.outbox_rows >= 95000);
}

#define RIG_TEST(test) cmocka_unit_test_setup_teardown(test, rig_setup, rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_in_order_of_priority), RIG_TEST(test_the_broker_comes_back),
        RIG_TEST(test_restarts_and_faults),  RIG_TEST(test_states_without_an_alert),
        RIG_TEST(test_alerts_of_others),     RIG_TEST(test_a_hundred_thousand),
    };
    return cmocka_run_group_tests_name("commit_omission", tests, NULL, NULL);
}
