/* Two values that differ and that a key of the configuration takes, straight from the tables. */
#ifndef WARDGATE_TESTS_FIELD_VALUES_H
#define WARDGATE_TESTS_FIELD_VALUES_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "app/settings/keys.h"

/* The store of a 32-bit box is 1 GiB at most. */
static inline int64_t field_highest(const struct field *field)
{
    return sizeof(void *) == 4 && strcmp(field->name, "size") == 0 ? INT64_C(1) << 30 : field->high;
}

/* False, and nothing is written, where the tables do not say what is right: of texts and the like. */
static inline bool write_value(const struct field *field, bool is_other, char *text, size_t room)
{
    char number[VALUE_TEXT_MAX];
    if (field_is_number(field)) {
        field_print_number(field, is_other ? field_highest(field) : field->low, number);
        (void)snprintf(text, room, "%s", number);
    } else if (field->type == FIELD_BOOLEAN) {
        (void)snprintf(text, room, "%s", is_other ? "true" : "false");
    } else if (field->type == FIELD_WORD || field->type == FIELD_WORDS) {
        const bool is_list = field->type == FIELD_WORDS;
        (void)snprintf(text, room, is_list ? "[%s]" : "%s", field->words[is_other ? 1 : 0]);
    } else {
        return false;
    }
    return true;
}

#endif
