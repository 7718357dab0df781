/* The recorder: nothing of what it sees is lost in silence, and nobody waits for its disk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/flow/recorder.h"
#include "tests/unit/support/capture.h"
#include "tests/unit/support/engine_ward.h"

static struct recorder recorder;
static struct arena storage, memory;
static struct engine *engine;
static char folder[] = "/tmp/wardgate-recorder-XXXXXX";
static char file[64], said[4096];
static const struct input_head head = {.program = "test", .gateway = "gw", .boot = "00c0ffee", .epoch = "e"};

static struct arena take(size_t bytes)
{
    struct arena arena = {.size = (bytes + 63) / 64 * 64};
    arena.base = aligned_alloc(64, arena.size);
    assert_non_null(arena.base);
    memset(arena.base, 0, arena.size);
    return arena;
}

static int set_up(void **state)
{
    (void)state;
    struct arena measure = {.base = NULL};
    (void)snprintf(folder, sizeof folder, "/tmp/wardgate-recorder-XXXXXX");
    assert_non_null(mkdtemp(folder));
    (void)snprintf(file, sizeof file, "%s/run.jsonl", folder);
    memset(&recorder, 0, sizeof recorder);
    recorder_init(&recorder, &measure);
    storage = take(measure.used);
    recorder_init(&recorder, &storage);
    recorder.fd = -1;
    ward_clear_config();
    ward_add_channel(VITAL_hr, 1000);
    ward_add_rule("hr_high", "hr > limit", NULL, 120, PRIORITY_HIGH);
    measure = (struct arena){.base = NULL};
    (void)engine_make(&measure, &ward_config.engine);
    memory = take(measure.used);
    engine = engine_make(&memory, &ward_config.engine);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    (void)unlink(file);
    (void)rmdir(folder);
    free(storage.base);
    free(memory.base);
    return 0;
}

static void observe(int64_t at_ms)
{
    const struct observation o = {.at_ms = at_ms, .kind = OBSERVATION_VALUE, .vital = VITAL_hr, .value_milli = 72000};
    recorder.witness.takes(&recorder.witness,
                           &(struct engine_input){.kind = INPUT_OBSERVATION, .at_ms = at_ms, .observation = &o});
}

static unsigned count_lines(const char *what)
{
    static char text[4 * INPUT_LINE_MAX];
    unsigned count = 0;
    FILE *stream = fopen(file, "re");
    assert_non_null(stream);
    while (fgets(text, sizeof text, stream) != NULL) {
        assert_int_equal(text[strlen(text) - 1], '\n'); /* whole lines, always */
        count += strstr(text, what) != NULL ? 1 : 0;
    }
    (void)fclose(stream);
    return count;
}

