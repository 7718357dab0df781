/* One value of a configuration: as its field says. */
#include "app/settings/schema.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/settings/plain.h"
#include "app/settings/report.h"
#include "app/settings/value.h"

static bool is_text(const struct reader *reader, const struct node *node, const char *wanted)
{
    if (node_is_empty(node)) {
        report_fault(reader->report, node, "has no value, give %s or remove the key", wanted);
        return false;
    }
    if (node->kind != NODE_TEXT) {
        report_fault(reader->report, node, "must be %s, not a %s", wanted,
                     node->kind == NODE_LIST ? "list" : "mapping");
        return false;
    }
    return true;
}

static void store_number(const struct field *field, void *target, int64_t number)
{
    memcpy((char *)target + field->offset, &number, sizeof number);
}

static void store_node(const struct field *field, void *target, const struct node *node)
{
    memcpy((char *)target + field->offset, &node, sizeof(const void *));
}

static bool store_text(const struct reader *reader, const struct field *field, void *target, const char *text)
{
    const char *copy = pool_text(reader->pool, text, strlen(text));
    memcpy((char *)target + field->offset, &copy, sizeof copy);
    return copy != NULL;
}

static bool is_one_line(const char *text)
{
    const size_t length = strlen(text);
    size_t i = 0;
    while (i < length && !plain_is_control(text, length, i)) {
        i++;
    }
    return i == length;
}

static bool read_id(const struct reader *reader, const struct node *node, const struct field *field, void *target)
{
    if (!is_text(reader, node, "an id")) {
        return false;
    }
    if (!value_is_id(node->text, (size_t)field->high)) {
        report_fault(reader->report, node, "\"%.40s\" is not an id, %s, at most %" PRId64 " characters", node->text,
                     VALUE_ID_RULE, field->high);
        return false;
    }
    return store_text(reader, field, target, node->text);
}

static bool read_text(const struct reader *reader, const struct node *node, const struct field *field, void *target)
{
    if (!is_text(reader, node, "a text")) {
        return false;
    }
    if (strlen(node->text) > (size_t)field->high) {
        report_fault(reader->report, node, "is too long, at most %" PRId64 " bytes", field->high);
        return false;
    }
    if (node->text[0] == '\0' || !is_one_line(node->text)) {
        report_fault(reader->report, node, "must be one line of text");
        return false;
    }
    return store_text(reader, field, target, node->text);
}

/* How the numbers of a type are written, for messages. */
struct number_words {
    const char *wanted;
    enum value_result (*read)(const char *text, int64_t *out);
    void (*print)(int64_t value, char text[VALUE_TEXT_MAX]);
};

static void print_integer(int64_t value, char text[VALUE_TEXT_MAX])
{
    (void)snprintf(text, VALUE_TEXT_MAX, "%" PRId64, value);
}

static enum value_result read_decimal(const char *text, int64_t *out_micro)
{
    const char *unit = "";
    const enum value_result result = value_read_quantity(text, out_micro, &unit);
    return result == VALUE_OK && *unit != '\0' ? VALUE_NOT_A_NUMBER : result;
}

static const struct number_words *number_words(enum field_type type)
{
    static const struct number_words integer = {"a whole number", value_read_integer, print_integer};
    static const struct number_words decimal = {"a number with at most six decimal places", read_decimal,
                                                value_print_decimal};
    static const struct number_words duration = {"a duration such as 500ms, 15s, 5min, 2h or 1d", value_read_duration,
                                                 value_print_duration};
    static const struct number_words size = {"a size such as 64KiB, 128MiB or 1GiB", value_read_size, value_print_size};
    switch ((int)type) {
    case FIELD_DECIMAL:
        return &decimal;
    case FIELD_DURATION:
        return &duration;
    case FIELD_SIZE:
        return &size;
    default:
        return &integer;
    }
}

bool field_is_number(const struct field *field)
{
    assert(field != NULL);
    return field->type == FIELD_INTEGER || field->type == FIELD_DECIMAL || field->type == FIELD_DURATION ||
           field->type == FIELD_SIZE;
}

const char *field_wanted(const struct field *field)
{
    assert(field_is_number(field));
    return number_words(field->type)->wanted;
}

void field_print_number(const struct field *field, int64_t number, char text[VALUE_TEXT_MAX])
{
    assert(field_is_number(field));
    number_words(field->type)->print(number, text);
}

static void report_range(const struct reader *reader, const struct node *node, const struct field *field)
{
    char low[VALUE_TEXT_MAX], high[VALUE_TEXT_MAX];
    field_print_number(field, field->low, low);
    field_print_number(field, field->high, high);
    report_fault(reader->report, node, "%.40s is out of range, it must be from %s to %s", node->text, low, high);
}

static bool read_number(const struct reader *reader, const struct node *node, const struct field *field, void *target)
{
    const struct number_words *words = number_words(field->type);
    if (!is_text(reader, node, words->wanted)) {
        return false;
    }
    int64_t number = 0;
    switch (words->read(node->text, &number)) {
    case VALUE_OK:
        break;
    case VALUE_NO_UNIT:
        report_fault(reader->report, node, "\"%.40s\" has no unit, write %s", node->text, words->wanted);
        return false;
    case VALUE_OUT_OF_RANGE:
        report_range(reader, node, field);
        return false;
    case VALUE_NOT_A_NUMBER:
    case VALUE_UNKNOWN_UNIT:
        report_fault(reader->report, node, "\"%.40s\" is not %s", node->text, words->wanted);
        return false;
    }
    if (number < field->low || number > field->high) {
        report_range(reader, node, field);
        return false;
    }
    store_number(field, target, number);
    return true;
}

