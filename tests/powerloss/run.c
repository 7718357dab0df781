#include "tests/powerloss/run.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>

#include "app/flow/bed_numbers.h"
#include "app/flow/commit.h"
#include "hal/clock.h"
#include "tests/powerloss/chance.h"
#include "tests/powerloss/minutes.h"
#include "tests/powerloss/witness.h"

enum { RECORD_SLOTS = 4096, JOURNAL_SLOTS = 8192, DELIVERED_SLOTS = 1024, DIRECT_SLOTS = 64, GIVEN_MOST = 24 };
#define SECOND_US         1000000
#define JOURNAL_KEEP_MS   900000
#define WALL_STEP_MS_MOST 10000000

static struct channel_config channels[2];
static struct bed_config beds[RUN_BEDS];
static struct rule rules[2];
static struct engine_config config;

static struct {
    struct arena arena;
    struct engine *engine;
    struct bed_numbers numbers;
    uint16_t bed_numbers[RUN_BEDS];
    char epoch[STORE_EPOCH_MAX], path[STORE_PATH_MAX];
    struct payload_context payloads;
    struct timebase timebase;
    struct state_clock clock;
    struct clock_record clock_record;
    struct board board;
    struct ring records, journal, delivered, direct, replies[ORIGIN_COUNT];
    struct wake deliver_wake;
    struct commit commit;
    struct trend_keeper trends;
    uint64_t size_bytes;
    struct restore_counts restored;
    enum status restore_status;
    uint64_t given_row; /* the broker has all up to it */
    bool broker_is_up;
    int32_t rate[RUN_BEDS];
    int64_t from_ms; /* as run_from_ms tells */
    bool is_answered;
} run;

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl51-cpp): --wrap of the linker gives these names */
int64_t __wrap_clock_boot_us(void);
int64_t __wrap_clock_wall_ms(void);

int64_t __wrap_clock_boot_us(void)
{
    return witness->boot_us += 5;
}

int64_t __wrap_clock_wall_ms(void)
{
    return witness->wall_ms + witness->boot_us / 1000;
}

/* What it has to say of thousands of images, nobody reads. */
void __wrap_log_note(const char *format, ...);
void __wrap_log_warning(const char *format, ...);

void __wrap_log_note(const char *format, ...)
{
    (void)format;
}

void __wrap_log_warning(const char *format, ...)
{
    (void)format;
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl51-cpp) */

/* In place of the C library's (hal/clock.h): some boots never have a time source. */
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): glibc names it __ntx */
int adjtimex(struct timex *buf)
{
    memset(buf, 0, sizeof *buf);
    buf->status = witness->boot % 3 != 2 ? 0 : STA_UNSYNC;
    return TIME_OK;
}

/* ---- the ward ---- */

static void rule_make(struct rule *rule, const char *name, const char *when, int32_t limit, enum priority priority)
{
    static const struct parameter_names names = {.names = {"limit"}, .count = 1};
    struct expression_fault fault;
    *rule = (struct rule){
        .name = name, .text = "Heart rate beyond {limit}", .advice = "", .priority = priority, .parameter_count = 1};
    rule->unknown_after_ms = rule_unknown_after_ms(priority);
    rule->parameters[0].name = "limit";
    for (unsigned c = 0; c < CLASS_COUNT; c++) {
        rule->parameters[0].has[c] = true;
        rule->parameters[0].value_milli[c] = limit * 1000;
    }
    if (!expression_compile(when, &names, 700, &rule->when, &fault)) {
        abort();
    }
}

const struct engine_config *run_config(void)
{
    static const char *const ids[RUN_BEDS] = {"b1", "b2", "b3"};
    if (config.bed_count > 0) {
        return &config;
    }
    channels[0] = (struct channel_config){
        .vital = VITAL_hr, .period_ms = 1000, .stale_ms = 10000, .low_milli = 0, .high_milli = 300000};
    channels[1] = (struct channel_config){.vital = VITAL_nibp_sys,
                                          .episodic = true,
                                          .period_ms = 1000,
                                          .stale_ms = 75 * 60000,
                                          .low_milli = 0,
                                          .high_milli = 300000};
    rule_make(&rules[0], "hr_high", "hr > limit", 120, PRIORITY_MEDIUM);
    rule_make(&rules[1], "hr_low", "mean(hr, 5s) < limit", 60, PRIORITY_HIGH);
    for (unsigned b = 0; b < RUN_BEDS; b++) {
        beds[b] = (struct bed_config){
            .id = ids[b], .channels = channels, .channel_count = 2, .monitor_count = 1, .monitor_period_ms = {1000}};
    }
    config = (struct engine_config){
        .beds = beds, .rules = rules, .bed_count = RUN_BEDS, .rule_count = 2, .stay_after_ms = 5000};
    return &config;
}

