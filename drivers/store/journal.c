#include "drivers/store/journal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/engine/little_endian.h"
#include "drivers/store/crc.h"
#include "drivers/store/folder.h"

enum { FORM = 0x314A4757, AT_FORM = 4, AT_NUMBER = 8, AT_INSTANT = 16, AT_SIZE = 24, AT_CRC = 28 };

struct head {
    uint64_t number;
    int64_t at_ms;
    uint32_t size, crc;
};

static void head_write(const struct head *head, unsigned char *out)
{
    little_endian_put(out + AT_FORM, FORM, 4);
    little_endian_put(out + AT_NUMBER, head->number, 8);
    little_endian_put(out + AT_INSTANT, (uint64_t)head->at_ms, 8);
    little_endian_put(out + AT_SIZE, head->size, 4);
    little_endian_put(out + AT_CRC, head->crc, 4);
    little_endian_put(out, crc_32(out + AT_FORM, JOURNAL_HEAD - AT_FORM), 4);
}

static bool head_read(const unsigned char *in, struct head *out)
{
    if (little_endian_get(in + AT_FORM, 4) != FORM ||
        little_endian_get(in, 4) != crc_32(in + AT_FORM, JOURNAL_HEAD - AT_FORM)) {
        return false;
    }
    *out = (struct head){.number = little_endian_get(in + AT_NUMBER, 8),
                         .at_ms = (int64_t)little_endian_get(in + AT_INSTANT, 8),
                         .size = (uint32_t)little_endian_get(in + AT_SIZE, 4),
                         .crc = (uint32_t)little_endian_get(in + AT_CRC, 4)};
    return out->size > 0 && out->size <= JOURNAL_BODY_MAX;
}

static uint64_t row_bytes(uint32_t size)
{
    return ((uint64_t)JOURNAL_HEAD + size + JOURNAL_SECTOR - 1) / JOURNAL_SECTOR * JOURNAL_SECTOR;
}

/* ---- looking through the file ---- */

typedef bool head_visit(void *context, uint64_t at, const struct head *head, const unsigned char *body);

/* As many bytes as stand in the file from `at` on, and fit. */
static size_t window_read(struct journal *j, uint64_t at)
{
    size_t got = 0;
    ssize_t now = 1;
    while (got < sizeof j->seen && now > 0) {
        now = pread(j->fd, j->seen + got, sizeof j->seen - got, (off_t)(at + got));
        got += now > 0 ? (size_t)now : 0;
    }
    return got;
}

/* Rows that begin in [from, until), as they stand there; what cannot be read is passed over. False: the visit has ended it. */
static bool look_through(struct journal *j, uint64_t from, uint64_t until, head_visit *visit, void *context)
{
    while (from < until) {
        const size_t got = window_read(j, from);
        size_t at = 0;
        while (at + JOURNAL_SECTOR <= got && from + at < until) {
            struct head head;
            const bool found = head_read(j->seen + at, &head);
            const bool whole = found && row_bytes(head.size) <= got - at;
            if (found && !whole && at > 0) {
                break; /* the next window begins with it */
            }
            if (whole && !visit(context, from + at, &head, j->seen + at + JOURNAL_HEAD)) {
                return false;
            }
            at += whole ? (size_t)row_bytes(head.size) : JOURNAL_SECTOR;
        }
        from += at > 0 ? at : sizeof j->seen;
    }
    return true;
}

/* The end of a torn row is where the next one goes all the same. */
static bool note_newest(void *context, uint64_t at, const struct head *head, const unsigned char *body)
{
    struct journal *j = context;
    const uint64_t end = at + row_bytes(head->size);
    (void)body;
    if (head->number > j->number) {
        j->number = head->number;
        j->next = end;
    }
    j->used = end > j->used ? end : j->used;
    return true;
}

struct reading {
    journal_visit *visit;
    void *context;
    int64_t from_ms;
    uint64_t last, newest; /* numbers */
};

/* What another lap left stands behind what is newer. */
static bool read_row(void *context, uint64_t at, const struct head *head, const unsigned char *body)
{
    struct reading *r = context;
    (void)at;
    if (head->number <= r->last || head->number > r->newest || crc_32(body, head->size) != head->crc) {
        return true;
    }
    r->last = head->number;
    return head->at_ms < r->from_ms || r->visit(r->context, head->at_ms, body, head->size);
}

