#include "app/cli/local.h"

#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/cli/command.h"
#include "app/flow/json_read.h"
#include "app/flow/local_connection.h"
#include "app/settings/plain.h"

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
    plain_mask(answer, length);
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
        count = 0;
    }
    for (unsigned i = 0; i < count; i++) {
        if (json_member_is(&members[i], "text") && !json_read_text(&members[i], out, size)) {
            (void)snprintf(out, size, "%s", words);
        }
    }
    plain_mask(out, strlen(out));
}

static const char *store_advice(enum status status)
{
    switch ((int)status) {
    case STATUS_DENIED:
        return "run this as root or as the gateway's user";
    case STATUS_NOT_FOUND:
        return "start the gateway once, or name its configuration with -c";
    case STATUS_WRONG_VERSION:
        return "use the wardgate that wrote it, or start this one's gateway on it";
    case STATUS_OTHER_MACHINE:
        return "read it on the kind of machine that wrote it";
    case STATUS_CORRUPT:
        return "the gateway's next start sets it aside";
    default:
        return "try again";
    }
}

void local_become_owner(const struct settings *settings)
{
    struct stat folder;
    if (geteuid() != 0 || stat(settings->store.path, &folder) != 0 || folder.st_uid == 0) {
        return;
    }
    if (setgroups(0, NULL) != 0 || setresgid(folder.st_gid, folder.st_gid, folder.st_gid) != 0 ||
        setresuid(folder.st_uid, folder.st_uid, folder.st_uid) != 0) {
        return; /* a root without that right reads as it is */
    }
}

static struct store *open_store(const struct settings *settings)
{
    struct store *store = NULL;
    const enum status status = store_open_to_read(settings->store.path, &store);
    if (status != STATUS_OK) {
        command_complain("the store cannot be read (%s: %s), %s", settings->store.path, status_text(status),
                         store_advice(status));
        return NULL;
    }
    return store;
}

struct store *local_store(const struct settings *settings)
{
    local_become_owner(settings);
    return open_store(settings);
}

/* Who may end a program is told by the real user; the way back stands in the saved one. */
struct store *local_store_for_a_while(const struct settings *settings)
{
    struct stat folder;
    if (geteuid() == 0 && stat(settings->store.path, &folder) == 0 && folder.st_uid != 0 &&
        setresgid(folder.st_gid, folder.st_gid, 0) == 0 && setresuid(folder.st_uid, folder.st_uid, 0) != 0) {
        local_come_back();
    }
    return open_store(settings);
}

void local_come_back(void)
{
    uid_t real, effective, saved;
    if (getresuid(&real, &effective, &saved) == 0 && saved == 0 &&
        (setresuid(0, 0, 0) != 0 || setresgid(0, 0, 0) != 0)) {
        return; /* what needs root's rights then says so */
    }
}
