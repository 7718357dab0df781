/* The container of a backup: what was put in comes out, and nothing that was cut, changed, or put together by somebody else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/backup/archive.h"

enum { BLOCK = 512, TYPE_AT = 156, LINK_AT = 157, CHECKSUM_AT = 148, SIZE_AT = 124, MODE_AT = 100 };

static struct archive_writer writer;
static struct archive archive;
static char why[ARCHIVE_WHY_MAX];

static void make(void)
{
    archive_begin(&writer, 1790000000);
    assert_int_equal(archive_add(&writer, "manifest.jsonl", "{}\n", 3, 0600), STATUS_OK);
    assert_int_equal(archive_add(&writer, "config/keys/a.key", "secret", 6, 0640), STATUS_OK);
    assert_int_equal(archive_add(&writer, "empty", NULL, 0, 0644), STATUS_OK);
    assert_int_equal(archive_close(&writer), STATUS_OK);
}

static int tear_down(void **state)
{
    (void)state;
    free(writer.bytes);
    writer.bytes = NULL;
    return 0;
}

static bool reads(void)
{
    return archive_read(writer.bytes, writer.size, &archive, why);
}

static void refuses(const char *words)
{
    assert_false(reads());
    if (strstr(why, words) == NULL) {
        fail_msg("no '%s' in '%s'", words, why);
    }
}

/* The header's own sum, made anew after a change: so that the change is what is found. */
static void sum_again(size_t at)
{
    unsigned sum = 0;
    memset(writer.bytes + at + CHECKSUM_AT, ' ', 8);
    for (size_t i = 0; i < BLOCK; i++) {
        sum += writer.bytes[at + i];
    }
    (void)snprintf((char *)writer.bytes + at + CHECKSUM_AT, 7, "%06o", sum);
}

static void test_what_was_put_in_comes_out(void **state)
{
    (void)state;
    make();
    assert_true(reads());
    assert_int_equal(archive.count, 3);
    const struct archive_member *key = archive_find(&archive, "config/keys/a.key");
    assert_non_null(key);
    assert_int_equal(key->size, 6);
    assert_int_equal(key->mode, 0640);
    assert_memory_equal(key->bytes, "secret", 6);
    assert_int_equal(archive_find(&archive, "empty")->size, 0);
    assert_null(archive_find(&archive, ARCHIVE_SUMS));
    assert_null(archive_find(&archive, "config"));
}

static void test_every_cut_is_seen(void **state)
{
    (void)state;
    make();
    const size_t whole = writer.size;
    for (writer.size = 0; writer.size < whole; writer.size++) {
        assert_false(reads());
    }
    writer.size = whole;
    assert_true(reads());
}

static void test_every_changed_byte_is_seen(void **state)
{
    (void)state;
    make();
    for (size_t i = 0; i < writer.size; i++) {
        writer.bytes[i] ^= 0x10;
        if (reads()) {
            fail_msg("byte %zu may be changed", i);
        }
        writer.bytes[i] ^= 0x10;
    }
    assert_true(reads());
}

static void test_names(void **state)
{
    (void)state;
    static const char *const good[] = {"a",    "config/a b.yaml", "config/.hidden",
                                       "a..b", "..a/b",           "config/\xC3\xA4.yaml"};
    static const char *const bad[] = {"",    "/etc/passwd", "..", "../a", "a/../b", "a/..", ".",    "./a",
                                      "a/.", "a//b",        "a/", "a\nb", "a\\b",   "/",    "a\x7F"};
    char longest[ARCHIVE_NAME_MAX + 1];
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(archive_is_name(good[i]));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(archive_is_name(bad[i]));
    }
    memset(longest, 'a', sizeof longest);
    longest[ARCHIVE_NAME_MAX] = '\0';
    assert_false(archive_is_name(longest));
    longest[ARCHIVE_NAME_MAX - 1] = '\0';
    assert_true(archive_is_name(longest));
}

static void test_nothing_else_goes_in(void **state)
{
    (void)state;
    static const char *const bad[] = {"../a", ARCHIVE_SUMS, "a"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        archive_begin(&writer, -1);
        assert_int_equal(archive_add(&writer, "a", "1", 1, 0600), STATUS_OK);
        assert_int_equal(archive_add(&writer, bad[i], "2", 1, 0600), STATUS_INVALID);
        assert_int_equal(archive_add(&writer, "b", "2", 1, 0600), STATUS_INVALID); /* the first fault stays */
        assert_int_equal(archive_close(&writer), STATUS_INVALID);
        free(writer.bytes);
    }
    writer.bytes = NULL;
}

