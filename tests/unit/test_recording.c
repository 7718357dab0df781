/* Recorded vitals in CSV: what is read as it stands there, what is refused, and that the message says where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/cli/recording.h"
#include "app/engine/alert.h"
#include "tests/unit/support/capture.h"
#include "tests/unit/support/draw.h"

#define SAID_MAX 32768

static char file[64];
static char said[SAID_MAX];
static struct recording_options options;

/* The configuration of these tests has b1 and b2. */
static const char *const beds[] = {"b1", "b2"};

/* All that came out of the files read. */
static struct read_recording {
    struct observation *observations;
    size_t count, capacity;
    uint32_t vitals;
    uint64_t rows, late_rows;
    int64_t last_ms;
    bool has_rows;
} recording;

static int set_up(void **state)
{
    (void)state;
    (void)snprintf(file, sizeof file, "/tmp/wardgate-recording-XXXXXX");
    const int fd = mkstemp(file);
    assert_true(fd >= 0);
    (void)close(fd);
    options = (struct recording_options){.bed_ids = beds, .bed_count = 2};
    return 0;
}

static void forget(void)
{
    free(recording.observations);
    recording = (struct read_recording){.count = 0};
}

static int tear_down(void **state)
{
    (void)state;
    forget();
    (void)unlink(file);
    return 0;
}

static void keep(const struct observation *observations, size_t count)
{
    if (recording.count + count > recording.capacity) {
        recording.capacity = 2 * recording.capacity + count;
        recording.observations = reallocarray(recording.observations, recording.capacity, sizeof *observations);
        assert_non_null(recording.observations);
    }
    memcpy(recording.observations + recording.count, observations, count * sizeof *observations);
    recording.count += count;
}

static bool read_all(struct recording *r)
{
    struct recording_counts counts;
    const struct observation *observations = NULL;
    size_t count = 0;
    bool read;
    while ((read = recording_next(r, &observations, &count)) && count > 0) {
        keep(observations, count);
    }
    recording_count(r, &counts);
    recording.vitals = r->vitals;
    recording.rows = counts.rows;
    recording.late_rows = counts.late_rows;
    recording.last_ms = counts.last_ms;
    recording.has_rows = counts.has_rows;
    return read;
}

static bool read_files(const char *const *names, size_t count)
{
    struct recording opened;
    struct capture capture;
    capture_begin(&capture);
    forget();
    const bool read = recording_open(&opened, names, count, &options) && read_all(&opened);
    recording_close(&opened);
    capture_end(&capture, said, sizeof said);
    return read;
}

static bool read_file(const char *name)
{
    return read_files(&name, 1);
}

static void write_bytes(const char *name, const void *bytes, size_t size)
{
    FILE *stream = fopen(name, "we");
    assert_non_null(stream);
    assert_int_equal(fwrite(bytes, 1, size, stream), size);
    assert_int_equal(fclose(stream), 0);
}

static bool read_bytes(const void *bytes, size_t size)
{
    write_bytes(file, bytes, size);
    return read_file(file);
}

static bool read_text(const char *text)
{
    return read_bytes(text, strlen(text));
}

/* "seconds bed vital value", one observation a line; "heard" for a row; the quality where it is not valid. */
static const char *observations(void)
{
    static char text[4096];
    size_t length = 0;
    text[0] = '\0';
    for (size_t i = 0; i < recording.count; i++) {
        const struct observation *o = &recording.observations[i];
        length += (size_t)snprintf(text + length, sizeof text - length, "%g b%d ", (double)o->at_ms / 1000, o->bed + 1);
        if (o->kind == OBSERVATION_HEARD) {
            length += (size_t)snprintf(text + length, sizeof text - length, "heard\n");
        } else {
            const char *word = o->quality == QUALITY_VALID ? "" : quality_word((enum quality)o->quality);
            length += (size_t)snprintf(text + length, sizeof text - length, "%s %g%s%s\n",
                                       vital_info((enum vital)o->vital)->name, (double)o->value_milli / 1000,
                                       *word != '\0' ? " " : "", word);
        }
        assert_true(length < sizeof text);
    }
    return text;
}

/* It is refused, with one line that says what is wrong and where. */
static void refuse(const char *text, const char *what, unsigned line)
{
    char place[80];
    if (read_text(text)) {
        fail_msg("not refused: %s", text);
    }
    (void)snprintf(place, sizeof place, "(%s:%u)", file, line);
    if (strncmp(said, "wardgate: ", 10) != 0 || strstr(said, what) == NULL || strstr(said, place) == NULL) {
        fail_msg("'%s' at %s is not said: %s", what, place, said);
    }
    assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
}

/* ---- whole recordings ---- */

