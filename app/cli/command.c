#include "app/cli/command.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/backup/place.h"
#include "app/gateway.h"

static void PRINTF_LIKE(1, 0) complain(const char *format, va_list arguments)
{
    (void)fputs("wardgate: ", stderr);
    (void)vfprintf(stderr, format, arguments);
    (void)fputc('\n', stderr);
}

void command_complain(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    complain(format, arguments);
    va_end(arguments);
}

int command_misused(const struct command *command, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    complain(format, arguments);
    va_end(arguments);
    (void)fprintf(stderr, "usage: wardgate %s%s%s\nSee `wardgate help %s`.\n", command->name,
                  command->arguments[0] != '\0' ? " " : "", command->arguments, command->name);
    return COMMAND_USAGE;
}

const char *command_option(int argc, char **argv, int *index, const char *short_name, const char *long_name)
{
    const char *word = argv[*index];
    const size_t length = strlen(long_name);
    if (strncmp(word, long_name, length) == 0 && word[length] == '=') {
        return word + length + 1;
    }
    if (strcmp(word, long_name) != 0 && (short_name == NULL || strcmp(word, short_name) != 0)) {
        return NULL;
    }
    if (*index + 1 >= argc) {
        return "";
    }
    (*index)++;
    return argv[*index];
}

static struct settings *load(const char *file, bool warns)
{
    if (place_is_cut(file)) {
        command_complain("a restore was cut short (%s), finish it with `wardgate restore --finish -c %s`", file, file);
        return NULL;
    }
    if (strcmp(file, COMMAND_DEFAULT_CONFIGURATION) == 0 && access(file, F_OK) != 0) {
        command_complain("there is no configuration (%s), name one with -c FILE, or run make install in a clone", file);
        return NULL;
    }
    struct settings_report *report = calloc(1, sizeof *report);
    struct settings *settings = NULL;
    if (report == NULL) {
        command_complain("out of memory while reading the configuration (%s), free some and try again", file);
        return NULL;
    }
    (void)settings_load(file, gateway_profiles(), &settings, report);
    if (!warns) {
        report->warning_count = 0;
    }
    settings_print_report(report, stderr, isatty(STDERR_FILENO) == 1);
    free(report);
    return settings;
}

struct settings *command_settings(const char *file)
{
    return load(file, true);
}

struct settings *command_settings_of_running(const char *file)
{
    return load(file, false);
}