/* ---- making ---- */

static void build(struct arena *arena)
{
    run.engine = engine_make(arena, run_config());
    ring_init(&run.records, arena, RECORD_SLOTS, sizeof(struct record));
    ring_init(&run.journal, arena, JOURNAL_SLOTS, sizeof(struct observation));
    ring_init(&run.delivered, arena, DELIVERED_SLOTS, sizeof(uint64_t));
    ring_init(&run.direct, arena, DIRECT_SLOTS, sizeof(struct direct_alert));
    for (unsigned i = 0; i < ORIGIN_COUNT; i++) {
        ring_init(&run.replies[i], arena, REPLY_SLOTS, sizeof(struct reply));
    }
    board_init(&run.board, arena, RUN_BEDS);
    const struct trend_keeper_config trends = {
        .trends = minutes_config(run.path), .engine = &config, .board = &run.board, .store = &run.commit.store};
    trend_keeper_init(&run.trends, arena, &trends);
    const struct commit_config commit = {.store = {.path = run.path, .size_bytes = run.size_bytes},
                                         .engine = &config,
                                         .beds = &run.numbers,
                                         .bed_numbers = run.bed_numbers,
                                         .payloads = &run.payloads,
                                         .timebase = &run.timebase,
                                         .board = &run.board,
                                         .records = &run.records,
                                         .journal = &run.journal,
                                         .delivered = &run.delivered,
                                         .direct = &run.direct,
                                         .deliver_wake = &run.deliver_wake,
                                         .replies = {&run.replies[ORIGIN_BROKER], &run.replies[ORIGIN_LOCAL]},
                                         .reply_wakes = {&run.deliver_wake, &run.deliver_wake},
                                         .clock = &run.clock,
                                         .clock_record = &run.clock_record,
                                         .trends = &run.trends,
                                         .journal_interval_ms = 5000};
    commit_init(&run.commit, arena, &commit);
}

/* The memory of the run before serves again. */
static void make_parts(void)
{
    static unsigned char *memory;
    static size_t memory_size;
    struct arena measure = {.base = NULL};
    build(&measure);
    if (memory == NULL) {
        memory_size = (measure.used + 63) / 64 * 64;
        memory = aligned_alloc(64, memory_size);
    }
    if (memory == NULL || memory_size < measure.used || wake_open(&run.deliver_wake) != STATUS_OK ||
        commit_open(&run.commit) != STATUS_OK) {
        abort();
    }
    memset(memory, 0, memory_size);
    run.arena = (struct arena){.base = memory, .size = memory_size};
    build(&run.arena);
}

static void restore(struct store *store)
{
    struct restore_clock now = {
        .boot_us = clock_boot_us(), .wall_ms = clock_wall_ms(), .synced = clock_is_synchronised()};
    (void)snprintf(now.boot_id, sizeof now.boot_id, "%036u", witness->boot);
    (void)snprintf(run.epoch, sizeof run.epoch, "%s", store_epoch(store));
    engine_seed(run.engine, strtoull(run.epoch, NULL, 16));
    engine_clock_synced(run.engine, now.synced);
    const bool continuous = restore_clock(store, &now, &run.clock);
    run.timebase.anchor_ms = run.clock.anchor_ms;
    restore_clock_record(store, &run.clock, &now, run.epoch, &run.clock_record);
    const int64_t now_ms = timebase_engine_ms(&run.timebase, now.boot_us);
    const int64_t kept_from_ms = now_ms - JOURNAL_KEEP_MS, unbroken_from_ms = run.clock.unbroken_from_ms;
    run.from_ms = !continuous ? INT64_MAX : kept_from_ms > unbroken_from_ms ? kept_from_ms : unbroken_from_ms;
    run.restore_status = restore_engine(store, &config, run.engine, now_ms, JOURNAL_KEEP_MS,
                                        continuous ? RESTORE_UNBROKEN : RESTORE_BROKEN, 0, &run.restored);
    bed_numbers_read(&run.numbers, store, STATE_BEDS);
    if (!bed_numbers_add(&run.numbers, &config)) {
        abort();
    }
    bed_numbers_numbers(&run.numbers, &config, run.bed_numbers);
    engine_begin(run.engine, now_ms > engine_now(run.engine) ? now_ms : engine_now(run.engine));
}

