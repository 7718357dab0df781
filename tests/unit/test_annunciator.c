/* The local alarm: what sounds and flashes by what is told, silencing, trials, the program; with GPIO chips below the C library and real programs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/stat.h>

#include "app/flow/annunciator.h"
#include "hal/clock.h"
#include "hal/indicator.h"
#include "tests/unit/support/emulated.h"
#include "tests/unit/support/fake_gpio.h"

#define SECOND_US INT64_C(1000000)
#define UPLINK    (1U << LOCAL_uplink_lost)
#define STORE     (1U << LOCAL_store_failing)
#define HIGH      (1U << LOCAL_high_undelivered)
#define LAMP      (&fake_gpio.lines[0][1])
#define BUZZER    (&fake_gpio.lines[1][3])

static char folder[] = "/tmp/wardgate-annunciator-XXXXXX";
static char program[64], seen[64];
static const char *const hook[] = {program, seen, NULL};
static struct annunciator a;

static void write_program(const char *text)
{
    FILE *file = fopen(program, "we");
    assert_non_null(file);
    (void)fprintf(file, "#!/bin/sh\n%s\n", text);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(program, 0700), 0);
}

static int set_up(void **state)
{
    (void)state;
    fake_gpio_reset();
    (void)unlink(seen);
    write_program("echo \"$WARDGATE_GATEWAY $WARDGATE_STATE $WARDGATE_PRIORITY $WARDGATE_WHAT\" >>\"$1\"");
    return 0;
}

/* Begun, with what is given of it. */
static void begin(const char *lamp, const char *buzzer, const char *const *arguments)
{
    annunciator_init(&a, &(struct annunciator_config){.gateway = "gw-1",
                                                      .lamp = lamp,
                                                      .buzzer = buzzer,
                                                      .lamp_active_low = true,
                                                      .hook = arguments,
                                                      .hook_us = 5 * SECOND_US});
    assert_int_equal(annunciator_start(&a), STATUS_OK);
}

#define WAIT_UNTIL(what)                                           \
    do {                                                           \
        const int64_t until_us = clock_boot_us() + 10 * SECOND_US; \
        while (!(what)) {                                          \
            assert_true(clock_boot_us() < until_us);               \
            clock_sleep_until_us(clock_boot_us() + 1000);          \
        }                                                          \
    } while (0)

static void read_seen(char out[1024])
{
    const int fd = open(seen, O_RDONLY | O_CLOEXEC);
    const ssize_t length = fd >= 0 ? read(fd, out, 1023) : 0;
    out[length > 0 ? length : 0] = '\0';
    if (fd >= 0) {
        (void)close(fd);
    }
}

static void expect_seen(const char *text)
{
    char got[1024];
    read_seen(got);
    assert_string_equal(got, text);
}

static void test_reasons(void **state)
{
    (void)state;
    char names[LOCAL_TEXT_MAX];
    assert_int_equal(local_priority(0), PRIORITY_NONE);
    assert_int_equal(local_priority(STORE), PRIORITY_LOW);
    assert_int_equal(local_priority(STORE | UPLINK), PRIORITY_MEDIUM);
    assert_int_equal(local_priority(UPLINK | HIGH), PRIORITY_HIGH);
    local_names(0, names);
    assert_string_equal(names, "");
    local_names((1U << LOCAL_REASON_COUNT) - 1, names);
    assert_string_equal(names, "uplink_lost high_undelivered store_failing gateway_stuck");
}

/* Without its thread: what is told, and what silences it. */
static void test_what_is_told(void **state)
{
    (void)state;
    annunciator_init(&a, &(struct annunciator_config){.gateway = "gw-1"});
    assert_false(annunciator_is_there(&a));
    assert_int_equal(annunciator_look(&a, 0).state, ANNUNCIATOR_OFF);
    assert_false(annunciator_silence(&a)); /* there is nothing */
    annunciator_set(&a, UPLINK, 1);
    assert_int_equal(annunciator_look(&a, 1).state, ANNUNCIATOR_ON);
    assert_int_equal(annunciator_look(&a, 1).priority, PRIORITY_MEDIUM);
    assert_true(annunciator_silence(&a));
    assert_int_equal(annunciator_look(&a, 2).state, ANNUNCIATOR_QUIET);
    annunciator_set(&a, UPLINK, 3);
    assert_int_equal(annunciator_look(&a, 3).state, ANNUNCIATOR_QUIET);
    annunciator_set(&a, UPLINK | HIGH, 4); /* worse */
    assert_int_equal(annunciator_look(&a, 4).state, ANNUNCIATOR_ON);
    annunciator_set(&a, UPLINK, 5); /* back to what was silenced */
    assert_int_equal(annunciator_look(&a, 5).state, ANNUNCIATOR_QUIET);
    annunciator_set(&a, 0, 6);
    assert_int_equal(annunciator_look(&a, 6).state, ANNUNCIATOR_OFF);
    annunciator_set(&a, UPLINK, 7); /* anew */
    assert_int_equal(annunciator_look(&a, 7).state, ANNUNCIATOR_ON);
}

