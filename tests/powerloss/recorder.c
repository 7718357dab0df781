#include "tests/powerloss/recorder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/powerloss/chance.h"

struct record_of_disk *recorder;

static char watched[256]; /* "": nothing is noted */

static void fail(const char *what, const char *where)
{
    (void)fprintf(stderr, "powerloss: %s (%s: %s)\n", what, where, strerror(errno));
    abort();
}

void *memory_shared(size_t size)
{
    /* cppcheck-suppress invalidFunctionArg ; -1 is no file */
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        fail("no memory for a record", "mmap");
    }
    return memory;
}

void recorder_init(void)
{
    recorder = memory_shared(sizeof *recorder + RECORDER_BYTES_MAX);
}

/* ---- nodes ---- */

/* The newest that has this inode: file systems use numbers again. */
static uint16_t node_of_inode(uint64_t inode)
{
    for (uint32_t i = recorder->node_count; i > 0; i--) {
        if (recorder->nodes[i - 1].inode == inode) {
            return (uint16_t)(i - 1);
        }
    }
    return NODE_NONE;
}

static uint16_t node_of(int fd)
{
    struct stat info;
    return watched[0] == '\0' || fstat(fd, &info) != 0 ? NODE_NONE : node_of_inode(info.st_ino);
}

static uint16_t node_at(int folder_fd, const char *path)
{
    struct stat info;
    return watched[0] == '\0' || fstatat(folder_fd, path, &info, AT_SYMLINK_NOFOLLOW) != 0 ? NODE_NONE
                                                                                           : node_of_inode(info.st_ino);
}

/* The folder in which the last name of `path` stands, and that name. */
static uint16_t folder_of(int folder_fd, const char *path, const char **out_name)
{
    char parent[512];
    const char *slash = strrchr(path, '/');
    *out_name = slash == NULL ? path : slash + 1;
    (void)snprintf(parent, sizeof parent, "%.*s", slash == NULL ? 1 : (int)(slash - path), slash == NULL ? "." : path);
    return node_at(folder_fd, parent);
}

static uint16_t node_add(uint64_t inode, bool is_folder)
{
    if (recorder->node_count == RECORDER_NODES_MAX) {
        fail("too many files for a record", watched);
    }
    struct node *node = &recorder->nodes[recorder->node_count];
    *node = (struct node){.inode = inode, .is_folder = is_folder, .folder = NODE_NONE};
    return (uint16_t)recorder->node_count++;
}

/* ---- operations ---- */

/* Where a power cut or a kill may come: before each operation. */
static void pass_cut(void)
{
    if (watched[0] != '\0' && recorder->op_count >= recorder->kill_at) {
        _exit(RECORDER_KILLED);
    }
}

static uint64_t bytes_keep(const void *bytes, size_t size)
{
    if (recorder->byte_count + size > RECORDER_BYTES_MAX) {
        fail("too many bytes for a record", watched);
    }
    memcpy(recorder->bytes + recorder->byte_count, bytes, size);
    recorder->byte_count += size;
    return recorder->byte_count - size;
}

static struct op *op_add(enum op_kind kind, uint16_t node)
{
    if (recorder->op_count == RECORDER_OPS_MAX) {
        fail("too many operations for a record", watched);
    }
    struct op *op = &recorder->ops[recorder->op_count++];
    *op = (struct op){.kind = (uint8_t)kind, .node = node, .folder = NODE_NONE};
    return op;
}

static void name_add(enum op_kind kind, uint16_t folder, const char *name, uint16_t node, const char *name_to)
{
    if (folder != NODE_NONE) {
        struct op *op = op_add(kind, node);
        op->folder = folder;
        (void)snprintf(op->name, sizeof op->name, "%s", name);
        (void)snprintf(op->name_to, sizeof op->name_to, "%s", name_to);
    }
}

