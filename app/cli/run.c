#include <stdio.h>

#include "app/cli/command.h"
#include "app/gateway.h"

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
        result = gateway_run(settings, &plan, record) ? COMMAND_OK : COMMAND_FAILED;
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
