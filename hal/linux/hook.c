#include "hal/hook.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

static enum status fault_of(int error)
{
    switch (error) {
    case 0:
        return STATUS_OK;
    case ENOENT:
    case ENOTDIR:
        return STATUS_NOT_FOUND;
    case EACCES:
    case EPERM:
    case ENOEXEC:
        return STATUS_DENIED;
    case ENOMEM:
    case EAGAIN:
        return STATUS_NO_MEMORY;
    default:
        return STATUS_IO;
    }
}

/* Ours are closed by the exec (CLOEXEC); what we were started with may not be. */
static int set_files(posix_spawn_file_actions_t *files)
{
    int error = posix_spawn_file_actions_addopen(files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    error = error != 0 ? error : posix_spawn_file_actions_adddup2(files, STDERR_FILENO, STDOUT_FILENO);
    return error != 0 ? error : posix_spawn_file_actions_addclosefrom_np(files, STDERR_FILENO + 1);
}

static int set_signals(posix_spawnattr_t *attributes)
{
    sigset_t none, ignored;
    (void)sigemptyset(&none);
    (void)sigemptyset(&ignored);
    (void)sigaddset(&ignored, SIGPIPE); /* the only one that we ignore */
    int error =
        posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    error = error != 0 ? error : posix_spawnattr_setpgroup(attributes, 0);
    error = error != 0 ? error : posix_spawnattr_setsigmask(attributes, &none);
    return error != 0 ? error : posix_spawnattr_setsigdefault(attributes, &ignored);
}

/* execve leaves both lists as they are; C has no const for that. */
static int spawn(pid_t *pid, const posix_spawn_file_actions_t *files, const posix_spawnattr_t *attributes,
                 const char *const *arguments, const char *const *environment)
{
    union {
        const char *const *given;
        char *const *taken;
    } argv = {arguments}, envp = {environment};
    return posix_spawn(pid, arguments[0], files, attributes, argv.taken, envp.taken);
}

enum status hook_start(struct hook *hook, const char *const *arguments, const char *const *environment,
                       int64_t until_us)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    pid_t pid = 0;
    assert(hook->pid == 0);
    if (posix_spawn_file_actions_init(&files) != 0) {
        return STATUS_NO_MEMORY;
    }
    if (posix_spawnattr_init(&attributes) != 0) {
        (void)posix_spawn_file_actions_destroy(&files);
        return STATUS_NO_MEMORY;
    }
    int error = set_files(&files);
    error = error != 0 ? error : set_signals(&attributes);
    error = error != 0 ? error : spawn(&pid, &files, &attributes, arguments, environment);
    (void)posix_spawnattr_destroy(&attributes);
    (void)posix_spawn_file_actions_destroy(&files);
    if (error == 0) {
        *hook = (struct hook){.pid = pid, .until_us = until_us};
    }
    return fault_of(error);
}

void hook_kill(struct hook *hook)
{
    if (hook->pid > 0) {
        hook->killed = true;
        (void)kill(-hook->pid, SIGKILL);
        (void)kill(hook->pid, SIGKILL); /* should it have left its group */
    }
}

enum hook_end hook_look(struct hook *hook, int64_t now_us, int *out_code)
{
    int status = 0;
    if (hook->pid <= 0) {
        return HOOK_RUNS;
    }
    const pid_t gone = waitpid(hook->pid, &status, WNOHANG);
    if (gone == 0 && now_us >= hook->until_us && !hook->killed) {
        hook_kill(hook);
    }
    if (gone == 0 || (gone < 0 && errno == EINTR)) {
        return HOOK_RUNS;
    }
    const bool killed = hook->killed;
    hook->pid = 0;
    *out_code = WIFEXITED(status) ? WEXITSTATUS(status) : WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    return killed ? HOOK_TIMED_OUT : gone > 0 && WIFSIGNALED(status) ? HOOK_SIGNALLED : HOOK_EXITED;
}
