/*
 * The gateway of one situation: settings from files, as `wardgate run` reads them, the engine they make, and at a
 * restart the real commit, store and restore. Only threads, lines and the broker are left out: time is the situation's.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/flow/commit.h"
#include "app/flow/conditions.h"
#include "app/flow/restore.h"
#include "app/gateway_internal.h"
#include "app/plan.h"
#include "app/settings/settings.h"
#include "tests/scenario/scene.h"

#define RULES         "config/rules/"
#define MODELS        "config/models/"
#define RECORD_SLOTS  2048U
#define JOURNAL_SLOTS 8192U
#define SLICE_MS      10000 /* of the journal, a row */
#define AFTER_BOOT_MS 30000 /* the gateway starts so long after its box */
#define LOOK_MS       500

struct list {
    void *items;
    size_t size;
    unsigned count, room;
};

struct scene_gateway {
    struct record_sink sink; /* first */
    char folder[256], store_path[300];
    struct scene *scene;
    struct settings *settings;
    struct plan plan;
    struct engine *engine;
    void *memory;
    struct list alerts, records, journal; /* scene_alert, record, observation */
    struct timebase timebase;
    struct state_clock clock;
    unsigned boots;
    bool line_fails;
    struct lines lines; /* the one that there is */
    struct line_kept line;
    struct line_look look;
    int64_t look_ms; /* when it is looked at next, as conditions.c does */
    enum command_verdict verdict;
    /* while it is saved */
    struct store_config store;
    struct payload_context payloads;
    struct bed_numbers beds;
    uint16_t bed_numbers[SCENE_BEDS_MAX];
    char epoch[STORE_EPOCH_MAX];
    struct ring record_ring, journal_ring, delivered, direct, replies[ORIGIN_COUNT];
    struct board board;
    struct wake wake;
    struct commit commit;
};

static void *add(struct list *list)
{
    if (list->count == list->room) {
        list->room = list->room * 2 + 256;
        list->items = realloc(list->items, list->room * list->size);
        if (list->items == NULL) {
            abort();
        }
    }
    return (unsigned char *)list->items + (size_t)list->count++ * list->size;
}

/* --- configuration ------------------------------------------------------------------------------------------- */

static FILE *create(const struct scene_gateway *g, const char *name)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", g->folder, name);
    return fopen(path, "we");
}

/* A monitor that gives what the situation says, each number in its canonical unit. */
static bool write_profile(const struct scene_gateway *g)
{
    const struct scene_given *given = &g->scene->given;
    FILE *file = create(g, "profiles/scene.yaml");
    unsigned at = 0;
    if (file == NULL) {
        return false;
    }
    (void)fprintf(file, "profile: scene\ntitle: The monitor of a scenario\npoll_interval: 1s\nchannels:\n");
    for (unsigned v = 0; v < VITAL_COUNT; v++) {
        const struct vital_info *info = vital_info((enum vital)v);
        if ((given->vitals >> v & 1U) != 0) {
            (void)fprintf(file, "  %s: {register: %u, type: f32, unit: \"%s\", poll_interval: %ums%s}\n", info->name,
                          at, info->unit, given->period_ms[v],
                          (given->episodic >> v & 1U) != 0 ? ", episodic: true" : "");
            at += 2;
        }
    }
    return fclose(file) == 0;
}

static bool write_rules(const struct scene_gateway *g)
{
    FILE *file = create(g, "rules.yaml");
    if (file == NULL) {
        return false;
    }
    (void)fprintf(file, "rules:\n%s", g->scene->given.rules);
    return fclose(file) == 0;
}

/* The files of rules: the standard, a shipped one more, the situation's own. */
static bool list_rules(const struct scene_gateway *g, FILE *file)
{
    const struct scene_given *given = &g->scene->given;
    char name[SCENE_TEXT_MAX + sizeof RULES], path[PATH_MAX];
    (void)fprintf(file, "rules: [%s", realpath(RULES "standard.yaml", path) != NULL ? path : "");
    if (given->rule_file[0] != '\0') {
        (void)snprintf(name, sizeof name, RULES "%s", given->rule_file);
        (void)fprintf(file, ", %s", realpath(name, path) != NULL ? path : name);
    }
    (void)fprintf(file, "%s]\n", given->rules[0] != '\0' ? ", rules.yaml" : "");
    return given->rules[0] == '\0' || write_rules(g);
}

