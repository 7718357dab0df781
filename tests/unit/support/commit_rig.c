#include "tests/unit/support/commit_rig.h"

#include "hal/clock.h"

#define PATIENCE_US INT64_C(60000000)

struct commit_rig commit_rig;

static const struct channel_config channels[] = {
    {.vital = VITAL_spo2, .period_ms = 1000, .high_milli = 100000},
    {.vital = VITAL_nibp_sys, .episodic = true, .period_ms = 1000, .high_milli = 300000},
};
static const struct rule rules[] = {
    {.name = "spo2_low", .text = "SpO2 low", .advice = "Check the probe", .priority = PRIORITY_MEDIUM},
};

int commit_rig_setup(void **state)
{
    (void)state;
    struct commit_rig *r = &commit_rig;
    *r = (struct commit_rig){.now_us = 1000000};
    store_folder_init(&r->folder);
    r->folder.config.size_bytes = 4 * STORE_SIZE_LEAST;
    static const char *const ids[RIG_BEDS] = {"b01", "b02"};
    for (unsigned b = 0; b < RIG_BEDS; b++) {
        r->beds[b] = (struct bed_config){.id = ids[b], .channels = channels, .channel_count = 2, .monitor_count = 1};
    }
    r->engine = (struct engine_config){.beds = r->beds, .rules = rules, .bed_count = RIG_BEDS, .rule_count = 1};
    r->payloads = (struct payload_context){.config = &r->engine,
                                           .topic_root = "wardgate",
                                           .site = "site",
                                           .ward = "ward",
                                           .gateway = "gw-1",
                                           .boot = "0badcafe",
                                           .epoch = r->epoch,
                                           .epochs_before = &r->epochs_before,
                                           .version = "test"};
    r->timebase.anchor_ms = RIG_ANCHOR_MS;
    r->clock = (struct state_clock){.boot_id = "this boot", .anchor_ms = RIG_ANCHOR_MS, .synced = 1};
    return 0;
}

int commit_rig_teardown(void **state)
{
    (void)state;
    commit_rig_unmake();
    store_folder_fini(&commit_rig.folder);
    return 0;
}

static void build_trends(struct commit_rig *r, struct arena *arena)
{
    const struct trend_keeper_config config = {.trends = {.path = r->folder.path,
                                                          .bytes = trends_bytes(RIG_BEDS, 2 * RIG_BEDS, 60),
                                                          .minutes = 60,
                                                          .rows_most = RIG_BEDS},
                                               .engine = &r->engine,
                                               .board = &r->board,
                                               .store = &r->commit.store};
    board_init(&r->board, arena, RIG_BEDS);
    trend_keeper_init(&r->trends, arena, &config);
}

static void build(struct commit_rig *r, struct arena *arena)
{
    ring_init(&r->records, arena, RIG_RECORD_SLOTS, sizeof(struct record));
    ring_init(&r->journal, arena, RIG_JOURNAL_SLOTS, sizeof(struct observation));
    ring_init(&r->delivered, arena, 2 * COMMIT_DELIVERED_MANY, sizeof(uint64_t));
    ring_init(&r->direct, arena, RIG_DIRECT_SLOTS, sizeof(struct direct_alert));
    ring_init(&r->resends, arena, RESEND_SLOTS, sizeof(struct resend_request));
    for (unsigned i = 0; i < ORIGIN_COUNT; i++) {
        ring_init(&r->replies[i], arena, RIG_REPLY_SLOTS, sizeof(struct reply));
    }
    const struct commit_config config = {.store = r->folder.config,
                                         .engine = &r->engine,
                                         .beds = &r->numbers,
                                         .bed_numbers = r->bed_numbers,
                                         .payloads = &r->payloads,
                                         .around = r->around,
                                         .timebase = &r->timebase,
                                         .board = &r->board,
                                         .records = &r->records,
                                         .journal = &r->journal,
                                         .delivered = &r->delivered,
                                         .direct = &r->direct,
                                         .deliver_wake = &r->deliver_wake,
                                         .replies = {&r->replies[ORIGIN_BROKER], &r->replies[ORIGIN_LOCAL]},
                                         .reply_wakes = {&r->deliver_wake, &r->deliver_wake},
                                         .resends = &r->resends,
                                         .clock = &r->clock,
                                         .clock_record = r->keeps_clock ? &r->clock_record : NULL,
                                         .clock_bridge = r->keeps_clock ? &r->clock_bridge : NULL,
                                         .clock_hardware = &r->clock_hardware,
                                         .trends = r->keeps_trends ? &r->trends : NULL,
                                         .journal_interval_ms = 1000,
                                         .history_keep_ms = r->history_keep_ms};
    commit_init(&r->commit, arena, &config);
    if (r->keeps_trends) {
        build_trends(r, arena);
    }
}

