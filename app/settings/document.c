/*
 * document.c: the only user of libyaml. Its events build the tree; `open` is the list or mapping that is being filled,
 * and leads back to the root by its parents, so nothing here calls itself.
 */
#include "app/settings/document.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "app/engine/hash.h"
#include "app/settings/explain.h"
#include "app/settings/file.h"
#include "app/settings/report.h"

struct reading {
    yaml_parser_t parser;
    struct pool *pool;
    struct settings_report *report;
    const char *file;
    struct file_bytes text;
    struct node *root, *open;
    const char *key; /* read in the open mapping, its value still to come */
    struct settings_mark key_mark;
    uint32_t node_count, depth;
};

const struct node *node_child(const struct node *mapping, const char *key)
{
    assert(mapping != NULL && key != NULL);
    const struct node *child = mapping->kind == NODE_MAPPING ? mapping->first : NULL;
    while (child != NULL && strcmp(child->key, key) != 0) {
        child = child->next;
    }
    return child;
}

bool node_is_empty(const struct node *node)
{
    assert(node != NULL);
    return node->kind == NODE_TEXT && !node->is_quoted && node->text[0] == '\0';
}

/* A line as it stands in the file; empty when there is no such line. */
static const char *find_line(const struct file_bytes *text, uint32_t line, size_t *out_length)
{
    const char *start = (const char *)text->bytes;
    size_t left = text->size;
    for (uint32_t i = 1; i < line; i++) {
        const char *end = memchr(start, '\n', left);
        const size_t passed = end != NULL ? (size_t)(end - start) + 1 : left;
        start += passed;
        left -= passed;
    }
    const char *end = memchr(start, '\n', left);
    *out_length = end != NULL ? (size_t)(end - start) : left;
    return start;
}

/* A fault that nothing can be read beyond. */
static bool stop(struct reading *reading, struct settings_mark mark, const char *message)
{
    size_t length = 0;
    const char *source = find_line(&reading->text, mark.line, &length);
    report_file_fault(reading->report, mark, source, mark.line != 0 ? length : 0, message);
    return false;
}

static struct settings_mark mark_of(const struct reading *reading, const yaml_mark_t *mark)
{
    return (struct settings_mark){reading->file, (uint32_t)mark->line + 1, (uint32_t)mark->column + 1};
}

static struct settings_mark whole_file(const struct reading *reading)
{
    return (struct settings_mark){reading->file, 0, 0};
}

static void link_child(struct node *parent, struct node *node)
{
    node->index = parent->child_count++;
    if (parent->last != NULL) {
        parent->last->next = node;
    } else {
        parent->first = node;
    }
    parent->last = node;
}

/* Puts a node under what is open. One under a key that was given before is reported and left out, with all below it. */
static void attach(struct reading *reading, struct node *node)
{
    node->parent = reading->open;
    if (node->parent == NULL) {
        reading->root = node;
        return;
    }
    const struct node *earlier = NULL;
    if (node->parent->kind == NODE_MAPPING) {
        node->key = reading->key;
        node->key_mark = reading->key_mark;
        reading->key = NULL;
        earlier = node_child(node->parent, node->key);
    }
    if (earlier == NULL) {
        link_child(node->parent, node);
    } else {
        report_key_fault(reading->report, node, "given twice, first in line %u: remove one", earlier->key_mark.line);
    }
}

static struct node *add_node(struct reading *reading, enum node_kind kind, const yaml_event_t *event)
{
    const struct settings_mark mark = mark_of(reading, &event->start_mark);
    if (++reading->node_count > DOCUMENT_NODES_MAX) {
        (void)stop(reading, mark, "the file has too many entries, use several smaller ones");
        return NULL;
    }
    struct node *node = POOL_TAKE(reading->pool, struct node, 1);
    if (node != NULL) {
        node->kind = kind;
        node->text = "";
        node->mark = mark;
        attach(reading, node);
    }
    return node;
}

static size_t count_characters(const char *text)
{
    size_t count = 0;
    for (; *text != '\0'; text++) {
        count += ((unsigned char)*text & 0xC0U) != 0x80U ? 1 : 0;
    }
    return count;
}

/* Where the first character stands if all of them stand in one line unchanged: without escapes, folds or indentation.
 */
