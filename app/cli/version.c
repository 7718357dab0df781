#include <stdio.h>

#include "app/cli/command.h"

static int run(int argc, char **argv)
{
    if (argc > 1) {
        return command_misused(&command_version, "'%s' is one word too many", argv[1]);
    }
    (void)printf("wardgate %s\n", WARDGATE_VERSION);
    return COMMAND_OK;
}

const struct command command_version = {
    .name = "version",
    .arguments = "",
    .summary = "the version of this program",
    .details = "",
    .run = run,
};
