/*
 * wardgate replay: recorded vitals through the same rules, in the engine that runs the ward. What it prints depends on the recording, the configuration and
 * nothing else.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/cli/command.h"
#include "app/cli/recording.h"
#include "app/flow/payload.h"
#include "app/plan.h"
#include "app/settings/value.h"

#define DAY_MS (24.0 * 60.0 * 60.0 * 1000.0)

struct options {
    const char *configuration, *bed, *map, *absent, *episodic, *period;
    uint32_t period_ms, episodic_vitals;
    int first_file;
};

struct replay {
    struct record_sink sink; /* first: the engine puts through it */
    struct options options;
    struct settings *settings;
    struct recording recording;
    struct plan plan;
    struct arena arena;
    struct engine *engine;
    struct payload_context payloads;
    int64_t *admitted_ms; /* one a bed */
    bool *admitted;
    uint64_t (*starts)[2]; /* one a rule: the alarm, its not_monitored */
    uint64_t builtin_starts[BUILTIN_COUNT];
    bool write_failed;
};

static uint16_t bed_by_id(void *context, const char *id)
{
    const struct settings *settings = context;
    for (uint16_t b = 0; b < settings->bed_count; b++) {
        if (strcmp(settings->beds[b].id, id) == 0) {
            return b;
        }
    }
    return BED_NONE;
}

static int parse_vitals(const char *list, uint32_t *out)
{
    for (const char *at = list; *at != '\0';) {
        const size_t length = strcspn(at, ",");
        const enum vital vital = vital_by_name(at, length);
        if (vital == VITAL_NONE) {
            return command_misused(&command_replay, "--episodic: '%.*s' is no vital", (int)length, at);
        }
        *out |= UINT32_C(1) << vital;
        at += length + (at[length] == ',' ? 1 : 0);
    }
    return COMMAND_OK;
}

/* "HR=hr" of --map. */
static bool is_mapping(const char *name, size_t name_length, const char *value)
{
    (void)name;
    return name_length > 0 && (strcmp(value, "time") == 0 || strcmp(value, "bed") == 0 ||
                               vital_by_name(value, strlen(value)) != VITAL_NONE);
}

/* "hr=0" of --absent. */
static bool is_absence(const char *name, size_t name_length, const char *value)
{
    int32_t milli = 0;
    return vital_by_name(name, name_length) != VITAL_NONE && recording_number(value, &milli);
}

static int check_pairs(const char *list, const char *option,
                       bool (*is_right)(const char *name, size_t name_length, const char *value))
{
    char pair[128];
    for (const char *at = list; *at != '\0';) {
        const size_t length = strcspn(at, ",");
        (void)snprintf(pair, sizeof pair, "%.*s", (int)length, at);
        const char *equals = strrchr(pair, '=');
        if (equals == NULL || !is_right(pair, (size_t)(equals - pair), equals + 1)) {
            return command_misused(&command_replay, "%s: '%s' is not understood", option, pair);
        }
        at += length + (at[length] == ',' ? 1 : 0);
    }
    return COMMAND_OK;
}

static int check_columns(const struct options *o)
{
    int32_t milli = 0;
    int result = o->map != NULL ? check_pairs(o->map, "--map", is_mapping) : COMMAND_OK;
    if (result == COMMAND_OK && o->absent != NULL && !recording_number(o->absent, &milli)) {
        result = check_pairs(o->absent, "--absent", is_absence);
    }
    return result;
}

static int finish_options(struct options *o, int argc, char **argv)
{
    if (o->first_file == argc) {
        return command_misused(&command_replay, "no recording is named");
    }
    for (int i = o->first_file; i < argc; i++) {
        if (argv[i][0] == '-' && argv[i][1] != '\0') {
            return command_misused(&command_replay, "'%s' stands behind a recording, options go before", argv[i]);
        }
    }
    int64_t period_ms = 0;
    if (o->period != NULL &&
        (value_read_duration(o->period, &period_ms) != VALUE_OK || period_ms <= 0 || period_ms > SERIES_SPAN_MS_MAX)) {
        return command_misused(&command_replay, "--period: '%s' is no duration such as 1s or 60s", o->period);
    }
    o->period_ms = (uint32_t)period_ms;
    const int result = check_columns(o);
    return result == COMMAND_OK && o->episodic != NULL ? parse_vitals(o->episodic, &o->episodic_vitals) : result;
}

