/*
 * The screens of `wardgate status --watch` out of one report (tests/data/watch/ward.rows), as they stand in tests/data/watch: a row of text a row of the screen.
 * WARDGATE_GOLDEN=1 writes them anew: look at them, then commit them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/cli/watch_view.h"
#include "app/flow/json.h"

#define FOLDER   "tests/data/watch/"
#define TEXT_MAX (SCREEN_ROWS_MAX * SCREEN_COLS_MAX * 4)

static struct watch_ward ward;
static struct watch_reader reader;
static struct watch_lists lists;
static struct watch_state state;
static struct watch_shown shown;
static struct screen screen;
static char drawn[TEXT_MAX], wanted[TEXT_MAX];

static size_t read_file(const char *name, char *out)
{
    char path[128];
    (void)snprintf(path, sizeof path, FOLDER "%s", name);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        fail_msg("%s is not there", path);
    }
    const size_t length = fread(out, 1, TEXT_MAX - 1, file);
    (void)fclose(file);
    out[length] = '\0';
    return length;
}

/* In pieces, as they come from a socket. */
static int setup(void **test)
{
    (void)test;
    const size_t length = read_file("ward.rows", drawn);
    watch_reader_init(&reader, &ward);
    for (size_t at = 0; at < length; at += 97) {
        watch_reader_feed(&reader, drawn + at, length - at < 97 ? length - at : 97);
    }
    assert_true(ward.is_whole);
    state = (struct watch_state){.list = WATCH_BEDS};
    shown = (struct watch_shown){.ward = &ward,
                                 .state = &state,
                                 .has_ward = true,
                                 .why = "none runs with this configuration (/var/lib/wardgate/status.sock)",
                                 .clock = "14:13:52",
                                 .lost_at = "14:13:40"};
    screen.unicode = screen.coloured = true;
    return 0;
}

static int teardown(void **test)
{
    (void)test;
    screen_fini(&screen);
    return 0;
}

static int draw(int rows, int cols)
{
    assert_int_equal(screen_resize(&screen, rows, cols), STATUS_OK);
    watch_lists_make(&ward, &state, &lists);
    return watch_draw(&shown, &lists, &screen);
}

/* What stands on the screen, and nothing that could move a cursor. */
static void write_screen(void)
{
    size_t length = 0;
    for (int row = 0; row < screen.rows; row++) {
        size_t end = length;
        for (int col = 0; col < screen.cols; col++) {
            const struct cell *cell = &screen.cells[row * screen.cols + col];
            assert_true(cell->code == 0 || (cell->code >= 0x20 && !(cell->code >= 0x7F && cell->code < 0xA0)));
            assert_true(cell->style < STYLE_COUNT);
            length += cell->code != 0 ? json_utf8_write(cell->code, drawn + length) : 0;
            end = cell->code != ' ' ? length : end;
        }
        length = end;
        drawn[length++] = '\n';
    }
    drawn[length] = '\0';
}

static void expect_screen(const char *name)
{
    write_screen();
    if (getenv("WARDGATE_GOLDEN") != NULL) {
        char path[128];
        (void)snprintf(path, sizeof path, FOLDER "%s", name);
        FILE *file = fopen(path, "we");
        assert_non_null(file);
        assert_true(fputs(drawn, file) >= 0);
        assert_int_equal(fclose(file), 0);
    }
    (void)read_file(name, wanted);
    if (strcmp(drawn, wanted) != 0) {
        (void)fprintf(stderr, "---- drawn\n%s---- wanted (" FOLDER "%s)\n%s", drawn, name, wanted);
        fail_msg("%s is another screen", name);
    }
}

static bool is_drawn(const char *text)
{
    write_screen();
    return strstr(drawn, text) != NULL;
}

/* The style of the first place where the text stands; only ASCII before it in its row. */
static enum style style_of(const char *text)
{
    write_screen();
    const char *found = strstr(drawn, text);
    assert_non_null(found);
    int row = 0, col = 0;
    for (const char *c = drawn; c < found; c++) {
        col = *c == '\n' ? 0 : col + 1;
        row += *c == '\n' ? 1 : 0;
    }
    return (enum style)screen.cells[row * screen.cols + col].style;
}

