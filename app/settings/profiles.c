/*
 * profiles.c: finds and reads the profiles that monitors name. What is in one: profile_channel.c and profile_bit.c.
 */
#include "app/settings/profiles.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "app/settings/file.h"
#include "app/settings/load.h"

bool profiles_refer(struct load *load, const struct node *node, const char *name, uint16_t *out)
{
    assert(load != NULL && node != NULL && name != NULL && out != NULL);
    const uint16_t count = load->settings->profile_count;
    for (uint16_t i = 0; i < count; i++) {
        if (strcmp(load->profile_nodes[i]->text, name) == 0) {
            *out = i;
            return true;
        }
    }
    if (count == SETTINGS_PROFILES_MAX) {
        report_fault(load->reader.report, node, "too many profiles, at most %d", SETTINGS_PROFILES_MAX);
        return false;
    }
    load->profile_nodes[count] = node;
    load->settings->profile_count++;
    *out = count;
    return true;
}

/* Beside the configuration, else where the package installs it. NULL: reported. */
static const char *find_file(struct load *load, const struct node *node)
{
    const char *name = pool_format(load->trees, "profiles/%s.yaml", node->text);
    if (name == NULL) {
        return NULL;
    }
    const char *beside = file_path(load->folder, name, load->reader.pool);
    const char *installed = file_path(FILE_INSTALL_FOLDER, name, load->reader.pool);
    if (beside == NULL || installed == NULL) {
        return NULL;
    }
    if (file_is_there(beside)) {
        return beside;
    }
    if (file_is_there(installed)) {
        return installed;
    }
    report_fault(load->reader.report, node, "there is no profile \"%s\": neither %s nor %s is there", node->text,
                 beside, installed);
    return NULL;
}

static bool read_identity(const struct reader *reader, const struct node *node, struct profile *profile)
{
    struct identity_keys keys = {.count = 0};
    if (node == NULL) {
        return true;
    }
    if (!section_read(reader, node, &identity_section, &keys)) {
        return false;
    }
    if (keys.reg + keys.count > UINT16_MAX + 1) {
        report_fault(reader->report, node, "goes beyond register 65535");
        return false;
    }
    profile->identity_register = (uint16_t)keys.reg;
    profile->identity_count = (uint8_t)keys.count;
    return true;
}

/* By vital, so that channels come in list order whatever the file's order. */
static bool read_channels(const struct reader *reader, const struct node *entries, struct profile *profile)
{
    bool is_sound = true;
    const struct node *nodes[VITAL_COUNT] = {NULL};
    for (const struct node *node = entries->first; node != NULL; node = node->next) {
        const enum vital vital = profile_find_vital(reader, node, node->key);
        if (vital == VITAL_NONE) {
            is_sound = false;
        } else {
            nodes[vital] = node;
        }
    }
    for (unsigned i = 0; i < VITAL_COUNT; i++) {
        struct profile_channel *channel = &profile->channels[profile->channel_count];
        if (nodes[i] == NULL) {
            continue;
        }
        if (profile_read_channel(reader, nodes[i], (enum vital)i, profile->poll_interval_ms, channel)) {
            profile->channel_count++;
        } else {
            is_sound = false;
        }
    }
    return is_sound;
}

static bool read_bits(const struct reader *reader, const struct node *entries, const struct node *channels,
                      struct profile *profile)
{
    if (entries == NULL) {
        return true;
    }
    if (entries->child_count > PROFILE_BITS_MAX) {
        report_key_fault(reader->report, entries, "%u bits, at most %d", entries->child_count, PROFILE_BITS_MAX);
        return false;
    }
    bool is_sound = true;
    for (const struct node *node = entries->first; node != NULL; node = node->next) {
        if (profile_read_bit(reader, node, channels, &profile->bits[profile->bit_count])) {
            profile->bit_count++;
        } else {
            is_sound = false;
        }
    }
    return is_sound;
}

static bool read_name(const struct reader *reader, const struct node *root, const struct profile_keys *keys,
                      const char *name, struct profile *profile)
{
    if (keys->profile == NULL) {
        return false;
    }
    if (strcmp(keys->profile, name) != 0) {
        report_fault(reader->report, node_child(root, "profile"),
                     "is \"%s\", but the file is that of \"%s\": make them the same", keys->profile, name);
        return false;
    }
    (void)snprintf(profile->name, sizeof profile->name, "%s", keys->profile);
    (void)snprintf(profile->title, sizeof profile->title, "%s", keys->title != NULL ? keys->title : keys->profile);
    return true;
}

static bool read_profile(const struct reader *reader, const struct node *root, const char *name,
                         struct profile *profile)
{
    struct profile_keys keys = {.poll_interval = 0};
    bool is_sound = section_read(reader, root, &profile_section, &keys);
    is_sound = read_name(reader, root, &keys, name, profile) && is_sound;
    profile->poll_interval_ms = (uint32_t)keys.poll_interval;
    is_sound = read_identity(reader, keys.identity, profile) && is_sound;
    if (keys.channels == NULL) {
        return false;
    }
    is_sound = read_channels(reader, keys.channels, profile) && is_sound;
    return read_bits(reader, keys.bits, keys.channels, profile) && is_sound;
}

static bool read_file(struct load *load, const struct node *node, struct profile *profile)
{
    const char *file = find_file(load, node);
    const struct node *root = file != NULL ? document_read(file, load->trees, load->reader.report) : NULL;
    return root != NULL && read_profile(&load->reader, root, node->text, profile);
}

/* A bed stands on the profiles of all its monitors. */
static void mark_beds(struct load *load)
{
    const struct node *entries = node_child(load->root, "beds");
    load->are_beds_sound = load->settings->bed_count > 0 && load->settings->bed_count == entries->child_count;
    for (uint16_t i = 0; i < load->settings->bed_count; i++) {
        const struct bed_settings *bed = &load->beds[i];
        for (uint8_t j = 0; j < bed->monitor_count; j++) {
            load->bed_is_sound[i] = load->bed_is_sound[i] && load->profile_is_sound[bed->monitors[j].profile];
        }
        load->are_beds_sound = load->are_beds_sound && load->bed_is_sound[i];
    }
}

bool profiles_read(struct load *load)
{
    assert(load != NULL);
    const uint16_t count = load->settings->profile_count;
    load->profiles = POOL_TAKE(load->reader.pool, struct profile, count);
    load->settings->profiles = load->profiles;
    if (load->profiles == NULL) {
        return false;
    }
    for (uint16_t i = 0; i < count; i++) {
        load->profile_is_sound[i] = read_file(load, load->profile_nodes[i], &load->profiles[i]);
    }
    mark_beds(load);
    return true;
}
