#include "app/update/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/update/tool.h"
#include "drivers/store/digest.h"

#define INFO_WAIT_MS      60000
#define BLOCK             4096U
#define TRAILER           8U
#define SIGNATURE_MOST    (1U << 16)
#define SQUASHFS_MAGIC    "hsqs"
#define BUNDLE_BYTES_MOST (UINT64_C(1) << 32)

_Static_assert(BUNDLE_HASH == DIGEST_SIZE, "SHA-256");

/* ---- its two ends ---- */

static bool read_at(int fd, void *out, size_t size, uint64_t at)
{
    return pread(fd, out, size, (off_t)at) == (ssize_t)size;
}

/* The bytes before its signature; 0: it has none. */
static uint64_t signed_bytes(int fd, uint64_t bytes)
{
    unsigned char trailer[TRAILER], first = 0;
    uint64_t size = 0;
    if (bytes <= TRAILER || !read_at(fd, trailer, sizeof trailer, bytes - TRAILER)) {
        return 0;
    }
    for (unsigned i = 0; i < TRAILER; i++) {
        size = size << 8 | trailer[i];
    }
    const bool fits = size > 0 && size <= SIGNATURE_MOST && size + TRAILER < bytes;
    const bool is_der = fits && read_at(fd, &first, 1, bytes - TRAILER - size) && first == 0x30;
    return is_der ? bytes - TRAILER - size : 0;
}

/* Why RAUC need not be asked. */
static enum bundle_fault look(const char *file, struct bundle *out, char *said)
{
    struct stat found;
    char magic[sizeof SQUASHFS_MAGIC - 1] = "";
    const int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &found) != 0 || !S_ISREG(found.st_mode)) {
        (void)snprintf(said, BUNDLE_SAID_MAX, "%s", fd < 0 ? strerror(errno) : "not a file");
        if (fd >= 0) {
            (void)close(fd);
        }
        return BUNDLE_MISSING;
    }
    out->bytes = (uint64_t)found.st_size;
    const bool is_squashfs = read_at(fd, magic, sizeof magic, 0) && memcmp(magic, SQUASHFS_MAGIC, sizeof magic) == 0;
    out->data_bytes = out->bytes <= BUNDLE_BYTES_MOST ? signed_bytes(fd, out->bytes) : 0;
    (void)close(fd);
    return !is_squashfs ? BUNDLE_OTHER : out->data_bytes == 0 ? BUNDLE_CUT : BUNDLE_GOOD;
}

/* ---- what RAUC says of it ---- */

struct told {
    struct bundle *bundle;
    char *said;
    bool in_image;
    char build[BUNDLE_WORD_MAX], salt[BUNDLE_WORD_MAX], tree[BUNDLE_WORD_MAX], root[BUNDLE_WORD_MAX];
};

/* `  Key: <blanks>'value'`, or without quotes: as `rauc info` prints it for people, with more in it than for programs. */
static bool take(const char *line, const char *key, char *out, size_t size)
{
    const char *from = line + strspn(line, " \t");
    const size_t length = strlen(key);
    if (strncmp(from, key, length) != 0 || from[length] != ':') {
        return false;
    }
    from += length + 1;
    from += strspn(from, " \t");
    from += *from == '\'';
    size_t count = strcspn(from, "'");
    count = count < size ? count : size - 1;
    memcpy(out, from, count);
    out[count] = '\0';
    return true;
}

static void hear(void *context, const char *line)
{
    struct told *told = context;
    struct bundle *b = told->bundle;
    if (strstr(line, "failed") != NULL || strstr(line, "rror") != NULL || strstr(line, "nvalid") != NULL) {
        (void)snprintf(told->said, BUNDLE_SAID_MAX, "%s", line); /* the last is the reason */
    }
    told->in_image = told->in_image || strstr(line, " Image:") != NULL;
    if (take(line, "Compatible", b->compatible, sizeof b->compatible) ||
        take(line, "Version", b->version, sizeof b->version) || take(line, "Build", told->build, sizeof told->build) ||
        take(line, "Verity Salt", told->salt, sizeof told->salt) ||
        take(line, "Verity Hash", b->hash_text, sizeof b->hash_text) ||
        take(line, "Verity Size", told->tree, sizeof told->tree)) {
        return;
    }
    if (told->in_image && told->root[0] == '\0') {
        (void)take(line, "Size", told->root, sizeof told->root);
    }
}

static bool read_hex(const char *text, unsigned char out[BUNDLE_HASH])
{
    for (unsigned i = 0; i < BUNDLE_HASH; i++) {
        char digits[3] = {text[2 * i], text[2 * i] != '\0' ? text[2 * i + 1] : '\0', '\0'}, *end = digits;
        out[i] = (unsigned char)strtoul(digits, &end, 16);
        if (end != digits + 2) {
            return false;
        }
    }
    return text[2 * BUNDLE_HASH] == '\0';
}

