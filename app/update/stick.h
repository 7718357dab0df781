/*
 * stick.h: which bundle of a USB stick is the one to install: the only one that is newer than what runs, is for this box, and was not given up before.
 *
 * Looked at is what stands in the folder itself, at most STICK_FILES_MAX names ending in .raucb. Thread: that of a command.
 */
#ifndef WARDGATE_STICK_H
#define WARDGATE_STICK_H

#include "app/update/install.h"

#define STICK_FILES_MAX 16
#define STICK_PATH_MAX  1024

struct stick {
    unsigned count; /* of bundles */
    unsigned fits;  /* that may be installed */
    char file[STICK_PATH_MAX];
    struct bundle bundle;
    char text[STICK_FILES_MAX * INSTALL_TEXT_MAX]; /* a line a file, and what it comes to */
};

/* True: `file` may be installed. */
bool stick_choose(const struct update_box *box, const char *folder, struct stick *out);

#endif
