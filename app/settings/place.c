#include "app/settings/place.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

enum { PARTS = 3 };

static bool is_location(const char *text)
{
    return strchr(text, '^') != NULL;
}

static int count_parts(const char *text)
{
    int count = 1;
    for (; *text != '\0'; text++) {
        count += *text == '^' ? 1 : 0;
    }
    return count;
}

const char *place_fault(const char *text)
{
    assert(text != NULL);
    if (strpbrk(text, "|~\\&") != NULL) {
        return "must not hold |, ~, \\ or &, which mean something else in HL7";
    }
    if (is_location(text) && count_parts(text) != PARTS) {
        return "is no place, write POC^ROOM^BED (an empty part fits all) or a device id without ^";
    }
    return NULL;
}

bool place_fits_all(const char *text)
{
    assert(text != NULL);
    return strcmp(text, "^^") == 0;
}

bool place_is_same(const char *a, const char *b)
{
    assert(a != NULL && b != NULL);
    return is_location(a) ? strcmp(a, b) == 0 : strcasecmp(a, b) == 0;
}

/* The part before the next ^, moving on behind it. */
static const char *next_part(const char **text, size_t *out_length)
{
    const char *part = *text;
    *out_length = strcspn(part, "^");
    *text = part + *out_length + (part[*out_length] == '^' ? 1 : 0);
    return part;
}

bool place_may_be_same(const char *a, const char *b)
{
    assert(a != NULL && b != NULL);
    if (!is_location(a) || !is_location(b)) {
        return place_is_same(a, b);
    }
    for (int i = 0; i < PARTS; i++) {
        size_t a_length = 0, b_length = 0;
        const char *a_part = next_part(&a, &a_length), *b_part = next_part(&b, &b_length);
        const bool is_same = a_length == b_length && memcmp(a_part, b_part, a_length) == 0;
        if (a_length > 0 && b_length > 0 && !is_same) {
            return false;
        }
    }
    return true;
}