static void list_model(const struct scene_gateway *g, FILE *file)
{
    char name[SCENE_TEXT_MAX + sizeof MODELS], path[PATH_MAX];
    (void)snprintf(name, sizeof name, MODELS "%s", g->scene->given.model_file);
    if (g->scene->given.model_file[0] != '\0') {
        (void)fprintf(file, "models: [%s]\n", realpath(name, path) != NULL ? path : name);
    }
}

static bool write_configuration(const struct scene_gateway *g)
{
    const struct scene_given *given = &g->scene->given;
    FILE *file = create(g, "wardgate.yaml");
    if (file == NULL) {
        return false;
    }
    (void)fprintf(file,
                  "gateway: {id: gw-1, site: s, ward: w}\nuplink: {brokers: [\"mqtt://127.0.0.1:1883\"]}\n"
                  "store: {path: %s, size: 4MiB}\n%s",
                  g->store_path, given->config);
    list_model(g, file);
    const bool listed = list_rules(g, file);
    (void)fprintf(file, "beds:\n");
    for (unsigned b = 1; b <= (given->beds > 0 ? given->beds : 1); b++) {
        (void)fprintf(file,
                      "  b%u:\n    bus: \"modbus-tcp://127.0.0.1:502\"\n    address: %u\n    profile: scene\n"
                      "    class: %s\n%s",
                      b, b, patient_class_name(given->patient_class), given->bed);
    }
    return fclose(file) == 0 && listed;
}

static bool load(struct scene_gateway *g)
{
    static struct settings_report report;
    char path[512];
    (void)snprintf(path, sizeof path, "%s/profiles", g->folder);
    (void)mkdir(path, 0700);
    (void)snprintf(path, sizeof path, "%s/wardgate.yaml", g->folder);
    memset(&report, 0, sizeof report);
    if (!write_profile(g) || !write_configuration(g)) {
        scene_fail(g->scene, g->scene->line, "the configuration cannot be written (%s)", g->folder);
        return false;
    }
    if (!settings_load(path, NULL, &g->settings, &report)) {
        scene_fail(g->scene, g->scene->line, "what is given is no configuration: %s: %s", report.faults[0].key,
                   report.faults[0].message);
        return false;
    }
    return plan_make(g->settings, &g->plan) == STATUS_OK;
}

/* --- records ------------------------------------------------------------------------------------------------- */

/* By name; of rules it is their not_monitored that cannot be told. */
static void list_stands_for(const struct scene_gateway *g, const struct alert *a, char text[SCENE_TEXT_MAX])
{
    const struct engine_config *config = &g->plan.engine;
    const unsigned count = a->key.bed == BED_NONE ? config->bed_count : config->rule_count;
    text[0] = '\0';
    for (unsigned i = 0; i < count; i++) {
        const char *name = a->key.bed == BED_NONE ? config->beds[i].id : config->rules[i].name;
        const size_t length = strlen(text);
        if (alert_stands_for(a, i)) {
            (void)snprintf(text + length, SCENE_TEXT_MAX - length, "%s%s", length > 0 ? " " : "", name);
        }
    }
}

static void note_alert(struct scene_gateway *g, const struct alert *a)
{
    struct scene_alert *seen = add(&g->alerts);
    *seen = (struct scene_alert){.at_ms = a->at_ms - SCENE_BASE_MS,
                                 .violated_ms = a->violated_at_ms - SCENE_BASE_MS,
                                 .condition_ms = a->condition_at_ms - SCENE_BASE_MS,
                                 .bed = a->key.bed,
                                 .inactivation = a->inactivation,
                                 .phase = a->phase,
                                 .priority = a->priority,
                                 .reason = a->reason,
                                 .state = a->state,
                                 .value_milli = a->value_milli,
                                 .limit_milli = a->limit_milli,
                                 .id = a->id,
                                 .rev = a->rev};
    seen->says =
        SAYS_PRIORITY | SAYS_VIOLATED | SAYS_CONDITION | SAYS_REASON | SAYS_STATE | SAYS_ABOUT | SAYS_INACTIVATION;
    list_stands_for(g, a, seen->stands_for);
    seen->says |= seen->stands_for[0] != '\0' || a->key.family == ALARM_BUILTIN ? SAYS_STANDS : 0U;
    seen->says |= (a->has_value ? SAYS_VALUE : 0U) | (a->has_limit ? SAYS_LIMIT : 0U);
    alarm_name(&g->plan.engine, a, seen->name);
    if (alert_is_folded(a)) {
        seen->says |= SAYS_PART;
        (void)snprintf(seen->part_of, sizeof seen->part_of, "%s",
                       builtin_alarm_info((enum builtin_alarm)a->part_of_index)->name);
    }
    (void)snprintf(seen->about, sizeof seen->about, "%s", a->detail);
}

