#include "drivers/store/rows.h"

#include <assert.h>
#include <string.h>

#include "app/engine/little_endian.h"
#include "drivers/store/crc.h"

enum { ALERT_HEAD = 24, ALARM_HEAD = 12, AUDIT_HEAD = DIGEST_SIZE + 8, AUDIT_HEAD_3 = 8 };

_Static_assert(ROW_SEAL + ALERT_HEAD + STORE_KEY_MAX + STORE_VALUE_MAX + 4 <= ROW_MAX, "the largest row fits");
_Static_assert(ALARM_HEAD <= ALERT_HEAD && STORE_KEY_MAX <= UINT8_MAX, "so does an alarm; lengths of names are bytes");

void row_seal(const void *body, size_t size, void *out)
{
    assert((body != NULL || size == 0) && out != NULL);
    unsigned char *bytes = out;
    if (size > 0) {
        memmove(bytes + ROW_SEAL, body, size);
    }
    little_endian_put(bytes, crc_32(bytes + ROW_SEAL, size), ROW_SEAL);
}

enum status row_unseal(const void *bytes, size_t size, const void **out_body, size_t *out_size)
{
    assert(bytes != NULL && out_body != NULL && out_size != NULL);
    const unsigned char *sealed = bytes;
    if (size < ROW_SEAL || little_endian_get(sealed, ROW_SEAL) != crc_32(sealed + ROW_SEAL, size - ROW_SEAL)) {
        return STATUS_CORRUPT;
    }
    *out_body = sealed + ROW_SEAL;
    *out_size = size - ROW_SEAL;
    return STATUS_OK;
}

/* Appends `size` bytes and a NUL. */
static void append_text(struct row *row, const void *text, size_t size)
{
    if (size > 0) {
        memcpy(row->bytes + row->size, text, size);
    }
    row->size += size;
    row->bytes[row->size++] = '\0';
}

/* Takes a text of `length` bytes and its NUL off the front of [*at, end); NULL when it does not fit or has no NUL. */
static const char *take_text(const unsigned char **at, const unsigned char *end, size_t length)
{
    const unsigned char *text = *at;
    if ((size_t)(end - text) <= length || text[length] != '\0') {
        return NULL;
    }
    *at = text + length + 1;
    return (const char *)text;
}

/* A name holds no NUL but its last byte. */
static const char *take_name(const unsigned char **at, const unsigned char *end, size_t length)
{
    const char *name = take_text(at, end, length);
    return name != NULL && strlen(name) == length ? name : NULL;
}

static void seal_in_place(struct row *row)
{
    row_seal(row->bytes + ROW_SEAL, row->size - ROW_SEAL, row->bytes);
}

/* The body of a row that has at least a head; NULL else. */
static const unsigned char *open_row(const void *bytes, size_t size, size_t head, const unsigned char **out_end)
{
    const void *body = NULL;
    size_t length = 0;
    if (row_unseal(bytes, size, &body, &length) != STATUS_OK || length < head) {
        return NULL;
    }
    *out_end = (const unsigned char *)body + length;
    return body;
}

enum status row_encode_alert(const struct store_alert *alert, struct row *out)
{
    assert(alert != NULL && alert->bed != NULL && alert->alarm != NULL && alert->json != NULL && out != NULL);
    const size_t bed = strlen(alert->bed), alarm = strlen(alert->alarm);
    if (bed + alarm >= STORE_KEY_MAX || alert->json_length > STORE_VALUE_MAX) {
        return STATUS_TOO_LARGE;
    }
    unsigned char *head = out->bytes + ROW_SEAL;
    little_endian_put(head, alert->seq, 8);
    little_endian_put(head + 8, (uint64_t)alert->committed_wall_ms, 8);
    little_endian_put(head + 16, alert->json_length, 4);
    little_endian_put(head + 20, alert->flags, 2);
    head[22] = (unsigned char)bed;
    head[23] = (unsigned char)alarm;
    out->size = ROW_SEAL + ALERT_HEAD;
    append_text(out, alert->bed, bed);
    append_text(out, alert->alarm, alarm);
    append_text(out, alert->json, alert->json_length);
    seal_in_place(out);
    return STATUS_OK;
}

