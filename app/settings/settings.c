/*
 * settings.c: loads a configuration as a whole, or not at all.
 */
#include "app/settings/settings.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "app/settings/file.h"
#include "app/settings/load.h"

/* The settings and the memory that they live in. */
struct owner {
    struct settings settings;
    struct pool pool;
};

static bool make_room(struct load *load, const char *file)
{
    struct pool *pool = load->reader.pool;
    load->settings->file = pool_text(pool, file, strlen(file));
    load->folder = file_folder(file, pool);
    load->buses = POOL_TAKE(pool, struct bus_settings, SETTINGS_BUSES_MAX);
    load->beds = POOL_TAKE(pool, struct bed_settings, SETTINGS_BEDS_MAX);
    load->settings->buses = load->buses;
    load->settings->beds = load->beds;
    return !pool->is_exhausted;
}

/* In the order in which they were read. */
static void keep_files(struct load *load)
{
    uint16_t count = 0;
    for (const struct pool_file *file = load->trees->newest_file; file != NULL; file = file->before) {
        count++;
    }
    const char **files = POOL_TAKE(load->reader.pool, const char *, count);
    uint16_t place = files != NULL ? count : 0;
    load->settings->files = files;
    load->settings->file_count = place;
    for (const struct pool_file *file = load->trees->newest_file; place > 0; file = file->before) {
        files[--place] = pool_text(load->reader.pool, file->path, strlen(file->path));
    }
}

static void read_all(struct load *load, const char *file)
{
    if (make_room(load, file)) {
        load->root = document_read(load->settings->file, load->trees, load->reader.report);
    }
    if (load->root != NULL) {
        ward_read(load);
    }
    load->settings->files_digest = load->trees->files_digest;
    keep_files(load);
    if (load->reader.pool->is_exhausted || load->trees->is_exhausted) {
        report_file_fault(load->reader.report, (struct settings_mark){file, 0, 0}, "", 0,
                          "the configuration needs more memory than there is, make it smaller");
    }
}

bool load_within(const char *file, size_t bytes_max, const struct profile *const *builtin, struct settings **out,
                 struct settings_report *report)
{
    assert(file != NULL && out != NULL && report != NULL);
    *out = NULL;
    report_init(report, file);
    struct owner *owner = calloc(1, sizeof *owner);
    if (owner == NULL) {
        report_file_fault(report, (struct settings_mark){file, 0, 0}, "", 0, "out of memory");
        return false;
    }
    struct pool trees;
    pool_init(&owner->pool, bytes_max);
    pool_init(&trees, bytes_max);
    struct load load = {
        .reader = {&owner->pool, report}, .trees = &trees, .builtin = builtin, .settings = &owner->settings};
    read_all(&load, file);
    pool_fini(&trees);
    report_sort(report);
    if (report->fault_count > 0) {
        settings_free(&owner->settings);
        return false;
    }
    *out = &owner->settings;
    return true;
}

bool settings_load(const char *file, const struct profile *const *builtin, struct settings **out,
                   struct settings_report *report)
{
    return load_within(file, LOAD_BYTES_MAX, builtin, out, report);
}

void settings_free(struct settings *settings)
{
    if (settings == NULL) {
        return;
    }
    struct owner *owner = (struct owner *)settings; /* its first member */
    pool_fini(&owner->pool);
    free(owner);
}

uint32_t settings_bed_vitals(const struct settings *settings, uint16_t bed)
{
    assert(settings != NULL && bed < settings->bed_count);
    uint32_t vitals = ENTRY_ONLY;
    for (uint8_t i = 0; i < settings->beds[bed].monitor_count; i++) {
        const struct profile *profile = &settings->profiles[settings->beds[bed].monitors[i].profile];
        for (uint8_t j = 0; j < profile->channel_count; j++) {
            vitals |= UINT32_C(1) << (unsigned)profile->channels[j].vital;
        }
    }
    return vitals;
}

uint32_t settings_rule_vitals(const struct rule *rule)
{
    assert(rule != NULL);
    return rule->when.vitals | rule->clear.vitals;
}
