#include "app/cli/local.h"

#include <stdlib.h>
#include <string.h>

#include "app/cli/command.h"
#include "app/flow/local_connection.h"

char *local_ask(const char *configuration, const char *request, int wait_ms, size_t size)
{
    struct settings *settings = command_settings(configuration);
    char *answer = malloc(size);
    size_t length = 0;
    if (settings == NULL || answer == NULL) {
        settings_free(settings);
        free(answer);
        return NULL;
    }
    const enum status status = connection_ask(settings->status_socket, request, wait_ms, answer, size, &length);
    if (status != STATUS_OK) {
        command_complain("no gateway answers (%s: %s), start it with `wardgate run`", settings->status_socket,
                         status_text(status));
        free(answer);
        answer = NULL;
    }
    settings_free(settings);
    return answer;
}

bool local_ask_for(const char *configuration, const char *request, int wait_ms, size_t size, char **out_answer,
                   const char **out_words)
{
    static const char good[] = "ok ", bad[] = "failed ";
    char *answer = local_ask(configuration, request, wait_ms, size);
    const bool done = answer != NULL && strncmp(answer, good, sizeof good - 1) == 0;
    *out_answer = answer;
    *out_words = answer;
    if (done) {
        *out_words = answer + sizeof good - 1;
    } else if (answer != NULL && strncmp(answer, bad, sizeof bad - 1) == 0) {
        *out_words = answer + sizeof bad - 1;
    }
    return done;
}
