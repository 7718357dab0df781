#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/cli/command.h"
#include "app/cli/terminal.h"
#include "app/cli/watch.h"
#include "app/flow/local_connection.h"
#include "app/flow/local_socket.h"
#include "app/settings/plain.h"

#define INTERVAL_USUAL_MS 1000
#define INTERVAL_LEAST_MS 200
#define INTERVAL_MOST_MS  60000

struct options {
    const char *configuration;
    bool watch, json, has_interval;
    int interval_ms;
};

/* "1", "0.5": seconds. */
static bool read_interval(const char *text, int *out_ms)
{
    char *end = NULL;
    const double seconds = strtod(text, &end);
    if (end == text || *end != '\0' || !(seconds * 1000 >= INTERVAL_LEAST_MS && seconds * 1000 <= INTERVAL_MOST_MS)) {
        return false;
    }
    *out_ms = (int)(seconds * 1000 + 0.5);
    return true;
}

static int parse(int argc, char **argv, struct options *o)
{
    *o = (struct options){.configuration = COMMAND_DEFAULT_CONFIGURATION, .interval_ms = INTERVAL_USUAL_MS};
    for (int i = 1; i < argc; i++) {
        const char *value = command_option(argc, argv, &i, "-c", "--config");
        if (value != NULL && *value != '\0') {
            o->configuration = value;
        } else if ((value = command_option(argc, argv, &i, NULL, "--interval")) != NULL) {
            if (!read_interval(value, &o->interval_ms)) {
                return command_misused(&command_status, "--interval wants seconds from 0.2 to 60, not '%s'", value);
            }
            o->has_interval = true;
        } else if (strcmp(argv[i], "--watch") == 0) {
            o->watch = true;
        } else if (strcmp(argv[i], "--json") == 0) {
            o->json = true;
        } else {
            return command_misused(&command_status, "'%s' is no option, or its value is missing", argv[i]);
        }
    }
    return o->has_interval && !o->watch ? command_misused(&command_status, "--interval is of --watch") : COMMAND_OK;
}

static enum status ask(const struct settings *settings, const struct options *o, char *text, size_t *length)
{
    return connection_ask(settings->status_socket, o->json ? "json" : "text", LOCAL_ANSWER_MS, text, REPORT_TEXT_MAX,
                          length);
}

/* Also what stands between one time and the next. */
static int print(const struct options *o, char *text, size_t length)
{
    plain_mask(text, length);
    (void)fwrite(text, 1, length, stdout);
    (void)fputs(o->json || o->watch ? "\n" : "", stdout);
    return fflush(stdout) == 0 ? COMMAND_OK : COMMAND_FAILED;
}

static int show(const struct settings *settings, const struct options *o, char *text)
{
    size_t length = 0;
    const enum status status = ask(settings, o, text, &length);
    if (status != STATUS_OK) {
        command_complain("no gateway answers (%s: %s), start it with `wardgate run`", settings->status_socket,
                         status_text(status));
        return COMMAND_FAILED;
    }
    return print(o, text, length);
}

/* For a file, a pipe or a terminal that prints lines: the same again and again, whether the gateway is there or not. */
static int show_again(const struct settings *settings, const struct options *o, char *text)
{
    const struct timespec pause = {.tv_sec = o->interval_ms / 1000, .tv_nsec = o->interval_ms % 1000 * 1000000L};
    bool was_lost = false;
    int result = COMMAND_OK;
    while (result == COMMAND_OK) {
        size_t length = 0;
        const enum status status = ask(settings, o, text, &length);
        const bool is_lost = status != STATUS_OK;
        if (is_lost != was_lost) {
            command_complain(is_lost ? "no gateway answers (%s: %s), trying again" : "the gateway answers again (%s)",
                             settings->status_socket, status_text(status));
        }
        was_lost = is_lost;
        result = is_lost ? COMMAND_OK : print(o, text, length);
        (void)nanosleep(&pause, NULL);
    }
    return result;
}

static int show_screen(const struct settings *settings, const struct options *o)
{
    const enum status status = watch_run(settings->status_socket, o->interval_ms);
    if (status != STATUS_OK) {
        command_complain("the screen of the ward cannot go on (%s), try --json or a pipe", status_text(status));
        return COMMAND_FAILED;
    }
    return COMMAND_OK;
}

static int run(int argc, char **argv)
{
    struct options options;
    const int usage = parse(argc, argv, &options);
    if (usage != COMMAND_OK) {
        return usage;
    }
    struct settings *settings = command_settings_of_running(options.configuration);
    char *text = malloc(REPORT_TEXT_MAX);
    int result = settings == NULL ? COMMAND_USAGE : COMMAND_FAILED;
    if (settings == NULL) {
        /* said */
    } else if (text == NULL) {
        command_complain("out of memory, free some and try again");
    } else if (options.watch && !options.json && terminal_is_capable()) {
        result = show_screen(settings, &options);
    } else {
        result = options.watch ? show_again(settings, &options, text) : show(settings, &options, text);
    }
    free(text);
    settings_free(settings);
    return result;
}

const struct command command_status = {
    .name = "status",
    .arguments = "[-c FILE] [--watch [--interval SECONDS]] [--json]",
    .summary = "a running gateway: beds, values, alarms, lines, queue, store; with --watch all the time",
    .details =
        "  -c FILE             the configuration that the gateway runs with\n"
        "  --watch             all the time. On a terminal a screen with keys: q quits, ? tells the others,\n"
        "                      Enter shows a bed with its limits, / filters. Elsewhere, and with TERM=dumb,\n"
        "                      the text again and again. While no gateway answers it says so and goes on\n"
        "  --interval SECONDS  how often: 0.2 to 60, otherwise 1\n"
        "  --json              as on the health topic, with the values and alarms of every bed; with --watch a line\n"
        "                      each time\n\n"
        "Colours are left out when NO_COLOR is set; they say nothing that `!!!`, `!!` and `!` do not say.\n\n"
        "  wardgate status\n"
        "  wardgate status --watch\n"
        "  wardgate status --json | jq .queue\n",
    .run = run,
};
