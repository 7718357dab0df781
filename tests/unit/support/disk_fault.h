/*
 * disk_fault.h: makes the disk fail or hang below LMDB, by standing in for the calls with which it writes. Include it in one .c of a test program.
 *
 * LMDB writes data by pwrite or writev, syncs by fdatasync (fsync when the file grew), then writes 120 bytes of a meta page by pwrite.
 */
#ifndef WARDGATE_TEST_DISK_FAULT_H
#define WARDGATE_TEST_DISK_FAULT_H

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static struct {
    atomic_int write_error, sync_error, meta_error; /* errno values; 0: none */
    atomic_int make_error;                          /* of a new folder */
    atomic_bool meta_slips; /* the next meta page is written, and yet EIO is told; later ones fail */
    atomic_bool hang;       /* syncs do not return while set */
    atomic_int hanging;
} disk_fault;

/* dlsym gives an object pointer; ISO C has no cast from it to a function. */
#define DISK_FAULT_REAL_OF(function, name)  \
    __typeof__(&(function)) real;           \
    void *found = dlsym(RTLD_NEXT, (name)); \
    __builtin_memcpy(&real, &found, sizeof found)
#define DISK_FAULT_REAL(function) DISK_FAULT_REAL_OF(function, #function)

static inline bool disk_fault_hits(int error)
{
    errno = error != 0 ? error : errno;
    return error != 0;
}

static inline int disk_fault_of_pwrite(size_t size)
{
    return atomic_load(size < 512 ? &disk_fault.meta_error : &disk_fault.write_error);
}

/* True when this write shall be done and told as failed. */
static inline bool disk_fault_slips(size_t size)
{
    if (size >= 512 || !atomic_exchange(&disk_fault.meta_slips, false)) {
        return false;
    }
    atomic_store(&disk_fault.meta_error, EIO);
    return true;
}

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): glibc names them __fd, __buf ... */
ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t offset)
{
    DISK_FAULT_REAL(pwrite64);
    if (disk_fault_slips(size)) {
        (void)!real(fd, bytes, size, offset);
    }
    return disk_fault_hits(disk_fault_of_pwrite(size)) ? -1 : real(fd, bytes, size, offset);
}

/* LMDB's own: by this name, whatever its offset is where files are of 64 bits only by choice (armhf). */
ssize_t disk_fault_pwrite(int fd, const void *bytes, size_t size, long offset) __asm__("pwrite");
ssize_t disk_fault_pwrite(int fd, const void *bytes, size_t size, long offset)
{
    DISK_FAULT_REAL_OF(disk_fault_pwrite, "pwrite");
    if (disk_fault_slips(size)) {
        (void)!real(fd, bytes, size, offset);
    }
    return disk_fault_hits(disk_fault_of_pwrite(size)) ? -1 : real(fd, bytes, size, offset);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    DISK_FAULT_REAL(writev);
    return disk_fault_hits(atomic_load(&disk_fault.write_error)) ? -1 : real(fd, parts, count);
}

static inline void disk_fault_wait(void)
{
    atomic_fetch_add(&disk_fault.hanging, 1);
    while (atomic_load(&disk_fault.hang)) {
        (void)nanosleep(&(struct timespec){0, 1000000}, NULL);
    }
    atomic_fetch_sub(&disk_fault.hanging, 1);
}

int fdatasync(int fd)
{
    DISK_FAULT_REAL(fdatasync);
    disk_fault_wait();
    return disk_fault_hits(atomic_load(&disk_fault.sync_error)) ? -1 : real(fd);
}

int fsync(int fd)
{
    DISK_FAULT_REAL(fsync);
    disk_fault_wait();
    return disk_fault_hits(atomic_load(&disk_fault.sync_error)) ? -1 : real(fd);
}

int mkdirat(int fd, const char *path, mode_t mode)
{
    DISK_FAULT_REAL(mkdirat);
    return disk_fault_hits(atomic_load(&disk_fault.make_error)) ? -1 : real(fd, path, mode);
}

/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */

#endif
