/* The pieces of an update that ask nobody: which version is newer, what the box notes, whose certificate it takes, what another program says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "app/update/edition.h"
#include "app/update/record.h"
#include "app/update/tool.h"
#include "app/update/trust.h"
#include "tests/unit/support/store_folder.h"

static struct store_folder folder;

static int set_up(void **state)
{
    (void)state;
    store_folder_init(&folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    store_folder_fini(&folder);
    return 0;
}

/* ---- versions ---- */

static void test_versions_in_order(void **state)
{
    (void)state;
    static const char *const order[] = {"0.0.1",
                                        "0.0.9",
                                        "0.0.10",
                                        "0.1.0-rc1",
                                        "0.1.0-rc2",
                                        "0.1.0",
                                        "0.1.1",
                                        "0.2",
                                        "0.10.0",
                                        "1.0.0-a",
                                        "1",
                                        "1.0.0.1",
                                        "2.0",
                                        "10.0.0",
                                        "4294967296.0",
                                        "4294967297",
                                        "99999999999999999999.1"};
    const int count = sizeof order / sizeof order[0];
    for (int a = 0; a < count; a++) {
        for (int b = 0; b < count; b++) {
            const int found = edition_compare(order[a], order[b]);
            assert_int_equal((found > 0) - (found < 0), (a > b) - (a < b));
        }
    }
}

static void test_versions_that_are_the_same(void **state)
{
    (void)state;
    assert_int_equal(edition_compare("0.1.0", "0.1.0+abc123"), 0);
    assert_int_equal(edition_compare("0.1.0+def-dirty", "0.1.0+abc123"), 0);
    assert_int_equal(edition_compare("1", "1.0.0"), 0);
    assert_int_equal(edition_compare("01.002", "1.2.0"), 0);
    assert_int_equal(edition_compare("", ""), 0);
    assert_int_equal(edition_compare("0.1.0-rc1+abc", "0.1.0-rc1"), 0);
}

/* ---- records ---- */

static void test_a_record(void **state)
{
    (void)state;
    struct record_of_update in = {.version = "0.2.0", .slot = "B", .reason = "a line\nand another"}, out;
    assert_false(record_read(folder.base, "pending", &out));
    assert_int_equal(record_write(folder.base, "pending", &in), STATUS_OK);
    assert_true(record_read(folder.base, "pending", &out));
    assert_string_equal(out.version, "0.2.0");
    assert_string_equal(out.slot, "B");
    assert_string_equal(out.reason, "a line"); /* a line is a line */
    assert_string_equal(out.bundle, "");
    assert_int_equal(record_remove(folder.base, "pending"), STATUS_OK);
    assert_int_equal(record_remove(folder.base, "pending"), STATUS_OK);
    assert_false(record_read(folder.base, "pending", &out));
    assert_int_equal(record_remove("/nowhere", "pending"), STATUS_OK);
    assert_int_equal(record_write("/nowhere", "pending", &in), STATUS_NOT_FOUND);
}

static void test_records_that_are_none(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "\n\n", "version", "version=", "versions=1\n", "=1\n", "slot=A\n"};
    struct record_of_update out;
    for (unsigned i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_int_equal(record_write_text(folder.base, "good", texts[i], strlen(texts[i])), STATUS_OK);
        assert_false(record_read(folder.base, "good", &out));
    }
    char text[2000];
    memset(text, 'x', sizeof text);
    memcpy(text, "version=", 8);
    assert_int_equal(record_write_text(folder.base, "good", text, sizeof text), STATUS_OK);
    assert_true(record_read(folder.base, "good", &out)); /* what is longer is cut */
    assert_int_equal(strlen(out.version), RECORD_VALUE_MAX - 1);
}

/* ---- whose updates ---- */

#define PEM(text) "-----BEGIN CERTIFICATE-----\n" text "\n-----END CERTIFICATE-----\n"

/* It stands in for openssl, which knows an authority by more. */
static void put_openssl(void)
{
    char path[160];
    (void)snprintf(path, sizeof path, "%s/openssl", folder.base);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    assert_true(fputs("#!/bin/sh\nfor file; do :; done\n! grep -q LEAF \"$file\"\n", out) >= 0);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(chmod(path, 0700), 0);
    (void)snprintf(path, sizeof path, "%s:/usr/bin:/bin", folder.base);
    assert_int_equal(setenv("PATH", path, 1), 0);
}

