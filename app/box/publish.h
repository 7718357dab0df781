/*
 * publish.h: files that others rely on, written so that a cut at any instant leaves the whole old one or the whole new one:
 * beside it under another name, synced, renamed, the folder synced.
 *
 * Thread: that of a command. Statuses: STATUS_DENIED, STATUS_FULL (the disk), STATUS_NOT_FOUND (the folder), STATUS_TOO_LARGE (a
 * name), STATUS_IO.
 */
#ifndef WARDGATE_PUBLISH_H
#define WARDGATE_PUBLISH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "app/engine/status.h"

#define PUBLISH_PATH_MAX 1024

struct publish_mode {
    mode_t file, folder;
    gid_t group; /* the owner is whoever writes; (gid_t)-1: stays as it is */
};

/* Whether there is a file of just these bytes. */
bool publish_is_there(const char *path, const void *bytes, size_t size);

/* Leaves one alone that is the same already, its mode aside. */
enum status publish_file(const char *path, const struct publish_mode *mode, const void *bytes, size_t size) MUST_CHECK;

/* The same, of a text. */
enum status publish_text(const char *path, const struct publish_mode *mode, const char *text) MUST_CHECK;

/* With the folders above it that are missing. */
enum status publish_folder(const char *path, const struct publish_mode *mode) MUST_CHECK;

/* Everything under a path, and itself; what is not there is well. Follows no link. */
enum status publish_remove(const char *path) MUST_CHECK;

/* Puts a synced folder in the place of another (or of none) in one step; the other stands at `from` by then. */
enum status publish_exchange(const char *from, const char *to) MUST_CHECK;

/* DIR/NAME; false: too long. */
bool publish_path(char out[PUBLISH_PATH_MAX], const char *folder, const char *name) MUST_CHECK;

#endif
