#include "app/box/trial.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/box/fileset.h"
#include "hal/clock.h"

#define NAME_BEFORE "wardgate: "

enum { CANNOT_RUN = 127 };

static void become(const char *user)
{
    /* cppcheck-suppress getpwnamCalled ; one thread */
    const struct passwd *entry = user != NULL && geteuid() == 0 ? getpwnam(user) : NULL;
    if (entry != NULL &&
        (initgroups(user, entry->pw_gid) != 0 || setgid(entry->pw_gid) != 0 || setuid(entry->pw_uid) != 0)) {
        _exit(CANNOT_RUN);
    }
}

static _Noreturn void run_child(const char *program, const char *folder, const char *user, int output)
{
    const int nothing = open("/dev/null", O_RDWR);
    if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 || dup2(nothing, STDOUT_FILENO) < 0 ||
        dup2(output, STDERR_FILENO) < 0 || chdir(folder) != 0) {
        _exit(CANNOT_RUN);
    }
    become(user);
    (void)execl(program, "wardgate", "check", "-c", FILESET_MAIN, (char *)NULL);
    _exit(CANNOT_RUN);
}

/* What comes until it ends, as much as fits. False: it takes too long. */
static bool listen_to(int fd, char *out, size_t size)
{
    const int64_t until_us = clock_boot_us() + TRIAL_WAIT_MS * INT64_C(1000);
    char piece[1024];
    size_t used = 0;
    ssize_t got = 1;
    while (got != 0) {
        const int64_t left_ms = (until_us - clock_boot_us()) / 1000;
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        if (left_ms <= 0 || (poll(&wait, 1, (int)left_ms) < 0 && errno != EINTR)) {
            return false;
        }
        if (wait.revents == 0) {
            continue;
        }
        got = read(fd, piece, sizeof piece);
        if (got < 0 && errno != EINTR) {
            return false;
        }
        for (ssize_t i = 0; i < got && used + 1 < size; i++) {
            out[used++] = piece[i];
        }
    }
    out[used] = '\0';
    return true;
}

/* Each line without the name of the program before it. */
static void strip_name(char *text)
{
    const size_t length = sizeof NAME_BEFORE - 1;
    char *to = text;
    bool at_start = true;
    for (const char *from = text; *from != '\0';) {
        from += at_start && strncmp(from, NAME_BEFORE, length) == 0 ? length : 0;
        at_start = *from == '\n';
        if (*from != '\0') {
            *to++ = *from++;
        }
    }
    *to = '\0';
}

/* True when it ended by itself and said that all is well. */
static bool judge(pid_t child, bool in_time, char out[TRIAL_TEXT_MAX])
{
    int how = 0;
    if (!in_time) {
        (void)kill(child, SIGKILL);
    }
    while (waitpid(child, &how, 0) < 0 && errno == EINTR) {
    }
    if (in_time && WIFEXITED(how) && WEXITSTATUS(how) == 0) {
        return true;
    }
    if (!in_time || WIFSIGNALED(how)) {
        (void)snprintf(out, TRIAL_TEXT_MAX, FILESET_MAIN ": the check of it did not come to an end (%s)\n",
                       in_time ? strsignal(WTERMSIG(how)) : "it took more than a minute");
    } else if (out[0] == '\0') {
        (void)snprintf(out, TRIAL_TEXT_MAX, FILESET_MAIN ": it could not be checked (exit status %d)\n",
                       WEXITSTATUS(how));
    }
    return false;
}

bool trial_run(const char *program, const char *folder, const char *user, char out[TRIAL_TEXT_MAX])
{
    assert(program != NULL && folder != NULL && out != NULL);
    int ends[2];
    out[0] = '\0';
    if (pipe2(ends, O_CLOEXEC) != 0) {
        (void)snprintf(out, TRIAL_TEXT_MAX, FILESET_MAIN ": it could not be checked (%s)\n", strerrordesc_np(errno));
        return false;
    }
    const pid_t child = fork();
    if (child == 0) {
        run_child(program, folder, user, ends[1]);
    }
    (void)close(ends[1]);
    bool is_good = false;
    if (child < 0) {
        (void)snprintf(out, TRIAL_TEXT_MAX, FILESET_MAIN ": it could not be checked (%s)\n", strerrordesc_np(errno));
    } else {
        const bool in_time = listen_to(ends[0], out, TRIAL_TEXT_MAX);
        is_good = judge(child, in_time, out);
    }
    (void)close(ends[0]);
    strip_name(out);
    return is_good;
}