static void put_record(struct record_sink *sink, const struct record *record)
{
    struct scene_gateway *g = (struct scene_gateway *)(void *)sink; /* its first member */
    *(struct record *)add(&g->records) = *record;
    if (record->kind == RECORD_ALERT || record->kind == RECORD_FOLDED) {
        note_alert(g, &record->alert);
    } else if (record->kind == RECORD_COMMAND) {
        g->verdict = (enum command_verdict)record->command.verdict;
    }
}

/* --- engine -------------------------------------------------------------------------------------------------- */

static void make_engine(struct scene_gateway *g)
{
    struct arena arena = {.base = NULL};
    free(g->memory);
    (void)engine_make(&arena, &g->plan.engine);
    arena.size = (arena.used + 63) / 64 * 64;
    arena.used = 0;
    arena.base = aligned_alloc(64, arena.size);
    if (arena.base == NULL) {
        abort();
    }
    memset(arena.base, 0, arena.size);
    g->memory = arena.base;
    g->engine = engine_make(&arena, &g->plan.engine);
    engine_seed(g->engine, 1);
    engine_clock_synced(g->engine, g->clock.synced != 0);
}

static void begin_lines(struct scene_gateway *g, int64_t at_ms)
{
    g->line = (struct line_kept){.open_us = at_ms * 1000};
    g->lines = (struct lines){.kept = &g->line, .looks = &g->look, .count = 1};
    g->look_ms = at_ms;
}

struct scene_gateway *scene_gateway_open(const char *folder, struct scene *scene)
{
    struct scene_gateway *g = calloc(1, sizeof *g);
    if (g == NULL) {
        abort();
    }
    *g =
        (struct scene_gateway){.sink = {.put = put_record},
                               .scene = scene,
                               .alerts = {.size = sizeof(struct scene_alert)},
                               .records = {.size = sizeof(struct record)},
                               .journal = {.size = sizeof(struct observation)},
                               .timebase = {.anchor_ms = SCENE_BASE_MS - SCENE_BOOT_MS},
                               .clock = {.boot_id = "boot 0", .anchor_ms = SCENE_BASE_MS - SCENE_BOOT_MS, .synced = 1}};
    (void)snprintf(g->folder, sizeof g->folder, "%s", folder);
    (void)snprintf(g->store_path, sizeof g->store_path, "%s/store-%s-%u", folder, strrchr(scene->file, '/') + 1,
                   scene->line);
    if (!load(g)) {
        scene_gateway_close(g);
        return NULL;
    }
    make_engine(g);
    engine_begin(g->engine, SCENE_BASE_MS);
    begin_lines(g, SCENE_BASE_MS);
    return g;
}

void scene_gateway_close(struct scene_gateway *g)
{
    if (g == NULL) {
        return;
    }
    plan_free(&g->plan);
    settings_free(g->settings);
    free(g->memory);
    free(g->alerts.items);
    free(g->records.items);
    free(g->journal.items);
    free(g);
}

static void step_until(struct scene_gateway *g, int64_t until_ms)
{
    while (engine_next(g->engine) <= until_ms || engine_is_amid(g->engine)) {
        engine_step(g->engine, until_ms, &g->sink);
    }
}

/* As conditions.c does it. */
static void look_at_line(struct scene_gateway *g, int64_t at_ms)
{
    step_until(g, at_ms);
    g->look = (struct line_look){.open = !g->line_fails};
    engine_hear_lines(g->engine, at_ms, 0, 1, &g->look.silence);
    lines_judge(&g->lines, at_ms * 1000);
    engine_line(g->engine, at_ms, 0, g->line.state);
    const char *detail = g->line.state != LINE_DOWN                  ? ""
                         : line_fault_text(g->line.fault)[0] != '\0' ? "line (nobody answers)"
                                                                     : "line";
    engine_condition(g->engine, at_ms, BUILTIN_bus_down, g->line.state == LINE_DOWN, PRIORITY_NONE, detail);
}

