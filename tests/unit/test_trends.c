/* Trends on the disk: rows of minutes in bounded space, joined over a restart, begun anew when damaged; readers beside them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "drivers/store/environment.h"
#include "drivers/store/pages.h"
#include "drivers/store/trends.h"
#include "tests/unit/support/draw.h"
#include "tests/unit/support/store_folder.h"

enum { BEDS = 64, VITALS = 12, MINUTES = 120, FIRST = 28000000 };

static struct store_folder folder;
static struct trends_config config;

static int set_up(void **state)
{
    (void)state;
    store_folder_init(&folder);
    config = (struct trends_config){.path = folder.path,
                                    .bytes = trends_bytes(BEDS, BEDS * VITALS, MINUTES),
                                    .minutes = MINUTES,
                                    .rows_most = BEDS};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    store_folder_fini(&folder);
    return 0;
}

static struct trends *open_trends(void)
{
    struct trends *trends = NULL;
    assert_int_equal(trends_open(&config, &trends), STATUS_OK);
    assert_non_null(trends);
    return trends;
}

/* Every number follows from minute, bed and vital. */
static struct trends_row make_row(char bed[8], int64_t minute, unsigned number, unsigned vitals)
{
    (void)snprintf(bed, 8, "b%02u", number);
    struct trends_row row = {.bed = bed, .stay = 1000 + number, .count = vitals};
    for (unsigned v = 0; v < vitals; v++) {
        const int32_t base = (int32_t)(minute % 1000 * 100 + number - v * 1000);
        row.entries[v] = (struct trends_entry){.vital = (uint8_t)v,
                                               .count = (uint16_t)(1 + minute % 60),
                                               .min_milli = base - 50,
                                               .mean_milli = base,
                                               .max_milli = base + 70};
    }
    return row;
}

static enum status put_minute(struct trends *trends, int64_t minute, unsigned beds, unsigned vitals)
{
    enum status status = trends_begin(trends, minute);
    for (unsigned b = 0; status == STATUS_OK && b < beds; b++) {
        char bed[8];
        const struct trends_row row = make_row(bed, minute, b, vitals);
        status = trends_put(trends, &row);
    }
    return status == STATUS_OK ? trends_commit(trends) : status;
}

struct seen {
    unsigned bed, vitals, count;
    int64_t first, last;
};

static void see(void *context, int64_t minute, const struct trends_row *row)
{
    struct seen *seen = context;
    char bed[8];
    const struct trends_row wanted = make_row(bed, minute, seen->bed, seen->vitals);
    assert_string_equal(row->bed, bed);
    assert_int_equal(row->stay, wanted.stay);
    assert_int_equal(row->count, wanted.count);
    for (unsigned v = 0; v < row->count; v++) {
        assert_int_equal(row->entries[v].vital, wanted.entries[v].vital);
        assert_int_equal(row->entries[v].count, wanted.entries[v].count);
        assert_int_equal(row->entries[v].min_milli, wanted.entries[v].min_milli);
        assert_int_equal(row->entries[v].mean_milli, wanted.entries[v].mean_milli);
        assert_int_equal(row->entries[v].max_milli, wanted.entries[v].max_milli);
    }
    seen->first = seen->count == 0 ? minute : seen->first;
    seen->last = minute;
    seen->count++;
}

static struct seen read_bed(struct trends *trends, unsigned bed, unsigned vitals)
{
    struct seen seen = {.bed = bed, .vitals = vitals};
    int64_t first = 0, last = 0;
    char id[8];
    (void)snprintf(id, sizeof id, "b%02u", bed);
    if (trends_span(trends, &first, &last) == STATUS_OK) {
        assert_int_equal(trends_each(trends, id, first, last + 1, see, &seen), STATUS_OK);
    }
    return seen;
}

static off_t file_bytes(void)
{
    char path[128];
    struct stat info;
    (void)snprintf(path, sizeof path, "%s/minutes/data.mdb", folder.path);
    assert_int_equal(stat(path, &info), 0);
    return info.st_size;
}

/* A whole ward, round and round: what is kept is the configured time, in the room that was promised. */
static void test_a_ward_in_bounded_space(void **state)
{
    (void)state;
    struct trends *trends = open_trends();
    int64_t minute = FIRST;
    for (; minute < FIRST + 3 * MINUTES; minute++) {
        assert_int_equal(put_minute(trends, minute, BEDS, VITALS), STATUS_OK);
    }
    for (unsigned bed = 0; bed < BEDS; bed += 21) {
        const struct seen seen = read_bed(trends, bed, VITALS);
        assert_int_equal(seen.count, MINUTES);
        assert_int_equal(seen.last, minute - 1);
        assert_int_equal(seen.first, minute - MINUTES);
    }
    assert_true((uint64_t)file_bytes() <= config.bytes);
    trends_close(trends);
    trends = open_trends(); /* survives */
    assert_int_equal(read_bed(trends, 5, VITALS).count, MINUTES);
    config.minutes = MINUTES / 2; /* and a shorter time is kept to soon */
    trends_close(trends);
    trends = open_trends();
    for (unsigned i = 0; i < MINUTES; i++, minute++) {
        assert_int_equal(put_minute(trends, minute, BEDS, VITALS), STATUS_OK);
    }
    assert_int_equal(read_bed(trends, 5, VITALS).count, MINUTES / 2);
    trends_close(trends);
}

