#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/cli/command.h"
#include "app/cli/local.h"
#include "app/flow/local_socket.h"

#define ROWS_DEFAULT "20"

/* `show` may be left out. */
static int parse(int argc, char **argv, const char **configuration, const char **rows)
{
    *configuration = COMMAND_DEFAULT_CONFIGURATION;
    *rows = ROWS_DEFAULT;
    for (int i = 1; i < argc; i++) {
        const char *file = command_option(argc, argv, &i, "-c", "--config");
        if (file != NULL && *file != '\0') {
            *configuration = file;
        } else if (file == NULL && argv[i][0] != '\0' && strspn(argv[i], "0123456789") == strlen(argv[i]) &&
                   strlen(argv[i]) < 9) {
            *rows = argv[i];
        } else if (file != NULL || strcmp(argv[i], "show") != 0) {
            return command_misused(&command_audit, "'%s' is no option, or its value is missing", argv[i]);
        }
    }
    return COMMAND_OK;
}

static int run(int argc, char **argv)
{
    const char *configuration, *rows, *words = NULL;
    char request[32];
    char *answer = NULL;
    const int usage = parse(argc, argv, &configuration, &rows);
    if (usage != COMMAND_OK) {
        return usage;
    }
    (void)snprintf(request, sizeof request, "audit %s", rows);
    const size_t most = STORE_AUDIT_ROWS * (STORE_AUDIT_MAX + 1) + 16;
    const int result = local_ask(configuration, request, LOCAL_ANSWER_MS, most, &answer, &words);
    if (result == COMMAND_OK) {
        (void)fputs(words, stdout);
    } else if (answer != NULL) {
        command_complain("the audit log cannot be read (%s), see `wardgate status`", words);
    }
    free(answer);
    return fflush(stdout) == 0 ? result : COMMAND_FAILED;
}

const struct command command_audit = {
    .name = "audit",
    .arguments = "[-c FILE] show [ROWS]",
    .summary = "what people told the gateway, and what became of it",
    .details = "  -c FILE   the configuration that the gateway runs with\n"
               "  ROWS      the newest so many, " ROWS_DEFAULT " unless said; JSON, a line each, oldest first\n\n"
               "  wardgate audit show\n"
               "  wardgate audit show 1000 | jq 'select(.command == \"set_limit\")'\n",
    .run = run,
};
