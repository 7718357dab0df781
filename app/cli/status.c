#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "app/cli/command.h"
#include "app/flow/local_connection.h"
#include "app/flow/local_socket.h"

struct options {
    const char *configuration;
    bool watch, json;
};

static int parse(int argc, char **argv, struct options *o)
{
    *o = (struct options){.configuration = COMMAND_DEFAULT_CONFIGURATION};
    for (int i = 1; i < argc; i++) {
        const char *file = command_option(argc, argv, &i, "-c", "--config");
        if (file != NULL && *file != '\0') {
            o->configuration = file;
        } else if (strcmp(argv[i], "--watch") == 0) {
            o->watch = true;
        } else if (strcmp(argv[i], "--json") == 0) {
            o->json = true;
        } else {
            return command_misused(&command_status, "'%s' is no option, or its value is missing", argv[i]);
        }
    }
    return COMMAND_OK;
}

static int show(const struct settings *settings, const struct options *o, char *text)
{
    size_t length = 0;
    const enum status status = connection_ask(settings->status_socket, o->json ? "json" : "text", LOCAL_ANSWER_MS, text,
                                              REPORT_TEXT_MAX, &length);
    if (status != STATUS_OK) {
        command_complain("no gateway answers (%s: %s), start it with `wardgate run`", settings->status_socket,
                         status_text(status));
        return COMMAND_FAILED;
    }
    if (o->watch && isatty(STDOUT_FILENO) == 1) {
        (void)fputs("\033[H\033[2J", stdout);
    }
    (void)fwrite(text, 1, length, stdout);
    (void)fputs(o->json || o->watch ? "\n" : "", stdout);
    return fflush(stdout) == 0 ? COMMAND_OK : COMMAND_FAILED;
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
    if (settings != NULL && text != NULL) {
        result = show(settings, &options, text);
        while (options.watch && result == COMMAND_OK) {
            const struct timespec second = {.tv_sec = 1};
            (void)nanosleep(&second, NULL);
            result = show(settings, &options, text);
        }
    }
    free(text);
    settings_free(settings);
    return result;
}

const struct command command_status = {
    .name = "status",
    .arguments = "[-c FILE] [--watch] [--json]",
    .summary = "one screen of a running gateway: beds, lines, queue, store",
    .details = "  -c FILE   the configuration that the gateway runs with\n"
               "  --watch   again every second, until interrupted\n"
               "  --json    as on the health topic\n\n"
               "  wardgate status\n"
               "  wardgate status --json | jq .queue\n",
    .run = run,
};
