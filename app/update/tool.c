#include "app/update/tool.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hal/clock.h"

enum { EXIT_MISSING = 127, EXIT_CANNOT = 126 };

static _Noreturn void become(const char *const *arguments, int output)
{
    sigset_t none;
    const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
        dup2(output, STDERR_FILENO) < 0 || setenv("LC_ALL", "C", 1) != 0) {
        _exit(EXIT_CANNOT);
    }
    (void)execvp(arguments[0], (char *const *)(uintptr_t)arguments);
    _exit(errno == ENOENT ? EXIT_MISSING : EXIT_CANNOT);
}

struct lines {
    tool_line *line;
    void *context;
    size_t length;
    char text[TOOL_LINE_MAX];
};

static void end_line(struct lines *l)
{
    l->text[l->length] = '\0';
    if (l->line != NULL && l->length > 0) {
        l->line(l->context, l->text);
    }
    l->length = 0;
}

static void take(struct lines *l, const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] == '\n') {
            end_line(l);
        } else if (l->length < sizeof l->text - 1 && bytes[i] != '\0') {
            l->text[l->length++] = bytes[i];
        }
    }
}

/* Until it has closed its outputs. False: it takes too long. */
static bool listen_to(int fd, int64_t until_us, struct lines *lines)
{
    char bytes[1024];
    for (;;) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        const int64_t left_ms = (until_us - clock_boot_us()) / 1000;
        if (left_ms <= 0) {
            return false;
        }
        if (poll(&wait, 1, left_ms > 60000 ? 60000 : (int)left_ms) <= 0) {
            continue;
        }
        const ssize_t count = read(fd, bytes, sizeof bytes);
        if (count <= 0 && !(count < 0 && errno == EINTR)) {
            end_line(lines);
            return true;
        }
        take(lines, bytes, count > 0 ? (size_t)count : 0);
    }
}

static int end_of(pid_t child, bool in_time)
{
    int how = 0;
    if (!in_time) {
        (void)kill(child, SIGKILL);
    }
    while (waitpid(child, &how, 0) < 0 && errno == EINTR) {
    }
    if (!in_time) {
        return TOOL_TOO_LONG;
    }
    if (!WIFEXITED(how)) {
        return TOOL_KILLED;
    }
    return WEXITSTATUS(how) == EXIT_MISSING  ? TOOL_MISSING
           : WEXITSTATUS(how) == EXIT_CANNOT ? TOOL_NOT_STARTED
                                             : WEXITSTATUS(how);
}

int tool_run(const char *const *arguments, int wait_ms, tool_line *line, void *context)
{
    struct lines lines = {.line = line, .context = context};
    int ends[2];
    assert(arguments != NULL && arguments[0] != NULL);
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return TOOL_NOT_STARTED;
    }
    const int64_t until_us = clock_boot_us() + wait_ms * INT64_C(1000);
    const pid_t child = fork();
    if (child == 0) {
        become(arguments, ends[1]);
    }
    (void)close(ends[1]);
    const bool in_time = child > 0 && listen_to(ends[0], until_us, &lines);
    (void)close(ends[0]);
    return child > 0 ? end_of(child, in_time) : TOOL_NOT_STARTED;
}
