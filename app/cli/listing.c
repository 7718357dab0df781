#include "app/cli/listing.h"

#include <string.h>

#include "app/settings/plain.h"

bool listing_option(const char *word, enum listing *out)
{
    static const char *const words[] = {[LISTING_TEXT] = "--text", [LISTING_CSV] = "--csv", [LISTING_JSON] = "--json"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(word, words[i]) == 0) {
            *out = (enum listing)i;
            return true;
        }
    }
    return false;
}

/* ---- cells ---- */

/* What a spreadsheet would calculate; a negative number is none. */
static bool is_formula(const char *text)
{
    const char *const rest = text + 1;
    const size_t length = text[0] == '-' ? strlen(rest) : 0;
    const bool is_number = length > 0 && strspn(rest, "0123456789.") == length;
    return text[0] != '\0' && strchr("=+-@", text[0]) != NULL && !is_number;
}

static void put_csv(FILE *stream, const char *text)
{
    const bool formula = is_formula(text);
    if (!formula && strpbrk(text, ",\"\r\n") == NULL) {
        (void)fputs(text, stream);
        return;
    }
    (void)fputs(formula ? "\"'" : "\"", stream);
    for (const char *at = text; *at != '\0'; at++) {
        (void)fputs(*at == '"' ? "\"" : "", stream);
        (void)fputc(*at, stream);
    }
    (void)fputc('"', stream);
}

/* Characters, not bytes: those that continue one have no place of their own. */
static int places_of(const char *text)
{
    int places = 0;
    for (const char *at = text; *at != '\0'; at++) {
        places += ((unsigned char)*at & 0xC0U) != 0x80U ? 1 : 0;
    }
    return places;
}

/* Cells are of members that are plain already (listing_text); whatever else comes into one is so here. */
static void put_plain(FILE *stream, const char *text)
{
    const size_t length = strlen(text);
    for (size_t i = 0; i < length; i++) {
        (void)fputc(plain_is_control(text, length, i) ? ' ' : text[i], stream);
    }
}

static void put_cell(FILE *stream, enum listing listing, const char *text, int width, bool is_last)
{
    if (listing == LISTING_CSV) {
        put_csv(stream, text);
        (void)fputs(is_last ? "\r\n" : ",", stream);
        return;
    }
    const int gap = width - places_of(text);
    put_plain(stream, text);
    (void)(is_last ? fputc('\n', stream) : fprintf(stream, "%*s", gap > 0 ? gap + 2 : 2, ""));
}

void listing_head(FILE *stream, enum listing listing, const struct listing_column *columns, size_t count)
{
    for (size_t i = 0; listing != LISTING_JSON && i < count; i++) {
        put_cell(stream, listing, columns[i].title, columns[i].width, i + 1 == count);
    }
}

void listing_row(FILE *stream, enum listing listing, const struct listing_column *columns, size_t count,
                 char cells[][LISTING_CELL_MAX])
{
    for (size_t i = 0; listing != LISTING_JSON && i < count; i++) {
        put_cell(stream, listing, cells[i], columns[i].width, i + 1 == count);
    }
}

void listing_add(char cell[LISTING_CELL_MAX], const char *bytes, size_t length)
{
    const size_t at = strlen(cell), room = LISTING_CELL_MAX - 1 - at;
    const size_t count = length < room ? length : room;
    memcpy(cell + at, bytes, count);
    cell[at + count] = '\0';
}

/* ---- members ---- */

/* Behind the text whose opening quote is at `at`; the end when it has none. */
static const char *text_end(const char *at, const char *end)
{
    for (at++; at < end && *at != '"'; at++) {
        at += *at == '\\' && at + 1 < end ? 1 : 0;
    }
    return at < end ? at + 1 : end;
}

/* Behind a value of any kind: where a comma or a brace of its own level follows. */
static const char *value_end(const char *at, const char *end)
{
    unsigned depth = 0;
    while (at < end) {
        if (*at == '"') {
            at = text_end(at, end);
            continue;
        }
        if (depth == 0 && (*at == ',' || *at == '}' || *at == ']')) {
            return at;
        }
        depth += *at == '{' || *at == '[' ? 1 : 0;
        depth -= *at == '}' || *at == ']' ? 1 : 0;
        at++;
    }
    return end;
}

bool listing_next(struct listing_walk *walk, struct listing_member *out)
{
    const char *const end = walk->end;
    const char *const key = walk->at + 1; /* behind a brace or a comma */
    if (walk->at >= end || key >= end || *key != '"') {
        return false;
    }
    const char *const key_end = text_end(key, end);
    if (key_end >= end || *key_end != ':' || key_end - key < 2) {
        return false;
    }
    const char *const value = key_end + 1, *const after = value_end(value, end);
    const bool is_text = after - value >= 2 && *value == '"';
    *out = (struct listing_member){.key = key + 1,
                                   .value = is_text ? value + 1 : value,
                                   .key_length = (size_t)(key_end - key) - 2,
                                   .value_length = (size_t)(after - value) - (is_text ? 2 : 0),
                                   .is_text = is_text};
    walk->at = after;
    return true;
}

bool listing_is(const struct listing_member *member, const char *key)
{
    return member->key_length == strlen(key) && memcmp(member->key, key, member->key_length) == 0;
}

/* Without the beginning of one that was cut off (UTF-8). */
static size_t whole_characters(const char *text, size_t length)
{
    size_t last = length;
    while (last > 0 && ((unsigned char)text[last - 1] & 0xC0U) == 0x80U) {
        last--;
    }
    const unsigned char lead = last > 0 ? (unsigned char)text[last - 1] : 0;
    const size_t bytes = lead >= 0xF0U ? 4 : lead >= 0xE0U ? 3 : lead >= 0xC0U ? 2 : 1;
    return last > 0 && last - 1 + bytes > length ? last - 1 : length;
}

/* What stands for a control character, and the rare \u of our own, is shown as it stands: nothing of it reaches a terminal. */
void listing_text(const struct listing_member *member, char out[LISTING_CELL_MAX])
{
    size_t length = 0;
    const bool is_null = !member->is_text && member->value_length == 4 && memcmp(member->value, "null", 4) == 0;
    for (size_t i = 0; !is_null && i < member->value_length && length + 1 < LISTING_CELL_MAX; i++) {
        const bool escapes = member->is_text && member->value[i] == '\\' && i + 1 < member->value_length &&
                             strchr("\"\\/", member->value[i + 1]) != NULL;
        i += escapes ? 1 : 0;
        out[length++] = plain_is_control(member->value, member->value_length, i) ? ' ' : member->value[i];
    }
    length = whole_characters(out, length);
    out[length] = '\0';
}

void listing_find(const char *json, size_t length, const char *key, char out[LISTING_CELL_MAX])
{
    struct listing_walk walk = {json, json + length};
    struct listing_member member;
    out[0] = '\0';
    while (listing_next(&walk, &member)) {
        if (listing_is(&member, key)) {
            listing_text(&member, out);
            return;
        }
    }
}
