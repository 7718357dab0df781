/* Whether a gateway runs well, as its rows tell: what was there before an update, and what is no reason to go back from it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "app/update/health.h"

#define GATEWAY "{\"row\":\"gateway\",\"gateway\":\"gw-1\",\"version\":\"0.2.0+abc\",\"uptime_s\":75,\"stuck\":\"\"}\n"
#define STORE   "{\"row\":\"store\",\"error\":null,\"commits\":12}\n"
#define END     "{\"row\":\"end\"}\n"
#define LINE(name, state, requests)                                                    \
    "{\"row\":\"bus\",\"bus\":\"" name "\",\"kind\":\"modbus-rtu\",\"state\":\"" state \
    "\",\"fault\":\"not found\",\"requests\":" requests "}\n"
#define LINK(name, state, requests)                                                    \
    "{\"row\":\"bus\",\"bus\":\"" name "\",\"kind\":\"modbus-tcp\",\"state\":\"" state \
    "\",\"fault\":null,\"requests\":" requests "}\n"
#define TALKER(name, state)                                                                                            \
    "{\"row\":\"bus\",\"bus\":\"" name "\",\"kind\":\"serial\",\"state\":\"" state "\",\"fault\":null,\"requests\":0}" \
    "\n"

static struct health judge(const char *rows, const char *before)
{
    struct health health;
    health_judge(rows, before, &health);
    return health;
}

static void expect_good(const char *rows, const char *before)
{
    const struct health health = judge(rows, before);
    assert_string_equal(health.why, "");
    assert_true(health.good);
}

static void expect_why(const char *rows, const char *before, const char *why)
{
    const struct health health = judge(rows, before);
    assert_false(health.good);
    assert_string_equal(health.why, why);
}

static void test_a_good_one(void **state)
{
    (void)state;
    const struct health health = judge(GATEWAY STORE END, "");
    assert_true(health.good);
    assert_int_equal(health.uptime_s, 75);
    assert_string_equal(health.version, "0.2.0+abc");
}

static void test_engine_and_store(void **state)
{
    (void)state;
    expect_why("{\"row\":\"gateway\",\"version\":\"1\",\"uptime_s\":75,\"stuck\":\"engine, store\"}\n" STORE END, "",
               "a part of the gateway is stuck: engine, store");
    expect_why(GATEWAY "{\"row\":\"store\",\"error\":\"disk full\",\"commits\":12}\n" END, "",
               "the store takes nothing: disk full");
    expect_why(GATEWAY "{\"row\":\"store\",\"error\":null,\"commits\":0}\n" END, "",
               "the store has not taken anything yet");
}

static void test_an_answer_that_is_none(void **state)
{
    (void)state;
    static const char *const answers[] = {"",        "failed: no\n", GATEWAY,  GATEWAY STORE,
                                          STORE END, GATEWAY END,    "{\n{}\n"};
    for (unsigned i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        expect_why(answers[i], "", "the gateway does not tell how it is");
    }
}

/* ---- lines ---- */

static void test_a_line_that_worked(void **state)
{
    (void)state;
    expect_good(GATEWAY STORE LINE("a", "open", "7") END, "line a\n");
    expect_why(GATEWAY STORE LINE("a", "opening", "0") END, "line a\n", "it cannot open a: not found");
    expect_why(GATEWAY STORE LINE("a", "open", "0") END, "line a\n", "nothing is asked on a: not found");
    expect_why(GATEWAY STORE LINE("a", "open", "7") LINE("b", "opening", "0") END, "line a\nline b\n",
               "it cannot open b: not found");
}

static void test_a_line_that_did_not_work_before(void **state)
{
    (void)state;
    expect_good(GATEWAY STORE LINE("a", "opening", "0") LINE("b", "open", "3") END, "line b\n");
    expect_good(GATEWAY STORE LINE("a", "opening", "0") END, "");
    expect_good(GATEWAY STORE LINE("a", "opening", "0") END, "line ab\nline \n");
}

/* It was taken out of the configuration meanwhile. */
static void test_a_line_that_is_no_more(void **state)
{
    (void)state;
    expect_good(GATEWAY STORE LINE("a", "open", "3") END, "line a\nline gone\nlink gone-too\n");
}

static void test_names_that_begin_alike(void **state)
{
    (void)state;
    expect_good(GATEWAY STORE LINE("line-a", "open", "3") LINE("line", "opening", "0") END, "line line-a\n");
    expect_good(GATEWAY STORE LINE("a", "opening", "0") END, "line aa\nline b\n");
}

static void test_one_that_talks_unasked(void **state)
{
    (void)state;
    expect_good(GATEWAY STORE TALKER("t", "open") END, "line t\n");
    expect_why(GATEWAY STORE TALKER("t", "closed") END, "line t\n", "it cannot open t");
}

/* ---- links over the network ---- */

static void test_links(void **state)
{
    (void)state;
    expect_good(GATEWAY STORE LINK("l", "open", "3") LINK("m", "opening", "0") END, "link l\nlink m\n");
    expect_why(GATEWAY STORE LINK("l", "opening", "0") LINK("m", "opening", "0") END, "link l\nlink m\n",
               "none of the links over the network works that did, such as m");
    expect_good(GATEWAY STORE LINK("l", "opening", "0") END, "");
}

/* ---- what is noted ---- */

static void test_noted(void **state)
{
    (void)state;
    char text[HEALTH_BEFORE_MAX];
    const char *rows = GATEWAY STORE LINE("a", "open", "3") LINE("b", "open", "0") LINE("c", "opening", "9")
        TALKER("t", "open") LINK("modbus-tcp://10.0.0.1:502", "open", "1") LINK("m", "opening", "0") END;
    const size_t length = health_note_rows(rows, text, sizeof text);
    assert_string_equal(text, "line a\nline t\nlink modbus-tcp://10.0.0.1:502\n");
    assert_int_equal(length, strlen(text));
    expect_good(rows, text);
    assert_int_equal(health_note_rows("", text, sizeof text), 0);
    assert_string_equal(text, "");
}

static void test_more_than_there_is_room_for(void **state)
{
    (void)state;
    char text[16];
    const size_t length = health_note_rows(
        LINE("a", "open", "3") LINE("much-too-long", "open", "3") LINE("c", "open", "3"), text, sizeof text);
    assert_int_equal(length, strlen(text));
    assert_string_equal(text, "line a\n");
}

static void test_nobody_answers(void **state)
{
    (void)state;
    struct health health;
    char text[64];
    health_look("/nowhere/socket", "", &health);
    assert_false(health.good);
    assert_non_null(strstr(health.why, "no gateway answers (/nowhere/socket"));
    assert_int_equal(health_note("/nowhere/socket", text, sizeof text), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_good_one),
        cmocka_unit_test(test_engine_and_store),
        cmocka_unit_test(test_an_answer_that_is_none),
        cmocka_unit_test(test_a_line_that_worked),
        cmocka_unit_test(test_a_line_that_did_not_work_before),
        cmocka_unit_test(test_a_line_that_is_no_more),
        cmocka_unit_test(test_names_that_begin_alike),
        cmocka_unit_test(test_one_that_talks_unasked),
        cmocka_unit_test(test_links),
        cmocka_unit_test(test_noted),
        cmocka_unit_test(test_more_than_there_is_room_for),
        cmocka_unit_test(test_nobody_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