/* More beds and vitals than it was made for: the oldest give way sooner, and it never fails. */
static void test_more_than_it_was_made_for(void **state)
{
    (void)state;
    config.bytes = trends_bytes(4, 4, MINUTES);
    config.rows_most = 4;
    struct trends *trends = open_trends();
    for (int64_t minute = FIRST; minute < FIRST + 500; minute++) {
        assert_int_equal(put_minute(trends, minute, minute % 3 == 0 ? 24 : 4, 20), STATUS_OK);
    }
    const struct seen seen = read_bed(trends, 1, 20);
    assert_in_range(seen.count, 5, MINUTES);
    assert_true((uint64_t)file_bytes() <= config.bytes);
    trends_close(trends);
}

static void test_nothing_there(void **state)
{
    (void)state;
    struct trends *trends = NULL;
    int64_t first = 0, last = 0;
    assert_int_equal(trends_open_to_read(folder.path, &trends), STATUS_NOT_FOUND);
    trends = open_trends();
    assert_int_equal(trends_span(trends, &first, &last), STATUS_NOT_FOUND);
    assert_int_equal(put_minute(trends, FIRST, 2, 3), STATUS_OK);
    assert_int_equal(read_bed(trends, 7, 3).count, 0);
    trends_close(trends);
    assert_int_equal(trends_open_to_read(folder.path, &trends), STATUS_OK);
    assert_int_equal(read_bed(trends, 1, 3).count, 1);
    trends_close(trends);
}

static void see_joined(void *context, int64_t minute, const struct trends_row *row)
{
    assert_int_equal(minute, FIRST);
    *(struct trends_row *)context = *row;
}

/* A gateway that was started again in the same minute adds to its row; another patient's row takes its place. */
static void test_a_minute_in_two_parts(void **state)
{
    (void)state;
    struct trends *trends = open_trends();
    struct trends_row row = {.bed = "b01", .stay = 7, .count = 2};
    row.entries[0] = (struct trends_entry){VITAL_hr, 10, 60000, 70000, 80000};
    row.entries[1] = (struct trends_entry){VITAL_spo2, 5, 97000, 97000, 97000};
    assert_int_equal(trends_begin(trends, FIRST), STATUS_OK);
    assert_int_equal(trends_put(trends, &row), STATUS_OK);
    assert_int_equal(trends_commit(trends), STATUS_OK);
    row.entries[0] = (struct trends_entry){VITAL_hr, 30, 65000, 90000, 95000};
    row.entries[1] = (struct trends_entry){VITAL_resp, 1, -1000, -1000, -1000};
    assert_int_equal(trends_begin(trends, FIRST), STATUS_OK);
    assert_int_equal(trends_put(trends, &row), STATUS_OK);
    assert_int_equal(trends_commit(trends), STATUS_OK);
    struct trends_row found = {.count = 0};
    assert_int_equal(trends_each(trends, "b01", FIRST, FIRST + 1, see_joined, &found), STATUS_OK);
    assert_int_equal(found.count, 3);
    assert_int_equal(found.entries[0].count, 40);
    assert_int_equal(found.entries[0].min_milli, 60000);
    assert_int_equal(found.entries[0].mean_milli, 85000);
    assert_int_equal(found.entries[0].max_milli, 95000);
    assert_int_equal(found.entries[1].mean_milli, -1000);
    assert_int_equal(found.entries[2].vital, VITAL_spo2);
    row.stay = 8;
    assert_int_equal(trends_begin(trends, FIRST), STATUS_OK);
    assert_int_equal(trends_put(trends, &row), STATUS_OK);
    assert_int_equal(trends_commit(trends), STATUS_OK);
    assert_int_equal(trends_each(trends, "b01", FIRST, FIRST + 1, see_joined, &found), STATUS_OK);
    assert_int_equal(found.stay, 8);
    assert_int_equal(found.count, 2);
    trends_close(trends);
}

