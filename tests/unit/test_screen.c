/* Cells, what is painted of them, hostile texts, keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "app/cli/glyph.h"
#include "app/cli/keys.h"
#include "app/cli/screen.h"

static struct screen screen;
static char painted[1 << 16];

static int setup(void **state)
{
    (void)state;
    screen.unicode = screen.coloured = true;
    assert_int_equal(screen_resize(&screen, 4, 20), STATUS_OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    screen_fini(&screen);
    return 0;
}

static void expect_painted(const char *wanted)
{
    const size_t length = screen_paint(&screen, painted, sizeof painted);
    painted[length] = '\0';
    assert_string_equal(painted, wanted);
}

static void expect_row(int row, const char *wanted)
{
    char text[128];
    int length = 0;
    for (int col = 0; col < screen.cols; col++) {
        const uint32_t code = screen.cells[row * screen.cols + col].code;
        text[length++] = (char)(code == 0 ? '_' : code < 0x7F ? code : '#');
    }
    while (length > 0 && text[length - 1] == ' ') {
        length--;
    }
    text[length] = '\0';
    assert_string_equal(text, wanted);
}

static void test_only_what_has_changed_is_painted(void **state)
{
    (void)state;
    (void)screen_paint(&screen, painted, sizeof painted);
    assert_int_equal(screen_put(&screen, 1, 2, 20, STYLE_PLAIN, "hr 72"), 7);
    expect_painted("\033[2;3H\033[0mhr\033[2;6H72");
    expect_painted("");
    screen_clear(&screen);
    (void)screen_put(&screen, 1, 2, 20, STYLE_PLAIN, "hr 78");
    expect_painted("\033[2;7H\033[0m8");
    screen_style(&screen, 1, 5, 7, STYLE_HIGH);
    expect_painted("\033[2;6H\033[0;1;97;41m78\033[0m");
}

static void test_all_is_painted_after_another_size(void **state)
{
    (void)state;
    (void)screen_paint(&screen, painted, sizeof painted);
    assert_int_equal(screen_resize(&screen, 1, 3), STATUS_OK);
    (void)screen_put(&screen, 0, 0, 9, STYLE_PLAIN, "abcd");
    expect_painted("\033[0m\033[2J\033[1;1H\033[0mabc");
}

/* What colour says has another way of being said. */
static void test_no_colours(void **state)
{
    (void)state;
    (void)screen_paint(&screen, painted, sizeof painted);
    screen.coloured = false;
    for (int style = STYLE_PLAIN; style < STYLE_COUNT; style++) {
        (void)screen_put(&screen, 0, 0, 20, (enum style)style, "x");
        const size_t length = screen_paint(&screen, painted, sizeof painted);
        painted[length] = '\0';
        assert_null(strstr(painted, "3"));
        assert_null(strstr(painted, "9"));
        assert_null(strstr(painted, ";4m;")); /* 4x; underlined is 4 */
        assert_null(strstr(painted, "41"));
    }
    (void)screen_put(&screen, 0, 0, 20, STYLE_HIGH, "y");
    expect_painted("\033[1;1H\033[0;1;7my\033[0m");
}

static void test_nothing_reaches_beyond_its_columns(void **state)
{
    (void)state;
    assert_int_equal(screen_put(&screen, 0, 5, 8, STYLE_PLAIN, "abcdef"), 8);
    expect_row(0, "     abc");
    assert_int_equal(screen_put(&screen, 9, 5, 8, STYLE_PLAIN, "abc"), 5);
    assert_int_equal(screen_put(&screen, -1, 5, 8, STYLE_PLAIN, "abc"), 5);
    assert_int_equal(screen_put(&screen, 1, -3, 4, STYLE_PLAIN, "abcdef"), 4);
    expect_row(1, "abcd");
    (void)screen_put(&screen, 2, 18, 99, STYLE_PLAIN, "abc");
    expect_row(2, "                  ab");
    screen_put_right(&screen, 3, 2, 6, STYLE_PLAIN, "12");
    expect_row(3, "    12");
    screen_put_right(&screen, 3, 2, 6, STYLE_PLAIN, "abcdef");
    expect_row(3, "  abcd");
    screen_fill(&screen, 3, 18, 40, STYLE_PLAIN, '#');
    screen_fill(&screen, 99, 0, 40, STYLE_PLAIN, '#');
    expect_row(3, "  abcd            ##");
}

static void test_wide_and_combining_characters(void **state)
{
    (void)state;
    assert_int_equal(screen_put(&screen, 0, 0, 20, STYLE_PLAIN, "\xE8\xA1\x80\xE6\xB0\xA7 u\xCC\x88!"), 7);
    expect_row(0, "#_#_ u!");
    assert_int_equal(screen_put(&screen, 1, 0, 3, STYLE_PLAIN, "\xE8\xA1\x80\xE6\xB0\xA7"), 2); /* no half of one */
    (void)screen_paint(&screen, painted, sizeof painted);
    screen_clear(&screen);
    (void)screen_put(&screen, 0, 0, 20, STYLE_PLAIN, "\xE8\xA1\x80xy u!");
    expect_painted("\033[1;3H\033[0mxy\033[2;1H  ");
    screen.unicode = false;
    assert_int_equal(screen_put(&screen, 2, 0, 20, STYLE_PLAIN, "\xE8\xA1\x80u\xCC\x88\xC2\xB0"), 3);
    expect_row(2, "?u?");
}

