#include "app/backup/place.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <libgen.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/backup/collect.h"
#include "app/flow/json.h"

enum { NOTE_BYTES_MAX = 8192, ASIDE_MAX = 1000, WALK_DEPTH = 16 };

static enum status status_of_errno(void)
{
    switch (errno) {
    case EACCES:
    case EPERM:
    case EROFS:
        return STATUS_DENIED;
    case ENOSPC:
    case EDQUOT:
        return STATUS_FULL;
    case EBUSY:
        return STATUS_BUSY;
    case ENOENT:
        return STATUS_NOT_FOUND;
    default:
        return STATUS_IO;
    }
}

/* ---- names ---- */

static bool print_path(char out[PLACE_PATH_MAX], const char *path, const char *ending)
{
    return snprintf(out, PLACE_PATH_MAX, "%s%s", path, ending) < PLACE_PATH_MAX;
}

bool place_set_folder(struct place *place, const char *folder)
{
    assert(place != NULL && folder != NULL);
    *place = (struct place){.note = ""};
    return folder[0] == '/' && folder[1] != '\0' && print_path(place->folder, folder, "") &&
           print_path(place->folder_stage, folder, ".restoring") && print_path(place->note, folder, ".restore");
}

bool place_set_store(struct place *place, const char *store)
{
    return store[0] == '/' && store[1] != '\0' && print_path(place->store, store, "") &&
           print_path(place->store_stage, store, "/restoring");
}

static bool is_there(const char *path)
{
    struct stat about;
    return lstat(path, &about) == 0;
}

bool place_is_cut(const char *configuration)
{
    char copy[PATH_MAX], folder[PATH_MAX], note[PATH_MAX + 16];
    (void)snprintf(copy, sizeof copy, "%s", configuration);
    const char *above = dirname(copy);
    if (realpath(above, folder) == NULL) { /* its folder may be between two names */
        (void)snprintf(folder, sizeof folder, "%s", above);
    }
    (void)snprintf(note, sizeof note, "%s.restore", folder);
    return is_there(note);
}

/* The first free name of that kind. */
static bool find_aside(char out[PLACE_PATH_MAX], const char *path, const char *ending)
{
    for (unsigned n = 1; n <= ASIDE_MAX; n++) {
        if (snprintf(out, PLACE_PATH_MAX, "%s%s%u", path, ending, n) >= PLACE_PATH_MAX) {
            return false;
        }
        if (!is_there(out)) {
            return true;
        }
    }
    return false;
}

/* ---- durable ---- */

static enum status sync_path(const char *path)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return status_of_errno();
    }
    const enum status status = fsync(fd) == 0 ? STATUS_OK : status_of_errno();
    close(fd);
    return status;
}

static enum status sync_above(const char *path)
{
    char copy[PATH_MAX];
    (void)snprintf(copy, sizeof copy, "%s", path);
    return sync_path(dirname(copy));
}

static int remove_entry(const char *path, const struct stat *about, int kind, struct FTW *where)
{
    (void)about;
    (void)kind;
    (void)where;
    return remove(path);
}

static void remove_built(const char *path)
{
    if (path[0] != '\0' && is_there(path)) {
        (void)nftw(path, remove_entry, WALK_DEPTH, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
    }
}

void place_sweep_store(const struct place *place)
{
    remove_built(place->store_stage);
    if (place->is_store_new) {
        (void)rmdir(place->store);
    }
}

void place_sweep(const struct place *place)
{
    remove_built(place->folder_stage);
    place_sweep_store(place);
}

/* ---- owners ---- */

static void find_owner(const char *user, const char *group, uid_t *out_user, gid_t *out_group)
{
    /* cppcheck-suppress getpwnamCalled ; one thread */
    const struct passwd *u = user[0] != '\0' ? getpwnam(user) : NULL;
    *out_user = u != NULL ? u->pw_uid : geteuid();
    /* cppcheck-suppress getgrnamCalled ; one thread */
    const struct group *g = group[0] != '\0' ? getgrnam(group) : NULL;
    *out_group = g != NULL ? g->gr_gid : u != NULL ? u->pw_gid : getegid();
}

/* A boot partition of FAT has neither owners nor modes. */
static void own_file(int fd, const struct manifest_file *owner)
{
    uid_t user;
    gid_t group;
    find_owner(owner->user, owner->group, &user, &group);
    (void)!(geteuid() == 0 && fchown(fd, user, group) == 0);
    (void)fchmod(fd, owner->mode & 0777U);
}

enum status place_make_store(struct place *place, const char *user, const char *group)
{
    uid_t owner;
    gid_t owners;
    if (is_there(place->store)) {
        return STATUS_OK;
    }
    if (mkdir(place->store, 0750) != 0) {
        return status_of_errno();
    }
    place->is_store_new = true;
    find_owner(user, group, &owner, &owners);
    if (geteuid() == 0 && chown(place->store, owner, owners) != 0) {
        return status_of_errno();
    }
    return sync_above(place->store);
}

static struct stat store_owner; /* nftw has no place for it */

static int own_entry(const char *path, const struct stat *about, int kind, struct FTW *where)
{
    (void)about;
    (void)kind;
    (void)where;
    return lchown(path, store_owner.st_uid, store_owner.st_gid);
}

enum status place_own_store(const struct place *place)
{
    if (stat(place->store, &store_owner) != 0 ||
        (geteuid() == 0 && nftw(place->store_stage, own_entry, WALK_DEPTH, FTW_PHYS | FTW_MOUNT) != 0)) {
        return status_of_errno();
    }
    return sync_path(place->store_stage);
}

/* ---- files ---- */

static enum status write_new(const char *path, const struct archive_member *member, const struct manifest_file *owner)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return status_of_errno();
    }
    enum status status = STATUS_OK;
    for (size_t done = 0; done < member->size && status == STATUS_OK;) {
        const ssize_t now = write(fd, member->bytes + done, member->size - done);
        status = now < 0 && errno != EINTR ? status_of_errno() : STATUS_OK;
        done += now > 0 ? (size_t)now : 0;
    }
    own_file(fd, owner);
    if (status == STATUS_OK && fsync(fd) != 0) {
        status = status_of_errno();
    }
    close(fd);
    return status;
}

