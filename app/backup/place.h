/*
 * place.h: puts a configuration's folder and a store where they belong, both or neither, whatever ends the program.
 *
 *     build in FOLDER.restoring and STORE/restoring ──► place_commit writes FOLDER.restore ──► place_finish: what was there becomes
 *     FOLDER.replaced-N and STORE/replaced-N, what was built takes its place, FOLDER.restore goes
 *
 * Before the note FOLDER.restore is there, nothing has changed (place_sweep takes away what was built); once it is there, place_finish can be done and done
 * again, and the commands refuse until it has been: half of two boxes is never run. Every step is durable before the next. Where the folder's name cannot be
 * changed (a mount point) all is as it was, and the note is gone. The store's own folder stays, for it may be one. Nothing is deleted.
 *
 * Thread: the caller's. Errors: STATUS_DENIED, STATUS_FULL, STATUS_IO, STATUS_BUSY (a mount point), STATUS_CORRUPT (no note of ours).
 */
#ifndef WARDGATE_PLACE_H
#define WARDGATE_PLACE_H

#include <stdbool.h>
#include <stddef.h>

#include "app/backup/manifest.h"

#define PLACE_PATH_MAX (MANIFEST_PATH_MAX + 32)

struct place {
    char folder[PLACE_PATH_MAX], folder_stage[PLACE_PATH_MAX], folder_aside[PLACE_PATH_MAX];
    char store[PLACE_PATH_MAX], store_stage[PLACE_PATH_MAX], store_aside[PLACE_PATH_MAX];
    char note[PLACE_PATH_MAX];
    bool is_store_new; /* its folder was made here */
};

/* Of that configuration; the store's follow by place_set_store. False: a name is too long, or is not absolute. */
bool place_set_folder(struct place *place, const char *folder);
bool place_set_store(struct place *place, const char *store);

/* A restore of this configuration was cut short: only place_finish leads out. */
bool place_is_cut(const char *configuration);

/* Removes what was built and not committed. */
void place_sweep(const struct place *place);
void place_sweep_store(const struct place *place);

/* A file in the folder that is built, with the folders above it; synced. owner: user and group by name where we are root and they are known. */
enum status place_put(const struct place *place, const char *name, const struct archive_member *member,
                      const struct manifest_file *owner) MUST_CHECK;
/* The store's folder, made for that user where there is none, and what is built in it. */
enum status place_make_store(struct place *place, const char *user, const char *group) MUST_CHECK;
enum status place_own_store(const struct place *place) MUST_CHECK;

enum status place_commit(struct place *place) MUST_CHECK;
/* NOT_FOUND: there is nothing to finish. *out: what it did. */
enum status place_finish(const char *folder, struct place *out) MUST_CHECK;

/* A file elsewhere, made where none is; whole or not at all. */
enum status place_put_outside(const char *path, const struct archive_member *member,
                              const struct manifest_file *owner) MUST_CHECK;

#endif