static int parse_options(int argc, char **argv, struct options *o)
{
    const struct {
        const char *short_name, *long_name;
        const char **value;
    } known[] = {
        {"-c", "--config", &o->configuration}, {"-b", "--bed", &o->bed},       {NULL, "--map", &o->map},
        {NULL, "--absent", &o->absent},        {NULL, "--period", &o->period}, {NULL, "--episodic", &o->episodic}};
    o->configuration = COMMAND_DEFAULT_CONFIGURATION;
    int i = 1;
    for (; i < argc && argv[i][0] == '-' && argv[i][1] != '\0'; i++) {
        const char *value = NULL;
        for (size_t k = 0; k < sizeof known / sizeof known[0] && value == NULL; k++) {
            value = command_option(argc, argv, &i, known[k].short_name, known[k].long_name);
            *known[k].value = value != NULL ? value : *known[k].value;
        }
        if (value == NULL || *value == '\0') {
            return command_misused(&command_replay, value == NULL ? "'%s' is no option" : "'%s' needs a value",
                                   argv[i]);
        }
    }
    o->first_file = i;
    return finish_options(o, argc, argv);
}

static void count_start(struct replay *replay, const struct alert *alert)
{
    if (alert->phase != PHASE_START) {
        return;
    }
    if (alert->key.family == ALARM_BUILTIN) {
        replay->builtin_starts[alert->key.index]++;
    } else {
        replay->starts[alert->key.index][alert->key.family == ALARM_NOT_MONITORED ? 1 : 0]++;
    }
}

static void put_record(struct record_sink *sink, const struct record *record)
{
    struct replay *replay = (struct replay *)(void *)sink; /* its first member */
    char json[PAYLOAD_ALERT_MAX];
    if (record->kind != RECORD_ALERT) {
        return;
    }
    count_start(replay, &record->alert);
    const size_t length = payload_alert(&replay->payloads, &record->alert, 0, json, sizeof json);
    replay->write_failed |= printf("%.*s\n", (int)length, json) < 0;
}

static int read_recordings(struct replay *replay, int argc, char **argv)
{
    const struct options *o = &replay->options;
    struct recording_options options = {
        .map = o->map, .absent = o->absent, .bed_by_id = bed_by_id, .context = replay->settings};
    if (o->bed != NULL) {
        options.bed = bed_by_id(replay->settings, o->bed);
        if (options.bed == BED_NONE) {
            command_complain("bed '%s' is not in the configuration (%s), name one that is", o->bed, o->configuration);
            return COMMAND_USAGE;
        }
    }
    for (int i = o->first_file; i < argc; i++) {
        if (!recording_read(&replay->recording, argv[i], &options)) {
            return COMMAND_FAILED;
        }
    }
    return recording_sort(&replay->recording) ? COMMAND_OK : COMMAND_FAILED;
}

static int build(struct replay *replay)
{
    const struct plan_recording shape = {.vitals = replay->recording.vitals,
                                         .episodic = replay->options.episodic_vitals,
                                         .period_ms = replay->options.period_ms};
    if (plan_make_replay(replay->settings, &shape, &replay->plan) != STATUS_OK) {
        command_complain("out of memory while making the plan (%s)", replay->options.configuration);
        return COMMAND_FAILED;
    }
    (void)engine_make(&replay->arena, &replay->plan.engine);
    replay->arena = (struct arena){.size = (replay->arena.used + 63) / 64 * 64};
    replay->arena.base = aligned_alloc(64, replay->arena.size);
    replay->admitted_ms = calloc(replay->settings->bed_count, sizeof *replay->admitted_ms);
    replay->admitted = calloc(replay->settings->bed_count, sizeof *replay->admitted);
    replay->starts = calloc((size_t)replay->settings->rule_count + 1, sizeof *replay->starts);
    if (replay->arena.base == NULL || replay->admitted == NULL || replay->admitted_ms == NULL ||
        replay->starts == NULL) {
        command_complain("out of memory: the windows of the rules need %zu bytes", replay->arena.size);
        return COMMAND_FAILED;
    }
    memset(replay->arena.base, 0, replay->arena.size);
    replay->engine = engine_make(&replay->arena, &replay->plan.engine);
    engine_clock_synced(replay->engine, true);
    replay->payloads = (struct payload_context){.config = &replay->plan.engine,
                                                .topic_root = replay->settings->uplink.topic_root,
                                                .site = replay->settings->gateway.site,
                                                .ward = replay->settings->gateway.ward,
                                                .gateway = replay->settings->gateway.id,
                                                .boot = "replay",
                                                .epoch = "replay",
                                                .version = WARDGATE_VERSION};
    return COMMAND_OK;
}

