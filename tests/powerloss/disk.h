/*
 * disk.h: what a power cut may leave of the operations in a record (recorder.h).
 *
 * Promised is only what POSIX promises. What a sync covered is there: fsync and fdatasync of a file its bytes and its length, fsync of a folder the
 * names in it (not what they name, not its own name in the folder above), a write through O_DSYNC itself. Of all that was done after:
 *
 *     bytes    each sector of 512 bytes for itself is there or not, in the newest form or an older one; or each page of 4 KiB, or torn in its
 *              middle; or everything up to some point; or nothing, or all
 *     length   the old, the new, or as far as sectors are there; what lies between is zeros, or whatever stood on the disk
 *     names    of each folder, the first so many changes or any of them; a rename is there whole or not at all
 *     lock     a file that is written through a map (lock.mdb) holds anything
 */
#ifndef WARDGATE_TESTS_DISK_H
#define WARDGATE_TESTS_DISK_H

#include <stdbool.h>
#include <stdint.h>

#define DISK_SECTOR 512U

/* Which syncs do what they say. A disk that leaves one kind out is what the checks must find. */
struct disk_kind {
    const char *name;
    bool syncs_files, syncs_folders, syncs_writes;
    const char *only; /* of folders whose name begins so, and what is in them; all others sync. NULL: of all */
};

/* The disk as it was when the record began; then up to, and without, operation `cut`, which only grows. */
void disk_start(const struct disk_kind *kind);
void disk_advance(uint32_t cut);

/* Nothing is open: all images of this instant are the same but for lock files. */
bool disk_is_settled(void);

/* One of the images of this instant, into `folder`, which is emptied before. The same seed gives the same image. */
void disk_write_image(const char *folder, uint64_t seed);

/* Whether the files under `folder` are what the whole record says: nothing has escaped it. */
bool disk_is_as_recorded(const char *folder);

void folder_clear(const char *folder); /* made anew, empty */
void folder_copy(const char *from, const char *to);

#endif
