/*
 * swap.h: the steps of putting a backup where another box goes on from it, in this order; each says `why` when it may not be, and until the last one nothing
 * that anybody uses has changed.
 *
 *     swap_read            the file: whole, of a known format, every name and digest right, every line of the store readable
 *     swap_look_around     here: no restore that was cut short, the names of what is to be built
 *     swap_build_folder    the configuration's folder, beside where it will stand; it is read from there from now on (settings_load)
 *     swap_take_settings   no file outside the folder that the configuration does not name; no gateway that runs; no store with undelivered alerts
 *     swap_build_store     a new store, of a new epoch, beside where it will stand
 *     swap_exchange        both take their names (place.h)
 *
 * Thread: the caller's. swap_fini removes what was built and not exchanged.
 */
#ifndef WARDGATE_SWAP_H
#define WARDGATE_SWAP_H

#include "app/backup/archive.h"
#include "app/backup/manifest.h"
#include "app/backup/place.h"
#include "app/backup/state.h"
#include "app/flow/timebase.h"
#include "app/settings/settings.h"

#define SWAP_WHY_MAX  512
#define SWAP_STAYS_MS 3600000 /* older, and somebody has to say that patients are where they were */

struct swap {
    unsigned char *bytes;
    size_t size;
    struct archive archive;
    struct manifest manifest;
    struct state_summary summary;
    struct place place;
    char configuration[PLACE_PATH_MAX + ARCHIVE_NAME_MAX]; /* where it will stand */
    char base[ARCHIVE_NAME_MAX];
    char outside_stage[PLACE_PATH_MAX];
    bool is_outside_new[MANIFEST_FILES_MAX]; /* to be made */
    char outside_from[MANIFEST_FILES_MAX][PLACE_PATH_MAX];
    int lock_fd;
    bool is_locked, is_built, is_exchanged;
    unsigned unowned;
};

bool swap_read(struct swap *swap, const char *file, char why[SWAP_WHY_MAX]);
void swap_each_bed(const struct swap *swap, state_visit *visit, void *context);
bool swap_look_around(struct swap *swap, const char *configuration, char why[SWAP_WHY_MAX]);
bool swap_build_folder(struct swap *swap, char why[SWAP_WHY_MAX]);
bool swap_take_settings(struct swap *swap, const struct settings *settings, bool replaces, char why[SWAP_WHY_MAX]);
bool swap_build_store(struct swap *swap, const struct settings *settings, bool keeps_stays, char why[SWAP_WHY_MAX]);
bool swap_exchange(struct swap *swap, char why[SWAP_WHY_MAX]);
void swap_fini(struct swap *swap);

/* What a power cut left of an exchange; NOT_FOUND: nothing. */
enum status swap_finish(const char *configuration, struct place *out) MUST_CHECK;

#endif
