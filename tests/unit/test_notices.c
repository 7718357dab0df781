/* The service's log: the form of its lines, and that every change of a part is told once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "app/flow/log.h"
#include "app/flow/notices.h"
#include "hal/clock.h"
#include "tests/unit/support/capture.h"
#include "tests/unit/support/fake_bus.h"

static char said[4096];

/* ---- lines ---- */

static void test_priorities(void **state)
{
    (void)state;
    struct capture capture;
    capture_begin(&capture);
    log_error("no %s", "room");
    log_warning("line %d", 7);
    log_note("fine");
    capture_end(&capture, said, sizeof said);
    assert_string_equal(said, "<3>wardgate: no room\n<4>wardgate: line 7\n<6>wardgate: fine\n");
}

static void test_long_lines_are_cut(void **state)
{
    (void)state;
    char text[1024];
    for (size_t length = 480; length < 520; length++) {
        struct capture capture;
        memset(text, 'a', length);
        text[length] = '\0';
        capture_begin(&capture);
        log_note("%s", text);
        capture_end(&capture, said, sizeof said);
        const size_t whole = strlen("<6>wardgate: ") + length + 1;
        assert_int_equal(strlen(said), whole < 511 ? whole : 511);
        assert_int_equal(said[strlen(said) - 1], '\n');
        assert_int_equal(said[strlen(said) - 2], 'a');
    }
}

/* ---- changes ---- */

static struct bed_config beds[] = {{.id = "b1"}, {.id = "b2"}};
static struct engine_config config = {.beds = beds, .bed_count = 2};
static const struct payload_context payloads = {.config = &config, .gateway = "gw-7e"};
static const struct profile profile = {.protocol = PROTOCOL_MODBUS};
static const struct monitor_config monitors[] = {{.bed = 0, .address = 3, .profile = &profile},
                                                 {.bed = 1, .address = 4, .profile = &profile}};
static const struct bus_config bus_configs[] = {
    {.name = "line-a", .device = "/dev/ttyUSB0", .monitors = monitors, .monitor_count = 2},
    {.name = "net-a", .host = "10.7.0.32", .port = 502, .monitors = monitors + 1, .monitor_count = 1}};
static const char *const brokers[] = {"mqtts://broker-a.example:8883", "mqtt://127.0.0.1:1883"};
static struct bus lines[2];
static struct acquire_bus buses[2];
static struct board board;
static struct store_state store_state;
static const struct report report = {.payloads = &payloads,
                                     .board = &board,
                                     .store_state = &store_state,
                                     .configs = bus_configs,
                                     .buses = buses,
                                     .brokers = brokers,
                                     .bus_count = 2,
                                     .bed_count = 2,
                                     .broker_count = 2};
static alignas(64) unsigned char storage[1024];
static struct notices notices;

static int set_up(void **state)
{
    (void)state;
    memset(lines, 0, sizeof lines);
    memset(&board, 0, sizeof board);
    memset(&store_state, 0, sizeof store_state);
    memset(storage, 0, sizeof storage);
    struct arena arena = {.base = storage, .size = sizeof storage};
    notices_init(&notices, &arena, 2, 3);
    for (unsigned i = 0; i < 2; i++) {
        buses[i] = fake_bus_init(&lines[i]);
    }
    return 0;
}

/* Looks; then again, which must tell nothing. */
static void expect(const char *text)
{
    struct capture capture;
    char again[sizeof said];
    capture_begin(&capture);
    notices_look(&notices, &report);
    capture_end(&capture, said, sizeof said);
    capture_begin(&capture);
    notices_look(&notices, &report);
    capture_end(&capture, again, sizeof again);
    assert_string_equal(said, text);
    assert_string_equal(again, "");
}

static void set_line(unsigned line, enum bus_state state, enum status error, int number)
{
    atomic_store(&lines[line].health.state, state);
    atomic_store(&lines[line].health.last_error, error);
    atomic_store(&lines[line].health.last_errno, number);
}

static void test_nothing_is_told_of_what_has_not_begun(void **state)
{
    (void)state;
    expect("");
    set_line(0, BUS_OPENING, STATUS_OK, 0);
    expect("");
}

