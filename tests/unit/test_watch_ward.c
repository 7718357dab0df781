/* Rows out of an answer, good and bad, and what keys do with what is known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/cli/watch_keys.h"
#include "app/cli/watch_text.h"

static struct watch_ward ward;
static struct watch_reader reader;
static struct watch_lists lists;
static struct watch_state state;

static void feed(const char *text)
{
    watch_reader_feed(&reader, text, strlen(text));
}

static int setup(void **test)
{
    (void)test;
    watch_reader_init(&reader, &ward);
    state = (struct watch_state){.list = WATCH_BEDS};
    return 0;
}

static void test_what_is_no_row_is_passed_over(void **test)
{
    (void)test;
    static const char *const rows[] = {"wardgate 1.2.3  gateway gw-7e",
                                       "",
                                       "{",
                                       "[]",
                                       "{\"row\":7}",
                                       "{\"row\":\"moon\"}",
                                       "{\"bed\":\"b1\"}",
                                       "{\"row\":\"vital\",\"vital\":\"hr\",\"value\":1}",
                                       "{\"row\":\"alarm\",\"alarm\":\"x\"}",
                                       "{\"row\":\"monitor\",\"bed\":\"b1\"}",
                                       "{\"row\":\"bed\",\"bed\":{\"b\":1}}"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        feed(rows[i]);
        feed("\n");
    }
    assert_int_equal(ward.bed_count + ward.vital_count + ward.alarm_count + ward.monitor_count, 0);
    assert_false(ward.is_whole);
    feed("{\"row\":\"end\"}\n");
    assert_true(ward.is_whole);
}

static void test_an_answer_that_breaks_off_is_not_whole(void **test)
{
    (void)test;
    feed("{\"row\":\"bed\",\"bed\":\"b1\"}\n{\"row\":\"end\"}");
    assert_int_equal(ward.bed_count, 1);
    assert_false(ward.is_whole);
}

/* A line longer than any row, then one that is sound. */
static void test_long_lines_are_passed_over(void **test)
{
    (void)test;
    static char line[2 * REPORT_ROW_MAX];
    memset(line, ' ', sizeof line - 1);
    memcpy(line, "{\"row\":\"bed\",\"bed\":\"b1\"", 23);
    line[sizeof line - 2] = '}';
    feed(line);
    feed("\n{\"row\":\"bed\",\"bed\":\"b2\"}\n");
    assert_int_equal(ward.bed_count, 1);
    assert_string_equal(ward.beds[0].id, "b2");
}

static void test_what_there_is_no_room_for_is_counted(void **test)
{
    (void)test;
    for (int i = 0; i < SETTINGS_BEDS_MAX + 3; i++) {
        feed("{\"row\":\"bed\",\"bed\":\"b\"}\n");
    }
    assert_int_equal(ward.bed_count, SETTINGS_BEDS_MAX);
    assert_int_equal(ward.left_out, 3);
    for (int i = 0; i < WATCH_VITALS_MAX + 1; i++) {
        feed("{\"row\":\"vital\",\"vital\":\"hr\",\"value\":1}\n");
    }
    assert_int_equal(ward.vital_count, WATCH_VITALS_MAX);
    assert_int_equal(ward.left_out, 4);
}

static void test_values(void **test)
{
    (void)test;
    feed("{\"row\":\"bed\",\"bed\":\"b1\",\"state\":\"away\",\"priority\":\"high\",\"alarms\":300,\"away_left\":1.5}\n"
         "{\"row\":\"vital\",\"vital\":\"temp\",\"value\":-36.85,\"age\":0.25}\n"
         "{\"row\":\"vital\",\"vital\":\"nibp_sys\",\"value\":121,\"episodic\":true}\n"
         "{\"row\":\"vital\",\"vital\":\"hr\",\"value\":99999999999999,\"source\":\"pulse\"}\n"
         "{\"row\":\"vital\",\"vital\":\"pulse\",\"invalid\":\"stale\",\"value\":3}\n");
    assert_int_equal(ward.beds[0].state, WARD_away);
    assert_int_equal(ward.beds[0].priority, PRIORITY_HIGH);
    assert_int_equal(ward.beds[0].alarm_count, 300);
    assert_int_equal(ward.beds[0].away_left_ms, 1500);
    const struct watch_vital *v = watch_find_vital(&ward, &ward.beds[0], VITAL_temp);
    assert_non_null(v);
    assert_int_equal(v->value_milli, -36850);
    assert_int_equal(v->age_ms, 250);
    assert_true(v->is_valid);
    v = watch_find_vital(&ward, &ward.beds[0], VITAL_nibp_sys);
    assert_true(v->is_episodic);
    assert_int_equal(v->age_ms, WATCH_AGE_UNKNOWN);
    v = watch_find_vital(&ward, &ward.beds[0], VITAL_hr);
    assert_int_equal(v->value_milli, INT32_MAX);
    assert_int_equal(v->source, VITAL_pulse);
    v = watch_find_vital(&ward, &ward.beds[0], VITAL_pulse);
    assert_false(v->is_valid); /* said to be invalid: no number is believed */
    assert_null(watch_find_vital(&ward, &ward.beds[0], VITAL_icp));
}

