/*
 * slots.h: the box's two roots, as RAUC and its configuration tell them (`rauc status`).
 *
 * Thread: that of a command.
 */
#ifndef WARDGATE_SLOTS_H
#define WARDGATE_SLOTS_H

#include <stdbool.h>
#include <stdint.h>

#include "app/engine/status.h"

#define SLOTS_MAX     2
#define SLOT_WORD_MAX 256

struct slot {
    char name[SLOT_WORD_MAX]; /* A, B: as GRUB knows it */
    char id[SLOT_WORD_MAX];   /* rootfs.0: as RAUC does */
    char device[SLOT_WORD_MAX];
    char version[SLOT_WORD_MAX]; /* of the bundle that was installed there; "": none was */
    bool runs, good;
};

struct slots {
    char compatible[SLOT_WORD_MAX]; /* wardgate-x86_64 */
    char next[SLOT_WORD_MAX];       /* name of the one that the next start takes; "": not known */
    struct slot slots[SLOTS_MAX];
    unsigned count;
    char said[SLOT_WORD_MAX]; /* by RAUC, when it fails */
};

/* RAUC's system.conf. False: this is no box. */
struct slots_system {
    char compatible[SLOT_WORD_MAX], grubenv[SLOT_WORD_MAX], keyring[SLOT_WORD_MAX];
};
bool slots_system(const char *file, struct slots_system *out);

#define SLOTS_KERNEL "/proc/cmdline"
/* The name of the slot that runs, as GRUB told the kernel (rauc.slot=), whether or not RAUC answers. out: SLOT_WORD_MAX. False, and "": it stands in no such
 * file, or file is NULL. */
bool slots_started(const char *file, char *out);

/* STATUS_NOT_FOUND: no RAUC; STATUS_IO: it does not say. */
enum status slots_read(struct slots *out) MUST_CHECK;
const struct slot *slots_running(const struct slots *slots); /* NULL: none does */
const struct slot *slots_other(const struct slots *slots);
uint64_t slot_bytes(const struct slot *slot); /* 0: not known */

/* The slot that runs is good, the other one bad: it may not be started. */
enum status slots_mark_good(void) MUST_CHECK;
enum status slots_mark_other_bad(void) MUST_CHECK;
/* For GRUB (config/box/grub.cfg): one that has run well gets several tries. Does nothing without a grubenv. */
enum status slots_set_proven(const struct slots_system *system, const char *name, bool proven) MUST_CHECK;
/* False, too, when GRUB's notes cannot be read. */
bool slots_is_proven(const struct slots_system *system, const char *name);

#endif
