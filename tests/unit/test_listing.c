/* Rows of JSON as cells, for a person and for a spreadsheet; damaged ones show as little as it takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/cli/listing.h"

static const char *find(const char *json, const char *key)
{
    static char cell[LISTING_CELL_MAX];
    listing_find(json, strlen(json), key, cell);
    return cell;
}

static void test_members(void **state)
{
    (void)state;
    const char *json = "{\"at\":\"2026-01-31T08:00:00.000Z\",\"value\":-8.5,\"limit\":null,\"test\":false,"
                       "\"list\":[\"a,b\",{\"value\":7}],\"text\":\"say \\\"no\\\" \\\\ µ\",\"last\":1}";
    assert_string_equal(find(json, "at"), "2026-01-31T08:00:00.000Z");
    assert_string_equal(find(json, "value"), "-8.5"); /* not the one inside the list */
    assert_string_equal(find(json, "limit"), "");
    assert_string_equal(find(json, "test"), "false");
    assert_string_equal(find(json, "list"), "[\"a,b\",{\"value\":7}]");
    assert_string_equal(find(json, "text"), "say \"no\" \\ µ");
    assert_string_equal(find(json, "last"), "1");
    assert_string_equal(find(json, "none"), "");
    assert_string_equal(find("{}", "at"), "");
    assert_string_equal(find("", "at"), "");
}

/* Cut anywhere, or with any byte another, nothing is read beyond the end. */
static void test_damaged_rows(void **state)
{
    (void)state;
    static const char json[] = "{\"a\":\"x\\\"y\",\"b\":[1,{\"c\":\"}\"}],\"d\":null}";
    for (size_t length = 0; length < sizeof json; length++) {
        char *cut = malloc(length + 1); /* a sanitizer sees what goes beyond */
        char cell[LISTING_CELL_MAX];
        assert_non_null(cut);
        memcpy(cut, json, length);
        listing_find(cut, length, "d", cell);
        for (size_t at = 0; at < length; at++) {
            for (const char *bad = "\"\\{}[],:x"; *bad != '\0'; bad++) {
                const char was = cut[at];
                cut[at] = *bad;
                listing_find(cut, length, "d", cell);
                assert_true(strlen(cell) < LISTING_CELL_MAX);
                cut[at] = was;
            }
        }
        free(cut);
    }
}

static void test_a_long_text_ends_after_a_whole_character(void **state)
{
    (void)state;
    static char json[2000];
    for (unsigned pad = 0; pad < 2; pad++) {
        size_t length = (size_t)snprintf(json, sizeof json, "{\"t\":\"%s", pad > 0 ? "x" : "");
        for (unsigned i = 0; i < 600; i++) {
            length += (size_t)snprintf(json + length, sizeof json - length, "µ");
        }
        (void)snprintf(json + length, sizeof json - length, "\"}");
        const char *cell = find(json, "t");
        assert_int_equal(strlen(cell) % 2, pad);
        assert_in_range(strlen(cell), LISTING_CELL_MAX - 2, LISTING_CELL_MAX - 1);
    }
}

static char *print(enum listing listing, const char *first, const char *second)
{
    static char text[256];
    static const struct listing_column columns[] = {{"one", 5}, {"two", 0}};
    char cells[2][LISTING_CELL_MAX];
    (void)snprintf(cells[0], sizeof cells[0], "%s", first);
    (void)snprintf(cells[1], sizeof cells[1], "%s", second);
    memset(text, 0, sizeof text);
    FILE *stream = fmemopen(text, sizeof text, "w");
    assert_non_null(stream);
    listing_head(stream, listing, columns, 2);
    listing_row(stream, listing, columns, 2, cells);
    assert_int_equal(fclose(stream), 0);
    return text;
}

static void test_rows(void **state)
{
    (void)state;
    assert_string_equal(print(LISTING_TEXT, "µ", "b c"), "one    two\nµ      b c\n");
    assert_string_equal(print(LISTING_TEXT, "longer", ""), "one    two\nlonger  \n");
    assert_string_equal(print(LISTING_CSV, "a", "b,\"c\""), "one,two\r\na,\"b,\"\"c\"\"\"\r\n");
    assert_string_equal(print(LISTING_CSV, "=1+1", "-5"), "one,two\r\n\"'=1+1\",-5\r\n");
    assert_string_equal(print(LISTING_CSV, "-2+3", "-8.5"), "one,two\r\n\"'-2+3\",-8.5\r\n");
    assert_string_equal(print(LISTING_CSV, "-", "-1e"), "one,two\r\n\"'-\",\"'-1e\"\r\n");
    assert_string_equal(print(LISTING_JSON, "a", "b"), "");
}

/* A terminal takes orders from characters above those of ASCII, too. */
static void test_nothing_reaches_a_terminal(void **state)
{
    (void)state;
    assert_string_equal(find("{\"t\":\"a\x1b[2Jb\x7f\"}", "t"), "a [2Jb ");
    assert_string_equal(find("{\"t\":\"a\xc2\x9b"
                             "2J\xc2\x80\xc2\x9f\xc2\xa0µ\"}",
                             "t"),
                        "a  2J    \xc2\xa0µ");
}

static void test_options(void **state)
{
    (void)state;
    enum listing listing = LISTING_TEXT;
    assert_true(listing_option("--csv", &listing) && listing == LISTING_CSV);
    assert_true(listing_option("--json", &listing) && listing == LISTING_JSON);
    assert_true(listing_option("--text", &listing) && listing == LISTING_TEXT);
    assert_false(listing_option("--cvs", &listing));
}

static void test_adding(void **state)
{
    (void)state;
    char cell[LISTING_CELL_MAX] = "";
    for (unsigned i = 0; i < LISTING_CELL_MAX; i++) {
        listing_add(cell, "ab", 2);
    }
    assert_int_equal(strlen(cell), LISTING_CELL_MAX - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_damaged_rows),
        cmocka_unit_test(test_a_long_text_ends_after_a_whole_character),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_nothing_reaches_a_terminal),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_adding),
    };
    return cmocka_run_group_tests_name("listing", tests, NULL, NULL);
}