static void test_rows_become_observations(void **state)
{
    (void)state;
    assert_true(read_text("time,hr,spo2\n0,72,97.5\n1.25,,98\n2,73,\n"));
    assert_string_equal(observations(), "0 b1 heard\n0 b1 hr 72\n0 b1 spo2 97.5\n"
                                        "1.25 b1 heard\n1.25 b1 spo2 98\n"
                                        "2 b1 heard\n2 b1 hr 73\n");
    assert_int_equal(recording.rows, 3);
    assert_int_equal(recording.last_ms, 2000);
    assert_int_equal(recording.late_rows, 0);
    assert_int_equal(recording.vitals, 1U << VITAL_hr | 1U << VITAL_spo2);
    assert_string_equal(said, "");
}

static void test_a_row_without_values_tells_its_time(void **state)
{
    (void)state;
    assert_true(read_text("time,hr\n0,72\n60,\n"));
    assert_string_equal(observations(), "0 b1 heard\n0 b1 hr 72\n60 b1 heard\n");
    assert_int_equal(recording.last_ms, 60000);
}

static void test_spreadsheets(void **state)
{
    (void)state; /* a byte order mark, CRLF, quotes, blanks, blank lines, no newline at the end */
    assert_true(read_text("\xEF\xBB\xBF\"time\", \"hr\" ,spo2\r\n\"0\", \"72\" ,\t97\r\n\r\n  \n1,,\"98\"\r\n2,74,"));
    assert_string_equal(observations(), "0 b1 heard\n0 b1 hr 72\n0 b1 spo2 97\n1 b1 heard\n1 b1 spo2 98\n"
                                        "2 b1 heard\n2 b1 hr 74\n");
    assert_int_equal(recording.rows, 3);
}

static void test_a_comma_in_quotes_shifts_no_column(void **state)
{
    (void)state;
    assert_true(
        read_text("time,\"remark, by hand\",hr\n0,\"asleep, calm\",72\n1,\"says \"\"a, b\"\"\",73\n2,5\" tube,74\n"));
    assert_string_equal(observations(), "0 b1 heard\n0 b1 hr 72\n1 b1 heard\n1 b1 hr 73\n2 b1 heard\n2 b1 hr 74\n");
    refuse("time,hr,spo2\n0,\"72,5\",97\n", "'72,5' is no number", 2);
    refuse("time,hr,spo2\n0,\"72,97\n", "fewer cells", 2);
}

static void test_nan_is_no_observation(void **state)
{
    (void)state;
    assert_true(read_text("time,hr,spo2\n0,NaN,nan\n1,NAN,97\n"));
    assert_string_equal(observations(), "0 b1 heard\n1 b1 heard\n1 b1 spo2 97\n");
}

static void test_header_alone(void **state)
{
    (void)state;
    assert_true(read_text("time,hr"));
    assert_int_equal(recording.count, 0);
    assert_false(recording.has_rows);
}

/* ---- columns ---- */

static void test_foreign_headers(void **state)
{
    (void)state;
    options.map = "HR=hr,t_s=time,SpO2=spo2,Loc=bed";
    assert_true(read_text("t_s,HR,SpO2,Loc\n5,72,97,b2\n"));
    assert_string_equal(observations(), "5 b2 heard\n5 b2 hr 72\n5 b2 spo2 97\n");
}

static void test_a_column_nobody_knows_is_named(void **state)
{
    (void)state;
    options.map = "HR=hr";
    assert_true(read_text("time,HR,spo,RESP\n0,72,97,16\n"));
    assert_string_equal(observations(), "0 b1 heard\n0 b1 hr 72\n");
    assert_non_null(strstr(said, "column 'spo' is no vital (did you mean 'spo2'?)"));
    assert_non_null(strstr(said, "column 'RESP' is no vital"));
    assert_null(strstr(said, "'HR'"));
}

static void test_columns_that_cannot_be(void **state)
{
    (void)state;
    refuse("hr,spo2\n72,97\n", "no column is called 'time'", 1);
    refuse("time,time\n0,0\n", "two columns give 'time'", 1);
    refuse("time,hr,hr\n0,72,73\n", "two columns give 'hr'", 1);
    refuse("time,bed,bed\n0,b1,b2\n", "two columns give 'bed'", 1);
    options.map = "HR=hr,pulse=hr";
    refuse("time,HR,pulse\n0,72,73\n", "two columns give 'hr'", 1);
}

static char *header_of(unsigned columns)
{
    static char text[1024 + RECORDING_COLUMNS_MAX * 8];
    size_t length = (size_t)snprintf(text, sizeof text, "time,hr");
    for (unsigned i = 2; i < columns; i++) {
        length += (size_t)snprintf(text + length, sizeof text - length, ",x%u", i);
    }
    text[length++] = '\n';
    text[length] = '\0';
    return text;
}