static void test_lines(void **state)
{
    (void)state;
    set_line(0, BUS_CLOSED, STATUS_NOT_FOUND, ENOENT);
    set_line(1, BUS_OPEN, STATUS_OK, 0);
    expect("<4>wardgate: line line-a cannot be used (/dev/ttyUSB0: not found), it is tried again and again\n"
           "<6>wardgate: line net-a is open (10.7.0.32:502)\n");
    set_line(0, BUS_OPENING, STATUS_NOT_FOUND, ENOENT);
    expect("");
    set_line(0, BUS_CLOSED, STATUS_DENIED, EACCES);
    expect("<4>wardgate: line line-a cannot be used (/dev/ttyUSB0: permission denied), it is tried again and "
           "again\n");
    set_line(0, BUS_OPEN, STATUS_OK, 0);
    expect("<6>wardgate: line line-a is open (/dev/ttyUSB0)\n");
    set_line(0, BUS_CLOSED, STATUS_IO, 0);
    expect("<4>wardgate: line line-a cannot be used (/dev/ttyUSB0: input/output error), it is tried again and again\n");
}

#define LACKS_RS485                                                                                              \
    "<4>wardgate: RS-485 was asked for and this adapter's driver has no such mode (line line-a, /dev/ttyUSB0), " \
    "take rs485 out if the adapter turns the line round by itself\n"

static void open_line(bool lacks_rs485)
{
    atomic_store(&lines[0].health.rs485_missing, lacks_rs485);
    (void)atomic_fetch_add(&lines[0].health.opened, 1);
    set_line(0, BUS_OPEN, STATUS_OK, 0);
}

static void test_an_adapter_without_rs485(void **state)
{
    (void)state;
    open_line(true);
    expect("<6>wardgate: line line-a is open (/dev/ttyUSB0)\n" LACKS_RS485);
    open_line(true); /* between two looks it was away */
    expect(LACKS_RS485);
    set_line(0, BUS_CLOSED, STATUS_IO, 0);
    expect("<4>wardgate: line line-a cannot be used (/dev/ttyUSB0: input/output error), it is tried again and again\n");
    open_line(false); /* another adapter */
    expect("<6>wardgate: line line-a is open (/dev/ttyUSB0)\n");
}

static void test_monitors(void **state)
{
    (void)state;
    atomic_store(&lines[0].monitors[1].answering, true);
    atomic_store(&lines[1].monitors[0].answering, true);
    expect("<6>wardgate: monitor at b2 (line-a, address 4) answers\n"
           "<6>wardgate: monitor at b2 (net-a, address 4) answers\n");
    atomic_store(&lines[0].monitors[1].answering, false);
    expect("<6>wardgate: monitor at b2 (line-a, address 4) does not answer\n");
    atomic_store(&lines[0].monitors[1].outdated, true);
    expect("<6>wardgate: monitor at b2 (line-a, address 4) sends values that are not current, check its clock and this "
           "box's\n");
}

static void test_a_port_that_is_taken(void **state)
{
    (void)state;
    set_line(1, BUS_CLOSED, STATUS_BUSY, EADDRINUSE);
    expect("<4>wardgate: line net-a cannot be used (10.7.0.32:502: in use by another program), it is tried again and "
           "again\n");
    set_line(1, BUS_CLOSED, STATUS_IO, ECONNREFUSED);
    expect("<4>wardgate: line net-a cannot be used (10.7.0.32:502: Connection refused), it is tried again and again\n");
}

/* The other way round in the file, and a third line: only of that one there is something to say. */
static void test_another_configuration(void **state)
{
    (void)state;
    static alignas(64) unsigned char next_storage[1024];
    struct bus third = {.health = {.opened = 0}};
    const struct acquire_bus next_buses[] = {buses[1], fake_bus_init(&third), buses[0]};
    const struct bus_config next_configs[] = {
        bus_configs[1],
        {.name = "net-c", .host = "fd00::7", .port = 503, .monitors = monitors, .monitor_count = 1},
        bus_configs[0]};
    const int from[] = {1, -1, 0};
    struct report next = report;
    struct arena arena = {.base = next_storage, .size = sizeof next_storage};
    struct capture capture;
    struct notices later;
    open_line(true);
    set_line(1, BUS_CLOSED, STATUS_TIMEOUT, 0);
    for (unsigned m = 0; m < bus_configs[0].monitor_count; m++) {
        atomic_store(&lines[0].monitors[m].answering, true);
    }
    atomic_store(&board.uplink_connected, true);
    capture_begin(&capture);
    notices_look(&notices, &report);
    capture_end(&capture, said, sizeof said);
    next.configs = next_configs;
    next.buses = next_buses;
    next.bus_count = 3;
    notices_init(&later, &arena, 3, bus_configs[0].monitor_count + bus_configs[1].monitor_count + 1U);
    notices_continue(&later, &next, &notices, &report, from);
    atomic_store(&third.health.state, BUS_OPEN);
    capture_begin(&capture);
    notices_look(&later, &next);
    capture_end(&capture, said, sizeof said);
    assert_string_equal(said, "<6>wardgate: line net-c is open ([fd00::7]:503)\n");
}

