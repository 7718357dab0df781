#include "tests/ward/ward_command.h"

#include <stdio.h>
#include <string.h>

#include "tests/ward/ward.h"
#include "tests/ward/ward_verb.h"

struct ward_link *ward_link_by_name(struct ward *ward, const char *name)
{
    for (size_t i = 0; i < ward->link_count; i++) {
        if (strcmp(ward->links[i].name, name) == 0) {
            return &ward->links[i];
        }
    }
    return NULL;
}

struct ward_monitor *ward_monitor_by_name(struct ward *ward, const char *name)
{
    for (size_t i = 0; i < ward->monitor_count; i++) {
        if (strcmp(ward->monitors[i].name, name) == 0) {
            return &ward->monitors[i];
        }
    }
    return NULL;
}

bool ward_command_is_word(const char *name)
{
    return ward_verb_by_name(name) != NULL || strcmp(name, "report") == 0 || strcmp(name, "quit") == 0;
}

static bool parse_settings(char *words[], size_t count, struct ward_command *c)
{
    if (count == 0 || count % 2 != 0 || count / 2 > WARD_VITALS) {
        return false;
    }
    for (size_t i = 0; i < count; i += 2) {
        struct ward_setting *setting = &c->settings[c->setting_count++];
        *setting = (struct ward_setting){.vital = ward_vital_by_name(words[i]), .milli = WARD_ABSENT};
        if (setting->vital == WARD_VITALS) {
            return false;
        }
        setting->automatic = strcmp(words[i + 1], "auto") == 0;
        const bool number = !setting->automatic && strcmp(words[i + 1], "absent") != 0;
        if (number &&
            (!ward_text_milli(words[i + 1], &setting->milli) || !ward_vital_fits(setting->vital, setting->milli))) {
            return false;
        }
    }
    return true;
}

/* One argument; `word` is NULL when there is none left. */
static bool parse_argument(char letter, const char *word, struct ward_command *c)
{
    const bool optional = letter == 'D' || letter == 'C';
    if (word == NULL) {
        return optional;
    }
    switch (letter) {
    case 'd':
    case 'D':
        return ward_text_duration(word, &c->duration_ns);
    case 'C':
        return ward_text_number(word, 0, INT32_MAX, &c->count);
    case 'n':
        return ward_text_number(word, c->verb->low, c->verb->high, &c->number);
    case 'b':
        c->on = strcmp(word, "on") == 0;
        return c->on || strcmp(word, "off") == 0;
    default:
        return (size_t)snprintf(c->word, sizeof c->word, "%s", word) < sizeof c->word;
    }
}

static bool parse_arguments(char *words[], size_t count, struct ward_command *c)
{
    const char *letters = c->verb->arguments;
    if (letters[0] == 'v') {
        return parse_settings(words, count, c);
    }
    for (size_t i = 0; letters[i] != '\0'; i++) {
        if (!parse_argument(letters[i], i < count ? words[i] : NULL, c)) {
            return false;
        }
    }
    return count <= strlen(letters);
}

static bool subject_find(struct ward *ward, const char *name, struct ward_command *c)
{
    c->link = ward_link_by_name(ward, name);
    c->monitor = ward_monitor_by_name(ward, name);
    return c->link != NULL || c->monitor != NULL;
}

/* An oximeter and its line have one name: the verb tells which is meant. */
static bool subject_suits(const struct ward_command *c)
{
    const struct ward_link *link = c->link;
    if (c->verb->subject == WARD_SUBJECT_MONITOR) {
        link = c->monitor != NULL ? c->monitor->link : NULL;
    }
    return link != NULL && (c->verb->kinds >> link->kind & 1U) != 0;
}

static void text_join(char *words[], size_t count, char *text, size_t size)
{
    size_t length = 0;
    text[0] = '\0';
    for (size_t i = 0; i < count && length < size; i++) {
        length += (size_t)snprintf(text + length, size - length, "%s%s", i == 0 ? "" : " ", words[i]);
    }
}

bool ward_command_parse(struct ward *ward, char *words[], size_t count, struct ward_command *out, char *why,
                        size_t why_size)
{
    struct ward_command c = {.duration_ns = WARD_UNTIL_TOLD, .count = WARD_UNTIL_TOLD};
    if (count < 2) {
        snprintf(why, why_size, "a command is SUBJECT VERB [ARGUMENTS], report or quit");
        return false;
    }
    text_join(words, count, c.text, sizeof c.text);
    const bool verb_first = !subject_find(ward, words[0], &c) && subject_find(ward, words[1], &c);
    const char *verb = words[verb_first ? 0 : 1];
    c.verb = ward_verb_by_name(verb);
    if (c.link == NULL && c.monitor == NULL) {
        snprintf(why, why_size, "there is no monitor or line %.32s, add it above", words[0]);
        return false;
    }
    if (c.verb == NULL) {
        snprintf(why, why_size, "%.32s is no event and no command, see the list in tests/ward/ward.c", verb);
        return false;
    }
    if (!subject_suits(&c) || !parse_arguments(words + 2, count - 2, &c) ||
        (c.verb->check != NULL && !c.verb->check(&c))) {
        snprintf(why, why_size, "write %s", c.verb->usage);
        return false;
    }
    c.event = ward_event_by_name(verb);
    *out = c;
    return true;
}

const char *ward_command_run(const struct ward *ward, struct ward_command *command, int64_t now_ns)
{
    if (!ward->quiet) {
        fprintf(stderr, "ward: %lld.%03d s: %s\n", (long long)(now_ns / WARD_S), (int)(now_ns / WARD_MS % 1000),
                command->text);
    }
    command->now_ns = now_ns;
    return command->verb->run(command);
}
