/* "Did you mean": which known word is near enough to a misspelt one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "app/engine/suggest.h"

static const char *const words[] = {"hr", "pulse", NULL, "spo2", "resp", "mean", "poll_interval", "publish_interval",
                                    ""};

static const char *near(const char *word)
{
    return suggest(word, strlen(word), words, sizeof words / sizeof words[0]);
}

static void test_one_edit_finds_the_word(void **state)
{
    (void)state;
    assert_string_equal(near("spo"), "spo2");
    assert_string_equal(near("spo22"), "spo2");
    assert_string_equal(near("sp02"), "spo2");
    assert_string_equal(near("sop2"), "spo2"); /* two neighbours swapped are one edit */
    assert_string_equal(near("hrr"), "hr");
    assert_string_equal(near("ht"), "hr");
    assert_string_equal(near("maen"), "mean");
    assert_string_equal(near("poll_intervall"), "poll_interval");
}

static void test_case_does_not_count(void **state)
{
    (void)state;
    assert_string_equal(near("HR"), "hr");
    assert_string_equal(near("SpO2"), "spo2");
}

static void test_the_nearest_wins(void **state)
{
    (void)state;
    assert_string_equal(near("pol_intreval"), "poll_interval");
    assert_string_equal(near("publish_intervl"), "publish_interval");
}

static void test_far_words_are_not_suggested(void **state)
{
    (void)state;
    assert_null(near("temperature"));
    assert_null(near("s2po")); /* four letters: one edit at most */
    assert_null(near("x"));    /* would be all edit */
    assert_null(near(""));
}

static void test_limits(void **state)
{
    (void)state;
    char exact[SUGGEST_LENGTH_MAX + 1], longer[SUGGEST_LENGTH_MAX + 2];
    memset(exact, 'a', sizeof exact - 1);
    exact[sizeof exact - 1] = '\0';
    memset(longer, 'a', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    const char *const long_words[] = {longer, exact};
    assert_ptr_equal(suggest(exact, strlen(exact), long_words, 2), exact);
    assert_null(suggest(longer, strlen(longer), long_words, 2));
    assert_null(suggest("a", 1, NULL, 0));
}

static void test_the_word_needs_no_terminator(void **state)
{
    (void)state;
    assert_string_equal(suggest("pulsexyz", 5, words, 2), "pulse");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_edit_finds_the_word),
        cmocka_unit_test(test_case_does_not_count),
        cmocka_unit_test(test_the_nearest_wins),
        cmocka_unit_test(test_far_words_are_not_suggested),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_the_word_needs_no_terminator),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