void commit_rig_make_as(bool open, bool is_replaced)
{
    struct commit_rig *r = &commit_rig;
    struct arena arena = {.base = NULL};
    assert_true(bed_numbers_add(&r->numbers, &r->engine));
    bed_numbers_numbers(&r->numbers, &r->engine, r->bed_numbers);
    build(r, &arena);
    arena.size = (arena.used + 63) / 64 * 64;
    arena.used = 0;
    r->memory = arena.base = aligned_alloc(64, arena.size);
    assert_non_null(r->memory);
    memset(r->memory, 0, arena.size);
    assert_int_equal(wake_open(&r->deliver_wake), STATUS_OK);
    assert_int_equal(commit_open(&r->commit), STATUS_OK);
    build(r, &arena);
    struct store *store = NULL;
    if (open) {
        assert_int_equal(store_open(&r->folder.config, &store), is_replaced ? STATUS_CORRUPT : STATUS_OK);
        assert_non_null(store);
    }
    (void)snprintf(r->epoch, sizeof r->epoch, "%s", open ? store_epoch(store) : "00c0ffee00c0ffee");
    if (open) {
        writer_find_waiting(&r->commit.writer, store);
    }
    commit_adopt_store(&r->commit, store, r->now_us);
}

void commit_rig_make(bool open)
{
    commit_rig_make_as(open, false);
}

void commit_rig_start(void)
{
    struct store *store = atomic_exchange(&commit_rig.commit.store, NULL);
    assert_int_equal(commit_start(&commit_rig.commit, store), STATUS_OK);
}

void commit_rig_detach(struct store **out)
{
    const int64_t until_us = clock_boot_us() + PATIENCE_US;
    while (!commit_detach(&commit_rig.commit, out)) {
        assert_true(clock_boot_us() < until_us);
        assert_int_equal(commit_resume(&commit_rig.commit), STATUS_OK);
    }
}

/* A thread that is left would go on in memory that is somebody else's by then: rather end at once than hang in the next test. */
void commit_rig_stop(void)
{
    const int64_t until_us = clock_boot_us() + PATIENCE_US;
    while (!commit_stop(&commit_rig.commit)) {
        if (clock_boot_us() >= until_us) {
            (void)fputs("commit_rig: the writer does not come back\n", stderr);
            abort();
        }
        clock_sleep_until_us(clock_boot_us() + 1000);
    }
}

void commit_rig_unmake(void)
{
    struct commit_rig *r = &commit_rig;
    if (r->memory != NULL) {
        if (!r->commit.writer.thread.running) {
            (void)writer_step(&r->commit.writer); /* what the last round gave it */
        }
        commit_rig_stop();
        wake_close(&r->deliver_wake);
        free(r->memory);
        r->memory = NULL;
    }
}

void commit_rig_alert(uint16_t bed, enum alarm_phase phase)
{
    struct commit_rig *r = &commit_rig;
    struct record record = {
        .kind = RECORD_ALERT, .bed = bed, .of_command = r->of_command, .seq = ++r->seq, .next_id = r->seq + 1};
    const int64_t at_ms = RIG_ANCHOR_MS + r->now_us / 1000;
    record.alert = (struct alert){
        .key = {.bed = bed, .family = ALARM_OF_RULE, .index = 0},
        .phase = (uint8_t)phase,
        .state = phase == PHASE_END ? ALARM_ENDED : ALARM_ACTIVE,
        .priority = PRIORITY_MEDIUM,
        .clock_synced = r->clock_synced,
        .vital = VITAL_spo2,
        .rev = 1,
        .id = r->seq,
        .seq = r->seq,
        .stay = 7,
        .at_ms = at_ms,
        .violated_at_ms = at_ms,
        .condition_at_ms = at_ms,
        .raised_at_ms = at_ms,
    };
    if (bed == BED_NONE) {
        record.alert.key = (struct alarm_key){.bed = bed, .family = ALARM_BUILTIN, .index = BUILTIN_bus_down};
        record.alert.vital = VITAL_NONE;
        record.alert.stay = 0;
    } else {
        record.alert.bed_seq = ++r->bed_seq[bed];
        record.bed_state = (struct bed_snapshot){.stay = 7, .stay_start_ms = 1, .bed_seq = r->bed_seq[bed]};
    }
    assert_true(ring_push(&r->records, &record));
}

void commit_rig_active(unsigned number)
{
    struct commit_rig *r = &commit_rig;
    struct record record = {.kind = RECORD_ALERT, .bed = 0, .seq = ++r->seq, .next_id = r->seq + 1};
    record.alert = (struct alert){.key = {.bed = 0, .family = ALARM_REPORTED},
                                  .phase = PHASE_START,
                                  .priority = PRIORITY_LOW,
                                  .vital = VITAL_NONE,
                                  .rev = 1,
                                  .id = r->seq,
                                  .seq = r->seq,
                                  .bed_seq = ++r->bed_seq[0],
                                  .stay = 7};
    (void)snprintf(record.alert.reported, sizeof record.alert.reported, "a%u", number);
    record.bed_state = (struct bed_snapshot){.stay = 7, .stay_start_ms = 1, .bed_seq = r->bed_seq[0]};
    assert_true(ring_push(&r->records, &record));
}

