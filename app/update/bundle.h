/*
 * bundle.h: what a file with an update says of itself, whether the hospital has signed it, and whether all of it is what was signed; before anything is written.
 *
 * The signature, and what it is about, is RAUC's to judge (`rauc info` with the box's keyring). Of a bundle in verity format it covers the root of a tree of hashes
 * over the rest, which RAUC looks at only while it writes; bundle_verify looks at every block before.
 *
 *     squashfs | tree of hashes (verity-size) | signature, CMS | its size, 8 bytes, big-endian
 *
 * Thread: that of a command. Source: RAUC 1.8, "Bundle formats"; the kernel's dm-verity documentation, hash type 1.
 */
#ifndef WARDGATE_BUNDLE_H
#define WARDGATE_BUNDLE_H

#include <stdbool.h>
#include <stdint.h>

#define BUNDLE_WORD_MAX 128
#define BUNDLE_HASH     32
#define BUNDLE_SAID_MAX 512

struct bundle {
    char compatible[BUNDLE_WORD_MAX], version[BUNDLE_WORD_MAX];
    char hash_text[BUNDLE_WORD_MAX]; /* names the bundle */
    uint32_t store_works,
        store_newest;    /* the schemas that it can work in (drivers/store/store.h); 0: it does not say */
    uint64_t root_bytes; /* of the root that it brings */
    uint64_t bytes, data_bytes, tree_bytes; /* of the file, and of its parts that are hashed and hashes */
    unsigned char hash[BUNDLE_HASH], salt[BUNDLE_HASH];
};

enum bundle_fault {
    BUNDLE_GOOD,
    BUNDLE_MISSING,      /* there is no such file, or it cannot be read */
    BUNDLE_OTHER,        /* it is no bundle */
    BUNDLE_CUT,          /* the beginning of one */
    BUNDLE_WRONG_KEY,    /* signed, and not by whom this box believes */
    BUNDLE_TAMPERED,     /* not what was signed */
    BUNDLE_WRONG_TIME,   /* signed by a certificate that does not hold, by this box's clock */
    BUNDLE_NO_KEYRING,   /* this box believes nobody */
    BUNDLE_NO_RAUC,      /* RAUC is not there */
    BUNDLE_UNREADABLE,   /* RAUC says something else of it */
    BUNDLE_NOT_WARDGATES /* signed, and lacks what makes it one of ours */
};

/* system: RAUC's system.conf. said: what RAUC said, where it is the reason. */
enum bundle_fault bundle_read(const char *file, const char *system, struct bundle *out, char said[BUNDLE_SAID_MAX]);

/* Every block against the signed hash. BUNDLE_GOOD, BUNDLE_TAMPERED, BUNDLE_MISSING (it cannot be read). */
enum bundle_fault bundle_verify(const char *file, const struct bundle *bundle);

#endif