enum status row_decode_alert(const void *bytes, size_t size, struct store_alert *out)
{
    assert(bytes != NULL && out != NULL);
    const unsigned char *end = NULL, *head = open_row(bytes, size, ALERT_HEAD, &end);
    if (head == NULL) {
        return STATUS_CORRUPT;
    }
    struct store_alert alert = {
        .seq = little_endian_get(head, 8),
        .committed_wall_ms = (int64_t)little_endian_get(head + 8, 8),
        .json_length = (uint32_t)little_endian_get(head + 16, 4),
        .flags = (uint16_t)little_endian_get(head + 20, 2),
    };
    const unsigned char *at = head + ALERT_HEAD;
    alert.bed = take_name(&at, end, head[22]);
    alert.alarm = alert.bed == NULL ? NULL : take_name(&at, end, head[23]);
    alert.json = alert.alarm == NULL ? NULL : take_text(&at, end, alert.json_length);
    if (alert.json == NULL || at != end) {
        return STATUS_CORRUPT;
    }
    *out = alert;
    return STATUS_OK;
}

enum status row_encode_alarm(const struct store_alarm *alarm, struct row *out)
{
    assert(alarm != NULL && alarm->bed != NULL && alarm->alarm != NULL && alarm->json != NULL && out != NULL);
    assert(alarm->snapshot != NULL || alarm->snapshot_length == 0);
    const size_t bed = strlen(alarm->bed), name = strlen(alarm->alarm);
    if (bed + name >= STORE_KEY_MAX || alarm->json_length > STORE_VALUE_MAX ||
        alarm->snapshot_length > STORE_VALUE_MAX - alarm->json_length) {
        return STATUS_TOO_LARGE;
    }
    unsigned char *head = out->bytes + ROW_SEAL;
    little_endian_put(head, alarm->json_length, 4);
    little_endian_put(head + 4, alarm->snapshot_length, 4);
    head[8] = alarm->priority;
    head[9] = alarm->ended ? 1 : 0;
    head[10] = (unsigned char)bed;
    head[11] = (unsigned char)name;
    out->size = ROW_SEAL + ALARM_HEAD;
    append_text(out, alarm->bed, bed);
    append_text(out, alarm->alarm, name);
    append_text(out, alarm->json, alarm->json_length);
    append_text(out, alarm->snapshot, alarm->snapshot_length);
    seal_in_place(out);
    return STATUS_OK;
}

enum status row_decode_alarm(const void *bytes, size_t size, struct store_alarm *out)
{
    assert(bytes != NULL && out != NULL);
    const unsigned char *end = NULL, *head = open_row(bytes, size, ALARM_HEAD, &end);
    if (head == NULL || head[9] > 1) {
        return STATUS_CORRUPT;
    }
    struct store_alarm alarm = {
        .json_length = (uint32_t)little_endian_get(head, 4),
        .snapshot_length = (uint32_t)little_endian_get(head + 4, 4),
        .priority = head[8],
        .ended = head[9] == 1,
    };
    const unsigned char *at = head + ALARM_HEAD;
    alarm.bed = take_name(&at, end, head[10]);
    alarm.alarm = alarm.bed == NULL ? NULL : take_name(&at, end, head[11]);
    alarm.json = alarm.alarm == NULL ? NULL : take_text(&at, end, alarm.json_length);
    alarm.snapshot = alarm.json == NULL ? NULL : take_text(&at, end, alarm.snapshot_length);
    if (alarm.snapshot == NULL || at != end) {
        return STATUS_CORRUPT;
    }
    *out = alarm;
    return STATUS_OK;
}

void row_link_audit(uint64_t number, const struct row_audit *row, const unsigned char before[DIGEST_SIZE],
                    unsigned char out[DIGEST_SIZE])
{
    assert(row != NULL && before != NULL && out != NULL);
    unsigned char key[ROW_KEY_SIZE], wall[8];
    row_key_write(number, key);
    little_endian_put(wall, (uint64_t)row->wall_ms, sizeof wall);
    const struct digest_piece pieces[] = {
        {before, DIGEST_SIZE}, {key, sizeof key}, {wall, sizeof wall}, {row->json, row->length}};
    digest_make(pieces, sizeof pieces / sizeof pieces[0], out);
}

