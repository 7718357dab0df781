#include "app/backup/manifest.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "app/flow/json.h"
#include "app/flow/timebase.h"

enum { LINE_MAX_BYTES = 4096 };

static bool write_head(const struct manifest *m, struct json_lines *out)
{
    char line[LINE_MAX_BYTES];
    struct json json;
    json_begin(&json, line, sizeof line);
    json_text(&json, "kind", "backup");
    json_unsigned(&json, "format", MANIFEST_FORMAT);
    json_time(&json, "made", m->made_ms);
    json_text(&json, "wardgate", m->wardgate);
    json_text(&json, "gateway", m->gateway);
    json_text(&json, "site", m->site);
    json_text(&json, "ward", m->ward);
    json_text(&json, "configuration", m->configuration);
    json_text(&json, "epoch", m->epoch);
    json_unsigned(&json, "schema", m->schema);
    json_unsigned(&json, "engine_ms", m->engine_ms < 0 ? 0 : (uint64_t)m->engine_ms);
    json_text(&json, "user", m->user);
    json_text(&json, "group", m->group);
    return json_lines_add(out, line, json_end(&json));
}

static bool write_file(const struct manifest_file *file, struct json_lines *out)
{
    char line[LINE_MAX_BYTES];
    struct json json;
    json_begin(&json, line, sizeof line);
    json_text(&json, "kind", "file");
    json_text(&json, "name", file->name);
    json_text(&json, "path", file->path);
    json_unsigned(&json, "mode", file->mode);
    json_text(&json, "user", file->user);
    json_text(&json, "group", file->group);
    return json_lines_add(out, line, json_end(&json));
}

bool manifest_write(const struct manifest *m, struct json_lines *out)
{
    assert(m != NULL && out != NULL);
    bool is_whole = write_head(m, out);
    for (unsigned i = 0; i < m->count && is_whole; i++) {
        is_whole = write_file(&m->files[i], out);
    }
    return is_whole;
}

#define WORD(line, key, place) json_line_words((line), (key), (place), sizeof(place))

static bool read_time(const struct json_line *line, int64_t *out_ms)
{
    char text[TIME_TEXT_MAX + 1];
    return WORD(line, "made", text) && time_read(text, out_ms);
}

static bool read_head(const struct json_line *line, struct manifest *out)
{
    uint64_t engine_ms = 0, schema = 0;
    const bool is_whole = read_time(line, &out->made_ms) && WORD(line, "wardgate", out->wardgate) &&
                          WORD(line, "gateway", out->gateway) && WORD(line, "site", out->site) &&
                          WORD(line, "ward", out->ward) && WORD(line, "configuration", out->configuration) &&
                          WORD(line, "epoch", out->epoch) && WORD(line, "user", out->user) &&
                          WORD(line, "group", out->group) && json_line_number(line, "schema", UINT32_MAX, &schema) &&
                          json_line_number(line, "engine_ms", INT64_MAX / 2, &engine_ms);
    out->schema = (uint32_t)schema;
    out->engine_ms = (int64_t)engine_ms;
    return is_whole;
}

/* Where it stood must be a path that says where without going back. */
static bool is_absolute(const char *path)
{
    return path[0] == '/' && strstr(path, "/../") == NULL && strstr(path, "//") == NULL &&
           strstr(path, "/./") == NULL && strlen(path) > 1 && path[strlen(path) - 1] != '/' &&
           strcmp(path + strlen(path) - 2, "..") != 0;
}

static bool is_ours(const char *name)
{
    return archive_is_name(name) && (strncmp(name, MANIFEST_CONFIG, strlen(MANIFEST_CONFIG)) == 0 ||
                                     strncmp(name, MANIFEST_OUTSIDE, strlen(MANIFEST_OUTSIDE)) == 0);
}

static bool read_file(const struct json_line *line, struct manifest *out)
{
    if (out->count == MANIFEST_FILES_MAX) {
        return false;
    }
    struct manifest_file *file = &out->files[out->count];
    uint64_t mode = 0;
    const bool is_whole = WORD(line, "name", file->name) && WORD(line, "path", file->path) &&
                          json_line_number(line, "mode", 0777, &mode) && WORD(line, "user", file->user) &&
                          WORD(line, "group", file->group);
    file->mode = (unsigned)mode;
    out->count += is_whole ? 1 : 0;
    return is_whole && is_ours(file->name) && is_absolute(file->path);
}

static bool wrong(char why[ARCHIVE_WHY_MAX], const char *what)
{
    (void)snprintf(why, ARCHIVE_WHY_MAX, "%s", what);
    return false;
}

bool manifest_read(const unsigned char *bytes, size_t size, struct manifest *out, char why[ARCHIVE_WHY_MAX])
{
    assert(out != NULL && why != NULL);
    struct json_walk walk = {(const char *)bytes, (const char *)bytes + size, 0};
    struct json_line line;
    uint64_t format = 0;
    char kind[16];
    bool is_sound = false;
    *out = (struct manifest){.count = 0};
    if (!json_lines_next(&walk, &line, &is_sound) || !WORD(&line, "kind", kind) || strcmp(kind, "backup") != 0 ||
        !json_line_number(&line, "format", UINT32_MAX, &format)) {
        return wrong(why, "its manifest is none");
    }
    if (format > MANIFEST_FORMAT) {
        return wrong(why, "it is of a newer wardgate, use that one");
    }
    if (!read_head(&line, out)) {
        return wrong(why, "its manifest lacks something");
    }
    while (json_lines_next(&walk, &line, &is_sound)) {
        if (!WORD(&line, "kind", kind) || strcmp(kind, "file") != 0 || !read_file(&line, out)) {
            (void)snprintf(why, ARCHIVE_WHY_MAX, "line %u of its manifest names no file of ours", line.number);
            return false;
        }
    }
    return is_sound || wrong(why, "its manifest is cut short");
}

static bool names(const struct manifest *m, const char *name)
{
    for (unsigned i = 0; i < m->count; i++) {
        if (strcmp(m->files[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

bool manifest_fits(const struct manifest *m, const struct archive *archive, char why[ARCHIVE_WHY_MAX])
{
    assert(m != NULL && archive != NULL && why != NULL);
    for (unsigned i = 0; i < m->count; i++) {
        if (archive_find(archive, m->files[i].name) == NULL) {
            (void)snprintf(why, ARCHIVE_WHY_MAX, "%s is missing in it", m->files[i].name);
            return false;
        }
    }
    for (unsigned i = 0; i < archive->count; i++) {
        const char *name = archive->members[i].name;
        if (strcmp(name, MANIFEST_NAME) != 0 && strcmp(name, MANIFEST_STORE) != 0 && !names(m, name)) {
            (void)snprintf(why, ARCHIVE_WHY_MAX, "%s in it is in no manifest", name);
            return false;
        }
    }
    return names(m, m->configuration) || wrong(why, "there is no configuration in it");
}
