/*
 * install.h: whether a bundle is one for this box, and its way into the slot that does not run.
 *
 * Nothing is written before everything is checked: signature, every block of it, board, version, size, and whether it and the version that runs now can work in the
 * same store. What this box would have to go back to is noted before RAUC begins (record.h, store_limit_schema).
 * Thread: that of a command; one at a time on a box.
 */
#ifndef WARDGATE_INSTALL_H
#define WARDGATE_INSTALL_H

#include <stdbool.h>
#include <stdint.h>

#include "app/update/bundle.h"
#include "app/update/slots.h"

#define INSTALL_TEXT_MAX 1024

struct update_box {
    const char *system;  /* RAUC's system.conf */
    const char *data;    /* its records are in DATA/update */
    const char *run;     /* RUN/data-lost: these are in memory */
    const char *store;   /* the gateway's, as a path; NULL: not known */
    const char *socket;  /* and where it answers; NULL: not known */
    const char *version; /* of the program that runs */
    const char *kernel;  /* the arguments that the kernel was started with; NULL: not known */
    struct slots_system conf;
};

struct install_verdict {
    const char *word;            /* for a program: good, wrong_key ... */
    char text[INSTALL_TEXT_MAX]; /* what is wrong, and what to do */
};

/* True: it may be installed. */
bool install_check(const struct update_box *box, const char *file, bool allow_older, struct bundle *out,
                   struct install_verdict *verdict);

/* Percent, and what RAUC is at. */
typedef void install_progress(void *context, int percent, const char *what);

/* slots: as they are now, and as they are then. True: the next start takes the new one. */
bool install_run(const struct update_box *box, const char *file, const struct bundle *bundle, struct slots *slots,
                 install_progress *progress, void *context, struct install_verdict *verdict);

#endif
