#include "app/backup/archive.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 512, END_BLOCKS = 2, DIGITS = 2 * DIGEST_SIZE };

/* A header of POSIX.1-1988, one block. */
struct header {
    char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100], magic[6], version[2];
    char user[32], group[32], major[8], minor[8], prefix[155], rest[12];
};
_Static_assert(sizeof(struct header) == BLOCK, "a header is one block");
_Static_assert(sizeof(((struct header *)0)->name) == ARCHIVE_NAME_MAX, "a name fits, with its NUL");

/* ---- names ---- */

static bool is_plain(const char *part, size_t length)
{
    return length > 0 && !(length == 1 && part[0] == '.') && !(length == 2 && part[0] == '.' && part[1] == '.');
}

bool archive_is_name(const char *name)
{
    assert(name != NULL);
    if (strlen(name) >= ARCHIVE_NAME_MAX) {
        return false;
    }
    for (const char *at = name; *at != '\0'; at++) {
        const unsigned char c = (unsigned char)*at;
        if (c < ' ' || c == 0x7F || c == '\\') {
            return false;
        }
    }
    const char *part = name;
    for (const char *slash = strchr(part, '/'); slash != NULL; part = slash + 1, slash = strchr(part, '/')) {
        if (!is_plain(part, (size_t)(slash - part))) {
            return false;
        }
    }
    return is_plain(part, strlen(part));
}

/* ---- both ways ---- */

static unsigned checksum_of(const struct header *header)
{
    struct header copy = *header;
    unsigned sum = 0;
    memset(copy.checksum, ' ', sizeof copy.checksum);
    for (size_t i = 0; i < sizeof copy; i++) {
        sum += ((const unsigned char *)&copy)[i];
    }
    return sum;
}

static size_t padded(size_t size)
{
    return (size + BLOCK - 1) / BLOCK * BLOCK;
}

/* "<digest>  <name>\n", as sha256sum has it. */
static int print_sum(char *out, size_t size, const unsigned char digest[DIGEST_SIZE], const char *name)
{
    char hex[DIGITS + 1];
    for (unsigned i = 0; i < DIGEST_SIZE; i++) {
        (void)snprintf(hex + 2 * (size_t)i, 3, "%02x", digest[i]);
    }
    return snprintf(out, size, "%s  %s\n", hex, name);
}

enum { SUM_LINE_MAX = DIGITS + ARCHIVE_NAME_MAX + 4 };

/* ---- writing ---- */

void archive_begin(struct archive_writer *w, int64_t made_s)
{
    assert(w != NULL);
    *w = (struct archive_writer){.made_s = made_s < 0 ? 0 : made_s};
}

static enum status fail(struct archive_writer *w, enum status status)
{
    if (w->status == STATUS_OK) {
        w->status = status;
    }
    return w->status;
}

/* Zeroed room behind what is there; NULL: told in w->status. */
static unsigned char *grow(struct archive_writer *w, size_t size)
{
    if (size > ARCHIVE_BYTES_MAX - w->size) {
        (void)fail(w, STATUS_TOO_LARGE);
        return NULL;
    }
    if (size > w->room - w->size) {
        size_t room = w->room * 2 > w->size + size ? w->room * 2 : w->size + size;
        room = room > ARCHIVE_BYTES_MAX ? ARCHIVE_BYTES_MAX : room;
        unsigned char *bytes = realloc(w->bytes, room);
        if (bytes == NULL) {
            (void)fail(w, STATUS_NO_MEMORY);
            return NULL;
        }
        w->bytes = bytes;
        w->room = room;
    }
    unsigned char *at = w->bytes + w->size;
    memset(at, 0, size);
    w->size += size;
    return at;
}

static void put_octal(char *field, size_t size, uint64_t value)
{
    for (size_t i = size - 1; i-- > 0; value /= 8) {
        field[i] = (char)('0' + value % 8);
    }
}