/* A word that this program does not know is never taken for something better. */
static void test_unknown_words(void **test)
{
    (void)test;
    feed("{\"row\":\"bed\",\"bed\":\"b1\",\"state\":\"floating\",\"priority\":\"enormous\"}\n"
         "{\"row\":\"vital\",\"vital\":\"hr\",\"invalid\":\"haunted\"}\n");
    assert_int_equal(ward.beds[0].state, WARD_not_monitored);
    assert_int_equal(ward.beds[0].priority, PRIORITY_NONE);
    assert_string_equal(watch_invalid_text(ward.vitals[0].invalid), "?");
}

static void test_texts_are_cut_at_whole_characters(void **test)
{
    (void)test;
    feed("{\"row\":\"bed\",\"bed\":\"");
    for (int i = 0; i < 30; i++) {
        feed("\xC3\xBC");
    }
    feed("\",\"class\":\"\\ud83d\\ude00 \\u0000\\ud83d \\t\\\"\"}\n");
    assert_int_equal(strlen(ward.beds[0].id), 38); /* of 39 bytes */
    assert_string_equal(ward.beds[0].class, "\xF0\x9F\x98\x80 \xEF\xBF\xBD\xEF\xBF\xBD \t\"");
}

static void test_short_texts(void **test)
{
    (void)test;
    char text[WATCH_SHORT_MAX];
    static const struct {
        int64_t ms;
        const char *text;
    } ages[] = {{-1, ""},         {0, "0s"},       {99999, "99s"},     {100000, "1m"},
                {5999000, "99m"}, {6000000, "1h"}, {359999000, "99h"}, {360000000, "4d"}};
    for (size_t i = 0; i < sizeof ages / sizeof ages[0]; i++) {
        watch_age_text(ages[i].ms, text);
        assert_string_equal(text, ages[i].text);
    }
    static const struct {
        int32_t milli;
        int places;
        const char *text;
    } values[] = {{72499, 0, "72"},   {72500, 0, "73"}, {-400, 0, "0"},    {-500, 0, "-1"},   {36849, 1, "36.8"},
                  {36850, 1, "36.9"}, {-50, 1, "-0.1"}, {4880, 2, "4.88"}, {4880, 3, "4.880"}};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        watch_milli_text(values[i].milli, values[i].places, text);
        assert_string_equal(text, values[i].text);
    }
    watch_span_text(86400 + 3661, text);
    assert_string_equal(text, "1d 01:01");
    watch_span_text(3661, text);
    assert_string_equal(text, "01:01:01");
    assert_string_equal(watch_unit_text(VITAL_nibp_sys, true), "mmHg");
    assert_string_equal(watch_unit_text(VITAL_temp, false), "C");
    assert_string_equal(watch_unit_text(VITAL_spo2, true), "%");
}

/* ---- keys ---- */

static enum watch_act press(int key)
{
    watch_lists_make(&ward, &state, &lists);
    return watch_press(&state, key, &ward, &lists, 2);
}

static void make_beds(void)
{
    for (int i = 1; i <= 6; i++) {
        char row[96];
        (void)snprintf(row, sizeof row, "{\"row\":\"bed\",\"bed\":\"b%d\",\"priority\":\"%s\"}\n", i,
                       i == 6 ? "high" : "none");
        feed(row);
    }
    feed("{\"row\":\"alarm\",\"alarm\":\"x\",\"priority\":\"high\"}\n");
}

static void test_going_through_a_list(void **test)
{
    (void)test;
    make_beds(); /* b6 has the alarm: it is the first */
    assert_int_equal(press(KEY_DOWN), WATCH_DRAW);
    assert_string_equal(state.chosen, "b1");
    (void)press(KEY_PAGE_DOWN);
    assert_string_equal(state.chosen, "b3");
    (void)press(KEY_END);
    assert_string_equal(state.chosen, "b5");
    (void)press(KEY_DOWN);
    assert_string_equal(state.chosen, "b5");
    (void)press(KEY_PAGE_UP);
    assert_string_equal(state.chosen, "b3");
    (void)press(KEY_HOME);
    assert_string_equal(state.chosen, ""); /* the most severe, whichever that will be */
    (void)press(KEY_UP);
    assert_int_equal(state.cursor[WATCH_BEDS], 0);
}

