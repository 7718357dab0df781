/*
 * collect.h: the files that a configuration rests on, put into an archive and named in its manifest.
 *
 * What it reads (settings.files), and beside it what a box has besides (network.yaml, authorized_keys, its SSH host key). What the package installs is not taken along: it comes
 * with the package. Thread: the caller's; no state.
 */
#ifndef WARDGATE_COLLECT_H
#define WARDGATE_COLLECT_H

#include "app/backup/archive.h"
#include "app/backup/manifest.h"
#include "app/settings/settings.h"

#define COLLECT_FILE_BYTES_MAX (4UL << 20)

/* A status other than STATUS_OK: `why` says which file, and what is wrong with it. */
enum status collect_files(const struct settings *settings, struct archive_writer *archive, struct manifest *manifest,
                          char why[ARCHIVE_WHY_MAX]) MUST_CHECK;

/* The folder of a configuration, absolute, and its name; false where the folder cannot be found. */
bool collect_place(const char *configuration, char folder[MANIFEST_PATH_MAX], char name[ARCHIVE_NAME_MAX]);

/* The names of the user and group that own it; empty when they have none. */
void collect_owner(uint32_t user, uint32_t group, char user_name[MANIFEST_WORD_MAX],
                   char group_name[MANIFEST_WORD_MAX]);

#endif
