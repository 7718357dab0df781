#include "app/cli/registers.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char separators[] = ", \t\r\n";
static const char *const table_words[] = {
    [TABLE_HOLDING] = "holding", [TABLE_INPUT] = "input", [TABLE_COIL] = "coil", [TABLE_DISCRETE] = "discrete"};
enum { TABLES = sizeof table_words / sizeof table_words[0] };

const char *register_table_word(enum register_table table)
{
    return table_words[table];
}

/* `input:` moves on; without a table it is holding. */
static enum register_table read_table(const char **text)
{
    for (unsigned i = 0; i < TABLES; i++) {
        const size_t length = strlen(table_words[i]);
        if (strncmp(*text, table_words[i], length) == 0 && (*text)[length] == ':') {
            *text += length + 1;
            return (enum register_table)i;
        }
    }
    return TABLE_HOLDING;
}

/* Decimal or 0x hexadecimal, up to `end`. */
static bool read_number(const char *text, char end, long low, long high, long *out, const char **rest)
{
    const char *digits = text[0] == '-' ? text + 1 : text;
    const int base = digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X') ? 16 : 10;
    if (digits[0] < '0' || digits[0] > '9') {
        return false;
    }
    char *stop = NULL;
    const long number = strtol(text, &stop, base);
    const bool is_ended = *stop == end || (end == '\0' && (*stop == '#' || strchr(separators, *stop) != NULL));
    if (!is_ended || number < low || number > high) {
        return false;
    }
    *out = number;
    *rest = stop;
    return true;
}

static bool read_one(const char **text, struct register_value *out)
{
    const char *rest = *text;
    const enum register_table table = read_table(&rest);
    const bool is_bit = table == TABLE_COIL || table == TABLE_DISCRETE;
    long reg = 0, value = 0;
    if (!read_number(rest, '=', 0, UINT16_MAX, &reg, &rest) ||
        !read_number(rest + 1, '\0', is_bit ? 0 : INT16_MIN, is_bit ? 1 : UINT16_MAX, &value, &rest)) {
        return false;
    }
    *out = (struct register_value){.table = table, .reg = (uint16_t)reg, .value = (uint16_t)value};
    *text = rest;
    return true;
}

static const char *skip(const char *text)
{
    for (;;) {
        text += strspn(text, separators);
        if (*text != '#') {
            return text;
        }
        text += strcspn(text, "\n");
    }
}

static struct register_value *find(struct registers *registers, const struct register_value *value)
{
    for (size_t i = 0; i < registers->count; i++) {
        if (registers->values[i].table == value->table && registers->values[i].reg == value->reg) {
            return &registers->values[i];
        }
    }
    return registers->count < REGISTERS_MAX ? &registers->values[registers->count++] : NULL;
}

bool registers_read(const char *text, struct registers *out)
{
    assert(text != NULL && out != NULL);
    out->count = 0;
    out->wrong[0] = '\0';
    for (text = skip(text); *text != '\0'; text = skip(text)) {
        struct register_value value;
        if (!read_one(&text, &value)) {
            (void)snprintf(out->wrong, sizeof out->wrong, "%.*s", (int)strcspn(text, separators), text);
            return false;
        }
        struct register_value *place = find(out, &value);
        if (place == NULL) {
            return false;
        }
        *place = value;
    }
    return true;
}

bool registers_find(const struct registers *registers, enum register_table table, uint32_t reg, uint16_t *out)
{
    assert(registers != NULL && out != NULL);
    for (size_t i = 0; i < registers->count; i++) {
        if (registers->values[i].table == table && registers->values[i].reg == reg) {
            *out = registers->values[i].value;
            return true;
        }
    }
    return false;
}
