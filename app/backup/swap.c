#include "app/backup/swap.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/backup/collect.h"
#include "app/flow/json.h"
#include "app/settings/file.h"
#include "drivers/store/store.h"
#include "hal/clock.h"

#define OUTSIDE_STAGE ".restoring-outside" /* in the folder that is built, until it takes its name */

static bool PRINTF_LIKE(2, 3) refuse(char why[SWAP_WHY_MAX], const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(why, SWAP_WHY_MAX, format, arguments);
    va_end(arguments);
    return false;
}

static bool is_outside(const struct manifest_file *file)
{
    return strncmp(file->name, MANIFEST_OUTSIDE, strlen(MANIFEST_OUTSIDE)) == 0;
}

/* ---- here ---- */

/* The folder may not be there yet, or any more; what it stands in is. */
static bool find_folder(const char *configuration, char folder[PLACE_PATH_MAX], char base[ARCHIVE_NAME_MAX])
{
    char copy[PATH_MAX], above[PATH_MAX];
    if (collect_place(configuration, folder, base)) {
        return true;
    }
    if (snprintf(copy, sizeof copy, "%s", configuration) >= (int)sizeof copy || *file_name(configuration) == '\0') {
        return false;
    }
    char *slash = strrchr(copy, '/');
    if (slash == NULL || slash == copy) {
        return false;
    }
    *slash = '\0';
    const char *name = file_name(copy);
    char *middle = strrchr(copy, '/');
    (void)snprintf(base, ARCHIVE_NAME_MAX, "%s", file_name(configuration));
    if (middle != NULL) {
        *middle = '\0';
    }
    const char *from = middle == NULL ? "." : *copy == '\0' ? "/" : copy;
    return archive_is_name(name) && realpath(from, above) != NULL &&
           snprintf(folder, PLACE_PATH_MAX, "%s/%s", strcmp(above, "/") == 0 ? "" : above, name) < MANIFEST_PATH_MAX;
}

bool swap_look_around(struct swap *swap, const char *configuration, char why[SWAP_WHY_MAX])
{
    char folder[PLACE_PATH_MAX];
    if (!find_folder(configuration, folder, swap->base) || !place_set_folder(&swap->place, folder)) {
        return refuse(why, "there is no folder for the configuration (%s), make the one above it", configuration);
    }
    (void)snprintf(swap->configuration, sizeof swap->configuration, "%s/%s", folder, swap->base);
    if (place_is_cut(swap->configuration)) {
        return refuse(why, "a restore was cut short here, end it first: wardgate restore --finish -c %s",
                      configuration);
    }
    return true;
}

/* ---- the configuration ---- */

static bool is_same(const char *path, const struct archive_member *member)
{
    struct stat about;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    unsigned char *bytes = NULL;
    bool same = fd >= 0 && fstat(fd, &about) == 0 && S_ISREG(about.st_mode) && (size_t)about.st_size == member->size &&
                (bytes = malloc(member->size + 1)) != NULL && read(fd, bytes, member->size) == (ssize_t)member->size &&
                memcmp(bytes, member->bytes, member->size) == 0;
    if (fd >= 0) {
        close(fd);
    }
    free(bytes);
    return same;
}

static bool build_outside(struct swap *swap, unsigned i, char why[SWAP_WHY_MAX])
{
    const struct manifest_file *file = &swap->manifest.files[i];
    const struct archive_member *member = archive_find(&swap->archive, file->name);
    char name[ARCHIVE_NAME_MAX];
    if (access(file->path, F_OK) == 0) {
        return is_same(file->path, member) ||
               refuse(why, "%s stands here already and is another than in the backup, move it away first", file->path);
    }
    (void)snprintf(name, sizeof name, OUTSIDE_STAGE "/%u", i);
    const enum status status = place_put(&swap->place, name, member, file);
    if (status != STATUS_OK) {
        return refuse(why, "%s cannot be written (%s)", file->path, status_text(status));
    }
    char path[PLACE_PATH_MAX + ARCHIVE_NAME_MAX];
    (void)snprintf(path, sizeof path, "%s/%s", swap->place.folder_stage, name);
    if (strlen(path) >= sizeof swap->outside_from[i]) {
        return refuse(why, "the folder's name is too long (%s)", swap->place.folder_stage);
    }
    memcpy(swap->outside_from[i], path, strlen(path) + 1);
    swap->is_outside_new[i] = true;
    return file_stand_in(file->path, swap->outside_from[i]) || refuse(why, "it has too many files outside its folder");
}

