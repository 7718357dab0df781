/*
 * record.h: what the box remembers of its updates, as small files under DATA/update: lines of KEY=VALUE, each written whole or not at all.
 *
 *     good      the version that last ran well: another one that runs is on trial
 *     other     the one before, in the other slot
 *     pending   the bundle that was installed last, until it ran well or was given up
 *     failed    the one that was given up last, and why
 *     before    the lines and links that worked when it was installed (health.h)
 *
 * Thread: that of a command. Errors: STATUS_NOT_FOUND, STATUS_DENIED, STATUS_FULL, STATUS_IO.
 */
#ifndef WARDGATE_RECORD_H
#define WARDGATE_RECORD_H

#include <stdbool.h>
#include <stddef.h>

#include "app/engine/status.h"

#define RECORD_VALUE_MAX 256
#define RECORD_PATH_MAX  512

struct record_of_update {
    char version[RECORD_VALUE_MAX];
    char bundle[RECORD_VALUE_MAX]; /* its hash, in hex */
    char slot[RECORD_VALUE_MAX];
    char boot[RECORD_VALUE_MAX];   /* id of the boot in which it was installed */
    char state[RECORD_VALUE_MAX];  /* installing, installed */
    char reason[RECORD_VALUE_MAX]; /* failed: why */
};

enum status record_make_folder(const char *data) MUST_CHECK;

/* That version in that slot: the same version may be installed a second time, and be another build. */
bool record_is_of(const struct record_of_update *record, const char *version, const char *slot);

/* False: there is none, and *out is empty. */
bool record_read(const char *data, const char *name, struct record_of_update *out);
enum status record_write(const char *data, const char *name, const struct record_of_update *record) MUST_CHECK;
/* The same of any text. */
enum status record_write_text(const char *data, const char *name, const char *text, size_t length) MUST_CHECK;
/* Its length; 0: there is none. */
size_t record_read_text(const char *data, const char *name, char *out, size_t size);
enum status record_remove(const char *data, const char *name) MUST_CHECK; /* well when there is none */

#endif