void scene_gateway_until(struct scene_gateway *g, int64_t at_ms)
{
    const int64_t until_ms = SCENE_BASE_MS + at_ms;
    for (; g->look_ms <= until_ms; g->look_ms += LOOK_MS) {
        look_at_line(g, g->look_ms);
    }
    step_until(g, until_ms);
}

void scene_gateway_line(struct scene_gateway *g, int64_t at_ms, bool works)
{
    scene_gateway_until(g, at_ms);
    g->line_fails = !works;
    look_at_line(g, SCENE_BASE_MS + at_ms);
    step_until(g, SCENE_BASE_MS + at_ms);
}

void scene_gateway_observe(struct scene_gateway *g, const struct observation *value)
{
    struct observation o = *value;
    o.at_ms += SCENE_BASE_MS;
    if (engine_observe(g->engine, &o)) {
        struct observation *kept = add(&g->journal);
        *kept = o;
        engine_journal(g->engine, kept);
    }
}

/* In the name of the patient who is there. */
enum command_verdict scene_gateway_command(struct scene_gateway *g, int64_t at_ms, struct bed_command *command)
{
    struct bed_view view;
    engine_view_bed(g->engine, command->bed, &view);
    command->stay = view.stay;
    engine_command(g->engine, SCENE_BASE_MS + at_ms, command);
    scene_gateway_until(g, at_ms);
    return g->verdict;
}

void scene_gateway_view(const struct scene_gateway *g, uint16_t bed, struct bed_view *out)
{
    engine_view_bed(g->engine, bed, out);
}

const struct settings *scene_gateway_settings(const struct scene_gateway *g)
{
    return g->settings;
}

const struct engine_config *scene_gateway_config(const struct scene_gateway *g)
{
    return &g->plan.engine;
}

const struct scene_alert *scene_gateway_alerts(const struct scene_gateway *g, unsigned *out_count)
{
    *out_count = g->alerts.count;
    return g->alerts.items;
}

/* --- restart ------------------------------------------------------------------------------------------------- */

static void build_commit(struct scene_gateway *g, struct arena *arena)
{
    ring_init(&g->record_ring, arena, RECORD_SLOTS, sizeof(struct record));
    ring_init(&g->journal_ring, arena, JOURNAL_SLOTS, sizeof(struct observation));
    ring_init(&g->delivered, arena, 64, sizeof(uint64_t));
    ring_init(&g->direct, arena, 64, sizeof(struct direct_alert));
    for (unsigned i = 0; i < ORIGIN_COUNT; i++) {
        ring_init(&g->replies[i], arena, 64, sizeof(struct reply));
    }
    const struct commit_config config = {.store = g->store,
                                         .engine = &g->plan.engine,
                                         .beds = &g->beds,
                                         .bed_numbers = g->bed_numbers,
                                         .payloads = &g->payloads,
                                         .timebase = &g->timebase,
                                         .board = &g->board,
                                         .records = &g->record_ring,
                                         .journal = &g->journal_ring,
                                         .delivered = &g->delivered,
                                         .direct = &g->direct,
                                         .deliver_wake = &g->wake,
                                         .replies = {&g->replies[ORIGIN_BROKER], &g->replies[ORIGIN_LOCAL]},
                                         .reply_wakes = {&g->wake, &g->wake},
                                         .clock = &g->clock,
                                         .journal_interval_ms = 1000};
    commit_init(&g->commit, arena, &config);
}

/* What both of commit's threads do. */
static void commit_round(struct scene_gateway *g, int64_t at_ms)
{
    const int64_t boot_us = timebase_boot_us(&g->timebase, at_ms);
    (void)commit_step(&g->commit, boot_us);
    if (writer_step(&g->commit.writer)) {
        (void)commit_step(&g->commit, boot_us);
    }
}

static void commit_records(struct scene_gateway *g, int64_t at_ms)
{
    const struct record *records = g->records.items;
    for (unsigned i = 0; i < g->records.count; i++) {
        while (!ring_push(&g->record_ring, &records[i])) {
            commit_round(g, at_ms);
        }
    }
    while (ring_count(&g->record_ring) > 0 || g->commit.pending_count > 0) {
        commit_round(g, at_ms);
    }
    g->records.count = 0;
}

