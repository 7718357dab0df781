#include "app/update/slots.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/update/tool.h"

#define WAIT_MS 60000

/* ---- system.conf ---- */

static void take_setting(const char *line, const char *key, char *out)
{
    const size_t length = strlen(key);
    if (strncmp(line, key, length) == 0 && line[length] == '=') {
        (void)snprintf(out, SLOT_WORD_MAX, "%.*s", (int)strcspn(line + length + 1, "\r\n"), line + length + 1);
    }
}

bool slots_system(const char *file, struct slots_system *out)
{
    char line[SLOT_WORD_MAX + 64], section[SLOT_WORD_MAX] = "";
    FILE *in = fopen(file, "re");
    *out = (struct slots_system){.compatible = ""};
    if (in == NULL) {
        return false;
    }
    while (fgets(line, sizeof line, in) != NULL) {
        if (line[0] == '[') {
            (void)snprintf(section, sizeof section, "%.*s", (int)strcspn(line + 1, "]\n"), line + 1);
        } else if (strcmp(section, "system") == 0) {
            take_setting(line, "compatible", out->compatible);
            take_setting(line, "grubenv", out->grubenv);
        } else if (strcmp(section, "keyring") == 0) {
            take_setting(line, "path", out->keyring);
        }
    }
    (void)fclose(in);
    return strncmp(out->compatible, "wardgate-", strlen("wardgate-")) == 0;
}

/* ---- the kernel's arguments ---- */

bool slots_started(const char *file, char *out)
{
    static const char mark[] = "rauc.slot=";
    char line[4096]; /* the kernel's own limit is 2048 */
    FILE *in = file != NULL ? fopen(file, "re") : NULL;
    const char *found = in != NULL && fgets(line, sizeof line, in) != NULL ? strstr(line, mark) : NULL;
    const char *name = found != NULL ? found + sizeof mark - 1 : "";
    (void)snprintf(out, SLOT_WORD_MAX, "%.*s", (int)strcspn(name, " \n"), name);
    if (in != NULL) {
        (void)fclose(in);
    }
    return out[0] != '\0';
}

/* ---- rauc status ---- */

/* KEY='value', as a shell would read it. */
static bool read_value(const char *line, char *key, size_t key_size, char *out, size_t size)
{
    const size_t length = strcspn(line, "=");
    size_t used = 0;
    if (line[length] != '=' || length >= key_size) {
        return false;
    }
    memcpy(key, line, length);
    key[length] = '\0';
    bool quoted = false;
    for (const char *c = line + length + 1; *c != '\0' && used + 1 < size; c++) {
        if (*c == '\'') {
            quoted = !quoted;
        } else if (*c == '\\' && !quoted && c[1] != '\0') {
            out[used++] = *++c;
        } else {
            out[used++] = *c;
        }
    }
    out[used] = '\0';
    return true;
}

/* `RAUC_SLOT_DEVICE_2`: of which slot, when it is this key's. */
static struct slot *slot_of(struct slots *slots, const char *key, const char *wanted)
{
    const size_t length = strlen(wanted);
    if (strncmp(key, wanted, length) != 0 || key[length] < '1' || key[length] > '0' + SLOTS_MAX ||
        key[length + 1] != '\0') {
        return NULL;
    }
    const unsigned number = (unsigned)(key[length] - '0');
    slots->count = number > slots->count ? number : slots->count;
    return &slots->slots[number - 1];
}

