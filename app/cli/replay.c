/*
 * wardgate replay: recorded vitals through the same rules, in the engine that runs the ward. What it prints depends on the recording, the configuration and
 * nothing else.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/cli/command.h"
#include "app/cli/recording.h"
#include "app/cli/replay_grid.h"
#include "app/cli/replay_lines.h"
#include "app/cli/replay_options.h"
#include "app/cli/replay_run.h"
#include "app/cli/replay_summary.h"
#include "app/cli/what_if.h"
#include "app/plan.h"

struct replay {
    struct replay_options options;
    struct settings *settings;
    const char **bed_ids;
    const char *const *files;
    size_t file_count;
    struct recording_options recording_options;
    struct recording recording;
    struct plan plan;
    struct replay_run run;
    struct replay_lines lines;
    struct replay_source source;
    struct what_if what_if;
};

static int open_recording(struct replay *replay, struct recording_options *out)
{
    const struct replay_options *o = &replay->options;
    replay->bed_ids = calloc(replay->settings->bed_count, sizeof *replay->bed_ids);
    if (replay->bed_ids == NULL) {
        command_complain("out of memory while opening the recording (%s), free some and try again", replay->files[0]);
        return COMMAND_FAILED;
    }
    *out = (struct recording_options){
        .map = o->map, .absent = o->absent, .bed_ids = replay->bed_ids, .bed_count = replay->settings->bed_count};
    bool found = o->bed == NULL;
    for (uint16_t b = 0; b < replay->settings->bed_count; b++) {
        replay->bed_ids[b] = replay->settings->beds[b].id;
        if (o->bed != NULL && strcmp(o->bed, replay->bed_ids[b]) == 0) {
            out->bed = b;
            found = true;
        }
    }
    if (!found) {
        command_complain("bed '%s' is not in the configuration (%s), name one that is", o->bed, o->configuration);
        return COMMAND_USAGE;
    }
    return recording_open(&replay->recording, replay->files, replay->file_count, out) ? COMMAND_OK : COMMAND_FAILED;
}

static struct payload_context name_everything(const struct settings *settings)
{
    return (struct payload_context){.topic_root = settings->uplink.topic_root,
                                    .site = settings->gateway.site,
                                    .ward = settings->gateway.ward,
                                    .gateway = settings->gateway.id,
                                    .boot = "replay",
                                    .epoch = "replay",
                                    .version = WARDGATE_VERSION};
}

static bool flush_alerts(const struct replay *replay)
{
    if (fflush(stdout) == 0 && !replay->run.write_failed) {
        return true;
    }
    command_complain("cannot write the %s to standard output, check the disk or the pipe",
                     replay->options.what_if_count > 0 ? "table" : "alerts");
    return false;
}

/* --- what a recording goes through ---------------------------------------------------------------------------- */

/* The whole recording, from its beginning, through each of the runs. False after a fault, already told. */
typedef bool replay_feed(void *context, struct replay_run *runs, unsigned count, struct replay_run *reference);

static replay_feed feed_lines;

static int tell_alerts(struct replay *replay, replay_feed *feed)
{
    const struct payload_context payloads = name_everything(replay->settings);
    if (!replay_run_make(&replay->run, &replay->plan.engine, &payloads, stdout)) {
        return COMMAND_FAILED;
    }
    const bool whole = feed(replay, &replay->run, 1, NULL);
    if (!flush_alerts(replay) || !whole) {
        return COMMAND_FAILED;
    }
    (replay->options.json ? replay_summary_json : replay_summary_text)(stderr, &replay->run, &replay->source);
    return COMMAND_OK;
}

static bool write_csv(const struct replay *replay)
{
    const char *name = replay->options.csv;
    FILE *stream = fopen(name, "we");
    bool written = stream != NULL;
    if (stream != NULL) {
        what_if_print_csv(&replay->what_if, replay->settings->rules, stream);
        written = ferror(stream) == 0;
        written = fclose(stream) == 0 && written;
    }
    if (!written) {
        command_complain("cannot write the table (%s: %s), check the disk", name, strerror(errno));
    }
    return written;
}

static int tell_grid(struct replay *replay, replay_feed *feed)
{
    const struct settings *settings = replay->settings;
    const struct payload_context payloads = name_everything(settings);
    const struct replay_grid grid = {.what_if = &replay->what_if,
                                     .base = &replay->plan.engine,
                                     .payloads = &payloads,
                                     .has_commands = feed == feed_lines,
                                     .feed = feed,
                                     .context = replay};
    if (!replay_grid_run(&grid)) {
        return COMMAND_FAILED;
    }
    what_if_print(&replay->what_if, settings->rules, stdout);
    const bool kept = replay->options.csv == NULL || write_csv(replay);
    return flush_alerts(replay) && kept ? COMMAND_OK : COMMAND_FAILED;
}

static int tell(struct replay *replay, enum status planned, replay_feed *feed)
{
    if (planned != STATUS_OK) {
        command_complain("the plan cannot be made (%s: %s)", replay->options.configuration, status_text(planned));
        return COMMAND_FAILED;
    }
    return (replay->options.what_if_count > 0 ? tell_grid : tell_alerts)(replay, feed);
}

/* --- vitals in CSV ------------------------------------------------------------------------------------------- */

