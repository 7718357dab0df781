#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/cli/command.h"
#include "app/gateway.h"
#include "hal/clock.h"

/* In the place of this process, whose threads all end with it. A recording is not gone on with: it is of one run. */
static _Noreturn void start_anew(const char *file)
{
    char instant[32], name[] = "wardgate", run_word[] = "run", option[] = "-c";
    char *file_copy = strdup(file);
    char *const arguments[] = {name, run_word, option, file_copy, NULL};
    (void)snprintf(instant, sizeof instant, "%" PRId64, clock_boot_us());
    if (file_copy != NULL && setenv(GATEWAY_RESTARTED, instant, 1) == 0) {
        (void)execv("/proc/self/exe", arguments);
    }
    command_complain("cannot start anew (%s), start it by hand", file);
    _exit(COMMAND_FAILED);
}

static int run_gateway(const char *file, const char *record)
{
    struct settings *settings = command_settings(file);
    struct plan plan;
    if (settings == NULL) {
        return COMMAND_USAGE;
    }
    int result = COMMAND_FAILED;
    const enum status status = plan_make(settings, &plan);
    if (status == STATUS_OK) {
        const enum gateway_end end = gateway_run(settings, &plan, record);
        if (end == GATEWAY_STARTS_ANEW) {
            start_anew(file);
        }
        result = end == GATEWAY_STOPPED ? COMMAND_OK : COMMAND_FAILED;
        plan_free(&plan);
    } else {
        command_complain("the plan cannot be made (%s: %s)", file, status_text(status));
    }
    settings_free(settings);
    return result;
}

static int run(int argc, char **argv)
{
    const char *file = COMMAND_DEFAULT_CONFIGURATION;
    const char *record = NULL;
    for (int i = 1; i < argc; i++) {
        const char *value = command_option(argc, argv, &i, "-c", "--config");
        const bool is_record = value == NULL;
        value = is_record ? command_option(argc, argv, &i, NULL, "--record") : value;
        if (value == NULL || *value == '\0') {
            return command_misused(&command_run, "'%s' is no option, or its value is missing", argv[i]);
        }
        *(is_record ? &record : &file) = value;
    }
    return run_gateway(file, record);
}

const struct command command_run = {
    .name = "run",
    .arguments = "[-c FILE] [--record FILE]",
    .summary = "watch the ward until told to stop",
    .details = "  -c FILE         the configuration\n"
               "  --record FILE   records all that goes into the engine, for `wardgate replay`; a new file, with\n"
               "                  vital signs in it, readable by its owner alone\n\n"
               "Stops cleanly on SIGTERM and on Ctrl-C, within 2 s.\n\n"
               "  wardgate run -c /boot/wardgate.yaml\n",
    .run = run,
};
