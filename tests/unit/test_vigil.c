/* What feeds the watchdogs and what lets them starve: the vigil with its thread, a watchdog that is a FIFO, and a service manager that is a datagram socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "hal/clock.h"
#include "tests/unit/support/vigil_bench.h"

static char folder[] = "/tmp/wardgate-vigil-XXXXXX";
static char device[64], notify[64];
static struct vigil v;
static int dog = -1, manager = -1;
static char told[4096];

static void open_watchers(const char *watchdog_usec)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    assert_int_equal(mkfifo(device, 0600), 0);
    dog = open(device, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    assert_true(dog >= 0);
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", notify);
    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(manager, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(setenv("NOTIFY_SOCKET", notify, 1), 0);
    assert_int_equal(setenv("WATCHDOG_USEC", watchdog_usec, 1), 0);
    told[0] = '\0';
}

static void close_watchers(void)
{
    (void)close(dog);
    (void)close(manager);
    (void)unlink(device);
    (void)unlink(notify);
    (void)unsetenv("NOTIFY_SOCKET");
    (void)unsetenv("WATCHDOG_USEC");
}

/* Bytes that the watchdog got, and WATCHDOG=1 of the manager; other words are kept in `told`. */
struct fed {
    unsigned hardware, service;
    bool stopped;
};

static struct fed take_fed(void)
{
    struct fed fed = {.hardware = 0};
    char bytes[256], lines[SERVICE_TEXT_MAX];
    const ssize_t count = read(dog, bytes, sizeof bytes);
    for (ssize_t i = 0; i < count; i++) {
        fed.stopped |= bytes[i] == 'V';
        fed.hardware += bytes[i] != 'V';
    }
    for (ssize_t length; (length = recv(manager, lines, sizeof lines - 1, 0)) > 0;) {
        lines[length] = '\0';
        if (strcmp(lines, "WATCHDOG=1") == 0) {
            fed.service++;
        } else {
            const size_t at = strlen(told);
            (void)snprintf(told + at, sizeof told - at, "%s\n", lines);
        }
    }
    return fed;
}

static void sleep_ms(unsigned ms)
{
    clock_sleep_until_us(clock_boot_us() + ms * INT64_C(1000));
}

static void begin(void)
{
    config.device = device;
    config.timeout_s = 60;
    const int64_t now_us = clock_boot_us();
    all_alive(now_us);
    atomic_store(&board.uplink_changed_us, now_us);
    vigil_init(&v, &config);
    assert_int_equal(vigil_start(&v), STATUS_OK);
    vigil_attach(&v, &parts);
}

static void end(void)
{
    vigil_ends(&v, false);
    vigil_stop(&v, false);
}

static void test_fed_while_all_is_well(void **state)
{
    (void)state;
    open_watchers("400000"); /* wants to see us every 0.4 s: told each 0.2 s */
    begin();
    sleep_ms(1100);
    const struct fed fed = take_fed();
    assert_in_range(fed.service, 4, 8);
    assert_in_range(fed.hardware, 4, 8);
    assert_non_null(strstr(told, "STATUS=Starts\nEXTEND_TIMEOUT_USEC=30000000\n"));
    assert_non_null(strstr(told, "READY=1\nSTATUS=Watches 8 beds; connected; alerts are stored\n"));
    assert_int_equal(atomic_load(&v.hardware), VIGIL_FED);
    assert_int_equal(atomic_load(&v.of_manager), VIGIL_FED);
    told[0] = '\0';
    end();
    assert_true(take_fed().stopped);
    assert_string_equal(told, "STOPPING=1\nSTATUS=Stops\n");
    close_watchers();
}

/* Nothing is up yet, and the store may be looked through for minutes: the box's watchdog is fed, and the manager's, which counts on when this run follows one that
 * hung; and it is asked to wait. */