static void test_trials(void **state)
{
    (void)state;
    const int64_t end_us = INT64_C(1000) * ANNUNCIATOR_TRIAL_MS;
    annunciator_init(&a, &(struct annunciator_config){.gateway = "gw-1"});
    annunciator_try(&a, PRIORITY_MEDIUM, 0);
    assert_int_equal(annunciator_look(&a, 0).state, ANNUNCIATOR_TEST);
    assert_int_equal(annunciator_look(&a, 0).priority, PRIORITY_MEDIUM);
    assert_int_equal(annunciator_look(&a, end_us - 1).state, ANNUNCIATOR_TEST);
    assert_int_equal(annunciator_look(&a, end_us).state, ANNUNCIATOR_OFF);
    annunciator_set(&a, UPLINK, 1); /* what is as urgent is told */
    assert_int_equal(annunciator_look(&a, 2).state, ANNUNCIATOR_ON);
    annunciator_set(&a, STORE, 3); /* what is less urgent waits */
    assert_int_equal(annunciator_look(&a, 4).state, ANNUNCIATOR_TEST);
    assert_int_equal(annunciator_look(&a, end_us).state, ANNUNCIATOR_ON);
}

static void test_lamp_and_buzzer(void **state)
{
    (void)state;
    begin("gpiochip0:1", "ALARM_LED", NULL);
    WAIT_UNTIL(atomic_load(&LAMP->fd) != 0 && atomic_load(&BUZZER->fd) != 0);
    assert_true(LAMP->active_low);
    assert_false(BUZZER->active_low);
    assert_int_equal(atomic_load(&LAMP->sets) + atomic_load(&BUZZER->sets), 0);
    annunciator_set(&a, HIGH, clock_boot_us());
    WAIT_UNTIL(atomic_load(&LAMP->sets) >= 6 && atomic_load(&BUZZER->sets) >= 6); /* both go on and off */
    assert_true(annunciator_silence(&a));
    WAIT_UNTIL(!atomic_load(&BUZZER->on));
    clock_sleep_until_us(clock_boot_us() + SECOND_US / 10);
    const unsigned beeps = atomic_load(&BUZZER->sets), flashes = atomic_load(&LAMP->sets);
    WAIT_UNTIL(atomic_load(&LAMP->sets) >= flashes + 4); /* the lamp goes on */
    assert_int_equal(atomic_load(&BUZZER->sets), beeps);
    annunciator_set(&a, STORE, clock_boot_us());
    WAIT_UNTIL(atomic_load(&LAMP->on));
    const unsigned steady = atomic_load(&LAMP->sets);
    clock_sleep_until_us(clock_boot_us() + SECOND_US);
    assert_int_equal(atomic_load(&LAMP->sets), steady);
    annunciator_set(&a, 0, clock_boot_us());
    WAIT_UNTIL(!atomic_load(&LAMP->on) && !atomic_load(&BUZZER->on));
    annunciator_set(&a, STORE, clock_boot_us());
    WAIT_UNTIL(atomic_load(&LAMP->on));
    assert_true(annunciator_stop(&a));
    assert_false(atomic_load(&LAMP->on)); /* never left on */
}

