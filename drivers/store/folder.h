/*
 * folder.h: the store's folder as files: locked by one process, swept of what an interrupted creation left, damaged parts set aside.
 *
 * Paths are relative to the folder's descriptor. A change of names is durable (fsync of the folder) when a function returns STATUS_OK.
 * Errors as folder_status maps them. Thread: the store's.
 */
#ifndef WARDGATE_FOLDER_H
#define WARDGATE_FOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/engine/status.h"

#define FOLDER_NAME_MAX 64
#define FOLDER_DATA     "data.mdb" /* as LMDB names them */
#define FOLDER_LOCK     "lock.mdb"

/* ENOSPC, EDQUOT: FULL; EACCES, EPERM, EROFS: DENIED; ENOENT: NOT_FOUND; ENOTDIR, ENAMETOOLONG: INVALID; ENOMEM: NO_MEMORY; else IO. */
enum status folder_status(int error);

/* Opens the folder, made (mode 0700) when missing; its parent must exist. Names that an earlier process changed and was killed before it could make
 * durable are durable then, too: what is found decides what is done. */
enum status folder_open(const char *path, int *out_fd) MUST_CHECK;

/* BUSY when another process holds it; kept until *out_fd is closed or the process ends. */
enum status folder_lock(int folder_fd, int *out_fd) MUST_CHECK;
/* NOT_FOUND where no gateway ever was: a lock of another user's making would keep it out. */
enum status folder_lock_existing(int folder_fd, int *out_fd) MUST_CHECK;

/* For another program that only reads: the folder as it is; whether a process holds it right now. */
enum status folder_open_existing(const char *path, int *out_fd) MUST_CHECK;
bool folder_is_held(int folder_fd);

/* A new, empty folder "<name>.new-<random>" to build in; folder_publish gives it its name at once, with its files synced. */
enum status folder_stage(int folder_fd, const char *name, char out_stage[FOLDER_NAME_MAX]) MUST_CHECK;
enum status folder_publish(int folder_fd, const char *stage, const char *name) MUST_CHECK;

/* What stands in an environment's data file is durable: one that was killed in a commit may have written and not synced it. */
enum status folder_sync_data(int folder_fd, const char *name) MUST_CHECK;

/* Removes what folder_stage left when power failed in between. */
void folder_sweep(int folder_fd);

bool folder_has(int folder_fd, const char *name);
/* Removes an environment's folder and its two files; whatever else lies in it keeps it there. */
void folder_remove(int folder_fd, const char *name);
/* Renames to "<name>.damaged-<n>", n the first free number. */
enum status folder_set_aside(int folder_fd, const char *name, char out_name[FOLDER_NAME_MAX]) MUST_CHECK;
/* The one of that name that was set aside last; false: none is there. */
bool folder_find_aside(int folder_fd, const char *name, char out_name[FOLDER_NAME_MAX]);

/* Takes `bytes` of disk for <name>/<file> (made when missing) without changing its length, so that later writes into it cannot run into a
 * full disk. A file system that cannot reserve is not an error. */
enum status folder_reserve(int folder_fd, const char *name, const char *file, uint64_t bytes) MUST_CHECK;

/* `count` random lower-case hex digits and a NUL. */
enum status folder_random_hex(char *out, size_t count) MUST_CHECK;

#endif