static void write_add(int fd, uint16_t node, const void *bytes, size_t size, uint64_t offset)
{
    struct op *op = op_add(OP_WRITE, node);
    op->offset = offset;
    op->size = (uint32_t)size;
    op->bytes_at = bytes_keep(bytes, size);
    if ((fcntl(fd, F_GETFL) & O_DSYNC) != 0) {
        const uint32_t write = recorder->op_count - 1;
        pass_cut();
        op_add(OP_SYNC_WRITE, node)->offset = write;
    }
}

/* ---- what the program calls ---- */

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl51-cpp): --wrap of the linker gives these names */

int __real_open(const char *path, int flags, ...);
int __real_openat(int folder_fd, const char *path, int flags, ...);
int __real_mkdirat(int folder_fd, const char *path, mode_t mode);
int __real_renameat(int from_fd, const char *from, int to_fd, const char *to);
int __real_unlinkat(int folder_fd, const char *path, int flags);
ssize_t __real_write(int fd, const void *bytes, size_t size);
ssize_t __real_writev(int fd, const struct iovec *parts, int count);
ssize_t __real_pwrite(int fd, const void *bytes, size_t size, off_t offset);
int __real_ftruncate(int fd, off_t length);
int __real_fallocate(int fd, int mode, off_t offset, off_t length);
int __real_fsync(int fd);
int __real_fdatasync(int fd);

int __wrap_open(const char *path, int flags, ...);
int __wrap_openat(int folder_fd, const char *path, int flags, ...);
int __wrap___openat_2(int folder_fd, const char *path, int flags);
int __wrap_mkdir(const char *path, mode_t mode);
int __wrap_mkdirat(int folder_fd, const char *path, mode_t mode);
int __wrap_renameat(int from_fd, const char *from, int to_fd, const char *to);
int __wrap_unlinkat(int folder_fd, const char *path, int flags);
ssize_t __wrap_write(int fd, const void *bytes, size_t size);
ssize_t __wrap_writev(int fd, const struct iovec *parts, int count);
ssize_t __wrap_pwrite(int fd, const void *bytes, size_t size, off_t offset);
int __wrap_ftruncate(int fd, off_t length);
int __wrap_fallocate(int fd, int mode, off_t offset, off_t length);
int __wrap_fsync(int fd);
int __wrap_fdatasync(int fd);
int __wrap_msync(void *address, size_t size, int flags);
ssize_t __wrap_getrandom(void *out, size_t size, unsigned flags);

static int open_noted(int folder_fd, const char *path, int flags, mode_t mode)
{
    const char *name;
    const uint16_t folder = (flags & O_CREAT) != 0 ? folder_of(folder_fd, path, &name) : NODE_NONE;
    struct stat info;
    if (folder == NODE_NONE || fstatat(folder_fd, path, &info, AT_SYMLINK_NOFOLLOW) == 0) {
        return __real_openat(folder_fd, path, flags, mode);
    }
    pass_cut();
    const int fd = __real_openat(folder_fd, path, flags, mode);
    if (fd >= 0 && fstat(fd, &info) == 0) {
        name_add(OP_MAKE, folder, name, node_add(info.st_ino, false), "");
    }
    return fd;
}