static void put_header(const struct archive_writer *w, struct header *header, const char *name, size_t size,
                       unsigned mode)
{
    memcpy(header->name, name, strlen(name));
    put_octal(header->mode, sizeof header->mode, mode & 0777U);
    put_octal(header->uid, sizeof header->uid, 0);
    put_octal(header->gid, sizeof header->gid, 0);
    put_octal(header->size, sizeof header->size, size);
    put_octal(header->mtime, sizeof header->mtime, (uint64_t)w->made_s);
    header->type = '0';
    memcpy(header->magic, "ustar", sizeof header->magic);
    memcpy(header->version, "00", sizeof header->version);
    put_octal(header->checksum, sizeof header->checksum - 1, checksum_of(header));
    header->checksum[sizeof header->checksum - 1] = ' ';
}

static enum status put_file(struct archive_writer *w, const char *name, const void *bytes, size_t size, unsigned mode)
{
    unsigned char *at = size > ARCHIVE_BYTES_MAX ? NULL : grow(w, BLOCK + padded(size));
    if (at == NULL) {
        return fail(w, STATUS_TOO_LARGE);
    }
    struct header header = {.name = ""};
    put_header(w, &header, name, size, mode);
    memcpy(at, &header, sizeof header);
    if (size > 0) {
        memcpy(at + BLOCK, bytes, size);
    }
    return STATUS_OK;
}