static void test_fed_while_it_starts(void **state)
{
    (void)state;
    open_watchers("400000");
    config.device = device;
    config.timeout_s = 60;
    atomic_store(&board.uplink_connected, false);
    vigil_init(&v, &config);
    assert_int_equal(vigil_start(&v), STATUS_OK);
    sleep_ms(1100);
    const struct fed fed = take_fed();
    assert_in_range(fed.service, 4, 8);
    assert_in_range(fed.hardware, 4, 8);
    assert_null(strstr(told, "READY=1"));
    assert_non_null(
        strstr(told, "EXTEND_TIMEOUT_USEC=30000000\nEXTEND_TIMEOUT_USEC=30000000\n")); /* asked again and again */
    assert_int_equal(annunciator_look(&annunciator, 0).reasons, 0);
    atomic_store(&v.main_us, clock_boot_us() - VIGIL_START_US); /* for ever is too long */
    sleep_ms(300);
    (void)take_fed();
    sleep_ms(600);
    told[0] = '\0';
    assert_int_equal(take_fed().hardware, 0);
    assert_null(strstr(told, "EXTEND_TIMEOUT_USEC"));
    assert_int_equal(annunciator_look(&annunciator, 0).reasons, BIT(LOCAL_gateway_stuck));
    all_alive(clock_boot_us());
    vigil_attach(&v, &parts);
    sleep_ms(300);
    (void)take_fed();
    told[0] = '\0';
    sleep_ms(600);
    assert_true(take_fed().hardware > 0);
    assert_null(strstr(told, "EXTEND_TIMEOUT_USEC"));
    end();
    close_watchers();
}

/* While the parts stop it is fed, and when all have stopped it is stopped; one that hangs then ends what hangs. */
static void test_fed_while_it_stops(void **state)
{
    (void)state;
    open_watchers("400000");
    begin();
    vigil_ends(&v, false);
    memset(&board, 0xff, sizeof board); /* nobody looks at it any more */
    sleep_ms(300);
    (void)take_fed();
    sleep_ms(600);
    struct fed fed = take_fed();
    assert_true(fed.hardware > 0 && fed.service > 0 && !fed.stopped);
    assert_non_null(strstr(told, "STOPPING=1\nSTATUS=Stops\n"));
    atomic_store(&v.main_us, clock_boot_us() - VIGIL_STOP_US);
    sleep_ms(300);
    (void)take_fed();
    sleep_ms(600);
    assert_int_equal(take_fed().hardware, 0);
    vigil_stop(&v, false);
    assert_true(take_fed().stopped);
    memset(&board, 0, sizeof board);
    close_watchers();
}

/* Each part in turn; and it is fed again as soon as that goes on. */
static void test_starves_when_one_hangs(void **state)
{
    (void)state;
    atomic_llong *const signs[] = {&board.engine_alive_us, &board.store_alive_us, &board.deliver_alive_us, &v.main_us};
    static const char *const names[] = {"engine", "store", "uplink", "main"};
    open_watchers("400000");
    begin();
    for (unsigned i = 0; i < 4; i++) {
        char words[64];
        atomic_store(signs[i], clock_boot_us() - VIGIL_STUCK_US);
        sleep_ms(300);
        (void)take_fed();
        sleep_ms(600);
        struct fed fed = take_fed();
        assert_int_equal(fed.hardware + fed.service, 0);
        (void)snprintf(words, sizeof words, "STATUS=Stuck: %s; watchdogs are not fed\n", names[i]);
        assert_non_null(strstr(told, words));
        assert_int_equal(atomic_load(&v.hardware), VIGIL_STARVED);
        assert_int_equal(annunciator_look(&annunciator, 0).priority, PRIORITY_HIGH);
        atomic_store(signs[i], clock_boot_us());
        sleep_ms(600);
        fed = take_fed();
        assert_true(fed.hardware > 0 && fed.service > 0);
        assert_int_equal(annunciator_look(&annunciator, 0).state, ANNUNCIATOR_OFF);
    }
    vigil_stop(&v, false);
    close_watchers();
}

/* Neither a disk nor a line's thread: both are told. */
static void test_fed_all_the_same(void **state)
{
    (void)state;
    open_watchers("400000");
    begin();
    atomic_store(&store_state.failing_since_us, clock_boot_us() - 20 * SECOND_US);
    atomic_store(&board.deliver_alive_us, clock_boot_us() - 20 * SECOND_US);
    atomic_store(&v.main_us, clock_boot_us() - 20 * SECOND_US);
    sleep_ms(300);
    (void)take_fed();
    sleep_ms(500);
    assert_true(take_fed().hardware > 0);
    assert_non_null(strstr(told, "STATUS=Stuck: main, uplink; watchdogs are fed: the disk does not answer\n"));
    atomic_store(&store_state.failing_since_us, 0);
    all_alive(clock_boot_us());
    vigil_sign(&v);
    atomic_store(&runner.alive_us, clock_boot_us() - VIGIL_STUCK_US);
    sleep_ms(500);
    assert_true(take_fed().hardware > 0);
    assert_non_null(strstr(told, "STATUS=Watches 8 beds; connected; alerts are stored; stuck: line-a\n"));
    vigil_stop(&v, false);
    close_watchers();
}

