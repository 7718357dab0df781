/*
 * command.h: a subcommand of the program: one file each, one row in the table of commands.c.
 *
 * run gets the words after the subcommand's name (argv[0] is the name) and returns the exit status: 0 done, 1 failed, 2 wrong usage or
 * configuration. Messages go to standard error as `wardgate: what is wrong (where), what to do`.
 */
#ifndef WARDGATE_COMMAND_H
#define WARDGATE_COMMAND_H

#include "app/engine/status.h"
#include "app/settings/settings.h"

#define COMMAND_DEFAULT_CONFIGURATION "/etc/wardgate/wardgate.yaml"

enum { COMMAND_OK = 0, COMMAND_FAILED = 1, COMMAND_USAGE = 2 };

struct command {
    const char *name;
    const char *arguments; /* for the usage line */
    const char *summary;   /* one line */
    const char *details;   /* options and examples */
    int (*run)(int argc, char **argv);
};

extern const struct command command_run, command_check, command_replay, command_status, command_version, command_help,
    command_test_alert, command_command, command_reload, command_audit, command_probe, command_history,
    command_indicator, command_box, command_update, command_backup, command_restore;

/* The table, ended by NULL. */
#define COMMANDS_MAX 24
extern const struct command *const commands[COMMANDS_MAX];

/* Prints `wardgate: message` to standard error. */
void command_complain(const char *format, ...) PRINTF_LIKE(1, 2);

/* The same, then how the command is used; returns COMMAND_USAGE. */
int command_misused(const struct command *command, const char *format, ...) PRINTF_LIKE(2, 3);

/* One option with a value (`-c FILE`, `--config FILE`, `--config=FILE`) at argv[*index]: its value, moving *index on; NULL when argv[*index] is another word. An
 * option at the end without its value gives "". short_name may be NULL. */
const char *command_option(int argc, char **argv, int *index, const char *short_name, const char *long_name);

/* Loads the configuration and prints every fault and warning; NULL after a fault. */
struct settings *command_settings(const char *file);
/* The same to find a gateway that runs with it: what is only a warning was said when that began. */
struct settings *command_settings_of_running(const char *file);

#endif
