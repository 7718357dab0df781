#include "app/box/fileset.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/engine/hash.h"

static const char *const folders[] = {"profiles", "rules", "models", "tls", "certificates", "keys"};
static const char *const endings[] = {".yaml", ".yml", ".pem", ".crt", ".cer", ".key", ".password", ".txt"};
static const char *const others[] = {"network.yaml", "report.txt", "gateway.csr"};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool is_among(const char *name, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(list[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_taken(const char *name, bool at_top)
{
    if (name[0] == '.' || (at_top && is_among(name, others, COUNT(others)))) {
        return false;
    }
    const char *ending = strrchr(name, '.');
    return !at_top || (ending != NULL && is_among(ending, endings, COUNT(endings)));
}

static void note_fault(struct fileset *set, const char *what, const char *why)
{
    if (set->fault[0] == '\0') {
        (void)snprintf(set->fault, sizeof set->fault, "%.200s cannot be read (%s)", what, why);
    }
}

static bool add(struct fileset *set, const struct fileset_file *file)
{
    if (set->count == FILESET_FILES_MAX) {
        return false;
    }
    set->files[set->count++] = *file;
    return true;
}

/* What is no file, such as a folder in a folder, is left out. */
static void read_one(struct fileset *set, const char *folder, const char *path, struct pool *pool)
{
    struct fileset_file file = {.path = path};
    const char *whole = path != NULL ? pool_format(pool, "%s/%s", folder, path) : NULL;
    const enum status status = whole != NULL ? file_read(whole, pool, &file.text) : STATUS_NO_MEMORY;
    if (status == STATUS_INVALID) {
        return;
    }
    if (status != STATUS_OK) {
        note_fault(set, path != NULL ? path : folder, status_text(status));
    } else if (!add(set, &file)) {
        note_fault(set, path, "there are too many files");
    }
}

static void read_folder(struct fileset *set, const char *folder, const char *below, struct pool *pool)
{
    const char *whole = below != NULL ? pool_format(pool, "%s/%s", folder, below) : folder;
    DIR *directory = whole != NULL ? opendir(whole) : NULL;
    const struct dirent *entry = NULL;
    if (directory == NULL) {
        if (below == NULL || (errno != ENOENT && errno != ENOTDIR)) {
            note_fault(set, below != NULL ? below : "the boot partition", strerrordesc_np(errno));
        }
        return;
    }
    while ((errno = 0, entry = readdir(directory)) != NULL) {
        if (is_taken(entry->d_name, below == NULL)) {
            const char *path = below != NULL ? pool_format(pool, "%s/%s", below, entry->d_name)
                                             : pool_text(pool, entry->d_name, strlen(entry->d_name));
            read_one(set, folder, path, pool);
        }
    }
    if (errno != 0) {
        note_fault(set, below != NULL ? below : "the boot partition", strerrordesc_np(errno));
    }
    (void)closedir(directory);
}

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct fileset_file *)a)->path, ((const struct fileset_file *)b)->path);
}

/* In order, with what is known of them as a whole. */
static void finish(struct fileset *set)
{
    qsort(set->files, set->count, sizeof set->files[0], compare);
    set->digest = HASH_64_BASIS;
    for (size_t i = 0; i < set->count; i++) {
        const struct fileset_file *file = &set->files[i];
        const uint64_t size = file->text.size;
        set->digest = hash_64(set->digest, file->path, strlen(file->path) + 1);
        set->digest = hash_64(set->digest, &size, sizeof size);
        set->digest = hash_64(set->digest, file->text.bytes, file->text.size);
    }
    set->has_main = fileset_find(set, FILESET_MAIN) != NULL;
}

void fileset_read(const char *folder, struct pool *pool, struct fileset *out)
{
    assert(folder != NULL && pool != NULL && out != NULL);
    *out = (struct fileset){.count = 0};
    read_folder(out, folder, NULL, pool);
    for (size_t i = 0; i < COUNT(folders) && out->fault[0] == '\0'; i++) {
        read_folder(out, folder, folders[i], pool);
    }
    finish(out);
}

bool fileset_has_place(const char *name)
{
    assert(name != NULL);
    return is_taken(name, true) || is_among(name, folders, COUNT(folders));
}

const struct fileset_file *fileset_find(const struct fileset *set, const char *path)
{
    assert(set != NULL && path != NULL);
    for (size_t i = 0; i < set->count; i++) {
        if (strcmp(set->files[i].path, path) == 0) {
            return &set->files[i];
        }
    }
    return NULL;
}

bool fileset_is_key(const struct fileset_file *file)
{
    static const char mark[] = "PRIVATE KEY-----";
    assert(file != NULL);
    return file->text.size > 0 && memmem(file->text.bytes, file->text.size, mark, sizeof mark - 1) != NULL;
}

bool fileset_add(struct fileset *set, const struct fileset_file *file)
{
    assert(set != NULL && file != NULL);
    const bool fits = fileset_find(set, file->path) != NULL || add(set, file);
    finish(set);
    return fits;
}

bool fileset_keep(struct fileset *set, const struct fileset *from, bool (*keeps)(const struct fileset_file *file),
                  const struct fileset *named)
{
    assert(set != NULL && from != NULL && keeps != NULL);
    bool fits = true;
    for (size_t i = 0; i < from->count && fits; i++) {
        const struct fileset_file *file = &from->files[i];
        const bool is_wanted = keeps(file) || (named != NULL && fileset_find(named, file->path) != NULL);
        fits = !is_wanted || fileset_find(set, file->path) != NULL || add(set, file);
    }
    finish(set);
    return fits;
}

bool fileset_is_same(const struct fileset *a, const struct fileset *b)
{
    assert(a != NULL && b != NULL);
    bool is_same = a->count == b->count;
    for (size_t i = 0; i < a->count && is_same; i++) {
        is_same = strcmp(a->files[i].path, b->files[i].path) == 0 && a->files[i].text.size == b->files[i].text.size &&
                  memcmp(a->files[i].text.bytes, b->files[i].text.bytes, a->files[i].text.size) == 0;
    }
    return is_same;
}

static enum status write_one(const struct fileset_file *file, const char *folder, const struct publish_mode *mode)
{
    char path[PUBLISH_PATH_MAX], above[PUBLISH_PATH_MAX];
    if (!publish_path(path, folder, file->path)) {
        return STATUS_TOO_LARGE;
    }
    (void)snprintf(above, sizeof above, "%.*s", (int)(strrchr(path, '/') - path), path);
    const enum status status = publish_folder(above, mode);
    return status == STATUS_OK ? publish_file(path, mode, file->text.bytes, file->text.size) : status;
}

enum status fileset_write(const struct fileset *set, const char *folder, const struct publish_mode *mode)
{
    assert(set != NULL && folder != NULL && mode != NULL);
    enum status status = publish_remove(folder);
    status = status == STATUS_OK ? publish_folder(folder, mode) : status;
    for (size_t i = 0; i < set->count && status == STATUS_OK; i++) {
        status = write_one(&set->files[i], folder, mode);
    }
    return status;
}