static enum trust_end offer(const char *text)
{
    char path[128], said[512];
    const struct update_box box = {.data = folder.base};
    (void)snprintf(path, sizeof path, "%s/update-ca.pem", folder.base);
    (void)unlink(path);
    if (text != NULL) {
        FILE *out = fopen(path, "w");
        assert_non_null(out);
        assert_true(fputs(text, out) >= 0);
        assert_int_equal(fclose(out), 0);
    }
    put_openssl();
    const enum trust_end end = trust_take(&box, path, said, sizeof said);
    assert_int_equal(said[0] == '\0', end == TRUST_KEPT || end == TRUST_NOTHING);
    return end;
}

static void expect_kept(const char *text)
{
    char kept[512];
    (void)record_read_text(folder.base, "keyring.pem", kept, sizeof kept);
    assert_string_equal(kept, text);
}

static void test_the_first_certificate_is_taken(void **state)
{
    (void)state;
    assert_int_equal(offer(NULL), TRUST_NOTHING);
    assert_int_equal(offer(""), TRUST_NOTHING);
    assert_int_equal(offer("hello\n"), TRUST_FAULT);
    assert_int_equal(offer(PEM("AAAA") "-----BEGIN PRIVATE KEY-----\n"), TRUST_FAULT);
    assert_int_equal(offer(PEM("LEAF")), TRUST_FAULT);
    expect_kept("");
    assert_int_equal(offer(PEM("AAAA")), TRUST_TAKEN);
    expect_kept(PEM("AAAA"));
}

static void test_no_other_is_taken(void **state)
{
    (void)state;
    assert_int_equal(offer(PEM("AAAA")), TRUST_TAKEN);
    assert_int_equal(offer(PEM("BBBB")), TRUST_OTHER);
    assert_int_equal(offer(PEM("AAAA") PEM("BBBB")), TRUST_OTHER);
    assert_int_equal(offer("hello\n"), TRUST_OTHER);
    assert_int_equal(offer(NULL), TRUST_KEPT);
    assert_int_equal(offer(PEM("AAAA")), TRUST_KEPT);
    assert_int_equal(offer("-----BEGIN CERTIFICATE-----\r\nAAAA\r\n-----END CERTIFICATE-----\r\n"), TRUST_KEPT);
    expect_kept(PEM("AAAA"));
}

/* ---- other programs ---- */

struct heard {
    unsigned lines;
    char text[4][TOOL_LINE_MAX];
};

static void hear(void *context, const char *line)
{
    struct heard *heard = context;
    if (heard->lines < 4) {
        (void)snprintf(heard->text[heard->lines], TOOL_LINE_MAX, "%s", line);
    }
    heard->lines++;
}

static int run_shell(const char *script, int wait_ms, struct heard *heard)
{
    const char *const arguments[] = {"sh", "-c", script, NULL};
    *heard = (struct heard){.lines = 0};
    return tool_run(arguments, wait_ms, hear, heard);
}

static void test_what_a_program_says(void **state)
{
    (void)state;
    struct heard heard;
    assert_int_equal(run_shell("echo one; echo two >&2; printf '\\n\\nthree'; exit 7", 10000, &heard), 7);
    assert_int_equal(heard.lines, 3);
    assert_string_equal(heard.text[0], "one");
    assert_string_equal(heard.text[1], "two");
    assert_string_equal(heard.text[2], "three");
    assert_int_equal(run_shell("echo $LC_ALL; cat; printf '%2000s\\nx\\n' ''", 10000, &heard), 0);
    assert_string_equal(heard.text[0], "C");
    assert_int_equal(strlen(heard.text[1]), TOOL_LINE_MAX - 1);
    assert_string_equal(heard.text[2], "x");
}

static void test_programs_that_do_not_end_well(void **state)
{
    (void)state;
    struct heard heard;
    const char *const none[] = {"no-program-of-this-name", NULL};
    assert_int_equal(tool_run(none, 10000, NULL, NULL), TOOL_MISSING);
    assert_int_equal(run_shell("exec sleep 60", 300, &heard), TOOL_TOO_LONG);
    assert_int_equal(run_shell("kill -9 $$", 10000, &heard), TOOL_KILLED);
}

#define UPDATE_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_versions_in_order),
        cmocka_unit_test(test_versions_that_are_the_same),
        UPDATE_TEST(test_a_record),
        UPDATE_TEST(test_records_that_are_none),
        UPDATE_TEST(test_the_first_certificate_is_taken),
        UPDATE_TEST(test_no_other_is_taken),
        cmocka_unit_test(test_what_a_program_says),
        cmocka_unit_test(test_programs_that_do_not_end_well),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