static void test_a_bed_and_back(void **test)
{
    (void)test;
    make_beds();
    assert_int_equal(press(KEY_ENTER), WATCH_ASK); /* for its limits */
    assert_true(state.in_detail);
    assert_string_equal(state.bed, "b6");
    (void)press(KEY_DOWN);
    assert_int_equal(state.scroll, 1);
    (void)press(KEY_UP);
    (void)press(KEY_UP);
    assert_int_equal(state.scroll, 0);
    (void)press('?');
    assert_true(state.in_help);
    (void)press(KEY_ESCAPE);
    assert_true(!state.in_help && state.in_detail);
    (void)press(KEY_ESCAPE);
    assert_false(state.in_detail);
    (void)press('a');
    assert_int_equal(press(KEY_ENTER), WATCH_ASK);
    assert_string_equal(state.bed, "b6");
    (void)press(KEY_TAB);
    assert_true(!state.in_detail && state.list == WATCH_LINES);
    assert_int_equal(press(KEY_ENTER), WATCH_DRAW); /* there are none */
    assert_false(state.in_detail);
}

static void test_lists_go_round(void **test)
{
    (void)test;
    (void)press(KEY_BACK_TAB);
    assert_int_equal(state.list, WATCH_LINES);
    (void)press(KEY_TAB);
    assert_int_equal(state.list, WATCH_BEDS);
    (void)press('l');
    (void)press('b');
    assert_int_equal(state.list, WATCH_BEDS);
}

static void test_a_filter(void **test)
{
    (void)test;
    make_beds();
    (void)press('/');
    assert_int_equal(press('q'), WATCH_DRAW); /* a letter, while it is typed */
    (void)press(KEY_ERASE);
    (void)press(KEY_ERASE);
    (void)press('B');
    (void)press('2');
    (void)press('\a');
    (void)press(KEY_UP);
    (void)press(KEY_ENTER);
    assert_string_equal(state.filter, "B2");
    watch_lists_make(&ward, &state, &lists);
    assert_int_equal(lists.counts[WATCH_BEDS], 1);
    (void)press(KEY_ENTER);
    assert_string_equal(state.bed, "b2");
    (void)press(KEY_ESCAPE);
    (void)press(KEY_ESCAPE);
    assert_string_equal(state.filter, "");
    (void)press('/');
    for (int i = 0; i < 100; i++) {
        (void)press('x');
    }
    assert_int_equal(strlen(state.filter), WATCH_FILTER_MAX - 1);
    (void)press(KEY_ESCAPE);
    assert_true(!state.is_typing && state.filter[0] == '\0');
}

static void test_other_keys(void **test)
{
    (void)test;
    assert_int_equal(press('p'), WATCH_ASK);
    assert_true(state.is_paused);
    assert_int_equal(press('p'), WATCH_ASK);
    assert_false(state.is_paused);
    (void)press('s');
    assert_true(state.is_by_name);
    assert_int_equal(press('\033'), WATCH_DRAW);
    assert_int_equal(press('\001'), WATCH_DRAW);
    assert_int_equal(press(KEY_ENTER), WATCH_DRAW); /* no beds at all */
    assert_int_equal(press('q'), WATCH_QUIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_what_is_no_row_is_passed_over, setup),
        cmocka_unit_test_setup(test_an_answer_that_breaks_off_is_not_whole, setup),
        cmocka_unit_test_setup(test_long_lines_are_passed_over, setup),
        cmocka_unit_test_setup(test_what_there_is_no_room_for_is_counted, setup),
        cmocka_unit_test_setup(test_values, setup),
        cmocka_unit_test_setup(test_unknown_words, setup),
        cmocka_unit_test_setup(test_texts_are_cut_at_whole_characters, setup),
        cmocka_unit_test_setup(test_short_texts, setup),
        cmocka_unit_test_setup(test_going_through_a_list, setup),
        cmocka_unit_test_setup(test_a_bed_and_back, setup),
        cmocka_unit_test_setup(test_lists_go_round, setup),
        cmocka_unit_test_setup(test_a_filter, setup),
        cmocka_unit_test_setup(test_other_keys, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
