#include "app/cli/replay_summary.h"

#include "app/cli/recording.h"
#include "app/engine/plural.h"
#include "app/flow/order.h"

/* Starts per bed-day; 0 where nobody was watched. */
static double per_day(uint64_t starts, double days)
{
    return days > 0 ? (double)starts / days : 0;
}

static const struct tally_row *next_row(const struct tally *tally, unsigned *index)
{
    while (*index < tally->row_count && tally->rows[*index].name[0] == '\0') {
        (*index)++;
    }
    return *index < tally->row_count ? &tally->rows[(*index)++] : NULL;
}

static uint64_t observations_of(const struct replay_run *run, const struct replay_source *source)
{
    struct engine_counts counts;
    engine_count(run->engine, &counts);
    return counts.observations - source->heard;
}

/* "12.5 s", "7.3 min", "2.4 h" */
static const char *duration_text(int64_t ms, char text[24])
{
    const double s = (double)ms / 1000.0;
    if (s < 120) {
        (void)snprintf(text, 24, "%.1f s", s);
    } else if (s < 7200) {
        (void)snprintf(text, 24, "%.1f min", s / 60);
    } else {
        (void)snprintf(text, 24, "%.1f h", s / 3600);
    }
    return text;
}

/* --- a table ------------------------------------------------------------------------------------------------- */

static void print_row(FILE *stream, const struct tally_row *row, double days)
{
    char total[24], median[24], longest[24];
    (void)fprintf(stream, "  %-34s %-7s %7llu %12.1f %10s %9s %9s %8llu\n", row->name, priority_word(row->priority),
                  (unsigned long long)row->starts, per_day(row->starts, days), duration_text(row->total_ms, total),
                  duration_text(tally_median_ms(row), median), duration_text(row->longest_ms, longest),
                  (unsigned long long)row->repeats);
}

static void add_up(const struct tally *tally, struct tally_row totals[PRIORITY_HIGH + 1])
{
    const struct tally_row *row;
    for (unsigned i = 0; (row = next_row(tally, &i)) != NULL;) {
        struct tally_row *total = &totals[row->priority];
        total->starts += row->starts;
        total->repeats += row->repeats;
        total->total_ms += row->total_ms;
        total->longest_ms = row->longest_ms > total->longest_ms ? row->longest_ms : total->longest_ms;
    }
}

static void print_alarms(FILE *stream, const struct tally *tally, double days)
{
    const struct tally_row *row;
    struct tally_row totals[PRIORITY_HIGH + 1] = {{.starts = 0}};
    (void)fprintf(stream, "  %-34s %-7s %7s %12s %10s %9s %9s %8s\n", "alarm", "", "starts", "per bed-day", "in alarm",
                  "median", "longest", "repeats");
    for (unsigned i = 0; (row = next_row(tally, &i)) != NULL;) {
        print_row(stream, row, days);
    }
    add_up(tally, totals);
    for (int p = PRIORITY_HIGH; p >= PRIORITY_NONE; p--) {
        if (totals[p].starts > 0) {
            char total[24], longest[24];
            (void)fprintf(stream, "  all of priority %-18s %-7s %7llu %12.1f %10s %9s %9s %8llu\n",
                          priority_word((enum priority)p), "", (unsigned long long)totals[p].starts,
                          per_day(totals[p].starts, days), duration_text(totals[p].total_ms, total), "",
                          duration_text(totals[p].longest_ms, longest), (unsigned long long)totals[p].repeats);
        }
    }
}

struct listing {
    FILE *stream;
    const struct engine_config *config;
    bool needs_comma;
};

static void print_active(void *context, const struct alert *alert)
{
    const struct listing *listing = context;
    char name[ALARM_NAME_MAX];
    alarm_name(listing->config, alert, name);
    const char *bed = alert->key.bed == BED_NONE ? "gateway" : listing->config->beds[alert->key.bed].id;
    (void)fprintf(listing->stream, "  still active: %s %s (%s)\n", bed, name,
                  priority_word((enum priority)alert->priority));
}

static void print_short_spans(FILE *stream, const struct rule *rule, const struct replay_source *source)
{
    for (unsigned w = 0; w < rule->when.window_count; w++) {
        const struct window_spec *spec = &rule->when.windows[w];
        const bool recorded = (source->vitals >> spec->vital & 1U) != 0;
        if (recorded && spec->span_ms > 0 && spec->span_ms < source->period_ms) {
            (void)fprintf(stream,
                          "  rule %s is never known here: its span of %g s is shorter than the period of %g s\n",
                          rule->name, (double)spec->span_ms / 1000.0, (double)source->period_ms / 1000.0);
            return;
        }
    }
}

static void print_counts(FILE *stream, const struct replay_run *run, const struct replay_source *source)
{
    struct engine_counts counts;
    engine_count(run->engine, &counts);
    if (source->late_rows > 0 || counts.replaced > 0) {
        (void)fprintf(stream,
                      "  %llu row%s came more than %d s late and %s rejected; %llu value%s replaced by another at "
                      "the same instant\n",
                      (unsigned long long)source->late_rows, plural_s(source->late_rows), ORDER_RECORDED_MS / 1000,
                      source->late_rows == 1 ? "was" : "were", (unsigned long long)counts.replaced,
                      counts.replaced == 1 ? " was" : "s were");
    }
    for (unsigned q = QUALITY_ABSENT; q < QUALITY_COUNT; q++) {
        if (counts.rejected[q] > 0) {
            (void)fprintf(stream, "  %llu value%s not used: %s\n", (unsigned long long)counts.rejected[q],
                          plural_s(counts.rejected[q]), quality_word((enum quality)q));
        }
    }
}

