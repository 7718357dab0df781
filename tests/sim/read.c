#include "tests/sim/read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *read_behind(const char *json, const char *key)
{
    const size_t length = strlen(key);
    for (const char *at = strstr(json, key); at != NULL; at = strstr(at + 1, key)) {
        if (at > json && at[-1] == '"' && at[length] == '"' && at[length + 1] == ':') {
            return at + length + 2;
        }
    }
    return NULL;
}

uint64_t read_number(const char *json, const char *key)
{
    const char *at = read_behind(json, key);
    return at != NULL ? strtoull(at, NULL, 10) : 0;
}

uint64_t read_hex(const char *json, const char *key)
{
    const char *at = read_behind(json, key);
    return at != NULL && *at == '"' ? strtoull(at + 1, NULL, 16) : 0;
}

bool read_milli(const char *json, const char *key, int32_t *out)
{
    const char *at = read_behind(json, key);
    char *end = NULL;
    if (at == NULL || *at == '"' || *at == 'n') {
        return false;
    }
    long whole = strtol(at, &end, 10) * 1000;
    if (*end == '.') {
        long scale = 100;
        const long sign = *at == '-' ? -1 : 1;
        for (end++; *end >= '0' && *end <= '9'; end++, scale /= 10) {
            whole += sign * scale * (*end - '0');
        }
    }
    *out = (int32_t)whole;
    return true;
}

bool read_is(const char *json, const char *key, const char *text)
{
    const char *at = read_behind(json, key);
    const size_t length = strlen(text);
    return at != NULL && *at == '"' && strncmp(at + 1, text, length) == 0 && at[1 + length] == '"';
}

void read_text(const char *json, const char *key, char *out, size_t size)
{
    const char *at = read_behind(json, key);
    const size_t length = at != NULL && *at == '"' ? strcspn(at + 1, "\"") : 0;
    (void)snprintf(out, size, "%.*s", (int)(length < size ? length : size - 1), length > 0 ? at + 1 : "");
}

/* FNV-1a, but by eight bytes at a time. */
uint64_t read_digest(const char *bytes, size_t length)
{
    uint64_t digest = UINT64_C(14695981039346656037) ^ length;
    while (length > 0) {
        uint64_t word = 0;
        const size_t taken = length < sizeof word ? length : sizeof word;
        memcpy(&word, bytes, taken);
        digest = (digest ^ word) * UINT64_C(1099511628211);
        digest ^= digest >> 32; /* what is high in a word counts below, too */
        bytes += taken;
        length -= taken;
    }
    return digest;
}
