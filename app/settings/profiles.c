/*
 * profiles.c: finds and reads the profiles that monitors name. What is in one: profile_channel.c and profile_bit.c.
 */
#include "app/settings/profiles.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "app/engine/suggest.h"
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

static const struct profile *find_builtin(const struct load *load, const char *name)
{
    for (const struct profile *const *p = load->builtin; p != NULL && *p != NULL; p++) {
        if (strcmp((*p)->name, name) == 0) {
            return *p;
        }
    }
    return NULL;
}

/* The names of those that come with drivers of this protocol. */
static size_t list_builtin(const struct load *load, enum profile_protocol protocol,
                           const char *names[SETTINGS_PROFILES_MAX])
{
    size_t count = 0;
    for (const struct profile *const *p = load->builtin; p != NULL && *p != NULL; p++) {
        if ((*p)->protocol == protocol && count < SETTINGS_PROFILES_MAX) {
            names[count++] = (*p)->name;
        }
    }
    return count;
}

static enum profile_protocol protocol_of(enum bus_kind kind)
{
    if (kind == BUS_HL7) {
        return PROTOCOL_HL7;
    }
    return kind == BUS_SERIAL ? PROTOCOL_SERIAL : PROTOCOL_MODBUS;
}

bool profiles_fit(struct load *load, const struct node *node, const char *name, const struct bus_settings *bus)
{
    assert(load != NULL && node != NULL && name != NULL && bus != NULL);
    static const char *const words[] = {
        [PROTOCOL_MODBUS] = "a Modbus", [PROTOCOL_SERIAL] = "a serial", [PROTOCOL_HL7] = "an hl7"};
    const struct profile *builtin = find_builtin(load, name);
    const enum profile_protocol is = builtin != NULL ? builtin->protocol : PROTOCOL_MODBUS;
    const enum profile_protocol wanted = protocol_of(bus->kind);
    if (is == wanted) {
        return true;
    }
    const char *names[SETTINGS_PROFILES_MAX];
    char hint[SCHEMA_HINT_MAX] = ", give a register map (profiles/NAME.yaml)";
    if (wanted != PROTOCOL_MODBUS) {
        schema_hint(name, names, list_builtin(load, wanted, names), hint);
    }
    report_fault(load->reader.report, node, "profile %s is for %s bus, %s is %s%s", name, words[is], bus->name,
                 bus_kind_word(bus->kind), hint);
    return false;
}

/* A profile that nobody has: perhaps one that is there, misspelt. */
static void report_none(struct load *load, const struct node *node, const char *beside, const char *installed)
{
    const char *names[3 * SETTINGS_PROFILES_MAX];
    const char *folder = file_folder(beside, load->trees);
    size_t count = folder != NULL ? file_list(folder, ".yaml", load->trees, names, SETTINGS_PROFILES_MAX) : 0;
    count += file_list(FILE_INSTALL_FOLDER "/profiles", ".yaml", load->trees, names + count, SETTINGS_PROFILES_MAX);
    count += list_builtin(load, PROTOCOL_MODBUS, names + count);
    const char *near = suggest(node->text, strlen(node->text), names, count);
    if (near != NULL) {
        report_fault(load->reader.report, node, "there is no profile \"%s\", did you mean \"%s\"?", node->text, near);
    } else {
        report_fault(load->reader.report, node,
                     "there is no profile \"%s\": neither %s nor %s is there" FILE_INSTALL_HINT, node->text, beside,
                     installed);
    }
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
    report_none(load, node, beside, installed);
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
    struct profile_channel *channels = POOL_TAKE(reader->pool, struct profile_channel, entries->child_count);
    if (channels == NULL) {
        return false;
    }
    profile->channels = channels;
    for (const struct node *node = entries->first; node != NULL; node = node->next) {
        const enum vital vital = profile_find_vital(reader, node, node->key);
        if (vital == VITAL_NONE) {
            is_sound = false;
        } else {
            nodes[vital] = node;
        }
    }
    for (unsigned i = 0; i < VITAL_COUNT; i++) {
        struct profile_channel *channel = &channels[profile->channel_count];
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
    struct profile_bit *bits = POOL_TAKE(reader->pool, struct profile_bit, entries->child_count);
    if (bits == NULL) {
        return false;
    }
    profile->bits = bits;
    for (const struct node *node = entries->first; node != NULL; node = node->next) {
        if (profile_read_bit(reader, node, channels, &bits[profile->bit_count])) {
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

/* The name that a profile's file gives it: NAME.yaml. NULL: it is no such file, or there is no memory. */
static const char *name_of_file(const char *file, struct pool *pool)
{
    const char *name = file_name(file), *end = strrchr(name, '.');
    const bool is_yaml = end != NULL && strcmp(end, ".yaml") == 0;
    return is_yaml ? pool_text(pool, name, (size_t)(end - name)) : NULL;
}

bool settings_load_profile(const char *file, struct profile_room *out, struct settings_report *report)
{
    assert(file != NULL && out != NULL && report != NULL);
    struct pool pool;
    struct profile profile = {.name = ""};
    report_init(report, file);
    pool_init(&pool, LOAD_BYTES_MAX);
    const struct reader reader = {&pool, report};
    const char *name = name_of_file(file, &pool);
    const struct node *root = name != NULL ? document_read(file, &pool, report) : NULL;
    if (name == NULL) {
        report_file_fault(report, (struct settings_mark){file, 0, 0}, "", 0,
                          "a profile is in a file of its name, NAME.yaml");
    }
    const bool is_sound = root != NULL && read_profile(&reader, root, name, &profile) && report->fault_count == 0;
    if (pool.is_exhausted) {
        report_file_fault(report, (struct settings_mark){file, 0, 0}, "", 0,
                          "the profile needs more memory than there is, make it smaller");
    }
    const bool is_good = is_sound && !pool.is_exhausted;
    if (is_good) {
        profile_copy(&profile, out);
    }
    pool_fini(&pool);
    report_sort(report);
    return is_good;
}

/* Of two profiles with one name nobody could say which is meant. */
static bool copy_builtin(struct load *load, const struct node *node, const struct profile *builtin,
                         struct profile *profile)
{
    const char *name = pool_format(load->trees, "profiles/%s.yaml", builtin->name);
    const char *beside = name != NULL ? file_path(load->folder, name, load->trees) : NULL;
    if (beside == NULL) {
        return false;
    }
    if (file_is_there(beside)) {
        report_fault(load->reader.report, node,
                     "the profile %s comes with the gateway, and %s has the same name: give the file another one",
                     builtin->name, beside);
        return false;
    }
    *profile = *builtin;
    return true;
}

static bool read_named(struct load *load, const struct node *node, struct profile *profile)
{
    const struct profile *builtin = find_builtin(load, node->text);
    if (builtin != NULL) {
        return copy_builtin(load, node, builtin, profile);
    }
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
        load->profile_is_sound[i] = read_named(load, load->profile_nodes[i], &load->profiles[i]);
    }
    mark_beds(load);
    return true;
}