static void test_beds_on_80_columns(void **test)
{
    (void)test;
    assert_int_equal(draw(24, 80), 0);
    expect_screen("beds-80x24.txt");
}

static void test_beds_on_a_small_screen(void **test)
{
    (void)test;
    (void)draw(12, 40);
    expect_screen("beds-40x12.txt");
}

static void test_all_lists_on_a_tall_screen(void **test)
{
    (void)test;
    (void)draw(40, 80);
    expect_screen("all-80x40.txt");
}

static void test_all_lists_on_a_large_screen(void **test)
{
    (void)test;
    (void)draw(60, 200);
    expect_screen("all-200x60.txt");
}

static void test_alarms_and_lines(void **test)
{
    (void)test;
    state.list = WATCH_ALARMS;
    (void)draw(24, 80);
    expect_screen("alarms-80x24.txt");
    state.list = WATCH_LINES;
    (void)draw(24, 80);
    expect_screen("lines-80x24.txt");
}

static void test_a_bed_in_detail(void **test)
{
    (void)test;
    state.in_detail = true;
    (void)snprintf(state.bed, sizeof state.bed, "%s", "b10");
    (void)draw(40, 80);
    expect_screen("detail-80x40.txt");
    (void)draw(14, 40);
    expect_screen("detail-40x14.txt");
    (void)draw(40, 120);
    expect_screen("detail-120x40.txt");
}

static void test_a_bed_that_is_gone(void **test)
{
    (void)test;
    state.in_detail = true;
    (void)snprintf(state.bed, sizeof state.bed, "%s", "b99");
    (void)draw(24, 80);
    assert_true(is_drawn("b99 is no bed of this gateway any more"));
}

/* How far a page scrolls is told, and beyond that it is drawn as there. */
static void test_pages_scroll_to_their_end(void **test)
{
    (void)test;
    state.in_help = true;
    const int most = draw(14, 80);
    assert_true(most > 0);
    state.scroll = most;
    (void)draw(14, 80);
    assert_true(is_drawn("wardgate command BED acknowledge"));
    write_screen();
    memcpy(wanted, drawn, sizeof wanted);
    state.scroll = 100000;
    assert_int_equal(draw(14, 80), most);
    write_screen();
    assert_string_equal(drawn, wanted);
    assert_int_equal(draw(60, 100), 0);
}

static void test_help(void **test)
{
    (void)test;
    state.in_help = true;
    (void)draw(24, 80);
    expect_screen("help-80x24.txt");
}

static void test_ascii_where_the_locale_has_no_more(void **test)
{
    (void)test;
    screen.unicode = false;
    (void)draw(24, 80);
    write_screen();
    for (const char *c = drawn; *c != '\0'; c++) {
        assert_true(*c == '\n' || (*c >= ' ' && *c <= '~'));
    }
}

/* What comes from outside is text, whatever stands in it. */
static void test_hostile_texts_are_harmless(void **test)
{
    (void)test;
    state.list = WATCH_ALARMS;
    (void)draw(60, 200);
    assert_true(is_drawn("?[2Jbad??"));
    assert_true(is_drawn("monitor.?]0;owned?"));
    assert_true(is_drawn("?[31mred?1m ?esrever?next line?tab"));
}

static void test_a_lost_gateway_is_told_over_everything(void **test)
{
    (void)test;
    shown.is_lost = true;
    shown.since_ms = 12000;
    (void)draw(24, 80);
    expect_screen("lost-80x24.txt");
    assert_int_equal(style_of("GATEWAY LOST"), STYLE_HIGH);
    (void)draw(5, 30);
    assert_true(is_drawn("GATEWAY LOST"));
}

