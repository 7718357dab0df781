#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/cli/command.h"
#include "app/cli/local.h"
#include "app/flow/local_socket.h"

#define RELOAD_WAIT_MS 30000

static int run(int argc, char **argv)
{
    const char *configuration = COMMAND_DEFAULT_CONFIGURATION, *words = NULL;
    char *answer = NULL;
    for (int i = 1; i < argc; i++) {
        const char *file = command_option(argc, argv, &i, "-c", "--config");
        if (file == NULL || *file == '\0') {
            return command_misused(&command_reload, "'%s' is no option, or its value is missing", argv[i]);
        }
        configuration = file;
    }
    const int result = local_ask(configuration, "reload", RELOAD_WAIT_MS, REPORT_TEXT_MAX + 16, &answer, &words);
    if (answer != NULL) {
        FILE *stream = result == COMMAND_OK ? stdout : stderr;
        const size_t length = strlen(words);
        (void)fputs(words, stream);
        (void)fputs(length > 0 && words[length - 1] == '\n' ? "" : "\n", stream);
    }
    free(answer);
    return result;
}

const struct command command_reload = {
    .name = "reload",
    .arguments = "[-c FILE]",
    .summary = "have a running gateway take over its configuration",
    .details = "  -c FILE   the configuration that the gateway runs with\n\n"
               "The gateway reads its configuration again and checks all of it. What can be taken over is, while lines "
               "that do\n"
               "not change go on; with a fault nothing changes. Says what needs a restart. SIGHUP does the same.\n\n"
               "  wardgate check && wardgate reload\n",
    .run = run,
};