static bool build_file(struct swap *swap, unsigned i, char why[SWAP_WHY_MAX])
{
    const struct manifest_file *file = &swap->manifest.files[i];
    if (is_outside(file)) {
        return build_outside(swap, i, why);
    }
    const bool is_main = strcmp(file->name, swap->manifest.configuration) == 0;
    const char *name = is_main ? swap->base : file->name + strlen(MANIFEST_CONFIG);
    const enum status status = place_put(&swap->place, name, archive_find(&swap->archive, file->name), file);
    return status == STATUS_OK || refuse(why, "%s cannot be written (%s/%s: %s)", file->name, swap->place.folder_stage,
                                         name, status_text(status));
}

/* As what it takes the place of, where there is such a folder. */
static bool make_stage(struct swap *swap, char why[SWAP_WHY_MAX])
{
    struct stat about;
    const char *stage = swap->place.folder_stage;
    place_sweep(&swap->place);
    if (mkdir(stage, 0755) != 0) {
        return refuse(why, "the configuration cannot be put here (%s: %s)", stage, strerror(errno));
    }
    swap->is_built = true;
    if (stat(swap->place.folder, &about) == 0) {
        (void)!(geteuid() == 0 && chown(stage, about.st_uid, about.st_gid) == 0);
        (void)chmod(stage, about.st_mode & 07777U);
    }
    return true;
}

bool swap_build_folder(struct swap *swap, char why[SWAP_WHY_MAX])
{
    bool is_good = make_stage(swap, why);
    for (unsigned i = 0; i < swap->manifest.count && is_good; i++) {
        is_good = build_file(swap, i, why);
    }
    return is_good && (file_stand_in(swap->place.folder, swap->place.folder_stage) ||
                       refuse(why, "it has too many files outside its folder"));
}

/* ---- whether it may be ---- */

static bool names_file(const struct settings *settings, const char *path)
{
    for (uint16_t i = 0; i < settings->file_count; i++) {
        if (strcmp(settings->files[i], path) == 0) {
            return true;
        }
    }
    return false;
}

static bool check_outside(const struct swap *swap, const struct settings *settings, char why[SWAP_WHY_MAX])
{
    for (unsigned i = 0; i < swap->manifest.count; i++) {
        const struct manifest_file *file = &swap->manifest.files[i];
        if (is_outside(file) && !names_file(settings, file->path)) {
            return refuse(why, "it has a file for %s, which its configuration does not name", file->path);
        }
    }
    return true;
}

static bool check_waiting(const char *path, char why[SWAP_WHY_MAX])
{
    struct store *store = NULL;
    struct store_usage usage;
    const enum status status = store_open_to_read(path, &store);
    if (status == STATUS_NOT_FOUND) {
        return true;
    }
    if (status != STATUS_OK) {
        return refuse(why, "the store that is here cannot be read (%s: %s), say --replace to set it aside", path,
                      status_text(status));
    }
    store_usage(store, &usage);
    store_close(store);
    return usage.outbox_rows == 0 || refuse(why,
                                            "the store that is here has %llu undelivered alerts (%s), start its "
                                            "gateway until they are gone, or say --replace",
                                            (unsigned long long)usage.outbox_rows, path);
}

static bool check_store(struct swap *swap, const char *path, bool replaces, char why[SWAP_WHY_MAX])
{
    const enum status status = store_keep_out(path, &swap->lock_fd);
    swap->is_locked = status == STATUS_OK;
    if (status == STATUS_BUSY) {
        return refuse(why, "a gateway runs here (%s), stop it first", path);
    }
    if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
        return refuse(why, "the store that is here cannot be looked at (%s: %s), run this as root", path,
                      status_text(status));
    }
    return replaces || check_waiting(path, why);
}

bool swap_take_settings(struct swap *swap, const struct settings *settings, bool replaces, char why[SWAP_WHY_MAX])
{
    const char *path = settings->store.path;
    if (!place_set_store(&swap->place, path)) {
        return refuse(why, "store.path has to begin with a / (%s)", path);
    }
    place_sweep_store(&swap->place);
    return check_outside(swap, settings, why) && check_store(swap, path, replaces, why);
}

/* ---- the store ---- */