/* What the estimates of a bed are at the end, where any is on. */
static void print_estimates(FILE *stream, const struct replay_run *run, uint16_t bed)
{
    const struct engine_config *config = run->payloads.config;
    struct bed_view view;
    engine_view_bed(run->engine, bed, &view);
    for (unsigned e = 0; e < ESTIMATES_MAX; e++) {
        const struct estimate_result *result = &view.estimates.results[e];
        if ((view.estimates.kept >> e & 1U) == 0) {
            continue;
        }
        (void)fprintf(stream, "  estimate, not validated: %s %s ", config->beds[bed].id,
                      payload_estimate_name(config, e));
        if (!result->complete) {
            (void)fputs("lacks inputs\n", stream);
        } else if (e == ESTIMATE_PRESSURE) {
            (void)fprintf(stream, "%s\n", pressure_category_word(config->pressure_scheme, result->category));
        } else {
            (void)fprintf(stream, "%.3f\n", (double)payload_probability_milli(result) / 1000.0);
        }
    }
}

void replay_summary_text(FILE *stream, const struct replay_run *run, const struct replay_source *source)
{
    const struct engine_config *config = run->payloads.config;
    const double days = tally_bed_days(&run->tally);
    const uint64_t observations = observations_of(run, source);
    struct listing listing = {.stream = stream, .config = config};
    (void)fprintf(stream, "replayed %llu row%s, %llu observation%s, %.2f bed-days\n", (unsigned long long)source->rows,
                  plural_s(source->rows), (unsigned long long)observations, plural_s(observations), days);
    print_counts(stream, run, source);
    for (unsigned r = 0; r < config->rule_count; r++) {
        print_short_spans(stream, &config->rules[r], source);
    }
    print_alarms(stream, &run->tally, days);
    engine_each_alarm(run->engine, print_active, &listing);
    for (uint16_t b = 0; b < config->bed_count; b++) {
        print_estimates(stream, run, b);
    }
}

/* --- JSON: every text in it is one of our own words or an id, which need no escapes --------------------------- */

static void put_row(FILE *stream, const struct tally_row *row, double days, bool first)
{
    (void)fprintf(stream,
                  "%s{\"alarm\":\"%s\",\"priority\":\"%s\",\"starts\":%llu,\"per_bed_day\":%.3f,\"repeats\":%llu,"
                  "\"in_alarm_s\":%.3f,\"median_s\":%.1f,\"longest_s\":%.3f}",
                  first ? "" : ",", row->name, priority_word(row->priority), (unsigned long long)row->starts,
                  per_day(row->starts, days), (unsigned long long)row->repeats, (double)row->total_ms / 1000.0,
                  (double)tally_median_ms(row) / 1000.0, (double)row->longest_ms / 1000.0);
}

static void put_priorities(FILE *stream, const struct tally *tally, double days)
{
    struct tally_row totals[PRIORITY_HIGH + 1] = {{.starts = 0}};
    add_up(tally, totals);
    for (int p = PRIORITY_HIGH; p >= PRIORITY_NONE; p--) {
        (void)fprintf(stream, "%s\"%s\":{\"starts\":%llu,\"per_bed_day\":%.3f,\"repeats\":%llu,\"in_alarm_s\":%.3f}",
                      p == PRIORITY_HIGH ? "" : ",", priority_word((enum priority)p),
                      (unsigned long long)totals[p].starts, per_day(totals[p].starts, days),
                      (unsigned long long)totals[p].repeats, (double)totals[p].total_ms / 1000.0);
    }
}

static void put_active(void *context, const struct alert *alert)
{
    struct listing *listing = context;
    char name[ALARM_NAME_MAX];
    alarm_name(listing->config, alert, name);
    (void)fprintf(listing->stream, "%s{\"bed\":", listing->needs_comma ? "," : "");
    if (alert->key.bed == BED_NONE) {
        (void)fputs("null", listing->stream);
    } else {
        (void)fprintf(listing->stream, "\"%s\"", listing->config->beds[alert->key.bed].id);
    }
    (void)fprintf(listing->stream, ",\"alarm\":\"%s\",\"priority\":\"%s\"}", name,
                  priority_word((enum priority)alert->priority));
    listing->needs_comma = true;
}

static void put_rejected(FILE *stream, const struct engine_counts *counts)
{
    for (unsigned q = QUALITY_ABSENT; q < QUALITY_COUNT; q++) {
        (void)fprintf(stream, "%s\"%s\":%llu", q == QUALITY_ABSENT ? "" : ",", quality_word((enum quality)q),
                      (unsigned long long)counts->rejected[q]);
    }
}

void replay_summary_json(FILE *stream, const struct replay_run *run, const struct replay_source *source)
{
    const double days = tally_bed_days(&run->tally);
    const struct tally_row *row;
    struct engine_counts counts;
    struct listing listing = {.stream = stream, .config = run->payloads.config};
    engine_count(run->engine, &counts);
    (void)fprintf(stream,
                  "{\"rows\":%llu,\"late_rows\":%llu,\"observations\":%llu,\"replaced\":%llu,\"bed_days\":%.4f,"
                  "\"rejected\":{",
                  (unsigned long long)source->rows, (unsigned long long)source->late_rows,
                  (unsigned long long)observations_of(run, source), (unsigned long long)counts.replaced, days);
    put_rejected(stream, &counts);
    (void)fputs("},\"alarms\":[", stream);
    bool first = true;
    for (unsigned i = 0; (row = next_row(&run->tally, &i)) != NULL; first = false) {
        put_row(stream, row, days, first);
    }
    (void)fputs("],\"priorities\":{", stream);
    put_priorities(stream, &run->tally, days);
    (void)fputs("},\"active\":[", stream);
    engine_each_alarm(run->engine, put_active, &listing);
    (void)fputs("]}\n", stream);
}