/* What was written by a clock that was ahead goes. */
static void test_the_clock_is_set_back(void **state)
{
    (void)state;
    struct trends *trends = open_trends();
    for (int64_t minute = FIRST; minute < FIRST + 20; minute++) {
        assert_int_equal(put_minute(trends, minute + 1000000, 4, 3), STATUS_OK);
    }
    for (int64_t minute = FIRST; minute < FIRST + 20; minute++) {
        assert_int_equal(put_minute(trends, minute, 4, 3), STATUS_OK);
    }
    const struct seen seen = read_bed(trends, 1, 3);
    assert_int_equal(seen.count, 20);
    assert_int_equal(seen.last, FIRST + 19);
    assert_int_equal(trends_begin(trends, -5), STATUS_OK); /* long before 1970 */
    assert_int_equal(trends_commit(trends), STATUS_OK);
    trends_close(trends);
}

static bool is_there(const char *name)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", folder.path, name);
    return access(path, F_OK) == 0;
}

/* One byte anywhere, a cut, or garbage: it opens, set aside or not, and goes on. Seeded. */
static void test_damage(void **state)
{
    (void)state;
    char path[128];
    draw_seed(9);
    (void)snprintf(path, sizeof path, "%s/minutes/data.mdb", folder.path);
    unsigned set_aside = 0;
    for (unsigned round = 0; round < 40; round++) {
        struct trends *trends = NULL;
        const enum status status = trends_open(&config, &trends);
        assert_true(status == STATUS_OK || status == STATUS_CORRUPT);
        set_aside += status == STATUS_CORRUPT ? 1 : 0;
        for (int64_t minute = FIRST; minute < FIRST + 10; minute++) {
            assert_int_equal(put_minute(trends, minute + round * 10, 20, 5), STATUS_OK);
        }
        trends_close(trends);
        assert_int_equal(pages_check(AT_FDCWD, path), STATUS_OK);
        const int fd = open(path, O_RDWR);
        assert_true(fd >= 0);
        const unsigned char byte = (unsigned char)draw(256);
        assert_int_equal(pwrite(fd, &byte, 1, (off_t)draw((uint64_t)file_bytes())), 1);
        if (chance(30)) {
            assert_int_equal(ftruncate(fd, (off_t)draw(8192)), 0);
        }
        close(fd);
    }
    assert_true(set_aside > 3);
    assert_true(is_there("minutes.damaged-1"));
    assert_false(is_there("minutes.damaged-2")); /* their sizes add up */
}

/* As a wardgate wrote it that knew so many vitals, or in another form. */
static void rewrite_form(unsigned char form, unsigned char vitals)
{
    static const struct layout layout = {"minutes", 2, {"meta", "rows"}, 0};
    const unsigned char meta[] = {form, vitals};
    const int fd = open(folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct environment e = {.layout = &layout, .root = folder.path, .root_fd = fd, .bytes = config.bytes};
    struct transaction t;
    assert_int_equal(environment_open(&e), STATUS_OK);
    assert_int_equal(transaction_begin(&e, true, &t), STATUS_OK);
    assert_int_equal(transaction_put(&t, 0, (struct bytes){"form", 4}, (struct bytes){meta, 2}, false), STATUS_OK);
    assert_int_equal(transaction_commit(&t), STATUS_OK);
    environment_close(&e);
    close(fd);
}

/* What was kept when there were fewer vitals is read on; when there are more than this one knows, it is not. */
static void test_vitals_that_came_later(void **state)
{
    (void)state;
    struct trends *trends = open_trends();
    assert_int_equal(put_minute(trends, FIRST, 20, 5), STATUS_OK);
    trends_close(trends);
    rewrite_form(1, VITAL_COUNT - 1);
    assert_int_equal(trends_open_to_read(folder.path, &trends), STATUS_OK);
    trends_close(trends);
    trends = open_trends();
    trends_close(trends);
    assert_false(is_there("minutes.damaged-1"));
    rewrite_form(1, VITAL_COUNT + 1);
    assert_int_equal(trends_open_to_read(folder.path, &trends), STATUS_CORRUPT);
    assert_int_equal(trends_open(&config, &trends), STATUS_CORRUPT);
    trends_close(trends);
    rewrite_form(2, VITAL_COUNT);
    assert_int_equal(trends_open(&config, &trends), STATUS_CORRUPT);
    trends_close(trends);
    assert_true(is_there("minutes.damaged-1"));
}

#define STORE_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(test_a_ward_in_bounded_space), STORE_TEST(test_more_than_it_was_made_for),
        STORE_TEST(test_nothing_there),           STORE_TEST(test_a_minute_in_two_parts),
        STORE_TEST(test_the_clock_is_set_back),   STORE_TEST(test_damage),
        STORE_TEST(test_vitals_that_came_later),
    };
    return cmocka_run_group_tests_name("trends", tests, NULL, NULL);
}
