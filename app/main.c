/*
 * wardgate: reads bedside monitors, evaluates alarm rules, and delivers every alert to MQTT dashboards.
 * A secondary notification system: it never replaces the alarm of the monitor itself.
 */
#include <stddef.h>
#include <string.h>

#include "app/cli/command.h"
#include "app/engine/suggest.h"

static const struct command *find(const char *name)
{
    for (size_t i = 0; commands[i] != NULL; i++) {
        if (strcmp(commands[i]->name, name) == 0) {
            return commands[i];
        }
    }
    return NULL;
}

static int complain_unknown(const char *word)
{
    const char *names[COMMANDS_MAX];
    size_t count = 0;
    for (; count < COMMANDS_MAX && commands[count] != NULL; count++) {
        names[count] = commands[count]->name;
    }
    const char *near = suggest(word, strlen(word), names, count);
    command_complain("there is no command '%s'%s%s%s, see `wardgate help`", word,
                     near != NULL ? " (did you mean '" : "", near != NULL ? near : "", near != NULL ? "'?)" : "");
    return COMMAND_USAGE;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        (void)command_help.run(0, NULL);
        return COMMAND_USAGE;
    }
    const char *word = argv[1];
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        word = "help";
    } else if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0) {
        word = "version";
    }
    const struct command *command = find(word);
    if (command == NULL) {
        return complain_unknown(word);
    }
    if (argc > 2 && (strcmp(argv[2], "--help") == 0 || strcmp(argv[2], "-h") == 0)) {
        char *words[] = {argv[0], argv[1]};
        return command_help.run(2, words);
    }
    return command->run(argc - 1, argv + 1);
}
