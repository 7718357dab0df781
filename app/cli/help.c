#include <stdio.h>
#include <string.h>

#include "app/cli/command.h"

static void print_overview(void)
{
    (void)printf("wardgate %s: from bedside monitors to MQTT dashboards\n\n"
                 "usage: wardgate COMMAND [OPTIONS]\n\n",
                 WARDGATE_VERSION);
    for (size_t i = 0; commands[i] != NULL; i++) {
        (void)printf("  %-9s %s\n", commands[i]->name, commands[i]->summary);
    }
    (void)printf("\nThe configuration is %s unless -c names another.\n"
                 "Secondary notification: it does not replace the alarms of the monitors themselves.\n",
                 COMMAND_DEFAULT_CONFIGURATION);
}

static int print_command(const char *name)
{
    for (size_t i = 0; commands[i] != NULL; i++) {
        if (strcmp(commands[i]->name, name) == 0) {
            (void)printf("usage: wardgate %s %s\n\n%s\n\n%s", name, commands[i]->arguments, commands[i]->summary,
                         commands[i]->details);
            return COMMAND_OK;
        }
    }
    return command_misused(&command_help, "there is no command '%s'", name);
}

static int run(int argc, char **argv)
{
    if (argc > 1) {
        return print_command(argv[1]);
    }
    print_overview();
    return COMMAND_OK;
}

const struct command command_help = {
    .name = "help",
    .arguments = "[COMMAND]",
    .summary = "what a command does, with examples",
    .details = "  wardgate help replay\n",
    .run = run,
};