/* The rest works without a line that cannot be had, or that fails later. */
static void test_lines_that_fail(void **state)
{
    (void)state;
    begin("gpiochip1:1", "ALARM_LED", NULL);
    WAIT_UNTIL(atomic_load(&BUZZER->fd) != 0);
    assert_int_equal(atomic_load(&a.lamp_status), STATUS_BUSY);
    assert_int_equal(atomic_load(&a.buzzer_status), STATUS_OK);
    annunciator_set(&a, HIGH, clock_boot_us());
    WAIT_UNTIL(atomic_load(&BUZZER->sets) >= 2);
    atomic_store(&fake_gpio.broken, true);
    WAIT_UNTIL(atomic_load(&a.buzzer_status) == STATUS_IO);
    atomic_store(&fake_gpio.broken, false);
    WAIT_UNTIL(atomic_load(&a.buzzer_status) == STATUS_OK);
    WAIT_UNTIL(atomic_load(&BUZZER->on));
    atomic_store(&fake_gpio.broken, true);
    annunciator_set(&a, 0,
                    clock_boot_us()); /* it cannot be switched off now, and nothing else would have it try again */
    WAIT_UNTIL(atomic_load(&a.buzzer_status) == STATUS_IO);
    assert_true(atomic_load(&BUZZER->on));
    atomic_store(&fake_gpio.broken, false);
    WAIT_UNTIL(!atomic_load(&BUZZER->on));
    assert_int_equal(atomic_load(&a.buzzer_status), STATUS_OK);
    assert_true(annunciator_stop(&a));
}

static void test_the_program(void **state)
{
    (void)state;
    begin(NULL, NULL, hook);
    WAIT_UNTIL(atomic_load(&a.hooks) == 1); /* a run that was killed may have left it sounding */
    expect_seen("gw-1 off none \n");
    annunciator_set(&a, UPLINK, clock_boot_us());
    WAIT_UNTIL(atomic_load(&a.hooks) == 2);
    expect_seen("gw-1 off none \ngw-1 on medium uplink_lost\n");
    annunciator_set(&a, UPLINK, clock_boot_us()); /* no change */
    annunciator_set(&a, UPLINK | HIGH, clock_boot_us());
    WAIT_UNTIL(atomic_load(&a.hooks) == 3);
    assert_true(annunciator_silence(&a));
    WAIT_UNTIL(atomic_load(&a.hooks) == 4);
    annunciator_set(&a, 0, clock_boot_us());
    WAIT_UNTIL(atomic_load(&a.hooks) == 5);
    annunciator_try(&a, PRIORITY_LOW, clock_boot_us());
    WAIT_UNTIL(atomic_load(&a.hooks) == 6);
    assert_int_equal(atomic_load(&a.hook_status), STATUS_OK);
    assert_true(annunciator_stop(&a)); /* amid the trial: it hears that it is over */
    expect_seen("gw-1 off none \n"
                "gw-1 on medium uplink_lost\n"
                "gw-1 on high uplink_lost high_undelivered\n"
                "gw-1 quiet high uplink_lost high_undelivered\n"
                "gw-1 off none \n"
                "gw-1 test low \n"
                "gw-1 off none \n");
}

/* One at a time: what changes meanwhile is told by the next, as it is then. */
static void test_a_slow_program(void **state)
{
    (void)state;
    write_program("[ -e \"$1.runs\" ] && echo \"two at once\" >>\"$1\"; : >\"$1.runs\"\n"
                  "echo \"$WARDGATE_STATE $WARDGATE_WHAT\" >>\"$1\"; sleep 0.5; rm \"$1.runs\"");
    begin(NULL, NULL, hook);
    WAIT_UNTIL(atomic_load(&a.hooks) == 1); /* how it is at the start */
    expect_seen("off \n");
    (void)unlink(seen);
    annunciator_set(&a, UPLINK, clock_boot_us());
    char got[1024] = "";
    for (const int64_t until_us = clock_boot_us() + 5 * SECOND_US; got[0] == '\0' && clock_boot_us() < until_us;) {
        read_seen(got);
    }
    annunciator_set(&a, 0, clock_boot_us());
    annunciator_set(&a, STORE, clock_boot_us());
    annunciator_set(&a, HIGH, clock_boot_us());
    WAIT_UNTIL(atomic_load(&a.hooks) == 3);
    annunciator_set(&a, 0, clock_boot_us());
    WAIT_UNTIL(atomic_load(&a.hooks) == 4);
    assert_true(annunciator_stop(&a));
    expect_seen("on uplink_lost\non high_undelivered\noff \n");
}

/* One that hangs holds up nothing, and the end of the gateway least of all. */
static void test_a_program_that_hangs(void **state)
{
    (void)state;
    write_program("trap '' TERM; echo begun >>\"$1\"; while :; do sleep 1; done");
    annunciator_init(
        &a, &(struct annunciator_config){.gateway = "gw-1", .lamp = "gpiochip0:1", .hook = hook, .hook_us = SECOND_US});
    assert_int_equal(annunciator_start(&a), STATUS_OK);
    annunciator_set(&a, HIGH, clock_boot_us());
    WAIT_UNTIL(atomic_load(&LAMP->sets) >= 2);
    WAIT_UNTIL(atomic_load(&a.hooks) == 1);
    assert_int_equal(atomic_load(&a.hook_status), STATUS_TIMEOUT);
    annunciator_set(&a, UPLINK, clock_boot_us());
    WAIT_UNTIL(a.hooks == 1);
    const int64_t begin_us = clock_boot_us();
    assert_true(annunciator_stop(&a));
    assert_true(clock_boot_us() - begin_us < SECOND_US);
}