static void test_as_many_columns_as_there_is_room_for(void **state)
{
    (void)state;
    assert_true(read_text(header_of(RECORDING_COLUMNS_MAX)));
    assert_false(read_text(header_of(RECORDING_COLUMNS_MAX + 1)));
    assert_non_null(strstr(said, "more than 128 columns")); /* after the names of those left out */
}

static void test_no_value_numbers(void **state)
{
    (void)state;
    options.absent = "0";
    assert_true(read_text("time,hr,spo2\n0,0,97\n1,-0.0,0.0004\n2,0.0005,0\n"));
    assert_string_equal(observations(), "0 b1 heard\n0 b1 hr 0 absent\n0 b1 spo2 97\n"
                                        "1 b1 heard\n1 b1 hr 0 absent\n1 b1 spo2 0 absent\n"
                                        "2 b1 heard\n2 b1 hr 0.001\n2 b1 spo2 0 absent\n");
    options.absent = "spo2=-1,pulse=0";
    assert_true(read_text("time,hr,pulse,spo2\n0,0,0,-1\n1,-1,-1,0\n"));
    assert_string_equal(observations(), "0 b1 heard\n0 b1 hr 0\n0 b1 pulse 0 absent\n0 b1 spo2 -1 absent\n"
                                        "1 b1 heard\n1 b1 hr -1\n1 b1 pulse -1\n1 b1 spo2 0\n");
}

/* ---- beds ---- */

static void test_beds(void **state)
{
    (void)state;
    assert_true(read_text("bed,time,hr\nb2,0,60\nb1,0,70\n"));
    assert_string_equal(observations(), "0 b1 heard\n0 b1 hr 70\n0 b2 heard\n0 b2 hr 60\n");
    options.bed = 1;
    assert_true(read_text("time,hr\n0,60\n"));
    assert_string_equal(observations(), "0 b2 heard\n0 b2 hr 60\n");
    refuse("time,bed,hr\n0,b1,70\n1,b3,70\n", "bed 'b3' is not in the configuration", 3);
    refuse("time,bed,hr\n0,,70\n", "bed '' is not in the configuration", 2);
}

/* ---- times ---- */

static void test_late_rows(void **state)
{
    (void)state;
    assert_true(read_text("time,hr\n100,1\n90,2\n89.999,3\n99,4\n101,5\n91,6\n90.9,7\n"));
    assert_string_equal(observations(), "90 b1 heard\n90 b1 hr 2\n91 b1 heard\n91 b1 hr 6\n99 b1 heard\n99 b1 hr 4\n"
                                        "100 b1 heard\n100 b1 hr 1\n101 b1 heard\n101 b1 hr 5\n");
    assert_int_equal(recording.late_rows, 2);
    assert_int_equal(recording.rows, 5);
    assert_int_equal(recording.last_ms, 101000);
}

static void test_two_files_are_one_recording(void **state)
{
    (void)state;
    char second[sizeof file + 2];
    const char *const names[] = {file, second};
    static const char heart[] = "time,hr\n50,70\n51,71\n";
    static const char oxygen[] = "time,spo2\n0,97\n51,98\n"; /* lateness counts within a file */
    (void)snprintf(second, sizeof second, "%s.2", file);
    write_bytes(file, heart, sizeof heart - 1);
    write_bytes(second, oxygen, sizeof oxygen - 1);
    assert_true(read_files(names, 2));
    (void)unlink(second);
    assert_string_equal(observations(), "0 b1 heard\n0 b1 spo2 97\n50 b1 heard\n50 b1 hr 70\n"
                                        "51 b1 heard\n51 b1 heard\n51 b1 hr 71\n51 b1 spo2 98\n");
    assert_int_equal(recording.late_rows, 0);
    assert_int_equal(recording.last_ms, 51000);
}

static void test_the_last_of_one_instant_stays_last(void **state)
{
    (void)state;
    assert_true(read_text("time,spo2,hr\n1,90,70\n0,,\n1,91,71\n1,92,72\n"));
    assert_string_equal(observations(),
                        "0 b1 heard\n1 b1 heard\n1 b1 heard\n1 b1 heard\n"
                        "1 b1 hr 70\n1 b1 hr 71\n1 b1 hr 72\n1 b1 spo2 90\n1 b1 spo2 91\n1 b1 spo2 92\n");
}

static void test_one_kind_of_time_in_a_file(void **state)
{
    (void)state;
    assert_true(read_text("time,hr\n2026-01-31T23:59:59.5Z,70\n2026-02-01T01:00:00+01:00,71\n"));
    assert_int_equal(recording.observations[1].at_ms, 1769903999500);
    assert_int_equal(recording.observations[3].at_ms, 1769904000000);
    refuse("time,hr\n0,70\n2026-01-31T23:59:59Z,71\n", "no time of the same kind", 3);
    refuse("time,hr\n2026-01-31T23:59:59Z,71\n0,70\n", "no time of the same kind", 3);
}