static uint32_t find_text_column(const struct node *node, const yaml_event_t *event)
{
    const uint32_t quotes = node->is_quoted ? 2 : 0;
    if (event->start_mark.line != event->end_mark.line ||
        event->end_mark.column - event->start_mark.column != count_characters(node->text) + quotes) {
        return 0;
    }
    return node->mark.column + quotes / 2;
}

/* A block of text (`>` or `|`) ends in newlines that nobody means. */
static size_t length_of_scalar(const yaml_event_t *event)
{
    size_t length = event->data.scalar.length;
    while (length > 0 && event->data.scalar.value[length - 1] == '\n') {
        length--;
    }
    return length;
}

static bool on_scalar(struct reading *reading, const yaml_event_t *event)
{
    const char *value = (const char *)event->data.scalar.value;
    const size_t length = length_of_scalar(event);
    if (memchr(value, '\0', length) != NULL) {
        return stop(reading, mark_of(reading, &event->start_mark), "a text cannot hold \\0");
    }
    const char *text = pool_text(reading->pool, value, length);
    if (text == NULL) {
        return false;
    }
    if (reading->open != NULL && reading->open->kind == NODE_MAPPING && reading->key == NULL) {
        reading->key = text;
        reading->key_mark = mark_of(reading, &event->start_mark);
        return true;
    }
    struct node *node = add_node(reading, NODE_TEXT, event);
    if (node == NULL) {
        return false;
    }
    node->text = text;
    node->is_quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    node->text_column = find_text_column(node, event);
    return true;
}

static bool on_start(struct reading *reading, enum node_kind kind, const yaml_event_t *event)
{
    const struct settings_mark mark = mark_of(reading, &event->start_mark);
    if (reading->open != NULL && reading->open->kind == NODE_MAPPING && reading->key == NULL) {
        return stop(reading, mark, "a key must be a plain text");
    }
    if (++reading->depth > DOCUMENT_DEPTH_MAX) {
        return stop(reading, mark, "nested too deeply: no setting lies this deep");
    }
    struct node *node = add_node(reading, kind, event);
    reading->open = node != NULL ? node : reading->open;
    return node != NULL;
}

static bool on_end(struct reading *reading)
{
    reading->open = reading->open->parent;
    reading->depth--;
    return true;
}

static bool on_document(struct reading *reading, const yaml_event_t *event)
{
    if (reading->root != NULL) {
        return stop(reading, mark_of(reading, &event->start_mark), "a second document begins here, a file holds one");
    }
    return true;
}

/* Things of YAML that would let a value hold where it is not seen. */
static bool is_plain(struct reading *reading, const yaml_event_t *event, const yaml_char_t *anchor,
                     const yaml_char_t *tag)
{
    const struct settings_mark mark = mark_of(reading, &event->start_mark);
    if (anchor != NULL) {
        return stop(reading, mark, "anchors (&name) are not used here, write the value out at each place");
    }
    if (tag != NULL) {
        return stop(reading, mark, "tags (!name) are not used here, put a text that begins with ! in quotes");
    }
    return true;
}

static bool on_event(struct reading *reading, const yaml_event_t *event)
{
    switch ((int)event->type) {
    case YAML_SCALAR_EVENT:
        return is_plain(reading, event, event->data.scalar.anchor, event->data.scalar.tag) && on_scalar(reading, event);
    case YAML_SEQUENCE_START_EVENT:
        return is_plain(reading, event, event->data.sequence_start.anchor, event->data.sequence_start.tag) &&
               on_start(reading, NODE_LIST, event);
    case YAML_MAPPING_START_EVENT:
        return is_plain(reading, event, event->data.mapping_start.anchor, event->data.mapping_start.tag) &&
               on_start(reading, NODE_MAPPING, event);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return on_end(reading);
    case YAML_DOCUMENT_START_EVENT:
        return on_document(reading, event);
    case YAML_ALIAS_EVENT:
        return stop(
            reading, mark_of(reading, &event->start_mark),
            "aliases (*name) are not used here, write the value out, or put a text that begins with * in quotes");
    default:
        return true;
    }
}

