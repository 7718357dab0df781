/*
 * libFuzzer: any bytes as what a damaged disk gives back: a row of an alert, of an alarm or of the audit log, a piece of the journal, an LMDB file. The first
 * byte says which. What is decoded lies within the bytes, and says the same when it is written again.
 *
 *     clang -fsanitize=fuzzer,address,undefined ... tests/fuzz/fuzz_records.c
 */
#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "app/flow/commit_journal.h"
#include "app/flow/json_read.h"
#include "drivers/store/pages.h"
#include "drivers/store/rows.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { KINDS = 6 };

/* As a value comes out of the map: with a seal that fits, or the look into it would end there. */
static unsigned char *seal(const uint8_t *data, size_t size)
{
    unsigned char *sealed = malloc(ROW_SEAL + size);
    assert(sealed != NULL);
    row_seal(data, size, sealed);
    return sealed;
}

static void check_text(const void *row, size_t row_size, const char *text, size_t length)
{
    const char *const first = row;
    assert(text >= first && text + length < first + row_size && text[length] == '\0');
}

static void read_alert(const unsigned char *bytes, size_t size)
{
    static struct row again;
    struct store_alert alert;
    if (row_decode_alert(bytes, size, &alert) != STATUS_OK) {
        return;
    }
    check_text(bytes, size, alert.bed, strlen(alert.bed));
    check_text(bytes, size, alert.alarm, strlen(alert.alarm));
    check_text(bytes, size, alert.json, alert.json_length);
    if (row_encode_alert(&alert, &again) == STATUS_OK) {
        assert(again.size == size && memcmp(again.bytes, bytes, size) == 0);
    }
}

static void read_alarm(const unsigned char *bytes, size_t size)
{
    static struct row again;
    struct store_alarm alarm;
    if (row_decode_alarm(bytes, size, &alarm) != STATUS_OK) {
        return;
    }
    check_text(bytes, size, alarm.json, alarm.json_length);
    check_text(bytes, size, alarm.snapshot, alarm.snapshot_length);
    if (row_encode_alarm(&alarm, &again) == STATUS_OK) {
        assert(again.size == size && memcmp(again.bytes, bytes, size) == 0);
    }
}

static void read_audit(const unsigned char *bytes, size_t size)
{
    struct json_member members[JSON_MEMBERS_MAX];
    static struct row again;
    struct row_audit row;
    struct row_end before = {.number = 0};
    unsigned count = 0;
    if (row_decode_audit_3(bytes, size, &row) == STATUS_OK) {
        check_text(bytes, size, row.json, row.length);
    }
    if (row_decode_audit(bytes, size, &row) != STATUS_OK) {
        return;
    }
    check_text(bytes, size, row.json, row.length);
    assert(row_encode_audit(1, row.wall_ms, row.json, row.length, &before, &again) == STATUS_OK);
    assert(again.size == size);
    (void)json_read_object(row.json, row.length, members, JSON_MEMBERS_MAX,
                           &count); /* as a start does to learn used ids */
}

static void read_journal(const uint8_t *data, size_t size)
{
    static struct observation observations[COMMIT_JOURNAL_PIECE];
    for (size_t at = 0, from = 0; at < size; from = at) {
        const uint32_t count = commit_journal_next(data, size, &at, observations, COMMIT_JOURNAL_PIECE);
        assert(count <= COMMIT_JOURNAL_PIECE && at > from && at <= size);
        for (uint32_t i = 0; i < count; i++) {
            assert(observations[i].at_ms <= INT64_MAX / 2 + INT32_MAX);
        }
    }
}

/* The whole file as LMDB would map it. */
static void read_pages(const uint8_t *data, size_t size)
{
    const int fd = memfd_create("pages", MFD_CLOEXEC);
    char path[64];
    assert(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    (void)!pages_check(AT_FDCWD, path);
    (void)close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    unsigned char *sealed = seal(data + 1, size - 1);
    const size_t sealed_size = ROW_SEAL + size - 1;
    switch (data[0] % KINDS) {
    case 0:
        read_alert(sealed, sealed_size);
        break;
    case 1:
        read_alarm(sealed, sealed_size);
        break;
    case 2:
        read_audit(sealed, sealed_size);
        break;
    case 3:
        read_journal(data + 1, size - 1);
        break;
    case 4:
        read_alert(data + 1, size - 1); /* with whatever seal stands there */
        break;
    default:
        read_pages(data + 1, size - 1);
        break;
    }
    free(sealed);
    return 0;
}
