#include "app/settings/schema.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/engine/suggest.h"
#include "app/settings/report.h"
#include "app/settings/value.h"

void schema_hint(const char *word, const char *const *candidates, size_t count, char hint[SCHEMA_HINT_MAX])
{
    assert(word != NULL && candidates != NULL && hint != NULL);
    const char *near = suggest(word, strlen(word), candidates, count);
    if (near != NULL) {
        (void)snprintf(hint, SCHEMA_HINT_MAX, ", did you mean \"%s\"?", near);
        return;
    }
    int used = snprintf(hint, SCHEMA_HINT_MAX, ", possible");
    for (size_t i = 0; i < count; i++) {
        const size_t room = SCHEMA_HINT_MAX - (size_t)used;
        if (strlen(candidates[i]) + sizeof ", ..." > room) {
            (void)snprintf(hint + used, room, " ...");
            return;
        }
        used += snprintf(hint + used, room, "%s %s", i == 0 ? ":" : ",", candidates[i]);
    }
}

static bool is_known(const struct section *section, const char *key)
{
    for (size_t i = 0; i < section->count; i++) {
        if (strcmp(section->fields[i].name, key) == 0) {
            return true;
        }
    }
    return false;
}

static size_t list_names(const struct section *section, const char *names[SECTION_FIELDS_MAX])
{
    assert(section->count <= SECTION_FIELDS_MAX);
    for (size_t i = 0; i < section->count; i++) {
        names[i] = section->fields[i].name;
    }
    return section->count;
}

/* `id:g` reads as one key with nothing behind it. */
static bool lacks_space(const struct node *node)
{
    return strchr(node->key, ':') != NULL && node_is_empty(node);
}

/* A key that another variant has was meant for something: it stands at the wrong place, or the word is wrong. */
static bool is_of_other_variant(const struct section *family, const char *key)
{
    for (size_t i = 0; family->variants != NULL && family->fields[0].words[i] != NULL; i++) {
        if (is_known(family->variants[i], key)) {
            return true;
        }
    }
    return false;
}

static void report_unknown(const struct reader *reader, const struct node *node, const struct section *section,
                           const struct section *family)
{
    if (lacks_space(node)) {
        report_key_fault(reader->report, node, "a space is missing behind the colon");
        return;
    }
    if (is_of_other_variant(family, node->key)) {
        report_key_fault(reader->report, node, "%s has no %s, remove it", section->name, node->key);
        return;
    }
    const char *names[SECTION_FIELDS_MAX];
    char hint[SCHEMA_HINT_MAX];
    schema_hint(node->key, names, list_names(section, names), hint);
    report_key_fault(reader->report, node, "%s has no such key%s", section->name, hint);
}

/* True when `key` was probably meant to be `name`. */
static bool is_misspelt(const struct section *section, const struct node *node, const char *name)
{
    const char *names[SECTION_FIELDS_MAX];
    const size_t count = list_names(section, names);
    if (is_known(section, node->key)) {
        return false;
    }
    const size_t length = lacks_space(node) ? strcspn(node->key, ":") : strlen(node->key);
    return suggest(node->key, length, names, count) == name;
}

void section_report_missing(const struct reader *reader, const struct node *mapping, const struct section *section,
                            const struct field *field)
{
    assert(reader != NULL && mapping != NULL && section != NULL && field != NULL);
    for (const struct node *child = mapping->first; child != NULL; child = child->next) {
        if (is_misspelt(section, child, field->name)) {
            return;
        }
    }
    char wanted[FIELD_DESCRIPTION_MAX];
    field_describe(field, wanted);
    report_key_fault(reader->report, mapping, "the key \"%s\" is missing: %s", field->name, wanted);
}

bool section_read_defaults(const struct reader *reader, const struct section *section, void *target)
{
    assert(reader != NULL && section != NULL && target != NULL);
    bool is_whole = true;
    for (size_t i = 0; i < section->count; i++) {
        const struct field *field = &section->fields[i];
        is_whole = (!field_has_default(field) || field_read_default(reader, field, target)) && is_whole;
    }
    return is_whole;
}

static bool read_field(const struct reader *reader, const struct node *mapping, const struct section *section,
                       const struct field *field, void *target)
{
    const struct node *child = node_child(mapping, field->name);
    if (child != NULL) {
        return field_read(reader, child, field, target);
    }
    if (field->is_required) {
        section_report_missing(reader, mapping, section, field);
        return false;
    }
    return !field_has_default(field) || field_read_default(reader, field, target);
}

/* `family`: the section that this one is a variant of, else itself. */
static bool read_keys(const struct reader *reader, const struct node *mapping, const struct section *section,
                      const struct section *family, void *target)
{
    bool is_whole = true;
    for (const struct node *child = mapping->first; child != NULL; child = child->next) {
        if (!is_known(section, child->key)) {
            report_unknown(reader, child, section, family);
            is_whole = false;
        }
    }
    for (size_t i = 0; i < section->count; i++) {
        is_whole = read_field(reader, mapping, section, &section->fields[i], target) && is_whole;
    }
    return is_whole;
}

/* Of a mapping whose variant is not known: the keys that none of them has, the misspelt name of the variant among them. */
static void report_strangers(const struct reader *reader, const struct node *mapping, const struct section *section)
{
    for (const struct node *child = mapping->first; child != NULL; child = child->next) {
        if (!is_known(section, child->key) && !is_of_other_variant(section, child->key)) {
            report_unknown(reader, child, section, section);
        }
    }
}

bool section_read(const struct reader *reader, const struct node *mapping, const struct section *section, void *target)
{
    assert(reader != NULL && mapping != NULL && section != NULL && target != NULL);
    if (mapping->kind != NODE_MAPPING) {
        report_fault(reader->report, mapping, "%s must be a mapping {key: value}", section->name);
        return false;
    }
    if (section->variants == NULL) {
        return read_keys(reader, mapping, section, section, target);
    }
    int64_t place = 0;
    if (!read_field(reader, mapping, section, &section->fields[0], target)) {
        report_strangers(reader, mapping, section);
        return false;
    }
    memcpy(&place, (const char *)target + section->fields[0].offset, sizeof place);
    return read_keys(reader, mapping, section->variants[place], section, target);
}

bool schema_check_name(const struct reader *reader, const struct node *node, size_t length_max)
{
    assert(reader != NULL && node != NULL && node->key != NULL);
    if (value_is_id(node->key, length_max)) {
        return true;
    }
    if (lacks_space(node)) {
        report_key_fault(reader->report, node, "a space is missing behind the colon");
    } else {
        report_key_fault(reader->report, node, "\"%.40s\" cannot be a name, %s, at most %zu characters", node->key,
                         VALUE_ID_RULE, length_max);
    }
    return false;
}
