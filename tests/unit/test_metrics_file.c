/* The file for Prometheus: replaced whole, whatever lies beside it; what cannot be written is counted; it goes with its thread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/flow/metrics_file.h"
#include "app/flow/report_metrics.h"
#include "hal/clock.h"

static struct engine_config config;
static struct payload_context payloads = {
    .config = &config, .site = "s", .ward = "w", .gateway = "g", .boot = "00c0ffee", .epoch = "8f3a", .version = "1"};
static struct board board;
static struct store_state store_state;
static _Atomic(struct store *) store;
static struct report report;
static char out[REPORT_METRICS_MAX];

static char folder[] = "/tmp/wardgate-metrics-XXXXXX";
static char path[sizeof folder + 32], beside[sizeof folder + 32];

static int make_folder(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/w.prom", folder);
    (void)snprintf(beside, sizeof beside, "%s/w.prom.new", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    (void)unlink(path);
    (void)unlink(beside);
    assert_int_equal(rmdir(folder), 0);
    memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
    return 0;
}

static void expect_file(const char *text)
{
    char found[64] = "";
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    assert_true(fread(found, 1, sizeof found - 1, file) > 0);
    assert_int_equal(fclose(file), 0);
    assert_string_equal(found, text);
    assert_int_equal(access(beside, F_OK), -1);
}

static void test_a_file_is_replaced_whole(void **state)
{
    (void)state;
    struct stat about;
    const mode_t before = umask(077);
    assert_int_equal(metrics_write(path, "one\n", 4), 0);
    (void)umask(before);
    expect_file("one\n");
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 07777, 0644);
    assert_int_equal(metrics_write(path, "two\n", 4), 0);
    expect_file("two\n");
}

/* What stands under the other name, of a run that was killed or put there by somebody, is neither followed nor kept. */
static void test_what_lies_beside_it(void **state)
{
    (void)state;
    assert_int_equal(metrics_write(path, "one\n", 4), 0);
    assert_int_equal(symlink(path, beside), 0);
    assert_int_equal(metrics_write(path, "two\n", 4), 0);
    expect_file("two\n");
    struct stat about;
    assert_int_equal(lstat(path, &about), 0);
    assert_true(S_ISREG(about.st_mode));
}

static void test_what_cannot_be_written(void **state)
{
    (void)state;
    assert_int_equal(metrics_write("/tmp/wardgate-no-such-folder/w.prom", "x\n", 2), ENOENT);
    assert_int_equal(metrics_write("/proc/w.prom", "x\n", 2), ENOENT);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(metrics_write(path, "x\n", 2), EISDIR);
    assert_int_equal(access(beside, F_OK), -1);
    assert_int_equal(rmdir(path), 0);
}

static bool wait_for(bool (*done)(struct metrics_file *), struct metrics_file *metrics)
{
    const int64_t until_us = clock_boot_us() + 8000000;
    while (!done(metrics) && clock_boot_us() < until_us) {
        clock_sleep_until_us(clock_boot_us() + 10000);
    }
    return done(metrics);
}

static bool is_written(struct metrics_file *metrics)
{
    (void)metrics;
    return access(path, F_OK) == 0;
}

static bool has_failed(struct metrics_file *metrics)
{
    return metrics_failures(metrics) == 1;
}

static void begin_metrics(struct metrics_file *metrics, const char *name)
{
    static alignas(64) unsigned char memory[REPORT_METRICS_MAX + 64];
    struct arena arena = {.base = memory, .size = sizeof memory};
    memset(metrics, 0, sizeof *metrics);
    metrics_init(metrics, &arena, name);
    report = (struct report){.payloads = &payloads,
                             .board = &board,
                             .store = &store,
                             .store_state = &store_state,
                             .metrics = metrics_is_on(metrics) ? metrics : NULL};
    metrics_attach(metrics, &report);
    assert_int_equal(metrics_start(metrics), STATUS_OK);
}

static void test_its_thread(void **state)
{
    (void)state;
    static struct metrics_file metrics;
    begin_metrics(&metrics, path);
    assert_true(wait_for(is_written, &metrics));
    assert_int_equal(metrics_failures(&metrics), 0);
    metrics_detach(&metrics);
    metrics_attach(&metrics, &report);
    assert_true(metrics_stop(&metrics));
    assert_false(is_written(&metrics)); /* it goes with it */
}

static void test_its_thread_counts(void **state)
{
    (void)state;
    static struct metrics_file metrics;
    begin_metrics(&metrics, "/tmp/wardgate-no-such-folder/w.prom");
    assert_true(wait_for(has_failed, &metrics));
    assert_int_equal(atomic_load(&metrics.error), ENOENT);
    assert_true(report_metrics(&report, out, sizeof out) > 0);
    assert_non_null(strstr(out, "\nwardgate_metrics_failures_total 1\n"));
    assert_true(metrics_stop(&metrics));
}

static void test_none(void **state)
{
    (void)state;
    static struct metrics_file metrics;
    begin_metrics(&metrics, NULL);
    assert_false(metrics_is_on(&metrics));
    metrics_detach(&metrics);
    assert_true(metrics_stop(&metrics));
    assert_int_equal(metrics_failures(NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_file_is_replaced_whole, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_what_lies_beside_it, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_what_cannot_be_written, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_its_thread, make_folder, remove_folder),
        cmocka_unit_test(test_its_thread_counts),
        cmocka_unit_test(test_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
