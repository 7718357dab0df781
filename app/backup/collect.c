#include "app/backup/collect.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/settings/document.h"
#include "app/settings/file.h"
#include "app/settings/report.h"

#define NETWORK_FILE      "network.yaml"
#define NETWORK_BYTES_MAX ((size_t)4 * 1024 * 1024) /* of its tree; a larger one is no network.yaml */

struct collecting {
    char folder[MANIFEST_PATH_MAX]; /* of the configuration, absolute */
    struct archive_writer *archive;
    struct manifest *manifest;
    unsigned outside;
    char *why;
};

void collect_owner(uint32_t user, uint32_t group, char user_name[MANIFEST_WORD_MAX], char group_name[MANIFEST_WORD_MAX])
{
    /* cppcheck-suppress getpwuidCalled ; one thread */
    const struct passwd *u = getpwuid(user);
    (void)snprintf(user_name, MANIFEST_WORD_MAX, "%s", u != NULL ? u->pw_name : "");
    /* cppcheck-suppress getgrgidCalled ; one thread */
    const struct group *g = getgrgid(group);
    (void)snprintf(group_name, MANIFEST_WORD_MAX, "%s", g != NULL ? g->gr_name : "");
}

bool collect_place(const char *configuration, char folder[MANIFEST_PATH_MAX], char name[ARCHIVE_NAME_MAX])
{
    char found[PATH_MAX], above[PATH_MAX];
    const char *base = file_name(configuration);
    const size_t length = (size_t)(base - configuration);
    if (length >= sizeof above || snprintf(name, ARCHIVE_NAME_MAX, "%s", base) >= ARCHIVE_NAME_MAX || *base == '\0') {
        return false;
    }
    (void)snprintf(above, sizeof above, "%.*s", (int)length, configuration);
    if (realpath(length == 0 ? "." : above, found) == NULL || strlen(found) >= MANIFEST_PATH_MAX) {
        return false;
    }
    memcpy(folder, found, strlen(found) + 1);
    return true;
}

static enum status fault(const struct collecting *c, const char *path, enum status status)
{
    (void)snprintf(c->why, ARCHIVE_WHY_MAX, "%s: %s", path, status_text(status));
    return status;
}

/* As it stands from the root; names that go back are left to stand outside. */
static bool make_absolute(const struct collecting *c, const struct settings *settings, const char *path,
                          char out[MANIFEST_PATH_MAX])
{
    const size_t folder = (size_t)(file_name(settings->file) - settings->file);
    if (path[0] == '/' && (folder == 0 || settings->file[0] != '/' || strncmp(path, settings->file, folder) != 0)) {
        return snprintf(out, MANIFEST_PATH_MAX, "%s", path) < MANIFEST_PATH_MAX;
    }
    const char *rest = strncmp(path, settings->file, folder) == 0 ? path + folder : path;
    return snprintf(out, MANIFEST_PATH_MAX, "%s/%s", c->folder, rest) < MANIFEST_PATH_MAX;
}

/* The part of a path below the folder; NULL: it is elsewhere. */
static const char *below(const char *folder, const char *path)
{
    const size_t length = strlen(folder);
    const char *rest = path + length + 1;
    return strncmp(path, folder, length) == 0 && path[length] == '/' && archive_is_name(rest) ? rest : NULL;
}

/* *out_bytes: the caller's to free. */
static enum status read_whole(const char *path, unsigned char **out_bytes, size_t *out_size, struct stat *about)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return errno == ENOENT ? STATUS_NOT_FOUND : errno == EACCES ? STATUS_DENIED : STATUS_IO;
    }
    enum status status = fstat(fd, about) != 0 ? STATUS_IO : S_ISREG(about->st_mode) ? STATUS_OK : STATUS_INVALID;
    if (status == STATUS_OK && (uint64_t)about->st_size > COLLECT_FILE_BYTES_MAX) {
        status = STATUS_TOO_LARGE;
    }
    unsigned char *bytes = status == STATUS_OK ? malloc((size_t)about->st_size + 1) : NULL;
    const ssize_t got = bytes != NULL ? read(fd, bytes, (size_t)about->st_size + 1) : -1;
    close(fd);
    if (status == STATUS_OK && got != about->st_size) {
        status = bytes == NULL ? STATUS_NO_MEMORY : STATUS_BUSY; /* it is being written */
        free(bytes);
    }
    if (status == STATUS_OK) {
        *out_bytes = bytes;
        *out_size = (size_t)got;
    }
    return status;
}

static enum status name_file(struct collecting *c, const char *absolute, struct manifest_file *file)
{
    const char *rest = below(c->folder, absolute);
    const int length = rest != NULL ? snprintf(file->name, sizeof file->name, MANIFEST_CONFIG "%s", rest)
                                    : snprintf(file->name, sizeof file->name, MANIFEST_OUTSIDE "%u", ++c->outside);
    return length < (int)sizeof file->name ? STATUS_OK : STATUS_TOO_LARGE;
}

