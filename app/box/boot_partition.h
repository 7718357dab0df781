/*
 * boot_partition.h: whether the boot partition is there, and writing to it what is for the person: FAT, which has no journal, so little and
 * seldom.
 *
 * One that is mounted read-only is made writable for the length of one file, under the lock run/boot.lock, which others take who do the same.
 * The file is written beside its place, synced and renamed. Thread: that of a command.
 */
#ifndef WARDGATE_BOOT_PARTITION_H
#define WARDGATE_BOOT_PARTITION_H

#include "app/box/box.h"

/* True when it is not mounted; why and what to do is then in `out`, cut to `size`. Its folder is empty then, which says nothing of its files. */
bool boot_partition_is_lost(const struct box_places *places, char *out, size_t size) MUST_CHECK;

/* Leaves a file alone that is the same already. */
enum status boot_partition_put(const struct box_places *places, const char *name, const void *bytes,
                               size_t size) MUST_CHECK;

#endif