static void step_until(struct replay *replay, int64_t until_ms)
{
    while (engine_next(replay->engine) <= until_ms) {
        engine_step(replay->engine, until_ms, &replay->sink);
    }
}

static void run_all(struct replay *replay)
{
    const struct recording *recording = &replay->recording;
    replay->sink.put = put_record;
    engine_begin(replay->engine, recording->count > 0 ? recording->observations[0].at_ms : 0);
    for (size_t i = 0; i < recording->count; i++) {
        const struct observation *o = &recording->observations[i];
        step_until(replay, o->at_ms - 1);
        if (!replay->admitted[o->bed]) {
            replay->admitted[o->bed] = true;
            replay->admitted_ms[o->bed] = o->at_ms;
            engine_admit(replay->engine, o->bed, o->at_ms);
        }
        (void)engine_observe(replay->engine, o);
    }
    step_until(replay, recording->last_ms);
}

static double bed_days(const struct replay *replay)
{
    double days = 0;
    for (unsigned b = 0; b < replay->settings->bed_count; b++) {
        if (replay->admitted[b]) {
            days += (double)(replay->recording.last_ms - replay->admitted_ms[b]) / DAY_MS;
        }
    }
    return days;
}

static void print_line(const char *name, const char *suffix, const char *priority, uint64_t starts, double days)
{
    char text[ALARM_NAME_MAX];
    (void)snprintf(text, sizeof text, "%s%s", name, suffix);
    (void)fprintf(stderr, "  %-34s %-7s %7llu", text, priority, (unsigned long long)starts);
    if (days > 0) {
        (void)fprintf(stderr, " %12.1f", (double)starts / days);
    }
    (void)fputc('\n', stderr);
}

static void print_alarms(const struct replay *replay, double days)
{
    (void)fprintf(stderr, "  %-34s %-7s %7s %12s\n", "alarm", "", "starts", "per bed-day");
    for (unsigned r = 0; r < replay->settings->rule_count; r++) {
        const struct rule *rule = &replay->settings->rules[r];
        const char *priority = priority_word(rule->priority);
        if (replay->starts[r][0] > 0) {
            print_line(rule->name, "", priority, replay->starts[r][0], days);
        }
        if (replay->starts[r][1] > 0) {
            print_line(rule->name, ".not_monitored", priority, replay->starts[r][1], days);
        }
    }
    for (unsigned i = 0; i < BUILTIN_COUNT; i++) {
        const struct builtin_alarm_info *info = builtin_alarm_info((enum builtin_alarm)i);
        if (replay->builtin_starts[i] > 0) {
            print_line(info->name, "", priority_word(info->priority), replay->builtin_starts[i], days);
        }
    }
}

static void print_active(void *context, const struct alert *alert)
{
    const struct replay *replay = context;
    char name[ALARM_NAME_MAX];
    alarm_name(&replay->plan.engine, alert, name);
    const char *bed = alert->key.bed == BED_NONE ? "gateway" : replay->settings->beds[alert->key.bed].id;
    (void)fprintf(stderr, "  still active: %s %s (%s)\n", bed, name, priority_word((enum priority)alert->priority));
}

