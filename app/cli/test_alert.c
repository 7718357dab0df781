#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/cli/command.h"
#include "app/cli/local.h"
#include "app/flow/local_socket.h"
#include "app/flow/payload.h"

struct options {
    const char *configuration, *bed, *priority;
};

static int parse(int argc, char **argv, struct options *o)
{
    *o = (struct options){.configuration = COMMAND_DEFAULT_CONFIGURATION, .priority = "low"};
    for (int i = 1; i < argc; i++) {
        const char *file = command_option(argc, argv, &i, "-c", "--config");
        const char *priority = file == NULL ? command_option(argc, argv, &i, "-p", "--priority") : NULL;
        if (file != NULL && *file != '\0') {
            o->configuration = file;
        } else if (priority != NULL && *priority != '\0') {
            o->priority = priority;
        } else if (file == NULL && priority == NULL && argv[i][0] != '-' && o->bed == NULL) {
            o->bed = argv[i];
        } else {
            return command_misused(&command_test_alert, "'%s' is no option, or its value is missing", argv[i]);
        }
    }
    if (o->bed == NULL) {
        return command_misused(&command_test_alert, "a bed is missing");
    }
    return strlen(o->bed) < SETTINGS_ID_MAX + 1 && strlen(o->priority) < SETTINGS_ID_MAX && strchr(o->bed, ' ') == NULL
               ? COMMAND_OK
               : command_misused(&command_test_alert, "'%s' is no bed", o->bed);
}

static int run(int argc, char **argv)
{
    struct options o;
    char request[128];
    char *answer = NULL;
    const char *words = NULL;
    const int usage = parse(argc, argv, &o);
    if (usage != COMMAND_OK) {
        return usage;
    }
    (void)snprintf(request, sizeof request, "test-alert %s %s", o.bed, o.priority);
    const int result = local_ask(o.configuration, request, LOCAL_RECEIPT_MS, 2 * PAYLOAD_REPLY_MAX, &answer, &words);
    if (result == COMMAND_OK) {
        (void)printf("%s: %s\n", o.bed, words);
    } else if (answer != NULL) {
        char text[PAYLOAD_REPLY_MAX];
        local_reply_text(words, text, sizeof text);
        command_complain("the test alert did not arrive (%s: %s)", o.bed, text);
    }
    free(answer);
    return result;
}

const struct command command_test_alert = {
    .name = "test-alert",
    .arguments = "[-c FILE] BED [--priority low|medium|high]",
    .summary = "send a marked test alert through the whole chain",
    .details =
        "  -c FILE               the configuration that the gateway runs with\n"
        "  --priority PRIORITY   low unless said: screens show and sound it as such\n\n"
        "The alert is raised, stored, and published at the bed like any other, with \"test\":true; it touches no "
        "alarm.\n"
        "Waits until a broker has acknowledged it, for at most 10 s after it is stored. That somebody has seen it,\n"
        "only somebody can say.\n\n"
        "  wardgate test-alert b01\n"
        "  wardgate test-alert b01 --priority high\n",
    .run = run,
};