bool run_start(const char *path, uint64_t size_bytes, enum status *out_opened)
{
    struct store *store = NULL;
    const struct store_config wanted = {.path = run.path, .size_bytes = size_bytes};
    run.size_bytes = size_bytes;
    run.given_row = 0;
    run.broker_is_up = true;
    (void)snprintf(run.path, sizeof run.path, "%s", path);
    run.payloads = (struct payload_context){.config = run_config(),
                                            .topic_root = "wardgate",
                                            .site = "site",
                                            .ward = "ward",
                                            .gateway = "gw-1",
                                            .boot = "0badcafe",
                                            .epoch = run.epoch,
                                            .version = "test"};
    witness_opening();
    *out_opened = store_open(&wanted, &store);
    if (store == NULL) {
        return false;
    }
    witness_opened(store, &config);
    make_parts();
    restore(store);
    commit_adopt_store(&run.commit, store, clock_boot_us());
    trend_keeper_tend(&run.trends, clock_boot_us());
    for (unsigned b = 0; b < RUN_BEDS; b++) {
        run.rate[b] = 80;
    }
    return true;
}

struct store *run_store(void)
{
    return atomic_load(&run.commit.store);
}

struct trend_keeper *run_trends(void)
{
    return &run.trends;
}

const struct restore_counts *run_restored(void)
{
    return &run.restored;
}

enum status run_restore_status(void)
{
    return run.restore_status;
}

struct search {
    uint64_t id;
    bool found;
};

int64_t run_newest_ms(uint16_t bed)
{
    struct bed_view view;
    int64_t newest_ms = INT64_MIN;
    engine_view_bed(run.engine, bed, &view);
    for (unsigned i = 0; i < view.vital_count; i++) {
        const bool is_rate = view.vitals[i].vital == VITAL_hr && view.vitals[i].quality != QUALITY_NEVER;
        newest_ms = is_rate ? view.vitals[i].at_ms : newest_ms;
    }
    return newest_ms;
}

int64_t run_from_ms(void)
{
    return run.from_ms;
}

static void look_for(void *context, const struct alert *alert)
{
    struct search *search = context;
    search->found = search->found || alert->id == search->id;
}

bool run_has_alarm(uint64_t id)
{
    struct search search = {.id = id};
    engine_each_alarm(run.engine, look_for, &search);
    return search.found;
}

/* ---- a second ---- */

static void put_record(struct record_sink *sink, const struct record *record)
{
    (void)sink;
    witness_record(record, record->bed == BED_NONE ? INT64_MIN : run_newest_ms(record->bed));
    if (!ring_push(&run.records, record)) {
        abort();
    }
}

static int64_t engine_ms(void)
{
    return timebase_engine_ms(&run.timebase, witness->boot_us);
}

static void step_until(int64_t until_ms)
{
    struct record_sink sink = {.put = put_record};
    while (engine_is_amid(run.engine) || engine_next(run.engine) <= until_ms) {
        engine_step(run.engine, until_ms, &sink);
    }
}

static void observe(uint16_t bed, enum vital vital, enum observation_kind kind, int32_t value)
{
    struct observation o = {
        .at_ms = engine_ms(), .bed = bed, .vital = (uint8_t)vital, .kind = (uint8_t)kind, .value_milli = value * 1000};
    step_until(o.at_ms - 1);
    if (engine_observe(run.engine, &o)) {
        engine_journal(run.engine, &o);
        (void)ring_push(&run.journal, &o);
    }
}

/* Rates wander through both limits. */
static void observe_bed(uint16_t bed)
{
    run.rate[bed] += (int32_t)chance_draw(81) - 40;
    run.rate[bed] = run.rate[bed] < 30 ? 30 : run.rate[bed] > 180 ? 180 : run.rate[bed];
    observe(bed, VITAL_hr, OBSERVATION_HEARD, 0);
    observe(bed, VITAL_hr, OBSERVATION_VALUE, run.rate[bed]);
    if (chance_is(10)) {
        observe(bed, VITAL_nibp_sys, OBSERVATION_VALUE, 90 + (int32_t)chance_draw(60));
    }
}