static mode_t mode_of(int flags, va_list rest)
{
    return (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;
}

int __wrap_open(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    const mode_t mode = mode_of(flags, rest);
    va_end(rest);
    return open_noted(AT_FDCWD, path, flags, mode);
}

int __wrap_openat(int folder_fd, const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    const mode_t mode = mode_of(flags, rest);
    va_end(rest);
    return open_noted(folder_fd, path, flags, mode);
}

int __wrap___openat_2(int folder_fd, const char *path, int flags)
{
    return open_noted(folder_fd, path, flags, 0);
}

int __wrap_mkdirat(int folder_fd, const char *path, mode_t mode)
{
    const char *name;
    const uint16_t folder = folder_of(folder_fd, path, &name);
    struct stat info;
    if (folder != NODE_NONE && fstatat(folder_fd, path, &info, AT_SYMLINK_NOFOLLOW) != 0) {
        pass_cut();
    }
    const int result = __real_mkdirat(folder_fd, path, mode);
    if (result == 0 && folder != NODE_NONE && fstatat(folder_fd, path, &info, AT_SYMLINK_NOFOLLOW) == 0) {
        name_add(OP_MAKE, folder, name, node_add(info.st_ino, true), "");
    }
    return result;
}

int __wrap_mkdir(const char *path, mode_t mode)
{
    return __wrap_mkdirat(AT_FDCWD, path, mode);
}

/* Within one folder: the store renames no other way. */
int __wrap_renameat(int from_fd, const char *from, int to_fd, const char *to)
{
    const char *name, *name_to;
    const uint16_t folder = folder_of(from_fd, from, &name), folder_to = folder_of(to_fd, to, &name_to);
    const uint16_t node = node_at(from_fd, from);
    if (folder != folder_to) {
        fail("a rename from one folder to another is not modelled", from);
    }
    pass_cut();
    const int result = __real_renameat(from_fd, from, to_fd, to);
    if (result == 0) {
        name_add(OP_RENAME, folder, name, node, name_to);
    }
    return result;
}

int __wrap_unlinkat(int folder_fd, const char *path, int flags)
{
    const char *name;
    const uint16_t folder = folder_of(folder_fd, path, &name), node = node_at(folder_fd, path);
    if (node != NODE_NONE) {
        pass_cut();
    }
    const int result = __real_unlinkat(folder_fd, path, flags);
    if (result == 0) {
        name_add(OP_REMOVE, folder, name, node, "");
    }
    return result;
}

ssize_t __wrap_pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
    const uint16_t node = node_of(fd);
    if (node != NODE_NONE) {
        pass_cut();
    }
    const ssize_t done = __real_pwrite(fd, bytes, size, offset);
    if (done > 0 && node != NODE_NONE) {
        write_add(fd, node, bytes, (size_t)done, (uint64_t)offset);
    }
    return done;
}

ssize_t __wrap_write(int fd, const void *bytes, size_t size)
{
    return node_of(fd) == NODE_NONE ? __real_write(fd, bytes, size)
                                    : __wrap_writev(fd, &(struct iovec){(void *)(uintptr_t)bytes, size}, 1);
}

/* At the file's own place; one operation for each part, as far as they were written. */
ssize_t __wrap_writev(int fd, const struct iovec *parts, int count)
{
    const uint16_t node = node_of(fd);
    if (node == NODE_NONE) {
        return __real_writev(fd, parts, count);
    }
    pass_cut();
    off_t at = lseek(fd, 0, SEEK_CUR);
    const ssize_t done = __real_writev(fd, parts, count);
    ssize_t left = done;
    for (int i = 0; i < count && left > 0; i++) {
        const size_t size = parts[i].iov_len < (size_t)left ? parts[i].iov_len : (size_t)left;
        write_add(fd, node, parts[i].iov_base, size, (uint64_t)at);
        at += (off_t)size;
        left -= (ssize_t)size;
    }
    return done;
}

static void length_add(uint16_t node, off_t length)
{
    if (node != NODE_NONE) {
        op_add(OP_LENGTH, node)->offset = (uint64_t)length;
    }
}

int __wrap_ftruncate(int fd, off_t length)
{
    const uint16_t node = node_of(fd);
    if (node != NODE_NONE) {
        pass_cut();
    }
    const int result = __real_ftruncate(fd, length);
    length_add(result == 0 ? node : NODE_NONE, length);
    return result;
}

/* Room that is reserved behind the end changes nothing that can be read: it is not done, because in memory it takes the most time of all. */
int __wrap_fallocate(int fd, int mode, off_t offset, off_t length)
{
    const uint16_t node = node_of(fd);
    struct stat info;
    const int result = mode == FALLOC_FL_KEEP_SIZE ? 0 : __real_fallocate(fd, mode, offset, length);
    if (result == 0 && mode == 0 && fstat(fd, &info) == 0) {
        length_add(node, info.st_size);
    }
    return result;
}

static int synced(uint16_t node, int result)
{
    if (result == 0 && node != NODE_NONE) {
        (void)op_add(OP_SYNC, node);
    }
    return result;
}

