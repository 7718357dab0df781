#include "app/flow/metrics_file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/flow/log.h"
#include "app/flow/report_metrics.h"
#include "hal/clock.h"

#define SUFFIX   ".new" /* the collector reads *.prom alone */
#define SLACK_US 500000
#define MODE     0644

void metrics_init(struct metrics_file *metrics, struct arena *arena, const char *path)
{
    char *text = path != NULL ? ARENA_TAKE(arena_reserve(arena), char, REPORT_METRICS_MAX) : NULL;
    if (text == NULL) {
        return;
    }
    assert(strlen(path) < sizeof metrics->path); /* SETTINGS_METRICS_PATH_MAX */
    *metrics = (struct metrics_file){.text = text};
    (void)snprintf(metrics->path, sizeof metrics->path, "%s", path);
    const int failed = pthread_mutex_init(&metrics->mutex, NULL);
    assert(failed == 0); /* a default mutex needs nothing that could be short */
    (void)failed;
}

bool metrics_is_on(const struct metrics_file *metrics)
{
    return metrics->path[0] != '\0';
}

uint64_t metrics_failures(const struct metrics_file *metrics)
{
    return metrics != NULL ? atomic_load_explicit(&metrics->failures, memory_order_relaxed) : 0;
}

/* ---- the file ---- */

static int write_whole(int fd, const char *text, size_t length)
{
    while (length > 0) {
        const ssize_t written = write(fd, text, length);
        if (written < 0 && errno != EINTR) {
            return errno;
        }
        text += written > 0 ? written : 0;
        length -= written > 0 ? (size_t)written : 0;
    }
    return fchmod(fd, MODE) == 0 ? 0 : errno; /* whatever the umask */
}

/* Not synced: what a power cut takes is written again in 10 s. */
int metrics_write(const char *path, const char *text, size_t length)
{
    char beside[METRICS_PATH_MAX + sizeof SUFFIX];
    (void)snprintf(beside, sizeof beside, "%s" SUFFIX, path);
    (void)unlink(beside); /* of a run that was killed; never followed, should it be a link */
    const int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, MODE);
    if (fd < 0) {
        return errno;
    }
    int error = write_whole(fd, text, length);
    if (close(fd) != 0 && error == 0) {
        error = errno;
    }
    if (error == 0 && rename(beside, path) != 0) {
        error = errno;
    }
    if (error != 0) {
        (void)unlink(beside);
    }
    return error;
}

static void note(struct metrics_file *m, int error)
{
    atomic_store(&m->error, error);
    if (error != 0) {
        atomic_fetch_add(&m->failures, 1);
    }
    if (error != 0 && error != m->told_error) {
        log_warning(
            "the metrics file cannot be written (%s: %s), look at its folder and the right to write there; it is tried "
            "again and again",
            m->path, strerrordesc_np(error));
    } else if (error == 0 && m->told_error != 0) {
        log_note("the metrics file is written again (%s)", m->path);
    }
    m->told_error = error;
}

/* ---- its thread ---- */

/* 0: there is nothing to tell now. */
static size_t make_text(struct metrics_file *m)
{
    pthread_mutex_lock(&m->mutex);
    const size_t length = m->report != NULL ? report_metrics(m->report, m->text, REPORT_METRICS_MAX) : 0;
    pthread_mutex_unlock(&m->mutex);
    return length;
}

static void *run(void *argument)
{
    struct metrics_file *m = argument;
    int64_t due_us = clock_boot_us();
    thread_give_way();
    thread_set_slack_us(SLACK_US);
    while (!atomic_load(&m->stop)) {
        const int64_t now_us = clock_boot_us();
        const size_t length = now_us >= due_us ? make_text(m) : 0;
        if (length > 0) {
            note(m, metrics_write(m->path, m->text, length));
        }
        due_us = now_us >= due_us ? now_us + METRICS_INTERVAL_US : due_us;
        (void)wake_wait_until(&m->wake, due_us);
    }
    (void)unlink(m->path);
    return NULL;
}

enum status metrics_start(struct metrics_file *metrics)
{
    if (!metrics_is_on(metrics)) {
        return STATUS_OK;
    }
    const enum status status = wake_open(&metrics->wake);
    return status == STATUS_OK ? thread_start(&metrics->thread, "metrics", run, metrics) : status;
}

void metrics_attach(struct metrics_file *metrics, const struct report *report)
{
    if (metrics_is_on(metrics)) {
        pthread_mutex_lock(&metrics->mutex);
        metrics->report = report;
        pthread_mutex_unlock(&metrics->mutex);
    }
}

void metrics_detach(struct metrics_file *metrics)
{
    metrics_attach(metrics, NULL);
}

bool metrics_stop(struct metrics_file *metrics)
{
    if (!metrics->thread.running) {
        return true;
    }
    atomic_store(&metrics->stop, true);
    wake_raise(&metrics->wake);
    const bool ended = thread_join_until(&metrics->thread, clock_boot_us() + METRICS_LEAVE_US);
    if (ended) {
        wake_close(&metrics->wake);
    }
    return ended;
}