static enum status add_file(struct collecting *c, const char *path, const char *absolute)
{
    unsigned char *bytes = NULL;
    size_t size = 0;
    struct stat about;
    if (c->manifest->count == MANIFEST_FILES_MAX) {
        return fault(c, path, STATUS_FULL);
    }
    struct manifest_file *file = &c->manifest->files[c->manifest->count];
    (void)snprintf(file->path, sizeof file->path, "%s", absolute);
    enum status status = name_file(c, absolute, file);
    status = status == STATUS_OK ? read_whole(path, &bytes, &size, &about) : status;
    if (status != STATUS_OK) {
        return fault(c, path, status);
    }
    file->mode = about.st_mode & 0777U;
    collect_owner(about.st_uid, about.st_gid, file->user, file->group);
    status = archive_add(c->archive, file->name, bytes, size, file->mode);
    free(bytes);
    c->manifest->count += status == STATUS_OK ? 1 : 0;
    return status == STATUS_OK ? STATUS_OK : fault(c, path, status);
}

static bool is_added(const struct collecting *c, const char *path)
{
    uint32_t i = 0;
    while (i < c->manifest->count && strcmp(c->manifest->files[i].path, path) != 0) {
        i++;
    }
    return i < c->manifest->count;
}

static enum status add_beside(struct collecting *c, const char *name)
{
    char path[MANIFEST_PATH_MAX + ARCHIVE_NAME_MAX];
    (void)snprintf(path, sizeof path, "%s/%s", c->folder, name);
    if (strlen(path) >= MANIFEST_PATH_MAX || access(path, F_OK) != 0 || is_added(c, path)) {
        return STATUS_OK;
    }
    return add_file(c, path, path);
}

/* Of one section of network.yaml. */
static enum status add_certificates_of(struct collecting *c, const struct node *root, const char *section)
{
    const struct node *node = node_child(root, section);
    const struct node *ca = node != NULL ? node_child(node, "ca") : NULL;
    const char *name = ca != NULL && ca->kind == NODE_TEXT ? ca->text : "";
    while (strncmp(name, "./", 2) == 0) { /* as set-up reads it */
        name += 2;
    }
    return archive_is_name(name) ? add_beside(c, name) : STATUS_OK;
}

/* The certificates that a box's network.yaml names for its log server and its time servers; a file that a box would refuse names none. */
static enum status add_box_certificates(struct collecting *c)
{
    char path[MANIFEST_PATH_MAX + sizeof NETWORK_FILE];
    enum status status = STATUS_OK;
    struct settings_report *report = calloc(1, sizeof *report);
    struct pool pool;
    (void)snprintf(path, sizeof path, "%s/" NETWORK_FILE, c->folder);
    if (report == NULL) {
        return STATUS_NO_MEMORY;
    }
    pool_init(&pool, NETWORK_BYTES_MAX);
    report_init(report, path);
    const struct node *root = access(path, F_OK) == 0 ? document_read(path, &pool, report) : NULL;
    if (root != NULL) {
        status = add_certificates_of(c, root, "syslog");
        status = status == STATUS_OK ? add_certificates_of(c, root, "time") : status;
    }
    pool_fini(&pool);
    free(report);
    return status;
}

static bool is_installed(const char *path)
{
    const size_t length = strlen(FILE_INSTALL_FOLDER);
    return strncmp(path, FILE_INSTALL_FOLDER, length) == 0 && path[length] == '/';
}

enum status collect_files(const struct settings *settings, struct archive_writer *archive, struct manifest *manifest,
                          char why[ARCHIVE_WHY_MAX])
{
    assert(settings != NULL && archive != NULL && manifest != NULL && why != NULL);
    static const char *const beside[] = {NETWORK_FILE, "authorized_keys", "ssh/ssh_host_ed25519_key",
                                         "ssh/ssh_host_ed25519_key.pub"};
    struct collecting c = {.archive = archive, .manifest = manifest, .why = why};
    char name[ARCHIVE_NAME_MAX], absolute[MANIFEST_PATH_MAX];
    if (!collect_place(settings->file, c.folder, name)) {
        return fault(&c, settings->file, STATUS_NOT_FOUND);
    }
    if (snprintf(manifest->configuration, sizeof manifest->configuration, MANIFEST_CONFIG "%s", name) >=
        (int)sizeof manifest->configuration) {
        return fault(&c, settings->file, STATUS_TOO_LARGE);
    }
    enum status status = STATUS_OK;
    for (uint16_t i = 0; i < settings->file_count && status == STATUS_OK; i++) {
        if (is_installed(settings->files[i])) {
            continue;
        }
        status = make_absolute(&c, settings, settings->files[i], absolute)
                     ? add_file(&c, settings->files[i], absolute)
                     : fault(&c, settings->files[i], STATUS_TOO_LARGE);
    }
    for (size_t i = 0; i < sizeof beside / sizeof beside[0] && status == STATUS_OK; i++) {
        status = add_beside(&c, beside[i]);
    }
    return status == STATUS_OK ? add_box_certificates(&c) : status;
}
