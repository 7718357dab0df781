#include "app/update/stick.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "app/settings/plain.h"
#include "app/update/record.h"
#include "hal/clock.h"

#define ENDING ".raucb"

/* A line. Names of files are whatever somebody wrote onto the stick, and consoles show them. */
static void PRINTF_LIKE(2, 3) add(struct stick *s, const char *format, ...)
{
    const size_t used = strlen(s->text);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(s->text + used, sizeof s->text - used, format, arguments);
    va_end(arguments);
    const size_t end = strlen(s->text);
    plain_mask_line(s->text + used, end - used);
    if (end + 1 < sizeof s->text) {
        memcpy(s->text + end, "\n", 2);
    }
}

static int is_bundle(const struct dirent *entry)
{
    const size_t length = strlen(entry->d_name), ending = strlen(ENDING);
    return length > ending && entry->d_name[0] != '.' && strcasecmp(entry->d_name + length - ending, ENDING) == 0;
}

/* Installed in an earlier boot, and not what runs: it was given up, which is noted only when RAUC has said what runs (good_look_back). */
static bool was_tried(const struct record_of_update *pending)
{
    char boot[37] = "";
    clock_boot_id(boot);
    return strcmp(pending->state, "installed") == 0 && strcmp(pending->boot, boot) != 0;
}

/* A stick that stays plugged in would try it again at each start. */
static bool was_given_up(const struct update_box *box, const struct bundle *bundle, char *reason, size_t size)
{
    struct record_of_update record;
    bool found = record_read(box->data, "failed", &record) && strcmp(record.bundle, bundle->hash_text) == 0;
    if (!found) {
        found = record_read(box->data, "pending", &record) && strcmp(record.bundle, bundle->hash_text) == 0 &&
                was_tried(&record);
    }
    if (found) {
        (void)snprintf(reason, size, "%s", record.reason[0] != '\0' ? record.reason : "it does not run");
    }
    return found;
}

static void look_at(const struct update_box *box, const char *folder, const char *name, struct stick *s)
{
    struct bundle bundle;
    struct install_verdict verdict;
    char path[STICK_PATH_MAX], reason[RECORD_VALUE_MAX];
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path) {
        add(s, "%s: its name is too long", name);
    } else if (!install_check(box, path, false, &bundle, &verdict)) {
        const size_t above = strncmp(verdict.text, path, strlen(path)) == 0 ? strlen(folder) + 1 : 0;
        add(s, "%s", verdict.text + above);
    } else if (was_given_up(box, &bundle, reason, sizeof reason)) {
        add(s, "%s (%s) was tried before and given up (%s); `wardgate update FILE` tries it again", name,
            bundle.version, reason);
    } else {
        add(s, "%s brings %s", name, bundle.version);
        s->fits++;
        s->bundle = bundle;
        memcpy(s->file, path, sizeof path);
    }
}

bool stick_choose(const struct update_box *box, const char *folder, struct stick *out)
{
    struct dirent **names = NULL;
    *out = (struct stick){.count = 0};
    const int count = scandir(folder, &names, is_bundle, alphasort);
    if (count < 0) {
        add(out, "the stick cannot be read (%s), try another one", strerror(errno));
        return false;
    }
    out->count = (unsigned)count;
    for (int i = 0; i < count; i++) {
        if (i < STICK_FILES_MAX) {
            look_at(box, folder, names[i]->d_name, out);
        }
        free(names[i]);
    }
    free(names);
    if (count == 0) {
        add(out, "there is no update on this stick (no file wardgate-VERSION.raucb beside this one)");
    } else if (out->fits > 1 || count > STICK_FILES_MAX) {
        add(out, "Nothing is installed: leave the one update on the stick that this box is to take.");
    } else if (out->fits == 0) {
        add(out, "Nothing is installed.");
    }
    return out->fits == 1 && count <= STICK_FILES_MAX;
}
