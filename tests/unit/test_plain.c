/*
 * Words of others on a person's terminal: nothing of them steers it, and all that is text stays.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "app/settings/plain.h"

static void masks(const char *text, const char *expected)
{
    char out[128];
    (void)snprintf(out, sizeof out, "%s", text);
    plain_mask(out, strlen(out));
    assert_string_equal(out, expected);
}

static void test_sequences_of_a_terminal(void **state)
{
    (void)state;
    masks("\x1b[2J\x1b[31mred\x1b[0m", " [2J [31mred [0m");
    masks("\x1b]0;title\a", " ]0;title ");
    masks("b01\rb02\b\t\x7f", "b01 b02   ");
    masks("two\nlines\n", "two\nlines\n");
}

static void test_those_of_eight_bits(void **state)
{
    (void)state;
    masks("\xc2\x9b[J", "  [J");              /* U+009B as UTF-8 */
    masks("\x9b[J", " [J");                   /* alone, as a terminal of eight bits takes it */
    masks("x\xe4\x9b[y\x9b", "x\xe4\x9b[y "); /* goes on with a character, cut off as it is */
    masks("\xc2\x85\xc2\x9b\xc2\xa0", "    \xc2\xa0");
}

static void test_texts_of_any_language_stay(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "SpO₂ ≤ 90 %", "脉搏过低", "ÄÖÜ ß", "🛏", "café °C"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        masks(texts[i], texts[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sequences_of_a_terminal),
                                       cmocka_unit_test(test_those_of_eight_bits),
                                       cmocka_unit_test(test_texts_of_any_language_stay)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