static void commit_journal_rows(struct scene_gateway *g, int64_t at_ms)
{
    const struct observation *kept = g->journal.items;
    int64_t row_ms = INT64_MIN;
    for (unsigned i = 0; i < g->journal.count; i++) {
        if (kept[i].at_ms < at_ms - (int64_t)generation_journal_keep_ms(&g->plan)) {
            continue;
        }
        if (row_ms != INT64_MIN && kept[i].at_ms - row_ms >= SLICE_MS) {
            commit_round(g, kept[i - 1].at_ms);
            row_ms = INT64_MIN;
        }
        row_ms = row_ms != INT64_MIN ? row_ms : kept[i].at_ms;
        while (!ring_push(&g->journal_ring, &kept[i])) {
            commit_round(g, kept[i].at_ms);
        }
    }
    g->journal.count = 0;
}

/* All that came up to now is in the store when the gateway dies. */
static enum status save(struct scene_gateway *g, int64_t at_ms)
{
    struct arena arena = {.base = NULL};
    struct store *store = NULL;
    g->store = (struct store_config){.path = g->store_path, .size_bytes = STORE_SIZE_LEAST};
    enum status status = store_open(&g->store, &store);
    if (status != STATUS_OK) {
        return status;
    }
    (void)snprintf(g->epoch, sizeof g->epoch, "%s", store_epoch(store));
    g->payloads = (struct payload_context){.config = &g->plan.engine,
                                           .topic_root = "wardgate",
                                           .site = "s",
                                           .ward = "w",
                                           .gateway = "gw-1",
                                           .boot = "00000000",
                                           .epoch = g->epoch,
                                           .version = "scenario"};
    (void)bed_numbers_add(&g->beds, &g->plan.engine);
    bed_numbers_numbers(&g->beds, &g->plan.engine, g->bed_numbers);
    build_commit(g, &arena);
    arena = (struct arena){.size = (arena.used + 63) / 64 * 64};
    arena.base = aligned_alloc(64, arena.size);
    if (arena.base == NULL || commit_open(&g->commit) != STATUS_OK || wake_open(&g->wake) != STATUS_OK) {
        abort();
    }
    memset(arena.base, 0, arena.size);
    build_commit(g, &arena);
    commit_adopt_store(&g->commit, store, timebase_boot_us(&g->timebase, SCENE_BASE_MS));
    commit_journal_rows(g, at_ms);
    commit_records(g, at_ms);
    const bool stopped = commit_stop(&g->commit);
    wake_close(&g->wake);
    free(arena.base);
    return stopped ? STATUS_OK : STATUS_TIMEOUT;
}

static enum status go_on(struct scene_gateway *g, int64_t at_ms, const struct scene_restart *restart)
{
    struct store *store = NULL;
    struct restore_counts counts;
    struct restore_clock now = {.wall_ms = at_ms, .synced = !restart->clock_lost};
    g->boots += restart->boots ? 1 : 0;
    now.boot_us = restart->boots ? AFTER_BOOT_MS * 1000LL : timebase_boot_us(&g->timebase, at_ms);
    (void)snprintf(now.boot_id, sizeof now.boot_id, "boot %u", g->boots);
    enum status status = store_open(&g->store, &store);
    if (status != STATUS_OK) {
        return status;
    }
    const bool continuous = restore_clock(store, &now, &g->clock);
    g->timebase.anchor_ms = g->clock.anchor_ms;
    make_engine(g);
    status = restore_engine(store, &g->plan.engine, g->engine, at_ms, generation_journal_keep_ms(&g->plan),
                            continuous ? RESTORE_UNBROKEN : RESTORE_BROKEN, 0, &counts);
    store_close(store);
    engine_begin(g->engine, at_ms);
    begin_lines(g, at_ms);
    return status;
}

bool scene_gateway_restart(struct scene_gateway *g, int64_t at_ms, const struct scene_restart *restart)
{
    const int64_t died_ms = SCENE_BASE_MS + at_ms;
    enum status status = save(g, died_ms);
    if (status == STATUS_OK) {
        status = go_on(g, died_ms + restart->away_ms, restart);
    }
    return status == STATUS_OK;
}
