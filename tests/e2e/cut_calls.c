/*
 * cut_calls.c: goes in front of the C library. CUT_AT=N: the power fails before the Nth call that changes a file or folder; each number that is reached is another
 * instant. CUT_READ=NAME: a file of that name cannot be read (EIO), as on a worn card. Only of the program itself: what it starts does not see them.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static long left = -1;
static char unreadable[256];

__attribute__((constructor)) static void begin(void)
{
    const char *at = getenv("CUT_AT"), *name = getenv("CUT_READ");
    left = at != NULL ? strtol(at, NULL, 10) : -1;
    (void)snprintf(unreadable, sizeof unreadable, "%s", name != NULL ? name : "");
    (void)unsetenv("CUT_AT");
    (void)unsetenv("CUT_READ");
}

static void pass(void)
{
    if (left > 0 && --left == 0) {
        (void)kill(getpid(), SIGKILL);
    }
}

#define REAL(function)                         \
    __typeof__(&(function)) real;              \
    void *found = dlsym(RTLD_NEXT, #function); \
    memcpy(&real, &found, sizeof real)

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): in place of the C library's */
int open(const char *path, int flags, ...)
{
    REAL(open);
    va_list arguments;
    va_start(arguments, flags);
    const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    if ((flags & O_CREAT) != 0) {
        pass();
    }
    return real(path, flags, mode);
}

ssize_t write(int fd, const void *bytes, size_t size)
{
    REAL(write);
    if (fd > STDERR_FILENO) {
        pass();
    }
    return real(fd, bytes, size);
}

ssize_t read(int fd, void *bytes, size_t size)
{
    REAL(read);
    char own[64], name[512] = "";
    (void)snprintf(own, sizeof own, "/proc/self/fd/%d", fd);
    if (unreadable[0] != '\0' && readlink(own, name, sizeof name - 1) > 0 && strstr(name, unreadable) != NULL) {
        errno = EIO;
        return -1;
    }
    return real(fd, bytes, size);
}

#define CUT(function, parameters, words) \
    int function parameters              \
    {                                    \
        REAL(function);                  \
        pass();                          \
        return real words;               \
    }
/* Who is killed loses nothing that was not synced: that it was asked for is instant enough. */
int fsync(int fd)
{
    (void)fd;
    pass();
    return 0;
}
CUT(mkdir, (const char *path, mode_t mode), (path, mode))
CUT(rename, (const char *from, const char *to), (from, to))
CUT(renameat2, (int a, const char *from, int b, const char *to, unsigned flags), (a, from, b, to, flags))
CUT(unlink, (const char *path), (path))
CUT(rmdir, (const char *path), (path))
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
