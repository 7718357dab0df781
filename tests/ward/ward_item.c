#include "tests/ward/ward_item.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool item_fail(struct item *item, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(item->why, sizeof item->why, format, arguments);
    va_end(arguments);
    return false;
}

const char *item_option(const struct item *item, size_t from, const char *key)
{
    const char *value = NULL;
    for (size_t i = from; i < item->count; i++) {
        if (ward_text_option(item->words[i], key, &value)) {
            return value;
        }
    }
    return NULL;
}

bool item_option_number(const struct item *item, size_t from, const char *key, int64_t low, int64_t high, int64_t *out)
{
    const char *value = item_option(item, from, key);
    return value == NULL || ward_text_number(value, low, high, out);
}

bool item_option_duration(const struct item *item, size_t from, const char *key, int64_t *out_ns)
{
    const char *value = item_option(item, from, key);
    return value == NULL || ward_text_duration(value, out_ns);
}

bool item_options_known(struct item *item, size_t from, const char *const keys[])
{
    for (size_t i = from; i < item->count; i++) {
        const char *const *key = keys;
        while (*key != NULL && (strncmp(item->words[i], *key, strlen(*key)) != 0 ||
                                ((*key)[strlen(*key) - 1] != '=' && strcmp(item->words[i], *key) != 0))) {
            key++;
        }
        if (*key == NULL) {
            return item_fail(item, "%.60s is not known here, remove it", item->words[i]);
        }
    }
    return true;
}

bool item_name_is_free(struct item *item, const char *name)
{
    if (!ward_text_is_name(name)) {
        return item_fail(item, "%.40s is not a name, use a letter, then letters, digits, - or _", name);
    }
    if (ward_command_is_word(name) || ward_link_by_name(item->ward, name) != NULL ||
        ward_monitor_by_name(item->ward, name) != NULL) {
        return item_fail(item, "%s is taken, choose another name", name);
    }
    return true;
}