static void test_broker(void **state)
{
    (void)state;
    expect("");
    atomic_store(&board.uplink_connected, true);
    expect("<6>wardgate: connected to the broker (mqtts://broker-a.example:8883)\n");
    atomic_store(&board.uplink_connected, false);
    expect("<4>wardgate: lost the broker (mqtts://broker-a.example:8883), alerts wait in the store\n");
    atomic_store(&board.uplink_broker, 1);
    expect("");
    atomic_store(&board.uplink_connected, true);
    expect("<6>wardgate: connected to the broker (mqtt://127.0.0.1:1883)\n");
}

/* It goes over to another broker on purpose, and has said so. */
static void test_a_move(void **state)
{
    (void)state;
    atomic_store(&board.uplink_broker, 1);
    atomic_store(&board.uplink_connected, true);
    expect("<6>wardgate: connected to the broker (mqtt://127.0.0.1:1883)\n");
    atomic_store(&board.uplink_moves, true);
    atomic_store(&board.uplink_connected, false);
    expect("");
    atomic_store(&board.uplink_broker, 0);
    atomic_store(&board.uplink_moves, false);
    atomic_store(&board.uplink_connected, true);
    expect("<6>wardgate: connected to the broker (mqtts://broker-a.example:8883)\n");
    atomic_store(&board.uplink_broker, 1); /* too quick to be seen as not connected */
    expect("<6>wardgate: connected to the broker (mqtt://127.0.0.1:1883)\n");
}

static void connect_and_lose(const char *told)
{
    (void)atomic_fetch_add(&board.uplink_connects, 1);
    atomic_store(&board.uplink_connected, true);
    expect("<6>wardgate: connected to the broker (mqtts://broker-a.example:8883)\n");
    atomic_store(&board.uplink_connected, false);
    expect(told);
}

/* Two gateways with one id take the session from each other. */
static void test_a_broker_that_is_lost_again_and_again(void **state)
{
    (void)state;
    static const char lost[] =
        "<4>wardgate: lost the broker (mqtts://broker-a.example:8883), alerts wait in the store\n";
    static const char asks[] = "<4>wardgate: lost the broker again and again (mqtts://broker-a.example:8883), alerts "
                               "wait in the store; does a second gateway run with the id gw-7e?\n";
    connect_and_lose(lost);
    connect_and_lose(lost);
    connect_and_lose(lost);
    connect_and_lose(asks);
    connect_and_lose(asks);
    notices.uplink_begun_us -= 30000000; /* the next one after a while */
    connect_and_lose(lost);
}

static void test_store(void **state)
{
    (void)state;
    atomic_store(&store_state.status, STATUS_FULL);
    atomic_store(&store_state.failing_since_us, clock_boot_us());
    expect(""); /* not for long enough */
    atomic_store(&store_state.failing_since_us, clock_boot_us() - 2 * COMMIT_DIRECT_US);
    expect("<3>wardgate: alerts cannot be stored (no room left), they are sent without being safe from a power cut\n");
    atomic_store(&store_state.failing_since_us, 0);
    expect("<6>wardgate: the store works again\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_priorities),
        cmocka_unit_test(test_long_lines_are_cut),
        cmocka_unit_test_setup(test_nothing_is_told_of_what_has_not_begun, set_up),
        cmocka_unit_test_setup(test_lines, set_up),
        cmocka_unit_test_setup(test_an_adapter_without_rs485, set_up),
        cmocka_unit_test_setup(test_a_port_that_is_taken, set_up),
        cmocka_unit_test_setup(test_monitors, set_up),
        cmocka_unit_test_setup(test_another_configuration, set_up),
        cmocka_unit_test_setup(test_broker, set_up),
        cmocka_unit_test_setup(test_a_move, set_up),
        cmocka_unit_test_setup(test_a_broker_that_is_lost_again_and_again, set_up),
        cmocka_unit_test_setup(test_store, set_up),
    };
    return cmocka_run_group_tests_name("notices", tests, NULL, NULL);
}
