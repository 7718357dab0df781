/*
 * fileset.h: wardgate.yaml with what it may name beside it: profiles, rules, models, certificates, keys; as bytes.
 *
 * Taken are, of a folder: files whose names end in .yaml .yml .pem .crt .cer .key .password .txt and, whatever their names, those in its
 * folders profiles, rules, models, tls, certificates and keys. Not: what begins with a dot (other systems leave such files on a
 * boot partition), network.yaml, and what the box itself writes there. Everything lives in the pool. Thread: that of a command.
 */
#ifndef WARDGATE_FILESET_H
#define WARDGATE_FILESET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/box/publish.h"
#include "app/settings/file.h"

#define FILESET_FILES_MAX 256
#define FILESET_BYTES_MAX ((size_t)16 * 1024 * 1024)
#define FILESET_MAIN      "wardgate.yaml"
#define FILESET_FAULT_MAX 320

struct fileset_file {
    const char *path; /* seen from the folder: profiles/acme.yaml */
    struct file_bytes text;
};

struct fileset {
    struct fileset_file files[FILESET_FILES_MAX]; /* by name */
    size_t count;
    uint64_t digest;               /* of names and bytes */
    bool has_main;                 /* wardgate.yaml is among them */
    char fault[FILESET_FAULT_MAX]; /* why it is not whole, for a person; "": it is */
};

/* All of a folder. */
void fileset_read(const char *folder, struct pool *pool, struct fileset *out);

/* True for a name at the top of a folder that is one of these files, or a folder of them. */
bool fileset_has_place(const char *name);

/* NULL: there is none of this name. */
const struct fileset_file *fileset_find(const struct fileset *set, const char *path);

/* True for a private key, by what is in it. */
bool fileset_is_key(const struct fileset_file *file);

/* Adds one that is not there yet. False: no room. */
bool fileset_add(struct fileset *set, const struct fileset_file *file);

/* The same with those of `from` that `keeps` says yes to, and with those whose paths `named` has (NULL: none). */
bool fileset_keep(struct fileset *set, const struct fileset *from, bool (*keeps)(const struct fileset_file *file),
                  const struct fileset *named);

/* True when both have the same files. */
bool fileset_is_same(const struct fileset *a, const struct fileset *b);

/* Writes them under a folder that is made for them. */
enum status fileset_write(const struct fileset *set, const char *folder, const struct publish_mode *mode) MUST_CHECK;

#endif
