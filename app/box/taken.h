/*
 * taken.h: what was last taken from the boot partition, and what came of it, by digest; in data/box, a line each.
 *
 * By the first a file of the boot partition that has not changed since is told from another one; by the second what is in force is told from
 * what came there by another way (wardgate restore). Thread: that of a command.
 */
#ifndef WARDGATE_BOX_TAKEN_H
#define WARDGATE_BOX_TAKEN_H

#include "app/box/box.h"
#include "app/settings/file.h"

#define TAKEN_WARD    "taken"
#define TAKEN_NETWORK "taken-network"

struct taken {
    uint64_t of_boot; /* 0: nothing was ever taken */
    uint64_t kept;    /* what is in force since; 0: an older version did not note it */
    int64_t at_ms;    /* wall clock; 0: not known */
};

/* Zeros where there is none that can be read. name: one of TAKEN_. */
void taken_read(const char *data, const char *name, struct taken *out);
enum status taken_write(const char *data, const char *name, const struct taken *taken) MUST_CHECK;

/* True when what is in force, of this digest, is not what was kept of the boot partition. */
bool taken_is_other(const struct taken *taken, uint64_t in_force);

uint64_t taken_digest(const struct file_bytes *text);

#endif
