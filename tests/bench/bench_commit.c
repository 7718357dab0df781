/*
 * bench_commit.c: how long one alert takes to be durable, against what the disk takes for as many bytes by itself.
 *
 * By turns, each after a pause, as alerts come: one alert through the gateway's own writer (rendered, with its alarm's state, its
 * bed's and the numbers, in one transaction of the store), and the same number of bytes written to a file that is there already,
 * and synced. Each alert is delivered afterwards, which is not timed, so that the store is as it is after a while: rows move
 * to history, pages are used again. LMDB by itself puts the same bytes under one key: what no program on it can go below.
 *
 * Prints one JSON object a line.
 */
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <lmdb.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "app/flow/commit.h"

enum { BEDS = 64, WARM = 400, TURNS = 200, PAUSE_MS = 4, FILE_BYTES = 4 << 20, MAP_BYTES = 16 << 20, SLOTS = 64 };

#define RATIO_MOST  2.5
#define STORE_BYTES ((uint64_t)64 << 20)

static char folder[] = "/tmp/wardgate-bench-commit-XXXXXX";

static void expect(int holds, const char *what)
{
    if (!holds) {
        perror(what);
        exit(EXIT_FAILURE);
    }
}

static const char *path_of(const char *name)
{
    static char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    (void)info;
    (void)kind;
    (void)where;
    return remove(path);
}

