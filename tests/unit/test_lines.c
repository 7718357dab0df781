/* Which lines are down: those that stay closed, those on which nobody is heard any more, several by one reason in one look. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "app/flow/lines.h"

#define LINES     4
#define SECOND_US INT64_C(1000000)
#define BEGIN_US  (1000 * SECOND_US)

static struct line_kept kept[LINES];
static struct line_look looks[LINES];
static struct lines lines;
static int64_t now_us;

static int set_up(void **state)
{
    (void)state;
    lines = (struct lines){.kept = kept, .looks = looks, .count = LINES};
    now_us = BEGIN_US;
    for (unsigned i = 0; i < LINES; i++) {
        kept[i] = (struct line_kept){.open_us = BEGIN_US};
        looks[i] = (struct line_look){.open = true, .silence = {.quiet_ms = INT64_MAX, .shortest_ms = INT64_MAX}};
    }
    return 0;
}

/* So many monitors on it, polled each second, of which nobody has been heard for so long. */
static void quiet(unsigned line, uint16_t monitors, int64_t quiet_ms)
{
    looks[line].silence = (struct line_silence){.quiet_ms = quiet_ms,
                                                .shortest_ms = 10000,
                                                .missed = quiet_ms >= 5000 ? monitors : 0,
                                                .silent = quiet_ms >= 10000 ? monitors : 0};
}

/* "D" down, "?" closed or held, "." open, of each. */
static void expect(double seconds, const char *states)
{
    char seen[LINES + 1] = "";
    now_us = BEGIN_US + (int64_t)(seconds * 1e6);
    lines_judge(&lines, now_us);
    for (unsigned i = 0; i < LINES; i++) {
        seen[i] = kept[i].state == LINE_DOWN ? 'D' : kept[i].state == LINE_CLOSED ? '?' : '.';
        assert_int_equal(kept[i].down, kept[i].state == LINE_DOWN);
    }
    assert_string_equal(seen, states);
}

static void test_closed_for_ten_seconds(void **state)
{
    (void)state;
    expect(0, "....");
    looks[1].open = false;
    expect(0.5, ".?..");
    expect(9.5, ".?..");
    expect(10, ".D..");
    assert_int_equal(kept[1].fault, LINE_NOT_OPEN);
    assert_string_equal(line_fault_text(kept[1].fault), "");
    looks[1].open = true;
    expect(10.5, "....");
}

/* A wire that is cut: the adapter stays open. */
static void test_nobody_answers(void **state)
{
    (void)state;
    quiet(0, 3, 4500);
    expect(0.5, "....");
    quiet(0, 3, 5000);
    expect(1, "?...");
    quiet(0, 3, 9999);
    looks[0].silence.silent = 0;
    expect(5.5, "?...");
    looks[0].silence.silent = 1; /* the first of them is late enough: the others need not be */
    expect(6, "D...");
    assert_int_equal(kept[0].fault, LINE_UNANSWERED);
    assert_string_equal(line_fault_text(kept[0].fault), " (nobody answers)");
    quiet(0, 3, 500);
    expect(7, "....");
}

/* One monitor alone is no line's fault, however long. */
static void test_one_monitor_is_no_line(void **state)
{
    (void)state;
    quiet(0, 1, 60000);
    quiet(1, 1, 60000); /* another serial line */
    expect(60, "....");
    quiet(0, 2, 60000);
    looks[0].silence.quiet_ms = 400; /* two of several, and the others are heard */
    expect(61, "....");
}

/* It is closed, but for less than 10 s: a monitor that is silent says enough, once it has been closed for 5 s. */
static void test_closed_and_silent(void **state)
{
    (void)state;
    expect(0, "....");
    looks[2].open = false;
    quiet(2, 1, 10000);
    expect(4.5, "..?.");
    expect(5, "..D.");
    quiet(2, 1, 300);
    expect(6, "..?.");
    expect(10, "..D.");
}

/* A network is one cause: lines over it that fall quiet together, with one monitor each. */
static void test_a_network(void **state)
{
    (void)state;
    for (unsigned i = 0; i < LINES; i++) {
        looks[i].networked = i != 3;
        quiet(i, 1, 12000);
    }
    quiet(1, 1, 100000); /* off for a reason of its own */
    expect(20, "D.D.");
    quiet(2, 1, 500);
    expect(21, "....");
    quiet(1, 1, 22000); /* exactly together, and not */
    expect(22, "DD..");
    quiet(1, 1, 22001);
    expect(23, "....");
}

/* The first is held back while another may be next, and for no longer than 1.5 s. */
static void test_one_alert_for_several(void **state)
{
    (void)state;
    expect(0, "....");
    quiet(0, 3, 10000);
    quiet(1, 3, 9000);
    expect(1, "??..");
    quiet(1, 3, 10000);
    expect(2, "DD..");
    set_up(NULL);
    expect(0, "....");
    quiet(0, 3, 10000);
    looks[1].open = false;
    expect(1, "??..");
    expect(2, "??..");
    expect(2.5, "D?..");
    quiet(2, 3, 10000); /* a later one is held by itself */
    expect(3, "D??.");
    quiet(2, 3, 500);
    expect(3.5, "D?..");
    quiet(2, 3, 10000);
    expect(4, "D??.");
    expect(5.5, "D?D.");
    looks[1].open = true;
    expect(6, "D.D.");
}

/* All speak, but of nothing current: the clock is wrong. */
static void test_values_that_are_not_current(void **state)
{
    (void)state;
    quiet(0, 2, 10000);
    looks[0].silence.outdated = 2;
    quiet(1, 2, 10000);
    looks[1].silence.outdated = 1;
    expect(1, "DD..");
    assert_int_equal(kept[0].fault, LINE_OUTDATED);
    assert_string_equal(line_fault_text(kept[0].fault), " (values are not current)");
    assert_int_equal(kept[1].fault, LINE_UNANSWERED);
    looks[0].silence.outdated = 0; /* why it went stays */
    expect(2, "DD..");
    assert_int_equal(kept[0].fault, LINE_OUTDATED);
}

/* Under a new configuration: a line that was down stays so until its monitors have had time to speak. */
static void test_another_run(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        quiet(i, 2, 100);
        looks[i].silence.unheard = i != 1;
        kept[i].down = i != 2;
        kept[i].fault = LINE_OUTDATED;
    }
    expect(0, "D...");
    assert_int_equal(kept[0].fault, LINE_OUTDATED);
    quiet(0, 2, 9999);
    looks[0].silence.unheard = true;
    looks[0].silence.silent = 0;
    expect(9.9, "D...");
    quiet(0, 1, 10000);
    looks[0].silence.unheard = true;
    expect(10, "....");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_closed_for_ten_seconds, set_up),
        cmocka_unit_test_setup(test_nobody_answers, set_up),
        cmocka_unit_test_setup(test_one_monitor_is_no_line, set_up),
        cmocka_unit_test_setup(test_closed_and_silent, set_up),
        cmocka_unit_test_setup(test_a_network, set_up),
        cmocka_unit_test_setup(test_one_alert_for_several, set_up),
        cmocka_unit_test_setup(test_another_run, set_up),
        cmocka_unit_test_setup(test_values_that_are_not_current, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
