#include "app/cli/probe_profiles.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/cli/command.h"
#include "app/gateway.h"
#include "app/settings/file.h"

enum { PATH_SIZE = 1024 };

static bool is_profile(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return entry->d_name[0] != '.' && dot != NULL && strcmp(dot, ".yaml") == 0;
}

static bool is_known(const struct probe_profiles *profiles, const char *name)
{
    for (unsigned i = 0; i < profiles->count; i++) {
        if (strcmp(profiles->read[i].profile.name, name) == 0) {
            return true;
        }
    }
    return false;
}

static void load_file(const char *path, struct probe_profiles *out)
{
    struct settings_report *report = calloc(1, sizeof *report);
    struct profile_room *room = &out->read[out->count];
    if (report == NULL) {
        return;
    }
    if (!settings_load_profile(path, room, report)) {
        settings_print_report(report, stderr, isatty(STDERR_FILENO) == 1);
    } else if (!is_known(out, room->profile.name)) {
        out->count++;
    }
    free(report);
}

static void load_folder(const char *folder, struct probe_profiles *out)
{
    DIR *directory = opendir(folder);
    if (directory == NULL) {
        return;
    }
    for (const struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        char path[PATH_SIZE];
        const int length = snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (is_profile(entry) && length > 0 && (size_t)length < sizeof path && out->count < SETTINGS_PROFILES_MAX) {
            load_file(path, out);
        }
    }
    (void)closedir(directory);
}

static void load_folders(const char *configuration, const char *folder, struct probe_profiles *out)
{
    char beside[PATH_SIZE];
    const char *slash = strrchr(configuration, '/');
    if (folder != NULL) {
        load_folder(folder, out);
        return;
    }
    (void)snprintf(beside, sizeof beside, "%.*sprofiles", slash != NULL ? (int)(slash - configuration + 1) : 0,
                   configuration);
    load_folder(beside, out);
    load_folder(FILE_INSTALL_FOLDER "/profiles", out);
}

bool probe_profiles_load(const char *configuration, const char *folder, struct probe_profiles *out)
{
    const struct profile *const *builtin = gateway_profiles();
    *out = (struct probe_profiles){.read = calloc(SETTINGS_PROFILES_MAX + 1, sizeof *out->read),
                                   .all = calloc(2 * SETTINGS_PROFILES_MAX + 1, sizeof(struct profile *))};
    if (out->read == NULL || out->all == NULL) {
        command_complain("out of memory, free some and try again");
        probe_profiles_free(out);
        return false;
    }
    load_folders(configuration, folder, out);
    unsigned all = 0;
    for (; all < out->count; all++) {
        out->all[all] = &out->read[all].profile;
    }
    for (; *builtin != NULL && all < 2 * SETTINGS_PROFILES_MAX; builtin++) {
        out->all[all++] = *builtin;
    }
    return true;
}

void probe_profiles_free(struct probe_profiles *profiles)
{
    free(profiles->read);
    free(profiles->all);
    *profiles = (struct probe_profiles){.count = 0};
}