static void command(enum command_kind kind, uint16_t bed)
{
    struct bed_view view;
    engine_view_bed(run.engine, bed, &view);
    struct bed_command c = {.kind = (uint8_t)kind,
                            .role = ROLE_local,
                            .bed = bed,
                            .to_bed = bed,
                            .rule = RULE_NONE,
                            .stay = view.stay,
                            .what = PAUSE_AUDIO,
                            .duration_ms = 20000,
                            .priority = PRIORITY_LOW,
                            .origin = origin_make(ORIGIN_LOCAL, witness->commands_sent),
                            .by = "n1"};
    if (view.alarm_count > 0) {
        c.alarm_id = view.alarms[0].id;
        c.rev = view.alarms[0].rev;
    }
    (void)snprintf(c.id, sizeof c.id, "c%u", witness->commands_sent++);
    step_until(engine_ms());
    witness->boot_us += 2000;
    step_until(engine_ms() - 1);
    engine_command(run.engine, engine_ms(), &c);
    step_until(engine_ms());
}

static void command_any(void)
{
    static const enum command_kind kinds[] = {COMMAND_admit, COMMAND_acknowledge, COMMAND_acknowledge,
                                              COMMAND_pause, COMMAND_resume,      COMMAND_away,
                                              COMMAND_back,  COMMAND_discharge,   COMMAND_test_alert};
    command(kinds[chance_draw(sizeof kinds / sizeof kinds[0])], (uint16_t)chance_draw(RUN_BEDS));
}

static bool give(void *context, const struct store_alert *alert)
{
    const uint64_t *committed = context;
    if (alert->row > *committed || !ring_push(&run.delivered, &alert->row)) {
        return false;
    }
    run.given_row = alert->row;
    if ((alert->flags & STORE_ALERT_FOLDED) == 0) {
        witness_asked(alert->seq);
    }
    return true;
}

/* What the outbox holds goes to the broker, which acknowledges it. */
static void deliver(void)
{
    uint64_t committed = atomic_load(&run.commit.committed_row);
    run.broker_is_up = chance_is(run.broker_is_up ? 90 : 30);
    if (run.broker_is_up && ring_room(&run.delivered) > GIVEN_MOST) {
        (void)!store_each_outbox(run_store(), run.given_row, GIVEN_MOST, give, &committed);
    }
}

static void answers_take(void)
{
    struct reply reply;
    for (unsigned i = 0; i < ORIGIN_COUNT; i++) {
        while (ring_pop(&run.replies[i], &reply, 1) == 1) {
            witness_answered(reply.command.id);
            run.is_answered = true;
        }
    }
}

/* What writer_step leaves behind may be that trends are to be written, as nothing else waits. */
static void commit_round(void)
{
    (void)commit_step(&run.commit, clock_boot_us());
    for (unsigned i = 0; i < 2 && writer_step(&run.commit.writer); i++) {
        (void)commit_step(&run.commit, clock_boot_us());
    }
    answers_take();
}

static void show_beds(void)
{
    for (uint16_t b = 0; b < RUN_BEDS; b++) {
        struct bed_view view;
        engine_view_bed(run.engine, b, &view);
        (void)board_put(&run.board, &view);
    }
}

/* The store thread is now and then behind: then a group is larger. */
void run_second(void)
{
    witness->boot_us += SECOND_US;
    if (chance_is(2)) { /* somebody sets the wall clock */
        witness->wall_ms += (int64_t)chance_draw(2 * WALL_STEP_MS_MOST) - WALL_STEP_MS_MOST;
    }
    for (uint16_t b = 0; b < RUN_BEDS; b++) {
        observe_bed(b);
    }
    if (chance_is(40)) {
        command_any();
    }
    step_until(engine_ms());
    show_beds();
    deliver();
    trend_keeper_tend(&run.trends, clock_boot_us());
    if (chance_is(75)) {
        commit_round();
    }
    if (chance_is(75)) {
        minutes_flood(&run.trends);
    }
}

void run_flood(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct observation o = {
            .at_ms = engine_ms(), .vital = VITAL_hr, .value_milli = (int32_t)chance_draw(200000)};
        (void)ring_push(&run.journal, &o);
    }
}

bool run_test_alert(void)
{
    run.is_answered = false;
    witness->boot_us += SECOND_US / 4;
    step_until(engine_ms());
    command(COMMAND_test_alert, 0);
    for (unsigned i = 0; i < 5 && !run.is_answered; i++) {
        witness->boot_us += SECOND_US / 10;
        commit_round();
    }
    return run.is_answered;
}

void run_kill(void)
{
    trend_keeper_close(&run.trends);
    store_close(atomic_exchange(&run.commit.store, NULL));
    commit_fini(&run.commit);
    wake_close(&run.deliver_wake);
}

void run_stop(void)
{
    for (unsigned i = 0; i < 4; i++) {
        witness->boot_us += SECOND_US;
        commit_round();
    }
    run_kill();
}
