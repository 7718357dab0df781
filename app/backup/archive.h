/*
 * archive.h: a backup as one file of files: a tar (ustar, POSIX.1-1988) that `tar xf` reads, closed by a list of SHA-256 that `sha256sum -c` reads.
 *
 * Regular files only, in the order in which they were added; the last one is ARCHIVE_SUMS, with a line for each before it. Whoever reads believes nothing: a
 * name is a plain path below here ("config/rules/standard.yaml": never absolute, no "..", no empty part, no control character), there are no links, folders or
 * devices, nothing comes twice, every digest is right, and behind the last block there are zeros alone. So a file that is cut, damaged or put together by
 * somebody else is told before anything of it is used. (The digests are no signature: who can write the file can write them.)
 *
 * Pure but for memory: a writer's grows as needed, up to ARCHIVE_BYTES_MAX; a reader points into the caller's bytes. Any thread.
 */
#ifndef WARDGATE_ARCHIVE_H
#define WARDGATE_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/engine/status.h"
#include "drivers/store/digest.h"

#define ARCHIVE_BYTES_MAX   (256UL << 20)
#define ARCHIVE_MEMBERS_MAX 256
#define ARCHIVE_NAME_MAX    100 /* with a NUL */
#define ARCHIVE_SUMS        "SHA256SUMS"
#define ARCHIVE_WHY_MAX     192

struct archive_member {
    char name[ARCHIVE_NAME_MAX];
    const unsigned char *bytes;
    size_t size;
    unsigned mode; /* permissions, 0777 at most */
    unsigned char digest[DIGEST_SIZE];
};

/* A path that may stand in an archive. */
bool archive_is_name(const char *name);

/* ---- writing ---- */

struct archive_sum {
    char name[ARCHIVE_NAME_MAX];
    unsigned char digest[DIGEST_SIZE];
};

struct archive_writer {
    unsigned char *bytes; /* the caller's after archive_close, to be freed */
    size_t size, room;
    int64_t made_s; /* of every member, since 1970 */
    unsigned count;
    struct archive_sum sums[ARCHIVE_MEMBERS_MAX];
    enum status status; /* the first fault; nothing more is added then */
};

void archive_begin(struct archive_writer *writer, int64_t made_s);
/* INVALID: no name for it, or it is there already. TOO_LARGE, NO_MEMORY. Each is kept in writer->status, too. */
enum status archive_add(struct archive_writer *writer, const char *name, const void *bytes, size_t size, unsigned mode);
enum status archive_close(struct archive_writer *writer) MUST_CHECK;

/* ---- reading ---- */

struct archive {
    unsigned count; /* without the list of sums */
    struct archive_member members[ARCHIVE_MEMBERS_MAX];
};

/* False: `why` says what is wrong with it, and where. */
bool archive_read(const unsigned char *bytes, size_t size, struct archive *out, char why[ARCHIVE_WHY_MAX]);
/* NULL: there is none of that name. */
const struct archive_member *archive_find(const struct archive *archive, const char *name);

#endif
