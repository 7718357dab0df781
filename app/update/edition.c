#include "app/update/edition.h"

#include <string.h>

static const char *skip_zeros(const char *text)
{
    return text + strspn(text, "0");
}

/* Of however many digits. */
static int compare_numbers(const char **a, const char **b)
{
    *a = skip_zeros(*a);
    *b = skip_zeros(*b);
    const size_t of_a = strspn(*a, "0123456789"), of_b = strspn(*b, "0123456789");
    const int order = of_a != of_b ? (of_a > of_b ? 1 : -1) : strncmp(*a, *b, of_a);
    *a += of_a;
    *b += of_b;
    *a += **a == '.';
    *b += **b == '.';
    return order;
}

static int compare_tails(const char *a, const char *b)
{
    const size_t of_a = strcspn(a, "+"), of_b = strcspn(b, "+");
    if (of_a == 0 || of_b == 0) {
        return (of_a == 0) - (of_b == 0);
    }
    const int order = strncmp(a, b, of_a < of_b ? of_a : of_b);
    return order != 0 ? order : (of_a > of_b) - (of_a < of_b);
}

static int is_number(const char *text)
{
    return *text >= '0' && *text <= '9';
}

int edition_compare(const char *a, const char *b)
{
    while (is_number(a) || is_number(b)) {
        const int order = compare_numbers(&a, &b);
        if (order != 0) {
            return order;
        }
    }
    return compare_tails(a, b);
}