static void test_a_reload_and_a_new_start(void **state)
{
    (void)state;
    open_watchers("400000");
    begin();
    vigil_detach(&v);
    memset(&board, 0xff, sizeof board); /* nobody looks at it any more */
    sleep_ms(500);
    assert_true(take_fed().hardware > 0);
    memset(&board, 0, sizeof board);
    vigil_attach(&v, &parts);
    sleep_ms(300);
    (void)take_fed();
    assert_non_null(strstr(told, "RELOADING=1\nMONOTONIC_USEC="));
    assert_non_null(strstr(told, "READY=1\nSTATUS=Watches 8 beds; no broker; alerts are stored\n"));
    vigil_ends(&v, true);
    vigil_stop(&v, true);
    const struct fed fed = take_fed();
    assert_false(fed.stopped); /* it goes on counting for the next run */
    assert_true(fed.hardware > 0);
    assert_null(strstr(told, "STOPPING=1"));
    assert_non_null(strstr(told, "STATUS=Starts anew: a thread is stuck\n"));
    close_watchers();
}

/* A box that slept: nobody could show anything, so nobody is blamed for it. */
static void test_after_a_long_sleep(void **state)
{
    (void)state;
    const int64_t later_us = START_US + 60 * SECOND_US;
    vigil_init(&v, &config);
    v.parts = parts;
    v.started_us = START_US;
    all_alive(START_US);
    atomic_store(&v.main_us, START_US);
    vigil_look(&v, START_US);
    vigil_look(&v, later_us);
    assert_int_equal(atomic_load(&v.stuck), 0);
    assert_int_equal(annunciator_look(&annunciator, later_us).state, ANNUNCIATOR_OFF);
    vigil_look(&v, later_us + VIGIL_LOOK_US); /* now they could */
    assert_int_equal(atomic_load(&v.stuck), (1U << VIGIL_PARTS) - 1);
    all_alive(later_us + VIGIL_LOOK_US);
    atomic_store(&v.main_us, later_us + VIGIL_LOOK_US);
    vigil_look(&v, later_us + 2 * VIGIL_LOOK_US);
    assert_int_equal(atomic_load(&v.stuck), 0);
}

/* What was told before a reload is told on amid it, and one that does not end is told at the box, too: there may be no watchdog. */
static void test_a_reload_that_hangs(void **state)
{
    (void)state;
    const int64_t hung_us = START_US + VIGIL_RELOAD_US;
    vigil_init(&v, &config);
    v.parts = parts;
    v.started_us = START_US;
    all_alive(START_US);
    atomic_store(&v.main_us, START_US);
    atomic_store(&board.engine_alive_us, START_US - VIGIL_STUCK_US);
    vigil_look(&v, START_US);
    assert_int_equal(v.told_stuck, BIT(VIGIL_ENGINE));
    v.parts = (struct vigil_parts){.board = NULL, .alone_us = VIGIL_RELOAD_US};
    for (int64_t at_us = START_US + VIGIL_LOOK_US; at_us < hung_us; at_us += VIGIL_LOOK_US) {
        vigil_look(&v, at_us);
    }
    assert_int_equal(v.told_stuck, BIT(VIGIL_ENGINE)); /* nobody has seen it go on */
    assert_int_equal(annunciator_look(&annunciator, hung_us).reasons, BIT(LOCAL_gateway_stuck));
    v.told_stuck = v.reasons = 0;
    vigil_look(&v, hung_us - 1);
    assert_int_equal(annunciator_look(&annunciator, hung_us).state, ANNUNCIATOR_OFF);
    vigil_look(&v, hung_us);
    assert_int_equal(v.told_stuck, BIT(VIGIL_MAIN));
    assert_int_equal(annunciator_look(&annunciator, hung_us).reasons, BIT(LOCAL_gateway_stuck));
    v.parts = parts;
    all_alive(hung_us);
    atomic_store(&v.main_us, hung_us);
    vigil_look(&v, hung_us);
    assert_int_equal(v.told_stuck, 0);
    assert_int_equal(annunciator_look(&annunciator, hung_us).state, ANNUNCIATOR_OFF);
}

/* A manager that is busy hears it once it has room: else it would take the start for one that hangs. */
static void test_a_manager_without_room(void **state)
{
    (void)state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    open_watchers("0");
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", notify);
    int others[4]; /* each has its own bound */
    for (unsigned i = 0; i < 4; i++) {
        others[i] = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        assert_int_equal(connect(others[i], (struct sockaddr *)&address, sizeof address), 0);
        while (send(others[i], "x", 1, 0) == 1) {
        }
    }
    begin();
    sleep_ms(VIGIL_LOOK_US / 1000 / 2); /* its thread has looked, too, and looks again after we have made room */
    (void)take_fed();
    assert_null(strstr(told, "READY=1"));
    sleep_ms(VIGIL_LOOK_US / 1000 + 300);
    (void)take_fed();
    assert_non_null(strstr(told, "READY=1\n"));
    vigil_stop(&v, false);
    assert_false(v.owes_ready);
    for (unsigned i = 0; i < 4; i++) {
        (void)close(others[i]);
    }
    close_watchers();
}

