/* The subcommands in the order in which `wardgate help` shows them. */
#include <stddef.h>

#include "app/cli/command.h"

const struct command *const commands[COMMANDS_MAX] = {
    &command_run,     &command_check,  &command_probe,   &command_replay,  &command_status,    &command_test_alert,
    &command_command, &command_reload, &command_history, &command_audit,   &command_indicator, &command_box,
    &command_update,  &command_backup, &command_restore, &command_version, &command_help};