/* ---- faults ---- */

static void test_bad_cells(void **state)
{
    (void)state;
    static const char *const bad[] = {"abc", "7 2",  "1e3",  "0x10",    "--5",      "1.2.3",
                                      "inf", "-nan", "null", "2147484", "-2147484", "99999999999999999999",
                                      "+",   "-",    ".",    "72bpm"};
    char text[128];
    char what[64];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        (void)snprintf(text, sizeof text, "time,hr\n0,70\n1,%s\n2,71\n", bad[i]);
        (void)snprintf(what, sizeof what, "'%s' is no number", bad[i]);
        refuse(text, what, 3);
    }
    refuse("time,hr\n0,70\n\n,71\n", "'' is no time", 4);
    refuse("time,hr\nnoon,71\n", "'noon' is no time", 2);
}

static void test_rows_of_another_length(void **state)
{
    (void)state;
    refuse("time,hr,spo2\n0,72\n", "fewer cells than the header", 2);
    refuse("hr,time\n72\n", "fewer cells than the header", 2);
    refuse("time,hr,bed\n0,72\n", "fewer cells than the header", 2); /* never another patient's */
    refuse("time,hr\n0,72,97\n", "more cells than the header", 2);
    refuse("time,hr\n0,72,\n", "more cells than the header", 2);
}

static void test_files_that_are_none(void **state)
{
    (void)state;
    assert_false(read_text(""));
    assert_non_null(strstr(said, "the recording is empty"));
    assert_false(read_file("/tmp"));
    assert_non_null(strstr(said, "cannot read the recording (/tmp: Is a directory)"));
    assert_false(read_file("/tmp/not/there.csv"));
    assert_non_null(strstr(said, "cannot open the recording (/tmp/not/there.csv: No such file"));
}

static void test_huge_lines(void **state)
{
    (void)state;
    static char text[2 * RECORDING_LINE_MAX];
    const size_t row = (size_t)snprintf(text, sizeof text, "time,hr\n");
    memset(text + row, '0', sizeof text - row);
    text[row + 1] = ',';
    memcpy(text + row + RECORDING_LINE_MAX - 4, "72\n", 4);
    assert_true(read_text(text));
    assert_string_equal(observations(), "0 b1 heard\n0 b1 hr 72\n");
    memcpy(text + row + RECORDING_LINE_MAX - 4, "072\n", 5);
    refuse(text, "longer than 65535 bytes", 2);
    memset(text, 'a', RECORDING_LINE_MAX);
    refuse(text, "longer than 65535 bytes", 1);
    assert_false(read_bytes("time,hr\n0,72\n1,7\0003\n", 20));
    assert_non_null(strstr(said, ":3)"));
}

static void test_garbage(void **state)
{
    (void)state;
    static const char usual[] = "time,bed,hr,spo2\n0,b1,72,97.5\n1.5,b2,,\"98\"\n2,b1,nan,0\n";
    static const char likely[] = "0123456789.,,\n\n\"\r\t -+:TZtimehrspo2bed\0\xEF\xBB\xBF\xFF";
    unsigned char bytes[512];
    draw_seed(20260131);
    for (unsigned run = 0; run < 3000; run++) {
        size_t size = sizeof usual - 1;
        memcpy(bytes, usual, size);
        if (chance(30)) {
            size = draw(sizeof bytes);
            for (size_t i = 0; i < size; i++) {
                bytes[i] = chance(50) ? (unsigned char)likely[draw(sizeof likely)] : (unsigned char)draw(256);
            }
        }
        for (uint64_t changes = draw(6); size > 0 && changes > 0; changes--) {
            bytes[draw(size)] = (unsigned char)likely[draw(sizeof likely)];
        }
        const bool read = read_bytes(bytes, size);
        assert_true(read || strncmp(said, "wardgate: ", 10) == 0); /* never refused without a word */
        for (size_t i = 0; i < recording.count; i++) {
            assert_true(recording.observations[i].bed < 2 && recording.observations[i].vital < VITAL_COUNT);
            assert_true(i == 0 || recording.observations[i - 1].at_ms <= recording.observations[i].at_ms);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_rows_become_observations, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_row_without_values_tells_its_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_spreadsheets, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_comma_in_quotes_shifts_no_column, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_nan_is_no_observation, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_header_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_foreign_headers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_column_nobody_knows_is_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_columns_that_cannot_be, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_as_many_columns_as_there_is_room_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_value_numbers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_beds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_late_rows, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_two_files_are_one_recording, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_last_of_one_instant_stays_last, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_one_kind_of_time_in_a_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bad_cells, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_rows_of_another_length, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_files_that_are_none, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_huge_lines, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_garbage, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("recording", tests, NULL, NULL);
}