/* One that breaks while it is used is told, and fed again once it takes that. */
static void test_a_watchdog_that_breaks(void **state)
{
    (void)state;
    int64_t at_us = START_US;
    open_watchers("0");
    config.device = device;
    all_alive(at_us);
    vigil_init(&v, &config);
    v.parts = parts;
    atomic_store(&v.main_us, at_us);
    vigil_look(&v, at_us);
    assert_int_equal(atomic_load(&v.hardware), VIGIL_FED);
    const int fd = v.watchdog.fd, broken = open("/dev/full", O_WRONLY | O_CLOEXEC);
    v.watchdog.fd = broken;
    vigil_look(&v, at_us += VIGIL_LOOK_US);
    assert_int_equal(atomic_load(&v.hardware), VIGIL_STARVED);
    assert_int_equal(v.told_open, STATUS_IO);
    v.watchdog.fd = fd;
    vigil_look(&v, at_us + VIGIL_LOOK_US);
    assert_int_equal(atomic_load(&v.hardware), VIGIL_FED);
    assert_int_equal(v.told_open, STATUS_OK);
    watchdog_close(&v.watchdog, false);
    (void)close(broken);
    close_watchers();
}

static void test_no_watchdog_there(void **state)
{
    (void)state;
    config.device = device; /* nothing is there */
    all_alive(clock_boot_us());
    vigil_init(&v, &config);
    assert_int_equal(vigil_start(&v), STATUS_OK);
    assert_int_equal(atomic_load(&v.hardware), VIGIL_UNAVAILABLE);
    assert_int_equal(atomic_load(&v.of_manager), VIGIL_NOT_USED);
    vigil_stop(&v, false);
    config.device = NULL;
    vigil_init(&v, &config);
    assert_int_equal(vigil_start(&v), STATUS_OK);
    assert_int_equal(atomic_load(&v.hardware), VIGIL_NOT_USED);
    vigil_stop(&v, false);
}

/* Nothing to feed and nobody at the box: main looks, with its signs, at most twice a second. */
static void test_main_looks_where_there_is_nothing_to_feed(void **state)
{
    (void)state;
    all_alive(clock_boot_us());
    vigil_init(&v, &config);
    vigil_sign(&v); /* before the start nothing is there to look at */
    assert_int_equal(vigil_start(&v), STATUS_OK);
    vigil_attach(&v, &parts);
    assert_false(v.thread.running);
    atomic_store(&board.engine_alive_us, clock_boot_us() - VIGIL_STUCK_US);
    vigil_sign(&v);
    assert_int_equal(atomic_load(&v.stuck), 0);
    sleep_ms(VIGIL_LOOK_US / 1000 + 10);
    assert_int_equal(atomic_load(&v.stuck), 0);
    vigil_sign(&v);
    assert_int_equal(atomic_load(&v.stuck), BIT(VIGIL_ENGINE));
    vigil_stop(&v, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_fed_while_all_is_well, set_up),
        cmocka_unit_test_setup(test_fed_while_it_starts, set_up),
        cmocka_unit_test_setup(test_fed_while_it_stops, set_up),
        cmocka_unit_test_setup(test_starves_when_one_hangs, set_up),
        cmocka_unit_test_setup(test_fed_all_the_same, set_up),
        cmocka_unit_test_setup(test_a_reload_and_a_new_start, set_up),
        cmocka_unit_test_setup(test_after_a_long_sleep, set_up),
        cmocka_unit_test_setup(test_a_reload_that_hangs, set_up),
        cmocka_unit_test_setup(test_a_manager_without_room, set_up),
        cmocka_unit_test_setup(test_a_watchdog_that_breaks, set_up),
        cmocka_unit_test_setup(test_no_watchdog_there, set_up),
        cmocka_unit_test_setup(test_main_looks_where_there_is_nothing_to_feed, set_up),
    };
    assert_non_null(mkdtemp(folder));
    (void)snprintf(device, sizeof device, "%s/watchdog", folder);
    (void)snprintf(notify, sizeof notify, "%s/notify", folder);
    const int failed = cmocka_run_group_tests_name("vigil", tests, NULL, NULL);
    (void)rmdir(folder);
    return failed;
}
