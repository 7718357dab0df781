/*
 * deliver_bench.h: the deliver thread with a real store and a real broker, and a test in the place of the store and
 * engine threads.
 *
 * Three beds b01 b02 b03, each with hr, spo2 and a cuff pressure, and one rule. bench_commit does what the store thread
 * does; bench_return what it does with delivered rows.
 */
#ifndef WARDGATE_TESTS_DELIVER_BENCH_H
#define WARDGATE_TESTS_DELIVER_BENCH_H

#include "app/flow/deliver.h"
#include "app/flow/direct.h"
#include "tests/unit/support/broker.h"
#include "tests/unit/support/store_folder.h"

#define BENCH_ARENA_BYTES (4U << 20)
#define BENCH_BEDS        3
#define BENCH_WAIT_MS     8000
#define BASE              "wardgate/site/ward/"

static const struct channel_config bench_channels[] = {
    {.vital = VITAL_hr, .period_ms = 1000, .stale_ms = 10000},
    {.vital = VITAL_spo2, .period_ms = 1000, .stale_ms = 10000},
    {.vital = VITAL_nibp_sys, .episodic = true, .period_ms = 1000, .stale_ms = 4500000}};
static const struct bed_config bench_beds[BENCH_BEDS] = {{.id = "b01", .channels = bench_channels, .channel_count = 3},
                                                         {.id = "b02", .channels = bench_channels, .channel_count = 3},
                                                         {.id = "b03", .channels = bench_channels, .channel_count = 3}};
static const struct rule bench_rules[] = {{.name = "spo2_low",
                                           .text = "SpO2 low",
                                           .advice = "Look",
                                           .priority = PRIORITY_HIGH,
                                           .when = {.vitals = 1U << VITAL_spo2}},
                                          {.name = "hr_high",
                                           .text = "HR high",
                                           .advice = "Look",
                                           .priority = PRIORITY_MEDIUM,
                                           .when = {.vitals = 1U << VITAL_hr}}};
static const struct engine_config bench_engine = {
    .beds = bench_beds, .bed_count = BENCH_BEDS, .rules = bench_rules, .rule_count = 2};
static struct epochs bench_epochs_before; /* of bench_context */
static const struct payload_context bench_context = {.config = &bench_engine,
                                                     .topic_root = "wardgate",
                                                     .site = "site",
                                                     .ward = "ward",
                                                     .gateway = "gw",
                                                     .boot = "00c0ffee",
                                                     .epoch = "e0",
                                                     .epochs_before = &bench_epochs_before,
                                                     .version = "test"};

struct bench {
    struct broker broker;
    struct uplink_broker addresses[2];
    struct store_folder folder;
    struct store *opened;
    _Atomic(struct store *) store;
    atomic_ullong committed_row, acknowledged_seq;
    struct timebase timebase;
    struct board board;
    struct ring delivered, direct, commands, replies, resends;
    struct wake store_wake, engine_wake;
    struct deliver *deliver;
    uint64_t seq;
    uint64_t returned; /* rows that came back as delivered */
    unsigned char *memory;
    struct deliver_config config;
};

static inline size_t bench_health(void *context, int64_t wall_ms, char *out, size_t size)
{
    (void)context;
    return (size_t)snprintf(out, size, "{\"schema\":\"1\",\"wall_ms\":%lld}", (long long)wall_ms);
}

/* Of its own memory, so that a test that fails leaves its threads something to stand on. */
static inline struct bench *bench_attach(const struct broker *broker)
{
    struct bench *bench = calloc(1, sizeof *bench);
    assert_non_null(bench);
    bench->broker = *broker;
    store_folder_init(&bench->folder);
    bench->opened = store_folder_open(&bench->folder);
    atomic_store(&bench->store, bench->opened);
    bench->timebase.anchor_ms = clock_wall_ms() - clock_boot_us() / 1000;
    bench->memory = aligned_alloc(64, BENCH_ARENA_BYTES);
    assert_non_null(bench->memory);
    memset(bench->memory, 0, BENCH_ARENA_BYTES);
    assert_int_equal(wake_open(&bench->store_wake), STATUS_OK);
    assert_int_equal(wake_open(&bench->engine_wake), STATUS_OK);
    bench->addresses[0].url = bench->broker.url;
    bench->config = (struct deliver_config){
        .context = &bench_context,
        .timebase = &bench->timebase,
        .board = &bench->board,
        .store = &bench->store,
        .committed_row = &bench->committed_row,
        .delivered = &bench->delivered,
        .store_wake = &bench->store_wake,
        .direct = &bench->direct,
        .direct_acknowledged_seq = &bench->acknowledged_seq,
        .brokers = bench->addresses,
        .broker_count = 1,
        .uplink = {.client_id = "gw", .version = 5, .keep_alive_s = 10},
        .commands = {.out = &bench->commands, .replies = &bench->replies, .engine_wake = &bench->engine_wake},
        .resends = &bench->resends,
        .publish_interval_ms = 300,
        .health = bench_health};
    return bench;
}