static bool has(const struct archive_writer *w, const char *name)
{
    for (unsigned i = 0; i < w->count; i++) {
        if (strcmp(w->sums[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

enum status archive_add(struct archive_writer *w, const char *name, const void *bytes, size_t size, unsigned mode)
{
    assert(w != NULL && name != NULL && (bytes != NULL || size == 0));
    if (w->status != STATUS_OK) {
        return w->status;
    }
    if (!archive_is_name(name) || strcmp(name, ARCHIVE_SUMS) == 0 || has(w, name)) {
        return fail(w, STATUS_INVALID);
    }
    if (w->count == ARCHIVE_MEMBERS_MAX) {
        return fail(w, STATUS_TOO_LARGE);
    }
    if (put_file(w, name, bytes, size, mode) != STATUS_OK) {
        return w->status;
    }
    struct archive_sum *sum = &w->sums[w->count++];
    (void)snprintf(sum->name, sizeof sum->name, "%s", name);
    digest_make(&(struct digest_piece){bytes, size}, 1, sum->digest);
    return STATUS_OK;
}

enum status archive_close(struct archive_writer *w)
{
    assert(w != NULL);
    char *lines = w->status == STATUS_OK ? malloc((size_t)w->count * SUM_LINE_MAX + 1) : NULL;
    size_t length = 0;
    if (lines == NULL) {
        return fail(w, STATUS_NO_MEMORY);
    }
    for (unsigned i = 0; i < w->count; i++) {
        length += (size_t)print_sum(lines + length, SUM_LINE_MAX, w->sums[i].digest, w->sums[i].name);
    }
    if (put_file(w, ARCHIVE_SUMS, lines, length, 0600) == STATUS_OK) {
        (void)grow(w, (size_t)END_BLOCKS * BLOCK);
    }
    free(lines);
    return w->status;
}

/* ---- reading ---- */

struct reading {
    const unsigned char *bytes;
    size_t size, at;
    char *why;
};

static bool wrong(const struct reading *r, const char *what)
{
    (void)snprintf(r->why, ARCHIVE_WHY_MAX, "%s, at byte %zu of %zu", what, r->at, r->size);
    return false;
}

/* Digits up to a space or NUL, nothing else: so no number of another base or sign. */
static bool take_octal(const char *field, size_t size, uint64_t *out)
{
    uint64_t value = 0;
    size_t i = 0;
    for (; i < size && field[i] >= '0' && field[i] <= '7'; i++) {
        value = value * 8 + (uint64_t)(field[i] - '0');
    }
    const bool ends = i > 0 && i < size && (field[i] == '\0' || field[i] == ' ');
    *out = value;
    return ends;
}

static bool is_zero(const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

static bool is_ours(const struct header *header)
{
    return memcmp(header->magic, "ustar", sizeof header->magic) == 0 &&
           memcmp(header->version, "00", sizeof header->version) == 0;
}

static bool take_header(const struct reading *r, struct archive_member *out)
{
    struct header header;
    uint64_t sum = 0, size = 0, mode = 0;
    memcpy(&header, r->bytes + r->at, sizeof header);
    if (!is_ours(&header)) {
        return wrong(r, "no header of a file stands there");
    }
    if (!take_octal(header.checksum, sizeof header.checksum, &sum) || sum != checksum_of(&header) ||
        header.checksum[sizeof header.checksum - 1] != ' ') {
        return wrong(r, "a header is damaged");
    }
    if (header.type != '0' || header.link[0] != '\0' || header.prefix[0] != '\0') {
        return wrong(r, "it has a link, a folder or a device in it");
    }
    if (!take_octal(header.size, sizeof header.size, &size) || !take_octal(header.mode, sizeof header.mode, &mode) ||
        mode > 0777 || memchr(header.name, '\0', sizeof header.name) == NULL || !archive_is_name(header.name)) {
        return wrong(r, "a file in it has a name, size or mode that none of ours has");
    }
    if (size > r->size - r->at - BLOCK) {
        return wrong(r, "it is cut short");
    }
    *out = (struct archive_member){.bytes = r->bytes + r->at + BLOCK, .size = (size_t)size, .mode = (unsigned)mode};
    memcpy(out->name, header.name, sizeof out->name);
    return true;
}

static bool take_member(struct reading *r, struct archive_member *out)
{
    if (r->size - r->at < BLOCK) {
        return wrong(r, "it is cut short");
    }
    if (!take_header(r, out)) {
        return false;
    }
    const size_t whole = padded(out->size);
    if (whole > r->size - r->at - BLOCK) {
        return wrong(r, "it is cut short");
    }
    if (!is_zero(out->bytes + out->size, whole - out->size)) {
        return wrong(r, "something stands behind the end of a file");
    }
    r->at += BLOCK + whole;
    return true;
}

/* The list has one line a member, in their order, and nothing else. */
static bool check_sums(const struct reading *r, struct archive *archive, const struct archive_member *sums)
{
    const char *at = (const char *)sums->bytes;
    size_t left = sums->size;
    for (unsigned i = 0; i < archive->count; i++) {
        struct archive_member *member = &archive->members[i];
        char line[SUM_LINE_MAX];
        digest_make(&(struct digest_piece){member->bytes, member->size}, 1, member->digest);
        const size_t length = (size_t)print_sum(line, sizeof line, member->digest, member->name);
        if (length > left || memcmp(at, line, length) != 0) {
            (void)snprintf(r->why, ARCHIVE_WHY_MAX, "%s in it is not what its SHA-256 was made of", member->name);
            return false;
        }
        at += length;
        left -= length;
    }
    return left == 0 || wrong(r, "its list of SHA-256 names files that are not there");
}

bool archive_read(const unsigned char *bytes, size_t size, struct archive *out, char why[ARCHIVE_WHY_MAX])
{
    assert((bytes != NULL || size == 0) && out != NULL && why != NULL);
    struct reading r = {.bytes = bytes, .size = size, .why = why};
    struct archive_member member;
    out->count = 0;
    if (size > ARCHIVE_BYTES_MAX) {
        return wrong(&r, "it is larger than any backup");
    }
    for (;;) {
        if (!take_member(&r, &member)) {
            return false;
        }
        if (strcmp(member.name, ARCHIVE_SUMS) == 0) {
            break;
        }
        if (out->count == ARCHIVE_MEMBERS_MAX) {
            return wrong(&r, "it has too many files in it");
        }
        if (archive_find(out, member.name) != NULL) {
            return wrong(&r, "a file is in it twice");
        }
        out->members[out->count++] = member;
    }
    if (size - r.at < (size_t)END_BLOCKS * BLOCK) {
        return wrong(&r, "it is cut short");
    }
    if (!is_zero(bytes + r.at, size - r.at)) {
        return wrong(&r, "something stands behind its end");
    }
    return check_sums(&r, out, &member);
}

const struct archive_member *archive_find(const struct archive *archive, const char *name)
{
    for (unsigned i = 0; i < archive->count; i++) {
        if (strcmp(archive->members[i].name, name) == 0) {
            return &archive->members[i];
        }
    }
    return NULL;
}
