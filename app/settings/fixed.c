/*
 * fixed.c: what a running gateway cannot take over from a changed configuration. Every key of these sections is kept
 * with its value and place, straight from the tables, so that no key can be forgotten.
 */
#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "app/settings/load.h"

/* Brokers have keys of their own, and so has each of them in the list. */
#define FIXED_MAX (6 * SECTION_FIELDS_MAX + SETTINGS_BROKERS_MAX * SECTION_FIELDS_MAX)

struct collector {
    struct load *load;
    struct settings_fixed *fixed;
};

static void add(struct collector *c, const char *path, const char *value, const struct node *node)
{
    assert(node != NULL && c->load->settings->fixed_count < FIXED_MAX);
    const struct settings_mark mark = node->key != NULL ? node->key_mark : node->mark;
    c->fixed[c->load->settings->fixed_count++] = (struct settings_fixed){path, value, mark};
}

static bool is_text(enum field_type type)
{
    return type == FIELD_ID || type == FIELD_TEXT;
}

/* Of a list of texts: "a b c". NULL: no memory. */
static const char *join(struct collector *c, const struct node *list)
{
    const char *joined = "";
    assert(list != NULL); /* a list has no default: value_of */
    for (const struct node *item = list->first; item != NULL && joined != NULL; item = item->next) {
        joined = pool_format(c->load->reader.pool, "%s%s%s", joined, joined[0] != '\0' ? "\x1f" : "", item->text);
    }
    return joined;
}

/* What the key stands for, the same however it was written: `60s` and `1min`, the default and the default in so many
 * words. NULL: no memory. */
static const char *value_of(struct collector *c, const struct field *field, const struct node *node)
{
    const struct reader *reader = &c->load->reader;
    if (node == NULL && !field_has_default(field)) {
        return "";
    }
    if (field->type == FIELD_LIST) {
        return join(c, node);
    }
    if (is_text(field->type)) {
        const char *text = node != NULL ? node->text : field->fallback;
        return pool_text(reader->pool, text, strlen(text));
    }
    struct field number = *field;
    int64_t value = 0;
    number.offset = 0;
    const bool is_read =
        node != NULL ? field_read(reader, node, &number, &value) : field_read_default(reader, &number, &value);
    if (!is_read) {
        return NULL;
    }
    return pool_format(c->load->reader.pool, "%" PRId64, value);
}

/* `mapping` NULL: the section is not there. What is not there is looked for where it could stand. */
static void add_field(struct collector *c, const char *section, const struct node *mapping, const struct field *field)
{
    const struct node *node = mapping != NULL ? node_child(mapping, field->name) : NULL;
    const struct node *place = node != NULL ? node : mapping != NULL ? mapping : c->load->root;
    const char *path = pool_format(c->load->reader.pool, "%s%s%s", section, *section != '\0' ? "." : "", field->name);
    const char *value = value_of(c, field, node);
    if (path != NULL && value != NULL) {
        add(c, path, value, place);
    }
}

static void add_section(struct collector *c, const char *path, const struct node *mapping,
                        const struct section *section)
{
    for (size_t i = 0; i < section->count; i++) {
        if (section->fields[i].section == NULL && !section->fields[i].can_follow) { /* brokers: add_brokers */
            add_field(c, path, mapping, &section->fields[i]);
        }
    }
}

/* A broker written as a text is one with nothing but its url, which has a port, written or not. */
static void add_broker(struct collector *c, const char *path, const struct node *item)
{
    for (size_t i = 0; i < broker_section.count; i++) {
        const struct field *field = &broker_section.fields[i];
        const struct node *node = node_child(item, field->name);
        const char *key = pool_format(c->load->reader.pool, "%s.%s", path, field->name);
        const char *value = i == 0 ? c->load->settings->uplink.brokers[item->index].url : value_of(c, field, node);
        if (key != NULL && value != NULL) {
            add(c, key, value, node != NULL ? node : item);
        }
    }
}

static void add_brokers(struct collector *c, const struct node *list)
{
    assert(list != NULL); /* a configuration without brokers has a fault */
    struct pool *pool = c->load->reader.pool;
    const char *count = pool_format(pool, "%u", list->child_count);
    if (count != NULL) {
        add(c, "uplink.brokers", count, list);
    }
    for (const struct node *item = list->first; item != NULL; item = item->next) {
        const char *path = pool_format(pool, "uplink.brokers[%u]", item->index + 1);
        if (path != NULL) {
            add_broker(c, path, item);
        }
    }
}

/* Of a configuration without faults. */
void fixed_collect(struct load *load)
{
    assert(load != NULL);
    struct collector c = {load, POOL_TAKE(load->reader.pool, struct settings_fixed, FIXED_MAX)};
    load->settings->fixed = c.fixed;
    if (c.fixed == NULL) {
        return;
    }
    for (size_t i = 0; i < ward_section.count; i++) {
        const struct field *field = &ward_section.fields[i];
        if (!field->needs_restart) {
            continue;
        }
        if (field->type == FIELD_SECTION) {
            add_section(&c, field->name, node_child(load->root, field->name), field->section);
        } else {
            add_field(&c, "", load->root, field);
        }
    }
    add_brokers(&c, node_child(node_child(load->root, "uplink"), "brokers"));
}

static const struct settings_fixed *find(const struct settings *settings, const char *path)
{
    for (uint16_t i = 0; i < settings->fixed_count; i++) {
        if (strcmp(settings->fixed[i].path, path) == 0) {
            return &settings->fixed[i];
        }
    }
    return NULL;
}

bool settings_can_follow(const struct settings *now, const struct settings *next, struct settings_report *report)
{
    assert(now != NULL && next != NULL && report != NULL);
    bool can = true;
    for (uint16_t i = 0; i < next->fixed_count; i++) {
        const struct settings_fixed *fixed = &next->fixed[i], *before = find(now, fixed->path);
        if (before != NULL && strcmp(before->value, fixed->value) != 0) {
            report_place_fault(report, fixed->mark, fixed->path, "has changed, which needs a restart of the gateway");
            can = false;
        }
    }
    report_sort(report);
    return can;
}