/* What there is no room for in whole is not told in part. */
static void test_boards_and_staff(void **test)
{
    (void)test;
    (void)draw(24, 120);
    assert_true(is_drawn("boards 1/2 (!), 2 nurses, 3.5 each (!), no bed free 7.3 %"));
    assert_int_equal(style_of("boards 1/2"), STYLE_BAD);
    (void)draw(24, 80);
    assert_false(is_drawn("boards"));
    ward.has_staff = ward.has_capacity = false;
    ward.boards_looking = 2;
    (void)draw(24, 80);
    assert_int_equal(style_of("boards 2/2"), STYLE_PLAIN);
}

/* Nobody reads a value of half a minute ago for one of now. */
static void test_values_expire(void **test)
{
    (void)test;
    shown.since_ms = 29000;
    (void)draw(24, 80);
    assert_true(is_drawn("131"));
    shown.since_ms = 31000;
    (void)draw(24, 80);
    assert_false(is_drawn("131"));
    assert_false(is_drawn("88/51"));
    assert_true(is_drawn("old"));
    assert_true(is_drawn("spo2_desat")); /* what is still answered for */
    shown.is_lost = true;
    (void)draw(24, 80);
    assert_false(is_drawn("spo2_desat"));
    assert_true(is_drawn("b2            GATEWAY LOST"));
}

static void test_before_anything_has_come(void **test)
{
    (void)test;
    watch_ward_init(&ward);
    shown.has_ward = false;
    shown.is_lost = true;
    (void)draw(24, 80);
    assert_true(is_drawn("GATEWAY LOST: none runs"));
    assert_true(is_drawn("Waiting for the gateway"));
    assert_true(is_drawn("Secondary notification"));
}

static void test_a_pause_and_a_filter_are_told(void **test)
{
    (void)test;
    state.is_paused = true;
    (void)snprintf(state.filter, sizeof state.filter, "%s", "SPO2");
    (void)draw(24, 80);
    assert_true(is_drawn("PAUSED since 14:13:40: alarms may have changed"));
    assert_true(is_drawn("Only what has 'SPO2' in it is shown"));
    assert_int_equal(lists.counts[WATCH_BEDS], 2);
    assert_int_equal(lists.counts[WATCH_ALARMS], 2);
    state.is_typing = true;
    (void)draw(24, 80);
    assert_true(is_drawn("filter: SPO2_"));
    (void)snprintf(state.filter, sizeof state.filter, "%s", "zz");
    (void)draw(24, 80);
    assert_true(is_drawn("no bed like that"));
}

static void expect_order(const char *order)
{
    char found[256] = "";
    watch_lists_make(&ward, &state, &lists);
    for (int i = 0; i < lists.counts[WATCH_BEDS]; i++) {
        const char *id = ward.beds[lists.beds[i]].id;
        const size_t length = strlen(found);
        (void)snprintf(found + length, sizeof found - length, "%s ", id[0] == 'b' ? id : "?");
    }
    assert_string_equal(found, order);
}

/* By severity: priority, then whether somebody has seen to it, then those that nobody watches. By name 2 comes before 10. */
static void test_order_of_beds(void **test)
{
    (void)test;
    expect_order("b2 b10 ? b5 b1 b4 b3 ");
    state.is_by_name = true;
    expect_order("? b1 b2 b3 b4 b5 b10 ");
    state.is_by_name = false;
    (void)snprintf(ward.alarms[ward.beds[2].alarm_first].inactivation,
                   sizeof ward.alarms[ward.beds[2].alarm_first].inactivation, "%s", "acknowledged");
    expect_order("b2 ? b10 b5 b1 b4 b3 ");
}

static void test_alarms_are_in_order_of_urgency(void **test)
{
    (void)test;
    static const char *const order[] = {"spo2_desat", "monitor.", "resp_high", "monitor_silent", "hr_high", "spo2_low"};
    watch_lists_make(&ward, &state, &lists);
    assert_int_equal(lists.counts[WATCH_ALARMS], 6);
    for (int i = 0; i < 6; i++) {
        assert_memory_equal(ward.alarms[lists.alarms[i]].name, order[i], strlen(order[i]));
    }
}