static void test_hostile_texts(void **state)
{
    (void)state;
    static const char turning[] = {'\xE2', '\x80', '\xAE', 'a', 'b', 'c', '\0'}; /* no text: this source is one, too */
    static const struct {
        const char *text, *row;
    } cases[] = {
        {"\033[2Jx", "?[2Jx"},        /* clears the screen */
        {"\033]0;t\007x", "?]0;t?x"}, /* names the window */
        {"a\r\nb\tc", "a??b?c"},      /* goes elsewhere */
        {"\xC2\x9B"
         "31mx",
         "?31mx"},                            /* the same in eight bits */
        {turning, "?abc"},                    /* from right to left */
        {"\xE2\x80\x8B\xEF\xBB\xBFx", "??x"}, /* seen by nobody */
        {"\xFF\xC0\x80x\xE2\x82", "???x??"},  /* no UTF-8, and cut */
        {"\xED\xA0\x80", "???"},              /* half a character of UTF-16 */
        {"\xF4\x90\x80\x80", "????"},         /* beyond Unicode */
        {"\x7F", "?"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        screen_clear(&screen);
        (void)screen_put(&screen, 0, 0, 20, STYLE_PLAIN, cases[i].text);
        expect_row(0, cases[i].row);
    }
}

/* ---- keys ---- */

static int key_of(const char *bytes)
{
    struct keys keys = {.length = 0};
    int key = KEY_NONE;
    for (; *bytes != '\0'; bytes++) {
        assert_int_equal(key, KEY_NONE);
        key = keys_take(&keys, *bytes);
    }
    assert_int_equal(keys.length, 0);
    return key;
}

static void test_keys(void **state)
{
    (void)state;
    assert_int_equal(key_of("q"), 'q');
    assert_int_equal(key_of("\t"), KEY_TAB);
    assert_int_equal(key_of("\r"), KEY_ENTER);
    assert_int_equal(key_of("\n"), KEY_ENTER);
    assert_int_equal(key_of("\b"), KEY_ERASE);
    assert_int_equal(key_of("\x7F"), KEY_ERASE);
    assert_int_equal(key_of("\033[A"), KEY_UP);
    assert_int_equal(key_of("\033OB"), KEY_DOWN);
    assert_int_equal(key_of("\033[5~"), KEY_PAGE_UP);
    assert_int_equal(key_of("\033[6~"), KEY_PAGE_DOWN);
    assert_int_equal(key_of("\033[1~"), KEY_HOME);
    assert_int_equal(key_of("\033[F"), KEY_END);
    assert_int_equal(key_of("\033[Z"), KEY_BACK_TAB);
}

/* Passed over whole: nothing of them is taken for a key by itself, such as the q of a mouse. */
static void test_keys_that_are_none_of_ours(void **state)
{
    (void)state;
    assert_int_equal(key_of("\033[15~"), KEY_NONE);
    assert_int_equal(key_of("\033[1;5A"), KEY_NONE);
    assert_int_equal(key_of("\033[<0;12;34M"), KEY_NONE);
    assert_int_equal(key_of("\033[?1;2;3;4;5;6;7;8;9;10;11;12q"), KEY_NONE);
    assert_int_equal(key_of("\033q"), KEY_NONE);
}

static void test_an_escape_by_itself(void **state)
{
    (void)state;
    struct keys keys = {.length = 0};
    assert_int_equal(keys_take(&keys, '\033'), KEY_NONE);
    assert_int_equal(keys_flush(&keys), KEY_ESCAPE);
    assert_int_equal(keys_flush(&keys), KEY_NONE);
    assert_int_equal(keys_take(&keys, '\033'), KEY_NONE);
    assert_int_equal(keys_take(&keys, '\033'), KEY_ESCAPE); /* twice */
    assert_int_equal(keys_take(&keys, '['), KEY_NONE);
    assert_int_equal(keys_flush(&keys), KEY_NONE); /* broken off */
    assert_int_equal(keys_take(&keys, 'q'), 'q');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_only_what_has_changed_is_painted, setup),
        cmocka_unit_test_setup(test_all_is_painted_after_another_size, setup),
        cmocka_unit_test_setup(test_no_colours, setup),
        cmocka_unit_test_setup(test_nothing_reaches_beyond_its_columns, setup),
        cmocka_unit_test_setup(test_wide_and_combining_characters, setup),
        cmocka_unit_test_setup(test_hostile_texts, setup),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_keys_that_are_none_of_ours),
        cmocka_unit_test(test_an_escape_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, teardown);
}
