#include "app/cli/replay_options.h"

#include <stdio.h>
#include <string.h>

#include "app/cli/command.h"
#include "app/cli/recording_cell.h"
#include "app/engine/series.h"
#include "app/settings/value.h"

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

static int check_columns(const struct replay_options *o)
{
    int32_t milli = 0;
    int result = o->map != NULL ? check_pairs(o->map, "--map", is_mapping) : COMMAND_OK;
    if (result == COMMAND_OK && o->absent != NULL && !recording_number(o->absent, &milli)) {
        result = check_pairs(o->absent, "--absent", is_absence);
    }
    return result;
}

static int finish(struct replay_options *o, int argc, char **argv)
{
    if (o->first_file == argc) {
        return command_misused(&command_replay, "no recording is named");
    }
    for (int i = o->first_file; i < argc; i++) {
        if (argv[i][0] == '-' && argv[i][1] != '\0') {
            return command_misused(&command_replay, "'%s' stands behind a recording, options go before", argv[i]);
        }
    }
    if (o->csv != NULL && o->what_if_count == 0) {
        return command_misused(&command_replay, "--csv writes the table of --what-if, which is not asked for");
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

static int add_what_if(struct replay_options *o, const char *text)
{
    if (o->what_if_count == REPLAY_WHAT_IF_MAX) {
        return command_misused(&command_replay, "--what-if: more than %d of them", REPLAY_WHAT_IF_MAX);
    }
    o->what_if[o->what_if_count++] = text;
    return COMMAND_OK;
}

static int read_option(int argc, char **argv, int *i, struct replay_options *o)
{
    const char *what_if = NULL;
    const struct {
        const char *short_name, *long_name;
        const char **value;
    } known[] = {
        {"-c", "--config", &o->configuration}, {"-b", "--bed", &o->bed},       {NULL, "--map", &o->map},
        {NULL, "--absent", &o->absent},        {NULL, "--period", &o->period}, {NULL, "--episodic", &o->episodic},
        {NULL, "--what-if", &what_if},         {NULL, "--csv", &o->csv}};
    const char *value = NULL;
    if (strcmp(argv[*i], "--json") == 0) {
        o->json = true;
        return COMMAND_OK;
    }
    for (size_t k = 0; k < sizeof known / sizeof known[0] && value == NULL; k++) {
        value = command_option(argc, argv, i, known[k].short_name, known[k].long_name);
        *known[k].value = value != NULL ? value : *known[k].value;
    }
    if (value == NULL || *value == '\0') {
        return command_misused(&command_replay, value == NULL ? "'%s' is no option" : "'%s' needs a value", argv[*i]);
    }
    return what_if != NULL ? add_what_if(o, what_if) : COMMAND_OK;
}

int replay_options_read(int argc, char **argv, struct replay_options *out)
{
    *out = (struct replay_options){.configuration = COMMAND_DEFAULT_CONFIGURATION};
    int i = 1;
    for (; i < argc && argv[i][0] == '-' && argv[i][1] != '\0'; i++) {
        const int result = read_option(argc, argv, &i, out);
        if (result != COMMAND_OK) {
            return result;
        }
    }
    out->first_file = i;
    return finish(out, argc, argv);
}
