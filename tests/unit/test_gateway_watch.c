/* When a thread that hangs has the gateway start anew, and when it had better not; what who stands at the box asks and hears. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/gateway_internal.h"
#include "hal/clock.h"
#include "tests/unit/support/emulated.h"

#define SECOND_US INT64_C(1000000)
#define NOW_US    (INT64_C(10000) * SECOND_US)

static char folder[] = "/tmp/wardgate-watch-XXXXXX";
static struct settings settings = {.file = "ward.yaml", .gateway = {.id = "gw-1"}};
static struct gateway *g;
static struct generation *gen;
static struct runner runners[2];

static const char good_ward[] = "gateway: {id: g, site: s, ward: w}\n"
                                "uplink: {brokers: [\"mqtt://127.0.0.1\"]}\n"
                                "buses: {a: {kind: modbus-tcp, host: 10.0.0.1}}\n"
                                "beds: {b1: {bus: a, address: 1, profile: p, class: adult}}\n";

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(name, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int make_folder(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    assert_int_equal(mkdir("profiles", 0700), 0);
    write_file("profiles/p.yaml", "profile: p\nchannels:\n  hr: {register: 0, type: u16, unit: \"/min\"}\n");
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    (void)unlink("profiles/p.yaml");
    (void)unlink("ward.yaml");
    (void)rmdir("profiles");
    return chdir("/") + rmdir(folder);
}

static int set_up(void **state)
{
    (void)state;
    g = calloc(1, sizeof *g);
    gen = aligned_alloc(64, (sizeof *gen + 63) / 64 * 64);
    if (g == NULL || gen == NULL) {
        return -1;
    }
    memset(gen, 0, sizeof *gen);
    memset(runners, 0, sizeof runners);
    write_file("ward.yaml", good_ward);
    g->settings = &settings;
    g->now = gen;
    gen->runner_count = 2;
    for (unsigned i = 0; i < 2; i++) {
        gen->runners[i] = &runners[i];
        gen->runner_names[i] = i == 0 ? "line-a" : "line-b";
        atomic_store(&runners[i].alive_us, NOW_US);
    }
    watch_init(g);
    g->restarted_us = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(gen);
    free(g);
    return 0;
}

/* A second after the look before, as main has it. */
static bool wants_restart(int64_t at_us)
{
    g->looked_us = at_us - SECOND_US;
    return watch_wants_restart(g, at_us);
}

static void test_nobody_hangs(void **state)
{
    (void)state;
    atomic_store(&runners[1].alive_us, 0); /* it has not begun */
    assert_false(wants_restart(NOW_US + RESTART_STUCK_US - 1));
}

static void test_one_hangs(void **state)
{
    (void)state;
    atomic_store(&runners[1].alive_us, NOW_US - RESTART_STUCK_US + 1);
    assert_false(wants_restart(NOW_US));
    assert_true(wants_restart(NOW_US + 1));
}

/* Once an hour, and then again. */
static void test_not_too_often(void **state)
{
    (void)state;
    atomic_store(&runners[0].alive_us, NOW_US - RESTART_STUCK_US);
    g->restarted_us = NOW_US - RESTART_PAUSE_US + 1;
    assert_false(wants_restart(NOW_US));
    assert_string_equal(g->told_stay, "it did so less than an hour ago");
    assert_false(wants_restart(NOW_US + RESTART_LOOK_US - 1)); /* it is not looked at sooner */
    assert_true(wants_restart(NOW_US + RESTART_LOOK_US));
}

/* Whatever it went on from would be less than it has. */
static void test_a_store_that_fails(void **state)
{
    (void)state;
    atomic_store(&runners[0].alive_us, NOW_US - RESTART_STUCK_US);
    atomic_store(&gen->commit.state.failing_since_us, NOW_US - COMMIT_DIRECT_US);
    assert_false(wants_restart(NOW_US));
    atomic_store(&gen->commit.state.failing_since_us, 0);
    assert_true(wants_restart(NOW_US + RESTART_LOOK_US));
}

/* The next run would not even begin. */
static void test_a_faulty_configuration(void **state)
{
    (void)state;
    static const char *const bad[] = {"gateway: {id: g, site: s}\n", "{", ""};
    char small[512];
    int64_t at_us = NOW_US;
    atomic_store(&runners[0].alive_us, NOW_US - RESTART_STUCK_US);
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++, at_us += RESTART_LOOK_US) {
        write_file("ward.yaml", bad[i]);
        assert_false(wants_restart(at_us));
    }
    assert_int_equal(unlink("ward.yaml"), 0);
    assert_false(wants_restart(at_us));
    (void)snprintf(small, sizeof small, "%smemory: 1MiB\nrule_load: 0.001\n", good_ward);
    write_file("ward.yaml", small); /* sound, and more than it allows itself */
    assert_false(wants_restart(at_us + RESTART_LOOK_US));
    write_file("ward.yaml", good_ward);
    assert_true(wants_restart(at_us + 2 * RESTART_LOOK_US));
}