static void test_a_program_that_fails(void **state)
{
    NOT_EMULATED(); /* a spawn that fails is told as an exit with 127: vfork shares no memory there */
    (void)state;
    const char *const nowhere[] = {"/nowhere/program", NULL};
    write_program("exit 3");
    begin(NULL, NULL, hook);
    annunciator_set(&a, UPLINK, clock_boot_us());
    WAIT_UNTIL(atomic_load(&a.hooks) >= 1);
    assert_int_equal(atomic_load(&a.hook_status), STATUS_IO);
    assert_true(annunciator_stop(&a));
    begin(NULL, NULL, nowhere);
    annunciator_set(&a, UPLINK, clock_boot_us());
    WAIT_UNTIL(atomic_load(&a.hooks) >= 1);
    assert_int_equal(atomic_load(&a.hook_status), STATUS_NOT_FOUND);
    assert_true(annunciator_stop(&a));
}

/* An adapter that is plugged in later, a program that is installed later: tried again each minute, without its thread here. */
static void test_what_is_not_there_at_the_start(void **state)
{
    NOT_EMULATED(); /* likewise */
    (void)state;
    const int64_t minute_us = 60 * SECOND_US;
    const char *const later[] = {program, seen, NULL};
    int64_t at_us = clock_boot_us();
    (void)unlink(program);
    annunciator_init(&a, &(struct annunciator_config){
                             .gateway = "gw-1", .lamp = "gpiochip7:1", .hook = later, .hook_us = SECOND_US});
    assert_int_equal(wake_open(&a.wake), STATUS_OK);
    annunciator_set(&a, UPLINK, at_us);
    const int64_t next_us = annunciator_step(&a, at_us);
    assert_true(next_us <= at_us + minute_us);
    assert_int_equal(atomic_load(&a.lamp_status), STATUS_NOT_FOUND);
    assert_int_equal(atomic_load(&a.hook_status), STATUS_NOT_FOUND);
    const unsigned runs = atomic_load(&a.hooks);
    (void)annunciator_step(&a, at_us + minute_us - 1);
    assert_int_equal(atomic_load(&a.hooks), runs);
    write_program("echo $WARDGATE_STATE >>\"$1\"");
    a.config.lamp = "gpiochip0:1";
    at_us += minute_us;
    (void)annunciator_step(&a, at_us);
    assert_int_equal(atomic_load(&a.lamp_status), STATUS_OK);
    assert_true(a.lamp >= 0);
    while (a.hook.pid != 0) {
        clock_sleep_until_us(clock_boot_us() + 5000);
        (void)annunciator_step(&a, at_us);
    }
    assert_int_equal(atomic_load(&a.hook_status), STATUS_OK);
    expect_seen("on\n");
    (void)annunciator_step(&a, at_us + minute_us); /* and not told a second time */
    assert_int_equal(a.hook.pid, 0);
    expect_seen("on\n");
    indicator_close(a.lamp);
    wake_close(&a.wake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reasons),
        cmocka_unit_test(test_what_is_told),
        cmocka_unit_test(test_trials),
        cmocka_unit_test_setup(test_lamp_and_buzzer, set_up),
        cmocka_unit_test_setup(test_lines_that_fail, set_up),
        cmocka_unit_test_setup(test_the_program, set_up),
        cmocka_unit_test_setup(test_a_slow_program, set_up),
        cmocka_unit_test_setup(test_a_program_that_hangs, set_up),
        cmocka_unit_test_setup(test_a_program_that_fails, set_up),
        cmocka_unit_test_setup(test_what_is_not_there_at_the_start, set_up),
    };
    assert_non_null(mkdtemp(folder));
    (void)snprintf(program, sizeof program, "%s/program", folder);
    (void)snprintf(seen, sizeof seen, "%s/seen", folder);
    const int failed = cmocka_run_group_tests_name("annunciator", tests, NULL, NULL);
    (void)unlink(program);
    (void)unlink(seen);
    (void)rmdir(folder);
    return failed;
}