/* The folders of `path` that lie behind its first `from` characters. */
static enum status make_folders(char *path, size_t from)
{
    for (char *slash = strchr(path + from, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        const bool is_made = mkdir(path, 0755) == 0;
        const enum status status = is_made ? sync_above(path) : errno == EEXIST ? STATUS_OK : status_of_errno();
        *slash = '/';
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

enum status place_put(const struct place *place, const char *name, const struct archive_member *member,
                      const struct manifest_file *owner)
{
    char path[PATH_MAX];
    assert(archive_is_name(name));
    (void)snprintf(path, sizeof path, "%s/%s", place->folder_stage, name);
    enum status status = make_folders(path, strlen(place->folder_stage));
    status = status == STATUS_OK ? write_new(path, member, owner) : status;
    return status == STATUS_OK ? sync_above(path) : status;
}

enum status place_put_outside(const char *path, const struct archive_member *member, const struct manifest_file *owner)
{
    char made[PATH_MAX];
    (void)snprintf(made, sizeof made, "%s.restoring", path);
    enum status status = make_folders(made, 1);
    (void)unlink(made);
    status = status == STATUS_OK ? write_new(made, member, owner) : status;
    if (status == STATUS_OK && (link(made, path) != 0 || unlink(made) != 0)) {
        status = status_of_errno();
    }
    return status == STATUS_OK ? sync_above(path) : status;
}

/* ---- both or neither ---- */

static size_t print_note(const struct place *place, char *out, size_t size)
{
    struct json json;
    json_begin(&json, out, size);
    json_text(&json, "kind", "restore");
    json_text(&json, "folder_aside", place->folder_aside);
    json_text(&json, "store", place->store);
    json_text(&json, "store_aside", place->store_aside);
    const size_t length = json_end(&json);
    if (length == 0 || length + 2 > size) {
        return 0;
    }
    memcpy(out + length, "\n", 2);
    return length + 1;
}

enum status place_commit(struct place *place)
{
    assert(place != NULL && place->store[0] != '\0');
    char text[NOTE_BYTES_MAX], made[PLACE_PATH_MAX + 8];
    if (!find_aside(place->folder_aside, place->folder, ".replaced-") ||
        !find_aside(place->store_aside, place->store, "/replaced-")) {
        return STATUS_FULL;
    }
    const struct archive_member note = {.bytes = (const unsigned char *)text,
                                        .size = print_note(place, text, sizeof text)};
    (void)snprintf(made, sizeof made, "%s.new", place->note);
    (void)unlink(made);
    enum status status = note.size == 0 ? STATUS_TOO_LARGE : sync_path(place->folder_stage);
    status = status == STATUS_OK ? sync_above(place->folder_stage) : status;
    status = status == STATUS_OK ? sync_above(place->store_stage) : status;
    status = status == STATUS_OK ? write_new(made, &note, &(struct manifest_file){.mode = 0600}) : status;
    if (status == STATUS_OK && rename(made, place->note) != 0) {
        status = status_of_errno();
    }
    return status == STATUS_OK ? sync_above(place->note) : status;
}

static enum status read_note(struct place *place)
{
    char text[NOTE_BYTES_MAX], store[PLACE_PATH_MAX] = "", folder_aside[PLACE_PATH_MAX] = "",
                               store_aside[PLACE_PATH_MAX] = "";
    struct json_line line;
    bool is_sound = false;
    const int fd = open(place->note, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return status_of_errno();
    }
    const ssize_t got = read(fd, text, sizeof text);
    close(fd);
    struct json_walk walk = {text, text + (got > 0 ? got : 0), 0};
    if (got <= 0 || !json_lines_next(&walk, &line, &is_sound) ||
        !json_line_words(&line, "store", store, sizeof store) ||
        !json_line_words(&line, "folder_aside", folder_aside, sizeof folder_aside) ||
        !json_line_words(&line, "store_aside", store_aside, sizeof store_aside) || !place_set_store(place, store)) {
        return STATUS_CORRUPT;
    }
    memcpy(place->folder_aside, folder_aside, sizeof folder_aside);
    memcpy(place->store_aside, store_aside, sizeof store_aside);
    return STATUS_OK;
}

/* Once what was built has the name, there is nothing left to do: so it can be done again from any point. */
static enum status exchange_folder(const struct place *place)
{
    if (!is_there(place->folder_stage)) {
        return STATUS_OK;
    }
    const bool was_there = is_there(place->folder);
    if (was_there && is_there(place->folder_aside)) {
        return STATUS_INVALID; /* somebody has put something there since */
    }
    if (was_there && rename(place->folder, place->folder_aside) != 0) {
        return status_of_errno();
    }
    if (rename(place->folder_stage, place->folder) != 0) {
        const enum status status = status_of_errno();
        (void)!(was_there && rename(place->folder_aside, place->folder) == 0);
        return status;
    }
    return sync_above(place->folder);
}

/* What a store is made of; the alerts last, so that they are there when all is. `is_built`: there is a new one of it. */
static const struct {
    const char *name;
    bool is_built;
} parts[] = {{"minutes", false}, {"trends", false}, {"journal", true}, {"alerts", true}};

static enum status move(const char *from_folder, const char *to_folder, const char *name)
{
    char from[PLACE_PATH_MAX + 16], to[PLACE_PATH_MAX + 16];
    (void)snprintf(from, sizeof from, "%s/%s", from_folder, name);
    (void)snprintf(to, sizeof to, "%s/%s", to_folder, name);
    return !is_there(from) || rename(from, to) == 0 ? STATUS_OK : status_of_errno();
}

static bool is_in(const char *folder, const char *name)
{
    char path[PLACE_PATH_MAX + 16];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return is_there(path);
}

/* A part whose new one has gone up is done. */
static enum status exchange_part(const struct place *place, size_t i)
{
    enum status status = STATUS_OK;
    if (parts[i].is_built && !is_in(place->store_stage, parts[i].name)) {
        return STATUS_OK;
    }
    if (!is_in(place->store_aside, parts[i].name)) {
        status = move(place->store, place->store_aside, parts[i].name);
        status = status == STATUS_OK ? sync_path(place->store_aside) : status;
    }
    status = status == STATUS_OK ? move(place->store_stage, place->store, parts[i].name) : status;
    return status == STATUS_OK ? sync_path(place->store) : status;
}

static enum status exchange_store(const struct place *place)
{
    struct stat about;
    enum status status = STATUS_OK;
    if (!is_there(place->store_stage)) {
        return STATUS_OK;
    }
    if (mkdir(place->store_aside, 0700) != 0 && errno != EEXIST) {
        return status_of_errno();
    }
    if (geteuid() == 0 && stat(place->store, &about) == 0) {
        (void)!chown(place->store_aside, about.st_uid, about.st_gid);
    }
    for (size_t i = 0; i < sizeof parts / sizeof parts[0] && status == STATUS_OK; i++) {
        status = exchange_part(place, i);
    }
    if (status == STATUS_OK) {
        remove_built(place->store_stage); /* its lock is left */
        (void)rmdir(place->store_aside);  /* where nothing was set aside */
    }
    return status;
}

/* The folder first: it is what may not be possible, and then nothing else has changed. */
enum status place_finish(const char *folder, struct place *out)
{
    assert(folder != NULL && out != NULL);
    if (!place_set_folder(out, folder)) {
        return STATUS_INVALID;
    }
    enum status status = read_note(out);
    if (status != STATUS_OK) {
        return status;
    }
    status = exchange_folder(out);
    if (status != STATUS_OK && is_there(out->folder_stage)) {
        (void)unlink(out->note);
        (void)!sync_above(out->note);
        return status;
    }
    status = status == STATUS_OK ? exchange_store(out) : status;
    if (status == STATUS_OK && unlink(out->note) != 0) {
        status = status_of_errno();
    }
    return status == STATUS_OK ? sync_above(out->note) : status;
}