/* What went on meanwhile is told anew when it hangs again. */
static void test_it_goes_on(void **state)
{
    (void)state;
    atomic_store(&runners[0].alive_us, NOW_US - RESTART_STUCK_US);
    g->restarted_us = NOW_US;
    assert_false(wants_restart(NOW_US));
    assert_non_null(g->told_stay);
    atomic_store(&runners[0].alive_us, NOW_US);
    assert_false(wants_restart(NOW_US + SECOND_US));
    assert_null(g->told_stay);
}

/* What the run before has left in the environment. */
static void test_how_long_ago(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t at_us;
    } cases[] = {{"5000000", 5000000}, {"0", 0}, {"-1", 0}, {"words", 0}, {"", 0}, {"10000000001", 0}};
    g->started_us = NOW_US;
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(setenv(GATEWAY_RESTARTED, cases[i].text, 1), 0);
        watch_init(g);
        assert_int_equal(g->restarted_us, cases[i].at_us);
    }
    assert_int_equal(unsetenv(GATEWAY_RESTARTED), 0);
    watch_init(g);
    assert_int_equal(g->restarted_us, 0);
}

/* A box that slept, or a program that was stopped: none of them could show anything, and they are given the time to. */
static void test_after_a_long_sleep(void **state)
{
    (void)state;
    const int64_t later_us = NOW_US + 60 * SECOND_US;
    assert_false(watch_wants_restart(g, NOW_US));
    assert_false(watch_wants_restart(g, later_us));
    atomic_store(&runners[0].alive_us, later_us);
    assert_true(watch_wants_restart(g, later_us + SECOND_US)); /* the other one did have it */
    atomic_store(&runners[1].alive_us, later_us);
    assert_false(watch_wants_restart(g, later_us + 2 * SECOND_US));
}

/* Its thread waits in vfork for this child, which no signal of ours to that thread ends: state D. */
static void *wait_in_vfork(void *argument)
{
    (void)argument;
    const pid_t child = (pid_t)syscall(SYS_clone, CLONE_VFORK | SIGCHLD, NULL, NULL, NULL, NULL);
    if (child == 0) {
        clock_sleep_until_us(clock_boot_us() + SECOND_US / 2);
        _exit(0);
    }
    (void)waitpid(child, NULL, 0);
    return NULL;
}

static void expect_held_back_by(struct thread *thread)
{
    struct thread waiting = {0};
    assert_int_equal(thread_start(&waiting, "vforks", wait_in_vfork, NULL), STATUS_OK);
    const int64_t until_us = clock_boot_us() + SECOND_US;
    while (!thread_is_beyond_reach(&waiting) && clock_boot_us() < until_us) {
        clock_sleep_until_us(clock_boot_us() + 1000);
    }
    assert_true(thread_is_beyond_reach(&waiting));
    atomic_store(&thread->number, atomic_load(&waiting.number));
    g->look_again_us = 0;
    assert_false(wants_restart(NOW_US));
    assert_string_equal(g->told_stay, "there is a thread that the system cannot end either, restart the box");
    thread_join(&waiting);
    assert_true(wants_restart(NOW_US + RESTART_LOOK_US));
    atomic_store(&thread->number, 0);
}

/* Whosever it is: the new start would wait for it, and nobody would watch any bed. */
static void test_a_thread_beyond_reach(void **state)
{
    NOT_EMULATED(); /* nor does a parent wait in it without a signal */
    (void)state;
    atomic_store(&runners[0].alive_us, NOW_US - RESTART_STUCK_US);
    expect_held_back_by(&runners[0].thread);
    expect_held_back_by(&runners[1].thread);
    expect_held_back_by(&g->annunciator.thread);
}

static void expect_answer(const char *words, bool done, const char *text)
{
    char out[256] = "";
    assert_int_equal(watch_indicate(g, "uid-1", words, out, sizeof out), done);
    assert_string_equal(out, text);
}

static void test_who_stands_at_the_box(void **state)
{
    (void)state;
    expect_answer("state", true, "off none; led: none; buzzer: none; program: none, 0 runs");
    expect_answer("quiet", false, "there is no local alarm");
    expect_answer("test high", false, "there is no indicator, see `wardgate help indicator`");
    settings.indicator.led = "ALARM_LED";
    watch_init(g);
    settings.indicator.led = NULL;
    expect_answer("test loud", false, "'loud' is no priority: low, medium, high");
    expect_answer("test none", false, "'none' is no priority: low, medium, high");
    expect_answer("test medium", true, "test medium; led: ok; buzzer: none; program: none, 0 runs");
    annunciator_set(&g->annunciator, 1U << LOCAL_high_undelivered, clock_boot_us());
    expect_answer("state", true, "on high; led: ok; buzzer: none; program: none, 0 runs");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nobody_hangs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_one_hangs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_not_too_often, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_store_that_fails, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_faulty_configuration, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_it_goes_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_after_a_long_sleep, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_thread_beyond_reach, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_how_long_ago, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_who_stands_at_the_box, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("gateway_watch", tests, make_folder, remove_folder);
}