int __wrap_fsync(int fd)
{
    const uint16_t node = node_of(fd);
    if (node != NODE_NONE) {
        pass_cut();
    }
    return synced(node, __real_fsync(fd));
}

int __wrap_fdatasync(int fd)
{
    const uint16_t node = node_of(fd);
    if (node != NODE_NONE) {
        pass_cut();
    }
    return synced(node, __real_fdatasync(fd));
}

/* LMDB calls it in the modes that write through the map: then this model would be of another store. */
int __wrap_msync(void *address, size_t size, int flags)
{
    (void)address;
    (void)size;
    (void)flags;
    fail("the store writes through a map, which is not modelled", watched);
    return -1;
}

/* Names and epochs follow from the seed, too. */
ssize_t __wrap_getrandom(void *out, size_t size, unsigned flags)
{
    unsigned char *bytes = out;
    (void)flags;
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (unsigned char)chance_names(256);
    }
    return (ssize_t)size;
}

/* NOLINTEND(bugprone-reserved-identifier,cert-dcl51-cpp) */

/* ---- begin and end ---- */

static void content_keep(struct node *node, const char *path)
{
    unsigned char bytes[65536];
    const int fd = __real_open(path, O_RDONLY | O_CLOEXEC);
    node->bytes_at = recorder->byte_count;
    for (ssize_t got = 1; fd >= 0 && got > 0;) {
        got = read(fd, bytes, sizeof bytes);
        if (got > 0) {
            (void)bytes_keep(bytes, (size_t)got);
            node->size += (uint64_t)got;
        }
    }
    if (fd < 0) {
        fail("cannot be read", path);
    }
    close(fd);
}

/* Files and folders of one folder; those that are found are looked into in their turn. */
static void folder_keep(uint16_t folder, const char *path)
{
    DIR *listing = opendir(path);
    if (listing == NULL) {
        fail("cannot be read", path);
    }
    for (const struct dirent *entry = readdir(listing); entry != NULL; entry = readdir(listing)) {
        char inner[512];
        struct stat info;
        (void)snprintf(inner, sizeof inner, "%.200s/%.200s", path, entry->d_name);
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 || lstat(inner, &info) != 0) {
            continue;
        }
        struct node *node = &recorder->nodes[node_add(info.st_ino, S_ISDIR(info.st_mode))];
        node->folder = folder;
        (void)snprintf(node->name, sizeof node->name, "%.63s", entry->d_name);
        if (!node->is_folder) {
            content_keep(node, inner);
        }
    }
    closedir(listing);
}

static void path_of(uint16_t node, char *out, size_t size)
{
    const struct node *n = &recorder->nodes[node];
    char inner[512] = "";
    while (node != 0) {
        char longer[512];
        (void)snprintf(longer, sizeof longer, "/%s%.400s", n->name, inner);
        memcpy(inner, longer, sizeof inner);
        node = n->folder;
        n = &recorder->nodes[node];
    }
    (void)snprintf(out, size, "%s%s", watched, inner);
}

void recorder_begin(const char *folder)
{
    struct stat info;
    if (stat(folder, &info) != 0) {
        fail("no such folder", folder);
    }
    recorder->op_count = recorder->node_count = 0;
    recorder->byte_count = 0;
    recorder->kill_at = UINT32_MAX;
    (void)snprintf(watched, sizeof watched, "%s", folder);
    (void)node_add(info.st_ino, true);
    for (uint32_t i = 0; i < recorder->node_count; i++) {
        char path[512];
        path_of((uint16_t)i, path, sizeof path);
        if (recorder->nodes[i].is_folder) {
            folder_keep((uint16_t)i, path);
        }
    }
    recorder->nodes_at_start = recorder->node_count;
}

void recorder_end(void)
{
    watched[0] = '\0';
}

void recorder_kill_at(uint32_t op)
{
    recorder->kill_at = op;
}

const char *op_word(unsigned kind)
{
    static const char *const words[] = {"make", "rename", "remove", "write", "length", "sync", "sync of a write"};
    return words[kind];
}