/* A mark as well as a colour. */
static void test_priorities_have_marks(void **test)
{
    (void)test;
    (void)draw(24, 80);
    assert_int_equal(style_of("!!! spo2_desat"), STYLE_HIGH);
    assert_int_equal(style_of("!!  monitor_silent"), STYLE_MEDIUM);
    assert_int_equal(style_of("!   spo2_low"), STYLE_LOW);
}

static void test_the_cursor_goes_with_its_bed(void **test)
{
    (void)test;
    (void)snprintf(state.chosen, sizeof state.chosen, "%s", "b4");
    watch_lists_make(&ward, &state, &lists);
    assert_int_equal(watch_cursor(&ward, &state, &lists, WATCH_BEDS), 5);
    state.is_by_name = true;
    watch_lists_make(&ward, &state, &lists);
    assert_int_equal(watch_cursor(&ward, &state, &lists, WATCH_BEDS), 4);
    (void)snprintf(state.chosen, sizeof state.chosen, "%s", "gone");
    state.cursor[WATCH_BEDS] = 99;
    assert_int_equal(watch_cursor(&ward, &state, &lists, WATCH_BEDS), 6);
    state.cursor[WATCH_BEDS] = -1;
    assert_int_equal(watch_cursor(&ward, &state, &lists, WATCH_BEDS), 0);
}

/* More beds than rows: the chosen one is always seen. */
static void test_long_lists_scroll(void **test)
{
    (void)test;
    for (int cursor = 0; cursor < 7; cursor++) {
        char id[WATCH_ID_MAX + 2];
        state.cursor[WATCH_BEDS] = cursor;
        (void)draw(9, 80);
        const char *name = ward.beds[lists.beds[cursor]].id;
        (void)snprintf(id, sizeof id, ">%s", name[0] == 'b' ? name : "?");
        assert_true(is_drawn(id));
        assert_true(is_drawn("above"));
    }
}

/* Any size draws something, within its bounds (write_screen looks at each cell). */
static void test_any_size(void **test)
{
    (void)test;
    for (int rows = 1; rows < 50; rows += 3) {
        for (int cols = 1; cols < 210; cols += 7) {
            for (int list = 0; list < WATCH_LISTS; list++) {
                state.list = (enum watch_list)list;
                (void)draw(rows, cols);
                write_screen();
            }
            state.in_detail = true;
            (void)snprintf(state.bed, sizeof state.bed, "%s", "b10");
            (void)draw(rows, cols);
            write_screen();
            state.in_detail = false;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_beds_on_80_columns, setup),
        cmocka_unit_test_setup(test_beds_on_a_small_screen, setup),
        cmocka_unit_test_setup(test_all_lists_on_a_tall_screen, setup),
        cmocka_unit_test_setup(test_all_lists_on_a_large_screen, setup),
        cmocka_unit_test_setup(test_alarms_and_lines, setup),
        cmocka_unit_test_setup(test_a_bed_in_detail, setup),
        cmocka_unit_test_setup(test_a_bed_that_is_gone, setup),
        cmocka_unit_test_setup(test_pages_scroll_to_their_end, setup),
        cmocka_unit_test_setup(test_help, setup),
        cmocka_unit_test_setup(test_ascii_where_the_locale_has_no_more, setup),
        cmocka_unit_test_setup(test_hostile_texts_are_harmless, setup),
        cmocka_unit_test_setup(test_a_lost_gateway_is_told_over_everything, setup),
        cmocka_unit_test_setup(test_boards_and_staff, setup),
        cmocka_unit_test_setup(test_values_expire, setup),
        cmocka_unit_test_setup(test_before_anything_has_come, setup),
        cmocka_unit_test_setup(test_a_pause_and_a_filter_are_told, setup),
        cmocka_unit_test_setup(test_order_of_beds, setup),
        cmocka_unit_test_setup(test_alarms_are_in_order_of_urgency, setup),
        cmocka_unit_test_setup(test_priorities_have_marks, setup),
        cmocka_unit_test_setup(test_the_cursor_goes_with_its_bed, setup),
        cmocka_unit_test_setup(test_long_lists_scroll, setup),
        cmocka_unit_test_setup(test_any_size, setup),
    };
    return cmocka_run_group_tests(tests, NULL, teardown);
}