enum status row_encode_audit(uint64_t number, int64_t wall_ms, const char *json, size_t length, struct row_end *before,
                             struct row *out)
{
    assert(json != NULL && before != NULL && out != NULL);
    if (length > STORE_AUDIT_MAX) {
        return STATUS_TOO_LARGE;
    }
    const struct row_audit audit = {.wall_ms = wall_ms, .json = json, .length = (uint32_t)length};
    struct row_end end = {.number = number};
    row_link_audit(number, &audit, before->link, end.link);
    memcpy(out->bytes + ROW_SEAL, end.link, DIGEST_SIZE);
    little_endian_put(out->bytes + ROW_SEAL + DIGEST_SIZE, (uint64_t)wall_ms, 8);
    out->size = ROW_SEAL + AUDIT_HEAD;
    append_text(out, json, length);
    seal_in_place(out);
    *before = end;
    return STATUS_OK;
}

static enum status decode_audit(const void *bytes, size_t size, size_t head_size, struct row_audit *out)
{
    assert(bytes != NULL && out != NULL);
    const unsigned char *end = NULL, *head = open_row(bytes, size, head_size + 1, &end);
    if (head == NULL || end[-1] != '\0' || (size_t)(end - head) - head_size - 1 > STORE_AUDIT_MAX) {
        return STATUS_CORRUPT;
    }
    *out = (struct row_audit){.wall_ms = (int64_t)little_endian_get(head + head_size - 8, 8),
                              .json = (const char *)head + head_size,
                              .length = (uint32_t)((size_t)(end - head) - head_size - 1),
                              .link = head_size == AUDIT_HEAD ? head : NULL};
    return STATUS_OK;
}

enum status row_decode_audit(const void *bytes, size_t size, struct row_audit *out)
{
    return decode_audit(bytes, size, AUDIT_HEAD, out);
}

enum status row_decode_audit_3(const void *bytes, size_t size, struct row_audit *out)
{
    return decode_audit(bytes, size, AUDIT_HEAD_3, out);
}

void row_encode_end(const struct row_end *end, unsigned char out[ROW_END_SIZE])
{
    assert(end != NULL && out != NULL);
    unsigned char body[ROW_END_SIZE - ROW_SEAL];
    little_endian_put(body, end->number, 8);
    memcpy(body + 8, end->link, DIGEST_SIZE);
    row_seal(body, sizeof body, out);
}

enum status row_decode_end(const void *bytes, size_t size, struct row_end *out)
{
    assert(bytes != NULL && out != NULL);
    const unsigned char *end = NULL, *body = open_row(bytes, size, ROW_END_SIZE - ROW_SEAL, &end);
    if (body == NULL || size != ROW_END_SIZE) {
        return STATUS_CORRUPT;
    }
    out->number = little_endian_get(body, 8);
    memcpy(out->link, body + 8, DIGEST_SIZE);
    return STATUS_OK;
}

void row_key_write(uint64_t number, unsigned char key[ROW_KEY_SIZE])
{
    for (size_t i = 0; i < ROW_KEY_SIZE; i++) {
        key[i] = (unsigned char)(number >> (8 * (ROW_KEY_SIZE - 1 - i)));
    }
}

uint64_t row_key_read(const unsigned char key[ROW_KEY_SIZE])
{
    uint64_t number = 0;
    for (size_t i = 0; i < ROW_KEY_SIZE; i++) {
        number = number << 8 | key[i];
    }
    return number;
}

enum status row_alarm_key(const char *bed, const char *alarm, unsigned char key[STORE_KEY_MAX], size_t *out_size)
{
    assert(bed != NULL && alarm != NULL && out_size != NULL);
    const size_t bed_length = strlen(bed), alarm_length = strlen(alarm);
    if (bed_length + 1 + alarm_length > STORE_KEY_MAX) {
        return STATUS_TOO_LARGE;
    }
    memcpy(key, bed, bed_length);
    key[bed_length] = bed_length == 0 ? '/' : '\0';
    memcpy(key + bed_length + 1, alarm, alarm_length);
    *out_size = bed_length + 1 + alarm_length;
    return STATUS_OK;
}
