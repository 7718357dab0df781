/*
 * wardgate help: the commands, and every key and vital that a configuration can name, from the tables that read them.
 */
#include <stdio.h>
#include <string.h>

#include "app/cli/command.h"
#include "app/engine/bed_command.h"
#include "app/engine/entry.h"
#include "app/engine/suggest.h"
#include "app/engine/vital.h"
#include "app/settings/guide.h"

static void print_overview(void)
{
    (void)printf("wardgate %s: from bedside monitors to MQTT dashboards\n\n"
                 "usage: wardgate COMMAND [OPTIONS]\n\n",
                 WARDGATE_VERSION);
    for (size_t i = 0; commands[i] != NULL; i++) {
        (void)printf("  %-10s %s\n", commands[i]->name, commands[i]->summary);
    }
    (void)printf("\nThe configuration is %s unless -c names another.\n"
                 "Secondary notification: it does not replace the alarms of the monitors themselves.\n",
                 COMMAND_DEFAULT_CONFIGURATION);
}

static bool print_command(const char *name)
{
    for (size_t i = 0; commands[i] != NULL; i++) {
        if (strcmp(commands[i]->name, name) == 0) {
            (void)printf("usage: wardgate %s%s%s\n\n%s\n\n%s", name, commands[i]->arguments[0] != '\0' ? " " : "",
                         commands[i]->arguments, commands[i]->summary, commands[i]->details);
            return true;
        }
    }
    return false;
}

static void print_ranges(enum vital vital)
{
    for (unsigned c = 0; c < CLASS_COUNT; c++) {
        const struct vital_range range = vital_range(vital, (enum patient_class)c);
        (void)printf("  %-11s %g to %g\n", patient_class_name((enum patient_class)c), range.low_milli / 1000.0,
                     range.high_milli / 1000.0);
    }
}

static void print_codes(enum vital vital)
{
    const char *word = entry_word(vital, 0);
    for (int32_t code = 0; word != NULL; word = entry_word(vital, ++code * 1000)) {
        (void)printf("%s%d %s", code == 0 ? "  codes       " : ", ", (int)code, word);
    }
    if (entry_words(vital)[0] != '\0') {
        (void)puts("");
    }
}

static bool print_vital(const char *name)
{
    const enum vital vital = vital_by_name(name, strlen(name));
    if (vital == VITAL_NONE) {
        return false;
    }
    const struct vital_info *info = vital_info(vital);
    char units[128];
    unit_names(vital, units, sizeof units);
    (void)printf("%s    (a vital, in profiles and rules)\n  %s in %s\n  units       %s\n", name, info->title,
                 info->unit, units);
    (void)printf("  kind        %s\n", info->kind == VITAL_EPISODIC ? "episodic: measured now and then" : "continuous");
    (void)printf("  stale       after %u s\n", info->stale_ms / 1000U);
    print_codes(vital);
    (void)puts("  believable, by class of the patient:");
    print_ranges(vital);
    return true;
}

/* What people say about a bed has no page of its own. */
static bool print_bed_command(const char *word)
{
    for (unsigned kind = 0; kind < COMMAND_KIND_COUNT; kind++) {
        if (strcmp(command_word(kind), word) == 0) {
            (void)printf("%s    (told of a bed: wardgate command BED %s; see wardgate help command)\n", word, word);
            return true;
        }
    }
    return false;
}

/* The nearest of everything that can be asked for. */
static const char *nearest(const char *word)
{
    const char *names[COMMANDS_MAX + VITAL_COUNT];
    size_t count = 0;
    for (size_t i = 0; commands[i] != NULL; i++) {
        names[count++] = commands[i]->name;
    }
    for (unsigned v = 0; v < VITAL_COUNT; v++) {
        names[count++] = vital_info((enum vital)v)->name;
    }
    const char *near = suggest(word, strlen(word), names, count);
    return near != NULL ? near : guide_nearest(word);
}

/* A word may name several things (`bus` is a key of a bed and of a monitor): all of them are told. */
static int print_all(const char *word)
{
    bool is_known = print_command(word);
    is_known = print_vital(word) || is_known;
    is_known = guide_print_key(word, stdout) > 0 || is_known;
    is_known = print_bed_command(word) || is_known;
    if (is_known) {
        return COMMAND_OK;
    }
    const char *near = nearest(word);
    return command_misused(&command_help,
                           "there is no command, key or vital '%s'%s%s%s; rules stand in the files that the key rules "
                           "names, kinds of bus are told by `wardgate help kind`",
                           word, near != NULL ? " (did you mean '" : "", near != NULL ? near : "",
                           near != NULL ? "'?)" : "");
}

static int run(int argc, char **argv)
{
    if (argc > 2) {
        return command_misused(&command_help, "'%s' is one word too many", argv[2]);
    }
    if (argc < 2) {
        print_overview();
        return COMMAND_OK;
    }
    if (strcmp(argv[1], "--yaml") == 0) {
        guide_print_example(stdout);
        return COMMAND_OK;
    }
    return print_all(argv[1]);
}

const struct command command_help = {
    .name = "help",
    .arguments = "[COMMAND | KEY | VITAL | --yaml]",
    .summary = "what a command, a key of the configuration or a vital is",
    .details = "  --yaml   a configuration to begin with: every key with its meaning, range and default\n\n"
               "  wardgate help replay\n"
               "  wardgate help uplink.keep_alive\n"
               "  wardgate help spo2\n"
               "  wardgate help --yaml >wardgate.yaml\n",
    .run = run,
};