static bool run_through(struct replay *replay, struct replay_run *runs, unsigned run_count)
{
    const struct observation *observations = NULL;
    struct recording_counts counts;
    size_t count = 0;
    bool whole = recording_next(&replay->recording, &observations, &count);
    for (unsigned i = 0; i < run_count; i++) {
        replay_run_begin(&runs[i], count > 0 ? observations[0].at_ms : 0);
    }
    while (whole && count > 0) {
        for (unsigned i = 0; i < run_count; i++) {
            replay_run_observe(&runs[i], observations, count);
        }
        whole = recording_next(&replay->recording, &observations, &count);
    }
    recording_count(&replay->recording, &counts);
    for (unsigned i = 0; i < run_count && whole; i++) {
        replay_run_end(&runs[i], counts.last_ms);
    }
    replay->source.rows = replay->source.heard = counts.rows;
    replay->source.late_rows = counts.late_rows;
    return whole;
}

/* It is open already, or was read to its end for other runs. */
static bool feed_vitals(void *context, struct replay_run *runs, unsigned count, struct replay_run *reference)
{
    (void)reference; /* no commands */
    struct replay *replay = context;
    if (replay->recording.files == NULL &&
        !recording_open(&replay->recording, replay->files, replay->file_count, &replay->recording_options)) {
        return false;
    }
    const bool whole = run_through(replay, runs, count);
    recording_close(&replay->recording);
    replay->recording_options.is_known = true;
    return whole;
}

static int replay_vitals(struct replay *replay)
{
    const int opened = open_recording(replay, &replay->recording_options);
    if (opened != COMMAND_OK) {
        return opened;
    }
    const struct plan_recording shape = {.vitals = replay->recording.vitals,
                                         .episodic = replay->options.episodic_vitals,
                                         .period_ms = replay->options.period_ms};
    replay->source = (struct replay_source){.vitals = shape.vitals, .period_ms = shape.period_ms};
    return tell(replay, plan_make_replay(replay->settings, &shape, &replay->plan), feed_vitals);
}

/* --- the recording of a run ---------------------------------------------------------------------------------- */

static bool feed_lines(void *context, struct replay_run *runs, unsigned count, struct replay_run *reference)
{
    struct replay *replay = context;
    struct replay_lines *lines = &replay->lines;
    const bool whole = replay_lines_read(replay->files[0], runs, count, reference, lines);
    replay->source = (struct replay_source){.rows = lines->lines, .heard = lines->heard, .vitals = lines->vitals};
    return whole;
}

static int replay_lines(struct replay *replay)
{
    const struct replay_options *o = &replay->options;
    if (replay->file_count > 1) {
        return command_misused(&command_replay, "the recording of a run is replayed alone (%s)", replay->files[0]);
    }
    if (o->map != NULL || o->absent != NULL || o->bed != NULL || o->period != NULL || o->episodic != NULL) {
        return command_misused(&command_replay,
                               "--map, --absent, --bed, --period, --episodic are for CSV; %s is no CSV",
                               replay->files[0]);
    }
    const int result = tell(replay, plan_make(replay->settings, &replay->plan), feed_lines);
    return result == COMMAND_OK && replay->lines.differed ? COMMAND_FAILED : result;
}

static int replay_files(struct replay *replay)
{
    const struct settings *settings = replay->settings;
    const int result = what_if_read(&replay->what_if, replay->options.what_if, replay->options.what_if_count,
                                    settings->rules, settings->rule_count);
    if (result != COMMAND_OK) {
        return result;
    }
    return replay_lines_is_one(replay->files[0]) ? replay_lines(replay) : replay_vitals(replay);
}

static int run(int argc, char **argv)
{
    static struct replay replay; /* large, and there is one */
    const int usage = replay_options_read(argc, argv, &replay.options);
    if (usage != COMMAND_OK) {
        return usage;
    }
    replay.files = (const char *const *)&argv[replay.options.first_file];
    replay.file_count = (size_t)(argc - replay.options.first_file);
    replay.settings = command_settings(replay.options.configuration);
    if (replay.settings == NULL) {
        return COMMAND_USAGE;
    }
    const int result = replay_files(&replay);
    replay_run_free(&replay.run);
    what_if_free(&replay.what_if);
    recording_close(&replay.recording);
    free(replay.bed_ids);
    if (replay.plan.beds != NULL) {
        plan_free(&replay.plan);
    }
    settings_free(replay.settings);
    return result;
}

const struct command command_replay = {
    .name = "replay",
    .arguments = "[-c FILE] [OPTION ...] FILE...",
    .summary = "recorded vitals through the same rules: alerts as JSON lines, a summary at the end",
    .details =
        "  -c FILE          the configuration with beds and rules\n"
        "  --json           the summary as one JSON object\n"
        "  --what-if R.N=.. instead of alerts, a table of how often rule R had been an alarm with other numbers N: "
        "limit\n"
        "                   or another parameter, delay, clear_delay, hysteresis, beds; several make a grid\n"
        "  --csv FILE       writes that table as CSV, too\n"
        "  --bed ID         the bed of recordings without a bed column (the first one)\n"
        "  --map A=B,...    column A of the file is vital B, `time` or `bed`\n"
        "  --absent N       the number N means \"no value\"; --absent hr=0 for one vital\n"
        "  --period TIME    expected time between rows (else the profile's)\n"
        "  --episodic V,... vitals that are measured once, not all the time\n\n"
        "A recording is CSV: a header with a `time` column (RFC 3339, or seconds), perhaps `bed`, then a column\n"
        "a vital; an empty cell is no observation. Or it is what `wardgate run --record` wrote. Alerts go to standard\n"
        "output, the summary to standard error.\n\n"
        "  wardgate replay -c ward.yaml night.csv >alerts.jsonl\n"
        "  wardgate replay -c ward.yaml --map HR=hr,SpO2=spo2,t_s=time --absent 0 --period 60s old.csv\n"
        "  wardgate replay -c ward.yaml --what-if spo2_low.limit=86..92 --what-if spo2_low.delay=0s..30s:5s "
        "night.csv\n",
    .run = run,
};