static inline struct bench *bench_open(void)
{
    struct broker broker;
    broker_open(&broker);
    return bench_attach(&broker);
}

static inline void bench_lay_out(struct bench *bench, struct arena *arena, uint32_t delivered_slots)
{
    board_init(&bench->board, arena, BENCH_BEDS);
    ring_init(&bench->delivered, arena, delivered_slots, sizeof(uint64_t));
    ring_init(&bench->direct, arena, 64, sizeof(struct direct_alert));
    ring_init(&bench->commands, arena, 16, sizeof(struct bed_command));
    ring_init(&bench->replies, arena, REPLY_SLOTS, sizeof(struct reply));
    ring_init(&bench->resends, arena, RESEND_SLOTS, sizeof(struct resend_request));
    bench->config.link = deliver_link_make(arena);
    bench->deliver = deliver_make(arena, &bench->config);
}

/* After this alerts can be committed and views put up; bench->config is taken over. */
static inline void bench_build(struct bench *bench, uint32_t delivered_slots)
{
    struct arena measure = {.base = NULL};
    struct arena arena = {.base = bench->memory, .size = BENCH_ARENA_BYTES};
    bench_lay_out(bench, &measure, delivered_slots);
    assert_null(bench->deliver);
    bench_lay_out(bench, &arena, delivered_slots);
    assert_non_null(bench->deliver);
    assert_int_equal(arena.used, measure.used);
}

static inline void bench_start(struct bench *bench)
{
    if (bench->deliver == NULL) {
        bench_build(bench, 64);
    }
    assert_int_equal(deliver_start(bench->deliver), STATUS_OK);
}

static inline void bench_close(struct bench *bench)
{
    if (bench->deliver != NULL) {
        deliver_stop(bench->deliver);
    }
    if (bench->config.link != NULL) {
        deliver_link_close(bench->config.link);
    }
    store_close(bench->opened);
    store_folder_fini(&bench->folder);
    wake_close(&bench->store_wake);
    wake_close(&bench->engine_wake);
    broker_close(&bench->broker);
    free(bench->memory);
    free(bench);
}

/* An alert of a rule (0 or 1) at a bed; at 0: the gateway's bus_down. seq is its id too, so that nothing is taken for
 * something else. */
static inline struct alert bench_alert(struct bench *bench, unsigned bed_number, uint16_t rule, bool ends)
{
    const bool at_bed = bed_number > 0;
    const uint64_t seq = ++bench->seq;
    return (struct alert){.key = {.bed = at_bed ? (uint16_t)(bed_number - 1) : BED_NONE,
                                  .family = at_bed ? ALARM_OF_RULE : ALARM_BUILTIN,
                                  .index = at_bed ? rule : (uint16_t)BUILTIN_bus_down},
                          .phase = ends ? PHASE_END : PHASE_START,
                          .state = ends ? ALARM_ENDED : ALARM_ACTIVE,
                          .priority = (uint8_t)(at_bed ? bench_rules[rule].priority : PRIORITY_MEDIUM),
                          .vital = VITAL_NONE,
                          .rev = 1,
                          .id = seq,
                          .seq = seq,
                          .stay = 7,
                          .at_ms = timebase_engine_ms(&bench->timebase, clock_boot_us())};
}

/* One transaction of that run: the alert in the outbox and its alarm's state. */
static inline void bench_put_of(struct bench *bench, const struct payload_context *run, const struct alert *alert,
                                int64_t age_ms)
{
    char json[PAYLOAD_ALERT_MAX];
    char name[ALARM_NAME_MAX];
    const size_t length = payload_alert(run, alert, 0, json, sizeof json);
    alarm_name(&bench_engine, alert, name);
    const char *bed = alert->key.bed == BED_NONE ? "" : bench_beds[alert->key.bed].id;
    const bool ended = alert->state == ALARM_ENDED;
    const struct store_alert row = {.seq = alert->seq,
                                    .flags = (uint16_t)((ended ? STORE_ALERT_ENDS_ALARM : 0) |
                                                        (alert->test ? STORE_ALERT_TEST : 0) |
                                                        (alert_is_folded(alert) ? STORE_ALERT_FOLDED : 0)),
                                    .committed_wall_ms = clock_wall_ms() - age_ms,
                                    .bed = bed,
                                    .alarm = name,
                                    .json = json,
                                    .json_length = (uint32_t)length};
    const struct store_alarm alarm = {.bed = bed,
                                      .alarm = name,
                                      .priority = alert->priority,
                                      .ended = ended,
                                      .json = json,
                                      .json_length = (uint32_t)length,
                                      .snapshot = alert,
                                      .snapshot_length = sizeof *alert};
    assert_int_equal(store_begin(bench->opened), STATUS_OK);
    assert_int_equal(store_put_alert(bench->opened, &row), STATUS_OK);
    if (!alert->test) {
        assert_int_equal(store_put_alarm(bench->opened, &alarm), STATUS_OK);
    }
    assert_int_equal(store_commit(bench->opened), STATUS_OK);
}

