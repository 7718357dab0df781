#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/cli/command.h"
#include "app/cli/local.h"
#include "app/flow/annunciator.h"
#include "app/flow/local_socket.h"
#include "app/flow/payload.h"
#include "hal/clock.h"

#define LOOK_US INT64_C(500000)

struct options {
    const char *configuration, *what, *priority;
};

static int parse(int argc, char **argv, struct options *o)
{
    *o = (struct options){.configuration = COMMAND_DEFAULT_CONFIGURATION, .priority = "high"};
    for (int i = 1; i < argc; i++) {
        const char *file = command_option(argc, argv, &i, "-c", "--config");
        const char *priority = file == NULL ? command_option(argc, argv, &i, "-p", "--priority") : NULL;
        if (file != NULL && *file != '\0') {
            o->configuration = file;
        } else if (priority != NULL && *priority != '\0' && strlen(priority) < SETTINGS_ID_MAX) {
            o->priority = priority;
        } else if (file == NULL && priority == NULL && argv[i][0] != '-' && o->what == NULL) {
            o->what = argv[i];
        } else {
            return command_misused(&command_indicator, "'%s' is no option, or its value is missing", argv[i]);
        }
    }
    if (o->what == NULL || (strcmp(o->what, "test") != 0 && strcmp(o->what, "quiet") != 0)) {
        return command_misused(&command_indicator, "say what: test or quiet");
    }
    return COMMAND_OK;
}

/* Prints the answer; false: it was none, or a refusal, which is told. *out_busy: the trial goes on. */
static int ask(const struct options *o, const char *request, bool is_last, bool *out_busy)
{
    char *answer = NULL;
    const char *words = NULL;
    const int result = local_ask(o->configuration, request, LOCAL_ANSWER_MS, PAYLOAD_REPLY_MAX, &answer, &words);
    *out_busy = result == COMMAND_OK && (strncmp(words, "test ", 5) == 0 || strstr(words, "program: running") != NULL);
    if (result == COMMAND_OK && is_last && !*out_busy) {
        (void)printf("%s\n", words);
    } else if (result != COMMAND_OK && answer != NULL) {
        command_complain("%s", words);
    }
    free(answer);
    return result;
}

/* What the program made of it is known when it has ended. */
static int try_out(const struct options *o)
{
    char request[64];
    bool is_busy = false;
    (void)snprintf(request, sizeof request, "indicator test %s", o->priority);
    int result = ask(o, request, false, &is_busy);
    if (result == COMMAND_OK) {
        (void)printf("look and listen: %s priority for %d s\n", o->priority, ANNUNCIATOR_TRIAL_MS / 1000);
        (void)fflush(stdout);
        clock_sleep_until_us(clock_boot_us() + LOOK_US); /* it begins on a thread of its own */
        is_busy = true;
    }
    while (result == COMMAND_OK && is_busy) {
        result = ask(o, "indicator state", true, &is_busy);
        clock_sleep_until_us(clock_boot_us() + LOOK_US);
    }
    return result;
}

static int run(int argc, char **argv)
{
    struct options o;
    bool is_busy = false;
    const int usage = parse(argc, argv, &o);
    if (usage != COMMAND_OK) {
        return usage;
    }
    assert(o.what != NULL); /* or it was misused */
    return strcmp(o.what, "test") == 0 ? try_out(&o) : ask(&o, "indicator quiet", true, &is_busy);
}

const struct command command_indicator = {
    .name = "indicator",
    .arguments = "[-c FILE] test [--priority low|medium|high] | quiet",
    .summary = "try out the local alarm of the box, or silence its buzzer",
    .details = "  -c FILE               the configuration that the gateway runs with\n"
               "  --priority PRIORITY   of the trial, high unless said\n\n"
               "test shows that priority by lamp, buzzer and program for 10 s, then says how each did. Whether the "
               "lamp shone, only\n"
               "somebody who saw it can say.\n"
               "quiet silences the buzzer until the local alarm ends, or becomes worse; the lamp goes on. It is in the "
               "audit log.\n\n"
               "  wardgate indicator test\n"
               "  wardgate indicator quiet\n",
    .run = run,
};