static void hear(void *context, const char *line)
{
    struct slots *slots = context;
    char key[64], value[SLOT_WORD_MAX];
    struct slot *slot = NULL;
    if (!read_value(line, key, sizeof key, value, sizeof value)) {
        (void)snprintf(slots->said, sizeof slots->said, "%.*s", SLOT_WORD_MAX - 1, line);
    } else if (strcmp(key, "RAUC_SYSTEM_COMPATIBLE") == 0) {
        memcpy(slots->compatible, value, sizeof value);
    } else if (strcmp(key, "RAUC_BOOT_PRIMARY") == 0) {
        memcpy(slots->next, value, sizeof value);
    } else if (strcmp(key, "RAUC_SYSTEM_SLOTS") == 0) {
        (void)sscanf(value, "%255s %255s", slots->slots[0].id, slots->slots[1].id);
    } else if ((slot = slot_of(slots, key, "RAUC_SLOT_STATE_")) != NULL) {
        slot->runs = strcmp(value, "booted") == 0;
    } else if ((slot = slot_of(slots, key, "RAUC_SLOT_DEVICE_")) != NULL) {
        memcpy(slot->device, value, sizeof value);
    } else if ((slot = slot_of(slots, key, "RAUC_SLOT_BOOTNAME_")) != NULL) {
        memcpy(slot->name, value, sizeof value);
    } else if ((slot = slot_of(slots, key, "RAUC_SLOT_BOOT_STATUS_")) != NULL) {
        slot->good = strcmp(value, "good") == 0;
    } else if ((slot = slot_of(slots, key, "RAUC_SLOT_STATUS_BUNDLE_VERSION_")) != NULL) {
        memcpy(slot->version, value, sizeof value);
    }
}

enum status slots_read(struct slots *out)
{
    static const char *const arguments[] = {"rauc", "status", "--detailed", "--output-format=shell", NULL};
    *out = (struct slots){.count = 0};
    const int end = tool_run(arguments, WAIT_MS, hear, out);
    if (end != 0 || out->count == 0) {
        return end == TOOL_MISSING ? STATUS_NOT_FOUND : STATUS_IO;
    }
    for (unsigned i = 0; i < out->count; i++) {
        if (strcmp(out->next, out->slots[i].id) == 0) {
            memcpy(out->next, out->slots[i].name, sizeof out->next);
            break;
        }
    }
    return STATUS_OK;
}

const struct slot *slots_running(const struct slots *slots)
{
    for (unsigned i = 0; i < slots->count; i++) {
        if (slots->slots[i].runs) {
            return &slots->slots[i];
        }
    }
    return NULL;
}

const struct slot *slots_other(const struct slots *slots)
{
    for (unsigned i = 0; i < slots->count && slots_running(slots) != NULL; i++) {
        if (!slots->slots[i].runs) {
            return &slots->slots[i];
        }
    }
    return NULL;
}

uint64_t slot_bytes(const struct slot *slot)
{
    const int fd = open(slot->device, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    const off_t end = fd >= 0 ? lseek(fd, 0, SEEK_END) : 0;
    if (fd >= 0) {
        (void)close(fd);
    }
    return end > 0 ? (uint64_t)end : 0;
}

/* ---- marks ---- */

static enum status succeeds(const char *const *arguments)
{
    const int end = tool_run(arguments, WAIT_MS, NULL, NULL);
    return end == 0 ? STATUS_OK : end == TOOL_MISSING ? STATUS_NOT_FOUND : STATUS_IO;
}

enum status slots_mark_good(void)
{
    static const char *const arguments[] = {"rauc", "status", "mark-good", NULL};
    return succeeds(arguments);
}

enum status slots_mark_other_bad(void)
{
    static const char *const arguments[] = {"rauc", "status", "mark-bad", "other", NULL};
    return succeeds(arguments);
}

enum status slots_set_proven(const struct slots_system *system, const char *name, bool proven)
{
    char setting[SLOT_WORD_MAX + 16];
    (void)snprintf(setting, sizeof setting, "%s_PROVEN=%d", name, proven ? 1 : 0);
    const char *const arguments[] = {"grub-editenv", system->grubenv, "set", setting, NULL};
    return system->grubenv[0] == '\0' ? STATUS_OK : succeeds(arguments);
}

struct search {
    const char *line;
    bool is_found;
};

static void compare(void *context, const char *line)
{
    struct search *search = context;
    search->is_found = search->is_found || strcmp(line, search->line) == 0;
}

bool slots_is_proven(const struct slots_system *system, const char *name)
{
    char setting[SLOT_WORD_MAX + 16];
    (void)snprintf(setting, sizeof setting, "%s_PROVEN=1", name);
    struct search search = {.line = setting};
    const char *const arguments[] = {"grub-editenv", system->grubenv, "list", NULL};
    return system->grubenv[0] != '\0' && tool_run(arguments, WAIT_MS, compare, &search) == 0 && search.is_found;
}