void commit_rig_command(uint16_t bed, unsigned number, enum command_verdict verdict, enum command_origin origin)
{
    struct commit_rig *r = &commit_rig;
    struct record record = {.kind = RECORD_COMMAND, .bed = bed, .seq = r->seq, .next_id = r->seq + 1};
    record.command = (struct bed_command){.kind = COMMAND_back,
                                          .role = origin == ORIGIN_LOCAL ? ROLE_local : ROLE_nurse,
                                          .verdict = (uint8_t)verdict,
                                          .bed = bed,
                                          .stay = 7,
                                          .origin = origin_make(origin, number),
                                          .by = "n1"};
    (void)snprintf(record.command.id, sizeof record.command.id, "c%u", number);
    if (bed != BED_NONE) {
        record.bed_state = (struct bed_snapshot){.stay = 7, .stay_start_ms = 1, .bed_seq = r->bed_seq[bed]};
    }
    assert_true(ring_push(&r->records, &record));
}

void commit_rig_measurement(uint16_t bed, enum vital vital, int32_t value_milli)
{
    struct commit_rig *r = &commit_rig;
    struct record record = {.kind = RECORD_MEASUREMENT, .bed = bed, .seq = r->seq, .next_id = r->seq + 1};
    record.measurement = (struct observation){.at_ms = RIG_ANCHOR_MS + r->now_us / 1000,
                                              .bed = bed,
                                              .kind = OBSERVATION_VALUE,
                                              .vital = (uint8_t)vital,
                                              .value_milli = value_milli};
    record.bed_state = (struct bed_snapshot){.stay = 7, .stay_start_ms = 1, .bed_seq = r->bed_seq[bed]};
    assert_true(ring_push(&r->records, &record));
}

void commit_rig_round(int64_t later_us)
{
    struct commit_rig *r = &commit_rig;
    r->now_us += later_us;
    (void)commit_step(&r->commit, r->now_us);
    if (writer_step(&r->commit.writer)) {
        (void)commit_step(&r->commit, r->now_us);
    }
}

struct store *commit_rig_store(void)
{
    struct store *store = atomic_load(&commit_rig.commit.store);
    assert_non_null(store);
    return store;
}

static bool see(void *context, const struct store_alert *alert)
{
    struct commit_rig_rows *rows = context;
    char wanted[64];
    (void)snprintf(wanted, sizeof wanted, "\"seq\":%llu,", (unsigned long long)alert->seq);
    const bool folded = (alert->flags & STORE_ALERT_FOLDED) != 0;
    const bool record = (alert->flags & STORE_ALERT_OMITS) != 0; /* has none */
    if (!record && strstr(alert->json, folded ? "\"seq\":null," : wanted) == NULL) {
        return true; /* missing from the count */
    }
    rows->row[rows->count] = alert->row;
    rows->seq[rows->count] = alert->seq;
    rows->flags[rows->count++] = alert->flags;
    return rows->count < RIG_SEEN_MAX;
}

void commit_rig_outbox(struct commit_rig_rows *out)
{
    out->count = 0;
    assert_int_equal(store_each_outbox(commit_rig_store(), 0, RIG_SEEN_MAX, see, out), STATUS_OK);
}

void commit_rig_history(struct commit_rig_rows *out)
{
    out->count = 0;
    assert_int_equal(store_each_history(commit_rig_store(), 0, RIG_SEEN_MAX, see, out), STATUS_OK);
}

bool commit_rig_woken(void)
{
    return wake_wait_until(&commit_rig.deliver_wake, 0);
}

bool commit_rig_pop_reply(enum command_origin origin, struct reply *out)
{
    return ring_pop(&commit_rig.replies[origin], out, 1) == 1;
}

bool commit_rig_pop_direct(struct direct_alert *out)
{
    return ring_pop(&commit_rig.direct, out, 1) == 1;
}

static bool see_alarm(void *context, const struct store_alarm *alarm)
{
    uint32_t *counts = context;
    struct alarm_snapshot snapshot;
    counts[0] += alarm->snapshot_length == sizeof snapshot;
    counts[1] += alarm->ended;
    return true;
}

uint32_t commit_rig_alarms(uint32_t *out_ended)
{
    uint32_t counts[2] = {0, 0};
    assert_int_equal(store_each_alarm(commit_rig_store(), see_alarm, counts), STATUS_OK);
    *out_ended = counts[1];
    return counts[0];
}
