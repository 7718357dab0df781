/*
 * capture.h: what the code under test writes to standard error, as a text.
 */
#ifndef WARDGATE_TESTS_CAPTURE_H
#define WARDGATE_TESTS_CAPTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct capture {
    int usual, file;
};

static inline void capture_begin(struct capture *capture)
{
    (void)fflush(stderr);
    capture->usual = dup(STDERR_FILENO);
    capture->file = memfd_create("stderr", 0);
    if (capture->usual < 0 || capture->file < 0 || dup2(capture->file, STDERR_FILENO) < 0) {
        abort();
    }
}

/* Ends it; `out` gets as much as fits. */
static inline void capture_end(struct capture *capture, char *out, size_t size)
{
    (void)fflush(stderr);
    (void)dup2(capture->usual, STDERR_FILENO);
    const ssize_t got = pread(capture->file, out, size - 1, 0);
    out[got > 0 ? got : 0] = '\0';
    (void)close(capture->file);
    (void)close(capture->usual);
}

#endif
