/*
 * bench_wear.c: what the gateway writes to the disk in a day, as the system counts it for the process (write_bytes of /proc/self/io).
 *
 * Commit, writer, store and trends as they are, on virtual time: 64 beds with 12 vitals at 1 Hz that walk about their usual values, ten alarms a
 * bed-day that start, change once and end, each delivered a second later, trends once a minute, everything else at its default. An hour counts, after
 * a week of trends, so that the oldest go with each that comes. What the file system writes for itself is not in it.
 *
 * BENCH_DIR          where the store is made: /tmp
 * BENCH_INTERVAL_MS  journal_interval: 5000, as where nothing is said
 * Prints one JSON object a line.
 */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/flow/commit.h"
#include "drivers/store/trends.h"

enum { BEDS = 64, VITALS = 12, ALARMS_A_BED_DAY = 10, PHASES = 3, LIMIT_MB = 1000 };
enum { WARM_S = 300, HOUR_S = 3600, DAY_S = 86400, TREND_MINUTES = 7 * DAY_S / 60 };
enum { ALERT_EVERY_S = DAY_S / (BEDS * ALARMS_A_BED_DAY * PHASES), JOURNAL_SLOTS = 4096 };
#define ANCHOR_MS   INT64_C(1700000000000)
#define STORE_BYTES (UINT64_C(128) << 20)
#define INTERVAL_MS 5000
#define US_PER_S    1000000
#define PATH_ROOM   200

static const struct {
    enum vital vital;
    int32_t usual, swing, step; /* thousandths */
} vitals[VITALS] = {
    {VITAL_hr, 76000, 20000, 1000},      {VITAL_pulse, 76000, 20000, 1000},    {VITAL_spo2, 96000, 2500, 1000},
    {VITAL_perfusion, 2500, 1200, 100},  {VITAL_resp, 16000, 5000, 1000},      {VITAL_abp_sys, 120000, 15000, 1000},
    {VITAL_abp_dia, 75000, 10000, 1000}, {VITAL_abp_mean, 90000, 12000, 1000}, {VITAL_cvp, 8000, 2000, 1000},
    {VITAL_temp, 36800, 500, 100},       {VITAL_etco2, 38000, 3000, 1000},     {VITAL_st_ii, 300, 200, 10},
};

static struct {
    char path[PATH_ROOM], store_path[PATH_ROOM + 8], ids[BEDS][8], epoch[STORE_EPOCH_MAX];
    struct channel_config channels[VITALS];
    struct bed_config beds[BEDS];
    struct rule rule;
    struct engine_config engine;
    struct bed_numbers numbers;
    uint16_t bed_numbers[BEDS];
    struct payload_context payloads;
    struct timebase timebase;
    struct state_clock clock;
    struct board board;
    struct ring records, journal, delivered, direct, replies[ORIGIN_COUNT];
    struct wake deliver_wake;
    struct commit commit;
    struct trends *trends;
    int64_t now_us;
    uint64_t seq, bed_seq[BEDS], row_delivered;
} w;

static uint32_t interval_ms(void)
{
    const char *given = getenv("BENCH_INTERVAL_MS");
    return given != NULL ? (uint32_t)strtoul(given, NULL, 10) : INTERVAL_MS;
}

static void expect(bool holds, const char *what)
{
    if (!holds) {
        (void)fprintf(stderr, "bench_wear: %s\n", what);
        exit(EXIT_FAILURE);
    }
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    (void)info;
    (void)kind;
    (void)where;
    return remove(path);
}