static void test_too_many(void **state)
{
    (void)state;
    char name[16];
    archive_begin(&writer, 0);
    for (unsigned i = 0; i < ARCHIVE_MEMBERS_MAX; i++) {
        (void)snprintf(name, sizeof name, "f%u", i);
        assert_int_equal(archive_add(&writer, name, "x", 1, 0600), STATUS_OK);
    }
    assert_int_equal(archive_add(&writer, "one-more", "x", 1, 0600), STATUS_TOO_LARGE);
}

static void test_a_name_that_goes_elsewhere(void **state)
{
    (void)state;
    static const char *const names[] = {"../../etc/cron.d/a", "/etc/passwd", "config/../../a", "a\nb"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        make();
        memset(writer.bytes, 0, 100);
        memcpy(writer.bytes, names[i], strlen(names[i]));
        sum_again(0);
        refuses("a name, size or mode");
        free(writer.bytes);
    }
    make();
    memset(writer.bytes, 'a', 100); /* no NUL */
    sum_again(0);
    refuses("a name, size or mode");
}

static void test_links_folders_and_devices(void **state)
{
    (void)state;
    static const char types[] = {'1', '2', '3', '4', '5', '6', '7', 'L', 'x', 'g', '\0'};
    for (size_t i = 0; i < sizeof types; i++) {
        make();
        writer.bytes[TYPE_AT] = (unsigned char)types[i];
        sum_again(0);
        refuses("a link, a folder or a device");
        free(writer.bytes);
    }
    make();
    memcpy(writer.bytes + LINK_AT, "/etc/shadow", 11);
    sum_again(0);
    refuses("a link, a folder or a device");
}

static void test_sizes_and_modes(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        const char *text, *words;
    } cases[] = {{SIZE_AT, "77777777777", "cut short"},
                 {SIZE_AT, "-0000000003", "a name, size or mode"},
                 {SIZE_AT, "00000000009", "a name, size or mode"},
                 {MODE_AT, "0004755", "a name, size or mode"},
                 {SIZE_AT, "\x80", "a name, size or mode"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        make();
        memcpy(writer.bytes + cases[i].at, cases[i].text, strlen(cases[i].text) + 1);
        sum_again(0);
        refuses(cases[i].words);
        free(writer.bytes);
    }
    writer.bytes = NULL;
}

static void test_twice(void **state)
{
    (void)state;
    make();
    memcpy(writer.bytes + 2 * BLOCK, writer.bytes, 100); /* the second file's name */
    sum_again((size_t)2 * BLOCK);
    refuses("twice");
}

static void test_another_file(void **state)
{
    (void)state;
    make();
    writer.bytes[3 * BLOCK] = 'S'; /* of "secret" */
    refuses("config/keys/a.key in it is not what its SHA-256");
    writer.bytes[3 * BLOCK] = 's';
    writer.bytes[BLOCK + 100] = 'x'; /* behind the end of the first */
    refuses("behind the end of a file");
    memset(writer.bytes, 'x', BLOCK);
    refuses("no header");
}

static void test_something_behind_its_end(void **state)
{
    (void)state;
    make();
    unsigned char *longer = calloc(1, writer.size + 2 * BLOCK);
    assert_non_null(longer);
    memcpy(longer, writer.bytes, writer.size);
    free(writer.bytes);
    writer.bytes = longer;
    writer.size += 2 * BLOCK;
    assert_true(reads()); /* as tar fills a tape's record */
    longer[writer.size - 1] = 1;
    refuses("behind its end");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_what_was_put_in_comes_out, tear_down),
        cmocka_unit_test_teardown(test_every_cut_is_seen, tear_down),
        cmocka_unit_test_teardown(test_every_changed_byte_is_seen, tear_down),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_nothing_else_goes_in),
        cmocka_unit_test_teardown(test_too_many, tear_down),
        cmocka_unit_test_teardown(test_a_name_that_goes_elsewhere, tear_down),
        cmocka_unit_test_teardown(test_links_folders_and_devices, tear_down),
        cmocka_unit_test(test_sizes_and_modes),
        cmocka_unit_test_teardown(test_twice, tear_down),
        cmocka_unit_test_teardown(test_another_file, tear_down),
        cmocka_unit_test_teardown(test_something_behind_its_end, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