static void print_short_spans(const struct replay *replay, const struct rule *rule)
{
    for (unsigned w = 0; w < rule->when.window_count; w++) {
        const struct window_spec *spec = &rule->when.windows[w];
        const bool recorded = (replay->recording.vitals >> spec->vital & 1U) != 0;
        if (recorded && spec->span_ms > 0 && spec->span_ms < replay->options.period_ms) {
            (void)fprintf(stderr,
                          "  rule %s is never known here: its span of %g s is shorter than the period of %g s\n",
                          rule->name, (double)spec->span_ms / 1000.0, (double)replay->options.period_ms / 1000.0);
            return;
        }
    }
}

static void print_summary(struct replay *replay)
{
    const double days = bed_days(replay);
    struct engine_counts counts;
    engine_count(replay->engine, &counts);
    (void)fprintf(stderr, "replayed %llu rows, %llu observations, %.2f bed-days\n",
                  (unsigned long long)replay->recording.rows,
                  (unsigned long long)(counts.observations - replay->recording.rows), days);
    if (replay->recording.late_rows > 0 || counts.replaced > 0) {
        (void)fprintf(stderr,
                      "  %llu rows came more than %d s late and were rejected; %llu values were replaced by another at "
                      "the same instant\n",
                      (unsigned long long)replay->recording.late_rows, RECORDING_REORDER_MS / 1000,
                      (unsigned long long)counts.replaced);
    }
    for (unsigned q = QUALITY_ABSENT; q < QUALITY_COUNT; q++) {
        if (counts.rejected[q] > 0) {
            (void)fprintf(stderr, "  %llu values not used: %s\n", (unsigned long long)counts.rejected[q],
                          quality_word((enum quality)q));
        }
    }
    for (unsigned r = 0; r < replay->settings->rule_count; r++) {
        print_short_spans(replay, &replay->settings->rules[r]);
    }
    print_alarms(replay, days);
    engine_each_alarm(replay->engine, print_active, replay);
}

static int replay_files(struct replay *replay, int argc, char **argv)
{
    int result = read_recordings(replay, argc, argv);
    if (result == COMMAND_OK) {
        result = build(replay);
    }
    if (result != COMMAND_OK) {
        return result;
    }
    run_all(replay);
    if (fflush(stdout) != 0 || replay->write_failed) {
        command_complain("cannot write the alerts to standard output, check the disk or the pipe");
        return COMMAND_FAILED;
    }
    print_summary(replay);
    return COMMAND_OK;
}

static int run(int argc, char **argv)
{
    struct replay replay = {.recording = {.observations = NULL}};
    const int usage = parse_options(argc, argv, &replay.options);
    if (usage != COMMAND_OK) {
        return usage;
    }
    replay.settings = command_settings(replay.options.configuration);
    if (replay.settings == NULL) {
        return COMMAND_USAGE;
    }
    const int result = replay_files(&replay, argc, argv);
    free(replay.starts);
    free(replay.admitted);
    free(replay.admitted_ms);
    free(replay.arena.base);
    recording_free(&replay.recording);
    if (replay.plan.beds != NULL) {
        plan_free(&replay.plan);
    }
    settings_free(replay.settings);
    return result;
}

const struct command command_replay = {
    .name = "replay",
    .arguments =
        "[-c FILE] [--bed ID] [--map NAME=VITAL,...] [--absent N] [--period TIME] [--episodic VITAL,...] FILE...",
    .summary = "recorded vitals through the same rules: alerts as JSON lines, a summary at the end",
    .details =
        "  -c FILE          the configuration with beds and rules\n"
        "  --bed ID         the bed of recordings without a bed column (the first one)\n"
        "  --map A=B,...    column A of the file is vital B, `time` or `bed`\n"
        "  --absent N       the number N means \"no value\"; --absent hr=0 for one vital\n"
        "  --period TIME    expected time between rows (else the profile's)\n"
        "  --episodic V,... vitals that are measured once, not all the time\n\n"
        "A recording is CSV: a header with a `time` column (RFC 3339, or seconds), perhaps `bed`, then a column\n"
        "a vital; an empty cell is no observation. Alerts go to standard output, the summary to standard error.\n\n"
        "  wardgate replay -c ward.yaml night.csv >alerts.jsonl\n"
        "  wardgate replay -c ward.yaml --map HR=hr,SpO2=spo2,t_s=time --absent 0 --period 60s old.csv\n",
    .run = run,
};
