/*
 * file.h: the files of a configuration: where they are looked for, and their bytes.
 *
 * Only regular files are read, never more than FILE_BYTES_MAX. Names that a file gives are seen from its own folder.
 * Thread: that which loads.
 */
#ifndef WARDGATE_FILE_H
#define WARDGATE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "app/engine/status.h"
#include "app/settings/pool.h"

#define FILE_BYTES_MAX      (1024 * 1024)
#define FILE_INSTALL_FOLDER WARDGATE_SHARE /* PREFIX/share/wardgate: where the package puts profiles/ and rules/ */

/* Of a file that may be one of the package's. */
#define FILE_INSTALL_HINT ", from a clone run `sudo make install` or keep the configuration in its folder config"

struct file_bytes {
    const unsigned char *bytes; /* in the pool */
    size_t size;
};

/* STATUS_NOT_FOUND, STATUS_DENIED, STATUS_INVALID (a folder, a device), STATUS_TOO_LARGE, STATUS_NO_MEMORY, STATUS_IO.
 */
enum status file_read(const char *path, struct pool *pool, struct file_bytes *out) MUST_CHECK;

bool file_is_there(const char *path);

/* A configuration is looked at before it stands where it will: from here on `path`, or all in it when that is a folder, is read from `stage`. Both live as
 * long as the program. False: there are FILE_STAND_INS_MAX. */
#define FILE_STAND_INS_MAX 64
bool file_stand_in(const char *path, const char *stage);

/* Its permissions (07777), and whether root owns it, without opening it. STATUS_NOT_FOUND, STATUS_DENIED (its folder),
 * STATUS_INVALID (a folder, a device), STATUS_IO. */
enum status file_look(const char *path, unsigned *out_mode, bool *out_is_roots) MUST_CHECK;

/* The folder that `path` names a file in; "." when it names none. NULL: the pool is exhausted. */
const char *file_folder(const char *path, struct pool *pool);

/* `path` as it is when absolute, else seen from `folder`. NULL: the pool is exhausted. */
const char *file_path(const char *folder, const char *path, struct pool *pool);

/* The last part of a path. */
const char *file_name(const char *path);

/* Names in a folder that end in `ending`, without it, in the order of the alphabet; at most `most`, none where there is
 * no such folder. */
size_t file_list(const char *folder, const char *ending, struct pool *pool, const char **out, size_t most);

#endif