static inline void bench_put(struct bench *bench, const struct alert *alert, int64_t age_ms)
{
    bench_put_of(bench, &bench_context, alert, age_ms);
}

static inline void bench_tell_committed(struct bench *bench)
{
    atomic_store(&bench->committed_row, store_last_row(bench->opened));
    wake_raise(deliver_wake(bench->deliver));
}

/* As the store thread does: commit, then tell. Returns the alert's seq. */
static inline uint64_t bench_commit(struct bench *bench, unsigned bed_number, uint16_t rule, bool ends)
{
    const struct alert alert = bench_alert(bench, bed_number, rule, ends);
    bench_put(bench, &alert, 0);
    bench_tell_committed(bench);
    return alert.seq;
}

/* As the store thread does with what is delivered. */
static inline void bench_take_delivered(struct bench *bench)
{
    uint64_t row;
    while (ring_pop(&bench->delivered, &row, 1) == 1) {
        assert_int_equal(test_deliver(bench->opened, &row, 1), STATUS_OK);
        ++bench->returned;
    }
}

/* Moves rows that were delivered to history; true once `count` of them came back since the start. */
static inline bool bench_return(struct bench *bench, uint64_t count, int timeout_ms)
{
    const int64_t until_ms = test_now_ms() + timeout_ms;
    do {
        bench_take_delivered(bench);
        if (bench->returned >= count) {
            return true;
        }
        (void)wake_wait_until(&bench->store_wake, clock_boot_us() + 20000);
    } while (test_now_ms() < until_ms);
    return false;
}

static inline uint64_t bench_outbox_rows(struct bench *bench)
{
    struct store_usage usage;
    store_usage(bench->opened, &usage);
    return usage.outbox_rows;
}

static inline int64_t bench_now_ms(const struct bench *bench)
{
    return timebase_engine_ms(&bench->timebase, clock_boot_us());
}

/* A view of a bed, of the instant now_ms, whose hr is this value, and spo2 of this quality. */
static inline void bench_view_at(struct bench *bench, int64_t now_ms, unsigned bed_number, int32_t hr,
                                 enum quality spo2, uint64_t stay)
{
    const struct bed_view view = {
        .bed = (uint16_t)(bed_number - 1),
        .monitored = stay != 0,
        .stay = stay,
        .stay_start_ms = now_ms,
        .at_ms = now_ms,
        .vital_count = 3,
        .vitals = {{.vital = VITAL_hr, .value_milli = hr * 1000, .at_ms = now_ms},
                   {.vital = VITAL_spo2, .quality = (uint8_t)spo2, .value_milli = 97000, .at_ms = now_ms},
                   {.vital = VITAL_nibp_sys, .episodic = true, .value_milli = 120000, .at_ms = now_ms}}};
    if (board_put(&bench->board, &view)) { /* as the engine's thread does */
        wake_raise(deliver_wake(bench->deliver));
    }
}

static inline void bench_view(struct bench *bench, unsigned bed_number, int32_t hr, enum quality spo2, uint64_t stay)
{
    bench_view_at(bench, bench_now_ms(bench), bed_number, hr, spo2, stay);
}

static inline void bench_push_direct(struct bench *bench, const struct alert *alert)
{
    static struct direct_alert direct;
    direct.alert = *alert;
    direct.json_length = (uint32_t)payload_alert(&bench_context, alert, 0, direct.json, sizeof direct.json);
    assert_true(ring_push(&bench->direct, &direct));
    wake_raise(deliver_wake(bench->deliver));
}

static inline uint64_t seen_number(const struct seen *seen, const char *key)
{
    const char *at = strstr(seen->payload, key);
    return at != NULL ? strtoull(at + strlen(key), NULL, 10) : 0;
}

static inline uint64_t seen_seq(const struct seen *seen)
{
    return seen_number(seen, "\"seq\":");
}

static inline bool seen_has(const struct seen *seen, const char *part)
{
    return strstr(seen->payload, part) != NULL;
}

/* True for topics of alerts, of beds and of the gateway. */
static inline bool seen_is_alert(const struct seen *seen)
{
    const size_t length = strlen(seen->topic);
    return length > 6 && strcmp(seen->topic + length - 6, "/alert") == 0;
}

static inline bool bench_wait_connected(struct bench *bench, bool connected, int timeout_ms)
{
    const int64_t until_ms = test_now_ms() + timeout_ms;
    while (atomic_load(&bench->board.uplink_connected) != connected && test_now_ms() < until_ms) {
        (void)usleep(5000);
    }
    return atomic_load(&bench->board.uplink_connected) == connected;
}

static inline void bench_go_online(struct bench *bench)
{
    bench_start(bench);
    assert_true(bench_wait_connected(bench, true, BENCH_WAIT_MS));
}

static inline struct bench *bench_open_online(void)
{
    struct bench *bench = bench_open();
    broker_start(&bench->broker);
    bench_go_online(bench);
    return bench;
}

#endif
