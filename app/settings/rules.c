/*
 * rules.c: finds the rules files and reads their rules, in the order of files and of rules in them.
 */
#include "app/settings/rules.h"

#include <assert.h>
#include <string.h>

#include "app/settings/file.h"
#include "app/settings/load.h"

/* One rules file, read as far as the list of its rules. */
struct rules_file {
    const char *file;
    const struct node *rules; /* NULL: not sound */
    bool is_optional;
};

const char *load_find_file(struct load *load, const struct node *node, const char *kind)
{
    const char *beside = file_path(load->folder, node->text, load->reader.pool);
    const char *installed = pool_format(load->reader.pool, FILE_INSTALL_FOLDER "/%s/%s", kind, file_name(node->text));
    if (beside == NULL || installed == NULL) {
        return NULL;
    }
    if (file_is_there(beside)) {
        return beside;
    }
    if (file_is_there(installed)) {
        return installed;
    }
    report_fault(load->reader.report, node, "there is no such file: neither %s nor %s is there" FILE_INSTALL_HINT,
                 beside, installed);
    return NULL;
}

static bool is_listed_before(struct load *load, const struct node *node, const char *file,
                             const struct rules_file *files, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (files[i].file != NULL && strcmp(files[i].file, file) == 0) {
            report_fault(load->reader.report, node, "the file is listed twice, remove one");
            return true;
        }
    }
    return false;
}

static bool open_file(struct load *load, const struct node *node, struct rules_file *files, uint32_t place)
{
    static const struct field path = {.name = "rules", .type = FIELD_TEXT, .high = 1024};
    const char *text = NULL;
    struct rules_keys keys = {.optional = 0};
    const char *file = field_read(&load->reader, node, &path, &text) ? load_find_file(load, node, "rules") : NULL;
    if (file == NULL || is_listed_before(load, node, file, files, place)) {
        return false;
    }
    files[place].file = file;
    const struct node *root = document_read(file, load->trees, load->reader.report);
    const bool is_whole = root != NULL && section_read(&load->reader, root, &rules_section, &keys);
    files[place].rules = keys.rules;
    files[place].is_optional = keys.optional != 0;
    return is_whole;
}

static bool check_is_new(struct load *load, const struct node *node)
{
    for (uint16_t i = 0; i < load->settings->rule_count; i++) {
        const struct node *other = load->rule_nodes[i];
        if (strcmp(other->key, node->key) == 0) {
            report_key_fault(load->reader.report, node, "this rule is already in %s line %u, remove one",
                             other->key_mark.file, other->key_mark.line);
            return false;
        }
    }
    return true;
}

static void read_file(struct load *load, const struct rules_file *file, struct settings_mark *marks)
{
    for (const struct node *node = file->rules != NULL ? file->rules->first : NULL; node != NULL; node = node->next) {
        if (!check_is_new(load, node)) {
            continue;
        }
        const uint16_t place = load->settings->rule_count++;
        load->rule_nodes[place] = node;
        load->rule_is_optional[place] = file->is_optional;
        load->rule_is_sound[place] = rule_read(&load->reader, node, &load->rules[place]);
        marks[place] = node->key_mark;
    }
}

static uint32_t count_rules(const struct rules_file *files, uint32_t count)
{
    uint32_t rules = 0;
    for (uint32_t i = 0; i < count; i++) {
        rules += files[i].rules != NULL ? files[i].rules->child_count : 0;
    }
    return rules;
}

static void read_files(struct load *load, const struct node *list, const struct rules_file *files)
{
    const uint32_t count = count_rules(files, list->child_count);
    if (count > SETTINGS_RULES_MAX) {
        report_fault(load->reader.report, list, "these files hold %u rules, at most %d", count, SETTINGS_RULES_MAX);
        return;
    }
    load->rules = POOL_TAKE(load->reader.pool, struct rule, count);
    struct settings_mark *marks = POOL_TAKE(load->reader.pool, struct settings_mark, count);
    load->settings->rules = load->rules;
    load->settings->rule_marks = marks;
    if (load->rules == NULL || marks == NULL) {
        return;
    }
    for (uint32_t i = 0; i < list->child_count; i++) {
        read_file(load, &files[i], marks);
    }
}

void rules_read(struct load *load, const struct node *list)
{
    assert(load != NULL && list != NULL);
    struct rules_file files[SETTINGS_RULE_FILES_MAX] = {{.file = NULL}};
    if (list->child_count > SETTINGS_RULE_FILES_MAX) {
        report_fault(load->reader.report, list, "has %u files, at most %d", list->child_count, SETTINGS_RULE_FILES_MAX);
        return;
    }
    load->are_rules_sound = true;
    for (const struct node *node = list->first; node != NULL; node = node->next) {
        load->are_rules_sound = open_file(load, node, files, node->index) && load->are_rules_sound;
    }
    read_files(load, list, files);
}
