#include "app/backup/json_lines.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void json_lines_init(struct json_lines *text, size_t size_max)
{
    assert(text != NULL && size_max > 0);
    *text = (struct json_lines){.size_max = size_max};
}

void json_lines_fini(struct json_lines *text)
{
    free(text->bytes);
    *text = (struct json_lines){.size_max = text->size_max};
}

static bool fail(struct json_lines *text, enum status status)
{
    if (text->status == STATUS_OK) {
        text->status = status;
    }
    return false;
}

static bool make_room(struct json_lines *text, size_t length)
{
    if (length > text->size_max - text->size) {
        return fail(text, STATUS_FULL);
    }
    if (length <= text->room - text->size) {
        return true;
    }
    const size_t least = text->size + length, room = text->room * 2 > least ? text->room * 2 : least;
    char *bytes = realloc(text->bytes, room);
    if (bytes == NULL) {
        return fail(text, STATUS_NO_MEMORY);
    }
    text->bytes = bytes;
    text->room = room;
    return true;
}

bool json_lines_add(struct json_lines *text, const char *line, size_t length)
{
    if (text->status != STATUS_OK) {
        return false;
    }
    if (length == 0) {
        return fail(text, STATUS_TOO_LARGE);
    }
    if (!make_room(text, length + 1)) {
        return false;
    }
    memcpy(text->bytes + text->size, line, length);
    text->bytes[text->size + length] = '\n';
    text->size += length + 1;
    return true;
}

bool json_lines_next(struct json_walk *walk, struct json_line *out, bool *out_sound)
{
    *out_sound = true;
    if (walk->at == walk->end) {
        return false;
    }
    const char *end = memchr(walk->at, '\n', (size_t)(walk->end - walk->at));
    out->number = ++walk->number;
    if (end == NULL || end - walk->at > JSON_LINE_MAX ||
        !json_read_object(walk->at, (size_t)(end - walk->at), out->members, JSON_MEMBERS_MAX, &out->count)) {
        *out_sound = false;
        return false;
    }
    walk->at = end + 1;
    return true;
}

static const struct json_member *json_line_member(const struct json_line *line, const char *key)
{
    for (unsigned i = 0; i < line->count; i++) {
        if (json_member_is(&line->members[i], key)) {
            return &line->members[i];
        }
    }
    return NULL;
}

bool json_line_words(const struct json_line *line, const char *key, char *out, size_t size)
{
    const struct json_member *member = json_line_member(line, key);
    if (member == NULL || member->kind != JSON_TEXT || member->value_length >= size) {
        return false;
    }
    json_read_words(member, out, size);
    return true;
}

bool json_line_number(const struct json_line *line, const char *key, uint64_t max, uint64_t *out)
{
    const struct json_member *member = json_line_member(line, key);
    uint64_t value = 0;
    if (member == NULL || member->kind != JSON_NUMBER || member->value_length > 19) {
        return false;
    }
    for (size_t i = 0; i < member->value_length; i++) {
        if (member->value[i] < '0' || member->value[i] > '9') {
            return false;
        }
        value = value * 10 + (uint64_t)(member->value[i] - '0');
    }
    if (value > max) {
        return false;
    }
    *out = value;
    return true;
}

bool json_line_flag(const struct json_line *line, const char *key, bool *out)
{
    const struct json_member *member = json_line_member(line, key);
    if (member == NULL || (member->kind != JSON_TRUE && member->kind != JSON_FALSE)) {
        return false;
    }
    *out = member->kind == JSON_TRUE;
    return true;
}

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool json_line_hex(const struct json_line *line, const char *key, void *out, size_t size, size_t *out_length)
{
    const struct json_member *member = json_line_member(line, key);
    unsigned char *bytes = out;
    if (member == NULL || member->kind != JSON_TEXT || member->value_length % 2 != 0 ||
        member->value_length / 2 > size) {
        return false;
    }
    for (size_t i = 0; i < member->value_length / 2; i++) {
        const int high = digit(member->value[2 * i]), low = digit(member->value[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        bytes[i] = (unsigned char)(high << 4 | low);
    }
    *out_length = member->value_length / 2;
    return true;
}

void json_print_hex(const void *bytes, size_t size, char *out)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *at = bytes;
    for (size_t i = 0; i < size; i++) {
        out[2 * i] = digits[at[i] >> 4];
        out[2 * i + 1] = digits[at[i] & 15];
    }
    out[2 * size] = '\0';
}
