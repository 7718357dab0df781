/*
 * POSIX shared memory (shm_overview(7)): a file of a file system in memory that nothing is mounted over.
 */
#include "hal/keepsake.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_MAX_BYTES 64

static enum status fault(void)
{
    return errno == EACCES || errno == EPERM ? STATUS_DENIED : STATUS_IO;
}

/* Who made it could have written anything into it, and under a second name it may be something else of ours. Its room is taken now: what has a page needs none later. */
static enum status prepare(int fd)
{
    struct stat info;
    if (fstat(fd, &info) != 0) {
        return STATUS_IO;
    }
    if (info.st_uid != geteuid() || info.st_nlink != 1 || !S_ISREG(info.st_mode)) {
        return STATUS_DENIED;
    }
    return posix_fallocate(fd, 0, KEEPSAKE_BYTES) == 0 ? STATUS_OK : STATUS_IO;
}

static enum status map(int fd, void **out)
{
    const enum status status = prepare(fd);
    if (status != STATUS_OK) {
        return status;
    }
    void *memory = mmap(NULL, KEEPSAKE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) {
        return STATUS_IO;
    }
    *out = memory;
    return STATUS_OK;
}

enum status keepsake_open(const char *folder, void **out)
{
    struct stat info;
    char name[NAME_MAX_BYTES];
    if (stat(folder, &info) != 0) {
        return fault();
    }
    (void)snprintf(name, sizeof name, "/wardgate-%jx-%jx", (uintmax_t)info.st_dev, (uintmax_t)info.st_ino);
    const int fd = shm_open(name, O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0) {
        return fault();
    }
    const enum status status = map(fd, out);
    (void)close(fd);
    return status;
}

void keepsake_close(void *keepsake)
{
    if (keepsake != NULL) {
        (void)munmap(keepsake, KEEPSAKE_BYTES);
    }
}
