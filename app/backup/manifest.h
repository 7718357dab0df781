/*
 * manifest.h: what a backup says of itself, lines of JSON: one of the whole, then one a file of the configuration.
 *
 *     {"kind":"backup","format":1,"made":"2026-..Z","wardgate":"0.1.0","gateway":"gw-7e",...}
 *     {"kind":"file","name":"config/wardgate.yaml","path":"/etc/wardgate/wardgate.yaml","mode":416,"user":"root","group":"wardgate"}
 *
 * Files below the configuration's folder are `config/...`, others that it names `outside/N`. Plain data; the caller's memory.
 */
#ifndef WARDGATE_MANIFEST_H
#define WARDGATE_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/backup/archive.h"
#include "app/backup/json_lines.h"

#define MANIFEST_FORMAT    1U /* raise it when an older wardgate would put back less, or something else, of a backup */
#define MANIFEST_NAME      "manifest.jsonl"
#define MANIFEST_STORE     "store.jsonl"
#define MANIFEST_CONFIG    "config/"
#define MANIFEST_OUTSIDE   "outside/"
#define MANIFEST_FILES_MAX (ARCHIVE_MEMBERS_MAX - 2)
#define MANIFEST_WORD_MAX  64
#define MANIFEST_PATH_MAX  512

struct manifest_file {
    char name[ARCHIVE_NAME_MAX];
    char path[MANIFEST_PATH_MAX]; /* where it stood, absolute */
    unsigned mode;
    char user[MANIFEST_WORD_MAX], group[MANIFEST_WORD_MAX]; /* empty: nobody knows that number */
};

struct manifest {
    int64_t made_ms;   /* wall time */
    int64_t engine_ms; /* the engine's, then */
    uint32_t schema;   /* of the store */
    char wardgate[MANIFEST_WORD_MAX], gateway[MANIFEST_WORD_MAX], site[MANIFEST_WORD_MAX], ward[MANIFEST_WORD_MAX];
    char configuration[ARCHIVE_NAME_MAX];                   /* the member's name */
    char epoch[MANIFEST_WORD_MAX];                          /* of the store; empty: there was none */
    char user[MANIFEST_WORD_MAX], group[MANIFEST_WORD_MAX]; /* the store's */
    unsigned count;
    struct manifest_file files[MANIFEST_FILES_MAX];
};

bool manifest_write(const struct manifest *manifest, struct json_lines *out);

/* False: `why`. Of a newer format too. Whether its files are in an archive is manifest_fits' to say: each of them, and nothing else but the store. */
bool manifest_read(const unsigned char *bytes, size_t size, struct manifest *out, char why[ARCHIVE_WHY_MAX]);
bool manifest_fits(const struct manifest *manifest, const struct archive *archive, char why[ARCHIVE_WHY_MAX]);

#endif
