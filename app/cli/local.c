#include "app/cli/local.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/cli/command.h"
#include "app/flow/json_read.h"
#include "app/flow/local_connection.h"

/* Behind the word that an answer begins with; NULL: it begins with another. */
static const char *words_behind(const char *answer, const char *word)
{
    const size_t length = strlen(word);
    return strncmp(answer, word, length) == 0 ? answer + length : NULL;
}

int local_ask(const char *configuration, const char *request, int wait_ms, size_t size, char **out_answer,
              const char **out_words)
{
    struct settings *settings = command_settings_of_running(configuration);
    char *answer = settings != NULL ? malloc(size) : NULL;
    size_t length = 0;
    *out_answer = NULL;
    if (answer == NULL) {
        settings_free(settings);
        return settings == NULL ? COMMAND_USAGE : COMMAND_FAILED;
    }
    const enum status status = connection_ask(settings->status_socket, request, wait_ms, answer, size, &length);
    if (status != STATUS_OK) {
        command_complain("no gateway answers (%s: %s), start it with `wardgate run`", settings->status_socket,
                         status_text(status));
    }
    settings_free(settings);
    if (status != STATUS_OK) {
        free(answer);
        return COMMAND_FAILED;
    }
    const char *good = words_behind(answer, "ok "), *bad = words_behind(answer, "failed ");
    *out_answer = answer;
    *out_words = good != NULL ? good : bad != NULL ? bad : answer;
    return good != NULL ? COMMAND_OK : COMMAND_FAILED;
}

void local_reply_text(const char *words, char *out, size_t size)
{
    struct json_member members[JSON_MEMBERS_MAX];
    unsigned count = 0;
    (void)snprintf(out, size, "%s", words);
    if (!json_read_object(words, strlen(words), members, JSON_MEMBERS_MAX, &count)) {
        return;
    }
    for (unsigned i = 0; i < count; i++) {
        if (json_member_is(&members[i], "text") && !json_read_text(&members[i], out, size)) {
            (void)snprintf(out, size, "%s", words);
        }
    }
}
