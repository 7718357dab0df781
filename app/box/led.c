#include "app/box/led.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct pattern {
    const char *on_ms, *off_ms; /* NULL: it does not blink */
    bool lit;                   /* where it cannot blink */
};

static const struct pattern patterns[] = {
    [BOX_STATE_NOTHING] = {"100", "1900", false},  [BOX_STATE_NOT_RUNNING] = {"100", "1900", false},
    [BOX_STATE_STARTING] = {"100", "1900", false}, [BOX_STATE_LOST] = {"500", "500", false},
    [BOX_STATE_WRONG] = {"100", "100", false},     [BOX_STATE_NO_MONITORS] = {"500", "500", false},
    [BOX_STATE_NO_BROKER] = {"1900", "100", true}, [BOX_STATE_NOT_KEPT] = {"900", "100", true},
    [BOX_STATE_FAULTY] = {"900", "100", true},     [BOX_STATE_FULL] = {"900", "100", true},
    [BOX_STATE_WATCHES] = {NULL, NULL, true},
};

/* The smaller the better; 0: not one of ours. */
static unsigned rank(const char *name)
{
    const size_t length = strlen(name);
    if (strcmp(name, "wardgate") == 0) {
        return 1;
    }
    if (length > 7 && strcmp(name + length - 7, ":status") == 0) {
        return 2;
    }
    if (strstr(name, "status") != NULL) {
        return 3;
    }
    return strcmp(name, "ACT") == 0 ? 4 : strcmp(name, "led0") == 0 ? 5 : 0;
}

bool led_find(const char *folder, const char *wanted, char out[LED_NAME_MAX])
{
    assert(folder != NULL && wanted != NULL && out != NULL);
    const bool is_auto = strcmp(wanted, "auto") == 0;
    unsigned best = 0;
    DIR *directory = strcmp(wanted, "none") != 0 ? opendir(folder) : NULL;
    const struct dirent *entry = NULL;
    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        const unsigned mine = is_auto ? rank(entry->d_name) : strcmp(entry->d_name, wanted) == 0 ? 1 : 0;
        if (mine != 0 && (best == 0 || mine < best) && strlen(entry->d_name) < LED_NAME_MAX) {
            best = mine;
            memcpy(out, entry->d_name, strlen(entry->d_name) + 1);
        }
    }
    if (directory != NULL) {
        (void)closedir(directory);
    }
    return best != 0;
}

static bool set(const char *folder, const char *name, const char *attribute, const char *value)
{
    char path[PUBLISH_PATH_MAX];
    const int length = snprintf(path, sizeof path, "%s/%s/%s", folder, name, attribute);
    const int fd = length > 0 && (size_t)length < sizeof path ? open(path, O_WRONLY | O_TRUNC | O_CLOEXEC) : -1;
    const bool is_set = fd >= 0 && write(fd, value, strlen(value)) == (ssize_t)strlen(value);
    if (fd >= 0) {
        (void)close(fd);
    }
    return is_set;
}

enum status led_show(const char *folder, const char *name, enum box_state state)
{
    assert(folder != NULL && name != NULL && (unsigned)state < sizeof patterns / sizeof patterns[0]);
    const struct pattern *pattern = &patterns[state];
    if (pattern->on_ms != NULL && set(folder, name, "trigger", "timer") &&
        set(folder, name, "delay_on", pattern->on_ms) && set(folder, name, "delay_off", pattern->off_ms)) {
        return STATUS_OK;
    }
    (void)set(folder, name, "trigger", "none");
    return set(folder, name, "brightness", pattern->lit ? "255" : "0") ? STATUS_OK : STATUS_IO;
}