static enum status put_audit(const struct swap *swap, bool keeps_stays, struct store *store)
{
    char text[STORE_AUDIT_MAX];
    struct json json;
    const int64_t now_ms = clock_wall_ms();
    json_begin(&json, text, sizeof text);
    json_time(&json, "at", now_ms);
    json_text(&json, "kind", "restore");
    json_text(&json, "version", WARDGATE_VERSION);
    json_time(&json, "saved", swap->manifest.made_ms);
    json_text(&json, "epoch_of_then", swap->manifest.epoch);
    json_text(&json, "stays", keeps_stays ? "keep" : "end");
    json_unsigned(&json, "limits", keeps_stays ? swap->summary.limits : 0);
    json_unsigned(&json, "alarms", keeps_stays ? swap->summary.alarms : 0);
    const size_t length = json_end(&json);
    enum status status = length == 0 ? STATUS_TOO_LARGE : store_begin(store);
    status = status == STATUS_OK ? store_put_audit(store, now_ms, text, length) : status;
    return status == STATUS_OK ? store_commit(store) : status;
}

static enum status fill_store(const struct swap *swap, const struct settings *settings, bool keeps_stays)
{
    const struct archive_member *lines = archive_find(&swap->archive, MANIFEST_STORE);
    const struct store_config config = {.path = swap->place.store_stage, .size_bytes = settings->store.size_bytes};
    struct store *store = NULL;
    enum status status = store_open(&config, &store);
    if (status == STATUS_OK) {
        status = state_put(lines->bytes, lines->size, keeps_stays, swap->manifest.engine_ms, store);
        status = status == STATUS_OK ? put_audit(swap, keeps_stays, store) : status;
    }
    store_close(store);
    return status;
}

static bool is_unknown_user(const char *user)
{
    /* cppcheck-suppress getpwnamCalled ; one thread */
    return user[0] != '\0' && getpwnam(user) == NULL;
}

bool swap_build_store(struct swap *swap, const struct settings *settings, bool keeps_stays, char why[SWAP_WHY_MAX])
{
    enum status status = place_make_store(&swap->place, swap->manifest.user, swap->manifest.group);
    status = status == STATUS_OK ? fill_store(swap, settings, keeps_stays) : status;
    if (status != STATUS_OK) {
        return refuse(why, "the store cannot be written (%s: %s)", swap->place.store_stage, status_text(status));
    }
    status = place_own_store(&swap->place);
    swap->unowned = geteuid() == 0 && is_unknown_user(swap->manifest.user) && swap->place.is_store_new;
    return status == STATUS_OK ||
           refuse(why, "the store cannot be given to its user (%s: %s)", swap->place.store_stage, status_text(status));
}

/* ---- in the place of what was here ---- */

static bool put_outside(struct swap *swap, char why[SWAP_WHY_MAX])
{
    char folder[PLACE_PATH_MAX + sizeof OUTSIDE_STAGE];
    for (unsigned i = 0; i < swap->manifest.count; i++) {
        const struct manifest_file *file = &swap->manifest.files[i];
        if (!swap->is_outside_new[i]) {
            continue;
        }
        const enum status status = place_put_outside(file->path, archive_find(&swap->archive, file->name), file);
        if (status != STATUS_OK) {
            return refuse(why, "%s cannot be written (%s)", file->path, status_text(status));
        }
        (void)unlink(swap->outside_from[i]);
    }
    (void)snprintf(folder, sizeof folder, "%s/" OUTSIDE_STAGE, swap->place.folder_stage);
    (void)rmdir(folder);
    return true;
}

bool swap_exchange(struct swap *swap, char why[SWAP_WHY_MAX])
{
    struct place done;
    if (!put_outside(swap, why)) {
        return false;
    }
    enum status status = place_commit(&swap->place);
    if (status != STATUS_OK) {
        return refuse(why, "the exchange cannot be begun (%s: %s)", swap->place.note, status_text(status));
    }
    status = place_finish(swap->place.folder, &done);
    swap->is_exchanged = status == STATUS_OK;
    return swap->is_exchanged ||
           refuse(why, "%s or %s cannot be renamed (%s); a folder that is a mount point cannot, move it one level down",
                  swap->place.folder, swap->place.store, status_text(status));
}

enum status swap_finish(const char *configuration, struct place *out)
{
    char folder[PLACE_PATH_MAX], base[ARCHIVE_NAME_MAX];
    return find_folder(configuration, folder, base) ? place_finish(folder, out) : STATUS_NOT_FOUND;
}

void swap_fini(struct swap *swap)
{
    if (swap->is_built && !swap->is_exchanged) {
        place_sweep(&swap->place);
    }
    if (swap->is_locked) {
        close(swap->lock_fd);
    }
    free(swap->bytes);
}