/* "store=5-6" (toolchain/image/make-bundle). */
static bool read_store(const char *build, struct bundle *out)
{
    static const char begin[] = "store=";
    char *end = NULL;
    if (strncmp(build, begin, sizeof begin - 1) != 0) {
        return false;
    }
    const unsigned long works = strtoul(build + sizeof begin - 1, &end, 10);
    if (*end != '-') {
        return false;
    }
    const unsigned long newest = strtoul(end + 1, &end, 10);
    out->store_works = (uint32_t)works;
    out->store_newest = (uint32_t)newest;
    return *end == '\0' && works > 0 && works <= newest && newest <= UINT32_MAX;
}

static bool is_whole(const struct told *told)
{
    struct bundle *b = told->bundle;
    b->tree_bytes = strtoull(told->tree, NULL, 10);
    b->root_bytes = strtoull(told->root, NULL, 10);
    if (b->tree_bytes == 0 || b->tree_bytes >= b->data_bytes || (b->data_bytes - b->tree_bytes) % BLOCK != 0) {
        return false;
    }
    b->data_bytes -= b->tree_bytes;
    return b->version[0] != '\0' && b->compatible[0] != '\0' && b->root_bytes > 0 && read_store(told->build, b) &&
           read_hex(b->hash_text, b->hash) && read_hex(told->salt, b->salt);
}

static bool says(const char *said, const char *words)
{
    return strstr(said, words) != NULL;
}

static enum bundle_fault fault_of(const char *said)
{
    if (says(said, "expired") || says(said, "not yet valid")) {
        return BUNDLE_WRONG_TIME;
    }
    if (says(said, "self-signed") || says(said, "self signed") || says(said, "local issuer") ||
        says(said, "unsuitable certificate") || says(said, "unsupported certificate purpose") ||
        says(said, "certificate signature failure") || says(said, "invalid CA certificate")) {
        return BUNDLE_WRONG_KEY;
    }
    if (says(said, "Failed to load CA") || says(said, "keyring") || says(said, "No such file")) {
        return BUNDLE_NO_KEYRING;
    }
    return says(said, "signature verification failed") || says(said, "verif") || says(said, "digest") ||
                   says(said, "Invalid bundle")
               ? BUNDLE_TAMPERED
               : BUNDLE_UNREADABLE;
}

enum bundle_fault bundle_read(const char *file, const char *system, struct bundle *out, char said[BUNDLE_SAID_MAX])
{
    struct told told = {.bundle = out, .said = said};
    const char *const arguments[] = {"rauc", "info", "--output-format=readable", "--conf", system, file, NULL};
    *out = (struct bundle){.bytes = 0};
    said[0] = '\0';
    const enum bundle_fault fault = look(file, out, said);
    if (fault != BUNDLE_GOOD) {
        return fault;
    }
    const int end = tool_run(arguments, INFO_WAIT_MS, hear, &told);
    if (end == TOOL_MISSING) {
        return BUNDLE_NO_RAUC;
    }
    if (end != 0) {
        return end > 0 ? fault_of(said) : BUNDLE_UNREADABLE;
    }
    return is_whole(&told) ? BUNDLE_GOOD : BUNDLE_NOT_WARDGATES;
}

/* ---- every block ---- */

static void hash_block(const struct bundle *b, const unsigned char *block, unsigned char *out)
{
    const struct digest_piece pieces[] = {{b->salt, BUNDLE_HASH}, {block, BLOCK}};
    digest_make(pieces, 2, out);
}

static uint64_t blocks_for(uint64_t hashes)
{
    return (hashes * BUNDLE_HASH + BLOCK - 1) / BLOCK;
}

/* The hashes of one level, in whole blocks, become those of the level above, until one is left. */
static void climb(const struct bundle *b, unsigned char *hashes, uint64_t count)
{
    while (count > 1) {
        const uint64_t blocks = blocks_for(count);
        memset(hashes + count * BUNDLE_HASH, 0, (size_t)(blocks * BLOCK - count * BUNDLE_HASH));
        for (uint64_t i = 0; i < blocks; i++) {
            hash_block(b, hashes + i * BLOCK, hashes + i * BUNDLE_HASH); /* never behind what is still to be read */
        }
        count = blocks;
    }
}

static bool hash_all(int fd, const struct bundle *b, unsigned char *hashes, uint64_t blocks)
{
    unsigned char block[BLOCK];
    for (uint64_t i = 0; i < blocks; i++) {
        if (!read_at(fd, block, sizeof block, i * BLOCK)) {
            return false;
        }
        hash_block(b, block, hashes + i * BUNDLE_HASH);
    }
    climb(b, hashes, blocks);
    return true;
}

enum bundle_fault bundle_verify(const char *file, const struct bundle *bundle)
{
    const uint64_t blocks = bundle->data_bytes / BLOCK;
    unsigned char *hashes = malloc((size_t)(blocks_for(blocks) * BLOCK + BLOCK));
    const int fd = open(file, O_RDONLY | O_CLOEXEC);
    enum bundle_fault fault = BUNDLE_MISSING;
    if (hashes != NULL && fd >= 0 && hash_all(fd, bundle, hashes, blocks)) {
        fault = memcmp(hashes, bundle->hash, BUNDLE_HASH) == 0 ? BUNDLE_GOOD : BUNDLE_TAMPERED;
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    free(hashes);
    return fault;
}