enum status journal_each(struct journal *journal, int64_t from_ms, journal_visit *visit, void *context)
{
    assert(journal != NULL && visit != NULL);
    if (journal->fd < 0) {
        return STATUS_CLOSED;
    }
    const uint64_t next = journal->next;
    struct reading reading = {.visit = visit, .context = context, .from_ms = from_ms, .newest = journal->number};
    if (look_through(journal, next, journal->used, read_row, &reading)) {
        (void)look_through(journal, 0, next, read_row, &reading);
    }
    return STATUS_OK;
}

/* ---- opening ---- */

/* Room that is written: a length that grew with each row would have to be synced with it. */
static enum status file_reserve(struct journal *j, uint64_t bytes)
{
    struct stat info;
    if (fstat(j->fd, &info) != 0) {
        return folder_status(errno);
    }
    j->bytes = (uint64_t)info.st_size;
    if (j->bytes < bytes) {
        if (fallocate(j->fd, 0, 0, (off_t)bytes) != 0 &&
            ((errno != EOPNOTSUPP && errno != ENOSYS) || ftruncate(j->fd, (off_t)bytes) != 0)) {
            return folder_status(errno);
        }
        j->bytes = bytes;
    }
    j->bytes = j->bytes / JOURNAL_SECTOR * JOURNAL_SECTOR;
    return STATUS_OK;
}

enum status journal_open(struct journal *journal, int folder_fd, const char *name, uint64_t bytes)
{
    assert(journal != NULL && name != NULL && bytes >= 2 * JOURNAL_ROW_MAX);
    journal_close(journal);
    journal->number = journal->next = journal->used = 0;
    journal->fd = openat(folder_fd, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (journal->fd < 0) {
        return folder_status(errno);
    }
    enum status status = file_reserve(journal, bytes);
    if (status == STATUS_OK && (fsync(journal->fd) != 0 || fsync(folder_fd) != 0)) {
        status = folder_status(errno);
    }
    if (status != STATUS_OK) {
        journal_close(journal);
        return status;
    }
    (void)look_through(journal, 0, journal->bytes, note_newest, journal);
    return STATUS_OK;
}

void journal_close(struct journal *journal)
{
    if (journal->fd >= 0) {
        close(journal->fd);
        journal->fd = -1;
    }
    journal->broken = false;
}

bool journal_is_sound(const struct journal *journal)
{
    return journal->fd >= 0 && !journal->broken;
}

bool journal_is_empty(const struct journal *journal)
{
    return journal->number == 0;
}

/* ---- writing ---- */

static enum status failed(struct journal *j, int error)
{
    j->broken = error != ENOSPC && error != EDQUOT; /* a full disk may have room the next time */
    return folder_status(error);
}

enum status journal_put(struct journal *journal, int64_t at_ms, const void *bytes, size_t size)
{
    assert(journal != NULL && journal->fd >= 0 && bytes != NULL && size > 0 && size <= JOURNAL_BODY_MAX);
    const struct head head = {journal->number + 1, at_ms, (uint32_t)size, crc_32(bytes, size)};
    const uint64_t whole = row_bytes(head.size);
    const uint64_t at = journal->next + whole <= journal->bytes ? journal->next : 0;
    head_write(&head, journal->row);
    memcpy(journal->row + JOURNAL_HEAD, bytes, size);
    memset(journal->row + JOURNAL_HEAD + size, 0, (size_t)whole - JOURNAL_HEAD - size);
    for (uint64_t done = 0; done < whole;) {
        const ssize_t now = pwrite(journal->fd, journal->row + done, (size_t)(whole - done), (off_t)(at + done));
        if (now <= 0) {
            return failed(journal, now == 0 ? EIO : errno);
        }
        done += (uint64_t)now;
    }
    journal->number = head.number;
    journal->next = at + whole;
    journal->used = journal->next > journal->used ? journal->next : journal->used;
    return STATUS_OK;
}

enum status journal_sync(struct journal *journal)
{
    assert(journal != NULL && journal->fd >= 0);
    return fdatasync(journal->fd) == 0 ? STATUS_OK : failed(journal, errno);
}

enum status journal_clear(struct journal *journal)
{
    assert(journal != NULL && journal->fd >= 0);
    const uint64_t bytes = journal->bytes;
    journal->number = journal->next = journal->used = 0;
    if (ftruncate(journal->fd, 0) != 0 || fsync(journal->fd) != 0) {
        return failed(journal, errno);
    }
    const enum status status = file_reserve(journal, bytes);
    journal->broken = status != STATUS_OK;
    return status;
}