static void clean_up(void)
{
    (void)nftw(w.path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* ---- making ---- */

static void make_ward(void)
{
    for (unsigned c = 0; c < VITALS; c++) {
        w.channels[c] = (struct channel_config){.vital = vitals[c].vital, .period_ms = 1000, .stale_ms = 10000};
    }
    for (unsigned b = 0; b < BEDS; b++) {
        (void)snprintf(w.ids[b], sizeof w.ids[b], "bed-%02u", b + 1);
        w.beds[b] = (struct bed_config){.id = w.ids[b],
                                        .channels = w.channels,
                                        .channel_count = VITALS,
                                        .monitor_count = 1,
                                        .monitor_period_ms = {1000}};
    }
    w.rule = (struct rule){.name = "spo2_low",
                           .text = "SpO2 below 90 % for 15 s",
                           .advice = "Check the probe, then airway and oxygen",
                           .priority = PRIORITY_MEDIUM};
    w.engine = (struct engine_config){.beds = w.beds, .rules = &w.rule, .bed_count = BEDS, .rule_count = 1};
    expect(bed_numbers_add(&w.numbers, &w.engine), "no room for the beds");
    bed_numbers_numbers(&w.numbers, &w.engine, w.bed_numbers);
}

static void build(struct arena *arena)
{
    ring_init(&w.records, arena, 64, sizeof(struct record));
    ring_init(&w.journal, arena, JOURNAL_SLOTS, sizeof(struct observation));
    ring_init(&w.delivered, arena, 64, sizeof(uint64_t));
    ring_init(&w.direct, arena, 64, sizeof(struct direct_alert));
    for (unsigned i = 0; i < ORIGIN_COUNT; i++) {
        ring_init(&w.replies[i], arena, REPLY_SLOTS, sizeof(struct reply));
    }
    board_init(&w.board, arena, BEDS);
    const struct commit_config config = {.store = {.path = w.store_path, .size_bytes = STORE_BYTES},
                                         .engine = &w.engine,
                                         .beds = &w.numbers,
                                         .bed_numbers = w.bed_numbers,
                                         .payloads = &w.payloads,
                                         .timebase = &w.timebase,
                                         .board = &w.board,
                                         .records = &w.records,
                                         .journal = &w.journal,
                                         .delivered = &w.delivered,
                                         .direct = &w.direct,
                                         .deliver_wake = &w.deliver_wake,
                                         .replies = {&w.replies[ORIGIN_BROKER], &w.replies[ORIGIN_LOCAL]},
                                         .reply_wakes = {&w.deliver_wake, &w.deliver_wake},
                                         .clock = &w.clock,
                                         .journal_interval_ms = interval_ms()};
    commit_init(&w.commit, arena, &config);
}

static void make_parts(void)
{
    struct arena arena = {.base = NULL};
    build(&arena);
    arena = (struct arena){.size = (arena.used + 63) / 64 * 64};
    arena.base = aligned_alloc(64, arena.size);
    expect(arena.base != NULL, "no memory");
    memset(arena.base, 0, arena.size);
    expect(wake_open(&w.deliver_wake) == STATUS_OK && commit_open(&w.commit) == STATUS_OK, "no wakes");
    build(&arena);
}

static void open_store(void)
{
    const struct store_config config = {.path = w.store_path, .size_bytes = STORE_BYTES};
    const struct trends_config trends = {.path = w.store_path,
                                         .bytes = trends_bytes(BEDS, BEDS * VITALS, TREND_MINUTES),
                                         .minutes = TREND_MINUTES,
                                         .rows_most = TREND_ROWS_MOST};
    struct store *store = NULL;
    expect(store_open(&config, &store) == STATUS_OK, "no store");
    expect(trends_open(&trends, &w.trends) == STATUS_OK, "no trends");
    (void)snprintf(w.epoch, sizeof w.epoch, "%s", store_epoch(store));
    w.payloads = (struct payload_context){.config = &w.engine,
                                          .topic_root = "wardgate",
                                          .site = "st-marys",
                                          .ward = "w7e",
                                          .gateway = "gw-7e",
                                          .boot = "0badcafe",
                                          .epoch = w.epoch,
                                          .version = "bench"};
    w.timebase.anchor_ms = ANCHOR_MS;
    commit_adopt_store(&w.commit, store, w.now_us);
}

/* ---- a second ---- */

static uint32_t draw(uint32_t below)
{
    static uint64_t state = 1;
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(state >> 33) % below;
}

static void observe(uint16_t bed)
{
    static int32_t values[BEDS][VITALS];
    struct observation o = {.at_ms = ANCHOR_MS + w.now_us / 1000 + bed, .bed = bed, .kind = OBSERVATION_HEARD};
    expect(ring_push(&w.journal, &o), "the journal's ring is full");
    o.kind = OBSERVATION_VALUE;
    for (unsigned v = 0; v < VITALS; v++) {
        int32_t *value = &values[bed][v];
        *value += ((int32_t)draw(3) - 1) * vitals[v].step;
        *value = *value > vitals[v].swing || *value < -vitals[v].swing ? 0 : *value;
        o.vital = (uint8_t)vitals[v].vital;
        o.value_milli = vitals[v].usual + *value;
        expect(ring_push(&w.journal, &o), "the journal's ring is full");
    }
}

static void alert(void)
{
    static const enum alarm_phase phases[PHASES] = {PHASE_START, PHASE_UPDATE, PHASE_END};
    const enum alarm_phase phase = phases[w.seq % PHASES];
    const uint16_t bed = (uint16_t)(w.seq / PHASES % BEDS);
    const int64_t at_ms = ANCHOR_MS + w.now_us / 1000;
    struct record record = {.kind = RECORD_ALERT, .bed = bed, .seq = ++w.seq, .next_id = w.seq / PHASES + 2};
    record.alert = (struct alert){.key = {.bed = bed, .family = ALARM_OF_RULE, .index = 0},
                                  .phase = (uint8_t)phase,
                                  .state = phase == PHASE_END ? ALARM_ENDED : ALARM_ACTIVE,
                                  .priority = PRIORITY_MEDIUM,
                                  .vital = VITAL_spo2,
                                  .rev = (uint32_t)((w.seq - 1) % PHASES + 1),
                                  .id = (w.seq - 1) / PHASES + 1,
                                  .seq = w.seq,
                                  .bed_seq = ++w.bed_seq[bed],
                                  .stay = 7,
                                  .at_ms = at_ms,
                                  .violated_at_ms = at_ms,
                                  .condition_at_ms = at_ms,
                                  .raised_at_ms = at_ms};
    record.bed_state = (struct bed_snapshot){.stay = 7, .stay_start_ms = 1, .bed_seq = w.bed_seq[bed]};
    expect(ring_push(&w.records, &record), "the ring of records is full");
}

static bool deliver(void *context, const struct store_alert *row)
{
    (void)context;
    w.row_delivered = row->row;
    return ring_push(&w.delivered, &row->row);
}

static void write_trends(void)
{
    struct trends_row row = {.stay = 7, .count = VITALS};
    expect(trends_begin(w.trends, (ANCHOR_MS + w.now_us / 1000) / TRENDS_MINUTE_MS) == STATUS_OK, "no minute");
    for (unsigned v = 0; v < VITALS; v++) {
        row.entries[v] = (struct trends_entry){.vital = (uint8_t)vitals[v].vital,
                                               .count = 60,
                                               .min_milli = vitals[v].usual - (int32_t)draw(9) * 1000,
                                               .mean_milli = vitals[v].usual,
                                               .max_milli = vitals[v].usual + (int32_t)draw(9) * 1000};
    }
    for (unsigned b = 0; b < BEDS; b++) {
        row.bed = w.ids[b];
        expect(trends_put(w.trends, &row) == STATUS_OK, "no trends' row");
    }
    expect(trends_commit(w.trends) == STATUS_OK, "no commit of trends");
}

static void round_of_both(void)
{
    (void)commit_step(&w.commit, w.now_us);
    if (writer_step(&w.commit.writer)) {
        (void)commit_step(&w.commit, w.now_us);
    }
    expect(atomic_load(&w.commit.state.status) == STATUS_OK && atomic_load(&w.board.journal_dropped) == 0,
           "the store does not commit");
}

static void run(unsigned seconds)
{
    for (unsigned s = 0; s < seconds; s++) {
        w.now_us += US_PER_S;
        for (unsigned b = 0; b < BEDS; b++) {
            observe((uint16_t)b);
        }
        const unsigned second = (unsigned)(w.now_us / US_PER_S);
        if (second % ALERT_EVERY_S == 0) {
            alert();
        } else if (second % ALERT_EVERY_S == 1) {
            (void)!store_each_outbox(atomic_load(&w.commit.store), w.row_delivered, 1, deliver, NULL);
        }
        round_of_both();
        if (second % 60 == 30) {
            write_trends();
        }
    }
}

static uint64_t written_bytes(void)
{
    static const char key[] = "write_bytes: ";
    char line[128] = "";
    FILE *io = fopen("/proc/self/io", "re");
    expect(io != NULL, "no /proc/self/io");
    while (strncmp(line, key, sizeof key - 1) != 0) {
        expect(fgets(line, sizeof line, io) != NULL, "no write_bytes in /proc/self/io");
    }
    (void)fclose(io);
    return strtoull(line + sizeof key - 1, NULL, 10);
}

int main(void)
{
    const char *base = getenv("BENCH_DIR");
    (void)snprintf(w.path, sizeof w.path, "%s/wardgate-bench-wear-XXXXXX", base != NULL ? base : "/tmp");
    expect(mkdtemp(w.path) != NULL, "no folder");
    (void)atexit(clean_up);
    (void)snprintf(w.store_path, sizeof w.store_path, "%s/store", w.path);
    make_ward();
    make_parts();
    open_store();
    for (unsigned i = 0; i < TREND_MINUTES; i++) {
        w.now_us += INT64_C(60) * US_PER_S;
        write_trends();
    }
    run(WARM_S);
    const uint64_t before = written_bytes();
    run(HOUR_S);
    const double day_mb = (double)(written_bytes() - before) / 1e6 * DAY_S / HOUR_S;
    (void)printf("{\"figure\":\"disk_a_day\",\"case\":\"64 beds, 12 vitals at 1 Hz, 10 alarms a bed-day, trends\","
                 "\"value\":%.0f,\"unit\":\"MB\",\"limit\":%d,\"bound\":\"most\"}\n",
                 day_mb, LIMIT_MB);
    expect(day_mb > 0, "the disk keeps no count: set BENCH_DIR to a folder on one");
    trends_close(w.trends);
    return commit_stop(&w.commit) ? EXIT_SUCCESS : EXIT_FAILURE;
}
