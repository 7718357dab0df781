/*
 * hang_calls.c: goes in front of the C library and has calls hang as in a driver that never returns. Once HANG_LINE is there, a link to a line's device, each write to that
 * device waits for ever; while HANG_DISK is there each sync of a file waits.
 */
#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_hung(int fd)
{
    char own[64], name[256] = "", hung[256] = "";
    const char *file = getenv("HANG_LINE");
    (void)snprintf(own, sizeof own, "/proc/self/fd/%d", fd);
    return file != NULL && readlink(file, hung, sizeof hung - 1) > 0 && readlink(own, name, sizeof name - 1) > 0 &&
           strcmp(name, hung) == 0;
}

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): in place of the C library's */
ssize_t write(int fd, const void *bytes, size_t size)
{
    static ssize_t (*real)(int, const void *, size_t);
    if (real == NULL) {
        void *found = dlsym(RTLD_NEXT, "write");
        memcpy(&real, &found, sizeof real);
    }
    while (is_hung(fd)) {
        pause();
    }
    return real(fd, bytes, size);
}

static void wait_for_disk(void)
{
    const char *file = getenv("HANG_DISK");
    while (file != NULL && access(file, F_OK) == 0) {
        usleep(10000);
    }
}

int fdatasync(int fd)
{
    static int (*real)(int);
    if (real == NULL) {
        void *found = dlsym(RTLD_NEXT, "fdatasync");
        memcpy(&real, &found, sizeof real);
    }
    wait_for_disk();
    return real(fd);
}

int fsync(int fd)
{
    static int (*real)(int);
    if (real == NULL) {
        void *found = dlsym(RTLD_NEXT, "fsync");
        memcpy(&real, &found, sizeof real);
    }
    wait_for_disk();
    return real(fd);
}
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