static void test_a_run(void **state)
{
    (void)state;
    struct stat status;
    assert_int_equal(recorder_open(&recorder, file), STATUS_OK);
    assert_int_equal(stat(file, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(recorder_start(&recorder, engine, &ward_config.engine, &head), STATUS_OK);
    engine_begin(engine, 0);
    for (int64_t at_ms = 0; at_ms < 100; at_ms++) {
        observe(at_ms);
    }
    recorder_stop(&recorder, RECORDER_STOPS);
    assert_int_equal(count_lines("\"recording\":\"wardgate\""), 1);
    assert_int_equal(count_lines("\"hr\":72"), 100);
    assert_int_equal(count_lines("\"input\":\"begin\""), 1);
    assert_int_equal(count_lines("\"input\":\"end\""), 1);
    assert_int_equal(count_lines("\"input\":\"dropped\""), 0);
}

/* Nobody empties the ring: what does not fit is counted, and the count stands before what comes next. */
static void test_a_ring_that_overflows(void **state)
{
    (void)state;
    assert_int_equal(recorder_open(&recorder, file), STATUS_OK);
    assert_int_equal(recorder_start(&recorder, engine, &ward_config.engine, &head), STATUS_OK);
    engine_begin(engine, 0);
    atomic_store(&recorder.stop, true);
    wake_raise(&recorder.wake);
    thread_join(&recorder.thread); /* the disk hangs */
    for (int64_t at_ms = 0; at_ms < RECORDER_SLOTS + 1000; at_ms++) {
        observe(at_ms);
    }
    const uint64_t dropped = recorder.dropped;
    assert_int_equal(atomic_load(&recorder.lost), dropped);
    assert_true(dropped >= 1000 && dropped < 1100);
    atomic_store(&recorder.stop, false);
    assert_int_equal(thread_start(&recorder.thread, "record", recorder_run, &recorder), STATUS_OK);
    while (ring_count(&recorder.ring) > 0) {
        (void)usleep(1000);
    }
    observe(1000000);
    recorder_stop(&recorder, RECORDER_STOPS);
    char wanted[64];
    (void)snprintf(wanted, sizeof wanted, "\"input\":\"dropped\",\"records\":%llu", (unsigned long long)dropped);
    assert_int_equal(count_lines(wanted), 1);
    assert_int_equal(count_lines("\"hr\":72"), RECORDER_SLOTS + 1001 - (unsigned)dropped);
}

/* A file for each engine, each whole in itself; what was missing in all of them is counted. */
static void test_a_part_for_each_engine(void **state)
{
    (void)state;
    char next[sizeof file + 2];
    (void)snprintf(next, sizeof next, "%s.2", file);
    assert_int_equal(recorder_open(&recorder, file), STATUS_OK);
    assert_int_equal(recorder_start(&recorder, engine, &ward_config.engine, &head), STATUS_OK);
    assert_true(atomic_load(&recorder.runs));
    engine_begin(engine, 0);
    observe(1);
    recorder.witness.takes(&recorder.witness, &(struct engine_input){.kind = INPUT_RETIRE, .at_ms = 1});
    observe(2); /* nothing comes after it */
    recorder_stop(&recorder, RECORDER_RELOADS);
    assert_false(atomic_load(&recorder.runs));
    assert_int_equal(count_lines("\"hr\":72"), 1);
    assert_int_equal(count_lines("\"why\":\"reload\""), 1);

    assert_int_equal(recorder_open(&recorder, file), STATUS_OK);
    assert_int_equal(atomic_load(&recorder.part), 2);
    memset(memory.base, 0, memory.size);
    memory.used = 0;
    engine = engine_make(&memory, &ward_config.engine);
    assert_int_equal(recorder_start(&recorder, engine, &ward_config.engine, &head), STATUS_OK);
    engine_begin(engine, 2);
    observe(3);
    recorder_stop(&recorder, RECORDER_STOPS);
    (void)unlink(file);
    assert_int_equal(rename(next, file), 0);
    assert_int_equal(count_lines("\"recording\":\"wardgate\""), 1);
    assert_int_equal(count_lines("\"hr\":72"), 1);
    assert_int_equal(count_lines("\"why\":\"stop\""), 1);
}

static void test_one_that_is_never_begun(void **state)
{
    (void)state;
    assert_int_equal(recorder_open(&recorder, file), STATUS_OK);
    recorder.buffer = NULL; /* the start failed before there was memory */
    recorder_stop(&recorder, RECORDER_STOPS);
    assert_int_equal(recorder.fd, -1);
}

static void test_a_full_disk(void **state)
{
    (void)state;
    struct capture capture;
    assert_int_equal(recorder_open(&recorder, file), STATUS_OK);
    assert_int_equal(close(recorder.fd), 0);
    recorder.fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    assert_true(recorder.fd >= 0);
    capture_begin(&capture);
    assert_int_equal(recorder_start(&recorder, engine, &ward_config.engine, &head), STATUS_OK);
    engine_begin(engine, 0);
    while (!atomic_load(&recorder.failed)) {
        (void)usleep(1000);
    }
    for (int64_t at_ms = 0; at_ms < RECORDER_SLOTS * 2; at_ms++) {
        observe(at_ms); /* nobody waits, nothing fills */
    }
    recorder_stop(&recorder, RECORDER_STOPS);
    capture_end(&capture, said, sizeof said);
    assert_non_null(strstr(said, "the recording has ended"));
    assert_non_null(strstr(said, "No space left on device"));
    assert_null(strstr(strstr(said, "has ended") + 1, "has ended")); /* once */
    assert_int_equal(recorder.dropped, 0);
}

static void test_a_file_that_is_there(void **state)
{
    (void)state;
    struct capture capture;
    FILE *stream = fopen(file, "we");
    assert_non_null(stream);
    assert_int_equal(fclose(stream), 0);
    capture_begin(&capture);
    assert_int_equal(recorder_open(&recorder, file), STATUS_IO);
    capture_end(&capture, said, sizeof said);
    assert_non_null(strstr(said, "File exists"));
    recorder_stop(&recorder, RECORDER_STOPS); /* nothing to stop */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(test_a_run, set_up, tear_down),
                                       cmocka_unit_test_setup_teardown(test_a_ring_that_overflows, set_up, tear_down),
                                       cmocka_unit_test_setup_teardown(test_a_part_for_each_engine, set_up, tear_down),
                                       cmocka_unit_test_setup_teardown(test_one_that_is_never_begun, set_up, tear_down),
                                       cmocka_unit_test_setup_teardown(test_a_full_disk, set_up, tear_down),
                                       cmocka_unit_test_setup_teardown(test_a_file_that_is_there, set_up, tear_down)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
