#include "app/engine/condition.h"

#include <stdio.h>
#include <string.h>

void condition_add_word(struct condition *c, const char *word)
{
    const size_t length = strlen(c->detail);
    (void)snprintf(c->detail + length, sizeof c->detail - length, "%s%s", length > 0 ? ", " : "", word);
}

/* A thousandth as people write it, without trailing zeros. */
void condition_value_text(char *text, size_t size, int32_t value_milli)
{
    const int64_t magnitude = value_milli < 0 ? -(int64_t)value_milli : value_milli;
    int length = snprintf(text, size, "%s%lld.%03lld", value_milli < 0 ? "-" : "", (long long)(magnitude / 1000),
                          (long long)(magnitude % 1000));
    while (text[length - 1] == '0') {
        text[--length] = '\0';
    }
    if (text[length - 1] == '.') {
        text[length - 1] = '\0';
    }
}

void condition_add_value(struct condition *c, enum vital vital, int32_t value_milli)
{
    const struct vital_info *info = vital_info(vital);
    char word[64], number[24];
    condition_value_text(number, sizeof number, value_milli);
    (void)snprintf(word, sizeof word, "%s %s %s", info->name, number, info->unit);
    condition_add_word(c, word);
}