static size_t count_words(const char *const *words)
{
    size_t count = 0;
    while (words[count] != NULL) {
        count++;
    }
    return count;
}

/* One place among the words of a field; -1: reported. */
static int64_t find_word(const struct reader *reader, const struct node *node, const char *const *words)
{
    for (int64_t i = 0; words[i] != NULL; i++) {
        if (strcmp(words[i], node->text) == 0) {
            return i;
        }
    }
    char hint[SCHEMA_HINT_MAX];
    schema_hint(node->text, words, count_words(words), hint);
    report_fault(reader->report, node, "\"%.40s\" is not known here%s", node->text, hint);
    return -1;
}

static bool read_word(const struct reader *reader, const struct node *node, const struct field *field, void *target)
{
    static const char *const booleans[] = {"false", "true", NULL};
    const bool is_boolean = field->type == FIELD_BOOLEAN;
    if (!is_text(reader, node, is_boolean ? "true or false" : "one word")) {
        return false;
    }
    const int64_t place = find_word(reader, node, is_boolean ? booleans : field->words);
    if (place >= 0) {
        store_number(field, target, place);
    }
    return place >= 0;
}

const char *field_such_as(const struct field *field)
{
    assert(field != NULL);
    return field->sample != NULL ? field->sample : field->example;
}

void field_describe(const struct field *field, char text[FIELD_DESCRIPTION_MAX])
{
    const char *such_as = field_such_as(field);
    if (such_as != NULL) {
        (void)snprintf(text, FIELD_DESCRIPTION_MAX, "%s (such as %s)", field->help, such_as);
    } else {
        (void)snprintf(text, FIELD_DESCRIPTION_MAX, "%s", field->help);
    }
}

static void report_shape(const struct reader *reader, const struct node *node, const struct field *field,
                         const char *wrong)
{
    char wanted[FIELD_DESCRIPTION_MAX];
    field_describe(field, wanted);
    report_fault(reader->report, node, "%s: %s", wrong, wanted);
}

static bool read_words(const struct reader *reader, const struct node *node, const struct field *field, void *target)
{
    if (node->kind != NODE_LIST || node->child_count == 0) {
        report_shape(reader, node, field, "must be a list [...] of at least one");
        return false;
    }
    int64_t bits = 0;
    bool is_sound = true;
    for (const struct node *item = node->first; item != NULL; item = item->next) {
        const int64_t place = is_text(reader, item, "one word") ? find_word(reader, item, field->words) : -1;
        is_sound = is_sound && place >= 0;
        bits |= place >= 0 ? INT64_C(1) << place : 0;
    }
    if (is_sound) {
        store_number(field, target, bits);
    }
    return is_sound;
}

static bool read_shape(const struct reader *reader, const struct node *node, const struct field *field, void *target)
{
    const enum node_kind kind = field->type == FIELD_LIST ? NODE_LIST : NODE_MAPPING;
    if (field->type != FIELD_ANY && node->kind != kind) {
        report_shape(reader, node, field,
                     kind == NODE_LIST ? "must be a list [...]" : "must be a mapping {key: value}");
        return false;
    }
    if ((field->type == FIELD_LIST || field->type == FIELD_ENTRIES) && node->child_count == 0) {
        report_shape(reader, node, field, "is empty");
        return false;
    }
    store_node(field, target, node);
    return true;
}

bool field_read(const struct reader *reader, const struct node *node, const struct field *field, void *target)
{
    assert(reader != NULL && node != NULL && field != NULL && target != NULL);
    switch (field->type) {
    case FIELD_ID:
        return read_id(reader, node, field, target);
    case FIELD_TEXT:
        return read_text(reader, node, field, target);
    case FIELD_INTEGER:
    case FIELD_DECIMAL:
    case FIELD_DURATION:
    case FIELD_SIZE:
        return read_number(reader, node, field, target);
    case FIELD_BOOLEAN:
    case FIELD_WORD:
        return read_word(reader, node, field, target);
    case FIELD_WORDS:
        return read_words(reader, node, field, target);
    case FIELD_SECTION:
    case FIELD_ENTRIES:
    case FIELD_LIST:
    case FIELD_ANY:
        return read_shape(reader, node, field, target);
    }
    assert(false);
    return false;
}

bool field_has_default(const struct field *field)
{
    assert(field != NULL);
    return field->fallback != NULL || field->type == FIELD_WORDS;
}

/* The default goes the way of a written value, so that the tables show defaults as people write them. */
bool field_read_default(const struct reader *reader, const struct field *field, void *target)
{
    assert(field_has_default(field) && target != NULL);
    if (field->type == FIELD_WORDS) {
        store_number(field, target, (INT64_C(1) << count_words(field->words)) - 1);
        return true;
    }
    const struct node written = {.kind = NODE_TEXT, .text = field->fallback, .is_quoted = true};
    return field_read(reader, &written, field, target);
}