static void remove_folder(void)
{
    (void)nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static int64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void rest(void)
{
    const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
    (void)nanosleep(&pause, NULL);
}

/* ---- the gateway's part: commit, writer and store, without threads ---- */

static const struct channel_config channels[] = {{.vital = VITAL_spo2, .period_ms = 1000, .high_milli = 100000}};
static const struct rule rules[] = {{.name = "spo2_low",
                                     .text = "SpO2 below {limit} % for 15 s",
                                     .advice = "Check the probe, then airway and oxygen",
                                     .priority = PRIORITY_MEDIUM}};

struct rig {
    char ids[BEDS][8], epoch[STORE_EPOCH_MAX], path[128];
    struct bed_config beds[BEDS];
    struct engine_config engine;
    struct bed_numbers numbers;
    uint16_t bed_numbers[BEDS];
    struct payload_context payloads;
    struct timebase timebase;
    struct state_clock clock;
    struct board board;
    struct ring records, journal, delivered, direct, replies[ORIGIN_COUNT];
    struct wake wake;
    struct commit commit;
    uint64_t seq;
    uint32_t json_length; /* of the newest alert */
    int64_t now_us;       /* what commit is told */
};

static struct rig rig = {.timebase = {.anchor_ms = INT64_C(1700000000000)},
                         .clock = {.boot_id = "bench", .anchor_ms = INT64_C(1700000000000), .synced = 1}};

static void describe(struct rig *r)
{
    for (unsigned i = 0; i < BEDS; i++) {
        (void)snprintf(r->ids[i], sizeof r->ids[i], "b%02u", i + 1);
        r->beds[i] = (struct bed_config){.id = r->ids[i], .channels = channels, .channel_count = 1, .monitor_count = 1};
    }
    r->engine = (struct engine_config){.beds = r->beds, .rules = rules, .bed_count = BEDS, .rule_count = 1};
    r->payloads = (struct payload_context){.config = &r->engine,
                                           .topic_root = "wardgate",
                                           .site = "bench",
                                           .ward = "w1",
                                           .gateway = "gw-bench",
                                           .boot = "0badcafe",
                                           .epoch = r->epoch,
                                           .version = "bench"};
    (void)snprintf(r->path, sizeof r->path, "%s/store", folder);
}

static void build(struct rig *r, struct arena *arena)
{
    ring_init(&r->records, arena, SLOTS, sizeof(struct record));
    ring_init(&r->journal, arena, SLOTS, sizeof(struct observation));
    ring_init(&r->delivered, arena, SLOTS, sizeof(uint64_t));
    ring_init(&r->direct, arena, SLOTS, sizeof(struct direct_alert));
    for (unsigned i = 0; i < ORIGIN_COUNT; i++) {
        ring_init(&r->replies[i], arena, SLOTS, sizeof(struct reply));
    }
    const struct commit_config config = {.store = {.path = r->path, .size_bytes = STORE_BYTES},
                                         .engine = &r->engine,
                                         .beds = &r->numbers,
                                         .bed_numbers = r->bed_numbers,
                                         .payloads = &r->payloads,
                                         .timebase = &r->timebase,
                                         .board = &r->board,
                                         .records = &r->records,
                                         .journal = &r->journal,
                                         .delivered = &r->delivered,
                                         .direct = &r->direct,
                                         .deliver_wake = &r->wake,
                                         .replies = {&r->replies[0], &r->replies[1]},
                                         .reply_wakes = {&r->wake, &r->wake},
                                         .clock = &r->clock,
                                         .journal_interval_ms = 1000,
                                         .history_keep_ms = INT64_C(90) * 86400 * 1000};
    commit_init(&r->commit, arena, &config);
}

static void rig_make(struct rig *r)
{
    struct arena arena = {.base = NULL};
    struct store *store = NULL;
    describe(r);
    expect(bed_numbers_add(&r->numbers, &r->engine), "beds");
    bed_numbers_numbers(&r->numbers, &r->engine, r->bed_numbers);
    build(r, &arena);
    arena.size = (arena.used + 63) / 64 * 64;
    arena.used = 0;
    arena.base = aligned_alloc(64, arena.size);
    expect(arena.base != NULL, "memory");
    memset(arena.base, 0, arena.size);
    expect(wake_open(&r->wake) == STATUS_OK && commit_open(&r->commit) == STATUS_OK, "wakes");
    build(r, &arena);
    const struct store_config config = {.path = r->path, .size_bytes = STORE_BYTES};
    expect(store_open(&config, &store) == STATUS_OK, "store");
    (void)snprintf(r->epoch, sizeof r->epoch, "%s", store_epoch(store));
    commit_adopt_store(&r->commit, store, 0);
}

/* An alarm begins and ends by turns, at one bed after the other. */
static struct record next_record(struct rig *r)
{
    const uint16_t bed = (uint16_t)(r->seq / 2 % BEDS);
    const bool ends = r->seq % 2 == 1;
    const int64_t at_ms = timebase_engine_ms(&r->timebase, r->now_us);
    r->seq++;
    return (struct record){.kind = RECORD_ALERT,
                           .bed = bed,
                           .seq = r->seq,
                           .next_id = r->seq + 1,
                           .bed_state = {.stay = 7, .stay_start_ms = 1, .bed_seq = r->seq},
                           .alert = {.key = {.bed = bed, .family = ALARM_OF_RULE},
                                     .phase = ends ? PHASE_END : PHASE_START,
                                     .state = ends ? ALARM_ENDED : ALARM_ACTIVE,
                                     .priority = PRIORITY_MEDIUM,
                                     .vital = VITAL_spo2,
                                     .has_value = true,
                                     .has_limit = true,
                                     .value_milli = 84000,
                                     .limit_milli = 90000,
                                     .rev = ends ? 2 : 1,
                                     .id = (r->seq + 1) / 2,
                                     .seq = r->seq,
                                     .bed_seq = r->seq,
                                     .stay = 7,
                                     .at_ms = at_ms,
                                     .violated_at_ms = at_ms,
                                     .condition_at_ms = at_ms,
                                     .raised_at_ms = at_ms}};
}

/* What the writer's thread does, and how long it takes. */
static int64_t write_batch(struct rig *r)
{
    (void)commit_step(&r->commit, r->now_us);
    const int64_t from_ns = now_ns();
    expect(writer_step(&r->commit.writer), "a batch");
    const int64_t took_ns = now_ns() - from_ns;
    (void)commit_step(&r->commit, r->now_us);
    return took_ns;
}

static void deliver(struct rig *r, uint64_t row)
{
    expect(ring_push(&r->delivered, &row), "room for a row");
    (void)commit_step(&r->commit, r->now_us);
    r->now_us += COMMIT_DELIVERED_WAIT_US;
    (void)write_batch(r);
}

static bool note_length(void *context, const struct store_alert *alert)
{
    struct rig *r = context;
    r->json_length = alert->json_length;
    return true;
}

static int64_t commit_alert(struct rig *r)
{
    const struct record record = next_record(r);
    expect(ring_push(&r->records, &record), "room for a record");
    const int64_t took_ns = write_batch(r);
    const uint64_t row = atomic_load(&r->commit.committed_row);
    expect(store_each_outbox(atomic_load(&r->commit.store), row - 1, 1, note_length, r) == STATUS_OK, "the row");
    deliver(r, row);
    return took_ns;
}

/* ---- the disk's part: a file whose blocks are there and were written before ---- */

static int open_file(void)
{
    static char zeros[65536];
    const int fd = open(path_of("raw"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    expect(fd >= 0 && posix_fallocate(fd, 0, FILE_BYTES) == 0, "a file");
    for (off_t at = 0; at < FILE_BYTES; at += (off_t)sizeof zeros) {
        expect(pwrite(fd, zeros, sizeof zeros, at) == (ssize_t)sizeof zeros, "a file");
    }
    expect(fsync(fd) == 0, "a file");
    return fd;
}

static int64_t write_raw(int fd, size_t size)
{
    static char bytes[STORE_VALUE_MAX];
    static off_t at;
    at = at + (off_t)size <= FILE_BYTES ? at : 0;
    bytes[0]++;
    const int64_t from_ns = now_ns();
    expect(pwrite(fd, bytes, size, at) == (ssize_t)size && fdatasync(fd) == 0, "write and sync");
    const int64_t took_ns = now_ns() - from_ns;
    at += (off_t)size;
    return took_ns;
}

/* ---- LMDB by itself: one key that is written again ---- */

static MDB_env *open_lmdb(void)
{
    MDB_env *env = NULL;
    expect(mkdir(path_of("lmdb"), 0700) == 0, "a folder");
    expect(mdb_env_create(&env) == 0 && mdb_env_set_mapsize(env, MAP_BYTES) == 0, "LMDB");
    expect(mdb_env_open(env, path_of("lmdb"), 0, 0600) == 0, "LMDB");
    return env;
}

static int64_t write_lmdb(MDB_env *env, size_t size)
{
    static char bytes[STORE_VALUE_MAX], name[] = "k";
    MDB_val key = {.mv_size = 1, .mv_data = name}, value = {.mv_size = size, .mv_data = bytes};
    MDB_txn *txn = NULL;
    MDB_dbi dbi = 0;
    bytes[0]++;
    const int64_t from_ns = now_ns();
    expect(mdb_txn_begin(env, NULL, 0, &txn) == 0 && mdb_dbi_open(txn, NULL, 0, &dbi) == 0, "LMDB");
    expect(mdb_put(txn, dbi, &key, &value, 0) == 0 && mdb_txn_commit(txn) == 0, "LMDB");
    return now_ns() - from_ns;
}

/* ---- all of it ---- */

static int compare(const void *left, const void *right)
{
    const int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

static double p50_us(int64_t ns[TURNS])
{
    qsort(ns, TURNS, sizeof ns[0], compare);
    const int64_t middle_ns = ns[TURNS / 2];
    return (double)middle_ns / 1000;
}

static void report(const char *case_word, double ratio, const char *bound, double raw_us)
{
    printf("{\"figure\":\"commit_of_raw\",\"case\":\"%s\",\"value\":%.3f,\"unit\":\"times write and sync\",%s"
           "\"reference\":\"write and sync, p50\",\"reference_value\":%.1f,\"reference_unit\":\"us\"}\n",
           case_word, ratio, bound, raw_us);
}

int main(void)
{
    static int64_t ours[TURNS], raw[TURNS], lmdb[TURNS];
    cpu_set_t core;
    char bound[64];
    CPU_ZERO(&core);
    CPU_SET(sysconf(_SC_NPROCESSORS_ONLN) > 1 ? 1 : 0, &core);
    (void)sched_setaffinity(0, sizeof core, &core); /* one where there is no other */
    expect(mkdtemp(folder) != NULL, "a folder");
    (void)atexit(remove_folder);
    rig_make(&rig);
    const int fd = open_file();
    MDB_env *env = open_lmdb();
    for (unsigned i = 0; i < WARM; i++) { /* pages of the store that were never written cost more */
        (void)commit_alert(&rig);
        (void)write_lmdb(env, rig.json_length);
    }
    for (unsigned i = 0; i < TURNS; i++) {
        rest();
        ours[i] = commit_alert(&rig);
        rest();
        raw[i] = write_raw(fd, rig.json_length);
        rest();
        lmdb[i] = write_lmdb(env, rig.json_length);
    }
    const double raw_us = p50_us(raw);
    (void)snprintf(bound, sizeof bound, "\"limit\":%.1f,\"bound\":\"most\",", RATIO_MOST);
    report("one alert, with its alarm's and its bed's state", p50_us(ours) / raw_us, bound, raw_us);
    report("LMDB by itself, as many bytes under one key", p50_us(lmdb) / raw_us, "", raw_us);
    mdb_env_close(env);
    return EXIT_SUCCESS;
}
