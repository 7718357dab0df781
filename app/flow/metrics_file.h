/*
 * metrics_file.h: the gateway's figures as a file for Prometheus' node exporter (textfile collector), every 10 s.
 *
 * A thread of its own makes the text while it holds the mutex, which takes a fraction of a millisecond, and writes it while it holds nothing: a disk that hangs holds up that
 * thread and nobody else. Written beside the file and renamed, so that a reader sees the old one or the new one, whole. When it ends in order the file goes with it, so that
 * nobody reads what was; after a kill the collector's own `node_textfile_mtime_seconds` tells. What cannot be written is told once, counted, and tried again.
 *
 * Thread: metrics_init, _start, _attach, _detach, _stop: main's; the rest any.
 */
#ifndef WARDGATE_METRICS_FILE_H
#define WARDGATE_METRICS_FILE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "app/engine/arena.h"
#include "app/engine/status.h"
#include "hal/thread.h"
#include "hal/wake.h"

#define METRICS_INTERVAL_US 10000000 /* that of the health payload */
#define METRICS_LEAVE_US    500000   /* for its end */
#define METRICS_PATH_MAX    1024

struct report;

struct metrics_file {
    char path[METRICS_PATH_MAX]; /* "": none is written */
    char *text;
    pthread_mutex_t mutex;
    const struct report *report; /* under the mutex; NULL: there is none now */
    struct wake wake;
    struct thread thread;
    atomic_bool stop;
    atomic_ullong failures;
    atomic_int error; /* errno of the newest try; 0: it is written */
    int told_error;   /* its thread's */
};

/* path NULL: none is written. Takes storage. */
void metrics_init(struct metrics_file *metrics, struct arena *arena, const char *path);
bool metrics_is_on(const struct metrics_file *metrics);
enum status metrics_start(struct metrics_file *metrics) MUST_CHECK;

/* What it tells from now on, which outlives the next metrics_detach. */
void metrics_attach(struct metrics_file *metrics, const struct report *report);
void metrics_detach(struct metrics_file *metrics);

/* False: its thread hangs in the disk, and still has all of this. */
bool metrics_stop(struct metrics_file *metrics) MUST_CHECK;

/* NULL: none. */
uint64_t metrics_failures(const struct metrics_file *metrics);

/* One text into one file, by another name first. 0, or errno. */
int metrics_write(const char *path, const char *text, size_t length);

#endif
