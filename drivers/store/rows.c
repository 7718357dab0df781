#include "drivers/store/rows.h"

#include <assert.h>
#include <string.h>

enum { ALERT_HEAD = 24, ALARM_HEAD = 12, AUDIT_HEAD = 8 };

_Static_assert(ROW_SEAL + ALERT_HEAD + STORE_KEY_MAX + STORE_VALUE_MAX + 4 <= ROW_MAX, "the largest row fits");
_Static_assert(ALARM_HEAD <= ALERT_HEAD && STORE_KEY_MAX <= UINT8_MAX, "so does an alarm; lengths of names are bytes");

static void put_le(unsigned char *out, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        out[i] = (unsigned char)(value >> (8 * i));
    }
}

static uint64_t get_le(const unsigned char *in, size_t bytes)
{
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++) {
        value |= (uint64_t)in[i] << (8 * i);
    }
    return value;
}

/* Half a byte at a time: a table of 64 bytes instead of 1 KB. */
static uint32_t crc32(const unsigned char *bytes, size_t size)
{
    static const uint32_t table[16] = {
        0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4, 0x4DB26158, 0x5005713C,
        0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C, 0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C,
    };
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        crc = (crc >> 4) ^ table[crc & 15U];
        crc = (crc >> 4) ^ table[crc & 15U];
    }
    return ~crc;
}

void row_seal(const void *body, size_t size, void *out)
{
    assert((body != NULL || size == 0) && out != NULL);
    unsigned char *bytes = out;
    if (size > 0) {
        memmove(bytes + ROW_SEAL, body, size);
    }
    put_le(bytes, crc32(bytes + ROW_SEAL, size), ROW_SEAL);
}

enum status row_unseal(const void *bytes, size_t size, const void **out_body, size_t *out_size)
{
    assert(bytes != NULL && out_body != NULL && out_size != NULL);
    const unsigned char *sealed = bytes;
    if (size < ROW_SEAL || get_le(sealed, ROW_SEAL) != crc32(sealed + ROW_SEAL, size - ROW_SEAL)) {
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
    put_le(head, alert->seq, 8);
    put_le(head + 8, (uint64_t)alert->committed_wall_ms, 8);
    put_le(head + 16, alert->json_length, 4);
    put_le(head + 20, alert->flags, 2);
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
        .seq = get_le(head, 8),
        .committed_wall_ms = (int64_t)get_le(head + 8, 8),
        .json_length = (uint32_t)get_le(head + 16, 4),
        .flags = (uint16_t)get_le(head + 20, 2),
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
    put_le(head, alarm->json_length, 4);
    put_le(head + 4, alarm->snapshot_length, 4);
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
        .json_length = (uint32_t)get_le(head, 4),
        .snapshot_length = (uint32_t)get_le(head + 4, 4),
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

enum status row_encode_audit(int64_t wall_ms, const char *json, size_t length, struct row *out)
{
    assert(json != NULL && out != NULL);
    if (length > STORE_AUDIT_MAX) {
        return STATUS_TOO_LARGE;
    }
    put_le(out->bytes + ROW_SEAL, (uint64_t)wall_ms, 8);
    out->size = ROW_SEAL + AUDIT_HEAD;
    append_text(out, json, length);
    seal_in_place(out);
    return STATUS_OK;
}

enum status row_decode_audit(const void *bytes, size_t size, int64_t *out_wall_ms, const char **out_json,
                             uint32_t *out_length)
{
    assert(bytes != NULL && out_wall_ms != NULL && out_json != NULL && out_length != NULL);
    const unsigned char *end = NULL, *head = open_row(bytes, size, AUDIT_HEAD + 1, &end);
    if (head == NULL || end[-1] != '\0' || end - head - AUDIT_HEAD - 1 > STORE_AUDIT_MAX) {
        return STATUS_CORRUPT;
    }
    *out_wall_ms = (int64_t)get_le(head, 8);
    *out_json = (const char *)head + AUDIT_HEAD;
    *out_length = (uint32_t)(end - head - AUDIT_HEAD - 1);
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
