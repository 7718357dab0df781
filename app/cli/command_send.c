/* `wardgate command`: what a role's command topic takes, from the gateway's own box. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/cli/command.h"
#include "app/cli/local.h"
#include "app/flow/json.h"
#include "app/flow/local_socket.h"
#include "app/settings/value.h"

#define WORDS_MAX 12

struct order {
    const char *configuration, *bed, *name;
    char *words[WORDS_MAX]; /* key=value */
    unsigned word_count;
};

static int take_word(struct order *o, char *word)
{
    if (o->bed == NULL) {
        o->bed = word;
    } else if (o->name == NULL) {
        o->name = word;
    } else if (strchr(word, '=') != NULL && o->word_count < WORDS_MAX) {
        o->words[o->word_count++] = word;
    } else {
        return command_misused(&command_command, "'%s' is not KEY=VALUE", word);
    }
    return COMMAND_OK;
}

static int parse(int argc, char **argv, struct order *o)
{
    *o = (struct order){.configuration = COMMAND_DEFAULT_CONFIGURATION};
    for (int i = 1; i < argc; i++) {
        const char *file = command_option(argc, argv, &i, "-c", "--config");
        const int usage = file != NULL ? COMMAND_OK : take_word(o, argv[i]);
        if (usage != COMMAND_OK) {
            return usage;
        }
        if (file != NULL && *file == '\0') {
            return command_misused(&command_command, "the value of -c is missing");
        }
        o->configuration = file != NULL ? file : o->configuration;
    }
    if (o->name == NULL || strchr(o->bed, ' ') != NULL) {
        return command_misused(&command_command, "a bed and a command are needed");
    }
    return COMMAND_OK;
}

/* Numbers are numbers where a command asks for one; all else is text. False: not one. */
static bool put_number(struct json *json, const char *key, const char *text)
{
    int64_t micro = 0;
    const char *unit = "";
    if (value_read_quantity(text, &micro, &unit) != VALUE_OK || *unit != '\0' || micro % 1000 != 0) {
        return false;
    }
    const int64_t milli = micro / 1000;
    if (strcmp(key, "value") != 0 && milli >= 0 && milli % 1000 == 0) {
        json_unsigned(json, key, (uint64_t)milli / 1000);
    } else if (milli >= INT32_MIN && milli <= INT32_MAX) {
        json_milli(json, key, (int32_t)milli);
    } else {
        return false;
    }
    return true;
}

static int put_word(struct json *json, const char *command, char *word)
{
    char *const value = strchr(word, '=') + 1;
    value[-1] = '\0';
    const bool is_number = strcmp(word, "value") == 0 || strcmp(word, "rev") == 0 || strcmp(word, "scale") == 0 ||
                           strcmp(word, "nurses") == 0 || strcmp(word, "from_seq") == 0 ||
                           strcmp(word, "through_seq") == 0;
    const bool is_told = strcmp(command, "describe") == 0 && strcmp(word, "value") == 0;
    const bool is_coded = is_told || (strcmp(command, "observe") == 0 && strcmp(word, "value") == 0);
    const bool is_word = is_coded && isalpha((unsigned char)value[0]) != 0; /* of what has words */
    if (is_told && strcmp(value, "null") == 0) {
        json_null(json, word);
    } else if (!is_number || is_word) {
        json_text(json, word, value);
    } else if (!put_number(json, word, value)) {
        return command_misused(&command_command, "'%s' is no number (%s)", value, word);
    }
    return COMMAND_OK;
}

/* `command BED {...}`; the gateway fills in id and stay. */
static int write_request(const struct order *o, char *out, size_t size)
{
    struct json json;
    int usage = COMMAND_OK;
    const int head = snprintf(out, size, "command %s ", o->bed);
    if (head < 0 || (size_t)head >= size) {
        return command_misused(&command_command, "'%s' is no bed", o->bed);
    }
    json_begin(&json, out + head, size - (size_t)head);
    json_text(&json, "command", o->name);
    for (unsigned i = 0; i < o->word_count && usage == COMMAND_OK; i++) {
        usage = put_word(&json, o->name, o->words[i]);
    }
    if (usage == COMMAND_OK && json_end(&json) == 0) {
        usage = command_misused(&command_command, "that is too long for a command");
    }
    return usage;
}

static int run(int argc, char **argv)
{
    struct order o;
    char request[LOCAL_REQUEST_MAX - 1];
    char *answer = NULL;
    const char *words = NULL;
    int result = parse(argc, argv, &o);
    if (result == COMMAND_OK) {
        result = write_request(&o, request, sizeof request);
    }
    if (result != COMMAND_OK) {
        return result;
    }
    result = local_ask(o.configuration, request, LOCAL_RECEIPT_MS, 2 * PAYLOAD_REPLY_MAX, &answer, &words);
    if (answer != NULL && *words == '{') {
        (void)puts(words);
    } else if (answer != NULL) {
        command_complain("the command was not done (%s: %s)", o.bed, words);
    }
    free(answer);
    return result;
}

const struct command command_command = {
    .name = "command",
    .arguments = "[-c FILE] BED NAME [KEY=VALUE ...]",
    .summary = "tell a running gateway something about a bed",
    .details =
        "  -c FILE   the configuration that the gateway runs with\n"
        "  NAME      admit, discharge, transfer (to_bed), away (duration), back, assign, acknowledge (alarm_id, rev),\n"
        "            set_limit (rule, value, parameter), reset_limit (rule, parameter), test_alert (priority),\n"
        "            observe (vital, value, observed_at), retract (vital, observed_at), set_scale (scale, reason),\n"
        "            describe (attribute, value), pause (what, duration, rule), resume (what, rule),\n"
        "            set_staff (nurses, reason, until): of the whole ward, by any of its beds,\n"
        "            resend (from_seq, through_seq): delivered alerts once more, of the whole gateway\n"
        "  by=WHO    for the audit log; the user's number unless said\n\n"
        "It concerns the patient who is in the bed now, unless stay=ID says which one is meant. Prints the reply, "
        "which\n"
        "comes when what was done is stored. Exit status 1 when it was refused.\n\n"
        "  wardgate command b01 admit\n"
        "  wardgate command b01 away duration=30min\n"
        "  wardgate command b01 pause what=audio duration=2min\n"
        "  wardgate command b01 set_limit rule=spo2_low value=88\n"
        "  wardgate command b01 transfer to_bed=b02 by=nurse-17\n"
        "  wardgate command b01 observe vital=consciousness value=alert\n"
        "  wardgate command b01 set_scale scale=2 reason='target 88-92, COPD'\n"
        "  wardgate command b01 describe attribute=age value=54\n"
        "  wardgate command b01 set_staff nurses=3 reason='one ill' until=2026-01-31T23:00:00+01:00\n"
        "  wardgate command b01 resend from_seq=4711 through_seq=4800\n",
    .run = run,
};