/* libyaml tells of unreadable bytes by their offset only. */
static void locate_byte(const struct reading *reading, struct syntax_fault *fault)
{
    fault->line = fault->column = 1;
    for (size_t i = 0; i < reading->parser.problem_offset && i < reading->text.size; i++) {
        const unsigned char byte = reading->text.bytes[i];
        fault->column += (byte & 0xC0U) != 0x80U ? 1 : 0;
        if (byte == '\n') {
            fault->line++;
            fault->column = 1;
        }
    }
}

static bool stop_at_problem(struct reading *reading)
{
    const yaml_parser_t *parser = &reading->parser;
    if (parser->error == YAML_MEMORY_ERROR || parser->problem == NULL) {
        return stop(reading, whole_file(reading), "out of memory");
    }
    struct syntax_fault fault = {
        .problem = parser->problem,
        .line = (uint32_t)parser->problem_mark.line + 1,
        .column = (uint32_t)parser->problem_mark.column + 1,
        .begun_line = parser->context != NULL ? (uint32_t)parser->context_mark.line + 1 : 0,
        .begun_column = (uint32_t)parser->context_mark.column + 1,
    };
    const bool is_text = parser->error != YAML_READER_ERROR;
    if (!is_text) {
        locate_byte(reading, &fault);
    }
    fault.source = find_line(&reading->text, fault.line, &fault.source_length);
    char message[160];
    explain_syntax(&fault, message, sizeof message);
    const struct settings_mark mark = {reading->file, fault.line, fault.column};
    if (is_text) {
        return stop(reading, mark, message);
    }
    report_file_fault(reading->report, mark, "", 0, message);
    return false;
}

static bool parse(struct reading *reading)
{
    bool is_going = true, is_sound = true;
    while (is_going && is_sound) {
        yaml_event_t event;
        if (yaml_parser_parse(&reading->parser, &event) == 0) {
            return stop_at_problem(reading);
        }
        is_sound = on_event(reading, &event);
        is_going = event.type != YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    return is_sound;
}

static void skip_byte_order_mark(struct file_bytes *text)
{
    if (text->size >= 3 && memcmp(text->bytes, "\xEF\xBB\xBF", 3) == 0) {
        text->bytes += 3;
        text->size -= 3;
    }
}

static bool open_file(struct reading *reading)
{
    const enum status status = file_read(reading->file, reading->pool, &reading->text);
    switch ((int)status) {
    case STATUS_OK:
        reading->pool->files_digest = hash_64(reading->pool->files_digest, reading->text.bytes, reading->text.size);
        pool_note_file(reading->pool, reading->file);
        skip_byte_order_mark(&reading->text);
        return true;
    case STATUS_NOT_FOUND:
        return stop(reading, whole_file(reading), "there is no such file, check its name and folder");
    case STATUS_DENIED:
        return stop(reading, whole_file(reading), "this file may not be read, check its owner and mode");
    case STATUS_INVALID:
        return stop(reading, whole_file(reading), "this is a folder or device, name a file");
    case STATUS_TOO_LARGE:
        return stop(reading, whole_file(reading), "this file is larger than 1 MiB, it cannot be a configuration");
    case STATUS_NO_MEMORY:
        return false;
    default:
        return stop(reading, whole_file(reading), "this file cannot be read (input/output error)");
    }
}

static bool parse_text(struct reading *reading)
{
    if (yaml_parser_initialize(&reading->parser) == 0) {
        return stop(reading, whole_file(reading), "out of memory");
    }
    yaml_parser_set_encoding(&reading->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reading->parser, reading->text.bytes, reading->text.size);
    const bool is_sound = parse(reading);
    yaml_parser_delete(&reading->parser);
    return is_sound;
}

const struct node *document_read(const char *file, struct pool *pool, struct settings_report *report)
{
    assert(file != NULL && pool != NULL && report != NULL);
    struct reading reading = {.pool = pool, .report = report, .file = file, .text = {(const unsigned char *)"", 0}};
    if (!open_file(&reading) || !parse_text(&reading)) {
        return NULL;
    }
    if (reading.root == NULL || node_is_empty(reading.root)) {
        (void)stop(&reading, whole_file(&reading), "this file is empty");
        return NULL;
    }
    return reading.root;
}
